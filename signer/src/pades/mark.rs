//! Marks on pages: which page, where on it, and the appearance written into the revision.

use lopdf::{Dictionary, Object, ObjectId};

use super::Error;
use crate::appearance::layout::{fill, place};
use crate::appearance::{Claim, Drawing, Mark, Objects, PageChoice, PageGeometry, Placed};
use crate::pdf::acro_form::Field;
use crate::pdf::incremental::Update;
use crate::pdf::{Page, Pdf};

impl Objects for Update<'_, '_> {
    fn allocate(&mut self) -> ObjectId {
        Update::allocate(self)
    }

    fn put(&mut self, id: ObjectId, object: Object) {
        Update::put(self, id, object);
    }
}

/// A mark and the place found for it.
#[derive(Debug)]
pub(super) struct PlacedMark<'m> {
    pub(super) mark: &'m Mark,
    pub(super) page: ObjectId,
    pub(super) placed: Placed,
}

/// Finds the place of every mark, before anything is written.
pub(super) fn place_all<'m>(
    pdf: &Pdf<'_>,
    marks: &'m [Mark],
) -> Result<Vec<PlacedMark<'m>>, Error> {
    marks
        .iter()
        .map(|mark| {
            let page = match mark.place.page {
                PageChoice::First => pdf.page(1)?,
                PageChoice::Last => pdf.page(pdf.page_count()?)?,
                PageChoice::Number(number) => pdf.page(number)?,
            };
            let placed = place(
                &PageGeometry::from(&page),
                &mark.place.at,
                mark.natural_size(),
            )?;
            Ok(PlacedMark {
                mark,
                page: page.id,
                placed,
            })
        })
        .collect()
}

/// Where the widget of a field is.
#[derive(Debug)]
pub(super) struct WidgetPlace {
    pub(super) widget: ObjectId,
    pub(super) placed: Placed,
    pub(super) flags: i64,
}

/// The place of the first widget of an existing field that has an area.
pub(super) fn widget_place(pdf: &Pdf<'_>, field: &Field) -> Result<WidgetPlace, Error> {
    for widget in &field.widgets {
        let object = pdf.object(*widget)?;
        let Ok(dict) = object.as_dict() else { continue };
        let Some(rect) = rectangle(pdf, dict)? else {
            continue;
        };
        let Some(page) = page_of(pdf, *widget, dict)? else {
            continue;
        };
        let placed = fill(&PageGeometry::from(&page), rect)?;
        let flags = pdf.get(dict, b"F")?.as_i64().unwrap_or(0);
        return Ok(WidgetPlace {
            widget: *widget,
            placed,
            flags,
        });
    }
    Err(Error::FieldInvisible {
        name: field.name.clone(),
    })
}

/// `/Rect`, if it has an area.
fn rectangle(pdf: &Pdf<'_>, dict: &Dictionary) -> Result<Option<[f64; 4]>, Error> {
    let rect = pdf.get(dict, b"Rect")?;
    let Ok([a, b, c, d]) = rect.as_array().map(Vec::as_slice) else {
        return Ok(None);
    };
    let mut corners = [0.0; 4];
    for (corner, number) in corners.iter_mut().zip([a, b, c, d]) {
        *corner = f64::from(pdf.resolve(number)?.as_float().unwrap_or(0.0));
    }
    let [left, bottom, right, top] = corners;
    Ok((left != right && bottom != top).then_some(corners))
}

/// The page that a widget is on: the first whose annotations name it. `/P` is optional and often wrong.
fn page_of(pdf: &Pdf<'_>, widget: ObjectId, dict: &Dictionary) -> Result<Option<Page>, Error> {
    let claimed = dict.get(b"P").and_then(Object::as_reference).ok();
    let mut fallback = None;
    for number in 1..=pdf.page_count()? {
        let page = pdf.page(number)?;
        if Some(page.id) == claimed {
            fallback = Some(page.clone());
        }
        let annotations = pdf.get(page.dictionary(), b"Annots")?;
        let named = annotations
            .as_array()
            .is_ok_and(|items| items.contains(&Object::Reference(widget)));
        if named {
            return Ok(Some(page));
        }
    }
    Ok(fallback)
}

/// What the document claims to be, as far as that matters: marks may have to do without transparency, and anything new
/// may have to stand in the structure tree.
pub(super) fn claim(pdf: &Pdf<'_>, marks: &[Mark]) -> Result<Option<Claim>, Error> {
    if !marks.is_empty() {
        return Ok(Some(Claim::read(pdf)?));
    }
    let catalogue = pdf.catalog()?;
    let has_structure = catalogue
        .as_dict()
        .is_ok_and(|catalogue| catalogue.has(b"StructTreeRoot"));
    if !has_structure {
        return Ok(None);
    }
    // Metadata beyond the limits are no reason to refuse what draws nothing.
    Ok(Claim::read(pdf).ok())
}

/// Draws into a revision under what the document's archival claim allows.
pub(super) fn drawing(claim: Option<&Claim>) -> Drawing {
    claim.map_or_else(Drawing::default, |claim| Drawing::new(claim.constraints()))
}
