//! What is wrong with what a scope says of others: subservice organizations, vendors, and users of the service.

use std::collections::BTreeSet;

use super::Found;
use crate::engagement::vendor::short_of;
use crate::engagement::{
    Decision, GivenState, Method, Subservice, UserEntityControl, UserEntityKind, VendorControl,
};

impl Found<'_> {
    pub(super) fn subservice(&mut self, one: &Subservice) {
        let name = &one.name;
        match one.method {
            Method::CarveOut => {
                if one.assumed.is_empty() {
                    self.blocks("carve_out", format!("no type of control is assumed at {name}"));
                }
                if one.assumed.iter().all(|assumed| assumed.criteria.is_empty()) {
                    let measure = self.measure();
                    self.blocks("carve_out", format!("no {measure} is named that depends on {name}"));
                }
                let known =
                    self.ground.controls.iter().filter(|control| one.monitoring.contains(&control.id));
                let in_force: Vec<bool> = known.map(|control| self.scope.has_in_force(control)).collect();
                if one.monitoring.is_empty() {
                    self.blocks("carve_out", format!("no own control watches {name}"));
                } else if !in_force.is_empty() && !in_force.contains(&true) {
                    let ids: Vec<&str> = one.monitoring.iter().map(|id| id.as_str()).collect();
                    let says = format!("no own control in force watches {name}: {} is not", ids.join(", "));
                    self.blocks("carve_out", says);
                }
            }
            Method::Inclusive => self.inclusive(one),
        }
        self.decision(name, &one.decision);
        let in_scope: BTreeSet<String> = self.scope.criteria(self.ground.framework).into_iter().collect();
        let strange: BTreeSet<&String> = one
            .assumed
            .iter()
            .flat_map(|assumed| &assumed.criteria)
            .filter(|id| !in_scope.contains(*id))
            .collect();
        for id in strange {
            self.blocks("carve_out", format!("{name} is said to answer for {id}, which is not in scope"));
        }
    }

    fn inclusive(&mut self, one: &Subservice) {
        let name = &one.name;
        for (what, given) in [("assertion", &one.assertion), ("representations", &one.representations)] {
            match given.state {
                GivenState::Agreed | GivenState::Received => {}
                GivenState::Refused => self.blocks(
                    "inclusive",
                    format!("{name} refuses its own {what}: the inclusive method is not available"),
                ),
                GivenState::Open => self.blocks(
                    "inclusive",
                    format!(
                        "{name} has not agreed to give its own {what}; without it the inclusive method is not available"
                    ),
                ),
            }
        }
        if one.assumed.is_empty() {
            self.blocks("inclusive", format!("no control of {name} is described"));
        }
        if one.parts.is_empty() {
            self.blocks("inclusive", format!("nothing says which parts of the system are those of {name}"));
        }
    }

    /// Whether somebody decided about a vendor for this examination, with each of its categories in mind.
    fn decision(&mut self, name: &str, decision: &Decision) {
        let Some(decided) = decision.decided else {
            let says = format!(
                "nobody has decided for this examination whether {name} is a subservice organization"
            );
            self.blocks("decision", says);
            return;
        };
        if decision.approver.is_empty() {
            let says = format!("nothing says who decided on {decided} what {name} is");
            self.blocks("decision", says);
        }
        let beside: Vec<&str> = self
            .scope
            .categories
            .keys()
            .filter(|category| !decision.categories.contains(*category))
            .map(String::as_str)
            .collect();
        if !beside.is_empty() {
            let list = beside.join(", ");
            let says = format!("the decision about {name} was made without {list}: decide again");
            self.blocks("decision", says);
        }
    }

    pub(super) fn vendors(&mut self) {
        let scope = self.scope;
        let named = scope.subservices.iter().map(|one| &one.name);
        let named: Vec<String> =
            named.chain(scope.vendors.iter().map(|one| &one.name)).map(|name| name.to_lowercase()).collect();
        for (place, one) in scope.subservices.iter().enumerate() {
            if named[..place].contains(&one.name.to_lowercase()) {
                self.blocks(
                    "subservices",
                    format!("{} is in the list of subservice organizations twice", one.name),
                );
            }
        }
        let first = scope.subservices.len();
        for (place, one) in scope.vendors.iter().enumerate() {
            if named[first..first + place].contains(&one.name.to_lowercase()) {
                self.blocks("vendors", format!("{} is in the list of vendors twice", one.name));
            }
        }
        for vendor in &scope.vendors {
            self.decision(&vendor.name, &vendor.decision);
            if scope.subservices.iter().any(|one| one.name.eq_ignore_ascii_case(&vendor.name)) {
                let says = format!("{} is said to be a subservice organization and to be none", vendor.name);
                self.blocks("decision", says);
            }
        }
        let has_none =
            |name: &str| !scope.vendor_controls.iter().any(|one| one.vendor.eq_ignore_ascii_case(name));
        // An inclusive organization is examined here, and gives no report of its own.
        let carved_out = scope.subservices.iter().filter(|one| one.method == Method::CarveOut);
        for one in carved_out.filter(|one| has_none(&one.name)) {
            let says = format!("nothing says which controls {} expects of us: its report does", one.name);
            self.notices("vendor_controls", says);
        }
    }

    /// What a vendor expects is met by own controls in force, or does not apply for a reason.
    pub(super) fn vendor_control(&mut self, one: &VendorControl) {
        let (scope, short) = (self.scope, one.short());
        let is_known =
            scope.subservices.iter().map(|one| &one.name).chain(scope.vendors.iter().map(|one| &one.name));
        if !is_known.into_iter().any(|name| name.eq_ignore_ascii_case(&one.vendor)) {
            let says = format!("\u{201c}{short}\u{201d}: nothing is decided about its vendor {}", one.vendor);
            self.blocks("vendor_controls", says);
        }
        if !one.is_applicable() {
            return;
        }
        if one.controls.is_empty() {
            let says = format!(
                "{} expects \u{201c}{short}\u{201d}: no own control meets it, and nothing says that it does not apply",
                one.vendor
            );
            self.blocks("vendor_controls", says);
        }
        let named = self.ground.controls.iter().filter(|control| one.controls.contains(&control.id));
        for control in named.filter(|control| !scope.has_in_force(control)) {
            let says = format!("{} is to meet \u{201c}{short}\u{201d} and is not in force", control.id);
            self.blocks("vendor_controls", says);
        }
        if one.evidence.is_empty() {
            let says = format!("nothing says which evidence shows \u{201c}{short}\u{201d}");
            self.notices("vendor_controls", says);
        }
    }

    pub(super) fn user_entity(&mut self, one: &UserEntityControl) {
        if one.kind == UserEntityKind::Responsibility {
            return;
        }
        let short = short_of(&one.text);
        if one.criteria.is_empty() {
            let measure = self.measure();
            self.blocks("cuec", format!("\u{201c}{short}\u{201d}: no {measure} depends on it"));
        }
        if self.scope.kind.has_criteria() && one.commitment.is_none() {
            self.blocks("cuec", format!("\u{201c}{short}\u{201d}: no commitment depends on it"));
        }
        if one.why.is_empty() {
            let (fails, all_the_same) = if self.scope.kind.has_criteria() {
                ("the commitment fails", "kept")
            } else {
                ("the control objective is missed", "achieved")
            };
            self.blocks(
                "cuec",
                format!(
                    "\u{201c}{short}\u{201d}: nothing says why {fails} if customers ignore it; if it would be {all_the_same} \
                     all the same, it is a responsibility"
                ),
            );
        }
    }

    pub(super) fn carved_out(&mut self) {
        let criteria = self.scope.criteria(self.ground.framework);
        let others = criteria.iter().filter(|id| !self.is_examined(id) && self.is_assumed(id)).count();
        if others * 2 > criteria.len() {
            self.notices(
                "carve_out",
                format!(
                    "{others} of {} rest on carved-out organizations alone: the report may mislead",
                    criteria.len()
                ),
            );
        }
    }
}
