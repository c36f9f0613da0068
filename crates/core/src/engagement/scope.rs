//! What an examination is about.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{EngagementError, Subservice, Vendor, VendorControl, needed, readable, title};
use crate::conclusion::scope::Day;
use crate::control::commitment::CommitmentKey;
use crate::control::{Control, ControlId, TEXT_MAX, TITLE_MAX};
use crate::id::SystemId;
use crate::time::{HOUR_US, Timestamp};
use crate::words::words_of;

/// Months below which a period draws a notice. Never a refusal: its length is management's decision.
pub const PERIOD_NOTICE_MONTHS: i32 = 3;
/// The same for a SOC 1: auditors of customers want it to overlap a substantial part of the financial year.
pub const SOC1_NOTICE_MONTHS: i32 = 6;
/// Most entries of any list in a scope.
const LIST_MAX: usize = 500;
/// How far clocks are ahead of UTC at most.
const ZONE_EAST_HOURS: i64 = 14;
/// How far they are behind it at most.
const ZONE_WEST_HOURS: i64 = 12;

/// Which report an examination ends in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportKind {
    /// Controls that may matter to customers' financial reporting, against objectives that management writes.
    Soc1,
    /// Controls against the trust services criteria, for readers who know the system.
    Soc2,
    /// The same for anyone, without description, tests and results.
    Soc3,
}

words_of!(ReportKind {
    Soc1 = "soc1", "SOC 1";
    Soc2 = "soc2", "SOC 2";
    Soc3 = "soc3", "SOC 3";
});

impl ReportKind {
    /// Tells whether controls are measured against the trust services criteria.
    #[must_use]
    pub fn has_criteria(self) -> bool {
        self != Self::Soc1
    }
}

/// The time that an examination is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Time {
    /// One date: Type 1.
    AsOf {
        /// The date.
        date: Day,
    },
    /// A period: Type 2, and every SOC 3.
    Period {
        /// First day.
        from: Day,
        /// Last day, inside the period.
        to: Day,
    },
}

impl Time {
    /// Returns the first and the last day; for one date, twice the same.
    #[must_use]
    pub fn days(self) -> (Day, Day) {
        match self {
            Self::AsOf { date } => (date, date),
            Self::Period { from, to } => (from, to),
        }
    }

    /// Returns it in a sentence, e.g. `throughout the period 2026-01-01 to 2026-12-31`.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::AsOf { .. } => self.to_string(),
            Self::Period { .. } => format!("throughout the period {self}"),
        }
    }

    /// Tells whether operation over time is examined.
    #[must_use]
    pub fn is_period(self) -> bool {
        matches!(self, Self::Period { .. })
    }

    /// Tells whether a moment lies outside of it wherever on earth its days are counted: a list has its own time zone, and
    /// what lies on the first or the last day there is inside.
    #[must_use]
    pub fn excludes(self, at: Timestamp) -> bool {
        let (from, to) = self.days();
        let day_there = |hours: i64| Day::of(at.plus_micros(hours * HOUR_US));
        day_there(ZONE_EAST_HOURS) < from || day_there(-ZONE_WEST_HOURS) > to
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AsOf { date } => write!(f, "as of {date}"),
            Self::Period { from, to } => write!(f, "{from} to {to}"),
        }
    }
}

/// What is expected of customers. Listing a responsibility as a control misstates the description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserEntityKind {
    /// A control without which the commitments cannot be kept (CUEC).
    Control,
    /// What customers must do to benefit; own commitments are kept without it.
    Responsibility,
}

words_of!(UserEntityKind {
    Control = "control", "Complementary user entity control";
    Responsibility = "responsibility", "User entity responsibility";
});

/// Something expected of customers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserEntityControl {
    /// Control or responsibility.
    pub kind: UserEntityKind,
    /// What customers do.
    pub text: String,
    /// Criteria, or objectives, that depend on it.
    #[serde(default)]
    pub criteria: BTreeSet<String>,
    /// The commitment that cannot be kept without it.
    #[serde(default)]
    pub commitment: Option<CommitmentKey>,
    /// Why the commitment could not be kept if customers ignored it.
    #[serde(default)]
    pub why: String,
}

/// A control objective of a SOC 1: what controls should achieve for customers' financial reporting.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Objective {
    /// Identifier, e.g. `CO-03`.
    pub id: String,
    /// The objective.
    pub statement: String,
    /// Financial statement assertions of customers that it touches.
    #[serde(default)]
    pub assertions: BTreeSet<String>,
    /// Classes of transactions that it is about.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub transactions: BTreeSet<String>,
    /// Whether it is about IT general controls. Those matter only for systems that support the business objectives.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_general_control: bool,
    /// Controls that achieve it.
    #[serde(default)]
    pub controls: BTreeSet<ControlId>,
}

/// What a piece of the boundary is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ElementKind {
    /// Where the system runs, as production or test.
    Environment,
    /// Premises.
    Site,
    /// People who build or run it.
    Team,
    /// A kind of data.
    Data,
}

words_of!(ElementKind {
    Environment = "environment", "Environments";
    Site = "site", "Sites";
    Team = "team", "Teams";
    Data = "data", "Data types";
});

/// A piece of which the scope says whether it is inside the boundary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Element {
    /// What it is.
    pub kind: ElementKind,
    /// Its name.
    pub name: String,
    /// Why it is outside; empty where it is inside.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub outside: String,
}

/// What an examination is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Which report.
    pub kind: ReportKind,
    /// Over which time.
    pub time: Time,
    /// Name of the system, as readers know it.
    pub system: String,
    /// Records of the systems that it is made of. While none is named, it is about all there are.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub systems: BTreeSet<SystemId>,
    /// Services to customers that are in.
    pub services: Vec<String>,
    /// Where the system ends.
    #[serde(default)]
    pub boundary: String,
    /// What lies outside, and could be thought to be in; with the reason behind a colon.
    #[serde(default)]
    pub outside: Vec<String>,
    /// Environments, sites, teams and types of data, in and out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub elements: Vec<Element>,
    /// Firm of the auditor, once it is chosen.
    #[serde(default)]
    pub firm: String,
    /// Categories that were chosen, with the reason.
    #[serde(default)]
    pub categories: BTreeMap<String, String>,
    /// Categories that readers expect and that were left out, with the reason.
    #[serde(default)]
    pub omissions: BTreeMap<String, String>,
    /// Criteria judged not relevant, with the reason (DC 8).
    #[serde(default)]
    pub exclusions: BTreeMap<String, String>,
    /// Control objectives (SOC 1).
    #[serde(default)]
    pub objectives: Vec<Objective>,
    /// Principal service commitments and system requirements.
    #[serde(default)]
    pub commitments: BTreeSet<CommitmentKey>,
    /// Subservice organizations.
    #[serde(default)]
    pub subservices: Vec<Subservice>,
    /// Vendors that were decided not to be subservice organizations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vendors: Vec<Vendor>,
    /// Controls that vendors expect of us, as their reports say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vendor_controls: Vec<VendorControl>,
    /// What is expected of customers.
    #[serde(default)]
    pub user_entities: Vec<UserEntityControl>,
}

impl Scope {
    /// Returns an empty scope of a system.
    #[must_use]
    pub fn of(kind: ReportKind, time: Time, system: &str) -> Self {
        Self {
            kind,
            time,
            system: system.to_owned(),
            systems: BTreeSet::new(),
            services: Vec::new(),
            boundary: String::new(),
            outside: Vec::new(),
            elements: Vec::new(),
            firm: String::new(),
            categories: BTreeMap::new(),
            omissions: BTreeMap::new(),
            exclusions: BTreeMap::new(),
            objectives: Vec::new(),
            commitments: BTreeSet::new(),
            subservices: Vec::new(),
            vendors: Vec::new(),
            vendor_controls: Vec::new(),
            user_entities: Vec::new(),
        }
    }

    /// Tells whether a control is of the system: for one of its records, or for the organization as a whole.
    #[must_use]
    pub fn covers(&self, control: &Control) -> bool {
        self.systems.is_empty() || control.system.is_none_or(|system| self.systems.contains(&system))
    }

    /// Returns the one system that it is made of; none if nobody chose one, or there are several.
    #[must_use]
    pub fn only_system(&self) -> Option<SystemId> {
        self.systems.iter().copied().next().filter(|_| self.systems.len() == 1)
    }

    /// Returns what is of the boundary and of this kind, inside or outside it.
    pub fn elements_of(&self, kind: ElementKind, inside: bool) -> impl Iterator<Item = &Element> {
        self.elements.iter().filter(move |one| one.kind == kind && one.outside.is_empty() == inside)
    }

    /// Returns everything that is said to lie outside, each with the reason where one is given.
    #[must_use]
    pub fn all_outside(&self) -> Vec<String> {
        let pieces = self.elements.iter().filter(|one| !one.outside.is_empty());
        let said = pieces.map(|one| format!("{}: {}", one.name, one.outside));
        self.outside.iter().cloned().chain(said).collect()
    }

    /// Returns the name of the report, e.g. `SOC 2 Type 2`.
    #[must_use]
    pub fn report(&self) -> String {
        match (self.kind, self.time) {
            (ReportKind::Soc3, _) => "SOC 3".to_owned(),
            (kind, Time::AsOf { .. }) => format!("{} Type 1", kind.title()),
            (kind, Time::Period { .. }) => format!("{} Type 2", kind.title()),
        }
    }

    /// Brings texts to one form and refuses what can never be right. What is merely missing is a [`super::Problem`].
    ///
    /// # Errors
    /// If a text is missing or unreadable, a list too long, or the time cannot be.
    pub fn checked(mut self) -> Result<Self, EngagementError> {
        if let Time::Period { from, to } = self.time
            && from > to
        {
            return Err(EngagementError::Period { from: from.to_string(), to: to.to_string() });
        }
        if self.kind == ReportKind::Soc3 && !self.time.is_period() {
            return Err(EngagementError::Soc3AsOf);
        }
        self.system = title("name of the system", &self.system)?;
        self.boundary = readable("boundary", &self.boundary, TEXT_MAX)?;
        self.firm = readable("firm", &self.firm, TITLE_MAX)?;
        for (what, list) in [("service", &mut self.services), ("part outside", &mut self.outside)] {
            for text in list.iter_mut() {
                *text = title(what, text)?;
            }
        }
        for (what, reasons) in [
            ("reason for a category", &mut self.categories),
            ("reason for leaving a category out", &mut self.omissions),
            ("reason for taking a criterion out", &mut self.exclusions),
        ] {
            for reason in reasons.values_mut() {
                *reason = needed(what, reason, TEXT_MAX)?;
            }
        }
        for objective in &mut self.objectives {
            objective.id = title("id of an objective", &objective.id)?;
            objective.statement = needed("objective", &objective.statement, TEXT_MAX)?;
            let classes = std::mem::take(&mut objective.transactions);
            objective.transactions =
                classes.iter().map(|one| title("class of transactions", one)).collect::<Result<_, _>>()?;
        }
        for element in &mut self.elements {
            element.name = title("name of a piece of the boundary", &element.name)?;
            element.outside = readable("reason why a piece is outside", &element.outside, TEXT_MAX)?;
        }
        self.subservices.iter_mut().try_for_each(Subservice::check)?;
        self.vendors.iter_mut().try_for_each(Vendor::check)?;
        self.vendor_controls.iter_mut().try_for_each(VendorControl::check)?;
        for expected in &mut self.user_entities {
            expected.text = needed("control or responsibility of customers", &expected.text, TEXT_MAX)?;
            expected.why = readable("reason why customers must do it", &expected.why, TEXT_MAX)?;
        }
        let longest = [
            self.services.len(),
            self.systems.len(),
            self.outside.len(),
            self.elements.len(),
            self.objectives.len(),
            self.commitments.len(),
            self.subservices.len(),
            self.vendors.len(),
            self.vendor_controls.len(),
            self.user_entities.len(),
            self.exclusions.len(),
        ];
        if longest.into_iter().any(|length| length > LIST_MAX) {
            return Err(EngagementError::Unreadable { what: "list", max: LIST_MAX });
        }
        Ok(self)
    }
}
