//! The first version of a new check: a folder that compiles and whose tests pass, to be changed step by step.

use crate::manifest::is_kebab_id;
use crate::program::package_of;
use crate::source::{FILE_MANIFEST, FILE_REGO, FILE_TESTS};

const MANIFEST: &str = include_str!("scaffold/check.toml");
const REGO: &str = include_str!("scaffold/check.rego");
const TESTS: &str = include_str!("scaffold/check_test.rego");

/// One file of a new check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScaffoldFile {
    /// Path below the root of the checks, e.g. `acct/acct-shell-approved/check.toml`.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// Why a scaffold cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidScaffold {
    /// The id is not usable.
    #[error(
        "an id is kebab case: two or more words in lower case with hyphens between, as in acct-shell-approved"
    )]
    Id(String),
    /// The id does not belong to the group.
    #[error("id {id:?} does not begin with \"{group}-\"")]
    Group {
        /// Id asked for.
        id: String,
        /// Group asked for.
        group: String,
    },
    /// The title is not usable.
    #[error("the title is empty, longer than 200 characters, or has more than one line")]
    Title,
}

/// Makes the files of a new check. They load, their tests pass, and the comments say what to change.
///
/// # Errors
/// If the id is not kebab case beginning with the group, or the title is not one line of text.
pub fn scaffold(id: &str, title: &str, group: &str) -> Result<Vec<ScaffoldFile>, InvalidScaffold> {
    let title = scaffold_names(id, title, group)?;
    let quoted = toml::Value::from(title).to_string();
    let fill = |text: &str| {
        text.replace("example-id", id)
            .replace("\"Example title\"", &quoted)
            .replace("checks.example", &package_of(id))
    };
    Ok([(FILE_MANIFEST, MANIFEST), (FILE_REGO, REGO), (FILE_TESTS, TESTS)]
        .into_iter()
        .map(|(name, text)| ScaffoldFile { path: format!("{group}/{id}/{name}"), text: fill(text) })
        .collect())
}

/// Checks the id and the title of a new check; returns the title without space at its ends.
pub(crate) fn scaffold_names<'a>(id: &str, title: &'a str, group: &str) -> Result<&'a str, InvalidScaffold> {
    if !is_kebab_id(id) {
        return Err(InvalidScaffold::Id(id.to_owned()));
    }
    if group.is_empty() || !id.starts_with(&format!("{group}-")) {
        return Err(InvalidScaffold::Group { id: id.to_owned(), group: group.to_owned() });
    }
    let title = title.trim();
    if title.is_empty() || title.chars().count() > 200 || title.chars().any(char::is_control) {
        return Err(InvalidScaffold::Title);
    }
    Ok(title)
}
