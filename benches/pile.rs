//! Documents of many objects, as writers of today lay them out: a page tree in levels, small objects in deflated object
//! streams, a cross-reference stream with a predictor; or all of it the classic way.

use std::io::Write as _;

use flate2::{Compression, write::ZlibEncoder};
use segeld_tests::document::Section;

/// Objects of one object stream.
const PER_STREAM: usize = 100;

/// How pages hang from the catalogue.
#[derive(Clone, Copy, Debug)]
pub enum Tree {
    /// All from the root.
    Flat,
    /// From nodes of so many, which all hang from the root.
    TwoLevels(usize),
    /// From nodes of so many at every level.
    Levels(usize),
}

/// A document to be.
#[derive(Clone, Copy, Debug)]
pub struct Pile {
    /// Objects, about.
    pub objects: usize,
    /// Pages among them; each has a content stream.
    pub pages: usize,
    /// Bytes, about.
    pub size: usize,
    /// The page tree.
    pub tree: Tree,
    /// A table or a stream.
    pub section: Section,
}

impl Pile {
    /// The file.
    ///
    /// # Panics
    /// When the objects do not fit into the size.
    #[must_use]
    pub fn build(&self) -> Vec<u8> {
        let mut writer = Writer::new(self.section);
        writer.plain(1, "<</Type/Catalog/Pages 2 0 R>>".to_owned());
        writer.next = 3;
        // About what an object and its entry take beside the contents.
        let contents = self.size.saturating_sub(self.objects * 60) / self.pages;
        let pages: Vec<usize> = (0..self.pages).collect();
        self.node(&mut writer, 2, None, &pages, contents);
        while writer.next < self.objects {
            let number = writer.take();
            writer.plain(
                number,
                format!("<</Type/StructElem/S/P/P 1 0 R/K {number}>>"),
            );
        }
        writer.finish()
    }

    fn node(
        &self,
        writer: &mut Writer,
        number: usize,
        parent: Option<usize>,
        pages: &[usize],
        contents: usize,
    ) {
        let nodes = match (self.tree, parent) {
            (Tree::Flat, _) | (Tree::TwoLevels(_), Some(_)) => None,
            (Tree::TwoLevels(each), None) => Some(pages.chunks(each)),
            (Tree::Levels(each), _) => {
                (pages.len() > each).then(|| pages.chunks(pages.len().div_ceil(each)))
            }
        };
        let mut kids = String::new();
        let mut add = |kid: usize| kids.push_str(&format!("{kid} 0 R "));
        match nodes {
            Some(nodes) => {
                for pages in nodes {
                    let kid = writer.take();
                    add(kid);
                    self.node(writer, kid, Some(number), pages, contents);
                }
            }
            None => {
                for page in pages {
                    let (kid, content) = (writer.take(), writer.take());
                    add(kid);
                    writer.plain(kid, format!("<</Type/Page/Parent {number} 0 R/MediaBox[0 0 595 842]/Contents {content} 0 R>>"));
                    writer.stream(content, "", &noise(contents, *page));
                }
            }
        }
        let parent = parent.map_or(String::new(), |parent| format!("/Parent {parent} 0 R"));
        writer.plain(
            number,
            format!("<</Type/Pages{parent}/Count {}/Kids[{kids}]>>", pages.len()),
        );
    }
}

/// A comment that compresses badly and that readers of the content pass over, the same each time.
fn noise(len: usize, seed: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64 ^ (seed as u64 + 1);
    let mut bytes = Vec::with_capacity(len + 8);
    bytes.push(b'%');
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes().map(|byte| b' ' + (byte & 0x3f)));
    }
    bytes.truncate(len);
    bytes
}

struct Writer {
    section: Section,
    file: Vec<u8>,
    /// Kind, second and third field of each object's entry.
    entries: Vec<(u8, u32, u16)>,
    /// Small objects that wait for their object stream.
    packed: Vec<(usize, String)>,
    next: usize,
}

impl Writer {
    fn new(section: Section) -> Self {
        Self {
            section,
            file: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec(),
            entries: Vec::new(),
            packed: Vec::new(),
            next: 1,
        }
    }

    fn take(&mut self) -> usize {
        self.next += 1;
        self.next - 1
    }

    fn enter(&mut self, number: usize, entry: (u8, usize, usize)) {
        if self.entries.len() <= number {
            self.entries.resize(number + 1, (0, 0, 0));
        }
        let (kind, second, third) = entry;
        let narrow = "a file below 4 GiB with streams below 65,536 objects";
        self.entries[number] = (
            kind,
            u32::try_from(second).expect(narrow),
            u16::try_from(third).expect(narrow),
        );
    }

    fn object(&mut self, number: usize, body: &[u8]) {
        self.enter(number, (1, self.file.len(), 0));
        self.file
            .extend_from_slice(format!("{number} 0 obj\n").as_bytes());
        self.file.extend_from_slice(body);
        self.file.extend_from_slice(b"\nendobj\n");
    }

    fn stream(&mut self, number: usize, entries: &str, data: &[u8]) {
        let mut body = format!("<<{entries}/Length {}>>\nstream\n", data.len()).into_bytes();
        body.extend_from_slice(data);
        body.extend_from_slice(b"\nendstream");
        self.object(number, &body);
    }

    fn plain(&mut self, number: usize, body: String) {
        if self.section == Section::Classic {
            self.object(number, body.as_bytes());
        } else {
            self.packed.push((number, body));
            if self.packed.len() == PER_STREAM {
                self.pack();
            }
        }
    }

    fn pack(&mut self) {
        let holder = self.take();
        let (mut index, mut data) = (String::new(), String::new());
        for (position, (number, body)) in std::mem::take(&mut self.packed).into_iter().enumerate() {
            self.enter(number, (2, holder, position));
            index.push_str(&format!("{number} {} ", data.len()));
            data.push_str(&body);
            data.push(' ');
        }
        let count = index.split(' ').count() / 2;
        let entries = format!(
            "/Type/ObjStm/N {count}/First {}/Filter/FlateDecode",
            index.len()
        );
        self.stream(holder, &entries, &deflated((index + &data).as_bytes()));
    }

    fn finish(mut self) -> Vec<u8> {
        if !self.packed.is_empty() {
            self.pack();
        }
        let start = self.file.len();
        if self.section == Section::Classic {
            let mut text = format!("xref\n0 {}\n0000000000 65535 f\r\n", self.entries.len());
            for (_, offset, _) in self.entries.iter().skip(1) {
                text.push_str(&format!("{offset:010} 00000 n\r\n"));
            }
            text.push_str(&format!(
                "trailer\n<</Size {}/Root 1 0 R>>\n",
                self.entries.len()
            ));
            self.file.extend_from_slice(text.as_bytes());
        } else {
            let number = self.take();
            self.enter(number, (1, start, 0));
            let mut rows = Vec::new();
            let mut above = [0; 7];
            for (kind, second, third) in &self.entries {
                let mut row = [*kind; 7];
                row[1..5].copy_from_slice(&second.to_be_bytes());
                row[5..].copy_from_slice(&third.to_be_bytes());
                // The PNG filter "up": the difference from the row above.
                rows.push(2);
                rows.extend(
                    row.iter()
                        .zip(above)
                        .map(|(byte, above)| byte.wrapping_sub(above)),
                );
                above = row;
            }
            let entries = format!(
                "/Type/XRef/W[1 4 2]/Size {}/Root 1 0 R/Filter/FlateDecode/DecodeParms<</Columns 7/Predictor 12>>",
                self.entries.len()
            );
            self.stream(number, &entries, &deflated(&rows));
        }
        self.file
            .extend_from_slice(format!("startxref\n{start}\n%%EOF\n").as_bytes());
        self.file
    }
}

fn deflated(data: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

#[cfg(test)]
mod tests {
    use segeld_tests::judge::qpdf;

    use super::*;

    #[test]
    fn every_shape_is_a_sound_file() {
        for section in [Section::Classic, Section::Stream] {
            for tree in [Tree::Flat, Tree::TwoLevels(5), Tree::Levels(3)] {
                let pile = Pile {
                    objects: 400,
                    pages: 40,
                    size: 60_000,
                    tree,
                    section,
                };
                assert_eq!(
                    qpdf::check(&pile.build(), None),
                    qpdf::Check::default(),
                    "{pile:?}"
                );
            }
        }
    }
}
