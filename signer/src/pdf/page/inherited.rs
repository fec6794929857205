//! What a page takes over from the nodes above it (ISO 32000-2, 7.7.3.4), and what it amounts to.

use std::sync::Arc;

use lopdf::{Dictionary, Object, ObjectId};

use super::{Page, Rectangle};
use crate::pdf::{Anomaly, Error, Pdf};

/// The inheritable attributes as they stand in the nearest node that has them.
#[derive(Clone, Default)]
pub(super) struct Inherited {
    media_box: Option<Object>,
    crop_box: Option<Object>,
    rotate: Option<Object>,
    resources: Option<Object>,
}

impl Inherited {
    /// What the children of `node` inherit; for a page, what it has itself or inherits.
    pub(super) fn with(&self, node: &Dictionary) -> Self {
        let nearest = |key: &[u8], inherited: &Option<Object>| {
            node.get(key).ok().or(inherited.as_ref()).cloned()
        };
        Self {
            media_box: nearest(b"MediaBox", &self.media_box),
            crop_box: nearest(b"CropBox", &self.crop_box),
            rotate: nearest(b"Rotate", &self.rotate),
            resources: nearest(b"Resources", &self.resources),
        }
    }

    /// The page that has these attributes.
    pub(super) fn page(
        self,
        pdf: &Pdf<'_>,
        id: ObjectId,
        dict: &Arc<Object>,
    ) -> Result<Page, Error> {
        let media_box = rectangle(pdf, self.media_box.as_ref())?.unwrap_or_else(|| {
            pdf.note(Anomaly::NoMediaBox);
            Rectangle::LETTER
        });
        let crop_box =
            rectangle(pdf, self.crop_box.as_ref())?.and_then(|crop| crop.intersection(&media_box));
        let rotate = match self.rotate {
            Some(rotate) => pdf.resolve(&rotate)?.as_float().unwrap_or(0.0),
            None => 0.0,
        };
        let user_unit = match dict.as_dict().and_then(|page| page.get(b"UserUnit")) {
            Ok(unit) => pdf.resolve(unit)?.as_float().unwrap_or(1.0),
            Err(_) => 1.0,
        };
        Ok(Page {
            id,
            dict: Arc::clone(dict),
            media_box,
            crop_box: crop_box.unwrap_or(media_box),
            rotate: quarter_turns(rotate),
            user_unit: if user_unit.is_finite() && user_unit > 0.0 {
                user_unit
            } else {
                1.0
            },
            resources: self.resources,
        })
    }
}

fn rectangle(pdf: &Pdf<'_>, object: Option<&Object>) -> Result<Option<Rectangle>, Error> {
    let Some(object) = object else {
        return Ok(None);
    };
    let array = pdf.resolve(object)?;
    let Ok([a, b, c, d]) = array.as_array().map(Vec::as_slice) else {
        return Ok(None);
    };
    let mut corners = [0.0_f32; 4];
    for (corner, number) in corners.iter_mut().zip([a, b, c, d]) {
        match pdf.resolve(number)?.as_float() {
            Ok(number) if number.is_finite() => *corner = number,
            _ => return Ok(None),
        }
    }
    let [a, b, c, d] = corners;
    let rectangle = Rectangle {
        left: a.min(c),
        bottom: b.min(d),
        right: a.max(c),
        top: b.max(d),
    };
    Ok(rectangle.is_proper().then_some(rectangle))
}

/// A whole number of quarter turns; anything else is none, as readers have it.
fn quarter_turns(degrees: f32) -> u16 {
    match degrees.rem_euclid(360.0) {
        90.0 => 90,
        180.0 => 180,
        270.0 => 270,
        _ => 0,
    }
}
