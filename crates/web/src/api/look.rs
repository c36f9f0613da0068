//! What was seen and what follows from it, and the audit trail: one question of the source each, or one use case.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use tickmark_app::Actor;
use tickmark_app::identity::audit::{self, Filter, Outcome};
use tickmark_app::register::Query;
use tickmark_core::identity::Resource::{
    AuditTrail, Catalog, Control, Evidence, Exception, Test, TestResult,
};

use super::answer::{Answered, answer};
use super::asking::{asking, cover, number, plain};
use super::model;
use super::operation::Operation;
use crate::WebState;
use crate::conclusion::finding::FindingRow;
use crate::error::Refusal;
use crate::observation::LookBack;
use crate::route::get;
use crate::visit::Asked;

const ON_STATUS: &[(&str, &str)] = &[("status", "Only of this status")];

pub(super) static LOOKS: &[Operation] = &[
    Operation::list::<model::Control>(
        "listControls",
        ("/controls", "/controls"),
        "Controls, by identifier",
        Control,
        || get(controls),
    )
    .filtered(ON_STATUS),
    Operation::one::<model::Control>(
        "getControl",
        ("/controls/{id}", "/controls/IAM-01"),
        "One control with where it stands",
        Control,
        || get(control),
    ),
    Operation::list::<model::Criterion>(
        "listCriteria",
        ("/criteria", "/criteria"),
        "Criteria, in the order of the framework",
        Catalog,
        || get(criteria),
    )
    .filtered(ON_STATUS),
    Operation::one::<model::Criterion>(
        "getCriterion",
        ("/criteria/{id}", "/criteria/CC6.1"),
        "One criterion",
        Catalog,
        || get(criterion),
    ),
    Operation::list::<model::Check>(
        "listChecks",
        ("/checks", "/checks"),
        "Checks, by group and identifier",
        Test,
        || get(checks),
    ),
    Operation::one::<model::Check>(
        "getCheck",
        ("/checks/{id}", "/checks/ssh-root-login-disabled"),
        "One check",
        Test,
        || get(check),
    ),
    Operation::list::<model::Target>(
        "listTargets",
        ("/targets", "/targets"),
        "What is looked at, by name",
        TestResult,
        || get(targets),
    ),
    Operation::one::<model::TargetDetail>(
        "getTarget",
        ("/targets/{key}", "/targets/1"),
        "One target with what checks say about it now",
        TestResult,
        || get(target),
    ),
    Operation::list::<model::Run>(
        "listRuns",
        ("/runs", "/runs"),
        "The latest runs, newest first",
        TestResult,
        || get(runs),
    ),
    Operation::one::<model::Run>("getRun", ("/runs/{key}", "/runs/1"), "One run", TestResult, || get(run)),
    Operation::list::<model::Finding>(
        "listFindings",
        ("/findings", "/findings"),
        "What falls short now, worst first",
        Exception,
        || get(findings),
    )
    .filtered(&[("severity", "Only of this severity")]),
    Operation::list::<model::Artifact>(
        "listEvidence",
        ("/evidence", "/evidence"),
        "The latest artifacts, newest first",
        Evidence,
        || get(evidence),
    ),
    Operation::one::<model::Artifact>(
        "getEvidence",
        (
            "/evidence/{digest}",
            "/evidence/sha256:0000000000000000000000000000000000000000000000000000000000000000",
        ),
        "One artifact, without its bytes",
        Evidence,
        || get(artifact),
    ),
    Operation::list::<model::AuditEvent>(
        "listAuditEvents",
        ("/audit-events", "/audit-events"),
        "The audit trail, newest first",
        AuditTrail,
        || get(audit_events),
    )
    .filtered(&[
        ("event", "Only this event, or those whose name begins with this word"),
        ("actor", "Only of this actor"),
        ("outcome", "Only with this outcome"),
        ("object", "Only about this id"),
        ("request", "Only of this request"),
        ("from", "From this moment on (RFC 3339)"),
        ("to", "Before this moment (RFC 3339)"),
    ])
    .narrowed(),
    Operation::one::<model::AuditEvent>(
        "getAuditEvent",
        ("/audit-events/{number}", "/audit-events/1"),
        "One event",
        AuditTrail,
        || get(audit_event),
    )
    .narrowed(),
];

async fn controls(State(state): State<WebState>, uri: Uri, headers: HeaderMap) -> Answered {
    let asking = asking(&uri, "/controls")?;
    let query = asking.filter("status").map(|status| Query::of("status", status)).unwrap_or_default();
    let (rows, next) = state.source().controls_after(&query, asking.after.as_deref(), asking.limit).await?;
    let items: Vec<model::Control> = rows.iter().map(Into::into).collect();
    Ok(answer(&headers, &model::Page { items, next: next.as_deref().map(cover) }))
}

async fn control(
    State(state): State<WebState>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    plain(&uri)?;
    Ok(answer(&headers, &model::Control::from(&state.source().control(&id).await?.row)))
}

async fn criteria(State(state): State<WebState>, uri: Uri, headers: HeaderMap) -> Answered {
    let asking = asking(&uri, "/criteria")?;
    let mut items: Vec<model::Criterion> = state.source().criteria().await?.iter().map(Into::into).collect();
    if let Some(status) = asking.filter("status") {
        items.retain(|item| item.status == status);
    }
    Ok(answer(&headers, &asking.page(items, |item| item.id.clone())?))
}

async fn criterion(
    State(state): State<WebState>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    plain(&uri)?;
    Ok(answer(&headers, &model::Criterion::from(&state.source().criterion(&id).await?.row)))
}

async fn checks(State(state): State<WebState>, uri: Uri, headers: HeaderMap) -> Answered {
    let asking = asking(&uri, "/checks")?;
    let items: Vec<model::Check> =
        state.source().checks(LookBack::default()).await?.iter().map(Into::into).collect();
    Ok(answer(&headers, &asking.page(items, |item| item.id.clone())?))
}

async fn check(
    State(state): State<WebState>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    plain(&uri)?;
    let all = state.source().checks(LookBack::default()).await?;
    let row = all.iter().find(|row| row.id == id).ok_or(Refusal::NotFound)?;
    Ok(answer(&headers, &model::Check::from(row)))
}

async fn targets(State(state): State<WebState>, uri: Uri, headers: HeaderMap) -> Answered {
    let asking = asking(&uri, "/targets")?;
    let (rows, next) = state.source().targets_after(asking.after.as_deref(), asking.limit).await?;
    let items: Vec<model::Target> = rows.iter().map(Into::into).collect();
    Ok(answer(&headers, &model::Page { items, next: next.as_deref().map(cover) }))
}

async fn target(
    State(state): State<WebState>,
    Path(key): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    plain(&uri)?;
    let view = state.source().target(number(&key)?, None, LookBack::default()).await?;
    Ok(answer(&headers, &model::TargetDetail::from(&view)))
}

async fn runs(State(state): State<WebState>, uri: Uri, headers: HeaderMap) -> Answered {
    let asking = asking(&uri, "/runs")?;
    let items: Vec<model::Run> = state.source().runs().await?.rows.iter().map(Into::into).collect();
    Ok(answer(&headers, &asking.page(items, |item| item.key.to_string())?))
}

async fn run(
    State(state): State<WebState>,
    Path(key): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    plain(&uri)?;
    Ok(answer(&headers, &model::Run::from(&state.source().run(number(&key)?).await?.row)))
}

async fn findings(State(state): State<WebState>, uri: Uri, headers: HeaderMap) -> Answered {
    let asking = asking(&uri, "/findings")?;
    let found = state.source().findings().await?;
    let severity = asking.filter("severity");
    let fits = |row: &&FindingRow| severity.is_none_or(|severity| row.severity.word() == severity);
    let page = asking.page(found.iter().filter(fits).collect(), |row| row.reference.clone())?;
    let items: Vec<model::Finding> = page.items.into_iter().map(Into::into).collect();
    Ok(answer(&headers, &model::Page { items, next: page.next }))
}

async fn evidence(State(state): State<WebState>, uri: Uri, headers: HeaderMap) -> Answered {
    let asking = asking(&uri, "/evidence")?;
    let items: Vec<model::Artifact> = state.source().artifacts().await?.iter().map(Into::into).collect();
    // The same bytes can be there several times, brought by several runs.
    Ok(answer(&headers, &asking.page(items, |item| format!("{item:?}"))?))
}

async fn artifact(
    State(state): State<WebState>,
    Path(digest): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    plain(&uri)?;
    let digest = digest.parse().map_err(|_| Refusal::NotFound)?;
    let view = state.source().artifact(&digest).await?;
    let origin = view.origins.first().ok_or(Refusal::NotFound)?;
    Ok(answer(&headers, &model::Artifact::from(&origin.row)))
}

async fn audit_events(State(state): State<WebState>, asked: Asked, uri: Uri, headers: HeaderMap) -> Answered {
    let (app, actor): (_, &Actor) = asked.member(&state)?;
    let asking = asking(&uri, "/audit-events")?;
    let unfit = |name: &str| Refusal::Unfit(format!("{name} cannot be read"));
    let outcome = |word: &str| Outcome::ALL.into_iter().find(|one| one.word() == word);
    let filter = Filter {
        actor: asking.filter("actor").map(|id| id.parse().map_err(|_| unfit("actor"))).transpose()?,
        event: asking.filter("event").map(str::to_owned),
        outcome: asking
            .filter("outcome")
            .map(|word| outcome(word).ok_or_else(|| unfit("outcome")))
            .transpose()?,
        object: asking.filter("object").map(str::to_owned),
        request: asking.filter("request").map(str::to_owned),
        from: asking.moment("from")?,
        to: asking.moment("to")?,
        before: asking.after.as_deref().map(|at| at.parse().map_err(|_| unfit("cursor"))).transpose()?,
        after: None,
    };
    let limit = u32::try_from(asking.limit).unwrap_or(u32::MAX);
    let rows = app.read(actor, async |view| audit::search(view, &filter, limit).await).await?;
    // Whether there are more is known by asking for them; a full page may be the last.
    let next = rows.last().filter(|_| rows.len() == asking.limit).map(|row| cover(&row.number.to_string()));
    Ok(answer(&headers, &model::Page { items: rows.iter().map(model::AuditEvent::from).collect(), next }))
}

async fn audit_event(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    plain(&uri)?;
    let (app, actor) = asked.member(&state)?;
    let at = number(&at)?;
    let (row, _) = app.read(actor, async |view| audit::event(view, at).await).await?;
    Ok(answer(&headers, &model::AuditEvent::from(&row)))
}
