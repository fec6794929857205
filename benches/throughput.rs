//! `make bench`. Arguments: `--quick` for one short repetition of the smaller documents, which writes no file.

use std::{collections::BTreeMap, io::Write, path::PathBuf, time::Duration};

use segeld_benches::{
    ceiling::{Bare, How},
    library::{Desk, Sheet},
    load::{Median, Sample},
    report::{Report, rate, spread},
    token::{self, Key, Token},
};

const REPETITIONS: usize = 5;
const TIME: Duration = Duration::from_millis(400);
const CEILING_THREADS: [usize; 4] = [1, 2, 4, 8];
/// The library is measured with so many threads of its own and as many sessions.
const LIBRARY_THREADS: [usize; 2] = [1, 2];
const DOCUMENT_KEYS: [Key; 3] = [Key::Rsa2048, Key::Rsa3072, Key::P256];

/// Samples by row and number of threads.
type Samples = BTreeMap<(usize, usize), Vec<Sample>>;

/// How much is measured.
struct Plan {
    repetitions: usize,
    time: Duration,
    sheets: Vec<Sheet>,
    written: bool,
}

fn main() {
    let _directory = Directory(token::in_own_directory());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(run());
}

/// The token's, gone at the end, whatever the end.
struct Directory(PathBuf);

impl Drop for Directory {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn plan() -> Plan {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let sheets = Sheet::all()
        .into_iter()
        .filter(|sheet| !quick || sheet.len() < 2_000_000)
        .collect();
    if quick {
        Plan {
            repetitions: 1,
            time: TIME / 4,
            sheets,
            written: false,
        }
    } else {
        Plan {
            repetitions: REPETITIONS,
            time: TIME,
            sheets,
            written: true,
        }
    }
}

async fn run() {
    let plan = plan();
    let mut report = Report::new(plan.repetitions, plan.time);
    let module = token::module();
    let mut desks = Vec::new();
    // One token a number of workers: the library has as many sessions as it has threads.
    let most = LIBRARY_THREADS.into_iter().max().unwrap_or(1);
    let token = Token::new(&module, most).await;
    for key in DOCUMENT_KEYS {
        desks.push(Desk::new(&token, key).await);
    }
    let bare = Bare::new(token.module());
    let hows = ceilings();
    let (mut ceiling, mut library, mut beside) = (Samples::new(), Samples::new(), Samples::new());
    for repetition in 0..plan.repetitions {
        say(&format!(
            "repetition {} of {}",
            repetition + 1,
            plan.repetitions
        ));
        for (row, how) in hows.iter().enumerate() {
            for threads in CEILING_THREADS {
                ceiling
                    .entry((row, threads))
                    .or_default()
                    .push(bare.measure(*how, threads, plan.time));
            }
            let Some(desk) = desks
                .iter()
                .position(|desk| desk.key == how.key && !how.pss)
            else {
                continue;
            };
            for (sheet, row) in plan.sheets.iter().zip(desk * plan.sheets.len()..) {
                for threads in LIBRARY_THREADS {
                    let bare = bare.measure(*how, threads, plan.time / 2);
                    beside.entry((row, threads)).or_default().push(bare);
                    let own = desks[desk].measure(sheet, threads, plan.time);
                    library.entry((row, threads)).or_default().push(own);
                }
            }
        }
    }
    write_ceiling(&mut report, &hows, &ceiling);
    write_library(&mut report, &plan, &library, &beside);
    say(report.text());
    if plan.written {
        let path = segeld_tests::root().join("docs/benchmarks.md");
        std::fs::create_dir_all(path.parent().expect("a directory")).expect("docs can be made");
        std::fs::write(&path, report.text()).expect("the report can be written");
    }
    drop(desks);
    token.shutdown().await;
}

fn ceilings() -> Vec<How> {
    let mut hows: Vec<How> = Key::ALL
        .into_iter()
        .map(|key| How { key, pss: false })
        .collect();
    hows.insert(
        1,
        How {
            key: Key::Rsa2048,
            pss: true,
        },
    );
    hows
}

fn write_ceiling(report: &mut Report, hows: &[How], samples: &Samples) {
    let mut rows = Vec::new();
    for (row, how) in hows.iter().enumerate() {
        let mut cells = vec![how.name()];
        for threads in CEILING_THREADS {
            let median = of(samples, row, threads, |sample| sample.per_second);
            cells.push(format!("{} ({})", rate(median), spread(median)));
        }
        cells.push(format!(
            "{:.0}",
            of(samples, row, 1, |sample| sample.cpu).value
        ));
        rows.push(cells);
    }
    report.table(
        "1. The ceiling: the token alone",
        "Signatures a second (spread) by number of threads, each with a session of its own that knows its key's handle: `C_SignInit` and `C_Sign` and nothing else, through the module that the library uses. RSA signs a prepared DigestInfo or, for PSS, a digest. The last column is processor time on one thread.",
        &["key", "1 thread", "2", "4", "8", "µs a signature"],
        &rows,
    );
}

/// `beside` holds what the token alone did right before each sample of the library.
fn write_library(report: &mut Report, plan: &Plan, library: &Samples, beside: &Samples) {
    let mut rows = Vec::new();
    for (desk, key) in DOCUMENT_KEYS.into_iter().enumerate() {
        for (index, sheet) in plan.sheets.iter().enumerate() {
            let row = desk * plan.sheets.len() + index;
            let mut cells = vec![
                key.name().to_owned(),
                sheet.size.to_owned(),
                sheet.section_name().to_owned(),
            ];
            for threads in LIBRARY_THREADS {
                let median = of(library, row, threads, |sample| sample.per_second);
                cells.push(format!("{} ({})", rate(median), spread(median)));
                let pairs = library[&(row, threads)]
                    .iter()
                    .zip(&beside[&(row, threads)]);
                cells.push(format!(
                    "{:.2}",
                    Median::of(pairs.map(|(own, bare)| own.per_second / bare.per_second)).value
                ));
            }
            let cpu = of(library, row, 1, |sample| sample.cpu).value;
            let least = of(beside, row, 1, |sample| sample.cpu).value;
            cells.extend([
                format!("{cpu:.0}"),
                format!("{:.0}", cpu - least),
                format!("{:.2}", least / cpu),
            ]);
            rows.push(cells);
        }
    }
    report.table(
        "2. The library: from a document's bytes to its revision's",
        "Invisible PAdES B-B, two certificates: read, prepare, hash, CMS, sign in the token, check the signature, embed. Documents a second (spread) with 1 and 2 threads, and their ratio to the token alone with the same key and threads, measured right before. Then processor time a document on one thread, what of it is not the token's, and the ratio of the token's to the whole: the rate that is left on a machine with nothing else to do, and the figure that other load on it disturbs least.",
        &["key", "document", "cross-reference", "1 thread", "ratio", "2 threads", "ratio", "µs a document", "µs beside the token", "ratio"],
        &rows,
    );
}

fn of(samples: &Samples, row: usize, threads: usize, value: impl Fn(&Sample) -> f64) -> Median {
    Median::of(samples[&(row, threads)].iter().map(value))
}

/// Standard output; a reader that has gone away is no reason to panic.
fn say(line: &str) {
    drop(writeln!(std::io::stdout(), "{line}"));
}
