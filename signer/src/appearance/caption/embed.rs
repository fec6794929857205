//! Subset fonts in the file: a composite font with `Identity-H` (ISO 32000-2, 9.7) of the glyphs that are drawn.
//!
//! What ISO 19005-1, 6.3 asks for is always written: the font program, widths that agree with it, `CIDSet`,
//! `CIDToGIDMap` and a `ToUnicode` map of every glyph.

use super::face::{self, Face};
use super::shape::{Glyph, Paragraph, Run};
use crate::appearance::Error;
use crate::appearance::draw::Objects;
use crate::appearance::image::deflate_if_smaller;

use lopdf::{Dictionary, Object, ObjectId, Stream, StringFormat};
use std::collections::BTreeMap;
use std::fmt::Write;
use subsetter::GlyphRemapper;

/// A face reduced to the glyphs of one caption; measures in thousandths of an em.
#[derive(Debug)]
pub(super) struct Subset {
    face: &'static Face,
    program: Vec<u8>,
    compressed: bool,
    length: usize,
    widths: Vec<f64>,
    /// What each glyph stands for.
    characters: BTreeMap<u16, String>,
    pub(super) ascent: f64,
    pub(super) descent: f64,
}

/// Subsets the faces that the text uses, and renumbers its fonts and glyphs accordingly.
pub(super) fn subset(
    mut paragraphs: Vec<Paragraph>,
) -> Result<(Vec<Paragraph>, Vec<Subset>), Error> {
    let mut fonts = Vec::new();
    for (number, face) in face::all().iter().enumerate() {
        let mut runs: Vec<&mut Run> = paragraphs
            .iter_mut()
            .flat_map(|paragraph| &mut paragraph.runs)
            .filter(|run| run.font == number)
            .collect();
        if !runs.is_empty() {
            fonts.push((number, Subset::new(face, &mut runs)?));
        }
    }
    for run in paragraphs
        .iter_mut()
        .flat_map(|paragraph| &mut paragraph.runs)
    {
        run.font = fonts
            .iter()
            .position(|(number, _)| *number == run.font)
            .ok_or(Error::CaptionFont)?;
    }
    Ok((
        paragraphs,
        fonts.into_iter().map(|(_, font)| font).collect(),
    ))
}

impl Subset {
    fn new(face: &'static Face, runs: &mut [&mut Run]) -> Result<Self, Error> {
        let mut remapper = GlyphRemapper::new();
        let mut characters = BTreeMap::new();
        let mut widths = BTreeMap::from([(
            0,
            f64::from(face.font.glyph_metrics().h_advance(0_u32.into())) * face.scale(),
        )]);
        for run in runs.iter_mut() {
            let meanings = meanings(run, face);
            for (glyph, meaning) in run.glyphs.iter_mut().zip(meanings) {
                glyph.id = remapper.remap(glyph.id);
                widths.insert(glyph.id, glyph.width);
                characters.entry(glyph.id).or_insert(meaning);
            }
        }
        let program =
            subsetter::subset(face.data, 0, &remapper).map_err(|_broken| Error::CaptionFont)?;
        let length = program.len();
        let (program, compressed) = deflate_if_smaller(program);
        let line = face.font.metrics().h_line();
        let ascent = line.as_ref().map_or(1000.0, |line| {
            f64::from(line.ascender.to_f32()) * face.scale()
        });
        let descent = line.as_ref().map_or(250.0, |line| {
            -f64::from(line.descender.to_f32()) * face.scale()
        });
        Ok(Self {
            face,
            program,
            compressed,
            length,
            widths: widths.into_values().collect(),
            characters,
            ascent,
            descent,
        })
    }

    /// Writes the font and returns it.
    pub(super) fn write(&self, objects: &mut impl Objects) -> ObjectId {
        let name = format!("{}+{}", self.tag(), self.face.name);
        let mut program = Dictionary::new();
        program.set("Length1", i64::try_from(self.length).unwrap_or(i64::MAX));
        if self.compressed {
            program.set("Filter", "FlateDecode");
        }
        let program = put(
            objects,
            Stream::new(program, self.program.clone()).with_compression(false),
        );
        let to_unicode = put(objects, deflated(self.to_unicode().into_bytes()));
        let glyphs = put(objects, deflated(self.cid_set()));
        let descriptor = put(objects, self.descriptor(&name, program, glyphs));
        let descendant = put(objects, self.descendant(&name, descriptor));
        let mut font = Dictionary::new();
        font.set("Type", "Font");
        font.set("Subtype", "Type0");
        font.set("BaseFont", name.as_str());
        font.set("Encoding", "Identity-H");
        font.set("DescendantFonts", vec![Object::Reference(descendant)]);
        font.set("ToUnicode", Object::Reference(to_unicode));
        put(objects, font)
    }

    fn descriptor(&self, name: &str, program: ObjectId, glyphs: ObjectId) -> Dictionary {
        /// The glyphs are not those of the Latin character set (table 121).
        const SYMBOLIC: i64 = 4;
        /// Noto's regular stems; readers use it only to replace fonts that are missing.
        const STEM: i64 = 84;
        let metrics = self.face.font.metrics();
        let scale = self.face.scale();
        let thousandths = |units: f32| real(f64::from(units) * scale);
        let bounds = &metrics.bounds;
        let corners = [bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max];
        let mut descriptor = Dictionary::new();
        descriptor.set("Type", "FontDescriptor");
        descriptor.set("FontName", name);
        descriptor.set("Flags", SYMBOLIC);
        descriptor.set(
            "FontBBox",
            Object::Array(corners.map(|corner| thousandths(corner.to_f32())).to_vec()),
        );
        descriptor.set("ItalicAngle", 0);
        descriptor.set("Ascent", real(self.ascent));
        descriptor.set("Descent", real(-self.descent));
        descriptor.set(
            "CapHeight",
            metrics
                .cap_height
                .map_or(real(self.ascent), |height| thousandths(height.to_f32())),
        );
        descriptor.set("StemV", STEM);
        descriptor.set("FontFile2", Object::Reference(program));
        descriptor.set("CIDSet", Object::Reference(glyphs));
        descriptor
    }

    fn descendant(&self, name: &str, descriptor: ObjectId) -> Dictionary {
        let mut system = Dictionary::new();
        let text = |text: &str| Object::String(text.as_bytes().to_vec(), StringFormat::Literal);
        system.set("Registry", text("Adobe"));
        system.set("Ordering", text("Identity"));
        system.set("Supplement", 0);
        let widths = self.widths.iter().copied().map(real).collect();
        let mut font = Dictionary::new();
        font.set("Type", "Font");
        font.set("Subtype", "CIDFontType2");
        font.set("BaseFont", name);
        font.set("CIDSystemInfo", system);
        font.set("FontDescriptor", Object::Reference(descriptor));
        font.set("CIDToGIDMap", "Identity");
        font.set("W", vec![Object::Integer(0), Object::Array(widths)]);
        font
    }

    /// Six letters that differ between subsets of one face (9.9.2), made from what is in them.
    fn tag(&self) -> String {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &self.program);
        digest
            .as_ref()
            .iter()
            .take(6)
            .map(|byte| char::from(b'A' + byte % 26))
            .collect()
    }

    /// One bit a glyph, all of them set (table 122).
    fn cid_set(&self) -> Vec<u8> {
        let whole = self.widths.len() / 8;
        let rest = self.widths.len() % 8;
        let mut bits = vec![0xFF; whole];
        if rest > 0 {
            bits.push(!(0xFF >> rest));
        }
        bits
    }

    /// The map from glyphs to characters (9.10.3).
    fn to_unicode(&self) -> String {
        /// The most entries of one block.
        const BLOCK: usize = 100;
        let mut map = String::from(
            "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n\
             /CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n\
             /CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n\
             1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n",
        );
        let entries: Vec<_> = self.characters.iter().collect();
        for block in entries.chunks(BLOCK) {
            // Writing to a string does not fail.
            let _written = writeln!(map, "{} beginbfchar", block.len());
            for (glyph, characters) in block {
                let _written = write!(map, "<{glyph:04X}> <");
                for unit in characters.encode_utf16() {
                    let _written = write!(map, "{unit:04X}");
                }
                map.push_str(">\n");
            }
            map.push_str("endbfchar\n");
        }
        map.push_str("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n");
        map
    }
}

/// What each glyph of the run stands for: its own character where the face has one for it, else its cluster's text on the
/// cluster's first glyph, and the cluster's last character on the others.
fn meanings(run: &Run, face: &Face) -> Vec<String> {
    let charmap = face.font.charmap();
    let own = |glyph: &Glyph, text: &str| {
        text.chars()
            .find(|character| {
                charmap
                    .map_unicode(*character)
                    .is_some_and(|id| id.to_u32() == u32::from(glyph.id))
            })
            .map(String::from)
    };
    let mut starts: Vec<usize> = run.glyphs.iter().map(|glyph| glyph.cluster).collect();
    starts.sort_unstable();
    starts.dedup();
    let mut previous = None;
    run.glyphs
        .iter()
        .map(|glyph| {
            let end = starts
                .iter()
                .find(|start| **start > glyph.cluster)
                .copied()
                .unwrap_or(run.text.len());
            let text = run.text.get(glyph.cluster..end).unwrap_or_default();
            let first = previous.replace(glyph.cluster) != Some(glyph.cluster);
            let last = || {
                text.chars()
                    .next_back()
                    .unwrap_or(char::REPLACEMENT_CHARACTER)
                    .to_string()
            };
            let cluster = || {
                if first && !text.is_empty() {
                    text.to_owned()
                } else {
                    last()
                }
            };
            own(glyph, text).unwrap_or_else(cluster)
        })
        .collect()
}

fn put(objects: &mut impl Objects, object: impl Into<Object>) -> ObjectId {
    let id = objects.allocate();
    objects.put(id, object.into());
    id
}

fn deflated(bytes: Vec<u8>) -> Stream {
    let (bytes, compressed) = deflate_if_smaller(bytes);
    let mut dict = Dictionary::new();
    if compressed {
        dict.set("Filter", "FlateDecode");
    }
    Stream::new(dict, bytes).with_compression(false)
}

fn real(number: f64) -> Object {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "measures of glyphs are small"
    )]
    let single = number as f32;
    Object::Real(single)
}
