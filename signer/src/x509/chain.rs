//! A certificate and the authorities above it (RFC 5280, section 6.1, without time, policies and revocation).

use super::{Certificate, Error, pem};

/// Certificates in the longest chain.
const MAX_CERTIFICATES: usize = 10;

/// A leaf and its issuers, each signed by the next. Whether the last is trusted, the chain does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain(Vec<Certificate>);

impl Chain {
    /// Takes certificates in order, leaf first.
    ///
    /// Names are compared octet by octet, which is stricter than RFC 5280, section 7.1 and what issuers keep to.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`], [`Error::Limit`], and for a link that does not hold [`Error::NotIssuedByNext`],
    /// [`Error::NotAnAuthority`] or [`Error::NotSignedByNext`].
    pub fn new(certificates: Vec<Certificate>) -> Result<Self, Error> {
        if certificates.is_empty() {
            return Err(Error::Empty);
        }
        if certificates.len() > MAX_CERTIFICATES {
            return Err(Error::Limit {
                what: "number of certificates in a chain",
                limit: MAX_CERTIFICATES,
            });
        }
        for (position, (certificate, issuer)) in certificates
            .iter()
            .zip(certificates.iter().skip(1))
            .enumerate()
        {
            check_link(position, certificate, issuer)?;
            check_depth(
                position + 1,
                issuer,
                certificates.get(1..=position).unwrap_or_default(),
            )?;
        }
        Ok(Self(certificates))
    }

    /// Takes the certificates of a PEM text, leaf first.
    ///
    /// # Errors
    ///
    /// As [`pem::certificates`] and [`Chain::new`].
    pub fn from_pem(text: &str) -> Result<Self, Error> {
        Self::new(pem::certificates(text, MAX_CERTIFICATES)?)
    }

    /// The certificate at the bottom.
    #[must_use]
    #[expect(
        clippy::indexing_slicing,
        reason = "a chain is made of at least one certificate"
    )]
    pub fn leaf(&self) -> &Certificate {
        &self.0[0]
    }

    /// All certificates, leaf first.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.0
    }

    /// The certificates as PEM, leaf first.
    #[must_use]
    pub fn pem(&self) -> String {
        self.0.iter().map(pem::from_certificate).collect()
    }
}

fn check_link(
    position: usize,
    certificate: &Certificate,
    issuer: &Certificate,
) -> Result<(), Error> {
    if certificate.issuer_der() != issuer.subject_der() {
        return Err(Error::NotIssuedByNext { position });
    }
    let not_authority = |context| Error::NotAnAuthority {
        position: position + 1,
        context,
    };
    if !issuer
        .basic_constraints()?
        .is_some_and(|constraints| constraints.ca)
    {
        return Err(not_authority("no authority by its basic constraints"));
    }
    if issuer
        .key_usage()?
        .is_some_and(|usage| !usage.key_cert_sign())
    {
        return Err(not_authority("key usage excludes signing certificates"));
    }
    let key = issuer.public_key()?;
    certificate
        .verify(&key)
        .map_err(|source| Error::NotSignedByNext {
            position,
            source: Box::new(source),
        })
}

/// `below` are the authorities between this one and the leaf.
fn check_depth(
    position: usize,
    authority: &Certificate,
    below: &[Certificate],
) -> Result<(), Error> {
    let Some(limit) = authority
        .basic_constraints()?
        .and_then(|constraints| constraints.path_len_constraint)
    else {
        return Ok(());
    };
    let counted = below
        .iter()
        .filter(|certificate| !certificate.is_self_issued())
        .count();
    if counted > usize::from(limit) {
        return Err(Error::NotAnAuthority {
            position,
            context: "path length is exceeded",
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
