//! The fields of a control as they are typed, and back.

use std::sync::Arc;

use maud::{Markup, html};
use tickmark_app::identity::System;
use tickmark_app::identity::people::{self, Member};
use tickmark_app::{View, identity};
use tickmark_core::catalog::{Framework, StarterControl};
use tickmark_core::control::{
    Assigned, Content, Control, ControlKind, CriterionMapping, Frequency, Level, Nature, TEXT_MAX, TITLE_MAX,
};
use tickmark_core::id::{ActorId, SystemId};
use tickmark_core::identity::{Role, Standing};
use tickmark_core::words::shortened;

use crate::design::diff::Changed;
use crate::design::form::{Faults, Field, Kind, field};
use crate::error::Refusal;
use crate::form::Sent;

/// Characters of a criterion that are shown beside its number.
const CRITERION_CHARS: usize = 110;

/// What a control is for that is for no system alone.
const WHOLE: &str = "The organization as a whole";

/// Who can be chosen, and what everybody is called.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    here: Vec<(ActorId, String)>,
    labels: Arc<identity::Labels>,
    systems: Vec<System>,
}

impl Names {
    /// Reads them.
    pub(crate) async fn read(view: &mut View<'_>) -> Result<Self, tickmark_app::Error> {
        let members = people::members(view).await?;
        // People of an audit firm are in the list of members, and answer for nothing of the organization.
        let is_offered =
            |one: &&Member| one.standing == Standing::Active && !one.roles.contains(&Role::Auditor);
        let active = members.iter().filter(is_offered);
        let here = active.map(|member| (member.actor, member.name.clone())).collect();
        Ok(Self { here, ..Self::for_looking(view).await? })
    }

    /// Reads what everybody is called, for a page on which nobody is chosen.
    pub(crate) async fn for_looking(view: &mut View<'_>) -> Result<Self, tickmark_app::Error> {
        let (labels, systems) = (identity::labels(view).await?, identity::system::all(view).await?);
        Ok(Self { here: Vec::new(), labels, systems })
    }

    /// What somebody is called.
    pub(crate) fn of(&self, who: ActorId) -> &str {
        let known = self.labels.get(&who).map(String::as_str).filter(|label| !label.is_empty());
        known.unwrap_or("a person since removed")
    }

    fn of_some(&self, who: Option<ActorId>) -> String {
        who.map(|who| self.of(who).to_owned()).unwrap_or_default()
    }

    /// What a system is called; the organization as a whole where there is none.
    fn of_system(&self, id: Option<SystemId>) -> String {
        let known = id.and_then(|id| self.systems.iter().find(|system| system.id == id));
        known.map_or_else(|| WHOLE.to_owned(), |system| system.name.clone())
    }

    /// Choices of systems, and the organization as a whole; none where there was never more than one system.
    fn systems(&self, chosen: &str) -> Vec<(String, String)> {
        if self.systems.len() < 2 && chosen.is_empty() {
            return Vec::new();
        }
        let is_offered = |system: &&System| system.retired_at.is_none() || system.id.to_string() == chosen;
        let offered = self.systems.iter().filter(is_offered);
        let named = offered.map(|system| (system.id.to_string(), system.name.clone()));
        [(String::new(), WHOLE.to_owned())].into_iter().chain(named).collect()
    }

    /// Choices of a field; whoever is chosen already is among them, and nobody comes first with `nobody`.
    pub(crate) fn options(&self, nobody: Option<&str>, chosen: &str) -> Vec<(String, String)> {
        let mut options: Vec<(String, String)> =
            nobody.map(|words| (String::new(), words.to_owned())).into_iter().collect();
        options.extend(self.here.iter().map(|(id, name)| (id.to_string(), name.clone())));
        if let Ok(id) = chosen.parse::<ActorId>()
            && !self.here.iter().any(|(known, _)| *known == id)
            && self.labels.contains_key(&id)
        {
            options.push((id.to_string(), format!("{} (no member)", self.of(id))));
        }
        options
    }
}

/// The field that a word of a refusal stands for.
pub(super) const ABOUT: [(&str, &str); 12] = [
    ("can be called", "id"),
    ("no title", "title"),
    ("the title", "title"),
    ("no statement", "statement"),
    ("the statement", "statement"),
    ("the area", "area"),
    ("owner's role", "owner_role"),
    ("the population", "population"),
    ("evidence", "evidence"),
    ("criteri", "criterion"),
    ("a system", "system"),
    ("reason", "reason"),
];

/// What stands in the fields.
#[derive(Clone, Debug, Default)]
pub(super) struct Typed {
    pub(super) id: String,
    title: String,
    statement: String,
    area: String,
    kind: String,
    nature: String,
    frequency: String,
    level: String,
    system: String,
    owner_role: String,
    owner: String,
    operator: String,
    reviewer: String,
    evidence: String,
    population: String,
    criteria: Vec<String>,
    keys: Vec<String>,
    pub(super) reason: String,
}

/// Names of the fields.
pub(super) const NAMES: [&str; 18] = [
    "id",
    "title",
    "statement",
    "area",
    "kind",
    "nature",
    "frequency",
    "level",
    "system",
    "owner_role",
    "owner",
    "operator",
    "reviewer",
    "evidence",
    "population",
    "criterion",
    "key",
    "reason",
];

impl Typed {
    pub(super) fn of_control(control: &Control, content: &Content, framework: &str) -> Self {
        let person = |who: Option<ActorId>| who.map(|who| who.to_string()).unwrap_or_default();
        let mut typed = Self::of_content(content, framework);
        typed.id = control.id.to_string();
        typed.owner = person(control.owner);
        typed.operator = person(control.operator);
        typed.reviewer = person(control.reviewer);
        typed
    }

    fn of_content(content: &Content, framework: &str) -> Self {
        let mapped = || content.criteria.iter().filter(|mapping| mapping.framework == framework);
        Self {
            title: content.title.clone(),
            statement: content.statement.clone(),
            area: content.area.clone(),
            kind: content.kind.word().to_owned(),
            nature: content.nature.word().to_owned(),
            frequency: content.frequency.word().to_owned(),
            level: content.level.map(Level::word).unwrap_or_default().to_owned(),
            system: content.system.map(|system| system.to_string()).unwrap_or_default(),
            owner_role: content.owner_role.clone(),
            evidence: content.evidence.join("\n"),
            population: content.population.clone(),
            criteria: mapped().map(|mapping| mapping.criterion.clone()).collect(),
            keys: mapped()
                .filter(|mapping| mapping.is_key)
                .map(|mapping| mapping.criterion.clone())
                .collect(),
            ..Self::default()
        }
    }

    pub(super) fn of_starter(starter: &StarterControl, framework: &str) -> Self {
        let is_of = starter.framework == framework;
        Self {
            id: starter.id.clone(),
            title: starter.title.clone(),
            statement: starter.statement.clone(),
            area: starter.area.clone(),
            kind: starter.kind.word().to_owned(),
            nature: starter.nature.word().to_owned(),
            frequency: starter.frequency.word().to_owned(),
            owner_role: starter.owner.clone(),
            evidence: starter.evidence.join("\n"),
            population: starter.population.clone(),
            criteria: if is_of { starter.criteria.clone() } else { Vec::new() },
            keys: if is_of { starter.key_for.clone() } else { Vec::new() },
            ..Self::default()
        }
    }

    pub(super) fn of_sent(sent: &Sent) -> Self {
        Self {
            id: sent.text("id"),
            title: sent.text("title"),
            statement: sent.text("statement"),
            area: sent.text("area"),
            kind: sent.text("kind"),
            nature: sent.text("nature"),
            frequency: sent.text("frequency"),
            level: sent.text("level"),
            system: sent.text("system"),
            owner_role: sent.text("owner_role"),
            owner: sent.text("owner"),
            operator: sent.text("operator"),
            reviewer: sent.text("reviewer"),
            evidence: sent.text("evidence"),
            population: sent.text("population"),
            criteria: sent.all("criterion"),
            keys: sent.all("key"),
            reason: sent.text("reason"),
        }
    }

    /// What was typed as a record. `others` are mappings to other frameworks, which stay.
    pub(super) fn content(
        &self,
        framework: &str,
        others: &[CriterionMapping],
    ) -> Result<(Content, Assigned), Faults> {
        let mut faults = Faults::default();
        if self.title.is_empty() {
            faults.add("title", "it needs a title");
        } else if self.title.chars().count() > TITLE_MAX {
            faults.add("title", format!("it has more than {TITLE_MAX} characters"));
        }
        if self.statement.is_empty() {
            faults.add("statement", "say who does what, how often, and what it leaves behind");
        }
        if self.reason.is_empty() {
            faults.add("reason", "say why, so that others can follow it");
        }
        for (name, text) in
            [("statement", &self.statement), ("population", &self.population), ("reason", &self.reason)]
        {
            if text.chars().count() > TEXT_MAX {
                faults.add(name, format!("it has more than {TEXT_MAX} characters"));
            }
        }
        if let Some(lost) = self.keys.iter().find(|key| !self.criteria.contains(key)) {
            faults.add("criterion", format!("it is key for {lost}, which it does not answer"));
        }
        let kind = self.kind.parse::<ControlKind>();
        let nature = self.nature.parse::<Nature>();
        let frequency = self.frequency.parse::<Frequency>();
        if kind.is_err() {
            faults.add("kind", "choose one");
        }
        if nature.is_err() {
            faults.add("nature", "choose one");
        }
        if frequency.is_err() {
            faults.add("frequency", "choose one");
        }
        let level = Level::ALL.into_iter().find(|level| level.word() == self.level);
        if level.is_none() && !self.level.is_empty() {
            faults.add("level", "choose one");
        }
        let system = Some(self.system.as_str()).filter(|text| !text.is_empty()).map(str::parse::<SystemId>);
        if matches!(system, Some(Err(_))) {
            faults.add("system", "choose one of the list");
        }
        let mut person = |name: &'static str, text: &str| match text {
            "" => None,
            text => match text.parse::<ActorId>() {
                Ok(id) => Some(id),
                Err(_) => {
                    faults.add(name, "choose somebody who is here");
                    None
                }
            },
        };
        let assigned = Assigned {
            owner: person("owner", &self.owner),
            operator: person("operator", &self.operator),
            reviewer: person("reviewer", &self.reviewer),
        };
        let (Ok(kind), Ok(nature), Ok(frequency)) = (kind, nature, frequency) else { return Err(faults) };
        if !faults.is_empty() {
            return Err(faults);
        }
        let typed = self.criteria.iter().map(|criterion| CriterionMapping {
            framework: framework.to_owned(),
            criterion: criterion.clone(),
            is_key: self.keys.contains(criterion),
        });
        let kept = others.iter().filter(|mapping| mapping.framework != framework).cloned();
        let content = Content {
            title: self.title.clone(),
            statement: self.statement.clone(),
            area: self.area.clone(),
            kind,
            nature,
            frequency,
            level,
            system: system.and_then(Result::ok),
            owner_role: self.owner_role.clone(),
            evidence: self.evidence.lines().map(str::to_owned).collect(),
            population: self.population.clone(),
            criteria: typed.chain(kept).collect(),
        };
        Ok((content, assigned))
    }
}

/// Draws the fields. A new control has a field for its id.
pub(super) fn draw(
    typed: &Typed,
    faults: &Faults,
    framework: &Framework,
    names: &Names,
    is_new: bool,
) -> Markup {
    let text = |name: &'static str, label, value: &str, hint, optional| {
        field(&Field {
            name,
            label,
            value,
            hint,
            optional,
            max: TITLE_MAX,
            fault: faults.of(name),
            ..Field::default()
        })
    };
    let area = |name: &'static str, label, value: &str, rows, hint, optional| {
        field(&Field {
            name,
            label,
            value,
            hint,
            optional,
            kind: Kind::Area(rows),
            max: TEXT_MAX,
            fault: faults.of(name),
            ..Field::default()
        })
    };
    let choose = |name: &'static str, label, value: &str, options: &[(String, String)], hint| {
        field(&Field {
            name,
            label,
            value,
            hint,
            kind: Kind::Select(options),
            fault: faults.of(name),
            ..Field::default()
        })
    };
    let words = |all: &mut dyn Iterator<Item = (&str, &str)>| -> Vec<(String, String)> {
        all.map(|(word, plain)| (word.to_owned(), crate::design::form::capital(plain))).collect()
    };
    let kinds = words(&mut ControlKind::ALL.iter().map(|kind| (kind.word(), kind.plain())));
    let natures = words(&mut Nature::ALL.iter().map(|nature| (nature.word(), nature.plain())));
    let frequencies = words(&mut Frequency::ALL.iter().map(|one| (one.word(), one.plain())));
    let unsaid = [("", "not said")].into_iter();
    let systems = names.systems(&typed.system);
    let levels = words(&mut unsaid.chain(Level::ALL.iter().map(|level| (level.word(), level.word()))));
    html! {
        @if is_new {
            (field(&Field { name: "id", label: "Id", value: &typed.id, max: 40, fault: faults.of("id"), hint: "Short and without spaces, as in IAM-05. It stays for good.", ..Field::default() }))
        }
        (text("title", "Title", &typed.title, "", false))
        (area("statement", "Statement", &typed.statement, 5, "Who does what, how often or on what trigger, using what, so that what; and the evidence it leaves. Every number in it is a promise that is tested.", false))
        div.fields {
            (choose("kind", "Kind", &typed.kind, &kinds, ""))
            (choose("nature", "Nature", &typed.nature, &natures, ""))
            (choose("frequency", "Frequency", &typed.frequency, &frequencies, ""))
            (choose("level", "Level", &typed.level, &levels, ""))
        }
        @if !systems.is_empty() { (choose("system", "System", &typed.system, &systems, "Whoever is assigned to a system works on the controls that are for it.")) }
        div.fields {
            (choose("owner", "Owner", &typed.owner, &names.options(Some("Nobody yet"), &typed.owner), "Answers for it."))
            (choose("operator", "Operator", &typed.operator, &names.options(Some("The owner"), &typed.operator), "Performs it."))
            (choose("reviewer", "Reviewer", &typed.reviewer, &names.options(Some("Nobody"), &typed.reviewer), "Looks at what was done."))
        }
        div.fields {
            (text("owner_role", "Role of the owner", &typed.owner_role, "In words, as in Head of People.", true))
            (text("area", "Area", &typed.area, "Groups controls in lists.", true))
        }
        (area("evidence", "Evidence expected", &typed.evidence, 3, "One piece a line.", true))
        (area("population", "Population", &typed.population, 2, "All that a sample would be drawn from: built by the trigger, never by the evidence.", true))
        (criteria(typed, faults, framework))
        (area("reason", "Why", &typed.reason, 2, "It stays with this version.", false))
    }
}

fn criteria(typed: &Typed, faults: &Faults, framework: &Framework) -> Markup {
    html! {
        fieldset.field aria-describedby="criterion-hint" {
            legend { "Criteria" }
            @if let Some(fault) = faults.of("criterion") { span.fault { (crate::design::form::capital(fault)) "." } }
            span.hint id="criterion-hint" { "Which criteria it answers, and for which of them it is key: its failure would leave the criterion unmet with no other control." }
            div.choices.pairs {
                @for requirement in framework.requirements() {
                    div.pairs-row {
                        label.choice { input type="checkbox" name="criterion" value=(requirement.id) checked[typed.criteria.contains(&requirement.id)]; span { b { (requirement.id) } " " (shortened(&requirement.text, CRITERION_CHARS)) } }
                        label.choice { input type="checkbox" name="key" value=(requirement.id) checked[typed.keys.contains(&requirement.id)] aria-label={ "Key for " (requirement.id) }; span aria-hidden="true" { "key" } }
                    }
                }
            }
        }
    }
}

/// The fields of a record in words, to be compared.
pub(super) fn lines(content: &Content, assigned: &Assigned, names: &Names) -> Vec<(&'static str, String)> {
    let mut criteria: Vec<String> = content
        .criteria
        .iter()
        .map(|mapping| format!("{}{}", mapping.criterion, if mapping.is_key { " (key)" } else { "" }))
        .collect();
    criteria.sort();
    vec![
        ("Title", content.title.clone()),
        ("Statement", content.statement.clone()),
        ("Owner", names.of_some(assigned.owner)),
        ("Operator", names.of_some(assigned.operator)),
        ("Reviewer", names.of_some(assigned.reviewer)),
        ("Kind", content.kind.plain().to_owned()),
        ("Nature", content.nature.plain().to_owned()),
        ("Frequency", content.frequency.plain().to_owned()),
        ("Level", content.level.map(Level::word).unwrap_or_default().to_owned()),
        ("System", names.of_system(content.system)),
        ("Role of the owner", content.owner_role.clone()),
        ("Area", content.area.clone()),
        ("Evidence expected", content.evidence.join("; ")),
        ("Population", content.population.clone()),
        ("Criteria", criteria.join(", ")),
    ]
}

/// What differs between two records.
pub(super) fn compare(
    before: (&Content, &Assigned),
    after: (&Content, &Assigned),
    names: &Names,
) -> Vec<Changed> {
    let pairs = lines(before.0, before.1, names).into_iter().zip(lines(after.0, after.1, names));
    crate::design::diff::changed(pairs.map(|((label, before), (_, after))| Changed { label, before, after }))
}

/// The framework that pages map to.
pub(super) fn framework(catalog: &tickmark_core::catalog::Catalog) -> Result<&Framework, Refusal> {
    catalog.frameworks.first().ok_or(Refusal::NotFound)
}
