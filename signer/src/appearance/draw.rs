//! Appearance streams (ISO 32000-2, 12.5.5) written into a revision, what they share written once.

use super::caption::{Align, Caption};
use super::content::Sheet;
use super::{Content, Error, Image, Mark, Placed};

use lopdf::{Dictionary, Object, ObjectId, Stream};
use std::collections::HashMap;
use std::sync::Arc;

/// Where new objects go: the revision being written.
pub trait Objects {
    /// Reserves an object number.
    fn allocate(&mut self) -> ObjectId;
    /// Writes the object of a reserved number.
    fn put(&mut self, id: ObjectId, object: Object);
}

/// What an archival claim (ISO 19005) lets a mark be made of. The default allows everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Constraints {
    /// Soft masks may be written (forbidden by ISO 19005-1, 6.4); otherwise pictures are laid on white.
    pub transparency: bool,
    /// Which device-dependent colours may be written (ISO 19005-1, 6.2.3).
    pub device: DeviceColour,
}

/// The device-dependent colours that a file may hold, which follows from its output intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceColour {
    /// No claim: all of them.
    Any,
    /// The output intent is CMYK: CMYK and grey.
    Cmyk,
    /// The output intent is grey.
    Gray,
    /// There is no output intent: none of them.
    None,
    /// The output intent is RGB: RGB and grey.
    Rgb,
}

impl Default for Constraints {
    fn default() -> Self {
        Self {
            transparency: true,
            device: DeviceColour::Any,
        }
    }
}

impl DeviceColour {
    pub(super) fn gray(self) -> bool {
        self != Self::None
    }

    pub(super) fn rgb(self) -> bool {
        matches!(self, Self::Any | Self::Rgb)
    }

    pub(super) fn cmyk(self) -> bool {
        matches!(self, Self::Any | Self::Cmyk)
    }
}

/// Draws marks into one revision of one file.
#[derive(Debug, Default)]
pub struct Drawing {
    constraints: Constraints,
    /// Images of this revision, by identity. The key keeps the image alive, so that no address is reused.
    images: HashMap<usize, (Arc<Image>, ObjectId)>,
    /// Fonts of captions, likewise.
    captions: HashMap<usize, (Arc<Caption>, Vec<ObjectId>)>,
}

impl Drawing {
    /// For a file under these constraints.
    #[must_use]
    pub fn new(constraints: Constraints) -> Self {
        Self {
            constraints,
            images: HashMap::new(),
            captions: HashMap::new(),
        }
    }

    /// Writes the appearance of `mark` in the box `placed` and what it needs that is not yet in the revision.
    /// Returns the form `XObject` for the annotation's `/AP /N`.
    ///
    /// # Errors
    /// [`Error::CaptionTooLong`] when the caption does not fit, [`Error::Image`] when the picture cannot be brought into
    /// a form that the constraints allow.
    pub fn draw(
        &mut self,
        mark: &Mark,
        placed: &Placed,
        objects: &mut impl Objects,
    ) -> Result<ObjectId, Error> {
        let mut sheet = Sheet::new(self.constraints.device.gray());
        let areas = Areas::of(mark, placed.width, placed.height);
        match &mark.content {
            Content::Blank => {}
            Content::Image(image) => {
                let id = self.image(image, objects)?;
                image.draw(&mut sheet, areas.content, id);
            }
            Content::Qr(qr) => qr.draw(&mut sheet, areas.content),
        }
        if let Some(caption) = &mark.caption {
            let fonts = self.fonts(caption, objects);
            caption.draw(&mut sheet, areas.caption, areas.align, &fonts)?;
        }
        let (operators, resources) = sheet.finish();
        let id = objects.allocate();
        objects.put(id, Object::Stream(form(placed, operators, resources)));
        Ok(id)
    }

    /// The caption's fonts in this revision.
    fn fonts(&mut self, caption: &Arc<Caption>, objects: &mut impl Objects) -> Vec<ObjectId> {
        let identity = Arc::as_ptr(caption).addr();
        let (_, fonts) = self
            .captions
            .entry(identity)
            .or_insert_with(|| (Arc::clone(caption), caption.write(objects)));
        fonts.clone()
    }

    /// The image's object in this revision.
    fn image(&mut self, image: &Arc<Image>, objects: &mut impl Objects) -> Result<ObjectId, Error> {
        let identity = Arc::as_ptr(image).addr();
        if let Some((_, id)) = self.images.get(&identity) {
            return Ok(*id);
        }
        let id = image.write(self.constraints, objects)?;
        self.images.insert(identity, (Arc::clone(image), id));
        Ok(id)
    }
}

/// How the box is shared between content and caption; each is left, bottom, width, height.
struct Areas {
    content: [f64; 4],
    caption: [f64; 4],
    align: Align,
}

impl Areas {
    /// A box at least this many times wider than high has its caption beside the content.
    const BESIDE: f64 = 1.6;
    /// Share of the width that the content may take beside a caption.
    const MOST_BESIDE: f64 = 0.5;
    /// Share of the height that a caption takes below the content.
    const BELOW: f64 = 0.3;
    /// Distance between content and caption, as a share of the box.
    const GAP: f64 = 0.03;

    fn of(mark: &Mark, width: f64, height: f64) -> Self {
        let whole = [0.0, 0.0, width, height];
        if mark.caption.is_none() || matches!(mark.content, Content::Blank) {
            return Self {
                content: whole,
                caption: whole,
                align: Align::Start,
            };
        }
        if width >= height * Self::BESIDE {
            let (natural_width, natural_height) = mark.content.natural_size();
            let content = (height * natural_width / natural_height).min(width * Self::MOST_BESIDE);
            let from = content + width * Self::GAP;
            return Self {
                content: [0.0, 0.0, content, height],
                caption: [from, 0.0, width - from, height],
                align: Align::Start,
            };
        }
        let caption = height * Self::BELOW;
        let from = caption + height * Self::GAP;
        Self {
            content: [0.0, from, width, height - from],
            caption: [0.0, 0.0, width, caption],
            align: Align::Centre,
        }
    }
}

/// The form `XObject` (ISO 32000-2, 8.10). It has no transparency group, which ISO 19005-1, 6.4 forbids.
fn form(placed: &Placed, operators: Vec<u8>, resources: Dictionary) -> Stream {
    let mut dict = Dictionary::new();
    dict.set("Type", "XObject");
    dict.set("Subtype", "Form");
    dict.set("BBox", reals(&[0.0, 0.0, placed.width, placed.height]));
    dict.set("Matrix", reals(&placed.matrix));
    dict.set("Resources", resources);
    let (operators, compressed) = super::image::deflate_if_smaller(operators);
    if compressed {
        dict.set("Filter", "FlateDecode");
    }
    Stream::new(dict, operators).with_compression(false)
}

/// An array of numbers. Six digits are what readers keep of a coordinate.
fn reals(numbers: &[f64]) -> Object {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "coordinates are below a few million, checked by the layout"
    )]
    let real = |n: &f64| Object::Real(*n as f32);
    Object::Array(numbers.iter().map(real).collect())
}

#[cfg(test)]
mod tests;
