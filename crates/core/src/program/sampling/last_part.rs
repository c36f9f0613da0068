//! The end of a period: some of what is tested comes from it, whenever testing began.

use crate::Timestamp;

/// Share of what is tested that comes from the last fourth of a period, in basis points.
const LAST_PART_BP: u64 = 2_000;

/// Returns the first moment of the last fourth of a period: the last quarter of a year.
#[must_use]
pub fn last_part_of(from: Timestamp, to: Timestamp) -> Timestamp {
    to.plus_micros(-(to.micros().saturating_sub(from.micros()) / 4))
}

/// Returns how many of `size` units come from the last fourth of a period.
///
/// Source: `docs/domain/audit-methods.md` section 7: at least 20 %. Of 25 units these are 5, of 8 they are 2.
#[must_use]
pub fn needed_of_last_part(size: u64) -> u64 {
    size.saturating_mul(LAST_PART_BP).div_ceil(10_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("{text}T00:00:00Z").parse().expect("a moment")
    }

    #[test]
    fn a_fifth_of_a_sample_comes_from_the_last_fourth() {
        let sizes: Vec<u64> = [0, 1, 5, 8, 25, 40].map(needed_of_last_part).to_vec();
        assert_eq!(sizes, [0, 1, 1, 2, 5, 8]);
        let begin = last_part_of(at("2026-01-01"), at("2026-12-27"));
        assert_eq!(begin, at("2026-09-28"), "360 days have a last fourth of 90");
    }
}
