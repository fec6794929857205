//! The interactive form and its fields (ISO 32000-2, 12.7), as far as a signer needs them: every field's name, and what
//! the signature fields hold.

mod edit;

pub(crate) use edit::annotate;

use std::collections::HashSet;

use lopdf::{Dictionary, Object, ObjectId};

use super::{Error, Pdf};

/// How deep fields may nest.
const MAX_DEPTH: usize = 64;
/// How many fields and widgets are looked at.
const MAX_NODES: usize = 200_000;
/// Long names are cut off by no reader, so a longer one is a document's attempt on memory.
const MAX_NAME: usize = 64 * 1024;

/// Where the form's dictionary is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The document has no form.
    Absent,
    /// In the catalogue itself.
    Catalog,
    /// An object of its own.
    Object(ObjectId),
}

/// A form with its fields.
#[derive(Debug)]
pub struct AcroForm {
    /// Where the form's dictionary is.
    pub place: Place,
    /// The dictionary; empty when there is none.
    pub dict: Dictionary,
    /// Every named field, parents before their children.
    pub fields: Vec<Field>,
    /// The highest object number that a signature field names as its value, there or not.
    pub highest_value: u32,
}

/// A named field.
#[derive(Debug)]
pub struct Field {
    /// The field's object.
    pub id: ObjectId,
    /// The fully qualified name (12.7.4.2).
    pub name: String,
    /// Whether it is a signature field.
    pub is_signature: bool,
    /// Whether fields with names stand below it.
    pub has_children: bool,
    /// `/V` of a signature field, if it has one that is not null.
    pub value: Option<Object>,
    /// The widget annotations: the field itself when both are merged.
    pub widgets: Vec<ObjectId>,
}

impl AcroForm {
    /// Reads the form of a document.
    ///
    /// # Errors
    ///
    /// When its objects are damaged or there are too many of them.
    pub fn read(pdf: &Pdf<'_>) -> Result<Self, Error> {
        let catalog = pdf.object(pdf.root_id())?;
        let Some(entry) = catalog
            .as_dict()
            .ok()
            .and_then(|catalog| catalog.get(b"AcroForm").ok())
        else {
            return Ok(Self::absent());
        };
        let place = entry.as_reference().map_or(Place::Catalog, Place::Object);
        let resolved = pdf.resolve(entry)?;
        let Ok(dict) = resolved.as_dict() else {
            return Ok(Self::absent());
        };
        let dict = dict.clone();
        let (fields, highest_value) = Walk::new(pdf).fields(&dict)?;
        Ok(Self {
            place,
            dict,
            fields,
            highest_value,
        })
    }

    fn absent() -> Self {
        Self {
            place: Place::Absent,
            dict: Dictionary::new(),
            fields: Vec::new(),
            highest_value: 0,
        }
    }

    /// The field of this fully qualified name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The signature fields that hold a signature.
    pub fn signed(&self) -> impl Iterator<Item = &Field> {
        self.fields
            .iter()
            .filter(|field| field.is_signature && field.value.is_some())
    }

    /// The signature fields that wait for one.
    pub fn empty(&self) -> impl Iterator<Item = &Field> {
        self.fields
            .iter()
            .filter(|field| field.is_signature && field.value.is_none() && !field.has_children)
    }

    /// Whether the form is described in XFA, which readers that know it show instead.
    #[must_use]
    pub fn has_xfa(&self) -> bool {
        self.dict.has(b"XFA")
    }

    /// A name that no field has: `Signature1`, `Signature2` and so on.
    #[must_use]
    pub fn free_name(&self) -> String {
        let taken: HashSet<&str> = self
            .fields
            .iter()
            .map(|field| field.name.as_str())
            .collect();
        let first = self.signed().count().saturating_add(1);
        (first..)
            .map(|number| format!("Signature{number}"))
            .find(|name| !taken.contains(name.as_str()))
            .unwrap_or_default()
    }
}

struct Node {
    id: ObjectId,
    depth: usize,
    parent: Option<Inherited>,
}

/// What a field takes over from those above it.
#[derive(Clone)]
struct Inherited {
    index: usize,
    is_signature: Option<bool>,
    value: Option<Object>,
}

struct Walk<'p, 'a> {
    pdf: &'p Pdf<'a>,
    seen: HashSet<ObjectId>,
    pending: Vec<Node>,
    fields: Vec<Field>,
    highest_value: u32,
}

impl<'p, 'a> Walk<'p, 'a> {
    fn new(pdf: &'p Pdf<'a>) -> Self {
        Self {
            pdf,
            seen: HashSet::new(),
            pending: Vec::new(),
            fields: Vec::new(),
            highest_value: 0,
        }
    }

    fn fields(mut self, form: &Dictionary) -> Result<(Vec<Field>, u32), Error> {
        if let Ok(fields) = form.get(b"Fields") {
            self.descend(&*self.pdf.resolve(fields)?, 0, None)?;
        }
        while let Some(node) = self.pending.pop() {
            self.visit(node)?;
        }
        Ok((self.fields, self.highest_value))
    }

    /// Puts the fields of an array before those that wait, in their order.
    fn descend(
        &mut self,
        array: &Object,
        depth: usize,
        parent: Option<&Inherited>,
    ) -> Result<(), Error> {
        if depth > MAX_DEPTH {
            return Err(Error::Limit {
                what: "depth of the field tree",
            });
        }
        let Ok(items) = array.as_array() else {
            return Ok(());
        };
        // Fields have to be indirect; a direct one can have no widget and no signature.
        for id in items
            .iter()
            .rev()
            .filter_map(|item| item.as_reference().ok())
        {
            if self.seen.insert(id) {
                self.pending.push(Node {
                    id,
                    depth,
                    parent: parent.cloned(),
                });
            }
        }
        if self.seen.len() > MAX_NODES {
            return Err(Error::Limit {
                what: "form fields",
            });
        }
        Ok(())
    }

    fn visit(&mut self, node: Node) -> Result<(), Error> {
        let object = self.pdf.object(node.id)?;
        let Ok(dict) = object.as_dict() else {
            return Ok(());
        };
        let partial = match dict.get(b"T") {
            Ok(name) => Some(text(&*self.pdf.resolve(name)?)),
            Err(_) => None,
        };
        let Some(partial) = partial else {
            return self.unnamed(&node, dict);
        };
        let name = match node
            .parent
            .as_ref()
            .and_then(|parent| self.fields.get_mut(parent.index))
        {
            Some(parent) => {
                parent.has_children = true;
                format!("{}.{partial}", parent.name)
            }
            None => partial,
        };
        if name.len() > MAX_NAME {
            return Err(Error::Limit {
                what: "length of a field's name",
            });
        }
        let inherited = self.inherit(&node, dict)?;
        let widgets = if is_widget(dict) {
            vec![node.id]
        } else {
            Vec::new()
        };
        self.fields.push(Field {
            id: node.id,
            name,
            is_signature: inherited.is_signature == Some(true),
            has_children: false,
            value: inherited.value.clone(),
            widgets,
        });
        self.kids(dict, node.depth, &inherited)
    }

    /// A kid without a name is a widget of the field above it.
    fn unnamed(&mut self, node: &Node, dict: &Dictionary) -> Result<(), Error> {
        match &node.parent {
            Some(parent) => {
                if let Some(field) = self.fields.get_mut(parent.index) {
                    field.widgets.push(node.id);
                }
                Ok(())
            }
            // A root without a name: what stands below it may have one.
            None => match dict.get(b"Kids") {
                Ok(kids) => self.descend(
                    &*self.pdf.resolve(kids)?,
                    node.depth.saturating_add(1),
                    None,
                ),
                Err(_) => Ok(()),
            },
        }
    }

    fn kids(
        &mut self,
        dict: &Dictionary,
        depth: usize,
        inherited: &Inherited,
    ) -> Result<(), Error> {
        match dict.get(b"Kids") {
            Ok(kids) => self.descend(
                &*self.pdf.resolve(kids)?,
                depth.saturating_add(1),
                Some(inherited),
            ),
            Err(_) => Ok(()),
        }
    }

    fn inherit(&mut self, node: &Node, dict: &Dictionary) -> Result<Inherited, Error> {
        let above = node.parent.as_ref();
        let is_signature = match dict.get(b"FT") {
            Ok(kind) => Some(
                self.pdf
                    .resolve(kind)?
                    .as_name()
                    .is_ok_and(|kind| kind == b"Sig"),
            ),
            Err(_) => above.and_then(|above| above.is_signature),
        };
        if let Ok(Object::Reference((number, _))) = dict.get(b"V") {
            self.highest_value = self.highest_value.max(*number);
        }
        let value = match dict.get(b"V") {
            Ok(value) if is_signature == Some(true) && !self.pdf.resolve(value)?.is_null() => {
                Some(value.clone())
            }
            Ok(_) => None,
            Err(_) => above.and_then(|above| above.value.clone()),
        };
        Ok(Inherited {
            index: self.fields.len(),
            is_signature,
            value,
        })
    }
}

fn is_widget(dict: &Dictionary) -> bool {
    dict.get(b"Subtype")
        .and_then(Object::as_name)
        .is_ok_and(|kind| kind == b"Widget")
        || dict.has(b"Rect")
}

/// A text string (7.9.2.2); bytes that mean nothing in it are taken as Latin-1, so that distinct names stay distinct.
#[must_use]
pub fn text(object: &Object) -> String {
    match (lopdf::decode_text_string(object), object) {
        (Ok(text), _) => text,
        (Err(_), Object::String(bytes, _)) => bytes.iter().map(|byte| char::from(*byte)).collect(),
        (Err(_), _) => String::new(),
    }
}
