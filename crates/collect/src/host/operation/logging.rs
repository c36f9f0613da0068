//! Reads rsyslog, journald and logrotate settings.

use std::collections::BTreeMap;

use tickmark_core::observation::host::operation::{LogForwarding, LogRotation};

use crate::host::text::{significant, sorted};

/// Reads forwarding actions of rsyslog, both notations.
pub(crate) fn forwarding(texts: &[(String, String)]) -> Vec<LogForwarding> {
    let all: String = texts.iter().map(|(_, text)| format!("{text}\n")).collect();
    let legacy_driver = directive(&all, "$DefaultNetstreamDriver");
    let legacy_mode = directive(&all, "$ActionSendStreamDriverMode");
    let legacy_auth = directive(&all, "$ActionSendStreamDriverAuthMode");
    let mut found = Vec::new();
    for (_, line) in significant(&all) {
        let Some(target) =
            line.split_whitespace().last().filter(|word| word.starts_with('@') && word.len() > 2)
        else {
            continue;
        };
        let is_tcp = target.starts_with("@@");
        let target = target.trim_start_matches('@').trim_start_matches("(o)").trim_start_matches("(z9)");
        let target = target.split(';').next().unwrap_or(target);
        let (host, port) = host_and_port(target);
        let tls = is_tcp && legacy_mode.as_deref() == Some("1") && legacy_driver.is_some();
        let authenticated = tls && is_authenticating(legacy_auth.as_deref());
        let protocol = if is_tcp { "tcp" } else { "udp" }.to_owned();
        found.push(LogForwarding { host, port, protocol, tls, authenticated, via: "rsyslog".to_owned() });
    }
    let global = parameters_of(&all, "global(");
    for action in all.match_indices("action(").map(|(at, _)| parameters(&all[at + "action(".len()..])) {
        let value = |name: &str| action.get(name).map(String::as_str);
        let kind = value("type").unwrap_or_default();
        if !["omfwd", "omrelp"].contains(&kind) {
            continue;
        }
        let Some(host) = value("target") else { continue };
        let is_relp = kind == "omrelp";
        let driver = value("streamdriver").or(global.get("defaultnetstreamdriver").map(String::as_str));
        let tls = if is_relp {
            value("tls") == Some("on")
        } else {
            value("protocol") == Some("tcp")
                && value("streamdrivermode") == Some("1")
                && driver.is_some_and(|name| name != "ptcp")
        };
        let auth = if is_relp { value("tls.authmode") } else { value("streamdriverauthmode") };
        found.push(LogForwarding {
            host: host.to_owned(),
            port: value("port").and_then(|port| port.parse().ok()).unwrap_or(0),
            protocol: if is_relp { "relp" } else { value("protocol").unwrap_or("udp") }.to_owned(),
            tls,
            authenticated: tls && is_authenticating(auth),
            via: "rsyslog".to_owned(),
        });
    }
    sorted(found)
}

fn is_authenticating(mode: Option<&str>) -> bool {
    mode.is_some_and(|mode| !mode.eq_ignore_ascii_case("anon"))
}

fn directive(text: &str, name: &str) -> Option<String> {
    let value = significant(text).filter_map(|(_, line)| line.strip_prefix(name)).last()?;
    Some(value.trim().to_owned())
}

fn host_and_port(target: &str) -> (String, u16) {
    let (host, port) = match target.strip_prefix('[') {
        Some(rest) => {
            let (host, tail) = rest.split_once(']').unwrap_or((rest, ""));
            (host, tail.strip_prefix(':'))
        }
        None => target.split_once(':').map_or((target, None), |(host, port)| (host, Some(port))),
    };
    (host.to_owned(), port.and_then(|port| port.parse().ok()).unwrap_or(514))
}

fn parameters_of(text: &str, opening: &str) -> BTreeMap<String, String> {
    text.match_indices(opening).flat_map(|(at, _)| parameters(&text[at + opening.len()..])).collect()
}

/// Reads `name="value"` up to the closing parenthesis; names in lower case.
fn parameters(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let Some(end) = rest.find(['=', ')']).filter(|end| rest.as_bytes()[*end] == b'=') else {
            return found;
        };
        let name = rest[..end].trim().to_ascii_lowercase();
        let value = rest[end + 1..].trim_start();
        let Some(value) = value.strip_prefix('"') else { return found };
        let Some((value, tail)) = value.split_once('"') else { return found };
        found.insert(name, value.to_ascii_lowercase().to_owned());
        rest = tail;
    }
}

/// Tells whether a rule of rsyslog writes login messages somewhere.
pub(crate) fn records_authentication(texts: &[(String, String)]) -> bool {
    texts.iter().flat_map(|(_, text)| significant(text)).any(|(_, line)| {
        let mut words = line.split_whitespace();
        let (Some(selector), Some(target)) = (words.next(), words.next()) else { return false };
        let selects = selector.split(';').any(|part| {
            let (facilities, priority) = part.split_once('.').unwrap_or((part, ""));
            priority != "none" && facilities.split(',').any(|name| ["*", "auth", "authpriv"].contains(&name))
        });
        let excludes = selector.contains("auth.none") && selector.contains("authpriv.none");
        let is_selector = selector.contains('.');
        is_selector
            && selects
            && !excludes
            && (target.starts_with(['/', '-', '@', ':']) || target.starts_with("action("))
    })
}

/// Days of a journald time span like `1month`, `30day`, `2week`; none for 0 or what is not understood.
pub(crate) fn span_days(text: &str) -> Option<i64> {
    let at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: i64 = text[..at].parse().ok()?;
    let seconds = match text[at..].trim() {
        "" | "s" | "sec" | "second" | "seconds" => 1,
        "min" | "minute" | "minutes" | "m" => 60,
        "h" | "hour" | "hours" | "hr" => 3_600,
        "d" | "day" | "days" => 86_400,
        "w" | "week" | "weeks" => 604_800,
        "month" | "months" | "M" => 2_629_800,
        "y" | "year" | "years" => 31_557_600,
        _ => return None,
    };
    Some(number.checked_mul(seconds)? / 86_400).filter(|_| number > 0)
}

/// Reads logrotate: defaults of the main file, then blocks. Sorted by pattern.
pub(crate) fn rotation(texts: &[(String, String)]) -> Vec<LogRotation> {
    // Without any setting logrotate(8) rotates weekly and keeps nothing.
    let mut defaults = Options { frequency: "weekly".to_owned(), rotate: 0, maximum_age: None };
    let mut found = Vec::new();
    for (index, (_, text)) in texts.iter().enumerate() {
        let mut block: Option<(Vec<String>, Options)> = None;
        let mut in_script = false;
        let mut waiting: Vec<String> = Vec::new();
        for (_, line) in significant(text) {
            if in_script {
                in_script = line != "endscript";
            } else if ["postrotate", "prerotate", "firstaction", "lastaction", "preremove"].contains(&line) {
                in_script = true;
            } else if let Some(patterns) = line.strip_suffix('{') {
                waiting.extend(patterns.split_whitespace().map(|one| one.trim_matches('"').to_owned()));
                block = Some((std::mem::take(&mut waiting), defaults.clone()));
            } else if line == "}" {
                if let Some((patterns, options)) = block.take() {
                    found.extend(patterns.into_iter().map(|pattern| options.describe(pattern)));
                }
            } else if let Some((_, options)) = &mut block {
                options.read(line);
            } else if line.starts_with(['/', '"']) {
                waiting.extend(line.split_whitespace().map(|one| one.trim_matches('"').to_owned()));
            } else if index == 0 {
                defaults.read(line);
            }
        }
    }
    found.sort_by(|one: &LogRotation, two| one.pattern.cmp(&two.pattern));
    found
}

#[derive(Clone, Debug)]
struct Options {
    frequency: String,
    rotate: i64,
    maximum_age: Option<i64>,
}

impl Options {
    fn read(&mut self, line: &str) {
        let mut words = line.split_whitespace();
        match (words.next(), words.next()) {
            (Some(word @ ("hourly" | "daily" | "weekly" | "monthly" | "yearly")), _) => {
                self.frequency = word.to_owned()
            }
            (Some("rotate"), Some(number)) => self.rotate = number.parse().unwrap_or(self.rotate),
            (Some("maxage"), Some(number)) => self.maximum_age = number.parse().ok(),
            (Some("size"), _) => self.frequency = "size".to_owned(),
            _ => {}
        }
    }

    fn describe(&self, pattern: String) -> LogRotation {
        let days = match self.frequency.as_str() {
            "daily" => Some(1),
            "weekly" => Some(7),
            "monthly" => Some(30),
            "yearly" => Some(365),
            "hourly" => Some(0),
            _ => None,
        };
        let kept = days.and_then(|days| self.rotate.checked_mul(days));
        let retention_days = match (kept, self.maximum_age) {
            (Some(kept), Some(age)) => Some(kept.min(age)),
            (kept, age) => kept.or(age),
        };
        LogRotation { pattern, frequency: self.frequency.clone(), rotate: self.rotate, retention_days }
    }
}

/// Days that files for messages and logins are kept at least.
pub(crate) fn retention_days(rotation: &[LogRotation]) -> Option<i64> {
    let names = ["/var/log/syslog", "/var/log/messages", "/var/log/auth.log", "/var/log/secure"];
    rotation
        .iter()
        .filter(|one| names.contains(&one.pattern.as_str()))
        .filter_map(|one| one.retention_days)
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Vec<(String, String)> {
        vec![("/etc/rsyslog.conf".to_owned(), text.to_owned())]
    }

    #[test]
    fn forwarding_in_both_notations() {
        let check = |text: &str, expected: &[&str]| {
            let lines: Vec<String> = forwarding(&file(text))
                .iter()
                .map(|one| {
                    format!(
                        "{} {} {} tls={} auth={}",
                        one.protocol, one.host, one.port, one.tls, one.authenticated
                    )
                })
                .collect();
            assert_eq!(lines, expected, "{text}");
        };
        check("*.* @loghost\n", &["udp loghost 514 tls=false auth=false"]);
        check("*.* @@[2001:db8::1]:6514;RSYSLOG_Format\n", &["tcp 2001:db8::1 6514 tls=false auth=false"]);
        check(
            "$DefaultNetstreamDriver gtls\n$ActionSendStreamDriverMode 1\n$ActionSendStreamDriverAuthMode x509/name\n*.* @@(o)loghost:6514\n",
            &["tcp loghost 6514 tls=true auth=true"],
        );
        check(
            "action(type=\"omfwd\" Target=\"loghost\" port=\"6514\" protocol=\"tcp\"\n  StreamDriver=\"ossl\" StreamDriverMode=\"1\" StreamDriverAuthMode=\"anon\")\n",
            &["tcp loghost 6514 tls=true auth=false"],
        );
        check(
            "action(type=\"omrelp\" target=\"r\" port=\"2514\" tls=\"on\" tls.authMode=\"name\")",
            &["relp r 2514 tls=true auth=true"],
        );
        check("#*.* @off\nauth.* /var/log/auth.log\naction(type=\"omfile\" file=\"/x\")\naction(", &[]);
    }

    #[test]
    fn login_messages_need_a_rule_that_keeps_them() {
        let check = |text, expected| assert_eq!(records_authentication(&file(text)), expected, "{text}");
        check("auth,authpriv.*\t\t\t/var/log/auth.log\n", true);
        check("*.*;auth,authpriv.none\t\t-/var/log/syslog\n", true);
        check("*.info;mail.none;auth.none;authpriv.none /var/log/messages\n", false);
        check("mail.* /var/log/mail.log\n", false);
        check("#auth.* /var/log/auth.log\n", false);
    }

    #[test]
    fn rotation_inherits_defaults_and_skips_scripts() {
        let main = "weekly\nrotate 4\ncreate\ninclude /etc/logrotate.d\n";
        let part = "/var/log/syslog\n/var/log/auth.log\n{\n\trotate 13\n\tpostrotate\n\t\tdaily\n\tendscript\n}\n\"/var/log/a.log\" /var/log/x.log {\n daily\n maxage 3\n size 10M\n}\n";
        let texts = [("/etc/logrotate.conf".to_owned(), main.to_owned()), ("p".to_owned(), part.to_owned())];
        let found = rotation(&texts);
        let lines: Vec<_> = found
            .iter()
            .map(|one| format!("{} {} {} {:?}", one.pattern, one.frequency, one.rotate, one.retention_days))
            .collect();
        assert_eq!(
            lines,
            [
                "/var/log/a.log size 4 Some(3)",
                "/var/log/auth.log weekly 13 Some(91)",
                "/var/log/syslog weekly 13 Some(91)",
                "/var/log/x.log size 4 Some(3)",
            ]
        );
        assert_eq!(retention_days(&found), Some(91));
    }

    #[test]
    fn spans_are_read() {
        let check = |text, expected| assert_eq!(span_days(text), expected, "{text}");
        check("1month", Some(30));
        check("90day", Some(90));
        check("0", None);
        check("x", None);
    }
}
