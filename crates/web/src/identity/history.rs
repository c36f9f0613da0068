//! What was said of a record of the organization: version by version, the newest first, and what held on a day.

use std::collections::BTreeMap;

use maud::{Markup, html};
use tickmark_app::identity::Version;
use tickmark_core::id::ActorId;

use crate::design::as_of::AsOf;
use crate::design::table::plain;
use crate::design::{block, moment};

/// What people are called.
pub(super) type Labels = BTreeMap<ActorId, String>;

/// Draws the versions on the page at `path`, and the one that held on the day that is asked about; `said` draws what one of
/// them says, beside the one before it.
pub(super) fn history<T>(
    versions: &[Version<T>],
    labels: &Labels,
    (path, as_of): (&str, &AsOf),
    said: impl Fn(&T, Option<&T>) -> Markup,
) -> Markup {
    if versions.is_empty() {
        return html! {};
    }
    let by = |version: &Version<T>| {
        let known =
            version.by.map(|by| labels.get(&by).map(String::as_str).filter(|label| !label.is_empty()));
        html! {
            @match known {
                Some(label) => { (label.unwrap_or("a person since removed")) },
                None => span.muted { "not kept" },
            }
        }
    };
    let rows = versions.iter().enumerate().rev().map(|(at, version)| {
        let before = at.checked_sub(1).and_then(|at| versions.get(at)).map(|one| &one.record);
        vec![
            html! { div { (said(&version.record, before)) } @if !version.reason.is_empty() { span.sub { (version.reason) } } },
            by(version),
            html! { span.nowrap { (moment::exact(version.since)) } },
        ]
    });
    let table = plain("History", &["What was said", "By", "Since"], rows.collect());
    html! {
        (block("history", "History", &html! { (versions.len()) }, &html! { (table) (as_of.choice(path)) }))
        (as_of.then(|end| match versions.iter().rfind(|version| version.since <= end) {
            None => html! { p.muted.block-body { "No version that is kept held by then." } },
            Some(version) => html! {
                dl.facts {
                    dt { "What was said" } dd { (said(&version.record, None)) }
                    dt { "By" } dd { (by(version)) @if !version.reason.is_empty() { span.sub { (version.reason) } } }
                    dt { "Since" } dd { (moment::exact(version.since)) }
                }
            },
        }))
    }
}

#[cfg(test)]
mod tests {
    use tickmark_core::Timestamp;
    use tickmark_core::time::DAY_US;

    use super::*;
    use crate::design::table::TableQuery;

    #[test]
    fn a_day_shows_the_whole_version_that_held_at_its_end() {
        // The first moments of 2 and 4 January 1990.
        let version = |number: i64, days: i64, record| Version {
            number,
            since: Timestamp::from_micros((20 * 365 + 5 + days) * DAY_US),
            by: None,
            reason: String::new(),
            record,
        };
        let versions = [version(1, 1, "first"), version(2, 3, "second")];
        let held = |day: &str| {
            let query = TableQuery::new(vec![("at".to_owned(), day.to_owned())]);
            let said = |record: &&str, before: Option<&&str>| {
                html! { (record) @if let Some(before) = before { " after " (before) } }
            };
            let page = history(&versions, &Labels::new(), ("/x", &AsOf::of(&query)), said).0;
            let then = page.split_once("id=\"then\"").map(|(_, then)| then.to_owned());
            then.unwrap_or_default()
        };
        assert_eq!(held(""), "");
        assert!(held("1990-01-01").contains("No version that is kept"), "{}", held("1990-01-01"));
        for (day, says) in [("1990-01-02", "first"), ("1990-01-03", "first"), ("1990-01-04", "second")] {
            assert!(held(day).contains(&format!("<dd>{says}</dd>")), "{day}: {}", held(day));
        }
    }
}
