//! Pictures as image `XObject`s (ISO 32000-2, 8.9): decoded once, under limits, and written as often as needed.
//!
//! A picture comes from the caller, so nothing about it is believed before it has been decoded: what leaves here is
//! shown by every reader. Colour profiles inside pictures are not carried over; their samples count as sRGB.

mod jpeg;
mod png;
mod predictor;

use super::Error;
use super::content::{self, Sheet};
use super::draw::{Constraints, DeviceColour, Objects};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use lopdf::{Dictionary, Object, ObjectId, Stream};
use std::io::Write;
use std::sync::OnceLock;

/// What a picture may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Size of the file in bytes.
    pub bytes: usize,
    /// Width and height.
    pub side: u32,
    /// Width times height.
    pub pixels: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 16 << 20,
            side: 16_384,
            pixels: 25_000_000,
        }
    }
}

impl Limits {
    /// Refuses dimensions beyond the limits, before anything of that size is allocated.
    fn check(&self, width: u32, height: u32) -> Result<(), Error> {
        if width == 0 || height == 0 {
            return Err(Error::Image("it has no pixels"));
        }
        if width > self.side || height > self.side {
            return Err(Error::ImageLimit {
                what: "width or height",
            });
        }
        if u64::from(width) * u64::from(height) > self.pixels {
            return Err(Error::ImageLimit { what: "pixels" });
        }
        Ok(())
    }
}

/// A picture ready to be written into any number of files.
#[derive(Debug)]
pub struct Image {
    full: Encoded,
    mask: Option<Encoded>,
    orientation: Orientation,
    /// The PNG file, kept while a second form of it may be asked for.
    source: Option<Vec<u8>>,
    /// The opaque RGB or grey form, made when a file's claim first asks for it.
    plain: OnceLock<Result<Encoded, Error>>,
}

/// Reads a PNG or JPEG file, told apart by its first bytes.
///
/// # Errors
/// [`Error::Image`] when it is neither, broken, or of a kind that readers of PDF do not show; [`Error::ImageLimit`] when
/// it is larger than `limits`.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Image, Error> {
    if bytes.len() > limits.bytes {
        return Err(Error::ImageLimit { what: "file size" });
    }
    if bytes.starts_with(&png::SIGNATURE) {
        let (full, mask) = png::decode(bytes, limits, png::Alpha::Separate)?;
        let source = mask.is_some().then(|| bytes.to_vec());
        return Ok(Image {
            full,
            mask,
            orientation: Orientation::default(),
            source,
            plain: OnceLock::new(),
        });
    }
    if bytes.starts_with(&jpeg::SIGNATURE) {
        let (full, orientation) = jpeg::decode(bytes, limits)?;
        return Ok(Image {
            full,
            mask: None,
            orientation,
            source: None,
            plain: OnceLock::new(),
        });
    }
    Err(Error::Image("it is neither PNG nor JPEG"))
}

impl Image {
    /// Width and height in pixels, as displayed.
    #[must_use]
    pub fn displayed_size(&self) -> (u32, u32) {
        let (width, height) = (self.full.width, self.full.height);
        if self.orientation.swaps_axes() {
            (height, width)
        } else {
            (width, height)
        }
    }

    /// Draws the picture, already written as `id`, in its own ratio, centred in the box: left, bottom, width, height.
    pub(super) fn draw(
        &self,
        sheet: &mut Sheet,
        [left, bottom, width, height]: [f64; 4],
        id: ObjectId,
    ) {
        let (across, up) = self.displayed_size();
        let (across, up) = (f64::from(across), f64::from(up));
        let scale = (width / across).min(height / up);
        let (drawn_width, drawn_height) = (across * scale, up * scale);
        sheet.save();
        sheet.transform([
            drawn_width,
            0.0,
            0.0,
            drawn_height,
            left + (width - drawn_width) / 2.0,
            bottom + (height - drawn_height) / 2.0,
        ]);
        if let Some(matrix) = self.orientation.matrix() {
            sheet.transform(matrix);
        }
        sheet.object(id);
        sheet.restore();
    }

    /// Writes the image and its soft mask in the form that the constraints allow.
    pub(super) fn write(
        &self,
        constraints: Constraints,
        objects: &mut impl Objects,
    ) -> Result<ObjectId, Error> {
        let flattened = self.mask.is_some() && !constraints.transparency;
        let converted = self.full.colour == Colour::Cmyk && !constraints.device.cmyk();
        let encoded = if flattened || converted {
            self.plain()?
        } else {
            &self.full
        };
        let mut stream = encoded.stream(constraints.device);
        if let Some(mask) = self.mask.as_ref().filter(|_| !flattened) {
            let id = objects.allocate();
            // The colour space of a soft mask is device grey by definition (11.6.5.2); it carries no colour.
            objects.put(id, Object::Stream(mask.stream(DeviceColour::Any)));
            stream.dict.set("SMask", Object::Reference(id));
        }
        let id = objects.allocate();
        objects.put(id, Object::Stream(stream));
        Ok(id)
    }

    /// The opaque form without CMYK.
    fn plain(&self) -> Result<&Encoded, Error> {
        let made = self
            .plain
            .get_or_init(|| match (&self.source, self.full.filter) {
                (Some(source), _) => {
                    Ok(png::decode(source, &self.decoded(), png::Alpha::OnWhite)?.0)
                }
                (None, Filter::Dct(coding)) => jpeg::to_rgb(&self.full, coding),
                (None, Filter::Flate) => Err(Error::Image("its colours cannot be converted")),
            });
        made.as_ref().map_err(Clone::clone)
    }

    /// Limits that let through what has been let through before.
    fn decoded(&self) -> Limits {
        let (width, height) = (self.full.width, self.full.height);
        Limits {
            bytes: usize::MAX,
            side: width.max(height),
            pixels: u64::from(width) * u64::from(height),
        }
    }
}

/// Samples in a form that goes into a file as it is.
struct Encoded {
    width: u32,
    height: u32,
    colour: Colour,
    filter: Filter,
    data: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Colour {
    Cmyk,
    Gray,
    Rgb,
}

impl Colour {
    fn channels(self) -> u8 {
        match self {
            Self::Gray => 1,
            Self::Rgb => 3,
            Self::Cmyk => 4,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Filter {
    /// JPEG as it came (7.4.8).
    Dct(jpeg::Coding),
    /// Deflated with PNG predictors (7.4.4.4).
    Flate,
}

impl std::fmt::Debug for Encoded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            width,
            height,
            colour,
            filter,
            data,
        } = self;
        write!(
            f,
            "{width}x{height} {colour:?} {filter:?}, {} bytes",
            data.len()
        )
    }
}

impl Encoded {
    fn stream(&self, device: DeviceColour) -> Stream {
        let mut dict = Dictionary::new();
        dict.set("Type", "XObject");
        dict.set("Subtype", "Image");
        dict.set("Width", i64::from(self.width));
        dict.set("Height", i64::from(self.height));
        dict.set("BitsPerComponent", 8);
        dict.set("ColorSpace", self.colour_space(device));
        match self.filter {
            Filter::Dct(coding) => {
                dict.set("Filter", "DCTDecode");
                if coding.untransformed {
                    let mut parameters = Dictionary::new();
                    parameters.set("ColorTransform", 0);
                    dict.set("DecodeParms", parameters);
                }
                if coding.inverted {
                    dict.set(
                        "Decode",
                        Object::Array([1, 0].repeat(4).into_iter().map(Object::Integer).collect()),
                    );
                }
            }
            Filter::Flate => {
                let mut parameters = Dictionary::new();
                parameters.set("Predictor", 15);
                parameters.set("Colors", i64::from(self.colour.channels()));
                parameters.set("Columns", i64::from(self.width));
                dict.set("Filter", "FlateDecode");
                dict.set("DecodeParms", parameters);
            }
        }
        Stream::new(dict, self.data.clone()).with_compression(false)
    }

    fn colour_space(&self, device: DeviceColour) -> Object {
        match self.colour {
            Colour::Gray if device.gray() => Object::Name("DeviceGray".into()),
            Colour::Gray => content::calibrated_gray(),
            Colour::Rgb if device.rgb() => Object::Name("DeviceRGB".into()),
            Colour::Rgb => content::calibrated_rgb(),
            Colour::Cmyk => Object::Name("DeviceCMYK".into()),
        }
    }
}

/// How the stored picture is to be turned for display (Exif 2.32, tag 0x0112).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Orientation(u8);

impl Default for Orientation {
    fn default() -> Self {
        Self(1)
    }
}

impl Orientation {
    fn swaps_axes(self) -> bool {
        self.0 >= 5
    }

    /// Maps the unit square of the stored picture onto that of the displayed one; none when they are the same.
    fn matrix(self) -> Option<[f64; 6]> {
        match self.0 {
            2 => Some([-1.0, 0.0, 0.0, 1.0, 1.0, 0.0]),
            3 => Some([-1.0, 0.0, 0.0, -1.0, 1.0, 1.0]),
            4 => Some([1.0, 0.0, 0.0, -1.0, 0.0, 1.0]),
            5 => Some([0.0, -1.0, -1.0, 0.0, 1.0, 1.0]),
            6 => Some([0.0, -1.0, 1.0, 0.0, 0.0, 1.0]),
            7 => Some([0.0, 1.0, 1.0, 0.0, 0.0, 0.0]),
            8 => Some([0.0, 1.0, -1.0, 0.0, 1.0, 0.0]),
            _ => None,
        }
    }
}

/// Deflates bytes; returns them unchanged, and false, when that gains nothing.
pub(super) fn deflate_if_smaller(bytes: Vec<u8>) -> (Vec<u8>, bool) {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    match encoder.write_all(&bytes).and_then(|()| encoder.finish()) {
        Ok(deflated) if deflated.len() < bytes.len() => (deflated, true),
        _ => (bytes, false),
    }
}

#[cfg(test)]
mod tests;
