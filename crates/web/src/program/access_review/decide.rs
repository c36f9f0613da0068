//! What of a review is somebody's to decide: one item after the other, many of the lowest tier at once, or somebody else for
//! a time.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::program::access_review::{self, Answer, DecideMany, Later, Own};
use tickmark_app::{Error, identity};
use tickmark_core::evidence::item::day;
use tickmark_core::id::ActorId;
use tickmark_core::program::access_review::{
    Decision, ItemStanding, MAX_TEXT_CHARS, State as Stage, why_keep_needs_reason,
};
use tickmark_core::time::DAY_US;

use super::super::access::{last_used, right};
use super::super::population::wrong;
use super::{beside, href, key, outcome_badge};
use crate::WebState;
use crate::design::badge::badge;
use crate::design::form::{Faults, Field, Kind, field, form, hidden};
use crate::design::frame::{Page, Place};
use crate::design::icon::Mark;
use crate::design::table::plain;
use crate::design::{block, moment, plural};
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::visit::Asked;

const FIELDS: [&str; 11] =
    ["then", "item", "decision", "to", "until", "why", "items", "many", "delegate", "delegate_until", "note"];
/// Items that the page lists.
const SHOWN: usize = 200;

struct Known {
    own: Own,
    labels: Arc<identity::Labels>,
    me: ActorId,
    /// The item that is decided about.
    chosen: Option<u64>,
    /// What a later list says of it.
    later: Option<Later>,
}

/// Loads what is somebody's to decide. `sent` names the item that was tried.
async fn known(state: &WebState, asked: &Asked, at: &str, sent: &Sent) -> Result<Known, Refusal> {
    let key = key(at)?;
    let (app, actor) = asked.member(state)?;
    let (me, now) = (actor.id, asked.visit.now);
    let asked_for: Option<u64> =
        sent.text("item").parse().ok().or_else(|| asked.query.get("item")?.parse().ok());
    let known = app
        .read(actor, async |view| {
            let own = access_review::own(view, key).await?;
            let chosen = asked_for.filter(|number| own.items.contains(number)).or_else(|| {
                let standing = own.whole.standing();
                standing.waiting_for(me, now).next().map(|(one, _)| one.item.number)
            });
            let later = match chosen {
                Some(number) => access_review::later(view, &own.whole, number).await?,
                None => None,
            };
            Ok(Known { own, labels: identity::labels(view).await?, me, chosen, later })
        })
        .await?;
    Ok(known)
}

pub(super) async fn page(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let known = known(&state, &asked, &at, &Sent::default()).await?;
    asked.frame(&state, &draw(&known, &asked, &Sent::default(), &Faults::default())).await
}

fn draw(known: &Known, asked: &Asked, sent: &Sent, faults: &Faults) -> Page {
    let whole = &known.own.whole;
    let review = &whole.review;
    let path = format!("{}/decide", href(review.key));
    let standing = whole.standing();
    let now = asked.visit.now;
    let waiting: Vec<&ItemStanding<'_>> = standing.waiting_for(known.me, now).map(|(one, _)| one).collect();
    let chosen = known.chosen.and_then(|number| standing.item(number));
    let is_open = review.state == Stage::Open;
    let bulk: Vec<(String, String)> = waiting
        .iter()
        .filter(|one| one.item.holding.tier.is_low() && why_keep_needs_reason(one.item).is_none())
        .take(SHOWN)
        .map(|one| {
            let holding = &one.item.holding;
            let right = holding.entitlement.as_deref().unwrap_or("unknown");
            (one.item.number.to_string(), format!("{}, {right} in {}", holding.account, one.item.system))
        })
        .collect();
    let rows = known.own.items.iter().take(SHOWN).filter_map(|number| {
        let one = standing.item(*number)?;
        let holding = &one.item.holding;
        let flags: Vec<&str> = one.item.flags.iter().map(|flag| flag.title()).collect();
        Some(vec![
            html! { a.primary href={ (path) "?item=" (number) } { (holding.account) } span.sub { (one.item.system) } },
            html! { (right(holding)) span.sub { "tier " (holding.tier.word()) } },
            last_used(holding.last_used),
            html! { (flags.join(", ")) },
            outcome_badge(one.outcome()),
        ])
    });
    let body = html! {
        (faults.summary())
        @if !is_open { div.empty { h3 { "Nothing is decided now" } p { "Decisions are made while the review is open. It is: " (review.state.title().to_lowercase()) "." } } }
        @if let (true, Some(one)) = (is_open, chosen) { (one_item(known, one, asked, sent, faults, &path)) }
        @if is_open && !bulk.is_empty() {
            (block("bulk", "Many of the lowest tier at once", &html! { "each is marked as decided in bulk" }, &form(&path, &asked.token, &html! {
                (hidden("then", "bulk"))
                (field(&Field { name: "items", label: "Rights", kind: Kind::Several(&bulk), value: &sent.all("items").join(" "), fault: faults.of("items"), ..Field::default() }))
                (field(&Field { name: "many", label: "Decision about each", kind: Kind::Select(&[("keep".to_owned(), "Keep".to_owned()), ("revoke".to_owned(), "Revoke".to_owned())]), value: &sent.text("many"), ..Field::default() }))
                p.row { button.button type="submit" { "Decide about these" } }
            })))
        }
        (block("items", "Yours to decide", &html! { (waiting.len()) " without your answer" }, &plain("Items", &["Account", "Right", "Last use", "Flags", "Decision"], rows.collect())))
        @if is_open { (block("delegate", "Somebody else for a time", &html! { "in writing, and never about themselves" }, &delegate(known, asked, sent, faults, &path))) }
    };
    let mut page = Page::new(Place::AccessReviews, &review.scope.title, body);
    page.id = review.key.to_string();
    page.lead = html! {
        @if waiting.is_empty() { "Nothing waits for you here." }
        @else { (waiting.len()) " " (plural(waiting.len(), "item waits", "items wait")) " for you until " (moment::exact(review.scope.due_at)) "." }
    };
    page
}

fn one_item(
    known: &Known,
    one: &ItemStanding<'_>,
    asked: &Asked,
    sent: &Sent,
    faults: &Faults,
    path: &str,
) -> Markup {
    let (item, holding) = (one.item, &one.item.holding);
    let words = [
        ("", "Choose"),
        ("keep", "Keep"),
        ("reduce", "Reduce to a smaller right"),
        ("revoke", "Revoke"),
        ("not_mine", "Not mine to decide"),
        ("exception", "Exception until a day"),
    ];
    let choices: Vec<(String, String)> =
        words.iter().map(|(word, title)| ((*word).to_owned(), (*title).to_owned())).collect();
    let odd = why_keep_needs_reason(item);
    let hint = odd.map_or(String::new(), |what| format!("To keep it needs a reason: {what}."));
    let text = |name: &str| sent.text(name);
    let others = known.own.whole.standing();
    let others: Vec<&ItemStanding<'_>> = others
        .items
        .iter()
        .filter(|other| other.item.holding.account == holding.account && other.item.number != item.number)
        .collect();
    block(
        "decide",
        &format!("Item {}", item.number),
        &outcome_badge(one.outcome()),
        &html! {
            dl.facts {
                dt { "Account" } dd { strong { (holding.account) } " in " (item.system) ", " (holding.kind.title()) }
                dt { "Whose" } dd { (holding.person.as_deref().or(holding.owner.as_deref()).unwrap_or("nobody known")) ", " (holding.employment.title()) }
                dt { "Right" } dd { (right(holding)) ", " (holding.tier.title()) }
                dt { "Last use" } dd { (last_used(holding.last_used)) }
                dt { "Flags" } dd { @if item.flags.is_empty() { span.muted { "none" } } @for flag in &item.flags { (badge(Mark::Unknown, flag.title())) " " } }
                (beside::lines(&known.own.whole.review, item, known.later.as_ref(), true))
                @if !others.is_empty() { dt { "Also has" } dd { @for (at, other) in others.iter().take(8).enumerate() { @if at > 0 { ", " } (right(&other.item.holding)) " in " (other.item.system) } } }
            }
            (form(path, &asked.token, &html! {
                (hidden("then", "one")) (hidden("item", &item.number.to_string()))
                (field(&Field { name: "decision", label: "Decision", kind: Kind::Select(&choices), value: &text("decision"), fault: faults.of("decision"), ..Field::default() }))
                (field(&Field { name: "why", label: "Why", kind: Kind::Area(2), value: &text("why"), max: MAX_TEXT_CHARS, optional: odd.is_none(), hint: &hint, fault: faults.of("why"), ..Field::default() }))
                div.fields {
                    (field(&Field { name: "to", label: "Smaller right", value: &text("to"), max: 200, optional: true, hint: "Where it is reduced.", fault: faults.of("to"), ..Field::default() }))
                    (field(&Field { name: "until", label: "Last day", kind: Kind::Input("date"), value: &text("until"), optional: true, hint: "Of an exception.", fault: faults.of("until"), ..Field::default() }))
                }
                p.row { button.button.primary type="submit" { "Decide" } }
            }))
        },
    )
}

fn delegate(known: &Known, asked: &Asked, sent: &Sent, faults: &Faults, path: &str) -> Markup {
    let review = &known.own.whole.review;
    let name = |who: &ActorId| known.labels.get(who).cloned().unwrap_or_default();
    let mut people: Vec<(String, String)> = review
        .scope
        .systems
        .iter()
        .map(|system| system.owner)
        .chain([review.scope.stand_in, review.scope.second_stand_in])
        .chain(known.own.whole.items.iter().flat_map(|item| item.seats.iter().map(|seat| seat.reviewer)))
        .filter(|who| *who != known.me)
        .map(|who| (who.to_string(), name(&who)))
        .collect();
    people.sort_by(|a, b| (&a.1, &a.0).cmp(&(&b.1, &b.0)));
    people.dedup();
    let standing = known.own.whole.standing();
    let given = standing.delegations.iter().filter(|(_, one)| one.from == known.me);
    let rows: Vec<Vec<Markup>> = given
        .map(|(_, one)| {
            vec![
                html! { (name(&one.to)) },
                html! { "until " (moment::exact(one.until)) },
                html! { (one.note) },
            ]
        })
        .collect();
    let text = |name: &str| sent.text(name);
    html! {
        @if !rows.is_empty() { (plain("Delegations", &["Who", "Until", "Why"], rows)) }
        @if people.is_empty() { p.muted { "Nobody else decides in this review." } }
        @else {
            (form(path, &asked.token, &html! {
                (hidden("then", "delegate"))
                (field(&Field { name: "delegate", id: "delegate-to", label: "Who decides for you", kind: Kind::Select(&people), value: &text("delegate"), fault: faults.of("delegate"), ..Field::default() }))
                (field(&Field { name: "delegate_until", label: "Last day for them", kind: Kind::Input("date"), value: &text("delegate_until"), fault: faults.of("delegate_until"), ..Field::default() }))
                (field(&Field { name: "note", label: "Why they decide", value: &text("note"), max: MAX_TEXT_CHARS, fault: faults.of("note"), ..Field::default() }))
                p.row { button.button type="submit" { "Let them decide" } }
            }))
        }
    }
}

fn decision(sent: &Sent, word: &str, faults: &mut Faults) -> Option<Decision> {
    Some(match word {
        "keep" => Decision::Keep,
        "revoke" => Decision::Revoke,
        "not_mine" => Decision::NotMine,
        "reduce" => {
            let to = sent.text("to");
            if to.is_empty() {
                faults.add("to", "say which smaller right takes its place");
                return None;
            }
            Decision::Reduce { to }
        }
        "exception" => match day(&sent.text("until")) {
            Ok(last) => Decision::Exception { until: last.plus_micros(DAY_US) },
            Err(error) => {
                faults.add("until", error);
                return None;
            }
        },
        _ => {
            faults.add("decision", "choose one");
            return None;
        }
    })
}

/// The field that a word of a refusal stands for, in the form that does this.
fn about(then: &str) -> &'static [(&'static str, &'static str)] {
    match then {
        "one" => &[
            ("say why", "why"),
            ("smaller right", "to"),
            ("an exception ends", "until"),
            ("a text has", "why"),
        ],
        "bulk" => &[("choose at least one", "items"), ("decided by itself", "items")],
        _ => &[("a text has", "note")],
    }
}

pub(super) async fn decide(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let key = key(&at)?;
    sent.only(&FIELDS)?;
    let (app, actor) = asked.member(&state)?;
    let (mut faults, mut status) = (Faults::default(), StatusCode::UNPROCESSABLE_ENTITY);
    let why = sent.text("why");
    let done: Option<Result<(), Error>> = match sent.text("then").as_str() {
        "one" => {
            let item = sent.text("item").parse::<u64>().map_err(|_| Refusal::Malformed)?;
            match decision(&sent, &sent.text("decision"), &mut faults) {
                None => None,
                Some(decision) => {
                    let answer = Answer { item, decision, why };
                    let work = app.transact(actor, async |cx| {
                        access_review::decide(cx, key, answer.clone()).await.map(|_| ())
                    });
                    Some(work.await)
                }
            }
        }
        "bulk" => {
            let items: Vec<u64> = sent.all("items").iter().filter_map(|text| text.parse().ok()).collect();
            if items.is_empty() {
                faults.add("items", "choose at least one");
            }
            match decision(&sent, &sent.text("many"), &mut faults).filter(|_| !items.is_empty()) {
                None => None,
                Some(decision) => {
                    let many = DecideMany { items, decision, why: String::new() };
                    let work = app.transact(actor, async |cx| {
                        access_review::decide_many(cx, key, many.clone()).await.map(|_| ())
                    });
                    Some(work.await)
                }
            }
        }
        "delegate" => {
            let to = sent.text("delegate").parse::<ActorId>().map_err(|_| Refusal::Malformed)?;
            let note = sent.text("note");
            match day(&sent.text("delegate_until")) {
                Err(error) => {
                    faults.add("delegate_until", error);
                    None
                }
                Ok(last) => {
                    let until = last.plus_micros(DAY_US);
                    let work = app.transact(actor, async |cx| {
                        access_review::delegate(cx, key, to, until, &note).await.map(|_| ())
                    });
                    Some(work.await)
                }
            }
        }
        _ => return Err(Refusal::Malformed),
    };
    match done {
        Some(Ok(())) => return Ok(go(&format!("{}/decide", href(key)))),
        Some(Err(error)) => (status, faults) = wrong(error, about(&sent.text("then")))?,
        None => {}
    }
    let known = known(&state, &asked, &at, &sent).await?;
    asked.frame_refused(&state, status, &draw(&known, &asked, &sent, &faults)).await
}
