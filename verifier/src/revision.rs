//! The revisions behind each signature: compared stage by stage, and judged by what the signature permits (ISO 32000-2,
//! 12.8.2.2 and 12.8.2.4).

use std::collections::HashMap;

use signer::pdf::{Pdf, Revision};

use crate::diff::{Class, Found, Graph, compare};
use crate::document::{Loose, Stages, loose};
use crate::policy::Policy;
use crate::report::{Change, Check, Findings, Integrity, Permission, Purpose, SubIndication};
use crate::signature::{Examined, Modifications};

/// All changes behind the first signature, with the stage that made them.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// The length before a step, the revision it made, and what it changed.
    steps: Vec<(usize, usize, Vec<Found>)>,
    loose: Vec<Loose>,
    trouble: Vec<(usize, String)>,
}

impl History {
    /// Compares every stage from the first signed one on.
    pub(crate) fn read(
        pdf: &Pdf<'_>,
        stages: &Stages<'_, '_>,
        examined: &[Examined],
        policy: &Policy,
    ) -> Self {
        let mut history = Self::default();
        let length = stages.bytes().len();
        let Some(first) = examined
            .iter()
            .filter(|one| !one.coverage.whole_document && one.coverage.revision.is_some())
            .filter_map(|one| one.end)
            .min()
        else {
            return history;
        };
        history.loose = loose(pdf, first);
        let mut ends: Vec<usize> = pdf
            .revisions()
            .iter()
            .map(Revision::end)
            .chain(
                examined
                    .iter()
                    .filter(|one| !one.coverage.whole_document)
                    .filter_map(|one| one.end),
            )
            .filter(|end| *end >= first)
            .collect();
        ends.push(length);
        ends.sort_unstable();
        ends.dedup();
        // The same revision with and without the end of its last line is one stage.
        ends.dedup_by(|later, earlier| {
            let between = stages.bytes().get(*earlier..*later).unwrap_or_default();
            between
                .iter()
                .all(|byte| byte.is_ascii_whitespace() || *byte == 0)
        });
        if ends.len() > policy.limits.max_revisions {
            history
                .trouble
                .push((first, "too many revisions to compare".to_owned()));
            return history;
        }
        history.compare(&ends, stages, policy);
        history
    }

    fn compare(&mut self, ends: &[usize], stages: &Stages<'_, '_>, policy: &Policy) {
        let mut graph: Option<Graph> = None;
        for pair in ends.windows(2) {
            let [before, after] = pair else { continue };
            let (old, new) = match (stages.at(*before), stages.at(*after)) {
                (Ok(old), Ok(new)) => (old, new),
                (Err(error), _) | (_, Err(error)) => {
                    self.trouble
                        .push((*before, format!("a later revision cannot be read: {error}")));
                    continue;
                }
            };
            let continued = old.revisions().last().is_some_and(|newest| {
                new.revisions()
                    .iter()
                    .any(|revision| revision.xref_offset() == newest.xref_offset())
            });
            if !continued {
                self.trouble.push((
                    *before,
                    "a later revision does not build on this one".to_owned(),
                ));
            }
            let graph = graph.get_or_insert_with(|| Graph::read(&old, &policy.limits));
            if graph.incomplete {
                self.trouble
                    .push((*before, "there are too many objects to compare".to_owned()));
            }
            let found = compare(&old, &new, graph, &policy.limits);
            self.steps.push((*before, new.revisions().len(), found));
        }
    }

    /// What was changed behind a signature, and whether it permits that.
    pub(crate) fn judge(
        &self,
        one: &Examined,
        sound: &HashMap<String, Integrity>,
    ) -> (Vec<Change>, Findings) {
        let mut findings = Findings::default();
        let mut changes = Vec::new();
        let Some(end) = one.end.filter(|_| !one.coverage.whole_document) else {
            if one.coverage.whole_document {
                findings.pass(Check::LaterRevisions, "nothing was added");
            }
            return (changes, findings);
        };
        for (_, why) in self.trouble.iter().filter(|(before, _)| *before >= end) {
            findings.doubt(Check::LaterRevisions, SubIndication::FormatFailure, why);
        }
        for loose in self.loose.iter().filter(|loose| loose.offset >= end) {
            changes.push(Change {
                revision: self.steps.last().map_or(0, |(_, revision, _)| *revision),
                object: loose.object,
                what: format!(
                    "something at offset {} belongs to no revision",
                    loose.offset
                ),
                page: None,
                permission: Permission::Forbidden,
            });
        }
        for (before, revision, found) in &self.steps {
            // The end of a line is all that may lie between.
            if before + 2 < end {
                continue;
            }
            for found in found {
                changes.push(Change {
                    revision: *revision,
                    object: found.object,
                    what: found.what.clone(),
                    page: found.page,
                    permission: permission(&found.class, one, sound),
                });
            }
        }
        conclude(&changes, &mut findings);
        (changes, findings)
    }
}

fn conclude(changes: &[Change], findings: &mut Findings) {
    let mut all_permitted = true;
    for change in changes {
        let place = change
            .page
            .map(|page| format!(" (page {page})"))
            .unwrap_or_default();
        let object = change
            .object
            .map(|object| format!(", object {object}"))
            .unwrap_or_default();
        let detail = format!(
            "revision {}{object}: {}{place}",
            change.revision, change.what
        );
        match change.permission {
            Permission::Permitted => findings.note(Check::LaterRevisions, detail),
            Permission::Unclear => {
                all_permitted = false;
                findings.doubt(Check::LaterRevisions, SubIndication::FormatFailure, detail);
            }
            Permission::Forbidden => {
                all_permitted = false;
                findings.fail(Check::LaterRevisions, SubIndication::FormatFailure, detail);
            }
        }
    }
    if all_permitted {
        findings.pass(Check::LaterRevisions, "everything added later is permitted");
    }
}

fn permission(class: &Class, one: &Examined, sound: &HashMap<String, Integrity>) -> Permission {
    let Modifications {
        permitted,
        locks,
        unknown,
    } = &one.modifications;
    // Nothing said: filling in and signing, as other signers go on with a form.
    let permitted = permitted.unwrap_or(2);
    let locked = |field: &str| locks.iter().any(|lock| lock.holds(field));
    let when = |yes: bool| {
        if yes {
            Permission::Permitted
        } else {
            Permission::Forbidden
        }
    };
    match class {
        Class::Archival => Permission::Permitted,
        Class::Forbidden => Permission::Forbidden,
        Class::Unclear => Permission::Unclear,
        Class::Fill { field } if permitted >= 2 && *unknown && !locked(field) => {
            Permission::Unclear
        }
        Class::Fill { field } | Class::Sign { field } => when(permitted >= 2 && !locked(field)),
        Class::NewSignature {
            field,
            visible,
            stamp,
        } => {
            if *stamp && !visible {
                return Permission::Permitted;
            }
            if !visible {
                return when(permitted >= 2 && !locked(field));
            }
            // In a certified document a new visible field is content of its own (sneaky signature); elsewhere it is
            // as good as the signature it belongs to.
            let certified = matches!(one.purpose, Purpose::Certification { .. });
            match sound.get(field) {
                _ if certified || permitted < 2 || locked(field) => Permission::Forbidden,
                Some(Integrity::Intact) => Permission::Permitted,
                Some(Integrity::Uncertain) => Permission::Unclear,
                Some(Integrity::Broken) | None => Permission::Forbidden,
            }
        }
        Class::Annotation { harmless } => match (permitted, harmless) {
            (3, true) => Permission::Permitted,
            (3, false) => Permission::Unclear,
            _ => Permission::Forbidden,
        },
    }
}
