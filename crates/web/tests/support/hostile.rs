//! The sample with hostile text in every field that others can fill.

use serde_json::{Value, json};
use tickmark_core::evidence::Method;
use tickmark_core::report::compare::Reason;
use tickmark_web::source::Views;

/// Text that breaks out of markup if it is not escaped.
pub(crate) const HOSTILE: &str =
    "\"><script>alert(1)</script><img src=x onerror=alert(1)>' javascript:alert(1) {{7*7}}";

/// Puts hostile text into every field that comes from targets, people or files.
pub(crate) fn poison(views: &mut Views) {
    let bad = || HOSTILE.to_owned();
    (views.context.organization, views.context.system, views.context.aim) = (bad(), bad(), bad());
    for attention in &mut views.overview.attention {
        (attention.title, attention.detail, attention.word) = (bad(), bad(), bad());
        attention.href = format!("/checks/{HOSTILE}");
    }
    views.overview.coverage.iter_mut().for_each(|row| row.label = bad());
    for row in views.overview.criteria.iter_mut().chain(views.criteria.iter_mut().map(|view| &mut view.row)) {
        (row.text, row.series_title, row.category) = (bad(), bad(), bad());
    }
    for view in &mut views.criteria {
        (view.decided, view.basis) = (bad(), bad());
        view.points.iter_mut().for_each(|point| (point.label, point.only_for) = (bad(), bad()));
        view.controls.iter_mut().for_each(|control| (control.title, control.owner) = (bad(), bad()));
        view.crosswalks
            .iter_mut()
            .for_each(|crosswalk| (crosswalk.framework, crosswalk.references) = (bad(), vec![bad()]));
        view.requests.iter_mut().for_each(|request| (request.title, request.kind) = (bad(), bad()));
    }
    for view in &mut views.controls {
        let row = &mut view.row;
        (row.title, row.owner, row.area, row.frequency) = (bad(), bad(), bad(), bad());
        row.criteria.push(bad());
        (view.statement, view.kind, view.nature, view.population) = (bad(), bad(), bad(), bad());
        view.evidence_expected = vec![bad()];
        view.answers.iter_mut().for_each(|answer| (answer.decided, answer.basis) = (bad(), bad()));
        view.tests
            .iter_mut()
            .for_each(|test| (test.message, test.target_name, test.check_title) = (bad(), bad(), bad()));
        view.evidence
            .iter_mut()
            .for_each(|row| (row.name, row.how, row.target) = (bad(), bad(), Some((1, bad()))));
    }
    poison_observations(views);
    for view in &mut views.artifacts {
        view.media_type = bad();
        for origin in &mut view.origins {
            (origin.row.name, origin.row.how, origin.row.target) = (bad(), bad(), Some((1, bad())));
            let provenance = origin.provenance.as_mut().expect("collected");
            provenance.user = bad();
            provenance.method =
                Method::Command { program: bad(), arguments: vec![bad()], exit_status: None, stderr: bad() };
        }
    }
    for row in &mut views.snapshots {
        (row.by, row.figures.readiness) = (bad(), bad());
    }
    for view in &mut views.comparisons {
        view.before.by = bad();
        for change in &mut view.changes {
            (change.subject, change.before, change.after) = (bad(), Some(bad()), Some(bad()));
            change.reasons = vec![Reason::Adopted { control: bad() }, Reason::Left { control: bad() }];
        }
    }
    let outside = &mut views.ledger.outside;
    outside.anchors.iter_mut().for_each(|row| row.authority = bad());
    outside.cosignatures.iter_mut().for_each(|row| row.witness = bad());
    outside.places.iter_mut().for_each(|row| (row.name, row.problem) = (bad(), bad()));
    views.ledger.keys.iter_mut().for_each(|row| row.key = bad());
    views.consistency.iter_mut().for_each(|view| view.old_root_base64 = bad());
    let ledger = &mut views.ledger;
    (ledger.origin, ledger.checkpoint, ledger.key) = (bad(), bad(), bad());
    ledger.leaves.iter_mut().for_each(|leaf| (leaf.kind, leaf.summary) = (bad(), bad()));
    views
        .leaves
        .iter_mut()
        .for_each(|leaf| (leaf.bytes, leaf.row.kind, leaf.row.summary) = (bad(), bad(), bad()));
}

fn poison_observations(views: &mut Views) {
    let bad = || HOSTILE.to_owned();
    let value = || json!({ HOSTILE: [HOSTILE, { HOSTILE: HOSTILE }] });
    for (row, view) in &mut views.checks {
        (row.title, row.group, view.group, view.origin) = (bad(), bad(), bad(), bad());
        let definition = &mut view.definition;
        (definition.title, definition.asserts, definition.rationale) = (bad(), bad(), bad());
        (definition.remediation, definition.references) =
            (format!("# {HOSTILE}\n- `{HOSTILE}`"), vec![bad()]);
        (definition.needs, definition.criteria, definition.controls) =
            (vec![bad()], vec![bad()], vec![bad()]);
        (definition.target_kind, definition.facts_schema, definition.parameters) = (bad(), bad(), value());
        view.rego = format!("# {HOSTILE}\nx := \"{HOSTILE}");
        view.tests = vec![bad()];
        for segment in view.history.iter_mut().flat_map(|strip| &mut strip.segments) {
            (segment.word, segment.note) = (bad(), bad());
        }
        for waiver in &mut view.waivers {
            (waiver.reason, waiver.risk, waiver.compensation) = (bad(), bad(), bad());
            (waiver.scope, waiver.approved_by) = (bad(), bad());
        }
        for result in &mut view.results {
            result.waiver = bad();
            result.target_name = bad();
            result.outcome.message = bad();
            result.outcome.subjects = vec![bad()];
            (result.outcome.observed, result.outcome.expected) = (value(), Value::String(bad()));
            for segment in result.strip.iter_mut().flat_map(|strip| &mut strip.segments) {
                (segment.word, segment.note) = (bad(), bad());
            }
        }
    }
    for row in views.period.controls.iter_mut().chain(views.control_periods.iter_mut().map(|v| &mut v.row)) {
        (row.title, row.area, row.owner, row.tested_by) = (bad(), bad(), bad(), bad());
        row.stretches.iter_mut().for_each(|stretch| stretch.note = bad());
    }
    for view in &mut views.control_periods {
        view.statement = bad();
        for check in &mut view.checks {
            check.title = bad();
            check.targets.iter_mut().for_each(|target| target.name = bad());
            let stretches = check.targets.iter_mut().flat_map(|target| &mut target.stretches);
            stretches.for_each(|stretch| stretch.note = bad());
        }
        for population in &mut view.populations {
            (population.title, population.trigger, population.source) = (bad(), bad(), bad());
        }
        for row in &mut view.deviations {
            (row.subject, row.test, row.waiver, row.note) = (bad(), bad(), bad(), bad());
        }
        for row in view.unseen.iter_mut().chain(&mut view.waived) {
            (row.subject, row.test, row.why) = (bad(), bad(), bad());
        }
        view.windows.iter_mut().for_each(|row| (row.name, row.note) = (bad(), bad()));
    }
    for row in views.coverage.targets.iter_mut().chain(&mut views.coverage.checks) {
        row.name = bad();
        row.stretches.iter_mut().for_each(|stretch| stretch.note = bad());
    }
    for row in &mut views.findings {
        (row.title, row.condition, row.effect, row.waiver) = (bad(), bad(), bad(), bad());
        row.remedy = format!("# {HOSTILE}\n- `{HOSTILE}`");
        row.targets.iter_mut().for_each(|target| target.name = bad());
    }
    for view in &mut views.looks {
        (view.target_name, view.check_title, view.asserts, view.waiver) = (bad(), bad(), bad(), bad());
        view.read = vec![(bad(), Some(value())), (bad(), None)];
        view.gaps.iter_mut().for_each(|gap| (gap.path, gap.detail) = (bad(), bad()));
        if let Some(outcome) = &mut view.outcome {
            (outcome.message, outcome.subjects, outcome.observed) = (bad(), vec![bad()], value());
        }
    }
    for view in &mut views.targets {
        (view.row.name, view.row.kind, view.row.external_id, view.schema) = (bad(), bad(), bad(), bad());
        view.facts = value();
        view.gaps.iter_mut().for_each(|gap| (gap.path, gap.detail) = (bad(), bad()));
        view.results
            .iter_mut()
            .for_each(|result| (result.check_title, result.outcome.message) = (bad(), bad()));
        view.artifacts
            .iter_mut()
            .for_each(|row| (row.name, row.how, row.target) = (bad(), bad(), Some((1, bad()))));
    }
    for view in &mut views.runs {
        view.row.collector = bad();
        view.facts.iter_mut().for_each(|(_, name, _)| *name = bad());
        view.coverage.iter_mut().for_each(|row| row.check_title = bad());
        view.changes.iter_mut().for_each(|row| (row.check_title, row.target_name) = (bad(), bad()));
        for gap in &mut view.gaps {
            (gap.target_name, gap.gap.path, gap.gap.detail) = (bad(), bad(), bad());
        }
    }
}
