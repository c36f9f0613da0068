//! How a sample is shared among strata.

use std::collections::BTreeMap;

use super::SamplingError;

/// Shares `size` among strata in proportion to their items: each gets the whole part of its share, at least one; what
/// is left goes one by one to the strata with the largest parts cut off, ties by name.
///
/// # Errors
/// If there are more strata than units, or more units than items.
pub fn allocate<'a>(
    strata: &BTreeMap<&'a str, u64>,
    size: u64,
) -> Result<BTreeMap<&'a str, u64>, SamplingError> {
    let population: u64 = strata.values().sum();
    let count = strata.len() as u64;
    if size > population {
        return Err(SamplingError::LargerThanPopulation { size, population });
    }
    if size < count {
        return Err(SamplingError::FewerThanStrata { size, strata: count });
    }
    let share = |items: u64| {
        let product = u128::from(size) * u128::from(items);
        let whole = u64::try_from(product / u128::from(population)).expect("a share of the size");
        (whole, product % u128::from(population))
    };
    let mut shares: BTreeMap<&str, u64> =
        strata.iter().map(|(&name, &items)| (name, share(items).0.max(1))).collect();
    let mut order: Vec<(&str, u64)> = strata.iter().map(|(&name, &items)| (name, items)).collect();
    order.sort_by(|a, b| share(b.1).1.cmp(&share(a.1).1).then(a.0.cmp(b.0)));
    let mut given: u64 = shares.values().sum();
    // Every stratum was raised to one, so the sum can be beyond the size: the largest shares give back.
    while given > size {
        let largest = shares.iter().max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)));
        let name = *largest.expect("a stratum").0;
        *shares.get_mut(name).expect("one of them") -= 1;
        given -= 1;
    }
    for (name, items) in order.iter().cycle() {
        if given == size {
            break;
        }
        let share = shares.get_mut(name).expect("one of them");
        if *share < *items {
            *share += 1;
            given += 1;
        }
    }
    Ok(shares)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(items: &[(&str, u64)], size: u64, expected: &[u64]) {
        let strata: BTreeMap<&str, u64> = items.iter().copied().collect();
        let shares = allocate(&strata, size).expect("shared");
        assert_eq!(shares.values().copied().collect::<Vec<_>>(), expected, "{items:?} {size}");
        assert_eq!(shares.values().sum::<u64>(), size);
    }

    #[test]
    fn shares_follow_the_strata() {
        check(&[("a", 60), ("b", 30), ("c", 10)], 10, &[6, 3, 1]);
        check(&[("a", 50), ("b", 30), ("c", 20)], 9, &[4, 3, 2]);
        check(&[("a", 1), ("b", 1), ("c", 998)], 10, &[1, 1, 8]);
        check(&[("a", 5), ("b", 5)], 3, &[2, 1]);
        check(&[("a", 2), ("b", 2)], 4, &[2, 2]);
        let two = BTreeMap::from([("a", 5), ("b", 5)]);
        assert_eq!(allocate(&two, 1), Err(SamplingError::FewerThanStrata { size: 1, strata: 2 }));
        assert_eq!(allocate(&two, 11), Err(SamplingError::LargerThanPopulation { size: 11, population: 10 }));
    }
}
