//! Form fields (ISO 32000-2, 12.7.4): read as far as they can be, since a hostile form must not hide a signature.

use std::collections::HashSet;

use signer::pdf::{Dictionary, Object, Pdf};

use super::{text, value};

/// A terminal field, or one with a value.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// Its object number.
    pub(crate) number: u32,
    /// The fully qualified name.
    pub(crate) name: String,
    /// /FT, inherited or its own.
    pub(crate) kind: Vec<u8>,
    pub(crate) dictionary: Dictionary,
    /// Object numbers of its widgets, its own if it is one.
    pub(crate) widgets: Vec<u32>,
    /// Object numbers of all above it.
    pub(crate) parents: Vec<u32>,
}

/// The fields of a form, and whether all of them could be read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields {
    pub(crate) fields: Vec<Field>,
    /// What could not be read.
    pub(crate) trouble: Vec<String>,
}

const MAX_FIELDS: usize = 50_000;
const MAX_DEPTH: usize = 32;
const MAX_NAME: usize = 4096;
const MAX_TROUBLE: usize = 20;

struct Node {
    object: Object,
    name: String,
    kind: Vec<u8>,
    parents: Vec<u32>,
}

impl Fields {
    pub(crate) fn read(pdf: &Pdf<'_>) -> Self {
        let mut fields = Self::default();
        let catalog = match pdf.catalog() {
            Ok(catalog) => catalog,
            Err(error) => {
                fields.complain(format!("catalog: {error}"));
                return fields;
            }
        };
        let Ok(catalog) = catalog.as_dict() else {
            return fields;
        };
        let form = match pdf.get(catalog, b"AcroForm") {
            Ok(form) => form.into_owned(),
            Err(error) => {
                fields.complain(format!("form: {error}"));
                return fields;
            }
        };
        match form {
            Object::Dictionary(form) => fields.walk(pdf, &form),
            Object::Null => {}
            _ => fields.complain("form is no dictionary"),
        }
        fields
    }

    fn complain(&mut self, what: impl Into<String>) {
        if self.trouble.len() < MAX_TROUBLE {
            self.trouble.push(what.into());
        }
    }

    fn walk(&mut self, pdf: &Pdf<'_>, form: &Dictionary) {
        let mut pending: Vec<Node> = Vec::new();
        match pdf
            .get(form, b"Fields")
            .map(signer::pdf::Resolved::into_owned)
        {
            Ok(Object::Array(roots)) => {
                pending.extend(roots.into_iter().rev().map(|object| Node {
                    object,
                    name: String::new(),
                    kind: Vec::new(),
                    parents: Vec::new(),
                }));
            }
            Ok(Object::Null) => {}
            Ok(_) => self.complain("/Fields is no array"),
            Err(error) => self.complain(format!("/Fields: {error}")),
        }
        let mut seen = HashSet::new();
        while let Some(node) = pending.pop() {
            if self.fields.len() >= MAX_FIELDS || seen.len() >= 2 * MAX_FIELDS {
                self.complain("too many fields");
                return;
            }
            self.visit(pdf, node, &mut seen, &mut pending);
        }
    }

    fn visit(
        &mut self,
        pdf: &Pdf<'_>,
        node: Node,
        seen: &mut HashSet<u32>,
        pending: &mut Vec<Node>,
    ) {
        let number = node.object.as_reference().map_or(0, |id| id.0);
        if number != 0 && !seen.insert(number) {
            self.complain(format!("field {number} stands in the form twice"));
            return;
        }
        let dictionary = match pdf
            .resolve(&node.object)
            .map(signer::pdf::Resolved::into_owned)
        {
            Ok(Object::Dictionary(dictionary)) => dictionary,
            Ok(Object::Null) => return,
            Ok(_) => return self.complain(format!("field {number} is no dictionary")),
            Err(error) => return self.complain(format!("field {number}: {error}")),
        };
        let partial = text(&value(pdf, &dictionary, b"T"));
        let mut name = node.name;
        if let Some(partial) = &partial {
            if !name.is_empty() {
                name.push('.');
            }
            name.push_str(partial);
            if name.len() > MAX_NAME || node.parents.len() > MAX_DEPTH {
                return self.complain(format!("field {number} is nested too deep"));
            }
        }
        let kind = match value(pdf, &dictionary, b"FT") {
            Object::Name(kind) => kind,
            _ => node.kind,
        };
        let is_widget = dictionary.has_type(b"Annot")
            || matches!(value(pdf, &dictionary, b"Subtype"), Object::Name(name) if name == b"Widget");
        // A kid without a name is a widget of the field above it.
        let parent = node.parents.last().copied();
        if partial.is_none()
            && let Some(parent) = parent
            && let Some(field) = self
                .fields
                .iter_mut()
                .rev()
                .find(|field| field.number == parent)
        {
            field.widgets.push(number);
            return;
        }
        let kids = match value(pdf, &dictionary, b"Kids") {
            Object::Array(kids) => kids,
            _ => Vec::new(),
        };
        let mut parents = node.parents.clone();
        parents.push(number);
        for kid in kids.into_iter().rev() {
            pending.push(Node {
                object: kid,
                name: name.clone(),
                kind: kind.clone(),
                parents: parents.clone(),
            });
        }
        self.fields.push(Field {
            number,
            name,
            kind,
            dictionary,
            widgets: if is_widget { vec![number] } else { Vec::new() },
            parents: node.parents,
        });
    }
}

impl Field {
    pub(crate) fn is_signature(&self) -> bool {
        self.kind == b"Sig"
    }

    /// /V, its own or that of a field above it.
    pub(crate) fn own_or_inherited_value(&self, all: &[Self]) -> Option<Object> {
        if let Ok(value) = self.dictionary.get(b"V") {
            return Some(value.clone());
        }
        self.parents.iter().rev().find_map(|parent| {
            let field = all.iter().find(|field| field.number == *parent)?;
            field.dictionary.get(b"V").ok().cloned()
        })
    }
}
