//! The readiness report as a frozen model, filled from what is recorded at one moment.
//!
//! Only reads. Every figure names the rows it came from; what a program suggests stands apart from what a person
//! decided; empty parts say that they are empty. Setting the model as a document is the renderer's business.

mod appendix;
mod assessment;
mod ground;
mod program;
mod reviews;
mod testing;

use tickmark_core::catalog::{Catalog, Category};
use tickmark_core::conclusion::finding::{FailingTarget, FailingTest, ProposedFinding, findings_from};
use tickmark_core::conclusion::readiness::Question;
use tickmark_core::conclusion::scope::Day;
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::observation::Verdict;
use tickmark_core::report::readiness::{Citation, DocumentStatus, Figure, Organization, SCHEMA, Scope};
use tickmark_core::report::{Comparison, ReadinessReport};
use tickmark_core::written::Written;
use tickmark_core::{Timestamp, canonical};
pub use tickmark_evaluate::Library;

pub(crate) use assessment::sentence;

use self::ground::Ground;
use crate::conclusion::scope::Holds;
use crate::conclusion::{self, ControlStanding, Standing};
use crate::context::View;
use crate::identity::audit::{self, Event, Name};
use crate::observation::workshop;
use crate::{Cx, Error, Result, evidence, identity};

/// Most findings a report lists one by one.
const MAX_FINDINGS: usize = 500;

/// Records that somebody takes a document of the output folder away. It leaves once this is committed.
///
/// # Errors
/// `Forbidden`; `StepUp`.
pub async fn take_away(cx: &mut Cx<'_>, file: &str) -> Result<()> {
    cx.permit_whole(Atom::new(Resource::RestrictedReport, Verb::Export))?;
    audit::record(cx, Event::done(Name::ReportDownloaded, "document", file)).await
}

/// Freezes what is recorded now as the model of a readiness report.
///
/// `author` is a person's name, or the program's when nobody took part; `generator` names program and version.
///
/// # Errors
/// If the database refuses, or holds what we never wrote.
pub async fn readiness(
    view: &mut View<'_>,
    catalog: &Catalog,
    library: &Library,
    author: &str,
    generator: &str,
) -> Result<ReadinessReport> {
    let (library, _) = workshop::checks_of(view, library)?;
    let library = &*library;
    let standing = conclusion::standing(view, catalog).await?;
    let ground = Ground::read(view).await?;
    let organization = Organization { name: view.actor.organization.name.clone() };
    let found = proposed(&standing, library);
    let gaps = testing::gaps(view, &standing, library).await?;
    let criteria = assessment::criteria(&standing, catalog, &ground.people);
    let controls = assessment::controls(&standing, library, &ground.people);
    let findings = assessment::findings(&found, &ground, Day::of(view.now));
    let snapshots = conclusion::snapshots(view).await?.len();
    let services = ground.services(&standing);
    let basis = basis(&standing, &ground);
    Ok(ReadinessReport {
        schema: SCHEMA.to_owned(),
        status: DocumentStatus::WorkingDraft,
        version: (snapshots + 1).to_string(),
        author: author.to_owned(),
        generated: view.now,
        cut_off: view.now,
        generator: generator.to_owned(),
        organization,
        system: ground.system(&services),
        purpose: "Management wants to know how far the system is from an examination of its controls, what to mend \
                  first, and from which day a period could begin."
            .to_owned(),
        basis: match identity::example(view).await? {
            Some(_) => format!("{}. {basis}", identity::EXAMPLE_NOTICE),
            None => basis,
        },
        scope: scope(&standing, catalog, &ground, services),
        summary: assessment::summary(&standing, catalog, &criteria, &findings, gaps.len()),
        checks: testing::checks(&standing, library),
        waivers: testing::waivers(view, &standing).await?,
        period: testing::period(&standing),
        description: reviews::description(catalog, &ground),
        evidence_readiness: program::evidence_readiness(&standing, &ground.populations),
        roadmap: program::roadmap(&standing, &findings, &ground),
        appendix: appendix::appendix(view, &standing, library).await?,
        subservice: reviews::subservice(&ground, &standing),
        cuecs: reviews::cuecs(&ground),
        commitments: program::commitments(&ground.commitments, &standing),
        findings,
        criteria,
        controls,
        gaps,
    })
}

/// Compares two frozen assessments, whichever order they are named in: what changed, and why.
///
/// # Errors
/// `NotFound` if there is no such assessment; `Damaged` if its model is not what was frozen.
pub async fn compare(view: &mut View<'_>, one: i64, other: i64) -> Result<Comparison> {
    let (_, before) = conclusion::assessment(view, one.min(other)).await?;
    let (_, after) = conclusion::assessment(view, one.max(other)).await?;
    Ok(Comparison::of(&before, &after))
}

/// A document made from a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// File name, e.g. `readiness.pdf`.
    pub name: &'static str,
    /// Media type.
    pub media_type: &'static str,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Writes the model itself as canonical JSON, whose digest stands on each page.
///
/// # Errors
/// If the model cannot be written, which types of the model rule out.
pub fn model_document(model: &ReadinessReport) -> Result<Document> {
    let bytes = canonical::bytes(model).map_err(|error| Error::internal("writing the model", error))?;
    Ok(Document { name: "readiness.json", media_type: "application/json", bytes })
}

/// Keeps documents and commits to them in the ledger, so that a bundle can prove which ones were issued.
///
/// # Errors
/// If disk or database refuse.
pub async fn issue(cx: &mut Cx<'_>, documents: &[Document]) -> Result<()> {
    for document in documents {
        evidence::store_document(cx, document.name, document.media_type, document.bytes.clone().into())
            .await?;
    }
    Ok(())
}

/// Proposes findings from the decided answers and from failing tests of controls.
#[must_use]
pub fn proposed(standing: &Standing, library: &Library) -> Vec<ProposedFinding> {
    let mut failing = Vec::new();
    for control in &standing.controls {
        for id in &control.checks {
            let of_check: Vec<_> =
                standing.verdicts.iter().filter(|verdict| verdict.check_id == *id).collect();
            let fails: Vec<FailingTarget> = of_check
                .iter()
                .filter(|verdict| verdict.verdict == Verdict::Fail)
                .map(|verdict| FailingTarget {
                    target: standing.targets.get(&verdict.target).cloned().unwrap_or_default(),
                    subjects: verdict.outcome.subjects.clone(),
                    waived_until: verdict.waiver.as_ref().map(|waiver| last_day(waiver.expires_at)),
                })
                .collect();
            let Some(check) = library.get(id).filter(|_| !fails.is_empty()) else { continue };
            let definition = check.definition();
            failing.push(FailingTest {
                control: control.control.id.clone(),
                check: id.clone(),
                title: definition.title.clone(),
                rationale: definition.rationale.clone(),
                remediation: definition.remediation.clone(),
                severity: definition.severity,
                passing: of_check.iter().filter(|verdict| verdict.verdict == Verdict::Pass).count(),
                failing: fails,
            });
        }
    }
    let mut findings = findings_from(&standing.assessment, &failing);
    findings.truncate(MAX_FINDINGS);
    findings
}

/// Returns the last day on which something that ends at a moment still holds.
fn last_day(end: Timestamp) -> String {
    end.plus_micros(-1).date()
}

fn basis(standing: &Standing, ground: &Ground) -> String {
    let of_scope = |control: &&ControlStanding| {
        standing.assessment.controls.iter().any(|assessed| assessed.id == control.control.id)
    };
    let decided = standing
        .controls
        .iter()
        .filter(of_scope)
        .filter(|control| Question::ALL.iter().any(|&q| control.rating.decision(q).is_some()))
        .count();
    let answers = if decided == 0 {
        "No person has answered any question yet, so every answer in this document is open".to_owned()
    } else {
        let controls = standing.assessment.controls.len();
        format!("People have answered questions about {decided} of {controls} controls")
    };
    let mut basis = format!(
        "Self-assessment. Configuration was tested by automated checks of facts collected from the systems themselves; \
         their results are suggestions, and each answer that counts is given by a named person. {answers}."
    );
    basis.push(' ');
    basis.push_str(&chosen_words(standing, ground));
    basis
}

/// Who chose what is assessed, and where that is not what the open engagement is about.
fn chosen_words(standing: &Standing, ground: &Ground) -> String {
    let Holds { chosen, fault, choice, .. } = &standing.scope;
    let mut words = match (chosen, fault.as_str()) {
        (None, _) => "Nobody has chosen a scope yet, so all categories are assessed.".to_owned(),
        (Some(chosen), "") => {
            let Written { version, by, at, .. } = &chosen.written;
            format!("The scope is version {version}, by {}, {}.", ground.people.of(*by), at.date())
        }
        (Some(_), fault) => format!(
            "The scope that was chosen makes none in this catalog ({fault}), so all categories are assessed."
        ),
    };
    if let Some(one) = &ground.engagement {
        let examined = one.holds();
        words.push_str(&format!(
            " Descriptions of the system, its vendors and its users are those of {}, {}.",
            one.key,
            examined.report()
        ));
        if !examined.categories.keys().eq(choice.categories.keys()) {
            let named: Vec<&str> = examined.categories.keys().map(String::as_str).collect();
            words.push_str(&format!(
                " It covers other categories than this assessment: {}.",
                if named.is_empty() { "none yet".to_owned() } else { named.join(", ") }
            ));
        }
    }
    words
}

fn scope(standing: &Standing, catalog: &Catalog, ground: &Ground, services: Vec<String>) -> Scope {
    let framework = catalog.framework(&standing.framework).expect("the standing was computed from it");
    let chosen = &standing.scope.scope;
    let points = framework.points_of_focus_in_play(chosen.categories(), chosen.products()).count();
    let controls = standing.assessment.controls.len();
    let is_chosen = |category: &&Category| chosen.categories().contains(&category.id);
    let words = if chosen.products() { "services and products" } else { "services only" };
    Scope {
        services,
        categories: framework
            .categories
            .iter()
            .filter(is_chosen)
            .map(|category| category.title.clone())
            .collect(),
        target: ground.target(standing),
        edition: framework.edition.clone(),
        criteria_count: Figure::count(
            standing.assessment.criteria.len(),
            vec![Citation::rows("catalog criteria", &format!("framework {}, in scope", framework.id))],
        ),
        points_of_focus_count: Figure::count(
            points,
            vec![Citation::rows(
                "catalog points of focus",
                &format!("in play for these categories, {words}"),
            )],
        ),
        controls_count: Figure::count(
            controls,
            vec![Citation::rows("controls", "mapped to a criterion in scope")],
        ),
        targets_count: Figure::count(
            standing.targets.len(),
            vec![Citation::rows("targets", "ever expected")],
        ),
        excluded: ground.excluded(standing),
        outside: ground.outside(standing),
    }
}
