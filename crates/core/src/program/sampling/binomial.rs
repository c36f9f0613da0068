//! The binomial distribution in whole numbers: deviations in a sample of a population too large to be used up.
//!
//! A probability of n draws at a rate t / D is a whole number over D^n. Both are kept as they are, so a comparison with
//! a risk is a comparison of two whole numbers.

use num_bigint::BigUint;

use super::rate::{Rate, WHOLE_BP};

/// A rate as a fraction in lowest terms, which keeps the powers short: 5 % is 1 / 20.
fn lowest(rate: Rate) -> (u32, u32) {
    let (mut a, mut b) = (rate.bp(), WHOLE_BP);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    (rate.bp() / a, WHOLE_BP / a)
}

/// Tells whether P(X <= `found` | `size`, `rate`) is at most `risk`.
///
/// The sum of C(n,i) t^i (D-t)^(n-i) over i = 0 to k is (D-t)^(n-k) times a short sum, which is what is computed.
pub(super) fn is_at_most(size: u32, found: u32, rate: Rate, risk: Rate) -> bool {
    if found >= size {
        return risk.bp() == WHOLE_BP;
    }
    let (t, d) = lowest(rate);
    let rest = d - t;
    // After step i: the sum over j = 0 to i of C(n,j) t^j (D-t)^(i-j).
    let mut term = BigUint::from(1_u32);
    let mut sum = term.clone();
    for i in 1..=found {
        term = term * (size - i + 1) / i * t;
        sum = sum * rest + &term;
    }
    let left = sum * BigUint::from(rest).pow(size - found) * WHOLE_BP;
    left <= BigUint::from(d).pow(size) * risk.bp()
}

/// A walk over sizes and accepted deviations that keeps `D^n P(X <= k)` and `D^n P(X = k)` exactly, one step at a time.
pub(super) struct Walk {
    t: u32,
    d: u32,
    size: u32,
    found: u32,
    at_most: BigUint,
    exactly: BigUint,
    whole: BigUint,
}

impl Walk {
    /// Begins with one unit and no deviation.
    pub(super) fn new(rate: Rate) -> Self {
        let (t, d) = lowest(rate);
        let rest = BigUint::from(d - t);
        Self { t, d, size: 1, found: 0, at_most: rest.clone(), exactly: rest, whole: BigUint::from(d) }
    }

    /// Returns the size it stands at.
    pub(super) fn size(&self) -> u32 {
        self.size
    }

    /// Tells whether the probability it stands at is at most `risk`.
    pub(super) fn is_at_most(&self, risk: Rate) -> bool {
        &self.at_most * WHOLE_BP <= &self.whole * risk.bp()
    }

    /// Draws one unit more: P(X <= k | n+1) = P(X <= k | n) - P(X = k | n) t / D.
    pub(super) fn draw(&mut self) {
        self.at_most = &self.at_most * self.d - &self.exactly * self.t;
        self.size += 1;
        self.exactly = &self.exactly * self.size * (self.d - self.t) / (self.size - self.found);
        self.whole *= self.d;
    }

    /// Accepts one deviation more. A size that would be all deviations grows with it.
    pub(super) fn accept(&mut self) {
        if self.size > self.found + 1 {
            let left = self.size - self.found;
            self.found += 1;
            self.exactly = &self.exactly * left * self.t / self.found / (self.d - self.t);
            self.at_most += &self.exactly;
            return;
        }
        // All but at most one of the units deviate: the rest of the whole is t^n.
        let all = &self.whole - &self.at_most;
        self.exactly = &self.exactly / self.size * self.t * (self.size + 1);
        self.found += 1;
        self.size += 1;
        self.whole *= self.d;
        self.at_most = &self.whole - all * self.t;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(text: &str) -> Rate {
        text.parse().expect("a rate")
    }

    #[test]
    fn the_known_misprint_is_just_above_ten_percent() {
        assert!(!is_at_most(112, 4, rate("7%"), rate("10%")), "printed, and a little too small");
        assert!(is_at_most(113, 4, rate("7%"), rate("10%")));
        assert!(is_at_most(59, 0, rate("5%"), rate("5%")) && !is_at_most(58, 0, rate("5%"), rate("5%")));
    }

    /// Two ways to the same number.
    #[test]
    fn the_walk_is_where_the_sum_is() {
        for tolerable in ["0.01%", "3%", "7.5%", "50%", "99%"].map(rate) {
            let mut walk = Walk::new(tolerable);
            for step in 0..60_u32 {
                for risk in ["1%", "5%", "10%", "50%"].map(rate) {
                    assert_eq!(
                        walk.is_at_most(risk),
                        is_at_most(walk.size, walk.found, tolerable, risk),
                        "{tolerable} {risk} {} {}",
                        walk.size,
                        walk.found
                    );
                }
                if step % 7 == 3 { walk.accept() } else { walk.draw() }
            }
            for _ in 0..60 {
                walk.accept();
                assert!(walk.size > walk.found);
                assert!(
                    !walk.is_at_most(rate("0.01%"))
                        || is_at_most(walk.size, walk.found, tolerable, rate("0.01%"))
                );
            }
        }
    }
}
