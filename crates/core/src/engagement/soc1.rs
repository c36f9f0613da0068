//! The beginning of a SOC 1: objectives, the controls that serve them and what customers do, proposed by an example set.
//! Management makes them its own.
//!
//! Source: `docs/domain/soc-reports.md` section 4.

use std::collections::BTreeSet;

use super::{Objective, Scope, UserEntityControl, UserEntityKind};
use crate::catalog::ObjectiveSet;
use crate::control::ControlId;

/// Words before what customers do, where a set says what is expected of one.
const CUSTOMERS: &str = "Customers";

impl ObjectiveSet {
    /// Returns these objectives of the set as a scope writes them, each with the controls that the set proposes.
    #[must_use]
    pub fn proposed(&self, chosen: &BTreeSet<String>) -> Vec<Objective> {
        let controls = |id: &str| -> BTreeSet<ControlId> {
            let serving = self.controls.iter().filter(|control| control.objective == id);
            serving.filter_map(|control| control.id.parse().ok()).collect()
        };
        self.objectives
            .iter()
            .filter(|one| chosen.contains(&one.id))
            .map(|one| Objective {
                id: one.id.clone(),
                statement: format!("{} {}", self.lead_in, one.statement),
                assertions: one.assertions.iter().cloned().collect(),
                transactions: one.transactions.iter().cloned().collect(),
                is_general_control: one.is_general_control,
                controls: controls(&one.id),
            })
            .collect()
    }

    /// Returns what the set expects of customers for these objectives. Why an objective fails without it is for people to
    /// say: until somebody does, the scope cannot be approved.
    #[must_use]
    pub fn expected(&self, chosen: &BTreeSet<String>) -> Vec<UserEntityControl> {
        let of = |cuec: &crate::catalog::UserEntityControl| UserEntityControl {
            kind: UserEntityKind::Control,
            // The set speaks of one customer, a scope of all.
            text: format!("{CUSTOMERS} {}.", cuec.statement.replace(" its ", " their ")),
            criteria: cuec.objectives.iter().filter(|id| chosen.contains(*id)).cloned().collect(),
            commitment: None,
            why: String::new(),
        };
        let all = self.cuecs.iter().map(of);
        all.filter(|one| !one.criteria.is_empty()).collect()
    }
}

impl Scope {
    /// Adds what a set proposes for these objectives; what is there already stays as it is.
    pub fn begin_from(&mut self, set: &ObjectiveSet, chosen: &BTreeSet<String>) {
        let new: BTreeSet<String> =
            chosen.iter().filter(|id| !self.objectives.iter().any(|held| held.id == **id)).cloned().collect();
        self.objectives.extend(set.proposed(&new));
        let held: BTreeSet<String> = self.user_entities.iter().map(|one| one.text.clone()).collect();
        self.user_entities.extend(set.expected(&new).into_iter().filter(|one| !held.contains(&one.text)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::engagement::{ReportKind, Time};

    #[test]
    fn a_soc_1_begins_from_the_set_and_what_is_written_stays() {
        let catalog = Catalog::builtin();
        let set = &catalog.objective_sets[0];
        let time = Time::AsOf { date: "2026-06-30".parse().expect("a day") };
        let mut scope = Scope::of(ReportKind::Soc1, time, "Payroll");
        let all: BTreeSet<String> = set.objectives.iter().map(|one| one.id.clone()).collect();
        scope.begin_from(set, &BTreeSet::from(["CO-04".to_owned(), "CO-15".to_owned()]));
        let (wages, change) = (&scope.objectives[0], &scope.objectives[1]);
        assert!(wages.statement.starts_with("Controls provide reasonable assurance that gross pay"));
        assert!(!wages.is_general_control && wages.transactions.contains("wages"));
        assert!(change.is_general_control && change.transactions.is_empty());
        assert!(wages.assertions.contains("accuracy") && !wages.controls.is_empty());
        assert!(scope.user_entities.iter().all(|one| one.criteria.iter().all(|id| id == "CO-04")));
        assert!(!scope.user_entities.is_empty());

        scope.objectives[0].statement = "Our own words.".into();
        let customers = scope.user_entities.len();
        scope.begin_from(set, &all);
        assert_eq!(scope.objectives.len(), set.objectives.len());
        assert_eq!(scope.objectives[0].statement, "Our own words.");
        assert!(scope.user_entities.len() > customers);
        assert!(scope.user_entities.iter().all(|one| !one.text.contains(" its ")), "customers are many");
        let named: BTreeSet<&str> =
            scope.objectives.iter().flat_map(|one| &one.controls).map(|id| id.as_str()).collect();
        assert_eq!(named.len(), set.controls.len(), "each control of the set serves an objective");
        // Every business objective says which transactions it is about.
        assert!(scope.objectives.iter().all(|one| one.is_general_control == one.transactions.is_empty()));
        scope.clone().checked().expect("it can be written down");
    }
}
