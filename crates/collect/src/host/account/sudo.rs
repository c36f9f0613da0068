//! Reads sudoers (sudoers(5)): aliases, includes, defaults and rules.

use std::collections::{BTreeMap, BTreeSet};

use tickmark_core::observation::host::account::{Group, SudoRule, User};

/// Includes followed in a row.
const DEPTH_LIMIT: u32 = 8;
/// Rules taken at most.
const RULE_LIMIT: usize = 5_000;
/// Aliases followed in a row.
const ALIAS_LIMIT: u32 = 16;

/// Files by path, and folders by path with the files that count in them, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    pub(crate) files: BTreeMap<String, String>,
    pub(crate) folders: BTreeMap<String, Vec<String>>,
}

/// What the files say together.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Sudoers {
    pub(crate) rules: Vec<SudoRule>,
    pub(crate) defaults: Vec<String>,
    pub(crate) parse_errors: Vec<String>,
}

/// An include directive, for the code that fetches files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Include {
    File(String),
    Folder(String),
}

/// Recognizes `@include`, `#include`, `@includedir` and `#includedir`.
pub(crate) fn include(line: &str, hostname: &str) -> Option<Include> {
    let rest = line.trim().strip_prefix(['@', '#'])?;
    let (word, path) = rest.split_once(char::is_whitespace)?;
    let path = path.trim().trim_matches('"').replace("%h", hostname);
    let path = if path.starts_with('/') { path } else { format!("/etc/{path}") };
    match word {
        "include" => Some(Include::File(path)),
        "includedir" => Some(Include::Folder(path.trim_end_matches('/').to_owned())),
        _ => None,
    }
}

/// Tells whether sudo reads a file of an included folder.
pub(crate) fn counts_in_folder(name: &str) -> bool {
    !name.contains('.') && !name.ends_with('~')
}

/// Parses from `main`, aliases expanded at the end because they may be used before they are written.
pub(crate) fn observe(main: &str, sources: &Sources, hostname: &str) -> Sudoers {
    let mut parser = Parser {
        sources,
        hostname,
        aliases: BTreeMap::new(),
        out: Sudoers::default(),
        no_authentication_for: Vec::new(),
    };
    parser.file(main, 0);
    parser.finish()
}

/// Accounts that may run every command as root, group memberships resolved; root itself left out.
pub(crate) fn full_privilege_users(rules: &[SudoRule], users: &[User], groups: &[Group]) -> Vec<String> {
    let mut found = BTreeSet::new();
    for rule in rules.iter().filter(|rule| rule.all_commands && rule.as_root) {
        for who in &rule.who {
            if let Some(negated) = who.strip_prefix('!') {
                members(negated, users, groups).iter().for_each(|name| {
                    found.remove(name);
                });
            } else {
                found.extend(members(who, users, groups));
            }
        }
    }
    found.remove("root");
    found.into_iter().collect()
}

fn members(who: &str, users: &[User], groups: &[Group]) -> BTreeSet<String> {
    let of_group = |is_it: &dyn Fn(&Group) -> bool| {
        groups.iter().filter(|group| is_it(group)).flat_map(|group| group.members.iter().cloned()).collect()
    };
    if who == "ALL" {
        users.iter().map(|user| user.name.clone()).collect()
    } else if let Some(gid) = who.strip_prefix("%#") {
        of_group(&|group| group.gid.to_string() == gid)
    } else if let Some(name) = who.strip_prefix('%') {
        of_group(&|group| group.name == name)
    } else if let Some(uid) = who.strip_prefix('#') {
        users.iter().filter(|user| user.uid.to_string() == uid).map(|user| user.name.clone()).collect()
    } else {
        // A netgroup, or an account of another directory, stands for itself.
        BTreeSet::from([who.to_owned()])
    }
}

struct Parser<'a> {
    sources: &'a Sources,
    hostname: &'a str,
    aliases: BTreeMap<(&'static str, String), Vec<String>>,
    out: Sudoers,
    no_authentication_for: Vec<String>,
}

impl Parser<'_> {
    fn error(&mut self, file: &str, line: u32) {
        self.out.parse_errors.push(format!("{file}:{line}"));
    }

    fn file(&mut self, path: &str, depth: u32) {
        let Some(text) = self.sources.files.get(path) else {
            self.error(path, 0);
            return;
        };
        let mut number = 0;
        let mut lines = text.lines();
        while let Some(first) = lines.next() {
            number += 1;
            let start = number;
            let mut line = first.to_owned();
            while line.ends_with('\\') {
                line.pop();
                let Some(next) = lines.next() else { break };
                number += 1;
                line.push_str(next.trim_start());
            }
            match include(&line, self.hostname) {
                Some(_) if depth >= DEPTH_LIMIT => self.error(path, start),
                Some(Include::File(file)) => self.file(&file, depth + 1),
                Some(Include::Folder(folder)) => {
                    for file in self.sources.folders.get(&folder).cloned().unwrap_or_default() {
                        self.file(&file, depth + 1);
                    }
                }
                None => self.line(path, start, without_comment(&line).trim()),
            }
        }
    }

    fn line(&mut self, path: &str, number: u32, line: &str) {
        if line.is_empty() {
            return;
        }
        let keyword =
            line.split(|c: char| c.is_whitespace() || "@:!>".contains(c)).next().unwrap_or_default();
        let kind = match keyword {
            "Defaults" => {
                self.defaults(line);
                return;
            }
            "User_Alias" => "user",
            "Runas_Alias" => "runas",
            "Host_Alias" => "host",
            "Cmnd_Alias" | "Cmd_Alias" => "command",
            _ => {
                if self.rule(path, number, line).is_none() {
                    self.error(path, number);
                }
                return;
            }
        };
        for definition in split_outside(&line[keyword.len()..], ':') {
            match split_once_outside(&definition, '=') {
                Some((name, members)) => {
                    self.aliases.insert((kind, name.trim().to_owned()), words(&members));
                }
                None => self.error(path, number),
            }
        }
    }

    fn defaults(&mut self, line: &str) {
        self.out.defaults.push(line.split_whitespace().collect::<Vec<_>>().join(" "));
        let rest = &line["Defaults".len()..];
        let scope = rest.chars().next().filter(|c| !c.is_whitespace());
        let (who, settings) = rest
            .trim_start_matches([':', '@', '!', '>'])
            .split_once(char::is_whitespace)
            .unwrap_or(("", rest));
        if settings.split(',').any(|setting| setting.trim() == "!authenticate") {
            match scope {
                Some(':') => self.no_authentication_for.extend(who.split(',').map(str::to_owned)),
                // Limited to hosts, commands or target accounts: read as if it were for everything.
                _ => self.no_authentication_for.push("ALL".to_owned()),
            }
        }
    }

    /// Parses `who hosts = (run_as) TAG: command, command : hosts = …`.
    fn rule(&mut self, path: &str, line_number: u32, line: &str) -> Option<()> {
        let (left, after) = split_once_outside(line, '=')?;
        // The host list is the last word, when no spaces stand around commas; the user list is everything before.
        let left = join_commas(&left);
        let (who, hosts) = left.trim().rsplit_once(char::is_whitespace)?;
        let who: Vec<String> = words(who);
        let rest = format!("{hosts}={after}");
        for part in split_outside(&rest, ':').into_iter().fold(Vec::new(), join_tags) {
            let (hosts, commands) = split_once_outside(&part, '=')?;
            self.commands(path, line_number, &who, &words(&hosts), &commands)?;
        }
        Some(())
    }

    fn commands(
        &mut self,
        path: &str,
        line: u32,
        who: &[String],
        hosts: &[String],
        text: &str,
    ) -> Option<()> {
        let (mut run_as, mut nopasswd) = (vec!["root".to_owned()], false);
        let mut current: Option<SudoRule> = None;
        for item in split_outside_parentheses(text) {
            let mut item = item.trim();
            if let Some(rest) = item.strip_prefix('(') {
                let (inside, after) = rest.split_once(')')?;
                let users = inside.split(':').next().unwrap_or_default();
                run_as =
                    users.split(',').map(|one| one.trim().to_owned()).filter(|one| !one.is_empty()).collect();
                if run_as.is_empty() {
                    // `(:group)` and `()` run as the invoking account.
                    run_as.push("(self)".to_owned());
                }
                item = after.trim();
            }
            while let Some((tag, after)) = tag(item) {
                match tag {
                    "NOPASSWD" => nopasswd = true,
                    "PASSWD" => nopasswd = false,
                    _ => {}
                }
                item = after.trim_start();
            }
            if item.is_empty() {
                return None;
            }
            let fits =
                current.as_ref().is_some_and(|rule| rule.run_as == run_as && rule.nopasswd == nopasswd);
            if !fits {
                self.push(current.take());
            }
            let rule = current.get_or_insert_with(|| SudoRule {
                file: path.to_owned(),
                line,
                who: who.to_vec(),
                hosts: hosts.to_vec(),
                run_as: run_as.clone(),
                commands: Vec::new(),
                nopasswd,
                all_commands: false,
                as_root: false,
            });
            rule.commands.push(item.to_owned());
        }
        let is_something = current.is_some();
        self.push(current);
        is_something.then_some(())
    }

    fn push(&mut self, rule: Option<SudoRule>) {
        if self.out.rules.len() < RULE_LIMIT {
            self.out.rules.extend(rule);
        } else if let Some(rule) = rule {
            self.error(&rule.file.clone(), rule.line);
        }
    }

    fn finish(mut self) -> Sudoers {
        let mut rules = std::mem::take(&mut self.out.rules);
        for rule in &mut rules {
            rule.who = self.expand("user", &rule.who);
            rule.hosts = self.expand("host", &rule.hosts);
            rule.run_as = self.expand("runas", &rule.run_as);
            rule.commands = self.expand("command", &rule.commands);
            rule.all_commands = rule.commands.iter().any(|command| command == "ALL");
            rule.as_root = rule.run_as.iter().any(|who| ["root", "ALL", "#0"].contains(&who.as_str()));
            let unasked = &self.no_authentication_for;
            rule.nopasswd |= unasked.iter().any(|who| who == "ALL" || rule.who.contains(who));
        }
        self.out.rules = rules;
        self.out
    }

    fn expand(&self, kind: &'static str, names: &[String]) -> Vec<String> {
        let mut out = Vec::new();
        for name in names {
            self.expand_one(kind, name, 0, &mut out);
        }
        out
    }

    fn expand_one(&self, kind: &'static str, name: &str, depth: u32, out: &mut Vec<String>) {
        let (negation, bare) = match name.strip_prefix('!') {
            Some(bare) => ("!", bare.trim_start()),
            None => ("", name),
        };
        match self.aliases.get(&(kind, bare.to_owned())) {
            Some(members) if depth < ALIAS_LIMIT && out.len() < RULE_LIMIT => {
                for member in members {
                    let member = match (negation, member.strip_prefix('!')) {
                        ("!", Some(twice)) => twice.to_owned(),
                        _ => format!("{negation}{member}"),
                    };
                    self.expand_one(kind, &member, depth + 1, out);
                }
            }
            _ => out.push(format!("{negation}{}", bare.replace('\\', ""))),
        }
    }
}

/// Takes a tag like `NOPASSWD:` or an option like `CWD=/x ` off the front of a command.
fn tag(item: &str) -> Option<(&str, &str)> {
    let end = item.find(|c: char| !(c.is_ascii_uppercase() || c == '_'))?;
    let (word, rest) = item.split_at(end);
    let after = rest.trim_start().strip_prefix(':');
    if let Some(after) = after.filter(|_| end > 2) {
        return Some((word, after));
    }
    let is_option = ["ROLE", "TYPE", "CWD", "CHROOT", "TIMEOUT", "NOTBEFORE", "NOTAFTER"].contains(&word);
    let value = rest.strip_prefix('=').filter(|_| is_option)?;
    Some((word, value.split_once(char::is_whitespace)?.1))
}

/// A part that ends in a tag word was cut at the tag's own colon; puts such parts together again.
fn join_tags(mut parts: Vec<String>, part: String) -> Vec<String> {
    let is_open = |text: &String| {
        let last = text.rsplit(|c: char| c.is_whitespace() || ",)=:".contains(c)).next().unwrap_or_default();
        let is_tag = last.len() > 3 && last.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
        let in_parentheses = text.matches('(').count() > text.matches(')').count();
        in_parentheses || (is_tag && last != "ALL" && text.contains('='))
    };
    match parts.last_mut() {
        Some(last) if is_open(last) => {
            last.push(':');
            last.push_str(&part);
        }
        _ => parts.push(part),
    }
    parts
}

/// A `#` begins a comment, unless it begins a numeric id.
fn without_comment(line: &str) -> &str {
    let bytes = line.as_bytes();
    let mut quoted = false;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'#' if !quoted => {
                let is_id = bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
                let is_escaped = at > 0 && bytes[at - 1] == b'\\';
                if !is_id && !is_escaped {
                    return &line[..at];
                }
            }
            _ => {}
        }
    }
    line
}

/// Splits at a separator that is neither quoted nor escaped.
fn split_outside(text: &str, separator: char) -> Vec<String> {
    split_with(text, separator, false)
}

/// The items of a comma list.
fn words(list: &str) -> Vec<String> {
    split_outside(list, ',')
        .into_iter()
        .map(|one| one.trim().to_owned())
        .filter(|one| !one.is_empty())
        .collect()
}

fn split_outside_parentheses(text: &str) -> Vec<String> {
    split_with(text, ',', true)
}

fn split_with(text: &str, separator: char, parentheses: bool) -> Vec<String> {
    let mut parts = vec![String::new()];
    let (mut quoted, mut escaped, mut depth) = (false, false, 0_u32);
    for c in text.chars() {
        let is_cut = c == separator && !quoted && !escaped && depth == 0;
        match c {
            '"' if !escaped => quoted = !quoted,
            '(' if parentheses && !quoted => depth += 1,
            ')' if parentheses && !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        escaped = c == '\\' && !escaped;
        if is_cut {
            parts.push(String::new());
        } else if let Some(last) = parts.last_mut() {
            last.push(c);
        }
    }
    parts
}

fn split_once_outside(text: &str, separator: char) -> Option<(String, String)> {
    let parts = split_outside(text, separator);
    let (first, rest) = parts.split_first()?;
    (!rest.is_empty()).then(|| (first.clone(), rest.join(&separator.to_string())))
}

/// Removes spaces around commas so that a list is one word.
fn join_commas(text: &str) -> String {
    text.split(',').map(str::trim).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Sudoers {
        let files = BTreeMap::from([
            ("/etc/sudoers".to_owned(), text.to_owned()),
            (
                "/etc/sudoers.d/ops".to_owned(),
                "%ops ALL=(root) NOPASSWD: /usr/bin/systemctl restart app\n".to_owned(),
            ),
        ]);
        let folders = BTreeMap::from([("/etc/sudoers.d".to_owned(), vec!["/etc/sudoers.d/ops".to_owned()])]);
        observe("/etc/sudoers", &Sources { files, folders }, "host1")
    }

    /// Writes rules as `who @ hosts (run_as) [!]commands`; `!` for no authentication.
    fn check(text: &str, expected: &[&str]) {
        let found = parse(text);
        let lines: Vec<String> = found
            .rules
            .iter()
            .map(|rule| {
                let mark = if rule.nopasswd { "!" } else { "" };
                let list = |items: &[String]| items.join("|");
                format!(
                    "{} @ {} ({}) {mark}{}",
                    list(&rule.who),
                    list(&rule.hosts),
                    list(&rule.run_as),
                    list(&rule.commands)
                )
            })
            .collect();
        assert_eq!(lines, expected, "{text}");
        assert_eq!(found.parse_errors, Vec::<String>::new(), "{text}");
    }

    #[test]
    fn rules_are_read() {
        check("root ALL=(ALL:ALL) ALL", &["root @ ALL (ALL) ALL"]);
        check("%sudo\tALL=(ALL:ALL) NOPASSWD: ALL # all of it", &["%sudo @ ALL (ALL) !ALL"]);
        check("alice, bob ALL = /bin/ls, /bin/cat", &["alice|bob @ ALL (root) /bin/ls|/bin/cat"]);
        check(
            "a ALL=(x) NOPASSWD: /bin/a, PASSWD: /bin/b, (y) /bin/c",
            &["a @ ALL (x) !/bin/a", "a @ ALL (x) /bin/b", "a @ ALL (y) /bin/c"],
        );
        check("a h1=/bin/a : h2=NOPASSWD:NOEXEC: /bin/b", &["a @ h1 (root) /bin/a", "a @ h2 (root) !/bin/b"]);
        check("#1000 ALL=(:adm) ALL", &["#1000 @ ALL ((self)) ALL"]);
        check(
            "User_Alias A = x, %y\nCmnd_Alias C = /bin/a, \\\n  /bin/b : D = !C, /d\nA ALL = C, D",
            &["x|%y @ ALL (root) /bin/a|/bin/b|!/bin/a|!/bin/b|/d"],
        );
        check("a ALL=/bin/a x\\,y\\:z", &["a @ ALL (root) /bin/a x,y:z"]);
        check("Defaults !authenticate\na ALL=/bin/a", &["a @ ALL (root) !/bin/a"]);
        check(
            "Defaults:b !authenticate\na ALL=/bin/a\nb ALL=/bin/b",
            &["a @ ALL (root) /bin/a", "b @ ALL (root) !/bin/b"],
        );
        check("@includedir /etc/sudoers.d", &["%ops @ ALL (root) !/usr/bin/systemctl restart app"]);
        check("#includedir /etc/sudoers.d", &["%ops @ ALL (root) !/usr/bin/systemctl restart app"]);
        check("a ALL=CWD=/tmp /bin/a", &["a @ ALL (root) /bin/a"]);
        check("# nothing\n\nDefaults env_reset\n", &[]);
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for text in [
            "nonsense",
            "a ALL",
            "User_Alias X",
            "a ALL=",
            "a ALL=(root",
            "@include /nowhere",
            "a ALL=NOPASSWD:",
        ] {
            assert_eq!(parse(text).parse_errors.len(), 1, "{text}");
        }
        // A file that includes itself ends.
        assert!(!parse("@include /etc/sudoers").parse_errors.is_empty());
    }

    #[test]
    fn groups_are_resolved_to_people() {
        let rules = parse("%sudo ALL=(ALL) ALL\nroot ALL=(ALL) ALL\neve ALL=(www) ALL\nmal ALL=/bin/a\ndan ALL=ALL, !/bin/su").rules;
        let groups = [Group { name: "sudo".into(), gid: 27, members: vec!["alice".into(), "bob".into()] }];
        assert_eq!(full_privilege_users(&rules, &[], &groups), ["alice", "bob", "dan"]);
    }
}
