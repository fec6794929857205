//! The bytes are the body of an object in an otherwise sound document.
#![no_main]

use libfuzzer_sys::fuzz_target;
use signer::pdf::{Limits, Pdf};

fuzz_target!(|body: &[u8]| {
    let mut file = b"%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n".to_vec();
    let second = file.len();
    file.extend(b"2 0 obj\n<</Type/Pages/Count 0/Kids[]>>\nendobj\n");
    let third = file.len();
    file.extend(b"3 0 obj\n");
    file.extend(body);
    file.extend(b"\nendobj\n");
    let section = file.len();
    file.extend(
        format!(
            "xref\n0 4\n0000000000 65535 f \n0000000009 00000 n \n{second:010} 00000 n \n{third:010} 00000 n \n\
             trailer\n<</Size 4/Root 1 0 R>>\nstartxref\n{section}\n%%EOF\n"
        )
        .bytes(),
    );
    // The body may hold a `startxref` of its own, but never behind ours.
    let pdf = Pdf::open(&file, Limits::default()).expect("the frame is sound");
    if let Ok(object) = pdf.object((3, 0))
        && let Ok(stream) = object.as_stream()
    {
        drop(pdf.decode(stream));
    }
});
