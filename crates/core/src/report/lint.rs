//! Words that a document about readiness must not use.
//!
//! A readiness assessment is no examination: it grants nothing, promises nothing and is nobody's approval. The lint
//! is applied to the texts that the product itself writes, not to quoted text of others.

/// A phrase that may not stand in generated text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BannedPhrase {
    /// The phrase in lower case with single spaces.
    pub phrase: &'static str,
    /// What to write instead.
    pub instead: &'static str,
}

/// All banned phrases.
pub const BANNED: [BannedPhrase; 13] = [
    banned("soc 2 certified", "has completed a SOC 2 Type 2 examination"),
    banned("soc 2 compliant", "has completed a SOC 2 Type 2 examination"),
    banned("soc 2 compliance", "readiness for a SOC 2 examination"),
    banned("soc 2 certification", "SOC 2 examination"),
    banned("soc 1 certified", "has completed a SOC 1 examination"),
    banned("soc 1 compliant", "has completed a SOC 1 examination"),
    banned("soc 3 certified", "has a SOC 3 report"),
    banned("soc 3 compliant", "has a SOC 3 report"),
    banned("passed", "was met, or no exceptions were noted"),
    banned("aicpa approved", "nothing: nobody approves it"),
    banned("guarantees", "is designed to"),
    banned("100 %", "a count, such as 41 of 41"),
    banned("compliance %", "readiness with the count of criteria not met"),
];

const fn banned(phrase: &'static str, instead: &'static str) -> BannedPhrase {
    BannedPhrase { phrase, instead }
}

/// Returns the banned phrases of `text`, in the order of [`BANNED`].
///
/// Case, kinds of space and hyphens between words do not matter; `100%` counts as `100 %`. Phrases match whole words, so
/// `bypassed` is fine, and `100 %` does not match inside `1100 %`.
#[must_use]
pub fn lint(text: &str) -> Vec<BannedPhrase> {
    let plain = normalize(text);
    BANNED.into_iter().filter(|banned| contains_words(&plain, banned.phrase)).collect()
}

/// Returns the banned phrases of `text`, each with what to write instead, as people are told of them.
#[must_use]
pub fn faults(text: &str) -> Vec<String> {
    let write = |BannedPhrase { phrase, instead }| format!("\u{201c}{phrase}\u{201d}: write {instead}");
    lint(text).into_iter().map(write).collect()
}

/// Returns those of `phrases` that stand in `text`, matched as [`lint`] does. Phrases are in lower case with single spaces.
#[must_use]
pub fn words_in<'a>(text: &str, phrases: &[&'a str]) -> Vec<&'a str> {
    let plain = normalize(text);
    phrases.iter().copied().filter(|phrase| contains_words(&plain, phrase)).collect()
}

fn normalize(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        let is_separator = character.is_whitespace() || matches!(character, '-' | '\u{2010}' | '\u{2011}');
        if is_separator {
            if !plain.ends_with(' ') {
                plain.push(' ');
            }
            continue;
        }
        if character == '%' && !plain.ends_with(' ') {
            plain.push(' ');
        }
        plain.extend(character.to_lowercase());
    }
    // "SOC2" is written as often as "SOC 2".
    plain.replace("soc1", "soc 1").replace("soc2", "soc 2").replace("soc3", "soc 3")
}

fn contains_words(text: &str, phrase: &str) -> bool {
    text.match_indices(phrase).any(|(start, found)| {
        let before = text[..start].chars().next_back();
        let after = text[start + found.len()..].chars().next();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '.') && !after.is_some_and(char::is_alphanumeric)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let found: Vec<_> = lint(text).into_iter().map(|banned| banned.phrase).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn banned_phrases_are_found_however_they_are_written() {
        check("Acme is SOC 2 compliant.", &["soc 2 compliant"]);
        check("SOC2-certified since May", &["soc 2 certified"]);
        check("a Soc\u{a0}2\nCompliant vendor", &["soc 2 compliant"]);
        check("All tests PASSED: 100% of them", &["passed", "100 %"]);
        check("It guarantees nothing", &["guarantees"]);
        check("AICPA-approved", &["aicpa approved"]);
        check("compliance\u{a0}%", &["compliance %"]);
    }

    #[test]
    fn innocent_words_are_left_alone() {
        check("Traffic bypassed the proxy; 1100 % more; 3.100 %", &[]);
        check("has completed a SOC 2 Type 2 examination; passes; pass", &[]);
        check("", &[]);
    }
}
