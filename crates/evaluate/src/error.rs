//! What can be wrong with a check, worded for the person who writes it.

use std::fmt;

/// The file of a check folder that a problem is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CheckFile {
    /// The folder itself: its name, its place, a missing file.
    Folder,
    /// `check.toml`.
    Manifest,
    /// `check.rego`.
    Rego,
    /// `check_test.rego`.
    Tests,
}

impl CheckFile {
    /// Returns the file name, or nothing for the folder itself.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Folder => None,
            Self::Manifest => Some(crate::FILE_MANIFEST),
            Self::Rego => Some(crate::FILE_REGO),
            Self::Tests => Some(crate::FILE_TESTS),
        }
    }
}

/// One problem of one check. Loading collects all of them, so that a person fixes a folder in one round.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub struct LibraryError {
    /// Where the check was read from, e.g. `acct/acct-root-only-uid0`.
    pub folder: String,
    /// The file inside it.
    pub file: CheckFile,
    /// Line in the file, from 1, when it is known.
    pub line: Option<u32>,
    /// What is wrong, lower case, one sentence.
    pub message: String,
}

impl fmt::Display for LibraryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.folder)?;
        if let Some(name) = self.file.name() {
            write!(f, "/{name}")?;
        }
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// A problem in one file, before it is known which folder the file is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) file: CheckFile,
    pub(crate) line: Option<u32>,
    pub(crate) message: String,
}

impl Problem {
    pub(crate) fn new(file: CheckFile, line: Option<u32>, message: impl Into<String>) -> Self {
        Self { file, line, message: message.into() }
    }

    pub(crate) fn in_folder(self, folder: &str) -> LibraryError {
        LibraryError { folder: folder.to_owned(), file: self.file, line: self.line, message: self.message }
    }
}
