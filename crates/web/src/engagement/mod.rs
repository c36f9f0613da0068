//! Engagements: examinations from scope to management's part of the report.

mod administration;
mod completion;
mod diagram;
mod entry;
mod fact;
mod fieldwork;
mod flow;
mod letter;
mod next;
mod one;
mod paper;
mod plan;
mod process;
mod propose;
mod received;
pub(crate) mod take_out;

use std::collections::BTreeSet;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use tickmark_app::engagement::{self, Changed, Grounds, Version};
use tickmark_app::{Error, View};
use tickmark_core::catalog::{Catalog, Framework};
use tickmark_core::conclusion::scope::Day;
use tickmark_core::engagement::{Engagement, EngagementKey, Paper, Problem, Progress, Scope, Step};
use tickmark_core::identity::{Atom, Resource, Verb};

pub(crate) use fieldwork::{Tabbed, cells, listed_of, parts, state_mark as request_mark};

use crate::control::Names;
use crate::design::form::{Faults, Field, Kind, field};
use crate::design::frame::{Page, Place};
use crate::design::moment;
use crate::design::table::{Cell, Column, Filter, Phone, Row, Table};
use crate::error::Refusal;
use crate::identity::go;
use crate::list::Listed;
use crate::route::{get, post};
use crate::visit::Asked;
use crate::{Desk, WebState};

pub(crate) fn desk_routes() -> Vec<Desk> {
    let looks = |path, example, handler| Desk { path, example, looks: true, changes: false, handler };
    let both = |path, example, handler| Desk { path, example, looks: true, changes: true, handler };
    let mut routes = vec![
        looks("/engagements", "/engagements", get(list)),
        both("/engagements/new", "/engagements/new", get(plan::new_page).post(plan::write)),
        both("/engagements/guide", "/engagements/guide", get(plan::guide::page).post(plan::guide::answer)),
        looks("/engagements/{key}", "/engagements/1", get(one::page)),
        looks("/engagements/{key}/package", "/engagements/1/package", get(take_out::package)),
        looks("/engagements/{key}/oscal", "/engagements/1/oscal", get(take_out::oscal)),
        looks("/engagements/{key}/sheets/{sheet}", "/engagements/1/sheets/matrix", get(take_out::sheet)),
        looks(
            "/engagements/{key}/documents/{name}/{format}",
            "/engagements/1/documents/description/docx",
            get(take_out::single),
        ),
        both(
            "/engagements/{key}/copies",
            "/engagements/1/copies",
            get(take_out::copies_page).post(take_out::make_copy),
        ),
        both(
            "/engagements/{key}/modification",
            "/engagements/1/modification",
            get(paper::modification_page).post(paper::modify),
        ),
        looks("/engagements/{key}/completion", "/engagements/1/completion", get(completion::page)),
        both(
            "/engagements/{key}/report-date",
            "/engagements/1/report-date",
            get(completion::date_page).post(completion::date),
        ),
        both(
            "/engagements/{key}/events/{number}",
            "/engagements/1/events/new",
            get(completion::event_page).post(completion::event),
        ),
        both(
            "/engagements/{key}/facts/{number}",
            "/engagements/1/facts/new",
            get(fact::page).post(fact::write),
        ),
        both(
            "/engagements/{key}/confirm-events",
            "/engagements/1/confirm-events",
            get(completion::confirm_page).post(completion::confirm),
        ),
        both(
            "/engagements/{key}/received",
            "/engagements/1/received",
            get(received::page).post(received::write),
        ),
        both(
            "/engagements/{key}/received/file",
            "/engagements/1/received/file",
            get(received::file_page).post(received::take_file).layer(DefaultBodyLimit::disable()),
        ),
        both(
            "/engagements/{key}/roll-forward",
            "/engagements/1/roll-forward",
            get(completion::roll_page).post(completion::roll),
        ),
        both(
            "/engagements/{key}/representation",
            "/engagements/1/representation",
            get(letter::representation_page).post(letter::represent),
        ),
        both(
            "/engagements/{key}/bridges/{number}",
            "/engagements/1/bridges/new",
            get(letter::bridge_page).post(letter::bridge),
        ),
        both(
            "/engagements/{key}/letters/{name}/review",
            "/engagements/1/letters/representation/review",
            get(letter::review_page).post(letter::review),
        ),
        both(
            "/engagements/{key}/letters/{name}/approve",
            "/engagements/1/letters/representation/approve",
            get(letter::adopt_page).post(letter::adopt),
        ),
        both("/engagements/{key}/edit", "/engagements/1/edit", get(plan::edit_page).post(plan::change)),
        both(
            "/engagements/{key}/approve",
            "/engagements/1/approve",
            get(one::approve_page).post(one::approve),
        ),
        both(
            "/engagements/{key}/administration",
            "/engagements/1/administration",
            get(administration::page).post(administration::write),
        ),
        both("/engagements/{key}/close", "/engagements/1/close", get(one::close_page).post(one::close)),
        both(
            "/engagements/{key}/description",
            "/engagements/1/description",
            get(paper::description_page).post(paper::describe),
        ),
        both(
            "/engagements/{key}/proposals",
            "/engagements/1/proposals",
            get(propose::page).post(propose::begin),
        ),
        Desk {
            path: "/engagements/{key}/incidents",
            example: "/engagements/1/incidents",
            looks: false,
            changes: true,
            handler: post(paper::decide_incident),
        },
        both(
            "/engagements/{key}/processes/{at}",
            "/engagements/1/processes/new",
            get(process::page).post(process::write),
        ),
        both(
            "/engagements/{key}/diagrams/{at}",
            "/engagements/1/diagrams/new",
            // Files are measured while they are read, against limits of their own.
            get(diagram::page).post(diagram::write).layer(DefaultBodyLimit::disable()),
        ),
        looks(
            "/engagements/{key}/diagrams/{at}/picture",
            "/engagements/1/diagrams/0/picture",
            get(diagram::picture),
        ),
        both(
            "/engagements/{key}/assertion",
            "/engagements/1/assertion",
            get(paper::assertion_page).post(paper::assert),
        ),
        both(
            "/engagements/{key}/sign/{paper}/review",
            "/engagements/1/sign/description/review",
            get(paper::review_page).post(paper::review),
        ),
        both(
            "/engagements/{key}/sign/{paper}/approve",
            "/engagements/1/sign/description/approve",
            get(paper::adopt_page).post(paper::adopt),
        ),
        both(
            "/engagements/{key}/entries/{list}/{at}",
            "/engagements/1/entries/subservices/new",
            get(entry::page).post(entry::write),
        ),
    ];
    routes.extend(fieldwork::desk_routes());
    routes
}

fn atom(verb: Verb) -> Atom {
    Atom::new(Resource::Description, verb)
}

pub(crate) fn href(key: EngagementKey) -> String {
    format!("/engagements/{}", key.0)
}

pub(crate) fn key(text: &str) -> Result<EngagementKey, Refusal> {
    text.parse().map(EngagementKey).map_err(|_| Refusal::NotFound)
}

fn catalog(state: &WebState) -> Result<&Catalog, Refusal> {
    state.source().catalog().ok_or(Refusal::NotFound)
}

fn framework(state: &WebState) -> Result<&Framework, Refusal> {
    catalog(state)?.frameworks.first().ok_or(Refusal::NotFound)
}

/// An engagement with what its pages show beside it.
struct Known {
    version: Version,
    grounds: Grounds,
    problems: Vec<Problem>,
    names: Names,
}

async fn known(view: &mut View<'_>, key: EngagementKey, catalog: &Catalog) -> Result<Known, Error> {
    let version = engagement::find(view, key).await?;
    let grounds = Grounds::read(view).await?;
    let problems = grounds.problems(key, &version.record.scope, catalog)?;
    Ok(Known { version, grounds, problems, names: Names::for_looking(view).await? })
}

/// A page of one engagement, with the way back.
pub(crate) fn page_of(record: &Engagement, title: &str, body: Markup) -> Page {
    let mut page = Page::new(Place::Engagements, title, body);
    page.id = record.key.to_string();
    page.crumbs =
        vec![("Engagements".into(), "/engagements".into()), (record.key.to_string(), href(record.key))];
    page
}

/// How far a document has come, in words; none stands for one that nobody wrote.
fn progress(of: Option<Progress>) -> &'static str {
    match of {
        None => "Not written",
        Some(Progress { is_void: true, .. }) => "Changed since it was signed",
        Some(progress) => match progress.next_step() {
            Some(Step::Review) => "Written, not reviewed",
            Some(Step::Approve) => "Reviewed, not approved",
            None => "Approved",
        },
    }
}

/// What a change came to: where to go, or what is wrong and with which status; `about` says which field a word of a refusal
/// stands for. Stale changes do nothing.
fn outcome(
    changed: Result<Changed, Error>,
    to: &str,
    about: &[(&str, &'static str)],
) -> Result<Response, Result<(StatusCode, Faults), Refusal>> {
    match changed {
        Ok(Changed::Done(_)) => Ok(go(to)),
        Ok(Changed::Stale(_)) => Err(Ok((
            StatusCode::CONFLICT,
            Faults::whole(
                "somebody changed the engagement while you typed. Nothing was saved; what you typed is still in the \
                 fields. Look at the engagement in another window, then send it again",
            ),
        ))),
        Err(Error::Invalid(says) | Error::Conflict(says)) => {
            Err(Ok((StatusCode::UNPROCESSABLE_ENTITY, Faults::about(says, about))))
        }
        Err(error) => Err(Err(error.into())),
    }
}

/// The field in which a change of scope is explained.
fn reason_field(value: &str, faults: &Faults) -> Markup {
    field(&Field {
        name: "reason",
        label: "Why",
        value,
        kind: Kind::Area(2),
        max: tickmark_core::control::TEXT_MAX,
        fault: faults.of("reason"),
        hint: "It stays with this version of the scope.",
        ..Field::default()
    })
}

/// Writes a scope anew from version `from`.
async fn save(
    state: &WebState,
    asked: &Asked,
    key: EngagementKey,
    from: i64,
    scope: Scope,
    reason: &str,
) -> Result<Result<Changed, Error>, Refusal> {
    let (app, actor) = asked.member(state)?;
    Ok(app.transact(actor, async |cx| engagement::change(cx, key, from, scope, reason).await).await)
}

async fn refused(
    state: &WebState,
    asked: &Asked,
    status: StatusCode,
    page: &Page,
) -> Result<Response, Refusal> {
    asked.frame_refused(state, status, page).await.map(IntoResponse::into_response)
}

async fn list(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    crate::list::show(&state, &asked, listed(&state, &asked).await?).await
}

/// The engagements that whoever looks may see, as a list.
pub(crate) async fn listed(state: &WebState, asked: &Asked) -> Result<Listed, Refusal> {
    let (app, actor) = asked.member(state)?;
    let (all, reports) = app
        .read(actor, async |view| {
            let all = engagement::list(view).await?;
            let reports = engagement::reports(view, &all).await?;
            Ok((all, reports))
        })
        .await?;
    let may_plan = asked.may(atom(Verb::Create));
    let standing = |record: &Engagement| match reports.contains_key(&record.key) {
        true => REPORTED,
        false => record.standing().title(),
    };
    let standings: BTreeSet<&str> = all.iter().map(|version| standing(&version.record)).collect();
    let table = Table {
        id: "engagements".into(),
        path: "/engagements".into(),
        noun: ("engagement", "engagements"),
        counted: None,
        columns: vec![
            Column::text("report", "Report", Phone::Title),
            Column::text("time", "Time", Phone::Line),
            Column::text("scope", "State", Phone::Status),
            Column::text("description", "Description", Phone::Line),
            Column::text("assertion", "Assertion", Phone::Line),
        ],
        filters: vec![Filter {
            key: "scope",
            label: "State",
            shown: standings.len() > 1,
            options: standings.iter().map(|title| ((*title).to_owned(), (*title).to_owned())).collect(),
        }],
        rows: all
            .iter()
            .map(|version| {
                row(&version.record, (standing(&version.record), reports.get(&version.record.key)))
            })
            .collect(),
        empty: html! {
            div.empty {
                h3 { "No examination is planned" }
                p { "An engagement holds what one examination is about: which report, which system, over which time. From it, \
                     the description and the assertion are written, signed, and set as management's part of the report." }
                @if may_plan { p { a.button.primary href="/engagements/guide" { "Plan the first" } " " a.button.quiet href="/engagements/new" { "All on one page" } } }
            }
        },
    };
    let mut page = Page::new(Place::Engagements, "Engagements", html! {});
    page.lead = html! { "Examinations from scope to report." };
    if may_plan && !all.is_empty() {
        page.actions = html! { a.button href="/engagements/guide" { "Plan an examination" } a.button.quiet href="/engagements/new" { "All on one page" } };
    }
    Ok(Listed::of(page, table))
}

/// The state of an engagement whose report was issued or received.
const REPORTED: &str = "Report issued";

/// A line with its state, and the date of its report.
fn row(record: &Engagement, (standing, report): (&str, Option<&Day>)) -> Row {
    let scope = record.holds();
    let of = |paper| match record.papers().any(|one| one == paper) {
        true => Cell::text(progress(record.progress(paper))),
        false => Cell::by_text(html! { span.muted { "Has none" } }, "Has none"),
    };
    let (from, _) = scope.time.days();
    Row {
        cells: vec![
            Cell::by_text(
                html! { div { a.primary href=(href(record.key)) { (scope.report()) } span.sub { (record.key) " · " (scope.system) } } },
                &scope.report(),
            ),
            Cell::by_number(html! { span.nowrap { (moment::examined(scope.time)) } }, from.starts().micros())
                .said(scope.time.to_string()),
            Cell::by_text(
                html! { (standing) @if let Some(day) = report { span.sub { "dated " (moment::on(*day)) } } },
                standing,
            ),
            of(Paper::Description),
            of(Paper::Assertion),
        ],
        find: format!("{} {} {} {}", record.key, scope.report(), scope.system, scope.firm),
        facets: vec![("scope", standing.to_owned())],
    }
}
