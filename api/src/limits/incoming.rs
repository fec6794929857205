//! A request body read under limits: its size, its pace, its deadline and the global budget.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use futures_util::stream::try_unfold;
use http_body::Body as _;
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout_at};

use super::{Budget, Lease};

/// Steps in which the lease of a body of unstated length grows.
const STEP: u64 = 1024 * 1024;

/// What one body may cost.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Bytes of the whole body.
    pub size: u64,
    /// Longest time without a byte.
    pub stall: Duration,
    /// When the last byte must have arrived.
    pub deadline: Instant,
}

/// Why a body was not read to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Interrupted {
    /// The global budget is used up.
    #[error("no room for the request now")]
    Budget,
    /// The connection broke.
    #[error("the request body broke off")]
    Broken(#[source] axum::Error),
    /// The body came too slowly.
    #[error("the request body came too slowly")]
    Slow,
    /// The body is larger than allowed.
    #[error("the request body is too large")]
    TooLarge,
}

/// A body being read.
#[derive(Debug)]
pub struct Incoming {
    body: Body,
    bounds: Bounds,
    lease: Lease,
    read: u64,
    stated: Option<u64>,
}

impl Incoming {
    /// Accepts a body, or refuses it before a byte is read: on `100-continue` the caller has then sent none.
    ///
    /// # Errors
    /// [`Interrupted::TooLarge`] by the stated length, [`Interrupted::Budget`] when there is no room now.
    pub fn accept(body: Body, bounds: Bounds, budget: &Budget) -> Result<Self, Interrupted> {
        let stated = body.size_hint().exact();
        if stated.is_some_and(|length| length > bounds.size) {
            return Err(Interrupted::TooLarge);
        }
        let lease = budget
            .lease(stated.unwrap_or(STEP).max(1))
            .ok_or(Interrupted::Budget)?;
        Ok(Self {
            body,
            bounds,
            lease,
            read: 0,
            stated,
        })
    }

    /// The bytes reserved for this request; keep a clone for as long as they are in memory.
    #[must_use]
    pub fn lease(&self) -> Lease {
        self.lease.clone()
    }

    /// The length the caller stated, or 0.
    #[must_use]
    pub fn stated(&self) -> usize {
        self.stated
            .and_then(|n| usize::try_from(n).ok())
            .unwrap_or(0)
    }

    /// The next bytes, or none at the end.
    ///
    /// # Errors
    /// When a bound is passed or the connection breaks.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Interrupted> {
        loop {
            let until = self.bounds.deadline.min(Instant::now() + self.bounds.stall);
            let Some(frame) = timeout_at(until, self.body.frame())
                .await
                .map_err(|_| Interrupted::Slow)?
            else {
                return Ok(None);
            };
            let Ok(data) = frame.map_err(Interrupted::Broken)?.into_data() else {
                continue;
            };
            self.account(data.len())?;
            return Ok(Some(data));
        }
    }

    fn account(&mut self, len: usize) -> Result<(), Interrupted> {
        self.read = self
            .read
            .saturating_add(u64::try_from(len).unwrap_or(u64::MAX));
        if self.read > self.bounds.size {
            return Err(Interrupted::TooLarge);
        }
        if self.stated.is_none() {
            let steps = self.read.div_ceil(STEP).saturating_mul(STEP);
            if !self.lease.reach(steps) {
                return Err(Interrupted::Budget);
            }
        }
        Ok(())
    }

    /// Reads the whole body into one buffer.
    ///
    /// # Errors
    /// As [`Incoming::next`].
    pub async fn collect(mut self) -> Result<Vec<u8>, Interrupted> {
        let mut whole = BytesMut::with_capacity(self.stated());
        while let Some(data) = self.next().await? {
            whole.extend_from_slice(&data);
        }
        Ok(whole.into())
    }

    /// The body as a stream, for the multipart reader.
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes, Interrupted>> + Send {
        try_unfold(self, |mut incoming| async move {
            Ok(incoming.next().await?.map(|bytes| (bytes, incoming)))
        })
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    fn bounds(size: u64) -> Bounds {
        let second = Duration::from_secs(1);
        Bounds {
            size,
            stall: second,
            deadline: Instant::now() + second,
        }
    }

    fn chunked(chunks: usize, len: usize) -> Body {
        Body::from_stream(stream::iter(
            (0..chunks).map(move |_| Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; len]))),
        ))
    }

    #[tokio::test]
    async fn a_stated_length_beyond_the_limit_is_refused_unread() {
        let budget = Budget::new(1 << 30);
        let refused = Incoming::accept(Body::from(vec![0; 11]), bounds(10), &budget);
        assert!(matches!(refused, Err(Interrupted::TooLarge)));
    }

    #[tokio::test]
    async fn an_unstated_length_stops_at_the_limit_and_at_the_budget() {
        let budget = Budget::new(1 << 30);
        let body = Incoming::accept(chunked(4, 4), bounds(10), &budget).unwrap();
        assert!(matches!(body.collect().await, Err(Interrupted::TooLarge)));

        let budget = Budget::new(2 * STEP);
        let body = Incoming::accept(chunked(3, 1 << 20), bounds(1 << 30), &budget).unwrap();
        assert!(matches!(body.collect().await, Err(Interrupted::Budget)));
        assert_eq!(budget.in_flight(), 0);
    }

    #[tokio::test]
    async fn a_full_budget_refuses_before_the_body_is_read() {
        let budget = Budget::new(8192);
        let _held = budget.lease(8192).unwrap();
        let refused = Incoming::accept(Body::from(vec![0; 10]), bounds(10), &budget);
        assert!(matches!(refused, Err(Interrupted::Budget)));
    }

    #[tokio::test]
    async fn a_body_that_stands_still_is_slow() {
        let budget = Budget::new(1 << 20);
        let body = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
        let bounds = Bounds {
            stall: Duration::from_millis(5),
            ..bounds(10)
        };
        let body = Incoming::accept(body, bounds, &budget).unwrap();
        assert!(matches!(body.collect().await, Err(Interrupted::Slow)));
    }
}
