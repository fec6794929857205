//! PDF/A-1b stays PDF/A-1b by the verdict of PDFBox Preflight. Java is large, so this runs with `make corpus` alone.

use std::path::Path;

use segeld_tests::{client::encode, judge::preflight, picture::png};
use serde_json::{Value, json};

use crate::people::{client, ec, judges};

/// A sound PDF/A-1b with nothing on its page: no fonts to embed, no colours to explain.
fn archive() -> Vec<u8> {
    let xmp = "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\
        <x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\
        <rdf:Description rdf:about=\"\" xmlns:pdfaid=\"http://www.aiim.org/pdfa/ns/id/\">\
        <pdfaid:part>1</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>\
        </rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end=\"w\"?>";
    let metadata = format!(
        "<</Type/Metadata/Subtype/XML/Length {}>>\nstream\n{xmp}\nendstream",
        xmp.len()
    );
    let objects = [
        "<</Type/Catalog/Pages 2 0 R/Metadata 4 0 R>>",
        "<</Type/Pages/Count 2/Kids[3 0 R 5 0 R]>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<<>>>>",
        &metadata,
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Rotate 90/Resources<<>>>>",
    ];
    let mut file = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (number, body) in (1..).zip(objects) {
        table += &format!("{:010} 00000 n \n", file.len());
        file.extend_from_slice(format!("{number} 0 obj\n{body}\nendobj\n").as_bytes());
    }
    let start = file.len();
    table += &format!(
        "trailer\n<</Size {}/Root 1 0 R/ID[<00112233445566778899aabbccddeeff><00112233445566778899aabbccddeeff>]>>\nstartxref\n{start}\n%%EOF\n",
        objects.len() + 1
    );
    file.extend_from_slice(table.as_bytes());
    file
}

/// The archive made here, and those of the corpus that Preflight accepts as they are.
fn archives() -> Vec<(String, Vec<u8>)> {
    let mut archives = vec![("own".to_owned(), archive())];
    match std::env::var_os("SEGELD_CORPUS").map(|corpus| Path::new(&corpus).join("pdfa")) {
        Some(folder) if folder.is_dir() => {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                archives.push((path.display().to_string(), std::fs::read(&path).unwrap()));
            }
        }
        _ => eprintln!("no corpus in SEGELD_CORPUS: judged without"),
    }
    let documents: Vec<&[u8]> = archives.iter().map(|(_, bytes)| bytes.as_slice()).collect();
    let verdicts = preflight::judge(&documents);
    assert_eq!(verdicts[0], None);
    let accepted = archives.into_iter().zip(verdicts);
    accepted
        .filter_map(|(archive, verdict)| verdict.is_none().then_some(archive))
        .collect()
}

/// Invisible; every kind of mark, alone and together, with a caption in an embedded font.
fn orders() -> Vec<(&'static str, Value)> {
    let place = |y: u32, more: Value| {
        let mut item = json!({ "tampilan": "VISIBLE", "page": 1, "originX": 30, "originY": y, "width": 160, "height": 70 });
        item.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        item
    };
    // Its pixels have alpha.
    let picture = json!({ "imageBase64": encode(&png(200, 100)), "text": "Kepala Dinas" });
    let code = json!({ "linkQR": "https://example.go.id/d/1" });
    let caption = json!({ "text": "ꦱꦸꦫꦏꦂꦠ, 20 November" });
    vec![
        (
            "invisible",
            json!([{ "tampilan": "INVISIBLE", "reason": "Persetujuan" }]),
        ),
        ("picture", json!([place(20, picture.clone())])),
        ("code", json!([place(20, code.clone())])),
        (
            "several",
            json!([
                place(20, caption),
                place(120, code),
                place(220, picture.clone()),
                place(320, picture)
            ]),
        ),
    ]
}

#[tokio::test]
#[ignore = "needs Java and libpdfbox2-java: make corpus"]
async fn what_preflight_accepts_it_accepts_signed() {
    assert_eq!(
        preflight::missing(),
        None,
        "`scripts/set-up corpus` installs it"
    );
    let mut signed = Vec::new();
    for (name, document) in archives() {
        for (kind, items) in orders() {
            let order = json!({ "nik": ec().nik, "passphrase": ec().passphrase, "file": [encode(&document)], "signatureProperties": items });
            let once = client().sign_v2(&order).await.files().remove(0);
            judges().approve(&document, &once);
            signed.push((format!("{name}: {kind}"), once));
        }
    }
    let documents: Vec<&[u8]> = signed.iter().map(|(_, bytes)| bytes.as_slice()).collect();
    let refused: Vec<String> = preflight::judge(&documents)
        .into_iter()
        .zip(&signed)
        .filter_map(|(verdict, (name, _))| Some(format!("{name}: {}", verdict?)))
        .collect();
    assert!(refused.is_empty(), "{refused:#?}");
    eprintln!("{} signed documents are PDF/A-1b", signed.len());
}
