//! The strict form of one log entry.
//!
//! A leaf is one canonical JSON object with exactly six members: `b` (body, an object), `id` (UUID version 7 or
//! ULID, the idempotency key), `t` (type), `ts` (RFC 3339, UTC, six decimals), `v` (format, always 1) and `who`
//! (pseudonymous actor or collector). The same rules hold when writing and when verifying. The bytes are made once,
//! stored, and hashed as stored. Order in the log is the index; `ts` alone proves nothing.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::Hash;
use crate::canonical::{self, NotCanonical, WriteError};
use crate::hash::shorten;
use crate::tree::hash_leaf;

/// The only format so far.
pub const FORMAT: &str = "1";
/// Size from which a leaf is refused; anything larger is an artifact named by its digest.
pub const MAX_LEAF_BYTES: usize = 16 * 1024;
/// Length from which an actor id is refused.
pub const MAX_WHO_BYTES: usize = 128;

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $text:literal),+ $(,)?) => {
        /// What a leaf records.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum LeafKind {
            $($(#[$doc])* $kind),+
        }

        impl LeafKind {
            /// Every kind, in the order of the format's description.
            pub const ALL: &'static [Self] = &[$(Self::$kind),+];

            /// Returns the text that stands in member `t`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $text),+
                }
            }
        }
    };
}

kinds! {
    /// The first leaf of an epoch: what the log is, and what it continues.
    LogGenesis = "log.genesis",
    /// A new signing key, announced under the old one.
    KeyRotate = "key.rotate",
    /// A key that is trusted no longer.
    KeyRevoke = "key.revoke",
    /// Whose signatures count.
    PolicySet = "policy.set",
    /// Which checks are due when.
    ScheduleSet = "schedule.set",
    /// The complete list of what a check is about.
    PopulationDefine = "population.define",
    /// A collection begins.
    RunOpen = "run.open",
    /// Artifacts become evidence.
    EvidenceAdd = "evidence.add",
    /// The packed answers of one check in one run.
    CheckBlock = "check.block",
    /// A collection ends.
    RunClose = "run.close",
    /// A collection that was due and did not happen.
    RunMissed = "run.missed",
    /// Somebody approved something.
    Approval = "approval",
    /// Somebody granted an exception.
    Exception = "exception",
    /// An event of the audit trail.
    AuditEvent = "audit.event",
    /// A timestamp token over an earlier checkpoint.
    TimeAnchor = "time.anchor",
    /// The log is alive.
    Heartbeat = "heartbeat",
    /// Content was erased lawfully.
    EraseTombstone = "erase.tombstone",
    /// Content was pruned when its retention ended.
    RetentionPrune = "retention.prune",
    /// The clock stood behind the previous leaf.
    ClockAnomaly = "clock.anomaly",
    /// The log was restored from a copy.
    RestoreEvent = "restore.event",
    /// An examination period begins.
    PeriodOpen = "period.open",
    /// An examination period ends.
    PeriodClose = "period.close",
}

impl fmt::Display for LeafKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for LeafKind {
    type Err = LeafError;

    fn from_str(text: &str) -> Result<Self, LeafError> {
        let found = Self::ALL.iter().find(|kind| kind.as_str() == text);
        found.copied().ok_or_else(|| LeafError::UnknownKind(shorten(text)))
    }
}

/// Why bytes are not a leaf.
#[derive(Debug, thiserror::Error)]
pub enum LeafError {
    /// More bytes than a leaf may have.
    #[error("leaf has {0} bytes, more than {MAX_LEAF_BYTES}; refer to large content by its digest")]
    TooLarge(usize),
    /// The bytes are not canonical JSON of the profile.
    #[error("leaf is not canonical JSON: {0}")]
    NotCanonical(#[from] NotCanonical),
    /// The body has no canonical bytes.
    #[error("body cannot be written: {0}")]
    Body(#[from] WriteError),
    /// A member the format does not know.
    #[error("unknown member {0:?}")]
    UnknownMember(String),
    /// A member the format requires.
    #[error("member {0:?} is missing")]
    MissingMember(&'static str),
    /// Another format than this crate reads.
    #[error("format {0} is not {FORMAT}")]
    UnknownFormat(String),
    /// A type that is not on the list.
    #[error("unknown type {0:?}")]
    UnknownKind(String),
    /// An id that is neither a UUID version 7 nor a ULID.
    #[error("id {0} is neither a lower-case UUID version 7 nor a ULID")]
    InvalidId(String),
    /// A moment in another form than the format's.
    #[error("ts {0} is not RFC 3339 in UTC with six decimals")]
    InvalidMoment(String),
    /// An actor that is empty, too long or not a plain identifier.
    #[error("who {0} is not an identifier of 1 to {MAX_WHO_BYTES} letters, digits and . _ : / -")]
    InvalidActor(String),
    /// A body that is not an object.
    #[error("body is not an object")]
    BodyNotObject,
}

/// The stored bytes of a leaf. They are never changed and never serialized again.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct LeafBytes(Vec<u8>);

impl LeafBytes {
    /// Takes over bytes that keep all rules.
    ///
    /// # Errors
    /// As [`Leaf::parse_strict`].
    pub fn new(bytes: Vec<u8>) -> Result<Self, LeafError> {
        Leaf::parse_strict(&bytes)?;
        Ok(Self(bytes))
    }

    /// Returns the bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Gives the bytes away.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Returns the RFC 6962 leaf hash.
    #[must_use]
    pub fn hash(&self) -> Hash {
        hash_leaf(&self.0)
    }

    /// Returns the members.
    #[must_use]
    pub fn leaf(&self) -> Leaf<'_> {
        Leaf::parse_strict(&self.0).expect("checked when made, unchanged since")
    }
}

impl fmt::Debug for LeafBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

/// The members of a leaf, borrowed from its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaf<'a> {
    /// Member `t`.
    pub kind: LeafKind,
    /// Member `id`.
    pub id: &'a str,
    /// Member `ts` as written.
    pub ts: &'a str,
    /// Member `who`.
    pub who: &'a str,
    /// Member `b`: the canonical bytes of an object.
    pub body: &'a [u8],
}

impl<'a> Leaf<'a> {
    /// Makes the bytes of a leaf. `ts_us` counts microseconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// If a member breaks the rules, or the leaf would be larger than [`MAX_LEAF_BYTES`].
    pub fn build<T: Serialize + ?Sized>(
        kind: LeafKind,
        id: &str,
        ts_us: i64,
        who: &str,
        body: &T,
    ) -> Result<LeafBytes, LeafError> {
        check_id(id)?;
        check_actor(who)?;
        let ts = format_moment(ts_us).ok_or_else(|| LeafError::InvalidMoment(ts_us.to_string()))?;
        let body = canonical::to_bytes(&body)?;
        let mut bytes = Vec::with_capacity(body.len() + 160);
        bytes.extend_from_slice(b"{\"b\":");
        bytes.extend_from_slice(&body);
        let rest = format!(r#","id":"{id}","t":"{kind}","ts":"{ts}","v":{FORMAT},"who":"{who}"}}"#);
        bytes.extend_from_slice(rest.as_bytes());
        LeafBytes::new(bytes)
    }

    /// Reads the bytes of a leaf and checks every rule of the format.
    ///
    /// # Errors
    /// On the first rule that is broken.
    pub fn parse_strict(bytes: &'a [u8]) -> Result<Self, LeafError> {
        const NAMES: [&str; 6] = ["b", "id", "t", "ts", "v", "who"];
        if bytes.len() > MAX_LEAF_BYTES {
            return Err(LeafError::TooLarge(bytes.len()));
        }
        let members = canonical::members(bytes)?;
        let text = |range: std::ops::Range<usize>| {
            std::str::from_utf8(&bytes[range]).expect("the scanner has checked UTF-8 and cuts at ASCII")
        };
        let mut values = [""; NAMES.len()];
        for member in members {
            let name = text(member.name);
            let Some(place) = NAMES.iter().position(|known| *known == name) else {
                return Err(LeafError::UnknownMember(shorten(name)));
            };
            values[place] = text(member.value);
        }
        if let Some(place) = values.iter().position(|value| value.is_empty()) {
            return Err(LeafError::MissingMember(NAMES[place]));
        }
        let [body, id, kind, ts, format, who] = values;
        if format != FORMAT {
            return Err(LeafError::UnknownFormat(shorten(format)));
        }
        if !body.starts_with('{') {
            return Err(LeafError::BodyNotObject);
        }
        let kind = unquote(kind).ok_or_else(|| LeafError::UnknownKind(shorten(kind)))?.parse()?;
        let id = unquote(id).ok_or_else(|| LeafError::InvalidId(shorten(id)))?;
        check_id(id)?;
        let ts = unquote(ts).ok_or_else(|| LeafError::InvalidMoment(shorten(ts)))?;
        parse_moment(ts).ok_or_else(|| LeafError::InvalidMoment(shorten(ts)))?;
        let who = unquote(who).ok_or_else(|| LeafError::InvalidActor(shorten(who)))?;
        check_actor(who)?;
        Ok(Self { kind, id, ts, who, body: body.as_bytes() })
    }

    /// Returns member `ts` as microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn ts_us(&self) -> i64 {
        parse_moment(self.ts).expect("checked when parsed")
    }

    /// Returns member `b` as a JSON value.
    #[must_use]
    pub fn body_value(&self) -> serde_json::Value {
        serde_json::from_slice(self.body).expect("canonical bytes are JSON")
    }
}

fn unquote(value: &str) -> Option<&str> {
    value.strip_prefix('"')?.strip_suffix('"')
}

fn check_id(id: &str) -> Result<(), LeafError> {
    if is_uuid_v7(id.as_bytes()) || is_ulid(id.as_bytes()) {
        Ok(())
    } else {
        Err(LeafError::InvalidId(shorten(id)))
    }
}

fn is_uuid_v7(id: &[u8]) -> bool {
    id.len() == 36
        && id.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            14 => *byte == b'7',
            19 => matches!(byte, b'8' | b'9' | b'a' | b'b'),
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}

fn is_ulid(id: &[u8]) -> bool {
    let letter =
        |byte: &u8| matches!(byte, b'0'..=b'9' | b'A'..=b'Z') && !matches!(byte, b'I' | b'L' | b'O' | b'U');
    id.len() == 26 && id[0] <= b'7' && id.iter().all(letter)
}

fn check_actor(who: &str) -> Result<(), LeafError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'/' | b'-');
    if !who.is_empty() && who.len() <= MAX_WHO_BYTES && who.bytes().all(plain) {
        Ok(())
    } else {
        Err(LeafError::InvalidActor(shorten(who)))
    }
}

/// Only years 0000 to 9999 have the fixed width that makes text order time order.
pub(crate) fn format_moment(micros: i64) -> Option<String> {
    let moment = jiff::Timestamp::from_microsecond(micros).ok()?;
    let text = format!("{moment:.6}");
    parse_moment(&text).map(|_| text)
}

/// Reads `2026-11-24T14:45:00.000000Z`. Leap seconds are refused: they have no place on the microsecond scale.
pub(crate) fn parse_moment(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let shape = bytes.len() == 27
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            10 => *byte == b'T',
            13 | 16 => *byte == b':',
            19 => *byte == b'.',
            26 => *byte == b'Z',
            _ => byte.is_ascii_digit(),
        });
    if !shape {
        return None;
    }
    let number = |from: usize, to: usize| {
        bytes[from..to].iter().fold(0_i64, |value, digit| value * 10 + i64::from(digit - b'0'))
    };
    let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
    let (hour, minute, second) = (number(11, 13), number(14, 16), number(17, 19));
    if !(1..=12).contains(&month)
        || day < 1
        || day > days_in_month(year, month)
        || hour > 23
        || minute > 59
        || second > 59
    {
        return None;
    }
    let seconds = (days_since_epoch(year, month, day) * 24 + hour) * 3600 + minute * 60 + second;
    Some(seconds * 1_000_000 + number(20, 26))
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar. Parsing every leaf of a log needs this to be plain
/// arithmetic; the tests compare it with `jiff` over all years of the format.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let before = year - i64::from(month <= 2);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    before * 365 + before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400) + day_of_year
        - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "01935f2e-7b1c-7abc-8def-0123456789ab";

    fn good() -> String {
        format!(
            r#"{{"b":{{}},"id":"{ID}","t":"heartbeat","ts":"2026-11-24T14:45:00.000001Z","v":1,"who":"collector:1"}}"#
        )
    }

    fn error(text: &str) -> String {
        Leaf::parse_strict(text.as_bytes()).expect_err(text).to_string()
    }

    #[test]
    fn built_leaf_reads_back() {
        let body = serde_json::json!({"z": 1, "a": "text"});
        let bytes = Leaf::build(LeafKind::EvidenceAdd, ID, 1_795_531_500_000_001, "collector:1", &body)
            .expect("leaf");
        let leaf = bytes.leaf();
        assert_eq!(
            std::str::from_utf8(bytes.as_bytes()).expect("text"),
            format!(
                r#"{{"b":{{"a":"text","z":1}},"id":"{ID}","t":"evidence.add","ts":"2026-11-24T14:45:00.000001Z","v":1,"who":"collector:1"}}"#
            )
        );
        assert_eq!((leaf.kind, leaf.id, leaf.who), (LeafKind::EvidenceAdd, ID, "collector:1"));
        assert_eq!(leaf.ts_us(), 1_795_531_500_000_001);
        assert_eq!(leaf.body_value(), body);
        assert_eq!(bytes.hash(), hash_leaf(bytes.as_bytes()));
    }

    #[test]
    fn each_broken_rule_is_named() {
        Leaf::parse_strict(good().as_bytes()).expect("the pattern is good");
        for (from, to, expected) in [
            ("\"v\":1", "\"v\":2", "format 2"),
            ("\"v\":1", "\"v\":\"1\"", "format \"1\""),
            ("\"v\":1,", "", "member \"v\" is missing"),
            ("\"v\":1", "\"v\":1,\"w\":1", "unknown member \"w\""),
            ("\"b\":{}", "\"a\":0,\"b\":{}", "unknown member \"a\""),
            ("\"b\":{}", "\"b\":{},\"b\":{}", "duplicate member"),
            ("\"b\":{}", "\"b\":[]", "body is not an object"),
            ("\"b\":{}", "\"b\":{\"n\":1.5}", "not an integer"),
            ("\"b\":{}", "\"b\":{\"n\":9007199254740993}", "beyond 2^53"),
            ("\"b\":{}", "\"b\":{\"n\":1,\"n\":2}", "duplicate member"),
            ("\"b\":{}", "\"b\":{\"n\":\"\\ud800\"}", "surrogate"),
            ("\"b\":{}", "\"b\":{ }", "white space"),
            ("heartbeat", "heartbeats", "unknown type"),
            ("heartbeat", "heart\\u0062eat", "not canonical"),
            ("-7abc-", "-4abc-", "neither"),
            ("01935f2e", "01935F2E", "neither"),
            ("-8def-", "-cdef-", "neither"),
            (ID, "01ARZ3NDEKTSV4RRFFQ69G5FAU", "neither"),
            (".000001Z", ".00001Z", "ts"),
            (".000001Z", ".000001+00:00", "ts"),
            ("2026-11-24", "2026-02-29", "ts"),
            ("2026-11-24", "2026-13-01", "ts"),
            ("14:45:00", "24:00:00", "ts"),
            ("14:45:00", "14:45:60", "ts"),
            ("collector:1", "", "who"),
            ("collector:1", "ada@example.com", "who"),
            ("collector:1", "two words", "who"),
        ] {
            let message = error(&good().replacen(from, to, 1));
            assert!(message.contains(expected), "{from} -> {to}: {message}");
        }
    }

    #[test]
    fn ulid_is_accepted() {
        let text = good().replace(ID, "01ARZ3NDEKTSV4RRFFQ69G5FAV");
        assert_eq!(Leaf::parse_strict(text.as_bytes()).expect("leaf").id, "01ARZ3NDEKTSV4RRFFQ69G5FAV");
    }

    #[test]
    fn size_limit_is_exact() {
        let empty =
            Leaf::build(LeafKind::Heartbeat, ID, 0, "a", &serde_json::json!({"s": ""})).expect("leaf");
        let room = MAX_LEAF_BYTES - empty.as_bytes().len();
        let fits = serde_json::json!({"s": "x".repeat(room)});
        assert_eq!(
            Leaf::build(LeafKind::Heartbeat, ID, 0, "a", &fits).expect("leaf").as_bytes().len(),
            MAX_LEAF_BYTES
        );
        let over = serde_json::json!({"s": "x".repeat(room + 1)});
        assert!(matches!(Leaf::build(LeafKind::Heartbeat, ID, 0, "a", &over), Err(LeafError::TooLarge(_))));
    }

    #[test]
    fn floats_are_refused_when_writing() {
        let body = serde_json::json!({"rate": 1.0});
        assert!(matches!(Leaf::build(LeafKind::Heartbeat, ID, 0, "a", &body), Err(LeafError::Body(_))));
    }

    #[test]
    fn calendar_agrees_with_jiff() {
        for year in 0..=9998_i64 {
            for (month, day) in [(1, 1), (2, 28), (3, 1), (12, 31)] {
                let text = format!("{year:04}-{month:02}-{day:02}T23:59:59.999999Z");
                let expected: jiff::Timestamp = text.parse().expect("moment");
                assert_eq!(parse_moment(&text), Some(expected.as_microsecond()), "{text}");
                assert_eq!(format_moment(expected.as_microsecond()).as_deref(), Some(text.as_str()));
            }
        }
        assert_eq!(format_moment(i64::MAX), None);
    }

    #[test]
    fn kinds_have_distinct_texts_that_read_back() {
        for kind in LeafKind::ALL {
            assert_eq!(kind.as_str().parse::<LeafKind>().expect("kind"), *kind);
        }
        assert_eq!(LeafKind::ALL.len(), 22);
    }
}
