//! A token that fails in every way, under a daemon that must not: docs/resilience.md says what is due, this finds out.

#[cfg(test)]
mod house;
#[cfg(test)]
mod load;
#[cfg(test)]
mod sheet;
#[cfg(test)]
mod signing;
#[cfg(test)]
mod sim;
#[cfg(test)]
mod token;

#[cfg(test)]
use sheet::{Cell, Outcome, Sheet};

/// Runs every cell, and writes what was measured into the document.
const ALL: &str = "SEGELD_RESILIENCE";

/// In a test run, of each fault the calls that are due to be mended soon, in turn, so that each call meets many faults.
#[cfg(test)]
fn is_chosen(sheet: &Sheet, index: usize, cell: &Cell) -> bool {
    let Ok(wanted) = std::env::var(ALL) else {
        let soon = matches!(cell.due, Outcome::Served(_) | Outcome::Locked(_));
        return soon && index.is_multiple_of(5);
    };
    let name = format!("{} / {}", sheet.fault(cell).name, cell.call);
    wanted == "all" || name.contains(&wanted)
}

#[cfg(test)]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_is_what_happens() {
    let mut sheet = Sheet::read();
    let cells: Vec<Cell> = sheet.cells.clone();
    let chosen = cells
        .iter()
        .enumerate()
        .filter(|(index, cell)| is_chosen(&sheet, *index, cell))
        .map(|(_, cell)| cell.clone());
    let chosen: Vec<Cell> = chosen.collect();
    let house = chosen
        .iter()
        .any(|cell| !token::is_alone(&cell.call))
        .then(house::House::new);
    let mut misses = Vec::new();
    for cell in &chosen {
        let name = format!("{} in {}", sheet.fault(cell).name, cell.call);
        let outcome = match &house {
            Some(house) if !token::is_alone(&cell.call) => {
                let outcome = signing::run(house, &sheet, cell).await;
                if outcome.is_err() {
                    house.replace();
                }
                outcome
            }
            _ => token::run(&sheet, cell),
        };
        match outcome {
            Ok(outcome) => {
                println!("{name}: due {}, measured {outcome}", cell.due);
                if !outcome.meets(cell.due) {
                    misses.push(format!("{name}: due {}, measured {outcome}", cell.due));
                }
                sheet.note(cell, outcome);
            }
            Err(reason) => {
                println!("{name}: {reason}");
                misses.push(format!("{name}: {reason}"));
            }
        }
    }
    if std::env::var_os(ALL).is_some() {
        sheet.write();
    }
    assert!(misses.is_empty(), "{}", misses.join("\n"));
}
