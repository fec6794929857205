//! From characters to positioned glyphs: direction (UAX 9), typeface, script, then shaping by `HarfBuzz`'s rules.

use super::face::{self, Face};
use crate::appearance::Error;

use harfrust::{Buffer, Direction, Script, ShapeOptions, unicode};
use std::ops::Range;
use unicode_bidi::{Level, ParagraphBidiInfo};

/// Stands for what no face has.
const REPLACEMENT: char = '\u{FFFD}';

/// A line as the caller broke it: runs in reading order.
#[derive(Debug)]
pub(super) struct Paragraph {
    pub(super) right_to_left: bool,
    pub(super) runs: Vec<Run>,
}

/// Characters of one direction, typeface and script; a word or a part of one, or the space between words.
#[derive(Debug)]
pub(super) struct Run {
    /// Index of the face; after subsetting, of the subset.
    pub(super) font: usize,
    pub(super) level: Level,
    pub(super) space: bool,
    pub(super) text: String,
    /// In the order in which they are drawn, from left to right.
    pub(super) glyphs: Vec<Glyph>,
}

/// A glyph in its place; measures in thousandths of an em.
#[derive(Clone, Copy, Debug)]
pub(in crate::appearance) struct Glyph {
    /// Number in the face; after subsetting, in the subset.
    pub(in crate::appearance) id: u16,
    /// Start of its characters in the run's text.
    pub(super) cluster: usize,
    /// From this glyph to the next.
    pub(in crate::appearance) advance: f64,
    /// What a reader of PDF advances by itself.
    pub(in crate::appearance) width: f64,
    pub(in crate::appearance) right: f64,
    pub(in crate::appearance) up: f64,
}

impl Run {
    pub(super) fn width(&self) -> f64 {
        self.glyphs.iter().map(|glyph| glyph.advance).sum()
    }
}

/// Shapes every line of the text.
pub(super) fn paragraphs(text: &str) -> Result<Vec<Paragraph>, Error> {
    let faces = face::all();
    text.trim_end()
        .lines()
        .map(|line| paragraph(line, faces))
        .collect()
}

fn paragraph(line: &str, faces: &[Face]) -> Result<Paragraph, Error> {
    let line: String = line
        .chars()
        .filter_map(|character| drawable(character, faces))
        .collect();
    let bidi = ParagraphBidiInfo::new(&line, None);
    let level_at = |at: usize| bidi.levels.get(at).copied().unwrap_or(bidi.paragraph_level);
    let runs = itemised(&line, faces, level_at)
        .into_iter()
        .map(|item| shaped(&line, item, faces));
    Ok(Paragraph {
        right_to_left: bidi.paragraph_level.is_rtl(),
        runs: runs.collect::<Result<_, _>>()?,
    })
}

/// The character that is drawn for one of the caller's, if any.
fn drawable(character: char, faces: &[Face]) -> Option<char> {
    match character {
        '\t' => Some(' '),
        // Overrides of direction make text read as something it is not; a byte order mark has no place in text.
        '\u{202A}'..='\u{202E}' | '\u{FEFF}' => None,
        _ if character.is_control() => None,
        _ if invisible(character) || faces.iter().any(|face| face.covers(character)) => {
            Some(character)
        }
        _ => Some(REPLACEMENT),
    }
}

/// Joiners, marks of direction and variation selectors: they steer shaping and need no glyph.
fn invisible(character: char) -> bool {
    matches!(character, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}')
}

/// Where lines may break: spaces, without those that forbid it.
fn breaks(character: char) -> bool {
    character == '\u{200B}'
        || (character.is_whitespace() && !matches!(character, '\u{A0}' | '\u{202F}'))
}

/// A stretch of the line that is shaped at once.
struct Item {
    range: Range<usize>,
    face: usize,
    level: Level,
    space: bool,
    script: Option<Script>,
}

fn itemised(line: &str, faces: &[Face], level_at: impl Fn(usize) -> Level) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    for (at, character) in line.char_indices() {
        let script = match unicode::script(character.into()) {
            Script::COMMON | Script::INHERITED | Script::UNKNOWN => None,
            script => Some(script),
        };
        let (level, space) = (level_at(at), breaks(character));
        let end = at + character.len_utf8();
        let current = items.last().map(|item| item.face);
        let stays = |face: &usize| {
            invisible(character)
                || (script.is_none() && faces.get(*face).is_some_and(|face| face.covers(character)))
        };
        let first = || {
            faces
                .iter()
                .position(|face| face.covers(character))
                .unwrap_or_default()
        };
        let face = current.filter(stays).unwrap_or_else(first);
        match items.last_mut() {
            Some(item)
                if (item.face, item.level, item.space) == (face, level, space)
                    && (script.is_none() || item.script.is_none() || item.script == script) =>
            {
                item.range.end = end;
                item.script = item.script.or(script);
            }
            _ => items.push(Item {
                range: at..end,
                face,
                level,
                space,
                script,
            }),
        }
    }
    items
}

fn shaped(line: &str, item: Item, faces: &[Face]) -> Result<Run, Error> {
    let face = faces.get(item.face).ok_or(Error::CaptionFont)?;
    let text = line.get(item.range).unwrap_or_default();
    let mut buffer = Buffer::new();
    buffer.push_str(text);
    buffer.set_script(item.script);
    buffer.set_direction(if item.level.is_rtl() {
        Direction::RightToLeft
    } else {
        Direction::LeftToRight
    });
    buffer.guess_segment_properties();
    harfrust::shape(&face.shaper(), &mut buffer, ShapeOptions::new())
        .map_err(|_unset| Error::CaptionFont)?;
    let (scale, metrics) = (face.scale(), face.font.glyph_metrics());
    let glyphs = buffer
        .glyph_infos()
        .iter()
        .zip(buffer.glyph_positions())
        .map(|(info, position)| {
            Ok(Glyph {
                id: u16::try_from(info.glyph_id).map_err(|_large| Error::CaptionFont)?,
                cluster: usize::try_from(info.cluster).map_err(|_large| Error::CaptionFont)?,
                advance: f64::from(position.x_advance) * scale,
                width: f64::from(metrics.h_advance(info.glyph_id.into())) * scale,
                right: f64::from(position.x_offset) * scale,
                up: f64::from(position.y_offset) * scale,
            })
        });
    let glyphs = glyphs.collect::<Result<_, _>>()?;
    Ok(Run {
        font: item.face,
        level: item.level,
        space: item.space,
        text: text.to_owned(),
        glyphs,
    })
}
