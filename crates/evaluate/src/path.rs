//! Dotted paths into facts: `accounts.users.uid`. A step through a list means "of each element", so lists need no
//! sign of their own; `users[]` and `users[alice]` are read as `users`.

use serde_json::Value;

/// A parsed dotted path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FactPath {
    steps: Vec<String>,
}

impl FactPath {
    pub(crate) fn parse(text: &str) -> Self {
        let steps = text
            .split('.')
            .map(|step| step.split('[').next().unwrap_or_default().trim().to_owned())
            .filter(|step| !step.is_empty())
            .collect();
        Self { steps }
    }

    pub(crate) fn steps(&self) -> &[String] {
        &self.steps
    }

    pub(crate) fn child(&self, step: &str) -> Self {
        let mut steps = self.steps.clone();
        steps.push(step.to_owned());
        Self { steps }
    }

    /// Tells whether one of the two lies at or above the other. The empty path is above everything.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.steps.iter().zip(&other.steps).all(|(one, two)| one == two)
    }

    /// Tells whether `other` is this path or below it.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        self.steps.len() <= other.steps.len() && self.overlaps(other)
    }

    /// Returns what stands at the path. Through lists the values of all elements are gathered in a list; elements
    /// that lack it are left out.
    pub(crate) fn lookup(&self, document: &Value) -> Option<Value> {
        lookup(document, &self.steps)
    }
}

impl std::fmt::Display for FactPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.steps.join("."))
    }
}

fn lookup(value: &Value, steps: &[String]) -> Option<Value> {
    let Some((step, rest)) = steps.split_first() else { return Some(value.clone()) };
    match value {
        Value::Object(fields) => lookup(fields.get(step)?, rest),
        Value::Array(elements) => {
            let found: Vec<Value> = elements.iter().filter_map(|element| lookup(element, steps)).collect();
            (!found.is_empty() || elements.is_empty()).then_some(Value::Array(found))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn overlaps(one: &str, two: &str) -> bool {
        FactPath::parse(one).overlaps(&FactPath::parse(two))
    }

    #[test]
    fn a_gap_above_at_or_below_overlaps_and_a_neighbor_does_not() {
        assert!(overlaps("accounts", "accounts.users.uid"));
        assert!(overlaps("accounts.users[root].uid", "accounts.users"));
        assert!(overlaps("accounts.users[]", "accounts.users"));
        assert!(overlaps("", "accounts"));
        assert!(!overlaps("accounts.user", "accounts.users"));
        assert!(!overlaps("sshd", "accounts"));
    }

    #[test]
    fn a_path_through_a_list_gathers() {
        let facts = json!({"accounts": {"users": [{"uid": 0}, {"name": "x"}, {"uid": 7}]}});
        assert_eq!(FactPath::parse("accounts.users.uid").lookup(&facts), Some(json!([0, 7])));
        assert_eq!(FactPath::parse("accounts.users.shell").lookup(&facts), None);
        assert_eq!(FactPath::parse("sshd").lookup(&facts), None);
    }
}
