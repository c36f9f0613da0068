//! The texts a catalog is read from. Reading folders is the caller's business.

use std::collections::BTreeMap;

use include_dir::{Dir, DirEntry, include_dir};

use crate::Digest;

static BUILTIN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../catalog");

/// Texts by path relative to the catalog folder, with forward slashes: `tsc-2017/cc6.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogFiles(BTreeMap<String, String>);

impl CatalogFiles {
    /// Returns the files inside the program.
    #[must_use]
    pub fn builtin() -> Self {
        let mut files = Self::default();
        let mut folders = vec![&BUILTIN];
        while let Some(folder) = folders.pop() {
            for entry in folder.entries() {
                match entry {
                    DirEntry::Dir(inner) => folders.push(inner),
                    DirEntry::File(file) => {
                        let text = file.contents_utf8().expect("the repository's catalog is UTF-8");
                        files.insert(file.path().to_string_lossy(), text);
                    }
                }
            }
        }
        files
    }

    /// Adds or replaces a file. Backslashes in the path are read as slashes, so that a folder read on any system
    /// overrides the same built-in file. Files that do not end in `.toml` are not part of a catalog and are
    /// passed over.
    pub fn insert(&mut self, path: impl AsRef<str>, text: impl Into<String>) {
        let path = path.as_ref().replace('\\', "/");
        if path.ends_with(".toml") {
            self.0.insert(path.trim_start_matches("./").to_owned(), text.into());
        }
    }

    /// Returns these files with `overlay` laid over them: a file of the same path takes the place of ours, an
    /// empty one removes it, any other is added.
    #[must_use]
    pub fn with(&self, overlay: &Self) -> Self {
        let mut merged = self.0.clone();
        for (path, text) in &overlay.0 {
            if text.trim().is_empty() {
                merged.remove(path);
            } else {
                merged.insert(path.clone(), text.clone());
            }
        }
        Self(merged)
    }

    /// Iterates over path and text in order of path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Returns the digest of all paths and texts. Two catalogs with the same digest are the same.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut bytes = Vec::new();
        for (path, text) in &self.0 {
            // Lengths first, so that no two different sets of files give the same bytes.
            bytes.extend_from_slice(&(path.len() as u64).to_be_bytes());
            bytes.extend_from_slice(path.as_bytes());
            bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        Digest::of(&bytes)
    }
}

impl<P: AsRef<str>, T: Into<String>> FromIterator<(P, T)> for CatalogFiles {
    fn from_iter<I: IntoIterator<Item = (P, T)>>(files: I) -> Self {
        let mut made = Self::default();
        for (path, text) in files {
            made.insert(path, text);
        }
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overlay_replaces_adds_and_removes() {
        let ours = CatalogFiles::from_iter([("a.toml", "a"), ("b/c.toml", "c"), ("README.md", "no")]);
        let theirs = CatalogFiles::from_iter([("b\\c.toml", "new"), ("a.toml", " \n"), ("./d.toml", "d")]);
        let merged: Vec<_> = ours.with(&theirs).iter().map(|(p, t)| (p.to_owned(), t.to_owned())).collect();
        assert_eq!(merged, [("b/c.toml".into(), "new".into()), ("d.toml".into(), "d".into())]);
        assert_ne!(ours.digest(), ours.with(&theirs).digest());
        assert_eq!(ours.digest(), ours.with(&CatalogFiles::default()).digest());
    }
}
