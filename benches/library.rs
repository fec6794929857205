//! The library: read, prepare, hash, CMS, sign, check, embed; from the bytes of a document to those of its revision.

use std::{hint::black_box, sync::Arc, time::Duration};

use jiff::Zoned;
use segeld_tests::document::{Document, Section};
use signer::{
    hsm::TokenKey,
    key::SigningKey,
    pades::{Request, SignerIdentity, prepare},
    pdf::Limits,
};

use crate::{
    load::{self, Sample},
    token::{Key, Token},
};

/// Sizes of documents, by name.
pub const SIZES: [(&str, usize); 5] = [
    ("20 KB", 20_000),
    ("110 KB", 110_000),
    ("1.3 MB", 1_300_000),
    ("10 MB", 10_000_000),
    ("100 MB", 100_000_000),
];

/// A signer and the documents.
#[derive(Debug)]
pub struct Desk {
    /// The key's name.
    pub key: Key,
    token_key: TokenKey,
    identity: Arc<SignerIdentity>,
    deadline: std::time::Instant,
}

/// A document made once for all measurements.
#[derive(Debug)]
pub struct Sheet {
    /// Its size by name.
    pub size: &'static str,
    /// Its kind of cross-reference section.
    pub section: Section,
    bytes: Vec<u8>,
}

impl Sheet {
    /// Every size in both kinds.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let one = |size, bytes, section| Self {
            size,
            section,
            bytes: Document::new().section(section).about(bytes).build(),
        };
        SIZES
            .into_iter()
            .flat_map(|(size, bytes)| {
                [Section::Classic, Section::Stream].map(|section| one(size, bytes, section))
            })
            .collect()
    }

    /// Its section's name.
    #[must_use]
    pub fn section_name(&self) -> &'static str {
        match self.section {
            Section::Classic => "table",
            Section::Stream => "stream",
            Section::Hybrid => "hybrid",
        }
    }

    /// How long it is.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether it is nothing, which it never is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

impl Desk {
    /// A signer with this key.
    pub async fn new(token: &Token, key: Key) -> Self {
        let token_key = token.key(key).await;
        let identity = token.identity(&token_key).await;
        Self {
            key,
            token_key,
            identity,
            deadline: token.deadline(),
        }
    }

    /// Signs the document on `threads` threads for `time`.
    ///
    /// # Panics
    /// When a signature fails.
    #[must_use]
    pub fn measure(&self, sheet: &Sheet, threads: usize, time: Duration) -> Sample {
        let limits = Limits::default();
        load::run(threads, time, || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .build()
                .expect("a runtime");
            let limits = &limits;
            move || {
                let request = Request::new(Arc::clone(&self.identity), Zoned::now());
                let prepared = prepare(black_box(&sheet.bytes), &request, limits)
                    .expect("the document can be signed");
                let signing = self
                    .token_key
                    .sign(prepared.message().to_vec(), self.deadline);
                let signature = runtime.block_on(signing).expect("the token signs");
                drop(black_box(
                    prepared.embed(signature).expect("the signature fits"),
                ));
            }
        })
    }

    /// A document signed, for whoever wants to look at it.
    ///
    /// # Panics
    /// When it cannot be.
    pub async fn sign(&self, sheet: &Sheet) -> Vec<u8> {
        let request = Request::new(Arc::clone(&self.identity), Zoned::now());
        let prepared = prepare(&sheet.bytes, &request, &Limits::default())
            .expect("the document can be signed");
        let signature = self
            .token_key
            .sign(prepared.message().to_vec(), self.deadline)
            .await
            .expect("the token signs");
        [
            &sheet.bytes[..],
            &prepared
                .embed(signature)
                .expect("the signature fits")
                .revision,
        ]
        .concat()
    }
}
