//! What was read of a document so far, within bounds, and what it cost.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;

use lopdf::{Object, ObjectId};

use crate::pdf::object_stream::ObjectStream;

/// What was read so far, and what it cost.
#[derive(Debug)]
pub(super) struct Store {
    objects: RefCell<HashMap<ObjectId, Arc<Object>>>,
    streams: RefCell<HashMap<u32, Arc<ObjectStream>>>,
    cached_nodes: Cell<usize>,
    cached_bytes: Cell<usize>,
    pub(super) nodes: Cell<usize>,
    pub(super) decoded: Cell<usize>,
    pub(super) scanned: Cell<usize>,
    pub(super) depth: Cell<usize>,
}

/// Parsed objects kept, by what they hold; about 8 MiB.
const MAX_CACHED_NODES: usize = 65_536;

/// Objects that are needed to read others: lengths of streams, object streams.
const MAX_INDIRECTION: usize = 16;

impl Store {
    pub(super) fn new(decoded: usize) -> Self {
        Self {
            objects: RefCell::default(),
            streams: RefCell::default(),
            cached_nodes: Cell::new(0),
            cached_bytes: Cell::new(0),
            nodes: Cell::new(0),
            decoded: Cell::new(decoded),
            scanned: Cell::new(0),
            depth: Cell::new(0),
        }
    }

    pub(super) fn object(&self, id: ObjectId) -> Option<Arc<Object>> {
        self.objects.borrow().get(&id).map(Arc::clone)
    }

    pub(super) fn stream(&self, number: u32) -> Option<Arc<ObjectStream>> {
        self.streams.borrow().get(&number).map(Arc::clone)
    }

    /// Drops what was read before a password was known.
    pub(super) fn forget(&self) {
        self.objects.borrow_mut().clear();
        self.streams.borrow_mut().clear();
        self.cached_nodes.set(0);
        self.cached_bytes.set(0);
    }

    pub(super) fn keep(&self, id: ObjectId, object: &Arc<Object>, nodes: usize) {
        let bytes = object.as_stream().map_or(0, |stream| stream.content.len());
        let cached = self
            .cached_nodes
            .get()
            .saturating_add(nodes)
            .saturating_add(bytes / 128);
        if cached <= MAX_CACHED_NODES {
            self.cached_nodes.set(cached);
            self.objects.borrow_mut().insert(id, Arc::clone(object));
        }
    }

    pub(super) fn keep_stream(&self, number: u32, stream: &Arc<ObjectStream>, max: usize) {
        let mut streams = self.streams.borrow_mut();
        let mut cached = self.cached_bytes.get().saturating_add(stream.size());
        if cached > max {
            streams.clear();
            cached = stream.size();
        }
        // A single stream beyond the bound is kept all the same: decoding it for each of its objects is worse.
        self.cached_bytes.set(cached);
        streams.insert(number, Arc::clone(stream));
    }
}

/// Counts nested lookups, also when they fail.
pub(super) struct Nested<'s>(&'s Cell<usize>);

impl<'s> Nested<'s> {
    pub(super) fn enter(depth: &'s Cell<usize>) -> Option<Self> {
        let next = depth
            .get()
            .checked_add(1)
            .filter(|next| *next <= MAX_INDIRECTION)?;
        depth.set(next);
        Some(Self(depth))
    }
}

impl Drop for Nested<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}
