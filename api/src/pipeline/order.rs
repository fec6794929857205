//! What a caller asks for, in one form for both versions of the contract.

use bytes::Bytes;
use secrecy::SecretString;
use signer::appearance::{Marker, Place};

use crate::limits::Lease;
use crate::problem::Problem;

/// Largest image file in bytes.
pub const IMAGE_SIZE: usize = 8 * 1024 * 1024;
/// Longest free text (reason, location, contact) in bytes.
const LONGEST_TEXT: usize = 2048;
/// Largest absolute coordinate: PDF's own limit on a page is 14,400 units, times the largest sensible `UserUnit`.
const LARGEST_COORDINATE: f64 = 10_000_000.0;

/// Documents to be signed by one person.
#[derive(Debug)]
pub struct Order {
    /// Who signs.
    pub who: Who,
    /// What proves that the signer agrees.
    pub proof: Proof,
    /// The documents, in the caller's order.
    pub files: Vec<Bytes>,
    /// How they are signed.
    pub items: Items,
    /// The bytes this order keeps in flight.
    pub lease: Lease,
}

/// The signer as the caller names them; one of the two at least.
#[derive(Clone, Debug, Default)]
pub struct Who {
    /// National id.
    pub nik: Option<String>,
    /// Registered address.
    pub email: Option<String>,
}

/// What proves that the signer agrees.
#[derive(Debug)]
pub enum Proof {
    /// A one-time code.
    Code(SecretString),
    /// The signer's passphrase.
    Passphrase(SecretString),
}

/// Which item belongs to which document.
#[derive(Debug)]
pub enum Items {
    /// One for each document, in order.
    Each(Vec<Item>),
    /// One for all documents.
    ForAll(Box<Item>),
    /// Several for the one document.
    Several(Vec<Item>),
}

/// How one document is signed.
#[derive(Debug, Default)]
pub struct Item {
    /// What is seen, if anything.
    pub mark: Option<Mark>,
    /// The signature dictionary's Reason.
    pub reason: Option<String>,
    /// Its Location.
    pub location: Option<String>,
    /// Its `ContactInfo`.
    pub contact_info: Option<String>,
    /// The empty signature field that takes the signature; a new one if there is none.
    pub field: Option<String>,
    /// Opens an encrypted document.
    pub password: Option<SecretString>,
}

/// A visible picture before it is read.
#[derive(Debug)]
pub struct Mark {
    /// What is drawn.
    pub picture: Picture,
    /// Text beside or below it.
    pub caption: Option<String>,
    /// Where.
    pub spot: Spot,
}

/// Where a picture belongs.
#[derive(Clone, Debug)]
pub enum Spot {
    /// On text that has to be found first.
    Marker(Marker),
    /// At coordinates.
    Place(Place),
}

/// What is drawn.
#[derive(Clone, Debug)]
pub enum Picture {
    /// Nothing but the caption.
    Blank,
    /// A PNG or JPEG file.
    Image(Bytes),
    /// Text in a QR code.
    Qr(String),
}

impl Items {
    /// Matches items with documents (contract, section 2).
    ///
    /// # Errors
    /// When there is none, or their number fits neither.
    pub fn matched(mut items: Vec<Item>, files: usize) -> Result<Self, Problem> {
        const FIELD: &str = "signatureProperties";
        match (items.len(), files) {
            (0, _) => Err(Problem::Missing { field: FIELD }),
            (1, _) => items
                .pop()
                .map(|item| Self::ForAll(Box::new(item)))
                .ok_or(Problem::Missing { field: FIELD }),
            // One signature, and so one field, carries all marks.
            (_, 1) if items.iter().skip(1).any(|item| item.field.is_some()) => {
                Err(Problem::BadField { field: "fieldName" })
            }
            (_, 1) => Ok(Self::Several(items)),
            (many, files) if many == files => Ok(Self::Each(items)),
            _ => Err(Problem::BadField { field: FIELD }),
        }
    }

    /// The items of the document at `index`; the first carries the signature.
    #[must_use]
    pub fn of(&self, index: usize) -> &[Item] {
        match self {
            Self::Each(items) => items.get(index).map_or(&[], std::slice::from_ref),
            Self::ForAll(item) => std::slice::from_ref(&**item),
            Self::Several(items) => items,
        }
    }
}

/// A number: with a point, or with the comma of Indonesian decimals.
///
/// # Errors
/// [`Problem::BadField`] when it is none.
pub fn number(field: &'static str, text: &str) -> Result<f64, Problem> {
    let parsed: Result<f64, _> = text.trim().replace(',', ".").parse();
    match parsed {
        Ok(number) if number.is_finite() && number.abs() <= LARGEST_COORDINATE => Ok(number),
        _ => Err(Problem::BadField { field }),
    }
}

/// A page's number; there is no page 0.
///
/// # Errors
/// [`Problem::BadField`] when it is no whole number, [`Problem::OutsidePage`] when no document has such a page.
pub fn page(field: &'static str, text: &str) -> Result<u32, Problem> {
    let text = text.trim();
    let whole = text.strip_suffix(".0").unwrap_or(text);
    match whole.parse::<i64>() {
        Ok(number) => u32::try_from(number)
            .ok()
            .filter(|n| *n > 0)
            .ok_or(Problem::OutsidePage),
        Err(_) => Err(Problem::BadField { field }),
    }
}

/// A free text of bearable length.
///
/// # Errors
/// [`Problem::BadField`] when it is longer.
pub fn text(field: &'static str, text: Option<&str>) -> Result<Option<String>, Problem> {
    match text {
        Some(text) if text.len() > LONGEST_TEXT => Err(Problem::BadField { field }),
        text => Ok(text.map(str::to_owned)),
    }
}

/// The level asked for; until time-stamps exist it is B-B.
///
/// # Errors
/// [`Problem::Level`] for one that is not offered, [`Problem::BadField`] for none.
pub fn level(text: Option<&str>) -> Result<(), Problem> {
    let Some(text) = text else { return Ok(()) };
    match text.trim().to_ascii_uppercase().as_str() {
        "B-B" => Ok(()),
        "B-T" | "B-LT" | "B-LTA" => Err(Problem::Level),
        _ => Err(Problem::BadField { field: "level" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_point_or_comma() {
        assert_eq!(number("x", " 10.5 ").unwrap().to_bits(), 10.5f64.to_bits());
        assert_eq!(number("x", "10,5").unwrap().to_bits(), 10.5f64.to_bits());
        assert_eq!(number("x", "-3").unwrap().to_bits(), (-3f64).to_bits());
        for wrong in ["", "a", "NaN", "inf", "1e300", "1 2"] {
            assert!(
                matches!(number("x", wrong), Err(Problem::BadField { field: "x" })),
                "{wrong}"
            );
        }
        assert_eq!(page("page", "2.0").unwrap(), 2);
        assert!(matches!(page("page", "0"), Err(Problem::OutsidePage)));
        assert!(matches!(
            page("page", "99999999999"),
            Err(Problem::OutsidePage)
        ));
        assert!(matches!(page("page", "two"), Err(Problem::BadField { .. })));
    }

    #[test]
    fn items_are_for_all_for_each_or_several_for_one() {
        let items = |n: usize| (0..n).map(|_| Item::default()).collect::<Vec<_>>();
        assert!(matches!(Items::matched(items(1), 3), Ok(Items::ForAll(_))));
        assert!(matches!(Items::matched(items(3), 3), Ok(Items::Each(_))));
        assert!(matches!(Items::matched(items(3), 1), Ok(Items::Several(_))));
        assert!(matches!(
            Items::matched(items(2), 3),
            Err(Problem::BadField { .. })
        ));
        assert!(matches!(
            Items::matched(items(0), 3),
            Err(Problem::Missing { .. })
        ));
    }

    #[test]
    fn levels_that_wait_for_timestamps_are_told_apart_from_nonsense() {
        assert!(level(None).is_ok() && level(Some("b-b")).is_ok());
        assert!(matches!(level(Some("B-LTA")), Err(Problem::Level)));
        assert!(matches!(level(Some("X")), Err(Problem::BadField { .. })));
    }
}
