//! The fields of POST /api/sign/pdf (contract, sections 1 and 4).

use secrecy::SecretString;
use signer::appearance::{Extent, Marker, PageChoice, Place, Position, V1Box};

use crate::form::{Form, Wanted};
use crate::pipeline::order::{self, Item, Items, Mark, Order, Picture, Proof, Spot, Who};
use crate::problem::Problem;

/// The parts kept as files, with the largest document's size.
pub(super) fn wanted(document: usize) -> [Wanted; 2] {
    [
        Wanted {
            name: "file",
            size: document,
        },
        Wanted {
            name: "imageTTD",
            size: order::IMAGE_SIZE,
        },
    ]
}

/// Whether the answer is JSON with Base64 instead of the bytes.
pub(super) fn wants_base64(form: &Form) -> Result<bool, Problem> {
    match form.text("jenis_response") {
        None => Ok(false),
        Some(text) if text.eq_ignore_ascii_case("byte") => Ok(false),
        Some(text) if text.eq_ignore_ascii_case("base64") => Ok(true),
        Some(_) => Err(Problem::BadField {
            field: "jenis_response",
        }),
    }
}

/// Reads the order.
pub(super) fn read(form: &Form, reading: V1Box) -> Result<Order, Problem> {
    let document = form
        .file("file")
        .ok_or(Problem::Missing { field: "file" })?;
    let nik = required(form, "nik")?;
    let passphrase = form.verbatim("passphrase").ok_or(Problem::Missing {
        field: "passphrase",
    })?;
    let appearance = required(form, "tampilan")?;
    let mark = if appearance.eq_ignore_ascii_case("invisible") {
        None
    } else if appearance.eq_ignore_ascii_case("visible") {
        Some(mark(form, reading)?)
    } else {
        return Err(Problem::BadField { field: "tampilan" });
    };
    order::level(form.text("level"))?;
    let item = Item {
        mark,
        reason: order::text("reason", form.text("reason"))?,
        location: order::text("location", form.text("location"))?,
        contact_info: None,
        field: order::text("fieldName", form.text("fieldName"))?,
        password: form.verbatim("pdfPassword").map(SecretString::from),
    };
    Ok(Order {
        who: Who {
            nik: Some(nik.to_owned()),
            email: None,
        },
        proof: Proof::Passphrase(SecretString::from(passphrase)),
        files: vec![document.content.clone()],
        items: Items::ForAll(Box::new(item)),
        lease: form.lease(),
    })
}

fn required<'f>(form: &'f Form, field: &'static str) -> Result<&'f str, Problem> {
    form.text(field).ok_or(Problem::Missing { field })
}

fn mark(form: &Form, reading: V1Box) -> Result<Mark, Problem> {
    Ok(Mark {
        picture: picture(form)?,
        caption: order::text("text", form.text("text"))?,
        spot: spot(form, reading)?,
    })
}

/// A marker wins over coordinates, and over the page that goes with them.
fn spot(form: &Form, reading: V1Box) -> Result<Spot, Problem> {
    if let Some(text) = form.text("tag_koordinat") {
        let size = |field| {
            form.text(field)
                .map(|text| order::number(field, text))
                .transpose()
        };
        return Ok(Spot::Marker(Marker {
            text: text.to_owned(),
            page: None,
            extent: Extent {
                width: size("width")?,
                height: size("height")?,
            },
        }));
    }
    let coordinate = |field| order::number(field, required(form, field)?);
    let at = Position::V1 {
        x_axis: coordinate("xAxis")?,
        y_axis: coordinate("yAxis")?,
        extent: Extent {
            width: Some(coordinate("width")?),
            height: Some(coordinate("height")?),
        },
        reading,
    };
    Ok(Spot::Place(Place {
        page: page(form)?,
        at,
    }))
}

/// The image wins over the QR code; `linkQR` without `image` means QR, a text alone is a caption.
fn picture(form: &Form) -> Result<Picture, Problem> {
    let upload = form.file("imageTTD");
    let link = form.text("linkQR");
    let image = match form.text("image") {
        None if upload.is_none() && link.is_none() && form.text("text").is_some() => {
            return Ok(Picture::Blank);
        }
        None => link.is_none(),
        Some(flag) if flag == "1" || flag.eq_ignore_ascii_case("true") => true,
        Some(flag) if flag == "0" || flag.eq_ignore_ascii_case("false") => false,
        Some(_) => return Err(Problem::BadField { field: "image" }),
    };
    if image {
        upload
            .map(|file| Picture::Image(file.content.clone()))
            .ok_or(Problem::Missing { field: "imageTTD" })
    } else {
        link.map(|link| Picture::Qr(link.to_owned()))
            .ok_or(Problem::Missing { field: "linkQR" })
    }
}

fn page(form: &Form) -> Result<PageChoice, Problem> {
    if let Some(number) = form.text("page") {
        return Ok(PageChoice::Number(order::page("page", number)?));
    }
    match form.text("halaman") {
        None => Err(Problem::Missing { field: "page" }),
        Some(text) if text.eq_ignore_ascii_case("pertama") => Ok(PageChoice::First),
        Some(text) if text.eq_ignore_ascii_case("terakhir") => Ok(PageChoice::Last),
        Some(_) => Err(Problem::BadField { field: "halaman" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Budget;

    fn form(texts: &[(&str, &str)], image: bool) -> Form {
        let lease = Budget::new(1 << 20).lease(1).unwrap();
        let mut files = vec![("file", "%PDF-1.7")];
        if image {
            files.push(("imageTTD", "png"));
        }
        let required = [("nik", "1"), ("passphrase", " p ")];
        let all = required
            .iter()
            .chain(texts)
            .filter(|(_, value)| !value.is_empty());
        Form::of(all.copied(), files, lease)
    }

    fn visible<'t>(more: &[(&'t str, &'t str)]) -> Vec<(&'t str, &'t str)> {
        let mut fields = vec![
            ("tampilan", "VISIBLE"),
            ("page", "2"),
            ("xAxis", "10"),
            ("yAxis", "20,5"),
            ("width", "100"),
            ("height", "50"),
        ];
        fields.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        fields.extend(more);
        fields
    }

    fn read(texts: &[(&str, &str)], image: bool) -> Result<Order, Problem> {
        super::read(&form(texts, image), V1Box::Auto)
    }

    #[test]
    fn invisible_ignores_stray_fields_in_any_case() {
        let order = read(
            &[
                ("tampilan", "InVisible"),
                ("xAxis", "nonsense"),
                ("tag_koordinat", "#"),
            ],
            false,
        )
        .unwrap();
        assert!(order.items.of(0)[0].mark.is_none());
        assert_eq!(order.who.nik.as_deref(), Some("1"));
    }

    #[test]
    fn the_switch_between_image_and_qr_takes_php_booleans() {
        let picture = |texts: &[(&'static str, &'static str)], image| {
            let order = read(&visible(texts), image)?;
            Ok(match &order.items.of(0)[0].mark.as_ref().unwrap().picture {
                Picture::Blank => "blank",
                Picture::Image(_) => "image",
                Picture::Qr(_) => "qr",
            })
        };
        let missing = |result: Result<&str, Problem>| match result {
            Err(Problem::Missing { field }) => field,
            other => panic!("{other:?}"),
        };
        for yes in ["true", "TRUE", "1"] {
            assert_eq!(
                picture(&[("image", yes), ("linkQR", "u")], true).unwrap(),
                "image"
            );
            assert_eq!(
                missing(picture(&[("image", yes), ("linkQR", "u")], false)),
                "imageTTD"
            );
        }
        for no in ["false", "False", "0"] {
            assert_eq!(
                picture(&[("image", no), ("linkQR", "u")], true).unwrap(),
                "qr"
            );
            assert_eq!(missing(picture(&[("image", no)], true)), "linkQR");
        }
        assert_eq!(
            picture(&[("image", ""), ("linkQR", "u")], true).unwrap(),
            "qr"
        );
        assert_eq!(picture(&[], true).unwrap(), "image");
        assert_eq!(
            picture(&[("text", "Kepala Dinas")], false).unwrap(),
            "blank"
        );
        assert!(matches!(
            picture(&[("image", "maybe")], true),
            Err(Problem::BadField { field: "image" })
        ));
    }

    fn spot(order: &Order) -> Spot {
        order.items.of(0)[0].mark.as_ref().unwrap().spot.clone()
    }

    #[test]
    fn a_marker_wins_over_coordinates_and_needs_no_size() {
        for (more, width) in [
            (&[][..], Some(100.0)),
            (
                &[("xAxis", ""), ("page", ""), ("width", ""), ("height", "")],
                None,
            ),
        ] {
            let order = read(
                &visible(&[more, &[("tag_koordinat", "${ttd}")]].concat()),
                true,
            );
            let Spot::Marker(marker) = spot(&order.unwrap()) else {
                panic!("a marker")
            };
            assert_eq!((&*marker.text, marker.page), ("${ttd}", None));
            assert_eq!(marker.extent.width, width);
        }
        let order = read(&visible(&[("tag_koordinat", "#"), ("width", "x")]), true);
        assert!(matches!(order, Err(Problem::BadField { field: "width" })));
    }

    #[test]
    fn coordinates_and_pages() {
        let order = read(&visible(&[]), true).unwrap();
        let Spot::Place(place) = spot(&order) else {
            panic!("coordinates")
        };
        assert_eq!(place.page, PageChoice::Number(2));
        let Position::V1 { y_axis, .. } = place.at else {
            panic!("version 1")
        };
        assert_eq!(y_axis.to_bits(), 20.5f64.to_bits());

        let last = read(&visible(&[("page", ""), ("halaman", "Terakhir")]), true).unwrap();
        assert!(matches!(
            spot(&last),
            Spot::Place(Place {
                page: PageChoice::Last,
                ..
            })
        ));
        for field in ["xAxis", "yAxis", "width", "height", "page"] {
            let Err(Problem::Missing { field: missing }) = read(&visible(&[(field, "")]), true)
            else {
                panic!("{field}")
            };
            assert_eq!(missing, field);
        }
    }
}
