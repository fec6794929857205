//! Timestamps (RFC 3161): what a token says. Its CMS is checked like any other, its chain like any other.

use jiff::Timestamp;

use crate::algorithm::{Digest, Identifier};
use crate::asn1::{Error, Value, tag};
use crate::report::{Check, Findings, SubIndication};

/// `TSTInfo`.
#[derive(Clone, Debug)]
pub(crate) struct TimeStampToken {
    pub(crate) digest: Option<Digest>,
    pub(crate) imprint: Vec<u8>,
    pub(crate) time: Timestamp,
}

impl TimeStampToken {
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Error> {
        let whole = Value::parse(bytes)?;
        if !whole.is(tag::SEQUENCE) {
            return Err(Error("no sequence"));
        }
        let mut fields = whole.reader();
        if fields.expect(tag::INTEGER)?.small()? != 1 {
            return Err(Error("version"));
        }
        fields.oid()?;
        let mut imprint = fields.sequence()?;
        let digest = Identifier::read(&imprint.expect(tag::SEQUENCE)?)?.digest();
        let hashed = imprint.expect(tag::OCTET_STRING)?.octets()?.into_owned();
        imprint.end()?;
        fields.expect(tag::INTEGER)?;
        let time = fields.expect(tag::GENERALIZED_TIME)?.time()?;
        Ok(Self {
            digest,
            imprint: hashed,
            time,
        })
    }

    /// A time after the one validity is asked for proves nothing yet.
    pub(crate) fn check(&self, now: Timestamp, findings: &mut Findings) {
        if self.time > now {
            findings.doubt(
                Check::TimeOrder,
                SubIndication::TryLater,
                format!("the timestamp is of {}, after {now}", self.time),
            );
        }
    }
}
