//! The fields of a scope: which report, over which time, about which system, with which categories and commitments.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};
use tickmark_app::control::commitment;
use tickmark_app::identity::System;
use tickmark_core::catalog::Framework;
use tickmark_core::conclusion::scope::Day;
use tickmark_core::control::TEXT_MAX;
use tickmark_core::control::commitment::CommitmentKey;
use tickmark_core::engagement::{Element, ElementKind, ReportKind, Scope, Time};
use tickmark_core::id::SystemId;

use super::super::reason_field;
use crate::design::form::{Faults, Field, Kind, field, hidden};
use crate::error::Refusal;
use crate::form::Sent;

const NAMES: [&str; 15] = [
    "kind",
    "type",
    "from",
    "to",
    "system",
    "systems",
    "services",
    "boundary",
    "outside",
    "firm",
    "exclusions",
    "commitment",
    "reason",
    "version",
    "once",
];

/// Name of the field for the reason of a category.
pub(super) fn category_field(id: &str) -> String {
    format!("category-{id}")
}

/// Name of the field for the reason why a category is left out.
pub(super) fn omission_field(id: &str) -> String {
    format!("without-{id}")
}

/// Names of the fields for the pieces of a kind inside and outside the boundary.
pub(super) fn element_fields(kind: ElementKind) -> [String; 2] {
    [format!("{}-in", kind.word()), outside_field(kind).to_owned()]
}

/// A line of what is outside, to learn from.
fn outside_example(kind: ElementKind) -> &'static str {
    match kind {
        ElementKind::Environment => "Test: no customer data is in it",
        ElementKind::Site => "Office: nothing of the system stands or is run there",
        ElementKind::Team => "Sales: nobody of it reaches the system",
        ElementKind::Data => "Applications of candidates: they are kept elsewhere",
    }
}

fn outside_field(kind: ElementKind) -> &'static str {
    match kind {
        ElementKind::Environment => "environment-out",
        ElementKind::Site => "site-out",
        ElementKind::Team => "team-out",
        ElementKind::Data => "data-out",
    }
}

/// The field that a word of a refusal stands for.
pub(super) const ABOUT: [(&str, &str); 8] = [
    ("name of the system", "system"),
    ("the boundary has", "boundary"),
    ("the firm has", "firm"),
    ("the service has", "services"),
    ("part outside", "outside"),
    ("taking a criterion out", "exclusions"),
    ("the period ends", "to"),
    ("the reason has", "reason"),
];

#[derive(Clone, Debug, Default)]
pub(super) struct Typed {
    pub(super) kind: String,
    pub(super) type_: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) system: String,
    pub(super) systems: Vec<String>,
    pub(super) services: String,
    pub(super) boundary: String,
    pub(super) outside: String,
    /// By kind: pieces inside, and pieces outside with the reason, one on each line.
    pub(super) elements: BTreeMap<ElementKind, [String; 2]>,
    pub(super) firm: String,
    pub(super) categories: BTreeMap<String, String>,
    pub(super) omissions: BTreeMap<String, String>,
    pub(super) exclusions: String,
    pub(super) commitments: Vec<String>,
    pub(super) reason: String,
}

impl Typed {
    pub(super) fn of(scope: &Scope) -> Self {
        let (from, to) = scope.time.days();
        let exclusions = scope.exclusions.iter().map(|(id, reason)| format!("{id}: {reason}"));
        Self {
            kind: scope.kind.word().to_owned(),
            type_: if scope.time.is_period() { "2" } else { "1" }.to_owned(),
            from: if scope.time.is_period() { from.to_string() } else { String::new() },
            to: to.to_string(),
            system: scope.system.clone(),
            systems: scope.systems.iter().map(ToString::to_string).collect(),
            services: scope.services.join("\n"),
            boundary: scope.boundary.clone(),
            outside: scope.outside.join("\n"),
            elements: ElementKind::ALL.iter().map(|kind| (*kind, lines_of(scope, *kind))).collect(),
            firm: scope.firm.clone(),
            categories: scope.categories.clone(),
            omissions: scope.omissions.clone(),
            exclusions: exclusions.collect::<Vec<_>>().join("\n"),
            commitments: scope.commitments.iter().map(|key| key.0.to_string()).collect(),
            reason: String::new(),
        }
    }

    pub(super) fn of_sent(sent: &Sent, framework: &Framework) -> Self {
        let reasons = |name: fn(&str) -> String| -> BTreeMap<String, String> {
            let all = framework.categories.iter().map(|one| (one.id.clone(), sent.text(&name(&one.id))));
            all.filter(|(_, reason)| !reason.is_empty()).collect()
        };
        let pieces = |kind: &ElementKind| (*kind, element_fields(*kind).map(|name| sent.text(&name)));
        Self {
            kind: sent.text("kind"),
            type_: sent.text("type"),
            from: sent.text("from"),
            to: sent.text("to"),
            system: sent.text("system"),
            systems: sent.all("systems"),
            services: sent.text("services"),
            boundary: sent.text("boundary"),
            outside: sent.text("outside"),
            elements: ElementKind::ALL.iter().map(pieces).collect(),
            firm: sent.text("firm"),
            categories: reasons(category_field),
            omissions: reasons(omission_field),
            exclusions: sent.text("exclusions"),
            commitments: sent.all("commitment"),
            reason: sent.text("reason"),
        }
    }

    /// Returns the scope, with what other pages write taken from `before`.
    pub(super) fn scope(&self, before: Option<&Scope>) -> Result<Scope, Faults> {
        let mut faults = Faults::default();
        let kind = ReportKind::from_word(&self.kind);
        if kind.is_none() {
            faults.add("kind", "choose one");
        }
        let day = |name: &'static str, text: &str, faults: &mut Faults| -> Option<Day> {
            let day = text.parse().ok();
            if day.is_none() {
                faults.add(name, "it is a day like 2027-03-31");
            }
            day
        };
        let time = match self.type_.as_str() {
            "1" => day("to", &self.to, &mut faults).map(|date| Time::AsOf { date }),
            "2" => {
                let (from, to) = (day("from", &self.from, &mut faults), day("to", &self.to, &mut faults));
                from.zip(to).map(|(from, to)| Time::Period { from, to })
            }
            _ => {
                faults.add("type", "choose one");
                None
            }
        };
        if let Some(Time::Period { from, to }) = time
            && from > to
        {
            faults.add("to", "the period ends before it begins");
        }
        if kind == Some(ReportKind::Soc3) && matches!(time, Some(Time::AsOf { .. })) {
            faults.add("type", "a SOC 3 covers a period");
        }
        if self.system.is_empty() {
            faults.add("system", "it needs a name");
        }
        if self.reason.is_empty() {
            faults.add("reason", "say why, so that others can follow it");
        }
        let mut exclusions = BTreeMap::new();
        for line in lines(&self.exclusions) {
            match line.split_once(':').map(|(id, reason)| (id.trim(), reason.trim())) {
                Some((id, reason)) if !id.is_empty() && !reason.is_empty() => {
                    exclusions.insert(id.to_owned(), reason.to_owned());
                }
                _ => faults.add(
                    "exclusions",
                    format!("\u{201c}{line}\u{201d} is not like \u{201c}CC6.4: why\u{201d}"),
                ),
            }
        }
        let elements = self.read_elements(&mut faults);
        let systems: Result<BTreeSet<SystemId>, _> = self.systems.iter().map(|id| id.parse()).collect();
        if systems.is_err() {
            faults.add("systems", "choose systems that are here");
        }
        let commitments: Result<BTreeSet<CommitmentKey>, _> =
            self.commitments.iter().map(|text| text.parse().map(CommitmentKey)).collect();
        if commitments.is_err() {
            faults.add("commitment", "choose commitments that are here");
        }
        let (true, Some(kind), Some(time), Ok(commitments), Ok(systems)) =
            (faults.is_empty(), kind, time, commitments, systems)
        else {
            return Err(faults);
        };
        // What is chosen is not left out.
        let omitted = self.omissions.iter().filter(|(id, _)| !self.categories.contains_key(*id));
        let omissions = omitted.map(|(id, reason)| (id.clone(), reason.clone()));
        Ok(Scope {
            kind,
            time,
            system: self.system.clone(),
            systems,
            elements,
            services: lines(&self.services),
            boundary: self.boundary.clone(),
            outside: lines(&self.outside),
            firm: self.firm.clone(),
            categories: self.categories.clone(),
            omissions: omissions.collect(),
            exclusions,
            commitments,
            ..before.cloned().unwrap_or_else(|| Scope::of(kind, time, &self.system))
        })
    }

    /// Draws all of it.
    pub(super) fn draw(&self, faults: &Faults, of: &Offered<'_>) -> Markup {
        html! {
            (self.draw_report(faults))
            (self.draw_boundary(faults, of.systems))
            (line("firm", "Audit firm", &self.firm, "Once it is chosen.", true, faults))
            @if self.kind == ReportKind::Soc1.word() && self.categories.values().chain(self.omissions.values()).all(String::is_empty) {
                // What only a SOC 2 and a SOC 3 have is out of the way, and there if the report becomes one.
                details.act { summary { "Only for a SOC 2 or a SOC 3: categories, criteria, commitments" }
                    (self.draw_categories(of.framework))
                    (self.draw_criteria(faults, of.commitments))
                }
            } @else {
                (self.draw_categories(of.framework))
                (self.draw_criteria(faults, of.commitments))
            }
            (reason_field(&self.reason, faults))
        }
    }

    /// Which report, and over which time.
    fn draw_report(&self, faults: &Faults) -> Markup {
        let kinds: Vec<(String, String)> =
            ReportKind::ALL.iter().map(|kind| (kind.word().to_owned(), kind.title().to_owned())).collect();
        html! {
            div.fields {
                (field(&Field { name: "kind", label: "Report", value: &self.kind, kind: Kind::Select(&kinds), fault: faults.of("kind"), ..Field::default() }))
                (self.time_fields("A SOC 3 always covers a period.", faults))
            }
        }
    }

    /// Over which time; which report it is was said before.
    pub(super) fn draw_time(&self, faults: &Faults) -> Markup {
        let is_soc3 = self.kind == ReportKind::Soc3.word();
        let hint = if is_soc3 { "A SOC 3 always covers a period." } else { "" };
        html! { div.fields { (self.time_fields(hint, faults)) } }
    }

    fn time_fields(&self, hint: &str, faults: &Faults) -> Markup {
        let types = [
            ("2".to_owned(), "Type 2: over a period".to_owned()),
            ("1".to_owned(), "Type 1: as of one date".to_owned()),
        ];
        html! {
            (field(&Field { name: "type", label: "Type", value: &self.type_, kind: Kind::Select(&types), fault: faults.of("type"), hint, ..Field::default() }))
            (date("from", "First day", &self.from, "For a period.", true, faults))
            (date("to", "Last day, or the date", &self.to, "The last day is inside the period.", false, faults))
        }
    }

    /// The system, its services, and what is inside and outside.
    pub(super) fn draw_boundary(&self, faults: &Faults, systems: &[System]) -> Markup {
        let is_offered = |one: &&System| {
            one.retired_at.is_none() || self.systems.iter().any(|chosen| *chosen == one.id.to_string())
        };
        let offered: Vec<(String, String)> =
            systems.iter().filter(is_offered).map(|one| (one.id.to_string(), one.name.clone())).collect();
        let chosen = self.systems.join(" ");
        html! {
            (line("system", "System", &self.system, "As readers know it.", false, faults))
            @if offered.len() > 1 {
                (field(&Field { name: "systems", label: "Records of the system", value: &chosen, kind: Kind::Several(&offered), optional: true, fault: faults.of("systems"), hint: "Controls and evidence of these are in scope, and those of the organization as a whole; those of the others are not.", ..Field::default() }))
            } @else {
                @for id in &self.systems { (hidden("systems", id)) }
            }
            (area("services", "Services", &self.services, 3, "One on each line: what customers get. Needed before the scope is approved.", faults))
            (area("boundary", "Boundary", &self.boundary, 3, "Where the system ends. Needed before the scope is approved.", faults))
            (area("outside", "Outside", &self.outside, 2, "One on each line with the reason: what could be thought to be part of it and is not. As in: Billing: no customer data is in it", faults))
            @for &kind in ElementKind::ALL {
                @let [inside, outside] = element_fields(kind);
                @let empty = Default::default();
                @let [are_in, are_out] = self.elements.get(&kind).unwrap_or(&empty);
                div.fields {
                    (area(&inside, &format!("{} inside", kind.title()), are_in, 2, "One on each line.", faults))
                    (area(&outside, &format!("{} outside", kind.title()), are_out, 2, &format!("One on each line with the reason, as in: {}", outside_example(kind)), faults))
                }
            }
        }
    }

    /// For each category, why it is in, or why not.
    pub(super) fn draw_categories(&self, framework: &Framework) -> Markup {
        let of = |all: &BTreeMap<String, String>, id: &str| all.get(id).cloned().unwrap_or_default();
        html! {
            fieldset.field {
                legend { "Categories" }
                span.hint { "For a SOC 2 and a SOC 3. Say of each why it is in, or why it is left out. What has a reason to be in is in." }
                @for category in &framework.categories {
                    @let (name, without) = (category_field(&category.id), omission_field(&category.id));
                    div.fields {
                        (field(&Field { name: &name, label: &category.title, value: &of(&self.categories, &category.id), optional: true, max: TEXT_MAX, ..Field::default() }))
                        (field(&Field { name: &without, label: &format!("Why without {}", category.title.to_lowercase()), value: &of(&self.omissions, &category.id), optional: true, max: TEXT_MAX, ..Field::default() }))
                    }
                }
            }
        }
    }

    /// Criteria that are not relevant, and principal commitments.
    pub(super) fn draw_criteria(&self, faults: &Faults, commitments: &[commitment::Version]) -> Markup {
        let promises: Vec<(String, String)> = commitments
            .iter()
            .filter(|version| {
                version.record.retired().is_none()
                    || self.commitments.contains(&version.record.key.0.to_string())
            })
            .map(|version| {
                let record = &version.record;
                let about: Vec<String> =
                    record.promise.categories.iter().map(|id| id.replace('-', " ")).collect();
                let about = if about.is_empty() { String::new() } else { format!(" ({})", about.join(", ")) };
                (record.key.0.to_string(), format!("{} {}{about}", record.key, record.promise.title))
            })
            .collect();
        let chosen = self.commitments.join(" ");
        html! {
            (area("exclusions", "Criteria that are not relevant", &self.exclusions, 2, "One on each line with the reason, as in: CC6.4: there are no premises of our own", faults))
            @if promises.is_empty() {
                p.muted { "No commitment is written down yet. " a href="/commitments/new" { "Write down the first" } ": a scope names the principal ones." }
            } @else {
                (field(&Field { name: "commitment", label: "Principal commitments and requirements", value: &chosen, kind: Kind::Several(&promises), optional: true, fault: faults.of("commitment"), hint: "Those that matter to a broad range of readers.", ..Field::default() }))
            }
        }
    }

    /// Reads the pieces of the boundary, those outside with their reasons.
    fn read_elements(&self, faults: &mut Faults) -> Vec<Element> {
        let mut elements = Vec::new();
        for (&kind, [inside, outside]) in &self.elements {
            let within = |name: String| Element { kind, name, outside: String::new() };
            elements.extend(lines(inside).into_iter().map(within));
            for line in lines(outside) {
                match line.split_once(':').map(|(name, why)| (name.trim(), why.trim())) {
                    Some((name, why)) if !name.is_empty() && !why.is_empty() => {
                        elements.push(Element { kind, name: name.to_owned(), outside: why.to_owned() });
                    }
                    _ => faults.add(
                        outside_field(kind),
                        format!("\u{201c}{line}\u{201d} is not like \u{201c}Test: why it is outside\u{201d}"),
                    ),
                }
            }
        }
        elements
    }
}

/// What can be chosen from.
#[derive(Clone, Copy)]
pub(super) struct Offered<'a> {
    pub(super) framework: &'a Framework,
    pub(super) commitments: &'a [commitment::Version],
    pub(super) systems: &'a [System],
}

/// Returns the pieces of a kind inside, and outside with their reasons, one on each line.
fn lines_of(scope: &Scope, kind: ElementKind) -> [String; 2] {
    let inside: Vec<&str> = scope.elements_of(kind, true).map(|one| one.name.as_str()).collect();
    let outside: Vec<String> =
        scope.elements_of(kind, false).map(|one| format!("{}: {}", one.name, one.outside)).collect();
    [inside.join("\n"), outside.join("\n")]
}

fn line(name: &str, label: &str, value: &str, hint: &str, optional: bool, faults: &Faults) -> Markup {
    field(&Field { name, label, value, hint, optional, fault: faults.of(name), ..Field::default() })
}

fn area(name: &str, label: &str, value: &str, rows: u8, hint: &str, faults: &Faults) -> Markup {
    field(&Field {
        name,
        label,
        value,
        hint,
        optional: true,
        kind: Kind::Area(rows),
        max: TEXT_MAX,
        fault: faults.of(name),
        ..Field::default()
    })
}

fn date(name: &str, label: &str, value: &str, hint: &str, optional: bool, faults: &Faults) -> Markup {
    let kind = Kind::Input("date");
    field(&Field { name, label, value, kind, hint, optional, fault: faults.of(name), ..Field::default() })
}

pub(super) fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

pub(super) fn names(framework: &Framework) -> Vec<String> {
    let ids = || framework.categories.iter().map(|category| category.id.as_str());
    let reasons = ids().map(category_field).chain(ids().map(omission_field));
    let pieces = ElementKind::ALL.iter().flat_map(|kind| element_fields(*kind));
    NAMES.iter().map(|name| (*name).to_owned()).chain(reasons).chain(pieces).collect()
}

pub(super) fn only(sent: &Sent, framework: &Framework) -> Result<(), Refusal> {
    let names = names(framework);
    sent.only(&names.iter().map(String::as_str).collect::<Vec<_>>())
}
