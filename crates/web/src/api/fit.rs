//! Whether a body is as its schema says: the same schema that stands in the OpenAPI document, so that what is described is
//! what is taken. Knows the keywords that the schemas of bodies use; a test keeps it so.

use serde_json::Value;

use crate::design::segment;

/// Most faults that are told at once.
const MOST: usize = 20;
/// Characters of a value that are repeated in a fault.
const SHOWN: usize = 40;

/// Something in a body that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// Where, as a JSON pointer (RFC 6901) in a fragment: `#/files/0/name`.
    pub pointer: String,
    /// What is wrong with it.
    pub says: String,
}

/// Returns what does not fit, in the order of the schema.
pub(crate) fn misfits(schema: &Value, value: &Value) -> Vec<Misfit> {
    let mut found = Vec::new();
    check(schema, value, "#", &mut found);
    found.truncate(MOST);
    found
}

fn check(schema: &Value, value: &Value, at: &str, found: &mut Vec<Misfit>) {
    let mut says = |says: String| found.push(Misfit { pointer: at.to_owned(), says });
    if let Some(types) = schema.get("type") {
        let is_one = |name: &Value| name.as_str().is_some_and(|name| is_of(name, value));
        let fits = types.as_array().map_or_else(|| is_one(types), |names| names.iter().any(is_one));
        if !fits {
            return says(format!("it is {}, not {}", kind(value), names(types)));
        }
    }
    if let Some(options) = schema.get("enum").and_then(Value::as_array)
        && !options.contains(value)
    {
        let known: Vec<String> = options.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        return says(format!("{} is none of {}", shown(value), known.join(", ")));
    }
    if let Some(text) = value.as_str() {
        if text.contains('\0') {
            return says("it holds a character that no text has".to_owned());
        }
        let length = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
        if let Some(least) = limit(schema, "minLength").filter(|least| length < *least) {
            says(format!("it has {length} characters and needs at least {least}"));
        }
        if let Some(most) = limit(schema, "maxLength").filter(|most| length > *most) {
            says(format!("it has {length} characters and may have {most}"));
        }
        match schema.get("format").and_then(Value::as_str) {
            Some("date-time") if text.parse::<tickmark_core::Timestamp>().is_err() => {
                says(format!("{} is no moment as 2026-11-24T14:45:00Z is", shown(value)));
            }
            Some("date") if text.parse::<tickmark_core::conclusion::scope::Day>().is_err() => {
                says(format!("{} is no day as 2026-11-24 is", shown(value)));
            }
            Some("uuid") if text.parse::<tickmark_core::id::ActorId>().is_err() => {
                says(format!("{} is no id", shown(value)));
            }
            _ => {}
        }
    }
    if let Some(number) = value.as_i64() {
        if let Some(least) = schema.get("minimum").and_then(Value::as_i64).filter(|least| number < *least) {
            says(format!("{number} is less than {least}"));
        }
        if let Some(most) = schema.get("maximum").and_then(Value::as_i64).filter(|most| number > *most) {
            says(format!("{number} is more than {most}"));
        }
    }
    if let Some(items) = value.as_array() {
        let length = u64::try_from(items.len()).unwrap_or(u64::MAX);
        if let Some(least) = limit(schema, "minItems").filter(|least| length < *least) {
            says(format!("it has {length} items and needs at least {least}"));
        }
        if let Some(most) = limit(schema, "maxItems").filter(|most| length > *most) {
            says(format!("it has {length} items and may have {most}"));
        }
        let twice = |place: &usize| items[..*place].contains(&items[*place]);
        if schema.get("uniqueItems") == Some(&Value::Bool(true))
            && let Some(place) = (1..items.len().min(1_000)).find(twice)
        {
            says(format!("{} is there twice", shown(&items[place])));
        }
        if let Some(of) = schema.get("items") {
            for (place, item) in items.iter().enumerate() {
                if found.len() >= MOST {
                    return;
                }
                check(of, item, &format!("{at}/{place}"), found);
            }
        }
        return;
    }
    let Some(members) = value.as_object() else { return };
    let none = serde_json::Map::new();
    let described = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
    for name in
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    {
        if !members.contains_key(name) {
            found.push(Misfit {
                pointer: format!("{at}/{}", escaped(name)),
                says: "it is missing".to_owned(),
            });
        }
    }
    for (name, member) in members {
        if found.len() >= MOST {
            return;
        }
        let at = format!("{at}/{}", escaped(name));
        match described.get(name) {
            Some(of) => check(of, member, &at, found),
            None => found.push(Misfit { pointer: at, says: "there is no such field".to_owned() }),
        }
    }
}

fn limit(schema: &Value, keyword: &str) -> Option<u64> {
    schema.get(keyword).and_then(Value::as_u64)
}

fn is_of(name: &str, value: &Value) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => false,
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn names(types: &Value) -> String {
    let one = |name: &Value| match name.as_str() {
        Some("object") => "an object",
        Some("array") => "a list",
        Some("string") => "a text",
        Some("integer") => "a whole number",
        Some("boolean") => "a boolean",
        _ => "null",
    };
    match types.as_array() {
        Some(all) => all.iter().map(one).collect::<Vec<_>>().join(" or "),
        None => one(types).to_owned(),
    }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= SHOWN {
        text
    } else {
        format!("{}…", text.chars().take(SHOWN).collect::<String>())
    }
}

/// Writes a name as part of a pointer (RFC 6901, section 3), and of a fragment.
fn escaped(name: &str) -> String {
    let name = name.replace('~', "~0").replace('/', "~1");
    segment(&name[..name.floor_char_boundary(200)])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_fault_is_named_with_its_place() {
        let schema = json!({
            "type": "object",
            "required": ["title", "files"],
            "properties": {
                "title": {"type": "string", "minLength": 1, "maxLength": 5},
                "kind": {"type": "string", "enum": ["a", "b"]},
                "at": {"type": ["string", "null"], "format": "date-time"},
                "hours": {"type": "integer", "minimum": 0, "maximum": 9},
                "files": {"type": "array", "minItems": 1, "maxItems": 2, "uniqueItems": true, "items": {
                    "type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}
                }},
            },
        });
        let fits = json!({"title": "x", "kind": "a", "at": null, "hours": 3, "files": [{"name": "n"}]});
        assert_eq!(misfits(&schema, &fits), []);
        for (body, pointer, part) in [
            (json!([]), "#", "a list, not an object"),
            (json!({"files": [{"name": "n"}]}), "#/title", "missing"),
            (json!({"title": "", "files": [{"name": "n"}]}), "#/title", "at least 1"),
            (json!({"title": "abcdef", "files": [{"name": "n"}]}), "#/title", "may have 5"),
            (json!({"title": "x", "files": []}), "#/files", "at least 1"),
            (json!({"title": "x", "files": [{"name": 1}]}), "#/files/0/name", "a number, not a text"),
            (json!({"title": "x", "files": [{"name": "n"}, {"name": "n"}]}), "#/files", "twice"),
            (json!({"title": "x", "files": [{"name": "n"}], "kind": "c"}), "#/kind", "none of a, b"),
            (json!({"title": "x", "files": [{"name": "n"}], "at": "soon"}), "#/at", "no moment"),
            (json!({"title": "x", "files": [{"name": "n"}], "hours": 10}), "#/hours", "more than 9"),
            (json!({"title": "x", "files": [{"name": "n"}], "hours": 1.5}), "#/hours", "whole number"),
            (json!({"title": "x", "files": [{"name": "n"}], "a/b é": 1}), "#/a~1b%20%C3%A9", "no such field"),
        ] {
            let found = misfits(&schema, &body);
            assert_eq!(found.len(), 1, "{body}: {found:?}");
            assert!(found[0].pointer == pointer && found[0].says.contains(part), "{body}: {found:?}");
        }
    }

    /// The keywords of a schema and of all schemas in it.
    fn keywords(schema: &Value, found: &mut std::collections::BTreeSet<String>) {
        for (keyword, says) in schema.as_object().into_iter().flatten() {
            found.insert(keyword.clone());
            match keyword.as_str() {
                "properties" => {
                    says.as_object().into_iter().flatten().for_each(|(_, of)| keywords(of, found))
                }
                "items" => keywords(says, found),
                _ => {}
            }
        }
    }

    #[test]
    fn every_keyword_of_a_body_is_known() {
        let known = [
            "additionalProperties",
            "default",
            "description",
            "enum",
            "format",
            "items",
            "maxItems",
            "maxLength",
            "maximum",
            "minItems",
            "minLength",
            "minimum",
            "properties",
            "required",
            "title",
            "type",
            "uniqueItems",
        ];
        for writing in crate::api::writings() {
            let mut found = std::collections::BTreeSet::new();
            let schema = (writing.body)().to_value();
            keywords(&schema, &mut found);
            found.retain(|keyword| !known.contains(&keyword.as_str()));
            assert!(found.is_empty(), "{}: {found:?}", writing.id);
        }
    }
}
