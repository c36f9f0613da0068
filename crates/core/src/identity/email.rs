//! Addresses of people.

use std::fmt;
use std::str::FromStr;

use unicode_normalization::UnicodeNormalization as _;

/// Most bytes of an address (RFC 5321, section 4.5.3.1.3, without the brackets).
const MAX_BYTES: usize = 254;

/// An address by which a person signs in, in the form in which it is compared: NFC, lower case. Whether mail arrives there
/// is another question.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Email(String);

/// It is not an address.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("an e-mail address has a name, an @ and a domain, and no spaces")]
pub struct NotAnAddress;

impl Email {
    /// Returns the address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Email {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        if text.len() > 4 * MAX_BYTES {
            return Err(NotAnAddress);
        }
        let text: String = text.trim().nfc().collect::<String>().to_lowercase();
        let (local, domain) = text.rsplit_once('@').ok_or(NotAnAddress)?;
        let is_domain = domain.split('.').count() > 1 && domain.split('.').all(|label| !label.is_empty());
        // What could end a header line or begin another address stays outside.
        let is_plain = |c: char| !c.is_control() && !c.is_whitespace() && !"<>()[]\\,;:\"".contains(c);
        let is_address = !local.is_empty() && is_domain && text.chars().all(is_plain) && !local.contains('@');
        if is_address && text.len() <= MAX_BYTES { Ok(Self(text)) } else { Err(NotAnAddress) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_compared_in_one_form() {
        for (text, expected) in [
            (" Robin@Example.COM ", Some("robin@example.com")),
            ("cafe\u{301}@example.com", Some("caf\u{e9}@example.com")),
            ("r+tag@mail.example.com", Some("r+tag@mail.example.com")),
            ("robin", None),
            ("robin@localhost", None),
            ("@example.com", None),
            ("a@b@example.com", None),
            ("robin@example..com", None),
            ("robin@example.com\r\nBcc: x@example.com", None),
            ("robin example@example.com", None),
            ("\"robin\"@example.com", None),
            ("<robin@example.com>", None),
        ] {
            assert_eq!(text.parse::<Email>().ok().as_ref().map(Email::as_str), expected, "{text:?}");
        }
        assert_eq!(format!("{}@example.com", "x".repeat(250)).parse::<Email>(), Err(NotAnAddress));
    }
}
