//! The table against its page, and properties of the decision.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use uuid::Uuid;

use super::separation::{self, Conflict, Reviewed};
use super::*;
use crate::id::{ActorId, EngagementKey, OrganizationKey, SystemId};
use crate::time::{DAY_US, Span, Timestamp};

const NOW: i64 = 1_795_531_500;

fn now() -> Timestamp {
    Timestamp::from_seconds(NOW)
}

fn actor(n: u128) -> ActorId {
    ActorId(Uuid::from_u128(n))
}

fn system(n: u128) -> SystemId {
    SystemId(Uuid::from_u128(n))
}

fn subject(roles: &[Role]) -> Subject {
    Subject {
        id: actor(1),
        organization: OrganizationKey(1),
        roles: roles.iter().copied().collect(),
        systems: Systems::Only(BTreeSet::from([system(1)])),
        engagements: BTreeSet::from([EngagementKey(1)]),
        standing: Standing::Active,
        valid: Span { from: now().plus_micros(-DAY_US), to: Some(now().plus_micros(DAY_US)) },
        assurance: Assurance { factor: Factor::Code, proven_at: now() },
        required: Factor::Code,
        token: None,
        is_within_systems: false,
    }
}

fn object() -> Object {
    Object {
        organization: OrganizationKey(1),
        system: None,
        people: BTreeSet::new(),
        engagement: None,
        is_frozen: false,
        is_published: false,
    }
}

#[test]
fn the_printed_page_is_the_table() {
    let page = include_str!("../../../../docs/roles.md");
    let how = "cargo run -p tickmark-core --example roles > docs/roles.md";
    assert!(page == document(), "docs/roles.md is out of date; look at what changed: {how}");
}

#[test]
fn the_notes_below_the_table_hold() {
    let may = |role, resource, verb| matrix::scope(role, Atom::new(resource, verb)).is_some();
    for role in Role::ALL {
        assert!(!may(role, Resource::AuditTrail, Verb::Update), "{role}");
        assert!(!may(role, Resource::AuditTrail, Verb::Delete), "{role}");
        assert!(!may(role, Resource::ConnectorSecret, Verb::Read), "{role}");
        assert!(role == Role::Auditor || !may(role, Resource::WorkingPaper, Verb::Read), "{role}");
        for resource in Resource::ALL {
            let allowed =
                resource.number() == 31 || role != Role::Owner || !may(role, *resource, Verb::Approve);
            assert!(allowed, "an owner reads and does not approve: {resource:?}");
        }
    }
    for verb in Verb::ALL {
        assert!(!may(Role::Admin, Resource::Evidence, verb), "an administrator does not read evidence");
    }
    for atom in Atom::all().filter(|atom| !separation::is_for_tokens(*atom)) {
        assert_eq!(matrix::scope(Role::ServiceToken, atom), None, "{atom}");
    }
}

#[test]
fn words_read_back() {
    for role in Role::ALL {
        assert_eq!(role.word().parse(), Ok(role));
        assert_eq!(role.code().parse(), Ok(role));
    }
    let all: BTreeSet<Atom> = Atom::all().collect();
    assert_eq!(all.len(), Resource::ALL.len() * Verb::ALL.len());
    for atom in all {
        assert_eq!(atom.to_string().parse(), Ok(atom));
    }
    assert!("evidence".parse::<Atom>().is_err() && "root".parse::<Role>().is_err());
}

#[test]
fn a_scope_covers_what_it_says() {
    let owner_of_controls = subject(&[Role::ControlOwner]);
    let read = Atom::new(Resource::Control, Verb::Read);
    let on = |subject: &Subject, object: &Object| subject.decide_on(read, object, now());
    let mine = Object { system: Some(system(1)), ..object() };
    assert!(on(&owner_of_controls, &mine).is_allowed());
    for other in [Object { system: Some(system(2)), ..object() }, object()] {
        assert_eq!(on(&owner_of_controls, &other), Decision::Deny(Denial::OutOfReach));
        let everywhere = Subject { systems: Systems::All, ..owner_of_controls.clone() };
        assert!(on(&everywhere, &other).is_allowed());
    }
    let employee = subject(&[Role::Employee]);
    assert!(on(&employee, &Object { people: BTreeSet::from([actor(1)]), ..object() }).is_allowed());
    assert!(!on(&employee, &Object { people: BTreeSet::from([actor(2)]), ..object() }).is_allowed());
    let auditor = subject(&[Role::Auditor]);
    let engagement = |n| Object { engagement: Some(EngagementKey(n)), ..object() };
    assert!(on(&auditor, &engagement(1)).is_allowed());
    assert!(!on(&auditor, &engagement(2)).is_allowed());
    let over = Subject { engagements: BTreeSet::new(), ..auditor.clone() };
    let read = Atom::new(Resource::Evidence, Verb::Read);
    assert_eq!(over.decide(read, now()), Decision::Deny(Denial::NotGranted), "in no engagement any more");
    assert_eq!(separation::auditor_only(&auditor.roles), Ok(()));
    assert_eq!(separation::no_auditor(&auditor.roles), Err(Conflict::Independence));
    assert_eq!(separation::auditor_only(&BTreeSet::from([Role::Employee])), Err(Conflict::Independence));
    assert!(!on(&auditor, &object()).is_allowed());
    let policy = Atom::new(Resource::Policy, Verb::Read);
    assert!(!employee.decide_on(policy, &object(), now()).is_allowed());
    assert!(employee.decide_on(policy, &Object { is_published: true, ..object() }, now()).is_allowed());
}

#[test]
fn a_token_for_some_systems_reaches_nothing_else() {
    let mine = Object { system: Some(system(1)), people: BTreeSet::from([actor(1)]), ..object() };
    let other = Object { system: Some(system(2)), people: BTreeSet::from([actor(1)]), ..object() };
    let read = Atom::new(Resource::Control, Verb::Read);
    let only = BTreeSet::from([system(1), system(3)]);
    for role in [Role::ComplianceManager, Role::Owner, Role::ControlOwner] {
        let whole = subject(&[role]);
        let systems = whole.systems.clone().within(&only);
        let token = Subject {
            token: Some(BTreeSet::from([read, Atom::new(Resource::Catalog, Verb::Read)])),
            is_within_systems: true,
            systems,
            ..whole
        };
        assert!(token.decide_on(read, &mine, now()).is_allowed(), "{role}");
        for outside in [&other, &object()] {
            assert_eq!(token.decide_on(read, outside, now()), Decision::Deny(Denial::OutOfReach), "{role}");
        }
        match token.decide(read, now()) {
            Decision::Allow { reach, .. } => assert!(!reach.is_whole(&token), "{role}"),
            Decision::Deny(denial) => panic!("{role}: {denial}"),
        }
        // Nobody has the catalog by system.
        let catalog = token.decide(Atom::new(Resource::Catalog, Verb::Read), now());
        assert_eq!(catalog, Decision::Deny(Denial::NotGranted), "{role}");
    }
    let all = Systems::All.within(&only);
    assert_eq!(all, Systems::Only(only.clone()));
    assert_eq!(
        Systems::Only(BTreeSet::from([system(2), system(3)])).within(&only),
        Systems::Only([system(3)].into())
    );
}

#[test]
fn each_denial_has_its_reason() {
    let lead = subject(&[Role::ComplianceManager]);
    let approve = Atom::new(Resource::Control, Verb::Approve);
    let deny = |subject: Subject, atom| match subject.decide(atom, now()) {
        Decision::Deny(denial) => Some(denial),
        Decision::Allow { .. } => None,
    };
    let valid = |from: i64, to: i64| Span { from: now().plus_micros(from), to: Some(now().plus_micros(to)) };
    let proven =
        |seconds: i64| Assurance { factor: Factor::Code, proven_at: Timestamp::from_seconds(NOW - seconds) };
    assert_eq!(deny(lead.clone(), approve), None);
    for (subject, denial) in [
        (Subject { standing: Standing::Suspended, ..lead.clone() }, Denial::Suspended),
        (Subject { valid: valid(1, 2), ..lead.clone() }, Denial::NotYet),
        (Subject { valid: valid(-2, 0), ..lead.clone() }, Denial::Ended),
        (Subject { token: Some(BTreeSet::new()), ..lead.clone() }, Denial::NotForTokens),
        (Subject { required: Factor::Passkey, ..lead.clone() }, Denial::TooWeak),
        (Subject { assurance: proven(600), ..lead.clone() }, Denial::StepUpNeeded),
        (Subject { assurance: proven(-1), ..lead.clone() }, Denial::StepUpNeeded),
        (subject(&[Role::Owner]), Denial::NotGranted),
        // Not asked to step up for what they may not do anyway.
        (Subject { assurance: proven(600), ..subject(&[Role::Owner]) }, Denial::NotGranted),
    ] {
        assert_eq!(deny(subject, approve), Some(denial));
    }
    assert_eq!(deny(Subject { assurance: proven(599), ..lead.clone() }, approve), None);
    let read = Atom::new(Resource::Control, Verb::Read);
    let token = Subject { token: Some(BTreeSet::from([read])), ..subject(&[Role::ServiceToken]) };
    assert_eq!(deny(token.clone(), read), None);
    assert_eq!(deny(token, Atom::new(Resource::Risk, Verb::Read)), Some(Denial::TokenScope));
    let frozen = Object { is_frozen: true, ..object() };
    assert_eq!(lead.decide_on(approve, &frozen, now()), Decision::Deny(Denial::Frozen));
    assert!(lead.decide_on(read, &frozen, now()).is_allowed());
}

#[test]
fn what_one_cell_asks_for_binds_unless_another_role_is_free_of_it() {
    let grant = Atom::new(Resource::HighestGrant, Verb::Create);
    let Decision::Allow { conditions, .. } = subject(&[Role::Owner]).decide(grant, now()) else {
        panic!("an owner grants")
    };
    assert_eq!(conditions, BTreeSet::from([Condition::SecondPerson]));
    let decide = Atom::new(Resource::AccessDecision, Verb::Approve);
    let both = subject(&[Role::Employee, Role::Executive]);
    let Decision::Allow { conditions, .. } = both.decide(decide, now()) else { panic!("both decide") };
    assert_eq!(conditions, BTreeSet::new());
}

#[test]
fn one_person_does_not_do_both_halves() {
    let set = |ids: &[u128]| ids.iter().map(|n| actor(*n)).collect::<BTreeSet<_>>();
    assert_eq!(separation::accept_evidence(&set(&[1, 2]), actor(2)), Err(Conflict::OwnEvidence));
    assert_eq!(separation::accept_evidence(&set(&[1, 2]), actor(3)), Ok(()));
    assert_eq!(separation::record_result(&set(&[1]), actor(1)), Err(Conflict::OwnControl));
    assert_eq!(separation::sign_assertion(&set(&[1]), actor(1)), Err(Conflict::OwnDraft));
    assert_eq!(separation::sign_assertion(&set(&[1]), actor(2)), Ok(()));
    assert_eq!(separation::extend(actor(1), actor(1)), Err(Conflict::OwnExtension));
    for (receiver, role, second, expected) in [
        (1, Role::Employee, Some(2), Err(Conflict::OwnGrant)),
        (2, Role::Employee, None, Ok(())),
        (2, Role::Admin, None, Err(Conflict::SecondPerson)),
        (2, Role::Admin, Some(1), Err(Conflict::SecondPerson)),
        (2, Role::Admin, Some(2), Err(Conflict::SecondPerson)),
        (2, Role::Owner, Some(3), Ok(())),
    ] {
        let got = separation::grant(actor(1), actor(receiver), role, second.map(actor));
        assert_eq!(got, expected, "{receiver} {role} {second:?}");
    }
    let item = Reviewed { holders: set(&[1]), is_privileged: true, provisioners: set(&[2]) };
    assert_eq!(separation::review(actor(1), &item), Err(Conflict::OwnAccess));
    assert_eq!(separation::review(actor(2), &item), Err(Conflict::OwnProvisioning));
    assert_eq!(separation::review(actor(2), &Reviewed { is_privileged: false, ..item.clone() }), Ok(()));
    assert_eq!(separation::review(actor(3), &item), Ok(()));
}

#[test]
fn two_people_are_not_each_others_only_reviewers() {
    let reviewers = |pairs: &[(u128, &[u128])]| -> BTreeMap<ActorId, BTreeSet<ActorId>> {
        pairs.iter().map(|(who, by)| (actor(*who), by.iter().map(|n| actor(*n)).collect())).collect()
    };
    let found = separation::only_each_other(&reviewers(&[(1, &[2]), (2, &[1]), (3, &[1])]));
    assert_eq!(found, [(actor(1), actor(2))]);
    assert!(separation::only_each_other(&reviewers(&[(1, &[2]), (2, &[1, 3])])).is_empty());
    assert!(separation::only_each_other(&reviewers(&[(1, &[2]), (2, &[3]), (3, &[1])])).is_empty());
}

#[test]
fn an_auditor_was_nothing_else_for_a_year() {
    let day = |n: i64| Timestamp::from_micros(n * DAY_US);
    let held = |from: i64, to: Option<i64>| [Span { from: day(from), to: to.map(day) }];
    let period_from = day(1000);
    for (others, issued, expected) in [
        (held(0, Some(635)), None, Ok(())),
        (held(0, Some(636)), None, Err(Conflict::Independence)),
        (held(0, None), None, Err(Conflict::Independence)),
        (held(1400, None), None, Err(Conflict::Independence)),
        (held(1400, None), Some(day(1400)), Ok(())),
        (held(1399, None), Some(day(1400)), Err(Conflict::Independence)),
    ] {
        assert_eq!(separation::independent(&others, period_from, issued), expected, "{others:?} {issued:?}");
    }
}

fn roles() -> impl Strategy<Value = Vec<Role>> {
    subsequence(Role::ALL.to_vec(), 0..=Role::ALL.len())
}

fn atoms() -> impl Strategy<Value = Atom> {
    select(Atom::all().collect::<Vec<_>>())
}

proptest! {
    #[test]
    fn nobody_has_more_than_the_rows_of_their_roles(roles in roles(), atom in atoms()) {
        let rows: BTreeSet<Scope> = roles.iter().filter_map(|role| matrix::scope(*role, atom)).collect();
        match subject(&roles).decide(atom, now()) {
            Decision::Allow { reach, .. } => prop_assert_eq!(reach.scopes().collect::<BTreeSet<_>>(), rows),
            Decision::Deny(denial) => {
                prop_assert_eq!(denial, Denial::NotGranted);
                prop_assert!(rows.is_empty());
            }
        }
    }

    #[test]
    fn a_denial_wins_over_every_role(roles in roles(), atom in atoms(), which in 0..6) {
        let whole = subject(&roles);
        let ended = Span { from: now().plus_micros(-2), to: Some(now()) };
        let subject = match which {
            0 => Subject { standing: Standing::Suspended, ..whole },
            1 => Subject { valid: ended, ..whole },
            2 => Subject { valid: Span { from: now().plus_micros(1), to: None }, ..whole },
            3 => Subject { assurance: Assurance { factor: Factor::Password, proven_at: now() }, ..whole },
            4 => Subject { token: Some(BTreeSet::new()), ..whole },
            _ => Subject { organization: OrganizationKey(2), ..whole },
        };
        let thing = Object { is_published: true, people: BTreeSet::from([actor(1)]), ..object() };
        prop_assert!(!subject.decide_on(atom, &thing, now()).is_allowed());
    }

    #[test]
    fn another_role_takes_nothing_away_and_a_token_gives_nothing(
        roles in roles(), more in roles(), atom in atoms(), given in atoms(),
    ) {
        let both: Vec<Role> = roles.iter().chain(&more).copied().collect();
        let before = subject(&roles).decide(atom, now());
        if before.is_allowed() {
            prop_assert!(subject(&both).decide(atom, now()).is_allowed());
        }
        let token = Subject { token: Some(BTreeSet::from([given])), ..subject(&roles) };
        if token.decide(atom, now()).is_allowed() {
            prop_assert!(before.is_allowed() && atom == given);
        }
    }

    #[test]
    fn what_is_allowed_on_a_thing_is_allowed_at_all(
        roles in roles(), atom in atoms(), published in any::<bool>(), frozen in any::<bool>(),
        own in any::<bool>(), place in 0u128..3,
    ) {
        let thing = Object {
            system: (place > 0).then(|| system(place)),
            people: own.then(|| actor(1)).into_iter().collect(),
            is_frozen: frozen,
            is_published: published,
            ..object()
        };
        let somebody = subject(&roles);
        if somebody.decide_on(atom, &thing, now()).is_allowed() {
            prop_assert!(somebody.decide(atom, now()).is_allowed());
            prop_assert!(!frozen || atom.verb.only_looks());
        }
    }
}
