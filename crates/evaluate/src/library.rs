//! All checks that are known, by id.

use std::collections::BTreeMap;

use crate::check::Check;
use crate::error::{CheckFile, LibraryError};
use crate::source::{self, CheckSource};

/// A set of checks with distinct ids, in the order of their ids.
#[derive(Clone, Debug, Default)]
pub struct Library {
    checks: BTreeMap<String, Check>,
}

impl Library {
    /// Compiles check folders.
    ///
    /// # Errors
    /// The problems of all folders together, sorted, each with folder, file and line. Two folders with one id are a
    /// problem too.
    pub fn load(sources: Vec<CheckSource>) -> Result<Self, Vec<LibraryError>> {
        let (library, errors) = Self::load_what_works(sources, Check::load);
        if errors.is_empty() { Ok(library) } else { Err(errors) }
    }

    /// Returns the checks inside the program. Each is compiled when it is first asked; what [`Library::load`] proves
    /// about a check, the tests of this crate prove about these.
    ///
    /// # Errors
    /// Problems of the metadata; a released program has none.
    pub fn builtin() -> Result<Self, Vec<LibraryError>> {
        let (library, errors) = Self::load_what_works(source::builtin(), Check::load_trusted);
        if errors.is_empty() { Ok(library) } else { Err(errors) }
    }

    /// Returns the check folders inside the program, unread, e.g. to copy one as a beginning of an own check.
    #[must_use]
    pub fn builtin_sources() -> Vec<CheckSource> {
        source::builtin()
    }

    /// Adds a user's checks. One with the id of a check that is already here takes its place and is marked so. One
    /// that is broken is left out and named in the errors, **and so is the check it was to replace**: nobody should
    /// read a verdict of the check they meant to change.
    #[must_use]
    pub fn with_own(mut self, sources: Vec<CheckSource>) -> (Self, Vec<LibraryError>) {
        let ids: Vec<String> = sources.iter().map(|source| source.folder.clone()).collect();
        let (own, errors) = Self::load_what_works(sources, Check::load);
        let replaced: Vec<String> = ids.into_iter().filter(|id| self.checks.remove(id).is_some()).collect();
        for (id, mut check) in own.checks {
            check.overrides_builtin = replaced.contains(&id);
            self.checks.insert(id, check);
        }
        (self, errors)
    }

    fn load_what_works(
        sources: Vec<CheckSource>,
        load: impl Fn(CheckSource) -> Result<Check, Vec<LibraryError>>,
    ) -> (Self, Vec<LibraryError>) {
        let mut library = Self::default();
        let mut errors = Vec::new();
        let mut places: BTreeMap<String, String> = BTreeMap::new();
        for source in sources {
            let place = source.place();
            if let Some(first) = places.get(&source.folder) {
                errors.push(LibraryError {
                    folder: place,
                    file: CheckFile::Folder,
                    line: None,
                    message: format!("the id {:?} is already taken by {first}", source.folder),
                });
                continue;
            }
            places.insert(source.folder.clone(), place);
            match load(source) {
                Ok(check) => drop(library.checks.insert(check.id().to_owned(), check)),
                Err(mut found) => errors.append(&mut found),
            }
        }
        errors.sort();
        (library, errors)
    }

    /// Returns a check by id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Check> {
        self.checks.get(id)
    }

    /// Returns all checks in the order of their ids.
    pub fn checks(&self) -> impl Iterator<Item = &Check> {
        self.checks.values()
    }

    /// Puts a check in the place of the one with its id, e.g. with the parameters of an organization.
    pub fn replace(&mut self, check: Check) {
        self.checks.insert(check.id().to_owned(), check);
    }

    /// Returns how many checks there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.checks.len()
    }

    /// Tells whether there are no checks.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.checks.is_empty()
    }
}
