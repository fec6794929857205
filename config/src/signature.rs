//! `[signature]`: what signatures look like, and how version 1 of the interface reads and answers.

use signer::pades::SubFilter;
use toml::de::DeValue;

use crate::reader::Section;
use crate::value::{self, Value};

/// How version 1 shapes its refusals (contract, section 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum V1ErrorShape {
    /// The text as `error`, the contract's code as `status_code`.
    Default,
    /// Text and code joined behind "Proses signing gagal : ", the HTTP status as `status_code`.
    Prefixed,
}

/// How version 1 reads `width` and `height` (contract, section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum V1Box {
    /// As the corner where the extent would leave the page, else as the extent.
    Auto,
    /// As the upper right corner.
    Corner,
    /// As the extent.
    Extent,
}

const V1_ERROR_SHAPES: [(&str, V1ErrorShape); 2] = [
    ("default", V1ErrorShape::Default),
    ("prefixed", V1ErrorShape::Prefixed),
];
const V1_BOXES: [(&str, V1Box); 3] = [
    ("auto", V1Box::Auto),
    ("extent", V1Box::Extent),
    ("corner", V1Box::Corner),
];
const SUB_FILTERS: [(&str, SubFilter); 2] = [
    ("etsi-cades-detached", SubFilter::CadesDetached),
    ("adbe-pkcs7-detached", SubFilter::Pkcs7Detached),
];

macro_rules! words {
    ($($choice:ty, $words:ident);+) => {$(
        impl Value for $choice {
            fn read(value: &DeValue<'_>) -> Result<Self, String> {
                value::choice(value, &$words)
            }

            fn show(&self) -> String {
                value::word(*self, &$words)
            }
        }
    )+};
}
words!(V1ErrorShape, V1_ERROR_SHAPES; V1Box, V1_BOXES; SubFilter, SUB_FILTERS);

/// What signatures look like, and how version 1 of the interface reads and answers.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Signature {
    /// The form of signatures.
    pub sub_filter: SubFilter,
    /// Whether a visible mark may be added to a certified file that allows forms or annotations.
    pub certified_visible: bool,
    /// Whether a damaged file that was never signed is rewritten before it is signed.
    pub repair: bool,
    /// How version 1 shapes its refusals.
    pub v1_error_shape: V1ErrorShape,
    /// How version 1 reads `width` and `height`.
    pub v1_box: V1Box,
}

impl Signature {
    pub(crate) fn read(mut section: Section<'_>) -> Self {
        let signature = Self {
            sub_filter: section.or("sub-filter", SubFilter::CadesDetached),
            certified_visible: section.or("certified-visible", false),
            repair: section.or("repair", true),
            v1_error_shape: section.or("v1-error-shape", V1ErrorShape::Default),
            v1_box: section.or("v1-box", V1Box::Auto),
        };
        section.finish();
        signature
    }
}
