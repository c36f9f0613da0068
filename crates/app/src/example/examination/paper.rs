//! The workpapers of the example: a sample with a deviation, a configuration with another one, a control without exceptions
//! that two people signed, and one that never occurred.

use std::collections::BTreeSet;

use tickmark_core::catalog::Catalog;
use tickmark_core::control::TestAttribute;
use tickmark_core::engagement::fieldwork::{Cause, ManagementResponse, Outcome, Plan, Procedure, Workpaper};
use tickmark_core::id::PopulationKey;
use tickmark_core::program::population::{AttributeState, Item};
use tickmark_core::program::sampling::{Method, Seed};
use tickmark_core::time::DAY_US;

use super::super::lists::{EXAMINED, UNUSED};
use super::super::story::Story;
use super::{Day, Play, SOC2, firm, lost};
use crate::context::{Cx, View};
use crate::engagement::fieldwork::sample::{self, Selecting};
use crate::engagement::fieldwork::signed::{self, Signing};
use crate::engagement::fieldwork::workpaper::{self, Concluding, Excepting};
use crate::program::{population, sampling};
use crate::{Actor, Error, Result};

/// Most items that the auditor selects.
const MOST_SELECTED: u64 = 15;
/// Fewest, where there are as many.
const FEWEST_SELECTED: u64 = 3;
/// Seeds that are looked at for one whose selection holds the deviation: each does with a probability of a fifth or more.
const SEEDS: u32 = 200;
/// Host to which root could log in for some days, as the story says.
const OPENED: &str = "web-03.larkspur.example";
/// Days that management takes for what it answers.
const MENDED_DAYS: i64 = 60;

/// The paper about the sample.
const SAMPLED: i64 = 1;
/// The paper about privileged access, whose exception waits for an answer.
const PRIVILEGED: i64 = 2;
/// The paper that is signed by two people.
const ENCRYPTED: i64 = 3;

/// What was drawn.
pub(super) struct Drawn {
    /// The control that is tested.
    pub(super) control: &'static str,
    /// The items that were selected, with what management knows about them.
    pub(super) items: Vec<Item>,
    version: i64,
}

/// Somebody of the firm begins a paper about the examined control and selects items for it.
pub(super) async fn draw(play: &Play<'_>, staff: &Actor, population: PopulationKey) -> Result<Drawn> {
    play.pass(3);
    let (catalog, today) = (play.stage.catalog, play.app().now().date());
    let plan = plan(
        EXAMINED,
        &[Procedure::Inquiry, Procedure::Inspection],
        "For items selected from the list of rights that were given in the period, inspected the request and its approval and \
         compared the time of the approval with the time at which the right was given; asked the owner about differences.",
        &[
            ("A", "the owner of the system approved the request", "no approval of the owner is on record"),
            ("B", "it was approved before the right was given", "the right was given before it was approved"),
        ],
    )?;
    play.app()
        .transact(staff, async |cx| {
            let number = workpaper::begin(cx, SOC2, plan, catalog).await?;
            need(number, SAMPLED)?;
            let (seed, size, items) = selection(cx, population, &today).await?;
            let selecting = Selecting {
                population,
                method: Method::Random,
                size,
                seed: Some(seed),
                picks: Vec::new(),
                reason: String::new(),
                planned_extension: None,
                again: String::new(),
            };
            sample::select(cx, SOC2, number, 1, selecting, catalog).await?;
            let row = signed::find::<Workpaper>(cx, SOC2, number).await?;
            let of = |key: &str| items.iter().find(|item| item.key == key).cloned();
            let selected: Option<Vec<Item>> = row.record.items.iter().map(|item| of(&item.key)).collect();
            let selected = selected.ok_or_else(|| lost("items that were selected"))?;
            Ok(Drawn { control: EXAMINED, items: selected, version: row.version })
        })
        .await
}

/// Returns a seed, how many items are selected with it, and all items of the list.
///
/// The story needs the one deviation of the list to be found: throws are repeated until it is among what they select. With a
/// real list nobody throws twice.
async fn selection(
    view: &mut View<'_>,
    population: PopulationKey,
    today: &str,
) -> Result<(String, u64, Vec<Item>)> {
    let population = population::find(view, population).await?;
    let (frame, items) = sampling::frame(view, &population).await?;
    let size = (frame.size() / 3).clamp(FEWEST_SELECTED, MOST_SELECTED).min(frame.size());
    let deviating: BTreeSet<String> =
        items.iter().filter(|item| deviates(item)).map(|item| item.key.clone()).collect();
    for throw in 1..=SEEDS {
        let text = format!("agreed on {today}, throw {throw}");
        let seed = Seed::try_from(text.clone()).map_err(Error::invalid)?;
        let draw = frame.random(&seed, size).map_err(Error::invalid)?;
        if draw.picks.iter().filter(|pick| deviating.contains(&pick.key)).count() == 1 {
            return Ok((text, size, items));
        }
    }
    Err(lost("deviation that its sample shows"))
}

fn deviates(item: &Item) -> bool {
    item.states.contains(&AttributeState::NotMet)
}

/// Somebody of the firm tests, writes what was found, and shares the two exceptions with management.
pub(super) async fn write(
    play: &Play<'_>,
    staff: &Actor,
    sample: &Drawn,
    nothing: PopulationKey,
) -> Result<()> {
    play.pass(3);
    let found = sample.items.iter().map(|item| {
        let second = if deviates(item) { AttributeState::NotMet } else { AttributeState::Met };
        let note = if deviates(item) { "Asked the owner: given by telephone." } else { "" };
        (item.key.clone(), vec![AttributeState::Met, second], note.to_owned())
    });
    let tested = Tested {
        results: found.collect(),
        excepting: Some(Excepting {
            number: None,
            items: sample.items.iter().filter(|item| deviates(item)).map(|item| item.key.clone()).collect(),
            nature: "access was given by telephone and approved two days later".to_owned(),
            cause: Cause::Slip,
            effect: "The owner approved the same right; it was not used before that. (fictional)".to_owned(),
        }),
        outcome: Outcome::Exceptions,
        zero: None,
        says: "The control operated for the other items that were selected. (fictional)",
    };
    play.app()
        .transact(staff, async |cx| {
            let signings = [Signing::Prepare, Signing::Share];
            finish(cx, (SAMPLED, sample.version), tested, &signings, play.stage.catalog).await
        })
        .await?;
    play.pass(2);
    privileged(play, staff).await?;
    play.pass(2);
    encrypted(play, staff).await?;
    play.pass(2);
    unused(play, staff, nothing).await
}

/// A configuration that was looked at each day: it deviated on one host for some days.
async fn privileged(play: &Play<'_>, staff: &Actor) -> Result<()> {
    let catalog = play.stage.catalog;
    let spell = Story::over(play.settings.days).root_login;
    let (since, until) = (play.day(spell.start), play.day(spell.end - 1));
    let plan = plan(
        "IAM-08",
        &[Procedure::Inspection],
        "Inspected the settings of the SSH server of selected hosts on each day of the period, as they were collected.",
        &[("A", "root cannot log in by SSH on any day", "root can log in by SSH on a day")],
    )?;
    let hosts = ["app-01.larkspur.example", "data-01.larkspur.example", "web-01.larkspur.example", OPENED];
    let found = hosts.map(|host| {
        let (state, note) = match host {
            OPENED => (AttributeState::NotMet, format!("Root could log in from {since} to {until}.")),
            _ => (AttributeState::Met, String::new()),
        };
        (host.to_owned(), vec![state], note)
    });
    let tested = Tested {
        results: found.into(),
        excepting: Some(Excepting {
            number: None,
            items: BTreeSet::from([OPENED.to_owned()]),
            nature: format!("root could log in by SSH to one host from {since} to {until}"),
            cause: Cause::Unknown,
            effect: "Management is asked for the cause, and for who logged in. (fictional)".to_owned(),
        }),
        outcome: Outcome::Exceptions,
        zero: None,
        says: "The setting was as described on the other hosts. (fictional)",
    };
    play.app()
        .transact(staff, async |cx| {
            let number = workpaper::begin(cx, SOC2, plan, catalog).await?;
            need(number, PRIVILEGED)?;
            workpaper::name_items(cx, SOC2, number, 1, &tested.keys()).await?;
            finish(cx, (number, 2), tested, &[Signing::Prepare, Signing::Share], catalog).await
        })
        .await
}

/// A control without exceptions.
async fn encrypted(play: &Play<'_>, staff: &Actor) -> Result<()> {
    let catalog = play.stage.catalog;
    let plan = plan(
        "CRY-01",
        &[Procedure::Inspection],
        "Inspected the encryption of file systems and backups of the hosts that keep data, at the beginning and at the end of \
         the period, and the record of what changed between.",
        &[
            ("A", "file systems with data of customers are encrypted", "one is not encrypted"),
            ("B", "backups are encrypted before they leave the host", "a backup leaves the host unencrypted"),
        ],
    )?;
    let hosts = ["app-01.larkspur.example", "data-01.larkspur.example"];
    let found = hosts.map(|host| (host.to_owned(), vec![AttributeState::Met; 2], String::new()));
    let tested = Tested {
        results: found.into(),
        excepting: None,
        outcome: Outcome::NoExceptions,
        zero: None,
        says: "The settings were as described and did not change in the period. (fictional)",
    };
    play.app()
        .transact(staff, async |cx| {
            let number = workpaper::begin(cx, SOC2, plan, catalog).await?;
            need(number, ENCRYPTED)?;
            workpaper::name_items(cx, SOC2, number, 1, &tested.keys()).await?;
            finish(cx, (number, 2), tested, &[Signing::Prepare], catalog).await
        })
        .await
}

/// A control that never occurred; its paper waits for its review.
async fn unused(play: &Play<'_>, staff: &Actor, nothing: PopulationKey) -> Result<()> {
    let catalog = play.stage.catalog;
    let plan = plan(
        UNUSED,
        &[Procedure::Inquiry, Procedure::Inspection],
        "Inspected the log of the channel for the period and asked two employees whether they know the channel.",
        &[("A", "a report is handled within 30 days", "a report is handled later, or not at all")],
    )?;
    let tested = Tested {
        results: Vec::new(),
        excepting: None,
        outcome: Outcome::NoOccurrences,
        zero: Some(nothing),
        says: "The log has no report of the period. (fictional)",
    };
    play.app()
        .transact(staff, async |cx| {
            let number = workpaper::begin(cx, SOC2, plan, catalog).await?;
            finish(cx, (number, 1), tested, &[Signing::Prepare], catalog).await
        })
        .await
}

/// Whoever leads reviews what is finished, and notes what else there is.
pub(super) async fn review(play: &Play<'_>, lead: &Actor) -> Result<()> {
    play.pass(3);
    play.app()
        .transact(lead, async |cx| {
            for number in [SAMPLED, ENCRYPTED] {
                let version = signed::find::<Workpaper>(cx, SOC2, number).await?.version;
                signed::sign::<Workpaper>(cx, SOC2, number, version, Signing::Review).await?;
            }
            let independence = format!(
                "Before the team was let in, each of its people confirmed to {} that they are independent of the company and \
                 its hosting provider. (fictional)",
                firm::FIRM
            );
            workpaper::note(cx, SOC2, "Independence", &independence).await?;
            let asked = "Ask whether anybody logged in as root meanwhile, before this is reviewed. (fictional)";
            workpaper::note(cx, SOC2, "WP-2", asked).await
        })
        .await
}

/// Management answers the exception of the sample; the other one waits.
pub(super) async fn respond(play: &Play<'_>) -> Result<()> {
    play.pass(30);
    let response = ManagementResponse {
        workpaper: SAMPLED,
        exception: 1,
        response: "The right was needed in an outage and its owner agreed by telephone. We looked back over all rights of the \
                   period: no other one was given before its approval. (fictional)"
            .to_owned(),
        action: "Rights that cannot wait are given by the procedure for emergencies, which records who agreed. (fictional)"
            .to_owned(),
        due: Some(Day::of(play.app().now().plus_micros(MENDED_DAYS * DAY_US))),
    };
    play.app()
        .transact(play.people.owner(EXAMINED), async |cx| workpaper::respond(cx, SOC2, 0, response).await)
        .await
}

/// What testing found.
struct Tested {
    results: Vec<(String, Vec<AttributeState>, String)>,
    excepting: Option<Excepting>,
    outcome: Outcome,
    zero: Option<PopulationKey>,
    says: &'static str,
}

impl Tested {
    fn keys(&self) -> Vec<String> {
        self.results.iter().map(|(key, ..)| key.clone()).collect()
    }
}

/// Writes down what was found from a version of a paper on, and signs.
async fn finish(
    cx: &mut Cx<'_>,
    (number, mut version): (i64, i64),
    tested: Tested,
    signings: &[Signing],
    catalog: &Catalog,
) -> Result<()> {
    if !tested.results.is_empty() {
        workpaper::record(cx, SOC2, number, version, &tested.results).await?;
        version += 1;
    }
    if let Some(excepting) = tested.excepting {
        workpaper::except(cx, SOC2, number, version, excepting).await?;
        version += 1;
    }
    let concluding = Concluding { outcome: tested.outcome, text: tested.says.to_owned(), zero: tested.zero };
    workpaper::conclude(cx, SOC2, number, version, concluding, catalog).await?;
    version += 1;
    for signing in signings {
        signed::sign::<Workpaper>(cx, SOC2, number, version, *signing).await?;
        version += 1;
    }
    Ok(())
}

fn plan(
    control: &str,
    procedures: &[Procedure],
    procedure: &str,
    attributes: &[(&str, &str, &str)],
) -> Result<Plan> {
    let attribute = |(id, asserts, deviation): &(&str, &str, &str)| TestAttribute {
        id: (*id).to_owned(),
        asserts: (*asserts).to_owned(),
        deviation: (*deviation).to_owned(),
    };
    Ok(Plan {
        control: control.parse().map_err(Error::invalid)?,
        procedures: procedures.iter().copied().collect(),
        procedure: procedure.to_owned(),
        attributes: attributes.iter().map(attribute).collect(),
    })
}

fn need(number: i64, expected: i64) -> Result<()> {
    if number == expected { Ok(()) } else { Err(lost("order of its workpapers")) }
}
