//! Entering a recipient. The link to them is shown once where no mail goes out.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use tickmark_app::Error;
use tickmark_app::distribution::{self, Basis, Link};
use tickmark_core::conclusion::scope::Day;
use tickmark_core::control::TEXT_MAX;
use tickmark_core::distribution::{
    Asked as Wanted, GRANT_DAYS, GRANT_DAYS_MAX, GrantKey, Item, Origin, Recipient, Relation,
};
use tickmark_core::engagement::EngagementKey;
use tickmark_core::time::DAY_US;

use super::{grant_href, home, page_within};
use crate::WebState;
use crate::design::digest::copy;
use crate::design::form::{Faults, Field, Kind, field, form, hidden, send};
use crate::design::frame::Page;
use crate::engagement::key;
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::visit::Asked;

const FIELDS: [&str; 11] = [
    "origin",
    "name",
    "company",
    "email",
    "relation",
    "serves",
    "used_from",
    "used_to",
    "basis",
    "purpose",
    "until",
];

/// The field that a word of a refusal stands for.
const ABOUT: [(&str, &str); 13] = [
    ("to nobody else", "relation"),
    ("whom they serve", "serves"),
    ("name of the recipient", "name"),
    ("company of the recipient", "company"),
    ("address of the recipient", "email"),
    ("since when the service", "used_from"),
    ("use of the service ends", "used_to"),
    ("service was not used", "used_from"),
    ("shows the relationship", "basis"),
    ("purpose", "purpose"),
    ("no document", "documents"),
    ("one document", "documents"),
    ("access ends", "until"),
];

async fn load(state: &WebState, asked: &Asked, key: EngagementKey) -> Result<Basis, Refusal> {
    let (app, actor) = asked.member(state)?;
    Ok(app.read(actor, async |view| distribution::basis(view, key).await).await?)
}

fn draw(basis: &Basis, asked: &Asked, once: &str, typed: &[(&str, String)], faults: &Faults) -> Page {
    let key = basis.engagement.key;
    let value = |name: &str| typed.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value);
    let pair = |word: &str, title: &str| (word.to_owned(), title.to_owned());
    let relations: Vec<(String, String)> = Relation::ALL
        .iter()
        .filter(|relation| basis.class.admits(**relation))
        .map(|relation| pair(relation.word(), relation.title()))
        .collect();
    let origins: Vec<(String, String)> =
        Origin::ALL.iter().map(|origin| pair(origin.word(), origin.title())).collect();
    let items: Vec<(String, String)> =
        basis.items.iter().map(|item| (item.to_string(), item.title())).collect();
    let longest = format!("The last day on which they read. At most {GRANT_DAYS_MAX} days ahead.");
    let body = html! {
        (faults.summary())
        (hidden("once", once))
        (field(&Field { name: "origin", label: "How it comes about", value: value("origin"), kind: Kind::Select(&origins), fault: faults.of("origin"), ..Field::default() }))
        div.fields {
            (field(&Field { name: "name", label: "Name", value: value("name"), max: 200, fault: faults.of("name"), ..Field::default() }))
            (field(&Field { name: "company", label: "Company", value: value("company"), max: 200, fault: faults.of("company"), ..Field::default() }))
        }
        (field(&Field { name: "email", label: "E-mail address", value: value("email"), kind: Kind::Input("email"), fault: faults.of("email"), hint: "Their own, at their company: link and codes go to it.", ..Field::default() }))
        (field(&Field { name: "relation", label: "What they are to us", value: value("relation"), kind: Kind::Select(&relations), fault: faults.of("relation"), ..Field::default() }))
        (field(&Field { name: "serves", label: "Whom they serve", value: value("serves"), max: 200, optional: true, fault: faults.of("serves"), hint: "Of auditors and other practitioners: their client.", ..Field::default() }))
        div.fields {
            (field(&Field { name: "used_from", label: "Service used since", value: value("used_from"), kind: Kind::Input("date"), optional: true, fault: faults.of("used_from"), hint: "Of customers, and of those whom auditors audit.", ..Field::default() }))
            (field(&Field { name: "used_to", label: "Until", value: value("used_to"), kind: Kind::Input("date"), optional: true, fault: faults.of("used_to"), hint: "Empty while it is used.", ..Field::default() }))
        }
        (field(&Field { name: "basis", label: "What shows it", value: value("basis"), kind: Kind::Area(3), max: TEXT_MAX, fault: faults.of("basis"), hint: "The contract, order or letter. Of a prospective customer also why they know enough to read the report rightly.", ..Field::default() }))
        (field(&Field { name: "purpose", label: "What they need it for", value: value("purpose"), kind: Kind::Area(2), max: TEXT_MAX, fault: faults.of("purpose"), ..Field::default() }))
        (field(&Field { name: "documents", label: "Documents", value: value("documents"), kind: Kind::Several(&items), fault: faults.of("documents"), ..Field::default() }))
        (field(&Field { name: "until", label: "Until", value: value("until"), kind: Kind::Input("date"), fault: faults.of("until"), hint: &longest, ..Field::default() }))
        (send("Enter the recipient", &home(key)))
    };
    let inside = form(&format!("{}/new", home(key)), &asked.token, &body);
    page_within(basis, "Enter a recipient", html! { div.narrow { (inside) } })
}

pub(super) async fn page(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (app, _) = asked.member(&state)?;
    let basis = load(&state, &asked, key(&at)?).await?;
    if basis.missing().is_some() {
        return Err(Refusal::NotFound);
    }
    let once = app.new_id(asked.visit.now).to_string();
    let until = Day::of(asked.visit.now.plus_micros(GRANT_DAYS * DAY_US));
    let typed = vec![("until", until.to_string()), ("documents", Item::Report.to_string())];
    asked.frame(&state, &draw(&basis, &asked, &once, &typed, &Faults::default())).await
}

/// Reads what was typed, with what is wrong with it.
fn wanted(sent: &Sent, faults: &mut Faults) -> Option<Wanted> {
    let mut day = |name: &'static str, is_needed: bool| {
        let text = sent.text(name);
        if text.is_empty() && !is_needed {
            return None;
        }
        let day: Result<Day, _> = text.parse();
        if day.is_err() {
            faults.add(name, "choose a day");
        }
        day.ok()
    };
    let (used_from, used_to, until) = (day("used_from", false), day("used_to", false), day("until", true));
    for (name, says) in [
        ("name", "say who it is"),
        ("company", "say of which company"),
        ("email", "give their address"),
        ("basis", "say what shows it"),
        ("purpose", "say what for"),
    ] {
        if sent.text(name).is_empty() {
            faults.add(name, says);
        }
    }
    let relation = Relation::from_word(&sent.text("relation"));
    if relation.is_none() {
        faults.add("relation", "choose one");
    }
    let origin = Origin::from_word(&sent.text("origin"));
    if origin.is_none() {
        faults.add("origin", "choose one");
    }
    let documents: Option<_> = sent.all("documents").iter().map(|word| word.parse::<Item>().ok()).collect();
    let documents: std::collections::BTreeSet<Item> = documents.unwrap_or_default();
    if documents.is_empty() {
        faults.add("documents", "choose at least one");
    }
    if relation.is_some_and(Relation::rests_on_use) && used_from.is_none() {
        faults.add("used_from", "say since when the service is used");
    }
    if relation.is_some_and(Relation::serves_another) && sent.text("serves").is_empty() {
        faults.add("serves", "say whom they serve");
    }
    let recipient = Recipient {
        name: sent.text("name"),
        company: sent.text("company"),
        email: sent.text("email"),
        relation: relation?,
        serves: sent.text("serves"),
        used_from,
        used_to,
        basis: sent.text("basis"),
    };
    Some(Wanted { origin: origin?, recipient, purpose: sent.text("purpose"), documents, until: until? })
}

pub(super) async fn write(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let key = key(&at)?;
    let mut names = FIELDS.to_vec();
    names.extend(["once", "documents"]);
    sent.only(&names)?;
    let once = sent.text("once");
    let mut typed: Vec<(&str, String)> = FIELDS.iter().map(|name| (*name, sent.text(name))).collect();
    typed.push(("documents", sent.all("documents").join(" ")));
    let mut faults = Faults::default();
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if let (Some(wanted), true) = (wanted(&sent, &mut faults), faults.is_empty()) {
        let done = app.transact(actor, async |cx| distribution::enter(cx, &once, key, wanted).await).await;
        match done {
            Ok((version, link)) => {
                return handed(&state, &asked, (key, version.record.key), link.as_ref()).await;
            }
            Err(Error::Invalid(says)) => faults = Faults::about(says, &ABOUT),
            Err(Error::Conflict(says)) => (status, faults) = (StatusCode::CONFLICT, Faults::whole(says)),
            Err(error) => return Err(error.into()),
        }
    }
    let basis = load(&state, &asked, key).await?;
    let page = draw(&basis, &asked, &once, &typed, &faults);
    asked.frame_refused(&state, status, &page).await.map(IntoResponse::into_response)
}

/// Shows a link that somebody has to hand over, this once; else leads to the page of the grant.
pub(super) async fn handed(
    state: &WebState,
    asked: &Asked,
    (key, grant): (EngagementKey, GrantKey),
    link: Option<&Link>,
) -> Result<Response, Refusal> {
    let to = grant_href(key, grant);
    let Some(path) = link.and_then(Link::path) else { return Ok(go(&to)) };
    let basis = load(state, asked, key).await?;
    let address = format!("{}{path}", state.address());
    let body = html! {
        div.card role="status" {
            p { "No mail goes out from here. Send this link to the recipient yourself; " strong { "it is shown only now" } "." }
            p { code.key { (address) } " " (copy(&address)) }
            p.muted { "The link alone opens nothing. When they open it and ask for a code, you see their request on the page of the grant, and tell them the code by a way that reaches only them, such as a call." }
        }
        p.row { a.button.primary href=(to) { "Go on" } }
    };
    let page = page_within(&basis, "Link for the recipient", body);
    Ok(asked.frame(state, &page).await?.into_response())
}
