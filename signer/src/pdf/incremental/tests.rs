use lopdf::Stream;

use super::*;
use crate::pdf::crypt::tests::{sample as encrypted_sample, states};
use crate::pdf::sample::Sample;
use crate::pdf::{Anomaly, Limits};

/// Numbers that look random and are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    fn bytes(&mut self) -> Vec<u8> {
        (0..self.below(12))
            .map(|_| u8::try_from(self.below(256)).unwrap())
            .collect()
    }

    fn object(&mut self, depth: u64) -> Object {
        match self.below(if depth == 0 { 7 } else { 9 }) {
            0 => Object::Boolean(self.below(2) == 0),
            1 => Object::Integer(i64::from_ne_bytes(self.0.to_ne_bytes()) >> (12 + self.below(52))),
            2 => Object::Real((self.below(2_000_000) as f32 - 1e6) / 7.0),
            3 => Object::Name(self.bytes().into_iter().filter(|byte| *byte != 0).collect()),
            4 => Object::String(self.bytes(), StringFormat::Literal),
            5 => Object::String(self.bytes(), StringFormat::Hexadecimal),
            6 => Object::Reference((1 + u32::try_from(self.below(99)).unwrap(), 0)),
            7 => (0..self.below(6))
                .map(|_| self.object(depth - 1))
                .collect::<Vec<_>>()
                .into(),
            _ => Object::Dictionary(self.dictionary(depth - 1)),
        }
    }

    fn dictionary(&mut self, depth: u64) -> Dictionary {
        (0..self.below(6))
            .map(|index| (format!("K{index}").into_bytes(), self.object(depth)))
            .collect()
    }
}

/// Strings of both formats are the same string, and a whole real is an integer once it has been written.
fn normal(object: &Object) -> Object {
    match object {
        Object::String(bytes, _) => Object::String(bytes.clone(), StringFormat::Literal),
        Object::Real(value) if value.fract() == 0.0 => {
            Object::Integer(format!("{value}").parse().unwrap())
        }
        Object::Array(items) => items.iter().map(normal).collect::<Vec<_>>().into(),
        Object::Dictionary(dict) => dict
            .iter()
            .map(|(key, value)| (key.clone(), normal(value)))
            .collect::<Dictionary>()
            .into(),
        other => other.clone(),
    }
}

fn hybrid() -> Sample {
    let mut sample = Sample::pages(1);
    sample.object_stream(10, &[(7, "<</A(seven)/B 1.23456789>>")]);
    let visible = std::mem::take(&mut sample.entries);
    sample.entries.insert(7, visible[&7]);
    let start = sample.cross_reference_stream(11, "");
    sample.entries = visible;
    sample.entries.remove(&7);
    sample.table(&format!("/XRefStm {start}"));
    sample
}

fn stream() -> Sample {
    let mut sample = Sample::pages(1);
    sample.object_stream(10, &[(7, "<</A(seven)/B 1.23456789>>")]);
    sample.end_with_stream(11, "/ID[<01><02>]");
    sample
}

fn table() -> Sample {
    let mut sample = Sample::pages(1);
    sample.table("/Info 3 0 R");
    sample
}

fn open(bytes: &[u8]) -> Pdf<'_> {
    let mut pdf = Pdf::open(bytes, Limits::default()).unwrap();
    pdf.unlock(None).unwrap();
    pdf
}

fn extended(bytes: &[u8], write: impl FnOnce(&mut Update<'_, '_>)) -> Vec<u8> {
    let pdf = open(bytes);
    let mut update = Update::new(&pdf);
    write(&mut update);
    [bytes, &update.finish().unwrap()].concat()
}

#[test]
fn what_is_written_is_read_back() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let encrypted = states("", "owner")
        .into_iter()
        .map(|state| encrypted_sample(&state, false));
    for sample in [table(), stream(), hybrid()].into_iter().chain(encrypted) {
        // Opening an encrypted document is slow by design.
        let rounds = if Pdf::open(&sample.bytes, Limits::default())
            .unwrap()
            .is_encrypted()
        {
            1
        } else {
            20
        };
        for _ in 0..rounds {
            let mut objects: Vec<Object> = (0..8).map(|_| random.object(4)).collect();
            objects.push(Object::Stream(Stream::new(
                Dictionary::new(),
                random.bytes(),
            )));
            let mut ids = Vec::new();
            let bytes = extended(&sample.bytes, |update| {
                for object in &objects {
                    let id = update.allocate();
                    ids.push(id);
                    update.put(id, object.clone());
                }
            });
            let pdf = open(&bytes);
            assert_eq!(pdf.anomalies(), open(&sample.bytes).anomalies());
            for (id, object) in ids.iter().zip(&objects) {
                let read = pdf.object(*id).unwrap();
                match (object, &*read) {
                    (Object::Stream(written), Object::Stream(read)) => {
                        assert_eq!(written.content, read.content);
                    }
                    (written, read) => assert_eq!(normal(written), normal(read)),
                }
            }
        }
    }
}

#[test]
fn a_section_follows_in_kind_and_hidden_objects_stay() {
    for (sample, kind) in [
        (table(), SectionKind::Table),
        (stream(), SectionKind::Stream),
        (hybrid(), SectionKind::Table),
    ] {
        let mut bytes = sample.bytes;
        for _ in 0..3 {
            bytes = extended(&bytes, |update| {
                let id = update.allocate();
                update.put(id, Object::Null);
            });
        }
        let pdf = open(&bytes);
        assert_eq!(pdf.section_kind(), kind);
        assert_eq!(pdf.revisions().len(), 4);
        assert!(!pdf.trailer().has(b"XRefStm"));
        if kind != SectionKind::Table || bytes.windows(7).any(|word| word == b"XRefStm") {
            assert!(pdf.object((7, 0)).unwrap().as_dict().is_ok());
        } else {
            assert_eq!(
                pdf.trailer().get(b"Info").unwrap(),
                &Object::Reference((3, 0))
            );
        }
    }
}

#[test]
fn an_object_of_a_stream_is_edited_as_it_stands() {
    for sample in [stream(), hybrid()] {
        let bytes = extended(&sample.bytes, |update| {
            update
                .edit((7, 0), vec![(b"C", b"[1 0 R]".to_vec())])
                .unwrap();
        });
        let expected = b"7 0 obj\n<</A (seven)/B 1.23456789/C [1 0 R]>>\nendobj\n";
        assert!(memchr::memmem::find(&bytes, expected).is_some());
        assert!(
            open(&bytes)
                .object((7, 0))
                .unwrap()
                .as_dict()
                .unwrap()
                .has(b"C")
        );
    }
}

#[test]
fn strings_are_encrypted_when_they_leave_an_encrypted_object_stream() {
    for state in states("", "owner") {
        let mut sample = encrypted_sample(&state, false);
        // What is in an object stream is encrypted with it.
        let mut container = Object::Stream(Stream::new(
            [
                (b"Type".to_vec(), "ObjStm".into()),
                (b"N".to_vec(), 1.into()),
                (b"First".to_vec(), 5.into()),
            ]
            .into_iter()
            .collect(),
            b"21 0 <</A(plain)/B 1.23456789>>".to_vec(),
        ));
        lopdf::encryption::encrypt_object(&state, (20, 0), &mut container).unwrap();
        let mut text = Vec::new();
        serialize::write(&mut text, &container);
        sample.raw_object(20, &text);
        sample.at(21, crate::pdf::sample::Place::Within(20, 0));
        sample.end_with_stream(
            22,
            "/ID[<30313233343536373839616263646566><00>]/Encrypt 10 0 R",
        );
        let bytes = extended(&sample.bytes, |update| {
            update.edit((21, 0), vec![(b"C", b"2".to_vec())]).unwrap();
        });
        let object = open(&bytes).object((21, 0)).unwrap();
        let dict = object.as_dict().unwrap();
        assert_eq!(dict.get(b"A").unwrap().as_str().unwrap(), b"plain");
        assert_eq!(dict.get(b"C").unwrap().as_i64().unwrap(), 2);
        assert!(memchr::memmem::find(&bytes, b"/B 1.23456789").is_some());
    }
}

#[test]
fn the_identifier_keeps_its_first_half() {
    let halves = |bytes: &[u8]| match open(bytes).trailer().get(b"ID") {
        Ok(Object::Array(halves)) => halves
            .iter()
            .map(|half| half.as_str().unwrap().to_vec())
            .collect(),
        _ => Vec::new(),
    };
    let kept = halves(&extended(&stream().bytes, |_| {}));
    assert_eq!(kept[0], [1]);
    assert_eq!(kept[1].len(), 16);
    let made = halves(&extended(&table().bytes, |_| {}));
    assert_eq!(made[0], made[1]);
    let again = halves(&extended(&extended(&table().bytes, |_| {}), |_| {}));
    assert_ne!(again[0], again[1]);
}

#[test]
fn numbers_in_use_are_not_taken_whatever_size_says() {
    let mut sample = Sample::pages(1);
    sample.object(40, "null");
    sample.table("");
    let text = String::from_utf8_lossy(&sample.bytes).into_owned();
    // The header's binary line is no UTF-8; its replacement would move what follows.
    let small = text.replacen("/Size 41", "/Size 5 ", 1);
    let bytes: Vec<u8> = [
        &sample.bytes[..15],
        &small.as_bytes()[small.len() - (sample.bytes.len() - 15)..],
    ]
    .concat();
    let pdf = open(&bytes);
    assert_eq!(pdf.anomalies(), [Anomaly::Size]);
    assert_eq!(Update::new(&pdf).allocate(), (41, 0));
}

#[test]
fn a_revision_starts_on_a_line_of_its_own() {
    let mut bytes = table().bytes;
    bytes.truncate(bytes.len() - 1);
    let longer = extended(&bytes, |update| {
        let id = update.allocate();
        update.put(id, Object::Null);
    });
    assert!(longer[bytes.len()..].starts_with(b"\n4 0 obj"));
    open(&longer).object((4, 0)).unwrap();
}

#[test]
fn one_object_cannot_be_written_twice() {
    let sample = table();
    let pdf = open(&sample.bytes);
    let mut update = Update::new(&pdf);
    update.edit((3, 0), Vec::new()).unwrap();
    update.edit((3, 0), Vec::new()).unwrap();
    assert!(matches!(
        update.finish(),
        Err(Error::BadObject { id: (3, 0), .. })
    ));
}
