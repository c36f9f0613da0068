//! What is wrong with a catalog, all of it at once.

use std::fmt;

use serde::Serialize;

/// One thing wrong in one file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// Path of the file inside the catalog folder.
    pub file: String,
    /// The item concerned, such as `CC6.1` or `GOV-01`; empty when it is the file as a whole.
    pub item: String,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.item.is_empty() {
            write!(f, "{}: {}", self.file, self.message)
        } else {
            write!(f, "{}: {}: {}", self.file, self.item, self.message)
        }
    }
}

/// Why a catalog was refused. Nothing of a refused catalog is used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct CatalogError {
    /// Everything found, in order of file and item; at least one.
    pub problems: Vec<Problem>,
}

impl fmt::Display for CatalogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problems.len() {
            1 => f.write_str("the catalog has 1 problem")?,
            count => write!(f, "the catalog has {count} problems")?,
        }
        self.problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

/// Collects problems while reading and validating.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<Problem>);

impl Problems {
    /// Notes one problem.
    pub(super) fn add(&mut self, file: &str, item: &str, message: impl Into<String>) {
        self.0.push(Problem { file: file.to_owned(), item: item.to_owned(), message: message.into() });
    }

    /// Succeeds if nothing was noted.
    pub(super) fn into_result(mut self) -> Result<(), CatalogError> {
        if self.0.is_empty() {
            return Ok(());
        }
        self.0.sort();
        self.0.dedup();
        Err(CatalogError { problems: self.0 })
    }
}
