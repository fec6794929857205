//! What a reader shows of a drawn mark: pages rendered by pdftoppm, text by pdftotext (both of poppler-utils).

use super::*;
use crate::appearance::layout::{self, Extent, PageGeometry, Position, V1Box};
use crate::appearance::{image, qr};

use lopdf::{Document, dictionary};
use std::path::Path;
use std::process::Command;

impl Objects for Document {
    fn allocate(&mut self) -> ObjectId {
        self.new_object_id()
    }

    fn put(&mut self, id: ObjectId, object: Object) {
        self.objects.insert(id, object);
    }
}

/// A page with the marks as stamp annotations, which have no look of their own.
fn page(geometry: &PageGeometry, marks: &[Mark], constraints: Constraints) -> Document {
    let mut document = Document::with_version("1.4");
    let mut drawing = Drawing::new(constraints);
    let mut annotations = Vec::new();
    for mark in marks {
        let placed = layout::place(geometry, &mark.place.at, mark.natural_size()).unwrap();
        let form = drawing.draw(mark, &placed, &mut document).unwrap();
        let annotation = dictionary! {
            "Type" => "Annot",
            "Subtype" => "Stamp",
            "Rect" => reals(&placed.rect),
            "F" => 4,
            "AP" => dictionary! { "N" => Object::Reference(form) },
        };
        annotations.push(Object::Reference(document.add_object(annotation)));
    }
    let pages = document.new_object_id();
    let mut page = dictionary! {
        "Type" => "Page",
        "Parent" => Object::Reference(pages),
        "MediaBox" => reals(&geometry.media_box),
        "Rotate" => geometry.rotate,
        "UserUnit" => reals(&[geometry.user_unit]).as_array().unwrap()[0].clone(),
        "Annots" => annotations,
    };
    if let Some(crop_box) = geometry.crop_box {
        page.set("CropBox", reals(&crop_box));
    }
    let page = document.add_object(page);
    let tree =
        dictionary! { "Type" => "Pages", "Count" => 1, "Kids" => vec![Object::Reference(page)] };
    document.put(pages, tree.into());
    let catalogue = dictionary! { "Type" => "Catalog", "Pages" => Object::Reference(pages) };
    let catalogue = document.add_object(catalogue);
    document.trailer.set("Root", Object::Reference(catalogue));
    document
}

/// The page as displayed, one pixel a point, grey.
struct Shown {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

fn run(program: &str, arguments: &[&str], folder: &Path) -> Vec<u8> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output();
    let output =
        output.unwrap_or_else(|error| panic!("{program} (Debian: poppler-utils): {error}"));
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{program}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

fn shown(document: &mut Document) -> Shown {
    let folder = tempfile::tempdir().unwrap();
    document.save(folder.path().join("page.pdf")).unwrap();
    let bytes = run(
        "pdftoppm",
        &[
            "-cropbox",
            "-gray",
            "-r",
            "72",
            "-aa",
            "no",
            "-aaVector",
            "no",
            "page.pdf",
        ],
        folder.path(),
    );
    // P5, width and height, 255, pixels.
    let mut lines = bytes.splitn(4, |byte| *byte == b'\n');
    assert_eq!(lines.next(), Some(&b"P5"[..]));
    let size = String::from_utf8(lines.next().unwrap().to_vec()).unwrap();
    let (width, height) = size.split_once(' ').unwrap();
    lines.next();
    Shown {
        width: width.parse().unwrap(),
        height: height.parse().unwrap(),
        pixels: lines.next().unwrap().to_vec(),
    }
}

impl Shown {
    fn at(&self, x: f64, y: f64) -> u8 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "inside the page"
        )]
        let (column, row) = (x as usize, y as usize);
        self.pixels[row * self.width + column]
    }

    /// Left, top, right and bottom of what is not white.
    fn inked(&self) -> [usize; 4] {
        let dark = (0..self.pixels.len()).filter(|at| self.pixels[*at] < 250);
        dark.fold(
            [usize::MAX, usize::MAX, 0, 0],
            |[left, top, right, bottom], at| {
                let (column, row) = (at % self.width, at / self.width);
                [
                    left.min(column),
                    top.min(row),
                    right.max(column + 1),
                    bottom.max(row + 1),
                ]
            },
        )
    }
}

fn mark(content: Content, at: Position) -> Mark {
    Mark {
        content,
        caption: None,
        place: layout::Place {
            page: layout::PageChoice::First,
            at,
        },
    }
}

fn v2(origin_x: f64, origin_y: f64, width: f64, height: f64) -> Position {
    let extent = Extent {
        width: Some(width),
        height: Some(height),
    };
    Position::V2 {
        origin_x,
        origin_y,
        extent,
    }
}

fn a4() -> PageGeometry {
    PageGeometry {
        media_box: [0.0, 0.0, 595.0, 842.0],
        crop_box: None,
        rotate: 0,
        user_unit: 1.0,
    }
}

fn png(colour: png::ColorType, width: u32, height: u32, samples: &[u8]) -> Content {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(colour);
    encoder
        .write_header()
        .unwrap()
        .write_image_data(samples)
        .unwrap();
    Content::Image(Arc::new(
        image::decode(&bytes, &image::Limits::default()).unwrap(),
    ))
}

/// Upper left, upper right, lower left, lower right.
const QUADRANTS: [u8; 4] = [0, 70, 140, 210];

/// Which grey each quadrant of the box shows.
fn quadrants(shown: &Shown, [x, y, width, height]: [f64; 4]) -> [u8; 4] {
    [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)]
        .map(|(right, down)| shown.at(x + width * right, y + height * down))
}

/// Readers paint every pixel that a picture touches.
fn about(got: [usize; 4], expected: [usize; 4]) -> bool {
    got.into_iter()
        .zip(expected)
        .all(|(got, expected)| got.abs_diff(expected) <= 1)
}

#[test]
fn the_mark_is_shown_upright_where_it_was_asked_for_and_nowhere_else() {
    let content = png(png::ColorType::Grayscale, 2, 2, &QUADRANTS);
    let boxes = [
        ([0.0, 0.0, 400.0, 600.0], None),
        ([-100.0, 50.0, 300.0, 650.0], None),
        ([0.0, 0.0, 800.0, 900.0], Some([100.0, 200.0, 500.0, 800.0])),
    ];
    for (media_box, crop_box) in boxes {
        for rotate in [0, 90, 180, 270] {
            for user_unit in [1.0, 2.0] {
                let geometry = PageGeometry {
                    media_box,
                    crop_box,
                    rotate,
                    user_unit,
                };
                let (wide, high) = if rotate % 180 == 0 {
                    (400.0, 600.0)
                } else {
                    (600.0, 400.0)
                };
                let (x, y, side) = (40.0 * user_unit, 250.0 * user_unit, 60.0 * user_unit);
                let extent = Extent {
                    width: Some(side),
                    height: Some(side),
                };
                let from_below = high * user_unit - y - side;
                for at in [
                    v2(x, y, side, side),
                    Position::V1 {
                        x_axis: x,
                        y_axis: from_below,
                        extent,
                        reading: V1Box::Auto,
                    },
                    Position::Centred {
                        x: x + side / 2.0,
                        y: y + side / 2.0,
                        extent,
                    },
                ] {
                    let mut document = page(
                        &geometry,
                        &[mark(content.clone(), at)],
                        Constraints::default(),
                    );
                    let shown = shown(&mut document);
                    // This reader shows a unit of the page as one point.
                    assert_eq!((shown.width as f64, shown.height as f64), (wide, high));
                    let context = format!("{geometry:?} {at:?}");
                    assert!(
                        about(shown.inked(), [40, 250, 100, 310]),
                        "{context}: {:?}",
                        shown.inked()
                    );
                    assert_eq!(
                        quadrants(&shown, [40.0, 250.0, 60.0, 60.0]),
                        QUADRANTS,
                        "{context}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_picture_keeps_its_ratio_and_is_centred() {
    let content = png(png::ColorType::Grayscale, 2, 2, &QUADRANTS);
    for (at, expected) in [
        (v2(100.0, 100.0, 200.0, 50.0), [175, 100, 225, 150]),
        (v2(100.0, 100.0, 50.0, 200.0), [100, 175, 150, 225]),
    ] {
        let mut document = page(&a4(), &[mark(content.clone(), at)], Constraints::default());
        let inked = shown(&mut document).inked();
        assert!(about(inked, expected), "{inked:?}");
    }
}

#[test]
fn the_orientation_of_a_photograph_is_honoured() {
    // Stored so that each orientation displays the quadrants in order.
    let [a, b, c, d] = QUADRANTS;
    let stored = [
        [a, b, c, d],
        [b, a, d, c],
        [d, c, b, a],
        [c, d, a, b],
        [a, c, b, d],
        [b, d, a, c],
        [d, b, c, a],
        [c, a, d, b],
    ];
    for (orientation, quadrants_stored) in (1_u8..).zip(stored) {
        let samples: Vec<u8> = (0..64 * 64)
            .map(|at| quadrants_stored[usize::from(at / 64 >= 32) * 2 + usize::from(at % 64 >= 32)])
            .collect();
        let mut jpeg = Vec::new();
        let encoder = jpeg_encoder::Encoder::new(&mut jpeg, 100);
        encoder
            .encode(&samples, 64, 64, jpeg_encoder::ColorType::Luma)
            .unwrap();
        let exif = [
            &b"\xff\xe1\0\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0"[..],
            &[orientation],
            &[0; 6],
        ]
        .concat();
        let bytes = [&jpeg[..2], &exif, &jpeg[2..]].concat();
        let content = Content::Image(Arc::new(
            image::decode(&bytes, &image::Limits::default()).unwrap(),
        ));
        let mut document = page(
            &a4(),
            &[mark(content, v2(100.0, 100.0, 64.0, 64.0))],
            Constraints::default(),
        );
        let got = quadrants(&shown(&mut document), [100.0, 100.0, 64.0, 64.0]);
        for (got, expected) in got.into_iter().zip(QUADRANTS) {
            assert!(
                got.abs_diff(expected) < 4,
                "orientation {orientation}: {got} for {expected}"
            );
        }
    }
}

#[test]
fn a_qr_code_shows_its_modules_on_white() {
    let text = "https://tte.example.go.id/v/0123456789abcdef";
    let code = qrcode::QrCode::with_error_correction_level(text, qrcode::EcLevel::M).unwrap();
    let modules = code.width() + 8;
    let side = modules as f64 * 4.0;
    let grey = png(png::ColorType::Grayscale, 1, 1, &[128]);
    let at = v2(100.0, 100.0, side, side);
    let marks = [
        mark(grey, at),
        mark(Content::Qr(Arc::new(qr::encode(text).unwrap())), at),
    ];
    let shown = shown(&mut page(&a4(), &marks, Constraints::default()));
    for row in 0..modules {
        for column in 0..modules {
            let inside = |at: usize| at.checked_sub(4).filter(|at| *at < code.width());
            let dark = inside(column)
                .zip(inside(row))
                .is_some_and(|at| code[at] == qrcode::Color::Dark);
            let got = shown.at(102.0 + column as f64 * 4.0, 102.0 + row as f64 * 4.0);
            assert_eq!(
                got,
                if dark { 0 } else { 255 },
                "column {column}, row {row}"
            );
        }
    }
}

fn streams<'d>(
    document: &'d Document,
    key: &'d [u8],
    value: &'d [u8],
) -> impl Iterator<Item = &'d Stream> {
    let streams = document
        .objects
        .values()
        .filter_map(|object| object.as_stream().ok());
    streams.filter(move |stream| {
        stream
            .dict
            .get(key)
            .is_ok_and(|name| name.as_name().is_ok_and(|name| name == value))
    })
}

#[test]
fn what_marks_share_is_written_once() {
    let content = png(png::ColorType::Rgba, 2, 1, &[255, 0, 0, 255, 0, 0, 255, 0]);
    let caption = Some(Arc::new(Caption::new("Kepala Dinas").unwrap()));
    let at = |y| Mark {
        caption: caption.clone(),
        ..mark(content.clone(), v2(10.0, y, 200.0, 100.0))
    };
    let document = page(
        &a4(),
        &[at(10.0), at(200.0), at(400.0)],
        Constraints::default(),
    );
    assert_eq!(streams(&document, b"Subtype", b"Form").count(), 3);
    // The picture and its mask.
    assert_eq!(streams(&document, b"Subtype", b"Image").count(), 2);
    let fonts = document
        .objects
        .values()
        .filter_map(|object| object.as_dict().ok());
    assert_eq!(
        fonts
            .filter(|dict| dict
                .get(b"Subtype")
                .is_ok_and(|name| name.as_name().is_ok_and(|name| name == b"Type0")))
            .count(),
        1
    );
}

#[test]
fn transparent_pixels_show_what_is_below_or_white() {
    let below = png(png::ColorType::Grayscale, 1, 1, &[100]);
    let half = png(png::ColorType::GrayscaleAlpha, 2, 1, &[0, 0, 0, 255]);
    let at = v2(100.0, 100.0, 80.0, 40.0);
    let square = v2(100.0, 80.0, 80.0, 80.0);
    let marks = [mark(below, square), mark(half, at)];
    let show = |constraints| {
        let mut document = page(&a4(), &marks, constraints);
        let masked = document.objects.values().any(|object| {
            object
                .as_stream()
                .is_ok_and(|stream| stream.dict.has(b"SMask"))
        });
        let shown = shown(&mut document);
        (masked, shown.at(110.0, 120.0), shown.at(170.0, 120.0))
    };
    assert_eq!(show(Constraints::default()), (true, 100, 0));
    assert_eq!(
        show(Constraints {
            transparency: false,
            device: DeviceColour::Any
        }),
        (false, 255, 0)
    );
}

/// ISO 19005-1, 6.2.3 and 6.4: no device colour that the output intent does not cover, and no soft mask.
#[test]
fn constraints_hold_in_everything_that_is_written() {
    let mut jpeg = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut jpeg, 90);
    encoder
        .encode(
            &[0, 200, 100, 0].repeat(64),
            8,
            8,
            jpeg_encoder::ColorType::Cmyk,
        )
        .unwrap();
    let cmyk = Content::Image(Arc::new(
        image::decode(&jpeg, &image::Limits::default()).unwrap(),
    ));
    let contents = [
        cmyk,
        png(png::ColorType::Rgba, 1, 1, &[1, 2, 3, 100]),
        png(png::ColorType::Grayscale, 1, 1, &[9]),
        Content::Qr(Arc::new(qr::encode("x").unwrap())),
    ];
    let caption = Some(Arc::new(Caption::new("Wali Kota").unwrap()));
    let marks: Vec<Mark> = contents
        .into_iter()
        .map(|content| Mark {
            caption: caption.clone(),
            ..mark(content, v2(10.0, 10.0, 200.0, 100.0))
        })
        .collect();
    let used = |device| {
        let mut document = page(
            &a4(),
            &marks,
            Constraints {
                transparency: false,
                device,
            },
        );
        document.decompress();
        let mut written = Vec::new();
        document.save_to(&mut written).unwrap();
        let has = |text: &str| memchr::memmem::find(&written, text.as_bytes()).is_some();
        assert!(!has("/SMask"));
        [
            has("DeviceGray") || has(" g\n"),
            has("/DeviceRGB"),
            has("/DeviceCMYK"),
        ]
    };
    assert_eq!(used(DeviceColour::Any), [true, true, true]);
    assert_eq!(used(DeviceColour::Rgb), [true, true, false]);
    assert_eq!(used(DeviceColour::Cmyk), [true, false, true]);
    assert_eq!(used(DeviceColour::Gray), [true, false, false]);
    assert_eq!(used(DeviceColour::None), [false, false, false]);
    // Calibrated colours are shown like the device's.
    for device in [DeviceColour::Any, DeviceColour::None] {
        let shown = shown(&mut page(
            &a4(),
            &marks[3..],
            Constraints {
                transparency: false,
                device,
            },
        ));
        assert_eq!(
            shown
                .pixels
                .iter()
                .filter(|level| (20..250).contains(*level))
                .count(),
            0,
            "{device:?}"
        );
    }
}

const SCRIPTS: [&str; 9] = [
    "Đr. Siti Nurhaliza, S.H.",
    "ꦱꦸꦫꦏꦂꦠ ꦲꦢꦶꦤꦶꦁꦫꦠ꧀",
    "ᬩᬮᬶ",
    "ᮞᮥᮔ᮪ᮓ",
    "ᯅᯖᯂ᯲",
    "ᨅᨔ ᨕᨘᨁᨗ",
    "ꤽꥍꤺ",
    "محمد رضوان",
    "NIP 198001012006041002",
];

#[test]
fn captions_of_every_script_read_as_they_were_written() {
    for text in SCRIPTS {
        let caption = Some(Arc::new(Caption::new(text).unwrap()));
        let mark = Mark {
            caption,
            ..mark(Content::Blank, v2(50.0, 50.0, 300.0, 60.0))
        };
        let mut document = page(&a4(), &[mark], Constraints::default());
        let shown = shown(&mut document);
        let [left, top, right, bottom] = shown.inked();
        assert!(
            left >= 49 && top >= 49 && right <= 351 && bottom <= 111 && right > left,
            "{text}: {:?}",
            shown.inked()
        );
        let folder = tempfile::tempdir().unwrap();
        document.save(folder.path().join("page.pdf")).unwrap();
        let read = String::from_utf8(run("pdftotext", &["page.pdf", "-"], folder.path())).unwrap();
        let read: String = read
            .chars()
            .filter(
                |character| !matches!(character, '\u{200E}'..='\u{200F}' | '\u{202A}'..='\u{202E}'),
            )
            .collect();
        assert_eq!(read.trim(), text);
    }
}

#[test]
fn captions_stay_inside_boxes_of_every_shape() {
    let text = format!(
        "Ditandatangani secara elektronik oleh:\n{}\nꦱꦸꦫꦏꦂꦠꦲꦢꦶꦤꦶꦁꦫꦠ꧀ꦱꦸꦫꦏꦂꦠ",
        SCRIPTS.join(" ")
    );
    let caption = Some(Arc::new(Caption::new(&text).unwrap()));
    let code = Content::Qr(Arc::new(qr::encode("https://example.go.id").unwrap()));
    for content in [Content::Blank, code] {
        for (width, height) in [
            (300.0, 200.0),
            (200.0, 60.0),
            (100.0, 140.0),
            (60.0, 300.0),
            (500.0, 40.0),
        ] {
            let mark = Mark {
                caption: caption.clone(),
                ..mark(content.clone(), v2(50.0, 50.0, width, height))
            };
            let shown = shown(&mut page(&a4(), &[mark], Constraints::default()));
            let [left, top, right, bottom] = shown.inked().map(|edge| edge as f64);
            let inside =
                left >= 48.0 && top >= 48.0 && right <= 52.0 + width && bottom <= 52.0 + height;
            assert!(inside, "{width} x {height}: {:?}", shown.inked());
        }
    }
}
