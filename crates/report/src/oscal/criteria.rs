//! The criteria as a catalog, and those in scope as a profile.

use serde_json::{Value, json};

use super::ids::{line, prose, string, token};
use super::{CATALOG, Context, own};

/// Id of the statement of a criterion.
pub(super) fn statement(token: &str) -> String {
    format!("{token}_smt")
}

/// The criteria of the chosen categories, or the objectives, in our own words.
pub(super) fn catalog(of: &Context<'_>) -> Value {
    let package = &of.model.package;
    let (uuid, metadata) = of.head(CATALOG, "Criteria");
    let control = |id: &str, text: &str, props: Vec<Value>| {
        let token = of.ids.criterion(id);
        let mut all = vec![json!({ "name": "label", "value": string(id) })];
        all.extend(props);
        json!({
            "id": token,
            "class": if package.report.starts_with("SOC 1") { "objective" } else { "criterion" },
            "title": line(id),
            "props": all,
            "parts": [{ "id": statement(&token), "name": "statement", "prose": prose(text) }],
        })
    };
    let mut heads: Vec<&str> = Vec::new();
    for one in &package.criteria {
        if !heads.contains(&one.group.as_str()) {
            heads.push(&one.group);
        }
    }
    let mut groups: Vec<Value> = heads
        .iter()
        .enumerate()
        .map(|(at, head)| {
            let inside = package.criteria.iter().filter(|one| one.group == *head);
            json!({
                "id": format!("group-{}-{}", at + 1, token(head.split_whitespace().next().unwrap_or_default())),
                "title": line(head),
                "controls": inside.map(|one| control(&one.id, &one.text, Vec::new())).collect::<Vec<_>>(),
            })
        })
        .collect();
    if !package.excluded.is_empty() {
        groups.push(json!({
            "id": "not-relevant",
            "title": "Criteria judged not relevant to the system",
            "controls": package.excluded.iter()
                .map(|one| control(&one.id, &one.title, vec![own("not-relevant-because", &one.reason)]))
                .collect::<Vec<_>>(),
        }));
    }
    json!({ "uuid": uuid, "metadata": metadata, "groups": groups })
}

/// The criteria in scope.
pub(super) fn profile(of: &Context<'_>) -> Value {
    let (uuid, metadata) = of.head(super::PROFILE, "Criteria in scope");
    let ids: Vec<String> = of.model.package.criteria.iter().map(|one| of.ids.criterion(&one.id)).collect();
    json!({
        "uuid": uuid,
        "metadata": metadata,
        "imports": [{ "href": CATALOG, "include-controls": [{ "with-ids": ids }] }],
        "merge": { "as-is": true },
    })
}
