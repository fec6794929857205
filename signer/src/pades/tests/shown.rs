//! The mark on the signed page as a reader shows it, judged by pdftoppm (poppler-utils): what counts is the widget that
//! leaves [`prepare`], its rectangle and its appearance's matrix together.

use std::path::Path;
use std::process::Command;

use super::*;
use crate::appearance::marker::{self, Marker};
use crate::appearance::{V1Box, image};

/// Upper left, upper right, lower left, lower right.
const QUADRANTS: [u8; 4] = [0, 70, 140, 210];

/// From the left, from the top, width and height, in units of the page as displayed.
const BOX: [usize; 4] = [40, 250, 80, 40];

/// The middle of the marker, likewise; its text runs upwards, so that a mark is upright by its own.
const MARKER: (f64, f64) = (200.0, 120.0);

#[derive(Clone, Copy, Debug)]
struct Geometry {
    media_box: [f64; 4],
    crop_box: Option<[f64; 4]>,
    rotate: u16,
    user_unit: f64,
}

/// Four by six hundred points that are visible, wherever they lie.
fn geometries() -> impl Iterator<Item = Geometry> {
    let boxes = [
        ([0.0, 0.0, 400.0, 600.0], None),
        ([-100.0, 50.0, 300.0, 650.0], None),
        ([0.0, 0.0, 800.0, 900.0], Some([100.0, 200.0, 500.0, 800.0])),
    ];
    boxes.into_iter().flat_map(|(media_box, crop_box)| {
        [0, 90, 180, 270].into_iter().flat_map(move |rotate| {
            [1.0, 2.0].map(|user_unit| Geometry {
                media_box,
                crop_box,
                rotate,
                user_unit,
            })
        })
    })
}

impl Geometry {
    fn size(&self) -> (usize, usize) {
        if self.rotate.is_multiple_of(180) {
            (400, 600)
        } else {
            (600, 400)
        }
    }

    /// Where something is in user space that is shown at `x` from the left and `y` from the top.
    fn in_user_space(&self, x: f64, y: f64) -> (f64, f64) {
        let [left, bottom, right, top] = self.crop_box.unwrap_or(self.media_box);
        match self.rotate {
            0 => (left + x, top - y),
            90 => (left + y, bottom + x),
            180 => (right - x, bottom + y),
            _ => (right - y, top - x),
        }
    }

    /// Two such pages, a marker on the second.
    fn document(&self) -> Vec<u8> {
        let (x, y) = self.in_user_space(MARKER.0, MARKER.1);
        // The middle of a number sign in Helvetica is 0.28 to the right of its origin and about 0.35 above.
        let content = format!("BT /F 10 Tf {} {} Td (#) Tj ET", x - 2.8, y - 3.5);
        let numbers = |corners: [f64; 4]| corners.map(|corner| corner.to_string()).join(" ");
        let mut keys = format!(
            "/MediaBox[{}]/Rotate {}/UserUnit {}",
            numbers(self.media_box),
            self.rotate,
            self.user_unit
        );
        if let Some(crop_box) = self.crop_box {
            keys += &format!("/CropBox[{}]", numbers(crop_box));
        }
        let mut sample = Sample::new();
        sample.object(1, "<</Type/Catalog/Pages 2 0 R>>");
        sample.object(2, "<</Type/Pages/Count 2/Kids[3 0 R 4 0 R]>>");
        sample.object(3, &format!("<</Type/Page/Parent 2 0 R{keys}>>"));
        sample.object(
            4,
            &format!(
                "<</Type/Page/Parent 2 0 R{keys}/Contents 5 0 R/Resources<</Font<</F 6 0 R>>>>>>"
            ),
        );
        sample.stream(5, "", content.as_bytes());
        sample.object(6, "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>");
        sample.table("");
        sample.bytes
    }

    /// The ways to ask for a box, each with where its upper left corner is due.
    fn places(&self, document: &[u8]) -> Vec<(Place, [usize; 4])> {
        let [x, y, width, height] = BOX;
        let unit = |length: usize| f64::from(u32::try_from(length).unwrap()) * self.user_unit;
        let extent = Extent {
            width: Some(unit(width)),
            height: Some(unit(height)),
        };
        let on_second = |at| Place {
            page: PageChoice::Last,
            at,
        };
        let found = marker::locate(
            document,
            None,
            &[Marker {
                text: "#".to_owned(),
                page: None,
                extent,
            }],
            deadline(),
            None,
        );
        let (_, high) = self.size();
        vec![
            (
                on_second(Position::V2 {
                    origin_x: unit(x),
                    origin_y: unit(y),
                    extent,
                }),
                BOX,
            ),
            (
                on_second(Position::V1 {
                    x_axis: unit(x),
                    y_axis: unit(high - y - height),
                    extent,
                    reading: V1Box::Auto,
                }),
                BOX,
            ),
            (found.unwrap().remove(0), [160, 100, width, height]),
        ]
    }
}

/// A page at one pixel a unit, grey.
#[derive(PartialEq)]
struct Page {
    width: usize,
    pixels: Vec<u8>,
}

fn pages(document: &[u8]) -> Vec<Page> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("document.pdf"), document).unwrap();
    let output = Command::new("pdftoppm")
        .args("-cropbox -gray -r 72 -aa no -aaVector no document.pdf page".split(' '))
        .current_dir(folder.path())
        .output()
        .unwrap_or_else(|error| panic!("pdftoppm (Debian: poppler-utils): {error}"));
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    ["page-1.pgm", "page-2.pgm"]
        .map(|name| page(&folder.path().join(name)))
        .into()
}

/// P5, width and height, 255, pixels.
fn page(file: &Path) -> Page {
    let bytes = std::fs::read(file).unwrap();
    let mut lines = bytes.splitn(4, |byte| *byte == b'\n').skip(1);
    let size = String::from_utf8(lines.next().unwrap().to_vec()).unwrap();
    Page {
        width: size.split_once(' ').unwrap().0.parse().unwrap(),
        pixels: lines.nth(1).unwrap().to_vec(),
    }
}

impl Page {
    /// Left, top, right and bottom of what differs.
    fn changed(&self, before: &Self) -> [usize; 4] {
        let mut edges = [usize::MAX, usize::MAX, 0, 0];
        for at in 0..self.pixels.len() {
            if self.pixels[at] != before.pixels[at] {
                let (column, row) = (at % self.width, at / self.width);
                let [left, top, right, bottom] = edges;
                edges = [
                    left.min(column),
                    top.min(row),
                    right.max(column + 1),
                    bottom.max(row + 1),
                ];
            }
        }
        edges
    }

    fn quadrants(&self, [x, y, width, height]: [usize; 4]) -> [u8; 4] {
        [(1, 1), (3, 1), (1, 3), (3, 3)].map(|(right, down)| {
            self.pixels[(y + height * down / 4) * self.width + x + width * right / 4]
        })
    }
}

/// A picture of four grey quadrants, twice as wide as high.
fn picture() -> Content {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 4, 2);
    encoder.set_color(png::ColorType::Grayscale);
    let [a, b, c, d] = QUADRANTS;
    encoder
        .write_header()
        .unwrap()
        .write_image_data(&[a, a, b, b, c, c, d, d])
        .unwrap();
    Content::Image(Arc::new(
        image::decode(&bytes, &image::Limits::default()).unwrap(),
    ))
}

#[test]
fn the_signed_page_shows_the_mark_upright_where_it_was_asked_for_and_nowhere_else() {
    let content = picture();
    for geometry in geometries() {
        let document = geometry.document();
        let before = pages(&document);
        for (place, due) in geometry.places(&document) {
            let mut request = request();
            request.marks = vec![Mark {
                content: content.clone(),
                caption: None,
                place,
            }];
            let after = pages(&sign(&document, &request).unwrap());
            let context = format!("{geometry:?} {place:?}");
            assert!(before[0] == after[0], "{context}: the other page");
            let [_, shown] = &after[..] else {
                panic!("{context}")
            };
            // This reader shows a unit of the page as one point.
            assert_eq!(
                (shown.width, shown.pixels.len() / shown.width),
                geometry.size()
            );
            let [x, y, width, height] = due;
            let edges = shown.changed(&before[1]);
            let near = edges
                .into_iter()
                .zip([x, y, x + width, y + height])
                .all(|(edge, due)| edge.abs_diff(due) <= 1);
            assert!(near, "{context}: {edges:?}");
            assert_eq!(shown.quadrants(due), QUADRANTS, "{context}");
        }
    }
}
