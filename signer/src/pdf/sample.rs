//! Small files for tests, with every kind of cross-reference.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A file that is being written, revision by revision.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) bytes: Vec<u8>,
    /// What the next section will say.
    pub(crate) entries: BTreeMap<u32, Place>,
    /// Where the last section is.
    pub(crate) previous: Option<usize>,
    pub(crate) size: u32,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    At(usize),
    Free,
    Within(u32, u32),
}

impl Sample {
    pub(crate) fn new() -> Self {
        Self {
            bytes: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec(),
            entries: BTreeMap::new(),
            previous: None,
            size: 1,
        }
    }

    /// A document with `pages` pages: catalog 1, page tree 2, pages from 3 on.
    pub(crate) fn pages(pages: u32) -> Self {
        let mut sample = Self::new();
        sample.object(1, "<</Type/Catalog/Pages 2 0 R>>");
        let kids: Vec<String> = (3..3 + pages).map(|page| format!("{page} 0 R")).collect();
        sample.object(
            2,
            &format!(
                "<</Type/Pages/Count {pages}/Kids[{}]/MediaBox[0 0 595 842]>>",
                kids.join(" ")
            ),
        );
        for page in 3..3 + pages {
            sample.object(
                page,
                &format!("<</Type/Page/Parent 2 0 R/PieceInfo {page}>>"),
            );
        }
        sample
    }

    pub(crate) fn object(&mut self, number: u32, body: &str) {
        self.raw_object(number, body.as_bytes());
    }

    pub(crate) fn raw_object(&mut self, number: u32, body: &[u8]) {
        self.at(number, Place::At(self.bytes.len()));
        self.bytes.extend(format!("{number} 0 obj\n").bytes());
        self.bytes.extend(body);
        self.bytes.extend(b"\nendobj\n");
    }

    pub(crate) fn stream(&mut self, number: u32, keys: &str, data: &[u8]) {
        let mut body = format!("<<{keys}/Length {}>>\nstream\n", data.len()).into_bytes();
        body.extend(data);
        body.extend(b"\nendstream");
        self.raw_object(number, &body);
    }

    pub(crate) fn at(&mut self, number: u32, place: Place) {
        self.size = self.size.max(number + 1);
        self.entries.insert(number, place);
    }

    /// An object stream with these members.
    pub(crate) fn object_stream(&mut self, number: u32, members: &[(u32, &str)]) {
        let (mut head, mut data) = (String::new(), String::new());
        for (index, (member, body)) in members.iter().enumerate() {
            write!(head, "{member} {} ", data.len()).unwrap();
            write!(data, "{body} ").unwrap();
            self.at(
                *member,
                Place::Within(number, u32::try_from(index).unwrap()),
            );
        }
        let keys = format!("/Type/ObjStm/N {}/First {}", members.len(), head.len());
        self.stream(number, &keys, (head + &data).as_bytes());
    }

    fn runs(&self) -> Vec<(u32, Vec<Place>)> {
        let mut runs: Vec<(u32, Vec<Place>)> = Vec::new();
        for (number, place) in &self.entries {
            match runs.last_mut() {
                Some((first, run)) if *first as usize + run.len() == *number as usize => {
                    run.push(*place);
                }
                _ => runs.push((*number, vec![*place])),
            }
        }
        runs
    }

    /// Ends the revision with a table; `keys` go into the trailer.
    pub(crate) fn table(&mut self, keys: &str) {
        self.table_with(keys.as_bytes());
    }

    /// As [`table`](Self::table), with keys that are no text.
    pub(crate) fn table_with(&mut self, keys: &[u8]) {
        if self.previous.is_none() {
            self.entries.insert(0, Place::Free);
        }
        let start = self.bytes.len();
        let mut text = String::from("xref\n");
        if self.entries.is_empty() {
            text.push_str("0 0\n");
        }
        for (first, run) in self.runs() {
            writeln!(text, "{first} {}", run.len()).unwrap();
            for place in run {
                match place {
                    Place::At(offset) => writeln!(text, "{offset:010} 00000 n ").unwrap(),
                    Place::Free | Place::Within(..) => text.push_str("0000000000 65535 f \n"),
                }
            }
        }
        let previous = self
            .previous
            .map(|at| format!("/Prev {at}"))
            .unwrap_or_default();
        write!(text, "trailer\n<</Size {}/Root 1 0 R{previous}", self.size).unwrap();
        self.bytes.extend(text.bytes());
        self.bytes.extend(keys);
        self.bytes.extend(b">>\n");
        self.end(start);
        self.entries.clear();
    }

    /// Writes a cross-reference stream as object `number`, without a `startxref`; says where it is.
    pub(crate) fn cross_reference_stream(&mut self, number: u32, keys: &str) -> usize {
        let start = self.bytes.len();
        self.at(number, Place::At(start));
        let mut data = Vec::new();
        let mut index = String::new();
        for (first, run) in self.runs() {
            write!(index, "{first} {} ", run.len()).unwrap();
            for place in run {
                let (kind, second, third) = match place {
                    Place::At(offset) => (1, u32::try_from(offset).unwrap(), 0),
                    Place::Free => (0, 0, 255),
                    Place::Within(stream, index) => (2, stream, u8::try_from(index).unwrap()),
                };
                data.push(kind);
                data.extend(second.to_be_bytes());
                data.push(third);
            }
        }
        let previous = self
            .previous
            .map(|at| format!("/Prev {at}"))
            .unwrap_or_default();
        let keys = format!(
            "/Type/XRef/W[1 4 1]/Index[{index}]/Size {}/Root 1 0 R{previous}{keys}",
            self.size
        );
        self.stream(number, &keys, &data);
        self.entries.clear();
        start
    }

    /// Ends the revision with a cross-reference stream.
    pub(crate) fn end_with_stream(&mut self, number: u32, keys: &str) {
        let start = self.cross_reference_stream(number, keys);
        self.end(start);
    }

    /// Writes the end of a revision whose section is at `start`.
    pub(crate) fn end(&mut self, start: usize) {
        self.bytes
            .extend(format!("startxref\n{start}\n%%EOF\n").bytes());
        self.previous = Some(start);
    }
}
