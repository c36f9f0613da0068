//! What the examinations are about: principal commitments, services, boundary, categories, the hosting provider that is left
//! out, and what customers have to do.

use std::collections::BTreeSet;

use tickmark_core::control::commitment::{CommitmentKey, CommitmentKind, Promise};
use tickmark_core::engagement::{
    Assumed, Method, Objective, ReportKind, Scope, Subservice, Time, UserEntityControl, UserEntityKind,
};

use super::super::company::{CHIEF, PLATFORM, SYSTEM};
use super::{Play, SOC1, SOC2, controls, done, firm, words};
use crate::control::commitment;
use crate::{Error, Result, engagement};

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
    let scopes = [(SOC2, soc2(play, &keys)?), (SOC1, soc1(play)?)];
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
            "Browsers and networks of customers".to_owned(),
            "Billing of customers by the company".to_owned(),
        ],
        firm: firm::FIRM.to_owned(),
        categories: reasons.map(|(id, reason)| (id.to_owned(), reason.to_owned())).into(),
        commitments: keys.iter().copied().collect(),
        subservices: vec![Subservice {
            name: "Fenmoor Hosting (example)".to_owned(),
            service: "Data centers with power, cooling, network and the machines on which the hosts run".to_owned(),
            method: Method::CarveOut,
            why: "Nobody of the company enters the data centers or handles their disks; whether machines are safe there \
                  depends on the provider."
                .to_owned(),
            assumed: vec![
                assumed("Physical access to data centers is limited to authorized people and reviewed.", &["CC6.4"]),
                assumed("Media is cleared or destroyed before it leaves a data center.", &["CC6.5"]),
                assumed("Power, cooling and fire protection are maintained and tested.", &["A1.2"]),
            ],
            monitoring: controls(&["VEN-01", "VEN-04"])?,
            gives_assertion: false,
        }],
        user_entities: user_entities(keys),
        ..Scope::of(ReportKind::Soc2, Time::Period { from, to }, SYSTEM)
    })
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

/// A small one: three objectives, and a description that is begun.
fn soc1(play: &Play<'_>) -> Result<Scope> {
    let objective = |id: &str, statement: &str, assertions: &[&str], of: &[&str]| -> Result<Objective> {
        Ok(Objective {
            id: id.to_owned(),
            statement: statement.to_owned(),
            assertions: words(assertions),
            controls: controls(of)?,
        })
    };
    let (from, to) = play.period();
    Ok(Scope {
        services: vec!["Larkspur Pay: wages are computed and handed over as a payment file".to_owned()],
        boundary: "From the hours that a shop enters to the payment file that it fetches.".to_owned(),
        outside: vec!["Payment itself, which the bank of the shop makes".to_owned()],
        objectives: vec![
            objective(
                "CO-01",
                "Controls provide reasonable assurance that hours and rates are entered completely and accurately.",
                &["accuracy", "completeness"],
                &["PIN-02", "PIN-06"],
            )?,
            objective(
                "CO-02",
                "Controls provide reasonable assurance that changes to programs that compute wages are reviewed before use.",
                &["accuracy"],
                &["CHG-02", "CHG-05"],
            )?,
            objective(
                "CO-03",
                "Controls provide reasonable assurance that access to programs and data of payroll is limited to authorized \
                 people.",
                &["accuracy", "occurrence"],
                &["IAM-03", "IAM-05", "IAM-07"],
            )?,
        ],
        user_entities: vec![UserEntityControl {
            kind: UserEntityKind::Control,
            text: "Customers approve the wages of each month before they fetch the payment file.".to_owned(),
            criteria: words(&["CO-01"]),
            commitment: None,
            why: "Only the shop knows the hours that were really worked.".to_owned(),
        }],
        ..Scope::of(ReportKind::Soc1, Time::Period { from, to }, PAYROLL)
    })
}
