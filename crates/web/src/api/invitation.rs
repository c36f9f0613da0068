//! Coming in, and the highest roles: invitations by address, and what two owners decide together. No token does any of it.

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::Error;
use tickmark_app::identity::people::{self, Invitation as Record, Proposal as ProposalRecord};
use tickmark_core::Timestamp;
use tickmark_core::identity::Resource::{HighestGrant, Member};
use tickmark_core::identity::Role;
use tickmark_core::identity::Verb::{Create, Delete, Update};

use super::BASE;
use super::answer::{Answered, answer};
use super::asking::asking;
use super::call::{Call, Done, Taken, done, write, write_telling};
use super::looking::Looking;
use super::member::membership;
use super::operation::{Operation, Writing};
use super::words::{Nothing, Reason, read, word};
use crate::WebState;
use crate::error::Refusal;
use crate::route::{get, post};
use crate::visit::Asked;

/// Roles that need two owners.
const HIGHEST: [&str; 2] = ["owner", "admin"];

pub(super) static LOOKS: &[Operation] = &[
    Operation::list::<Invitation>(
        "listInvitations",
        ("/invitations", "/invitations"),
        "Invitations, newest first",
        Member,
        || get(list),
    )
    .narrowed(),
    Operation::list::<Proposal>(
        "listRoleProposals",
        ("/role-proposals", "/role-proposals"),
        "Roles that wait for a second owner, oldest first",
        HighestGrant,
        || get(proposals),
    )
    .narrowed(),
];

pub(super) static WRITES: &[Writing] = &[
    Writing::post::<NewInvitation, Invitation>(
        "invite",
        ("/invitations", "/invitations"),
        "Invites somebody by address; an earlier link to it stops working",
        (Member, Create),
        || post(invite),
    )
    .created()
    .for_people(),
    Writing::post::<Nothing, Withdrawn>(
        "withdrawInvitation",
        ("/invitations/{id}/withdrawal", "/invitations/00000000-0000-7000-8000-000000000000/withdrawal"),
        "Takes an invitation back",
        (Member, Update),
        || post(withdraw),
    )
    .for_people(),
    Writing::post::<NewProposal, Proposal>(
        "proposeRole",
        ("/role-proposals", "/role-proposals"),
        "Proposes to make somebody an owner or administrator; another owner agrees",
        (HighestGrant, Create),
        || post(propose),
    )
    .created()
    .for_people(),
    Writing::post::<Nothing, Decided>(
        "agreeToRole",
        ("/role-proposals/{id}/agreement", "/role-proposals/00000000-0000-7000-8000-000000000000/agreement"),
        "Agrees to what another owner proposed: the role is given",
        (HighestGrant, Create),
        || post(agree),
    )
    .for_people(),
    Writing::post::<Reason, Decided>(
        "declineRole",
        ("/role-proposals/{id}/refusal", "/role-proposals/00000000-0000-7000-8000-000000000000/refusal"),
        "Declines what was proposed, or takes it back",
        (HighestGrant, Delete),
        || post(decline),
    )
    .for_people(),
];

/// Whom to invite.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewInvitation {
    #[schemars(length(min = 3, max = 254))]
    email: String,
    /// `compliance_manager`, `control_owner`, `employee` or `executive`.
    #[schemars(length(min = 1, max = 4), inner(length(min = 1, max = 40)))]
    roles: Vec<String>,
}

/// An invitation.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Invitation {
    id: String,
    /// To whom; null for the first owner.
    email: Option<String>,
    roles: Vec<String>,
    made_by: String,
    made_at: String,
    expires_at: String,
    /// `open`, `used`, `withdrawn` or `expired`.
    state: String,
    /// What they open to come in. Told once, by the answer that made it, and not again for the same key.
    link: Option<String>,
}

impl Invitation {
    fn of(one: &Record, now: Timestamp) -> Self {
        let state = match (one.used_at, one.revoked_at) {
            (Some(_), _) => "used",
            (None, Some(_)) => "withdrawn",
            (None, None) if one.is_open(now) => "open",
            (None, None) => "expired",
        };
        Self {
            id: one.id.to_string(),
            email: one.email.clone(),
            roles: one.roles.iter().map(word).collect(),
            made_by: one.made_by.to_string(),
            made_at: one.made_at.to_string(),
            expires_at: one.expires_at.to_string(),
            state: state.to_owned(),
            link: None,
        }
    }
}

/// What was taken back.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Withdrawn {
    id: String,
    withdrawn_at: String,
}

/// Whom to make an owner or administrator.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewProposal {
    #[schemars(extend("format" = "uuid"))]
    membership: String,
    #[schemars(extend("enum" = HIGHEST))]
    role: String,
}

/// A role that waits for a second owner.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Proposal {
    id: String,
    membership: String,
    role: String,
    asked_by: String,
    asked_at: String,
}

impl From<&ProposalRecord> for Proposal {
    fn from(one: &ProposalRecord) -> Self {
        Self {
            id: one.id.to_string(),
            membership: one.member.to_string(),
            role: one.role.word().to_owned(),
            asked_by: one.asked_by.to_string(),
            asked_at: one.asked_at.to_string(),
        }
    }
}

/// What was decided about a proposal.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Decided {
    id: String,
    is_given: bool,
}

impl Taken for NewInvitation {}
impl Taken for NewProposal {}

async fn list(State(state): State<WebState>, asked: Asked, uri: Uri, headers: HeaderMap) -> Answered {
    let (app, actor) = asked.member(&state)?;
    let asking = asking(&uri, "/invitations")?;
    let (all, now) = app.read(actor, async |view| Ok((people::invitations(view).await?, view.now))).await?;
    let items: Vec<Invitation> = all.iter().map(|one| Invitation::of(one, now)).collect();
    Ok(answer(&headers, &asking.page(items, |item| item.id.clone())?))
}

async fn proposals(look: Looking) -> Answered {
    look.list(
        async |view, _| Ok(people::proposals(view).await?.iter().map(Proposal::from).collect()),
        |item: &Proposal| item.id.clone(),
    )
    .await
}

async fn invite(State(state): State<WebState>, asked: Asked, call: Call<NewInvitation>) -> Answered {
    write_telling(&state, &asked, &call, StatusCode::CREATED, async |cx| {
        let body = &call.body;
        let roles: BTreeSet<Role> =
            body.roles.iter().map(|word| read("role", word)).collect::<Result<_, _>>()?;
        let link = people::invite(cx, &body.email, &roles).await?;
        let all = people::invitations(cx).await?;
        let made = all.iter().find(|one| one.id == link.invitation);
        let made = made.ok_or_else(|| Error::not_found("invitation", link.invitation))?;
        let made = Invitation::of(made, cx.now);
        // What is kept to be answered again does not hold the link.
        let kept = done(StatusCode::CREATED, &made, "", &format!("{BASE}/invitations"))?;
        let link = format!("{}/join/{}", state.address(), link.text());
        Ok((kept, Invitation { link: Some(link), ..made }))
    })
    .await
}

async fn withdraw(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    call: Call<Nothing>,
) -> Answered {
    let id = id.parse().map_err(|_| Refusal::NotFound)?;
    write(&state, &asked, &call, async |cx| {
        people::revoke_invitation(cx, id).await?;
        let withdrawn = Withdrawn { id: id.to_string(), withdrawn_at: cx.now.to_string() };
        done(StatusCode::OK, &withdrawn, "", "")
    })
    .await
}

async fn propose(State(state): State<WebState>, asked: Asked, call: Call<NewProposal>) -> Answered {
    let member = membership(&call.body.membership)?;
    write(&state, &asked, &call, async |cx| {
        let role = read::<Role>("role", &call.body.role)?;
        let id = people::propose(cx, member, role).await?;
        let all = people::proposals(cx).await?;
        let made = all.iter().find(|one| one.id == id).ok_or_else(|| Error::not_found("proposal", id))?;
        done(StatusCode::CREATED, &Proposal::from(made), "", &format!("{BASE}/role-proposals"))
    })
    .await
}

async fn agree(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    call: Call<Nothing>,
) -> Answered {
    let id = id.parse().map_err(|_| Refusal::NotFound)?;
    write(&state, &asked, &call, async |cx| {
        people::agree(cx, id).await?;
        decided(id, true)
    })
    .await
}

async fn decline(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    call: Call<Reason>,
) -> Answered {
    let id = id.parse().map_err(|_| Refusal::NotFound)?;
    write(&state, &asked, &call, async |cx| {
        people::decline(cx, id, &call.body.reason).await?;
        decided(id, false)
    })
    .await
}

fn decided(id: impl ToString, is_given: bool) -> Result<Done, Error> {
    done(StatusCode::OK, &Decided { id: id.to_string(), is_given }, "", "")
}
