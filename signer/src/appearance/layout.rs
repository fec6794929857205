//! Where a mark stands: from the coordinates of the contract (section 4) to the annotation's rectangle and the
//! appearance's matrix (ISO 32000-2, 12.5.5), upright on the page as displayed.
//!
//! "As displayed" is the `CropBox` within the `MediaBox`, turned by `Rotate` and scaled by `UserUnit`; distances are
//! points of 1/72 inch there. Default user space is reached last, by [`PageGeometry`]'s one mapping.

use super::Error;
use crate::pdf;

/// Which page, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageChoice {
    /// The first page.
    First,
    /// The last page.
    Last,
    /// This page; the first is 1.
    Number(u32),
}

/// A page and a box on it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// The page.
    pub page: PageChoice,
    /// The box.
    pub at: Position,
}

/// A box in one of the conventions of the contract.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Position {
    /// Version 1: origin at the lower left of the page.
    V1 {
        /// Left edge.
        x_axis: f64,
        /// Lower edge.
        y_axis: f64,
        /// What `width` and `height` say.
        extent: Extent,
        /// How `width` and `height` are read.
        reading: V1Box,
    },
    /// Version 2: origin at the upper left of the page, y downwards.
    V2 {
        /// Left edge.
        origin_x: f64,
        /// Upper edge.
        origin_y: f64,
        /// Size of the box.
        extent: Extent,
    },
    /// Centred on a point found in the page (a marker), origin at the upper left, y downwards; pushed inside the page.
    Centred {
        /// Distance from the left edge of the page.
        x: f64,
        /// Distance from the upper edge of the page.
        y: f64,
        /// Size of the box.
        extent: Extent,
    },
}

/// Width and height as the caller gave them. What is missing follows from the content's own size and ratio.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Extent {
    /// Width in points.
    pub width: Option<f64>,
    /// Height in points.
    pub height: Option<f64>,
}

/// How version 1 reads `width` and `height` (setting `v1-box`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum V1Box {
    /// The corner when both exceed the lower left corner and an extent of that size would leave the page; else the extent.
    #[default]
    Auto,
    /// The upper right corner.
    Corner,
    /// The size.
    Extent,
}

/// What a page dictionary says about its shape, inheritance resolved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PageGeometry {
    /// `MediaBox`, in any order of corners.
    pub media_box: [f64; 4],
    /// `CropBox`, in any order of corners.
    pub crop_box: Option<[f64; 4]>,
    /// `Rotate` in degrees clockwise, any multiple of 90.
    pub rotate: i64,
    /// `UserUnit`, in points.
    pub user_unit: f64,
}

impl From<&pdf::Page> for PageGeometry {
    fn from(page: &pdf::Page) -> Self {
        let corners = |r: &pdf::Rectangle| [r.left, r.bottom, r.right, r.top].map(f64::from);
        Self {
            media_box: corners(&page.media_box),
            crop_box: Some(corners(&page.crop_box)),
            rotate: page.rotate.into(),
            user_unit: page.user_unit.into(),
        }
    }
}

/// A box in the document's own terms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placed {
    /// The annotation's `Rect` in default user space: left, bottom, right, top.
    pub rect: [f64; 4],
    /// The appearance's `Matrix`: turns the upright picture against the page's rotation.
    pub matrix: [f64; 6],
    /// Width of the picture in displayed points; the appearance's `BBox` is `[0 0 width height]`.
    pub width: f64,
    /// Height of the picture in displayed points.
    pub height: f64,
}

/// Finds the box of `at` on `page`; `natural` is the content's own size in points.
///
/// # Errors
/// [`Error::OutsidePage`] when the box does not lie on the page as displayed, [`Error::Size`] when it has no area or is
/// not made of numbers, [`Error::PageGeometry`] when the page itself has no area.
pub fn place(page: &PageGeometry, at: &Position, natural: (f64, f64)) -> Result<Placed, Error> {
    let view = View::new(page)?;
    let shown = match *at {
        Position::V1 {
            x_axis,
            y_axis,
            extent,
            reading,
        } => {
            let (width, height) = v1_size(&view, x_axis, y_axis, extent, reading, natural)?;
            Shown {
                left: x_axis,
                top: view.height - y_axis - height,
                width,
                height,
            }
        }
        Position::V2 {
            origin_x,
            origin_y,
            extent,
        } => {
            let (width, height) = size(extent, natural)?;
            Shown {
                left: origin_x,
                top: origin_y,
                width,
                height,
            }
        }
        Position::Centred { x, y, extent } => {
            let (width, height) = size(extent, natural)?;
            let slack = |room: f64, at: f64| at.clamp(0.0, room.max(0.0));
            Shown {
                left: slack(view.width - width, x - width / 2.0),
                top: slack(view.height - height, y - height / 2.0),
                width,
                height,
            }
        }
    };
    Ok(view.placed(&shown.inside(&view)?))
}

/// Fills a rectangle that the document gives in default user space, such as that of an existing field.
///
/// # Errors
/// [`Error::Size`] when the rectangle has no area, [`Error::PageGeometry`] when the page has none.
pub fn fill(page: &PageGeometry, rect: [f64; 4]) -> Result<Placed, Error> {
    let view = View::new(page)?;
    let [left, bottom, right, top] = normalised(rect).ok_or(Error::Size)?;
    let (x0, y0) = view.to_shown(left, bottom);
    let (x1, y1) = view.to_shown(right, top);
    Ok(view.placed(&Shown {
        left: x0.min(x1),
        top: y0.min(y1),
        width: (x1 - x0).abs(),
        height: (y1 - y0).abs(),
    }))
}

/// A box on the page as displayed: points from the upper left corner, y downwards.
#[derive(Clone, Copy, Debug)]
struct Shown {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

/// Callers work with rounded paper sizes (595 × 842 for 595.28 × 841.89): so much may a box stand over the edge.
const OVERHANG: f64 = 1.0;

/// Smaller boxes show nothing; the smallest page of ISO 32000-2 (Annex C) is 3 units wide.
const SMALLEST: f64 = 1.0;

impl Shown {
    /// The same box if it lies on the page, moved and trimmed by what callers' rounding may exceed it.
    fn inside(self, view: &View) -> Result<Self, Error> {
        let Self {
            left,
            top,
            width,
            height,
        } = self;
        if ![left, top, width, height].iter().all(|n| n.is_finite()) {
            return Err(Error::Size);
        }
        let over = -OVERHANG;
        let fits = left >= over
            && top >= over
            && view.width - (left + width) >= over
            && view.height - (top + height) >= over;
        if !fits {
            return Err(Error::OutsidePage);
        }
        let (width, height) = (width.min(view.width), height.min(view.height));
        Ok(Self {
            left: left.clamp(0.0, view.width - width),
            top: top.clamp(0.0, view.height - height),
            width,
            height,
        })
    }
}

/// Width and height of the box, what is missing filled in from the content's own size.
fn size(extent: Extent, natural: (f64, f64)) -> Result<(f64, f64), Error> {
    let (natural_width, natural_height) = natural;
    let size = match (extent.width, extent.height) {
        (Some(width), Some(height)) => (width, height),
        (Some(width), None) => (width, width * natural_height / natural_width),
        (None, Some(height)) => (height * natural_width / natural_height, height),
        (None, None) => natural,
    };
    checked(size)
}

/// `width` and `height` of version 1 as a size.
fn v1_size(
    view: &View,
    x_axis: f64,
    y_axis: f64,
    extent: Extent,
    reading: V1Box,
    natural: (f64, f64),
) -> Result<(f64, f64), Error> {
    let (Some(width), Some(height)) = (extent.width, extent.height) else {
        return size(extent, natural);
    };
    let leaves =
        || x_axis + width > view.width + OVERHANG || y_axis + height > view.height + OVERHANG;
    let corner = match reading {
        V1Box::Auto => width > x_axis && height > y_axis && leaves(),
        V1Box::Corner => true,
        V1Box::Extent => false,
    };
    checked(if corner {
        (width - x_axis, height - y_axis)
    } else {
        (width, height)
    })
}

fn checked((width, height): (f64, f64)) -> Result<(f64, f64), Error> {
    let drawable = |n: f64| n.is_finite() && n >= SMALLEST;
    if drawable(width) && drawable(height) {
        Ok((width, height))
    } else {
        Err(Error::Size)
    }
}

/// The page as displayed and its way back to default user space.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    /// Visible box in default user space: left, bottom, right, top.
    visible: [f64; 4],
    turn: Turn,
    unit: f64,
    /// Width as displayed, in points.
    pub(super) width: f64,
    /// Height as displayed, in points.
    pub(super) height: f64,
}

/// The page's rotation, clockwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    None,
    Quarter,
    Half,
    ThreeQuarters,
}

impl View {
    /// Reads the page as a viewer does: what is unusable in `CropBox`, `Rotate` and `UserUnit` falls back to its default.
    pub(super) fn new(page: &PageGeometry) -> Result<Self, Error> {
        let media = normalised(page.media_box).ok_or(Error::PageGeometry)?;
        let visible = page
            .crop_box
            .and_then(normalised)
            .and_then(|crop| intersection(media, crop))
            .unwrap_or(media);
        let turn = match page.rotate.rem_euclid(360) {
            90 => Turn::Quarter,
            180 => Turn::Half,
            270 => Turn::ThreeQuarters,
            _ => Turn::None,
        };
        let unit = if page.user_unit.is_finite() && page.user_unit > 0.0 {
            page.user_unit
        } else {
            1.0
        };
        let [left, bottom, right, top] = visible;
        let (across, up) = ((right - left) * unit, (top - bottom) * unit);
        if !(across.is_finite() && up.is_finite()) {
            return Err(Error::PageGeometry);
        }
        let (width, height) = match turn {
            Turn::None | Turn::Half => (across, up),
            Turn::Quarter | Turn::ThreeQuarters => (up, across),
        };
        Ok(Self {
            visible,
            turn,
            unit,
            width,
            height,
        })
    }

    /// A displayed point, from the upper left corner and y downwards, in default user space.
    pub(super) fn to_user(self, x: f64, y: f64) -> (f64, f64) {
        let [left, bottom, right, top] = self.visible;
        let (x, y) = (x / self.unit, y / self.unit);
        match self.turn {
            Turn::None => (left + x, top - y),
            Turn::Quarter => (left + y, bottom + x),
            Turn::Half => (right - x, bottom + y),
            Turn::ThreeQuarters => (right - y, top - x),
        }
    }

    /// A point of default user space as displayed: the inverse of [`Self::to_user`].
    pub(super) fn to_shown(self, x: f64, y: f64) -> (f64, f64) {
        let [left, bottom, right, top] = self.visible;
        let (x, y) = match self.turn {
            Turn::None => (x - left, top - y),
            Turn::Quarter => (y - bottom, x - left),
            Turn::Half => (right - x, y - bottom),
            Turn::ThreeQuarters => (top - y, right - x),
        };
        (x * self.unit, y * self.unit)
    }

    fn placed(self, shown: &Shown) -> Placed {
        let (x0, y0) = self.to_user(shown.left, shown.top);
        let (x1, y1) = self.to_user(shown.left + shown.width, shown.top + shown.height);
        let scale = self.unit.recip();
        let (width, height) = (shown.width * scale, shown.height * scale);
        let matrix = match self.turn {
            Turn::None => [scale, 0.0, 0.0, scale, 0.0, 0.0],
            Turn::Quarter => [0.0, scale, -scale, 0.0, height, 0.0],
            Turn::Half => [-scale, 0.0, 0.0, -scale, width, height],
            Turn::ThreeQuarters => [0.0, -scale, scale, 0.0, 0.0, width],
        };
        Placed {
            rect: [x0.min(x1), y0.min(y1), x0.max(x1), y0.max(y1)],
            matrix,
            width: shown.width,
            height: shown.height,
        }
    }
}

/// Corners in order, if the box is made of numbers and has an area.
fn normalised([a, b, c, d]: [f64; 4]) -> Option<[f64; 4]> {
    let ordered = [a.min(c), b.min(d), a.max(c), b.max(d)];
    let [left, bottom, right, top] = ordered;
    let usable = [a, b, c, d].iter().all(|n| n.is_finite()) && right > left && top > bottom;
    usable.then_some(ordered)
}

fn intersection(a: [f64; 4], b: [f64; 4]) -> Option<[f64; 4]> {
    let ([a0, a1, a2, a3], [b0, b1, b2, b3]) = (a, b);
    let [left, bottom, right, top] = [a0.max(b0), a1.max(b1), a2.min(b2), a3.min(b3)];
    (right > left && top > bottom).then_some([left, bottom, right, top])
}

#[cfg(test)]
mod tests;
