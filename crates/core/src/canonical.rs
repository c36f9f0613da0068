//! Canonical JSON bytes (RFC 8785), the form in which facts and settings are hashed.

use serde::Serialize;
use serde_json::Value;

use crate::Digest;

/// Integers up to here are written alike as integers and as the doubles that RFC 8785 makes of all numbers.
const MAX_EXACT_INTEGER: u64 = 1 << 53;

/// Serializes `value` as RFC 8785 bytes.
///
/// # Errors
/// If the value has a map key that is not a string, or a number that is not finite.
pub fn bytes<T: Serialize>(value: &T) -> Result<Vec<u8>, serde_json::Error> {
    serde_json_canonicalizer::to_vec(value)
}

/// Serializes JSON as RFC 8785 bytes: what [`bytes`] does, ten times as fast. Facts of an estate are hashed whenever it is
/// looked at, and a serializer that does not know what comes has to keep and parse every key again.
///
/// # Errors
/// As [`bytes`].
pub fn value_bytes(value: &Value) -> Result<Vec<u8>, serde_json::Error> {
    let mut out = Vec::with_capacity(1024);
    write(&mut out, value)?;
    Ok(out)
}

fn write(out: &mut Vec<u8>, value: &Value) -> Result<(), serde_json::Error> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => match number.as_i64() {
            Some(integer) if integer.unsigned_abs() <= MAX_EXACT_INTEGER => {
                out.extend_from_slice(integer.to_string().as_bytes());
            }
            _ => out.extend(bytes(number)?),
        },
        // Its escapes are those of section 3.2.2.2.
        Value::String(text) => serde_json::to_writer(out, text)?,
        Value::Array(elements) => {
            out.push(b'[');
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write(out, element)?;
            }
            out.push(b']');
        }
        Value::Object(fields) => {
            let mut fields: Vec<(&String, &Value)> = fields.iter().collect();
            // Section 3.2.3: by UTF-16 code units, which is another order than that of UTF-8 beyond the basic plane.
            fields.sort_unstable_by(|(a, _), (b, _)| match a.is_ascii() && b.is_ascii() {
                true => a.cmp(b),
                false => a.encode_utf16().cmp(b.encode_utf16()),
            });
            out.push(b'{');
            for (index, (name, field)) in fields.into_iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                serde_json::to_writer(&mut *out, name)?;
                out.push(b':');
                write(out, field)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

/// Returns the digest of the canonical bytes of JSON: what [`digest`] does, by [`value_bytes`].
///
/// # Errors
/// As [`bytes`].
pub fn value_digest(value: &Value) -> Result<Digest, serde_json::Error> {
    Ok(Digest::of(&value_bytes(value)?))
}

/// Returns the digest of the canonical bytes of `value`.
///
/// # Errors
/// As [`bytes`].
pub fn digest<T: Serialize>(value: &T) -> Result<Digest, serde_json::Error> {
    Ok(Digest::of(&bytes(value)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            (-1_000_000_i64..1_000_000).prop_map(Value::from),
            any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::vec((any::<String>(), inner), 0..6)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_quick_way_writes_what_the_library_writes(value in any_json()) {
            prop_assert_eq!(value_bytes(&value).expect("bytes"), bytes(&value).expect("bytes"));
        }
    }

    #[test]
    fn names_are_sorted_by_utf_16_and_numbers_are_doubles() {
        // RFC 8785, section 3.2.3: its example of sorting; and numbers at and beyond 2^53.
        let value = json!({
            "\u{20ac}": "Euro Sign", "\r": "Carriage Return", "\u{fb33}": "Hebrew Letter Dalet With Dagesh", "1": "One",
            "\u{1f600}": "Emoji: Grinning Face", "\u{80}": "Control", "\u{f6}": "Latin Small Letter O With Diaeresis",
        });
        let text = String::from_utf8(value_bytes(&value).expect("bytes")).expect("UTF-8");
        let values = ["Carriage Return", "One", "Control", "Latin", "Euro Sign", "Emoji", "Hebrew"];
        let places: Vec<usize> = values.iter().map(|value| text.find(value).expect("there")).collect();
        assert!(places.is_sorted(), "{text}");
        let numbers = json!([9_007_199_254_740_992_u64, 9_007_199_254_740_993_u64, -7, 1e21, 0.5, -0.0]);
        assert_eq!(
            value_bytes(&numbers).expect("bytes"),
            b"[9007199254740992,9007199254740992,-7,1e+21,0.5,0]"
        );
    }

    #[test]
    fn key_order_and_spacing_do_not_matter() {
        let one: serde_json::Value = serde_json::from_str(r#"{"b": 1, "a": [true, null]}"#).expect("JSON");
        let two: serde_json::Value = serde_json::from_str(r#"{"a":[true,null],"b":1}"#).expect("JSON");
        assert_eq!(bytes(&one).expect("bytes"), br#"{"a":[true,null],"b":1}"#);
        assert_eq!(digest(&one).expect("digest"), digest(&two).expect("digest"));
    }
}
