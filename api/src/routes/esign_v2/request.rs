//! The JSON of version 2 (contract, section 2).

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;
use secrecy::SecretString;
use signer::appearance::{Extent, Marker, PageChoice, Place, Position};
use zeroize::Zeroize;

use crate::base64;
use crate::json::{self, Value};
use crate::limits::Lease;
use crate::pipeline::order::{self, Item, Items, Mark, Order, Picture, Proof, Spot, Who};
use crate::problem::Problem;

/// What a request may hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caps {
    /// Bytes of one document.
    pub(super) file: usize,
    /// Documents of a request.
    pub(super) files: usize,
}

/// A document's Base64: where it lies in the body, or its text when escapes kept it from being borrowed.
enum Encoded {
    Borrowed(Range<usize>),
    Owned(String),
}

/// Reads the order; CPU work. Documents are decoded where they lie in the body.
pub(super) fn read(mut body: Vec<u8>, lease: Lease, caps: Caps) -> Result<Order, Problem> {
    json::unescape_solidus(&mut body);
    let request = Value::read(&body).map_err(|_| Problem::BadRequest)?;
    let encoded = documents(&body, &request, caps)?;
    let who = who(&request)?;
    let proof = proof(&request)?;
    order::level(text(&request, "level")?)?;
    let items = items(&request, encoded.len(), caps)?;
    let secrets = secrets(&body, &request);
    drop(request);
    for secret in secrets {
        if let Some(bytes) = body.get_mut(secret) {
            bytes.zeroize();
        }
    }
    // Documents that could not be decoded in place are in memory twice more: as text and as bytes.
    let apart = encoded
        .iter()
        .any(|document| matches!(document, Encoded::Owned(_)));
    if apart && !lease.reach((body.len() as u64).saturating_mul(3)) {
        return Err(Problem::Overloaded);
    }
    let files = decode(body, encoded, caps)?;
    Ok(Order {
        who,
        proof,
        files,
        items,
        lease,
    })
}

/// The person of a request.
pub(super) fn who(request: &Value<'_>) -> Result<Who, Problem> {
    let owned = |field| Ok::<_, Problem>(text(request, field)?.map(|text| text.trim().to_owned()));
    let who = Who {
        nik: owned("nik")?,
        email: owned("email")?,
    };
    if who.nik.is_none() && who.email.is_none() {
        return Err(Problem::Missing { field: "nik" });
    }
    Ok(who)
}

fn proof(request: &Value<'_>) -> Result<Proof, Problem> {
    if let Some(passphrase) = text(request, "passphrase")? {
        return Ok(Proof::Passphrase(SecretString::from(passphrase)));
    }
    let code = match text(request, "totp")? {
        Some(code) => Some(code),
        None => text(request, "otp")?,
    };
    code.map(|code| Proof::Code(SecretString::from(code.trim())))
        .ok_or(Problem::Missing {
            field: "passphrase",
        })
}

fn documents(body: &[u8], request: &Value<'_>, caps: Caps) -> Result<Vec<Encoded>, Problem> {
    let list = request
        .field("file")
        .ok_or(Problem::Missing { field: "file" })?
        .as_list();
    if list.is_empty() {
        return Err(Problem::Missing { field: "file" });
    }
    if list.len() > caps.files {
        return Err(Problem::TooLarge);
    }
    let document = |(index, value): (usize, &Value<'_>)| match value {
        Value::Text(text) => {
            let payload = base64::payload(text);
            Ok(base64::range_within(body, payload)
                .map_or_else(|| Encoded::Owned(payload.to_owned()), Encoded::Borrowed))
        }
        _ => Err(Problem::BadField { field: "file" }.in_file(index, list.len())),
    };
    list.iter().enumerate().map(document).collect()
}

fn decode(mut body: Vec<u8>, encoded: Vec<Encoded>, caps: Caps) -> Result<Vec<Bytes>, Problem> {
    enum Decoded {
        Within(Range<usize>),
        Apart(Vec<u8>),
    }
    let count = encoded.len();
    let mut decoded = Vec::with_capacity(count);
    for (index, document) in encoded.into_iter().enumerate() {
        let result = match document {
            Encoded::Borrowed(range) => {
                base64::decode_in_place(&mut body, range).map(Decoded::Within)
            }
            Encoded::Owned(text) => base64::decode(&text).map(Decoded::Apart),
        };
        let bad = || Problem::BadField { field: "file" }.in_file(index, count);
        let result = result.ok_or_else(bad)?;
        let length = match &result {
            Decoded::Within(range) => range.len(),
            Decoded::Apart(bytes) => bytes.len(),
        };
        if length > caps.file {
            return Err(Problem::TooLarge.in_file(index, count));
        }
        decoded.push(result);
    }
    let body = Bytes::from(body);
    Ok(decoded
        .into_iter()
        .map(|document| match document {
            Decoded::Within(range) => body.slice(range),
            Decoded::Apart(bytes) => Bytes::from(bytes),
        })
        .collect())
}

fn items(request: &Value<'_>, files: usize, caps: Caps) -> Result<Items, Problem> {
    const FIELD: &str = "signatureProperties";
    let list = request
        .field(FIELD)
        .ok_or(Problem::Missing { field: FIELD })?
        .as_list();
    if list.len() > caps.files {
        return Err(Problem::TooLarge);
    }
    Items::matched(list.iter().map(item).collect::<Result<_, _>>()?, files)
}

fn item(value: &Value<'_>) -> Result<Item, Problem> {
    if !matches!(value, Value::Map(_)) {
        return Err(Problem::BadField {
            field: "signatureProperties",
        });
    }
    let appearance = text(value, "tampilan")?
        .ok_or(Problem::Missing { field: "tampilan" })?
        .trim();
    let mark = if appearance.eq_ignore_ascii_case("invisible") {
        None
    } else if appearance.eq_ignore_ascii_case("visible") {
        Some(mark(value)?)
    } else {
        return Err(Problem::BadField { field: "tampilan" });
    };
    let free = |field| order::text(field, text(value, field)?);
    Ok(Item {
        mark,
        reason: free("reason")?,
        location: free("location")?,
        contact_info: free("contactInfo")?,
        field: free("fieldName")?,
        password: text(value, "pdfPassword")?.map(SecretString::from),
    })
}

fn mark(value: &Value<'_>) -> Result<Mark, Problem> {
    let caption = order::text("text", text(value, "text")?)?;
    let picture = match (text(value, "imageBase64")?, text(value, "linkQR")?) {
        (Some(image), _) => Picture::Image(image_bytes(image)?),
        (None, Some(link)) => Picture::Qr(link.to_owned()),
        (None, None) if caption.is_some() => Picture::Blank,
        (None, None) => {
            return Err(Problem::Missing {
                field: "imageBase64",
            });
        }
    };
    Ok(Mark {
        picture,
        caption,
        spot: spot(value)?,
    })
}

/// A marker wins over coordinates; a page that comes with it is the only one to be searched.
fn spot(value: &Value<'_>) -> Result<Spot, Problem> {
    let number = |field| {
        text(value, field)?
            .map(|text| order::number(field, text))
            .transpose()
    };
    let marker = match text(value, "tag_koordinat")? {
        None => text(value, "tag")?,
        found => found,
    };
    if let Some(marker) = marker {
        let page = text(value, "page")?
            .map(|page| order::page("page", page))
            .transpose()?;
        return Ok(Spot::Marker(Marker {
            text: marker.to_owned(),
            page: page.map(PageChoice::Number),
            extent: Extent {
                width: number("width")?,
                height: number("height")?,
            },
        }));
    }
    let coordinate = |field| number(field)?.ok_or(Problem::Missing { field });
    let page = order::page(
        "page",
        text(value, "page")?.ok_or(Problem::Missing { field: "page" })?,
    )?;
    let at = Position::V2 {
        origin_x: coordinate("originX")?,
        origin_y: coordinate("originY")?,
        extent: Extent {
            width: Some(coordinate("width")?),
            height: Some(coordinate("height")?),
        },
    };
    Ok(Spot::Place(Place {
        page: PageChoice::Number(page),
        at,
    }))
}

fn image_bytes(text: &str) -> Result<Bytes, Problem> {
    if text.len() / 4 > order::IMAGE_SIZE.div_ceil(3) {
        return Err(Problem::TooLarge);
    }
    base64::decode(text).map(Bytes::from).ok_or(Problem::Image)
}

/// The text of a field: a string or a number; anything else is malformed.
fn text<'v>(value: &'v Value<'_>, field: &'static str) -> Result<Option<&'v str>, Problem> {
    value
        .field(field)
        .map(|found| found.as_text().ok_or(Problem::BadField { field }))
        .transpose()
}

/// Where secrets lie in the body, so that they can be wiped before the documents travel on in it.
fn secrets(body: &[u8], request: &Value<'_>) -> Vec<Range<usize>> {
    const SECRET: [&str; 4] = ["passphrase", "totp", "otp", "pdfPassword"];
    let Value::Map(entries) = request else {
        return Vec::new();
    };
    entries
        .iter()
        .flat_map(|(name, value)| match value {
            Value::Text(Cow::Borrowed(text)) if SECRET.contains(&name.as_ref()) => {
                base64::range_within(body, text).into_iter().collect()
            }
            Value::List(list) if name == "signatureProperties" => {
                list.iter().flat_map(|item| secrets(body, item)).collect()
            }
            Value::Map(_) if name == "signatureProperties" => secrets(body, value),
            _ => Vec::new(),
        })
        .collect()
}

#[cfg(test)]
mod tests;
