//! The stages whose time is measured.

/// A part of the way of a request (architecture, "The way of one request").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Who asks.
    Auth,
    /// Reading the request.
    Parse,
    /// Scope, state, lock and activation.
    Authorise,
    /// Waiting for a place among the CPU jobs.
    QueueWait,
    /// Looking for markers in a document's text.
    Search,
    /// Reading the document, writing the revision, hashing.
    Prepare,
    /// The token's work, its own queue included.
    Token,
    /// Putting the signature in.
    Embed,
    /// Making the audit record durable.
    Record,
    /// All of it.
    Total,
    /// Judging the signatures of a document.
    Verify,
}

impl Stage {
    /// The word in labels.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Parse => "parse",
            Self::Authorise => "authorise",
            Self::QueueWait => "queue_wait",
            Self::Search => "search",
            Self::Prepare => "prepare",
            Self::Token => "token",
            Self::Embed => "embed",
            Self::Record => "record",
            Self::Total => "total",
            Self::Verify => "verify",
        }
    }
}
