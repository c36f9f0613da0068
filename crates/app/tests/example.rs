//! The example company: small, but with every check and through the same code as the year.

use std::collections::BTreeMap;

use tickmark_app::engagement::fieldwork::{access, evidence, request, signed, workpaper};
use tickmark_app::engagement::{self, Grounds};
use tickmark_app::example::{self, Created, Settings, Stage};
use tickmark_app::observation::{RunState, waiver};
use tickmark_app::port::Clock as _;
use tickmark_app::program::{performance, population};
use tickmark_app::testing::World;
use tickmark_app::{Actor, App, Error, conclusion, control, identity, observation, report};
use tickmark_core::catalog::Catalog;
use tickmark_core::control::{ControlId, ControlState};
use tickmark_core::engagement::fieldwork::{Outcome, RequestState, SignedPaper as _, Workpaper};
use tickmark_core::engagement::{Paper, Standing};
use tickmark_core::program::sampling::{Frame, Unit};
use tickmark_core::report::readiness::DocumentStatus;
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
    assert_eq!(created.examination, None, "too short for one");
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
        // The one under way, not the one planned last, whose report is there.
        assert!(model.basis.contains("those of E-1, SOC 2 Type 2"), "{}", model.basis);

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
        // Two of the 21 lists are in three parts: before, in and after the period of the examination.
        assert_eq!(populations.len(), 25);
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
        // What the auditors say of these hosts is so.
        for check in ["disk-encrypted-at-rest", "bak-encrypted"] {
            for host in ["app-01", "data-01"] {
                assert_eq!(failing_days(check, host), 0, "{check} {host}");
            }
        }
        for host in ["app-01", "data-01"] {
            assert_eq!(failing_days("ssh-root-login-disabled", host), 0, "{host}");
        }
        company_carries_its_examination(&app, &created, &settings).await;
        auditor_sees_their_engagement(&world, &app, &created).await;
        app.close().await;
    }
}

/// What management sees of the examinations.
async fn company_carries_its_examination(app: &App, created: &Created, settings: &Settings) {
    let made = created.examination.expect("long enough");
    let catalog = Catalog::builtin();
    let (soc2, soc1, problems, requests, auditors, package) = app
        .read(&created.lead, async |view| {
            let soc2 = engagement::find(view, made.soc2).await?.record;
            let soc1 = engagement::find(view, made.soc1).await?.record;
            let mut problems = Vec::new();
            let grounds = Grounds::read(view).await?;
            for record in [&soc2, &soc1] {
                problems.extend(grounds.problems(record.key, record.holds(), &catalog)?);
            }
            let requests = request::list(view, made.soc2).await?;
            let auditors = access::auditors(view, made.soc2).await?;
            let package = engagement::package(view, made.soc2, &catalog, "a test").await?;
            Ok((soc2, soc1, problems, requests, auditors, package))
        })
        .await
        .expect("read");
    assert_eq!((soc2.standing(), soc1.standing()), (Standing::Scoped, Standing::Scoped));
    let (from, to) = soc2.holds().time.days();
    assert!(from.starts() > settings.period().0 && to.starts() < settings.end, "{from} to {to}");
    // A short story has a short period; nothing else is found.
    let rules: Vec<_> = problems.iter().filter(|one| one.rule != "period").collect();
    assert!(rules.is_empty(), "{rules:?}");
    let status = |paper| soc2.progress(paper).map(|progress| progress.status);
    assert_eq!(status(Paper::Description), Some(DocumentStatus::FinalManagement));
    assert_eq!(status(Paper::Assertion), Some(DocumentStatus::ManagementDraft), "waits for its approval");
    let written = soc2.description.as_ref().expect("written");
    assert!(written.content.faults().is_empty() && written.content.missing(soc2.holds()).is_empty());
    let is_met_by_somebody =
        package.criteria.iter().all(|one| !one.controls.is_empty() || !one.others.is_empty());
    assert!(package.is_example && is_met_by_somebody);

    let count = |state| request::count(&requests, state);
    let answered = [RequestState::Submitted, RequestState::Accepted, RequestState::Returned];
    assert_eq!(answered.map(count), [3, 4, 2]);
    assert_eq!(count(RequestState::NotApplicable), 1);
    assert!(requests.len() > 75 && count(RequestState::Open) == requests.len() - 10, "{}", requests.len());
    let names: Vec<&str> = auditors.iter().map(|one| one.member.name.as_str()).collect();
    assert_eq!(names, ["Ines Calder (example)", "Rafe Dunmore (example)"]);
    assert!(auditors.iter().all(|one| one.valid.contains(app.now()) && one.valid.to.is_some()));

    // Management reads what was shared: two exceptions, of which one is a selected item, and one is answered.
    let (shared, responses) = app
        .read(&created.lead, async |view| {
            Ok((
                signed::list::<Workpaper>(view, made.soc2).await?,
                workpaper::responses(view, made.soc2).await?,
            ))
        })
        .await
        .expect("read");
    assert_eq!(shared.iter().map(|row| row.record.number).collect::<Vec<_>>(), [1, 2]);
    assert!(shared.iter().all(|row| row.record.exceptions.len() == 1 && row.record.deviations() == 1));
    let answered: Vec<_> = responses.iter().map(|row| (row.record.workpaper, row.record.exception)).collect();
    assert_eq!(answered, [(1, 1)], "the other one waits");
    let results: Vec<&str> =
        package.controls.iter().flat_map(|one| &one.tests).map(|test| test.result.as_str()).collect();
    assert_eq!(results.len(), 1, "reviewed as it was shared: {results:?}");
    assert!(results[0].starts_with("Exception noted: for 1 of "), "{results:?}");
}

/// What somebody of the firm sees, who came in by the link that whoever looks around is given.
async fn auditor_sees_their_engagement(world: &World, app: &App, created: &Created) {
    let made = created.examination.expect("long enough");
    let link = app.transact(&created.actor, async |cx| example::hand_over(cx).await).await.expect("a link");
    let ines = world.join(app, &link, made.auditor, "Ines Calder (example)").await.actor(world, app).await;
    let catalog = Catalog::builtin();
    let (engagements, papers, notes, populations) = app
        .read(&ines, async |view| {
            Ok((
                engagement::list(view).await?,
                signed::list::<Workpaper>(view, made.soc2).await?,
                workpaper::notes(view, made.soc2).await?,
                evidence::populations(view, made.soc2, &catalog).await?,
            ))
        })
        .await
        .expect("read");
    let keys: Vec<_> = engagements.iter().map(|version| version.record.key).collect();
    assert_eq!(keys, [made.soc2], "their engagement alone");
    let read = async |actor: &Actor, key| {
        app.read(actor, async |view| request::list(view, key).await.map(|rows| rows.len())).await
    };
    assert!(matches!(read(&ines, made.soc1).await, Err(Error::NotFound { .. })));
    assert!(read(&ines, made.soc2).await.expect("a list") > 75);
    assert_eq!(notes.len(), 2);

    let outcomes: Vec<_> =
        papers.iter().map(|row| row.record.conclusion.as_ref().expect("concluded").outcome).collect();
    let expected = [Outcome::Exceptions, Outcome::Exceptions, Outcome::NoExceptions, Outcome::NoOccurrences];
    assert_eq!(outcomes, expected);
    assert!(papers.iter().all(|row| row.record.prepared().is_some()));
    let reviewed: Vec<_> =
        papers.iter().filter(|row| row.record.reviewed().is_some()).map(|row| row.record.number).collect();
    assert_eq!(reviewed, [1, 3]);
    for row in &papers {
        let signed = row.record.prepared().zip(row.record.reviewed());
        assert!(signed.is_none_or(|(prepared, reviewed)| prepared.by != reviewed.by));
    }

    // The seed and the frozen list give anybody the same selection, all of it from the period.
    let sampled = &papers[0].record;
    let selected = sampled.selected.as_ref().expect("a selection");
    let population = populations.iter().find(|one| one.key == selected.population).expect("seen");
    let items = app.read(&ines, async |view| population::items(view, population.key).await).await;
    let units = items.expect("items").into_iter().map(|item| Unit { key: item.key, stratum: None }).collect();
    let frame = Frame::new(units).expect("a list");
    assert_eq!(Some(frame.digest()), population.frozen.as_ref().map(|frozen| frozen.keys));
    let again = frame.again(&selected.draw).expect("drawn again");
    let picks: Vec<&str> = again.picks.iter().map(|pick| pick.key.as_str()).collect();
    assert_eq!(picks, sampled.items.iter().map(|item| item.key.as_str()).collect::<Vec<_>>());
    let (from, to) = engagements[0].record.holds().time.days();
    let is_inside = |at: Timestamp| from.starts() <= at && at < to.starts().plus_micros(DAY_US);
    assert!(sampled.items.iter().all(|item| item.occurred_at.is_some_and(is_inside)));
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
