//! Cross-reference sections (ISO 32000-2, 7.5.4 and 7.5.8): where the objects of a revision are.
//!
//! Entries stay as the file has them and are read when looked up: a table of 200,000 entries costs no more to
//! open than one of ten.

mod chain;
mod index;
mod stream;
mod table;

pub(crate) use chain::{Chain, read as read_chain};

use std::collections::BTreeMap;

use lopdf::Dictionary;

use index::Index;

/// Where an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// In the object stream `stream`, at `index` in it; its generation is 0.
    Compressed {
        /// Object number of the object stream.
        stream: u32,
        /// Index of the object in it.
        index: u32,
    },
    /// Nowhere: the number is free.
    Free {
        /// The generation the number's next object would have.
        generation: u16,
    },
    /// At an offset in the file.
    InUse {
        /// From the start of the file, junk before the header included.
        offset: usize,
        /// The object's generation.
        generation: u16,
    },
}

/// How a revision's cross-reference is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SectionKind {
    /// A table whose trailer points to a cross-reference stream (7.5.8.4).
    Hybrid,
    /// A cross-reference stream.
    Stream,
    /// A table.
    Table,
}

/// One cross-reference section: a table with its trailer, or a stream.
#[derive(Debug)]
pub(crate) struct Section<'a> {
    pub(crate) offset: usize,
    pub(crate) kind: SectionKind,
    pub(crate) trailer: Dictionary,
    /// Behind the trailer dictionary, or behind `endobj`.
    pub(crate) end: usize,
    index: Index<'a>,
    /// The stream of a hybrid section, and where it is.
    hidden: Option<(usize, Index<'a>)>,
}

impl Section<'_> {
    /// A section that stands for what was found in the file without its cross-reference.
    pub(crate) fn found(
        entries: &BTreeMap<u32, Entry>,
        trailer: Dictionary,
        end: usize,
    ) -> Section<'static> {
        Section {
            offset: end,
            kind: SectionKind::Table,
            trailer,
            end,
            index: Index::of(entries),
            hidden: None,
        }
    }

    /// The entry for an object number, if this section has one.
    pub(crate) fn entry(&self, number: u32) -> Option<Entry> {
        let visible = self.index.entry(number);
        // Table first, then the stream it points to, then earlier sections (7.5.8.4). What the table hides from
        // older readers it says is free.
        if matches!(visible, None | Some(Entry::Free { .. })) {
            let hidden = self.hidden.as_ref();
            hidden
                .and_then(|(_, hidden)| hidden.entry(number))
                .or(visible)
        } else {
            visible
        }
    }

    /// Whether table and stream of a hybrid section place the same object differently.
    pub(crate) fn is_contradictory(&self) -> bool {
        let Some((_, hidden)) = &self.hidden else {
            return false;
        };
        hidden.numbers().any(|number| {
            let visible = self.index.entry(number);
            !matches!(visible, None | Some(Entry::Free { .. })) && visible != hidden.entry(number)
        })
    }

    /// Where the section is, and the stream of a hybrid one.
    pub(crate) fn offsets(&self) -> impl Iterator<Item = usize> + '_ {
        std::iter::once(self.offset).chain(self.hidden.iter().map(|(offset, _)| *offset))
    }

    /// The highest object number with an entry.
    pub(crate) fn highest(&self) -> u32 {
        let hidden = self.hidden.as_ref();
        let hidden = hidden.map_or(0, |(_, hidden)| hidden.highest());
        self.index.highest().max(hidden)
    }

    /// All object numbers with an entry, unordered; a number may come twice.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = u32> + '_ {
        self.index
            .numbers()
            .chain(self.hidden.iter().flat_map(|(_, hidden)| hidden.numbers()))
    }
}
