//! An examination as OSCAL: eight documents that refer to each other, in NIST's JSON.
//!
//! Criteria (or control objectives) are the controls of the catalog, in our own words; the organization's controls are
//! components that implement them. Results are those of management's own tests: nothing here states that a criterion is
//! met, as that would be an opinion. Identifiers follow from what they name, so the same model gives the same bytes, and
//! a later export names the same things alike.
//!
//! Source: NIST, Open Security Controls Assessment Language 1.2.3, JSON schemas.

mod assessment;
mod criteria;
mod ids;
mod plan_of_action;
mod system;

use std::io::{Cursor, Write as _};

use serde_json::{Value, json};
use tickmark_core::report::OscalModel;
use tickmark_core::report::package::PACKAGE_LINE;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::error::ReportError;
use ids::{Ids, line, string};

/// Version of the language.
const OSCAL_VERSION: &str = "1.2.3";
/// Names of our own properties.
const NAMESPACE: &str = "urn:tickmark:oscal";
/// What each document says about itself.
const OWN_WORK: &str = "Management's own description, tests and findings. No auditor wrote or examined any of it, and it states \
                        no opinion on any criterion.";

/// A document with the name of its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OscalFile {
    /// Name of the file, by which the others refer to it.
    pub name: &'static str,
    /// JSON.
    pub bytes: Vec<u8>,
}

/// Writes an examination as OSCAL: catalog, profile, component definition, system security plan, assessment plan,
/// assessment results, and a plan of action where there are findings (the language has no empty one).
///
/// # Errors
/// If the model cannot be written as JSON.
pub fn oscal(model: &OscalModel) -> Result<Vec<OscalFile>, ReportError> {
    let digest = model.digest()?;
    let of = Context { model, ids: Ids::of(model), digest: digest.to_string() };
    let mut documents = vec![
        (CATALOG, "catalog", criteria::catalog(&of)),
        (PROFILE, "profile", criteria::profile(&of)),
        (COMPONENTS, "component-definition", system::component_definition(&of)),
        (PLAN, "system-security-plan", system::security_plan(&of)),
        (ASSESSMENT_PLAN, "assessment-plan", assessment::plan(&of)),
        (RESULTS, "assessment-results", assessment::results(&of)),
    ];
    if !model.work.findings.is_empty() {
        documents.push((ACTIONS, "plan-of-action-and-milestones", plan_of_action::plan_of_action(&of)));
    }
    documents
        .into_iter()
        .map(|(name, root, body)| {
            let mut bytes = serde_json::to_vec_pretty(&without_empty(json!({ root: body })))?;
            bytes.push(b'\n');
            Ok(OscalFile { name, bytes })
        })
        .collect()
}

/// Packs the documents of [`oscal`] into one archive. The same model gives the same bytes.
///
/// # Errors
/// As [`oscal`]; or if the archive cannot be written.
pub fn oscal_zip(model: &OscalModel) -> Result<Vec<u8>, ReportError> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default());
    for file in oscal(model)? {
        archive.start_file(file.name, options)?;
        archive.write_all(&file.bytes).map_err(zip::result::ZipError::from)?;
    }
    Ok(archive.finish()?.into_inner())
}

const CATALOG: &str = "catalog.json";
const PROFILE: &str = "profile.json";
const COMPONENTS: &str = "component-definition.json";
const PLAN: &str = "system-security-plan.json";
const ASSESSMENT_PLAN: &str = "assessment-plan.json";
const RESULTS: &str = "assessment-results.json";
const ACTIONS: &str = "plan-of-action.json";

/// What each document is written from.
struct Context<'a> {
    model: &'a OscalModel,
    ids: Ids,
    digest: String,
}

impl Context<'_> {
    /// Returns identifier and metadata of a document: it is another one when the model is.
    fn head(&self, file: &str, title: &str) -> (String, Value) {
        let package = &self.model.package;
        let metadata = json!({
            "title": line(&format!("{title}: {} of {}, {}", package.report, package.system, package.organization)),
            "last-modified": package.generated,
            "version": string(&package.version),
            "oscal-version": OSCAL_VERSION,
            "props": [
                own("status", package.status.words()),
                own("status-line", PACKAGE_LINE),
                own("engagement", &package.engagement),
                own("time", &package.time),
                own("data-cut-off", &package.cut_off.to_string()),
                own("model-digest", &self.digest),
                own("generator", &package.generator),
            ],
            "roles": [{ "id": "management", "title": "Management of the service organization" }],
            "parties": [{
                "uuid": self.ids.organization(),
                "type": "organization",
                "name": string(&package.organization),
            }],
            "responsible-parties": [{ "role-id": "management", "party-uuids": [self.ids.organization()] }],
            "remarks": if package.is_example {
                format!("{OWN_WORK} The organization and everything about it are made up.")
            } else {
                OWN_WORK.to_owned()
            },
        });
        (self.ids.uuid("document", &format!("{file} {}", self.digest)), metadata)
    }

    /// Returns all criteria in scope as what was looked at.
    fn reviewed(&self) -> Value {
        let of = |id: &String| json!({ "control-id": self.ids.criterion(id) });
        let all: Vec<Value> = self.model.package.criteria.iter().map(|one| of(&one.id)).collect();
        json!({ "control-selections": [{ "include-controls": all }] })
    }
}

/// A property of our own.
fn own(name: &str, value: &str) -> Value {
    json!({ "name": name, "ns": NAMESPACE, "value": string(value) })
}

/// Takes out what is not there: the language has no empty list and no null.
fn without_empty(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(without_empty).collect()),
        Value::Object(map) => Value::Object(
            map.into_iter()
                .filter(|(_, value)| {
                    !value.is_null() && value.as_array().is_none_or(|items| !items.is_empty())
                })
                .map(|(key, value)| (key, without_empty(value)))
                .collect(),
        ),
        other => other,
    }
}

#[cfg(test)]
mod tests;
