//! Where a period begins and ends in the log, and what an operator who holds the key can do about it.

use std::io::Cursor;

use serde_json::json;
use tickmark_ledger::bundle::{self, BundleContents, Expectations, Level, Verification};
use tickmark_ledger::leaf::{Leaf, LeafBytes, LeafKind};
use tickmark_ledger::period::{Opening, PeriodClose, PeriodOpen};

use crate::fixture::{NOW_US, checkpoint, pinned, write};
use crate::history::{contents, record, story};

const DAY_US: i64 = 86_400_000_000;

/// The first day of the story, and the days after it.
fn day(number: i64) -> i64 {
    NOW_US.div_euclid(DAY_US) * DAY_US + number * DAY_US
}

fn text(micros: i64) -> String {
    leaf(0, LeafKind::Heartbeat, micros, &json!({})).leaf().ts.to_owned()
}

fn leaf<T: serde::Serialize>(number: u64, kind: LeafKind, ts: i64, body: &T) -> LeafBytes {
    let id = format!("01935f2e-7b1c-7abc-8def-eeee{number:08x}");
    Leaf::build(kind, &id, ts, "operator:1", body).expect("leaf")
}

fn opening(number: u64, from: i64, to: i64, ts: i64) -> LeafBytes {
    leaf(number, LeafKind::PeriodOpen, ts, &PeriodOpen { period: 1, from: text(from), to: text(to) })
}

fn closing(number: u64, from: i64, to: i64, opened: (u64, &LeafBytes), ts: i64) -> LeafBytes {
    let opened = Opening { id: opened.1.leaf().id.to_owned(), index: opened.0 };
    let body = PeriodClose { period: 1, from: text(from), to: text(to), opened };
    leaf(number, LeafKind::PeriodClose, ts, &body)
}

/// The story from its second day to its last, opened on the first and closed after the last.
struct Told {
    leaves: Vec<Vec<u8>>,
    opened: usize,
    closed: usize,
}

const FROM: i64 = 1;
const TO: i64 = 6;

fn told() -> Told {
    let mut leaves = record(&story()).leaves;
    let first = |leaves: &[Vec<u8>], ts: i64| {
        let at = |leaf: &Vec<u8>| Leaf::parse_strict(leaf).expect("leaf").ts_us();
        leaves.iter().position(|leaf| at(leaf) >= ts).expect("some are later")
    };
    let opened = first(&leaves, day(FROM));
    let open = opening(1, day(FROM), day(TO), day(FROM) - 1);
    leaves.insert(opened, open.as_bytes().to_vec());
    let closed = first(&leaves, day(TO));
    let close = closing(2, day(FROM), day(TO), (opened as u64, &open), day(TO) + 1);
    leaves.insert(closed, close.as_bytes().to_vec());
    Told { leaves, opened, closed }
}

fn bundle_of(told: &Told) -> BundleContents {
    let mut recorded = record(&story());
    recorded.leaves.clone_from(&told.leaves);
    let mut contents = contents(&recorded);
    contents.period_us = Some((day(FROM), day(TO)));
    contents.period_open = Some(checkpoint(&told.leaves[..told.opened]));
    contents.period_close = Some(checkpoint(&told.leaves[..=told.closed]));
    contents
}

fn verify(contents: &BundleContents, expectations: &Expectations) -> Verification {
    bundle::verify(Cursor::new(write(contents)), expectations).expect("readable")
}

fn period(told: &Told) -> Level {
    verify(&bundle_of(told), &pinned()).completeness.period
}

fn named(level: &Level) -> Vec<String> {
    match level {
        Level::Failed { findings, .. } | Level::Incomplete { findings, .. } => {
            findings.iter().map(|finding| format!("{}: {}", finding.subject, finding.problem)).collect()
        }
        other => panic!("{other:?}"),
    }
}

fn reason(level: &Level) -> &str {
    let Level::NotClaimed { reason } = level else { panic!("{level:?}") };
    reason
}

#[test]
fn every_entry_from_the_opening_to_the_closing_is_here() {
    let told = told();
    let answer = verify(&bundle_of(&told), &pinned());
    assert!(!answer.has_failed() && !answer.is_incomplete(), "{answer}");
    let Level::Proven { detail } = &answer.completeness.period else { panic!("{answer}") };
    let expected = format!(
        "entry {} opened the period on {}, entry {} closed it on {}: the {} entries from one to the other are here",
        told.opened,
        text(day(FROM) - 1),
        told.closed,
        text(day(TO) + 1),
        told.closed - told.opened + 1
    );
    assert_eq!(*detail, expected);
}

#[test]
fn a_period_that_is_not_opened_or_closed_is_not_claimed() {
    let mut open = told();
    open.leaves.remove(open.closed);
    open.closed = open.leaves.len() - 1;
    assert!(reason(&period(&open)).contains("and none closed it"));
    let mut never = open;
    never.leaves.remove(never.opened);
    never.closed -= 1;
    assert_eq!(reason(&period(&never)), "no entry of the log opens the period");
    let mut about_nothing = bundle_of(&told());
    about_nothing.period_us = None;
    let answer = verify(&about_nothing, &pinned());
    assert_eq!(reason(&answer.completeness.period), "the bundle is about no period");
    // The ends of another period say nothing about this one.
    let mut other = bundle_of(&told());
    other.period_us = Some((day(FROM), day(TO + 1)));
    let answer = verify(&other, &pinned());
    assert_eq!(reason(&answer.completeness.period), "no entry of the log opens the period");
}

#[test]
fn what_was_opened_late_says_how_much_was_before() {
    let mut late = told();
    let open = late.leaves.remove(late.opened);
    let ts = day(FROM + 2);
    let place = late.opened + 3;
    let open = opening(1, day(FROM), day(TO), ts.max(Leaf::parse_strict(&open).expect("leaf").ts_us()));
    late.leaves.insert(place, open.as_bytes().to_vec());
    late.leaves[late.closed] =
        closing(2, day(FROM), day(TO), (place as u64, &open), day(TO) + 1).as_bytes().to_vec();
    late.opened = place;
    let Level::Proven { detail } = period(&late) else { panic!("{:?}", period(&late)) };
    assert!(
        detail.ends_with("; it was opened after it had begun, 3 earlier entries are dated inside it"),
        "{detail}"
    );
}

/// With the key alone an operator can dress up the end of a period, and each way shows without any anchor.
#[test]
fn an_operator_who_bends_the_ends_of_a_period_is_named() {
    // Something is added after the closing, and dated back into the period.
    let mut back_dated = told();
    let approval = json!({"what": "access review"});
    back_dated.leaves.push(leaf(3, LeafKind::Approval, day(2), &approval).as_bytes().to_vec());
    let last = back_dated.leaves.len() - 1;
    let expected = format!("entry {last}: is dated inside the period and was recorded after its closing");
    assert_eq!(named(&period(&back_dated)), [expected]);

    // It is closed before it is over: what comes after cannot be missed.
    let mut early = told();
    let open = LeafBytes::new(early.leaves[early.opened].clone()).expect("leaf");
    early.leaves[early.closed] =
        closing(2, day(FROM), day(TO), (early.opened as u64, &open), day(TO) - 1).as_bytes().to_vec();
    assert!(named(&period(&early))[0].contains("closes the period before its end"));

    // It is closed a second time, or opened again, to leave out what lies between.
    let mut twice = told();
    twice
        .leaves
        .push(closing(3, day(FROM), day(TO), (twice.opened as u64, &open), day(TO) + 9).as_bytes().to_vec());
    assert!(
        named(&period(&twice))[0].ends_with(&format!("closes the period that entry {} closed", twice.closed))
    );
    let mut again = told();
    again.leaves.insert(again.closed, opening(3, day(FROM), day(TO), day(TO)).as_bytes().to_vec());
    again.closed += 1;
    assert!(
        named(&period(&again))[0].ends_with(&format!("opens the period that entry {} opened", again.opened))
    );
    let mut other = told();
    other.leaves[other.closed] = closing(2, day(FROM), day(TO), (0, &open), day(TO) + 1).as_bytes().to_vec();
    assert!(named(&period(&other))[0].contains("closes what another entry than"));

    // The checkpoints at the ends are not those around the entries.
    let told = told();
    let mut bent = bundle_of(&told);
    bent.period_open = Some(checkpoint(&told.leaves[..=told.opened]));
    bent.period_close = Some(checkpoint(&told.leaves[..told.closed]));
    let found = named(&verify(&bent, &pinned()).completeness.period);
    assert!(
        found[0].starts_with("checkpoint.a: has") && found[1].starts_with("checkpoint.b: is not over"),
        "{found:?}"
    );
}

/// An entry of the period is left out and everything is hashed and signed anew: the key alone shows nothing, the
/// checkpoint over the closing does. That is what a timestamp at the closing is for.
#[test]
fn an_entry_left_out_of_a_period_shows_against_the_checkpoint_over_its_closing() {
    let honest = told();
    let over_closing = checkpoint(&honest.leaves[..=honest.closed]);
    let mut forged = told();
    let heartbeat = leaf(3, LeafKind::AuditEvent, day(2), &json!({"event": "nothing to see"}));
    forged.leaves.insert(forged.opened + 2, heartbeat.as_bytes().to_vec());
    forged.closed += 1;
    let forged = bundle_of(&forged);
    assert!(!verify(&forged, &pinned()).has_failed(), "the key alone shows nothing");
    let holding = |kept| Expectations { held: vec![kept], ..pinned() };
    assert!(verify(&forged, &holding(over_closing.clone())).has_failed());
    assert!(!verify(&bundle_of(&honest), &holding(over_closing)).has_failed());
}
