use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::Span;
use crate::control::{Frequency, TestAttribute, Tolerance, Tolerated};
use crate::id::{ActorId, EvidenceKey, PerformanceKey};
use crate::observation::block::Observation;
use crate::observation::interval::{self, Interval, Shares};
use crate::program::performance::{Days, Performance, Schedule};
use crate::program::population::{AttributeState, Definition, Item, Population};
use crate::time::HOUR_US;

fn at(hour: i64) -> Timestamp {
    Timestamp::from_micros(hour * HOUR_US)
}

fn moment(text: &str) -> Timestamp {
    text.parse().expect("a moment")
}

fn control() -> ControlId {
    "IAM-07".parse().expect("an id")
}

fn asked(from: i64, to: i64) -> Span {
    Span { from: at(from), to: Some(at(to)) }
}

fn looked(looks: &[(i64, Observation)]) -> (Vec<Interval>, Vec<Timestamp>) {
    let looks: Vec<_> = looks.iter().map(|&(hour, seen)| (at(hour), seen)).collect();
    (interval::from_looks(&looks), looks.iter().map(|look| look.0).collect())
}

fn history<'a>(key: i64, life: i64, (intervals, looks): &'a (Vec<Interval>, Vec<Timestamp>)) -> History<'a> {
    let life = Span { from: at(life), to: None };
    History { targets: vec![TargetKey(key)], life, intervals, looks }
}

fn waived_by(waivers: &[Waived]) -> Allowed<'_> {
    Allowed { waivers, ..Allowed::default() }
}

#[test]
fn a_failing_stretch_has_both_bounds_and_its_waiver_beside_it() {
    let seen = looked(&[(0, Observation::PASS), (24, Observation::FAIL), (48, Observation::PASS)]);
    let histories = [history(1, 0, &seen)];
    let conclude = |waivers: &[Waived]| {
        let in_force = Spans::one(at(0), at(1000));
        conclude_configuration(
            &control(),
            "x",
            asked(0, 72),
            &in_force,
            &histories,
            waived_by(waivers),
            at(100),
        )
    };
    let open = conclude(&[]);
    let deviation = open.deviations.first().expect("one");
    assert_eq!(
        (deviation.last_seen_good, deviation.first_seen_bad, deviation.good_again),
        (Some(at(0)), at(24), Some(at(48)))
    );
    assert_eq!((open.state(at(100)), open.deviating()), (State::Deviation, 1));
    assert_eq!((open.shares.pass_us, open.shares.fail_us), (48 * HOUR_US, 24 * HOUR_US));
    let waived = |from, to, targets: Option<&[i64]>| Waived {
        waiver: 5,
        targets: targets.map(|keys| keys.iter().map(|&key| TargetKey(key)).collect()),
        from: at(from),
        to: at(to),
    };
    assert_eq!(
        conclude(&[waived(30, 90, None)]).state(at(100)),
        State::Deviation,
        "granted too late for all of it"
    );
    assert_eq!(conclude(&[waived(0, 90, Some(&[2]))]).state(at(100)), State::Deviation, "another target");
    let whole = conclude(&[waived(0, 90, Some(&[1]))]);
    assert_eq!(whole.state(at(100)), State::Waived);
    let beside = Beside { waiver: 5, from: at(24), to: at(48) };
    assert_eq!(whole.deviations.first().map(|d| d.waivers.clone()), Some(vec![beside]));
    assert_eq!(whole.shares, open.shares, "a waiver changes no verdict");
}

/// What one target says under a tolerance of two days that held from the beginning: state, deviations, tolerated stretches
/// and those that may exceed it, in hours.
fn under_two_days(
    looks: &[(i64, Observation)],
    (from, to): (i64, i64),
    now: i64,
) -> (State, usize, usize, Vec<(i64, i64)>) {
    let seen = looked(looks);
    let days = Tolerance::of_hours(48).expect("a tolerance");
    let tolerances = [Tolerated { since: at(0), tolerance: Some(days) }];
    let allowed = Allowed { waivers: &[], tolerances: &tolerances };
    let in_force = Spans::one(at(0), at(1000));
    let histories = [history(1, 0, &seen)];
    let found =
        conclude_configuration(&control(), "x", asked(from, to), &in_force, &histories, allowed, at(now));
    let mut tally = Tally::over(vec![(at(from), at(to.min(now)))]);
    tally_configuration(&mut tally, asked(from, to), &in_force, &histories, allowed, at(now));
    assert_eq!(tally.cells()[0].state, found.state(at(now)), "the board says what the conclusion says");
    let hours = |at: Timestamp| at.micros() / HOUR_US;
    let strip = judged(&histories[0], &tolerances, at(now));
    let shares = Shares::over(&strip, asked(from, to.min(now)), at(now));
    let is_beyond = found.state(at(now)) == State::Deviation;
    assert_eq!(shares.fail_us > 0, is_beyond, "intervals say what the conclusion says: {strip:?}");
    let unseen: i64 = found.unseen.iter().map(|unseen| unseen.to.micros() - unseen.from.micros()).sum();
    assert_eq!(shares.unknown_us, unseen, "{strip:?}");
    let exceed = found.unseen.iter().filter(|unseen| unseen.why == Why::MayExceed);
    let exceed = exceed.map(|unseen| (hours(unseen.from), hours(unseen.to))).collect();
    (found.state(at(now)), found.deviations.len(), found.tolerated.len(), exceed)
}

#[test]
fn a_failing_stretch_is_a_deviation_only_beyond_what_is_tolerated() {
    use Observation as O;
    let (good, bad) = (O::PASS, O::FAIL);
    let whole = (0, 200);
    // Looked at every twelve hours: bad for at most a day and a half.
    let short = [(0, good), (12, bad), (24, bad), (36, good)];
    assert_eq!(under_two_days(&short, whole, 50), (State::Operating, 0, 1, vec![]));
    // Seen bad at both ends of three days.
    let long = [(0, good), (12, bad), (84, bad), (96, good)];
    assert_eq!(under_two_days(&long, whole, 100), (State::Deviation, 1, 0, vec![(48, 60)]));
    // Bad at one look between two good ones that lie three days apart: anything from a moment to three days.
    let once = [(0, good), (36, bad), (72, good)];
    assert_eq!(under_two_days(&once, whole, 80), (State::Unknown, 0, 1, vec![(48, 72)]));
    // Never seen good before: it may have been so for any time.
    let first = [(0, bad), (12, good)];
    assert_eq!(under_two_days(&first, whole, 50), (State::Unknown, 0, 1, vec![(0, 12)]));
    // Still bad, and the limit is not reached; then it may be; then it certainly is, once somebody has looked again.
    let lasts = [(0, good), (12, bad)];
    assert_eq!(under_two_days(&lasts, whole, 40), (State::Operating, 0, 1, vec![]));
    assert_eq!(under_two_days(&lasts, whole, 60), (State::Unknown, 0, 1, vec![(48, 60)]));
    let again = [(0, good), (12, bad), (61, bad)];
    assert_eq!(under_two_days(&again, whole, 62).0, State::Deviation);
    // It belongs to the time in which it went beyond the limit, not to that in which it began.
    assert_eq!(under_two_days(&long, (0, 40), 100), (State::Operating, 0, 1, vec![]));
    assert_eq!(under_two_days(&long, (50, 200), 100), (State::Deviation, 1, 0, vec![(50, 60)]));
}

#[test]
fn a_limit_that_is_widened_later_excuses_nothing_that_had_begun() {
    let seen = looked(&[(0, Observation::PASS), (10, Observation::FAIL), (70, Observation::FAIL)]);
    let histories = [history(1, 0, &seen)];
    let in_force = Spans::one(at(0), at(1000));
    let conclude = |tolerances: &[Tolerated]| {
        let allowed = Allowed { waivers: &[], tolerances };
        conclude_configuration(&control(), "x", asked(0, 80), &in_force, &histories, allowed, at(80))
    };
    let days = |days: u32| Some(Tolerance::of_hours(days * 24).expect("a tolerance"));
    let one = |since: i64, tolerance| Tolerated { since: at(since), tolerance };
    assert_eq!(conclude(&[one(0, days(30))]).state(at(80)), State::Operating);
    assert_eq!(conclude(&[one(11, days(30))]).state(at(80)), State::Deviation, "set too late");
    assert_eq!(conclude(&[one(0, days(1)), one(11, days(30))]).state(at(80)), State::Deviation);
    assert_eq!(conclude(&[one(0, days(30)), one(11, None)]).state(at(80)), State::Operating);
}

#[test]
fn only_time_in_force_and_targets_that_were_there_count() {
    let (old, new) = (looked(&[(0, Observation::PASS)]), looked(&[(50, Observation::PASS)]));
    let failing = looked(&[(0, Observation::FAIL), (10, Observation::PASS)]);
    let in_force = Spans::one(at(20), at(1000));
    let conclude = |histories: &[History<'_>]| {
        conclude_configuration(
            &control(),
            "x",
            asked(0, 72),
            &in_force,
            histories,
            Allowed::default(),
            at(72),
        )
    };
    let both = conclude(&[history(1, 0, &old), history(2, 50, &new), history(3, 0, &failing)]);
    assert_eq!(both.state(at(72)), State::Operating, "{both:#?}");
    assert_eq!(both.tested, Spans::one(at(20), at(72)));
    let late = conclude(&[history(2, 50, &new)]);
    assert_eq!(late.state(at(72)), State::Unknown, "before its first target nobody had looked");
    let nobody =
        Unseen { subject: None, why: Why::Look(ReasonClass::NotCollected), from: at(20), to: at(50) };
    assert_eq!(late.unseen, BTreeSet::from([nobody]));
    assert_eq!(conclude(&[]).state(at(72)), State::Unknown);
    let never = conclude_configuration(
        &control(),
        "x",
        asked(0, 10),
        &in_force,
        &[history(1, 0, &old)],
        Allowed::default(),
        at(72),
    );
    assert_eq!(never.state(at(72)), State::NotInForce);
}

#[test]
fn cells_show_waived_and_failing_time_apart() {
    let seen = looked(&[(0, Observation::PASS), (24, Observation::FAIL)]);
    let waivers = [Waived { waiver: 1, targets: None, from: at(72), to: at(96) }];
    let mut tally = Tally::over(Grain::Day.cells(at(0), at(144)));
    let in_force = Spans::one(at(0), at(1000));
    tally_configuration(
        &mut tally,
        asked(0, 144),
        &in_force,
        &[history(1, 0, &seen)],
        waived_by(&waivers),
        at(120),
    );
    let states: Vec<State> = tally.cells().iter().map(|cell| cell.state).collect();
    assert_eq!(
        states,
        [
            State::Operating,
            State::Deviation,
            State::Deviation,
            State::Waived,
            State::Deviation,
            State::NotInForce
        ]
    );
}

fn performed(window: &str, when: &str) -> Performance {
    Performance {
        key: PerformanceKey(1),
        control: control(),
        window: window.into(),
        performed_at: moment(when),
        performed_by: ActorId(uuid::Uuid::from_u128(1)),
        recorded_at: moment(when),
        evidence: vec![EvidenceKey(1)],
        note: "signed".into(),
    }
}

#[test]
fn windows_are_done_late_missed_or_not_yet_due() {
    let schedule = Schedule::usual(Frequency::Quarterly).expect("has windows");
    let year = Span { from: moment("2026-01-01T00:00:00Z"), to: Some(moment("2027-01-01T00:00:00Z")) };
    let performances =
        [performed("2026-Q1", "2026-04-10T00:00:00Z"), performed("2026-Q2", "2026-08-01T00:00:00Z")];
    let in_force = [(Span { from: moment("2025-06-01T00:00:00Z"), to: None }, schedule)];
    let conclude =
        |now: &str| conclude_occurrence(&control(), "quarterly", year, &in_force, &performances, moment(now));
    let conclusion = conclude("2026-11-24T00:00:00Z");
    let kinds: Vec<_> = conclusion.deviations.iter().map(|d| (d.kind, d.subject.clone())).collect();
    let window = |id: &str| Subject::Window(id.to_owned());
    assert_eq!(kinds, [(DeviationKind::Late, window("2026-Q2")), (DeviationKind::Missed, window("2026-Q3"))]);
    assert_eq!(conclusion.pending, BTreeSet::from([window("2026-Q4")]));
    assert_eq!(conclusion.subjects.len(), 3);
    assert_eq!(conclusion.state(moment("2026-11-24T00:00:00Z")), State::Missed);
    assert_eq!(conclude("2026-05-01T00:00:00Z").state(moment("2026-05-01T00:00:00Z")), State::Late);
    let early = conclude("2026-02-01T00:00:00Z");
    assert_eq!(
        early.deviations.len(),
        1,
        "a performance of the second quarter is known to be late whenever asked"
    );
    let rows = windows(year, &in_force, &performances, moment("2026-02-01T00:00:00Z"));
    assert_eq!(
        rows.iter().map(|row| row.window.id.as_str()).collect::<Vec<_>>(),
        ["2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4"]
    );
}

fn item(key: &str, hour: i64, states: &[AttributeState]) -> Item {
    Item { key: key.into(), occurred_at: at(hour), states: states.to_vec(), note: String::new() }
}

fn population(from: i64, to: i64, items: &[Item], is_frozen: bool) -> Population {
    let attribute =
        TestAttribute { id: "approved".into(), asserts: "approved".into(), deviation: "no approval".into() };
    let mut population = Population {
        key: PopulationKey(from),
        definition: Definition {
            control: control(),
            title: "Deployments".into(),
            trigger: "a deployment".into(),
            attributes: vec![attribute],
            from: at(from),
            to: at(to),
        },
        defined_at: at(to),
        ipe: None,
        file: None,
        items: items.len() as u64,
        frozen: None,
    };
    if is_frozen {
        let zero = items.is_empty().then_some(EvidenceKey(1));
        let keys = items.iter().map(|item| item.key.as_str());
        population.frozen = Some(population.freeze(keys, zero, at(to)).expect("freezes"));
    }
    population
}

#[test]
fn every_item_conforms_deviates_or_was_not_tested() {
    use AttributeState::{Met, NotMet, NotTested};
    let items = [item("a", 1, &[Met]), item("b", 2, &[NotMet]), item("c", 3, &[NotTested])];
    let conclude = |items: &[Item], is_frozen, to| {
        let list = population(0, 10, items, is_frozen);
        let in_force = Spans::one(at(0), at(100));
        let lists = [Listed { population: &list, found: &Found::of(items) }];
        conclude_population(&control(), "a deployment", asked(0, to), &in_force, &lists, at(50))
    };
    let all = conclude(&items, true, 10);
    assert_eq!((all.subject_count(), all.deviating(), all.unseen.len()), (3, 1, 0));
    assert_eq!(all.items[&PopulationKey(0)], ItemCounts { occurred: 3, not_tested: 1, unsampled: 0 });
    assert_eq!(all.state(at(50)), State::Deviation);
    assert_eq!(all.deviations.first().map(|d| d.note.as_str()), Some("no approval"));
    assert_eq!(conclude(&items[..1], true, 10).state(at(50)), State::Operating);
    assert_eq!(conclude(&items[2..], true, 10).state(at(50)), State::Unknown);
    assert_eq!(conclude(&items[..1], false, 10).state(at(50)), State::Unknown, "not frozen");
    assert_eq!(
        conclude(&items[..1], true, 20).state(at(50)),
        State::Unknown,
        "half of the time is not covered"
    );
    assert_eq!(conclude(&[], true, 10).state(at(50)), State::NotApplicable, "zero, shown");
}

#[test]
fn a_sample_speaks_for_what_was_not_selected() {
    use AttributeState::{Met, NotMet, NotTested};
    let items: Vec<Item> = (1..=9).map(|hour| item(&format!("i{hour}"), hour, &[NotTested])).collect();
    let list = population(0, 10, &items, true);
    let in_force = Spans::one(at(0), at(100));
    // Units 1 to 3 were selected.
    let conclude = |states: [AttributeState; 3], says: SampleSays| {
        let mut found =
            Found { unsampled: items[3..].iter().map(|item| item.occurred_at).collect(), ..Found::default() };
        for (item, state) in items.iter().zip(states) {
            match state {
                Met => found.conforming.push(item.occurred_at),
                NotTested => found.not_tested.push(item.occurred_at),
                NotMet => found.deviating.push(Item { states: vec![NotMet], ..item.clone() }),
            }
        }
        found.sample = Some(SampleResult {
            population: list.key,
            number: 1,
            method: crate::program::sampling::Method::Random,
            items: 9,
            size: 3,
            tested: states.iter().filter(|state| **state != NotTested).count() as u64,
            deviations: found.deviating.len() as u64,
            from_last_part: 1,
            risk: None,
            tolerable: None,
            upper_limit_bp: None,
            says,
        });
        let lists = [Listed { population: &list, found: &found }];
        let concluded =
            conclude_population(&control(), "a deployment", asked(0, 10), &in_force, &lists, at(50));
        let mut tally = Tally::over(vec![(at(0), at(10))]);
        tally_population(&mut tally, asked(0, 10), &in_force, &lists, at(50));
        let state = concluded.state(at(50));
        assert_eq!(tally.cells()[0].state, state, "the board says what the conclusion says");
        (state, concluded.items[&list.key])
    };
    let counts = |not_tested| ItemCounts { occurred: 9, not_tested, unsampled: 6 };
    assert_eq!(conclude([Met; 3], SampleSays::Supports), (State::Operating, counts(0)));
    assert_eq!(conclude([Met, Met, NotTested], SampleSays::NotTested), (State::Unknown, counts(1)));
    assert_eq!(conclude([Met; 3], SampleSays::DoesNotSupport), (State::Unknown, counts(0)));
    assert_eq!(conclude([Met, NotMet, Met], SampleSays::MayExtend), (State::Deviation, counts(0)));
    assert_eq!(conclude([Met, NotMet, Met], SampleSays::Supports), (State::Deviation, counts(0)));
}

/// A conclusion over a year of quarters and one over hourly looks, for properties.
fn looks() -> impl Strategy<Value = Vec<(i64, Observation)>> {
    prop::collection::vec((1_i64..10, 0_u8..4), 1..20).prop_map(|steps| {
        let mut hour = 0;
        let observe = |(step, code): (i64, u8)| {
            hour += step;
            (hour, Observation::new(crate::observation::Verdict::from_code(code), None))
        };
        steps.into_iter().map(observe).collect()
    })
}

proptest! {
    #[test]
    fn joining_parts_gives_the_whole_in_any_order(
        one in looks(), two in looks(), cuts in (0_i64..80, 0_i64..80, 0_i64..80, 0_i64..80),
        hours in prop::option::of(1_u32..30)) {
        let mut cuts = [cuts.0, cuts.1, cuts.2, cuts.3];
        cuts.sort_unstable();
        let [a, b, c, d] = cuts;
        let (one, two) = (looked(&one), looked(&two));
        let histories = [history(1, 0, &one), history(2, 5, &two)];
        let in_force = Spans::of([(at(3), at(30)), (at(33), at(90))]);
        let tolerance = hours.map(|hours| Tolerance::of_hours(hours).expect("a tolerance"));
        let tolerances = [Tolerated { since: at(0), tolerance }];
        let allowed = Allowed { waivers: &[], tolerances: &tolerances };
        let part = |from, to| {
            conclude_configuration(&control(), "x", asked(from, to), &in_force, &histories, allowed, at(70))
        };
        let (x, y, z) = (part(a, b), part(b, c), part(c, d));
        let left = x.join(&y).and_then(|xy| xy.join(&z));
        let right = y.join(&z).and_then(|yz| x.join(&yz));
        prop_assert_eq!(&left, &right);
        prop_assert_eq!(&left, &z.join(&x).and_then(|zx| zx.join(&y)));
        prop_assert_eq!(left, Some(part(a, d)));
    }

    #[test]
    fn a_tolerance_hides_nothing_that_may_exceed_it(
        one in looks(), hours in 1_u32..40, more in 0_u32..40, to in 1_i64..80) {
        let seen = looked(&one);
        let in_force = Spans::one(at(0), at(100));
        let of = |hours: u32| {
            let tolerance = Tolerance::of_hours(hours).expect("a tolerance");
            let tolerances = [Tolerated { since: at(0), tolerance: Some(tolerance) }];
            let allowed = Allowed { waivers: &[], tolerances: &tolerances };
            let histories = [history(1, 0, &seen)];
            let found = conclude_configuration(
                &control(), "x", asked(0, to), &in_force, &histories, allowed, at(90));
            let mut tally = Tally::over(vec![(at(0), at(to))]);
            tally_configuration(&mut tally, asked(0, to), &in_force, &histories, allowed, at(90));
            (found.clone(), tally.cells()[0].state)
        };
        let ((tight, tight_cell), (wide, _)) = (of(hours), of(hours + more));
        prop_assert_eq!(tight_cell, tight.state(at(90)), "the board says what the conclusion says");
        prop_assert!(wide.state(at(90)) <= tight.state(at(90)), "a wider limit never looks worse");
        let failing = conclude_configuration(
            &control(), "x", asked(0, to), &in_force, &[history(1, 0, &seen)], Allowed::default(), at(90));
        prop_assert!(tight.deviations.is_subset(&failing.deviations));
        let all: BTreeSet<_> = tight.deviations.union(&tight.tolerated).cloned().collect();
        prop_assert_eq!(all, failing.deviations, "each failing stretch is told, one way or the other");
        let is_beyond = |one: &Deviation| {
            let bad = seen.1.iter().filter(|look| {
                one.first_seen_bad <= **look && one.good_again.is_none_or(|good| **look < good)
            });
            bad.max().is_some_and(|last| {
                *last > one.first_seen_bad.plus_micros(i64::from(hours) * HOUR_US)
            })
        };
        prop_assert!(tight.deviations.iter().all(is_beyond));
    }

    #[test]
    fn time_is_accounted_for_and_unseen_is_never_operating(one in looks(), to in 1_i64..80) {
        let seen = looked(&one);
        let in_force = Spans::one(at(0), at(100));
        let whole = conclude_configuration(
            &control(), "x", asked(0, to), &in_force, &[history(1, 0, &seen)], Allowed::default(), at(90));
        let shares = whole.shares;
        let sum = shares.pass_us + shares.fail_us + shares.not_applicable_us + shares.unknown_us;
        prop_assert_eq!(sum, to * HOUR_US);
        prop_assert_eq!(shares.unknown_us > 0, !whole.unseen.is_empty());
        if !whole.unseen.is_empty() {
            prop_assert!(whole.state(at(90)) >= State::Unknown);
        }
        let mut tally = Tally::over(Grain::Day.cells(at(0), at(to)));
        tally_configuration(&mut tally, asked(0, to), &in_force, &[history(1, 0, &seen)], Allowed::default(), at(90));
        let worst = tally.cells().iter().map(|cell| cell.state).max();
        prop_assert_eq!(worst, Some(whole.state(at(90))), "the board says what the conclusion says");
    }

    #[test]
    fn targets_of_one_history_are_what_they_are_one_by_one(
        one in looks(), waived in prop::option::of((0_i64..60, 1_i64..30, any::<bool>()))) {
        let seen = looked(&one);
        let in_force = Spans::one(at(2), at(100));
        let waivers: Vec<Waived> = waived
            .into_iter()
            .map(|(from, hours, of_all)| Waived {
                waiver: 1,
                targets: (!of_all).then(|| BTreeSet::from([TargetKey(2)])),
                from: at(from),
                to: at(from + hours),
            })
            .collect();
        let single = [history(1, 1, &seen), history(2, 1, &seen), history(3, 1, &seen)];
        let keys = single.iter().flat_map(|one| one.targets.clone()).collect();
        let together = [History { targets: keys, ..single[0].clone() }];
        let conclude = |histories: &[History<'_>]| {
            conclude_configuration(&control(), "x", asked(0, 80), &in_force, histories, waived_by(&waivers), at(90))
        };
        prop_assert_eq!(conclude(&together), conclude(&single));
        let cells = |histories: &[History<'_>]| {
            let mut tally = Tally::over(Grain::Day.cells(at(0), at(80)));
            tally_configuration(&mut tally, asked(0, 80), &in_force, histories, waived_by(&waivers), at(90));
            tally.cells()
        };
        prop_assert_eq!(cells(&together), cells(&single));
    }

    #[test]
    fn one_more_deviation_never_improves(
        one in looks(), kind in 0_usize..4, from in 0_i64..90, is_waived in any::<bool>()) {
        let seen = looked(&one);
        let in_force = Spans::one(at(0), at(100));
        let before = conclude_configuration(
            &control(), "x", asked(0, 80), &in_force, &[history(1, 0, &seen)], Allowed::default(), at(90));
        let mut after = before.clone();
        after.deviations.insert(Deviation {
            first_seen_bad: at(from),
            subject: Subject::Target(TargetKey(9)),
            kind: [DeviationKind::Failing, DeviationKind::Missed, DeviationKind::Late, DeviationKind::Attribute][kind],
            last_seen_good: None,
            good_again: None,
            waivers: if is_waived { vec![Beside { waiver: 1, from: at(from), to: at(90) }] } else { Vec::new() },
            note: String::new(),
        });
        after.subjects.insert(Subject::Target(TargetKey(9)));
        prop_assert!(after.state(at(90)) >= before.state(at(90)));
        prop_assert!(after.state(at(90)) > State::Operating);
    }

    #[test]
    fn what_is_not_due_yet_is_no_deviation(now in 0_i64..400, grace in 0_u32..40) {
        let schedule = Schedule::new(Frequency::Monthly, grace, Days::All).expect("has windows");
        let begin = moment("2026-01-01T00:00:00Z");
        let now = begin.plus_micros(now * crate::time::DAY_US);
        let year = Span { from: begin, to: Some(moment("2027-01-01T00:00:00Z")) };
        let held = [(Span { from: begin, to: None }, schedule)];
        let conclusion = conclude_occurrence(&control(), "monthly", year, &held, &[], now);
        prop_assert!(conclusion.deviations.iter().all(|deviation| deviation.first_seen_bad <= now));
        let due = schedule.windows_ending_in(begin, moment("2027-01-01T00:00:00Z"));
        prop_assert_eq!(conclusion.deviations.len(), due.iter().filter(|window| window.due <= now).count());
        prop_assert_eq!(conclusion.deviations.len() + conclusion.pending.len(), 12);
    }
}
