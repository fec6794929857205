//! The revision around a signature, and what is to be signed.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_lc_rs::digest;
use lopdf::{Dictionary, Object, ObjectId};

use super::earlier::doubts;
use super::mark::{PlacedMark, claim, drawing, place_all, widget_place};
use super::tagging::Tagging;
use super::target::Target;
use super::{Base, Error, Request, ToBeSigned, Warning};
use crate::appearance::Drawing;
use crate::cms::algorithm::DigestAlgorithm;
use crate::pdf::acro_form::{AcroForm, Field, annotate};
use crate::pdf::byte_range::Slots;
use crate::pdf::doc_mdp::Protection;
use crate::pdf::incremental::{Update, serialize};
use crate::pdf::sig_field::{self, Signature};
use crate::pdf::{Limits, Pdf, repair};

/// Reads a document and writes the revision that signs it, all but the signature.
///
/// A damaged document that was never signed and is not encrypted is rewritten first where the request permits it, and
/// the answer says so.
///
/// # Errors
///
/// Whatever keeps the document from being signed as asked; nothing has been signed then.
pub fn prepare(document: &[u8], request: &Request, limits: &Limits) -> Result<ToBeSigned, Error> {
    match Revision::write(document, request, limits) {
        Ok(revision) => finish(document, Base::Original, revision, request),
        Err(error) => {
            let caps = request.repair.as_ref().filter(|_| error.is_damage());
            let rewritten = repair::rewrite(document, caps.ok_or(error)?)?;
            let mut revision = Revision::write(&rewritten, request, limits)?;
            revision.warnings.insert(0, Warning::Repaired);
            finish(document, Base::Rewritten(rewritten), revision, request)
        }
    }
}

/// Takes the digests. A document is read once for both when they are of the same kind.
fn finish(
    document: &[u8],
    base: Base,
    revision: Revision,
    request: &Request,
) -> Result<ToBeSigned, Error> {
    let Revision {
        mut bytes,
        slots,
        field_name,
        warnings,
    } = revision;
    let template = request.signer.template();
    let signed = match &base {
        Base::Original => document,
        Base::Rewritten(rewritten) => rewritten,
    };
    let byte_range = slots
        .fill_byte_range(&mut bytes, signed.len() as u64)
        .ok_or(Error::NoRoom)?;
    let mut context = template.digest().context();
    context.update(signed);
    let document_digest = match &base {
        Base::Original if template.digest() == DigestAlgorithm::Sha256 => context.clone().finish(),
        _ => digest::digest(&digest::SHA256, document),
    };
    context.update(bytes.get(..slots.contents.start).ok_or(Error::NoRoom)?);
    context.update(bytes.get(slots.contents.end..).ok_or(Error::NoRoom)?);
    Ok(ToBeSigned {
        signer: Arc::clone(&request.signer),
        attributes: template.signed_attributes(context.finish().as_ref())?,
        base,
        revision: bytes,
        slots,
        byte_range,
        field_name,
        document_digest: document_digest
            .as_ref()
            .try_into()
            .map_err(|_| Error::NoRoom)?,
        warnings,
    })
}

/// A revision with its gap.
struct Revision {
    bytes: Vec<u8>,
    slots: Slots,
    field_name: String,
    warnings: Vec<Warning>,
}

impl Revision {
    fn write(document: &[u8], request: &Request, limits: &Limits) -> Result<Self, Error> {
        let mut pdf = Pdf::open(document, limits.clone())?;
        pdf.unlock(request.password.as_ref())?;
        let form = AcroForm::read(&pdf)?;
        let protection = Protection::read(&pdf, &form)?;
        let target = Target::choose(&pdf, &form, &protection, request)?;
        let claim = claim(&pdf, &request.marks)?;
        let mut writing = Writing {
            update: Update::new(&pdf),
            drawing: drawing(claim.as_ref()),
            annotations: BTreeMap::new(),
            tagging: Tagging::read(&pdf, claim.as_ref(), protection.is_signed()),
        };
        writing.update.skip_numbers(form.highest_value);
        let signature = Signature {
            sub_filter: target.sub_filter,
            time: &request.time,
            name: request.signer_name.as_deref(),
            reason: request.reason.as_deref().filter(|_| target.with_reason),
            location: request.location.as_deref(),
            contact_info: request.contact_info.as_deref(),
            lock: target
                .lock
                .as_ref()
                .map(|(lock, permitted)| (lock, *permitted)),
            contents_len: request.signer.template().max_len(0),
        };
        let (value, slots) = signature.write(&mut writing.update)?;
        match target.existing {
            Some(field) => {
                writing.sign_field(field, value, protection.is_signed(), request)?;
                form.enter(&mut writing.update, None)?;
            }
            None => {
                let field = writing.new_field(&target.name, value, request)?;
                form.enter(&mut writing.update, Some(field))?;
            }
        }
        let (bytes, outside) = writing.finish()?;
        // Only now has everything been read that a signature needs.
        if pdf.needs_rewrite() {
            return Err(Error::Damaged);
        }
        let mut warnings: Vec<Warning> = doubts(&pdf, &form)?.into_iter().collect();
        if form.has_xfa() {
            warnings.push(Warning::Xfa);
        }
        if outside {
            warnings.push(Warning::OutsideStructure);
        }
        Ok(Self {
            bytes,
            slots,
            field_name: target.name,
            warnings,
        })
    }
}

/// What is being written.
struct Writing<'p, 'a> {
    update: Update<'p, 'a>,
    drawing: Drawing,
    /// New annotations by page.
    annotations: BTreeMap<ObjectId, Vec<ObjectId>>,
    tagging: Tagging,
}

impl Writing<'_, '_> {
    /// A field with the first mark, or one that cannot be seen, on the first page.
    fn new_field(
        &mut self,
        name: &str,
        value: ObjectId,
        request: &Request,
    ) -> Result<ObjectId, Error> {
        let marks = place_all(self.update.pdf(), &request.marks)?;
        let id = self.update.allocate();
        let mut marks = marks.iter();
        let (page, rect, appearance) = match marks.next() {
            Some(mark) => (mark.page, mark.placed.rect, self.draw(mark)?),
            None => (
                self.update.pdf().page(1)?.id,
                [0.0; 4],
                self.empty_appearance(),
            ),
        };
        let mut field = sig_field::field(name, value, page, rect, appearance);
        self.tagging
            .enter_field(&mut self.update, (id, page), &mut field);
        self.update.put(id, Object::Dictionary(field));
        self.annotations.entry(page).or_default().push(id);
        for mark in marks {
            self.stamp(mark)?;
        }
        Ok(id)
    }

    /// The document's own field, with the first mark drawn where its widget is.
    fn sign_field(
        &mut self,
        field: &Field,
        value: ObjectId,
        is_signed: bool,
        request: &Request,
    ) -> Result<(), Error> {
        let signed = (b"V".as_slice(), reference(value));
        let mut own = vec![signed.clone()];
        // A widget apart from its field is none of the field's entries, but poppler looks for the value there. A
        // document that is signed already stays as its signatures allow.
        let mut apart = if is_signed { Vec::new() } else { vec![signed] };
        let mut widget = field.widgets.first().copied();
        if let Some((mark, others)) = request.marks.split_first() {
            let place = widget_place(self.update.pdf(), field)?;
            if is_signed && place.widget != field.id {
                return Err(Error::FieldInvisible {
                    name: field.name.clone(),
                });
            }
            let appearance = self.drawing.draw(mark, &place.placed, &mut self.update)?;
            let entries = if place.widget == field.id {
                &mut own
            } else {
                &mut apart
            };
            entries.extend(appearance_entries(appearance, place.flags));
            widget = Some(place.widget);
            for mark in place_all(self.update.pdf(), others)? {
                self.stamp(&mark)?;
            }
        }
        if let Some(widget) = widget.filter(|widget| *widget != field.id && !apart.is_empty()) {
            self.update.edit(widget, apart)?;
        }
        Ok(self.update.edit(field.id, own)?)
    }

    fn draw(&mut self, mark: &PlacedMark<'_>) -> Result<ObjectId, Error> {
        Ok(self
            .drawing
            .draw(mark.mark, &mark.placed, &mut self.update)?)
    }

    fn stamp(&mut self, mark: &PlacedMark<'_>) -> Result<(), Error> {
        let appearance = self.draw(mark)?;
        let id = self.update.allocate();
        let mut stamp = sig_field::stamp(mark.page, mark.placed.rect, appearance);
        self.tagging
            .enter_stamp(&mut self.update, (id, mark.page), &mut stamp);
        self.update.put(id, Object::Dictionary(stamp));
        self.annotations.entry(mark.page).or_default().push(id);
        Ok(())
    }

    fn empty_appearance(&mut self) -> ObjectId {
        let id = self.update.allocate();
        self.update.put(id, sig_field::empty_appearance());
        id
    }

    /// The revision, and whether something stands outside of a structure that should hold it.
    fn finish(mut self) -> Result<(Vec<u8>, bool), Error> {
        for (page, annotations) in &self.annotations {
            let more = self.tagging.page_entries();
            annotate(&mut self.update, *page, annotations, more)?;
        }
        let outside = self.tagging.write(&mut self.update)?;
        Ok((self.update.finish()?, outside))
    }
}

/// The entries of a widget that show an appearance.
fn appearance_entries(appearance: ObjectId, flags: i64) -> Vec<(&'static [u8], Vec<u8>)> {
    let mut dict = Dictionary::new();
    dict.set("N", appearance);
    let mut text = Vec::new();
    serialize::dictionary(&mut text, &dict);
    let mut shown = Vec::new();
    serialize::integer(&mut shown, sig_field::shown(flags));
    vec![(b"AP", text), (b"F", shown)]
}

fn reference((number, generation): ObjectId) -> Vec<u8> {
    let mut out = Vec::new();
    serialize::reference(&mut out, number, generation);
    out
}
