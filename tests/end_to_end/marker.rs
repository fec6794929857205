//! Marks where a marker stands in the text (contract, sections 1, 2 and 4).

use reqwest::multipart::Form;
use segeld_tests::{
    client::{encode, file, png_part},
    document::Document,
    picture::{Area, Rendering, png},
};
use serde_json::{Value, json};

use crate::people::{client, ec, judges, rsa};

/// Text on each page, its middle 300 points from the left and 242 from the top.
const MARKED: &str = "BT /F 20 Tf 294.4 594 Td (#) Tj ET BT /F 20 Tf 100 300 Td (\\$) Tj 5 0 Td ({ttd) Tj 42 0 Td (_1}) Tj ET";

fn form(pdf: &[u8], marker: &str) -> Form {
    file(pdf)
        .text("nik", ec().nik)
        .text("passphrase", ec().passphrase)
        .text("tampilan", "visible")
        .text("tag_koordinat", marker.to_owned())
}

fn order(pdf: &[u8], items: &[Value]) -> Value {
    json!({ "nik": rsa().nik, "passphrase": rsa().passphrase, "file": [encode(pdf)], "signatureProperties": items })
}

/// Where each page changed.
fn marks(before: &[u8], after: &[u8], pages: usize) -> Vec<Option<Area>> {
    let changed = |page| {
        let (before, after) = (
            Rendering::of(before, page, None).unwrap(),
            Rendering::of(after, page, None).unwrap(),
        );
        before.difference(&after).unwrap()
    };
    (1..=pages).map(changed).collect()
}

/// A box around the middle of the marker.
fn around(x: usize, y: usize, width: usize, height: usize) -> Area {
    Area {
        x: x - width / 2,
        y: y - height / 2,
        width,
        height,
    }
}

#[tokio::test]
async fn version_1_centres_a_mark_on_the_first_marker_whatever_coordinates_say() {
    let document = Document::new().pages(2).content(MARKED).build();
    let sized = form(&document, "#")
        .text("image", "true")
        .part("imageTTD", png_part(&png(200, 100)))
        .text("xAxis", "5000")
        .text("page", "2")
        .text("width", "160")
        .text("height", "80");
    // Without a size a picture is 100 points wide.
    let plain = form(&document, "#").part("imageTTD", png_part(&png(200, 100)));
    for (form, due) in [
        (sized, around(300, 242, 160, 80)),
        (plain, around(300, 242, 100, 50)),
    ] {
        let signed = client().sign_v1(form).await.pdf();
        judges().approve(&document, &signed);
        let found = marks(&document, &signed, 2);
        assert!(found[0].is_some_and(|area| area.is_near(&due)), "{found:?}");
        assert_eq!(found[1], None);
    }
}

#[tokio::test]
async fn version_2_keeps_to_its_page_and_finds_text_in_pieces() {
    let document = Document::new().pages(3).content(MARKED).build();
    for (keys, page, due) in [
        (
            json!({ "tag": "#", "page": 2 }),
            2,
            around(300, 242, 100, 100),
        ),
        (
            json!({ "tag_koordinat": "#" }),
            1,
            around(300, 242, 100, 100),
        ),
        (json!({ "tag": "Halaman 3" }), 3, around(88, 138, 100, 100)),
        (
            json!({ "tag": "${ttd_1}", "page": "3", "width": 60, "height": "40" }),
            3,
            around(133, 536, 60, 40),
        ),
    ] {
        let mut item = json!({ "tampilan": "VISIBLE", "linkQR": "https://example.go.id/d/1" });
        item.as_object_mut()
            .unwrap()
            .extend(keys.as_object().unwrap().clone());
        let signed = client()
            .sign_v2(&order(&document, &[item]))
            .await
            .files()
            .remove(0);
        judges().approve(&document, &signed);
        for (at, area) in marks(&document, &signed, 3).into_iter().enumerate() {
            if at + 1 == page {
                assert!(
                    area.is_some_and(|area| area.is_within(&due) && area.width > 25),
                    "{keys}: {area:?}"
                );
            } else {
                assert_eq!(area, None, "{keys}: page {}", at + 1);
            }
        }
    }
}

/// Markers and coordinates side by side, one revision for all, and the picture they share written once.
#[tokio::test]
async fn several_places_of_one_file_share_their_picture() {
    let document = Document::new().pages(2).content(MARKED).build();
    let picture = encode(&png(200, 100));
    let shared = |keys: Value| {
        let mut item = json!({ "tampilan": "VISIBLE", "imageBase64": picture });
        item.as_object_mut()
            .unwrap()
            .extend(keys.as_object().unwrap().clone());
        item
    };
    let items = [
        shared(json!({ "page": 1, "originX": 50, "originY": 600, "width": 100, "height": 50 })),
        shared(json!({ "tag": "#", "page": 2 })),
        shared(json!({ "tag_koordinat": "#" })),
    ];
    let signed = client()
        .sign_v2(&order(&document, &items))
        .await
        .files()
        .remove(0);
    judges().approve(&document, &signed);
    let revision = String::from_utf8_lossy(&signed[document.len()..]).into_owned();
    let count = |text: &str| revision.matches(text).count();
    // The picture and its mask, a form for each place; one field.
    assert_eq!(
        [
            count("/Subtype/Image"),
            count("/Subtype/Form"),
            count("/FT/Sig"),
            count("/Subtype/Stamp")
        ],
        [2, 3, 1, 2],
        "{revision}"
    );
    let found = marks(&document, &signed, 2);
    assert!(found[1].is_some_and(|area| area.is_near(&around(300, 242, 100, 50))));
    // Both marks of the first page.
    let both = Area {
        x: 50,
        y: 217,
        width: 300,
        height: 433,
    };
    assert!(
        found[0].is_some_and(|area| area.is_near(&both)),
        "{found:?}"
    );
}

#[tokio::test]
async fn markers_that_cannot_be_found_are_refused_with_the_reason() {
    let document = Document::new().content(MARKED).build();
    let code = |form: Form| form.text("linkQR", "x");
    client()
        .sign_v1(code(form(&document, "tidak ada")))
        .await
        .refused(400, 4017);
    let item = json!({ "tampilan": "VISIBLE", "linkQR": "x", "tag": "#", "page": 2 });
    client()
        .sign_v2(&order(&document, &[item]))
        .await
        .refused(400, 4018);
    client()
        .sign_v1(code(form(&document, &"#".repeat(2_000))))
        .await
        .refused(400, 4015);
    // A font with nothing that leads from its codes to characters.
    let blind = "<</Type/Font/Subtype/Type0/BaseFont/X/Encoding/Identity-H/DescendantFonts[<</Type/Font/Subtype/CIDFontType2/BaseFont/X/DW 500/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>>>]>>";
    let blind = Document::new().font(blind).build();
    let answer = client().sign_v1(code(form(&blind, "#"))).await;
    answer.refused(400, 4017);
    assert!(answer.text().contains("Unicode"), "{}", answer.text());
    // A string of more glyphs than a page may show.
    let endless = format!("BT /F 1 Tf ({}) Tj ET", "a".repeat(1_000_000));
    let endless = Document::new().content(&endless).build();
    let answer = client().sign_v1(code(form(&endless, "#"))).await;
    answer.refused(400, 4016);
    assert!(answer.text().contains("Tag koordinat"), "{}", answer.text());
}
