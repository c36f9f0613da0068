//! Everything that pages and reports say about readiness, computed from decisions, verdicts and history at one moment.

use std::collections::{BTreeMap, BTreeSet};

use tickmark_core::catalog::Catalog;
use tickmark_core::conclusion::chosen;
use tickmark_core::conclusion::period::{self, History};
use tickmark_core::conclusion::readiness::{
    AssessedCriterion, Assessment, ControlInput, ControlStatus, EvidenceSeen, Rating, Suggestion,
    TargetResult, TestResult, suggest_evidenced, suggest_implemented, suggest_operating,
};
use tickmark_core::control::{Control, ControlId, ControlState, Tolerated};
use tickmark_core::id::TargetKey;
use tickmark_core::observation::Verdict;
use tickmark_core::observation::interval::{self, Interval, Shares};
use tickmark_core::{Span, Timestamp};

use super::scope::{self, Holds};
use super::{judgement, sql};
use crate::context::View;
use crate::control::tolerance::ToleranceVersion;
use crate::observation::{self, Histories, Seen, TargetVerdict};
use crate::register::{self, Kind};
use crate::{Result, control};

/// Where the program stands at one moment.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The moment.
    pub at: Timestamp,
    /// The period looked back over: what is past of the target's, else the last days up to `at`.
    pub period: Span,
    /// What it is computed for.
    pub scope: Holds,
    /// Framework assessed against.
    pub framework: String,
    /// Criteria and controls with status, and the figure.
    pub assessment: Assessment,
    /// Controls with answers, suggestions and tests, by id.
    pub controls: Vec<ControlStanding>,
    /// What every check says about every target now, by check id and target.
    pub verdicts: Vec<TargetVerdict>,
    /// Names of targets.
    pub targets: BTreeMap<TargetKey, String>,
}

/// One control at one moment.
#[derive(Clone, Debug)]
pub struct ControlStanding {
    /// The control.
    pub control: Control,
    /// What people answered.
    pub rating: Rating,
    /// The status that follows from the answers.
    pub status: ControlStatus,
    /// What tests suggest, at most one per question.
    pub suggestions: Vec<Suggestion>,
    /// Checks that are tests of it.
    pub checks: Vec<String>,
    /// What was known of it over the period: deviation before unknown before operating. Empty without tests.
    pub strip: Vec<Interval>,
}

impl Standing {
    /// Returns one control.
    #[must_use]
    pub fn control(&self, id: &ControlId) -> Option<&ControlStanding> {
        self.controls.iter().find(|standing| standing.control.id == *id)
    }

    /// Returns the verdicts of the tests of one control, by check and target.
    pub fn verdicts_of<'a>(
        &'a self,
        control: &'a ControlStanding,
    ) -> impl Iterator<Item = &'a TargetVerdict> {
        control.checks.iter().flat_map(|check| of_check(&self.verdicts, check))
    }

    /// Returns a criterion by the rule alone, whether or not it is in scope.
    #[must_use]
    pub fn by_rule(&self, criterion: &str) -> Option<AssessedCriterion> {
        let inputs = inputs(&self.controls, &self.scope);
        Assessment::of(&self.framework, [criterion], &inputs, &BTreeMap::new()).criteria.pop()
    }

    /// Returns what one check says about every target now.
    #[must_use]
    pub fn verdicts_of_check(&self, check: &str) -> &[TargetVerdict] {
        of_check(&self.verdicts, check)
    }
}

/// Verdicts stand in the order of check ids.
fn of_check<'a>(verdicts: &'a [TargetVerdict], check: &str) -> &'a [TargetVerdict] {
    let from = verdicts.partition_point(|verdict| verdict.check_id.as_str() < check);
    let to = verdicts.partition_point(|verdict| verdict.check_id.as_str() <= check);
    &verdicts[from..to]
}

/// Computes where the program stands against the catalog's first framework, in the scope that was chosen.
///
/// # Errors
/// If the catalog has no framework, or the database refuses.
pub async fn standing(view: &mut View<'_>, catalog: &Catalog) -> Result<Standing> {
    let controls = control::controls(view).await?;
    let ratings = super::ratings(view).await?;
    let tests = control::tests_by_control(view).await?;
    let verdicts = observation::verdicts_now(view).await?;
    stand(view, catalog, Controls { controls, ratings, tests }, verdicts).await
}

/// What the standing of a program follows from: equal marks stand for equal standings, but for what time alone changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    changes: BTreeMap<String, i64>,
    seen: Seen,
}

/// Returns what the standing follows from now.
///
/// # Errors
/// If the database refuses.
pub async fn mark(view: &mut View<'_>) -> Result<Mark> {
    let mut changes = register::changes(view).await?;
    let bears = [Kind::Control, Kind::Finding, Kind::Waiver, Kind::Target, Kind::Member];
    changes.retain(|kind, _| bears.iter().any(|one| one.word() == kind));
    Ok(Mark { changes, seen: observation::seen(view).await? })
}

/// Computes where some controls stand, in the order of their ids here. Those that are not there are left out.
///
/// # Errors
/// As [`standing`].
pub async fn standing_of(view: &mut View<'_>, catalog: &Catalog, ids: &[ControlId]) -> Result<Standing> {
    let mut controls = control::several(view, ids).await?;
    controls.sort_by_key(|control| ids.iter().position(|id| *id == control.id));
    let organization = view.organization();
    let ratings = sql::ratings_of(view.connection(), organization, ids).await?;
    let tests = control::tests_of(view, ids).await?;
    let verdicts = observation::verdicts_of(view, &named(&tests)).await?;
    stand(view, catalog, Controls { controls, ratings, tests }, verdicts).await
}

/// Controls with what people answered and the checks that are their tests.
struct Controls {
    controls: Vec<Control>,
    ratings: BTreeMap<ControlId, Rating>,
    tests: BTreeMap<ControlId, Vec<String>>,
}

/// The checks that are tests, each once.
fn named(tests: &BTreeMap<ControlId, Vec<String>>) -> Vec<String> {
    tests.values().flatten().cloned().collect::<BTreeSet<_>>().into_iter().collect()
}

async fn stand(
    view: &mut View<'_>,
    catalog: &Catalog,
    adopted: Controls,
    verdicts: Vec<TargetVerdict>,
) -> Result<Standing> {
    let Controls { controls: adopted, mut ratings, mut tests } = adopted;
    let framework = scope::framework(catalog)?;
    let scope = scope::holds(view, framework).await?;
    let judgements = judgement::all(view, &framework.id).await?;
    let now = view.now;
    let period = chosen::looks_back(scope.choice.target, now);
    let histories = observation::histories_in(view, period, Some(&named(&tests))).await?;
    let known = observation::targets(view).await?;
    let judged = judged(view, &tests, &known).await?;
    let targets: BTreeMap<TargetKey, String> =
        known.into_iter().map(|target| (target.key, target.target.name)).collect();
    let mut controls = Vec::new();
    for control in adopted {
        let rating = ratings.remove(&control.id).unwrap_or_default();
        let checks = tests.remove(&control.id).unwrap_or_default();
        let own = judged.get(&control.id);
        let of_check = |check: &String| own.and_then(|own| own.get(check)).or_else(|| histories.get(check));
        let of_control = checks.iter().filter_map(of_check);
        let of_control: Vec<&[Interval]> = of_control.flat_map(BTreeMap::values).map(Vec::as_slice).collect();
        controls.push(ControlStanding {
            status: rating.status(scope.choice.rates(&control.id)),
            suggestions: suggestions(&checks, &verdicts, &targets, &of_control, period, now),
            strip: interval::worst_of(&of_control, period, now),
            rating,
            checks,
            control,
        });
    }
    let inputs = inputs(&controls, &scope);
    let assessment = Assessment::of(&framework.id, scope.scope.criteria(), &inputs, &judgements);
    let framework = framework.id.clone();
    Ok(Standing { at: now, period, scope, framework, assessment, controls, verdicts, targets })
}

/// Returns what checks say that a control gives some time, by control: each failing stretch judged as over a period. Read
/// whole, for how long something failed does not begin with what is looked back over.
async fn judged(
    view: &mut View<'_>,
    tests: &BTreeMap<ControlId, Vec<String>>,
    targets: &[observation::Target],
) -> Result<BTreeMap<ControlId, Histories>> {
    let mut limits = control::tolerance::tolerances(view).await?;
    limits.retain(|control, checks| {
        checks.retain(|check, _| tests.get(control).is_some_and(|tests| tests.contains(check)));
        !checks.is_empty()
    });
    let checks: BTreeSet<&String> = limits.values().flat_map(BTreeMap::keys).collect();
    if checks.is_empty() {
        return Ok(BTreeMap::new());
    }
    let checks: Vec<String> = checks.into_iter().cloned().collect();
    let (now, ever) = (view.now, Span { from: Timestamp::from_micros(0), to: None });
    let groups = observation::groups_in(view, ever, Some(&checks)).await?;
    let lives: BTreeMap<TargetKey, Span> = targets
        .iter()
        .map(|target| (target.key, Span { from: target.first_seen, to: target.retired_at }))
        .collect();
    let mut judged: BTreeMap<ControlId, Histories> = BTreeMap::new();
    for (control, checks) in limits {
        let of_control = judged.entry(control).or_default();
        for (check, versions) in checks {
            let tolerated: Vec<Tolerated> = versions.iter().map(ToleranceVersion::tolerated).collect();
            let of_check: &mut BTreeMap<TargetKey, Vec<Interval>> =
                of_control.entry(check.clone()).or_default();
            for group in groups.get(&check).into_iter().flatten() {
                for (target, intervals) in group.histories() {
                    let Some(&life) = lives.get(&target) else { continue };
                    let history = History { targets: vec![target], life, intervals, looks: &group.looks };
                    of_check.insert(target, period::judged(&history, &tolerated, now));
                }
            }
        }
    }
    Ok(judged)
}

/// A retired control counts for nothing any more; its page still says what it was.
fn inputs(controls: &[ControlStanding], scope: &Holds) -> Vec<ControlInput> {
    controls
        .iter()
        .filter(|standing| standing.control.state() != ControlState::Retired)
        .map(|standing| ControlInput {
            id: standing.control.id.clone(),
            rating: standing.rating.clone(),
            target: scope.choice.rates(&standing.control.id),
            criteria: standing.control.criteria.clone(),
        })
        .collect()
}

fn suggestions(
    checks: &[String],
    verdicts: &[TargetVerdict],
    targets: &BTreeMap<TargetKey, String>,
    histories: &[&[Interval]],
    period: Span,
    now: Timestamp,
) -> Vec<Suggestion> {
    if checks.is_empty() {
        return Vec::new();
    }
    let results: Vec<TestResult> = checks
        .iter()
        .map(|check| TestResult {
            check: check.clone(),
            targets: of_check(verdicts, check)
                .iter()
                .map(|verdict| TargetResult {
                    target: targets.get(&verdict.target).cloned().unwrap_or_default(),
                    verdict: verdict.verdict,
                    reason: verdict.reason,
                })
                .collect(),
        })
        .collect();
    let mut seen = Shares::default();
    for history in histories {
        seen.add(&Shares::over(history, period, now));
    }
    let answered = checks.iter().flat_map(|check| of_check(verdicts, check));
    let (mut looks, mut retained) = (0, 0);
    for verdict in answered.filter(|verdict| verdict.verdict != Verdict::Unknown) {
        looks += 1;
        retained += u64::from(verdict.facts.is_some());
    }
    let evidence = EvidenceSeen { looks, retained, is_population_known: !targets.is_empty() };
    [suggest_implemented(&results), suggest_operating(checks, seen), suggest_evidenced(checks, evidence)]
        .into_iter()
        .flatten()
        .collect()
}
