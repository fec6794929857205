//! Small changes, many of them: none may leave a valid verdict.

use verifier::Conclusion;

use crate::maker::{Revision, assert_valid, judge, reasons, signed};

#[test]
fn no_changed_byte_goes_unnoticed() {
    let original = signed();
    assert_valid(&original, "original");
    let mut document = original.clone();
    let mut unnoticed = Vec::new();
    for (position, byte) in original.iter().enumerate() {
        for change in [1, 0x20] {
            document[position] = byte ^ change;
            // A digit's case, and one blank instead of another, mean the same.
            let same = byte.is_ascii_hexdigit() && byte.eq_ignore_ascii_case(&document[position]);
            let report = judge(&document);
            if report.conclusion == Conclusion::Valid && !same {
                unnoticed.push((position, char::from(*byte), change, reasons(&report)));
            }
        }
        document[position] = *byte;
    }
    assert!(unnoticed.is_empty(), "{unnoticed:?}");
}

#[test]
fn no_cut_and_no_addition_goes_unnoticed() {
    let original = signed();
    for length in (0..original.len() - 1).step_by(7) {
        assert_ne!(
            judge(&original[..length]).conclusion,
            Conclusion::Valid,
            "cut at {length}"
        );
    }
    for added in [
        &b"x"[..],
        b"\n%%EOF\nx",
        b"1 0 obj",
        b"startxref",
        b"\nstartxref\n0\n%%EOF\n",
    ] {
        let document = [original.as_slice(), added].concat();
        let report = judge(&document);
        assert_ne!(
            report.conclusion,
            Conclusion::Valid,
            "{:?}",
            String::from_utf8_lossy(added)
        );
    }
}

/// A generator whose numbers are the same every time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

#[test]
fn no_changed_structure_goes_unnoticed() {
    let bodies = [
        "null",
        "<<>>",
        "[3 0 R]",
        "4",
        "(text)",
        "/Name",
        "<</Type/Page/Parent 2 0 R>>",
        "<</Type/Pages/Kids[]/Count 0>>",
        "<</Type/Catalog/Pages 2 0 R/AcroForm 6 0 R/Names<<>>>>",
        "<</Length 1>>\nstream\nx\nendstream",
        "<</Type/Annot/Subtype/Widget/FT/Tx/T(Name)/Rect[0 0 1 1]/V(x)>>",
        "<</Fields[]/SigFlags 3>>",
        "<</Type/Font/Subtype/Type1/BaseFont/Courier>>",
        "<</Type/ObjStm/N 0/First 0/Length 0>>\nstream\n\nendstream",
    ];
    let mut numbers = Numbers(42);
    for round in 0..400 {
        let mut update = Revision::on(&signed());
        let mut shown = String::new();
        for _ in 0..=numbers.below(2) {
            let number = u32::try_from(1 + numbers.below(14)).unwrap();
            let body = bodies[numbers.below(bodies.len())];
            shown.push_str(&format!("{number}: {body}; "));
            update.object(number, body);
        }
        let report = judge(&update.end());
        assert_ne!(
            report.conclusion,
            Conclusion::Valid,
            "round {round}: {shown}\n{}",
            reasons(&report)
        );
    }
}
