//! What triggers produced over the year: a list for each control that is performed for each occurrence, brought in and
//! frozen after it. Where nothing happened a document says so.

use std::fmt::Write as _;

use tickmark_core::Timestamp;
use tickmark_core::catalog::{Nature, StarterControl};
use tickmark_core::control::TestAttribute;
use tickmark_core::id::PopulationKey;
use tickmark_core::program::performance::Schedule;
use tickmark_core::program::population::{Definition, Ipe};
use tickmark_core::time::{DAY_US, HOUR_US};

use super::chance::Chance;
use super::people::People;
use super::{Settings, Stage};
use crate::program::performance::EvidenceFile;
use crate::program::population;
use crate::{Actor, Error, Result, identity};

/// The control from whose occurrences auditors of the example draw.
pub(super) const EXAMINED: &str = "IAM-03";
/// The control that never occurs in their period.
pub(super) const UNUSED: &str = "GOV-02";

/// A list that a trigger produced over the year.
struct List {
    control: &'static str,
    title: &'static str,
    trigger: &'static str,
    prefix: &'static str,
    /// In a year.
    items: u32,
    attribute: &'static str,
    asserts: &'static str,
    /// Items of a year that do not meet the attribute, with what there is to say.
    not_met: &'static [(u32, &'static str)],
}

/// Makes a list in a few lines, as tables are read.
const fn list(
    (control, title, trigger): (&'static str, &'static str, &'static str),
    (prefix, items): (&'static str, u32),
    (attribute, asserts): (&'static str, &'static str),
    not_met: &'static [(u32, &'static str)],
) -> List {
    List { control, title, trigger, prefix, items, attribute, asserts, not_met }
}

const LISTS: [List; 21] = [
    list(
        ("CHG-02", "Changes merged to production", "every merge to the production branch"),
        ("CHG", 180),
        ("reviewed", "somebody other than the author approved it before the merge"),
        &[(61, "merged by its author during an outage"), (132, "approved a day after the merge")],
    ),
    list(
        ("CHG-05", "Emergency changes", "every change outside the plan"),
        ("EMG", 3),
        ("approved", "it was approved within two working days"),
        &[],
    ),
    list(
        ("CHG-07", "Designs with an effect on security", "every new service or new kind of data"),
        ("DES", 6),
        ("reviewed", "security and privacy were reviewed before it was built"),
        &[],
    ),
    list(
        ("COM-02", "Notices to customers", "every change of features or commitments"),
        ("NOT", 5),
        ("ahead", "customers were told at least two weeks ahead"),
        &[],
    ),
    list(
        ("COM-03", "Support cases", "every case of a customer"),
        ("CASE", 96),
        ("answered", "it was answered within the target of its severity"),
        &[(41, "answered after five days: the team was at a conference")],
    ),
    list(
        ("CON-03", "Deletions of customer data", "every end of a contract"),
        ("DEL", 9),
        ("deleted", "data was gone within 30 days and the deletion is recorded"),
        &[],
    ),
    list(
        ("GOV-02", "Reports to the speak-up channel", "every report"),
        ("RPT", 0),
        ("handled", "it was handled within 30 days by somebody it does not concern"),
        &[],
    ),
    list(
        ("HRS-01", "People who joined: background", "every start of employment in the payroll"),
        ("JOINER", 13),
        ("checked", "the check was finished before the first day"),
        &[(5, "finished three days after the first day")],
    ),
    list(
        ("HRS-02", "People who joined: confidentiality", "every start of employment in the payroll"),
        ("TERMS", 13),
        ("signed", "terms were signed before the first access"),
        &[],
    ),
    list(
        ("HRS-06", "Breaches of rules", "every breach that was found"),
        ("BREACH", 0),
        ("decided", "a decision was made under the written process"),
        &[],
    ),
    list(
        ("IAM-03", "Requests for access", "every new right in the directory"),
        ("ACC", 64),
        ("approved", "the owner of the system approved it before it was given"),
        &[(22, "given by telephone, approved two days later")],
    ),
    list(
        ("IAM-05", "People who left", "every end of employment in the payroll"),
        ("LEAVER", 11),
        ("removed", "access was removed within 24 hours of the last day"),
        &[(8, "an account stayed on two hosts for some days")],
    ),
    list(
        ("IAM-06", "People who changed their role", "every change of role in the payroll"),
        ("MOVER", 5),
        ("adjusted", "rights of the former role were removed within five days"),
        &[],
    ),
    list(
        ("IAM-09", "Uses of emergency access", "every opening of the sealed account"),
        ("GLASS", 2),
        ("reviewed", "somebody else read its record on the next day"),
        &[],
    ),
    list(
        ("INC-02", "Incidents", "every alert that was classed as an incident"),
        ("INC", 4),
        ("closed", "it has a timeline, a cause and a decision to close"),
        &[],
    ),
    list(
        ("INC-03", "Reviews after incidents", "every incident of high severity"),
        ("REV", 4),
        ("reviewed", "a review was held within ten days, with actions"),
        &[(3, "no review was held")],
    ),
    list(
        ("INC-05", "Incidents with a duty to notify", "every incident that touched data of others"),
        ("NTF", 0),
        ("notified", "those concerned were told in the time promised"),
        &[],
    ),
    list(
        ("LOG-02", "Alerts", "every alert of the log platform of high severity"),
        ("ALERT", 210),
        ("triaged", "it was looked at within four hours"),
        &[(88, "nobody was on call for a night"), (89, "nobody was on call for a night")],
    ),
    list(
        ("MON-02", "Deficiencies", "every deficiency that was found"),
        ("DEF", 12),
        ("tracked", "it has an owner and a date, and was closed by then"),
        &[(7, "closed three weeks after its date")],
    ),
    list(
        ("VEN-02", "New vendors", "every vendor that gets data or access"),
        ("VEN", 4),
        ("assessed", "it was assessed before the contract"),
        &[],
    ),
    list(
        ("VUL-03", "Vulnerabilities of high severity", "every finding of the scanner that is rated high"),
        ("VUL", 48),
        ("in_time", "it was remedied within 30 days"),
        &[(30, "waited for a release of the vendor"), (31, "waited for a release of the vendor")],
    ),
];

/// Tells whether the example has nothing that would test a control: it is performed for each occurrence, no list of them
/// is kept, and no check looks at it. Such a control stays a draft.
pub(super) fn is_untested(starter: &StarterControl, has_check: bool) -> bool {
    starter.nature != Nature::Automated
        && Schedule::usual(starter.frequency).is_none()
        && !has_check
        && !LISTS.iter().any(|list| list.control == starter.id)
}

/// A row of a list.
struct Row {
    number: u32,
    at: Timestamp,
    /// What there is to say, where the attribute is not met.
    not_met: Option<&'static str>,
}

impl List {
    /// Returns the rows of the whole story, in order of time.
    fn rows(&self, settings: &Settings, chance: Chance) -> Vec<Row> {
        let (from, to) = whole(settings);
        let items = match self.items {
            0 => 0,
            items => (items * settings.days / super::YEAR_DAYS).max(1),
        };
        // A short story has the deviations of a year at the same share of its length.
        let place = |bad: u32| if items < self.items { (bad * items / self.items).max(1) } else { bad };
        (1..=items)
            .map(|number| {
                let spread = (to.micros() - from.micros() - DAY_US) / i64::from(items);
                let within =
                    i64::try_from(chance.below(20, self.prefix, number.into())).expect("small") * HOUR_US;
                let at = from.plus_micros(spread * i64::from(number - 1) + within.min(spread));
                let not_met = self.not_met.iter().find(|(bad, _)| place(*bad) == number);
                Row { number, at, not_met: not_met.map(|(_, note)| *note) }
            })
            .collect()
    }
}

/// The time that lists are about.
fn whole(settings: &Settings) -> (Timestamp, Timestamp) {
    (settings.midnight(0), settings.midnight(settings.days - 1))
}

/// Brings in the lists, after the year; that of the examined control from a day on, where auditors asked for what was before.
pub(super) async fn bring_in(
    stage: &Stage<'_>,
    settings: &Settings,
    people: &People,
    chance: Chance,
    examined_until: Option<u32>,
) -> Result<()> {
    for list in &LISTS {
        let (mut from, to) = whole(settings);
        if let Some(day) = examined_until.filter(|_| [EXAMINED, UNUSED].contains(&list.control)) {
            from = settings.midnight(day);
        }
        keep(stage, settings, people.owner(list.control), list, chance, (from, to)).await?;
    }
    Ok(())
}

/// Brings in the list of an examined control from one day to another, apart from what was before: auditors look at what
/// occurred in their period alone.
pub(super) async fn of_period(
    stage: &Stage<'_>,
    settings: &Settings,
    people: &People,
    chance: Chance,
    control: &str,
    (first, end): (u32, u32),
) -> Result<PopulationKey> {
    let list = LISTS.iter().find(|list| list.control == control).expect("it has a list");
    let owner = people.owner(control);
    let (from, to) = (settings.midnight(first), settings.midnight(end));
    keep(stage, settings, owner, list, chance, (settings.midnight(0), from)).await?;
    keep(stage, settings, owner, list, chance, (from, to)).await
}

/// Keeps what a list has of a time, and freezes it.
async fn keep(
    stage: &Stage<'_>,
    settings: &Settings,
    owner: &Actor,
    list: &List,
    chance: Chance,
    (from, to): (Timestamp, Timestamp),
) -> Result<PopulationKey> {
    let mut rows = list.rows(settings, chance);
    rows.retain(|row| from <= row.at && row.at < to);
    let mut csv = format!("key,occurred_at,{},note\n", list.attribute);
    for Row { number, at, not_met } in &rows {
        let state = if not_met.is_some() { "not met" } else { "met" };
        let note = not_met.unwrap_or_default();
        writeln!(csv, "{}-{number},{at},{state},\"{note}\"", list.prefix).expect("into a string");
    }
    let is_whole = (from, to) == whole(settings);
    let last = to.plus_micros(-DAY_US).date();
    let title = if is_whole {
        format!("{} (fictional)", list.title)
    } else {
        format!("{}, {} to {last} (fictional)", list.title, from.date())
    };
    let definition = Definition {
        control: list.control.parse().map_err(Error::invalid)?,
        title,
        trigger: list.trigger.into(),
        attributes: vec![TestAttribute {
            id: list.attribute.into(),
            asserts: list.asserts.into(),
            deviation: format!("not met: {}", list.asserts),
        }],
        from,
        to,
    };
    let ipe = Ipe {
        source: "system of record of the example company".into(),
        query: format!("all of {} between {} and {}", list.prefix, from.date(), to.date()),
        parameters: String::new(),
        time_zone: "UTC".into(),
        run_by: owner.label.clone(),
        run_at: stage.app.now(),
        row_count: rows.len() as u64,
        control_total: String::new(),
        completeness: "numbers ascend without a hole".into(),
        accuracy: "three rows were compared with their records".into(),
    };
    let prefix = list.prefix.to_lowercase();
    let name =
        if is_whole { format!("population-{prefix}.csv") } else { format!("population-{prefix}-{last}.csv") };
    let nothing = rows.is_empty().then(|| EvidenceFile {
        name: format!("nothing-{prefix}.txt"),
        media_type: "text/plain; charset=utf-8".into(),
        bytes: format!(
            "{}\n\n{}: none between {} and {}\nRead from the system of record by {}\n",
            identity::EXAMPLE_NOTICE,
            list.title,
            from.date(),
            to.date(),
            owner.label
        )
        .into(),
    });
    stage
        .app
        .transact(owner, async |cx| {
            let defined = population::define(cx, definition).await?;
            population::import(cx, defined.key, &name, csv.into(), ipe).await?;
            population::freeze(cx, defined.key, nothing).await?;
            Ok(defined.key)
        })
        .await
}
