//! One engagement: its scope with what is wrong with it, its documents, what was approved; approving and closing it.

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::Error;
use tickmark_app::comment::About;
use tickmark_app::engagement::{self, Changed, Signers, Version, fieldwork};
use tickmark_app::identity::System;
use tickmark_core::catalog::Framework;
use tickmark_core::control::TEXT_MAX;
use tickmark_core::engagement::{
    Decision, ElementKind, Engagement, Method, Objective, Paper, Scope, Standing, Step, Vendor, VendorControl,
};
use tickmark_core::id::ActorId;
use tickmark_core::identity::Verb;

use super::entry::List;
use super::fieldwork::{Tabbed, parts};
use super::letter::changed_since;
use super::next::is_for_others;
use super::take_out::links;
use super::{Known, atom, catalog, framework, href, key, known, outcome, page_of, progress, refused};
use crate::control::Names;
use crate::design::diff::{Changed as Differs, changed, diff};
use crate::design::form::{Faults, Field, Kind, capital, field, form, hidden, send};
use crate::design::frame::Page;
use crate::design::table::plain;
use crate::design::{block, moment, plural, segment};
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::visit::Asked;
use crate::{WebState, comment};

/// Versions of a record on its page.
const VERSIONS_SHOWN: usize = 12;

pub(super) async fn page(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let (key, framework, catalog) = (key(&at)?, framework(&state)?, catalog(&state)?);
    if asked.visit.is_auditor() {
        return super::fieldwork::overview(&state, &asked, key).await;
    }
    let (known, versions, changed, (next, signers), is_open) = app
        .read(actor, async |view| {
            let known = known(view, key, catalog).await?;
            let changed = engagement::changed_since(view, &known.version.record, &known.grounds).await?;
            let next = fieldwork::next(view, key, &known.problems, catalog).await?;
            let signers =
                match next.as_ref().is_some_and(|next| is_for_others(&known.version.record, next, &asked)) {
                    true => engagement::signers(view).await?,
                    false => Signers::default(),
                };
            let is_open = fieldwork::is_open(view, key).await?;
            Ok((known, engagement::versions(view, key).await?, changed, (next, signers), is_open))
        })
        .await?;
    let record = &known.version.record;
    let scope = &record.scope;
    // What is frozen with its report can still be closed, and nothing else.
    let may_close = record.closed().is_none() && asked.may(atom(Verb::Update));
    let may_write = is_open && may_close;
    let may_approve =
        record.closed().is_none() && asked.may(atom(Verb::Approve)) && !record.is_author(actor.id);
    let waits = matches!(record.standing(), Standing::Planned | Standing::ChangeWaits);
    let body = html! {
        (parts(record, &asked, Tabbed::Overview))
        (super::next::line(record, next, &signers, &asked))
        @if is_open { (problems(&known)) }
        @if let (Some(before), true) = (record.follows, waits) { (changed_since(&changed, &before.to_string())) }
        @if record.standing() == Standing::ChangeWaits {
            @if let Some(approved) = record.approved() {
                (block("waits", "What waits for approval", &html! { (known.names.of(record.written.by)) ": " (record.written.reason) }, &diff(&compare(&approved.scope, scope, &known.grounds.systems))))
            }
        }
        div.columns {
            div {
                (block("documents", "Documents", &html! {}, &documents(record, &asked, state.documents().is_some())))
                (lists(scope, record, may_write))
            }
            div {
                (block("scope", "Scope", &html! { (record.standing().title()) }, &about(&known, framework)))
                (block("history", "History", &html! { (versions.len()) " " (plural(versions.len(), "version", "versions")) }, &history(&versions, &known.names)))
            }
        }
        (comment::part(&state, &asked, &About::Engagement(key)).await?)
    };
    let mut page = page_of(record, &format!("{} of {}", scope.report(), scope.system), body);
    page.crumbs.pop();
    page.lead = html! { (capital(&moment::throughout(scope.time))) "." };
    page.actions = html! {
        @if waits && may_approve { a.button.primary href={ (href(key)) "/approve" } { "Approve the scope" } }
        @if may_write { a.button href={ (href(key)) "/edit" } { "Edit the scope" } }
        @if state.documents().is_some() { a.button href={ (href(key)) "/package" } { "Management's part (PDF)" } }
        @if may_write { a.button.quiet href={ (href(key)) "/administration" } { "Firm and letter" } }
        @if asked.may(atom(Verb::Create)) { a.button.quiet href={ (href(key)) "/roll-forward" } { "Plan the next" } }
        @if may_close { a.button.quiet href={ (href(key)) "/close" } { "Close" } }
    };
    asked.frame(&state, &page).await
}

fn problems(known: &Known) -> Markup {
    let count = known.problems.len();
    if count == 0 || known.version.record.closed().is_some() {
        return html! {};
    }
    let must = known.problems.iter().filter(|problem| problem.blocks).count();
    let note = html! {
        @if must > 0 { (must) " to mend before the scope can be approved" } @else { "nothing that keeps it from being approved" }
    };
    let of_record = href(known.version.record.key);
    let rows = known.problems.iter().map(|problem| {
        vec![
            html! { (capital(&problem.says)) "." @if let Some((at, words)) = mended_at(problem.rule) { " " a href={ @if at.starts_with('#') { (of_record) } (at) } { (words) } } },
            html! { @if problem.blocks { strong.nowrap { "To mend" } } @else { span.muted.nowrap { "To know" } } },
        ]
    });
    block(
        "open",
        "What the scope lacks",
        &note,
        &plain("What the scope lacks", &["What", "Weight"], rows.collect()),
    )
}

/// The list of this page, or the page, on which what a rule finds is mended; none for what stands in the scope itself.
fn mended_at(rule: &str) -> Option<(&'static str, &'static str)> {
    Some(match rule {
        "carve_out" | "inclusive" | "subservices" => ("#subservices", "See the organizations"),
        "vendors" => ("#vendors", "See the vendors"),
        "controls" => ("/controls", "See the controls"),
        "vendor_controls" => ("#vendor-controls", "See what vendors expect"),
        "cuec" => ("#user-entities", "See what customers do"),
        "objectives" | "icfr" => ("#objectives", "See the objectives"),
        _ => return None,
    })
}

fn documents(record: &Engagement, asked: &Asked, has_documents: bool) -> Markup {
    let of_record = href(record.key);
    let rows = record.papers().map(|paper| {
        let of = format!("{of_record}/{}", paper.word());
        let is_there = record.progress(paper).is_some();
        vec![
            html! { a.primary href=(of) { (paper.title()) } },
            html! { (progress(record.progress(paper))) },
            html! { (sign_button(record, paper, asked, "button")) @if is_there && has_documents { " " (links(record.key, paper.into())) } },
        ]
    });
    html! {
        (plain("Documents", &["Document", "Progress", ""], rows.collect()))
        @if has_documents {
            p.row {
                a.button.quiet href={ (of_record) "/oscal" } { "OSCAL" }
                a.button.quiet href={ (of_record) "/sheets/matrix" } { "Control matrix (XLSX)" }
                a.button.quiet href={ (of_record) "/sheets/exceptions" } { "Exceptions (XLSX)" }
                @if asked.may(engagement::handing_out()) { a.button.quiet href={ (of_record) "/copies" } { "Copies for somebody" } }
            }
        }
        @if record.approved().is_none() { p.muted { "Documents can be written now, and signed once the scope is approved." } }
    }
}

/// The way to the step that a document waits for, for whoever may take it.
pub(super) fn sign_button(record: &Engagement, paper: Paper, asked: &Asked, class: &str) -> Markup {
    let who = asked.visit.actor.as_ref().map(|actor| actor.id);
    // Who wrote it is not led to a page that refuses them.
    let may = |step: Step| {
        asked.may(engagement::signing(step)) && who.is_some_and(|who| record.is_apart(paper, step, who))
    };
    let next = record.next_step(paper).filter(|step| may(*step));
    html! {
        @if let Some(step) = next {
            a class=(class) href={ (href(record.key)) "/sign/" (paper.word()) "/" (step.word()) } {
                @if step == Step::Review { "Review" } @else { "Approve" }
                span.visually-hidden { " the " (paper.word()) }
            }
        }
    }
}

fn lists(scope: &Scope, record: &Engagement, may_write: bool) -> Markup {
    let add = |list: List, words: &str| {
        html! { @if may_write { p { a.button href={ (href(record.key)) "/entries/" (list.word()) "/new" } { (words) } } } }
    };
    let entry = |list: List, at: usize, words: &str| {
        html! {
            @if may_write { a.primary href={ (href(record.key)) "/entries/" (list.word()) "/" (at + 1) } { (words) } } @else { (words) }
        }
    };
    html! {
        @if !scope.kind.has_criteria() {
            (block("objectives", "Control objectives", &html! { (scope.objectives.len()) }, &html! {
                @if scope.objectives.is_empty() { p.muted { "None is written. A SOC 1 usually has 10 to 25." } } @else {
                    (plain("Control objectives", &["Objective", "Kind", "Controls"], scope.objectives.iter().enumerate().map(|(at, one)| vec![
                        html! { (entry(List::Objectives, at, &one.id)) span.sub { (one.statement) } (of_reporting(one)) },
                        html! { @if one.is_general_control { "IT general control" } @else { "Business process" } },
                        html! { span.refs { @for id in &one.controls { a href={ "/controls/" (segment(id.as_str())) } { (id) } } } },
                    ]).collect()))
                }
                (add(List::Objectives, "Add an objective"))
            }))
        }
        (block("subservices", "Subservice organizations", &html! { (scope.subservices.len()) }, &html! {
            @if scope.subservices.is_empty() { p.muted { "None. A vendor belongs here only if its controls are needed, together with own ones, to " @if scope.kind.has_criteria() { "keep the commitments" } @else { "achieve the control objectives" } "." } } @else {
                (plain("Subservice organizations", &["Organization", "Method", "Answers for"], scope.subservices.iter().enumerate().map(|(at, one)| vec![
                    html! { (entry(List::Subservices, at, &one.name)) span.sub { (one.service) } },
                    html! { (one.method.title()) (decided(&one.decision)) },
                    html! { span.refs { @for id in one.assumed.iter().flat_map(|assumed| &assumed.criteria).collect::<BTreeSet<_>>() { span { (id) } } } },
                ]).collect()))
            }
            (add(List::Subservices, "Add an organization"))
        }))
        (block("vendors", "Other vendors", &html! { "no subservice organization" }, &html! {
            @if scope.vendors.is_empty() { p.muted { "No decision is recorded. Write down each vendor that could be thought to be a subservice organization, and why it is none." } } @else {
                (plain("Other vendors", &["Vendor", "Decision"], scope.vendors.iter().enumerate().map(|(at, one)| vec![
                    html! { (entry(List::Vendors, at, &one.name)) span.sub { (one.service) } },
                    html! { (one.why) (decided(&one.decision)) },
                ]).collect()))
            }
            (add(List::Vendors, "Add a vendor"))
        }))
        (block("vendor-controls", "What vendors expect of us", &html! { (scope.vendor_controls.len()) }, &html! {
            @if scope.vendor_controls.is_empty() { p.muted { "Nothing is written down. The report of a vendor lists controls that its customers must run: each is met by own controls, or does not apply." } } @else {
                (plain("What vendors expect of us", &["Control", "Met by"], scope.vendor_controls.iter().enumerate().map(|(at, one)| vec![
                    html! { (entry(List::VendorControls, at, &one.text)) span.sub { (one.vendor) } },
                    html! {
                        @if one.is_applicable() {
                            @if one.controls.is_empty() { strong { "Nothing" } }
                            span.refs { @for id in &one.controls { a href={ "/controls/" (segment(id.as_str())) } { (id) } } }
                        } @else { "Does not apply: " (one.not_applicable) }
                        @if !one.evidence.is_empty() { span.sub { (one.evidence) } }
                    },
                ]).collect()))
            }
            (add(List::VendorControls, "Add what a vendor expects"))
        }))
        (block("user-entities", "What customers do", &html! { (scope.user_entities.len()) }, &html! {
            @if scope.user_entities.is_empty() { p.muted { "Nothing is expected of customers." } } @else {
                (plain("What customers do", &["Control or responsibility", "Kind"], scope.user_entities.iter().enumerate().map(|(at, one)| vec![
                    html! { (entry(List::UserEntities, at, &one.text)) },
                    html! { (one.kind.title()) },
                ]).collect()))
            }
            (add(List::UserEntities, "Add what customers do"))
        }))
    }
}

/// Who decided what a vendor is, and when.
fn decided(decision: &Decision) -> Markup {
    html! {
        @match decision.decided {
            Some(day) => { span.sub { "Decided on " (moment::on(day)) @if !decision.approver.is_empty() { " by " (decision.approver) } } }
            None => { span.sub { "To decide for this examination" } }
        }
    }
}

/// What an objective is about in customers' financial reporting.
pub(super) fn of_reporting(one: &Objective) -> Markup {
    let words = |all: &BTreeSet<String>| all.iter().cloned().collect::<Vec<_>>().join(", ");
    html! {
        @if !one.transactions.is_empty() { span.sub { "Transactions: " (words(&one.transactions)) } }
        @if !one.assertions.is_empty() { span.sub { "Assertions: " (words(&one.assertions)) } }
    }
}

/// What is inside the boundary and what is not, by kind.
fn elements(scope: &Scope) -> Markup {
    html! {
        @for &kind in ElementKind::ALL {
            @if scope.elements.iter().any(|one| one.kind == kind) {
                dt { (kind.title()) } dd {
                    @for one in scope.elements_of(kind, true) { (one.name) br; }
                    @for one in scope.elements_of(kind, false) { span.sub { "Outside: " (one.name) ", as " (one.outside) } }
                }
            }
        }
    }
}

fn about(known: &Known, framework: &Framework) -> Markup {
    let scope = &known.version.record.scope;
    let record = &known.version.record;
    let criteria = scope.criteria(framework);
    html! {
        dl.facts {
            dt { "State" } dd { (record.standing().title())
                @if let Some(approved) = record.approved() { span.sub { "Version " (approved.version) " approved by " (known.names.of(approved.by)) ", " (moment::written(approved.at)) } }
                @if let Some(closed) = record.closed() { span.sub { (known.names.of(closed.by)) ": " (closed.reason) } }
            }
            dt { "Report" } dd { (scope.report()) }
            dt { "Time" } dd { (moment::examined(scope.time)) }
            dt { "System" } dd { (scope.system) span.sub { @match known.grounds.systems.iter().filter(|one| scope.systems.contains(&one.id)).map(|one| one.name.as_str()).collect::<Vec<_>>() {
                none if none.is_empty() => { "Controls and evidence of every system" }
                names => { "Controls and evidence of " (names.join(", ")) ", and of the organization as a whole" }
            } } }
            dt { "Services" } dd { @if scope.services.is_empty() { span.muted { "None named" } } @else { (scope.services.join("; ")) } }
            dt { "Boundary" } dd { @if scope.boundary.is_empty() { span.muted { "Not written" } } @else { (scope.boundary) } }
            @if !scope.outside.is_empty() { dt { "Outside" } dd { (scope.outside.join("; ")) } }
            (elements(scope))
            dt { "Audit firm" } dd { @if scope.firm.is_empty() { span.muted { "Not chosen yet" } } @else { (scope.firm) } }
            @if scope.kind.has_criteria() {
                dt { "Categories" } dd {
                    @for category in framework.categories.iter().filter(|one| scope.categories.contains_key(&one.id)) {
                        (category.title) span.sub { (scope.categories[&category.id]) }
                    }
                    @if scope.categories.is_empty() { span.muted { "None chosen" } }
                    @for (id, reason) in &scope.omissions { span.sub { "Without " (id.replace('-', " ")) ": " (reason) } }
                }
                dt { "Criteria" } dd { (criteria.len()) " in scope" @for (id, reason) in &scope.exclusions { span.sub { "Without " (id) ": " (reason) } } }
                dt { "Commitments" } dd { span.refs { @for one in &scope.commitments { a href={ "/commitments/" (one.0) } { (one) } } } @if scope.commitments.is_empty() { span.muted { "None named" } } }
            } @else {
                dt { "Objectives" } dd { (criteria.len()) }
            }
        }
    }
}

fn history(versions: &[Version], names: &Names) -> Markup {
    let rows = versions.iter().enumerate().take(VERSIONS_SHOWN).map(|(at, version)| {
        let before = versions.get(at + 1).map(|version| &version.record);
        vec![
            html! { span.num { (version.number) } },
            html! { (event(before, &version.record, names)) },
            html! { span.nowrap { (moment::exact(version.since)) } },
        ]
    });
    plain("Versions", &["Version", "What happened", "When"], rows.collect())
}

fn event(before: Option<&Engagement>, after: &Engagement, names: &Names) -> Markup {
    let Some(before) = before else {
        return html! { "Planned by " (names.of(after.written.by)) span.sub { (after.written.reason) } };
    };
    if let (None, Some(closed)) = (before.closed(), after.closed()) {
        return html! { "Closed by " (names.of(closed.by)) span.sub { (closed.reason) } };
    }
    if before.approved() != after.approved() {
        return html! { "Scope approved" @if let Some(approved) = after.approved() { " by " (names.of(approved.by)) } };
    }
    if before.written != after.written {
        return html! { "Scope changed by " (names.of(after.written.by)) span.sub { (after.written.reason) } };
    }
    if before.administration != after.administration {
        return html! { "Firm, letter of engagement or walkthroughs recorded" };
    }
    if let Some(modified) = after.modified().filter(|modified| before.modified() != Some(modified)) {
        return html! { "Modification of the opinion recorded by " (names.of(modified.by)) span.sub { (modified.reason) } };
    }
    let (digest, of_assertion) = (after.ground(Paper::Description), after.ground(Paper::Assertion));
    for (name, was, is) in [
        (
            "Description",
            before.description.as_ref().map(|one| one.version),
            after.description.as_ref().map(|one| (one.version, one.by)),
        ),
        (
            "Assertion",
            before.assertion.as_ref().map(|one| one.version),
            after.assertion.as_ref().map(|one| (one.version, one.by)),
        ),
    ] {
        if let Some((version, by)) = is.filter(|(version, _)| was != Some(*version)) {
            return html! { (name) " written by " (names.of(by)) span.sub { "Version " (version) } };
        }
    }
    let signed = [
        (
            "Description approved",
            after.description.as_ref().and_then(|one| one.approved(digest)),
            before.description.as_ref().and_then(|one| one.approved(digest)),
        ),
        (
            "Assertion approved",
            after.assertion.as_ref().and_then(|one| one.approved(of_assertion)),
            before.assertion.as_ref().and_then(|one| one.approved(of_assertion)),
        ),
        (
            "Description reviewed",
            after.description.as_ref().and_then(|one| one.reviewed(digest)),
            before.description.as_ref().and_then(|one| one.reviewed(digest)),
        ),
        (
            "Assertion reviewed",
            after.assertion.as_ref().and_then(|one| one.reviewed(of_assertion)),
            before.assertion.as_ref().and_then(|one| one.reviewed(of_assertion)),
        ),
    ];
    let new = signed.into_iter().find(|(_, is, was)| is != was).and_then(|(what, is, _)| Some((what, is?)));
    html! { @if let Some((what, signed)) = new { (what) " by " (names.of(signed.by)) } }
}

/// What differs between two scopes.
fn compare(before: &Scope, after: &Scope, known: &[System]) -> Vec<Differs> {
    let systems = |scope: &Scope| {
        let names = known.iter().filter(|one| scope.systems.contains(&one.id)).map(|one| one.name.as_str());
        names.collect::<Vec<_>>().join(", ")
    };
    let inside = |scope: &Scope| {
        let pieces = scope.elements.iter().filter(|one| one.outside.is_empty());
        pieces.map(|one| format!("{}: {}", one.kind.title(), one.name)).collect::<Vec<_>>().join("; ")
    };
    let one = |label, before: String, after: String| Differs { label, before, after };
    let reasons = |all: &std::collections::BTreeMap<String, String>| {
        let one = |(id, reason): (&String, &String)| {
            format!("{}: {}", capital(&id.replace('-', " ")), reason.trim_end_matches('.'))
        };
        all.iter().map(one).collect::<Vec<_>>().join("; ")
    };
    let keys =
        |scope: &Scope| scope.commitments.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let subservices = |scope: &Scope| {
        let one = |one: &tickmark_core::engagement::Subservice| {
            let assumed: Vec<&str> = one.assumed.iter().map(|assumed| assumed.text.as_str()).collect();
            let (of, assertion) = (one.decision.decided, one.assertion.state.title());
            let decided =
                of.map_or_else(|| "not decided".to_owned(), |day| format!("decided on {}", moment::on(day)));
            let inclusive = match one.method {
                Method::Inclusive => format!(", assertion: {assertion}"),
                Method::CarveOut => String::new(),
            };
            format!("{} ({}, {decided}{inclusive}): {}", one.name, one.method.title(), assumed.join(", "))
        };
        scope.subservices.iter().map(one).collect::<Vec<_>>().join("; ")
    };
    let customers = |scope: &Scope| {
        let one = |one: &tickmark_core::engagement::UserEntityControl| {
            format!("{}: {}", one.kind.title(), one.text)
        };
        scope.user_entities.iter().map(one).collect::<Vec<_>>().join("; ")
    };
    let objectives = |scope: &Scope| {
        let one = |one: &Objective| {
            let controls: Vec<&str> = one.controls.iter().map(|id| id.as_str()).collect();
            format!("{} {} ({})", one.id, one.statement, controls.join(", "))
        };
        scope.objectives.iter().map(one).collect::<Vec<_>>().join("; ")
    };
    let vendors = |scope: &Scope| {
        let one = |one: &Vendor| format!("{}: {}", one.name, one.why);
        scope.vendors.iter().map(one).collect::<Vec<_>>().join("; ")
    };
    let expects = |scope: &Scope| {
        let one = |one: &VendorControl| {
            let controls: Vec<&str> = one.controls.iter().map(|id| id.as_str()).collect();
            let met = if one.is_applicable() { controls.join(", ") } else { "does not apply".to_owned() };
            format!("{} expects: {} ({met})", one.vendor, one.text)
        };
        scope.vendor_controls.iter().map(one).collect::<Vec<_>>().join("; ")
    };
    changed([
        one("Report", before.report(), after.report()),
        one("Time", moment::examined(before.time), moment::examined(after.time)),
        one("System", before.system.clone(), after.system.clone()),
        one("Records of systems", systems(before), systems(after)),
        one("Services", before.services.join("; "), after.services.join("; ")),
        one("Boundary", before.boundary.clone(), after.boundary.clone()),
        one("Inside", inside(before), inside(after)),
        one("Outside", before.all_outside().join("; "), after.all_outside().join("; ")),
        one("Audit firm", before.firm.clone(), after.firm.clone()),
        one("Categories", reasons(&before.categories), reasons(&after.categories)),
        one("Left out", reasons(&before.omissions), reasons(&after.omissions)),
        one("Criteria taken out", reasons(&before.exclusions), reasons(&after.exclusions)),
        one("Commitments", keys(before), keys(after)),
        one("Objectives", objectives(before), objectives(after)),
        one("Subservice organizations", subservices(before), subservices(after)),
        one("Other vendors", vendors(before), vendors(after)),
        one("What vendors expect", expects(before), expects(after)),
        one("What customers do", customers(before), customers(after)),
    ])
}

pub(super) async fn approve_page(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let (key, catalog) = (key(&at)?, catalog(&state)?);
    let known = app.read(actor, async |view| known(view, key, catalog).await).await?;
    if !matches!(known.version.record.standing(), Standing::Planned | Standing::ChangeWaits) {
        return Err(Refusal::NotFound);
    }
    asked.frame(&state, &approve_form(&known, actor.id, &asked.token, &Faults::default())).await
}

fn approve_form(known: &Known, who: ActorId, token: &str, faults: &Faults) -> Page {
    let record = &known.version.record;
    let href = href(record.key);
    let empty = Scope::of(record.scope.kind, record.scope.time, &record.scope.system);
    let before = record.approved().map_or(&empty, |approved| &approved.scope);
    let must = known.problems.iter().any(|problem| problem.blocks);
    let buttons =
        html! { (hidden("version", &known.version.number.to_string())) (send("Approve the scope", &href)) };
    let body = html! {
        div.narrow.stack {
            (faults.summary())
            (problems(known))
            section.card aria-labelledby="waits" {
                h2 id="waits" { @if record.approved().is_some() { "What changes" } @else { "What is in scope" } }
                p.muted { (known.names.of(record.written.by)) ", " (moment::written(record.written.at)) ": " (record.written.reason) }
                @if record.approved().is_none() {
                    dl.facts {
                        dt { "Report" } dd { (record.scope.report()) }
                        dt { "Time" } dd { (moment::examined(record.scope.time)) }
                        dt { "System" } dd { (record.scope.system) }
                    }
                }
                (diff(&compare(before, &record.scope, &known.grounds.systems)))
            }
            @if record.is_author(who) { p.problem { "You wrote some of what waits here, so somebody else decides about it." } }
            @else if must { p.problem { "The scope cannot be approved while something has to be mended." } }
            @else { (form(&format!("{href}/approve"), token, &buttons)) }
        }
    };
    page_of(record, "Approve the scope", body)
}

pub(super) async fn approve(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let (key, catalog) = (key(&at)?, catalog(&state)?);
    sent.only(&["version"])?;
    let from: i64 = sent.text("version").parse().map_err(|_| Refusal::Malformed)?;
    let approved = app.transact(actor, async |cx| engagement::approve(cx, key, from, catalog).await).await;
    let (status, faults) = match approved {
        Ok(Changed::Stale(_)) => (
            StatusCode::CONFLICT,
            Faults::whole("it was changed since you looked. This is what waits now; nothing was approved"),
        ),
        other => match outcome(other, &href(key), &[]) {
            Ok(done) => return Ok(done),
            Err(wrong) => wrong?,
        },
    };
    let known = app.read(actor, async |view| known(view, key, catalog).await).await?;
    refused(&state, &asked, status, &approve_form(&known, actor.id, &asked.token, &faults)).await
}

pub(super) async fn close_page(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let key = key(&at)?;
    let version = app.read(actor, async |view| engagement::find(view, key).await).await?;
    if version.record.closed().is_some() {
        return Err(Refusal::NotFound);
    }
    asked.frame(&state, &close_form(&version.record, &asked.token, "", &Faults::default())).await
}

fn close_form(record: &Engagement, token: &str, reason: &str, faults: &Faults) -> Page {
    let href = href(record.key);
    let body = html! {
        (faults.summary())
        p { "It is over, or given up. It stays readable, and nothing more is written or signed in it." }
        (field(&Field { name: "reason", label: "Why", kind: Kind::Area(2), value: reason, max: TEXT_MAX, fault: faults.of("reason"), hint: "It is kept with your name and the time.", ..Field::default() }))
        (send("Close the engagement", &href))
    };
    page_of(
        record,
        "Close the engagement",
        html! { div.narrow { (form(&format!("{href}/close"), token, &body)) } },
    )
}

pub(super) async fn close(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let key = key(&at)?;
    sent.only(&["reason"])?;
    let reason = sent.text("reason");
    let mut faults = Faults::default();
    if reason.is_empty() {
        faults.add("reason", "say why, so that others can follow it");
    } else {
        match app.transact(actor, async |cx| engagement::close(cx, key, &reason).await).await {
            Ok(_) => return Ok(go(&href(key))),
            Err(Error::Invalid(says) | Error::Conflict(says)) => {
                faults = Faults::about(says, &[("the reason", "reason")]);
            }
            Err(error) => return Err(error.into()),
        }
    }
    let version = app.read(actor, async |view| engagement::find(view, key).await).await?;
    let page = close_form(&version.record, &asked.token, &reason, &faults);
    refused(&state, &asked, StatusCode::UNPROCESSABLE_ENTITY, &page).await
}
