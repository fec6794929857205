//! What is left of a body when its request has been answered.
//!
//! A server that answers early and closes makes the caller's system throw the answer away with the connection (RFC 9112,
//! section 9.6). So what a refused caller is still sending is read and forgotten for a while. A caller that waits for
//! 100-continue sends nothing, and is not invited to.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes};
use http::HeaderMap;
use http::header::EXPECT;
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::runtime::Handle;
use tokio::time::timeout;

/// How long a refused caller may go on sending.
const PATIENCE: Duration = Duration::from_secs(10);

/// A request body whose rest is read and forgotten when it is dropped.
#[derive(Debug)]
pub struct Remainder {
    body: Body,
    /// Whether the caller sends: it did not ask first, or has been told to go on.
    coming: bool,
    ended: bool,
}

impl Remainder {
    /// Watches over the body of a request with these fields.
    #[must_use]
    pub fn of(body: Body, headers: &HeaderMap) -> Self {
        Self {
            ended: body.is_end_stream(),
            body,
            coming: !headers.contains_key(EXPECT),
        }
    }
}

impl http_body::Body for Remainder {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.coming = true;
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        self.ended = !matches!(frame, Some(Ok(_)));
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Remainder {
    fn drop(&mut self) {
        if self.ended || !self.coming || self.body.is_end_stream() {
            return;
        }
        let mut body = std::mem::take(&mut self.body);
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        runtime.spawn(timeout(PATIENCE, async move {
            while let Some(Ok(_)) = body.frame().await {}
        }));
    }
}
