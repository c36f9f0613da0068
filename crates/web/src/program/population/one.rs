//! One population: how far it has come, where its list comes from, what was checked, its samples and its items.

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::evidence::{self, ArtifactKey};
use tickmark_app::program::{population, sampling};
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::program::population::{
    Aspect, Checked, Ipe, ItemOutcome, Population, Procedure, Reading, is_explained,
};

use super::{BRING_IN, SET_UP, control_href, covers, href, key, may, state_badge};
use crate::WebState;
use crate::control::Names;
use crate::design::badge::badge;
use crate::design::form::button;
use crate::design::frame::{Page, Place};
use crate::design::icon::Mark;
use crate::design::table::{items as items_table, plain};
use crate::design::{block, digest, moment, plural};
use crate::error::Refusal;
use crate::evidence::{BYTES, taken};
use crate::visit::Asked;

/// Differences of a check that the page shows.
const SHOWN: usize = 12;

pub(super) async fn page(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let key = key(&at)?;
    let place = super::item::place(&asked);
    let (app, actor) = asked.member(&state)?;
    let (one, reading, checks, samples, part, names) = app
        .read(actor, async |view| {
            let one = population::find(view, key).await?;
            Ok((
                one,
                population::reading_of(view, key).await?,
                population::checks(view, key).await?,
                sampling::list(view, key).await?,
                super::item::Part::read(view, key, place).await?,
                Names::for_looking(view).await?,
            ))
        })
        .await?;
    let definition = &one.definition;
    let path = href(key);
    let may_take = asked.may(Atom::new(Resource::Evidence, Verb::Export));
    let may_bring = may(&asked, BRING_IN);
    let may_set_up = may(&asked, SET_UP);
    let attributes = definition.attributes.iter().map(|attribute| {
        vec![
            html! { strong.mono { (attribute.id) } },
            html! { (attribute.asserts) },
            html! { (attribute.deviation) },
        ]
    });
    let body = html! {
        (next(&one, &checks, &path, &asked, samples.len()))
        (block("about", "What it is", &state_badge(&one), &html! {
            dl.facts {
                dt { "Control" } dd { a.mono href=(control_href(&one)) { (definition.control) } }
                dt { "Trigger" } dd { (definition.trigger) }
                dt { "Covers" } dd { (covers(&one)) }
                dt { "Defined" } dd { (moment::exact(one.defined_at)) }
                @if let Some(frozen) = &one.frozen {
                    dt { "Frozen" } dd { (moment::exact(frozen.at)) ", " (frozen.items) " items, keys " (digest::chip(&frozen.keys)) }
                    @if let Some(zero) = frozen.zero { dt { "Evidence of zero" } dd { "artifact " (zero) } }
                }
            }
            (items_table("What is asked of each item", &["Attribute", "What must hold", "What counts as a deviation"], attributes.collect()))
        }))
        (block("origin", "Where the list comes from", &html! { @if one.file.is_some() && may_take { a href={ (path) "/file" } download { "the list as it was handed in" } } }, &origin(one.ipe.as_ref(), reading.as_ref())))
        (block("checks", "Completeness and accuracy", &html! { @if may_bring && one.file.is_some() { a href={ (path) "/checks" } { "check it" } } }, &checked(&checks, &names)))
        @if one.frozen.is_some() && one.items > 0 {
            (block("samples", "Samples", &html! { @if may_set_up { a href={ (path) "/samples/new" } { "draw a sample" } } }, &drawn(&samples, &path, &names)))
        }
        (block("items", "Items", &html! { @if may_bring && one.frozen.is_some() && one.items > 0 { a href={ (path) "/results" } { "record results" } } }, &html! {
            @if one.items == 0 { p.muted { @if one.frozen.is_some() { "Nothing happened." } @else { "There is no item." } } } @else { (part.table(&one)) (part.pager(&path, "", &one, "items")) }
        }))
    };
    let mut page = Page::new(Place::Populations, &definition.title, body);
    page.id = format!("Population {key}");
    page.crumbs = vec![("Populations".into(), "/populations".into())];
    asked.frame(&state, &page).await
}

/// What comes next, with the one useful action.
fn next(one: &Population, checks: &[Checked], path: &str, asked: &Asked, samples: usize) -> Markup {
    let (may_bring, may_set_up) = (may(asked, BRING_IN), may(asked, SET_UP));
    let is_checked = one.ipe.as_ref().is_some_and(|ipe| !ipe.completeness.is_empty()) || !checks.is_empty();
    html! {
        @match (&one.file, &one.frozen) {
            (None, None) => div.empty {
                h3 { "It has no list yet" }
                p { "Hand in what the system of record says, whole and with the query that gave it, or read a register of Tickmark. That nothing happened needs evidence of its own." }
                p.row {
                    @if may_bring { a.button.primary href={ (path) "/list" } { "Hand in the list" } }
                    @if may_set_up { a.button href={ (path) "/freeze" } { "Confirm that nothing happened" } }
                }
                @if may_bring {
                    div.row { @for register in population::Register::ALL { (button(&format!("{path}/register?register={}", register.word()), &asked.token, register.title(), "as the list")) } }
                }
            },
            (Some(_), None) => div.empty {
                h3 { @if is_checked { "It can be frozen" } @else { "Its completeness is not checked" } }
                p { "Nothing is selected or tested before the list is frozen, and it is frozen once somebody has looked whether it is complete." }
                p.row {
                    @if may_bring { a.button href={ (path) "/checks" } { "Check it" } }
                    @if may_set_up { a.button.primary href={ (path) "/freeze" } { "Freeze it" } }
                }
            },
            (_, Some(frozen)) if frozen.items > 0 && samples == 0 => div.empty {
                h3 { "Nothing is selected" }
                p { "Test a sample, drawn by somebody who does not own the control, or every item." }
                p.row {
                    @if may_set_up { a.button.primary href={ (path) "/samples/new" } { "Draw a sample" } }
                    @if may_bring { a.button href={ (path) "/results" } { "Record results" } }
                }
            },
            _ => {},
        }
    }
}

/// Where a list comes from, and how it was read.
pub(crate) fn origin(ipe: Option<&Ipe>, reading: Option<&Reading>) -> Markup {
    let Some(ipe) = ipe else { return html! { p.muted { "There is no list." } } };
    let line = |text: &str| html! { @if text.is_empty() { span.muted { "not stated" } } @else { span.lines { (text) } } };
    html! {
        dl.facts {
            dt { "System of record" } dd { (ipe.source) }
            dt { "Report or query" } dd { code.lines { (ipe.query) } }
            dt { "Parameters and filters" } dd { (line(&ipe.parameters)) }
            dt { "Time zone of the list" } dd { (ipe.time_zone) }
            dt { "Run by" } dd { (ipe.run_by) ", " (moment::exact(ipe.run_at)) }
            dt { "Rows in the source" } dd { (ipe.row_count) }
            dt { "Control total" } dd { (line(&ipe.control_total)) }
            dt { "Completeness" } dd { (line(&ipe.completeness)) }
            dt { "Accuracy" } dd { (line(&ipe.accuracy)) }
            @if let Some(reading) = reading {
                dt { "Read as" } dd { (reading.format.title()) }
                @if let Some(mapping) = &reading.mapping { dt { "Columns" } dd { (super::mapping::columns(mapping)) } }
                @if !reading.strata.is_empty() { dt { "Parts" } dd { @for (name, items) in &reading.strata { div { (name) ": " (items) } } } }
                @if let Some(total) = reading.total { dt { "Sum of the amounts" } dd.num { (total) } }
            }
        }
    }
}

/// The checks that were made, with what differed.
pub(crate) fn checked(checks: &[Checked], names: &Names) -> Markup {
    let rows = checks.iter().map(|one| {
        let check = &one.check;
        let explained = is_explained(checks, one.number);
        vec![
            html! { strong { (one.number) ". " (check.done.title()) } span.sub { @match check.done.aspect() { Some(Aspect::Completeness) => "completeness", Some(Aspect::Accuracy) => "accuracy", None => "" } } },
            html! {
                div { (check.done) }
                @for difference in check.differences.iter().take(SHOWN) { div.muted { (difference) } }
                @if check.differing > SHOWN as u64 { div.muted { "and " (check.differing - SHOWN as u64) " more" } }
            },
            html! {
                @match &check.done {
                    Procedure::Unchecked { .. } => (badge(Mark::Unknown, "Not checked")),
                    Procedure::Explained { .. } => (badge(Mark::Waived, "Explained")),
                    _ if check.agrees() => (badge(Mark::Pass, "Agrees")),
                    _ if explained => (badge(Mark::Waived, "Differs, explained")),
                    _ => (badge(Mark::Fail, "Differs")),
                }
            },
            html! { (names.of(one.by)) span.sub { (moment::exact(one.at)) } },
        ]
    });
    html! {
        @if checks.is_empty() { p.muted { "Nobody has checked it here; what was written down with the list stands above." } }
        @else { (plain("Checks", &["Check", "What was found", "Result", "By"], rows.collect())) }
    }
}

fn drawn(samples: &[sampling::SampleView], path: &str, names: &Names) -> Markup {
    let rows = samples.iter().map(|sample| {
        let drawn = &sample.drawn;
        let tested = sample.units.len() as u64 - sample.count(ItemOutcome::NotTested);
        let deviating = sample.count(ItemOutcome::Deviating);
        vec![
            html! { a.primary href={ (path) "/samples/" (drawn.number) } { "Sample " (drawn.number) } span.sub { (drawn.draw.method.word()) } },
            html! { (sample.units.len()) " of " (drawn.draw.items) },
            html! { (tested) " tested" @if deviating > 0 { ", " (deviating) " " (plural(usize::try_from(deviating).unwrap_or(usize::MAX), "deviation", "deviations")) } },
            html! { (names.of(drawn.drawn_by)) span.sub { (moment::exact(drawn.drawn_at)) } },
        ]
    });
    html! {
        @if samples.is_empty() { p.muted { "No sample is drawn." } }
        @else { (plain("Samples", &["Sample", "Units", "Found", "Drawn by"], rows.collect())) }
    }
}

/// The list as it was handed in.
pub(super) async fn file(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Response, Refusal> {
    file_of(&state, &asked, key(&at)?).await
}

/// Sends the list of a population as it came; that it was taken out is recorded.
pub(crate) async fn file_of(
    state: &WebState,
    asked: &Asked,
    key: tickmark_core::id::PopulationKey,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(state)?;
    let (artifact, name) = app
        .read(actor, async |view| {
            let file = population::find(view, key).await?.file;
            let file = file.ok_or_else(|| tickmark_app::Error::not_found("list of population", key))?;
            let artifact = evidence::find(view, ArtifactKey(file.0)).await?;
            let format = population::reading_of(view, key).await?.map(|reading| reading.format);
            Ok((artifact, population::file_name(key, format)))
        })
        .await?;
    let bytes = evidence::read(app, &artifact).await?;
    app.transact(actor, async |cx| population::taken(cx, key).await).await?;
    Ok(taken(&name, BYTES, bytes))
}
