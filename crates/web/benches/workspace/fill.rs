//! What is in the workspace: through the use cases, as people and programs would bring it in.

use std::collections::BTreeSet;
use std::time::Instant;

use bytes::Bytes;
use tickmark_app::control::edit;
use tickmark_app::engagement::fieldwork::{request, workpaper};
use tickmark_app::evidence::item::{self, NewItem, Upload};
use tickmark_app::observation::waiver;
use tickmark_app::program::access::{self, NewList};
use tickmark_app::program::access_review;
use tickmark_app::testing::Account;
use tickmark_app::{Actor, conclusion, control as controls};
use tickmark_core::catalog::{Catalog, RequestKind, RequestTiming};
use tickmark_core::conclusion::readiness::{Answer, Question};
use tickmark_core::control::{Assigned, Content, Control, ControlId, TestAttribute};
use tickmark_core::engagement::fieldwork::{Plan, Procedure, Request};
use tickmark_core::evidence::item::{Covers, Description, Kind, Method, Sensitivity, day};
use tickmark_core::id::ActorId;
use tickmark_core::identity::Role;
use tickmark_core::observation::waiver as waived;
use tickmark_core::program::access::{Columns, Tier};
use tickmark_core::program::access_review::{Scope, ScopedSystem, Unanswered};
use tickmark_core::program::population::Ipe;
use tickmark_core::time::DAY_US;
use tickmark_evaluate::Library;

use crate::examination::{KEY, auditor_with_account, company, owner};
use crate::host;
use crate::members::Server;

/// Records that are written in one transaction.
const BATCH: usize = 500;
/// Events that are written in one transaction, and seconds that pass between two of them.
const EVENT_BATCH: usize = 20_000;
const BETWEEN_S: i64 = 600;
/// Those who look around, each in a session of their own.
const LOOKERS: usize = 16;
/// Files that items are made of: the same file may be evidence many times.
const FILES: usize = 200;
/// Systems that a review of access is about.
const SYSTEMS: usize = 4;

/// How much there is.
pub(crate) struct Size {
    controls: usize,
    items: usize,
    events: usize,
    /// Members beside those who look around.
    people: usize,
    /// Controls that each of those who look around owns.
    owned: usize,
    /// Controls that somebody found not to be designed: a finding each.
    short: usize,
    waivers: usize,
    requests: usize,
    workpapers: usize,
    /// Open reviews of access, and rights in each.
    reviews: usize,
    rights: usize,
}

impl Size {
    /// What the budget is about.
    pub(crate) fn whole() -> Self {
        Self {
            controls: 10_000,
            items: 10_000,
            events: 1_000_000,
            people: 300,
            owned: 20,
            short: 2_000,
            waivers: 1_000,
            requests: 300,
            workpapers: 60,
            reviews: 3,
            rights: 4_000,
        }
    }

    /// A tenth of it.
    pub(crate) fn tenth(self) -> Self {
        Self {
            controls: self.controls / 10,
            items: self.items / 10,
            events: self.events / 10,
            people: self.people / 10,
            short: self.short / 10,
            waivers: self.waivers / 10,
            requests: self.requests / 10,
            workpapers: self.workpapers / 10,
            rights: self.rights / 10,
            ..self
        }
    }
}

/// Brings everything in, and returns those who look around.
pub(crate) async fn fill(server: &Server, size: &Size) -> Vec<Account> {
    said("an examination", examination(server, size)).await;
    let (accounts, lookers) = said("those who look around", lookers(server)).await;
    said("controls", own_controls(server, size, &lookers)).await;
    said("evidence items", items(server, size)).await;
    said("people", people(server, size)).await;
    said("answers that fall short", short(server, size)).await;
    said("waivers", waivers(server, size)).await;
    said("reviews of access", reviews(server, size, &accounts, &lookers)).await;
    said("events", events(server, size)).await;
    accounts
}

async fn said<T>(what: &str, work: impl Future<Output = T>) -> T {
    let begun = Instant::now();
    let done = work.await;
    eprintln!("{what} written in {:.1} s", begun.elapsed().as_secs_f64());
    done
}

/// An examination under way, with requests and papers.
async fn examination(server: &Server, size: &Size) {
    company(server).await;
    let mut owner = owner(server).await;
    let account = auditor_with_account(server, &mut owner, "Audrey").await.1;
    let (app, catalog) = (&server.app, Catalog::builtin());
    let audrey = account.actor(&server.world, app).await;
    let asked = |number: usize| Request {
        title: format!("Document {number} about backup"),
        kind: RequestKind::Document,
        timing: RequestTiming::Period,
        criteria: BTreeSet::new(),
        controls: BTreeSet::new(),
        due: number.is_multiple_of(3).then(|| "2026-12-20".parse().expect("a day")),
        reference: String::new(),
    };
    let list: Vec<Request> = (0..size.requests).map(asked).collect();
    app.transact(&audrey, async |cx| request::add(cx, KEY, list.clone()).await).await.expect("asked");
    let attribute = TestAttribute {
        id: "A".into(),
        asserts: "approved before it was done".into(),
        deviation: "no approval".into(),
    };
    let starters: Vec<ControlId> = catalog.controls.iter().filter_map(|one| one.id.parse().ok()).collect();
    for control in starters.into_iter().take(size.workpapers) {
        let plan = Plan {
            control,
            procedures: BTreeSet::from([Procedure::Inspection]),
            procedure: "Inspected the approval of selected changes.".into(),
            attributes: vec![attribute.clone()],
        };
        // Not every starter control is in scope.
        let _ =
            app.transact(&audrey, async |cx| workpaper::begin(cx, KEY, plan.clone(), &catalog).await).await;
    }
}

/// People who run the program and own some controls.
async fn lookers(server: &Server) -> (Vec<Account>, Vec<ActorId>) {
    let (app, program) = (&server.app, &server.program);
    let (mut accounts, mut actors) = (Vec::new(), Vec::new());
    for number in 0..LOOKERS {
        let roles = [Role::ComplianceManager, Role::ControlOwner];
        let account = server.world.member(app, program, &format!("Mia{number}"), &roles).await;
        actors.push(server.world.find_member(app, program, &account.email).await.actor);
        accounts.push(account);
    }
    (accounts, actors)
}

fn control(number: usize) -> ControlId {
    format!("OWN-{number:05}").parse().expect("an id")
}

async fn own_controls(server: &Server, size: &Size, lookers: &[ActorId]) {
    let (app, catalog) = (&server.app, Catalog::builtin());
    let one = server.world.person(app, &server.program).await;
    let text = Control::adopt(&catalog.controls[0], one.id, app.now()).expect("a starter").content();
    let owner = |number: usize| match number < lookers.len() * size.owned {
        true => lookers[number % lookers.len()],
        false => one.id,
    };
    for batch in (0..size.controls).collect::<Vec<_>>().chunks(BATCH) {
        app.transact(&one, async |cx| {
            for &number in batch {
                let title = format!("Control {number} over the backup of what matters");
                let content = Content { title, ..text.clone() };
                edit::write(cx, control(number), content, Assigned::default(), "measured", &catalog).await?;
                controls::put_in_force(cx, &control(number), owner(number)).await?;
            }
            Ok(())
        })
        .await
        .expect("written");
    }
}

fn evidence(number: usize, size: &Size) -> NewItem {
    NewItem {
        once: format!("item {number}"),
        description: Description {
            title: format!("Groups of payroll, export {number}"),
            kind: Kind::Export,
            source: "Directory, list of groups".to_owned(),
            method: Method::Exported,
            steps: String::new(),
            collected_by: "Oscar".to_owned(),
            collected_at: day("2026-11-20").ok(),
            covers: Covers::days("2026-10-01", "2026-11-20").ok(),
            sensitivity: Sensitivity::Internal,
            redaction: String::new(),
        },
        retention: "evidence".to_owned(),
        controls: BTreeSet::from([control(number % size.controls)]),
        files: vec![Upload {
            name: "groups.csv".to_owned(),
            bytes: Bytes::from(format!("group,member\npayroll,member {}\n", number % FILES)),
        }],
    }
}

async fn items(server: &Server, size: &Size) {
    for batch in (1..=size.items).collect::<Vec<_>>().chunks(BATCH) {
        server
            .app
            .transact(&server.program, async |cx| {
                for &number in batch {
                    item::open(cx, evidence(number, size)).await?;
                }
                Ok(())
            })
            .await
            .expect("opened");
    }
}

async fn people(server: &Server, size: &Size) {
    for number in 0..size.people {
        let role = [Role::ControlOwner, Role::Employee, Role::ComplianceManager][number % 3];
        server.world.member(&server.app, &server.program, &format!("Person{number}"), &[role]).await;
    }
}

async fn short(server: &Server, size: &Size) {
    let one = server.world.person(&server.app, &server.program).await;
    for batch in (0..size.short).collect::<Vec<_>>().chunks(BATCH) {
        server
            .app
            .transact(&one, async |cx| {
                for &number in batch {
                    let (question, why) = (Question::Designed, "nobody does it");
                    conclusion::decide(cx, &control(number), question, Answer::No, why).await?;
                }
                Ok(())
            })
            .await
            .expect("answered");
    }
}

async fn waivers(server: &Server, size: &Size) {
    let (app, program) = (&server.app, &server.program);
    let one = server.world.person(app, program).await;
    let other = server.world.member(app, program, "Olga", &[Role::ControlOwner]).await;
    let other = server.world.find_member(app, program, &other.email).await.actor;
    let library = Library::builtin().unwrap_or_else(|errors| panic!("{errors:#?}"));
    host::collect(app, program, &library).await;
    let checks: Vec<String> = library.checks().map(|check| check.id().to_owned()).collect();
    for batch in (0..size.waivers).collect::<Vec<_>>().chunks(BATCH) {
        app.transact(&one, async |cx| {
            for &number in batch {
                let days = 1 + i64::try_from(number % 300).unwrap_or(0);
                let request = waived::Request {
                    check: checks[number % checks.len()].clone(),
                    scope: waived::Scope::All,
                    reason: format!("Ticket {number} is not done"),
                    risk: "It stays as it is".to_owned(),
                    compensation: "It is looked at each week".to_owned(),
                    note: String::new(),
                    requested_by: other,
                    expires_at: cx.now.plus_micros(days * DAY_US),
                };
                waiver::grant(cx, request).await?;
            }
            Ok(())
        })
        .await
        .expect("granted");
    }
}

/// Open reviews, in which something waits for each of those who look around.
async fn reviews(server: &Server, size: &Size, accounts: &[Account], lookers: &[ActorId]) {
    let one = server.world.person(&server.app, &server.program).await;
    for number in 0..SYSTEMS {
        list_of_access(server, &one, &format!("System {number}"), size.rights / SYSTEMS, accounts).await;
    }
    for number in 0..size.reviews {
        let systems = (0..SYSTEMS).map(|number| ScopedSystem {
            name: format!("System {number}"),
            owner: lookers[number],
            provisioners: BTreeSet::new(),
        });
        let scope = Scope {
            title: format!("Quarter {number}"),
            systems: systems.collect(),
            tiers: Tier::ALL.iter().copied().collect(),
            stand_in: lookers[0],
            second_stand_in: lookers[1],
            due_at: server.app.now().plus_micros(14 * DAY_US),
            unanswered: Unanswered::Revoke,
            control: None,
            window: None,
        };
        server
            .app
            .transact(&one, async |cx| {
                let key = access_review::draft(cx, scope.clone()).await?.key;
                access_review::confirm(cx, key).await?;
                access_review::freeze(cx, key).await?;
                access_review::open(cx, key).await
            })
            .await
            .expect("open");
    }
}

async fn list_of_access(server: &Server, one: &Actor, system: &str, rights: usize, accounts: &[Account]) {
    let mut text = "account,entitlement,person,kind,tier,last_used,mfa,manager,status\n".to_owned();
    for number in 0..rights {
        let manager = &accounts[number % accounts.len()].email;
        text.push_str(&format!("u{number},read,Person {number},human,3,2026-11-20,yes,{manager},active\n"));
    }
    let rows = u64::try_from(rights).unwrap_or(0);
    let new = || NewList {
        system: system.to_owned(),
        ipe: Ipe {
            source: "Console".into(),
            query: "all members".into(),
            parameters: String::new(),
            time_zone: "UTC".into(),
            run_by: "Ada".into(),
            run_at: server.app.now(),
            row_count: rows,
            control_total: String::new(),
            completeness: String::new(),
            accuracy: String::new(),
        },
        columns: Columns::default(),
        accounts_in_source: rows,
        exclusions: Vec::new(),
        list: access::open(None, "list.csv", text.clone().into()).expect("a list"),
    };
    server.app.transact(one, async |cx| access::hand_in(cx, new()).await).await.expect("kept");
}

async fn events(server: &Server, size: &Size) {
    let (app, program) = (&server.app, &server.program);
    for _ in 0..size.events / EVENT_BATCH {
        server.world.trail(app, program, EVENT_BATCH, size.items).await.expect("recorded");
        app.sequence(program).await.expect("sequenced");
        server.world.wait(BETWEEN_S);
    }
}
