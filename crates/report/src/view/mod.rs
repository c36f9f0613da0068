//! What the templates read: the model as JSON, with text made settable, figures numbered and the period measured.

mod period;
mod sources;
pub(crate) mod text;

use serde_json::{Value, json};
use tickmark_core::report::ReadinessReport;
use tickmark_core::report::readiness::STATUS_LINE;

use crate::error::ReportError;
use sources::Sources;

/// Returns the data of the readiness template.
pub(crate) fn of(report: &ReadinessReport) -> Result<Value, ReportError> {
    let mut model = serde_json::to_value(report)?;
    model["period"] = period::of(&report.period, report.cut_off);
    let mut sources = Sources::default();
    sources.number(&mut model);
    let mut view = json!({
        "report": model,
        "sources": sources.into_value(),
        "digest": report.digest()?.to_string(),
        "status": report.status.words(),
        "is_draft": report.status.is_draft(),
        "status_line": STATUS_LINE,
    });
    make_settable(&mut view);
    Ok(view)
}

fn make_settable(value: &mut Value) {
    match value {
        Value::String(text) => *text = text::settable(text),
        Value::Array(items) => items.iter_mut().for_each(make_settable),
        Value::Object(map) => map.values_mut().for_each(make_settable),
        _ => {}
    }
}
