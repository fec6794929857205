//! Reading a certificate without copying it (RFC 5280, section 4.1).

use std::ops::Range;

use const_oid::ObjectIdentifier;
use der::{
    Decode, Reader, SliceReader, Tag, TagMode, TagNumber,
    asn1::{BitString, BitStringRef},
};
use jiff::Timestamp;
use spki::AlgorithmIdentifierOwned;
use x509_cert::{ext::Extension, name::Name, time::Validity};

use crate::x509::Error;

/// Extensions of the richest certificate read.
const MAX_EXTENSIONS: usize = 64;

/// Where things are in the bytes, and what is small enough to be kept beside them.
pub(super) struct Parts {
    pub(super) tbs: Range<usize>,
    pub(super) serial: Range<usize>,
    pub(super) issuer: Range<usize>,
    pub(super) subject: Range<usize>,
    pub(super) public_key: Range<usize>,
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
    pub(super) extensions: Vec<Extension>,
    pub(super) algorithm: AlgorithmIdentifierOwned,
    pub(super) signature: Vec<u8>,
}

impl Parts {
    pub(super) fn read(der: &[u8]) -> der::Result<Self> {
        let mut reader = SliceReader::new(der)?;
        let parts = reader.sequence(|certificate| {
            let start = position(certificate)?;
            let mut parts = certificate.sequence(Self::read_tbs)?;
            parts.tbs = start..position(certificate)?;
            let inner = std::mem::replace(
                &mut parts.algorithm,
                AlgorithmIdentifierOwned::decode(certificate)?,
            );
            if inner != parts.algorithm {
                return Err(Tag::Sequence.value_error().into());
            }
            let signature = BitStringRef::decode(certificate)?;
            parts.signature = signature
                .as_bytes()
                .ok_or(Tag::BitString.value_error())?
                .to_vec();
            Ok::<_, der::Error>(parts)
        })?;
        reader.finish()?;
        Ok(parts)
    }

    fn read_tbs<'a>(tbs: &mut SliceReader<'a>) -> der::Result<Self> {
        let version = tbs
            .context_specific::<u8>(TagNumber(0), TagMode::Explicit)?
            .unwrap_or(0);
        let serial = value(tbs, Tag::Integer)?;
        let algorithm = AlgorithmIdentifierOwned::decode(tbs)?;
        let issuer = name(tbs)?;
        let validity: Validity = Validity::decode(tbs)?;
        let subject = name(tbs)?;
        let public_key = value(tbs, Tag::Sequence)?;
        let issuer_id = tbs.context_specific::<BitString>(TagNumber(1), TagMode::Implicit)?;
        let subject_id = tbs.context_specific::<BitString>(TagNumber(2), TagMode::Implicit)?;
        let extensions = tbs.context_specific::<Vec<Extension>>(TagNumber(3), TagMode::Explicit)?;
        let newer = issuer_id.is_some() || subject_id.is_some() || extensions.is_some();
        if version > 2 || (version == 0 && newer) || serial.len() > 127 {
            return Err(Tag::Integer.value_error().into());
        }
        Ok(Self {
            tbs: 0..0,
            serial,
            issuer,
            subject,
            public_key,
            not_before: timestamp(validity.not_before.to_unix_duration())?,
            not_after: timestamp(validity.not_after.to_unix_duration())?,
            extensions: extensions.unwrap_or_default(),
            algorithm,
            signature: Vec::new(),
        })
    }

    /// Faults that no single value has.
    pub(super) fn check(&self) -> Result<(), Error> {
        if self.extensions.len() > MAX_EXTENSIONS {
            return Err(Error::Limit {
                what: "number of certificate extensions",
                limit: MAX_EXTENSIONS,
            });
        }
        let mut seen: Vec<ObjectIdentifier> = self
            .extensions
            .iter()
            .map(|extension| extension.extn_id)
            .collect();
        seen.sort_unstable();
        if seen
            .windows(2)
            .any(|pair| matches!(pair, [one, other] if one == other))
        {
            return Err(Error::Inconsistent {
                context: "an extension comes twice",
            });
        }
        if self.not_before > self.not_after {
            return Err(Error::Inconsistent {
                context: "validity ends before it starts",
            });
        }
        Ok(())
    }
}

fn position(reader: &SliceReader<'_>) -> der::Result<usize> {
    reader.position().try_into()
}

/// Where the next value is, which must be of this kind.
fn value(reader: &mut SliceReader<'_>, tag: Tag) -> der::Result<Range<usize>> {
    let start = position(reader)?;
    Tag::peek(reader)?.assert_eq(tag)?;
    reader.tlv_bytes()?;
    Ok(start..position(reader)?)
}

/// Where the next value is, which must be a Name.
fn name(reader: &mut SliceReader<'_>) -> der::Result<Range<usize>> {
    let start = position(reader)?;
    Name::from_der(reader.tlv_bytes()?)?;
    Ok(start..position(reader)?)
}

fn timestamp(since_epoch: std::time::Duration) -> der::Result<Timestamp> {
    let out_of_range = |()| der::Error::from(Tag::GeneralizedTime.value_error());
    let seconds = i64::try_from(since_epoch.as_secs()).map_err(|_| out_of_range(()))?;
    Timestamp::from_second(seconds).map_err(|_| out_of_range(()))
}
