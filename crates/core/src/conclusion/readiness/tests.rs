//! The worked example, every "never", and that nothing gets better by getting worse.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::Timestamp;
use crate::control::CriterionMapping;
use crate::id::ActorId;
use crate::observation::interval::Shares;
use crate::observation::{ReasonClass, Verdict};

const PERIOD: TargetType = TargetType::Type2 { occurrences: 12 };

fn somebody() -> ActorId {
    ActorId(uuid::Uuid::from_u128(1))
}

fn decision(question: Question, answer: Answer, second: i64) -> Decision {
    Decision::new(question, answer, somebody(), Timestamp::from_seconds(second), "seen")
        .expect("has a reason")
}

fn rating(answers: [Answer; 4]) -> Rating {
    Rating::of(Question::ALL.into_iter().zip(answers).map(|(question, answer)| decision(question, answer, 1)))
}

/// Reads answers from scores, with `-` for not assessed: `2212`.
fn scored(scores: &str) -> [Answer; 4] {
    let mut answers = [Answer::NotAssessed; 4];
    for (answer, score) in answers.iter_mut().zip(scores.chars()) {
        *answer = match score {
            '2' => Answer::Yes,
            '1' => Answer::Partly,
            '0' => Answer::No,
            _ => Answer::NotAssessed,
        };
    }
    answers
}

fn input(id: usize, answers: [Answer; 4], target: TargetType, criteria: &[(&str, bool)]) -> ControlInput {
    ControlInput {
        id: format!("C-{id}").parse().expect("id"),
        rating: rating(answers),
        target,
        criteria: criteria
            .iter()
            .map(|&(criterion, is_key)| CriterionMapping {
                framework: "f".into(),
                criterion: criterion.into(),
                is_key,
            })
            .collect(),
    }
}

fn assess(criteria: &[&str], controls: &[ControlInput]) -> Assessment {
    Assessment::of("f", criteria.iter().copied(), controls, &BTreeMap::new())
}

/// Assesses one criterion with key controls of these scores.
fn key(scores: &[&str]) -> Assessment {
    let controls: Vec<_> = scores
        .iter()
        .enumerate()
        .map(|(id, scores)| input(id, scored(scores), PERIOD, &[("X", true)]))
        .collect();
    assess(&["X"], &controls)
}

#[test]
fn the_worked_example() {
    let assessment = key(&["2222", "2212", "1222"]);
    let figure = assessment.figure;
    assert_eq!(figure.key_points(), Points { earned: 22, possible: 24 });
    assert_eq!(figure.percent(), "91.7 %");
    assert_eq!(assessment.criteria[0].status(), CriterionStatus::PartlyMet);
    assert_eq!(figure.to_string(), "readiness 91.7 %; of 1 criteria 0 not met, 1 partly met, 0 not assessed");
}

#[test]
fn the_status_of_a_control_names_what_is_wrong_first() {
    use ControlStatus::{DesignWeakness, EvidenceWeakness, Gap, NotAssessed, OperatingWeakness, Ready};
    for (scores, type_2, type_1) in [
        ("2222", Ready, Ready),
        ("0222", Gap, Gap),
        ("2022", Gap, Gap),
        ("1022", Gap, Gap),
        ("1222", DesignWeakness, DesignWeakness),
        ("2202", OperatingWeakness, Ready),
        ("2212", OperatingWeakness, Ready),
        ("2122", OperatingWeakness, OperatingWeakness),
        ("2221", EvidenceWeakness, EvidenceWeakness),
        ("2220", EvidenceWeakness, EvidenceWeakness),
        ("2210", OperatingWeakness, EvidenceWeakness),
        ("22-2", NotAssessed, Ready),
        ("222-", NotAssessed, NotAssessed),
        ("----", NotAssessed, NotAssessed),
        // An open question never hides a bad answer.
        ("0---", Gap, Gap),
        ("-1--", OperatingWeakness, OperatingWeakness),
        ("2-0-", OperatingWeakness, NotAssessed),
        ("---1", EvidenceWeakness, EvidenceWeakness),
    ] {
        let rating = rating(scored(scores));
        assert_eq!(rating.status(PERIOD), type_2, "{scores}");
        assert_eq!(rating.status(TargetType::Type1), type_1, "{scores}");
        assert_eq!(
            rating.status(TargetType::Type2 { occurrences: 0 }),
            type_1,
            "{scores} without occurrences"
        );
    }
    assert_eq!(rating(scored("2202")).points(PERIOD), Points { earned: 6, possible: 8 });
    assert_eq!(rating(scored("2202")).points(TargetType::Type1), Points { earned: 6, possible: 6 });
}

#[test]
fn the_status_of_a_criterion_follows_its_key_controls() {
    use CriterionStatus::{Met, NotAssessed, NotMet, PartlyMet};
    for (scores, expected) in [
        (&["2222"][..], Met),
        (&["2222", "2222"], Met),
        (&["2222", "2220"], PartlyMet),
        (&["0222", "2220"], NotMet),
        (&["2222", "----"], NotAssessed),
        (&["----"], NotAssessed),
        (&["----", "0---"], NotMet),
        (&["----", "0---", "2222"], PartlyMet),
    ] {
        assert_eq!(key(scores).criteria[0].status(), expected, "{scores:?}");
    }
}

#[test]
fn a_criterion_without_a_control_is_not_met_and_never_left_out() {
    let assessment = assess(&["X", "Y"], &[input(0, scored("2222"), PERIOD, &[("X", true)])]);
    assert_eq!(assessment.criteria[1].status(), CriterionStatus::NotMet);
    assert_eq!(assessment.criteria[1].suggested.reason, "no control is mapped to it");
    assert_eq!(assessment.figure.criteria().not_met, 1);
    let decided =
        CriterionDecision::new(CriterionStatus::Met, somebody(), Timestamp::from_seconds(1), "once was");
    let judgement = CriterionJudgement { decision: decided.ok(), ..CriterionJudgement::default() };
    let judgements = BTreeMap::from([("Y".to_owned(), judgement)]);
    let assessment = Assessment::of("f", ["Y"], &[], &judgements);
    assert_eq!(assessment.criteria[0].status(), CriterionStatus::NotMet);
}

#[test]
fn people_judge_coverage_compensation_and_the_status_itself() {
    let ready = input(0, scored("2222"), PERIOD, &[("X", true)]);
    let gap = input(1, scored("0222"), PERIOD, &[("X", true)]);
    let secondary = input(2, scored("2222"), PERIOD, &[("X", false)]);
    let status = |controls: &[ControlInput], judgement: CriterionJudgement| {
        let judgements = BTreeMap::from([("X".to_owned(), judgement)]);
        Assessment::of("f", ["X"], controls, &judgements).criteria[0].status()
    };
    let lacks = CriterionJudgement { lacks: Some("contractors".into()), ..Default::default() };
    let compensated =
        CriterionJudgement { compensation: Some("C-2 does the same".into()), ..Default::default() };
    let decided = CriterionJudgement {
        decision: CriterionDecision::new(
            CriterionStatus::NotMet,
            somebody(),
            Timestamp::from_seconds(1),
            "design misses the risk",
        )
        .ok(),
        ..Default::default()
    };
    assert_eq!(status(std::slice::from_ref(&ready), lacks), CriterionStatus::PartlyMet);
    assert_eq!(status(&[gap.clone(), secondary.clone()], Default::default()), CriterionStatus::NotMet);
    assert_eq!(status(&[gap, secondary.clone()], compensated.clone()), CriterionStatus::PartlyMet);
    assert_eq!(status(std::slice::from_ref(&secondary), Default::default()), CriterionStatus::NotMet);
    assert_eq!(status(&[secondary], compensated), CriterionStatus::PartlyMet);
    assert_eq!(status(&[ready], decided), CriterionStatus::NotMet);
}

#[test]
fn the_figure_never_says_all_while_a_criterion_is_below_met() {
    let ready = || input(0, scored("2222"), PERIOD, &[("X", true)]);
    assert_eq!(assess(&["X"], &[ready()]).figure.percent(), "100.0 %");
    // All points are earned and a criterion has no control.
    let figure = assess(&["X", "Y"], &[ready()]).figure;
    assert_eq!(figure.key_points(), Points { earned: 8, possible: 8 });
    assert_eq!((figure.basis_points(), figure.percent().as_str()), (9_999, "99.9 %"));
    // Rounding does not lift one missing point of very many to the whole.
    let mut controls: Vec<_> =
        (1..4_000).map(|id| input(id, scored("2222"), PERIOD, &[("X", true)])).collect();
    controls.push(input(0, scored("2221"), PERIOD, &[("X", false)]));
    let figure = assess(&["X"], &controls).figure;
    assert_eq!(figure.criteria().met, 1);
    assert_eq!((figure.basis_points(), figure.percent().as_str()), (9_999, "99.9 %"));
    assert_eq!(assess(&["X"], &[]).figure.percent(), "0.0 %");
    assert_eq!(assess(&[], &[]).figure.basis_points(), 0);
}

#[test]
fn what_was_not_assessed_earns_nothing_and_stays_in() {
    let figure = key(&["2222", "----"]).figure;
    assert_eq!(figure.key_points(), Points { earned: 8, possible: 16 });
    assert_eq!(figure.percent(), "50.0 %");
}

#[test]
fn key_controls_weigh_three_times_as_much_as_others() {
    let controls =
        [input(0, scored("2222"), PERIOD, &[("X", true)]), input(1, scored("0000"), PERIOD, &[("X", false)])];
    let figure = assess(&["X"], &controls).figure;
    assert_eq!(figure.basis_points(), 7_500);
    assert_eq!(figure.secondary_points(), Points { earned: 0, possible: 8 });
    // Key for one criterion is key; a criterion of another framework or out of scope does not count.
    let mixed = input(0, scored("2222"), PERIOD, &[("X", false), ("Y", true), ("Z", true)]);
    assert!(assess(&["X", "Y"], std::slice::from_ref(&mixed)).controls[0].is_key);
    assert!(!assess(&["X"], std::slice::from_ref(&mixed)).controls[0].is_key);
    assert!(assess(&["Q"], std::slice::from_ref(&mixed)).controls.is_empty());
    assert!(Assessment::of("g", ["X"], &[mixed], &BTreeMap::new()).controls.is_empty());
}

#[test]
fn the_latest_decision_counts_and_history_stays_readable() {
    let history = [
        decision(Question::Designed, Answer::No, 1),
        decision(Question::Designed, Answer::Yes, 5),
        decision(Question::Designed, Answer::Partly, 3),
    ];
    assert_eq!(Rating::of(history.clone()).answer(Question::Designed), Answer::Yes);
    let at =
        |second| Rating::as_of(history.clone(), Timestamp::from_seconds(second)).answer(Question::Designed);
    assert_eq!([at(0), at(1), at(4), at(5)], [Answer::NotAssessed, Answer::No, Answer::Partly, Answer::Yes]);
    let unreasoned =
        Decision::new(Question::Designed, Answer::Yes, somebody(), Timestamp::from_seconds(1), " ");
    assert_eq!(unreasoned, Err(DecisionError::NoReason));
}

fn result(check: &str, verdicts: &[Verdict]) -> TestResult {
    let targets = verdicts.iter().enumerate().map(|(number, &verdict)| TargetResult {
        target: format!("host-{number}"),
        verdict,
        reason: (verdict == Verdict::Unknown).then_some(ReasonClass::NotPermitted),
    });
    TestResult { check: check.into(), targets: targets.collect() }
}

#[test]
fn tests_suggest_whether_a_control_is_implemented() {
    use Verdict::{Fail, NotApplicable, Pass, Unknown};
    let check = |verdicts: &[Verdict], expected: Option<(Answer, &str)>| {
        let suggestion = suggest_implemented(&[result("c", verdicts)]);
        let found = suggestion.as_ref().map(|suggestion| (suggestion.answer, suggestion.reason.as_str()));
        assert_eq!(found, expected, "{verdicts:?}");
    };
    check(&[Pass, Pass], Some((Answer::Yes, "all 2 results pass")));
    check(&[Pass, NotApplicable], Some((Answer::Yes, "all 1 results pass; 1 not applicable")));
    check(&[Pass, Fail], Some((Answer::Partly, "1 of 2 results seen fail")));
    check(&[Fail, Fail], Some((Answer::No, "all 2 results seen fail")));
    check(
        &[Fail, Unknown],
        Some((Answer::No, "all 1 results seen fail; could not see: 1 not permitted to read it")),
    );
    check(
        &[Pass, Unknown],
        Some((Answer::NotAssessed, "1 of 2 results pass, could not see: 1 not permitted to read it")),
    );
    check(&[Unknown], Some((Answer::NotAssessed, "could not see: 1 not permitted to read it")));
    check(&[NotApplicable], None);
    assert_eq!(suggest_implemented(&[]), None);
    let with_one_that_never_ran = [result("a", &[Pass]), result("b", &[])];
    let suggestion = suggest_implemented(&with_one_that_never_ran).expect("one ran");
    assert_eq!(suggestion.answer, Answer::NotAssessed);
    assert_eq!(suggestion.checks, ["a", "b"]);
}

#[test]
fn the_time_seen_suggests_whether_a_control_operated() {
    let check = |pass_us, fail_us, unknown_us, expected: Option<(Answer, &str)>| {
        let seen = Shares { pass_us, fail_us, unknown_us, not_applicable_us: 50 };
        let suggestion = suggest_operating(&["c".into()], seen);
        assert_eq!(suggestion.as_ref().map(|found| (found.answer, found.reason.as_str())), expected);
    };
    check(100, 0, 0, Some((Answer::Yes, "no failure in 100.00 % of the time, not seen for 0.00 %")));
    check(95, 0, 5, Some((Answer::Yes, "no failure in 95.00 % of the time, not seen for 5.00 %")));
    check(94, 0, 6, Some((Answer::NotAssessed, "no failure in 94.00 % of the time, not seen for 6.00 %")));
    check(99_999, 1, 0, Some((Answer::Partly, "fails for 0.01 % of the time, not seen for 0.00 %")));
    check(0, 10, 90, Some((Answer::No, "fails for 10.00 % of the time, not seen for 90.00 %")));
    check(0, 0, 10, Some((Answer::NotAssessed, "no failure in 0.00 % of the time, not seen for 100.00 %")));
    check(0, 0, 0, None);
    check(
        i64::MAX,
        i64::MAX,
        i64::MAX,
        Some((Answer::Partly, "fails for 33.34 % of the time, not seen for 33.34 %")),
    );
}

#[test]
fn evidence_that_was_kept_suggests_evidenced() {
    let answer = |looks, retained, is_population_known| {
        let seen = EvidenceSeen { looks, retained, is_population_known };
        suggest_evidenced(&["c".into()], seen).map(|suggestion| suggestion.answer)
    };
    assert_eq!(answer(30, 30, true), Some(Answer::Yes));
    assert_eq!(answer(30, 30, false), Some(Answer::Partly));
    assert_eq!(answer(30, 29, true), Some(Answer::Partly));
    assert_eq!(answer(30, 0, true), None);
    assert_eq!(answer(0, 5, true), None);
}

#[test]
fn a_suggestion_becomes_an_answer_through_a_person_only() {
    let suggestion = suggest_implemented(&[result("c", &[Verdict::Pass])]).expect("passes");
    assert_eq!(Rating::default().answer(Question::Implemented), Answer::NotAssessed);
    let decision = suggestion.accepted(somebody(), Timestamp::from_seconds(9));
    assert_eq!((decision.by, decision.answer), (somebody(), Answer::Yes));
    assert_eq!(decision.reason, "took over what tests suggest: all 1 results pass");
    assert_eq!(Rating::of([decision]).answer(Question::Implemented), Answer::Yes);
}

fn any_answer() -> impl Strategy<Value = Answer> {
    prop::sample::select(&Answer::ALL[..])
}

fn any_target() -> impl Strategy<Value = TargetType> {
    prop_oneof![Just(TargetType::Type1), (0..3_u64).prop_map(|occurrences| TargetType::Type2 { occurrences })]
}

type AnyControl = ([Answer; 4], TargetType, [Option<bool>; 3]);

fn any_controls() -> impl Strategy<Value = Vec<AnyControl>> {
    let mapping = || prop::option::of(any::<bool>());
    let control = (
        [any_answer(), any_answer(), any_answer(), any_answer()],
        any_target(),
        [mapping(), mapping(), mapping()],
    );
    prop::collection::vec(control, 1..6)
}

const CRITERIA: [&str; 3] = ["X", "Y", "Z"];

fn assess_any(controls: &[AnyControl]) -> Assessment {
    let inputs: Vec<_> = controls
        .iter()
        .enumerate()
        .map(|(id, (answers, target, mappings))| {
            let criteria: Vec<_> =
                CRITERIA.into_iter().zip(mappings).filter_map(|(name, key)| Some((name, (*key)?))).collect();
            input(id, *answers, *target, &criteria)
        })
        .collect();
    assess(&CRITERIA, &inputs)
}

/// Returns the next worse answer.
fn worse(answer: Answer) -> Answer {
    match answer {
        Answer::Yes => Answer::Partly,
        Answer::Partly | Answer::No => Answer::No,
        // What nobody knows can turn out to be bad.
        Answer::NotAssessed => Answer::No,
    }
}

proptest! {
    #[test]
    fn one_worse_answer_improves_nothing(controls in any_controls(), which in any::<prop::sample::Index>(), question in 0..4_usize) {
        let before = assess_any(&controls);
        let mut changed = controls;
        let position = which.index(changed.len());
        let answer = &mut changed[position].0[question];
        *answer = worse(*answer);
        let after = assess_any(&changed);
        prop_assert!(after.figure.basis_points() <= before.figure.basis_points());
        for (before, after) in before.controls.iter().zip(&after.controls) {
            prop_assert!(after.status <= before.status, "{:?} to {:?}", before.status, after.status);
        }
        for (before, after) in before.criteria.iter().zip(&after.criteria) {
            prop_assert!(after.status() <= before.status(), "{:?} to {:?}", before.status(), after.status());
        }
    }

    #[test]
    fn leaving_a_question_open_never_makes_anything_ready_or_the_figure_better(
        controls in any_controls(), which in any::<prop::sample::Index>(), question in 0..4_usize
    ) {
        let before = assess_any(&controls);
        let mut changed = controls;
        let position = which.index(changed.len());
        changed[position].0[question] = Answer::NotAssessed;
        let after = assess_any(&changed);
        prop_assert!(after.figure.basis_points() <= before.figure.basis_points());
        for (before, after) in before.controls.iter().zip(&after.controls) {
            prop_assert!(after.status != ControlStatus::Ready || before.status == ControlStatus::Ready);
        }
        for (before, after) in before.criteria.iter().zip(&after.criteria) {
            prop_assert!(after.status() != CriterionStatus::Met || before.status() == CriterionStatus::Met);
        }
    }

    #[test]
    fn the_whole_is_shown_only_when_every_criterion_is_met(controls in any_controls()) {
        let figure = assess_any(&controls).figure;
        prop_assert!(figure.basis_points() <= 10_000);
        if figure.criteria().met < figure.criteria().total() {
            prop_assert!(figure.basis_points() < 10_000);
            prop_assert!(!figure.percent().starts_with("100"));
        }
        prop_assert_eq!(figure.criteria().total(), CRITERIA.len(), "no criterion is left out");
        prop_assert!(figure.to_string().contains("not met"), "never without the criteria not met");
    }

    #[test]
    fn a_worse_verdict_never_improves_a_suggestion(codes in prop::collection::vec(0..4_u8, 1..8), which in any::<prop::sample::Index>()) {
        let rank = |answer: Option<Answer>| answer.and_then(Answer::score);
        let suggest = |codes: &[u8]| {
            let verdicts: Vec<_> = codes.iter().map(|&code| Verdict::from_code(code)).collect();
            suggest_implemented(&[result("c", &verdicts)]).map(|suggestion| suggestion.answer)
        };
        let before = suggest(&codes);
        let position = which.index(codes.len());
        let mut failing = codes.clone();
        failing[position] = Verdict::Fail.code();
        let after = suggest(&failing);
        prop_assert!(after != Some(Answer::Yes));
        if let (Some(before), Some(after)) = (rank(before), rank(after)) {
            prop_assert!(after <= before);
        }
        let mut unseen = codes;
        unseen[position] = Verdict::Unknown.code();
        prop_assert!(suggest(&unseen) != Some(Answer::Yes), "what could not be seen is never a yes");
    }
}
