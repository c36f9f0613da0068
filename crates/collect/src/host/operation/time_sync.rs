//! Reads clock synchronization: chrony, systemd-timesyncd, ntpd.

use tickmark_core::observation::ReasonClass;
use tickmark_core::observation::host::operation::{TimeServer, TimeSync};

use crate::host::look::{Look, Miss};
use crate::host::text::{ini_values, significant, sorted};

/// Daemon, program file, names of its process.
const DAEMONS: [(&str, &str, &[&str]); 5] = [
    ("chrony", "chronyd", &["chronyd"]),
    ("systemd-timesyncd", "/usr/lib/systemd/systemd-timesyncd", &["systemd-timesyn", "systemd-timesyncd"]),
    ("ntpsec", "ntpd", &["ntpd"]),
    ("openntpd", "openntpd", &["openntpd"]),
    ("ntp", "ntpd", &["ntpd"]),
];

/// Reads which daemon keeps the clock, and how well.
pub(crate) fn time_sync(look: &mut Look<'_>) -> TimeSync {
    let is_installed = |look: &Look<'_>, name: &str, program: &str| match name {
        // Both bring a program of the same name.
        "ntpsec" => look.has_package("ntpsec"),
        "ntp" => look.has_program(program) && !look.has_package("ntpsec") && !look.has_package("openntpd"),
        _ if program.starts_with('/') => look.exists(program),
        _ => look.has_program(program),
    };
    let installed: Vec<_> =
        DAEMONS.iter().filter(|(name, program, _)| is_installed(look, name, program)).collect();
    let active = installed.iter().find(|(_, _, processes)| look.runs_any(processes) == Some(true));
    let active = active.map(|(name, ..)| *name);
    let mut facts = TimeSync {
        installed: Some(sorted(installed.iter().map(|(name, ..)| (*name).to_owned()).collect())),
        active: look.processes.as_ref().map(|_| active.is_some()),
        daemon: active.map(str::to_owned),
        ..TimeSync::default()
    };
    let configured = configured(look);
    facts.servers = look.seen("time_sync.servers", configured);
    facts.all_authenticated = facts
        .servers
        .as_ref()
        .map(|servers| !servers.is_empty() && servers.iter().all(|server| server.authenticated));
    let state = match active {
        Some("chrony") => chrony(look, &mut facts),
        Some("systemd-timesyncd") => timesyncd(look, &mut facts),
        Some(other) => {
            Err(Miss::new(ReasonClass::Unsupported, format!("the state of {other} is not asked for")))
        }
        None => Err(Miss::new(ReasonClass::NotPresent, "no time daemon runs")),
    };
    if let Err(miss) = state {
        look.gaps_for(
            "time_sync",
            &["synchronized", "selected_source", "offset_ms_at_most", "stratum", "leap"],
            &miss,
        );
    }
    facts
}

fn chrony(look: &mut Look<'_>, facts: &mut TimeSync) -> Result<(), Miss> {
    let tracking = look.run("chrony-tracking", "chronyc", &["-n", "-c", "tracking"])?;
    let sources = look.run("chrony-sources", "chronyc", &["-n", "-c", "sources"])?;
    observe_chrony(&tracking, &sources, facts)
        .ok_or_else(|| Miss::new(ReasonClass::ParseError, "chronyc -c tracking: not of the documented form"))
}

/// Reads comma-separated tracking: reference id, name, stratum, time, offset of the clock, …, leap status last.
fn observe_chrony(tracking: &str, sources: &str, facts: &mut TimeSync) -> Option<()> {
    let columns: Vec<&str> = tracking.trim().split(',').collect();
    let stratum: u32 = columns.get(2)?.parse().ok()?;
    let offset: f64 = columns.get(4)?.parse().ok()?;
    let leap = match *columns.get(13)? {
        "Normal" => "normal",
        "Insert second" => "insert_second",
        "Delete second" => "delete_second",
        _ => "not_synchronized",
    };
    // Columns of a source: mode, state, name, …; `*` is the selected one.
    let selected = sources.lines().find_map(|line| {
        let columns: Vec<&str> = line.split(',').collect();
        (*columns.get(1)? == "*").then(|| columns.get(2).map(|name| (*name).to_owned()))?
    });
    facts.synchronized = Some(selected.is_some() && leap != "not_synchronized");
    facts.selected_source = selected;
    facts.offset_ms_at_most = Some(bucket_ms(offset));
    facts.stratum = Some(stratum);
    facts.leap = Some(leap.to_owned());
    Some(())
}

/// Rounds up to 10, 20, 50, 100 and so on, so that jitter is no change.
fn bucket_ms(seconds: f64) -> u64 {
    let milliseconds = seconds.abs() * 1000.0;
    let mut step = 10_u64;
    loop {
        for factor in [1, 2, 5] {
            let limit = step * factor;
            // Beyond eleven days the exact size does not matter.
            if milliseconds <= limit as f64 || limit >= 1_000_000_000 {
                return limit;
            }
        }
        step *= 10;
    }
}

fn timesyncd(look: &mut Look<'_>, facts: &mut TimeSync) -> Result<(), Miss> {
    let text = look.run("timesync-status", "timedatectl", &["show-timesync", "--no-pager"])?;
    observe_timesyncd(&text, facts);
    // The state file is touched at each successful synchronization; the status says whether there ever was one.
    let show =
        look.run("time-status", "timedatectl", &["show", "--property=NTPSynchronized", "--no-pager"])?;
    facts.synchronized = Some(show.trim() == "NTPSynchronized=yes");
    Ok(())
}

/// Reads `Name=value` lines; `NTPMessage={ Leap=0, Version=4, …, Stratum=2, …, Offset=+123us … }`.
fn observe_timesyncd(text: &str, facts: &mut TimeSync) {
    let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    facts.selected_source = value("ServerName")
        .filter(|name| !name.is_empty())
        .or_else(|| value("ServerAddress"))
        .map(str::to_owned);
    let message = value("NTPMessage").unwrap_or_default();
    let field = |name: &str| {
        message
            .trim_matches(['{', '}', ' '])
            .split(", ")
            .find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
    };
    facts.stratum = field("Stratum").and_then(|text| text.parse().ok());
    facts.leap = field("Leap").map(|text| {
        match text {
            "0" => "normal",
            "1" => "insert_second",
            "2" => "delete_second",
            _ => "not_synchronized",
        }
        .to_owned()
    });
}

/// Reads configured servers of whichever daemon has a configuration.
fn configured(look: &mut Look<'_>) -> Result<Vec<TimeServer>, Miss> {
    let mut paths: Vec<String> = [
        "/etc/chrony/chrony.conf",
        "/etc/chrony.conf",
        "/etc/ntpsec/ntp.conf",
        "/etc/ntp.conf",
        "/etc/openntpd/ntpd.conf",
    ]
    .map(str::to_owned)
    .to_vec();
    paths.extend(look.paths_in("/etc/chrony/conf.d", |name| name.ends_with(".conf"))?);
    paths.extend(look.paths_in("/etc/chrony/sources.d", |name| name.ends_with(".sources"))?);
    let mut timesyncd = vec!["/etc/systemd/timesyncd.conf".to_owned()];
    timesyncd.extend(look.paths_in("/etc/systemd/timesyncd.conf.d", |name| name.ends_with(".conf"))?);
    let daemons = look.read_set("time-servers", &paths)?;
    let mut servers: Vec<TimeServer> = daemons.iter().flat_map(|(_, text)| directive_servers(text)).collect();
    let own = look.read_set("timesyncd-settings", &timesyncd)?;
    let names = own.iter().flat_map(|(_, text)| ini_values(text, "Time", "NTP"));
    servers.extend(names.flat_map(|names| names.split_whitespace()).map(|name| TimeServer {
        name: name.to_owned(),
        kind: "server".to_owned(),
        authenticated: false,
    }));
    Ok(sorted(servers))
}

/// Reads `server`, `pool`, `peer` and `refclock` lines, which chrony and ntpd share.
fn directive_servers(text: &str) -> Vec<TimeServer> {
    significant(text)
        .filter(|(_, line)| !line.starts_with(['!', ';', '%']))
        .filter_map(|(_, line)| {
            let mut words = line.split_whitespace();
            let kind = words
                .next()
                .map(str::to_ascii_lowercase)
                .filter(|kind| ["server", "pool", "peer", "refclock"].contains(&kind.as_str()))?;
            let name = words.next()?.to_owned();
            let authenticated = kind == "refclock" || words.any(|word| ["nts", "key"].contains(&word));
            Some(TimeServer { name, kind, authenticated })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chrony_is_read() {
        let tracking = "C0A80101,192.168.1.1,3,1795531500.123456789,-0.000012345,0.000011,0.000020,-8.123,0.001,0.034,0.0012,0.0006,64.2,Normal\n";
        let sources = "^,+,192.168.1.2,2,6,377,23,0.1,0.1,0.1\n^,*,192.168.1.1,2,6,377,23,0.1,0.1,0.1\n";
        let mut facts = TimeSync::default();
        observe_chrony(tracking, sources, &mut facts).expect("form");
        assert_eq!(
            (facts.synchronized, facts.stratum, facts.offset_ms_at_most),
            (Some(true), Some(3), Some(10))
        );
        assert_eq!(facts.selected_source.as_deref(), Some("192.168.1.1"));
        let alone = "7F7F0101,,0,0.0,0.0,0,0,0,0,0,1.0,1.0,0.0,Not synchronised\n";
        observe_chrony(alone, "^,?,192.168.1.2,0,6,0,0,0,0,0\n", &mut facts).expect("form");
        assert_eq!((facts.synchronized, facts.leap.as_deref()), (Some(false), Some("not_synchronized")));
        assert!(observe_chrony("506 Cannot talk to daemon", "", &mut facts).is_none());
    }

    #[test]
    fn timesyncd_is_read() {
        let text = "ServerName=ntp.example\nServerAddress=192.0.2.1\nNTPMessage={ Leap=0, Version=4, Mode=4, Stratum=2, Precision=-24 }\n";
        let mut facts = TimeSync::default();
        observe_timesyncd(text, &mut facts);
        assert_eq!((facts.stratum, facts.leap.as_deref()), (Some(2), Some("normal")));
        assert_eq!(facts.selected_source.as_deref(), Some("ntp.example"));
    }

    #[test]
    fn configured_servers_and_their_authentication() {
        let text = "pool 2.debian.pool.ntp.org iburst\nserver time.example iburst nts\nserver a key 7\nrefclock PHC /dev/ptp0\n#server off\nkeyfile /x\n";
        let lines: Vec<_> = directive_servers(text)
            .into_iter()
            .map(|one| format!("{} {} {}", one.kind, one.name, one.authenticated))
            .collect();
        assert_eq!(
            lines,
            [
                "pool 2.debian.pool.ntp.org false",
                "server time.example true",
                "server a true",
                "refclock PHC true"
            ]
        );
    }

    #[test]
    fn offsets_are_rounded_up() {
        let check = |seconds, expected| assert_eq!(bucket_ms(seconds), expected, "{seconds}");
        check(0.0, 10);
        check(-0.0011, 10);
        check(0.0149, 20);
        check(0.3, 500);
        check(f64::INFINITY, 1_000_000_000);
    }
}
