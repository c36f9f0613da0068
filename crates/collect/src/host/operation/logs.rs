//! Fetches what is needed about logs.

use std::fs;
use std::os::unix::fs::MetadataExt;

use tickmark_core::observation::ReasonClass;
use tickmark_core::observation::host::operation::{LogForwarding, Logging, LooseLogFile};

use super::logging as observe;
use crate::host::look::{Look, Miss, octal};
use crate::host::text::{ini_values, sorted, truth};

/// Programs that ship logs: name of the program file and of its process.
const AGENTS: [(&str, &str); 11] = [
    ("vector", "vector"),
    ("fluent-bit", "fluent-bit"),
    ("fluentd", "fluentd"),
    ("filebeat", "filebeat"),
    ("promtail", "promtail"),
    ("alloy", "alloy"),
    ("otelcol", "otelcol"),
    ("splunk", "splunkd"),
    ("nxlog", "nxlog"),
    ("wazuh-agentd", "wazuh-agentd"),
    ("amazon-cloudwatch-agent", "amazon-cloudwat"),
];
/// Places of agents that are not on the search path.
const AGENT_FOLDERS: [(&str, &str); 5] = [
    ("fluent-bit", "/opt/fluent-bit/bin/fluent-bit"),
    ("splunk", "/opt/splunkforwarder/bin/splunk"),
    ("wazuh-agentd", "/var/ossec/bin/wazuh-agentd"),
    ("amazon-cloudwatch-agent", "/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent"),
    ("filebeat", "/usr/share/filebeat/bin/filebeat"),
];
/// Log files looked at, at most, and how deep.
const LOG_LIMIT: usize = 20_000;
const DEPTH_LIMIT: u32 = 4;

/// Reads journal, syslog, rotation and who may read logs.
pub(crate) fn logging(look: &mut Look<'_>) -> Logging {
    let mut facts = Logging {
        syslog_installed: Some(sorted(
            [("rsyslogd", "rsyslog"), ("syslog-ng", "syslog-ng")]
                .iter()
                .filter(|(program, _)| look.has_program(program))
                .map(|(_, name)| (*name).to_owned())
                .collect(),
        )),
        syslog_running: look.runs_any(&["rsyslogd", "syslog-ng"]),
        journald_running: look.runs("systemd-journald"),
        ..Logging::default()
    };
    journald(look, &mut facts);
    syslog(look, &mut facts);
    let installed = AGENTS.iter().filter(|(name, _)| {
        let elsewhere = AGENT_FOLDERS.iter().any(|(of, path)| of == name && look.exists(path));
        elsewhere || look.has_program(name)
    });
    let installed: Vec<_> = installed.collect();
    facts.agents_running = look.processes.as_ref().map(|_| {
        let running = installed.iter().filter(|(_, process)| look.runs(process) == Some(true));
        sorted(running.map(|(name, _)| (*name).to_owned()).collect())
    });
    facts.agents_installed = Some(sorted(installed.iter().map(|(name, _)| (*name).to_owned()).collect()));
    let rotation = rotation_texts(look).map(|texts| observe::rotation(&texts));
    facts.rotation = look.seen("logging.rotation", rotation);
    facts.retention_days = facts.rotation.as_deref().and_then(observe::retention_days);
    if facts.rotation.is_some() && facts.retention_days.is_none() {
        let detail = "no rotation by time for syslog, messages, auth.log or secure";
        look.gap("logging.retention_days", &Miss::new(ReasonClass::NotPresent, detail));
    }
    let loose = loose_files(look);
    facts.loose_files = look.seen("logging.loose_files", loose);
    facts
}

fn journald(look: &mut Look<'_>, facts: &mut Logging) {
    let texts = journald_texts(look, "journald");
    let Some(texts) = look.seen("logging.journald_storage", texts) else { return };
    let value = |name: &str| texts.iter().flat_map(|(_, text)| ini_values(text, "Journal", name)).next_back();
    let storage = value("Storage").unwrap_or("auto").to_ascii_lowercase();
    facts.journald_persistent = Some(match storage.as_str() {
        "persistent" => true,
        "auto" => look.exists("/var/log/journal"),
        _ => false,
    });
    facts.journald_storage = Some(storage);
    facts.journald_retention_days = value("MaxRetentionSec").and_then(observe::span_days);
    facts.journald_forwards_to_syslog = Some(value("ForwardToSyslog").and_then(truth).unwrap_or(false));
}

fn journald_texts(look: &mut Look<'_>, name: &str) -> Result<Vec<(String, String)>, Miss> {
    let mut paths = vec![format!("/etc/systemd/{name}.conf")];
    for folder in ["/usr/lib/systemd", "/etc/systemd"] {
        paths.extend(look.paths_in(&format!("{folder}/{name}.conf.d"), |file| file.ends_with(".conf"))?);
    }
    look.read_set(&format!("{name}-settings"), &paths)
}

fn syslog(look: &mut Look<'_>, facts: &mut Logging) {
    let texts = syslog_texts(look);
    if let Err(miss) = &texts {
        look.gaps_for("logging", &["forwarding", "records_authentication"], miss);
    }
    let Ok(texts) = texts else { return };
    facts.records_authentication =
        facts.syslog_running.zip(facts.journald_running).map(|(syslog, journal)| {
            let keeps_journal = journal && facts.journald_storage.as_deref() != Some("none");
            keeps_journal || (syslog && observe::records_authentication(&texts))
        });
    let mut forwarding = observe::forwarding(&texts);
    match journald_texts(look, "journal-upload") {
        Ok(upload) => {
            let url = upload.iter().flat_map(|(_, text)| ini_values(text, "Upload", "URL")).next_back();
            forwarding
                .extend(url.filter(|_| look.runs("systemd-journal-upload") == Some(true)).map(upload_target));
        }
        Err(miss) => look.gap("logging.forwarding", &miss),
    }
    facts.forwarding = Some(sorted(forwarding));
}

fn upload_target(url: &str) -> LogForwarding {
    let tls = url.starts_with("https://");
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    let (host, port) = authority.rsplit_once(':').unwrap_or((authority, ""));
    LogForwarding {
        host: host.to_owned(),
        port: port.parse().unwrap_or(19_532),
        protocol: if tls { "https" } else { "http" }.to_owned(),
        tls,
        authenticated: tls,
        via: "journal-upload".to_owned(),
    }
}

fn syslog_texts(look: &mut Look<'_>) -> Result<Vec<(String, String)>, Miss> {
    let mut paths = vec!["/etc/rsyslog.conf".to_owned()];
    paths.extend(look.paths_in("/etc/rsyslog.d", |name| name.ends_with(".conf"))?);
    look.read_set("rsyslog-settings", &paths)
}

fn rotation_texts(look: &mut Look<'_>) -> Result<Vec<(String, String)>, Miss> {
    let mut paths = vec!["/etc/logrotate.conf".to_owned()];
    paths.extend(look.paths_in("/etc/logrotate.d", |name| !name.contains(".dpkg-") && !name.ends_with('~'))?);
    look.read_set("logrotate-settings", &paths)
}

/// Lists log files open to more than owner and group.
fn loose_files(look: &Look<'_>) -> Result<Vec<LooseLogFile>, Miss> {
    let mut found = Vec::new();
    let mut seen = 0;
    loose_in(look, "/var/log", 0, &mut seen, &mut found)?;
    found.sort_by(|one, two| one.path.cmp(&two.path));
    Ok(found)
}

fn loose_in(
    look: &Look<'_>,
    folder: &str,
    depth: u32,
    seen: &mut usize,
    found: &mut Vec<LooseLogFile>,
) -> Result<(), Miss> {
    for path in look.paths_in(folder, |_| true)? {
        *seen += 1;
        if *seen > LOG_LIMIT || depth > DEPTH_LIMIT {
            return Err(Miss::new(
                ReasonClass::Limit,
                format!("more than {LOG_LIMIT} files or too many folders in /var/log"),
            ));
        }
        // A file that went away meanwhile is none; links have no permissions of their own.
        let Ok(metadata) = fs::symlink_metadata(look.under_root(&path)) else { continue };
        if metadata.is_dir() {
            // Behind a folder that others may not enter, permissions of files do not matter to them.
            if metadata.mode() & 0o011 != 0 {
                loose_in(look, &path, depth + 1, seen, found)?;
            }
        } else if metadata.is_file() && metadata.mode() & 0o026 != 0 {
            found.push(LooseLogFile {
                mode: octal(metadata.mode()),
                world_readable: metadata.mode() & 0o004 != 0,
                world_writable: metadata.mode() & 0o002 != 0,
                group_writable: metadata.mode() & 0o020 != 0,
                path,
            });
        }
    }
    Ok(())
}
