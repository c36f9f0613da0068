//! Pictures of a writing, as parts of the archive and in the text.

use tickmark_core::report::package::FigurePart;
use tickmark_core::report::{Files, Writing};

use super::body::{TEXT_WIDTH, attribute};
use super::xml::{paragraph, run};

/// English metric units in a pixel: 144 pixels to the inch.
const EMU_PER_PIXEL: u64 = 914_400 / 144;
/// The same in a twentieth of a point.
const EMU_PER_TWIP: u64 = 635;
/// Tallest picture, so that its caption stays on its page: 185 mm.
const TALLEST: u64 = 185 * 36_000;

/// A picture that is in the archive.
pub(super) struct Picture<'a> {
    figure: &'a FigurePart,
    /// Its bytes.
    pub(super) bytes: &'a [u8],
    /// Id of the relation from the text.
    pub(super) relation: String,
    /// Path below `word/`.
    pub(super) target: String,
}

/// The pictures of a writing whose bytes are there.
pub(super) struct Pictures<'a>(Vec<Picture<'a>>);

fn ending(media_type: &str) -> &'static str {
    if media_type == "image/png" { "png" } else { "jpeg" }
}

impl<'a> Pictures<'a> {
    /// Finds them.
    pub(super) fn of(writing: &'a Writing, files: &'a Files) -> Self {
        let there = writing.figures().filter_map(|figure| Some((figure, files.get(&figure.digest)?)));
        let picture = |(place, (figure, bytes)): (usize, (&'a FigurePart, &'a Vec<u8>))| Picture {
            figure,
            bytes,
            relation: format!("rId{}", 100 + place),
            target: format!("media/image{}.{}", place + 1, ending(&figure.media_type)),
        };
        Self(there.enumerate().map(picture).collect())
    }

    /// Returns them in order.
    pub(super) fn all(&self) -> impl Iterator<Item = &Picture<'a>> {
        self.0.iter()
    }

    /// Returns the endings of their names with the media type of each.
    pub(super) fn endings(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let known = [("png", "image/png"), ("jpeg", "image/jpeg")];
        known.into_iter().filter(|(end, _)| self.0.iter().any(|one| one.target.ends_with(end)))
    }

    /// Sets one with its caption.
    pub(super) fn set(&self, figure: &FigurePart) -> String {
        let caption =
            paragraph("Caption", &run(&format!("Figure {}: {}", figure.number, figure.caption), ""));
        match self.0.iter().find(|one| one.figure == figure) {
            Some(picture) => format!("{}{caption}", paragraph("Picture", &picture.drawing())),
            None => format!("{}{caption}", paragraph("Notice", &run(&figure.alternative, ""))),
        }
    }
}

impl Picture<'_> {
    /// Width and height on the page, in English metric units.
    fn extent(&self) -> (u64, u64) {
        let (width, height) = (u64::from(self.figure.width.max(1)), u64::from(self.figure.height.max(1)));
        let widest = TEXT_WIDTH as u64 * EMU_PER_TWIP;
        let across = (width * EMU_PER_PIXEL).min(widest);
        let down = across * height / width;
        if down > TALLEST { (TALLEST * width / height, TALLEST) } else { (across, down) }
    }

    fn drawing(&self) -> String {
        let (across, down) = self.extent();
        let number = self.figure.number;
        let (alternative, relation) = (attribute(&self.figure.alternative), &self.relation);
        format!(
            "<w:r><w:drawing><wp:inline distT=\"0\" distB=\"0\" distL=\"0\" distR=\"0\">\
             <wp:extent cx=\"{across}\" cy=\"{down}\"/><wp:docPr id=\"{number}\" name=\"Figure {number}\" \
             descr=\"{alternative}\"/><a:graphic><a:graphicData \
             uri=\"http://schemas.openxmlformats.org/drawingml/2006/picture\"><pic:pic><pic:nvPicPr>\
             <pic:cNvPr id=\"{number}\" name=\"Figure {number}\" descr=\"{alternative}\"/><pic:cNvPicPr/></pic:nvPicPr>\
             <pic:blipFill><a:blip r:embed=\"{relation}\"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill>\
             <pic:spPr><a:xfrm><a:off x=\"0\" y=\"0\"/><a:ext cx=\"{across}\" cy=\"{down}\"/></a:xfrm>\
             <a:prstGeom prst=\"rect\"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic>\
             </wp:inline></w:drawing></w:r>"
        )
    }
}
