//! Walks the parsed file section by section and collects every fault.
//!
//! Serde stops at the first fault; an operator wants all of them. A [`Section`] hands out the keys it is
//! asked for and, when it is finished, reports those nobody asked for, with the nearest known name.

use std::cell::RefCell;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::credential::Credentials;
use crate::fault::{Fault, Lines};
use crate::value::Value;

/// What all sections of one file share.
#[derive(Debug)]
pub(crate) struct Context {
    lines: Lines,
    faults: RefCell<Vec<Fault>>,
    /// Relative paths of the file start here: the directory the file lies in.
    base: PathBuf,
    pub(crate) credentials: RefCell<Credentials>,
}

impl Context {
    pub(crate) fn new(text: &str, base: PathBuf, credentials: Credentials) -> Self {
        Self {
            lines: Lines::of(text),
            faults: RefCell::default(),
            base,
            credentials: RefCell::new(credentials),
        }
    }

    pub(crate) fn report(&self, key: String, line: usize, message: impl Display) {
        self.faults.borrow_mut().push(Fault {
            line,
            key,
            message: message.to_string(),
        });
    }

    pub(crate) fn line_of(&self, offset: usize) -> usize {
        self.lines.line(offset)
    }

    pub(crate) fn resolve(&self, path: &str) -> PathBuf {
        self.base.join(Path::new(path))
    }

    /// Every fault found, in the order of the file.
    pub(crate) fn into_faults(self) -> Vec<Fault> {
        let mut faults = self.faults.into_inner();
        faults.sort();
        faults
    }
}

/// One table of the file, or its absence.
#[derive(Debug)]
pub(crate) struct Section<'a> {
    context: &'a Context,
    path: String,
    line: usize,
    table: Option<&'a DeTable<'a>>,
    known: Vec<&'static str>,
}

impl<'a> Section<'a> {
    pub(crate) fn root(context: &'a Context, table: &'a DeTable<'a>) -> Self {
        Self {
            context,
            path: String::new(),
            line: 1,
            table: Some(table),
            known: Vec::new(),
        }
    }

    pub(crate) fn context(&self) -> &'a Context {
        self.context
    }

    pub(crate) fn is_present(&self) -> bool {
        self.table.is_some()
    }

    /// A table below this one; absent tables read as empty ones.
    pub(crate) fn section(&mut self, key: &'static str) -> Self {
        let path = self.path_of(key);
        let mut section = Section {
            context: self.context,
            path,
            line: self.line,
            table: None,
            known: Vec::new(),
        };
        if let Some(value) = self.find(key) {
            section.line = self.context.line_of(value.span().start);
            match value.get_ref() {
                DeValue::Table(table) => section.table = Some(table),
                _ => self.context.report(
                    section.path.clone(),
                    section.line,
                    format!("must be a table: [{key}]"),
                ),
            }
        }
        section
    }

    /// The tables of an array of tables.
    pub(crate) fn sections(&mut self, key: &'static str) -> Vec<Self> {
        let path = self.path_of(key);
        let Some(value) = self.find(key) else {
            return Vec::new();
        };
        let line = self.context.line_of(value.span().start);
        let not_tables = format!("must be tables: [[{key}]]");
        let DeValue::Array(array) = value.get_ref() else {
            self.context.report(path, line, not_tables);
            return Vec::new();
        };
        let mut sections = Vec::new();
        for (index, item) in array.iter().enumerate() {
            let path = format!("{path}[{index}]");
            let line = self.context.line_of(item.span().start);
            match item.get_ref() {
                DeValue::Table(table) => sections.push(Section {
                    context: self.context,
                    path,
                    line,
                    table: Some(table),
                    known: Vec::new(),
                }),
                _ => self.context.report(path, line, &not_tables),
            }
        }
        sections
    }

    /// The value of a key that may be absent. A faulty value is reported and reads as absent.
    pub(crate) fn optional<T: Value>(&mut self, key: &'static str) -> Option<T> {
        let value = self.find(key)?;
        match T::read(value.get_ref()) {
            Ok(value) => Some(value),
            Err(message) => {
                self.fault(key, message);
                None
            }
        }
    }

    /// The value of a key that must be there.
    pub(crate) fn required<T: Value>(&mut self, key: &'static str) -> Option<T> {
        if self.find(key).is_none() {
            self.fault(key, "is required");
        }
        self.optional(key)
    }

    /// The value of a key, or its default.
    pub(crate) fn or<T: Value>(&mut self, key: &'static str, default: T) -> T {
        self.optional(key).unwrap_or(default)
    }

    /// The value of a key within a range, or its default.
    pub(crate) fn within<T: Value + PartialOrd>(
        &mut self,
        key: &'static str,
        default: T,
        range: RangeInclusive<T>,
    ) -> T {
        match self.optional(key) {
            Some(value) if range.contains(&value) => value,
            Some(_) => {
                let (least, most) = (range.start().show(), range.end().show());
                self.fault(key, format!("must lie between {least} and {most}"));
                default
            }
            None => default,
        }
    }

    /// A list of values; empty when absent.
    pub(crate) fn list<T: Value>(&mut self, key: &'static str) -> Vec<T> {
        let Some(value) = self.find(key) else {
            return Vec::new();
        };
        let DeValue::Array(array) = value.get_ref() else {
            self.fault(key, "must be a list: [\"…\"]");
            return Vec::new();
        };
        let mut values = Vec::new();
        for (index, item) in array.iter().enumerate() {
            match T::read(item.get_ref()) {
                Ok(value) => values.push(value),
                Err(message) => self.context.report(
                    format!("{}[{index}]", self.path_of(key)),
                    self.context.line_of(item.span().start),
                    message,
                ),
            }
        }
        values
    }

    /// A path; relative ones start at the directory of the file.
    pub(crate) fn path(&mut self, key: &'static str) -> Option<PathBuf> {
        self.optional::<String>(key)
            .map(|path| self.context.resolve(&path))
    }

    /// A list of paths; relative ones start at the directory of the file.
    pub(crate) fn paths(&mut self, key: &'static str) -> Vec<PathBuf> {
        let paths: Vec<String> = self.list(key);
        paths
            .iter()
            .map(|path| self.context.resolve(path))
            .collect()
    }

    /// A path that must be given.
    pub(crate) fn required_path(&mut self, key: &'static str) -> Option<PathBuf> {
        self.required::<String>(key)
            .map(|path| self.context.resolve(&path))
    }

    /// The secret in the credential that a key names.
    pub(crate) fn credential(&mut self, key: &'static str) -> Option<SecretString> {
        let name = self.optional(key);
        self.secret(key, name)
    }

    /// The secret in the credential that a key must name.
    pub(crate) fn required_credential(&mut self, key: &'static str) -> Option<SecretString> {
        let name = self.required(key);
        self.secret(key, name)
    }

    fn secret(&self, key: &'static str, name: Option<String>) -> Option<SecretString> {
        let name = name?;
        let read = self.context.credentials.borrow().read(&name);
        read.map_err(|message| self.fault(key, message)).ok()
    }

    /// Reports a fault of one key.
    pub(crate) fn fault(&self, key: &str, message: impl Display) {
        let line = self
            .table
            .and_then(|table| table.get(key))
            .map_or(self.line, |value| self.context.line_of(value.span().start));
        self.context.report(self.path_of(key), line, message);
    }

    /// Reports a fault of the section itself.
    pub(crate) fn fault_here(&self, message: impl Display) {
        self.context.report(self.path.clone(), self.line, message);
    }

    /// Reports a fault of a key below this section, at the line of the innermost table that is there.
    pub(crate) fn fault_below(&self, path: &str, message: impl Display) {
        let mut line = self.line;
        let mut table = self.table;
        for key in path.split('.') {
            let Some(value) = table.and_then(|table| table.get(key)) else {
                break;
            };
            line = self.context.line_of(value.span().start);
            table = value.get_ref().as_table();
        }
        self.context.report(self.path_of(path), line, message);
    }

    /// Reports the keys that nobody asked for.
    pub(crate) fn finish(self) {
        let Some(table) = self.table else { return };
        for key in table.keys() {
            let name = key.get_ref().as_ref();
            if self.known.contains(&name) {
                continue;
            }
            let line = self.context.line_of(key.span().start);
            let message = match nearest(name, &self.known) {
                Some(known) => format!("is not known; did you mean \"{known}\"?"),
                None => "is not known".to_owned(),
            };
            let name: String = name.chars().take(64).flat_map(char::escape_debug).collect();
            self.context.report(self.path_of(&name), line, message);
        }
    }

    fn find(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.known.push(key);
        self.table?.get(key)
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }
}

/// The known name that differs least from `name`, when it differs little.
fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let name: Vec<char> = name.chars().take(64).collect();
    known
        .iter()
        .map(|known| (distance(&name, known), *known))
        .filter(|(distance, known)| *distance <= known.len().div_ceil(3).max(2))
        .min()
        .map(|(_, known)| known)
}

/// Levenshtein's edit distance.
fn distance(left: &[char], right: &str) -> usize {
    let mut row: Vec<usize> = (0..=left.len()).collect();
    for (above, wanted) in right.chars().enumerate() {
        let mut diagonal = above;
        let mut before = above.saturating_add(1);
        for (cell, have) in row.iter_mut().skip(1).zip(left) {
            let replaced = diagonal.saturating_add(usize::from(*have != wanted));
            diagonal = *cell;
            before = replaced.min(before.min(diagonal).saturating_add(1));
            *cell = before;
        }
        if let Some(first) = row.first_mut() {
            *first = above.saturating_add(1);
        }
    }
    row.last().copied().unwrap_or(usize::MAX)
}
