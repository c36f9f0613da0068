//! The repository's catalog, overlays on it, and what is said about a bad one.

use super::*;

fn overlay(files: &[(&str, &str)]) -> Result<Catalog, CatalogError> {
    let files: CatalogFiles = files.iter().copied().collect();
    Catalog::load(&CatalogFiles::builtin(), &files)
}

fn refused(files: &[(&str, &str)]) -> Vec<String> {
    let error = overlay(files).expect_err("the overlay is wrong");
    error.problems.iter().map(ToString::to_string).collect()
}

/// Returns a built-in file with one text replaced, which must be there.
fn edited(path: &str, from: &str, to: &str) -> String {
    let files = CatalogFiles::builtin();
    let (_, text) = files.iter().find(|(found, _)| *found == path).expect("a built-in file");
    assert!(text.contains(from), "{path} does not contain {from:?}");
    text.replacen(from, to, 1)
}

#[test]
fn conflicts_of_duties_are_added_and_checked() {
    let head = "format = \"segregation/1\"\ntitle = \"Ours\"\n";
    let duty = "[[duties]]\nid = \"sell\"\ntitle = \"Sell\"\n";
    let conflict = |second: &str| {
        format!("[[conflicts]]\nid = \"ours\"\nfirst = \"sell\"\nsecond = \"{second}\"\nrisk = \"x\"\n")
    };
    let good = format!("{head}{duty}{}", conflict("deploy"));
    let catalog = overlay(&[("ours.toml", &good)]).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((catalog.duties.len(), catalog.duty_conflicts.len()), (24, 13));
    let bad = format!("{head}{duty}{}", conflict("fly"));
    assert_eq!(refused(&[("ours.toml", &bad)]), ["ours.toml: ours: there is no duty \"fly\""]);
    let gone = overlay(&[("segregation/default.toml", "")]).unwrap_or_else(|error| panic!("{error}"));
    assert!(gone.duties.is_empty());
}

#[test]
fn the_builtin_catalog_reconciles() {
    let catalog = Catalog::read(&CatalogFiles::builtin()).unwrap_or_else(|error| panic!("{error}"));
    let stats = catalog.stats();
    let totals = &stats.totals;
    assert_eq!(
        (totals.requirements, totals.points_of_focus, totals.controls, totals.requests),
        (61, 330, 110, 96)
    );
    assert_eq!((totals.objectives, totals.objective_controls, totals.cuecs), (23, 42, 8));
    assert_eq!((totals.description_criteria, totals.clocks), (9, 22));
    let tsc = &stats.frameworks[0];
    let count = |name: &str| (tsc.categories[name].requirements, tsc.categories[name].points_of_focus);
    assert_eq!(count("common"), (33, 232));
    assert_eq!(count("availability"), (3, 16));
    assert_eq!(count("confidentiality"), (2, 5));
    assert_eq!(count("processing-integrity"), (5, 19));
    assert_eq!(count("privacy"), (18, 58));
    assert_eq!(tsc.requirements_with_key_control, 61);
    assert_eq!(tsc.requirements_with_request, 61);
    assert_eq!(tsc.official_texts, 0, "the publisher's text is never shipped");
    assert_eq!(stats.crosswalks.len(), 7);
}

#[test]
fn the_declared_totals_are_those_of_the_published_edition() {
    // The totals are data, so a wrong edit could change both sides. These numbers are from the reference.
    let catalog = Catalog::builtin();
    let tsc = catalog.framework("tsc-2017").expect("built in");
    let totals = &tsc.totals;
    assert_eq!(
        (totals.requirements, totals.points_of_focus, totals.coso_principles),
        (Some(61), Some(330), Some(17))
    );
    let series: Vec<_> = tsc.series.iter().map(|series| series.id.as_str()).collect();
    assert_eq!(series.join(" "), "CC1 CC2 CC3 CC4 CC5 CC6 CC7 CC8 CC9 A1 C1 PI1 P1 P2 P3 P4 P5 P6 P7 P8");
    let points: Vec<_> = series.iter().map(|series| totals.series[*series].points_of_focus).collect();
    assert_eq!(points, [28, 34, 36, 11, 16, 38, 36, 18, 15, 16, 5, 19, 7, 6, 6, 6, 9, 16, 2, 6]);
    let scopes: Vec<_> = totals.scopes.values().copied().collect();
    assert_eq!(scopes, [201, 17, 12, 74, 18, 1, 7], "in order of name");
    let roles: Vec<_> = totals.roles.iter().map(|(role, &count)| (role.as_str(), count)).collect();
    assert_eq!(roles, [("controller", 15), ("processor", 3), ("processor+controller", 40)]);
}

#[test]
fn points_of_focus_in_play_follow_the_categories() {
    let catalog = Catalog::builtin();
    let tsc = catalog.framework("tsc-2017").expect("built in");
    for (categories, products, requirements, points) in [
        ("security", false, 33, 208),
        ("security availability", false, 36, 225),
        ("security confidentiality", false, 35, 220),
        ("security availability confidentiality", false, 38, 237),
        ("security processing-integrity", false, 38, 226),
        ("security processing-integrity", true, 38, 227),
        ("security privacy", false, 51, 282),
        ("security availability processing-integrity confidentiality privacy", false, 61, 329),
        ("security availability processing-integrity confidentiality privacy", true, 61, 330),
        // Leaving security out changes nothing: the common criteria always apply.
        ("availability", false, 36, 225),
    ] {
        let choice = tsc.choose(categories.split(' ')).expect("known categories");
        assert_eq!(tsc.requirements_in_scope(&choice).count(), requirements, "{categories}");
        assert_eq!(tsc.points_of_focus_in_play(&choice, products).count(), points, "{categories}");
    }
    assert!(matches!(tsc.choose(["safety"]), Err(CategoryError::Unknown { .. })));
    assert_eq!(tsc.choose::<&str>([]), Err(CategoryError::Empty("tsc-2017".into())));
}

#[test]
fn coso_principles_are_in_the_order_of_the_framework_not_of_the_series() {
    let catalog = Catalog::builtin();
    let tsc = catalog.framework("tsc-2017").expect("built in");
    let mut principles: Vec<_> =
        tsc.requirements().filter_map(|r| Some((r.coso_principle?, r.id.as_str()))).collect();
    principles.sort_unstable();
    let ids: Vec<_> = principles.iter().map(|(_, id)| *id).collect();
    assert_eq!(
        ids.join(" "),
        "CC1.1 CC1.2 CC1.3 CC1.4 CC1.5 CC3.1 CC3.2 CC3.3 CC3.4 CC5.1 CC5.2 CC5.3 CC2.1 CC2.2 CC2.3 CC4.1 CC4.2"
    );
}

#[test]
fn a_requirement_shows_everything_related() {
    let catalog = Catalog::builtin();
    let view = catalog.requirement("cc6.1").expect("exists");
    assert_eq!((view.framework, view.series_title), ("tsc-2017", "Logical and physical access"));
    assert_eq!(view.category, None);
    assert_eq!(view.requirement.points_of_focus.len(), 13);
    assert_eq!(view.controls.len(), 13);
    assert!(view.controls.iter().any(|control| control.id == "IAM-02" && control.is_key));
    assert!(view.controls.is_sorted_by_key(|control| !control.is_key));
    let crosswalks: Vec<_> = view.crosswalks.iter().map(|crosswalk| crosswalk.id).collect();
    assert_eq!(
        crosswalks,
        ["gdpr", "hipaa", "iso-27001-2022", "nist-800-53-r5", "nist-csf-2.0", "pci-dss-4.0.1", "sox-itgc"]
    );
    let pci = view.crosswalks.iter().find(|crosswalk| crosswalk.id == "pci-dss-4.0.1").expect("mapped");
    assert!(pci.parameters.iter().any(|parameter| parameter.ids == ["8.4.2"]));
    assert!(view.requests.iter().any(|request| request.number == 36));
    let json = serde_json::to_value(&view).expect("serializes");
    assert_eq!(json["id"], "CC6.1");
    assert_eq!(json["points_of_focus"][3]["id"], "CC6.1-POF4");
    assert_eq!(json["official_text"], "");

    assert_eq!(catalog.requirement("tsc-2017/P4.2").expect("exists").category, Some("privacy"));
    let missing = catalog.requirement("CC10.1").expect_err("no such criterion").to_string();
    assert_eq!(missing, "no framework of the catalog has a requirement \"CC10.1\"");
}

#[test]
fn relations_run_from_the_criterion_and_keep_whose_judgement_they_are() {
    let catalog = Catalog::builtin();
    let relation = |source: &str, target_framework: &str, target: &str| {
        catalog
            .mappings("tsc-2017", source)
            .find(|mapping| mapping.target_framework == target_framework && mapping.target == target)
            .map(|mapping| (mapping.relation, mapping.judgement.clone()))
    };
    let ours = || "tickmark".to_owned();
    assert_eq!(relation("A1.1", "iso-27001-2022", "A.8.6"), Some((Relation::Equal, ours())));
    assert_eq!(relation("CC6.5", "iso-27001-2022", "A.7.14"), Some((Relation::Superset, ours())));
    assert_eq!(relation("C1.2", "iso-27001-2022", "A.8.10"), Some((Relation::Subset, ours())));
    assert_eq!(
        relation("CC1.1", "nist-800-53-r5", "PS-6"),
        Some((Relation::Intersects, "publisher".to_owned()))
    );
    assert_eq!(relation("CC1.1", "nist-800-53-r5", "PL-4"), Some((Relation::Intersects, ours())));
    assert_eq!(relation("P3.1", "cobit-2019", "MEA03"), Some((Relation::Intersects, ours())));
    assert_eq!(relation("CC3.3", "pci-dss-4.0.1", "12.3.1"), None);
}

#[test]
fn every_identifier_of_csf_and_of_the_annex_is_mapped_or_named_as_uncovered() {
    let catalog = Catalog::builtin();
    for (id, expected) in [("nist-csf-2.0", 106), ("iso-27001-2022", 93)] {
        let crosswalk = catalog.crosswalks.iter().find(|crosswalk| crosswalk.id == id).expect("built in");
        let mapped = crosswalk.mappings.iter().map(|mapping| mapping.target.as_str());
        let uncovered = crosswalk.uncovered.iter().flat_map(|part| &part.ids).map(String::as_str);
        let known: std::collections::BTreeSet<_> =
            mapped.chain(uncovered).filter(|id| id.starts_with(|c: char| c.is_ascii_alphabetic())).collect();
        assert_eq!(known.len(), expected, "{id}");
    }
}

#[test]
fn sampling_values_are_typed() {
    let vectors = SamplingVectors::read(&CatalogFiles::builtin()).unwrap_or_else(|error| panic!("{error}"));
    let [five, ten] = vectors.large_population.as_slice() else { panic!("two tables") };
    assert_eq!((five.risk_bp, ten.risk_bp), (500, 1000));
    let cell = |table: &SizeTable, expected: u32, tolerable: u32| {
        let row = table.rows.iter().find(|row| row.expected_bp == expected).expect("row");
        row.cells[table.tolerable_bp.iter().position(|&rate| rate == tolerable).expect("column")].0
    };
    assert_eq!(cell(five, 0, 200), Some((149, 0)));
    assert_eq!(cell(five, 400, 500), Some((1348, 54)));
    assert_eq!(cell(five, 400, 200), None);
    assert_eq!(cell(ten, 350, 700), Some((113, 4)), "older printings say 112");
    assert_eq!(vectors.upper_limits.iter().map(|limits| limits.risk_500_bp.len()).sum::<usize>(), 231);
    let of_25 = vectors.upper_limits.iter().find(|limits| limits.sample_size == 25).expect("row");
    assert_eq!((of_25.risk_500_bp[0], of_25.risk_1000_bp[0]), (1130, 880));
    assert_eq!(vectors.finite_population.len(), 160);
    assert_eq!(vectors.selection.keyed_hash_rank_first8[0], "CHG-0008");

    let missing = CatalogFiles::builtin().with(&CatalogFiles::from_iter([("sampling/vectors.toml", "")]));
    assert!(SamplingVectors::read(&missing).is_err());
}

#[test]
fn sampling_presets_answer_by_frequency_and_by_population() {
    let catalog = Catalog::builtin();
    let [preset] = catalog.sampling_presets.as_slice() else { panic!("one preset") };
    let size = |frequency| {
        let size = preset.frequencies.iter().find(|size| size.frequency == frequency).expect("row");
        (size.low, size.default, size.high)
    };
    assert_eq!(size(Frequency::Quarterly), (2, 2, 3));
    assert_eq!(size(Frequency::Daily), (15, 25, 40));
    assert_eq!(
        preset.event_driven.last().map(|band| (band.low, band.default, band.high)),
        Some((25, 40, 60))
    );
    assert_eq!(
        preset.frequencies.len() + 1,
        Frequency::ALL.len(),
        "all but per occurrence, which has the bands"
    );
}

#[test]
fn a_user_adds_a_framework_and_mappings_with_files_only() {
    let catalog = overlay(&[
        (
            "acme/framework.toml",
            r#"
                # House rules of the parent company.
                format = "framework/1"
                id = "acme-rules-3"
                title = "Acme house rules"
                requirement_kind = "control"
                [totals]
                requirements = 2
            "#,
        ),
        (
            "acme/rules.toml",
            r#"
                format = "requirements/1"
                framework = "acme-rules-3"
                [series]
                id = "HR"
                title = "House rules"
                [[requirements]]
                id = "HR.1"
                text = "Laptops are locked when left"
                [[requirements]]
                id = "HR.2"
                text = "Visitors are met at the door"
            "#,
        ),
        (
            "acme/from-tsc.toml",
            r#"
                format = "crosswalk/1"
                id = "acme-from-tsc"
                title = "Criteria to house rules"
                source_framework = "tsc-2017"
                targets = [{ id = "acme-rules-3", title = "Acme house rules" }]
                [[sets]]
                target = "acme-rules-3"
                judgement = "J. Doe"
                status = "reviewed"
                rationale = "functional"
                [sets.mappings]
                "CC6.4" = { SUP = ["HR.2"] }
            "#,
        ),
    ])
    .unwrap_or_else(|error| panic!("{error}"));
    let view = catalog.requirement("HR.1").expect("added");
    assert_eq!((view.framework, view.requirement.kind), ("acme-rules-3", RequirementKind::Control));
    let rules = catalog.framework("acme-rules-3").expect("added");
    let everything = rules.choose::<&str>([]).expect("it has no categories");
    assert_eq!(rules.requirements_in_scope(&everything).count(), 2);
    let mapped: Vec<_> = catalog.mappings("tsc-2017", "CC6.4").filter(|m| m.target == "HR.2").collect();
    assert_eq!(mapped.len(), 1);
    assert_eq!(mapped[0].judgement, "J. Doe");
    assert_ne!(catalog.digest, Catalog::builtin().digest);
}

#[test]
fn a_user_edits_a_mapping_and_loads_licensed_text() {
    let path = "crosswalks/iso-27001-2022.toml";
    let catalog = overlay(&[
        (path, &edited(path, r#""A1.1" = { EQ = ["A.8.6"] }"#, r#""A1.1" = { INT = ["A.8.6", "A.8.14"] }"#)),
        (
            "official/tsc.toml",
            r#"
                format = "official-text/1"
                framework = "tsc-2017"
                [texts]
                "CC6.1" = "as printed"
                "CC6.1-POF1" = "as printed too"
            "#,
        ),
    ])
    .unwrap_or_else(|error| panic!("{error}"));
    let targets: Vec<_> = catalog
        .mappings("tsc-2017", "A1.1")
        .filter(|mapping| mapping.target_framework == "iso-27001-2022")
        .map(|mapping| (mapping.relation, mapping.target.as_str()))
        .collect();
    assert_eq!(targets, [(Relation::Intersects, "A.8.6"), (Relation::Intersects, "A.8.14")]);
    let requirement = catalog.requirement("CC6.1").expect("exists").requirement;
    assert_eq!(requirement.official_text, "as printed");
    assert_eq!(requirement.points_of_focus[0].official_text, "as printed too");
    assert_eq!(catalog.stats().frameworks[0].official_texts, 2);
}

#[test]
fn all_problems_are_reported_together_with_file_and_item() {
    let controls = "controls/cryptography.toml";
    let requests = "requests/default.toml";
    let problems = refused(&[
        (controls, &edited(controls, r#"criteria = ["CC6.1", "C1.1"]"#, r#"criteria = ["CC6.1", "C1.9"]"#)),
        (requests, &edited(requests, r#"criteria = ["CC3.3"]"#, r#"criteria = ["CC3.4"]"#)),
        ("mine.toml", "format = \"controls/1\"\nframework = \"tsc-2017\"\nwrong = 1\n"),
        ("other.toml", "title = \"no format\"\n"),
        ("new.toml", "format = \"controls/9\"\n"),
    ]);
    for expected in [
        "controls/cryptography.toml: CRY-01: it is key for \"C1.1\", which it does not answer",
        "controls/cryptography.toml: CRY-01: tsc-2017 has no requirement \"C1.9\"",
        "tsc-2017/framework.toml: CC3.3: no request names it",
        "new.toml: \"controls/9\" is not a format of this version",
        "other.toml: the first line must name the format, such as format = \"controls/1\"",
    ] {
        assert!(problems.iter().any(|problem| problem == expected), "{expected:?} is not in {problems:#?}");
    }
    let parse =
        problems.iter().find(|problem| problem.starts_with("mine.toml: line 3, column 1: ")).expect("parsed");
    assert!(parse.contains("wrong"), "{parse}");
    assert_eq!(problems.len(), 6, "{problems:#?}");
}

/// Edits one built-in file and expects exactly these problems.
fn check(path: &str, from: &str, to: &str, expected: &[&str]) {
    assert_eq!(refused(&[(path, &edited(path, from, to))]), expected, "{path}: {from:?} to {to:?}");
}

#[test]
fn an_edit_that_breaks_the_sums_is_refused() {
    let framework = "tsc-2017/framework.toml";
    check(
        "tsc-2017/cc8.toml",
        "scope = \"availability\"",
        "scope = \"all\"",
        &[
            "tsc-2017/framework.toml: totals: 17 points of focus of scope availability are declared, 16 are there",
            "tsc-2017/framework.toml: totals: 201 points of focus of scope all are declared, 202 are there",
            "tsc-2017/framework.toml: totals: 208 points of focus in play are declared for security, 209 are there",
            "tsc-2017/framework.toml: totals: 208 points of focus in play with products are declared for security, 209 are there",
            "tsc-2017/framework.toml: totals: 220 points of focus in play are declared for security + confidentiality, 221 are there",
            "tsc-2017/framework.toml: totals: 220 points of focus in play with products are declared for security + confidentiality, 221 are there",
            "tsc-2017/framework.toml: totals: 226 points of focus in play are declared for security + processing-integrity, 227 are there",
            "tsc-2017/framework.toml: totals: 227 points of focus in play with products are declared for security + processing-integrity, 228 are there",
            "tsc-2017/framework.toml: totals: 282 points of focus in play are declared for security + privacy, 283 are there",
            "tsc-2017/framework.toml: totals: 282 points of focus in play with products are declared for security + privacy, 283 are there",
        ],
    );
    check(
        framework,
        "requirements = 61\n",
        "requirements = 62\n",
        &["tsc-2017/framework.toml: totals: 62 requirements are declared, 61 are there"],
    );
    check(
        "tsc-2017/cc1.toml",
        "coso_principle = 2",
        "coso_principle = 3",
        &[
            "tsc-2017/framework.toml: totals: COSO principles 1 to 17 must be used once each, they are [1, 3, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]",
        ],
    );
    check(
        "tsc-2017/p8.toml",
        "roles = [\"processor\", \"controller\"]",
        "roles = [\"controller\"]",
        &[
            "tsc-2017/framework.toml: totals: 15 points of focus of roles controller are declared, 16 are there",
            "tsc-2017/framework.toml: totals: 40 points of focus of roles processor+controller are declared, 39 are there",
        ],
    );
}

#[test]
fn an_edit_that_breaks_a_reference_is_refused() {
    check(
        "crosswalks/iso-27001-2022.toml",
        "\"A.8.6\"",
        "\"A.8.66\"",
        &["crosswalks/iso-27001-2022.toml: A1.1: iso-27001-2022 has no \"A.8.66\""],
    );
    check(
        "crosswalks/gdpr.toml",
        "\"CC3.3\" = {}\n",
        "",
        &["crosswalks/gdpr.toml: CC3.3: the crosswalk says it is complete and has no line for it"],
    );
    check(
        "crosswalks/hipaa.toml",
        "\"CC3.3\" = {}",
        "\"CC3.3\" = { INT = [\"164.306(a)\", \"164.306(a)\"] }",
        &["crosswalks/hipaa.toml: CC3.3: 164.306(a) of hipaa is mapped twice, in crosswalks/hipaa.toml too"],
    );
    check(
        "controls/risk-and-assets.toml",
        "key_for = [\"CC3.3\"]",
        "key_for = []",
        &["tsc-2017/framework.toml: CC3.3: no starter control is key for it"],
    );
    check(
        "controls/risk-and-assets.toml",
        "id = \"RSK-03\"",
        "id = \"GOV-01\"",
        &[
            "controls/risk-and-assets.toml: GOV-01: this control is given twice, in controls/governance.toml too",
        ],
    );
    check(
        "tsc-2017/cc2.toml",
        "origin = \"coso\"",
        "origin = \"cosa\"",
        &[
            "tsc-2017/cc2.toml: CC2.1-POF1: origin \"cosa\" is not declared",
            "tsc-2017/framework.toml: totals: 0 points of focus of origin cosa are declared, 1 are there",
            "tsc-2017/framework.toml: totals: 85 points of focus of origin coso are declared, 84 are there",
        ],
    );
    check(
        "soc1-payroll/cuecs.toml",
        "\"CO-02\", \"CO-13\"",
        "\"CO-02\", \"CO-99\"",
        &["soc1-payroll/objectives.toml: UE-01: the set has no objective \"CO-99\""],
    );
    check(
        "soc1-payroll/controls.toml",
        "objective = \"CO-21\"",
        "objective = \"CO-20\"",
        &["soc1-payroll/objectives.toml: CO-21: no control serves this objective"],
    );
    check(
        "sampling/presets.toml",
        "from = 53",
        "from = 54",
        &["sampling/presets.toml: event_driven from 54: the bands do not adjoin"],
    );
}

#[test]
fn a_removed_series_is_missed() {
    let problems = refused(&[("tsc-2017/c1.toml", "")]);
    assert!(
        problems.contains(&"tsc-2017/framework.toml: C1: this series has no requirements file".to_owned())
    );
    assert!(
        problems.contains(
            &"tsc-2017/framework.toml: totals: 2 requirements of confidentiality are declared, 0 are there"
                .to_owned()
        )
    );
}

#[test]
fn an_empty_catalog_is_valid_and_hostile_text_is_an_error() {
    assert!(Catalog::read(&CatalogFiles::default()).is_ok());
    for text in [
        "format = \"framework/1\"\nid = 3",
        "format = \"controls/1\"\n\u{0}",
        "format",
        "format = \"",
        "[[[[",
    ] {
        assert!(Catalog::read(&CatalogFiles::from_iter([("x.toml", text)])).is_err(), "{text:?}");
    }
}
