//! Whom of the audit firm an examination lets in, and until when. The firm's people themselves have no API.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::engagement::fieldwork::access;
use tickmark_app::identity::people::{Auditor as Record, LetIn};
use tickmark_app::{Error, View};
use tickmark_core::Timestamp;
use tickmark_core::engagement::EngagementKey;
use tickmark_core::id::MembershipId;
use tickmark_core::identity::Resource::{Description as Engagements, Member};
use tickmark_core::identity::Verb::{Create, Update};

use crate::WebState;
use crate::api::BASE;
use crate::api::answer::Answered;
use crate::api::asking::number;
use crate::api::call::{Call, Taken, done, write, write_telling};
use crate::api::looking::Looking;
use crate::api::operation::{Operation, Writing};
use crate::api::words::{Reason, parsed};
use crate::error::Refusal;
use crate::route::{get, post, put};
use crate::visit::Asked;

pub(in crate::api) static LOOKS: &[Operation] = &[Operation::list::<Auditor>(
    "listAuditors",
    ("/engagements/{key}/auditors", "/engagements/1/auditors"),
    "Whom of the audit firm an examination lets in, or let in",
    Engagements,
    || get(list),
)
.narrowed()
.for_people()];

pub(in crate::api) static WRITES: &[Writing] = &[
    Writing::post::<NewAuditor, Let>(
        "letAuditorIn",
        ("/engagements/{key}/auditors", "/engagements/1/auditors"),
        "Lets somebody of the audit firm in until the end of a day; whoever is new here comes by a link, told this once",
        (Member, Create),
        || post(let_in),
    )
    .created()
    .for_people(),
    Writing::put::<NewEnd, Auditor>(
        "extendAuditor",
        ("/engagements/{key}/auditors/{membership}/end", "/engagements/1/auditors/00000000-0000-7000-8000-000000000000/end"),
        "Moves the end of somebody's access to the end of another day",
        (Engagements, Update),
        || put(extend),
    )
    .for_people(),
    Writing::post::<Reason, Auditor>(
        "endAuditor",
        ("/engagements/{key}/auditors/{membership}/ending", "/engagements/1/auditors/00000000-0000-7000-8000-000000000000/ending"),
        "Ends somebody's access now",
        (Engagements, Update),
        || post(end),
    )
    .for_people(),
];

/// Somebody of the audit firm.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Auditor {
    /// What addresses call the membership.
    membership: String,
    /// What records call them.
    id: String,
    name: String,
    email: String,
    from: String,
    until: Option<String>,
    /// Whether they are let in now.
    is_in: bool,
}

impl Auditor {
    fn of(one: &Record, now: Timestamp) -> Self {
        Self {
            membership: one.member.id.to_string(),
            id: one.member.actor.to_string(),
            name: one.member.name.clone(),
            email: one.member.email.clone(),
            from: one.valid.from.to_string(),
            until: one.valid.to.map(|at| at.to_string()),
            is_in: one.valid.contains(now),
        }
    }
}

/// Whom to let in.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewAuditor {
    #[schemars(length(min = 3, max = 254))]
    email: String,
    /// The last day.
    #[schemars(extend("format" = "date"))]
    last: String,
}

/// How somebody is let in.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Let {
    email: String,
    /// Whether they are in already; else they come by a link.
    is_in: bool,
    /// What they open to come in. Told once, by the answer that made it, and not again for the same key.
    link: Option<String>,
}

/// Another last day.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewEnd {
    #[schemars(extend("format" = "date"))]
    last: String,
    #[schemars(length(min = 1, max = 2_000))]
    reason: String,
}

impl Taken for NewAuditor {}
impl Taken for NewEnd {}

/// The examination and the member that an address names.
fn named(key: &str, id: &str) -> Result<(EngagementKey, MembershipId), Refusal> {
    Ok((EngagementKey(number(key)?), id.parse().map_err(|_| Refusal::NotFound)?))
}

async fn found(view: &mut View<'_>, key: EngagementKey, id: MembershipId) -> Result<Auditor, Error> {
    let now = view.now;
    let all = access::auditors(view, key).await?;
    let one = all.iter().find(|one| one.member.id == id);
    one.map(|one| Auditor::of(one, now)).ok_or_else(|| Error::not_found("auditor", id))
}

async fn list(Path(key): Path<String>, look: Looking) -> Answered {
    let key = EngagementKey(number(&key)?);
    look.list(
        async |view, _| {
            let now = view.now;
            Ok(access::auditors(view, key).await?.iter().map(|one| Auditor::of(one, now)).collect())
        },
        |item: &Auditor| item.membership.clone(),
    )
    .await
}

async fn let_in(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<NewAuditor>,
) -> Answered {
    let key = EngagementKey(number(&key)?);
    write_telling(&state, &asked, &call, StatusCode::CREATED, async |cx| {
        let body = &call.body;
        let email = body.email.clone();
        let (is_in, link) = match access::let_in(cx, key, &email, parsed("last", &body.last)?).await? {
            LetIn::AtOnce(_) => (true, None),
            LetIn::ByLink(link) => (false, Some(format!("{}/join/{}", state.address(), link.text()))),
        };
        let made = Let { email, is_in, link: None };
        let location = format!("{BASE}/engagements/{}/auditors", key.0);
        let kept = done(StatusCode::CREATED, &made, "", &location)?;
        Ok((kept, Let { link, ..made }))
    })
    .await
}

async fn extend(
    State(state): State<WebState>,
    Path((key, id)): Path<(String, String)>,
    asked: Asked,
    call: Call<NewEnd>,
) -> Answered {
    let (key, id) = named(&key, &id)?;
    write(&state, &asked, &call, async |cx| {
        let body = &call.body;
        access::extend(cx, key, id, parsed("last", &body.last)?, &body.reason).await?;
        done(StatusCode::OK, &found(cx, key, id).await?, "", "")
    })
    .await
}

async fn end(
    State(state): State<WebState>,
    Path((key, id)): Path<(String, String)>,
    asked: Asked,
    call: Call<Reason>,
) -> Answered {
    let (key, id) = named(&key, &id)?;
    write(&state, &asked, &call, async |cx| {
        access::end(cx, key, id, &call.body.reason).await?;
        done(StatusCode::OK, &found(cx, key, id).await?, "", "")
    })
    .await
}
