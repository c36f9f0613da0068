//! What the organization is assessed for: categories, criteria taken out, the examination aimed at. Readiness follows it.
//!
//! Nothing is taken out by a program. Owns the table of migration `0062_readiness_scope.sql`.

mod sql;

use std::collections::BTreeSet;

use serde_json::json;
use tickmark_core::catalog::{Catalog, Framework};
use tickmark_core::conclusion::chosen::{self, Choice, ChoiceError, Chosen};
use tickmark_core::conclusion::scope::Scope;
use tickmark_core::control::start::{Answers, QUESTIONS};
use tickmark_core::words;

use super::JUDGE;
use crate::context::{Cx, View};
use crate::identity::audit::{self, Event, Name};
use crate::register::Kind;
use crate::{Error, Result, control};

/// Most versions in one list.
pub const LIST_LIMIT: u32 = 200;
/// Why a category is in that nobody asked about.
const ALWAYS: &str = "Always in scope.";

/// What came of a change made from a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It is done.
    Done(Box<Chosen>),
    /// Somebody else was faster; nothing is done. What holds now.
    Stale(Box<Chosen>),
}

/// What readiness is computed for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holds {
    /// What people chose; none while nobody chose anything.
    pub chosen: Option<Chosen>,
    /// The choice that holds: theirs, or the whole framework.
    pub choice: Choice,
    /// The scope that follows.
    pub scope: Scope,
    /// Why their choice makes no scope any more, and the whole framework holds instead; empty otherwise.
    pub fault: String,
}

/// Returns what people chose last, whoever asks; none while nobody chose anything.
///
/// # Errors
/// If the database refuses, or holds what we never wrote.
pub async fn current(view: &mut View<'_>) -> Result<Option<Chosen>> {
    let organization = view.organization();
    let chosen = view
        .once("scope", String::new(), |view| Box::pin(sql::newest(view.connection(), organization)))
        .await?;
    Ok((*chosen).clone())
}

/// Returns what was chosen, newest first.
///
/// # Errors
/// As [`current`].
pub async fn versions(view: &mut View<'_>) -> Result<Vec<Chosen>> {
    let organization = view.organization();
    sql::versions(view.connection(), organization, LIST_LIMIT).await
}

/// Returns what readiness is computed for. A choice that the framework of today cannot make a scope of takes nothing out:
/// then the whole framework holds.
///
/// # Errors
/// As [`current`]; if the framework has nothing to choose.
pub async fn holds(view: &mut View<'_>, framework: &Framework) -> Result<Holds> {
    let chosen = current(view).await?;
    let whole = || chosen::whole(framework).map_err(Error::invalid);
    Ok(match chosen {
        None => {
            let choice = Choice::whole(framework);
            Holds { chosen: None, choice, scope: whole()?, fault: String::new() }
        }
        Some(chosen) => match chosen.scope(framework) {
            Ok(scope) => {
                Holds { choice: chosen.choice.clone(), chosen: Some(chosen), scope, fault: String::new() }
            }
            Err(error) => Holds {
                choice: Choice::whole(framework),
                chosen: Some(chosen),
                scope: whole()?,
                fault: error.to_string(),
            },
        },
    })
}

/// Writes a choice from version `from`, 0 while there is none.
///
/// # Errors
/// `Forbidden`, for programs too; `Invalid` with what cannot be right; `Conflict` if two write at one time.
pub async fn write(
    cx: &mut Cx<'_>,
    catalog: &Catalog,
    from: u32,
    choice: Choice,
    reason: &str,
) -> Result<Changed> {
    cx.permit_whole(JUDGE)?;
    cx.need_person()?;
    let before = current(cx).await?;
    let version = |chosen: &Chosen| chosen.written.version;
    match before {
        Some(now) if version(&now) != from => return Ok(Changed::Stale(Box::new(now))),
        None if from != 0 => return Err(Error::not_found("version of the readiness scope", from)),
        _ => {}
    }
    let chosen = save(cx, catalog, before.as_ref(), choice, reason).await?;
    Ok(Changed::Done(Box::new(chosen)))
}

/// Takes over what was answered in the guided start: the categories, and the services while none are written. What was
/// written before stays as far as the categories leave it. None if that changes nothing.
///
/// # Errors
/// As [`write`].
pub async fn take_over(cx: &mut Cx<'_>, catalog: &Catalog, answers: &Answers) -> Result<Option<Chosen>> {
    cx.permit_whole(JUDGE)?;
    cx.need_person()?;
    let framework = framework(catalog)?;
    let before = current(cx).await?;
    let mut choice = before.as_ref().map_or_else(|| Choice::whole(framework), |chosen| chosen.choice.clone());
    let asked = |id: &str| QUESTIONS.iter().find(|(category, _)| *category == id);
    choice.categories = framework
        .categories
        .iter()
        .filter(|category| asked(&category.id).is_none() || answers.categories.contains(&category.id))
        .map(|category| {
            let why = asked(&category.id).map_or(ALWAYS.to_owned(), |(_, asks)| format!("Yes to: {asks}"));
            let kept = choice.categories.get(&category.id).filter(|reason| !reason.is_empty());
            (category.id.clone(), kept.cloned().unwrap_or(why))
        })
        .collect();
    choice.omissions.retain(|id, _| !choice.categories.contains_key(id));
    let chosen = framework.choose(choice.categories.keys()).map_err(Error::invalid)?;
    let inside: BTreeSet<&str> =
        framework.requirements_in_scope(&chosen).map(|criterion| criterion.id.as_str()).collect();
    choice.exclusions.retain(|id, _| inside.contains(id.as_str()));
    if choice.services.is_empty() {
        let lines = answers.services.lines().map(str::trim).filter(|line| !line.is_empty());
        let most = tickmark_core::control::TITLE_MAX - 1;
        choice.services = lines.take(chosen::LIST_MAX).map(|line| words::shortened(line, most)).collect();
    }
    if before.as_ref().is_some_and(|before| before.choice == choice) {
        return Ok(None);
    }
    save(cx, catalog, before.as_ref(), choice, "Answers of the guided start").await.map(Some)
}

async fn save(
    cx: &mut Cx<'_>,
    catalog: &Catalog,
    before: Option<&Chosen>,
    choice: Choice,
    reason: &str,
) -> Result<Chosen> {
    let framework = framework(catalog)?;
    let written = (cx.actor.id, cx.now);
    let chosen = Chosen::write(before, choice, framework, written, reason).map_err(|error| match error {
        ChoiceError::NothingChanged => Error::conflict(error),
        other => Error::invalid(other),
    })?;
    let controls = control::controls(cx).await?;
    if let Some(unknown) = chosen.choice.idle.keys().find(|id| !controls.iter().any(|one| one.id == **id)) {
        return Err(Error::invalid(format!("there is no control {unknown}")));
    }
    let organization = cx.organization();
    sql::add(cx.connection(), organization, &chosen).await?;
    // The register tells the status of each control, and pages when to compute readiness again.
    for control in &controls {
        cx.touch(Kind::Control, &control.id);
    }
    let event = Event {
        before: before.map(said),
        after: Some(said(&chosen)),
        why: audit::kept_why(reason),
        ..Event::done(Name::ReadinessScopeWritten, "readiness_scope", chosen.written.version)
    };
    audit::record(cx, event).await?;
    Ok(chosen)
}

/// What the trail takes of it: what is in and out, without the reasons, which are people's words.
fn said(chosen: &Chosen) -> serde_json::Value {
    let Choice { categories, omissions, exclusions, target, idle, .. } = &chosen.choice;
    json!({
        "version": chosen.written.version,
        "categories": categories.keys().collect::<Vec<_>>(),
        "left_out": omissions.keys().collect::<Vec<_>>(),
        "excluded": exclusions.keys().collect::<Vec<_>>(),
        "without_occurrence": idle.keys().collect::<Vec<_>>(),
        "target": target,
    })
}

pub(crate) fn framework(catalog: &Catalog) -> Result<&Framework> {
    catalog.frameworks.first().ok_or_else(|| Error::invalid("the catalog has no framework"))
}
