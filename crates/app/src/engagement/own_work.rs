//! Management's own tests and findings about controls in scope, frozen for exchanges and summaries. Only reads, but for
//! the record that somebody took something out.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use tickmark_core::catalog::Catalog;
use tickmark_core::conclusion::finding::Finding;
use tickmark_core::conclusion::period::{Deviation, Subject};
use tickmark_core::engagement::{EngagementKey, Time};
use tickmark_core::id::TargetKey;
use tickmark_core::identity::Verb;
use tickmark_core::report::SocPackage;
use tickmark_core::report::own_work::{
    OscalModel, OwnDeviation, OwnFinding, OwnTest, OwnWork, control_matrix, exception_summary,
};
use tickmark_core::report::sheet::Sheet;
use tickmark_core::time::DAY_US;
use tickmark_core::{Digest, Span, Timestamp};

use super::package::live;
use super::{atom, find, frozen};
use crate::conclusion::period::conclude;
use crate::conclusion::remediation;
use crate::context::{Cx, View};
use crate::identity::audit::{self, Event, Name};
use crate::{Error, Result, observation};

/// Freezes what an exchange in OSCAL is made from.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Invalid` while the scope has no criterion or objective, as OSCAL has no empty profile.
pub async fn oscal(
    view: &mut View<'_>,
    key: EngagementKey,
    catalog: &Catalog,
    generator: &str,
) -> Result<OscalModel> {
    let model = recorded(view, key, catalog, generator).await?;
    if model.package.criteria.is_empty() {
        return Err(Error::invalid(
            "the scope has no criterion and no objective yet, and OSCAL has no profile without one",
        ));
    }
    Ok(model)
}

/// Returns what was frozen with the engagement; before that, what is recorded now.
async fn recorded(
    view: &mut View<'_>,
    key: EngagementKey,
    catalog: &Catalog,
    generator: &str,
) -> Result<OscalModel> {
    view.permit_whole(atom(Verb::Read))?;
    if let Some(kept) = frozen::whole(view, key).await? {
        return Ok(kept);
    }
    let package = live(view, key, catalog, generator).await?;
    let findings = remediation::open(view).await?;
    let work = own_work(view, key, &package, findings).await?;
    Ok(OscalModel { package, work })
}

/// Freezes as [`oscal`] does, and records that somebody took it out.
///
/// # Errors
/// As [`oscal`].
pub async fn take_out_oscal(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    catalog: &Catalog,
    generator: &str,
) -> Result<OscalModel> {
    let model = oscal(cx, key, catalog, generator).await?;
    let digest = model.digest().map_err(|error| Error::internal("digesting an exchange", error))?;
    taken(cx, key, "oscal", digest).await?;
    Ok(model)
}

/// A list that belongs to an engagement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Summary {
    /// Deviations that management's own tests showed.
    Exceptions,
    /// Criteria or objectives with their controls.
    Matrix,
}

impl Summary {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Exceptions, Self::Matrix];

    /// Returns the word used in addresses and names of files.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Exceptions => "exceptions",
            Self::Matrix => "matrix",
        }
    }
}

/// Makes a list, and records that somebody took it out.
///
/// # Errors
/// `Forbidden`; `NotFound`.
pub async fn take_out_summary(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    summary: Summary,
    catalog: &Catalog,
    generator: &str,
) -> Result<Sheet> {
    let OscalModel { package, work } = recorded(cx, key, catalog, generator).await?;
    let digest = package.digest().map_err(|error| Error::internal("digesting a package", error))?;
    let sheet = match summary {
        Summary::Exceptions => exception_summary(&package, &work),
        Summary::Matrix => control_matrix(&package, &work),
    };
    taken(cx, key, summary.word(), digest).await?;
    Ok(sheet)
}

/// Records that somebody took a document out.
pub(super) async fn taken(cx: &mut Cx<'_>, key: EngagementKey, document: &str, model: Digest) -> Result<()> {
    let after = Some(json!({ "document": document, "model": model }));
    audit::record(cx, Event { after, ..Event::done(Name::DocumentTaken, "engagement", key) }).await
}

/// Collects management's tests of controls in a part, and those of `open` findings that are about it, whoever asks.
pub(super) async fn own_work(
    view: &mut View<'_>,
    key: EngagementKey,
    package: &SocPackage,
    open: BTreeMap<String, Finding>,
) -> Result<OwnWork> {
    let time: Time = find(view, key).await?.record.holds().time;
    let (first, last) = time.days();
    let (from, to) = (first.starts(), last.starts().plus_micros(DAY_US));
    let in_scope: BTreeSet<&str> = package.controls.iter().map(|control| control.id.as_str()).collect();
    let criteria: BTreeSet<&str> = package.criteria.iter().map(|one| one.id.as_str()).collect();
    let names: BTreeMap<TargetKey, String> = observation::targets(view)
        .await?
        .into_iter()
        .map(|target| (target.key, target.target.name))
        .collect();
    let now = view.now;
    let mut tests = Vec::new();
    for concluded in conclude(view, Span { from, to: Some(to) }).await? {
        if !in_scope.contains(concluded.control.as_str()) {
            continue;
        }
        for (test, detail) in concluded.tests.into_iter().zip(concluded.details) {
            tests.push(OwnTest {
                control: test.control.to_string(),
                kind: test.kind,
                test: test.test.clone(),
                state: test.state(now),
                subjects: test.subject_count(),
                unseen: test.unseen.len() + test.untested_items(),
                not_selected: test.unsampled_items(),
                tolerated: test.tolerated.len(),
                samples: test.samples.values().cloned().collect(),
                parts: detail.parts,
                coverage: Some(detail.coverage),
                deviations: test.deviations.iter().map(|one| deviation(one, &names, now)).collect(),
            });
        }
    }
    let mut findings = Vec::new();
    for (reference, finding) in open {
        let control = finding.found.control.as_ref().map(ToString::to_string);
        let of: Vec<String> =
            finding.found.criteria.iter().filter(|id| criteria.contains(id.as_str())).cloned().collect();
        if of.is_empty() && !control.as_deref().is_some_and(|id| in_scope.contains(id)) {
            continue;
        }
        findings.push(OwnFinding {
            reference,
            title: finding.found.title.clone(),
            criteria: of,
            control,
            condition: finding.found.condition.clone(),
            cause: finding.found.cause.clone(),
            effect: finding.found.effect.clone(),
            recommendation: finding.found.recommendation.clone(),
            severity: finding.found.severity,
            opened: finding.opened,
            due: finding.due.map(|day| day.to_string()),
            plan: finding.plan.clone(),
            state: finding.state(),
        });
    }
    Ok(OwnWork { from, to, tests, findings })
}

fn deviation(one: &Deviation, names: &BTreeMap<TargetKey, String>, now: Timestamp) -> OwnDeviation {
    OwnDeviation {
        subject: match &one.subject {
            Subject::Target(key) => names.get(key).cloned().unwrap_or_default(),
            Subject::Window(name) => name.clone(),
            Subject::Item { key, .. } => key.clone(),
        },
        kind: one.kind,
        from: one.first_seen_bad,
        until: one.good_again,
        waived: one.is_waived(now),
        note: one.note.clone(),
    }
}
