//! Waivers in the pages: asked for by one, decided by another, listed with their expiry, taken back.

mod list;
mod one;
mod requests;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use tickmark_app::comment::About;
use tickmark_app::observation::waiver::{self, request};
use tickmark_app::observation::{self, Target};
use tickmark_app::{Actor, App, Error, View};
use tickmark_core::Timestamp;
use tickmark_core::id::{TargetKey, WaiverKey};
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::observation::Waiver;
use tickmark_core::observation::waiver::{MAX_CHARS, Request, Scope};
use tickmark_core::time::DAY_US;

use crate::comment;
use crate::control::Names;
use crate::design::form::{Faults, Field, Kind, field, form, hidden, send};
use crate::design::frame::{Page, Place};
use crate::design::{moment, segment};
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::route::get;
use crate::visit::Asked;
use crate::{Desk, WebState};

pub(crate) use self::list::listed;
pub(crate) use self::requests::listed as listed_requests;

pub(super) fn desk_routes() -> Vec<Desk> {
    let both = |path, example, handler| Desk { path, example, looks: true, changes: true, handler };
    vec![
        Desk { path: "/waivers", example: "/waivers", looks: true, changes: false, handler: get(list::page) },
        Desk {
            path: "/waivers/requests",
            example: "/waivers/requests",
            looks: true,
            changes: false,
            handler: get(requests::page),
        },
        Desk {
            path: "/waivers/{key}",
            example: "/waivers/1",
            looks: true,
            changes: false,
            handler: get(one::page),
        },
        both("/waivers/new", "/waivers/new", get(ask_page).post(ask)),
        both("/waivers/requests/{key}", "/waivers/requests/1", get(request_page).post(decide)),
        both("/waivers/{key}/revoke", "/waivers/1/revoke", get(revoke_page).post(revoke)),
    ]
}

/// Targets that are named with a waiver; the others are counted.
const NAMED: usize = 20;

fn atom(verb: Verb) -> Atom {
    Atom::new(Resource::Exception, verb)
}

/// The button that leads to asking, for whoever may ask.
pub(super) fn button(asked: &Asked, check: &str, target: Option<i64>) -> Markup {
    html! {
        @if asked.may(atom(Verb::Create)) {
            a.button href={ "/waivers/new?check=" (segment(check)) @if let Some(target) = target { "&target=" (target) } } { "Ask for a waiver" }
        }
    }
}

async fn targets(view: &mut View<'_>) -> Result<(Vec<Target>, Names), Error> {
    Ok((observation::targets(view).await?, Names::for_looking(view).await?))
}

fn scope_words(scope: &Scope, targets: &[Target]) -> String {
    match scope {
        Scope::All => "all targets, those to come included".to_owned(),
        Scope::Targets(keys) => {
            let name = |key: &TargetKey| {
                let found = targets.iter().find(|target| target.key == *key);
                found.map_or_else(|| key.to_string(), |target| target.target.name.clone())
            };
            let mut words = keys.iter().take(NAMED).map(name).collect::<Vec<_>>().join(", ");
            if keys.len() > NAMED {
                words.push_str(&format!(" and {} more", keys.len() - NAMED));
            }
            words
        }
    }
}

fn last_day(expires: Timestamp) -> String {
    moment::date(expires.plus_micros(-1))
}

struct Subject {
    title: String,
    failing: Vec<(String, String)>,
}

/// The check, and the targets that it can be waived for.
async fn subject(app: &App, actor: &Actor, check: &str) -> Result<Subject, Refusal> {
    let (mut checks, targets) = app
        .read(actor, async |view| {
            Ok((observation::checks_in_force(view).await?, observation::targets(view).await?))
        })
        .await?;
    let known = checks.remove(check).ok_or(Refusal::NotFound)?;
    let of_kind = targets.iter().filter(|target| target.target.kind == known.definition.target_kind);
    let failing = of_kind.map(|target| (target.key.to_string(), target.target.name.clone())).collect();
    Ok(Subject { title: known.definition.title, failing })
}

async fn ask_page(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let check = asked.query.get("check").ok_or(Refusal::NotFound)?.to_owned();
    let target = asked.query.get("target").unwrap_or_default().to_owned();
    let subject = subject(app, actor, &check).await?;
    let once = app.new_id(asked.visit.now).to_string();
    let typed = Typed { check, targets: vec![target], once, ..Typed::default() };
    asked.frame(&state, &typed.draw(&subject, &asked.token, &Faults::default())).await
}

#[derive(Debug, Default)]
struct Typed {
    check: String,
    targets: Vec<String>,
    all: bool,
    reason: String,
    risk: String,
    compensation: String,
    until: String,
    once: String,
}

impl Typed {
    fn draw(&self, subject: &Subject, token: &str, faults: &Faults) -> Page {
        let area = |name: &'static str, label, value: &str, hint| {
            field(&Field {
                name,
                label,
                value,
                hint,
                kind: Kind::Area(3),
                max: MAX_CHARS,
                fault: faults.of(name),
                ..Field::default()
            })
        };
        let chosen = self.targets.join(" ");
        let body = html! {
            (faults.summary())
            (hidden("check", &self.check)) (hidden("once", &self.once))
            (field(&Field { name: "target", label: "Targets", kind: Kind::Several(&subject.failing), value: &chosen, fault: faults.of("target"), optional: true, ..Field::default() }))
            (field(&Field { name: "all", label: "All targets, those to come included", kind: Kind::Check, value: if self.all { "yes" } else { "" }, ..Field::default() }))
            (area("reason", "Why the check cannot be met", &self.reason, ""))
            (area("risk", "What can happen meanwhile", &self.risk, ""))
            (area("compensation", "What is done instead", &self.compensation, "Or why nothing is."))
            (field(&Field { name: "until", label: "Last day", kind: Kind::Input("date"), value: &self.until, fault: faults.of("until"), hint: "At most a year from now. Afterwards it hides nothing.", ..Field::default() }))
            (send("Ask for it", &format!("/checks/{}", segment(&self.check))))
        };
        let body = html! { div.narrow { (form("/waivers/new", token, &body)) } };
        let mut page = Page::new(Place::Waivers, &format!("Ask for a waiver of {}", subject.title), body);
        page.lead = html! { "Somebody else approves or refuses it. The verdict stays what it is; the waiver stands beside it." };
        page.crumbs = vec![
            ("Waivers".into(), "/waivers".into()),
            (self.check.clone(), format!("/checks/{}", segment(&self.check))),
        ];
        page
    }
}

/// The field that a word of a refusal stands for.
const ABOUT: [(&str, &str); 9] = [
    ("expired already", "until"),
    ("is longer than", "until"),
    ("target", "target"),
    ("its reason", "reason"),
    ("the reason of", "reason"),
    ("its risk", "risk"),
    ("the risk of", "risk"),
    ("its compensation", "compensation"),
    ("the compensation of", "compensation"),
];

async fn ask(State(state): State<WebState>, asked: Asked, sent: Sent) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["check", "once", "target", "all", "reason", "risk", "compensation", "until"])?;
    let typed = Typed {
        check: sent.text("check"),
        targets: sent.all("target"),
        all: sent.text("all") == "yes",
        reason: sent.text("reason"),
        risk: sent.text("risk"),
        compensation: sent.text("compensation"),
        until: sent.text("until"),
        once: sent.text("once"),
    };
    let subject = subject(app, actor, &typed.check).await?;
    let mut faults = Faults::default();
    for (name, text) in
        [("reason", &typed.reason), ("risk", &typed.risk), ("compensation", &typed.compensation)]
    {
        if text.is_empty() {
            faults.add(name, "whoever decides needs to know");
        }
    }
    let until = format!("{}T00:00:00Z", typed.until).parse::<Timestamp>().ok();
    let expires_at = until.map(|day| day.plus_micros(DAY_US));
    if expires_at.is_none() {
        faults.add("until", "choose a day");
    }
    let keys: Result<_, _> = typed.targets.iter().map(|key| key.parse().map(TargetKey)).collect();
    let scope = match keys {
        _ if typed.all => Scope::All,
        Ok(keys) => Scope::Targets(keys),
        Err(_) => return Err(Refusal::Malformed),
    };
    if matches!(&scope, Scope::Targets(keys) if keys.is_empty()) {
        faults.add("target", "choose at least one, or all");
    }
    if let (true, Some(expires_at)) = (faults.is_empty(), expires_at) {
        let wanted = Request {
            check: typed.check.clone(),
            scope,
            reason: typed.reason.clone(),
            risk: typed.risk.clone(),
            compensation: typed.compensation.clone(),
            note: String::new(),
            requested_by: actor.id,
            expires_at,
        };
        match app.transact(actor, async |cx| request::ask(cx, &typed.once, wanted.clone()).await).await {
            Ok(one) => return Ok(go(&format!("/waivers/requests/{}", one.key))),
            Err(Error::Invalid(says) | Error::Conflict(says)) => faults = Faults::about(says, &ABOUT),
            Err(error) => return Err(error.into()),
        }
    }
    let page = typed.draw(&subject, &asked.token, &faults);
    asked
        .frame_refused(&state, StatusCode::UNPROCESSABLE_ENTITY, &page)
        .await
        .map(IntoResponse::into_response)
}

struct Known {
    one: request::Asked,
    targets: Vec<Target>,
    names: Names,
}

async fn known(app: &App, actor: &Actor, key: &str) -> Result<Known, Refusal> {
    let key: i64 = key.parse().map_err(|_| Refusal::NotFound)?;
    Ok(app
        .read(actor, async |view| {
            let one = request::request(view, key).await?;
            let (targets, names) = targets(view).await?;
            Ok(Known { one, targets, names })
        })
        .await?)
}

async fn request_page(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let known = known(app, actor, &key).await?;
    let mut page = draw_request(&known, &asked, actor, "", &Faults::default());
    let said = comment::part(&state, &asked, &About::Request(known.one.key)).await?;
    page.body = html! { (page.body) (said) };
    asked.frame(&state, &page).await
}

async fn decide(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["decision", "reason"])?;
    let known = known(app, actor, &key).await?;
    let (key, reason) = (known.one.key, sent.text("reason"));
    let done = match sent.text("decision").as_str() {
        "approve" => app.transact(actor, async |cx| request::approve(cx, key).await.map(|_| ())).await,
        "refuse" => app.transact(actor, async |cx| request::refuse(cx, key, &reason).await).await,
        _ => return Err(Refusal::Malformed),
    };
    let faults = match done {
        Ok(()) => return Ok(go("/waivers")),
        Err(Error::Invalid(says) | Error::Conflict(says)) => Faults::about(says, &[("say why", "reason")]),
        Err(error) => return Err(error.into()),
    };
    let page = draw_request(&known, &asked, actor, &reason, &faults);
    asked
        .frame_refused(&state, StatusCode::UNPROCESSABLE_ENTITY, &page)
        .await
        .map(IntoResponse::into_response)
}

fn draw_request(known: &Known, asked: &Asked, actor: &Actor, reason: &str, faults: &Faults) -> Page {
    let Known { one, targets, names } = known;
    let wanted = &one.request;
    let buttons = html! {
        (field(&Field { name: "reason", label: "Why not", value: reason, kind: Kind::Area(2), max: MAX_CHARS, optional: true, fault: faults.of("reason"), hint: "Only when you refuse it.", ..Field::default() }))
        p.row {
            button.button.primary type="submit" name="decision" value="approve" { "Approve it" }
            button.button type="submit" name="decision" value="refuse" { "Refuse it" }
        }
    };
    let is_open = one.state == request::RequestState::Open;
    let body = html! {
        div.narrow.stack {
            (faults.summary())
            section.card aria-labelledby="asked" {
                h2 id="asked" { "What is asked for" }
                dl.facts {
                    dt { "Check" } dd { a href={ "/checks/" (segment(&wanted.check)) } { (wanted.check) } }
                    dt { "Targets" } dd { (scope_words(&wanted.scope, targets)) }
                    dt { "Why" } dd { (wanted.reason) }
                    dt { "Risk" } dd { (wanted.risk) }
                    dt { "Done instead" } dd { (wanted.compensation) }
                    dt { "Last day" } dd { (last_day(wanted.expires_at)) }
                    dt { "Asked by" } dd { (names.of(wanted.requested_by)) ", " (moment::written(one.at)) }
                    @if let Some((by, at, why)) = &one.decided {
                        dt { "Decided" } dd { (crate::design::form::capital(one.state.word())) " by " (names.of(*by)) ", " (moment::written(*at)) @if !why.is_empty() { span.sub { (why) } } }
                    }
                    @if let Some(waiver) = one.waiver { dt { "Waiver" } dd { a href={ "/waivers/" (waiver) } { "Waiver " (waiver) } } }
                }
            }
            @if is_open && wanted.requested_by == actor.id { p.problem { "You asked for it, so somebody else decides." } }
            @else if is_open && asked.may(atom(Verb::Approve)) { (form(&format!("/waivers/requests/{}", one.key), &asked.token, &buttons)) }
        }
    };
    let mut page = Page::new(Place::Waivers, &format!("Waiver of {}", wanted.check), body);
    page.crumbs = vec![("Waivers".into(), "/waivers".into())];
    page
}

async fn waiver_of(app: &App, actor: &Actor, key: &str) -> Result<Waiver, Refusal> {
    let key: i64 = key.parse().map_err(|_| Refusal::NotFound)?;
    Ok(app.read(actor, async |view| waiver::find(view, WaiverKey(key)).await).await?)
}

async fn revoke_page(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let one = waiver_of(app, actor, &key).await?;
    asked.frame(&state, &draw_revoke(&one, &asked.token, "", &Faults::default())).await
}

async fn revoke(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["reason"])?;
    let one = waiver_of(app, actor, &key).await?;
    let reason = sent.text("reason");
    let id = one.id;
    let faults = match app.transact(actor, async |cx| waiver::revoke(cx, id, &reason).await).await {
        Ok(_) => return Ok(go(&format!("/waivers/{id}"))),
        Err(Error::Invalid(says) | Error::Conflict(says)) => Faults::about(says, &[("reason", "reason")]),
        Err(error) => return Err(error.into()),
    };
    let page = draw_revoke(&one, &asked.token, &reason, &faults);
    asked
        .frame_refused(&state, StatusCode::UNPROCESSABLE_ENTITY, &page)
        .await
        .map(IntoResponse::into_response)
}

fn draw_revoke(one: &Waiver, token: &str, reason: &str, faults: &Faults) -> Page {
    let body = html! {
        (faults.summary())
        p { "From now on the failure stands alone again. Where the waiver stood until now is still said." }
        (field(&Field { name: "reason", label: "Why", value: reason, kind: Kind::Area(2), max: MAX_CHARS, fault: faults.of("reason"), ..Field::default() }))
        (send("Take it back", &format!("/waivers/{}", one.id)))
    };
    let body = html! { div.narrow { (form(&format!("/waivers/{}/revoke", one.id), token, &body)) } };
    let mut page = Page::new(Place::Waivers, &format!("Take back the waiver of {}", one.check), body);
    page.crumbs = vec![
        ("Waivers".into(), "/waivers".into()),
        (format!("Waiver {}", one.id), format!("/waivers/{}", one.id)),
    ];
    page
}
