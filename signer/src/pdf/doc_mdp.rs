//! What earlier signatures forbid: certification (ISO 32000-2, 12.8.2.2) and locked fields (12.8.2.4, 12.7.5.5).

use lopdf::{Dictionary, Object};

use super::acro_form::{AcroForm, Field, text};
use super::{Error, Pdf};

/// What may be changed after a certification, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permitted {
    /// Nothing (P = 1).
    Nothing,
    /// Filling in forms and signing (P = 2).
    FillAndSign,
    /// The same and annotations (P = 3).
    Annotate,
}

impl Permitted {
    /// From the value of `/P`; what the standard does not know permits nothing.
    #[must_use]
    pub const fn from_p(p: i64) -> Self {
        match p {
            2 => Self::FillAndSign,
            3 => Self::Annotate,
            _ => Self::Nothing,
        }
    }

    /// The value of `/P`.
    #[must_use]
    pub const fn p(self) -> i64 {
        match self {
            Self::Nothing => 1,
            Self::FillAndSign => 2,
            Self::Annotate => 3,
        }
    }
}

/// The fields that a lock covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lock {
    /// Every field.
    All,
    /// Every field but these.
    Exclude(Vec<String>),
    /// These fields.
    Include(Vec<String>),
}

impl Lock {
    /// Reads `/Action` and `/Fields` of a lock or of the parameters of a `FieldMDP` transform.
    ///
    /// # Errors
    ///
    /// When an object it refers to is damaged.
    pub fn read(pdf: &Pdf<'_>, dict: &Dictionary) -> Result<Self, Error> {
        let mut names = Vec::new();
        if let Ok(fields) = dict.get(b"Fields")
            && let Ok(fields) = pdf.resolve(fields)?.as_array()
        {
            for field in fields {
                names.push(text(&*pdf.resolve(field)?));
            }
        }
        let action = match dict.get(b"Action") {
            Ok(action) => pdf
                .resolve(action)?
                .as_name()
                .map(<[u8]>::to_vec)
                .unwrap_or_default(),
            Err(_) => Vec::new(),
        };
        Ok(match action.as_slice() {
            b"Include" => Self::Include(names),
            b"Exclude" => Self::Exclude(names),
            // The action is required; without one that is known the lock is taken at its widest.
            _ => Self::All,
        })
    }

    /// Whether the lock covers the field of this fully qualified name. A name covers the fields below it.
    #[must_use]
    pub fn covers(&self, name: &str) -> bool {
        let listed = |names: &[String]| {
            names.iter().any(|listed| {
                name.strip_prefix(listed.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            })
        };
        match self {
            Self::All => true,
            Self::Exclude(names) => !listed(names),
            Self::Include(names) => listed(names),
        }
    }
}

/// What all earlier signatures together allow.
#[derive(Debug, Default)]
pub struct Protection {
    /// The strictest permission, when a signature states one.
    pub permitted: Option<Permitted>,
    /// The locks of signed fields.
    pub locks: Vec<Lock>,
    /// How many signatures and document timestamps there are.
    pub signatures: usize,
}

impl Protection {
    /// Reads what the signatures of a document forbid.
    ///
    /// # Errors
    ///
    /// When an object that has to be read for it is damaged.
    pub fn read(pdf: &Pdf<'_>, form: &AcroForm) -> Result<Self, Error> {
        let mut protection = Self::default();
        for field in form.signed() {
            protection.signatures = protection.signatures.saturating_add(1);
            if let Some(value) = &field.value {
                protection.transforms(pdf, value)?;
            }
            protection.own_lock(pdf, field)?;
        }
        let catalog = pdf.object(pdf.root_id())?;
        if let Some(perms) = catalog
            .as_dict()
            .ok()
            .and_then(|catalog| catalog.get(b"Perms").ok())
            && let Ok(perms) = pdf.resolve(perms)?.as_dict()
            && let Ok(certification) = perms.get(b"DocMDP")
        {
            protection.transforms(pdf, certification)?;
        }
        Ok(protection)
    }

    /// Whether there is any signature that a change could break.
    #[must_use]
    pub const fn is_signed(&self) -> bool {
        self.signatures > 0 || self.permitted.is_some()
    }

    /// Whether a signature locks the field of this name.
    #[must_use]
    pub fn locks(&self, name: &str) -> bool {
        self.locks.iter().any(|lock| lock.covers(name))
    }

    fn restrict(&mut self, permitted: Permitted) {
        self.permitted = Some(
            self.permitted
                .map_or(permitted, |strictest| strictest.min(permitted)),
        );
    }

    fn transforms(&mut self, pdf: &Pdf<'_>, signature: &Object) -> Result<(), Error> {
        let signature = pdf.resolve(signature)?;
        let Some(references) = signature
            .as_dict()
            .ok()
            .and_then(|signature| signature.get(b"Reference").ok())
        else {
            return Ok(());
        };
        let references = pdf.resolve(references)?;
        for reference in references.as_array().map_or(&[][..], Vec::as_slice) {
            if let Ok(reference) = pdf.resolve(reference)?.as_dict() {
                self.transform(pdf, reference)?;
            }
        }
        Ok(())
    }

    fn transform(&mut self, pdf: &Pdf<'_>, reference: &Dictionary) -> Result<(), Error> {
        let Ok(method) = reference.get(b"TransformMethod") else {
            return Ok(());
        };
        let method = pdf.resolve(method)?;
        let parameters = match reference.get(b"TransformParams") {
            Ok(parameters) => pdf
                .resolve(parameters)?
                .as_dict()
                .cloned()
                .unwrap_or_default(),
            Err(_) => Dictionary::new(),
        };
        match method.as_name() {
            // The default of P is 2 (table 257).
            Ok(b"DocMDP") => self.restrict(p(pdf, &parameters)?.unwrap_or(Permitted::FillAndSign)),
            Ok(b"FieldMDP") => {
                self.locks.push(Lock::read(pdf, &parameters)?);
                p(pdf, &parameters)?
                    .into_iter()
                    .for_each(|permitted| self.restrict(permitted));
            }
            _ => {}
        }
        Ok(())
    }

    /// PDF 2.0 puts a permission into the lock of a field; it is in force once the field is signed.
    fn own_lock(&mut self, pdf: &Pdf<'_>, field: &Field) -> Result<(), Error> {
        let object = pdf.object(field.id)?;
        if let Some(lock) = object
            .as_dict()
            .ok()
            .and_then(|field| field.get(b"Lock").ok())
            && let Ok(lock) = pdf.resolve(lock)?.as_dict()
        {
            p(pdf, lock)?
                .into_iter()
                .for_each(|permitted| self.restrict(permitted));
        }
        Ok(())
    }
}

fn p(pdf: &Pdf<'_>, dict: &Dictionary) -> Result<Option<Permitted>, Error> {
    let Ok(p) = dict.get(b"P") else {
        return Ok(None);
    };
    Ok(Some(Permitted::from_p(
        pdf.resolve(p)?.as_i64().unwrap_or(0),
    )))
}
