//! What the examinations are about: principal commitments, services, boundary, categories, the hosting provider that is left
//! out, and what customers have to do.

use std::collections::BTreeSet;

use tickmark_core::catalog::{Catalog, ObjectiveSet};
use tickmark_core::control::commitment::{CommitmentKey, CommitmentKind, Promise};
use tickmark_core::engagement::{
    Assumed, Decision, Element, ElementKind, Method, ReportKind, Scope, Subservice, Time, UserEntityControl,
    UserEntityKind, Vendor, VendorControl,
};

use super::super::company::{CHIEF, PLATFORM, SYSTEM};
use super::{Play, SOC1, SOC2, controls, done, firm, words};
use crate::control::commitment;
use crate::{Error, Result, engagement};

/// Who hosts it.
const HOSTING: &str = "Fenmoor Hosting (example)";
/// Name of the system of the SOC 1.
const PAYROLL: &str = "Larkspur Pay, payroll for small shops (example)";

/// What is promised, and what the system must do for it.
struct Principal {
    kind: CommitmentKind,
    title: &'static str,
    statement: &'static str,
    source: &'static str,
    category: &'static str,
    criteria: &'static [&'static str],
    controls: &'static [&'static str],
}

const PRINCIPAL: [Principal; 4] = [
    Principal {
        kind: CommitmentKind::Commitment,
        title: "Availability (fictional)",
        statement: "Larkspur Books can be used during at least 99.5 % of each calendar month, announced maintenance left out.",
        source: "Terms of service, section 6",
        category: "availability",
        criteria: &["A1.1", "A1.2"],
        controls: &["AVL-02", "AVL-03", "AVL-07"],
    },
    Principal {
        kind: CommitmentKind::Commitment,
        title: "Notice of incidents (fictional)",
        statement: "Customers are told of an incident that touches their data within 72 hours after it is known.",
        source: "Data processing agreement, section 9",
        category: "security",
        criteria: &["CC2.3", "CC7.4"],
        controls: &["INC-02", "INC-05"],
    },
    Principal {
        kind: CommitmentKind::Commitment,
        title: "Deletion after the end of a contract (fictional)",
        statement: "Data of a customer is deleted within 30 days after the contract ends.",
        source: "Data processing agreement, section 12",
        category: "confidentiality",
        criteria: &["C1.2"],
        controls: &["CON-03"],
    },
    Principal {
        kind: CommitmentKind::Requirement,
        title: "Access by approval (fictional)",
        statement: "Access to production is approved before it is given, and removed within 24 hours after the last day of work.",
        source: "Access policy, version 3",
        category: "security",
        criteria: &["CC6.2", "CC6.3"],
        controls: &["IAM-03", "IAM-05"],
    },
];

/// Commitments are written and approved, both examinations planned, and their scopes approved by somebody else.
pub(super) async fn settle(play: &Play<'_>) -> Result<()> {
    let (app, catalog) = (play.app(), play.stage.catalog);
    let (lead, platform, chief) = (play.people.lead(), play.people.of(PLATFORM), play.people.of(CHIEF));
    let keys = app
        .transact(platform, async |cx| {
            let mut keys = Vec::new();
            for (place, principal) in PRINCIPAL.iter().enumerate() {
                let once = format!("example/{place}");
                let written = commitment::write(
                    cx,
                    &once,
                    promise(principal)?,
                    Some(lead.id),
                    "Written down from what customers were promised (fictional)",
                    catalog,
                )
                .await?;
                keys.push(written.key);
            }
            Ok(keys)
        })
        .await?;
    play.pass(10);
    app.transact(chief, async |cx| {
        for key in &keys {
            if let commitment::Changed::Stale(_) = commitment::approve(cx, *key, 1).await? {
                return Err(Error::conflict("somebody changes the example while it is made"));
            }
        }
        Ok(())
    })
    .await?;
    play.pass(10);
    let scopes = [(SOC2, soc2(play, &keys)?), (SOC1, soc1(play, catalog)?)];
    app.transact(lead, async |cx| {
        for (key, scope) in scopes {
            let once = format!("example/{key}");
            let why = "Customers ask for a report on the year (fictional)";
            let planned = engagement::plan(cx, &once, scope, why).await?;
            if planned.key != key {
                return Err(Error::conflict("the example has an examination already"));
            }
        }
        Ok(())
    })
    .await?;
    play.pass(10);
    app.transact(chief, async |cx| {
        for key in [SOC2, SOC1] {
            done(&engagement::approve(cx, key, 1, catalog).await?)?;
        }
        Ok(())
    })
    .await
}

fn promise(of: &Principal) -> Result<Promise> {
    Ok(Promise {
        kind: of.kind,
        title: of.title.to_owned(),
        statement: of.statement.to_owned(),
        source: of.source.to_owned(),
        categories: words(&[of.category]),
        criteria: words(of.criteria),
        controls: controls(of.controls)?,
    })
}

fn soc2(play: &Play<'_>, keys: &[CommitmentKey]) -> Result<Scope> {
    let reasons = [
        ("security", "Customers keep names, addresses and amounts of their own customers in it."),
        ("availability", "The terms of service promise how much of each month it can be used."),
        (
            "confidentiality",
            "Prices and customers of a shop are nobody else's business, and contracts say so.",
        ),
    ];
    let assumed =
        |text: &str, criteria: &[&str]| Assumed { text: text.to_owned(), criteria: words(criteria) };
    let (from, to) = play.period();
    Ok(Scope {
        services: vec![
            "Larkspur Books: invoices are written, sent and followed up in a browser".to_owned(),
            "Interface by which shops hand over orders".to_owned(),
        ],
        boundary: "From the requests that reach the web hosts to the stored data and its backups, with the people, \
                   procedures and tools that run them."
            .to_owned(),
        outside: vec![
            "Browsers and networks of customers: nobody of the company runs them".to_owned(),
            "Billing of customers by the company: no data of the service is in it".to_owned(),
        ],
        elements: elements(),
        firm: firm::FIRM.to_owned(),
        categories: reasons.map(|(id, reason)| (id.to_owned(), reason.to_owned())).into(),
        omissions: [
            ("processing-integrity", "Shops check each invoice before they send it; nothing is promised."),
            ("privacy", "What is promised to people is promised by the shops; the company acts for them."),
        ]
        .map(|(id, reason)| (id.to_owned(), reason.to_owned()))
        .into(),
        commitments: keys.iter().copied().collect(),
        subservices: vec![Subservice {
            decision: decision(play),
            assumed: vec![
                assumed("Physical access to data centers is limited to authorized people and reviewed.", &["CC6.4"]),
                assumed("Media is cleared or destroyed before it leaves a data center.", &["CC6.5"]),
                assumed("Power, cooling and fire protection are maintained and tested.", &["A1.2"]),
            ],
            monitoring: controls(&["VEN-01", "VEN-04"])?,
            ..Subservice::of(
                HOSTING,
                "Data centers with power, cooling, network and the machines on which the hosts run",
                Method::CarveOut,
                "Nobody of the company enters the data centers or handles their disks; whether machines are safe there \
                 depends on the provider.",
            )
        }],
        vendors: vec![Vendor {
            name: "Postrider Mail (example)".to_owned(),
            service: "Delivers invoices by mail".to_owned(),
            why: "What it reports as delivered is compared each day with what was to be sent; own controls suffice."
                .to_owned(),
            decision: decision(play),
        }],
        vendor_controls: vendor_controls()?,
        user_entities: user_entities(keys),
        ..Scope::of(ReportKind::Soc2, Time::Period { from, to }, SYSTEM)
    })
}

/// What is inside the boundary, and what is not.
fn elements() -> Vec<Element> {
    use ElementKind as E;
    let pieces = [
        (E::Environment, "Production", ""),
        (E::Environment, "Test", "it holds made-up shops only and cannot reach production"),
        (E::Site, "Office", "nobody reaches customers' data from its network alone"),
        (E::Team, "Platform", ""),
        (E::Team, "Security", ""),
        (E::Data, "Invoices and customers of shops", ""),
        (E::Data, "Users of shops", ""),
    ];
    let piece = |(kind, name, outside): (E, &str, &str)| Element {
        kind,
        name: name.to_owned(),
        outside: outside.to_owned(),
    };
    pieces.map(piece).to_vec()
}

/// Who decided what a vendor is, before the period began.
fn decision(play: &Play<'_>) -> Decision {
    Decision {
        approver: CHIEF.name.to_owned(),
        decided: Some(play.period().0),
        categories: words(&["security", "availability", "confidentiality"]),
    }
}

/// What the report of the hosting provider expects of its customers.
fn vendor_controls() -> Result<Vec<VendorControl>> {
    let one = |text: &str, not_applicable: &str, of: &[&str], evidence: &str| -> Result<VendorControl> {
        Ok(VendorControl {
            vendor: HOSTING.to_owned(),
            text: text.to_owned(),
            not_applicable: not_applicable.to_owned(),
            controls: controls(of)?,
            evidence: evidence.to_owned(),
        })
    };
    Ok(vec![
        one(
            "Customers remove users of the provider's console when they leave.",
            "",
            &["IAM-05"],
            "The list of leavers of each quarter (fictional)",
        )?,
        one("Customers escort visitors to their own cages.", "There are no cages of our own.", &[], "")?,
    ])
}

fn user_entities(keys: &[CommitmentKey]) -> Vec<UserEntityControl> {
    let responsibility = |text: &str| UserEntityControl {
        kind: UserEntityKind::Responsibility,
        text: text.to_owned(),
        criteria: BTreeSet::new(),
        commitment: None,
        why: String::new(),
    };
    vec![
        UserEntityControl {
            kind: UserEntityKind::Control,
            text:
                "Customers name people to whom notices of incidents go, and keep their addresses up to date."
                    .to_owned(),
            criteria: words(&["CC2.3"]),
            commitment: keys.get(1).copied(),
            why: "Without an address nobody can be told within 72 hours.".to_owned(),
        },
        responsibility("Customers remove their own users who leave."),
        responsibility("Customers look at an invoice before they send it."),
    ]
}

/// Objectives of the set, with the controls of the company that achieve them.
const OBJECTIVES: [(&str, &[&str]); 4] = [
    ("CO-02", &["PIN-02"]),
    ("CO-04", &["PIN-06"]),
    ("CO-13", &["IAM-03", "IAM-05", "IAM-07"]),
    ("CO-15", &["CHG-02", "CHG-05"]),
];

/// A small one: four objectives of the example set, two of them of IT general controls, and a description that is begun.
fn soc1(play: &Play<'_>, catalog: &Catalog) -> Result<Scope> {
    let set: &ObjectiveSet =
        catalog.objective_sets.first().ok_or_else(|| Error::invalid("the catalog has no objectives"))?;
    let chosen = words(&OBJECTIVES.map(|(id, _)| id));
    let mut objectives = set.proposed(&chosen);
    for objective in &mut objectives {
        let of = OBJECTIVES.iter().find(|(id, _)| *id == objective.id).map_or(&[][..], |(_, of)| *of);
        objective.controls = controls(of)?;
    }
    let (from, to) = play.period();
    Ok(Scope {
        services: vec!["Larkspur Pay: wages are computed and handed over as a payment file".to_owned()],
        boundary: "From the hours that a shop enters to the payment file that it fetches.".to_owned(),
        outside: vec!["Payment itself: the bank of the shop makes it".to_owned()],
        objectives,
        user_entities: vec![UserEntityControl {
            kind: UserEntityKind::Control,
            text: "Customers approve the wages of each month before they fetch the payment file.".to_owned(),
            criteria: words(&["CO-04"]),
            commitment: None,
            why: "Only the shop knows the hours that were really worked.".to_owned(),
        }],
        ..Scope::of(ReportKind::Soc1, Time::Period { from, to }, PAYROLL)
    })
}
