//! Management's part of a report as a frozen model, filled from what is recorded at one moment. Only reads.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use tickmark_core::catalog::{Catalog, Framework};
use tickmark_core::conclusion::finding::FindingState;
use tickmark_core::conclusion::scope::Day;
use tickmark_core::control::{Control, ControlText};
use tickmark_core::engagement::completion::{Completion, Decided};
use tickmark_core::engagement::{
    Candidate, Diagram, Document, Engagement, EngagementKey, FlowStep, Method, Paper, Process, Progress,
    ReportKind, Scope, Signed, Step, Subservice, Time, UserEntityKind, VendorControl,
};
use tickmark_core::id::ActorId;
use tickmark_core::identity::Verb;
use tickmark_core::report::package::{
    AssertionPart, ConfirmedChange, ConfirmedChanges, ControlChange, ControlPart, CriterionPart,
    DescriptionPart, EarlierText, EventPart, Expected, FigurePart, Met, PACKAGE_SCHEMA, PassagePart,
    ProcessPart, Promised, Reasoned, Response, SectionPart, SignedBy, SocPackage, StepPart, SubservicePart,
};
use tickmark_core::time::DAY_US;
use tickmark_core::{Digest, Timestamp};

use super::proposing::{candidates_of, held_against};
use super::{Grounds, SinceSigned, atom, completion, fieldwork, find_whole, frozen, since};
use crate::conclusion::remediation;
use crate::context::{Cx, View};
use crate::identity::audit::{self, Event, Name};
use crate::report::sentence;
use crate::{Error, Result, identity};

/// Freezes what management says for the report of an engagement, as it is recorded now. Once the engagement is frozen it is
/// what was frozen with it, whatever changed since.
///
/// `generator` names program and version.
///
/// # Errors
/// `Forbidden`; `NotFound`; or if the database holds what we never wrote.
pub async fn package(
    view: &mut View<'_>,
    key: EngagementKey,
    catalog: &Catalog,
    generator: &str,
) -> Result<SocPackage> {
    view.permit_whole(atom(Verb::Read))?;
    for_readers(view, key, catalog, generator).await
}

/// The same for whoever may see the engagement; what becomes of it is asked by whoever calls.
pub(super) async fn for_readers(
    view: &mut View<'_>,
    key: EngagementKey,
    catalog: &Catalog,
    generator: &str,
) -> Result<SocPackage> {
    let mut package = match frozen::package(view, key).await? {
        Some(kept) => kept,
        None => live(view, key, catalog, generator).await?.for_readers(),
    };
    // A report that was recorded later takes the place of the one that was issued here: it is revised.
    let recorded = completion::recorded(view, key).await?;
    if package.section.is_none() || recorded.received().is_some() {
        package.section = section(view, key).await?;
    }
    Ok(package)
}

/// Section I as it was issued here, or as management recorded that it was received.
async fn section(view: &mut View<'_>, key: EngagementKey) -> Result<Option<SectionPart>> {
    let names = identity::labels(view).await?;
    let is_recorded = completion::recorded(view, key).await?.received().is_some();
    if let Some(issued) = fieldwork::report::issued(view, key, &names).await?.filter(|_| !is_recorded) {
        return Ok(Some(issued));
    }
    let completion = completion::completion(view, key).await?.record;
    Ok(completion.received().map(|received| SectionPart {
        name: received.file.clone(),
        digest: received.digest,
        size: received.kept.map(|kept| kept.size),
        firm: received.firm.clone(),
        dated: received.day.to_string(),
        by: named(&names, received.by),
        at: received.at,
    }))
}

/// Freezes the same with criteria and controls, whatever the report shows its readers.
pub(super) async fn whole(
    view: &mut View<'_>,
    key: EngagementKey,
    catalog: &Catalog,
    generator: &str,
) -> Result<SocPackage> {
    view.permit_whole(atom(Verb::Read))?;
    recorded(view, key, catalog, generator).await
}

/// The same for whoever may see the engagement; what becomes of it is asked by whoever calls.
pub(super) async fn recorded(
    view: &mut View<'_>,
    key: EngagementKey,
    catalog: &Catalog,
    generator: &str,
) -> Result<SocPackage> {
    match frozen::whole(view, key).await? {
        Some(kept) => Ok(kept.package),
        None => live(view, key, catalog, generator).await,
    }
}

/// Fills it from what is recorded now, whoever asks.
pub(super) async fn live(
    view: &mut View<'_>,
    key: EngagementKey,
    catalog: &Catalog,
    generator: &str,
) -> Result<SocPackage> {
    let version = find_whole(view, key).await?;
    let record = &version.record;
    let grounds = Grounds::recorded(view).await?;
    let names = identity::labels(view).await?;
    let findings = remediation::all_open(view).await?;
    let framework =
        catalog.frameworks.first().ok_or_else(|| Error::invalid("the catalog has no framework"))?;
    let scope = record.holds();
    let candidates = candidates_of(view, scope).await?;
    let criteria = criteria(scope, framework, &grounds.controls);
    let mut controls = controls(scope, &criteria, &grounds.controls, view.now);
    // A report as of one date has no tests of operation, and one for general use shows none.
    let has_results = scope.time.is_period() && scope.kind != ReportKind::Soc3;
    let (mut tests, mut answered) = (BTreeMap::new(), Vec::new());
    if has_results {
        tests = fieldwork::results(view, key).await?;
        answered = fieldwork::answered(view, key).await?;
    }
    for control in &mut controls {
        control.tests = tests.remove(&control.id).unwrap_or_default();
    }
    let in_scope: BTreeSet<&str> = controls.iter().map(|control| control.id.as_str()).collect();
    let own = findings
        .into_values()
        .filter(|finding| {
            let control = finding.found.control.as_ref();
            control.is_some_and(|control| in_scope.contains(control.as_str())) && !finding.plan.is_empty()
        })
        .map(|finding| Response {
            finding: finding.id.to_string(),
            controls: finding.found.control.iter().map(ToString::to_string).collect(),
            condition: finding.found.condition.clone(),
            response: finding.plan.clone(),
            plan: String::new(),
            due: finding.due.map(|day| day.to_string()).unwrap_or_default(),
            state: match finding.state() {
                FindingState::Open => "open",
                FindingState::Fixed => "fixed, not verified",
                FindingState::Closed => "closed",
            }
            .to_owned(),
        });
    let responses = answered.into_iter().chain(joined(own)).collect();
    let events = events(&completion::recorded(view, key).await?);
    let changes = match scope.time {
        Time::Period { from, to } => changes(from, to, &grounds.controls, &in_scope),
        Time::AsOf { .. } => Vec::new(),
    };
    let since = since::changed(view, record, catalog).await?;
    let mut open = open(record, &grounds, &candidates, catalog)?;
    open.extend(
        since
            .as_ref()
            .and_then(SinceSigned::unconfirmed)
            .map(|unconfirmed| sentence(&unconfirmed.to_string())),
    );
    let mut package = SocPackage {
        schema: PACKAGE_SCHEMA.to_owned(),
        engagement: key.to_string(),
        report: scope.report(),
        is_period: scope.time.is_period(),
        time: scope.time.words(),
        status: record.status(),
        version: version.number.to_string(),
        author: view.actor.name().to_owned(),
        generated: view.now,
        cut_off: view.now,
        generator: generator.to_owned(),
        organization: view.actor.organization.name.clone(),
        system: scope.system.clone(),
        is_example: identity::example(view).await?.is_some(),
        firm: scope.firm.clone(),
        assertion_first: record.administration.assertion_first,
        section: None,
        services: scope.services.clone(),
        boundary: scope.boundary.clone(),
        outside: scope.all_outside(),
        categories: categories(scope, framework),
        open,
        assertion: assertion(record, &names),
        description: description(record, &names),
        commitments: commitments(scope, &grounds, &criteria),
        subservices: subservices(scope),
        user_controls: expected(scope, UserEntityKind::Control),
        responsibilities: expected(scope, UserEntityKind::Responsibility),
        excluded: excluded(scope, framework),
        criteria,
        controls,
        changes,
        confirmed: since.as_ref().and_then(|since| confirmed(since, &names)),
        responses,
        events,
    };
    let handed = fieldwork::document::handed(view, record).await?;
    package.hand(handed.contains(&Paper::Description), handed.contains(&Paper::Assertion));
    Ok(package)
}

/// Joins what is said alike about several controls: readers find it once, with all of them.
fn joined(own: impl Iterator<Item = Response>) -> Vec<Response> {
    let mut all: Vec<Response> = Vec::new();
    for one in own {
        let is_alike = |held: &&mut Response| {
            (&held.condition, &held.response, &held.due, &held.state)
                == (&one.condition, &one.response, &one.due, &one.state)
        };
        match all.iter_mut().find(is_alike) {
            None => all.push(one),
            Some(held) => {
                held.finding = format!("{}, {}", held.finding, one.finding);
                held.controls.extend(one.controls);
                held.controls.sort();
                held.controls.dedup();
            }
        }
    }
    all
}

/// Returns what changed of controls since management signed, where it confirmed all of it.
fn confirmed(since: &SinceSigned, names: &BTreeMap<ActorId, String>) -> Option<ConfirmedChanges> {
    let one = since.covered()?;
    let changes = one
        .changes
        .iter()
        .map(|change| ConfirmedChange { control: change.control.to_string(), what: change.says.clone() });
    Some(ConfirmedChanges {
        signed: since.at,
        changes: changes.collect(),
        by: named(names, one.by),
        at: one.at,
    })
}

/// Returns the events that Section V tells of.
fn events(completion: &Completion) -> Vec<EventPart> {
    let told = completion.events().iter().filter(|event| event.told.decided == Decided::OtherInformation);
    told.map(|event| EventPart {
        number: event.number,
        day: event.told.day.to_string(),
        kind: event.told.kind.title().to_owned(),
        what: event.told.what.clone(),
        effect: event.told.effect.clone(),
    })
    .collect()
}

/// Freezes it as [`package`] does, and records that somebody took it out.
///
/// # Errors
/// As [`package`].
pub async fn take_out(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    catalog: &Catalog,
    generator: &str,
) -> Result<SocPackage> {
    let model = package(cx, key, catalog, generator).await?;
    let digest = model.digest().map_err(|error| Error::internal("digesting management's part", error))?;
    let event =
        Event { after: Some(json!({"model": digest})), ..Event::done(Name::PackageTaken, "engagement", key) };
    audit::record(cx, event).await?;
    Ok(model)
}

/// What is still to be done, in words.
fn open(
    record: &Engagement,
    grounds: &Grounds,
    candidates: &[Candidate],
    catalog: &Catalog,
) -> Result<Vec<String>> {
    let mut open: Vec<String> = grounds
        .problems(record.key, record.holds(), catalog)?
        .into_iter()
        .map(|problem| sentence(&problem.says))
        .collect();
    if record.approved().is_none() {
        open.push("Nobody has approved the scope.".to_owned());
    } else if record.holds() != &record.scope {
        open.push("A change of the scope waits for approval and is not in this document.".to_owned());
    }
    for paper in record.papers() {
        let name = paper.word();
        match record.progress(paper) {
            None => open.push(format!("The {name} is not written.")),
            Some(Progress { is_void: true, .. }) => open.push(format!(
                "The {name}, or the scope, changed since it was signed: it has to be signed again."
            )),
            Some(progress) => match progress.next_step() {
                Some(Step::Review) => open.push(format!("Nobody has reviewed the {name}.")),
                Some(Step::Approve) => open.push(format!("Nobody has approved the {name}.")),
                None => {}
            },
        }
    }
    open.extend(record.assertion_fault().map(|fault| format!("About the assertion: {}", sentence(&fault))));
    if let Some(document) = &record.description {
        let missing = document.content.missing(record.holds());
        open.extend(
            missing.iter().map(|part| format!("The description lacks \u{201c}{}\u{201d}.", part.title())),
        );
        let faults = held_against(record, catalog.frameworks.first(), (&grounds.controls, &[]), candidates);
        open.extend(faults.sentences());
    }
    Ok(open)
}

fn paragraphs(text: &str) -> Vec<String> {
    text.split("\n\n").map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect()
}

/// Who somebody is to the readers of a document.
pub(super) fn named(names: &BTreeMap<ActorId, String>, who: ActorId) -> String {
    names.get(&who).map_or_else(|| who.to_string(), |label| identity::without_address(label).to_owned())
}

pub(super) fn signed<T: Clone + PartialEq + serde::Serialize>(
    document: &Document<T>,
    scope: Digest,
    names: &BTreeMap<ActorId, String>,
) -> Vec<SignedBy> {
    let name = |who: ActorId| named(names, who);
    let mut all = vec![SignedBy { step: "prepared".to_owned(), name: name(document.by), at: document.at }];
    let mut add = |step: &str, signed: Option<&Signed>| {
        all.extend(signed.map(|one| SignedBy { step: step.to_owned(), name: name(one.by), at: one.at }));
    };
    add("reviewed", document.reviewed(scope));
    add("approved", document.approved(scope));
    all
}

fn assertion(record: &Engagement, names: &BTreeMap<ActorId, String>) -> Option<AssertionPart> {
    let (document, scope) = (record.assertion.as_ref()?, record.ground(Paper::Assertion));
    Some(AssertionPart {
        paragraphs: paragraphs(&document.content.text),
        signatory: document.content.signatory.clone(),
        title: document.content.title.clone(),
        status: document.status(scope),
        signed: signed(document, scope, names),
    })
}

fn description(record: &Engagement, names: &BTreeMap<ActorId, String>) -> Option<DescriptionPart> {
    let (document, digest, scope) = (record.description.as_ref()?, record.scope_digest(), record.holds());
    let parts = document
        .content
        .in_order(scope)
        .into_iter()
        .map(|(part, needed)| PassagePart {
            part: part.word().to_owned(),
            title: part.title().to_owned(),
            criterion: if scope.kind == ReportKind::Soc1 {
                String::new()
            } else {
                part.criterion().to_owned()
            },
            paragraphs: paragraphs(document.content.text(part)),
            none: document.content.is_none(part),
            needed,
        })
        .collect();
    let content = &document.content;
    Some(DescriptionPart {
        parts,
        processes: content.processes.iter().map(process).collect(),
        figures: content.diagrams.iter().enumerate().map(figure).collect(),
        status: document.status(digest),
        signed: signed(document, digest, names),
    })
}

fn process(one: &Process) -> ProcessPart {
    let step = |(place, step): (usize, &FlowStep)| StepPart {
        number: place + 1,
        act: step.act.title().to_owned(),
        what: step.what.clone(),
        who: step.who.clone(),
        system: step.system.clone(),
        input: step.input.clone(),
        output: step.output.clone(),
        controls: step.controls.iter().map(ToString::to_string).collect(),
        objectives: step.objectives.iter().cloned().collect(),
    };
    ProcessPart {
        name: one.name.clone(),
        paragraphs: paragraphs(&one.narrative),
        steps: one.steps.iter().enumerate().map(step).collect(),
    }
}

fn figure((place, one): (usize, &Diagram)) -> FigurePart {
    FigurePart {
        number: place + 1,
        caption: one.caption.clone(),
        alternative: one.alternative.clone(),
        media_type: one.media_type.clone(),
        digest: one.digest,
        width: one.width,
        height: one.height,
    }
}

fn categories(scope: &Scope, framework: &Framework) -> Vec<Reasoned> {
    let chosen = framework.categories.iter().filter_map(|category| {
        let reason = scope.categories.get(&category.id)?;
        Some(Reasoned { id: category.id.clone(), title: category.title.clone(), reason: reason.clone() })
    });
    chosen.collect()
}

fn excluded(scope: &Scope, framework: &Framework) -> Vec<Reasoned> {
    let one = |(id, reason): (&String, &String)| Reasoned {
        id: id.clone(),
        title: framework.requirement(id).map_or_else(String::new, |requirement| requirement.text.clone()),
        reason: reason.clone(),
    };
    scope.exclusions.iter().map(one).collect()
}

/// The principal commitments, each with those of its criteria that are in scope.
fn commitments(scope: &Scope, grounds: &Grounds, criteria: &[CriterionPart]) -> Vec<Promised> {
    let all = grounds.commitments.iter().map(|version| &version.record);
    all.filter(|record| scope.commitments.contains(&record.key))
        .map(|record| {
            let promise = record.in_force().unwrap_or(&record.promise);
            Promised {
                id: record.key.to_string(),
                kind: promise.kind.plain().to_owned(),
                statement: promise.statement.clone(),
                source: promise.source.clone(),
                criteria: promise
                    .criteria
                    .iter()
                    .filter(|id| criteria.iter().any(|one| one.id == **id))
                    .cloned()
                    .collect(),
            }
        })
        .collect()
}

fn subservices(scope: &Scope) -> Vec<SubservicePart> {
    let met = |one: &VendorControl| Met {
        text: one.text.clone(),
        controls: one.controls.iter().map(ToString::to_string).collect(),
    };
    let one = |one: &Subservice| SubservicePart {
        parts: if one.method == Method::Inclusive { one.parts.clone() } else { String::new() },
        is_inclusive: one.method == Method::Inclusive,
        expects: scope
            .vendor_controls
            .iter()
            .filter(|expected| expected.is_applicable() && expected.vendor.eq_ignore_ascii_case(&one.name))
            .map(met)
            .collect(),
        name: one.name.clone(),
        service: one.service.clone(),
        method: one.method.title().to_owned(),
        assumed: one
            .assumed
            .iter()
            .map(|assumed| Expected {
                text: assumed.text.clone(),
                criteria: assumed.criteria.iter().cloned().collect(),
            })
            .collect(),
        monitoring: one.monitoring.iter().map(ToString::to_string).collect(),
    };
    scope.subservices.iter().map(one).collect()
}

fn expected(scope: &Scope, kind: UserEntityKind) -> Vec<Expected> {
    let of_kind = scope.user_entities.iter().filter(|one| one.kind == kind);
    of_kind
        .map(|one| Expected { text: one.text.clone(), criteria: one.criteria.iter().cloned().collect() })
        .collect()
}

fn listed(words: Option<&BTreeSet<String>>) -> Vec<String> {
    words.into_iter().flatten().cloned().collect()
}

/// Returns the ids of those of some controls that [`recorded`] has.
pub(super) async fn in_scope(
    view: &mut View<'_>,
    engagement: &Engagement,
    catalog: &Catalog,
    of: &[Control],
) -> Result<BTreeSet<String>> {
    if of.is_empty() {
        return Ok(BTreeSet::new());
    }
    if let Some(kept) = frozen::whole(view, engagement.key).await? {
        return Ok(kept.package.controls.into_iter().map(|control| control.id).collect());
    }
    let framework =
        catalog.frameworks.first().ok_or_else(|| Error::invalid("the catalog has no framework"))?;
    let scope = engagement.holds();
    let criteria = criteria(scope, framework, of);
    Ok(controls(scope, &criteria, of, view.now).into_iter().map(|control| control.id).collect())
}

fn criteria(scope: &Scope, framework: &Framework, controls: &[Control]) -> Vec<CriterionPart> {
    let others = |id: &str| -> Vec<String> {
        let answers = |one: &&Subservice| one.assumed.iter().any(|assumed| assumed.criteria.contains(id));
        scope.subservices.iter().filter(answers).map(|one| one.name.clone()).collect()
    };
    scope
        .criteria(framework)
        .into_iter()
        .map(|id| {
            let objective = scope.objectives.iter().find(|objective| objective.id == id);
            let series =
                framework.series.iter().find(|series| series.requirements.iter().any(|one| one.id == id));
            CriterionPart {
                text: match objective {
                    Some(objective) => objective.statement.clone(),
                    None => framework.requirement(&id).map_or_else(String::new, |one| one.text.clone()),
                },
                group: match (objective, series) {
                    (None, Some(series)) => format!("{} {}", series.id, series.title),
                    (Some(one), _) if one.is_general_control => "IT general control objectives".to_owned(),
                    _ => "Business process objectives".to_owned(),
                },
                controls: scope
                    .controls_for(framework, controls, &id)
                    .map(|one| one.id.to_string())
                    .collect(),
                others: others(&id),
                assertions: listed(objective.map(|one| &one.assertions)),
                transactions: listed(objective.map(|one| &one.transactions)),
                id,
            }
        })
        .collect()
}

fn controls(
    scope: &Scope,
    criteria: &[CriterionPart],
    controls: &[Control],
    now: Timestamp,
) -> Vec<ControlPart> {
    let (from, to) = scope.time.days();
    // The last moment of the time; what lies ahead nobody knows yet.
    let last = to.starts().plus_micros(DAY_US - 1).min(now);
    let first = if scope.time.is_period() { from.starts() } else { last };
    let watching: BTreeSet<&str> =
        scope.subservices.iter().flat_map(|one| &one.monitoring).map(|id| id.as_str()).collect();
    let of = |control: &Control| -> Vec<String> {
        let serves = |one: &&CriterionPart| one.controls.iter().any(|id| id == control.id.as_str());
        criteria.iter().filter(serves).map(|one| one.id.clone()).collect()
    };
    controls
        .iter()
        .filter(|control| scope.has(control))
        .filter_map(|control| {
            let serves = of(control);
            if serves.is_empty() && !watching.contains(control.id.as_str()) {
                return None;
            }
            let text = control.text.at(last).unwrap_or_else(|| control.text.current());
            Some(ControlPart {
                id: control.id.to_string(),
                title: text.title.clone(),
                statement: text.statement.clone(),
                frequency: control.frequency.plain().to_owned(),
                nature: control.nature.plain().to_owned(),
                criteria: serves,
                version: text.version,
                earlier: earlier(control, text, first),
                tests: Vec::new(),
            })
        })
        .collect()
}

/// Returns what a control in force said from a moment on before it said `text`, oldest first.
fn earlier(control: &Control, text: &ControlText, first: Timestamp) -> Vec<EarlierText> {
    let Some(force) = control.force() else { return Vec::new() };
    let before = control.text.versions().iter().take_while(|one| one.version < text.version);
    before
        .filter_map(|one| {
            let until = one.held.to.filter(|until| *until > first && *until > force.from)?;
            Some(EarlierText {
                version: one.version,
                title: one.title.clone(),
                statement: one.statement.clone(),
                until: until.date(),
            })
        })
        .collect()
}

/// Changes of the controls in scope from one day to another, in order of time.
pub(super) fn changes(
    from: Day,
    to: Day,
    controls: &[Control],
    in_scope: &BTreeSet<&str>,
) -> Vec<ControlChange> {
    let mut changes = Vec::new();
    for control in controls.iter().filter(|control| in_scope.contains(control.id.as_str())) {
        let mut add = |at: Timestamp, what: String| {
            if is_within(at, from, to) {
                changes.push(ControlChange { control: control.id.to_string(), at, what });
            }
        };
        let Some(force) = control.force() else { continue };
        add(force.from, "came into force".to_owned());
        for text in control.text.versions().iter().filter(|text| text.held.from > force.from) {
            add(text.held.from, format!("its text changed (version {}): {}", text.version, text.reason));
        }
        if let Some(to) = force.to {
            add(to, "was retired".to_owned());
        }
    }
    changes.sort_by(|a, b| (a.at, &a.control).cmp(&(b.at, &b.control)));
    changes
}

fn is_within(at: Timestamp, from: Day, to: Day) -> bool {
    let day = at.date();
    from.to_string() <= day && day <= to.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_alike_about_several_controls_stands_once() {
        let said = |finding: &str, control: &str, plan: &str| Response {
            finding: finding.to_owned(),
            controls: vec![control.to_owned()],
            condition: "it did not run as designed".to_owned(),
            response: plan.to_owned(),
            plan: String::new(),
            due: "2027-01-31".to_owned(),
            state: "open".to_owned(),
        };
        let all = joined(
            [
                said("1", "AVL-04", "restored monthly"),
                said("2", "GOV-06", "met again"),
                said("3", "AVL-03", "restored monthly"),
            ]
            .into_iter(),
        );
        let told: Vec<_> = all.iter().map(|one| (one.finding.as_str(), one.controls.join(" "))).collect();
        assert_eq!(told, [("1, 3", "AVL-03 AVL-04".to_owned()), ("2", "GOV-06".to_owned())]);
    }
}
