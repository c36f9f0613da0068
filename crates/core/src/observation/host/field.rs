//! Fields of facts that a simple check can ask about: read off the closed schema, so that a form offers what there is.

use serde_json::{Map, Value, json};

use super::json_schema;
use crate::Digest;

/// How deep sections are walked.
const MAX_DEPTH: usize = 4;

/// What stands in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// `true` or `false`.
    Flag,
    /// Text.
    Text,
    /// A whole number.
    Number,
}

/// A field of facts.
#[derive(Clone, Debug, PartialEq)]
pub struct FactField {
    /// Where it stands, e.g. `sshd.permit_root_login`, or `accounts.users[].shell` of each element of a list.
    pub path: String,
    /// What it says, by the schema.
    pub about: String,
    /// What stands in it.
    pub kind: FieldKind,
    /// Texts that can stand in it; empty where any can.
    pub words: Vec<String>,
    /// The least number that can stand in it, where there is one.
    pub minimum: Option<i64>,
    /// Whether its section says whether its subject is installed, so that a check may not apply.
    pub has_installed: bool,
    /// Whether an element of its list has a name to call it by.
    pub has_name: bool,
    /// The smallest document in which it stands, with a list of one element where it is of a list.
    pub sample: Value,
}

impl FactField {
    /// Returns the first part of its path.
    #[must_use]
    pub fn section(&self) -> &str {
        self.path.split('.').next().unwrap_or_default()
    }

    /// Returns the path of its list and its path inside an element; none if it is of no list.
    #[must_use]
    pub fn in_list(&self) -> Option<(&str, &str)> {
        self.path.split_once("[].")
    }
}

/// Returns the fields of a host that a simple check can ask about, by path: flags, texts and numbers in sections, and in
/// the elements of their lists.
#[must_use]
pub fn fields() -> Vec<FactField> {
    let schema = json_schema();
    let mut found = Vec::new();
    let sections = schema["properties"].as_object().into_iter().flatten();
    for (section, of) in sections.filter(|(name, _)| !["schema", "gaps"].contains(&name.as_str())) {
        let section_schema = resolved(&schema, of);
        let has_installed =
            is_type(&resolved(&schema, &section_schema["properties"]["installed"]), "boolean");
        let walk = Walk { schema: &schema, section, has_installed };
        walk.object(&section_schema, &[section], &mut found);
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

struct Walk<'a> {
    schema: &'a Value,
    section: &'a str,
    has_installed: bool,
}

impl Walk<'_> {
    fn object(&self, of: &Value, path: &[&str], found: &mut Vec<FactField>) {
        if path.len() > MAX_DEPTH {
            return;
        }
        for (name, schema) in of["properties"].as_object().into_iter().flatten() {
            let about = schema["description"].as_str().unwrap_or_default().to_owned();
            let schema = resolved(self.schema, schema);
            let is_own_installed = path == [self.section] && name == "installed";
            let deeper: Vec<&str> = path.iter().copied().chain([name.as_str()]).collect();
            if let Some(kind) = kind_of(&schema) {
                let has_installed = self.has_installed && !is_own_installed;
                found.push(self.field(&deeper, about, kind, &schema, has_installed, false));
            } else if is_type(&schema, "object") {
                self.object(&schema, &deeper, found);
            } else if is_type(&schema, "array") {
                let element = resolved(self.schema, &schema["items"]);
                let list = format!("{name}[]");
                let deeper: Vec<&str> = path.iter().copied().chain([list.as_str()]).collect();
                self.elements(&element, &deeper, found);
            }
        }
    }

    /// Fields of the elements of a list; lists inside of them are left to whoever writes Rego.
    fn elements(&self, element: &Value, path: &[&str], found: &mut Vec<FactField>) {
        let name = resolved(self.schema, &element["properties"]["name"]);
        let is_required = element["required"].as_array().is_some_and(|all| all.contains(&json!("name")));
        let has_name = is_required && kind_of(&name) == Some(FieldKind::Text);
        for (name, schema) in element["properties"].as_object().into_iter().flatten() {
            let about = schema["description"].as_str().unwrap_or_default().to_owned();
            let schema = resolved(self.schema, schema);
            if let Some(kind) = kind_of(&schema) {
                let deeper: Vec<&str> = path.iter().copied().chain([name.as_str()]).collect();
                found.push(self.field(&deeper, about, kind, &schema, self.has_installed, has_name));
            }
        }
    }

    fn field(
        &self,
        path: &[&str],
        about: String,
        kind: FieldKind,
        schema: &Value,
        has_installed: bool,
        has_name: bool,
    ) -> FactField {
        FactField {
            path: path.join("."),
            about,
            kind,
            words: words(schema),
            minimum: schema["minimum"].as_i64(),
            has_installed,
            has_name,
            sample: self.sample(path, has_installed),
        }
    }

    /// The smallest document with a field at a path: what its sections require, and itself.
    fn sample(&self, path: &[&str], has_installed: bool) -> Value {
        let mut document = json!({"schema": super::SCHEMA, "gaps": []});
        document[self.section] =
            self.with(&resolved(self.schema, &self.schema["properties"][self.section]), &path[1..]);
        if has_installed {
            document[self.section]["installed"] = Value::Bool(true);
        }
        document
    }

    fn with(&self, of: &Value, path: &[&str]) -> Value {
        let mut made = smallest(self.schema, of, MAX_DEPTH);
        if let Some((first, rest)) = path.split_first() {
            let name = first.trim_end_matches("[]");
            let schema = resolved(self.schema, &of["properties"][name]);
            // The schema knows digests as texts.
            let inner = if rest.is_empty() && name.ends_with("digest") {
                Value::from(Digest::of(b"").to_string())
            } else if first.ends_with("[]") {
                json!([self.with(&resolved(self.schema, &schema["items"]), rest)])
            } else {
                self.with(&schema, rest)
            };
            made[name] = inner;
        }
        made
    }
}

/// The smallest value of a schema: what is required, and nothing else.
fn smallest(root: &Value, of: &Value, depth: usize) -> Value {
    if let Some(word) = words(of).into_iter().next() {
        return Value::from(word);
    }
    if is_type(of, "boolean") {
        return Value::Bool(false);
    }
    if is_type(of, "integer") || is_type(of, "number") {
        return of.get("minimum").cloned().unwrap_or_else(|| json!(0));
    }
    if is_type(of, "array") {
        return json!([]);
    }
    if is_type(of, "object") {
        let required = of["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let mut made = Map::new();
        for name in required.filter(|_| depth > 0) {
            let schema = resolved(root, &of["properties"][name]);
            made.insert(name.to_owned(), smallest(root, &schema, depth - 1));
        }
        return Value::Object(made);
    }
    Value::from("x")
}

fn kind_of(schema: &Value) -> Option<FieldKind> {
    if is_type(schema, "boolean") {
        Some(FieldKind::Flag)
    } else if is_type(schema, "integer") {
        Some(FieldKind::Number)
    } else if is_type(schema, "string") || !words(schema).is_empty() {
        Some(FieldKind::Text)
    } else {
        None
    }
}

/// Texts that a schema lists.
fn words(schema: &Value) -> Vec<String> {
    let listed = schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let constants = schema["oneOf"].as_array().into_iter().flatten();
    let constants = constants.flat_map(|one| {
        let several = one["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
        one["const"].as_str().into_iter().chain(several)
    });
    listed.chain(constants).map(str::to_owned).collect()
}

fn is_type(schema: &Value, word: &str) -> bool {
    schema["type"] == word
}

/// Follows references to definitions.
fn resolved(root: &Value, schema: &Value) -> Value {
    let mut schema = schema;
    for _ in 0..MAX_DEPTH {
        let Some(name) = schema["$ref"].as_str().and_then(|at| at.strip_prefix("#/$defs/")) else { break };
        schema = &root["$defs"][name];
    }
    schema.clone()
}

#[cfg(test)]
mod tests {
    use super::super::validate;
    use super::*;

    #[test]
    fn fields_are_those_of_the_schema_and_their_samples_conform() {
        let fields = fields();
        let find = |path: &str| {
            fields.iter().find(|field| field.path == path).unwrap_or_else(|| panic!("no {path}"))
        };
        let root = find("sshd.permit_root_login");
        assert_eq!((root.kind, root.has_installed, root.section()), (FieldKind::Text, true, "sshd"));
        let shell = find("accounts.users[].shell");
        assert_eq!((shell.in_list(), shell.has_name), (Some(("accounts.users", "shell")), true));
        assert_eq!(find("accounts.users[].uid").minimum, Some(0));
        assert!(!find("sshd.installed").has_installed, "it is not asked about itself");
        assert!(fields.len() > 100, "{}", fields.len());
        for field in &fields {
            validate(&field.sample)
                .unwrap_or_else(|error| panic!("{}: {error}: {}", field.path, field.sample));
        }
    }
}
