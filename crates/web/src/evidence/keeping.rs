//! How long evidence is kept once something took its place, and the legal holds that keep it longer.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::Error;
use tickmark_app::evidence::{self, HOLDING, Hold, HoldScope, KEEPING, RetentionClass};
use tickmark_app::observation::{self, Target};
use tickmark_core::id::{ActorId, ItemKey, TargetKey};

use crate::design::form::{Faults, Field, Kind, button, field, form, hidden, send};
use crate::design::frame::{Page, Place};
use crate::design::table::plain;
use crate::design::{block, moment};
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::{go, name, names};
use crate::permission;
use crate::route::{get, post};
use crate::visit::Asked;
use crate::{Desk, WebState};

const HOME: &str = "/evidence/keeping";
/// Most characters of a reason.
const REASON_CHARS: usize = 2_000;

pub(super) fn desk_routes() -> Vec<Desk> {
    vec![
        Desk { path: HOME, example: HOME, looks: true, changes: true, handler: get(page).post(keep) },
        Desk {
            path: "/evidence/keeping/holds",
            example: "/evidence/keeping/holds",
            looks: false,
            changes: true,
            handler: post(place),
        },
        Desk {
            path: "/evidence/keeping/holds/{key}/release",
            example: "/evidence/keeping/holds/1/release",
            looks: false,
            changes: true,
            handler: post(release),
        },
    ]
}

/// What a class is of.
pub(super) fn class_title(class: &str) -> &'static str {
    match class {
        "document" => "Documents",
        _ => "Evidence",
    }
}

/// What the page shows.
struct Shown {
    classes: Vec<RetentionClass>,
    holds: Vec<Hold>,
    targets: Vec<Target>,
    people: BTreeMap<ActorId, String>,
}

async fn load(state: &WebState, asked: &Asked) -> Result<Shown, Refusal> {
    let (app, actor) = asked.member(state)?;
    Ok(app
        .read(actor, async |view| {
            let (classes, holds) = (evidence::retention_classes(view).await?, evidence::holds(view).await?);
            let involved: Vec<ActorId> =
                holds.iter().flat_map(|hold| [Some(hold.placed_by), hold.released_by]).flatten().collect();
            let people = names(view, involved).await?;
            Ok(Shown { classes, holds, targets: observation::targets(view).await?, people })
        })
        .await?)
}

async fn page(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let shown = load(&state, &asked).await?;
    asked.frame(&state, &draw(&shown, &asked, &Sent::default(), &Faults::default())?).await
}

/// Sets how long a class is kept.
async fn keep(State(state): State<WebState>, asked: Asked, sent: Sent) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["class", "days"])?;
    let class = sent.text("class");
    let done = match sent.text("days").parse::<u32>() {
        Ok(days) => app.transact(actor, async |cx| evidence::set_retention(cx, &class, days).await).await,
        Err(_) => Err(Error::invalid("write whole days")),
    };
    answer(&state, &asked, &sent, done, "days").await
}

/// Places a legal hold: on an item, on all that was seen of a target, or on everything.
async fn place(State(state): State<WebState>, asked: Asked, sent: Sent) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["item", "target", "reason"])?;
    let (item, target, reason) = (sent.text("item"), sent.text("target"), sent.text("reason"));
    let number = |text: &str| text.parse::<i64>().map_err(|_| Refusal::Malformed);
    let scope = match (item.trim_start_matches("E-"), target.as_str()) {
        ("", "") => HoldScope::All,
        (item, "") => match item.parse() {
            Ok(item) => HoldScope::Item(ItemKey(item)),
            Err(_) => {
                let done = Err(Error::invalid(format!("{item:?} is no number of an item")));
                return answer(&state, &asked, &sent, done, "item").await;
            }
        },
        ("", target) => HoldScope::Target(TargetKey(number(target)?)),
        _ => {
            let done = Err(Error::invalid("choose an item or a target, not both"));
            return answer(&state, &asked, &sent, done, "item").await;
        }
    };
    let done = app.transact(actor, async |cx| evidence::place_hold(cx, scope, &reason).await).await;
    match (done, scope) {
        (Ok(_), HoldScope::Item(item)) => Ok(go(&format!("/evidence/items/{item}#holds"))),
        (Err(Error::NotFound { kind, name }), _) => {
            let done = Err(Error::invalid(format!("there is no {kind} {name}")));
            answer(&state, &asked, &sent, done, "item").await
        }
        (done, _) => answer(&state, &asked, &sent, done.map(|_| ()), "reason").await,
    }
}

async fn release(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&[])?;
    let key: i64 = key.parse().map_err(|_| Refusal::NotFound)?;
    let done = app.transact(actor, async |cx| evidence::release_hold(cx, key).await).await;
    answer(&state, &asked, &sent, done, "reason").await
}

async fn answer(
    state: &WebState,
    asked: &Asked,
    sent: &Sent,
    done: Result<(), Error>,
    at: &'static str,
) -> Result<Response, Refusal> {
    let mut faults = Faults::default();
    match done {
        Ok(()) => return Ok(go(HOME)),
        Err(Error::Invalid(says) | Error::Conflict(says)) => faults.add(at, says),
        Err(error) => return Err(error.into()),
    }
    let shown = load(state, asked).await?;
    let page = draw(&shown, asked, sent, &faults)?;
    asked.frame_refused(state, StatusCode::UNPROCESSABLE_ENTITY, &page).await
}

fn draw(shown: &Shown, asked: &Asked, sent: &Sent, faults: &Faults) -> Result<Page, Refusal> {
    let actor = asked.visit.actor.as_deref().ok_or(Refusal::NotFound)?;
    let (may_keep, may_hold) = (permission::may_all(actor, KEEPING), permission::may_all(actor, HOLDING));
    let in_force = shown.holds.iter().filter(|hold| hold.is_in_force()).count();
    let body = html! {
        (faults.summary())
        (block("classes", "How long", &html! { "after something newer took its place" }, &classes(shown, asked, may_keep, sent, faults)))
        (block("holds", "Legal holds", &html! { (in_force) " in force" }, &holds(shown, asked, may_hold)))
        @if may_hold { (block("place", "Place a legal hold", &html! {}, &placing(shown, asked, sent, faults))) }
    };
    let mut page = Page::new(Place::Items, "How long evidence is kept", body);
    page.crumbs = vec![("Evidence".into(), "/evidence/items".into())];
    page.lead =
        html! { "What is newest is always kept. What is under a legal hold is neither erased nor pruned." };
    Ok(page)
}

fn classes(shown: &Shown, asked: &Asked, may_keep: bool, sent: &Sent, faults: &Faults) -> Markup {
    let rows = shown.classes.iter().map(|class| {
        let is_typed = sent.text("class") == class.name;
        let typed = if is_typed { sent.text("days") } else { class.keep_days.to_string() };
        vec![
            html! { span.primary { (class_title(&class.name)) } span.sub { @if class.name == "document" { "made here, or handed in as such" } @else { "what runs read, and what people hand in" } } },
            html! { (class.words()) },
            html! {
                @if may_keep {
                    details.act open[is_typed] { summary { "Change" span.visually-hidden { " " (class_title(&class.name)) } }
                        (form(HOME, &asked.token, &html! {
                            (hidden("class", &class.name))
                            (field(&Field { name: "days", label: "Days", kind: Kind::Input("number"), value: &typed, fault: faults.of("days").filter(|_| is_typed), hint: "Shorter than an auditor asks for is for you to answer. It holds for what is kept already, too.", ..Field::default() }))
                            (send("Keep it", ""))
                        }))
                    }
                }
            },
        ]
    });
    plain("How long", &["What", "Kept for", ""], rows.collect())
}

fn covers(hold: &Hold, targets: &[Target]) -> Markup {
    match hold.scope {
        HoldScope::All => html! { "everything" },
        HoldScope::Artifact(artifact) => html! { "artifact " (artifact.0) },
        HoldScope::Item(item) => {
            html! { a href={ "/evidence/items/" (item) } { "item E-" (item) } ", all its versions" }
        }
        HoldScope::Target(key) => {
            let found = targets.iter().find(|target| target.key == key);
            html! { "what was seen of " a href={ "/targets/" (key) } { (found.map_or_else(|| format!("target {key}"), |one| one.target.name.clone())) } }
        }
    }
}

fn holds(shown: &Shown, asked: &Asked, may_hold: bool) -> Markup {
    if shown.holds.is_empty() {
        return html! { div.empty { h3 { "No legal hold" } p { "Place one as soon as a dispute or an inquiry is expected: pruning and erasure leave what it covers alone." } } };
    }
    let rows = shown.holds.iter().map(|hold| {
        vec![
            html! { span.primary id={ "hold-" (hold.key) } { "Legal hold " (hold.key) } span.sub { (hold.reason) } },
            covers(hold, &shown.targets),
            html! { (name(&shown.people, hold.placed_by)) span.sub { (moment::exact(hold.placed_at)) } },
            html! {
                @if let (Some(by), Some(at)) = (hold.released_by, hold.released_at) { "Released by " (name(&shown.people, by)) span.sub { (moment::exact(at)) } }
                @else if may_hold { (button(&format!("{HOME}/holds/{}/release", hold.key), &asked.token, "Release", &format!("legal hold {}", hold.key))) }
                @else { "In force" }
            },
        ]
    });
    plain("Legal holds", &["Hold", "Covers", "Placed by", "State"], rows.collect())
}

fn placing(shown: &Shown, asked: &Asked, sent: &Sent, faults: &Faults) -> Markup {
    let targets: Vec<(String, String)> = std::iter::once((String::new(), "None".to_owned()))
        .chain(shown.targets.iter().map(|one| (one.key.to_string(), one.target.name.clone())))
        .collect();
    let (item, target, reason) = (sent.text("item"), sent.text("target"), sent.text("reason"));
    html! {
        div.narrow { (form(&format!("{HOME}/holds"), &asked.token, &html! {
            (field(&Field { name: "item", label: "Item", value: &item, optional: true, fault: faults.of("item"), hint: "Its number. The files of all its versions are held, those to come too.", ..Field::default() }))
            (field(&Field { name: "target", label: "Or all that was seen of a target", kind: Kind::Select(&targets), value: &target, ..Field::default() }))
            p.hint { "With neither, everything is held." }
            (field(&Field { name: "reason", label: "Why", kind: Kind::Area(2), value: &reason, max: REASON_CHARS, fault: faults.of("reason"), hint: "Matter, who asked for it. Only people who see all evidence read it.", ..Field::default() }))
            (send("Place it", ""))
        })) }
    }
}
