//! Deflated samples with PNG predictors (ISO 32000-2, 7.4.4.4), a row at a time: a picture is never whole in memory.

use super::super::Error;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use std::io::Write;

/// Level of deflate. Higher levels cost twice the time for a few percent on scanned signatures.
const LEVEL: u32 = 5;

/// Takes rows of 8-bit samples and deflates them.
pub(super) struct Rows {
    encoder: ZlibEncoder<Vec<u8>>,
    channels: usize,
    previous: Vec<u8>,
    filtered: [Vec<u8>; 3],
}

impl Rows {
    /// For rows of `width` pixels of `channels` samples.
    pub(super) fn new(width: usize, channels: usize) -> Self {
        let length = width.saturating_mul(channels);
        Self {
            encoder: ZlibEncoder::new(Vec::new(), Compression::new(LEVEL)),
            channels,
            previous: vec![0; length],
            filtered: [const { Vec::new() }; 3],
        }
    }

    /// Adds the next row, filtered by whichever of None, Sub and Up leaves the smallest differences (PNG, 12.7).
    pub(super) fn push(&mut self, row: &[u8]) -> Result<(), Error> {
        let [none, sub, up] = &mut self.filtered;
        let left = std::iter::repeat_n(&0, self.channels).chain(row);
        refill(none, 0, row.iter().copied());
        refill(
            sub,
            1,
            row.iter()
                .zip(left)
                .map(|(now, before)| now.wrapping_sub(*before)),
        );
        refill(
            up,
            2,
            row.iter()
                .zip(&self.previous)
                .map(|(now, above)| now.wrapping_sub(*above)),
        );
        let best = [&*up, &*sub, &*none]
            .into_iter()
            .min_by_key(|bytes| weight(bytes))
            .unwrap_or(none);
        self.encoder
            .write_all(best)
            .map_err(|_full| Error::Image("it cannot be compressed"))?;
        self.previous.clear();
        self.previous.extend_from_slice(row);
        Ok(())
    }

    /// The deflated rows.
    pub(super) fn finish(self) -> Result<Vec<u8>, Error> {
        self.encoder
            .finish()
            .map_err(|_full| Error::Image("it cannot be compressed"))
    }
}

fn refill(bytes: &mut Vec<u8>, filter: u8, samples: impl Iterator<Item = u8>) {
    bytes.clear();
    bytes.push(filter);
    bytes.extend(samples);
}

/// The sum of differences, each read as signed.
fn weight(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .skip(1)
        .map(|byte| u64::from(byte.cast_signed().unsigned_abs()))
        .sum()
}
