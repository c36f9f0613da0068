//! What is done about what management found.

use serde_json::{Value, json};
use tickmark_core::conclusion::FindingState;
use tickmark_core::report::own_work::OwnFinding;

use super::ids::{line, prose};
use super::{ACTIONS, Context, PLAN, own};

/// Findings with what is planned and until when.
pub(super) fn plan_of_action(of: &Context<'_>) -> Value {
    let (uuid, metadata) = of.head(ACTIONS, "What management mends");
    let items = of.model.work.findings.iter().map(|finding| {
        json!({
            "uuid": of.ids.uuid("item", &finding.reference),
            "title": line(&finding.title),
            "description": prose(&finding.condition),
            "props": [own("reference", &finding.reference), own("state", state(finding))],
            "origins": [{ "actors": [{ "type": "party", "actor-uuid": of.ids.organization() }] }],
            "related-risks": [{ "risk-uuid": risk_id(of, finding) }],
        })
    });
    json!({
        "uuid": uuid,
        "metadata": metadata,
        "import-ssp": { "href": PLAN },
        "risks": risks(of),
        "poam-items": items.collect::<Vec<_>>(),
    })
}

pub(super) fn risk_id(of: &Context<'_>, finding: &OwnFinding) -> String {
    of.ids.uuid("risk", &finding.reference)
}

/// The word for people.
fn state(finding: &OwnFinding) -> &'static str {
    match finding.state {
        FindingState::Open => "open",
        FindingState::Fixed => "fixed, not verified",
        FindingState::Closed => "closed",
    }
}

/// What may follow from each finding, with what is recommended and planned.
pub(super) fn risks(of: &Context<'_>) -> Vec<Value> {
    of.model.work.findings.iter().map(|finding| risk(of, finding)).collect()
}

fn risk(of: &Context<'_>, finding: &OwnFinding) -> Value {
    let status = match finding.state {
        FindingState::Open if finding.plan.is_empty() => "open",
        FindingState::Open | FindingState::Fixed => "remediating",
        FindingState::Closed => "closed",
    };
    let response = |lifecycle: &str, title: &str, text: &str| {
        (!text.is_empty()).then(|| {
            json!({
                "uuid": of.ids.uuid("response", &format!("{} {lifecycle}", finding.reference)),
                "lifecycle": lifecycle,
                "title": title,
                "description": prose(text),
            })
        })
    };
    let planned = match finding.state {
        FindingState::Open => response("planned", "What management does", &finding.plan),
        FindingState::Fixed | FindingState::Closed => {
            response("completed", "What management did", &finding.plan)
        }
    };
    let responses: Vec<Value> =
        [response("recommendation", "What would mend it", &finding.recommendation), planned]
            .into_iter()
            .flatten()
            .collect();
    json!({
        "uuid": risk_id(of, finding),
        "title": line(&finding.title),
        "description": prose(&finding.condition),
        "statement": prose(&finding.effect),
        "props": [
            own("reference", &finding.reference),
            own("severity", finding.severity.word()),
            own("opened", &finding.opened.to_string()),
            own("cause", &finding.cause),
        ],
        "status": status,
        "deadline": finding.due.as_ref().map(|day| format!("{day}T23:59:59Z")),
        "remediations": responses,
    })
}
