use super::*;

use flate2::read::ZlibDecoder;
use jpeg_encoder::{ColorType, Encoder};
use std::io::Read;

/// Writes PNG files of every kind, the strange ones too.
struct Png {
    colour_type: u8,
    depth: u8,
    interlaced: bool,
    width: u32,
    height: u32,
    /// PLTE and tRNS.
    chunks: Vec<(&'static [u8; 4], Vec<u8>)>,
}

impl Png {
    fn new(colour_type: u8, depth: u8) -> Self {
        Self {
            colour_type,
            depth,
            interlaced: false,
            width: 9,
            height: 11,
            chunks: Vec::new(),
        }
    }

    fn channels(&self) -> usize {
        match self.colour_type {
            0 | 3 => 1,
            4 => 2,
            2 => 3,
            _ => 4,
        }
    }

    fn chunk(out: &mut Vec<u8>, kind: &[u8; 4], payload: &[u8]) {
        out.extend(u32::try_from(payload.len()).unwrap().to_be_bytes());
        let mut crc = flate2::Crc::new();
        crc.update(kind);
        crc.update(payload);
        out.extend(kind);
        out.extend(payload);
        out.extend(crc.sum().to_be_bytes());
    }

    /// The rows of one pass, unfiltered.
    fn pass(
        &self,
        out: &mut Vec<u8>,
        pixel: &impl Fn(u32, u32, usize) -> u16,
        [x0, y0, dx, dy]: [u32; 4],
    ) {
        if x0 >= self.width {
            return;
        }
        for y in (y0..self.height).step_by(dy as usize) {
            out.push(0);
            let (mut bits, mut held) = (0_u32, 0);
            for x in (x0..self.width).step_by(dx as usize) {
                for channel in 0..self.channels() {
                    let sample = pixel(x, y, channel);
                    if self.depth == 16 {
                        out.extend(sample.to_be_bytes());
                        continue;
                    }
                    bits = bits << self.depth | u32::from(sample);
                    held += self.depth;
                    if held == 8 {
                        out.push(u8::try_from(bits & 0xFF).unwrap());
                        held = 0;
                    }
                }
            }
            if held > 0 {
                out.push(u8::try_from((bits << (8 - held)) & 0xFF).unwrap());
            }
        }
    }

    fn write(&self, pixel: impl Fn(u32, u32, usize) -> u16) -> Vec<u8> {
        let mut raw = Vec::new();
        if self.interlaced {
            let adam7 = [
                [0, 0, 8, 8],
                [4, 0, 8, 8],
                [0, 4, 4, 8],
                [2, 0, 4, 4],
                [0, 2, 2, 4],
                [1, 0, 2, 2],
                [0, 1, 1, 2],
            ];
            for pass in adam7 {
                self.pass(&mut raw, &pixel, pass);
            }
        } else {
            self.pass(&mut raw, &pixel, [0, 0, 1, 1]);
        }
        self.around(&raw)
    }

    fn around(&self, raw: &[u8]) -> Vec<u8> {
        let mut out = png::SIGNATURE.to_vec();
        let mut header = self.width.to_be_bytes().to_vec();
        header.extend(self.height.to_be_bytes());
        header.extend([
            self.depth,
            self.colour_type,
            0,
            0,
            u8::from(self.interlaced),
        ]);
        Self::chunk(&mut out, b"IHDR", &header);
        for (kind, payload) in &self.chunks {
            Self::chunk(&mut out, kind, payload);
        }
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(raw).unwrap();
        Self::chunk(&mut out, b"IDAT", &encoder.finish().unwrap());
        Self::chunk(&mut out, b"IEND", &[]);
        out
    }
}

/// The samples of an encoded picture, its predictors undone.
fn samples(encoded: &Encoded) -> Vec<u8> {
    let mut raw = Vec::new();
    ZlibDecoder::new(&*encoded.data)
        .read_to_end(&mut raw)
        .unwrap();
    let channels = usize::from(encoded.colour.channels());
    let length = encoded.width as usize * channels;
    let mut out: Vec<u8> = Vec::new();
    for line in raw.chunks(length + 1) {
        assert_eq!(line.len(), length + 1);
        for (at, byte) in line[1..].iter().enumerate() {
            let left = if at < channels {
                0
            } else {
                out[out.len() - channels]
            };
            let above = if out.len() < length {
                0
            } else {
                out[out.len() - length]
            };
            out.push(byte.wrapping_add([0, left, above][usize::from(line[0])]));
        }
    }
    assert_eq!(out.len(), length * encoded.height as usize);
    out
}

fn decoded(bytes: &[u8]) -> Image {
    decode(bytes, &Limits::default()).unwrap()
}

/// A pattern with flat parts and slopes, within the depth.
fn pattern(depth: u8) -> impl Fn(u32, u32, usize) -> u16 {
    let most = u32::MAX >> (32 - u32::from(depth));
    move |x, y, channel| {
        let level = (x * 31 + y * 17 * (u32::try_from(channel).unwrap() + 1)) % 256;
        u16::try_from(level * most / 255).unwrap()
    }
}

#[test]
fn grey_and_colour_of_every_depth() {
    for interlaced in [false, true] {
        for (colour_type, depths) in [(0, &[1, 2, 4, 8, 16][..]), (2, &[8, 16])] {
            for &depth in depths {
                let png = Png {
                    interlaced,
                    ..Png::new(colour_type, depth)
                };
                let pixel = pattern(depth);
                let image = decoded(&png.write(&pixel));
                assert!(image.mask.is_none());
                assert_eq!(
                    image.full.colour,
                    if colour_type == 0 {
                        Colour::Gray
                    } else {
                        Colour::Rgb
                    }
                );
                let most = u32::MAX >> (32 - u32::from(depth));
                let mut expected = Vec::new();
                for y in 0..png.height {
                    for x in 0..png.width {
                        for channel in 0..png.channels() {
                            let sample = u32::from(pixel(x, y, channel));
                            expected.push(if depth == 16 {
                                sample >> 8
                            } else {
                                sample * 255 / most
                            });
                        }
                    }
                }
                let got: Vec<u32> = samples(&image.full).into_iter().map(u32::from).collect();
                assert_eq!(
                    got, expected,
                    "type {colour_type}, depth {depth}, interlaced {interlaced}"
                );
            }
        }
    }
}

#[test]
fn palettes_and_their_transparency() {
    let palette = vec![255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9];
    for interlaced in [false, true] {
        for depth in [2, 4, 8] {
            let mut png = Png {
                interlaced,
                ..Png::new(3, depth)
            };
            png.chunks.push((b"PLTE", palette.clone()));
            let index = |x: u32, y: u32, _| u16::try_from((x + y) % 4).unwrap();
            let image = decoded(&png.write(index));
            assert!(image.mask.is_none());
            assert_eq!(samples(&image.full)[..6], [255, 0, 0, 0, 255, 0]);
            png.chunks.push((b"tRNS", vec![0, 128]));
            let image = decoded(&png.write(index));
            assert_eq!(
                samples(image.mask.as_ref().unwrap())[..4],
                [0, 128, 255, 255]
            );
            assert_eq!(
                samples(image.plain().unwrap())[..9],
                [255, 255, 255, 127, 255, 127, 0, 0, 255]
            );
        }
    }
}

#[test]
fn alpha_becomes_a_mask_or_white() {
    for (colour_type, depth) in [(4, 8), (4, 16), (6, 8), (6, 16)] {
        let png = Png::new(colour_type, depth);
        let last = png.channels() - 1;
        let high = |byte: u32| u16::try_from(if depth == 16 { byte << 8 } else { byte }).unwrap();
        let image =
            decoded(&png.write(|x, _, channel| high(if channel == last { x * 28 } else { 0 })));
        let mask = samples(image.mask.as_ref().unwrap());
        assert_eq!(mask[..9], [0, 28, 56, 84, 112, 140, 168, 196, 224]);
        let plain = samples(image.plain().unwrap());
        let white: Vec<u8> = mask
            .iter()
            .flat_map(|alpha| vec![255 - alpha; last])
            .collect();
        assert_eq!(plain, white);
    }
    let opaque = Png::new(6, 8).write(|_, _, channel| if channel == 3 { 255 } else { 7 });
    assert!(decoded(&opaque).mask.is_none());
}

#[test]
fn png_bombs_and_breakage_are_refused() {
    let claim = |width, height, raw: &[u8]| {
        Png {
            width,
            height,
            ..Png::new(6, 8)
        }
        .around(raw)
    };
    let refused = |bytes: &[u8]| decode(bytes, &Limits::default()).unwrap_err();
    let limit = |error| matches!(error, Error::ImageLimit { .. });
    assert!(limit(refused(&claim(u32::MAX >> 1, u32::MAX >> 1, &[]))));
    assert!(limit(refused(&claim(16_000, 16_000, &[]))));
    assert!(limit(refused(&claim(1, 25_000_001, &[]))));
    assert!(matches!(refused(&claim(0, 5, &[])), Error::Image(_)));
    // More rows than were promised, and fewer.
    assert!(matches!(refused(&claim(4, 4, &[0; 60])), Error::Image(_)));
    let whole = Png::new(2, 8).write(pattern(8));
    for cut in 0..whole.len() - 12 {
        assert!(
            decode(&whole[..cut], &Limits::default()).is_err(),
            "cut at {cut}"
        );
    }
    let mut damaged = whole.clone();
    damaged[60] ^= 0x55;
    assert!(matches!(refused(&damaged), Error::Image(_)));
    let mut palette = Png::new(3, 8);
    palette.chunks.push((b"tRNS", vec![0]));
    assert!(matches!(
        refused(&palette.write(|_, _, _| 0)),
        Error::Image(_)
    ));
    let small = Limits {
        bytes: 20,
        ..Limits::default()
    };
    assert!(limit(decode(&whole, &small).unwrap_err()));
    for junk in [
        &b""[..],
        b"GIF89a",
        b"%PDF-1.7",
        b"\x89PNG\r\n\x1a\n",
        b"<svg/>",
    ] {
        assert!(matches!(refused(junk), Error::Image(_)));
    }
}

/// A JPEG of one colour.
fn jpeg(colour: ColorType, pixel: &[u8], width: u16, height: u16, progressive: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, 95);
    encoder.set_progressive(progressive);
    let pixels = pixel.repeat(usize::from(width) * usize::from(height));
    encoder.encode(&pixels, width, height, colour).unwrap();
    out
}

/// The same file with a segment after the first marker.
fn with_segment(jpeg: &[u8], marker: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xFF, marker], &length, payload, &jpeg[2..]].concat()
}

fn exif(orientation: u8, little: bool) -> Vec<u8> {
    let mut block = b"Exif\0\0".to_vec();
    if little {
        block.extend(b"II\x2a\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0");
        block.extend([orientation, 0, 0, 0]);
    } else {
        block.extend(b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01");
        block.extend([0, orientation, 0, 0]);
    }
    block
}

#[test]
fn jpeg_of_every_shown_kind_passes_through() {
    for progressive in [false, true] {
        for (kind, pixel, colour) in [
            (ColorType::Luma, &[200_u8][..], Colour::Gray),
            (ColorType::Rgb, &[200, 10, 10], Colour::Rgb),
            (ColorType::Cmyk, &[0, 255, 255, 0], Colour::Cmyk),
            (ColorType::CmykAsYcck, &[0, 255, 255, 0], Colour::Cmyk),
        ] {
            for (width, height) in [(40, 20), (1, 1), (7, 33)] {
                let image = decoded(&jpeg(kind, pixel, width, height, progressive));
                assert_eq!(image.full.colour, colour);
                assert_eq!(image.displayed_size(), (width.into(), height.into()));
                let stream = image.full.stream(DeviceColour::Any);
                assert_eq!(
                    stream.dict.get(b"Filter").unwrap().as_name().unwrap(),
                    b"DCTDecode"
                );
                assert_eq!(stream.dict.has(b"Decode"), colour == Colour::Cmyk);
            }
        }
    }
}

#[test]
fn cmyk_becomes_rgb_where_it_must() {
    for kind in [ColorType::Cmyk, ColorType::CmykAsYcck] {
        for (width, height) in [(40, 20), (9, 9)] {
            let image = decoded(&jpeg(kind, &[0, 255, 255, 0], width, height, false));
            let plain = image.plain().unwrap();
            assert_eq!(plain.colour, Colour::Rgb);
            for pixel in samples(plain).chunks_exact(3) {
                assert!(
                    pixel[0] > 245 && pixel[1] < 10 && pixel[2] < 10,
                    "{kind:?}: {pixel:?}"
                );
            }
        }
    }
    // Without Adobe's segment 255 is full ink.
    let adobe = jpeg(ColorType::Cmyk, &[0, 255, 255, 0], 16, 16, false);
    let at = adobe
        .windows(2)
        .position(|pair| pair == [0xFF, 0xEE])
        .unwrap();
    let plain = [&adobe[..at], &adobe[at + 16..]].concat();
    let image = decoded(&plain);
    assert!(!image.full.stream(DeviceColour::Any).dict.has(b"Decode"));
    for pixel in samples(image.plain().unwrap()).chunks_exact(3) {
        assert!(pixel[0] < 10 && pixel[1] < 10 && pixel[2] < 10, "{pixel:?}");
    }
}

#[test]
fn metadata_stays_behind_and_orientation_is_honoured() {
    let plain = jpeg(ColorType::Rgb, &[1, 2, 3], 30, 10, false);
    for orientation in 1..=8 {
        for little in [true, false] {
            let tagged = with_segment(&plain, 0xE1, &exif(orientation, little));
            let image = decoded(&with_segment(&tagged, 0xFE, b"taken at 6.2 S 106.8 E"));
            assert_eq!(image.orientation, Orientation(orientation));
            assert_eq!(
                image.displayed_size(),
                if orientation < 5 { (30, 10) } else { (10, 30) }
            );
            assert_eq!(image.full.data, decoded(&plain).full.data);
        }
    }
    for strange in [
        &b"Exif\0\0"[..],
        b"Exif\0\0II\x2a\0\xff\xff\xff\xff",
        b"Exif\0\0XX",
        &exif(0, true),
        &exif(9, true),
    ] {
        assert_eq!(
            decoded(&with_segment(&plain, 0xE1, strange)).orientation,
            Orientation(1)
        );
    }
    let trailing = [&plain[..], b"%PDF-1.7 something else"].concat();
    assert_eq!(decoded(&trailing).full.data, decoded(&plain).full.data);
}

/// Each orientation carries the stored corners to where Exif's table says row 0 and column 0 are displayed.
#[test]
fn orientation_matrices_follow_exif() {
    // Displayed place of the stored upper left corner and of the stored upper right one, y upwards.
    let expected = [
        ((0, 1), (1, 1)),
        ((1, 1), (0, 1)),
        ((1, 0), (0, 0)),
        ((0, 0), (1, 0)),
        ((0, 1), (0, 0)),
        ((1, 1), (1, 0)),
        ((1, 0), (1, 1)),
        ((0, 0), (0, 1)),
    ];
    for (orientation, (left, right)) in (1_u8..).zip(expected) {
        let [a, b, c, d, e, f] = Orientation(orientation)
            .matrix()
            .unwrap_or([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
        let apply = |u: f64, v: f64| (a * u + c * v + e, b * u + d * v + f);
        let exact = |(x, y): (i32, i32)| (f64::from(x), f64::from(y));
        assert_eq!(
            (apply(0.0, 1.0), apply(1.0, 1.0)),
            (exact(left), exact(right)),
            "orientation {orientation}"
        );
    }
}

#[test]
fn jpeg_bombs_and_breakage_are_refused() {
    let whole = jpeg(ColorType::Rgb, &[90, 80, 70], 40, 40, false);
    let refused = |bytes: &[u8]| decode(bytes, &Limits::default()).unwrap_err();
    for cut in 3..whole.len() {
        assert!(
            decode(&whole[..cut], &Limits::default()).is_err(),
            "cut at {cut}"
        );
    }
    let frame = whole
        .windows(2)
        .position(|pair| pair == [0xFF, 0xC0])
        .unwrap();
    let patched = |at: usize, bytes: &[u8]| {
        let mut copy = whole.clone();
        copy[frame + at..frame + at + bytes.len()].copy_from_slice(bytes);
        copy
    };
    for marker in [0xC3, 0xC5, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD] {
        assert_eq!(
            refused(&patched(1, &[marker])),
            Error::Image("readers of PDF do not show this kind of JPEG")
        );
    }
    assert!(matches!(refused(&patched(4, &[12])), Error::Image(_)));
    assert!(matches!(
        refused(&patched(5, &[0xFF, 0xFF, 0xFF, 0xFF])),
        Error::ImageLimit { .. }
    ));
    assert!(matches!(refused(&patched(5, &[0, 0])), Error::Image(_)));
    // Scans that cost a pass over all pixels each.
    let big = jpeg(ColorType::Luma, &[0], 4000, 2000, true);
    let scan = big
        .windows(2)
        .rposition(|pair| pair == [0xFF, 0xDA])
        .unwrap();
    let bomb = [
        &big[..scan],
        &big[scan..big.len() - 2].repeat(200),
        &[0xFF, 0xD9],
    ]
    .concat();
    assert_eq!(refused(&bomb), Error::ImageLimit { what: "scans" });
}

/// Numbers without order, the same in every run.
struct Noise(u64);

impl Noise {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

#[test]
fn damage_ends_in_a_picture_or_a_refusal() {
    let mut palette = Png {
        interlaced: true,
        ..Png::new(3, 4)
    };
    palette.chunks.push((b"PLTE", vec![7; 48]));
    palette.chunks.push((b"tRNS", vec![9; 16]));
    let files = [
        Png::new(6, 16).write(pattern(16)),
        palette.write(|x, y, _| u16::try_from((x + y) % 16).unwrap()),
        jpeg(ColorType::Rgb, &[90, 80, 70], 40, 40, false),
        jpeg(ColorType::CmykAsYcck, &[90, 80, 70, 60], 33, 17, true),
        with_segment(
            &jpeg(ColorType::Luma, &[90], 20, 20, true),
            0xE1,
            &exif(6, true),
        ),
    ];
    let rounds = std::env::var("SEGELD_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(300);
    let mut noise = Noise(1);
    for file in files {
        for _ in 0..rounds {
            let mut damaged = file.clone();
            for _ in 0..=noise.below(6) {
                let at = noise.below(damaged.len());
                match noise.below(4) {
                    0 => damaged.truncate(at.max(1)),
                    1 => damaged.insert(at, u8::try_from(noise.below(256)).unwrap()),
                    _ => damaged[at] = u8::try_from(noise.below(256)).unwrap(),
                }
            }
            if let Ok(image) = decode(
                &damaged,
                &Limits {
                    pixels: 100_000,
                    ..Limits::default()
                },
            ) {
                let _plain_or_refusal = image.plain();
            }
        }
    }
}
