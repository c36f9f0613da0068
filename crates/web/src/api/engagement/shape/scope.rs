//! What a scope is in JSON.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::Error;
use tickmark_core::control::ControlId;
use tickmark_core::control::commitment::CommitmentKey;
use tickmark_core::engagement::{
    Assumed as CoreAssumed, Decision as CoreDecision, Element as CoreElement, Given as CoreGiven,
    Objective as CoreObjective, Scope as CoreScope, Subservice as CoreSubservice, Time, UserEntityControl,
    Vendor as CoreVendor, VendorControl as CoreVendorControl,
};

use crate::api::words::{parsed, read};

const REPORTS: [&str; 3] = ["soc1", "soc2", "soc3"];
const METHODS: [&str; 2] = ["carve_out", "inclusive"];
const GIVEN: [&str; 4] = ["open", "agreed", "received", "refused"];
const ELEMENTS: [&str; 4] = ["environment", "site", "team", "data"];
const EXPECTED: [&str; 2] = ["control", "responsibility"];

/// Why something is in a scope, or left out of it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api::engagement) struct Because {
    /// A category or criterion.
    #[schemars(length(min = 1, max = 60))]
    pub(in crate::api::engagement) id: String,
    #[schemars(length(min = 1, max = 4_000))]
    pub(in crate::api::engagement) reason: String,
}

/// An objective of a SOC 1.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api::engagement) struct Objective {
    #[schemars(length(min = 1, max = 200))]
    pub(in crate::api::engagement) id: String,
    #[schemars(length(min = 1, max = 4_000))]
    pub(in crate::api::engagement) statement: String,
    /// Assertions of financial reporting that it serves.
    #[serde(default)]
    #[schemars(length(max = 20), inner(length(min = 1, max = 60)))]
    pub(in crate::api::engagement) assertions: Vec<String>,
    /// Classes of transactions that it is about.
    #[serde(default)]
    #[schemars(length(max = 50), inner(length(min = 1, max = 200)))]
    pub(in crate::api::engagement) transactions: Vec<String>,
    /// Whether it is about IT general controls.
    #[serde(default)]
    pub(in crate::api::engagement) is_general_control: bool,
    /// Controls that meet it.
    #[serde(default)]
    #[schemars(length(max = 200), inner(length(min = 1, max = 40)))]
    pub(in crate::api::engagement) controls: Vec<String>,
}

/// Who decided what a vendor is, for this examination.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api::engagement) struct Decision {
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub(in crate::api::engagement) approver: String,
    /// The day; null while it has to be decided.
    #[serde(default)]
    #[schemars(extend("format" = "date"))]
    pub(in crate::api::engagement) decided: Option<String>,
    /// Categories that were looked at.
    #[serde(default)]
    #[schemars(length(max = 20), inner(length(min = 1, max = 60)))]
    pub(in crate::api::engagement) categories: Vec<String>,
}

/// What a subservice organization's management gives under the inclusive method.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api::engagement) struct Given {
    #[schemars(extend("enum" = GIVEN))]
    pub(in crate::api::engagement) state: String,
    /// Where it is.
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub(in crate::api::engagement) reference: String,
}

impl Default for Given {
    fn default() -> Self {
        Self::from(&CoreGiven::default())
    }
}

/// A vendor that was decided not to be a subservice organization.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api::engagement) struct Vendor {
    #[schemars(length(min = 1, max = 200))]
    pub(in crate::api::engagement) name: String,
    /// What it does.
    #[schemars(length(min = 1, max = 4_000))]
    pub(in crate::api::engagement) service: String,
    /// Why it is none.
    #[schemars(length(min = 1, max = 4_000))]
    pub(in crate::api::engagement) why: String,
    #[serde(default)]
    pub(in crate::api::engagement) decision: Decision,
}

/// A control that a vendor expects of its customers.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api::engagement) struct VendorControl {
    /// Name of the vendor.
    #[schemars(length(min = 1, max = 200))]
    pub(in crate::api::engagement) vendor: String,
    /// What it expects.
    #[schemars(length(min = 1, max = 4_000))]
    pub(in crate::api::engagement) text: String,
    /// Why it does not apply; empty where it does.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    pub(in crate::api::engagement) not_applicable: String,
    /// Own controls that meet it.
    #[serde(default)]
    #[schemars(length(max = 200), inner(length(min = 1, max = 40)))]
    pub(in crate::api::engagement) controls: Vec<String>,
    /// What shows it.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    pub(in crate::api::engagement) evidence: String,
}

/// A piece that is inside the boundary, or outside for a reason.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api::engagement) struct Element {
    #[schemars(extend("enum" = ELEMENTS))]
    pub(in crate::api::engagement) kind: String,
    #[schemars(length(min = 1, max = 200))]
    pub(in crate::api::engagement) name: String,
    /// Why it is outside; empty where it is inside.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    pub(in crate::api::engagement) outside: String,
}

impl From<&CoreDecision> for Decision {
    fn from(of: &CoreDecision) -> Self {
        Self {
            approver: of.approver.clone(),
            decided: of.decided.map(|day| day.to_string()),
            categories: texts(&of.categories),
        }
    }
}

impl Decision {
    fn read(&self) -> Result<CoreDecision, Error> {
        Ok(CoreDecision {
            approver: self.approver.clone(),
            decided: self.decided.as_deref().map(|day| parsed("decided", day)).transpose()?,
            categories: self.categories.iter().cloned().collect(),
        })
    }
}

impl From<&CoreGiven> for Given {
    fn from(of: &CoreGiven) -> Self {
        Self { state: of.state.word().to_owned(), reference: of.reference.clone() }
    }
}

impl Given {
    fn read(&self) -> Result<CoreGiven, Error> {
        Ok(CoreGiven { state: read("state", &self.state)?, reference: self.reference.clone() })
    }
}

/// A type of control that is assumed at a subservice organization.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api::engagement) struct Assumed {
    #[schemars(length(min = 1, max = 4_000))]
    pub(in crate::api::engagement) text: String,
    /// Criteria that need it.
    #[serde(default)]
    #[schemars(length(max = 200), inner(length(min = 1, max = 40)))]
    pub(in crate::api::engagement) criteria: Vec<String>,
}

/// A subservice organization.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api::engagement) struct Subservice {
    #[schemars(length(min = 1, max = 200))]
    pub(in crate::api::engagement) name: String,
    /// What it does.
    #[schemars(length(min = 1, max = 4_000))]
    pub(in crate::api::engagement) service: String,
    #[schemars(extend("enum" = METHODS))]
    pub(in crate::api::engagement) method: String,
    /// Why own controls do not suffice without it.
    #[schemars(length(min = 1, max = 4_000))]
    pub(in crate::api::engagement) why: String,
    /// Types of controls that are assumed there.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub(in crate::api::engagement) assumed: Vec<Assumed>,
    /// Own controls that watch over it.
    #[serde(default)]
    #[schemars(length(max = 200), inner(length(min = 1, max = 40)))]
    pub(in crate::api::engagement) monitoring: Vec<String>,
    /// Who decided that it is one.
    #[serde(default)]
    pub(in crate::api::engagement) decision: Decision,
    /// Under the inclusive method, which parts of the system are its.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    pub(in crate::api::engagement) parts: String,
    /// Under the inclusive method, the assertion of its management.
    #[serde(default)]
    pub(in crate::api::engagement) assertion: Given,
    /// Under the inclusive method, the representations of its management.
    #[serde(default)]
    pub(in crate::api::engagement) representations: Given,
}

/// What customers have to do.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api::engagement) struct Expected {
    #[schemars(extend("enum" = EXPECTED))]
    pub(in crate::api::engagement) kind: String,
    #[schemars(length(min = 1, max = 4_000))]
    pub(in crate::api::engagement) text: String,
    /// Criteria that need it.
    #[serde(default)]
    #[schemars(length(max = 200), inner(length(min = 1, max = 40)))]
    pub(in crate::api::engagement) criteria: Vec<String>,
    /// Number of the commitment that needs it.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub(in crate::api::engagement) commitment: Option<i64>,
    /// Why customers must do it.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    pub(in crate::api::engagement) why: String,
}

/// What an examination is about.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api::engagement) struct Scope {
    /// Which report it ends in.
    #[schemars(extend("enum" = REPORTS))]
    pub(in crate::api::engagement) report: String,
    /// The day of a Type 1; null for a period.
    #[serde(default)]
    #[schemars(extend("format" = "date"))]
    pub(in crate::api::engagement) as_of: Option<String>,
    /// First day of the period; null for one day.
    #[serde(default)]
    #[schemars(extend("format" = "date"))]
    pub(in crate::api::engagement) from: Option<String>,
    /// Last day of the period.
    #[serde(default)]
    #[schemars(extend("format" = "date"))]
    pub(in crate::api::engagement) to: Option<String>,
    /// Name of the system.
    #[schemars(length(min = 1, max = 200))]
    pub(in crate::api::engagement) system: String,
    /// Ids of the systems that it is made of. Where there is one, it is that one.
    #[serde(default)]
    #[schemars(length(max = 200), inner(length(min = 1, max = 60)))]
    pub(in crate::api::engagement) systems: Vec<String>,
    /// Services that it provides.
    #[serde(default)]
    #[schemars(length(max = 200), inner(length(min = 1, max = 200)))]
    pub(in crate::api::engagement) services: Vec<String>,
    /// What belongs to it, in words.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    pub(in crate::api::engagement) boundary: String,
    /// What does not.
    #[serde(default)]
    #[schemars(length(max = 200), inner(length(min = 1, max = 200)))]
    pub(in crate::api::engagement) outside: Vec<String>,
    /// Environments, sites, teams and types of data, in and out.
    #[serde(default)]
    #[schemars(length(max = 500))]
    pub(in crate::api::engagement) elements: Vec<Element>,
    /// The firm that examines.
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub(in crate::api::engagement) firm: String,
    /// Categories, each with why it is in.
    #[serde(default)]
    #[schemars(length(max = 20))]
    pub(in crate::api::engagement) categories: Vec<Because>,
    /// Categories that were considered and left out, each with why.
    #[serde(default)]
    #[schemars(length(max = 20))]
    pub(in crate::api::engagement) omissions: Vec<Because>,
    /// Criteria that are taken out, each with why.
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub(in crate::api::engagement) exclusions: Vec<Because>,
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub(in crate::api::engagement) objectives: Vec<Objective>,
    /// Numbers of commitments.
    #[serde(default)]
    #[schemars(length(max = 200), inner(range(min = 1)))]
    pub(in crate::api::engagement) commitments: Vec<i64>,
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub(in crate::api::engagement) subservices: Vec<Subservice>,
    /// Vendors that were decided to be none.
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub(in crate::api::engagement) vendors: Vec<Vendor>,
    /// Controls that vendors expect of us.
    #[serde(default)]
    #[schemars(length(max = 500))]
    pub(in crate::api::engagement) vendor_controls: Vec<VendorControl>,
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub(in crate::api::engagement) user_entities: Vec<Expected>,
}

fn reasons(of: &BTreeMap<String, String>) -> Vec<Because> {
    of.iter().map(|(id, reason)| Because { id: id.clone(), reason: reason.clone() }).collect()
}

fn by_id(of: &[Because]) -> BTreeMap<String, String> {
    of.iter().map(|one| (one.id.clone(), one.reason.clone())).collect()
}

fn texts<T: ToString>(of: impl IntoIterator<Item = T>) -> Vec<String> {
    of.into_iter().map(|one| one.to_string()).collect()
}

fn controls<C: FromIterator<ControlId>>(ids: &[String]) -> Result<C, Error> {
    ids.iter().map(|id| parsed::<ControlId>("control", id)).collect()
}

impl From<&CoreScope> for Scope {
    fn from(scope: &CoreScope) -> Self {
        let (as_of, from, to) = match scope.time {
            Time::AsOf { date } => (Some(date.to_string()), None, None),
            Time::Period { from, to } => (None, Some(from.to_string()), Some(to.to_string())),
        };
        let objective = |one: &CoreObjective| Objective {
            id: one.id.clone(),
            statement: one.statement.clone(),
            assertions: texts(&one.assertions),
            transactions: texts(&one.transactions),
            is_general_control: one.is_general_control,
            controls: texts(&one.controls),
        };
        let assumed = |one: &CoreAssumed| Assumed { text: one.text.clone(), criteria: texts(&one.criteria) };
        let subservice = |one: &CoreSubservice| Subservice {
            name: one.name.clone(),
            service: one.service.clone(),
            method: one.method.word().to_owned(),
            why: one.why.clone(),
            assumed: one.assumed.iter().map(assumed).collect(),
            monitoring: texts(&one.monitoring),
            decision: (&one.decision).into(),
            parts: one.parts.clone(),
            assertion: (&one.assertion).into(),
            representations: (&one.representations).into(),
        };
        let expected = |one: &UserEntityControl| Expected {
            kind: one.kind.word().to_owned(),
            text: one.text.clone(),
            criteria: texts(&one.criteria),
            commitment: one.commitment.map(|key| key.0),
            why: one.why.clone(),
        };
        Self {
            report: scope.kind.word().to_owned(),
            as_of,
            from,
            to,
            system: scope.system.clone(),
            systems: texts(&scope.systems),
            services: scope.services.clone(),
            boundary: scope.boundary.clone(),
            outside: scope.outside.clone(),
            elements: scope.elements.iter().map(element).collect(),
            firm: scope.firm.clone(),
            categories: reasons(&scope.categories),
            omissions: reasons(&scope.omissions),
            exclusions: reasons(&scope.exclusions),
            objectives: scope.objectives.iter().map(objective).collect(),
            commitments: scope.commitments.iter().map(|key| key.0).collect(),
            subservices: scope.subservices.iter().map(subservice).collect(),
            vendors: scope.vendors.iter().map(vendor).collect(),
            vendor_controls: scope.vendor_controls.iter().map(vendor_control).collect(),
            user_entities: scope.user_entities.iter().map(expected).collect(),
        }
    }
}

fn element(one: &CoreElement) -> Element {
    Element { kind: one.kind.word().to_owned(), name: one.name.clone(), outside: one.outside.clone() }
}

fn vendor(one: &CoreVendor) -> Vendor {
    Vendor {
        name: one.name.clone(),
        service: one.service.clone(),
        why: one.why.clone(),
        decision: (&one.decision).into(),
    }
}

fn vendor_control(one: &CoreVendorControl) -> VendorControl {
    VendorControl {
        vendor: one.vendor.clone(),
        text: one.text.clone(),
        not_applicable: one.not_applicable.clone(),
        controls: texts(&one.controls),
        evidence: one.evidence.clone(),
    }
}

impl Scope {
    pub(in crate::api::engagement) fn read(&self) -> Result<CoreScope, Error> {
        let time = match (&self.as_of, &self.from, &self.to) {
            (Some(date), None, None) => Time::AsOf { date: parsed("as_of", date)? },
            (None, Some(from), Some(to)) => {
                Time::Period { from: parsed("from", from)?, to: parsed("to", to)? }
            }
            _ => return Err(Error::invalid("say as_of, or both from and to")),
        };
        let mut scope = CoreScope::of(read("report", &self.report)?, time, &self.system);
        scope.services.clone_from(&self.services);
        scope.boundary.clone_from(&self.boundary);
        scope.outside.clone_from(&self.outside);
        scope.firm.clone_from(&self.firm);
        scope.categories = by_id(&self.categories);
        scope.omissions = by_id(&self.omissions);
        scope.exclusions = by_id(&self.exclusions);
        scope.commitments = self.commitments.iter().copied().map(CommitmentKey).collect();
        for one in &self.objectives {
            scope.objectives.push(CoreObjective {
                id: one.id.clone(),
                statement: one.statement.clone(),
                assertions: one.assertions.iter().cloned().collect(),
                transactions: one.transactions.iter().cloned().collect(),
                is_general_control: one.is_general_control,
                controls: controls(&one.controls)?,
            });
        }
        let assumed = |one: &Assumed| CoreAssumed {
            text: one.text.clone(),
            criteria: one.criteria.iter().cloned().collect(),
        };
        for one in &self.subservices {
            scope.subservices.push(CoreSubservice {
                name: one.name.clone(),
                service: one.service.clone(),
                method: read("method", &one.method)?,
                why: one.why.clone(),
                assumed: one.assumed.iter().map(assumed).collect(),
                monitoring: controls(&one.monitoring)?,
                decision: one.decision.read()?,
                parts: one.parts.clone(),
                assertion: one.assertion.read()?,
                representations: one.representations.read()?,
            });
        }
        self.read_pieces(&mut scope)?;
        for one in &self.user_entities {
            scope.user_entities.push(UserEntityControl {
                kind: read("kind", &one.kind)?,
                text: one.text.clone(),
                criteria: one.criteria.iter().cloned().collect(),
                commitment: one.commitment.map(CommitmentKey),
                why: one.why.clone(),
            });
        }
        Ok(scope)
    }

    /// Reads systems, the boundary, vendors and what they expect.
    fn read_pieces(&self, scope: &mut CoreScope) -> Result<(), Error> {
        for id in &self.systems {
            scope.systems.insert(parsed("system", id)?);
        }
        for one in &self.elements {
            scope.elements.push(CoreElement {
                kind: read("kind", &one.kind)?,
                name: one.name.clone(),
                outside: one.outside.clone(),
            });
        }
        for one in &self.vendors {
            scope.vendors.push(CoreVendor {
                name: one.name.clone(),
                service: one.service.clone(),
                why: one.why.clone(),
                decision: one.decision.read()?,
            });
        }
        for one in &self.vendor_controls {
            scope.vendor_controls.push(CoreVendorControl {
                vendor: one.vendor.clone(),
                text: one.text.clone(),
                not_applicable: one.not_applicable.clone(),
                controls: controls(&one.controls)?,
                evidence: one.evidence.clone(),
            });
        }
        Ok(())
    }
}
