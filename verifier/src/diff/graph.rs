//! Who refers to whom. A changed object matters wherever it is used, so every use has to be known.

use std::collections::{BTreeSet, HashMap};

use signer::pdf::{Entry, Object, Pdf};

use crate::document::id_of;
use crate::policy::Limits;

/// The first bytes of the key, in the referring object's own dictionary, below which the reference stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key([u8; 12]);

impl Key {
    /// Of an array, and of an object that is in an object stream.
    pub(crate) const NONE: Self = Self([0; 12]);
    /// An object is in the object stream referred to.
    const STREAM: Self = Self([1; 12]);

    pub(crate) const fn new(name: &[u8]) -> Self {
        let mut key = [0; 12];
        let mut rest = name;
        let mut index = 0;
        while let [first, tail @ ..] = rest {
            if index >= key.len() {
                break;
            }
            #[expect(clippy::indexing_slicing, reason = "index is below the length")]
            {
                key[index] = *first;
            }
            index += 1;
            rest = tail;
        }
        Self(key)
    }
}

/// The trailer as a container.
pub(crate) const TRAILER: u32 = 0;

/// All references of a stage.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    from: HashMap<u32, Vec<(u32, Key)>>,
    /// Whether something could not be read or there was too much.
    pub(crate) incomplete: bool,
}

impl Graph {
    /// Reads every object of a stage.
    pub(crate) fn read(pdf: &Pdf<'_>, limits: &Limits) -> Self {
        let mut graph = Self::default();
        let mut numbers = BTreeSet::new();
        for revision in pdf.revisions() {
            for number in revision.numbers() {
                numbers.insert(number);
                if numbers.len() > limits.max_objects {
                    graph.incomplete = true;
                    return graph;
                }
            }
        }
        for number in numbers {
            if matches!(pdf.entry(number), None | Some(Entry::Free { .. })) {
                continue;
            }
            match pdf.object(id_of(pdf, number)) {
                Ok(object) => graph.replace(pdf, number, &object),
                // What no reader reads refers to nothing; but there may be no end of it.
                Err(signer::pdf::Error::Limit { .. }) => {
                    graph.incomplete = true;
                    return graph;
                }
                Err(_) => {}
            }
        }
        graph.trailer(pdf);
        graph
    }

    /// Puts what an object refers to in the place of what it referred to.
    pub(crate) fn replace(&mut self, pdf: &Pdf<'_>, number: u32, object: &Object) {
        let mut edges = Vec::new();
        if let Some(Entry::Compressed { stream, .. }) = pdf.entry(number) {
            edges.push((stream, Key::STREAM));
        }
        match object {
            Object::Dictionary(dictionary) => {
                for (key, value) in dictionary {
                    references(value, &mut |target| edges.push((target, Key::new(key))));
                }
            }
            // A cross-reference stream says what the trailer says, which is looked at by itself.
            Object::Stream(stream) if stream.dict.has_type(b"XRef") => {}
            Object::Stream(stream) => {
                for (key, value) in &stream.dict {
                    references(value, &mut |target| edges.push((target, Key::new(key))));
                }
            }
            other => references(other, &mut |target| edges.push((target, Key::NONE))),
        }
        if edges.is_empty() {
            self.from.remove(&number);
        } else {
            self.from.insert(number, edges);
        }
    }

    /// The same for the trailer.
    pub(crate) fn trailer(&mut self, pdf: &Pdf<'_>) {
        let mut edges = Vec::new();
        for (key, value) in pdf.trailer() {
            references(value, &mut |target| edges.push((target, Key::new(key))));
        }
        self.from.insert(TRAILER, edges);
    }

    /// Who refers to whom, the other way round.
    pub(crate) fn reverse(&self) -> HashMap<u32, Vec<(u32, Key)>> {
        let mut reverse: HashMap<u32, Vec<(u32, Key)>> = HashMap::new();
        for (from, edges) in &self.from {
            for (target, key) in edges {
                reverse.entry(*target).or_default().push((*from, *key));
            }
        }
        reverse
    }

    /// Who refers to these objects.
    pub(crate) fn referrers(&self, targets: &BTreeSet<u32>) -> HashMap<u32, Vec<(u32, Key)>> {
        let mut found: HashMap<u32, Vec<(u32, Key)>> = HashMap::new();
        for (from, edges) in &self.from {
            for (target, key) in edges {
                if targets.contains(target) {
                    found.entry(*target).or_default().push((*from, *key));
                }
            }
        }
        found
    }
}

/// Every reference in a value.
pub(crate) fn references(object: &Object, each: &mut impl FnMut(u32)) {
    let mut pending = vec![object];
    while let Some(object) = pending.pop() {
        match object {
            Object::Reference(id) => each(id.0),
            Object::Array(items) => pending.extend(items),
            Object::Dictionary(dictionary) => {
                pending.extend(dictionary.iter().map(|(_, value)| value));
            }
            Object::Stream(stream) => pending.extend(stream.dict.iter().map(|(_, value)| value)),
            _ => {}
        }
    }
}
