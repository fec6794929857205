//! Keys in memory, for tests of what surrounds a signature; what a token does is tested with a token.

use std::{
    sync::{Arc, OnceLock},
    time::Instant,
};

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair,
        Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair,
    },
};

use super::{PublicKey, Signature, Signing, SigningKey};
use crate::{cms::algorithm::SignatureAlgorithm, hsm};

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(Arc<RsaKeyPair>),
}

/// A key pair in memory.
pub(crate) struct MemoryKey {
    pair: Pair,
    public: PublicKey,
    algorithm: SignatureAlgorithm,
}

impl MemoryKey {
    /// A new key; RSA keys are the same one throughout a test binary, since making them takes long.
    pub(crate) fn generate(algorithm: SignatureAlgorithm) -> Self {
        static RSA: OnceLock<Arc<RsaKeyPair>> = OnceLock::new();
        let rsa = || {
            Arc::clone(
                RSA.get_or_init(|| Arc::new(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())),
            )
        };
        let pair = match algorithm {
            SignatureAlgorithm::EcdsaP256Sha256 => {
                Pair::Ecdsa(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap())
            }
            SignatureAlgorithm::EcdsaP384Sha384 => {
                Pair::Ecdsa(EcdsaKeyPair::generate(&ECDSA_P384_SHA384_ASN1_SIGNING).unwrap())
            }
            SignatureAlgorithm::Ed25519 => Pair::Ed25519(Ed25519KeyPair::generate().unwrap()),
            SignatureAlgorithm::RsaPkcs1Sha256 | SignatureAlgorithm::RsaPssSha256 => {
                Pair::Rsa(rsa())
            }
        };
        let spki: PublicKeyX509Der<'_> = match &pair {
            Pair::Ecdsa(pair) => pair.public_key().as_der().unwrap(),
            Pair::Ed25519(pair) => pair.public_key().as_der().unwrap(),
            Pair::Rsa(pair) => pair.public_key().as_der().unwrap(),
        };
        let public = PublicKey::from_spki(spki.as_ref()).unwrap();
        Self {
            pair,
            public,
            algorithm,
        }
    }

    /// The raw signature of `message`.
    pub(crate) fn raw(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ecdsa(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let mut raw = vec![0; pair.public_modulus_len()];
                let encoding: &'static dyn aws_lc_rs::signature::RsaEncoding =
                    if self.algorithm == SignatureAlgorithm::RsaPssSha256 {
                        &RSA_PSS_SHA256
                    } else {
                        &RSA_PKCS1_SHA256
                    };
                pair.sign(encoding, &random, message, &mut raw).unwrap();
                raw
            }
        }
    }
}

impl SigningKey for MemoryKey {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    fn sign(&self, message: Vec<u8>, _deadline: Instant) -> Signing {
        let signature =
            Signature::check(self.raw(&message), &self.public, self.algorithm, &message);
        Box::pin(std::future::ready(
            signature.map_err(|_| hsm::Error::Faulty),
        ))
    }
}

/// Runs a future that is ready at once.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("not ready"),
    }
}
