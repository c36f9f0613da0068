//! The rules of workpapers.

use uuid::Uuid;

use super::*;
use crate::program::population::{Definition, Item};
use crate::program::sampling::{Absence, Draw, Frame, Sample, SampleEvent, SamplingError, Seed, Unit};

fn who(n: u128) -> ActorId {
    ActorId(Uuid::from_u128(n))
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn plan() -> Plan {
    let attribute = |id: &str, asserts: &str| TestAttribute {
        id: id.into(),
        asserts: asserts.into(),
        deviation: format!("not {asserts}"),
    };
    Plan {
        control: "CHG-02".parse().expect("an id"),
        procedures: BTreeSet::from([Procedure::Inquiry, Procedure::Inspection]),
        procedure: "Inspected the approval of selected changes.".into(),
        attributes: vec![attribute("A", "approved"), attribute("B", "by another than the author")],
    }
}

fn paper() -> Workpaper {
    Workpaper::begin(1, plan(), who(1)).expect("begun")
}

/// Ten changes.
fn frame() -> Frame {
    let units = (1..=10).map(|n| Unit { key: format!("CHG-{n:02}"), stratum: None }).collect();
    Frame::new(units).expect("a frame")
}

fn population() -> Vec<Item> {
    let unit =
        |key: &str| Item { key: key.into(), occurred_at: at(5), states: Vec::new(), note: String::new() };
    frame().units().iter().map(|one| unit(&one.key)).collect()
}

fn draw(size: u64) -> Draw {
    frame().random(&Seed::random([7; 32]), size).expect("a draw")
}

/// Three of them were drawn, and the sample may be extended to so many.
fn planned(extension: Option<u64>) -> Workpaper {
    let mut paper = paper();
    let sample = Sample::new(draw(3), extension).expect("a sample");
    paper.select(PopulationKey(4), &sample, "", &population(), who(1)).expect("selected");
    paper
}

/// Three of them were drawn.
fn drawn() -> Workpaper {
    planned(None)
}

fn keys(paper: &Workpaper) -> Vec<String> {
    paper.items.iter().map(|item| item.key.clone()).collect()
}

fn some(of: &[String], places: &[usize]) -> Vec<String> {
    places.iter().map(|place| of[*place].clone()).collect()
}

/// The order in which the seed puts all of them.
fn ranked() -> Vec<String> {
    draw(10).picks.into_iter().map(|pick| pick.key).collect()
}

fn results(paper: &Workpaper, deviating: usize) -> Vec<(String, Vec<AttributeState>, String)> {
    use AttributeState::{Met, NotMet};
    let one = |(place, item): (usize, &TestedItem)| {
        (item.key.clone(), vec![Met, if place < deviating { NotMet } else { Met }], String::new())
    };
    paper.items.iter().enumerate().map(one).collect()
}

#[test]
fn a_plan_says_what_is_done_and_what_counts_as_a_deviation() {
    let refused = |change: &dyn Fn(&mut Plan)| {
        let mut plan = plan();
        change(&mut plan);
        plan.checked().expect_err("refused")
    };
    assert_eq!(refused(&|p| p.procedure = " ".into()), WorkpaperError::Missing("procedure"));
    assert_eq!(refused(&|p| p.procedures.clear()), WorkpaperError::Missing("nature of the test"));
    assert_eq!(
        refused(&|p| p.procedures = BTreeSet::from([Procedure::Inquiry])),
        WorkpaperError::InquiryAlone
    );
    assert_eq!(refused(&|p| p.attributes.clear()), WorkpaperError::Attributes);
    assert_eq!(refused(&|p| p.attributes[1].id = "A".into()), WorkpaperError::Attributes);
    assert_eq!(
        refused(&|p| p.attributes[1].deviation.clear()),
        WorkpaperError::Missing("definition of a deviation")
    );
}

#[test]
fn a_deviation_is_told_with_what_was_tested() {
    let mut paper = drawn();
    assert_eq!(paper.items.len(), 3);
    assert_eq!(paper.complete(Day::of(at(10))), Err(WorkpaperError::Missing("conclusion")));
    let found = results(&paper, 1);
    paper.record(&found, who(1)).expect("recorded");
    let key = paper.items[0].key.clone();
    let no_exceptions = paper.conclude(Outcome::NoExceptions, "fine", None, who(1));
    assert!(matches!(no_exceptions, Err(WorkpaperError::Unfit(_))));
    paper.conclude(Outcome::Exceptions, "It did not operate once.", None, who(1)).expect("concluded");
    assert_eq!(paper.prepare(who(1), at(1)), Err(WorkpaperError::Unexplained(key.clone())));
    let conforming = paper.items[1].key.clone();
    let wrong = paper.except(None, BTreeSet::from([conforming.clone()]), "x", (Cause::Slip, ""), who(1));
    assert_eq!(wrong, Err(WorkpaperError::NoDeviation(conforming)));
    let nature = "The author approved the change";
    let items = BTreeSet::from([key.clone()]);
    assert_eq!(paper.except(None, items, nature, (Cause::Slip, ""), who(1)), Ok(1));
    assert_eq!(paper.prepare(who(1), at(1)), Ok(()));
    let says = "Exception noted: for 1 of 3 items tested, the author approved the change.";
    assert_eq!(paper.result().as_deref(), Some(says));
    // A result that takes the deviation away would leave the exception without ground.
    let all_met = results(&paper, 0);
    assert_eq!(paper.record(&all_met, who(1)), Err(WorkpaperError::NoDeviation(key)));
}

#[test]
fn two_people_sign_and_a_change_leaves_their_signatures_behind() {
    let mut paper = drawn();
    let found = results(&paper, 0);
    paper.record(&found, who(2)).expect("recorded");
    paper.conclude(Outcome::NoExceptions, "It operated.", None, who(1)).expect("concluded");
    assert_eq!(paper.review(who(3), at(1)), Err(WorkpaperError::NotPrepared));
    assert_eq!(paper.share(who(1), at(1)), Err(WorkpaperError::NotPrepared));
    assert_eq!(paper.prepare(who(1), at(2)), Ok(()));
    for author in [1, 2] {
        assert_eq!(paper.review(who(author), at(3)), Err(WorkpaperError::OwnPaper));
    }
    assert_eq!(paper.review(who(3), at(3)), Ok(()));
    assert_eq!(paper.share(who(1), at(4)), Ok(()));
    assert_eq!(paper.share(who(1), at(4)), Err(WorkpaperError::SharedAlready));
    assert_eq!(paper.result().as_deref(), Some("No exceptions noted."));
    paper.conclude(Outcome::NoExceptions, "It operated throughout.", None, who(3)).expect("concluded");
    assert!(paper.prepared().is_none() && paper.reviewed().is_none() && paper.shared().is_none());
    assert!(paper.was_shared());
    paper.prepare(who(1), at(5)).expect("signed again");
    assert_eq!(paper.review(who(3), at(6)), Err(WorkpaperError::OwnPaper), "who wrote since does not review");
}

#[test]
fn what_counts_as_a_deviation_is_fixed_before_testing() {
    let mut paper = drawn();
    let mut other = plan();
    other.attributes.pop();
    paper.replan(other.clone(), who(1)).expect("nothing was tested");
    assert_eq!(paper.items[0].states.len(), 1);
    paper.replan(plan(), who(1)).expect("nothing was tested");
    let found = results(&paper, 0);
    paper.record(&found, who(1)).expect("recorded");
    assert_eq!(paper.replan(other, who(1)), Err(WorkpaperError::Tested));
    let words = Plan { procedure: "Inspected the tickets.".into(), ..plan() };
    assert_eq!(paper.replan(words, who(1)), Ok(()));
    assert!(paper.has_results(), "words alone leave results alone");
    assert_eq!(paper.name_items(&["x".into()], who(1)), Err(WorkpaperError::SelectedAlready));
    let short = vec![(paper.items[0].key.clone(), vec![AttributeState::Met], String::new())];
    assert!(matches!(paper.record(&short, who(1)), Err(WorkpaperError::States(_))));
}

#[test]
fn nothing_to_test_is_a_result_and_nothing_tested_is_none() {
    let mut paper = paper();
    assert!(matches!(
        paper.conclude(Outcome::NoExceptions, "x", None, who(1)),
        Err(WorkpaperError::Unfit(_))
    ));
    assert!(matches!(paper.conclude(Outcome::Exceptions, "x", None, who(1)), Err(WorkpaperError::Unfit(_))));
    let bare = paper.conclude(Outcome::NoOccurrences, "Nobody left.", None, who(1));
    assert!(matches!(bare, Err(WorkpaperError::Unfit(says)) if says.contains("frozen population")));
    let zero = zero_shown(&paper.plan.control, Some(EvidenceKey(7)), at(0)).expect("fits");
    paper.conclude(Outcome::NoOccurrences, "Nobody left.", Some(zero), who(1)).expect("concluded");
    paper.prepare(who(1), at(1)).expect("signed");
    assert!(paper.result().is_some_and(|says| says.starts_with("Not tested: there were no occurrences")));
    assert!(matches!(paper.name_items(&[], who(1)), Err(WorkpaperError::Missing(_))), "none is named");
    paper.name_items(&[" Q1 review ".into(), "Q2 review".into()], who(1)).expect("named");
    assert_eq!(paper.items[0].key, "Q1 review");
    assert_eq!(
        paper.name_items(&["Q1 review".into()], who(1)),
        Err(WorkpaperError::Twice("Q1 review".into()))
    );
    assert!(paper.complete(Day::of(at(10))).is_err(), "the conclusion does not fit any more");
}

#[test]
fn a_sample_is_extended_once_to_the_size_that_was_planned() {
    let mut paper = planned(Some(5));
    let ranked = ranked();
    assert_eq!(keys(&paper), ranked[..3]);
    let extend = |paper: &mut Workpaper, reason: &str| {
        paper.extend(draw(3), reason, &population(), who(1), at(9)).map(|()| paper.items.len())
    };
    let isolated = "a new colleague, in the first week";
    assert_eq!(extend(&mut paper, isolated), Err(WorkpaperError::NothingToExtendFor));
    let found = results(&paper, 1);
    paper.record(&found, who(1)).expect("recorded");
    assert!(matches!(extend(&mut paper, " "), Err(WorkpaperError::Missing(_))));
    assert_eq!(extend(&mut paper, isolated), Ok(5), "to five, not by five");
    assert_eq!(keys(&paper), ranked[..5], "the same seed goes on where it stood");
    assert!(paper.items[3].occurred_at.is_some() && !paper.items[3].is_tested());
    assert_eq!(extend(&mut paper, isolated), Err(WorkpaperError::Sample(SamplingError::ExtendedAlready)));
    assert_eq!(paper.complete(Day::of(at(10))), Err(WorkpaperError::Missing("conclusion")));
    let selected = paper.selected.as_ref().expect("selected");
    assert!(selected.is_extended());
    assert!(matches!(selected.came_by(&ranked[4]), Some(SampleEvent::Extended { .. })));
    assert_eq!(selected.came_by(&ranked[0]), None);

    // Nobody planned one; or what was planned is none.
    let mut plain = drawn();
    let found = results(&plain, 1);
    plain.record(&found, who(1)).expect("recorded");
    let none = SamplingError::ExtensionNotPlanned { planned: None };
    assert_eq!(extend(&mut plain, isolated), Err(WorkpaperError::Sample(none)));
    assert!(Sample::new(draw(3), Some(3)).is_err() && Sample::new(draw(3), Some(11)).is_err());
    let mut by_hand = self::paper();
    by_hand.name_items(&["Q1".into()], who(1)).expect("named");
    assert_eq!(extend(&mut by_hand, isolated), Err(WorkpaperError::NotSelected));
}

#[test]
fn an_item_is_replaced_by_the_next_of_the_reserve_and_stays_in_sight() {
    let mut paper = planned(Some(5));
    let ranked = ranked();
    let replace = |paper: &mut Workpaper, key: &str, absence: Absence, reason: &str| {
        paper.replace(draw(3), (key, absence, reason), &population(), who(2), at(9))
    };
    let why = "cancelled before it was deployed";
    assert!(matches!(replace(&mut paper, &ranked[1], Absence::Void, ""), Err(WorkpaperError::Missing(_))));
    assert_eq!(
        replace(&mut paper, &ranked[1], Absence::NoEvidence, why),
        Err(WorkpaperError::NoEvidence(ranked[1].clone()))
    );
    assert_eq!(
        replace(&mut paper, &ranked[8], Absence::Void, why),
        Err(WorkpaperError::NoItem(ranked[8].clone()))
    );
    assert_eq!(replace(&mut paper, &ranked[1], Absence::Void, why), Ok(false));
    assert_eq!(keys(&paper), some(&ranked, &[0, 3, 2]), "the next one, in its place");
    // What takes a place may be void itself; what it replaced is not in the sample any more.
    assert_eq!(
        replace(&mut paper, &ranked[1], Absence::Void, why),
        Err(WorkpaperError::NoItem(ranked[1].clone()))
    );
    assert_eq!(replace(&mut paper, &ranked[3], Absence::NotApplicable, why), Ok(true), "check the filter");
    assert_eq!(keys(&paper), some(&ranked, &[0, 4, 2]));
    let selected = paper.selected.clone().expect("selected");
    let replaced: Vec<String> = selected.replaced().map(|(item, _)| item.key.clone()).collect();
    assert_eq!(replaced, some(&ranked, &[1, 3]));
    assert!(matches!(selected.came_by(&ranked[4]), Some(SampleEvent::Replaced(one)) if one.key == ranked[3]));

    // A deviation is a result.
    let found = results(&paper, 1);
    paper.record(&found, who(1)).expect("recorded");
    let deviating = ranked[0].clone();
    assert_eq!(
        replace(&mut paper, &deviating, Absence::Void, why),
        Err(WorkpaperError::DeviatesSoStays(deviating.clone()))
    );
    // The extension goes on behind what replacements took, by as many as were planned.
    paper.extend(draw(3), "isolated", &population(), who(1), at(10)).expect("extended");
    assert_eq!(keys(&paper), some(&ranked, &[0, 4, 2, 5, 6]));
    assert_eq!(paper.deviations(), 1);
    // Whoever has the list can let all of it happen again, and another list gives nothing.
    let selected = paper.selected.clone().expect("selected");
    let sample = selected.sample(draw(3)).expect("again");
    let tested: BTreeSet<String> = sample.units().iter().map(|pick| pick.key.clone()).collect();
    assert_eq!(tested, keys(&paper).into_iter().collect());
    let other = frame().random(&Seed::random([8; 32]), 3).expect("a draw");
    assert!(selected.sample(other).is_err());
    // All of it is signed.
    let before = paper.digest();
    paper.selected.as_mut().expect("selected").changes[0].at = at(1);
    assert_ne!(paper.digest(), before);
}

#[test]
fn items_that_a_person_chose_have_no_reserve() {
    let mut paper = paper();
    let chosen = frame()
        .chosen(
            crate::program::sampling::Method::Targeted,
            &["CHG-04".into(), "CHG-07".into()],
            "made by administrators",
        )
        .expect("chosen");
    let sample = Sample::new(chosen.clone(), None).expect("a sample");
    paper.select(PopulationKey(4), &sample, "", &population(), who(1)).expect("selected");
    let replaced = paper.replace(chosen, ("CHG-04", Absence::Void, "x"), &population(), who(1), at(2));
    assert_eq!(replaced, Err(WorkpaperError::NoReserve));
}

#[test]
fn a_second_draw_needs_a_reason_another_person_and_nothing_tested() {
    let mut paper = drawn();
    let again = |paper: &mut Workpaper, why: &str, by: u128| {
        let draw = frame().random(&Seed::random([9; 32]), 4).expect("a draw");
        let sample = Sample::new(draw, None).expect("a sample");
        paper.select(PopulationKey(4), &sample, why, &population(), who(by))
    };
    assert_eq!(again(&mut paper, "", 2), Err(WorkpaperError::NoReasonAgain));
    assert_eq!(again(&mut paper, "the size was wrong", 1), Err(WorkpaperError::DrawsAgain));
    assert_eq!(again(&mut paper, "the size was wrong", 2), Ok(()));
    let selected = paper.selected.clone().expect("selected");
    assert_eq!((paper.items.len(), selected.again.as_str()), (4, "the size was wrong"));
    assert_eq!(selected.earlier.len(), 1, "the first draw stays in sight");
    assert_eq!(selected.earlier[0].draw.picks.len(), 3);
    assert_eq!(again(&mut paper, "once more", 1), Err(WorkpaperError::DrawsAgain), "drew before");
    let found = results(&paper, 0);
    paper.record(&found, who(2)).expect("recorded");
    assert_eq!(again(&mut paper, "once more", 3), Err(WorkpaperError::DrawnAndTested));
    // What was written before any of this was kept reads as it was signed.
    let old = serde_json::json!({"population": 4, "draw": selected.earlier[0].draw});
    let read: Selected = serde_json::from_value(old.clone()).expect("read");
    assert_eq!(serde_json::to_value(&read).expect("written"), old);
}

/// What a list of a control from a moment on shows about a period from `at(0)` to `at(100)`.
fn zero_shown(
    control: &ControlId,
    zero: Option<EvidenceKey>,
    from: Timestamp,
) -> Result<ZeroShown, WorkpaperError> {
    let mut population = Population {
        key: PopulationKey(3),
        definition: Definition {
            control: control.clone(),
            title: "Leavers".into(),
            trigger: "somebody leaves".into(),
            attributes: plan().attributes,
            from,
            to: at(100),
        },
        defined_at: at(100),
        ipe: None,
        file: None,
        items: u64::from(zero.is_none()),
        frozen: None,
    };
    let key = zero.is_none().then_some("L-1");
    population.frozen = Some(population.freeze(key, zero, at(101)).expect("freezes"));
    ZeroShown::of(&population, &plan().control, (at(0), at(100)))
}

#[test]
fn no_occurrences_are_shown_by_a_frozen_list_without_items_that_covers_the_period() {
    let (control, evidence) = (plan().control, Some(EvidenceKey(7)));
    let shown = zero_shown(&control, evidence, at(0)).expect("fits");
    assert_eq!((shown.population, shown.evidence), (PopulationKey(3), EvidenceKey(7)));
    let refused = |found: Result<ZeroShown, WorkpaperError>, part: &str| match found {
        Err(WorkpaperError::Unfit(says)) => assert!(says.contains(part), "{says}"),
        other => panic!("{other:?}"),
    };
    refused(zero_shown(&"OTHER-1".parse().expect("an id"), evidence, at(0)), "another control");
    refused(zero_shown(&control, None, at(0)), "has items");
    refused(zero_shown(&control, evidence, at(1)), "whole period");
}

#[test]
fn what_management_does_about_an_exception_is_due_in_the_time_examined_or_later() {
    let day = |text: &str| text.parse::<Day>().expect("a day");
    let answer = |response: &str, due: Option<&str>| {
        let response = ManagementResponse {
            workpaper: 1,
            exception: 1,
            response: response.into(),
            action: "Enforced.".into(),
            due: due.map(day),
        };
        response.checked(day("2026-01-01"))
    };
    assert!(answer("We looked back.", None).is_ok() && answer("We looked back.", Some("2026-01-01")).is_ok());
    let (due, begin) = (day("2025-12-31"), day("2026-01-01"));
    let early = answer("We looked back.", Some("2025-12-31"));
    assert_eq!(early, Err(WorkpaperError::DueBefore { due, begin }));
    let empty = answer(" ", None).expect_err("it says nothing");
    assert_eq!(empty.to_string(), "it lacks the response");
}
