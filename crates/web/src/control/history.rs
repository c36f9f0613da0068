//! The history of a control: every version of its record, two of them compared, and the one that held on a day.

use axum::extract::{Path, State};
use maud::{Markup, html};
use tickmark_app::control::{self, ControlVersion};
use tickmark_core::Timestamp;
use tickmark_core::control::{Control, ControlId, ControlState};

use super::fields::{self, Names};
use crate::WebState;
use crate::design::as_of::AsOf;
use crate::design::diff::diff;
use crate::design::frame::{Page, Place};
use crate::design::table::plain;
use crate::design::{block, moment, segment};
use crate::error::Refusal;
use crate::visit::Asked;

/// The page.
pub(super) async fn page(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let id: ControlId = id.parse().map_err(|_| Refusal::NotFound)?;
    let read = app
        .read(actor, async |view| {
            control::edit::see(view, &id).await?;
            Ok((control::versions_of(view, &id).await?, Names::for_looking(view).await?))
        })
        .await?;
    let (versions, names) = read;
    let number = |name: &str, or: usize| {
        let given = asked.query.get(name).and_then(|text| text.parse::<usize>().ok());
        given.filter(|number| (1..=versions.len()).contains(number)).unwrap_or(or)
    };
    let (from, to) = (number("from", versions.len().saturating_sub(1).max(1)), number("to", versions.len()));
    let page = draw(&versions, &names, (from.min(to), from.max(to)), &AsOf::of(&asked.query));
    asked.frame(&state, &page).await
}

fn draw(versions: &[ControlVersion], names: &Names, (from, to): (usize, usize), as_of: &AsOf) -> Page {
    let now = &versions[versions.len() - 1].control;
    let href = format!("/controls/{}", segment(now.id.as_str()));
    // Of one version there is nothing to compare.
    let all = ["Version", "What happened", "From", "Until", "State", "Compare", "with"];
    let heads = if versions.len() > 1 { &all[..] } else { &all[..5] };
    let rows = versions.iter().enumerate().rev().map(|(at, version)| {
        let before = at.checked_sub(1).map(|before| &versions[before].control);
        let number = at + 1;
        let pick = |name: &str, is_chosen: bool| {
            html! { label.choice { input type="radio" name=(name) value=(number) checked[is_chosen] aria-label={ (if name == "from" { "From" } else { "To" }) " version " (number) }; span.on-phone aria-hidden="true" { (name) } } }
        };
        let mut row = vec![
            html! { span.num { (number) } },
            html! { (event(before, &version.control, names)) },
            html! { span.nowrap { (moment::exact(version.held.from)) } },
            html! { @match version.held.to { Some(to) => span.nowrap { (moment::exact(to)) }, None => "holds now" } },
            html! { (version.control.state().word()) },
            pick("from", number == from),
            pick("to", number == to),
        ];
        row.truncate(heads.len());
        row
    });
    let compared = {
        let (a, b) = (&versions[from - 1].control, &versions[to - 1].control);
        fields::compare((&a.content(), &a.assigned()), (&b.content(), &b.assigned()), names)
    };
    let body = html! {
        (as_of.choice(&format!("{href}/history")))
        (as_of.then(|end| then(versions, end, names)))
        form method="get" action={ (href) "/history" } {
            (block("versions", "Versions", &html! { @if versions.len() > 1 { button.button type="submit" { "Compare two" } } }, &plain("Versions", heads, rows.collect())))
        }
        @if versions.len() > 1 {
            (block("compared", &format!("From version {from} to version {to}"), &html! {}, &diff(&compared)))
        }
    };
    let mut page = Page::new(Place::Controls, &format!("History of {}", now.text.current().title), body);
    page.id = now.id.to_string();
    page.lead =
        html! { "Every version of the record is kept: a report about a period uses what held on each day." };
    page.crumbs = vec![("Controls".into(), "/controls".into()), (now.id.to_string(), href)];
    page
}

/// What held at the end of a day.
fn then(versions: &[ControlVersion], end: Timestamp, names: &Names) -> Markup {
    match versions.iter().find(|version| version.held.contains(end)) {
        None => html! { p.muted.block-body { "The control was not written down by then." } },
        Some(version) => {
            let control = &version.control;
            html! {
                dl.facts {
                    dt { "State" } dd { (control.state().word()) ", text version " (control.text.current().version) }
                    @for (label, text) in fields::lines(&control.content(), &control.assigned(), names).iter().filter(|(_, text)| !text.is_empty()) { dt { (label) } dd { (text) } }
                }
            }
        }
    }
}

/// What made a version of the one before.
fn event(before: Option<&Control>, after: &Control, names: &Names) -> Markup {
    let text = after.text.current();
    let Some(before) = before else {
        return html! { @if after.starter.is_some() { "Copied" } @else { "Written" } " by " (names.of(text.by)) span.sub { (text.reason) } };
    };
    let by = |who: Option<&tickmark_core::control::Approval>| {
        who.map(|approval| names.of(approval.by).to_owned()).unwrap_or_default()
    };
    match (before.state(), after.state()) {
        (ControlState::Draft, ControlState::Active) => {
            html! { "Put in force" @if after.approval().is_some() { ", approved by " (by(after.approval())) } }
        }
        (ControlState::Draft | ControlState::Active, ControlState::Retired) => html! {
            "Retired" @if let Some(why) = after.retirement() { " by " (names.of(why.by)) span.sub { (why.reason) } }
        },
        _ => match (before.proposed(), after.proposed()) {
            (_, Some(now)) if before.proposed() != Some(now) => html! {
                "Change proposed by " (names.of(now.by)) span.sub { (now.reason) }
            },
            (Some(was), None) if before.approval() != after.approval() => html! {
                "Change of " (names.of(was.by)) " approved by " (by(after.approval())) span.sub { (was.reason) }
            },
            (Some(was), None) => html! { "Change of " (names.of(was.by)) " declined" },
            _ => {
                let changed = fields::compare(
                    (&before.content(), &before.assigned()),
                    (&after.content(), &after.assigned()),
                    names,
                );
                let labels: Vec<&str> = changed.iter().map(|field| field.label).collect();
                html! { "Changed: " (labels.join(", ").to_lowercase()) @if text.version > before.text.current().version { span.sub { (names.of(text.by)) ": " (text.reason) } } }
            }
        },
    }
}
