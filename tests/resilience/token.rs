//! Cells that the token layer runs by itself: unwrapping keys and making them. Each has a process and a token of its own,
//! since a PKCS#11 module is the process's.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use signer::{
    hsm::{Error, Hsm, KeyId, KeySpec, Settings, TokenSelector, provision},
    key::{KeyKind, SigningKey},
};

use crate::{
    load::INTERVAL,
    sheet::{Cell, Outcome, Sheet},
    sim::{Sim, library},
};

/// Names the directory, the fault and the call to the process that runs the cell.
const ALONE: &str = "SEGELD_RESILIENCE_CELL";
/// Before the line that tells the outcome.
const MARK: &str = "outcome: ";
/// What a request may take in the daemon of these tests.
const DEADLINE: Duration = Duration::from_secs(10);
const PIN: &str = "kata-sandi-1";
const LABEL: &str = "uji";
const WRAPPING: &[u8] = b"bungkus";

/// Whether the daemon makes this call only through the token layer's own functions.
pub(crate) fn is_alone(call: &str) -> bool {
    matches!(call, "C_UnwrapKey" | "C_GenerateKeyPair")
}

/// Runs a cell in a process of its own.
pub(crate) fn run(sheet: &Sheet, cell: &Cell) -> Result<Outcome, String> {
    let dir = tempfile::tempdir().expect("a directory");
    let tokens = dir.path().join("tokens");
    std::fs::create_dir(&tokens).expect("a directory");
    let conf = dir.path().join("softhsm2.conf");
    let text = format!(
        "directories.tokendir = {}\nobjectstore.backend = file\n",
        tokens.display()
    );
    std::fs::write(&conf, text).expect("a file");
    let sim = Sim::new(dir.path());
    let name = format!("{}\n{}", sheet.fault(cell).name, cell.call);
    let output = Command::new(std::env::current_exe().expect("this binary"))
        .args(["token::one_cell", "--exact", "--nocapture", "--ignored"])
        .env(ALONE, name)
        .env("SOFTHSM2_CONF", conf)
        .env("HSM_SIM_CONF", sim.configuration())
        .stdin(Stdio::null())
        .output()
        .expect("a process");
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    let told = text.lines().find_map(|line| line.split_once(MARK));
    told.and_then(|(_, outcome)| Outcome::parse(outcome))
        .ok_or(text)
}

/// What the process above runs.
#[tokio::test]
#[ignore = "a part of the other tests"]
async fn one_cell() {
    let Ok(name) = std::env::var(ALONE) else {
        return;
    };
    let (fault, call) = name.split_once('\n').expect("a fault and a call");
    let sheet = Sheet::read();
    let cell = sheet
        .cells
        .iter()
        .find(|cell| sheet.fault(cell).name == fault && cell.call == call);
    let configuration = std::env::var_os("HSM_SIM_CONF").expect("the simulator's file");
    let dir = Path::new(&configuration).parent().expect("a directory");
    let outcome = strike(&sheet, cell.expect("the cell"), &Sim::new(dir)).await;
    println!("\n{MARK}{}", outcome.expect("an outcome"));
}

/// A job's end.
struct Done {
    took: Duration,
    outcome: Result<(), Error>,
}

async fn strike(sheet: &Sheet, cell: &Cell, sim: &Sim) -> Result<Outcome, String> {
    let hsm = token().await.map_err(|error| error.to_string())?;
    let wrapped = hsm
        .generate_wrapped(id(WRAPPING), KeyKind::P256, soon())
        .await
        .map_err(|error| format!("a wrapped key: {error}"))?;
    let key = hsm.wrapped_key(&wrapped);
    let (plan, entry) = sheet.plan(cell);
    let mut jobs = Vec::new();
    let mut clock = tokio::time::interval(INTERVAL);
    let began = Instant::now();
    let (mut mark, mut struck) = (None, None);
    let mut made = 0_u32;
    loop {
        clock.tick().await;
        let now = Instant::now();
        if mark.is_none() && now > began + Duration::from_millis(300) {
            mark = Some(sim.mark());
            sim.plan(&plan);
        }
        if let Some(mark) = mark.filter(|_| struck.is_none())
            && sim.strikes(mark, &cell.call, entry) > 0
        {
            struck = Some(now);
        }
        match struck {
            Some(struck) if now > struck + sheet.fault(cell).load => break,
            None if now > began + Duration::from_secs(20) => {
                return Err("the fault did not strike".to_owned());
            }
            _ => {}
        }
        let makes = cell.call == "C_GenerateKeyPair" && jobs.len() % 5 == 0;
        let (hsm, key) = (hsm.clone(), key.clone());
        made += u32::from(makes);
        let number = made;
        jobs.push(tokio::spawn(async move {
            let began = Instant::now();
            let deadline = began + DEADLINE;
            let outcome = if makes {
                let spec = KeySpec {
                    id: id(&number.to_be_bytes()),
                    label: String::new(),
                    kind: KeyKind::P256,
                };
                hsm.generate(spec, deadline).await.map(drop)
            } else {
                // The signature has been verified before it is answered.
                key.sign(vec![7; 100], deadline).await.map(drop)
            };
            Done {
                took: began.elapsed(),
                outcome,
            }
        }));
    }
    let mut done = Vec::new();
    for job in jobs {
        done.push(job.await.map_err(|error| error.to_string())?);
    }
    sim.plan("");
    let outcome = judge(&done)?;
    if outcome <= Outcome::Served(Duration::MAX) {
        for number in 1..=made {
            // More than one pair under an identifier is an error as well.
            let found = hsm.public_key(id(&number.to_be_bytes()), soon()).await;
            if !matches!(found, Ok(Some(_))) {
                return Err(format!("pair {number}: {found:?}"));
            }
        }
        hsm.shutdown(Duration::from_secs(5)).await;
    }
    Ok(outcome)
}

fn judge(done: &[Done]) -> Result<Outcome, String> {
    let longest = |served: bool| {
        let those = done.iter().filter(|job| job.outcome.is_ok() == served);
        those.map(|job| job.took).max()
    };
    let wrong = done.iter().find_map(|job| {
        let error = job.outcome.as_ref().err()?;
        (!error.is_transient()).then(|| error.to_string())
    });
    if let Some(wrong) = wrong {
        return Err(wrong);
    }
    let last = &done[done.len().saturating_sub(10)..];
    match longest(false) {
        None => Ok(Outcome::Served(longest(true).unwrap_or_default())),
        Some(_) if !last.iter().all(|job| job.outcome.is_ok()) => {
            Err("not served in the end".to_owned())
        }
        Some(time) => Ok(Outcome::Refused(time)),
    }
}

/// A new token behind the simulator, with a wrapping key.
async fn token() -> Result<Hsm, Error> {
    let module = library();
    provision::init_token(&module, LABEL, &PIN.into(), &PIN.into())?;
    let selector = TokenSelector::Label(LABEL.to_owned());
    let mut settings = Settings::new(module, selector, PIN.into());
    (settings.workers, settings.queue) = (4, 1024);
    let hsm = Hsm::start(settings)?;
    hsm.wait_usable(Duration::from_secs(30))?;
    hsm.generate_wrapping_key(id(WRAPPING), String::new(), soon())
        .await?;
    Ok(hsm)
}

fn id(octets: &[u8]) -> KeyId {
    KeyId::new(octets).expect("an identifier")
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(60)
}
