//! A sample while it is tested: what becomes of a pick that has nothing to show, and the one extension.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Draw, Pick, SampleEvent, SamplingError};
use crate::program::population::{MAX_TEXT_CHARS, PopulationError};
use crate::words::words_of;

/// Why a pick has nothing to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Absence {
    /// Properly cancelled; it never happened.
    Void,
    /// The control legitimately does not apply to it.
    NotApplicable,
    /// It cannot be found, or nothing shows that the control operated.
    NoEvidence,
}

words_of!(Absence {
    Void = "void", "Void: cancelled properly, it never happened";
    NotApplicable = "not_applicable", "Not applicable: the control does not apply to it";
    NoEvidence = "no_evidence", "It cannot be found, or nothing shows that the control operated";
});

/// What follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Consequence<'a> {
    /// The next of the reserve takes its place.
    Replaced {
        /// What is tested instead.
        by: &'a Pick,
        /// The population had an item it should not have: check its filter.
        check_filter: bool,
    },
    /// It is a deviation, and stays in the sample. What cannot be shown is never replaced.
    Deviation,
}

/// One replacement, with why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replacement {
    /// Key of what was selected.
    pub key: String,
    /// Key of what is tested instead.
    pub by: String,
    /// Why it has nothing to show.
    pub absence: Absence,
    /// In words.
    pub reason: String,
}

/// A selection with what became of it since. Picks are never changed: replacements and the extension stand beside them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// The selection.
    pub draw: Draw,
    /// Size after the one extension, planned before testing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned_extension: Option<u64>,
    /// Units the extension added, in order; empty before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extension: Vec<Pick>,
    /// Replacements in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replacements: Vec<Replacement>,
}

impl Sample {
    /// Begins with a selection and the size to which it may be extended once.
    ///
    /// # Errors
    /// If the extension adds nothing, goes beyond the population, or nothing is in reserve for it.
    pub fn new(draw: Draw, planned_extension: Option<u64>) -> Result<Self, SamplingError> {
        let size = draw.picks.len() as u64;
        if let Some(extended) = planned_extension {
            if extended <= size {
                return Err(SamplingError::ExtensionNotLarger { size, extended });
            }
            if extended > draw.items {
                return Err(SamplingError::LargerThanPopulation { size: extended, population: draw.items });
            }
            if draw.method.is_judgment() {
                return Err(SamplingError::WrongMethod {
                    method: draw.method,
                    how: "with an extension by seed",
                });
            }
        }
        Ok(Self { draw, planned_extension, extension: Vec::new(), replacements: Vec::new() })
    }

    /// Lets everything happen again that was kept of a sample, in order, to its draw with the reserve.
    ///
    /// # Errors
    /// As [`Self::new`], [`Self::replace`] and [`Self::extend`]; or if the reserve gives other units than were kept.
    pub fn again<'a>(
        draw: Draw,
        planned_extension: Option<u64>,
        events: impl IntoIterator<Item = &'a SampleEvent>,
    ) -> Result<Self, SamplingError> {
        let mut sample = Self::new(draw, planned_extension)?;
        for event in events {
            let is_same = match event {
                SampleEvent::Extended { added, .. } => {
                    sample.extend()?.iter().map(|pick| &pick.key).eq(added)
                }
                SampleEvent::Replaced(one) => {
                    sample.replace(&one.key, one.absence, &one.reason)?;
                    sample.replacements.last() == Some(one)
                }
            };
            if !is_same {
                return Err(SamplingError::OtherPicks);
            }
        }
        Ok(sample)
    }

    /// Returns what is tested: picks and extension, each with its replacement in its place.
    #[must_use]
    pub fn units(&self) -> Vec<&Pick> {
        let replaced: BTreeSet<&str> = self.replacements.iter().map(|one| one.key.as_str()).collect();
        let added = self.replacements.iter().filter_map(|one| self.pick(&one.by));
        let all = self.draw.picks.iter().chain(&self.extension).chain(added);
        all.filter(|pick| !replaced.contains(pick.key.as_str())).collect()
    }

    /// Says what follows for a pick that has nothing to show, and keeps a replacement.
    ///
    /// # Errors
    /// If it is not in the sample, was replaced, has no reason, or the reserve is used up.
    ///
    /// Source: `docs/domain/audit-methods.md` section 6, replacement rules.
    pub fn replace(
        &mut self,
        key: &str,
        absence: Absence,
        reason: &str,
    ) -> Result<Consequence<'_>, SamplingError> {
        let reason = reason.trim();
        if reason.is_empty() || reason.chars().count() > MAX_TEXT_CHARS {
            return Err(SamplingError::NeedsReason { method: self.draw.method });
        }
        if self.replacements.iter().any(|one| one.key == key) {
            return Err(SamplingError::Replaced(key.to_owned()));
        }
        let stratum = self
            .units()
            .iter()
            .find(|pick| pick.key == key)
            .ok_or_else(|| SamplingError::NotSelected(key.to_owned()))?
            .stratum
            .clone();
        let check_filter = match absence {
            Absence::NoEvidence => return Ok(Consequence::Deviation),
            Absence::NotApplicable => true,
            Absence::Void => false,
        };
        let by = self.free_reserve().find(|pick| pick.stratum == stratum || self.draw.strata.is_empty());
        let by = by.ok_or(SamplingError::ReserveUsedUp)?.key.clone();
        self.replacements.push(Replacement {
            key: key.to_owned(),
            by: by.clone(),
            absence,
            reason: reason.to_owned(),
        });
        let by = self.pick(&by).ok_or(PopulationError::Key(by))?;
        Ok(Consequence::Replaced { by, check_filter })
    }

    /// Extends the sample to the planned size from the reserve, once.
    ///
    /// # Errors
    /// If none was planned, it was extended, or the reserve does not reach.
    pub fn extend(&mut self) -> Result<&[Pick], SamplingError> {
        let planned = self.planned_extension.ok_or(SamplingError::ExtensionNotPlanned { planned: None })?;
        if !self.extension.is_empty() {
            return Err(SamplingError::ExtendedAlready);
        }
        let add = usize::try_from(planned).expect("checked") - self.draw.picks.len();
        let extension: Vec<Pick> = self.free_reserve().take(add).cloned().collect();
        if extension.len() < add {
            return Err(SamplingError::ReserveUsedUp);
        }
        self.extension = extension;
        Ok(&self.extension)
    }

    /// Returns what of the reserve is not in use, in order.
    fn free_reserve(&self) -> impl Iterator<Item = &Pick> {
        let used: BTreeSet<&str> = self
            .extension
            .iter()
            .map(|pick| pick.key.as_str())
            .chain(self.replacements.iter().map(|one| one.by.as_str()))
            .collect();
        self.draw.reserve.iter().filter(move |pick| !used.contains(pick.key.as_str()))
    }

    fn pick(&self, key: &str) -> Option<&Pick> {
        self.draw.picks.iter().chain(&self.draw.reserve).find(|pick| pick.key == key)
    }
}
