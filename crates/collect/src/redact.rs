//! Takes secrets out of raw answers before anything is stored or parsed.
//!
//! Facts are observed from the redacted bytes, so a secret that was taken out cannot reach them either. A redaction
//! leaves a mark that says what stood there. The rules err on the side of taking out too much.

use std::collections::BTreeMap;

use tickmark_core::evidence::Redaction;

/// What takes the place of a secret.
pub const MARK: &str = "[redacted]";

/// How an answer is laid out, where secrets stand in places only its format tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Lines of text; secrets are found by their names and shapes.
    Text,
    /// `shadow` and `gshadow`: the second field is a password hash. Its scheme and lock marks are kept.
    Shadow,
    /// `wg show all dump`: private and preshared keys stand in columns.
    WireguardDump,
}

/// An answer without secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redacted {
    /// The text. Bytes that were not UTF-8 are replaced.
    pub text: String,
    /// What was taken out, sorted by kind.
    pub redactions: Vec<Redaction>,
}

/// Takes the secrets out of `bytes`.
#[must_use]
pub fn redact(bytes: &[u8], layout: Layout) -> Redacted {
    let mut work = Work::default();
    let text = String::from_utf8_lossy(bytes);
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (body, end) = line.strip_suffix('\n').map_or((line, ""), |body| (body, "\n"));
        match work.line(body, layout) {
            Some(clean) => out.push_str(&clean),
            None => out.push_str(body),
        }
        out.push_str(end);
    }
    let redactions = work.counts.into_iter().map(|(kind, count)| Redaction { kind: kind.to_owned(), count });
    Redacted { text: out, redactions: redactions.collect() }
}

#[derive(Default)]
struct Work {
    counts: BTreeMap<&'static str, u64>,
    in_private_key: bool,
}

impl Work {
    fn count(&mut self, kind: &'static str) {
        *self.counts.entry(kind).or_default() += 1;
    }

    /// Returns the line without secrets, or none when it holds none.
    fn line(&mut self, line: &str, layout: Layout) -> Option<String> {
        if let Some(clean) = self.private_key_block(line) {
            return Some(clean);
        }
        match layout {
            Layout::Shadow => return self.shadow(line),
            Layout::WireguardDump => return self.wireguard_dump(line),
            Layout::Text => {}
        }
        // Each step works on what the one before left.
        let mut current: Option<String> = None;
        for step in [Self::hashes, Self::urls, Self::headers, Self::named_values, Self::token_shapes] {
            if let Some(next) = step(self, current.as_deref().unwrap_or(line)) {
                current = Some(next);
            }
        }
        current
    }

    /// PEM and OpenPGP private keys: everything from BEGIN to END.
    fn private_key_block(&mut self, line: &str) -> Option<String> {
        if self.in_private_key {
            if line.contains("-----END") {
                self.in_private_key = false;
            }
            return Some(String::new());
        }
        let begin = line.find("-----BEGIN ").filter(|at| line[*at..].contains("PRIVATE KEY"))?;
        self.count("private key");
        self.in_private_key = !line[begin..].contains("-----END ");
        Some(format!("{}{MARK}", &line[..begin]))
    }

    fn shadow(&mut self, line: &str) -> Option<String> {
        let (name, rest) = line.split_once(':')?;
        let (field, tail) = rest.split_once(':').map_or((rest, None), |(field, tail)| (field, Some(tail)));
        let marks = field.len() - field.trim_start_matches('!').len();
        let (locks, hash) = field.split_at(marks);
        if hash.is_empty() || hash == "*" || hash == "x" {
            return None;
        }
        self.count("password hash");
        let kept = match hash.strip_prefix('$').and_then(|rest| rest.split_once('$')) {
            Some((scheme, _)) if scheme.len() <= 12 && scheme.bytes().all(|b| b.is_ascii_alphanumeric()) => {
                format!("${scheme}${MARK}")
            }
            _ => MARK.to_owned(),
        };
        let tail = tail.map(|tail| format!(":{tail}")).unwrap_or_default();
        Some(format!("{name}:{locks}{kept}{tail}"))
    }

    fn wireguard_dump(&mut self, line: &str) -> Option<String> {
        let mut columns: Vec<&str> = line.split('\t').collect();
        // Interface lines: name, private key, public key, port, mark. Peer lines: name, public key, preshared key, …
        let (place, kind) = match columns.len() {
            5 => (1, "WireGuard private key"),
            9.. => (2, "WireGuard preshared key"),
            _ => {
                // Not a form we know: keep nothing that could be a key.
                let keys = columns.iter().filter(|column| is_wireguard_key(column)).count();
                for column in columns.iter_mut().filter(|column| is_wireguard_key(column)) {
                    *column = MARK;
                }
                (0..keys).for_each(|_| self.count("WireGuard key"));
                return (keys > 0).then(|| columns.join("\t"));
            }
        };
        if columns[place] == "(none)" {
            return None;
        }
        self.count(kind);
        columns[place] = MARK;
        Some(columns.join("\t"))
    }

    /// Crypt hashes `$id$…` and GRUB's `grub.pbkdf2…`, wherever they stand.
    fn hashes(&mut self, line: &str) -> Option<String> {
        if !line.contains('$') && !line.contains("grub.pbkdf2") {
            return None;
        }
        let mut out = String::new();
        let mut rest = line;
        let mut found = false;
        while let Some(at) = next_hash(rest) {
            let (before, hash) = rest.split_at(at);
            let end = hash.find(|c: char| c.is_whitespace() || ":'\"`,;".contains(c)).unwrap_or(hash.len());
            let scheme =
                hash.strip_prefix('$').and_then(|tail| tail.split_once('$')).map(|(scheme, _)| scheme);
            out.push_str(before);
            match scheme {
                Some(scheme) => out.push_str(&format!("${scheme}${MARK}")),
                None => out.push_str(&format!("grub.pbkdf2.{MARK}")),
            }
            self.count("password hash");
            rest = &hash[end..];
            found = true;
        }
        out.push_str(rest);
        found.then_some(out)
    }

    /// `scheme://user:password@host`; for the web also a user name alone, which is often a token.
    fn urls(&mut self, line: &str) -> Option<String> {
        if !line.contains("://") {
            return None;
        }
        let mut out = String::new();
        let mut rest = line;
        let mut found = false;
        while let Some(at) = rest.find("://") {
            let (before, after) = rest.split_at(at + 3);
            let end =
                after.find(|c: char| c.is_whitespace() || "/'\"`?#,)>".contains(c)).unwrap_or(after.len());
            out.push_str(before);
            match after[..end].rfind('@') {
                Some(sign) if after[..sign].contains(':') || before.to_ascii_lowercase().contains("http") => {
                    self.count("credentials in an address");
                    out.push_str(MARK);
                    rest = &after[sign..];
                    found = true;
                }
                _ => rest = after,
            }
        }
        out.push_str(rest);
        found.then_some(out)
    }

    /// `Authorization: …`, `X-Api-Key: …`, `Cookie: …` and bare `Bearer …`.
    fn headers(&mut self, line: &str) -> Option<String> {
        const NAMES: [&str; 9] = [
            "authorization:",
            "x-api-key:",
            "x-auth-token:",
            "x-vault-token:",
            "private-token:",
            "set-cookie:",
            "cookie:",
            "bearer ",
            "basic ",
        ];
        if !line.contains(':') && !line.contains(' ') {
            return None;
        }
        let lower = line.to_ascii_lowercase();
        let (name, start) =
            NAMES.iter().find_map(|name| lower.find(name).map(|at| (*name, at + name.len())))?;
        let value = &line[start..];
        let value_end = value.find(['"', '\'']).unwrap_or(value.len());
        let secret = value[..value_end].trim();
        // "basic constraints" is no credential: without the header name only long single words count.
        let is_bare_word = !name.ends_with(':');
        if secret.is_empty() || (is_bare_word && (secret.len() < 12 || secret.contains(' '))) {
            return None;
        }
        self.count("authorization header");
        Some(format!("{} {MARK}{}", line[..start].trim_end(), &value[value_end..]))
    }

    /// `name=value`, `name: value`, `"name": "value"` and `--name value` where the name says it is a secret.
    fn named_values(&mut self, line: &str) -> Option<String> {
        let mut out = String::new();
        let mut done = 0;
        let bytes = line.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            if !is_name_byte(bytes[at]) {
                at += 1;
                continue;
            }
            let name_start = at;
            while at < bytes.len() && is_name_byte(bytes[at]) {
                at += 1;
            }
            let Some((start, end)) = secret_value(line, name_start, at) else { continue };
            if start < done || line[start..end].contains(MARK) {
                continue;
            }
            out.push_str(&line[done..start]);
            out.push_str(MARK);
            self.count("named secret");
            done = end;
            at = end;
        }
        if done == 0 {
            return None;
        }
        out.push_str(&line[done..]);
        Some(out)
    }

    /// Tokens whose prefix gives them away.
    fn token_shapes(&mut self, line: &str) -> Option<String> {
        let mut out = String::new();
        let mut done = 0;
        let is_token_char = |c: char| c.is_ascii_alphanumeric() || "-_.+/=".contains(c);
        let mut at = 0;
        while at < line.len() {
            let Some(offset) = line[at..].find(is_token_char) else { break };
            let start = at + offset;
            let end = line[start..].find(|c| !is_token_char(c)).map_or(line.len(), |length| start + length);
            // A path or an assignment may stand before the token itself.
            let word = &line[start..end];
            let inner = word.rfind(['/', '=']).filter(|cut| cut + 1 < word.len()).map_or(0, |cut| cut + 1);
            let token_start =
                if is_token(word) { Some(start) } else { is_token(&word[inner..]).then_some(start + inner) };
            if let Some(token_start) = token_start {
                out.push_str(&line[done..token_start]);
                out.push_str(MARK);
                self.count("token");
                done = end;
            }
            at = end;
        }
        if done == 0 {
            return None;
        }
        out.push_str(&line[done..]);
        Some(out)
    }
}

/// Finds the start of the next crypt or GRUB hash.
fn next_hash(text: &str) -> Option<usize> {
    const SCHEMES: [&str; 19] = [
        "1",
        "2a",
        "2b",
        "2x",
        "2y",
        "3",
        "5",
        "6",
        "7",
        "y",
        "gy",
        "sha1",
        "md5",
        "apr1",
        "argon2i",
        "argon2d",
        "argon2id",
        "pbkdf2-sha256",
        "pbkdf2-sha512",
    ];
    let crypt = text.match_indices('$').map(|(at, _)| at).find(|&at| {
        let Some((scheme, rest)) = text[at + 1..].split_once('$') else { return false };
        SCHEMES.contains(&scheme) && !rest.starts_with(MARK) && rest.len() >= 4
    });
    let grub = text.find("grub.pbkdf2").filter(|at| !text[*at..].starts_with(&format!("grub.pbkdf2.{MARK}")));
    match (crypt, grub) {
        (Some(one), Some(two)) => Some(one.min(two)),
        (one, two) => one.or(two),
    }
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-' || byte == b'.'
}

/// Finds the value that belongs to the name at `start_of_name..end` when the name says it is a secret.
fn secret_value(line: &str, start_of_name: usize, end: usize) -> Option<(usize, usize)> {
    let name = &line[start_of_name..end];
    if !is_secret_name(name) {
        return None;
    }
    let after = &line[end..];
    let quoted_name = after.starts_with(['"', '\'']);
    let tail = after.strip_prefix(['"', '\'']).unwrap_or(after);
    let skipped = after.len() - tail.len();
    let trimmed = tail.trim_start();
    let separator = trimmed.chars().next()?;
    let gap = skipped + (tail.len() - trimmed.len());
    let value_at = match separator {
        '=' | ':' => end + gap + 1,
        // `--password hunter2`; `password requisite pam_deny.so` has no dashes.
        _ if name.starts_with("--") && !quoted_name && tail.starts_with(char::is_whitespace) => end + gap,
        _ => return None,
    };
    let value = line[value_at..].trim_start_matches([' ', '\t']);
    let start = line.len() - value.len();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    // `"NAME=value with spaces"`, the form of unit files, and `name = value with spaces`, the form of ini files.
    let outer = line[..start_of_name].chars().next_back().filter(|c| matches!(c, '"' | '\'') && !quoted_name);
    let is_ini = separator == '=' && gap > 0 && line[..start_of_name].trim().is_empty();
    let (start, end) = match quote {
        Some(quote) => {
            let inside = start + 1;
            (inside, line[inside..].find(quote).map_or(line.len(), |length| inside + length))
        }
        None if is_ini => (start, line.trim_end().len().max(start)),
        None if outer.is_some() && separator == '=' => {
            (start, value.find(|c| Some(c) == outer).map_or(line.len(), |length| start + length))
        }
        None => {
            let stop = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '&' | ';' | ',' | '`');
            (start, value.find(stop).map_or(line.len(), |length| start + length))
        }
    };
    let harmless = ["yes", "no", "true", "false", "on", "off", "none", "null", "(none)", ""];
    let word = line[start..end].to_ascii_lowercase();
    if harmless.contains(&word.as_str()) || (separator == ':' && is_name_service(&word)) {
        return None;
    }
    Some((start, end))
}

fn is_secret_name(name: &str) -> bool {
    const PARTS: [&str; 16] = [
        "password",
        "passwd",
        "passphrase",
        "secret",
        "token",
        "apikey",
        "api_key",
        "api-key",
        "accesskey",
        "access_key",
        "account_key",
        "privatekey",
        "private_key",
        "presharedkey",
        "preshared",
        "credential",
    ];
    const ENDS: [&str; 6] = ["pwd", "authkey", "auth_key", "-key-data", "encryption_key", "application_key"];
    // The value is a place or a program, not the secret.
    const PLACES: [&str; 6] = ["file", "path", "command", "dir", "url", "program"];
    // Tags of sudo rules: `NOPASSWD: ALL`.
    if ["NOPASSWD", "PASSWD"].contains(&name) {
        return false;
    }
    let lower = name.to_ascii_lowercase();
    let named = PARTS.iter().any(|part| lower.contains(part)) || ENDS.iter().any(|end| lower.ends_with(end));
    named && !PLACES.iter().any(|place| lower.ends_with(place))
}

/// Words that follow `passwd:` in nsswitch.conf.
fn is_name_service(word: &str) -> bool {
    ["files", "compat", "db", "sss", "ldap", "systemd", "nis", "nisplus", "winbind", "cache"].contains(&word)
}

fn is_wireguard_key(text: &str) -> bool {
    text.len() == 44
        && text.ends_with('=')
        && text[..43].bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/')
}

fn is_token(word: &str) -> bool {
    const PREFIXES: [(&str, usize); 27] = [
        ("ghp_", 20),
        ("gho_", 20),
        ("ghu_", 20),
        ("ghs_", 20),
        ("ghr_", 20),
        ("github_pat_", 30),
        ("glpat-", 20),
        ("xoxb-", 15),
        ("xoxp-", 15),
        ("xoxa-", 15),
        ("xoxr-", 15),
        ("xoxs-", 15),
        ("sk_live_", 16),
        ("rk_live_", 16),
        ("sk-ant-", 20),
        ("sk-proj-", 20),
        ("AIza", 35),
        ("hvs.", 20),
        ("npm_", 30),
        ("dop_v1_", 30),
        ("SG.", 40),
        ("pypi-", 40),
        ("dckr_pat_", 20),
        ("tskey-", 20),
        ("ya29.", 20),
        ("AGE-SECRET-KEY-1", 30),
        ("age-secret-key-1", 30),
    ];
    if PREFIXES.iter().any(|(prefix, length)| word.starts_with(prefix) && word.len() >= *length) {
        return true;
    }
    let upper = |text: &str| text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    let amazon = (word.starts_with("AKIA") || word.starts_with("ASIA")) && word.len() == 20 && upper(word);
    // JSON Web Token: three parts, the first of which is an object in base64.
    amazon || (word.starts_with("eyJ") && word.matches('.').count() == 2 && word.len() > 30)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, expected: &str) {
        assert_eq!(redact(input.as_bytes(), Layout::Text).text, expected);
    }

    #[test]
    fn secrets_are_taken_out_by_name_and_shape() {
        check("RESTIC_PASSWORD=hunter2 restic backup", "RESTIC_PASSWORD=[redacted] restic backup");
        check("Environment=\"BORG_PASSPHRASE=a b c\"", "Environment=\"BORG_PASSPHRASE=[redacted]\"");
        check("password = a b c", "password = [redacted]");
        check("export TOKEN='a b c'", "export TOKEN='[redacted]'");
        check("{\"api_key\": \"abc\", \"n\": 1}", "{\"api_key\": \"[redacted]\", \"n\": 1}");
        check("PrivateKey = /kJ0bGF+aaaa=", "PrivateKey = [redacted]");
        check("curl --password hunter2 x", "curl --password [redacted] x");
        check("curl -H 'Authorization: Bearer abc.def' x", "curl -H 'Authorization: [redacted]' x");
        check("deb https://me:pw@host/debian a b", "deb https://[redacted]@host/debian a b");
        check("deb https://token@host/debian", "deb https://[redacted]@host/debian");
        check("-r rest:https://u:p@h:8000/", "-r rest:https://[redacted]@h:8000/");
        check("key ghp_0123456789abcdefghij0123456789abcdef", "key [redacted]");
        check("AKIAIOSFODNN7EXAMPLE", "[redacted]");
        check("root:$6$salt$hash:1", "root:$6$[redacted]:1");
        check(
            "password_pbkdf2 root grub.pbkdf2.sha512.10000.AA.BB",
            "password_pbkdf2 root grub.pbkdf2.[redacted]",
        );
        check("a?token=x&b=1", "a?token=[redacted]&b=1");
    }

    #[test]
    fn settings_that_only_sound_secret_are_kept() {
        for line in [
            "PasswordAuthentication no",
            "%sudo ALL=(ALL) NOPASSWD: ALL, PASSWD: /bin/x",
            "passwordauthentication=yes",
            "password requisite pam_deny.so",
            "password\t[success=1 default=ignore]\tpam_unix.so obscure yescrypt",
            "passwd:         files systemd",
            "RESTIC_PASSWORD_FILE=/etc/restic/key",
            "--password-file /etc/restic/key",
            "-w /etc/passwd -p wa -k identity",
            "sftp://backup@host/repository",
            "the basic settings of this program",
            "auth required pam_unix.so $1",
            "echo $HOME $6 $x$",
        ] {
            check(line, line);
        }
    }

    #[test]
    fn private_keys_are_taken_out_as_blocks() {
        let text =
            "a\n-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\nBBBB\n-----END OPENSSH PRIVATE KEY-----\nb\n";
        let redacted = redact(text.as_bytes(), Layout::Text);
        assert_eq!(redacted.text, "a\n[redacted]\n\n\n\nb\n");
        assert_eq!(redacted.redactions, [Redaction { kind: "private key".into(), count: 1 }]);
        // A block that was cut never ends.
        let cut = redact(b"-----BEGIN PRIVATE KEY-----\nAAAA\n", Layout::Text);
        assert!(!cut.text.contains("AAAA"));
    }

    #[test]
    fn shadow_keeps_scheme_and_lock_only() {
        let text = "root:$y$j9T$abc$def:19000:0:99999:7:::\na:!$6$s$h:1::::::\nb:*:1::::::\nc::1::::::\nd:rqXexS6ZhobKA:1:\ne:!:1:\n";
        let redacted = redact(text.as_bytes(), Layout::Shadow);
        let expected = "root:$y$[redacted]:19000:0:99999:7:::\na:!$6$[redacted]:1::::::\nb:*:1::::::\nc::1::::::\nd:[redacted]:1:\ne:!:1:\n";
        assert_eq!(redacted.text, expected);
        assert_eq!(redacted.redactions[0].count, 3);
    }

    #[test]
    fn wireguard_dump_keeps_public_keys_only() {
        let private = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
        let public = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
        let preshared = "FpCyhws9cxwWoV4xELtfJvjJN+zQVRPISllRWgeopVE=";
        let text = format!(
            "wg0\t{private}\t{public}\t51820\toff\nwg0\t{public}\t{preshared}\t1.2.3.4:5\t10.0.0.0/8\t0\t0\t0\toff\n"
        );
        let redacted = redact(text.as_bytes(), Layout::WireguardDump);
        assert!(!redacted.text.contains(private) && !redacted.text.contains(preshared));
        assert_eq!(redacted.text.matches(public).count(), 2);
        let odd = redact(format!("{private}\tx\n").as_bytes(), Layout::WireguardDump);
        assert_eq!(odd.text, "[redacted]\tx\n");
    }

    #[test]
    fn any_bytes_are_redacted_without_panic() {
        for bytes in [
            &b"\xff\xfe=\xc3\x28:password=\xe2\x82"[..],
            b"",
            b"$",
            b"$$$",
            b"://@",
            "é=ü password: ß".as_bytes(),
        ] {
            for layout in [Layout::Text, Layout::Shadow, Layout::WireguardDump] {
                let _ = redact(bytes, layout);
            }
        }
    }
}
