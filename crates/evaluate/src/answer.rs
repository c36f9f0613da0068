//! Reading what a check answered. The result is foreign data: every rule of its format is enforced here, and an answer
//! that breaks one is no answer.

use std::fmt::Write as _;

use regorus::Value as RegoValue;
use serde_json::Value;
use tickmark_core::Timestamp;
use tickmark_core::observation::{CheckDefinition, ReasonClass, Verdict};

/// Longest message that is kept, in characters.
const MAX_MESSAGE_CHARS: usize = 240;
/// Most subjects that are kept; the message tells how many were left out.
const MAX_SUBJECTS: usize = 500;
/// Longest subject, in characters.
const MAX_SUBJECT_CHARS: usize = 300;
/// Most values in `observed` or `expected`.
const MAX_DETAIL_VALUES: usize = 2_000;
/// Deepest nesting of `observed` or `expected`.
const MAX_DETAIL_DEPTH: usize = 16;
/// Most characters of all texts in `observed` or `expected`.
const MAX_DETAIL_CHARS: usize = 20_000;

const KEYS: [&str; 7] = ["verdict", "reason", "message", "subjects", "observed", "expected", "valid_until"];

/// The names of the result as values of the machine, made once.
pub(crate) struct Keys([RegoValue; 7]);

impl Keys {
    pub(crate) fn new() -> Self {
        Self(KEYS.map(RegoValue::from))
    }
}

/// A well-formed answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) verdict: Verdict,
    pub(crate) reason: Option<ReasonClass>,
    pub(crate) message: String,
    pub(crate) subjects: Vec<String>,
    pub(crate) observed: Value,
    pub(crate) expected: Value,
    pub(crate) valid_until: Option<Timestamp>,
}

/// Reads the value of the rule `result`, or says which rule of the format it breaks.
pub(crate) fn read(
    result: &RegoValue,
    keys: &Keys,
    definition: &CheckDefinition,
    now: Timestamp,
) -> Result<Answer, String> {
    let fields = match result {
        RegoValue::Object(fields) => fields,
        RegoValue::Undefined => return Err("gave no result".into()),
        other => return Err(format!("gave {} as result", kind(other))),
    };
    let [verdict, reason, message, subjects, observed, expected, valid_until] =
        keys.0.each_ref().map(|key| fields.get(key));
    let known = [verdict, reason, message, subjects, observed, expected, valid_until];
    if known.iter().flatten().count() != fields.len() {
        return Err(format!("gave a result with keys other than {}", KEYS.join(", ")));
    }
    let verdict = read_verdict(verdict)?;
    let reason = read_reason(reason, verdict)?;
    let (subjects, left_out) = read_subjects(subjects)?;
    if verdict == Verdict::Pass && !subjects.is_empty() {
        return Err("passed and named subjects that are not as asserted".into());
    }
    let mut message = read_message(message)?;
    if left_out > 0 {
        let _ = write!(message, " (and {left_out} more)");
    }
    Ok(Answer {
        verdict,
        reason,
        message: message.trim().to_owned(),
        subjects,
        observed: read_detail(observed),
        expected: read_detail(expected),
        valid_until: read_valid_until(valid_until, verdict, definition, now)?,
    })
}

fn read_verdict(value: Option<&RegoValue>) -> Result<Verdict, String> {
    match value {
        Some(RegoValue::String(word)) => Verdict::ALL
            .into_iter()
            .find(|verdict| verdict.word() == word.as_ref())
            .ok_or_else(|| format!("gave the unknown verdict {:?}", tidy(word, 40))),
        Some(other) => Err(format!("gave {} as verdict", kind(other))),
        None => Err("gave a result without verdict".into()),
    }
}

fn read_reason(value: Option<&RegoValue>, verdict: Verdict) -> Result<Option<ReasonClass>, String> {
    let reason = match value {
        None => None,
        Some(RegoValue::String(word)) => Some(
            ReasonClass::ALL
                .into_iter()
                .find(|reason| reason.word() == word.as_ref())
                .ok_or_else(|| format!("gave the unknown reason {:?}", tidy(word, 40)))?,
        ),
        Some(other) => return Err(format!("gave {} as reason", kind(other))),
    };
    match (verdict, reason) {
        (Verdict::NotApplicable, None) => Err("answered not_applicable without reason".into()),
        (Verdict::Pass | Verdict::Fail, Some(_)) => Err(format!("gave a reason class for {verdict}")),
        _ => Ok(reason),
    }
}

fn read_message(value: Option<&RegoValue>) -> Result<String, String> {
    match value {
        None => Ok(String::new()),
        Some(RegoValue::String(text)) => Ok(tidy(text, MAX_MESSAGE_CHARS)),
        Some(other) => Err(format!("gave {} as message", kind(other))),
    }
}

/// Reads subjects, sorted and without duplicates, and how many were left out.
fn read_subjects(value: Option<&RegoValue>) -> Result<(Vec<String>, usize), String> {
    let one = |subject: &RegoValue| match subject {
        RegoValue::String(text) => Ok(tidy(text, MAX_SUBJECT_CHARS)),
        other => Err(format!("gave {} as subject", kind(other))),
    };
    let mut subjects = match value {
        None => Vec::new(),
        Some(RegoValue::Array(list)) => list.iter().map(one).collect::<Result<Vec<_>, _>>()?,
        Some(RegoValue::Set(set)) => set.iter_sorted().map(one).collect::<Result<Vec<_>, _>>()?,
        Some(other) => return Err(format!("gave {} as subjects", kind(other))),
    };
    subjects.sort_unstable();
    subjects.dedup();
    let left_out = subjects.len().saturating_sub(MAX_SUBJECTS);
    subjects.truncate(MAX_SUBJECTS);
    Ok((subjects, left_out))
}

fn read_valid_until(
    value: Option<&RegoValue>,
    verdict: Verdict,
    definition: &CheckDefinition,
    now: Timestamp,
) -> Result<Option<Timestamp>, String> {
    let seconds = match value {
        None | Some(RegoValue::Null) => None,
        Some(RegoValue::Number(number)) => match number.as_i64() {
            Some(seconds) => Some(seconds),
            // Rounded down: an answer must not hold longer than the check said.
            None => {
                number.as_f64().filter(|seconds| seconds.is_finite()).map(|seconds| seconds.floor() as i64)
            }
        },
        Some(other) => return Err(format!("gave {} as valid_until", kind(other))),
    };
    match (seconds, definition.depends_on_time) {
        (Some(_), false) => Err("gave valid_until but does not declare depends_on_time".into()),
        // A failure may stay for ever while the facts are unchanged; a pass that depends on time always ends.
        (None, true) if matches!(verdict, Verdict::Pass | Verdict::NotApplicable) => {
            Err(format!("depends on time and answered {verdict} without valid_until"))
        }
        (Some(seconds), true) => {
            let until = Timestamp::from_seconds(seconds);
            if until <= now && verdict != Verdict::Unknown {
                return Err(format!("gave a valid_until that is already over, {until}"));
            }
            Ok(Some(until))
        }
        (None, _) => Ok(None),
    }
}

fn read_detail(value: Option<&RegoValue>) -> Value {
    let mut budget = Budget { values: MAX_DETAIL_VALUES, chars: MAX_DETAIL_CHARS };
    match value {
        None => Value::Null,
        Some(value) => {
            budget.json(value, 0).unwrap_or_else(|| Value::from("too large or not JSON, not kept"))
        }
    }
}

/// What may still be copied out of an answer.
struct Budget {
    values: usize,
    chars: usize,
}

impl Budget {
    fn json(&mut self, value: &RegoValue, depth: usize) -> Option<Value> {
        self.values = self.values.checked_sub(1)?;
        if depth > MAX_DETAIL_DEPTH {
            return None;
        }
        Some(match value {
            RegoValue::Null => Value::Null,
            RegoValue::Bool(truth) => Value::from(*truth),
            RegoValue::Number(number) => {
                if let Some(number) = number.as_i64() {
                    Value::from(number)
                } else if let Some(number) = number.as_u64() {
                    Value::from(number)
                } else {
                    Value::Number(serde_json::Number::from_f64(number.as_f64()?)?)
                }
            }
            RegoValue::String(text) => Value::from(self.text(text)?),
            RegoValue::Array(list) => {
                Value::Array(list.iter().map(|element| self.json(element, depth + 1)).collect::<Option<_>>()?)
            }
            RegoValue::Set(set) => Value::Array(
                set.iter_sorted().map(|element| self.json(element, depth + 1)).collect::<Option<_>>()?,
            ),
            RegoValue::Object(fields) => {
                let mut map = serde_json::Map::new();
                for (name, field) in fields.iter_sorted() {
                    let RegoValue::String(name) = name else { return None };
                    let name = self.text(name)?;
                    map.insert(name, self.json(field, depth + 1)?);
                }
                Value::Object(map)
            }
            RegoValue::Undefined => return None,
        })
    }

    fn text(&mut self, text: &str) -> Option<String> {
        self.chars = self.chars.checked_sub(text.len())?;
        Some(tidy(text, MAX_DETAIL_CHARS))
    }
}

/// Cuts a text and makes control and direction characters visible: names from foreign systems end up in reports.
pub(crate) fn tidy(text: &str, max_chars: usize) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut tidied = String::with_capacity(text.len().min(max_chars));
    for (count, c) in text.chars().enumerate() {
        if count == max_chars {
            tidied.push('…');
            break;
        }
        if hidden(c) {
            tidied.extend(c.escape_unicode());
        } else {
            tidied.push(c);
        }
    }
    tidied
}

/// Names the type of a value in a message.
fn kind(value: &RegoValue) -> &'static str {
    match value {
        RegoValue::Null => "null",
        RegoValue::Bool(_) => "a boolean",
        RegoValue::Number(_) => "a number",
        RegoValue::String(_) => "a text",
        RegoValue::Array(_) => "a list",
        RegoValue::Set(_) => "a set",
        RegoValue::Object(_) => "an object",
        RegoValue::Undefined => "nothing",
    }
}
