//! Subservice organizations, user entities, and the description, as far as the open engagement holds them.

use tickmark_core::catalog::{Catalog, DescriptionCriterion};
use tickmark_core::conclusion::readiness::ControlStatus;
use tickmark_core::engagement::{
    Description, Engagement, GivenState, Method, Paper, Part, Scope, Subservice, UserEntityKind,
};
use tickmark_core::report::readiness::{
    CuecRow, DescriptionRow, DocumentStatus, Level, SubserviceMethod, SubserviceRow,
};

use super::ground::Ground;
use crate::conclusion::Standing;

pub(super) fn subservice(ground: &Ground, standing: &Standing) -> Vec<SubserviceRow> {
    let held = ground.engagement.iter().flat_map(|one| &one.holds().subservices);
    held.map(|one| subservice_row(one, standing)).collect()
}

fn subservice_row(one: &Subservice, standing: &Standing) -> SubserviceRow {
    let is_carved_out = one.method == Method::CarveOut;
    let mut missing = Vec::new();
    if is_carved_out && one.assumed.is_empty() {
        missing.push("no type of control is assumed of it".to_owned());
    }
    for assumed in one.assumed.iter().filter(|assumed| assumed.criteria.is_empty()) {
        missing.push(format!("no criterion is named for \u{201c}{}\u{201d}", assumed.text));
    }
    let gives_assertion = matches!(one.assertion.state, GivenState::Agreed | GivenState::Received);
    if !is_carved_out && !gives_assertion {
        missing.push("its management has not agreed to give an assertion".to_owned());
    }
    if one.monitoring.is_empty() {
        missing.push("no own control watches it".to_owned());
    }
    let is_begun = !one.assumed.is_empty() || !one.monitoring.is_empty() || gives_assertion;
    let is_ready = |id| standing.control(id).is_some_and(|control| control.status == ControlStatus::Ready);
    for id in one.monitoring.iter().filter(|id| !is_ready(id)) {
        missing.push(format!("{id}, which watches it, is not ready"));
    }
    let mut criteria: Vec<String> =
        one.assumed.iter().flat_map(|assumed| assumed.criteria.iter().cloned()).collect();
    criteria.sort();
    criteria.dedup();
    SubserviceRow {
        name: one.name.clone(),
        services: one.service.clone(),
        method: if is_carved_out { SubserviceMethod::CarveOut } else { SubserviceMethod::Inclusive },
        assumed_controls: one.assumed.iter().map(|assumed| assumed.text.clone()).collect(),
        criteria,
        monitored_by: one.monitoring.iter().map(ToString::to_string).collect(),
        level: match (missing.is_empty(), is_begun) {
            (true, _) => Level::Ready,
            (false, true) => Level::Partly,
            (false, false) => Level::Missing,
        },
        note: super::sentence(&missing.join("; ")),
    }
}

pub(super) fn cuecs(ground: &Ground) -> Vec<CuecRow> {
    let held = ground.engagement.iter().flat_map(|one| &one.holds().user_entities);
    held.filter(|one| one.kind == UserEntityKind::Control)
        .zip(1..)
        .map(|(one, number): (_, u32)| {
            let holds = one.commitment.is_some_and(|key| ground.is_in_force(key));
            let complete = holds && !one.criteria.is_empty() && !one.why.is_empty();
            CuecRow {
                reference: format!("CUEC-{number:02}"),
                statement: one.text.clone(),
                criteria: one.criteria.iter().cloned().collect(),
                level: if complete { Level::Ready } else { Level::Partly },
            }
        })
        .collect()
}

pub(super) fn description(catalog: &Catalog, ground: &Ground) -> Vec<DescriptionRow> {
    let criteria = catalog.description_criteria.iter().flat_map(|set| &set.criteria);
    criteria
        .map(|criterion| {
            let (level, note) = match &ground.engagement {
                Some(one) => described(criterion, one),
                None => nothing(criterion),
            };
            DescriptionRow { id: criterion.id.clone(), title: criterion.text.clone(), level, note }
        })
        .collect()
}

fn nothing(criterion: &DescriptionCriterion) -> (Level, String) {
    (Level::NotAssessed, format!("Nothing is recorded. To hold: {}.", criterion.fields.join("; ")))
}

/// How far the engagement's description answers a criterion: by the parts that people wrote and signed, and by the lists that
/// its scope holds and that are set beside them.
fn described(criterion: &DescriptionCriterion, one: &Engagement) -> (Level, String) {
    let (scope, text) = (one.holds(), one.described());
    if criterion.period_only && !scope.time.is_period() {
        return (Level::Ready, format!("Not asked of {}: it is about one date.", scope.report()));
    }
    let mut is_final = one
        .progress(Paper::Description)
        .is_some_and(|progress| progress.status == DocumentStatus::FinalManagement);
    let (mut there, mut missing) = parts(criterion, scope, &text);
    if let Some((list, is_complete)) = listed(criterion, scope) {
        if is_complete { &mut there } else { &mut missing }.push(list);
        // What the scope holds is settled by its approval.
        is_final |= there.len() == 1 && missing.is_empty() && one.approved().is_some();
    }
    if there.is_empty() && missing.is_empty() {
        return nothing(criterion);
    }
    let level = match (there.is_empty(), missing.is_empty() && is_final) {
        (true, _) => Level::Missing,
        (false, true) => Level::Ready,
        (false, false) => Level::Partly,
    };
    let mut note = String::new();
    for (words, some) in [("In", &there), ("Missing in", &missing)] {
        if !some.is_empty() {
            note.push_str(&format!("{words} {}: {}. ", one.key, some.join("; ")));
        }
    }
    if missing.is_empty() && !is_final {
        note.push_str("Not approved yet.");
    }
    (level, note.trim_end().to_owned())
}

/// The parts that answer a criterion: written ones, and those that the report needs and that are not.
fn parts(criterion: &DescriptionCriterion, scope: &Scope, text: &Description) -> (Vec<String>, Vec<String>) {
    let missing = text.missing(scope);
    let (mut there, mut lacks) = (Vec::new(), Vec::new());
    for (part, _) in Part::of(scope.kind, scope.time) {
        if part.criterion() != criterion.id {
            continue;
        }
        let says_none = part.may_be_none() && text.is_none(part);
        if missing.contains(&part) {
            lacks.push(part.title().to_lowercase());
        } else if says_none {
            there.push(format!("{}, stated that there is nothing to tell", part.title().to_lowercase()));
        } else if !text.text(part).is_empty() {
            there.push(part.title().to_lowercase());
        }
    }
    (there, lacks)
}

/// The list of the scope that answers a criterion, with whether it is enough; none where it has none.
fn listed(criterion: &DescriptionCriterion, scope: &Scope) -> Option<(String, bool)> {
    let counted = |count: usize, what: &str| Some((format!("{count} {what}"), count > 0));
    match criterion.id.as_str() {
        "DC 2" => counted(scope.commitments.len(), "commitments and requirements"),
        "DC 5" => Some(("criteria and controls, from the register".to_owned(), true)),
        "DC 6" => {
            let is_control =
                |one: &&tickmark_core::engagement::UserEntityControl| one.kind == UserEntityKind::Control;
            let count = scope.user_entities.iter().filter(is_control).count();
            Some((format!("{count} complementary user entity controls"), true))
        }
        "DC 7" => Some((format!("{} subservice organizations", scope.subservices.len()), true)),
        "DC 8" => {
            Some((format!("{} criteria judged not relevant, with reasons", scope.exclusions.len()), true))
        }
        _ => None,
    }
}
