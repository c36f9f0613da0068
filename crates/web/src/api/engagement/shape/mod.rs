//! What examinations, their scope and their papers are in JSON.

mod preparation;
mod scope;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::Error;
use tickmark_app::engagement::Version;
use tickmark_core::engagement::{
    Assertion as CoreAssertion, Description, Document, Part, Passage as CorePassage,
};

use crate::api::call::Taken;
use crate::api::words::read;

pub(in crate::api::engagement) use preparation::*;
pub(in crate::api::engagement) use scope::*;

const STEPS: [&str; 2] = ["review", "approve"];
/// Words of the parts of a description.
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

/// A scope, and why it is so.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api::engagement) struct NewEngagement {
    pub(in crate::api::engagement) scope: Scope,
    /// Why; for a change after the first approval, the note that goes with it.
    #[schemars(length(min = 1, max = 4_000))]
    pub(in crate::api::engagement) reason: String,
}

/// What is said in one part of the description.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api::engagement) struct Passage {
    #[schemars(extend("enum" = PARTS))]
    pub(in crate::api::engagement) part: String,
    #[serde(default)]
    #[schemars(length(max = 40_000))]
    pub(in crate::api::engagement) text: String,
    /// There is nothing to tell, and management says so; for incidents and changes.
    #[serde(default)]
    pub(in crate::api::engagement) none: bool,
}

/// The description of the system.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api::engagement) struct DescriptionText {
    #[schemars(length(max = 13))]
    pub(in crate::api::engagement) parts: Vec<Passage>,
    /// Parts that come first, in this order; the others follow in the usual one. Empty for the usual order of all.
    #[serde(default)]
    #[schemars(length(max = 13), extend("items" = serde_json::json!({"type": "string", "enum": PARTS})))]
    pub(in crate::api::engagement) order: Vec<String>,
}

impl From<&Description> for DescriptionText {
    fn from(description: &Description) -> Self {
        let passage = |(part, passage): (&Part, &CorePassage)| Passage {
            part: part.word().to_owned(),
            text: passage.text.clone(),
            none: passage.none,
        };
        let order = description.order.iter().map(|part| part.word().to_owned()).collect();
        Self { parts: description.parts.iter().map(passage).collect(), order }
    }
}

impl DescriptionText {
    pub(in crate::api::engagement) fn read(&self) -> Result<Description, Error> {
        let mut parts = BTreeMap::new();
        for one in &self.parts {
            let passage = CorePassage { text: one.text.clone(), none: one.none };
            if parts.insert(read::<Part>("part", &one.part)?, passage).is_some() {
                return Err(Error::invalid(format!("the part {:?} is there twice", one.part)));
            }
        }
        let order = self.order.iter().map(|word| read::<Part>("part", word)).collect::<Result<_, _>>()?;
        Ok(Description { parts, order, ..Description::default() })
    }
}

/// Management's assertion.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api::engagement) struct AssertionText {
    #[schemars(length(min = 1, max = 40_000))]
    pub(in crate::api::engagement) text: String,
    /// Name of who signs.
    #[schemars(length(min = 1, max = 200))]
    pub(in crate::api::engagement) signatory: String,
    /// Their title.
    #[schemars(length(min = 1, max = 200))]
    pub(in crate::api::engagement) title: String,
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
pub(in crate::api::engagement) struct Signature {
    #[schemars(extend("enum" = STEPS))]
    pub(in crate::api::engagement) step: String,
}

/// A document with where it stands.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Written{T}")]
pub(in crate::api::engagement) struct Written<T> {
    /// Number of what was written last, from 1.
    pub(in crate::api::engagement) version: u32,
    /// Who wrote it last.
    pub(in crate::api::engagement) by: String,
    pub(in crate::api::engagement) at: String,
    pub(in crate::api::engagement) content: T,
}

impl<T> Written<T> {
    pub(in crate::api::engagement) fn of<C>(document: &Document<C>, content: impl FnOnce(&C) -> T) -> Self {
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
pub(in crate::api::engagement) struct Engagement {
    /// Its number; pages call it `E-` and the number.
    pub(in crate::api::engagement) key: i64,
    /// `planned`, `scoped`, `change_waits` or `closed`.
    pub(in crate::api::engagement) state: String,
    /// The scope as last written.
    pub(in crate::api::engagement) scope: Scope,
    /// The scope that was approved and holds; null while none was.
    pub(in crate::api::engagement) approved: Option<Scope>,
    pub(in crate::api::engagement) description: Option<Written<DescriptionText>>,
    pub(in crate::api::engagement) assertion: Option<Written<AssertionText>>,
    /// Processes of a SOC 1 description, in order; changing one has its place, from 1, in its address.
    pub(in crate::api::engagement) processes: Vec<Process>,
    /// How the auditor's opinion is going to be modified, as management was told; null while nothing was told.
    pub(in crate::api::engagement) modification: Option<String>,
    /// Firms that were considered, the letter of engagement, walkthroughs.
    pub(in crate::api::engagement) administration: Administration,
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
            processes: record.described().processes.iter().map(Into::into).collect(),
            modification: record.modified().map(|modified| modified.reason.clone()),
            administration: (&record.administration).into(),
        }
    }
}

/// An examination as it stood from a moment on.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(in crate::api::engagement) struct EngagementVersion {
    /// Its number, from 1, as `ETag` and `If-Match` have it.
    pub(in crate::api::engagement) version: i64,
    /// From when.
    pub(in crate::api::engagement) since: String,
    pub(in crate::api::engagement) engagement: Engagement,
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
