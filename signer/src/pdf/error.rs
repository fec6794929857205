//! What can be wrong with a document. The fault is always the document's, never ours.

use lopdf::ObjectId;

/// Why a document cannot be read, or not as asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No `%PDF-` header was found.
    #[error("not a PDF: no header")]
    NotPdf,
    /// The bytes at `offset` are not what the syntax wants there.
    #[error("syntax error at offset {offset}: {context}")]
    Syntax {
        /// Where in the file, or in the decoded object stream.
        offset: usize,
        /// What was being read.
        context: &'static str,
    },
    /// The cross-reference or the document's structure is broken.
    #[error("damaged at offset {offset}: {context}")]
    Damaged {
        /// Where in the file.
        offset: usize,
        /// What is wrong.
        context: &'static str,
    },
    /// An object is not where, or not what, the structure says.
    #[error("object {} {} is damaged: {context}", id.0, id.1)]
    BadObject {
        /// The object.
        id: ObjectId,
        /// What is wrong.
        context: &'static str,
    },
    /// Reading on would cost more than [`Limits`](super::Limits) allow.
    #[error("limit exceeded: {what}")]
    Limit {
        /// What there is too much of.
        what: &'static str,
    },
    /// The document is encrypted and no password opens it.
    #[error("the document is encrypted and needs a password")]
    PasswordRequired,
    /// The document is encrypted and the password given does not open it.
    #[error("the password does not open the document")]
    PasswordIncorrect,
    /// The document is encrypted in a way that is not supported.
    #[error("unsupported encryption: {what}")]
    UnsupportedEncryption {
        /// The security handler or the part of it.
        what: String,
    },
    /// The encryption dictionary, or something encrypted, is broken.
    #[error("broken encryption: {what}")]
    BrokenEncryption {
        /// What is wrong.
        what: String,
    },
    /// The document carries an integrity code (ISO/TS 32004), which a revision would break.
    #[error("the document carries an integrity code")]
    IntegrityProtected,
    /// The document has no such page.
    #[error("page {page} does not exist, the document has {count}")]
    NoSuchPage {
        /// The page asked for, from 1.
        page: u32,
        /// How many there are.
        count: u32,
    },
    /// The document is damaged and may not be rewritten.
    #[error("damaged and not repairable: {why}")]
    NotRepairable {
        /// Why not.
        why: &'static str,
    },
}

impl Error {
    /// Whether [`repair::rewrite`](super::repair::rewrite) may help.
    #[must_use]
    pub const fn is_damage(&self) -> bool {
        matches!(
            self,
            Self::Syntax { .. } | Self::Damaged { .. } | Self::BadObject { .. }
        )
    }
}

/// Something that was read although it is not as ISO 32000 wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Anomaly {
    /// Two dictionary keys are equal and their values are not; readers choose differently.
    DuplicateKey {
        /// The object that holds the dictionary.
        id: ObjectId,
    },
    /// The file ends with something else than its last revision, and it has objects in it.
    ObjectsAfterEnd,
    /// The file ends with something else than its last revision.
    JunkAfterEnd,
    /// There is something before the header.
    JunkBeforeHeader,
    /// The last revision has no `%%EOF`.
    NoEndMarker,
    /// An object has no `endobj`.
    NoEndObject {
        /// The object.
        id: ObjectId,
    },
    /// An object is not at the place in its object stream that its entry says.
    ObjectStreamIndex {
        /// The object.
        id: ObjectId,
    },
    /// `/Count` in the page tree is not the number of pages.
    PageCount,
    /// `/Size` is not more than the highest object number.
    Size,
    /// The length of a stream is not what `/Length` says.
    StreamLength {
        /// The stream.
        id: ObjectId,
    },
    /// A cross-reference table has entries that are not 20 bytes long.
    TableEntryLength,
    /// A cross-reference table numbers its objects one too high; not every reader sees through that.
    TableStartsAtOne,
    /// A page has no usable `/MediaBox`.
    NoMediaBox,
}

impl Anomaly {
    /// Whether an appended revision would be read differently by different readers, so that the document has to
    /// be rewritten, or refused where that may not be done.
    #[must_use]
    pub const fn needs_rewrite(self) -> bool {
        match self {
            Self::DuplicateKey { .. }
            | Self::ObjectsAfterEnd
            | Self::JunkBeforeHeader
            | Self::ObjectStreamIndex { .. }
            | Self::TableStartsAtOne => true,
            Self::JunkAfterEnd
            | Self::NoEndMarker
            | Self::NoEndObject { .. }
            | Self::PageCount
            | Self::Size
            | Self::StreamLength { .. }
            | Self::TableEntryLength
            | Self::NoMediaBox => false,
        }
    }
}
