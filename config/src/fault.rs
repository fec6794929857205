//! What is wrong with a configuration, and where.

use std::fmt;

/// One fault of a configuration file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Line in the file, from 1; 0 when the file as a whole is meant.
    pub line: usize,
    /// Path of the key, such as `hsm[0].module`; empty when the file as a whole is meant.
    pub key: String,
    /// What is wrong, as the rest of a sentence that begins with the key.
    pub message: String,
}

impl Fault {
    /// A fault of the file as a whole.
    pub(crate) fn of_file(message: String) -> Self {
        Self {
            line: 0,
            key: String::new(),
            message,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

/// Turns byte offsets into line numbers.
#[derive(Debug)]
pub(crate) struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    pub(crate) fn of(text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self {
            starts: std::iter::once(0)
                .chain(breaks.map(|(at, _)| at.saturating_add(1)))
                .collect(),
        }
    }

    pub(crate) fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset)
    }
}
