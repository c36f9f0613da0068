//! What changed since somebody looked: said with the refusal of a change that was made from an older version.

use serde::Serialize;
use serde_json::{Value, json};
use tickmark_app::Error;

use super::call::Done;

/// Most changes that are told.
const MOST: usize = 100;

/// What there is now, beside what the change was made from.
#[derive(Clone, Debug)]
pub struct Meanwhile {
    /// The version that there is now.
    pub tag: String,
    /// The record as it is now.
    pub current: Value,
    /// What differs from the version that was looked at; empty where that one is not kept.
    pub changes: Vec<Value>,
}

/// Nothing is done: it is not as it was in the version `seen`, where that is kept.
pub(super) fn stale<T: Serialize>(current: &T, tag: &str, seen: Option<&T>) -> Result<Done, Error> {
    let written = |value: &T| {
        serde_json::to_value(value).map_err(|error| Error::internal("writing what changed meanwhile", error))
    };
    let current = written(current)?;
    let mut changes = Vec::new();
    if let Some(seen) = seen {
        compare(&written(seen)?, &current, "", &mut changes);
        changes.truncate(MOST);
    }
    Ok(Done::Stale(Meanwhile { tag: tag.to_owned(), current, changes }))
}

/// Member by member; lists and texts are compared as a whole.
fn compare(before: &Value, after: &Value, at: &str, found: &mut Vec<Value>) {
    if let (Some(one), Some(other)) = (before.as_object(), after.as_object()) {
        let mut names: Vec<&String> = one.keys().chain(other.keys()).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let at = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
            compare(
                one.get(name).unwrap_or(&Value::Null),
                other.get(name).unwrap_or(&Value::Null),
                &at,
                found,
            );
        }
    } else if before != after {
        found.push(json!({"pointer": format!("#{at}"), "before": before, "after": after}));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_named_with_its_place() {
        let before = json!({"content": {"title": "a", "list": [1]}, "owner": null, "same": 1});
        let after = json!({"content": {"title": "b", "list": [1, 2]}, "owner": "x", "same": 1, "a/b": true});
        let mut found = Vec::new();
        compare(&before, &after, "", &mut found);
        assert_eq!(
            found,
            [
                json!({"pointer": "#/a~1b", "before": null, "after": true}),
                json!({"pointer": "#/content/list", "before": [1], "after": [1, 2]}),
                json!({"pointer": "#/content/title", "before": "a", "after": "b"}),
                json!({"pointer": "#/owner", "before": null, "after": "x"}),
            ]
        );
    }
}
