//! The states of a holder (contract, section 2: `check/status`) and the changes between them.

use std::fmt;

/// The state of a person or seal, in the words of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// The certificate has run out.
    Expired,
    /// The certificate is good; the only state that may sign.
    Issue,
    /// Registered, without a data check so far.
    New,
    /// Verified, without a certificate that could be used.
    NoCertificate,
    /// Unknown, or out of the caller's scope.
    NotRegistered,
    /// The certificate is being renewed.
    Renew,
    /// The certificate was revoked.
    Revoke,
    /// The certificate is suspended.
    Suspend,
    /// The data of the registration wait for a check.
    WaitingForVerification,
}

impl State {
    const ALL: [Self; 9] = [
        Self::Expired,
        Self::Issue,
        Self::New,
        Self::NoCertificate,
        Self::NotRegistered,
        Self::Renew,
        Self::Revoke,
        Self::Suspend,
        Self::WaitingForVerification,
    ];

    /// The word on the wire and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "EXPIRED",
            Self::Issue => "ISSUE",
            Self::New => "NEW",
            Self::NoCertificate => "NO_CERTIFICATE",
            Self::NotRegistered => "NOT_REGISTERED",
            Self::Renew => "RENEW",
            Self::Revoke => "REVOKE",
            Self::Suspend => "SUSPEND",
            Self::WaitingForVerification => "WAITING_FOR_VERIFICATION",
        }
    }

    /// The code that a status query answers in version 2; version 1 answers 1110 in place of 2011.
    ///
    /// The contract names three codes. 1111 is kept for [`State::Issue`], since callers take it for leave to
    /// sign; a certificate that cannot be used answers 2041 as a signing call would, and whoever never had
    /// one answers 2021.
    #[must_use]
    pub const fn status_code(self) -> u16 {
        match self {
            Self::Issue => 1111,
            Self::NotRegistered => 2011,
            Self::New | Self::NoCertificate | Self::WaitingForVerification => 2021,
            Self::Expired | Self::Renew | Self::Revoke | Self::Suspend => 2041,
        }
    }

    /// Whether a holder in this state may sign.
    #[must_use]
    pub const fn may_sign(self) -> bool {
        matches!(self, Self::Issue)
    }

    /// Whether a holder may go from this state to the next.
    pub(crate) const fn may_become(self, next: Self) -> bool {
        match self {
            Self::NotRegistered => matches!(next, Self::New),
            Self::New => matches!(next, Self::WaitingForVerification | Self::NoCertificate),
            Self::WaitingForVerification => matches!(next, Self::New | Self::NoCertificate),
            Self::NoCertificate | Self::Expired | Self::Revoke => matches!(next, Self::Issue),
            Self::Issue => matches!(
                next,
                Self::Renew | Self::Suspend | Self::Revoke | Self::Expired
            ),
            Self::Renew | Self::Suspend => {
                matches!(next, Self::Issue | Self::Revoke | Self::Expired)
            }
        }
    }

    /// The state at a time, given the certificate's validity: one that has run out is expired whether or not
    /// anybody wrote that down, and one whose time has not come is none.
    pub(crate) const fn at(self, now: i64, validity: Option<(i64, i64)>) -> Self {
        if !matches!(self, Self::Issue | Self::Renew | Self::Suspend) {
            return self;
        }
        match validity {
            None => Self::NoCertificate,
            Some((not_before, _)) if now < not_before => Self::NoCertificate,
            Some((_, not_after)) if now > not_after => Self::Expired,
            Some(_) => self,
        }
    }

    /// Reads the word that the store keeps.
    pub(crate) fn from_stored(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a status query answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct HolderStatus {
    /// The state at the time of the query.
    pub state: State,
}

#[cfg(test)]
mod tests {
    use super::State;

    #[test]
    fn time_decides_over_the_stored_state() {
        let validity = Some((100, 200));
        assert_eq!(State::Issue.at(150, validity), State::Issue);
        assert_eq!(State::Issue.at(201, validity), State::Expired);
        assert_eq!(State::Suspend.at(201, validity), State::Expired);
        assert_eq!(State::Issue.at(99, validity), State::NoCertificate);
        assert_eq!(State::Issue.at(150, None), State::NoCertificate);
        assert_eq!(State::Revoke.at(201, validity), State::Revoke);
    }

    #[test]
    fn a_revoked_certificate_never_comes_back_but_by_a_new_one() {
        for next in State::ALL {
            assert_eq!(State::Revoke.may_become(next), next == State::Issue);
            assert!(!next.may_become(State::NotRegistered));
        }
    }

    #[test]
    fn the_store_reads_what_it_writes() {
        for state in State::ALL {
            assert_eq!(State::from_stored(state.as_str()), Some(state));
            assert_eq!(state.may_sign(), state.status_code() == 1111);
        }
    }
}
