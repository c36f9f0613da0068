//! What the templates read: the model as JSON, with text made settable, figures numbered and the period measured.

mod files;
mod period;
mod sources;
pub(crate) mod text;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tickmark_core::report::package::PACKAGE_LINE;
use tickmark_core::report::readiness::STATUS_LINE;
use tickmark_core::report::{CopyFor, Files, ReadinessReport, SocPackage, Writing};

use crate::error::ReportError;
use sources::Sources;

/// Returns the data of the readiness template.
pub(crate) fn of(report: &ReadinessReport) -> Result<Value, ReportError> {
    let mut model = serde_json::to_value(report)?;
    model["period"] = period::of(&report.period, report.cut_off);
    for list in ["criteria", "controls", "findings"] {
        add_anchors(list, &mut model[list]);
    }
    let mut sources = Sources::default();
    sources.number(&mut model);
    let mut view = json!({
        "report": model,
        "sources": sources.into_value(),
        "digest": report.digest()?.to_string(),
        "status": report.status.words(),
        "is_draft": report.status.is_draft(),
        "status_line": STATUS_LINE,
        "document": "Readiness assessment",
        "title": format!("{}: readiness assessment of {}", report.organization.name, report.system.name),
    });
    make_settable(&mut view);
    Ok(view)
}

/// Returns the data of the template of management's part of a report.
///
/// A copy for somebody says on each page for whom it is.
pub(crate) fn of_package(
    package: &SocPackage,
    copy: Option<&CopyFor>,
    files: &Files,
) -> Result<Value, ReportError> {
    let mut model = serde_json::to_value(package)?;
    if let Some(section) = &package.section {
        model["section"]["pages"] =
            json!(files.get(&section.digest).and_then(|bytes| files::page_count(bytes)));
    }
    model["organization"] = json!({ "name": package.organization });
    model["system"] = json!({ "name": package.system });
    for list in ["criteria", "controls"] {
        add_anchors(list, &mut model[list]);
    }
    let anchors: BTreeMap<&str, String> = package
        .controls
        .iter()
        .enumerate()
        .map(|(index, control)| (control.id.as_str(), format!("controls-{index}")))
        .collect();
    let mut view = json!({
        "report": model,
        "anchors": anchors,
        "files": files::paths(files),
        "copy": copy.map(CopyFor::words),
        "digest": package.digest()?.to_string(),
        "status": package.status.words(),
        "is_draft": package.status.is_draft(),
        "status_line": PACKAGE_LINE,
        "document": format!("{}, management's part", package.report),
        "title": format!("{}: management's part of the {} report on {}", package.organization, package.report, package.system),
    });
    make_settable(&mut view);
    Ok(view)
}

/// Returns the data of the template of letters and single parts.
pub(crate) fn of_writing(
    writing: &Writing,
    copy: Option<&CopyFor>,
    files: &Files,
) -> Result<Value, ReportError> {
    let mut model = serde_json::to_value(writing)?;
    model["organization"] = json!({ "name": writing.organization });
    model["system"] = json!({ "name": writing.system });
    let mut view = json!({
        "report": model,
        "files": files::paths(files),
        "copy": copy.map(CopyFor::words),
        "digest": writing.digest()?.to_string(),
        "status": writing.status.words(),
        "is_draft": writing.status.is_draft(),
        "status_line": writing.status_line,
        "document": format!("{}, {}", writing.title, writing.report),
        "title": format!("{}: {}", writing.organization, writing.title),
    });
    make_settable(&mut view);
    Ok(view)
}

/// Gives each row of a list a name to link to. Ids would not do: nothing keeps foreign ids from being equal.
fn add_anchors(list: &str, rows: &mut Value) {
    for (index, row) in rows.as_array_mut().into_iter().flatten().enumerate() {
        row["anchor"] = Value::String(format!("{list}-{index}"));
    }
}

fn make_settable(value: &mut Value) {
    match value {
        Value::String(text) => *text = text::settable(text),
        Value::Array(items) => items.iter_mut().for_each(make_settable),
        Value::Object(map) => map.values_mut().for_each(make_settable),
        _ => {}
    }
}
