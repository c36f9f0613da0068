//! Samples of workpapers: selected from frozen populations that the auditor may see, extended once as planned, with
//! replacements from the reserve. Nothing of it is told to management before the paper is shared.
//!
//! An extension and a replacement have one name in the trail, which management reads: that a sample was extended would tell
//! that something deviates.
//!
//! What is kept has no reserve: it is drawn again from seed and list each time, so that the two cannot part.

use tickmark_core::catalog::Catalog;
use tickmark_core::engagement::EngagementKey;
use tickmark_core::engagement::fieldwork::{Workpaper, WorkpaperError};
use tickmark_core::id::PopulationKey;
use tickmark_core::identity::Verb;
use tickmark_core::program::population::Item;
use tickmark_core::program::sampling::{Absence, Draw, Frame, Method, Sample, Seed, Sizing};

use super::signed::{find, held, id, need_auditor, write};
use super::{Row, open_field};
use crate::context::Cx;
use crate::identity::audit::Name;
use crate::program::sampling::{self, NewSample};
use crate::{Error, Result};

/// A selection that is asked for.
#[derive(Clone, Debug)]
pub struct Selecting {
    /// From which population.
    pub population: PopulationKey,
    /// How.
    pub method: Method,
    /// How many; for items that a person chose it must be their number.
    pub size: u64,
    /// A text that is agreed on as the seed; random bytes when left out.
    pub seed: Option<String>,
    /// Items that a person chose, for methods by judgment.
    pub picks: Vec<String>,
    /// Why they were chosen.
    pub reason: String,
    /// Size to which the sample may be extended once; part of the plan, before anything is tested.
    pub planned_extension: Option<u64>,
    /// Why it is drawn again, where it was drawn from before.
    pub again: String,
}

/// Selects items from a frozen population that the auditor may see, from version `from` of the paper.
///
/// # Errors
/// `Forbidden` for everybody but the firm; `NotFound`; `Invalid` for a selection that cannot be made, a list with items from
/// outside the period that is examined, or a draw over a population that was drawn from before without a reason; `Conflict` if the paper was changed meanwhile, something of its
/// sample was tested, the same person drew before, or once the engagement is frozen.
pub async fn select(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    number: i64,
    from: i64,
    selecting: Selecting,
    catalog: &Catalog,
) -> Result<()> {
    let (frame, items) = seen(cx, key, selecting.population, catalog).await?;
    refuse_outside(cx, key, selecting.population, &items).await?;
    let papers: Vec<Row<Workpaper>> = held(cx, key).await?;
    let drew = |one: &Row<Workpaper>| {
        one.record.selected.as_ref().is_some_and(|held| held.population == selecting.population)
    };
    let other = papers.iter().find(|one| one.record.number != number && drew(one));
    if let (Some(other), true) = (other, selecting.again.trim().is_empty()) {
        return Err(Error::invalid(format!(
            "WP-{} has a sample of this population; say why it is drawn from again",
            other.record.number
        )));
    }
    let is_again = papers.iter().any(|one| one.record.number == number && one.record.selected.is_some());
    let seed = match &selecting.seed {
        Some(text) => Some(Seed::try_from(text.clone()).map_err(Error::invalid)?),
        None => None,
    };
    let new = NewSample {
        population: selecting.population,
        sizing: Sizing::Given(selecting.size),
        method: selecting.method,
        seed,
        picks: selecting.picks,
        reason: selecting.reason,
        planned_extension: selecting.planned_extension,
        again: selecting.again.clone(),
    };
    let draw = sampling::select(cx, &frame, &new, selecting.size)?;
    let sample = Sample::new(draw, selecting.planned_extension).map_err(Error::invalid)?;
    let name = if is_again || other.is_some() { Name::WorkpaperSampledAgain } else { Name::WorkpaperSampled };
    write(cx, (key, number, from), name, |paper: &mut Workpaper, by, _| {
        paper.select(selecting.population, &sample, &selecting.again, &items, by)
    })
    .await
}

/// Refuses a list with items from outside the period that is examined: a sample of it would say nothing about how the control
/// operated in it, and the size of the list would not be that of the period.
async fn refuse_outside(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    population: PopulationKey,
    items: &[Item],
) -> Result<()> {
    let time = open_field(cx, key).await?.version.record.holds().time;
    let outside = items.iter().filter(|item| time.excludes(item.occurred_at)).count();
    if !time.is_period() || outside == 0 {
        return Ok(());
    }
    let (from, to) = time.days();
    Err(Error::invalid(format!(
        "{outside} of the {} items of population {population} are outside of {from} to {to}, which is what is examined; ask \
         management for the list of that time",
        items.len()
    )))
}

/// Extends the sample of a paper to the size that was planned, once, from version `from`.
///
/// # Errors
/// As [`select`]; `Invalid` without a reason, or if nothing deviates; `Conflict` if none was planned, it was made, or the
/// reserve is used up.
pub async fn extend(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    number: i64,
    from: i64,
    reason: &str,
    catalog: &Catalog,
) -> Result<()> {
    let (draw, items) = again(cx, key, number, catalog).await?;
    write(cx, (key, number, from), Name::WorkpaperSampleChanged, |paper: &mut Workpaper, by, at| {
        paper.extend(draw, reason, &items, by, at)
    })
    .await
}

/// Replaces an item that never happened, or to which the control does not apply, by the next of the reserve, from version
/// `from`.
///
/// # Errors
/// As [`select`]; `Invalid` for an item that deviates or has no evidence, and without a reason; `Conflict` if the reserve
/// is used up.
pub async fn replace(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    (number, from): (i64, i64),
    item: &str,
    (absence, reason): (Absence, &str),
    catalog: &Catalog,
) -> Result<()> {
    let (draw, items) = again(cx, key, number, catalog).await?;
    write(cx, (key, number, from), Name::WorkpaperSampleChanged, |paper: &mut Workpaper, by, at| {
        paper.replace(draw, (item, absence, reason), &items, by, at).map(|_| ())
    })
    .await
}

/// Makes the draw of a paper again, with its reserve; and returns the items of its population.
async fn again(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    number: i64,
    catalog: &Catalog,
) -> Result<(Draw, Vec<Item>)> {
    let field = open_field(cx, key).await?;
    need_auditor(&field, cx, Verb::Update)?;
    let paper = find::<Workpaper>(cx, key, number).await?.record;
    let selected = paper.selected.ok_or_else(|| Error::invalid(WorkpaperError::NotSelected))?;
    let (frame, items) = seen(cx, key, selected.population, catalog).await?;
    let draw =
        frame.again(&selected.draw).map_err(|error| Error::corrupt(id::<Workpaper>(key, number), error))?;
    Ok((draw, items))
}

/// Returns what is selected from, if the auditor may see it and select.
async fn seen(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    population: PopulationKey,
    catalog: &Catalog,
) -> Result<(Frame, Vec<Item>)> {
    let field = open_field(cx, key).await?;
    need_auditor(&field, cx, Verb::Update)?;
    let seen = super::evidence::populations(cx, key, catalog).await?;
    let found = seen.into_iter().find(|one| one.key == population);
    let found = found.ok_or_else(|| Error::not_found("population", population))?;
    sampling::frame(cx, &found).await
}
