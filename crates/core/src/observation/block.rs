//! Blocks: what one run found with one check over one population, packed and lossless.
//!
//! A block is the truth that the ledger commits to; intervals are an index that can be rebuilt from blocks. It holds
//! exactly one verdict (and reason class, where the verdict needs one) per target, by position in the run's
//! population, and nothing that changes by itself: two runs that found the same have the same bytes and are stored once.
//! The run's leaf binds the digest to the check version, the population and the time.
//!
//! Format 1, all numbers unsigned LEB128 unless said otherwise:
//!
//! ```text
//! "TKB1"                         4 bytes
//! n                              number of targets, at most MAX_TARGETS
//! encoding                       1 byte: 0 packed, 1 sparse
//! packed body                    ceil(n / 4) bytes; target i in bits 2(i mod 4) of byte i / 4; unused bits 0
//! sparse body                    1 byte majority verdict; count; count times (gap, verdict byte), where gap is the
//!                                number of targets since the one before (or since the start) that have the majority
//! reason runs                    until the end: (length, reason code byte) over the targets whose verdict is unknown
//!                                or not applicable, in order; neighbours with equal codes are one run
//! ```
//!
//! The writer takes the shorter body, packed when equal, so equal content has equal bytes. A reader refuses every other
//! spelling.

use super::{ReasonClass, Verdict};
use crate::Digest;

const MAGIC: &[u8; 4] = b"TKB1";
const PACKED: u8 = 0;
const SPARSE: u8 = 1;

/// Largest population of one block.
pub const MAX_TARGETS: usize = 1 << 24;

/// What was found at one target. The reason is present exactly for `unknown` and `not_applicable`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Observation {
    verdict: Verdict,
    reason: Option<ReasonClass>,
}

impl Observation {
    /// Proven to be as asserted.
    pub const PASS: Self = Self { verdict: Verdict::Pass, reason: None };
    /// Shown not to be as asserted.
    pub const FAIL: Self = Self { verdict: Verdict::Fail, reason: None };

    /// Makes an `unknown`.
    #[must_use]
    pub fn unknown(reason: ReasonClass) -> Self {
        Self { verdict: Verdict::Unknown, reason: Some(reason) }
    }

    /// Makes an observation; a missing reason where one is needed reads as "not collected", a superfluous one is dropped.
    #[must_use]
    pub fn new(verdict: Verdict, reason: Option<ReasonClass>) -> Self {
        match verdict {
            Verdict::Pass | Verdict::Fail => Self { verdict, reason: None },
            Verdict::Unknown | Verdict::NotApplicable => {
                Self { verdict, reason: Some(reason.unwrap_or(ReasonClass::NotCollected)) }
            }
        }
    }

    /// Returns the verdict.
    #[must_use]
    pub fn verdict(self) -> Verdict {
        self.verdict
    }

    /// Returns the reason class of an `unknown` or `not_applicable`.
    #[must_use]
    pub fn reason(self) -> Option<ReasonClass> {
        self.reason
    }
}

/// Why bytes are not a block of format 1.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// Does not begin with the magic of format 1.
    #[error("not a block of format 1")]
    NotABlock,
    /// Ends early.
    #[error("block is cut short at byte {0}")]
    CutShort(usize),
    /// Says something impossible, or says it in another spelling than the writer would.
    #[error("block is malformed at byte {at}: {what}")]
    Malformed {
        /// Offset in bytes.
        at: usize,
        /// What is wrong.
        what: &'static str,
    },
    /// More targets than [`MAX_TARGETS`].
    #[error("block has {0} targets, more than {MAX_TARGETS}")]
    TooLarge(u64),
}

/// Counts of a block: the coverage row of one run and check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Counts {
    /// Targets in the population.
    pub expected: u64,
    /// Targets proven as asserted.
    pub pass: u64,
    /// Targets shown not to be as asserted.
    pub fail: u64,
    /// Targets without a subject.
    pub not_applicable: u64,
    /// Targets that could not be seen.
    pub unknown: u64,
}

impl Counts {
    /// Returns how many targets were seen well enough for an answer.
    #[must_use]
    pub fn observed(&self) -> u64 {
        self.expected - self.unknown
    }

    /// Counts observations.
    #[must_use]
    pub fn of(observations: &[Observation]) -> Self {
        let mut counts = Self::default();
        observations.iter().for_each(|observation| counts.count(observation.verdict));
        counts
    }

    /// Counts one more target.
    pub fn count(&mut self, verdict: Verdict) {
        self.expected += 1;
        match verdict {
            Verdict::Unknown => self.unknown += 1,
            Verdict::Pass => self.pass += 1,
            Verdict::Fail => self.fail += 1,
            Verdict::NotApplicable => self.not_applicable += 1,
        }
    }

    /// Adds `other`, for totals over checks.
    pub fn add(&mut self, other: &Self) {
        self.expected += other.expected;
        self.pass += other.pass;
        self.fail += other.fail;
        self.not_applicable += other.not_applicable;
        self.unknown += other.unknown;
    }
}

/// Writes a block.
///
/// # Errors
/// If there are more than [`MAX_TARGETS`] observations.
pub fn encode(observations: &[Observation]) -> Result<Vec<u8>, BlockError> {
    if observations.len() > MAX_TARGETS {
        return Err(BlockError::TooLarge(observations.len() as u64));
    }
    let mut out = Vec::with_capacity(16 + observations.len() / 4);
    out.extend_from_slice(MAGIC);
    put_number(&mut out, observations.len() as u64);
    let sparse = sparse_body(observations);
    if sparse.len() < observations.len().div_ceil(4) {
        out.push(SPARSE);
        out.extend_from_slice(&sparse);
    } else {
        out.push(PACKED);
        out.extend(observations.chunks(4).map(|four| {
            four.iter()
                .enumerate()
                .fold(0, |byte, (i, observation)| byte | observation.verdict.code() << (2 * i))
        }));
    }
    let mut codes = observations.iter().filter_map(|o| o.reason).map(ReasonClass::code).peekable();
    while let Some(code) = codes.next() {
        let mut length = 1;
        while codes.next_if_eq(&code).is_some() {
            length += 1;
        }
        put_number(&mut out, length);
        out.push(code);
    }
    Ok(out)
}

/// Reads a block.
///
/// # Errors
/// If the bytes are not exactly what [`encode`] would write.
pub fn decode(bytes: &[u8]) -> Result<Vec<Observation>, BlockError> {
    let mut input = Input { bytes, at: 0 };
    if bytes.get(..4) != Some(MAGIC) {
        return Err(BlockError::NotABlock);
    }
    input.at = 4;
    let n = input.number()?;
    if n > MAX_TARGETS as u64 {
        return Err(BlockError::TooLarge(n));
    }
    let n = usize::try_from(n).expect("at most MAX_TARGETS");
    let verdicts = match input.byte()? {
        PACKED => input.packed(n)?,
        SPARSE => input.sparse(n)?,
        _ => return Err(input.malformed("unknown encoding")),
    };
    let observations = input.reasons(&verdicts)?;
    if encode(&observations)? != bytes {
        return Err(input.malformed("not the shortest spelling"));
    }
    Ok(observations)
}

/// Returns the digest that identifies a block.
#[must_use]
pub fn digest(block: &[u8]) -> Digest {
    Digest::of(block)
}

/// Returns the digest over a run's blocks that the run's leaf commits to: SHA-256 over the concatenation of
/// (check version digest, block digest), 64 bytes each, ordered by check version.
#[must_use]
pub fn manifest_digest(blocks: &[(Digest, Digest)]) -> Digest {
    let mut sorted = blocks.to_vec();
    sorted.sort_unstable();
    let bytes: Vec<u8> = sorted.iter().flat_map(|(check, block)| [check.0, block.0]).flatten().collect();
    Digest::of(&bytes)
}

fn sparse_body(observations: &[Observation]) -> Vec<u8> {
    let counts = Counts::of(observations);
    let by_code = [counts.unknown, counts.pass, counts.fail, counts.not_applicable];
    // The lowest code wins a tie, so that equal content has equal bytes.
    let majority = (0..4).rev().max_by_key(|&code| by_code[code]).expect("four codes");
    let majority = Verdict::ALL[majority];
    let exceptions = observations.len() as u64 - by_code[usize::from(majority.code())];
    let mut body = vec![majority.code()];
    put_number(&mut body, exceptions);
    let mut gap = 0;
    for observation in observations {
        if observation.verdict == majority {
            gap += 1;
        } else {
            put_number(&mut body, gap);
            body.push(observation.verdict.code());
            gap = 0;
        }
    }
    body
}

fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
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

    fn verdict(&mut self) -> Result<Verdict, BlockError> {
        let byte = self.byte()?;
        if byte > 3 {
            return Err(self.malformed("unknown verdict code"));
        }
        Ok(Verdict::from_code(byte))
    }

    fn packed(&mut self, n: usize) -> Result<Vec<Verdict>, BlockError> {
        let end = self.at + n.div_ceil(4);
        let body = self.bytes.get(self.at..end).ok_or(BlockError::CutShort(self.bytes.len()))?;
        self.at = end;
        Ok((0..n).map(|i| Verdict::from_code(body[i / 4] >> (2 * (i % 4)))).collect())
    }

    fn sparse(&mut self, n: usize) -> Result<Vec<Verdict>, BlockError> {
        let majority = self.verdict()?;
        let mut verdicts = vec![majority; n];
        let mut position = 0;
        for _ in 0..self.number()? {
            let gap = usize::try_from(self.number()?).map_err(|_| self.malformed("gap too long"))?;
            position += gap;
            let slot = verdicts
                .get_mut(position)
                .ok_or(BlockError::Malformed { at: self.at, what: "exception outside the population" })?;
            *slot = self.verdict()?;
            position += 1;
        }
        Ok(verdicts)
    }

    fn reasons(&mut self, verdicts: &[Verdict]) -> Result<Vec<Observation>, BlockError> {
        let mut left = 0;
        let mut reason = None;
        let mut observations = Vec::with_capacity(verdicts.len());
        for &verdict in verdicts {
            if matches!(verdict, Verdict::Pass | Verdict::Fail) {
                observations.push(Observation { verdict, reason: None });
                continue;
            }
            if left == 0 {
                left = self.number()?;
                let code = self.byte()?;
                reason = Some(ReasonClass::from_code(code).ok_or(self.malformed("unknown reason code"))?);
                if left == 0 {
                    return Err(self.malformed("empty run of reasons"));
                }
            }
            left -= 1;
            observations.push(Observation { verdict, reason });
        }
        if left != 0 || self.at != self.bytes.len() {
            return Err(self.malformed("content after the last target"));
        }
        Ok(observations)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn observation() -> impl Strategy<Value = Observation> {
        (0_u8..4, 1_u8..8).prop_map(|(verdict, reason)| {
            Observation::new(Verdict::from_code(verdict), ReasonClass::from_code(reason))
        })
    }

    fn mostly_passing() -> impl Strategy<Value = Observation> {
        prop_oneof![20 => Just(Observation::PASS), 1 => observation()]
    }

    #[test]
    fn the_format_is_fixed() {
        let observations = [
            Observation::PASS,
            Observation::FAIL,
            Observation::unknown(ReasonClass::NotPermitted),
            Observation::new(Verdict::NotApplicable, Some(ReasonClass::NotPresent)),
            Observation::PASS,
        ];
        let block = encode(&observations).expect("small");
        // 1 + 2*4 + 0*16 + 3*64 = 0xc9, then 1 for the fifth target; reasons: one "not permitted", one "not present".
        assert_eq!(hex::encode(&block), "544b42310500c90101010102");
        assert_eq!(decode(&block), Ok(observations.to_vec()));
    }

    #[test]
    fn a_thousand_passing_targets_take_a_few_bytes() {
        let block = encode(&vec![Observation::PASS; 1000]).expect("small");
        assert_eq!(hex::encode(&block), "544b4231e807010100");
    }

    #[test]
    fn malformed_blocks_are_refused() {
        for (bytes, expected) in [
            ("", BlockError::NotABlock),
            ("544b4232", BlockError::NotABlock),
            ("544b4231", BlockError::CutShort(4)),
            ("544b423105", BlockError::CutShort(5)),
            ("544b4231050065", BlockError::CutShort(7)),
            ("544b4231ffffffffff01", BlockError::Malformed { at: 9, what: "number too long" }),
            ("544b4231ffffff7f", BlockError::TooLarge(268_435_455)),
            ("544b42310102", BlockError::Malformed { at: 6, what: "unknown encoding" }),
            ("544b4231010000", BlockError::CutShort(7)),
            ("544b423101000009", BlockError::CutShort(8)),
            ("544b42310100000109", BlockError::Malformed { at: 9, what: "unknown reason code" }),
            ("544b423101000101", BlockError::Malformed { at: 7, what: "content after the last target" }),
            // Unused bits set, and a sparse body where packed is not longer.
            ("544b4231010005", BlockError::Malformed { at: 7, what: "not the shortest spelling" }),
            ("544b423101010100", BlockError::Malformed { at: 8, what: "not the shortest spelling" }),
        ] {
            assert_eq!(decode(&hex::decode(bytes).expect("hex")), Err(expected), "{bytes}");
        }
    }

    proptest! {
        #[test]
        fn every_block_reads_back(observations in prop::collection::vec(
            prop_oneof![observation(), mostly_passing()], 0..600)) {
            let block = encode(&observations).expect("small");
            prop_assert!(block.len() <= 8 + observations.len().div_ceil(4) + 2 * observations.len());
            prop_assert_eq!(decode(&block), Ok(observations));
        }

        #[test]
        fn sparse_blocks_read_back(observations in prop::collection::vec(mostly_passing(), 0..3000)) {
            prop_assert_eq!(decode(&encode(&observations).expect("small")), Ok(observations));
        }

        #[test]
        fn foreign_bytes_never_panic_and_have_one_spelling(tail in prop::collection::vec(any::<u8>(), 0..40)) {
            let bytes = [MAGIC.as_slice(), &tail].concat();
            if let Ok(observations) = decode(&bytes) {
                prop_assert_eq!(encode(&observations), Ok(bytes));
            }
        }
    }
}
