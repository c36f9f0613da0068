//! Everything Typst may see: the templates, one JSON document, the embedded fonts. Nothing else exists for it.

use std::collections::HashMap;
use std::sync::LazyLock;

use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World};

use super::fonts::FONTS;

/// Path under which templates read the document's data.
pub(crate) const DATA: &str = "data.json";

/// Templates by path, main files and their parts.
const TEMPLATES: [(&str, &str); 16] = [
    ("readiness.typ", include_str!("../../templates/readiness.typ")),
    ("readiness/style.typ", include_str!("../../templates/readiness/style.typ")),
    ("readiness/marks.typ", include_str!("../../templates/readiness/marks.typ")),
    ("readiness/frame.typ", include_str!("../../templates/readiness/frame.typ")),
    ("readiness/opening.typ", include_str!("../../templates/readiness/opening.typ")),
    ("readiness/summary.typ", include_str!("../../templates/readiness/summary.typ")),
    ("readiness/controls.typ", include_str!("../../templates/readiness/controls.typ")),
    ("readiness/testing.typ", include_str!("../../templates/readiness/testing.typ")),
    ("readiness/reviews.typ", include_str!("../../templates/readiness/reviews.typ")),
    ("readiness/period.typ", include_str!("../../templates/readiness/period.typ")),
    ("readiness/appendix.typ", include_str!("../../templates/readiness/appendix.typ")),
    ("letter.typ", include_str!("../../templates/letter.typ")),
    ("package.typ", include_str!("../../templates/package.typ")),
    ("package/opening.typ", include_str!("../../templates/package/opening.typ")),
    ("package/description.typ", include_str!("../../templates/package/description.typ")),
    ("package/controls.typ", include_str!("../../templates/package/controls.typ")),
];

static LIBRARY: LazyLock<LazyHash<Library>> = LazyLock::new(|| LazyHash::new(Library::default()));

static SOURCES: LazyLock<HashMap<FileId, Source>> = LazyLock::new(|| {
    let source = |(path, text): (&str, &str)| {
        let id = file_id(path);
        (id, Source::new(id, text.to_owned()))
    };
    TEMPLATES.into_iter().map(source).collect()
});

/// A closed world with one main template and its data.
pub(crate) struct ReportWorld {
    main: FileId,
    data_id: FileId,
    data: Bytes,
}

impl ReportWorld {
    /// Makes the world of the template at `main` with `data` as JSON.
    pub(crate) fn new(main: &str, data: Vec<u8>) -> Self {
        Self { main: file_id(main), data_id: file_id(DATA), data: Bytes::new(data) }
    }
}

impl World for ReportWorld {
    fn library(&self) -> &LazyHash<Library> {
        &LIBRARY
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &FONTS.book
    }

    fn main(&self) -> FileId {
        self.main
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        SOURCES.get(&id).cloned().ok_or(FileError::AccessDenied)
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        if id == self.data_id { Ok(self.data.clone()) } else { Err(FileError::AccessDenied) }
    }

    fn font(&self, index: usize) -> Option<Font> {
        FONTS.faces.get(index).cloned()
    }

    /// There is no today: dates come from the data.
    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        None
    }
}

fn file_id(path: &str) -> FileId {
    let path = VirtualPath::new(path).expect("paths are constants of this module");
    RootedPath::new(VirtualRoot::Project, path).intern()
}
