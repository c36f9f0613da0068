//! What the pages of the ledger show.

use maud::{Markup, html};
use tickmark_core::{Digest, Timestamp};

use super::consistency::prove;
use super::outside::{self, KeyRow, OutsideView};
use super::policy::{self, PolicyView};
use crate::design::digest;
use crate::design::empty::{command, empty};
use crate::design::frame::{Page, Place};
use crate::design::icon::{Mark, icon};
use crate::design::table::{TableQuery, plain};
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
    /// Who outside saw it.
    pub outside: OutsideView,
    /// Every key that ever signed, oldest first.
    pub keys: Vec<KeyRow>,
    /// The policy of the log.
    pub policy: PolicyView,
    /// Leaves, newest first: the latest, or those before the one that was asked for.
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

pub(super) fn log(view: &LedgerView, query: &TableQuery, now: Timestamp) -> Page {
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
                (outside::keys(&view.keys))
            }
            div {
                (block("signers", "Who stands behind it", &html! {}, &outside::signers(view, now)))
                (policy::policy(&view.policy, now))
                (block("scrub", "Hashed again", &html! {}, &scrub(view, now)))
                (block("verify", "Verify without us", &html! {}, &verify()))
            }
        }
        (block("leaves", if query.get("before").is_some() { "Leaves" } else { "Latest leaves" }, &html! { (view.leaves.len()) " of " (view.size) }, &leaves(view, query, now)))
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
        div.block-body { pre.source.wrap.checkpoint tabindex="0" role="group" aria-label="Signed checkpoint" { (view.checkpoint) } }
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

fn verify() -> Markup {
    html! {
        ol.steps {
            li { "Save the checkpoint somewhere this machine cannot write: mail it, print it, give it to your auditor." }
            li { "Later, export a bundle and check it on another machine:" (command("tickmark-verify bundle.zip")) }
            li { "Later still, let the log of then be compared with the log of now, with the checkpoint you kept:" (command("tickmark-verify bundle.zip --held checkpoint.txt")) }
        }
        p.muted.small { "Write the whole log as tiles, readable by any client of C2SP tlog-tiles:" }
        (command("tickmark ledger export"))
        p.muted.small { "The formats are public: C2SP tlog-tiles, signed notes, RFC 6962 hashes." }
    }
}

fn leaves(view: &LedgerView, query: &TableQuery, now: Timestamp) -> Markup {
    let rows = view.leaves.iter().map(|leaf| {
        vec![
            html! { a.primary.num href={ "/ledger/leaves/" (leaf.index) } { (leaf.index) } },
            html! { code { (leaf.kind) } },
            html! { (leaf.summary) },
            html! { span.muted.nowrap { (moment::ago(leaf.at, now)) } },
            digest::chip(&leaf.hash),
        ]
    });
    let oldest = view.leaves.last().map(|leaf| leaf.index).filter(|index| *index > 0);
    html! {
        (plain("Leaves", &["Leaf", "Type", "What it records", "When", "Leaf hash"], rows.collect()))
        nav.pager aria-label="Pages of leaves" {
            @if query.get("before").is_some() { a.button href="/ledger#leaves" { "Latest" } }
            @if let Some(oldest) = oldest { a.button href={ "/ledger?before=" (oldest) "#leaves" } rel="next" { "Older" } }
            form.pair method="get" action="/ledger" {
                label { "Leaves before" input type="number" name="before" min="1" max=(view.size) value=[query.get("before")] required; }
                button.button type="submit" { "Show" }
            }
        }
    }
}

pub(super) fn leaf(view: &LeafView) -> Page {
    let row = &view.row;
    let steps = view.proof.len();
    let body = html! {
        (block("bytes", "Exact bytes", &html! { (view.bytes.len()) " bytes" }, &html! { div.block-body { pre.source.wrap tabindex="0" role="group" aria-label="Leaf" { (view.bytes) } } }))
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
