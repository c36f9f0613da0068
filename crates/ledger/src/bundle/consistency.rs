//! `consistency.txt`: proofs that the checkpoints of a bundle continue each other.
//!
//! One section per step, separated by blank lines: `<older> <size> -> <newer> <size>`, then one base64 hash a line.

use crate::Hash;
use crate::hash::shorten;

const HEADER: &str = "tickmark consistency proofs v1";

/// The proof of one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// File name of the older checkpoint.
    pub(super) older: String,
    /// Its size.
    pub(super) older_size: u64,
    /// File name of the newer checkpoint.
    pub(super) newer: String,
    /// Its size.
    pub(super) newer_size: u64,
    /// RFC 6962 consistency proof.
    pub(super) proof: Vec<Hash>,
}

pub(super) fn to_text(steps: &[Step]) -> String {
    let mut text = format!("{HEADER}\n");
    for step in steps {
        text.push_str(&format!(
            "\n{} {} -> {} {}\n",
            step.older, step.older_size, step.newer, step.newer_size
        ));
        for hash in &step.proof {
            text.push_str(&hash.base64());
            text.push('\n');
        }
    }
    text
}

pub(super) fn parse(bytes: &[u8]) -> Result<Vec<Step>, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "not text".to_owned())?;
    let text = text.strip_suffix('\n').ok_or("does not end in a newline")?;
    let mut sections = text.split("\n\n");
    if sections.next() != Some(HEADER) {
        return Err(format!("does not begin with {HEADER:?}"));
    }
    sections.map(section).collect()
}

fn section(text: &str) -> Result<Step, String> {
    let mut lines = text.split('\n');
    let head = lines.next().unwrap_or_default();
    let words: Vec<&str> = head.split(' ').collect();
    let unknown = || format!("{:?} is not the head of a proof", shorten(head));
    let &[older, older_size, "->", newer, newer_size] = words.as_slice() else { return Err(unknown()) };
    let number =
        |text: &str| text.parse::<u64>().ok().filter(|value| value.to_string() == text).ok_or_else(unknown);
    let proof = lines.map(|line| Hash::parse_base64(line).map_err(|error| error.to_string()));
    Ok(Step {
        older: older.to_owned(),
        older_size: number(older_size)?,
        newer: newer.to_owned(),
        newer_size: number(newer_size)?,
        proof: proof.collect::<Result<_, _>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_read_back() {
        let step = |older: &str, newer: &str, proof| Step {
            older: older.to_owned(),
            older_size: 3,
            newer: newer.to_owned(),
            newer_size: 7,
            proof,
        };
        let steps = [
            step("checkpoint.a", "checkpoint.b", vec![Hash::of(b"1"), Hash::of(b"2")]),
            step("checkpoint.b", "checkpoint.latest", vec![]),
        ];
        assert_eq!(parse(to_text(&steps).as_bytes()), Ok(steps.to_vec()));
        assert_eq!(parse(to_text(&[]).as_bytes()), Ok(vec![]));
        for wrong in [
            "",
            "\n",
            "other\n",
            "tickmark consistency proofs v1\n\na 1 b 2\n",
            "tickmark consistency proofs v1\n\na 1 -> b 02\n",
            "tickmark consistency proofs v1\n\na 1 -> b 2\nAA\n",
        ] {
            assert!(parse(wrong.as_bytes()).is_err(), "{wrong:?}");
        }
    }
}
