//! Identifiers that follow from what they name, and text brought into the forms of the language.

use std::collections::{BTreeMap, BTreeSet};

use tickmark_core::Digest;
use tickmark_core::report::OscalModel;

/// Identifiers of one organization's things.
pub(super) struct Ids {
    space: String,
    criteria: BTreeMap<String, String>,
}

impl Ids {
    pub(super) fn of(model: &OscalModel) -> Self {
        let package = &model.package;
        let (mut criteria, mut taken) = (BTreeMap::new(), BTreeSet::new());
        let all =
            package.criteria.iter().map(|one| &one.id).chain(package.excluded.iter().map(|one| &one.id));
        for id in all {
            let first = token(id);
            let mut token = first.clone();
            let mut again = 2;
            while taken.contains(&token) {
                token = format!("{first}-{again}");
                again += 1;
            }
            taken.insert(token.clone());
            criteria.insert(id.clone(), token);
        }
        Self { space: format!("{}\0{}", package.organization, package.system), criteria }
    }

    /// Returns an identifier in the form of a UUID of version 5, made with SHA-256 in place of SHA-1.
    pub(super) fn uuid(&self, kind: &str, name: &str) -> String {
        let text = format!("tickmark/oscal/v1\0{}\0{kind}\0{name}", self.space);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&Digest::of(text.as_bytes()).0[..16]);
        bytes[6] = (bytes[6] & 0x0f) | 0x50;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }

    pub(super) fn organization(&self) -> String {
        self.uuid("organization", "")
    }

    pub(super) fn system(&self) -> String {
        self.uuid("component", "this system")
    }

    /// The program that ran the tests.
    pub(super) fn tool(&self) -> String {
        self.uuid("component", "tool")
    }

    pub(super) fn control(&self, id: &str) -> String {
        self.uuid("component", &format!("control {id}"))
    }

    pub(super) fn subservice(&self, name: &str) -> String {
        self.uuid("component", &format!("subservice {name}"))
    }

    /// Returns the token of a criterion or objective.
    pub(super) fn criterion(&self, id: &str) -> String {
        self.criteria.get(id).cloned().unwrap_or_else(|| token(id))
    }

    /// Returns those of `ids` that are in the catalog, as tokens.
    pub(super) fn known<'a>(&self, ids: &'a [String]) -> Vec<(&'a str, String)> {
        ids.iter().filter_map(|id| Some((id.as_str(), self.criteria.get(id)?.clone()))).collect()
    }
}

/// A name as the language takes it: letters, digits, points, hyphens and underscores, a letter or underscore first.
pub(super) fn token(text: &str) -> String {
    let fits = |c: char| if c.is_alphanumeric() || ".-_".contains(c) { c } else { '-' };
    let text: String = text.trim().chars().map(fits).collect();
    // Numerals that are no digits of a token, as a fraction, count as alphanumeric all the same.
    match text.chars().next() {
        Some(first) if first.is_alphabetic() || first == '_' => text,
        _ => format!("_{text}"),
    }
}

/// A text of one line without space at its ends; a dash where there is none.
pub(super) fn string(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() { "\u{2013}".to_owned() } else { line }
}

/// A line of text in which nothing is markup.
pub(super) fn line(text: &str) -> String {
    prose(&string(text))
}

/// Paragraphs in which nothing is markup; a dash where there are none.
pub(super) fn prose(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() {
        return "\u{2013}".to_owned();
    }
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '\\' | '*' | '`' | '[' | '{' | '<' | '~' | '^') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn names_are_tokens_and_no_two_are_alike() {
        for (text, expected) in
            [("CC6.1", "CC6.1"), ("CO 3", "CO-3"), ("3a", "_3a"), ("", "_"), ("\u{dc}ber/x", "\u{dc}ber-x")]
        {
            assert_eq!(token(text), expected);
        }
        let mut model = sample::oscal();
        let mut one = model.package.criteria[0].clone();
        for id in ["CO 3", "CO-3", "CO/3"] {
            one.id = id.to_owned();
            model.package.criteria.push(one.clone());
        }
        let ids = Ids::of(&model);
        assert_eq!((ids.criterion("CO 3"), ids.criterion("CO-3")), ("CO-3".into(), "CO-3-2".into()));
        assert_eq!(ids.criterion("CO/3"), "CO-3-3");
    }

    #[test]
    fn an_identifier_follows_from_what_it_names() {
        let ids = Ids::of(&sample::oscal());
        let uuid = ids.control("IAM-07");
        assert_eq!(uuid, ids.control("IAM-07"));
        assert_ne!(uuid, ids.control("IAM-08"));
        assert_eq!((uuid.len(), &uuid[14..15]), (36, "5"));
        assert!("89ab".contains(&uuid[19..20]));
        let mut other = sample::oscal();
        other.package.organization = "Another Ltd".into();
        assert_ne!(uuid, Ids::of(&other).control("IAM-07"));
    }

    #[test]
    fn text_of_others_is_no_markup() {
        assert_eq!(line(" a\n *b* {{ insert: param, x }} "), "a \\*b\\* \\{\\{ insert: param, x }}");
        assert_eq!((prose("a\n\nb"), string(" \t")), ("a\n\nb".to_owned(), "\u{2013}".to_owned()));
    }
}
