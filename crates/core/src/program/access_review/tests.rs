//! The way of a review, who decides, what is decided, and what shows that something is gone.

use std::collections::BTreeSet;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::identity::separation::Conflict;
use crate::program::access::tests::holding;
use crate::program::access::{AccountKind, Answer, Employment, Given, Holding, LastUse, Tier, tie_out};
use crate::program::segregation::{Seen, Sight, look};
use crate::time::{DAY_US, HOUR_US, SECOND_US};

const ADA: u128 = 1;
const BOB: u128 = 2;
const LIN: u128 = 3;
const SAM: u128 = 4;
const EVE: u128 = 5;

fn who(number: u128) -> ActorId {
    ActorId(Uuid::from_u128(number))
}

/// A Monday, and hours after it.
fn at(hours: i64) -> Timestamp {
    "2026-06-01T08:00:00Z".parse::<Timestamp>().expect("a moment").plus_micros(hours * HOUR_US)
}

fn scope() -> Scope {
    Scope {
        title: "Second quarter".into(),
        systems: vec![ScopedSystem { name: "aws".into(), owner: who(LIN), provisioners: [who(EVE)].into() }],
        tiers: Tier::ALL.iter().copied().collect(),
        stand_in: who(SAM),
        second_stand_in: who(BOB),
        due_at: at(14 * 24),
        unanswered: Unanswered::Revoke,
        control: None,
        window: None,
    }
}

fn people() -> People {
    let names = [("ada", ADA), ("bob", BOB), ("lin", LIN), ("sam", SAM), ("eve", EVE)];
    People {
        names: names.map(|(name, number)| (format!("{name}@acme.example"), who(number))).into(),
        deciders: names.map(|(_, number)| who(number)).into(),
    }
}

fn row(account: &str, right: &str, tier: Tier) -> Holding {
    Holding {
        tier,
        manager: Some("bob@acme.example".into()),
        last_used: LastUse::At(at(-24)),
        ..holding(account, right)
    }
}

fn made(holdings: Vec<Holding>) -> (Review, Vec<Item>) {
    let (review, items) = frozen(holdings);
    (review.open(&standing(&items, &[]), at(1)).expect("open"), items)
}

fn frozen(holdings: Vec<Holding>) -> (Review, Vec<Item>) {
    let numbered: Vec<(u64, Holding)> = (2..).zip(holdings.clone()).collect();
    let accounts: BTreeSet<&str> = holdings.iter().map(|one| one.account.as_str()).collect();
    let (tie, keys) = tie_out(&numbered, &[], accounts.len() as u64, holdings.len() as u64).expect("a list");
    let list = ListKey(1);
    let frozen = freeze(&scope(), "aws", list, holdings, &people(), Beside::default(), (1, at(0)));
    let lists = vec![SnapshotList {
        list,
        system: "aws".into(),
        run_at: at(-1),
        tie_out: tie,
        keys,
        items: frozen.items.len() as u64,
        left: frozen.left,
        before: None,
    }];
    let snapshot = Snapshot {
        at: at(0),
        lists,
        items: frozen.items.len() as u64,
        digest: crate::Digest([0; 32]),
        matrix: None,
    };
    let review = Review::draft(ReviewKey(1), scope(), who(SAM), at(-2)).expect("a draft");
    (review.confirm().expect("confirmed").freeze(snapshot).expect("frozen"), frozen.items)
}

struct Log(Vec<Recorded>);

impl Log {
    fn add(&mut self, by: u128, hours: i64, entry: Entry) {
        let number = self.0.len() as u64 + 1;
        self.0.push(Recorded { number, at: at(hours), by: who(by), entry });
    }

    fn decide(
        &mut self,
        (review, items): (&Review, &[Item]),
        (by, hours): (u128, i64),
        (item, decision, why): (u64, Decision, &str),
    ) -> Result<(), DecisionError> {
        let standing = standing(items, &self.0);
        let decided = check_decision(review, &standing, (item, decision, why), false, (who(by), at(hours)))?;
        self.add(by, hours, Entry::Decided(decided));
        Ok(())
    }
}

fn sighting(list: i64, hours: i64, is_complete: bool, present: &[&Item]) -> Sighting {
    Sighting {
        list: ListKey(list),
        system: "AWS".into(),
        run_at: at(hours),
        is_complete,
        present: present.iter().map(|item| item.holding.key()).collect(),
    }
}

#[test]
fn a_review_opens_with_a_list_that_is_complete_and_new() {
    let (review, items) = made(vec![row("ada", "read", Tier::Two)]);
    let all = standing(&items, &[]);
    assert_eq!(review.state, State::Open);
    let draft = Review::draft(ReviewKey(1), scope(), who(SAM), at(0)).expect("a draft");
    assert_eq!(draft.clone().open(&all, at(1)), Err(ReviewError::State(State::Draft)));
    let scoped = draft.confirm().expect("confirmed");
    let mut snapshot = review.snapshot.clone().expect("frozen");
    snapshot.lists[0].tie_out.in_source += 1;
    assert!(matches!(scoped.clone().freeze(snapshot), Err(ReviewError::Incomplete(..))));
    let mut snapshot = review.snapshot.clone().expect("frozen");
    snapshot.lists.clear();
    assert_eq!(scoped.clone().freeze(snapshot), Err(ReviewError::NoList("aws".into())));
    let frozen = scoped.freeze(review.snapshot.expect("frozen")).expect("frozen");
    assert!(frozen.clone().open(&all, at(22)).is_ok());
    assert!(matches!(frozen.open(&all, at(24)), Err(ReviewError::OldList(..))));
}

#[test]
fn two_people_are_not_each_others_only_reviewers() {
    let (review, items) = frozen(vec![row("bob", "read", Tier::Two), row("sam", "read", Tier::Two)]);
    let seats: Vec<ActorId> = items.iter().map(|item| item.seats[0].reviewer).collect();
    assert_eq!(seats, [who(SAM), who(BOB)]);
    assert_eq!(review.clone().open(&standing(&items, &[]), at(1)), Err(ReviewError::EachOther));
    let to = (1, items[0].seats[0].role, who(LIN));
    let entry =
        check_reassignment(&review, &standing(&items, &[]), to, "Sam asks Lin").expect("somebody else");
    let entries = [Recorded { number: 1, at: at(1), by: who(SAM), entry }];
    let standing = standing(&items, &entries);
    let review = review.open(&standing, at(1)).expect("open");
    let back = (1, items[0].seats[0].role, who(SAM));
    assert_eq!(check_reassignment(&review, &standing, back, "back"), Err(DecisionError::EachOther(1)));
}

#[test]
fn a_review_says_which_kinds_it_was_about_and_what_nobody_looked_back_at() {
    let bot = Holding { kind: AccountKind::Service, ..row("bot", "deploy", Tier::Two) };
    let (review, items) = made(vec![row("ada", "read", Tier::Two), bot]);
    let of_aws = &kinds(&items)["aws"];
    let count = |kind| of_aws[&kind];
    assert_eq!((count(AccountKind::Human), count(AccountKind::Service), count(AccountKind::Role)), (1, 1, 0));
    let mut log = Log(Vec::new());
    log.decide((&review, &items), (BOB, 2), (1, Decision::Revoke, "")).expect("decided");
    log.decide((&review, &items), (LIN, 2), (2, Decision::Revoke, "")).expect("decided");
    let review = review.close(&standing(&items, &log.0), at(3)).expect("closed");
    log.add(SAM, 4, Entry::LookedBack { item: 2, used: Answer::No, note: "its log".into() });
    let standing = standing(&items, &log.0);
    assert_eq!(not_looked_back(&standing, &removals(&review, &standing, &[], at(5))), [1]);
}

#[test]
fn rights_are_reviewed_each_quarter_or_each_year() {
    let (review, _) = made(vec![row("ada", "read", Tier::Two)]);
    let is_aws = |name: &str| name == "aws";
    let all = [review.clone()];
    assert_eq!(due(&all, is_aws, Rights::Privileged, at(3)), Due::Never, "it is not signed");
    let signed = [Review { state: State::Signed, ..review }];
    let at_day = |day: i64| at(day * 24);
    let until = at_day(PRIVILEGED_DAYS);
    assert_eq!(due(&signed, is_aws, Rights::Privileged, at_day(91)), Due::InTime { until });
    assert_eq!(due(&signed, is_aws, Rights::Privileged, until), Due::Late { since: until });
    assert!(matches!(due(&signed, is_aws, Rights::Others, until), Due::InTime { .. }));
    assert_eq!(due(&signed, |name| name == "github", Rights::Others, at(3)), Due::Never);
    let of_low = [Review { scope: Scope { tiers: [Tier::Three].into(), ..scope() }, ..signed[0].clone() }];
    assert_eq!(due(&of_low, is_aws, Rights::Others, at(3)), Due::Never, "only some of them");
}

#[test]
fn nobody_decides_about_their_own_or_what_they_hand_out() {
    let (review, items) = made(vec![
        row("ada", "read", Tier::Two),
        row("bob", "read", Tier::Two),
        row("ada", "admin", Tier::One),
    ]);
    let seats: Vec<ActorId> = items.iter().map(|item| item.seats[0].reviewer).collect();
    assert_eq!(seats, [who(BOB), who(SAM), who(LIN)], "the manager is bob, who is the holder of the second");
    let mut log = Log(Vec::new());
    let mut ask = |by, item, why| log.decide((&review, &items), (by, 2), (item, Decision::Keep, why));
    assert_eq!(ask(ADA, 1, ""), Err(DecisionError::Separation(1, Conflict::OwnAccess)));
    assert_eq!(ask(EVE, 3, "x"), Err(DecisionError::Separation(3, Conflict::OwnProvisioning)));
    assert_eq!(ask(LIN, 1, ""), Err(DecisionError::NotYours(1)));
    assert!(matches!(ask(LIN, 3, " "), Err(DecisionError::NoReason(3, _))));
    assert_eq!(ask(LIN, 3, "on call"), Ok(()));
    assert_eq!(ask(BOB, 1, ""), Ok(()));
    assert_eq!(ask(LIN, 9, ""), Err(DecisionError::NoItem(9)));
}

#[test]
fn what_controls_everything_is_decided_by_two_and_the_stricter_counts() {
    let (review, items) = made(vec![row("ada", "root", Tier::Zero)]);
    assert_eq!(items[0].seats.len(), 2);
    let mut log = Log(Vec::new());
    log.decide((&review, &items), (LIN, 2), (1, Decision::Keep, "needed")).expect("the owner");
    assert_eq!(standing(&items, &log.0).items[0].outcome(), Outcome::Undecided);
    log.decide((&review, &items), (BOB, 3), (1, Decision::Revoke, "")).expect("the manager");
    assert_eq!(standing(&items, &log.0).items[0].outcome(), Outcome::Revoke);
}

#[test]
fn a_delegate_decides_for_a_time_and_never_about_themselves() {
    let (review, items) = made(vec![row("ada", "read", Tier::Two), row("eve", "read", Tier::Two)]);
    let to = |to, until, note: &str| {
        let delegation = Delegation { from: who(BOB), to: who(to), until: at(until), note: note.into() };
        check_delegation(&review, delegation, at(2))
    };
    assert!(matches!(to(BOB, 30, "away"), Err(DecisionError::Delegation(_))));
    assert!(matches!(to(EVE, 2, "away"), Err(DecisionError::Delegation(_))));
    assert!(matches!(to(EVE, 30, " "), Err(DecisionError::Delegation(_))));
    let mut log = Log(Vec::new());
    log.add(BOB, 2, Entry::Delegated(to(EVE, 30, "away").expect("in writing")));
    let mut ask = |hours, item| log.decide((&review, &items), (EVE, hours), (item, Decision::Keep, ""));
    assert_eq!(ask(30, 1), Err(DecisionError::NotYours(1)));
    assert_eq!(ask(3, 2), Err(DecisionError::Separation(2, Conflict::OwnAccess)));
    assert_eq!(ask(3, 1), Ok(()));
    let standing = standing(&items, &log.0);
    let made = standing.items[0].seats[0].made.as_ref().expect("decided");
    assert_eq!((made.by, made.decided.on_behalf_of), (who(EVE), Some(who(BOB))));
    assert_eq!(standing.waiting_for(who(EVE), at(3)).count(), 0, "her own does not wait for her");
    assert_eq!(standing.waiting_for(who(BOB), at(3)).count(), 1);
}

#[test]
fn items_are_reassigned_before_they_are_decided_and_with_a_note() {
    let (review, items) = made(vec![row("ada", "read", Tier::Two)]);
    let mut log = Log(Vec::new());
    log.decide((&review, &items), (BOB, 2), (1, Decision::NotMine, "ask Sam")).expect("said");
    assert_eq!(standing(&items, &log.0).undecided().count(), 1, "that it is not theirs is no answer");
    let ask = |log: &Log, to, note: &str| {
        check_reassignment(&review, &standing(&items, &log.0), (1, SeatRole::Manager, who(to)), note)
    };
    assert!(matches!(ask(&log, SAM, ""), Err(DecisionError::NoReason(1, _))));
    assert_eq!(ask(&log, ADA, "x"), Err(DecisionError::Separation(1, Conflict::OwnAccess)));
    let entry = ask(&log, SAM, "as Bob says").expect("reassigned");
    log.add(SAM, 3, entry);
    log.decide((&review, &items), (SAM, 4), (1, Decision::Keep, "")).expect("decided");
    assert_eq!(ask(&log, LIN, "again"), Err(DecisionError::IsDecided(1)));
}

#[test]
fn many_at_once_only_where_nothing_calls_for_a_look() {
    let odd = Holding { employment: Employment::Leaver, ..row("eve", "wiki", Tier::Three) };
    let (review, items) = made(vec![row("ada", "wiki", Tier::Three), row("ada", "read", Tier::Two), odd]);
    let standing = standing(&items, &[]);
    let ask =
        |item| check_decision(&review, &standing, (item, Decision::Keep, "usual"), true, (who(BOB), at(2)));
    assert!(ask(1).expect("low").is_bulk);
    assert_eq!(ask(2), Err(DecisionError::NoBulk(2)));
    assert_eq!(ask(3), Err(DecisionError::NoBulk(3)));
}

#[test]
fn what_is_odd_is_flagged_and_what_is_not_known_is_said() {
    let rows = vec![
        Holding { employment: Employment::Leaver, given: Given::Direct, ..row("a", "x", Tier::Two) },
        Holding { person: None, mfa: Answer::No, last_used: LastUse::Never, ..row("b", "x", Tier::Two) },
        Holding { kind: AccountKind::Service, mfa: Answer::Unknown, ..row("c", "x", Tier::Two) },
        Holding { mfa: Answer::Unknown, last_used: LastUse::At(at(-91 * 24)), ..row("d", "x", Tier::Two) },
        Holding {
            kind: AccountKind::Vendor,
            last_used: LastUse::At(at(-90 * 24)),
            ..row("e", "x", Tier::Two)
        },
    ];
    let (_, items) = made(rows);
    let flags: Vec<Vec<Flag>> = items.iter().map(|item| item.flags.iter().copied().collect()).collect();
    assert_eq!(flags[0], [Flag::Leaver, Flag::Direct]);
    assert_eq!(flags[1], [Flag::Dormant, Flag::NoMfa, Flag::Orphan]);
    assert_eq!(flags[2], [Flag::Ownerless]);
    assert_eq!(flags[3], [Flag::Dormant, Flag::Unseen]);
    assert_eq!(flags[4], [Flag::External]);
}

#[test]
fn a_conflict_of_duties_is_flagged_on_both_sides() {
    let matrix = crate::program::segregation::tests::matrix();
    let (github, aws) = ([holding("ada", "write")], [holding("ada", "deploy"), holding("bob", "deploy")]);
    let seen = [
        Seen { system: "github", run_at: at(0), is_complete: true, holdings: &github },
        Seen { system: "aws", run_at: at(0), is_complete: true, holdings: &aws },
    ];
    let looked = look(&matrix, &seen, &Sight::at(at(0)));
    let frozen = freeze(
        &scope(),
        "aws",
        ListKey(1),
        aws.to_vec(),
        &people(),
        Beside { looked: &looked, ..Beside::default() },
        (1, at(0)),
    );
    let is_flagged: Vec<bool> =
        frozen.items.iter().map(|item| item.flags.contains(&Flag::Conflict)).collect();
    assert_eq!(is_flagged, [true, false]);
}

#[test]
fn what_the_last_review_did_not_have_is_flagged() {
    let (old, new) = (row("ada", "read", Tier::Two), row("ada", "write", Tier::Two));
    let before: BTreeSet<String> = [old.key()].into();
    let flags = |before| {
        let beside = Beside { before, ..Beside::default() };
        let rows = vec![old.clone(), new.clone()];
        let frozen = freeze(&scope(), "aws", ListKey(1), rows, &people(), beside, (1, at(0)));
        frozen.items.iter().map(|item| item.flags.contains(&Flag::Added)).collect::<Vec<bool>>()
    };
    assert_eq!(flags(Some(&before)), [false, true]);
    assert_eq!(flags(None), [false, false], "there was none before");
}

#[test]
fn what_was_to_go_before_and_what_peers_have_not_is_flagged() {
    let rows: Vec<Holding> = [("ada", "read"), ("ada", "write"), ("bob", "read"), ("lin", "admin")]
        .map(|(account, right)| Holding { job: Some("Engineer".into()), ..row(account, right, Tier::Two) })
        .into();
    let went = |was_gone| Earlier { review: ReviewKey(1), item: 7, decided_at: at(-99), was_gone };
    let earlier: std::collections::BTreeMap<String, Earlier> =
        [(rows[0].key(), went(true)), (rows[2].key(), went(false))].into();
    let roster = Roster::of(&[("aws", rows.as_slice())]);
    let beside = Beside { roster: Some(&roster), earlier: Some(&earlier), ..Beside::default() };
    let items = freeze(&scope(), "aws", ListKey(1), rows, &people(), beside, (1, at(0))).items;
    let of = |wanted: &[Flag]| -> Vec<u64> {
        let has = |item: &&Item| wanted.iter().all(|flag| item.flags.contains(flag));
        items.iter().filter(has).map(|item| item.number).collect()
    };
    assert_eq!((of(&[Flag::Back]), of(&[Flag::Stayed])), (vec![1], vec![3]));
    assert_eq!(of(&[Flag::Unlike]), [2, 4], "one of two others reads; nobody else writes or administers");
    assert!(why_keep_needs_reason(&items[0]).is_some() && why_keep_needs_reason(&items[2]).is_some());
    assert_eq!(why_keep_needs_reason(&items[1]), None, "that peers have it not is for the reviewer to weigh");
    assert_eq!(items[1].peers.as_ref().map(|peers| (peers.others, peers.with)), Some((2, 0)));
    let text = serde_json::to_string(&items).expect("serializes");
    assert_eq!(serde_json::from_str::<Vec<Item>>(&text).expect("reads back"), items);
}

#[test]
fn no_answer_is_not_a_keep() {
    let (review, items) = made(vec![row("ada", "read", Tier::Two), row("eve", "read", Tier::Two)]);
    let mut log = Log(Vec::new());
    log.decide((&review, &items), (BOB, 2), (1, Decision::Keep, "")).expect("decided");
    let standing_now = standing(&items, &log.0);
    assert_eq!(review.clone().close(&standing_now, at(3)), Err(ReviewError::Unanswered(1)));
    let closed = review.clone().close(&standing_now, at(15 * 24)).expect("time is over");
    let gone = removals(&closed, &standing_now, &[], at(15 * 24));
    assert_eq!(gone.iter().map(|one| one.item).collect::<Vec<_>>(), [2]);
    assert_eq!(deviations(&closed, &standing_now, &gone), [Deviation::Unanswered { items: vec![2] }]);
    let mut fails = closed;
    fails.scope.unanswered = Unanswered::Fail;
    assert_eq!(removals(&fails, &standing_now, &[], at(15 * 24)), []);
}

#[test]
fn a_ticket_proves_nothing_and_a_later_list_does() {
    let (review, items) = made(vec![row("ada", "admin", Tier::One), row("eve", "read", Tier::Two)]);
    let mut log = Log(Vec::new());
    // On a Monday: the privileged right is due on Tuesday, the other on the Monday after.
    log.decide((&review, &items), (LIN, 2), (1, Decision::Revoke, "")).expect("decided");
    log.decide((&review, &items), (BOB, 2), (2, Decision::Reduce { to: "none".into() }, ""))
        .expect("decided");
    log.add(SAM, 3, Entry::Ticketed { item: 1, ticket: "OPS-1".into() });
    let standing = standing(&items, &log.0);
    let review = review.close(&standing, at(3)).expect("closed").remediate().expect("removing");
    let look = |lists: &[Sighting], hours| removals(&review, &standing, lists, at(hours));
    let none = look(&[], 4);
    assert_eq!((&none[0].state, none[0].timeliness), (&RemovalState::Ticketed, Timeliness::NotYetDue));
    assert_eq!((none[0].due_at, none[1].due_at), (at(26), at(2 + 7 * 24)));
    assert_eq!(review.clone().verify(&none, "soon", at(4)), Err(ReviewError::NotShown(2)));
    let before = look(&[sighting(2, 1, true, &[])], 4);
    assert_eq!(before[0].state, RemovalState::Ticketed, "a list from before the decision shows nothing");
    let partial = look(&[sighting(2, 5, false, &[])], 6);
    assert_eq!(partial[0].state, RemovalState::Ticketed, "a list that does not tie out closes nothing");
    let shown = look(&[sighting(2, 5, true, &[])], 6);
    assert!(shown.iter().all(|one| one.state.is_shown() && one.timeliness == Timeliness::OnTime));
    let verified = review.clone().verify(&shown, "", at(6)).expect("verified");
    assert_eq!(deviations(&verified, &standing, &shown), []);
    let again = look(&[sighting(2, 5, true, &[]), sighting(3, 50, true, &[&items[1]])], 51);
    assert!(matches!(again[1].state, RemovalState::Reappeared { list: ListKey(3), .. }));
    assert_eq!(verified.clone().reopen(&shown), Err(ReviewError::NothingCameBack));
    assert_eq!(verified.reopen(&again).expect("opened again").state, State::Remediating);
    let late = look(&[sighting(2, 27, true, &[&items[0]]), sighting(3, 50, true, &[])], 51);
    assert_eq!((late[0].timeliness, late[1].timeliness), (Timeliness::Late, Timeliness::OnTime));
    assert_eq!(deviations(&review, &standing, &late), [Deviation::RemovedLate { items: vec![1] }]);
    let unclear = look(&[sighting(3, 50, true, &[])], 51);
    assert_eq!(unclear[0].timeliness, Timeliness::NotShown);
}

#[test]
fn business_days_leave_out_weekends() {
    let check = |from: &str, days: u32, expected: &str| {
        let from: Timestamp = from.parse().expect("a moment");
        assert_eq!(business_days_after(from, days).date(), expected, "{from} and {days}");
    };
    check("2026-06-05T12:00:00Z", 1, "2026-06-08");
    check("2026-06-06T12:00:00Z", 1, "2026-06-08");
    check("2026-06-01T12:00:00Z", 5, "2026-06-08");
    check("2026-06-05T12:00:00Z", 5, "2026-06-12");
    check("2026-06-01T12:00:00Z", 0, "2026-06-01");
}

#[test]
fn rubber_stamping_shows() {
    let rows: Vec<Holding> = (0..70).map(|number| row(&format!("p{number}"), "read", Tier::Two)).collect();
    let (review, items) = made(rows);
    let mut log = Log(Vec::new());
    for item in &items {
        let standing = standing(&items, &log.0);
        let now = at(2).plus_micros(item.number as i64 * SECOND_US / 2);
        let decided =
            check_decision(&review, &standing, (item.number, Decision::Keep, ""), false, (who(BOB), now))
                .expect("decided");
        let number = log.0.len() as u64 + 1;
        log.0.push(Recorded { number, at: now, by: who(BOB), entry: Entry::Decided(decided) });
    }
    let found = quality(&review, &standing(&items, &log.0), &log.0);
    let bob = &found[&who(BOB)];
    assert_eq!((bob.items, bob.decided, bob.kept, bob.per_minute), (70, 70, 70, 70));
    assert_eq!(bob.spent_s, 34, "half a second between each of 70");
    assert_eq!(bob.share_bp(bob.kept), 10_000);
    assert_eq!(bob.marks, [Mark::AllKept, Mark::TooFast].into());
}

#[test]
fn a_scope_that_cannot_be_one_is_refused() {
    let refused = |change: &dyn Fn(&mut Scope)| {
        let mut one = scope();
        change(&mut one);
        matches!(Review::draft(ReviewKey(1), one, who(SAM), at(0)), Err(ReviewError::Scope(_)))
    };
    assert!(!refused(&|_| {}));
    assert!(refused(&|one| one.title = " ".into()));
    assert!(refused(&|one| one.systems.clear()));
    assert!(refused(&|one| one.tiers.clear()));
    assert!(refused(&|one| one.second_stand_in = one.stand_in));
    assert!(refused(&|one| one.due_at = at(0)));
    assert!(refused(&|one| one.window = Some("2026-Q2".into())));
    assert!(refused(&|one| one.systems[0].owner = who(EVE)), "the owner hands rights out");
    assert!(refused(&|one| {
        let mut again = one.systems[0].clone();
        again.name = " AWS ".into();
        one.systems.push(again);
    }));
}

fn any_step() -> impl Strategy<Value = Step> {
    proptest::sample::select(Step::ALL.to_vec())
}

proptest! {
    /// Whatever is tried, the state moves by one step at a time, and back only to open removals again.
    #[test]
    fn no_state_is_jumped_over(steps in proptest::collection::vec(any_step(), 0..40)) {
        let mut state = State::Draft;
        for step in steps {
            let Some(next) = state.after(step) else { continue };
            let place = |of: State| State::ALL.iter().position(|one| *one == of).expect("a state");
            if step == Step::Reopen {
                prop_assert_eq!((state, next), (State::Verified, State::Remediating));
            } else {
                prop_assert_eq!(place(next), place(state) + 1);
            }
            state = next;
        }
    }

    /// Whoever holds what, nobody is assigned their own while somebody else can decide.
    #[test]
    fn nobody_is_assigned_their_own(holder in 1_u128..6, manager in 1_u128..6, tier in 0_usize..4) {
        let name = |number: u128| format!("{}@acme.example", ["ada", "bob", "lin", "sam", "eve"][number as usize - 1]);
        let one = Holding {
            person: Some(name(holder)),
            manager: Some(name(manager)),
            tier: Tier::ALL[tier],
            ..holding("account", "right")
        };
        let frozen = freeze(&scope(), "aws", ListKey(1), vec![one], &people(), Beside::default(), (1, at(0)));
        let [item] = frozen.items.as_slice() else { panic!("one item") };
        let reviewers: BTreeSet<ActorId> = item.seats.iter().map(|seat| seat.reviewer).collect();
        prop_assert!(!reviewers.contains(&who(holder)));
        prop_assert_eq!(reviewers.len(), item.seats.len(), "two seats are two people");
        if item.holding.tier.is_privileged() {
            prop_assert!(!reviewers.contains(&who(EVE)), "whoever hands it out");
        }
    }

    /// No order or number of lists shows a right as gone that the last list still has.
    #[test]
    fn the_last_list_has_the_last_word(lists in proptest::collection::vec((any::<bool>(), any::<bool>()), 0..8)) {
        let (review, items) = made(vec![row("ada", "read", Tier::Two)]);
        let mut log = Log(Vec::new());
        log.decide((&review, &items), (BOB, 2), (1, Decision::Revoke, "")).expect("decided");
        let standing = standing(&items, &log.0);
        let review = review.close(&standing, at(3)).expect("closed");
        let sightings: Vec<Sighting> = (0..)
            .zip(&lists)
            .map(|(number, (is_there, is_complete))| {
                let present: &[&Item] = if *is_there { &[&items[0]] } else { &[] };
                sighting(number + 2, 4 + number, *is_complete, present)
            })
            .collect();
        let found = removals(&review, &standing, &sightings, at(100));
        let telling = lists.iter().rev().find(|(is_there, is_complete)| *is_there || *is_complete);
        let is_gone = telling.is_some_and(|(is_there, _)| !is_there);
        prop_assert_eq!(found[0].state.is_shown(), is_gone);
        let mut mixed = sightings;
        mixed.reverse();
        prop_assert_eq!(removals(&review, &standing, &mixed, at(100)), found, "the order does not matter");
    }

    /// What is kept of whom items wait for says the same as reading everything, whatever happened.
    #[test]
    fn waits_are_what_waits(acts in proptest::collection::vec((0_u8..4, 1_u64..4, 1_u128..6, 1_u128..6), 0..12), when in 0_i64..40) {
        let (_, items) = made(vec![
            row("ada", "root", Tier::Zero),
            row("eve", "read", Tier::Two),
            row("sam", "read", Tier::Two),
        ]);
        let mut log = Log(Vec::new());
        for (hours, (act, item, by, to)) in (2..).zip(acts) {
            let seat = if by % 2 == 0 { SeatRole::Manager } else { SeatRole::Owner };
            let decided = |decision| Entry::Decided(Decided {
                item, seat, decision, why: String::new(), is_bulk: false, on_behalf_of: None,
            });
            log.add(by, hours, match act {
                0 => decided(Decision::Keep),
                1 => decided(Decision::NotMine),
                2 => Entry::Reassigned { item, seat, from: who(by), to: who(to), note: "x".into() },
                _ => Entry::Delegated(Delegation { from: who(by), to: who(to), until: at(hours + 9), note: "x".into() }),
            });
        }
        let (standing, now) = (standing(&items, &log.0), at(14 + when));
        let all = || standing.items.iter().flat_map(|one| standing.waits_of(one, at(14)));
        for someone in (1..6).map(who) {
            let read: BTreeSet<u64> = standing.waiting_for(someone, now).map(|(one, _)| one.item.number).collect();
            let theirs = |wait: &Wait| wait.who == someone && wait.until.is_none_or(|until| until > now);
            let kept: BTreeSet<u64> = all().filter(theirs).map(|wait| wait.item).collect();
            prop_assert_eq!(kept, read);
        }
    }

    /// A delegation holds until its end and no longer.
    #[test]
    fn a_delegation_has_an_end(since in 0_i64..20, length in 1_i64..20, when in 0_i64..60) {
        let delegation = Delegation { from: who(BOB), to: who(EVE), until: at(since + length), note: "x".into() };
        let entries = [Recorded { number: 1, at: at(since), by: who(BOB), entry: Entry::Delegated(delegation) }];
        let standing = standing(&[], &entries);
        let acts = standing.acts_for(who(EVE), at(when)).contains(&who(BOB));
        prop_assert_eq!(acts, (since..since + length).contains(&when));
    }

    /// Business days never end on a weekend, and more of them never end earlier.
    #[test]
    fn more_business_days_end_later(hours in 0_i64..2_000, days in 0_u32..30) {
        let (one, more) = (business_days_after(at(hours), days), business_days_after(at(hours), days + 1));
        prop_assert!(one < more);
        prop_assert!(more.micros() - one.micros() <= 3 * DAY_US);
    }
}
