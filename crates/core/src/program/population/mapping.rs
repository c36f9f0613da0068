//! Which column of a foreign list is what.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Amount;
use super::moment::DateOrder;

/// Longest name of a column or of a saved mapping in characters.
pub const MAX_COLUMN_CHARS: usize = 200;
/// Most saved mappings of one organization.
pub const MAX_MAPPINGS: usize = 200;

/// Which columns of a list are read, and how. Columns that it does not name are left alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// Column of the stable key.
    pub key: String,
    /// Column that says when the trigger produced the item.
    pub occurred_at: String,
    /// Column of notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Column that says to which part of the population an item belongs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stratum: Option<String>,
    /// Column of amounts, whose sum is compared with a control total.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<String>,
    /// Columns of results by the attribute they answer.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
    /// Whether days or months come first in dates written with figures only.
    #[serde(default)]
    pub dates: DateOrder,
}

/// What a list was written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListFormat {
    /// Text with a delimiter.
    Csv,
    /// The first sheet of a workbook.
    Xlsx,
    /// Objects of one shape.
    Json,
    /// A register of this program.
    Register,
}

impl ListFormat {
    /// Returns what people call it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Csv => "CSV",
            Self::Xlsx => "XLSX",
            Self::Json => "JSON",
            Self::Register => "a register of Tickmark",
        }
    }
}

/// How a list was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// What it was written in.
    pub format: ListFormat,
    /// Which column was what; none where columns have the names that are read without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mapping: Option<Mapping>,
    /// Items of each part of the population.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub strata: BTreeMap<String, u64>,
    /// The sum of the amounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<Amount>,
}

impl Reading {
    /// Tells whether there is nothing to say about it: plain CSV by the names of its columns.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.format == ListFormat::Csv
            && self.mapping.is_none()
            && self.strata.is_empty()
            && self.total.is_none()
    }
}

/// Why something is not a mapping.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// Nothing can be read without it.
    #[error("a mapping names the column of the {0}")]
    Missing(&'static str),
    /// Not the name of a column.
    #[error(
        "{0:?} is not the name of a column: it has 1 to {MAX_COLUMN_CHARS} characters, none of them control"
    )]
    Column(String),
    /// Key and moment are two things.
    #[error("the column {0:?} cannot be both the key and the moment of an item")]
    Same(String),
    /// Not the name of a mapping.
    #[error("a saved mapping has a name of 1 to {MAX_COLUMN_CHARS} characters, none of them control")]
    Name,
}

impl Mapping {
    /// Checks a mapping.
    ///
    /// # Errors
    /// If a column that is needed is missing, or a name cannot be one.
    pub fn check(&self) -> Result<(), MappingError> {
        for (what, name) in [("key", &self.key), ("moment", &self.occurred_at)] {
            if name.trim().is_empty() {
                return Err(MappingError::Missing(what));
            }
        }
        if self.key == self.occurred_at {
            return Err(MappingError::Same(self.key.clone()));
        }
        let others = [&self.note, &self.stratum, &self.amount].into_iter().flatten();
        for name in [&self.key, &self.occurred_at].into_iter().chain(others).chain(self.attributes.values()) {
            if !is_name(name) {
                return Err(MappingError::Column(name.chars().take(60).collect()));
            }
        }
        Ok(())
    }
}

/// Brings the name of a saved mapping to the form in which it is kept.
///
/// # Errors
/// If it is empty, too long or has control characters.
pub fn mapping_name(text: &str) -> Result<String, MappingError> {
    let name = text.trim();
    if is_name(name) { Ok(name.to_owned()) } else { Err(MappingError::Name) }
}

fn is_name(text: &str) -> bool {
    let count = text.chars().count();
    !text.trim().is_empty() && count <= MAX_COLUMN_CHARS && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_names_what_is_needed() {
        let good = Mapping { key: "Id".into(), occurred_at: "Finished".into(), ..Mapping::default() };
        assert_eq!(good.check(), Ok(()));
        assert_eq!(Mapping::default().check(), Err(MappingError::Missing("key")));
        let same = Mapping { occurred_at: "Id".into(), ..good.clone() };
        assert_eq!(same.check(), Err(MappingError::Same("Id".into())));
        let odd = Mapping { stratum: Some("a\u{7}".into()), ..good.clone() };
        assert!(matches!(odd.check(), Err(MappingError::Column(_))));
        assert_eq!(mapping_name(" Pipeline "), Ok("Pipeline".to_owned()));
        assert_eq!(mapping_name(" "), Err(MappingError::Name));
        let text = serde_json::to_string(&good).expect("written");
        assert_eq!(text, r#"{"key":"Id","occurred_at":"Finished","dates":"iso"}"#);
        assert_eq!(serde_json::from_str::<Mapping>(&text).expect("read"), good);
    }
}
