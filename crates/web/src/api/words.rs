//! What the JSON of several features has in common: people, reasons, words that stand for something.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::Error;
use tickmark_core::Timestamp;
use tickmark_core::id::ActorId;

use super::call::Taken;

/// Nothing more is said.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// Why something is done.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Reason {
    /// Why, so that others can follow it.
    #[schemars(length(min = 1, max = 4_000))]
    pub(super) reason: String,
}

/// What there is to say beside; may be left out.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Note {
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    pub(super) note: String,
}

impl Taken for Nothing {}
impl Taken for Reason {}
impl Taken for Note {}

/// Reads a word that its schema lists.
pub(super) fn read<T: serde::de::DeserializeOwned>(field: &str, word: &str) -> Result<T, Error> {
    serde_json::from_value(serde_json::Value::from(word))
        .map_err(|_| Error::invalid(format!("there is no {field} {word:?}")))
}

/// Reads what is written as text, such as an id or a day.
pub(super) fn parsed<T: std::str::FromStr>(field: &str, text: &str) -> Result<T, Error> {
    text.parse().map_err(|_| Error::invalid(format!("{field} {text:?} cannot be read")))
}

/// Reads the id of a person; none for nobody.
pub(super) fn person(field: &str, id: Option<&str>) -> Result<Option<ActorId>, Error> {
    id.map(|id| parsed(field, id)).transpose()
}

/// The word of a value that has one in JSON.
pub(super) fn word<T: Serialize>(value: T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

/// Keeps what held at a moment, given from when each held until the next one took its place, oldest first.
pub(super) fn as_of<T>(versions: Vec<T>, at: Option<Timestamp>, since: impl Fn(&T) -> Timestamp) -> Vec<T> {
    let Some(at) = at else { return versions };
    versions.into_iter().rfind(|version| since(version) <= at).into_iter().collect()
}

/// The filter that asks for the version of a moment.
pub(super) const AS_OF: &[(&str, &str)] =
    &[("as_of", "Only the version that held at this moment (RFC 3339)")];
