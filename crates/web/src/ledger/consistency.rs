//! The proof that the log of one size begins with the log of a smaller one, and how to verify it by hand.

use maud::{Markup, html};
use tickmark_core::Digest;

use super::pages::LedgerView;
use crate::design::empty::command;
use crate::design::frame::{Page, Place};
use crate::design::icon::icon;
use crate::design::{block, digest, plural};

/// Proof that the log of one size begins with the log of a smaller one.
#[derive(Clone, Debug)]
pub struct ConsistencyView {
    /// The smaller size.
    pub old_size: u64,
    /// Its root.
    pub old_root: Digest,
    /// Its root as checkpoints write it.
    pub old_root_base64: String,
    /// The larger size.
    pub new_size: u64,
    /// Its root.
    pub new_root: Digest,
    /// Its root as checkpoints write it.
    pub new_root_base64: String,
    /// The proof.
    pub hashes: Vec<Digest>,
    /// The proof as text: a C2SP `tlog-witness` request with the signed checkpoint of the larger size. None if no
    /// checkpoint was signed at exactly that size.
    pub text: Option<String>,
}

/// One step of the verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Both roots begin as this hash of the proof.
    Begin(usize),
    /// Both roots begin as the old root, because its tree is perfect.
    BeginWithOld,
    /// The hash stands left of both.
    Both(usize),
    /// The hash stands right of the new one only.
    New(usize),
}

/// The steps of RFC 9162, section 2.1.4.2, for two sizes and so many hashes; none if the proof has another length.
fn steps(old: u64, new: u64, hashes: usize) -> Option<Vec<Step>> {
    if old == 0 || old > new {
        return None;
    }
    if old == new {
        return (hashes == 0).then(|| vec![Step::BeginWithOld]);
    }
    let (mut node, mut last) = (old - 1, new - 1);
    while node & 1 == 1 {
        (node, last) = (node >> 1, last >> 1);
    }
    let mut at = 0;
    let mut steps = vec![if old.is_power_of_two() {
        Step::BeginWithOld
    } else {
        at += 1;
        Step::Begin(0)
    }];
    for at in at..hashes {
        if last == 0 {
            return None;
        }
        if node & 1 == 1 || node == last {
            steps.push(Step::Both(at));
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            steps.push(Step::New(at));
        }
        (node, last) = (node >> 1, last >> 1);
    }
    (last == 0).then_some(steps)
}

/// A step in words; hashes of the proof count from 1.
fn words(step: Step) -> String {
    match step {
        Step::Begin(at) => format!("old = new = step {}", at + 1),
        Step::BeginWithOld => "old = new = the first root".to_owned(),
        Step::Both(at) => format!("old = H(step {0}, old), new = H(step {0}, new)", at + 1),
        Step::New(at) => format!("new = H(new, step {})", at + 1),
    }
}

/// The form that asks for the proof between two sizes.
pub(super) fn prove(size: u64, old: Option<u64>, new: u64) -> Markup {
    html! {
        form.pair method="get" action="/ledger/consistency" {
            p.muted.small { "Give the size of a checkpoint that you kept; the proof shows that the log of then is the beginning of the log of now." }
            label { "The log of" input type="number" name="from" min="1" max=(size) value=[old] required; }
            label { "leaves begins the log of" input type="number" name="to" min="1" max=(size) value=(new) required; }
            button.button type="submit" { "Prove" }
        }
    }
}

pub(super) fn page(log: &LedgerView, view: Option<&ConsistencyView>, old: Option<u64>, new: u64) -> Page {
    let form = prove(log.size, old, new);
    let body = match view {
        None => html! {
            (form)
            @if let Some(old) = old {
                p.note-line { "Sizes " (old) " and " (new) " cannot be compared: the log has " (log.size) " leaves, and the first size must be at least 1 and not above the second." }
            }
        },
        Some(view) => html! { (form) (proof(view)) (by_hand(view)) },
    };
    let mut page = Page::new(Place::Ledger, "The log of then begins the log of now", body);
    page.crumbs = vec![("Ledger".into(), "/ledger".into())];
    if let Some(view) = view {
        let path = format!("/ledger/consistency/{}/{}", view.old_size, view.new_size);
        page.lead = html! { "From " (view.old_size) " to " (view.new_size) " leaves. The proof was verified here before it was shown." };
        page.actions = html! {
            @if view.text.is_some() { a.button.primary href={ (path) "/proof.txt" } download { (icon("i-download")) "Save proof" } }
            a.button href=(path) download { (icon("i-download")) "JSON" }
        };
    }
    page
}

fn proof(view: &ConsistencyView) -> Markup {
    let root = |root: &Digest, base64: &str| html! { (digest::whole(root)) span.sub { "in checkpoints: " code.break { (base64) } } };
    block(
        "proof",
        "Consistency proof",
        &html! { (view.hashes.len()) " " (plural(view.hashes.len(), "hash", "hashes")) },
        &html! {
            dl.facts {
                dt { "Root of " (view.old_size) } dd { (root(&view.old_root, &view.old_root_base64)) }
                @for (at, hash) in view.hashes.iter().enumerate() { dt { "Step " (at + 1) } dd { (digest::whole(hash)) } }
                dt { "Root of " (view.new_size) } dd { (root(&view.new_root, &view.new_root_base64)) }
            }
        },
    )
}

fn by_hand(view: &ConsistencyView) -> Markup {
    let steps = steps(view.old_size, view.new_size, view.hashes.len()).unwrap_or_default();
    block(
        "how",
        "Check it yourself",
        &html! {},
        &html! {
            div.block-body.stack {
                ol.steps {
                    li { "Compare the first root with the third line of the checkpoint that you kept, and the last with that of the checkpoint of today." }
                    li {
                        "Hash, with H(a, b) being SHA-256 of a one byte, then a, then b (RFC 9162, section 2.1.4.2):"
                        ul.plain { @for step in &steps { li.mono { (words(*step)) } } }
                    }
                    li { "If old comes out as the first root and new as the last, nothing in between was changed or taken away." }
                }
                @if view.text.is_some() {
                    p.muted.small { "The saved proof is text: the old size, one hash a line in base64, an empty line, the signed checkpoint. Any program that speaks C2SP tlog-witness reads it." }
                }
                p.muted.small { "Or let programs do it, here, or elsewhere with a bundle and the checkpoint that you kept:" }
                (command(&format!("tickmark ledger consistency {} --root {}", view.old_size, view.old_root_base64)))
                (command("tickmark-verify bundle.zip --held checkpoint.txt"))
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;

    type Hash = [u8; 32];

    fn node(left: Hash, right: Hash) -> Hash {
        Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
    }

    /// RFC 6962, section 2.1: the root over leaves.
    fn root(leaves: &[Hash]) -> Hash {
        match leaves {
            [one] => *one,
            many => {
                let split = many.len().next_power_of_two() / 2;
                node(root(&many[..split]), root(&many[split..]))
            }
        }
    }

    /// RFC 6962, section 2.1.2: the proof that the first `old` leaves begin `leaves`.
    fn proof(old: usize, leaves: &[Hash], is_whole: bool) -> Vec<Hash> {
        if old == leaves.len() {
            return if is_whole { Vec::new() } else { vec![root(leaves)] };
        }
        let split = leaves.len().next_power_of_two() / 2;
        let (left, right) = leaves.split_at(split);
        let (mut found, other) = if old <= split {
            (proof(old, left, is_whole), root(right))
        } else {
            (proof(old - split, right, false), root(left))
        };
        found.push(other);
        found
    }

    #[test]
    fn the_steps_lead_to_both_roots_for_all_small_trees() {
        let leaves: Vec<Hash> = (0..20_u8).map(|n| Sha256::digest([n]).into()).collect();
        for new in 1..=leaves.len() {
            for old in 1..=new {
                let hashes = proof(old, &leaves[..new], true);
                let first = root(&leaves[..old]);
                let (mut a, mut b) = (first, first);
                let steps = steps(old as u64, new as u64, hashes.len())
                    .unwrap_or_else(|| panic!("{old} to {new}: {} hashes", hashes.len()));
                for step in steps {
                    match step {
                        Step::BeginWithOld => {}
                        Step::Begin(at) => (a, b) = (hashes[at], hashes[at]),
                        Step::Both(at) => (a, b) = (node(hashes[at], a), node(hashes[at], b)),
                        Step::New(at) => b = node(b, hashes[at]),
                    }
                }
                assert_eq!((a, b), (first, root(&leaves[..new])), "{old} to {new}");
            }
        }
    }

    #[test]
    fn a_proof_of_another_length_has_no_steps() {
        assert_eq!(steps(3, 7, 1), None);
        assert_eq!(steps(0, 7, 0), None);
        assert_eq!(steps(4, 4, 1), None);
        assert_eq!(steps(5, 3, 2), None);
    }
}
