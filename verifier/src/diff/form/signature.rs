//! Signature fields (ISO 32000-2, 12.7.5.5): new ones, and empty ones that were signed.

use signer::pdf::Object;

use super::Changes;
use crate::diff::page::rectangle;
use crate::diff::{Class, Step};
use crate::document::field::{Field, Fields};
use crate::document::{id_of, value};

/// Half of A4: a signature does not need more.
const LARGE: f32 = 250_000.0;

impl Step<'_, '_> {
    pub(super) fn new_field(&mut self, field: &Field, all: &Fields) {
        let number = field.number;
        let above_signature = || {
            all.fields
                .iter()
                .any(|other| other.is_signature() && other.parents.contains(&number))
        };
        if !field.is_signature() {
            if field.kind.is_empty() && field.widgets.is_empty() && above_signature() {
                self.explain(number, &[]);
            } else {
                self.forbid(number, format!("form field {:?} was added", field.name));
            }
            return;
        }
        if number == 0 || !self.is_new(number) {
            self.forbid(
                number,
                format!("something else became signature field {:?}", field.name),
            );
            return;
        }
        self.explain(number, &[]);
        let mut visible = false;
        let mut large = false;
        for widget in &field.widgets {
            self.new_widgets.insert(*widget);
            if *widget != number {
                if !self.is_new(*widget) {
                    self.forbid(
                        *widget,
                        "something else became a widget of a new signature field",
                    );
                    continue;
                }
                self.explain(*widget, &[]);
            }
            let area = self.visible_area(*widget);
            visible |= area > 0.0;
            large |= area > LARGE;
        }
        let value = field.own_or_inherited_value(&all.fields);
        let (signed, stamp) = self.signature_value(value.as_ref(), number, &field.name);
        if visible && !signed {
            self.forbid(
                number,
                format!(
                    "visible field {:?} was added without a signature",
                    field.name
                ),
            );
        } else if large {
            self.report(
                Some(number),
                format!(
                    "signature field {:?} was added over much of a page",
                    field.name
                ),
                Class::Unclear,
            );
        } else {
            let what = match (signed, visible) {
                (true, true) => "a signature with a visible field was added",
                (true, false) => "a signature was added",
                (false, _) => "an empty signature field was added",
            };
            self.report(
                Some(number),
                format!("{what}: {:?}", field.name),
                Class::NewSignature {
                    field: field.name.clone(),
                    visible,
                    stamp,
                },
            );
        }
    }

    /// Explains the dictionary of a new signature: whether there is one, and whether it is a timestamp.
    fn signature_value(&mut self, value: Option<&Object>, field: u32, name: &str) -> (bool, bool) {
        let dictionary = match value {
            Some(Object::Reference(id)) => {
                if !self.is_new(id.0) {
                    self.forbid(
                        field,
                        format!("field {name:?} was given a signature that was there before"),
                    );
                    return (false, false);
                }
                self.explain(id.0, &[]);
                self.changed
                    .get(&id.0)
                    .and_then(|pair| pair.new.as_dict().ok().cloned())
            }
            Some(Object::Dictionary(dictionary)) => Some(dictionary.clone()),
            _ => return (false, false),
        };
        let Some(dictionary) = dictionary else {
            self.forbid(
                field,
                format!("the value of field {name:?} is no signature"),
            );
            return (false, false);
        };
        let stamp = matches!(
            dictionary.get(b"SubFilter").and_then(Object::as_name),
            Ok(b"ETSI.RFC3161")
        );
        (
            dictionary.has(b"ByteRange") && dictionary.has(b"Contents"),
            stamp,
        )
    }

    /// How much of the page a widget can be seen on.
    fn visible_area(&self, widget: u32) -> f32 {
        const UNSEEN: i64 = 2 | 32;
        let Ok(object) = self.new.object(id_of(self.new, widget)) else {
            return 0.0;
        };
        let Ok(dictionary) = object.as_dict() else {
            return 0.0;
        };
        let flags = value(self.new, dictionary, b"F").as_i64().unwrap_or(0);
        let Some([left, bottom, right, top]) = rectangle(&value(self.new, dictionary, b"Rect"))
        else {
            return 0.0;
        };
        if flags & UNSEEN != 0 || !dictionary.has(b"AP") {
            return 0.0;
        }
        let area = ((right - left) * (top - bottom)).abs();
        if area <= 1.0 { 0.0 } else { area }
    }

    pub(super) fn signed(&mut self, old: &Field, new: &Field, changes: &Changes) {
        let before = value(self.old, &old.dictionary, b"V");
        let name = new.name.clone();
        if !matches!(before, Object::Null) {
            self.forbid(new.number, format!("signed field {name:?} was changed"));
            return;
        }
        let signature = new.dictionary.get(b"V").ok().cloned();
        let (signed, stamp) = self.signature_value(signature.as_ref(), new.number, &name);
        if signed && stamp && changes.value {
            self.report(
                Some(new.number),
                format!("field {name:?} was stamped"),
                Class::Archival,
            );
        } else if signed && changes.value {
            self.report(
                Some(new.number),
                format!("field {name:?} was signed"),
                Class::Sign { field: name },
            );
        } else {
            self.forbid(
                new.number,
                format!("empty signature field {name:?} was changed"),
            );
        }
    }
}
