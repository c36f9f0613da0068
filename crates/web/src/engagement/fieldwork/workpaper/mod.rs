//! Workpapers: the list, and one paper as the firm works in it. Management sees what is shared, on the
//! same addresses, as [`super::shared`] draws it.

mod finding;
mod items;
mod list;
mod plan;
mod sample;
mod sign;

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::engagement::fieldwork::signed::{self, Signing};
use tickmark_app::engagement::fieldwork::workpaper::{self, Concluding, Excepting};
use tickmark_app::engagement::fieldwork::{Row, evidence, paper, sample as samples, span};
use tickmark_core::control::{Control, ControlText};
use tickmark_core::engagement::fieldwork::{
    Cause, ManagementResponse, Outcome, Party, SignedPaper as _, Workpaper,
};
use tickmark_core::engagement::{Engagement, EngagementKey, ReportKind};
use tickmark_core::id::PopulationKey;
use tickmark_core::identity::Verb;
use tickmark_core::program::population::Population;
use tickmark_core::program::sampling::Absence;
use tickmark_core::time::DAY_US;

pub(super) use finding::exception_card;
pub(super) use items::results;
pub(super) use list::{concluded, listed, page as list, signed_cell};
pub(super) use plan::{begin, edit_page, new_page, replan};
pub(super) use sample::told as sampled;

use super::{Tabbed, head, href, key, number, page as framed, party, refused, shared, wrong};
use crate::WebState;
use crate::control::Names;
use crate::design::block;
use crate::design::form::Faults;
use crate::design::frame::Page;
use crate::engagement::catalog;
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::visit::Asked;
pub(super) use sign::signing;

/// What the page of one paper shows.
pub(super) struct Known {
    pub(super) record: Engagement,
    pub(super) party: Party,
    pub(super) row: Row<Workpaper>,
    pub(super) responses: Vec<Row<ManagementResponse>>,
    pub(super) control: Option<Control>,
    pub(super) populations: Vec<Population>,
    pub(super) names: Names,
    pub(super) is_open: bool,
}

impl Known {
    /// Parts the populations in sight in those that items can be selected from, and those of another time, with why not. A
    /// report as of one date examines no list over time, so any may be looked at.
    pub(super) fn by_time(&self) -> (Vec<&Population>, Vec<(&Population, String)>) {
        let scope = self.record.holds();
        let (mut fit, mut unfit) = (Vec::new(), Vec::new());
        for one in &self.populations {
            match one.unfit(span(scope)).filter(|_| scope.time.is_period()) {
                None => fit.push(one),
                Some(why) => unfit.push((one, why.to_string())),
            }
        }
        (fit, unfit)
    }
}

pub(super) async fn known(
    state: &WebState,
    asked: &Asked,
    key: EngagementKey,
    number: i64,
) -> Result<Known, Refusal> {
    let ((app, actor), catalog) = (asked.member(state)?, catalog(state)?);
    let known = app
        .read(actor, async |view| {
            let (record, party) = head(view, key).await?;
            let row = signed::find::<Workpaper>(view, key, number).await?;
            let mut responses = workpaper::responses(view, key).await?;
            responses.retain(|one| one.record.workpaper == number);
            let id = row.record.plan.control.clone();
            let controls = workpaper::controls(view, key, catalog).await?;
            let mut populations = match party {
                Party::Auditor => evidence::populations(view, key, catalog).await?,
                Party::Management => Vec::new(),
            };
            populations.sort_by_key(|one| (one.definition.control != id, one.key));
            let is_open = tickmark_app::engagement::fieldwork::is_open(view, key).await?;
            let names = Names::for_looking(view).await?;
            let control = controls.into_iter().find(|one| one.id == id);
            Ok(Known { record, party, row, responses, control, populations, names, is_open })
        })
        .await?;
    Ok(known)
}

pub(super) async fn page(
    State(state): State<WebState>,
    Path((at, no)): Path<(String, String)>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let known = known(&state, &asked, key(&at)?, number(&no)?).await?;
    asked.frame(&state, &draw(&known, &asked, &Sent::default(), &Faults::default())).await
}

fn draw(known: &Known, asked: &Asked, sent: &Sent, faults: &Faults) -> Page {
    if known.party == Party::Management {
        return shared::page(known, asked, sent, faults);
    }
    let one = &known.row.record;
    let path = format!("{}/workpapers/{}", href(known.record.key), one.number);
    let may_write = known.is_open && asked.may(paper(Verb::Update));
    let body = html! {
        (faults.summary())
        div.columns.flush {
            div {
                (block("items", "Items and results", &html! { (one.items.len()) @if one.deviations() > 0 { ", " (one.deviations()) " deviating" } }, &items::items(known, &path, asked, (sent, faults), may_write)))
                (block("exceptions", "Exceptions", &html! { (one.exceptions.len()) }, &finding::exceptions(known, &path, asked, (sent, faults), may_write)))
                (block("conclusion", "Conclusion", &html! {}, &finding::conclusion(known, &path, asked, (sent, faults), may_write)))
            }
            div {
                (block("plan", "Test", &html! { @if may_write { a href={ (path) "/edit" } { "Edit" } } }, &planned(known)))
                (block("signed", "Sign-off", &html! {}, &signing(&known.row, &known.names, &path, asked, may_write)))
            }
        }
    };
    let mut page = framed(&known.record, asked, Tabbed::Workpapers, &title(known), &body);
    page.id = format!("WP-{}", one.number);
    page.lead = html! { @if one.shared().is_some() { "Management can read it as it stands." } @else if one.was_shared() { "Management can read it as it was shared last, without the changes since." } @else { "Private to your firm." } };
    page.crumbs.push(("Workpapers".into(), format!("{}/workpapers", href(known.record.key))));
    page
}

/// Returns what a control said at the end of the time that is examined, as Section IV prints it: that is what is tested. What it
/// says now, where it was not there by then.
fn text_of<'a>(record: &Engagement, control: &'a Control) -> &'a ControlText {
    let (_, to) = record.holds().time.days();
    let last = to.starts().plus_micros(DAY_US - 1);
    control.text.at(last).unwrap_or_else(|| control.text.current())
}

pub(super) fn title(known: &Known) -> String {
    let id = &known.row.record.plan.control;
    known
        .control
        .as_ref()
        .map_or_else(|| id.to_string(), |one| format!("{id} {}", text_of(&known.record, one).title))
}

pub(super) fn planned(known: &Known) -> Markup {
    let plan = &known.row.record.plan;
    html! {
        @if let Some(control) = &known.control { p.statement { (text_of(&known.record, control).statement) } }
        dl.facts {
            dt { "Nature" } dd { (plan.procedures.iter().map(|one| one.title()).collect::<Vec<_>>().join(", ")) }
            dt { "Procedure" } dd { span.lines { (plan.procedure) } }
            @for attribute in &plan.attributes { dt { (attribute.id) } dd { (attribute.asserts) span.sub { "Deviation: " (attribute.deviation) } } }
        }
    }
}

/// Whether the report has tests and results: it covers a period, and is not for general use.
pub(super) fn has_results(record: &Engagement) -> bool {
    record.holds().time.is_period() && record.holds().kind != ReportKind::Soc3
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// The field that a word of a refusal stands for, in the form that does this.
fn about(act: &str) -> &'static [(&'static str, &'static str)] {
    match act {
        "items" => &[("item", "items"), ("key", "items")],
        "select" => &sample::ABOUT,
        "extend" => &[("isolated", "isolated")],
        "replace" => &[("reason of the replacement", "why"), ("is never replaced", "replaced")],
        "except" => &[
            ("nature of the exception", "nature"),
            ("cause and effect", "effect"),
            ("items that deviate", "item"),
            ("is no exception", "item"),
            ("has no item", "item"),
        ],
        "conclude" => &[
            ("conclusion", "text"),
            ("the list ", "zero"),
            ("frozen population", "zero"),
            ("choose a result", "outcome"),
            ("exception", "outcome"),
            ("occurrences", "outcome"),
        ],
        _ => &[],
    }
}

pub(super) async fn act(
    State(state): State<WebState>,
    Path((at, no, act)): Path<(String, String, String)>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (key, number) = (key(&at)?, number(&no)?);
    let ((app, actor), catalog) = (asked.member(&state)?, catalog(&state)?);
    if party(&state, &asked, key).await? != Party::Auditor {
        return Err(Refusal::NotFound);
    }
    let from: i64 = sent.text("version").parse().map_err(|_| Refusal::Malformed)?;
    let done = match act.as_str() {
        "prepare" | "review" | "share" => {
            sent.only(&["version"])?;
            let signing = match act.as_str() {
                "prepare" => Signing::Prepare,
                "review" => Signing::Review,
                _ => Signing::Share,
            };
            app.transact(actor, async |cx| signed::sign::<Workpaper>(cx, key, number, from, signing).await)
                .await
        }
        "items" => {
            sent.only(&["version", "items"])?;
            let keys = lines(&sent.text("items"));
            app.transact(actor, async |cx| workpaper::name_items(cx, key, number, from, &keys).await).await
        }
        "select" => {
            sent.only(&sample::SELECTING)?;
            let selecting = sample::read_selecting(&sent)?;
            app.transact(actor, async |cx| samples::select(cx, key, number, from, selecting, catalog).await)
                .await
        }
        "extend" => {
            sent.only(&["version", "isolated"])?;
            let reason = sent.text("isolated");
            app.transact(actor, async |cx| samples::extend(cx, key, number, from, &reason, catalog).await)
                .await
        }
        "replace" => {
            sent.only(&["version", "replaced", "absence", "why"])?;
            let absence = Absence::from_word(&sent.text("absence")).ok_or(Refusal::Malformed)?;
            let (item, why) = (sent.text("replaced"), sent.text("why"));
            app.transact(actor, async |cx| {
                samples::replace(cx, key, (number, from), &item, (absence, &why), catalog).await
            })
            .await
        }
        "results" => {
            let held =
                app.read(actor, async |view| signed::find::<Workpaper>(view, key, number).await).await?;
            let results = items::read_results(&sent, &held.record)?;
            app.transact(actor, async |cx| workpaper::record(cx, key, number, from, &results).await).await
        }
        "except" => {
            sent.only(&["version", "number", "item", "nature", "cause", "effect"])?;
            let excepting = Excepting {
                number: sent.text("number").parse().ok(),
                items: sent.all("item").into_iter().collect(),
                nature: sent.text("nature"),
                cause: Cause::from_word(&sent.text("cause")).ok_or(Refusal::Malformed)?,
                effect: sent.text("effect"),
            };
            app.transact(actor, async |cx| workpaper::except(cx, key, number, from, excepting).await).await
        }
        "conclude" => {
            sent.only(&["version", "outcome", "zero", "text"])?;
            let (outcome, text) = (Outcome::from_word(&sent.text("outcome")), sent.text("text"));
            let zero = sent.text("zero").parse().ok().map(PopulationKey);
            match outcome {
                None => Err(tickmark_app::Error::invalid("choose a result")),
                Some(outcome) => {
                    let concluding = Concluding { outcome, text, zero };
                    app.transact(actor, async |cx| {
                        workpaper::conclude(cx, key, number, from, concluding, catalog).await
                    })
                    .await
                }
            }
        }
        _ => return Err(Refusal::NotFound),
    };
    match done {
        Ok(()) => Ok(go(&format!("{}/workpapers/{number}", href(key)))),
        Err(error) => {
            let (status, faults) = wrong(error, about(&act))?;
            let known = known(&state, &asked, key, number).await?;
            refused(&state, &asked, status, &draw(&known, &asked, &sent, &faults)).await
        }
    }
}
