//! Signature fields and signature dictionaries (ISO 32000-2, 12.7.5.5 and 12.8.1).

pub mod seed_value;

use jiff::Zoned;
use lopdf::{Dictionary, Object, ObjectId};

use super::Error;
use super::byte_range::{Slots, reserve};
use super::doc_mdp::{Lock, Permitted};
use super::incremental::{Update, serialize};

/// Print and Locked (table 167).
const WIDGET_FLAGS: i64 = 4 | 128;
/// `Print`, `ReadOnly`, `Locked` and `LockedContents`: a picture that belongs to a signature and does nothing.
const STAMP_FLAGS: i64 = 4 | 64 | 128 | 512;
/// `Invisible`, `Hidden` and `NoView`.
const UNSEEN: i64 = 1 | 2 | 32;

/// How the signature is encoded (table 255).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SubFilter {
    /// `ETSI.CAdES.detached`: PAdES (EN 319 142-1).
    #[default]
    CadesDetached,
    /// `adbe.pkcs7.detached`: what older validators know.
    Pkcs7Detached,
}

impl SubFilter {
    /// The name in the signature dictionary.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CadesDetached => "ETSI.CAdES.detached",
            Self::Pkcs7Detached => "adbe.pkcs7.detached",
        }
    }
}

/// What a signature dictionary says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signature<'s> {
    pub(crate) sub_filter: SubFilter,
    pub(crate) time: &'s Zoned,
    pub(crate) name: Option<&'s str>,
    pub(crate) reason: Option<&'s str>,
    pub(crate) location: Option<&'s str>,
    pub(crate) contact_info: Option<&'s str>,
    /// The lock of the field that is signed, and what it permits in the document from now on.
    pub(crate) lock: Option<(&'s Lock, Option<Permitted>)>,
    /// How many bytes the encoded signature takes at most.
    pub(crate) contents_len: usize,
}

impl Signature<'_> {
    /// Writes the dictionary as a new object of the revision; the places to fill are offsets in the revision.
    pub(crate) fn write(&self, update: &mut Update<'_, '_>) -> Result<(ObjectId, Slots), Error> {
        let id = update.allocate();
        let time = date(self.time);
        let mut strings = Vec::new();
        for (key, text) in [
            ("/M", Some(time.as_str())),
            ("/Name", self.name),
            ("/Reason", self.reason),
            ("/Location", self.location),
            ("/ContactInfo", self.contact_info),
        ] {
            if let Some(text) = text {
                strings.push((key, update.text_string(id, text)?));
            }
        }
        let reference = match self.lock {
            Some((lock, permitted)) => Some(field_mdp(update, id, lock, permitted)?),
            None => None,
        };
        let document_len = update.pdf().bytes().len() as u64;
        let slots = update.put_with(id, |out| {
            out.extend_from_slice(b"<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/");
            out.extend_from_slice(self.sub_filter.name().as_bytes());
            for (key, value) in &strings {
                out.extend_from_slice(key.as_bytes());
                out.extend_from_slice(value);
            }
            if let Some(reference) = &reference {
                out.extend_from_slice(b"/Reference[");
                out.extend_from_slice(reference);
                out.push(b']');
            }
            let slots = reserve(out, document_len, self.contents_len);
            out.extend_from_slice(b">>");
            slots
        });
        Ok((id, slots))
    }
}

/// A signature reference dictionary by which the signature locks fields (tables 256 and 259).
fn field_mdp(
    update: &Update<'_, '_>,
    holder: ObjectId,
    lock: &Lock,
    permitted: Option<Permitted>,
) -> Result<Vec<u8>, Error> {
    let mut out = b"<</Type/SigRef/TransformMethod/FieldMDP/TransformParams<</Type/TransformParams/V/1.2/Action".to_vec();
    let (action, names): (&[u8], &[String]) = match lock {
        Lock::All => (b"All", &[]),
        Lock::Exclude(names) => (b"Exclude", names),
        Lock::Include(names) => (b"Include", names),
    };
    serialize::name(&mut out, action);
    if *lock != Lock::All {
        out.extend_from_slice(b"/Fields[");
        for name in names {
            out.extend_from_slice(&update.text_string(holder, name)?);
        }
        out.push(b']');
    }
    if let Some(permitted) = permitted {
        out.extend_from_slice(b"/P ");
        serialize::integer(&mut out, permitted.p());
    }
    out.extend_from_slice(b">>/Data ");
    let (number, generation) = update.pdf().root_id();
    serialize::reference(&mut out, number, generation);
    out.extend_from_slice(b">>");
    Ok(out)
}

/// A date with its offset (7.9.4).
fn date(time: &Zoned) -> String {
    let offset = time.offset().seconds();
    let sign = if offset < 0 { '-' } else { '+' };
    let minutes = offset.unsigned_abs() / 60;
    format!(
        "D:{}{sign}{:02}'{:02}'",
        time.strftime("%Y%m%d%H%M%S"),
        minutes / 60,
        minutes % 60
    )
}

/// A new signature field, merged with its widget.
pub(crate) fn field(
    name: &str,
    value: ObjectId,
    page: ObjectId,
    rect: [f64; 4],
    appearance: ObjectId,
) -> Dictionary {
    let mut dict = annotation(b"Widget", page, rect, appearance, WIDGET_FLAGS);
    dict.set("FT", "Sig");
    dict.set("T", lopdf::text_string(name));
    dict.set("V", value);
    dict
}

/// A picture on a page that can be neither changed nor moved.
pub(crate) fn stamp(page: ObjectId, rect: [f64; 4], appearance: ObjectId) -> Dictionary {
    annotation(b"Stamp", page, rect, appearance, STAMP_FLAGS)
}

fn annotation(
    subtype: &[u8],
    page: ObjectId,
    rect: [f64; 4],
    appearance: ObjectId,
    flags: i64,
) -> Dictionary {
    let mut dict = Dictionary::new();
    dict.set("Type", "Annot");
    dict.set("Subtype", Object::Name(subtype.to_vec()));
    dict.set("Rect", rect.map(number).to_vec());
    dict.set("F", flags);
    dict.set("P", page);
    let mut appearances = Dictionary::new();
    appearances.set("N", appearance);
    dict.set("AP", appearances);
    dict
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "coordinates on a page are below a few million"
)]
fn number(value: f64) -> Object {
    Object::Real(value as f32)
}

/// The flags of a widget that is to be seen and printed.
pub(crate) const fn shown(flags: i64) -> i64 {
    (flags & !UNSEEN) | WIDGET_FLAGS
}

/// An appearance with nothing in it. Archival profiles want one even where there is nothing to see (ISO 19005-1, 6.9).
pub(crate) fn empty_appearance() -> Object {
    let mut dict = Dictionary::new();
    dict.set("Type", "XObject");
    dict.set("Subtype", "Form");
    dict.set("BBox", vec![0.into(), 0.into(), 0.into(), 0.into()]);
    dict.set("Resources", Dictionary::new());
    Object::Stream(lopdf::Stream::new(dict, Vec::new()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_carry_their_offset() {
        let zoned = |text: &str| text.parse::<Zoned>().unwrap();
        assert_eq!(
            date(&zoned("2026-11-20T13:05:09.9+07:00[+07:00]")),
            "D:20261120130509+07'00'"
        );
        assert_eq!(
            date(&zoned("2026-01-02T03:04:05-03:30[-03:30]")),
            "D:20260102030405-03'30'"
        );
    }

    #[test]
    fn hidden_flags_go_and_print_comes() {
        assert_eq!(shown(2 | 16), 4 | 16 | 128);
    }
}
