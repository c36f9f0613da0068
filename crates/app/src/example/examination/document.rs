//! Description and assertion of management: drafted before the period ends, signed after it.
//!
//! The description is approved. The assertion waits for its approval, and that of the SOC 1 is not written; that of the report
//! of before is signed.

use tickmark_core::engagement::{Assertion, Description, EngagementKey, Paper, Part, Passage, Step, drafted};

use super::super::company::{CHIEF, PLATFORM};
use super::{Play, SOC1, SOC2, done};
use crate::{Actor, Result, engagement};

const DESCRIPTION: [(Part, &str); 12] = [
    (
        Part::Services,
        "Larkspur Ledger (example) is a fictional company. It provides Larkspur Books to small shops: invoices are written, \
         sent and followed up in a browser, and orders are handed over by an interface. Customers are shops in one country; \
         each has its own area, in which its users work.\n\nPayroll is another system with a report of its own. Billing of \
         customers is not part of the system.",
    ),
    (
        Part::Commitments,
        "The commitments below stand in the terms of service and in the data processing agreement, which are the same for \
         all customers. The requirement below follows from the access policy.",
    ),
    (
        Part::Infrastructure,
        "Hosts in two data centers of one hosting provider: some take requests, some run the application, some keep data. \
         Traffic reaches the web hosts only; the other hosts are reached from these and, for administration, through a \
         private network. During the period two hosts joined.",
    ),
    (
        Part::Software,
        "The application is the company's own. It runs on a Linux distribution with long support, a web server and a \
         relational database. Controls depend on the directory of users, the pipeline that builds and releases, the log \
         platform, the backup program, and Tickmark, which collects settings of hosts each day.",
    ),
    (
        Part::People,
        "A security lead answers for the security program and reports to the chief executive. The platform team runs hosts \
         and releases, the people team hires and trains, and support answers customers. Duties that must not lie in one hand \
         are separated by team.",
    ),
    (
        Part::Procedures,
        "Access is requested in the ticket system, approved by the owner of the system and given by the platform team. \
         Changes are reviewed by another engineer before they are merged and are released by the pipeline. Hosts are looked \
         at each night, and what differs is followed up on the next working day. Backups run each night and are restored as \
         a test each quarter.",
    ),
    (
        Part::Data,
        "Customers enter names, addresses, goods and amounts. Data is kept encrypted in the database, copied each night to \
         backups that are encrypted before they leave the host, and deleted within 30 days after the contract ends.",
    ),
    (
        Part::Environment,
        "The chief executive approves policies each year. Risks are assessed each year and after significant changes. \
         Deficiencies are tracked with an owner and a date, and the steering group looks at them each quarter. Employees are \
         told of policies when they join and once a year.",
    ),
    (
        Part::Incidents,
        "No incident of the period came from a control that was badly designed or failed, and none significantly harmed a \
         commitment. Incidents are listed with their cause and end in the register of incidents.",
    ),
    (
        Part::UserEntities,
        "One control of customers is needed so that a commitment can be kept. What else is listed helps customers and is not \
         needed for that.",
    ),
    (
        Part::Subservices,
        "The hosting provider is left out of this description. The company reads its report each year, compares it with the \
         controls that are assumed below, and looks at its notices of outages.",
    ),
    (
        Part::Changes,
        "In the middle of the period the limit after which idle sessions on hosts end went from 30 to 15 minutes; hosts \
         followed within three days. Before, the longer limit was in force everywhere.",
    ),
];

const PAYROLL: [(Part, &str); 2] = [
    (
        Part::Services,
        "Larkspur Ledger (example) is a fictional company. Larkspur Pay computes wages of small shops each month and hands \
         them over as a payment file.",
    ),
    (
        Part::Transactions,
        "A shop enters hours, which are checked for completeness and for limits. Wages are computed on the day that the shop \
         has chosen, shown to it, and handed over once it has approved them. (To be written: corrections, and what happens \
         at the end of the year.)",
    ),
];

/// Drafts the documents.
pub(super) async fn draft(play: &Play<'_>) -> Result<()> {
    let lead = play.people.lead();
    for (key, parts) in [(SOC2, &DESCRIPTION[..]), (SOC1, &PAYROLL[..])] {
        play.pass(20);
        let description = described(parts);
        play.app()
            .transact(lead, async |cx| {
                let from = engagement::find(cx, key).await?.number;
                done(&engagement::describe(cx, key, from, description).await?)
            })
            .await?;
    }
    play.pass(20);
    write_assertion(play, SOC2).await
}

/// Writes the assertion of an examination.
async fn write_assertion(play: &Play<'_>, key: EngagementKey) -> Result<()> {
    play.app()
        .transact(play.people.lead(), async |cx| {
            let version = engagement::find(cx, key).await?;
            let assertion = Assertion {
                text: drafted(version.record.holds(), &cx.actor.organization.name),
                signatory: CHIEF.name.to_owned(),
                title: "Chief executive".to_owned(),
            };
            done(&engagement::assert(cx, key, version.number, assertion).await?)
        })
        .await
}

/// Writes the assertion of an examination and has it signed, as it goes before a report.
pub(super) async fn adopt_assertion(play: &Play<'_>, key: EngagementKey) -> Result<()> {
    write_assertion(play, key).await?;
    for (who, step) in [(play.people.of(PLATFORM), Step::Review), (play.people.of(CHIEF), Step::Approve)] {
        signed(play, who, key, (Paper::Assertion, step)).await?;
    }
    Ok(())
}

fn described(parts: &[(Part, &str)]) -> Description {
    let passage = |(part, text): &(Part, &str)| (*part, Passage { text: (*text).to_owned(), none: false });
    Description { parts: parts.iter().map(passage).collect(), ..Description::default() }
}

/// Signs what can be signed: the description is reviewed and approved, the assertion reviewed.
pub(super) async fn sign(play: &Play<'_>) -> Result<()> {
    let (platform, chief) = (play.people.of(PLATFORM), play.people.of(CHIEF));
    for (who, paper, step) in [
        (platform, Paper::Description, Step::Review),
        (platform, Paper::Assertion, Step::Review),
        (chief, Paper::Description, Step::Approve),
    ] {
        play.pass(15);
        signed(play, who, SOC2, (paper, step)).await?;
    }
    Ok(())
}

async fn signed(
    play: &Play<'_>,
    who: &Actor,
    key: EngagementKey,
    (paper, step): (Paper, Step),
) -> Result<()> {
    play.app()
        .transact(who, async |cx| {
            let from = engagement::find(cx, key).await?.number;
            done(&engagement::sign(cx, key, from, paper, step).await?)
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_hold_nothing_that_must_not_stand_in_one() {
        for parts in [&DESCRIPTION[..], &PAYROLL[..]] {
            assert_eq!(described(parts).faults(), Vec::new());
        }
    }
}
