//! What showing a page will cost, counted before it is shown.
//!
//! A form is shown each time it is named, so a few nested forms can ask for more work than there is time in the world.
//! Content is tokenised by the interpreter's own reader, so that both count the same.

use super::Error;

use hayro_interpret::hayro_syntax::content::UntypedIter;
use hayro_interpret::hayro_syntax::object::Object;
use lopdf::ObjectId;
use std::collections::{HashMap, HashSet};

/// Forms that showing one page may take.
const MOST_FORMS: u64 = 100_000;
/// Forms within forms.
const DEEPEST: u32 = 20;
/// Operators that showing one page may take.
const MOST_OPERATORS: u64 = 5_000_000;
/// Bytes of strings that one page may show.
const MOST_TEXT: u64 = 2_000_000;
/// Bytes of strings in one operator, all of whose glyphs are in memory at once.
const LONGEST_RUN: u64 = 65_536;

/// What is in one content stream, and which forms it names how often.
#[derive(Debug, Default)]
pub(super) struct Cost {
    operators: u64,
    text: u64,
    forms: HashMap<ObjectId, u64>,
}

impl Cost {
    /// Counts the content; `forms` are those that its names mean.
    pub(super) fn of(content: &[u8], forms: &HashMap<Vec<u8>, ObjectId>) -> Result<Self, Error> {
        let mut cost = Self::default();
        let mut instructions = UntypedIter::new(content);
        while let Some(instruction) = instructions.next() {
            cost.operators += 1;
            match &**instruction.operator {
                b"Tj" | b"TJ" | b"'" | b"\"" => {
                    let run: u64 = instruction.operands().map(|operand| text(operand)).sum();
                    if run > LONGEST_RUN {
                        return Err(Error::TooComplex("a line of text is too long"));
                    }
                    cost.text += run;
                }
                b"Do" => {
                    if let Some(Object::Name(name)) = instruction.operands().next()
                        && let Some(form) = forms.get::<[u8]>(name.as_ref())
                    {
                        *cost.forms.entry(*form).or_default() += 1;
                    }
                }
                _ => {}
            }
        }
        Ok(cost)
    }
}

/// Bytes of the strings in an operand.
fn text(operand: &Object<'_>) -> u64 {
    let length =
        |string: &hayro_interpret::hayro_syntax::object::String<'_>| string.as_bytes().len() as u64;
    match operand {
        Object::String(string) => length(string),
        Object::Array(elements) => {
            let strings = elements.iter::<Object<'_>>();
            strings
                .map(|element| {
                    if let Object::String(string) = &element {
                        length(string)
                    } else {
                        0
                    }
                })
                .sum()
        }
        _ => 0,
    }
}

/// What showing something takes, all forms in it included.
#[derive(Clone, Copy, Debug, Default)]
struct Total {
    forms: u64,
    operators: u64,
    text: u64,
    depth: u32,
}

/// The forms of a file and what they cost.
#[derive(Debug, Default)]
pub(super) struct Budget {
    announced: HashSet<ObjectId>,
    costs: HashMap<ObjectId, Cost>,
    totals: HashMap<ObjectId, Total>,
}

impl Budget {
    /// Says that a form will be counted; false if that is known.
    pub(super) fn announce(&mut self, form: ObjectId) -> bool {
        self.announced.insert(form)
    }

    /// Notes what is in a form.
    pub(super) fn form(&mut self, form: ObjectId, cost: Cost) {
        self.costs.insert(form, cost);
    }

    /// Refuses a page that costs too much. All forms below it have to be noted.
    pub(super) fn page(&mut self, cost: &Cost) -> Result<(), Error> {
        let total = self.total(cost, 0)?;
        let excess = [
            (total.forms > MOST_FORMS, "forms are shown too often"),
            (
                total.operators > MOST_OPERATORS,
                "a page has too many operators",
            ),
            (total.text > MOST_TEXT, "a page has too much text"),
        ];
        excess
            .iter()
            .find(|(over, _)| *over)
            .map_or(Ok(()), |(_, what)| Err(Error::TooComplex(what)))
    }

    fn total(&mut self, cost: &Cost, depth: u32) -> Result<Total, Error> {
        let deep = Error::TooComplex("forms are nested too deep");
        if depth > DEEPEST {
            return Err(deep);
        }
        let mut total = Total {
            forms: 0,
            operators: cost.operators,
            text: cost.text,
            depth: 0,
        };
        for (form, times) in &cost.forms {
            let inner = self.form_total(*form, depth)?;
            total.forms = total
                .forms
                .saturating_add(inner.forms.saturating_add(1).saturating_mul(*times));
            total.operators = total
                .operators
                .saturating_add(inner.operators.saturating_mul(*times));
            total.text = total.text.saturating_add(inner.text.saturating_mul(*times));
            total.depth = total.depth.max(inner.depth.saturating_add(1));
        }
        if depth.saturating_add(total.depth) > DEEPEST {
            return Err(deep);
        }
        Ok(total)
    }

    fn form_total(&mut self, form: ObjectId, depth: u32) -> Result<Total, Error> {
        if let Some(total) = self.totals.get(&form) {
            return Ok(*total);
        }
        // Taken out while it is counted, so that one within itself is not there a second time.
        let Some(cost) = self.costs.remove(&form) else {
            return Err(Error::TooComplex("a form shows itself"));
        };
        let total = self.total(&cost, depth.saturating_add(1))?;
        self.totals.insert(form, total);
        Ok(total)
    }
}
