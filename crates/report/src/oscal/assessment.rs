//! What management tests, and what its tests show.

use serde_json::{Value, json};
use tickmark_core::Timestamp;
use tickmark_core::conclusion::period::{State, TestKind};
use tickmark_core::report::own_work::{OwnDeviation, OwnTest};

use super::criteria::statement;
use super::ids::{line, prose};
use super::plan_of_action::risks;
use super::{ASSESSMENT_PLAN, Context, PLAN, RESULTS, own};

/// Most deviations that are told one by one in an observation; the rest is counted.
const TOLD: usize = 50;

/// The tests that management runs by itself.
pub(super) fn plan(of: &Context<'_>) -> Value {
    let work = &of.model.work;
    let (uuid, metadata) = of.head(ASSESSMENT_PLAN, "Management's own tests");
    let activities: Vec<Value> = work.tests.iter().map(|test| activity(of, test)).collect();
    let all = json!([{ "type": "component", "include-all": {} }]);
    let associated: Vec<Value> = work
        .tests
        .iter()
        .map(|test| json!({ "activity-uuid": activity_id(of, test), "subjects": all }))
        .collect();
    json!({
        "uuid": uuid,
        "metadata": metadata,
        "import-ssp": { "href": PLAN },
        "local-definitions": (!activities.is_empty()).then(|| json!({ "activities": activities })),
        "reviewed-controls": of.reviewed(),
        "assessment-subjects": all,
        "assessment-assets": assets(of),
        "tasks": [{
            "uuid": of.ids.uuid("task", "own tests"),
            "type": "action",
            "title": "Management tests its own controls",
            "description": "These tests are management's basis for its assertion. The auditor's tests are their own.",
            "timing": { "within-date-range": { "start": work.from, "end": work.to } },
            "associated-activities": associated,
        }],
    })
}

fn assets(of: &Context<'_>) -> Value {
    json!({
        "components": [{
            "uuid": of.ids.tool(),
            "type": "software",
            "title": line(&of.model.package.generator),
            "description": "Collects configuration, keeps records of performances and populations, and tests them.",
            "status": { "state": "operational" },
        }],
        "assessment-platforms": [{
            "uuid": of.ids.uuid("platform", "own"),
            "title": line(&of.model.package.generator),
            "uses-components": [{ "component-uuid": of.ids.tool() }],
        }],
    })
}

fn name(test: &OwnTest) -> String {
    format!("{} {} {}", test.control, test.kind.word(), test.test)
}

fn activity_id(of: &Context<'_>, test: &OwnTest) -> String {
    of.ids.uuid("activity", &name(test))
}

fn method(kind: TestKind) -> &'static str {
    match kind {
        TestKind::Configuration => "TEST",
        TestKind::Occurrence | TestKind::Population => "EXAMINE",
    }
}

fn activity(of: &Context<'_>, test: &OwnTest) -> Value {
    let asks = match test.kind {
        TestKind::Configuration => "Was it so at every moment that somebody looked?",
        TestKind::Occurrence => "Was it done in every window in which it was due?",
        TestKind::Population => "Were all attributes met for every item that its trigger produced?",
    };
    let control = of.model.package.controls.iter().find(|one| one.id == test.control);
    let served = control.map(|one| of.ids.known(&one.criteria)).unwrap_or_default();
    let related: Vec<Value> = served.iter().map(|(_, token)| json!({ "control-id": token })).collect();
    json!({
        "uuid": activity_id(of, test),
        "title": line(&format!("{}: {}", test.control, test.test)),
        "description": asks,
        "props": [own("method", method(test.kind)), own("control", &test.control), own("test", &test.test)],
        "related-controls": (!related.is_empty())
            .then(|| json!({ "control-selections": [{ "include-controls": related }] })),
    })
}

/// What the tests show over the time of the examination.
pub(super) fn results(of: &Context<'_>) -> Value {
    let (package, work) = (&of.model.package, &of.model.work);
    let (uuid, metadata) = of.head(RESULTS, "Results of management's own tests");
    let end = work.to.min(package.cut_off).max(work.from);
    let says = if package.cut_off < work.from {
        "The time of the examination lies ahead, so nothing was tested in it.".to_owned()
    } else {
        format!(
            "What management's own tests show from {} to {}. An observation that shows no deviation is no statement \
             that a criterion is met.",
            work.from.date(),
            end.date()
        )
    };
    json!({
        "uuid": uuid,
        "metadata": metadata,
        "import-ap": { "href": ASSESSMENT_PLAN },
        "results": [{
            "uuid": of.ids.uuid("result", &of.digest),
            "title": "Management's own tests",
            "description": says,
            "start": work.from,
            "end": end,
            "local-definitions": { "assessment-assets": assets(of) },
            "reviewed-controls": of.reviewed(),
            "observations": work.tests.iter().map(|test| observation(of, test)).collect::<Vec<_>>(),
            "risks": risks(of),
            "findings": findings(of),
        }],
    })
}

fn observation_id(of: &Context<'_>, test: &OwnTest) -> String {
    of.ids.uuid("observation", &name(test))
}

fn observation(of: &Context<'_>, test: &OwnTest) -> Value {
    let package = &of.model.package;
    let known = match test.state {
        State::Unknown => "not everything could be seen",
        State::Waived => "deviations stand under approved waivers",
        State::Operating => "no deviation was seen",
        other => other.plain(),
    };
    let mut says = format!(
        "{} looked at, {}: {known}.",
        counted(test.subjects, "subject", "subjects"),
        counted(test.deviations.len(), "deviation", "deviations")
    );
    for sentence in test.also() {
        says.push_str(&format!(" {}", prose(&sentence)));
    }
    for deviation in test.deviations.iter().take(TOLD) {
        says.push_str(&format!("\n\n{}", prose(&told(deviation))));
    }
    if test.deviations.len() > TOLD {
        says.push_str(&format!("\n\n{} more.", test.deviations.len() - TOLD));
    }
    let subject = package
        .controls
        .iter()
        .any(|one| one.id == test.control)
        .then(|| json!([{ "subject-uuid": of.ids.control(&test.control), "type": "component" }]));
    json!({
        "uuid": observation_id(of, test),
        "title": line(&format!("{}: {}", test.control, test.test)),
        "description": says,
        "props": [
            own("state", test.state.word()),
            own("tested", &test.subjects.to_string()),
            own("deviations", &test.deviations.len().to_string()),
            own("unseen", &test.unseen.to_string()),
        ],
        "methods": [method(test.kind)],
        "types": ["control-objective"],
        "origins": [{ "actors": [{ "type": "tool", "actor-uuid": of.ids.tool() }] }],
        "subjects": subject,
        "collected": package.cut_off,
    })
}

fn told(deviation: &OwnDeviation) -> String {
    let until = match deviation.until {
        Some(until) => format!(" to {}", until.minute()),
        None => String::new(),
    };
    let waived = if deviation.waived { " (under an approved waiver)" } else { "" };
    let note = if deviation.note.is_empty() { String::new() } else { format!(": {}", deviation.note) };
    format!(
        "{}, {}, from {}{until}{waived}{note}",
        deviation.subject,
        deviation.kind.word(),
        Timestamp::minute(deviation.from)
    )
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// What management found itself, against the criteria that each finding names. Nothing is stated of any other criterion.
fn findings(of: &Context<'_>) -> Vec<Value> {
    let work = &of.model.work;
    let mut all = Vec::new();
    for finding in &work.findings {
        let tests = work.tests.iter().filter(|test| {
            finding.control.as_deref() == Some(test.control.as_str())
                && (!finding.reference.starts_with("test.")
                    || finding.reference.ends_with(&format!(".{}", test.test)))
        });
        let seen: Vec<Value> =
            tests.map(|test| json!({ "observation-uuid": observation_id(of, test) })).collect();
        for (id, token) in of.ids.known(&finding.criteria) {
            all.push(json!({
                "uuid": of.ids.uuid("finding", &format!("{} {id}", finding.reference)),
                "title": line(&finding.title),
                "description": prose(&finding.condition),
                "origins": [{ "actors": [{ "type": "party", "actor-uuid": of.ids.organization() }] }],
                "target": {
                    "type": "statement-id",
                    "target-id": statement(&token),
                    "status": {
                        "state": "not-satisfied",
                        "reason": "other",
                        "remarks": "Management's own finding about its control. No auditor concluded on it.",
                    },
                },
                "related-observations": seen,
                "related-risks": [{ "risk-uuid": super::plan_of_action::risk_id(of, finding) }],
            }));
        }
    }
    all
}
