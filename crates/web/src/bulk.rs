//! One change of several records: chosen in the table, confirmed on a page of its own; what came of it is said of each.

use axum::extract::{Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use tickmark_app::bulk::{self, Chosen, MANY, Outcome};
use tickmark_app::control::commitment;
use tickmark_app::evidence::item;
use tickmark_app::{Actor, App, Error};
use tickmark_core::conclusion::finding::TEXT_MAX;
use tickmark_core::conclusion::scope::Day;
use tickmark_core::control::commitment::CommitmentKey;
use tickmark_core::control::{ControlId, ControlState};
use tickmark_core::id::{ActorId, ItemKey};
use tickmark_core::identity::{Atom, Resource, Verb};

use crate::control::Names;
use crate::design::form::{Faults, Field, Kind, capital, field, form, hidden, send};
use crate::design::frame::{Page, Place};
use crate::design::table::{PICK, plain};
use crate::design::{plural, segment};
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::list::done::{Deed, Tally, back};
use crate::route::get;
use crate::visit::Asked;
use crate::{Desk, WebState};

/// Most characters of a reason.
const REASON_MAX: usize = 2_000;

/// What can be done to several records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Accept,
    Link,
    Assign,
    Extend,
    Retire,
}

impl What {
    const ALL: [Self; 5] = [Self::Accept, Self::Link, Self::Assign, Self::Extend, Self::Retire];

    fn path(self) -> &'static str {
        match self {
            Self::Accept => "/evidence/items/bulk/accept",
            Self::Link => "/evidence/items/bulk/link",
            Self::Assign => "/findings/bulk/assign",
            Self::Extend => "/findings/bulk/extend",
            Self::Retire => "/commitments/bulk/retire",
        }
    }

    fn of(path: &str) -> Result<Self, Refusal> {
        Self::ALL.into_iter().find(|what| what.path() == path).ok_or(Refusal::NotFound)
    }

    fn button(self) -> &'static str {
        match self {
            Self::Accept => "Accept",
            Self::Link => "Link to a control",
            Self::Assign => "Assign an owner",
            Self::Extend => "Move the due day",
            Self::Retire => "Retire",
        }
    }

    /// The list that they are chosen in: its address, its place, and what its rows are.
    fn list(self) -> (&'static str, Place, (&'static str, &'static str)) {
        match self {
            Self::Accept | Self::Link => ("/evidence/items", Place::Items, ("item", "items")),
            Self::Assign | Self::Extend => ("/findings", Place::Findings, ("finding", "findings")),
            Self::Retire => ("/commitments", Place::Commitments, ("commitment", "commitments")),
        }
    }

    fn says(self) -> &'static str {
        match self {
            Self::Accept => {
                "Each is accepted as the version that is shown here. Nobody accepts what they worked on."
            }
            Self::Link => "They count for this control too.",
            Self::Assign => {
                "They answer for the correction. Day and plan are for those that nobody has taken on; of the others only the owner changes."
            }
            Self::Extend => "Only findings that somebody has taken on have a day. Each extension is counted.",
            Self::Retire => {
                "They are promised to nobody from now on and do not come back. Reports about a period still say what was promised on each day."
            }
        }
    }

    fn deed(self) -> Deed {
        match self {
            Self::Accept => Deed::Accepted,
            Self::Link => Deed::Linked,
            Self::Assign => Deed::Assigned,
            Self::Extend => Deed::Moved,
            Self::Retire => Deed::Retired,
        }
    }

    fn atom(self) -> Atom {
        match self {
            Self::Accept => Atom::new(Resource::Evidence, Verb::Approve),
            Self::Link => Atom::new(Resource::Evidence, Verb::Update),
            Self::Assign | Self::Extend => Atom::new(Resource::Exception, Verb::Update),
            Self::Retire => Atom::new(Resource::Control, Verb::Delete),
        }
    }
}

pub(crate) fn desk_routes() -> Vec<Desk> {
    What::ALL
        .into_iter()
        .map(|what| {
            let path = what.path();
            Desk { path, example: path, looks: true, changes: true, handler: get(page).post(apply) }
        })
        .collect()
}

/// The form that the boxes before the rows of a list belong to; none for whoever may do nothing to several.
pub(crate) fn picks(asked: &Asked, offered: &[What]) -> Option<(&'static str, Markup)> {
    let offered: Vec<What> = offered.iter().copied().filter(|what| asked.may(what.atom())).collect();
    let first = offered.first()?;
    let (_, _, (_, many)) = first.list();
    let bar = html! {
        form.picked id="picks" method="get" action=(first.path()) {
            span { "With the chosen " (many) ":" }
            @for what in &offered { button.button type="submit" formaction=(what.path()) { (what.button()) } }
        }
    };
    Some(("picks", bar))
}

/// A chosen record: as the form sends it, what names it, and what is shown of it.
struct Pick {
    value: String,
    id: String,
    href: String,
    title: String,
    state: String,
}

/// What one page shows.
struct Shown {
    picks: Vec<Pick>,
    names: Names,
    controls: Vec<(String, String)>,
    /// For findings, what rules find.
    found: Vec<Chosen>,
}

fn chosen(given: impl Iterator<Item = String>) -> Result<Vec<String>, Refusal> {
    let mut values: Vec<String> = Vec::new();
    for value in given.take(MANY + 1) {
        if !values.contains(&value) {
            values.push(value);
        }
    }
    if values.len() > MANY { Err(Refusal::Malformed) } else { Ok(values) }
}

/// Reads a number, perhaps with the revision that somebody saw behind a point.
fn numbers(value: &str) -> Result<(i64, Option<i64>), Refusal> {
    let (key, revision) = value.split_once('.').map_or((value, None), |(key, rest)| (key, Some(rest)));
    let read = |text: &str| text.parse::<i64>().map_err(|_| Refusal::Malformed);
    Ok((read(key)?, revision.map(read).transpose()?))
}

async fn load(state: &WebState, asked: &Asked, what: What, values: &[String]) -> Result<Shown, Refusal> {
    let (app, actor) = asked.member(state)?;
    let (picks, found) = match what {
        What::Accept | What::Link => (items(app, actor, values).await?, Vec::new()),
        What::Assign | What::Extend => findings(state, values).await?,
        What::Retire => (commitments(app, actor, values).await?, Vec::new()),
    };
    let (names, controls) = app
        .read(actor, async |view| {
            let controls = if what == What::Link { item::linkable(view).await? } else { Vec::new() };
            Ok((Names::read(view).await?, controls))
        })
        .await?;
    let controls = controls
        .into_iter()
        .filter(|control| control.state() != ControlState::Retired)
        .map(|control| (control.id.to_string(), format!("{}  {}", control.id, control.text.current().title)));
    Ok(Shown { picks, names, controls: controls.collect(), found })
}

async fn items(app: &App, actor: &Actor, values: &[String]) -> Result<Vec<Pick>, Refusal> {
    let mut picks = Vec::new();
    for value in values {
        let (key, revision) = numbers(value)?;
        let one = app.read(actor, async |view| item::find(view, ItemKey(key)).await).await?;
        picks.push(Pick {
            value: format!("{key}.{}", revision.unwrap_or(one.revision)),
            id: format!("E-{key}"),
            href: format!("/evidence/items/{key}"),
            title: one.version.description.title.clone(),
            state: one.state.title().to_owned(),
        });
    }
    Ok(picks)
}

async fn findings(state: &WebState, values: &[String]) -> Result<(Vec<Pick>, Vec<Chosen>), Refusal> {
    let rows = state.source().findings().await?;
    let (mut picks, mut found) = (Vec::new(), Vec::new());
    for value in values {
        let row = rows.iter().find(|row| row.reference == *value);
        picks.push(Pick {
            value: value.clone(),
            id: value.clone(),
            href: format!("/findings/{}", segment(value)),
            title: row.map_or_else(String::new, |row| row.title.clone()),
            state: match row {
                Some(row) if row.taken.is_empty() => "Nobody has taken it on".to_owned(),
                Some(row) => row.taken.clone(),
                None => "Not found any more".to_owned(),
            },
        });
        found.push((value.clone(), row.filter(|row| row.is_found).map(crate::conclusion::proposed)));
    }
    Ok((picks, found))
}

async fn commitments(app: &App, actor: &Actor, values: &[String]) -> Result<Vec<Pick>, Refusal> {
    let mut picks = Vec::new();
    for value in values {
        let key = CommitmentKey(numbers(value)?.0);
        let versions = app.read(actor, async |view| commitment::versions(view, key).await).await?;
        let Some(newest) = versions.last() else { continue };
        picks.push(Pick {
            value: value.clone(),
            id: key.to_string(),
            href: format!("/commitments/{}", key.0),
            title: newest.record.promise.title.clone(),
            state: newest.record.state().plain().to_owned(),
        });
    }
    Ok(picks)
}

/// The page that confirms.
async fn page(
    State(state): State<WebState>,
    uri: Uri,
    Query(pairs): Query<Vec<(String, String)>>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let what = What::of(uri.path())?;
    let values = chosen(pairs.into_iter().filter(|(name, _)| name == PICK).map(|(_, value)| value))?;
    let shown = load(&state, &asked, what, &values).await?;
    asked.frame(&state, &draw(what, &shown, &asked.token, &Sent::default(), &Faults::default())).await
}

/// Does it, and says what came of it.
async fn apply(
    State(state): State<WebState>,
    uri: Uri,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let what = What::of(uri.path())?;
    sent.only(&[PICK, "control", "owner", "due", "plan", "to", "reason"])?;
    let values = chosen(sent.all(PICK).into_iter())?;
    let mut faults = Faults::default();
    let wanted = read(what, &sent, &mut faults);
    let shown = load(&state, &asked, what, &values).await?;
    if let (Some(wanted), true) = (wanted, faults.is_empty()) {
        match done(&state, &asked, &wanted, &values, &shown).await? {
            Ok(outcomes) => {
                let not = outcomes.iter().filter(|one| one.refused.is_some()).count();
                let tally = Tally { deed: what.deed(), done: outcomes.len() - not, not };
                let back = back(&asked, what.list().0, tally);
                if not == 0 {
                    return Ok(go(&back));
                }
                let page = told(what, &outcomes, &shown, &back);
                return Ok((StatusCode::OK, asked.frame(&state, &page).await?).into_response());
            }
            Err(says) => faults = Faults::whole(says),
        }
    }
    let page = draw(what, &shown, &asked.token, &sent, &faults);
    asked.frame_refused(&state, StatusCode::UNPROCESSABLE_ENTITY, &page).await
}

/// What is to be done, read.
enum Wanted {
    Accept,
    Link(ControlId),
    Assign(ActorId, Option<Day>, String),
    Extend(Day, String),
    Retire(String),
}

fn read(what: What, sent: &Sent, faults: &mut Faults) -> Option<Wanted> {
    let reason = sent.text("reason");
    if matches!(what, What::Extend | What::Retire) && reason.is_empty() {
        faults.add("reason", "say why, so that others can follow it");
    }
    if reason.chars().count() > REASON_MAX {
        faults.add("reason", format!("it has more than {REASON_MAX} characters"));
    }
    match what {
        What::Accept => Some(Wanted::Accept),
        What::Link => match sent.text("control").parse() {
            Ok(control) => Some(Wanted::Link(control)),
            Err(_) => {
                faults.add("control", "choose a control");
                None
            }
        },
        What::Assign => {
            let due = match sent.text("due") {
                empty if empty.is_empty() => None,
                text => text.parse().map_err(|_| faults.add("due", "choose a day")).ok(),
            };
            match sent.text("owner").parse() {
                Ok(owner) => Some(Wanted::Assign(owner, due, sent.text("plan"))),
                Err(_) => {
                    faults.add("owner", "choose somebody");
                    None
                }
            }
        }
        What::Extend => match sent.text("to").parse() {
            Ok(to) => Some(Wanted::Extend(to, reason)),
            Err(_) => {
                faults.add("to", "choose a day");
                None
            }
        },
        What::Retire => Some(Wanted::Retire(reason)),
    }
}

/// What came of it for each; or why nothing was done at all.
async fn done(
    state: &WebState,
    asked: &Asked,
    wanted: &Wanted,
    values: &[String],
    shown: &Shown,
) -> Result<Result<Vec<Outcome>, String>, Refusal> {
    let (app, actor) = asked.member(state)?;
    let mut items = Vec::new();
    let mut keys = Vec::new();
    match wanted {
        Wanted::Accept | Wanted::Link(_) => {
            for value in values {
                let (key, revision) = numbers(value)?;
                items.push((ItemKey(key), revision.ok_or(Refusal::Malformed)?));
            }
        }
        Wanted::Retire(_) => {
            for value in values {
                keys.push(CommitmentKey(numbers(value)?.0));
            }
        }
        Wanted::Assign(..) | Wanted::Extend(..) => {}
    }
    let done = match wanted {
        Wanted::Accept => app.transact(actor, async |cx| bulk::accept_evidence(cx, &items).await).await,
        Wanted::Link(control) => {
            app.transact(actor, async |cx| bulk::link_evidence(cx, &items, control).await).await
        }
        Wanted::Assign(owner, due, plan) => {
            let found = &shown.found;
            let with = (*due, plan.as_str());
            app.transact(actor, async |cx| bulk::assign_findings(cx, found, *owner, with).await).await
        }
        Wanted::Extend(to, reason) => {
            app.transact(actor, async |cx| bulk::extend_findings(cx, values, *to, reason).await).await
        }
        Wanted::Retire(reason) => {
            app.transact(actor, async |cx| bulk::retire_commitments(cx, &keys, reason).await).await
        }
    };
    match done {
        Ok(outcomes) => Ok(Ok(outcomes)),
        Err(Error::Conflict(says) | Error::Invalid(says)) => Ok(Err(format!("{says}. Nothing was changed"))),
        Err(error) => Err(error.into()),
    }
}

fn framed(what: What, title: &str, body: Markup) -> Page {
    let (path, place, (_, many)) = what.list();
    let mut page = Page::new(place, title, body);
    let name = if place == Place::Items { "Evidence".to_owned() } else { capital(many) };
    page.crumbs = vec![(name, path.into())];
    page
}

fn draw(what: What, shown: &Shown, token: &str, sent: &Sent, faults: &Faults) -> Page {
    let (path, _, (one, many)) = what.list();
    let count = shown.picks.len();
    let text = |name: &str| sent.text(name);
    let owner = text("owner");
    let rows = shown.picks.iter().map(|pick| {
        vec![
            html! { a.primary href=(pick.href) { (pick.id) } },
            html! { (pick.title) },
            html! { (pick.state) },
        ]
    });
    let fields = html! {
        (faults.summary())
        p { (what.says()) }
        @for pick in &shown.picks { (hidden(PICK, &pick.value)) }
        @match what {
            What::Accept => {}
            What::Link => { (field(&Field { name: "control", label: "Control", kind: Kind::Select(&shown.controls), value: &text("control"), fault: faults.of("control"), ..Field::default() })) }
            What::Assign => {
                (field(&Field { name: "owner", label: "Owner", value: &owner, kind: Kind::Select(&shown.names.options(None, &owner)), fault: faults.of("owner"), ..Field::default() }))
                (field(&Field { name: "due", label: "Due", kind: Kind::Input("date"), value: &text("due"), optional: true, fault: faults.of("due"), hint: "Of those that nobody has taken on.", ..Field::default() }))
                (field(&Field { name: "plan", label: "Plan", kind: Kind::Area(3), value: &text("plan"), max: TEXT_MAX, optional: true, hint: "Of those that nobody has taken on.", ..Field::default() }))
            }
            What::Extend => { (field(&Field { name: "to", label: "New due day", kind: Kind::Input("date"), value: &text("to"), fault: faults.of("to"), ..Field::default() })) }
            What::Retire => {}
        }
        @if matches!(what, What::Extend | What::Retire) {
            (field(&Field { name: "reason", label: "Why", value: &text("reason"), kind: Kind::Area(2), max: REASON_MAX, fault: faults.of("reason"), ..Field::default() }))
        }
        (send(what.button(), path))
    };
    let body = html! {
        @if count == 0 {
            div.empty { h3 { "Nothing is chosen" } p { "Tick the boxes before the " a href=(path) { (many) } ", then choose what to do." } }
        } @else {
            div.narrow.stack {
                (form(what.path(), token, &fields))
                (plain("Chosen", &[one, "Title", "State"], rows.collect()))
            }
        }
    };
    framed(what, &format!("{}: {count} {}", what.button(), plural(count, one, many)), body)
}

/// What was done, and what not, and why; with the way back to the list.
fn told(what: What, outcomes: &[Outcome], shown: &Shown, back: &str) -> Page {
    let (_, _, (one, many)) = what.list();
    let done = outcomes.iter().filter(|outcome| outcome.refused.is_none()).count();
    let rows = outcomes.iter().zip(&shown.picks).map(|(outcome, pick)| {
        vec![
            html! { a.primary href=(pick.href) { (pick.id) } },
            html! { (pick.title) },
            html! { @match &outcome.refused { None => "Done", Some(says) => { (capital(says)) "." } } },
        ]
    });
    let body = html! {
        p role="status" { (done) " of " (outcomes.len()) " " (plural(outcomes.len(), one, many)) " done. Those that were not are as they were." }
        (plain("What came of it", &[one, "Title", "What came of it"], rows.collect()))
        p.row { a.button.primary href=(back) { "Back to the " (many) } }
    };
    framed(what, &format!("{}: {done} done, {} not", what.button(), outcomes.len() - done), body)
}
