//! Reads which units are enabled, from the links that enable them, and asks systemd what runs when it is there.

use std::collections::BTreeSet;

use tickmark_core::observation::ReasonClass;
use tickmark_core::observation::host::Moment;
use tickmark_core::observation::host::operation::{Services, Timer, UnitExposure};

use crate::host::look::{Look, Manner, Miss, Weight};
use crate::host::text::sorted;

/// Folders with links of enabled units.
const ENABLED_FOLDER: &str = "/etc/systemd/system";
/// Units whose exposure is computed at most; each takes some 40 ms.
const EXPOSURE_LIMIT: usize = 25;

/// Reads units and timers.
pub(crate) fn services(look: &mut Look<'_>) -> Services {
    let running = look.exists("/run/systemd/system");
    let enabled = enabled_units(look);
    let enabled = look.seen("services.enabled", enabled);
    let mut facts =
        Services { systemd_running: Some(running), enabled: enabled.clone(), ..Services::default() };
    if running {
        let (active, failed) = active_and_failed(look);
        facts.active = look.seen("services.active", active);
        facts.failed = look.seen("services.failed", failed);
    } else {
        let miss = Miss::new(ReasonClass::NotPresent, "systemd does not run here");
        look.gaps_for("services", &["active", "failed"], &miss);
    }
    facts.timers = enabled.map(|enabled| timers(look, &enabled, running));
    let exposure = exposure(look, running);
    facts.exposure = look.seen("services.exposure", exposure);
    facts
}

/// Tells whether a unit is enabled, by its link; `.service` of SysV scripts by their `S` link.
pub(crate) fn is_enabled(look: &Look<'_>, unit: &str) -> bool {
    enabled_units(look).is_ok_and(|units| units.iter().any(|one| one == unit))
}

fn enabled_units(look: &Look<'_>) -> Result<Vec<String>, Miss> {
    let mut units = BTreeSet::new();
    for name in look.names_in(ENABLED_FOLDER).or_else(none_if_absent)? {
        let path = format!("{ENABLED_FOLDER}/{name}");
        if name.ends_with(".wants") || name.ends_with(".requires") {
            units.extend(look.names_in(&path).or_else(none_if_absent)?);
        }
    }
    // SysV scripts without a unit are started by their links all the same.
    for name in look.names_in("/etc/rc3.d").or_else(none_if_absent)? {
        let script = name.strip_prefix('S').map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
        if let Some(script) = script.filter(|script| !script.is_empty()) {
            let unit = format!("{script}.service");
            let has_unit = ["/usr/lib/systemd/system", "/lib/systemd/system", ENABLED_FOLDER]
                .iter()
                .any(|folder| look.exists(&format!("{folder}/{unit}")));
            if !has_unit {
                units.insert(unit);
            }
        }
    }
    let kinds = [".service", ".socket", ".timer", ".path"];
    Ok(units.into_iter().filter(|unit| kinds.iter().any(|kind| unit.ends_with(kind))).collect())
}

fn none_if_absent(miss: Miss) -> Result<Vec<String>, Miss> {
    if miss.is_not_present() { Ok(Vec::new()) } else { Err(miss) }
}

type Units = Result<Vec<String>, Miss>;

fn active_and_failed(look: &mut Look<'_>) -> (Units, Units) {
    let arguments =
        ["list-units", "--all", "--plain", "--no-legend", "--no-pager", "--full", "--type=service"];
    match look.run("systemd-services", "systemctl", &arguments) {
        Ok(text) => (Ok(units_in_state(&text, "active")), Ok(units_in_state(&text, "failed"))),
        Err(miss) => (Err(miss.clone()), Err(miss)),
    }
}

/// Reads columns UNIT LOAD ACTIVE SUB; a failed unit may have a mark in front.
fn units_in_state(text: &str, state: &str) -> Vec<String> {
    let units = text.lines().filter_map(|line| {
        let mut words = line.trim_start_matches(['●', '*', ' ']).split_whitespace();
        let (unit, _, active) = (words.next()?, words.next()?, words.next()?);
        // Units of sessions and transient ones come and go with people and programs.
        let is_passing = ["user@", "user-runtime-dir@", "run-"].iter().any(|start| unit.starts_with(start));
        (active == state && !is_passing).then(|| unit.to_owned())
    });
    sorted(units.collect())
}

fn timers(look: &mut Look<'_>, enabled: &[String], running: bool) -> Vec<Timer> {
    let mut timers: Vec<Timer> = enabled
        .iter()
        .filter(|unit| unit.ends_with(".timer"))
        .map(|unit| Timer { unit: unit.clone(), enabled: true, last_trigger_at: None })
        .collect();
    let mut triggers = Vec::new();
    if running && !timers.is_empty() {
        let arguments =
            ["show", "*.timer", "--property=Id,LastTriggerUSec", "--timestamp=unix", "--no-pager"];
        let text = look.run("systemd-timers", "systemctl", &arguments);
        triggers = look
            .seen("services.timers.last_trigger_at", text)
            .map(|text| last_triggers(&text))
            .unwrap_or_default();
    }
    for timer in &mut timers {
        // Persistent timers leave a stamp that is there without systemd too.
        let stamp = look
            .stat(&format!("/var/lib/systemd/timers/stamp-{}", timer.unit))
            .map(|stat| stat.modified_at)
            .ok();
        let asked = triggers.iter().find(|(unit, _)| *unit == timer.unit).map(|(_, at)| *at);
        timer.last_trigger_at = asked.or(stamp).map(Moment::day);
    }
    timers
}

/// Reads blocks of `Id=` and `LastTriggerUSec=@seconds`.
fn last_triggers(text: &str) -> Vec<(String, Moment)> {
    let mut found = Vec::new();
    for block in text.split("\n\n") {
        let value = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        let at = value("LastTriggerUSec").and_then(|text| text.strip_prefix('@')?.parse().ok());
        if let (Some(unit), Some(at)) = (value("Id"), at) {
            found.push((unit.to_owned(), Moment(at)));
        }
    }
    found
}

/// Computes the exposure of services that listen on a network, with the walk, because it is as heavy.
fn exposure(look: &mut Look<'_>, running: bool) -> Result<Vec<UnitExposure>, Miss> {
    if !look.settings.walk_files {
        return Err(Miss::new(ReasonClass::NotCollected, "heavy looks are switched off"));
    }
    if !running {
        return Err(Miss::new(ReasonClass::NotPresent, "systemd does not run here"));
    }
    let units = units_with_sockets(look);
    if units.len() > EXPOSURE_LIMIT {
        return Err(Miss::new(ReasonClass::Limit, format!("more than {EXPOSURE_LIMIT} services listen")));
    }
    let mut found = Vec::new();
    for unit in units {
        let manner = Manner { weight: Weight::Heavy, ..Manner::default() };
        let text =
            look.run_as("systemd-exposure", "systemd-analyze", &["security", "--no-pager", &unit], manner)?;
        let exposure_tenths = overall_exposure(&text).ok_or_else(|| {
            Miss::new(ReasonClass::ParseError, format!("exposure of {unit} is not understood"))
        })?;
        found.push(UnitExposure { unit, exposure_tenths });
    }
    Ok(found)
}

/// Reads `→ Overall exposure level for x.service: 9.6 UNSAFE`.
fn overall_exposure(text: &str) -> Option<u32> {
    let line = text.lines().find(|line| line.contains("Overall exposure level"))?;
    let number = line.rsplit_once(": ")?.1.split_whitespace().next()?;
    let (whole, tenth) = number.split_once('.').unwrap_or((number, "0"));
    Some(whole.parse::<u32>().ok()?.checked_mul(10)? + tenth.get(..1)?.parse::<u32>().ok()?)
}

/// Services whose processes hold listening sockets, by the control group of the process.
fn units_with_sockets(look: &Look<'_>) -> BTreeSet<String> {
    let (owners, _) = crate::host::process::socket_owners(look);
    let holders: BTreeSet<usize> = owners.into_values().collect();
    holders
        .into_iter()
        .filter_map(|index| {
            let pid = look.processes.as_ref()?.get(index)?.pid;
            let groups = look.bytes(&format!("/proc/{pid}/cgroup")).ok()?;
            let text = String::from_utf8_lossy(&groups).into_owned();
            let unit = text.lines().next()?.split('/').find(|part| part.ends_with(".service"))?;
            (!unit.starts_with("user@")).then(|| unit.to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_systemd_are_read() {
        let units = "cron.service loaded active running Regular jobs\n● bad.service loaded failed failed X\nx.service not-found inactive dead x\nuser@0.service loaded active running x\n";
        assert_eq!(units_in_state(units, "active"), ["cron.service"]);
        assert_eq!(units_in_state(units, "failed"), ["bad.service"]);
        let timers = "Id=a.timer\nLastTriggerUSec=@1795531500\n\nLastTriggerUSec=\nId=b.timer\n";
        assert_eq!(last_triggers(timers), [("a.timer".to_owned(), Moment(1_795_531_500))]);
        assert_eq!(overall_exposure("x\n→ Overall exposure level for a.service: 9.6 UNSAFE 😨\n"), Some(96));
        assert_eq!(overall_exposure("→ Overall exposure level for a.service: x"), None);
    }
}
