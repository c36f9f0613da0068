//! Sets of numbers as sorted, disjoint, inclusive ranges, and IP prefixes as such ranges.
//!
//! One algebra serves addresses (as 128-bit numbers) and ports. Ranges are merged whenever they touch, so equal sets
//! have equal representations.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use tickmark_core::observation::host::network::{Family, Scope};

/// A set of numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RangeSet(Vec<(u128, u128)>);

impl RangeSet {
    pub(crate) fn of(ranges: impl IntoIterator<Item = (u128, u128)>) -> Self {
        let mut ranges: Vec<_> = ranges.into_iter().filter(|(first, last)| first <= last).collect();
        ranges.sort_unstable();
        let mut merged: Vec<(u128, u128)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match merged.last_mut() {
                Some(previous) if first <= previous.1.saturating_add(1) => previous.1 = previous.1.max(last),
                _ => merged.push((first, last)),
            }
        }
        Self(merged)
    }

    pub(crate) fn all_addresses(family: Family) -> Self {
        Self(vec![(0, highest(family))])
    }

    pub(crate) fn all_ports() -> Self {
        Self(vec![(0, u128::from(u16::MAX))])
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn ranges(&self) -> &[(u128, u128)] {
        &self.0
    }

    pub(crate) fn contains(&self, value: u128) -> bool {
        self.0.iter().any(|(first, last)| (*first..=*last).contains(&value))
    }

    pub(crate) fn union(&self, other: &Self) -> Self {
        Self::of(self.0.iter().chain(&other.0).copied())
    }

    pub(crate) fn intersection(&self, other: &Self) -> Self {
        let mut out = Vec::new();
        let (mut left, mut right) = (0, 0);
        while let (Some(one), Some(two)) = (self.0.get(left), other.0.get(right)) {
            let (first, last) = (one.0.max(two.0), one.1.min(two.1));
            if first <= last {
                out.push((first, last));
            }
            if one.1 < two.1 {
                left += 1;
            } else {
                right += 1;
            }
        }
        Self(out)
    }

    pub(crate) fn difference(&self, other: &Self) -> Self {
        let mut out = Vec::new();
        for &(first, last) in &self.0 {
            let mut from = Some(first);
            for &(cut_first, cut_last) in &other.0 {
                let Some(start) = from else { break };
                if cut_last < start || cut_first > last {
                    continue;
                }
                if cut_first > start {
                    out.push((start, cut_first - 1));
                }
                from = cut_last.checked_add(1).filter(|next| *next <= last);
            }
            if let Some(start) = from {
                out.push((start, last));
            }
        }
        Self(out)
    }

    pub(crate) fn is_superset(&self, other: &Self) -> bool {
        other.difference(self).is_empty()
    }

    /// Writes an address set as the fewest prefixes, sorted by address.
    pub(crate) fn prefixes(&self, family: Family) -> Vec<String> {
        let width = width(family);
        let mut out = Vec::new();
        for &(first, last) in &self.0 {
            let mut at = first;
            loop {
                // The largest aligned block that starts here and fits.
                let mut bits = at.trailing_zeros().min(width);
                while bits > 0 && (block_end(at, bits) > last) {
                    bits -= 1;
                }
                out.push(format!("{}/{}", address(family, at), width - bits));
                let end = block_end(at, bits);
                if end >= last {
                    break;
                }
                at = end + 1;
            }
        }
        out
    }

    /// Tells how far an address set reaches.
    pub(crate) fn scope(&self, family: Family) -> Scope {
        let within = |prefixes: &[&str]| {
            let set =
                Self::of(prefixes.iter().filter_map(|text| Prefix::parse(text)).map(|prefix| prefix.range()));
            set.is_superset(self)
        };
        let (loopback, private): (&[&str], &[&str]) = match family {
            Family::Ip4 => (
                &["127.0.0.0/8"],
                &[
                    "127.0.0.0/8",
                    "10.0.0.0/8",
                    "172.16.0.0/12",
                    "192.168.0.0/16",
                    "169.254.0.0/16",
                    "100.64.0.0/10",
                ],
            ),
            Family::Ip6 => (&["::1/128"], &["::1/128", "fc00::/7", "fe80::/10"]),
        };
        if within(loopback) {
            Scope::Loopback
        } else if within(private) {
            Scope::Private
        } else if self.is_superset(&Self::all_addresses(family)) {
            Scope::Any
        } else {
            Scope::Public
        }
    }
}

fn block_end(start: u128, bits: u32) -> u128 {
    if bits >= 128 { u128::MAX } else { start | ((1_u128 << bits) - 1) }
}

fn width(family: Family) -> u32 {
    match family {
        Family::Ip4 => 32,
        Family::Ip6 => 128,
    }
}

fn highest(family: Family) -> u128 {
    match family {
        Family::Ip4 => u128::from(u32::MAX),
        Family::Ip6 => u128::MAX,
    }
}

fn address(family: Family, value: u128) -> IpAddr {
    match family {
        Family::Ip4 => IpAddr::V4(Ipv4Addr::from(u32::try_from(value).unwrap_or(u32::MAX))),
        Family::Ip6 => IpAddr::V6(Ipv6Addr::from(value)),
    }
}

/// An IP prefix; host bits are cleared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Prefix {
    pub(crate) family: Family,
    first: u128,
    pub(crate) length: u32,
}

impl Prefix {
    /// Reads `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, `10.1.2.3` and the same for IPv6.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (host, suffix) = text.split_once('/').map_or((text, None), |(host, suffix)| (host, Some(suffix)));
        let host: IpAddr = host.parse().ok()?;
        let (family, value) = numeric(host);
        let width = width(family);
        let length = match suffix {
            None => width,
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().ok()?,
            Some(mask) => {
                let (mask_family, mask) = numeric(mask.parse().ok()?);
                let ones = mask.count_ones();
                let contiguous = mask == highest(family) & !low_mask(width - ones.min(width));
                (mask_family == family && contiguous).then_some(ones)?
            }
        };
        (length <= width).then(|| Self { family, first: value & !low_mask(width - length), length })
    }

    pub(crate) fn range(self) -> (u128, u128) {
        (self.first, self.first | low_mask(width(self.family) - self.length))
    }

    pub(crate) fn overlaps(self, other: Self) -> bool {
        let ((a, b), (c, d)) = (self.range(), other.range());
        self.family == other.family && a <= d && c <= b
    }
}

fn low_mask(bits: u32) -> u128 {
    if bits >= 128 { u128::MAX } else { (1_u128 << bits) - 1 }
}

/// Returns family and number of an address.
pub(crate) fn numeric(host: IpAddr) -> (Family, u128) {
    match host {
        IpAddr::V4(v4) => (Family::Ip4, u128::from(u32::from(v4))),
        IpAddr::V6(v6) => (Family::Ip6, u128::from(v6)),
    }
}

/// Tells how far a single address reaches when something listens on it.
pub(crate) fn listen_scope(host: IpAddr) -> Scope {
    // An IPv4 address inside IPv6 reaches as far as the IPv4 address.
    let host = host.to_canonical();
    if host.is_unspecified() {
        return Scope::Any;
    }
    let (family, value) = numeric(host);
    RangeSet(vec![(value, value)]).scope(family)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set(prefixes: &[&str]) -> RangeSet {
        RangeSet::of(prefixes.iter().map(|text| Prefix::parse(text).expect("prefix").range()))
    }

    #[test]
    fn prefixes_are_read_and_merged() {
        let check =
            |input: &[&str], family, expected: &[&str]| assert_eq!(set(input).prefixes(family), expected);
        check(&["10.1.2.3/8"], Family::Ip4, &["10.0.0.0/8"]);
        check(&["10.0.0.0/255.255.0.0"], Family::Ip4, &["10.0.0.0/16"]);
        check(&["10.0.0.0/9", "10.128.0.0/9"], Family::Ip4, &["10.0.0.0/8"]);
        check(&["0.0.0.0/1", "128.0.0.0/1"], Family::Ip4, &["0.0.0.0/0"]);
        check(&["::/1", "8000::/1"], Family::Ip6, &["::/0"]);
        check(&["2001:db8::1"], Family::Ip6, &["2001:db8::1/128"]);
        for bad in
            ["", "10.0.0.0/33", "10.0.0.0/255.0.255.0", "10.0.0/8", "::/129", "x", "10.0.0.0/-1", "10.0.0.0/"]
        {
            assert!(Prefix::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn scopes_follow_the_widest_address() {
        let check =
            |input: &[&str], family, expected| assert_eq!(set(input).scope(family), expected, "{input:?}");
        check(&["127.0.0.1"], Family::Ip4, Scope::Loopback);
        check(&["10.0.0.0/8", "192.168.1.0/24"], Family::Ip4, Scope::Private);
        check(&["10.0.0.0/7"], Family::Ip4, Scope::Public);
        check(&["8.8.8.8"], Family::Ip4, Scope::Public);
        check(&["0.0.0.0/0"], Family::Ip4, Scope::Any);
        check(&["fe80::/10"], Family::Ip6, Scope::Private);
        check(&["::/0"], Family::Ip6, Scope::Any);
        let listen =
            |host: &str, expected| assert_eq!(listen_scope(host.parse().expect("address")), expected);
        listen("::", Scope::Any);
        listen("::ffff:127.0.0.1", Scope::Loopback);
        listen("::ffff:0.0.0.0", Scope::Any);
    }

    fn ranges() -> impl Strategy<Value = RangeSet> {
        prop::collection::vec((0_u128..64, 0_u128..64), 0..6).prop_map(RangeSet::of)
    }

    proptest! {
        #[test]
        fn operations_agree_with_membership(a in ranges(), b in ranges(), x in 0_u128..70) {
            prop_assert_eq!(a.union(&b).contains(x), a.contains(x) || b.contains(x));
            prop_assert_eq!(a.intersection(&b).contains(x), a.contains(x) && b.contains(x));
            prop_assert_eq!(a.difference(&b).contains(x), a.contains(x) && !b.contains(x));
            prop_assert_eq!(a.is_superset(&b), b.difference(&a).is_empty());
        }

        #[test]
        fn prefixes_read_back(first in any::<u32>(), last in any::<u32>()) {
            let set = RangeSet::of([(u128::from(first.min(last)), u128::from(first.max(last)))]);
            let prefixes = set.prefixes(Family::Ip4);
            let back = RangeSet::of(prefixes.iter().map(|text| Prefix::parse(text).expect("prefix").range()));
            prop_assert_eq!(back, set);
            prop_assert!(prefixes.len() <= 62);
        }
    }
}
