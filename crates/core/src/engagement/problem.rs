//! What is wrong with a scope: rules of the standards, each named, and what they find.
//!
//! Source: `docs/domain/soc-reports.md` sections 2, 6, 7 and 14.

mod outside;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{
    ElementKind, EngagementKey, Method, PERIOD_NOTICE_MONTHS, ReportKind, SOC1_NOTICE_MONTHS, Scope, Time,
};
use crate::catalog::Framework;
use crate::control::commitment::CommitmentKey;
use crate::control::{Control, ControlId};
use crate::id::SystemId;
use crate::report::lint;

/// Something to mend, or to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Which rule.
    pub rule: &'static str,
    /// What it says here.
    pub says: String,
    /// Whether the scope cannot be approved with it.
    pub blocks: bool,
}

/// A record of a system, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownSystem {
    /// Its name.
    pub name: String,
    /// Whether it is retired.
    pub is_retired: bool,
}

/// A commitment or requirement, as far as it matters here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownCommitment {
    /// Whether it holds.
    pub holds: bool,
    /// Categories that it is about.
    pub categories: BTreeSet<String>,
}

/// What a scope is held against.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'a> {
    /// The trust services criteria.
    pub framework: &'a Framework,
    /// The systems of the organization.
    pub systems: &'a BTreeMap<SystemId, KnownSystem>,
    /// The controls of the organization.
    pub controls: &'a [Control],
    /// The commitments of the organization.
    pub commitments: &'a BTreeMap<CommitmentKey, KnownCommitment>,
    /// Scopes of the other engagements that are not given up.
    pub others: &'a [(EngagementKey, Scope)],
}

impl Scope {
    /// Returns what is wrong with it, what blocks first.
    #[must_use]
    pub fn problems(&self, ground: &Ground<'_>) -> Vec<Problem> {
        let mut found = Found { scope: self, ground, problems: Vec::new() };
        found.services();
        found.systems();
        found.boundary();
        found.yardstick();
        found.controls_and_criteria();
        self.subservices.iter().for_each(|subservice| found.subservice(subservice));
        found.vendors();
        self.vendor_controls.iter().for_each(|expected| found.vendor_control(expected));
        self.user_entities.iter().for_each(|expected| found.user_entity(expected));
        found.carved_out();
        found.commitments();
        found.time();
        found.others();
        found.problems.sort_by_key(|problem| !problem.blocks);
        found.problems
    }

    /// Returns the criteria in scope, or the ids of the objectives.
    #[must_use]
    pub fn criteria(&self, framework: &Framework) -> Vec<String> {
        if self.kind == ReportKind::Soc1 {
            return self.objectives.iter().map(|objective| objective.id.clone()).collect();
        }
        framework
            .requirements()
            .filter(|requirement| self.brings(framework, &requirement.series))
            .map(|requirement| requirement.id.clone())
            .filter(|id| !self.exclusions.contains_key(id))
            .collect()
    }

    /// Returns the controls for a criterion or an objective: those of its systems, or of the organization as a whole, that are
    /// in force at some time of the examination. One that is in force now counts for a time that lies ahead.
    pub fn controls_for<'a>(
        &'a self,
        framework: &'a Framework,
        controls: &'a [Control],
        criterion: &'a str,
    ) -> impl Iterator<Item = &'a Control> {
        let named: Option<&BTreeSet<ControlId>> = self
            .objectives
            .iter()
            .find(|objective| objective.id == criterion)
            .map(|objective| &objective.controls);
        controls.iter().filter(move |control| {
            self.has(control)
                && match named {
                    Some(named) => named.contains(&control.id),
                    None => control
                        .criteria
                        .iter()
                        .any(|mapping| mapping.framework == framework.id && mapping.criterion == criterion),
                }
        })
    }

    /// Tells whether a control is of the system and in force at some time of the examination.
    #[must_use]
    pub fn has(&self, control: &Control) -> bool {
        self.covers(control) && self.has_in_force(control)
    }

    /// Tells whether a control is in force at some time of the examination.
    #[must_use]
    pub fn has_in_force(&self, control: &Control) -> bool {
        let (from, to) = self.time.days();
        control.force().is_some_and(|force| {
            force.from.date() <= to.to_string() && force.to.is_none_or(|end| end.date() >= from.to_string())
        })
    }

    /// Tells whether another scope is about the same system: by its records, or by its name where either names none.
    pub(in crate::engagement) fn is_of_system(&self, other: &Self) -> bool {
        if self.systems.is_empty() || other.systems.is_empty() {
            return self.system == other.system;
        }
        !self.systems.is_disjoint(&other.systems)
    }

    fn brings(&self, framework: &Framework, series: &str) -> bool {
        framework.common_series.iter().any(|common| common == series)
            || framework.categories.iter().any(|one| {
                self.categories.contains_key(&one.id) && one.series.iter().any(|own| own == series)
            })
    }
}

struct Found<'a> {
    scope: &'a Scope,
    ground: &'a Ground<'a>,
    problems: Vec<Problem>,
}

impl Found<'_> {
    fn blocks(&mut self, rule: &'static str, says: impl Into<String>) {
        self.problems.push(Problem { rule, says: says.into(), blocks: true });
    }

    fn notices(&mut self, rule: &'static str, says: impl Into<String>) {
        self.problems.push(Problem { rule, says: says.into(), blocks: false });
    }

    /// What controls are measured against, in a word.
    fn measure(&self) -> &'static str {
        if self.scope.kind.has_criteria() { "criterion" } else { "control objective" }
    }

    fn services(&mut self) {
        if self.scope.services.is_empty() {
            self.blocks("services", "no service is named");
        }
        if self.scope.boundary.is_empty() {
            self.blocks("boundary", "nothing says where the system ends");
        }
        let texts = [&self.scope.boundary, &self.scope.system].into_iter().chain(&self.scope.services);
        let banned: BTreeSet<&str> =
            texts.flat_map(|text| lint::lint(text)).map(|banned| banned.phrase).collect();
        for phrase in banned {
            self.blocks("wording", format!("\u{201c}{phrase}\u{201d} claims what no examination gives"));
        }
    }

    /// Which records of systems it is about: with several in the organization, one has to be chosen, or controls and evidence of
    /// the others would be in it too.
    fn systems(&mut self) {
        let (scope, systems) = (self.scope, self.ground.systems);
        if scope.systems.is_empty() && systems.values().filter(|one| !one.is_retired).count() > 1 {
            self.blocks(
                "systems",
                "several systems are written down and none is chosen: choose those that the report is about, or the controls and \
                 evidence of the others are in it too",
            );
        }
        for id in &scope.systems {
            match systems.get(id) {
                None => self.blocks("systems", format!("there is no system {id}")),
                Some(one) if one.is_retired => {
                    self.notices("systems", format!("the system {} is retired", one.name));
                }
                Some(_) => {}
            }
        }
    }

    fn boundary(&mut self) {
        let scope = self.scope;
        for line in scope.outside.iter().filter(|line| !line.contains(": ")) {
            let says = format!(
                "nothing says why \u{201c}{line}\u{201d} is outside: write the reason behind a colon"
            );
            self.notices("boundary", says);
        }
        let is_whole_life =
            ["privacy", "confidentiality"].iter().any(|category| scope.categories.contains_key(*category));
        if is_whole_life {
            for one in scope.elements_of(ElementKind::Data, false) {
                let says = format!(
                    "{} is outside: with privacy or confidentiality the boundary covers the whole life of such data",
                    one.name
                );
                self.notices("boundary", says);
            }
        }
        let mut seen = BTreeSet::new();
        for one in &scope.elements {
            if !seen.insert((one.kind, one.name.to_lowercase())) {
                self.blocks("boundary", format!("{} is in the boundary twice", one.name));
            }
        }
    }

    fn objectives(&mut self) {
        let scope = self.scope;
        if !scope.categories.is_empty() || !scope.exclusions.is_empty() || !scope.omissions.is_empty() {
            self.blocks("yardstick", "a SOC 1 has control objectives and no categories or criteria");
        }
        if scope.objectives.is_empty() {
            self.blocks("objectives", "no control objective is written");
        } else if scope.objectives.iter().all(|one| one.is_general_control) {
            self.notices(
                "objectives",
                "every objective is about IT general controls; those matter only for systems that support business objectives",
            );
        }
        let mut seen = BTreeSet::new();
        for objective in &scope.objectives {
            if !seen.insert(&objective.id) {
                self.blocks("objectives", format!("objective {} is there twice", objective.id));
            }
            if objective.assertions.is_empty() {
                let says = format!("objective {} touches no financial statement assertion", objective.id);
                self.notices("icfr", says);
            }
            if objective.transactions.is_empty() && !objective.is_general_control {
                let says = format!("objective {} names no class of transactions", objective.id);
                self.notices("icfr", says);
            }
        }
    }

    fn yardstick(&mut self) {
        let (scope, framework) = (self.scope, self.ground.framework);
        if !scope.kind.has_criteria() {
            self.objectives();
            return;
        }
        if !scope.objectives.is_empty() {
            self.blocks(
                "yardstick",
                format!("a {} has criteria and no control objectives", scope.kind.title()),
            );
        }
        if scope.categories.is_empty() {
            self.blocks("categories", "no category is chosen");
        }
        for id in scope.categories.keys().chain(scope.omissions.keys()) {
            if !framework.categories.iter().any(|category| category.id == *id) {
                self.blocks("categories", format!("there is no category {id}"));
            }
        }
        for category in &framework.categories {
            if category.is_expected
                && !scope.categories.contains_key(&category.id)
                && !scope.omissions.contains_key(&category.id)
            {
                self.blocks(
                    "categories",
                    format!("readers expect {}: choose it, or say why it is left out", category.title),
                );
            }
        }
        let silent: Vec<&str> = framework
            .categories
            .iter()
            .filter(|one| !one.is_expected)
            .filter(|one| !scope.categories.contains_key(&one.id) && !scope.omissions.contains_key(&one.id))
            .map(|one| one.title.as_str())
            .collect();
        if !silent.is_empty() {
            self.notices("omissions", format!("nothing says why these are left out: {}", silent.join(", ")));
        }
        self.exclusions();
    }

    fn exclusions(&mut self) {
        let (scope, framework) = (self.scope, self.ground.framework);
        let brought: BTreeSet<&str> = framework
            .requirements()
            .filter(|requirement| scope.brings(framework, &requirement.series))
            .map(|requirement| requirement.id.as_str())
            .collect();
        for id in scope.exclusions.keys().filter(|id| !brought.contains(id.as_str())) {
            self.blocks(
                "exclusions",
                format!("{id} is not among the criteria of the chosen categories, so it cannot be taken out"),
            );
        }
        for category in &framework.categories {
            let mut own = framework
                .requirements()
                .filter(|requirement| category.series.contains(&requirement.series))
                .peekable();
            if scope.categories.contains_key(&category.id)
                && own.peek().is_some()
                && own.all(|requirement| scope.exclusions.contains_key(&requirement.id))
            {
                self.blocks(
                    "exclusions",
                    format!(
                        "every criterion of {} is taken out: leave the category out instead",
                        category.title
                    ),
                );
            }
        }
    }

    /// Whether organizations that are presented like this answer for a criterion.
    fn is_met_by(&self, method: Method, criterion: &str) -> bool {
        let such = self.scope.subservices.iter().filter(|one| one.method == method);
        such.flat_map(|one| &one.assumed).any(|assumed| assumed.criteria.contains(criterion))
    }

    /// What carved-out organizations are assumed to do for a criterion.
    fn is_assumed(&self, criterion: &str) -> bool {
        self.is_met_by(Method::CarveOut, criterion)
    }

    /// Whether own controls, or those of an organization that is examined too, answer for a criterion.
    fn is_examined(&self, criterion: &str) -> bool {
        self.has_control(criterion) || self.is_met_by(Method::Inclusive, criterion)
    }

    fn has_control(&self, criterion: &str) -> bool {
        self.scope.controls_for(self.ground.framework, self.ground.controls, criterion).next().is_some()
    }

    fn controls_and_criteria(&mut self) {
        let bare: Vec<String> = self
            .scope
            .criteria(self.ground.framework)
            .into_iter()
            .filter(|criterion| !self.is_examined(criterion) && !self.is_assumed(criterion))
            .collect();
        if !bare.is_empty() {
            let list = bare.iter().take(12).map(String::as_str).collect::<Vec<_>>().join(", ");
            let more = if bare.len() > 12 { format!(" and {} more", bare.len() - 12) } else { String::new() };
            let ways = if self.scope.kind.has_criteria() {
                "a control in force, a control at a subservice organization, or to be taken out with a reason"
            } else {
                "a control in force, or one at a subservice organization"
            };
            self.blocks("controls", format!("nothing answers for {list}{more}: each needs {ways}"));
        }
        let scope = self.scope;
        let named = scope.objectives.iter().flat_map(|objective| &objective.controls);
        let named = named.chain(scope.subservices.iter().flat_map(|one| &one.monitoring));
        let named = named.chain(scope.vendor_controls.iter().flat_map(|one| &one.controls));
        for id in named.collect::<BTreeSet<&ControlId>>() {
            match self.ground.controls.iter().find(|control| control.id == *id) {
                None => self.blocks("controls", format!("there is no control {id}")),
                Some(control) if !scope.covers(control) => {
                    self.blocks("controls", format!("{id} is named, and is a control of another system"));
                }
                Some(_) => {}
            }
        }
        self.objectives_without_force();
    }

    /// Controls that an objective names and that are not in force in the time: a draft, or one that came later. What is left
    /// may still answer for the objective, so each is told of, and blocks nothing by itself.
    fn objectives_without_force(&mut self) {
        let scope = self.scope;
        let named: BTreeSet<&ControlId> =
            scope.objectives.iter().flat_map(|objective| &objective.controls).collect();
        let held = self.ground.controls.iter().filter(|control| named.contains(&control.id));
        let (mut drafts, mut late) = (Vec::new(), Vec::new());
        let (_, to) = scope.time.days();
        for control in held.filter(|control| scope.covers(control)) {
            match control.force() {
                None => drafts.push(control.id.as_str()),
                Some(force) if force.from.date() > to.to_string() => late.push(control.id.as_str()),
                Some(_) => {}
            }
        }
        let are = |ids: &[&str]| if ids.len() == 1 { "is" } else { "are" };
        if !drafts.is_empty() {
            let says = format!(
                "{} {} named by control objectives and not in force: a control needs an owner, and somebody who did not write it \
                 puts it in force",
                drafts.join(", "),
                are(&drafts)
            );
            self.notices("controls", says);
        }
        if !late.is_empty() {
            let says = format!(
                "{} {} named by control objectives and in force only since after {to}: they are no part of this examination",
                late.join(", "),
                are(&late)
            );
            self.notices("controls", says);
        }
    }

    fn commitments(&mut self) {
        if self.scope.kind.has_criteria() && self.scope.commitments.is_empty() {
            self.blocks("commitments", "no principal service commitment or system requirement is named");
        }
        for key in &self.scope.commitments {
            match self.ground.commitments.get(key) {
                None => self.blocks("commitments", format!("there is no commitment {key}")),
                Some(one) => {
                    if !one.holds {
                        self.notices("commitments", format!("{key} is not in force"));
                    }
                    self.left_out(*key, one);
                }
            }
        }
    }

    /// Readers would look in vain for criteria of a commitment whose categories are all left out. It may be principal all the
    /// same, as one about a law of data protection without privacy in scope.
    fn left_out(&mut self, key: CommitmentKey, one: &KnownCommitment) {
        let chosen = &self.scope.categories;
        if chosen.is_empty()
            || one.categories.is_empty()
            || one.categories.iter().any(|id| chosen.contains_key(id))
        {
            return;
        }
        let names: Vec<String> = one.categories.iter().map(|id| id.replace('-', " ")).collect();
        self.notices(
            "commitments",
            format!(
                "{key} is about {}, which is left out: choose the category, or take the commitment out, unless readers need it \
                 all the same",
                names.join(" and ")
            ),
        );
    }

    fn time(&mut self) {
        let least =
            if self.scope.kind == ReportKind::Soc1 { SOC1_NOTICE_MONTHS } else { PERIOD_NOTICE_MONTHS };
        if let Time::Period { from, to } = self.scope.time
            && from.plus_months(least).is_some_and(|least| to.next().is_some_and(|end| end < least))
        {
            let why = if self.scope.kind == ReportKind::Soc1 {
                "does it overlap enough of the financial year of customers for their auditors?"
            } else {
                "is it long enough for evidence?"
            };
            self.notices("period", format!("the period is shorter than {least} months: {why}"));
        }
    }

    fn others(&mut self) {
        let scope = self.scope;
        let Time::Period { from, to } = scope.time else { return };
        let mut before: Option<(EngagementKey, crate::conclusion::scope::Day)> = None;
        for (key, other) in self.ground.others {
            let Time::Period { from: other_from, to: other_to } = other.time else { continue };
            if other.kind != scope.kind || !scope.is_of_system(other) {
                continue;
            }
            if other_from <= to && from <= other_to {
                self.notices("periods", format!("the period overlaps that of {key}, {}", other.time));
            } else if other_to < from && before.is_none_or(|(_, end)| end < other_to) {
                before = Some((*key, other_to));
            }
        }
        if let Some((key, end)) = before
            && end.next().is_some_and(|next| next < from)
        {
            self.notices(
                "periods",
                format!("the period does not follow that of {key}: from {end} to {from} nothing is examined"),
            );
        }
    }
}
