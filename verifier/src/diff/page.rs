//! Pages and annotations (ISO 32000-2, 7.7.3 and 12.5): a page may change in its annotations alone, and an annotation
//! that could hide content, or look like it, is more than a remark.

use std::collections::{BTreeSet, HashMap, HashSet};

use signer::pdf::{Dictionary, Object, Pdf};

use super::graph::Key;
use super::{Class, Step};
use crate::document::{changed_keys, id_of, same, value};

/// Numbers of pages and of what stands on them.
const MAX_PAGES: usize = 50_000;

impl Step<'_, '_> {
    pub(super) fn page_contents(&mut self) {
        let mut pages = BTreeSet::new();
        let numbers: Vec<u32> = self.changed.keys().copied().collect();
        for number in numbers {
            let Some(pair) = self.changed.get(&number).cloned() else {
                continue;
            };
            let is_page = |object: &Object| {
                object
                    .as_dict()
                    .is_ok_and(|dictionary| dictionary.has_type(b"Page"))
            };
            if is_page(&pair.old) && is_page(&pair.new) {
                self.page(number, &pair.old, &pair.new);
                pages.insert(number);
            } else if matches!(
                (&*pair.old, &*pair.new),
                (Object::Array(_), Object::Array(_))
            ) {
                let referrers = self.referrers.get(&number).cloned().unwrap_or_default();
                let annotations = Key::new(b"Annots");
                if !referrers.is_empty() && referrers.iter().all(|(_, key)| *key == annotations) {
                    self.explain_dictionary(number);
                    pages.extend(referrers.iter().map(|(page, _)| *page));
                }
            }
        }
        for page in pages {
            self.annotations(page);
        }
        self.changed_annotations();
    }

    fn page(&mut self, number: u32, old: &Object, new: &Object) {
        let (Ok(old), Ok(new)) = (old.as_dict(), new.as_dict()) else {
            return;
        };
        self.explain_dictionary(number);
        for key in changed_keys(old, new) {
            match key.as_slice() {
                b"Annots" => {}
                // The order in which fields are tabbed through.
                b"Tabs" => self.report(
                    Some(number),
                    "the tab order of a page was set",
                    Class::Archival,
                ),
                other => {
                    let name = String::from_utf8_lossy(other).into_owned();
                    self.forbid(number, format!("/{name} of a page was changed"));
                }
            }
        }
    }

    fn annotations(&mut self, page: u32) {
        let list = |pdf: &Pdf<'_>| {
            let object = pdf.object(id_of(pdf, page)).ok()?;
            let dictionary = object.as_dict().ok()?;
            match value(pdf, dictionary, b"Annots") {
                Object::Array(items) => Some((items, dictionary.get(b"Annots").ok().cloned())),
                Object::Null => Some((Vec::new(), None)),
                _ => None,
            }
        };
        let (Some((before, _)), Some((after, place))) = (list(self.old), list(self.new)) else {
            self.forbid(page, "the annotations of a page cannot be read");
            return;
        };
        if let Some(Object::Reference(id)) = place {
            self.explain(id.0, &[(page, Key::new(b"Annots"))]);
        }
        let kept: Vec<&Object> = before.iter().filter(|item| after.contains(item)).collect();
        let still: Vec<&Object> = after.iter().filter(|item| before.contains(item)).collect();
        if kept != still {
            self.forbid(page, "the order of a page's annotations was changed");
        }
        for removed in before.iter().filter(|item| !after.contains(item)) {
            let harmless = self.harmless(self.old, removed);
            self.report(
                Some(page),
                "an annotation was taken off a page",
                Class::Annotation { harmless },
            );
        }
        let mut seen = HashSet::new();
        for added in after.iter().filter(|item| !before.contains(item)) {
            match added {
                Object::Reference(id) if !seen.insert(id.0) => {
                    self.forbid(page, "an annotation stands on a page twice");
                }
                Object::Reference(id) if self.new_widgets.contains(&id.0) => {}
                Object::Reference(id) if self.old_widgets.contains(&id.0) => {
                    self.forbid(page, "a field that was on no page is on one now");
                }
                Object::Reference(id) => self.added(page, id.0),
                _ => self.forbid(page, "an annotation was added to a page"),
            }
        }
    }

    fn added(&mut self, page: u32, number: u32) {
        let object = self.new.object(id_of(self.new, number));
        let subtype = object
            .as_ref()
            .ok()
            .and_then(|object| object.as_dict().ok())
            .and_then(|dictionary| dictionary.get(b"Subtype").ok())
            .and_then(|subtype| subtype.as_name().ok())
            .map(|subtype| String::from_utf8_lossy(subtype).into_owned());
        let Some(subtype) = subtype.filter(|_| self.is_new(number)) else {
            self.forbid(page, "something that was there before was put on a page");
            return;
        };
        if subtype == "Widget" {
            self.forbid(page, "a widget of no field was put on a page");
            return;
        }
        self.explain(number, &[]);
        let harmless = self.harmless(self.new, &Object::Reference(id_of(self.new, number)));
        let page = self.page_of(page);
        self.found.push(super::Found {
            object: Some(number),
            page,
            what: format!("a {subtype} annotation was added over the content"),
            class: Class::Annotation { harmless },
        });
    }

    /// Annotations that were there and look different now.
    fn changed_annotations(&mut self) {
        let numbers: Vec<u32> = self
            .changed
            .iter()
            .filter(|(number, pair)| !self.explained.contains(number) && !pair.is_new())
            .map(|(number, _)| *number)
            .collect();
        for number in numbers {
            let Some(pair) = self.changed.get(&number).cloned() else {
                continue;
            };
            let (Ok(old), Ok(new)) = (pair.old.as_dict(), pair.new.as_dict()) else {
                continue;
            };
            let subtype = |dictionary: &Dictionary| {
                dictionary
                    .get(b"Subtype")
                    .and_then(Object::as_name)
                    .map(<[u8]>::to_vec)
                    .ok()
            };
            let is_annotation = old.has(b"Rect") && old.has(b"Subtype");
            if !is_annotation
                || subtype(old) != subtype(new)
                || subtype(old).as_deref() == Some(b"Widget")
            {
                continue;
            }
            let on_page = self.referrers.get(&number).is_some_and(|referrers| {
                referrers.iter().all(|(_, key)| {
                    [
                        Key::new(b"Annots"),
                        Key::NONE,
                        Key::new(b"Popup"),
                        Key::new(b"Parent"),
                        Key::new(b"IRT"),
                    ]
                    .contains(key)
                })
            });
            if !on_page {
                continue;
            }
            self.explain_dictionary(number);
            let reference = Object::Reference(id_of(self.new, number));
            let harmless =
                self.harmless(self.old, &reference) && self.harmless(self.new, &reference);
            self.report(
                Some(number),
                "an annotation was changed",
                Class::Annotation { harmless },
            );
        }
    }

    /// Whether an annotation cannot hide content or pass for it: a note's icon, a pop-up, or a mark without an
    /// appearance of its own.
    fn harmless(&self, pdf: &Pdf<'_>, annotation: &Object) -> bool {
        const ICON: f32 = 48.0;
        let Ok(annotation) = pdf.resolve(annotation) else {
            return false;
        };
        let Ok(annotation) = annotation.as_dict() else {
            return false;
        };
        if annotation.has(b"A") || annotation.has(b"AA") {
            return false;
        }
        let Some([left, bottom, right, top]) = rectangle(&value(pdf, annotation, b"Rect")) else {
            return false;
        };
        let small = (right - left).abs() <= ICON && (top - bottom).abs() <= ICON;
        let drawn = annotation.has(b"AP");
        match annotation.get(b"Subtype").and_then(Object::as_name) {
            Ok(b"Popup") => !drawn,
            Ok(b"Text") => small,
            Ok(b"Highlight" | b"Underline" | b"StrikeOut" | b"Squiggly") => !drawn,
            _ => false,
        }
    }

    /// The page an object is, or stands on, counted from 1.
    pub(super) fn page_of(&mut self, number: u32) -> Option<u32> {
        if self.pages.is_none() {
            self.pages = Some(pages(self.new));
        }
        self.pages.as_ref()?.get(&number).copied()
    }
}

/// Four numbers.
pub(super) fn rectangle(object: &Object) -> Option<[f32; 4]> {
    let items = object.as_array().ok()?;
    let numbers: Option<Vec<f32>> = items.iter().map(|item| item.as_float().ok()).collect();
    numbers?.try_into().ok()
}

/// The numbers of all pages and of the annotations on them, by object.
fn pages(pdf: &Pdf<'_>) -> HashMap<u32, u32> {
    let mut found = HashMap::new();
    let Ok(catalog) = pdf.catalog() else {
        return found;
    };
    let Some(root) = catalog
        .as_dict()
        .ok()
        .and_then(|catalog| catalog.get(b"Pages").ok())
    else {
        return found;
    };
    let mut pending = vec![root.clone()];
    let mut seen = HashSet::new();
    let mut count = 0;
    while let Some(node) = pending.pop() {
        let Object::Reference(id) = node else {
            continue;
        };
        if !seen.insert(id.0) || seen.len() > MAX_PAGES {
            continue;
        }
        let Ok(object) = pdf.object(id) else { continue };
        let Ok(dictionary) = object.as_dict() else {
            continue;
        };
        if let Object::Array(kids) = value(pdf, dictionary, b"Kids") {
            pending.extend(kids.into_iter().rev());
            continue;
        }
        count += 1;
        found.insert(id.0, count);
        if let Object::Array(annotations) = value(pdf, dictionary, b"Annots") {
            for annotation in annotations.iter().take(MAX_PAGES) {
                if let Object::Reference(id) = annotation {
                    found.entry(id.0).or_insert(count);
                }
            }
        }
    }
    found
}

/// Whether two values are the same array of numbers.
pub(super) fn same_rectangle(one: &Object, other: &Object) -> bool {
    match (rectangle(one), rectangle(other)) {
        (Some(one), Some(other)) => one == other,
        _ => same(one, other),
    }
}
