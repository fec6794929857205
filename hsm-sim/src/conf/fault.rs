//! One `[[fault]]`: which call it strikes, when, and what happens then.

use std::time::Duration;

use cryptoki_sys::CK_RV;
use serde::Deserialize;

use super::latency::Span;
use crate::{call::Call, rv};

/// A fault that waits for its call.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Written")]
pub(crate) struct Fault {
    pub(crate) call: Call,
    /// So many calls pass first.
    pub(crate) after: u64,
    /// So many are struck; without it, all.
    pub(crate) count: Option<u64>,
    /// The chance that a call it is due at is struck.
    pub(crate) probability: f64,
    pub(crate) effect: Effect,
}

/// What a fault does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Every call answers `CKR_DEVICE_ERROR` until `C_Finalize` and `C_Initialize`.
    Die,
    /// The answer is right but for one bit.
    FlipBit,
    /// The call takes so much longer, then goes its way.
    Hang(Duration),
    /// The device forgets all sessions: their handles are no longer valid, and nobody is logged in.
    LoseSessions,
    /// The call answers this and does nothing.
    Return(CK_RV),
    /// The token is out of its slot for so long, and all sessions with it.
    TokenAbsent(Duration),
}

impl Effect {
    /// The effect's name, as the configuration spells it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Die => "die",
            Self::FlipBit => "flip-bit",
            Self::Hang(_) => "hang",
            Self::LoseSessions => "lose-sessions",
            Self::Return(_) => "return",
            Self::TokenAbsent(_) => "token-absent",
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    call: Call,
    #[serde(default)]
    after: u64,
    count: Option<u64>,
    #[serde(default = "always")]
    probability: f64,
    #[serde(default)]
    die: bool,
    #[serde(default)]
    flip_bit: bool,
    hang: Option<Span>,
    #[serde(default)]
    lose_sessions: bool,
    #[serde(rename = "return")]
    code: Option<String>,
    token_absent: Option<Span>,
}

fn always() -> f64 {
    1.0
}

impl TryFrom<Written> for Fault {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let code = match &written.code {
            Some(name) => Some(Effect::Return(
                rv::parse(name).ok_or_else(|| format!("no CKR code: {name}"))?,
            )),
            None => None,
        };
        let effects = [
            written.die.then_some(Effect::Die),
            written.flip_bit.then_some(Effect::FlipBit),
            written.hang.map(|Span(duration)| Effect::Hang(duration)),
            written.lose_sessions.then_some(Effect::LoseSessions),
            code,
            written
                .token_absent
                .map(|Span(duration)| Effect::TokenAbsent(duration)),
        ];
        let mut effects = effects.into_iter().flatten();
        let (Some(effect), None) = (effects.next(), effects.next()) else {
            return Err(
                "exactly one of return, hang, flip-bit, lose-sessions, die, token-absent is needed"
                    .to_owned(),
            );
        };
        if effect == Effect::FlipBit && !written.call.answers_bytes() {
            return Err(format!(
                "{} answers no bytes to flip a bit in",
                written.call.name()
            ));
        }
        if !(0.0..=1.0).contains(&written.probability) {
            return Err("probability must be from 0 to 1".to_owned());
        }
        Ok(Self {
            call: written.call,
            after: written.after,
            count: written.count,
            probability: written.probability,
            effect,
        })
    }
}
