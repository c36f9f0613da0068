//! Which passwords are taken.
//!
//! Length and a list, nothing else: no rules about kinds of characters, no ends, no hints. A password is normalized to
//! NFC when it is set and when it is checked, so that it does not depend on the keyboard; it is never trimmed or folded.
//! (ASVS 6.2.8 wants it checked exactly as typed; NIST wants it normalized. This is the stated deviation.)
//!
//! Source: NIST SP 800-63B-4 section 3.1.1.2; `docs/domain/identity.md` section 1.3.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

/// Fewest code points where a password could be the only factor.
pub const MIN_ALONE: usize = 15;
/// Fewest code points where a second factor is always asked for.
pub const MIN_WITH_SECOND: usize = 8;
/// Most code points: a bound on the work of hashing, far above what anybody types.
pub const MAX_CHARS: usize = 128;
/// Most bytes in UTF-8.
pub const MAX_BYTES: usize = 512;

/// A password as typed, in NFC. Not printed, and wiped from memory.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

/// Why a password is not taken. Said to whoever chooses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    /// Fewer code points than this.
    #[error("a password needs at least {0} characters")]
    TooShort(usize),
    /// More than [`MAX_CHARS`] or [`MAX_BYTES`].
    #[error("a password has at most {MAX_CHARS} characters")]
    TooLong,
    /// It is on the list of those that are tried first.
    #[error("this is among the passwords that are tried first; choose another")]
    Common,
    /// It is a name that belongs to this account or this place.
    #[error("this is a name that others know, such as yours or the organization's; choose another")]
    Known,
    /// It is known from accounts that were broken into, by the list that the operator brought.
    #[error("this password is known from accounts elsewhere that were broken into; choose another")]
    Broken,
}

impl Password {
    /// Takes what was typed to be checked.
    ///
    /// # Errors
    /// If it is too long to be anybody's.
    pub fn typed(text: &str) -> Result<Self, Weak> {
        if text.len() > MAX_BYTES {
            return Err(Weak::TooLong);
        }
        let normalized = Zeroizing::new(text.nfc().collect::<String>());
        if normalized.len() > MAX_BYTES || normalized.chars().count() > MAX_CHARS {
            return Err(Weak::TooLong);
        }
        Ok(Self(normalized))
    }

    /// Takes what somebody chose. `known` are words that others connect with the account: its address and name, the
    /// organization, its systems.
    ///
    /// # Errors
    /// Why not.
    pub fn chosen(text: &str, min_chars: usize, known: &[&str]) -> Result<Self, Weak> {
        let password = Self::typed(text)?;
        if password.0.chars().count() < min_chars {
            return Err(Weak::TooShort(min_chars));
        }
        let folded = Zeroizing::new(password.0.to_lowercase());
        if COMMON.contains(folded.as_str()) {
            return Err(Weak::Common);
        }
        let stem = Zeroizing::new(stem(&folded));
        let is_known = |word: &&str| {
            let word = letters(&word.nfc().collect::<String>().to_lowercase());
            !word.is_empty() && *stem == word
        };
        let mut names = known.to_vec();
        names.extend(known.iter().filter_map(|word| word.split_once('@').map(|(local, _)| local)));
        names.push("tickmark");
        if names.iter().any(is_known) { Err(Weak::Known) } else { Ok(password) }
    }

    /// Returns the bytes to hash.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(***)")
    }
}

/// The letters and digits, without the digits at the end: a name with a year is still the name.
fn stem(folded: &str) -> String {
    let all = letters(folded);
    let stem = all.trim_end_matches(|c: char| c.is_ascii_digit());
    if stem.is_empty() { all } else { stem.to_owned() }
}

fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Passwords of at least [`MIN_WITH_SECOND`] characters that are tried first, in lower case.
static COMMON: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| {
    let file = include_str!("common_passwords.txt");
    // Above the first empty line stands where the list is from.
    file.split_once("\n\n").map_or("", |(_, list)| list).lines().collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<(), Weak>) {
        let known = ["robin@example.com", "Robin Example", "Example Ltd", "Payroll"];
        assert_eq!(Password::chosen(text, MIN_WITH_SECOND, &known).map(|_| ()), expected, "{text:?}");
    }

    #[test]
    fn length_and_a_list_decide() {
        check("horse-staple", Ok(()));
        check("aB3$", Err(Weak::TooShort(8)));
        check("seven77", Err(Weak::TooShort(8)));
        check("Password1", Err(Weak::Common));
        check("1234567890", Err(Weak::Common));
        check("password1 and more", Ok(()));
        check("        8", Ok(()));
        check("🦀🦀🦀🦀🦀🦀🦀🦀", Ok(()));
        check("🦀🦀🦀🦀🦀🦀🦀", Err(Weak::TooShort(8)));
        check(&"x".repeat(64), Ok(()));
        check(&"é".repeat(128), Ok(()));
        check(&"x".repeat(129), Err(Weak::TooLong));
        check(&"🦀".repeat(129), Err(Weak::TooLong));
    }

    #[test]
    fn names_that_others_know_are_refused() {
        for known in [
            "Tickmark",
            "tickmark2026!",
            "Robin Example",
            "robinexample99",
            "EXAMPLE-LTD",
            "robin@example.com",
        ] {
            check(known, Err(Weak::Known));
        }
        check("robin and the example", Ok(()));
    }

    #[test]
    fn the_same_text_is_the_same_password_however_it_was_typed() {
        let composed = Password::typed("caf\u{e9} noir").expect("taken");
        let decomposed = Password::typed("cafe\u{301} noir").expect("taken");
        assert_eq!(composed.bytes(), decomposed.bytes());
        assert_ne!(composed.bytes(), Password::typed(" caf\u{e9} noir").expect("taken").bytes());
        assert_ne!(composed.bytes(), Password::typed("Caf\u{e9} noir").expect("taken").bytes());
        assert_eq!(format!("{composed:?}"), "Password(***)");
    }

    #[test]
    fn the_list_is_long_enough_and_in_one_form() {
        assert!(COMMON.len() >= 3_000, "{}", COMMON.len());
        for word in COMMON.iter() {
            assert!(word.chars().count() >= MIN_WITH_SECOND && *word == word.to_lowercase(), "{word}");
        }
    }
}
