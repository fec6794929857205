//! The bytes are a picture: it is decoded within the limits or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use signer::appearance::image::{Limits, decode};

fuzz_target!(|bytes: &[u8]| {
    // Small, so that time goes into many pictures; the limits are checked alike.
    let limits = Limits {
        pixels: 250_000,
        ..Limits::default()
    };
    if let Ok(image) = decode(bytes, &limits) {
        let (width, height) = image.displayed_size();
        assert!(u64::from(width) * u64::from(height) <= limits.pixels);
    }
});
