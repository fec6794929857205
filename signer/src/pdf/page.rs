//! The page tree (ISO 32000-2, 7.7.3).
//!
//! Subtrees are passed over by their /Count; where the counts do not add up, every page is visited, once.

use std::collections::HashSet;
use std::sync::Arc;

use lopdf::{Dictionary, Object, ObjectId};

use super::{Anomaly, Error, Pdf, Resolved};

/// A page and what it inherits.
#[derive(Clone, Debug)]
pub struct Page {
    /// Its object.
    pub id: ObjectId,
    /// Its dictionary, as it stands in the document.
    pub dict: Arc<Object>,
    /// `/MediaBox`; US Letter where there is none, as readers have it.
    pub media_box: Rectangle,
    /// `/CropBox`, cut to the media box; the media box where there is none.
    pub crop_box: Rectangle,
    /// /Rotate in degrees: 0, 90, 180 or 270.
    pub rotate: u16,
    /// `/UserUnit`: the size of a unit in 1/72 inch.
    pub user_unit: f32,
    /// /Resources, inherited or its own.
    pub resources: Option<Object>,
}

impl Page {
    /// The page's dictionary.
    #[must_use]
    pub fn dictionary(&self) -> &Dictionary {
        static EMPTY: std::sync::LazyLock<Dictionary> = std::sync::LazyLock::new(Dictionary::new);
        self.dict.as_dict().unwrap_or(&EMPTY)
    }
}

/// A rectangle, lower left corner first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rectangle {
    /// Left.
    pub left: f32,
    /// Bottom.
    pub bottom: f32,
    /// Right, not less than left.
    pub right: f32,
    /// Top, not less than bottom.
    pub top: f32,
}

impl Rectangle {
    const LETTER: Self = Self {
        left: 0.0,
        bottom: 0.0,
        right: 612.0,
        top: 792.0,
    };

    /// Width.
    #[must_use]
    pub fn width(&self) -> f32 {
        self.right - self.left
    }

    /// Height.
    #[must_use]
    pub fn height(&self) -> f32 {
        self.top - self.bottom
    }

    /// What both have in common; `None` if that is nothing.
    fn intersection(&self, other: &Self) -> Option<Self> {
        let both = Self {
            left: self.left.max(other.left),
            bottom: self.bottom.max(other.bottom),
            right: self.right.min(other.right),
            top: self.top.min(other.top),
        };
        both.is_proper().then_some(both)
    }

    fn is_proper(&self) -> bool {
        self.left < self.right && self.bottom < self.top
    }
}

/// A node on the way down, and what its children inherit.
#[derive(Clone, Default)]
struct Inherited {
    media_box: Option<Object>,
    crop_box: Option<Object>,
    rotate: Option<Object>,
    resources: Option<Object>,
}

impl Inherited {
    fn take_from(&mut self, node: &Dictionary) {
        for (key, slot) in [
            (&b"MediaBox"[..], &mut self.media_box),
            (b"CropBox", &mut self.crop_box),
            (b"Rotate", &mut self.rotate),
            (b"Resources", &mut self.resources),
        ] {
            if let Ok(value) = node.get(key) {
                *slot = Some(value.clone());
            }
        }
    }
}

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
        walk.visit(id, &root, Inherited::default(), Trust::Nothing)?;
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
            && let Some(page) = walk.visit(id, &root, Inherited::default(), trust)?
        {
            return Ok(page);
        }
        if number > 0 && matches!(trust, Trust::Counts) && number <= self.page_count()? {
            // The counts looked right at the top and are not below.
            self.note(Anomaly::PageCount);
            let mut walk = Walk::new(self, number.saturating_sub(1));
            if let Some(page) = walk.visit(id, &root, Inherited::default(), Trust::Nothing)? {
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
        mut inherited: Inherited,
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
                inherited.take_from(dictionary);
                return self.page(id, node, inherited).map(Some);
            }
            self.passed = self.passed.saturating_add(1);
            return Ok(None);
        }
        if self.path.len() >= self.pdf.limits().max_depth {
            return Err(Error::Limit {
                what: "depth of the page tree",
            });
        }
        inherited.take_from(dictionary);
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
            if let Some(page) = self.visit(id, &kid, inherited.clone(), trust)? {
                return Ok(Some(page));
            }
        }
        Ok(None)
    }

    fn page(&self, id: ObjectId, dict: &Arc<Object>, inherited: Inherited) -> Result<Page, Error> {
        let rectangle = |object: Option<Object>| match object {
            Some(object) => self.rectangle(&object),
            None => Ok(None),
        };
        let media_box = rectangle(inherited.media_box)?.unwrap_or_else(|| {
            self.pdf.note(Anomaly::NoMediaBox);
            Rectangle::LETTER
        });
        let crop_box =
            rectangle(inherited.crop_box)?.and_then(|crop| crop.intersection(&media_box));
        let rotate = match inherited.rotate {
            Some(rotate) => self.pdf.resolve(&rotate)?.as_float().unwrap_or(0.0),
            None => 0.0,
        };
        let user_unit = match dict.as_dict().and_then(|page| page.get(b"UserUnit")) {
            Ok(unit) => self.pdf.resolve(unit)?.as_float().unwrap_or(1.0),
            Err(_) => 1.0,
        };
        Ok(Page {
            id,
            dict: Arc::clone(dict),
            media_box,
            crop_box: crop_box.unwrap_or(media_box),
            rotate: quarter_turns(rotate),
            user_unit: if user_unit.is_finite() && user_unit > 0.0 {
                user_unit
            } else {
                1.0
            },
            resources: inherited.resources,
        })
    }

    fn rectangle(&self, object: &Object) -> Result<Option<Rectangle>, Error> {
        let array = self.pdf.resolve(object)?;
        let Ok([a, b, c, d]) = array.as_array().map(Vec::as_slice) else {
            return Ok(None);
        };
        let mut corners = [0.0_f32; 4];
        for (corner, number) in corners.iter_mut().zip([a, b, c, d]) {
            match self.pdf.resolve(number)?.as_float() {
                Ok(number) if number.is_finite() => *corner = number,
                _ => return Ok(None),
            }
        }
        let [a, b, c, d] = corners;
        let rectangle = Rectangle {
            left: a.min(c),
            bottom: b.min(d),
            right: a.max(c),
            top: b.max(d),
        };
        Ok(rectangle.is_proper().then_some(rectangle))
    }
}

/// A whole number of quarter turns; anything else is none, as readers have it.
fn quarter_turns(degrees: f32) -> u16 {
    match degrees.rem_euclid(360.0) {
        90.0 => 90,
        180.0 => 180,
        270.0 => 270,
        _ => 0,
    }
}

#[cfg(test)]
mod tests;
