//! A period of controls, on both databases: what the board and the conclusions say, and comparisons of assessments.

use std::collections::BTreeSet;

use tickmark_app::conclusion::period;
use tickmark_app::observation::waiver;
use tickmark_app::testing::World;
use tickmark_app::{Error, conclusion, control, report};
use tickmark_core::catalog::{Catalog, Nature};
use tickmark_core::conclusion::period::{Grain, State, Subject, TestKind};
use tickmark_core::conclusion::readiness::{Answer, ControlStatus, Question};
use tickmark_core::control::{ControlId, ControlState, Frequency};
use tickmark_core::id::TargetKey;
use tickmark_core::observation::Verdict;
use tickmark_core::observation::waiver::{Request, Scope};
use tickmark_core::report::Comparison;
use tickmark_core::report::compare::{Area, Reason};
use tickmark_core::time::DAY_US;
use tickmark_core::{Digest, Span};

use crate::observation::{facts, host, library, run, seen};

const ROOT: &str = "acct-root-only-uid0";
const DAY: i64 = 86_400;

#[tokio::test]
async fn the_board_shows_each_control_as_of_its_time() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let person = world.person(&app, &actor).await;
        let (catalog, library, hosts) = (Catalog::builtin(), library(""), [host("a"), host("b")]);
        let tested: ControlId =
            library.get(ROOT).expect("built in").definition().controls[0].parse().expect("an id");
        let quarterly: ControlId = catalog
            .controls
            .iter()
            .find(|c| {
                c.frequency == Frequency::Quarterly
                    && c.nature != Nature::Automated
                    && c.id != tested.as_str()
            })
            .map(|starter| starter.id.parse().expect("an id"))
            .expect("a quarterly control");
        app.transact(&actor, async |cx| {
            control::adopt_starters(cx, &catalog).await?;
            control::sync_tests(cx, &library).await
        })
        .await
        .expect("adopted");
        let begin = app.now();
        world.wait(DAY);
        app.transact(&person, async |cx| {
            control::put_in_force(cx, &tested, person.id).await?;
            control::put_in_force(cx, &quarterly, person.id).await
        })
        .await
        .expect("in force");
        let good = |at: &_| seen(at, facts(&[("root", 0)]));
        let bad = |at: &_| seen(at, facts(&[("root", 0), ("toor", 0)]));
        let mut looks = Vec::new();
        // Day 1 good, days 2 to 4 host b is bad and on day 4 that is waived, day 5 good.
        for day in 1..=5 {
            let second = if (2..=4).contains(&day) { bad(&hosts[1]) } else { good(&hosts[1]) };
            looks.push(app.now());
            run(&app, &actor, &library, &hosts, vec![good(&hosts[0]), second]).await;
            if day == 4 {
                let request = Request {
                    check: ROOT.into(),
                    scope: Scope::Targets(BTreeSet::from([TargetKey(2)])),
                    reason: "toor belongs to an appliance".into(),
                    risk: "two names for one power".into(),
                    compensation: "its password is locked".into(),
                    note: String::new(),
                    requested_by: actor.id,
                    expires_at: app.now().plus_micros(30 * DAY_US),
                };
                app.transact(&person, async |cx| waiver::grant(cx, request).await).await.expect("granted");
            }
            world.wait(DAY);
        }
        let asked = Span { from: begin, to: Some(begin.plus_micros(10 * DAY_US)) };
        let board = app.read(&actor, async |view| period::board(view, asked).await).await.expect("computed");
        assert_eq!((board.grain, board.rows.len()), (Grain::Day, catalog.controls.len()));
        let row = |id: &ControlId| board.rows.iter().find(|row| row.control == *id).expect("a row");
        let states: Vec<State> = row(&tested).cells.iter().map(|cell| cell.state).collect();
        // The world's clock stands at a quarter to three, so a cell of the calendar begins in the night between looks.
        assert_eq!(
            states[..6],
            [
                State::NotInForce,
                State::Operating,
                State::Deviation,
                State::Deviation,
                State::Deviation,
                State::Waived
            ],
            "{states:?}"
        );
        assert_eq!(states.last(), Some(&State::NotYetDue));
        assert_eq!(row(&tested).cells[3].deviating, 1);
        assert_eq!(row(&tested).tests, [(TestKind::Configuration, ROOT.to_owned())]);
        assert_eq!((row(&tested).force, row(&tested).state), (ControlState::Active, State::Deviation));
        assert_eq!(row(&quarterly).state, State::NotYetDue);
        assert_eq!(row(&quarterly).windows.len(), 1);
        let draft = board.rows.iter().find(|row| row.force == ControlState::Draft && row.tests.is_empty());
        assert_eq!(draft.map(|row| row.state), Some(State::NotInForce));

        let conclusions =
            app.read(&actor, async |view| period::conclude(view, asked).await).await.expect("computed");
        let of = conclusions.iter().find(|one| one.control == tested).expect("concluded");
        let [test] = of.tests.as_slice() else { panic!("one test: {of:#?}") };
        let deviation = test.deviations.first().expect("one deviation");
        assert_eq!(
            (deviation.last_seen_good, deviation.first_seen_bad, deviation.good_again),
            (Some(looks[0]), looks[1], Some(looks[4]))
        );
        assert_eq!((&deviation.subject, deviation.waivers.len()), (&Subject::Target(TargetKey(2)), 1));
        assert_eq!(
            (test.deviations.len(), of.state),
            (1, State::Deviation),
            "the waiver came too late for all of it"
        );

        let one = app
            .read(&actor, async |view| period::control_period(view, &tested, asked).await)
            .await
            .expect("computed");
        assert_eq!(&one.row, row(&tested));
        assert_eq!(&one.tests[0].conclusion, test);
        let names: Vec<_> = one.tests[0].targets.iter().map(|target| target.name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        assert!(one.tests[0].targets[0].cells.iter().all(|cell| cell.deviating == 0));

        // A year later nobody has looked again, and the windows have passed.
        world.wait(365 * DAY);
        let year = Span { from: begin, to: None };
        let board = app.read(&actor, async |view| period::board(view, year).await).await.expect("computed");
        let row = |id: &ControlId| board.rows.iter().find(|row| row.control == *id).expect("a row");
        assert_eq!(board.grain, Grain::Week);
        assert_eq!(
            row(&tested).cells.last().map(|cell| cell.state),
            Some(State::Unknown),
            "stale is not operating"
        );
        assert_eq!(row(&quarterly).state, State::Missed);

        let refused =
            async |span| app.read(&actor, async |view| period::board(view, span).await).await.map(|_| ());
        assert!(matches!(refused(Span { from: begin, to: Some(begin) }).await, Err(Error::Invalid(_))));
        let long = Span { from: begin.plus_micros(-5000 * DAY_US), to: None };
        assert!(matches!(refused(long).await, Err(Error::Invalid(_))));
        let nobody: ControlId = "NOPE-1".parse().expect("an id");
        let missing = app.read(&actor, async |view| period::control_period(view, &nobody, asked).await).await;
        assert!(matches!(missing, Err(Error::NotFound { .. })));
        app.close().await;
    }
}

#[tokio::test]
async fn two_assessments_say_what_changed_and_why() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let person = world.person(&app, &actor).await;
        let (catalog, library, hosts) = (Catalog::builtin(), library(""), [host("a")]);
        let tested: ControlId =
            library.get(ROOT).expect("built in").definition().controls[0].parse().expect("an id");
        app.transact(&actor, async |cx| {
            control::adopt_starters(cx, &catalog).await?;
            control::sync_tests(cx, &library).await
        })
        .await
        .expect("adopted");
        let look = async |users: &[(&str, u32)]| {
            run(&app, &actor, &library, &hosts, vec![seen(&hosts[0], facts(users))]).await;
            world.wait(60);
        };
        let snapshot = async || {
            app.transact(&person, async |cx| {
                let model = report::readiness(cx, &catalog, &library, "Robin", "Tickmark").await?;
                conclusion::snapshot(cx, &model).await
            })
            .await
            .expect("taken")
            .key
        };
        look(&[("root", 0)]).await;
        let (first, again) = (snapshot().await, snapshot().await);
        let compare = async |one, other| {
            app.read(&actor, async |view| report::compare(view, one, other).await).await.expect("compared")
        };
        assert_eq!(compare(first, again).await.changes, [], "nothing changed");
        look(&[("root", 0), ("toor", 0)]).await;
        app.transact(&person, async |cx| {
            for question in Question::ALL {
                conclusion::decide(cx, &tested, question, Answer::Yes, "walked through").await?;
            }
            Ok(())
        })
        .await
        .expect("decided");
        let last = snapshot().await;
        let comparison = compare(first, last).await;
        assert_eq!(
            comparison,
            compare(last, first).await,
            "the earlier one is first whichever is named first"
        );
        let decided = comparison.of_area(Area::Decision).count();
        assert_eq!(decided, Question::ALL.len());
        let control =
            comparison.of_area(Area::Control).find(|c| c.subject == tested.as_str()).expect("changed");
        assert_eq!(control.after.as_deref(), Some("ready"));
        assert!(control.reasons.iter().all(|reason| matches!(reason, Reason::Decision { at: Some(_), .. })));
        let check = comparison.of_area(Area::Check).find(|change| change.subject == ROOT).expect("changed");
        assert!(
            matches!(&check.reasons[..], [Reason::Verdict { before: Some(Verdict::Pass), after: Some(Verdict::Fail), target, .. }] if target == "a"),
            "{check:#?}"
        );
        let figure =
            comparison.of_area(Area::Figure).find(|change| change.subject == "readiness").expect("changed");
        assert!(!figure.reasons.contains(&Reason::Unexplained), "{figure:#?}");
        let finding = comparison
            .of_area(Area::Finding)
            .find(|change| change.before.is_none() && change.subject.starts_with(tested.as_str()))
            .expect("a finding came up");
        assert!(
            finding.reasons.iter().any(|reason| matches!(reason, Reason::Verdict { .. })),
            "{finding:#?}"
        );
        assert!(
            comparison.changes.iter().all(|change| !change.reasons.contains(&Reason::Unexplained)),
            "{comparison:#?}"
        );
        let words: Vec<String> = check.reasons.iter().map(ToString::to_string).collect();
        assert!(words[0].starts_with("acct-root-only-uid0 on a: pass to fail, since "), "{words:?}");

        // Each other kind of change, made in a copy of the model.
        let (_, before) =
            app.read(&actor, async |view| conclusion::assessment(view, last).await).await.expect("read");
        let of = |change: &dyn Fn(&mut tickmark_core::report::ReadinessReport)| {
            let mut after = before.clone();
            change(&mut after);
            Comparison::of(&before, &after)
        };
        let reason_of = |comparison: &Comparison, area, subject: &str| {
            let change = comparison.changes.iter().find(|c| c.area == area && c.subject == subject);
            change.unwrap_or_else(|| panic!("{subject} changed: {comparison:#?}")).reasons[0].to_string()
        };
        let renewed = of(&|model| model.checks[0].version = Digest::of(b"another"));
        assert!(reason_of(&renewed, Area::Check, ROOT).starts_with("version of acct-root-only-uid0: "));
        let left = of(&|model| model.controls.retain(|row| row.id != tested.as_str()));
        assert!(reason_of(&left, Area::Control, tested.as_str()).ends_with("is no longer part of it"));
        let unexplained = of(&|model| model.controls[0].status = ControlStatus::OperatingWeakness);
        let subject = before.controls[0].id.clone();
        assert_eq!(
            reason_of(&unexplained, Area::Control, &subject),
            "nothing in the two assessments explains it"
        );
        let criterion =
            before.criteria.iter().find(|row| row.controls.len() > 1).expect("a criterion").clone();
        let unmapped = of(&|model| {
            let row = model.criteria.iter_mut().find(|row| row.id == criterion.id).expect("the same");
            row.controls.remove(0);
            row.status = match row.status {
                tickmark_core::conclusion::readiness::CriterionStatus::NotMet => {
                    tickmark_core::conclusion::readiness::CriterionStatus::Met
                }
                _ => tickmark_core::conclusion::readiness::CriterionStatus::NotMet,
            };
        });
        assert!(reason_of(&unmapped, Area::Criterion, &criterion.id).ends_with("no longer answers it"));
        let wider = of(&|model| model.scope.services.push("another service".into()));
        assert_eq!(wider.changes.len(), 1);
        assert_eq!(wider.changes[0].area, Area::Scope);
        let missing = app.read(&actor, async |view| report::compare(view, 1, 99).await).await;
        assert!(matches!(missing, Err(Error::NotFound { .. })));
        app.close().await;
    }
}
