//! Whether earlier signatures look sound, so that whoever signs after them is told when they do not.
//!
//! This is no validation, which is the verifier's: it looks at what a signature covers, at what came after the newest
//! one, and at that one's digest. Documents are signed all the same; what is appended breaks nothing that was whole.

use aws_lc_rs::digest;
use cms::signed_data::SignedData;
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5911::ID_MESSAGE_DIGEST;
use const_oid::db::rfc5912;
use der::asn1::{ContextSpecific, OctetString};
use der::{EncodingRules, Reader, SliceReader, TagNumber};
use lopdf::{Dictionary, Object};

use super::Warning;
use crate::pdf::acro_form::AcroForm;
use crate::pdf::{Error, Pdf};

/// What one signature covers.
struct Covered {
    before: usize,
    after: usize,
    end: usize,
}

/// What is to be told about the signatures that the document holds.
pub(super) fn doubts(pdf: &Pdf<'_>, form: &AcroForm) -> Result<Option<Warning>, Error> {
    let mut newest: Option<(Covered, Dictionary)> = None;
    for field in form.signed() {
        let Some(value) = &field.value else { continue };
        let value = pdf.resolve(value)?;
        let Ok(signature) = value.as_dict() else {
            return Ok(Some(Warning::BrokenSignature));
        };
        let Some(covered) = covered(pdf, signature)? else {
            return Ok(Some(Warning::BrokenSignature));
        };
        if newest
            .as_ref()
            .is_none_or(|(other, _)| other.end < covered.end)
        {
            newest = Some((covered, signature.clone()));
        }
    }
    let Some((covered, signature)) = newest else {
        return Ok(None);
    };
    if changed_after(pdf, covered.end)? {
        return Ok(Some(Warning::ChangedAfterSigning));
    }
    Ok((!digest_matches(pdf, &covered, &signature)?).then_some(Warning::BrokenSignature))
}

/// The range of a signature that covers one revision with all before it, and leaves out its contents alone.
fn covered(pdf: &Pdf<'_>, signature: &Dictionary) -> Result<Option<Covered>, Error> {
    let range = pdf.get(signature, b"ByteRange")?;
    let Ok([zero, before, after, length]) = range.as_array().map(Vec::as_slice) else {
        return Ok(None);
    };
    let number = |object: &Object| {
        Ok::<_, Error>(
            pdf.resolve(object)?
                .as_i64()
                .ok()
                .and_then(|number| usize::try_from(number).ok()),
        )
    };
    let (Some(0), Some(before), Some(after), Some(length)) = (
        number(zero)?,
        number(before)?,
        number(after)?,
        number(length)?,
    ) else {
        return Ok(None);
    };
    let bytes = pdf.bytes();
    let Some(gap) = bytes.get(before..after) else {
        return Ok(None);
    };
    let [b'<', hexadecimal @ .., b'>'] = gap else {
        return Ok(None);
    };
    let only_digits = hexadecimal
        .iter()
        .all(|byte| byte.is_ascii_hexdigit() || byte.is_ascii_whitespace());
    let Some(end) = after.checked_add(length).filter(|end| *end <= bytes.len()) else {
        return Ok(None);
    };
    let ends_revision = pdf.revisions().iter().any(|revision| {
        let (from, to) = (end.min(revision.end()), end.max(revision.end()));
        bytes
            .get(from..to)
            .is_some_and(|between| between.iter().all(u8::is_ascii_whitespace))
    });
    Ok((only_digits && ends_revision).then_some(Covered { before, after, end }))
}

/// Whether a revision behind `end` changed what was there. Adding objects and naming them in the catalogue is how
/// validation material is kept (EN 319 142-1, 5.4).
fn changed_after(pdf: &Pdf<'_>, end: usize) -> Result<bool, Error> {
    let revisions = pdf.revisions();
    let later = revisions
        .iter()
        .position(|revision| revision.xref_offset() >= end)
        .unwrap_or(revisions.len());
    let (signed, later) = revisions
        .split_at_checked(later)
        .unwrap_or((revisions, &[]));
    if later.is_empty() {
        return Ok(false);
    }
    let highest = signed
        .iter()
        .map(|revision| revision.highest())
        .max()
        .unwrap_or(0);
    let catalog = pdf.catalog()?;
    let store = catalog
        .as_dict()
        .ok()
        .and_then(|catalog| catalog.get(b"DSS").ok());
    let root = pdf.root_id().0;
    let kept = [
        Some(root),
        store
            .and_then(|store| store.as_reference().ok())
            .map(|store| store.0),
    ];
    let mut numbers = later.iter().flat_map(|revision| revision.numbers());
    Ok(store.is_none()
        || !numbers.all(|number| number == 0 || number > highest || kept.contains(&Some(number))))
}

/// Whether the message digest is that of what is covered; also when it cannot be told from the contents.
fn digest_matches(pdf: &Pdf<'_>, covered: &Covered, signature: &Dictionary) -> Result<bool, Error> {
    let contents = pdf.get(signature, b"Contents")?;
    let Ok(contents) = contents.as_str() else {
        return Ok(false);
    };
    let Some(signed) = signed_data(contents) else {
        return Ok(!contents.is_empty());
    };
    if signed.encap_content_info.econtent.is_some() {
        // Only a timestamp, and the oldest of the encodings, has content of its own.
        let sub_filter = pdf.get(signature, b"SubFilter")?;
        return Ok(!sub_filter
            .as_name()
            .is_ok_and(|name| name.ends_with(b".detached")));
    }
    let Some((algorithm, stated)) = message_digest(&signed) else {
        return Ok(true);
    };
    let mut context = digest::Context::new(algorithm);
    for part in [0..covered.before, covered.after..covered.end] {
        context.update(pdf.bytes().get(part).unwrap_or(&[]));
    }
    Ok(context.finish().as_ref() == stated)
}

/// The CMS, whatever padding follows it.
fn signed_data(contents: &[u8]) -> Option<SignedData> {
    let mut reader = SliceReader::new_with_encoding_rules(contents, EncodingRules::Ber).ok()?;
    reader
        .sequence(|content| {
            let _content_type: ObjectIdentifier = content.decode()?;
            ContextSpecific::<SignedData>::decode_explicit(content, TagNumber(0))
        })
        .ok()?
        .map(|signed| signed.value)
}

/// The digest that the first signer states.
fn message_digest(signed: &SignedData) -> Option<(&'static digest::Algorithm, Vec<u8>)> {
    let signer = signed.signer_infos.0.iter().next()?;
    let algorithm = match signer.digest_alg.oid {
        rfc5912::ID_SHA_1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        rfc5912::ID_SHA_256 => &digest::SHA256,
        rfc5912::ID_SHA_384 => &digest::SHA384,
        rfc5912::ID_SHA_512 => &digest::SHA512,
        _ => return None,
    };
    let attributes = signer.signed_attrs.as_ref()?;
    let attribute = attributes
        .iter()
        .find(|attribute| attribute.oid == ID_MESSAGE_DIGEST)?;
    let stated: OctetString = attribute.values.iter().next()?.decode_as().ok()?;
    Some((algorithm, stated.as_bytes().to_vec()))
}
