//! The field that takes the signature, and whether it may.

use lopdf::{Dictionary, Object};

use super::seed_value::obey;
use super::{Error, Request};
use crate::pdf::acro_form::{AcroForm, Field};
use crate::pdf::doc_mdp::{Lock, Permitted, Protection};
use crate::pdf::sig_field::SubFilter;
use crate::pdf::sig_field::seed_value::SeedValue;
use crate::pdf::{Encryption, Pdf};

/// A field that may take the signature, with what it demands obeyed.
#[derive(Debug)]
pub(super) struct Target<'f> {
    pub(super) name: String,
    /// `None`: a new field is made.
    pub(super) existing: Option<&'f Field>,
    pub(super) lock: Option<(Lock, Option<Permitted>)>,
    pub(super) sub_filter: SubFilter,
    pub(super) with_reason: bool,
}

impl<'f> Target<'f> {
    /// Finds the field that the request names.
    pub(super) fn choose(
        pdf: &Pdf<'_>,
        form: &'f AcroForm,
        protection: &Protection,
        request: &Request,
    ) -> Result<Self, Error> {
        let target = match &request.field {
            super::Field::Existing(name) => Self::existing(pdf, form, name, request)?,
            super::Field::New { name } => Self::new(form, name.as_deref(), request)?,
        };
        target.check(pdf, protection, request)?;
        Ok(target)
    }

    fn new(form: &AcroForm, name: Option<&str>, request: &Request) -> Result<Self, Error> {
        let name = match name {
            None => form.free_name(),
            Some(name) if name.is_empty() || name.contains('.') || form.field(name).is_some() => {
                return Err(Error::FieldName {
                    name: name.to_owned(),
                });
            }
            Some(name) => name.to_owned(),
        };
        Ok(Self {
            name,
            existing: None,
            lock: None,
            sub_filter: request.sub_filter,
            with_reason: true,
        })
    }

    fn existing(
        pdf: &Pdf<'_>,
        form: &'f AcroForm,
        name: &str,
        request: &Request,
    ) -> Result<Self, Error> {
        let name = || name.to_owned();
        let field = form
            .field(&name())
            .ok_or_else(|| Error::FieldNotFound { name: name() })?;
        if !field.is_signature || field.has_children {
            return Err(Error::FieldKind { name: name() });
        }
        if field.value.is_some() {
            return Err(Error::FieldSigned { name: name() });
        }
        let object = pdf.object(field.id)?;
        let dict = object
            .as_dict()
            .map_err(|_| Error::FieldKind { name: name() })?;
        let lock = match pdf.get(dict, b"Lock")?.as_dict() {
            Ok(lock) => Some((Lock::read(pdf, lock)?, permitted(pdf, lock)?)),
            Err(_) => None,
        };
        let seed = match pdf.get(dict, b"SV")?.as_dict() {
            Ok(seed) => SeedValue::read(pdf, seed)?,
            Err(_) => SeedValue::default(),
        };
        let obeyed = obey(&seed, request)?;
        Ok(Self {
            name: name(),
            existing: Some(field),
            lock,
            sub_filter: obeyed.sub_filter,
            with_reason: obeyed.with_reason,
        })
    }

    fn check(
        &self,
        pdf: &Pdf<'_>,
        protection: &Protection,
        request: &Request,
    ) -> Result<(), Error> {
        let permits = |encryption: &Encryption| match self.existing {
            Some(_) => encryption.may_fill_fields(),
            None => encryption.may_sign(),
        };
        // The permissions tell what anybody may do who opens the document. Whoever was given its password by the owner
        // and passes it on for signing is not anybody.
        let granted =
            |encryption: &Encryption| !encryption.by_empty_password() || permits(encryption);
        if !pdf.encryption().is_none_or(granted) {
            return Err(Error::PermissionDenied);
        }
        if protection.permitted == Some(Permitted::Nothing) {
            return Err(Error::NoChangesPermitted);
        }
        if protection.locks(&self.name) {
            return Err(Error::FieldLocked {
                name: self.name.clone(),
            });
        }
        if protection.is_signed() && request.marks.len() > 1 {
            return Err(Error::SeveralMarks);
        }
        let certified = protection.permitted.is_some() && !request.certified_visible;
        if certified && self.existing.is_none() && !request.marks.is_empty() {
            return Err(Error::CertifiedVisible);
        }
        Ok(())
    }
}

fn permitted(pdf: &Pdf<'_>, lock: &Dictionary) -> Result<Option<Permitted>, Error> {
    Ok(match &*pdf.get(lock, b"P")? {
        Object::Integer(p) => Some(Permitted::from_p(*p)),
        _ => None,
    })
}
