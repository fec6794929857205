//! Signers in memory, and small documents written by hand, signed, and changed afterwards.

use std::fmt::Write as _;
use std::sync::OnceLock;
use std::time::Instant;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use jiff::Timestamp;
use signer::cms::Template;
use signer::cms::algorithm::{DigestAlgorithm, SignatureAlgorithm};
use signer::hsm;
use signer::key::{PublicKey, Signature, Signing, SigningKey};
use signer::x509::issue::{self, Issuer, Profile, Publication, Subject, Validity};
use signer::x509::{Certificate, Chain};
use verifier::{Anchor, Conclusion, NoEvidence, Policy, Report, Trust};

const ALGORITHM: SignatureAlgorithm = SignatureAlgorithm::EcdsaP256Sha256;

pub(crate) struct Key {
    pair: EcdsaKeyPair,
    public: PublicKey,
}

impl Key {
    fn generate() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let spki: aws_lc_rs::encoding::PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        let public = PublicKey::from_spki(spki.as_ref()).unwrap();
        Self { pair, public }
    }

    pub(crate) fn signature(&self, message: &[u8]) -> Signature {
        let raw = self.pair.sign(&SystemRandom::new(), message).unwrap();
        Signature::check(raw.as_ref().to_vec(), &self.public, ALGORITHM, message).unwrap()
    }
}

impl SigningKey for Key {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        ALGORITHM
    }

    fn sign(&self, message: Vec<u8>, _deadline: Instant) -> Signing {
        let signature = self.signature(&message);
        Box::pin(std::future::ready(Ok::<_, hsm::Error>(signature)))
    }
}

pub(crate) struct Person {
    pub(crate) key: Key,
    pub(crate) chain: Chain,
    template: Template,
    root: Vec<u8>,
}

fn now<T>(future: impl Future<Output = T>) -> T {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("not ready"),
    }
}

pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

impl Person {
    fn new() -> Self {
        let deadline = Instant::now();
        let validity =
            Validity::new(time("2025-01-01T00:00:00Z"), time("2035-01-01T00:00:00Z")).unwrap();
        let (root_key, key) = (Key::generate(), Key::generate());
        let root: Certificate = now(issue::root(
            &Subject::named("Test Root"),
            &root_key,
            &validity,
            deadline,
        ))
        .unwrap();
        let publication = Publication::default();
        let issuer = Issuer::new(&root, &root_key, &publication).unwrap();
        let subject = Subject::named("Siti Contoh");
        let leaf = now(issue::end_entity(
            &Profile::Signer,
            &subject,
            &key.public,
            &issuer,
            &validity,
            deadline,
        ))
        .unwrap();
        let root_der = root.as_der().to_vec();
        let chain = Chain::new(vec![leaf, root]).unwrap();
        let template = Template::new(&chain, ALGORITHM).unwrap();
        Self {
            key,
            chain,
            template,
            root: root_der,
        }
    }

    /// The CMS over some content.
    pub(crate) fn cms(&self, content: &[u8]) -> Vec<u8> {
        let digest = DigestAlgorithm::Sha256.digest(content);
        let attributes = self.template.signed_attributes(&digest).unwrap();
        let signature = self.key.signature(attributes.as_der());
        self.template
            .assemble(&attributes, &signature, Vec::new())
            .unwrap()
    }
}

/// The same person throughout.
pub(crate) fn person() -> &'static Person {
    static PERSON: OnceLock<Person> = OnceLock::new();
    PERSON.get_or_init(Person::new)
}

pub(crate) fn judge(document: &[u8]) -> Report {
    let anchor = Anchor::from_der(&person().root, Trust::ALL).unwrap();
    let policy = Policy::new(vec![anchor], time("2026-06-01T00:00:00Z"));
    verifier::verify(document, &policy, &NoEvidence)
}

/// What speaks against a report, for messages.
pub(crate) fn reasons(report: &Report) -> String {
    let mut text = String::new();
    let all = report
        .signatures
        .iter()
        .flat_map(|one| &one.findings)
        .chain(&report.findings);
    for finding in all {
        if !matches!(finding.outcome, verifier::Outcome::Passed) {
            writeln!(
                text,
                "{} {:?}: {}",
                finding.check.name(),
                finding.outcome,
                finding.detail
            )
            .unwrap();
        }
    }
    text
}

pub(crate) fn assert_valid(document: &[u8], what: &str) {
    let report = judge(document);
    assert_eq!(
        report.conclusion,
        Conclusion::Valid,
        "{what}\n{}",
        reasons(&report)
    );
}

pub(crate) fn assert_refused(document: &[u8], what: &str) {
    let report = judge(document);
    assert_ne!(
        report.conclusion,
        Conclusion::Valid,
        "{what}\n{}",
        reasons(&report)
    );
    let said = report
        .findings
        .iter()
        .chain(report.signatures.iter().flat_map(|one| &one.findings));
    let said = said.filter(|finding| {
        !matches!(
            finding.outcome,
            verifier::Outcome::Passed | verifier::Outcome::Noted
        )
    });
    assert!(said.count() > 0, "{what}: no finding names it");
}

/// A revision that is being written.
#[derive(Clone, Debug)]
pub(crate) struct Revision {
    pub(crate) bytes: Vec<u8>,
    entries: Vec<(u32, Option<usize>)>,
    previous: Option<usize>,
    size: u32,
    pub(crate) trailer: String,
}

impl Revision {
    pub(crate) fn first() -> Self {
        Self {
            bytes: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec(),
            entries: vec![(0, None)],
            previous: None,
            size: 1,
            trailer: String::new(),
        }
    }

    pub(crate) fn on(document: &[u8]) -> Self {
        let text = String::from_utf8_lossy(document).into_owned();
        let number = |from: &str| -> usize {
            let at = text.rfind(from).unwrap() + from.len();
            text[at..]
                .trim_start()
                .chars()
                .take_while(char::is_ascii_digit)
                .collect::<String>()
                .parse()
                .unwrap()
        };
        Self {
            bytes: document.to_vec(),
            entries: Vec::new(),
            previous: Some(number("startxref")),
            size: u32::try_from(number("/Size")).unwrap(),
            trailer: String::new(),
        }
    }

    pub(crate) fn object(&mut self, number: u32, body: &str) -> &mut Self {
        self.entries.push((number, Some(self.bytes.len())));
        self.size = self.size.max(number + 1);
        self.bytes
            .extend(format!("{number} 0 obj\n{body}\nendobj\n").bytes());
        self
    }

    pub(crate) fn stream(&mut self, number: u32, keys: &str, data: &str) -> &mut Self {
        self.object(
            number,
            &format!(
                "<<{keys}/Length {}>>\nstream\n{data}\nendstream",
                data.len()
            ),
        )
    }

    pub(crate) fn free(&mut self, number: u32) -> &mut Self {
        self.entries.push((number, None));
        self
    }

    pub(crate) fn end(&mut self) -> Vec<u8> {
        let start = self.bytes.len();
        let mut text = String::from("xref\n");
        if self.entries.is_empty() {
            text.push_str("0 0\n");
        }
        self.entries.sort_unstable();
        for (number, offset) in &self.entries {
            match offset {
                Some(offset) => write!(text, "{number} 1\n{offset:010} 00000 n \n").unwrap(),
                None => write!(text, "{number} 1\n0000000000 65535 f \n").unwrap(),
            }
        }
        let previous = self
            .previous
            .map(|at| format!("/Prev {at}"))
            .unwrap_or_default();
        write!(
            text,
            "trailer\n<</Size {}/Root 1 0 R/ID[<0102><0304>]{previous}{}>>\nstartxref\n{start}\n%%EOF\n",
            self.size, self.trailer
        )
        .unwrap();
        self.bytes.extend(text.bytes());
        self.bytes.clone()
    }
}

const ROOM: usize = 1200;
const RANGE: &str = "/ByteRange[0 ********** ********** **********]";

/// A signature dictionary to be filled in.
pub(crate) fn placeholder(keys: &str) -> String {
    format!(
        "<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached{keys}{RANGE}/Contents<{}>>>",
        "0".repeat(2 * ROOM)
    )
}

/// Fills in the placeholder.
pub(crate) fn sign(mut document: Vec<u8>) -> Vec<u8> {
    let find = |document: &[u8], what: &[u8]| {
        document
            .windows(what.len())
            .rposition(|window| window == what)
            .unwrap()
    };
    let range = find(&document, RANGE.as_bytes());
    let start = range + RANGE.len() + "/Contents".len();
    let end = start + 2 * ROOM + 2;
    let text = format!(
        "/ByteRange[0 {start:<10} {end:<10} {:<10}]",
        document.len() - end
    );
    document[range..range + RANGE.len()].copy_from_slice(text.as_bytes());
    let content = [&document[..start], &document[end..]].concat();
    let cms = person().cms(&content);
    assert!(cms.len() <= ROOM, "{}", cms.len());
    for (index, byte) in cms.iter().enumerate() {
        let at = start + 1 + 2 * index;
        document[at..at + 2].copy_from_slice(format!("{byte:02x}").as_bytes());
    }
    document
}

pub(crate) fn appearance(text: &str) -> String {
    format!("/Tx BMC q BT /Helv 12 Tf 2 4 Td ({text}) Tj ET Q EMC")
}

pub(crate) const FORM: &str =
    "/Type/XObject/Subtype/Form/BBox[0 0 200 20]/Resources<</Font<</Helv 5 0 R>>>>";

/// A form before it is signed: catalog 1, pages 2, page 3, its content 4, font 5, form 6, text field 7 with the
/// appearance 10, signature field 8 with the value 11, an empty visible signature field 9, a check box 12.
pub(crate) fn form(signature_keys: &str, catalog_keys: &str) -> Vec<u8> {
    let mut first = Revision::first();
    first
        .object(1, &format!("<</Type/Catalog/Pages 2 0 R/AcroForm 6 0 R{catalog_keys}>>"))
        .object(2, "<</Type/Pages/Kids[3 0 R]/Count 1>>")
        .object(
            3,
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</Helv 5 0 R>>>>\
             /Annots[7 0 R 8 0 R 9 0 R 12 0 R]>>",
        )
        .stream(4, "", "BT /Helv 24 Tf 72 700 Td (Pay 100) Tj ET")
        .object(5, "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>")
        .object(6, "<</Fields[7 0 R 8 0 R 9 0 R 12 0 R]/SigFlags 3/DR<</Font<</Helv 5 0 R>>>>/DA(/Helv 0 Tf 0 g)>>")
        .object(7, &text_field("old", "10 0 R"))
        .object(8, "<</Type/Annot/Subtype/Widget/FT/Sig/T(Sig1)/F 132/Rect[0 0 0 0]/P 3 0 R/V 11 0 R>>")
        .object(9, "<</Type/Annot/Subtype/Widget/FT/Sig/T(Sig2)/F 132/Rect[300 100 500 150]/P 3 0 R>>")
        .stream(10, FORM, &appearance("old"))
        .object(11, &placeholder(signature_keys))
        .object(
            12,
            "<</Type/Annot/Subtype/Widget/FT/Btn/T(Agree)/F 4/Rect[72 600 90 618]/P 3 0 R/V/Off/AS/Off\
             /AP<</N<</Yes 13 0 R/Off 14 0 R>>>>>>",
        )
        .stream(13, FORM, "0 0 m 18 18 l S")
        .stream(14, FORM, "");
    first.end()
}

pub(crate) fn text_field(value: &str, appearance: &str) -> String {
    format!(
        "<</Type/Annot/Subtype/Widget/FT/Tx/T(Name)/F 4/Rect[72 500 272 520]/P 3 0 R/DA(/Helv 12 Tf 0 g)\
         /V({value})/AP<</N {appearance}>>>>"
    )
}

/// A signed form that says nothing about changes.
pub(crate) fn signed() -> Vec<u8> {
    static SIGNED: OnceLock<Vec<u8>> = OnceLock::new();
    SIGNED.get_or_init(|| sign(form("", ""))).clone()
}

/// A certified form.
pub(crate) fn certified(permitted: u8) -> Vec<u8> {
    static CERTIFIED: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    let all = CERTIFIED.get_or_init(|| {
        (1..=3)
            .map(|permitted| {
                let reference = format!(
                    "/Reference[<</Type/SigRef/TransformMethod/DocMDP/TransformParams<</Type/TransformParams\
                     /V/1.2/P {permitted}>>>>]"
                );
                sign(form(&reference, "/Perms<</DocMDP 11 0 R>>"))
            })
            .collect()
    });
    all[usize::from(permitted) - 1].clone()
}
