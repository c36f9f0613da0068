//! One finding: what the rules found, and what people do about it: taken on, planned, fixed, verified by somebody else.

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use tickmark_app::comment::About;
use tickmark_app::conclusion::remediation::{self, Done, Fixed, Step, Version};
use tickmark_app::{Actor, Error};
use tickmark_core::Timestamp;
use tickmark_core::conclusion::finding::{Finding, FindingState, Fix, Plan, ProposedFinding, TEXT_MAX};
use tickmark_core::conclusion::scope::Day;
use tickmark_core::id::{ActorId, ItemKey};
use tickmark_core::identity::{Atom, Resource, Verb};

use super::finding::FindingRow;
use crate::comment;
use crate::control::Names;
use crate::design::form::{Faults, Field, Kind, field, form, hidden, send};
use crate::design::frame::{Page, Place};
use crate::design::table::plain;
use crate::design::{badge, block, moment, plural, prose, segment};
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::route::{get, post};
use crate::visit::Asked;
use crate::{Desk, WebState};

pub(super) fn desk_routes() -> Vec<Desk> {
    vec![
        Desk {
            path: "/findings/{reference}",
            example: "/findings/test.IAM-08.ssh-root-login-disabled",
            looks: true,
            changes: true,
            handler: get(page).post(change),
        },
        Desk {
            path: "/findings/{reference}/verify",
            example: "/findings/test.IAM-08.ssh-root-login-disabled/verify",
            looks: false,
            changes: true,
            handler: post(verify),
        },
    ]
}

/// Most characters of a line of numbers.
const LINE_MAX: usize = 500;

fn atom(verb: Verb) -> Atom {
    Atom::new(Resource::Exception, verb)
}

/// What is taken on when a finding is, as it is found now.
pub(crate) fn proposed(row: &FindingRow) -> ProposedFinding {
    ProposedFinding {
        title: row.title.clone(),
        criteria: row.criteria.clone(),
        control: row.control.parse().ok(),
        check: Some(row.check.clone()).filter(|check| !check.is_empty()),
        condition: row.condition.clone(),
        cause: String::new(),
        effect: row.effect.clone(),
        recommendation: row.remedy.clone(),
        severity: row.severity,
        origin: row.origin.clone(),
    }
}

struct Known {
    /// As it is found now, if it is.
    row: Option<FindingRow>,
    records: Vec<Vec<Version>>,
    names: Names,
}

impl Known {
    fn current(&self) -> Option<&Version> {
        let newest = self.records.last()?.last()?;
        (newest.record.state() != FindingState::Closed).then_some(newest)
    }

    fn found(&self) -> Option<ProposedFinding> {
        self.row.as_ref().map(proposed)
    }

    /// What is shown: as it is found now, or as it was when it was last taken on.
    fn shown(&self) -> Option<ProposedFinding> {
        self.found().or_else(|| Some(self.records.last()?.last()?.record.found.clone()))
    }
}

async fn known(state: &WebState, asked: &Asked, reference: &str) -> Result<Known, Refusal> {
    let (app, actor) = asked.member(state)?;
    let rows = state.source().findings().await?;
    let row = rows.iter().find(|row| row.reference == reference).cloned();
    let (records, names) = app
        .read(actor, async |view| {
            Ok((remediation::records(view, reference).await?, Names::read(view).await?))
        })
        .await?;
    if row.is_none() && records.is_empty() {
        return Err(Refusal::NotFound);
    }
    Ok(Known { row, records, names })
}

async fn page(
    State(state): State<WebState>,
    Path(reference): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (_, actor) = asked.member(&state)?;
    let known = known(&state, &asked, &reference).await?;
    let mut page = draw(&known, &reference, &asked, actor, &Sent::default(), &Faults::default())?;
    let said = comment::part(&state, &asked, &About::Finding(reference)).await?;
    page.body = html! { (page.body) (said) };
    asked.frame(&state, &page).await
}

/// Refuses a reference of nothing that was ever found.
pub(crate) async fn need_known(state: &WebState, asked: &Asked, reference: &str) -> Result<(), Refusal> {
    known(state, asked, reference).await.map(|_| ())
}

/// Takes what whoever corrects it sends: which of the forms says `act`.
async fn change(
    State(state): State<WebState>,
    Path(reference): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&[
        "act", "version", "owner", "due", "cause", "plan", "to", "reason", "note", "shown_by", "evidence",
    ])?;
    let known = known(&state, &asked, &reference).await?;
    let from = || sent.text("version").parse::<i64>().map_err(|_| Refusal::Malformed);
    let done = match sent.text("act").as_str() {
        "take" => {
            let found = known.found().ok_or(Refusal::NotFound)?;
            let plan = plan(&sent);
            app.transact(actor, async |cx| {
                remediation::take(cx, found.clone(), plan.clone()).await.map(|one| Done::Done(Box::new(one)))
            })
            .await
        }
        "plan" => {
            let (from, plan) = (from()?, plan(&sent));
            app.transact(actor, async |cx| remediation::plan(cx, &reference, from, plan.clone()).await).await
        }
        "extend" => {
            let (from, reason) = (from()?, sent.text("reason"));
            match sent.text("to").parse::<Day>() {
                Ok(to) => {
                    app.transact(actor, async |cx| {
                        remediation::extend(cx, &reference, from, to, &reason).await
                    })
                    .await
                }
                Err(_) => Err(Error::invalid("choose a later day")),
            }
        }
        "fix" => {
            let from = from()?;
            match fixed(&sent) {
                Ok(fixed) => {
                    app.transact(actor, async |cx| remediation::fix(cx, &reference, from, &fixed).await).await
                }
                Err(says) => Err(Error::invalid(says)),
            }
        }
        _ => return Err(Refusal::Malformed),
    };
    answer(&state, &asked, &reference, &known, actor, &sent, done).await
}

/// Takes what somebody other than the fixer saw.
async fn verify(
    State(state): State<WebState>,
    Path(reference): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["version", "note", "decision"])?;
    let known = known(&state, &asked, &reference).await?;
    let from: i64 = sent.text("version").parse().map_err(|_| Refusal::Malformed)?;
    let holds = match sent.text("decision").as_str() {
        "close" => true,
        "reopen" => false,
        _ => return Err(Refusal::Malformed),
    };
    let note = sent.text("note");
    let done =
        app.transact(actor, async |cx| remediation::verify(cx, &reference, from, holds, &note).await).await;
    answer(&state, &asked, &reference, &known, actor, &sent, done).await
}

async fn answer(
    state: &WebState,
    asked: &Asked,
    reference: &str,
    known: &Known,
    actor: &Actor,
    sent: &Sent,
    done: Result<Done, Error>,
) -> Result<Response, Refusal> {
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    let faults = match done {
        Ok(Done::Done(_)) => return Ok(go(&format!("/findings/{}", segment(reference)))),
        Ok(Done::Stale) => {
            status = StatusCode::CONFLICT;
            Faults::whole(
                "somebody was faster: its history has what they did. Nothing was saved; what you typed is still in the fields",
            )
        }
        Err(Error::Conflict(says) | Error::Invalid(says)) => Faults::about(says, fields(&sent.text("act"))),
        Err(error) => return Err(error.into()),
    };
    let page = draw(known, reference, asked, actor, sent, &faults)?;
    asked.frame_refused(state, status, &page).await.map(IntoResponse::into_response)
}

/// The field that a word of a refusal stands for, in the form that does this.
fn fields(act: &str) -> &'static [(&'static str, &'static str)] {
    match act {
        "take" => &[
            ("owner", "owner"),
            ("choose somebody", "owner"),
            ("due day", "due"),
            ("cause", "cause"),
            ("plan", "plan"),
        ],
        "plan" => &[("owner", "owner"), ("choose somebody", "owner"), ("cause", "cause"), ("plan", "plan")],
        "extend" => &[("day", "to"), ("due", "to"), ("reason", "reason")],
        "fix" => {
            &[("item", "evidence"), ("evidence", "shown_by"), ("can be seen", "shown_by"), ("note", "note")]
        }
        _ => &[("you saw", "note"), ("note", "note")],
    }
}

/// Reads how it was fixed; numbers of items stand in one field, as `E-3, E-7`.
fn fixed(sent: &Sent) -> Result<Fixed, String> {
    let text = sent.text("evidence");
    let mut evidence = BTreeSet::new();
    for one in text.split([',', ' ', ';']).filter(|one| !one.is_empty()) {
        let key =
            one.trim_start_matches("E-").parse().map_err(|_| format!("{one:?} is no number of an item"))?;
        evidence.insert(ItemKey(key));
    }
    Ok(Fixed { note: sent.text("note"), shown_by: sent.text("shown_by"), evidence })
}

pub(super) fn plan(sent: &Sent) -> Plan {
    Plan {
        owner: sent.text("owner").parse::<ActorId>().ok(),
        due: sent.text("due").parse::<Day>().ok(),
        cause: sent.text("cause"),
        plan: sent.text("plan"),
    }
}

fn today(now: Timestamp) -> Option<Day> {
    now.date().parse().ok()
}

fn draw(
    known: &Known,
    reference: &str,
    asked: &Asked,
    actor: &Actor,
    sent: &Sent,
    faults: &Faults,
) -> Result<Page, Refusal> {
    let shown = known.shown().ok_or(Refusal::NotFound)?;
    let now = asked.visit.now;
    let body = html! {
        (faults.summary())
        @if !known.row.as_ref().is_some_and(|row| row.is_found) {
            p.note-line { @if shown.origin.is_some() { "It is closed. What was done about it stays." } @else { "It is not found any more: its test passes, or the answer is another one. What was done about it stays." } }
        }
        div.columns.flush {
            div { (block("condition", "What was found", &badge::severity(shown.severity), &condition(&shown, known.row.as_ref(), now))) }
            div { (block("correction", "Correction", &standing(known, now), &correction(known, reference, asked, actor, (sent, faults)))) }
        }
        @if !known.records.is_empty() { (block("history", "History", &html! {}, &history(known))) }
    };
    let mut page = Page::new(Place::Findings, &shown.title, body);
    page.crumbs = vec![("Findings".into(), "/findings".into())];
    Ok(page)
}

fn condition(shown: &ProposedFinding, row: Option<&FindingRow>, now: Timestamp) -> Markup {
    html! {
        dl.facts {
            @if let Some(origin) = &shown.origin {
                dt { "Source" } dd { (origin.source.title()) ", found " (moment::on(origin.found_on)) @if !origin.said.is_empty() { span.sub { (origin.said) } } }
            }
            dt { "Condition" } dd { (shown.condition) }
            @if !shown.effect.is_empty() { dt { "Effect" } dd { (shown.effect) } }
            @if let Some(control) = &shown.control { dt { "Control" } dd { a href={ "/controls/" (segment(control.as_str())) } { (control) } } }
            @if !shown.criteria.is_empty() { dt { "Criteria" } dd { span.refs { @for id in &shown.criteria { a href={ "/criteria/" (segment(id)) } { (id) } } } } }
            @if let Some(check) = &shown.check { dt { "Check" } dd { a href={ "/checks/" (segment(check)) } { (check) } } }
            @if let Some(row) = row {
                @if !row.targets.is_empty() {
                    dt { (plural(row.targets.len(), "Target", "Targets")) }
                    dd { @for target in row.targets.iter().take(20) { div { a href={ "/targets/" (target.key) } { (target.name) } ", " (moment::ago(target.seen_bad, now)) } } }
                }
                @if !row.waiver.is_empty() { dt { "Waived" } dd { (row.waiver) } }
            }
        }
        @if !shown.recommendation.is_empty() { div.block-body.stack { h3 { "What to do" } (prose::markdown(&shown.recommendation)) } }
    }
}

fn standing(known: &Known, now: Timestamp) -> Markup {
    match known.current().map(|version| &version.record) {
        None => html! { "nobody has taken it on" },
        Some(record) => html! {
            @match record.state() { FindingState::Open => "under way", FindingState::Fixed => "fixed, to be verified", FindingState::Closed => "closed" }
            @if let Some(due) = record.due {
                ", due " (moment::on(due))
                @if today(now).is_some_and(|today| record.is_overdue(today)) { " " span.tag { "overdue" } }
            }
        },
    }
}

fn correction(
    known: &Known,
    reference: &str,
    asked: &Asked,
    actor: &Actor,
    given: (&Sent, &Faults),
) -> Markup {
    // What was sent and refused is in sight again.
    let is_sent = |act: &str| given.0.text("act") == act;
    let href = format!("/findings/{}", segment(reference));
    let (may_change, may_verify) = (asked.may(atom(Verb::Update)), asked.may(atom(Verb::Approve)));
    let Some(version) = known.current() else {
        return html! {
            div.block-body {
                @if may_change && known.row.is_some() { (form(&href, &asked.token, &plan_fields("take", None, None, known, given, "Take it on"))) }
                @else { p.muted { "Nobody has taken it on." } }
            }
        };
    };
    let record = &version.record;
    html! {
        dl.facts {
            dt { "Owner" } dd { (record.owner.map_or("nobody", |owner| known.names.of(owner))) }
            @if let Some(due) = record.due { dt { "Due" } dd { (moment::on(due)) @if !record.extensions().is_empty() { span.sub { "extended " (record.extensions().len()) " " (plural(record.extensions().len(), "time", "times")) } } } }
            @if !record.found.cause.is_empty() { dt { "Cause" } dd { (record.found.cause) } }
            dt { "Plan" } dd { (record.plan) }
            @if let Some(fix) = record.fix() { dt { "Fixed" } dd { (known.names.of(fix.by)) ", " (moment::written(fix.at)) ": " (fix.note) span.sub { (fix.shown_by) } @if !fix.evidence.is_empty() { span.sub { (shown_in(&fix.evidence)) } } } }
        }
        div.block-body.stack {
            @if record.state() == FindingState::Open && may_change {
                details open[is_sent("fix")] { summary { "Say that it is fixed" } (form(&href, &asked.token, &fix_fields(version, given))) }
                details open[is_sent("extend")] { summary { "Extend the due day" } (form(&href, &asked.token, &extend_fields(version, given))) }
                details open[is_sent("plan")] { summary { "Change owner, cause or plan" } (form(&href, &asked.token, &plan_fields("plan", Some(version), Some(record), known, given, "Save the plan"))) }
            }
            @if record.state() == FindingState::Fixed {
                @if record.fix().is_some_and(|fix| fix.by == actor.id) { p.problem { "You fixed it, so somebody else verifies it." } }
                @else if may_verify { (form(&format!("{href}/verify"), &asked.token, &verify_fields(version, given))) }
                @else { p.muted { "Somebody who did not fix it verifies it." } }
            }
        }
    }
}

fn numbered(act: &str, version: Option<&Version>) -> Markup {
    html! {
        @if !act.is_empty() { (hidden("act", act)) }
        @if let Some(version) = version { (hidden("version", &version.number.to_string())) }
    }
}

fn typed(sent: &Sent, name: &str, or: &str) -> String {
    match sent.text(name) {
        text if text.is_empty() => or.to_owned(),
        text => text,
    }
}

fn plan_fields(
    act: &str,
    version: Option<&Version>,
    record: Option<&Finding>,
    known: &Known,
    (sent, faults): (&Sent, &Faults),
    words: &str,
) -> Markup {
    let owner = record.and_then(|one| one.owner).map(|owner| owner.to_string()).unwrap_or_default();
    let due = record.and_then(|one| one.due).map(|due| due.to_string()).unwrap_or_default();
    let owner = typed(sent, "owner", &owner);
    let due_typed = if record.is_some() { due.clone() } else { typed(sent, "due", &due) };
    let cause = typed(sent, "cause", record.map_or("", |one| one.found.cause.as_str()));
    let plan = typed(sent, "plan", record.map_or("", |one| one.plan.as_str()));
    html! {
        (numbered(act, version))
        (field(&Field { name: "owner", label: "Owner", value: &owner, kind: Kind::Select(&known.names.options(None, &owner)), fault: faults.of("owner"), hint: "Answers for the correction.", ..Field::default() }))
        @if record.is_some() { (hidden("due", &due_typed)) }
        @else { (field(&Field { name: "due", label: "Due", kind: Kind::Input("date"), value: &due_typed, fault: faults.of("due"), hint: "Moved later only by an extension, which is counted.", ..Field::default() })) }
        (field(&Field { name: "cause", label: "Cause", kind: Kind::Area(2), value: &cause, max: TEXT_MAX, optional: true, fault: faults.of("cause"), hint: "Why it came about, once somebody has looked into it.", ..Field::default() }))
        (field(&Field { name: "plan", label: "Plan", kind: Kind::Area(3), value: &plan, max: TEXT_MAX, fault: faults.of("plan"), ..Field::default() }))
        (send(words, ""))
    }
}

fn extend_fields(version: &Version, (sent, faults): (&Sent, &Faults)) -> Markup {
    let (to, reason) = (sent.text("to"), sent.text("reason"));
    html! {
        (numbered("extend", Some(version)))
        (field(&Field { name: "to", label: "New due day", kind: Kind::Input("date"), value: &to, fault: faults.of("to"), ..Field::default() }))
        (field(&Field { name: "reason", label: "Why", kind: Kind::Area(2), value: &reason, max: TEXT_MAX, fault: faults.of("reason"), ..Field::default() }))
        (send("Extend it", ""))
    }
}

fn fix_fields(version: &Version, (sent, faults): (&Sent, &Faults)) -> Markup {
    let (note, shown_by, evidence) = (sent.text("note"), sent.text("shown_by"), sent.text("evidence"));
    html! {
        (numbered("fix", Some(version)))
        (field(&Field { name: "note", label: "What was done", kind: Kind::Area(3), value: &note, max: TEXT_MAX, fault: faults.of("note"), ..Field::default() }))
        (field(&Field { name: "shown_by", label: "Where it can be seen", value: &shown_by, max: TEXT_MAX, optional: true, fault: faults.of("shown_by"), hint: "A run, a ticket, a change, a document. This, or evidence.", ..Field::default() }))
        (field(&Field { name: "evidence", label: "Evidence of it", value: &evidence, max: LINE_MAX, optional: true, fault: faults.of("evidence"), hint: "Numbers of items, as E-3, E-7.", ..Field::default() }))
        (send("It is fixed", ""))
    }
}

/// Items that show a fix, as ways to them.
fn shown_in(evidence: &[ItemKey]) -> Markup {
    html! {
        @for (at, key) in evidence.iter().enumerate() {
            @if at > 0 { ", " }
            a href={ "/evidence/items/" (key) } { "evidence E-" (key) }
        }
    }
}

fn verify_fields(version: &Version, (sent, faults): (&Sent, &Faults)) -> Markup {
    let seen = sent.text("note");
    html! {
        (numbered("", Some(version)))
        (field(&Field { name: "note", label: "What you saw", kind: Kind::Area(3), value: &seen, max: TEXT_MAX, fault: faults.of("note"), ..Field::default() }))
        p.row {
            button.button.primary type="submit" name="decision" value="close" { "It holds: close it" }
            button.button type="submit" name="decision" value="reopen" { "It does not hold" }
        }
    }
}

/// A fix in a line.
fn said_of(fix: &Fix) -> String {
    let items = fix.evidence.iter().map(|key| format!("E-{key}"));
    let shown: Vec<String> =
        std::iter::once(fix.shown_by.clone()).filter(|text| !text.is_empty()).chain(items).collect();
    format!("{} ({})", fix.note, shown.join(", "))
}

fn history(known: &Known) -> Markup {
    let rows = known.records.iter().rev().flat_map(|record| record.iter().rev()).map(|version| {
        let record = &version.record;
        let detail = match version.step {
            Step::Opened | Step::Planned => record.plan.clone(),
            Step::Extended => record
                .extensions()
                .last()
                .map(|one| format!("from {} to {}: {}", one.from, one.to, one.reason))
                .unwrap_or_default(),
            Step::Fixed => record.fix().map(said_of).unwrap_or_default(),
            Step::Closed => record.verification().map(|seen| seen.note.clone()).unwrap_or_default(),
            Step::Reopened => record.rejected().last().map(|(_, seen)| seen.note.clone()).unwrap_or_default(),
        };
        let words = match version.step {
            Step::Opened => "Taken on",
            Step::Planned => "Planned anew",
            Step::Extended => "Extended",
            Step::Fixed => "Said to be fixed",
            Step::Closed => "Verified and closed",
            Step::Reopened => "Did not hold",
        };
        vec![
            html! { (words) span.sub { (detail) } },
            html! { (known.names.of(version.by)) },
            html! { span.nowrap { (moment::exact(version.at)) } },
        ]
    });
    plain("History", &["What happened", "By", "When"], rows.collect())
}
