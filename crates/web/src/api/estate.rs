//! What people say about targets: owner, system, how much hangs on them; and taking them out.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::Error;
use tickmark_app::observation::estate::{self, RecordVersion};
use tickmark_core::id::TargetKey;
use tickmark_core::identity::Resource::{Asset, TestResult};
use tickmark_core::identity::Verb::Update;
use tickmark_core::observation::estate::{Criticality, TargetRecord as Record};

use super::BASE;
use super::answer::{Answered, answer, answer_of};
use super::asking::{asking, number, plain};
use super::call::{Call, Done, Taken, done, write};
use super::meanwhile::stale;
use super::operation::{Operation, Writing};
use super::words::{Reason, parsed, person};
use crate::WebState;
use crate::route::{get, post, put};
use crate::visit::Asked;

const LEVELS: [&str; 4] = ["low", "medium", "high", "critical"];

pub(super) static LOOKS: &[Operation] = &[
    Operation::one::<TargetRecord>(
        "getTargetRecord",
        ("/targets/{key}/record", "/targets/1/record"),
        "What is said about a target now; its tag is the version, 0 while nobody said anything",
        TestResult,
        || get(one),
    ),
    Operation::list::<TargetRecordVersion>(
        "listTargetRecordVersions",
        ("/targets/{key}/record/versions", "/targets/1/record/versions"),
        "What was said about a target, oldest first",
        TestResult,
        || get(versions),
    ),
];

pub(super) static WRITES: &[Writing] = &[
    Writing::put::<NewTargetRecord, TargetRecord>(
        "describeTarget",
        ("/targets/{key}/record", "/targets/1/record"),
        "Says anew who answers for a target, which system it belongs to and how much hangs on it",
        (Asset, Update),
        || put(describe),
    )
    .versioned(),
    Writing::post::<Reason, TargetRecord>(
        "retireTarget",
        ("/targets/{key}/retirement", "/targets/1/retirement"),
        "Takes a target out; if a source still expects it, it is there again with the next look",
        (Asset, Update),
        || post(retire),
    )
    .for_people(),
];

/// What is said about a target.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
struct TargetRecord {
    owner: Option<String>,
    system: Option<String>,
    /// `low`, `medium`, `high` or `critical`; null while nobody said.
    criticality: Option<String>,
    note: String,
}

/// What was said about a target, from a moment on.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct TargetRecordVersion {
    version: i64,
    since: String,
    by: String,
    /// `described` or `retired`.
    event: String,
    reason: String,
    record: TargetRecord,
}

/// What shall be said.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewTargetRecord {
    #[serde(default)]
    #[schemars(extend("format" = "uuid"))]
    owner: Option<String>,
    #[serde(default)]
    #[schemars(extend("format" = "uuid"))]
    system: Option<String>,
    #[serde(default)]
    #[schemars(extend("enum" = LEVELS))]
    criticality: Option<String>,
    #[serde(default)]
    #[schemars(length(max = 2_000))]
    note: String,
    /// Why.
    #[serde(default)]
    #[schemars(length(max = 2_000))]
    reason: String,
}

impl Taken for NewTargetRecord {}

impl From<&Record> for TargetRecord {
    fn from(record: &Record) -> Self {
        Self {
            owner: record.owner.map(|who| who.to_string()),
            system: record.system.map(|system| system.to_string()),
            criticality: record.criticality.map(|one| one.word().to_owned()),
            note: record.note.clone(),
        }
    }
}

impl From<&RecordVersion> for TargetRecordVersion {
    fn from(version: &RecordVersion) -> Self {
        Self {
            version: version.number,
            since: version.at.to_string(),
            by: version.by.to_string(),
            event: version.said.word().to_owned(),
            reason: version.reason.clone(),
            record: TargetRecord::from(&version.record),
        }
    }
}

impl NewTargetRecord {
    fn read(&self) -> Result<Record, Error> {
        let level = |word: &str| {
            Criticality::from_word(word)
                .ok_or_else(|| Error::invalid(format!("there is no criticality {word:?}")))
        };
        Ok(Record {
            owner: person("owner", self.owner.as_deref())?,
            system: self.system.as_deref().map(|id| parsed("system", id)).transpose()?,
            criticality: self.criticality.as_deref().map(level).transpose()?,
            note: self.note.clone(),
        })
    }
}

async fn all(
    state: &WebState,
    asked: &Asked,
    key: &str,
) -> Result<Vec<RecordVersion>, crate::error::Refusal> {
    let (app, actor) = asked.member(state)?;
    let key = TargetKey(number(key)?);
    Ok(app.read(actor, async |view| estate::versions(view, key).await).await?)
}

async fn one(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    plain(&uri)?;
    let newest = all(&state, &asked, &key).await?.pop();
    let said = newest.as_ref().map(|version| TargetRecord::from(&version.record)).unwrap_or_default();
    Ok(answer_of(&headers, &said, &newest.map_or(0, |version| version.number).to_string()))
}

async fn versions(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    let asking = asking(&uri, "/targets/{key}/record/versions")?;
    let items: Vec<TargetRecordVersion> = all(&state, &asked, &key).await?.iter().map(Into::into).collect();
    Ok(answer(&headers, &asking.page(items, |item| item.version.to_string())?))
}

async fn describe(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<NewTargetRecord>,
) -> Answered {
    let (key, from) = (TargetKey(number(&key)?), call.number()?);
    write(&state, &asked, &call, async |cx| {
        let versions = estate::versions(cx, key).await?;
        let now = versions.last().map_or(0, |version| version.number);
        if now != from {
            let current =
                versions.last().map(|version| TargetRecord::from(&version.record)).unwrap_or_default();
            let seen = versions.iter().find(|version| version.number == from);
            let seen = seen.map(|version| TargetRecord::from(&version.record));
            return stale(&current, &now.to_string(), seen.as_ref());
        }
        let body = &call.body;
        said(key, &estate::describe(cx, key, from, body.read()?, &body.reason).await?)
    })
    .await
}

async fn retire(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<Reason>,
) -> Answered {
    let key = TargetKey(number(&key)?);
    write(&state, &asked, &call, async |cx| said(key, &estate::retire(cx, key, &call.body.reason).await?))
        .await
}

fn said(key: TargetKey, version: &RecordVersion) -> Result<Done, Error> {
    let location = format!("{BASE}/targets/{}/record", key.0);
    done(StatusCode::OK, &TargetRecord::from(&version.record), &version.number.to_string(), &location)
}
