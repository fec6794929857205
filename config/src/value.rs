//! One value of the file into one type.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use ipnet::IpNet;
use toml::de::DeValue;

/// A number of bytes, written as `"64MiB"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(u64);

impl Size {
    /// A size of so many bytes.
    #[must_use]
    pub const fn bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// A size of so many KiB.
    #[must_use]
    pub const fn kib(kib: u64) -> Self {
        Self(kib.saturating_mul(1 << 10))
    }

    /// A size of so many MiB.
    #[must_use]
    pub const fn mib(mib: u64) -> Self {
        Self(mib.saturating_mul(1 << 20))
    }

    /// A size of so many GiB.
    #[must_use]
    pub const fn gib(gib: u64) -> Self {
        Self(gib.saturating_mul(1 << 30))
    }

    /// The number of bytes.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The number of bytes as a length in memory; the largest length when it does not fit.
    #[must_use]
    pub fn in_memory(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = SIZE_UNITS
            .iter()
            .rev()
            .find(|(_, factor)| self.0 >= *factor && self.0.is_multiple_of(*factor));
        let (name, factor) = unit.copied().unwrap_or(("B", 1));
        write!(f, "{}{name}", self.0 / factor)
    }
}

const SIZE_UNITS: [(&str, u64); 4] = [
    ("B", 1),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

/// Units of a duration, in milliseconds.
const DURATION_UNITS: [(&str, u64); 5] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];

/// A type that can be read from a value of the file.
pub(crate) trait Value: Sized {
    /// Reads the value; the error completes a sentence that begins with the key.
    fn read(value: &DeValue<'_>) -> Result<Self, String>;

    /// The value as it would be written in the file.
    fn show(&self) -> String;
}

/// Reads one of a few words.
pub(crate) fn choice<T: Copy>(value: &DeValue<'_>, choices: &[(&str, T)]) -> Result<T, String> {
    let text = text(value)?;
    choices
        .iter()
        .find(|(name, _)| *name == text)
        .map(|(_, choice)| *choice)
        .ok_or_else(|| {
            let names: Vec<_> = choices
                .iter()
                .map(|(name, _)| format!("\"{name}\""))
                .collect();
            format!("must be one of {}", names.join(", "))
        })
}

/// The word for a choice, for [`Value::show`].
pub(crate) fn word<T: Copy + PartialEq>(chosen: T, choices: &[(&str, T)]) -> String {
    choices
        .iter()
        .find(|(_, choice)| *choice == chosen)
        .map_or_else(String::new, |(name, _)| format!("\"{name}\""))
}

fn text<'v>(value: &'v DeValue<'_>) -> Result<&'v str, String> {
    value
        .as_str()
        .ok_or_else(|| format!("must be a string, not {}", article(value)))
}

fn article(value: &DeValue<'_>) -> String {
    let name = value.type_str();
    let article = if name.starts_with(['a', 'i']) {
        "an"
    } else {
        "a"
    };
    format!("{article} {name}")
}

/// Splits `"15m"` into its number and the factor of its unit.
fn with_unit(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(digits)?;
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

impl Value for bool {
    fn read(value: &DeValue<'_>) -> Result<Self, String> {
        value
            .as_bool()
            .ok_or_else(|| format!("must be true or false, not {}", article(value)))
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Value for String {
    fn read(value: &DeValue<'_>) -> Result<Self, String> {
        let text = text(value)?;
        if text.is_empty() {
            return Err("must not be empty".to_owned());
        }
        if text.len() > 4096 || text.chars().any(char::is_control) {
            return Err("must be one line of at most 4096 bytes".to_owned());
        }
        Ok(text.to_owned())
    }

    fn show(&self) -> String {
        format!("\"{self}\"")
    }
}

impl Value for Size {
    fn read(value: &DeValue<'_>) -> Result<Self, String> {
        with_unit(text(value)?, &SIZE_UNITS)
            .map(Self)
            .ok_or_else(|| "must be a size such as \"64MiB\" (units B, KiB, MiB, GiB)".to_owned())
    }

    fn show(&self) -> String {
        format!("\"{self}\"")
    }
}

impl Value for Duration {
    fn read(value: &DeValue<'_>) -> Result<Self, String> {
        with_unit(text(value)?, &DURATION_UNITS)
            .map(Self::from_millis)
            .ok_or_else(|| "must be a duration such as \"15m\" (units ms, s, m, h, d)".to_owned())
    }

    fn show(&self) -> String {
        let millis = u64::try_from(self.as_millis()).unwrap_or(u64::MAX);
        let unit = DURATION_UNITS
            .iter()
            .rev()
            .find(|(_, factor)| millis >= *factor && millis.is_multiple_of(*factor));
        let (name, factor) = unit.copied().unwrap_or(("s", 1_000));
        format!("\"{}{name}\"", millis / factor)
    }
}

macro_rules! whole_number {
    ($($number:ty),+) => {$(
        impl Value for $number {
            fn read(value: &DeValue<'_>) -> Result<Self, String> {
                let Some(integer) = value.as_integer() else {
                    return Err(format!("must be a whole number, not {}", article(value)));
                };
                Self::from_str_radix(integer.as_str(), integer.radix())
                    .map_err(|_| format!("must be a whole number from 0 to {}", Self::MAX))
            }

            fn show(&self) -> String {
                self.to_string()
            }
        }
    )+};
}
whole_number!(u32, usize);

macro_rules! address {
    ($($address:ty, $expected:literal);+) => {$(
        impl Value for $address {
            fn read(value: &DeValue<'_>) -> Result<Self, String> {
                text(value)?
                    .parse()
                    .map_err(|_| concat!("must be ", $expected).to_owned())
            }

            fn show(&self) -> String {
                format!("\"{self}\"")
            }
        }
    )+};
}
address!(
    SocketAddr, "an address and port such as \"127.0.0.1:8443\" or \"[::]:8443\"";
    IpNet, "an address range such as \"10.0.0.0/8\""
);
