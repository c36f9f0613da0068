//! Controls and criteria of the real catalog, with invented states.

use tickmark_core::control::ControlState;

use super::*;

pub(super) fn catalog_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../catalog")
}

pub(super) fn documents(folder: &str) -> Vec<toml::Table> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(catalog_folder().join(folder))
        .expect("the catalog is beside the crates")
        .map(|entry| entry.expect("entry").path())
        .collect();
    paths.sort();
    let mut tables: Vec<toml::Table> = paths
        .iter()
        .map(|path| std::fs::read_to_string(path).expect("readable").parse().expect("TOML"))
        .collect();
    tables.sort_by_key(|table| table.get("position").and_then(toml::Value::as_integer).unwrap_or(0));
    tables
}

pub(super) fn text(table: &toml::Table, key: &str) -> String {
    table.get(key).and_then(toml::Value::as_str).unwrap_or_default().to_owned()
}

pub(super) fn texts(table: &toml::Table, key: &str) -> Vec<String> {
    let list = table.get(key).and_then(toml::Value::as_array).cloned().unwrap_or_default();
    list.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect()
}

pub(super) fn tables<'a>(table: &'a toml::Table, key: &str) -> Vec<&'a toml::Table> {
    table
        .get(key)
        .and_then(toml::Value::as_array)
        .map(|list| list.iter().filter_map(toml::Value::as_table).collect())
        .unwrap_or_default()
}

pub(super) fn controls(checks: &[(CheckRow, CheckView)], artifacts: &[ArtifactView]) -> Vec<ControlView> {
    let mut out = Vec::new();
    for document in documents("controls") {
        let area = text(&document, "area");
        for control in tables(&document, "controls") {
            out.push(control_view(control, &area, checks, artifacts));
        }
    }
    out
}

pub(super) fn control_view(
    control: &toml::Table,
    area: &str,
    checks: &[(CheckRow, CheckView)],
    artifacts: &[ArtifactView],
) -> ControlView {
    let id = text(control, "id");
    let mut tests = Vec::new();
    for (row, view) in checks.iter().filter(|(row, _)| row.controls.contains(&id)) {
        for result in &view.results {
            tests.push(TestRow {
                check_id: row.id.clone(),
                check_title: row.title.clone(),
                target_key: result.target_key,
                target_name: result.target_name.clone(),
                verdict: result.outcome.verdict,
                reason: result.outcome.reason,
                message: result.outcome.message.clone(),
                since: result.since,
                strip: result.strip.clone(),
            });
        }
    }
    let verdicts = VerdictCounts::of(tests.iter().map(|test| test.verdict));
    let of_tests = match (verdicts.fail, verdicts.unknown) {
        (0, 0) => Answer::Yes,
        (0, _) => Answer::NotAssessed,
        _ => Answer::Partly,
    };
    let is_decided = tests.is_empty() || dice(&id, 3) < 2;
    let answers = match (tests.is_empty(), is_decided) {
        (true, _) => match dice(&id, 5) {
            0 => [Answer::Yes, Answer::Yes, Answer::Yes, Answer::Yes],
            1 => [Answer::Yes, Answer::Partly, Answer::NotAssessed, Answer::Partly],
            2 => [Answer::Partly, Answer::No, Answer::NotAssessed, Answer::NotAssessed],
            _ => [Answer::NotAssessed; 4],
        },
        (false, true) => [Answer::Yes, Answer::Yes, of_tests, Answer::Yes],
        (false, false) => [Answer::Yes, Answer::NotAssessed, Answer::NotAssessed, Answer::NotAssessed],
    };
    let suggestions =
        if is_decided { [None; 4] } else { [None, Some(Answer::Yes), Some(of_tests), Some(Answer::Yes)] };
    let status = match answers {
        [_, Answer::No, ..] | [Answer::No, ..] => ControlStatus::Gap,
        _ if answers.contains(&Answer::NotAssessed) => ControlStatus::NotAssessed,
        [Answer::Partly, ..] => ControlStatus::DesignWeakness,
        [_, _, Answer::Partly | Answer::No, _] => ControlStatus::OperatingWeakness,
        [_, _, _, Answer::Partly | Answer::No] => ControlStatus::EvidenceWeakness,
        _ => ControlStatus::Ready,
    };
    let basis = [
        "The starter text names who, what and when.".to_owned(),
        format!("{} of {} tests saw it in place.", verdicts.pass, verdicts.total()),
        format!("{} tests deviate, {} could not see.", verdicts.fail, verdicts.unknown),
        format!("{} artifacts with provenance.", artifacts.len()),
    ];
    let view = |at: usize| AnswerView {
        answer: answers[at],
        suggestion: suggestions[at],
        decided: if answers[at] == Answer::NotAssessed {
            String::new()
        } else {
            "Ada Lovelace, 3 Nov 2026".to_owned()
        },
        basis: if answers[at] == Answer::NotAssessed && suggestions[at].is_none() {
            "Nobody has answered, and no automated test speaks to it.".to_owned()
        } else {
            basis[at].clone()
        },
    };
    let evidence = if tests.is_empty() {
        Vec::new()
    } else {
        artifacts.iter().take(4).map(|view| view.origins[0].row.clone()).collect()
    };
    ControlView {
        row: ControlRow {
            title: text(control, "title"),
            area: area.to_owned(),
            state: ControlState::Active,
            waits: false,
            owner: text(control, "owner"),
            owner_role: String::new(),
            frequency: text(control, "frequency").replace('_', " "),
            criteria: texts(control, "criteria"),
            key_for: texts(control, "key_for"),
            status,
            answers,
            suggestions,
            verdicts,
            strip: (!tests.is_empty()).then(|| strip(&id, verdicts.worst().unwrap_or(Verdict::Unknown))),
            id,
        },
        statement: text(control, "statement"),
        kind: text(control, "kind"),
        nature: text(control, "nature"),
        evidence_expected: texts(control, "evidence"),
        population: text(control, "population"),
        commitments: Vec::new(),
        objectives: Vec::new(),
        level: "process".to_owned(),
        operator: String::new(),
        reviewer: String::new(),
        text: "Version 1 by Ada Lovelace, since 3 Nov 2026".to_owned(),
        decided: String::new(),
        answers: [0, 1, 2, 3].map(view),
        tests,
        evidence,
    }
}

pub(super) fn criteria(controls: &[ControlView]) -> Vec<CriterionView> {
    let requests: Vec<toml::Table> = documents("requests");
    let crosswalks = documents("crosswalks");
    let mut out = Vec::new();
    for document in documents("tsc-2017").iter().filter(|document| document.contains_key("requirements")) {
        let series = document["series"].as_table().expect("series");
        for requirement in tables(document, "requirements") {
            let id = text(requirement, "id");
            let mut mapped: Vec<MappedControl> = controls
                .iter()
                .filter(|control| control.row.criteria.contains(&id))
                .map(|control| MappedControl {
                    id: control.row.id.clone(),
                    title: control.row.title.clone(),
                    owner: control.row.owner.clone(),
                    owner_role: String::new(),
                    is_key: control.row.key_for.contains(&id),
                    status: control.row.status,
                })
                .collect();
            mapped.sort_by_key(|control| !control.is_key);
            let key: Vec<&MappedControl> = mapped.iter().filter(|control| control.is_key).collect();
            let ready = key.iter().filter(|control| control.status == ControlStatus::Ready).count();
            let open = key.iter().filter(|control| control.status == ControlStatus::NotAssessed).count();
            let status = match (ready, open) {
                (ready, _) if ready == key.len() && ready > 0 => CriterionStatus::Met,
                (0, open) if open == key.len() && open > 0 => CriterionStatus::NotAssessed,
                (0, _) => CriterionStatus::NotMet,
                _ => CriterionStatus::PartlyMet,
            };
            let row = CriterionRow {
                series: text(series, "id"),
                series_title: text(series, "title"),
                category: "Common criteria".to_owned(),
                text: text(requirement, "text"),
                status,
                controls: mapped.len(),
                key_controls: key.len(),
                key_ready: ready,
                id: id.clone(),
            };
            out.push(CriterionView {
                row,
                decided: String::new(),
                basis: format!("{ready} of {} key controls are ready, {open} are not assessed.", key.len()),
                suggested: String::new(),
                lacks: String::new(),
                compensation: String::new(),
                outside: String::new(),
                points: tables(requirement, "points_of_focus")
                    .iter()
                    .map(|point| PointOfFocus {
                        id: text(point, "id"),
                        label: text(point, "label"),
                        only_for: Some(text(point, "scope"))
                            .filter(|scope| scope != "all")
                            .unwrap_or_default(),
                    })
                    .collect(),
                controls: mapped,
                crosswalks: crosswalks.iter().filter_map(|crosswalk| related(crosswalk, &id)).collect(),
                requests: requests
                    .iter()
                    .flat_map(|list| tables(list, "requests"))
                    .filter(|request| texts(request, "criteria").contains(&id))
                    .map(|request| RequestRow {
                        number: request["number"]
                            .as_integer()
                            .and_then(|n| u32::try_from(n).ok())
                            .unwrap_or(0),
                        title: text(request, "title"),
                        kind: text(request, "kind"),
                    })
                    .collect(),
            });
        }
    }
    out
}

pub(super) fn related(crosswalk: &toml::Table, id: &str) -> Option<Crosswalk> {
    let lines =
        tables(crosswalk, "sets").into_iter().find_map(|set| set.get("mappings")?.as_table().cloned())?;
    let references = lines.get(id)?.as_table()?.values().filter_map(toml::Value::as_array).flatten();
    Some(Crosswalk {
        framework: text(crosswalk, "title"),
        references: references.filter_map(|value| value.as_str().map(str::to_owned)).collect(),
        relation: "intersects".to_owned(),
    })
}
