//! Where certificates and revocation data come from that the document does not carry. The caller has the network.

/// What the caller can add. Everything is optional: the default knows nothing.
pub trait Evidence {
    /// DER of certificates whose subject has this name (DER of the `Name`).
    fn certificates(&self, subject: &[u8]) -> Vec<Vec<u8>> {
        let _ = subject;
        Vec::new()
    }

    /// DER of revocation lists of the issuer with this name (DER of the `Name`).
    fn revocation_lists(&self, issuer: &[u8]) -> Vec<Vec<u8>> {
        let _ = issuer;
        Vec::new()
    }

    /// DER of OCSP responses about this certificate (DER).
    fn ocsp_responses(&self, certificate: &[u8]) -> Vec<Vec<u8>> {
        let _ = certificate;
        Vec::new()
    }
}

/// Nothing beyond the document.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoEvidence;

impl Evidence for NoEvidence {}
