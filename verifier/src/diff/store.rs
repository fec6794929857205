//! Changes that any signature permits: validation material (EN 319 142-1, 5.4.2), metadata and the like; and the
//! catalog that leads to them.

use signer::pdf::{Dictionary, Object};

use super::graph::{Key, TRAILER};
use super::{Class, Step, trailer_key};
use crate::document::{changed_keys, same, value};

impl Step<'_, '_> {
    /// The document information dictionary: text about the document, shown nowhere in it.
    pub(super) fn information(&mut self) {
        let number =
            |trailer: &Dictionary| trailer.get(b"Info").and_then(Object::as_reference).ok();
        let after = number(self.new.trailer());
        if let Some(id) = after
            && self.is_changed(id.0)
        {
            self.explain(id.0, &[trailer_key(b"Info")]);
            let plain = |object: &Object| {
                matches!(
                    object,
                    Object::String(..) | Object::Name(_) | Object::Integer(_) | Object::Boolean(_)
                )
            };
            let all_plain = self.changed.get(&id.0).is_some_and(|pair| {
                pair.new
                    .as_dict()
                    .is_ok_and(|dictionary| dictionary.iter().all(|(_, value)| plain(value)))
            });
            if all_plain {
                self.report(
                    Some(id.0),
                    "the document information was changed",
                    Class::Archival,
                );
            } else {
                self.report(
                    Some(id.0),
                    "the document information is not only text",
                    Class::Unclear,
                );
            }
        } else if number(self.old.trailer()) != after && after.is_some() {
            self.report(
                None,
                "the document information is another object",
                Class::Unclear,
            );
        }
    }

    pub(super) fn catalog(&mut self) {
        let root = self.new.root_id().0;
        let (Ok(old), Ok(new)) = (self.old.catalog(), self.new.catalog()) else {
            self.forbid(root, "the catalog cannot be read");
            return;
        };
        let (Ok(old), Ok(new)) = (old.as_dict(), new.as_dict()) else {
            self.forbid(root, "the catalog cannot be read");
            return;
        };
        self.explain_dictionary(root);
        for key in changed_keys(old, new) {
            match key.as_slice() {
                // Looked at by themselves, whether the catalog was changed or not.
                b"AcroForm" | b"DSS" | b"Extensions" | b"Metadata" => {}
                b"Version" => self.report(Some(root), "the version was changed", Class::Archival),
                b"Perms" => self.permissions(root, old, new),
                other => {
                    let name = String::from_utf8_lossy(other).into_owned();
                    self.forbid(root, format!("/{name} of the catalog was changed"));
                }
            }
        }
        self.metadata(root, new);
        self.extensions(root, old, new);
        self.security_store(root, old, new);
    }

    /// Names of certifications and usage rights; the former only where the signature is in the same revision.
    fn permissions(&mut self, root: u32, old: &Dictionary, new: &Dictionary) {
        let before = value(self.old, old, b"Perms");
        let after = value(self.new, new, b"Perms");
        let same_certification = |key: &[u8]| {
            let part = |object: &Object| {
                object
                    .as_dict()
                    .ok()
                    .and_then(|dictionary| dictionary.get(key).ok().cloned())
            };
            part(&before) == part(&after)
        };
        if !same_certification(b"DocMDP") {
            self.forbid(
                root,
                "the document was certified after it was signed, or no longer is",
            );
        } else if !same(&before, &after) {
            self.report(
                Some(root),
                "the document's usage rights were changed",
                Class::Unclear,
            );
        }
    }

    fn metadata(&mut self, root: u32, new: &Dictionary) {
        let Ok(Object::Reference(id)) = new.get(b"Metadata") else {
            return;
        };
        if self.is_changed(id.0) {
            self.explain(id.0, &[(root, Key::new(b"Metadata"))]);
            let is_metadata = self.changed.get(&id.0).is_some_and(|pair| {
                pair.new
                    .as_stream()
                    .is_ok_and(|stream| stream.dict.has_type(b"Metadata"))
            });
            if is_metadata {
                self.report(Some(id.0), "the metadata were changed", Class::Archival);
            } else {
                self.forbid(id.0, "the metadata are no metadata stream");
            }
        }
    }

    /// Developer extensions: new ones may be announced, and newer levels of those there are.
    fn extensions(&mut self, root: u32, old: &Dictionary, new: &Dictionary) {
        let mut numbers = Vec::new();
        if let Ok(Object::Reference(id)) = new.get(b"Extensions")
            && self.is_changed(id.0)
        {
            self.explain(id.0, &[(root, Key::new(b"Extensions"))]);
            numbers.push(id.0);
        }
        let before = value(self.old, old, b"Extensions");
        let after = value(self.new, new, b"Extensions");
        if let Object::Dictionary(after) = &after {
            for (key, extension) in after {
                if let Object::Reference(id) = extension
                    && self.is_changed(id.0)
                {
                    let mut places = vec![(root, Key::new(b"Extensions"))];
                    places.extend(numbers.iter().map(|number| (*number, Key::new(key))));
                    if let Ok(Object::Reference(holder)) = new.get(b"Extensions") {
                        places.push((holder.0, Key::new(key)));
                    }
                    self.explain(id.0, &places);
                    numbers.push(id.0);
                }
            }
        }
        if same(&before, &after) && numbers.is_empty() {
            return;
        }
        let kept = match (&before, &after) {
            (Object::Dictionary(before), Object::Dictionary(after)) => {
                before.iter().all(|(key, _)| after.has(key))
            }
            (Object::Null, Object::Dictionary(_)) => true,
            _ => false,
        };
        let class = if kept {
            Class::Archival
        } else {
            Class::Unclear
        };
        self.report(Some(root), "the developer extensions were changed", class);
    }

    fn security_store(&mut self, root: u32, old: &Dictionary, new: &Dictionary) {
        let Object::Dictionary(after) = value(self.new, new, b"DSS") else {
            if old.has(b"DSS") {
                self.report(
                    Some(root),
                    "the document security store was removed",
                    Class::Unclear,
                );
            } else if new.has(b"DSS") {
                self.report(
                    Some(root),
                    "the document security store is no dictionary",
                    Class::Unclear,
                );
            }
            return;
        };
        let before = match value(self.old, old, b"DSS") {
            Object::Dictionary(before) => before,
            _ => Dictionary::new(),
        };
        let mut touched = !same(
            &Object::Dictionary(before.clone()),
            &Object::Dictionary(after.clone()),
        );
        // Whatever is changed below has to be reachable from here alone.
        let mut holders = vec![(root, Key::new(b"DSS"))];
        if let Ok(Object::Reference(id)) = new.get(b"DSS") {
            touched |= self.is_changed(id.0);
            self.explain(id.0, &holders);
            for key in [&b"Certs"[..], b"CRLs", b"OCSPs", b"VRI"] {
                holders.push((id.0, Key::new(key)));
            }
        }
        for (key, _) in &after {
            if !matches!(
                key.as_slice(),
                b"Type" | b"Certs" | b"CRLs" | b"OCSPs" | b"VRI"
            ) {
                self.report(
                    Some(root),
                    "the document security store has something unknown in it",
                    Class::Unclear,
                );
            }
        }
        for key in [&b"Certs"[..], b"CRLs", b"OCSPs"] {
            touched |= self.material(&before, &after, key, &holders);
        }
        touched |= self.related(&after, &holders);
        if touched {
            self.report(
                Some(root),
                "the document security store was extended",
                Class::Archival,
            );
        }
    }

    /// An array of streams that may grow.
    fn material(
        &mut self,
        before: &Dictionary,
        after: &Dictionary,
        key: &[u8],
        holders: &[(u32, Key)],
    ) -> bool {
        let mut touched = false;
        let mut places = holders.to_vec();
        if let Ok(Object::Reference(id)) = after.get(key) {
            touched |= self.is_changed(id.0);
            self.explain(id.0, holders);
            places.push((id.0, Key::NONE));
        }
        let after = match value(self.new, after, key) {
            Object::Array(after) => after,
            Object::Null => Vec::new(),
            _ => {
                self.report(
                    None,
                    "part of the document security store is no array",
                    Class::Unclear,
                );
                return true;
            }
        };
        let before = match value(self.old, before, key) {
            Object::Array(before) => before,
            _ => Vec::new(),
        };
        if before.iter().any(|item| !after.contains(item)) {
            self.report(
                None,
                "material was taken out of the document security store",
                Class::Unclear,
            );
        }
        for item in &after {
            if let Object::Reference(id) = item
                && self.is_changed(id.0)
            {
                touched = true;
                if self.is_new(id.0) {
                    self.explain_dictionary(id.0);
                } else {
                    self.explain(id.0, &places);
                    self.report(
                        Some(id.0),
                        "material in the document security store was replaced",
                        Class::Unclear,
                    );
                }
            }
        }
        touched
    }

    /// What belongs to which signature: names of digests, and arrays of the same streams.
    fn related(&mut self, after: &Dictionary, holders: &[(u32, Key)]) -> bool {
        let mut touched = false;
        let mut places = holders.to_vec();
        if let Ok(Object::Reference(id)) = after.get(b"VRI") {
            touched |= self.is_changed(id.0);
            self.explain(id.0, holders);
        }
        let holder = after.get(b"VRI").and_then(Object::as_reference).ok();
        let Object::Dictionary(related) = value(self.new, after, b"VRI") else {
            return touched;
        };
        for (name, entry) in related.iter().take(4096) {
            if let Some(holder) = holder {
                places.push((holder.0, Key::new(name)));
            }
            let mut inner = places.clone();
            if let Object::Reference(id) = entry {
                touched |= self.is_changed(id.0);
                self.explain(id.0, &places);
                for key in [&b"Cert"[..], b"CRL", b"OCSP", b"TS"] {
                    inner.push((id.0, Key::new(key)));
                }
            }
            let Object::Dictionary(entry) = value(self.new, &related, name) else {
                continue;
            };
            for (key, list) in &entry {
                if let Object::Reference(id) = list
                    && self.is_changed(id.0)
                {
                    touched = true;
                    self.explain(id.0, &inner);
                }
                let mut items = Vec::new();
                super::graph::references(&value(self.new, &entry, key), &mut |target| {
                    items.push(target);
                });
                for item in items
                    .into_iter()
                    .filter(|item| self.is_new(*item))
                    .collect::<Vec<_>>()
                {
                    touched = true;
                    self.explain_dictionary(item);
                }
            }
        }
        touched
    }
}

/// The trailer is no object that could be changed.
const _: () = assert!(TRAILER == 0);
