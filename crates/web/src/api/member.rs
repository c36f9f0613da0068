//! Who is in the organization, as what, for which systems. The ids by which records name people are theirs here. No token
//! reads or changes any of it.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::identity::people::{self, Lost, Member as Record};
use tickmark_app::register::{self, Kind, Query};
use tickmark_app::{Cx, Error, View};
use tickmark_core::id::MembershipId;
use tickmark_core::identity::Resource::{Grant, Member as Members};
use tickmark_core::identity::Verb::{Create, Delete, Update};
use tickmark_core::identity::{Role, Standing, Systems};

use super::answer::{Answered, answer};
use super::asking::{asking, cover};
use super::call::{Call, Done, Taken, done, write, write_telling};
use super::looking::Looking;
use super::meanwhile::stale;
use super::operation::{Operation, Writing};
use super::words::{Reason, parsed, read, word};
use super::{BASE, model};
use crate::WebState;
use crate::error::Refusal;
use crate::route::{get, post, put};
use crate::visit::Asked;

/// Roles that one person gives to another. Owners and administrators are proposed; auditors are let into an engagement.
const ROLES: [&str; 4] = ["compliance_manager", "control_owner", "employee", "executive"];
const LOST: [&str; 2] = ["password", "authenticator"];
const STANDINGS: [&str; 2] = ["active", "suspended"];

pub(super) static LOOKS: &[Operation] = &[
    Operation::list::<Member>(
        "listMembers",
        ("/members", "/members"),
        "Members, by name, with the ids by which records name people",
        Members,
        || get(list),
    )
    .filtered(&[("role", "Only with this role"), ("standing", "`active` or `suspended`")])
    .narrowed(),
    Operation::one::<Member>(
        "getMember",
        ("/members/{membership}", "/members/00000000-0000-7000-8000-000000000000"),
        "One member; its tag is the version",
        Members,
        || get(one),
    )
    .narrowed(),
];

pub(super) static WRITES: &[Writing] = &[
    Writing::post::<NewRole, Member>(
        "grantRole",
        ("/members/{membership}/roles", "/members/00000000-0000-7000-8000-000000000000/roles"),
        "Gives a role; their sessions end. Nobody gives one to themselves",
        (Grant, Create),
        || post(grant),
    )
    .versioned()
    .for_people(),
    Writing::post::<OldRole, Member>(
        "revokeRole",
        (
            "/members/{membership}/role-revocations",
            "/members/00000000-0000-7000-8000-000000000000/role-revocations",
        ),
        "Takes a role away; their sessions end. The last owner stays one",
        (Grant, Delete),
        || post(revoke),
    )
    .versioned()
    .for_people(),
    Writing::put::<ForSystems, Member>(
        "assignSystems",
        ("/members/{membership}/systems", "/members/00000000-0000-7000-8000-000000000000/systems"),
        "Says for which systems somebody is: where a role reaches assigned systems only, it reaches these",
        (Members, Update),
        || put(systems),
    )
    .versioned()
    .for_people(),
    Writing::post::<Reason, Member>(
        "suspendMember",
        ("/members/{membership}/suspension", "/members/00000000-0000-7000-8000-000000000000/suspension"),
        "Lets a membership rest: every session ends, and nothing is permitted until it is resumed",
        (Members, Update),
        || post(suspend),
    )
    .versioned()
    .for_people(),
    Writing::post::<Reason, Member>(
        "resumeMember",
        ("/members/{membership}/resumption", "/members/00000000-0000-7000-8000-000000000000/resumption"),
        "Lets a membership that rests count again",
        (Members, Update),
        || post(resume),
    )
    .versioned()
    .for_people(),
    Writing::put::<NewEnd, Member>(
        "setMemberEnd",
        ("/members/{membership}/end", "/members/00000000-0000-7000-8000-000000000000/end"),
        "Says until when somebody is a member; a moment ahead may bring back whose time was over",
        (Members, Update),
        || put(set_end),
    )
    .versioned()
    .for_people(),
    Writing::post::<Reason, Member>(
        "signMemberOut",
        ("/members/{membership}/sign-out", "/members/00000000-0000-7000-8000-000000000000/sign-out"),
        "Ends every session of somebody; they can sign in again",
        (Members, Update),
        || post(sign_out),
    )
    .for_people(),
    Writing::post::<NewReset, Reset>(
        "resetMember",
        ("/members/{membership}/resets", "/members/00000000-0000-7000-8000-000000000000/resets"),
        "Makes a link for somebody who lost password or authenticator, told this once; earlier ones stop working",
        (Members, Update),
        || post(reset),
    )
    .created()
    .for_people(),
    Writing::post::<Reason, Removed>(
        "removeMember",
        ("/members/{membership}/removal", "/members/00000000-0000-7000-8000-000000000000/removal"),
        "Removes somebody from the organization; what they did stays theirs",
        (Members, Delete),
        || post(remove),
    )
    .versioned()
    .for_people(),
];

/// A person in the organization.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Member {
    /// What records call them.
    id: String,
    /// What addresses call the membership.
    membership: String,
    name: String,
    email: String,
    roles: Vec<String>,
    /// Ids of the systems that they are there for; null for all.
    systems: Option<Vec<String>>,
    /// Whether the membership counts, or rests.
    is_active: bool,
    /// First moment at which they are a member no longer; null without an end.
    until: Option<String>,
    changed_at: String,
}

impl From<&Record> for Member {
    fn from(member: &Record) -> Self {
        Self {
            id: member.actor.to_string(),
            membership: member.id.to_string(),
            name: member.name.clone(),
            email: member.email.clone(),
            roles: member.roles.iter().map(word).collect(),
            systems: match &member.systems {
                Systems::All => None,
                Systems::Only(some) => Some(some.iter().map(ToString::to_string).collect()),
            },
            is_active: member.standing == Standing::Active,
            until: member.valid.to.map(|at| at.to_string()),
            changed_at: member.changed_at.to_string(),
        }
    }
}

/// A role that is given.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewRole {
    #[schemars(extend("enum" = ROLES))]
    role: String,
}

/// A role that is taken away.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OldRole {
    #[schemars(length(min = 1, max = 40))]
    role: String,
    /// Why.
    #[schemars(length(min = 1, max = 2_000))]
    reason: String,
}

/// For which systems somebody is.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ForSystems {
    /// Ids of systems; null for all, those to come included.
    #[schemars(length(min = 1, max = 100), inner(length(min = 36, max = 36)))]
    systems: Option<Vec<String>>,
    /// Why.
    #[schemars(length(min = 1, max = 2_000))]
    reason: String,
}

/// Until when somebody is a member.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewEnd {
    /// First moment at which they are a member no longer; null for a membership without an end.
    #[schemars(extend("format" = "date-time"))]
    until: Option<String>,
    /// Why.
    #[schemars(length(min = 1, max = 2_000))]
    reason: String,
}

/// What somebody lost.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewReset {
    #[schemars(extend("enum" = LOST))]
    lost: String,
    /// Why.
    #[schemars(length(min = 1, max = 2_000))]
    reason: String,
}

/// A link by which something lost is replaced.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Reset {
    membership: String,
    /// Whether it goes to them by mail as well.
    is_mailed: bool,
    /// The link. Told once, by the answer that made it, and not again for the same key.
    link: Option<String>,
}

/// Somebody who is a member no longer.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Removed {
    membership: String,
    removed_at: String,
}

impl Taken for NewRole {}
impl Taken for OldRole {}
impl Taken for ForSystems {}
impl Taken for NewEnd {}
impl Taken for NewReset {}

/// The membership that an address names.
pub(super) fn membership(text: &str) -> Result<MembershipId, Refusal> {
    text.parse().map_err(|_| Refusal::NotFound)
}

async fn list(State(state): State<WebState>, asked: Asked, uri: Uri, headers: HeaderMap) -> Answered {
    let (app, actor) = asked.member(&state)?;
    let asking = asking(&uri, "/members")?;
    let mut query = Query::default();
    if let Some(role) = asking.filter("role") {
        query = query.and("role", role);
    }
    if let Some(standing) = asking.filter("standing") {
        if !STANDINGS.contains(&standing) {
            return Err(Refusal::Unfit(format!("standing is one of {}", STANDINGS.join(", "))));
        }
        query = query.and("standing", standing);
    }
    let (members, next) = app
        .read(actor, async |view| {
            let last = asking.after.as_deref();
            let (ids, next) = register::after(view, Kind::Member, &query, last, asking.limit).await?;
            Ok((people::some(view, &ids).await?, next))
        })
        .await?;
    let items: Vec<Member> = members.iter().map(Into::into).collect();
    Ok(answer(&headers, &model::Page { items, next: next.as_deref().map(cover) }))
}

async fn one(Path(id): Path<String>, look: Looking) -> Answered {
    let id = membership(&id)?;
    look.tagged(async |view| {
        let found = people::member(view, id).await?;
        Ok((Member::from(&found), tag(&found)))
    })
    .await
}

async fn grant(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    call: Call<NewRole>,
) -> Answered {
    let role = call.body.role.clone();
    step(&state, &asked, &id, &call, async |cx, id| people::grant(cx, id, read::<Role>("role", &role)?).await)
        .await
}

async fn revoke(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    call: Call<OldRole>,
) -> Answered {
    let body = call.body.clone();
    step(&state, &asked, &id, &call, async |cx, id| {
        people::revoke(cx, id, read::<Role>("role", &body.role)?, &body.reason).await
    })
    .await
}

async fn systems(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    call: Call<ForSystems>,
) -> Answered {
    let body = call.body.clone();
    step(&state, &asked, &id, &call, async |cx, id| {
        let systems = match &body.systems {
            None => Systems::All,
            Some(some) => {
                Systems::Only(some.iter().map(|id| parsed("system", id)).collect::<Result<_, _>>()?)
            }
        };
        people::assign_systems(cx, id, systems, &body.reason).await
    })
    .await
}

async fn suspend(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    call: Call<Reason>,
) -> Answered {
    let why = call.body.reason.clone();
    step(&state, &asked, &id, &call, async |cx, id| people::suspend(cx, id, &why).await).await
}

async fn resume(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    call: Call<Reason>,
) -> Answered {
    let why = call.body.reason.clone();
    step(&state, &asked, &id, &call, async |cx, id| people::resume(cx, id, &why).await).await
}

async fn set_end(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    call: Call<NewEnd>,
) -> Answered {
    let body = call.body.clone();
    step(&state, &asked, &id, &call, async |cx, id| {
        let until = body.until.as_deref().map(|at| parsed("until", at)).transpose()?;
        people::set_until(cx, id, until, &body.reason).await
    })
    .await
}

async fn sign_out(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    call: Call<Reason>,
) -> Answered {
    let id = membership(&id)?;
    write(&state, &asked, &call, async |cx| {
        people::sign_out(cx, id, &call.body.reason).await?;
        let after = people::member(cx, id).await?;
        done(StatusCode::OK, &Member::from(&after), &tag(&after), &format!("{BASE}/members/{id}"))
    })
    .await
}

async fn reset(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    call: Call<NewReset>,
) -> Answered {
    let id = membership(&id)?;
    write_telling(&state, &asked, &call, StatusCode::CREATED, async |cx| {
        let (body, word) = (&call.body, &call.body.lost);
        let lost = Lost::ALL.into_iter().find(|one| one.word() == word);
        let lost = lost.ok_or_else(|| Error::invalid(format!("there is no {word:?} to lose")))?;
        let made = people::offer_reset(cx, id, lost, &body.reason).await?;
        let told = Reset { membership: id.to_string(), is_mailed: made.is_mailed, link: None };
        let kept = done(StatusCode::CREATED, &told, "", "")?;
        let link = format!("{}/reset/{}", state.address(), made.text());
        Ok((kept, Reset { link: Some(link), ..told }))
    })
    .await
}

async fn remove(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    call: Call<Reason>,
) -> Answered {
    let (id, from) = (membership(&id)?, call.number()?);
    write(&state, &asked, &call, async |cx| {
        if let Some(stale) = changed_since(cx, id, from).await? {
            return Ok(stale);
        }
        people::remove(cx, id, &call.body.reason).await?;
        let removed = Removed { membership: id.to_string(), removed_at: cx.now.to_string() };
        done(StatusCode::OK, &removed, "", "")
    })
    .await
}

/// Takes one step with a membership, from the version that was looked at.
async fn step<B, F>(state: &WebState, asked: &Asked, id: &str, call: &Call<B>, take: F) -> Answered
where
    F: AsyncFnOnce(&mut Cx<'_>, MembershipId) -> Result<(), Error>,
{
    let (id, from) = (membership(id)?, call.number()?);
    write(state, asked, call, async |cx| {
        if let Some(stale) = changed_since(cx, id, from).await? {
            return Ok(stale);
        }
        take(cx, id).await?;
        let after = people::member(cx, id).await?;
        let location = format!("{BASE}/members/{id}");
        done(StatusCode::OK, &Member::from(&after), &tag(&after), &location)
    })
    .await
}

/// What is answered where a membership is not as it was. What it was before is not kept, so what there is now is said alone.
async fn changed_since(view: &mut View<'_>, id: MembershipId, from: i64) -> Result<Option<Done>, Error> {
    let now = people::member(view, id).await?;
    if now.changed_at.micros() == from {
        return Ok(None);
    }
    stale(&Member::from(&now), &tag(&now), None).map(Some)
}

/// When anything of it changed last.
fn tag(member: &Record) -> String {
    member.changed_at.micros().to_string()
}
