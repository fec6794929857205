//! JPEG (ISO/IEC 10918-1): checked, stripped of metadata, and passed through as it was coded.
//!
//! Readers of PDF show baseline, extended and progressive Huffman-coded frames of 8 bits (ISO 32000-2, 7.4.8);
//! lossless, hierarchical and arithmetic-coded ones are refused. What applications wrote beside the picture (place,
//! camera, thumbnails) does not go into the document, except the Adobe segment, which says how colours are coded.

use super::predictor::Rows;
use super::{Colour, Encoded, Filter, Limits, Orientation};
use crate::appearance::Error;

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// The first bytes of every JPEG file.
pub(super) const SIGNATURE: [u8; 3] = [0xFF, 0xD8, 0xFF];

/// Pictures have at most a dozen scans; each may cost a pass over all pixels.
const MOST_SCANS: usize = 64;

/// Passes over as many pixels as the limits allow that the scans of one picture may cost together.
const MOST_PASSES: u64 = 8;

/// Reads the file, and decodes it once: only a picture that can be shown is passed on.
pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<(Encoded, Orientation), Error> {
    let file = Segments::new(bytes).read()?;
    let frame = file.frame.ok_or(BROKEN)?;
    limits.check(frame.width, frame.height)?;
    let pixels = u64::from(frame.width) * u64::from(frame.height);
    // A progressive frame is kept as 16-bit coefficients until its last scan.
    if frame.progressive && pixels > limits.pixels / 2 {
        return Err(Error::ImageLimit { what: "pixels" });
    }
    if pixels.saturating_mul(file.scans) > limits.pixels.saturating_mul(MOST_PASSES) {
        return Err(Error::ImageLimit { what: "scans" });
    }
    let cheapest = |input| match input {
        ColorSpace::YCbCr | ColorSpace::Luma => ColorSpace::Luma,
        ColorSpace::YCCK => ColorSpace::RGB,
        other => other,
    };
    samples(&file.kept, &frame, cheapest)?;
    let coding = Coding {
        inverted: frame.colour == Colour::Cmyk && file.adobe,
        // Without the Adobe segment readers of PDF take three components for YCbCr, other decoders go by these names.
        untransformed: !file.adobe && !file.jfif && frame.names_rgb,
    };
    let Frame {
        width,
        height,
        colour,
        ..
    } = frame;
    let full = Encoded {
        width,
        height,
        colour,
        filter: Filter::Dct(coding),
        data: file.kept,
    };
    Ok((full, file.orientation))
}

/// The picture of CMYK samples as RGB, for files whose claim rules CMYK out.
pub(super) fn to_rgb(cmyk: &Encoded, coding: Coding) -> Result<Encoded, Error> {
    let frame = Segments::new(&cmyk.data).read()?.frame.ok_or(BROKEN)?;
    // The decoder multiplies inverted samples itself and knows no others.
    let pixels = samples(&cmyk.data, &frame, |input| {
        if coding.inverted {
            ColorSpace::RGB
        } else {
            input
        }
    })?;
    let columns = usize::try_from(frame.width).map_err(|_wide| BROKEN)?;
    let mut rows = Rows::new(columns, 3);
    let mut row = Vec::with_capacity(columns.saturating_mul(3));
    if coding.inverted {
        for line in pixels.chunks_exact(columns.saturating_mul(3)) {
            rows.push(line)?;
        }
    } else {
        for line in pixels.chunks_exact(columns.saturating_mul(4)) {
            row.clear();
            row.extend(line.chunks_exact(4).flat_map(without_black));
            rows.push(&row)?;
        }
    }
    Ok(Encoded {
        width: frame.width,
        height: frame.height,
        colour: Colour::Rgb,
        filter: Filter::Flate,
        data: rows.finish()?,
    })
}

/// Red, green and blue of one pixel of cyan, magenta, yellow and black (ISO 32000-2, 10.4.2.4).
fn without_black(pixel: &[u8]) -> [u8; 3] {
    let &[cyan, magenta, yellow, black] = pixel else {
        return [u8::MAX; 3];
    };
    let light = |ink: u8| u16::from(u8::MAX - ink);
    [cyan, magenta, yellow].map(|ink| {
        let product = (light(ink) * light(black) + 127) / 255;
        u8::try_from(product).unwrap_or(u8::MAX)
    })
}

/// Decodes the whole picture into the colours that `wanted` chooses for those of the file.
fn samples(
    bytes: &[u8],
    frame: &Frame,
    wanted: impl Fn(ColorSpace) -> ColorSpace,
) -> Result<Vec<u8>, Error> {
    let side = |pixels: u32| usize::try_from(pixels).map_err(|_wide| BROKEN);
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(side(frame.width)?)
        .set_max_height(side(frame.height)?)
        .jpeg_set_max_scans(MOST_SCANS);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|_broken| BROKEN)?;
    let input = decoder.input_colorspace().ok_or(BROKEN)?;
    decoder.set_options(options.jpeg_set_out_colorspace(wanted(input)));
    decoder.decode().map_err(|_broken| BROKEN)
}

const BROKEN: Error = Error::Image("the JPEG file is broken");
const UNSHOWN: Error = Error::Image("readers of PDF do not show this kind of JPEG");

/// How the samples are coded, beyond what the frame says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Coding {
    /// Adobe's CMYK: 255 is no ink.
    pub(super) inverted: bool,
    /// Three components that are RGB as they stand.
    pub(super) untransformed: bool,
}

/// The frame header (B.2.2).
#[derive(Clone, Copy, Debug)]
struct Frame {
    width: u32,
    height: u32,
    colour: Colour,
    progressive: bool,
    names_rgb: bool,
}

impl Frame {
    fn read(marker: u8, payload: &[u8]) -> Result<Self, Error> {
        let &[depth, h1, h0, w1, w0, count, ref components @ ..] = payload else {
            return Err(BROKEN);
        };
        if depth != 8 {
            return Err(UNSHOWN);
        }
        let colour = match count {
            1 => Colour::Gray,
            3 => Colour::Rgb,
            4 => Colour::Cmyk,
            _ => return Err(UNSHOWN),
        };
        if components.len() != usize::from(count) * 3 {
            return Err(BROKEN);
        }
        let names: Vec<u8> = components
            .chunks_exact(3)
            .filter_map(|component| component.first().copied())
            .collect();
        Ok(Self {
            width: u16::from_be_bytes([w1, w0]).into(),
            height: u16::from_be_bytes([h1, h0]).into(),
            colour,
            progressive: marker == SOF2,
            names_rgb: names == *b"RGB",
        })
    }
}

// Markers (B.1.1.3).
const SOF0: u8 = 0xC0;
const SOF1: u8 = 0xC1;
const SOF2: u8 = 0xC2;
const DHT: u8 = 0xC4;
const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;
const DQT: u8 = 0xDB;
const DRI: u8 = 0xDD;
const APP0: u8 = 0xE0;
const APP1: u8 = 0xE1;
const APP14: u8 = 0xEE;
const APP15: u8 = 0xEF;
const COM: u8 = 0xFE;

/// The file, segment by segment, and what is kept of it.
struct Segments<'a> {
    rest: &'a [u8],
    kept: Vec<u8>,
    frame: Option<Frame>,
    scans: u64,
    adobe: bool,
    jfif: bool,
    orientation: Orientation,
}

impl<'a> Segments<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            kept: Vec::with_capacity(bytes.len()),
            frame: None,
            scans: 0,
            adobe: false,
            jfif: false,
            orientation: Orientation::default(),
        }
    }

    /// Reads to the end of the image; what follows it is dropped.
    fn read(mut self) -> Result<Self, Error> {
        if self.marker()? != SOI {
            return Err(BROKEN);
        }
        self.kept.extend([0xFF, SOI]);
        loop {
            let marker = self.marker()?;
            if marker == EOI {
                self.kept.extend([0xFF, EOI]);
                return if self.scans == 0 {
                    Err(BROKEN)
                } else {
                    Ok(self)
                };
            }
            let payload = self.payload()?;
            self.segment(marker, payload)?;
        }
    }

    fn segment(&mut self, marker: u8, payload: &[u8]) -> Result<(), Error> {
        match marker {
            SOF0 | SOF1 | SOF2 => {
                if self.frame.replace(Frame::read(marker, payload)?).is_some() {
                    return Err(BROKEN);
                }
                self.keep(marker, payload);
            }
            DHT | DQT | DRI => self.keep(marker, payload),
            SOS => {
                if self.frame.is_none() {
                    return Err(BROKEN);
                }
                self.scans += 1;
                self.keep(marker, payload);
                self.entropy()?;
            }
            APP0 if payload.starts_with(b"JFIF\0") => {
                self.jfif = true;
                self.keep(marker, payload);
            }
            APP1 => {
                if let Some(tiff) = payload.strip_prefix(b"Exif\0\0") {
                    self.orientation = orientation(tiff).unwrap_or_default();
                }
            }
            APP14 if payload.starts_with(b"Adobe") => {
                self.adobe = true;
                self.keep(marker, payload);
            }
            APP0..=APP15 | COM => {}
            _ => return Err(UNSHOWN),
        }
        Ok(())
    }

    fn keep(&mut self, marker: u8, payload: &[u8]) {
        // The length was two bytes when it was read.
        let length = u16::try_from(payload.len() + 2).unwrap_or(u16::MAX);
        self.kept.extend([0xFF, marker]);
        self.kept.extend(length.to_be_bytes());
        self.kept.extend(payload);
    }

    /// The next marker, after any fill bytes.
    fn marker(&mut self) -> Result<u8, Error> {
        let (&first, mut rest) = self.rest.split_first().ok_or(BROKEN)?;
        if first != 0xFF {
            return Err(BROKEN);
        }
        loop {
            let (&marker, after) = rest.split_first().ok_or(BROKEN)?;
            rest = after;
            if marker != 0xFF {
                self.rest = rest;
                return Ok(marker);
            }
        }
    }

    fn payload(&mut self) -> Result<&'a [u8], Error> {
        let (length, rest) = self.rest.split_first_chunk::<2>().ok_or(BROKEN)?;
        let length = usize::from(u16::from_be_bytes(*length))
            .checked_sub(2)
            .ok_or(BROKEN)?;
        let (payload, rest) = rest.split_at_checked(length).ok_or(BROKEN)?;
        self.rest = rest;
        Ok(payload)
    }

    /// Keeps entropy-coded data up to the next marker that is neither a stuffed byte nor a restart.
    fn entropy(&mut self) -> Result<(), Error> {
        let mut from = 0;
        let end = loop {
            let tail = self.rest.get(from..).ok_or(BROKEN)?;
            let at = from + memchr::memchr(0xFF, tail).ok_or(BROKEN)?;
            match self.rest.get(at + 1) {
                Some(0x00 | 0xD0..=0xD7) => from = at + 2,
                Some(_) => break at,
                None => return Err(BROKEN),
            }
        };
        let (data, rest) = self.rest.split_at_checked(end).ok_or(BROKEN)?;
        self.kept.extend(data);
        self.rest = rest;
        Ok(())
    }
}

/// The orientation in IFD 0 of an Exif block; anything unreadable counts as upright.
fn orientation(tiff: &[u8]) -> Option<Orientation> {
    let little = match tiff.get(..2)? {
        b"II" => true,
        b"MM" => false,
        _ => return None,
    };
    let short = |at: usize| {
        let pair = tiff.get(at..)?.first_chunk::<2>()?;
        Some(if little {
            u16::from_le_bytes(*pair)
        } else {
            u16::from_be_bytes(*pair)
        })
    };
    let (first, second) = (usize::from(short(4)?), usize::from(short(6)?));
    let ifd = if little {
        second << 16 | first
    } else {
        first << 16 | second
    };
    let entries = usize::from(short(ifd)?);
    let entry = (0..entries)
        .map(|n| ifd + 2 + n * 12)
        .find(|at| short(*at) == Some(0x0112))?;
    let value = u8::try_from(short(entry + 8)?).ok()?;
    (1..=8).contains(&value).then_some(Orientation(value))
}
