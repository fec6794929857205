//! The bytes are a document whose text is searched for markers; what is found is on a page.
#![no_main]

use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use signer::appearance::layout::{PageChoice, Position};
use signer::appearance::marker::{Error, Marker, locate};
use signer::appearance::Extent;

fuzz_target!(|bytes: &[u8]| {
    let marker = |text: &str| Marker {
        text: text.to_owned(),
        page: None,
        extent: Extent::default(),
    };
    let deadline = Instant::now() + Duration::from_secs(5);
    match locate(bytes, None, &[marker("#"), marker("a(b)")], deadline) {
        Ok(places) => {
            assert_eq!(places.len(), 2);
            for place in places {
                assert!(matches!(place.page, PageChoice::Number(1..)));
                assert!(
                    matches!(place.at, Position::Centred { x, y, .. } if x.is_finite() && y.is_finite())
                );
            }
        }
        Err(error) => assert_ne!(error, Error::TooComplex("it cannot be read"), "a panic"),
    }
});
