//! `[log]`.

use toml::de::DeValue;

use crate::default;
use crate::reader::Section;
use crate::value::{self, Value};

/// How a line of the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

const FORMATS: [(&str, LogFormat); 2] = [("json", LogFormat::Json), ("text", LogFormat::Text)];

impl Value for LogFormat {
    fn read(value: &DeValue<'_>) -> Result<Self, String> {
        value::choice(value, &FORMATS)
    }

    fn show(&self) -> String {
        value::word(*self, &FORMATS)
    }
}

/// The log, on standard error.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Log {
    /// What is logged: a level, or directives such as `info,api=debug`.
    pub filter: String,
    /// How it is written.
    pub format: LogFormat,
}

impl Log {
    pub(crate) fn read(mut section: Section<'_>) -> Self {
        let log = Self {
            filter: section.or("filter", default::LOG_FILTER.to_owned()),
            format: section.or("format", LogFormat::Json),
        };
        section.finish();
        log
    }
}
