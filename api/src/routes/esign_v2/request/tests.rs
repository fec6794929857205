//! What callers are known to send, and what must not get through.

use secrecy::ExposeSecret;

use super::*;
use crate::limits::Budget;

const CAPS: Caps = Caps {
    file: 1000,
    files: 3,
};

fn read(text: &str) -> Result<Order, Problem> {
    super::read(
        text.as_bytes().to_vec(),
        Budget::new(1 << 20).lease(1).unwrap(),
        CAPS,
    )
}

fn request(files: &str, items: &str) -> String {
    format!(r#"{{"nik":"1","passphrase":"s3cret","file":{files},"signatureProperties":{items}}}"#)
}

const INVISIBLE: &str = r#"[{"tampilan":"invisible"}]"#;

#[test]
fn documents_are_decoded_where_they_lie_whatever_php_escaped() {
    let files = r#"["JVBERi0\/\/w==","JVBE\r\nRi0=","data:application\/pdf;base64,JVBERi0="]"#;
    let order = read(&request(files, INVISIBLE)).unwrap();
    assert_eq!(order.files[0], &b"%PDF-?\xff"[..]);
    assert_eq!(order.files[1], "%PDF-");
    assert_eq!(order.files[2], "%PDF-");
    let Proof::Passphrase(passphrase) = &order.proof else {
        panic!("a passphrase")
    };
    assert_eq!(passphrase.expose_secret(), "s3cret");
}

#[test]
fn secrets_do_not_travel_on_in_the_body() {
    let body = request(
        r#"["JVBERi0="]"#,
        r#"[{"tampilan":"INVISIBLE","pdfPassword":"p4ss"}]"#,
    )
    .into_bytes();
    let value = Value::read(&body).unwrap();
    let mut found: Vec<_> = secrets(&body, &value)
        .into_iter()
        .map(|range| &body[range])
        .collect();
    found.sort();
    assert_eq!(found, [b"p4ss".as_slice(), b"s3cret"]);
}

#[test]
fn visible_items_take_numbers_as_strings_and_the_word_null() {
    let item = r#"[{"tampilan":"Visible","imageBase64":"null","linkQR":"https://x","page":"1","originX":"10.5",
        "originY":20,"width":"100","height":50,"tag":"null","location":null,"reason":"r"}]"#;
    let order = read(&request(r#""JVBERi0=""#, item)).unwrap();
    let item = &order.items.of(0)[0];
    assert_eq!(
        (item.reason.as_deref(), item.location.as_deref()),
        (Some("r"), None)
    );
    let mark = item.mark.as_ref().unwrap();
    assert!(matches!(&mark.picture, Picture::Qr(text) if text == "https://x"));
    let Spot::Place(Place {
        at: Position::V2 { origin_x, .. },
        ..
    }) = mark.spot
    else {
        panic!("version 2")
    };
    assert_eq!(origin_x.to_bits(), 10.5f64.to_bits());
}

#[test]
fn invisible_ignores_stray_keys() {
    let item = r#"[{"tampilan":"INVISIBLE","originX":"nonsense","tag":"$","imageBase64":"!"}]"#;
    assert!(
        read(&request(r#"["JVBERi0="]"#, item)).unwrap().items.of(0)[0]
            .mark
            .is_none()
    );
}

#[test]
fn what_is_missing_or_malformed_is_named() {
    let missing = |text: &str| match read(text) {
        Err(Problem::Missing { field }) => field,
        other => panic!("{other:?}"),
    };
    assert_eq!(missing("{}"), "file");
    assert_eq!(missing(r#"{"file":[]}"#), "file");
    assert_eq!(
        missing(r#"{"file":["JVBERi0="],"nik":"","email":null}"#),
        "nik"
    );
    assert_eq!(missing(r#"{"file":["JVBERi0="],"nik":1}"#), "passphrase");
    assert_eq!(
        missing(r#"{"file":["JVBERi0="],"nik":1,"totp":123456}"#),
        "signatureProperties"
    );
    assert_eq!(missing(&request(r#"["JVBERi0="]"#, "[{}]")), "tampilan");
    assert_eq!(
        missing(&request(r#"["JVBERi0="]"#, r#"[{"tampilan":"VISIBLE"}]"#)),
        "imageBase64"
    );

    assert!(matches!(read("[not json"), Err(Problem::BadRequest)));
    assert!(matches!(
        read(&request("[1]", INVISIBLE)),
        Err(Problem::BadField { field: "file" })
    ));
    assert!(matches!(
        read(&request(r#"["JVBERi0=","%"]"#, INVISIBLE)),
        Err(Problem::File { index: 1, .. })
    ));
    assert!(matches!(
        read(&request(r#"["JVBERi0="]"#, "[7]")),
        Err(Problem::BadField { .. })
    ));
    let image = r#"[{"tampilan":"VISIBLE","imageBase64":"%","page":1,"originX":1,"originY":1,"width":1,"height":1}]"#;
    assert!(matches!(
        read(&request(r#"["JVBERi0="]"#, image)),
        Err(Problem::Image)
    ));
}

#[test]
fn a_marker_wins_over_coordinates_and_keeps_its_page() {
    for (keys, text, page, width) in [
        (r#""tag_koordinat":"$""#, "$", None, None),
        (
            r#""tag":"[qr_bsre]","page":"3","originX":"nonsense","width":"80.5""#,
            "[qr_bsre]",
            Some(PageChoice::Number(3)),
            Some(80.5),
        ),
        (r#""tag":"null","tag_koordinat":7"#, "7", None, None),
    ] {
        let item = format!(r#"[{{"tampilan":"VISIBLE","linkQR":"x",{keys}}}]"#);
        let order = read(&request(r#"["JVBERi0="]"#, &item)).unwrap();
        let Spot::Marker(marker) = &order.items.of(0)[0].mark.as_ref().unwrap().spot else {
            panic!("{keys}")
        };
        assert_eq!((&*marker.text, marker.page), (text, page));
        assert_eq!((marker.extent.width, marker.extent.height), (width, None));
    }
    let item = r#"[{"tampilan":"VISIBLE","linkQR":"x","tag":"$","page":"x"}]"#;
    assert!(matches!(
        read(&request(r#"["JVBERi0="]"#, item)),
        Err(Problem::BadField { field: "page" })
    ));
}

#[test]
fn caps_hold_for_files_and_their_number() {
    let large = format!("[\"{}\"]", "QUFB".repeat(400));
    assert!(matches!(
        read(&request(&large, INVISIBLE)),
        Err(Problem::TooLarge)
    ));
    let many = format!("[{}]", ["\"JVBERi0=\""; 4].join(","));
    assert!(matches!(
        read(&request(&many, INVISIBLE)),
        Err(Problem::TooLarge)
    ));
}
