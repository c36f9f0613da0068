//! Deciding about drafts of checks: what would change is looked at, and the exact files are approved by somebody else.
//!
//! Whoever has the data folder in hand stands for both. Who is the only member of an organization approves their own draft
//! with a reason that stays visible.

use std::collections::BTreeMap;

use serde_json::json;
use tickmark_core::Digest;
use tickmark_core::id::TargetKey;
use tickmark_core::identity::Verb;
use tickmark_core::observation::{CheckDraft, DraftError, DraftState, Verdict};
use tickmark_evaluate::{Check, CheckSource, FILE_MANIFEST, FILE_REGO, FILE_TESTS, Library, Origin};
use tickmark_store::folder::write_durably;

use super::place::{self, folder_of};
use super::{Draft, Trial, atom, digest_of, tried, waiting_of, written};
use crate::context::{Cx, View};
use crate::identity::audit::{self, Event, Name};
use crate::identity::{Access, people};
use crate::observation::sql;
use crate::{Error, Result};

/// A verdict that would be another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerdictChange {
    /// The target.
    pub target: TargetKey,
    /// Its name.
    pub name: String,
    /// What the check in force says; none where there is none.
    pub before: Option<Verdict>,
    /// What it would say; none where it would be gone.
    pub after: Option<Verdict>,
}

/// A draft with what it would change.
#[derive(Clone, Debug, PartialEq)]
pub struct Looked {
    /// The draft.
    pub draft: CheckDraft,
    /// The files in force; none of a new check.
    pub in_force: Option<Draft>,
    /// The files that would be; none where there would be no check of this id.
    pub would_be: Option<Draft>,
    /// What trying those showed.
    pub trial: Trial,
    /// Verdicts that would be other ones, over the first [`super::TRIED_TARGETS`] targets.
    pub changes: Vec<VerdictChange>,
}

/// Lists the drafts that wait for a decision of the actor, the longest first.
///
/// # Errors
/// If the database refuses, or holds what we never wrote.
pub async fn waiting(view: &mut View<'_>) -> Result<Vec<CheckDraft>> {
    let (organization, actor) = (view.organization(), view.actor.id);
    if !view.sees_whole(atom(Verb::Approve)) {
        return Ok(Vec::new());
    }
    let mut waiting = sql::waiting_drafts(view.connection(), organization).await?;
    if waiting.iter().any(|draft| draft.authors.contains(&actor)) && !people::is_only_member(view).await? {
        waiting.retain(|draft| !draft.authors.contains(&actor));
    }
    Ok(waiting)
}

/// Lists all drafts that wait for a decision, the longest first, whoever may make it.
///
/// # Errors
/// `Forbidden` for whoever may not see checks.
pub async fn all_waiting(view: &mut View<'_>) -> Result<Vec<CheckDraft>> {
    view.permit_whole(atom(Verb::Read))?;
    let organization = view.organization();
    sql::waiting_drafts(view.connection(), organization).await
}

/// Lists the drafts of a check, oldest first, with what became of each.
///
/// # Errors
/// `Forbidden` for whoever may not see checks.
pub async fn drafts_of(view: &mut View<'_>, id: &str) -> Result<Vec<CheckDraft>> {
    view.permit_whole(atom(Verb::Read))?;
    let organization = view.organization();
    sql::drafts_of(view.connection(), organization, id).await
}

/// Looks at the draft of a check that waits: its files beside those in force, and which verdicts would change.
///
/// # Errors
/// `NotFound` if none waits.
pub async fn look(view: &mut View<'_>, id: &str) -> Result<Looked> {
    view.permit_whole(atom(Verb::Update))?;
    let draft = waiting_of(view, id).await?.ok_or_else(|| Error::not_found("draft of a check", id))?;
    let in_force = written(view, id)?;
    let would_be = match Draft::of(&draft) {
        Some(files) => Some(files.source()),
        None => Library::builtin_sources().into_iter().find(|source| source.folder == id),
    };
    let sources: Vec<CheckSource> = in_force.iter().chain(&would_be).cloned().collect();
    let mut trials = tried(view, sources).await?.into_iter();
    let before = in_force.is_some().then(|| trials.next()).flatten();
    let after = would_be.is_some().then(|| trials.next()).flatten();
    Ok(Looked {
        changes: changes(before.as_ref(), after.as_ref()),
        trial: after.unwrap_or_default(),
        in_force: in_force.map(Draft::of_source),
        would_be: would_be.map(Draft::of_source),
        draft,
    })
}

fn changes(before: Option<&Trial>, after: Option<&Trial>) -> Vec<VerdictChange> {
    let mut by_target: BTreeMap<TargetKey, VerdictChange> = BTreeMap::new();
    for (trial, is_after) in [(before, false), (after, true)] {
        for said in trial.into_iter().flat_map(|trial| &trial.said) {
            let name = || said.name.clone();
            let entry = by_target.entry(said.target).or_insert_with(|| VerdictChange {
                target: said.target,
                name: name(),
                before: None,
                after: None,
            });
            let verdict = Some(said.outcome.verdict);
            if is_after { entry.after = verdict } else { entry.before = verdict }
        }
    }
    by_target.into_values().filter(|change| change.before != change.after).collect()
}

/// Approves the draft of a check that waits, if its exact content is `digest`. Its files are those of the check from the
/// next run on; what was said before stays with the version that said it. `alone` says why the only member of an
/// organization approves what they wrote.
///
/// # Errors
/// `NotFound` if none waits; `Conflict` if it is another one than was looked at, or the approver wrote any of it; `Invalid`
/// if it does not pass any more; or as the disk answers.
pub async fn approve(cx: &mut Cx<'_>, id: &str, digest: Digest, alone: &str) -> Result<CheckDraft> {
    cx.permit_whole(atom(Verb::Approve))?;
    cx.need_person()?;
    let mut draft = exact(cx, id, digest).await?;
    if Draft::of(&draft).is_none() {
        place::need_own(cx, id).await?;
    }
    let note = separated(cx, &draft, alone).await?;
    let in_force = written(cx, id)?.map(|source| digest_of(&source));
    let (organization, by, now) = (cx.organization(), cx.actor.id, cx.now);
    draft.approve(by, now, &note).map_err(Error::conflict)?;
    if !sql::decide_draft(cx.connection(), organization, &draft).await? {
        return Err(Error::conflict("somebody else decided about it meanwhile"));
    }
    let event = Event {
        before: Some(json!({"files": in_force})),
        after: Some(json!({"draft": draft.key, "files": digest, "alone": draft.is_alone()})),
        why: Some(note.as_str()),
        ..Event::done(Name::CheckApproved, "check", id)
    };
    audit::record(cx, event).await?;
    // The files last: what is refused leaves none behind.
    match Draft::of(&draft) {
        None => take_out(cx, id).await?,
        Some(files) => {
            let trial = tried(cx, vec![files.source()]).await?;
            if !trial.iter().all(Trial::passed) {
                return Err(Error::invalid("it does not pass any more; try it to see why"));
            }
            put_in(cx, &files).await?;
        }
    }
    Ok(draft)
}

/// Declines the draft of a check that waits; what is in force stays so. Authors take theirs back by it.
///
/// # Errors
/// As [`approve`]; `Invalid` without a reason.
pub async fn decline(cx: &mut Cx<'_>, id: &str, digest: Digest, why: &str) -> Result<CheckDraft> {
    cx.permit_whole(atom(Verb::Update))?;
    let mut draft = exact(cx, id, digest).await?;
    if !draft.authors.contains(&cx.actor.id) {
        cx.permit_whole(atom(Verb::Approve))?;
    }
    let (organization, by, now) = (cx.organization(), cx.actor.id, cx.now);
    draft.decline(by, now, why).map_err(Error::invalid)?;
    if !sql::decide_draft(cx.connection(), organization, &draft).await? {
        return Err(Error::conflict("somebody else decided about it meanwhile"));
    }
    let after = json!({"draft": draft.key, "state": draft.state.word()});
    let event = Event { after: Some(after), why: Some(why), ..Event::done(Name::CheckDeclined, "check", id) };
    audit::record(cx, event).await?;
    Ok(draft)
}

/// Records which own checks a run uses that nobody approved here: their files were put into the data folder.
pub(in crate::observation) async fn note_files(cx: &mut Cx<'_>, new: &[&Check]) -> Result<()> {
    let organization = cx.organization();
    for check in new.iter().filter(|check| check.origin() == Origin::Own) {
        let files = digest_of(check.source());
        let drafts = sql::drafts_of(cx.connection(), organization, check.id()).await?;
        let approved = drafts.iter().rfind(|draft| draft.state == DraftState::Approved);
        if approved.is_some_and(|draft| draft.change.digest() == files) {
            continue;
        }
        let after = json!({"files": files, "version": check.definition().version});
        let event = Event { after: Some(after), ..Event::done(Name::CheckFromFiles, "check", check.id()) };
        audit::record(cx, event).await?;
    }
    Ok(())
}

async fn exact(view: &mut View<'_>, id: &str, digest: Digest) -> Result<CheckDraft> {
    let draft = waiting_of(view, id).await?.ok_or_else(|| Error::not_found("draft of a check", id))?;
    if draft.change.digest() == digest {
        Ok(draft)
    } else {
        Err(Error::conflict("it was changed since you looked; nothing was decided"))
    }
}

/// Refuses an author, and returns why they approve all the same: who has the data folder in hand, and the only member.
async fn separated(cx: &mut Cx<'_>, draft: &CheckDraft, alone: &str) -> Result<String> {
    match draft.separated(cx.actor.id) {
        Ok(()) => return Ok(String::new()),
        Err(DraftError::OwnDraft) => {}
        Err(error) => return Err(Error::conflict(error)),
    }
    if cx.actor.access == Access::Local {
        return Ok("with the data folder in hand".to_owned());
    }
    if !people::is_only_member(cx).await? {
        cx.refuse_by_rule("check", draft.check.clone(), "own_draft");
        return Err(Error::conflict(DraftError::OwnDraft));
    }
    match alone.trim() {
        "" => Err(Error::invalid("you are the only member here: say why you approve it yourself")),
        why => Ok(why.to_owned()),
    }
}

async fn put_in(cx: &mut Cx<'_>, files: &Draft) -> Result<()> {
    let folder = folder_of(cx, &files.id).await?;
    std::fs::create_dir_all(&folder).map_err(|error| Error::Unavailable {
        what: format!("{} cannot be made", folder.display()),
        source: Some(Box::new(error)),
    })?;
    for (name, text) in
        [(FILE_MANIFEST, &files.manifest), (FILE_REGO, &files.rego), (FILE_TESTS, &files.tests)]
    {
        write_durably(&folder.join(name), text.as_bytes())?;
    }
    Ok(())
}

async fn take_out(cx: &mut Cx<'_>, id: &str) -> Result<()> {
    let folder = folder_of(cx, id).await?;
    // Names that begin with a dot are not read.
    let aside = folder.with_file_name(format!(".{id}.{}", cx.now.micros()));
    std::fs::rename(&folder, &aside).map_err(|error| Error::Unavailable {
        what: format!("{} cannot be put aside", folder.display()),
        source: Some(Box::new(error)),
    })
}
