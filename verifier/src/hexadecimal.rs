//! Hexadecimal strings (ISO 32000-2, 7.3.4.3), once their white space is left out.

/// The bytes that the digits stand for; a last digit alone counts as if a zero followed. `None` where one is no digit.
pub(crate) fn decode(digits: impl Iterator<Item = u8>) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = digits
        .map(|byte| {
            char::from(byte)
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        })
        .collect();
    Some(
        digits?
            .chunks(2)
            .map(|pair| match pair {
                [high, low] => high << 4 | low,
                [high] => high << 4,
                _ => 0,
            })
            .collect(),
    )
}
