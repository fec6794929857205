//! Why a mark cannot be drawn. Each is the caller's or the document's fault, and none of them changes on a retry.

/// Why a mark cannot be drawn.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A font of the house cannot be used. The caller can do nothing about it.
    #[error("caption font is not usable")]
    CaptionFont,
    /// The text is too long for the box at a size that can be read.
    #[error("caption does not fit into its box")]
    CaptionTooLong,
    /// The picture is neither PNG nor JPEG, or a kind of them that readers of PDF do not show.
    #[error("image is not usable: {0}")]
    Image(&'static str),
    /// The picture is larger than the limits allow.
    #[error("image exceeds the limit of {what}")]
    ImageLimit {
        /// Which limit.
        what: &'static str,
    },
    /// The box does not lie on the page as displayed.
    #[error("box lies outside the page")]
    OutsidePage,
    /// The document gives the page no usable box.
    #[error("page has no usable box")]
    PageGeometry,
    /// A coordinate or a size is not a number that can be drawn.
    #[error("box has no usable coordinates or size")]
    Size,
    /// The text does not fit into a QR code.
    #[error("text is too long for a QR code")]
    QrTooLong,
}
