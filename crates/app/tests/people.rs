//! Coming in, being given roles, being suspended and removed.

use std::collections::BTreeSet;

use tickmark_app::identity::audit::{self, Filter};
use tickmark_app::identity::people::{self, Joining, Link};
use tickmark_app::identity::{self, Access};
use tickmark_app::testing::{Account, World};
use tickmark_app::{Actor, App, Error, Result, ledger};
use tickmark_core::identity::{Role, Standing, Systems};

fn roles(of: &[Role]) -> BTreeSet<Role> {
    of.iter().copied().collect()
}

async fn invite(app: &App, actor: &Actor, email: &str, of: &[Role]) -> Result<Link> {
    let of = roles(of);
    app.transact(actor, async |cx| people::invite(cx, email, &of).await).await
}

/// The words of the newest events of the trail, newest first.
async fn trail(app: &App, program: &Actor, limit: u32) -> Vec<String> {
    let rows = app.read(program, async |view| audit::search(view, &Filter::default(), limit).await).await;
    let words = |row: audit::Row| format!("{} {}", row.event, row.outcome);
    rows.expect("the trail").into_iter().map(words).collect()
}

#[tokio::test]
async fn the_first_owner_comes_in_by_the_set_up_secret_and_only_once() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let offer = async || {
            app.transact(&program, async |cx| people::offer_set_up(cx).await).await.expect("offered")
        };
        let earlier = offer().await.expect("nobody is here");
        let link = offer().await.expect("nobody is here");
        assert!(matches!(app.invited(&earlier.secret).await, Err(Error::NotFound { .. })), "taken back");
        assert!(matches!(app.invited(&[7; 32]).await, Err(Error::NotFound { .. })));

        // Looking uses nothing up, and shows the same authenticator each time.
        let first = app.invited(&link.secret).await.expect("open");
        let again = app.invited(&link.secret).await.expect("open");
        assert_eq!(first.seed.bytes(), again.seed.bytes());
        assert_eq!((first.email, first.is_enrolled), (None, false));

        let owner = world.join(&app, &link, "Owner@Example.com", "Olu Owner").await;
        assert_eq!(owner.codes.len(), 10);
        assert!(matches!(app.invited(&link.secret).await, Err(Error::NotFound { .. })), "used");
        assert_eq!(offer().await, None, "there is an owner");
        let member = world.find_member(&app, &program, "owner@example.com").await;
        assert_eq!(member.roles, roles(&[Role::Owner, Role::ComplianceManager]));
        let actor = app.resume(&owner.token, "r").await.expect("resuming").expect("a session");
        assert_eq!((actor.id, actor.label.as_str()), (member.actor, "Olu Owner"));
        let before =
            ["auth.login done", "member.joined done", "factor.enrolled done", "member.set_up_offered done"];
        assert_eq!(trail(&app, &program, 4).await, before);
    }
}

#[tokio::test]
async fn a_set_up_secret_works_for_half_an_hour_and_an_invitation_for_a_day() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let link = app.transact(&program, async |cx| people::offer_set_up(cx).await).await.expect("offered");
        let link = link.expect("nobody is here");
        world.wait(30 * 60 - 1);
        app.invited(&link.secret).await.expect("still open");
        world.wait(1);
        assert!(matches!(app.invited(&link.secret).await, Err(Error::NotFound { .. })));
        let late = Joining {
            email: "a@example.com",
            name: "A",
            password: "a long enough one",
            code: "000000",
            passkey: None,
        };
        let late = app.join(&link.secret, late, &World::origin("127.0.0.1")).await;
        assert!(matches!(late, Err(Error::NotFound { .. })), "{:?}", late.err());

        let link = invite(&app, &program, "a@example.com", &[Role::Employee]).await.expect("invited");
        world.wait(24 * 3600);
        assert!(matches!(app.invited(&link.secret).await, Err(Error::NotFound { .. })));
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_and_nothing_is_kept() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let owner = world.owner(&app, &program).await;
        let link = invite(&app, &program, "new@example.com", &[Role::Employee]).await.expect("invited");
        let seed = app.invited(&link.secret).await.expect("open").seed;
        let code = Account { seed, ..owner.clone() }.code(&app, 0);
        let good =
            Joining { email: "", name: "Nia New", password: "horse and staple", code: &code, passkey: None };
        for (joining, says) in [
            (Joining { name: "", ..good.clone() }, "name of the person"),
            (Joining { password: "short", ..good.clone() }, "at least 8"),
            (Joining { password: "password1", ..good.clone() }, "tried first"),
            (Joining { password: "Example Ltd 2026", ..good.clone() }, "others know"),
            (Joining { code: "", ..good.clone() }, "code does not fit"),
            (Joining { code: &owner.code(&app, 0), ..good.clone() }, "code does not fit"),
        ] {
            let refused = app.join(&link.secret, joining, &World::origin("127.0.0.1")).await;
            let Err(Error::Invalid(text)) = refused else { panic!("taken: {says}") };
            assert!(text.contains(says), "{text}");
        }
        let members = app.read(&program, async |view| people::members(view).await).await.expect("members");
        assert_eq!(members.len(), 1);
        app.join(&link.secret, good, &World::origin("127.0.0.1")).await.expect("the link still works");
    }
}

#[tokio::test]
async fn who_invites_whom() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let owner = world.owner(&app, &program).await.actor(&world, &app).await;
        let lead = world.member(&app, &program, "Lee", &[Role::ComplianceManager]).await;
        let lead = lead.actor(&world, &app).await;
        let refused = invite(&app, &lead, "x@example.com", &[Role::Employee]).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
        let refused = invite(&app, &owner, "x@example.com", &[Role::Admin]).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "needs a second person: {refused:?}");
        assert_eq!(trail(&app, &program, 2).await, ["access.denied denied", "access.denied denied"]);
        for (email, of) in [
            ("nobody", &[Role::Employee][..]),
            ("x@example.com\r\nBcc: y@example.com", &[Role::Employee]),
            ("x@example.com", &[]),
            ("x@example.com", &[Role::ServiceToken]),
        ] {
            let refused = invite(&app, &owner, email, of).await;
            assert!(matches!(refused, Err(Error::Invalid(_))), "{email:?} {of:?}");
        }
        let refused = invite(&app, &owner, "lee@example.com", &[Role::Employee]).await;
        assert!(matches!(refused, Err(Error::Conflict(_))));

        let first = invite(&app, &owner, "x@example.com", &[Role::Employee]).await.expect("invited");
        let second = invite(&app, &owner, "X@example.com", &[Role::ControlOwner]).await.expect("again");
        assert!(app.invited(&first.secret).await.is_err(), "the earlier link stopped working");
        app.invited(&second.secret).await.expect("open");
        let revoke = async || {
            app.transact(&owner, async |cx| people::revoke_invitation(cx, second.invitation).await).await
        };
        revoke().await.expect("taken back");
        assert!(app.invited(&second.secret).await.is_err());
        assert!(matches!(revoke().await, Err(Error::Conflict(_))));
        world.wait(601);
        let later = invite(&app, &owner, "y@example.com", &[Role::Employee]).await;
        assert!(matches!(later, Err(Error::StepUp)), "giving roles needs a fresh proof: {later:?}");
    }
}

#[tokio::test]
async fn a_person_is_in_two_organizations_with_one_account_and_each_sees_its_own() {
    for world in World::both().await {
        let (app, first) = world.start().await;
        let second = app.ensure_organization("Second Ltd", "Other system").await.expect("another");
        let robin = world.member(&app, &first, "Robin", &[Role::Employee]).await;
        let link = invite(&app, &second, "robin@example.com", &[Role::ControlOwner]).await.expect("invited");
        let invited = app.invited(&link.secret).await.expect("open");
        assert!(invited.is_enrolled);
        world.wait(30);
        let joining = |password, code| Joining { email: "", name: "", password, code, passkey: None };
        let origin = World::origin("127.0.0.1");
        let code = robin.code(&app, 0);
        let wrong = app.join(&link.secret, joining("not the password", &code), &origin).await;
        assert!(matches!(wrong, Err(Error::Invalid(_))));
        let joined = app.join(&link.secret, joining(&robin.password, &code), &origin).await.expect("joined");
        assert!(joined.recovery_codes.is_empty(), "theirs stay");
        let there = app.resume(&joined.token, "r").await.expect("resuming").expect("a session");
        assert_eq!(there.organization, second.organization);
        let here = app.resume(&robin.token, "r").await.expect("resuming").expect("a session");
        assert_ne!(here.id, there.id, "each organization knows them by another id");
        let names = async |actor: &Actor| {
            let all = app.read(actor, async |view| people::members(view).await).await.expect("members");
            all.into_iter().map(|member| member.roles).collect::<Vec<_>>()
        };
        assert_eq!(names(&here).await, [roles(&[Role::Employee])]);
        assert_eq!(names(&there).await, [roles(&[Role::ControlOwner])]);

        let member = world.find_member(&app, &first, "robin@example.com").await;
        let elsewhere =
            app.transact(&second, async |cx| people::suspend(cx, member.id, "not theirs").await).await;
        assert!(matches!(elsewhere, Err(Error::NotFound { .. })), "{elsewhere:?}");
    }
}

#[tokio::test]
async fn suspending_and_removing_end_what_somebody_is_in_at_once() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let owner = world.owner(&app, &program).await.actor(&world, &app).await;
        let robin = world.member(&app, &program, "Robin", &[Role::Employee]).await;
        let id = world.find_member(&app, &program, "robin@example.com").await.id;
        let is_in = async || app.resume(&robin.token, "r").await.expect("resuming").is_some();
        assert!(is_in().await);
        let without = app.transact(&owner, async |cx| people::suspend(cx, id, " ").await).await;
        assert!(matches!(without, Err(Error::Invalid(_))), "a reason is needed");
        app.transact(&owner, async |cx| people::suspend(cx, id, "on leave").await).await.expect("suspended");
        assert!(!is_in().await);
        world.wait(30);
        assert!(format!("{:?}", robin.sign_in(&app).await.expect("answered")).starts_with("No"));
        let member = world.find_member(&app, &program, "robin@example.com").await;
        assert_eq!(member.standing, Standing::Suspended);
        let filter = Filter { event: Some("member.suspended".to_owned()), ..Filter::default() };
        let rows =
            app.read(&program, async |view| audit::search(view, &filter, 5).await).await.expect("rows");
        assert_eq!((rows.len(), rows[0].why.as_deref(), rows[0].actor), (1, Some("on leave"), owner.id));

        app.transact(&owner, async |cx| people::resume(cx, id, "back").await).await.expect("resumed");
        world.wait(30);
        let actor = robin.actor(&world, &app).await;
        app.transact(&owner, async |cx| people::remove(cx, id, "left").await).await.expect("removed");
        assert!(!is_in().await);
        let gone = app.transact(&owner, async |cx| people::remove(cx, id, "left").await).await;
        assert!(matches!(gone, Err(Error::NotFound { .. })));

        // Who comes back is the same to the ledger, in a membership of their own.
        let link = invite(&app, &program, "robin@example.com", &[Role::Employee]).await.expect("invited");
        world.wait(30);
        let code = robin.code(&app, 0);
        let joining = Joining { email: "", name: "", password: &robin.password, code: &code, passkey: None };
        app.join(&link.secret, joining, &World::origin("127.0.0.1")).await.expect("back");
        let member = world.find_member(&app, &program, "robin@example.com").await;
        assert_ne!(member.id, id);
        assert_eq!(member.actor, actor.id);
    }
}

#[tokio::test]
async fn nobody_is_their_own_judge_and_the_last_owner_stays() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let account = world.owner(&app, &program).await;
        let owner = account.actor(&world, &app).await;
        let admin = world.member(&app, &program, "Ada", &[Role::Admin]).await;
        let admin = admin.actor(&world, &app).await;
        let own = world.find_member(&app, &program, "owner@example.com").await;
        let of_admin = world.find_member(&app, &program, "ada@example.com").await;
        let remove = async |actor: &Actor, id| {
            app.transact(actor, async |cx| people::remove(cx, id, "because").await).await
        };
        assert!(matches!(remove(&owner, own.id).await, Err(Error::Conflict(_))), "oneself");
        assert!(matches!(remove(&program, own.id).await, Err(Error::Conflict(_))), "the last owner");
        assert!(matches!(remove(&admin, own.id).await, Err(Error::Forbidden(_))), "above them");
        let grant = async |actor: &Actor, id, role| {
            app.transact(actor, async |cx| people::grant(cx, id, role).await).await
        };
        assert!(matches!(grant(&owner, own.id, Role::Executive).await, Err(Error::Forbidden(_))));
        assert!(matches!(grant(&admin, of_admin.id, Role::ControlOwner).await, Err(Error::Forbidden(_))));
        assert_eq!(trail(&app, &program, 3).await, vec!["access.denied denied"; 3]);
        let revoke =
            app.transact(&owner, async |cx| people::revoke(cx, own.id, Role::Owner, "tired").await).await;
        assert!(matches!(revoke, Err(Error::Conflict(_))), "the last owner");
    }
}

#[tokio::test]
async fn owners_and_administrators_are_made_by_two_people() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let owner = world.owner(&app, &program).await.actor(&world, &app).await;
        let second = world.member(&app, &program, "Sam", &[Role::Owner]).await.actor(&world, &app).await;
        let robin = world.member(&app, &program, "Robin", &[Role::Employee]).await;
        let id = world.find_member(&app, &program, "robin@example.com").await.id;
        let direct = app.transact(&owner, async |cx| people::grant(cx, id, Role::Admin).await).await;
        assert!(matches!(direct, Err(Error::Forbidden(_))), "{direct:?}");
        let proposal = app
            .transact(&owner, async |cx| people::propose(cx, id, Role::Admin).await)
            .await
            .expect("proposed");
        let agree =
            async |actor: &Actor| app.transact(actor, async |cx| people::agree(cx, proposal).await).await;
        assert!(matches!(agree(&owner).await, Err(Error::Forbidden(_))), "who proposed it");
        assert!(app.resume(&robin.token, "r").await.expect("resuming").is_some());
        agree(&second).await.expect("a third person agrees");
        assert!(app.resume(&robin.token, "r").await.expect("resuming").is_none(), "rights changed");
        assert!(matches!(agree(&second).await, Err(Error::NotFound { .. })), "once");
        let member = world.find_member(&app, &program, "robin@example.com").await;
        assert_eq!(member.roles, roles(&[Role::Employee, Role::Admin]));
        let again = app.transact(&owner, async |cx| people::propose(cx, id, Role::Admin).await).await;
        assert!(matches!(again, Err(Error::Conflict(_))));
        app.transact(&second, async |cx| people::revoke(cx, id, Role::Admin, "done").await)
            .await
            .expect("taken away");

        // A proposal waits a week.
        let old =
            app.transact(&owner, async |cx| people::propose(cx, id, Role::Owner).await).await.expect("asked");
        world.wait(7 * 24 * 3600 + 1);
        let late = app.transact(&program, async |cx| people::agree(cx, old).await).await;
        assert!(matches!(late, Err(Error::NotFound { .. })), "{late:?}");
    }
}

#[tokio::test]
async fn systems_limit_who_is_seen() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let system =
            app.read(&program, async |view| identity::systems(view).await).await.expect("systems")[0].id;
        world.member(&app, &program, "Robin", &[Role::ControlOwner]).await;
        world.member(&app, &program, "Eve", &[Role::Employee]).await;
        let id = world.find_member(&app, &program, "robin@example.com").await.id;
        let assign = async |systems: Systems| {
            app.transact(&program, async |cx| people::assign_systems(cx, id, systems.clone(), "scope").await)
                .await
        };
        assert!(matches!(assign(Systems::Only(BTreeSet::new())).await, Err(Error::Invalid(_))));
        let unknown = tickmark_core::id::SystemId(id.0);
        assert!(matches!(assign(Systems::Only([unknown].into())).await, Err(Error::NotFound { .. })));
        assign(Systems::Only([system].into())).await.expect("assigned");
        let member = world.find_member(&app, &program, "robin@example.com").await;
        assert_eq!(member.systems, Systems::Only([system].into()));
        assign(Systems::All).await.expect("all again");
        assert_eq!(world.find_member(&app, &program, "robin@example.com").await.systems, Systems::All);
    }
}

#[tokio::test]
async fn who_lost_everything_enrolls_again_by_a_link_made_on_the_machine() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let owner = world.owner(&app, &program).await.actor(&world, &app).await;
        let robin = world.member(&app, &program, "Robin", &[Role::Employee]).await;
        let before = world.find_member(&app, &program, "robin@example.com").await;
        let reset = async |actor: &Actor| {
            app.transact(actor, async |cx| people::reset(cx, before.id, "lost the telephone").await).await
        };
        assert!(matches!(reset(&owner).await, Err(Error::Forbidden(_))), "not through the pages");
        let mislaid = reset(&program).await.expect("a link");
        let link = reset(&program).await.expect("another link");
        assert!(app.invited(&mislaid.secret).await.is_err(), "the earlier link stopped working");
        assert!(app.resume(&robin.token, "r").await.expect("resuming").is_none());
        world.wait(30);
        assert!(format!("{:?}", robin.sign_in(&app).await.expect("answered")).starts_with("No"));
        let again = world.join(&app, &link, "robin@example.com", "Robin").await;
        let after = world.find_member(&app, &program, "robin@example.com").await;
        assert_eq!((after.id, after.roles), (before.id, before.roles), "nothing else changed");
        assert_ne!(again.seed.bytes(), robin.seed.bytes());
        again.actor(&world, &app).await;
    }
}

#[tokio::test]
async fn the_ledger_has_every_event_and_names_nobody() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let owner = world.owner(&app, &program).await.actor(&world, &app).await;
        let robin = world.member(&app, &program, "Robin", &[Role::Employee]).await;
        let id = world.find_member(&app, &program, "robin@example.com").await.id;
        app.transact(&owner, async |cx| people::suspend(cx, id, "Robin moved to Ghent").await)
            .await
            .expect("suspended");
        app.sequence(&program).await.expect("sequencing");
        let entries =
            app.read(&program, async |view| ledger::entries(view, 0, 100).await).await.expect("entries");
        let whole: String =
            entries.iter().map(|one| String::from_utf8_lossy(&one.content).into_owned()).collect();
        for secret in ["example.com", "Robin", "Ghent", "Olu", "127.0.0", robin.codes[0].as_str()] {
            assert!(!whole.contains(secret), "the ledger says {secret}");
        }
        let ids: BTreeSet<String> =
            entries.iter().map(|one| one.leaf().expect("a leaf").id.to_string()).collect();
        let rows = app
            .read(&program, async |view| audit::search(view, &Filter::default(), 200).await)
            .await
            .expect("rows");
        assert!(rows.iter().all(|row| ids.contains(&row.leaf.to_string())), "each row has its entry");
        let numbers: Vec<i64> = rows.iter().map(|row| row.number).rev().collect();
        assert_eq!(numbers, (1..=i64::try_from(rows.len()).expect("few")).collect::<Vec<_>>());

        // Pages of the trail fit together; whoever has no right sees what they did themselves.
        let first = Filter { before: Some(rows[2].number), ..Filter::default() };
        let rest =
            app.read(&program, async |view| audit::search(view, &first, 200).await).await.expect("rows");
        assert_eq!(rest, rows[3..]);
        let by_part = Filter { event: Some("member".to_owned()), ..Filter::default() };
        let members =
            app.read(&program, async |view| audit::search(view, &by_part, 200).await).await.expect("rows");
        assert!(members.len() > 3 && members.iter().all(|row| row.event.starts_with("member.")));
        app.transact(&owner, async |cx| people::resume(cx, id, "back").await).await.expect("resumed");
        let employee = robin.actor(&world, &app).await;
        assert!(matches!(employee.access, Access::Member(_)));
        let own = app.read(&employee, async |view| audit::search(view, &Filter::default(), 200).await).await;
        assert!(own.expect("own rows").iter().all(|row| row.actor == employee.id));
    }
}
