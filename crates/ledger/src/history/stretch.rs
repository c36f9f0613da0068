//! Stretches of time over which every look at one target with one check failed, or could not see: how they begin, go on and
//! end from run to run, and the file that claims them.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::rc::Rc;

use super::Found;
use crate::Hash;
use crate::leaf::format_moment;

/// Stands for "still so" and for "not looked at before".
pub(super) const NONE: u32 = u32::MAX;

/// Header of the file of stretches.
pub const STRETCHES_HEADER: &str =
    "check_version,target,first_seen,first_seen_other,last_seen_before,verdict,reason\n";

/// A stretch of time over which every look at one target with one check failed, or could not see. Ends are numbers of
/// runs; [`NONE`] stands for "still so" and for "not looked at before".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) version: u32,
    pub(super) target: u32,
    pub(super) from: u32,
    pub(super) until: u32,
    pub(super) before: u32,
    pub(super) found: Found,
}

/// One line of the file of stretches, as the operator's index has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claim {
    /// Digest of the check's version.
    pub version: Hash,
    /// Identity of the target.
    pub target: Hash,
    /// First look that found it, microseconds since 1970-01-01T00:00:00Z.
    pub first_seen: i64,
    /// First look that found something else, or the run that no longer expected the target.
    pub first_seen_other: Option<i64>,
    /// The look before the first, if it was one at this target with this version in the run before.
    pub last_seen_before: Option<i64>,
    /// What was found.
    pub found: Found,
}

/// Writes the file of stretches. Claims that are neither failing nor unseen are left out.
#[must_use]
pub fn claims_to_text(claims: &[Claim]) -> String {
    let mut claims: Vec<&Claim> = claims.iter().filter(|claim| is_kept(claim.found)).collect();
    claims.sort_unstable();
    let moment = |micros: i64| format_moment(micros).unwrap_or_default();
    let mut text = STRETCHES_HEADER.to_owned();
    for claim in claims {
        let [until, before] = [claim.first_seen_other, claim.last_seen_before].map(|at| at.map(moment));
        write_line(
            &mut text,
            [&claim.version.hex(), &claim.target.hex(), &moment(claim.first_seen)],
            [until.as_deref(), before.as_deref()],
            claim.found,
        );
    }
    text
}

pub(super) fn write_line(text: &mut String, key: [&str; 3], ends: [Option<&str>; 2], found: Found) {
    let [until, before] = ends.map(Option::unwrap_or_default);
    let [version, target, from] = key;
    let (verdict, reason) = (found.verdict_word(), found.reason_word());
    writeln!(text, "{version},{target},{from},{until},{before},{verdict},{reason}")
        .expect("writing to a string does not fail");
}

fn is_kept(found: Found) -> bool {
    found.is_fail() || found.is_unknown()
}

/// What the last run found with one version of one check.
pub(super) struct State {
    pub(super) population: Hash,
    pub(super) block: Hash,
    pub(super) members: Rc<[u32]>,
    pub(super) found: Vec<Found>,
    pub(super) since: Vec<u32>,
    pub(super) before: Vec<u32>,
    pub(super) last_run: u32,
    pub(super) counts: [u64; 4],
    pub(super) covers: bool,
}

/// Goes from what the run before found to what this one found; `found` is taken over.
pub(super) fn advance(
    before: Option<State>,
    version: u32,
    run: u32,
    members: &Rc<[u32]>,
    found: &mut Vec<Found>,
    stretches: &mut Vec<Stretch>,
) -> State {
    let mut counts = [0; 4];
    found.iter().for_each(|found| counts[usize::from(found.verdict())] += 1);
    let covers = found.iter().any(|found| !found.is_unsupported());
    let n = members.len();
    let blank = State {
        population: Hash([0; 32]),
        block: Hash([0; 32]),
        members: Rc::clone(members),
        found: Vec::new(),
        since: vec![run; n],
        before: vec![NONE; n],
        last_run: run,
        counts,
        covers,
    };
    let mut state = match before {
        None => blank,
        Some(mut old) if Rc::ptr_eq(&old.members, members) => {
            for (i, now) in found.iter().enumerate() {
                if old.found[i] != *now {
                    end_one(&old, i, version, run, stretches);
                    (old.since[i], old.before[i]) = (run, old.last_run);
                }
            }
            State { counts, covers, ..old }
        }
        Some(old) => {
            let mut new = blank;
            let mut places: HashMap<u32, usize> =
                (0..).zip(old.members.iter()).map(|(i, t)| (*t, i)).collect();
            for (i, target) in members.iter().enumerate() {
                let Some(place) = places.remove(target) else { continue };
                if old.found[place] == found[i] {
                    (new.since[i], new.before[i]) = (old.since[place], old.before[place]);
                } else {
                    end_one(&old, place, version, run, stretches);
                    new.before[i] = old.last_run;
                }
            }
            places.into_values().for_each(|place| end_one(&old, place, version, run, stretches));
            new
        }
    };
    std::mem::swap(&mut state.found, found);
    state
}

pub(super) fn end_all(state: &State, version: u32, run: u32, stretches: &mut Vec<Stretch>) {
    (0..state.members.len()).for_each(|place| end_one(state, place, version, run, stretches));
}

fn end_one(state: &State, place: usize, version: u32, run: u32, stretches: &mut Vec<Stretch>) {
    let found = state.found[place];
    if is_kept(found) {
        stretches.push(Stretch {
            version,
            target: state.members[place],
            from: state.since[place],
            until: run,
            before: state.before[place],
            found,
        });
    }
}
