//! JSON as callers send it: borrowed where possible, bounded in depth and number of values, duplicates harmless.
//!
//! Whole documents come as Base64 inside strings, and PHP escapes every `/` of them. [`unescape_solidus`] first takes
//! those escapes back in place, so that strings can be borrowed from the body and later decoded where they lie.

mod solidus;

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

pub use solidus::unescape as unescape_solidus;

/// Most values, keys included, that a request may hold; 500 files with 500 items of 20 keys fit 10 times.
const MOST_VALUES: usize = 200_000;

/// A JSON value that borrows from the text it was read from.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// `true` or `false`.
    Bool(bool),
    /// An array.
    List(Vec<Self>),
    /// An object; where a key is repeated, the last one counts.
    Map(Vec<(Cow<'a, str>, Self)>),
    /// `null`.
    Null,
    /// A number, written as decimal text.
    Number(String),
    /// A string.
    Text(Cow<'a, str>),
}

impl<'a> Value<'a> {
    /// Reads one JSON value.
    ///
    /// # Errors
    /// When it is not JSON, is nested more than 128 deep, or holds too many values.
    pub fn read(text: &'a [u8]) -> Result<Self, serde_json::Error> {
        let left = Cell::new(MOST_VALUES);
        let mut reader = serde_json::Deserializer::from_slice(text);
        let value = Seed(&left).deserialize(&mut reader)?;
        reader.end()?;
        Ok(value)
    }

    /// The value of a key, unless it is absent, `null` or the string `"null"` or empty.
    #[must_use]
    pub fn field(&self, key: &str) -> Option<&Self> {
        let Self::Map(entries) = self else {
            return None;
        };
        let (_, value) = entries.iter().rev().find(|(name, _)| name == key)?;
        value.is_present().then_some(value)
    }

    fn is_present(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Text(text) => {
                let text = text.trim();
                !text.is_empty() && text != "null"
            }
            _ => true,
        }
    }

    /// The text of a string, number or boolean.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(number) => Some(number),
            Self::Bool(true) => Some("true"),
            Self::Bool(false) => Some("false"),
            _ => None,
        }
    }

    /// The elements of an array; a lone value counts as an array of one.
    #[must_use]
    pub fn as_list(&self) -> &[Self] {
        match self {
            Self::List(list) => list,
            other => std::slice::from_ref(other),
        }
    }
}

struct Seed<'c>(&'c Cell<usize>);

impl Seed<'_> {
    fn count<E: serde::de::Error>(&self) -> Result<(), E> {
        let left = self
            .0
            .get()
            .checked_sub(1)
            .ok_or_else(|| E::custom("too many values"))?;
        self.0.set(left);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value<'de>, D::Error> {
        self.count()?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value<'de>, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value<'de>, E> {
        Ok(Value::Number(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value<'de>, E> {
        Ok(Value::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value<'de>, E> {
        Ok(Value::Number(value.to_string()))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Value<'de>, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value<'de>, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = access.next_element_seed(Seed(self.0))? {
            list.push(value);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value<'de>, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = access.next_key_seed(Seed(self.0))? {
            let Value::Text(key) = key else {
                return Err(A::Error::custom("a key is a string"));
            };
            entries.push((key, access.next_value_seed(Seed(self.0))?));
        }
        Ok(Value::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_empty_null_and_the_word_null_are_one_thing() {
        let text = br#"{"a":null,"b":"null","c":"","d":" ","e":0,"f":false,"g":"x"}"#;
        let value = Value::read(text).unwrap();
        for absent in ["a", "b", "c", "d", "z"] {
            assert_eq!(value.field(absent), None, "{absent}");
        }
        assert_eq!(value.field("e").and_then(Value::as_text), Some("0"));
        assert_eq!(value.field("f").and_then(Value::as_text), Some("false"));
        assert_eq!(value.field("g").and_then(Value::as_text), Some("x"));
    }

    #[test]
    fn the_last_of_repeated_keys_counts_and_numbers_keep_their_digits() {
        let value = Value::read(br#"{"nik":1,"nik":3171010101900001,"x":10.5}"#).unwrap();
        assert_eq!(
            value.field("nik").and_then(Value::as_text),
            Some("3171010101900001")
        );
        assert_eq!(value.field("x").and_then(Value::as_text), Some("10.5"));
    }

    #[test]
    fn strings_are_borrowed_from_the_text() {
        let text = br#"{"file":["JVBERi0="]}"#;
        let value = Value::read(text).unwrap();
        let file = &value.field("file").unwrap().as_list()[0];
        assert!(matches!(file, Value::Text(Cow::Borrowed("JVBERi0="))));
    }

    #[test]
    fn depth_and_number_of_values_are_bounded() {
        assert!(Value::read(&b"[".repeat(100_000)).is_err());
        let mut many = b"[0".to_vec();
        many.extend(b",0".repeat(MOST_VALUES));
        many.push(b']');
        assert!(
            Value::read(&many)
                .unwrap_err()
                .to_string()
                .contains("too many values")
        );
        assert!(Value::read(b"{} x").is_err());
    }
}
