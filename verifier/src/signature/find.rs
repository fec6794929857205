//! Finding signatures: through the form, through /Perms, and in the raw bytes for what neither leads to.

use std::collections::HashSet;

use signer::pdf::{Dictionary, Entry, Object, Pdf};

use crate::document::field::Fields;
use crate::document::{id_of, signature_marks, value};
use crate::policy::Policy;
use crate::report::{Check, Findings, SubIndication};

/// Something that claims to be a signature.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) field: Option<String>,
    /// The object that holds the dictionary.
    pub(crate) holder: Option<u32>,
    /// Where that object starts in the file.
    pub(crate) offset: Option<usize>,
    pub(crate) dictionary: Result<Dictionary, String>,
}

/// All signatures of a document.
pub(crate) fn find(pdf: &Pdf<'_>, policy: &Policy, document: &mut Findings) -> Vec<Found> {
    let fields = Fields::read(pdf);
    let mut found: Vec<Found> = Vec::new();
    let mut holders = HashSet::new();
    for field in fields.fields.iter().filter(|field| field.is_signature()) {
        let Some(value) = field.own_or_inherited_value(&fields.fields) else {
            continue;
        };
        if found.len() >= policy.limits.max_signatures {
            document.doubt(
                Check::SignatureDictionary,
                SubIndication::Generic,
                format!("more than {} signatures", policy.limits.max_signatures),
            );
            break;
        }
        let holder = value.as_reference().map_or(field.number, |id| id.0);
        let dictionary = match pdf.resolve(&value).map(signer::pdf::Resolved::into_owned) {
            Ok(Object::Dictionary(dictionary)) => Ok(dictionary),
            // A value that leads nowhere is no value (ISO 32000-2, 7.3.10).
            Ok(Object::Null) => {
                document.warn(
                    Check::SignatureDictionary,
                    format!("the value of signature field {:?} is missing", field.name),
                );
                continue;
            }
            Ok(_) => Err("the value of the field is no dictionary".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        if !holders.insert(holder) {
            document.doubt(
                Check::SignatureDictionary,
                SubIndication::FormatFailure,
                format!(
                    "field {:?} shares its signature with another one",
                    field.name
                ),
            );
            continue;
        }
        found.push(Found {
            field: Some(field.name.clone()),
            holder: Some(holder),
            offset: offset(pdf, holder),
            dictionary,
        });
    }
    permissions(pdf, &mut holders, &mut found, document);
    let signed = !found.is_empty() || !signature_marks(pdf.bytes(), 1).is_empty();
    for trouble in &fields.trouble {
        if signed {
            document.doubt(
                Check::DocumentStructure,
                SubIndication::FormatFailure,
                trouble,
            );
        } else {
            document.warn(Check::DocumentStructure, trouble);
        }
    }
    unreferenced(pdf, &found, document);
    found
}

fn offset(pdf: &Pdf<'_>, number: u32) -> Option<usize> {
    match pdf.entry(number) {
        Some(Entry::InUse { offset, .. }) => Some(offset),
        _ => None,
    }
}

/// Certifications that the catalog names (ISO 32000-2, 12.8.6).
fn permissions(
    pdf: &Pdf<'_>,
    holders: &mut HashSet<u32>,
    found: &mut Vec<Found>,
    document: &mut Findings,
) {
    let Ok(catalog) = pdf.catalog() else { return };
    let Ok(catalog) = catalog.as_dict() else {
        return;
    };
    let Object::Dictionary(permissions) = value(pdf, catalog, b"Perms") else {
        return;
    };
    for key in [&b"UR3"[..], b"UR"] {
        if let Ok(Object::Reference(id)) = permissions.get(key)
            && holders.insert(id.0)
        {
            document.note(
                Check::SignatureDictionary,
                "the document has usage rights of a vendor; they say nothing about its content",
            );
        }
    }
    if let Ok(Object::Reference(id)) = permissions.get(b"DocMDP")
        && holders.insert(id.0)
    {
        let dictionary = match pdf.object(*id).map(|object| (*object).clone()) {
            Ok(Object::Dictionary(dictionary)) => Ok(dictionary),
            Ok(Object::Null) => return,
            Ok(_) => Err("the certification is no dictionary".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        found.push(Found {
            field: None,
            holder: Some(id.0),
            offset: offset(pdf, id.0),
            dictionary,
        });
    }
}

/// Signature dictionaries in the raw bytes that nothing leads to any more: another reader may still find them.
fn unreferenced(pdf: &Pdf<'_>, found: &[Found], document: &mut Findings) {
    const MAX: usize = 4096;
    let mut starts: Vec<(usize, u32)> = (0..pdf.revisions().len())
        .flat_map(|revision| {
            let revision = pdf.revisions().get(revision);
            revision.into_iter().flat_map(|revision| {
                revision
                    .numbers()
                    .filter_map(|number| match revision.entry(number) {
                        Some(Entry::InUse { offset, .. }) => Some((offset, number)),
                        _ => None,
                    })
            })
        })
        .take(MAX_ENTRIES)
        .collect();
    let marks = signature_marks(pdf.bytes(), MAX);
    if marks.len() <= found.len() && found.iter().all(|one| one.dictionary.is_ok()) {
        return;
    }
    starts.sort_unstable();
    let known: HashSet<usize> = found.iter().filter_map(|one| one.offset).collect();
    let rights = usage_rights(pdf);
    for mark in marks {
        let before = starts.partition_point(|(offset, _)| *offset <= mark);
        let holder = before
            .checked_sub(1)
            .and_then(|index| starts.get(index))
            .copied();
        match holder {
            Some((offset, number)) if known.contains(&offset) || rights == Some(number) => {}
            Some((offset, number)) => {
                let current = matches!(pdf.entry(number), Some(Entry::InUse { offset: at, .. }) if at == offset);
                let is_signature = current
                    && pdf.object(id_of(pdf, number)).is_ok_and(|object| {
                        object.as_dict().is_ok_and(|dictionary| {
                            dictionary.has(b"ByteRange") && dictionary.has(b"Contents")
                        })
                    });
                if is_signature {
                    document.doubt(
                        Check::SignatureDictionary,
                        SubIndication::FormatFailure,
                        format!("object {number} is a signature that no field refers to"),
                    );
                } else {
                    document.warn(
                        Check::SignatureDictionary,
                        format!("something like a signature at offset {mark} is not used"),
                    );
                }
            }
            None => document.warn(
                Check::SignatureDictionary,
                format!("something like a signature at offset {mark} is not used"),
            ),
        }
    }
}

const MAX_ENTRIES: usize = 2_000_000;

fn usage_rights(pdf: &Pdf<'_>) -> Option<u32> {
    let catalog = pdf.catalog().ok()?;
    let Object::Dictionary(permissions) = value(pdf, catalog.as_dict().ok()?, b"Perms") else {
        return None;
    };
    permissions
        .get(b"UR3")
        .ok()?
        .as_reference()
        .ok()
        .map(|id| id.0)
}
