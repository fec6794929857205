//! Content that is prepared to be shown, or hidden, by a later change (shadow attacks): reason to look closer, before a
//! document is signed and after.

use std::collections::HashSet;

use signer::pdf::{Entry, Object, Pdf};

use crate::diff::{Graph, shown_text, text_fits};
use crate::document::field::Fields;
use crate::document::{id_of, open, text, value};
use crate::policy::{Limits, Policy};
use crate::report::{Check, Finding, Findings};

/// Warnings of one kind.
const MOST: usize = 20;

/// What in a document could be shown or hidden later without being noticed by those who read it now.
///
/// The document is read as far as the policy's limits go; one that cannot be read has no findings here.
#[must_use]
pub fn inspect(document: &[u8], policy: &Policy) -> Vec<Finding> {
    let mut findings = Findings::default();
    if let Ok(pdf) = open(document, policy) {
        warn(&pdf, &policy.limits, &mut findings);
    }
    findings.0
}

pub(crate) fn warn(pdf: &Pdf<'_>, limits: &Limits, findings: &mut Findings) {
    unused(pdf, limits, findings);
    fields(pdf, findings);
}

/// Pages, pictures, fonts and the like that nothing refers to: one changed reference would show them.
fn unused(pdf: &Pdf<'_>, limits: &Limits, findings: &mut Findings) {
    let graph = Graph::read(pdf, limits);
    if graph.incomplete {
        return;
    }
    let used = graph.reverse();
    let numbers: HashSet<u32> = pdf
        .revisions()
        .iter()
        .flat_map(|revision| revision.numbers().collect::<Vec<_>>())
        .collect();
    let mut unused: Vec<u32> = numbers
        .into_iter()
        .filter(|number| !used.contains_key(number))
        .filter(|number| !matches!(pdf.entry(*number), None | Some(Entry::Free { .. })))
        .collect();
    unused.sort_unstable();
    let shows = |number: &u32| {
        let object = pdf.object(id_of(pdf, *number)).ok()?;
        let (dictionary, is_stream) = match &*object {
            Object::Dictionary(dictionary) => (dictionary, false),
            Object::Stream(stream) => (&stream.dict, true),
            _ => return None,
        };
        let kind = dictionary.get(b"Type").and_then(Object::as_name).ok();
        let telling = match kind {
            Some(b"Page" | b"Pages" | b"Catalog" | b"Font" | b"XObject" | b"Annot") => true,
            None => is_stream,
            _ => false,
        };
        let name = kind
            .map_or("content".into(), String::from_utf8_lossy)
            .into_owned();
        telling.then_some((*number, name))
    };
    for (number, name) in unused.iter().filter_map(shows).take(MOST) {
        findings.warn(
            Check::HiddenContent,
            format!("object {number} ({name}) is there and nothing refers to it"),
        );
    }
}

/// Fields that show something else than their value: readers that draw them anew show the value.
fn fields(pdf: &Pdf<'_>, findings: &mut Findings) {
    let fields = Fields::read(pdf);
    let mut told = 0;
    for field in fields.fields.iter().filter(|field| field.kind == b"Tx") {
        let Some(value) = text(&value(pdf, &field.dictionary, b"V")) else {
            continue;
        };
        let shown: Vec<Option<String>> = field
            .widgets
            .iter()
            .filter_map(|widget| {
                let object = pdf.object(id_of(pdf, *widget)).ok()?;
                let appearance = object.as_dict().ok()?.get(b"AP").ok().cloned();
                appearance.map(|appearance| shown_text(pdf, &appearance))
            })
            .collect();
        if text_fits(&value, &shown) == Some(false) && told < MOST {
            told += 1;
            findings.warn(
                Check::HiddenContent,
                format!("field {:?} shows something else than its value", field.name),
            );
        }
    }
}
