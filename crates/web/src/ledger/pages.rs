//! What the pages of the ledger show.

use maud::{Markup, html};
use tickmark_core::{Digest, Timestamp};

use crate::design::digest;
use crate::design::empty::{command, empty};
use crate::design::frame::{Page, Place};
use crate::design::icon::icon;
use crate::design::table::plain;
use crate::design::{block, moment, plural};

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
    /// Latest leaves, newest first.
    pub leaves: Vec<LeafRow>,
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
            div { (block("checkpoint", "Checkpoint", &note, &checkpoint(view))) }
            div { (block("verify", "Verify without us", &html! {}, &verify(view))) }
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
            dt { "Key" } dd { span.digest { code { (view.key) } (digest::copy(&view.key)) } }
        }
        div.block-body { pre.source.wrap.checkpoint tabindex="0" aria-label="Signed checkpoint" { (view.checkpoint) } }
    }
}

fn verify(view: &LedgerView) -> Markup {
    html! {
        ol.steps {
            li { "Save the checkpoint somewhere this machine cannot write: mail it, print it, give it to your auditor." }
            li { "Later, export a bundle and check it on another machine:" (command("tickmark-verify bundle.zip")) }
            li { "Later still, prove that the log of then begins with the log of now; give the size of the checkpoint you kept:" (command(&format!("tickmark ledger consistency {}", view.size))) }
        }
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
    page.lead = html! { code { (row.kind) } ", " (moment::exact(row.at)) ". " (row.summary) };
    page.crumbs = vec![("Ledger".into(), "/ledger".into())];
    page
}
