//! The data of streams: where it ends (ISO 32000-2, 7.3.8) and what it decodes to (7.4).

use lopdf::{Dictionary, Stream};

use super::Error;
use super::lexer::Lexer;

/// The data of a stream in the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Behind `endobj`, or `endstream` where that is missing.
    pub(crate) after: usize,
    /// Whether the data ends where `/Length` says.
    pub(crate) as_declared: bool,
    /// Bytes looked at in search of the end.
    pub(crate) scanned: usize,
}

const END: &[u8] = b"endstream";

/// Finds the end of the data that starts at `start`.
///
/// A wrong or missing length is made good only where it cannot be doubted: the first `endstream` has to be
/// followed by `endobj`. At most `budget` bytes are searched.
pub(crate) fn extent(
    bytes: &[u8],
    start: usize,
    length: Option<usize>,
    budget: usize,
) -> Result<Extent, Error> {
    if let Some(end) = length.and_then(|length| start.checked_add(length))
        && end <= bytes.len()
    {
        let mut lexer = Lexer::new(bytes, end);
        if lexer.take_keyword(END) {
            lexer.take_keyword(b"endobj");
            return Ok(Extent {
                start,
                end,
                after: lexer.position(),
                as_declared: true,
                scanned: 0,
            });
        }
    }
    let rest = bytes.get(start..).unwrap_or_default();
    let window = rest.get(..budget.min(rest.len())).unwrap_or_default();
    let Some(length) = memchr::memmem::find(window, END) else {
        return Err(if window.len() < rest.len() {
            Error::Limit {
                what: "search for endstream",
            }
        } else {
            Error::Damaged {
                offset: start,
                context: "stream without end",
            }
        });
    };
    let end = start.saturating_add(length);
    let mut lexer = Lexer::new(bytes, end.saturating_add(END.len()));
    if !lexer.take_keyword(b"endobj") {
        return Err(Error::Damaged {
            offset: start,
            context: "stream whose end is in doubt",
        });
    }
    Ok(Extent {
        start,
        end: start.saturating_add(trimmed(window.get(..length).unwrap_or_default())),
        after: lexer.position(),
        as_declared: false,
        scanned: length,
    })
}

/// The length without the end of line that precedes `endstream`.
fn trimmed(data: &[u8]) -> usize {
    let data = data.strip_suffix(b"\n").unwrap_or(data);
    data.strip_suffix(b"\r").unwrap_or(data).len()
}

/// Each filter may cost as much as the first; files use one or two.
const MAX_FILTERS: usize = 4;

/// Applies the filters the dictionary names, which together with their parameters have to be direct.
pub(crate) fn decode(
    dictionary: &Dictionary,
    data: Vec<u8>,
    max: usize,
    offset: usize,
) -> Result<Vec<u8>, Error> {
    if dictionary.get(b"Filter").is_err() {
        return if data.len() > max {
            Err(Error::Limit { what: "stream" })
        } else {
            Ok(data)
        };
    }
    let mut filters = Dictionary::new();
    for key in [&b"Filter"[..], b"DecodeParms"] {
        if let Ok(value) = dictionary.get(key) {
            filters.set(key, value.clone());
        }
    }
    let stream = Stream {
        dict: filters,
        content: data,
        allows_compression: false,
        start_position: None,
    };
    if stream
        .filters()
        .is_ok_and(|filters| filters.len() > MAX_FILTERS)
    {
        return Err(Error::Limit {
            what: "filters of a stream",
        });
    }
    stream
        .get_plain_content_with_limit(max)
        .map_err(|error| match error {
            lopdf::Error::Decompress(lopdf::DecompressError::MemoryLimitExceeded { .. }) => {
                Error::Limit { what: "stream" }
            }
            _ => Error::Damaged {
                offset,
                context: "stream that cannot be decoded",
            },
        })
}
