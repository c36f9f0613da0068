//! One look at one host as a collector brings it back: facts, gaps and the raw answers they came from.

use std::fmt::Write as _;

use tickmark_core::Timestamp;
use tickmark_core::evidence::{Method, Provenance, RawArtifact};
use tickmark_core::observation::Collected;
use tickmark_core::observation::host::{self, HostFacts};
use tickmark_core::time::SECOND_US;

use super::facts::{self, Look};
use super::story::Story;
use crate::{Error, Result};

/// Name of the source and of the collector; says that nothing was asked.
pub(super) const SOURCE: &str = "host";
/// The collector as runs name it.
pub(super) const COLLECTOR: &str = "example 1";

/// Returns what a look finds.
pub(super) fn facts(look: &Look<'_>, story: &Story) -> HostFacts {
    let mut found = facts::base(look);
    story.tell(look, &mut found);
    found
}

/// Returns what a look brings back for these facts.
pub(super) fn collected(look: &Look<'_>, found: &HostFacts) -> Result<Collected> {
    let facts = serde_json::to_value(found)
        .map_err(|error| Error::internal("writing facts of the example", error))?;
    Ok(Collected {
        target: look.host.target(),
        schema: host::SCHEMA.to_owned(),
        facts,
        gaps: found.gaps.clone(),
        artifacts: artifacts(look, found),
        collector: COLLECTOR.to_owned(),
        started: look.at,
        finished: look.at.plus_micros(2 * SECOND_US),
    })
}

/// Returns the raw answers. Those that are as before are not stored again, so these follow from facts alone.
fn artifacts(look: &Look<'_>, facts: &HostFacts) -> Vec<RawArtifact> {
    let mut artifacts = vec![
        command(look.at, "sshd-effective-configuration", "/usr/sbin/sshd", &["-T"], sshd(facts)),
        command(look.at, "packet-filter-rules", "/usr/sbin/nft", &["list", "ruleset"], ruleset(facts)),
        command(look.at, "pending-updates", "/usr/bin/apt-get", &["-s", "dist-upgrade"], updates(facts)),
    ];
    if facts.sudo.is_some() {
        artifacts.push(RawArtifact {
            name: "sudo-rules".into(),
            media_type: TEXT.into(),
            bytes: sudo(facts).into_bytes(),
            provenance: provenance(look.at, Method::File { path: "/etc/sudoers".into() }),
        });
    }
    artifacts
}

const TEXT: &str = "text/plain; charset=utf-8";

fn command(at: Timestamp, name: &str, program: &str, arguments: &[&str], text: String) -> RawArtifact {
    let method = Method::Command {
        program: program.into(),
        arguments: facts::texts(arguments),
        exit_status: Some(0),
        stderr: String::new(),
    };
    RawArtifact {
        name: name.into(),
        media_type: TEXT.into(),
        bytes: text.into_bytes(),
        provenance: provenance(at, method),
    }
}

fn provenance(at: Timestamp, method: Method) -> Provenance {
    Provenance {
        method,
        started: at,
        finished: at.plus_micros(SECOND_US),
        user: "nobody: made for the example".into(),
        truncated: false,
        original_bytes: 0,
        redactions: Vec::new(),
    }
}

fn sshd(facts: &HostFacts) -> String {
    let Some(sshd) = &facts.sshd else { return String::new() };
    let mut text = String::from("# fictional: made for the example company\n");
    let mut line = |keyword: &str, value: Option<String>| {
        if let Some(value) = value {
            writeln!(text, "{keyword} {value}").expect("into a string");
        }
    };
    let yes = |value: Option<bool>| value.map(|on| if on { "yes" } else { "no" }.to_owned());
    let list = |value: &Option<Vec<String>>| value.as_ref().map(|list| list.join(","));
    line("permitrootlogin", sshd.permit_root_login.clone());
    line("passwordauthentication", yes(sshd.password_authentication));
    line("kbdinteractiveauthentication", yes(sshd.kbd_interactive_authentication));
    line("pubkeyauthentication", yes(sshd.pubkey_authentication));
    line("permitemptypasswords", yes(sshd.permit_empty_passwords));
    line("x11forwarding", yes(sshd.x11_forwarding));
    line("allowtcpforwarding", sshd.tcp_forwarding.clone());
    line("allowgroups", list(&sshd.allow_groups));
    line("maxauthtries", sshd.max_auth_tries.map(|tries| tries.to_string()));
    line("clientaliveinterval", sshd.client_alive_interval_seconds.map(|seconds| seconds.to_string()));
    line("clientalivecountmax", sshd.client_alive_count_max.map(|count| count.to_string()));
    line("loglevel", sshd.log_level.clone());
    line("ciphers", list(&sshd.ciphers));
    line("macs", list(&sshd.macs));
    line("kexalgorithms", list(&sshd.kex_algorithms));
    text
}

fn ruleset(facts: &HostFacts) -> String {
    let Some(firewall) = &facts.firewall else { return String::new() };
    let mut text = String::from(
        "# fictional: made for the example company\ntable inet filter {\n\tchain input {\n\t\ttype filter hook input \
         priority filter; policy drop;\n\t\tct state established,related accept\n\t\tiifname \"lo\" accept\n",
    );
    for port in firewall.open_ports.iter().flatten() {
        writeln!(text, "\t\tip saddr {} tcp dport {} accept", port.sources.join(","), port.first_port)
            .expect("into a string");
    }
    text.push_str("\t\tlimit rate 5/minute log prefix \"drop \"\n\t}\n}\n");
    text
}

fn updates(facts: &HostFacts) -> String {
    let mut text = String::from("# fictional: made for the example company\n");
    for update in facts.updates.iter().flat_map(|updates| updates.pending.iter().flatten()) {
        let installed = update.installed.as_deref().unwrap_or_default();
        writeln!(text, "Inst {} [{installed}] ({} {})", update.name, update.candidate, update.origin)
            .expect("into a string");
    }
    text
}

fn sudo(facts: &HostFacts) -> String {
    let mut text = String::from("# fictional: made for the example company\n");
    for rule in facts.sudo.iter().flat_map(|sudo| sudo.rules.iter().flatten()) {
        let tag = if rule.nopasswd { "NOPASSWD: " } else { "" };
        writeln!(text, "{} ALL=(ALL) {tag}ALL # {}:{}", rule.who.join(","), rule.file, rule.line)
            .expect("into a string");
    }
    text
}
