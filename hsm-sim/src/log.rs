//! The call log: what was called, what came of it, and which fault had a hand in it. One JSON object a line, appended in one
//! write each, so that a test may read while calls go on.

use std::{fs::File, io::Write, path::Path, time::Duration};

use cryptoki_sys::{CK_RV, CK_SESSION_HANDLE};

use crate::{call::Call, plan::Strike, rv};

/// An open log, or none.
#[derive(Debug)]
pub(crate) struct Log(Option<File>);

/// What was done to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Refused since an earlier fault took the token out.
    Absent,
    /// Refused since an earlier fault killed the device.
    Dead,
    None,
    /// Struck by an entry of the plan.
    Struck(Strike),
}

/// One call.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) call: Call,
    pub(crate) session: Option<CK_SESSION_HANDLE>,
    /// Whether it only asked how long the answer would be.
    pub(crate) asks_size: bool,
    /// None when the call begins to hang; another line follows when it is over.
    pub(crate) result: Option<CK_RV>,
    pub(crate) took: Duration,
    pub(crate) fault: Fault,
}

impl Log {
    pub(crate) fn open(path: Option<&Path>) -> std::io::Result<Self> {
        path.map(|path| File::options().create(true).append(true).open(path))
            .transpose()
            .map(Self)
    }

    /// Writes one line. Every value is a name or a number of ours, so nothing needs escaping.
    pub(crate) fn write(&self, line: &Line) {
        let Some(mut file) = self.0.as_ref() else {
            return;
        };
        let session = line
            .session
            .map_or_else(|| "null".to_owned(), |session| session.to_string());
        let (fault, entry) = match line.fault {
            Fault::Absent => ("\"absent\"".to_owned(), None),
            Fault::Dead => ("\"dead\"".to_owned(), None),
            Fault::None => ("null".to_owned(), None),
            Fault::Struck(strike) => (format!("\"{}\"", strike.effect.name()), Some(strike.entry)),
        };
        let entry = entry.map_or_else(|| "null".to_owned(), |entry| entry.to_string());
        let text = format!(
            "{{\"at\":\"{}\",\"function\":\"{}\",\"session\":{session},\"asks_size\":{},\"result\":\"{}\",\"micros\":{},\"fault\":{fault},\"entry\":{entry}}}\n",
            jiff::Timestamp::now(),
            line.call.name(),
            line.asks_size,
            line.result.map_or_else(|| "hangs".to_owned(), rv::name),
            line.took.as_micros(),
        );
        // A log that cannot be written to shows as missing lines, which is what its reader looks for.
        drop(file.write_all(text.as_bytes()));
    }
}
