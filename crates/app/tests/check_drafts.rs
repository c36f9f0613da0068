//! Checks as they are written: a draft until somebody else has approved the exact files; on both databases.

use tickmark_app::identity::audit::{self, Filter};
use tickmark_app::observation::workshop::{self, Draft};
use tickmark_app::testing::World;
use tickmark_app::{Actor, App, Error, Result, work};
use tickmark_core::Digest;
use tickmark_core::identity::Role;
use tickmark_core::observation::{DraftState, Verdict};
use tickmark_evaluate::{Library, read_folder};

use crate::observation::{facts, host, library, run, seen};

const ROOT: &str = "acct-root-only-uid0";
const MANAGER: &[Role] = &[Role::ComplianceManager];

/// The check of the program, with `extra` as a comment; weak: it also accepts toor.
async fn opened(app: &App, who: &Actor, extra: &str) -> Draft {
    let (mut draft, _) = app.read(who, async |view| workshop::open(view, ROOT).await).await.expect("there");
    draft.rego.push_str(&format!("\n# {extra}\n"));
    draft
}

fn weaker(mut draft: Draft) -> Draft {
    let names = "allowed_names = [\"root\"]";
    assert!(draft.manifest.contains(names), "{}", draft.manifest);
    draft.manifest = draft.manifest.replace(names, "allowed_names = [\"root\", \"toor\"]");
    draft
}

async fn propose(app: &App, who: &Actor, draft: &Draft, reason: &str) -> Result<workshop::Trial> {
    app.transact(who, async |cx| workshop::propose(cx, draft, reason).await).await
}

async fn waits(app: &App, who: &Actor) -> Digest {
    app.read(who, async |view| workshop::look(view, ROOT).await).await.expect("waits").draft.change.digest()
}

async fn approve(app: &App, who: &Actor, exact: Digest, alone: &str) -> Result<()> {
    app.transact(who, async |cx| workshop::approve(cx, ROOT, exact, alone).await).await.map(|_| ())
}

async fn events(app: &App, program: &Actor, event: &str) -> usize {
    let filter = Filter { event: Some(event.to_owned()), ..Filter::default() };
    app.read(program, async |view| audit::search(view, &filter, 50).await).await.expect("rows").len()
}

#[tokio::test]
async fn nobody_weakens_a_check_alone() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let hosts = [host("a")];
        let bad = facts(&[("root", 0), ("toor", 0)]);
        run(&app, &program, &library(""), &hosts, vec![seen(&hosts[0], bad)]).await;
        let cam = world.member(&app, &program, "Cam", MANAGER).await.actor(&world, &app).await;
        let max = world.member(&app, &program, "Max", MANAGER).await.actor(&world, &app).await;
        let folder = app.folder().checks().join("acct").join(ROOT);

        let first = weaker(opened(&app, &cam, "ours").await);
        assert!(matches!(propose(&app, &cam, &first, " ").await, Err(Error::Invalid(_))), "without a reason");
        assert!(propose(&app, &cam, &first, "toor is an alias").await.expect("handed in").passed());
        assert!(!folder.exists(), "a draft is in force");

        // It is shown which verdict would change; it waits for the other one, not for its author.
        let looked = app.read(&max, async |view| workshop::look(view, ROOT).await).await.expect("waits");
        let change = &looked.changes[..];
        assert!(
            matches!(change, [one] if (one.before, one.after) == (Some(Verdict::Fail), Some(Verdict::Pass))),
            "{change:?}"
        );
        let work_of = async |who| app.read(who, async |view| work::of(view).await).await.expect("read");
        assert!(work_of(&cam).await.decisions.checks.is_empty());
        let of_max = work_of(&max).await;
        assert_eq!((of_max.decisions.checks.len(), of_max.count()), (1, 1));

        // Not by the author, and nothing else than was looked at.
        let exact = waits(&app, &cam).await;
        assert!(matches!(approve(&app, &cam, exact, "I know").await, Err(Error::Conflict(_))));
        // What waits is gone on with.
        let second = opened(&app, &cam, "ours, again").await;
        propose(&app, &cam, &second, "worded better").await.expect("handed in");
        assert!(matches!(approve(&app, &max, exact, "").await, Err(Error::Conflict(_))), "another draft");
        assert!(!folder.exists());
        approve(&app, &max, waits(&app, &max).await, "").await.expect("approved");
        assert_eq!(std::fs::read_to_string(folder.join("check.rego")).expect("kept"), second.rego);
        assert!(
            matches!(propose(&app, &max, &second, "again").await, Err(Error::Conflict(_))),
            "nothing new"
        );

        // The run uses what was approved without a word; what came by another way is told in the trail.
        let own = || {
            let own = read_folder(&app.folder().checks()).expect("readable");
            Library::load(own).unwrap_or_else(|errors| panic!("{errors:#?}"))
        };
        world.wait(60);
        let bad = || facts(&[("root", 0), ("toor", 0)]);
        run(&app, &program, &own(), &hosts, vec![seen(&hosts[0], bad())]).await;
        assert_eq!(events(&app, &program, "check.from_files").await, 0);
        let rego = folder.join("check.rego");
        std::fs::write(&rego, format!("{}\n# by hand\nby_hand := 1\n", second.rego)).expect("written");
        world.wait(60);
        run(&app, &program, &own(), &hosts, vec![seen(&hosts[0], bad())]).await;
        assert_eq!(events(&app, &program, "check.from_files").await, 1);

        // Taking it out is a change like any other.
        app.transact(&max, async |cx| workshop::put_aside(cx, ROOT, "no alias any more").await)
            .await
            .expect("proposed");
        assert!(folder.exists());
        approve(&app, &cam, waits(&app, &cam).await, "").await.expect("approved");
        assert!(!folder.exists());
        let drafts = app.read(&cam, async |view| workshop::drafts_of(view, ROOT).await).await.expect("read");
        let states: Vec<DraftState> = drafts.iter().map(|draft| draft.state).collect();
        assert_eq!(states, [DraftState::Replaced, DraftState::Approved, DraftState::Approved]);
        assert_eq!(events(&app, &program, "check.approved").await, 2);
        app.close().await;
    }
}

#[tokio::test]
async fn what_is_declined_or_taken_back_never_comes_in_force() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let cam = world.member(&app, &program, "Cam", MANAGER).await.actor(&world, &app).await;
        let draft = opened(&app, &cam, "ours").await;
        propose(&app, &cam, &draft, "ours").await.expect("handed in");
        let exact = waits(&app, &cam).await;
        // The only member here: with a reason that stays visible, or not at all.
        assert!(matches!(approve(&app, &cam, exact, "").await, Err(Error::Invalid(_))));
        let max = world.member(&app, &program, "Max", MANAGER).await.actor(&world, &app).await;
        let ona = world.member(&app, &program, "Ona", &[Role::ControlOwner]).await.actor(&world, &app).await;
        let decline = async |who: &Actor, why: &str| {
            app.transact(who, async |cx| workshop::decline(cx, ROOT, exact, why).await).await
        };
        assert!(matches!(decline(&ona, "no").await, Err(Error::Forbidden(_))));
        assert!(matches!(decline(&max, " ").await, Err(Error::Invalid(_))));
        let declined = decline(&max, "the program's is enough").await.expect("declined");
        assert_eq!(declined.state, DraftState::Declined);
        assert!(matches!(approve(&app, &max, exact, "").await, Err(Error::NotFound { .. })));
        assert!(!app.folder().checks().exists());
        app.close().await;
    }
}

#[tokio::test]
async fn a_company_of_one_approves_with_a_reason_and_it_shows() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let cam = world.member(&app, &program, "Cam", MANAGER).await.actor(&world, &app).await;
        let draft = opened(&app, &cam, "ours").await;
        propose(&app, &cam, &draft, "ours").await.expect("handed in");
        approve(&app, &cam, waits(&app, &cam).await, "nobody else works here").await.expect("alone");
        let drafts = app.read(&cam, async |view| workshop::drafts_of(view, ROOT).await).await.expect("read");
        assert!(drafts[0].is_alone());
        assert_eq!(drafts[0].decided.as_ref().expect("decided").note, "nobody else works here");
        app.close().await;
    }
}

#[tokio::test]
async fn each_of_several_organizations_writes_its_own_checks() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let cam = world.member(&app, &program, "Cam", MANAGER).await.actor(&world, &app).await;
        let max = world.member(&app, &program, "Max", MANAGER).await.actor(&world, &app).await;
        // Alone it has the folder of the installation.
        let first = opened(&app, &cam, "of the first, alone").await;
        assert!(propose(&app, &cam, &first, "ours").await.expect("handed in").passed());
        approve(&app, &max, waits(&app, &max).await, "").await.expect("approved");
        let shared = app.folder().checks().join("acct").join(ROOT);
        assert!(shared.is_dir());

        let other = app.ensure_organization("Second Ltd", "Example system").await.expect("another");
        let sam = world.member(&app, &other, "Sam", MANAGER).await.actor(&world, &app).await;
        let sue = world.member(&app, &other, "Sue", MANAGER).await.actor(&world, &app).await;
        let second = opened(&app, &sam, "of the second").await;
        assert!(second.rego.contains("of the first, alone"), "what lies there holds for all");
        // What belongs to the installation is not put aside by one of them.
        let aside = async |who: &Actor| {
            app.transact(who, async |cx| workshop::put_aside(cx, ROOT, "no use").await).await.map(|_| ())
        };
        assert!(matches!(aside(&sam).await, Err(Error::Conflict(_))));
        assert!(propose(&app, &sam, &second, "ours").await.expect("handed in").passed());
        approve(&app, &sue, waits(&app, &sue).await, "").await.expect("approved");
        let own = app.folder().checks_of(&other.organization.id.to_string()).join("acct").join(ROOT);
        let text =
            |folder: &std::path::Path| std::fs::read_to_string(folder.join("check.rego")).expect("its logic");
        assert!(text(&own).contains("of the second"));
        assert!(!text(&shared).contains("of the second"), "nobody else is judged by it");
        assert!(!opened(&app, &cam, "x").await.rego.contains("of the second"));

        // Each is asked its own checks.
        let builtin = library("");
        let rego_of = async |who: &Actor| {
            app.read(who, async |view| {
                let (library, left_out) = workshop::checks_of(view, &builtin)?;
                assert!(left_out.is_empty(), "{left_out:?}");
                let check = library.checks().find(|check| check.id() == ROOT).expect("a check");
                Ok(check.source().rego.clone().unwrap_or_default())
            })
            .await
            .expect("read")
        };
        assert!(rego_of(&sam).await.contains("of the second"));
        assert!(!rego_of(&cam).await.contains("of the second"));

        // Its own it puts aside, and the one of the installation is there again.
        aside(&sam).await.expect("handed in");
        approve(&app, &sue, waits(&app, &sue).await, "").await.expect("approved");
        assert!(!own.exists() && shared.is_dir());
    }
}
