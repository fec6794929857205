//! What a later revision changed (ISO 32000-2, 7.5.6 and 12.8.2.2): every changed object has to be explained.
//!
//! Two consecutive stages of the document are compared. An object that was changed counts as explained only if it plays
//! one of a few parts (a filled field and its appearance, a new signature field, the document security store and so
//! on), changed only as that part may, and plays no other. Everything else is a change nobody signed. That way round,
//! no way of using an object needs to be known to be refused.

mod appearance;
mod form;
mod graph;
mod page;
mod store;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use signer::pdf::{Entry, Object, Pdf};

pub(crate) use graph::Graph;
use graph::{Key, TRAILER};

use crate::document::{changed_keys, id_of, same};
use crate::policy::Limits;

/// What kind of change; whether it is permitted depends on the signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// An annotation; `harmless` if it cannot hide or imitate content.
    Annotation { harmless: bool },
    /// Validation material and metadata: permitted always.
    Archival,
    /// A field was filled in.
    Fill { field: String },
    /// Nobody permits this.
    Forbidden,
    /// A new signature field.
    NewSignature {
        field: String,
        visible: bool,
        stamp: bool,
    },
    /// An empty signature field was signed.
    Sign { field: String },
    /// It cannot be told what it does.
    Unclear,
}

/// One change.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) object: Option<u32>,
    pub(crate) page: Option<u32>,
    pub(crate) what: String,
    pub(crate) class: Class,
}

/// An object that was changed.
#[derive(Clone, Debug)]
struct Pair {
    old: Arc<Object>,
    new: Arc<Object>,
}

impl Pair {
    fn is_new(&self) -> bool {
        matches!(*self.old, Object::Null)
    }
}

/// The comparison of two stages.
struct Step<'s, 'a> {
    old: &'s Pdf<'a>,
    new: &'s Pdf<'a>,
    changed: BTreeMap<u32, Pair>,
    /// Who refers to the changed objects in the old stage.
    referrers: HashMap<u32, Vec<(u32, Key)>>,
    explained: BTreeSet<u32>,
    found: Vec<Found>,
    pages: Option<HashMap<u32, u32>>,
    graph: &'s Graph,
    reverse: Option<HashMap<u32, Vec<(u32, Key)>>>,
    /// Widgets of new signature fields.
    new_widgets: BTreeSet<u32>,
    /// Widgets of fields that were there before.
    old_widgets: BTreeSet<u32>,
}

/// Findings of one step.
const MAX_FOUND: usize = 60;

/// Compares two stages. The graph is that of the old stage; afterwards it is that of the new one.
pub(crate) fn compare(
    old: &Pdf<'_>,
    new: &Pdf<'_>,
    graph: &mut Graph,
    limits: &Limits,
) -> Vec<Found> {
    let (changed, mut found) = changed(old, new, limits);
    let referrers = graph.referrers(&changed.keys().copied().collect());
    let mut step = Step {
        old,
        new,
        changed,
        referrers,
        explained: BTreeSet::new(),
        found: Vec::new(),
        pages: None,
        graph: &*graph,
        reverse: None,
        new_widgets: BTreeSet::new(),
        old_widgets: BTreeSet::new(),
    };
    step.trailer();
    step.catalog();
    step.fields();
    step.page_contents();
    step.rest();
    found.append(&mut step.found);
    let objects: Vec<(u32, Arc<Object>)> = step
        .changed
        .iter()
        .map(|(number, pair)| (*number, Arc::clone(&pair.new)))
        .collect();
    for (number, object) in objects {
        graph.replace(new, number, &object);
    }
    graph.trailer(new);
    found
}

/// The objects that the newer revisions changed.
fn changed(old: &Pdf<'_>, new: &Pdf<'_>, limits: &Limits) -> (BTreeMap<u32, Pair>, Vec<Found>) {
    let mut numbers = BTreeSet::new();
    let mut found = Vec::new();
    let mut report = |object, what: String, class| {
        if found.len() < MAX_FOUND {
            found.push(Found {
                object,
                page: None,
                what,
                class,
            });
        }
    };
    let length = old.bytes().len();
    for revision in new
        .revisions()
        .iter()
        .filter(|revision| revision.xref_offset() >= length)
    {
        if revision.is_contradictory() {
            report(
                None,
                "readers find different objects in a hybrid revision".to_owned(),
                Class::Unclear,
            );
        }
        for number in revision.numbers() {
            numbers.insert(number);
            if numbers.len() > limits.max_objects {
                report(
                    None,
                    "too many objects were changed to look at".to_owned(),
                    Class::Unclear,
                );
                return (BTreeMap::new(), found);
            }
        }
    }
    let mut changed = BTreeMap::new();
    for number in numbers.into_iter().filter(|number| *number > 0) {
        let (before, after) = (old.entry(number), new.entry(number));
        if before == after {
            continue;
        }
        let read = |pdf: &Pdf<'_>, entry: Option<Entry>| match entry {
            None | Some(Entry::Free { .. }) => Ok(Arc::new(Object::Null)),
            Some(_) => pdf.object(id_of(pdf, number)),
        };
        let pair = match (read(old, before), read(new, after)) {
            (Ok(old), Ok(new)) => Pair { old, new },
            (Err(_), Ok(new)) => {
                report(
                    Some(number),
                    "an object that could not be read can now".to_owned(),
                    Class::Forbidden,
                );
                Pair {
                    old: Arc::new(Object::Null),
                    new,
                }
            }
            (_, Err(error)) => {
                report(
                    Some(number),
                    format!("a changed object cannot be read: {error}"),
                    Class::Forbidden,
                );
                continue;
            }
        };
        let moved = generation(before) != generation(after) && !matches!(*pair.old, Object::Null);
        if moved {
            report(
                Some(number),
                "an object has another generation".to_owned(),
                Class::Forbidden,
            );
        }
        if !same(&pair.old, &pair.new) {
            changed.insert(number, pair);
        }
    }
    (changed, found)
}

const fn generation(entry: Option<Entry>) -> u16 {
    match entry {
        Some(Entry::InUse { generation, .. }) => generation,
        _ => 0,
    }
}

impl Step<'_, '_> {
    fn report(&mut self, object: Option<u32>, what: impl Into<String>, class: Class) {
        if self.found.len() < MAX_FOUND {
            let page = object.and_then(|number| self.page_of(number));
            self.found.push(Found {
                object,
                page,
                what: what.into(),
                class,
            });
        } else if matches!(class, Class::Forbidden | Class::Unclear)
            && let Some(last) = self.found.last_mut()
        {
            // The worst may not be lost among the rest.
            *last = Found {
                object,
                page: None,
                what: what.into(),
                class,
            };
        }
    }

    fn forbid(&mut self, object: u32, what: impl Into<String>) {
        self.report(
            Some(object).filter(|number| *number > 0),
            what,
            Class::Forbidden,
        );
    }

    fn is_changed(&self, number: u32) -> bool {
        self.changed.contains_key(&number)
    }

    fn is_new(&self, number: u32) -> bool {
        self.changed.get(&number).is_some_and(Pair::is_new)
    }

    /// Takes a changed object for explained, if nothing but these places lead to it.
    fn explain(&mut self, number: u32, places: &[(u32, Key)]) {
        if !self.is_changed(number) {
            return;
        }
        self.explained.insert(number);
        let others = self
            .referrers
            .get(&number)
            .is_some_and(|referrers| referrers.iter().any(|referrer| !places.contains(referrer)));
        if others {
            self.forbid(number, "a changed object is used in another place too");
        }
    }

    /// Takes a changed object for explained, wherever it is used: it was changed only as its part may.
    fn explain_dictionary(&mut self, number: u32) {
        if self.is_changed(number) {
            self.explained.insert(number);
        }
    }

    /// Everything that refers to an object, changed or not.
    fn all_referrers(&mut self, number: u32) -> Vec<(u32, Key)> {
        let graph = self.graph;
        let reverse = self.reverse.get_or_insert_with(|| graph.reverse());
        reverse.get(&number).cloned().unwrap_or_default()
    }

    fn trailer(&mut self) {
        const STRUCTURE: [&[u8]; 12] = [
            b"Size",
            b"Prev",
            b"XRefStm",
            b"Type",
            b"W",
            b"Index",
            b"Filter",
            b"DecodeParms",
            b"Length",
            b"DocChecksum",
            b"ID",
            b"Info",
        ];
        let (old, new) = (self.old.trailer(), self.new.trailer());
        for key in changed_keys(old, new) {
            if !STRUCTURE.contains(&key.as_slice()) {
                self.report(
                    None,
                    format!(
                        "/{} of the trailer was changed",
                        String::from_utf8_lossy(&key)
                    ),
                    Class::Forbidden,
                );
            }
        }
        let identifier = |pdf: &Pdf<'_>| match crate::document::value(pdf, pdf.trailer(), b"ID") {
            Object::Array(both) => both.first().cloned(),
            _ => None,
        };
        if let (Some(before), Some(after)) = (identifier(self.old), identifier(self.new))
            && !same(&before, &after)
        {
            self.report(
                None,
                "the document's identifier was changed",
                Class::Forbidden,
            );
        }
        self.information();
    }

    /// What is left: everything not explained.
    fn rest(&mut self) {
        self.close();
        let left: Vec<u32> = self
            .changed
            .keys()
            .copied()
            .filter(|number| !self.explained.contains(number))
            .collect();
        for number in left {
            let Some(pair) = self.changed.get(&number).cloned() else {
                continue;
            };
            let used = self
                .referrers
                .get(&number)
                .is_some_and(|referrers| !referrers.is_empty());
            let kind = describe(&pair.new);
            if pair.is_new() {
                let structural = matches!(&*pair.new, Object::Stream(stream)
                    if stream.dict.has_type(b"XRef") || stream.dict.has_type(b"ObjStm"));
                if used {
                    self.forbid(
                        number,
                        format!("a reference that led nowhere now leads to {kind}"),
                    );
                } else if !structural {
                    self.report(
                        Some(number),
                        format!("{kind} that nothing refers to was added"),
                        Class::Archival,
                    );
                }
            } else if matches!(*pair.new, Object::Null) {
                self.forbid(number, format!("{} was removed", describe(&pair.old)));
            } else {
                let before = describe(&pair.old);
                let what = if before == kind {
                    format!("{kind} was changed")
                } else {
                    format!("{before} was replaced by {kind}")
                };
                self.forbid(number, what);
            }
        }
    }

    /// New objects that explained ones lead to are explained, unless something led to them before.
    fn close(&mut self) {
        let mut pending: Vec<u32> = self.explained.iter().copied().collect();
        while let Some(number) = pending.pop() {
            let Some(pair) = self.changed.get(&number) else {
                continue;
            };
            let mut next = Vec::new();
            graph::references(&pair.new, &mut |target| next.push(target));
            for target in next {
                if self.is_new(target) && self.explained.insert(target) {
                    let used = self.referrers.get(&target).is_some_and(|referrers| {
                        referrers
                            .iter()
                            .any(|(from, _)| !self.explained.contains(from))
                    });
                    if used {
                        self.forbid(
                            target,
                            "a reference that led nowhere now leads to a new object",
                        );
                    }
                    pending.push(target);
                }
            }
        }
    }
}

/// The text that an appearance shows; `None` where that cannot be told.
pub(crate) fn shown_text(pdf: &Pdf<'_>, appearance: &Object) -> Option<String> {
    appearance::shown(pdf, Some(appearance), None)
}

/// Whether appearances show a value; `None` where that cannot be told.
pub(crate) fn text_fits(value: &str, shown: &[Option<String>]) -> Option<bool> {
    appearance::fits(&[value.to_owned()], shown, false)
}

/// What an object is, for people.
fn describe(object: &Object) -> String {
    let dictionary = match object {
        Object::Dictionary(dictionary) => dictionary,
        Object::Stream(stream) => &stream.dict,
        Object::Array(_) => return "an array".to_owned(),
        Object::Null => return "nothing".to_owned(),
        _ => return "a value".to_owned(),
    };
    let name = |key: &[u8]| {
        let name = dictionary.get(key).ok()?.as_name().ok()?;
        Some(
            String::from_utf8_lossy(name)
                .chars()
                .take(40)
                .collect::<String>(),
        )
    };
    let kind = match (name(b"Type"), name(b"Subtype")) {
        (Some(kind), Some(subtype)) => format!(" {kind}/{subtype}"),
        (Some(kind), None) | (None, Some(kind)) => format!(" {kind}"),
        (None, None) => String::new(),
    };
    let noun = if matches!(object, Object::Stream(_)) {
        "stream"
    } else {
        "dictionary"
    };
    format!("a{kind} {noun}")
}

/// The trailer's number as a place.
const fn trailer_key(name: &[u8]) -> (u32, Key) {
    (TRAILER, Key::new(name))
}
