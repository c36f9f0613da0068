//! Notices and reminders, on both databases.

use std::collections::BTreeSet;
use std::sync::Arc;

use tickmark_app::comment::{self, About};
use tickmark_app::identity::setting::{self, OrganizationSettings, PersonSettings};
use tickmark_app::ledger::{LedgerSettings, MailSecurity, Outside};
use tickmark_app::mail::{self, MailSettings};
use tickmark_app::notice::{self, Kept, Reminded};
use tickmark_app::port::NoOutbound;
use tickmark_app::program::access::{self, NewList};
use tickmark_app::program::access_review;
use tickmark_app::testing::{Account, World};
use tickmark_app::{Actor, ActorKind, App, Error, conclusion, control, identity};
use tickmark_core::catalog::{Catalog, Nature};
use tickmark_core::control::{ControlId, Frequency};
use tickmark_core::id::ActorId;
use tickmark_core::identity::Role;
use tickmark_core::mail::MailKind;
use tickmark_core::program::access::{Columns, Tier};
use tickmark_core::program::access_review::{Decision, ReviewKey, Scope, ScopedSystem, Unanswered};
use tickmark_core::program::population::Ipe;
use tickmark_core::program::reminder::{Matter, Preference, Step};
use tickmark_core::time::{DAY_US, HOUR_US};
use tickmark_core::zone::{DateStyle, Zone};

/// A control in force that somebody owns: quarterly access reviews.
async fn in_force(app: &App, program: &Actor, owner: ActorId) -> ControlId {
    let catalog = Catalog::builtin();
    let starter = catalog
        .controls
        .iter()
        .find(|control| control.frequency == Frequency::Monthly && control.nature != Nature::Automated);
    let id: ControlId = starter.expect("a monthly control").id.parse().expect("an id");
    app.transact(program, async |cx| control::adopt_starters(cx, &catalog).await).await.expect("adopted");
    let person = app
        .transact(program, async |cx| identity::ensure_actor(cx, ActorKind::Person, "Somebody").await)
        .await
        .expect("a person");
    app.transact(&person, async |cx| control::put_in_force(cx, &id, owner).await).await.expect("in force");
    id
}

fn zone(name: &str) -> Zone {
    name.parse().expect("a zone")
}

async fn start(world: &World) -> (App, Actor) {
    let outside = Outside { settings: LedgerSettings::default(), outbound: Arc::new(NoOutbound) };
    let mut app = world.try_start_with(outside).await.expect("starting");
    app.send_mail_by(MailSettings {
        server: "localhost:25".into(),
        security: MailSecurity::None,
        roots_file: None,
        user: None,
        password_file: None,
        from: "tickmark@example.com".into(),
        address: Some("https://tickmark.example.com".into()),
    });
    let program = app.ensure_organization("Example Ltd", "Example system").await.expect("an organization");
    (app, program)
}

/// An owner of a monthly control in force, and somebody who runs the program.
async fn people(world: &World, app: &App, program: &Actor) -> (Account, Account) {
    let manager = world.member(app, program, "Cam", &[Role::ComplianceManager]).await;
    let owner = world.member(app, program, "Coo", &[Role::ControlOwner]).await;
    let who = world.find_member(app, program, &owner.email).await.actor;
    in_force(app, program, who).await;
    (manager, owner)
}

/// As a member sees it who does not sign in: sessions end while the clock goes on.
async fn told(world: &World, app: &App, account: &Account) -> Vec<Kept> {
    let actor = account.actor(world, app).await;
    app.read(&actor, async |view| notice::list(view).await).await.expect("listed")
}

async fn remind(app: &App, program: &Actor) -> (usize, usize) {
    let Reminded { notices, letters } = app.remind(program).await.expect("reminded");
    (notices, letters)
}

/// Letters that are not invitations, by kind and address.
async fn letters(app: &App, program: &Actor) -> Vec<(MailKind, String)> {
    let all = app.read(program, async |view| mail::list(view).await).await.expect("listed");
    let told = all.into_iter().filter(|one| one.kind != MailKind::Invitation);
    told.map(|one| (one.kind, one.recipient)).collect()
}

#[tokio::test]
async fn each_thing_and_step_is_told_once_and_what_nobody_does_is_told_to_others() {
    for world in World::both().await {
        let (app, program) = start(&world).await;
        let (manager, owner) = people(&world, &app, &program).await;
        // For a hundred and ten days, day by day: what is told comes once.
        let mut seen: BTreeSet<(String, Step)> = BTreeSet::new();
        let mut steps = Vec::new();
        for _ in 0..110 {
            remind(&app, &program).await;
            assert_eq!(remind(&app, &program).await, (0, 0), "a second pass tells nothing");
            for one in told(&world, &app, &owner).await {
                if seen.insert((one.title.clone(), one.step)) {
                    steps.push(one.step);
                }
            }
            world.clock.advance(DAY_US - 60 * 1_000_000);
        }
        let all = told(&world, &app, &owner).await;
        let occurrences: Vec<&Kept> = all.iter().filter(|one| one.matter == Matter::Occurrence).collect();
        let distinct: BTreeSet<(&str, Step)> =
            occurrences.iter().map(|one| (one.title.as_str(), one.step)).collect();
        assert_eq!(distinct.len(), occurrences.len(), "each once");
        for step in [Step::Soon, Step::Today, Step::Overdue] {
            assert!(steps.contains(&step), "{step:?} of {steps:?}");
        }
        assert!(!steps.contains(&Step::Escalated), "it is their own");
        let managers = told(&world, &app, &manager).await;
        assert!(managers.iter().any(|one| one.step == Step::Escalated && one.matter == Matter::Occurrence));
        let weeks = managers.iter().filter(|one| one.matter == Matter::Week).count();
        assert!((15..=17).contains(&weeks), "{weeks} weeks");
        assert!(all.iter().all(|one| one.matter != Matter::Week), "weeks are for those who run the program");
        app.close().await;
    }
}

#[tokio::test]
async fn letters_come_in_the_morning_once_and_as_somebody_wants_them() {
    for world in World::both().await {
        let (app, program) = start(&world).await;
        let (_, owner) = people(&world, &app, &program).await;
        let actor = owner.actor(&world, &app).await;
        let settings = PersonSettings { zone: Some(zone("America/New_York")), reminders: Preference::Daily };
        app.transact(&actor, async |cx| setting::set_own(cx, &settings).await).await.expect("set");
        let to = |letters: &[(MailKind, String)]| letters.iter().filter(|(_, to)| *to == owner.email).count();
        // November's window ends with ten days of grace on 10 December there, so it is told of from the third on. From the
        // second on, 9:45 in New York, hour by hour for three days.
        world.clock.advance(8 * DAY_US);
        let mut hours = Vec::new();
        let mut before = 0;
        for hour in 0..72 {
            remind(&app, &program).await;
            let now = to(&letters(&app, &program).await);
            if now > before {
                hours.push((hour, now - before));
            }
            before = now;
            world.clock.advance(HOUR_US);
        }
        // The first hour after 7:00 there is 22 hours later; one letter, and none on the days after it.
        assert_eq!(hours, [(22, 1)]);

        // Nothing goes to whoever wants it in the pages only, and what was read is in no letter.
        let actor = owner.actor(&world, &app).await;
        let in_app = PersonSettings { zone: None, reminders: Preference::InApp };
        app.transact(&actor, async |cx| setting::set_own(cx, &in_app).await).await.expect("set");
        world.clock.advance(20 * DAY_US);
        remind(&app, &program).await;
        assert_eq!(to(&letters(&app, &program).await), before);
        let actor = owner.actor(&world, &app).await;
        assert!(app.read(&actor, async |view| notice::unread(view).await).await.expect("counted") > 0);
        app.transact(&actor, async |cx| notice::mark_read(cx, None).await).await.expect("read");
        assert_eq!(app.read(&actor, async |view| notice::unread(view).await).await.expect("counted"), 0);
        let each = PersonSettings { zone: None, reminders: Preference::Each };
        app.transact(&actor, async |cx| setting::set_own(cx, &each).await).await.expect("set");
        remind(&app, &program).await;
        assert_eq!(to(&letters(&app, &program).await), before);
        app.close().await;
    }
}

#[tokio::test]
async fn whoever_a_comment_names_is_told_once() {
    for world in World::both().await {
        let (app, program) = start(&world).await;
        let (manager, owner) = people(&world, &app, &program).await;
        let id = app
            .read(&program, async |view| control::controls(view).await)
            .await
            .expect("controls")
            .into_iter()
            .find(|control| control.owner.is_some())
            .expect("one in force")
            .id;
        let text = format!("@{} please look at the last window", owner.email);
        let by = manager.actor(&world, &app).await;
        let mark =
            async || app.read(&program, async |view| conclusion::mark(view).await).await.expect("read");
        let before = mark().await;
        let said = app
            .transact(&by, async |cx| comment::write(cx, "once-1", About::Control(id.clone()), &text).await)
            .await
            .expect("said");
        remind(&app, &program).await;
        assert_eq!(remind(&app, &program).await, (0, 0), "a second pass tells nothing");
        assert_eq!(mark().await, before, "what is said about a control changes nothing that follows from it");
        let named: Vec<Kept> = told(&world, &app, &owner)
            .await
            .into_iter()
            .filter(|one| one.matter == Matter::Mention)
            .collect();
        assert_eq!(named.len(), 1);
        assert_eq!(named[0].title, format!("A comment names you: Control {id}"));
        assert_eq!(named[0].path, format!("/controls/{id}#comment-{}", said.key));
        assert!(told(&world, &app, &manager).await.iter().all(|one| one.matter != Matter::Mention));
        app.close().await;
    }
}

#[tokio::test]
async fn who_may_sets_what_holds_and_others_read_by_it() {
    for world in World::both().await {
        let (app, program) = start(&world).await;
        let owner = world.owner(&app, &program).await.actor(&world, &app).await;
        let employee = world.member(&app, &program, "Emy", &[Role::Employee]).await.actor(&world, &app).await;
        let berlin =
            OrganizationSettings { zone: zone("Europe/Berlin"), style: DateStyle::Iso, escalate_days: 3 };
        let set = async |who: &Actor, settings: &OrganizationSettings| {
            app.transact(who, async |cx| setting::set_organization(cx, settings).await).await
        };
        assert!(matches!(set(&employee, &berlin).await, Err(Error::Forbidden(_))));
        let far = OrganizationSettings { escalate_days: 91, ..berlin.clone() };
        assert!(matches!(set(&owner, &far).await, Err(Error::Invalid(_))));
        let read = async |who: &Actor| {
            let reading = app.read(who, async |view| setting::reading(view).await).await.expect("read");
            reading.moment("2026-11-24T14:45:00Z".parse().expect("a moment"))
        };
        assert_eq!(read(&employee).await, "24 Nov 2026, 14:45 UTC");
        set(&owner, &berlin).await.expect("set");
        assert_eq!(read(&employee).await, "2026-11-24, 15:45 CET");
        let own = PersonSettings { zone: Some(zone("Asia/Tokyo")), reminders: Preference::Weekly };
        app.transact(&employee, async |cx| setting::set_own(cx, &own).await).await.expect("set");
        assert_eq!(read(&employee).await, "2026-11-24, 23:45 JST");
        assert_eq!(read(&owner).await, "2026-11-24, 15:45 CET", "others are where they are");
        let local = app.transact(&program, async |cx| setting::set_own(cx, &own).await).await;
        assert!(matches!(local, Err(Error::Forbidden(_))));
        app.close().await;
    }
}

/// A review of access of one privileged right that `owner` decides about, open for ten days.
async fn open_review(
    app: &App,
    by: &Actor,
    owner: ActorId,
    (chief, employee): (ActorId, ActorId),
) -> ReviewKey {
    let rows = "account,entitlement,person,tier\nx,deploy,somebody@else.example,1\n";
    let new = NewList {
        system: "AWS".into(),
        ipe: Ipe {
            source: "Console".into(),
            query: "all".into(),
            parameters: String::new(),
            time_zone: "UTC".into(),
            run_by: "Cam".into(),
            run_at: app.now(),
            row_count: 1,
            control_total: String::new(),
            completeness: String::new(),
            accuracy: String::new(),
        },
        columns: Columns::default(),
        accounts_in_source: 1,
        exclusions: Vec::new(),
        list: access::open(None, "list.csv", rows.into()).expect("a list"),
    };
    let scope = Scope {
        title: "Fourth quarter".into(),
        systems: vec![ScopedSystem { name: "AWS".into(), owner, provisioners: BTreeSet::new() }],
        tiers: Tier::ALL.iter().copied().collect(),
        stand_in: chief,
        second_stand_in: employee,
        due_at: app.now().plus_micros(10 * DAY_US),
        unanswered: Unanswered::Fail,
        control: None,
        window: None,
    };
    app.transact(by, async |cx| {
        access::hand_in(cx, new.clone()).await?;
        let key = access_review::draft(cx, scope.clone()).await?.key;
        access_review::confirm(cx, key).await?;
        access_review::freeze(cx, key).await?;
        access_review::open(cx, key).await?;
        Ok(key)
    })
    .await
    .expect("open")
}

#[tokio::test]
async fn a_review_is_told_of_as_its_time_passes_and_to_others_when_it_is_long_over() {
    for world in World::both().await {
        let (app, program) = start(&world).await;
        let manager = world.member(&app, &program, "Cam", &[Role::ComplianceManager]).await;
        let other = world.member(&app, &program, "Max", &[Role::ComplianceManager]).await;
        let owner = world.member(&app, &program, "Coo", &[Role::ControlOwner]).await;
        let chief = world.member(&app, &program, "Eva", &[Role::Executive]).await;
        let employee = world.member(&app, &program, "Emil", &[Role::Employee]).await;
        let id = async |account: &Account| world.find_member(&app, &program, &account.email).await.actor;
        let (coo, both) = (id(&owner).await, (id(&chief).await, id(&employee).await));
        let by = manager.actor(&world, &app).await;
        let key = open_review(&app, &by, coo, both).await;
        let steps = async |account: &Account| -> Vec<(Step, String)> {
            let mut all = told(&world, &app, account).await;
            all.retain(|one| one.matter == Matter::Review);
            all.reverse();
            all.into_iter().map(|one| (one.step, one.path)).collect()
        };
        let (decide, run) =
            (format!("/access-reviews/{}/decide", key.0), format!("/access-reviews/{}", key.0));
        let of = |path: &str, steps: &[Step]| -> Vec<(Step, String)> {
            steps.iter().map(|step| (*step, path.to_owned())).collect()
        };
        remind(&app, &program).await;
        assert_eq!(steps(&owner).await, [], "less than half of the time is over");
        // Hour by hour to its end and a day more: each is told once.
        for _ in 0..11 * 24 {
            world.clock.advance(HOUR_US);
            remind(&app, &program).await;
            assert_eq!(remind(&app, &program).await, (0, 0), "a second pass tells nothing");
        }
        let three = [Step::Half, Step::Most, Step::Overdue];
        assert_eq!(steps(&owner).await, of(&decide, &three));
        assert_eq!(steps(&manager).await, of(&run, &three));
        for nobody in [&other, &chief, &employee] {
            assert_eq!(steps(nobody).await, []);
        }
        world.clock.advance(7 * DAY_US);
        remind(&app, &program).await;
        assert_eq!(steps(&other).await, of(&run, &[Step::Escalated]));
        assert_eq!(steps(&owner).await.len(), 3, "it is their own");
        assert_eq!(steps(&manager).await.len(), 3, "they began it");
        let mailed = letters(&app, &program).await;
        let kinds = |to: &Account| -> BTreeSet<MailKind> {
            mailed.iter().filter(|(_, address)| *address == to.email).map(|(kind, _)| *kind).collect()
        };
        assert!(kinds(&owner).contains(&MailKind::Reminder), "{mailed:?}");
        app.close().await;
    }
}

#[tokio::test]
async fn a_review_that_is_answered_is_told_of_no_more() {
    for world in World::both().await {
        let (app, program) = start(&world).await;
        let manager = world.member(&app, &program, "Cam", &[Role::ComplianceManager]).await;
        let owner = world.member(&app, &program, "Coo", &[Role::ControlOwner]).await;
        let chief = world.member(&app, &program, "Eva", &[Role::Executive]).await;
        let employee = world.member(&app, &program, "Emil", &[Role::Employee]).await;
        let id = async |account: &Account| world.find_member(&app, &program, &account.email).await.actor;
        let (coo, both) = (id(&owner).await, (id(&chief).await, id(&employee).await));
        let by = manager.actor(&world, &app).await;
        let key = open_review(&app, &by, coo, both).await;
        let actor = owner.actor(&world, &app).await;
        let answer = access_review::Answer { item: 1, decision: Decision::Revoke, why: String::new() };
        app.transact(&actor, async |cx| access_review::decide(cx, key, answer.clone()).await)
            .await
            .expect("decided");
        world.clock.advance(30 * DAY_US);
        remind(&app, &program).await;
        for account in [&manager, &owner] {
            let all = told(&world, &app, account).await;
            assert!(all.iter().all(|one| one.matter != Matter::Review), "{all:?}");
        }
        app.close().await;
    }
}
