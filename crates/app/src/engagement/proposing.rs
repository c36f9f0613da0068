//! The description against records: what they tell for it, what it claims that they do not support, and which findings could be
//! incidents to tell of.

use std::collections::{BTreeMap, BTreeSet};

use tickmark_core::Timestamp;
use tickmark_core::catalog::{Catalog, Framework};
use tickmark_core::conclusion::finding::{Finding, FindingState};
use tickmark_core::control::{Control, ControlId};
use tickmark_core::engagement::fieldwork::Party;
use tickmark_core::engagement::{
    Backing, Candidate, Engagement, EngagementKey, Material, Part, Passage, Proposal, Scope, Time, Told,
    proposals,
};
use tickmark_core::identity::{Role, Verb};
use tickmark_core::observation::Severity;
use tickmark_core::time::DAY_US;

use super::{Changed, Grounds, atom, fieldwork, find, write};
use crate::conclusion::remediation;
use crate::context::{Cx, View};
use crate::identity::audit::Name;
use crate::identity::people;
use crate::report::sentence;
use crate::{Error, Result, control, observation};

/// What is wrong with a description.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DescriptionFaults {
    /// Of a part: words that must not be written, and claims that no record supports.
    pub of_parts: Vec<(Part, String)>,
    /// Of its processes, and of what it tells of incidents.
    pub others: Vec<String>,
}

impl DescriptionFaults {
    /// Returns them as sentences.
    pub(super) fn sentences(&self) -> Vec<String> {
        let of_part = |(part, fault): &(Part, String)| {
            format!("In \u{201c}{}\u{201d}, {}", part.title(), sentence(fault))
        };
        let others = self.others.iter().map(|fault| sentence(fault));
        self.of_parts.iter().map(of_part).chain(others).collect()
    }
}

/// Holds the description, as it is written, against the controls, all or those that it names with the ids of the others, and
/// the findings.
pub(super) fn held_against(
    record: &Engagement,
    framework: Option<&Framework>,
    (controls, others): (&[Control], &[ControlId]),
    candidates: &[Candidate],
) -> DescriptionFaults {
    let (description, scope) = (record.described(), record.holds());
    let backing = Backing { scope, framework, controls, others };
    let mut of_parts = description.faults();
    of_parts.extend(description.unsupported(&backing).into_iter().map(|one| (one.part, one.says)));
    of_parts.sort_by_key(|(part, _)| *part);
    let mut others = description.process_faults(scope);
    others.extend(description.incident_faults(candidates));
    DescriptionFaults { of_parts, others }
}

/// Returns what is wrong with the description of an engagement as it is written.
///
/// # Errors
/// `Forbidden`; `NotFound`.
pub async fn description_faults(
    view: &mut View<'_>,
    key: EngagementKey,
    catalog: &Catalog,
) -> Result<DescriptionFaults> {
    let record = find(view, key).await?.record;
    let controls = control::controls(view).await?;
    let candidates = candidates_of(view, record.holds()).await?;
    Ok(held_against(&record, catalog.frameworks.first(), (&controls, &[]), &candidates))
}

/// Returns the findings that could be incidents to tell of: of controls in scope, heavy, and opened until the end of the time
/// that is examined.
///
/// # Errors
/// `Forbidden`; `NotFound`.
pub async fn candidates(view: &mut View<'_>, key: EngagementKey) -> Result<Vec<Candidate>> {
    let record = find(view, key).await?.record;
    // What management found itself is nothing that the other party sees here.
    if fieldwork::party(view, key) != Some(Party::Management) {
        return Err(Error::not_found("engagement", key));
    }
    candidates_of(view, record.holds()).await
}

pub(super) async fn candidates_of(view: &mut View<'_>, scope: &Scope) -> Result<Vec<Candidate>> {
    if Part::of(scope.kind, scope.time).is_empty() {
        return Ok(Vec::new());
    }
    let (first, last) = scope.time.days();
    let end = last.starts().plus_micros(DAY_US);
    let begin = match scope.time {
        Time::Period { .. } => first.starts(),
        // What stands on one date may have begun long before.
        Time::AsOf { .. } => Timestamp::from_micros(0),
    };
    let mut found = remediation::opened_until(view, end).await?;
    let is_heavy = |finding: &Finding| finding.found.severity >= Severity::High;
    // What was over before the period began is no incident of it.
    let touches = |finding: &Finding| match finding.state() {
        FindingState::Closed => finding.fix().is_none_or(|fix| fix.at >= begin),
        FindingState::Open | FindingState::Fixed => true,
    };
    found.retain(|one| is_heavy(one) && touches(one));
    let about: BTreeSet<ControlId> = found.iter().filter_map(|one| one.found.control.clone()).collect();
    let mut controls = control::several(view, &about.into_iter().collect::<Vec<_>>()).await?;
    controls.retain(|one| scope.has(one));
    let is_in_scope = |finding: &&Finding| {
        finding.found.control.as_ref().is_some_and(|id| controls.iter().any(|one| one.id == *id))
    };
    Ok(found.iter().filter(is_in_scope).map(candidate).collect())
}

fn candidate(finding: &Finding) -> Candidate {
    let found = &finding.found;
    Candidate {
        id: finding.id.to_string(),
        opened: finding.opened.date(),
        control: found.control.as_ref().map(ToString::to_string).unwrap_or_default(),
        title: found.title.clone(),
        condition: found.condition.clone(),
        effect: found.effect.clone(),
        outcome: match finding.state() {
            FindingState::Open => "open",
            FindingState::Fixed => "fixed, not verified",
            FindingState::Closed => "fixed and verified",
        }
        .to_owned(),
    }
}

/// Decides whether a finding is told of as an incident, and why, from version `from` of the record.
///
/// # Errors
/// As [`super::describe`]; `NotFound` for what is no candidate.
pub async fn decide_incident(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    from: i64,
    id: &str,
    told: Told,
) -> Result<Changed> {
    if !candidates(cx, key).await?.iter().any(|one| one.id == id) {
        return Err(Error::not_found("finding", id));
    }
    write(cx, key, from, Name::DescriptionWritten, &told.why.clone(), |record, by, now| {
        let mut description = record.described();
        description.candidates.insert(id.to_owned(), told);
        record.describe(description, by, now)
    })
    .await
}

/// Returns what records tell for the parts of the description.
///
/// # Errors
/// `Forbidden`; `NotFound`; or if the catalog has no framework.
pub async fn proposed(view: &mut View<'_>, key: EngagementKey, catalog: &Catalog) -> Result<Vec<Proposal>> {
    view.permit_whole(atom(Verb::Read))?;
    let record = find(view, key).await?.record;
    let framework =
        catalog.frameworks.first().ok_or_else(|| Error::invalid("the catalog has no framework"))?;
    let (scope, grounds) = (record.holds(), Grounds::recorded(view).await?);
    let material = material(view, scope, &grounds).await?;
    Ok(proposals(scope, (framework, &grounds.controls), &record.described(), &material))
}

async fn material(view: &mut View<'_>, scope: &Scope, grounds: &Grounds) -> Result<Material> {
    let systems = grounds.systems.iter().filter(|one| {
        scope.systems.contains(&one.id) || (scope.systems.is_empty() && one.retired_at.is_none())
    });
    let mut targets: BTreeMap<String, usize> = BTreeMap::new();
    for target in observation::targets(view).await?.into_iter().filter(|one| one.retired_at.is_none()) {
        *targets.entry(target.target.kind).or_default() += 1;
    }
    let now = view.now;
    let mut roles: BTreeMap<String, usize> = BTreeMap::new();
    for member in people::everybody(view).await?.into_iter().filter(|one| one.valid.contains(now)) {
        // The audit firm's people are none of the company.
        for role in member.roles.iter().filter(|role| !matches!(role, Role::Auditor | Role::Visitor)) {
            *roles.entry(role.name().to_owned()).or_default() += 1;
        }
    }
    Ok(Material {
        systems: systems.map(|one| (one.name.clone(), one.boundary.clone())).collect(),
        targets,
        people: roles,
        candidates: candidates_of(view, scope).await?,
    })
}

/// Begins these parts of the description with what records tell, from version `from` of the record. What somebody wrote stays.
///
/// # Errors
/// As [`super::describe`]; `Conflict` for a part that is written, or about which records tell nothing.
pub async fn begin_parts(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    from: i64,
    parts: &BTreeSet<Part>,
    catalog: &Catalog,
) -> Result<Changed> {
    let proposed = proposed(cx, key, catalog).await?;
    let described = find(cx, key).await?.record.described();
    for part in parts {
        if !described.text(*part).is_empty() {
            return Err(Error::conflict(format!("\u{201c}{}\u{201d} is written already", part.title())));
        }
        if !proposed.iter().any(|one| one.part == *part) {
            return Err(Error::conflict(format!(
                "records tell nothing for \u{201c}{}\u{201d}",
                part.title()
            )));
        }
    }
    write(cx, key, from, Name::DescriptionWritten, "", |record, by, now| {
        let mut description = record.described();
        for one in proposed.into_iter().filter(|one| parts.contains(&one.part)) {
            description.parts.insert(one.part, Passage { text: one.text, none: false });
            description.sources.insert(one.part, one.sources);
        }
        record.describe(description, by, now)
    })
    .await
}
