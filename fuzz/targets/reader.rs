//! The bytes are a whole document: all of it is read, and what is damaged is rewritten.
#![no_main]

use libfuzzer_sys::fuzz_target;
use signer::pdf::repair::{Caps, rewrite};
use signer::pdf::{Error, Limits, Pdf};

fn read(bytes: &[u8]) -> Result<u32, Error> {
    let mut pdf = Pdf::open(bytes, Limits::default())?;
    pdf.unlock(None)?;
    let numbers: Vec<u32> = pdf
        .revisions()
        .iter()
        .flat_map(signer::pdf::Revision::numbers)
        .take(1_000)
        .collect();
    for number in numbers {
        if let Ok(object) = pdf.object((number, 0))
            && let Ok(stream) = object.as_stream()
        {
            drop(pdf.decode(stream));
        }
    }
    let count = pdf.page_count()?;
    pdf.page(1)?;
    pdf.page(count)?;
    Ok(count)
}

fuzz_target!(|bytes: &[u8]| {
    drop(read(bytes));
    if let Ok(whole) = rewrite(bytes, &Caps::default()) {
        read(&whole).expect("what was rewritten is sound");
    }
});
