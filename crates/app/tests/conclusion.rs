//! People answer, tests suggest, a report and a bundle follow, on both databases.

use std::io::Cursor;

use tickmark_app::testing::World;
use tickmark_app::{Error, bundle, conclusion, control, report};
use tickmark_core::catalog::Catalog;
use tickmark_core::conclusion::readiness::{Answer, CriterionStatus, Question};
use tickmark_core::control::ControlId;
use tickmark_evaluate::Library;
use tickmark_ledger::bundle::{Expectations, Level, verify};
use tickmark_ledger::policy::Policy;

use crate::observation::{facts, host, run, seen};

/// A check that tests a starter control, with facts it fails on.
const CHECK: &str = "acct-no-empty-password";

pub(crate) fn library() -> Library {
    let source = Library::builtin_sources().into_iter().filter(|source| source.folder == CHECK).collect();
    Library::load(source).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

#[tokio::test]
async fn suggestions_stand_beside_answers_and_never_become_them() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let person = world.person(&app, &actor).await;
        let (catalog, library, hosts) = (Catalog::builtin(), library(), [host("a")]);
        let tested: ControlId =
            library.get(CHECK).expect("built in").definition().controls[0].parse().expect("an id");
        app.transact(&actor, async |cx| {
            assert_eq!(control::adopt_starters(cx, &catalog).await?, catalog.controls.len());
            assert_eq!(control::adopt_starters(cx, &catalog).await?, 0, "adopting again adopts nothing");
            control::sync_tests(cx, &library).await
        })
        .await
        .expect("adopted");
        // Facts without what the check needs: it cannot see.
        run(&app, &actor, &library, &hosts, vec![seen(&hosts[0], facts(&[("root", 0)]))]).await;
        let standing = app
            .read(&actor, async |view| conclusion::standing(view, &catalog).await)
            .await
            .expect("computed");
        let of = standing.control(&tested).expect("adopted");
        let implemented =
            of.suggestions.iter().find(|s| s.question == Question::Implemented).expect("a suggestion");
        assert_eq!(implemented.answer, Answer::NotAssessed, "{}", implemented.reason);
        assert_eq!(of.rating.answer(Question::Implemented), Answer::NotAssessed);
        assert_eq!(standing.assessment.figure.basis_points(), 0);

        let decide = async |actor, answer, reason| {
            app.transact(actor, async |cx| {
                conclusion::decide(cx, &tested, Question::Designed, answer, reason).await
            })
            .await
        };
        assert!(
            matches!(decide(&actor, Answer::Yes, "looks fine").await, Err(Error::Forbidden(_))),
            "a program decided"
        );
        assert!(
            matches!(decide(&person, Answer::Yes, " ").await, Err(Error::Invalid(_))),
            "no reason was given"
        );
        decide(&person, Answer::Partly, "no owner named").await.expect("decided");
        world.wait(1);
        decide(&person, Answer::Yes, "owner named").await.expect("decided");
        let history =
            app.read(&actor, async |view| conclusion::decisions(view, &tested).await).await.expect("read");
        assert_eq!(history.iter().map(|d| d.answer).collect::<Vec<_>>(), [Answer::Partly, Answer::Yes]);
        let standing = app
            .read(&actor, async |view| conclusion::standing(view, &catalog).await)
            .await
            .expect("computed");
        assert_eq!(
            standing.control(&tested).expect("adopted").rating.answer(Question::Designed),
            Answer::Yes
        );
        assert!(standing.assessment.figure.basis_points() > 0);
        assert!(
            standing.assessment.criteria.iter().all(|criterion| criterion.status() != CriterionStatus::Met)
        );
        app.close().await;
    }
}

#[tokio::test]
async fn the_bundle_of_a_report_verifies_and_commits_to_it() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let person = world.person(&app, &actor).await;
        let (catalog, library, hosts) = (Catalog::builtin(), library(), [host("a")]);
        app.transact(&actor, async |cx| {
            control::adopt_starters(cx, &catalog).await?;
            control::sync_tests(cx, &library).await
        })
        .await
        .expect("adopted");
        run(&app, &actor, &library, &hosts, vec![seen(&hosts[0], facts(&[("root", 0)]))]).await;
        app.sequence(&actor).await.expect("sequenced");
        let read = async || {
            app.read(&actor, async |view| {
                report::readiness(view, &catalog, &library, "Tickmark", "Tickmark").await
            })
            .await
        };
        let (model, again) = (read().await.expect("frozen"), read().await.expect("frozen"));
        assert_eq!(model, again, "the same moment gives the same model");
        assert_eq!(model.criteria.len(), 61);
        assert!(model.criteria.iter().all(|criterion| !criterion.controls.is_empty()));
        let document = report::model_document(&model).expect("written");
        assert_eq!(tickmark_core::Digest::of(&document.bytes), model.digest().expect("digest"));
        app.transact(&actor, async |cx| report::issue(cx, std::slice::from_ref(&document)).await)
            .await
            .expect("issued");
        app.transact(&person, async |cx| conclusion::snapshot(cx, &model).await).await.expect("taken");
        app.sequence(&actor).await.expect("sequenced");

        let exported = app.read(&actor, async |view| bundle::export(view).await).await.expect("exported");
        let policy = Policy::of_log(exported.verifier_key.parse().expect("a key")).expect("a policy");
        let expectations = Expectations { policy: Some(policy), ..Expectations::default() };
        let verification = verify(Cursor::new(&exported.zip), &expectations).expect("readable");
        assert!(!verification.has_failed(), "{verification}");
        for (name, level) in verification.levels().iter().take(2) {
            assert!(matches!(level, Level::Proven { .. }), "{name}: {level:?}");
        }
        assert!(!verification.to_string().contains("no entry"), "{verification}");
        assert_eq!((exported.artifacts, exported.documents), (1, 1));
        app.close().await;
    }
}
