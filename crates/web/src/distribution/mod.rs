//! Who gets an issued report: recipients with their grants, the agreement they accept, and the page that they come to.

mod agreement;
mod enter;
mod one;
mod shared;

use axum::Router;
use axum::extract::{Path, State};
use maud::{Markup, html};
use tickmark_app::distribution::{self, Basis, Version};
use tickmark_core::distribution::{Class, GrantKey, Item, Standing};
use tickmark_core::engagement::EngagementKey;
use tickmark_core::identity::Verb;

use crate::control::Names;
use crate::design::form::capital;
use crate::design::frame::Page;
use crate::design::table::plain;
use crate::design::{block, moment};
use crate::engagement::{Tabbed, href, key, page_of, parts};
use crate::error::Refusal;
use crate::route::{At, get, post};
use crate::visit::Asked;
use crate::{Desk, WebState};

/// Returns the routes of people who do the work.
pub(crate) fn desk_routes() -> Vec<Desk> {
    let both = |path, example, handler| Desk { path, example, looks: true, changes: true, handler };
    let looks = |path, example, handler| Desk { path, example, looks: true, changes: false, handler };
    vec![
        looks("/engagements/{key}/grants", "/engagements/1/grants", get(list)),
        both(
            "/engagements/{key}/grants/new",
            "/engagements/1/grants/new",
            get(enter::page).post(enter::write),
        ),
        looks("/engagements/{key}/grants/{grant}", "/engagements/1/grants/1", get(one::page)),
        Desk {
            path: "/engagements/{key}/grants/{grant}/{act}",
            example: "/engagements/1/grants/1/check",
            looks: false,
            changes: true,
            handler: post(one::act),
        },
        both(
            "/agreements/{class}",
            "/agreements/specified_parties",
            get(agreement::page).post(agreement::write),
        ),
    ]
}

/// Returns the routes of recipients, who have no account.
pub(crate) fn routes() -> Router<WebState> {
    Router::new()
        .at("/shared/{secret}", get(shared::page).post(shared::act))
        .at("/shared/{secret}/{item}", get(shared::take))
}

fn home(key: EngagementKey) -> String {
    format!("{}/grants", href(key))
}

fn grant_href(key: EngagementKey, grant: GrantKey) -> String {
    format!("{}/{}", home(key), grant.0)
}

fn grant_key(text: &str) -> Result<GrantKey, Refusal> {
    text.parse().map(GrantKey).map_err(|_| Refusal::NotFound)
}

fn documents<'a>(items: impl IntoIterator<Item = &'a Item>) -> String {
    items.into_iter().map(|item| item.title()).collect::<Vec<_>>().join(", ")
}

/// Where a grant stands, in a word that says whether somebody has to do something.
fn standing(standing: Standing) -> Markup {
    html! {
        @match standing {
            Standing::Open => strong { (standing.title()) },
            Standing::Expired | Standing::Refused | Standing::Revoked => span.muted { (standing.title()) },
            _ => (standing.title()),
        }
    }
}

async fn list(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let key = key(&at)?;
    let (basis, all, names) = app
        .read(actor, async |view| {
            let basis = distribution::basis(view, key).await?;
            Ok((basis, distribution::list(view, key).await?, Names::for_looking(view).await?))
        })
        .await?;
    let now = asked.visit.now;
    let rows = all.iter().map(|version| row(version, &basis, &names, now)).collect();
    let may_enter = basis.missing().is_none() && asked.may(distribution::atom(Verb::Create));
    let body = html! {
        (parts(&basis.engagement, &asked, Tabbed::Readers))
        (class(&basis, &asked))
        @if let (Some(missing), true) = (basis.missing(), basis.class.is_restricted()) {
            p.muted { (capital(missing)) "." }
        } @else if all.is_empty() && basis.class.is_restricted() {
            div.empty {
                h3 { "Nobody outside has the report from here" }
                p { "Enter who is to get it, and what they are to you. They accept the agreement by a link, somebody else than you approves, and each copy they take carries their name." }
                @if may_enter { p { a.button.primary href={ (home(key)) "/new" } { "Enter a recipient" } } }
            }
        }
        @if !all.is_empty() {
            (block("grants", "Recipients", &html! { (all.len()) }, &plain("Recipients", &["Who", "Documents", "Until", "Where it stands", "Entered by"], rows)))
        }
    };
    let mut page = page_of(&basis.engagement, "Readers of the report", body);
    page.lead =
        html! { "Who outside the company may read the issued report, on what ground, and until when." };
    page.actions = html! {
        @if may_enter && !all.is_empty() { a.button.primary href={ (home(key)) "/new" } { "Enter a recipient" } }
    };
    asked.frame(&state, &page).await
}

/// How far the report goes, and what is agreed to.
fn class(basis: &Basis, asked: &Asked) -> Markup {
    let readers = match basis.class {
        Class::UserEntities => {
            "Entities that used the service in the time of the report, and their auditors. Nobody else: no prospective customers."
        }
        Class::SpecifiedParties => {
            "Customers of the time of the report, prospective ones and partners who know enough, those who serve them, and regulators."
        }
        Class::General => "Anybody: the report may be published, and nobody is entered here.",
    };
    let may_write = asked.may(distribution::atom(Verb::Update));
    html! {
        dl.facts {
            dt { (basis.class.title()) } dd { (readers) }
            @if basis.class.is_restricted() {
                dt { "Agreement" } dd {
                    @match &basis.agreement {
                        Some(agreement) => { a href={ "/agreements/" (basis.class.word()) } { (agreement.title) } ", version " (agreement.version) span.sub { (moment::written(agreement.at)) } }
                        None if may_write => { a href={ "/agreements/" (basis.class.word()) } { "Write the agreement that recipients accept" } }
                        None => { span.muted { "Nobody has written it" } }
                    }
                }
            }
        }
    }
}

fn row(version: &Version, basis: &Basis, names: &Names, now: tickmark_core::Timestamp) -> Vec<Markup> {
    let record = &version.record;
    let (recipient, key) = (&record.asked.recipient, record.engagement);
    vec![
        html! {
            a.primary href=(grant_href(key, record.key)) { (recipient.name) }
            span.sub { (recipient.company) " · " (recipient.relation.title()) }
        },
        html! { (documents(&record.asked.documents)) },
        html! { span.nowrap { (moment::on(record.asked.until)) } },
        standing(record.standing(basis.version(), now)),
        html! { (names.of(record.entered.by)) span.sub { (moment::written(record.entered.at)) } },
    ]
}

/// A page of one grant, or about entering one, with the way back.
fn page_within(basis: &Basis, title: &str, body: Markup) -> Page {
    let mut page = page_of(&basis.engagement, title, body);
    page.crumbs.push(("Readers".into(), home(basis.engagement.key)));
    page
}
