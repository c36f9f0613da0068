//! `DATA/checks/parameters.toml`: what an organization demands where a check lets it say so.
//!
//!     [ssh-idle-disconnect]
//!     maximum_seconds = 600

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::{Map, Value};
use tickmark_evaluate::Library;
use tickmark_store::folder::write_durably;

use crate::failure::{Failure, Outcome};

/// Name of the file in the folder of own checks.
const FILE: &str = "parameters.toml";
/// Largest file that is read, in bytes.
const MAX_BYTES: u64 = 4 << 20;

/// Parameters by check.
type Parameters = BTreeMap<String, Map<String, Value>>;

/// Gives the checks of `library` the parameters of the file in `folder`, if there is one. Returns what is wrong: a check
/// whose parameters are refused **is left out**, so that nobody reads a verdict of the limits they meant to change.
///
/// # Errors
/// If the file cannot be read as a whole; it is named with the line.
pub(super) fn apply(library: Library, folder: &Path) -> Outcome<(Library, Vec<String>)> {
    let path = folder.join(FILE);
    let Ok(found) = std::fs::metadata(&path) else { return Ok((library, Vec::new())) };
    if found.len() > MAX_BYTES {
        return Err(Failure::input(format!("{} is larger than {MAX_BYTES} bytes", path.display())));
    }
    let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let parameters: Parameters =
        toml::from_str(&text).map_err(|error| Failure::input(format!("{}: {error}", path.display())))?;
    let mut problems = Vec::new();
    let mut changed = Library::default();
    for check in library.checks() {
        match parameters.get(check.id()).map(|named| check.with_parameters(&Value::Object(named.clone()))) {
            None => changed.replace(check.clone()),
            Some(Ok(check)) => changed.replace(check),
            Some(Err(refused)) => problems.push(format!("{FILE}: {refused}")),
        }
    }
    let unknown = parameters.keys().filter(|id| library.get(id).is_none());
    problems.extend(unknown.map(|id| format!("{FILE}: there is no check {id:?}")));
    Ok((changed, problems))
}

/// Writes the file so that the checks of `usual` become those of `wanted`. Returns its path, or none if nothing differs.
pub(super) fn write(
    usual: &Library,
    wanted: &Library,
    folder: &Path,
    about: &str,
) -> Outcome<Option<PathBuf>> {
    let mut parameters = Parameters::new();
    for check in wanted.checks() {
        let before = usual.get(check.id()).map(|usual| &usual.definition().parameters);
        let differing: Map<String, Value> = check
            .definition()
            .parameters
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(name, value)| before.and_then(|before| before.get(name.as_str())) != Some(value))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        if !differing.is_empty() {
            parameters.insert(check.id().to_owned(), differing);
        }
    }
    if parameters.is_empty() {
        return Ok(None);
    }
    let body = toml::to_string_pretty(&parameters).context("writing the parameters of checks")?;
    std::fs::create_dir_all(folder)?;
    let path = folder.join(FILE);
    write_durably(&path, format!("# {about}\n\n{body}").as_bytes()).map_err(tickmark_app::Error::from)?;
    Ok(Some(path))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const CHECK: &str = "ssh-idle-disconnect";

    fn applied(text: &str) -> Outcome<(Library, Vec<String>)> {
        let folder = tempfile::tempdir().expect("scratch");
        std::fs::write(folder.path().join(FILE), text).expect("written");
        apply(Library::builtin().expect("checks"), folder.path())
    }

    #[test]
    fn what_was_written_is_read_again() {
        let usual = Library::builtin().expect("checks");
        let mut wanted = usual.clone();
        let check = usual.get(CHECK).expect("built in");
        wanted.replace(check.with_parameters(&json!({"maximum_seconds": 600})).expect("a number"));
        let folder = tempfile::tempdir().expect("scratch");
        let path = write(&usual, &wanted, folder.path(), "of a test").expect("written").expect("differs");
        let text = std::fs::read_to_string(path).expect("text");
        assert_eq!(text, "# of a test\n\n[ssh-idle-disconnect]\nmaximum_seconds = 600\n");
        let (read, problems) = apply(usual.clone(), folder.path()).expect("read");
        assert_eq!(problems, Vec::<String>::new());
        let version = |library: &Library| library.get(CHECK).expect("there").definition().version;
        assert_eq!(version(&read), version(&wanted));
        assert_ne!(version(&read), version(&usual));
        assert_eq!(read.len(), usual.len());
        assert!(write(&usual, &usual, folder.path(), "nothing").expect("nothing to do").is_none());
    }

    #[test]
    fn wrong_parameters_leave_their_check_out_and_are_named() {
        let all = Library::builtin().expect("checks").len();
        for (text, part, left_out) in [
            ("[ssh-idle-disconnect]\nmaximum_seconds = \"900\"\n", "maximum_seconds", 1),
            ("[ssh-idle-disconnect]\nmaximal = 900\n", "maximal", 1),
            ("[ssh-idle-disconnect]\nmaximum_seconds = 2026-01-01\n", "maximum_seconds", 1),
            ("[no-such-check]\nx = 1\n", "no-such-check", 0),
        ] {
            let (library, problems) = applied(text).expect("read");
            assert!(problems.len() == 1 && problems[0].contains(part), "{problems:?}");
            assert_eq!(library.len(), all - left_out, "{text}");
        }
        for text in ["[ssh-idle-disconnect\n", "x = 1\n"] {
            let Err(Failure::Input(error)) = applied(text) else { panic!("{text} was read") };
            assert!(error.to_string().contains(FILE), "{error}");
        }
        assert!(apply(Library::default(), Path::new("/nowhere")).expect("no file").1.is_empty());
    }
}
