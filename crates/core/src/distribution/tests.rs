use uuid::Uuid;

use super::*;
use crate::engagement::ReportKind;

fn day(text: &str) -> Day {
    text.parse().expect("a day")
}

fn noon(text: &str) -> Timestamp {
    format!("{text}T12:00:00Z").parse().expect("a moment")
}

fn person(number: u128) -> ActorId {
    ActorId(Uuid::from_u128(number))
}

fn year() -> Time {
    Time::Period { from: day("2026-01-01"), to: day("2026-12-31") }
}

fn recipient(relation: Relation) -> Recipient {
    Recipient {
        name: " Nora Vale ".into(),
        company: "Customer Ltd".into(),
        email: "Nora@Customer.example".into(),
        relation,
        serves: "Customer Ltd".into(),
        used_from: Some(day("2026-05-01")),
        used_to: None,
        basis: "contract C-12".into(),
    }
}

fn asked(relation: Relation) -> Asked {
    Asked {
        origin: Origin::Requested,
        recipient: recipient(relation),
        purpose: "their yearly review of vendors".into(),
        documents: BTreeSet::from([Item::Report]),
        until: day("2027-03-31"),
    }
}

fn entered(class: Class, relation: Relation) -> Result<Grant, DistributionError> {
    let which = (GrantKey(1), EngagementKey(1));
    Grant::enter(which, asked(relation), (class, year()), person(1), noon("2027-02-20"))
}

fn agreement(before: Option<&Agreement>, text: &str) -> Agreement {
    let class = Class::SpecifiedParties;
    Agreement::write(before, class, ("Use of the report", text), person(1), noon("2027-02-01"))
        .expect("written")
}

#[test]
fn each_kind_of_report_has_its_readers() {
    let class = |kind| Class::of(kind);
    assert_eq!(
        [ReportKind::Soc1, ReportKind::Soc2, ReportKind::Soc3].map(class),
        [Class::UserEntities, Class::SpecifiedParties, Class::General]
    );
    for relation in Relation::ALL {
        let is_of_user = matches!(relation, Relation::Customer | Relation::UserAuditor);
        match entered(Class::UserEntities, *relation) {
            Ok(_) => assert!(is_of_user, "{relation:?}"),
            Err(error) => assert_eq!((error, is_of_user), (DistributionError::NotForThem(*relation), false)),
        }
        assert!(entered(Class::SpecifiedParties, *relation).is_ok(), "{relation:?}");
        assert_eq!(entered(Class::General, *relation), Err(DistributionError::General));
    }
}

#[test]
fn a_customer_used_the_service_in_the_time_of_the_report() {
    let with = |from: Option<&str>, to: Option<&str>| {
        let (used_from, used_to) = (from.map(day), to.map(day));
        Recipient { used_from, used_to, ..recipient(Relation::Customer) }.checked(Class::UserEntities, year())
    };
    for (from, to) in [("2020-01-01", None), ("2026-12-31", None), ("2020-01-01", Some("2026-01-01"))] {
        assert!(with(Some(from), to).is_ok(), "{from} {to:?}");
    }
    for (from, to) in [("2027-01-01", None), ("2020-01-01", Some("2025-12-31"))] {
        assert!(matches!(with(Some(from), to), Err(DistributionError::NotInTime(_))), "{from} {to:?}");
    }
    assert_eq!(with(Some("2026-02-01"), Some("2026-01-01")), Err(DistributionError::UseBackwards));
    assert!(matches!(with(None, None), Err(DistributionError::Missing(_))));
    let found = with(Some("2026-05-01"), None).expect("whole");
    assert_eq!(
        (found.name.as_str(), found.email.as_str(), found.serves.as_str()),
        ("Nora Vale", "nora@customer.example", "")
    );
    let auditor = Recipient { serves: " ".into(), ..recipient(Relation::UserAuditor) };
    assert!(matches!(
        auditor.checked(Class::UserEntities, year()),
        Err(DistributionError::Missing("name of whom they serve"))
    ));
    let prospect = recipient(Relation::Prospect).checked(Class::SpecifiedParties, year()).expect("admitted");
    assert_eq!(prospect.used_from, None, "what does not matter is not kept");
    let nowhere = Recipient { email: "nora".into(), ..recipient(Relation::Prospect) };
    assert_eq!(nowhere.checked(Class::SpecifiedParties, year()), Err(DistributionError::Address));
}

#[test]
fn nobody_reads_before_every_step_is_done_by_whose_it_is() {
    let class = (Class::SpecifiedParties, year());
    let first = agreement(None, "I keep it to myself.");
    let mut grant = entered(class.0, Relation::Customer).expect("entered");
    let now = noon("2027-02-21");
    let gives = |grant: &Grant, version: u32| grant.gives(Item::Report, version, now);
    assert_eq!(grant.standing(1, now), Standing::Entered);
    assert_eq!(grant.approve(class, 1, person(2), now), Err(DistributionError::Unchecked));
    grant.check("called their head office", person(1), now).expect("checked");
    assert_eq!(grant.check("again", person(1), now), Err(DistributionError::Already));
    assert_eq!(grant.standing(1, now), Standing::Checked);
    assert_eq!(grant.approve(class, 1, person(2), now), Err(DistributionError::NotAccepted));
    assert_eq!(grant.accept(&first, 2, "Nora", "192.0.2.0/24", now), Err(DistributionError::OtherVersion));
    assert!(grant.accept(&first, 1, " ", "192.0.2.0/24", now).is_err(), "under a name");
    grant.accept(&first, 1, "Nora Vale", "192.0.2.0/24", now).expect("accepted");
    assert_eq!((grant.standing(1, now), gives(&grant, 1)), (Standing::Accepted, false));
    assert_eq!(grant.approve(class, 1, person(1), now), Err(DistributionError::OwnEntry));
    grant.approve(class, 1, person(2), now).expect("approved");
    assert!(gives(&grant, 1) && !grant.gives(Item::Bridge(1), 1, now));
    assert_eq!(grant.refuse("late", person(2), now), Err(DistributionError::Already));

    let second = agreement(Some(&first), "I keep it to myself, and tell nobody.");
    assert_eq!((second.version, grant.standing(2, now)), (2, Standing::AgreementChanged));
    assert!(!gives(&grant, 2), "the agreement is accepted anew first");
    grant.accept(&second, 2, "Nora Vale", "192.0.2.0/24", now).expect("accepted");
    assert!(gives(&grant, 2));
    assert_eq!(grant.accepted().len(), 2);

    assert!(grant.gives(Item::Report, 2, noon("2027-03-31")), "the last day is inside");
    assert!(!grant.gives(Item::Report, 2, day("2027-04-01").starts()));
    assert_eq!(grant.standing(2, noon("2027-04-01")), Standing::Expired);
    grant.revoke("the contract ended", person(1), now).expect("revoked");
    assert_eq!((grant.standing(2, now), gives(&grant, 2)), (Standing::Revoked, false));
    assert_eq!(grant.revoke("again", person(1), now), Err(DistributionError::Over(Standing::Revoked)));
    assert!(grant.accept(&second, 2, "Nora", "", now).is_err());
}

#[test]
fn access_ends_within_a_year_and_names_documents() {
    let enter = |until: &str, documents: &[Item]| {
        let asked = Asked {
            until: day(until),
            documents: documents.iter().copied().collect(),
            ..asked(Relation::Customer)
        };
        let class = (Class::SpecifiedParties, year());
        Grant::enter((GrantKey(1), EngagementKey(1)), asked, class, person(1), noon("2027-02-20"))
    };
    for (until, is_possible) in
        [("2027-02-20", false), ("2027-02-21", true), ("2028-02-20", true), ("2028-02-21", false)]
    {
        assert_eq!(enter(until, &[Item::Report]).is_ok(), is_possible, "{until}");
    }
    assert_eq!(enter("2027-03-01", &[]), Err(DistributionError::NoDocument));
    for item in [Item::Report, Item::Bridge(12)] {
        assert_eq!(item.to_string().parse(), Ok(item));
    }
    for wrong in ["", "bridge-", "bridge-01", "bridge-x", "Report", "representation"] {
        assert!(wrong.parse::<Item>().is_err(), "{wrong}");
    }
}

#[test]
fn an_agreement_has_versions_and_none_is_like_the_one_before() {
    let first = agreement(None, "One.\n\nTwo.");
    assert_eq!((first.version, first.paragraphs().count()), (1, 2));
    let class = Class::SpecifiedParties;
    let again = Agreement::write(Some(&first), class, (&first.title, "One.\n\nTwo."), person(2), first.at);
    assert_eq!(again, Err(DistributionError::NothingChanged));
    assert_ne!(agreement(Some(&first), "One.").digest(), first.digest());
    assert!(Agreement::write(None, Class::General, ("a", "b"), person(1), first.at).is_err());
    let (title, text) = drafted(Class::UserEntities, "Acme");
    assert!(Agreement::write(None, Class::UserEntities, (&title, &text), person(1), first.at).is_ok());
    assert!(crate::report::lint::lint(&text).is_empty(), "{text}");
}

#[test]
fn a_code_is_read_as_people_type_it() {
    let written = code([0, 31, 32, 255, 7, 8, 9, 10, 11, 12]);
    assert_eq!(written, "A9A9H-JKLMN");
    assert_eq!(code_of(" a9a9h jklmn "), code_of(&written));
    assert_eq!(code_of(&written).len(), 10);
    assert_ne!(code_of("A9A9H-JKLMP"), code_of(&written));
}
