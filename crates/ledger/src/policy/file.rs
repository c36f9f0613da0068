//! The lines of a policy file: each adds a log, a witness, a group, or says which of them is the quorum.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::{Group, InvalidPolicy, LogKey, MAX_LOGS, MAX_POLICY_BYTES, Policy, Sizes, short_name};
use crate::hash::shorten;
use crate::note::{Algorithm, KeyError, VerifierKey};

const NO_QUORUM: &str = "none";
const SIZES: &str = "#sizes";
const OPEN_END: &str = "-";

impl Policy {
    pub(super) fn add_log(&mut self, key: VerifierKey) -> Result<(), String> {
        if key.algorithm() != Algorithm::Ed25519 {
            return Err(format!("{} is not the key of a log", key.name()));
        }
        if self.logs.iter().any(|earlier| earlier.key.public_key() == key.public_key()) {
            return Err(format!("duplicate log key {}", key.name()));
        }
        if self.logs.len() >= MAX_LOGS {
            return Err(format!("more than {MAX_LOGS} log keys"));
        }
        self.logs.push(LogKey { key, sizes: Sizes::ALL });
        Ok(())
    }

    pub(super) fn set_sizes(&mut self, name: &str, sizes: Sizes) -> Result<(), String> {
        let log = self.logs.iter_mut().find(|log| short_name(&log.key) == name);
        let log = log.ok_or_else(|| format!("no log key {:?} is defined before", shorten(name)))?;
        if log.sizes != Sizes::ALL {
            return Err(format!("log key {name} has two ranges of sizes"));
        }
        if sizes.to.is_some_and(|to| to < sizes.from) {
            return Err(format!("log key {name} counts for no size"));
        }
        log.sizes = sizes;
        Ok(())
    }

    fn add_witness(&mut self, name: &str, key: VerifierKey) -> Result<(), String> {
        self.check_new_name(name)?;
        if !key.algorithm().cosigns() {
            return Err(format!("{} is not the key of a witness", key.name()));
        }
        if self.witnesses.iter().any(|(_, earlier)| earlier.public_key() == key.public_key()) {
            return Err(format!("duplicate witness key {}", key.name()));
        }
        self.witnesses.push((name.to_owned(), key));
        Ok(())
    }

    fn add_group(&mut self, name: &str, threshold: &str, members: &[&str]) -> Result<(), String> {
        self.check_new_name(name)?;
        let threshold = match threshold {
            "any" => 1,
            "all" => members.len(),
            number => {
                let value = number.parse::<usize>().ok().filter(|value| value.to_string() == number);
                let value = value.filter(|value| (1..=members.len()).contains(value));
                value.ok_or_else(|| {
                    format!("threshold {number:?} is not any, all or 1 to {}", members.len())
                })?
            }
        };
        let mut taken: BTreeSet<&str> =
            self.groups.iter().flat_map(|group| group.members.iter().map(String::as_str)).collect();
        for member in members {
            if !self.is_defined(member) {
                return Err(format!("member {member:?} is not defined before"));
            }
            if !taken.insert(member) {
                return Err(format!("member {member:?} is listed more than once"));
            }
        }
        let members = members.iter().map(|member| (*member).to_owned()).collect();
        self.groups.push(Group { name: name.to_owned(), threshold, members });
        Ok(())
    }

    fn is_defined(&self, name: &str) -> bool {
        self.witnesses.iter().any(|(witness, _)| witness == name)
            || self.groups.iter().any(|group| group.name == name)
    }

    fn check_new_name(&self, name: &str) -> Result<(), String> {
        if name == NO_QUORUM || self.is_defined(name) {
            Err(format!("name {name:?} is taken"))
        } else {
            Ok(())
        }
    }

    fn read_sizes(&mut self, name: &str, from: &str, to: &str) -> Result<(), String> {
        let number = |text: &str| {
            let number = text.parse::<u64>().ok().filter(|value| value.to_string() == text);
            number.ok_or_else(|| format!("{:?} is not a size", shorten(text)))
        };
        let to = if to == OPEN_END { None } else { Some(number(to)?) };
        self.set_sizes(name, Sizes { from: number(from)?, to })
    }

    fn read_line(&mut self, words: &[&str], quorum: &mut Option<String>) -> Result<(), String> {
        let key = |text: &str| text.parse::<VerifierKey>().map_err(|error: KeyError| error.to_string());
        match words {
            ["log", vkey] | ["log", vkey, _] => self.add_log(key(vkey)?),
            ["witness", name, vkey] | ["witness", name, vkey, _] => self.add_witness(name, key(vkey)?),
            ["group", name, threshold, members @ ..] if !members.is_empty() => {
                self.add_group(name, threshold, members)
            }
            ["quorum", name] => {
                if quorum.is_some() {
                    return Err("more than one quorum line".to_owned());
                }
                if *name != NO_QUORUM && !self.is_defined(name) {
                    return Err(format!("quorum {name:?} is not defined before"));
                }
                *quorum = Some((*name).to_owned());
                Ok(())
            }
            _ => Err(format!("{:?} is not a log, witness, group or quorum line", shorten(&words.join(" ")))),
        }
    }
}

impl FromStr for Policy {
    type Err = InvalidPolicy;

    fn from_str(text: &str) -> Result<Self, InvalidPolicy> {
        let control =
            text.bytes().any(|byte| (byte < 0x20 && byte != b'\n' && byte != b'\t') || byte == 0x7f);
        if text.len() > MAX_POLICY_BYTES || control {
            return Err(InvalidPolicy::NotText);
        }
        let mut policy = Self { logs: Vec::new(), witnesses: Vec::new(), groups: Vec::new(), quorum: None };
        let mut quorum = None;
        for (at, line) in text.split('\n').enumerate() {
            let words: Vec<&str> = line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
            let read = match words.as_slice() {
                [SIZES, name, from, to] => policy.read_sizes(name, from, to),
                [SIZES, ..] => Err(format!("{SIZES} needs the name and id of a key, and two sizes")),
                [] => continue,
                [word, ..] if word.starts_with('#') => continue,
                words => policy.read_line(words, &mut quorum),
            };
            read.map_err(|problem| InvalidPolicy::Line { line: at + 1, problem })?;
        }
        policy.quorum = Some(quorum.ok_or(InvalidPolicy::NoQuorum)?).filter(|name| name != NO_QUORUM);
        Ok(policy)
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for LogKey { key, sizes } in &self.logs {
            writeln!(f, "log {key}")?;
            if *sizes != Sizes::ALL {
                let to = sizes.to.map_or_else(|| OPEN_END.to_owned(), |to| to.to_string());
                writeln!(f, "{SIZES} {} {} {to}", short_name(key), sizes.from)?;
            }
        }
        for (name, witness) in &self.witnesses {
            writeln!(f, "witness {name} {witness}")?;
        }
        for Group { name, threshold, members } in &self.groups {
            writeln!(f, "group {name} {threshold} {}", members.join(" "))?;
        }
        writeln!(f, "quorum {}", self.quorum.as_deref().unwrap_or(NO_QUORUM))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::SignerKey;

    const LOG: &str = "TEST+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6";
    const WITNESS: &str = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2";

    fn witness(seed: u8) -> SignerKey {
        SignerKey::cosigner_from_seed(&format!("w{seed}.example"), &[seed; 32]).expect("key")
    }

    #[test]
    fn file_reads_back() {
        let text = format!(
            "log {LOG}\nwitness all {}\nwitness any {}\nwitness third {WITNESS}\ngroup inner 1 all any\ngroup outer 2 inner third\nquorum outer\n",
            witness(1).verifier(),
            witness(2).verifier()
        );
        let policy: Policy = text.parse().expect("policy");
        assert_eq!(policy.to_string(), text);
        let spaced =
            format!("\n# comment\n\t # another\n \tlog \t{LOG}  https://log.example/ \n\n quorum\tnone");
        let policy: Policy = spaced.parse().expect("policy");
        assert_eq!(policy.to_string(), format!("log {LOG}\nquorum none\n"));
    }

    #[test]
    fn wrong_lines_are_named() {
        let other = witness(1).verifier();
        for (text, expected) in [
            ("quorum none\n\u{1}".to_owned(), "plain UTF-8"),
            ("quorum none\r\n".to_owned(), "plain UTF-8"),
            ("quibble w1\nquorum none\n".to_owned(), "line 1"),
            ("log\nquorum none\n".to_owned(), "line 1"),
            ("log garbage\nquorum none\n".to_owned(), "not a key"),
            (format!("log {WITNESS}\nquorum none\n"), "not the key of a log"),
            (format!("log {LOG}\nlog {LOG} https://log.example/\nquorum none\n"), "duplicate log key"),
            ("witness w1\nquorum none\n".to_owned(), "line 1"),
            (format!("witness w1 {LOG}\nquorum w1\n"), "not the key of a witness"),
            (format!("witness none {WITNESS}\nquorum none\n"), "is taken"),
            (format!("witness w1 {WITNESS}\nwitness w1 {other}\nquorum w1\n"), "is taken"),
            (format!("witness w1 {WITNESS}\nwitness w2 {WITNESS}\nquorum w1\n"), "duplicate witness key"),
            (format!("witness w1 {WITNESS} https://w1.example/ # comment\nquorum w1\n"), "line 1"),
            (format!("witness w1 {WITNESS}\ngroup w1 any w1\nquorum w1\n"), "is taken"),
            (format!("witness w1 {WITNESS}\ngroup g1 1\nquorum w1\n"), "line 2"),
            (format!("witness w1 {WITNESS}\ngroup g1 0 w1\nquorum g1\n"), "threshold"),
            (format!("witness w1 {WITNESS}\ngroup g1 -1 w1\nquorum g1\n"), "threshold"),
            (format!("witness w1 {WITNESS}\ngroup g1 2 w1\nquorum g1\n"), "threshold"),
            (format!("witness w1 {WITNESS}\ngroup g1 01 w1\nquorum g1\n"), "threshold"),
            (format!("group g1 any w1\nwitness w1 {WITNESS}\nquorum g1\n"), "not defined before"),
            (format!("witness w1 {WITNESS}\ngroup g1 any none w1\nquorum g1\n"), "not defined before"),
            (format!("witness w1 {WITNESS}\ngroup g1 all w1 w1\nquorum g1\n"), "more than once"),
            (
                format!("witness w1 {WITNESS}\ngroup g1 any w1\ngroup g2 any w1\nquorum g1\n"),
                "more than once",
            ),
            (format!("witness w1 {WITNESS}\n"), "no quorum line"),
            ("quorum none\nquorum none\n".to_owned(), "more than one"),
            ("quorum unknown\n".to_owned(), "not defined before"),
            ("quorum\n".to_owned(), "line 1"),
        ] {
            let error = text.parse::<Policy>().expect_err(&text).to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
