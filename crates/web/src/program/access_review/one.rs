//! One review: how far it has come, its snapshot, its items, what has to go, how it was done, and its end.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::identity;
use tickmark_app::program::access_review::{self, Decider, Later, Whole};

use tickmark_core::id::ActorId;
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::program::access::Answer;
use tickmark_core::program::access_review::{
    ItemStanding, MAX_TEXT_CHARS, RemovalState, SeatRole, State as Stage, Step,
};
use tickmark_core::report::sheet::{Sheet, SheetCell, csv_line};

use super::super::access::right;
use super::super::population::wrong;
use super::seen::Shown;
use super::{PATH, UPDATE, href, key, may};
use crate::WebState;
use crate::design::form::{Faults, Field, Kind, button, field, form, hidden};
use crate::design::frame::{Page, Place};
use crate::design::{block, plural};
use crate::error::Refusal;
use crate::evidence::taken;
use crate::form::Sent;
use crate::identity::go;
use crate::visit::Asked;

const SIGN: Atom = Atom::new(Resource::AccessReview, Verb::Approve);
const DECIDE: Atom = Atom::new(Resource::AccessDecision, Verb::Approve);

type Labels = BTreeMap<ActorId, String>;

struct Known {
    whole: Whole,
    labels: Arc<Labels>,
    deciders: Vec<Decider>,
    /// What a later list says of the item that is looked at.
    later: Option<Later>,
}

impl Known {
    fn shown(&self) -> Shown<'_> {
        Shown {
            whole: &self.whole,
            labels: &self.labels,
            path: href(self.whole.review.key),
            lists: "/access".to_owned(),
            is_auditors: false,
        }
    }
}

/// The item that is looked at: of the form that was refused, or of the address.
fn item_of(asked: &Asked, sent: &Sent) -> Option<u64> {
    match sent.text("item") {
        empty if empty.is_empty() => asked.query.get("item").and_then(|text| text.parse().ok()),
        text => text.parse().ok(),
    }
}

async fn known(state: &WebState, asked: &Asked, at: &str, sent: &Sent) -> Result<Known, Refusal> {
    let key = key(at)?;
    let (app, actor) = asked.member(state)?;
    let chosen = item_of(asked, sent);
    let known = app
        .read(actor, async |view| {
            let whole = access_review::whole(view, key).await?;
            let chosen = chosen.filter(|number| whole.items.iter().any(|item| item.number == *number));
            let later = match chosen {
                Some(number) => access_review::later(view, &whole, number).await?,
                None => None,
            };
            Ok(Known {
                whole,
                labels: identity::labels(view).await?,
                deciders: access_review::deciders(view).await?,
                later,
            })
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
    let whole = &known.whole;
    let review = &whole.review;
    let path = href(review.key);
    let standing = whole.standing();
    let chosen = item_of(asked, sent).and_then(|number| standing.item(number));
    let is_frozen = review.snapshot.is_some();
    let body = html! {
        (faults.summary())
        (next(known, asked, sent, faults))
        @if let Some(one) = chosen { (about_one(known, one, asked, sent, faults)) }
        (known.shown().about())
        @if is_frozen { (known.shown().items(asked)) }
    };
    let mut page = Page::new(Place::AccessReviews, &review.scope.title, body);
    page.id = review.key.to_string();
    page.crumbs = vec![("Access reviews".into(), PATH.into())];
    let counts = whole.counts();
    let total: usize = counts.values().sum();
    let open = standing.undecided().count();
    if is_frozen {
        page.lead = html! { (total - open) " of " (total) " " (plural(total, "item has", "items have")) " their answer." };
        page.actions = html! {
            @if asked.may(DECIDE) && review.state == Stage::Open { a.button href={ (path) "/decide" } { "Decide" } }
            a.button href={ (path) "/pack/csv" } download { "Record as CSV" }
            a.button href={ (path) "/pack/xlsx" } download { "Record as XLSX" }
            a.button href={ (path) "/pack/zip" } download { "Whole record" }
        };
    }
    page
}

/// What comes next, with the one useful action.
fn next(known: &Known, asked: &Asked, sent: &Sent, faults: &Faults) -> Markup {
    let whole = &known.whole;
    let review = &whole.review;
    let path = href(review.key);
    let (may_run, may_sign) = (may(asked, UPDATE), may(asked, SIGN));
    let step = |step: Step| button(&format!("{path}/{}", step.word()), &asked.token, step.title(), "");
    let note = |label: &str, optional: bool| {
        field(&Field {
            name: "note",
            label,
            kind: Kind::Area(3),
            value: &sent.text("note"),
            max: MAX_TEXT_CHARS,
            optional,
            fault: faults.of("note"),
            ..Field::default()
        })
    };
    let unshown = whole.removals.iter().filter(|removal| !removal.state.is_shown()).count();
    let came_back =
        whole.removals.iter().any(|removal| matches!(removal.state, RemovalState::Reappeared { .. }));
    let says = |title: &str, text: &str, action: Markup| {
        html! { div.empty { h3 { (title) } p { (text) } @if may_run { div.row { (action) } } } }
    };
    match review.state {
        Stage::Draft => says(
            "Its scope is a draft",
            "Once it is confirmed the snapshot can be frozen.",
            step(Step::Confirm),
        ),
        Stage::Scoped => says(
            "Its snapshot is not frozen",
            "The newest list of each system becomes its items. Each list ties out to its source, or it is refused.",
            html! { (step(Step::Freeze)) a.button href="/access" { "Lists of access" } },
        ),
        Stage::Frozen => says(
            "It can be opened",
            "Reviewers decide from then on. The lists are of the last 24 hours.",
            step(Step::Open),
        ),
        Stage::Open => says(
            "Reviewers decide",
            "Deciding ends when each item has its answer, or when the time is over: no answer is never a keep.",
            html! { @if whole.standing().undecided().next().is_none() || review.scope.due_at <= asked.visit.now { (step(Step::Close)) } },
        ),
        Stage::Decided => says(
            "Deciding has ended",
            "What has to go is listed with when it is late.",
            step(Step::Remediate),
        ),
        Stage::Remediating => html! {
            div.empty {
                h3 { @if unshown == 0 { "Everything that had to go is gone" } @else { (unshown) " " (plural(unshown, "removal is", "removals are")) " not shown" } }
                p { "Hand in a later list of each system: what it lacks is gone, as far as it ties out to its source." }
                p { a.button href="/access/new" { "Hand in a list" } }
            }
            @if may_run { div.narrow { (form(&format!("{path}/verify"), &asked.token, &html! {
                (note("What becomes of removals that are not shown", unshown == 0))
                p.row { button.button.primary type="submit" { "Confirm the removals" } }
            })) } }
        },
        Stage::Verified => html! {
            @if came_back { (says("Something that was gone is there again", "Removals are opened again.", step(Step::Reopen))) }
            @if may_sign { div.narrow { (form(&format!("{path}/sign"), &asked.token, &html! {
                (field(&Field { name: "statement", label: "What you say about its completeness", kind: Kind::Area(3), value: &sent.text("statement"), max: MAX_TEXT_CHARS, fault: faults.of("statement"), ..Field::default() }))
                p.muted { "What was late or only partly done stays with it as a deviation." }
                p.row { button.button.primary type="submit" { "Sign off" } }
            })) } }
            @else { div.empty { h3 { "It waits for its sign-off" } } }
        },
        Stage::Signed => says("It is signed off", "Its record stays as it is.", step(Step::Archive)),
        Stage::Archived => html! {},
    }
}

/// One item: what was decided, and what is done about it.
fn about_one(known: &Known, one: &ItemStanding<'_>, asked: &Asked, sent: &Sent, faults: &Faults) -> Markup {
    let review = &known.whole.review;
    let (path, item) = (href(review.key), one.item);
    let people: Vec<(String, String)> =
        known.deciders.iter().map(|one| (one.actor.to_string(), one.name.clone())).collect();
    let answers: Vec<(String, String)> =
        Answer::ALL.iter().map(|one| (one.word().to_owned(), one.title().to_owned())).collect();
    let number = item.number.to_string();
    let may_run = may(asked, UPDATE);
    let open_seat = one.seats.iter().find(|seat| seat.answer().is_none());
    // What was sent and refused stands in its fields again.
    let typed = |name: &str, held: &str| match sent.text(name) {
        empty if empty.is_empty() => held.to_owned(),
        text => text,
    };
    let (used, seen) = one.looked_back.as_ref().map_or(("", ""), |(used, note)| (used.word(), note.as_str()));
    block(
        "item",
        &format!("Item {}", item.number),
        &html! { (item.holding.account) ", " (right(&item.holding)) },
        &html! {
            (known.shown().decisions(one, known.later.as_ref()))
            @if let (true, Some(seat), Stage::Frozen | Stage::Open) = (may_run, open_seat, review.state) {
                (form(&format!("{path}/reassign"), &asked.token, &html! {
                    (hidden("item", &number)) (hidden("seat", seat.seat.role.word()))
                    (field(&Field { name: "to", label: "Who decides instead", kind: Kind::Select(&people), value: &typed("to", ""), ..Field::default() }))
                    (field(&Field { name: "reason", label: "Why it is reassigned", value: &typed("reason", ""), max: MAX_TEXT_CHARS, fault: faults.of("reason"), ..Field::default() }))
                    p.row { button.button type="submit" { "Reassign" } }
                }))
            }
            @if let (true, Some(_)) = (may_run, known.whole.removal(item.number)) {
                (form(&format!("{path}/ticket"), &asked.token, &html! {
                    (hidden("item", &number))
                    (field(&Field { name: "ticket", label: "Ticket of the removal", value: &typed("ticket", one.ticket.as_deref().unwrap_or_default()), max: 200, fault: faults.of("ticket"), ..Field::default() }))
                    p.row { button.button type="submit" { "Keep the ticket" } }
                }))
                (form(&format!("{path}/look-back"), &asked.token, &html! {
                    (hidden("item", &number))
                    (field(&Field { name: "used", label: "Was it used while it should not have been there?", kind: Kind::Select(&answers), value: &typed("used", used), ..Field::default() }))
                    (field(&Field { name: "seen", label: "Where somebody looked, and what they saw", value: &typed("seen", seen), max: MAX_TEXT_CHARS, fault: faults.of("seen"), ..Field::default() }))
                    p.row { button.button type="submit" { "Keep what was seen" } }
                }))
            }
        },
    )
}

/// Takes a step, or does something about one item.
pub(super) async fn act(
    State(state): State<WebState>,
    Path((at, act)): Path<(String, String)>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let key = key(&at)?;
    sent.only(&["note", "item", "seat", "to", "reason", "ticket", "used", "seen"])?;
    let (app, actor) = asked.member(&state)?;
    let text = |name: &str| sent.text(name);
    let item = || text("item").parse::<u64>().map_err(|_| Refusal::Malformed);
    let mut back = href(key);
    let done = match act.as_str() {
        "freeze" => app.transact(actor, async |cx| access_review::freeze(cx, key).await.map(|_| ())).await,
        "reassign" => {
            let (number, to) = (item()?, text("to").parse::<ActorId>().map_err(|_| Refusal::Malformed)?);
            let seat = SeatRole::from_word(&text("seat")).ok_or(Refusal::Malformed)?;
            let note = text("reason");
            back = format!("{back}?item={number}");
            app.transact(actor, async |cx| access_review::reassign(cx, key, (number, seat, to), &note).await)
                .await
        }
        "ticket" => {
            let (number, ticket) = (item()?, text("ticket"));
            back = format!("{back}?item={number}");
            app.transact(actor, async |cx| access_review::ticket(cx, key, number, &ticket).await).await
        }
        "look-back" => {
            let number = item()?;
            let used = Answer::from_word(&text("used")).ok_or(Refusal::Malformed)?;
            let seen = text("seen");
            back = format!("{back}?item={number}");
            app.transact(actor, async |cx| access_review::look_back(cx, key, number, used, &seen).await).await
        }
        word => {
            let step = Step::from_word(word).filter(|step| *step != Step::Sign).ok_or(Refusal::NotFound)?;
            let note = text("note");
            app.transact(actor, async |cx| access_review::step(cx, key, step, &note).await.map(|_| ())).await
        }
    };
    match done {
        Ok(()) => Ok(go(&back)),
        Err(error) => {
            let about: &[(&str, &'static str)] = match act.as_str() {
                "reassign" => &[("a text has", "reason"), ("say why", "reason")],
                "ticket" => &[("a ticket has", "ticket")],
                "look-back" => &[("say where somebody looked", "seen")],
                _ => &[("say what becomes", "note"), ("a text has", "note")],
            };
            again(&state, &asked, &at, &sent, wrong(error, about)?).await
        }
    }
}

async fn again(
    state: &WebState,
    asked: &Asked,
    at: &str,
    sent: &Sent,
    (status, faults): (StatusCode, Faults),
) -> Result<Response, Refusal> {
    let known = known(state, asked, at, sent).await?;
    asked.frame_refused(state, status, &draw(&known, asked, sent, &faults)).await
}

pub(super) async fn sign(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let key = key(&at)?;
    sent.only(&["statement"])?;
    let (app, actor) = asked.member(&state)?;
    let statement = sent.text("statement");
    match app.transact(actor, async |cx| access_review::sign(cx, key, &statement).await).await {
        Ok(_) => Ok(go(&href(key))),
        Err(error) => {
            let about = [("is complete", "statement"), ("a text has", "statement")];
            again(&state, &asked, &at, &sent, wrong(error, &about)?).await
        }
    }
}

/// The record of a review as a file.
pub(super) async fn pack(
    State(state): State<WebState>,
    Path((at, ending)): Path<(String, String)>,
    asked: Asked,
) -> Result<Response, Refusal> {
    let key = key(&at)?;
    let (app, actor) = asked.member(&state)?;
    let name = format!("{key}-{}.{ending}", app.now().date());
    if ending == "zip" {
        let bytes = app.transact(actor, async |cx| access_review::take_archive(cx, key).await).await?;
        return Ok(taken(&name, "application/zip", bytes));
    }
    need_ending(&state, &ending)?;
    let sheet = app.transact(actor, async |cx| access_review::take_pack(cx, key).await).await?;
    sheet_file(&state, &name, sheet).await
}

/// Refuses a kind of file that cannot be made, before anything is recorded as taken.
pub(crate) fn need_ending(state: &WebState, ending: &str) -> Result<(), Refusal> {
    match ending {
        "csv" => Ok(()),
        "xlsx" if state.documents().is_some() => Ok(()),
        _ => Err(Refusal::NotFound),
    }
}

/// A list as a file, of the kind that its name ends in.
pub(crate) async fn sheet_file(state: &WebState, name: &str, sheet: Sheet) -> Result<Response, Refusal> {
    let renderer = state.documents().filter(|_| name.ends_with(".xlsx"));
    let (kind, bytes) = match renderer {
        Some(renderer) => {
            let bytes = state.setting().run(move || renderer.list_xlsx(&sheet)).await?;
            let bytes = bytes.map_err(|error| Refusal::Internal(error.to_string()))?;
            ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", bytes)
        }
        None => {
            let heads: Vec<SheetCell> = sheet.columns.into_iter().map(SheetCell::Text).collect();
            let lines: String = sheet.rows.iter().map(|row| csv_line(row)).collect();
            ("text/csv; charset=utf-8", (csv_line(&heads) + &lines).into_bytes())
        }
    };
    Ok(taken(name, kind, bytes))
}
