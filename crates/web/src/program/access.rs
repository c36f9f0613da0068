//! Lists of access: who holds which right in one system at one moment, handed in with where they came from and what ties
//! them to their source.

use std::collections::BTreeSet;

use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::Error;
use tickmark_app::identity::{self, System};
use tickmark_app::program::access::{self, NewList};
use tickmark_app::program::population::{List, MAX_LIST_BYTES};
use tickmark_core::id::SystemId;
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::program::access::{
    AccessList, Columns, Exclusion, FIELDS, Given, Holding, LastUse, MAX_NAME_CHARS, Place as Placed, fold,
};
use tickmark_core::program::population::{DateOrder, MAX_COLUMN_CHARS};

use super::population::{self, ABOUT_LIST, ORIGIN, accepted, origin, origin_fields, read_origin, says};
use crate::design::badge::badge;
use crate::design::form::{Faults, Field, FilesField, Kind, button, field, files, form, form_with_files};
use crate::design::frame::{Page, Place};
use crate::design::icon::Mark;
use crate::design::table::{Cell, Column, Filter, Phone, Row, Table, items as items_table, plain};
use crate::design::{block, digest, moment};
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::route::{get, post};
use crate::upload::{KEPT, KeptFiles, SentFiles, drop_kept};
use crate::visit::Asked;
use crate::{Desk, WebState};

const SET_UP: Atom = Atom::new(Resource::AccessReview, Verb::Create);

pub(super) fn desk_routes() -> Vec<Desk> {
    vec![
        Desk { path: "/access", example: "/access", looks: true, changes: false, handler: get(page) },
        Desk {
            path: "/access/new",
            example: "/access/new",
            looks: true,
            changes: true,
            handler: get(new_page).post(hand_in).layer(DefaultBodyLimit::disable()),
        },
        Desk {
            path: "/access/own",
            example: "/access/own",
            looks: false,
            changes: true,
            handler: post(hand_in_own),
        },
        Desk { path: "/access/{key}", example: "/access/1", looks: true, changes: false, handler: get(one) },
        Desk {
            path: "/access/{key}/place",
            example: "/access/1/place",
            looks: false,
            changes: true,
            handler: post(place),
        },
    ]
}

/// Whether a list ties out to its source, as a badge.
pub(crate) fn tie_badge(agrees: bool) -> Markup {
    if agrees { badge(Mark::Pass, "Ties out") } else { badge(Mark::Fail, "Does not tie out") }
}

async fn page(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let all = app.read(actor, async |view| access::lists(view).await).await?;
    let may_add = crate::permission::may_all(actor, SET_UP);
    let rows = all.iter().map(|list| {
        vec![
            html! { a.primary href={ "/access/" (list.key.0) } { (list.system) } span.sub.mono { (list.key) } },
            moment::exact(list.ipe.run_at),
            html! { span.num { (list.tie_out.rows) } },
            html! { span.num { (list.tie_out.listed) } },
            tie_badge(list.is_complete()),
        ]
    });
    let body = html! {
        @if all.is_empty() {
            div.empty {
                h3 { "There is no list yet" }
                p { "A list says who holds which right in one system at one moment. Reviews of access and the search for conflicts of duties begin with it." }
                @if may_add { p { a.button.primary href="/access/new" { "Hand in the first" } } }
            }
        } @else {
            (plain("Lists of access", &["System", "Taken", "Rights", "Accounts", "Tie-out"], rows.collect()))
        }
    };
    let mut page = Page::new(Place::AccessLists, "Lists of access", body);
    page.lead = html! { "Who holds which right where, as each system says it." };
    if may_add {
        page.actions = html! {
            a.button href="/access/new" { "Hand in a list" }
            (button("/access/own", &asked.token, "List the accounts of Tickmark", ""))
        };
    }
    asked.frame(&state, &page).await
}

/// What ties a list to its source, and where it comes from.
pub(crate) fn about(list: &AccessList) -> Markup {
    let exclusions = list.exclusions.iter().map(|one| vec![html! { (one.account) }, html! { (one.reason) }]);
    html! {
        (block("tie-out", "What ties it to its source", &tie_badge(list.is_complete()), &html! {
            dl.facts {
                dt { "Accounts in the source" } dd.num { (list.tie_out.in_source) }
                dt { "Accounts in the list" } dd.num { (list.tie_out.listed) }
                dt { "Left out by name" } dd.num { (list.tie_out.excluded) }
                dt { "Rows in the source" } dd.num { (list.tie_out.rows_in_source) }
                dt { "Rows in the list" } dd.num { (list.tie_out.rows) }
                dt { "Digest of its rights" } dd { (digest::chip(&list.keys)) }
            }
            @if !list.exclusions.is_empty() { (items_table("Accounts left out", &["Account", "Why"], exclusions.collect())) }
        }))
        (block("origin", "Where it comes from", &html! { (moment::exact(list.ipe.run_at)) }, &origin(Some(&list.ipe), None)))
    }
}

/// The systems there are, and what was said of the system of a list.
struct Known {
    systems: Vec<System>,
    place: Option<Placed>,
}

/// Which systems (boundaries) the system of a list belongs to.
fn placing(list: &AccessList, known: &Known, token: &str, may_place: bool) -> Markup {
    let is_in =
        |system: &System| known.place.as_ref().is_some_and(|place| place.systems.contains(&system.id));
    let names: Vec<&str> =
        known.systems.iter().filter(|system| is_in(system)).map(|system| system.name.as_str()).collect();
    html! {
        @match &known.place {
            None => p.muted { "Nobody has said it of " (list.system) ". Only auditors of a report on every system there is see its lists." },
            Some(_) if names.is_empty() => p { (list.system) " belongs to no system that a report is about." },
            Some(_) => p { (list.system) " belongs to " (names.join(", ")) "." },
        }
        @if may_place {
            (form(&format!("/access/{}/place", list.key.0), token, &html! {
                fieldset.field {
                    legend { "Systems that reports are about" }
                    div.choices {
                        @for system in &known.systems {
                            label.choice { input type="checkbox" name="systems" value=(system.id) checked[is_in(system)]; span { (system.name) } }
                        }
                    }
                }
                p.row { button.button type="submit" { "Keep" } }
            }))
        }
    }
}

async fn one(State(state): State<WebState>, Path(at): Path<String>, asked: Asked) -> Result<Markup, Refusal> {
    let page = drawn(&state, &at, &asked, &Faults::default()).await?;
    asked.frame(&state, &page).await
}

async fn drawn(state: &WebState, at: &str, asked: &Asked, faults: &Faults) -> Result<Page, Refusal> {
    let key = access::parse(at).ok_or(Refusal::NotFound)?;
    let (app, actor) = asked.member(state)?;
    let (list, holdings, known) = app
        .read(actor, async |view| {
            let list = access::find(view, key).await?;
            let place = access::places(view).await?.remove(&fold(&list.system));
            let known = Known { systems: identity::systems(view).await?, place };
            Ok((list, access::holdings(view, key).await?, known))
        })
        .await?;
    let may_place = crate::permission::may_all(actor, SET_UP);
    let body = html! {
        (faults.summary())
        (about(&list))
        (block("place", "Which systems it belongs to", &html! { "auditors of a report on them see it" }, &placing(&list, &known, &asked.token, may_place)))
        (table(&list, &holdings, format!("/access/{}", list.key.0), false).render(&asked.query))
    };
    let mut page = Page::new(Place::AccessLists, &list.system, body);
    page.id = list.key.to_string();
    page.crumbs = vec![("Lists of access".into(), "/access".into())];
    Ok(page)
}

/// Lists the accounts of this program itself: it is in scope of reviews as any system is.
async fn hand_in_own(State(state): State<WebState>, asked: Asked, sent: Sent) -> Result<Response, Refusal> {
    sent.only(&[])?;
    let (app, actor) = asked.member(&state)?;
    let kept = app.transact(actor, async |cx| access::hand_in_own(cx).await).await?;
    Ok(go(&format!("/access/{}", kept.key.0)))
}

async fn place(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let key = access::parse(&at).ok_or(Refusal::NotFound)?;
    sent.only(&["systems"])?;
    let (app, actor) = asked.member(&state)?;
    let ids = sent.all("systems");
    let systems = ids.iter().map(|id| id.parse()).collect::<Result<BTreeSet<SystemId>, _>>();
    let systems = systems.map_err(|_| Refusal::Malformed)?;
    let placed = app
        .transact(actor, async |cx| {
            let list = access::find(cx, key).await?;
            access::place(cx, &list.system, systems.clone()).await
        })
        .await;
    match placed {
        Ok(_) => Ok(go(&format!("/access/{}", key.0))),
        Err(error) => {
            let (status, faults) = population::wrong(error, &[])?;
            let page = drawn(&state, &at, &asked, &faults).await?;
            asked.frame_refused(&state, status, &page).await
        }
    }
}

pub(super) fn last_used(of: LastUse) -> Markup {
    match of {
        LastUse::Unknown => html! { span.muted { "unknown" } },
        LastUse::Never => html! { "never" },
        LastUse::At(at) => html! { (moment::date(at)) },
    }
}

pub(super) fn right(holding: &Holding) -> Markup {
    match &holding.entitlement {
        Some(right) => html! { (right) },
        None => html! { (badge(Mark::Unknown, "Unknown")) },
    }
}

/// What the roster says; those outside are told that they are not shown it, which is not the same as unknown.
fn status(holding: &Holding, is_masked: bool) -> &str {
    if is_masked { "not shown" } else { holding.employment.title() }
}

pub(crate) fn table(list: &AccessList, holdings: &[Holding], path: String, is_masked: bool) -> Table {
    let rows = holdings.iter().map(|holding| {
        let given = match &holding.given {
            Given::Unknown => "unknown".to_owned(),
            Given::Direct => "directly".to_owned(),
            Given::By(role) => role.clone(),
        };
        let who = holding.person.as_deref().or(holding.owner.as_deref()).unwrap_or("nobody known");
        let right_text = holding.entitlement.as_deref().unwrap_or("unknown");
        Row {
            cells: vec![
                Cell::by_text(html! { strong { (holding.account) } span.sub { (who) @if let Some(job) = &holding.job { ", " (job) } } }, &holding.account),
                Cell::by_text(right(holding), right_text),
                Cell::text(holding.tier.word()),
                Cell::text(holding.kind.title()),
                Cell::by_text(last_used(holding.last_used), &format!("{:?}", holding.last_used)),
                Cell::text(holding.mfa.title()),
                Cell::text(status(holding, is_masked)),
                Cell::text(&given),
            ],
            find: format!("{} {who} {right_text} {given}", holding.account),
            facets: vec![("tier", holding.tier.word().to_owned()), ("kind", holding.kind.word().to_owned())],
        }
    });
    Table {
        id: "holdings".into(),
        path,
        noun: ("right", "rights"),
        counted: None,
        columns: vec![
            Column::text("account", "Account", Phone::Title),
            Column::text("right", "Right", Phone::Line),
            Column::text("tier", "Tier", Phone::Line),
            Column::text("kind", "Kind", Phone::Wide),
            Column::text("used", "Last use", Phone::Line),
            Column::text("mfa", "Second factor", Phone::Wide),
            Column::text("status", "Status", Phone::Line),
            Column::text("given", "Given", Phone::Wide),
        ],
        filters: vec![
            Filter {
                key: "tier",
                label: "Tier",
                options: tickmark_core::program::access::Tier::ALL
                    .iter()
                    .map(|tier| (tier.word().to_owned(), tier.title().to_owned()))
                    .collect(),
                shown: true,
            },
            Filter {
                key: "kind",
                label: "Kind of account",
                options: tickmark_core::program::access::AccountKind::ALL
                    .iter()
                    .map(|kind| (kind.word().to_owned(), kind.title().to_owned()))
                    .collect(),
                shown: true,
            },
        ],
        rows: rows.collect(),
        empty: html! { div.empty { p { "The list " (list.key) " has no row." } } },
    }
}

fn column_name(field: &str) -> String {
    format!("column_{field}")
}

async fn new_page(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let system = asked.query.get("system").unwrap_or_default().to_owned();
    let lists = app.read(actor, async |view| access::lists(view).await).await.or_else(none_seen)?;
    // What was said of the last list of the system is said of the next.
    let last = lists.iter().find(|list| fold(&list.system) == fold(&system));
    let mut pairs = vec![
        ("system".to_owned(), system),
        ("time_zone".to_owned(), last.map_or("UTC".to_owned(), |list| list.ipe.time_zone.clone())),
        ("run_on".to_owned(), asked.visit.now.date()),
    ];
    if let Some(list) = last {
        pairs.push(("source".to_owned(), list.ipe.source.clone()));
        pairs.push(("query".to_owned(), list.ipe.query.clone()));
        pairs.push(("parameters".to_owned(), list.ipe.parameters.clone()));
        pairs.push(("dates".to_owned(), list.columns.dates.word().to_owned()));
        for (name, column) in &list.columns.named {
            pairs.push((column_name(name), column.clone()));
        }
    }
    let page = draw(&state, &asked.token, &Sent::of(pairs), &Faults::default(), &KeptFiles::default());
    asked.frame(&state, &page).await
}

fn none_seen(error: Error) -> Result<Vec<AccessList>, Error> {
    if matches!(error, Error::Forbidden(_)) { Ok(Vec::new()) } else { Err(error) }
}

fn draw(state: &WebState, token: &str, sent: &Sent, faults: &Faults, held: &KeptFiles) -> Page {
    let (accept, words) = accepted(state);
    let hint = format!("{words}. Each line that cannot be read is named, and nothing is kept then.");
    let orders: Vec<(String, String)> = DateOrder::ALL
        .map(|order| (order.word().to_owned(), population::date_words(order).to_owned()))
        .to_vec();
    let text = |name: &str| sent.text(name);
    let body = html! {
        (form_with_files("/access/new", token, &html! {
            (faults.summary())
            (field(&Field { name: "system", label: "System", hint: "As it is called in reviews: lists of the same system are compared by this name.", value: &text("system"), max: MAX_NAME_CHARS, fault: faults.of("system"), ..Field::default() }))
            (held.draw_one())
            (files(&FilesField { name: "files", label: "List", hint: &hint, fault: faults.of("files"), accept, most_bytes: MAX_LIST_BYTES, most_files: 1, is_optional: !held.is_empty() }))
            div.fields {
                (field(&Field { name: "accounts", label: "Accounts, as the source counts them", kind: Kind::Input("number"), value: &text("accounts"), fault: faults.of("accounts"), ..Field::default() }))
            }
            (field(&Field { name: "exclusions", label: "Accounts that it leaves out, one a line", kind: Kind::Area(3), value: &text("exclusions"), max: 20_000, optional: true, hint: "As account: reason. Accounts in the source are those in the list and those left out.", fault: faults.of("exclusions"), ..Field::default() }))
            (origin_fields(sent, faults))
            details {
                summary { "Columns have other names" }
                p.muted { "Where nothing is written, a column has its usual name, or is not there. Without kind it is a person's, without tier ordinary; anything else that is missing is unknown, which is never a no." }
                div.fields {
                    @for one in FIELDS { (field(&Field { name: &column_name(one.name), label: one.title, value: &text(&column_name(one.name)), max: MAX_COLUMN_CHARS, optional: true, hint: &format!("Usually {}.", one.name), ..Field::default() })) }
                    (field(&Field { name: "dates", label: "Dates are written", kind: Kind::Select(&orders), value: &text("dates"), ..Field::default() }))
                }
            }
            p.row { button.button.primary type="submit" { "Hand in the list" } a.button href="/access" { "Cancel" } }
        }))
    };
    let mut page = Page::new(Place::AccessLists, "Hand in a list of access", body);
    page.crumbs = vec![("Lists of access".into(), "/access".into())];
    page
}

fn exclusions(text: &str) -> Result<Vec<Exclusion>, String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| match line.split_once(':') {
            Some((account, reason)) if !account.trim().is_empty() && !reason.trim().is_empty() => {
                Ok(Exclusion { account: account.trim().to_owned(), reason: reason.trim().to_owned() })
            }
            _ => {
                let shown: String = line.chars().take(60).collect();
                Err(format!("{shown:?} is not of the form account: reason"))
            }
        })
        .collect()
}

/// The field that a word of a refusal stands for, beside those of any list.
const ABOUT: [(&str, &str); 9] = [
    ("was not imported", "files"),
    ("taken in the future", "run_on"),
    ("the system has", "system"),
    ("left out", "exclusions"),
    ("leaves out", "exclusions"),
    ("comes with its source", "source"),
    ("comes with its query", "query"),
    ("comes with its time zone", "time_zone"),
    ("column", "files"),
];

async fn hand_in(State(state): State<WebState>, asked: Asked, form: SentFiles) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let columns: Vec<String> = FIELDS.iter().map(|one| column_name(one.name)).collect();
    let all: Vec<&str> = ORIGIN
        .into_iter()
        .chain(["system", "accounts", "exclusions", "dates"])
        .chain(columns.iter().map(String::as_str))
        .chain(KEPT)
        .collect();
    form.sent.only(&all)?;
    let SentFiles { sent, files, refused: too_large, turn: _turn } = form.with_kept(app, actor).await?;
    let (mut faults, mut status) = (Faults::default(), StatusCode::UNPROCESSABLE_ENTITY);
    let file = files.last().cloned();
    let mut list = None;
    match (&too_large, &file) {
        (Some(says), _) => faults.add("files", says),
        (None, None) => faults.add("files", "choose the list"),
        (None, Some(file)) => {
            match List::open(&file.name, file.bytes.clone(), state.documents().as_deref()) {
                Ok(read) => list = Some(read),
                Err(problems) => faults.add("files", says(&problems)),
            }
        }
    }
    let ipe = read_origin(&sent, actor, &mut faults);
    if sent.text("system").is_empty() {
        faults.add("system", "it is needed");
    }
    let accounts_in_source = sent.text("accounts").parse().unwrap_or_else(|_| {
        faults.add("accounts", "say how many accounts the source counts");
        0
    });
    let exclusions = exclusions(&sent.text("exclusions")).unwrap_or_else(|says| {
        faults.add("exclusions", says);
        Vec::new()
    });
    let named = FIELDS.iter().map(|one| (one.name.to_owned(), sent.text(&column_name(one.name))));
    let columns = Columns {
        named: named.filter(|(_, column)| !column.is_empty()).collect(),
        dates: DateOrder::of_word(&sent.text("dates")).unwrap_or_default(),
    };
    if let (true, Some(list)) = (faults.is_empty(), list) {
        let system = sent.text("system");
        let new = NewList { system, ipe, columns, accounts_in_source, exclusions, list };
        match app.transact(actor, async |cx| access::hand_in(cx, new.clone()).await).await {
            Ok(kept) => {
                drop_kept(app, actor, &sent).await?;
                return Ok(go(&format!("/access/{}", kept.key.0)));
            }
            Err(Error::Invalid(says)) => faults = Faults::about(says, &[&ABOUT[..], &ABOUT_LIST].concat()),
            Err(error) => (status, faults) = population::wrong(error, &[])?,
        }
    }
    let held = KeptFiles::keep(app, actor, &sent, file.as_slice()).await?;
    let page = draw(&state, &asked.token, &sent, &faults, &held);
    asked.frame_refused(&state, status, &page).await
}
