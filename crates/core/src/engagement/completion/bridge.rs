//! Bridge letters: management alone, about the time from the end of the last period to a day.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::super::document::Document;
use super::super::{EngagementError, Problem, Time, readable, title};
use super::{DocumentError, Received};
use crate::Timestamp;
use crate::conclusion::scope::Day;
use crate::control::TEXT_MAX;
use crate::id::ActorId;
use crate::report::lint;

/// Months after the end of the period that a bridge letter may reach, and after its last day that it may be given out.
/// Beyond that a new report is needed.
pub const BRIDGE_MONTHS_MAX: i32 = 3;
/// Days beyond which it draws a notice.
pub const BRIDGE_NOTICE_DAYS: usize = 90;
/// Most items of a letter.
const ITEMS_MAX: usize = 500;

/// What only an auditor may say, and words that promise what nobody examined.
const ASSURANCE: [&str; 11] = [
    "assurance",
    "assure",
    "assures",
    "audited",
    "attest",
    "attests",
    "certify",
    "certifies",
    "certified",
    "examined by",
    "opinion",
];

/// Something that the registers hold in the time of the letter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BridgeItem {
    /// When.
    pub day: Day,
    /// What names it in its register.
    pub reference: String,
    /// What it is, in words.
    pub says: String,
    /// Whether it is an incident or failure rather than a change.
    pub is_incident: bool,
    /// Why the letter does not name it; empty if it does.
    #[serde(default)]
    pub left_out: String,
}

/// What a bridge letter says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BridgeLetter {
    /// Last day that it is about.
    pub to: Day,
    /// What the registers hold; each is named, or left out for a reason.
    #[serde(default)]
    pub items: Vec<BridgeItem>,
    /// Further changes of the system or its controls; empty if there are none.
    #[serde(default)]
    pub changes: String,
    /// Further incidents or failures; empty if there are none.
    #[serde(default)]
    pub incidents: String,
    /// When the next period begins, or the next report is expected.
    #[serde(default)]
    pub next: String,
    /// Who signs for management.
    pub signatory: String,
    /// As what.
    pub title: String,
}

/// A bridge letter with those who worked on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bridge {
    /// Number in its engagement, from 1.
    pub number: u32,
    /// The letter.
    pub document: Document<BridgeLetter>,
}

/// What a bridge letter is held against.
#[derive(Clone, Copy, Debug)]
pub struct BridgeGround<'a> {
    /// Time of the examination.
    pub time: Time,
    /// The report, if there is one.
    pub report: Option<&'a Received>,
    /// What the registers hold now from the end of the period on.
    pub items: &'a [BridgeItem],
    /// The day of asking.
    pub today: Day,
}

impl Bridge {
    pub(super) fn write(
        number: u32,
        letter: BridgeLetter,
        by: ActorId,
        at: Timestamp,
    ) -> Result<Self, DocumentError> {
        let mut held = None;
        Document::write(&mut held, letter, by, at)?;
        Ok(Self { number, document: held.expect("it was just written") })
    }

    pub(super) fn rewrite(
        &mut self,
        letter: BridgeLetter,
        by: ActorId,
        at: Timestamp,
    ) -> Result<(), DocumentError> {
        let mut held = Some(self.document.clone());
        Document::write(&mut held, letter, by, at)?;
        self.document = held.expect("it was there");
        Ok(())
    }
}

impl BridgeLetter {
    /// Brings texts to one form.
    ///
    /// # Errors
    /// If one is missing or unreadable.
    pub fn checked(mut self) -> Result<Self, EngagementError> {
        self.changes = readable("changes", &self.changes, TEXT_MAX)?;
        self.incidents = readable("incidents", &self.incidents, TEXT_MAX)?;
        self.next = readable("next period", &self.next, TEXT_MAX)?;
        self.signatory = title("name of the signatory", &self.signatory)?;
        self.title = title("title of the signatory", &self.title)?;
        for item in &mut self.items {
            item.left_out = readable("reason for leaving something out", &item.left_out, TEXT_MAX)?;
        }
        self.items.sort();
        if self.items.len() > ITEMS_MAX {
            return Err(EngagementError::Unreadable { what: "list", max: ITEMS_MAX });
        }
        Ok(self)
    }

    /// Returns the first day on which it must not be given out any more; none at the end of the calendar.
    #[must_use]
    pub fn expires(&self) -> Option<Day> {
        self.to.plus_months(BRIDGE_MONTHS_MAX)
    }

    /// Returns those items that it names, incidents or changes.
    pub fn named(&self, incidents: bool) -> impl Iterator<Item = &BridgeItem> {
        self.items.iter().filter(move |item| item.left_out.is_empty() && item.is_incident == incidents)
    }

    /// Returns what is wrong with it, what blocks first.
    #[must_use]
    pub fn problems(&self, ground: &BridgeGround<'_>) -> Vec<Problem> {
        let mut found = Vec::new();
        let mut add =
            |blocks: bool, rule: &'static str, says: String| found.push(Problem { rule, says, blocks });
        if ground.report.is_none() {
            add(
                true,
                "report",
                "no report of this engagement is recorded, so there is nothing to bridge from".into(),
            );
        }
        match ground.time {
            Time::AsOf { .. } => {
                add(
                    true,
                    "period",
                    "a report as of one date has no period from whose end a letter could bridge".into(),
                );
            }
            Time::Period { to: end, .. } => self.gap(end, ground.today, &mut add),
        }
        let answered: BTreeSet<&str> = self.items.iter().map(|item| item.reference.as_str()).collect();
        for item in ground.items.iter().filter(|item| item.day <= self.to) {
            if !answered.contains(item.reference.as_str()) {
                add(
                    true,
                    "registers",
                    format!(
                        "the registers hold \u{201c}{}\u{201d} ({}), and the letter neither names it nor says why not",
                        item.says, item.day
                    ),
                );
            }
        }
        for (what, text) in
            [("changes", &self.changes), ("incidents", &self.incidents), ("next period", &self.next)]
        {
            for word in lint::words_in(text, &ASSURANCE) {
                add(
                    true,
                    "wording",
                    format!("\u{201c}{word}\u{201d} in the {what}: a bridge letter gives no assurance"),
                );
            }
            for banned in lint::lint(text) {
                add(
                    true,
                    "wording",
                    format!("\u{201c}{}\u{201d} in the {what}: write {}", banned.phrase, banned.instead),
                );
            }
        }
        if self.next.is_empty() {
            add(
                false,
                "next",
                "it does not say when the next period begins or the next report is expected".into(),
            );
        }
        found.sort_by_key(|problem| !problem.blocks);
        found
    }

    fn gap(&self, end: Day, today: Day, add: &mut impl FnMut(bool, &'static str, String)) {
        if self.to <= end {
            add(
                true,
                "gap",
                format!("it ends on {}, and the period ended on {end}: there is nothing to bridge", self.to),
            );
        }
        if self.to > today {
            add(
                true,
                "future",
                format!("it reaches to {}, and nobody knows yet what happens until then", self.to),
            );
        }
        if let Some(last) = end.plus_months(BRIDGE_MONTHS_MAX).filter(|last| self.to > *last) {
            add(
                true,
                "gap",
                format!(
                    "it reaches to {}; a letter bridges at most {BRIDGE_MONTHS_MAX} months, to {last}, and beyond that a new report is needed",
                    self.to
                ),
            );
        } else if days_beyond(end, self.to) > BRIDGE_NOTICE_DAYS {
            add(false, "gap", format!("it bridges more than {BRIDGE_NOTICE_DAYS} days"));
        }
    }
}

/// Counts the days from one to a later one, as far as a notice needs.
fn days_beyond(from: Day, to: Day) -> usize {
    std::iter::successors(from.next(), |day| day.next())
        .take_while(|day| *day <= to)
        .take(BRIDGE_NOTICE_DAYS + 1)
        .count()
}
