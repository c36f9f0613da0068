//! How an API token is written: `tmk_api_<id>_<secret>_<check>`, all in lower-case hexadecimal digits.
//!
//! The fixed beginning lets programs that look for leaked secrets find it, and the check tells a token that was cut or
//! mistyped from one that is not known, without a look into the database. The check is no secret.
//!
//! Source: `docs/domain/identity.md` section 1.15.

use uuid::Uuid;
use zeroize::Zeroizing;

use crate::Digest;

/// What every token begins with.
pub const TOKEN_PREFIX: &str = "tmk_api_";
/// Most days that a token lasts.
pub const MAX_TOKEN_DAYS: i64 = 365;
/// Days that a token lasts when nothing else is said.
pub const DEFAULT_TOKEN_DAYS: i64 = 90;
/// Characters of the check.
const CHECK_CHARS: usize = 8;

/// A token, taken apart.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenText {
    /// Which one; no secret.
    pub id: Uuid,
    /// What shows that it is it.
    pub secret: Zeroizing<[u8; 32]>,
}

impl std::fmt::Debug for TokenText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TokenText({}, ***)", self.id)
    }
}

impl TokenText {
    /// Returns the token as it is handed out.
    #[must_use]
    pub fn write(&self) -> Zeroizing<String> {
        let secret: Zeroizing<String> = Zeroizing::new(hex(&*self.secret));
        let before = Zeroizing::new(format!("{TOKEN_PREFIX}{}_{}", self.id.simple(), secret.as_str()));
        Zeroizing::new(format!("{}_{}", before.as_str(), check(&before)))
    }

    /// Reads a token; none if it is not written as one, or its check is not right.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (before, given) = text.rsplit_once('_')?;
        if given != check(before) {
            return None;
        }
        let (id, secret) = before.strip_prefix(TOKEN_PREFIX)?.split_once('_')?;
        let is_plain = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if id.len() != 32 || secret.len() != 64 || !is_plain(id) || !is_plain(secret) {
            return None;
        }
        let mut bytes = Zeroizing::new([0; 32]);
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(secret.get(2 * at..2 * at + 2)?, 16).ok()?;
        }
        Some(Self { id: Uuid::try_parse(id).ok()?, secret: bytes })
    }
}

fn check(before: &str) -> String {
    Digest::of(before.as_bytes()).hex().chars().take(CHECK_CHARS).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_it_is_written_and_no_other_way() {
        let token = TokenText { id: Uuid::from_u128(7), secret: Zeroizing::new([0xab; 32]) };
        let text = token.write();
        assert_eq!(text.len(), 8 + 32 + 1 + 64 + 1 + 8);
        assert!(text.starts_with("tmk_api_00000000000000000000000000000007_abab"));
        assert_eq!(TokenText::read(&text), Some(token));
        let last = text.len() - 1;
        for wrong in [
            "",
            "tmk_api_",
            "tmk_api_x_y_z",
            &text[..last],
            &text[1..],
            &text.to_uppercase(),
            &text.replacen("abab", "abac", 1),
            &format!("{} ", text.as_str()),
            &text.replacen("api", "scm", 1),
        ] {
            assert_eq!(TokenText::read(wrong), None, "{wrong}");
        }
        assert!(!format!("{:?}", TokenText::read(&text)).contains("abab"));
    }
}
