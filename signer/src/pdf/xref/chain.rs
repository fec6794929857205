//! The chain of sections from `startxref` back through every `/Prev` (ISO 32000-2, 7.5.5 and 7.5.6).
//!
//! A chain is read as it stands or not at all. Where it is broken, other readers guess, each in its own way;
//! appending to it would pass the break on to whoever reads the signed file.

use std::collections::HashSet;

use lopdf::{Dictionary, Object};

use super::index::MAX_SUBSECTIONS;
use super::{Section, SectionKind, stream, table};
use crate::pdf::lexer::Lexer;
use crate::pdf::{Anomaly, Error, Limits};

/// All sections of a file, newest first.
#[derive(Debug)]
pub(crate) struct Chain<'a> {
    pub(crate) sections: Vec<Section<'a>>,
    /// As written behind the last `startxref`.
    pub(crate) startxref: u64,
    /// Where the last `startxref` stands.
    pub(crate) startxref_position: usize,
    /// What has to be added to offsets as written.
    pub(crate) base: usize,
    /// Bytes of all cross-reference streams, decoded.
    pub(crate) decoded: usize,
    pub(crate) anomalies: Vec<Anomaly>,
}

/// Reads the chain of a file whose header is at `header`.
pub(crate) fn read<'a>(
    bytes: &'a [u8],
    header: usize,
    limits: &Limits,
) -> Result<Chain<'a>, Error> {
    let position = memchr::memmem::rfind(bytes, STARTXREF).ok_or(Error::Damaged {
        offset: bytes.len(),
        context: "no startxref",
    })?;
    let startxref = Lexer::new(bytes, position.saturating_add(STARTXREF.len()))
        .take_number(19)
        .ok_or(Error::Damaged {
            offset: position,
            context: "startxref without an offset",
        })?;
    let mut chain = Chain {
        sections: Vec::new(),
        startxref,
        startxref_position: position,
        base: 0,
        decoded: 0,
        anomalies: Vec::new(),
    };
    // With junk before the header, writers count from either.
    chain.base = [header, 0]
        .into_iter()
        .find(|base| locate(bytes, startxref, *base).is_some())
        .ok_or(Error::Damaged {
            offset: position,
            context: "startxref does not point to a cross-reference section",
        })?;
    chain.follow(bytes, limits)?;
    Ok(chain)
}

const STARTXREF: &[u8] = b"startxref";

impl<'a> Chain<'a> {
    fn follow(&mut self, bytes: &'a [u8], limits: &Limits) -> Result<(), Error> {
        let mut seen = HashSet::new();
        let mut parts = 0_usize;
        let mut next = Some(self.startxref);
        while let Some(written) = next {
            let place = locate(bytes, written, self.base).ok_or(Error::Damaged {
                offset: usize::try_from(written).unwrap_or(usize::MAX),
                context: "/Prev does not point to a cross-reference section",
            })?;
            if !seen.insert(place.offset) {
                return Err(Error::Damaged {
                    offset: place.offset,
                    context: "/Prev leads back to a later section",
                });
            }
            if self.sections.len() >= limits.max_sections {
                return Err(Error::Limit {
                    what: "cross-reference sections",
                });
            }
            let section = self.section(bytes, &place, limits)?;
            next = offset_in(&section.trailer, b"Prev", section.offset)?;
            let hidden = section
                .hidden
                .as_ref()
                .map_or(0, |(_, hidden)| hidden.parts());
            parts = parts
                .saturating_add(section.index.parts())
                .saturating_add(hidden);
            if parts > MAX_SUBSECTIONS {
                return Err(Error::Limit {
                    what: "subsections",
                });
            }
            self.sections.push(section);
        }
        Ok(())
    }

    fn section(
        &mut self,
        bytes: &'a [u8],
        place: &Place,
        limits: &Limits,
    ) -> Result<Section<'a>, Error> {
        let section = if place.is_table {
            let table = table::read(bytes, place.offset, self.base, limits)?;
            for anomaly in table.anomalies {
                if !self.anomalies.contains(&anomaly) {
                    self.anomalies.push(anomaly);
                }
            }
            let mut section = Section {
                offset: place.offset,
                kind: SectionKind::Table,
                trailer: table.trailer,
                end: table.end,
                index: table.index,
                hidden: None,
            };
            if let Some(written) = offset_in(&section.trailer, b"XRefStm", place.offset)? {
                let hidden = locate(bytes, written, self.base)
                    .filter(|place| !place.is_table)
                    .ok_or(Error::Damaged {
                        offset: place.offset,
                        context: "/XRefStm does not point to a cross-reference stream",
                    })?;
                section.kind = SectionKind::Hybrid;
                let stream = self.stream(bytes, hidden.offset, limits)?;
                section.hidden = Some((hidden.offset, stream.index));
            }
            section
        } else {
            let stream = self.stream(bytes, place.offset, limits)?;
            Section {
                offset: place.offset,
                kind: SectionKind::Stream,
                trailer: stream.trailer,
                end: stream.end,
                index: stream.index,
                hidden: None,
            }
        };
        if section
            .trailer
            .get(b"Size")
            .and_then(Object::as_i64)
            .is_err()
        {
            return Err(Error::Damaged {
                offset: place.offset,
                context: "trailer without /Size",
            });
        }
        Ok(section)
    }

    fn stream(
        &mut self,
        bytes: &[u8],
        offset: usize,
        limits: &Limits,
    ) -> Result<stream::CrossReferenceStream, Error> {
        let stream = stream::read(bytes, offset, self.base, limits)?;
        self.decoded = self.decoded.saturating_add(stream.decoded);
        // They stay in memory, unlike other streams.
        if self.decoded > limits.max_stream {
            return Err(Error::Limit {
                what: "decoded streams",
            });
        }
        Ok(stream)
    }
}

struct Place {
    offset: usize,
    is_table: bool,
}

/// The section an offset as written points to. White space before it is common and harmless.
fn locate(bytes: &[u8], written: u64, base: usize) -> Option<Place> {
    let start = usize::try_from(written).ok()?.checked_add(base)?;
    let blank = bytes
        .get(start..)?
        .iter()
        .take_while(|byte| crate::pdf::lexer::is_whitespace(**byte))
        .count();
    let offset = start.checked_add(blank)?;
    if Lexer::new(bytes, offset).take_keyword(b"xref") {
        return Some(Place {
            offset,
            is_table: true,
        });
    }
    crate::pdf::object::header(&mut Lexer::new(bytes, offset))?;
    Some(Place {
        offset,
        is_table: false,
    })
}

fn offset_in(trailer: &Dictionary, key: &[u8], offset: usize) -> Result<Option<u64>, Error> {
    let Ok(value) = trailer.get(key) else {
        return Ok(None);
    };
    match value {
        Object::Integer(written) if *written > 0 => Ok(u64::try_from(*written).ok()),
        _ => Err(Error::Damaged {
            offset,
            context: "offset of another cross-reference section",
        }),
    }
}
