//! An object as the bytes it is written in, for whoever has to write it again with little changed.

use std::sync::Arc;

use lopdf::ObjectId;

use super::Pdf;
use crate::pdf::lexer::Lexer;
use crate::pdf::object_stream::ObjectStream;
use crate::pdf::{Entry, Error, object};

/// The text of an object, from its first byte to somewhere behind its last.
#[derive(Debug)]
pub(crate) enum ObjectText<'a> {
    /// In an object stream, where the object starts at the offset.
    Compressed(Arc<ObjectStream>, usize),
    /// In the file, encrypted as the file is.
    File(&'a [u8]),
}

impl ObjectText<'_> {
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Compressed(stream, start) => stream.text(*start),
            Self::File(text) => text,
        }
    }
}

impl<'a> Pdf<'a> {
    /// The object's text; `None` if there is no such object.
    ///
    /// # Errors
    ///
    /// As [`object`](Self::object).
    pub(crate) fn text(&self, id: ObjectId) -> Result<Option<ObjectText<'a>>, Error> {
        match self.entry(id.0) {
            Some(Entry::InUse { offset, generation }) if generation == id.1 => {
                let mut lexer = Lexer::new(self.bytes, offset);
                if object::header(&mut lexer) != Some(id) {
                    return Err(Error::BadObject {
                        id,
                        context: "its entry points to another object",
                    });
                }
                Ok(self.bytes.get(lexer.position()..).map(ObjectText::File))
            }
            Some(Entry::Compressed { stream, index }) if id.1 == 0 => {
                let stream = self.object_stream(stream)?;
                let start = stream.start(id.0, index);
                Ok(start.map(|start| ObjectText::Compressed(stream, start)))
            }
            _ => Ok(None),
        }
    }
}
