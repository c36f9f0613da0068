//! What an auditor sees first of an engagement: what it is about, and how far its requests are.

use maud::{Markup, html};
use tickmark_app::engagement::Signers;
use tickmark_app::engagement::fieldwork::{document as handed, is_open, next, request, workpaper};
use tickmark_core::catalog::Framework;
use tickmark_core::control::{Control, ControlId};
use tickmark_core::engagement::fieldwork::RequestState;
use tickmark_core::engagement::{ElementKind, Engagement, EngagementKey};

use super::{Tabbed, document, head, href, page as framed};
use crate::WebState;
use crate::control::Names;
use crate::design::form::capital;
use crate::design::table::plain;
use crate::design::{block, figure, moment};
use crate::error::Refusal;
use crate::visit::Asked;

pub(crate) async fn page(state: &WebState, asked: &Asked, key: EngagementKey) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(state)?;
    let framework = crate::engagement::framework(state)?;
    let catalog = crate::engagement::catalog(state)?;
    let (record, requests, (offered, is_open, names), next, controls) = app
        .read(actor, async |view| {
            let record = head(view, key).await?.0;
            let requests = request::list(view, key).await?;
            let offered = handed::offered(view, key).await?;
            let is_open = is_open(view, key).await?;
            let controls = if record.holds().kind.has_criteria() {
                Vec::new()
            } else {
                workpaper::controls(view, key, catalog).await?
            };
            let documents = (offered, is_open, Names::for_looking(view).await?);
            Ok((record, requests, documents, next(view, key, &[], catalog).await?, controls))
        })
        .await?;
    let count = |one: RequestState| {
        let path = format!("{}/requests?state={}", href(key), one.word());
        vec![html! { (super::state_badge(one)) }, figure(request::count(&requests, one), &path)]
    };
    let counts = RequestState::ALL.iter().map(|one| count(*one)).collect();
    let body = html! {
        (crate::engagement::next::line(&record, next, &Signers::default(), asked))
        div.columns.flush {
            div {
                (block("requests", "Requests", &html! { a href={ (href(key)) "/requests" } { "All " (requests.len()) } }, &html! {
                    @if requests.is_empty() {
                        div.empty { h3 { "Nothing is asked for yet" } p { "Begin with the usual list, as far as it concerns the " (super::measures(record.holds())[1].to_lowercase()) " of this examination, or with your firm's own." } p { a.button.primary href={ (href(key)) "/requests/import" } { "Begin a request list" } } }
                    } @else { (plain("Requests by state", &["State", "Requests"], counts)) }
                }))
                (measured_against(&record, &controls))
                (others(&record))
                (block("documents", "Management's documents", &html! {}, &document::list(&record, (&offered, is_open), &names, state.documents().is_some())))
            }
            div { (block("scope", "Scope", &html! { (record.standing().title()) }, &scope(&record, framework))) }
        }
    };
    let scope = record.holds();
    let mut page =
        framed(&record, asked, Tabbed::Overview, &format!("{} of {}", scope.report(), scope.system), &body);
    page.crumbs.pop();
    page.lead = html! { (capital(&moment::throughout(scope.time))) "." };
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
            @for &kind in ElementKind::ALL {
                @if scope.elements_of(kind, true).next().is_some() {
                    dt { (kind.title()) } dd { @for one in scope.elements_of(kind, true) { (one.name) br; } }
                }
            }
            dt { "Firm" } dd { @if scope.firm.is_empty() { span.muted { "not named" } } @else { (scope.firm) } }
        }
    }
}

/// The control objectives of a SOC 1 with what management says it does for each. Criteria of the others are known to every
/// auditor.
fn measured_against(record: &Engagement, controls: &[Control]) -> Markup {
    let scope = record.holds();
    if scope.kind.has_criteria() {
        return html! {};
    }
    let of = |id: &ControlId| controls.iter().find(|control| control.id == *id);
    let rows = scope.objectives.iter().map(|one| {
        vec![
            html! { strong { (one.id) } span.sub { (one.statement) } (crate::engagement::one::of_reporting(one)) },
            html! { @if one.is_general_control { "IT general control" } @else { "Business process" } },
            html! { @for id in &one.controls { div { (id) @if let Some(control) = of(id) { span.sub { (control.text.current().statement) } } } } },
        ]
    });
    let table = plain("Control objectives", &["Objective", "Kind", "Controls"], rows.collect());
    block("objectives", "Control objectives", &html! { (scope.objectives.len()) }, &table)
}

/// What others do for it: subservice organizations with what is assumed there, and customers.
fn others(record: &Engagement) -> Markup {
    let scope = record.holds();
    let measures = super::measures(scope)[1];
    let organizations = scope.subservices.iter().map(|one| {
        vec![
            html! { strong { (one.name) } span.sub { (one.service) } },
            html! { (one.method.title()) },
            html! { @for assumed in &one.assumed { span.sub { (assumed.text) @if !assumed.criteria.is_empty() { " (" (assumed.criteria.iter().map(String::as_str).collect::<Vec<_>>().join(", ")) ")" } } } },
        ]
    });
    let customers = scope.user_entities.iter().map(|one| {
        vec![
            html! { (one.text) },
            html! { (one.kind.title()) },
            html! { span.refs { @for id in &one.criteria { span { (id) } } } },
        ]
    });
    html! {
        @if !scope.subservices.is_empty() {
            (block("subservices", "Subservice organizations", &html! { (scope.subservices.len()) }, &plain("Subservice organizations", &["Organization", "Method", "Controls there"], organizations.collect())))
        }
        @if !scope.user_entities.is_empty() {
            (block("user-entities", "What customers do", &html! { (scope.user_entities.len()) }, &plain("What customers do", &["Control or responsibility", "Kind", measures], customers.collect())))
        }
    }
}
