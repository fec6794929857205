//! How a caller names a person.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

/// The longest name of a person that is looked up: the largest e-mail address there can be (RFC 5321).
const LONGEST: usize = 320;

/// How a caller names a person: by NIK, by e-mail, or by both, which must then name the same one.
#[derive(Clone, Default, Zeroize, ZeroizeOnDrop)]
pub struct Identity {
    /// The national id.
    pub nik: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
}

impl Identity {
    /// By NIK.
    #[must_use]
    pub fn nik(nik: impl Into<String>) -> Self {
        Self {
            nik: Some(nik.into()),
            email: None,
        }
    }

    /// By e-mail address.
    #[must_use]
    pub fn email(email: impl Into<String>) -> Self {
        Self {
            nik: None,
            email: Some(email.into()),
        }
    }

    /// NIK and e-mail in the form in which they are compared; `None` when nobody can be meant.
    pub(crate) fn normal(&self) -> Option<Self> {
        let normal = Self {
            nik: self.nik.as_deref().map(|nik| nik.trim().to_owned()),
            email: self
                .email
                .as_deref()
                .map(|email| email.trim().to_lowercase()),
        };
        let parts = || normal.nik.iter().chain(&normal.email);
        let named = parts().next().is_some();
        let short = parts().all(|part| !part.is_empty() && part.len() <= LONGEST);
        (named && short).then_some(normal)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}
