//! The hypergeometric distribution in whole numbers: deviations in a sample of a population of known size.
//!
//! A probability of n draws from N is a count of selections over C(N,n). Both are kept as they are.

use num_bigint::BigUint;

use super::rate::{Rate, WHOLE_BP};

/// Returns C(n,k).
fn choose(n: u64, k: u64) -> BigUint {
    if k > n {
        return BigUint::ZERO;
    }
    let k = k.min(n - k);
    (0..k).fold(BigUint::from(1_u32), |product, i| product * (n - i) / (i + 1))
}

/// Returns the number of selections of `size` from `population` with at most `found` of its `deviations`:
/// the sum of C(K,i) C(N-K,n-i) over i = 0 to k.
fn selections(population: u64, deviations: u64, size: u64, found: u64) -> BigUint {
    let conforming = population - deviations;
    let first = size.saturating_sub(conforming);
    let last = found.min(deviations).min(size);
    if first > last {
        return BigUint::ZERO;
    }
    let mut term = choose(deviations, first) * choose(conforming, size - first);
    let mut sum = term.clone();
    for i in first..last {
        // Exact: the product is a multiple of both divisors together.
        term = term * (deviations - i) * (size - i) / ((i + 1) * (conforming + i + 1 - size));
        sum += &term;
    }
    sum
}

/// Tells whether P(X <= `found`) is at most `risk` for samples of one size from one population, for any number of
/// deviations in it.
pub(super) struct Sampled {
    population: u64,
    size: u64,
    whole: BigUint,
}

impl Sampled {
    pub(super) fn new(population: u64, size: u64) -> Self {
        Self { population, size, whole: choose(population, size) }
    }

    pub(super) fn is_at_most(&self, deviations: u64, found: u64, risk: Rate) -> bool {
        selections(self.population, deviations, self.size, found) * WHOLE_BP <= &self.whole * risk.bp()
    }
}

/// A walk over sizes and accepted deviations that keeps `C(N,n) P(X <= k)` and `C(N,n) P(X = k)` exactly.
pub(super) struct Walk {
    population: u64,
    deviations: u64,
    size: u64,
    found: u64,
    at_most: BigUint,
    exactly: BigUint,
    whole: BigUint,
}

impl Walk {
    /// Begins with one unit and no deviation.
    pub(super) fn new(population: u64, deviations: u64) -> Self {
        let conforming = BigUint::from(population - deviations);
        Self {
            population,
            deviations,
            size: 1,
            found: 0,
            at_most: conforming.clone(),
            exactly: conforming,
            whole: BigUint::from(population),
        }
    }

    /// Returns the size it stands at.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Tells whether the probability it stands at is at most `risk`.
    pub(super) fn is_at_most(&self, risk: Rate) -> bool {
        &self.at_most * WHOLE_BP <= &self.whole * risk.bp()
    }

    /// Draws one unit more: of the N - n that are left, K - k deviate where k were found.
    pub(super) fn draw(&mut self) {
        let left = self.population - self.size;
        self.at_most =
            (&self.at_most * left - &self.exactly * (self.deviations - self.found)) / (self.size + 1);
        let conforming_left = (self.population - self.deviations + self.found).saturating_sub(self.size);
        self.size += 1;
        self.exactly = &self.exactly * conforming_left / (self.size - self.found);
        self.whole = &self.whole * left / self.size;
    }

    /// Accepts one deviation more, below the number there are. A size that would be all deviations grows with it.
    pub(super) fn accept(&mut self) {
        if self.size > self.found + 1 {
            let divisor = (self.found + 1) * (self.population - self.deviations + self.found + 1 - self.size);
            let factor = (self.deviations - self.found) * (self.size - self.found);
            self.exactly = &self.exactly * factor / divisor;
            self.found += 1;
            self.at_most += &self.exactly;
            return;
        }
        // All but at most one of the units deviate: the rest of the whole is C(K,n).
        let all = (&self.whole - &self.at_most) * self.deviations.saturating_sub(self.size) / (self.size + 1);
        self.exactly = &self.exactly * (self.deviations - self.found) / (self.found + 1);
        self.whole = &self.whole * (self.population - self.size) / (self.size + 1);
        self.found += 1;
        self.size += 1;
        self.at_most = &self.whole - all;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(text: &str) -> Rate {
        text.parse().expect("a rate")
    }

    #[test]
    fn selections_add_up() {
        assert_eq!(choose(52, 5), BigUint::from(2_598_960_u32));
        assert_eq!((choose(5, 0), choose(5, 5), choose(0, 0)), (1_u32.into(), 1_u32.into(), 1_u32.into()));
        for deviations in 0..=12 {
            for size in 0..=12 {
                assert_eq!(selections(12, deviations, size, 12), choose(12, size), "{deviations} {size}");
            }
        }
        // By hand: of 4 with 2 deviations, 2 drawn; none in 1 of 6 selections, at most one in 5.
        assert_eq!((selections(4, 2, 2, 0), selections(4, 2, 2, 1)), (1_u32.into(), 5_u32.into()));
    }

    #[test]
    fn the_walk_is_where_the_sum_is() {
        for (population, deviations) in [(60_u64, 3_u64), (61, 30), (40, 39), (100, 6)] {
            let mut walk = Walk::new(population, deviations);
            for step in 0.. {
                let sampled = Sampled::new(population, walk.size);
                for risk in ["1%", "5%", "10%", "50%"].map(rate) {
                    assert_eq!(
                        walk.is_at_most(risk),
                        sampled.is_at_most(deviations, walk.found, risk),
                        "{population} {deviations} {} {}",
                        walk.size,
                        walk.found
                    );
                }
                if walk.size == population {
                    break;
                }
                let is_used_up = walk.size - walk.found >= population - deviations;
                if step % 5 == 2 && walk.found + 1 < deviations && !is_used_up {
                    walk.accept()
                } else {
                    walk.draw()
                }
            }
        }
    }
}
