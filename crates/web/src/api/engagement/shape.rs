//! What examinations, their scope and their papers are in JSON.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::Error;
use tickmark_app::engagement::Version;
use tickmark_core::control::ControlId;
use tickmark_core::control::commitment::CommitmentKey;
use tickmark_core::engagement::{
    Assertion as CoreAssertion, Assumed as CoreAssumed, Decision as CoreDecision, Description, Document,
    Element as CoreElement, Given as CoreGiven, Objective as CoreObjective, Part, Passage as CorePassage,
    Scope as CoreScope, Subservice as CoreSubservice, Time, UserEntityControl, Vendor as CoreVendor,
    VendorControl as CoreVendorControl,
};

use crate::api::call::Taken;
use crate::api::words::{parsed, read};

const REPORTS: [&str; 3] = ["soc1", "soc2", "soc3"];
const METHODS: [&str; 2] = ["carve_out", "inclusive"];
const GIVEN: [&str; 4] = ["open", "agreed", "received", "refused"];
const ELEMENTS: [&str; 4] = ["environment", "site", "team", "data"];
const EXPECTED: [&str; 2] = ["control", "responsibility"];
const STEPS: [&str; 2] = ["review", "approve"];
const PARTS: [&str; 13] = [
    "services",
    "transactions",
    "commitments",
    "infrastructure",
    "software",
    "people",
    "procedures",
    "data",
    "environment",
    "incidents",
    "user_entities",
    "subservices",
    "changes",
];

/// Why something is in a scope, or left out of it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Because {
    /// A category or criterion.
    #[schemars(length(min = 1, max = 60))]
    pub(super) id: String,
    #[schemars(length(min = 1, max = 4_000))]
    pub(super) reason: String,
}

/// An objective of a SOC 1.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Objective {
    #[schemars(length(min = 1, max = 200))]
    pub(super) id: String,
    #[schemars(length(min = 1, max = 4_000))]
    pub(super) statement: String,
    /// Assertions of financial reporting that it serves.
    #[serde(default)]
    #[schemars(length(max = 20), inner(length(min = 1, max = 60)))]
    pub(super) assertions: Vec<String>,
    /// Classes of transactions that it is about.
    #[serde(default)]
    #[schemars(length(max = 50), inner(length(min = 1, max = 200)))]
    pub(super) transactions: Vec<String>,
    /// Whether it is about IT general controls.
    #[serde(default)]
    pub(super) is_general_control: bool,
    /// Controls that meet it.
    #[serde(default)]
    #[schemars(length(max = 200), inner(length(min = 1, max = 40)))]
    pub(super) controls: Vec<String>,
}

/// Who decided what a vendor is, for this examination.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Decision {
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub(super) approver: String,
    /// The day; null while it has to be decided.
    #[serde(default)]
    #[schemars(extend("format" = "date"))]
    pub(super) decided: Option<String>,
    /// Categories that were looked at.
    #[serde(default)]
    #[schemars(length(max = 20), inner(length(min = 1, max = 60)))]
    pub(super) categories: Vec<String>,
}

/// What a subservice organization's management gives under the inclusive method.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Given {
    #[schemars(extend("enum" = GIVEN))]
    pub(super) state: String,
    /// Where it is.
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub(super) reference: String,
}

impl Default for Given {
    fn default() -> Self {
        Self::from(&CoreGiven::default())
    }
}

/// A vendor that was decided not to be a subservice organization.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Vendor {
    #[schemars(length(min = 1, max = 200))]
    pub(super) name: String,
    /// What it does.
    #[schemars(length(min = 1, max = 4_000))]
    pub(super) service: String,
    /// Why it is none.
    #[schemars(length(min = 1, max = 4_000))]
    pub(super) why: String,
    #[serde(default)]
    pub(super) decision: Decision,
}

/// A control that a vendor expects of its customers.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct VendorControl {
    /// Name of the vendor.
    #[schemars(length(min = 1, max = 200))]
    pub(super) vendor: String,
    /// What it expects.
    #[schemars(length(min = 1, max = 4_000))]
    pub(super) text: String,
    /// Why it does not apply; empty where it does.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    pub(super) not_applicable: String,
    /// Own controls that meet it.
    #[serde(default)]
    #[schemars(length(max = 200), inner(length(min = 1, max = 40)))]
    pub(super) controls: Vec<String>,
    /// What shows it.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    pub(super) evidence: String,
}

/// A piece that is inside the boundary, or outside for a reason.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Element {
    #[schemars(extend("enum" = ELEMENTS))]
    pub(super) kind: String,
    #[schemars(length(min = 1, max = 200))]
    pub(super) name: String,
    /// Why it is outside; empty where it is inside.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    pub(super) outside: String,
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
pub(super) struct Assumed {
    #[schemars(length(min = 1, max = 4_000))]
    pub(super) text: String,
    /// Criteria that need it.
    #[serde(default)]
    #[schemars(length(max = 200), inner(length(min = 1, max = 40)))]
    pub(super) criteria: Vec<String>,
}

/// A subservice organization.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Subservice {
    #[schemars(length(min = 1, max = 200))]
    pub(super) name: String,
    /// What it does.
    #[schemars(length(min = 1, max = 4_000))]
    pub(super) service: String,
    #[schemars(extend("enum" = METHODS))]
    pub(super) method: String,
    /// Why own controls do not suffice without it.
    #[schemars(length(min = 1, max = 4_000))]
    pub(super) why: String,
    /// Types of controls that are assumed there.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub(super) assumed: Vec<Assumed>,
    /// Own controls that watch over it.
    #[serde(default)]
    #[schemars(length(max = 200), inner(length(min = 1, max = 40)))]
    pub(super) monitoring: Vec<String>,
    /// Who decided that it is one.
    #[serde(default)]
    pub(super) decision: Decision,
    /// Under the inclusive method, which parts of the system are its.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    pub(super) parts: String,
    /// Under the inclusive method, the assertion of its management.
    #[serde(default)]
    pub(super) assertion: Given,
    /// Under the inclusive method, the representations of its management.
    #[serde(default)]
    pub(super) representations: Given,
}

/// What customers have to do.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Expected {
    #[schemars(extend("enum" = EXPECTED))]
    pub(super) kind: String,
    #[schemars(length(min = 1, max = 4_000))]
    pub(super) text: String,
    /// Criteria that need it.
    #[serde(default)]
    #[schemars(length(max = 200), inner(length(min = 1, max = 40)))]
    pub(super) criteria: Vec<String>,
    /// Number of the commitment that needs it.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub(super) commitment: Option<i64>,
    /// Why customers must do it.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    pub(super) why: String,
}

/// What an examination is about.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Scope {
    /// Which report it ends in.
    #[schemars(extend("enum" = REPORTS))]
    pub(super) report: String,
    /// The day of a Type 1; null for a period.
    #[serde(default)]
    #[schemars(extend("format" = "date"))]
    pub(super) as_of: Option<String>,
    /// First day of the period; null for one day.
    #[serde(default)]
    #[schemars(extend("format" = "date"))]
    pub(super) from: Option<String>,
    /// Last day of the period.
    #[serde(default)]
    #[schemars(extend("format" = "date"))]
    pub(super) to: Option<String>,
    /// Name of the system.
    #[schemars(length(min = 1, max = 200))]
    pub(super) system: String,
    /// Ids of the systems that it is made of. Where there is one, it is that one.
    #[serde(default)]
    #[schemars(length(max = 200), inner(length(min = 1, max = 60)))]
    pub(super) systems: Vec<String>,
    /// Services that it provides.
    #[serde(default)]
    #[schemars(length(max = 200), inner(length(min = 1, max = 200)))]
    pub(super) services: Vec<String>,
    /// What belongs to it, in words.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    pub(super) boundary: String,
    /// What does not.
    #[serde(default)]
    #[schemars(length(max = 200), inner(length(min = 1, max = 200)))]
    pub(super) outside: Vec<String>,
    /// Environments, sites, teams and types of data, in and out.
    #[serde(default)]
    #[schemars(length(max = 500))]
    pub(super) elements: Vec<Element>,
    /// The firm that examines.
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub(super) firm: String,
    /// Categories, each with why it is in.
    #[serde(default)]
    #[schemars(length(max = 20))]
    pub(super) categories: Vec<Because>,
    /// Categories that were considered and left out, each with why.
    #[serde(default)]
    #[schemars(length(max = 20))]
    pub(super) omissions: Vec<Because>,
    /// Criteria that are taken out, each with why.
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub(super) exclusions: Vec<Because>,
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub(super) objectives: Vec<Objective>,
    /// Numbers of commitments.
    #[serde(default)]
    #[schemars(length(max = 200), inner(range(min = 1)))]
    pub(super) commitments: Vec<i64>,
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub(super) subservices: Vec<Subservice>,
    /// Vendors that were decided to be none.
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub(super) vendors: Vec<Vendor>,
    /// Controls that vendors expect of us.
    #[serde(default)]
    #[schemars(length(max = 500))]
    pub(super) vendor_controls: Vec<VendorControl>,
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub(super) user_entities: Vec<Expected>,
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
    pub(super) fn read(&self) -> Result<CoreScope, Error> {
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

/// A scope, and why it is so.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewEngagement {
    pub(super) scope: Scope,
    /// Why; for a change after the first approval, the note that goes with it.
    #[schemars(length(min = 1, max = 4_000))]
    pub(super) reason: String,
}

/// What is said in one part of the description.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Passage {
    #[schemars(extend("enum" = PARTS))]
    pub(super) part: String,
    #[serde(default)]
    #[schemars(length(max = 40_000))]
    pub(super) text: String,
    /// There is nothing to tell, and management says so; for incidents and changes.
    #[serde(default)]
    pub(super) none: bool,
}

/// The description of the system.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DescriptionText {
    #[schemars(length(max = 13))]
    pub(super) parts: Vec<Passage>,
}

impl From<&Description> for DescriptionText {
    fn from(description: &Description) -> Self {
        let passage = |(part, passage): (&Part, &CorePassage)| Passage {
            part: part.word().to_owned(),
            text: passage.text.clone(),
            none: passage.none,
        };
        Self { parts: description.parts.iter().map(passage).collect() }
    }
}

impl DescriptionText {
    pub(super) fn read(&self) -> Result<Description, Error> {
        let mut parts = BTreeMap::new();
        for one in &self.parts {
            let passage = CorePassage { text: one.text.clone(), none: one.none };
            if parts.insert(read::<Part>("part", &one.part)?, passage).is_some() {
                return Err(Error::invalid(format!("the part {:?} is there twice", one.part)));
            }
        }
        Ok(Description { parts, ..Description::default() })
    }
}

/// Management's assertion.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AssertionText {
    #[schemars(length(min = 1, max = 40_000))]
    pub(super) text: String,
    /// Name of who signs.
    #[schemars(length(min = 1, max = 200))]
    pub(super) signatory: String,
    /// Their title.
    #[schemars(length(min = 1, max = 200))]
    pub(super) title: String,
}

impl From<&CoreAssertion> for AssertionText {
    fn from(assertion: &CoreAssertion) -> Self {
        Self {
            text: assertion.text.clone(),
            signatory: assertion.signatory.clone(),
            title: assertion.title.clone(),
        }
    }
}

/// Which step is taken.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Signature {
    #[schemars(extend("enum" = STEPS))]
    pub(super) step: String,
}

/// A document with where it stands.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Written{T}")]
pub(super) struct Written<T> {
    /// Number of what was written last, from 1.
    pub(super) version: u32,
    /// Who wrote it last.
    pub(super) by: String,
    pub(super) at: String,
    pub(super) content: T,
}

impl<T> Written<T> {
    pub(super) fn of<C>(document: &Document<C>, content: impl FnOnce(&C) -> T) -> Self {
        Self {
            version: document.version,
            by: document.by.to_string(),
            at: document.at.to_string(),
            content: content(&document.content),
        }
    }
}

/// An examination.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Engagement {
    /// Its number; pages call it `E-` and the number.
    pub(super) key: i64,
    /// `planned`, `scoped`, `change_waits` or `closed`.
    pub(super) state: String,
    /// The scope as last written.
    pub(super) scope: Scope,
    /// The scope that was approved and holds; null while none was.
    pub(super) approved: Option<Scope>,
    pub(super) description: Option<Written<DescriptionText>>,
    pub(super) assertion: Option<Written<AssertionText>>,
}

impl From<&Version> for Engagement {
    fn from(version: &Version) -> Self {
        let record = &version.record;
        Self {
            key: record.key.0,
            state: record.standing().word().to_owned(),
            scope: Scope::from(&record.scope),
            approved: record.approved().map(|approved| Scope::from(&approved.scope)),
            description: record
                .description
                .as_ref()
                .map(|document| Written::of(document, |content| DescriptionText::from(content))),
            assertion: record
                .assertion
                .as_ref()
                .map(|document| Written::of(document, |content| AssertionText::from(content))),
        }
    }
}

/// An examination as it stood from a moment on.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct EngagementVersion {
    /// Its number, from 1, as `ETag` and `If-Match` have it.
    pub(super) version: i64,
    /// From when.
    pub(super) since: String,
    pub(super) engagement: Engagement,
}

impl From<&Version> for EngagementVersion {
    fn from(version: &Version) -> Self {
        Self { version: version.number, since: version.since.to_string(), engagement: version.into() }
    }
}

impl Taken for NewEngagement {}
impl Taken for DescriptionText {}
impl Taken for AssertionText {}
impl Taken for Signature {}
