//! Sets of moments as sorted stretches that do not touch.

use serde::{Deserialize, Serialize};

use crate::{Span, Timestamp};

/// A set of moments: stretches, each from inclusive to exclusive, in order, with time between them.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "Vec<(Timestamp, Timestamp)>", into = "Vec<(Timestamp, Timestamp)>")]
pub struct Spans(Vec<(Timestamp, Timestamp)>);

impl From<Vec<(Timestamp, Timestamp)>> for Spans {
    fn from(spans: Vec<(Timestamp, Timestamp)>) -> Self {
        Self::of(spans)
    }
}

impl From<Spans> for Vec<(Timestamp, Timestamp)> {
    fn from(spans: Spans) -> Self {
        spans.0
    }
}

impl Spans {
    /// Makes the set of one stretch; empty if `to` is not after `from`.
    #[must_use]
    pub fn one(from: Timestamp, to: Timestamp) -> Self {
        Self::of([(from, to)])
    }

    /// Makes the set of all moments of some stretches.
    #[must_use]
    pub fn of(spans: impl IntoIterator<Item = (Timestamp, Timestamp)>) -> Self {
        let mut spans: Vec<_> = spans.into_iter().filter(|(from, to)| from < to).collect();
        spans.sort_unstable();
        let mut out: Vec<(Timestamp, Timestamp)> = Vec::with_capacity(spans.len());
        for (from, to) in spans {
            match out.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => out.push((from, to)),
            }
        }
        Self(out)
    }

    /// Makes the set of a span, an open end being `now`.
    #[must_use]
    pub fn of_span(span: Span, now: Timestamp) -> Self {
        Self::one(span.from, span.to.unwrap_or(now))
    }

    /// Tells whether it holds no moment.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the stretches in order.
    pub fn iter(&self) -> impl Iterator<Item = (Timestamp, Timestamp)> + '_ {
        self.0.iter().copied()
    }

    /// Tells whether it holds a moment.
    #[must_use]
    pub fn contains(&self, at: Timestamp) -> bool {
        let next = self.0.partition_point(|(from, _)| *from <= at);
        next > 0 && at < self.0[next - 1].1
    }

    /// Returns the moments of either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self::of(self.iter().chain(other.iter()))
    }

    /// Returns the moments of both.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Self {
        let (mut i, mut j) = (0, 0);
        let mut out = Vec::new();
        while let (Some(a), Some(b)) = (self.0.get(i), other.0.get(j)) {
            let (from, to) = (a.0.max(b.0), a.1.min(b.1));
            if from < to {
                out.push((from, to));
            }
            if a.1 < b.1 {
                i += 1;
            } else {
                j += 1;
            }
        }
        Self(out)
    }

    /// Returns the moments of this one that the other does not hold.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        let mut out = Vec::new();
        for (mut from, to) in self.iter() {
            let first = other.0.partition_point(|(_, end)| *end <= from);
            for &(cut_from, cut_to) in &other.0[first..] {
                if cut_from >= to {
                    break;
                }
                if from < cut_from {
                    out.push((from, cut_from));
                }
                from = from.max(cut_to);
            }
            if from < to {
                out.push((from, to));
            }
        }
        Self(out)
    }

    /// Returns the length in microseconds.
    #[must_use]
    pub fn micros(&self) -> i64 {
        self.iter().map(|(from, to)| to.micros() - from.micros()).sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn spans() -> impl Strategy<Value = Spans> {
        prop::collection::vec((0_i64..60, 0_i64..20), 0..8).prop_map(|parts| {
            let at = Timestamp::from_micros;
            Spans::of(parts.into_iter().map(|(from, length)| (at(from), at(from + length))))
        })
    }

    proptest! {
        #[test]
        fn sets_of_moments_behave_as_sets(a in spans(), b in spans(), c in spans()) {
            prop_assert_eq!(a.union(&b).union(&c), a.union(&b.union(&c)));
            prop_assert_eq!(a.union(&b), b.union(&a));
            let (union, both, less) = (a.union(&b), a.intersect(&b), a.minus(&b));
            for moment in 0..80 {
                let at = Timestamp::from_micros(moment);
                let (in_a, in_b) = (a.contains(at), b.contains(at));
                prop_assert_eq!(union.contains(at), in_a || in_b);
                prop_assert_eq!(both.contains(at), in_a && in_b);
                prop_assert_eq!(less.contains(at), in_a && !in_b);
            }
            prop_assert_eq!(less.union(&both), a.clone());
            prop_assert_eq!(less.micros() + both.micros(), a.micros());
        }
    }
}
