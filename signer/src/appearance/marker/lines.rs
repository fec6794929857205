//! Lines as a reader sees them, and markers in them.
//!
//! Glyphs that stand behind one another on one baseline make a line, in whichever order they were drawn. A gap is a
//! space; a wide one ends the line, as between columns. Text drawn twice over itself counts once.

use super::glyphs::{Glyph, Page};
use crate::appearance::layout::View;

use std::collections::BTreeMap;

/// Part of an em by which glyphs of one line may stand above or below each other.
const SAME_BASELINE: f64 = 0.3;
/// Part of an em from which on a gap is a space.
const SPACE: f64 = 0.2;
/// Ems from which on a gap ends the line.
const COLUMN: f64 = 3.0;
/// Part of an em within which the same glyph is the same one drawn twice.
const TWICE: f64 = 0.15;
/// Middle of letters and signs above the baseline, in ems.
const MIDDLE: f64 = 0.3;

/// A marker ready to be searched for.
#[derive(Debug)]
pub(super) struct Needle {
    exact: String,
    /// Without spaces. Only for markers that no ordinary text contains by chance.
    loose: Option<String>,
}

impl Needle {
    /// None for text without anything to be seen.
    pub(super) fn new(text: &str) -> Option<Self> {
        let words: Vec<String> = text
            .split_whitespace()
            .map(|word| word.chars().flat_map(plain).collect())
            .collect();
        let exact = words.join(" ");
        let signs = exact
            .chars()
            .any(|character| !character.is_alphanumeric() && character != ' ');
        let long = exact.chars().count() > 2;
        (!exact.is_empty()).then(|| Self {
            loose: (signs && long).then(|| words.concat()),
            exact,
        })
    }
}

impl Needle {
    /// Whether all of its characters are in the text, in whichever order; most pages are done with that.
    pub(super) fn may_be_in(&self, text: &str) -> bool {
        // These may be hidden in ligatures.
        let certain = |character: &char| !matches!(character, ' ' | 'f' | 'i' | 'l' | 's' | 't');
        self.exact
            .chars()
            .filter(certain)
            .all(|character| text.contains(character))
    }
}

/// Ligatures as the letters that they stand for; the other characters as they are.
fn plain(character: char) -> impl Iterator<Item = char> {
    let letters = match character {
        '\u{FB00}' => "ff",
        '\u{FB01}' => "fi",
        '\u{FB02}' => "fl",
        '\u{FB03}' => "ffi",
        '\u{FB04}' => "ffl",
        '\u{FB05}' | '\u{FB06}' => "st",
        _ => "",
    };
    let own = letters.is_empty().then_some(character);
    letters.chars().chain(own)
}

/// A glyph on the page as displayed.
#[derive(Clone, Debug)]
struct Shown<'p> {
    /// Along the direction of writing.
    start: f64,
    end: f64,
    /// Across it, downwards for text that is written to the right.
    baseline: f64,
    em: f64,
    text: &'p str,
    /// Its middle, in points from the upper left of the page, y downwards.
    middle: (f64, f64),
}

/// The lines of one page.
#[derive(Debug, Default)]
pub(super) struct Lines {
    lines: Vec<Line>,
}

/// One line: its text with and without spaces, and which glyph each byte belongs to.
#[derive(Debug, Default)]
struct Line {
    exact: Text,
    loose: Text,
    middles: Vec<(f64, f64)>,
}

#[derive(Debug, Default)]
struct Text {
    characters: String,
    /// Where each glyph's characters start.
    starts: Vec<(usize, usize)>,
}

impl Text {
    fn push(&mut self, characters: impl Iterator<Item = char>, glyph: usize) {
        self.starts.push((self.characters.len(), glyph));
        self.characters.extend(characters);
    }

    /// The glyph that the byte belongs to.
    fn glyph(&self, byte: usize) -> usize {
        let after = self.starts.partition_point(|(start, _)| *start <= byte);
        self.starts
            .get(after.saturating_sub(1))
            .map_or(0, |(_, glyph)| *glyph)
    }

    /// First and last glyph of every occurrence.
    fn occurrences<'t>(&'t self, needle: &'t str) -> impl Iterator<Item = (usize, usize)> + 't {
        let found = self.characters.match_indices(needle);
        found.map(|(at, text)| {
            (
                self.glyph(at),
                self.glyph(at + text.len().saturating_sub(1)),
            )
        })
    }
}

impl Lines {
    /// Puts the page's glyphs into lines. What lies outside the visible page is not there for a reader.
    pub(super) fn of(page: &Page, view: &View) -> Self {
        let mut directions: BTreeMap<i32, Vec<Shown<'_>>> = BTreeMap::new();
        for glyph in &page.glyphs {
            if let Some((direction, shown)) = shown(glyph, page, view) {
                directions.entry(direction).or_default().push(shown);
            }
        }
        let mut lines = Vec::new();
        for mut glyphs in directions.into_values() {
            glyphs.sort_by(|a, b| a.baseline.total_cmp(&b.baseline));
            let mut rest = glyphs.as_mut_slice();
            while let Some(first) = rest.first().map(|glyph| (glyph.baseline, glyph.em)) {
                let (baseline, em) = first;
                let length = rest.partition_point(|glyph| {
                    glyph.baseline - baseline <= em.max(glyph.em) * SAME_BASELINE
                });
                let (line, after) = rest.split_at_mut(length.max(1));
                line.sort_by(|a, b| a.start.total_cmp(&b.start));
                split(line, &mut lines);
                rest = after;
            }
        }
        Self { lines }
    }

    /// The middle of the first occurrence, in points from the upper left of the page, y downwards.
    pub(super) fn find(&self, needle: &Needle) -> Option<(f64, f64)> {
        self.first(|line| &line.exact, &needle.exact)
    }

    /// The same without regard to spaces.
    pub(super) fn find_loosely(&self, needle: &Needle) -> Option<(f64, f64)> {
        self.first(|line| &line.loose, needle.loose.as_ref()?)
    }

    fn first(&self, text: impl Fn(&Line) -> &Text, needle: &str) -> Option<(f64, f64)> {
        let middles = self.lines.iter().flat_map(|line| {
            let found = text(line).occurrences(needle);
            found.filter_map(|(first, last)| {
                Some(between(*line.middles.get(first)?, *line.middles.get(last)?))
            })
        });
        // From top to bottom, then from left to right; what differs by less than a point is one height.
        middles
            .min_by(|(ax, ay), (bx, by)| ay.round().total_cmp(&by.round()).then(ax.total_cmp(bx)))
    }
}

fn between((ax, ay): (f64, f64), (bx, by): (f64, f64)) -> (f64, f64) {
    (f64::midpoint(ax, bx), f64::midpoint(ay, by))
}

/// The glyph as displayed, and its direction of writing in whole degrees.
fn shown<'p>(glyph: &Glyph, page: &'p Page, view: &View) -> Option<(i32, Shown<'p>)> {
    let at = |point: hayro_interpret::kurbo::Point| view.to_shown(point.x, point.y);
    let (x, y) = at(glyph.origin);
    let (along_x, along_y) = at(glyph.origin + glyph.along);
    let (along_x, along_y) = (along_x - x, along_y - y);
    let (up_x, up_y) = at(glyph.origin + glyph.up);
    let em = (up_x - x).hypot(up_y - y);
    let length = along_x.hypot(along_y);
    if !(em.is_finite() && em > 0.0 && length.is_finite() && length > 0.0) {
        return None;
    }
    let (cos, sin) = (along_x / length, along_y / length);
    let (end_x, end_y) = at(glyph.origin + glyph.advance);
    let middle = at(glyph.origin + glyph.advance / 2.0 + glyph.up * MIDDLE);
    let visible = (0.0..=view.width).contains(&middle.0) && (0.0..=view.height).contains(&middle.1);
    #[expect(clippy::cast_possible_truncation, reason = "within half a turn")]
    let degrees = sin.atan2(cos).to_degrees().round() as i32;
    let shown = Shown {
        start: x * cos + y * sin,
        end: end_x * cos + end_y * sin,
        baseline: y * cos - x * sin,
        em,
        text: page.text.get(glyph.text.clone())?,
        middle,
    };
    // Half a turn to the left is half a turn to the right.
    visible.then_some((if degrees == -180 { 180 } else { degrees }, shown))
}

/// Splits a row of glyphs where wide gaps are.
fn split(row: &[Shown<'_>], lines: &mut Vec<Line>) {
    let mut line = Line::default();
    let mut previous: Option<&Shown<'_>> = None;
    for glyph in row {
        if let Some(before) = previous {
            let em = before.em.max(glyph.em);
            if before.text == glyph.text && (glyph.start - before.start).abs() < em * TWICE {
                continue;
            }
            let gap = glyph.start - before.end;
            if gap > em * COLUMN {
                lines.push(std::mem::take(&mut line));
            } else if gap > em * SPACE {
                line.space();
            }
        }
        line.push(glyph);
        previous = Some(glyph);
    }
    lines.push(line);
}

impl Line {
    fn push(&mut self, glyph: &Shown<'_>) {
        if glyph.text.chars().all(char::is_whitespace) {
            self.space();
            return;
        }
        let number = self.middles.len();
        self.middles.push(glyph.middle);
        let characters = || glyph.text.chars().flat_map(plain);
        self.exact.push(
            characters().map(|character| {
                if character.is_whitespace() {
                    ' '
                } else {
                    character
                }
            }),
            number,
        );
        self.loose.push(
            characters().filter(|character| !character.is_whitespace()),
            number,
        );
    }

    fn space(&mut self) {
        if !self.exact.characters.is_empty() && !self.exact.characters.ends_with(' ') {
            self.exact
                .push(" ".chars(), self.middles.len().saturating_sub(1));
        }
    }
}
