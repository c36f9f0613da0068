//! Foreign text made fit for setting: nothing invisible, nothing without a glyph, nothing that cannot be broken.

use tickmark_core::{Digest, Timestamp};
use unicode_segmentation::UnicodeSegmentation;

use crate::typeset::fonts;

/// Most characters between two offered breaks in an over-long word.
const BREAK_AFTER: usize = 14;

/// Longest run of characters that is left alone.
const LONGEST_RUN: usize = 16;

/// Longest word that is not broken within: `responsibilities` has 16 letters, `telecommunications` 18.
const LONGEST_WORD: usize = 18;

/// Where people break names, addresses and paths.
const SEAMS: [&str; 8] = [".", "_", ":", "@", ",", "=", "&", "?"];

/// Offers a line break without showing anything.
const ZERO_WIDTH_SPACE: char = '\u{200b}';

/// Returns `text` with line ends made plain, characters that have no glyph or would be invisible shown by number as
/// `⟨U+202E⟩`, and break opportunities inside over-long words. What is left reads as it was written.
pub(crate) fn settable(text: &str) -> String {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return breakable(text);
    }
    let mut shown = String::with_capacity(text.len());
    for cluster in text.replace("\r\n", "\n").replace('\t', "    ").graphemes(true) {
        if cluster == "\n" || cluster.chars().all(is_plain) && fonts::covers(cluster) {
            shown.push_str(cluster);
        } else {
            cluster.chars().for_each(|character| show(character, &mut shown));
        }
    }
    breakable(&shown)
}

fn show(character: char, shown: &mut String) {
    if is_plain(character) && fonts::covers(character.encode_utf8(&mut [0; 4])) {
        shown.push(character);
    } else {
        shown.push_str(&format!("\u{27e8}U+{:04X}\u{27e9}", u32::from(character)));
    }
}

/// Tells whether a character shows itself and does not move others: no controls, no bidirectional overrides, no
/// byte order marks, no private use.
fn is_plain(character: char) -> bool {
    !character.is_control()
        && !matches!(
            character,
            '\u{061c}'
                | '\u{00ad}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{e000}'..='\u{f8ff}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{fffe}'..='\u{ffff}'
                | '\u{e0000}'..='\u{10ffff}'
        )
}

/// Offers breaks inside runs that have none. Digests are left whole, so that they can be copied; codes of the model
/// and moments, so that templates can read them.
fn breakable(text: &str) -> String {
    if is_code(text) || is_moment(text) || is_hash(text) {
        return text.to_owned();
    }
    let mut broken = String::with_capacity(text.len());
    for run in text.split_inclusive([' ', '\n', '-', '/']) {
        let run_alone = run.trim_end_matches([' ', '\n', '-', '/']);
        if run_alone.len() <= LONGEST_RUN || run_alone.chars().count() <= LONGEST_RUN {
            broken.push_str(run);
        } else {
            offer_breaks(run, &mut broken);
        }
    }
    broken
}

/// Offers breaks after seams, and within what is too long to be a word.
fn offer_breaks(run: &str, broken: &mut String) {
    let clusters: Vec<&str> = run.graphemes(true).collect();
    let mut pieces = clusters.as_slice();
    while !pieces.is_empty() {
        let word = pieces.iter().take_while(|cluster| !SEAMS.contains(cluster)).count();
        let seams = pieces[word..].iter().take_while(|cluster| SEAMS.contains(cluster)).count();
        let (piece, rest) = pieces.split_at(word + seams);
        let step = if word > LONGEST_WORD { BREAK_AFTER } else { piece.len() };
        for part in piece.chunks(step) {
            if part.as_ptr() != clusters.as_ptr() {
                broken.push(ZERO_WIDTH_SPACE);
            }
            broken.extend(part.iter().copied());
        }
        pieces = rest;
    }
}

/// Tells whether `text` is a word of the model such as `operating_weakness`.
fn is_code(text: &str) -> bool {
    text.len() <= 24 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

fn is_moment(text: &str) -> bool {
    text.ends_with('Z') && text.parse::<Timestamp>().is_ok()
}

/// Tells whether `text` is a SHA-256 hash, as `sha256:<hex>` or in base64.
fn is_hash(text: &str) -> bool {
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    let base64 = text.strip_suffix('=').filter(|digits| digits.len() == 43);
    text.parse::<Digest>().is_ok() || base64.is_some_and(|digits| digits.bytes().all(is_base64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(settable(text), expected, "{text:?}");
    }

    #[test]
    fn ordinary_text_is_left_alone() {
        for text in
            ["", "Payroll – naïve façade, 42 €", "#eval(\"x\") *b* _i_ $x$ \\ @ref <label>", "שלום", "a\nb"]
        {
            check(text, text);
        }
    }

    #[test]
    fn what_cannot_be_seen_is_shown_by_number() {
        check("a\u{202e}b", "a⟨U+202E⟩b");
        check("bell\u{7}", "bell⟨U+0007⟩");
        check("\u{feff}x y\u{200b}", "⟨U+FEFF⟩x y⟨U+200B⟩");
        check("漢", "⟨U+6F22⟩");
        check("a\r\nb\tc", "a\nb    c");
    }

    #[test]
    fn long_words_get_breaks_and_digests_do_not() {
        let word = "x".repeat(30);
        check(&word, &format!("{}\u{200b}{}\u{200b}xx", "x".repeat(14), "x".repeat(14)));
        let digest = tickmark_core::Digest::of(b"").to_string();
        check(&digest, &digest);
        for whole in [
            "operating_weakness",
            "2026-11-24T14:45:00.000001Z",
            "3vq1sQmG0n4CkJ0S7o2v0hHk0N3H1t1rQv3b2f0b7mU=",
        ] {
            check(whole, whole);
        }
        check("node-1.db.example.internal.", "node-1.\u{200b}db.\u{200b}example.\u{200b}internal.");
        check("Confidentiality: as promised", "Confidentiality: as promised");
        check("responsibilities, of all", "responsibilities,\u{200b} of all");
        check("ssh-password-authentication-disabled", "ssh-password-authentication-disabled");
    }
}
