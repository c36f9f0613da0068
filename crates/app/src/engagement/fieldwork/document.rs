//! Management's documents as the auditor takes them out: each a copy that says for whom it was made, with an event of the
//! trail before the first byte leaves.
//!
//! What nobody of management has reviewed as it stands is a draft of its own, and is not handed out.

use std::collections::BTreeSet;

use tickmark_core::Timestamp;
use tickmark_core::catalog::Catalog;
use tickmark_core::engagement::fieldwork::Party;
use tickmark_core::engagement::{Engagement, EngagementKey, Paper, Signatures};
use tickmark_core::id::ActorId;
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::report::readiness::DocumentStatus;
use tickmark_core::report::{CopyFor, SocPackage, Writing};

use super::super::completion::{letter_signatures, single_of};
use super::super::copies::{NAME_MAX, PACKAGE, copied, made};
use super::super::package::{for_readers, recorded};
use super::super::{Single, atom};
use super::{Field, field};
use crate::context::{Cx, View};
use crate::identity::{Access, people};
use crate::{Error, Result};

const EXPORT: Atom = Atom::new(Resource::RestrictedReport, Verb::Export);
/// Of which company an auditor is whose firm is not named.
const FIRM: &str = "Audit firm";

/// What the auditor can take out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handed {
    /// Management's part of the report.
    Package,
    /// A document by itself.
    Single(Single),
}

/// What the auditor can take out now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offered {
    /// The documents.
    pub all: Vec<Handed>,
    /// Who signed the representation letter as it stands. Who signed the others stands in the record.
    pub letter: Signatures,
}

/// What is set, and for whom.
#[derive(Clone, Debug)]
pub enum Taken {
    /// Management's part of the report.
    Package(Box<SocPackage>, CopyFor),
    /// A document by itself.
    Writing(Box<Writing>, CopyFor),
}

impl Handed {
    /// Returns its name in addresses and in the log of copies.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Package => PACKAGE.to_owned(),
            Self::Single(single) => single.name(),
        }
    }

    /// Reads the name again. Bridge letters are for customers.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        if name == PACKAGE {
            return Some(Self::Package);
        }
        Single::from_name(name).filter(|one| !matches!(one, Single::Bridge(_))).map(Self::Single)
    }
}

fn need_auditor(view: &mut View<'_>, field: &Field, verb: Atom) -> Result<()> {
    if field.party != Party::Auditor || view.actor.access == Access::Local {
        return Err(Error::not_found("document", field.version.record.key));
    }
    view.permit_on(verb, &field.object)
}

/// Lists what the auditor can take out now.
///
/// # Errors
/// `Forbidden`; `NotFound` for everybody but the firm.
pub async fn offered(view: &mut View<'_>, key: EngagementKey) -> Result<Offered> {
    let field = field(view, key).await?;
    need_auditor(view, &field, atom(Verb::Read))?;
    available(view, &field.version.record).await
}

async fn available(view: &mut View<'_>, record: &Engagement) -> Result<Offered> {
    let is_reviewed = |paper: &Paper| record.progress(*paper).is_some() && !record.is_unreviewed(*paper);
    let mut all: Vec<Handed> =
        record.papers().filter(is_reviewed).map(|paper| Handed::Single(paper.into())).collect();
    let letter = letter_signatures(view, record).await?;
    if letter.reviewed.is_some() {
        all.push(Handed::Single(Single::Representation));
    }
    if record.status() != DocumentStatus::WorkingDraft {
        all.push(Handed::Package);
    }
    Ok(Offered { all, letter })
}

/// Returns the documents that people of the firm took out as they stand now, alone or within the whole part; whoever asks.
pub(in crate::engagement) async fn handed(
    view: &mut View<'_>,
    record: &Engagement,
) -> Result<BTreeSet<Paper>> {
    let auditors = people::of_engagement(view, record.key).await?;
    let auditors: BTreeSet<ActorId> = auditors.into_iter().map(|one| one.member.actor).collect();
    let copies = made(view, record.key).await?;
    let is_handed = |paper: &Paper| {
        let Some(reviewed) = reviewed_at(record, *paper) else { return false };
        copies.iter().any(|one| {
            let is_it = one.document == PACKAGE || one.document == Single::from(*paper).name();
            is_it && one.copy.made >= reviewed && auditors.contains(&one.by)
        })
    };
    Ok(record.papers().filter(is_handed).collect())
}

fn reviewed_at(record: &Engagement, paper: Paper) -> Option<Timestamp> {
    let ground = record.ground(paper);
    let reviewed = match paper {
        Paper::Description => record.description.as_ref()?.reviewed(ground),
        Paper::Assertion => record.assertion.as_ref()?.reviewed(ground),
    };
    reviewed.map(|signed| signed.at)
}

/// Makes a copy of a document for the auditor who asks. A draft is for their review from then on. Their name, their firm and the day stand on it, and in the log of
/// copies.
///
/// `generator` names program and version.
///
/// # Errors
/// `Forbidden`; `StepUp`; `NotFound` for everybody but the firm, and for what nobody of management has reviewed.
pub async fn take(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    what: Handed,
    catalog: &Catalog,
    generator: &str,
) -> Result<Taken> {
    let field = field(cx, key).await?;
    need_auditor(cx, &field, EXPORT)?;
    let record = &field.version.record;
    if !available(cx, record).await?.all.contains(&what) {
        return Err(Error::not_found("document", format!("{} of {key}", what.name())));
    }
    let firm: String = record.holds().firm.chars().take(NAME_MAX).collect();
    let firm = if firm.is_empty() { FIRM.to_owned() } else { firm };
    let whom = (cx.actor.name().chars().take(NAME_MAX).collect(), firm);
    let is_open = field.report.frozen().is_none();
    let digesting = |error: serde_json::Error| Error::internal("digesting a document", error);
    Ok(match what {
        Handed::Package => {
            let mut model = for_readers(cx, key, catalog, generator).await?;
            if is_open {
                model.hand(true, true);
            }
            let digest = model.digest().map_err(digesting)?;
            let copy = copied(cx, key, &what.name(), digest, whom).await?;
            Taken::Package(Box::new(model), copy)
        }
        Handed::Single(single) => {
            let package = recorded(cx, key, catalog, generator).await?;
            let mut writing = single_of(cx, key, single, &package).await?;
            if is_open {
                writing.status = writing.status.handed();
            }
            let digest = writing.digest().map_err(digesting)?;
            let copy = copied(cx, key, &what.name(), digest, whom).await?;
            Taken::Writing(Box::new(writing), copy)
        }
    })
}
