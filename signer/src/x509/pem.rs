//! Certificates as text (RFC 7468, section 5), for chains and for files of trust anchors.

use super::{Certificate, Error};

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";
/// Characters of the longest text read.
const MAX_LENGTH: usize = 4 * 1024 * 1024;

/// The certificates of a text, in its order, at most `limit`. What stands between them is not looked at.
///
/// # Errors
///
/// [`Error::Pem`] if the text holds no certificate or an unfinished one, [`Error::Limit`] if it holds too much, and as
/// [`Certificate::from_der`].
pub fn certificates(text: &str, limit: usize) -> Result<Vec<Certificate>, Error> {
    if text.len() > MAX_LENGTH {
        return Err(Error::Limit {
            what: "PEM length",
            limit: MAX_LENGTH,
        });
    }
    let mut found = Vec::new();
    // Everything before the first BEGIN is a preamble.
    for rest in text.split(BEGIN).skip(1) {
        let (body, _) = rest.split_once(END).ok_or(Error::Pem {
            context: "END CERTIFICATE is missing",
        })?;
        if found.len() == limit {
            return Err(Error::Limit {
                what: "number of certificates in a PEM text",
                limit,
            });
        }
        // Line ends and widths of what is met differ, so that the lines are put into the form RFC 7468 has.
        let lines: Vec<&str> = body.split_ascii_whitespace().collect();
        let block = format!("{BEGIN}\n{}\n{END}\n", wrapped(&lines.concat())?);
        let (_, der) = der::pem::decode_vec(block.as_bytes()).map_err(|_| Error::Pem {
            context: "body is not Base64",
        })?;
        found.push(Certificate::from_der(der)?);
    }
    if found.is_empty() {
        Err(Error::Pem {
            context: "no certificate",
        })
    } else {
        Ok(found)
    }
}

/// One certificate as text.
#[must_use]
pub fn from_certificate(certificate: &Certificate) -> String {
    from_der("CERTIFICATE", certificate.as_der())
}

pub(super) fn from_der(label: &'static str, der: &[u8]) -> String {
    // Fails for labels that RFC 7468 does not allow and for what does not fit into memory.
    der::pem::encode_string(label, der::pem::LineEnding::LF, der).unwrap_or_default()
}

fn wrapped(base64: &str) -> Result<String, Error> {
    let lines: Result<Vec<&str>, _> = base64
        .as_bytes()
        .chunks(64)
        .map(std::str::from_utf8)
        .collect();
    Ok(lines
        .map_err(|_| Error::Pem {
            context: "body is not ASCII",
        })?
        .join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cms::algorithm::SignatureAlgorithm, x509::testing::Authorities};

    #[test]
    fn text_is_read_as_it_is_met() {
        let authorities = Authorities::new(SignatureAlgorithm::EcdsaP256Sha256);
        let one = from_certificate(&authorities.root);
        let body: String = one.lines().filter(|line| !line.starts_with('-')).collect();
        let forms = [
            one.clone(),
            format!("subject=CN=Akar\n\n{one}trailing words"),
            one.replace('\n', "\r\n"),
            one.replace('\n', "\r\n  "),
            format!("{BEGIN}\n{body}\n{END}"),
        ];
        for form in &forms {
            assert_eq!(
                certificates(form, 1).unwrap(),
                std::slice::from_ref(&authorities.root),
                "{form}"
            );
        }
        let two = one.clone() + &from_certificate(&authorities.issuing);
        assert_eq!(
            certificates(&two, 2).unwrap(),
            [authorities.root, authorities.issuing]
        );
        assert!(matches!(certificates(&two, 1), Err(Error::Limit { .. })));
    }

    #[test]
    fn other_text_is_refused() {
        let refused = [
            String::new(),
            "no certificate".into(),
            BEGIN.into(),
            format!("{BEGIN}\n{END}"),
            format!("{BEGIN}\nMAA\n{END}"),
            format!("{BEGIN}\nMAAé\n{END}"),
            format!("{BEGIN}\n{}é\n{END}", "A".repeat(63)),
            format!("{END}\nMAA=\n{BEGIN}"),
            "x".repeat(MAX_LENGTH + 1),
        ];
        for text in refused {
            assert!(certificates(&text, 10).is_err(), "{:?}", text.get(..60));
        }
    }
}
