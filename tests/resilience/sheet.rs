//! docs/resilience.md: what is due, read; what was measured, written beside it.

use std::{collections::BTreeMap, fmt, path::PathBuf, time::Duration};

use segeld_tests::root;

/// The document.
pub(crate) struct Sheet {
    lines: Vec<String>,
    pub(crate) faults: Vec<Fault>,
    /// What leads to a call that signing does not make by itself.
    leads: BTreeMap<String, String>,
    pub(crate) cells: Vec<Cell>,
}

/// A way to fail.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) name: String,
    /// Its entry in the simulator's configuration, without the call.
    entry: String,
    /// How long the load goes on after it struck.
    pub(crate) load: Duration,
}

/// A fault in a call.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    pub(crate) fault: usize,
    pub(crate) call: String,
    pub(crate) due: Outcome,
    line: usize,
    column: usize,
}

/// What becomes of the requests, the better first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    Served(Duration),
    Refused(Duration),
    Locked(Duration),
    Restarts(Duration),
}

impl Outcome {
    fn word(self) -> (&'static str, Duration) {
        match self {
            Self::Served(time) => ("served", time),
            Self::Refused(time) => ("503", time),
            Self::Locked(time) => ("locked", time),
            Self::Restarts(time) => ("restarts", time),
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (word, time) = text.trim().split_once(' ')?;
        let time = milliseconds(time)?;
        match word {
            "served" => Some(Self::Served(time)),
            "503" => Some(Self::Refused(time)),
            "locked" => Some(Self::Locked(time)),
            "restarts" => Some(Self::Restarts(time)),
            _ => None,
        }
    }

    /// Whether it is what is due, or better.
    pub(crate) fn meets(self, due: Self) -> bool {
        match (self, due) {
            // Only a locked PIN may stay refused.
            (Self::Locked(_), Self::Restarts(_) | Self::Refused(_) | Self::Served(_)) => false,
            _ => self <= due,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, time) = self.word();
        write!(f, "{word} {} ms", time.as_millis())
    }
}

fn milliseconds(text: &str) -> Option<Duration> {
    let number = text.trim().strip_suffix(" ms")?;
    number.parse().ok().map(Duration::from_millis)
}

fn row(line: &str) -> Option<Vec<&str>> {
    let inside = line.strip_prefix("| ")?.strip_suffix(" |")?;
    Some(inside.split(" | ").map(str::trim).collect())
}

impl Sheet {
    fn path() -> PathBuf {
        root().join("docs/resilience.md")
    }

    pub(crate) fn read() -> Self {
        let text = std::fs::read_to_string(Self::path()).expect("docs/resilience.md is there");
        let mut sheet = Self {
            lines: text.lines().map(str::to_owned).collect(),
            faults: Vec::new(),
            leads: BTreeMap::new(),
            cells: Vec::new(),
        };
        let lines = sheet.lines.clone();
        let (mut section, mut calls) = (String::new(), Vec::new());
        for (number, line) in lines.iter().enumerate() {
            if let Some(title) = line.strip_prefix("## ") {
                title.clone_into(&mut section);
            }
            let Some(cells) = row(line) else { continue };
            match (section.as_str(), cells.as_slice()) {
                ("Outcomes", ["fault", rest @ ..]) => {
                    calls = rest.iter().map(|call| (*call).to_owned()).collect();
                }
                (_, ["fault" | "call", ..]) => {}
                ("Faults", [name, entry, load]) => sheet.faults.push(Fault {
                    name: (*name).to_owned(),
                    entry: entry.trim_matches('`').to_owned(),
                    load: milliseconds(load).expect("a time in ms"),
                }),
                ("Calls", [call, lead]) => {
                    let lead = lead.trim_matches('`').to_owned();
                    sheet.leads.insert((*call).to_owned(), lead);
                }
                ("Outcomes", [name, rest @ ..]) => sheet.outcomes(number, name, rest, &calls),
                _ => panic!("docs/resilience.md: a row of no table: {line}"),
            }
        }
        sheet
    }

    fn outcomes(&mut self, line: usize, name: &str, cells: &[&str], calls: &[String]) {
        let fault = self.faults.iter().position(|fault| fault.name == name);
        let fault = fault.unwrap_or_else(|| panic!("docs/resilience.md: no fault {name:?}"));
        assert_eq!(cells.len(), calls.len(), "docs/resilience.md: {name}");
        for (column, (cell, call)) in cells.iter().zip(calls).enumerate() {
            if *cell == "—" {
                continue;
            }
            let due = cell.split(" / ").next().and_then(Outcome::parse);
            let due = due.unwrap_or_else(|| panic!("docs/resilience.md: {name}: {cell:?}"));
            self.cells.push(Cell {
                fault,
                call: call.clone(),
                due,
                line,
                column,
            });
        }
    }

    pub(crate) fn fault(&self, cell: &Cell) -> &Fault {
        &self.faults[cell.fault]
    }

    /// What the simulator is told for a cell, and which of its entries is the fault itself.
    pub(crate) fn plan(&self, cell: &Cell) -> (String, u64) {
        let own = format!("call = \"{}\", {}", cell.call, self.fault(cell).entry);
        let entries: Vec<&str> = self
            .leads
            .get(&cell.call)
            .map(String::as_str)
            .into_iter()
            .chain([own.as_str()])
            .collect();
        let text = entries.iter().map(|entry| format!("{{ {entry} }}"));
        let plan = format!("fault = [{}]\n", text.collect::<Vec<_>>().join(", "));
        (plan, entries.len() as u64 - 1)
    }

    /// Puts what was measured beside what is due.
    pub(crate) fn note(&mut self, cell: &Cell, measured: Outcome) {
        let cells = row(&self.lines[cell.line]).expect("it was a row");
        let mut cells: Vec<String> = cells.into_iter().map(str::to_owned).collect();
        cells[cell.column + 1] = format!("{} / {measured}", cell.due);
        self.lines[cell.line] = format!("| {} |", cells.join(" | "));
    }

    pub(crate) fn write(&self) {
        std::fs::write(Self::path(), self.lines.join("\n") + "\n")
            .expect("docs/resilience.md can be written");
    }
}
