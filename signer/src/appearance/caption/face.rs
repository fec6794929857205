//! The typefaces of captions: Noto, regular, for Latin and the scripts of Indonesia.

use harfrust::{Font, ShaperFont};
use std::sync::OnceLock;

/// One typeface.
pub(super) struct Face {
    /// PostScript name.
    pub(super) name: &'static str,
    /// The font file.
    pub(super) data: &'static [u8],
    pub(super) font: Font,
}

impl std::fmt::Debug for Face {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Face {
    /// Whether the face has a glyph for the character.
    pub(super) fn covers(&self, character: char) -> bool {
        self.font.charmap().map_unicode(character).is_some()
    }

    pub(super) fn shaper(&self) -> ShaperFont<'_, '_> {
        ShaperFont::new(&self.font)
    }

    /// Thousandths of an em in one unit of the font.
    pub(super) fn scale(&self) -> f64 {
        1000.0 / f64::from(self.font.units_per_em())
    }
}

macro_rules! faces {
    ($($name:literal),+ $(,)?) => {
        [$(($name, include_bytes!(concat!("../../../assets/fonts/", $name, ".ttf")))),+]
    };
}

/// All faces. The first one that has a character draws it.
pub(super) fn all() -> &'static [Face] {
    static FACES: OnceLock<Vec<Face>> = OnceLock::new();
    FACES.get_or_init(|| {
        let files: [(&'static str, &'static [u8]); 8] = faces![
            "NotoSans-Regular",
            "NotoSansArabic-Regular",
            "NotoSansBalinese-Regular",
            "NotoSansBatak-Regular",
            "NotoSansBuginese-Regular",
            "NotoSansJavanese-Regular",
            "NotoSansRejang-Regular",
            "NotoSansSundanese-Regular",
        ];
        let read = |(name, data)| Font::new(data, 0).map(|font| Face { name, data, font });
        files.into_iter().filter_map(read).collect()
    })
}
