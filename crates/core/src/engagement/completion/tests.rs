use super::*;
use crate::engagement::{ReportKind, Scope};

fn day(text: &str) -> Day {
    text.parse().expect("a day")
}

fn noon(text: &str) -> Timestamp {
    format!("{text}T12:00:00Z").parse().expect("a moment")
}

fn person(number: u128) -> ActorId {
    ActorId(uuid::Uuid::from_u128(number))
}

fn period() -> Time {
    Time::Period { from: day("2026-01-01"), to: day("2026-12-31") }
}

fn scope() -> Digest {
    Digest::of(b"scope")
}

fn told(on: &str, decided: Decided) -> Told {
    Told {
        day: day(on),
        kind: EventKind::Incident,
        what: "Mail was down".into(),
        effect: "No customer data was touched.".into(),
        decided,
        reason: if decided == Decided::Undecided { String::new() } else { "looked into".into() },
    }
}

fn letter() -> Letter {
    Letter {
        to: "Example Auditors LLP".into(),
        text: "We confirm.".into(),
        signatory: "Grace".into(),
        title: "Director".into(),
    }
}

fn begin() -> Completion {
    Completion::begin(EngagementKey(1))
}

#[test]
fn an_event_happened_after_the_period_and_a_decision_has_a_reason() {
    let mut one = begin();
    let mut tell = |number, told| one.tell(number, told, period(), person(1), noon("2027-02-01"));
    for (on, expected) in [("2026-12-31", "not after"), ("2027-02-02", "lies ahead")] {
        let says = tell(None, told(on, Decided::Undecided)).expect_err(on).to_string();
        assert!(says.contains(expected), "{says}");
    }
    let without = Told { reason: " ".into(), ..told("2027-01-10", Decided::NoEffect) };
    assert_eq!(tell(None, without), Err(CompletionError::NoReason));
    assert_eq!(tell(None, told("2027-01-10", Decided::Undecided)), Ok(1));
    assert_eq!(
        tell(Some(2), told("2027-01-10", Decided::NoEffect)),
        Err(CompletionError::NotThere { what: "event", number: 2 })
    );
    assert_eq!(tell(Some(1), told("2027-01-10", Decided::NoEffect)), Ok(1));
    assert!(tell(Some(1), told("2027-01-10", Decided::NoEffect)).is_err(), "nothing is changed");
}

#[test]
fn the_letter_of_representation_waits_for_its_date_and_for_a_whole_register() {
    let mut one = begin();
    one.represent(letter(), person(1), noon("2027-02-01")).expect("written");
    let fault = |one: &Completion, step, on: &str| one.letter_fault(step, day(on)).unwrap_or_default();
    assert!(fault(&one, Step::Review, "2027-02-01").contains("date of the report is not known"));
    assert!(matches!(one.date(day("2026-12-31"), period()), Err(CompletionError::NotAfter { .. })));
    one.date(day("2027-03-01"), period()).expect("after");
    assert_eq!(fault(&one, Step::Review, "2027-02-01"), "");
    assert!(fault(&one, Step::Approve, "2027-02-28").contains("signed then or later"));
    assert!(fault(&one, Step::Approve, "2027-03-01").contains("nobody has confirmed"));

    one.tell(None, told("2027-02-10", Decided::Undecided), period(), person(1), noon("2027-02-11"))
        .expect("told");
    let confirm =
        |one: &mut Completion, until: &str, on: &str| one.confirm(day(until), period(), person(3), noon(on));
    assert_eq!(confirm(&mut one, "2027-03-01", "2027-03-01"), Err(CompletionError::Undecided(1)));
    one.tell(Some(1), told("2027-02-10", Decided::ToldAuditor), period(), person(1), noon("2027-02-12"))
        .expect("decided");
    assert_eq!(confirm(&mut one, "2027-03-01", "2027-02-12"), Err(CompletionError::Ahead(day("2027-03-01"))));
    confirm(&mut one, "2027-02-12", "2027-02-12").expect("confirmed");
    assert!(fault(&one, Step::Approve, "2027-03-01").contains("up to 2027-02-12 and not up to"));
    confirm(&mut one, "2027-03-01", "2027-03-01").expect("confirmed");
    assert_eq!(fault(&one, Step::Approve, "2027-03-01"), "");

    let sign =
        |one: &mut Completion, step, who| one.sign_letter(step, scope(), person(who), noon("2027-03-01"));
    assert!(sign(&mut one, Step::Review, 1).expect_err("own").to_string().contains("who wrote it"));
    sign(&mut one, Step::Review, 2).expect("reviewed");
    assert!(sign(&mut one, Step::Approve, 2).expect_err("own").to_string().contains("who reviewed"));
    sign(&mut one, Step::Approve, 3).expect("signed");
    let is_signed = |one: &Completion| {
        one.representation
            .as_ref()
            .is_some_and(|letter| letter.approved(one.letter_ground(scope())).is_some())
    };
    assert!(is_signed(&one));
    // A later event makes signature and confirmation void.
    one.tell(None, told("2027-02-20", Decided::NoEffect), period(), person(1), noon("2027-03-02"))
        .expect("told");
    assert!(!is_signed(&one) && one.confirmed().is_none());
    let json = serde_json::to_string(&one).expect("serializes");
    assert_eq!(serde_json::from_str::<Completion>(&json).expect("reads back"), one);
}

fn report(on: &str) -> Received {
    Received {
        firm: "Example Auditors LLP".into(),
        day: day(on),
        file: "report.pdf".into(),
        digest: Digest::of(b"pdf"),
        kept: None,
        by: person(1),
        at: noon("2027-03-05"),
    }
}

#[test]
fn a_report_has_the_date_of_the_letter() {
    let mut one = begin();
    one.date(day("2027-03-01"), period()).expect("after");
    assert!(matches!(one.receive(report("2027-03-02"), period()), Err(CompletionError::OtherDate { .. })));
    assert!(matches!(one.receive(report("2027-03-09"), period()), Err(CompletionError::Ahead(_))));
    assert!(matches!(one.receive(report("2026-12-31"), period()), Err(CompletionError::NotAfter { .. })));
    one.receive(report("2027-03-01"), period()).expect("received");
    assert_eq!(one.received().map(|received| received.day), Some(day("2027-03-01")));
}

fn item(reference: &str, on: &str, left_out: &str) -> BridgeItem {
    BridgeItem {
        day: day(on),
        reference: reference.into(),
        says: format!("what {reference} is"),
        is_incident: false,
        left_out: left_out.into(),
    }
}

fn bridge(to: &str) -> BridgeLetter {
    BridgeLetter {
        to: day(to),
        items: Vec::new(),
        changes: String::new(),
        incidents: String::new(),
        next: "The next period began on 2027-01-01.".into(),
        signatory: "Grace".into(),
        title: "Director".into(),
    }
}

#[test]
fn a_bridge_letter_keeps_to_its_guards() {
    let received = report("2027-03-01");
    let items = [item("control IAM-05 v2", "2027-02-01", ""), item("control IAM-06 v2", "2027-03-20", "")];
    let ground = |report| BridgeGround { time: period(), report, items: &items, today: day("2027-06-30") };
    let whole = |to: &str| BridgeLetter { items: items.to_vec(), ..bridge(to) };
    let rules = |letter: &BridgeLetter, ground: &BridgeGround<'_>| -> Vec<(&'static str, bool)> {
        letter.problems(ground).iter().map(|problem| (problem.rule, problem.blocks)).collect()
    };
    let with_report = ground(Some(&received));
    for (letter, expected) in [
        (whole("2027-03-15"), vec![]),
        (whole("2026-12-31"), vec![("gap", true)]),
        (whole("2027-03-31"), vec![]),
        (whole("2027-04-01"), vec![("gap", true)]),
        (bridge("2027-03-15"), vec![("registers", true)]),
        (bridge("2027-03-20"), vec![("registers", true), ("registers", true)]),
        (
            BridgeLetter {
                items: vec![item("control IAM-05 v2", "2027-02-01", "a typo")],
                ..bridge("2027-03-15")
            },
            vec![],
        ),
        (
            BridgeLetter {
                changes: "Nothing that affects the Assurance given".into(),
                ..whole("2027-03-15")
            },
            vec![("wording", true)],
        ),
        (
            BridgeLetter { incidents: "We stay SOC 2 compliant".into(), ..whole("2027-03-15") },
            vec![("wording", true)],
        ),
        (BridgeLetter { next: String::new(), ..whole("2027-03-15") }, vec![("next", false)]),
    ] {
        assert_eq!(rules(&letter, &with_report), expected, "{letter:?}");
    }
    assert_eq!(rules(&whole("2027-03-15"), &ground(None)), [("report", true)]);
    let early = BridgeGround { today: day("2027-03-14"), ..with_report };
    assert_eq!(rules(&whole("2027-03-15"), &early), [("future", true)]);
    let of_date = BridgeGround { time: Time::AsOf { date: day("2026-12-31") }, ..with_report };
    assert_eq!(rules(&whole("2027-03-15"), &of_date), [("period", true)]);
    // From the end of August, three months have 91 days.
    let time = Time::Period { from: day("2026-01-01"), to: day("2026-08-31") };
    let long = BridgeGround { time, items: &[], today: day("2026-12-31"), ..with_report };
    assert_eq!(rules(&bridge("2026-11-30"), &long), [("gap", false)]);
    assert_eq!(whole("2027-03-15").expires(), Some(day("2027-06-15")));
}

#[test]
fn a_bridge_letter_is_signed_by_an_officer_after_somebody_else_read_it() {
    let mut one = begin();
    one.date(day("2027-03-01"), period()).expect("after");
    one.receive(report("2027-03-01"), period()).expect("received");
    assert_eq!(one.bridge(None, bridge("2027-03-15"), person(1), noon("2027-03-16")), Ok(1));
    let received = one.received().expect("received").clone();
    let items = [item("control IAM-05 v2", "2027-02-01", "")];
    let at = noon("2027-03-16");
    let ground = BridgeGround { time: period(), report: Some(&received), items: &items, today: Day::of(at) };
    let blocked = one.sign_bridge(1, Step::Review, scope(), &ground, person(2), at).expect_err("not named");
    assert!(blocked.to_string().contains("neither names it"), "{blocked}");
    let named = BridgeLetter { items: items.to_vec(), ..bridge("2027-03-15") };
    assert_eq!(one.bridge(Some(1), named, person(1), at), Ok(1));
    assert!(one.sign_bridge(1, Step::Review, scope(), &ground, person(1), at).is_err(), "own text");
    one.sign_bridge(1, Step::Review, scope(), &ground, person(2), at).expect("reviewed");
    one.sign_bridge(1, Step::Approve, scope(), &ground, person(3), at).expect("signed");
    assert!(one.bridge_of(1).expect("there").document.approved(one.bridge_ground(scope())).is_some());
    assert!(one.bridge_of(2).is_err());
}

#[test]
fn a_drafted_letter_says_what_the_records_hold_and_nothing_banned() {
    let mut scope = Scope::of(ReportKind::Soc2, period(), "Payroll");
    scope.firm = "Example Auditors LLP".into();
    let mut one = begin();
    let text = represented(&scope, "Example Ltd", &one);
    assert!(text.contains("Nothing happened between the end of the time examined"), "{text}");
    one.tell(None, told("2027-02-10", Decided::Described), period(), person(1), noon("2027-02-11"))
        .expect("told");
    one.tell(None, told("2027-02-11", Decided::NoEffect), period(), person(1), noon("2027-02-12"))
        .expect("told");
    let text = represented(&scope, "Example Ltd", &one);
    assert!(text.contains("On 2027-02-10: Mail was down. No customer data was touched."), "{text}");
    assert!(!text.contains("2027-02-11"), "{text}");
    assert_eq!(Letter { text, ..letter() }.faults(), Vec::<String>::new());
}

#[test]
fn a_letter_that_says_nothing_happened_is_not_signed_once_something_did() {
    let scope = Scope::of(ReportKind::Soc2, period(), "Payroll");
    let mut one = begin();
    one.date(day("2027-03-01"), period()).expect("after");
    let drafted = |one: &Completion| Letter { text: represented(&scope, "Example Ltd", one), ..letter() };
    let before = drafted(&one);
    // Lines break where a person likes.
    let broken =
        Letter { text: before.text.replace("of this letter that", "of this letter\nthat"), ..letter() };
    one.represent(broken, person(1), noon("2027-02-01")).expect("written");
    assert_eq!(one.letter_contradiction(), None);
    let mut tell = |number, on, decided| {
        one.tell(number, told(on, decided), period(), person(1), noon("2027-03-10")).expect("told")
    };
    tell(None, "2027-02-10", Decided::NoEffect);
    // After the date of the report: no matter of its letter.
    tell(None, "2027-03-02", Decided::ToldAuditor);
    assert_eq!(one.letter_contradiction(), None);
    one.tell(Some(1), told("2027-02-10", Decided::ToldAuditor), period(), person(1), noon("2027-03-10"))
        .expect("told");
    let says = one.letter_fault(Step::Review, day("2027-03-10")).expect("a fault");
    assert!(says.contains("Mail was down") && says.contains("2027-02-10"), "{says}");
    assert!(one.clone().sign_letter(Step::Review, self::scope(), person(2), noon("2027-03-10")).is_err());
    let anew = drafted(&one);
    assert!(anew.text.contains("On 2027-02-10: Mail was down."), "{}", anew.text);
    assert!(!anew.text.contains("2027-03-02"), "{}", anew.text);
    one.represent(anew, person(1), noon("2027-03-10")).expect("written anew");
    assert_eq!(one.letter_fault(Step::Review, day("2027-03-10")), None);
}

#[test]
fn what_becomes_known_after_the_report_waits_for_its_auditor() {
    let mut one = begin();
    let learned = |on: &str, told: Option<&str>, follows: Follows| Learned {
        day: day(on),
        what: "A key was shared".into(),
        effect: "Changes of May were not approved by two people.".into(),
        told: told.map(day),
        follows,
        reason: if follows == Follows::Undecided { String::new() } else { "material".into() },
    };
    let learn =
        |one: &mut Completion, number, learned| one.learn(number, learned, person(1), noon("2027-04-01"));
    let early = learned("2027-03-20", None, Follows::Undecided);
    assert_eq!(learn(&mut one, None, early.clone()), Err(CompletionError::NoReport));
    one.receive(report("2027-03-01"), period()).expect("received");
    // What happened up to the date of the report is no subsequent event any more; what happened later still is.
    let mut tell =
        |on: &str| one.tell(None, told(on, Decided::NoEffect), period(), person(1), noon("2027-04-01"));
    assert_eq!(
        tell("2027-03-01"),
        Err(CompletionError::Reported { day: day("2027-03-01"), report: day("2027-03-01") })
    );
    assert_eq!(tell("2027-03-02"), Ok(1));
    for (wrong, error) in [
        (
            learned("2027-02-28", None, Follows::Undecided),
            CompletionError::KnownBefore { day: day("2027-02-28"), report: day("2027-03-01") },
        ),
        (learned("2027-04-02", None, Follows::Undecided), CompletionError::Ahead(day("2027-04-02"))),
        (learned("2027-03-20", Some("2027-03-19"), Follows::Undecided), CompletionError::ToldBefore),
        (learned("2027-03-20", None, Follows::Stands), CompletionError::Untold),
        (
            Learned { reason: " ".into(), ..learned("2027-03-20", Some("2027-03-21"), Follows::Revised) },
            CompletionError::NoReason,
        ),
    ] {
        assert_eq!(learn(&mut one, None, wrong), Err(error));
    }
    assert_eq!(learn(&mut one, None, early.clone()), Ok(1));
    assert_eq!(learn(&mut one, Some(1), early), Err(DocumentError::NothingChanged.into()));
    let decided = learned("2027-03-20", Some("2027-03-21"), Follows::ReadersTold);
    assert_eq!(learn(&mut one, Some(1), decided), Ok(1));
    assert_eq!(one.facts()[0].learned.follows, Follows::ReadersTold);
    let json = serde_json::to_string(&one).expect("serializes");
    assert_eq!(serde_json::from_str::<Completion>(&json).expect("reads back"), one);
}

#[test]
fn a_report_that_is_revised_is_given_to_nobody_until_the_revised_one_is_there() {
    let mut one = begin();
    one.receive(report("2027-03-01"), period()).expect("received");
    let fact = |follows: Follows| Learned {
        day: day("2027-03-06"),
        what: "A key was shared".into(),
        effect: "Some changes were not approved by two people.".into(),
        told: Some(day("2027-03-06")),
        follows,
        reason: "it is material".into(),
    };
    one.learn(None, fact(Follows::Stands), person(1), noon("2027-03-07")).expect("learned");
    assert!(!one.is_revised());
    one.learn(Some(1), fact(Follows::Revised), person(1), noon("2027-03-08")).expect("learned");
    assert!(one.is_revised());
    let revised = |dated: &str, bytes: &[u8]| Received {
        at: noon("2027-03-20"),
        digest: Digest::of(bytes),
        ..report(dated)
    };
    let same = Received { at: noon("2027-03-20"), ..report("2027-03-01") };
    assert_eq!(one.receive(same, period()), Err(CompletionError::SameReport));
    assert_eq!(
        one.receive(revised("2027-02-20", b"revised"), period()),
        Err(CompletionError::RevisedBefore { report: day("2027-02-20"), before: day("2027-03-01") })
    );
    assert!(one.is_revised(), "nothing was recorded");
    one.receive(revised("2027-03-18", b"revised"), period()).expect("it has a date of its own");
    assert!(!one.is_revised());
    // Told in better words, the fact revises nothing again; another decision to revise does.
    let better = |follows: Follows| Learned { what: "A signing key was shared".into(), ..fact(follows) };
    one.learn(Some(1), better(Follows::Revised), person(1), noon("2027-03-22")).expect("corrected");
    assert!(!one.is_revised());
    one.learn(Some(1), better(Follows::Stands), person(1), noon("2027-03-23")).expect("decided anew");
    one.learn(Some(1), better(Follows::Revised), person(1), noon("2027-03-24")).expect("decided anew");
    assert!(one.is_revised());
}
