//! Whether JSON is as a schema says, as far as the API's schemas go: types, members, items, references, alternatives. A
//! keyword that is not known here fails, so that none is passed over.

use serde_json::Value;

/// What does not fit, with its place; empty when everything does. Objects may have no members that are not described.
pub(crate) fn misfits(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(document, schema, value, "$", &mut found);
    found
}

fn check(document: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let Some(members) = schema.as_object() else { return };
    for (keyword, says) in members {
        match keyword.as_str() {
            "$ref" => {
                let target = says.as_str().and_then(|path| document.pointer(path.strip_prefix('#')?));
                match target {
                    Some(target) => check(document, target, value, at, found),
                    None => found.push(format!("{at}: {says} leads nowhere")),
                }
            }
            "type" => {
                let is_one = |name: &Value| name.as_str().is_some_and(|name| is_of(name, value));
                let fits = says.as_array().map_or_else(|| is_one(says), |names| names.iter().any(is_one));
                if !fits {
                    found.push(format!("{at}: {value} is not {says}"));
                }
            }
            "properties" => {
                for (name, of) in says.as_object().into_iter().flatten() {
                    if let Some(member) = value.get(name) {
                        check(document, of, member, &format!("{at}.{name}"), found);
                    }
                }
                for name in value.as_object().into_iter().flat_map(|members| members.keys()) {
                    if says.get(name).is_none() {
                        found.push(format!("{at}.{name} is not described"));
                    }
                }
            }
            "required" => {
                for name in says.as_array().into_iter().flatten().filter_map(Value::as_str) {
                    if value.get(name).is_none() {
                        found.push(format!("{at}.{name} is missing"));
                    }
                }
            }
            "items" => {
                for (place, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(document, says, item, &format!("{at}[{place}]"), found);
                }
            }
            "anyOf" => {
                let fits =
                    says.as_array().into_iter().flatten().any(|one| misfits(document, one, value).is_empty());
                if !fits {
                    found.push(format!("{at}: {value} is none of {says}"));
                }
            }
            "minimum" => {
                if value.is_number() && value.as_f64() < says.as_f64() {
                    found.push(format!("{at}: {value} is less than {says}"));
                }
            }
            "maximum" => {
                if value.is_number() && value.as_f64() > says.as_f64() {
                    found.push(format!("{at}: {value} is more than {says}"));
                }
            }
            "title" | "description" | "format" | "default" => {}
            // What bodies are asked for beside; answers have it as they were sent.
            "enum"
            | "minLength"
            | "maxLength"
            | "minItems"
            | "maxItems"
            | "uniqueItems"
            | "additionalProperties" => {}
            unknown => found.push(format!("{at}: the keyword {unknown} is not known")),
        }
    }
}

fn is_of(name: &str, value: &Value) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => false,
    }
}
