//! The fields of a test of a control as they are typed, and back.

use std::collections::BTreeSet;

use maud::{Markup, html};
use tickmark_core::control::{
    ATTRIBUTE_MAX, Frequency, GRACE_MAX, TEXT_MAX, TestAttribute, TestContent, TestKind,
};
use tickmark_core::program::performance::default_grace_days;

use crate::design::form::{Faults, Field, Kind, field, hidden};
use crate::form::Sent;

/// Names of the fields.
pub(super) const NAMES: [&str; 9] =
    ["kind", "check", "attribute", "window", "grace_days", "every_day", "trigger", "attributes", "reason"];

/// Frequencies that have windows.
const WINDOWS: [Frequency; 7] = [
    Frequency::Daily,
    Frequency::Weekly,
    Frequency::SemiMonthly,
    Frequency::Monthly,
    Frequency::Quarterly,
    Frequency::SemiAnnual,
    Frequency::Annual,
];

/// What stands in the fields.
#[derive(Clone, Debug, Default)]
pub(super) struct Typed {
    pub(super) kind: String,
    check: String,
    attribute: String,
    window: String,
    grace_days: String,
    every_day: String,
    trigger: String,
    attributes: String,
    pub(super) reason: String,
}

impl Typed {
    /// A new test of a kind; of a control with this frequency.
    pub(super) fn new(kind: &str, frequency: Frequency) -> Self {
        let window = if WINDOWS.contains(&frequency) { frequency } else { Frequency::Monthly };
        Self {
            kind: kind.to_owned(),
            window: window.word().to_owned(),
            grace_days: default_grace_days(window).unwrap_or_default().to_string(),
            ..Self::default()
        }
    }

    pub(super) fn of(content: &TestContent) -> Self {
        let mut typed = Self {
            kind: content.kind.word().to_owned(),
            attribute: content.attribute.clone(),
            ..Self::default()
        };
        match &content.kind {
            TestKind::Configuration { check } => typed.check.clone_from(check),
            TestKind::Occurrence { window, grace_days, every_day } => {
                window.word().clone_into(&mut typed.window);
                typed.grace_days = grace_days.to_string();
                if *every_day { "yes" } else { "" }.clone_into(&mut typed.every_day);
            }
            TestKind::Population { trigger, attributes } => {
                typed.trigger.clone_from(trigger);
                let line = |one: &TestAttribute| format!("{} | {} | {}", one.id, one.asserts, one.deviation);
                typed.attributes = attributes.iter().map(line).collect::<Vec<_>>().join("\n");
            }
        }
        typed
    }

    pub(super) fn of_sent(sent: &Sent) -> Self {
        Self {
            kind: sent.text("kind"),
            check: sent.text("check"),
            attribute: sent.text("attribute"),
            window: sent.text("window"),
            grace_days: sent.text("grace_days"),
            every_day: sent.text("every_day"),
            trigger: sent.text("trigger"),
            attributes: sent.text("attributes"),
            reason: sent.text("reason"),
        }
    }

    /// What was typed as a record; none for a kind that there is not.
    pub(super) fn content(&self) -> Result<TestContent, Faults> {
        let mut faults = Faults::default();
        if self.reason.is_empty() {
            faults.add("reason", "say why, so that others can follow it");
        }
        let kind = match self.kind.as_str() {
            "configuration" => {
                if self.attribute.is_empty() {
                    faults.add("attribute", "say which attribute of the control the check covers");
                }
                TestKind::Configuration { check: self.check.clone() }
            }
            "occurrence" => {
                let grace = self.grace_days.parse::<u32>().ok().filter(|days| *days <= GRACE_MAX);
                if grace.is_none() {
                    faults.add("grace_days", format!("it is a number from 0 to {GRACE_MAX}"));
                }
                let window = WINDOWS.into_iter().find(|one| one.word() == self.window);
                if window.is_none() {
                    faults.add("window", "choose how often it is due");
                }
                TestKind::Occurrence {
                    window: window.unwrap_or(Frequency::Monthly),
                    grace_days: grace.unwrap_or_default(),
                    every_day: self.every_day == "yes",
                }
            }
            "population" => {
                if self.trigger.is_empty() {
                    faults.add("trigger", "say what produces an item");
                }
                let attributes: Option<Vec<TestAttribute>> =
                    self.attributes.lines().filter(|line| !line.trim().is_empty()).map(attribute).collect();
                match &attributes {
                    Some(found) if !found.is_empty() => {}
                    _ => faults.add(
                        "attributes",
                        "write one attribute a line: its name | what must hold | what counts as a deviation",
                    ),
                }
                TestKind::Population {
                    trigger: self.trigger.clone(),
                    attributes: attributes.unwrap_or_default(),
                }
            }
            _ => return Err(Faults::whole("there is no such kind of test")),
        };
        let content = TestContent { kind, attribute: self.attribute.clone() };
        if faults.is_empty() { content.checked().map_err(|error| self.blame(error)) } else { Err(faults) }
    }

    /// What a refusal says, beside the field of this kind of test that it is about.
    pub(super) fn blame(&self, says: impl ToString) -> Faults {
        let about: &[(&str, &'static str)] = match self.kind.as_str() {
            "configuration" => &[
                ("attribute", "attribute"),
                ("there is no check", "check"),
                ("is a test of", "check"),
                ("say why", "reason"),
                ("the reason", "reason"),
            ],
            "occurrence" => &[
                ("no windows", "window"),
                ("grace", "grace_days"),
                ("say why", "reason"),
                ("the reason", "reason"),
            ],
            _ => &[
                ("trigger", "trigger"),
                ("attribute", "attributes"),
                ("say why", "reason"),
                ("the reason", "reason"),
            ],
        };
        Faults::about(says, about)
    }
}

fn attribute(line: &str) -> Option<TestAttribute> {
    let parts: Vec<&str> = line.split('|').map(str::trim).collect();
    let [id, asserts, deviation] = parts[..] else { return None };
    let is_whole = ![id, asserts, deviation].contains(&"");
    is_whole.then(|| TestAttribute {
        id: id.to_owned(),
        asserts: asserts.to_owned(),
        deviation: deviation.to_owned(),
    })
}

/// Draws the fields. `checks` are those that can be chosen; none where the check stays.
pub(super) fn draw(typed: &Typed, faults: &Faults, checks: Option<&BTreeSet<String>>) -> Markup {
    html! {
        (hidden("kind", &typed.kind))
        @match typed.kind.as_str() {
            "configuration" => (configuration(typed, faults, checks)),
            "occurrence" => (occurrence(typed, faults)),
            _ => (population(typed, faults)),
        }
        (field(&Field {
            name: "reason", label: "Why", value: &typed.reason, kind: Kind::Area(2), max: TEXT_MAX,
            hint: "Whoever approves it reads this, and so does the auditor.", fault: faults.of("reason"), ..Field::default()
        }))
    }
}

fn configuration(typed: &Typed, faults: &Faults, checks: Option<&BTreeSet<String>>) -> Markup {
    let options: Vec<(String, String)> =
        checks.into_iter().flatten().map(|id| (id.clone(), id.clone())).collect();
    html! {
        @if checks.is_some() {
            (field(&Field {
                name: "check", label: "Check", value: &typed.check, kind: Kind::Select(&options),
                hint: "Those that a run has used, your own among them.", fault: faults.of("check"), ..Field::default()
            }))
        } @else { (hidden("check", &typed.check)) }
        (field(&Field {
            name: "attribute", label: "Attribute that it covers", value: &typed.attribute, max: ATTRIBUTE_MAX,
            hint: "The part of what the control says that the check can see, e.g. \"second factor for administrators\".",
            fault: faults.of("attribute"), ..Field::default()
        }))
    }
}

fn occurrence(typed: &Typed, faults: &Faults) -> Markup {
    let windows = WINDOWS.map(|one| (one.word().to_owned(), one.plain().to_owned()));
    html! {
        div.fields {
            (field(&Field { name: "window", label: "Due", value: &typed.window, kind: Kind::Select(&windows), fault: faults.of("window"), ..Field::default() }))
            (field(&Field {
                name: "grace_days", label: "Days of grace", value: &typed.grace_days, kind: Kind::Input("number"), max: 3,
                hint: "Days after the window within which it is still on time.", fault: faults.of("grace_days"), ..Field::default()
            }))
        }
        (field(&Field { name: "every_day", label: "On weekends as well, where it is due daily", value: &typed.every_day, kind: Kind::Check, ..Field::default() }))
    }
}

fn population(typed: &Typed, faults: &Faults) -> Markup {
    html! {
        (field(&Field {
            name: "trigger", label: "What produces an item", value: &typed.trigger, max: ATTRIBUTE_MAX,
            hint: "The trigger, never the evidence of the control: production deployments, not tickets.", fault: faults.of("trigger"), ..Field::default()
        }))
        (field(&Field {
            name: "attributes", label: "What is asked about each item", value: &typed.attributes, kind: Kind::Area(6), max: TEXT_MAX * 4,
            hint: "One a line: name | what must hold | what counts as a deviation. Written before testing.", fault: faults.of("attributes"), ..Field::default()
        }))
    }
}
