//! Part 4 of `make bench`: a token far away. Whether as many signatures are under way as there are sessions.
//!
//! The simulator stands between the library and SoftHSM and lets every `C_Sign` take its latency. What could be had at most
//! is sessions / (latency + bare signing time), the latter measured on the same token without latency.

use std::{
    io::Write,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use segeld_benches::{
    ceiling::{Bare, How},
    load::Median,
    report::{Report, rate, spread},
    token::{self, Key, Token},
};
use signer::{hsm::TokenKey, key::SigningKey};

/// Latency in milliseconds and sessions.
const DISTANCES: [(u32, u32); 2] = [(20, 32), (5, 8)];
const KEYS: [Key; 2] = [Key::P256, Key::Rsa2048];
/// The part of what could be had that is wanted.
const WANTED: f64 = 0.95;
const REPETITIONS: usize = 5;
const TIME: Duration = Duration::from_secs(2);
const TITLE: &str = "4. A token far away";

fn main() {
    let directory = token::in_own_directory();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let text = runtime.block_on(run(&directory));
    drop(std::fs::remove_dir_all(&directory));
    drop(writeln!(std::io::stdout(), "{text}"));
    if !std::env::args().any(|argument| argument == "--quick") {
        write(&text);
    }
}

async fn run(directory: &Path) -> String {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let repetitions = if quick { 1 } else { REPETITIONS };
    plan(directory, 0);
    let most = DISTANCES.iter().map(|(_, sessions)| *sessions).max();
    let sim = simulator();
    let mut rows = Vec::new();
    let mut token = Token::new(&sim, usize::try_from(most.unwrap_or(1)).expect("few")).await;
    for (latency, sessions) in DISTANCES {
        token = token
            .with_workers(usize::try_from(sessions).expect("few"))
            .await;
        for key in KEYS {
            let signer = token.key(key).await;
            let bare = Bare::new(&sim);
            let (mut rates, mut parts) = (Vec::new(), Vec::new());
            for _ in 0..repetitions {
                plan(directory, 0);
                let alone = bare.measure(How { key, pss: false }, 1, TIME / 4);
                let most =
                    f64::from(sessions) / (f64::from(latency) / 1e3 + 1.0 / alone.per_second);
                plan(directory, latency);
                let measured = flight(&signer, sessions, &token).await;
                rates.push(measured);
                parts.push(measured / most);
            }
            let (rates, parts) = (Median::of(rates), Median::of(parts));
            rows.push(vec![
                key.name().to_owned(),
                format!("{latency} ms × {sessions} sessions"),
                format!("{} ({})", rate(rates), spread(rates)),
                format!("{:.3} ({})", parts.value, spread(parts)),
                if parts.value < WANTED {
                    "missed"
                } else {
                    "holds"
                }
                .to_owned(),
            ]);
        }
    }
    token.shutdown().await;
    let mut report = Report::default();
    report.table(
        TITLE,
        &format!("Signatures a second through the library, two callers for each session, so that the queue never runs dry, on a token whose every `C_Sign` takes so much longer; and that rate as a part of sessions / (latency + bare signing time), of which {WANTED} is wanted. Load average at the start: {}.", segeld_benches::report::load_average()),
        &["key", "distance", "signatures a second", "part", ""],
        &rows,
    );
    report.text().to_owned()
}

/// Signatures a second with twice as many callers as there are sessions, so that the queue never runs dry.
async fn flight(key: &TokenKey, sessions: u32, token: &Token) -> f64 {
    let callers = (0..2 * sessions).map(|_| {
        let (key, deadline) = (key.clone(), token.deadline());
        tokio::spawn(async move {
            let began = Instant::now();
            let mut count = 0_u32;
            while began.elapsed() < TIME {
                key.sign(vec![7; 220], deadline).await.expect("a signature");
                count += 1;
            }
            f64::from(count) / began.elapsed().as_secs_f64()
        })
    });
    let callers: Vec<_> = callers.collect();
    let mut rate = 0.0;
    for caller in callers {
        rate += caller.await.expect("a caller");
    }
    rate
}

/// Puts the simulator's configuration in place.
fn plan(directory: &Path, latency: u32) {
    let module = token::module();
    let text = format!(
        "module = \"{}\"\nlatency = {{ C_Sign = \"{latency}ms\" }}\n",
        module.display()
    );
    let new = directory.join("sim.new");
    std::fs::write(&new, text).expect("a file");
    std::fs::rename(new, directory.join("sim.toml")).expect("a file");
}

/// The simulator's library, built beside the bench.
fn simulator() -> PathBuf {
    let own = std::env::current_exe().expect("the program knows its path");
    let beside = own.with_file_name("libhsm_sim.so");
    assert!(
        beside.is_file(),
        "{} is built with the benches",
        beside.display()
    );
    beside
}

/// Puts the part in the place of an older one, at the end of the report.
fn write(text: &str) {
    let path = segeld_tests::root().join("docs/benchmarks.md");
    let report = std::fs::read_to_string(&path).unwrap_or_default();
    let title = format!("## {TITLE}");
    let before = report.split(&title).next().unwrap_or_default().trim_end();
    let whole = format!("{before}\n{}", text.trim_end());
    std::fs::create_dir_all(path.parent().expect("a directory")).expect("docs can be made");
    std::fs::write(&path, whole.trim_start().to_owned() + "\n").expect("the report can be written");
}
