//! Lists of a scope, one entry at a time: subservice organizations, what customers do, control objectives.

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_core::control::commitment::CommitmentKey;
use tickmark_core::control::{ControlId, ControlState, TEXT_MAX};
use tickmark_core::engagement::{
    Assumed, Method, Objective, Scope, Subservice, UserEntityControl, UserEntityKind,
};

use super::{Known, catalog, href, key, known, outcome, page_of, reason_field, refused, save};
use crate::WebState;
use crate::design::form::{Faults, Field, Kind, field, form, hidden, send};
use crate::design::frame::Page;
use crate::error::Refusal;
use crate::form::Sent;
use crate::visit::Asked;

const NAMES: [&str; 18] = [
    "version",
    "reason",
    "remove",
    "name",
    "service",
    "method",
    "why",
    "assumed",
    "control",
    "asserts",
    "kind",
    "text",
    "criteria",
    "commitment",
    "id",
    "statement",
    "assertions",
    "once",
];

/// Which list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    Subservices,
    UserEntities,
    Objectives,
}

impl List {
    pub(super) const ALL: [Self; 3] = [Self::Subservices, Self::UserEntities, Self::Objectives];

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Subservices => "subservices",
            Self::UserEntities => "user-entities",
            Self::Objectives => "objectives",
        }
    }

    fn one(self) -> &'static str {
        match self {
            Self::Subservices => "subservice organization",
            Self::UserEntities => "control or responsibility of customers",
            Self::Objectives => "control objective",
        }
    }

    fn len(self, scope: &Scope) -> usize {
        match self {
            Self::Subservices => scope.subservices.len(),
            Self::UserEntities => scope.user_entities.len(),
            Self::Objectives => scope.objectives.len(),
        }
    }

    fn remove(self, scope: &mut Scope, at: usize) {
        match self {
            Self::Subservices => drop(scope.subservices.remove(at)),
            Self::UserEntities => drop(scope.user_entities.remove(at)),
            Self::Objectives => drop(scope.objectives.remove(at)),
        }
    }
}

/// What stands in the fields of any of the lists.
#[derive(Clone, Debug, Default)]
struct Typed {
    name: String,
    service: String,
    method: String,
    why: String,
    /// Types of controls with their criteria, one on each line.
    assumed: String,
    controls: Vec<String>,
    asserts: String,
    kind: String,
    text: String,
    criteria: String,
    commitment: String,
    id: String,
    statement: String,
    assertions: String,
    reason: String,
}

impl Typed {
    fn new() -> Self {
        Self {
            method: Method::CarveOut.word().to_owned(),
            kind: UserEntityKind::Responsibility.word().to_owned(),
            ..Self::default()
        }
    }

    fn of(list: List, scope: &Scope, at: usize) -> Option<Self> {
        let words = |all: &BTreeSet<String>| all.iter().cloned().collect::<Vec<_>>().join(", ");
        let ids = |all: &BTreeSet<ControlId>| all.iter().map(ToString::to_string).collect::<Vec<_>>();
        Some(match list {
            List::Subservices => {
                let one = scope.subservices.get(at)?;
                let line = |assumed: &Assumed| match words(&assumed.criteria) {
                    none if none.is_empty() => assumed.text.clone(),
                    criteria => format!("{criteria}: {}", assumed.text),
                };
                Self {
                    name: one.name.clone(),
                    service: one.service.clone(),
                    method: one.method.word().to_owned(),
                    why: one.why.clone(),
                    assumed: one.assumed.iter().map(line).collect::<Vec<_>>().join("\n"),
                    controls: ids(&one.monitoring),
                    asserts: if one.gives_assertion { "yes" } else { "" }.to_owned(),
                    ..Self::new()
                }
            }
            List::UserEntities => {
                let one = scope.user_entities.get(at)?;
                Self {
                    kind: one.kind.word().to_owned(),
                    text: one.text.clone(),
                    criteria: words(&one.criteria),
                    commitment: one.commitment.map(|key| key.0.to_string()).unwrap_or_default(),
                    why: one.why.clone(),
                    ..Self::new()
                }
            }
            List::Objectives => {
                let one = scope.objectives.get(at)?;
                Self {
                    id: one.id.clone(),
                    statement: one.statement.clone(),
                    assertions: words(&one.assertions),
                    controls: ids(&one.controls),
                    ..Self::new()
                }
            }
        })
    }

    fn of_sent(sent: &Sent) -> Self {
        Self {
            name: sent.text("name"),
            service: sent.text("service"),
            method: sent.text("method"),
            why: sent.text("why"),
            assumed: sent.text("assumed"),
            controls: sent.all("control"),
            asserts: sent.text("asserts"),
            kind: sent.text("kind"),
            text: sent.text("text"),
            criteria: sent.text("criteria"),
            commitment: sent.text("commitment"),
            id: sent.text("id"),
            statement: sent.text("statement"),
            assertions: sent.text("assertions"),
            reason: sent.text("reason"),
        }
    }

    /// Puts what was typed into the list, at a place or at its end.
    fn put(&self, list: List, scope: &mut Scope, at: Option<usize>) -> Result<(), Faults> {
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
            List::UserEntities => needs("text", &self.text, "say what customers do"),
            List::Objectives => {
                needs("id", &self.id, "it needs an id");
                needs("statement", &self.statement, "say what controls should achieve");
            }
        }
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
        let (method, kind) = (Method::from_word(&self.method), UserEntityKind::from_word(&self.kind));
        if list == List::Subservices && method.is_none() {
            faults.add("method", "choose one");
        }
        if list == List::UserEntities && kind.is_none() {
            faults.add("kind", "choose one");
        }
        let (true, Ok(controls)) = (faults.is_empty(), controls) else { return Err(faults) };
        match list {
            List::Subservices => place(
                &mut scope.subservices,
                at,
                Subservice {
                    name: self.name.clone(),
                    service: self.service.clone(),
                    method: method.unwrap_or(Method::CarveOut),
                    why: self.why.clone(),
                    assumed: self.assumed.lines().filter_map(assumed).collect(),
                    monitoring: controls,
                    gives_assertion: self.asserts == "yes",
                },
            ),
            List::UserEntities => place(
                &mut scope.user_entities,
                at,
                UserEntityControl {
                    kind: kind.unwrap_or(UserEntityKind::Responsibility),
                    text: self.text.clone(),
                    criteria: words(&self.criteria),
                    commitment,
                    why: self.why.clone(),
                },
            ),
            List::Objectives => place(
                &mut scope.objectives,
                at,
                Objective {
                    id: self.id.clone(),
                    statement: self.statement.clone(),
                    assertions: words(&self.assertions),
                    controls,
                },
            ),
        }
        Ok(())
    }

    fn draw(&self, list: List, faults: &Faults, known: &Known) -> Markup {
        let line = |name: &'static str, label, value: &str, hint, optional| {
            field(&Field { name, label, value, hint, optional, fault: faults.of(name), ..Field::default() })
        };
        let area = |name: &'static str, label, value: &str, hint, optional| {
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
        };
        let select = |name: &'static str, label, value: &str, options: &[(String, String)], hint| {
            let kind = Kind::Select(options);
            field(&Field { name, label, value, kind, hint, fault: faults.of(name), ..Field::default() })
        };
        let controls: Vec<(String, String)> = known
            .grounds
            .controls
            .iter()
            .filter(|one| one.state() == ControlState::Active || self.controls.contains(&one.id.to_string()))
            .map(|one| (one.id.to_string(), format!("{} {}", one.id, one.text.current().title)))
            .collect();
        let chosen = self.controls.join(" ");
        let several = |label, hint| {
            if controls.is_empty() {
                return html! { p.muted { "No control is in force yet. " a href="/controls" { "Put controls in force" } " first." } };
            }
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
        };
        let pairs = |all: &[(&str, &str)]| -> Vec<(String, String)> {
            all.iter().map(|(word, title)| ((*word).to_owned(), (*title).to_owned())).collect()
        };
        html! {
            @match list {
                List::Subservices => {
                    (line("name", "Name", &self.name, "", false))
                    (area("service", "Service", &self.service, "What it does for the system.", false))
                    (area("why", "Why own controls do not suffice", &self.why, "If they do, it is a vendor and does not belong here.", false))
                    (select("method", "Method", &self.method, &pairs(&Method::ALL.iter().map(|one| (one.word(), one.title())).collect::<Vec<_>>()), "Carve-out leaves its controls out of the description; inclusive describes and examines them too."))
                    (area("assumed", "Types of controls assumed there", &self.assumed, "One on each line, with the criteria in front: CC6.4, CC6.5: access to the buildings is limited", true))
                    (several("Own controls that watch it", "Review of its report, service reviews, reconciliations."))
                    (field(&Field { name: "asserts", label: "Its management gives an assertion of its own (inclusive only)", value: &self.asserts, kind: Kind::Check, ..Field::default() }))
                }
                List::UserEntities => {
                    (select("kind", "Kind", &self.kind, &pairs(&UserEntityKind::ALL.iter().map(|one| (one.word(), one.title())).collect::<Vec<_>>()), "Could the commitment be kept if customers ignored it? Then it is a responsibility. Most are."))
                    (area("text", "What customers do", &self.text, "", false))
                    (line("criteria", "Criteria or objectives", &self.criteria, "Apart by commas. A control needs at least one.", true))
                    @let options = {
                        let mut options = vec![(String::new(), "None".to_owned())];
                        options.extend(known.grounds.commitments.iter().map(|one| (one.record.key.0.to_string(), format!("{} {}", one.record.key, one.record.promise.title))));
                        options
                    };
                    (select("commitment", "Commitment that depends on it", &self.commitment, &options, "For a control."))
                    (area("why", "Why the commitment fails without it", &self.why, "For a control.", true))
                }
                List::Objectives => {
                    (line("id", "Id", &self.id, "As CO-03.", false))
                    (area("statement", "Objective", &self.statement, "Controls provide reasonable assurance that …", false))
                    (line("assertions", "Financial statement assertions", &self.assertions, "Apart by commas: existence, completeness, accuracy, cut-off, classification, rights.", true))
                    (several("Controls that achieve it", ""))
                }
            }
            (reason_field(&self.reason, faults))
        }
    }
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

/// Reads `CC6.4, CC6.5: access is limited`. What stands before a colon is criteria if it has no other blanks.
fn assumed(line: &str) -> Option<Assumed> {
    let line = line.trim();
    if line.is_empty() {
        return None;
    }
    let criteria = line.split_once(':').map(|(front, rest)| (words(front), rest.trim()));
    Some(match criteria {
        Some((criteria, rest)) if !rest.is_empty() && criteria.iter().all(|one| !one.contains(' ')) => {
            Assumed { text: rest.to_owned(), criteria }
        }
        _ => Assumed { text: line.to_owned(), criteria: BTreeSet::new() },
    })
}

/// Which list, and which place in it: none for a new entry.
fn at(list: &str, place: &str, scope: &Scope) -> Result<(List, Option<usize>), Refusal> {
    let list = List::ALL.into_iter().find(|one| one.word() == list).ok_or(Refusal::NotFound)?;
    let place = match place {
        "new" => None,
        text => {
            let number: usize = text.parse().map_err(|_| Refusal::NotFound)?;
            let index = number.checked_sub(1).filter(|index| *index < list.len(scope));
            Some(index.ok_or(Refusal::NotFound)?)
        }
    };
    Ok((list, place))
}

pub(super) async fn page(
    State(state): State<WebState>,
    Path((engagement, list, place)): Path<(String, String, String)>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let (key, catalog) = (key(&engagement)?, catalog(&state)?);
    let known = app.read(actor, async |view| known(view, key, catalog).await).await?;
    let scope = &known.version.record.scope;
    let (list, at) = at(&list, &place, scope)?;
    let typed = at.and_then(|at| Typed::of(list, scope, at)).unwrap_or_else(Typed::new);
    let page = draw(list, at, &typed, known.version.number, &Faults::default(), &known, &asked.token);
    asked.frame(&state, &page).await
}

fn draw(
    list: List,
    at: Option<usize>,
    typed: &Typed,
    number: i64,
    faults: &Faults,
    known: &Known,
    token: &str,
) -> Page {
    let record = &known.version.record;
    let place = at.map_or_else(|| "new".to_owned(), |at| (at + 1).to_string());
    let action = format!("{}/entries/{}/{place}", href(record.key), list.word());
    let body = html! {
        (faults.summary())
        (hidden("version", &number.to_string()))
        (typed.draw(list, faults, known))
        @if at.is_some() {
            (field(&Field { name: "remove", label: "Remove it from the scope", kind: Kind::Check, ..Field::default() }))
        }
        (send("Save", &href(record.key)))
    };
    let title = format!("{} {}", if at.is_some() { "Edit" } else { "Add" }, list.one());
    page_of(record, &title, html! { div.narrow { (form(&action, token, &body)) } })
}

pub(super) async fn write(
    State(state): State<WebState>,
    Path((engagement, list, place)): Path<(String, String, String)>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let (key, catalog) = (key(&engagement)?, catalog(&state)?);
    sent.only(&NAMES)?;
    let from: i64 = sent.text("version").parse().map_err(|_| Refusal::Malformed)?;
    let known = app.read(actor, async |view| known(view, key, catalog).await).await?;
    let mut scope = known.version.record.scope.clone();
    let (list, at) = at(&list, &place, &scope)?;
    let typed = Typed::of_sent(&sent);
    let changed = match (sent.text("remove").as_str(), at) {
        ("yes", Some(_)) if typed.reason.is_empty() => {
            let mut faults = Faults::default();
            faults.add("reason", "say why, so that others can follow it");
            Err(faults)
        }
        ("yes", Some(at)) => {
            list.remove(&mut scope, at);
            Ok(())
        }
        _ => typed.put(list, &mut scope, at),
    };
    let (status, faults) = match changed {
        Err(faults) => (StatusCode::UNPROCESSABLE_ENTITY, faults),
        Ok(()) => match outcome(save(&state, &asked, key, from, scope, &typed.reason).await?, &href(key)) {
            Ok(done) => return Ok(done),
            Err(wrong) => wrong?,
        },
    };
    let page = draw(list, at, &typed, known.version.number, &faults, &known, &asked.token);
    refused(&state, &asked, status, &page).await
}
