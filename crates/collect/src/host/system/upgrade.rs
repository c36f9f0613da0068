//! Reads a simulated upgrade of apt.

use tickmark_core::observation::host::Moment;
use tickmark_core::observation::host::system::{PendingUpdate, RememberedUpdate, Updates};

/// Reads `Inst name [installed] (candidate origin, origin [architecture])` lines.
pub(crate) fn observe(text: &str, now: Moment) -> Vec<PendingUpdate> {
    let mut found: Vec<PendingUpdate> = text.lines().filter_map(|line| pending(line, now)).collect();
    found.sort_by(|one, two| (&one.name, &one.candidate).cmp(&(&two.name, &two.candidate)));
    found.dedup();
    found
}

fn pending(line: &str, now: Moment) -> Option<PendingUpdate> {
    let rest = line.strip_prefix("Inst ")?;
    let (name, rest) = rest.split_once(' ')?;
    let (installed, rest) = match rest.strip_prefix('[') {
        Some(rest) => {
            let (version, rest) = rest.split_once(']')?;
            (Some(version.to_owned()), rest)
        }
        None => (None, rest),
    };
    let inside = rest.trim_start().strip_prefix('(')?;
    let inside = inside.split_once(')').map_or(inside, |(inside, _)| inside);
    let (candidate, origins) = inside.split_once(' ').unwrap_or((inside, ""));
    let origins = origins.rsplit_once(" [").map_or(origins, |(origins, _)| origins);
    Some(PendingUpdate {
        name: name.to_owned(),
        installed,
        candidate: candidate.to_owned(),
        origin: origins.to_owned(),
        is_security: is_security(origins),
        first_seen_at: now,
    })
}

/// Tells whether any of the origins is one for security updates.
pub(crate) fn is_security(origins: &str) -> bool {
    let lower = origins.to_ascii_lowercase();
    lower.split(", ").any(|origin| {
        origin.starts_with("debian-security:")
            || origin.contains("-security")
            || origin.contains("esm")
            || origin.contains("/security")
    })
}

/// What an earlier look knew: its own list, or the memory it kept of one before.
pub(crate) fn memory(earlier: &Updates) -> Vec<RememberedUpdate> {
    let remember = |update: &PendingUpdate| RememberedUpdate {
        name: update.name.clone(),
        candidate: update.candidate.clone(),
        first_seen_at: update.first_seen_at,
    };
    match (&earlier.pending, &earlier.remembered) {
        (Some(pending), _) => pending.iter().map(remember).collect(),
        (None, remembered) => remembered.clone().unwrap_or_default(),
    }
}

/// Keeps the moment an update was first seen pending, as long as the same candidate is still pending.
pub(crate) fn keep_first_seen(found: &mut [PendingUpdate], earlier: &[RememberedUpdate]) {
    for update in found {
        if let Some(same) =
            earlier.iter().find(|one| one.name == update.name && one.candidate == update.candidate)
        {
            update.first_seen_at = same.first_seen_at;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_simulation() {
        let text = include_str!("../../../fixtures/apt-get-simulated-upgrade.txt");
        insta::assert_json_snapshot!(observe(text, Moment(5)));
    }

    #[test]
    fn the_first_look_at_a_candidate_is_remembered() {
        let line =
            |version: &str| format!("Inst a [1] ({version} Debian-Security:12/oldstable-security [amd64])");
        let known = Updates { pending: Some(observe(&line("2"), Moment(10))), ..Updates::default() };
        // A look in between that did not simulate.
        let between = Updates { remembered: Some(memory(&known)), ..Updates::default() };
        let earlier = memory(&between);
        let mut same = observe(&line("2"), Moment(20));
        keep_first_seen(&mut same, &earlier);
        assert_eq!(same[0].first_seen_at, Moment(10));
        let mut newer = observe(&line("3"), Moment(20));
        keep_first_seen(&mut newer, &earlier);
        assert_eq!(newer[0].first_seen_at, Moment(20));
    }
}
