//! The policy of the log: who signs, who outside is asked and how often, how long evidence is kept; since when, and by whom.

use maud::{Markup, html};
use tickmark_core::Timestamp;

use crate::design::table::plain;
use crate::design::{block, moment, plural};

/// The policy in force.
#[derive(Clone, Debug, Default)]
pub struct PolicyView {
    /// How many keys sign.
    pub keys: usize,
    /// Names of the witnesses.
    pub witnesses: Vec<String>,
    /// How many of them have to cosign.
    pub quorum: u64,
    /// Names of the time-stamping authorities.
    pub authorities: Vec<String>,
    /// Names of the places that checkpoints are brought to.
    pub places: Vec<String>,
    /// Minutes between two publications.
    pub publish_every_minutes: u64,
    /// Hours between two timestamps.
    pub anchor_every_hours: u64,
    /// Hours of silence after which people are told.
    pub alert_after_hours: u64,
    /// Days that evidence is kept after other evidence took its place, by class.
    pub retention: Vec<(String, u64)>,
    /// What led to it, newest first; none while it is that of every new log.
    pub changes: Vec<PolicyRow>,
}

/// A change of the policy.
#[derive(Clone, Debug)]
pub struct PolicyRow {
    /// When it was recorded.
    pub at: Timestamp,
    /// Its leaf; none while that waits for its position.
    pub leaf: Option<u64>,
    /// Who made it; empty where that is not known.
    pub by: String,
    /// What is another than before.
    pub what: Vec<&'static str>,
}

pub(super) fn policy(view: &PolicyView, now: Timestamp) -> Markup {
    let note = html! {
        @match view.changes.first() {
            None => "as every new log",
            Some(last) => { "since " (moment::ago(last.at, now)) @if !last.by.is_empty() { ", by " (last.by) } },
        }
    };
    html! { (block("policy", "Policy", &note, &html! { (in_force(view)) (changes(view, now)) })) }
}

fn in_force(view: &PolicyView) -> Markup {
    html! {
        dl.facts {
            dt { "Signed by" } dd { span.num { (view.keys) } " " (plural(view.keys, "key", "keys")) }
            dt { "Witnesses" } dd { (named(&view.witnesses)) @if !view.witnesses.is_empty() { span.muted { ", of whom " (view.quorum) " have to cosign" } } }
            dt { "Time anchors" } dd { (named(&view.authorities)) @if !view.authorities.is_empty() { span.muted { ", every " (view.anchor_every_hours) " hours" } } }
            dt { "Sent to" } dd { (named(&view.places)) @if !view.places.is_empty() { span.muted { ", every " (view.publish_every_minutes) " minutes" } } }
            dt { "Silence is told" } dd { "after " span.num { (view.alert_after_hours) } " hours" }
            dt { "Evidence is kept" }
            dd {
                @for (at, (class, days)) in view.retention.iter().enumerate() { @if at > 0 { ", " } (class) " " span.num { (days) } " days" }
                span.muted { " after other evidence took its place" }
            }
        }
    }
}

fn named(names: &[String]) -> Markup {
    html! {
        @if names.is_empty() { span.muted { "none" } }
        @for (at, name) in names.iter().enumerate() { @if at > 0 { ", " } code { (name) } }
    }
}

fn changes(view: &PolicyView, now: Timestamp) -> Markup {
    let lines = view.changes.iter().map(|row| {
        vec![
            html! { @match row.leaf { Some(leaf) => a.num href={ "/ledger/leaves/" (leaf) } { (leaf) }, None => span.muted { "waits" } } },
            html! { span.nowrap { (moment::ago(row.at, now)) } },
            html! { (row.by) },
            html! { (row.what.join(", ")) },
        ]
    });
    html! {
        @if !view.changes.is_empty() {
            (plain("Changes of policy", &["Leaf", "When", "By", "What changed"], lines.collect()))
        }
    }
}
