//! Marks where the contract puts them, measured on the page as poppler shows it.

use reqwest::multipart::Form;
use segeld_tests::{
    client::{encode, file, png_part},
    document::Document,
    picture::{Area, Rendering, png},
};
use serde_json::{Value, json};

use crate::people::{Person, client, ec, judges, rsa};

fn visible(pdf: &[u8], person: Person) -> Form {
    file(pdf)
        .text("nik", person.nik)
        .text("passphrase", person.passphrase)
        .text("tampilan", "visible")
}

fn boxed(form: Form, page: &str, x: &str, y: &str, width: &str, height: &str) -> Form {
    let fields = [
        ("page", page),
        ("xAxis", x),
        ("yAxis", y),
        ("width", width),
        ("height", height),
    ];
    fields.into_iter().fold(form, |form, (name, value)| {
        form.text(name, value.to_owned())
    })
}

/// Where the page changed.
fn mark(before: &[u8], after: &[u8], page: usize) -> Option<Area> {
    let (before, after) = (
        Rendering::of(before, page, None).unwrap(),
        Rendering::of(after, page, None).unwrap(),
    );
    before.difference(&after).unwrap()
}

#[tokio::test]
async fn version_1_draws_a_picture_from_the_lower_left() {
    let document = Document::new().pages(2).build();
    let form = visible(&document, rsa())
        .text("image", "true")
        .part("imageTTD", png_part(&png(200, 100)));
    let signed = client()
        .sign_v1(boxed(form, "2", "100", "200", "160", "80"))
        .await
        .pdf();
    judges().approve(&document, &signed);
    let area = mark(&document, &signed, 2).expect("a mark");
    assert!(
        area.is_near(&Area {
            x: 100,
            y: 842 - 200 - 80,
            width: 160,
            height: 80
        }),
        "{area:?}"
    );
    assert_eq!(mark(&document, &signed, 1), None);
}

#[tokio::test]
async fn version_1_draws_a_code_inside_its_box() {
    let document = Document::new().build();
    for form in [
        visible(&document, ec())
            .text("image", "false")
            .text("linkQR", "https://example.go.id/d/1"),
        visible(&document, ec()).text("linkQR", "https://example.go.id/d/1"),
    ] {
        let signed = client()
            .sign_v1(boxed(form, "1", "300.5", "100", "90", "90"))
            .await
            .pdf();
        judges().approve(&document, &signed);
        let area = mark(&document, &signed, 1).expect("a mark");
        let due = Area {
            x: 300,
            y: 842 - 100 - 90,
            width: 91,
            height: 90,
        };
        assert!(
            area.is_within(&due) && area.width > 60 && area.height > 60,
            "{area:?}"
        );
    }
}

#[tokio::test]
async fn version_1_reads_width_and_height_as_a_corner_where_only_that_fits() {
    let document = Document::new().build();
    let form = visible(&document, ec())
        .text("image", "true")
        .part("imageTTD", png_part(&png(100, 100)));
    let signed = client()
        .sign_v1(boxed(form, "1", "400", "600", "500", "700"))
        .await
        .pdf();
    let area = mark(&document, &signed, 1).expect("a mark");
    assert!(
        area.is_near(&Area {
            x: 400,
            y: 842 - 700,
            width: 100,
            height: 100
        }),
        "{area:?}"
    );
}

#[tokio::test]
async fn version_1_knows_first_and_last_page() {
    let document = Document::new().pages(3).build();
    for (name, page) in [("pertama", 1), ("TERAKHIR", 3)] {
        let form = visible(&document, ec())
            .text("linkQR", "x")
            .text("halaman", name);
        let fields = [
            ("xAxis", "50"),
            ("yAxis", "50"),
            ("width", "80"),
            ("height", "80"),
        ];
        let form = fields
            .into_iter()
            .fold(form, |form, (name, value)| form.text(name, value));
        let signed = client().sign_v1(form).await.pdf();
        judges().approve(&document, &signed);
        for other in 1..=3 {
            assert_eq!(
                mark(&document, &signed, other).is_some(),
                other == page,
                "{name}: page {other}"
            );
        }
    }
}

fn item(person: Person, pdf: &[u8], properties: &Value) -> Value {
    json!({ "nik": person.nik, "passphrase": person.passphrase, "file": [encode(pdf)], "signatureProperties": [properties] })
}

#[tokio::test]
async fn version_2_measures_from_the_upper_left() {
    let document = Document::new().build();
    let picture = item(
        rsa(),
        &document,
        &json!({ "tampilan": "visible", "imageBase64": encode(&png(200, 100)), "page": 1, "originX": "50", "originY": 60.5, "width": 160, "height": "80" }),
    );
    let signed = client().sign_v2(&picture).await.files().remove(0);
    judges().approve(&document, &signed);
    let area = mark(&document, &signed, 1).expect("a mark");
    assert!(
        area.is_near(&Area {
            x: 50,
            y: 60,
            width: 160,
            height: 80
        }),
        "{area:?}"
    );

    let code = json!({ "tampilan": "VISIBLE", "linkQR": "https://example.go.id", "page": 1, "originX": 400, "originY": 700, "width": 100, "height": 100 });
    let signed = client()
        .sign_v2(&item(ec(), &document, &code))
        .await
        .files()
        .remove(0);
    judges().approve(&document, &signed);
    let area = mark(&document, &signed, 1).expect("a mark");
    assert!(
        area.is_within(&Area {
            x: 400,
            y: 700,
            width: 100,
            height: 100
        }),
        "{area:?}"
    );
}

/// The page as a reader shows it is what coordinates mean, and marks stand upright on it.
#[tokio::test]
async fn turned_cut_and_shifted_pages_are_measured_as_shown() {
    for page in [
        "/MediaBox [0 0 595 842] /Rotate 90",
        "/MediaBox [0 0 595 842] /Rotate 180",
        "/MediaBox [0 0 595 842] /Rotate -90",
        "/MediaBox [-100 50 495 892]",
        "/MediaBox [0 0 595 842] /CropBox [50 60 550 800]",
        "/MediaBox [0 0 595 842] /CropBox [50 60 550 800] /Rotate 270",
    ] {
        let document = Document::new().page(page).build();
        let properties = json!({ "tampilan": "VISIBLE", "imageBase64": encode(&png(240, 60)), "page": 1, "originX": 120, "originY": 90, "width": 240, "height": 60 });
        let signed = client()
            .sign_v2(&item(ec(), &document, &properties))
            .await
            .files()
            .remove(0);
        judges().approve(&document, &signed);
        let area = mark(&document, &signed, 1).expect("a mark");
        assert!(
            area.is_near(&Area {
                x: 120,
                y: 90,
                width: 240,
                height: 60
            }),
            "{page}: {area:?}"
        );
    }
}

#[tokio::test]
async fn a_picture_wins_over_a_code() {
    let document = Document::new().build();
    let form = visible(&document, ec())
        .text("image", "true")
        .text("linkQR", "x")
        .part("imageTTD", png_part(&png(100, 100)));
    let signed = client()
        .sign_v1(boxed(form, "1", "100", "100", "100", "100"))
        .await
        .pdf();
    let rendering = Rendering::of(&signed, 1, None).unwrap();
    // The picture is a frame around nothing; a code would be dark somewhere in the middle.
    let dark = (140..160)
        .flat_map(|x| (682..702).map(move |y| (x, y)))
        .any(|(x, y)| rendering.is_dark(x, y));
    assert!(!dark && rendering.is_dark(103, 842 - 150));
}

#[tokio::test]
async fn boxes_outside_the_page_and_bad_pictures_are_refused() {
    let document = Document::new().build();
    let qr = || visible(&document, ec()).text("linkQR", "x");
    client()
        .sign_v1(boxed(qr(), "1", "580", "100", "80", "80"))
        .await
        .refused(400, 4018);
    client()
        .sign_v1(boxed(qr(), "2", "100", "100", "80", "80"))
        .await
        .refused(400, 4018);
    client()
        .sign_v1(boxed(qr(), "1", "abc", "100", "80", "80"))
        .await
        .refused(400, 4015);
    let bad = || visible(&document, ec()).text("image", "true");
    client()
        .sign_v1(boxed(
            bad().part("imageTTD", png_part(b"no picture")),
            "1",
            "10",
            "10",
            "80",
            "80",
        ))
        .await
        .refused(400, 4019);
    client()
        .sign_v1(boxed(
            bad().part("imageTTD", png_part(&png(50, 50)[..60])),
            "1",
            "10",
            "10",
            "80",
            "80",
        ))
        .await
        .refused(400, 4019);
    client()
        .sign_v1(boxed(bad(), "1", "10", "10", "80", "80"))
        .await
        .refused(400, 4014);
    let properties = json!({ "tampilan": "VISIBLE", "imageBase64": "%%%", "page": 1, "originX": 1, "originY": 1, "width": 9, "height": 9 });
    let answer = client().sign_v2(&item(ec(), &document, &properties)).await;
    assert_eq!(answer.status, 400);
    assert!(
        [4015, 4019]
            .map(|code| json!(code))
            .contains(&answer.json()["status_code"]),
        "{}",
        answer.text()
    );
}
