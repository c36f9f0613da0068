//! The fields of one entry of a list of a scope.

use std::collections::BTreeSet;

use maud::{Markup, html};
use tickmark_core::conclusion::scope::Day;
use tickmark_core::control::commitment::CommitmentKey;
use tickmark_core::control::{ControlId, ControlState, TEXT_MAX};
use tickmark_core::engagement::{
    Assumed, Decision, Given, GivenState, Method, Objective, Scope, Subservice, UserEntityControl,
    UserEntityKind, Vendor, VendorControl,
};

use super::super::{Known, reason_field};
use super::List;
use crate::design::form::{Faults, Field, Kind, capital, field};
use crate::form::Sent;

/// What stands in the fields of any of the lists.
#[derive(Clone, Debug, Default)]
pub(super) struct Typed {
    name: String,
    service: String,
    method: String,
    why: String,
    /// Types of controls with their criteria, one on each line.
    assumed: String,
    controls: Vec<String>,
    approver: String,
    decided: String,
    categories: Vec<String>,
    parts: String,
    /// Assertion and representations: how far each has come, and where it is.
    given: [(String, String); 2],
    vendor: String,
    applies: String,
    not_applicable: String,
    evidence: String,
    kind: String,
    text: String,
    criteria: String,
    commitment: String,
    id: String,
    statement: String,
    assertions: String,
    transactions: String,
    general: String,
    pub(super) reason: String,
}

/// Names of the fields of what an inclusive organization gives.
const GIVEN: [(&str, &str, &str); 2] = [
    ("assertion", "assertion-reference", "Its own assertion"),
    ("representations", "representations-reference", "Its own representations"),
];

fn list_of(all: &BTreeSet<String>) -> String {
    all.iter().cloned().collect::<Vec<_>>().join(", ")
}

fn ids(all: &BTreeSet<ControlId>) -> Vec<String> {
    all.iter().map(ToString::to_string).collect()
}

impl Typed {
    /// What stands in the fields of a new entry. A decision is about the categories of the scope.
    pub(super) fn new(scope: &Scope) -> Self {
        Self {
            method: Method::CarveOut.word().to_owned(),
            kind: UserEntityKind::Responsibility.word().to_owned(),
            given: [0, 1].map(|_| (GivenState::Open.word().to_owned(), String::new())),
            applies: "yes".to_owned(),
            categories: scope.categories.keys().cloned().collect(),
            ..Self::default()
        }
    }

    fn with_decision(self, decision: &Decision) -> Self {
        let known = decision.categories.iter().cloned();
        Self {
            approver: decision.approver.clone(),
            decided: decision.decided.map(|day| day.to_string()).unwrap_or_default(),
            // What was not decided for this examination is decided about all of its categories.
            categories: if decision.decided.is_some() { known.collect() } else { self.categories.clone() },
            ..self
        }
    }

    pub(super) fn of(list: List, scope: &Scope, at: usize) -> Option<Self> {
        let new = Self::new(scope);
        Some(match list {
            List::Subservices => Self::of_subservice(new, scope.subservices.get(at)?),
            List::Vendors => {
                let one = scope.vendors.get(at)?;
                Self {
                    name: one.name.clone(),
                    service: one.service.clone(),
                    why: one.why.clone(),
                    ..new.with_decision(&one.decision)
                }
            }
            List::VendorControls => {
                let one = scope.vendor_controls.get(at)?;
                Self {
                    vendor: one.vendor.clone(),
                    text: one.text.clone(),
                    applies: if one.is_applicable() { "yes" } else { "no" }.to_owned(),
                    not_applicable: one.not_applicable.clone(),
                    controls: ids(&one.controls),
                    evidence: one.evidence.clone(),
                    ..new
                }
            }
            List::UserEntities => {
                let one = scope.user_entities.get(at)?;
                Self {
                    kind: one.kind.word().to_owned(),
                    text: one.text.clone(),
                    criteria: list_of(&one.criteria),
                    commitment: one.commitment.map(|key| key.0.to_string()).unwrap_or_default(),
                    why: one.why.clone(),
                    ..new
                }
            }
            List::Objectives => {
                let one = scope.objectives.get(at)?;
                Self {
                    id: one.id.clone(),
                    statement: one.statement.clone(),
                    assertions: list_of(&one.assertions),
                    transactions: list_of(&one.transactions),
                    general: if one.is_general_control { "yes" } else { "" }.to_owned(),
                    controls: ids(&one.controls),
                    ..new
                }
            }
        })
    }

    fn of_subservice(new: Self, one: &Subservice) -> Self {
        let line = |assumed: &Assumed| match list_of(&assumed.criteria) {
            none if none.is_empty() => assumed.text.clone(),
            criteria => format!("{criteria}: {}", assumed.text),
        };
        let given = |given: &Given| (given.state.word().to_owned(), given.reference.clone());
        Self {
            name: one.name.clone(),
            service: one.service.clone(),
            method: one.method.word().to_owned(),
            why: one.why.clone(),
            assumed: one.assumed.iter().map(line).collect::<Vec<_>>().join("\n"),
            controls: ids(&one.monitoring),
            parts: one.parts.clone(),
            given: [given(&one.assertion), given(&one.representations)],
            ..new.with_decision(&one.decision)
        }
    }

    pub(super) fn of_sent(sent: &Sent) -> Self {
        Self {
            name: sent.text("name"),
            service: sent.text("service"),
            method: sent.text("method"),
            why: sent.text("why"),
            assumed: sent.text("assumed"),
            controls: sent.all("control"),
            approver: sent.text("approver"),
            decided: sent.text("decided"),
            categories: sent.all("category"),
            parts: sent.text("parts"),
            given: GIVEN.map(|(state, reference, _)| (sent.text(state), sent.text(reference))),
            vendor: sent.text("vendor"),
            applies: sent.text("applies"),
            not_applicable: sent.text("not-applicable"),
            evidence: sent.text("evidence"),
            kind: sent.text("kind"),
            text: sent.text("text"),
            criteria: sent.text("criteria"),
            commitment: sent.text("commitment"),
            id: sent.text("id"),
            statement: sent.text("statement"),
            assertions: sent.text("assertions"),
            transactions: sent.text("transactions"),
            general: sent.text("general"),
            reason: sent.text("reason"),
        }
    }

    /// Says what is missing.
    fn look(&self, list: List) -> Faults {
        let mut faults = Faults::default();
        let mut needs = |name: &'static str, text: &str, says: &str| {
            if text.is_empty() {
                faults.add(name, says);
            }
        };
        needs("reason", &self.reason, "say why, so that others can follow it");
        match list {
            List::Subservices => {
                needs("name", &self.name, "it needs a name");
                needs("service", &self.service, "say what it does for the system");
                needs("why", &self.why, "say why own controls do not suffice");
            }
            List::Vendors => {
                needs("name", &self.name, "it needs a name");
                needs("service", &self.service, "say what it does for the system");
                needs("why", &self.why, "say why it is no subservice organization");
            }
            List::VendorControls => {
                needs("vendor", &self.vendor, "choose the vendor");
                needs("text", &self.text, "say what it expects");
                if self.applies == "no" {
                    needs("not-applicable", &self.not_applicable, "say why it does not apply");
                }
            }
            List::UserEntities => needs("text", &self.text, "say what customers do"),
            List::Objectives => {
                needs("id", &self.id, "it needs an id");
                needs("statement", &self.statement, "say what controls should achieve");
            }
        }
        if list == List::Subservices && Method::from_word(&self.method).is_none() {
            faults.add("method", "choose one");
        }
        if list == List::UserEntities && UserEntityKind::from_word(&self.kind).is_none() {
            faults.add("kind", "choose one");
        }
        if !self.decided.is_empty() && self.decided.parse::<Day>().is_err() {
            faults.add("decided", "it is a day like 2027-03-31");
        }
        faults
    }

    fn decision(&self) -> Decision {
        Decision {
            approver: self.approver.clone(),
            decided: self.decided.parse().ok(),
            categories: self.categories.iter().cloned().collect(),
        }
    }

    fn subservice(&self, monitoring: BTreeSet<ControlId>) -> Subservice {
        let method = Method::from_word(&self.method).unwrap_or(Method::CarveOut);
        // What an inclusive organization gives is asked of no other.
        let given = |(state, reference): &(String, String)| Given {
            state: GivenState::from_word(state).unwrap_or_default(),
            reference: reference.clone(),
        };
        let [assertion, representations] = match method {
            Method::Inclusive => [given(&self.given[0]), given(&self.given[1])],
            Method::CarveOut => [Given::default(), Given::default()],
        };
        Subservice {
            decision: self.decision(),
            assumed: self.assumed.lines().filter_map(assumed).collect(),
            monitoring,
            parts: if method == Method::Inclusive { self.parts.clone() } else { String::new() },
            assertion,
            representations,
            ..Subservice::of(&self.name, &self.service, method, &self.why)
        }
    }

    /// Puts what was typed into the list, at a place or at its end.
    pub(super) fn put(&self, list: List, scope: &mut Scope, at: Option<usize>) -> Result<(), Faults> {
        let mut faults = self.look(list);
        let controls: Result<BTreeSet<ControlId>, _> = self.controls.iter().map(|id| id.parse()).collect();
        if controls.is_err() {
            faults.add("control", "choose controls that are here");
        }
        let commitment = match self.commitment.as_str() {
            "" => None,
            text => {
                let key = text.parse().ok().map(CommitmentKey);
                if key.is_none() {
                    faults.add("commitment", "choose a commitment that is here");
                }
                key
            }
        };
        let (true, Ok(controls)) = (faults.is_empty(), controls) else { return Err(faults) };
        match list {
            List::Subservices => place(&mut scope.subservices, at, self.subservice(controls)),
            List::Vendors => {
                let (name, service, why) = (self.name.clone(), self.service.clone(), self.why.clone());
                place(&mut scope.vendors, at, Vendor { name, service, why, decision: self.decision() });
            }
            List::VendorControls => {
                let applies = self.applies != "no";
                let one = VendorControl {
                    vendor: self.vendor.clone(),
                    text: self.text.clone(),
                    not_applicable: if applies { String::new() } else { self.not_applicable.clone() },
                    controls: if applies { controls } else { BTreeSet::new() },
                    evidence: self.evidence.clone(),
                };
                place(&mut scope.vendor_controls, at, one);
            }
            List::UserEntities => {
                let one = UserEntityControl {
                    kind: UserEntityKind::from_word(&self.kind).unwrap_or(UserEntityKind::Responsibility),
                    text: self.text.clone(),
                    criteria: words(&self.criteria),
                    commitment,
                    why: self.why.clone(),
                };
                place(&mut scope.user_entities, at, one);
            }
            List::Objectives => {
                let one = Objective {
                    id: self.id.clone(),
                    statement: self.statement.clone(),
                    assertions: words(&self.assertions),
                    transactions: words(&self.transactions),
                    is_general_control: self.general == "yes",
                    controls,
                };
                place(&mut scope.objectives, at, one);
            }
        }
        Ok(())
    }

    pub(super) fn draw(&self, list: List, faults: &Faults, known: &Known) -> Markup {
        html! {
            @match list {
                List::Subservices => { (self.draw_subservice(faults, known)) }
                List::Vendors => {
                    (line("name", "Name", &self.name, "", false, faults))
                    (area("service", "Service", &self.service, "What it does for the system.", false, faults))
                    (area("why", "Why it is no subservice organization", &self.why, "Own controls alone suffice, or its services do not matter to readers.", false, faults))
                    (self.draw_decision(faults, known))
                }
                List::VendorControls => { (self.draw_vendor_control(faults, known)) }
                List::UserEntities => { (self.draw_user_entity(faults, known)) }
                List::Objectives => {
                    (line("id", "Id", &self.id, "As CO-03.", false, faults))
                    (area("statement", "Objective", &self.statement, "Controls provide reasonable assurance that …", false, faults))
                    (line("assertions", "Financial statement assertions", &self.assertions, "Apart by commas: existence, completeness, accuracy, cut-off, classification, rights.", true, faults))
                    (line("transactions", "Classes of transactions", &self.transactions, "Apart by commas, as wages, tax remittances. Not for IT general controls.", true, faults))
                    (field(&Field { name: "general", label: "It is about IT general controls", value: &self.general, kind: Kind::Check, ..Field::default() }))
                    (self.draw_controls("Controls that achieve it", "", faults, known))
                }
            }
            (reason_field(&self.reason, faults))
        }
    }

    fn draw_controls(&self, label: &str, hint: &str, faults: &Faults, known: &Known) -> Markup {
        let scope = &known.version.record.scope;
        let is_offered = |id: &str, is_active: bool, covers: bool| {
            (is_active && covers) || self.controls.iter().any(|chosen| chosen == id)
        };
        let controls: Vec<(String, String)> = known
            .grounds
            .controls
            .iter()
            .filter(|one| is_offered(one.id.as_str(), one.state() == ControlState::Active, scope.covers(one)))
            .map(|one| (one.id.to_string(), format!("{} {}", one.id, one.text.current().title)))
            .collect();
        if controls.is_empty() {
            return html! { p.muted { "No control is in force yet. " a href="/controls" { "Put controls in force" } " first." } };
        }
        let chosen = self.controls.join(" ");
        field(&Field {
            name: "control",
            label,
            value: &chosen,
            kind: Kind::Several(&controls),
            optional: true,
            hint,
            fault: faults.of("control"),
            ..Field::default()
        })
    }

    /// Who decided, when, and about which categories.
    fn draw_decision(&self, faults: &Faults, known: &Known) -> Markup {
        let scope = &known.version.record.scope;
        let categories: Vec<(String, String)> =
            scope.categories.keys().map(|id| (id.clone(), capital(&id.replace('-', " ")))).collect();
        let chosen = self.categories.join(" ");
        html! {
            div.fields {
                (line("approver", "Decided by", &self.approver, "The name of a person who may.", true, faults))
                (field(&Field { name: "decided", label: "Decided on", value: &self.decided, kind: Kind::Input("date"), optional: true, fault: faults.of("decided"), hint: "For this examination: it is decided anew for each. Needed before the scope is approved.", ..Field::default() }))
            }
            @if !categories.is_empty() {
                (field(&Field { name: "category", label: "Categories that were looked at", value: &chosen, kind: Kind::Several(&categories), optional: true, ..Field::default() }))
            }
        }
    }

    fn draw_subservice(&self, faults: &Faults, known: &Known) -> Markup {
        let front = match known.version.record.scope.kind.has_criteria() {
            true => "criteria in front: CC6.4, CC6.5",
            false => "control objectives in front: CO-13, CO-21",
        };
        html! {
            (line("name", "Name", &self.name, "", false, faults))
            (area("service", "Service", &self.service, "What it does for the system.", false, faults))
            (area("why", "Why own controls do not suffice", &self.why, "If they do, it is a vendor and is listed there.", false, faults))
            (self.draw_decision(faults, known))
            (select("method", "Method", &self.method, &pairs(Method::ALL.iter().map(|one| (one.word(), one.title()))), "Carve-out leaves its controls out of the description; inclusive describes and examines them too.", faults))
            (area("assumed", "Controls there", &self.assumed, &format!("One on each line, with the {front}: access to the buildings is limited. Carve-out: types of controls that are assumed. Inclusive: its controls."), true, faults))
            (self.draw_controls("Own controls that watch it", "Review of its report, service reviews, reconciliations.", faults, known))
            fieldset.field {
                legend { "Only for the inclusive method" }
                (area("parts", "Its parts of the system", &self.parts, "Infrastructure, software, people, procedures and data that are its.", true, faults))
                @for ((state, reference, label), (of, at)) in GIVEN.iter().zip(&self.given) {
                    div.fields {
                        (select(state, label, of, &pairs(GivenState::ALL.iter().map(|one| (one.word(), one.title()))), "Of its own management; without it the method is not available.", faults))
                        (line(reference, "Where it is", at, "As the number of an evidence item.", true, faults))
                    }
                }
            }
        }
    }

    fn draw_vendor_control(&self, faults: &Faults, known: &Known) -> Markup {
        let scope = &known.version.record.scope;
        let names = scope.subservices.iter().map(|one| &one.name);
        let mut vendors: Vec<(String, String)> = names
            .chain(scope.vendors.iter().map(|one| &one.name))
            .map(|name| (name.clone(), name.clone()))
            .collect();
        if !self.vendor.is_empty() && !vendors.iter().any(|(name, _)| *name == self.vendor) {
            vendors.push((self.vendor.clone(), self.vendor.clone()));
        }
        let applies = [("yes", "It applies: own controls meet it"), ("no", "It does not apply to us")];
        html! {
            @if vendors.is_empty() {
                p.muted { "Add the vendor, or the subservice organization, first." }
            }
            (select("vendor", "Vendor", &self.vendor, &vendors, "Whose report expects it.", faults))
            (area("text", "What it expects", &self.text, "The complementary control as its report says it.", false, faults))
            (select("applies", "Does it apply?", &self.applies, &pairs(applies.into_iter()), "", faults))
            (area("not-applicable", "Why it does not apply", &self.not_applicable, "Where it does not.", true, faults))
            (self.draw_controls("Own controls that meet it", "Where it applies.", faults, known))
            (area("evidence", "Evidence", &self.evidence, "What shows that these controls met it.", true, faults))
        }
    }

    fn draw_user_entity(&self, faults: &Faults, known: &Known) -> Markup {
        let mut options = vec![(String::new(), "None".to_owned())];
        options.extend(known.grounds.commitments.iter().map(|one| {
            let record = &one.record;
            (record.key.0.to_string(), format!("{} {}", record.key, record.promise.title))
        }));
        let has_criteria = known.version.record.scope.kind.has_criteria();
        let kinds = pairs(UserEntityKind::ALL.iter().map(|one| (one.word(), one.title())));
        html! {
            // Commitments are the measure of a SOC 2 and a SOC 3; in a SOC 1 objectives are, and controls of customers are usual.
            @if has_criteria {
                (select("kind", "Kind", &self.kind, &kinds, "Could the commitment be kept if customers ignored it? Then it is a responsibility. Most are.", faults))
            } @else {
                (select("kind", "Kind", &self.kind, &kinds, "Could the control objective be achieved if customers ignored it? Then it is a responsibility.", faults))
            }
            (area("text", "What customers do", &self.text, "", false, faults))
            @if has_criteria {
                (line("criteria", "Criteria", &self.criteria, "Apart by commas. A control needs at least one.", true, faults))
                (select("commitment", "Commitment that depends on it", &self.commitment, &options, "For a control.", faults))
                (area("why", "Why the commitment fails without it", &self.why, "For a control.", true, faults))
            } @else {
                (line("criteria", "Control objectives", &self.criteria, "Apart by commas, as CO-02, CO-13. A control needs at least one.", true, faults))
                (area("why", "Why the objective is missed without it", &self.why, "For a control.", true, faults))
            }
        }
    }
}

fn line(name: &str, label: &str, value: &str, hint: &str, optional: bool, faults: &Faults) -> Markup {
    field(&Field { name, label, value, hint, optional, fault: faults.of(name), ..Field::default() })
}

fn area(name: &str, label: &str, value: &str, hint: &str, optional: bool, faults: &Faults) -> Markup {
    field(&Field {
        name,
        label,
        value,
        hint,
        optional,
        kind: Kind::Area(3),
        max: TEXT_MAX,
        fault: faults.of(name),
        ..Field::default()
    })
}

fn select(
    name: &str,
    label: &str,
    value: &str,
    options: &[(String, String)],
    hint: &str,
    faults: &Faults,
) -> Markup {
    let kind = Kind::Select(options);
    field(&Field { name, label, value, kind, hint, fault: faults.of(name), ..Field::default() })
}

fn pairs<'a>(all: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<(String, String)> {
    all.map(|(word, title)| (word.to_owned(), title.to_owned())).collect()
}

fn place<T>(all: &mut Vec<T>, at: Option<usize>, one: T) {
    match at {
        Some(at) => all[at] = one,
        None => all.push(one),
    }
}

fn words(text: &str) -> BTreeSet<String> {
    text.split([',', '\n']).map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Reads `CC6.4, CC6.5: access is limited`, or the same with the criteria behind. What has a figure and no blank is an id; before
/// the text, what has no blank is one as well.
fn assumed(line: &str) -> Option<Assumed> {
    let line = line.trim();
    if line.is_empty() {
        return None;
    }
    let front = line.split_once(':').map(|(ids, rest)| (words(ids), rest.trim()));
    let behind = line.rsplit_once(':').map(|(rest, ids)| (words(ids), rest.trim()));
    let is_word = |one: &String| !one.contains(' ');
    let is_id = |one: &String| is_word(one) && one.contains(|c: char| c.is_ascii_digit());
    let sides = [(&front, true), (&behind, true), (&front, false)];
    let found = sides.into_iter().find_map(|(side, needs_figure)| {
        let (criteria, text) = side.as_ref()?;
        let fits = if needs_figure { criteria.iter().all(is_id) } else { criteria.iter().all(is_word) };
        let is_whole = !criteria.is_empty() && !text.is_empty();
        (fits && is_whole).then(|| Assumed { text: (*text).to_owned(), criteria: criteria.clone() })
    });
    Some(found.unwrap_or_else(|| Assumed { text: line.to_owned(), criteria: BTreeSet::new() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn criteria_stand_before_or_behind_what_is_assumed() {
        for (line, text, criteria) in [
            ("CC6.4, CC6.5: access is limited", "access is limited", &["CC6.4", "CC6.5"][..]),
            ("Access is limited: CC6.4", "Access is limited", &["CC6.4"]),
            ("Backups: A1.2", "Backups", &["A1.2"]),
            ("C: doors are locked", "doors are locked", &["C"]),
            ("At night: doors are locked", "At night: doors are locked", &[]),
            ("Doors are locked", "Doors are locked", &[]),
        ] {
            let read = assumed(line).expect("it says something");
            let named: Vec<&str> = read.criteria.iter().map(String::as_str).collect();
            assert_eq!((read.text.as_str(), named.as_slice()), (text, criteria), "{line}");
        }
        assert_eq!(assumed("  "), None);
    }
}
