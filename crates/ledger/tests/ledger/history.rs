//! A year of runs in a bundle: what the verifier recomputes, and what it finds when somebody leaves something out.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::json;
use tickmark_ledger::Hash;
use tickmark_ledger::bundle::{BundleContents, Entries, HistoryContents, Level, TargetName, Verification};
use tickmark_ledger::epoch::{Continued, Genesis};
use tickmark_ledger::history::{Claim, Found, Objects, Schedule, Scheduled};
use tickmark_ledger::leaf::{Leaf, LeafKind};
use tickmark_ledger::policy::Policy;

use crate::fixture::{NOW_US, ORIGIN, checkpoint, pack, resign_manifest, signer, unpack, verify, write};

const HOUR_US: i64 = 3_600_000_000;
const DAY_US: i64 = 24 * HOUR_US;

/// An estate: what each check finds at each target on each day; none on days without a run.
pub(crate) struct Estate {
    pub(crate) targets: usize,
    pub(crate) checks: usize,
    /// By day, then check, then target.
    pub(crate) days: Vec<Day>,
}

#[derive(Clone, Debug)]
pub(crate) enum Day {
    /// A run looked at the first so many targets.
    Looked(usize, Vec<Vec<Found>>),
    /// A run was opened and is recorded as missed.
    Missed,
    /// The log says nothing.
    Silent,
}

/// What an estate becomes in a log.
#[derive(Clone)]
pub(crate) struct Recorded {
    pub(crate) leaves: Vec<Vec<u8>>,
    pub(crate) history: HistoryContents,
}

pub(crate) fn target(number: usize) -> TargetName {
    TargetName { external_id: format!("host-{number}"), kind: "host".to_owned() }
}

pub(crate) fn version(check: usize) -> Hash {
    Hash::of(format!("check-{check:03}").as_bytes())
}

/// The writer of blocks, in its simple form; the verifier takes either spelling.
fn encode(found: &[Found]) -> Vec<u8> {
    let mut bytes = b"TKB1".to_vec();
    let number = |bytes: &mut Vec<u8>, mut number: usize| {
        while number >= 0x80 {
            bytes.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        bytes.push(number as u8);
    };
    number(&mut bytes, found.len());
    bytes.push(0);
    bytes.extend(
        found.chunks(4).map(|four| {
            four.iter().enumerate().fold(0, |byte, (i, found)| byte | found.verdict() << (2 * i))
        }),
    );
    for found in found.iter().filter(|found| found.reason() != 0) {
        bytes.extend([1, found.reason()]);
    }
    bytes
}

pub(crate) fn record(estate: &Estate) -> Recorded {
    let mut recorder = Recorder { leaves: Vec::new(), objects: Objects::default() };
    let schedule = Schedule::new(
        (0..estate.checks)
            .map(|check| Scheduled {
                id: format!("check-{check:03}"),
                version: version(check).digest(),
                cadence_hours: 24,
            })
            .collect(),
    );
    recorder.leaf(LeafKind::LogGenesis, 0, &json!({"origin": ORIGIN}));
    let start = moment(0, 0);
    let body = json!({
        "at": start, "checks": schedule.versions_digest().digest(), "count": estate.checks,
        "schedule": recorder.objects.add(schedule.to_bytes().expect("schedule")).digest(),
    });
    recorder.leaf(LeafKind::ScheduleSet, 0, &body);
    let (mut sizes, mut run) = (BTreeSet::new(), 0);
    for (day, what) in (0..).zip(&estate.days) {
        match what {
            Day::Silent => continue,
            Day::Missed => {
                run += 1;
                recorder.leaf(LeafKind::RunOpen, day, &json!({"run": run, "source": "host"}));
                recorder.leaf(
                    LeafKind::RunMissed,
                    day,
                    &json!({"run": run, "source": "host", "why": "test"}),
                );
            }
            Day::Looked(size, found) => {
                run += 1;
                recorder.leaf(LeafKind::RunOpen, day, &json!({"run": run, "source": "host"}));
                recorder.run(day, run, *size, found, &mut sizes);
            }
        }
    }
    recorder.leaf(LeafKind::Heartbeat, i64::try_from(estate.days.len()).expect("few"), &json!({}));
    let targets = (0..estate.targets).map(target).collect();
    let history = HistoryContents { objects: recorder.objects, claims: claims(estate), targets };
    Recorded { leaves: recorder.leaves, history }
}

struct Recorder {
    leaves: Vec<Vec<u8>>,
    objects: Objects,
}

fn at(day: i64, hour: i64) -> i64 {
    NOW_US.div_euclid(DAY_US) * DAY_US + day * DAY_US + hour * HOUR_US
}

fn moment(day: i64, hour: i64) -> String {
    jiff_text(at(day, hour))
}

/// The leaf writer knows the only spelling of a moment.
fn jiff_text(micros: i64) -> String {
    let leaf =
        Leaf::build(LeafKind::Heartbeat, "01935f2e-7b1c-7abc-8def-000000000000", micros, "a", &json!({}));
    leaf.expect("leaf").leaf().ts.to_owned()
}

impl Recorder {
    fn leaf(&mut self, kind: LeafKind, day: i64, body: &serde_json::Value) {
        let id = format!("01935f2e-7b1c-7abc-8def-{:012x}", self.leaves.len());
        let leaf = Leaf::build(kind, &id, at(day, 3), "collector:1", body).expect("leaf");
        self.leaves.push(leaf.into_bytes());
    }

    fn run(&mut self, day: i64, run: u64, size: usize, found: &[Vec<Found>], sizes: &mut BTreeSet<usize>) {
        let list: Vec<u8> =
            (0..size).flat_map(|number| target(number).identity().expect("identity").0).collect();
        let population = self.objects.add(list).digest();
        if sizes.insert(size) {
            let body = json!({"population": population, "n": size, "enumeration": "test", "reported": size});
            self.leaf(LeafKind::PopulationDefine, day, &body);
        }
        let mut pairs: Vec<(Hash, Hash)> = found
            .iter()
            .enumerate()
            .map(|(check, found)| (version(check), self.objects.add(encode(&found[..size]))))
            .collect();
        pairs.sort_unstable();
        let list = pairs.iter().flat_map(|(version, block)| [version.0, block.0]).flatten().collect();
        let count = |verdict: u8| {
            found.iter().flat_map(|found| &found[..size]).filter(|found| found.verdict() == verdict).count()
        };
        let body = json!({
            "run": run, "source": "host", "observed_at": moment(day, 2), "complete": true,
            "population": population, "expected": size, "reached": size, "checks": found.len(),
            "blocks": self.objects.add(list).digest(), "unknown": count(0), "pass": count(1), "fail": count(2),
            "not_applicable": count(3),
        });
        self.leaf(LeafKind::RunClose, day, &body);
    }
}

/// The definition that the recomputation must agree with: for each check and target all looks one after the other.
fn claims(estate: &Estate) -> Vec<Claim> {
    let mut claims = Vec::new();
    for check in 0..estate.checks {
        for number in 0..estate.targets {
            let identity = target(number).identity().expect("identity");
            let mut open: Option<Claim> = None;
            let mut last_look = None;
            for (day, what) in (0..).zip(&estate.days) {
                let Day::Looked(size, found) = what else { continue };
                let now = at(day, 2);
                let found = (number < *size).then(|| found[check][number]);
                if open.as_ref().map(|claim| claim.found) != found {
                    claims.extend(open.take().map(|claim| Claim { first_seen_other: Some(now), ..claim }));
                    open = found.map(|found| Claim {
                        version: version(check),
                        target: identity,
                        first_seen: now,
                        first_seen_other: None,
                        last_seen_before: last_look,
                        found,
                    });
                }
                last_look = found.map(|_| now);
            }
            claims.extend(open);
        }
    }
    claims
}

pub(crate) fn contents(recorded: &Recorded) -> BundleContents {
    let Recorded { leaves, history } = recorded.clone();
    BundleContents {
        about: "A year of Example".to_owned(),
        created_us: NOW_US,
        period_us: None,
        policy: Policy::of_log(signer().verifier()).expect("policy"),
        checkpoint: checkpoint(&leaves),
        period_open: None,
        period_close: None,
        entries: Entries::All { leaves, cited: BTreeSet::new() },
        history: Some(history),
        rotations: Vec::new(),
        blobs: Vec::new(),
        records: Vec::new(),
        attachments: Vec::new(),
    }
}

const PASS: Found = found(1, 0);
const FAIL: Found = found(2, 0);
const UNSEEN: Found = found(0, 1);

const fn found(verdict: u8, reason: u8) -> Found {
    Found::of(verdict, reason)
}

/// Three targets, two checks, six days: a failure, something unseen, a target that joins late, a day missed.
pub(crate) fn story() -> Estate {
    let looked = |size: usize, first: [Found; 3], second: [Found; 3]| {
        Day::Looked(size, vec![first.to_vec(), second.to_vec()])
    };
    Estate {
        targets: 3,
        checks: 2,
        days: vec![
            looked(2, [PASS; 3], [PASS; 3]),
            looked(2, [PASS, FAIL, PASS], [PASS; 3]),
            Day::Missed,
            looked(3, [PASS, FAIL, FAIL], [UNSEEN, PASS, PASS]),
            looked(3, [PASS, PASS, FAIL], [PASS; 3]),
            looked(3, [PASS, PASS, FAIL], [PASS; 3]),
        ],
    }
}

fn answer(recorded: &Recorded) -> Verification {
    verify(&write(&contents(recorded))).expect("readable")
}

fn findings(level: &Level) -> Vec<String> {
    match level {
        Level::Failed { findings, .. } | Level::Incomplete { findings, .. } => {
            findings.iter().map(|finding| format!("{}: {}", finding.subject, finding.problem)).collect()
        }
        _ => Vec::new(),
    }
}

fn is_proven(level: &Level) -> bool {
    matches!(level, Level::Proven { .. })
}

#[test]
fn a_whole_history_is_proven_at_every_level() {
    let answer = answer(&record(&story()));
    assert!(!answer.has_failed(), "{answer}");
    insta::assert_snapshot!("history", answer.to_string());
    insta::assert_snapshot!("history_checks", format!("{:#}", answer.to_json()["completeness"]));
}

#[test]
fn both_bounds_of_a_deviation_stand_in_the_file() {
    let files = unpack(&write(&contents(&record(&story()))));
    let stretches = &files.iter().find(|(name, _)| name == "history/stretches.csv").expect("file").1;
    let text = String::from_utf8(stretches.clone()).expect("text");
    let identity = target(1).identity().expect("identity").hex();
    let line = text.lines().find(|line| line.contains(&identity) && line.contains("fail")).expect("line");
    let expected =
        format!("{},{identity},{},{},{},fail,", version(0).hex(), moment(1, 2), moment(4, 2), moment(0, 2));
    assert_eq!(line, expected);
}

#[test]
fn a_silent_day_is_named_and_contradicts_nothing() {
    let mut estate = story();
    estate.days.splice(4..4, [Day::Silent, Day::Silent]);
    let answer = answer(&record(&estate));
    assert_eq!(answer.exit_code(), 0);
    assert!(answer.is_incomplete());
    let named = findings(&answer.completeness.schedule);
    let expected = format!(
        "{} to {}: nothing was recorded although due: 2 checks (one is check-000)",
        moment(4, 0),
        moment(6, 0)
    );
    assert_eq!(named, [expected]);
    assert_eq!(answer.completeness.checks[0].missing, 2);
    assert!(answer.to_string().contains("NOT complete"));
}

/// Changes the body of the entries of a kind; none keeps one as it is.
fn rewritten(
    mut recorded: Recorded,
    kind: LeafKind,
    change: impl Fn(&mut serde_json::Value) -> bool,
) -> Recorded {
    for bytes in &mut recorded.leaves {
        let (ts, id, body) = {
            let leaf = Leaf::parse_strict(bytes).expect("leaf");
            if leaf.kind != kind {
                continue;
            }
            (leaf.ts_us(), leaf.id.to_owned(), leaf.body_value())
        };
        let mut body = body;
        if change(&mut body) {
            *bytes = Leaf::build(kind, &id, ts, "collector:1", &body).expect("leaf").into_bytes();
        }
    }
    recorded
}

/// What the holder of the key could write into a new history: each is found without any checkpoint kept elsewhere.
#[test]
fn runs_that_contradict_themselves_are_named() {
    let whole = record(&story());
    for (kind, member, value, expected) in [
        (LeafKind::RunClose, "pass", json!(99), "counts"),
        (LeafKind::RunClose, "expected", json!(1), "expects 1 targets"),
        (LeafKind::RunClose, "checks", json!(1), "length"),
        (LeafKind::RunClose, "complete", json!(false), "how many targets it reached"),
        (LeafKind::RunClose, "observed_at", json!("2026-11-24T02:00:00.000000Z"), "not later than"),
        (LeafKind::RunClose, "observed_at", json!("yesterday"), "not a moment"),
        (LeafKind::RunClose, "blocks", json!(Hash::of(b"other").digest()), "not in the bundle"),
        (
            LeafKind::RunClose,
            "population",
            json!(Hash::of(b"other").digest()),
            "not defined by an earlier entry",
        ),
        (LeafKind::RunClose, "run", json!(1), "a second time"),
        (LeafKind::RunClose, "run", json!("1"), "is not a run.close entry"),
        (LeafKind::PopulationDefine, "n", json!(7), "its population has 7"),
        (LeafKind::ScheduleSet, "checks", json!(Hash::of(b"other").digest()), "other checks than the entry"),
        (LeafKind::ScheduleSet, "schedule", json!(Hash::of(b"other").digest()), "not in the bundle"),
    ] {
        let changed = rewritten(whole.clone(), kind, |body| {
            body[member] = value.clone();
            true
        });
        let answer = answer(&changed);
        let named = findings(&answer.completeness.population);
        assert!(named.iter().any(|finding| finding.contains(expected)), "{kind} {member}: {answer}");
        assert_eq!(answer.exit_code(), 1);
    }
}

#[test]
fn a_run_left_out_is_named_by_its_number_and_by_its_slot() {
    let mut recorded = record(&story());
    // The second run: an opening and a closing entry.
    let of_run = |bytes: &Vec<u8>| {
        let leaf = Leaf::parse_strict(bytes).expect("leaf");
        leaf.body_value().get("run").and_then(serde_json::Value::as_u64)
    };
    recorded.leaves.retain(|bytes| of_run(bytes) != Some(2));
    let answer = answer(&recorded);
    let named = findings(&answer.completeness.schedule);
    assert!(named.iter().any(|finding| finding.contains("run 2 is not in the log")), "{answer}");
    assert!(named.iter().any(|finding| finding.starts_with(&moment(1, 0))), "{answer}");
    assert!(!is_proven(&answer.completeness.deviations), "what is claimed no longer follows");
}

#[test]
fn a_population_defined_after_its_use_is_named() {
    let mut recorded = record(&story());
    let kind = |bytes: &Vec<u8>| Leaf::parse_strict(bytes).expect("leaf").kind;
    let define =
        recorded.leaves.iter().position(|leaf| kind(leaf) == LeafKind::PopulationDefine).expect("one");
    recorded.leaves.swap(define, define + 1);
    let named = findings(&answer(&recorded).completeness.population);
    assert!(named[0].contains("not defined by an earlier entry"), "{named:?}");
}

/// After a revocation the log goes on under another origin: what was defined before is not defined again.
#[test]
fn an_epoch_that_continues_another_says_what_is_not_here() {
    let mut recorded = record(&story());
    let before = Continued::at(&checkpoint(&recorded.leaves).checkpoint);
    let genesis = Genesis {
        origin: ORIGIN.to_owned(),
        epoch: 2,
        verifier_key: signer().verifier().to_string(),
        leaf_format: 1,
        continues: Some(before),
    };
    let kind = |bytes: &Vec<u8>| Leaf::parse_strict(bytes).expect("leaf").kind;
    recorded.leaves.retain(|leaf| kind(leaf) != LeafKind::PopulationDefine);
    assert!(answer(&recorded).has_failed(), "only a log that continues another may lack them");
    let id = "01935f2e-7b1c-7abc-8def-000000000000";
    recorded.leaves[0] =
        Leaf::build(LeafKind::LogGenesis, id, at(0, 3), "collector:1", &genesis).expect("leaf").into_bytes();
    let answer = answer(&recorded);
    assert!(!answer.has_failed() && is_proven(&answer.completeness.deviations), "{answer}");
    let said = answer.to_string();
    assert!(said.contains("2 of them defined in the epoch before, which is not here"), "{said}");
    assert!(
        said.contains("the first 17 entries of example.org/log/1, which it continues, are not here"),
        "{said}"
    );
}

#[test]
fn a_run_without_an_end_is_named() {
    let mut recorded = record(&story());
    let kind = |bytes: &Vec<u8>| Leaf::parse_strict(bytes).expect("leaf").kind;
    recorded.leaves.retain(|leaf| kind(leaf) != LeafKind::RunMissed);
    let named = findings(&answer(&recorded).completeness.schedule);
    assert!(
        named.iter().any(|finding| finding.contains("run 3 of \"host\" was opened and has no end")),
        "{named:?}"
    );
}

#[test]
fn a_swapped_block_is_missing_under_its_digest() {
    let mut recorded = record(&story());
    let mut objects = Objects::default();
    for pack in recorded.history.objects.to_packs() {
        let mut pack = pack;
        // The verdicts of the first packed block, exchanged for others.
        let block = pack.windows(4).position(|bytes| bytes == b"TKB1").expect("a block");
        pack[block + 6] ^= 3;
        objects.read_pack(&pack).expect("still a pack");
    }
    recorded.history.objects = objects;
    let answer = answer(&recorded);
    let named = findings(&answer.completeness.population);
    assert!(named.iter().any(|finding| finding.contains("a block of it is not in the bundle")), "{answer}");
}

#[test]
fn claims_that_do_not_follow_are_named_line_by_line() {
    let whole = record(&story());
    let mut hidden = whole.clone();
    hidden.history.claims.retain(|claim| claim.target != target(1).identity().expect("identity"));
    let named = findings(&answer(&hidden).completeness.deviations);
    assert_eq!(named.len(), 1);
    assert!(
        named[0].contains("does not claim what follows from the blocks") && named[0].contains("fail from")
    );
    let mut shortened = whole.clone();
    for claim in &mut shortened.history.claims {
        claim.first_seen_other = claim.first_seen_other.map(|at| at - DAY_US);
    }
    let named = findings(&answer(&shortened).completeness.deviations);
    assert!(named.iter().any(|finding| finding.contains("claims what does not follow")), "{named:?}");
    let mut invented = whole;
    invented.history.targets.push(target(99));
    let named = findings(&answer(&invented).completeness.population);
    assert!(named[0].contains("host-99"), "{named:?}");
}

#[test]
fn without_objects_only_what_entries_say_is_checked() {
    let mut recorded = record(&story());
    recorded.history = HistoryContents::default();
    let answer = answer(&recorded);
    assert_eq!(answer.exit_code(), 0, "{answer}");
    let completeness = &answer.completeness;
    for level in [&completeness.schedule, &completeness.population, &completeness.deviations] {
        assert!(matches!(level, Level::NotClaimed { .. }));
    }
}

#[test]
fn damaged_history_files_are_named_even_with_a_new_signature() {
    let whole = unpack(&write(&contents(&record(&story()))));
    for (name, _) in whole.iter().filter(|(name, _)| name.starts_with("history/")) {
        for damage in [
            (|bytes: &mut Vec<u8>| bytes.truncate(bytes.len() / 2)) as fn(&mut Vec<u8>),
            |bytes| bytes.clear(),
            |bytes| bytes[3] ^= 1,
            |bytes| bytes.extend_from_slice(b"trailing"),
            |bytes| bytes.extend_from_slice(&[b'x'; 5000]),
        ] {
            let mut files = whole.clone();
            damage(&mut files.iter_mut().find(|(own, _)| own == name).expect("file").1);
            resign_manifest(&mut files);
            let answer = verify(&pack(&files)).expect("readable");
            assert!(!is_proven(&answer.completeness.deviations) || answer.has_failed(), "{name}: {answer}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Any history: targets that come and go, days without runs, every verdict and reason.
    #[test]
    fn what_is_recomputed_is_what_the_looks_say(
        days in prop::collection::vec(
            prop_oneof![
                6 => (0..5_usize, prop::collection::vec(prop::collection::vec(0..6_u8, 4), 3)).prop_map(|(size, codes)| {
                    let of = |code: u8| match code { 0 => UNSEEN, 1 => FAIL, 2 => found(0, 3), 3 => found(3, 2), _ => PASS };
                    let found = codes.into_iter().map(|codes| codes.into_iter().map(of).collect()).collect();
                    Day::Looked(size, found)
                }),
                1 => Just(Day::Missed),
                1 => Just(Day::Silent),
            ],
            0..12,
        )
    ) {
        let runs = days.iter().filter(|day| matches!(day, Day::Looked(..))).count();
        let mut recorded = record(&Estate { targets: 4, checks: 3, days });
        recorded.history.targets.clear();
        let answer = answer(&recorded);
        prop_assert!(!answer.has_failed(), "{}", answer);
        prop_assert_eq!(is_proven(&answer.completeness.deviations), true);
        prop_assert_eq!(is_proven(&answer.completeness.population), runs > 0);
        let checks = &answer.completeness.checks;
        prop_assert!(checks.iter().all(|check| check.expected == check.observed + check.missed + check.missing));
    }
}

/// An epoch that keeps the entries before it must build on those very entries.
#[test]
fn an_epoch_builds_on_the_entries_before_it() {
    let begins = |continued: Continued| {
        let mut recorded = record(&story());
        let genesis = Genesis {
            origin: ORIGIN.to_owned(),
            epoch: 2,
            verifier_key: signer().verifier().to_string(),
            leaf_format: 1,
            continues: Some(continued),
        };
        let id = "01935f2e-7b1c-7abc-8def-eeeeeeeeeeee";
        let leaf = Leaf::build(LeafKind::LogGenesis, id, at(6, 3), "collector:1", &genesis).expect("leaf");
        recorded.leaves.push(leaf.into_bytes());
        answer(&recorded)
    };
    let before = record(&story()).leaves;
    let size = before.len();
    let first = begins(Continued::at(&checkpoint(&before).checkpoint));
    assert!(!first.has_failed() && is_proven(&first.completeness.population), "{first}");
    let said = format!(
        "from entry {size} on it continues {ORIGIN}, whose first {size} entries are the first ones here"
    );
    assert!(first.to_string().contains(&said), "{first}");
    let part = begins(Continued::at(&checkpoint(&before[..5]).checkpoint));
    assert!(!part.has_failed() && part.to_string().contains("whose first 5 entries"), "{part}");
    let mut other = before.clone();
    other.swap(3, 4);
    let forged = begins(Continued::at(&checkpoint(&other).checkpoint));
    let named: Vec<&str> = forged.findings().map(|finding| finding.problem.as_str()).collect();
    assert_eq!(named, [format!("continues {size} entries of {ORIGIN} that are not those here")]);
    let longer = Continued { size: size as u64 + 3, ..Continued::at(&checkpoint(&before).checkpoint) };
    assert!(begins(longer).to_string().contains("3 later entries of that are lost"));
}
