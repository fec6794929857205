//! ASN.1 as it was received (X.690): values with their raw bytes, in BER or DER.
//!
//! What others signed is hashed as it came, so nothing here is decoded into a model and encoded again. Real CMS is
//! often BER with indefinite lengths and constructed strings; both are read, within a bound on nesting.

use std::borrow::Cow;

use const_oid::ObjectIdentifier;
use jiff::Timestamp;

/// Tags as they stand in the first octet, the constructed bit included where the type has it.
pub(crate) mod tag {
    pub(crate) const BOOLEAN: u8 = 0x01;
    pub(crate) const INTEGER: u8 = 0x02;
    pub(crate) const BIT_STRING: u8 = 0x03;
    pub(crate) const OCTET_STRING: u8 = 0x04;
    pub(crate) const NULL: u8 = 0x05;
    pub(crate) const OID: u8 = 0x06;
    pub(crate) const ENUMERATED: u8 = 0x0a;
    pub(crate) const UTC_TIME: u8 = 0x17;
    pub(crate) const GENERALIZED_TIME: u8 = 0x18;
    pub(crate) const SEQUENCE: u8 = 0x30;
    pub(crate) const SET: u8 = 0x31;

    /// A constructed context-specific tag.
    pub(crate) const fn context(number: u8) -> u8 {
        0xa0 | number
    }

    /// A primitive context-specific tag.
    pub(crate) const fn implicit(number: u8) -> u8 {
        0x80 | number
    }
}

/// Why bytes are not the ASN.1 that was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Error(pub(crate) &'static str);

/// How deep values of indefinite length and constructed strings may nest.
const MAX_DEPTH: usize = 16;

/// One value: its tag, content and bytes as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Value<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    pub(crate) raw: &'a [u8],
}

/// Reads values one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next value, whatever it is.
    pub(crate) fn next(&mut self) -> Result<Value<'a>, Error> {
        let (value, rest) = split(self.rest, MAX_DEPTH)?;
        self.rest = rest;
        Ok(value)
    }

    /// The next value, which has this tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Result<Value<'a>, Error> {
        self.optional(tag)?
            .ok_or(Error("a value of another type was expected"))
    }

    /// The next value if it has this tag.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<Value<'a>>, Error> {
        let primitive = tag & !0x20;
        match self.rest.first() {
            // BER lets strings be constructed.
            Some(found)
                if *found == tag
                    || (*found == tag | 0x20
                        && matches!(primitive, tag::OCTET_STRING | tag::BIT_STRING)) =>
            {
                self.next().map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Nothing may follow.
    pub(crate) const fn end(&self) -> Result<(), Error> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(Error("something follows that should not"))
        }
    }

    pub(crate) fn sequence(&mut self) -> Result<Self, Error> {
        Ok(Self::new(self.expect(tag::SEQUENCE)?.content))
    }

    pub(crate) fn oid(&mut self) -> Result<ObjectIdentifier, Error> {
        self.expect(tag::OID)?.oid()
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Result<Value<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_empty() {
            return None;
        }
        let value = Reader::next(self);
        if value.is_err() {
            self.rest = &[];
        }
        Some(value)
    }
}

impl<'a> Value<'a> {
    /// One value and nothing behind it.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let (value, rest) = split(bytes, MAX_DEPTH)?;
        if rest.is_empty() {
            Ok(value)
        } else {
            Err(Error("bytes follow the value"))
        }
    }

    /// One value; the bytes behind it come back too.
    pub(crate) fn parse_prefix(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), Error> {
        split(bytes, MAX_DEPTH)
    }

    /// The values inside.
    pub(crate) const fn reader(&self) -> Reader<'a> {
        Reader::new(self.content)
    }

    pub(crate) fn is(&self, tag: u8) -> bool {
        self.tag == tag
    }

    pub(crate) fn oid(&self) -> Result<ObjectIdentifier, Error> {
        if !self.is(tag::OID) {
            return Err(Error("no object identifier"));
        }
        ObjectIdentifier::from_bytes(self.content).map_err(|_| Error("object identifier"))
    }

    /// The octets of a string, put together if it is constructed. The tag is the caller's affair.
    pub(crate) fn octets(&self) -> Result<Cow<'a, [u8]>, Error> {
        if self.tag & 0x20 == 0 {
            return Ok(Cow::Borrowed(self.content));
        }
        let mut octets = Vec::new();
        gather(self.content, &mut octets, MAX_DEPTH)?;
        Ok(Cow::Owned(octets))
    }

    /// The octets of a bit string of whole octets.
    pub(crate) fn bits(&self) -> Result<&'a [u8], Error> {
        match self.content.split_first() {
            Some((0, octets)) if self.is(tag::BIT_STRING) || self.tag & 0xc0 == 0x80 => Ok(octets),
            _ => Err(Error("bit string")),
        }
    }

    /// The bits of a named bit list, first bit first.
    pub(crate) fn named_bits(&self) -> Result<Vec<bool>, Error> {
        let (unused, octets) = self.content.split_first().ok_or(Error("bit string"))?;
        let all = octets.len().saturating_mul(8);
        let bits = all
            .checked_sub(usize::from(*unused))
            .filter(|bits| *unused < 8 && *bits <= 64)
            .ok_or(Error("bit string"))?;
        Ok(octets
            .iter()
            .flat_map(|octet| (0..8).map(move |bit| octet & (0x80 >> bit) != 0))
            .take(bits)
            .collect())
    }

    pub(crate) fn boolean(&self) -> Result<bool, Error> {
        match (self.tag, self.content) {
            (tag::BOOLEAN, [octet]) => Ok(*octet != 0),
            _ => Err(Error("boolean")),
        }
    }

    /// A small non-negative integer.
    pub(crate) fn small(&self) -> Result<u64, Error> {
        match self.content {
            [] => Err(Error("integer")),
            [first, ..] if *first & 0x80 != 0 => Err(Error("negative integer")),
            octets => {
                let significant: Vec<u8> = octets
                    .iter()
                    .copied()
                    .skip_while(|octet| *octet == 0)
                    .collect();
                if significant.len() > 8 {
                    return Err(Error("integer too large"));
                }
                Ok(significant
                    .iter()
                    .fold(0, |value, octet| (value << 8) | u64::from(*octet)))
            }
        }
    }

    /// `UTCTime` or `GeneralizedTime`, with or without fractions, in UTC or with an offset.
    pub(crate) fn time(&self) -> Result<Timestamp, Error> {
        let text = std::str::from_utf8(self.content).map_err(|_| Error("time"))?;
        let read = match self.tag {
            tag::UTC_TIME => time(text, 2),
            tag::GENERALIZED_TIME => time(text, 4),
            _ => None,
        };
        read.ok_or(Error("time"))
    }
}

fn time(text: &str, year_digits: usize) -> Option<Timestamp> {
    let number = |range: std::ops::Range<usize>| -> Option<i16> {
        let digits = text.get(range)?;
        digits
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| digits.parse().ok())?
    };
    let mut year = number(0..year_digits)?;
    if year_digits == 2 {
        year += if year < 50 { 2000 } else { 1900 };
    }
    let part = |index: usize| -> Option<i8> {
        let start = year_digits + 2 * index;
        number(start..start + 2)?.try_into().ok()
    };
    let (month, day, hour, minute) = (part(0)?, part(1)?, part(2)?, part(3)?);
    let mut rest = text.get(year_digits + 8..)?;
    let mut second = 0;
    if rest.starts_with(|byte: char| byte.is_ascii_digit()) {
        second = part(4)?;
        rest = text.get(year_digits + 10..)?;
    }
    let mut nanosecond = 0;
    if let Some(fraction) = rest.strip_prefix(['.', ',']) {
        let digits = fraction.len()
            - fraction
                .trim_start_matches(|c: char| c.is_ascii_digit())
                .len();
        let mut padded = fraction.get(..digits.min(9))?.to_owned();
        while padded.len() < 9 {
            padded.push('0');
        }
        nanosecond = padded.parse().ok()?;
        rest = fraction.get(digits..)?;
    }
    let offset: i32 = match rest.as_bytes() {
        b"Z" => 0,
        [sign @ (b'+' | b'-'), digits @ ..] if digits.len() == 4 => {
            let digits: i32 = std::str::from_utf8(digits).ok()?.parse().ok()?;
            let seconds = (digits / 100) * 3600 + (digits % 100) * 60;
            if *sign == b'-' { -seconds } else { seconds }
        }
        _ => return None,
    };
    // A leap second is written as the sixtieth.
    let moment = jiff::civil::date(1970, 1, 1)
        .with()
        .year(year)
        .month(month)
        .day(day)
        .build()
        .ok()?
        .at(0, 0, 0, 0)
        .with()
        .hour(hour)
        .minute(minute)
        .second(second.min(59))
        .subsec_nanosecond(nanosecond)
        .build()
        .ok()?;
    moment
        .to_zoned(jiff::tz::TimeZone::fixed(
            jiff::tz::Offset::from_seconds(offset).ok()?,
        ))
        .ok()
        .map(|zoned| zoned.timestamp())
}

fn gather(content: &[u8], octets: &mut Vec<u8>, depth: usize) -> Result<(), Error> {
    let depth = depth.checked_sub(1).ok_or(Error("nested too deep"))?;
    for part in Reader::new(content) {
        let part = part?;
        match part.tag {
            tag::OCTET_STRING => octets.extend_from_slice(part.content),
            0x24 => gather(part.content, octets, depth)?,
            _ => return Err(Error("part of a constructed string")),
        }
    }
    Ok(())
}

/// The first value of the bytes and what follows it.
fn split(bytes: &[u8], depth: usize) -> Result<(Value<'_>, &[u8]), Error> {
    const ENDS: Error = Error("the value ends too early");
    let [tag, length, ..] = bytes else {
        return Err(ENDS);
    };
    if tag & 0x1f == 0x1f {
        return Err(Error("tag number above 30"));
    }
    let (header, length) = match *length {
        short @ 0..=0x7f => (2, usize::from(short)),
        0x80 => return indefinite(bytes, *tag, depth),
        long => {
            let octets = usize::from(long & 0x7f);
            let length = bytes.get(2..2 + octets).ok_or(ENDS)?;
            let significant = length.iter().skip_while(|octet| **octet == 0);
            if octets > 16 || significant.clone().count() > 4 {
                return Err(Error("length"));
            }
            let value =
                significant.fold(0_usize, |value, octet| (value << 8) | usize::from(*octet));
            (2 + octets, value)
        }
    };
    let end = header + length;
    let (raw, rest) = bytes.split_at_checked(end).ok_or(ENDS)?;
    let content = raw.get(header..).unwrap_or_default();
    Ok((
        Value {
            tag: *tag,
            content,
            raw,
        },
        rest,
    ))
}

fn indefinite(bytes: &[u8], tag: u8, depth: usize) -> Result<(Value<'_>, &[u8]), Error> {
    if tag & 0x20 == 0 {
        return Err(Error("indefinite length of a primitive value"));
    }
    let depth = depth.checked_sub(1).ok_or(Error("nested too deep"))?;
    let inside = bytes.get(2..).unwrap_or_default();
    let mut rest = inside;
    loop {
        if let [0, 0, after @ ..] = rest {
            let length = inside.len() - rest.len();
            let content = inside.get(..length).unwrap_or_default();
            let raw = bytes.get(..length + 4).unwrap_or_default();
            return Ok((Value { tag, content, raw }, after));
        }
        rest = split(rest, depth)?.1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indefinite_lengths_and_constructed_strings_are_read() {
        let bytes = [
            0x30, 0x80, 0x24, 0x80, 4, 1, 7, 4, 1, 8, 0, 0, 2, 1, 5, 0, 0,
        ];
        let value = Value::parse(&bytes).unwrap();
        let mut inside = value.reader();
        let string = inside.expect(tag::OCTET_STRING).unwrap();
        assert_eq!(&*string.octets().unwrap(), &[7, 8]);
        assert_eq!(inside.expect(tag::INTEGER).unwrap().small().unwrap(), 5);
        assert!(inside.end().is_ok());
        assert_eq!(value.raw, bytes);
    }

    #[test]
    fn hostile_lengths_end_in_an_error() {
        for bytes in [
            &[0x30][..],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
            &[0x30, 0x80],
            &[0x04, 0x80, 0, 0],
            &[0x30, 0xff],
            &[0x1f, 0x81, 0x01, 0],
        ] {
            assert!(Value::parse(bytes).is_err(), "{bytes:02x?}");
        }
        let deep: Vec<u8> = std::iter::repeat_n([0x30, 0x80], 10_000)
            .flatten()
            .collect();
        assert!(Value::parse(&deep).is_err());
    }

    #[test]
    fn times_come_in_many_shapes() {
        let at = |tag, text: &str| {
            Value {
                tag,
                content: text.as_bytes(),
                raw: &[],
            }
            .time()
            .map(|time| time.to_string())
        };
        assert_eq!(
            at(tag::UTC_TIME, "250318120345Z").unwrap(),
            "2025-03-18T12:03:45Z"
        );
        assert_eq!(
            at(tag::UTC_TIME, "9903181203Z").unwrap(),
            "1999-03-18T12:03:00Z"
        );
        assert_eq!(
            at(tag::GENERALIZED_TIME, "20250318120345.5Z").unwrap(),
            "2025-03-18T12:03:45.5Z"
        );
        assert_eq!(
            at(tag::GENERALIZED_TIME, "20250318190345+0700").unwrap(),
            "2025-03-18T12:03:45Z"
        );
        for bad in [
            "",
            "2025",
            "20251318120345Z",
            "20250318120345",
            "20250318\u{e9}20345Z",
        ] {
            assert!(at(tag::GENERALIZED_TIME, bad).is_err(), "{bad}");
        }
    }
}
