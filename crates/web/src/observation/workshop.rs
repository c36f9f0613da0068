//! Writing a check in the pages and trying it over current facts.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use tickmark_app::Error;
use tickmark_app::observation::workshop::{self, Draft, MAX_FILE_CHARS, TRIED_TARGETS, Trial};
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::observation::Verdict;
use tickmark_core::observation::draft::REASON_MAX;

use crate::design::badge::{self, VerdictCounts};
use crate::design::form::{Faults, Field, Kind, field, form, hidden, send};
use crate::design::frame::{Page, Place};
use crate::design::table::plain;
use crate::design::{block, plural, segment};
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::route::{get, post};
use crate::visit::Asked;
use crate::{Desk, WebState};

const FIELDS: [&str; 5] = ["manifest", "rego", "tests", "reason", "then"];

pub(super) fn desk_routes() -> Vec<Desk> {
    let desk = |path, example, looks, changes, handler| Desk { path, example, looks, changes, handler };
    vec![
        desk("/checks/new", "/checks/new", true, true, get(begin_page).post(begin)),
        desk("/checks/{id}/edit", "/checks/own-first/edit", true, true, get(edit_page).post(edit)),
        desk("/checks/{id}/put-aside", "/checks/own-first/put-aside", false, true, post(put_aside)),
    ]
}

/// Buttons on the page of a check.
pub(super) fn actions(asked: &Asked, id: &str) -> Markup {
    html! {
        @if asked.may(Atom::new(Resource::Test, Verb::Update)) {
            a.button href={ "/checks/" (segment(id)) "/edit" } { "Edit" }
        }
    }
}

/// The button on the list of checks.
pub(super) fn begin_button(asked: &Asked) -> Markup {
    html! {
        @if asked.may(Atom::new(Resource::Test, Verb::Create)) { a.button href="/checks/simple" { "Simple check" } a.button.primary href="/checks/new" { "New check" } }
    }
}

async fn begin_page(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    asked.member(&state)?;
    asked.frame(&state, &begin_form(&asked, &Sent::default(), &Faults::default())).await
}

async fn begin(State(state): State<WebState>, asked: Asked, sent: Sent) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["id", "title"])?;
    let (id, title) = (sent.text("id"), sent.text("title"));
    match app.read(actor, async |view| workshop::begin(view, &id, &title)).await {
        Ok(draft) => {
            let page = editor(&asked, &draft, "", None, &Faults::default());
            Ok(asked.frame(&state, &page).await?.into_response())
        }
        Err(Error::Invalid(says) | Error::Conflict(says)) => {
            let mut faults = Faults::default();
            faults.add(if says.contains("title") { "title" } else { "id" }, says);
            asked
                .frame_refused(&state, StatusCode::UNPROCESSABLE_ENTITY, &begin_form(&asked, &sent, &faults))
                .await
        }
        Err(error) => Err(error.into()),
    }
}

fn begin_form(asked: &Asked, sent: &Sent, faults: &Faults) -> Page {
    let (id, title) = (sent.text("id"), sent.text("title"));
    let body = html! {
        (faults.summary())
        (field(&Field { name: "title", label: "What it asserts", value: &title, max: 200, fault: faults.of("title"), hint: "Worded as the passing state, e.g. \"Debugging is off\".", ..Field::default() }))
        (field(&Field { name: "id", label: "Id", value: &id, max: 80, fault: faults.of("id"), hint: "Lower case words with hyphens; the first one is its group, e.g. app-debug-off.", ..Field::default() }))
        (send("Begin", "/checks"))
    };
    let mut page = Page::new(
        Place::Checks,
        "New check",
        html! { div.narrow { (form("/checks/new", &asked.token, &body)) } },
    );
    page.actions = html! { a.button href="/checks/simple" { "From a form instead" } };
    page.lead = html! { "A check reads facts and says pass, fail, not applicable or unknown. It begins with files whose tests pass; nothing is kept until you say so." };
    page.crumbs = vec![("Checks".into(), "/checks".into())];
    page
}

async fn edit_page(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let (draft, is_own) = app.read(actor, async |view| workshop::open(view, &id).await).await?;
    let mut page = editor(&asked, &draft, "", None, &Faults::default());
    if is_own {
        page.body = html! { (page.body) (aside(&asked, &id)) };
    }
    asked.frame(&state, &page).await
}

async fn edit(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&FIELDS)?;
    let file = |name| format!("{}\n", sent.text(name));
    let draft = Draft { id, manifest: file("manifest"), rego: file("rego"), tests: file("tests") };
    let (is_kept, reason) = (sent.text("then") == "keep", sent.text("reason"));
    let tried = if is_kept {
        app.transact(actor, async |cx| workshop::propose(cx, &draft, &reason).await).await
    } else {
        app.read(actor, async |view| workshop::try_out(view, &draft).await).await
    };
    match tried {
        Ok(trial) if is_kept && trial.passed() => Ok(go(&format!("/checks/{}/draft", segment(&draft.id)))),
        Ok(trial) => {
            let faults = match is_kept {
                true => Faults::whole("it was not handed in: it has to load, and all its tests have to pass"),
                false => Faults::default(),
            };
            let status = if is_kept { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
            asked.frame_refused(&state, status, &editor(&asked, &draft, &reason, Some(&trial), &faults)).await
        }
        Err(Error::Invalid(says) | Error::Conflict(says)) => {
            let about = [
                ("check.rego", "rego"),
                ("check_test.rego", "tests"),
                ("check.toml", "manifest"),
                ("say why", "reason"),
                ("reason", "reason"),
            ];
            let page = editor(&asked, &draft, &reason, None, &Faults::about(says, &about));
            asked.frame_refused(&state, StatusCode::UNPROCESSABLE_ENTITY, &page).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn put_aside(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["reason"])?;
    let reason = sent.text("reason");
    app.transact(actor, async |cx| workshop::put_aside(cx, &id, &reason).await).await?;
    Ok(go(&format!("/checks/{}/draft", segment(&id))))
}

pub(super) fn editor(
    asked: &Asked,
    draft: &Draft,
    reason: &str,
    trial: Option<&Trial>,
    faults: &Faults,
) -> Page {
    let area = |name, label, rows, value, hint| {
        field(&Field {
            name,
            label,
            kind: Kind::Area(rows),
            value,
            max: MAX_FILE_CHARS,
            hint,
            fault: faults.of(name),
            ..Field::default()
        })
    };
    let action = format!("/checks/{}/edit", segment(&draft.id));
    let body = html! {
        @if let Some(trial) = trial { (tried(trial)) }
        form.card.code method="post" action=(action) {
            (hidden("form", &asked.token))
            (faults.summary())
            (area("rego", "Logic (check.rego)", 18, &draft.rego, "Rego. Missing data must stay unknown: a check that passes on an empty document is refused."))
            (area("tests", "Tests (check_test.rego)", 12, &draft.tests, "test_pass_…, test_fail_…, test_unknown_…, test_canary_…"))
            (area("manifest", "About it (check.toml)", 18, &draft.manifest, "Severity, cadence, criteria, controls, remediation, parameters."))
            (field(&Field { name: "reason", label: "Why", kind: Kind::Area(2), value: reason, max: REASON_MAX, optional: true, fault: faults.of("reason"), hint: "Needed to hand it in: whoever approves it reads this.", ..Field::default() }))
            p.row {
                button.button.primary type="submit" name="then" value="try" { "Try it" }
                button.button type="submit" name="then" value="keep" { "Hand it in" }
                a.button href="/checks" { "Cancel" }
            }
        }
    };
    let mut page = Page::new(Place::Checks, &draft.id, body);
    page.lead = html! { "Trying changes nothing. What is handed in is a draft until somebody else approves it; then it goes live with the next run, as a new version: earlier verdicts stay with the version that gave them." };
    page.crumbs = vec![("Checks".into(), "/checks".into())];
    page
}

/// Taking an own check out again.
fn aside(asked: &Asked, id: &str) -> Markup {
    let body = html! {
        p.field {
            label for="aside-reason" { "Why it goes" }
            textarea id="aside-reason" name="reason" rows="2" maxlength=(REASON_MAX) required {}
        }
        (send("Propose to put it aside", ""))
    };
    html! {
        @if asked.may(Atom::new(Resource::Test, Verb::Delete)) {
            (block("aside", "Take it out", &html! {}, &html! {
                div.block-body {
                    p.muted { "Once somebody else has approved, it is put aside from the next run on; its history stays. One inside the program that it had replaced is there again." }
                    (form(&format!("/checks/{}/put-aside", segment(id)), &asked.token, &body))
                }
            }))
        }
    }
}

/// What trying it showed.
pub(super) fn tried(trial: &Trial) -> Markup {
    if !trial.refused.is_empty() {
        let list = html! { ul.block-body.problems role="alert" { @for line in &trial.refused { li { code { (line) } } } } };
        return block("tried", "It does not load", &html! { (trial.refused.len()) }, &list);
    }
    let counts = VerdictCounts::of(trial.said.iter().map(|said| said.outcome.verdict));
    let rank = |verdict: Verdict| badge::rank(verdict);
    let mut said: Vec<_> = trial.said.iter().collect();
    said.sort_by_key(|said| rank(said.outcome.verdict));
    let rows = said.into_iter().map(|said| {
        vec![
            badge::verdict(said.outcome.verdict),
            html! { a.primary href={ "/targets/" (said.target.0) } { (said.name) } },
            html! {
                (said.outcome.message)
                @if let Some(reason) = said.outcome.reason { span.sub { (reason.plain()) } }
            },
        ]
    });
    html! {
        div role="status" {
            @if trial.failures.is_empty() {
                p.small { "All " (trial.tests) " " (plural(trial.tests, "test passes", "tests pass")) ", and " (trial.damaged) " damaged documents never made it pass." }
            } @else {
                (block("failures", "Its tests fail", &html! { (trial.failures.len()) }, &html! { ul.block-body.problems { @for line in &trial.failures { li { code { (line) } } } } }))
            }
        }
        @if trial.said.is_empty() {
            p.muted { "There are no facts yet to try it over: look at a machine first." }
        } @else {
            (block("tried", "What it says now", &badge::counts(&counts, "#tried"), &html! {
                (plain("What it says now", &["Verdict", "Target", "What was seen"], rows.collect()))
                @if trial.said.len() == TRIED_TARGETS { p.muted.small.block-body { "Tried over the first " (TRIED_TARGETS) " targets." } }
            }))
        }
    }
}
