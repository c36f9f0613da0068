//! Lists of access, conflicts of duties and reviews of access as an auditor sees them: of the systems of the examination and
//! inside its time, to read, and the record of a review to take out.

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::engagement::fieldwork::access_seen::{self as seen, Looking, Pack};
use tickmark_app::identity;
use tickmark_app::program::access_review;
use tickmark_core::engagement::EngagementKey;
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::program::access::{AccessList, ListKey};
use tickmark_core::program::access_review::{Review, ReviewKey};

use super::evidence::auditor;
use super::{Tabbed, head, href, number, page as framed};
use crate::WebState;
use crate::design::badge::badge;
use crate::design::frame::Page;
use crate::design::icon::Mark;
use crate::design::table::plain;
use crate::design::{block, moment, plural};
use crate::error::Refusal;
use crate::evidence::taken;
use crate::program::access::{about, table, tie_badge};
use crate::program::access_review::{Shown, need_ending, sheet_file, state_badge};
use crate::program::segregation::{Eyes, as_asked, as_of, decided, exception_rows, found, rules, unmapped};
use crate::visit::Asked;

const TAKE: Atom = Atom::new(Resource::AccessReview, Verb::Export);

fn lists_href(key: EngagementKey) -> String {
    format!("{}/evidence/access", href(key))
}

fn review_href(key: EngagementKey, review: ReviewKey) -> String {
    format!("{}/evidence/reviews/{}", href(key), review.0)
}

fn duties_href(key: EngagementKey) -> String {
    format!("{}/evidence/duties", href(key))
}

/// The way back to what is in sight.
fn crumbs(page: &mut Page, key: EngagementKey, is_inner: bool) {
    page.crumbs.push(("Evidence".into(), format!("{}/evidence", href(key))));
    if is_inner {
        page.crumbs.push(("Access".into(), lists_href(key)));
    }
}

pub(super) async fn page(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let key = auditor(&state, &asked, &at).await?;
    let (app, actor) = asked.member(&state)?;
    let (record, lists, reviews) = app
        .read(actor, async |view| {
            Ok((head(view, key).await?.0, seen::lists(view, key).await?, seen::reviews(view, key).await?))
        })
        .await?;
    let body = html! {
        (block("reviews", "Reviews of access", &html! { (reviews.len()) }, &review_rows(&reviews, key)))
        (block("duties", "Segregation of duties", &html! {}, &html! {
            p { "Who holds both duties of a conflict, what mitigates it, and what could not be seen. " a href=(duties_href(key)) { "Look for conflicts of duties" } "." }
        }))
        (block("lists", "Lists of access", &html! { (lists.len()) }, &list_rows(&lists, key)))
    };
    let mut page = framed(&record, &asked, Tabbed::Evidence, "Access", &body);
    page.lead = html! { "Of the systems of this examination, and of its time. Each list and review that you open stands in the audit trail." };
    crumbs(&mut page, key, false);
    asked.frame(&state, &page).await
}

fn review_rows(all: &[Review], key: EngagementKey) -> Markup {
    let rows = all.iter().map(|review| {
        let systems: Vec<&str> = review.scope.systems.iter().map(|system| system.name.as_str()).collect();
        vec![
            html! { a.primary href=(review_href(key, review.key)) { (review.scope.title) } span.sub { span.mono { (review.key) } " " (systems.join(", ")) } },
            html! { @if let Some(snapshot) = &review.snapshot { (moment::date(snapshot.at)) } },
            html! { (moment::date(review.scope.due_at)) },
            html! {
                @match &review.signed {
                    Some(signed) if signed.deviations.is_empty() => (badge(Mark::Pass, "As it should be")),
                    Some(_) => (badge(Mark::Fail, "Deviates")),
                    None => span.muted { "not signed off" },
                }
            },
            state_badge(review),
        ]
    });
    html! {
        @if all.is_empty() { div.empty { h3 { "No review is in sight" } p { "None of a system of this examination was frozen in its time, nor one for a window of it. That is what the control says as well." } } }
        @else { (plain("Reviews of access", &["Review", "As of", "Decisions due", "Result", "State"], rows.collect())) }
    }
}

fn list_rows(all: &[AccessList], key: EngagementKey) -> Markup {
    let rows = all.iter().map(|list| {
        vec![
            html! { a.primary href={ (lists_href(key)) "/" (list.key.0) } { (list.system) } span.sub.mono { (list.key) } },
            moment::exact(list.ipe.run_at),
            html! { span.num { (list.tie_out.rows) } },
            html! { span.num { (list.tie_out.listed) } },
            tie_badge(list.is_complete()),
        ]
    });
    html! {
        @if all.is_empty() { div.empty { h3 { "No list is in sight" } p { "Ask for one: a request of the kind population. Management says which systems a list belongs to." } } }
        @else { (plain("Lists of access", &["System", "Taken", "Rights", "Accounts", "Tie-out"], rows.collect())) }
    }
}

pub(super) async fn list(
    State(state): State<WebState>,
    Path((at, no)): Path<(String, String)>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let key = auditor(&state, &asked, &at).await?;
    let wanted = ListKey(number(&no)?);
    let (app, actor) = asked.member(&state)?;
    // What is recorded first is looked at then.
    app.transact(actor, async |cx| seen::looked_at(cx, key, Looking::List(wanted)).await).await?;
    let (record, (list, rows)) = app
        .read(actor, async |view| Ok((head(view, key).await?.0, seen::list(view, key, wanted).await?)))
        .await?;
    let path = format!("{}/{}", lists_href(key), list.key.0);
    let body = html! {
        (about(&list))
        (table(&list, &rows, path, true).render(&asked.query))
    };
    let mut page = framed(&record, &asked, Tabbed::Evidence, &list.system, &body);
    page.id = list.key.to_string();
    page.lead = html! { "What the roster of employees says of people is not shown. This look stands in the audit trail." };
    crumbs(&mut page, key, true);
    asked.frame(&state, &page).await
}

pub(super) async fn duties(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let key = auditor(&state, &asked, &at).await?;
    let (app, actor) = asked.member(&state)?;
    let wanted = as_asked(&asked);
    app.transact(actor, async |cx| seen::looked_at(cx, key, Looking::Conflicts(wanted)).await).await?;
    let (record, seen, labels) = app
        .read(actor, async |view| {
            let seen = seen::conflicts(view, key, wanted).await?;
            Ok((head(view, key).await?.0, seen, identity::labels(view).await?))
        })
        .await?;
    let now = asked.visit.now;
    let lists = lists_href(key);
    let body = html! {
        (as_of(&duties_href(key), wanted, now))
        @match &seen.report {
            None => div.empty { h3 { "Nobody had decided which duties conflict" } p { "Until then nothing was looked for, so nothing is known of conflicts." } },
            Some(report) => {
                (found(report, Eyes { lists: &lists, may_ask: false, is_auditors: true }, now))
                (block("exceptions", "Exceptions in the time", &html! { (seen.exceptions.len()) }, &exception_rows(&seen.exceptions, &labels, &asked, true)))
                (unmapped(report))
                (block("rules", "Which rights grant which duties", &html! { (report.matrix.matrix.grants.len()) " " (plural(report.matrix.matrix.grants.len(), "rule", "rules")) }, &rules(&report.matrix)))
                (decided(&report.matrix, &labels))
            }
        }
    };
    let mut page = framed(&record, &asked, Tabbed::Evidence, "Segregation of duties", &body);
    page.lead = html! {
        "As it was on " (moment::date(seen.at)) ". "
        @if seen.is_partial { "Systems of other examinations are left out, and what they hide is said to be hidden. " }
        "This look stands in the audit trail."
    };
    crumbs(&mut page, key, true);
    asked.frame(&state, &page).await
}

pub(super) async fn review(
    State(state): State<WebState>,
    Path((at, no)): Path<(String, String)>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let key = auditor(&state, &asked, &at).await?;
    let wanted = access_review::parse(&no).ok_or(Refusal::NotFound)?;
    let (app, actor) = asked.member(&state)?;
    app.transact(actor, async |cx| seen::looked_at(cx, key, Looking::Review(wanted)).await).await?;
    let (record, one, labels) = app
        .read(actor, async |view| {
            let one = seen::review(view, key, wanted).await?;
            Ok((head(view, key).await?.0, one, identity::labels(view).await?))
        })
        .await?;
    let whole = &one.whole;
    let path = review_href(key, wanted);
    let shown =
        Shown { whole, labels: &labels, path: path.clone(), lists: lists_href(key), is_auditors: true };
    let standing = whole.standing();
    let chosen = asked.query.get("item").and_then(|text| text.parse().ok());
    let chosen = chosen.and_then(|number| standing.item(number));
    let body = html! {
        @if let Some(item) = chosen { (block("item", &format!("Item {}", item.item.number), &html! { (item.item.holding.account) }, &shown.decisions(item, None))) }
        (shown.about())
        (shown.items(&asked))
    };
    let mut page = framed(&record, &asked, Tabbed::Evidence, &whole.review.scope.title, &body);
    page.id = whole.review.key.to_string();
    page.lead = html! {
        @if one.hidden > 0 { (one.hidden) " " (plural(usize::try_from(one.hidden).unwrap_or(usize::MAX), "item is", "items are")) " about systems of other examinations and not shown. " }
        "This look stands in the audit trail."
    };
    if asked.may(TAKE) {
        page.actions = html! {
            @for (ending, words) in [("csv", "Record as CSV"), ("xlsx", "Record as XLSX"), ("zip", "Whole record")] {
                @if ending != "xlsx" || state.documents().is_some() { a.button href={ (path) "/pack/" (ending) } download { (words) } }
            }
        };
    }
    crumbs(&mut page, key, true);
    asked.frame(&state, &page).await
}

pub(super) async fn take(
    State(state): State<WebState>,
    Path((at, no, ending)): Path<(String, String, String)>,
    asked: Asked,
) -> Result<Response, Refusal> {
    let key = auditor(&state, &asked, &at).await?;
    let wanted = access_review::parse(&no).ok_or(Refusal::NotFound)?;
    let is_whole = ending == "zip";
    if !is_whole {
        need_ending(&state, &ending)?;
    }
    let (app, actor) = asked.member(&state)?;
    let name = format!("{wanted}-{}.{ending}", app.now().date());
    match app.transact(actor, async |cx| seen::take_pack(cx, key, wanted, is_whole).await).await? {
        Pack::Whole(bytes) => Ok(taken(&name, "application/zip", bytes)),
        Pack::Items(sheet) => sheet_file(&state, &name, sheet).await,
    }
}
