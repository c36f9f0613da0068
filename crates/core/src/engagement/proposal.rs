//! The beginning of a description: parts that records can tell, proposed as drafts with the records that they were made from.
//! People edit them; nothing is written over what somebody wrote.
//!
//! Counts and names of records are facts; how the system runs is for people to tell. Names of machines and addresses are left
//! out, as they help an attacker.
//!
//! Source: `docs/domain/soc-reports.md` section 3, DC 1 to DC 4.

use std::collections::{BTreeMap, BTreeSet};

use super::{Candidate, Description, ElementKind, Part, Scope};
use crate::catalog::Framework;
use crate::control::Control;

/// Kinds of targets that are infrastructure; the others are software.
const INFRASTRUCTURE: [&str; 6] = ["host", "network", "device", "cluster", "account", "cloud"];
/// Series about the environment in which controls run, of the trust services criteria.
const ENVIRONMENT: [&str; 5] = ["CC1", "CC2", "CC3", "CC4", "CC5"];

/// What proposals are made of.
#[derive(Clone, Debug, Default)]
pub struct Material {
    /// Systems of the scope: name, and what lies within.
    pub systems: Vec<(String, String)>,
    /// How many targets of each kind there are.
    pub targets: BTreeMap<String, usize>,
    /// How many people have each role.
    pub people: BTreeMap<String, usize>,
    /// What could be an incident to tell of.
    pub candidates: Vec<Candidate>,
}

/// A part as it could begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Which part.
    pub part: Part,
    /// Its text.
    pub text: String,
    /// What it was made from.
    pub sources: Vec<String>,
}

/// Returns what records tell for the parts that the report has; of a part about which they tell nothing there is none.
#[must_use]
pub fn proposals(
    scope: &Scope,
    (framework, controls): (&Framework, &[Control]),
    description: &Description,
    material: &Material,
) -> Vec<Proposal> {
    let serving = scope.serving(framework, controls);
    let serving: Vec<&Control> = controls.iter().filter(|one| serving.contains(&one.id)).collect();
    let of = Of { scope, serving: &serving, description, material };
    Part::of(scope.kind, scope.time).into_iter().filter_map(|(part, _)| of.part(part)).collect()
}

struct Of<'a> {
    scope: &'a Scope,
    serving: &'a [&'a Control],
    description: &'a Description,
    material: &'a Material,
}

/// A draft that grows.
#[derive(Default)]
struct Draft {
    paragraphs: Vec<String>,
    sources: Vec<String>,
}

impl Draft {
    /// Adds a paragraph, unless it tells nothing.
    fn tell(&mut self, text: String, source: impl Into<String>) {
        if text.is_empty() {
            return;
        }
        let source = source.into();
        if !self.sources.contains(&source) {
            self.sources.push(source);
        }
        self.paragraphs.push(text);
    }

    fn done(self, part: Part) -> Option<Proposal> {
        let Self { paragraphs, sources } = self;
        (!paragraphs.is_empty()).then(|| Proposal { part, text: paragraphs.join("\n\n"), sources })
    }
}

/// Returns a sentence about some things; empty if there are none.
fn about(lead: &str, things: &[String]) -> String {
    if things.is_empty() { String::new() } else { format!("{lead}: {}.", things.join("; ")) }
}

/// Returns the noun as it stands after a number: `host` as `hosts`, `repository` as `repositories`.
fn counted(noun: &str, count: usize) -> String {
    match noun.strip_suffix('y') {
        _ if count == 1 => noun.to_owned(),
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ => format!("{noun}s"),
    }
}

impl Of<'_> {
    fn part(&self, part: Part) -> Option<Proposal> {
        let mut draft = Draft::default();
        match part {
            Part::Services => {
                draft.tell(about("These services are provided", &self.scope.services), "the scope");
                draft.tell(about("These are not part of the system", &self.scope.all_outside()), "the scope");
            }
            Part::Infrastructure => self.infrastructure(&mut draft),
            Part::Software => self.software(&mut draft),
            Part::People => self.people(&mut draft),
            Part::Procedures => self.controls(&mut draft, false),
            Part::Environment => self.controls(&mut draft, true),
            Part::Data => {
                draft.tell(
                    about("These types of data are processed", &self.elements(ElementKind::Data)),
                    "the scope",
                );
            }
            Part::Incidents => self.incidents(&mut draft),
            Part::Transactions
            | Part::Commitments
            | Part::UserEntities
            | Part::Subservices
            | Part::Changes => {}
        }
        draft.done(part)
    }

    fn elements(&self, kind: ElementKind) -> Vec<String> {
        self.scope.elements_of(kind, true).map(|one| one.name.clone()).collect()
    }

    fn targets(&self, infrastructure: bool) -> Vec<String> {
        let is_infrastructure = |kind: &str| INFRASTRUCTURE.iter().any(|word| kind.contains(word));
        let of = self.material.targets.iter().filter(|(kind, _)| is_infrastructure(kind) == infrastructure);
        of.map(|(kind, count)| format!("{count} {}", counted(&kind.replace('_', " "), *count))).collect()
    }

    fn infrastructure(&self, draft: &mut Draft) {
        for (name, boundary) in self.material.systems.iter().filter(|(_, boundary)| !boundary.is_empty()) {
            draft.tell(
                format!("Within {name} lie: {}", boundary.trim()),
                format!("the record of the system {name}"),
            );
        }
        draft.tell(about("The inventory has", &self.targets(true)), "the inventory of targets");
        draft.tell(
            about("It runs in these environments", &self.elements(ElementKind::Environment)),
            "the scope",
        );
        draft.tell(about("These sites belong to it", &self.elements(ElementKind::Site)), "the scope");
        for one in &self.scope.subservices {
            let text = format!("{} provides: {}.", one.name, one.service.trim_end_matches('.'));
            draft.tell(text, "the subservice organizations of the scope");
        }
    }

    fn software(&self, draft: &mut Draft) {
        draft.tell(about("The inventory has", &self.targets(false)), "the inventory of targets");
        let vendors: Vec<String> = self
            .scope
            .vendors
            .iter()
            .map(|one| format!("{} ({})", one.name, one.service.trim_end_matches('.')))
            .collect();
        draft.tell(about("Services of these vendors are used", &vendors), "the vendors of the scope");
        // On its own it says nothing about the system.
        if !draft.paragraphs.is_empty() {
            draft.tell(
                "Evidence is collected, and controls are checked, with Tickmark, which the company runs itself.".to_owned(),
                "this installation",
            );
        }
    }

    fn people(&self, draft: &mut Draft) {
        draft.tell(
            about("These teams build and run the system", &self.elements(ElementKind::Team)),
            "the scope",
        );
        let roles: Vec<String> =
            self.material.people.iter().map(|(role, count)| format!("{role}: {count}")).collect();
        draft.tell(
            about("People by their role in the control program", &roles),
            "the members of the organization",
        );
    }

    /// Controls by area: those of the environment, or the others.
    fn controls(&self, draft: &mut Draft, of_environment: bool) {
        let is_of_environment = |control: &Control| {
            !control.criteria.is_empty()
                && control.criteria.iter().all(|mapping| {
                    ENVIRONMENT.iter().any(|series| mapping.criterion.starts_with(&format!("{series}.")))
                })
        };
        let mut areas: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for control in self.serving.iter().filter(|one| is_of_environment(one) == of_environment) {
            let text = control.text.current();
            let line = format!("{} ({}, {})", text.title, control.id, control.frequency.plain());
            areas.entry(&control.area).or_default().push(line);
        }
        for (area, lines) in areas {
            draft.tell(about(area, &lines), "the controls in scope");
        }
    }

    /// What people decided to tell of, with what its records say.
    fn incidents(&self, draft: &mut Draft) {
        let told: BTreeSet<&str> = self
            .description
            .candidates
            .iter()
            .filter(|(_, told)| told.is_told)
            .map(|(id, _)| id.as_str())
            .collect();
        for one in self.material.candidates.iter().filter(|one| told.contains(one.id.as_str())) {
            let text = format!(
                "Nature: {}\nTime: found on {}.\nEffect: {}\nOutcome: {}.",
                one.condition, one.opened, one.effect, one.outcome
            );
            draft.tell(text, format!("the finding \u{201c}{}\u{201d}", one.title));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::engagement::{Backing, Element, Passage, ReportKind, Time, Told, Vendor};
    use crate::id::ActorId;
    use crate::{Timestamp, engagement::Decision};

    fn candidate() -> Candidate {
        Candidate {
            id: "f-1".into(),
            opened: "2026-05-02".into(),
            control: "IAM-05".into(),
            title: "Leavers kept access".into(),
            condition: "Two leavers kept their accounts.".into(),
            effect: "Access was not limited.".into(),
            outcome: "closed".into(),
        }
    }

    #[test]
    fn parts_begin_with_what_records_tell_and_name_them() {
        let catalog = Catalog::builtin();
        let somebody = ActorId(uuid::Uuid::from_u128(1));
        let controls: Vec<Control> = catalog
            .controls
            .iter()
            .map(|starter| {
                let mut control =
                    Control::adopt(starter, somebody, Timestamp::from_seconds(1)).expect("a starter");
                control.owner = Some(somebody);
                control.activate(Timestamp::from_seconds(1)).expect("in force");
                control
            })
            .collect();
        let time = Time::AsOf { date: "2026-06-30".parse().expect("a day") };
        let element = |kind, name: &str| Element { kind, name: name.into(), outside: String::new() };
        let scope = Scope {
            services: vec!["Payroll".into()],
            elements: vec![element(ElementKind::Data, "Wages"), element(ElementKind::Team, "Platform")],
            categories: [("security".to_owned(), "asked".to_owned())].into(),
            vendors: vec![Vendor {
                name: "A mail service".into(),
                service: "sends notices".into(),
                why: "compared".into(),
                decision: Decision::default(),
            }],
            ..Scope::of(ReportKind::Soc2, time, "Payroll")
        };
        let material = Material {
            systems: vec![("Payroll".into(), "The web form and its database.".into())],
            targets: [("host".to_owned(), 12), ("repository".to_owned(), 3)].into(),
            people: [("Auditor".to_owned(), 1)].into(),
            candidates: vec![candidate()],
        };
        let mut description = Description::default();
        let of = |description: &Description| {
            proposals(&scope, (&catalog.frameworks[0], &controls), description, &material)
        };
        let all = of(&description);
        let text = |part: Part| all.iter().find(|one| one.part == part).map_or("", |one| one.text.as_str());
        assert!(text(Part::Infrastructure).contains("12 hosts"));
        assert!(text(Part::Infrastructure).contains("The web form and its database."));
        assert!(
            text(Part::Software).contains("3 repositories")
                && text(Part::Software).contains("A mail service")
        );
        assert!(text(Part::People).contains("Platform") && text(Part::Data).contains("Wages"));
        assert!(text(Part::Procedures).contains("(IAM-05, "));
        assert!(!text(Part::Environment).contains("(IAM-05, ") && !text(Part::Environment).is_empty());
        assert_eq!(text(Part::Incidents), "", "people decide what is told");
        assert!(all.iter().all(|one| !one.sources.is_empty()));

        // What is proposed is supported by the records it was made from.
        description.parts =
            all.iter().map(|one| (one.part, Passage { text: one.text.clone(), none: false })).collect();
        let backing = Backing {
            scope: &scope,
            framework: Some(&catalog.frameworks[0]),
            controls: &controls,
            others: &[],
        };
        assert_eq!(description.unsupported(&backing), []);
        assert_eq!(description.faults(), []);

        description.candidates.insert("f-1".into(), Told { is_told: true, why: "customers saw it".into() });
        let told = of(&description);
        let incident = told.iter().find(|one| one.part == Part::Incidents).expect("told");
        assert!(
            incident.text.contains("found on 2026-05-02")
                && incident.sources[0].contains("Leavers kept access")
        );
    }

    #[test]
    fn every_candidate_has_a_decision_and_what_is_told_is_there() {
        let mut description = Description::default();
        assert_eq!(description.incident_faults(&[]).len(), 0);
        assert!(description.incident_faults(&[candidate()])[0].contains("nobody has decided"));
        let not = Told { is_told: false, why: "no customer's data was reached".into() };
        description.candidates.insert("f-1".into(), not);
        assert_eq!(description.incident_faults(&[candidate()]).len(), 0);
        let told = Told { is_told: true, why: "customers saw it".into() };
        description.candidates.insert("f-1".into(), told);
        assert!(description.incident_faults(&[candidate()])[0].contains("tells nothing"));
        let text = Passage { text: "Two leavers kept their accounts.".into(), none: false };
        description.parts.insert(Part::Incidents, text);
        assert_eq!(description.incident_faults(&[candidate()]).len(), 0);
        description.candidates.insert("f-1".into(), Told { is_told: false, why: " ".into() });
        assert!(description.checked().expect_err("refused").to_string().contains("incident"));
    }
}
