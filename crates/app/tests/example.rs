//! The example company: small, but with every check and through the same code as the year.

use std::collections::BTreeMap;

use tickmark_app::example::{self, Created, Settings, Stage};
use tickmark_app::observation::{RunState, waiver};
use tickmark_app::port::Clock as _;
use tickmark_app::program::{performance, population};
use tickmark_app::testing::World;
use tickmark_app::{App, Error, conclusion, control, identity, observation, report};
use tickmark_core::catalog::Catalog;
use tickmark_core::control::{ControlId, ControlState};
use tickmark_core::time::DAY_US;
use tickmark_core::{Digest, Span, Timestamp};
use tickmark_evaluate::Library;

fn settings(seed: u64) -> Settings {
    Settings::small(seed, "2026-11-24T14:45:00Z".parse().expect("a moment"))
}

fn library() -> Library {
    Library::builtin().expect("checks")
}

/// Plays a story in a world.
async fn play(world: &World, settings: &Settings) -> (App, Created) {
    let move_to = |at: Timestamp| world.clock.advance(at.micros() - world.clock.now().micros());
    move_to(settings.opening());
    let app = world.try_start().await.expect("started");
    let (catalog, library) = (Catalog::builtin(), library());
    let stage =
        Stage { app: &app, move_clock: &move_to, catalog: &catalog, library: &library, tell: &|_| () };
    let created = example::create(&stage, settings).await.expect("created");
    (app, created)
}

/// What was seen and what checks said of it, by names instead of keys.
type Told =
    (BTreeMap<String, Vec<(Timestamp, Digest)>>, BTreeMap<(String, String), Vec<(Timestamp, String)>>);

async fn told(app: &App, created: &Created) -> Told {
    app.read(&created.actor, async |view| {
        let targets = observation::targets(view).await?;
        let names: BTreeMap<_, _> = targets.iter().map(|t| (t.key, t.target.name.clone())).collect();
        let mut facts = BTreeMap::new();
        for target in &targets {
            let history = observation::facts_history(view, target.key).await?;
            assert!(history.iter().all(|state| state.defect.is_none()), "facts conform to the schema");
            facts.insert(
                target.target.name.clone(),
                history.into_iter().map(|state| (state.span.from, state.digest)).collect(),
            );
        }
        let always = Span { from: Timestamp::from_micros(i64::MIN), to: None };
        let verdicts = observation::histories_in(view, always, None)
            .await?
            .into_iter()
            .flat_map(|(check, targets)| {
                targets.into_iter().map(move |(target, intervals)| (check.clone(), target, intervals))
            })
            .map(|(check, target, intervals)| {
                let spans = intervals
                    .iter()
                    .map(|i| (i.span.from, format!("{:?} {:?}", i.verdict, i.reason)))
                    .collect();
                ((check, names[&target].clone()), spans)
            })
            .collect();
        Ok((facts, verdicts))
    })
    .await
    .expect("read")
}

#[tokio::test]
async fn the_same_seed_tells_the_same_story_and_another_one_another() {
    let (first, again, other) = (World::sqlite(), World::sqlite(), World::sqlite());
    let settings = |seed| Settings { days: 24, ..settings(seed) };
    let (app, created) = play(&first, &settings(7)).await;
    let one = told(&app, &created).await;
    let (app, created) = play(&again, &settings(7)).await;
    assert_eq!(one, told(&app, &created).await);
    let (app, created) = play(&other, &settings(8)).await;
    assert_ne!(one.0, told(&app, &created).await.0);
}

#[tokio::test]
async fn the_story_is_there_to_be_found() {
    for world in World::both().await {
        let settings = settings(7);
        let (app, created) = play(&world, &settings).await;
        let standing = app
            .read(&created.actor, async |view| conclusion::standing(view, &Catalog::builtin()).await)
            .await
            .expect("standing");
        assert_eq!(app.now(), settings.end);
        assert!(standing.controls.iter().any(|c| c.control.state() == ControlState::Active));
        assert!(standing.assessment.figure.criteria().met > 0, "people have decided");

        let (runs, marked, snapshots, model) = app
            .read(&created.actor, async |view| {
                let runs = observation::runs(view, 1000).await?;
                let marked = identity::example(view).await?;
                let snapshots = conclusion::snapshots(view).await?;
                let model = report::readiness(view, &Catalog::builtin(), &created.library, "a", "g").await?;
                Ok((runs, marked, snapshots, model))
            })
            .await
            .expect("read");
        let count = |state| runs.iter().filter(|run| run.state == state).count();
        assert_eq!((runs.len(), count(RunState::Missed), count(RunState::Open)), (60, 2, 0));
        assert!(count(RunState::Partial) >= 7, "a host was not looked at for a while");
        assert_eq!(marked.map(|mark| mark.seed), Some(7));
        assert_eq!(snapshots.len(), 2, "in the middle and at the end");
        assert!(model.basis.starts_with(identity::EXAMPLE_NOTICE), "{}", model.basis);

        let review: ControlId = "IAM-05".parse().expect("an id");
        let (done, populations, waivers) = app
            .read(&created.actor, async |view| {
                let done = performance::all(view).await?;
                let populations = population::all(view).await?;
                Ok((done, populations, waiver::list(view).await?))
            })
            .await
            .expect("read");
        assert!(done.values().flatten().count() > 10, "people perform controls");
        assert!(done.values().flatten().all(|one| !one.evidence.is_empty()), "each with a document");
        assert_eq!(populations.len(), 21);
        assert!(populations.iter().all(|p| p.frozen.is_some()));
        let nothing = populations.iter().filter(|p| p.items == 0);
        assert!(nothing.clone().count() > 0, "some things did not happen");
        assert!(nothing.into_iter().all(|p| p.frozen.as_ref().is_some_and(|f| f.zero.is_some())));
        assert!(populations.iter().any(|p| p.definition.control == review));
        let in_force = waivers.iter().filter(|waiver| waiver.expires_at > settings.end).count();
        assert_eq!((waivers.len(), in_force), (2, 1));

        let (_, verdicts) = told(&app, &created).await;
        let failing_days = |check: &str, host: &str| {
            let spans = &verdicts[&(check.to_owned(), format!("{host}.larkspur.example"))];
            let ends = spans.iter().skip(1).map(|(at, _)| *at).chain([settings.end]);
            let failing: i64 = spans
                .iter()
                .zip(ends)
                .filter(|((_, state), _)| state.contains("Fail"))
                .map(|((from, _), to)| to.micros() - from.micros())
                .sum();
            failing / DAY_US
        };
        // A spell is an eighth of a short story at most.
        assert_eq!(failing_days("ssh-root-login-disabled", "web-03"), 7);
        assert_eq!(failing_days("ssh-root-login-disabled", "web-01"), 0);
        let unknown = &verdicts[&("log-auditd-enabled".to_owned(), "app-01.larkspur.example".to_owned())];
        assert!(unknown.iter().any(|(_, state)| state.contains("NotPermitted")), "{unknown:?}");
        // Every host is backed up, so nobody has to ask whether one is backed up from outside.
        let backups = &verdicts[&("bak-encrypted".to_owned(), "web-01.larkspur.example".to_owned())];
        assert!(backups.iter().all(|(_, state)| state.contains("Pass")), "{backups:?}");
        let versions = app
            .read(&created.actor, async |view| observation::check_versions(view, "ssh-idle-disconnect").await)
            .await
            .expect("versions");
        assert_eq!(versions.len(), 2, "the limit was changed once");
    }
}

#[tokio::test]
async fn no_example_is_made_beside_a_real_organization_or_out_of_range() {
    let world = World::sqlite();
    let (app, actor) = world.start().await;
    let (catalog, library) = (Catalog::builtin(), library());
    let stage = Stage { app: &app, move_clock: &|_| (), catalog: &catalog, library: &library, tell: &|_| () };
    let error = example::create(&stage, &settings(1)).await.expect_err("refused");
    assert!(matches!(&error, Error::Conflict(why) if why.contains("Example Ltd")), "{error}");
    let few = Settings { hosts: 1, ..settings(1) };
    assert!(matches!(example::create(&stage, &few).await, Err(Error::Invalid(_))));
    let (marked, controls) = app
        .read(&actor, async |view| Ok((identity::example(view).await?, control::controls(view).await?)))
        .await
        .expect("read");
    assert_eq!((marked, controls.len()), (None, 0), "nothing was changed");
}
