//! The bytes are the last cross-reference section of a document, and what follows it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use signer::pdf::{Limits, Pdf};

const BODY: &[u8] = b"%PDF-1.7
1 0 obj
<</Type/Catalog/Pages 2 0 R>>
endobj
2 0 obj
<</Type/Pages/Count 1/Kids[3 0 R]>>
endobj
3 0 obj
<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>
endobj
";

fuzz_target!(|section: &[u8]| {
    let mut file = BODY.to_vec();
    file.extend(section);
    file.extend(format!("\nstartxref\n{}\n%%EOF\n", BODY.len()).bytes());
    let Ok(pdf) = Pdf::open(&file, Limits::default()) else {
        return;
    };
    for (index, revision) in pdf.revisions().iter().enumerate() {
        assert!(revision.end() <= file.len());
        for number in revision.numbers().take(1_000) {
            assert!(number <= revision.highest());
            assert!(pdf.entry_at(index, number).is_some());
        }
    }
    drop(pdf.page_count());
    drop(pdf.page(1));
});
