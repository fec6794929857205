//! What a document claims to be: PDF/A (ISO 19005) or PDF/UA (ISO 14289), and what that lets a mark be made of.
//!
//! The claim stands in the document's XMP metadata (ISO 19005-1, 6.7.11; ISO 19005-2, 6.6.4; ISO 14289-1, 5). It is looked
//! for by its property names, without parsing XML: taking for a claim what only looks like one costs a mark its
//! transparency, the other way round would cost the document its conformance.

use super::draw::{Constraints, DeviceColour};
use crate::pdf::{self, Pdf};

use lopdf::Object;

/// What a document says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The PDF/A claim.
    pub archive: Option<Archive>,
    /// Part of ISO 14289 (PDF/UA).
    pub accessible: Option<u8>,
    /// It has a structure tree and says that it is tagged (ISO 32000-2, 14.7.1).
    pub tagged: bool,
    /// The colours of the output intent for PDF/A; none without one.
    pub intent: Option<Intent>,
}

/// A PDF/A claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Archive {
    /// Part of ISO 19005.
    pub part: u8,
    /// Level of conformance; part 4 has none in its plain form.
    pub level: Option<Level>,
}

/// Levels of conformance to ISO 19005.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Accessible: the structure is marked (parts 1 to 3).
    A,
    /// Basic (parts 1 to 3).
    B,
    /// With engineering content (part 4).
    E,
    /// With embedded files (part 4).
    F,
    /// All text has Unicode (parts 2 and 3).
    U,
}

/// The colours of an output intent's profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// Four process colours.
    Cmyk,
    /// One component.
    Gray,
    /// Three components.
    Rgb,
}

impl Claim {
    /// Reads the metadata and the output intents of a document.
    ///
    /// # Errors
    /// [`pdf::Error::Limit`] when they are beyond the reader's limits, [`pdf::Error::PasswordRequired`] when the document is
    /// locked. Metadata that cannot be read otherwise makes no claim.
    pub fn read(pdf: &Pdf<'_>) -> Result<Self, pdf::Error> {
        let none = Self {
            archive: None,
            accessible: None,
            tagged: false,
            intent: None,
        };
        let catalogue = pdf.catalog()?;
        let Ok(catalogue) = catalogue.as_dict() else {
            return Ok(none);
        };
        let metadata = readable(pdf.get(catalogue, b"Metadata"))?;
        let metadata = metadata.as_ref().and_then(|object| object.as_stream().ok());
        let Some(xmp) = metadata
            .map(|stream| readable(pdf.decode(stream)))
            .transpose()?
            .flatten()
        else {
            return Ok(none);
        };
        let claim = Self {
            archive: archive(&xmp),
            accessible: accessible(&xmp),
            ..none
        };
        if claim.archive.is_none() && claim.accessible.is_none() {
            return Ok(none);
        }
        let mark_info = readable(pdf.get(catalogue, b"MarkInfo"))?;
        let marked = mark_info
            .as_ref()
            .and_then(|info| info.as_dict().ok()?.get(b"Marked").ok()?.as_bool().ok());
        Ok(Self {
            tagged: marked == Some(true) && catalogue.has(b"StructTreeRoot"),
            intent: readable(intent(pdf, catalogue))?.flatten(),
            ..claim
        })
    }

    /// What a mark in such a document may be made of.
    #[must_use]
    pub fn constraints(&self) -> Constraints {
        let Some(archive) = self.archive else {
            return Constraints::default();
        };
        let device = match self.intent {
            None => DeviceColour::None,
            Some(Intent::Cmyk) => DeviceColour::Cmyk,
            Some(Intent::Gray) => DeviceColour::Gray,
            Some(Intent::Rgb) => DeviceColour::Rgb,
        };
        // ISO 19005-1, 6.4 forbids transparency. Later parts allow it, but without an output intent only on pages that
        // name their blending space (ISO 19005-2, 6.2.10), and the page is not ours to change.
        Constraints {
            transparency: archive.part >= 2 && self.intent.is_some(),
            device,
        }
    }
}

/// Passes on what is a limit or a lock; other damage leaves nothing to be read.
fn readable<T>(result: Result<T, pdf::Error>) -> Result<Option<T>, pdf::Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error @ (pdf::Error::Limit { .. } | pdf::Error::PasswordRequired)) => Err(error),
        Err(_damage) => Ok(None),
    }
}

/// The PDF/A claim in XMP metadata.
#[must_use]
pub fn archive(xmp: &[u8]) -> Option<Archive> {
    let xmp = ascii(xmp);
    let part = property(&xmp, b"pdfaid:part")?;
    let level = property(&xmp, b"pdfaid:conformance").and_then(|level| match level {
        b'A' | b'a' => Some(Level::A),
        b'B' | b'b' => Some(Level::B),
        b'E' | b'e' => Some(Level::E),
        b'F' | b'f' => Some(Level::F),
        b'U' | b'u' => Some(Level::U),
        _ => None,
    });
    digit(part).map(|part| Archive { part, level })
}

/// The part of ISO 14289 that XMP metadata claims.
#[must_use]
pub fn accessible(xmp: &[u8]) -> Option<u8> {
    property(&ascii(xmp), b"pdfuaid:part").and_then(digit)
}

fn digit(byte: u8) -> Option<u8> {
    byte.checked_sub(b'0')
        .filter(|digit| (1..=9).contains(digit))
}

/// The metadata with wide encodings made narrow: of the characters that matter here only the zeros fall away.
fn ascii(xmp: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    if memchr::memchr(0, xmp).is_none() {
        return xmp.into();
    }
    xmp.iter()
        .copied()
        .filter(|byte| *byte != 0)
        .collect::<Vec<u8>>()
        .into()
}

/// The first character of a property's value, be it an attribute or an element (ISO 16684-1, 7.4 and 7.9.2.2).
fn property(xmp: &[u8], name: &[u8]) -> Option<u8> {
    memchr::memmem::find_iter(xmp, name).find_map(|at| {
        let mut rest = xmp
            .get(at.checked_add(name.len())?..)?
            .trim_ascii_start()
            .iter();
        let mut next = *rest.next()?;
        if next == b'=' {
            next = *rest.as_slice().trim_ascii_start().first()?;
            rest = rest.as_slice().trim_ascii_start().get(1..)?.iter();
            if !matches!(next, b'"' | b'\'') {
                return None;
            }
        } else if next != b'>' {
            return None;
        }
        let value = *rest.as_slice().trim_ascii_start().first()?;
        value.is_ascii_alphanumeric().then_some(value)
    })
}

/// The colours of the profile of the PDF/A output intent (ISO 19005-1, 6.2.2).
fn intent(pdf: &Pdf<'_>, catalogue: &pdf::Dictionary) -> Result<Option<Intent>, pdf::Error> {
    /// More intents than any document has.
    const MOST: usize = 16;
    let intents = pdf.get(catalogue, b"OutputIntents")?;
    for intent in intents.as_array().into_iter().flatten().take(MOST) {
        let intent = pdf.resolve(intent)?;
        let Ok(intent) = intent.as_dict() else {
            continue;
        };
        let subtype = pdf.get(intent, b"S")?;
        if !subtype.as_name().is_ok_and(|name| name == b"GTS_PDFA1") {
            continue;
        }
        let profile = pdf.get(intent, b"DestOutputProfile")?;
        if let Object::Stream(stream) = &*profile {
            return Ok(colours(&pdf.decode(stream)?));
        }
    }
    Ok(None)
}

/// The colour space in the header of an ICC profile (ISO 15076-1, 7.2.6).
fn colours(profile: &[u8]) -> Option<Intent> {
    match profile.get(16..20)? {
        b"RGB " => Some(Intent::Rgb),
        b"CMYK" => Some(Intent::Cmyk),
        b"GRAY" => Some(Intent::Gray),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pdf::{Limits, sample::Sample};

    fn level(part: u8, level: Level) -> Option<Archive> {
        Some(Archive {
            part,
            level: Some(level),
        })
    }

    #[test]
    fn claims_are_found_in_every_form() {
        let wide: Vec<u8> =
            "<pdfaid:part>3</pdfaid:part><pdfaid:conformance>U</pdfaid:conformance>"
                .encode_utf16()
                .flat_map(u16::to_be_bytes)
                .collect();
        for (xmp, expected) in [
            (
                &b"<pdfaid:part>1</pdfaid:part>\n<pdfaid:conformance>B</pdfaid:conformance>"[..],
                level(1, Level::B),
            ),
            (
                b"<rdf:Description pdfaid:conformance='A' pdfaid:part = \"2\"/>",
                level(2, Level::A),
            ),
            (
                b"<pdfaid:conformance> b </pdfaid:conformance><pdfaid:part>\n 1 </pdfaid:part>",
                level(1, Level::B),
            ),
            (
                b"<pdfaid:part>4</pdfaid:part><pdfaid:rev>2020</pdfaid:rev>",
                Some(Archive {
                    part: 4,
                    level: None,
                }),
            ),
            (&wide, level(3, Level::U)),
            (b"xmlns:pdfaid='http://www.aiim.org/pdfa/ns/id/'", None),
            (b"</pdfaid:part><x/>", None),
            (b"<pdfaid:part>", None),
            (b"pdfaid:part=", None),
            (b"<pdfaid:part>none</pdfaid:part>", None),
            (b"", None),
        ] {
            assert_eq!(archive(xmp), expected, "{}", String::from_utf8_lossy(xmp));
        }
        assert_eq!(accessible(b"<pdfuaid:part>1</pdfuaid:part>"), Some(1));
        assert_eq!(accessible(b"<pdfaid:part>1</pdfaid:part>"), None);
    }

    fn claiming(part: u8, profile: Option<&[u8; 4]>) -> Claim {
        let mut sample = Sample::new();
        let intents = if profile.is_some() {
            "/OutputIntents[<</S/GTS_PDFX>> 5 0 R]"
        } else {
            ""
        };
        sample.object(1, &format!("<</Type/Catalog/Pages 2 0 R/Metadata 4 0 R{intents}/MarkInfo<</Marked true>>/StructTreeRoot 3 0 R>>"));
        sample.object(2, "<</Type/Pages/Count 0/Kids[]>>");
        sample.object(3, "<</Type/StructTreeRoot>>");
        sample.stream(
            4,
            "/Type/Metadata",
            format!("<pdfaid:part>{part}</pdfaid:part>").as_bytes(),
        );
        sample.object(5, "<</S/GTS_PDFA1/DestOutputProfile 6 0 R>>");
        let header = [&[0; 16][..], profile.unwrap_or(b"    ")].concat();
        sample.stream(6, "/N 3", &header);
        sample.table("/Root 1 0 R");
        Claim::read(&Pdf::open(&sample.bytes, Limits::default()).unwrap()).unwrap()
    }

    #[test]
    fn constraints_follow_part_and_intent() {
        for (part, profile, transparency, device) in [
            (1, Some(b"RGB "), false, DeviceColour::Rgb),
            (1, Some(b"CMYK"), false, DeviceColour::Cmyk),
            (1, None, false, DeviceColour::None),
            (2, Some(b"GRAY"), true, DeviceColour::Gray),
            (3, None, false, DeviceColour::None),
            (4, Some(b"RGB "), true, DeviceColour::Rgb),
            (2, Some(b"XYZ "), false, DeviceColour::None),
        ] {
            let claim = claiming(part, profile);
            assert!(claim.tagged);
            assert_eq!(
                claim.constraints(),
                Constraints {
                    transparency,
                    device
                },
                "{part} {profile:?}"
            );
        }
        assert_eq!(
            claiming(0, Some(b"RGB ")).constraints(),
            Constraints::default()
        );
    }
}
