//! PDFs made in code: small, of every kind of cross-reference section, with pages as a scanner or a phone makes them.

use std::fmt::Write as _;

/// How objects are found (ISO 32000-2, 7.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Section {
    /// A table and a trailer.
    #[default]
    Classic,
    /// A cross-reference stream; all but streams lie in object streams.
    Stream,
    /// A table whose trailer names a cross-reference stream for the objects in object streams.
    Hybrid,
}

/// A document to be.
#[derive(Clone, Debug)]
pub struct Document {
    section: Section,
    pages: usize,
    page_entries: String,
    catalog_entries: String,
    /// Operators after those that each page has.
    content: String,
    /// The font of all text.
    font: String,
    /// Bytes of a picture that fills each page.
    picture: usize,
}

impl Default for Document {
    fn default() -> Self {
        Self::new()
    }
}

impl Document {
    /// One A4 page with a line of text.
    #[must_use]
    pub fn new() -> Self {
        Self {
            section: Section::Classic,
            pages: 1,
            page_entries: "/MediaBox [0 0 595 842]".to_owned(),
            catalog_entries: String::new(),
            content: String::new(),
            font: "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_owned(),
            picture: 0,
        }
    }

    /// With this kind of section.
    #[must_use]
    pub fn section(mut self, section: Section) -> Self {
        self.section = section;
        self
    }

    /// With so many pages.
    #[must_use]
    pub fn pages(mut self, pages: usize) -> Self {
        self.pages = pages;
        self
    }

    /// With these entries in each page's dictionary, /`MediaBox` among them.
    #[must_use]
    pub fn page(mut self, entries: &str) -> Self {
        entries.clone_into(&mut self.page_entries);
        self
    }

    /// With this font dictionary instead of Helvetica's.
    #[must_use]
    pub fn font(mut self, dictionary: &str) -> Self {
        dictionary.clone_into(&mut self.font);
        self
    }

    /// With these operators after those that each page has; /F is the font.
    #[must_use]
    pub fn content(mut self, operators: &str) -> Self {
        operators.clone_into(&mut self.content);
        self
    }

    /// With these entries in the catalogue.
    #[must_use]
    pub fn catalog(mut self, entries: &str) -> Self {
        entries.clone_into(&mut self.catalog_entries);
        self
    }

    /// About so many bytes long, as a scanned document is: one page to each 30 KB.
    #[must_use]
    pub fn about(mut self, bytes: usize) -> Self {
        self.pages = (bytes / 30_000).max(1);
        self.picture = (bytes / self.pages).saturating_sub(900);
        self
    }

    /// The file.
    #[must_use]
    pub fn build(&self) -> Vec<u8> {
        let mut objects = Objects::default();
        let kids = (0..self.pages).fold(String::new(), |mut kids, page| {
            // Writing to a string cannot fail.
            let _ = write!(kids, "{} 0 R ", 4 + 3 * page);
            kids
        });
        objects.plain(
            1,
            format!("<</Type/Catalog/Pages 2 0 R {}>>", self.catalog_entries),
        );
        objects.plain(
            2,
            format!("<</Type/Pages/Count {}/Kids[{kids}]>>", self.pages),
        );
        objects.plain(3, self.font.clone());
        for page in 0..self.pages {
            let (own, content, picture) = (4 + 3 * page, 5 + 3 * page, 6 + 3 * page);
            let resources = format!("<</Font<</F 3 0 R>>/XObject<</P {picture} 0 R>>>>");
            let entries = &self.page_entries;
            objects.plain(own, format!("<</Type/Page/Parent 2 0 R {entries}/Resources {resources}/Contents {content} 0 R>>"));
            let text = format!(
                "q 40 0 0 40 40 40 cm /P Do Q BT /F 12 Tf 60 700 Td (Halaman {}) Tj ET {}",
                page + 1,
                self.content
            );
            objects.stream(content, "", text.as_bytes());
            let side = self.picture.max(64).isqrt();
            let header = format!(
                "/Type/XObject/Subtype/Image/ColorSpace/DeviceGray/BitsPerComponent 8/Width {side}/Height {side}"
            );
            objects.stream(picture, &header, &noise(side * side, page));
        }
        objects.file(self.section)
    }
}

/// Bytes that do not compress, the same each time.
fn noise(len: usize, seed: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64 ^ (seed as u64 + 1);
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

#[derive(Debug, Default)]
struct Objects {
    /// By number from 1, and whether it may lie in an object stream.
    bodies: Vec<(Vec<u8>, bool)>,
}

/// Where an object lies: at an offset, or at an index in an object stream.
#[derive(Clone, Copy, Debug)]
enum Place {
    At(usize),
    In(usize, usize),
}

impl Objects {
    fn put(&mut self, number: usize, body: Vec<u8>, compressible: bool) {
        assert_eq!(number, self.bodies.len() + 1, "numbers rise");
        self.bodies.push((body, compressible));
    }

    fn plain(&mut self, number: usize, body: String) {
        self.put(number, body.into_bytes(), true);
    }

    fn stream(&mut self, number: usize, entries: &str, data: &[u8]) {
        self.put(number, stream(entries, data), false);
    }

    fn file(self, section: Section) -> Vec<u8> {
        let mut file = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
        let mut places = Vec::new();
        let mut packed: Vec<(usize, &[u8])> = Vec::new();
        for (index, (body, compressible)) in self.bodies.iter().enumerate() {
            if section != Section::Classic && *compressible {
                places.push(Place::In(0, packed.len()));
                packed.push((index + 1, body));
            } else {
                places.push(Place::At(file.len()));
                object(&mut file, index + 1, body);
            }
        }
        if section != Section::Classic {
            let number = places.len() + 1;
            for place in &mut places {
                if let Place::In(holder, _) = place {
                    *holder = number;
                }
            }
            places.push(Place::At(file.len()));
            object(&mut file, number, &object_stream(&packed));
        }
        match section {
            Section::Classic => table(&mut file, &places, ""),
            Section::Stream => xref_stream(&mut file, &mut places),
            Section::Hybrid => {
                let start = xref_stream_object(&mut file, &mut places);
                table(&mut file, &places, &format!("/XRefStm {start}"));
            }
        }
        file
    }
}

fn object(file: &mut Vec<u8>, number: usize, body: &[u8]) {
    file.extend_from_slice(format!("{number} 0 obj\n").as_bytes());
    file.extend_from_slice(body);
    file.extend_from_slice(b"\nendobj\n");
}

fn stream(entries: &str, data: &[u8]) -> Vec<u8> {
    let mut body = format!("<<{entries}/Length {}>>\nstream\n", data.len()).into_bytes();
    body.extend_from_slice(data);
    body.extend_from_slice(b"\nendstream");
    body
}

fn object_stream(packed: &[(usize, &[u8])]) -> Vec<u8> {
    let (mut index, mut data) = (String::new(), Vec::new());
    for (number, body) in packed {
        // Writing to a string cannot fail.
        let _ = write!(index, "{number} {} ", data.len());
        data.extend_from_slice(body);
        data.push(b' ');
    }
    let first = index.len();
    let mut all = index.into_bytes();
    all.append(&mut data);
    stream(
        &format!("/Type/ObjStm/N {}/First {first}", packed.len()),
        &all,
    )
}

/// A table; what lies in object streams is free here, as hybrid files have it.
fn table(file: &mut Vec<u8>, places: &[Place], more: &str) {
    let start = file.len();
    let mut text = format!("xref\n0 {}\n0000000000 65535 f\r\n", places.len() + 1);
    for place in places {
        // Writing to a string cannot fail.
        let _ = match place {
            Place::At(offset) => write!(text, "{offset:010} 00000 n\r\n"),
            Place::In(..) => write!(text, "0000000000 00000 f\r\n"),
        };
    }
    let _ = write!(
        text,
        "trailer\n<</Size {}/Root 1 0 R {more}>>\nstartxref\n{start}\n%%EOF\n",
        places.len() + 1
    );
    file.extend_from_slice(text.as_bytes());
}

fn xref_stream(file: &mut Vec<u8>, places: &mut Vec<Place>) {
    let start = xref_stream_object(file, places);
    file.extend_from_slice(format!("startxref\n{start}\n%%EOF\n").as_bytes());
}

fn xref_stream_object(file: &mut Vec<u8>, places: &mut Vec<Place>) -> usize {
    let start = file.len();
    places.push(Place::At(start));
    let mut rows = vec![0, 0, 0, 0, 0, 0xff, 0xff];
    for place in places.iter() {
        let (kind, second, third) = match *place {
            Place::At(offset) => (1, offset, 0),
            Place::In(holder, index) => (2, holder, index),
        };
        rows.push(kind);
        rows.extend_from_slice(&u32::try_from(second).expect("below 4 GiB").to_be_bytes());
        rows.extend_from_slice(
            &u16::try_from(third)
                .expect("below 65,536 objects")
                .to_be_bytes(),
        );
    }
    let entries = format!("/Type/XRef/W[1 4 2]/Size {}/Root 1 0 R", places.len() + 1);
    object(file, places.len(), &stream(&entries, &rows));
    start
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::qpdf;

    #[test]
    fn every_kind_is_a_sound_file() {
        for section in [Section::Classic, Section::Stream, Section::Hybrid] {
            let file = Document::new().section(section).pages(3).build();
            assert_eq!(
                qpdf::check(&file, None),
                qpdf::Check::default(),
                "{section:?}"
            );
        }
        let file = Document::new()
            .section(Section::Stream)
            .about(110_000)
            .build();
        assert!((100_000..120_000).contains(&file.len()), "{}", file.len());
        assert_eq!(qpdf::check(&file, None), qpdf::Check::default());
    }
}
