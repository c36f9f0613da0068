//! Fieldwork: the pages that the audit firm and management work in. One address shows each party its own side.

mod access;
mod access_seen;
mod answer;
mod document;
mod evidence;
mod note;
mod overview;
mod population;
mod population_seen;
mod report;
mod request;
mod shared;
mod walkthrough;
mod workpaper;

use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::engagement::fieldwork;
use tickmark_app::{Error, View};
use tickmark_core::engagement::fieldwork::{Party, RequestState};
use tickmark_core::engagement::{Engagement, EngagementKey, ReportKind, Scope};
use tickmark_core::id::PopulationKey;
use tickmark_core::program::population::Population;

pub(crate) use overview::page as overview;
pub(crate) use request::cells;

use super::{atom, href, key, page_of};
use crate::design::badge::badge;
use crate::design::form::Faults;
use crate::design::frame::{Page, Papers};
use crate::design::icon::Mark;
use crate::design::plural;
use crate::design::tabs::{Tab, tabs};
use crate::error::Refusal;
use crate::list::{Listed, OfEngagement};
use crate::permission;
use crate::route::{get, post};
use crate::visit::Asked;
use crate::{Desk, WebState};

/// Populations that cannot be chosen are shown unfolded up to so many.
const NOT_FOLDED: usize = 3;

pub(super) fn desk_routes() -> Vec<Desk> {
    let looks = |path, example, handler| Desk { path, example, looks: true, changes: false, handler };
    let both = |path, example, handler| Desk { path, example, looks: true, changes: true, handler };
    let changes = |path, example, handler| Desk { path, example, looks: false, changes: true, handler };
    // Files are measured while they are read, against limits of their own.
    let unlimited = || DefaultBodyLimit::disable();
    vec![
        both("/engagements/{key}/access", "/engagements/1/access", get(access::page).post(access::let_in)),
        changes(
            "/engagements/{key}/access/{id}/{act}",
            "/engagements/1/access/00000000-0000-7000-8000-000000000000/extend",
            post(access::act),
        ),
        looks("/engagements/{key}/requests", "/engagements/1/requests", get(request::list)),
        both(
            "/engagements/{key}/requests/new",
            "/engagements/1/requests/new",
            get(request::new_page).post(request::write),
        ),
        both(
            "/engagements/{key}/requests/import",
            "/engagements/1/requests/import",
            get(request::import_page).post(request::import).layer(unlimited()),
        ),
        changes(
            "/engagements/{key}/requests/defaults",
            "/engagements/1/requests/defaults",
            post(request::add_defaults),
        ),
        looks(
            "/engagements/{key}/requests/export/{ending}",
            "/engagements/1/requests/export/csv",
            get(request::export),
        ),
        looks("/engagements/{key}/requests/{number}", "/engagements/1/requests/1", get(answer::page)),
        both(
            "/engagements/{key}/requests/{number}/edit",
            "/engagements/1/requests/1/edit",
            get(request::edit_page).post(request::change),
        ),
        changes(
            "/engagements/{key}/requests/{number}/submit",
            "/engagements/1/requests/1/submit",
            post(answer::submit).layer(unlimited()),
        ),
        both(
            "/engagements/{key}/requests/{number}/population",
            "/engagements/1/requests/1/population",
            get(population::page).post(population::hand_in).layer(unlimited()),
        ),
        changes(
            "/engagements/{key}/requests/{number}/{act}",
            "/engagements/1/requests/1/accept",
            post(answer::act),
        ),
        looks("/engagements/{key}/evidence", "/engagements/1/evidence", get(evidence::list)),
        looks(
            "/engagements/{key}/evidence/populations/{number}",
            "/engagements/1/evidence/populations/1",
            get(population_seen::page),
        ),
        looks(
            "/engagements/{key}/evidence/populations/{number}/download",
            "/engagements/1/evidence/populations/1/download",
            get(population_seen::take),
        ),
        looks("/engagements/{key}/evidence/access", "/engagements/1/evidence/access", get(access_seen::page)),
        looks(
            "/engagements/{key}/evidence/access/{list}",
            "/engagements/1/evidence/access/1",
            get(access_seen::list),
        ),
        looks(
            "/engagements/{key}/evidence/duties",
            "/engagements/1/evidence/duties",
            get(access_seen::duties),
        ),
        looks(
            "/engagements/{key}/evidence/reviews/{review}",
            "/engagements/1/evidence/reviews/1",
            get(access_seen::review),
        ),
        looks(
            "/engagements/{key}/evidence/reviews/{review}/pack/{ending}",
            "/engagements/1/evidence/reviews/1/pack/csv",
            get(access_seen::take),
        ),
        looks("/engagements/{key}/evidence/{item}", "/engagements/1/evidence/1", get(evidence::page)),
        looks("/engagements/{key}/evidence/{item}/{seq}", "/engagements/1/evidence/1/1", get(evidence::look)),
        looks(
            "/engagements/{key}/evidence/{item}/{seq}/download",
            "/engagements/1/evidence/1/1/download",
            get(evidence::take),
        ),
        looks("/engagements/{key}/workpapers", "/engagements/1/workpapers", get(workpaper::list)),
        both(
            "/engagements/{key}/workpapers/new",
            "/engagements/1/workpapers/new",
            get(workpaper::new_page).post(workpaper::begin),
        ),
        looks("/engagements/{key}/workpapers/{number}", "/engagements/1/workpapers/1", get(workpaper::page)),
        both(
            "/engagements/{key}/workpapers/{number}/edit",
            "/engagements/1/workpapers/1/edit",
            get(workpaper::edit_page).post(workpaper::replan),
        ),
        changes(
            "/engagements/{key}/workpapers/{number}/respond",
            "/engagements/1/workpapers/1/respond",
            post(shared::respond),
        ),
        changes(
            "/engagements/{key}/workpapers/{number}/{act}",
            "/engagements/1/workpapers/1/share",
            post(workpaper::act),
        ),
        looks("/engagements/{key}/walkthroughs", "/engagements/1/walkthroughs", get(walkthrough::list)),
        both(
            "/engagements/{key}/walkthroughs/new",
            "/engagements/1/walkthroughs/new",
            get(walkthrough::new_page).post(walkthrough::begin),
        ),
        looks(
            "/engagements/{key}/walkthroughs/{number}",
            "/engagements/1/walkthroughs/1",
            get(walkthrough::page),
        ),
        changes(
            "/engagements/{key}/walkthroughs/{number}/{act}",
            "/engagements/1/walkthroughs/1/share",
            post(walkthrough::act),
        ),
        both("/engagements/{key}/notes", "/engagements/1/notes", get(note::page).post(note::write)),
        looks("/engagements/{key}/report", "/engagements/1/report", get(report::page)),
        changes("/engagements/{key}/report/opinion", "/engagements/1/report/opinion", post(report::record)),
        changes(
            "/engagements/{key}/report/section",
            "/engagements/1/report/section",
            post(report::attach).layer(unlimited()),
        ),
        changes(
            "/engagements/{key}/report/section/kept",
            "/engagements/1/report/section/kept",
            post(report::attach_kept),
        ),
        changes("/engagements/{key}/report/issue", "/engagements/1/report/issue", post(report::issue)),
        changes("/engagements/{key}/report/changes", "/engagements/1/report/changes", post(report::confirm)),
        changes("/engagements/{key}/report/freeze", "/engagements/1/report/freeze", post(report::freeze)),
        looks(
            "/engagements/{key}/report/section.pdf",
            "/engagements/1/report/section.pdf",
            get(report::take_section),
        ),
        looks(
            "/engagements/{key}/management/{name}",
            "/engagements/1/management/description",
            get(document::take),
        ),
        looks("/engagements/{key}/file", "/engagements/1/file", get(report::take_file)),
    ]
}

/// Of which party whoever asks is; nobody of another engagement gets this far.
async fn party(state: &WebState, asked: &Asked, key: EngagementKey) -> Result<Party, Refusal> {
    let (app, actor) = asked.member(state)?;
    let party = app.read(actor, async |view| Ok(fieldwork::party(view, key))).await?;
    party.ok_or(Refusal::NotFound)
}

/// What controls are measured against in a report: one of them, and many.
fn measures(scope: &Scope) -> [&'static str; 2] {
    match scope.kind {
        ReportKind::Soc1 => ["Objective", "Objectives"],
        ReportKind::Soc2 | ReportKind::Soc3 => ["Criterion", "Criteria"],
    }
}

/// Reads the head of an engagement for a page of its fieldwork, for whoever may see any of it.
async fn head(view: &mut View<'_>, key: EngagementKey) -> Result<(Engagement, Party), Error> {
    fieldwork::head(view, key).await
}

/// A list of an engagement.
pub(crate) async fn listed_of(
    state: &WebState,
    asked: &Asked,
    kind: OfEngagement,
    key: EngagementKey,
) -> Result<Listed, Refusal> {
    match kind {
        OfEngagement::Requests => request::listed(state, asked, key).await,
        OfEngagement::Workpapers => workpaper::listed(state, asked, key).await,
        OfEngagement::Walkthroughs => walkthrough::listed(state, asked, key).await,
        OfEngagement::InSight => evidence::listed(state, asked, key).await,
    }
}

/// A number of an address.
fn number(text: &str) -> Result<i64, Refusal> {
    text.parse().ok().filter(|number| *number > 0).ok_or(Refusal::NotFound)
}

/// The parts of an engagement.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tabbed {
    Overview,
    Requests,
    Evidence,
    Walkthroughs,
    Workpapers,
    Notes,
    Report,
    Completion,
    Access,
    Readers,
}

/// The ways to the parts of an engagement, as far as they are for whoever looks.
pub(crate) fn parts(record: &Engagement, asked: &Asked, here: Tabbed) -> Markup {
    let is_auditor = asked.visit.is_auditor();
    let all = [
        (Tabbed::Overview, "Overview", ""),
        (Tabbed::Requests, "Requests", "/requests"),
        (Tabbed::Evidence, "Evidence", "/evidence"),
        (Tabbed::Walkthroughs, "Walkthroughs", "/walkthroughs"),
        (Tabbed::Workpapers, if is_auditor { "Workpapers" } else { "Results" }, "/workpapers"),
        (Tabbed::Notes, "Notes", "/notes"),
        (Tabbed::Report, "Report", "/report"),
        (Tabbed::Completion, "Completion", "/completion"),
        (Tabbed::Access, "Audit firm", "/access"),
        (Tabbed::Readers, "Readers", "/grants"),
    ];
    let shown = all.into_iter().filter_map(|(one, label, end)| {
        let href = format!("{}{end}", href(record.key));
        let is_theirs = match one {
            Tabbed::Evidence => is_auditor,
            Tabbed::Walkthroughs => record.holds().kind == ReportKind::Soc1,
            _ => true,
        };
        let actor = asked.visit.actor.as_deref()?;
        (is_theirs && permission::offers(actor, &href)).then_some(Tab {
            href,
            label,
            count: None,
            current: one == here,
        })
    });
    tabs("Parts of the engagement", &shown.collect::<Vec<_>>())
}

/// A page of a part of an engagement.
pub(crate) fn page(record: &Engagement, asked: &Asked, here: Tabbed, title: &str, body: &Markup) -> Page {
    let mut page = page_of(record, title, html! { (parts(record, asked, here)) (body) });
    page.papers = match here {
        Tabbed::Walkthroughs | Tabbed::Workpapers | Tabbed::Notes => Papers::Auditor,
        Tabbed::Overview | Tabbed::Completion if !asked.visit.is_auditor() => page.papers,
        Tabbed::Overview
        | Tabbed::Requests
        | Tabbed::Evidence
        | Tabbed::Report
        | Tabbed::Completion
        | Tabbed::Access
        | Tabbed::Readers => Papers::Neither,
    };
    page
}

/// The mark of how far a request has come.
pub(crate) fn state_mark(state: RequestState) -> Mark {
    match state {
        RequestState::Open => Mark::NotYetDue,
        RequestState::Submitted => Mark::Unknown,
        RequestState::Accepted => Mark::Pass,
        RequestState::Returned => Mark::Fail,
        RequestState::NotApplicable => Mark::NotApplicable,
    }
}

fn state_badge(state: RequestState) -> Markup {
    badge(state_mark(state), state.title())
}

/// Populations that are there and cannot be chosen, with why; `to` says where one is.
fn not_to_choose(
    unfit: &[(&Population, String)],
    record: &Engagement,
    to: impl Fn(PopulationKey) -> String,
) -> Markup {
    let (from, last) = record.holds().time.days();
    html! {
        @if !unfit.is_empty() {
            details.act open[unfit.len() <= NOT_FOLDED] {
                summary { (unfit.len()) " " (plural(unfit.len(), "population", "populations")) " cannot be chosen" }
                ul.lines {
                    @for (one, why) in unfit {
                        @let [first, end] = one.days();
                        li { a href=(to(one.key)) { (one.definition.title) } " (population " (one.key) ", " (one.definition.control) ", " (first) " to " (end) "): " (why) "." }
                    }
                }
                p.muted.small { "Examined is " @if from == last { (last) } @else { (from) " to " (last) } "." }
            }
        }
    }
}

/// Said where something else was written than a day.
const NO_DAY: &str = "a day is written like 2027-03-31";

/// What is wrong with a form, and the status that says so; `about` says which field a word of it stands for. Other errors are
/// refusals.
fn wrong(error: Error, about: &[(&str, &'static str)]) -> Result<(StatusCode, Faults), Refusal> {
    match error {
        Error::Invalid(says) => Ok((StatusCode::UNPROCESSABLE_ENTITY, Faults::about(says, about))),
        Error::Conflict(says) => Ok((StatusCode::CONFLICT, Faults::about(says, about))),
        error => Err(error.into()),
    }
}

/// Frames a page that answers a form which was refused.
async fn refused(
    state: &WebState,
    asked: &Asked,
    status: StatusCode,
    page: &Page,
) -> Result<Response, Refusal> {
    asked.frame_refused(state, status, page).await
}
