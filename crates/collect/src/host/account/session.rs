//! Reads shell profiles for idle time-outs and umasks.

use crate::host::text::{octal_text, significant, sorted};

/// What profiles set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Profiles {
    /// `TMOUT` in seconds; the last one read wins.
    pub(crate) timeout_seconds: Option<i64>,
    pub(crate) timeout_readonly: bool,
    /// `file=value`, sorted.
    pub(crate) umasks: Vec<String>,
}

/// Reads profiles in the order shells do.
pub(crate) fn observe(files: &[(String, String)]) -> Profiles {
    let mut found = Profiles::default();
    for (path, text) in files {
        for (_, line) in significant(text) {
            for command in line.split([';', '&', '|']) {
                read_command(&mut found, path, command.trim());
            }
        }
    }
    found.umasks = sorted(found.umasks);
    found
}

fn read_command(found: &mut Profiles, path: &str, command: &str) {
    let words: Vec<&str> = command.split_whitespace().collect();
    let keyword = words.first().copied().unwrap_or_default();
    let makes_readonly = keyword == "readonly"
        || (["declare", "typeset"].contains(&keyword)
            && words.iter().any(|word| word.starts_with('-') && word.contains('r')));
    for word in &words {
        if let Some(value) = word.strip_prefix("TMOUT=") {
            if let Ok(seconds) = value.trim_matches(['"', '\'']).parse() {
                found.timeout_seconds = Some(seconds);
                found.timeout_readonly |= makes_readonly;
            }
        } else if *word == "TMOUT" {
            found.timeout_readonly |= makes_readonly;
        }
    }
    if let (Some(at), true) = (words.iter().position(|word| *word == "umask"), keyword != "echo")
        && let Some(value) = words.get(at + 1).and_then(|word| octal_text(word))
    {
        found.umasks.push(format!("{path}={value}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_outs_and_umasks_are_found() {
        let check = |text: &str, seconds, readonly, umasks: &[&str]| {
            let found = observe(&[("/etc/profile".to_owned(), text.to_owned())]);
            assert_eq!(found.timeout_seconds, seconds, "{text}");
            assert_eq!(found.timeout_readonly, readonly, "{text}");
            assert_eq!(found.umasks, umasks, "{text}");
        };
        check("TMOUT=900\n", Some(900), false, &[]);
        check("readonly TMOUT=900 ; export TMOUT\n", Some(900), true, &[]);
        check("TMOUT=\"600\"\nreadonly TMOUT\n", Some(600), true, &[]);
        check("declare -xr TMOUT=300\n", Some(300), true, &[]);
        check("# TMOUT=900\nTMOUT=$X\n", None, false, &[]);
        check(
            "if [ x ]; then umask 027; else umask 022; fi\n",
            None,
            false,
            &["/etc/profile=0022", "/etc/profile=0027"],
        );
    }
}
