//! The form (ISO 32000-2, 12.7): fields that are filled in or signed, and signature fields that are added.

mod signature;

use std::collections::BTreeSet;

use signer::pdf::{Dictionary, Object, Pdf};

use super::graph::Key;
use super::page::same_rectangle;
use super::{Class, Step, appearance};
use crate::document::field::{Field, Fields};
use crate::document::{changed_keys, id_of, same, text, value};

impl Step<'_, '_> {
    pub(super) fn fields(&mut self) {
        let (before, after) = (Fields::read(self.old), Fields::read(self.new));
        for trouble in after
            .trouble
            .iter()
            .filter(|trouble| !before.trouble.contains(trouble))
        {
            self.report(
                None,
                format!("the form has become unreadable: {trouble}"),
                Class::Unclear,
            );
        }
        for field in &before.fields {
            self.old_widgets.extend(field.widgets.iter().copied());
        }
        self.form();
        let known: std::collections::HashMap<u32, &Field> = before
            .fields
            .iter()
            .map(|field| (field.number, field))
            .collect();
        let still: BTreeSet<u32> = after.fields.iter().map(|field| field.number).collect();
        for field in &before.fields {
            if !still.contains(&field.number) {
                self.forbid(field.number, format!("field {:?} was removed", field.name));
            }
        }
        for field in &after.fields {
            match known.get(&field.number) {
                Some(old) if field.number > 0 => self.field(old, field),
                _ => self.new_field(field, &after),
            }
        }
    }

    /// The form's own dictionary.
    fn form(&mut self) {
        let root = self.new.root_id().0;
        let read = |pdf: &Pdf<'_>| {
            let catalog = pdf.catalog().ok()?;
            let catalog = catalog.as_dict().ok()?;
            let place = catalog.get(b"AcroForm").ok().cloned();
            match value(pdf, catalog, b"AcroForm") {
                Object::Dictionary(form) => Some((form, place)),
                _ => None,
            }
        };
        let before = read(self.old);
        let Some((after, place)) = read(self.new) else {
            if before.is_some() {
                self.forbid(root, "the form was removed");
            }
            return;
        };
        let mut places = vec![(root, Key::new(b"AcroForm"))];
        if let Some(Object::Reference(id)) = place {
            self.explain(id.0, &places);
            places = vec![(id.0, Key::new(b"Fields"))];
        }
        if let Ok(Object::Reference(id)) = after.get(b"Fields") {
            self.explain(id.0, &places);
        }
        let before = before.map(|(form, _)| form).unwrap_or_default();
        for key in changed_keys(&before, &after) {
            let new = after.has(&key) && !before.has(&key);
            match key.as_slice() {
                // Fields are looked at one by one.
                b"Fields" | b"SigFlags" => {}
                b"NeedAppearances"
                    if matches!(after.get(b"NeedAppearances"), Ok(Object::Boolean(true))) =>
                {
                    self.report(
                        Some(root),
                        "appearances of fields are to be made anew",
                        Class::Unclear,
                    );
                }
                b"NeedAppearances" => {}
                b"DA" | b"Q" if new => {}
                b"DR" => {}
                other => {
                    let name = String::from_utf8_lossy(other).into_owned();
                    self.forbid(root, format!("/{name} of the form was changed"));
                }
            }
        }
        self.resources(
            &before,
            &after,
            place
                .and_then(|place| place.as_reference().ok())
                .map(|id| id.0),
        );
    }

    /// Resources of the form may grow; what was there keeps its meaning.
    fn resources(&mut self, before: &Dictionary, after: &Dictionary, form: Option<u32>) {
        let read = |pdf: &Pdf<'_>, form: &Dictionary| match value(pdf, form, b"DR") {
            Object::Dictionary(resources) => resources,
            _ => Dictionary::new(),
        };
        let (old, new) = (read(self.old, before), read(self.new, after));
        let holder = form.unwrap_or_else(|| self.new.root_id().0);
        let own = after
            .get(b"DR")
            .and_then(Object::as_reference)
            .ok()
            .map(|id| id.0);
        let mut places = vec![(holder, Key::new(b"DR")), (holder, Key::new(b"AcroForm"))];
        if let Some(own) = own {
            self.explain(own, &places);
        }
        for (kind, inner) in &new {
            if let Some(own) = own {
                places.push((own, Key::new(kind)));
            }
            if let Object::Reference(id) = inner {
                self.explain(id.0, &places);
            }
            let (before, after) = (value(self.old, &old, kind), value(self.new, &new, kind));
            let grown = match (&before, &after) {
                (Object::Dictionary(before), Object::Dictionary(after)) => before
                    .iter()
                    .all(|(name, value)| after.get(name).is_ok_and(|now| same(value, now))),
                (Object::Null, _) => true,
                (before, after) => same(before, after),
            };
            if !grown {
                self.forbid(holder, "resources that fields are drawn with were changed");
            }
        }
        if old.iter().any(|(kind, _)| !new.has(kind)) {
            self.forbid(holder, "resources that fields are drawn with were removed");
        }
    }

    fn field(&mut self, old: &Field, new: &Field) {
        if old.name != new.name || old.kind != new.kind {
            self.forbid(
                new.number,
                format!("field {:?} was renamed or became another kind", old.name),
            );
            return;
        }
        let mut changes = Changes::default();
        let mut objects: Vec<u32> = vec![new.number];
        objects.extend(
            new.widgets
                .iter()
                .copied()
                .filter(|widget| *widget != new.number),
        );
        if old.widgets != new.widgets {
            self.forbid(
                new.number,
                format!("the widgets of field {:?} were changed", old.name),
            );
        }
        for number in objects {
            self.node(number, new, &mut changes);
        }
        for widget in &new.widgets {
            self.appearance(*widget, new, &mut changes);
        }
        if !changes.any() {
            return;
        }
        if new.is_signature() {
            self.signed(old, new, &changes);
        } else {
            self.filled(new, &changes);
        }
    }

    /// The dictionary of a field or of a widget of it.
    fn node(&mut self, number: u32, field: &Field, changes: &mut Changes) {
        let Some(pair) = self.changed.get(&number).cloned() else {
            return;
        };
        let (Ok(old), Ok(new)) = (pair.old.as_dict(), pair.new.as_dict()) else {
            return;
        };
        self.explain_dictionary(number);
        for key in changed_keys(old, new) {
            match key.as_slice() {
                b"V" | b"I" => changes.value = true,
                b"AP" => {}
                b"AS" => changes.state = true,
                b"Rect"
                    if same_rectangle(
                        &value(self.old, old, b"Rect"),
                        &value(self.new, new, b"Rect"),
                    ) => {}
                b"F" | b"MK" | b"M" | b"DA" if field.is_signature() => changes.other = true,
                // A field without a signature of its own is a parent of others.
                b"Kids"
                    if old
                        .get(b"Kids")
                        .and_then(Object::as_array)
                        .is_ok_and(|kids| {
                            new.get(b"Kids")
                                .and_then(Object::as_array)
                                .is_ok_and(|now| now.starts_with(kids))
                        }) => {}
                other => {
                    let key = String::from_utf8_lossy(other).into_owned();
                    self.forbid(
                        number,
                        format!("/{key} of field {:?} was changed", field.name),
                    );
                }
            }
        }
    }

    /// The appearance of a widget: its dictionary and its streams, wherever they stand.
    fn appearance(&mut self, widget: u32, field: &Field, changes: &mut Changes) {
        let own = |pdf: &Pdf<'_>| {
            let object = pdf.object(id_of(pdf, widget)).ok()?;
            object.as_dict().ok()?.get(b"AP").ok().cloned()
        };
        let (before, after) = (own(self.old), own(self.new));
        let mut numbers = BTreeSet::new();
        let mut dictionaries = BTreeSet::new();
        appearance::objects(self.new, after.as_ref(), &mut numbers, &mut dictionaries);
        let touched: Vec<u32> = numbers
            .iter()
            .copied()
            .filter(|number| self.is_changed(*number))
            .collect();
        if touched.is_empty()
            && same(
                before.as_ref().unwrap_or(&Object::Null),
                after.as_ref().unwrap_or(&Object::Null),
            )
        {
            return;
        }
        // An appearance may be used for its widget alone.
        let mut places = vec![(widget, Key::new(b"AP"))];
        for dictionary in &dictionaries {
            for name in self.names_in(*dictionary) {
                places.push((*dictionary, name));
            }
        }
        for number in touched {
            if self.is_new(number) {
                self.explain(number, &[]);
            } else {
                self.explain(number, &places);
                self.unexplained_parts(number);
            }
        }
        // What stood there, or leads there, may not be anything else but an appearance, even where it stays.
        let mut parts = numbers;
        appearance::objects(self.old, before.as_ref(), &mut parts, &mut dictionaries);
        for part in parts {
            if !self.is_new(part) && !self.is_appearance(part, 0) {
                self.forbid(
                    part,
                    "the appearance of a field is used in another place too",
                );
            }
        }
        // Only the normal appearance is there when nobody touches the field.
        let before_text = appearance::shown(
            self.old,
            before.as_ref(),
            self.state(self.old, widget).as_deref(),
        );
        let after_text = appearance::shown(
            self.new,
            after.as_ref(),
            self.state(self.new, widget).as_deref(),
        );
        changes.appearance = true;
        changes.same_text &= before_text.is_some() && before_text == after_text;
        changes.removed |= after.is_none();
        if field.is_signature() {
            return;
        }
        changes.texts.push(after_text);
    }

    /// Whether nothing but widgets lead to an object, as their appearance.
    fn is_appearance(&mut self, number: u32, depth: usize) -> bool {
        const MAX_DEPTH: usize = 3;
        let own = Key::new(b"AP");
        let referrers = self.all_referrers(number);
        referrers.into_iter().all(|(from, key)| {
            (key == own && self.old_widgets.contains(&from))
                || (depth < MAX_DEPTH
                    && from > 0
                    && self.is_plain(from)
                    && self.is_appearance(from, depth + 1))
        })
    }

    /// Whether an object is a dictionary without a type, as those of appearances are.
    fn is_plain(&self, number: u32) -> bool {
        self.old
            .object(id_of(self.old, number))
            .is_ok_and(|object| {
                object
                    .as_dict()
                    .is_ok_and(|dictionary| !dictionary.has(b"Type"))
            })
    }

    /// An appearance stream that was there before may draw with what it drew with before, or with new things.
    fn unexplained_parts(&mut self, number: u32) {
        let Some(pair) = self.changed.get(&number) else {
            return;
        };
        let is_form = |object: &Object| matches!(object, Object::Stream(_) | Object::Dictionary(_));
        if !is_form(&pair.old)
            || std::mem::discriminant(&*pair.old) != std::mem::discriminant(&*pair.new)
        {
            self.forbid(number, "an appearance became something else");
        }
    }

    fn names_in(&self, number: u32) -> Vec<Key> {
        let mut names = vec![Key::NONE];
        for pdf in [self.old, self.new] {
            if let Ok(object) = pdf.object(id_of(pdf, number))
                && let Ok(dictionary) = object.as_dict()
            {
                names.extend(dictionary.iter().map(|(key, _)| Key::new(key)));
            }
        }
        names
    }

    fn state(&self, pdf: &Pdf<'_>, widget: u32) -> Option<Vec<u8>> {
        let object = pdf.object(id_of(pdf, widget)).ok()?;
        let state = object.as_dict().ok()?.get(b"AS").ok()?.as_name().ok()?;
        Some(state.to_vec())
    }

    fn filled(&mut self, new: &Field, changes: &Changes) {
        let name = new.name.clone();
        let number = new.number;
        if changes.other || changes.removed {
            self.forbid(
                number,
                format!("field {name:?} was changed in another way than by filling it in"),
            );
            return;
        }
        let now = value(self.new, &new.dictionary, b"V");
        match new.kind.as_slice() {
            b"Btn" if changes.appearance => {
                self.forbid(
                    number,
                    format!("the appearance of button {name:?} was changed"),
                );
            }
            b"Btn" => self.button(new, &now),
            b"Tx" | b"Ch" => self.text(new, &now, changes),
            _ => self.forbid(number, format!("field {name:?} of no kind was changed")),
        }
    }

    /// A button shows the state that is its value.
    fn button(&mut self, field: &Field, now: &Object) {
        let selected = match now {
            Object::Name(name) => name.clone(),
            Object::Null => b"Off".to_vec(),
            _ => {
                self.forbid(
                    field.number,
                    format!("the value of button {:?} is no state", field.name),
                );
                return;
            }
        };
        let fits = field.widgets.iter().all(|widget| {
            let state = self
                .state(self.new, *widget)
                .unwrap_or_else(|| b"Off".to_vec());
            state == b"Off" || state == selected
        });
        let class = if fits {
            Class::Fill {
                field: field.name.clone(),
            }
        } else {
            Class::Forbidden
        };
        let what = if fits {
            "was chosen"
        } else {
            "shows another state than its value"
        };
        self.report(
            Some(field.number),
            format!("button {:?} {what}", field.name),
            class,
        );
    }

    /// A text shows its value.
    fn text(&mut self, field: &Field, now: &Object, changes: &Changes) {
        let name = &field.name;
        let values: Option<Vec<String>> = match now {
            Object::Null => Some(Vec::new()),
            Object::String(..) => text(now).map(|text| vec![text]),
            Object::Array(items) => items.iter().map(text).collect(),
            _ => None,
        };
        let Some(values) = values else {
            self.report(
                Some(field.number),
                format!("the value of field {name:?} is no text"),
                Class::Unclear,
            );
            return;
        };
        if changes.appearance && !changes.value {
            // What the field says did not change, so what it shows may not either.
            let class = if changes.same_text {
                Class::Fill {
                    field: name.clone(),
                }
            } else {
                Class::Forbidden
            };
            self.report(
                Some(field.number),
                format!("the appearance of field {name:?} was changed and its value was not"),
                class,
            );
            return;
        }
        if !changes.appearance {
            let drawn = field.widgets.iter().any(|widget| {
                self.new
                    .object(id_of(self.new, *widget))
                    .is_ok_and(|object| {
                        object
                            .as_dict()
                            .is_ok_and(|dictionary| dictionary.has(b"AP"))
                    })
            });
            let class = if drawn {
                Class::Unclear
            } else {
                Class::Fill {
                    field: name.clone(),
                }
            };
            let what = if drawn {
                "was filled in and shows what it showed"
            } else {
                "was filled in"
            };
            self.report(Some(field.number), format!("field {name:?} {what}"), class);
            return;
        }
        let class = match appearance::fits(&values, &changes.texts, field.kind == b"Ch") {
            Some(true) => Class::Fill {
                field: name.clone(),
            },
            Some(false) => Class::Forbidden,
            None => Class::Unclear,
        };
        let what = match class {
            Class::Fill { .. } => "was filled in",
            Class::Forbidden => "was filled in and shows something else than its value",
            _ => "was filled in; whether it shows its value cannot be told",
        };
        self.report(Some(field.number), format!("field {name:?} {what}"), class);
    }
}

/// What was changed about one field.
#[derive(Debug)]
struct Changes {
    value: bool,
    state: bool,
    appearance: bool,
    other: bool,
    removed: bool,
    /// Whether every appearance shows the text it showed.
    same_text: bool,
    /// The text that each changed appearance shows; `None` where that cannot be told.
    texts: Vec<Option<String>>,
}

impl Default for Changes {
    fn default() -> Self {
        Self {
            value: false,
            state: false,
            appearance: false,
            other: false,
            removed: false,
            same_text: true,
            texts: Vec::new(),
        }
    }
}

impl Changes {
    const fn any(&self) -> bool {
        self.value || self.state || self.appearance || self.other || self.removed
    }
}
