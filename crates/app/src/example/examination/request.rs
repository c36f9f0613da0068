//! The request list of the example: the usual requests, some of them answered, some decided.

use std::collections::BTreeSet;

use tickmark_core::engagement::fieldwork::{Answer, EvidenceRequest, RequestStep};
use tickmark_core::evidence::item::{Covers, Description, Kind, Method, Sensitivity, day};
use tickmark_core::id::{ItemKey, PopulationKey};

use super::super::company::PLATFORM;
use super::paper::Drawn;
use super::{Play, SOC2, controls, lost};
use crate::context::View;
use crate::engagement::fieldwork::request;
use crate::evidence::item::{self, NewItem, RETENTION, Upload};
use crate::{Actor, Error, Result, identity};

/// The request that is answered with what the selected items left behind, by its number in the catalog.
const SAMPLE: &str = "37";

/// What an answer is made of.
enum With {
    /// A document of a control, with what it is.
    Document(&'static str, Kind),
    /// Words alone.
    Words,
}

/// What the firm makes of it.
enum Then {
    Waits,
    Decided(RequestStep, &'static str),
}

/// An answer to a request.
struct Answered {
    /// The request, by its number in the catalog.
    reference: &'static str,
    with: With,
    says: &'static str,
    then: Then,
}

const fn answered(reference: &'static str, with: With, says: &'static str, then: Then) -> Answered {
    Answered { reference, with, says, then }
}

const ANSWERS: [Answered; 9] = [
    answered(
        "1",
        With::Document("GOV-04", Kind::Document),
        "Functions and reporting lines as of the end of the period.",
        Then::Decided(RequestStep::Accept, ""),
    ),
    answered(
        "3",
        With::Document("GOV-01", Kind::Document),
        "Code of conduct with its approval.",
        Then::Decided(RequestStep::Accept, ""),
    ),
    answered(
        "18",
        With::Document("GOV-07", Kind::Document),
        "Terms of service and data processing agreement, as all customers have them.",
        Then::Decided(RequestStep::Accept, ""),
    ),
    answered(
        "19",
        With::Words,
        "The register is the list of commitments; those of the scope are the principal ones.",
        Then::Waits,
    ),
    answered(
        "20",
        With::Words,
        "The description is written and approved; diagrams follow.",
        Then::Decided(RequestStep::Return, "The diagrams of network and data flow are missing."),
    ),
    answered("24", With::Document("RSK-01", Kind::Document), "Report of the yearly assessment.", Then::Waits),
    answered(
        "34",
        With::Document("IAM-08", Kind::Export),
        "Lists of administrators, as exported.",
        Then::Decided(
            RequestStep::Return,
            "The list shows the day of the export. Please show who was an administrator at the end of the period as well.",
        ),
    ),
    answered(
        "40",
        With::Words,
        "No system of the scope stands in the office, and nobody reaches one from there without signing in.",
        Then::Decided(
            RequestStep::Excuse,
            "Machines stand with the hosting provider, which is left out of the report.",
        ),
    ),
    answered(
        "41",
        With::Document("VEN-04", Kind::Record),
        "Notes on the report of the hosting provider, with its controls for customers.",
        Then::Waits,
    ),
];

/// The auditor asks for what is usually asked for.
pub(super) async fn ask(play: &Play<'_>, lead: &Actor) -> Result<()> {
    let catalog = play.stage.catalog;
    play.pass(3);
    play.app().transact(lead, async |cx| request::add_defaults(cx, SOC2, catalog).await.map(|_| ())).await
}

/// Management says who sees to each request of [`ANSWERS`] and answers it.
pub(super) async fn answer(play: &Play<'_>) -> Result<()> {
    let catalog = play.stage.catalog;
    for one in &ANSWERS {
        play.pass(5);
        let owner = match one.with {
            With::Document(control, _) => play.people.owner(control),
            With::Words => play.people.lead(),
        };
        let items = match one.with {
            With::Document(control, kind) => {
                BTreeSet::from([handed_in(play, owner, one, (control, kind), one.says).await?])
            }
            With::Words => BTreeSet::new(),
        };
        let answer = Answer { text: format!("{} (fictional)", one.says), items, ..Answer::default() };
        play.app()
            .transact(owner, async |cx| {
                let (number, from) = place(cx, one.reference).await?;
                request::assign(cx, SOC2, number, from, Some(owner.id)).await?;
                request::submit(cx, SOC2, number, from + 1, answer, catalog).await
            })
            .await?;
    }
    Ok(())
}

/// Management answers with what the selected items left behind.
pub(super) async fn answer_sample(play: &Play<'_>, sample: &Drawn, population: PopulationKey) -> Result<()> {
    let catalog = play.stage.catalog;
    play.pass(20);
    let owner = play.people.owner(sample.control);
    let one =
        answered(SAMPLE, With::Words, "Requests and approvals of the items that were selected.", Then::Waits);
    let text = sample.items.iter().map(|item| item.key.as_str()).collect::<Vec<_>>().join("\n");
    let key = handed_in(play, owner, &one, (sample.control, Kind::Record), &text).await?;
    let answer = Answer {
        text: format!("{} (fictional)", one.says),
        items: BTreeSet::from([key]),
        populations: BTreeSet::from([population]),
    };
    play.app()
        .transact(owner, async |cx| {
            let (number, from) = place(cx, SAMPLE).await?;
            request::assign(cx, SOC2, number, from, Some(owner.id)).await?;
            request::submit(cx, SOC2, number, from + 1, answer, catalog).await
        })
        .await
}

/// The auditor decides.
pub(super) async fn decide(play: &Play<'_>, lead: &Actor) -> Result<()> {
    play.pass(3);
    let of_sample = answered(SAMPLE, With::Words, "", Then::Decided(RequestStep::Accept, ""));
    play.app()
        .transact(lead, async |cx| {
            for one in ANSWERS.iter().chain([&of_sample]) {
                let Then::Decided(step, says) = one.then else { continue };
                let (number, from) = place(cx, one.reference).await?;
                request::decide(cx, SOC2, number, from, step, says).await?;
            }
            Ok(())
        })
        .await
}

/// Returns the number and version of a request of the catalog.
async fn place(view: &mut View<'_>, reference: &str) -> Result<(i64, i64)> {
    let rows = request::list(view, SOC2).await?;
    let is_it = |record: &EvidenceRequest| record.request.reference == reference;
    let row = rows.iter().find(|row| is_it(&row.record)).ok_or_else(|| lost("request list"))?;
    Ok((row.record.number, row.version))
}

/// Hands in an item of evidence, which somebody else accepts.
async fn handed_in(
    play: &Play<'_>,
    owner: &Actor,
    one: &Answered,
    (control, kind): (&str, Kind),
    text: &str,
) -> Result<ItemKey> {
    let (from, to) = play.period();
    let today = play.app().now().date();
    let text = format!("{}\n\n{control}, {from} to {to}\n\n{text}\n", identity::EXAMPLE_NOTICE);
    let new = NewItem {
        once: format!("example/{}", one.reference),
        description: Description {
            title: format!("{} (fictional)", one.says.trim_end_matches('.')),
            kind,
            source: "system of record of the example company".to_owned(),
            method: if kind == Kind::Export { Method::Exported } else { Method::Written },
            steps: String::new(),
            collected_by: owner.label.clone(),
            collected_at: Some(day(&today).map_err(Error::invalid)?),
            covers: Some(Covers::days(&from.to_string(), &to.to_string()).map_err(Error::invalid)?),
            sensitivity: Sensitivity::Internal,
            redaction: String::new(),
        },
        retention: RETENTION[0].to_owned(),
        controls: controls(&[control])?,
        files: vec![Upload { name: format!("{control}-{today}.txt"), bytes: text.into() }],
    };
    let (key, revision) = play
        .app()
        .transact(owner, async |cx| {
            let made = item::open(cx, new).await?;
            let submitted = item::submit(cx, made.key, made.revision).await?;
            Ok((submitted.key, submitted.revision))
        })
        .await?;
    play.pass(2);
    let lead = play.people.lead();
    let other = if owner == lead { play.people.of(PLATFORM) } else { lead };
    play.app().transact(other, async |cx| item::accept(cx, key, revision, "").await.map(|_| ())).await?;
    Ok(key)
}
