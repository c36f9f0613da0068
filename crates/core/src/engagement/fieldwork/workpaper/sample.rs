//! The sample of a workpaper: drawn from a frozen population, extended once as it was planned, with replacements that leave
//! what they replaced in sight.
//!
//! Source: `docs/domain/audit-methods.md` sections 4 and 6.

use serde::{Deserialize, Serialize};

use super::{ITEMS_MAX, TestedItem, Workpaper, WorkpaperError, needed, readable};
use crate::Timestamp;
use crate::control::TEXT_MAX;
use crate::id::{ActorId, PopulationKey};
use crate::program::population::Item;
use crate::program::sampling::{Absence, Consequence, Draw, Pick, Sample, SampleEvent, SamplingError};

/// Where items were selected from, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selected {
    /// The frozen population.
    pub population: PopulationKey,
    /// The draw without its reserve: the seed and the list give the same picks to anybody.
    pub draw: Draw,
    /// Who drew; none where that was not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<ActorId>,
    /// Size after the one extension, planned before anything was tested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned_extension: Option<u64>,
    /// Why it was drawn again; empty for a first draw.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub again: String,
    /// What happened to it since, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<SampleChange>,
    /// The draws before this one, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Selected>,
}

/// Something that happened to the sample of a workpaper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampleChange {
    /// By whom.
    pub actor: ActorId,
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: SampleEvent,
    /// The item that was replaced, as it stood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<TestedItem>,
}

impl Selected {
    /// Returns the sample as it is now, from its draw made again with the reserve.
    ///
    /// # Errors
    /// If that draw gives other units than were kept.
    pub fn sample(&self, draw: Draw) -> Result<Sample, SamplingError> {
        Sample::again(draw, self.planned_extension, self.changes.iter().map(|change| &change.event))
    }

    /// Tells whether the one extension was made.
    #[must_use]
    pub fn is_extended(&self) -> bool {
        self.changes.iter().any(|change| matches!(change.event, SampleEvent::Extended { .. }))
    }

    /// Returns the items that were replaced, as they stood, each with its change.
    pub fn replaced(&self) -> impl Iterator<Item = (&TestedItem, &SampleChange)> {
        self.changes.iter().filter_map(|change| Some((change.replaced.as_ref()?, change)))
    }

    /// Returns how an item came in if not by the draw: by which change.
    #[must_use]
    pub fn came_by(&self, key: &str) -> Option<&SampleEvent> {
        self.changes.iter().map(|change| &change.event).find(|event| match event {
            SampleEvent::Extended { added, .. } => added.iter().any(|one| one == key),
            SampleEvent::Replaced(one) => one.by == key,
        })
    }
}

fn item_of(pick: &Pick, population: &[Item], attributes: usize) -> TestedItem {
    let occurred_at = population.iter().find(|item| item.key == pick.key).map(|item| item.occurred_at);
    TestedItem::of(&pick.key, occurred_at, attributes)
}

impl Workpaper {
    /// Takes the items that were selected from a frozen population, whose items are `population`. A second draw needs a
    /// reason, over the same population another person too, and is made before anything is tested: the first one stays in
    /// sight.
    ///
    /// # Errors
    /// If it has items that were named by hand, there are too many, or a second draw is not allowed.
    pub fn select(
        &mut self,
        key: PopulationKey,
        sample: &Sample,
        again: &str,
        population: &[Item],
        by: ActorId,
    ) -> Result<(), WorkpaperError> {
        let again = readable("reason for drawing again", again, TEXT_MAX)?;
        let earlier = match self.selected.clone() {
            None if !self.items.is_empty() => return Err(WorkpaperError::SelectedAlready),
            None => Vec::new(),
            Some(_) if self.has_results() || !self.exceptions.is_empty() => {
                return Err(WorkpaperError::DrawnAndTested);
            }
            Some(_) if again.is_empty() => return Err(WorkpaperError::NoReasonAgain),
            Some(mut last) => {
                let mut earlier = std::mem::take(&mut last.earlier);
                earlier.push(last);
                let is_own = |one: &Selected| {
                    one.population == key
                        && one.by.map_or(self.signatures.authors.contains(&by), |who| who == by)
                };
                if earlier.iter().any(is_own) {
                    return Err(WorkpaperError::DrawsAgain);
                }
                earlier
            }
        };
        let units = sample.units();
        if units.len() > ITEMS_MAX {
            return Err(WorkpaperError::TooMany { what: "items", max: ITEMS_MAX });
        }
        let attributes = self.plan.attributes.len();
        self.items = units.into_iter().map(|pick| item_of(pick, population, attributes)).collect();
        self.selected = Some(Selected {
            population: key,
            draw: sample.draw.without_reserve(),
            by: Some(by),
            planned_extension: sample.planned_extension,
            again,
            changes: Vec::new(),
            earlier,
        });
        self.signatures.authors.insert(by);
        Ok(())
    }

    /// Extends the sample to the size that was planned before testing, once, after a deviation that is believed to be
    /// isolated. `draw` is its draw made again, with the reserve.
    ///
    /// # Errors
    /// If none was planned, it was extended, nothing deviates, the reserve does not reach, or a reason is missing.
    pub fn extend(
        &mut self,
        draw: Draw,
        reason: &str,
        population: &[Item],
        by: ActorId,
        at: Timestamp,
    ) -> Result<(), WorkpaperError> {
        let reason = needed("reason to believe that the deviation is isolated", reason)?;
        let selected = self.selected.as_mut().ok_or(WorkpaperError::NotSelected)?;
        let mut sample = selected.sample(draw)?;
        let added = sample.extend()?;
        if !self.items.iter().any(TestedItem::deviates) {
            return Err(WorkpaperError::NothingToExtendFor);
        }
        if self.items.len() + added.len() > ITEMS_MAX {
            return Err(WorkpaperError::TooMany { what: "items", max: ITEMS_MAX });
        }
        let attributes = self.plan.attributes.len();
        self.items.extend(added.iter().map(|pick| item_of(pick, population, attributes)));
        let added = added.iter().map(|pick| pick.key.clone()).collect();
        let event = SampleEvent::Extended { reason, added };
        selected.changes.push(SampleChange { actor: by, at, event, replaced: None });
        self.signatures.authors.insert(by);
        Ok(())
    }

    /// Replaces an item that never happened, or to which the control does not apply, by the next of the reserve. Says
    /// whether the filter of the population is to be checked.
    ///
    /// # Errors
    /// If it deviates or has no evidence, which is a result and stays; if it is not in the sample, a reason is missing, or
    /// the reserve is used up.
    pub fn replace(
        &mut self,
        draw: Draw,
        (key, absence, reason): (&str, Absence, &str),
        population: &[Item],
        by: ActorId,
        at: Timestamp,
    ) -> Result<bool, WorkpaperError> {
        let reason = needed("reason of the replacement", reason)?;
        let selected = self.selected.as_mut().ok_or(WorkpaperError::NotSelected)?;
        if selected.draw.seed.is_none() {
            return Err(WorkpaperError::NoReserve);
        }
        let place = self.items.iter().position(|item| item.key == key);
        let place = place.ok_or_else(|| WorkpaperError::NoItem(key.to_owned()))?;
        if self.items[place].deviates() || self.exceptions.iter().any(|one| one.items.contains(key)) {
            return Err(WorkpaperError::DeviatesSoStays(key.to_owned()));
        }
        let mut sample = selected.sample(draw)?;
        let (next, check_filter) = match sample.replace(key, absence, &reason)? {
            Consequence::Deviation => return Err(WorkpaperError::NoEvidence(key.to_owned())),
            Consequence::Replaced { by, check_filter } => {
                (item_of(by, population, self.plan.attributes.len()), check_filter)
            }
        };
        let replacement = sample.replacements.last().expect("just replaced").clone();
        let replaced = std::mem::replace(&mut self.items[place], next);
        let event = SampleEvent::Replaced(replacement);
        selected.changes.push(SampleChange { actor: by, at, event, replaced: Some(replaced) });
        self.signatures.authors.insert(by);
        Ok(check_filter)
    }
}
