//! Every file of a corpus is opened, where the environment says there is one.

use std::fmt::Write as _;
use std::path::Path;

use secrecy::SecretString;

use super::repair::{Caps, rewrite};
use super::{Error, Limits, Pdf};

/// What reading a file as a signer would comes to.
fn read(bytes: &[u8], password: Option<&SecretString>) -> Result<(u32, String), Error> {
    let mut pdf = Pdf::open(bytes, Limits::default())?;
    pdf.unlock(password)?;
    let count = pdf.page_count()?;
    pdf.page(1)?;
    pdf.page(count)?;
    let catalog = pdf.catalog()?;
    if let Ok(catalog) = catalog.as_dict() {
        pdf.get(catalog, b"AcroForm")?;
    }
    let kind = format!(
        "{:?} {:?} revisions={} rewrite={}",
        pdf.section_kind(),
        pdf.anomalies(),
        pdf.revisions().len(),
        pdf.needs_rewrite()
    );
    if pdf.needs_rewrite() {
        return Err(Error::Damaged {
            offset: 0,
            context: "anomalies",
        });
    }
    Ok((count, kind))
}

fn password(column: &str) -> Option<SecretString> {
    let value = column.split("; ").next()?.split_once('=')?.1;
    match value {
        "(empty)" | "" => None,
        "(1 space)" => Some(" ".into()),
        value => match value.strip_prefix("bytes:") {
            Some(hex) => {
                let bytes: Vec<u8> = (0..hex.len() / 2)
                    .map(|at| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).unwrap())
                    .collect();
                Some(bytes.into_iter().map(char::from).collect::<String>().into())
            }
            None => Some(value.into()),
        },
    }
}

#[test]
fn every_file_of_the_corpus_is_read_or_refused() {
    let corpus = std::env::var("SEGELD_CORPUS").unwrap_or_default();
    let corpus = Path::new(&corpus);
    let Ok(manifest) = std::fs::read_to_string(corpus.join("manifest.tsv")) else {
        println!("skipped: SEGELD_CORPUS names no corpus");
        return;
    };
    let mut report = String::new();
    let mut wrong = Vec::new();
    for line in manifest.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let (path, expected_pages) = (columns[0], columns[9].parse::<u32>().ok());
        let bytes = std::fs::read(corpus.join(path)).unwrap();
        let outcome = read(&bytes, password(columns[8]).as_ref());
        let repaired = match &outcome {
            Err(error) if error.is_damage() => Some(rewrite(&bytes, &Caps::default())),
            _ => None,
        };
        writeln!(
            report,
            "{path}: {outcome:?} {}",
            match &repaired {
                Some(Ok(bytes)) => format!("repaired {} {:?}", bytes.len(), read(bytes, None)),
                Some(Err(error)) => format!("not repaired: {error}"),
                None => String::new(),
            }
        )
        .unwrap();
        // The manifest has these as they are after SASLprep; people type what is before it.
        for (file, typed) in [
            ("saslprep-r6.pdf", "S\u{aa}SL\u{ad}prep"),
            ("U2F874-correct.pdf", "Password\u{2f874}!"),
            ("U2F874-wrong.pdf", "Password\u{2f874}!"),
        ] {
            if path.ends_with(file) {
                read(&bytes, Some(&typed.into())).unwrap();
            }
        }
        let refusable = [
            "broken-but-openable/",
            "malformed/",
            "encrypted/",
            "signed-invalid-or-attack/",
        ];
        let refusable = refusable.iter().any(|category| path.starts_with(category));
        let pages = match (&outcome, &repaired) {
            (Ok((pages, _)), _) => Some(*pages),
            (_, Some(Ok(bytes))) => Some(read(bytes, None).unwrap().0),
            _ => None,
        };
        let as_expected = match pages {
            Some(_) if path.starts_with("malformed/") => false,
            Some(pages) => expected_pages.is_none_or(|expected| expected == pages),
            None => refusable,
        };
        if !as_expected {
            wrong.push(format!(
                "{path}: {outcome:?}, {expected_pages:?} pages expected"
            ));
        }
    }
    println!("{report}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
