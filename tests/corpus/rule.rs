//! What a row's words mean for a signer. The words are the corpus's; this table is our reading of them, first match first.

/// What must come of sending a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Signed, and nothing held against it by any judge.
    Signed,
    /// A clear refusal: 400 with 4015 or 4016, or 413 with 4131.
    Refused,
    /// Either of the two; never a result that a judge holds something against.
    Either,
    /// Signed with its password; refused without one and with a wrong one.
    SignedWithPassword,
}

impl Due {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Signed => "signed",
            Self::Refused => "refused",
            Self::Either => "either",
            Self::SignedWithPassword => "signed with password",
        }
    }
}

const RULES: &[(&str, Due)] = &[
    (
        "sign OK incrementally only with the password",
        Due::SignedWithPassword,
    ),
    ("owner permissions forbid changes", Due::Either),
    ("password unknown to us", Due::Refused),
    // "(or at least warn)" follows in the corpus; our contract has 4016 for it.
    ("signer must REFUSE", Due::Refused),
    ("preferably sign OK", Due::Either),
    ("signer: refuse or warn", Due::Either),
    ("signer: warn", Due::Either),
    // Whether a new signature touches a locked field depends on the lock; judged by the earlier signature staying valid.
    ("field locks in force", Due::Either),
    ("refuse with clear error", Due::Refused),
    ("adding an approval signature is allowed", Due::Signed),
    ("earlier ones stay VALID", Due::Signed),
    ("sign into existing empty field(s) OK", Due::Signed),
    // Markers are another matter: here the file is signed without one.
    ("tag search finds the anchor(s)", Due::Signed),
    ("sign OK", Due::Signed),
];

/// What the row wants; `None` when its words are new to us, which fails the row.
pub(crate) fn due(expected: &str) -> Option<Due> {
    RULES
        .iter()
        .find(|(words, _)| expected.contains(words))
        .map(|(_, due)| *due)
}
