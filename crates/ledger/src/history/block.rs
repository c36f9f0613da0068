//! Reading a block: the verdicts of one check over one population, packed.
//!
//! ```text
//! "TKB1"         4 bytes
//! n              number of targets; this and all numbers in unsigned LEB128
//! encoding       1 byte: 0 packed, 1 sparse
//! packed body    ceil(n / 4) bytes; target i in bits 2(i mod 4) of byte i / 4; unused bits 0
//! sparse body    majority verdict (1 byte); count; count times (targets with the majority before it, verdict byte)
//! reasons        until the end: (length, reason code byte) over the targets that are unknown or not applicable
//! ```
//!
//! This is a second implementation, written for the verifier alone. A verdict is 0 unknown, 1 pass, 2 fail,
//! 3 not applicable; a reason 1 to 7. Room is taken only for as many targets as the caller expects.

const MAGIC: &[u8; 4] = b"TKB1";

/// What was found at one target: the verdict in the lower two bits, the reason code above.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Found(u8);

impl Found {
    /// Words of the verdicts by code.
    const VERDICTS: [&'static str; 4] = ["unknown", "pass", "fail", "not_applicable"];
    /// Words of the reasons by code.
    const REASONS: [&'static str; 8] =
        ["", "not_permitted", "not_present", "not_collected", "stale", "parse_error", "limit", "unsupported"];

    /// Joins the codes of a verdict and a reason; only the lower bits count.
    #[must_use]
    pub const fn of(verdict: u8, reason: u8) -> Self {
        Self(verdict & 3 | (reason & 7) << 2)
    }

    /// Returns the code of the verdict, 0 to 3.
    #[must_use]
    pub fn verdict(self) -> u8 {
        self.0 & 3
    }

    /// Returns the code of the reason, 0 if there is none.
    #[must_use]
    pub fn reason(self) -> u8 {
        self.0 >> 2
    }

    /// Returns the word of the verdict.
    #[must_use]
    pub fn verdict_word(self) -> &'static str {
        Self::VERDICTS[usize::from(self.verdict())]
    }

    /// Returns the word of the reason, empty if there is none.
    #[must_use]
    pub fn reason_word(self) -> &'static str {
        Self::REASONS[usize::from(self.reason())]
    }

    /// Whether the target could not be seen.
    #[must_use]
    pub fn is_unknown(self) -> bool {
        self.verdict() == 0
    }

    /// Whether the assertion was shown not to hold.
    #[must_use]
    pub fn is_fail(self) -> bool {
        self.verdict() == 2
    }

    /// Whether the check is not about targets of this kind.
    #[must_use]
    pub fn is_unsupported(self) -> bool {
        self == Self::of(3, 7)
    }
}

/// Why bytes are not a block of the expected number of targets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// Does not begin with the magic of format 1.
    #[error("not a block of format 1")]
    NotABlock,
    /// Ends early.
    #[error("block is cut short at byte {0}")]
    CutShort(usize),
    /// Says something impossible.
    #[error("block is malformed at byte {at}: {what}")]
    Malformed {
        /// Offset in bytes.
        at: usize,
        /// What is wrong.
        what: &'static str,
    },
    /// Another number of targets than the population has.
    #[error("block has {actual} targets, its population has {expected}")]
    OtherCount {
        /// Targets the block says it has.
        actual: u64,
        /// Targets of the population.
        expected: usize,
    },
}

/// Reads a block over a population of `expected` targets into `found`, which is cleared first.
///
/// # Errors
/// If the bytes are anything else.
pub fn read(bytes: &[u8], expected: usize, found: &mut Vec<Found>) -> Result<(), BlockError> {
    found.clear();
    if bytes.get(..4) != Some(MAGIC) {
        return Err(BlockError::NotABlock);
    }
    let mut input = Input { bytes, at: 4 };
    let actual = input.number()?;
    if actual != expected as u64 {
        return Err(BlockError::OtherCount { actual, expected });
    }
    match input.byte()? {
        0 => input.packed(expected, found)?,
        1 => input.sparse(expected, found)?,
        _ => return Err(input.malformed("unknown encoding")),
    }
    input.reasons(found)
}

struct Input<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Input<'_> {
    fn malformed(&self, what: &'static str) -> BlockError {
        BlockError::Malformed { at: self.at, what }
    }

    fn byte(&mut self) -> Result<u8, BlockError> {
        let byte = *self.bytes.get(self.at).ok_or(BlockError::CutShort(self.at))?;
        self.at += 1;
        Ok(byte)
    }

    fn number(&mut self) -> Result<u64, BlockError> {
        let mut number = 0;
        for shift in (0..35).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(self.malformed("number too long"))
    }

    fn packed(&mut self, n: usize, found: &mut Vec<Found>) -> Result<(), BlockError> {
        let end = self.at + n.div_ceil(4);
        let body = self.bytes.get(self.at..end).ok_or(BlockError::CutShort(self.bytes.len()))?;
        found.extend((0..n).map(|i| Found(body[i / 4] >> (2 * (i % 4)) & 3)));
        let unused = body.last().filter(|_| !n.is_multiple_of(4)).map_or(0, |last| last >> (2 * (n % 4)));
        self.at = end;
        if unused == 0 { Ok(()) } else { Err(self.malformed("unused bits are set")) }
    }

    fn sparse(&mut self, n: usize, found: &mut Vec<Found>) -> Result<(), BlockError> {
        let majority = self.verdict()?;
        found.resize(n, majority);
        let count = self.number()?;
        let mut position = 0_usize;
        for _ in 0..count {
            let gap = self.number()?;
            let slot = usize::try_from(gap).ok().and_then(|gap| position.checked_add(gap));
            let slot =
                slot.filter(|slot| *slot < n).ok_or(self.malformed("exception outside the population"))?;
            found[slot] = self.verdict()?;
            position = slot + 1;
        }
        Ok(())
    }

    fn verdict(&mut self) -> Result<Found, BlockError> {
        match self.byte()? {
            code @ 0..=3 => Ok(Found(code)),
            _ => Err(self.malformed("unknown verdict code")),
        }
    }

    fn reasons(&mut self, found: &mut [Found]) -> Result<(), BlockError> {
        let (mut left, mut reason) = (0_u64, 0_u8);
        for slot in found.iter_mut().filter(|found| matches!(found.verdict(), 0 | 3)) {
            if left == 0 {
                left = self.number()?;
                reason = self.byte()?;
                if left == 0 || !(1..=7).contains(&reason) {
                    return Err(self.malformed("unknown or empty reason"));
                }
            }
            left -= 1;
            *slot = Found::of(slot.verdict(), reason);
        }
        if left == 0 && self.at == self.bytes.len() {
            Ok(())
        } else {
            Err(self.malformed("content after the last target"))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(bytes: &str, n: usize, expected: Result<Vec<(u8, u8)>, BlockError>) {
        let mut found = Vec::new();
        let read = read(&hex::decode(bytes).expect("hex"), n, &mut found);
        let pairs = found.iter().map(|found| (found.verdict(), found.reason())).collect();
        assert_eq!(read.map(|()| pairs), expected, "{bytes}");
    }

    #[test]
    fn blocks_of_the_writer_are_read() {
        // Pass, fail, unknown (not permitted), not applicable (not present), pass; then a thousand passes.
        check("544b42310500c90101010102", 5, Ok(vec![(1, 0), (2, 0), (0, 1), (3, 2), (1, 0)]));
        check("544b4231e807010100", 1000, Ok(vec![(1, 0); 1000]));
        check("544b42310000", 0, Ok(Vec::new()));
    }

    #[test]
    fn malformed_blocks_are_refused() {
        let malformed = |at, what| Err(BlockError::Malformed { at, what });
        check("", 1, Err(BlockError::NotABlock));
        check("544b4232", 1, Err(BlockError::NotABlock));
        check("544b4231", 1, Err(BlockError::CutShort(4)));
        check("544b423105", 5, Err(BlockError::CutShort(5)));
        check("544b423104", 5, Err(BlockError::OtherCount { actual: 4, expected: 5 }));
        check("544b4231ffffffffff01", 5, malformed(9, "number too long"));
        check("544b42310102", 1, malformed(6, "unknown encoding"));
        check("544b42310100", 1, Err(BlockError::CutShort(6)));
        check("544b4231010005", 1, malformed(7, "unused bits are set"));
        check("544b423101000009", 1, Err(BlockError::CutShort(8)));
        check("544b42310100000109", 1, malformed(9, "unknown or empty reason"));
        check("544b42310100000001", 1, malformed(9, "unknown or empty reason"));
        check("544b423101000101", 1, malformed(7, "content after the last target"));
        check("544b42310101040000", 1, malformed(7, "unknown verdict code"));
        check("544b423101010101010200", 1, malformed(9, "exception outside the population"));
        check("544b42310101010100ff", 1, malformed(10, "unknown verdict code"));
        check("544b4231010101ffffffff0f", 1, Err(BlockError::CutShort(12)));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..80), n in 0..40_usize) {
            let mut found = Vec::new();
            let _ = read(&bytes, n, &mut found);
            let _ = read(&[MAGIC.as_slice(), &[n as u8], &bytes].concat(), n, &mut found);
            prop_assert!(found.len() <= n);
        }
    }
}
