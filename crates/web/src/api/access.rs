//! Lists of access: who holds which right in one system at one moment.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::Error;
use tickmark_app::program::access::{self, NewList};
use tickmark_core::id::SystemId;
use tickmark_core::identity::Resource::{AccessReview, IdentityWarehouse};
use tickmark_core::identity::Verb::Create;
use tickmark_core::program::access::{
    AccessList, Columns, Exclusion as CoreExclusion, Given, Holding, LastUse, Place as CorePlace,
};

use super::BASE;
use super::answer::Answered;
use super::call::{Call, FILES_BYTES, Taken, done, write};
use super::looking::Looking;
use super::meanwhile::stale;
use super::operation::{Operation, Writing};
use super::population::Origin;
use super::words::parsed;
use crate::WebState;
use crate::error::Refusal;
use crate::route::{get, post};
use crate::visit::Asked;

pub(super) static LOOKS: &[Operation] = &[
    Operation::list::<List>(
        "listAccessLists",
        ("/access-lists", "/access-lists"),
        "Lists of access, newest first",
        IdentityWarehouse,
        || get(list),
    ),
    Operation::one::<List>(
        "getAccessList",
        ("/access-lists/{key}", "/access-lists/1"),
        "One list of access with where it came from and what ties it to its source",
        IdentityWarehouse,
        || get(one),
    ),
    Operation::list::<Right>(
        "listAccessRights",
        ("/access-lists/{key}/rights", "/access-lists/1/rights"),
        "The rights of a list, in its order",
        IdentityWarehouse,
        || get(rights),
    ),
    Operation::one::<Place>(
        "getAccessListPlace",
        ("/access-lists/{key}/place", "/access-lists/1/place"),
        "Which systems that reports are about the system of a list belongs to: auditors of a report on them see its lists; its \
         tag is the version, 0 while nobody has said it",
        IdentityWarehouse,
        || get(placed),
    ),
];

pub(super) static WRITES: &[Writing] = &[
    Writing::post::<Handed, List>(
        "handInAccessList",
        ("/access-lists", "/access-lists"),
        "Hands in who holds which right in one system at one moment: whole, or nothing of it",
        (AccessReview, Create),
        || post(hand_in),
    )
    .created()
    .for_people(),
    Writing::post::<Placing, Place>(
        "placeAccessList",
        ("/access-lists/{key}/place", "/access-lists/1/place"),
        "Says which systems that reports are about the system of a list belongs to: auditors of a report on them see its lists",
        (AccessReview, Create),
        || post(place),
    )
    .versioned()
    .for_people(),
];

/// Which systems the system of a list belongs to.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Placing {
    /// Ids of systems; none for no report.
    #[schemars(length(max = 200))]
    systems: Vec<String>,
}

/// Which systems the system of lists belongs to.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Place {
    /// The system of lists.
    system: String,
    /// Ids of the systems that reports are about; null while nobody has said it: then only auditors of a report on every
    /// system there is see its lists.
    systems: Option<Vec<String>>,
}

impl Place {
    fn of(system: &str, place: Option<&CorePlace>) -> Self {
        let ids = |place: &CorePlace| place.systems.iter().map(ToString::to_string).collect();
        Self { system: system.to_owned(), systems: place.map(ids) }
    }
}

/// An account that a list leaves out.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Exclusion {
    #[schemars(length(min = 1, max = 200))]
    account: String,
    /// Why it is not in the list.
    #[schemars(length(min = 1, max = 2_000))]
    reason: String,
}

/// A list as it is handed in.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Handed {
    /// The system, as reviews call it.
    #[schemars(length(min = 1, max = 200))]
    system: String,
    /// Name of the file; its ending says whether it is CSV, XLSX or JSON.
    #[schemars(length(min = 1, max = 255))]
    name: String,
    /// Its bytes in Base64 (RFC 4648, section 4).
    #[schemars(length(min = 1, max = 12_000_000))]
    content: String,
    /// Names of columns by what they hold, where they are not the usual ones: `account`, `entitlement`, `person`, `kind`,
    /// `tier`, `last_used`, `mfa`, `manager`, `owner`, `status`, `given`, `job`.
    #[serde(default)]
    columns: BTreeMap<String, String>,
    /// Accounts, as the source counts them.
    #[schemars(range(max = 1_000_000))]
    accounts_in_source: u64,
    /// Accounts that it leaves out.
    #[serde(default)]
    #[schemars(length(max = 10_000))]
    exclusions: Vec<Exclusion>,
    origin: Origin,
}

/// A list of access.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct List {
    key: i64,
    system: String,
    origin: Origin,
    /// Accounts, as the source counts them.
    accounts_in_source: u64,
    /// Different accounts in the list.
    accounts: u64,
    rows: u64,
    exclusions: Vec<Exclusion>,
    /// Whether accounts in the source are those in the list and those left out, and no row was lost.
    ties_out: bool,
    /// SHA-256 of account and right of each row, in small letters with a tab between them, sorted bytewise and joined with
    /// line feeds.
    keys: String,
    handed_in_at: String,
}

impl From<&AccessList> for List {
    fn from(list: &AccessList) -> Self {
        let exclusion =
            |one: &CoreExclusion| Exclusion { account: one.account.clone(), reason: one.reason.clone() };
        Self {
            key: list.key.0,
            system: list.system.clone(),
            origin: (&list.ipe).into(),
            accounts_in_source: list.tie_out.in_source,
            accounts: list.tie_out.listed,
            rows: list.tie_out.rows,
            exclusions: list.exclusions.iter().map(exclusion).collect(),
            ties_out: list.is_complete(),
            keys: list.keys.to_string(),
            handed_in_at: list.at.to_string(),
        }
    }
}

/// A right of an account.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Right {
    account: String,
    /// Whose it is; null where nobody knows.
    person: Option<String>,
    /// `human`, `service`, `api`, `shared`, `vendor` or `role`.
    kind: String,
    /// The right; null where it could not be seen.
    entitlement: Option<String>,
    /// From `0`, controls everything, to `3`, low.
    tier: String,
    /// `unknown`, `never`, or when.
    last_used: String,
    /// Whether a second factor is enforced: `yes`, `no`, `unknown` or `not_applicable`.
    mfa: String,
    /// What the roster says.
    employment: String,
    /// `unknown`, `direct`, or the role that gives it.
    given: String,
    /// The job, as the roster has it; null where the list does not say.
    job: Option<String>,
}

impl From<&Holding> for Right {
    fn from(holding: &Holding) -> Self {
        let last_used = match holding.last_used {
            LastUse::Unknown => "unknown".to_owned(),
            LastUse::Never => "never".to_owned(),
            LastUse::At(at) => at.to_string(),
        };
        let given = match &holding.given {
            Given::Unknown => "unknown".to_owned(),
            Given::Direct => "direct".to_owned(),
            Given::By(role) => role.clone(),
        };
        Self {
            account: holding.account.clone(),
            person: holding.person.clone(),
            kind: holding.kind.word().to_owned(),
            entitlement: holding.entitlement.clone(),
            tier: holding.tier.word().to_owned(),
            last_used,
            mfa: holding.mfa.word().to_owned(),
            employment: holding.employment.word().to_owned(),
            given,
            job: holding.job.clone(),
        }
    }
}

impl Taken for Placing {}

impl Taken for Handed {
    const BYTES: usize = FILES_BYTES;
}

async fn list(look: Looking) -> Answered {
    look.list(
        async |view, _| Ok(access::lists(view).await?.iter().map(List::from).collect()),
        |item: &List| item.key.to_string(),
    )
    .await
}

async fn one(Path(key): Path<String>, look: Looking) -> Answered {
    let key = access::parse(&key).ok_or(Refusal::NotFound)?;
    look.one(async |view| Ok(List::from(&access::find(view, key).await?))).await
}

async fn rights(Path(key): Path<String>, look: Looking) -> Answered {
    let key = access::parse(&key).ok_or(Refusal::NotFound)?;
    let name =
        |item: &Right| format!("{}\t{}", item.account, item.entitlement.as_deref().unwrap_or_default());
    look.list(async |view, _| Ok(access::holdings(view, key).await?.iter().map(Right::from).collect()), name)
        .await
}

async fn placed(Path(key): Path<String>, look: Looking) -> Answered {
    let key = access::parse(&key).ok_or(Refusal::NotFound)?;
    look.tagged(async |view| {
        let (list, version, place) = access::placed(view, key).await?;
        Ok((Place::of(&list.system, place.as_ref()), version.to_string()))
    })
    .await
}

async fn hand_in(State(state): State<WebState>, asked: Asked, call: Call<Handed>) -> Answered {
    write(&state, &asked, &call, async |cx| {
        let body = &call.body;
        let bytes = STANDARD.decode(&body.content).map_err(|_| Error::invalid("content is no Base64"))?;
        let list = access::open(state.documents().as_deref(), &body.name, bytes.into())?;
        let exclusion =
            |one: &Exclusion| CoreExclusion { account: one.account.clone(), reason: one.reason.clone() };
        let new = NewList {
            system: body.system.clone(),
            ipe: body.origin.read()?,
            columns: Columns { named: body.columns.clone(), ..Columns::default() },
            accounts_in_source: body.accounts_in_source,
            exclusions: body.exclusions.iter().map(exclusion).collect(),
            list,
        };
        let kept = access::hand_in(cx, new).await?;
        done(StatusCode::CREATED, &List::from(&kept), "", &format!("{BASE}/access-lists/{}", kept.key.0))
    })
    .await
}

async fn place(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<Placing>,
) -> Answered {
    let (key, from) = (access::parse(&key).ok_or(Refusal::NotFound)?, call.number()?);
    write(&state, &asked, &call, async |cx| {
        let (list, version, before) = access::placed(cx, key).await?;
        if version != from {
            let before = Place::of(&list.system, before.as_ref());
            return stale(&before, &version.to_string(), None);
        }
        let systems: BTreeSet<SystemId> =
            call.body.systems.iter().map(|id| parsed("systems", id)).collect::<Result<_, Error>>()?;
        access::place(cx, &list.system, systems).await?;
        let (list, version, place) = access::placed(cx, key).await?;
        let location = format!("{BASE}/access-lists/{}/place", list.key.0);
        done(StatusCode::OK, &Place::of(&list.system, place.as_ref()), &version.to_string(), &location)
    })
    .await
}
