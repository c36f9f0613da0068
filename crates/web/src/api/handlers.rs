//! What answers: one question of the source each, or one use case.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use tickmark_app::Actor;
use tickmark_app::identity::audit::{self, Filter, Outcome};
use tickmark_core::Timestamp;

use super::{Asking, OPERATIONS, answer, cover, model};
use crate::WebState;
use crate::error::Refusal;
use crate::visit::Asked;

type Answered = Result<Response, Refusal>;

fn asking(uri: &Uri, path: &str) -> Result<Asking, Refusal> {
    let operation = OPERATIONS.iter().find(|one| one.path == path);
    Asking::read(uri, operation.map_or(&[], |one| one.filters))
}

/// Parameters are refused where there are none.
fn plain(uri: &Uri) -> Result<(), Refusal> {
    match uri.query() {
        None | Some("") => Ok(()),
        Some(_) => Err(Refusal::Unfit("this address takes no parameters".to_owned())),
    }
}

fn number(text: &str) -> Result<i64, Refusal> {
    text.parse().map_err(|_| Refusal::NotFound)
}

pub(super) async fn controls(State(state): State<WebState>, uri: Uri, headers: HeaderMap) -> Answered {
    let asking = asking(&uri, "/controls")?;
    let mut items: Vec<model::Control> = state.source().controls().await?.iter().map(Into::into).collect();
    if let Some(status) = asking.filter("status") {
        items.retain(|item| item.status == status);
    }
    Ok(answer(&headers, &asking.page(items, |item| item.id.clone())?))
}

pub(super) async fn control(
    State(state): State<WebState>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    plain(&uri)?;
    Ok(answer(&headers, &model::Control::from(&state.source().control(&id).await?.row)))
}

pub(super) async fn criteria(State(state): State<WebState>, uri: Uri, headers: HeaderMap) -> Answered {
    let asking = asking(&uri, "/criteria")?;
    let mut items: Vec<model::Criterion> = state.source().criteria().await?.iter().map(Into::into).collect();
    if let Some(status) = asking.filter("status") {
        items.retain(|item| item.status == status);
    }
    Ok(answer(&headers, &asking.page(items, |item| item.id.clone())?))
}

pub(super) async fn criterion(
    State(state): State<WebState>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    plain(&uri)?;
    Ok(answer(&headers, &model::Criterion::from(&state.source().criterion(&id).await?.row)))
}

pub(super) async fn checks(State(state): State<WebState>, uri: Uri, headers: HeaderMap) -> Answered {
    let asking = asking(&uri, "/checks")?;
    let items: Vec<model::Check> = state.source().checks().await?.iter().map(Into::into).collect();
    Ok(answer(&headers, &asking.page(items, |item| item.id.clone())?))
}

pub(super) async fn check(
    State(state): State<WebState>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    plain(&uri)?;
    let all = state.source().checks().await?;
    let row = all.iter().find(|row| row.id == id).ok_or(Refusal::NotFound)?;
    Ok(answer(&headers, &model::Check::from(row)))
}

pub(super) async fn targets(State(state): State<WebState>, uri: Uri, headers: HeaderMap) -> Answered {
    let asking = asking(&uri, "/targets")?;
    let items: Vec<model::Target> = state.source().targets().await?.iter().map(Into::into).collect();
    Ok(answer(&headers, &asking.page(items, |item| item.key.to_string())?))
}

pub(super) async fn target(
    State(state): State<WebState>,
    Path(key): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    plain(&uri)?;
    let view = state.source().target(number(&key)?, None).await?;
    Ok(answer(&headers, &model::TargetDetail::from(&view)))
}

pub(super) async fn runs(State(state): State<WebState>, uri: Uri, headers: HeaderMap) -> Answered {
    let asking = asking(&uri, "/runs")?;
    let items: Vec<model::Run> = state.source().runs().await?.rows.iter().map(Into::into).collect();
    Ok(answer(&headers, &asking.page(items, |item| item.key.to_string())?))
}

pub(super) async fn run(
    State(state): State<WebState>,
    Path(key): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    plain(&uri)?;
    Ok(answer(&headers, &model::Run::from(&state.source().run(number(&key)?).await?.row)))
}

pub(super) async fn findings(State(state): State<WebState>, uri: Uri, headers: HeaderMap) -> Answered {
    let asking = asking(&uri, "/findings")?;
    let mut items: Vec<model::Finding> = state.source().findings().await?.iter().map(Into::into).collect();
    if let Some(severity) = asking.filter("severity") {
        items.retain(|item| item.severity == severity);
    }
    Ok(answer(&headers, &asking.page(items, model::Finding::key)?))
}

pub(super) async fn evidence(State(state): State<WebState>, uri: Uri, headers: HeaderMap) -> Answered {
    let asking = asking(&uri, "/evidence")?;
    let items: Vec<model::Artifact> = state.source().artifacts().await?.iter().map(Into::into).collect();
    // The same bytes can be there several times, brought by several runs.
    Ok(answer(&headers, &asking.page(items, |item| format!("{item:?}"))?))
}

pub(super) async fn artifact(
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

pub(super) async fn audit_events(
    State(state): State<WebState>,
    asked: Asked,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    let (app, actor): (_, &Actor) = asked.member(&state)?;
    let asking = asking(&uri, "/audit-events")?;
    let unfit = |name: &str| Refusal::Unfit(format!("{name} cannot be read"));
    let moment = |name: &str| -> Result<Option<Timestamp>, Refusal> {
        asking.filter(name).map(|text| text.parse().map_err(|_| unfit(name))).transpose()
    };
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
        from: moment("from")?,
        to: moment("to")?,
        before: asking.after.as_deref().map(|at| at.parse().map_err(|_| unfit("cursor"))).transpose()?,
        after: None,
    };
    let limit = u32::try_from(asking.limit).unwrap_or(u32::MAX);
    let rows = app.read(actor, async |view| audit::search(view, &filter, limit).await).await?;
    // Whether there are more is known by asking for them; a full page may be the last.
    let next = rows.last().filter(|_| rows.len() == asking.limit).map(|row| cover(&row.number.to_string()));
    Ok(answer(&headers, &model::Page { items: rows.iter().map(model::AuditEvent::from).collect(), next }))
}

pub(super) async fn audit_event(
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
