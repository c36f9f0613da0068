//! What was said of a record of the organization: version by version, the newest first.

use std::collections::BTreeMap;

use maud::{Markup, html};
use tickmark_app::identity::Version;
use tickmark_core::id::ActorId;

use crate::design::table::plain;
use crate::design::{block, moment};

/// What people are called.
pub(super) type Labels = BTreeMap<ActorId, String>;

/// Draws the versions; `said` draws what one of them says, beside the one before it.
pub(super) fn history<T>(
    versions: &[Version<T>],
    labels: &Labels,
    said: impl Fn(&T, Option<&T>) -> Markup,
) -> Markup {
    if versions.is_empty() {
        return html! {};
    }
    let who = |by: ActorId| {
        let known = labels.get(&by).map(String::as_str).filter(|label| !label.is_empty());
        known.unwrap_or("a person since removed")
    };
    let rows = versions.iter().enumerate().rev().map(|(at, version)| {
        let before = at.checked_sub(1).and_then(|at| versions.get(at)).map(|one| &one.record);
        vec![
            html! { div { (said(&version.record, before)) } @if !version.reason.is_empty() { span.sub { (version.reason) } } },
            html! { @match version.by { Some(by) => { (who(by)) }, None => { span.muted { "not kept" } } } },
            html! { span.nowrap { (moment::exact(version.since)) } },
        ]
    });
    let table = plain("History", &["What was said", "By", "Since"], rows.collect());
    block("history", "History", &html! { (versions.len()) }, &table)
}
