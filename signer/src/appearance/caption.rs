//! Captions: text in the box, in an embedded subset font, wrapped and shrunk to fit.
//!
//! A caption is read by people and by software: glyphs are shaped and ordered as the script wants (Javanese and Balinese
//! stack, Arabic joins and runs from right to left), each word carries its characters as `ActualText`
//! (ISO 32000-2, 14.9.4), and each font its `ToUnicode` map. Lines break at spaces; a word is cut only when the text
//! would otherwise become too small to read, which is how scripts written without spaces are wrapped.

mod embed;
mod face;
mod lines;
mod shape;

use super::Error;
use super::content::{Ink, Sheet};
use super::draw::Objects;

use embed::Subset;
use lines::Layout;
use lopdf::ObjectId;
pub(super) use shape::Glyph;
use shape::Paragraph;

/// The longest caption, in characters.
const LONGEST: usize = 1_000;

/// Shaped text with its fonts, ready to be drawn at any size and to be written into any number of files.
#[derive(Debug)]
pub struct Caption {
    paragraphs: Vec<Paragraph>,
    fonts: Vec<Subset>,
}

/// Where lines start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    Centre,
    /// Left, or right in a paragraph that runs from right to left.
    Start,
}

impl Caption {
    /// Shapes `text`, whose line breaks are kept. Characters that no font of the house has are drawn as U+FFFD.
    ///
    /// # Errors
    /// [`Error::CaptionTooLong`] beyond 1000 characters, [`Error::CaptionFont`] when a font cannot be subset.
    pub fn new(text: &str) -> Result<Self, Error> {
        if text.chars().take(LONGEST + 1).count() > LONGEST {
            return Err(Error::CaptionTooLong);
        }
        let shaped = shape::paragraphs(text)?;
        let (paragraphs, fonts) = embed::subset(shaped)?;
        Ok(Self { paragraphs, fonts })
    }

    /// Draws the text into the box (left, bottom, width, height) as large as it fits, at most 12 points.
    pub(super) fn draw(
        &self,
        sheet: &mut Sheet,
        [left, bottom, width, height]: [f64; 4],
        align: Align,
        fonts: &[ObjectId],
    ) -> Result<(), Error> {
        let Layout { size, lines } = lines::fit(&self.paragraphs, &self.fonts, width, height)?;
        let em = size / 1000.0;
        let used: f64 = lines
            .iter()
            .map(|line| line.ascent + line.descent)
            .sum::<f64>()
            * em;
        let mut top = bottom + (height + used) / 2.0;
        sheet.fill(Ink::Black);
        for line in &lines {
            let slack = width - line.width * em;
            let mut x = left
                + match align {
                    Align::Centre => slack / 2.0,
                    Align::Start if line.right_to_left => slack,
                    Align::Start => 0.0,
                };
            for piece in &line.pieces {
                if let Some(font) = fonts.get(piece.run.font) {
                    let at = (x, top - line.ascent * em);
                    // Readers turn what runs from right to left around themselves, and would turn the span's text too.
                    let text = Some(piece.text()).filter(|_| piece.run.level.is_ltr());
                    text.inspect(|text| sheet.span(text));
                    sheet.show(*font, size, at, piece.glyphs());
                    text.inspect(|_| sheet.end_span());
                }
                x += piece.width * em;
            }
            top -= (line.ascent + line.descent) * em;
        }
        Ok(())
    }

    /// Writes the fonts.
    pub(super) fn write(&self, objects: &mut impl Objects) -> Vec<ObjectId> {
        self.fonts.iter().map(|font| font.write(objects)).collect()
    }
}

#[cfg(test)]
mod tests;
