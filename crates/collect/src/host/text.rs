//! Small readers of the text forms that configuration files share.

/// Lines with their numbers from 1, without blank ones and those that begin with `#`.
pub(crate) fn significant(text: &str) -> impl Iterator<Item = (u32, &str)> {
    (1..)
        .zip(text.lines())
        .map(|(number, line)| (number, line.trim()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

/// `NAME=value` lines, as in os-release: quotes around the value are taken off.
pub(crate) fn assignment<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    // The last one wins, as it does for a shell.
    significant(text)
        .filter_map(|(_, line)| line.split_once('='))
        .filter(|(key, _)| key.trim() == name)
        .map(|(_, value)| unquoted(value.trim()))
        .last()
}

/// Takes one pair of quotes off.
pub(crate) fn unquoted(text: &str) -> &str {
    ['"', '\''].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote)).unwrap_or(text)
}

/// `yes`, `true`, `on`, `1` and their opposites, in any case.
pub(crate) fn truth(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "yes" | "true" | "on" | "1" | "y" => Some(true),
        "no" | "false" | "off" | "0" | "n" => Some(false),
        _ => None,
    }
}

/// Values of one key in one section of a systemd-style file, in order. An empty value clears the earlier ones.
pub(crate) fn ini_values<'a>(text: &'a str, section: &str, key: &str) -> Vec<&'a str> {
    let mut inside = false;
    let mut values = Vec::new();
    for (_, line) in significant(text).filter(|(_, line)| !line.starts_with(';')) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            inside = name == section;
        } else if inside
            && let Some((name, value)) = line.split_once('=')
            && name.trim() == key
        {
            match value.trim() {
                "" => values.clear(),
                value => values.push(value),
            }
        }
    }
    values
}

/// Writes a umask or mode in octal with four digits; none when it is not octal.
pub(crate) fn octal_text(text: &str) -> Option<String> {
    let digits = text.trim_start_matches('0');
    let value =
        if digits.is_empty() && !text.is_empty() { 0 } else { u32::from_str_radix(digits, 8).ok()? };
    (value <= 0o7777).then(|| format!("{value:04o}"))
}

/// Sorts and removes repetitions.
pub(crate) fn sorted<T: Ord>(mut items: Vec<T>) -> Vec<T> {
    items.sort_unstable();
    items.dedup();
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found() {
        assert_eq!(assignment("A=1\n#A=2\nA = \"three\"\n", "A"), Some("three"));
        assert_eq!(octal_text("022").as_deref(), Some("0022"));
        assert_eq!(octal_text("0").as_deref(), Some("0000"));
        assert_eq!(octal_text("8"), None);
        assert_eq!(octal_text(""), None);
        let unit = "[Unit]\nA=0\n[Journal]\nA=1\n;A=2\nA=\nA=3\n";
        assert_eq!(ini_values(unit, "Journal", "A"), ["3"]);
    }
}
