//! Models of authenticators, as an organization lists those that it accepts.
//!
//! A maker gives each model a number, its AAGUID, and vouches with a certificate for a key that an authenticator of the model
//! made. Several firmwares of one product can have several numbers.
//!
//! Source: W3C Web Authentication Level 3, sections 6.5.1 and 8.2.1.

use uuid::Uuid;

/// Most models that an organization accepts.
pub const MOST_MODELS: usize = 200;
/// Most characters of a model's name.
pub const MAX_NAME_CHARS: usize = 100;

/// A model that is accepted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Model {
    /// The number that its maker gave it.
    pub aaguid: Uuid,
    /// What people call it.
    pub name: String,
}

/// Why a list of models is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoModels {
    /// There is nothing in it.
    #[error("write at least one model: its AAGUID, a blank, and its name")]
    Nothing,
    /// A line does not begin with a number.
    #[error("line {0} does not begin with an AAGUID, such as ee882879-721c-4913-9775-3dfcce97072a")]
    NotANumber(usize),
    /// A line has the number that stands for no model at all.
    #[error("line {0} has the AAGUID of zeros only, which authenticators show that do not say what they are")]
    Zero(usize),
    /// A line has no name, or one that is too long.
    #[error("line {0} needs a name after the AAGUID, of at most {MAX_NAME_CHARS} characters")]
    Name(usize),
    /// A number stands there twice.
    #[error("line {0} has an AAGUID that a line above has already")]
    Twice(usize),
    /// There are too many.
    #[error("a list has at most {MOST_MODELS} models")]
    TooMany,
}

/// Reads models from lines of a number, a blank, and a name. Empty lines do not count.
///
/// # Errors
/// Which line is wrong, counted from 1.
pub fn models(text: &str) -> Result<Vec<Model>, NoModels> {
    let mut all: Vec<Model> = Vec::new();
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    for (at, line) in lines.filter(|(_, line)| !line.is_empty()) {
        let (number, name) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let aaguid: Uuid = number.parse().map_err(|_| NoModels::NotANumber(at))?;
        let name = name.trim();
        if aaguid.is_nil() {
            return Err(NoModels::Zero(at));
        }
        if name.is_empty() || name.chars().count() > MAX_NAME_CHARS || name.chars().any(char::is_control) {
            return Err(NoModels::Name(at));
        }
        if all.iter().any(|model| model.aaguid == aaguid) {
            return Err(NoModels::Twice(at));
        }
        if all.len() == MOST_MODELS {
            return Err(NoModels::TooMany);
        }
        all.push(Model { aaguid, name: name.to_owned() });
    }
    if all.is_empty() { Err(NoModels::Nothing) } else { Ok(all) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "ee882879-721c-4913-9775-3dfcce97072a";

    fn check(text: &str, expected: Result<&[(&str, &str)], NoModels>) {
        let read = models(text).map(|all| {
            all.into_iter().map(|model| (model.aaguid.to_string(), model.name)).collect::<Vec<_>>()
        });
        let wanted =
            expected.map(|all| all.iter().map(|(id, name)| ((*id).to_owned(), (*name).to_owned())).collect());
        assert_eq!(read, wanted, "{text:?}");
    }

    #[test]
    fn lines_are_numbers_and_names() {
        check(&format!("{ONE} Security key"), Ok(&[(ONE, "Security key")]));
        check(&format!("\n  {}\tKey  \r\n\n", ONE.to_uppercase()), Ok(&[(ONE, "Key")]));
        check(" \n", Err(NoModels::Nothing));
        check("Security key", Err(NoModels::NotANumber(1)));
        check(&format!("\n{ONE}"), Err(NoModels::Name(2)));
        check(&format!("{ONE} {}", "x".repeat(MAX_NAME_CHARS + 1)), Err(NoModels::Name(1)));
        check(&format!("{ONE} a\n{ONE} b"), Err(NoModels::Twice(2)));
        check("00000000-0000-0000-0000-000000000000 nobody", Err(NoModels::Zero(1)));
        let many: String = (1..=201).map(|n| format!("{} n\n", Uuid::from_u128(n))).collect();
        check(&many, Err(NoModels::TooMany));
    }
}
