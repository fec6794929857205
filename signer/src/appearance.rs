//! What a visible signature looks like: an image, a QR code or a caption in a box on a page.
//!
//! A [`Mark`] says what is drawn and where. [`layout::place`] turns the place into the annotation's rectangle on a
//! given page; [`Drawing`] writes the appearance stream (ISO 32000-2, 12.5.5) and what it needs into a revision.
//! Images and captions are prepared once and shared: between the places of a file and between the files of a batch.
//!
//! Drawing knows nothing of the document: page geometry and the constraints of an archival claim come as values. Only the
//! search for a [`marker`] and the reading of a [`claim`] look into it.

mod caption;
pub mod claim;
mod content;
mod draw;
mod error;
pub mod image;
pub mod layout;
pub mod marker;
pub mod qr;

pub use caption::Caption;
pub use claim::Claim;
pub use draw::{Constraints, DeviceColour, Drawing, Objects};
pub use error::Error;
pub use image::Image;
pub use layout::{Extent, PageChoice, PageGeometry, Place, Placed, Position, V1Box};
pub use marker::Marker;
pub use qr::Qr;

use std::sync::Arc;

/// One visible picture and its place.
#[derive(Clone, Debug)]
pub struct Mark {
    /// What is drawn.
    pub content: Content,
    /// Text beside or below it.
    pub caption: Option<Arc<Caption>>,
    /// Where it is drawn.
    pub place: Place,
}

/// What is drawn in the box. Cheap to clone: the prepared parts are shared.
#[derive(Clone, Debug)]
pub enum Content {
    /// Nothing: the caption has the box for itself.
    Blank,
    /// A picture, fitted into the box in its own ratio and centred.
    Image(Arc<Image>),
    /// A QR code: the largest square in the box, quiet zone included.
    Qr(Arc<Qr>),
}

impl Mark {
    /// Width and height, in points, that the mark takes when the caller names no size.
    #[must_use]
    pub fn natural_size(&self) -> (f64, f64) {
        let (width, height) = self.content.natural_size();
        let beneath = self.caption.is_some() && !matches!(self.content, Content::Blank);
        (
            width,
            if beneath {
                height + CAPTION_HEIGHT
            } else {
                height
            },
        )
    }
}

impl Content {
    /// Width and height, in points, without a caption.
    fn natural_size(&self) -> (f64, f64) {
        match self {
            Self::Blank => (CAPTION_WIDTH, CAPTION_HEIGHT),
            Self::Image(image) => {
                let (width, height) = image.displayed_size();
                (
                    DEFAULT_WIDTH,
                    DEFAULT_WIDTH * f64::from(height) / f64::from(width),
                )
            }
            Self::Qr(_) => (DEFAULT_WIDTH, DEFAULT_WIDTH),
        }
    }
}

/// Size, in points, of a caption whose caller names none.
const CAPTION_WIDTH: f64 = 150.0;
const CAPTION_HEIGHT: f64 = 40.0;

/// Width, in points, of a mark whose caller names no size (contract, section 1).
const DEFAULT_WIDTH: f64 = 100.0;
