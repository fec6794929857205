use super::*;

const A4: [f64; 4] = [0.0, 0.0, 595.28, 841.89];

fn page(media_box: [f64; 4]) -> PageGeometry {
    PageGeometry {
        media_box,
        crop_box: None,
        rotate: 0,
        user_unit: 1.0,
    }
}

fn v2(origin_x: f64, origin_y: f64, width: f64, height: f64) -> Position {
    let extent = Extent {
        width: Some(width),
        height: Some(height),
    };
    Position::V2 {
        origin_x,
        origin_y,
        extent,
    }
}

fn v1(x_axis: f64, y_axis: f64, width: f64, height: f64, reading: V1Box) -> Position {
    let extent = Extent {
        width: Some(width),
        height: Some(height),
    };
    Position::V1 {
        x_axis,
        y_axis,
        extent,
        reading,
    }
}

/// Every combination of rotation, boxes and unit; the visible box beside it.
fn pages() -> Vec<(PageGeometry, [f64; 4])> {
    let boxes = [
        (A4, None, A4),
        (
            [-100.0, 50.0, 500.0, 900.0],
            None,
            [-100.0, 50.0, 500.0, 900.0],
        ),
        (
            [500.0, 900.0, -100.0, 50.0],
            None,
            [-100.0, 50.0, 500.0, 900.0],
        ),
        (
            A4,
            Some([20.0, 30.0, 520.0, 700.0]),
            [20.0, 30.0, 520.0, 700.0],
        ),
        (
            A4,
            Some([-50.0, -50.0, 400.0, 2000.0]),
            [0.0, 0.0, 400.0, 841.89],
        ),
        (A4, Some([2000.0, 2000.0, 2100.0, 2100.0]), A4),
        (A4, Some([10.0, 10.0, 10.0, 500.0]), A4),
        (A4, Some([f64::NAN, 0.0, 10.0, 10.0]), A4),
    ];
    let mut pages = Vec::new();
    for (media_box, crop_box, visible) in boxes {
        for rotate in [
            0,
            90,
            180,
            270,
            -90,
            -180,
            -270,
            450,
            36_000_000_090,
            i64::MIN,
            45,
        ] {
            for user_unit in [1.0, 2.5, 0.5, 10.0] {
                pages.push((
                    PageGeometry {
                        media_box,
                        crop_box,
                        rotate,
                        user_unit,
                    },
                    visible,
                ));
            }
        }
    }
    pages
}

/// Where a reader shows a point of default user space: the page turned about its centre, written without the mapping
/// under test. Points from the upper left, y downwards.
fn shown(page: &PageGeometry, [left, bottom, right, top]: [f64; 4], x: f64, y: f64) -> (f64, f64) {
    let degrees = if page.rotate % 90 == 0 {
        page.rotate.rem_euclid(360)
    } else {
        0
    };
    let (x, y) = (x - (left + right) / 2.0, y - (bottom + top) / 2.0);
    #[expect(clippy::cast_precision_loss, reason = "below 360")]
    let (sin, cos) = (degrees as f64).to_radians().sin_cos();
    let (turned_x, turned_y) = (x * cos + y * sin, y * cos - x * sin);
    let (wide, high) = (right - left, top - bottom);
    let (wide, high) = if degrees % 180 == 0 {
        (wide, high)
    } else {
        (high, wide)
    };
    (
        (turned_x + wide / 2.0) * page.user_unit,
        (high / 2.0 - turned_y) * page.user_unit,
    )
}

fn near((ax, ay): (f64, f64), (bx, by): (f64, f64)) -> bool {
    (ax - bx).abs() < 1e-6 && (ay - by).abs() < 1e-6
}

/// A point of the appearance on the page, by the algorithm of ISO 32000-2, 12.5.5.
fn on_page(placed: &Placed, x: f64, y: f64) -> (f64, f64) {
    let [a, b, c, d, e, f] = placed.matrix;
    let apply = |x: f64, y: f64| (a * x + c * y + e, b * x + d * y + f);
    let corners = [
        apply(0.0, 0.0),
        apply(placed.width, 0.0),
        apply(0.0, placed.height),
        apply(placed.width, placed.height),
    ];
    let least = |of: fn(&(f64, f64)) -> f64| corners.iter().map(of).fold(f64::INFINITY, f64::min);
    let most =
        |of: fn(&(f64, f64)) -> f64| corners.iter().map(of).fold(f64::NEG_INFINITY, f64::max);
    let [left, bottom, right, top] = placed.rect;
    let (x, y) = apply(x, y);
    (
        left + (x - least(|p| p.0)) * (right - left) / (most(|p| p.0) - least(|p| p.0)),
        bottom + (y - least(|p| p.1)) * (top - bottom) / (most(|p| p.1) - least(|p| p.1)),
    )
}

#[test]
fn the_picture_stands_upright_where_it_was_asked_for() {
    for (page, visible) in pages() {
        let view = View::new(&page).unwrap();
        let (x, y, width, height) = (
            view.width * 0.1,
            view.height * 0.2,
            view.width * 0.3,
            view.height * 0.25,
        );
        let lower = view.height - y - height;
        for at in [
            v2(x, y, width, height),
            v1(x, lower, width, height, V1Box::Extent),
        ] {
            let placed = place(&page, &at, (100.0, 100.0)).unwrap();
            for (form, expected) in [
                ((0.0, 0.0), (x, y + height)),
                ((width, 0.0), (x + width, y + height)),
                ((0.0, height), (x, y)),
                ((width, height), (x + width, y)),
            ] {
                let (user_x, user_y) = on_page(&placed, form.0, form.1);
                let got = shown(&page, visible, user_x, user_y);
                assert!(
                    near(got, expected),
                    "{page:?} {at:?}: {form:?} is at {got:?}, not {expected:?}"
                );
            }
        }
    }
}

#[test]
fn the_two_mappings_are_inverse() {
    for (page, visible) in pages() {
        let view = View::new(&page).unwrap();
        for (x, y) in [(0.0, 0.0), (view.width, view.height), (13.0, 71.5)] {
            let (user_x, user_y) = view.to_user(x, y);
            assert!(near(view.to_shown(user_x, user_y), (x, y)));
            assert!(near(shown(&page, visible, user_x, user_y), (x, y)));
        }
    }
}

#[test]
fn outside_the_page_is_refused() {
    for (page, _) in pages() {
        let view = View::new(&page).unwrap();
        let (width, height) = (view.width, view.height);
        for at in [
            v2(width - 5.0, 0.0, 20.0, 20.0),
            v2(0.0, height - 5.0, 20.0, 20.0),
            v2(-10.0, 0.0, 20.0, 20.0),
            v2(0.0, -10.0, 20.0, 20.0),
            v2(0.0, 0.0, width * 2.0, 20.0),
            v2(1e300, 0.0, 20.0, 20.0),
            v2(0.0, 0.0, 1e308, 1e308),
            v1(0.0, height + 100.0, 20.0, 20.0, V1Box::Auto),
            v1(width, height, 20.0, 20.0, V1Box::Extent),
        ] {
            assert_eq!(
                place(&page, &at, (100.0, 100.0)),
                Err(Error::OutsidePage),
                "{page:?} {at:?}"
            );
        }
    }
}

#[test]
fn what_is_no_size_is_refused() {
    for bad in [0.0, -5.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e-9] {
        assert_eq!(
            place(&page(A4), &v2(10.0, 10.0, bad, 20.0), (100.0, 100.0)),
            Err(Error::Size)
        );
        assert_eq!(
            place(&page(A4), &v2(10.0, 10.0, 20.0, bad), (100.0, 100.0)),
            Err(Error::Size)
        );
    }
    for bad in [f64::NAN, f64::INFINITY] {
        assert_eq!(
            place(&page(A4), &v2(bad, 10.0, 20.0, 20.0), (100.0, 100.0)),
            Err(Error::Size)
        );
        assert_eq!(
            place(
                &page(A4),
                &v1(10.0, bad, 20.0, 20.0, V1Box::Auto),
                (100.0, 100.0)
            ),
            Err(Error::Size)
        );
    }
}

#[test]
fn a_page_without_area_is_the_documents_fault() {
    for media_box in [
        [0.0; 4],
        [0.0, 0.0, 100.0, 0.0],
        [f64::NAN, 0.0, 1.0, 1.0],
        [0.0, 0.0, f64::MAX, f64::INFINITY],
    ] {
        assert_eq!(
            place(&page(media_box), &v2(1.0, 1.0, 2.0, 2.0), (1.0, 1.0)),
            Err(Error::PageGeometry)
        );
    }
    let endless = PageGeometry {
        user_unit: f64::MAX,
        ..page(A4)
    };
    assert_eq!(
        place(&endless, &v2(1.0, 1.0, 2.0, 2.0), (1.0, 1.0)),
        Err(Error::PageGeometry)
    );
}

#[test]
fn rounded_paper_sizes_fit() {
    let placed = place(&page(A4), &v2(495.6, 742.0, 100.0, 100.0), (100.0, 100.0)).unwrap();
    let [left, bottom, right, top] = placed.rect;
    assert!(
        left >= 0.0 && bottom >= 0.0 && right <= A4[2] && top <= A4[3],
        "{placed:?}"
    );
    assert!(near((placed.width, placed.height), (100.0, 100.0)));
    let whole = place(&page(A4), &v2(0.0, 0.0, 596.0, 842.0), (100.0, 100.0)).unwrap();
    assert_eq!(whole.rect, A4);
}

#[test]
fn version_1_reads_corner_or_extent() {
    let rect = |at| place(&page(A4), &at, (100.0, 100.0)).map(|placed| placed.rect.map(f64::round));
    let extent = Ok([400.0, 600.0, 500.0, 650.0]);
    assert_eq!(rect(v1(400.0, 600.0, 100.0, 50.0, V1Box::Auto)), extent);
    assert_eq!(rect(v1(400.0, 600.0, 500.0, 650.0, V1Box::Auto)), extent);
    assert_eq!(rect(v1(400.0, 600.0, 500.0, 650.0, V1Box::Corner)), extent);
    assert_eq!(
        rect(v1(400.0, 600.0, 500.0, 650.0, V1Box::Extent)),
        Err(Error::OutsidePage)
    );
    // Both readings stay on the page: the extent.
    assert_eq!(
        rect(v1(50.0, 60.0, 150.0, 160.0, V1Box::Auto)),
        Ok([50.0, 60.0, 200.0, 220.0])
    );
    assert_eq!(
        rect(v1(400.0, 600.0, 300.0, 650.0, V1Box::Corner)),
        Err(Error::Size)
    );
    assert_eq!(
        rect(v1(400.0, 600.0, 600.0, 100.0, V1Box::Auto)),
        Err(Error::OutsidePage)
    );
}

#[test]
fn missing_sizes_follow_the_content() {
    let size = |width, height| {
        let at = Position::V2 {
            origin_x: 10.0,
            origin_y: 10.0,
            extent: Extent { width, height },
        };
        place(&page(A4), &at, (100.0, 50.0)).map(|placed| (placed.width, placed.height))
    };
    assert_eq!(size(None, None), Ok((100.0, 50.0)));
    assert_eq!(size(Some(60.0), None), Ok((60.0, 30.0)));
    assert_eq!(size(None, Some(60.0)), Ok((120.0, 60.0)));
}

#[test]
fn a_centred_box_is_pushed_inside() {
    for (page, _) in pages() {
        let view = View::new(&page).unwrap();
        let extent = Extent {
            width: Some(view.width / 4.0),
            height: Some(view.height / 4.0),
        };
        for (x, y) in [
            (0.0, 0.0),
            (view.width, view.height),
            (view.width / 2.0, -50.0),
            (1e9, 1e9),
        ] {
            let placed = place(&page, &Position::Centred { x, y, extent }, (100.0, 100.0)).unwrap();
            let at = view.to_shown(
                (placed.rect[0] + placed.rect[2]) / 2.0,
                (placed.rect[1] + placed.rect[3]) / 2.0,
            );
            let expected = (
                x.clamp(view.width / 8.0, view.width * 7.0 / 8.0),
                y.clamp(view.height / 8.0, view.height * 7.0 / 8.0),
            );
            assert!(near(at, expected), "{page:?} {at:?} {expected:?}");
        }
    }
    let huge = Extent {
        width: Some(5000.0),
        height: None,
    };
    let at = Position::Centred {
        x: 10.0,
        y: 10.0,
        extent: huge,
    };
    assert_eq!(
        place(&page(A4), &at, (100.0, 100.0)),
        Err(Error::OutsidePage)
    );
}
