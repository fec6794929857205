//! Identifiers of records: 128 random bits, made by the daemon.

use std::fmt;

use crate::error::Error;

macro_rules! identifiers {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; 16]);

        impl $name {
            /// A new identifier.
            pub(crate) fn random() -> Result<Self, Error> {
                random().map(Self)
            }

            /// The identifier's bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }

            /// The identifier as the store keeps it.
            pub(crate) fn stored(&self) -> Vec<u8> {
                self.0.to_vec()
            }
        }

        impl TryFrom<Vec<u8>> for $name {
            type Error = Vec<u8>;

            fn try_from(bytes: Vec<u8>) -> Result<Self, Vec<u8>> {
                bytes.try_into().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    )+};
}

identifiers! {
    /// An agency (instansi).
    AgencyId;
    /// An application of an agency.
    ApplicationId;
    /// A certificate.
    CertificateId;
    /// A seal's custodian (penanggung jawab).
    CustodianId;
    /// A holder: a person or a seal. In records it is the person's pseudonym.
    HolderId;
}

/// Random bytes from the system's generator.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| Error::Random)?;
    Ok(bytes)
}

/// An identifier that sorts by the time it was made: milliseconds, then 80 random bits.
pub(crate) fn by_time(milliseconds: i64) -> Result<[u8; 16], Error> {
    let mut bytes = random::<16>()?;
    for (byte, time) in bytes.iter_mut().zip(&milliseconds.to_be_bytes()[2..]) {
        *byte = *time;
    }
    Ok(bytes)
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    nibbles
        .filter_map(|nibble| DIGITS.get(usize::from(nibble)))
        .collect()
}
