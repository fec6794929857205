//! Lines: where they break, how large the text can be, and the order in which their runs are drawn.

use super::embed::Subset;
use super::shape::{Glyph, Paragraph, Run};
use crate::appearance::Error;

use std::ops::Range;
use unicode_bidi::{BidiInfo, Level};

/// Largest size, in points.
const LARGEST: f64 = 12.0;
/// Below this size words are cut rather than made smaller.
const READABLE: f64 = 5.0;
/// Text that fits at no larger size is refused: nobody could read it on paper.
const SMALLEST: f64 = 2.0;
/// Halvings of the interval between the sizes above: a hundredth of a point.
const STEPS: u32 = 10;

/// Text laid out for a box.
#[derive(Debug)]
pub(super) struct Layout<'c> {
    /// In points.
    pub(super) size: f64,
    pub(super) lines: Vec<Line<'c>>,
}

/// One line; measures in thousandths of an em.
#[derive(Debug)]
pub(super) struct Line<'c> {
    /// From left to right.
    pub(super) pieces: Vec<Piece<'c>>,
    pub(super) width: f64,
    pub(super) ascent: f64,
    pub(super) descent: f64,
    pub(super) right_to_left: bool,
}

/// A run, or the part of one that a line has room for.
#[derive(Clone, Debug)]
pub(super) struct Piece<'c> {
    pub(super) run: &'c Run,
    range: Range<usize>,
    pub(super) width: f64,
}

impl<'c> Piece<'c> {
    fn whole(run: &'c Run) -> Self {
        Self {
            run,
            range: 0..run.glyphs.len(),
            width: run.width(),
        }
    }

    fn part(run: &'c Run, range: Range<usize>) -> Self {
        let width = run
            .glyphs
            .get(range.clone())
            .unwrap_or_default()
            .iter()
            .map(|glyph| glyph.advance)
            .sum();
        Self { run, range, width }
    }

    pub(super) fn glyphs(&self) -> &'c [Glyph] {
        self.run.glyphs.get(self.range.clone()).unwrap_or_default()
    }

    /// The characters of the piece.
    pub(super) fn text(&self) -> &'c str {
        let text = self.run.text.as_str();
        if self.range.len() == self.run.glyphs.len() {
            return text;
        }
        // Only runs from left to right are cut, so clusters ascend.
        let cluster = |at: usize| {
            self.run
                .glyphs
                .get(at)
                .map_or(text.len(), |glyph| glyph.cluster)
        };
        text.get(cluster(self.range.start)..cluster(self.range.end))
            .unwrap_or_default()
    }
}

/// Lays the text out as large as the box (in points) has room for.
pub(super) fn fit<'c>(
    paragraphs: &'c [Paragraph],
    fonts: &[Subset],
    width: f64,
    height: f64,
) -> Result<Layout<'c>, Error> {
    let at = |size: f64, cut: bool| {
        let lines = Breaker::new(width * 1000.0 / size, cut, fonts).all(paragraphs)?;
        let used: f64 = lines.iter().map(|line| line.ascent + line.descent).sum();
        (used * size / 1000.0 <= height).then_some(Layout { size, lines })
    };
    let largest = |cut: bool| {
        if let Some(layout) = at(LARGEST, cut) {
            return Some(layout);
        }
        let mut best = at(SMALLEST, cut)?;
        let (mut low, mut high) = (SMALLEST, LARGEST);
        for _ in 0..STEPS {
            let middle = f64::midpoint(low, high);
            match at(middle, cut) {
                Some(layout) => (low, best) = (middle, layout),
                None => high = middle,
            }
        }
        Some(best)
    };
    match largest(false) {
        Some(layout) if layout.size >= READABLE => Ok(layout),
        layout => largest(true).or(layout).ok_or(Error::CaptionTooLong),
    }
}

/// Breaks paragraphs into lines of a given measure.
struct Breaker<'c, 'f> {
    measure: f64,
    cut: bool,
    fonts: &'f [Subset],
    lines: Vec<Line<'c>>,
    /// The line being filled.
    pieces: Vec<Piece<'c>>,
    width: f64,
}

impl<'c, 'f> Breaker<'c, 'f> {
    fn new(measure: f64, cut: bool, fonts: &'f [Subset]) -> Self {
        Self {
            measure,
            cut,
            fonts,
            lines: Vec::new(),
            pieces: Vec::new(),
            width: 0.0,
        }
    }

    /// All lines, or none when a word does not fit the measure.
    fn all(mut self, paragraphs: &'c [Paragraph]) -> Option<Vec<Line<'c>>> {
        for paragraph in paragraphs {
            let mut space: Option<&'c Run> = None;
            for word in paragraph.runs.chunk_by(|a, b| a.space == b.space) {
                if let Some(run) = word.first().filter(|run| run.space) {
                    space = Some(run);
                } else {
                    self.word(word, space.take(), paragraph.right_to_left)?;
                }
            }
            self.end_line(paragraph.right_to_left);
        }
        Some(self.lines)
    }

    fn word(&mut self, word: &'c [Run], space: Option<&'c Run>, right_to_left: bool) -> Option<()> {
        let width: f64 = word.iter().map(Run::width).sum();
        let gap = space.map_or(0.0, Run::width);
        if !self.pieces.is_empty() {
            if self.width + gap + width <= self.measure {
                self.pieces.extend(space.map(Piece::whole));
                self.width += gap;
            } else {
                self.end_line(right_to_left);
            }
        }
        if self.width + width <= self.measure {
            self.pieces.extend(word.iter().map(Piece::whole));
            self.width += width;
            return Some(());
        }
        if !self.cut {
            return None;
        }
        word.iter()
            .try_for_each(|run| self.cut_run(run, right_to_left))
    }

    /// Fills lines with as much of the run as each has room for.
    fn cut_run(&mut self, run: &'c Run, right_to_left: bool) -> Option<()> {
        if run.level.is_rtl() {
            // Letters that join cannot be cut apart.
            if self.width + run.width() > self.measure {
                self.end_line(right_to_left);
            }
            self.pieces.push(Piece::whole(run));
            self.width += run.width();
            return (self.width <= self.measure).then_some(());
        }
        let mut start = 0;
        let mut at = 0;
        for cluster in run.glyphs.chunk_by(|a, b| a.cluster == b.cluster) {
            let width: f64 = cluster.iter().map(|glyph| glyph.advance).sum();
            if self.width + width > self.measure {
                if at > start {
                    self.pieces.push(Piece::part(run, start..at));
                    start = at;
                }
                self.end_line(right_to_left);
            }
            self.width += width;
            at += cluster.len();
            if self.width > self.measure {
                return None;
            }
        }
        self.pieces.push(Piece::part(run, start..at));
        Some(())
    }

    /// Puts the line being filled into drawing order (UAX 9, L2).
    fn end_line(&mut self, right_to_left: bool) {
        let pieces = std::mem::take(&mut self.pieces);
        let levels: Vec<Level> = pieces.iter().map(|piece| piece.run.level).collect();
        let order = BidiInfo::reorder_visual(&levels);
        let height = |of: fn(&Subset) -> f64| {
            let fonts = pieces
                .iter()
                .filter_map(|piece| self.fonts.get(piece.run.font));
            fonts
                .map(of)
                .reduce(f64::max)
                .or_else(|| self.fonts.first().map(of))
                .unwrap_or_default()
        };
        let (ascent, descent) = (height(|font| font.ascent), height(|font| font.descent));
        let pieces = order
            .into_iter()
            .filter_map(|at| pieces.get(at).cloned())
            .collect();
        let width = std::mem::take(&mut self.width);
        self.lines.push(Line {
            pieces,
            width,
            ascent,
            descent,
            right_to_left,
        });
    }
}
