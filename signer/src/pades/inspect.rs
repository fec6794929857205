//! What a document says about itself before anything is signed: callers choose by it how to sign.

use lopdf::Object;
use secrecy::SecretString;

use super::Error;
use crate::pdf::acro_form::AcroForm;
use crate::pdf::doc_mdp::{Permitted, Protection};
use crate::pdf::{Limits, Pdf};

/// Longer contents are no signature that anybody made.
const MAX_CONTENTS: usize = 4 << 20;

/// What is in a document.
#[derive(Debug, Default)]
pub struct Inspection {
    /// The signatures and document timestamps, in the order of their fields.
    pub signatures: Vec<ExistingSignature>,
    /// The names of the signature fields that wait for a signature.
    pub empty_fields: Vec<String>,
    /// What the strictest certification or lock permits, if there is one.
    pub permitted: Option<Permitted>,
}

/// A signature that the document holds.
#[derive(Debug)]
pub struct ExistingSignature {
    /// The fully qualified name of its field.
    pub field_name: String,
    /// `/Contents` as it stands, padding included: a CMS of whatever quality.
    pub contents: Vec<u8>,
}

impl ExistingSignature {
    /// Whether it was made with this certificate, given in DER, or at least carries it.
    #[must_use]
    pub fn carries(&self, certificate: &[u8]) -> bool {
        !certificate.is_empty() && memchr::memmem::find(&self.contents, certificate).is_some()
    }
}

impl Inspection {
    /// Whether there is a signature that a change could break.
    #[must_use]
    pub const fn is_signed(&self) -> bool {
        !self.signatures.is_empty() || self.permitted.is_some()
    }
}

/// Looks at a document. One that is damaged holds nothing: signed ones are not repaired but refused later.
///
/// # Errors
///
/// When the document cannot be opened for another reason than damage.
pub fn inspect(
    document: &[u8],
    password: Option<&SecretString>,
    limits: &Limits,
) -> Result<Inspection, Error> {
    match read(document, password, limits) {
        Err(Error::Pdf(error)) if error.is_damage() => Ok(Inspection::default()),
        other => other,
    }
}

fn read(
    document: &[u8],
    password: Option<&SecretString>,
    limits: &Limits,
) -> Result<Inspection, Error> {
    let mut pdf = Pdf::open(document, limits.clone())?;
    pdf.unlock(password)?;
    let form = AcroForm::read(&pdf)?;
    let protection = Protection::read(&pdf, &form)?;
    let mut signatures = Vec::new();
    for field in form.signed() {
        let Some(value) = &field.value else { continue };
        let value = pdf.resolve(value)?;
        let contents = match value.as_dict() {
            Ok(signature) => match &*pdf.get(signature, b"Contents")? {
                Object::String(contents, _) if contents.len() <= MAX_CONTENTS => contents.clone(),
                _ => Vec::new(),
            },
            Err(_) => Vec::new(),
        };
        signatures.push(ExistingSignature {
            field_name: field.name.clone(),
            contents,
        });
    }
    let empty_fields = form.empty().map(|field| field.name.clone()).collect();
    Ok(Inspection {
        signatures,
        empty_fields,
        permitted: protection.permitted,
    })
}
