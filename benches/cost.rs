//! What reading and preparing a document costs beside hashing it, in processor time and in memory; part of `make bench`.
//! Argument: `--quick` for a moment each, which writes no file.

use std::{fs, hint::black_box, io::Write as _, process::Command, sync::Arc, time::Duration};

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Zoned;
use rustix::time::{ClockId, clock_gettime};
use segeld_benches::{
    pile::{Pile, Tree},
    report::Report,
    token::{self, Key, Token},
};
use segeld_tests::document::Section;
use signer::{
    pades::{Request, SignerIdentity, prepare},
    pdf::Limits,
};

/// Has a process of its own say how much its memory grows while it prepares the document in this file.
const MEMORY: &str = "--memory";
const TIME: Duration = Duration::from_millis(1500);

fn main() {
    let directory = token::in_own_directory();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(run());
    drop(fs::remove_dir_all(directory));
}

fn piles() -> Vec<(&'static str, Pile)> {
    let small = |section| Pile {
        objects: 100,
        pages: 5,
        size: 110_000,
        tree: Tree::Flat,
        section,
    };
    let large = |tree, section| Pile {
        objects: 200_000,
        pages: 20_000,
        size: 100_000_000,
        tree,
        section,
    };
    let (table, stream) = (Section::Classic, Section::Stream);
    vec![
        ("110 KB, 100 objects, table", small(table)),
        ("110 KB, 100 objects, stream", small(stream)),
        (
            "100 MB, 200,000 objects, table, flat page tree",
            large(Tree::Flat, table),
        ),
        (
            "100 MB, 200,000 objects, table, page tree of nodes of 10",
            large(Tree::TwoLevels(10), table),
        ),
        (
            "100 MB, 200,000 objects, table, page tree in levels of 10",
            large(Tree::Levels(10), table),
        ),
        (
            "100 MB, 200,000 objects, stream, flat page tree",
            large(Tree::Flat, stream),
        ),
        (
            "100 MB, 200,000 objects, stream, page tree of nodes of 10",
            large(Tree::TwoLevels(10), stream),
        ),
        (
            "100 MB, 200,000 objects, stream, page tree in levels of 10",
            large(Tree::Levels(10), stream),
        ),
    ]
}

async fn run() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let time = if quick { TIME / 10 } else { TIME };
    let token = Token::new(&token::module(), 1).await;
    let key = token.key(Key::P256).await;
    let identity = token.identity(&key).await;
    let mut arguments = std::env::args().skip_while(|argument| argument != MEMORY);
    if let Some(path) = arguments.nth(1) {
        let document = fs::read(path).expect("the document can be read");
        let grown = peak(|| prepare_once(&document, &identity));
        writeln!(std::io::stdout(), "{}", grown.unwrap_or_default()).expect("a standard output");
        token.shutdown().await;
        return;
    }
    let mut rows = Vec::new();
    for (name, pile) in piles() {
        let document = pile.build();
        let cost = Cost::of(&document, &identity, time);
        eprintln!("{name}: {cost:?}");
        rows.push(cost.row(name));
    }
    token.shutdown().await;
    let mut report = Report::new(1, time);
    report.table(
        "Reading and preparing",
        "Processor time of one thread, the least of many runs. Preparing is everything from the bytes of the document to the \
         message for the key, and its revision; the hash in it is taken off in \u{201c}without the hash\u{201d}. Memory is by how much \
         the resident set of a fresh process grows at most while one document is prepared.",
        &["document", "hash", "prepare", "prepare / hash", "without the hash", "memory"],
        &rows,
    );
    std::io::stdout()
        .write_all(report.text().as_bytes())
        .expect("a standard output");
    if !quick {
        let docs = segeld_tests::root().join("docs");
        fs::create_dir_all(&docs).expect("docs can be made");
        fs::write(docs.join("cost.md"), report.text()).expect("docs can be written");
    }
}

/// What one document costs.
#[derive(Debug)]
struct Cost {
    hash: Duration,
    prepare: Duration,
    /// Bytes; none where the system does not tell.
    memory: Option<u64>,
}

impl Cost {
    fn of(document: &[u8], identity: &Arc<SignerIdentity>, time: Duration) -> Self {
        Self {
            memory: memory(document),
            hash: least(time, || {
                black_box(digest(&SHA256, black_box(document)));
            }),
            prepare: least(time, || prepare_once(document, identity)),
        }
    }

    fn row(&self, name: &str) -> Vec<String> {
        let micros = |time: Duration| format!("{:.1} \u{b5}s", time.as_secs_f64() * 1e6);
        vec![
            name.to_owned(),
            micros(self.hash),
            micros(self.prepare),
            format!(
                "{:.2}",
                self.prepare.as_secs_f64() / self.hash.as_secs_f64()
            ),
            micros(self.prepare.saturating_sub(self.hash)),
            self.memory
                .map_or_else(String::new, |bytes| format!("{:.1} MB", bytes as f64 / 1e6)),
        ]
    }
}

fn prepare_once(document: &[u8], identity: &Arc<SignerIdentity>) {
    let request = Request::new(Arc::clone(identity), Zoned::now());
    let prepared = prepare(black_box(document), &request, &Limits::default());
    drop(black_box(prepared.expect("the document can be signed")));
}

/// What a fresh process grows by: in this one, memory that was freed before hides what is used again.
fn memory(document: &[u8]) -> Option<u64> {
    let file = tempfile::NamedTempFile::new().ok()?;
    fs::write(file.path(), document).ok()?;
    let own = std::env::current_exe().ok()?;
    let child = Command::new(own)
        .arg(MEMORY)
        .arg(file.path())
        .output()
        .ok()?;
    let said = String::from_utf8(child.stdout).ok()?;
    said.trim().parse().ok()
}

/// The least processor time that an operation took.
fn least(time: Duration, mut operation: impl FnMut()) -> Duration {
    let now = || {
        let now = clock_gettime(ClockId::ThreadCPUTime);
        Duration::new(
            now.tv_sec.unsigned_abs(),
            u32::try_from(now.tv_nsec).unwrap_or_default(),
        )
    };
    operation();
    let begun = now();
    let mut least = Duration::MAX;
    loop {
        let before = now();
        operation();
        let after = now();
        least = least.min(after - before);
        if after - begun > time {
            return least;
        }
    }
}

/// By how much the resident set grew at most while an operation ran.
fn peak(operation: impl FnOnce()) -> Option<u64> {
    let before = resident("VmRSS:")?;
    // 5 sets the highest mark back to what is resident now (proc(5)).
    fs::write("/proc/self/clear_refs", "5").ok()?;
    operation();
    Some(resident("VmHWM:")?.saturating_sub(before))
}

fn resident(field: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes * 1024)
}
