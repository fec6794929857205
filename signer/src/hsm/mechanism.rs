//! Which mechanism makes a signature, what goes in and what is made of what comes out: a pure function.
//!
//! The message is hashed here, and only its digest crosses; two cases differ. Ed25519 (RFC 8032) signs the message itself.
//! And a key that wants its PIN for every signature (`CKA_ALWAYS_AUTHENTICATE`) can be used through the binding only by a
//! mechanism that hashes inside the token, since the context-specific login stands between `C_SignInit` and the data.

use std::borrow::Cow;

use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use der::asn1::UintRef;
use der::{Encode, Sequence};

use crate::cms::algorithm::{DigestAlgorithm, SignatureAlgorithm};

/// How a signature is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) scheme: Scheme,
    pub(super) before: Before,
    pub(super) after: After,
}

/// A mechanism without its parameters, which hold pointers and are built on the worker's thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Ecdsa,
    EcdsaSha256,
    EcdsaSha384,
    Eddsa,
    RsaPkcs,
    RsaPkcsPss,
    Sha256RsaPkcs,
    Sha256RsaPkcsPss,
}

/// What is made of the message before it crosses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    Digest(DigestAlgorithm),
    /// `DigestInfo` of RFC 8017, section 9.2, around a SHA-256 digest.
    DigestInfoSha256,
    Nothing,
}

/// What is made of the token's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// r and s of so many octets each become the DER of RFC 5480, appendix A.
    EcdsaDer(usize),
    Nothing,
}

/// The plan for an algorithm; `attended` when the key wants its PIN every time.
pub(super) const fn plan(algorithm: SignatureAlgorithm, attended: bool) -> Plan {
    use DigestAlgorithm::{Sha256, Sha384};
    let (scheme, before, after) = match (algorithm, attended) {
        (SignatureAlgorithm::EcdsaP256Sha256, false) => {
            (Scheme::Ecdsa, Before::Digest(Sha256), After::EcdsaDer(32))
        }
        (SignatureAlgorithm::EcdsaP256Sha256, true) => {
            (Scheme::EcdsaSha256, Before::Nothing, After::EcdsaDer(32))
        }
        (SignatureAlgorithm::EcdsaP384Sha384, false) => {
            (Scheme::Ecdsa, Before::Digest(Sha384), After::EcdsaDer(48))
        }
        (SignatureAlgorithm::EcdsaP384Sha384, true) => {
            (Scheme::EcdsaSha384, Before::Nothing, After::EcdsaDer(48))
        }
        (SignatureAlgorithm::Ed25519, _) => (Scheme::Eddsa, Before::Nothing, After::Nothing),
        (SignatureAlgorithm::RsaPkcs1Sha256, false) => {
            (Scheme::RsaPkcs, Before::DigestInfoSha256, After::Nothing)
        }
        (SignatureAlgorithm::RsaPkcs1Sha256, true) => {
            (Scheme::Sha256RsaPkcs, Before::Nothing, After::Nothing)
        }
        (SignatureAlgorithm::RsaPssSha256, false) => {
            (Scheme::RsaPkcsPss, Before::Digest(Sha256), After::Nothing)
        }
        (SignatureAlgorithm::RsaPssSha256, true) => {
            (Scheme::Sha256RsaPkcsPss, Before::Nothing, After::Nothing)
        }
    };
    Plan {
        scheme,
        before,
        after,
    }
}

impl Plan {
    pub(super) fn mechanism(self) -> Mechanism<'static> {
        let pss = || PkcsPssParams {
            hash_alg: MechanismType::SHA256,
            mgf: PkcsMgfType::MGF1_SHA256,
            s_len: 32.into(),
        };
        match self.scheme {
            Scheme::Ecdsa => Mechanism::Ecdsa,
            Scheme::EcdsaSha256 => Mechanism::EcdsaSha256,
            Scheme::EcdsaSha384 => Mechanism::EcdsaSha384,
            Scheme::Eddsa => Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Ed25519)),
            Scheme::RsaPkcs => Mechanism::RsaPkcs,
            Scheme::RsaPkcsPss => Mechanism::RsaPkcsPss(pss()),
            Scheme::Sha256RsaPkcs => Mechanism::Sha256RsaPkcs,
            Scheme::Sha256RsaPkcsPss => Mechanism::Sha256RsaPkcsPss(pss()),
        }
    }

    /// What crosses to the token.
    pub(super) fn input(self, message: &[u8]) -> Cow<'_, [u8]> {
        match self.before {
            Before::Digest(algorithm) => algorithm.digest(message).into(),
            Before::DigestInfoSha256 => {
                let mut info = DIGEST_INFO_SHA256.to_vec();
                info.extend(DigestAlgorithm::Sha256.digest(message));
                info.into()
            }
            Before::Nothing => message.into(),
        }
    }

    /// The signature as CMS carries it; none if the token's answer cannot be one.
    pub(super) fn output(self, raw: Vec<u8>) -> Option<Vec<u8>> {
        match self.after {
            After::Nothing => Some(raw),
            After::EcdsaDer(octets) => {
                let (r, s) = raw
                    .split_at_checked(octets)
                    .filter(|(_, s)| s.len() == octets)?;
                let value = EcdsaSigValue {
                    r: UintRef::new(r).ok()?,
                    s: UintRef::new(s).ok()?,
                };
                value.to_der().ok()
            }
        }
    }
}

/// DER of `DigestInfo` up to the digest itself (RFC 8017, section 9.2, note 1).
const DIGEST_INFO_SHA256: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
    0x00, 0x04, 0x20,
];

#[derive(Sequence)]
struct EcdsaSigValue<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_digests_cross_unless_the_algorithm_wants_the_message() {
        let message = vec![7; 5000];
        for algorithm in SignatureAlgorithm::ALL {
            let crossed = plan(algorithm, false).input(&message).len();
            if algorithm == SignatureAlgorithm::Ed25519 {
                assert_eq!(crossed, message.len());
            } else {
                assert!(crossed <= 64, "{algorithm}");
            }
        }
    }

    #[test]
    fn r_and_s_become_der_with_minimal_integers() {
        let plan = plan(SignatureAlgorithm::EcdsaP256Sha256, false);
        let mut raw = vec![0; 64];
        raw[31] = 1;
        raw[32] = 0x80;
        let der = plan.output(raw).unwrap();
        assert_eq!(der[..7], [0x30, 38, 0x02, 1, 1, 0x02, 33]);
        assert_eq!(der[7..9], [0, 0x80]);
        assert_eq!(plan.output(vec![1; 63]), None);
        assert_eq!(plan.output(vec![1; 96]), None);
    }
}
