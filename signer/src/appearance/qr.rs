//! QR codes (ISO/IEC 18004), drawn as one vector path.
//!
//! Error correction M and a quiet zone of four modules (6.3.8 there) inside the box, as the contract says (section 4).

use super::Error;
use super::content::{Ink, Sheet};

use qrcode::{Color, EcLevel, QrCode};

/// The largest text, in bytes, that a version 40 code holds at level M (ISO/IEC 18004, table 7).
const LONGEST: usize = 2_331;

/// Light modules around the code.
const QUIET: usize = 4;

/// An encoded QR code, ready to be drawn at any size.
#[derive(Debug)]
pub struct Qr {
    /// Modules on a side, without the quiet zone.
    side: usize,
    /// Dark runs, row by row from the top: column, row, length.
    runs: Vec<(usize, usize, usize)>,
}

/// Encodes `text` at error correction level M.
///
/// # Errors
/// [`Error::QrTooLong`] when no version of the code holds the text.
pub fn encode(text: &str) -> Result<Qr, Error> {
    if text.len() > LONGEST {
        return Err(Error::QrTooLong);
    }
    let code = QrCode::with_error_correction_level(text.as_bytes(), EcLevel::M)
        .map_err(|_unfit| Error::QrTooLong)?;
    let side = code.width();
    let colours = code.to_colors();
    let runs = colours
        .chunks(side)
        .enumerate()
        .flat_map(|(row, modules)| dark_runs(row, modules))
        .collect();
    Ok(Qr { side, runs })
}

/// The runs of dark modules in one row.
fn dark_runs(row: usize, modules: &[Color]) -> Vec<(usize, usize, usize)> {
    let mut column = 0;
    let mut runs = Vec::new();
    for run in modules.chunk_by(|a, b| a == b) {
        if run.first() == Some(&Color::Dark) {
            runs.push((column, row, run.len()));
        }
        column += run.len();
    }
    runs
}

impl Qr {
    /// Draws the code as the largest square centred in the given box: left, bottom, width, height.
    pub(super) fn draw(&self, sheet: &mut Sheet, [left, bottom, width, height]: [f64; 4]) {
        let square = width.min(height);
        let modules = self.side + 2 * QUIET;
        let (left, bottom) = (
            left + (width - square) / 2.0,
            bottom + (height - square) / 2.0,
        );
        #[expect(clippy::cast_precision_loss, reason = "at most 185 modules")]
        let module = square / modules as f64;
        sheet.save();
        sheet.fill(Ink::White);
        sheet.rectangle(left, bottom, square, square);
        sheet.paint();
        sheet.fill(Ink::Black);
        sheet.transform([module, 0.0, 0.0, module, left, bottom]);
        for &(column, row, length) in &self.runs {
            sheet.cell(column + QUIET, modules - QUIET - 1 - row, length);
        }
        sheet.paint();
        sheet.restore();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every dark module of the code, and no other, is covered by the runs.
    #[test]
    fn runs_cover_the_dark_modules() {
        let text = "https://example.go.id/ttd?nomor=1";
        let qr = encode(text).unwrap();
        let code = QrCode::with_error_correction_level(text.as_bytes(), EcLevel::M).unwrap();
        let mut dark = vec![false; qr.side * qr.side];
        for &(column, row, length) in &qr.runs {
            for at in column..column + length {
                assert!(!dark[row * qr.side + at], "runs overlap");
                dark[row * qr.side + at] = true;
            }
        }
        let expected: Vec<bool> = code.to_colors().iter().map(|c| *c == Color::Dark).collect();
        assert_eq!(dark, expected);
    }

    #[test]
    fn any_utf_8_is_encoded_and_too_much_is_refused() {
        assert!(encode("ꦲꦏ꧀ꦱꦫꦗꦮ — अ 漢字 🖋").is_ok());
        assert!(encode("").is_ok());
        assert!(encode(&"x".repeat(LONGEST)).is_ok());
        assert_eq!(
            encode(&"x".repeat(LONGEST + 1)).unwrap_err(),
            Error::QrTooLong
        );
        assert_eq!(encode(&"9".repeat(100_000)).unwrap_err(), Error::QrTooLong);
    }
}
