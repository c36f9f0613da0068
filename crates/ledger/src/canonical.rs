//! Canonical JSON in the strict profile of the log: RFC 8785 bytes, and nothing that JSON parsers disagree about.
//!
//! RFC 8785 alone is unsafe: different integers beyond 2^53 have the same canonical bytes, and most parsers keep
//! silently one of two duplicate members. So bytes are accepted only if they are already canonical *and* hold no
//! floating-point number and no integer beyond ±(2^53 − 1). Because canonical members are in strictly ascending
//! order, one pass over the bytes finds duplicates, reordering and every alternative spelling; nothing is
//! re-serialized, and what was checked is what was hashed.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::Range;

/// The largest magnitude of an integer: 2^53 − 1, up to which every JSON implementation is exact.
pub const MAX_INTEGER: i64 = (1 << 53) - 1;

/// How deep arrays and objects may nest.
pub const MAX_DEPTH: usize = 32;

/// Where and why bytes are not canonical.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem} at byte {at}")]
pub struct NotCanonical {
    /// Offset of the offending byte.
    pub at: usize,
    /// What is wrong.
    pub problem: &'static str,
}

/// One member of the outermost object: where its name and value lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The name without quotation marks, as written.
    pub name: Range<usize>,
    /// The value with everything that belongs to it.
    pub value: Range<usize>,
}

/// Checks that `bytes` are one canonical JSON value and nothing else.
///
/// # Errors
/// At the first byte that breaks the profile.
pub fn check(bytes: &[u8]) -> Result<(), NotCanonical> {
    let mut scanner = Scanner::new(bytes)?;
    scanner.value(0)?;
    scanner.end()
}

/// Checks that `bytes` are one canonical JSON object and returns its members in order.
///
/// # Errors
/// At the first byte that breaks the profile, or if the value is not an object.
pub fn members(bytes: &[u8]) -> Result<Vec<Member>, NotCanonical> {
    let mut scanner = Scanner::new(bytes)?;
    let mut members = Vec::with_capacity(8);
    scanner.object(0, Some(&mut members))?;
    scanner.end()?;
    Ok(members)
}

/// Serializes `value` as canonical bytes of the profile.
///
/// # Errors
/// If it contains a number that is not an integer within the limit, nests too deep, or cannot be JSON at all.
pub fn to_bytes<T: serde::Serialize>(value: &T) -> Result<Vec<u8>, WriteError> {
    let value = serde_json::to_value(value)?;
    check_numbers(&value)?;
    let bytes = serde_json_canonicalizer::to_vec(&value)?;
    check(&bytes)?;
    Ok(bytes)
}

/// Why a value has no canonical bytes.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The value does not serialize as JSON.
    #[error("value is not JSON")]
    NotJson(#[from] serde_json::Error),
    /// A number that is not an integer within ±(2^53 − 1).
    #[error("number {0} is not an integer within 2^53 - 1; write it as a string")]
    Number(String),
    /// The bytes break the profile in another way.
    #[error(transparent)]
    Profile(#[from] NotCanonical),
}

/// The canonicalizer would round numbers silently, so they are refused before it sees them.
fn check_numbers(value: &serde_json::Value) -> Result<(), WriteError> {
    match value {
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(integer) if integer.unsigned_abs() <= MAX_INTEGER.unsigned_abs() => Ok(()),
            _ => Err(WriteError::Number(number.to_string())),
        },
        serde_json::Value::Array(items) => items.iter().try_for_each(check_numbers),
        serde_json::Value::Object(members) => members.values().try_for_each(check_numbers),
        _ => Ok(()),
    }
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// A string as written, and whether it holds an escape.
struct Text {
    range: Range<usize>,
    escaped: bool,
}

impl<'a> Scanner<'a> {
    fn new(bytes: &'a [u8]) -> Result<Self, NotCanonical> {
        match std::str::from_utf8(bytes) {
            Ok(_) => Ok(Self { bytes, at: 0 }),
            Err(error) => Err(NotCanonical { at: error.valid_up_to(), problem: "invalid UTF-8" }),
        }
    }

    fn fail<T>(&self, problem: &'static str) -> Result<T, NotCanonical> {
        Err(NotCanonical { at: self.at, problem })
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn end(&self) -> Result<(), NotCanonical> {
        if self.at == self.bytes.len() { Ok(()) } else { self.fail("data after the value") }
    }

    fn expect(&mut self, byte: u8, problem: &'static str) -> Result<(), NotCanonical> {
        if self.peek() == Some(byte) {
            self.at += 1;
            Ok(())
        } else if matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.fail("white space outside a string")
        } else {
            self.fail(problem)
        }
    }

    fn value(&mut self, depth: usize) -> Result<(), NotCanonical> {
        match self.peek() {
            Some(b'{') => self.object(depth, None),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string().map(drop),
            Some(b'-' | b'0'..=b'9') => self.integer(),
            Some(b't') => self.literal(b"true"),
            Some(b'f') => self.literal(b"false"),
            Some(b'n') => self.literal(b"null"),
            Some(b' ' | b'\t' | b'\n' | b'\r') => self.fail("white space outside a string"),
            Some(_) => self.fail("not a JSON value"),
            None => self.fail("unexpected end"),
        }
    }

    fn literal(&mut self, word: &[u8]) -> Result<(), NotCanonical> {
        if self.bytes[self.at..].starts_with(word) {
            self.at += word.len();
            Ok(())
        } else {
            self.fail("not a JSON value")
        }
    }

    fn object(&mut self, depth: usize, mut members: Option<&mut Vec<Member>>) -> Result<(), NotCanonical> {
        if depth >= MAX_DEPTH {
            return self.fail("nested too deep");
        }
        self.expect(b'{', "expected an object")?;
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        let mut previous: Option<Text> = None;
        loop {
            let start = self.at;
            let name = self.string()?;
            if let Some(previous) = &previous {
                let problem = match self.compare(previous, &name) {
                    Ordering::Less => None,
                    Ordering::Equal => Some("duplicate member"),
                    Ordering::Greater => Some("members out of order"),
                };
                if let Some(problem) = problem {
                    return Err(NotCanonical { at: start, problem });
                }
            }
            self.expect(b':', "expected a colon")?;
            let value_start = self.at;
            self.value(depth + 1)?;
            if let Some(members) = members.as_deref_mut() {
                members.push(Member { name: name.range.clone(), value: value_start..self.at });
            }
            previous = Some(name);
            match self.peek() {
                Some(b',') => self.at += 1,
                _ => return self.expect(b'}', "expected a comma or the end of the object"),
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<(), NotCanonical> {
        if depth >= MAX_DEPTH {
            return self.fail("nested too deep");
        }
        self.expect(b'[', "expected an array")?;
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.value(depth + 1)?;
            match self.peek() {
                Some(b',') => self.at += 1,
                _ => return self.expect(b']', "expected a comma or the end of the array"),
            }
        }
    }

    fn integer(&mut self) -> Result<(), NotCanonical> {
        let start = self.at;
        let negative = self.peek() == Some(b'-');
        self.at += usize::from(negative);
        let digits_start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        let digits = &self.bytes[digits_start..self.at];
        let problem = match digits {
            [] => Some("not a JSON value"),
            [b'0'] if negative => Some("negative zero"),
            [b'0', _, ..] => Some("number with a leading zero"),
            _ if matches!(self.peek(), Some(b'.' | b'e' | b'E')) => Some("number that is not an integer"),
            _ if exceeds_limit(digits) => Some("integer beyond 2^53 - 1"),
            _ => None,
        };
        problem.map_or(Ok(()), |problem| Err(NotCanonical { at: start, problem }))
    }

    fn string(&mut self) -> Result<Text, NotCanonical> {
        self.expect(b'"', "expected a string")?;
        let start = self.at;
        let mut escaped = false;
        loop {
            match self.peek() {
                None => return self.fail("string without end"),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Text { range: start..self.at - 1, escaped });
                }
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(0..0x20) => return self.fail("control character in a string"),
                Some(_) => self.at += 1,
            }
        }
    }

    /// Accepts only the escapes RFC 8785 writes. Any other spelling, among them every surrogate, is an
    /// alternative form of a character that must appear as itself.
    fn escape(&mut self) -> Result<(), NotCanonical> {
        match self.bytes.get(self.at + 1) {
            Some(b'b' | b'f' | b'n' | b'r' | b't' | b'"' | b'\\') => {
                self.at += 2;
                Ok(())
            }
            Some(b'u') => {
                let digits = self.bytes.get(self.at + 2..self.at + 6);
                let canonical = matches!(digits, Some([b'0', b'0', b'0' | b'1', b'0'..=b'9' | b'a'..=b'f']))
                    && !matches!(digits, Some(b"0008" | b"0009" | b"000a" | b"000c" | b"000d"));
                if canonical {
                    self.at += 6;
                    Ok(())
                } else if matches!(digits, Some([b'd' | b'D', b'8'..=b'9' | b'a'..=b'f' | b'A'..=b'F', ..])) {
                    self.fail("surrogate escape")
                } else {
                    self.fail("escape that is not canonical")
                }
            }
            _ => self.fail("escape that is not canonical"),
        }
    }

    /// Compares member names by UTF-16 code units, as RFC 8785 section 3.2.3 orders them.
    fn compare(&self, left: &Text, right: &Text) -> Ordering {
        let (a, b) = (&self.bytes[left.range.clone()], &self.bytes[right.range.clone()]);
        if !left.escaped && !right.escaped && a.is_ascii() && b.is_ascii() {
            return a.cmp(b);
        }
        let (a, b) = (self.unescape(left), self.unescape(right));
        a.encode_utf16().cmp(b.encode_utf16())
    }

    fn unescape(&self, text: &Text) -> Cow<'a, str> {
        let raw = &self.bytes[text.range.clone()];
        let raw = std::str::from_utf8(raw).expect("checked when the scanner was made; quotes are ASCII");
        if !text.escaped {
            return Cow::Borrowed(raw);
        }
        let mut plain = String::with_capacity(raw.len());
        let mut rest = raw.chars();
        while let Some(character) = rest.next() {
            if character != '\\' {
                plain.push(character);
                continue;
            }
            plain.push(match rest.next() {
                Some('b') => '\u{8}',
                Some('f') => '\u{c}',
                Some('n') => '\n',
                Some('r') => '\r',
                Some('t') => '\t',
                Some('u') => {
                    let digits: String = rest.by_ref().take(4).collect();
                    u8::from_str_radix(&digits, 16).map_or('\u{fffd}', char::from)
                }
                Some(other) => other,
                None => '\\',
            });
        }
        Cow::Owned(plain)
    }
}

fn exceeds_limit(digits: &[u8]) -> bool {
    const MAX_DIGITS: usize = 16;
    if digits.len() > MAX_DIGITS {
        return true;
    }
    let value = digits.iter().fold(0_i64, |value, digit| value * 10 + i64::from(digit - b'0'));
    value > MAX_INTEGER
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> Option<&'static str> {
        check(text.as_bytes()).err().map(|error| error.problem)
    }

    #[test]
    fn canonical_values_pass() {
        for text in [
            "{}",
            "[]",
            "null",
            "0",
            "-1",
            "9007199254740991",
            "-9007199254740991",
            r#"{"a":[1,{"b":"é€😀"}],"b":false}"#,
            r#""\b\t\n\f\r\"\\\u0000\u001f""#,
            // U+1F600 is D83D DE00 in UTF-16 and so sorts before U+FB33, unlike in UTF-8.
            "{\"\u{20ac}\":1,\"\u{1f600}\":2,\"\u{fb33}\":3}",
            r#"{"\n":1,"1":2}"#,
        ] {
            assert_eq!(problem(text), None, "{text}");
        }
    }

    #[test]
    fn alternative_spellings_are_refused() {
        for (text, expected) in [
            (r#"{"a":1,"a":2}"#, "duplicate member"),
            (r#"{"b":1,"a":2}"#, "members out of order"),
            ("{\"\u{fb33}\":1,\"\u{1f600}\":2}", "members out of order"),
            (r#"{"a": 1}"#, "white space outside a string"),
            (" 1", "white space outside a string"),
            ("1 ", "data after the value"),
            ("1.5", "number that is not an integer"),
            ("1.0", "number that is not an integer"),
            ("1e3", "number that is not an integer"),
            ("-0", "negative zero"),
            ("01", "number with a leading zero"),
            ("9007199254740992", "integer beyond 2^53 - 1"),
            ("9007199254740993", "integer beyond 2^53 - 1"),
            ("-9007199254740992", "integer beyond 2^53 - 1"),
            ("99999999999999999999999999", "integer beyond 2^53 - 1"),
            (r#""\u0041""#, "escape that is not canonical"),
            (r#""\u001F""#, "escape that is not canonical"),
            (r#""\u0009""#, "escape that is not canonical"),
            (r#""\/""#, "escape that is not canonical"),
            (r#""\ud800""#, "surrogate escape"),
            (r#""\ud83d\ude00""#, "surrogate escape"),
            ("\"\n\"", "control character in a string"),
            ("\"", "string without end"),
            ("", "unexpected end"),
            ("[1,]", "not a JSON value"),
            ("{\"a\":1,}", "expected a string"),
            ("tru", "not a JSON value"),
            ("NaN", "not a JSON value"),
            ("+1", "not a JSON value"),
        ] {
            assert_eq!(problem(text), Some(expected), "{text}");
        }
        assert_eq!(check(b"\"\xff\"").unwrap_err().problem, "invalid UTF-8");
        assert_eq!(check(b"\"\xed\xa0\x80\"").unwrap_err().problem, "invalid UTF-8");
    }

    #[test]
    fn depth_is_limited() {
        assert_eq!(problem(&format!("{}{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH))), None);
        assert_eq!(problem(&"[".repeat(MAX_DEPTH + 1)), Some("nested too deep"));
    }

    #[test]
    fn numbers_are_refused_before_they_are_rounded() {
        for value in [
            serde_json::json!(1.0),
            serde_json::json!([9_007_199_254_740_993_i64]),
            serde_json::json!(u64::MAX),
        ] {
            assert!(matches!(to_bytes(&value), Err(WriteError::Number(_))), "{value}");
        }
        assert_eq!(to_bytes(&serde_json::json!({"b": 1, "a": [-1]})).expect("bytes"), br#"{"a":[-1],"b":1}"#);
    }

    mod properties {
        use proptest::prelude::*;
        use serde_json::Value;

        fn values() -> impl Strategy<Value = Value> {
            let leaf = prop_oneof![
                Just(Value::Null),
                any::<bool>().prop_map(Value::from),
                (-super::MAX_INTEGER..=super::MAX_INTEGER).prop_map(Value::from),
                any::<String>().prop_map(Value::from),
            ];
            leaf.prop_recursive(4, 32, 6, |inner| {
                prop_oneof![
                    prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                    prop::collection::vec((any::<String>(), inner), 0..6)
                        .prop_map(|members| Value::Object(members.into_iter().collect())),
                ]
            })
        }

        proptest! {
            #[test]
            fn what_the_canonicalizer_writes_is_accepted(value in values()) {
                let bytes = serde_json_canonicalizer::to_vec(&value).expect("bytes");
                prop_assert_eq!(super::check(&bytes), Ok(()));
            }

            #[test]
            fn what_is_accepted_is_canonical(bytes in prop::collection::vec(prop::sample::select(br#"{}[]",:\u0019ab-e. tf"#.to_vec()), 0..12)) {
                if super::check(&bytes).is_ok() {
                    let value: Value = serde_json::from_slice(&bytes).expect("accepted bytes are JSON");
                    prop_assert_eq!(serde_json_canonicalizer::to_vec(&value).expect("bytes"), bytes);
                }
            }

            #[test]
            fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
                let _ = super::check(&bytes);
                let _ = super::members(&bytes);
            }
        }
    }
}
