//! Who outside this machine saw the log: time-stamping authorities, witnesses, places that keep checkpoints; and the keys
//! that signed it.

use maud::{Markup, html};
use tickmark_core::{Digest, Timestamp};

use super::pages::LedgerView;
use crate::design::icon::Mark;
use crate::design::table::plain;
use crate::design::{badge::badge, block, moment, plural};

/// Lines of each list that are shown.
pub const ANCHORS_SHOWN: usize = 20;
const LIMIT: usize = ANCHORS_SHOWN;
/// Kinds of parties that there are.
const PARTIES: usize = 3;

/// A timestamp of an authority over a checkpoint.
#[derive(Clone, Debug)]
pub struct AnchorRow {
    /// The authority.
    pub authority: String,
    /// Number of leaves under the checkpoint.
    pub size: u64,
    /// The checkpoint existed at this moment at the latest.
    pub latest: Timestamp,
    /// The authority's answer as it came, among the raw evidence.
    pub answer: Option<Digest>,
}

/// A cosignature of a witness over a checkpoint.
#[derive(Clone, Debug)]
pub struct CosignatureRow {
    /// The witness.
    pub witness: String,
    /// Number of leaves under the checkpoint.
    pub size: u64,
    /// The moment that the witness states.
    pub at: Timestamp,
}

/// A place outside that checkpoints are brought to.
#[derive(Clone, Debug)]
pub struct PlaceRow {
    /// Its name in the settings.
    pub name: String,
    /// Number of leaves under the newest checkpoint that is on its way or arrived.
    pub size: u64,
    /// When it arrived; none while it did not.
    pub arrived: Option<Timestamp>,
    /// What went wrong last time; may be empty.
    pub problem: String,
}

/// Who outside saw the log.
#[derive(Clone, Debug, Default)]
pub struct OutsideView {
    /// Timestamps, newest first.
    pub anchors: Vec<AnchorRow>,
    /// Cosignatures, newest first.
    pub cosignatures: Vec<CosignatureRow>,
    /// How many witnesses the settings name, and how many of them have to cosign.
    pub quorum: (usize, usize),
    /// The newest size that enough of them cosigned.
    pub witnessed: Option<u64>,
    /// Places, by name.
    pub places: Vec<PlaceRow>,
    /// Those who have not answered for too long.
    pub silent: Vec<SilentRow>,
    /// Kinds of parties of which the settings name none, in words.
    pub lacking: Vec<&'static str>,
    /// Periods that are open in the log.
    pub open_periods: Vec<i64>,
}

/// Somebody outside who does not answer.
#[derive(Clone, Debug)]
pub struct SilentRow {
    /// What they do for the log: `witness`.
    pub kind: &'static str,
    /// Their name.
    pub name: String,
    /// When they were first asked without an answer.
    pub since: Timestamp,
    /// What went wrong last time.
    pub problem: String,
}

/// A key that signed.
#[derive(Clone, Debug)]
pub struct KeyRow {
    /// In the form that verifiers take.
    pub key: String,
    /// The epoch in which it signs.
    pub epoch: i64,
    /// The first size.
    pub from: u64,
    /// The last size; none while it signs.
    pub to: Option<u64>,
}

/// Names of those who signed a checkpoint, the log itself first.
fn signatures(checkpoint: &str) -> Vec<&str> {
    let lines = checkpoint.lines().filter_map(|line| line.strip_prefix("\u{2014} "));
    lines.filter_map(|line| line.split(' ').next()).collect()
}

pub(super) fn signers(view: &LedgerView, now: Timestamp) -> Markup {
    let outside = &view.outside;
    let names = signatures(&view.checkpoint);
    let others: Vec<&&str> = names.iter().filter(|name| **name != view.origin).collect();
    let is_alone = others.is_empty() && outside.cosignatures.is_empty();
    html! {
        (alarms(outside, now))
        dl.facts {
            dt { "Signed by" } dd { "this log" @if is_alone { span.muted { ", and nobody else" } } @for name in &others { ", " code { (name) } } }
            dt { "Time anchors" }
            dd {
                @match outside.anchors.first() {
                    Some(newest) => {
                        a href="#anchors" { (outside.anchors.len()) " " (plural(outside.anchors.len(), "timestamp", "timestamps")) }
                        ", the newest by " (newest.authority) " over " (newest.size) " leaves, " (moment::ago(newest.latest, now))
                    },
                    None => span.muted { "none; when it was written rests on this machine's clock" },
                }
            }
            dt { "Witnesses" }
            dd {
                @match (outside.quorum, outside.witnessed) {
                    ((0, _), _) if outside.cosignatures.is_empty() => span.muted { "none" },
                    ((0, _), _) => { a href="#cosignatures" { (outside.cosignatures.len()) " " (plural(outside.cosignatures.len(), "cosignature", "cosignatures")) } },
                    ((all, needed), Some(size)) if size == view.size => { (badge(Mark::Pass, "Cosigned")) " " a href="#cosignatures" { "at least " (needed) " of " (all) } ", the checkpoint of now" },
                    ((all, needed), Some(size)) => { (badge(Mark::Late, "Behind")) " " a href="#cosignatures" { "at least " (needed) " of " (all) } " cosigned the log of " (size) " leaves" },
                    ((all, needed), None) => { (badge(Mark::Missed, "Not cosigned")) " " (needed) " of " (all) " have to" },
                }
            }
            @for place in &outside.places {
                dt { "Sent to" }
                dd {
                    code { (place.name) } " "
                    @match place.arrived {
                        Some(at) => { (badge(Mark::Pass, "Arrived")) " " span.muted { (place.size) " leaves, " (moment::ago(at, now)) } },
                        None => { (badge(Mark::Late, "On its way")) " " span.muted { (place.size) " leaves" @if !place.problem.is_empty() { "; last time: " (place.problem) } } },
                    }
                }
            }
        }
        @if !outside.anchors.is_empty() { div id="anchors" { (anchors(&outside.anchors)) } }
        @if !outside.cosignatures.is_empty() { div id="cosignatures" { (cosignatures(&outside.cosignatures)) } }
        @if is_alone {
            p.muted.small.block-body { "A second party that keeps and signs checkpoints makes it impossible to show different logs to different people. Name authorities and witnesses in the settings of the ledger." }
        }
    }
}

/// What is wrong with who sees the log: nobody of a kind is named, or somebody does not answer.
fn alarms(outside: &OutsideView, now: Timestamp) -> Markup {
    let periods = &outside.open_periods;
    let is_alone = outside.lacking.len() == PARTIES;
    html! {
        @for row in &outside.silent {
            p.note-line {
                (badge(Mark::Missed, "No answer")) " The " (row.kind) " " code { (row.name) } " has not answered since " (moment::ago(row.since, now))
                @if !row.problem.is_empty() { "; last time: " (row.problem) } "."
            }
        }
        @if is_alone {
            p.note-line {
                (badge(Mark::Missed, "Nobody outside")) " The settings name no witness, no time-stamping authority and no place that keeps checkpoints"
                @if !periods.is_empty() { ", while " (plural(periods.len(), "period", "periods")) " " @for (at, period) in periods.iter().enumerate() { @if at > 0 { ", " } (period) } " " (plural(periods.len(), "is", "are")) " open: whoever holds the key could write another history of it" } "."
            }
        } @else if !outside.lacking.is_empty() {
            p.muted.small.block-body { "The settings name no " @for (at, kind) in outside.lacking.iter().enumerate() { @if at > 0 { " and no " } (kind) } "." }
        }
    }
}

/// The checkpoint of a size, to be saved.
fn checkpoint_of(size: u64) -> Markup {
    html! { a href={ "/ledger/checkpoint?size=" (size) } download title="Save this checkpoint" { (size) } }
}

fn anchors(rows: &[AnchorRow]) -> Markup {
    let lines = rows.iter().take(LIMIT).map(|row| {
        vec![
            html! { strong { (row.authority) } },
            checkpoint_of(row.size),
            moment::exact(row.latest),
            html! { @if let Some(answer) = &row.answer { a href={ "/evidence/" (answer.hex()) } { "answer as it came" } } },
        ]
    });
    html! {
        (plain("Time anchors", &["Authority", "Leaves", "Existed at the latest", "Token"], lines.collect()))
        @if rows.len() > LIMIT { p.muted.small.block-body { "The newest " (LIMIT) " of " (rows.len()) ". All: " code { "tickmark ledger outside" } } }
    }
}

fn cosignatures(rows: &[CosignatureRow]) -> Markup {
    let lines = rows
        .iter()
        .take(LIMIT)
        .map(|row| vec![html! { code { (row.witness) } }, checkpoint_of(row.size), moment::exact(row.at)]);
    html! {
        (plain("Cosignatures", &["Witness", "Leaves", "Stated moment"], lines.collect()))
        @if rows.len() > LIMIT { p.muted.small.block-body { "The newest " (LIMIT) " of " (rows.len()) "." } }
    }
}

/// The keys that ever signed, when there is more than one: each counts for its sizes only.
pub(super) fn keys(rows: &[KeyRow]) -> Markup {
    let lines = rows.iter().map(|row| {
        vec![
            html! { code.break { (row.key) } },
            html! { span.num { (row.epoch) } },
            html! { span.num.nowrap { (row.from) " to " @match row.to { Some(to) => (to), None => "now" } } },
        ]
    });
    html! {
        @if rows.len() > 1 {
            (block("keys", "Keys", &html! { "each counts for its sizes only" }, &plain("Keys", &["Key", "Epoch", "Sizes"], lines.collect())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signers_are_read_from_the_note() {
        let note = "log\n1\nAAAA\n\n\u{2014} log AbC=\n\u{2014} witness.example/w1 DeF=\n";
        assert_eq!(signatures(note), ["log", "witness.example/w1"]);
        assert!(signatures("log\n1\n").is_empty());
    }
}
