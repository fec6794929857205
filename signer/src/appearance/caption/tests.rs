use super::*;

fn lines(text: &str, width: f64, height: f64) -> (f64, Vec<String>) {
    let caption = Caption::new(text).unwrap();
    let layout = lines::fit(&caption.paragraphs, &caption.fonts, width, height).unwrap();
    let read = |line: &lines::Line<'_>| line.pieces.iter().map(lines::Piece::text).collect();
    (layout.size, layout.lines.iter().map(read).collect())
}

#[test]
fn lines_break_at_spaces_and_where_the_caller_broke_them() {
    let (size, read) = lines("Kepala Dinas\n\nKota  Surakarta", 80.0, 100.0);
    assert_eq!(read, ["Kepala Dinas", "", "Kota", "Surakarta"]);
    assert!((size - 12.0).abs() < 1e-9);
}

#[test]
fn text_shrinks_before_words_are_cut() {
    let (size, read) = lines("Pemerintahan", 40.0, 40.0);
    assert_eq!(read, ["Pemerintahan"]);
    assert!(size < 12.0 && size > 5.0);
    let long = "https://tte.example.go.id/verifikasi/0123456789abcdef0123456789abcdef";
    let (size, read) = lines(long, 60.0, 60.0);
    assert!(read.len() > 1 && size >= 5.0);
    assert_eq!(read.concat(), long);
}

#[test]
fn scripts_without_spaces_are_wrapped_between_clusters() {
    let text = "ꦱꦸꦫꦏꦂꦠꦲꦢꦶꦤꦶꦁꦫꦠ꧀".repeat(6);
    let (size, read) = lines(&text, 100.0, 100.0);
    assert!(read.len() > 2 && size > 4.0, "{size} {read:?}");
    assert_eq!(read.concat(), text);
    for line in &read[1..] {
        let first = line.chars().next().unwrap();
        assert_eq!(harfrust::unicode::combining_class(first.into()), 0);
        assert!(
            !('\u{A9B3}'..='\u{A9C0}').contains(&first),
            "a line starts with a dependent sign"
        );
    }
}

#[test]
fn right_to_left_text_is_ordered_for_drawing() {
    let (_, read) = lines("السلام عليكم 123 abc", 500.0, 50.0);
    assert_eq!(read, ["abc 123 عليكم السلام"]);
}

#[test]
fn what_cannot_be_drawn_is_replaced_or_left_out() {
    assert_eq!(
        lines("A\u{202E}B\u{7}\tC漢\u{FEFF}", 500.0, 50.0).1,
        ["AB C\u{FFFD}"]
    );
    for nothing in ["", "\n\n", " ", "\u{200B}"] {
        let (_, read) = lines(nothing, 100.0, 100.0);
        assert!(read.iter().all(String::is_empty), "{read:?}");
    }
}

#[test]
fn hostile_text_ends_in_a_drawing_or_a_refusal() {
    assert_eq!(
        Caption::new(&"x".repeat(1001)).unwrap_err(),
        Error::CaptionTooLong
    );
    for text in [
        "\u{301}".repeat(1000),
        "ꦏ꧀".repeat(500),
        "ش\u{200D}".repeat(500),
        "\u{10FFFF}".repeat(1000),
        "\n".repeat(999) + "x",
    ] {
        let caption = Caption::new(&text).unwrap();
        for (width, height) in [(1.0, 1.0), (100.0, 100.0), (10_000.0, 1.0)] {
            let _layout_or_refusal = lines::fit(&caption.paragraphs, &caption.fonts, width, height);
        }
    }
    let caption = Caption::new("Kepala Dinas Komunikasi").unwrap();
    assert_eq!(
        lines::fit(&caption.paragraphs, &caption.fonts, 3.0, 3.0).unwrap_err(),
        Error::CaptionTooLong
    );
}
