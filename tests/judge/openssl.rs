//! `openssl cms -verify` over the bytes that the newest /ByteRange names.

use std::{path::Path, process::Command};

/// The CMS object in the newest signature and the bytes it signs.
#[derive(Debug)]
pub struct Detached {
    /// DER, without the padding.
    pub cms: Vec<u8>,
    /// The signed bytes.
    pub content: Vec<u8>,
}

/// Takes the signature that covers the whole file out of it.
///
/// # Errors
/// When there is none.
pub fn detach(pdf: &[u8]) -> Result<Detached, String> {
    let mut at = 0;
    let key = b"/ByteRange";
    while let Some(found) = pdf
        .get(at..)
        .and_then(|rest| rest.windows(key.len()).position(|window| window == key))
    {
        at += found + key.len();
        let text =
            String::from_utf8_lossy(pdf.get(at..(at + 80).min(pdf.len())).unwrap_or_default())
                .into_owned();
        let inside = text
            .trim_start()
            .trim_start_matches('[')
            .split(']')
            .next()
            .unwrap_or_default();
        let numbers: Vec<usize> = inside
            .split_whitespace()
            .map_while(|number| number.parse().ok())
            .collect();
        if let [0, end, start, len] = numbers[..]
            && start.checked_add(len) == Some(pdf.len())
        {
            return cut(pdf, end, start);
        }
    }
    Err("no /ByteRange reaches the end of the file".to_owned())
}

fn cut(pdf: &[u8], end: usize, start: usize) -> Result<Detached, String> {
    let gap = pdf
        .get(end..start)
        .ok_or("the /ByteRange is out of order")?;
    let hex = gap
        .strip_prefix(b"<")
        .and_then(|gap| gap.strip_suffix(b">"))
        .ok_or("the gap is not a hexadecimal string")?;
    let digits = std::str::from_utf8(hex).map_err(|error| error.to_string())?;
    let bytes = (0..digits.len() / 2)
        .map(|i| u8::from_str_radix(digits.get(2 * i..2 * i + 2).unwrap_or_default(), 16));
    let mut cms: Vec<u8> = bytes
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())?;
    let len = der_len(&cms).ok_or("/Contents is not DER of definite length")?;
    if cms.iter().skip(len).any(|byte| *byte != 0) {
        return Err("the padding of /Contents is not zero".to_owned());
    }
    cms.truncate(len);
    Ok(Detached {
        cms,
        content: [
            pdf.get(..end).unwrap_or_default(),
            pdf.get(start..).unwrap_or_default(),
        ]
        .concat(),
    })
}

fn der_len(der: &[u8]) -> Option<usize> {
    let (&first, rest) = der.get(1..)?.split_first()?;
    let (octets, value) = if first < 0x80 {
        (0, usize::from(first))
    } else {
        let octets = usize::from(first & 0x7f);
        (
            octets,
            rest.get(..octets)?
                .iter()
                .fold(0, |value, octet| value << 8 | usize::from(*octet)),
        )
    };
    Some(2 + octets + value).filter(|len| octets <= 4 && *len <= der.len())
}

/// Verifies the newest signature up to the anchor.
///
/// # Errors
/// What openssl said.
///
/// # Panics
/// When there is no `openssl`.
pub fn verify(pdf: &[u8], trust: &Path) -> Result<(), String> {
    let detached = detach(pdf)?;
    let dir = tempfile::tempdir().expect("a directory");
    let (cms, content) = (dir.path().join("cms.der"), dir.path().join("content"));
    std::fs::write(&cms, detached.cms).expect("a file");
    std::fs::write(&content, detached.content).expect("a file");
    let mut command = Command::new("openssl");
    command.args([
        "cms",
        "-verify",
        "-binary",
        "-inform",
        "DER",
        "-purpose",
        "any",
        "-out",
        "/dev/null",
    ]);
    command
        .arg("-in")
        .arg(cms)
        .arg("-content")
        .arg(content)
        .arg("-CAfile")
        .arg(trust);
    let output = command.output().expect("openssl runs");
    if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}
