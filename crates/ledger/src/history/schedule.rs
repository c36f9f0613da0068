//! What was due, and whether it was done.
//!
//! A schedule names the checks in force, each with its version and how often to look. Time is cut into slots of that
//! length, counted from 1970-01-01T00:00:00Z, so a daily check has one slot per day in UTC. A slot is due if the check
//! was in force during all of it. It is *observed* if a run in it looked with the check, *missed* if a run was opened
//! in it and is recorded as missed, and *missing* if the log has neither.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Hash;
use crate::canonical::{self, WriteError};

const HOUR_US: i64 = 3_600_000_000;
/// Hours between looks from which a schedule is refused: two years.
pub const MAX_CADENCE_HOURS: u32 = 2 * 366 * 24;
/// Checks from which a schedule is refused.
pub const MAX_CHECKS: usize = 100_000;
/// Slots that are counted; a bundle with more is not evaluated.
pub const MAX_SLOTS: u64 = 100_000_000;

/// One check of a schedule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scheduled {
    /// Name of the check.
    pub id: String,
    /// Digest of its version, `sha256:<hex>`.
    pub version: String,
    /// How often to look, in hours.
    pub cadence_hours: u32,
}

/// The checks in force; its canonical bytes are the object whose digest a `schedule.set` entry names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// In the order of their ids, each once.
    pub checks: Vec<Scheduled>,
    /// Format, always 1.
    pub v: u32,
}

impl Schedule {
    /// Makes a schedule.
    #[must_use]
    pub fn new(mut checks: Vec<Scheduled>) -> Self {
        checks.sort_unstable();
        Self { checks, v: 1 }
    }

    /// Writes the canonical bytes.
    ///
    /// # Errors
    /// If a text cannot be written.
    pub fn to_bytes(&self) -> Result<Vec<u8>, WriteError> {
        canonical::to_bytes(self)
    }

    /// Reads the canonical bytes.
    ///
    /// # Errors
    /// With a sentence, if they are anything else.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        canonical::check(bytes).map_err(|error| format!("not canonical JSON: {error}"))?;
        let schedule: Self =
            serde_json::from_slice(bytes).map_err(|error| format!("not a schedule: {error}"))?;
        let Self { checks, v } = &schedule;
        if *v != 1 || checks.len() > MAX_CHECKS {
            return Err(format!("a schedule of format {v} with {} checks", checks.len()));
        }
        if checks.windows(2).any(|pair| pair[0].id >= pair[1].id) {
            return Err("names a check twice or out of order".to_owned());
        }
        let is_wrong = |check: &&Scheduled| {
            !(1..=MAX_CADENCE_HOURS).contains(&check.cadence_hours)
                || Hash::parse_digest(&check.version).is_err()
        };
        match checks.iter().find(is_wrong) {
            Some(check) => Err(format!("has no usable cadence or version for {:?}", check.id)),
            None => Ok(schedule),
        }
    }

    /// Returns the digest over the versions, sorted: what a `schedule.set` entry names as `checks`.
    #[must_use]
    pub fn versions_digest(&self) -> Hash {
        let mut versions: Vec<[u8; 32]> = self
            .checks
            .iter()
            .filter_map(|check| Hash::parse_digest(&check.version).ok())
            .map(|version| version.0)
            .collect();
        versions.sort_unstable();
        Hash::of(versions.as_flattened())
    }
}

/// One look of a run with a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    /// When, microseconds since 1970-01-01T00:00:00Z.
    pub(super) at: i64,
    /// Whether some target could not be seen.
    pub(super) has_unknown: bool,
    /// Whether the check is about any target of the run at all.
    pub(super) covers: bool,
}

/// How complete one check is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckCompleteness {
    /// Name of the check.
    pub check: String,
    /// How often to look, in hours; the last value, if it changed.
    pub cadence_hours: u32,
    /// Slots that were due.
    pub expected: u64,
    /// Slots with at least one look.
    pub observed: u64,
    /// Observed slots in which no look saw every target.
    pub failed_to_collect: u64,
    /// Slots without a look, in which a run is recorded as missed.
    pub missed: u64,
    /// Slots of which the log says nothing.
    pub missing: u64,
}

/// A stretch of time of which the log says nothing although checks were due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Silence {
    /// First moment.
    pub(super) from: i64,
    /// First moment after it.
    pub(super) until: i64,
    /// How many checks were due.
    pub(super) checks: usize,
    /// One of them.
    pub(super) example: String,
}

/// What was due and what of it was done.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) checks: Vec<CheckCompleteness>,
    pub(super) silences: Vec<Silence>,
    /// Checks in force that had no target in any run.
    pub(super) without_target: usize,
}

/// Compares schedules (each with its moment, ascending) with looks per check (ascending) and moments of missed runs.
/// None if there are more slots than [`MAX_SLOTS`].
pub(super) fn compare(
    schedules: &[(i64, Schedule)],
    period: (i64, i64),
    looks: &BTreeMap<&str, Vec<Look>>,
    missed: &[i64],
) -> Option<Done> {
    let mut stretches: BTreeMap<&str, Vec<(i64, i64, u32)>> = BTreeMap::new();
    for (place, (at, schedule)) in schedules.iter().enumerate() {
        let until = schedules.get(place + 1).map_or(period.1, |(next, _)| *next).min(period.1);
        let from = (*at).max(period.0);
        for check in &schedule.checks {
            let known = stretches.entry(&check.id).or_default();
            match known.last_mut() {
                Some(last) if last.1 == from && last.2 == check.cadence_hours => last.1 = last.1.max(until),
                _ if from < until => known.push((from, until, check.cadence_hours)),
                _ => {}
            }
        }
    }
    let mut done = Done::default();
    let mut silent: BTreeMap<(i64, i64), (usize, &str)> = BTreeMap::new();
    let mut slots = 0_u64;
    for (id, stretches) in stretches {
        let looks = looks.get(id).map(Vec::as_slice).unwrap_or_default();
        if !looks.is_empty() && looks.iter().all(|look| !look.covers) {
            done.without_target += 1;
            continue;
        }
        let mut check = CheckCompleteness {
            check: id.to_owned(),
            cadence_hours: stretches.last().map_or(0, |last| last.2),
            expected: 0,
            observed: 0,
            failed_to_collect: 0,
            missed: 0,
            missing: 0,
        };
        for (from, until, cadence_hours) in stretches {
            let length = i64::from(cadence_hours) * HOUR_US;
            let mut silence: Option<(i64, i64)> = None;
            let first = from.div_euclid(length) + i64::from(from.rem_euclid(length) != 0);
            for slot in first..until.div_euclid(length) {
                slots += 1;
                if slots > MAX_SLOTS {
                    return None;
                }
                let (start, end) = (slot * length, (slot + 1) * length);
                check.expected += 1;
                let here = &looks[looks.partition_point(|look| look.at < start)..];
                let mut here = here.iter().take_while(|look| look.at < end).peekable();
                if here.peek().is_some() {
                    check.observed += 1;
                    check.failed_to_collect += u64::from(here.all(|look| look.has_unknown));
                } else if missed.get(missed.partition_point(|at| *at < start)).is_some_and(|at| *at < end) {
                    check.missed += 1;
                } else {
                    check.missing += 1;
                    silence = match silence {
                        Some((begun, last)) if last == start => Some((begun, end)),
                        other => {
                            note(&mut silent, other, id);
                            Some((start, end))
                        }
                    };
                }
            }
            note(&mut silent, silence, id);
        }
        done.checks.push(check);
    }
    done.silences = silent
        .into_iter()
        .map(|((from, until), (checks, example))| Silence {
            from,
            until,
            checks,
            example: example.to_owned(),
        })
        .collect();
    Some(done)
}

fn note<'i>(silent: &mut BTreeMap<(i64, i64), (usize, &'i str)>, silence: Option<(i64, i64)>, id: &'i str) {
    if let Some(stretch) = silence {
        silent.entry(stretch).or_insert((0, id)).0 += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_US: i64 = 24 * HOUR_US;

    fn schedule(ids: &[&str], cadence_hours: u32) -> Schedule {
        let check = |id: &&str| Scheduled {
            id: (*id).to_owned(),
            version: Hash::of(id.as_bytes()).digest(),
            cadence_hours,
        };
        Schedule::new(ids.iter().map(check).collect())
    }

    fn look(at: i64) -> Look {
        Look { at, has_unknown: false, covers: true }
    }

    #[test]
    fn schedules_read_back_and_others_are_refused() {
        let one = schedule(&["b", "a"], 24);
        let bytes = one.to_bytes().expect("bytes");
        assert_eq!(Schedule::parse(&bytes), Ok(one));
        let text = String::from_utf8(bytes).expect("text");
        for (from, to) in [
            ("\"v\":1", "\"v\":2"),
            ("24", "0"),
            ("24", "99999999"),
            ("\"id\":\"a\"", "\"id\":\"c\""),
            ("\"id\":\"a\"", "\"id\":\"b\""),
            ("sha256:", "sha512:"),
            ("\"v\":1", "\"v\":1,\"w\":1"),
        ] {
            assert!(Schedule::parse(text.replacen(from, to, 1).as_bytes()).is_err(), "{to}");
        }
    }

    #[test]
    fn each_slot_is_observed_missed_or_missing() {
        // In force from noon of day 0 to noon of day 6: days 1 to 5 are due.
        let schedules = [(DAY_US / 2, schedule(&["a"], 24)), (6 * DAY_US + DAY_US / 2, schedule(&[], 24))];
        let mut unseen = look(2 * DAY_US);
        unseen.has_unknown = true;
        let looks =
            BTreeMap::from([("a", vec![look(DAY_US / 2), look(DAY_US), look(2 * DAY_US - 1), unseen])]);
        let done = compare(&schedules, (0, 100 * DAY_US), &looks, &[3 * DAY_US + 5]).expect("few slots");
        let check = &done.checks[0];
        assert_eq!((check.expected, check.observed, check.failed_to_collect), (5, 2, 1));
        assert_eq!((check.missed, check.missing), (1, 2));
        let silence = Silence { from: 4 * DAY_US, until: 6 * DAY_US, checks: 1, example: "a".to_owned() };
        assert_eq!(done.silences, [silence]);
    }

    #[test]
    fn a_new_version_of_the_schedule_does_not_interrupt_what_stays() {
        let schedules = [(0, schedule(&["a"], 24)), (DAY_US / 2, schedule(&["a", "b"], 24))];
        let done = compare(&schedules, (0, 2 * DAY_US), &BTreeMap::new(), &[]).expect("few slots");
        let expected: Vec<u64> = done.checks.iter().map(|check| check.expected).collect();
        assert_eq!(expected, [2, 1]);
        assert_eq!(done.silences.len(), 2);
        let quicker = [(0, schedule(&["a"], 24)), (DAY_US, schedule(&["a"], 12))];
        let done = compare(&quicker, (0, 2 * DAY_US), &BTreeMap::new(), &[]).expect("few slots");
        assert_eq!((done.checks[0].expected, done.checks[0].cadence_hours), (3, 12));
    }

    #[test]
    fn checks_without_a_target_are_not_due_and_endless_periods_are_not_counted() {
        let schedules = [(0, schedule(&["a"], 1))];
        let elsewhere = Look { covers: false, ..look(5) };
        let looks = BTreeMap::from([("a", vec![elsewhere])]);
        let done = compare(&schedules, (0, DAY_US), &looks, &[]).expect("few slots");
        assert_eq!((done.checks.len(), done.without_target), (0, 1));
        assert!(compare(&schedules, (0, i64::MAX), &BTreeMap::new(), &[]).is_none());
    }
}
