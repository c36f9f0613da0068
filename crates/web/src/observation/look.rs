//! One check at one target at one moment: what was said, why, over which facts, from which raw evidence.

use maud::{Markup, html};
use serde_json::Value;
use tickmark_core::observation::{Gap, Outcome, ReasonClass, Severity, Verdict};
use tickmark_core::time::DAY_US;
use tickmark_core::{Digest, Timestamp};

use super::run::{RunRow, run_table};
use crate::conclusion::period::moment_href;
use crate::design::board::{Board, BoardRow, Count, Group, Stretch, Zoom};
use crate::design::empty::{command, empty};
use crate::design::frame::{Page, Place};
use crate::design::table::plain;
use crate::design::{badge, block, digest, facts, moment, segment};
use crate::evidence::{ArtifactRow, artifact_table};

/// Days shown around the day.
pub const AROUND_DAYS: i64 = 21;
/// Subjects of an answer that are named.
const SUBJECT_LIMIT: usize = 40;

/// What computing the verdict of then again came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Again {
    /// The recorded verdict.
    Same,
    /// Another one.
    Different,
    /// There is nothing to compute: the target was not reached by that look.
    NotReached,
    /// It cannot be computed here, and why.
    Impossible(String),
    /// Nothing was said that could be computed.
    NotTried,
}

/// One check at one target at one moment.
#[derive(Clone, Debug)]
pub struct LookView {
    /// First moment of the day.
    pub day: Timestamp,
    /// The moment that is told about.
    pub at: Timestamp,
    /// The target.
    pub target_key: i64,
    /// Its name.
    pub target_name: String,
    /// The check.
    pub check_id: String,
    /// Its title.
    pub check_title: String,
    /// What it asserts.
    pub asserts: String,
    /// How much a failure matters.
    pub severity: Severity,
    /// After how many hours a look is too old to be relied on.
    pub stale_after_hours: u32,
    /// The version that looked, with its engine.
    pub version: Option<(Digest, String)>,
    /// What was said, and why if it was unknown or not applicable.
    pub verdict: Option<(Verdict, Option<ReasonClass>)>,
    /// From the first look that said so to the first that did not.
    pub since: Option<(Timestamp, Option<Timestamp>)>,
    /// The last look before that which said something else.
    pub seen_before: Option<Timestamp>,
    /// The look that this rests on.
    pub rests_on: Option<Timestamp>,
    /// Looks of the day with what they said, oldest first.
    pub looks: Vec<(Timestamp, Verdict)>,
    /// What computing it again came to.
    pub again: Again,
    /// The whole answer, computed again.
    pub outcome: Option<Outcome>,
    /// The facts that held, with their digest, schema and the run that found them first.
    pub facts: Option<(Digest, String, i64)>,
    /// What the check reads, with what stood there.
    pub read: Vec<(String, Option<Value>)>,
    /// Gaps of these facts.
    pub gaps: Vec<Gap>,
    /// Runs of the day.
    pub runs: Vec<RunRow>,
    /// Raw answers behind the facts.
    pub artifacts: Vec<ArtifactRow>,
    /// The waiver that stood beside it, in words; may be empty.
    pub waiver: String,
    /// What was known around the day.
    pub around: Vec<Stretch>,
}

impl LookView {
    fn href(&self, at: Timestamp) -> String {
        format!("/targets/{}/checks/{}?at={}", self.target_key, segment(&self.check_id), at.date())
    }
}

/// Returns what stands in a document at a path like `sshd.permit_root_login`; a list is answered whole.
#[must_use]
pub fn at_path(document: &Value, path: &str) -> Option<Value> {
    let mut found = document;
    for part in path.split('.') {
        if found.is_array() {
            break;
        }
        found = found.get(part.trim_end_matches("[]"))?;
    }
    Some(found.clone())
}

pub(super) fn page(view: &LookView, now: Timestamp) -> Page {
    let body = html! {
        (days(view, now))
        (block("verdict", "What was said", &said(view), &verdict(view, now)))
        (block("read", "What it read", &html! { "facts that held at that moment" }, &read(view)))
        div.columns {
            div { (block("evidence", "Raw evidence", &html! { (view.artifacts.len()) }, &evidence(view, now))) }
            div { (block("repeat", "Repeat it", &html! {}, &repeat(view))) }
        }
        (block("runs", "Runs", &html! {}, &runs(view, now)))
    };
    let mut page = Page::new(Place::Targets, &format!("{} on {}", view.check_title, view.target_name), body);
    page.lead = html! { "At " (moment::exact(view.at)) ". " (view.asserts) };
    page.crumbs = vec![
        ("Targets".into(), "/targets".into()),
        (view.target_name.clone(), format!("/targets/{}", view.target_key)),
        (view.check_id.clone(), format!("/checks/{}", segment(&view.check_id))),
    ];
    page.period = Some((view.day, view.day.plus_micros(DAY_US)));
    page.actions = html! {
        a.button href=(view.href(view.day.plus_micros(-1))) { "Day before" }
        @if view.day.plus_micros(DAY_US) <= now { a.button href=(view.href(view.day.plus_micros(DAY_US))) { "Day after" } }
    };
    page
}

fn days(view: &LookView, now: Timestamp) -> Markup {
    let row = BoardRow {
        id: String::new(),
        title: view.target_name.clone(),
        about: String::new(),
        href: format!("/targets/{}", view.target_key),
        lists: String::new(),
        zoom: Zoom::Day(format!("/targets/{}/checks/{}", view.target_key, segment(&view.check_id))),
        stretches: view.around.clone(),
    };
    let board = Board {
        label: "Target".to_owned(),
        from: view.day.plus_micros(-AROUND_DAYS * DAY_US),
        to: view.day.plus_micros((AROUND_DAYS + 1) * DAY_US),
        now,
        groups: vec![Group { id: String::new(), title: String::new(), href: String::new(), rows: vec![row] }],
        empty_row: "never looked at",
        word: crate::design::board::word,
        count: Count::Time,
        zoom: String::new(),
    };
    html! {
        (board.draw())
        @for anchor in ["deviation", "unknown", "waived", "operating"] { span id=(anchor) {} }
    }
}

fn said(view: &LookView) -> Markup {
    html! { @if let Some((verdict, _)) = &view.verdict { (badge::verdict(*verdict)) } }
}

fn verdict(view: &LookView, now: Timestamp) -> Markup {
    let Some((verdict, reason)) = &view.verdict else {
        return html! { div.empty { h3 { "Nothing is known of this moment" } p { "This check had not looked at this target by then." } } };
    };
    html! {
        dl.facts {
            dt { "Verdict" } dd { (badge::verdict(*verdict)) @if let Some(reason) = reason { " " span.muted { (reason.plain()) } } }
            dt { "Why" } dd { (why(view)) }
            @if let Some(outcome) = &view.outcome { (found(outcome)) }
            @if let Some((from, to)) = view.since {
                dt { "First seen so" } dd { (moment::exact(from)) @if let Some(before) = view.seen_before { span.muted { ", not yet so at " (moment::written(before)) } } }
                dt { "Until" } dd { @match to { Some(to) if to <= now => { (moment::exact(to)) span.muted { ", the first moment that something else was known" } }, _ => "still so" } }
            }
            @if !view.looks.is_empty() { dt { "Looks of the day" } dd { (looks(view)) } }
            dt { "Severity" } dd { (badge::severity(view.severity)) }
            @if !view.waiver.is_empty() { dt { "Waiver" } dd { (view.waiver) } }
            @if let Some((version, engine)) = &view.version { dt { "Check version" } dd { (digest::chip(version)) " " span.muted { (engine) } } }
        }
    }
}

/// Why it was said: the message, or why there is none.
fn why(view: &LookView) -> Markup {
    let is_stale = matches!(view.verdict, Some((_, Some(ReasonClass::Stale))));
    html! {
        @match (&view.again, &view.outcome) {
            _ if is_stale => {
                @if let Some(look) = view.rests_on { "The last look was " (moment::exact(look)) ". " }
                "A look older than " (view.stale_after_hours) " hours is not relied on."
            },
            (Again::Same, Some(outcome)) => { (outcome.message) span.sub { "Computed again just now from the facts of then: the same verdict." } },
            (Again::Same, None) => span.muted { "This kind of target has nothing that the check could look at." },
            (Again::Different, outcome) => {
                strong { "Computed again from the facts of then, something else comes out" }
                @if let Some(outcome) = outcome { ": " (badge::verdict(outcome.verdict)) " " (outcome.message) }
                span.sub { "The recorded verdict stands. Find out what differs before you rely on it." }
            },
            (Again::NotReached, _) => "The look did not reach the target, so nothing was seen.",
            (Again::Impossible(why), _) => span.muted { "The answer of then cannot be computed here: " (why) },
            (Again::NotTried, _) => span.muted { "Nothing was recorded that could be computed again." },
        }
    }
}

/// Observed, expected and the subjects of an answer.
fn found(outcome: &Outcome) -> Markup {
    html! {
        @if !outcome.observed.is_null() { dt { "Observed" } dd { (facts::inline(&outcome.observed)) } }
        @if !outcome.expected.is_null() { dt { "Expected" } dd { (facts::inline(&outcome.expected)) } }
        @if !outcome.subjects.is_empty() {
            dt { "Subjects" }
            dd {
                @for (at, subject) in outcome.subjects.iter().take(SUBJECT_LIMIT).enumerate() { @if at > 0 { ", " } code { (subject) } }
                @if outcome.subjects.len() > SUBJECT_LIMIT { " and " (outcome.subjects.len() - SUBJECT_LIMIT) " more" }
            }
        }
    }
}

/// Each look of the day with what it said, so that what held for an hour is found as well.
fn looks(view: &LookView) -> Markup {
    html! {
        span.refs {
            @for (look, verdict) in &view.looks {
                @let is_this = view.rests_on == Some(*look);
                a href=(moment_href(view.target_key, &view.check_id, *look)) aria-current=[is_this.then_some("true")] title=(badge::word_of(*verdict)) {
                    (badge::mark_of(*verdict).draw()) " " (&look.minute()[11..16])
                    span.visually-hidden { " " (badge::word_of(*verdict)) }
                }
            }
        }
    }
}

fn read(view: &LookView) -> Markup {
    let Some((found, schema, run)) = &view.facts else {
        return empty("No facts yet", "The target had not been reached by then.", "tickmark collect");
    };
    let gap =
        |path: &str| view.gaps.iter().find(|gap| gap.path.starts_with(path) || path.starts_with(&gap.path));
    let rows = view.read.iter().map(|(path, value)| {
        vec![
            html! { code { (path) } },
            html! {
                @match (value, gap(path)) {
                    (_, Some(gap)) => { (badge::verdict(Verdict::Unknown)) span.sub { (gap.reason.plain()) @if !gap.detail.is_empty() { ": " (gap.detail) } } },
                    (Some(value), None) => (stood(path, value)),
                    (None, None) => span.muted { "not in the facts" },
                }
            },
        ]
    });
    html! {
        (plain("What it read", &["Fact", "What stood there"], rows.collect()))
        p.muted.small.block-body { "Facts " (digest::chip(found)) ", schema " (schema) ", first found by " a href={ "/runs/" (run) } { "run " (run) } ". " a href={ "/targets/" (view.target_key) "?part=facts&at=" (view.at) } { "All facts of that moment" } }
    }
}

/// A value in a line, or folded when it is a list of records.
fn stood(path: &str, value: &Value) -> Markup {
    let is_large = match value {
        Value::Array(list) => list.iter().any(Value::is_object),
        Value::Object(members) => !members.is_empty(),
        _ => false,
    };
    if !is_large {
        return facts::inline(value);
    }
    let key = path.to_owned();
    facts::document(&serde_json::json!({ key: value }), &[])
}

fn evidence(view: &LookView, now: Timestamp) -> Markup {
    if view.artifacts.is_empty() {
        return html! { div.empty { p { "No raw answer is kept of this run for this target." } } };
    }
    artifact_table(&view.artifacts, now)
}

fn repeat(view: &LookView) -> Markup {
    html! {
        div.block-body.stack {
            p.prose { "The verdict is a function of these facts, this version of the check and its parameters. Compute it again from what is kept:" }
            (command(&format!("tickmark replay {} {} --at {}", view.check_id, view.target_name, view.at)))
        }
    }
}

fn runs(view: &LookView, now: Timestamp) -> Markup {
    if view.runs.is_empty() {
        return html! { div.empty { h3 { "No run on this day" } p { "What was known before held on, until it was too old to be relied on." } } };
    }
    run_table(&view.runs, now)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_lead_into_facts_and_stop_at_lists() {
        let facts = json!({"sshd": {"port": [22], "x": {"y": 1}}, "users": [{"name": "a"}]});
        for (path, found) in [
            ("sshd.x.y", Some(json!(1))),
            ("sshd.port", Some(json!([22]))),
            ("users[].name", Some(json!([{"name": "a"}]))),
            ("users.name", Some(json!([{"name": "a"}]))),
            ("no.such", None),
            ("", None),
        ] {
            assert_eq!(at_path(&facts, path), found, "{path}");
        }
    }
}
