//! What people did in windows, what triggers produced, and what was waived, with the documents that show it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use tickmark_core::catalog::{Frequency, Nature, StarterControl};
use tickmark_core::control::TestAttribute;
use tickmark_core::observation::waiver::{Request, Scope};
use tickmark_core::program::performance::Schedule;
use tickmark_core::program::population::{Definition, Ipe};
use tickmark_core::time::{DAY_US, HOUR_US};
use tickmark_evaluate::Library;

use super::chance::Chance;
use super::company::{PLATFORM, SECURITY};
use super::people::People;
use super::{Settings, Stage};
use crate::observation::{self, waiver};
use crate::program::performance::{self, EvidenceFile, NewPerformance};
use crate::program::population;
use crate::{Error, Result, identity};

/// The review of access rights: late in one quarter and missed in another.
const ACCESS_REVIEW: &str = "IAM-07";

/// Tells whether people perform a control in windows long enough for the example: it keeps no daily or weekly duties.
pub(super) fn is_too_frequent(starter: &StarterControl) -> bool {
    starter.nature != Nature::Automated
        && matches!(starter.frequency, Frequency::Daily | Frequency::Weekly | Frequency::SemiMonthly)
}

/// Performs on a day what is done on it.
pub(super) async fn perform(
    stage: &Stage<'_>,
    settings: &Settings,
    people: &People,
    day: u32,
    chance: Chance,
) -> Result<()> {
    let now = stage.app.now();
    for starter in &stage.catalog.controls {
        if starter.nature == Nature::Automated
            || is_too_frequent(starter)
            || super::people::is_not_run(&starter.id)
        {
            continue;
        }
        let Some(schedule) = Schedule::usual(starter.frequency) else { continue };
        // The day of a window is that of its control; a late one falls into the window after.
        let is_review = starter.id == ACCESS_REVIEW;
        let late_days = 24;
        let candidates = [
            (schedule.window_at(now), 0),
            (schedule.window_at(now.plus_micros(-late_days * DAY_US)), late_days),
        ];
        for (window, late) in candidates {
            let Some(window) = window else { continue };
            let quarter = window.id.chars().last();
            let is_late = is_review && quarter == Some('1');
            if (is_review && quarter == Some('2')) || (late > 0) != is_late {
                continue;
            }
            let length = (window.to.micros() - window.from.micros()) / DAY_US;
            let share =
                55 + i64::try_from(chance.below(30, &format!("window/{}", starter.id), 0)).expect("small");
            let planned = if is_late { length + late - 2 } else { length * share / 100 };
            if (now.micros() - window.from.micros()) / DAY_US != planned {
                continue;
            }
            let owner = people.owner(&starter.id);
            let text = format!(
                "{}\n\n{} {}\nWindow {}\nDone on {}\n\n{}\n",
                identity::EXAMPLE_NOTICE,
                starter.id,
                starter.title,
                window.id,
                now.date(),
                starter.statement
            );
            let file = EvidenceFile {
                name: format!("{}-{}.txt", starter.id, window.id),
                media_type: "text/plain; charset=utf-8".into(),
                bytes: text.into(),
            };
            let new = NewPerformance {
                control: starter.id.parse().map_err(Error::invalid)?,
                window: Some(window.id.clone()),
                performed_at: now,
                performed_by: owner.id,
                evidence: Vec::new(),
                files: vec![file],
                note: if is_late {
                    "Delayed by the move of the office (fictional).".into()
                } else {
                    String::new()
                },
            };
            stage.app.transact(owner, async |cx| performance::record(cx, new).await).await?;
        }
    }
    if day == settings.days - 1 {
        populations(stage, settings, people, chance).await?;
    }
    Ok(())
}

/// A list that a trigger produced over the year.
struct List {
    control: &'static str,
    title: &'static str,
    trigger: &'static str,
    prefix: &'static str,
    items: u32,
    attribute: &'static str,
    asserts: &'static str,
    deviation: &'static str,
    /// Items that do not meet the attribute, with what there is to say.
    not_met: &'static [(u32, &'static str)],
}

const LISTS: [List; 3] = [
    List {
        control: "CHG-02",
        title: "Changes merged to production",
        trigger: "every merge to the production branch",
        prefix: "CHG",
        items: 180,
        attribute: "reviewed",
        asserts: "somebody other than the author approved it before the merge",
        deviation: "no approval, by the author, or after the merge",
        not_met: &[(61, "merged by its author during an outage"), (132, "approved a day after the merge")],
    },
    List {
        control: "IAM-05",
        title: "People who left",
        trigger: "every end of employment in the payroll",
        prefix: "LEAVER",
        items: 11,
        attribute: "removed",
        asserts: "access was removed within 24 hours of the last day",
        deviation: "access after that",
        not_met: &[(8, "an account stayed on two hosts for some days")],
    },
    List {
        control: "INC-02",
        title: "Incidents",
        trigger: "every alert that was classed as an incident",
        prefix: "INC",
        items: 4,
        attribute: "closed",
        asserts: "it has a timeline, a cause and a decision to close",
        deviation: "one of them is missing",
        not_met: &[],
    },
];

async fn populations(stage: &Stage<'_>, settings: &Settings, people: &People, chance: Chance) -> Result<()> {
    let (from, to) = (settings.midnight(0), settings.midnight(settings.days - 1));
    for list in LISTS {
        let owner = people.owner(list.control);
        let mut csv = format!("key,occurred_at,{},note\n", list.attribute);
        let items = (list.items * settings.days / super::YEAR_DAYS).max(1);
        for number in 1..=items {
            let spread = (to.micros() - from.micros() - DAY_US) / i64::from(items);
            let within =
                i64::try_from(chance.below(20, list.prefix, number.into())).expect("small") * HOUR_US;
            let at = from.plus_micros(spread * i64::from(number - 1) + within.min(spread));
            let not_met = list.not_met.iter().find(|(bad, _)| *bad == number);
            let state = if not_met.is_some() { "not met" } else { "met" };
            let note = not_met.map_or("", |(_, note)| note);
            writeln!(csv, "{}-{number},{at},{state},{note}", list.prefix).expect("into a string");
        }
        let definition = Definition {
            control: list.control.parse().map_err(Error::invalid)?,
            title: format!("{} (fictional)", list.title),
            trigger: list.trigger.into(),
            attributes: vec![TestAttribute {
                id: list.attribute.into(),
                asserts: list.asserts.into(),
                deviation: list.deviation.into(),
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
            row_count: items.into(),
            control_total: String::new(),
            completeness: "numbers ascend without a hole".into(),
            accuracy: "three rows were compared with their records".into(),
        };
        let name = format!("population-{}.csv", list.prefix.to_lowercase());
        stage
            .app
            .transact(owner, async |cx| {
                let defined = population::define(cx, definition).await?;
                population::import(cx, defined.key, &name, csv.into(), ipe).await?;
                population::freeze(cx, defined.key, None).await
            })
            .await?;
    }
    Ok(())
}

/// Grants the waivers of a day: one that has run out by the end, and one in force.
pub(super) async fn waive(
    stage: &Stage<'_>,
    settings: &Settings,
    people: &People,
    library: &Library,
    day: u32,
) -> Result<()> {
    let days = settings.days;
    let at = |permille: u32| days * permille / 1000;
    let (check, is_for_newest, until, reason) = if day == at(100) {
        let until = settings.midnight(at(450));
        (
            "log-audit-rules-immutable",
            false,
            until,
            "Rules are still being written; they are locked when they are done.",
        )
    } else if day == at(900) {
        let until = settings.end.plus_micros(45 * DAY_US);
        (
            "host-core-dumps-off",
            true,
            until,
            "The vendor needs memory images of a crash that it is looking for.",
        )
    } else {
        return Ok(());
    };
    if library.get(check).is_none() {
        return Ok(());
    }
    let newest = stage
        .app
        .read(people.lead(), async |view| {
            Ok(observation::targets(view).await?.last().map(|target| target.key))
        })
        .await?;
    let scope = match newest {
        Some(key) if is_for_newest => Scope::Targets(BTreeSet::from([key])),
        _ => Scope::All,
    };
    let request = Request {
        check: check.into(),
        scope,
        reason: format!("{reason} (fictional)"),
        risk: "Somebody with root could hide traces until then (fictional)".into(),
        compensation: "Logs leave the host at once (fictional)".into(),
        note: String::new(),
        requested_by: people.of(PLATFORM).id,
        expires_at: until,
    };
    stage.app.transact(people.of(SECURITY), async |cx| waiver::grant(cx, request).await).await?;
    Ok(())
}
