//! Who a report may go to: what kind of reader it is meant for, and what somebody is to the company that it is about.
//!
//! Source: `docs/domain/soc-reports.md` sections 1, 4 and 9.

use serde::{Deserialize, Serialize};

use super::DistributionError;
use crate::conclusion::scope::Day;
use crate::control::{TEXT_MAX, TITLE_MAX};
use crate::engagement::{ReportKind, Time};
use crate::identity::Email;
use crate::words::{self, words_of};

/// How far a report may be distributed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Entities that used the service in the time of the report, and their auditors: SOC 1.
    UserEntities,
    /// Parties who know enough to read it rightly: SOC 2.
    SpecifiedParties,
    /// Anybody: SOC 3.
    General,
}

words_of!(Class {
    UserEntities = "user_entities", "Restricted to user entities and their auditors";
    SpecifiedParties = "specified_parties", "Restricted to specified parties";
    General = "general", "For general use";
});

impl Class {
    /// Returns how far a kind of report may be distributed.
    #[must_use]
    pub const fn of(kind: ReportKind) -> Self {
        match kind {
            ReportKind::Soc1 => Self::UserEntities,
            ReportKind::Soc2 => Self::SpecifiedParties,
            ReportKind::Soc3 => Self::General,
        }
    }

    /// Tells whether a report of this class is given to named recipients only.
    #[must_use]
    pub const fn is_restricted(self) -> bool {
        !matches!(self, Self::General)
    }

    /// Tells whether somebody of this relation may be a recipient at all.
    #[must_use]
    pub const fn admits(self, relation: Relation) -> bool {
        match self {
            Self::UserEntities => matches!(relation, Relation::Customer | Relation::UserAuditor),
            Self::SpecifiedParties | Self::General => true,
        }
    }
}

/// What somebody is to the company that the report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// Used the service at some time in the time of the report.
    Customer,
    /// Audits the financial statements of such a customer.
    UserAuditor,
    /// Thinks of becoming a customer or a partner.
    Prospect,
    /// A partner whom risks of the system reach.
    Partner,
    /// A practitioner who serves one of the others.
    Practitioner,
    /// A regulator.
    Regulator,
}

words_of!(Relation {
    Customer = "customer", "Customer in the time of the report";
    UserAuditor = "user_auditor", "Auditor of such a customer";
    Prospect = "prospect", "Prospective customer or partner";
    Partner = "partner", "Business partner";
    Practitioner = "practitioner", "Practitioner who serves one of these";
    Regulator = "regulator", "Regulator";
});

impl Relation {
    /// Tells whether it rests on the use of the service in the time of the report.
    #[must_use]
    pub const fn rests_on_use(self) -> bool {
        matches!(self, Self::Customer | Self::UserAuditor)
    }

    /// Tells whether it is somebody who works for another one, who is to be named.
    #[must_use]
    pub const fn serves_another(self) -> bool {
        matches!(self, Self::UserAuditor | Self::Practitioner)
    }
}

/// One person who is to get a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipient {
    /// Their name.
    pub name: String,
    /// Their company.
    pub company: String,
    /// Their address: the link and the codes go to it.
    pub email: String,
    /// What they are to the company.
    pub relation: Relation,
    /// Whom they serve, where they work for another one; empty else.
    #[serde(default)]
    pub serves: String,
    /// Since when they, or whom they audit, used the service.
    #[serde(default)]
    pub used_from: Option<Day>,
    /// Until when; none while they use it.
    #[serde(default)]
    pub used_to: Option<Day>,
    /// What shows the relation: a contract, an order, an engagement letter. Of a prospect also why they know enough of the
    /// service, of internal control and its limits, to read the report rightly.
    pub basis: String,
}

impl Recipient {
    /// Brings texts to one form, and holds the relation against the report.
    ///
    /// # Errors
    /// If a text is missing or unreadable, the report is for general use or not for such readers, or the service was not used
    /// in its time.
    pub fn checked(self, class: Class, time: Time) -> Result<Self, DistributionError> {
        if !class.is_restricted() {
            return Err(DistributionError::General);
        }
        if !class.admits(self.relation) {
            return Err(DistributionError::NotForThem(self.relation));
        }
        let email: Email = self.email.parse().map_err(|_| DistributionError::Address)?;
        let mut checked = Self {
            name: line("name of the recipient", &self.name)?,
            company: line("company of the recipient", &self.company)?,
            email: email.to_string(),
            basis: text("what shows the relationship", &self.basis)?,
            serves: String::new(),
            ..self
        };
        if checked.relation.serves_another() {
            checked.serves = line("name of whom they serve", &self.serves)?;
        }
        if checked.relation.rests_on_use() {
            let (from, to) = time.days();
            let since =
                checked.used_from.ok_or(DistributionError::Missing("day since when the service is used"))?;
            if checked.used_to.is_some_and(|until| until < since) {
                return Err(DistributionError::UseBackwards);
            }
            if since > to || checked.used_to.is_some_and(|until| until < from) {
                return Err(DistributionError::NotInTime(time.to_string()));
            }
        } else {
            (checked.used_from, checked.used_to) = (None, None);
        }
        Ok(checked)
    }
}

/// A line of text that has to be there.
pub(super) fn line(what: &'static str, text: &str) -> Result<String, DistributionError> {
    let unreadable = DistributionError::Unreadable { what, max: TITLE_MAX };
    let text = words::readable(text, TITLE_MAX).filter(|text| !text.contains('\n')).ok_or(unreadable)?;
    if text.is_empty() { Err(DistributionError::Missing(what)) } else { Ok(text) }
}

/// A text that has to be there.
pub(super) fn text(what: &'static str, text: &str) -> Result<String, DistributionError> {
    let text =
        words::readable(text, TEXT_MAX).ok_or(DistributionError::Unreadable { what, max: TEXT_MAX })?;
    if text.is_empty() { Err(DistributionError::Missing(what)) } else { Ok(text) }
}
