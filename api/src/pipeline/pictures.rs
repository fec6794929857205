//! Pictures of an order, decoded once each however many documents show them.

use std::sync::Arc;

use bytes::Bytes;
use signer::appearance::{Caption, Content, image, qr};

use super::order::{Items, Mark, Order, Picture};
use crate::metrics::Stage;
use crate::problem::Problem;
use crate::service::{Context, Service};

/// What each item shows, in the order of the items; none for invisible ones.
pub(super) type Pictures = Vec<Option<Shown>>;

/// A picture ready to be drawn, and the text that goes with it.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    pub(super) content: Content,
    pub(super) caption: Option<Arc<Caption>>,
}

/// A picture as it came, to be told from others.
#[derive(Clone, Debug)]
struct Raw {
    picture: Picture,
    caption: Option<String>,
}

/// Decodes on the CPU pool what an order shows.
pub(super) async fn decode(
    service: &Service,
    context: &Context,
    order: &Order,
) -> Result<Pictures, Problem> {
    let items = match &order.items {
        Items::Each(items) | Items::Several(items) => items.as_slice(),
        Items::ForAll(item) => std::slice::from_ref(&**item),
    };
    let raw = |mark: &Mark| Raw {
        picture: mark.picture.clone(),
        caption: mark.caption.clone(),
    };
    let pictures: Vec<Option<Raw>> = items
        .iter()
        .map(|item| item.mark.as_ref().map(raw))
        .collect();
    if pictures.iter().all(Option::is_none) {
        return Ok(vec![None; pictures.len()]);
    }
    service
        .cpu
        .run(Stage::Parse, context.deadline, move || contents(pictures))
        .await
}

fn contents(pictures: Vec<Option<Raw>>) -> Result<Pictures, Problem> {
    let count = pictures.len();
    let mut known: Vec<(Raw, Shown)> = Vec::new();
    let mut contents = Vec::with_capacity(count);
    for (index, picture) in pictures.into_iter().enumerate() {
        let Some(picture) = picture else {
            contents.push(None);
            continue;
        };
        let content = match known.iter().find(|(other, _)| same(other, &picture)) {
            Some((_, content)) => content.clone(),
            None => {
                let content = shown(&picture).map_err(|problem| problem.in_file(index, count))?;
                known.push((picture, content.clone()));
                content
            }
        };
        contents.push(Some(content));
    }
    Ok(contents)
}

fn shown(raw: &Raw) -> Result<Shown, Problem> {
    let content = match &raw.picture {
        Picture::Blank => Content::Blank,
        Picture::Image(bytes) => {
            Content::Image(Arc::new(image::decode(bytes, &image::Limits::default())?))
        }
        Picture::Qr(text) => Content::Qr(Arc::new(qr::encode(text)?)),
    };
    let caption = raw
        .caption
        .as_deref()
        .map(Caption::new)
        .transpose()?
        .map(Arc::new);
    Ok(Shown { content, caption })
}

fn same(one: &Raw, other: &Raw) -> bool {
    let pictures = match (&one.picture, &other.picture) {
        (Picture::Blank, Picture::Blank) => true,
        (Picture::Image(one), Picture::Image(other)) => Bytes::eq(one, other),
        (Picture::Qr(one), Picture::Qr(other)) => one == other,
        _ => false,
    };
    pictures && one.caption == other.caption
}
