//! How long evidence is kept, and legal holds. People decide, no token does.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::Error;
use tickmark_app::evidence::{self, ArtifactKey, Hold, HoldScope, RetentionClass as Class};
use tickmark_core::id::{ItemKey, TargetKey};
use tickmark_core::identity::Resource::{Evidence, Organization};
use tickmark_core::identity::Verb::{Approve, Update};

use super::BASE;
use super::answer::Answered;
use super::asking::number;
use super::call::{Call, Taken, done, write};
use super::looking::Looking;
use super::operation::{Operation, Writing};
use super::words::Nothing;
use crate::WebState;
use crate::route::{get, post, put};
use crate::visit::Asked;

const CLASSES: [&str; 2] = ["document", "evidence"];

pub(super) static LOOKS: &[Operation] = &[
    Operation::list::<RetentionClass>(
        "listRetentionClasses",
        ("/retention-classes", "/retention-classes"),
        "How long evidence is kept after something newer took its place, by class",
        Evidence,
        || get(classes),
    ),
    Operation::list::<LegalHold>(
        "listLegalHolds",
        ("/legal-holds", "/legal-holds"),
        "Legal holds, those in force first",
        Evidence,
        || get(holds),
    ),
];

pub(super) static WRITES: &[Writing] = &[
    Writing::put::<NewRetention, RetentionClass>(
        "setRetention",
        ("/retention-classes/{name}", "/retention-classes/evidence"),
        "Sets how long a class is kept, what is kept already included",
        (Organization, Update),
        || put(set),
    )
    .for_people(),
    Writing::post::<NewLegalHold, LegalHold>(
        "placeLegalHold",
        ("/legal-holds", "/legal-holds"),
        "Places a legal hold: what it covers is neither erased nor pruned",
        (Evidence, Approve),
        || post(place),
    )
    .created()
    .for_people(),
    Writing::post::<Nothing, LegalHold>(
        "releaseLegalHold",
        ("/legal-holds/{key}/release", "/legal-holds/1/release"),
        "Releases a legal hold",
        (Evidence, Approve),
        || post(release),
    )
    .for_people(),
];

/// How long a class is kept.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct RetentionClass {
    #[schemars(extend("enum" = CLASSES))]
    name: String,
    keep_days: u32,
}

/// How long it shall be kept.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewRetention {
    #[schemars(range(min = 1, max = 36_525))]
    keep_days: u32,
}

/// What a hold is on: one of these, or everything when none is there.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Covered {
    /// Number of an item: the files of all its versions.
    #[serde(default)]
    #[schemars(range(min = 1))]
    item: Option<i64>,
    /// Key of a target: all that was seen of it.
    #[serde(default)]
    #[schemars(range(min = 1))]
    target: Option<i64>,
    /// Number of an artifact.
    #[serde(default)]
    #[schemars(range(min = 1))]
    artifact: Option<i64>,
}

/// A hold to place.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewLegalHold {
    #[serde(default)]
    covers: Covered,
    #[schemars(length(min = 1, max = 2_000))]
    reason: String,
}

/// A legal hold.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct LegalHold {
    key: i64,
    covers: Covered,
    reason: String,
    placed_by: String,
    placed_at: String,
    /// Who released it; null while it is in force.
    released_by: Option<String>,
    released_at: Option<String>,
}

impl Taken for NewRetention {}
impl Taken for NewLegalHold {}

impl From<&Class> for RetentionClass {
    fn from(class: &Class) -> Self {
        Self { name: class.name.clone(), keep_days: class.keep_days }
    }
}

impl From<&Hold> for LegalHold {
    fn from(hold: &Hold) -> Self {
        let none = Covered::default();
        let covers = match hold.scope {
            HoldScope::All => none,
            HoldScope::Item(item) => Covered { item: Some(item.0), ..none },
            HoldScope::Target(target) => Covered { target: Some(target.0), ..none },
            HoldScope::Artifact(artifact) => Covered { artifact: Some(artifact.0), ..none },
        };
        Self {
            key: hold.key,
            covers,
            reason: hold.reason.clone(),
            placed_by: hold.placed_by.to_string(),
            placed_at: hold.placed_at.to_string(),
            released_by: hold.released_by.map(|who| who.to_string()),
            released_at: hold.released_at.map(|at| at.to_string()),
        }
    }
}

impl Covered {
    fn read(&self) -> Result<HoldScope, Error> {
        Ok(match (self.item, self.target, self.artifact) {
            (None, None, None) => HoldScope::All,
            (Some(item), None, None) => HoldScope::Item(ItemKey(item)),
            (None, Some(target), None) => HoldScope::Target(TargetKey(target)),
            (None, None, Some(artifact)) => HoldScope::Artifact(ArtifactKey(artifact)),
            _ => {
                return Err(Error::invalid("a hold is on one item, one target, one artifact, or everything"));
            }
        })
    }
}

async fn classes(look: Looking) -> Answered {
    look.list(
        async |view, _| {
            Ok(evidence::retention_classes(view).await?.iter().map(RetentionClass::from).collect())
        },
        |item: &RetentionClass| item.name.clone(),
    )
    .await
}

async fn holds(look: Looking) -> Answered {
    look.list(
        async |view, _| Ok(evidence::holds(view).await?.iter().map(LegalHold::from).collect()),
        |item: &LegalHold| item.key.to_string(),
    )
    .await
}

async fn set(
    State(state): State<WebState>,
    Path(class): Path<String>,
    asked: Asked,
    call: Call<NewRetention>,
) -> Answered {
    let keep_days = call.body.keep_days;
    write(&state, &asked, &call, async |cx| {
        evidence::set_retention(cx, &class, keep_days).await?;
        let set = RetentionClass { name: class.clone(), keep_days };
        done(StatusCode::OK, &set, "", &format!("{BASE}/retention-classes"))
    })
    .await
}

async fn place(State(state): State<WebState>, asked: Asked, call: Call<NewLegalHold>) -> Answered {
    let body = &call.body;
    write(&state, &asked, &call, async |cx| {
        let hold = evidence::place_hold(cx, body.covers.read()?, &body.reason).await?;
        done(StatusCode::CREATED, &LegalHold::from(&hold), "", &format!("{BASE}/legal-holds"))
    })
    .await
}

async fn release(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<Nothing>,
) -> Answered {
    let key = number(&key)?;
    write(&state, &asked, &call, async |cx| {
        evidence::release_hold(cx, key).await?;
        let holds = evidence::holds(cx).await?;
        let hold = holds.iter().find(|hold| hold.key == key);
        let hold = hold.ok_or_else(|| Error::not_found("legal hold", key))?;
        done(StatusCode::OK, &LegalHold::from(hold), "", &format!("{BASE}/legal-holds"))
    })
    .await
}
