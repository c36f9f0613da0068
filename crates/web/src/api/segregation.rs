//! Segregation of duties: the matrix, who holds both sides of a conflict, the question before a right is given, exceptions.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::program::segregation::{self, NewException, Ruling};
use tickmark_core::Timestamp;
use tickmark_core::catalog::{Duty as CoreDuty, DutyConflict};
use tickmark_core::identity::Resource::{AccessReview, Exception};
use tickmark_core::identity::Verb::{Approve, Create, Update};
use tickmark_core::program::segregation::{
    ConflictException, Grant as CoreGrant, Matrix as CoreMatrix, MatrixVersion,
};

use super::BASE;
use super::answer::{Answered, answer};
use super::asking::{asking, plain};
use super::call::{Call, Taken, done, write};
use super::looking::Looking;
use super::operation::{Operation, Writing};
use super::words::{AS_OF, Reason, parsed};
use crate::WebState;
use crate::error::Refusal;
use crate::route::{get, post};
use crate::visit::Asked;

pub(super) static LOOKS: &[Operation] = &[
    Operation::one::<Version>(
        "getDutyMatrix",
        ("/duty-matrix", "/duty-matrix"),
        "Which duties one person should not hold together, and which rights grant them",
        AccessReview,
        || get(matrix),
    ),
    Operation::list::<Version>(
        "listDutyMatrixVersions",
        ("/duty-matrix/versions", "/duty-matrix/versions"),
        "Every matrix that was decided about, oldest first",
        AccessReview,
        || get(matrix_versions),
    )
    .filtered(AS_OF),
    Operation::list::<Conflict>(
        "listDutyConflicts",
        ("/duty-conflicts", "/duty-conflicts"),
        "Who holds both duties of each conflict, in the newest list of each system, and what could not be seen",
        AccessReview,
        || get(conflicts),
    ),
    Operation::one::<Answer>(
        "askDutyConflict",
        ("/duty-question", "/duty-question"),
        "Whether giving somebody a right would make a conflict",
        AccessReview,
        || get(question),
    )
    .filtered(&[
        ("person", "Who, as lists of access name them"),
        ("system", "The system"),
        ("right", "The right"),
    ]),
    Operation::list::<Excepted>(
        "listDutyExceptions",
        ("/duty-exceptions", "/duty-exceptions"),
        "Exceptions to conflicts of duties, newest first",
        Exception,
        || get(exceptions),
    ),
    Operation::list::<ExceptedVersion>(
        "listDutyExceptionVersions",
        ("/duty-exceptions/{key}/versions", "/duty-exceptions/1/versions"),
        "Every version of an exception, oldest first",
        Exception,
        || get(exception_versions),
    )
    .filtered(AS_OF),
];

pub(super) static WRITES: &[Writing] = &[
    Writing::post::<NewVersion, Version>(
        "decideDutyMatrix",
        ("/duty-matrix", "/duty-matrix"),
        "Decides about the matrix: it counts from now on",
        (AccessReview, Update),
        || post(decide),
    )
    .created()
    .for_people(),
    Writing::post::<Reason, Version>(
        "adoptUsualDuties",
        ("/duty-matrix/adoption", "/duty-matrix/adoption"),
        "Adds the usual duties and conflicts to the matrix; what was said of rights stays",
        (AccessReview, Update),
        || post(adopt),
    )
    .created()
    .for_people(),
    Writing::post::<NewExcepted, Excepted>(
        "askDutyException",
        ("/duty-exceptions", "/duty-exceptions"),
        "Asks that somebody may hold both duties of a conflict for a time; it covers nothing before it is approved",
        (Exception, Create),
        || post(ask),
    )
    .created()
    .for_people(),
    Writing::post::<Ruled, Excepted>(
        "ruleDutyException",
        ("/duty-exceptions/{key}/ruling", "/duty-exceptions/1/ruling"),
        "Approves, declines or takes back an exception; not for whoever asked for it or holds both duties",
        (Exception, Approve),
        || post(rule),
    )
    .for_people(),
];

/// A duty.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Duty {
    #[schemars(length(min = 1, max = 60))]
    id: String,
    #[schemars(length(min = 1, max = 2_000))]
    title: String,
    /// What it means.
    #[serde(default)]
    #[schemars(length(max = 2_000))]
    plain: String,
}

/// Two duties that one person should not hold together.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Pair {
    #[schemars(length(min = 1, max = 60))]
    id: String,
    #[schemars(length(min = 1, max = 60))]
    first: String,
    #[schemars(length(min = 1, max = 60))]
    second: String,
    /// What can happen.
    #[schemars(length(min = 1, max = 2_000))]
    risk: String,
    /// What compensates in a small team.
    #[serde(default)]
    #[schemars(length(max = 2_000))]
    compensation: String,
}

/// Which rights grant a duty.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Grant {
    /// A system, or a pattern with `*`.
    #[schemars(length(min = 1, max = 200))]
    system: String,
    /// A right, or a pattern with `*`.
    #[schemars(length(min = 1, max = 200))]
    entitlement: String,
    /// The duty; null says that such rights grant none.
    #[serde(default)]
    duty: Option<String>,
}

/// A matrix.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Matrix {
    #[schemars(length(max = 500))]
    duties: Vec<Duty>,
    #[schemars(length(min = 1, max = 500))]
    conflicts: Vec<Pair>,
    #[serde(default)]
    #[schemars(length(max = 5_000))]
    grants: Vec<Grant>,
}

/// A matrix with who decided about it. Version 0 is none.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Version {
    version: u32,
    decided_by: Option<String>,
    decided_at: Option<String>,
    reason: String,
    matrix: Option<Matrix>,
}

/// A new matrix.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewVersion {
    /// The version that it is made from; 0 for none.
    from: u32,
    #[schemars(length(min = 1, max = 2_000))]
    reason: String,
    matrix: Matrix,
}

/// A conflict with who holds both its duties.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Conflict {
    id: String,
    first: String,
    second: String,
    /// `held`, `unseen` or `none`. What could not be seen is never `none`.
    verdict: String,
    held: Vec<Both>,
    /// What could not be seen, in words.
    unseen: Vec<String>,
}

/// Somebody who holds both duties.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Both {
    holder: String,
    /// Through which rights, in words.
    through: Vec<String>,
    /// Number of the exception that covers it; null if none does.
    exception: Option<i64>,
}

/// What giving a right would mean.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Answer {
    /// `held`: it would make a conflict; `unseen`; `none`.
    verdict: String,
    /// Duties that the right grants.
    duties: Vec<String>,
    /// Ids of conflicts that it would make.
    conflicts: Vec<String>,
    unseen: Vec<String>,
}

/// An exception.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Excepted {
    key: i64,
    /// `asked`, `approved`, `declined`, `withdrawn` or `expired`.
    state: String,
    conflict: String,
    holder: String,
    reason: String,
    /// The control that compensates.
    control: String,
    asked_by: String,
    approved_by: Option<String>,
    expires_at: String,
}

/// What somebody asks an exception for.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewExcepted {
    #[schemars(length(min = 1, max = 60))]
    conflict: String,
    /// Who holds both duties, as lists of access name them.
    #[schemars(length(min = 1, max = 200))]
    holder: String,
    #[schemars(length(min = 1, max = 2_000))]
    reason: String,
    /// The control that compensates.
    #[schemars(length(min = 1, max = 40))]
    control: String,
    #[schemars(extend("format" = "date-time"))]
    expires_at: String,
}

/// An exception as it stood from a moment on.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct ExceptedVersion {
    /// Its number, from 1.
    version: i64,
    since: String,
    by: String,
    exception: Excepted,
}

/// What is decided about an exception.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Ruled {
    ruling: Word,
    /// Why; needed for declining and taking back.
    #[serde(default)]
    #[schemars(length(max = 2_000))]
    why: String,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Word {
    Approve,
    Decline,
    Withdraw,
}

impl Taken for NewVersion {
    const BYTES: usize = super::call::FILES_BYTES;
}
impl Taken for NewExcepted {}
impl Taken for Ruled {}

impl From<&MatrixVersion> for Version {
    fn from(version: &MatrixVersion) -> Self {
        Self::from(Some(version))
    }
}

impl From<&segregation::ExceptionVersion> for ExceptedVersion {
    fn from(version: &segregation::ExceptionVersion) -> Self {
        Self {
            version: version.number,
            since: version.since.to_string(),
            by: version.by.to_string(),
            // As it stood then, whatever time it is now.
            exception: Excepted::of(&version.record, version.since),
        }
    }
}

impl From<Option<&MatrixVersion>> for Version {
    fn from(version: Option<&MatrixVersion>) -> Self {
        let matrix = version.map(|one| Matrix {
            duties: one
                .matrix
                .duties
                .iter()
                .map(|duty| Duty {
                    id: duty.id.clone(),
                    title: duty.title.clone(),
                    plain: duty.plain.clone(),
                })
                .collect(),
            conflicts: one
                .matrix
                .conflicts
                .iter()
                .map(|pair| Pair {
                    id: pair.id.clone(),
                    first: pair.first.clone(),
                    second: pair.second.clone(),
                    risk: pair.risk.clone(),
                    compensation: pair.compensation.clone(),
                })
                .collect(),
            grants: one
                .matrix
                .grants
                .iter()
                .map(|grant| Grant {
                    system: grant.system.clone(),
                    entitlement: grant.entitlement.clone(),
                    duty: grant.duty.clone(),
                })
                .collect(),
        });
        Self {
            version: version.map_or(0, |one| one.written.version),
            decided_by: version.map(|one| one.written.by.to_string()),
            decided_at: version.map(|one| one.written.at.to_string()),
            reason: version.map(|one| one.written.reason.clone()).unwrap_or_default(),
            matrix,
        }
    }
}

impl Matrix {
    fn read(&self) -> CoreMatrix {
        let duty =
            |one: &Duty| CoreDuty { id: one.id.clone(), title: one.title.clone(), plain: one.plain.clone() };
        let pair = |one: &Pair| DutyConflict {
            id: one.id.clone(),
            first: one.first.clone(),
            second: one.second.clone(),
            risk: one.risk.clone(),
            compensation: one.compensation.clone(),
        };
        let grant = |one: &Grant| CoreGrant {
            system: one.system.clone(),
            entitlement: one.entitlement.clone(),
            duty: one.duty.clone(),
        };
        CoreMatrix {
            duties: self.duties.iter().map(duty).collect(),
            conflicts: self.conflicts.iter().map(pair).collect(),
            grants: self.grants.iter().map(grant).collect(),
        }
    }
}

impl Excepted {
    fn of(one: &ConflictException, now: Timestamp) -> Self {
        Self {
            key: one.key.0,
            state: one.state(now).word().to_owned(),
            conflict: one.conflict.clone(),
            holder: one.holder.clone(),
            reason: one.reason.clone(),
            control: one.control.to_string(),
            asked_by: one.asked_by.to_string(),
            approved_by: one.approved.map(|(by, _)| by.to_string()),
            expires_at: one.expires_at.to_string(),
        }
    }
}

async fn matrix(State(state): State<WebState>, asked: Asked, uri: Uri, headers: HeaderMap) -> Answered {
    plain(&uri)?;
    let (app, actor) = asked.member(&state)?;
    let found = app.read(actor, async |view| segregation::current(view).await).await?;
    Ok(answer(&headers, &Version::from(found.as_ref())))
}

async fn matrix_versions(look: Looking) -> Answered {
    look.versions(
        async |view| {
            let mut all = segregation::versions(view).await?;
            all.reverse();
            Ok(all)
        },
        |version| version.written.at,
        |item: &Version| item.version.to_string(),
    )
    .await
}

async fn exception_versions(Path(key): Path<String>, look: Looking) -> Answered {
    let key = segregation::parse(&key).ok_or(Refusal::NotFound)?;
    look.versions(
        async |view| segregation::exception_versions(view, key).await,
        |version| version.since,
        |item: &ExceptedVersion| item.version.to_string(),
    )
    .await
}

async fn conflicts(State(state): State<WebState>, asked: Asked, uri: Uri, headers: HeaderMap) -> Answered {
    let (app, actor) = asked.member(&state)?;
    let asking = asking(&uri, "/duty-conflicts")?;
    let report = app.read(actor, async |view| segregation::report(view).await).await?;
    let mut items = Vec::new();
    for one in report.iter().flat_map(|report| &report.looked) {
        let covered = |holder: &String| {
            let key = (one.conflict.id.clone(), holder.clone());
            report.as_ref()?.covered.get(&key).map(|covered| covered.exception.0)
        };
        let held = one.held.iter().map(|both| Both {
            holder: both.holder.clone(),
            through: both.first.iter().chain(&both.second).map(ToString::to_string).collect(),
            exception: covered(&both.holder),
        });
        items.push(Conflict {
            id: one.conflict.id.clone(),
            first: one.conflict.first.clone(),
            second: one.conflict.second.clone(),
            verdict: one.verdict().word().to_owned(),
            held: held.collect(),
            unseen: one.unseen.iter().map(ToString::to_string).collect(),
        });
    }
    Ok(answer(&headers, &asking.page(items, |item| item.id.clone())?))
}

async fn question(State(state): State<WebState>, asked: Asked, uri: Uri, headers: HeaderMap) -> Answered {
    let (app, actor) = asked.member(&state)?;
    let asking = asking(&uri, "/duty-question")?;
    let text = |name: &str| asking.filter(name).unwrap_or_default().to_owned();
    let (person, system, right) = (text("person"), text("system"), text("right"));
    if person.is_empty() || system.is_empty() || right.is_empty() {
        return Err(Refusal::Unfit("say person, system and right".to_owned()));
    }
    let found = app
        .read(actor, async |view| segregation::ask(view, &person, &system, &right).await)
        .await?
        .ok_or(Refusal::NotFound)?;
    let said = Answer {
        verdict: found.verdict().word().to_owned(),
        duties: found.duties.iter().cloned().collect(),
        conflicts: found.conflicts.iter().map(|(conflict, _)| conflict.id.clone()).collect(),
        unseen: found.unseen.iter().map(ToString::to_string).collect(),
    };
    Ok(answer(&headers, &said))
}

async fn exceptions(State(state): State<WebState>, asked: Asked, uri: Uri, headers: HeaderMap) -> Answered {
    let (app, actor) = asked.member(&state)?;
    let asking = asking(&uri, "/duty-exceptions")?;
    let all = app.read(actor, async |view| segregation::exceptions(view).await).await?;
    let now = state.now();
    let items: Vec<Excepted> = all.iter().map(|one| Excepted::of(one, now)).collect();
    Ok(answer(&headers, &asking.page(items, |item| item.key.to_string())?))
}

async fn decide(State(state): State<WebState>, asked: Asked, call: Call<NewVersion>) -> Answered {
    write(&state, &asked, &call, async |cx| {
        let body = &call.body;
        let version = segregation::decide(cx, body.matrix.read(), &body.reason, body.from).await?;
        done(StatusCode::CREATED, &Version::from(Some(&version)), "", &format!("{BASE}/duty-matrix"))
    })
    .await
}

async fn adopt(State(state): State<WebState>, asked: Asked, call: Call<Reason>) -> Answered {
    let catalog = state.source().catalog().ok_or(Refusal::NotFound)?;
    write(&state, &asked, &call, async |cx| {
        let version = segregation::adopt(cx, catalog, &call.body.reason).await?;
        done(StatusCode::CREATED, &Version::from(Some(&version)), "", &format!("{BASE}/duty-matrix"))
    })
    .await
}

async fn ask(State(state): State<WebState>, asked: Asked, call: Call<NewExcepted>) -> Answered {
    write(&state, &asked, &call, async |cx| {
        let body = &call.body;
        let new = NewException {
            conflict: body.conflict.clone(),
            holder: body.holder.clone(),
            reason: body.reason.clone(),
            control: parsed("control", &body.control)?,
            expires_at: parsed("expires_at", &body.expires_at)?,
        };
        let made = segregation::request(cx, new).await?;
        let now = cx.now;
        done(StatusCode::CREATED, &Excepted::of(&made, now), "", &format!("{BASE}/duty-exceptions"))
    })
    .await
}

async fn rule(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<Ruled>,
) -> Answered {
    let key = segregation::parse(&key).ok_or(Refusal::NotFound)?;
    write(&state, &asked, &call, async |cx| {
        let ruling = match call.body.ruling {
            Word::Approve => Ruling::Approve,
            Word::Decline => Ruling::Decline,
            Word::Withdraw => Ruling::Withdraw,
        };
        let after = segregation::rule(cx, key, ruling, &call.body.why).await?;
        let now = cx.now;
        done(StatusCode::OK, &Excepted::of(&after, now), "", "")
    })
    .await
}
