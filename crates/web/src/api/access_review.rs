//! Reviews of access: begun, frozen, decided, verified and signed.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::program::access_review::{self, Answer as GivenAnswer, Whole};
use tickmark_app::{Cx, Error};
use tickmark_core::id::ActorId;
use tickmark_core::identity::Resource::{AccessDecision, AccessReview};
use tickmark_core::identity::Verb::{Approve, Create, Update};
use tickmark_core::program::access::Tier;
use tickmark_core::program::access_review::{
    Decision, Review as Record, ReviewKey, Scope as CoreScope, ScopedSystem, Step, Unanswered,
};

use super::BASE;
use super::access::Right;
use super::answer::{Answered, answer};
use super::asking::asking;
use super::call::{Call, Done, Taken, done, write};
use super::looking::Looking;
use super::meanwhile::stale;
use super::operation::{Operation, Writing};
use super::words::{AS_OF, parsed};
use crate::WebState;
use crate::error::Refusal;
use crate::route::{get, post, put};
use crate::visit::Asked;

/// The version of what was just begun.
const FIRST: &str = "1";

pub(super) static LOOKS: &[Operation] = &[
    Operation::list::<Review>(
        "listAccessReviews",
        ("/access-reviews", "/access-reviews"),
        "Reviews of access, newest first",
        AccessReview,
        || get(list),
    ),
    Operation::one::<Review>(
        "getAccessReview",
        ("/access-reviews/{key}", "/access-reviews/1"),
        "One review with how far it has come; its tag is the version",
        AccessReview,
        || get(one),
    ),
    Operation::list::<ReviewVersion>(
        "listAccessReviewVersions",
        ("/access-reviews/{key}/versions", "/access-reviews/1/versions"),
        "Every version of a review, oldest first",
        AccessReview,
        || get(versions),
    )
    .filtered(AS_OF),
    Operation::list::<Item>(
        "listAccessReviewItems",
        ("/access-reviews/{key}/items", "/access-reviews/1/items"),
        "The items of a review with what was decided and what shows their removal",
        AccessReview,
        || get(items),
    ),
];

pub(super) static WRITES: &[Writing] = &[
    Writing::post::<Scope, Review>(
        "beginAccessReview",
        ("/access-reviews", "/access-reviews"),
        "Begins a review of access: what it is about",
        (AccessReview, Create),
        || post(begin),
    )
    .created()
    .for_people(),
    Writing::put::<Scope, Review>(
        "changeAccessReview",
        ("/access-reviews/{key}/scope", "/access-reviews/1/scope"),
        "Says anew what a draft is about; once its scope is confirmed it does not change any more",
        (AccessReview, Update),
        || put(change),
    )
    .versioned()
    .for_people(),
    Writing::post::<Stepped, Review>(
        "stepAccessReview",
        ("/access-reviews/{key}/steps", "/access-reviews/1/steps"),
        "Takes the next step: confirm, freeze, open, close, remediate, verify, reopen or archive",
        (AccessReview, Update),
        || post(step),
    )
    .for_people(),
    Writing::post::<NewDecision, Item>(
        "decideAccessReviewItem",
        ("/access-reviews/{key}/decisions", "/access-reviews/1/decisions"),
        "Decides about an item; nobody about their own access",
        (AccessDecision, Approve),
        || post(decide),
    )
    .for_people(),
    Writing::post::<Statement, Review>(
        "signAccessReview",
        ("/access-reviews/{key}/signature", "/access-reviews/1/signature"),
        "Signs a review off; where it is for a control it becomes an occurrence of it",
        (AccessReview, Approve),
        || post(sign),
    )
    .for_people(),
];

/// A system in scope.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct System {
    /// As lists of access call it.
    #[schemars(length(min = 1, max = 200))]
    name: String,
    /// Who answers for it.
    #[schemars(extend("format" = "uuid"))]
    owner: String,
    /// Who hands rights out in it.
    #[serde(default)]
    #[schemars(length(max = 200))]
    provisioners: Vec<String>,
}

/// What a review is about.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Scope {
    #[schemars(length(min = 1, max = 200))]
    title: String,
    #[schemars(length(min = 1, max = 200))]
    systems: Vec<System>,
    /// `0` to `3`.
    #[schemars(length(min = 1, max = 4))]
    tiers: Vec<String>,
    #[schemars(extend("format" = "uuid"))]
    stand_in: String,
    #[schemars(extend("format" = "uuid"))]
    second_stand_in: String,
    #[schemars(extend("format" = "date-time"))]
    due_at: String,
    /// `revoke` or `fail`: what happens to items without an answer.
    unanswered: String,
    #[serde(default)]
    control: Option<String>,
    /// The window of the control that it is for.
    #[serde(default)]
    window: Option<String>,
}

/// A step.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Stepped {
    /// `confirm`, `freeze`, `open`, `close`, `remediate`, `verify`, `reopen` or `archive`.
    #[schemars(length(min = 1, max = 20))]
    step: String,
    /// What becomes of removals that are not shown; for `verify`.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    note: String,
}

/// A decision about one item.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewDecision {
    item: u64,
    #[serde(flatten)]
    said: Said,
}

/// What is decided.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(super) struct Said {
    /// `keep`, `reduce`, `revoke`, `not_mine` or `exception`.
    #[schemars(length(min = 1, max = 20))]
    decision: String,
    /// The smaller right, for `reduce`.
    #[serde(default)]
    #[schemars(length(max = 200))]
    to: String,
    /// When an exception ends.
    #[serde(default)]
    #[schemars(extend("format" = "date-time"))]
    until: Option<String>,
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    pub(super) why: String,
}

/// What is said about completeness.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Statement {
    #[schemars(length(min = 1, max = 4_000))]
    statement: String,
}

/// A review.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Review {
    key: i64,
    /// `draft`, `scoped`, `frozen`, `open`, `decided`, `remediating`, `verified`, `signed` or `archived`.
    state: String,
    scope: Scope,
    /// SHA-256 of its items as canonical JSON; null before they are frozen.
    digest: Option<String>,
    items: Option<u64>,
    lists: Vec<SnapshotList>,
    opened_at: Option<String>,
    decided_at: Option<String>,
    signed: Option<Signed>,
}

/// A list of the snapshot.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct SnapshotList {
    list: i64,
    system: String,
    run_at: String,
    items: u64,
    /// Accounts of the list of which nothing is in scope.
    accounts_left: usize,
    ties_out: bool,
}

/// The end of a review.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Signed {
    by: String,
    at: String,
    statement: String,
    /// What was not as it should be: words with how many items.
    deviations: BTreeMap<String, usize>,
}

/// An item.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Item {
    pub(super) number: u64,
    system: String,
    right: Right,
    flags: Vec<String>,
    /// Who else of the same job or team has it; null where no peer is known.
    peers: Option<Peers>,
    /// Where the last review that decided about it decided that it goes; null otherwise.
    earlier: Option<Earlier>,
    decides: Vec<Seat>,
    /// `undecided`, `keep`, `exception`, `reduce` or `revoke`.
    outcome: String,
    removal: Option<Removal>,
}

/// Who else of the same job or team has a right.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Peers {
    /// `job` or `team`: by what they are peers.
    by: String,
    /// The job, or the manager.
    of: String,
    /// How many there are beside the holder in the lists of the snapshot.
    others: u64,
    /// Of them, those who have it.
    with: u64,
    /// The first of those.
    named: Vec<String>,
}

/// That an earlier review decided that a right goes.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Earlier {
    review: i64,
    item: u64,
    decided_at: String,
    /// Whether a list showed afterwards that it was gone.
    was_gone: bool,
}

/// Who decides about an item.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Seat {
    /// `manager` or `owner`.
    role: String,
    reviewer: String,
    decision: Option<String>,
    why: String,
    decided_by: Option<String>,
    decided_at: Option<String>,
    in_bulk: bool,
}

/// What has to go.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Removal {
    /// `open`, `ticketed`, `shown` or `reappeared`.
    state: String,
    due_at: String,
    ticket: Option<String>,
    /// `not_yet_due`, `on_time`, `not_shown` or `late`.
    timeliness: String,
}

impl Taken for Scope {}
impl Taken for Stepped {}
impl Taken for NewDecision {}
impl Taken for Statement {}

/// A review as it stood from a moment on.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct ReviewVersion {
    /// Its number, from 1.
    version: i64,
    since: String,
    by: String,
    review: Review,
}

impl From<&access_review::ReviewVersion> for ReviewVersion {
    fn from(version: &access_review::ReviewVersion) -> Self {
        Self {
            version: version.number,
            since: version.since.to_string(),
            by: version.by.to_string(),
            review: Review::from(&version.record),
        }
    }
}

impl From<&Record> for Review {
    fn from(record: &Record) -> Self {
        let scope = &record.scope;
        let system = |one: &ScopedSystem| System {
            name: one.name.clone(),
            owner: one.owner.to_string(),
            provisioners: one.provisioners.iter().map(ToString::to_string).collect(),
        };
        let lists = record.snapshot.iter().flat_map(|snapshot| &snapshot.lists).map(|list| SnapshotList {
            list: list.list.0,
            system: list.system.clone(),
            run_at: list.run_at.to_string(),
            items: list.items,
            accounts_left: list.left.len(),
            ties_out: list.tie_out.agrees(),
        });
        Self {
            key: record.key.0,
            state: record.state.word().to_owned(),
            scope: Scope {
                title: scope.title.clone(),
                systems: scope.systems.iter().map(system).collect(),
                tiers: scope.tiers.iter().map(|tier| tier.word().to_owned()).collect(),
                stand_in: scope.stand_in.to_string(),
                second_stand_in: scope.second_stand_in.to_string(),
                due_at: scope.due_at.to_string(),
                unanswered: scope.unanswered.word().to_owned(),
                control: scope.control.as_ref().map(ToString::to_string),
                window: scope.window.clone(),
            },
            digest: record.snapshot.as_ref().map(|snapshot| snapshot.digest.to_string()),
            items: record.snapshot.as_ref().map(|snapshot| snapshot.items),
            lists: lists.collect(),
            opened_at: record.opened_at.map(|at| at.to_string()),
            decided_at: record.decided_at.map(|at| at.to_string()),
            signed: record.signed.as_ref().map(|signed| Signed {
                by: signed.by.to_string(),
                at: signed.at.to_string(),
                statement: signed.statement.clone(),
                deviations: signed
                    .deviations
                    .iter()
                    .map(|one| (one.word().to_owned(), one.items().len()))
                    .collect(),
            }),
        }
    }
}

impl Scope {
    fn read(&self) -> Result<CoreScope, Error> {
        let system = |one: &System| {
            let provisioners: Result<BTreeSet<ActorId>, Error> =
                one.provisioners.iter().map(|who| parsed("provisioner", who)).collect();
            Ok(ScopedSystem {
                name: one.name.clone(),
                owner: parsed("owner", &one.owner)?,
                provisioners: provisioners?,
            })
        };
        let tier = |word: &String| {
            Tier::from_word(word).ok_or_else(|| Error::invalid(format!("there is no tier {word:?}")))
        };
        Ok(CoreScope {
            title: self.title.clone(),
            systems: self.systems.iter().map(system).collect::<Result<_, Error>>()?,
            tiers: self.tiers.iter().map(tier).collect::<Result<_, Error>>()?,
            stand_in: parsed("stand_in", &self.stand_in)?,
            second_stand_in: parsed("second_stand_in", &self.second_stand_in)?,
            due_at: parsed("due_at", &self.due_at)?,
            unanswered: Unanswered::from_word(&self.unanswered)
                .ok_or_else(|| Error::invalid("unanswered is revoke or fail"))?,
            control: self.control.as_deref().map(|id| parsed("control", id)).transpose()?,
            window: self.window.clone(),
        })
    }
}

pub(super) fn all_items(whole: &Whole) -> Vec<Item> {
    let standing = whole.standing();
    let one = |one: &tickmark_core::program::access_review::ItemStanding<'_>| {
        let removal = whole.removal(one.item.number).map(|removal| Removal {
            state: removal.state.word().to_owned(),
            due_at: removal.due_at.to_string(),
            ticket: one.ticket.clone(),
            timeliness: removal.timeliness.word().to_owned(),
        });
        let seats = one.seats.iter().map(|seat| {
            let made = seat.made.as_ref();
            Seat {
                role: seat.seat.role.word().to_owned(),
                reviewer: seat.seat.reviewer.to_string(),
                decision: made.map(|made| made.decided.decision.word().to_owned()),
                why: made.map(|made| made.decided.why.clone()).unwrap_or_default(),
                decided_by: made.map(|made| made.by.to_string()),
                decided_at: made.map(|made| made.at.to_string()),
                in_bulk: made.is_some_and(|made| made.decided.is_bulk),
            }
        });
        Item {
            number: one.item.number,
            system: one.item.system.clone(),
            right: (&one.item.holding).into(),
            flags: one.item.flags.iter().map(|flag| flag.word().to_owned()).collect(),
            peers: one.item.peers.as_ref().map(|peers| Peers {
                by: peers.by.word().to_owned(),
                of: peers.of.clone(),
                others: peers.others,
                with: peers.with,
                named: peers.named.clone(),
            }),
            earlier: one.item.earlier.map(|earlier| Earlier {
                review: earlier.review.0,
                item: earlier.item,
                decided_at: earlier.decided_at.to_string(),
                was_gone: earlier.was_gone,
            }),
            decides: seats.collect(),
            outcome: one.outcome().word().to_owned(),
            removal,
        }
    };
    standing.items.iter().map(one).collect()
}

impl Said {
    pub(super) fn read(&self) -> Result<Decision, Error> {
        Ok(match self.decision.as_str() {
            "keep" => Decision::Keep,
            "revoke" => Decision::Revoke,
            "not_mine" => Decision::NotMine,
            "reduce" => Decision::Reduce { to: self.to.clone() },
            "exception" => {
                let until = self.until.as_deref();
                let until = until.ok_or_else(|| Error::invalid("an exception ends: say until"))?;
                Decision::Exception { until: parsed("until", until)? }
            }
            other => return Err(Error::invalid(format!("there is no decision {other:?}"))),
        })
    }
}

pub(super) fn review_key(text: &str) -> Result<ReviewKey, Refusal> {
    access_review::parse(text).ok_or(Refusal::NotFound)
}

async fn list(look: Looking) -> Answered {
    look.list(
        async |view, _| Ok(access_review::list(view).await?.iter().map(Review::from).collect()),
        |item: &Review| item.key.to_string(),
    )
    .await
}

async fn one(Path(key): Path<String>, look: Looking) -> Answered {
    let key = review_key(&key)?;
    look.tagged(async |view| {
        let (review, version) = access_review::current(view, key).await?;
        Ok((Review::from(&review), version.to_string()))
    })
    .await
}

async fn items(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    let (app, actor) = asked.member(&state)?;
    let key = review_key(&key)?;
    let asking = asking(&uri, "/access-reviews/{key}/items")?;
    let found = app.read(actor, async |view| access_review::whole(view, key).await).await?;
    Ok(answer(&headers, &asking.page(all_items(&found), |item| item.number.to_string())?))
}

async fn versions(Path(key): Path<String>, look: Looking) -> Answered {
    let key = review_key(&key)?;
    look.versions(
        async |view| access_review::versions(view, key).await,
        |version| version.since,
        |item: &ReviewVersion| item.version.to_string(),
    )
    .await
}

async fn begin(State(state): State<WebState>, asked: Asked, call: Call<Scope>) -> Answered {
    write(&state, &asked, &call, async |cx| {
        let made = access_review::draft(cx, call.body.read()?).await?;
        let location = format!("{BASE}/access-reviews/{}", made.key.0);
        done(StatusCode::CREATED, &Review::from(&made), FIRST, &location)
    })
    .await
}

async fn change(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<Scope>,
) -> Answered {
    let (key, from) = (review_key(&key)?, call.number()?);
    write(&state, &asked, &call, async |cx| {
        let (before, version) = access_review::current(cx, key).await?;
        if i64::from(version) != from {
            let versions = access_review::versions(cx, key).await?;
            let seen = versions.iter().find(|one| one.number == from).map(|one| Review::from(&one.record));
            return stale(&Review::from(&before), &version.to_string(), seen.as_ref());
        }
        let after = access_review::change(cx, key, version, call.body.read()?).await?;
        stepped(cx, &after).await
    })
    .await
}

/// A review after a step, with its version.
async fn stepped(cx: &mut Cx<'_>, after: &Record) -> Result<Done, Error> {
    let (_, version) = access_review::current(cx, after.key).await?;
    let location = format!("{BASE}/access-reviews/{}", after.key.0);
    done(StatusCode::OK, &Review::from(after), &version.to_string(), &location)
}

async fn step(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<Stepped>,
) -> Answered {
    let key = review_key(&key)?;
    write(&state, &asked, &call, async |cx| {
        let word = &call.body.step;
        let step =
            Step::from_word(word).ok_or_else(|| Error::invalid(format!("there is no step {word:?}")))?;
        let after = match step {
            Step::Freeze => access_review::freeze(cx, key).await?,
            Step::Sign => return Err(Error::invalid("signing off is an operation of its own")),
            step => access_review::step(cx, key, step, &call.body.note).await?,
        };
        stepped(cx, &after).await
    })
    .await
}

async fn decide(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<NewDecision>,
) -> Answered {
    let key = review_key(&key)?;
    write(&state, &asked, &call, async |cx| {
        let body = &call.body;
        let answer = GivenAnswer { item: body.item, decision: body.said.read()?, why: body.said.why.clone() };
        access_review::decide(cx, key, answer).await?;
        let own = access_review::own(cx, key).await?;
        let item = all_items(&own.whole).into_iter().find(|item| item.number == body.item);
        let item = item.ok_or_else(|| Error::not_found("item of the review", body.item))?;
        done(StatusCode::OK, &item, "", "")
    })
    .await
}

async fn sign(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<Statement>,
) -> Answered {
    let key = review_key(&key)?;
    write(&state, &asked, &call, async |cx| {
        let after = access_review::sign(cx, key, &call.body.statement).await?;
        stepped(cx, &after).await
    })
    .await
}
