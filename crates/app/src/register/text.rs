//! Texts that order rows and words that find them, written so that both databases compare them alike: byte by byte.

use std::collections::BTreeMap;

/// Most characters of a text that orders.
const ORDER_CHARS: usize = 80;
/// Most characters of a word.
const WORD_CHARS: usize = 40;
/// Most words of one record.
const WORDS_MAX: usize = 600;
/// Most words of one question.
pub(super) const ASKED_MAX: usize = 8;

/// Writes a number so that texts are in the order of numbers.
#[must_use]
pub(crate) fn number(number: i64) -> String {
    // Below zero first: the sign is turned over.
    format!("{:016x}", number.cast_unsigned() ^ (1 << 63))
}

/// Writes a text so that figures inside are in the order of numbers: `CC2` before `CC10`.
#[must_use]
pub(crate) fn natural(text: &str) -> String {
    let text: String = text.chars().take(ORDER_CHARS).collect::<String>().to_lowercase();
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text.as_str();
    while let Some(first) = rest.chars().next() {
        let is_digit = first.is_ascii_digit();
        let end = rest.find(|c: char| c.is_ascii_digit() != is_digit).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        if is_digit {
            let figure = run.trim_start_matches('0');
            out.push_str(&format!("0{:02}{figure}", figure.len()));
        } else {
            out.push_str(run);
        }
        rest = after;
    }
    out
}

/// Splits a text into words in small letters.
fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| word.chars().take(WORD_CHARS).collect::<String>().to_lowercase())
}

/// The words of texts, each with the greatest weight that a text it stands in has. The first ones are kept.
pub(super) fn weighed(texts: &[(u8, String)]) -> BTreeMap<String, u8> {
    let mut kept: BTreeMap<String, u8> = BTreeMap::new();
    for (weight, text) in texts {
        for word in words(text) {
            if let Some(known) = kept.get_mut(&word) {
                *known = (*known).max(*weight);
            } else if kept.len() < WORDS_MAX {
                kept.insert(word, *weight);
            }
        }
    }
    kept
}

/// The words of a question, each once.
pub(super) fn asked(text: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for word in words(text) {
        if all.len() < ASKED_MAX && !all.contains(&word) {
            all.push(word);
        }
    }
    all
}

/// The first text after all that begin with `word`. A word of one letter stands for itself: too much begins with it.
pub(super) fn end_of(word: &str) -> String {
    let mut chars = word.chars();
    let is_short = chars.next().is_some_and(|first| !first.is_ascii_digit()) && chars.next().is_none();
    if is_short { format!("{word}\u{1}") } else { format!("{word}\u{10FFFF}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_in_the_order_of_what_they_stand_for() {
        for pair in [i64::MIN, -5, -1, 0, 1, 9, 10, i64::MAX].windows(2) {
            assert!(number(pair[0]) < number(pair[1]), "{pair:?}");
        }
        for pair in ["", "2", "10", "CC2", "cc10", "CC10.1", "CC10.2", "ch1"].windows(2) {
            assert!(natural(pair[0]) < natural(pair[1]), "{pair:?}");
        }
        assert_eq!(natural("IAM-007"), natural("iam-7"));
    }

    #[test]
    fn words_are_those_that_people_type() {
        assert_eq!(asked(" IAM-07, access\treview ACCESS"), ["iam", "07", "access", "review"]);
        let kept = weighed(&[(1, "Access logs".into()), (8, "access".into())]);
        assert_eq!(kept, BTreeMap::from([("access".to_owned(), 8), ("logs".to_owned(), 1)]));
        assert!("accessory" < end_of("access").as_str() && end_of("access").as_str() < "acd");
        assert!("ab" > end_of("a").as_str());
        assert_eq!(asked(&"x1 ".repeat(100)).len(), 1);
    }
}
