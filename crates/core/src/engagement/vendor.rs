//! Other organizations that a system rests on: which of them are subservice organizations and who decided that, how they are
//! presented, and which controls they expect of us.
//!
//! Source: `docs/domain/soc-reports.md` section 6.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer, Serialize};

use super::{EngagementError, needed, readable, title};
use crate::conclusion::scope::Day;
use crate::control::{ControlId, TEXT_MAX, TITLE_MAX};
use crate::words::words_of;

/// How a subservice organization is presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Its controls are left out; the types assumed of it are named.
    CarveOut,
    /// Its controls are described and examined too; it gives an assertion of its own.
    Inclusive,
}

words_of!(Method {
    CarveOut = "carve_out", "Carve-out";
    Inclusive = "inclusive", "Inclusive";
});

/// A type of control assumed at a carved-out subservice organization: a complementary subservice organization control. Or,
/// under the inclusive method, a control that runs there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assumed {
    /// The type of control, or the control.
    pub text: String,
    /// Criteria, or objectives, that depend on it.
    pub criteria: BTreeSet<String>,
}

/// Who decided what a vendor is to a report, when, and with which categories in mind. It is decided anew for each period, and
/// when categories change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Who decided, or approved it.
    #[serde(default)]
    pub approver: String,
    /// When; none while it has to be decided for this examination.
    #[serde(default)]
    pub decided: Option<Day>,
    /// Categories that were looked at; none for a SOC 1.
    #[serde(default)]
    pub categories: BTreeSet<String>,
}

impl Decision {
    fn check(&mut self) -> Result<(), EngagementError> {
        self.approver = readable("name of who decided about a vendor", &self.approver, TITLE_MAX)?;
        Ok(())
    }

    fn is_untouched(&self) -> bool {
        *self == Self::default()
    }

    /// Returns it as it is carried into the next period: somebody has to decide anew.
    fn to_renew(&self) -> Self {
        Self { decided: None, ..self.clone() }
    }
}

/// How far a subservice organization's management has come with what it gives under the inclusive method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GivenState {
    /// Nobody asked, or nothing came back.
    #[default]
    Open,
    /// It agreed to give it.
    Agreed,
    /// It is here.
    Received,
    /// It will not give it.
    Refused,
}

words_of!(GivenState {
    Open = "open", "Open";
    Agreed = "agreed", "Agreed";
    Received = "received", "Received";
    Refused = "refused", "Refused";
});

/// An assertion, or representations, of a subservice organization's management.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// How far it has come.
    pub state: GivenState,
    /// Where it is, e.g. the number of an evidence item.
    #[serde(default)]
    pub reference: String,
}

impl Given {
    fn is_untouched(&self) -> bool {
        *self == Self::default()
    }
}

/// Reads what is given; a scope of before said yes or no.
fn given<'de, D: Deserializer<'de>>(from: D) -> Result<Given, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Held {
        Said(bool),
        Whole(Given),
    }
    Ok(match Held::deserialize(from)? {
        Held::Whole(given) => given,
        Held::Said(true) => Given { state: GivenState::Agreed, reference: String::new() },
        Held::Said(false) => Given::default(),
    })
}

/// A vendor whose controls are needed, together with own ones, to keep the commitments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subservice {
    /// Its name.
    pub name: String,
    /// What it does for the system.
    pub service: String,
    /// How it is presented.
    pub method: Method,
    /// Why own controls alone do not suffice.
    pub why: String,
    /// Who decided that it is one.
    #[serde(default, skip_serializing_if = "Decision::is_untouched")]
    pub decision: Decision,
    /// Carve-out: types of controls assumed there. Inclusive: its controls, which are described and examined.
    #[serde(default)]
    pub assumed: Vec<Assumed>,
    /// Own controls that watch it.
    #[serde(default)]
    pub monitoring: BTreeSet<ControlId>,
    /// Inclusive only: which infrastructure, software, people, procedures and data of the system are its.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub parts: String,
    /// Inclusive only: the assertion of its own management.
    #[serde(
        default,
        alias = "gives_assertion",
        deserialize_with = "given",
        skip_serializing_if = "Given::is_untouched"
    )]
    pub assertion: Given,
    /// Inclusive only: the representations of its own management.
    #[serde(default, skip_serializing_if = "Given::is_untouched")]
    pub representations: Given,
}

impl Subservice {
    /// Returns one of which nothing more is known.
    #[must_use]
    pub fn of(name: &str, service: &str, method: Method, why: &str) -> Self {
        Self {
            name: name.to_owned(),
            service: service.to_owned(),
            method,
            why: why.to_owned(),
            decision: Decision::default(),
            assumed: Vec::new(),
            monitoring: BTreeSet::new(),
            parts: String::new(),
            assertion: Given::default(),
            representations: Given::default(),
        }
    }

    pub(super) fn check(&mut self) -> Result<(), EngagementError> {
        self.name = title("name of a subservice organization", &self.name)?;
        self.service = needed("service of a subservice organization", &self.service, TEXT_MAX)?;
        self.why = needed(
            "reason why own controls do not suffice without a subservice organization",
            &self.why,
            TEXT_MAX,
        )?;
        self.decision.check()?;
        for assumed in &mut self.assumed {
            assumed.text = needed("type of control assumed", &assumed.text, TEXT_MAX)?;
        }
        self.parts =
            readable("parts of the system that are a subservice organization's", &self.parts, TEXT_MAX)?;
        for given in [&mut self.assertion, &mut self.representations] {
            given.reference = readable("reference to what a vendor gave", &given.reference, TITLE_MAX)?;
        }
        Ok(())
    }

    /// Returns it as it is carried into the next period: decided, asserted and represented anew.
    pub(super) fn to_renew(&self) -> Self {
        let anew = |given: &Given| match given.state {
            GivenState::Received => Given { state: GivenState::Agreed, reference: String::new() },
            _ => given.clone(),
        };
        Self {
            decision: self.decision.to_renew(),
            assertion: anew(&self.assertion),
            representations: anew(&self.representations),
            ..self.clone()
        }
    }
}

/// A vendor that was decided not to be a subservice organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vendor {
    /// Its name.
    pub name: String,
    /// What it does for the system.
    pub service: String,
    /// Why it is none: own controls alone suffice, or readers need not know of it.
    pub why: String,
    /// Who decided.
    #[serde(default)]
    pub decision: Decision,
}

impl Vendor {
    pub(super) fn check(&mut self) -> Result<(), EngagementError> {
        self.name = title("name of a vendor", &self.name)?;
        self.service = needed("service of a vendor", &self.service, TEXT_MAX)?;
        self.why = needed("reason why a vendor is no subservice organization", &self.why, TEXT_MAX)?;
        self.decision.check()
    }

    /// Returns it as it is carried into the next period: somebody decides anew.
    pub(super) fn to_renew(&self) -> Self {
        Self { decision: self.decision.to_renew(), ..self.clone() }
    }
}

/// A control that a vendor's report expects of its customers, so of us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VendorControl {
    /// The vendor.
    pub vendor: String,
    /// What it expects, as its report says.
    pub text: String,
    /// Why it does not apply to us; empty where it does.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub not_applicable: String,
    /// Own controls that meet it.
    #[serde(default)]
    pub controls: BTreeSet<ControlId>,
    /// Which evidence shows it.
    #[serde(default)]
    pub evidence: String,
}

/// Most characters of a text in a message.
const SHORT_CHARS: usize = 60;

/// Returns the beginning of a text for messages, up to the end of a word.
pub(super) fn short_of(text: &str) -> String {
    if text.chars().count() <= SHORT_CHARS {
        return text.to_owned();
    }
    let cut: String = text.chars().take(SHORT_CHARS).collect();
    let whole = cut.rsplit_once(' ').map_or(cut.as_str(), |(whole, _)| whole);
    format!("{}\u{2026}", whole.trim_end_matches([',', ';', ':', '.']))
}

impl VendorControl {
    /// Tells whether it applies to us.
    #[must_use]
    pub fn is_applicable(&self) -> bool {
        self.not_applicable.is_empty()
    }

    /// Returns its beginning, for messages.
    #[must_use]
    pub fn short(&self) -> String {
        short_of(&self.text)
    }

    pub(super) fn check(&mut self) -> Result<(), EngagementError> {
        self.vendor = title("name of a vendor", &self.vendor)?;
        self.text = needed("control that a vendor expects", &self.text, TEXT_MAX)?;
        self.not_applicable =
            readable("reason why what a vendor expects does not apply", &self.not_applicable, TEXT_MAX)?;
        self.evidence = readable("evidence for what a vendor expects", &self.evidence, TEXT_MAX)?;
        Ok(())
    }
}
