//! Lists of access, conflicts of duties and reviews of access on both databases.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use tickmark_app::identity::audit::{self, Filter};
use tickmark_app::program::access::{self, NewList};
use tickmark_app::program::access_review::{self, Answer, DecideMany};
use tickmark_app::program::performance;
use tickmark_app::program::segregation::{self, NewException, Ruling};
use tickmark_app::testing::World;
use tickmark_app::{Actor, ActorKind, App, Error, Result, control, identity, register, work};
use tickmark_core::catalog::Catalog;
use tickmark_core::id::SystemId;
use tickmark_core::identity::Role;
use tickmark_core::program::access::{AccessList, Columns, Exclusion, Tier};
use tickmark_core::program::access_review::{
    Decision, Deviation, Due, Flag, Outcome, RemovalState, ReviewKey, Scope, ScopedSystem, SeatRole, State,
    Step, Timeliness, Unanswered,
};
use tickmark_core::program::population::Ipe;
use tickmark_core::program::segregation::{ExceptionState, Grant, Verdict};
use tickmark_core::time::{DAY_US, HOUR_US};

const HEADING: &str = "account,entitlement,person,kind,tier,last_used,mfa,manager,status\n";
const DAY_S: i64 = DAY_US / 1_000_000;

async fn person(app: &App, program: &Actor, name: &str) -> Actor {
    app.transact(program, async |cx| identity::ensure_actor(cx, ActorKind::Person, name).await)
        .await
        .expect("a person")
}

/// Hands a list in; `rows` are lines behind the heading.
pub(crate) async fn hand_in(
    app: &App,
    actor: &Actor,
    system: &str,
    rows: &str,
    accounts: u64,
) -> Result<AccessList> {
    let new = NewList {
        system: system.to_owned(),
        ipe: Ipe {
            source: "Console".into(),
            query: "all members".into(),
            parameters: String::new(),
            time_zone: "UTC".into(),
            run_by: "Ada".into(),
            run_at: app.now(),
            row_count: rows.lines().count() as u64,
            control_total: String::new(),
            completeness: String::new(),
            accuracy: String::new(),
        },
        columns: Columns::default(),
        accounts_in_source: accounts,
        exclusions: vec![Exclusion { account: "root".into(), reason: "sealed".into() }],
        list: access::open(None, "list.csv", format!("{HEADING}{rows}").into()).expect("a list"),
    };
    app.transact(actor, async |cx| access::hand_in(cx, new.clone()).await).await
}

pub(crate) const ROWS: &str = "ada,deploy,Ada,human,1,2026-11-01,yes,Bob,active\n\
    eve,read,Eve,human,2,2026-11-01,yes,Bob,leaver\n\
    sam,wiki,Sam,human,3,2026-11-20,yes,Bob,active\n";

pub(crate) struct People {
    pub(crate) lead: Actor,
    pub(crate) ada: Actor,
    pub(crate) bob: Actor,
    pub(crate) lin: Actor,
    pub(crate) sam: Actor,
}

pub(crate) async fn people(app: &App, program: &Actor) -> People {
    People {
        lead: person(app, program, "Lead").await,
        ada: person(app, program, "Ada").await,
        bob: person(app, program, "Bob").await,
        lin: person(app, program, "Lin").await,
        sam: person(app, program, "Sam").await,
    }
}

pub(crate) fn scope(people: &People, app: &App) -> Scope {
    Scope {
        title: "Fourth quarter".into(),
        systems: vec![ScopedSystem {
            name: "aws".into(),
            owner: people.lin.id,
            provisioners: [people.ada.id].into(),
        }],
        tiers: Tier::ALL.iter().copied().collect(),
        stand_in: people.sam.id,
        second_stand_in: people.lin.id,
        due_at: app.now().plus_micros(14 * DAY_US),
        unanswered: Unanswered::Revoke,
        control: None,
        window: None,
    }
}

#[tokio::test]
async fn a_list_is_kept_whole_or_not_at_all() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let lead = person(&app, &program, "Lead").await;
        let bad = "ada,deploy,Ada,martian,9,someday,yes,Bob,active\n";
        let refused = hand_in(&app, &lead, "AWS", bad, 2).await;
        let Err(Error::Invalid(says)) = refused else { panic!("{refused:?}") };
        for part in ["line 2, column kind", "line 2, column tier", "line 2, column last_used"] {
            assert!(says.contains(part), "{says}");
        }
        let none = app.read(&lead, async |view| access::lists(view).await).await.expect("read");
        assert_eq!(none, []);

        let good = hand_in(&app, &lead, "AWS", ROWS, 4).await.expect("kept");
        assert!(good.is_complete(), "{}", good.tie_out);
        let short = hand_in(&app, &lead, "AWS", ROWS, 9).await.expect("kept, and says that it is short");
        assert!(!short.is_complete());
        let (lists, rows) = app
            .read(&lead, async |view| {
                Ok((access::lists(view).await?, access::holdings(view, good.key).await?))
            })
            .await
            .expect("read");
        assert_eq!(lists.iter().map(|list| list.key).collect::<Vec<_>>(), [short.key, good.key]);
        assert_eq!(rows.iter().map(|row| row.account.as_str()).collect::<Vec<_>>(), ["ada", "eve", "sam"]);
    }
}

#[tokio::test]
async fn a_review_goes_its_way_and_ends_as_an_occurrence_of_its_control() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let people = people(&app, &program).await;
        let catalog = Catalog::builtin();
        app.transact(&program, async |cx| control::adopt_starters(cx, &catalog).await)
            .await
            .expect("adopted");
        hand_in(&app, &people.lead, "AWS", ROWS, 4).await.expect("kept");
        let scope = Scope { control: Some("IAM-07".parse().expect("an id")), ..scope(&people, &app) };
        let key = app
            .transact(&people.lead, async |cx| {
                let key = access_review::draft(cx, scope.clone()).await?.key;
                access_review::confirm(cx, key).await?;
                Ok(key)
            })
            .await
            .expect("drafted");
        let early = app.transact(&people.lead, async |cx| access_review::open(cx, key).await).await;
        assert!(matches!(early, Err(Error::Conflict(_))), "{early:?}");
        let whole = app
            .transact(&people.lead, async |cx| {
                access_review::freeze(cx, key).await?;
                access_review::open(cx, key).await?;
                access_review::whole(cx, key).await
            })
            .await
            .expect("open");
        assert_eq!(whole.review.state, State::Open);
        let seats: Vec<_> = whole.items.iter().map(|item| item.seats[0].reviewer).collect();
        assert_eq!(seats, [people.lin.id, people.bob.id, people.bob.id]);
        assert!(whole.items[1].flags.contains(&Flag::Leaver));
        let waits =
            app.read(&people.bob, async |view| access_review::waiting(view).await).await.expect("read");
        assert_eq!(waits.iter().map(|one| (one.key, one.items)).collect::<Vec<_>>(), [(key, 2)]);
        let own = app.read(&people.bob, async |view| work::of(view).await).await.expect("read");
        assert_eq!(own.access_reviews.len(), 1);

        let decide = async |who: &Actor, item, decision: Decision, why: &str| {
            let answer = Answer { item, decision, why: why.to_owned() };
            app.transact(who, async |cx| access_review::decide(cx, key, answer.clone()).await).await
        };
        // Ada may neither decide about her own, nor about what she hands out; Sam's is Bob's to decide.
        assert!(matches!(decide(&people.ada, 1, Decision::Revoke, "").await, Err(Error::Forbidden(_))));
        assert!(matches!(decide(&people.lin, 3, Decision::Keep, "").await, Err(Error::Forbidden(_))));
        assert!(
            matches!(decide(&people.lin, 1, Decision::Keep, "").await, Err(Error::Invalid(_))),
            "no reason"
        );
        assert!(matches!(decide(&program, 1, Decision::Revoke, "").await, Err(Error::Forbidden(_))));
        decide(&people.lin, 1, Decision::Revoke, "").await.expect("decided");
        decide(&people.bob, 2, Decision::Revoke, "").await.expect("decided");
        let many = DecideMany { items: vec![2, 3], decision: Decision::Keep, why: String::new() };
        let bulk =
            app.transact(&people.bob, async |cx| access_review::decide_many(cx, key, many.clone()).await);
        assert!(matches!(bulk.await, Err(Error::Invalid(_))), "one of them is not of the lowest tier");
        let close = async |who: &Actor| {
            app.transact(who, async |cx| access_review::step(cx, key, Step::Close, "").await).await
        };
        assert!(matches!(close(&people.lead).await, Err(Error::Conflict(_))), "an answer is missing");
        let many = DecideMany { items: vec![3], decision: Decision::Keep, why: String::new() };
        let bulk =
            app.transact(&people.bob, async |cx| access_review::decide_many(cx, key, many.clone()).await);
        assert_eq!(bulk.await.expect("low"), 1);
        close(&people.lead).await.expect("closed");
        app.transact(&people.lead, async |cx| access_review::step(cx, key, Step::Remediate, "").await)
            .await
            .expect("removing");
        assert!(
            matches!(decide(&people.bob, 3, Decision::Revoke, "").await, Err(Error::Conflict(_))),
            "too late"
        );

        app.transact(&people.lead, async |cx| access_review::ticket(cx, key, 1, "OPS-1").await)
            .await
            .expect("kept");
        let verify = async || {
            app.transact(&people.lead, async |cx| access_review::step(cx, key, Step::Verify, "").await).await
        };
        assert!(matches!(verify().await, Err(Error::Conflict(_))), "a ticket proves nothing");
        // Eve's right is gone within a day; Ada's is still there long after its time, and gone then.
        world.wait(HOUR_US / 1_000_000);
        let ada = "ada,deploy,Ada,human,1,2026-11-01,yes,Bob,active\n";
        let sam = "sam,wiki,Sam,human,3,2026-11-20,yes,Bob,active\n";
        hand_in(&app, &people.lead, "aws", &format!("{ada}{sam}"), 3).await.expect("kept");
        world.wait(5 * DAY_S);
        hand_in(&app, &people.lead, "aws", &format!("{ada}{sam}"), 3).await.expect("kept");
        assert!(matches!(verify().await, Err(Error::Conflict(_))), "one is still there");
        world.wait(DAY_S);
        hand_in(&app, &people.lead, "aws", sam, 9).await.expect("kept, and does not tie out");
        assert!(matches!(verify().await, Err(Error::Conflict(_))), "a list that is short closes nothing");
        world.wait(1);
        hand_in(&app, &people.lead, "aws", sam, 2).await.expect("kept");
        verify().await.expect("gone");
        let sign = async |statement: &str| {
            app.transact(&people.lead, async |cx| access_review::sign(cx, key, statement).await).await
        };
        assert!(matches!(sign(" ").await, Err(Error::Invalid(_))));
        let signed = sign("Everything was reviewed.").await.expect("signed");
        let signed = signed.signed.expect("signed");
        assert_eq!(signed.deviations, [Deviation::RemovedLate { items: vec![1] }]);
        let (whole, performed) = app
            .read(&people.lead, async |view| {
                let control = "IAM-07".parse().map_err(Error::invalid)?;
                Ok((access_review::whole(view, key).await?, performance::list(view, &control).await?))
            })
            .await
            .expect("read");
        assert_eq!(whole.counts(), [(Outcome::Keep, 1), (Outcome::Revoke, 2)].into());
        let timely: Vec<Timeliness> = whole.removals.iter().map(|one| one.timeliness).collect();
        assert_eq!(timely, [Timeliness::Late, Timeliness::OnTime]);
        let [occurrence] = performed.as_slice() else { panic!("{performed:?}") };
        assert!(occurrence.note.contains("Removed late: 1 item"), "{}", occurrence.note);
        assert_eq!(occurrence.evidence.len(), 1);
        let sheet = app.transact(&people.lead, async |cx| access_review::take_pack(cx, key).await).await;
        assert_eq!(sheet.expect("taken").rows.len(), 3);
        assert_eq!(whole.not_looked_back(), [1, 2], "nobody looked whether they were used");
        let packed = app.transact(&people.lead, async |cx| access_review::take_archive(cx, key).await).await;
        let files = files(&packed.expect("packed"));
        let names: Vec<&str> = files.keys().map(String::as_str).collect();
        let expected = [
            "README.txt",
            "SHA256SUMS",
            "about.csv",
            "changes.csv",
            "checkpoint.txt",
            "items.csv",
            "kinds.csv",
            "left-out.csv",
            "lists.csv",
            "reviewers.csv",
        ];
        assert_eq!(names, expected);
        for (file, text) in [
            ("lists.csv", "all members"),
            ("left-out.csv", "root,sealed"),
            ("changes.csv", "OPS-1"),
            ("about.csv", "Nobody looked whether they were used"),
            ("reviewers.csv", "Bob"),
            ("kinds.csv", "Role or rule,0"),
        ] {
            assert!(files[file].contains(text), "{file}: {}", files[file]);
        }
        let again = app.read(&people.lead, async |view| access_review::reviewed(view).await).await;
        assert!(again.expect("read").iter().all(|one| matches!(one.due, Due::InTime { .. })));

        // What was gone is there again: the record says so, though it is signed.
        world.wait(DAY_S);
        hand_in(&app, &people.lead, "aws", &format!("{ada}{sam}"), 3).await.expect("kept");
        let whole = app.read(&people.lead, async |view| access_review::whole(view, key).await).await;
        let whole = whole.expect("read");
        assert!(matches!(whole.removals[0].state, RemovalState::Reappeared { .. }));
        assert!(whole.deviations().contains(&Deviation::Reappeared { items: vec![1] }));

        // The next review has it beside the right; frozen again from the same lists, it is the same.
        let next = Scope {
            title: "First quarter".into(),
            due_at: app.now().plus_micros(14 * DAY_US),
            control: None,
            ..scope
        };
        let frozen = async || {
            app.transact(&people.lead, async |cx| {
                let key = access_review::draft(cx, next.clone()).await?.key;
                access_review::confirm(cx, key).await?;
                access_review::freeze(cx, key).await?;
                access_review::whole(cx, key).await
            })
            .await
            .expect("frozen")
        };
        let (second, third) = (frozen().await, frozen().await);
        assert_eq!(second.items, third.items);
        let snapshot = second.review.snapshot.as_ref().expect("frozen");
        assert_eq!(snapshot.digest, third.review.snapshot.as_ref().expect("frozen").digest);
        assert_eq!(snapshot.lists[0].before, Some((key, whole.items[0].list)));
        let flags = |item: usize| second.items[item].flags.clone();
        assert!(flags(0).contains(&Flag::Back) && !flags(0).contains(&Flag::Added), "{:?}", flags(0));
        let earlier = second.items[0].earlier.expect("it was to go");
        assert_eq!((earlier.review, earlier.item, earlier.was_gone), (key, 1, true));
        assert_eq!((flags(1), second.items[1].earlier), (BTreeSet::new(), None), "what was kept is no drift");
        let peers = second.items[1].peers.as_ref().expect("Ada has the same manager");
        assert_eq!((peers.others, peers.with), (1, 0));
        // What a later list says stands beside it; the snapshot stays.
        let later = async |item: u64| {
            app.read(&people.lead, async |view| access_review::later(view, &second, item).await)
                .await
                .expect("read")
        };
        assert_eq!(later(1).await, None);
        world.wait(60);
        let list = hand_in(&app, &people.lead, "AWS", sam, 2).await.expect("kept");
        let (ada, sam) = (later(1).await.expect("a later list"), later(2).await.expect("a later list"));
        assert_eq!((ada.list, ada.is_there, ada.is_complete, sam.is_there), (list.key, false, true, true));
    }
}

/// What waits for somebody, by what is kept for that and by reading the review: as (what is kept, what is read).
async fn waits(app: &App, lead: &Actor, who: &Actor, key: ReviewKey) -> (usize, usize) {
    let kept = app.read(who, async |view| access_review::waiting(view).await).await.expect("read");
    let whole = app.read(lead, async |view| access_review::whole(view, key).await).await.expect("read");
    let read = match whole.review.state {
        State::Open => whole.standing().waiting_for(who.id, app.now()).count(),
        _ => 0,
    };
    (kept.iter().map(|one| one.items).sum(), read)
}

#[tokio::test]
async fn what_is_kept_of_whom_a_review_waits_for_is_what_the_review_says() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let people = people(&app, &program).await;
        let People { lead, ada, bob, lin, sam } = &people;
        hand_in(&app, lead, "AWS", ROWS, 4).await.expect("kept");
        let opened = app.transact(lead, async |cx| {
            let key = access_review::draft(cx, scope(&people, &app)).await?.key;
            access_review::confirm(cx, key).await?;
            access_review::freeze(cx, key).await?;
            access_review::open(cx, key).await
        });
        let key = opened.await.expect("open").key;
        let all = async |expected: [usize; 4]| {
            let mut kept = Vec::new();
            for who in [ada, bob, lin, sam] {
                let (waits, read) = waits(&app, lead, who, key).await;
                assert_eq!(waits, read, "{}", who.label);
                kept.push(waits);
            }
            assert_eq!(kept, expected);
        };
        all([0, 2, 1, 0]).await;
        // Bob is away: Sam decides in his place, but never about his own.
        let until = app.now().plus_micros(DAY_US);
        let let_in =
            app.transact(bob, async |cx| access_review::delegate(cx, key, sam.id, until, "away").await);
        let_in.await.expect("let");
        all([0, 2, 1, 1]).await;
        let answer = |item, decision| Answer { item, decision, why: "as it is".to_owned() };
        let not_mine = answer(1, Decision::NotMine);
        app.transact(lin, async |cx| access_review::decide(cx, key, not_mine.clone()).await)
            .await
            .expect("said");
        all([0, 2, 0, 1]).await;
        let to_sam = (1, SeatRole::Owner, sam.id);
        app.transact(lead, async |cx| access_review::reassign(cx, key, to_sam, "it is Sam's").await)
            .await
            .expect("reassigned");
        all([0, 2, 0, 2]).await;
        let revoked = answer(2, Decision::Revoke);
        app.transact(sam, async |cx| access_review::decide(cx, key, revoked.clone()).await)
            .await
            .expect("decided for Bob");
        all([0, 1, 0, 1]).await;
        app.transact(&program, async |cx| register::rebuild(cx).await).await.expect("rebuilt");
        all([0, 1, 0, 1]).await;
        world.wait(DAY_S);
        all([0, 1, 0, 1]).await;
        let plan = app.read(bob, async |view| access_review::plan_of_waiting(view).await);
        if world.database().url().is_none() {
            let plan = plan.await.expect("a plan");
            assert!(!plan.is_empty() && plan.iter().all(|step| !step.starts_with("SCAN")), "{plan:?}");
        }
        world.wait(20 * DAY_S);
        app.transact(lead, async |cx| access_review::step(cx, key, Step::Close, "").await)
            .await
            .expect("closed after its day");
        all([0, 0, 0, 0]).await;
    }
}

/// The files of an archive, as text.
pub(crate) fn files(archive: &[u8]) -> BTreeMap<String, String> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(archive)).expect("an archive");
    let names: Vec<String> = archive.file_names().map(|name| name.expect("a name").into_owned()).collect();
    names
        .into_iter()
        .map(|name| {
            let mut text = String::new();
            archive.by_name(&name).expect("there").read_to_string(&mut text).expect("text");
            (name, text)
        })
        .collect()
}

#[tokio::test]
async fn what_was_looked_at_long_ago_says_nothing_of_now() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let people = people(&app, &program).await;
        let catalog = Catalog::builtin();
        let first = app.transact(&people.lead, async |cx| segregation::adopt(cx, &catalog, "As usual").await);
        let first = first.await.expect("adopted");
        let grant = |right: &str, duty: &str| Grant {
            system: "aws".into(),
            entitlement: right.into(),
            duty: Some(duty.into()),
        };
        let mut matrix = first.matrix;
        matrix.grants = vec![grant("approve", "approve-change"), grant("deploy", "deploy")];
        app.transact(&people.lead, async |cx| segregation::decide(cx, matrix.clone(), "Ours", 1).await)
            .await
            .expect("decided");
        let rows = "ada,deploy,Ada,human,1,,yes,Bob,active\neve,approve,Eve,human,2,,yes,Bob,active\n";
        hand_in(&app, &people.lead, "AWS", rows, 3).await.expect("kept");
        let then = app.now();
        let at = async |at| {
            let report = app.read(&people.lead, async |view| segregation::report_at(view, at).await).await;
            let report = report.expect("read").expect("a matrix");
            let row = report.looked.into_iter().find(|one| one.conflict.id == "change-deployment");
            row.expect("there").verdict()
        };
        assert_eq!(at(then).await, Verdict::None);
        world.wait(93 * DAY_S);
        assert_eq!(at(app.now()).await, Verdict::Unseen, "the list is old");
        assert_eq!(at(then).await, Verdict::None, "it was not then");
        let both = "ada,deploy,Ada,human,1,,yes,Bob,active\nada,approve,ADA,human,2,,yes,Bob,active\n";
        hand_in(&app, &people.lead, "AWS", both, 2).await.expect("kept");
        assert_eq!(at(app.now()).await, Verdict::Held);
        assert_eq!(at(then).await, Verdict::None, "a later list changes nothing of it");
        let to_come = app.now().plus_micros(DAY_US);
        let refused = app.read(&people.lead, async |view| segregation::report_at(view, to_come).await).await;
        assert!(matches!(refused, Err(Error::Invalid(_))));
        let nobody =
            app.read(&people.lead, async |view| segregation::ask(view, "Adda", "aws", "approve").await).await;
        assert_eq!(nobody.expect("asked").expect("a matrix").verdict(), Verdict::Unseen);
    }
}

#[tokio::test]
async fn the_platform_lists_its_own_accounts() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let nobody = app.transact(&program, async |cx| access::hand_in_own(cx).await).await;
        assert!(matches!(nobody, Err(Error::Conflict(_))), "{nobody:?}");
        let lead = world.member(&app, &program, "Lea", &[Role::ComplianceManager, Role::ControlOwner]).await;
        let gone = world.member(&app, &program, "Gus", &[Role::Employee]).await;
        let id = world.find_member(&app, &program, &gone.email).await.id;
        app.transact(&program, async |cx| identity::people::suspend(cx, id, "on leave").await)
            .await
            .expect("suspended");
        let actor = lead.actor(&world, &app).await;
        let kept = app.transact(&actor, async |cx| access::hand_in_own(cx).await).await.expect("kept");
        assert!(kept.is_complete(), "{}", kept.tie_out);
        assert_eq!((kept.system.as_str(), kept.exclusions.len()), (access::OWN_SYSTEM, 1));
        let rows = app.read(&actor, async |view| access::holdings(view, kept.key).await).await.expect("read");
        let found: Vec<(&str, Tier)> = rows.iter().map(|row| (row.account.as_str(), row.tier)).collect();
        assert_eq!(found, [(lead.email.as_str(), Tier::One), (lead.email.as_str(), Tier::Two)]);
    }
}

#[tokio::test]
async fn a_system_of_lists_is_placed_by_whoever_hands_lists_in() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let people = people(&app, &program).await;
        let employee = world.member(&app, &program, "Emil", &[Role::Employee]).await;
        let employee = employee.actor(&world, &app).await;
        hand_in(&app, &people.lead, "AWS", ROWS, 4).await.expect("kept");
        let systems = app.read(&people.lead, async |view| identity::systems(view).await).await.expect("read");
        let all: BTreeSet<_> = systems.iter().map(|system| system.id).collect();
        let place = async |who: &Actor, name: &str, systems: BTreeSet<SystemId>| {
            app.transact(who, async |cx| access::place(cx, name, systems.clone()).await).await
        };
        assert!(matches!(place(&employee, "aws", all.clone()).await, Err(Error::Forbidden(_))));
        assert!(matches!(place(&program, "aws", all.clone()).await, Err(Error::Forbidden(_))));
        assert!(matches!(place(&people.lead, "gcp", all.clone()).await, Err(Error::NotFound { .. })));
        let unknown = [SystemId(uuid::Uuid::from_u128(7))].into();
        assert!(matches!(place(&people.lead, "aws", unknown).await, Err(Error::Invalid(_))));
        place(&people.lead, " aws ", all.clone()).await.expect("placed");
        place(&people.lead, "AWS", all.clone()).await.expect("as it is");
        place(&people.lead, "AWS", BTreeSet::new()).await.expect("of no report");
        let places = app.read(&people.lead, async |view| access::places(view).await).await.expect("read");
        assert_eq!(places.len(), 1);
        assert!(places["aws"].systems.is_empty());
        let filter = Filter { event: Some("access_list.placed".into()), ..Filter::default() };
        let events = app.read(&program, async |view| audit::search(view, &filter, 10).await).await;
        assert_eq!(events.expect("read").len(), 2, "what changes nothing leaves nothing");
    }
}

#[tokio::test]
async fn conflicts_of_duties_are_seen_or_said_not_to_be() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let people = people(&app, &program).await;
        let catalog = Catalog::builtin();
        app.transact(&program, async |cx| control::adopt_starters(cx, &catalog).await)
            .await
            .expect("adopted");
        let report = async || app.read(&people.lead, async |view| segregation::report(view).await).await;
        assert!(report().await.expect("read").is_none());
        let first = app
            .transact(&people.lead, async |cx| segregation::adopt(cx, &catalog, "As usual").await)
            .await
            .expect("adopted");
        assert_eq!((first.written.version, first.matrix.conflicts.len()), (1, 12));
        let unseen = report().await.expect("read").expect("a matrix");
        assert!(unseen.looked.iter().all(|one| one.verdict() == Verdict::Unseen), "nothing was looked at");

        let grant = |right: &str, duty: &str| Grant {
            system: "aws".into(),
            entitlement: right.into(),
            duty: Some(duty.into()),
        };
        let mut matrix = first.matrix.clone();
        matrix.grants = vec![grant("approve*", "approve-change"), grant("deploy", "deploy")];
        let decide = async |from| {
            app.transact(&people.lead, async |cx| segregation::decide(cx, matrix.clone(), "Ours", from).await)
                .await
        };
        assert!(matches!(decide(7).await, Err(Error::Conflict(_))), "another version counts");
        decide(1).await.expect("decided");
        let rows = "ada,deploy,Ada,human,1,,yes,Bob,active\nada,approve: all,Ada,human,2,,yes,Bob,active\n\
            eve,deploy,Eve,human,1,,yes,Bob,active\n";
        hand_in(&app, &people.lead, "AWS", rows, 3).await.expect("kept");
        let found = report().await.expect("read").expect("a matrix");
        let row = found.looked.iter().find(|one| one.conflict.id == "change-deployment").expect("there");
        assert_eq!(row.held.iter().map(|both| both.holder.as_str()).collect::<Vec<_>>(), ["ada"]);
        assert_eq!(found.uncovered(), 1);
        let ask = async |who: &str, right: &str| {
            app.read(&people.lead, async |view| segregation::ask(view, who, "aws", right).await)
                .await
                .expect("asked")
                .expect("a matrix")
                .verdict()
        };
        assert_eq!(ask("Eve", "approve: all").await, Verdict::Held);
        assert_eq!(ask("Lin", "approve: all").await, Verdict::None);
        assert_eq!(ask("Lin", "something").await, Verdict::Unseen);

        let new = NewException {
            conflict: "change-deployment".into(),
            holder: "Ada".into(),
            reason: "Two people".into(),
            control: "CHG-02".parse().expect("an id"),
            expires_at: app.now().plus_micros(DAY_US),
        };
        let key = app
            .transact(&people.lead, async |cx| segregation::request(cx, new.clone()).await)
            .await
            .expect("asked")
            .key;
        assert_eq!(report().await.expect("read").expect("a matrix").uncovered(), 1, "not approved");
        let rule = async |who: &Actor, ruling| {
            app.transact(who, async |cx| segregation::rule(cx, key, ruling, "").await).await
        };
        for own in [&people.lead, &people.ada] {
            assert!(matches!(rule(own, Ruling::Approve).await, Err(Error::Forbidden(_))));
        }
        let waits = app.read(&people.bob, async |view| segregation::waiting(view).await).await.expect("read");
        assert_eq!(waits.len(), 1);
        rule(&people.bob, Ruling::Approve).await.expect("approved");
        assert!(matches!(rule(&people.bob, Ruling::Withdraw).await, Err(Error::Invalid(_))), "no reason");
        let covered = report().await.expect("read").expect("a matrix");
        assert_eq!((covered.uncovered(), covered.covered.len()), (0, 1));
        world.wait(DAY_S);
        let expired = report().await.expect("read").expect("a matrix");
        assert_eq!(expired.uncovered(), 1, "an exception whose time is over covers nothing");
        let now = app.now();
        let one = app.read(&people.lead, async |view| segregation::find_exception(view, key).await).await;
        assert_eq!(one.expect("there").state(now), ExceptionState::Expired);
    }
}

#[tokio::test]
async fn members_do_what_their_roles_let_them() {
    for world in World::both().await {
        let (app, program) = world.start().await;
        let member = async |name: &str, role| {
            world.member(&app, &program, name, &[role]).await.actor(&world, &app).await
        };
        let lead = member("Lea", Role::ComplianceManager).await;
        let owner = member("Otto", Role::ControlOwner).await;
        let chief = member("Cleo", Role::Executive).await;
        let employee = member("Emil", Role::Employee).await;
        let rows = "emil,deploy,emil@example.com,human,1,,yes,,active\nzoe,read,zoe@example.com,human,2,,yes,,active\n";
        assert!(matches!(hand_in(&app, &employee, "aws", rows, 3).await, Err(Error::Forbidden(_))));
        hand_in(&app, &lead, "aws", rows, 3).await.expect("kept");
        let named = |owner: &Actor| Scope {
            title: "Quarter".into(),
            systems: vec![ScopedSystem { name: "aws".into(), owner: owner.id, provisioners: [].into() }],
            tiers: Tier::ALL.iter().copied().collect(),
            stand_in: chief.id,
            second_stand_in: employee.id,
            due_at: app.now().plus_micros(DAY_US),
            unanswered: Unanswered::Fail,
            control: None,
            window: None,
        };
        let draft = async |who: &Actor, scope: Scope| {
            app.transact(who, async |cx| access_review::draft(cx, scope.clone()).await).await
        };
        assert!(matches!(draft(&employee, named(&owner)).await, Err(Error::Forbidden(_))));
        assert!(
            matches!(draft(&lead, named(&lead)).await, Err(Error::Invalid(_))),
            "the lead decides nothing"
        );
        let key = draft(&lead, named(&owner)).await.expect("drafted").key;
        let open = app.transact(&lead, async |cx| {
            access_review::confirm(cx, key).await?;
            access_review::freeze(cx, key).await?;
            access_review::open(cx, key).await
        });
        open.await.expect("open");
        let seen = app.read(&employee, async |view| access_review::whole(view, key).await).await;
        assert!(matches!(seen, Err(Error::Forbidden(_))));
        let own = app.read(&owner, async |view| access_review::own(view, key).await).await.expect("theirs");
        assert_eq!(own.items, [1].into());
        let none = app.read(&employee, async |view| access_review::own(view, key).await).await;
        assert!(matches!(none, Err(Error::NotFound { .. })), "nothing in it is theirs to decide");
        let answer = Answer { item: 1, decision: Decision::Revoke, why: String::new() };
        let by = async |who: &Actor| {
            app.transact(who, async |cx| access_review::decide(cx, key, answer.clone()).await).await
        };
        assert!(matches!(by(&lead).await, Err(Error::Forbidden(_))));
        assert!(matches!(by(&employee).await, Err(Error::Forbidden(_))), "it is their own access");
        by(&owner).await.expect("decided");
    }
}
