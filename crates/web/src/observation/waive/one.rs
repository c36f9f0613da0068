//! One waiver that was granted: all of it, what it covers, who answers for it, and what became of it.

use axum::extract::{Path, State};
use maud::{Markup, html};
use tickmark_app::comment::About;
use tickmark_app::observation::waiver::{self, Step, Turn, request};
use tickmark_app::observation::{self, Target};
use tickmark_core::Timestamp;
use tickmark_core::id::WaiverKey;
use tickmark_core::identity::Verb;
use tickmark_core::observation::Waiver;
use tickmark_core::observation::waiver::{Scope, State as Stands};

use super::{NAMED, atom, last_day, targets};
use crate::control::Names;
use crate::design::badge::badge;
use crate::design::frame::{Page, Place};
use crate::design::icon::Mark;
use crate::design::table::plain;
use crate::design::{block, moment, segment};
use crate::error::Refusal;
use crate::visit::Asked;
use crate::{WebState, comment};

/// What one page shows.
struct Shown {
    waiver: Waiver,
    request: Option<request::Asked>,
    turns: Vec<Turn>,
    /// The targets that it covers now, as far as they are known.
    covered: Vec<Target>,
    title: Option<String>,
    names: Names,
}

pub(super) async fn page(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let key: i64 = key.parse().map_err(|_| Refusal::NotFound)?;
    let shown = app
        .read(actor, async |view| {
            let waiver = waiver::find(view, WaiverKey(key)).await?;
            let request = request::of_waiver(view, waiver.id).await?;
            let turns = waiver::turns(&waiver, request.as_ref(), view.now);
            let check = observation::checks_in_force(view).await?.remove(&waiver.check);
            let kind = check.as_ref().map(|check| check.definition.target_kind.clone());
            let (all, names) = targets(view).await?;
            let is_covered = |target: &Target| match &waiver.scope {
                Scope::Targets(keys) => keys.contains(&target.key),
                Scope::All => {
                    target.retired_at.is_none()
                        && kind.as_ref().is_some_and(|kind| *kind == target.target.kind)
                }
            };
            let covered = all.into_iter().filter(is_covered).collect();
            let title = check.map(|check| check.definition.title);
            Ok(Shown { waiver, request, turns, covered, title, names })
        })
        .await?;
    let mut page = draw(&shown, &asked);
    let said = comment::part(&state, &asked, &About::Waiver(shown.waiver.id)).await?;
    page.body = html! { (page.body) (said) };
    asked.frame(&state, &page).await
}

fn draw(shown: &Shown, asked: &Asked) -> Page {
    let Shown { waiver, request, turns, covered, title, names } = shown;
    let now = asked.visit.now;
    let stands = waiver.state(now);
    let mark = if stands == Stands::InForce { Mark::Waived } else { Mark::NotApplicable };
    let check = format!("/checks/{}", segment(&waiver.check));
    let body = html! {
        section.card aria-labelledby="what" {
            h2 id="what" { "What is waived" }
            dl.facts {
                dt { "State" } dd { (badge(mark, stands.word())) }
                dt { "Check" } dd { a href=(check) { (title.as_deref().unwrap_or(&waiver.check)) } @if title.is_some() { span.sub.mono { (waiver.check) } } }
                dt { "Why" } dd { (text(&waiver.reason)) }
                dt { "Risk" } dd { (text(&waiver.risk)) }
                dt { "Done instead" } dd { (text(&waiver.compensation)) }
                dt { "From" } dd { (moment::written(waiver.granted_at)) }
                dt { "Last day" } dd { (last_day(waiver.expires_at)) }
                dt { "Asked by" } dd { (names.of(waiver.requested_by)) }
                dt { "Approved by" } dd { (names.of(waiver.approved_by)) @if !waiver.note.is_empty() { span.sub { "Who asked approved it as well: " (waiver.note) } } }
                @if let Some(one) = request { dt { "Request" } dd { a href={ "/waivers/requests/" (one.key) } { "Request " (one.key) } } }
            }
        }
        (block("covers", "What it covers", &covers_note(&waiver.scope, covered.len()), &covers(waiver, covered)))
        (block("turns", "What became of it", &html! {}, &history(turns, names, now)))
    };
    let mut page = Page::new(Place::Waivers, &format!("Waiver {} of {}", waiver.id, waiver.check), body);
    page.lead = html! { "The verdict stays what it is; the waiver stands beside it while it is in force." };
    page.crumbs = vec![("Waivers".into(), "/waivers".into())];
    if stands == Stands::InForce && asked.may(atom(Verb::Approve)) {
        page.actions = html! { a.button href={ "/waivers/" (waiver.id) "/revoke" } { "Take it back" } };
    }
    page
}

/// What somebody wrote; once erased, that it was.
fn text(written: &str) -> Markup {
    html! { @if written.is_empty() { span.muted { "erased" } } @else { (written) } }
}

fn covers_note(scope: &Scope, covered: usize) -> Markup {
    html! {
        @match scope {
            Scope::All => { "all targets, those to come included: now " (covered) },
            Scope::Targets(keys) => { (keys.len()) },
        }
    }
}

fn covers(waiver: &Waiver, covered: &[Target]) -> Markup {
    let rows = covered.iter().take(NAMED).map(|target| {
        vec![
            html! {
                a.primary href={ "/targets/" (target.key) "/checks/" (segment(&waiver.check)) } { (target.target.name) }
                span.sub.mono { (target.target.external_id) }
            },
            html! { (target.target.kind) @if target.retired_at.is_some() { span.sub { "left the scope" } } },
        ]
    });
    html! {
        @if covered.is_empty() { p.block-body.muted { "No target that the check is about is here now." } }
        @else { (plain("What it covers", &["Target", "Kind"], rows.collect())) }
        @if covered.len() > NAMED {
            p.block-body { (covered.len() - NAMED) " more: " a href={ "/checks/" (segment(&waiver.check)) } { "all targets of the check" } }
        }
    }
}

fn history(turns: &[Turn], names: &Names, now: Timestamp) -> Markup {
    let rows = turns.iter().map(|turn| {
        let what = match turn.step {
            Step::Asked => "Asked for",
            Step::Granted => "Approved",
            Step::Revoked => "Taken back",
            Step::Expired => "Its time ran out",
        };
        vec![
            html! { (what) @if !turn.why.is_empty() { span.sub { (turn.why) } } },
            html! { @if let Some(by) = turn.by { (names.of(by)) } },
            html! { span.nowrap title=(moment::ago(turn.at, now).0) { (moment::written(turn.at)) } },
        ]
    });
    plain("What became of it", &["What", "Who", "When"], rows.collect())
}
