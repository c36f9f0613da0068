//! Everything Typst may see: the templates, one JSON document, files that it names, the embedded fonts. Nothing else exists
//! for it.

use std::collections::HashMap;
use std::sync::LazyLock;

use tickmark_core::report::Files;
use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World};

use super::file_path;
use super::fonts::FONTS;

/// Path under which templates read the document's data.
pub(crate) const DATA: &str = "data.json";

/// Templates by path, main files and their parts.
const TEMPLATES: [(&str, &str); 17] = [
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
    ("package/flow.typ", include_str!("../../templates/package/flow.typ")),
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
    files: HashMap<FileId, Bytes>,
}

impl ReportWorld {
    /// Makes the world of the template at `main` with `data` as JSON, and `files` under their numbers.
    pub(crate) fn new(main: &str, data: Vec<u8>, files: &Files) -> Self {
        let numbered = files
            .values()
            .enumerate()
            .map(|(place, bytes)| (file_id(&file_path(place)), Bytes::new(bytes.clone())));
        let files = numbered.chain([(file_id(DATA), Bytes::new(data))]).collect();
        Self { main: file_id(main), files }
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
        self.files.get(&id).cloned().ok_or(FileError::AccessDenied)
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
