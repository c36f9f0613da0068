//! Readiness over time: the frozen assessments, and what changed between two of them and why.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::{conclusion, report};
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::report::compare::{Area, Change, Reason};
use tickmark_core::{Digest, Timestamp};

use super::period::moment_href;
use crate::design::bar::{Fill, bar};
use crate::design::empty::empty;
use crate::design::form::button;
use crate::design::frame::{Page, Place};
use crate::design::table::plain;
use crate::design::{block, digest, moment, plural, segment};
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::route::{get, post};
use crate::visit::Asked;
use crate::{Desk, Route, WebState};

/// Changes of one area that are listed.
const CHANGE_LIMIT: usize = 100;
/// Reasons that are shown before the rest is folded.
const REASONS_SHOWN: usize = 4;
/// Reasons that can be unfolded.
const REASONS_FOLDED: usize = 16;

/// The figures of an assessment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Points earned of points possible, as text: shown next to the criteria not met, never alone.
    pub readiness: String,
    /// Criteria met.
    pub met: usize,
    /// Criteria partly met.
    pub partly_met: usize,
    /// Criteria not met.
    pub not_met: usize,
    /// Criteria not assessed.
    pub not_assessed: usize,
    /// Key controls that are ready.
    pub key_ready: usize,
    /// Key controls.
    pub key_controls: usize,
    /// Open findings.
    pub findings: usize,
    /// Things that could not be seen.
    pub gaps: usize,
}

/// A frozen assessment.
#[derive(Clone, Debug)]
pub struct SnapshotRow {
    /// Its number.
    pub key: i64,
    /// When it was taken.
    pub taken: Timestamp,
    /// Who took it.
    pub by: String,
    /// Digest of its model.
    pub model: Digest,
    /// What it said.
    pub figures: Figures,
}

/// Two assessments compared.
#[derive(Clone, Debug)]
pub struct ComparisonView {
    /// The earlier one.
    pub before: SnapshotRow,
    /// The later one.
    pub after: SnapshotRow,
    /// What changed, by area.
    pub changes: Vec<Change>,
    /// Keys of targets by name, to link to.
    pub targets: BTreeMap<String, i64>,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route { path: "/readiness", example: "/readiness", handler: get(list) },
        Route {
            path: "/readiness/compare",
            example: "/readiness/compare?before=1&after=2",
            handler: get(compare),
        },
    ]
}

pub(super) fn desk_routes() -> Vec<Desk> {
    vec![Desk {
        path: "/readiness/freeze",
        example: "/readiness/freeze",
        looks: false,
        changes: true,
        handler: post(freeze),
    }]
}

async fn list(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let rows = state.source().snapshots().await?;
    let judge = Atom::new(Resource::TestResult, Verb::Approve);
    let may_freeze = state.assessing().is_some() && asked.may(judge);
    let mut page = list_page(&rows, may_freeze);
    page.actions = html! {
        // Without accounts there is nobody to choose it.
        @if asked.member(&state).is_ok() { a.button href="/readiness/scope" { "Scope" } }
        @if may_freeze { (button("/readiness/freeze", &asked.token, "Freeze an assessment now", "")) }
    };
    asked.frame(&state, &page).await
}

/// Freezes an assessment: what is known at this moment, whole.
async fn freeze(State(state): State<WebState>, asked: Asked, sent: Sent) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&[])?;
    let catalog = state.source().catalog().ok_or(Refusal::NotFound)?;
    let (library, generator) = state.assessing().ok_or(Refusal::NotFound)?;
    app.transact(actor, async |cx| {
        let model = report::readiness(cx, catalog, library, &actor.label, generator).await?;
        conclusion::snapshot(cx, &model).await
    })
    .await?;
    Ok(go("/readiness"))
}

async fn compare(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let key = |name: &str| asked.query.get(name).and_then(|key| key.parse::<i64>().ok());
    let (Some(before), Some(after)) = (key("before"), key("after")) else { return Err(Refusal::NotFound) };
    let view = state.source().comparison(before, after).await?;
    asked.frame(&state, &comparison_page(&view)).await
}

fn criteria_bar(figures: &Figures) -> Markup {
    let label = format!(
        "criteria: {} met, {} partly met, {} not met, {} not assessed",
        figures.met, figures.partly_met, figures.not_met, figures.not_assessed
    );
    let parts = [
        (Fill::Pass, figures.met),
        (Fill::Partly, figures.partly_met),
        (Fill::Fail, figures.not_met),
        (Fill::Unknown, figures.not_assessed),
    ];
    html! { span.fixed-bar title=(label) { (bar(&parts, &label)) } span.sub { (label) } }
}

fn list_page(rows: &[SnapshotRow], may_freeze: bool) -> Page {
    let mut page = Page::new(Place::Readiness, "Readiness over time", html! {});
    page.lead = html! {
        "Assessments that were frozen, each whole and committed to in the ledger. Two of them say what changed between, and why."
    };
    if rows.is_empty() {
        let command = if may_freeze { "" } else { "tickmark assess snapshot --by \"Your Name\"" };
        page.body = empty(
            "No assessment was frozen yet",
            "Freeze one now and one later; the difference is the work that was done.",
            command,
        );
        return page;
    }
    // The newest and the one before it are what one asks for most.
    let (newest, before) = (&rows[0], rows.get(1));
    let choice = |name: &str, row: &SnapshotRow, is_chosen: bool| {
        html! {
            label.choice {
                input type="radio" name=(name) value=(row.key) checked[is_chosen] required aria-label={ (if name == "before" { "From" } else { "To" }) " assessment " (row.key) };
                span.on-phone aria-hidden="true" { (if name == "before" { "from" } else { "to" }) }
            }
        }
    };
    let lines = rows.iter().map(|row| {
        let figures = &row.figures;
        vec![
            html! { strong { (moment::written(row.taken)) } span.sub { "number " (row.key) ", by " (row.by) } },
            criteria_bar(figures),
            html! { span.num.nowrap { (figures.readiness) } span.sub.nowrap { (figures.not_met) " not met" } },
            html! { span.num.nowrap { (figures.key_ready) " of " (figures.key_controls) } span.on-phone { " key controls ready" } },
            html! { span.num { (figures.findings) } span.on-phone { " findings" } },
            html! { span.num { (figures.gaps) } span.on-phone { " not seen" } },
            choice("before", row, before.is_some_and(|before| before.key == row.key)),
            choice("after", row, newest.key == row.key),
            digest::chip(&row.model),
        ]
    });
    let heads = [
        "Taken",
        "Criteria",
        "Points of readiness",
        "Key controls ready",
        "Findings",
        "Not seen",
        "From",
        "To",
        "Model",
    ];
    let table = plain("Assessments", &heads, lines.collect());
    page.body = html! {
        form method="get" action="/readiness/compare" {
            (table)
            p.row.block-body {
                @if rows.len() > 1 { button.button.primary type="submit" { "Compare" } span.muted.small { "from one to the other" } }
                @else { span.muted.small { "There is nothing to compare yet. Freeze another: " code { "tickmark assess snapshot --by \"Your Name\"" } } }
            }
        }
        p.muted.small.block-body { "Points are weighed by how much a control matters. They are no share of compliance: one criterion that is not met outweighs them." }
    };
    page
}

/// The heading of an area, with what it is about.
fn area_words(area: Area) -> (&'static str, &'static str) {
    match area {
        Area::Scope => ("Scope", "what was assessed"),
        Area::Figure => ("Figures", "as the overview has them"),
        Area::Criterion => ("Criteria", "status"),
        Area::Control => ("Controls", "status"),
        Area::Decision => ("Answers", "given by people"),
        Area::Check => ("Checks", "what automated tests say"),
        Area::Finding => ("Findings", "opened and gone"),
    }
}

const AREAS: [Area; 7] =
    [Area::Figure, Area::Criterion, Area::Control, Area::Decision, Area::Check, Area::Finding, Area::Scope];

fn comparison_page(view: &ComparisonView) -> Page {
    let of_area = |area: Area| view.changes.iter().filter(move |change| change.area == area);
    let body = html! {
        (two(view))
        @if view.changes.is_empty() {
            div.empty { h3 { "Nothing changed" } p { "Both assessments say the same of everything." } }
        } @else {
            nav.areas aria-label="Areas" {
                @for area in AREAS {
                    @let count = of_area(area).count();
                    @if count > 0 { a href={ "#" (area.word()) } { (area_words(area).0) " " span.num { (count) } } }
                }
            }
        }
        @for area in AREAS {
            @let changes: Vec<&Change> = of_area(area).collect();
            @if !changes.is_empty() {
                @let (title, about) = area_words(area);
                (block(area.word(), title, &html! { (changes.len()) " changed; " (about) }, &changed(&changes, title, view)))
            }
        }
    };
    let mut page = Page::new(Place::Readiness, "What changed, and why", body);
    page.lead = html! {
        "From assessment " (view.before.key) " of " (moment::exact(view.before.taken)) " to assessment " (view.after.key) " of " (moment::exact(view.after.taken)) ". "
        "Reasons are read from the two frozen models, not guessed."
    };
    page.period = Some((view.before.taken, view.after.taken.plus_micros(1)));
    page.crumbs = vec![("Readiness over time".into(), "/readiness".into())];
    page
}

/// Both assessments above each other.
fn two(view: &ComparisonView) -> Markup {
    let line = |word: &str, row: &SnapshotRow| {
        vec![
            html! { strong { (word) } span.sub { (moment::written(row.taken)) ", by " (row.by) } },
            criteria_bar(&row.figures),
            html! { span.num.nowrap { (row.figures.readiness) } span.sub.nowrap { (row.figures.not_met) " not met" } },
            html! { span.num.nowrap { (row.figures.key_ready) " of " (row.figures.key_controls) } span.on-phone { " key controls ready" } },
            html! { span.num { (row.figures.findings) } span.on-phone { " findings" } },
        ]
    };
    let rows = vec![line("Before", &view.before), line("After", &view.after)];
    plain(
        "Both assessments",
        &["Assessment", "Criteria", "Points of readiness", "Key controls ready", "Findings"],
        rows,
    )
}

fn changed(changes: &[&Change], title: &str, view: &ComparisonView) -> Markup {
    let rows = changes.iter().take(CHANGE_LIMIT).map(|change| {
        let side = |text: &Option<String>| html! { @match text { Some(text) => (text), None => span.muted { "not there" } } };
        vec![
            html! { @match href(change) { Some(href) => a.primary href=(href) { (change.subject) }, None => strong { (change.subject) } } },
            side(&change.before),
            side(&change.after),
            reasons(change, view),
        ]
    });
    html! {
        (plain(title, &["What", "Before", "After", "Why"], rows.collect()))
        @if changes.len() > CHANGE_LIMIT { p.muted.small { "The first " (CHANGE_LIMIT) " of " (changes.len()) ". All: " code { "tickmark assess compare " (view.before.key) " " (view.after.key) } } }
    }
}

/// Where the rows behind a change are.
fn href(change: &Change) -> Option<String> {
    let subject = segment(&change.subject);
    Some(match change.area {
        Area::Criterion => format!("/criteria/{subject}"),
        Area::Control => format!("/controls/{subject}"),
        Area::Check => format!("/checks/{subject}"),
        Area::Decision => format!("/controls/{}", segment(change.subject.split(' ').next()?)),
        // A finding that is gone is not listed any more.
        Area::Finding => match change.subject.split_once(": ") {
            _ if change.after.is_some() => format!("/findings?q={subject}"),
            Some((control, _)) => format!("/controls/{}", segment(control)),
            None => return None,
        },
        Area::Figure => match change.subject.as_str() {
            "criteria met" => "/criteria?status=met",
            "criteria partly met" => "/criteria?status=partly_met",
            "criteria not met" => "/criteria?status=not_met",
            "criteria not assessed" => "/criteria?status=not_assessed",
            "findings" => "/findings",
            "things that could not be seen" => "/coverage",
            _ => "/controls",
        }
        .to_owned(),
        Area::Scope => match change.subject.as_str() {
            "targets" => "/targets",
            "controls" => "/controls",
            "criteria" => "/criteria",
            _ => return None,
        }
        .to_owned(),
    })
}

fn reasons(change: &Change, view: &ComparisonView) -> Markup {
    let line = |reason: &Reason| {
        html! { li { @match reason_href(reason, view) { Some(href) => a href=(href) { (reason) }, None => span.muted { (reason) } } } }
    };
    let (shown, folded) = change.reasons.split_at(change.reasons.len().min(REASONS_SHOWN));
    let rest = folded.len() + change.more;
    let folded = &folded[..folded.len().min(REASONS_FOLDED)];
    let unlisted = rest - folded.len();
    html! {
        ul.reasons { @for reason in shown { (line(reason)) } }
        @if rest > 0 {
            details.behind {
                summary { (rest) " more " (plural(rest, "reason", "reasons")) }
                ul.reasons { @for reason in folded { (line(reason)) } }
                @if unlisted > 0 { p.muted.small { (unlisted) " are not listed." } }
            }
        }
    }
}

/// The record behind a reason.
fn reason_href(reason: &Reason, view: &ComparisonView) -> Option<String> {
    Some(match reason {
        Reason::Decision { control, .. }
        | Reason::Control { control, .. }
        | Reason::Adopted { control }
        | Reason::Mapping { control, .. } => format!("/controls/{}", segment(control)),
        Reason::Verdict { check, target, since, .. } => match (view.targets.get(target), since) {
            (Some(key), Some(since)) => moment_href(*key, check, *since),
            (Some(key), None) => moment_href(*key, check, view.after.taken),
            (None, _) => format!("/checks/{}", segment(check)),
        },
        Reason::Version { check, .. } => format!("/checks/{}#versions", segment(check)),
        Reason::Judged { criterion } => format!("/criteria/{}", segment(criterion)),
        Reason::Left { .. } | Reason::Unexplained => return None,
    })
}
