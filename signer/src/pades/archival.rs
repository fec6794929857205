//! What a document's claim to be archival (ISO 19005) lets a mark be made of.

use lopdf::{Dictionary, Object};

use crate::appearance::{Constraints, DeviceColour};
use crate::pdf::{Error, Pdf};

/// Larger metadata is not searched; no claim was ever found so far behind.
const MAX_METADATA: usize = 1 << 20;

/// Reads the claim in the metadata and the output intent that goes with it. No claim, no constraints.
pub(super) fn constraints(pdf: &Pdf<'_>) -> Result<Constraints, Error> {
    let catalog = pdf.catalog()?;
    let Ok(catalog) = catalog.as_dict() else {
        return Ok(Constraints::default());
    };
    let part = match &*pdf.get(catalog, b"Metadata")? {
        Object::Stream(metadata) => pdf
            .decode(metadata)
            .ok()
            .and_then(|metadata| part(&metadata)),
        _ => None,
    };
    let Some(part) = part else {
        return Ok(Constraints::default());
    };
    Ok(Constraints {
        transparency: part != b'1',
        device: device_colour(pdf, catalog)?,
    })
}

/// The digit of `pdfaid:part`, as an attribute or as an element.
fn part(metadata: &[u8]) -> Option<u8> {
    const KEY: &[u8] = b"pdfaid:part";
    let metadata = metadata.get(..MAX_METADATA).unwrap_or(metadata);
    let at = memchr::memmem::find(metadata, KEY)?.checked_add(KEY.len())?;
    let value = metadata
        .get(at..)?
        .iter()
        .find(|byte| !b" \t\r\n=\"'>".contains(byte))?;
    value.is_ascii_digit().then_some(*value)
}

/// By the number of components of the output intent's profile.
fn device_colour(pdf: &Pdf<'_>, catalog: &Dictionary) -> Result<DeviceColour, Error> {
    let intents = pdf.get(catalog, b"OutputIntents")?;
    for intent in intents.as_array().map_or(&[][..], Vec::as_slice) {
        let intent = pdf.resolve(intent)?;
        let Ok(intent) = intent.as_dict() else {
            continue;
        };
        let is_pdfa = pdf
            .get(intent, b"S")?
            .as_name()
            .is_ok_and(|kind| kind == b"GTS_PDFA1");
        let profile = pdf.get(intent, b"DestOutputProfile")?;
        if let (true, Ok(profile)) = (is_pdfa, profile.as_stream()) {
            return Ok(match pdf.get(&profile.dict, b"N")?.as_i64() {
                Ok(1) => DeviceColour::Gray,
                Ok(3) => DeviceColour::Rgb,
                Ok(4) => DeviceColour::Cmyk,
                _ => DeviceColour::None,
            });
        }
    }
    Ok(DeviceColour::None)
}

#[cfg(test)]
mod tests {
    use super::part;

    #[test]
    fn the_claim_is_found_in_both_forms() {
        assert_eq!(
            part(b"<x pdfaid:part='1' pdfaid:conformance='B'/>"),
            Some(b'1')
        );
        assert_eq!(part(b"<pdfaid:part>\n 3</pdfaid:part>"), Some(b'3'));
        assert_eq!(part(b"<pdfaid:part"), None);
        assert_eq!(part(b"<dc:title/>"), None);
    }
}
