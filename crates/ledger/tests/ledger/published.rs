//! Published data in files: a real log of nearly a billion entries, and the pairs of RFC 8785.

use serde_json::Value;
use tickmark_ledger::Hash;
use tickmark_ledger::canonical::{self, WriteError};
use tickmark_ledger::tree::{verify_consistency, verify_inclusion};

/// Answers of a log of Certificate Transparency.
const ARGON: &str = include_str!("published/argon2020.txt");
/// Name, input and output of each pair, in hexadecimal.
const PAIRS: &str = include_str!("published/jcs.txt");
/// Numbers of RFC 8785, Appendix B, as they are written.
const NUMBERS: [&str; 26] = [
    "0",
    "5e-324",
    "-5e-324",
    "1.7976931348623157e+308",
    "-1.7976931348623157e+308",
    "9007199254740992",
    "-9007199254740992",
    "295147905179352830000",
    "9.999999999999997e+22",
    "1e+23",
    "1.0000000000000001e+23",
    "999999999999999700000",
    "999999999999999900000",
    "1e+21",
    "9.999999999999997e-7",
    "0.000001",
    "333333333.3333332",
    "333333333.33333325",
    "333333333.3333333",
    "333333333.3333334",
    "333333333.33333343",
    "-0.0000033333333333333333",
    "1424953923781206.2",
    "NaN",
    "Infinity",
    "-0",
];

fn hash(text: &str) -> Hash {
    Hash::parse_base64(text).expect("quoted")
}

/// The hashes of all lines that begin with a word.
fn hashes(word: &str) -> Vec<Hash> {
    ARGON.lines().filter_map(|line| line.strip_prefix(word)?.strip_prefix(' ')).map(hash).collect()
}

/// A number and a hash.
fn numbered(word: &str) -> (u64, Hash) {
    let rest = ARGON.lines().find_map(|line| line.strip_prefix(word)?.strip_prefix(' ')).expect("a line");
    let (number, text) = rest.split_once(' ').expect("two words");
    (number.parse().expect("a number"), hash(text))
}

#[test]
fn proofs_of_a_real_log_verify_and_no_other_reading_of_them() {
    let size = ARGON.lines().find_map(|line| line.strip_prefix("size ")).expect("a size");
    let size: u64 = size.parse().expect("a number");
    let root = hashes("root")[0];
    let (index, leaf) = numbered("leaf");
    let proof = hashes("inclusion");
    assert_eq!((size, index, proof.len()), (961_984_011, 10_000, 30));
    verify_inclusion(&leaf, index, size, &proof, &root).expect("published");
    let (older_size, older_root) = numbered("older");
    let consistency = hashes("consistency");
    assert_eq!((older_size, consistency.len()), (3_654_490, 30));
    verify_consistency(older_size, &older_root, size, &root, &consistency).expect("published");

    for at in 0..proof.len() {
        let mut changed = proof.clone();
        changed[at].0[at] ^= 1;
        assert!(verify_inclusion(&leaf, index, size, &changed, &root).is_err(), "{at}");
        let mut changed = consistency.clone();
        changed[at].0[at] ^= 1;
        assert!(verify_consistency(older_size, &older_root, size, &root, &changed).is_err(), "{at}");
    }
    for other in [index - 1, index + 1, index ^ (1 << 20)] {
        assert!(verify_inclusion(&leaf, other, size, &proof, &root).is_err(), "{other}");
    }
    for other in [size / 2, size * 2] {
        assert!(verify_inclusion(&leaf, index, other, &proof, &root).is_err(), "{other}");
        assert!(verify_consistency(older_size, &older_root, other, &root, &consistency).is_err(), "{other}");
    }
    assert!(verify_consistency(older_size + 1, &older_root, size, &root, &consistency).is_err());
    assert!(verify_consistency(older_size, &root, size, &older_root, &consistency).is_err());
}

/// The pairs are positive; what the profile of the log refuses beyond the RFC is numbers that are no integers.
#[test]
fn pairs_of_the_reference_are_written_as_published_where_the_profile_has_them() {
    let mut names = Vec::new();
    for line in PAIRS.lines() {
        let words: Vec<&str> = line.split('\t').collect();
        let [name, input, output] = words[..] else { panic!("{line}") };
        let bytes = |text: &str| hex::decode(text).expect("quoted");
        let (input, output) = (bytes(input), bytes(output));
        let value: Value = serde_json::from_slice(&input).expect("JSON");
        match name {
            // Written with a fraction that is nothing: the RFC makes an integer of it, the profile wants it written so.
            "structures" => {
                assert!(matches!(canonical::to_bytes(&value), Err(WriteError::Number(_))));
                canonical::check(&output).expect(name);
            }
            "values" => {
                assert!(matches!(canonical::to_bytes(&value), Err(WriteError::Number(_))));
                assert!(canonical::check(&output).is_err());
            }
            _ => {
                assert_eq!(canonical::to_bytes(&value).expect(name), output, "{name}");
                canonical::check(&output).expect(name);
            }
        }
        // The input is another spelling of it, which nobody may hash.
        assert!(canonical::check(&input).is_err(), "{name}");
        names.push(name);
    }
    assert_eq!(names, ["arrays", "french", "structures", "unicode", "values", "weird"]);
}

#[test]
fn of_the_published_numbers_the_profile_has_the_integers_that_every_parser_reads() {
    let accepted: Vec<&str> =
        NUMBERS.into_iter().filter(|number| canonical::check(number.as_bytes()).is_ok()).collect();
    assert_eq!(accepted, ["0"]);
    for edge in ["9007199254740991", "-9007199254740991"] {
        canonical::check(edge.as_bytes()).expect("within the limit");
    }
}
