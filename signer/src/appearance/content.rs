//! Content streams (ISO 32000-2, 7.8.2): the few operators a mark is drawn with, and the resources they name.

use super::caption::Glyph;

use lopdf::{Dictionary, Object, ObjectId};
use std::fmt::Write;

/// Colours of vector parts. Both are achromatic, so that one rule on colour spaces covers them.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ink {
    Black,
    White,
}

/// A content stream being written, in a space of points with the origin at the lower left of the box.
#[derive(Debug)]
pub(super) struct Sheet {
    operators: String,
    device_gray: bool,
    uses_gray: bool,
    resources: Dictionary,
}

impl Sheet {
    /// `device_gray`: whether the file may hold device-dependent grey.
    pub(super) fn new(device_gray: bool) -> Self {
        Self {
            operators: String::new(),
            device_gray,
            uses_gray: false,
            resources: Dictionary::new(),
        }
    }

    pub(super) fn save(&mut self) {
        self.operators.push_str("q\n");
    }

    pub(super) fn restore(&mut self) {
        self.operators.push_str("Q\n");
    }

    pub(super) fn transform(&mut self, matrix: [f64; 6]) {
        self.numbers(&matrix);
        self.operators.push_str("cm\n");
    }

    /// Sets the colour of what is filled next.
    pub(super) fn fill(&mut self, ink: Ink) {
        let level = match ink {
            Ink::Black => "0",
            Ink::White => "1",
        };
        self.operators.push_str(level_prefix(self.device_gray));
        self.operators.push_str(level);
        self.operators
            .push_str(if self.device_gray { " g\n" } else { " sc\n" });
        self.uses_gray = true;
    }

    pub(super) fn rectangle(&mut self, left: f64, bottom: f64, width: f64, height: f64) {
        self.numbers(&[left, bottom, width, height]);
        self.operators.push_str("re\n");
    }

    /// A rectangle one unit high on whole coordinates.
    pub(super) fn cell(&mut self, left: usize, bottom: usize, width: usize) {
        self.write(format_args!("{left} {bottom} {width} 1 re\n"));
    }

    /// Fills the path.
    pub(super) fn paint(&mut self) {
        self.operators.push_str("f\n");
    }

    /// Draws an image or form of unit size in the current space.
    pub(super) fn object(&mut self, id: ObjectId) {
        let name = self.name("XObject", "X", id);
        self.write(format_args!("/{name} Do\n"));
    }

    /// Opens a stretch of text that reads as `text`, whatever its glyphs are (14.9.4).
    pub(super) fn span(&mut self, text: &str) {
        self.operators.push_str("/Span <</ActualText <FEFF");
        for unit in text.encode_utf16() {
            self.write(format_args!("{unit:04X}"));
        }
        self.operators.push_str(">>> BDC\n");
    }

    pub(super) fn end_span(&mut self) {
        self.operators.push_str("EMC\n");
    }

    /// Shows glyphs of a composite font from the given point on.
    pub(super) fn show(&mut self, font: ObjectId, size: f64, (x, y): (f64, f64), glyphs: &[Glyph]) {
        let name = self.name("Font", "F", font);
        self.write(format_args!("BT\n/{name} "));
        self.numbers(&[size]);
        self.operators.push_str("Tf\n");
        self.numbers(&[x, y]);
        self.operators.push_str("Td\n");
        // Numbers between glyphs move to the left, in thousandths of the size (9.4.3).
        let mut owed = 0.0;
        for level in glyphs.chunk_by(|a, b| a.up.to_bits() == b.up.to_bits()) {
            let up = level.first().map_or(0.0, |glyph| glyph.up);
            self.numbers(&[up * size / 1000.0]);
            self.operators.push_str("Ts [");
            for glyph in level {
                let before = owed - glyph.right;
                if before.abs() >= 0.01 {
                    self.numbers(&[before]);
                }
                self.write(format_args!("<{:04X}>", glyph.id));
                owed = glyph.width + glyph.right - glyph.advance;
            }
            self.operators.push_str("] TJ\n");
        }
        self.operators.push_str("ET\n");
    }

    /// The operators and the resource dictionary.
    pub(super) fn finish(mut self) -> (Vec<u8>, Dictionary) {
        if self.uses_gray && !self.device_gray {
            let mut spaces = Dictionary::new();
            spaces.set(GRAY, calibrated_gray());
            self.resources.set("ColorSpace", spaces);
        }
        (self.operators.into_bytes(), self.resources)
    }

    /// The name of a resource of this category, entered when it is new.
    fn name(&mut self, category: &str, prefix: &str, id: ObjectId) -> String {
        let name = format!("{prefix}{}", id.0);
        if !self.resources.has(category.as_bytes()) {
            self.resources.set(category, Dictionary::new());
        }
        if let Ok(Object::Dictionary(entries)) = self.resources.get_mut(category.as_bytes()) {
            entries.set(name.as_str(), Object::Reference(id));
        }
        name
    }

    fn numbers(&mut self, numbers: &[f64]) {
        for number in numbers {
            let decimal = decimal(*number);
            self.operators.push_str(&decimal);
            self.operators.push(' ');
        }
    }

    fn write(&mut self, arguments: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _written = self.operators.write_fmt(arguments);
    }
}

/// Resource name of the calibrated grey; not one of those that stand for device colours in inline images.
const GRAY: &str = "Ink";

fn level_prefix(device_gray: bool) -> &'static str {
    if device_gray { "" } else { "/Ink cs " }
}

/// `[/CalGray …]` with the white point of D65 and the gamma of displays (ISO 32000-2, 8.6.5.2).
pub(super) fn calibrated_gray() -> Object {
    calibrated("CalGray", Object::Real(2.2), None)
}

/// `[/CalRGB …]` with the primaries of sRGB (ISO 32000-2, 8.6.5.3).
pub(super) fn calibrated_rgb() -> Object {
    let gamma = Object::Array(vec![Object::Real(2.2); 3]);
    let primaries = [
        0.4124, 0.2126, 0.0193, 0.3576, 0.7152, 0.1192, 0.1805, 0.0722, 0.9505,
    ];
    calibrated(
        "CalRGB",
        gamma,
        Some(Object::Array(primaries.map(Object::Real).to_vec())),
    )
}

fn calibrated(family: &str, gamma: Object, primaries: Option<Object>) -> Object {
    let mut parameters = Dictionary::new();
    parameters.set(
        "WhitePoint",
        Object::Array([0.9505, 1.0, 1.089].map(Object::Real).to_vec()),
    );
    parameters.set("Gamma", gamma);
    if let Some(primaries) = primaries {
        parameters.set("Matrix", primaries);
    }
    Object::Array(vec![
        Object::Name(family.into()),
        Object::Dictionary(parameters),
    ])
}

/// A number as content streams write it: no exponent, five decimals at most, no trailing zeros.
fn decimal(number: f64) -> String {
    let text = format!("{number:.5}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}
