//! What is asked of a signature.

use std::sync::Arc;

use jiff::Zoned;
use secrecy::SecretString;

use super::SignerIdentity;
use crate::appearance::Mark;
use crate::pdf::repair::Caps;
use crate::pdf::sig_field::SubFilter;

/// The field that takes the signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// The empty field with this fully qualified name.
    Existing(String),
    /// A new field, with a free name if none is given.
    New {
        /// The name, without full stops.
        name: Option<String>,
    },
}

/// One signature on one document.
#[derive(Debug, Clone)]
pub struct Request {
    /// Who signs.
    pub signer: Arc<SignerIdentity>,
    /// When, by the signer's clock; the offset is written too.
    pub time: Zoned,
    /// The field.
    pub field: Field,
    /// What is drawn. The first mark belongs to the field; the others are annotations of their own.
    pub marks: Vec<Mark>,
    /// The signer's name as readers show it.
    pub signer_name: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Where.
    pub location: Option<String>,
    /// How to reach the signer.
    pub contact_info: Option<String>,
    /// How the signature is encoded.
    pub sub_filter: SubFilter,
    /// Opens an encrypted document.
    pub password: Option<SecretString>,
    /// Draws marks in new fields of certified documents too, although some validators then reject the certification.
    pub certified_visible: bool,
    /// Up to where a damaged document may be rewritten before it is signed; not at all if this is none.
    pub repair: Option<Caps>,
}

impl Request {
    /// An invisible signature in a new field, with nothing said that need not be.
    #[must_use]
    pub const fn new(signer: Arc<SignerIdentity>, time: Zoned) -> Self {
        Self {
            signer,
            time,
            field: Field::New { name: None },
            marks: Vec::new(),
            signer_name: None,
            reason: None,
            location: None,
            contact_info: None,
            sub_filter: SubFilter::CadesDetached,
            password: None,
            certified_visible: false,
            repair: None,
        }
    }
}

/// Something the caller should know about a document that was signed all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// An earlier signature does not cover what it should, or its digest is not that of what it covers.
    BrokenSignature,
    /// The document was changed after its newest signature.
    ChangedAfterSigning,
    /// The document claims to be accessible (PDF/A of level A, PDF/UA), but what is new could not be entered in its
    /// structure tree: there is none, none that can be added to, or an earlier signature forbids it.
    OutsideStructure,
    /// The document was damaged and has been rewritten before it was signed.
    Repaired,
    /// The document has an XFA form, which some readers show in place of the pages that were signed.
    Xfa,
}
