//! Pages (ISO 32000-2, 7.7.3): their place in the page tree and what they inherit.

mod inherited;
mod tree;

use std::sync::Arc;

use lopdf::{Dictionary, Object, ObjectId};

/// A page and what it inherits.
#[derive(Clone, Debug)]
pub struct Page {
    /// Its object.
    pub id: ObjectId,
    /// Its dictionary, as it stands in the document.
    pub dict: Arc<Object>,
    /// `/MediaBox`; US Letter where there is none, as readers have it.
    pub media_box: Rectangle,
    /// `/CropBox`, cut to the media box; the media box where there is none.
    pub crop_box: Rectangle,
    /// /Rotate in degrees: 0, 90, 180 or 270.
    pub rotate: u16,
    /// `/UserUnit`: the size of a unit in 1/72 inch.
    pub user_unit: f32,
    /// /Resources, inherited or its own.
    pub resources: Option<Object>,
}

impl Page {
    /// The page's dictionary.
    #[must_use]
    pub fn dictionary(&self) -> &Dictionary {
        static EMPTY: std::sync::LazyLock<Dictionary> = std::sync::LazyLock::new(Dictionary::new);
        self.dict.as_dict().unwrap_or(&EMPTY)
    }
}

/// A rectangle, lower left corner first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rectangle {
    /// Left.
    pub left: f32,
    /// Bottom.
    pub bottom: f32,
    /// Right, not less than left.
    pub right: f32,
    /// Top, not less than bottom.
    pub top: f32,
}

impl Rectangle {
    const LETTER: Self = Self {
        left: 0.0,
        bottom: 0.0,
        right: 612.0,
        top: 792.0,
    };

    /// Width.
    #[must_use]
    pub fn width(&self) -> f32 {
        self.right - self.left
    }

    /// Height.
    #[must_use]
    pub fn height(&self) -> f32 {
        self.top - self.bottom
    }

    /// What both have in common; `None` if that is nothing.
    fn intersection(&self, other: &Self) -> Option<Self> {
        let both = Self {
            left: self.left.max(other.left),
            bottom: self.bottom.max(other.bottom),
            right: self.right.min(other.right),
            top: self.top.min(other.top),
        };
        both.is_proper().then_some(both)
    }

    fn is_proper(&self) -> bool {
        self.left < self.right && self.bottom < self.top
    }
}

#[cfg(test)]
mod tests;
