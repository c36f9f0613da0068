//! Criteria and controls.

use std::collections::{BTreeMap, BTreeSet};

use tickmark_app::conclusion::{self, ControlStanding, Standing};
use tickmark_app::control::commitment;
use tickmark_app::register::{self, Kind, Query};
use tickmark_app::{Actor, View, evidence, identity, observation};
use tickmark_core::conclusion::readiness::{self, AssessedCriterion, Question};
use tickmark_core::control::{Control, ControlId};
use tickmark_core::id::{ActorId, TargetKey};

use super::{Live, strip_over};
use crate::catalog::{
    CriterionRow, CriterionView, Crosswalk, MappedControl, PointOfFocus, RequestRow, status_of,
};
use crate::control::{Answer, AnswerView, ControlList, ControlRow, ControlStatus, ControlView, TestRow};
use crate::design::badge::VerdictCounts;
use crate::design::moment;
use crate::design::table::Counted;
use crate::error::Refusal;

/// Most choices of a filter.
const OPTIONS: u32 = 200;
/// Artifacts shown with a control.
const EVIDENCE_LIMIT: usize = 20;

fn answer(answer: readiness::Answer) -> Answer {
    match answer {
        readiness::Answer::Yes => Answer::Yes,
        readiness::Answer::Partly => Answer::Partly,
        readiness::Answer::No => Answer::No,
        readiness::Answer::NotAssessed => Answer::NotAssessed,
    }
}

fn control_status(status: readiness::ControlStatus) -> ControlStatus {
    match status {
        readiness::ControlStatus::Gap => ControlStatus::Gap,
        readiness::ControlStatus::DesignWeakness => ControlStatus::DesignWeakness,
        readiness::ControlStatus::OperatingWeakness => ControlStatus::OperatingWeakness,
        readiness::ControlStatus::EvidenceWeakness => ControlStatus::EvidenceWeakness,
        readiness::ControlStatus::NotAssessed => ControlStatus::NotAssessed,
        readiness::ControlStatus::Ready => ControlStatus::Ready,
    }
}

/// What tests suggest, where nobody has answered.
fn suggested(control: &ControlStanding, question: Question) -> Option<&readiness::Suggestion> {
    let is_open = control.rating.decision(question).is_none();
    control.suggestions.iter().find(|suggestion| is_open && suggestion.question == question)
}

/// What people are called.
type Labels = BTreeMap<ActorId, String>;

fn label(labels: &Labels, who: ActorId) -> &str {
    labels.get(&who).map(String::as_str).filter(|label| !label.is_empty()).unwrap_or("a person since removed")
}

pub(super) fn control_row(standing: &Standing, control: &ControlStanding, labels: &Labels) -> ControlRow {
    let text = control.control.text.current();
    let mapped = |key_only: bool| {
        let of_framework =
            control.control.criteria.iter().filter(|mapping| mapping.framework == standing.framework);
        of_framework
            .filter(|mapping| mapping.is_key || !key_only)
            .map(|mapping| mapping.criterion.clone())
            .collect()
    };
    let id = control.control.id.to_string();
    let (owner, owner_role) = owner_of(&control.control, labels);
    ControlRow {
        title: text.title.clone(),
        area: control.control.area.clone(),
        state: control.control.state(),
        waits: control.control.waits(),
        owner,
        owner_role,
        frequency: control.control.frequency.plain().to_owned(),
        criteria: mapped(false),
        key_for: mapped(true),
        status: control_status(control.status),
        answers: Question::ALL.map(|question| answer(control.rating.answer(question))),
        suggestions: Question::ALL.map(|question| suggested(control, question).map(|s| answer(s.answer))),
        verdicts: VerdictCounts::of(standing.verdicts_of(control).map(|verdict| verdict.verdict)),
        strip: (!control.strip.is_empty())
            .then(|| strip_over(&id, &control.strip, standing.period, standing.at)),
        id,
    }
}

/// Who answers for a control and their role; the role alone while nobody is named.
pub(super) fn owner_of(control: &Control, labels: &Labels) -> (String, String) {
    let role = control.owner_role.clone();
    match control.owner {
        Some(owner) => (label(labels, owner).to_owned(), role),
        None => (role, String::new()),
    }
}

fn text_words(control: &Control, labels: &Labels) -> String {
    let text = control.text.current();
    let (by, since) = (label(labels, text.by), moment::date(text.held.from));
    format!("Version {} by {by}, since {since}", text.version)
}

fn decided_words(control: &Control, labels: &Labels) -> String {
    match (control.retirement(), control.approval()) {
        (Some(retired), _) => format!("{}: {}", label(labels, retired.by), retired.reason),
        (None, Some(approval)) => {
            let (by, at) = (label(labels, approval.by), moment::date(approval.at));
            format!("Version {} of its text approved by {by}, {at}", approval.version)
        }
        (None, None) => String::new(),
    }
}

impl Live {
    pub(in crate::source) async fn controls(&self) -> Result<Vec<ControlRow>, Refusal> {
        let standing = self.standing().await?;
        let labels = self.app.read(&self.actor, async |view| identity::labels(view).await).await?;
        Ok(standing.controls.iter().map(|control| control_row(&standing, control, &labels)).collect())
    }

    /// A page of the controls, found by the database.
    pub(in crate::source) async fn control_list(
        &self,
        query: &Query,
        who: Option<&Actor>,
    ) -> Result<ControlList, Refusal> {
        let work = async |view: &mut View<'_>| {
            let page = register::page(view, Kind::Control, query).await?;
            let ids: Vec<ControlId> = page.ids.iter().filter_map(|id| id.parse().ok()).collect();
            let standing = conclusion::standing_of(view, &self.catalog, &ids).await?;
            let labels = identity::labels(view).await?;
            let mut count = [0; 4];
            for (at, query) in [
                Query::of("key", "yes"),
                Query::of("status", "ready"),
                Query::of("state", "draft"),
                Query::of("waits", "yes").and("state", "active"),
            ]
            .iter()
            .enumerate()
            {
                count[at] = usize::try_from(register::count(view, Kind::Control, query).await?).unwrap_or(0);
            }
            let areas = register::values(view, Kind::Control, "area", OPTIONS).await?;
            let owners = register::values(view, Kind::Control, "owner", OPTIONS).await?;
            let systems = identity::systems(view).await?;
            Ok((page, standing, labels, count, areas, owners, systems))
        };
        let (page, standing, labels, [key, ready, drafts, waiting], areas, owners, systems) =
            self.app.read(who.unwrap_or(&self.actor), work).await?;
        let owner = |(value, _): (String, u64)| {
            let words = match value.parse::<ActorId>() {
                Ok(id) => label(&labels, id).to_owned(),
                Err(_) => "nobody named".to_owned(),
            };
            (value, words)
        };
        let size = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        Ok(ControlList {
            rows: standing.controls.iter().map(|control| control_row(&standing, control, &labels)).collect(),
            counted: Some(Counted { found: size(page.found), total: size(page.total) }),
            total: size(page.total),
            key,
            ready,
            drafts,
            waiting,
            areas: areas.into_iter().map(|(area, _)| area).collect(),
            owners: owners.into_iter().map(owner).collect(),
            systems: match systems.len() {
                0 | 1 => Vec::new(),
                _ => systems.into_iter().map(|system| (system.id.to_string(), system.name)).collect(),
            },
        })
    }

    pub(in crate::source) async fn controls_after(
        &self,
        query: &Query,
        last: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<ControlRow>, Option<String>), Refusal> {
        let work = async |view: &mut View<'_>| {
            let (ids, next) = register::after(view, Kind::Control, query, last, limit).await?;
            let ids: Vec<ControlId> = ids.iter().filter_map(|id| id.parse().ok()).collect();
            let standing = conclusion::standing_of(view, &self.catalog, &ids).await?;
            Ok((standing, identity::labels(view).await?, next))
        };
        let (standing, labels, next) = self.app.read(&self.actor, work).await?;
        let row = |control| control_row(&standing, control, &labels);
        Ok((standing.controls.iter().map(row).collect(), next))
    }

    pub(in crate::source) async fn control(&self, id: &str) -> Result<ControlView, Refusal> {
        let id: ControlId = id.parse().map_err(|_| Refusal::NotFound)?;
        let only = std::slice::from_ref(&id);
        let work = async |view: &mut View<'_>| conclusion::standing_of(view, &self.catalog, only).await;
        let standing = self.app.read(&self.actor, work).await?;
        let control = standing.control(&id).ok_or(Refusal::NotFound)?;
        let answers = self.answers(control).await?;
        let checks = self.check_titles().await?;
        let checks: BTreeMap<&str, &str> =
            checks.iter().map(|(id, title)| (id.as_str(), title.as_str())).collect();
        let work = async |view: &mut View<'_>| {
            let histories = observation::histories_in(view, standing.period, Some(&control.checks)).await?;
            let mut artifacts = Vec::new();
            let targets: BTreeSet<TargetKey> =
                standing.verdicts_of(control).map(|verdict| verdict.target).collect();
            for target in targets {
                artifacts.extend(evidence::of_target(view, target).await?);
                if artifacts.len() >= EVIDENCE_LIMIT {
                    break;
                }
            }
            let kept = commitment::kept_by(view, &id).await?;
            Ok((histories, artifacts, identity::labels(view).await?, kept))
        };
        let (histories, artifacts, labels, kept) = self.app.read(&self.actor, work).await?;
        let tests = standing.verdicts_of(control).map(|verdict| {
            let title = checks.get(verdict.check_id.as_str()).copied().unwrap_or_default();
            let target = standing.targets.get(&verdict.target).cloned().unwrap_or_default();
            let history = histories.get(&verdict.check_id).and_then(|known| known.get(&verdict.target));
            let label = format!("{} on {target}", verdict.check_id);
            TestRow {
                check_id: verdict.check_id.clone(),
                check_title: title.to_owned(),
                target_key: verdict.target.0,
                target_name: target,
                verdict: verdict.verdict,
                reason: verdict.reason,
                message: verdict.outcome.message.clone(),
                since: verdict.since,
                strip: history.map(|history| strip_over(&label, history, standing.period, standing.at)),
            }
        });
        let about = &control.control;
        let artifacts = artifacts.iter().take(EVIDENCE_LIMIT);
        Ok(ControlView {
            row: control_row(&standing, control, &labels),
            level: about.level.map(|level| level.word().to_owned()).unwrap_or_default(),
            operator: about.operator.map(|who| label(&labels, who).to_owned()).unwrap_or_default(),
            reviewer: about.reviewer.map(|who| label(&labels, who).to_owned()).unwrap_or_default(),
            commitments: kept
                .iter()
                .map(|one| (one.key.0, one.promise.title.clone(), one.state().plain().to_owned()))
                .collect(),
            objectives: Vec::new(),
            text: text_words(about, &labels),
            decided: decided_words(about, &labels),
            statement: about.text.current().statement.clone(),
            kind: about.kind.plain().to_owned(),
            nature: about.nature.plain().to_owned(),
            evidence_expected: about.evidence.clone(),
            population: about.population.clone(),
            answers,
            tests: tests.collect(),
            evidence: artifacts
                .map(|artifact| super::proof::artifact_row(artifact, &standing.targets))
                .collect(),
        })
    }

    async fn answers(&self, control: &ControlStanding) -> Result<[AnswerView; 4], Refusal> {
        let work = async |view: &mut View<'_>| {
            let mut people = BTreeMap::new();
            for decision in Question::ALL.iter().filter_map(|&question| control.rating.decision(question)) {
                people.insert(decision.by, identity::actor(view, decision.by).await?.label);
            }
            Ok(people)
        };
        let people = self.app.read(&self.actor, work).await?;
        Ok(Question::ALL.map(|question| {
            let decision = control.rating.decision(question);
            let suggestion = suggested(control, question);
            let who = |by: &ActorId| label(&people, *by);
            AnswerView {
                answer: answer(control.rating.answer(question)),
                suggestion: suggestion.map(|suggestion| answer(suggestion.answer)),
                decided: decision
                    .map(|d| format!("{}, {}", who(&d.by), moment::written(d.at)))
                    .unwrap_or_default(),
                basis: match (decision, suggestion) {
                    (Some(decision), _) => decision.reason.clone(),
                    (None, Some(suggestion)) => suggestion.reason.clone(),
                    (None, None) => "Nobody has answered, and no automated test speaks to it.".to_owned(),
                },
            }
        }))
    }

    pub(in crate::source) async fn criteria(&self) -> Result<Vec<CriterionRow>, Refusal> {
        let standing = self.standing().await?;
        Ok(self.criterion_rows(&standing))
    }

    pub(super) fn criterion_rows(&self, standing: &Standing) -> Vec<CriterionRow> {
        standing.assessment.criteria.iter().filter_map(|criterion| self.criterion_row(criterion)).collect()
    }

    fn criterion_row(&self, criterion: &AssessedCriterion) -> Option<CriterionRow> {
        let known = self.catalog.requirement(&criterion.criterion).ok()?;
        let key = || criterion.controls.iter().filter(|control| control.is_key);
        Some(CriterionRow {
            id: criterion.criterion.clone(),
            series: known.requirement.series.clone(),
            series_title: known.series_title.to_owned(),
            category: known.category.unwrap_or("Common criteria").to_owned(),
            text: known.requirement.text.clone(),
            status: status_of(criterion.status()),
            controls: criterion.controls.len(),
            key_controls: key().count(),
            key_ready: key().filter(|control| control.status == readiness::ControlStatus::Ready).count(),
        })
    }

    async fn why_outside(&self, standing: &Standing, id: &str) -> Result<String, Refusal> {
        let excluded = standing.scope.scope.exclusions().iter().find(|one| one.criterion == id);
        let Some(one) = excluded else {
            return Ok("Its category is not among those that are assessed.".to_owned());
        };
        let by = one.approver;
        let who = self.app.read(&self.actor, async |view| identity::actor(view, by).await).await?;
        let at = moment::date(one.at);
        Ok(format!("Judged not relevant to the system by {}, {at}: {}", who.label, one.reason))
    }

    pub(in crate::source) async fn criterion(&self, id: &str) -> Result<CriterionView, Refusal> {
        let standing = self.standing().await?;
        let known = self.catalog.requirement(id).map_err(|_| Refusal::NotFound)?;
        let assessed = standing.assessment.criteria.iter().find(|c| c.criterion == id);
        let criterion = assessed.cloned().or_else(|| standing.by_rule(id)).ok_or(Refusal::NotFound)?;
        let outside = match assessed {
            Some(_) => String::new(),
            None => self.why_outside(&standing, id).await?,
        };
        let decided = match &criterion.decision {
            Some(decision) => {
                let by = decision.by;
                let who = self.app.read(&self.actor, async |view| identity::actor(view, by).await).await?;
                format!("{}, {}", who.label, moment::written(decision.at))
            }
            None => String::new(),
        };
        let labels = self.app.read(&self.actor, async |view| identity::labels(view).await).await?;
        let mut controls: Vec<MappedControl> = criterion
            .controls
            .iter()
            .filter_map(|mapped| {
                let control = &standing.control(&mapped.control)?.control;
                let (owner, owner_role) = owner_of(control, &labels);
                Some(MappedControl {
                    id: control.id.to_string(),
                    title: control.text.current().title.clone(),
                    owner,
                    owner_role,
                    is_key: mapped.is_key,
                    status: control_status(mapped.status),
                })
            })
            .collect();
        controls.sort_by_key(|control| !control.is_key);
        let crosswalks = known.crosswalks.iter().map(|crosswalk| {
            let mut relations: Vec<&str> = crosswalk.mappings.iter().map(|m| m.relation.claim()).collect();
            relations.sort_unstable();
            relations.dedup();
            Crosswalk {
                framework: crosswalk.title.to_owned(),
                references: crosswalk.mappings.iter().map(|mapping| mapping.target.clone()).collect(),
                relation: relations.join("; "),
            }
        });
        let points = known.requirement.points_of_focus.iter().map(|point| PointOfFocus {
            id: point.id.clone(),
            label: point.label.clone(),
            only_for: if point.scope == "all" { String::new() } else { point.scope.clone() },
        });
        let requests = known.requests.iter().map(|request| RequestRow {
            number: request.number,
            title: request.title.clone(),
            kind: format!("{:?}", request.kind).to_lowercase(),
        });
        let basis =
            criterion.decision.as_ref().map_or(&criterion.suggested.reason, |decision| &decision.reason);
        Ok(CriterionView {
            row: self.criterion_row(&criterion).ok_or(Refusal::NotFound)?,
            decided,
            basis: basis.clone(),
            suggested: criterion
                .decision
                .as_ref()
                .map(|_| {
                    let suggested = &criterion.suggested;
                    format!("{}: {}", status_of(suggested.status).word().to_lowercase(), suggested.reason)
                })
                .unwrap_or_default(),
            lacks: criterion.lacks.clone().unwrap_or_default(),
            compensation: criterion.compensation.clone().unwrap_or_default(),
            outside,
            points: points.collect(),
            controls,
            crosswalks: crosswalks.collect(),
            requests: requests.collect(),
        })
    }
}
