//! The JSON of answers. What is not listed here does not leave.

use schemars::JsonSchema;
use serde::Serialize;
use tickmark_app::identity::audit::Row;

use crate::catalog::CriterionRow;
use crate::conclusion::finding::FindingRow;
use crate::control::ControlRow;
use crate::design::badge::VerdictCounts;
use crate::evidence::ArtifactRow;
use crate::observation::check::CheckRow;
use crate::observation::run::RunRow;
use crate::observation::target::{TargetRow, TargetView};

/// One page of a list.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "PageOf{T}")]
pub(crate) struct Page<T> {
    /// The items, in the order of the list.
    pub(crate) items: Vec<T>,
    /// The cursor of the next page; null on the last one.
    pub(crate) next: Option<String>,
}

/// How many results say what.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Verdicts {
    /// Proven as asserted.
    pass: usize,
    /// Shown not to be as asserted.
    fail: usize,
    /// Could not be seen.
    unknown: usize,
    /// No subject here.
    not_applicable: usize,
}

impl From<&VerdictCounts> for Verdicts {
    fn from(of: &VerdictCounts) -> Self {
        Self { pass: of.pass, fail: of.fail, unknown: of.unknown, not_applicable: of.not_applicable }
    }
}

/// The four questions about a control, answered by people: `yes`, `partly`, `no` or `not_assessed`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Answers {
    /// Is it designed to meet its criteria.
    designed: String,
    /// Is it in place.
    implemented: String,
    /// Did it operate.
    operating: String,
    /// Is there evidence of it.
    evidenced: String,
}

/// What tests suggest where nobody has answered; null where they suggest nothing.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Suggestions {
    /// As for answers.
    designed: Option<String>,
    /// As for answers.
    implemented: Option<String>,
    /// As for answers.
    operating: Option<String>,
    /// As for answers.
    evidenced: Option<String>,
}

/// A control.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Control {
    /// Identifier, e.g. `IAM-07`.
    pub(crate) id: String,
    title: String,
    /// Area, e.g. `Identity and access`.
    area: String,
    /// Who answers for it; may be empty.
    owner: String,
    /// How often, e.g. `quarterly`.
    frequency: String,
    /// Criteria it maps to.
    criteria: Vec<String>,
    /// Criteria it is a key control for.
    key_for: Vec<String>,
    /// What follows from its answers: `gap`, `design_weakness`, `operating_weakness`, `evidence_weakness`, `not_assessed`
    /// or `ready`.
    pub(crate) status: String,
    answers: Answers,
    suggestions: Suggestions,
    /// What its automated tests say now.
    verdicts: Verdicts,
}

impl From<&ControlRow> for Control {
    fn from(row: &ControlRow) -> Self {
        let [designed, implemented, operating, evidenced] = row.answers.map(|answer| answer.key().to_owned());
        let answers = Answers { designed, implemented, operating, evidenced };
        let [designed, implemented, operating, evidenced] =
            row.suggestions.map(|answer| answer.map(|answer| answer.key().to_owned()));
        Self {
            id: row.id.clone(),
            title: row.title.clone(),
            area: row.area.clone(),
            owner: row.owner.clone(),
            frequency: row.frequency.clone(),
            criteria: row.criteria.clone(),
            key_for: row.key_for.clone(),
            status: row.status.key().to_owned(),
            answers,
            suggestions: Suggestions { designed, implemented, operating, evidenced },
            verdicts: Verdicts::from(&row.verdicts),
        }
    }
}

/// A criterion.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Criterion {
    /// Identifier, e.g. `CC6.1`.
    pub(crate) id: String,
    /// Series, e.g. `CC6`.
    series: String,
    /// Category, e.g. `Common criteria`.
    category: String,
    /// What is asked, in our words.
    text: String,
    /// How far it is served: `not_met`, `partly_met`, `not_assessed` or `met`. Readiness, and never an opinion.
    pub(crate) status: String,
    /// Controls mapped to it.
    controls: usize,
    /// Key controls among them.
    key_controls: usize,
    /// Key controls that are ready.
    key_ready: usize,
}

impl From<&CriterionRow> for Criterion {
    fn from(row: &CriterionRow) -> Self {
        Self {
            id: row.id.clone(),
            series: row.series.clone(),
            category: row.category.clone(),
            text: row.text.clone(),
            status: row.status.key().to_owned(),
            controls: row.controls,
            key_controls: row.key_controls,
            key_ready: row.key_ready,
        }
    }
}

/// A check.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Check {
    /// Identifier, worded as the passing state.
    pub(crate) id: String,
    title: String,
    /// Group, e.g. `ssh`.
    group: String,
    /// How much a failure matters.
    severity: String,
    /// Controls it tests.
    controls: Vec<String>,
    /// What it says now, over all targets.
    verdicts: Verdicts,
    /// Targets under a waiver now.
    waived: usize,
}

impl From<&CheckRow> for Check {
    fn from(row: &CheckRow) -> Self {
        Self {
            id: row.id.clone(),
            title: row.title.clone(),
            group: row.group.clone(),
            severity: word(row.severity),
            controls: row.controls.clone(),
            verdicts: Verdicts::from(&row.verdicts),
            waived: row.waived,
        }
    }
}

/// What is looked at.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Target {
    /// Key.
    pub(crate) key: i64,
    /// Kind, e.g. `host`.
    kind: String,
    name: String,
    /// Identity that survives renaming.
    external_id: String,
    /// What checks say about it now.
    verdicts: Verdicts,
    /// Facts that could not be seen at the last look.
    gaps: usize,
    /// The last look; null before the first one.
    last_seen: Option<String>,
}

impl From<&TargetRow> for Target {
    fn from(row: &TargetRow) -> Self {
        Self {
            key: row.key,
            kind: row.kind.clone(),
            name: row.name.clone(),
            external_id: row.external_id.clone(),
            verdicts: Verdicts::from(&row.verdicts),
            gaps: row.gaps,
            last_seen: row.last_seen.map(|at| at.to_string()),
        }
    }
}

/// What a check says about a target now.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct CheckResult {
    /// The check.
    check: String,
    /// How much a failure matters.
    severity: String,
    /// `pass`, `fail`, `unknown` or `not_applicable`.
    verdict: String,
    /// Since when it says so.
    since: String,
}

/// A target with what checks say about it now.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct TargetDetail {
    target: Target,
    /// Digest of the facts; null when there are none.
    facts: Option<String>,
    /// Worst first.
    results: Vec<CheckResult>,
}

impl From<&TargetView> for TargetDetail {
    fn from(view: &TargetView) -> Self {
        let results = view.results.iter().map(|result| CheckResult {
            check: result.check_id.clone(),
            severity: word(result.severity),
            verdict: word(result.outcome.verdict),
            since: result.since.to_string(),
        });
        Self {
            target: Target::from(&view.row),
            facts: view.facts_digest.map(|digest| digest.to_string()),
            results: results.collect(),
        }
    }
}

/// A run.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Run {
    /// Key.
    pub(crate) key: i64,
    /// Collector and version.
    collector: String,
    started: String,
    /// Null while it goes on, or was cut off.
    finished: Option<String>,
    /// `complete`, `partial`, `missed` or `open`.
    state: String,
    /// Verdicts it gave.
    verdicts: usize,
    /// Facts it could not see.
    gaps: usize,
    /// Verdicts that changed with it.
    changes: usize,
    /// Index of the ledger entry that closes it.
    ledger_entry: Option<u64>,
}

impl From<&RunRow> for Run {
    fn from(row: &RunRow) -> Self {
        Self {
            key: row.key,
            collector: row.collector.clone(),
            started: row.started.to_string(),
            finished: row.finished.map(|at| at.to_string()),
            state: row.state.key().to_owned(),
            verdicts: row.verdicts,
            gaps: row.gaps,
            changes: row.changes,
            ledger_entry: row.leaf,
        }
    }
}

/// Where a finding stands.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct FindingTarget {
    /// Key of the target.
    key: i64,
    name: String,
    /// The last look that did not find it; null when every look did.
    seen_good: Option<String>,
    /// The first look that found it.
    seen_bad: String,
}

/// What falls short.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Finding {
    /// What names it whenever it is found again.
    reference: String,
    title: String,
    /// How much it matters.
    pub(crate) severity: String,
    /// Control concerned; may be empty.
    control: String,
    /// Criteria concerned.
    criteria: Vec<String>,
    /// Check that showed it; empty when people's answers did.
    check: String,
    /// What was found.
    condition: String,
    /// What follows from it.
    effect: String,
    /// What to do, as Markdown.
    remedy: String,
    /// Where it was seen.
    targets: Vec<FindingTarget>,
    /// The waiver beside it, in words; may be empty.
    waiver: String,
    /// Where it comes from, if somebody wrote it; null where rules found it.
    source: Option<String>,
}

impl From<&FindingRow> for Finding {
    fn from(row: &FindingRow) -> Self {
        let targets = row.targets.iter().map(|target| FindingTarget {
            key: target.key,
            name: target.name.clone(),
            seen_good: target.seen_good.map(|at| at.to_string()),
            seen_bad: target.seen_bad.to_string(),
        });
        Self {
            reference: row.reference.clone(),
            title: row.title.clone(),
            severity: word(row.severity),
            control: row.control.clone(),
            criteria: row.criteria.clone(),
            check: row.check.clone(),
            condition: row.condition.clone(),
            effect: row.effect.clone(),
            remedy: row.remedy.clone(),
            targets: targets.collect(),
            waiver: row.waiver.clone(),
            source: row.origin.as_ref().map(|origin| origin.source.word().to_owned()),
        }
    }
}

/// An artifact: bytes that were read, without the bytes.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Artifact {
    /// Digest of its bytes.
    pub(crate) digest: String,
    /// Name inside its run.
    name: String,
    /// Key of the target it is of; null for documents.
    target: Option<i64>,
    /// Key of the run that first saw these bytes; null for documents.
    run: Option<i64>,
    /// Size in bytes.
    size: u64,
    /// When it was read.
    collected: String,
    /// How, in one line.
    how: String,
}

impl From<&ArtifactRow> for Artifact {
    fn from(row: &ArtifactRow) -> Self {
        Self {
            digest: row.digest.to_string(),
            name: row.name.clone(),
            target: row.target.as_ref().map(|(key, _)| *key),
            run: row.run,
            size: row.size,
            collected: row.collected.to_string(),
            how: row.how.clone(),
        }
    }
}

/// What an event is about.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct EventObject {
    /// Kind, e.g. `member`.
    kind: String,
    id: String,
}

/// An event of the audit trail.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct AuditEvent {
    /// Its number, from 1, without gaps.
    pub(crate) number: i64,
    at: String,
    /// Who, as the ledger calls them.
    actor: String,
    /// What, e.g. `role.granted`.
    event: String,
    /// `done`, `denied` or `failed`.
    outcome: String,
    object: EventObject,
    /// Reason code; empty when it was done.
    reason: String,
    /// What a person wrote.
    why: Option<String>,
    /// The request.
    request: String,
    /// The session, or the token.
    session: String,
    /// Id of the entry of the ledger.
    ledger_entry: String,
}

impl From<&Row> for AuditEvent {
    fn from(row: &Row) -> Self {
        Self {
            number: row.number,
            at: row.at.to_string(),
            actor: row.actor.to_string(),
            event: row.event.clone(),
            outcome: row.outcome.clone(),
            object: EventObject { kind: row.object_kind.clone(), id: row.object.clone() },
            reason: row.reason.clone(),
            why: row.why.clone(),
            request: row.request.clone(),
            session: row.session.clone(),
            ledger_entry: row.leaf.to_string(),
        }
    }
}

/// The word of a value that has one in JSON.
fn word<T: Serialize>(value: T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
