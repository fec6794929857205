//! A revision: what one save of the document added (ISO 32000-2, 7.5.6).

use lopdf::Dictionary;

use crate::pdf::lexer::{Lexer, is_whitespace};
use crate::pdf::xref::{Chain, Section};
use crate::pdf::{Anomaly, Entry, Error, SectionKind};

/// One revision of the document: its cross-reference and where it ends.
#[derive(Debug)]
pub struct Revision<'a> {
    /// Newest first, never empty; two in the first revision of a linearized file.
    sections: Vec<Section<'a>>,
    end: usize,
}

impl<'a> Revision<'a> {
    pub(super) fn found(section: Section<'a>) -> Self {
        Self {
            end: section.end,
            sections: vec![section],
        }
    }

    fn newest(&self) -> Option<&Section<'a>> {
        self.sections.first()
    }

    /// Where its cross-reference section starts.
    #[must_use]
    pub fn xref_offset(&self) -> usize {
        self.newest().map_or(0, |section| section.offset)
    }

    /// How its cross-reference is written.
    #[must_use]
    pub fn kind(&self) -> SectionKind {
        self.newest()
            .map_or(SectionKind::Table, |section| section.kind)
    }

    /// Its trailer, or the dictionary of its cross-reference stream.
    #[must_use]
    pub fn trailer(&self) -> &Dictionary {
        static EMPTY: std::sync::LazyLock<Dictionary> = std::sync::LazyLock::new(Dictionary::new);
        self.newest().map_or(&EMPTY, |section| &section.trailer)
    }

    /// Behind its `%%EOF` and the end of that line: the length of the file as it was saved.
    #[must_use]
    pub const fn end(&self) -> usize {
        self.end
    }

    /// The entry this revision has for an object number, if it changed it.
    #[must_use]
    pub fn entry(&self, number: u32) -> Option<Entry> {
        self.sections
            .iter()
            .find_map(|section| section.entry(number))
    }

    /// The object numbers this revision has entries for, unordered; a number may come twice.
    pub fn numbers(&self) -> impl Iterator<Item = u32> + '_ {
        self.sections.iter().flat_map(Section::numbers)
    }

    /// Where its cross-reference sections are, the stream of a hybrid one included.
    pub fn sections(&self) -> impl Iterator<Item = usize> + '_ {
        self.sections.iter().flat_map(Section::offsets)
    }

    /// Whether readers that know cross-reference streams and those that do not find different objects.
    #[must_use]
    pub fn is_contradictory(&self) -> bool {
        self.sections.iter().any(Section::is_contradictory)
    }

    /// The highest object number it has an entry for.
    #[must_use]
    pub fn highest(&self) -> u32 {
        self.sections
            .iter()
            .map(Section::highest)
            .max()
            .unwrap_or(0)
    }
}

/// Groups the chain into revisions, oldest first, and looks at what follows the last one.
///
/// # Errors
///
/// Damage where a revision does not lie behind the one before it.
pub(super) fn split<'a>(
    bytes: &'a [u8],
    chain: Chain<'a>,
) -> Result<(Vec<Revision<'a>>, Vec<Anomaly>), Error> {
    let Chain {
        sections,
        startxref_position,
        mut anomalies,
        ..
    } = chain;
    let mut revisions: Vec<Revision<'a>> = Vec::with_capacity(sections.len());
    for section in sections {
        // Only in a linearized file, which is a first revision, does a section precede the one its /Prev points
        // to (annex F.3.5).
        let linearized = revisions
            .last()
            .and_then(|revision| revision.sections.last())
            .is_some_and(|later| later.offset < section.offset);
        let first = !section.trailer.has(b"Prev");
        let end = end_marker(bytes, section.end).0;
        match revisions.last_mut().filter(|_| linearized && first) {
            Some(revision) => {
                revision.end = revision.end.max(end);
                revision.sections.push(section);
            }
            None => revisions.push(Revision {
                sections: vec![section],
                end,
            }),
        }
    }
    revisions.reverse();
    if let Some(newest) = revisions.last_mut() {
        let (end, marked) = end_marker(bytes, startxref_position);
        newest.end = newest.end.max(end);
        if !marked {
            anomalies.push(Anomaly::NoEndMarker);
        }
        anomalies.extend(junk(bytes.get(newest.end..).unwrap_or_default()));
    }
    for pair in revisions.windows(2) {
        if let [earlier, later] = pair
            && later.xref_offset() < earlier.end
        {
            return Err(Error::Damaged {
                offset: later.xref_offset(),
                context: "revisions overlap",
            });
        }
    }
    Ok((revisions, anomalies))
}

/// The end of what ends a revision: `startxref`, an offset, `%%EOF` and an end of line; and whether it is all there.
fn end_marker(bytes: &[u8], position: usize) -> (usize, bool) {
    let mut lexer = Lexer::new(bytes, position);
    if !lexer.take_keyword(b"startxref") || lexer.take_number(19).is_none() {
        return (position, false);
    }
    let number_end = lexer.position();
    while lexer.peek().is_some_and(is_whitespace) {
        lexer.seek(lexer.position().saturating_add(1));
    }
    if !lexer.take(b"%%EOF") {
        return (number_end, false);
    }
    if !lexer.take(b"\r\n") && !lexer.take(b"\n") {
        lexer.take(b"\r");
    }
    (lexer.position(), true)
}

fn junk(rest: &[u8]) -> Option<Anomaly> {
    if rest.iter().all(|byte| is_whitespace(*byte)) {
        None
    } else if memchr::memmem::find(rest, b" obj").is_some() {
        // A later save that was cut off: some readers recover its objects.
        Some(Anomaly::ObjectsAfterEnd)
    } else {
        Some(Anomaly::JunkAfterEnd)
    }
}
