//! Reads authorized_keys files (sshd(8)).

use tickmark_core::observation::host::Moment;
use tickmark_core::observation::host::access::AuthorizedKey;

use super::key;
use crate::host::text::{significant, sorted};

/// Keys taken from one file at most.
const KEY_LIMIT: usize = 10_000;

/// Reads one file. Lines that are no key are returned by number.
pub(crate) fn observe(text: &str, user: &str, file: &str, now: Moment) -> (Vec<AuthorizedKey>, Vec<u32>) {
    let mut keys = Vec::new();
    let mut malformed = Vec::new();
    for (number, line) in significant(text).take(KEY_LIMIT) {
        match parse(line, user, file, now) {
            Some(key) => keys.push(key),
            None => malformed.push(number),
        }
    }
    (keys, malformed)
}

fn parse(line: &str, user: &str, file: &str, now: Moment) -> Option<AuthorizedKey> {
    let first = line.split_whitespace().next()?;
    let (options, rest) = if key::kind_of(first).is_some() { ("", line) } else { split_options(line)? };
    let mut words = rest.trim().splitn(3, char::is_whitespace);
    let parsed = key::parse(words.next()?, words.next()?)?;
    let options = option_list(options);
    let names = options.iter().map(|option| option.split('=').next().unwrap_or(option).to_ascii_lowercase());
    let from = options.iter().filter_map(|option| option.strip_prefix("from=")).flat_map(|value| {
        value.trim_matches('"').split(',').map(|one| one.trim().to_owned()).collect::<Vec<_>>()
    });
    Some(AuthorizedKey {
        user: user.to_owned(),
        file: file.to_owned(),
        fingerprint: parsed.fingerprint,
        kind: parsed.kind.to_owned(),
        bits: parsed.bits,
        comment: words.next().unwrap_or_default().trim().to_owned(),
        options: sorted(names.collect()),
        from: sorted(from.collect()),
        first_seen_at: now,
    })
}

/// Splits options from the key at the first space outside of quotes.
fn split_options(line: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        match c {
            '"' if !escaped => quoted = !quoted,
            c if c.is_whitespace() && !quoted => return Some((&line[..at], &line[at..])),
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    None
}

/// Splits options at commas outside of quotes.
fn option_list(options: &str) -> Vec<String> {
    let mut list = vec![String::new()];
    let (mut quoted, mut escaped) = (false, false);
    for c in options.chars() {
        if c == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = c == '\\' && !escaped;
        if c == ',' && !quoted {
            list.push(String::new());
        } else if let Some(last) = list.last_mut() {
            last.push(c);
        }
    }
    list.retain(|option| !option.is_empty());
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::{Layout, redact};

    #[test]
    fn keys_with_options_are_read_from_redacted_text() {
        let text = redact(include_bytes!("../../../fixtures/authorized_keys.txt"), Layout::Text).text;
        assert!(!text.contains("hunter2"));
        let (keys, malformed) = observe(&text, "alice", "/home/alice/.ssh/authorized_keys", Moment(0));
        assert_eq!(malformed, [5, 6]);
        // As `ssh-keygen -l` printed them for the same keys.
        let lines: Vec<String> = keys
            .iter()
            .map(|key| {
                format!(
                    "{} {} {} {:?} {:?}",
                    key.bits.unwrap_or(0),
                    key.fingerprint,
                    key.comment,
                    key.options,
                    key.from
                )
            })
            .collect();
        assert_eq!(
            lines,
            [
                "256 SHA256:syqpkpwOSMVx0QpLG6FauUqkZXL0v+vDaeuANEHOUs0 alice@example [] []",
                "2048 SHA256:xyQqFbh0j1vgthxgmt3zGoCHlP7waZvC6O7GGxAHaLg bob [\"command\", \"from\", \"no-pty\"] [\"!10.1.2.3\", \"10.0.0.0/8\"]",
                "384 SHA256:scvm14woPHWKm4zMYiDyf3361JCgmNPhY5kV3SHHVCo carol laptop [\"environment\", \"restrict\"] []",
            ]
        );
    }

    #[test]
    fn strange_lines_are_no_keys() {
        for line in [
            "ssh-rsa",
            "ssh-rsa ",
            "\"",
            "a=\"b",
            "ssh-ed25519 AAAA",
            "x ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA",
        ] {
            let (keys, malformed) = observe(line, "a", "f", Moment(0));
            assert!(keys.is_empty() && malformed == [1], "{line}");
        }
    }
}
