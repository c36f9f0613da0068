//! Codes of authenticator apps, and codes on paper.
//!
//! SHA-1, 6 digits, 30 seconds: what every authenticator app can do. A code counts in its own step and in the one before
//! and after. The step it counted for is kept by the caller, and only a later one counts again, so that no code works
//! twice, not even the one that proved the enrollment.
//!
//! Source: RFC 6238, RFC 4226 section 5.3; `docs/domain/identity.md` section 1.4.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::base32;
use crate::Timestamp;

/// Seconds of a step.
pub const STEP_SECONDS: i64 = 30;
/// Bytes of a seed.
pub const SEED_BYTES: usize = 20;
/// Steps before and after the present one whose codes count: clocks drift, and people type slowly.
pub const WINDOW: i64 = 1;
/// Recovery codes of a set.
pub const RECOVERY_CODES: usize = 10;
/// Random bytes of a recovery code: 80 bits.
pub const RECOVERY_BYTES: usize = 10;

/// What app and program share. Not printed, and wiped from memory.
#[derive(Clone)]
pub struct Seed(Zeroizing<[u8; SEED_BYTES]>);

impl Seed {
    /// Makes one of random bytes.
    #[must_use]
    pub fn new(random: [u8; SEED_BYTES]) -> Self {
        Self(Zeroizing::new(random))
    }

    /// Returns its bytes, to be sealed.
    #[must_use]
    pub fn bytes(&self) -> &[u8; SEED_BYTES] {
        &self.0
    }

    /// Returns the step for which a code counts: near `at`, and after `last`.
    #[must_use]
    pub fn matching_step(&self, code: &str, at: Timestamp, last: Option<i64>) -> Option<i64> {
        let present = at.seconds().div_euclid(STEP_SECONDS);
        let mut found = None;
        // Every step is computed, whichever matches.
        for step in (present - WINDOW..=present + WINDOW).rev() {
            let is_same: bool = self.code(step).as_bytes().ct_eq(code.as_bytes()).into();
            if is_same && last.is_none_or(|last| step > last) {
                found = Some(step);
            }
        }
        found
    }

    /// Returns the code of a step, for tests and for showing what an app would.
    #[must_use]
    pub fn code(&self, step: i64) -> String {
        let mut mac = Hmac::<Sha1>::new_from_slice(self.0.as_slice()).expect("any length is a key");
        mac.update(&step.to_be_bytes());
        let hash = mac.finalize().into_bytes();
        let offset = usize::from(hash[19] & 15);
        let four: [u8; 4] = hash[offset..offset + 4].try_into().expect("four bytes");
        format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000)
    }

    /// Returns the seed as people type it into an app, in groups of four.
    #[must_use]
    pub fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(groups(&base32::encode(self.0.as_slice())))
    }

    /// Returns the address that a QR code holds for an app.
    ///
    /// Source: the `otpauth` scheme as authenticator apps read it.
    #[must_use]
    pub fn uri(&self, issuer: &str, account: &str) -> Zeroizing<String> {
        let (issuer, account) = (percent(issuer), percent(account));
        let secret = Zeroizing::new(base32::encode(self.0.as_slice()));
        Zeroizing::new(format!(
            "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits=6&period=30",
            secret.as_str()
        ))
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(***)")
    }
}

/// What was typed where a code is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Typed {
    /// Six digits.
    App([u8; 6]),
    /// A recovery code.
    Recovery([u8; RECOVERY_BYTES]),
}

impl Typed {
    /// Reads it; spaces and hyphens do not count.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let mut plain = Zeroizing::new(String::new());
        plain.extend(text.chars().filter(|c| !c.is_whitespace() && *c != '-').take(40));
        let bytes = plain.as_bytes();
        if let Ok(digits) = <[u8; 6]>::try_from(bytes)
            && digits.iter().all(u8::is_ascii_digit)
        {
            return Some(Self::App(digits));
        }
        let code = Zeroizing::new(base32::decode(&plain)?);
        code.as_slice().try_into().ok().map(Self::Recovery)
    }
}

/// Returns a recovery code as it is shown: `abcd-efgh-ijkl-mnop`.
#[must_use]
pub fn recovery_text(random: &[u8; RECOVERY_BYTES]) -> Zeroizing<String> {
    Zeroizing::new(groups(&base32::encode(random)).to_lowercase().replace(' ', "-"))
}

fn groups(text: &str) -> String {
    let mut out = String::new();
    for (at, letter) in text.chars().enumerate() {
        if at > 0 && at % 4 == 0 {
            out.push(' ');
        }
        out.push(letter);
    }
    out
}

fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seed() -> Seed {
        Seed::new(*b"12345678901234567890")
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238 appendix B, the last six of eight digits.
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(seed().code(seconds / STEP_SECONDS), code);
        }
    }

    #[test]
    fn a_code_counts_near_its_time_and_once() {
        let at = Timestamp::from_seconds(1_000_000_010);
        let present = 1_000_000_010 / STEP_SECONDS;
        for (ahead, counts) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let code = seed().code(present + ahead);
            assert_eq!(seed().matching_step(&code, at, None), counts.then_some(present + ahead), "{ahead}");
        }
        let code = seed().code(present);
        assert_eq!(seed().matching_step(&code, at, Some(present - 1)), Some(present));
        assert_eq!(seed().matching_step(&code, at, Some(present)), None, "the same code again");
        let before = seed().code(present - 1);
        assert_eq!(
            seed().matching_step(&before, at, Some(present)),
            None,
            "an earlier code after a later one"
        );
        for wrong in ["", "00000", "0000000", "abcdef", "\u{ff11}23456"] {
            assert_eq!(seed().matching_step(wrong, at, None), None, "{wrong}");
        }
    }

    #[test]
    fn what_people_type_is_read() {
        assert!(Typed::read("123 456") == Some(Typed::App(*b"123456")));
        let random = [0, 1, 2, 3, 4, 250, 251, 252, 253, 254];
        let shown = recovery_text(&random);
        assert_eq!(shown.as_str(), "aaaq-eaye-7l57-z7p6");
        for typed in
            [shown.to_string(), shown.to_uppercase(), shown.replace('-', " "), format!(" {} ", *shown)]
        {
            assert!(Typed::read(&typed) == Some(Typed::Recovery(random)), "{typed}");
        }
        for wrong in ["", "12345", "1234567", "aaaa-bbbb", &"a".repeat(1000)] {
            assert!(Typed::read(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn an_app_reads_the_address() {
        assert_eq!(
            seed().uri("Example Ltd", "robin@example.com").as_str(),
            "otpauth://totp/Example%20Ltd:robin%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=Example%20Ltd&algorithm=SHA1&digits=6&period=30"
        );
        assert_eq!(seed().text().as_str(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        assert_eq!(format!("{:?}", seed()), "Seed(***)");
    }
}
