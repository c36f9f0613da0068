//! Chance that repeats: the same seed and place give the same number, whatever was drawn before.

use sha2::{Digest as _, Sha256};

/// A seed from which every detail of the example is drawn by the name of its place.
///
/// Drawing by place instead of in order keeps a detail as it is when another one is added before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chance(u64);

impl Chance {
    /// Begins with a seed.
    pub(super) fn of(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns 32 bytes for a place.
    pub(super) fn bytes(self, place: &str, number: u64) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.0.to_be_bytes());
        hash.update(number.to_be_bytes());
        hash.update(place.as_bytes());
        hash.finalize().into()
    }

    /// Returns a number below `bound`, which is above 0. The bias of the remainder is below 2^-32 for the small bounds
    /// of a story.
    pub(super) fn below(self, bound: u64, place: &str, number: u64) -> u64 {
        let bytes = self.bytes(place, number);
        let (head, _) = bytes.split_at(8);
        u64::from_be_bytes(head.try_into().expect("eight bytes")) % bound
    }

    /// Returns one of `choices`, which is not empty.
    pub(super) fn pick<'a, T>(self, choices: &'a [T], place: &str, number: u64) -> &'a T {
        let index = self.below(choices.len() as u64, place, number);
        &choices[usize::try_from(index).expect("below a length")]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_gives_the_same_number_again_and_another_place_another() {
        let chance = Chance::of(7);
        assert_eq!(chance.below(1000, "a", 1), Chance::of(7).below(1000, "a", 1));
        let drawn: std::collections::BTreeSet<u64> =
            (0..100).map(|n| chance.below(1 << 40, "a", n)).collect();
        assert_eq!(drawn.len(), 100);
        assert_ne!(chance.bytes("a", 1), Chance::of(8).bytes("a", 1));
        assert!((0..100).all(|n| chance.below(3, "b", n) < 3));
    }
}
