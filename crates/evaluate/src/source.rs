//! Check folders as bytes: built in, read from disk, or typed into a form.

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use include_dir::{Dir, include_dir};

/// Metadata and parameters of a check.
pub const FILE_MANIFEST: &str = "check.toml";
/// Logic of a check.
pub const FILE_REGO: &str = "check.rego";
/// Tests of a check.
pub const FILE_TESTS: &str = "check_test.rego";

/// Largest file of a check folder that is read, in bytes.
pub(crate) const MAX_FILE_BYTES: u64 = 256 * 1024;
/// Most check folders that are read from one root.
const MAX_FOLDERS: usize = 10_000;

static BUILTIN: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../checks");

/// Where a check comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Shipped inside the program.
    Builtin,
    /// Written by the user.
    Own,
}

impl Origin {
    /// Returns the word used in documents and storage.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Builtin => "built-in",
            Self::Own => "own",
        }
    }
}

/// The three files of a check, unread. A file that does not exist is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckSource {
    /// Name of the folder above, e.g. `acct`.
    pub group: String,
    /// Name of the folder, which must be the id of the check.
    pub folder: String,
    /// Text of `check.toml`.
    pub toml: Option<String>,
    /// Text of `check.rego`.
    pub rego: Option<String>,
    /// Text of `check_test.rego`.
    pub tests: Option<String>,
    /// Where it comes from.
    pub origin: Origin,
}

impl CheckSource {
    /// Returns the place for people: `acct/acct-root-only-uid0`.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{}/{}", self.group, self.folder)
    }
}

/// Returns the check folders inside the program.
pub(crate) fn builtin() -> Vec<CheckSource> {
    let mut sources = Vec::new();
    for group in BUILTIN.dirs() {
        for folder in group.dirs() {
            let text = |name: &str| {
                let file = folder.get_file(folder.path().join(name))?;
                Some(String::from_utf8_lossy(file.contents()).into_owned())
            };
            sources.push(CheckSource {
                group: last_part(group.path()),
                folder: last_part(folder.path()),
                toml: text(FILE_MANIFEST),
                rego: text(FILE_REGO),
                tests: text(FILE_TESTS),
                origin: Origin::Builtin,
            });
        }
    }
    sources
}

/// Reads the check folders `<root>/<group>/<id>` of a user, sorted by path. Names that begin with a dot are skipped;
/// a file that is missing, too large (256 KB) or not UTF-8 is left out and reported when the check is loaded.
///
/// # Errors
/// If a folder cannot be listed, a file cannot be read, or there are more than 10,000 folders.
pub fn read_folder(root: &Path) -> io::Result<Vec<CheckSource>> {
    let mut sources = Vec::new();
    for group in folders_in(root)? {
        for folder in folders_in(&group)? {
            if sources.len() == MAX_FOLDERS {
                return Err(io::Error::other(format!("more than {MAX_FOLDERS} check folders")));
            }
            sources.push(CheckSource {
                group: last_part(&group),
                folder: last_part(&folder),
                toml: read_text(&folder.join(FILE_MANIFEST))?,
                rego: read_text(&folder.join(FILE_REGO))?,
                tests: read_text(&folder.join(FILE_TESTS))?,
                origin: Origin::Own,
            });
        }
    }
    Ok(sources)
}

fn folders_in(path: &Path) -> io::Result<Vec<std::path::PathBuf>> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        if path.is_dir() && !last_part(&path).starts_with('.') {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}

fn read_text(path: &Path) -> io::Result<Option<String>> {
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Ok(None);
    }
    Ok(String::from_utf8(bytes).ok())
}

fn last_part(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
