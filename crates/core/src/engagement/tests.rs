use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::catalog::{Catalog, Framework};
use crate::conclusion::scope::Day;
use crate::control::Control;
use crate::control::ControlId;
use crate::control::commitment::CommitmentKey;
use crate::id::SystemId;

fn person(number: u128) -> ActorId {
    ActorId(uuid::Uuid::from_u128(number))
}

fn moment(second: i64) -> Timestamp {
    Timestamp::from_seconds(second)
}

fn day(text: &str) -> Day {
    text.parse().expect("a day")
}

fn year() -> Time {
    Time::Period { from: day("2026-01-01"), to: day("2026-12-31") }
}

/// A scope that nothing is wrong with.
fn sound() -> Scope {
    Scope {
        services: vec!["Payroll".into()],
        boundary: "From the web form to the payment file.".into(),
        categories: BTreeMap::from([("security".into(), "customers ask".into())]),
        omissions: ["availability", "processing-integrity", "confidentiality", "privacy"]
            .map(|id| (id.to_owned(), "nothing is promised".to_owned()))
            .into(),
        commitments: BTreeSet::from([CommitmentKey(1)]),
        ..Scope::of(ReportKind::Soc2, year(), "Payroll")
    }
}

/// Every starter control, in force since the first second.
fn controls(catalog: &Catalog) -> Vec<Control> {
    let adopt = |starter| {
        let mut control = Control::adopt(starter, person(1), moment(1)).expect("a starter");
        control.owner = Some(person(1));
        control.activate(moment(1)).expect("a draft with an owner");
        control
    };
    catalog.controls.iter().map(adopt).collect()
}

/// Asks for problems beside one commitment that holds and these other engagements.
fn ask(
    scope: &Scope,
    framework: &Framework,
    controls: &[Control],
    others: &[(EngagementKey, Scope)],
) -> Vec<Problem> {
    let systems = BTreeMap::from([(system(1), known("Payroll", false))]);
    ask_of(scope, (framework, &systems), controls, others)
}

fn ask_of(
    scope: &Scope,
    (framework, systems): (&Framework, &BTreeMap<SystemId, KnownSystem>),
    controls: &[Control],
    others: &[(EngagementKey, Scope)],
) -> Vec<Problem> {
    let about =
        |holds, category: &str| KnownCommitment { holds, categories: BTreeSet::from([category.into()]) };
    let commitments = BTreeMap::from([
        (CommitmentKey(1), about(true, "security")),
        (CommitmentKey(2), about(false, "security")),
        (CommitmentKey(3), about(true, "confidentiality")),
    ]);
    scope.problems(&Ground { framework, systems, controls, commitments: &commitments, others })
}

fn system(number: u128) -> SystemId {
    SystemId(uuid::Uuid::from_u128(number))
}

fn known(name: &str, is_retired: bool) -> KnownSystem {
    KnownSystem { name: name.into(), is_retired }
}

fn decided() -> Decision {
    Decision {
        approver: "Grace".into(),
        decided: Some(day("2025-12-15")),
        categories: BTreeSet::from(["security".into()]),
    }
}

/// What a vendor expects, met by a control.
fn expected_by(vendor: &str, control: &ControlId) -> VendorControl {
    VendorControl {
        vendor: vendor.into(),
        text: "Customers review who may use the console.".into(),
        not_applicable: String::new(),
        controls: BTreeSet::from([control.clone()]),
        evidence: "the review of each quarter".into(),
    }
}

fn rules(problems: &[Problem]) -> Vec<&'static str> {
    problems.iter().map(|problem| problem.rule).collect()
}

#[test]
fn a_sound_scope_is_approved_by_somebody_else_and_holds_until_a_change_is() {
    let key = EngagementKey(1);
    let mut one = Engagement::plan(key, sound(), person(1), moment(1), "the first year").expect("planned");
    assert_eq!((one.standing(), one.holds() == &sound()), (Standing::Planned, true));
    assert!(one.is_author(person(1)) && !one.is_author(person(2)));
    one.approve(&[], person(2), moment(2)).expect("nothing blocks");
    assert_eq!(one.standing(), Standing::Scoped);
    assert_eq!(one.approve(&[], person(2), moment(2)), Err(EngagementError::NothingWaits(key)));
    let before = one.scope_digest();

    let wider = Scope { services: vec!["Payroll".into(), "Reports".into()], ..sound() };
    assert_eq!(one.change(sound(), person(1), moment(3), "same"), Err(EngagementError::NothingChanged));
    assert_eq!(one.change(wider.clone(), person(1), moment(3), " "), Err(EngagementError::Missing("reason")));
    one.change(wider.clone(), person(3), moment(3), "sold since June").expect("changed");
    assert_eq!((one.standing(), one.holds() == &sound()), (Standing::ChangeWaits, true));
    assert_eq!(one.scope_digest(), before, "what waits holds for nobody");
    let problem = Problem { rule: "boundary", says: "nothing".into(), blocks: true };
    assert!(matches!(one.approve(&[problem], person(2), moment(4)), Err(EngagementError::Blocked(_))));
    one.approve(&[], person(2), moment(4)).expect("approved");
    assert_ne!(one.scope_digest(), before);
    one.close(person(1), moment(5), "merged into E-2").expect("open");
    assert_eq!(one.change(sound(), person(1), moment(6), "late"), Err(EngagementError::Closed(key)));
    let json = serde_json::to_string(&one).expect("serializes");
    assert_eq!(serde_json::from_str::<Engagement>(&json).expect("reads back"), one);
}

#[test]
fn what_can_never_be_right_is_refused() {
    let refuse = |scope: Scope| scope.checked().expect_err("refused").to_string();
    let upside_down = Time::Period { from: day("2026-12-31"), to: day("2026-01-01") };
    assert!(refuse(Scope { time: upside_down, ..sound() }).contains("before it begins"));
    let as_of = Time::AsOf { date: day("2026-06-30") };
    assert!(refuse(Scope { kind: ReportKind::Soc3, time: as_of, ..sound() }).contains("no SOC 3 as of"));
    assert!(refuse(Scope { system: " ".into(), ..sound() }).contains("name of the system"));
    let no_reason = BTreeMap::from([("CC6.4".to_owned(), " ".to_owned())]);
    assert!(refuse(Scope { exclusions: no_reason, ..sound() }).contains("taking a criterion out"));
}

#[test]
fn the_yardstick_of_each_report_is_its_own() {
    let catalog = Catalog::builtin();
    let framework = &catalog.frameworks[0];
    let controls = controls(&catalog);
    let of = |scope: &Scope| rules(&ask(scope, framework, &controls, &[]));
    assert_eq!(of(&sound()), Vec::<&str>::new());
    assert_eq!(sound().criteria(framework).len(), 33, "the common criteria");

    let objective = Objective {
        id: "CO-01".into(),
        statement: "Controls give reasonable assurance that wages are calculated completely.".into(),
        assertions: BTreeSet::from(["completeness".into()]),
        transactions: BTreeSet::from(["wages".into()]),
        controls: BTreeSet::from([controls[0].id.clone()]),
        is_general_control: false,
    };
    let soc1 = Scope {
        kind: ReportKind::Soc1,
        categories: BTreeMap::new(),
        omissions: BTreeMap::new(),
        commitments: BTreeSet::new(),
        objectives: vec![objective.clone()],
        ..sound()
    };
    let general = Objective { is_general_control: true, transactions: BTreeSet::new(), ..objective.clone() };
    assert_eq!(of(&Scope { objectives: vec![general], ..soc1.clone() }), ["objectives"]);
    let bare = Objective { assertions: BTreeSet::new(), transactions: BTreeSet::new(), ..objective.clone() };
    assert_eq!(of(&Scope { objectives: vec![bare], ..soc1.clone() }), ["icfr", "icfr"]);
    assert_eq!(of(&soc1), Vec::<&str>::new());
    assert_eq!(soc1.criteria(framework), ["CO-01"]);
    assert_eq!(of(&Scope { objectives: vec![objective], ..sound() }), ["yardstick"]);
    assert_eq!(of(&Scope { categories: sound().categories, ..soc1.clone() }), ["yardstick"]);
    assert_eq!(of(&Scope { objectives: Vec::new(), ..soc1 }), ["objectives"]);
    // Security is expected: left out it needs a reason.
    let availability = BTreeMap::from([("availability".to_owned(), "sold".to_owned())]);
    let without = Scope { categories: availability, ..sound() };
    assert_eq!(of(&without), ["categories", "commitments"], "a commitment about security is left behind");
    let mut omissions = sound().omissions;
    omissions.insert("security".to_owned(), "another report has it".to_owned());
    assert_eq!(of(&Scope { omissions: omissions.clone(), ..without.clone() }), ["commitments"]);
    omissions.remove("privacy");
    let silent = ask(&Scope { omissions, ..without }, framework, &controls, &[]);
    let told = silent.iter().find(|one| one.rule == "omissions").expect("told");
    assert!(told.says.contains("Privacy") && !told.blocks);
}

#[test]
fn controls_of_objectives_that_are_not_in_force_in_the_time_are_told_of() {
    let catalog = Catalog::builtin();
    let framework = &catalog.frameworks[0];
    let mut all = controls(&catalog);
    let ids: Vec<ControlId> = all.iter().take(3).map(|control| control.id.clone()).collect();
    for (at, control) in all.iter_mut().enumerate().skip(1).take(2) {
        *control = Control::adopt(&catalog.controls[at], person(1), moment(1)).expect("a starter");
    }
    all[2].owner = Some(person(1));
    all[2].activate("2027-01-01T00:00:00Z".parse().expect("a moment")).expect("a draft with an owner");
    let soc1 = Scope {
        kind: ReportKind::Soc1,
        categories: BTreeMap::new(),
        omissions: BTreeMap::new(),
        commitments: BTreeSet::new(),
        objectives: vec![Objective {
            id: "CO-01".into(),
            statement: "Controls give reasonable assurance that wages are calculated completely.".into(),
            assertions: BTreeSet::from(["completeness".into()]),
            transactions: BTreeSet::from(["wages".into()]),
            controls: ids.iter().cloned().collect(),
            is_general_control: false,
        }],
        ..sound()
    };
    let told = ask(&soc1, framework, &all, &[]);
    let says: Vec<(&str, bool)> = told.iter().map(|one| (one.says.as_str(), one.blocks)).collect();
    assert_eq!(says.len(), 2, "one control answers: {says:?}");
    assert!(says[0].0.starts_with(&format!("{} is named by control objectives and not in force", ids[1])));
    assert!(
        says[1].0.starts_with(&format!("{} is named", ids[2]))
            && says[1].0.contains("since after 2026-12-31")
    );
    assert!(says.iter().all(|(_, blocks)| !blocks));
}

#[test]
fn every_criterion_has_somebody_who_answers_for_it() {
    let catalog = Catalog::builtin();
    let framework = &catalog.frameworks[0];
    let mut controls = controls(&catalog);
    let physical = "CC6.4";
    controls.retain(|control| control.criteria.iter().all(|mapping| mapping.criterion != physical));
    let problems = ask(&sound(), framework, &controls, &[]);
    assert_eq!(rules(&problems), ["controls"]);
    assert!(problems[0].says.contains("CC6.4") && problems[0].blocks);

    let cloud = Subservice {
        decision: decided(),
        assumed: vec![Assumed {
            text: "Physical access".into(),
            criteria: BTreeSet::from([physical.into()]),
        }],
        monitoring: BTreeSet::from([controls[0].id.clone()]),
        ..Subservice::of("A cloud", "Hosting", Method::CarveOut, "It guards the doors.")
    };
    let expects = expected_by("A cloud", &controls[0].id);
    let with = |cloud: Subservice| Scope {
        subservices: vec![cloud],
        vendor_controls: vec![expects.clone()],
        ..sound()
    };
    assert_eq!(ask(&with(cloud.clone()), framework, &controls, &[]), [], "a carved-out organization answers");
    let unwatched = Subservice { monitoring: BTreeSet::new(), ..cloud.clone() };
    assert_eq!(rules(&ask(&with(unwatched), framework, &controls, &[])), ["carve_out"]);
    let mut rested = controls.clone();
    rested[0].retire(moment(2)).expect("in force");
    let says = ask(&with(cloud.clone()), framework, &rested, &[]);
    assert!(
        says.iter().any(|one| one.blocks && one.says.contains("no own control in force watches A cloud")),
        "{says:?}"
    );
    let nothing = Subservice { assumed: Vec::new(), ..cloud.clone() };
    assert_eq!(
        rules(&ask(&with(nothing), framework, &controls, &[])),
        ["controls", "carve_out", "carve_out"]
    );

    let mut left = controls.clone();
    for control in &mut left {
        control.retire(moment(2)).expect("in force");
    }
    assert_eq!(rules(&ask(&sound(), framework, &left, &[])), ["controls"], "retired long before the period");

    let exclusions = BTreeMap::from([(physical.to_owned(), "no premises".to_owned())]);
    let scope = Scope { exclusions, ..sound() };
    assert!(ask(&scope, framework, &controls, &[]).is_empty(), "taken out with a reason");
    assert_eq!(scope.criteria(framework).len(), 32);
    let strange = BTreeMap::from([("A1.1".to_owned(), "not sold".to_owned())]);
    assert_eq!(
        rules(&ask(&Scope { exclusions: strange, ..sound() }, framework, &controls, &[]))[0],
        "exclusions"
    );
}

#[test]
fn an_inclusive_organization_is_described_asserts_and_represents() {
    let catalog = Catalog::builtin();
    let framework = &catalog.frameworks[0];
    let mut controls = controls(&catalog);
    controls.retain(|control| control.criteria.iter().all(|mapping| mapping.criterion != "CC6.4"));
    let given = |state| Given { state, reference: "EV-7".into() };
    let whole = Subservice {
        decision: decided(),
        assumed: vec![Assumed {
            text: "Guards ask everybody for a badge.".into(),
            criteria: BTreeSet::from(["CC6.4".into()]),
        }],
        parts: "Both data centers, and the guards.".into(),
        assertion: given(GivenState::Agreed),
        representations: given(GivenState::Received),
        ..Subservice::of("A sister company", "Hosting", Method::Inclusive, "It guards the doors.")
    };
    let of = |one: Subservice| {
        let vendor_controls = vec![expected_by("A sister company", &controls[0].id)];
        let scope = Scope { subservices: vec![one], vendor_controls, ..sound() };
        rules(&ask(&scope, framework, &controls, &[]))
    };
    assert_eq!(of(whole.clone()), Vec::<&str>::new(), "its controls are examined, so they answer");
    for one in [
        Subservice { assertion: Given::default(), ..whole.clone() },
        Subservice { representations: given(GivenState::Refused), ..whole.clone() },
        Subservice { parts: String::new(), ..whole.clone() },
    ] {
        assert_eq!(of(one), ["inclusive"]);
    }
    assert_eq!(of(Subservice { assumed: Vec::new(), ..whole.clone() }), ["controls", "inclusive"]);
    // A scope of before said yes or no.
    let mut json = serde_json::to_value(&whole).expect("serializes");
    json.as_object_mut().expect("an object").remove("assertion");
    json["gives_assertion"] = serde_json::Value::Bool(true);
    let read: Subservice = serde_json::from_value(json).expect("reads");
    assert_eq!(read.assertion.state, GivenState::Agreed);
}

#[test]
fn what_vendors_are_is_decided_for_each_period_and_each_category() {
    let catalog = Catalog::builtin();
    let framework = &catalog.frameworks[0];
    let controls = controls(&catalog);
    let mail = Vendor {
        name: "A mail service".into(),
        service: "Sends notices".into(),
        why: "What it sends is compared with what was to be sent.".into(),
        decision: decided(),
    };
    let of = |scope: &Scope| ask(scope, framework, &controls, &[]);
    let scope = Scope { vendors: vec![mail.clone()], ..sound() };
    assert_eq!(of(&scope), []);
    let next = scope.following().expect("a next period");
    let again = of(&next);
    assert!(rules(&again) == ["decision"] && again[0].blocks, "{again:?}");
    assert!(again[0].says.contains("A mail service"));
    let mut wider = scope.clone();
    wider.categories.insert("availability".into(), "promised now".into());
    wider.omissions.remove("availability");
    assert!(of(&wider).iter().any(|one| one.rule == "decision" && one.says.contains("availability")));
    let nobody = Decision { approver: " ".into(), ..decided() };
    let unsigned = Scope { vendors: vec![Vendor { decision: nobody, ..mail.clone() }], ..sound() };
    assert_eq!(rules(&of(&unsigned.checked().expect("readable"))), ["decision"]);
    let no_reason = Scope { vendors: vec![Vendor { why: " ".into(), ..mail }], ..sound() };
    assert!(no_reason.checked().expect_err("refused").to_string().contains("no subservice organization"));
}

#[test]
fn what_a_vendor_expects_is_met_or_does_not_apply_for_a_reason() {
    let catalog = Catalog::builtin();
    let framework = &catalog.frameworks[0];
    let mut controls = controls(&catalog);
    let mail = Vendor {
        name: "A mail service".into(),
        service: "Sends notices".into(),
        why: "What it sends is compared with what was to be sent.".into(),
        decision: decided(),
    };
    let met = expected_by("a mail service", &controls[0].id);
    let of = |one: VendorControl, controls: &[Control]| {
        let scope = Scope { vendors: vec![mail.clone()], vendor_controls: vec![one], ..sound() };
        ask(&scope, framework, controls, &[])
    };
    assert_eq!(of(met.clone(), &controls), []);
    let unmapped = VendorControl { controls: BTreeSet::new(), ..met.clone() };
    let problems = of(unmapped.clone(), &controls);
    assert!(rules(&problems) == ["vendor_controls"] && problems[0].blocks, "{problems:?}");
    let reason = VendorControl { not_applicable: "we have no console".into(), ..unmapped };
    assert_eq!(of(reason, &controls), []);
    let strange = VendorControl { vendor: "Nobody".into(), ..met.clone() };
    assert_eq!(rules(&of(strange, &controls)), ["vendor_controls"]);
    let unknown =
        VendorControl { controls: BTreeSet::from(["ZZZ-99".parse().expect("an id")]), ..met.clone() };
    assert_eq!(rules(&of(unknown, &controls)), ["controls"]);
    controls[0].retire(moment(2)).expect("in force");
    let retired = of(met, &controls);
    assert!(retired.iter().any(|one| one.rule == "vendor_controls" && one.says.contains("not in force")));
}

#[test]
fn controls_of_another_system_are_not_in_scope_and_those_of_the_organization_are() {
    let catalog = Catalog::builtin();
    let framework = &catalog.frameworks[0];
    let mut controls = controls(&catalog);
    let place = |controls: &mut [Control], id: &str, to: u128| {
        controls.iter_mut().find(|one| one.id.as_str() == id).expect("a starter").system = Some(system(to));
    };
    place(&mut controls, "IAM-05", 1);
    place(&mut controls, "IAM-06", 2);
    let payroll = Scope { systems: BTreeSet::from([system(1)]), ..sound() };
    let in_scope = |scope: &Scope| -> BTreeSet<String> {
        let all = scope.criteria(framework);
        all.iter()
            .flat_map(|id| scope.controls_for(framework, &controls, id).map(|one| one.id.to_string()))
            .collect()
    };
    let ids = in_scope(&payroll);
    assert!(ids.contains("IAM-05") && !ids.contains("IAM-06"), "its own, and not the other's");
    assert!(ids.contains("IAM-01"), "what serves the organization as a whole stays in");
    let books = in_scope(&Scope { systems: BTreeSet::from([system(2)]), ..sound() });
    assert!(books.contains("IAM-06") && !books.contains("IAM-05"));
    let both = in_scope(&Scope { systems: BTreeSet::from([system(1), system(2)]), ..sound() });
    assert!(both.contains("IAM-06") && both.contains("IAM-05"));
    assert_eq!(payroll.only_system(), Some(system(1)));

    let systems = BTreeMap::from([
        (system(1), known("Payroll", false)),
        (system(2), known("Books", false)),
        (system(3), known("Old", true)),
    ]);
    let of = |scope: &Scope| ask_of(scope, (framework, &systems), &controls, &[]);
    assert_eq!(rules(&of(&sound())), ["systems"], "with several, one has to be chosen");
    assert_eq!(of(&payroll), []);
    let unknown = of(&Scope { systems: BTreeSet::from([system(9)]), ..sound() });
    assert!(rules(&unknown) == ["systems"] && unknown[0].blocks);
    let retired = of(&Scope { systems: BTreeSet::from([system(1), system(3)]), ..sound() });
    assert!(rules(&retired) == ["systems"] && !retired[0].blocks);
    let named = Scope {
        subservices: vec![Subservice {
            decision: decided(),
            assumed: vec![Assumed { text: "Doors".into(), criteria: BTreeSet::from(["CC6.4".into()]) }],
            monitoring: BTreeSet::from(["IAM-06".parse().expect("an id")]),
            ..Subservice::of("A cloud", "Hosting", Method::CarveOut, "It guards the doors.")
        }],
        ..payroll.clone()
    };
    assert!(of(&named).iter().any(|one| one.blocks && one.says.contains("another system")));
    // Periods are compared where the systems are the same, whatever they are called.
    let last = Scope {
        time: Time::Period { from: day("2025-01-01"), to: day("2025-06-30") },
        system: "Payroll of old".into(),
        ..payroll.clone()
    };
    let others = [(EngagementKey(7), last)];
    assert_eq!(rules(&ask_of(&payroll, (framework, &systems), &controls, &others)), ["periods"]);
}

#[test]
fn what_lies_outside_has_a_reason() {
    let catalog = Catalog::builtin();
    let framework = &catalog.frameworks[0];
    let controls = controls(&catalog);
    let element =
        |kind, name: &str, outside: &str| Element { kind, name: name.into(), outside: outside.into() };
    let mut scope = Scope {
        outside: vec!["Billing: no customer sees it".into()],
        elements: vec![
            element(ElementKind::Environment, "Production", ""),
            element(ElementKind::Data, "Wages", ""),
            element(ElementKind::Data, "Web statistics", "no customer data"),
        ],
        ..sound()
    };
    let of = |scope: &Scope| ask(scope, framework, &controls, &[]);
    assert_eq!(of(&scope), []);
    assert_eq!(scope.all_outside(), ["Billing: no customer sees it", "Web statistics: no customer data"]);
    scope.outside.push("The website".into());
    assert!(of(&scope)[0].says.contains("The website"));
    scope.outside.pop();
    scope.categories.insert("privacy".into(), "a notice promises".into());
    scope.omissions.remove("privacy");
    assert!(of(&scope).iter().any(|one| one.rule == "boundary" && one.says.contains("whole life")));
    scope.elements.push(element(ElementKind::Data, "wages", ""));
    assert!(of(&scope).iter().any(|one| one.blocks && one.says.contains("twice")));
}

#[test]
fn a_control_of_customers_says_what_fails_without_it() {
    let catalog = Catalog::builtin();
    let framework = &catalog.frameworks[0];
    let controls = controls(&catalog);
    let expected = UserEntityControl {
        kind: UserEntityKind::Control,
        text: "Customers lock the doors of their own cages.".into(),
        criteria: BTreeSet::from(["CC6.4".into()]),
        commitment: Some(CommitmentKey(1)),
        why: "Whoever opens the cage has the disks.".into(),
    };
    let of = |one: UserEntityControl| {
        let scope = Scope { user_entities: vec![one], ..sound() };
        rules(&ask(&scope, framework, &controls, &[]))
    };
    assert!(of(expected.clone()).is_empty());
    assert_eq!(of(UserEntityControl { why: String::new(), ..expected.clone() }), ["cuec"]);
    assert_eq!(of(UserEntityControl { commitment: None, ..expected.clone() }), ["cuec"]);
    assert_eq!(of(UserEntityControl { criteria: BTreeSet::new(), ..expected.clone() }), ["cuec"]);
    let responsibility = UserEntityKind::Responsibility;
    assert!(
        of(UserEntityControl { kind: responsibility, why: String::new(), commitment: None, ..expected })
            .is_empty()
    );
}

#[test]
fn an_organization_stands_in_a_list_once_and_a_sister_company_that_is_examined_gives_no_report() {
    let catalog = Catalog::builtin();
    let framework = &catalog.frameworks[0];
    let controls = controls(&catalog);
    let host = Subservice {
        decision: decided(),
        assumed: vec![Assumed { text: "Doors".into(), criteria: BTreeSet::from(["CC6.4".into()]) }],
        monitoring: BTreeSet::from(["VEN-04".parse().expect("an id")]),
        ..Subservice::of("A cloud", "Hosting", Method::CarveOut, "It guards the doors.")
    };
    let of = |subservices: Vec<Subservice>| ask(&Scope { subservices, ..sound() }, framework, &controls, &[]);
    let once = of(vec![host.clone()]);
    assert!(!once.iter().any(|one| one.blocks), "{once:?}");
    assert!(once.iter().any(|one| one.says.contains("its report does")));
    let twice = of(vec![host.clone(), Subservice { name: "a Cloud".into(), ..host.clone() }]);
    assert!(twice.iter().any(|one| one.blocks && one.says.contains("twice")), "{twice:?}");
    let examined = of(vec![Subservice { method: Method::Inclusive, ..host }]);
    assert!(!examined.iter().any(|one| one.says.contains("its report does")), "{examined:?}");
}

#[test]
fn what_is_long_is_cut_at_a_word_in_messages() {
    let text = "Customers remove users of the provider's console when they leave the company.";
    let short = super::vendor::short_of(text);
    assert_eq!(short, "Customers remove users of the provider's console when they\u{2026}");
    assert_eq!(super::vendor::short_of("Customers lock the doors."), "Customers lock the doors.");
}

#[test]
fn auditors_of_customers_want_six_months_of_a_soc_1() {
    let catalog = Catalog::builtin();
    let framework = &catalog.frameworks[0];
    let controls = controls(&catalog);
    let of = |kind, to: &str| {
        let scope = Scope { kind, time: Time::Period { from: day("2026-01-01"), to: day(to) }, ..sound() };
        let found = ask(&scope, framework, &controls, &[]);
        found.into_iter().find(|one| one.rule == "period").map(|one| one.says)
    };
    let short = of(ReportKind::Soc1, "2026-05-31").expect("told");
    assert!(short.contains("shorter than 6 months") && short.contains("financial year"), "{short}");
    assert_eq!(of(ReportKind::Soc1, "2026-06-30"), None);
    assert_eq!(of(ReportKind::Soc2, "2026-05-31"), None, "three months are asked of a SOC 2");
}

#[test]
fn periods_are_held_against_each_other_and_never_block() {
    let catalog = Catalog::builtin();
    let framework = &catalog.frameworks[0];
    let controls = controls(&catalog);
    let of = |from: &str, to: &str| Scope { time: Time::Period { from: day(from), to: day(to) }, ..sound() };
    let last = [(EngagementKey(7), of("2025-01-01", "2025-12-31"))];
    assert!(ask(&sound(), framework, &controls, &last).is_empty(), "back to back");
    for (scope, says) in [
        (of("2026-01-02", "2026-12-31"), "does not follow that of E-7"),
        (of("2025-12-31", "2026-12-31"), "overlaps that of E-7"),
        (of("2026-01-01", "2026-03-30"), "shorter than 3 months"),
    ] {
        let problems = ask(&scope, framework, &controls, &last);
        assert!(
            problems.len() == 1 && !problems[0].blocks && problems[0].says.contains(says),
            "{problems:?}"
        );
    }
    assert!(ask(&of("2026-01-01", "2026-03-31"), framework, &controls, &last).is_empty(), "three months");
    let other_system = [(EngagementKey(7), Scope { system: "Books".into(), ..sound() })];
    assert!(ask(&sound(), framework, &controls, &other_system).is_empty());
    let draft = Scope { commitments: BTreeSet::from([CommitmentKey(2)]), ..sound() };
    assert!(ask(&draft, framework, &controls, &[])[0].says.contains("SC-2 is not in force"));
    let of =
        |kind| Scope { kind, commitments: BTreeSet::from([CommitmentKey(1), CommitmentKey(3)]), ..sound() };
    for kind in [ReportKind::Soc2, ReportKind::Soc3] {
        let left_out = ask(&of(kind), framework, &controls, &[]);
        assert!(left_out.len() == 1 && !left_out[0].blocks, "{left_out:?}");
        assert!(
            left_out[0].says.contains("SC-3 is about confidentiality, which is left out"),
            "{left_out:?}"
        );
    }
    let mut chosen = of(ReportKind::Soc3);
    chosen.omissions.remove("confidentiality");
    chosen.categories.insert("confidentiality".into(), "contracts ask for it".into());
    assert!(ask(&chosen, framework, &controls, &[]).is_empty());
}

fn described() -> Description {
    let passage = |part: &Part| (*part, Passage { text: format!("About {}.", part.word()), none: false });
    Description { parts: Part::ALL.iter().map(passage).collect(), ..Description::default() }
}

#[test]
fn a_description_is_whole_when_every_part_that_the_report_needs_is_written() {
    let empty = Description::default();
    let of = |kind, time| empty.missing(&Scope::of(kind, time, "Payroll"));
    let type_1 = of(ReportKind::Soc2, Time::AsOf { date: day("2026-06-30") });
    let type_2 = of(ReportKind::Soc2, year());
    assert!(!type_1.contains(&Part::Changes) && type_2.contains(&Part::Changes));
    assert!(
        !type_2.contains(&Part::Transactions) && of(ReportKind::Soc1, year()).contains(&Part::Transactions)
    );
    assert!(of(ReportKind::Soc3, year()).is_empty(), "it has none");
    let of_soc1: Vec<Part> = Part::of(ReportKind::Soc1, year()).into_iter().map(|(part, _)| part).collect();
    assert!(!of_soc1.contains(&Part::Commitments), "objectives take their place");
    assert!(of_soc1.contains(&Part::Incidents) && !of(ReportKind::Soc1, year()).contains(&Part::Incidents));
    assert_eq!(Part::Data.label(ReportKind::Soc1), "Data");
    assert_eq!(Part::Data.label(ReportKind::Soc2), "Data (DC 3)");
    let mut whole = described();
    assert!(whole.missing(&sound()).is_empty());
    whole.parts.insert(Part::Incidents, Passage { text: String::new(), none: true });
    assert!(whole.missing(&sound()).is_empty(), "none is an answer");
    whole.parts.insert(Part::Data, Passage { text: " \n".into(), none: true });
    let whole = whole.checked().expect("readable");
    assert_eq!(whole.missing(&sound()), [Part::Data], "data is never nothing");
    // Criteria whose part is made from records alone are written by nobody.
    let written: BTreeSet<&str> = Part::ALL.iter().map(|part| part.criterion()).collect();
    let catalog = Catalog::builtin();
    let all = catalog.description_criteria[0].criteria.iter().map(|one| one.id.as_str());
    assert_eq!(all.filter(|id| !written.contains(id)).collect::<Vec<_>>(), ["DC 5", "DC 8"]);
}

#[test]
fn advertising_and_claims_are_no_description() {
    let mut one = described();
    one.parts.insert(
        Part::Services,
        Passage { text: "Our world-class, SOC 2 certified payroll.".into(), none: false },
    );
    let faults = one.faults();
    assert_eq!(faults.len(), 2);
    assert!(faults.iter().all(|(part, _)| *part == Part::Services));
    assert!(described().faults().is_empty());
}

#[test]
fn three_people_sign_what_they_saw_and_an_edit_voids_it() {
    let mut one =
        Engagement::plan(EngagementKey(1), sound(), person(1), moment(1), "first").expect("planned");
    one.approve(&[], person(9), moment(1)).expect("approved");
    one.describe(described(), person(1), moment(2)).expect("written");
    assert_eq!(one.describe(described(), person(2), moment(2)), Err(DocumentError::NothingChanged.into()));
    let scope = one.scope_digest();
    let document = one.description.as_mut().expect("written");
    assert_eq!(document.separated(Step::Review, person(1), scope), Err(DocumentError::OwnText("review")));
    assert_eq!(document.sign(Step::Approve, person(3), moment(3), scope), Err(DocumentError::NotReviewed));
    document.sign(Step::Review, person(2), moment(3), scope).expect("reviewed");
    assert_eq!(document.separated(Step::Approve, person(2), scope), Err(DocumentError::OwnReview));
    document.separated(Step::Approve, person(3), scope).expect("a third person");
    document.sign(Step::Approve, person(3), moment(4), scope).expect("approved");
    assert_eq!(document.status(scope).words(), "final \u{2013} management");
    let other_scope = Digest::of(b"another");
    assert!(document.is_void(other_scope) && document.approved(other_scope).is_none(), "it binds the scope");

    let mut changed = described();
    changed.parts.insert(Part::Data, Passage { text: "More data.".into(), none: false });
    one.describe(changed, person(2), moment(5)).expect("changed");
    let document = one.description.as_ref().expect("written");
    assert!(document.is_void(scope) && document.status(scope).is_draft());
    assert_eq!(document.separated(Step::Review, person(2), scope), Err(DocumentError::OwnText("review")));
}

#[test]
fn what_nobody_has_reviewed_is_left_out_with_how_far_it_has_come() {
    let mut one =
        Engagement::plan(EngagementKey(1), sound(), person(1), moment(1), "first").expect("planned");
    one.approve(&[], person(9), moment(1)).expect("approved");
    assert!(!one.is_unreviewed(Paper::Description), "nobody wrote it");
    assert_eq!(one.without_unreviewed(), one);
    one.describe(described(), person(1), moment(2)).expect("written");
    let assertion = Assertion { text: "We assert.".into(), signatory: "Eva".into(), title: "CEO".into() };
    one.assert(assertion, person(1), moment(2)).expect("asserted");
    let seen = one.without_unreviewed();
    assert_eq!(seen.described(), Description::default());
    assert_eq!(seen.assertion.as_ref().map(|held| held.content.clone()), Some(Assertion::default()));
    let ground = one.scope_digest();
    let review = |one: &mut Engagement| {
        one.description.as_mut().expect("written").sign(Step::Review, person(2), moment(3), ground)
    };
    review(&mut one).expect("reviewed");
    let seen = one.without_unreviewed();
    assert!(one.is_unreviewed(Paper::Assertion) && !one.is_unreviewed(Paper::Description));
    assert_eq!(
        (seen.described(), seen.progress(Paper::Description)),
        (described(), one.progress(Paper::Description))
    );
    // What is written anew is left out again, and is told to have been signed before.
    let mut changed = described();
    changed.parts.insert(Part::Data, Passage { text: "More data.".into(), none: false });
    one.describe(changed, person(1), moment(4)).expect("changed");
    let seen = one.without_unreviewed();
    assert_eq!(seen.described(), Description::default());
    for paper in [Paper::Description, Paper::Assertion] {
        assert_eq!(seen.progress(paper), one.progress(paper), "{paper:?}");
    }
    assert!(seen.progress(Paper::Description).is_some_and(|progress| progress.is_void));
}

#[test]
fn a_drafted_assertion_covers_what_the_report_is_about() {
    let text = |scope: &Scope| drafted(scope, "Example Ltd");
    let type_2 = text(&sound());
    for part in
        ["(a)", "(b)", "(c)", "throughout the period 2026-01-01 to 2026-12-31", "DC section 200", "security"]
    {
        assert!(type_2.contains(part), "{part}: {type_2}");
    }
    assert!(!type_2.contains("complementary"));
    let type_1 = text(&Scope { time: Time::AsOf { date: day("2026-06-30") }, ..sound() });
    assert!(!type_1.contains("(c)") && type_1.contains("as of 2026-06-30"));
    let soc3 = text(&Scope { kind: ReportKind::Soc3, ..sound() });
    assert!(!soc3.contains("description") && soc3.contains("boundary"));
    assert!(!soc3.contains("complementary"));
    let mut carved_out = Scope { kind: ReportKind::Soc3, ..sound() };
    carved_out.subservices.push(Subservice::of("Hosting", "hosts it", Method::CarveOut, "why"));
    let depends = text(&carved_out);
    assert!(
        depends.contains("provided that the complementary controls of subservice organizations operated")
            && !depends.contains("Hosting"),
        "{depends}"
    );
    let soc1 = text(&Scope { kind: ReportKind::Soc1, ..sound() });
    assert!(
        !soc1.contains("trust services")
            && soc1.contains("control objectives")
            && soc1.contains("AT-C section 320")
            && soc1.contains(
                "that the control objectives stated in the description would be achieved, if they operated"
            )
            && !soc1.contains("commitments"),
        "{soc1}"
    );
    // What a user auditor reads it for: transactions, risks, how controls were applied, and by whom.
    for says in [
        "initiated, authorized, recorded",
        "their auditors",
        "risks that threaten",
        "competence and authority",
        "what changed",
    ] {
        assert!(soc1.contains(says), "{says}: {soc1}");
    }
    let as_of = Time::AsOf { date: day("2026-06-30") };
    let soc1_type_1 = text(&Scope { kind: ReportKind::Soc1, time: as_of, ..sound() });
    assert!(!soc1_type_1.contains("competence") && !soc1_type_1.contains("what changed"), "{soc1_type_1}");
    assert!(
        type_2.contains("would be achieved on the trust services criteria for security, if they operated"),
        "{type_2}"
    );
    for text in [type_2, type_1, soc3, soc1] {
        let assertion = Assertion { text, signatory: "Alex Example".into(), title: "Director".into() };
        assert!(assertion.checked().expect("whole").faults().is_empty());
    }
}

#[test]
fn a_moment_is_outside_of_a_time_only_if_no_zone_has_it_inside() {
    let at = |text: &str| text.parse::<crate::Timestamp>().expect("a moment");
    let period = Time::Period { from: day("2026-01-01"), to: day("2026-10-31") };
    for (moment, is_outside) in [
        ("2025-12-12T10:00:00Z", true),
        // The first of January has begun on the islands furthest east.
        ("2025-12-31T09:59:59Z", true),
        ("2025-12-31T10:00:00Z", false),
        ("2026-01-01T00:00:00Z", false),
        ("2026-10-31T23:59:59Z", false),
        // The last of October goes on furthest west.
        ("2026-11-01T11:59:59Z", false),
        ("2026-11-01T12:00:00Z", true),
        ("2026-11-04T10:00:00Z", true),
    ] {
        assert_eq!(period.excludes(at(moment)), is_outside, "{moment}");
    }
    assert!(Time::AsOf { date: day("2026-11-15") }.excludes(at("2026-11-17T00:00:00Z")));
}

#[test]
fn an_assertion_is_issued_anew_when_the_opinion_is_going_to_be_modified() {
    let mut one =
        Engagement::plan(EngagementKey(1), sound(), person(1), moment(1), "first").expect("planned");
    one.approve(&[], person(9), moment(1)).expect("approved");
    let assertion =
        |text: &str| Assertion { text: text.into(), signatory: "Grace".into(), title: "Director".into() };
    one.assert(assertion("We assert."), person(1), moment(2)).expect("written");
    let sign = |one: &mut Engagement, step, who, at| {
        let ground = one.ground(Paper::Assertion);
        one.assertion.as_mut().expect("written").sign(step, person(who), moment(at), ground)
    };
    sign(&mut one, Step::Review, 2, 3).expect("reviewed");
    sign(&mut one, Step::Approve, 3, 4).expect("signed");
    assert_eq!(
        (one.progress(Paper::Assertion).map(|progress| progress.is_void), one.assertion_fault()),
        (Some(false), None)
    );
    assert!(one.modify(" ", person(1), moment(5)).is_err());
    one.modify("Except for CC6.2: leavers kept accounts.", person(1), moment(5)).expect("recorded");
    assert_eq!(
        one.modify("Except for CC6.2: leavers kept accounts.", person(1), moment(6)),
        Err(EngagementError::NothingChanged)
    );
    assert_eq!(one.progress(Paper::Assertion).map(|progress| progress.is_void), Some(true));
    assert!(one.assertion_fault().is_some_and(|says| says.contains("write it anew")));
    one.assert(assertion("We assert, except for CC6.2."), person(1), moment(7)).expect("written");
    assert_eq!(one.assertion_fault(), None);
    sign(&mut one, Step::Review, 2, 8).expect("reviewed");
    assert_eq!(one.next_step(Paper::Assertion), Some(Step::Approve));
}

fn diagram(name: &str) -> Diagram {
    Diagram {
        caption: "The system".into(),
        alternative: "A form and a database.".into(),
        name: format!("{name}.png"),
        media_type: "image/png".into(),
        artifact: crate::id::EvidenceKey(1),
        digest: crate::Digest::of(name.as_bytes()),
        size: 9,
        width: 640,
        height: 480,
    }
}

#[test]
fn a_description_without_processes_and_diagrams_is_written_as_it_was_before_there_were_any() {
    let texts = described();
    let json = serde_json::to_value(&texts).expect("JSON");
    assert_eq!(json, serde_json::to_value(&texts.parts).expect("JSON"));
    assert_eq!(canonical::digest(&texts).expect("texts"), canonical::digest(&texts.parts).expect("texts"));
    assert_eq!(serde_json::from_value::<Description>(json).expect("read"), texts);
    let with = Description { diagrams: vec![diagram("net")], ..texts };
    let text = serde_json::to_string(&with).expect("JSON");
    assert_eq!(serde_json::from_str::<Description>(&text).expect("read"), with);
    assert!(serde_json::from_str::<Description>("{\"prose\": {\"text\": \"x\"}}").is_err());
}

#[test]
fn another_diagram_voids_what_was_signed_and_the_next_examination_takes_it_over() {
    let mut one =
        Engagement::plan(EngagementKey(1), sound(), person(1), moment(1), "first").expect("planned");
    one.approve(&[], person(9), moment(1)).expect("approved");
    let with = |name| Description { diagrams: vec![diagram(name)], ..described() };
    one.describe(with("net"), person(1), moment(2)).expect("written");
    let ground = one.ground(Paper::Description);
    let document = one.description.as_mut().expect("written");
    document.sign(Step::Review, person(2), moment(3), ground).expect("reviewed");
    document.sign(Step::Approve, person(3), moment(4), ground).expect("approved");
    assert_eq!(one.describe(with("net"), person(1), moment(5)), Err(DocumentError::NothingChanged.into()));
    one.describe(with("net 2"), person(1), moment(5)).expect("written");
    assert_eq!(one.progress(Paper::Description).map(|progress| progress.is_void), Some(true));
    let next = one.roll_forward(EngagementKey(2), person(1), moment(6), "the next year").expect("planned");
    assert_eq!(next.described().diagrams, [diagram("net 2")]);
    let process = Process { name: "Pay run".into(), narrative: String::new(), steps: Vec::new() };
    let soc2 = Description { processes: vec![process.clone()], ..described() };
    assert_eq!(one.describe(soc2, person(1), moment(7)), Err(EngagementError::NoProcess));
    let twice = Description { processes: vec![process.clone(), process], ..described() };
    assert_eq!(twice.checked(), Err(EngagementError::Twice("Pay run".into())));
}
