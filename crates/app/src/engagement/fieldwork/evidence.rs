//! Evidence and populations as far as an auditor may see them: of controls in scope and inside the time of the
//! examination, or handed in for a request of the engagement. Each look at a file is recorded before the first byte leaves.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use serde_json::json;
use tickmark_core::Span;
use tickmark_core::catalog::Catalog;
use tickmark_core::control::{Control, ControlId};
use tickmark_core::engagement::EngagementKey;
use tickmark_core::engagement::fieldwork::EvidenceRequest;
use tickmark_core::evidence::item::{Item, ItemFile, State, Version};
use tickmark_core::id::{ItemKey, PopulationKey};
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::program::population::{Population, Unfit};

use super::{controls_in_scope, field, span, sql};
use crate::context::{Cx, View};
use crate::evidence::item::{self, Purpose};
use crate::identity::audit::{self, Event, Name};
use crate::program::population;
use crate::{Actor, App, Error, Result};

const READ: Atom = Atom::new(Resource::Evidence, Verb::Read);
const EXPORT: Atom = Atom::new(Resource::Evidence, Verb::Export);
/// Items and populations that are offered for one answer.
const OFFERED: usize = 30;

/// What was handed in for requests of an engagement.
struct HandedIn {
    items: BTreeSet<ItemKey>,
    populations: BTreeSet<PopulationKey>,
}

async fn handed_in(view: &mut View<'_>, key: EngagementKey) -> Result<HandedIn> {
    let organization = view.organization();
    let rows = sql::requests(view.connection(), organization, key).await?;
    let answers = || rows.iter().map(|row| &row.record.answer);
    Ok(HandedIn {
        items: answers().flat_map(|answer| answer.items.iter().copied()).collect(),
        populations: answers().flat_map(|answer| answer.populations.iter().copied()).collect(),
    })
}

/// What of evidence an auditor may see.
struct Sight {
    handed_in: BTreeSet<ItemKey>,
    controls: BTreeMap<ControlId, Control>,
    time: Span,
}

impl Sight {
    fn has(&self, item: &Item) -> bool {
        let is_in_scope = || {
            item.state == State::Accepted
                && item.controls.iter().any(|id| self.controls.contains_key(id))
                && item.version.description.covers.is_some_and(|covers| covers.touches(self.time))
        };
        item.state != State::Withdrawn && (self.handed_in.contains(&item.key) || is_in_scope())
    }
}

async fn sight(view: &mut View<'_>, key: EngagementKey, catalog: &Catalog) -> Result<Sight> {
    let field = field(view, key).await?;
    view.permit_on(READ, &field.object)?;
    let scope = field.version.record.holds();
    let (controls, time) = (controls_in_scope(view, scope, catalog).await?, span(scope));
    let handed_in = handed_in(view, key).await?.items;
    Ok(Sight { handed_in, controls, time })
}

/// Lists the items that an auditor may see, newest first.
///
/// # Errors
/// `Forbidden`; `NotFound`.
pub async fn items(view: &mut View<'_>, key: EngagementKey, catalog: &Catalog) -> Result<Vec<Item>> {
    let sight = sight(view, key, catalog).await?;
    let mut all = item::everything(view).await?;
    all.retain(|item| sight.has(item));
    Ok(all)
}

/// Finds an item that an auditor may see. Of it they see the newest version.
///
/// # Errors
/// `Forbidden`; `NotFound`.
pub async fn item(view: &mut View<'_>, key: EngagementKey, item: ItemKey, catalog: &Catalog) -> Result<Item> {
    let sight = sight(view, key, catalog).await?;
    let found = item::several(view, &[item]).await?.pop().filter(|one| sight.has(one));
    found.ok_or_else(|| Error::not_found("evidence item", item))
}

/// Lists the frozen populations that an auditor may see, by number.
///
/// # Errors
/// `Forbidden`; `NotFound`.
pub async fn populations(
    view: &mut View<'_>,
    key: EngagementKey,
    catalog: &Catalog,
) -> Result<Vec<Population>> {
    let field = field(view, key).await?;
    view.permit_on(READ, &field.object)?;
    let scope = field.version.record.holds();
    let (controls, time) = (controls_in_scope(view, scope, catalog).await?, span(scope));
    let controls = controls.into_keys().collect();
    let handed_in = handed_in(view, key).await?.populations;
    let all = population::all(view).await?;
    let is_fit = |one: &Population| unfit(one, &controls, time).is_none();
    let is_seen = |one: &Population| one.frozen.is_some() && (handed_in.contains(&one.key) || is_fit(one));
    Ok(all.into_iter().filter(is_seen).collect())
}

/// Returns why an examination of these controls and this time cannot use a population; none where it can. What is offered for
/// an answer, what an answer may hold, and what an auditor sees without asking for it follow from this one rule.
fn unfit(one: &Population, controls: &BTreeSet<ControlId>, time: Span) -> Option<Unfit> {
    if controls.contains(&one.definition.control) { one.unfit(time) } else { Some(Unfit::OtherControl) }
}

/// Says of each population that an answer cannot hold why, by its number; nothing where it can hold them all.
///
/// # Errors
/// `NotFound` for a population that is not there; if the catalog has no framework, or the database fails.
pub async fn misfits(
    view: &mut View<'_>,
    key: EngagementKey,
    chosen: &BTreeSet<PopulationKey>,
    catalog: &Catalog,
) -> Result<Vec<String>> {
    if chosen.is_empty() {
        return Ok(Vec::new());
    }
    let field = field(view, key).await?;
    let scope = field.version.record.holds();
    let controls = controls_in_scope(view, scope, catalog).await?.into_keys().collect();
    let (from, to) = scope.time.days();
    let all = population::all(view).await?;
    let mut says = Vec::new();
    for number in chosen {
        let found = all.iter().find(|one| one.key == *number);
        let one = found.ok_or_else(|| Error::not_found("population", number))?;
        let Some(why) = unfit(one, &controls, span(scope)) else { continue };
        let [first, last] = one.days();
        says.push(match why {
            Unfit::NotFrozen => format!("population {number} is not frozen; freeze it first"),
            Unfit::OtherTime if from == to => {
                format!("population {number} is about {first} to {last}, and examined is {to}")
            }
            Unfit::OtherTime => {
                format!("population {number} is about {first} to {last}, and examined is {from} to {to}")
            }
            Unfit::OtherControl => format!(
                "population {number} is about {}, which is not in the scope of this engagement",
                one.definition.control
            ),
        });
    }
    Ok(says)
}

/// Finds a frozen population that an auditor may see.
///
/// # Errors
/// `Forbidden`; `NotFound`.
pub async fn population(
    view: &mut View<'_>,
    key: EngagementKey,
    number: PopulationKey,
    catalog: &Catalog,
) -> Result<Population> {
    let seen = populations(view, key, catalog).await?;
    seen.into_iter().find(|one| one.key == number).ok_or_else(|| Error::not_found("population", number))
}

/// Records that an auditor looked at the items of a population, before they are shown.
///
/// # Errors
/// As [`population`].
pub async fn looked_at(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    number: PopulationKey,
    catalog: &Catalog,
) -> Result<()> {
    population(cx, key, number, catalog).await?;
    let after = json!({ "engagement": key, "population": number });
    let event = Event::done(Name::EvidenceViewed, "population", number);
    audit::record(cx, Event { after: Some(after), ..event }).await
}

/// Reads the list of a population as it was handed in, for an auditor who takes it away, with the name of its file. It is
/// an event of the trail.
///
/// # Errors
/// As [`population`]; `NotFound` if it has no list, or its content is gone.
pub async fn read_list(
    app: &App,
    actor: &Actor,
    key: EngagementKey,
    number: PopulationKey,
    catalog: &Catalog,
) -> Result<(String, Bytes)> {
    let (artifact, name) = app
        .read(actor, async |view| {
            let found = self::population(view, key, number, catalog).await?;
            let field = field(view, key).await?;
            view.permit_on(EXPORT, &field.object)?;
            let file = found.file.ok_or_else(|| Error::not_found("list of population", number))?;
            let format = population::reading_of(view, number).await?.map(|reading| reading.format);
            let artifact = crate::evidence::find(view, crate::evidence::ArtifactKey(file.0)).await?;
            Ok((artifact, population::file_name(number, format)))
        })
        .await?;
    let bytes = crate::evidence::read(app, &artifact).await?;
    let after = json!({ "engagement": key, "population": number, "artifacts": [artifact.key.0] });
    app.transact(actor, async |cx| {
        let event = Event::done(Name::EvidenceDownloaded, "population", number);
        audit::record(cx, Event { after: Some(after), ..event }).await
    })
    .await?;
    Ok((name, bytes))
}

/// What an answer to a request could be made of.
#[derive(Clone, Debug, Default)]
pub struct Offered {
    /// Items, the likely ones first.
    pub items: Vec<Item>,
    /// Frozen populations.
    pub populations: Vec<Population>,
    /// Populations of controls in scope, or answered with before, that cannot be chosen, with why.
    pub unfit: Vec<(Population, Unfit)>,
}

/// Returns what management could answer a request with: what it may see itself, of the request's controls or, where it
/// names none, of the controls for its criteria; and the items that it answered with before.
///
/// # Errors
/// If the catalog has no framework, or the database fails.
pub async fn offered(
    view: &mut View<'_>,
    key: EngagementKey,
    request: &EvidenceRequest,
    catalog: &Catalog,
) -> Result<Offered> {
    let field = field(view, key).await?;
    let scope = field.version.record.holds();
    let in_scope = controls_in_scope(view, scope, catalog).await?;
    let framework =
        catalog.frameworks.first().ok_or_else(|| Error::invalid("the catalog has no framework"))?;
    let (in_scope, all): (BTreeSet<ControlId>, Vec<Control>) = in_scope.into_iter().unzip();
    let asked = &request.request;
    let controls: BTreeSet<ControlId> = if asked.controls.is_empty() {
        let of = |id: &String| {
            scope.controls_for(framework, &all, id).map(|one| one.id.clone()).collect::<Vec<_>>()
        };
        asked.criteria.iter().flat_map(of).collect()
    } else {
        asked.controls.clone()
    };
    let time = span(scope);
    let held = &request.answer;
    let mut items = if view.may(READ) { item::list(view).await? } else { Vec::new() };
    items.retain(|one| {
        let is_likely = !matches!(one.state, State::Draft | State::Withdrawn)
            && one.controls.iter().any(|id| controls.contains(id))
            && one.version.description.covers.is_none_or(|covers| covers.touches(time));
        is_likely || held.items.contains(&one.key)
    });
    items.truncate(OFFERED);
    let (mut populations, mut misfits) = (Vec::new(), Vec::new());
    for one in population::all(view).await?.into_iter().rev() {
        match unfit(&one, &in_scope, time) {
            None => populations.push(one),
            Some(Unfit::OtherControl) if !held.populations.contains(&one.key) => {}
            Some(why) => misfits.push((one, why)),
        }
    }
    populations.truncate(OFFERED);
    misfits.truncate(OFFERED);
    Ok(Offered { items, populations, unfit: misfits })
}

/// Reads a file of an item for an auditor. Each look is an event of the trail.
///
/// # Errors
/// As [`item`]; `NotFound` if there is no such file, or its content is gone.
pub async fn read_file(
    app: &App,
    actor: &Actor,
    (key, item): (EngagementKey, ItemKey),
    seq: i64,
    purpose: Purpose,
    catalog: &Catalog,
) -> Result<(ItemFile, Bytes)> {
    let version = app
        .read(actor, async |view| {
            let item = self::item(view, key, item, catalog).await?;
            if purpose == Purpose::TakeAway {
                let field = field(view, key).await?;
                view.permit_on(EXPORT, &field.object)?;
            }
            Ok(item.version)
        })
        .await?;
    let Version { files, number, .. } = version;
    let file = files.into_iter().find(|file| file.seq == seq).ok_or_else(|| Error::not_found("file", seq))?;
    let artifact = crate::evidence::ArtifactKey(file.artifact.0);
    let artifact = app.read(actor, async |view| crate::evidence::find(view, artifact).await).await?;
    let bytes = crate::evidence::read(app, &artifact).await?;
    let name = if purpose == Purpose::TakeAway { Name::EvidenceDownloaded } else { Name::EvidenceViewed };
    let after = json!({
        "engagement": key, "item": item, "version": number, "file": seq, "artifacts": [file.artifact],
    });
    app.transact(actor, async |cx| {
        audit::record(cx, Event { after: Some(after), ..Event::done(name, "evidence", item) }).await
    })
    .await?;
    Ok((file, bytes))
}
