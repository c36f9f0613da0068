//! The rules of workpapers.

use uuid::Uuid;

use super::*;
use crate::program::sampling::{Frame, Seed, Unit};

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

/// Ten changes of which three were drawn.
fn drawn() -> Workpaper {
    let units: Vec<Unit> = (1..=10).map(|n| Unit { key: format!("CHG-{n:02}"), stratum: None }).collect();
    let draw = Frame::new(units).expect("a frame").random(&Seed::random([7; 32]), 3).expect("a draw");
    let unit =
        |key: &str| Item { key: key.into(), occurred_at: at(5), states: Vec::new(), note: String::new() };
    let picked: Vec<Item> = draw.picks.iter().map(|pick| unit(&pick.key)).collect();
    let mut paper = paper();
    paper.select(PopulationKey(4), &draw, &picked, who(1)).expect("selected");
    paper
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
    assert_eq!(paper.complete(), Err(WorkpaperError::Missing("conclusion")));
    let found = results(&paper, 1);
    paper.record(&found, who(1)).expect("recorded");
    let key = paper.items[0].key.clone();
    let no_exceptions = paper.conclude(Outcome::NoExceptions, "fine", who(1));
    assert!(matches!(no_exceptions, Err(WorkpaperError::Unfit(_))));
    paper.conclude(Outcome::Exceptions, "It did not operate once.", who(1)).expect("concluded");
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
    paper.conclude(Outcome::NoExceptions, "It operated.", who(1)).expect("concluded");
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
    paper.conclude(Outcome::NoExceptions, "It operated throughout.", who(3)).expect("concluded");
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
    assert!(matches!(paper.conclude(Outcome::NoExceptions, "x", who(1)), Err(WorkpaperError::Unfit(_))));
    assert!(matches!(paper.conclude(Outcome::Exceptions, "x", who(1)), Err(WorkpaperError::Unfit(_))));
    paper.conclude(Outcome::NoOccurrences, "Nobody left.", who(1)).expect("concluded");
    paper.prepare(who(1), at(1)).expect("signed");
    assert!(paper.result().is_some_and(|says| says.starts_with("Not tested: there were no occurrences")));
    paper.name_items(&[" Q1 review ".into(), "Q2 review".into()], who(1)).expect("named");
    assert_eq!(paper.items[0].key, "Q1 review");
    assert_eq!(
        paper.name_items(&["Q1 review".into()], who(1)),
        Err(WorkpaperError::Twice("Q1 review".into()))
    );
    assert!(paper.complete().is_err(), "the conclusion does not fit any more");
}
