//! The page tree (ISO 32000-2, 7.7.3.2).
//!
//! Subtrees are passed over by their /Count; where the counts do not add up, every page is visited, once.

use std::collections::HashSet;
use std::sync::Arc;

use lopdf::{Dictionary, Object, ObjectId};

use super::Page;
use super::inherited::Inherited;
use crate::pdf::{Anomaly, Error, Pdf, Resolved};

impl Pdf<'_> {
    /// How many pages there are.
    ///
    /// # Errors
    ///
    /// As [`object`](Self::object); [`Error::Limit`] if the counts cannot be trusted and there are too many nodes.
    pub fn page_count(&self) -> Result<u32, Error> {
        let (id, root) = self.page_root()?;
        if let Some(count) = self.trusted_count(&root)? {
            return Ok(count);
        }
        self.note(Anomaly::PageCount);
        let mut walk = Walk::new(self, u32::MAX);
        walk.visit(id, &root, &Inherited::default(), Trust::Nothing)?;
        Ok(walk.passed)
    }

    /// Page `number`, counted from 1.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchPage`], or as [`page_count`](Self::page_count).
    pub fn page(&self, number: u32) -> Result<Page, Error> {
        let (id, root) = self.page_root()?;
        let trust = if self.trusted_count(&root)?.is_some() {
            Trust::Counts
        } else {
            self.note(Anomaly::PageCount);
            Trust::Nothing
        };
        let mut walk = Walk::new(self, number.saturating_sub(1));
        if number > 0
            && let Some(page) = walk.visit(id, &root, &Inherited::default(), trust)?
        {
            return Ok(page);
        }
        if number > 0 && matches!(trust, Trust::Counts) && number <= self.page_count()? {
            // The counts looked right at the top and are not below.
            self.note(Anomaly::PageCount);
            let mut walk = Walk::new(self, number.saturating_sub(1));
            if let Some(page) = walk.visit(id, &root, &Inherited::default(), Trust::Nothing)? {
                return Ok(page);
            }
            return Err(Error::NoSuchPage {
                page: number,
                count: walk.passed,
            });
        }
        Err(Error::NoSuchPage {
            page: number,
            count: self.page_count()?,
        })
    }

    fn page_root(&self) -> Result<(ObjectId, Arc<Object>), Error> {
        let catalog = self.catalog()?;
        let pages = catalog.as_dict().and_then(|catalog| catalog.get(b"Pages"));
        let bad = Error::BadObject {
            id: self.root_id(),
            context: "catalog without page tree",
        };
        match self.resolve(pages.map_err(|_| bad.clone())?)? {
            Resolved::Indirect(id, root) if root.as_dict().is_ok() => Ok((id, root)),
            _ => Err(bad),
        }
    }

    /// The root's /Count if its children's add up to it. Children beyond a few are taken for single pages.
    fn trusted_count(&self, root: &Object) -> Result<Option<u32>, Error> {
        let Ok(root) = root.as_dict() else {
            return Ok(None);
        };
        let kids = self.get(root, b"Kids")?;
        let Ok(kids) = kids.as_array() else {
            // Some files have a single page where the tree should be.
            return Ok((!root.has_type(b"Pages")).then_some(1));
        };
        let Some(count) = count(&*self.get(root, b"Count")?) else {
            return Ok(None);
        };
        if kids.len() > MAX_SUMMED {
            return Ok((usize::try_from(count) == Ok(kids.len())).then_some(count));
        }
        let mut sum = 0_u32;
        for kid in kids {
            let kid = self.resolve(kid)?;
            let Ok(kid) = kid.as_dict() else {
                return Ok(None);
            };
            let pages = if is_node(kid) {
                self::count(&*self.get(kid, b"Count")?)
            } else {
                Some(1)
            };
            let Some(pages) = pages else {
                return Ok(None);
            };
            sum = sum.saturating_add(pages);
        }
        Ok((sum == count).then_some(count))
    }
}

/// The children of the root that are looked at before its /Count is believed.
const MAX_SUMMED: usize = 512;

fn count(object: &Object) -> Option<u32> {
    u32::try_from(object.as_i64().ok()?).ok()
}

fn is_node(dictionary: &Dictionary) -> bool {
    dictionary.has(b"Kids")
}

#[derive(Clone, Copy)]
enum Trust {
    Counts,
    Nothing,
}

/// A search for one page.
struct Walk<'p, 'a> {
    pdf: &'p Pdf<'a>,
    /// Index of the page that is wanted.
    wanted: u32,
    /// Pages that came before.
    passed: u32,
    visited: HashSet<ObjectId>,
    /// Nodes from the root to here.
    path: Vec<ObjectId>,
}

impl<'p, 'a> Walk<'p, 'a> {
    fn new(pdf: &'p Pdf<'a>, wanted: u32) -> Self {
        Self {
            pdf,
            wanted,
            passed: 0,
            visited: HashSet::new(),
            path: Vec::new(),
        }
    }

    /// Visits a node or page. Says which page it was if that is the one.
    fn visit(
        &mut self,
        id: ObjectId,
        node: &Arc<Object>,
        inherited: &Inherited,
        trust: Trust,
    ) -> Result<Option<Page>, Error> {
        let bad = |context| Error::BadObject { id, context };
        if !self.visited.insert(id) {
            return Err(bad("it is twice in the page tree"));
        }
        if self.visited.len() > self.pdf.limits().max_page_nodes {
            return Err(Error::Limit { what: "page tree" });
        }
        let dictionary = node
            .as_dict()
            .map_err(|_| bad("no node of the page tree"))?;
        if !is_node(dictionary) {
            if self.passed == self.wanted {
                return inherited
                    .with(dictionary)
                    .page(self.pdf, id, node)
                    .map(Some);
            }
            self.passed = self.passed.saturating_add(1);
            return Ok(None);
        }
        if self.path.len() >= self.pdf.limits().max_depth {
            return Err(Error::Limit {
                what: "depth of the page tree",
            });
        }
        let inherited = inherited.with(dictionary);
        self.path.push(id);
        let kids = self.pdf.get(dictionary, b"Kids")?;
        let kids = kids.as_array().map_err(|_| bad("/Kids of the page tree"))?;
        let found = self.visit_kids(dictionary, kids, &inherited, trust)?;
        self.path.pop();
        Ok(found)
    }

    fn visit_kids(
        &mut self,
        node: &Dictionary,
        kids: &[Object],
        inherited: &Inherited,
        trust: Trust,
    ) -> Result<Option<Page>, Error> {
        let mut start = 0;
        let counted =
            count(&*self.pdf.get(node, b"Count")?).and_then(|count| usize::try_from(count).ok());
        if matches!(trust, Trust::Counts) && counted == Some(kids.len()) {
            // As many children as pages: each is one.
            let before = self.wanted.saturating_sub(self.passed);
            start = usize::try_from(before)
                .unwrap_or(usize::MAX)
                .min(kids.len());
            self.passed = self
                .passed
                .saturating_add(u32::try_from(start).unwrap_or(u32::MAX));
        }
        for kid in kids.get(start..).unwrap_or_default() {
            let (id, kid) = match self.pdf.resolve(kid)? {
                Resolved::Indirect(id, kid) if kid.as_dict().is_ok() => (id, kid),
                // Readers pass over what is missing, but not in the same way.
                _ => {
                    return Err(Error::BadObject {
                        id: self.path.last().copied().unwrap_or_default(),
                        context: "child of the page tree",
                    });
                }
            };
            if matches!(trust, Trust::Counts)
                && let Ok(dictionary) = kid.as_dict()
                && is_node(dictionary)
                && let Some(pages) = count(&*self.pdf.get(dictionary, b"Count")?)
                && self.passed.saturating_add(pages) <= self.wanted
            {
                self.passed = self.passed.saturating_add(pages);
                continue;
            }
            if let Some(page) = self.visit(id, &kid, inherited, trust)? {
                return Ok(Some(page));
            }
        }
        Ok(None)
    }
}
