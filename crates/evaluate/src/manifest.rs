//! `check.toml`: what a check says about itself.

use serde::Deserialize;
use serde_json::Value;
use tickmark_core::observation::Severity;

use crate::error::{CheckFile, Problem};
use crate::path::FactPath;

/// Longest id of a check in bytes.
const MAX_ID_BYTES: usize = 80;
/// Longest text of one metadata field in bytes.
const MAX_TEXT_BYTES: usize = 20_000;
/// Most entries in one list of metadata.
const MAX_LIST: usize = 100;

/// A documented exception from the rule that missing data never passes, for one path of facts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allowance {
    /// Dotted path of the facts, at or below one of the check's `needs`.
    pub path: String,
    /// What is allowed there.
    pub allow: Vec<Leniency>,
    /// Why that is safe, for a reviewer.
    pub reason: String,
}

/// What a check may answer although something is absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leniency {
    /// A gap there does not take away a pass. Affects the answer, so it is part of the version.
    Gap,
    /// An empty list there can be a pass: "no pending updates".
    Empty,
    /// The facts can lack it without the check noticing. A gap still takes the pass away.
    Missing,
}

/// The file as written. Unknown keys are refused: a misspelt key would be silently ignored otherwise.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) asserts: String,
    pub(crate) rationale: String,
    pub(crate) target_kind: String,
    pub(crate) facts_schema: String,
    pub(crate) needs: Vec<String>,
    pub(crate) severity: Severity,
    pub(crate) cadence_hours: u32,
    pub(crate) stale_after_hours: u32,
    pub(crate) criteria: Vec<String>,
    #[serde(default)]
    pub(crate) controls: Vec<String>,
    #[serde(default)]
    pub(crate) depends_on_time: bool,
    pub(crate) remediation: String,
    #[serde(default)]
    pub(crate) references: Vec<String>,
    #[serde(default)]
    pub(crate) allowances: Vec<Allowance>,
    #[serde(default)]
    parameters: toml::Table,
}

impl Manifest {
    /// Parses the text and reports everything that is wrong with it.
    pub(crate) fn parse(text: &str, group: &str, folder: &str) -> Result<(Self, Value), Vec<Problem>> {
        let manifest: Self = toml::from_str(text).map_err(|error| {
            let line = error.span().map(|span| line_of(text, span.start));
            vec![Problem::new(CheckFile::Manifest, line, error.message().to_owned())]
        })?;
        let mut problems = Vec::new();
        let mut refuse = |key: &str, message: String| {
            problems.push(Problem::new(CheckFile::Manifest, line_of_key(text, key), message));
        };
        manifest.inspect_names(group, folder, &mut refuse);
        manifest.inspect_texts(&mut refuse);
        manifest.inspect_paths(&mut refuse);
        let mut parameters = serde_json::Map::new();
        for (name, value) in &manifest.parameters {
            match to_json(value) {
                Some(value) => drop(parameters.insert(name.clone(), value)),
                None => {
                    refuse(name, format!("parameter {name:?} holds a date or a number that is not finite"))
                }
            }
        }
        if problems.is_empty() { Ok((manifest, Value::Object(parameters))) } else { Err(problems) }
    }

    fn inspect_names(&self, group: &str, folder: &str, refuse: &mut impl FnMut(&str, String)) {
        if !is_kebab_id(&self.id) {
            refuse("id", format!("id {:?} is not kebab case of two or more words", self.id));
        }
        if self.id != folder {
            refuse("id", format!("id {:?} differs from the name of its folder, {folder:?}", self.id));
        }
        if !self.id.starts_with(&format!("{group}-")) {
            refuse("id", format!("id {:?} does not begin with the name of its group, {group:?}", self.id));
        }
    }

    fn inspect_texts(&self, refuse: &mut impl FnMut(&str, String)) {
        for (key, text) in [
            ("title", &self.title),
            ("asserts", &self.asserts),
            ("rationale", &self.rationale),
            ("target_kind", &self.target_kind),
            ("facts_schema", &self.facts_schema),
            ("remediation", &self.remediation),
        ] {
            if text.trim().is_empty() || text.len() > MAX_TEXT_BYTES {
                refuse(key, format!("{key} is empty or longer than {MAX_TEXT_BYTES} bytes"));
            }
        }
        for (key, list, may_be_empty) in [
            ("needs", &self.needs, false),
            ("criteria", &self.criteria, true),
            ("controls", &self.controls, true),
            ("references", &self.references, true),
        ] {
            if (list.is_empty() && !may_be_empty) || list.len() > MAX_LIST {
                refuse(key, format!("{key} has no entry or more than {MAX_LIST}"));
            }
            if list.iter().any(|entry| entry.trim().is_empty() || entry.len() > MAX_TEXT_BYTES) {
                refuse(key, format!("{key} has an empty or overlong entry"));
            }
        }
        if self.cadence_hours == 0 {
            refuse("cadence_hours", "cadence_hours is 0".into());
        }
        if self.stale_after_hours < self.cadence_hours {
            refuse("stale_after_hours", "stale_after_hours is smaller than cadence_hours".into());
        }
    }

    fn inspect_paths(&self, refuse: &mut impl FnMut(&str, String)) {
        for need in &self.needs {
            let well_formed = need.split('.').all(|step| {
                !step.is_empty()
                    && step.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            });
            if !well_formed {
                refuse("needs", format!("need {need:?} is not a dotted path such as \"accounts.users\""));
            }
        }
        for allowance in &self.allowances {
            let path = FactPath::parse(&allowance.path);
            if !self.needs.iter().any(|need| FactPath::parse(need).overlaps(&path)) {
                refuse("allowances", format!("allowance for {:?}, which no need touches", allowance.path));
            }
            if allowance.allow.is_empty() || allowance.reason.trim().is_empty() {
                refuse("allowances", format!("allowance for {:?} lacks what or why", allowance.path));
            }
        }
    }

    /// Tells whether `leniency` is allowed at `path`.
    pub(crate) fn allows(allowances: &[Allowance], leniency: Leniency, path: &FactPath) -> bool {
        allowances.iter().any(|allowance| {
            allowance.allow.contains(&leniency) && FactPath::parse(&allowance.path).covers(path)
        })
    }
}

/// Tells whether `id` is kebab case of at least two words, ASCII, at most 80 bytes.
pub(crate) fn is_kebab_id(id: &str) -> bool {
    let word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    id.len() <= MAX_ID_BYTES
        && id.contains('-')
        && id.starts_with(|first: char| first.is_ascii_lowercase())
        && id.split('-').all(word)
}

fn to_json(value: &toml::Value) -> Option<Value> {
    Some(match value {
        toml::Value::String(text) => Value::from(text.as_str()),
        toml::Value::Integer(number) => Value::from(*number),
        toml::Value::Float(number) => Value::Number(serde_json::Number::from_f64(*number)?),
        toml::Value::Boolean(truth) => Value::from(*truth),
        toml::Value::Array(elements) => Value::Array(elements.iter().map(to_json).collect::<Option<_>>()?),
        toml::Value::Table(fields) => Value::Object(
            fields.iter().map(|(key, value)| Some((key.clone(), to_json(value)?))).collect::<Option<_>>()?,
        ),
        toml::Value::Datetime(_) => return None,
    })
}

fn line_of(text: &str, offset: usize) -> u32 {
    let before = text.as_bytes().get(..offset).unwrap_or_default();
    u32::try_from(before.iter().filter(|byte| **byte == b'\n').count() + 1).unwrap_or(u32::MAX)
}

/// Finds the line on which a key is set, for messages only.
fn line_of_key(text: &str, key: &str) -> Option<u32> {
    let line = text.lines().position(|line| {
        let line = line.trim_start().trim_start_matches('[');
        line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(['=', ']']))
    })?;
    u32::try_from(line + 1).ok()
}
