//! What documents that claim to be accessible want of new annotations: a place in the structure tree (ISO 19005-1, 6.8;
//! ISO 19005-2, 6.7; ISO 14289-1, 7.18) and words that stand for them.

use lopdf::{Dictionary, ObjectId};

use super::Error;
use crate::appearance::Claim;
use crate::appearance::claim::Level;
use crate::pdf::Pdf;
use crate::pdf::incremental::Update;
use crate::pdf::structure::{Role, StructureTree};

/// What stands for a signature or its picture where it cannot be seen.
const WORDS: &str = "Tanda tangan elektronik";

/// The structure tree that new annotations go into, where the document's claim asks for that.
#[derive(Debug, Default)]
pub(super) struct Tagging {
    tree: Option<StructureTree>,
    /// Something had to stay outside of the tree, against the claim.
    outside: bool,
    /// A claim that only a place in the tree satisfies.
    wanted: bool,
    /// Part 1 of ISO 19005, for PDF 1.4.
    first_part: bool,
    /// PDF/UA.
    accessible: bool,
}

impl Tagging {
    /// Reads what a claim asks for. A document that holds signatures keeps its structure: most validators allow no
    /// change there.
    pub(super) fn read(pdf: &Pdf<'_>, claim: Option<&Claim>, is_signed: bool) -> Self {
        let archive = claim.and_then(|claim| claim.archive);
        let accessible = claim.is_some_and(|claim| claim.accessible.is_some());
        let level_a = archive.is_some_and(|archive| archive.level == Some(Level::A));
        if !level_a && !accessible {
            return Self::default();
        }
        let tagged = claim.is_some_and(|claim| claim.tagged) && !is_signed;
        // A tree that cannot be read cannot be added to; that is no reason not to sign.
        let tree = tagged.then(|| StructureTree::read(pdf).ok().flatten());
        Self {
            tree: tree.flatten(),
            outside: false,
            wanted: true,
            first_part: archive.is_some_and(|archive| archive.part == 1),
            accessible,
        }
    }

    /// Enters a field's widget.
    pub(super) fn enter_field(
        &mut self,
        update: &mut Update<'_, '_>,
        (id, page): (ObjectId, ObjectId),
        field: &mut Dictionary,
    ) {
        if self.wanted {
            // ISO 14289-1, 7.18.1; ISO 19005-1, 6.8.4.
            field.set("TU", lopdf::text_string(WORDS));
        }
        self.enter(update, (id, page), Role::Form, field);
    }

    /// Enters a picture.
    pub(super) fn enter_stamp(
        &mut self,
        update: &mut Update<'_, '_>,
        (id, page): (ObjectId, ObjectId),
        stamp: &mut Dictionary,
    ) {
        if self.wanted {
            stamp.set("Contents", lopdf::text_string(WORDS));
        }
        let role = if self.first_part {
            Role::Figure
        } else {
            Role::Annot
        };
        self.enter(update, (id, page), role, stamp);
    }

    fn enter(
        &mut self,
        update: &mut Update<'_, '_>,
        (id, page): (ObjectId, ObjectId),
        role: Role,
        annotation: &mut Dictionary,
    ) {
        match &mut self.tree {
            Some(tree) => {
                annotation.set("StructParent", tree.enter(update, id, page, role, WORDS));
            }
            None => self.outside |= self.wanted,
        }
    }

    /// What a page with a new annotation has to say besides: tabs follow the structure (ISO 14289-1, 7.18.3).
    pub(super) fn page_entries(&self) -> Vec<(&'static [u8], Vec<u8>)> {
        if self.accessible && self.tree.is_some() {
            vec![(b"Tabs", b"/S".to_vec())]
        } else {
            Vec::new()
        }
    }

    /// Writes the tree; true when something had to stay outside of it.
    pub(super) fn write(self, update: &mut Update<'_, '_>) -> Result<bool, Error> {
        if let Some(tree) = self.tree {
            tree.write(update)?;
        }
        Ok(self.outside)
    }
}
