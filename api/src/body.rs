//! Answer bodies made of buffers that are never copied together (architecture, decision 3).
//!
//! A signed document is the original bytes followed by one revision. The body hands both out as they are,
//! with an exact length; where the contract wants Base64, it is encoded piece by piece while the answer leaves.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::limits::Lease;

/// Encoded bytes produced for one frame; a multiple of four.
const FRAME: usize = 64 * 1024;

/// An answer body: pieces in order, with a length known before the first byte leaves.
#[derive(Debug, Default)]
pub struct Pieces {
    pieces: VecDeque<Piece>,
    remaining: u64,
    /// Bytes in flight stay accounted for until the body is dropped.
    leases: Vec<Lease>,
}

#[derive(Debug)]
enum Piece {
    Plain(Bytes),
    Base64(Encoder),
}

impl Pieces {
    /// An empty body.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a buffer as it is.
    #[must_use]
    pub fn plain(mut self, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        self.remaining = self.remaining.saturating_add(length(bytes.len()));
        if !bytes.is_empty() {
            self.pieces.push_back(Piece::Plain(bytes));
        }
        self
    }

    /// Adds the Base64 of the buffers' concatenation.
    #[must_use]
    pub fn base64(mut self, buffers: impl IntoIterator<Item = Bytes>) -> Self {
        let encoder = Encoder::new(buffers);
        self.remaining = self.remaining.saturating_add(encoder.encoded_len());
        self.pieces.push_back(Piece::Base64(encoder));
        self
    }

    /// Keeps a lease of the byte budget for as long as the body lives.
    #[must_use]
    pub fn holding(mut self, lease: Lease) -> Self {
        self.leases.push(lease);
        self
    }

    /// Bytes still to be sent.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        self.remaining
    }

    fn next(&mut self) -> Option<Bytes> {
        loop {
            match self.pieces.front_mut()? {
                Piece::Plain(bytes) => {
                    let bytes = std::mem::take(bytes);
                    self.pieces.pop_front();
                    return Some(bytes);
                }
                Piece::Base64(encoder) => match encoder.next() {
                    Some(bytes) => return Some(bytes),
                    None => {
                        self.pieces.pop_front();
                    }
                },
            }
        }
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = self.next();
        if let Some(bytes) = &next {
            self.remaining = self.remaining.saturating_sub(length(bytes.len()));
        }
        Poll::Ready(next.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.remaining == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}

/// Base64 over several buffers as if they were one; groups of three bytes may straddle a border.
#[derive(Debug)]
struct Encoder {
    buffers: VecDeque<Bytes>,
    left: u64,
}

impl Encoder {
    fn new(buffers: impl IntoIterator<Item = Bytes>) -> Self {
        let buffers: VecDeque<Bytes> = buffers.into_iter().filter(|b| !b.is_empty()).collect();
        let left = buffers.iter().map(|b| length(b.len())).sum();
        Self { buffers, left }
    }

    fn encoded_len(&self) -> u64 {
        self.left.div_ceil(3).saturating_mul(4)
    }

    fn next(&mut self) -> Option<Bytes> {
        if self.left == 0 {
            return None;
        }
        let mut out =
            Vec::with_capacity(FRAME.min(usize::try_from(self.encoded_len()).unwrap_or(FRAME)));
        while self.left > 0 && out.len().saturating_add(4) <= FRAME {
            let room = (FRAME - out.len()) / 4 * 3;
            let whole = self
                .buffers
                .front()
                .map_or(0, |b| b.len().min(room) / 3 * 3);
            if whole > 0 {
                if let Some(front) = self.buffers.front_mut() {
                    let group = front.split_to(whole);
                    base64_simd::STANDARD.encode_append(&group, &mut out);
                    self.left = self.left.saturating_sub(length(whole));
                }
            } else {
                let group = self.straddling();
                base64_simd::STANDARD.encode_append(&group, &mut out);
            }
            while self.buffers.front().is_some_and(Bytes::is_empty) {
                self.buffers.pop_front();
            }
        }
        Some(out.into())
    }

    /// The next up to three bytes, taken one by one across a border between buffers.
    fn straddling(&mut self) -> Vec<u8> {
        let mut group = Vec::with_capacity(3);
        while group.len() < 3 {
            let Some(front) = self.buffers.front_mut() else {
                break;
            };
            match front.first().copied() {
                Some(byte) => {
                    group.push(byte);
                    drop(front.split_to(1));
                    self.left = self.left.saturating_sub(1);
                }
                None => {
                    self.buffers.pop_front();
                }
            }
        }
        group
    }
}

fn length(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    async fn collect(body: Pieces) -> Vec<u8> {
        let stated = body.remaining();
        let bytes = body.collect().await.unwrap().to_bytes();
        assert_eq!(stated, length(bytes.len()), "the stated length is exact");
        bytes.to_vec()
    }

    #[tokio::test]
    async fn two_buffers_leave_without_being_joined() {
        let original = Bytes::from_static(b"%PDF-1.7 original");
        let pointer = original.as_ptr();
        let mut body = Pieces::new().plain(original).plain(&b" revision"[..]);
        assert_eq!(body.size_hint().exact(), Some(26));
        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(
            first.as_ptr(),
            pointer,
            "the original is handed out, not copied"
        );
        assert_eq!(collect(body).await, b" revision");
    }

    #[tokio::test]
    async fn base64_is_that_of_the_concatenation_for_every_border() {
        let whole: Vec<u8> = (0..200_000u32)
            .map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1])
            .collect();
        for total in [0, 1, 2, 3, 4, 5, 49_151, 49_152, 49_153, 200_000] {
            let data = Bytes::copy_from_slice(&whole[..total]);
            for border in [0, 1, 2, 3, 49_152, 49_153, total / 2] {
                let border = border.min(total);
                let body = Pieces::new()
                    .plain(&b"\""[..])
                    .base64([data.slice(..border), data.slice(border..)])
                    .plain(&b"\""[..]);
                let wanted = format!("\"{}\"", base64_simd::STANDARD.encode_to_string(&data));
                assert_eq!(
                    collect(body).await,
                    wanted.as_bytes(),
                    "{total} bytes, border at {border}"
                );
            }
        }
    }
}
