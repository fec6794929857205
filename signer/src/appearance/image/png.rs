//! PNG (ISO/IEC 15948): every colour type, depth and interlacing, alpha as a soft mask or laid on white.

use super::predictor::Rows;
use super::{Colour, Encoded, Filter, Limits};
use crate::appearance::Error;

use png::{ColorType, DecodeOptions, Decoder, DecodingError, Transformations};
use std::io::Cursor;

/// The first bytes of every PNG file.
pub(super) const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// What the decoder may allocate beside the rows: chunks of metadata, of which none is used.
const METADATA: usize = 4 << 20;

/// What becomes of transparent pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alpha {
    /// Blended with white.
    OnWhite,
    /// Written as a mask of their own, if any pixel is not opaque.
    Separate,
}

/// Decodes the file and encodes its samples, and its mask if one is needed.
pub(super) fn decode(
    bytes: &[u8],
    limits: &Limits,
    alpha: Alpha,
) -> Result<(Encoded, Option<Encoded>), Error> {
    let mut options = DecodeOptions::default();
    options.set_ignore_text_chunk(true);
    options.set_ignore_iccp_chunk(true);
    let mut decoder = Decoder::new_with_options(Cursor::new(bytes), options);
    let header = decoder.read_header_info().map_err(refusal)?;
    let (width, height, interlaced) = (header.width, header.height, header.interlaced);
    limits.check(width, height)?;
    // Two rows of four 16-bit samples are the most that the decoder keeps.
    let rows = usize::try_from(u64::from(width) * 16).map_err(|_wide| Error::ImageLimit {
        what: "width or height",
    })?;
    decoder.set_limits(png::Limits {
        bytes: METADATA.saturating_add(rows),
    });
    // Palettes, low depths and transparent colours expanded, 16 bits reduced: PDF 1.4 knows no 16-bit samples.
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    let mut reader = decoder.read_info().map_err(refusal)?;
    let mut split = Split::new(reader.output_color_type().0, width, alpha)?;
    if interlaced {
        let size = reader
            .output_buffer_size()
            .ok_or(Error::ImageLimit { what: "pixels" })?;
        let mut pixels = vec![0; size];
        let frame = reader.next_frame(&mut pixels).map_err(refusal)?;
        for row in pixels.chunks_exact(frame.line_size) {
            split.push(row)?;
        }
    } else {
        while let Some(row) = reader.next_row().map_err(refusal)? {
            split.push(row.data())?;
        }
    }
    split.finish(width, height)
}

fn refusal(error: DecodingError) -> Error {
    match error {
        DecodingError::LimitsExceeded => Error::ImageLimit { what: "memory" },
        DecodingError::Format(_) | DecodingError::IoError(_) | DecodingError::Parameter(_) => {
            Error::Image("the PNG file is broken")
        }
    }
}

/// Rows of samples on their way into colours and mask.
struct Split {
    colour: Colour,
    colours: Rows,
    mask: Option<Rows>,
    alpha: Alpha,
    opaque: bool,
    row: Vec<u8>,
    mask_row: Vec<u8>,
}

impl Split {
    fn new(kind: ColorType, width: u32, alpha: Alpha) -> Result<Self, Error> {
        let (colour, transparent) = match kind {
            ColorType::Grayscale => (Colour::Gray, false),
            ColorType::GrayscaleAlpha => (Colour::Gray, true),
            ColorType::Rgb => (Colour::Rgb, false),
            ColorType::Rgba => (Colour::Rgb, true),
            ColorType::Indexed => return Err(Error::Image("its palette is missing")),
        };
        let columns = usize::try_from(width).map_err(|_wide| Error::ImageLimit {
            what: "width or height",
        })?;
        Ok(Self {
            colour,
            colours: Rows::new(columns, usize::from(colour.channels())),
            mask: transparent.then(|| Rows::new(columns, 1)),
            alpha,
            opaque: true,
            row: Vec::new(),
            mask_row: Vec::new(),
        })
    }

    fn push(&mut self, samples: &[u8]) -> Result<(), Error> {
        let Some(mask) = &mut self.mask else {
            return self.colours.push(samples);
        };
        self.row.clear();
        self.mask_row.clear();
        let channels = usize::from(self.colour.channels());
        for pixel in samples.chunks_exact(channels + 1) {
            let Some((&alpha, colours)) = pixel.split_last() else {
                continue;
            };
            match self.alpha {
                Alpha::OnWhite => self
                    .row
                    .extend(colours.iter().map(|colour| on_white(*colour, alpha))),
                Alpha::Separate => self.row.extend_from_slice(colours),
            }
            self.mask_row.push(alpha);
        }
        self.opaque &= self.mask_row.iter().all(|alpha| *alpha == u8::MAX);
        self.colours.push(&self.row)?;
        if self.alpha == Alpha::Separate {
            mask.push(&self.mask_row)?;
        }
        Ok(())
    }

    fn finish(self, width: u32, height: u32) -> Result<(Encoded, Option<Encoded>), Error> {
        let encoded = |colour, rows: Rows| {
            rows.finish().map(|data| Encoded {
                width,
                height,
                colour,
                filter: Filter::Flate,
                data,
            })
        };
        let wanted = self.alpha == Alpha::Separate && !self.opaque;
        let mask = self
            .mask
            .filter(|_| wanted)
            .map(|rows| encoded(Colour::Gray, rows))
            .transpose()?;
        Ok((encoded(self.colour, self.colours)?, mask))
    }
}

/// One sample blended with white, rounded to nearest.
fn on_white(colour: u8, alpha: u8) -> u8 {
    let (colour, alpha) = (u16::from(colour), u16::from(alpha));
    let blended = (colour * alpha + 255 * (255 - alpha) + 127) / 255;
    u8::try_from(blended).unwrap_or(u8::MAX)
}
