//! Systems: written, described and retired; and that whoever is assigned to one works on what is of it, and on nothing else.

use std::collections::BTreeSet;

use bytes::Bytes;
use tickmark_app::control::{self, edit};
use tickmark_app::evidence::item::{self, NewItem, Upload};
use tickmark_app::identity::audit::{self, Filter};
use tickmark_app::identity::{self, System, Version, people, system};
use tickmark_app::register::{self, Kind, Query};
use tickmark_app::testing::World;
use tickmark_app::{Actor, App, Error, Result};
use tickmark_core::catalog::Catalog;
use tickmark_core::control::{Content, Control, ControlId};
use tickmark_core::evidence::item::{Covers, Description, Kind as ItemKind, Method, Sensitivity, day};
use tickmark_core::id::SystemId;
use tickmark_core::identity::{Role, Systems};

async fn moved(app: &App, actor: &Actor, id: &ControlId, to: Option<SystemId>) -> Result<Control> {
    let catalog = Catalog::builtin();
    let before = app.read(actor, async |view| control::find(view, id).await).await?;
    let content = Content { system: to, ..before.content() };
    let from = control::state_of(&before)?;
    let done = app
        .transact(actor, async |cx| {
            edit::change(cx, id, from, content.clone(), before.assigned(), "it belongs there", &catalog).await
        })
        .await?;
    match done {
        edit::Changed::Done(after, _) => Ok(*after),
        edit::Changed::Stale(now) => panic!("{} was changed meanwhile", now.id),
    }
}

async fn written(app: &App, actor: &Actor, name: &str, boundary: &str) -> Result<System> {
    app.transact(actor, async |cx| system::write(cx, name, boundary).await).await
}

async fn listed(app: &App, actor: &Actor, kind: Kind) -> Vec<String> {
    app.read(actor, async |view| register::page(view, kind, &Query { rows: 500, ..Query::default() }).await)
        .await
        .expect("a page")
        .ids
}

fn item_for(once: &str, id: &ControlId) -> NewItem {
    NewItem {
        once: once.to_owned(),
        description: Description {
            title: "Leavers of the quarter".to_owned(),
            kind: ItemKind::Export,
            source: "Directory".to_owned(),
            method: Method::Exported,
            steps: String::new(),
            collected_by: "Robin".to_owned(),
            collected_at: day("2026-01-01").ok(),
            covers: Covers::days("2025-10-01", "2025-12-31").ok(),
            sensitivity: Sensitivity::Internal,
            redaction: String::new(),
        },
        retention: "evidence".to_owned(),
        controls: [id.clone()].into(),
        files: vec![Upload { name: "leavers.csv".to_owned(), bytes: Bytes::from_static(b"who\nAda\n") }],
    }
}

#[tokio::test]
async fn a_system_is_written_once_described_and_retired_when_nothing_is_for_it() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let person = world.person(&app, &program).await;
        let first = app.read(&person, async |view| identity::systems(view).await).await.expect("systems");
        let only = first[0].clone();
        let retire =
            async |id, why: &str| app.transact(&person, async |cx| system::retire(cx, id, why).await).await;
        let last = retire(only.id, "gone").await.expect_err("the only one");
        assert!(last.to_string().contains("only system"), "{last}");

        let payroll =
            written(&app, &person, " Payroll ", "The service and its database").await.expect("written");
        assert_eq!(payroll.name, "Payroll");
        let again =
            written(&app, &person, "Payroll", "The service and its database").await.expect("the same");
        assert_eq!(again.id, payroll.id, "sent twice it is written once");
        assert!(matches!(written(&app, &person, "Payroll", "Another").await, Err(Error::Conflict(_))));
        for (name, boundary) in
            [("", ""), ("a\u{7}b", ""), (&*"x".repeat(201), ""), ("B", &*"x".repeat(4_001))]
        {
            let wrong = written(&app, &person, name, boundary).await;
            assert!(matches!(wrong, Err(Error::Invalid(_))), "{name:?}: {wrong:?}");
        }
        let change = async |name: &str| {
            app.transact(&person, async |cx| system::change(cx, payroll.id, name, "The service").await).await
        };
        assert!(matches!(change(&only.name).await, Err(Error::Conflict(_))), "the name is taken");
        assert_eq!(change("Payroll SaaS").await.expect("changed").boundary, "The service");

        // What is for it keeps it.
        let catalog = Catalog::builtin();
        app.transact(&program, async |cx| control::adopt_starters(cx, &catalog).await)
            .await
            .expect("adopted");
        let id: ControlId = "IAM-05".parse().expect("an id");
        assert_eq!(
            moved(&app, &person, &id, Some(payroll.id)).await.expect("moved").system,
            Some(payroll.id)
        );
        let kept = retire(payroll.id, "sold").await.expect_err("a control is for it").to_string();
        assert!(kept.contains("IAM-05"), "{kept}");
        moved(&app, &person, &id, None).await.expect("moved back");
        assert!(matches!(retire(payroll.id, " ").await, Err(Error::Invalid(_))), "a reason is needed");
        assert!(matches!(
            app.transact(&program, async |cx| system::retire(cx, payroll.id, "sold").await).await,
            Err(Error::Forbidden(_))
        ));
        assert!(retire(payroll.id, "sold").await.expect("retired").retired_at.is_some());
        assert!(matches!(change("Again").await, Err(Error::Conflict(_))), "it does not come back");
        let gone = moved(&app, &person, &id, Some(payroll.id)).await;
        assert!(matches!(gone, Err(Error::Invalid(_))), "nothing new is for a retired one: {gone:?}");
        let left = app.read(&person, async |view| identity::systems(view).await).await.expect("systems");
        assert_eq!(left.iter().map(|one| one.id).collect::<Vec<_>>(), [only.id]);

        // What was said at each time is there, of the first one since the organization began.
        let versions = async |id| {
            app.read(&person, async |view| system::versions(view, id).await).await.expect("versions")
        };
        let kept = versions(payroll.id).await;
        let said = |one: &Version<System>| {
            (one.number, one.record.name.clone(), one.reason.clone(), one.record.retired_at.is_some())
        };
        let expected =
            [(1, "Payroll", "", false), (2, "Payroll SaaS", "", false), (3, "Payroll SaaS", "sold", true)]
                .map(|(number, name, why, is_retired)| (number, name.to_owned(), why.to_owned(), is_retired));
        assert_eq!(kept.iter().map(said).collect::<Vec<_>>(), expected);
        assert!(kept.iter().all(|one| one.by == Some(person.id)));
        let first = versions(only.id).await;
        assert_eq!((first.len(), &first[0].record), (1, &only));

        let filter = Filter { event: Some("system".into()), ..Filter::default() };
        let rows =
            app.read(&program, async |view| audit::search(view, &filter, 10).await).await.expect("rows");
        let events: Vec<String> = rows.into_iter().rev().map(|row| row.event).collect();
        assert_eq!(events, ["system.written", "system.changed", "system.retired"]);
    }
}

#[tokio::test]
async fn whoever_is_assigned_to_one_system_works_on_what_is_of_it_and_on_nothing_else() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let person = world.person(&app, &program).await;
        let catalog = Catalog::builtin();
        app.transact(&program, async |cx| control::adopt_starters(cx, &catalog).await)
            .await
            .expect("adopted");
        let payroll = written(&app, &person, "Payroll", "").await.expect("written").id;
        let hosting = written(&app, &person, "Hosting", "").await.expect("written").id;
        let (theirs, others): (ControlId, ControlId) =
            ("IAM-05".parse().expect("an id"), "IAM-06".parse().expect("an id"));
        moved(&app, &person, &theirs, Some(payroll)).await.expect("moved");
        moved(&app, &person, &others, Some(hosting)).await.expect("moved");

        let robin = world.member(&app, &program, "Robin", &[Role::ControlOwner]).await;
        let id = world.find_member(&app, &program, "robin@example.com").await.id;
        let only = Systems::Only(BTreeSet::from([payroll]));
        app.transact(&program, async |cx| people::assign_systems(cx, id, only.clone(), "scope").await)
            .await
            .expect("assigned");
        let robin = robin.actor(&world, &app).await;

        assert_eq!(listed(&app, &robin, Kind::Control).await, ["IAM-05"], "lists end at the reach");
        let see = async |id: &ControlId| app.read(&robin, async |view| edit::see(view, id).await).await;
        see(&theirs).await.expect("theirs");
        assert!(matches!(see(&others).await, Err(Error::Forbidden(_))));
        let whole: ControlId = "IAM-01".parse().expect("an id");
        assert!(matches!(see(&whole).await, Err(Error::Forbidden(_))), "what is of all is nobody's part");

        // They change what is theirs, and move it nowhere that they could not have changed it.
        for to in [Some(hosting), None] {
            let away = moved(&app, &robin, &theirs, to).await;
            assert!(matches!(away, Err(Error::Forbidden(_))), "{away:?}");
        }
        assert!(matches!(moved(&app, &robin, &others, Some(payroll)).await, Err(Error::Forbidden(_))));

        // Evidence goes by the controls it serves.
        let open = async |actor: &Actor, once: &str, id: &ControlId| {
            let new = item_for(once, id);
            app.transact(actor, async |cx| item::open(cx, new.clone()).await).await
        };
        let own = open(&robin, "own", &theirs).await.expect("opened");
        assert!(open(&robin, "other", &others).await.is_err(), "a control that they may not see");
        let other = open(&person, "of hosting", &others).await.expect("opened");
        assert_eq!(listed(&app, &robin, Kind::Item).await, [own.key.to_string()]);
        let read = app.read(&robin, async |view| item::find(view, other.key).await).await;
        assert!(matches!(read, Err(Error::Forbidden(_))), "{read:?}");

        // The systems that they are told of are theirs.
        let systems = app.read(&robin, async |view| system::list(view).await).await.expect("systems");
        assert_eq!(systems.iter().map(|one| one.id).collect::<Vec<_>>(), [payroll]);
        assert!(matches!(written(&app, &robin, "Mine", "").await, Err(Error::Forbidden(_))));
    }
}
