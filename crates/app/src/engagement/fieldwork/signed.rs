//! Papers of the audit firm that people sign, of whatever kind: who reads them, how a change is kept, and what the trail says.
//!
//! Only people of the firm who signed in write papers or read what is not shared; management reads each paper as it stood
//! when it was shared last.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tickmark_core::Timestamp;
use tickmark_core::engagement::EngagementKey;
use tickmark_core::engagement::fieldwork::{Party, SignedPaper, Walkthrough, Workpaper, WorkpaperError};
use tickmark_core::id::ActorId;
use tickmark_core::identity::Verb;
use tickmark_core::program::sampling::SamplingError;

use super::sql::Kind;
use super::waiting::Unanswered;
use super::{Field, Row, digest, field, open_field, paper, same, sql, standing};
use crate::context::{Cx, View};
use crate::identity::Access;
use crate::identity::audit::{self, Event, Name};
use crate::{Error, Result};

/// A kind of paper that people of the firm sign.
#[expect(private_interfaces, reason = "where it is kept is nobody else's business")]
pub trait Paper: SignedPaper + Clone + Serialize + DeserializeOwned {
    /// Where it is kept.
    const KIND: Kind;
    /// What the trail and messages call one.
    const NOUN: &'static str;
    /// What its number begins with.
    const PREFIX: &'static str;
    /// What the trail says when it is written.
    const WRITTEN: Name;
    /// What it is about: the control that is tested, or the process that is walked through.
    fn subject(&self) -> String;
    /// What the trail says when it is signed.
    fn signed(signing: Signing) -> Name;
    /// What of it management answers once it is shared.
    fn answerable(&self, key: EngagementKey, since: Timestamp) -> Vec<Unanswered>;
}

#[expect(private_interfaces, reason = "where it is kept is nobody else's business")]
impl Paper for Workpaper {
    const KIND: Kind = Kind::Workpaper;
    const NOUN: &'static str = "workpaper";
    const PREFIX: &'static str = "WP";
    const WRITTEN: Name = Name::WorkpaperWritten;

    fn subject(&self) -> String {
        self.plan.control.to_string()
    }

    fn signed(signing: Signing) -> Name {
        match signing {
            Signing::Prepare => Name::WorkpaperPrepared,
            Signing::Review => Name::WorkpaperReviewed,
            Signing::Share => Name::WorkpaperShared,
        }
    }

    fn answerable(&self, key: EngagementKey, since: Timestamp) -> Vec<Unanswered> {
        let exceptions = self.exceptions.iter();
        exceptions
            .map(|exception| Unanswered {
                engagement: key,
                workpaper: self.number,
                exception: exception.number,
                control: self.plan.control.clone(),
                nature: exception.nature.clone(),
                since,
            })
            .collect()
    }
}

#[expect(private_interfaces, reason = "where it is kept is nobody else's business")]
impl Paper for Walkthrough {
    const KIND: Kind = Kind::Walkthrough;
    const NOUN: &'static str = "walkthrough";
    const PREFIX: &'static str = "WT";
    const WRITTEN: Name = Name::WalkthroughWritten;

    fn subject(&self) -> String {
        self.process.clone()
    }

    fn signed(signing: Signing) -> Name {
        match signing {
            Signing::Prepare => Name::WalkthroughPrepared,
            Signing::Review => Name::WalkthroughReviewed,
            Signing::Share => Name::WalkthroughShared,
        }
    }

    fn answerable(&self, _key: EngagementKey, _since: Timestamp) -> Vec<Unanswered> {
        Vec::new()
    }
}

/// What is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signing {
    /// As who prepared it.
    Prepare,
    /// As who reviewed it.
    Review,
    /// So that management may read it.
    Share,
}

/// Refuses everybody but people of the firm.
pub(super) fn need_auditor(field: &Field, cx: &mut View<'_>, verb: Verb) -> Result<()> {
    if field.party != Party::Auditor || cx.actor.access == Access::Local {
        cx.refuse_by_rule("engagement", field.version.record.key.to_string(), "other_party");
        return Err(Error::Forbidden(
            "papers of the audit firm are written and read by its people alone".into(),
        ));
    }
    cx.permit_on(paper(verb), &field.object)
}

/// Lists the papers that the actor may read, by number: all of them for the firm, and for management those that were
/// shared, as they stood then.
///
/// # Errors
/// `Forbidden`; `NotFound`.
pub async fn list<P: Paper>(view: &mut View<'_>, key: EngagementKey) -> Result<Vec<Row<P>>> {
    let field = field(view, key).await?;
    if field.party == Party::Auditor {
        need_auditor(&field, view, Verb::Read)?;
        return held(view, key).await;
    }
    view.permit_on(super::super::atom(Verb::Read), &field.object)?;
    shared(view, key).await
}

/// Returns the newest versions of papers, whoever asks.
pub(super) async fn held<P: Paper>(view: &mut View<'_>, key: EngagementKey) -> Result<Vec<Row<P>>> {
    let organization = view.organization();
    sql::papers(view.connection(), organization, key, P::KIND).await
}

/// Returns papers as they were shared last, whoever asks.
pub(crate) async fn shared<P: Paper>(view: &mut View<'_>, key: EngagementKey) -> Result<Vec<Row<P>>> {
    let newest = held(view, key).await?;
    as_shared(view, key, newest).await
}

/// Turns the newest versions of papers into those that were shared last; papers that never were are left out.
async fn as_shared<P: Paper>(
    view: &mut View<'_>,
    key: EngagementKey,
    newest: Vec<Row<P>>,
) -> Result<Vec<Row<P>>> {
    // A paper that changed since stands in an older version as it was shared: the one that was written by that, or the next
    // one, which a reviewer signed.
    let is_shared = |row: &Row<P>| row.record.shared().is_some();
    let moments: Vec<(i64, Timestamp)> = newest
        .iter()
        .filter(|row| !is_shared(row))
        .filter_map(|row| Some((row.record.number(), row.record.shared_at()?)))
        .collect();
    let organization = view.organization();
    let older = sql::papers_at(view.connection(), organization, key, P::KIND, &moments).await?;
    let mut older: BTreeMap<i64, Row<P>> =
        older.into_iter().filter(is_shared).map(|row| (row.record.number(), row)).collect();
    let seen = newest
        .into_iter()
        .filter_map(|row| if is_shared(&row) { Some(row) } else { older.remove(&row.record.number()) });
    Ok(seen.collect())
}

/// Finds a paper that the actor may read.
///
/// # Errors
/// `Forbidden`; `NotFound`.
pub async fn find<P: Paper>(view: &mut View<'_>, key: EngagementKey, number: i64) -> Result<Row<P>> {
    let field = field(view, key).await?;
    match field.party {
        Party::Auditor => need_auditor(&field, view, Verb::Read)?,
        Party::Management => view.permit_on(super::super::atom(Verb::Read), &field.object)?,
    }
    let organization = view.organization();
    let found = sql::paper(view.connection(), organization, key, P::KIND, number).await?;
    let mut found: Vec<Row<P>> = found.into_iter().collect();
    if field.party == Party::Management {
        found = as_shared(view, key, found).await?;
    }
    found.pop().ok_or_else(|| Error::not_found(P::NOUN, number))
}

/// Signs a paper as it stands, from version `from`, or shares it.
///
/// # Errors
/// `Forbidden` for everybody but the firm; `NotFound`; `Invalid` for one that is not whole; `Conflict` if it was changed
/// meanwhile, once the engagement is frozen, and for whoever wrote in it and reviews it.
pub async fn sign<P: Paper>(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    number: i64,
    from: i64,
    signing: Signing,
) -> Result<()> {
    write(cx, (key, number, from), P::signed(signing), |paper: &mut P, by, at| match signing {
        Signing::Prepare => paper.prepare(by, at),
        Signing::Review => paper.review(by, at),
        Signing::Share => paper.share(by, at),
    })
    .await
}

/// Changes a paper from a version of it, for people of the firm while the engagement is open.
pub(super) async fn write<P: Paper>(
    cx: &mut Cx<'_>,
    (key, number, from): (EngagementKey, i64, i64),
    name: Name,
    make: impl FnOnce(&mut P, ActorId, Timestamp) -> Result<(), WorkpaperError>,
) -> Result<()> {
    let field = open_field(cx, key).await?;
    need_auditor(&field, cx, Verb::Update)?;
    let row: Row<P> = find(cx, key, number).await?;
    same(row.version, from)?;
    let (mut record, by, now) = (row.record, cx.actor.id, cx.now);
    if let Err(error) = make(&mut record, by, now) {
        return Err(match error {
            WorkpaperError::OwnPaper => {
                cx.refuse_by_rule(P::NOUN, id::<P>(key, number), "own_paper");
                Error::conflict(error)
            }
            WorkpaperError::DrawsAgain => {
                cx.refuse_by_rule(P::NOUN, id::<P>(key, number), "draws_again");
                Error::conflict(error)
            }
            WorkpaperError::Signed
            | WorkpaperError::SharedAlready
            | WorkpaperError::SelectedAlready
            | WorkpaperError::DrawnAndTested
            | WorkpaperError::Sample(
                SamplingError::ExtendedAlready
                | SamplingError::ExtensionNotPlanned { .. }
                | SamplingError::ReserveUsedUp,
            ) => Error::conflict(error),
            error => Error::invalid(error),
        });
    }
    save(cx, key, Some(row.version), record, name).await
}

/// Keeps the next version of a paper, or its first.
pub(super) async fn save<P: Paper>(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    before: Option<i64>,
    record: P,
    name: Name,
) -> Result<()> {
    let number = record.number();
    let row = Row { version: before.unwrap_or(0) + 1, since: cx.now, by: cx.actor.id, record };
    let organization = cx.organization();
    sql::add_paper(cx.connection(), organization, key, P::KIND, number, &row).await?;
    standing::follow(cx, key, &row).await?;
    // No word of it but what it is: the trail is management's to read.
    let after = json!({
        "version": row.version, "content": row.record.digest(), "record": digest(&row.record)?,
        "shared": row.record.shared().is_some(),
    });
    let event = Event { after: Some(after), ..Event::done(name, P::NOUN, id::<P>(key, number)) };
    audit::record(cx, event).await
}

/// What the trail calls a paper.
#[must_use]
pub fn id<P: Paper>(key: EngagementKey, number: i64) -> String {
    format!("{key}/{}-{number}", P::PREFIX)
}
