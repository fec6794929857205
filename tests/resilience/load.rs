//! Fifty requests a second, each with a document of its own, and what came of each.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use reqwest::Method;
use segeld_tests::{
    client::{Client, invisible},
    daemon::Demo,
    document::Document,
};
use tokio::task::JoinHandle;

pub(crate) const INTERVAL: Duration = Duration::from_millis(20);

/// Who signs: the demo's holders of an RSA-2048 and a P-256 key.
#[derive(Clone)]
pub(crate) struct Signers {
    client: Client,
    people: [(String, String); 2],
}

/// A request's end.
pub(crate) struct Reply {
    pub(crate) began: Instant,
    pub(crate) took: Duration,
    /// None when the connection ended without an answer.
    pub(crate) status: Option<u16>,
    pub(crate) document: Vec<u8>,
    pub(crate) body: Vec<u8>,
    /// `id_dokumen` of an answer with a document.
    pub(crate) id: Option<String>,
}

/// A load that is on.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    running: JoinHandle<Vec<JoinHandle<Reply>>>,
}

impl Signers {
    pub(crate) fn new(demo: &Demo) -> Self {
        let person = |suffix: &str| {
            let value = |name: &str| demo.get(&format!("{name}{suffix}")).to_owned();
            (value("SEGELD_NIK"), value("SEGELD_PASSPHRASE"))
        };
        Self {
            client: Client::plain(demo),
            people: [person(""), person("_EC")],
        }
    }

    /// One request.
    pub(crate) async fn sign(&self, number: usize) -> Reply {
        let (nik, passphrase) = &self.people[number % 2];
        let document = document();
        let form = invisible(&document, nik, passphrase);
        let request = self
            .client
            .request(Method::POST, "/api/sign/pdf")
            .multipart(form);
        let began = Instant::now();
        let mut reply = Reply {
            began,
            took: Duration::ZERO,
            status: None,
            document,
            body: Vec::new(),
            id: None,
        };
        if let Ok(response) = request.send().await {
            let status = response.status().as_u16();
            let id = response
                .headers()
                .get("id_dokumen")
                .and_then(|id| id.to_str().ok())
                .map(str::to_owned);
            if let Ok(body) = response.bytes().await {
                (reply.status, reply.id, reply.body) = (Some(status), id, body.to_vec());
            }
        }
        reply.took = began.elapsed();
        reply
    }

    /// Starts the load.
    pub(crate) fn load(&self) -> Load {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, signers) = (Arc::clone(&stop), self.clone());
        let running = tokio::spawn(async move {
            let mut requests = Vec::new();
            let mut clock = tokio::time::interval(INTERVAL);
            while !stopped.load(Ordering::Relaxed) {
                clock.tick().await;
                let (signers, number) = (signers.clone(), requests.len());
                requests.push(tokio::spawn(async move { signers.sign(number).await }));
            }
            requests
        });
        Load { stop, running }
    }
}

impl Load {
    /// Ends the load and waits for every request.
    pub(crate) async fn end(self) -> Vec<Reply> {
        self.stop.store(true, Ordering::Relaxed);
        let mut replies = Vec::new();
        for request in self.running.await.expect("the load runs") {
            replies.push(request.await.expect("a request ends"));
        }
        replies
    }
}

/// A document that nobody has signed yet.
fn document() -> Vec<u8> {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    Document::new()
        .about(20_000)
        .catalog(&format!("/Nomor {number}"))
        .build()
}
