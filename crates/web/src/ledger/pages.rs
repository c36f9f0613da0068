//! What the pages of the ledger show.

use maud::{Markup, html};
use tickmark_core::{Digest, Timestamp};

use crate::design::digest;
use crate::design::empty::{command, empty};
use crate::design::frame::{Page, Place};
use crate::design::icon::{Mark, icon};
use crate::design::table::plain;
use crate::design::{badge::badge, block, moment, plural};

/// A leaf in a list.
#[derive(Clone, Debug)]
pub struct LeafRow {
    /// Its index, from 0.
    pub index: u64,
    /// Its type, e.g. `run.close`.
    pub kind: String,
    /// The moment it states.
    pub at: Timestamp,
    /// What it records, in words.
    pub summary: String,
    /// Its leaf hash.
    pub hash: Digest,
}

/// The log.
#[derive(Clone, Debug)]
pub struct LedgerView {
    /// Name of the log.
    pub origin: String,
    /// Number of leaves.
    pub size: u64,
    /// Root hash over them.
    pub root: Digest,
    /// The latest signed checkpoint, exactly as signed.
    pub checkpoint: String,
    /// When it was signed.
    pub signed_at: Timestamp,
    /// Verification key, in the form that verifiers take.
    pub key: String,
    /// Counts restorations behind a released checkpoint.
    pub epoch: i64,
    /// Entries that wait for their position.
    pub pending: u64,
    /// The last time that everything stored was hashed again.
    pub scrub: Option<ScrubView>,
    /// Leaves that say an authority saw a checkpoint, newest first.
    pub anchors: Vec<LeafRow>,
    /// Latest leaves, newest first.
    pub leaves: Vec<LeafRow>,
}

/// What hashing everything again found.
#[derive(Clone, Debug)]
pub struct ScrubView {
    /// When it ended.
    pub at: Timestamp,
    /// Entries hashed.
    pub leaves: u64,
    /// Tiles compared.
    pub tiles: u64,
    /// Stored objects hashed.
    pub objects: u64,
    /// Differences found.
    pub differences: u64,
}

/// Proof that the log of one size begins with the log of a smaller one.
#[derive(Clone, Debug)]
pub struct ConsistencyView {
    /// The smaller size.
    pub old_size: u64,
    /// Its root.
    pub old_root: Digest,
    /// The larger size.
    pub new_size: u64,
    /// Its root.
    pub new_root: Digest,
    /// The proof.
    pub hashes: Vec<Digest>,
}

/// One leaf with its proof.
#[derive(Clone, Debug)]
pub struct LeafView {
    /// What its row shows.
    pub row: LeafRow,
    /// Its exact bytes as text.
    pub bytes: String,
    /// Hashes of the inclusion proof, from the leaf upwards.
    pub proof: Vec<Digest>,
    /// The same proof with its checkpoint as C2SP `tlog-proof` text.
    pub proof_text: String,
    /// Size of the tree that the proof is for.
    pub size: u64,
    /// Root of that tree.
    pub root: Digest,
}

pub(super) fn log(view: &LedgerView, now: Timestamp) -> Page {
    let mut page = Page::new(Place::Ledger, "Ledger", html! {});
    page.lead = html! {
        "Every run, verdict change and approval is a leaf of an append-only log. "
        "Alteration after a moment is detectable by anyone who holds a checkpoint from before it, so keep one outside this machine."
    };
    if view.size == 0 {
        page.body = empty("The log is empty", "The first run writes the first leaves.", "tickmark collect");
        return page;
    }
    page.actions = html! {
        a.button.primary href="/ledger/checkpoint" download { (icon("i-download")) "Save checkpoint" }
        a.button href="/reports/bundle.zip" download { (icon("i-download")) "Bundle" }
    };
    let note = html! { "signed " (moment::ago(view.signed_at, now)) };
    page.body = html! {
        div.columns.flush {
            div {
                (block("checkpoint", "Checkpoint", &note, &checkpoint(view)))
                (block("prove", "Nothing before was altered", &html! {}, &prove(view.size, None, view.size)))
            }
            div {
                (block("signers", "Who stands behind it", &html! {}, &signers(view, now)))
                (block("scrub", "Hashed again", &html! {}, &scrub(view, now)))
                (block("verify", "Verify without us", &html! {}, &verify(view)))
            }
        }
        (block("leaves", "Latest leaves", &html! { (view.leaves.len()) " of " (view.size) }, &leaves(view, now)))
    };
    page
}

fn checkpoint(view: &LedgerView) -> Markup {
    html! {
        dl.facts {
            dt { "Leaves" } dd.num { a href="#leaves" { (view.size) } }
            dt { "Root" } dd { (digest::whole(&view.root)) }
            dt { "Log" } dd.mono { (view.origin) }
            dt { "Epoch" } dd { span.num { (view.epoch) } span.muted { @if view.epoch == 1 { ", never restored behind a released checkpoint" } @else { ", restored " (view.epoch - 1) " times" } } }
            @if view.pending > 0 { dt { "Waiting" } dd { span.num { (view.pending) } " " (plural(usize::try_from(view.pending).unwrap_or(usize::MAX), "entry", "entries")) " for the next checkpoint" } }
            dt { "Key" } dd { span.digest { code { (view.key) } (digest::copy(&view.key)) } }
        }
        div.block-body { pre.source.wrap.checkpoint tabindex="0" aria-label="Signed checkpoint" { (view.checkpoint) } }
    }
}

/// Names of those who signed a checkpoint, the log itself first.
fn signatures(checkpoint: &str) -> Vec<&str> {
    let lines = checkpoint.lines().filter_map(|line| line.strip_prefix("\u{2014} "));
    lines.filter_map(|line| line.split(' ').next()).collect()
}

fn signers(view: &LedgerView, now: Timestamp) -> Markup {
    let names = signatures(&view.checkpoint);
    let others: Vec<&&str> = names.iter().filter(|name| **name != view.origin).collect();
    html! {
        dl.facts {
            dt { "Signed by" } dd { "this log" @if others.is_empty() { span.muted { ", and nobody else" } } @for name in &others { ", " code { (name) } } }
            dt { "Time anchors" }
            dd {
                @match view.anchors.first() {
                    Some(newest) => { a href={ "/ledger/leaves/" (newest.index) } { "leaf " (newest.index) } ", " (moment::ago(newest.at, now)) @if view.anchors.len() > 1 { span.muted { ", " (view.anchors.len()) " of late" } } },
                    None => span.muted { "none; when it was written rests on this machine's clock" },
                }
            }
        }
        @if others.is_empty() {
            p.muted.small.block-body { "A second party that keeps and signs checkpoints makes it impossible to show different logs to different people." }
        }
    }
}

fn scrub(view: &LedgerView, now: Timestamp) -> Markup {
    html! {
        @match &view.scrub {
            None => {
                div.block-body { p.muted.small { "Everything stored was never hashed again." } (command("tickmark ledger fsck")) }
            },
            Some(scrub) => {
                dl.facts {
                    dt { "Last" } dd { (moment::ago(scrub.at, now)) }
                    dt { "Result" } dd { @if scrub.differences == 0 { (badge(Mark::Pass, "All as written")) } @else { (badge(Mark::Fail, "Differs")) " " span.num { (scrub.differences) } } }
                    dt { "Hashed" } dd.num { (scrub.leaves) " leaves, " (scrub.tiles) " tiles, " (scrub.objects) " objects" }
                }
                @if scrub.differences > 0 { (command("tickmark ledger fsck")) }
            }
        }
    }
}

/// The form that asks for the proof between two sizes.
fn prove(size: u64, old: Option<u64>, new: u64) -> Markup {
    html! {
        form.pair method="get" action="/ledger/consistency" {
            p.muted.small { "Give the size of a checkpoint that you kept; the proof shows that the log of then is the beginning of the log of now." }
            label { "The log of" input type="number" name="from" min="1" max=(size) value=[old] required; }
            label { "leaves begins the log of" input type="number" name="to" min="1" max=(size) value=(new) required; }
            button.button type="submit" { "Prove" }
        }
    }
}

pub(super) fn consistency(
    log: &LedgerView,
    view: Option<&ConsistencyView>,
    old: Option<u64>,
    new: u64,
) -> Page {
    let form = prove(log.size, old, new);
    let body = match view {
        None => html! {
            (form)
            @if let Some(old) = old {
                p.note-line { "Sizes " (old) " and " (new) " cannot be compared: the log has " (log.size) " leaves, and the first size must be at least 1 and not above the second." }
            }
        },
        Some(view) => html! {
            (form)
            (block("proof", "Consistency proof", &html! { (view.hashes.len()) " " (plural(view.hashes.len(), "hash", "hashes")) }, &html! {
                dl.facts {
                    dt { "Root of " (view.old_size) } dd { (digest::whole(&view.old_root)) }
                    @for (at, hash) in view.hashes.iter().enumerate() { dt { "Step " (at + 1) } dd { (digest::whole(hash)) } }
                    dt { "Root of " (view.new_size) } dd { (digest::whole(&view.new_root)) }
                }
                div.block-body.stack {
                    p.prose { "Compare the first root with the checkpoint that you kept, the last with the checkpoint of today; then hash the steps as RFC 6962, section 2.1.2 says. If both roots come out, nothing in between was changed or taken away." }
                    (command(&format!("tickmark ledger consistency {}", view.old_size)))
                }
            }))
        },
    };
    let mut page = Page::new(Place::Ledger, "The log of then begins the log of now", body);
    page.crumbs = vec![("Ledger".into(), "/ledger".into())];
    if let Some(view) = view {
        page.lead = html! { "From " (view.old_size) " to " (view.new_size) " leaves. The proof was verified here before it was shown." };
        page.actions = html! {
            a.button.primary href={ "/ledger/consistency/" (view.old_size) "/" (view.new_size) } download { (icon("i-download")) "Save proof (JSON)" }
        };
    }
    page
}

fn verify(view: &LedgerView) -> Markup {
    html! {
        ol.steps {
            li { "Save the checkpoint somewhere this machine cannot write: mail it, print it, give it to your auditor." }
            li { "Later, export a bundle and check it on another machine:" (command("tickmark-verify bundle.zip")) }
            li { "Later still, prove that the log of then begins with the log of now; give the size of the checkpoint you kept:" (command(&format!("tickmark ledger consistency {}", view.size))) }
        }
        p.muted.small { "Write the whole log as tiles, readable by any client of C2SP tlog-tiles:" }
        (command("tickmark ledger export"))
        p.muted.small { "The formats are public: C2SP tlog-tiles, signed notes, RFC 6962 hashes." }
    }
}

fn leaves(view: &LedgerView, now: Timestamp) -> Markup {
    let rows = view.leaves.iter().map(|leaf| {
        vec![
            html! { a.primary.num href={ "/ledger/leaves/" (leaf.index) } { (leaf.index) } },
            html! { code { (leaf.kind) } },
            html! { (leaf.summary) },
            html! { span.muted.nowrap { (moment::ago(leaf.at, now)) } },
            digest::chip(&leaf.hash),
        ]
    });
    plain("Latest leaves", &["Leaf", "Type", "What it records", "When", "Leaf hash"], rows.collect())
}

pub(super) fn leaf(view: &LeafView) -> Page {
    let row = &view.row;
    let steps = view.proof.len();
    let body = html! {
        (block("bytes", "Exact bytes", &html! { (view.bytes.len()) " bytes" }, &html! { div.block-body { pre.source.wrap tabindex="0" aria-label="Leaf" { (view.bytes) } } }))
        (block("proof", "Inclusion proof", &html! { (steps) " " (plural(steps, "hash", "hashes")) " to the root" }, &html! {
            dl.facts {
                dt { "Leaf hash" } dd { (digest::whole(&row.hash)) }
                @for (at, hash) in view.proof.iter().enumerate() { dt { "Step " (at + 1) } dd { (digest::whole(hash)) } }
                dt { "Root" } dd { (digest::whole(&view.root)) " " span.muted { "of " (view.size) " " (plural(usize::try_from(view.size).unwrap_or(usize::MAX), "leaf", "leaves")) } }
            }
        }))
        (block("how", "Check it yourself", &html! {}, &html! {
            div.block-body.stack {
                p.prose { "The leaf hash is SHA-256 of a zero byte followed by the bytes above. Each step hashes a one byte and two hashes, left then right; the order follows from the index and the size (RFC 6962, section 2.1.1). The result must be the root of the signed checkpoint." }
                (command(&format!("tickmark ledger prove {}", row.index)))
            }
        }))
    };
    let mut page = Page::new(Place::Ledger, &format!("Leaf {}", row.index), body);
    page.actions = html! {
        a.button.primary href={ "/ledger/leaves/" (row.index) "/tlog-proof" } download { (icon("i-download")) "Save proof" }
        a.button href={ "/ledger/leaves/" (row.index) "/proof.json" } download { "JSON" }
    };
    page.lead = html! { code { (row.kind) } ", " (moment::exact(row.at)) ". " (row.summary) };
    page.crumbs = vec![("Ledger".into(), "/ledger".into())];
    page
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
