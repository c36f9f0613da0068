//! What must hold across files: identifiers are unique, references resolve, totals reconcile, nothing is unreachable.

use std::collections::{BTreeMap, BTreeSet};

use super::Catalog;
use super::framework::{Count, Framework, Requirement};
use super::objective::ObjectiveSet;
use super::problem::Problems;
use super::read::Sources;

/// Name under which totals count the common series together.
const COMMON: &str = "common";

/// Notes everything that does not hold.
pub(super) fn validate(catalog: &Catalog, sources: &Sources, problems: &mut Problems) {
    for framework in &catalog.frameworks {
        let file = &sources.frameworks[&framework.id];
        structure(framework, file, sources, problems);
        totals(framework, file, problems);
        reach(catalog, framework, file, problems);
    }
    controls(catalog, sources, problems);
    requests(catalog, sources, problems);
    let file_of = |id: &str| sources.duties.get(id).cloned().unwrap_or_default();
    super::segregation::validate(&catalog.duties, &catalog.duty_conflicts, file_of, problems);
    crosswalks(catalog, sources, problems);
    for set in &catalog.objective_sets {
        objective_set(set, &sources.sets[&set.id], problems);
    }
    rest(catalog, sources, problems);
}

/// Notes identifiers that occur twice.
fn unique<'a>(
    items: impl IntoIterator<Item = (&'a str, &'a str)>,
    what: &str,
    problems: &mut Problems,
) -> BTreeSet<&'a str> {
    let mut seen = BTreeMap::new();
    for (file, id) in items {
        if id.trim().is_empty() {
            problems.add(file, "", format!("a {what} has no identifier"));
        }
        if let Some(earlier) = seen.insert(id, file) {
            let place = if earlier == file { String::new() } else { format!(", in {earlier} too") };
            problems.add(file, id, format!("this {what} is given twice{place}"));
        }
    }
    seen.into_keys().collect()
}

fn structure(framework: &Framework, file: &str, sources: &Sources, problems: &mut Problems) {
    let series_file = |series: &str| sources.series[&(framework.id.clone(), series.to_owned())].as_str();
    let known: BTreeSet<_> = framework.series.iter().map(|series| series.id.as_str()).collect();
    let own = framework.categories.iter().flat_map(|category| &category.series);
    let placed: Vec<_> = framework.common_series.iter().chain(own).map(String::as_str).collect();
    unique(placed.iter().map(|&series| (file, series)), "series in the categories", problems);
    for series in placed.iter().filter(|series| !known.contains(*series)) {
        problems.add(file, series, "this series has no requirements file");
    }
    if !framework.categories.is_empty() {
        for series in known.iter().filter(|series| !placed.contains(series)) {
            problems.add(series_file(series), series, "this series is in no category and not common");
        }
    }
    let category_ids = framework.categories.iter().map(|category| (file, category.id.as_str()));
    let categories = unique(category_ids, "category", problems);
    let scopes = unique(framework.scopes.iter().map(|scope| (file, scope.id.as_str())), "scope", problems);
    let origins =
        unique(framework.origins.iter().map(|origin| (file, origin.id.as_str())), "origin", problems);
    let roles = unique(framework.roles.iter().map(|role| (file, role.id.as_str())), "role", problems);
    for scope in &framework.scopes {
        if let Some(category) = scope.category.as_deref().filter(|category| !categories.contains(category)) {
            problems.add(file, &scope.id, format!("category {category:?} is not declared"));
        }
    }
    let requirements = framework.requirements().map(|r| (series_file(&r.series), r.id.as_str()));
    unique(requirements, "requirement", problems);
    let points = framework
        .requirements()
        .flat_map(|r| r.points_of_focus.iter().map(|point| (series_file(&r.series), point.id.as_str())));
    unique(points, "point of focus", problems);
    for requirement in framework.requirements() {
        let file = series_file(&requirement.series);
        if requirement.text.trim().is_empty() {
            problems.add(file, &requirement.id, "the requirement has no text");
        }
        for point in &requirement.points_of_focus {
            if !scopes.contains(point.scope.as_str()) {
                problems.add(file, &point.id, format!("scope {:?} is not declared", point.scope));
            }
            if !origins.contains(point.origin.as_str()) {
                problems.add(file, &point.id, format!("origin {:?} is not declared", point.origin));
            }
            for role in point.roles.iter().filter(|role| !roles.contains(role.as_str())) {
                problems.add(file, &point.id, format!("role {role:?} is not declared"));
            }
        }
    }
}

/// Counts requirements and their points of focus.
pub(super) fn count<'a>(requirements: impl Iterator<Item = &'a Requirement>) -> Count {
    requirements.fold(Count::default(), |sum, requirement| Count {
        requirements: sum.requirements + 1,
        points_of_focus: sum.points_of_focus + requirement.points_of_focus.len(),
    })
}

/// Counts by category, with the common series together.
pub(super) fn count_by_category(framework: &Framework) -> BTreeMap<String, Count> {
    let of = |series: &[String]| count(framework.requirements().filter(|r| series.contains(&r.series)));
    let mut counts: BTreeMap<_, _> = framework
        .categories
        .iter()
        .filter(|category| !category.series.is_empty())
        .map(|category| (category.id.clone(), of(&category.series)))
        .collect();
    if !framework.common_series.is_empty() {
        counts.insert(COMMON.to_owned(), of(&framework.common_series));
    }
    counts
}

/// Counts points of focus by a property of theirs.
pub(super) fn count_points(
    framework: &Framework,
    key: impl Fn(&super::framework::PointOfFocus) -> Option<String>,
) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for key in framework.points_of_focus().filter_map(key) {
        *counts.entry(key).or_default() += 1;
    }
    counts
}

/// Joins the roles of a point of focus, or gives none.
pub(super) fn roles_key(point: &super::framework::PointOfFocus) -> Option<String> {
    (!point.roles.is_empty()).then(|| point.roles.join("+"))
}

fn totals(framework: &Framework, file: &str, problems: &mut Problems) {
    let declared = &framework.totals;
    let mut compare = |what: &str, declared: usize, found: usize| {
        if declared != found {
            problems.add(file, "totals", format!("{declared} {what} are declared, {found} are there"));
        }
    };
    let all = count(framework.requirements());
    compare("requirements", declared.requirements.unwrap_or(all.requirements), all.requirements);
    compare("points of focus", declared.points_of_focus.unwrap_or(all.points_of_focus), all.points_of_focus);
    let series: BTreeMap<_, _> = framework
        .series
        .iter()
        .map(|series| (series.id.clone(), count(series.requirements.iter())))
        .collect();
    for (declared, found) in
        [(&declared.series, &series), (&declared.categories, &count_by_category(framework))]
    {
        for (name, count) in declared {
            let found = found.get(name).copied().unwrap_or_default();
            compare(&format!("requirements of {name}"), count.requirements, found.requirements);
            compare(&format!("points of focus of {name}"), count.points_of_focus, found.points_of_focus);
        }
    }
    for (what, declared, found) in [
        ("scope", &declared.scopes, count_points(framework, |point| Some(point.scope.clone()))),
        ("origin", &declared.origins, count_points(framework, |point| Some(point.origin.clone()))),
        ("roles", &declared.roles, count_points(framework, roles_key)),
    ] {
        let names: BTreeSet<_> =
            declared.keys().chain(found.keys()).filter(|_| !declared.is_empty()).collect();
        for name in names {
            let of = |counts: &BTreeMap<String, usize>| counts.get(name).copied().unwrap_or_default();
            compare(&format!("points of focus of {what} {name}"), of(declared), of(&found));
        }
    }
    if let Some(last) = declared.coso_principles {
        let mut used: Vec<_> = framework.requirements().filter_map(|r| r.coso_principle).collect();
        used.sort_unstable();
        if !used.iter().copied().eq(1..=last) {
            let message = format!("COSO principles 1 to {last} must be used once each, they are {used:?}");
            problems.add(file, "totals", message);
        }
    }
    in_play(framework, file, problems);
}

fn in_play(framework: &Framework, file: &str, problems: &mut Problems) {
    for total in &framework.totals.in_play {
        let name = total.categories.join(" + ");
        let choice = match framework.choose(&total.categories) {
            Ok(choice) => choice,
            Err(error) => {
                problems.add(file, "totals", error.to_string());
                continue;
            }
        };
        let points = |products| framework.points_of_focus_in_play(&choice, products).count();
        let with_products = total.points_of_focus_with_products.unwrap_or(total.points_of_focus);
        for (what, declared, found) in [
            ("requirements in scope", total.requirements, framework.requirements_in_scope(&choice).count()),
            ("points of focus in play", total.points_of_focus, points(false)),
            ("points of focus in play with products", with_products, points(true)),
        ] {
            if declared != found {
                let message = format!("{declared} {what} are declared for {name}, {found} are there");
                problems.add(file, "totals", message);
            }
        }
    }
}

/// Checks that key controls and requests reach every requirement of a framework that asks for it.
fn reach(catalog: &Catalog, framework: &Framework, file: &str, problems: &mut Problems) {
    for requirement in framework.requirements() {
        if framework.requires_key_controls
            && !catalog
                .controls
                .iter()
                .any(|control| control.framework == framework.id && control.key_for.contains(&requirement.id))
        {
            problems.add(file, &requirement.id, "no starter control is key for it");
        }
        if framework.requires_requests
            && !catalog.requests.iter().any(|request| {
                request.framework == framework.id && request.criteria.contains(&requirement.id)
            })
        {
            problems.add(file, &requirement.id, "no request names it");
        }
    }
}

/// Checks that criteria named by an item exist in its framework.
fn criteria_exist(
    catalog: &Catalog,
    framework: &str,
    criteria: &[String],
    file: &str,
    item: &str,
    problems: &mut Problems,
) {
    let Some(framework) = catalog.framework(framework) else {
        return problems.add(file, item, format!("framework {framework:?} is not in the catalog"));
    };
    for criterion in criteria.iter().filter(|criterion| framework.requirement(criterion).is_none()) {
        problems.add(file, item, format!("{} has no requirement {criterion:?}", framework.id));
    }
}

fn controls(catalog: &Catalog, sources: &Sources, problems: &mut Problems) {
    let placed = || sources.controls.iter().map(String::as_str).zip(&catalog.controls);
    unique(placed().map(|(file, control)| (file, control.id.as_str())), "control", problems);
    for (file, control) in placed() {
        criteria_exist(catalog, &control.framework, &control.criteria, file, &control.id, problems);
        if control.criteria.is_empty() {
            problems.add(file, &control.id, "the control answers no criterion");
        }
        for criterion in control.key_for.iter().filter(|criterion| !control.criteria.contains(criterion)) {
            problems.add(file, &control.id, format!("it is key for {criterion:?}, which it does not answer"));
        }
    }
}

fn requests(catalog: &Catalog, sources: &Sources, problems: &mut Problems) {
    let mut seen = BTreeSet::new();
    for (file, request) in sources.requests.iter().zip(&catalog.requests) {
        let item = format!("request {}", request.number);
        if !seen.insert((request.framework.as_str(), request.number)) {
            problems.add(file, &item, "this number is given twice");
        }
        if request.criteria.is_empty() != request.all_criteria {
            problems.add(file, &item, "a request names criteria or serves all of them, one of the two");
        }
        criteria_exist(catalog, &request.framework, &request.criteria, file, &item, problems);
    }
}

fn crosswalks(catalog: &Catalog, sources: &Sources, problems: &mut Problems) {
    let placed = || sources.crosswalks.iter().map(String::as_str).zip(&catalog.crosswalks);
    unique(placed().map(|(file, crosswalk)| (file, crosswalk.id.as_str())), "crosswalk", problems);
    let mut pairs = BTreeMap::new();
    for (file, crosswalk) in placed() {
        let Some(source) = catalog.framework(&crosswalk.source_framework) else {
            let message = format!("framework {:?} is not in the catalog", crosswalk.source_framework);
            problems.add(file, &crosswalk.id, message);
            continue;
        };
        for id in crosswalk.looked_at.iter().filter(|id| source.requirement(id).is_none()) {
            problems.add(file, id, format!("{} has no such requirement", source.id));
        }
        if crosswalk.is_complete {
            for missing in source.requirements().filter(|r| !crosswalk.looked_at.contains(&r.id)) {
                problems.add(file, &missing.id, "the crosswalk says it is complete and has no line for it");
            }
        }
        let resolves = |target: &str, id: &str| match catalog.framework(target) {
            Some(framework) => framework.requirement(id).is_some(),
            None => crosswalk.targets.iter().any(|known| known.id == target && known.knows(id)),
        };
        let parameters = crosswalk.parameters.iter().map(|p| ("parameters", &p.target, &p.ids));
        let uncovered = crosswalk.uncovered.iter().map(|u| ("uncovered", &u.target, &u.ids));
        for (item, target, ids) in parameters.chain(uncovered) {
            for id in ids.iter().filter(|id| !resolves(target, id)) {
                problems.add(file, item, format!("{target} has no {id:?}"));
            }
        }
        for mapping in &crosswalk.mappings {
            if !resolves(&mapping.target_framework, &mapping.target) {
                let message = format!("{} has no {:?}", mapping.target_framework, mapping.target);
                problems.add(file, &mapping.source, message);
            }
            let key = (&source.id, &mapping.source, &mapping.target_framework, &mapping.target);
            if let Some(earlier) = pairs.insert(key, file) {
                let message = format!(
                    "{} of {} is mapped twice, in {earlier} too",
                    mapping.target, mapping.target_framework
                );
                problems.add(file, &mapping.source, message);
            }
        }
    }
}

fn objective_set(set: &ObjectiveSet, file: &str, problems: &mut Problems) {
    let objectives = unique(set.objectives.iter().map(|o| (file, o.id.as_str())), "objective", problems);
    let controls = unique(set.controls.iter().map(|c| (file, c.id.as_str())), "control", problems);
    unique(set.cuecs.iter().map(|c| (file, c.id.as_str())), "user entity control", problems);
    unique(set.subservice.iter().map(|s| (file, s.id.as_str())), "subservice organization", problems);
    let mut resolve = |item: &str, ids: &[String], known: &BTreeSet<&str>, what: &str| {
        for id in ids.iter().filter(|id| !known.contains(id.as_str())) {
            problems.add(file, item, format!("the set has no {what} {id:?}"));
        }
    };
    for control in &set.controls {
        resolve(&control.id, std::slice::from_ref(&control.objective), &objectives, "objective");
    }
    for cuec in &set.cuecs {
        resolve(&cuec.id, &cuec.objectives, &objectives, "objective");
    }
    for organization in &set.subservice {
        resolve(&organization.id, &organization.objectives, &objectives, "objective");
        resolve(&organization.id, &organization.monitored_by, &controls, "control");
    }
    for objective in &objectives {
        if !set.controls.iter().any(|control| control.objective == *objective) {
            problems.add(file, objective, "no control serves this objective");
        }
    }
}

fn rest(catalog: &Catalog, sources: &Sources, problems: &mut Problems) {
    let description = sources.description.iter().zip(&catalog.description_criteria);
    unique(description.map(|(file, set)| (file.as_str(), set.id.as_str())), "set of criteria", problems);
    for (file, set) in sources.description.iter().zip(&catalog.description_criteria) {
        let criteria = set.criteria.iter().map(|criterion| (file.as_str(), criterion.id.as_str()));
        unique(criteria, "description criterion", problems);
    }
    let clocks = || sources.clocks.iter().map(String::as_str).zip(&catalog.clocks);
    unique(clocks().map(|(file, clock)| (file, clock.id.as_str())), "clock", problems);
    for (file, clock) in clocks() {
        if clock.amount.is_some() != clock.unit.is_some()
            || clock.extension_amount.is_some() != clock.extension_unit.is_some()
        {
            problems.add(file, &clock.id, "an amount needs a unit, and a unit an amount");
        }
    }
    for (file, preset) in sources.presets.iter().zip(&catalog.sampling_presets) {
        let words = preset.frequencies.iter().map(|size| (file.as_str(), size.frequency.word()));
        unique(words, "frequency", problems);
        let mut next = Some(0);
        for band in &preset.event_driven {
            if next != Some(band.from) || band.to.is_some_and(|to| to < band.from) {
                problems.add(file, &format!("event_driven from {}", band.from), "the bands do not adjoin");
            }
            next = band.to.and_then(|to| to.checked_add(1));
        }
        if next.is_some() {
            problems.add(file, "event_driven", "the last band must be open");
        }
    }
}
