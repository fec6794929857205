//! The bytes that are signed: two ranges that leave out this signature's /Contents and nothing else, up to the end of
//! a revision.

use std::collections::HashMap;

use aws_lc_rs::digest;
use signer::pdf::{Dictionary, Object};

use super::Examined;
use crate::algorithm::Digest;
use crate::document::{Stages, id_of};
use crate::policy::Policy;
use crate::report::{Check, Findings, SubIndication};

/// Checks /`ByteRange` and /Contents; gives the bytes in the gap if the signature can be examined further.
pub(super) fn check(
    examined: &mut Examined,
    stages: &Stages<'_, '_>,
    policy: &Policy,
) -> Option<Vec<u8>> {
    let dictionary = examined.found.dictionary.clone().ok()?;
    let bytes = stages.bytes();
    let findings = &mut examined.findings;
    let range = byte_range(&dictionary, bytes.len(), findings);
    let declared = contents(&dictionary, findings);
    let (range, declared) = (range?, declared?);
    examined.coverage.byte_range = Some(range.map(|number| number as u64));
    let [_, gap_start, gap_end, length] = range;
    let end = gap_end + length;
    let gap = bytes.get(gap_start..gap_end).unwrap_or_default();
    let decoded = hexadecimal(gap, findings)?;
    let holder = examined.found.offset;
    let before = holder.and_then(|offset| bytes.get(offset..gap_start));
    let own = before.is_some_and(|before| {
        before.trim_ascii_end().ends_with(b"/Contents")
            && memchr::memmem::find(before, b"endobj").is_none()
    });
    let encrypted = stages.at(bytes.len()).is_ok_and(|pdf| pdf.is_encrypted());
    if !own || (!encrypted && decoded != declared) {
        findings.fail(
            Check::Contents,
            SubIndication::FormatFailure,
            "the gap of /ByteRange is not this signature's /Contents",
        );
        return None;
    }
    findings.pass(
        Check::Contents,
        format!(
            "the gap at {gap_start} is the {} bytes of /Contents",
            decoded.len()
        ),
    );
    examined.end = Some(end);
    revision(examined, stages, end, policy);
    Some(decoded)
}

fn byte_range(dictionary: &Dictionary, file: usize, findings: &mut Findings) -> Option<[usize; 4]> {
    let mut fail = |why: String| {
        findings.fail(Check::ByteRange, SubIndication::FormatFailure, why);
        None
    };
    let array = match dictionary.get(b"ByteRange") {
        Ok(Object::Array(array)) => array,
        Ok(_) => return fail("/ByteRange is no array".to_owned()),
        Err(_) => return fail("no /ByteRange".to_owned()),
    };
    if array.len() != 4 {
        return fail(format!(
            "/ByteRange has {} numbers instead of 4",
            array.len()
        ));
    }
    let numbers: Option<Vec<usize>> = array
        .iter()
        .map(|number| match number {
            Object::Integer(number) => usize::try_from(*number).ok(),
            _ => None,
        })
        .collect();
    let Some([start, length, next, rest]) =
        numbers.and_then(|numbers| <[usize; 4]>::try_from(numbers).ok())
    else {
        return fail("/ByteRange has something else than offsets and lengths".to_owned());
    };
    let shown = format!("[{start} {length} {next} {rest}]");
    if start != 0 {
        return fail(format!("{shown}: the file's beginning is not signed"));
    }
    if length == 0 || next <= length {
        return fail(format!("{shown}: the ranges leave no gap between them"));
    }
    if rest == 0 || next.checked_add(rest).is_none_or(|end| end > file) {
        return fail(format!("{shown}: the file has {file} bytes"));
    }
    findings.pass(Check::ByteRange, format!("{shown} of {file} bytes"));
    Some([start, length, next, rest])
}

fn contents(dictionary: &Dictionary, findings: &mut Findings) -> Option<Vec<u8>> {
    let why = match dictionary.get(b"Contents") {
        Ok(Object::String(contents, _)) if contents.iter().any(|byte| *byte != 0) => {
            return Some(contents.clone());
        }
        Ok(Object::String(..)) => "/Contents is empty",
        Ok(_) => "/Contents is no string",
        Err(_) => "no /Contents",
    };
    findings.fail(Check::Contents, SubIndication::FormatFailure, why);
    None
}

/// The bytes of a gap that is one hexadecimal string, delimiters included.
fn hexadecimal(gap: &[u8], findings: &mut Findings) -> Option<Vec<u8>> {
    let read = || {
        let digits = gap.strip_prefix(b"<")?.strip_suffix(b">")?;
        crate::hexadecimal::decode(
            digits
                .iter()
                .copied()
                .filter(|byte| !byte.is_ascii_whitespace()),
        )
    };
    let bytes = read();
    if bytes.is_none() {
        findings.fail(
            Check::Contents,
            SubIndication::FormatFailure,
            "the gap of /ByteRange is not exactly one hexadecimal string",
        );
    }
    bytes
}

/// Whether the signed bytes are a document by themselves, with the signature in it.
fn revision(examined: &mut Examined, stages: &Stages<'_, '_>, end: usize, policy: &Policy) {
    let bytes = stages.bytes();
    let findings = &mut examined.findings;
    let signed = bytes.get(..end).unwrap_or_default();
    let rest = bytes.get(end..).unwrap_or_default();
    let blank = rest
        .iter()
        .all(|byte| byte.is_ascii_whitespace() || *byte == 0);
    examined.coverage.whole_document = blank;
    if !signed.trim_ascii_end().ends_with(b"%%EOF") {
        let detail = format!("the signed bytes do not end with a revision but at {end}");
        if blank {
            findings.doubt(Check::ByteRange, SubIndication::FormatFailure, detail);
        } else {
            findings.fail(Check::ByteRange, SubIndication::FormatFailure, detail);
        }
        return;
    }
    let Ok(whole) = stages.at(bytes.len()) else {
        return;
    };
    let pdf = match stages.at(if blank { bytes.len() } else { end }) {
        Ok(pdf) => pdf,
        Err(error) => {
            findings.doubt(
                Check::ByteRange,
                SubIndication::FormatFailure,
                format!("the signed bytes are no document: {error}"),
            );
            return;
        }
    };
    let newest = pdf
        .revisions()
        .last()
        .map(signer::pdf::Revision::xref_offset);
    examined.coverage.revision = whole
        .revisions()
        .iter()
        .position(|revision| Some(revision.xref_offset()) == newest)
        .map(|index| index + 1);
    if examined.coverage.revision.is_none() {
        findings.fail(
            Check::ByteRange,
            SubIndication::FormatFailure,
            "the revision that was signed is none of the document's",
        );
        return;
    }
    let Some(holder) = examined.found.holder else {
        return;
    };
    let inside = pdf.object(id_of(&pdf, holder)).is_ok_and(|object| {
        whole
            .object(id_of(&whole, holder))
            .is_ok_and(|now| crate::document::same(&object, &now))
    });
    if !inside || pdf.entry(holder) != whole.entry(holder) {
        findings.fail(
            Check::ByteRange,
            SubIndication::FormatFailure,
            "the signature's dictionary is not in the revision it signs",
        );
        return;
    }
    if blank {
        findings.pass(Check::ByteRange, "the whole file is covered");
    } else if rest.len() > policy.limits.pdf.max_decoded {
        findings.note(Check::ByteRange, "much was added after it");
    } else {
        findings.note(
            Check::ByteRange,
            format!("{} bytes were added after it", rest.len()),
        );
    }
}

/// Digests of the signed bytes, each computed once.
#[derive(Debug)]
pub(crate) struct ContentDigests<'a> {
    bytes: &'a [u8],
    known: HashMap<(Digest, [u64; 4]), digest::Digest>,
    left: u64,
}

impl<'a> ContentDigests<'a> {
    pub(crate) fn new(bytes: &'a [u8], max: u64) -> Self {
        Self {
            bytes,
            known: HashMap::new(),
            left: max,
        }
    }

    /// The digest over both ranges; nothing if too much has been hashed already.
    pub(crate) fn of(&mut self, digest: Digest, range: [u64; 4]) -> Option<digest::Digest> {
        if let Some(known) = self.known.get(&(digest, range)) {
            return Some(*known);
        }
        let part = |start: u64, length: u64| {
            let start = usize::try_from(start).ok()?;
            self.bytes
                .get(start..start.checked_add(usize::try_from(length).ok()?)?)
        };
        let [start, length, next, rest] = range;
        let parts = [part(start, length)?, part(next, rest)?];
        self.left = self.left.checked_sub(length.saturating_add(rest))?;
        let value = digest.compute(&parts);
        self.known.insert((digest, range), value);
        Some(value)
    }
}
