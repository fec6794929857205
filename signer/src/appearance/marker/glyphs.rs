//! The glyphs of a page: which characters they are and where they stand in default user space.

use super::Error;
use super::reduce::Reduced;

use hayro_interpret::font::GlyphRun;
use hayro_interpret::hayro_cmap::{BfString, WritingMode};
use hayro_interpret::hayro_syntax::Pdf;
use hayro_interpret::hayro_syntax::page::Page as Shown;
use hayro_interpret::kurbo::{Affine, BezPath, Point, Rect, Vec2};
use hayro_interpret::{
    BlendMode, ClipPath, Context, Device, DrawMode, DrawProps, Image, ImageDrawProps,
    InterpreterCache, InterpreterSettings, RenderContent, SoftMask, interpret_page,
};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

/// The text of one page, in the order in which it is drawn.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) glyphs: Vec<Glyph>,
    /// The characters of all glyphs.
    pub(super) text: String,
    /// Some glyphs have no characters, or the page could not be read.
    pub(super) unreadable: bool,
}

/// One glyph; positions are in default user space.
#[derive(Clone, Debug)]
pub(super) struct Glyph {
    pub(super) origin: Point,
    /// To where the next glyph would stand.
    pub(super) advance: Vec2,
    /// The direction of writing, one em long.
    pub(super) along: Vec2,
    /// The upright of the glyph, one em long.
    pub(super) up: Vec2,
    /// Its characters in the page's text.
    pub(super) text: Range<usize>,
}

/// Shows each page of the file to `visit`, which says whether it wants the next.
pub(super) fn each_page(
    reduced: Reduced,
    deadline: Instant,
    mut visit: impl FnMut(u32, Page) -> Result<bool, Error>,
) -> Result<(), Error> {
    let unreadable = || Page {
        unreadable: true,
        ..Page::default()
    };
    // The interpreter is not ours; where it fails on what a hostile font makes it do, the page counts as unreadable.
    let Ok(Ok(pdf)) = catch_unwind(AssertUnwindSafe(|| Pdf::new(reduced.file))) else {
        for number in reduced.numbers {
            visit(number, unreadable())?;
        }
        return Ok(());
    };
    let cache = InterpreterCache::new();
    let pages = catch_unwind(AssertUnwindSafe(|| pdf.pages())).ok();
    for (at, number) in reduced.numbers.into_iter().enumerate() {
        if Instant::now() >= deadline {
            return Err(Error::Deadline);
        }
        let page = pages.and_then(|pages| pages.get(at));
        let read = |page| catch_unwind(AssertUnwindSafe(|| read(&pdf, page, &cache, deadline)));
        let read = page.and_then(|page| read(page).ok()).transpose()?;
        if !visit(number, read.unwrap_or_else(unreadable))? {
            break;
        }
    }
    Ok(())
}

fn read<'a>(
    pdf: &'a Pdf,
    page: &Shown<'a>,
    cache: &InterpreterCache<'a>,
    deadline: Instant,
) -> Result<Page, Error> {
    let settings = InterpreterSettings {
        render_content: RenderContent::PAGE,
        ..InterpreterSettings::default()
    };
    // The box only serves to leave out what is not drawn; nothing is to be left out here.
    let everything = Rect::new(-1e9, -1e9, 1e9, 1e9);
    let mut context = Context::new(Affine::IDENTITY, everything, cache, pdf.xref(), settings);
    let mut collector = Collector {
        page: Page::default(),
        deadline,
        late: false,
    };
    interpret_page(page, &mut context, &mut collector);
    if collector.late {
        Err(Error::Deadline)
    } else {
        Ok(collector.page)
    }
}

/// Characters that the glyphs of one page may stand for: fonts map glyphs to strings of any length.
const MOST_CHARACTERS: usize = 16 << 20;

struct Collector {
    page: Page,
    deadline: Instant,
    /// The deadline has passed; nothing more is collected.
    late: bool,
}

impl Collector {
    fn run(&mut self, run: &GlyphRun<'_, '_>, transform: Affine) {
        /// Units of glyph space in an em.
        const EM: f64 = 1000.0;
        let vertical = run.writing_mode() == WritingMode::Vertical;
        self.late |= Instant::now() >= self.deadline;
        if self.late {
            return;
        }
        for glyph in run.glyphs() {
            if self.page.text.len() > MOST_CHARACTERS {
                self.page.unreadable = true;
                return;
            }
            let at = transform * glyph.transform();
            let origin = at * Point::ZERO;
            let right = (at * Point::new(EM, 0.0)) - origin;
            let up = (at * Point::new(0.0, EM)) - origin;
            let along = if vertical { -up } else { right };
            let width = match &**glyph {
                hayro_interpret::font::Glyph::Outline(outline) => outline.advance_width(),
                hayro_interpret::font::Glyph::Type3(program) => program.advance_width(),
            };
            let width = width
                .map(f64::from)
                .filter(|width| (0.0..=4.0 * EM).contains(width));
            let advance = if vertical {
                along
            } else {
                along * (width.unwrap_or(EM / 2.0) / EM)
            };
            if !(origin.is_finite() && along.is_finite() && up.is_finite()) {
                continue;
            }
            let start = self.page.text.len();
            match glyph.as_unicode() {
                Some(BfString::Char(character)) => self.page.text.push(character),
                Some(BfString::String(characters)) => self.page.text.push_str(&characters),
                None => self.page.unreadable = true,
            }
            let text = start..self.page.text.len();
            if !text.is_empty() {
                self.page.glyphs.push(Glyph {
                    origin,
                    advance,
                    along,
                    up,
                    text,
                });
            }
        }
    }
}

impl<'a> Device<'a> for Collector {
    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, _: &DrawMode) {
        self.run(run, props.transform);
    }

    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'a>, _: &DrawMode) {}
    fn push_clip_path(&mut self, _: &ClipPath) {}
    fn push_clip_rect(&mut self, _: &Rect) {}
    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'a>>, _: BlendMode) {}
    fn draw_image(&mut self, _: Image<'a, '_>, _: ImageDrawProps<'a>) {}
    fn draw_rect(&mut self, _: &Rect, _: DrawProps<'a>, _: &DrawMode) {}
    fn pop_clip(&mut self) {}
    fn pop_transparency_group(&mut self) {}
}
