//! How an API token is written: `tmk_api_<id>_<secret>_<check>`, all in lower-case hexadecimal digits.
//!
//! The fixed beginning lets programs that look for leaked secrets find it, and the check tells a token that was cut or
//! mistyped from one that is not known, without a look into the database. The check is no secret.
//!
//! A token may be for some systems only, and work from some addresses only: [`Given`].
//!
//! Source: `docs/domain/identity.md` section 1.15.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use uuid::Uuid;
use zeroize::Zeroizing;

use super::Atom;
use crate::Digest;
use crate::id::SystemId;

/// What every token begins with.
pub const TOKEN_PREFIX: &str = "tmk_api_";
/// Most days that a token lasts.
pub const MAX_TOKEN_DAYS: i64 = 365;
/// Days that a token lasts when nothing else is said.
pub const DEFAULT_TOKEN_DAYS: i64 = 90;
/// Characters of the check.
const CHECK_CHARS: usize = 8;

/// What a token was given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// All that it may do.
    pub atoms: BTreeSet<Atom>,
    /// The systems that it is for; none: as far as whoever it acts for reaches.
    pub systems: Option<BTreeSet<SystemId>>,
    /// From where it works; empty: from anywhere.
    pub addresses: BTreeSet<AddressRange>,
}

impl Given {
    /// Tells whether it works from an address; where it is bound to some, not from one that is not known.
    #[must_use]
    pub fn works_from(&self, address: Option<IpAddr>) -> bool {
        let is_one = |address| self.addresses.iter().any(|range| range.contains(address));
        self.addresses.is_empty() || address.is_some_and(is_one)
    }
}

/// An address, or all that begin as it does: `203.0.113.7`, `203.0.113.0/24`, `2001:db8::/32`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressRange {
    /// Without the bits that may be anything.
    first: IpAddr,
    bits: u8,
}

/// Why something is no range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an address is written as 203.0.113.7, a range of them as 203.0.113.0/24 or 2001:db8::/32")]
pub struct NoRange;

impl AddressRange {
    /// Tells whether an address is in it. An IPv4 address that is written as IPv6 is the IPv4 address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        first(address.to_canonical(), self.bits) == Some(self.first)
    }

    const fn most(address: IpAddr) -> u8 {
        if address.is_ipv4() { 32 } else { 128 }
    }
}

/// Returns the first address of those that share so many bits; none if there are not so many.
fn first(address: IpAddr, bits: u8) -> Option<IpAddr> {
    let free = u32::from(AddressRange::most(address).checked_sub(bits)?);
    Some(match address {
        IpAddr::V4(v4) => {
            IpAddr::from((v4.to_bits() & u32::MAX.checked_shl(free).unwrap_or(0)).to_be_bytes())
        }
        IpAddr::V6(v6) => {
            IpAddr::from((v6.to_bits() & u128::MAX.checked_shl(free).unwrap_or(0)).to_be_bytes())
        }
    })
}

impl FromStr for AddressRange {
    type Err = NoRange;

    fn from_str(text: &str) -> Result<Self, NoRange> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse().map_err(|_| NoRange)?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NoRange)?;
        // `::ffff:0:0/96` and what is within have the bits of IPv6 written: only whole addresses are taken as IPv4.
        let address = if bits.is_none() { address.to_canonical() } else { address };
        let bits = bits.unwrap_or(Self::most(address));
        Ok(Self { first: first(address, bits).ok_or(NoRange)?, bits })
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.bits == Self::most(self.first) {
            write!(f, "{}", self.first)
        } else {
            write!(f, "{}/{}", self.first, self.bits)
        }
    }
}

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
    fn a_range_holds_the_addresses_that_begin_as_it_does() {
        let check = |text: &str, shown: &str, within: &[&str], without: &[&str]| {
            let range: AddressRange = text.parse().expect("a range");
            assert_eq!(range.to_string(), shown, "{text}");
            for (addresses, is_in) in [(within, true), (without, false)] {
                for address in addresses {
                    assert_eq!(
                        range.contains(address.parse().expect("an address")),
                        is_in,
                        "{text} {address}"
                    );
                }
            }
        };
        check("203.0.113.7", "203.0.113.7", &["203.0.113.7", "::ffff:203.0.113.7"], &["203.0.113.8", "::1"]);
        check("203.0.113.7/24", "203.0.113.0/24", &["203.0.113.0", "203.0.113.255"], &["203.0.112.255"]);
        check("0.0.0.0/0", "0.0.0.0/0", &["198.51.100.1"], &["2001:db8::1"]);
        check(
            "2001:db8:1::/33",
            "2001:db8::/33",
            &["2001:db8:7fff::1"],
            &["2001:db8:8000::1", "203.0.113.7"],
        );
        check("::ffff:203.0.113.7", "203.0.113.7", &["203.0.113.7"], &[]);
        check("::/0", "::/0", &["2001:db8::1"], &["203.0.113.7"]);
        for odd in
            ["", "203.0.113", "203.0.113.7/33", "203.0.113.7/", "2001:db8::/129", "x/8", "203.0.113.7/-1"]
        {
            assert_eq!(odd.parse::<AddressRange>(), Err(NoRange), "{odd:?}");
        }
        let office = "203.0.113.0/24".parse().expect("a range");
        let bound = Given { addresses: BTreeSet::from([office]), ..Given::default() };
        assert!(
            bound.works_from("203.0.113.9".parse().ok()) && !bound.works_from("198.51.100.1".parse().ok())
        );
        assert!(!bound.works_from(None) && Given::default().works_from(None));
    }

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
