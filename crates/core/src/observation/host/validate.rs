//! The closed schema: what is not described is refused, with the place named.

use serde_json::Value;

use super::HostFacts;

/// Why a document is not a facts document of a host.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum FactsError {
    /// A field is unknown, missing or of the wrong type.
    #[error("facts at {path}: {problem}")]
    Invalid {
        /// Dotted path of the field.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Absence is written by leaving a field out.
    #[error("facts at {0}: null is not a value, leave the field out")]
    Null(String),
}

/// Checks that `facts` is a document of schema `host/1` and nothing else.
///
/// # Errors
/// If a field is unknown, missing, null or of the wrong type; the error names its dotted path.
pub fn validate(facts: &Value) -> Result<(), FactsError> {
    if let Some(path) = null_path(facts) {
        return Err(FactsError::Null(path));
    }
    let parsed: Result<HostFacts, _> = serde_path_to_error::deserialize(facts);
    parsed.map(|_| ()).map_err(|error| FactsError::Invalid {
        path: error.path().to_string(),
        problem: error.inner().to_string(),
    })
}

/// Returns the JSON Schema of facts documents (draft 2020-12).
#[must_use]
pub fn json_schema() -> Value {
    let mut schema = schemars::schema_for!(HostFacts).to_value();
    forbid_null(&mut schema);
    schema
}

/// Finds a null, as a path like `accounts.users[0].uid`.
fn null_path(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(".".to_owned()),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, item)| null_path(item).map(|rest| joined(&format!("[{index}]"), &rest))),
        Value::Object(fields) => {
            fields.iter().find_map(|(name, item)| null_path(item).map(|rest| joined(name, &rest)))
        }
        _ => None,
    }
}

fn joined(head: &str, rest: &str) -> String {
    match rest {
        "." => head.to_owned(),
        _ if rest.starts_with('[') => format!("{head}{rest}"),
        _ => format!("{head}.{rest}"),
    }
}

/// Takes `null` out of the types an optional field may have, because absence is written by leaving it out.
fn forbid_null(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if let Some(Value::Array(kinds)) = fields.get_mut("type") {
                kinds.retain(|kind| kind != "null");
                if let [only] = kinds.as_slice() {
                    let only = only.clone();
                    fields.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(choices)) = fields.get_mut("anyOf") {
                choices.retain(|choice| choice.get("type") != Some(&Value::from("null")));
                if let [Value::Object(only)] = choices.as_slice() {
                    let only = only.clone();
                    fields.remove("anyOf");
                    fields.extend(only);
                }
            }
            fields.values_mut().for_each(forbid_null);
        }
        Value::Array(items) => items.iter_mut().for_each(forbid_null),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::observation::host::account::{Accounts, LoginDefs};

    #[test]
    fn errors_name_the_place() {
        let check = |section: &str, facts: Value, expected: &str| {
            let facts = json!({"schema": "host/1", "gaps": [], section: facts});
            let message = validate(&facts).expect_err("invalid").to_string();
            assert!(message.starts_with(expected), "{message}");
        };
        check(
            "sshd",
            json!({"instaled": true}),
            "facts at sshd.instaled: unknown field `instaled`, expected one of",
        );
        check("sshd", json!({"installed": "yes"}), "facts at sshd.installed: invalid type: string \"yes\"");
        check("sshd", json!({"installed": null}), "facts at sshd.installed: null is not a value");
        check(
            "accounts",
            json!({"groups": [{"name": "a", "gid": 0}]}),
            "facts at accounts.groups[0]: missing field",
        );
        check(
            "accounts",
            json!({"groups": [{"name": null}]}),
            "facts at accounts.groups[0].name: null is not",
        );
        check("swap", json!([]), "facts at swap: ");
        check("printer", json!({}), "facts at printer: unknown field");
        assert!(validate(&json!({"schema": "host/2", "gaps": []})).is_err());
        assert!(validate(&json!(null)).is_err());
    }

    #[test]
    fn nothing_absent_is_written_as_null() {
        let facts = HostFacts {
            accounts: Some(Accounts {
                login_defs: Some(LoginDefs { umask: Some("0027".into()), ..LoginDefs::default() }),
                ..Accounts::default()
            }),
            ..HostFacts::default()
        };
        let value = serde_json::to_value(&facts).expect("JSON");
        assert_eq!(
            value,
            json!({"schema": "host/1", "gaps": [], "accounts": {"login_defs": {"umask": "0027"}}})
        );
        assert_eq!(validate(&value), Ok(()));
    }

    #[test]
    fn the_schema_is_closed_and_knows_no_null() {
        fn walk(value: &Value) {
            match value {
                Value::Object(fields) => {
                    if fields.contains_key("properties") {
                        assert_eq!(
                            fields.get("additionalProperties"),
                            Some(&Value::Bool(false)),
                            "{fields:?}"
                        );
                    }
                    assert_ne!(fields.get("type"), Some(&Value::from("null")));
                    fields.values().for_each(walk);
                }
                Value::Array(items) => items.iter().for_each(walk),
                other => assert_ne!(other, &Value::from("null")),
            }
        }
        walk(&json_schema());
    }
}
