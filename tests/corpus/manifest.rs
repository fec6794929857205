//! `manifest.tsv`: one file a line, tab-separated, no quoting, the first line names the columns.

use std::path::Path;

/// What is known of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// Below the corpus's folder.
    pub(crate) path: String,
    pub(crate) category: String,
    /// What opens it, if it needs or has a password.
    pub(crate) password: Option<String>,
    /// What must come of it, in words.
    pub(crate) expected: String,
}

pub(crate) fn read(path: &Path) -> Vec<Row> {
    let text =
        std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut lines = text
        .lines()
        .map(|line| line.split('\t').collect::<Vec<_>>());
    let names = lines.next().expect("a line with the columns' names");
    let column = |wanted: &str| {
        names
            .iter()
            .position(|name| *name == wanted)
            .unwrap_or_else(|| panic!("no column {wanted}"))
    };
    let (path, category, password, expected) = (
        column("path"),
        column("category"),
        column("password"),
        column("expected"),
    );
    let row = |fields: Vec<&str>| {
        let field = |index: usize| fields.get(index).copied().unwrap_or_default();
        Row {
            path: field(path).to_owned(),
            category: field(category).to_owned(),
            password: self::password(field(password)),
            expected: field(expected).trim().to_owned(),
        }
    };
    lines.map(row).collect()
}

/// The user's password, else the owner's; `None` for an empty one, which every reader tries by itself.
fn password(column: &str) -> Option<String> {
    let value = |name: &str| column.split("; ").find_map(|part| part.strip_prefix(name));
    match value("user=").or_else(|| value("owner="))? {
        "(empty)" => None,
        "(1 space)" => Some(" ".to_owned()),
        value => Some(
            value
                .strip_prefix("bytes:")
                .map_or_else(|| value.to_owned(), latin_1),
        ),
    }
}

fn latin_1(hex: &str) -> String {
    let digits: Vec<u32> = hex.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits
        .chunks(2)
        .filter_map(|pair| char::from_u32(pair.iter().fold(0, |value, digit| value * 16 + digit)))
        .collect()
}
