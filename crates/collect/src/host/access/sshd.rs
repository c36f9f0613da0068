//! Reads the effective configuration of the SSH server (`sshd -T`) and its files, sshd_config(5).

use std::collections::{BTreeMap, BTreeSet};

use tickmark_core::observation::host::access::{MatchBlock, MatchWeakening, Sshd};

use crate::host::text::truth;

/// Includes followed in a row.
const DEPTH_LIMIT: u32 = 8;
/// Keywords that may be given several times and add up.
const REPEATABLE: [&str; 8] =
    ["port", "listenaddress", "hostkey", "allowusers", "allowgroups", "denyusers", "denygroups", "acceptenv"];

/// Keyword, in lower case, with its values in order.
pub(crate) type Settings = BTreeMap<String, Vec<String>>;

/// Reads the output of `sshd -T`.
pub(crate) fn effective(text: &str) -> Settings {
    let mut settings = Settings::new();
    for line in text.lines() {
        if let Some((keyword, value)) = line.trim().split_once(' ') {
            settings.entry(keyword.to_ascii_lowercase()).or_default().push(value.trim().to_owned());
        }
    }
    settings
}

/// Fills in what the settings say. A field whose keyword is missing stays absent; its name is returned.
pub(crate) fn apply(sshd: &mut Sshd, settings: &Settings) -> Vec<&'static str> {
    let mut missing = Vec::new();
    let mut reader = Reader { settings, missing: &mut missing };
    sshd.ports = reader.all("ports", "port").map(|ports| {
        ports.iter().filter_map(|port| port.parse().ok()).collect::<BTreeSet<u16>>().into_iter().collect()
    });
    sshd.permit_root_login =
        reader.text("permit_root_login", "permitrootlogin").map(|value| match value.as_str() {
            "without-password" => "prohibit-password".to_owned(),
            _ => value,
        });
    sshd.password_authentication = reader.flag("password_authentication", "passwordauthentication");
    sshd.kbd_interactive_authentication = reader.flag_of(
        "kbd_interactive_authentication",
        &["kbdinteractiveauthentication", "challengeresponseauthentication"],
    );
    sshd.pubkey_authentication = reader.flag("pubkey_authentication", "pubkeyauthentication");
    sshd.hostbased_authentication = reader.flag("hostbased_authentication", "hostbasedauthentication");
    sshd.permit_empty_passwords = reader.flag("permit_empty_passwords", "permitemptypasswords");
    sshd.use_pam = reader.flag("use_pam", "usepam");
    sshd.authentication_methods = reader.words("authentication_methods", "authenticationmethods");
    sshd.ciphers = reader.list("ciphers", "ciphers");
    sshd.macs = reader.list("macs", "macs");
    sshd.kex_algorithms = reader.list("kex_algorithms", "kexalgorithms");
    sshd.host_key_algorithms = reader.list("host_key_algorithms", "hostkeyalgorithms");
    sshd.max_auth_tries = reader.number("max_auth_tries", "maxauthtries");
    sshd.max_sessions = reader.number("max_sessions", "maxsessions");
    sshd.login_grace_seconds = reader.seconds("login_grace_seconds", "logingracetime");
    sshd.client_alive_interval_seconds =
        reader.seconds("client_alive_interval_seconds", "clientaliveinterval");
    sshd.client_alive_count_max = reader.number("client_alive_count_max", "clientalivecountmax");
    sshd.x11_forwarding = reader.flag("x11_forwarding", "x11forwarding");
    sshd.agent_forwarding = reader.flag("agent_forwarding", "allowagentforwarding");
    sshd.tcp_forwarding = reader.text("tcp_forwarding", "allowtcpforwarding");
    sshd.permit_tunnel = reader.text("permit_tunnel", "permittunnel");
    sshd.gateway_ports = reader.text("gateway_ports", "gatewayports");
    sshd.permit_user_environment = reader.text("permit_user_environment", "permituserenvironment");
    sshd.log_level = reader.text("log_level", "loglevel").map(|level| level.to_ascii_uppercase());
    sshd.authorized_keys_files = reader.words("authorized_keys_files", "authorizedkeysfile");
    // These are not written when empty.
    let absent_is_empty = |keyword: &str| {
        let values = settings.get(keyword).into_iter().flatten();
        values.flat_map(|value| value.split_whitespace()).map(str::to_owned).collect::<Vec<_>>()
    };
    sshd.allow_users = Some(absent_is_empty("allowusers"));
    sshd.allow_groups = Some(absent_is_empty("allowgroups"));
    sshd.deny_users = Some(absent_is_empty("denyusers"));
    sshd.deny_groups = Some(absent_is_empty("denygroups"));
    let is_set = |keyword: &str| {
        settings.get(keyword).is_some_and(|values| values.iter().any(|value| value != "none"))
    };
    sshd.has_authorized_keys_command = Some(is_set("authorizedkeyscommand"));
    sshd.has_trusted_user_ca = Some(is_set("trustedusercakeys"));
    sshd.has_banner = Some(is_set("banner"));
    sshd.idle_limit_seconds = idle_limit(settings);
    if settings.get("disableforwarding").is_some_and(|values| values.iter().any(|value| value == "yes")) {
        sshd.x11_forwarding = Some(false);
        sshd.agent_forwarding = Some(false);
        sshd.tcp_forwarding = Some("no".to_owned());
    }
    missing
}

/// The shorter of the limit for unresponsive clients and the one for idle session channels; 0 when neither is set.
fn idle_limit(settings: &Settings) -> Option<i64> {
    let first = |keyword: &str| settings.get(keyword).and_then(|values| values.first());
    let interval = seconds(first("clientaliveinterval")?)?;
    let count: i64 = first("clientalivecountmax")?.parse().ok()?;
    let unresponsive = interval.checked_mul(count)?;
    let channels =
        settings.get("channeltimeout").into_iter().flatten().flat_map(|value| value.split_whitespace());
    let idle = channels
        .filter_map(|pair| pair.split_once('='))
        .filter(|(kind, _)| ["*", "session", "session:*", "global"].contains(kind))
        .filter_map(|(_, limit)| seconds(limit));
    Some(idle.chain([unresponsive]).filter(|limit| *limit > 0).min().unwrap_or(0))
}

struct Reader<'a> {
    settings: &'a Settings,
    missing: &'a mut Vec<&'static str>,
}

impl Reader<'_> {
    fn all(&mut self, field: &'static str, keyword: &str) -> Option<Vec<String>> {
        let found = self.settings.get(keyword).cloned();
        if found.is_none() {
            self.missing.push(field);
        }
        found
    }

    fn text(&mut self, field: &'static str, keyword: &str) -> Option<String> {
        self.all(field, keyword)?.into_iter().next()
    }

    fn noted<T>(&mut self, field: &'static str, value: Option<T>) -> Option<T> {
        if value.is_none() && !self.missing.contains(&field) {
            self.missing.push(field);
        }
        value
    }

    fn flag(&mut self, field: &'static str, keyword: &str) -> Option<bool> {
        self.flag_of(field, &[keyword])
    }

    fn flag_of(&mut self, field: &'static str, keywords: &[&str]) -> Option<bool> {
        let value = keywords.iter().find_map(|keyword| self.settings.get(*keyword)?.first());
        let value = value.and_then(|value| truth(value));
        self.noted(field, value)
    }

    fn number(&mut self, field: &'static str, keyword: &str) -> Option<i64> {
        let value = self.text(field, keyword).and_then(|value| value.parse().ok());
        self.noted(field, value)
    }

    fn seconds(&mut self, field: &'static str, keyword: &str) -> Option<i64> {
        let value = self.text(field, keyword).and_then(|value| seconds(&value));
        self.noted(field, value)
    }

    fn words(&mut self, field: &'static str, keyword: &str) -> Option<Vec<String>> {
        self.text(field, keyword).map(|value| value.split_whitespace().map(str::to_owned).collect())
    }

    /// A comma list; none when it only changes the built-in one (`+`, `-`, `^`), whose content is not known here.
    fn list(&mut self, field: &'static str, keyword: &str) -> Option<Vec<String>> {
        let value = self.text(field, keyword).filter(|value| !value.starts_with(['+', '-', '^']));
        let value = value.map(|value| value.split(',').map(str::to_owned).collect());
        self.noted(field, value)
    }
}

/// Reads a time like `90`, `5m`, `1h30m`; `none` is 0.
fn seconds(text: &str) -> Option<i64> {
    if text == "none" {
        return Some(0);
    }
    let mut total: i64 = 0;
    let mut digits = String::new();
    for c in text.chars() {
        let factor = match c.to_ascii_lowercase() {
            c if c.is_ascii_digit() => {
                digits.push(c);
                continue;
            }
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return None,
        };
        total = total.checked_add(digits.parse::<i64>().ok()?.checked_mul(factor)?)?;
        digits.clear();
    }
    if digits.is_empty() { Some(total) } else { total.checked_add(digits.parse().ok()?) }
}

/// What the configuration files set.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Files {
    /// Outside of Match blocks; the first value of a keyword counts.
    pub(crate) global: Settings,
    pub(crate) blocks: Vec<Block>,
}

/// One Match block.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Block {
    pub(crate) place: String,
    pub(crate) criteria: String,
    pub(crate) settings: Settings,
}

/// Reads the files by path; `expand` lists the paths an Include pattern stands for.
pub(crate) fn files(
    main: &str,
    texts: &BTreeMap<String, String>,
    expand: &dyn Fn(&str) -> Vec<String>,
) -> Files {
    let mut files = Files::default();
    read_file(&mut files, main, texts, expand, None, 0);
    files
}

fn read_file(
    files: &mut Files,
    path: &str,
    texts: &BTreeMap<String, String>,
    expand: &dyn Fn(&str) -> Vec<String>,
    outer: Option<usize>,
    depth: u32,
) {
    let Some(text) = texts.get(path).filter(|_| depth <= DEPTH_LIMIT) else { return };
    // A Match in an included file ends with the file.
    let mut block = outer;
    for (number, line) in crate::host::text::significant(text) {
        let Some((keyword, value)) = keyword_and_value(line) else { continue };
        match keyword.as_str() {
            "include" => {
                for pattern in value.split_whitespace() {
                    for file in expand(pattern) {
                        read_file(files, &file, texts, expand, block, depth + 1);
                    }
                }
            }
            "match" if value.eq_ignore_ascii_case("all") && outer.is_none() => block = None,
            "match" => {
                files.blocks.push(Block {
                    place: format!("{path}:{number}"),
                    criteria: value,
                    settings: Settings::new(),
                });
                block = Some(files.blocks.len() - 1);
            }
            _ => {
                let settings = match block {
                    Some(index) => &mut files.blocks[index].settings,
                    None => &mut files.global,
                };
                let values = settings.entry(keyword.clone()).or_default();
                if values.is_empty() || REPEATABLE.contains(&keyword.as_str()) {
                    values.push(value);
                }
            }
        }
    }
}

/// Splits `Keyword value`, `Keyword=value` and `Keyword "value"`.
pub(crate) fn keyword_and_value(line: &str) -> Option<(String, String)> {
    let end = line.find(|c: char| c.is_whitespace() || c == '=')?;
    let value = line[end..].trim_start_matches(|c: char| c.is_whitespace() || c == '=').trim();
    Some((line[..end].to_ascii_lowercase(), value.trim_matches('"').to_owned()))
}

/// Describes the Match blocks.
pub(crate) fn match_blocks(files: &Files) -> Vec<MatchBlock> {
    let describe = |block: &Block| MatchBlock {
        place: block.place.clone(),
        criteria: block.criteria.clone(),
        keywords: block.settings.keys().cloned().collect(),
    };
    files.blocks.iter().map(describe).collect()
}

/// Lists settings inside Match blocks that are looser than outside. `global` is the effective configuration.
pub(crate) fn weakenings(files: &Files, global: &Settings) -> Vec<MatchWeakening> {
    let mut found = Vec::new();
    for block in &files.blocks {
        for (keyword, values) in &block.settings {
            let keyword = if keyword == "challengeresponseauthentication" {
                "kbdinteractiveauthentication"
            } else {
                keyword
            };
            let (Some(inside), Some(outside)) =
                (values.first(), global.get(keyword).and_then(|values| values.first()))
            else {
                continue;
            };
            let looser = match (looseness(keyword, inside), looseness(keyword, outside)) {
                (Some(inside), Some(outside)) => inside > outside,
                _ => false,
            };
            if looser {
                found.push(MatchWeakening {
                    criteria: block.criteria.clone(),
                    keyword: keyword.to_owned(),
                    global_value: outside.clone(),
                    match_value: inside.clone(),
                });
            }
        }
    }
    found
}

/// Orders the values of a keyword from strict to loose; none for keywords without such an order.
fn looseness(keyword: &str, value: &str) -> Option<i64> {
    let value = value.to_ascii_lowercase();
    let rank = |order: &[&[&str]]| {
        order.iter().position(|words| words.contains(&value.as_str())).and_then(|at| i64::try_from(at).ok())
    };
    match keyword {
        "permitrootlogin" => {
            rank(&[&["no"], &["forced-commands-only"], &["prohibit-password", "without-password"], &["yes"]])
        }
        "passwordauthentication"
        | "kbdinteractiveauthentication"
        | "permitemptypasswords"
        | "hostbasedauthentication"
        | "x11forwarding"
        | "allowagentforwarding"
        | "gssapiauthentication"
        | "kerberosauthentication" => rank(&[&["no"], &["yes"]]),
        "allowtcpforwarding" | "allowstreamlocalforwarding" => {
            rank(&[&["no"], &["local", "remote"], &["yes", "all"]])
        }
        "permittunnel" => rank(&[&["no"], &["point-to-point", "ethernet"], &["yes"]]),
        "gatewayports" => rank(&[&["no"], &["clientspecified"], &["yes"]]),
        "permituserenvironment" => Some(i64::from(value != "no")),
        "maxauthtries" => value.parse().ok(),
        // Never looked for is loosest.
        "clientaliveinterval" => seconds(&value).map(|limit| if limit == 0 { i64::MAX } else { limit }),
        "loglevel" => rank(&[
            &["verbose", "debug", "debug1", "debug2", "debug3"],
            &["info"],
            &["error"],
            &["fatal"],
            &["quiet"],
        ]),
        // The fewest steps of any alternative.
        "authenticationmethods" => {
            let steps = value
                .split_whitespace()
                .map(|way| if way == "any" { 1 } else { way.split(',').count() })
                .min()?;
            i64::try_from(steps).ok().map(|steps| -steps)
        }
        "disableforwarding" => rank(&[&["yes"], &["no"]]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EFFECTIVE: &str = include_str!("../../../fixtures/sshd-T.txt");

    #[test]
    fn the_recorded_effective_configuration() {
        let mut sshd = Sshd::default();
        let missing = apply(&mut sshd, &effective(EFFECTIVE));
        assert_eq!(missing, Vec::<&str>::new());
        insta::assert_json_snapshot!(sshd);
    }

    #[test]
    fn what_is_not_said_is_missing() {
        let mut sshd = Sshd::default();
        let settings = effective("permitrootlogin no\nciphers +aes128-cbc\nmaxauthtries many\n");
        let missing = apply(&mut sshd, &settings);
        assert_eq!(sshd.permit_root_login.as_deref(), Some("no"));
        assert_eq!((sshd.ciphers, sshd.max_auth_tries), (None, None));
        assert!(
            missing.contains(&"ciphers") && missing.contains(&"max_auth_tries") && missing.contains(&"ports")
        );
        assert!(!missing.contains(&"permit_root_login"));
    }

    #[test]
    fn times_are_read() {
        let check = |text, expected| assert_eq!(seconds(text), expected, "{text}");
        check("90", Some(90));
        check("1h30m", Some(5_400));
        check("none", Some(0));
        check("5x", None);
        check("99999999999999999999", None);
        let limit = |text: &str| idle_limit(&effective(text));
        assert_eq!(limit("clientaliveinterval 300\nclientalivecountmax 2\n"), Some(600));
        assert_eq!(
            limit("clientaliveinterval 0\nclientalivecountmax 3\nchanneltimeout session=5m x11=1m\n"),
            Some(300)
        );
        assert_eq!(limit("clientaliveinterval 0\nclientalivecountmax 3\n"), Some(0));
    }

    fn read(main: &str, included: &str) -> Files {
        let texts = BTreeMap::from([
            ("/main".to_owned(), main.to_owned()),
            ("/part".to_owned(), included.to_owned()),
        ]);
        files("/main", &texts, &|_| vec!["/part".to_owned()])
    }

    #[test]
    fn first_values_count_and_match_blocks_end_with_their_file() {
        let found = read(
            "Include /part\nPermitRootLogin yes\nPort=22\nPort 2222\n",
            "PermitRootLogin no\nMatch User x\n  X11Forwarding yes\n",
        );
        assert_eq!(found.global["permitrootlogin"], ["no"]);
        assert_eq!(found.global["port"], ["22", "2222"]);
        assert_eq!(match_blocks(&found)[0].keywords, ["x11forwarding"]);
        // A file that includes itself ends.
        assert!(read("Include /part\n", "Include /part\n").global.is_empty());
    }

    #[test]
    fn only_looser_settings_are_weakenings() {
        let found = read(
            "Match Address 10.0.0.0/8\nPasswordAuthentication yes\nMaxAuthTries 3\nPermitRootLogin no\nMatch Group ops\nPermitRootLogin yes\nAuthenticationMethods publickey\nLogLevel QUIET\nClientAliveInterval 0\n",
            "",
        );
        let global = effective(
            "passwordauthentication no\nmaxauthtries 6\npermitrootlogin without-password\nauthenticationmethods publickey,keyboard-interactive\nloglevel INFO\nclientaliveinterval 300\n",
        );
        let keywords: Vec<String> = weakenings(&found, &global).into_iter().map(|one| one.keyword).collect();
        let expected = [
            "passwordauthentication",
            "authenticationmethods",
            "clientaliveinterval",
            "loglevel",
            "permitrootlogin",
        ];
        assert_eq!(keywords, expected);
    }
}
