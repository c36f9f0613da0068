//! Lists of a scope, one entry at a time: subservice organizations and vendors that are none, what vendors expect of us, what
//! customers do, control objectives.

mod fields;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_core::engagement::Scope;

use self::fields::Typed;
use super::{Known, catalog, href, key, known, outcome, page_of, refused, save};
use crate::WebState;
use crate::design::form::{Faults, Field, Kind, field, form, hidden, send};
use crate::design::frame::Page;
use crate::error::Refusal;
use crate::form::Sent;
use crate::visit::Asked;

const NAMES: [&str; 31] = [
    "version",
    "reason",
    "remove",
    "name",
    "service",
    "method",
    "why",
    "assumed",
    "control",
    "approver",
    "decided",
    "category",
    "parts",
    "assertion",
    "assertion-reference",
    "representations",
    "representations-reference",
    "vendor",
    "applies",
    "not-applicable",
    "evidence",
    "kind",
    "text",
    "criteria",
    "commitment",
    "id",
    "statement",
    "assertions",
    "transactions",
    "general",
    "once",
];

/// Which list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    Subservices,
    Vendors,
    VendorControls,
    UserEntities,
    Objectives,
}

impl List {
    /// The field that a word of a refusal stands for.
    fn about(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Subservices => &[
                ("name of a subservice", "name"),
                ("service of a subservice", "service"),
                ("reason why own controls", "why"),
                ("who decided", "approver"),
                ("control assumed", "assumed"),
                ("parts of the system", "parts"),
                ("the reason has", "reason"),
            ],
            Self::Vendors => &[
                ("name of a vendor", "name"),
                ("service of a vendor", "service"),
                ("reason why a vendor", "why"),
                ("who decided", "approver"),
                ("the reason has", "reason"),
            ],
            Self::VendorControls => &[
                ("name of a vendor", "vendor"),
                ("does not apply", "not-applicable"),
                ("evidence for", "evidence"),
                ("that a vendor expects", "text"),
                ("the reason has", "reason"),
            ],
            Self::UserEntities => &[
                ("reason why customers", "why"),
                ("responsibility of customers", "text"),
                ("the reason has", "reason"),
            ],
            Self::Objectives => &[
                ("id of an objective", "id"),
                ("class of transactions", "transactions"),
                ("objective", "statement"),
                ("the reason has", "reason"),
            ],
        }
    }

    pub(super) const ALL: [Self; 5] =
        [Self::Subservices, Self::Vendors, Self::VendorControls, Self::UserEntities, Self::Objectives];

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Subservices => "subservices",
            Self::Vendors => "vendors",
            Self::VendorControls => "vendor-controls",
            Self::UserEntities => "user-entities",
            Self::Objectives => "objectives",
        }
    }

    fn one(self) -> &'static str {
        match self {
            Self::Subservices => "subservice organization",
            Self::Vendors => "other vendor",
            Self::VendorControls => "control that a vendor expects of us",
            Self::UserEntities => "control or responsibility of customers",
            Self::Objectives => "control objective",
        }
    }

    fn len(self, scope: &Scope) -> usize {
        match self {
            Self::Subservices => scope.subservices.len(),
            Self::Vendors => scope.vendors.len(),
            Self::VendorControls => scope.vendor_controls.len(),
            Self::UserEntities => scope.user_entities.len(),
            Self::Objectives => scope.objectives.len(),
        }
    }

    fn remove(self, scope: &mut Scope, at: usize) {
        match self {
            Self::Subservices => drop(scope.subservices.remove(at)),
            Self::Vendors => drop(scope.vendors.remove(at)),
            Self::VendorControls => drop(scope.vendor_controls.remove(at)),
            Self::UserEntities => drop(scope.user_entities.remove(at)),
            Self::Objectives => drop(scope.objectives.remove(at)),
        }
    }
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
    let typed = at.and_then(|at| Typed::of(list, scope, at)).unwrap_or_else(|| Typed::new(scope));
    let page = draw((list, at), &typed, &Faults::default(), &known, &asked.token);
    asked.frame(&state, &page).await
}

fn draw(
    (list, at): (List, Option<usize>),
    typed: &Typed,
    faults: &Faults,
    known: &Known,
    token: &str,
) -> Page {
    let (record, number) = (&known.version.record, known.version.number);
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
        Ok(()) => match outcome(
            save(&state, &asked, key, from, scope, &typed.reason).await?,
            &href(key),
            list.about(),
        ) {
            Ok(done) => return Ok(done),
            Err(wrong) => wrong?,
        },
    };
    let page = draw((list, at), &typed, &faults, &known, &asked.token);
    refused(&state, &asked, status, &page).await
}
