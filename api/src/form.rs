//! The fields of version 1: multipart/form-data (RFC 7578) merged with the query string (contract, section 1).
//!
//! Callers send the text fields in the body or in the query; the body wins, and an empty value is an absent one.
//! Only wanted parts are kept; a part may lack its Content-Type, and of repeated ones the first counts.

use bytes::{Bytes, BytesMut};
use futures_util::TryFutureExt;
use http::Uri;
use http::header::{CONTENT_TYPE, HeaderMap};
use multer::Multipart;
use zeroize::{Zeroize, Zeroizing};

use crate::limits::{Incoming, Interrupted, Lease};
use crate::problem::Problem;

/// Most parts of a body.
const MOST_PARTS: usize = 128;
/// Bytes of one text field.
const TEXT_SIZE: usize = 64 * 1024;

/// The fields of one request.
#[derive(Debug)]
pub struct Form {
    texts: Vec<(String, Zeroizing<String>)>,
    files: Vec<(&'static str, Upload)>,
    lease: Lease,
}

/// A file that came in a part.
#[derive(Clone, Debug)]
pub struct Upload {
    /// Its content.
    pub content: Bytes,
    /// What the caller calls it.
    pub name: Option<String>,
}

/// A kind of part that is kept as a file.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// The part's name.
    pub name: &'static str,
    /// Its largest size in bytes.
    pub size: usize,
}

impl Form {
    /// Reads body and query.
    ///
    /// # Errors
    /// When the body is not well-formed, or passes a limit.
    pub async fn read(
        uri: &Uri,
        headers: &HeaderMap,
        body: Incoming,
        wanted: &[Wanted],
    ) -> Result<Self, Problem> {
        let mut form = Self {
            texts: Vec::new(),
            files: Vec::new(),
            lease: body.lease(),
        };
        let boundary = headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| multer::parse_boundary(value).ok());
        if let Some(boundary) = boundary {
            let stated = body.stated();
            form.read_body(Multipart::new(body.into_stream(), boundary), stated, wanted)
                .await?;
        }
        form.read_query(uri)?;
        Ok(form)
    }

    async fn read_body(
        &mut self,
        mut body: Multipart<'_>,
        stated: usize,
        wanted: &[Wanted],
    ) -> Result<(), Problem> {
        let mut parts = 0;
        while let Some(mut part) = body.next_field().map_err(interrupted).await? {
            parts += 1;
            if parts > MOST_PARTS {
                return Err(Problem::TooLarge);
            }
            let name = part.name().unwrap_or_default().to_owned();
            let file_name = part.file_name().map(str::to_owned);
            let file = wanted.iter().find(|wanted| wanted.name == name);
            let (size, capacity) =
                file.map_or((TEXT_SIZE, 0), |file| (file.size, stated.min(file.size)));
            let known = if file.is_some() {
                self.file(&name).is_some()
            } else {
                self.text(&name).is_some()
            };
            let mut content = BytesMut::with_capacity(if known { 0 } else { capacity });
            while let Some(chunk) = part.chunk().map_err(interrupted).await? {
                // Of a repeated part the first counts; the rest is read past.
                if known {
                    continue;
                }
                if content.len().saturating_add(chunk.len()) > size {
                    return Err(Problem::TooLarge);
                }
                content.extend_from_slice(&chunk);
            }
            match file {
                Some(_) if content.is_empty() => {}
                Some(file) => self.files.push((
                    file.name,
                    Upload {
                        content: content.freeze(),
                        name: file_name,
                    },
                )),
                None => self.push_text(name, Vec::from(content)),
            }
        }
        Ok(())
    }

    fn read_query(&mut self, uri: &Uri) -> Result<(), Problem> {
        let query = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri)
            .map_err(|_| Problem::BadRequest)?;
        for (name, value) in query.0 {
            self.push_text(name, value.into_bytes());
        }
        Ok(())
    }

    /// Keeps a text unless it is empty or came before. Old clients send Latin-1 at worst in captions: what is not
    /// UTF-8 is read as far as it goes.
    fn push_text(&mut self, name: String, value: Vec<u8>) {
        let value = Zeroizing::new(String::from_utf8(value).unwrap_or_else(|error| {
            let mut bytes = error.into_bytes();
            let text = String::from_utf8_lossy(&bytes).into_owned();
            bytes.zeroize();
            text
        }));
        if !value.trim().is_empty() && self.text(&name).is_none() {
            self.texts.push((name, value));
        }
    }

    /// A form as if it had been read.
    #[cfg(test)]
    pub(crate) fn of<'t>(
        texts: impl Iterator<Item = (&'t str, &'t str)>,
        files: Vec<(&'static str, &'static str)>,
        lease: Lease,
    ) -> Self {
        let mut form = Self {
            texts: Vec::new(),
            files: Vec::new(),
            lease,
        };
        form.files.extend(files.into_iter().map(|(name, content)| {
            (
                name,
                Upload {
                    content: Bytes::from(content),
                    name: None,
                },
            )
        }));
        texts.for_each(|(name, value)| form.push_text(name.to_owned(), value.as_bytes().to_vec()));
        form
    }

    /// A text field, without the blanks around it.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.texts
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.trim())
    }

    /// A text field as it came, blanks included: passphrases may begin or end with one.
    #[must_use]
    pub fn verbatim(&self, name: &str) -> Option<&str> {
        self.texts
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// A file.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&Upload> {
        self.files
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, upload)| upload)
    }

    /// The bytes this form keeps in flight.
    #[must_use]
    pub fn lease(&self) -> Lease {
        self.lease.clone()
    }
}

/// What the multipart reader reports, or what interrupted the stream below it.
fn interrupted(error: multer::Error) -> Problem {
    match error {
        multer::Error::StreamReadFailed(source) => match source.downcast::<Interrupted>() {
            Ok(interrupted) => (*interrupted).into(),
            Err(_) => Problem::Broken,
        },
        _ => Problem::BadRequest,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::body::Body;
    use http::HeaderValue;
    use tokio::time::Instant;

    use super::*;
    use crate::limits::{Bounds, Budget};

    const WANTED: [Wanted; 2] = [
        Wanted {
            name: "file",
            size: 100,
        },
        Wanted {
            name: "imageTTD",
            size: 100,
        },
    ];

    async fn read(target: &str, body: &str) -> Result<Form, Problem> {
        let mut headers = HeaderMap::new();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("multipart/form-data; boundary=xyz"),
        );
        let second = Duration::from_secs(1);
        let bounds = Bounds {
            size: 10_000,
            stall: second,
            deadline: Instant::now() + second,
        };
        let body = Body::from(body.replace('\n', "\r\n"));
        let incoming = Incoming::accept(body, bounds, &Budget::new(1 << 20)).unwrap();
        Form::read(&target.parse().unwrap(), &headers, incoming, &WANTED).await
    }

    fn part(disposition: &str, content: &str) -> String {
        format!("--xyz\nContent-Disposition: form-data; {disposition}\n\n{content}\n")
    }

    #[tokio::test]
    async fn the_body_wins_over_the_query_and_empty_is_absent() {
        let body = part("name=\"nik\"", "123") + &part("name=\"reason\"", "") + "--xyz--\n";
        let form = read("/api/sign/pdf?nik=999&reason=a%20b&passphrase=+p+", &body)
            .await
            .unwrap();
        assert_eq!(form.text("nik"), Some("123"));
        assert_eq!(form.text("reason"), Some("a b"));
        assert_eq!(form.verbatim("passphrase"), Some(" p "));
        assert_eq!(form.text("location"), None);
    }

    #[tokio::test]
    async fn files_come_without_content_type_and_twice() {
        let body = part("name=\"file\"; filename=\"a b.pdf\"", "%PDF-")
            + &part("name=\"imageTTD\"; filename=\"x\"", "first")
            + &part("name=\"imageTTD\"; filename=\"x\"", "second")
            + &part("name=\"other\"; filename=\"x\"", "skipped")
            + "--xyz--\n";
        let form = read("/api/sign/pdf", &body).await.unwrap();
        assert_eq!(form.file("file").unwrap().content, "%PDF-");
        assert_eq!(form.file("imageTTD").unwrap().content, "first");
    }

    #[tokio::test]
    async fn limits_hold_for_parts_and_broken_bodies_are_refused() {
        let large = part("name=\"file\"", &"x".repeat(101)) + "--xyz--\n";
        assert!(matches!(read("/", &large).await, Err(Problem::TooLarge)));
        let many = part("name=\"a\"", "").repeat(129) + "--xyz--\n";
        assert!(matches!(read("/", &many).await, Err(Problem::TooLarge)));
        let cut = part("name=\"file\"", "x");
        assert!(matches!(read("/", &cut).await, Err(Problem::BadRequest)));
    }
}
