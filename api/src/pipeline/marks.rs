//! Marks of one document: places asked for by a marker become places on its pages (contract, section 4).

use bytes::Bytes;
use secrecy::SecretString;
use signer::appearance::{Mark, Marker, Place, marker};
use signer::pdf::repair::Caps;

use super::order::{Item, Spot};
use super::pictures::Shown;
use super::repair;
use crate::metrics::Stage;
use crate::problem::Problem;
use crate::service::{Context, Service};

/// What is drawn, and the spot for it.
#[derive(Debug)]
pub(super) struct Planned {
    shown: Shown,
    spot: Spot,
}

/// The marks of a document's items.
pub(super) fn planned(items: &[Item], shown: &[Option<Shown>]) -> Vec<Planned> {
    let mark = |(item, shown): (&Item, &Option<Shown>)| {
        Some(Planned {
            spot: item.mark.as_ref()?.spot.clone(),
            shown: shown.clone()?,
        })
    };
    items.iter().zip(shown).filter_map(mark).collect()
}

/// Finds the place of every mark. A document is searched once for all its markers, and not at all without any.
pub(super) async fn place(
    service: &Service,
    context: &Context,
    document: &Bytes,
    password: Option<&SecretString>,
    planned: Vec<Planned>,
) -> Result<Vec<Mark>, Problem> {
    let markers: Vec<Marker> = planned
        .iter()
        .filter_map(|mark| match &mark.spot {
            Spot::Marker(marker) => Some(marker.clone()),
            Spot::Place(_) => None,
        })
        .collect();
    if markers.is_empty() {
        return Ok(placed(planned, Vec::new()));
    }
    let search = async |caps: Option<Caps>| {
        let (document, password) = (document.clone(), password.cloned());
        let (markers, deadline) = (markers.clone(), context.deadline);
        let job = move || {
            let password = password.as_ref();
            let caps = caps.as_ref();
            Ok(marker::locate(
                &document, password, &markers, deadline, caps,
            ))
        };
        service.cpu.run(Stage::Search, deadline, job).await
    };
    let found = match search(None).await? {
        Err(marker::Error::Document(error)) if error.is_damage() => {
            let turn = repair::turn(service, context).await?;
            search(Some(turn.caps.clone())).await?
        }
        found => found,
    };
    Ok(placed(planned, found?))
}

/// Marks in the order of their items; `found` has a place for each marker.
fn placed(planned: Vec<Planned>, found: Vec<Place>) -> Vec<Mark> {
    let mut found = found.into_iter();
    let mark = |Planned { shown, spot }: Planned| {
        let place = match spot {
            Spot::Marker(_) => found.next()?,
            Spot::Place(place) => place,
        };
        Some(Mark {
            content: shown.content,
            caption: shown.caption,
            place,
        })
    };
    planned.into_iter().filter_map(mark).collect()
}
