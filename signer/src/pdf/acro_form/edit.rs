//! What a signature changes in the form (ISO 32000-2, 12.7.3) and on a page: nothing but the entries it needs.

use lopdf::{Object, ObjectId};

use super::{AcroForm, Place};
use crate::pdf::dict_text::{DictText, array_items};
use crate::pdf::incremental::{Update, serialize};
use crate::pdf::{Error, Pdf};

/// `SignaturesExist` and `AppendOnly` (table 225).
const SIG_FLAGS: i64 = 3;

impl AcroForm {
    /// Enters a new field, if there is one, and says that the document holds signatures.
    ///
    /// The flags of a form that already holds a signature stay: a signer that left them out is not corrected behind
    /// its own signature's back.
    ///
    /// # Errors
    ///
    /// When the form or the catalogue cannot be read.
    pub(crate) fn enter(
        &self,
        update: &mut Update<'_, '_>,
        field: Option<ObjectId>,
    ) -> Result<(), Error> {
        let pdf = update.pdf();
        let flags = self
            .flags_to_set(pdf)?
            .map(|flags| (b"SigFlags".as_slice(), flags));
        let fields_object = self.dict.get(b"Fields").and_then(Object::as_reference).ok();
        match (field, fields_object, self.place) {
            (Some(field), Some(array), Place::Object(_) | Place::Catalog)
                if has_array(pdf, array)? =>
            {
                append_to_array(update, array, field)?;
                self.change(update, flags.into_iter().collect())
            }
            (field, _, place) => {
                let mut entries = Vec::new();
                if let Some(field) = field {
                    let fields = match place {
                        Place::Absent => None,
                        Place::Catalog | Place::Object(_) => self.fields_text(update)?,
                    };
                    entries.push((b"Fields".as_slice(), appended(fields.as_deref(), &[field])));
                }
                entries.extend(flags);
                self.change(update, entries)
            }
        }
    }

    fn flags_to_set(&self, pdf: &Pdf<'_>) -> Result<Option<Vec<u8>>, Error> {
        let old = match self.dict.get(b"SigFlags") {
            Ok(flags) => pdf.resolve(flags)?.as_i64().unwrap_or(0),
            Err(_) => 0,
        };
        if old & SIG_FLAGS == SIG_FLAGS || self.signed().next().is_some() {
            return Ok(None);
        }
        let mut text = Vec::new();
        serialize::integer(&mut text, old | SIG_FLAGS);
        Ok(Some(text))
    }

    /// The text of the form's own array of fields.
    fn fields_text(&self, update: &Update<'_, '_>) -> Result<Option<Vec<u8>>, Error> {
        let pdf = update.pdf();
        let (holder, path): (_, &[&[u8]]) = match self.place {
            Place::Absent => return Ok(None),
            Place::Catalog => (pdf.root_id(), &[b"AcroForm", b"Fields"]),
            Place::Object(id) => (id, &[b"Fields"]),
        };
        update.value_text(holder, path)
    }

    fn change(
        &self,
        update: &mut Update<'_, '_>,
        entries: Vec<(&[u8], Vec<u8>)>,
    ) -> Result<(), Error> {
        let root = update.pdf().root_id();
        match self.place {
            _ if entries.is_empty() => Ok(()),
            Place::Object(id) => update.edit(id, entries),
            Place::Catalog => {
                let form = update.value_text(root, &[b"AcroForm"])?.unwrap_or_default();
                let changed = with_entries(&form, entries).ok_or(Error::BadObject {
                    id: root,
                    context: "AcroForm",
                })?;
                update.edit(root, vec![(b"AcroForm", changed)])
            }
            Place::Absent => {
                let id = update.allocate();
                let form = with_entries(b"<<>>", entries).unwrap_or_default();
                update.put_with(id, |out| out.extend_from_slice(&form));
                let mut reference = Vec::new();
                serialize::reference(&mut reference, id.0, id.1);
                update.edit(root, vec![(b"AcroForm", reference)])
            }
        }
    }
}

/// Puts annotations on a page, behind those it has, and changes other entries of the page with that.
///
/// An array that is an object of its own may be shared with other pages, on which the annotations are not to appear:
/// the page gets its items in an array of its own.
///
/// # Errors
///
/// When the page cannot be read.
pub(crate) fn annotate(
    update: &mut Update<'_, '_>,
    page: ObjectId,
    annotations: &[ObjectId],
    mut entries: Vec<(&[u8], Vec<u8>)>,
) -> Result<(), Error> {
    if annotations.is_empty() {
        return Ok(());
    }
    let old = update.value_text(page, &[b"Annots"])?;
    let array = match old {
        Some(text) if text.trim_ascii_start().starts_with(b"[") => Some(text),
        Some(_) => shared_array(update, page)?,
        None => None,
    };
    entries.push((b"Annots", appended(array.as_deref(), annotations)));
    update.edit(page, entries)
}

/// The text of an array that the page refers to, as it is to stand in the page.
fn shared_array(update: &Update<'_, '_>, page: ObjectId) -> Result<Option<Vec<u8>>, Error> {
    let pdf = update.pdf();
    let dict = pdf.object(page)?;
    let Ok(dict) = dict.as_dict() else {
        return Ok(None);
    };
    let array = pdf.get(dict, b"Annots")?;
    match array.id() {
        Some(_) if array.as_array().is_err() => Ok(None),
        None => Ok(None),
        // Strings of direct annotations are encrypted for the object they stand in.
        Some(id) if pdf.encryption().is_some() => update.object_text(page, id).map(Some),
        Some(id) => Ok(Some(update.own_text(id)?.into_owned())),
    }
}

fn has_array(pdf: &Pdf<'_>, id: ObjectId) -> Result<bool, Error> {
    Ok(pdf.object(id)?.as_array().is_ok())
}

fn append_to_array(
    update: &mut Update<'_, '_>,
    array: ObjectId,
    item: ObjectId,
) -> Result<(), Error> {
    let longer = appended(Some(&update.own_text(array)?), &[item]);
    update.put_with(array, |out| out.extend_from_slice(&longer));
    Ok(())
}

/// The text of an array with references behind its items.
fn appended(array: Option<&[u8]>, references: &[ObjectId]) -> Vec<u8> {
    let items = array.and_then(array_items).unwrap_or(&[]);
    let mut out = Vec::with_capacity(items.len().saturating_add(16));
    out.push(b'[');
    out.extend_from_slice(items);
    for (number, generation) in references {
        // A comment that ends the items would swallow what follows on its line.
        out.push(if items.contains(&b'%') { b'\n' } else { b' ' });
        serialize::reference(&mut out, *number, *generation);
    }
    out.push(b']');
    out
}

fn with_entries(dict: &[u8], entries: Vec<(&[u8], Vec<u8>)>) -> Option<Vec<u8>> {
    let mut dict = DictText::parse(dict).ok()?;
    for (key, value) in entries {
        dict.set(key, value);
    }
    let mut out = Vec::new();
    dict.write(&mut out);
    Some(out)
}
