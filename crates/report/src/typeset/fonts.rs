//! The fonts of all documents, embedded. No other font is ever used.

use std::sync::LazyLock;

use typst::foundations::Bytes;
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;

/// Files of this crate; names and licences are listed in `fonts/README.md`.
const FILES: [&[u8]; 4] = [
    include_bytes!("../../fonts/Inter-Regular.otf"),
    include_bytes!("../../fonts/Inter-Italic.otf"),
    include_bytes!("../../fonts/Inter-SemiBold.otf"),
    include_bytes!("../../fonts/DejaVuSans.ttf"),
];

/// The one family taken from `typst-assets`.
const MONO: &str = "DejaVu Sans Mono";

/// Fonts with their index.
pub(crate) struct Fonts {
    /// What Typst selects from.
    pub(crate) book: LazyHash<FontBook>,
    /// In the order of the book.
    pub(crate) faces: Vec<Font>,
}

/// Loaded once for the process; reading them takes a few milliseconds.
pub(crate) static FONTS: LazyLock<Fonts> = LazyLock::new(|| {
    let own = FILES.into_iter().flat_map(|file| Font::iter(Bytes::new(file)));
    let mono = typst_assets::fonts()
        .flat_map(|file| Font::iter(Bytes::new(file)))
        .filter(|font| font.info().family == MONO);
    let faces: Vec<Font> = own.chain(mono).collect();
    Fonts { book: LazyHash::new(FontBook::from_fonts(&faces)), faces }
});

/// Tells whether one of the text faces has a glyph for every character of `cluster`. A cluster whose characters are
/// spread over two faces cannot be set.
pub(crate) fn covers(cluster: &str) -> bool {
    let text_faces = [0, 3];
    text_faces.into_iter().any(|index| {
        FONTS.faces.get(index).is_some_and(|font| {
            cluster.chars().all(|character| font.info().coverage.contains(u32::from(character)))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_families_that_templates_name_are_there() {
        for family in ["Inter", "DejaVu Sans", MONO] {
            assert!(FONTS.book.contains_family(&family.to_lowercase()), "{family}");
        }
        assert_eq!(FONTS.faces.len(), 4 + 4);
    }

    #[test]
    fn brackets_of_the_escape_have_glyphs() {
        assert!(covers("\u{27e8}") && covers("\u{27e9}") && covers("é") && covers("ש"));
        assert!(!covers("漢"));
    }
}
