use crate::pdf::sample::Sample;
use crate::pdf::{Anomaly, Error, Limits, Pdf};

fn open(sample: &Sample) -> Pdf<'_> {
    Pdf::open(&sample.bytes, Limits::default()).unwrap()
}

#[test]
fn attributes_are_inherited_and_made_sound() {
    let mut sample = Sample::new();
    sample.object(1, "<</Type/Catalog/Pages 2 0 R>>");
    sample.object(
        2,
        "<</Type/Pages/Count 2/Kids[3 0 R]/MediaBox 6 0 R/Rotate -90/Resources<</X 1>>>>",
    );
    sample.object(
        3,
        "<</Type/Pages/Count 2/Kids[4 0 R 5 0 R]/CropBox[-5 10 100 900]>>",
    );
    sample.object(4, "<</Type/Page/Parent 3 0 R>>");
    sample.object(
        5,
        "<</Type/Page/Parent 3 0 R/Rotate 45/UserUnit 2.5/CropBox[700 800 900 900]/MediaBox[600 800 0 0]>>",
    );
    sample.object(6, "[0 0 595.5 842]");
    sample.table("");
    let pdf = open(&sample);
    let page = pdf.page(1).unwrap();
    assert_eq!(
        (page.media_box.width(), page.media_box.height()),
        (595.5, 842.0)
    );
    assert_eq!((page.crop_box.left, page.crop_box.top), (0.0, 842.0));
    assert_eq!(page.rotate, 270);
    assert_eq!(page.user_unit, 1.0);
    assert!(page.resources.is_some());
    let page = pdf.page(2).unwrap();
    assert_eq!((page.rotate, page.user_unit), (0, 2.5));
    assert_eq!(page.media_box.right, 600.0);
    assert_eq!(
        page.crop_box, page.media_box,
        "a crop box outside the page is none"
    );
    assert_eq!(
        pdf.page(0).unwrap_err(),
        Error::NoSuchPage { page: 0, count: 2 }
    );
}

#[test]
fn counts_that_lie_are_not_believed() {
    let mut sample = Sample::new();
    sample.object(1, "<</Type/Catalog/Pages 2 0 R>>");
    sample.object(2, "<</Type/Pages/Count 7/Kids[3 0 R 4 0 R]>>");
    sample.object(3, "<</Type/Pages/Count 1/Kids[5 0 R 6 0 R]>>");
    sample.object(4, "<</Type/Page>>");
    sample.object(5, "<</Type/Page>>");
    sample.object(6, "<</Type/Page>>");
    sample.table("");
    let pdf = open(&sample);
    assert_eq!(pdf.page_count().unwrap(), 3);
    assert_eq!(pdf.page(3).unwrap().id, (4, 0));
    assert_eq!(pdf.page(2).unwrap().id, (6, 0));
    assert!(pdf.anomalies().contains(&Anomaly::PageCount));
}

#[test]
fn circles_and_holes_in_the_tree_are_refused() {
    for kids in ["3 0 R 2 0 R", "9 0 R", "<</Type/Page>>", "2 0 R"] {
        let mut sample = Sample::new();
        sample.object(1, "<</Type/Catalog/Pages 2 0 R>>");
        sample.object(2, &format!("<</Type/Pages/Kids[{kids}]>>"));
        sample.object(3, "<</Type/Page>>");
        sample.table("");
        assert!(
            open(&sample).page_count().unwrap_err().is_damage(),
            "{kids}"
        );
    }
}

#[test]
fn a_page_in_place_of_the_tree() {
    let mut sample = Sample::new();
    sample.object(1, "<</Type/Catalog/Pages 2 0 R>>");
    sample.object(2, "<</Type/Page/MediaBox[0 0 10 10]>>");
    sample.table("");
    let pdf = open(&sample);
    assert_eq!(pdf.page_count().unwrap(), 1);
    assert_eq!(pdf.page(1).unwrap().id, (2, 0));
}

#[test]
fn far_pages_do_not_cost_the_near_ones() {
    let mut sample = Sample::pages(5_000);
    sample.table("");
    let limits = Limits {
        max_total_nodes: 12_000,
        ..Limits::default()
    };
    let pdf = Pdf::open(&sample.bytes, limits).unwrap();
    assert_eq!(pdf.page(5_000).unwrap().id, (5_002, 0));
    assert_eq!(pdf.page_count().unwrap(), 5_000);
}
