//! Reads package sources (sources.list(5)) and apt settings (apt.conf(5)).

use tickmark_core::observation::host::system::{AptSource, AutoUpdates};

use super::upgrade::is_security;
use crate::host::text::{significant, sorted, truth};

/// Settings that let unverified packages in when true.
const EXCEPTIONS: [&str; 8] = [
    "apt::get::allowunauthenticated",
    "apt::get::force-yes",
    "acquire::allowinsecurerepositories",
    "acquire::allowweakrepositories",
    "acquire::allowdowngradetoinsecurerepositories",
    "acquire::https::verify-peer::false",
    "apt::authentication::trustcdrom",
    "dpkg::options::force-bad-verify",
];

/// Reads a file of either form, by its name.
pub(crate) fn sources(file: &str, text: &str) -> Vec<AptSource> {
    if file.ends_with(".sources") { deb822(file, text) } else { one_line(file, text) }
}

fn one_line(file: &str, text: &str) -> Vec<AptSource> {
    significant(text).filter_map(|(_, line)| source_line(file, line)).collect()
}

fn source_line(file: &str, line: &str) -> Option<AptSource> {
    let line = line.split(" #").next().unwrap_or(line);
    let rest = line.strip_prefix("deb ").or_else(|| line.strip_prefix("deb\t"))?.trim_start();
    let (options, rest) = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => ("", rest),
    };
    let option = |name: &str| {
        options.split_whitespace().find_map(|one| {
            let (key, value) = one.split_once('=')?;
            key.eq_ignore_ascii_case(name).then(|| value.to_owned())
        })
    };
    let mut words = rest.split_whitespace();
    let (uri, suite) = (words.next()?, words.next()?);
    let blindly =
        ["trusted", "allow-insecure", "allow-weak"].iter().any(|name| is_true(option(name).as_deref()));
    Some(source(file, uri, suite, words.map(str::to_owned).collect(), option("signed-by"), blindly))
}

fn is_true(value: Option<&str>) -> bool {
    value.and_then(truth).unwrap_or(false)
}

fn source(
    file: &str,
    uri: &str,
    suite: &str,
    components: Vec<String>,
    signed_by: Option<String>,
    is_trusted_blindly: bool,
) -> AptSource {
    let scheme = uri.split(':').next().unwrap_or_default();
    let host = uri.split_once("://").map(|(_, rest)| rest.split('/').next().unwrap_or_default());
    let host = host.map(|host| host.rsplit('@').next().unwrap_or(host)).filter(|host| !host.is_empty());
    AptSource {
        file: file.to_owned(),
        uri: uri.to_owned(),
        host: host.map(str::to_owned),
        suite: suite.to_owned(),
        components,
        signed_by,
        is_trusted_blindly,
        is_encrypted_transport: ["https", "tor+https", "file", "copy", "cdrom", "ssh", "mirror+https"]
            .contains(&scheme),
    }
}

fn deb822(file: &str, text: &str) -> Vec<AptSource> {
    let mut found = Vec::new();
    // Paragraphs are separated by blank lines; comments go away, and lines that begin with a space continue a field.
    for paragraph in text.split("\n\n") {
        let mut fields: Vec<(String, String)> = Vec::new();
        for line in paragraph.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
            if line.starts_with([' ', '\t']) {
                if let Some((_, value)) = fields.last_mut() {
                    value.push(' ');
                    value.push_str(line.trim());
                }
            } else if let Some((name, value)) = line.split_once(':') {
                fields.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
            }
        }
        let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let words = |name: &str| {
            field(name).unwrap_or_default().split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        };
        let is_enabled = field("enabled").and_then(truth).unwrap_or(true);
        if !is_enabled || !words("types").iter().any(|kind| kind == "deb") {
            continue;
        }
        let signed_by = field("signed-by").map(|value| match value {
            value if value.contains("BEGIN PGP") => "(embedded key)".to_owned(),
            value => value.to_owned(),
        });
        let blindly = ["trusted", "allow-insecure", "allow-weak"].iter().any(|name| is_true(field(name)));
        for uri in words("uris") {
            for suite in words("suites") {
                found.push(source(file, &uri, &suite, words("components"), signed_by.clone(), blindly));
            }
        }
    }
    found
}

/// Settings as `name` in lower case and value, in order; list entries have the name of their list with `::` behind it.
pub(crate) fn settings(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut scopes: Vec<String> = Vec::new();
    let mut words: Vec<String> = Vec::new();
    for token in tokens(text) {
        match token.as_str() {
            "{" => scopes.push(words.drain(..).next().unwrap_or_default()),
            "}" => {
                scopes.pop();
            }
            ";" => {
                let prefix = scopes.join("::");
                match words.as_slice() {
                    [] => {}
                    [only] if !prefix.is_empty() => {
                        found.push((format!("{prefix}::").to_ascii_lowercase(), only.clone()))
                    }
                    [name, rest @ ..] => {
                        let name = if prefix.is_empty() { name.clone() } else { format!("{prefix}::{name}") };
                        found.push((name.to_ascii_lowercase(), rest.join(" ")));
                    }
                }
                words.clear();
            }
            _ => words.push(token),
        }
    }
    found
}

/// Splits into words, braces and semicolons; quotes are taken off and comments left out.
fn tokens(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut in_comment = false;
    for line in text.lines() {
        let mut word = String::new();
        let mut quoted = false;
        let mut begun = false;
        let mut rest = line;
        if line.trim_start().starts_with('#') {
            continue;
        }
        while let Some(c) = rest.chars().next() {
            let tail = &rest[c.len_utf8()..];
            if in_comment {
                let Some(end) = rest.find("*/") else { break };
                in_comment = false;
                rest = &rest[end + 2..];
                continue;
            }
            match c {
                '"' => {
                    quoted = !quoted;
                    begun = true;
                }
                _ if quoted => word.push(c),
                '/' if tail.starts_with('/') => break,
                '/' if tail.starts_with('*') => in_comment = true,
                '{' | '}' | ';' => {
                    if begun {
                        out.push(std::mem::take(&mut word));
                    }
                    begun = false;
                    out.push(c.to_string());
                }
                c if c.is_whitespace() => {
                    if begun {
                        out.push(std::mem::take(&mut word));
                    }
                    begun = false;
                }
                _ => {
                    word.push(c);
                    begun = true;
                }
            }
            rest = tail;
        }
        if begun {
            out.push(word);
        }
    }
    out
}

/// Lists settings that let unverified packages in.
pub(crate) fn signature_exceptions(settings: &[(String, String)]) -> Vec<String> {
    // The last value of a setting counts.
    let last =
        |name: &str| settings.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let mut found: Vec<String> = EXCEPTIONS
        .iter()
        .filter_map(|name| {
            last(name).filter(|value| truth(value) == Some(true)).map(|value| format!("{name}={value}"))
        })
        .collect();
    found.extend(
        last("acquire::https::verify-peer")
            .filter(|value| truth(value) == Some(false))
            .map(|value| format!("acquire::https::verify-peer={value}")),
    );
    sorted(found)
}

/// Reads the settings of unattended-upgrades.
pub(crate) fn auto_updates(settings: &[(String, String)], installed: bool) -> AutoUpdates {
    let last =
        |name: &str| settings.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let list = |name: &str| {
        let name = format!("{name}::");
        settings.iter().filter(|(key, _)| *key == name).map(|(_, value)| value.clone()).collect::<Vec<_>>()
    };
    // A number of days, or with a unit; 0 is off.
    let periodic = |name: &str| {
        last(name).is_some_and(|value| !["", "0"].contains(&value) && truth(value) != Some(false))
    };
    let mut origins = list("unattended-upgrade::allowed-origins");
    origins.extend(list("unattended-upgrade::origins-pattern"));
    let covers_security = origins.iter().any(|origin| {
        let lower = origin.to_ascii_lowercase();
        is_security(&lower) || lower.contains("security") || lower.contains("label=debian-security")
    });
    let (refreshes, runs) =
        (periodic("apt::periodic::update-package-lists"), periodic("apt::periodic::unattended-upgrade"));
    AutoUpdates {
        installed: Some(installed),
        tool: installed.then(|| "unattended-upgrades".to_owned()),
        refreshes_lists: Some(refreshes),
        runs_upgrades: Some(runs),
        covers_security: Some(covers_security),
        allowed_origins: Some(origins),
        excluded: Some(list("unattended-upgrade::package-blacklist")),
        reboots: Some(is_true(last("unattended-upgrade::automatic-reboot"))),
        security_on: Some(installed && refreshes && runs && covers_security),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_sources_are_read() {
        let lines = "# deb http://off x y\ndeb [arch=amd64 signed-by=/k.gpg] https://a.example/debian bookworm main contrib # note\ndeb [trusted=yes] file:/srv/repo ./\ndeb-src http://s x y\n";
        let fields = "Types: deb deb-src\nURIs: http://b.example/debian\nSuites: bookworm bookworm-updates\nComponents: main\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n\n# comment\nTypes: deb\nEnabled: no\nURIs: http://off\nSuites: x\n";
        let mut found = sources("/etc/apt/sources.list", lines);
        found.extend(sources("/etc/apt/sources.list.d/b.sources", fields));
        insta::assert_json_snapshot!(found);
    }

    const PERIODIC: &str = "APT::Periodic::Update-Package-Lists \"1\";\nAPT::Periodic::Unattended-Upgrade \"1\";\n// APT::Get::AllowUnauthenticated \"true\";\n/* APT::Get::Force-Yes\n \"true\"; */\n";
    const UPGRADES: &str = "Unattended-Upgrade::Origins-Pattern {\n  \"origin=Debian,codename=${distro_codename},label=Debian-Security\";\n};\nUnattended-Upgrade::Package-Blacklist {\n // \"linux-\";\n \"libc6$\";\n};\nUnattended-Upgrade::Automatic-Reboot \"true\";\n";

    #[test]
    fn settings_of_automatic_updates() {
        let all = settings(&format!("{PERIODIC}{UPGRADES}"));
        insta::assert_json_snapshot!(auto_updates(&all, true));
        assert_eq!(signature_exceptions(&all), Vec::<String>::new());
        assert_eq!(auto_updates(&settings(UPGRADES), true).security_on, Some(false));
        assert_eq!(auto_updates(&all, false).security_on, Some(false));
    }

    #[test]
    fn exceptions_are_found_in_any_notation() {
        let all = settings(
            "APT { Get { AllowUnauthenticated \"true\"; }; };\nAcquire::AllowInsecureRepositories yes;\nacquire::https::Verify-Peer \"false\";",
        );
        let expected = [
            "acquire::allowinsecurerepositories=yes",
            "acquire::https::verify-peer=false",
            "apt::get::allowunauthenticated=true",
        ];
        assert_eq!(signature_exceptions(&all), expected);
        // A later value takes an earlier one back.
        let back = settings("APT::Get::AllowUnauthenticated true; APT::Get::AllowUnauthenticated false;");
        assert_eq!(signature_exceptions(&back), Vec::<String>::new());
        assert!(settings("{{}};;;\" \n }").is_empty());
    }
}
