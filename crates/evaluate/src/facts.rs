//! Facts made ready for evaluation: converted once per document, measured, and their gaps read.

use std::collections::BTreeMap;

use regorus::Value as RegoValue;
use serde_json::Value;
use tickmark_core::observation::{Gap, ReasonClass};

use crate::path::FactPath;

/// Deepest nesting of a facts document. Deeper ones are not evaluated: every verdict is `unknown` (limit).
pub const MAX_FACTS_DEPTH: usize = 48;
/// Most values (objects, lists, scalars) in a facts document. Larger ones are not evaluated.
pub const MAX_FACTS_VALUES: usize = 2_000_000;

/// A facts document ready for any number of checks. Making it never fails: what is wrong with the document becomes
/// the reason of every verdict about it.
#[derive(Clone, Debug)]
pub struct PreparedFacts {
    pub(crate) document: Result<RegoValue, Unusable>,
    pub(crate) schema: Option<String>,
    pub(crate) gaps: Vec<(FactPath, Gap)>,
    /// Number of values in the document, the measure of its size.
    pub(crate) values: usize,
}

/// Why a document cannot be evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unusable {
    pub(crate) reason: ReasonClass,
    pub(crate) message: String,
}

impl PreparedFacts {
    /// Converts a facts document. Gaps are read from its `gaps`, so that facts and gaps cannot be parted.
    #[must_use]
    pub fn new(facts: &Value) -> Self {
        Self::of_sections(facts, |_| true)
    }

    /// As [`PreparedFacts::new`], for checks that read no other top-level sections than those that `is_read` tells.
    /// Limits are those of the whole document, so that an answer does not depend on what else is asked.
    #[must_use]
    pub fn of_sections(facts: &Value, is_read: impl Fn(&str) -> bool) -> Self {
        let mut values = 0;
        let mut document = match facts {
            Value::Object(fields) => {
                values += 1;
                let sections = fields.iter().filter_map(|(name, section)| {
                    let converted = match is_read(name) {
                        true => convert(section, 1, &mut values).map(Some),
                        false => measure(section, 1, &mut values).map(|()| None),
                    };
                    converted.map(|section| Some((RegoValue::from(name.as_str()), section?))).transpose()
                });
                sections.collect::<Result<BTreeMap<_, _>, _>>().map(RegoValue::from)
            }
            other => convert(other, 0, &mut values),
        };
        let gaps = match facts.get("gaps").map(read_gaps) {
            None => Vec::new(),
            Some(Ok(gaps)) => gaps,
            Some(Err(unusable)) => {
                document = document.and(Err(unusable));
                Vec::new()
            }
        };
        let schema = facts.get("schema").and_then(Value::as_str).map(str::to_owned);
        Self { document, schema, gaps, values }
    }

    /// Returns the gaps that lie at, above or below `path`, in the order of the document.
    pub(crate) fn gaps_at<'a>(&'a self, path: &'a FactPath) -> impl Iterator<Item = &'a Gap> {
        self.gaps.iter().filter(|(gap, _)| gap.overlaps(path)).map(|(_, gap)| gap)
    }

    /// Tells whether the document has something at `path`; a list on the way counts as something.
    pub(crate) fn has(&self, path: &FactPath) -> bool {
        let Ok(document) = &self.document else { return false };
        let mut value = document;
        for step in path.steps() {
            match value {
                RegoValue::Object(fields) => match fields.get(&RegoValue::from(step.as_str())) {
                    Some(field) => value = field,
                    None => return false,
                },
                RegoValue::Array(_) => return true,
                _ => return false,
            }
        }
        true
    }
}

fn read_gaps(gaps: &Value) -> Result<Vec<(FactPath, Gap)>, Unusable> {
    let gaps: Vec<Gap> = serde_json::from_value(gaps.clone()).map_err(|error| Unusable {
        reason: ReasonClass::ParseError,
        message: format!("the list of gaps in the facts is malformed: {error}"),
    })?;
    Ok(gaps.into_iter().map(|gap| (FactPath::parse(&gap.path), gap)).collect())
}

/// Converts a document within the limits, counting its values.
fn convert(value: &Value, depth: usize, values: &mut usize) -> Result<RegoValue, Unusable> {
    count(depth, values)?;
    Ok(match value {
        Value::Null => RegoValue::Null,
        Value::Bool(truth) => RegoValue::Bool(*truth),
        Value::Number(number) => number_of(number),
        Value::String(text) => RegoValue::from(text.as_str()),
        Value::Array(elements) => {
            let mut list = Vec::with_capacity(elements.len());
            for element in elements {
                list.push(convert(element, depth + 1, values)?);
            }
            RegoValue::from(list)
        }
        Value::Object(fields) => {
            // Building the map at once is faster than inserting one by one.
            let mut pairs = Vec::with_capacity(fields.len());
            for (name, field) in fields {
                pairs.push((RegoValue::from(name.as_str()), convert(field, depth + 1, values)?));
            }
            RegoValue::from(BTreeMap::from_iter(pairs))
        }
    })
}

/// Holds a document against the limits without converting it.
fn measure(value: &Value, depth: usize, values: &mut usize) -> Result<(), Unusable> {
    count(depth, values)?;
    match value {
        Value::Array(elements) => elements.iter().try_for_each(|element| measure(element, depth + 1, values)),
        Value::Object(fields) => fields.values().try_for_each(|field| measure(field, depth + 1, values)),
        _ => Ok(()),
    }
}

/// Counts one more value.
fn count(depth: usize, values: &mut usize) -> Result<(), Unusable> {
    *values += 1;
    if depth > MAX_FACTS_DEPTH || *values > MAX_FACTS_VALUES {
        return Err(Unusable {
            reason: ReasonClass::Limit,
            message: format!(
                "the facts are nested deeper than {MAX_FACTS_DEPTH} or hold more than {MAX_FACTS_VALUES} values"
            ),
        });
    }
    Ok(())
}

fn number_of(number: &serde_json::Number) -> RegoValue {
    if let Some(number) = number.as_i64() {
        RegoValue::from(number)
    } else if let Some(number) = number.as_u64() {
        RegoValue::from(number)
    } else {
        number.as_f64().map_or(RegoValue::Null, RegoValue::from)
    }
}

/// Converts a small trusted document, such as parameters, that may not exceed the limits either.
pub(crate) fn to_rego(value: &Value) -> RegoValue {
    convert(value, 0, &mut 0).unwrap_or(RegoValue::Undefined)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn deep_documents_and_malformed_gaps_are_reasons_not_errors() {
        let mut deep = json!(1);
        for _ in 0..MAX_FACTS_DEPTH + 1 {
            deep = json!([deep]);
        }
        let reason = |facts: &Value| PreparedFacts::new(facts).document.map_err(|unusable| unusable.reason);
        assert_eq!(reason(&deep), Err(ReasonClass::Limit));
        assert_eq!(reason(&json!({"gaps": [{"path": 7}]})), Err(ReasonClass::ParseError));
        assert_eq!(reason(&json!({"gaps": "none"})), Err(ReasonClass::ParseError));
        assert!(reason(&json!({"gaps": []})).is_ok());
    }

    #[test]
    fn sections_that_are_not_read_count_all_the_same() {
        let facts = json!({"schema": "host/1", "gaps": [], "a": {"b": [1, 2, 3]}, "c": [[], {}]});
        let whole = PreparedFacts::new(&facts);
        let part = PreparedFacts::of_sections(&facts, |name| name == "a");
        assert_eq!((part.values, part.schema.as_deref()), (whole.values, Some("host/1")));
        assert!(part.has(&FactPath::parse("a.b")) && !part.has(&FactPath::parse("c")));
        let mut deep = json!(1);
        for _ in 0..MAX_FACTS_DEPTH - 1 {
            deep = json!([deep]);
        }
        assert!(
            PreparedFacts::of_sections(&json!({"a": 1, "deep": deep}), |name| name == "a").document.is_ok()
        );
        let deeper = json!({"a": 1, "deep": [deep]});
        assert!(PreparedFacts::of_sections(&deeper, |name| name == "a").document.is_err());
    }

    #[test]
    fn numbers_keep_their_value() {
        let facts = PreparedFacts::new(&json!([u64::MAX, i64::MIN, 0.5]));
        let back = facts.document.expect("a document").to_json_str().expect("JSON");
        assert_eq!(
            back.split_whitespace().collect::<String>(),
            "[18446744073709551615,-9223372036854775808,0.5]"
        );
    }
}
