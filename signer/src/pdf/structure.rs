//! The structure tree of a tagged document (ISO 32000-2, 14.7), as far as new annotations need it: each gets an element
//! whose content is an object reference (14.7.5.3), and an entry in the parent tree (14.7.5.4).

use lopdf::{Dictionary, Object, ObjectId};

use super::dict_text::array_items;
use super::incremental::{Update, serialize};
use super::{Error, Pdf};

/// Nodes below the root of the parent tree that are looked at.
const MOST_NODES: usize = 10_000;

/// What an annotation is to readers that go by the structure (14.8.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// An annotation that is neither a widget nor a link; since PDF 1.5.
    Annot,
    /// A picture: what PDF 1.4 has for other annotations.
    Figure,
    /// A widget.
    Form,
}

impl Role {
    const fn name(self) -> &'static [u8] {
        match self {
            Self::Annot => b"Annot",
            Self::Figure => b"Figure",
            Self::Form => b"Form",
        }
    }
}

/// A structure tree that can take new elements.
#[derive(Debug)]
pub(crate) struct StructureTree {
    root: ObjectId,
    /// The element that new ones go into: the root's only child, or the root itself.
    parent: ObjectId,
    parent_tree: Option<ObjectId>,
    next_key: i64,
    entered: Vec<Element>,
}

/// A new element.
#[derive(Debug)]
struct Element {
    id: ObjectId,
    annotation: ObjectId,
    page: ObjectId,
    role: Role,
    alternative: String,
}

impl StructureTree {
    /// Reads the tree of a document, if it has one of a shape that can be added to.
    ///
    /// # Errors
    ///
    /// When its objects cannot be read.
    pub(crate) fn read(pdf: &Pdf<'_>) -> Result<Option<Self>, Error> {
        let catalogue = pdf.catalog()?;
        let Ok(catalogue) = catalogue.as_dict() else {
            return Ok(None);
        };
        let found = pdf.get(catalogue, b"StructTreeRoot")?;
        let (Some(root), Ok(tree)) = (found.id(), found.as_dict()) else {
            return Ok(None);
        };
        let Some(parent) = only_child(pdf, tree)? else {
            return Ok(None);
        };
        let parents = pdf.get(tree, b"ParentTree")?;
        let parent_tree = parents.id();
        let highest = match (parent_tree, parents.as_dict()) {
            (Some(_), Ok(node)) => highest_key(pdf, node)?,
            (None, Err(_)) if !tree.has(b"ParentTree") => Some(-1),
            _ => None,
        };
        let Some(highest) = highest else {
            return Ok(None);
        };
        let next = pdf.get(tree, b"ParentTreeNextKey")?.as_i64().unwrap_or(0);
        let next_key = next.max(highest.saturating_add(1));
        Ok((0..i64::from(i32::MAX / 2))
            .contains(&next_key)
            .then(|| Self {
                root,
                parent: parent.unwrap_or(root),
                parent_tree,
                next_key,
                entered: Vec::new(),
            }))
    }

    /// Notes a new annotation; the answer is its `/StructParent`.
    pub(crate) fn enter(
        &mut self,
        update: &mut Update<'_, '_>,
        annotation: ObjectId,
        page: ObjectId,
        role: Role,
        alternative: &str,
    ) -> i64 {
        let key = self.next_key;
        self.next_key = key.saturating_add(1);
        self.entered.push(Element {
            id: update.allocate(),
            annotation,
            page,
            role,
            alternative: alternative.to_owned(),
        });
        key
    }

    /// Writes the new elements and what leads to them.
    ///
    /// # Errors
    ///
    /// When the tree cannot be read.
    pub(crate) fn write(self, update: &mut Update<'_, '_>) -> Result<(), Error> {
        let Some(count) = i64::try_from(self.entered.len()).ok().filter(|n| *n > 0) else {
            return Ok(());
        };
        let first_key = self.next_key.saturating_sub(count);
        let mut children = Vec::new();
        let mut numbers = Vec::new();
        for (key, element) in (first_key..).zip(&self.entered) {
            update.put(element.id, element.dictionary(self.parent));
            spaced_reference(&mut children, element.id);
            numbers.push(b' ');
            serialize::integer(&mut numbers, key);
            spaced_reference(&mut numbers, element.id);
        }
        let mut root = Vec::new();
        let mut next = Vec::new();
        serialize::integer(&mut next, self.next_key);
        root.push((b"ParentTreeNextKey".as_slice(), next));
        match self.parent_tree {
            Some(tree) => add_numbers(
                update,
                tree,
                &numbers,
                [first_key, self.next_key.saturating_sub(1)],
            )?,
            None => {
                let tree = update.allocate();
                update.put_with(tree, |out| {
                    out.extend_from_slice(b"<</Nums[");
                    out.extend_from_slice(&numbers);
                    out.extend_from_slice(b"]>>");
                });
                let mut text = Vec::new();
                serialize::reference(&mut text, tree.0, tree.1);
                root.push((b"ParentTree", text));
            }
        }
        let children = longer(update, self.parent, b"K", &children)?;
        if self.parent == self.root {
            root.push((b"K", children));
        } else {
            update.edit(self.parent, vec![(b"K", children)])?;
        }
        update.edit(self.root, root)
    }
}

impl Element {
    fn dictionary(&self, parent: ObjectId) -> Object {
        let mut content = Dictionary::new();
        content.set("Type", "OBJR");
        content.set("Obj", self.annotation);
        content.set("Pg", self.page);
        let mut dict = Dictionary::new();
        dict.set("Type", "StructElem");
        dict.set("S", Object::Name(self.role.name().to_vec()));
        dict.set("P", parent);
        dict.set("Pg", self.page);
        dict.set("K", content);
        if self.role != Role::Form {
            dict.set("Alt", lopdf::text_string(&self.alternative));
        }
        Object::Dictionary(dict)
    }
}

/// The root's only child, where it is an element and an object of its own; `Some(None)` when there are several or none.
/// `None` when the child is a dictionary inside the root: whatever is added beside it would leave the document element.
fn only_child(pdf: &Pdf<'_>, root: &Dictionary) -> Result<Option<Option<ObjectId>>, Error> {
    let children = pdf.get(root, b"K")?;
    let child = match &*children {
        Object::Null => return Ok(Some(None)),
        Object::Dictionary(_) => children.id(),
        Object::Array(items) => match items.as_slice() {
            [Object::Reference(id)] => Some(*id),
            [Object::Dictionary(_)] => None,
            _ => return Ok(Some(None)),
        },
        _ => None,
    };
    let Some(child) = child else {
        return Ok(None);
    };
    let element = pdf.object(child)?;
    let is_element = element
        .as_dict()
        .is_ok_and(|dict| dict.has(b"S") && dict.has(b"P"));
    Ok(is_element.then_some(Some(child)))
}

/// The highest key of a number tree (7.9.7), -1 for none; `None` when it has no shape that can be added to.
fn highest_key(pdf: &Pdf<'_>, root: &Dictionary) -> Result<Option<i64>, Error> {
    let mut highest = -1;
    let kids = pdf.get(root, b"Kids")?;
    let numbers = pdf.get(root, b"Nums")?;
    match (kids.as_array(), numbers.as_array()) {
        (Ok(kids), Err(_)) if kids.len() <= MOST_NODES => {
            for kid in kids {
                let kid = pdf.resolve(kid)?;
                let Ok(kid) = kid.as_dict() else {
                    return Ok(None);
                };
                let limits = pdf.get(kid, b"Limits")?;
                let Ok([_, most]) = limits.as_array().map(Vec::as_slice) else {
                    return Ok(None);
                };
                highest = highest.max(pdf.resolve(most)?.as_i64().unwrap_or(i64::MAX));
            }
        }
        (Err(_), Ok(numbers)) => {
            for key in numbers.iter().step_by(2) {
                highest = highest.max(key.as_i64().unwrap_or(i64::MAX));
            }
            if !numbers.len().is_multiple_of(2) {
                return Ok(None);
            }
        }
        (Err(_), Err(_)) => {}
        _ => return Ok(None),
    }
    Ok(Some(highest))
}

/// Adds pairs with the highest keys of all to a number tree: to its only node, or in a node of their own.
fn add_numbers(
    update: &mut Update<'_, '_>,
    tree: ObjectId,
    numbers: &[u8],
    limits: [i64; 2],
) -> Result<(), Error> {
    let pdf = update.pdf();
    let root = pdf.object(tree)?;
    let has_kids = match root.as_dict() {
        Ok(root) => pdf.get(root, b"Kids")?.as_array().is_ok(),
        Err(_) => false,
    };
    if !has_kids {
        let all = longer(update, tree, b"Nums", numbers)?;
        return update.edit(tree, vec![(b"Nums", all)]);
    }
    let leaf = update.allocate();
    update.put_with(leaf, |out| {
        out.extend_from_slice(b"<</Limits[");
        serialize::integer(out, limits[0]);
        out.push(b' ');
        serialize::integer(out, limits[1]);
        out.extend_from_slice(b"]/Nums[");
        out.extend_from_slice(numbers);
        out.extend_from_slice(b"]>>");
    });
    let mut item = Vec::new();
    spaced_reference(&mut item, leaf);
    let kids = longer(update, tree, b"Kids", &item)?;
    update.edit(tree, vec![(b"Kids", kids)])
}

/// The text of an entry made an array with more items: of nothing, of a lone item, or of the array that there is.
fn longer(
    update: &Update<'_, '_>,
    holder: ObjectId,
    key: &[u8],
    more: &[u8],
) -> Result<Vec<u8>, Error> {
    let own = update.value_text(holder, &[key])?.unwrap_or_default();
    let referred = referred_array(update, holder, key)?;
    let text = referred.as_deref().unwrap_or(&own).trim_ascii();
    let items = if text.starts_with(b"[") {
        array_items(text).unwrap_or_default()
    } else {
        text
    };
    let mut out = Vec::with_capacity(items.len().saturating_add(more.len()).saturating_add(3));
    out.push(b'[');
    out.extend_from_slice(items);
    // A comment that ends the items would swallow what follows on its line.
    out.push(b'\n');
    out.extend_from_slice(more.trim_ascii_start());
    out.push(b']');
    Ok(out)
}

/// The text of an array that an entry refers to, as it is to stand in the holder.
fn referred_array(
    update: &Update<'_, '_>,
    holder: ObjectId,
    key: &[u8],
) -> Result<Option<Vec<u8>>, Error> {
    let pdf = update.pdf();
    let dict = pdf.object(holder)?;
    let Ok(dict) = dict.as_dict() else {
        return Ok(None);
    };
    let array = pdf.get(dict, key)?;
    match array.id() {
        Some(id) if array.as_array().is_ok() => {
            // Strings are encrypted for the object they stand in.
            if pdf.encryption().is_some() {
                update.object_text(holder, id).map(Some)
            } else {
                Ok(Some(update.own_text(id)?.into_owned()))
            }
        }
        _ => Ok(None),
    }
}

fn spaced_reference(out: &mut Vec<u8>, (number, generation): ObjectId) {
    out.push(b' ');
    serialize::reference(out, number, generation);
}

#[cfg(test)]
#[expect(
    clippy::arithmetic_side_effects,
    reason = "small numbers of the tests' own"
)]
mod tests {
    use super::*;
    use crate::pdf::Limits;
    use crate::pdf::sample::Sample;

    /// Enters two annotations, and gives back what each key of the parent tree and the parent's children lead to.
    fn entered(root: &str, more: &[(u32, &str)]) -> Option<(i64, Vec<u8>)> {
        let mut sample = Sample::new();
        sample.object(1, "<</Type/Catalog/Pages 2 0 R/StructTreeRoot 4 0 R>>");
        sample.object(2, "<</Type/Pages/Count 1/Kids[3 0 R]>>");
        sample.object(3, "<</Type/Page/Parent 2 0 R>>");
        sample.object(4, root);
        for (number, body) in more {
            sample.object(*number, body);
        }
        sample.table("");
        let pdf = Pdf::open(&sample.bytes, Limits::default()).unwrap();
        let mut tree = StructureTree::read(&pdf).unwrap()?;
        let mut update = Update::new(&pdf);
        let key = tree.enter(&mut update, (90, 0), (3, 0), Role::Form, "");
        assert_eq!(
            tree.enter(&mut update, (91, 0), (3, 0), Role::Annot, "Gambar"),
            key + 1
        );
        tree.write(&mut update).unwrap();
        let revision = update.finish().unwrap();
        let whole = [sample.bytes.as_slice(), &revision].concat();
        let pdf = Pdf::open(&whole, Limits::default()).unwrap();
        check(&pdf, key);
        Some((key, revision))
    }

    fn check(pdf: &Pdf<'_>, key: i64) {
        let root = pdf.object((4, 0)).unwrap();
        let root = root.as_dict().unwrap();
        assert_eq!(
            root.get(b"ParentTreeNextKey").unwrap().as_i64().unwrap(),
            key + 2
        );
        let tree = pdf.get(root, b"ParentTree").unwrap();
        let tree = tree.as_dict().unwrap();
        let node = match pdf.get(tree, b"Kids").unwrap().as_array() {
            Ok(kids) => pdf
                .resolve(kids.last().unwrap())
                .unwrap()
                .as_dict()
                .unwrap()
                .clone(),
            Err(_) => tree.clone(),
        };
        assert_eq!(highest_key(pdf, tree).unwrap(), Some(key + 1));
        let numbers = pdf.get(&node, b"Nums").unwrap().as_array().unwrap().clone();
        let [.., first, form, second, annot] = &numbers[..] else {
            panic!("{numbers:?}")
        };
        assert_eq!(
            (first.as_i64().unwrap(), second.as_i64().unwrap()),
            (key, key + 1)
        );
        for (element, role, annotation) in [(form, "Form", 90), (annot, "Annot", 91)] {
            let id = element.as_reference().unwrap();
            let element = pdf.object(id).unwrap();
            let element = element.as_dict().unwrap();
            assert_eq!(
                element.get(b"S").unwrap().as_name().unwrap(),
                role.as_bytes()
            );
            let content = element.get(b"K").unwrap().as_dict().unwrap();
            assert_eq!(
                content.get(b"Obj").unwrap().as_reference().unwrap(),
                (annotation, 0)
            );
            let parent = pdf.get(element, b"P").unwrap();
            let children = pdf.get(parent.as_dict().unwrap(), b"K").unwrap();
            assert!(
                children
                    .as_array()
                    .unwrap()
                    .contains(&Object::Reference(id))
            );
        }
    }

    #[test]
    fn annotations_enter_trees_of_every_shape() {
        let document = (5, "<</S/Document/P 4 0 R/K[6 0 R]>>");
        for (root, more, key) in [
            ("<</Type/StructTreeRoot>>", &[][..], 0),
            (
                "<</K 5 0 R/ParentTree 7 0 R>>",
                &[document, (7, "<</Nums[0[6 0 R]3 6 0 R]>>")],
                4,
            ),
            (
                "<</K[5 0 R]/ParentTree 7 0 R/ParentTreeNextKey 9>>",
                &[document, (7, "<</Nums 8 0 R>>"), (8, "[0 6 0 R % end\n]")],
                9,
            ),
            (
                "<</K 9 0 R/ParentTree 7 0 R/ParentTreeNextKey -1>>",
                &[
                    (5, "<</S/Document/P 4 0 R/K 0>>"),
                    (9, "[5 0 R 5 0 R]"),
                    (7, "<</Kids[8 0 R]>>"),
                    (8, "<</Limits[0 41]/Nums[0 5 0 R 41 5 0 R]>>"),
                ],
                42,
            ),
            (
                "<</K 5 0 R/ParentTree 7 0 R>>",
                &[
                    (5, "<</S/Document/P 4 0 R/K<</S/P/P 5 0 R>>>>"),
                    (7, "<<>>"),
                ],
                0,
            ),
        ] {
            let entered = entered(root, more);
            assert_eq!(entered.map(|(key, _)| key), Some(key), "{root}");
        }
    }

    #[test]
    fn trees_that_cannot_be_added_to_are_left_alone() {
        for (root, more) in [
            ("<</K<</S/Document>>>>", &[][..]),
            ("<</K 5 0 R>>", &[(5, "<</S/Document>>")]),
            ("<</ParentTree 7 0 R>>", &[(7, "<</Nums[/x 1]>>")]),
            ("<</ParentTree 7 0 R>>", &[(7, "<</Nums[1]>>")]),
            ("<</ParentTree 7 0 R>>", &[(7, "<</Nums[]/Kids[]>>")]),
            ("<</ParentTree 7 0 R>>", &[(7, "<</Kids[7 0 R]>>")]),
            ("<</ParentTree 7 0 R>>", &[(7, "<</Nums[2147483647 1]>>")]),
            ("<</ParentTreeNextKey 2147483647>>", &[]),
            ("[]", &[]),
        ] {
            assert!(entered(root, more).is_none(), "{root}");
        }
    }
}
