//! Pictures: one to sign with, and pages as a reader shows them.

use std::process::Command;

/// A PNG with alpha: a dark frame around nothing.
///
/// # Panics
/// Never: the encoder writes to memory.
#[must_use]
pub fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    let mut pixels = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let frame = x < 8 || y < 8 || x + 8 >= width || y + 8 >= height;
            pixels.extend_from_slice(if frame {
                &[20, 30, 120, 255]
            } else {
                &[255, 255, 255, 0]
            });
        }
    }
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(&pixels).expect("pixels");
    writer.finish().expect("an end");
    bytes
}

/// A page at 72 pixels to the inch in shades of grey: one pixel a point, from the top left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendering {
    width: usize,
    pixels: Vec<u8>,
}

/// A box in points from the top left of the page as displayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Area {
    /// From the left edge.
    pub x: usize,
    /// From the top edge.
    pub y: usize,
    /// To the right.
    pub width: usize,
    /// Downwards.
    pub height: usize,
}

impl Rendering {
    /// Renders a page, counted from 1, by poppler.
    ///
    /// # Errors
    /// What poppler said.
    ///
    /// # Panics
    /// When there is no poppler.
    pub fn of(pdf: &[u8], page: usize, password: Option<&str>) -> Result<Self, String> {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("page.pdf");
        std::fs::write(&path, pdf).expect("a file");
        let mut command = Command::new("pdftoppm");
        command.args([
            "-r",
            "72",
            "-gray",
            "-cropbox",
            "-singlefile",
            "-f",
            &page.to_string(),
            "-l",
            &page.to_string(),
        ]);
        if let Some(password) = password {
            command.args(["-upw", password]);
        }
        let output = command
            .arg(&path)
            .arg(dir.path().join("page"))
            .output()
            .expect("pdftoppm runs");
        let image = std::fs::read(dir.path().join("page.pgm"));
        let image = image.map_err(|_| String::from_utf8_lossy(&output.stderr).into_owned())?;
        Self::parse(&image).ok_or_else(|| "not a PGM".to_owned())
    }

    fn parse(pgm: &[u8]) -> Option<Self> {
        // "P5\nWIDTH HEIGHT\n255\n", then the pixels.
        let mut lines = pgm.splitn(4, |byte| *byte == b'\n');
        let (magic, size, _depth, pixels) =
            (lines.next()?, lines.next()?, lines.next()?, lines.next()?);
        let width = std::str::from_utf8(size)
            .ok()?
            .split(' ')
            .next()?
            .parse()
            .ok()?;
        (magic == b"P5").then(|| Self {
            width,
            pixels: pixels.to_vec(),
        })
    }

    /// The smallest box that holds every pixel that differs; `None` when none does.
    ///
    /// # Errors
    /// When the pages are not of one size.
    pub fn difference(&self, other: &Self) -> Result<Option<Area>, String> {
        if (self.width, self.pixels.len()) != (other.width, other.pixels.len()) {
            return Err("the page has another size".to_owned());
        }
        let mut found: Option<(usize, usize, usize, usize)> = None;
        for (at, (ours, theirs)) in self.pixels.iter().zip(&other.pixels).enumerate() {
            if ours.abs_diff(*theirs) > 8 {
                let (x, y) = (at % self.width, at / self.width);
                let (left, top, right, bottom) = found.unwrap_or((x, y, x, y));
                found = Some((left.min(x), top.min(y), right.max(x), bottom.max(y)));
            }
        }
        Ok(found.map(|(left, top, right, bottom)| Area {
            x: left,
            y: top,
            width: right - left + 1,
            height: bottom - top + 1,
        }))
    }

    /// Width and height in pixels.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        (self.width, self.pixels.len() / self.width.max(1))
    }

    /// Whether the pixel is nearer to black.
    #[must_use]
    pub fn is_dark(&self, x: usize, y: usize) -> bool {
        self.pixels
            .get(y * self.width + x)
            .is_some_and(|pixel| *pixel < 128)
    }
}

impl Area {
    /// Whether both have the same edges, give or take what rounding to pixels does.
    #[must_use]
    pub fn is_near(&self, other: &Self) -> bool {
        let near = |a: usize, b: usize| a.abs_diff(b) <= 2;
        near(self.x, other.x)
            && near(self.y, other.y)
            && near(self.x + self.width, other.x + other.width)
            && near(self.y + self.height, other.y + other.height)
    }

    /// Whether this lies within the other, give or take a pixel.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        self.x + 1 >= other.x
            && self.y + 1 >= other.y
            && self.x + self.width <= other.x + other.width + 1
            && self.y + self.height <= other.y + other.height + 1
    }
}
