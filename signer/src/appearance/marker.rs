//! Markers: text in the page that says where a mark belongs (contract, section 4).
//!
//! A marker is found as a reader sees it: by the characters that stand next to each other on the page, whatever
//! operators, forms and fonts put them there. The text comes from `hayro-interpret`, which has no limit on its work and
//! cannot be stopped. So it never sees the caller's file: [`reduce`] rewrites pages, some at a time, to what shows text,
//! from objects that our own reader has read under its limits, and [`budget`] counts what showing them will cost.
//! Between pages the deadline is looked at.

mod budget;
mod glyphs;
mod lines;
mod reduce;

use super::layout::{Extent, PageChoice, PageGeometry, Place, Position, View};
use crate::pdf::repair::{self, Caps};
use crate::pdf::{self, Pdf};

use lines::Lines;
use secrecy::SecretString;
use std::time::Instant;

/// Text that says where a mark belongs.
#[derive(Clone, Debug)]
pub struct Marker {
    /// The text to be found. Runs of white space count as one space.
    pub text: String,
    /// The only page to look at, if not all.
    pub page: Option<PageChoice>,
    /// Size of the box that will be centred on the text.
    pub extent: Extent,
}

/// Why markers were not found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The deadline passed before every page was read.
    #[error("deadline passed while searching for a marker")]
    Deadline,
    /// The document cannot be read.
    #[error(transparent)]
    Document(#[from] pdf::Error),
    /// The marker is nowhere in the text.
    #[error("marker number {index} was not found{}", if *.unreadable { ", and some text has no characters to search" } else { "" })]
    NotFound {
        /// Which marker, counted from 0.
        index: usize,
        /// Some of the text that was searched has glyphs without characters, or could not be read.
        unreadable: bool,
    },
    /// The marker is empty, or longer than any marker needs to be.
    #[error("marker number {index} is empty or too long")]
    Text {
        /// Which marker, counted from 0.
        index: usize,
    },
    /// Showing the page would cost more than a page may.
    #[error("text of the document is too complex to search: {0}")]
    TooComplex(&'static str),
}

/// The longest marker, in bytes.
const LONGEST: usize = 1_024;

/// The interpreter recurses into nested forms and arrays; how deep is limited, how much of the stack that takes is not known.
const STACK: usize = 16 << 20;

/// Finds the first place of each marker, in reading order: page by page, from top to bottom, from left to right.
///
/// A damaged document is rewritten within `caps` and then searched, as it will be signed; it is refused without them.
///
/// # Errors
/// [`Error::NotFound`] for the first marker that is nowhere; [`Error::Deadline`], [`Error::TooComplex`] and
/// [`Error::Document`] when the search cannot be finished.
pub fn locate(
    document: &[u8],
    password: Option<&SecretString>,
    markers: &[Marker],
    deadline: Instant,
    caps: Option<&Caps>,
) -> Result<Vec<Place>, Error> {
    let search = || match run(document, password, markers, deadline) {
        Err(Error::Document(error)) if error.is_damage() => {
            let rewritten = repair::rewrite(document, caps.ok_or(error)?)?;
            run(&rewritten, password, markers, deadline)
        }
        result => result,
    };
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new()
            .name("marker".to_owned())
            .stack_size(STACK);
        let thread = builder
            .spawn_scoped(scope, search)
            .map_err(|_full| Error::TooComplex("no thread is left"))?;
        thread
            .join()
            .unwrap_or(Err(Error::TooComplex("it cannot be read")))
    })
}

/// One marker on its way to a place.
struct Quest<'m> {
    marker: &'m Marker,
    needle: lines::Needle,
    /// The only page to look at.
    page: Option<u32>,
    exact: Option<Place>,
    /// A match without regard to spaces, which counts when there is no exact one.
    loose: Option<Place>,
}

fn run(
    document: &[u8],
    password: Option<&SecretString>,
    markers: &[Marker],
    deadline: Instant,
) -> Result<Vec<Place>, Error> {
    // Each page is decoded once, however many there are: the deadline bounds the whole, these the parts.
    let limits = pdf::Limits {
        max_decoded: usize::MAX,
        max_total_nodes: usize::MAX,
        ..pdf::Limits::default()
    };
    let mut pdf = Pdf::open(document, limits)?;
    pdf.unlock(password)?;
    let count = pdf.page_count()?;
    let mut quests = quests(markers, count)?;
    let mut unreadable = false;
    let mut next = 1;
    while next <= count && !quests.iter().all(|quest| quest.exact.is_some()) {
        let wanted = |page: u32| quests.iter().any(|quest| quest.wants(page));
        let pages: Vec<u32> = (next..=count)
            .filter(|page| wanted(*page))
            .take(reduce::MOST_PAGES)
            .collect();
        let Some(first) = pages.first() else { break };
        let reduced = reduce::pages(&pdf, &pages, deadline)?;
        unreadable |= reduced.incomplete;
        next = first.saturating_add(1).max(reduced.last.saturating_add(1));
        glyphs::each_page(reduced, deadline, |number, page| {
            unreadable |= page.unreadable;
            let hopeful =
                |quest: &Quest<'_>| quest.wants(number) && quest.needle.may_be_in(&page.text);
            if !quests.iter().any(hopeful) {
                return Ok(true);
            }
            let geometry = PageGeometry::from(&pdf.page(number)?);
            let Ok(view) = View::new(&geometry) else {
                return Ok(true);
            };
            let lines = Lines::of(&page, &view);
            for quest in quests.iter_mut().filter(|quest| hopeful(quest)) {
                quest.look(number, &lines);
            }
            Ok(!quests.iter().all(|quest| quest.exact.is_some()))
        })?;
    }
    let found = |(index, quest): (usize, Quest<'_>)| {
        quest
            .exact
            .or(quest.loose)
            .ok_or(Error::NotFound { index, unreadable })
    };
    quests.into_iter().enumerate().map(found).collect()
}

fn quests(markers: &[Marker], count: u32) -> Result<Vec<Quest<'_>>, Error> {
    let quest = |(index, marker): (usize, &'_ Marker)| {
        let needle = Some(&marker.text)
            .filter(|text| text.len() <= LONGEST)
            .and_then(|text| lines::Needle::new(text));
        let page = match marker.page {
            None => None,
            Some(PageChoice::First) => Some(1),
            Some(PageChoice::Last) => Some(count),
            Some(PageChoice::Number(page)) if page == 0 || page > count => {
                return Err(Error::Document(pdf::Error::NoSuchPage { page, count }));
            }
            Some(PageChoice::Number(page)) => Some(page),
        };
        Ok((needle.ok_or(Error::Text { index })?, page))
    };
    markers
        .iter()
        .enumerate()
        .map(|(index, marker)| {
            let (needle, page) = quest((index, marker))?;
            Ok(Quest {
                marker,
                needle,
                page,
                exact: None,
                loose: None,
            })
        })
        .collect()
}

impl Quest<'_> {
    fn wants(&self, page: u32) -> bool {
        self.exact.is_none() && self.page.is_none_or(|only| only == page)
    }

    fn look(&mut self, number: u32, lines: &Lines) {
        let place = |(x, y): (f64, f64)| Place {
            page: PageChoice::Number(number),
            at: Position::Centred {
                x,
                y,
                extent: self.marker.extent,
            },
        };
        self.exact = lines.find(&self.needle).map(place);
        if self.loose.is_none() {
            self.loose = lines.find_loosely(&self.needle).map(place);
        }
    }
}

#[cfg(test)]
mod tests;
