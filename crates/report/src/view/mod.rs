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
