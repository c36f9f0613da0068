//! Published values, and what must hold for all.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::catalog::{Catalog, CatalogFiles, SamplingVectors};
use crate::program::population::digest_of_keys;

fn vectors() -> SamplingVectors {
    SamplingVectors::read(&CatalogFiles::builtin()).unwrap_or_else(|error| panic!("{error}"))
}

fn bp(bp: u32) -> Rate {
    Rate::of_bp(bp).expect("a rate")
}

fn rate(text: &str) -> Rate {
    text.parse().expect("a rate")
}

fn parameters(risk: u32, tolerable: u32, expected: u32) -> Parameters {
    Parameters::new(bp(risk), bp(tolerable), bp(expected)).expect("parameters")
}

fn frame(keys: impl IntoIterator<Item = String>) -> Frame {
    Frame::new(keys.into_iter().map(|key| Unit { key, stratum: None }).collect()).expect("a frame")
}

fn keys(picks: &[Pick]) -> Vec<&str> {
    picks.iter().map(|pick| pick.key.as_str()).collect()
}

/// Largest size that the published tables print; larger ones are a symbol there.
const LARGEST_PUBLISHED: u64 = 2_258;

#[test]
fn every_published_size_for_large_populations_is_exact() {
    let (mut sizes, mut symbols) = (BTreeMap::new(), 0);
    for table in vectors().large_population {
        for row in &table.rows {
            for (&tolerable, cell) in table.tolerable_bp.iter().zip(&row.cells) {
                let found = Parameters::new(bp(table.risk_bp), bp(tolerable), bp(row.expected_bp))
                    .and_then(|parameters| parameters.large_population());
                let place =
                    format!("risk {} expected {} tolerable {tolerable}", table.risk_bp, row.expected_bp);
                match (cell.0, found) {
                    (Some((size, acceptable)), Ok(plan)) => {
                        let expected = (u64::from(size), Some(u64::from(acceptable)));
                        assert_eq!((plan.size, plan.acceptable), expected, "{place}");
                        *sizes.entry(table.risk_bp).or_insert(0) += 1;
                    }
                    (None, Ok(plan)) => {
                        assert!(plan.size > LARGEST_PUBLISHED, "{place}: {plan:?}");
                        symbols += 1;
                    }
                    (None, Err(error)) => {
                        let is_beyond = row.expected_bp >= tolerable
                            || matches!(error, SamplingError::SizeTooLarge { .. });
                        assert!(is_beyond, "{place}: {error}");
                        symbols += 1;
                    }
                    (cell, found) => panic!("{place}: {cell:?} {found:?}"),
                }
            }
        }
    }
    let counted: i32 = sizes.values().sum();
    assert_eq!(counted + symbols, 2 * 17 * 11);
    assert!(counted > 330, "{sizes:?}");
}

#[test]
fn every_published_upper_limit_is_exact() {
    let mut checked = 0;
    for limits in vectors().upper_limits {
        for (risk, published) in [(500, &limits.risk_500_bp), (1000, &limits.risk_1000_bp)] {
            for (deviations, &expected) in (0..).zip(published) {
                let tested = Tested::new(u64::from(limits.sample_size), deviations, None).expect("tested");
                let limit = tested.upper_limit(bp(risk)).expect("a limit");
                assert_eq!(limit.bp(), u64::from(expected), "{tested:?} risk {risk}");
                checked += 1;
            }
        }
    }
    assert_eq!(checked, 462);
}

#[test]
fn every_size_for_finite_populations_is_exact() {
    let vectors = vectors().finite_population;
    assert_eq!(vectors.len(), 160);
    for one in vectors {
        let plan = parameters(one.risk_bp, one.tolerable_bp, one.expected_bp)
            .finite_population(u64::from(one.population))
            .expect("a plan");
        let Model::FinitePopulation { reaching_tolerable, .. } = plan.model else { panic!("{plan:?}") };
        assert_eq!(reaching_tolerable, u64::from(one.deviations), "{one:?}");
        let expected = one.size.map_or((u64::from(one.population), None), |size| {
            (u64::from(size), one.acceptable.map(u64::from))
        });
        assert_eq!((plan.size, plan.acceptable), expected, "{one:?}");
    }
}

#[test]
fn the_traps_of_floating_point_are_not_stepped_in() {
    let large = |risk, tolerable, expected| {
        let plan = parameters(risk, tolerable, expected).large_population().expect("a plan");
        (plan.size, plan.acceptable)
    };
    assert_eq!(large(1000, 500, 350), (400, Some(14)), "400 x 0.035 is 14.000000000000002 elsewhere");
    assert_eq!(large(1000, 700, 325), (113, Some(4)), "older printings say 112");
    let plan = parameters(500, 600, 0).finite_population(100).expect("a plan");
    assert_eq!((plan.size, plan.acceptable), (39, Some(0)), "a rate of 0.06000000000000001 gives 34");
}

#[test]
fn a_worked_evaluation() {
    let tested = Tested::new(93, 3, None).expect("tested");
    let evaluation = tested.evaluate(rate("5%"), rate("5%")).expect("evaluated");
    assert_eq!((tested.sample_rate_bp(), evaluation.upper_limit.to_string()), (323, "8.2%".to_owned()));
    assert_eq!((evaluation.supports_reliance, evaluation.allowance_bp()), (false, 500));
    let one = Tested::new(93, 1, None).expect("tested").evaluate(rate("5%"), rate("5%")).expect("evaluated");
    assert!(one.supports_reliance && one.upper_limit.bp() == 500, "the planned number still supports");

    // What small samples really say, at 10 %.
    for (size, limit) in [(5, "37.0%"), (15, "14.3%"), (25, "8.8%"), (40, "5.6%"), (60, "3.8%")] {
        let tested = Tested::new(size, 0, None).expect("tested");
        assert_eq!(tested.upper_limit(rate("10%")).expect("a limit").to_string(), limit, "{size}");
    }
    let all = Tested::new(7, 7, None).expect("tested");
    assert_eq!(all.upper_limit(rate("5%")).expect("a limit").to_string(), "100.0%");
}

#[test]
fn a_finite_population_tested_whole_leaves_no_risk() {
    let tested = Tested::new(40, 1, Some(40)).expect("tested");
    let evaluation = tested.evaluate(rate("5%"), rate("5%")).expect("evaluated");
    assert_eq!((evaluation.upper_limit.bp(), evaluation.supports_reliance), (250, true));
    assert_eq!(tested.projected_deviations(), Some(1));
    let huge = Tested::new(1_000_000, 60_000, Some(1_000_000)).expect("everything may be large");
    assert!(!huge.evaluate(rate("5%"), rate("5%")).expect("evaluated").supports_reliance);
    assert_eq!(Tested::new(500_000, 0, Some(1_000_000)), Err(SamplingError::SampleTooLarge(500_000)));
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let refused = |risk, tolerable, expected| {
        Parameters::new(rate(risk), rate(tolerable), rate(expected)).expect_err("refused").to_string()
    };
    assert_eq!(
        refused("0%", "5%", "0%"),
        "the risk of over-reliance 0% must lie between 0% and 100%, and be neither"
    );
    assert!(refused("5%", "100%", "0%").starts_with("the tolerable rate 100%"));
    assert_eq!(refused("5%", "5%", "5%"), "the expected rate 5% must be below the tolerable rate 5%");
    let near = Parameters::new(rate("5%"), rate("5%"), rate("4.99%")).expect("parameters");
    assert!(matches!(near.large_population(), Err(SamplingError::SizeTooLarge { .. })));
    let odd = Parameters::new(rate("5%"), rate("99.99%"), rate("99.98%")).expect("parameters");
    assert!(matches!(odd.large_population(), Err(SamplingError::SizeTooLarge { .. })));
    assert_eq!(near.finite_population(0), Err(SamplingError::EmptyPopulation));
    assert_eq!(
        Tested::new(25, 26, None),
        Err(SamplingError::MoreDeviationsThanUnits { deviations: 26, size: 25 })
    );
    assert_eq!(
        Tested::new(25, 0, Some(24)),
        Err(SamplingError::LargerThanPopulation { size: 25, population: 24 })
    );
    assert_eq!(Tested::new(0, 0, None), Err(SamplingError::EmptySample));
}

#[test]
fn sizes_by_frequency() {
    let catalog = Catalog::builtin();
    let preset = &catalog.sampling_presets[0];
    let check = |frequency: &str, level, occurrences, size: u64| {
        let frequency: Frequency = frequency.parse().expect("a frequency");
        let found = preset_size(preset, frequency, level, occurrences).expect("a size");
        assert_eq!(found.size, size, "{frequency} {level:?} {occurrences:?}: {found:?}");
        found
    };
    use RiskLevel::{Default, High, Low};
    let table: [(&str, [u64; 3]); 8] = [
        ("annual", [1, 1, 1]),
        ("semi-annual", [1, 2, 2]),
        ("quarterly", [2, 2, 3]),
        ("monthly", [2, 3, 5]),
        ("semi-monthly", [3, 4, 8]),
        ("weekly", [5, 8, 15]),
        ("daily", [15, 25, 40]),
        ("many times a day", [25, 40, 60]),
    ];
    for (frequency, sizes) in table {
        for (level, size) in [Low, Default, High].into_iter().zip(sizes) {
            check(frequency, level, None, size);
        }
    }
    // A shorter period takes its own row, never one beyond the row of the frequency.
    check("quarterly", Default, Some(1), 1);
    check("monthly", Default, Some(3), 2);
    check("monthly", Default, Some(6), 3);
    check("weekly", Default, Some(13), 4);
    check("daily", Default, Some(365), 25);
    check("quarterly", Default, Some(0), 0);
    // Event-driven, at the edges of the bands.
    let bands = [
        (0, 0),
        (1, 1),
        (2, 2),
        (3, 2),
        (4, 2),
        (5, 3),
        (12, 3),
        (13, 4),
        (24, 4),
        (25, 8),
        (52, 8),
        (53, 8),
        (80, 8),
        (81, 9),
        (180, 18),
        (250, 25),
        (251, 40),
    ];
    for (population, size) in bands {
        check("per occurrence", Default, Some(population), size);
    }
    check("per occurrence", Low, Some(5_000), 25);
    check("per occurrence", High, Some(5_000), 60);
    check("per occurrence", High, Some(25), 25);
    check("per occurrence", High, Some(26), 8);
    check("continuous", Default, Some(3), 3);
    check("continuous", High, Some(3), 6);
    // One extension, planned; a fifth of the sample from the last quarter.
    let daily = check("daily", Default, None, 25);
    assert_eq!((daily.extended, daily.from_last_quarter), (Some(40), 5));
    assert_eq!(check("daily", Low, None, 15).extended, Some(25));
    assert_eq!(check("daily", High, None, 40).extended, None);
    assert_eq!(check("daily", Default, Some(30), 8).extended, Some(15));
    let nothing = preset_size(preset, Frequency::PerOccurrence, Default, None);
    assert_eq!(nothing, Err(SamplingError::NeedsPopulation));
}

#[test]
fn the_published_draw_is_drawn_again() {
    let vector = vectors().selection;
    let seed: Seed = vector.seed_text.parse().expect("a seed");
    let mut shuffled = vector.population.clone();
    shuffled.reverse();
    for keys_in in [vector.population.clone(), shuffled] {
        let frame = frame(keys_in);
        assert_eq!(frame.digest().hex(), vector.population_sha256);
        let draw = frame.random(&seed, 8).expect("a draw");
        assert_eq!(keys(&draw.picks), vector.keyed_hash_rank_first8);
        assert_eq!(draw.reserve.len(), 12);
        let systematic = frame.systematic(&seed, u64::from(vector.systematic.sample_size)).expect("a draw");
        assert_eq!(systematic.start, Some(u64::from(vector.systematic.start)));
        assert_eq!(keys(&systematic.picks), vector.systematic.selected);
    }
}

#[test]
fn a_stratified_draw_is_the_rank_within_each_part() {
    let units = (1..=30).map(|number| Unit {
        key: format!("DEP-{number:02}"),
        stratum: Some(if number <= 20 { "api" } else { " web " }.to_owned()),
    });
    let frame = Frame::new(units.collect()).expect("a frame");
    let seed: Seed = "seed".parse().expect("a seed");
    let sizes = allocate(&frame.strata(), 6).expect("shares");
    assert_eq!(sizes, BTreeMap::from([("api", 4), ("web", 2)]));
    let draw = frame.stratified(&seed, &sizes).expect("a draw");
    let all = frame.random(&seed, 30).expect("all by rank").picks;
    for (stratum, size) in sizes {
        let of = |picks: &[Pick]| -> Vec<String> {
            let inside = picks.iter().filter(|pick| pick.stratum.as_deref() == Some(stratum));
            inside.map(|pick| pick.key.clone()).collect()
        };
        assert_eq!(of(&draw.picks), of(&all)[..usize::try_from(size).expect("small")]);
    }
    assert_eq!(draw.picks.len() + draw.reserve.len(), 30);
    // A unit is replaced by the next of its own stratum.
    let web = draw.picks.iter().find(|pick| pick.stratum.as_deref() == Some("web")).expect("web").key.clone();
    let mut sample = Sample::new(draw, None).expect("a sample");
    let Ok(Consequence::Replaced { by, check_filter: false }) =
        sample.replace(&web, Absence::Void, "cancelled")
    else {
        panic!("replaced")
    };
    assert_eq!(by.stratum.as_deref(), Some("web"));
    let refuse = |sizes: &[(&str, u64)]| {
        frame.stratified(&seed, &sizes.iter().copied().collect()).expect_err("refused")
    };
    assert_eq!(refuse(&[("api", 1), ("app", 1)]), SamplingError::UnknownStratum("app".to_owned()));
    assert!(matches!(refuse(&[("api", 1)]), SamplingError::FewerThanStrata { .. }));
    assert!(matches!(refuse(&[("api", 21), ("web", 1)]), SamplingError::LargerThanStratum { .. }));
}

#[test]
fn what_a_person_chooses_has_a_reason_and_is_not_an_end_of_the_list() {
    let frame = frame((1..=10).map(|number| format!("K{number:02}")));
    let names = |numbers: &[u32]| numbers.iter().map(|number| format!("K{number:02}")).collect::<Vec<_>>();
    let choose = |method, numbers: &[u32]| frame.chosen(method, &names(numbers), "as agreed");
    let draw = choose(Method::Targeted, &[9, 10]).expect("risk may lie at the end");
    assert_eq!((keys(&draw.picks), draw.seed, draw.reserve), (vec!["K09", "K10"], None, vec![]));
    assert!(choose(Method::Haphazard, &[2, 7, 4]).is_ok() && choose(Method::Block, &[4, 5, 6]).is_ok());
    assert!(choose(Method::Haphazard, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]).is_ok(), "all are all");
    let refused = |method, numbers: &[u32]| choose(method, numbers).expect_err("refused").to_string();
    assert_eq!(
        refused(Method::Haphazard, &[2, 1, 3]),
        "these are the first 3 items of the list, which is no haphazard selection; choose others"
    );
    assert!(refused(Method::Block, &[9, 10]).starts_with("these are the last 2 items"));
    assert!(refused(Method::Block, &[4, 6]).contains("\"K06\" does not follow"));
    assert!(refused(Method::Haphazard, &[2, 2]).contains("comes twice"));
    assert_eq!(refused(Method::Haphazard, &[11]), "the population has no item \"K11\"");
    assert_eq!(refused(Method::Random, &[2]), "a random selection is not made by naming items");
    let silent = frame.chosen(Method::Block, &names(&[4, 5]), " ").expect_err("refused").to_string();
    assert_eq!(silent, "a block selection is judgement and needs a reason");
}

#[test]
fn replacement_and_extension_follow_the_reserve() {
    let frame = frame((1..=20).map(|number| format!("CHG-{number:04}")));
    let seed: Seed = "tickmark-demo-seed-2025-Q1".parse().expect("a seed");
    let draw = frame.random(&seed, 3).expect("a draw");
    let mut sample = Sample::new(draw, Some(5)).expect("a sample");
    let (first, second) = ("CHG-0008", "CHG-0017");
    assert_eq!(sample.replace(first, Absence::NoEvidence, "not in the archive"), Ok(Consequence::Deviation));
    assert_eq!(sample.units().len(), 3, "what cannot be shown stays in the sample");
    let Ok(Consequence::Replaced { by, check_filter }) =
        sample.replace(second, Absence::NotApplicable, "a test environment")
    else {
        panic!("replaced")
    };
    assert_eq!((by.key.as_str(), check_filter), ("CHG-0003", true));
    assert_eq!(sample.replace(second, Absence::Void, "again"), Err(SamplingError::Replaced(second.into())));
    assert_eq!(
        sample.replace("CHG-0001", Absence::Void, "x"),
        Err(SamplingError::NotSelected("CHG-0001".into()))
    );
    assert!(matches!(sample.replace(first, Absence::Void, " "), Err(SamplingError::NeedsReason { .. })));
    let added: Vec<String> = sample.extend().expect("extended").iter().map(|pick| pick.key.clone()).collect();
    assert_eq!(added, ["CHG-0010", "CHG-0019"]);
    assert_eq!(sample.extend(), Err(SamplingError::ExtendedAlready));
    let tested: BTreeSet<&str> = sample.units().iter().map(|pick| pick.key.as_str()).collect();
    assert_eq!(tested, BTreeSet::from(["CHG-0003", "CHG-0007", "CHG-0008", "CHG-0010", "CHG-0019"]));
    let mut plain = Sample::new(frame.random(&seed, 20).expect("all"), None).expect("a sample");
    assert!(matches!(plain.extend(), Err(SamplingError::ExtensionNotPlanned { .. })));
    assert_eq!(plain.replace(first, Absence::Void, "cancelled"), Err(SamplingError::ReserveUsedUp));
}

#[test]
fn what_is_kept_is_made_again_or_refused() {
    let frame = frame((1..=20).map(|number| format!("CHG-{number:04}")));
    let seed: Seed = "tickmark-demo-seed-2025-Q1".parse().expect("a seed");
    for draw in [frame.random(&seed, 8), frame.systematic(&seed, 5)] {
        let draw = draw.expect("a draw");
        let kept = draw.without_reserve();
        let text = serde_json::to_string(&kept).expect("JSON");
        assert!(!text.contains("reserve"), "{text}");
        let read: Draw = serde_json::from_str(&text).expect("read back");
        assert_eq!(frame.again(&read), Ok(draw));
        let mut forged = read.clone();
        forged.picks.swap(0, 1);
        assert_eq!(frame.again(&forged), Err(SamplingError::OtherPicks));
        let other = self::frame((1..=21).map(|number| format!("CHG-{number:04}")));
        assert_eq!(other.again(&read), Err(SamplingError::OtherPopulation));
    }
}

fn rates() -> impl Strategy<Value = (u32, u32, u32)> {
    // Risks and rates as they are used; the expected rate leaves room below the tolerable one.
    (50_u32..=2_000, 200_u32..=3_000)
        .prop_flat_map(|(risk, tolerable)| (Just(risk), Just(tolerable), 0..=tolerable / 2))
}

proptest! {
    #[test]
    fn a_planned_sample_supports_with_what_it_accepts_and_no_smaller_one_does(
        (risk, tolerable, expected) in rates()
    ) {
        let plan = parameters(risk, tolerable, expected).large_population().expect("a plan");
        let acceptable = plan.acceptable.expect("a sample");
        let supports = |size, deviations| {
            let tested = Tested::new(size, deviations, None).expect("tested");
            tested.evaluate(bp(risk), bp(tolerable)).expect("evaluated").supports_reliance
        };
        prop_assert!(supports(plan.size, acceptable));
        prop_assert!(!supports(plan.size, acceptable + 1) || plan.size == acceptable + 1);
        prop_assert!(plan.size == acceptable + 1 || !supports(plan.size - 1, acceptable));
        prop_assert!(plan.size * u64::from(expected) <= acceptable * u64::from(WHOLE_BP));
    }

    #[test]
    fn a_finite_size_is_never_above_the_one_for_a_large_population(
        (risk, tolerable, expected) in rates(), population in 1_u64..3_000
    ) {
        let parameters = parameters(risk, tolerable, expected);
        let large = parameters.large_population().expect("a plan");
        let finite = parameters.finite_population(population).expect("a plan");
        prop_assert!(finite.size <= large.size && finite.size <= population, "{finite:?} {large:?}");
        // With what it accepts it supports.
        let acceptable = finite.acceptable.unwrap_or(tolerable_whole(tolerable, population));
        let tested = Tested::new(finite.size, acceptable.min(finite.size), Some(population)).expect("tested");
        prop_assert!(tested.evaluate(bp(risk), bp(tolerable)).expect("evaluated").supports_reliance);
    }

    #[test]
    fn one_more_deviation_never_improves_a_conclusion(
        size in 1_u64..120, risk in 100_u32..=5_000, tolerable in 100_u32..=5_000, beyond in 0_u64..200,
        is_finite in any::<bool>()
    ) {
        let population = is_finite.then_some(size + beyond);
        let mut before: Option<Evaluation> = None;
        for deviations in 0..=size {
            let tested = Tested::new(size, deviations, population).expect("tested");
            let now = tested.evaluate(bp(risk), bp(tolerable)).expect("evaluated");
            // The rounded limit and the exact decision agree whenever the tolerable rate is a published one.
            if tolerable % 10 == 0 {
                prop_assert_eq!(now.supports_reliance, now.upper_limit.bp() <= u64::from(tolerable));
            }
            // In a small population tested nearly whole, a high risk can put the limit below the sample's own rate.
            if population.is_none() {
                prop_assert!(now.upper_limit.bp() * size >= deviations * u64::from(WHOLE_BP));
            }
            if let Some(before) = before {
                prop_assert!(before.upper_limit <= now.upper_limit);
                prop_assert!(before.supports_reliance || !now.supports_reliance);
            }
            before = Some(now);
        }
    }

    #[test]
    fn a_sample_is_a_subset_and_the_same_seed_draws_it_again(
        names in proptest::collection::btree_set("[a-z0-9]{1,8}", 1..60),
        seed in "[ -~]{1,40}", share in 1_u64..=100, rotation in 0_usize..60
    ) {
        prop_assume!(seed.parse::<Seed>().is_ok());
        let seed: Seed = seed.parse().expect("a seed");
        let list: Vec<String> = names.iter().cloned().collect();
        let mut turned = list.clone();
        turned.rotate_left(rotation % list.len());
        let (one, other) = (frame(list), frame(turned));
        prop_assert_eq!(one.digest(), digest_of_keys(names.iter().map(String::as_str)).0);
        let size = (one.size() * share).div_ceil(100);
        for (draw, again) in [
            (one.random(&seed, size), other.random(&seed, size)),
            (one.systematic(&seed, size), other.systematic(&seed, size)),
        ] {
            let (draw, again) = (draw.expect("a draw"), again.expect("a draw"));
            prop_assert_eq!(keys(&draw.picks), keys(&again.picks), "whatever the order of the list");
            prop_assert_eq!(keys(&draw.reserve), keys(&again.reserve));
            let picked: BTreeSet<&str> = keys(&draw.picks).into_iter().collect();
            let all: BTreeSet<&str> = picked.iter().copied().chain(keys(&draw.reserve)).collect();
            prop_assert_eq!(picked.len() as u64, size, "all distinct");
            prop_assert_eq!(all.into_iter().collect::<Vec<_>>(), names.iter().map(String::as_str).collect::<Vec<_>>());
        }
        // Extending keeps earlier picks.
        if size < one.size() {
            let (small, larger) = (one.random(&seed, size).expect("a draw"), one.random(&seed, size + 1).expect("a draw"));
            prop_assert_eq!(&small.picks[..], &larger.picks[..small.picks.len()]);
            prop_assert_eq!(&small.reserve[0], &larger.picks[small.picks.len()]);
        }
    }

    #[test]
    fn allocations_add_up_and_leave_nobody_out(
        items in proptest::collection::vec(1_u64..500, 1..12), share in 1_u64..=100
    ) {
        let names: Vec<String> = (0..items.len()).map(|number| format!("s{number:02}")).collect();
        let strata: BTreeMap<&str, u64> = names.iter().map(String::as_str).zip(items.iter().copied()).collect();
        let total: u64 = items.iter().sum();
        let size = (total * share).div_ceil(100).max(items.len() as u64);
        let shares = allocate(&strata, size).expect("shares");
        prop_assert_eq!(shares.values().sum::<u64>(), size);
        for (name, share) in shares {
            prop_assert!(share >= 1 && share <= strata[name]);
        }
    }
}

fn tolerable_whole(tolerable: u32, population: u64) -> u64 {
    bp(tolerable).floor_of(population)
}
