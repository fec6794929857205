//! Object streams (ISO 32000-2, 7.5.7).

use lopdf::{Dictionary, Object};

use super::lexer::Lexer;
use super::object::Parser;
use super::{Error, Limits};

/// A decoded object stream.
#[derive(Debug)]
pub(crate) struct ObjectStream {
    data: Vec<u8>,
    /// Object numbers and where the objects start in the data, in the stream's order.
    places: Vec<(u32, usize)>,
}

/// An object out of a stream.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) value: Object,
    pub(crate) nodes: usize,
    pub(crate) conflicting_keys: bool,
    /// Whether it was at the index its entry says.
    pub(crate) at_index: bool,
}

impl ObjectStream {
    /// Reads the pairs at the start of the data.
    pub(crate) fn new(
        dictionary: &Dictionary,
        data: Vec<u8>,
        limits: &Limits,
        offset: usize,
    ) -> Result<Self, Error> {
        let damaged = |context| Error::Damaged { offset, context };
        let number = |key: &[u8]| {
            let value = dictionary.get(key).and_then(Object::as_i64).ok()?;
            usize::try_from(value).ok()
        };
        let (Some(count), Some(first)) = (number(b"N"), number(b"First")) else {
            return Err(damaged("object stream without /N or /First"));
        };
        let head = data
            .get(..first)
            .ok_or_else(|| damaged("/First of an object stream"))?;
        // Two digits and two blanks are the least a pair takes.
        if count > first.div_ceil(3) || count > limits.max_nodes {
            return Err(damaged("/N of an object stream"));
        }
        let mut lexer = Lexer::new(head, 0);
        let mut places = Vec::with_capacity(count);
        for _ in 0..count {
            let pair = lexer.take_number(10).zip(lexer.take_number(10));
            let place = pair.and_then(|(number, position)| {
                let position = usize::try_from(position).ok()?.checked_add(first)?;
                Some((u32::try_from(number).ok()?, position))
            });
            places.push(place.ok_or_else(|| damaged("pairs of an object stream"))?);
        }
        Ok(Self { data, places })
    }

    /// Bytes held in memory.
    pub(crate) fn size(&self) -> usize {
        self.data
            .len()
            .saturating_add(self.places.len().saturating_mul(size_of::<(u32, usize)>()))
    }

    /// The object numbers in it, in its order.
    pub(crate) fn numbers(&self) -> impl ExactSizeIterator<Item = u32> + '_ {
        self.places.iter().map(|place| place.0)
    }

    /// Where the object with this number starts, which should be at `index`.
    pub(crate) fn start(&self, number: u32, index: u32) -> Option<usize> {
        let expected = usize::try_from(index)
            .ok()
            .and_then(|index| self.places.get(index));
        let place = expected.filter(|place| place.0 == number);
        place
            .or_else(|| self.places.iter().find(|place| place.0 == number))
            .map(|place| place.1)
    }

    /// The data from an object's start on.
    pub(crate) fn text(&self, start: usize) -> &[u8] {
        self.data.get(start..).unwrap_or_default()
    }

    /// The object with this number, which should be at `index`. `None` if it is not in the stream.
    pub(crate) fn member(
        &self,
        number: u32,
        index: u32,
        limits: &Limits,
    ) -> Result<Option<Member>, Error> {
        let expected = usize::try_from(index)
            .ok()
            .and_then(|index| self.places.get(index))
            .filter(|place| place.0 == number);
        let place = expected.or_else(|| self.places.iter().find(|place| place.0 == number));
        let Some((_, position)) = place else {
            return Ok(None);
        };
        let mut parser = Parser::new(&self.data, *position, limits);
        let value = parser.object()?;
        Ok(Some(Member {
            value,
            nodes: parser.nodes(),
            conflicting_keys: parser.conflicting_keys(),
            at_index: expected.is_some(),
        }))
    }
}
