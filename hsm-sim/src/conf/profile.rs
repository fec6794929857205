//! Named devices. Rates are what makers and operators publish for RSA-2048 signatures; where only a rate and a useful number
//! of threads are published the latency is their quotient, and where only a rate is, there is no latency. What the real module
//! itself costs comes on top, so a profile is an upper bound on a machine that signs in software.

use std::{
    num::{NonZeroU32, NonZeroU64},
    time::Duration,
};

use serde::Deserialize;

use super::Latency;
use crate::call::Call;

/// A device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Profile {
    /// AWS `CloudHSM`, two devices.
    #[serde(rename = "cloudhsm-2")]
    CloudHsm2,
    /// AWS `CloudHSM`, three devices.
    #[serde(rename = "cloudhsm-3")]
    CloudHsm3,
    /// AWS `CloudHSM`, six devices.
    #[serde(rename = "cloudhsm-6")]
    CloudHsm6,
    /// Thales Luna 7 A700.
    LunaA700,
    /// Thales Luna 7 A750.
    LunaA750,
    /// Thales Luna 7 A790.
    LunaA790,
    /// Entrust nShield 5c base.
    #[serde(rename = "nshield-5c-base")]
    NShield5cBase,
    /// Entrust nShield Connect XC base.
    #[serde(rename = "nshield-xc-base")]
    NShieldXcBase,
    /// `YubiHSM` 2.
    #[serde(rename = "yubihsm2")]
    YubiHsm2,
    /// `YubiKey` NEO as a PIV card.
    #[serde(rename = "yubikey-piv")]
    YubiKeyPiv,
}

/// What is known of a device; 0 where nothing is.
struct Figures {
    signature: Duration,
    parallel: u32,
    per_second: u32,
    sessions: u64,
}

impl Profile {
    const fn figures(self) -> Figures {
        let (micros, parallel, per_second, sessions) = match self {
            Self::CloudHsm2 => (0, 0, 2_000, 0),
            Self::CloudHsm3 => (0, 0, 3_000, 0),
            Self::CloudHsm6 => (0, 0, 5_000, 0),
            Self::LunaA700 => (30_000, 30, 1_000, 0),
            Self::LunaA750 => (6_000, 30, 5_000, 0),
            Self::LunaA790 => (3_000, 30, 10_000, 0),
            Self::NShield5cBase => (0, 0, 670, 0),
            Self::NShieldXcBase => (0, 0, 430, 0),
            Self::YubiHsm2 => (139_000, 1, 7, 16),
            Self::YubiKeyPiv => (700_000, 1, 0, 1),
        };
        Figures {
            signature: Duration::from_micros(micros),
            parallel,
            per_second,
            sessions,
        }
    }

    pub(super) fn latency(self, call: Call) -> Option<Latency> {
        let signature = self.figures().signature;
        let signs = matches!(call, Call::C_Sign | Call::C_SignFinal);
        (signs && !signature.is_zero()).then_some(Latency::Constant(signature))
    }

    pub(super) fn max_parallel(self) -> Option<NonZeroU32> {
        NonZeroU32::new(self.figures().parallel)
    }

    pub(super) fn max_per_second(self) -> Option<NonZeroU32> {
        NonZeroU32::new(self.figures().per_second)
    }

    pub(super) fn max_sessions(self) -> Option<NonZeroU64> {
        NonZeroU64::new(self.figures().sessions)
    }
}
