//! What an auditor sees first of an engagement: what it is about, and how far its requests are.

use maud::{Markup, html};
use tickmark_app::engagement::fieldwork::{document as handed, is_open, next, request};
use tickmark_core::catalog::Framework;
use tickmark_core::engagement::fieldwork::RequestState;
use tickmark_core::engagement::{Engagement, EngagementKey};

use super::{Tabbed, document, head, href, page as framed};
use crate::WebState;
use crate::design::form::capital;
use crate::design::table::plain;
use crate::design::{block, figure};
use crate::error::Refusal;
use crate::visit::Asked;

pub(crate) async fn page(state: &WebState, asked: &Asked, key: EngagementKey) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(state)?;
    let framework = crate::engagement::framework(state)?;
    let catalog = crate::engagement::catalog(state)?;
    let (record, requests, (offered, is_open), next) = app
        .read(actor, async |view| {
            let record = head(view, key).await?.0;
            let requests = request::list(view, key).await?;
            let offered = handed::offered(view, key).await?;
            let is_open = is_open(view, key).await?;
            Ok((record, requests, (offered, is_open), next(view, key, &[], catalog).await?))
        })
        .await?;
    let count = |one: RequestState| {
        let path = format!("{}/requests?state={}", href(key), one.word());
        vec![html! { (super::state_badge(one)) }, figure(request::count(&requests, one), &path)]
    };
    let counts = RequestState::ALL.iter().map(|one| count(*one)).collect();
    let body = html! {
        (crate::engagement::next::line(key, next, asked))
        div.columns.flush {
            div {
                (block("requests", "Requests", &html! { a href={ (href(key)) "/requests" } { "All " (requests.len()) } }, &html! {
                    @if requests.is_empty() {
                        div.empty { h3 { "Nothing is asked for yet" } p { "Begin with the usual list, scoped to the criteria of this examination, or with your firm's own." } p { a.button.primary href={ (href(key)) "/requests/import" } { "Begin a request list" } } }
                    } @else { (plain("Requests by state", &["State", "Requests"], counts)) }
                }))
                (block("documents", "Management's documents", &html! {}, &document::list(&record, (&offered, is_open), state.documents().is_some())))
            }
            div { (block("scope", "Scope", &html! { (record.standing().title()) }, &scope(&record, framework))) }
        }
    };
    let scope = record.holds();
    let mut page =
        framed(&record, asked, Tabbed::Overview, &format!("{} of {}", scope.report(), scope.system), &body);
    page.crumbs.pop();
    page.lead = html! { (capital(&scope.time.words())) "." };
    asked.frame(state, &page).await
}

fn scope(record: &Engagement, framework: &Framework) -> Markup {
    let scope = record.holds();
    let categories: Vec<&str> = framework
        .categories
        .iter()
        .filter(|one| scope.categories.contains_key(&one.id))
        .map(|one| one.title.as_str())
        .collect();
    html! {
        dl.facts {
            dt { "Services" } dd { (scope.services.join("; ")) }
            dt { "Boundary" } dd { @if scope.boundary.is_empty() { span.muted { "not written" } } @else { (scope.boundary) } }
            @if !scope.all_outside().is_empty() { dt { "Outside" } dd { @for one in scope.all_outside() { span.sub { (one) } } } }
            @if !scope.categories.is_empty() { dt { "Categories" } dd { (categories.join(", ")) } }
            @if !scope.exclusions.is_empty() { dt { "Criteria taken out" } dd { @for (id, reason) in &scope.exclusions { span.sub { (id) ": " (reason) } } } }
            @if !scope.subservices.is_empty() { dt { "Subservice organizations" } dd { @for one in &scope.subservices { (one.name) span.sub { (one.method.title()) } } } }
            @if !scope.user_entities.is_empty() { dt { "User entities" } dd { @for one in &scope.user_entities { (one.text) span.sub { (one.kind.title()) } } } }
            dt { "Firm" } dd { @if scope.firm.is_empty() { span.muted { "not named" } } @else { (scope.firm) } }
        }
    }
}
