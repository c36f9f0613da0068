//! A facts document made readable: sections, names with values, lists as tables. Foreign data: bounded in depth, rows
//! and length.

use maud::{Markup, html};
use serde_json::{Map, Value};
use tickmark_core::observation::Gap;
use tickmark_core::words::shortened;

/// Levels of nesting that are drawn; deeper values are shown as JSON.
const DEPTH_LIMIT: usize = 5;
/// Rows of one list that are drawn.
const ROW_LIMIT: usize = 60;
/// Columns of one table that are drawn.
const COLUMN_LIMIT: usize = 7;
/// Characters of one value that are drawn.
const TEXT_LIMIT: usize = 400;

/// Draws the sections of a facts document, each with the gaps inside it. `schema` and `gaps` themselves are left out.
#[must_use]
pub fn document(facts: &Value, gaps: &[Gap]) -> Markup {
    let empty = Map::new();
    let sections = facts.as_object().unwrap_or(&empty);
    html! {
        div.doc {
            @for (name, value) in sections.iter().filter(|(name, _)| !matches!(name.as_str(), "schema" | "gaps")) {
                @let missing: Vec<&Gap> = gaps.iter().filter(|gap| section_of(&gap.path) == name).collect();
                details id={ "facts-" (name) } {
                    summary {
                        (humanize(name))
                        span.note {
                            (outline(value))
                            @if !missing.is_empty() {
                                ", " (missing.len()) " " (super::plural(missing.len(), "gap", "gaps"))
                            }
                        }
                    }
                    div {
                        (draw(value, name, 1))
                        @for gap in missing { p.note-line { code { (gap.path) } ": " (gap.reason.plain()) ". " (gap.detail) } }
                    }
                }
            }
        }
    }
}

fn section_of(path: &str) -> &str {
    path.split(['.', '[']).next().unwrap_or("")
}

/// `password_max_days` as `Password max days`.
#[must_use]
pub fn humanize(name: &str) -> String {
    let text = name.replace('_', " ");
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn outline(value: &Value) -> String {
    match value {
        Value::Object(map) => format!("{} {}", map.len(), super::plural(map.len(), "entry", "entries")),
        Value::Array(list) => format!("{} {}", list.len(), super::plural(list.len(), "row", "rows")),
        other => short(other),
    }
}

fn draw(value: &Value, name: &str, depth: usize) -> Markup {
    if depth > DEPTH_LIMIT {
        return html! { code { (shortened(&value.to_string(), TEXT_LIMIT)) } };
    }
    match value {
        Value::Object(map) => object(map, depth),
        Value::Array(list) if list.is_empty() => html! { span.muted { "none" } },
        Value::Array(list) if list.iter().all(|v| v.as_object().is_some_and(is_flat)) => rows(list, name),
        Value::Array(list) if list.iter().all(|v| !v.is_object() && !v.is_array()) => html! {
            @for (at, item) in list.iter().take(ROW_LIMIT).enumerate() {
                @if at > 0 { ", " }
                (scalar(item))
            }
            (more(list.len()))
        },
        Value::Array(list) => html! {
            @for item in list.iter().take(ROW_LIMIT) { div { (draw(item, name, depth + 1)) } }
            (more(list.len()))
        },
        other => scalar(other),
    }
}

fn object(map: &Map<String, Value>, depth: usize) -> Markup {
    let is_small = |v: &Value| match v {
        Value::Object(_) => false,
        Value::Array(list) => list.iter().all(|v| !v.is_object() && !v.is_array()),
        _ => true,
    };
    let (small, large): (Vec<_>, Vec<_>) = map.iter().partition(|(_, value)| is_small(value));
    html! {
        @if !small.is_empty() {
            dl.facts {
                @for (name, value) in small.iter().take(ROW_LIMIT) { dt { (humanize(name)) } dd { (draw(value, name, depth + 1)) } }
            }
            (more(small.len()))
        }
        @for (name, value) in large.into_iter().take(ROW_LIMIT) {
            h4 { (humanize(name)) }
            (draw(value, name, depth + 1))
        }
    }
}

fn is_flat(map: &Map<String, Value>) -> bool {
    !map.is_empty()
        && map
            .values()
            .all(|v| !v.is_object() && v.as_array().is_none_or(|l| l.iter().all(|v| !v.is_object())))
}

fn rows(list: &[Value], name: &str) -> Markup {
    let mut columns: Vec<&str> = Vec::new();
    for key in list.iter().take(ROW_LIMIT).filter_map(Value::as_object).flat_map(Map::keys) {
        if !columns.contains(&key.as_str()) && columns.len() < COLUMN_LIMIT {
            columns.push(key);
        }
    }
    let heads: Vec<String> = columns.iter().map(|c| humanize(c)).collect();
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    let body = list.iter().take(ROW_LIMIT).map(|row| {
        columns.iter().map(|c| row.get(*c).map_or_else(|| html! {}, |v| draw(v, c, DEPTH_LIMIT))).collect()
    });
    html! {
        (super::table::wide(&humanize(name), &heads, body.collect()))
        (more(list.len()))
    }
}

fn more(rows: usize) -> Markup {
    html! {
        @if rows > ROW_LIMIT { p.muted.small { "and " (rows - ROW_LIMIT) " more; the raw evidence has all" } }
    }
}

fn scalar(value: &Value) -> Markup {
    match value {
        Value::Null => html! { span.muted { "not given" } },
        Value::Bool(true) => html! { "yes" },
        Value::Bool(false) => html! { "no" },
        Value::String(text) if text.is_empty() => html! { span.muted { "empty" } },
        Value::String(text) => html! { (shortened(text, TEXT_LIMIT)) },
        other => html! { span.num { (short(other)) } },
    }
}

fn short(value: &Value) -> String {
    match value {
        Value::String(text) => shortened(text, TEXT_LIMIT),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        other => shortened(&other.to_string(), TEXT_LIMIT),
    }
}

/// A JSON value in one line for people: text without quotes, lists with commas.
#[must_use]
pub fn inline(value: &Value) -> Markup {
    draw(value, "", DEPTH_LIMIT - 1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tickmark_core::observation::ReasonClass;

    use super::*;

    #[test]
    fn foreign_documents_are_bounded_and_escaped() {
        let mut deep = json!("<img src=x onerror=alert(1)>");
        for _ in 0..50 {
            deep = json!({ "<b>": deep });
        }
        let facts = json!({ "schema": "host/1", "deep": deep, "list": vec![json!({"a": 1, "b": [1, 2]}); 10_000], "odd": [1, [2]], "n": null });
        let gap = Gap { path: "deep.x".into(), reason: ReasonClass::NotPermitted, detail: "<i>".into() };
        let html = document(&facts, &[gap]).0;
        assert!(html.len() < 40_000, "{}", html.len());
        assert!(!html.contains("<img") && !html.contains("<b>") && !html.contains("<i>"));
        assert!(html.contains("and 9940 more"));
        assert!(document(&json!([1]), &[]).0.len() < 40);
    }
}
