//! The bytes are a document, to which a revision is appended and read back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use signer::pdf::incremental::Update;
use signer::pdf::{Dictionary, Limits, Object, Pdf, StringFormat};

const TEXT: &[u8] = b"a(b)\\c\r\xff";

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut pdf) = Pdf::open(bytes, Limits::default()) else {
        return;
    };
    if pdf.unlock(None).is_err() || pdf.needs_rewrite() {
        return;
    }
    let mut dictionary = Dictionary::new();
    dictionary.set("Text", Object::String(TEXT.to_vec(), StringFormat::Literal));
    let mut update = Update::new(&pdf);
    let id = update.allocate();
    update.put(id, Object::Dictionary(dictionary));
    let Ok(revision) = update.finish() else {
        return;
    };
    let whole = [bytes, &revision].concat();
    let mut again =
        Pdf::open(&whole, Limits::default()).expect("a revision keeps a document readable");
    again.unlock(None).expect("it is encrypted as before");
    let object = again.object(id).expect("the new object is read");
    let text = object
        .as_dict()
        .and_then(|dictionary| dictionary.get(b"Text"));
    // Whether it is written as hexadecimal is the writer's choice.
    assert_eq!(text.and_then(Object::as_str).ok(), Some(TEXT));
    assert_eq!(
        again.revisions().len(),
        pdf.revisions().len().saturating_add(1)
    );
    // A page tree that could not be read may have named an object that there was not, and now is.
    if let Ok(count) = pdf.page_count() {
        assert_eq!(again.page_count().ok(), Some(count));
    }
});
