//! Being signed in: sessions, kept in the database, looked at on every request.
//!
//! Of a session's cookie only the digest is kept. A session is in one organization; it ends by age, by idleness, by signing
//! out, by somebody's hand, and when the membership changes, and the next request finds it ended. Showing password and code
//! again gives the session a new cookie and a fresh proof; the old cookie is dead at once.

mod rule;
mod sign_in;
mod sql;
mod switch;
mod through;

use std::collections::BTreeSet;
use std::sync::Arc;

use sqlx::AnyConnection;
use tickmark_core::id::{
    EngagementKey, MembershipId, OrganizationKey, PasskeyId, PersonId, ProviderId, SessionId,
};
use tickmark_core::identity::throttle::Network;
use tickmark_core::identity::token::Given;
use tickmark_core::identity::{
    Assurance, Factor, Lifetime, MOST_SESSIONS, STEP_UP_US, SignInRule, Standing, Subject,
};
use tickmark_core::time::{DAY_US, SECOND_US};
use tickmark_core::{Digest, Timestamp};

use super::audit::{self, Event, Name};
use super::people::{self, Home, Member};
use super::{Access, Organization, SignedIn, attestation, credential, provider, sql as actors};
use crate::context::{Cx, View};
use crate::{Actor, ActorKind, App, Error, Result};

pub(crate) use rule::{asked_of, begin_strict, elsewhere, is_still_enough, own_proof, required_of, rule_of};
pub use rule::{rule, rule_versions, set_rule};
pub use sign_in::{Attempt, SignIn};
pub use switch::{Place, places};
pub use through::Through;
pub(crate) use through::{begin_through, end_through, found, need_own_proof, prove_through};

/// How old the moment of the last request may get before it is written again, in microseconds.
const TOUCH_US: i64 = 60 * SECOND_US;
/// How long after its last request a session that is over still says whose a form was, in microseconds.
const REMEMBERED_US: i64 = 7 * DAY_US;
/// Most characters of a browser's name of itself.
const MAX_AGENT_CHARS: usize = 200;

/// Where a request comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Its network.
    pub network: Network,
    /// What the browser calls itself.
    pub agent: String,
    /// Id of the request.
    pub request: String,
}

/// A session, for its owner to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose.
    pub membership: MembershipId,
    /// How they signed in.
    pub factor: Factor,
    /// When.
    pub begun_at: Timestamp,
    /// The last request, at most a minute old.
    pub seen_at: Timestamp,
    /// When they last showed who they are.
    pub proven_at: Timestamp,
    /// From which network.
    pub network: String,
    /// With which browser.
    pub agent: String,
    /// Which passkey was shown last; none where less was.
    pub passkey: Option<PasskeyId>,
    /// What it has from an identity provider; none where somebody signed in with what they have here.
    pub through: Option<Through>,
}

/// What was shown, as a session keeps it. Whether a passkey is an attested one is asked each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Proof {
    factor: Factor,
    passkey: Option<PasskeyId>,
}

impl Proof {
    /// A passkey of here.
    pub(crate) fn passkey(id: PasskeyId) -> Self {
        Self { factor: Factor::Passkey, passkey: Some(id) }
    }

    /// Anything else.
    pub(crate) fn other(factor: Factor) -> Self {
        Self { factor, passkey: None }
    }

    /// Tells whether it is a passkey of here.
    pub(crate) fn is_passkey(self) -> bool {
        self.passkey.is_some()
    }
}

/// Begins a session of a member. The oldest ones make room.
pub(crate) async fn begin(
    cx: &mut Cx<'_>,
    membership: MembershipId,
    proof: Proof,
    origin: &Origin,
    token: &[u8; 32],
) -> Result<SessionId> {
    let now = cx.now;
    begin_as(cx, membership, (proof, None), (now, now), origin, token).await
}

/// The same for a session that goes on from another one: when that was begun, and when it was last shown who is in it.
async fn begin_as(
    cx: &mut Cx<'_>,
    membership: MembershipId,
    (proof, through): (Proof, Option<&Through>),
    (begun_at, proven_at): (Timestamp, Timestamp),
    origin: &Origin,
    token: &[u8; 32],
) -> Result<SessionId> {
    let (organization, now) = (cx.organization(), cx.now);
    let alive = sql::of_member(cx.connection(), organization, membership).await?;
    let too_many = (alive.len() + 1).saturating_sub(MOST_SESSIONS);
    for oldest in alive.iter().take(too_many) {
        end(cx, oldest.id, "made_room").await?;
    }
    let session = Session {
        id: SessionId(cx.new_id()),
        membership,
        factor: proof.factor,
        begun_at,
        seen_at: now,
        proven_at,
        network: origin.network.to_string(),
        agent: origin.agent.chars().filter(|c| !c.is_control()).take(MAX_AGENT_CHARS).collect(),
        passkey: proof.passkey,
        through: through.cloned(),
    };
    sql::insert(cx.connection(), organization, &session, Digest::of(token)).await?;
    let provider = through.map(|through| through.provider);
    let event = Event {
        after: Some(serde_json::json!({
            "factor": factor_word(proof.factor), "membership": membership, "provider": provider,
        })),
        request: Some(&origin.request),
        network: Some(origin.network.to_string()),
        ..Event::done(Name::Login, "session", session.id)
    };
    audit::record(cx, event).await?;
    Ok(session.id)
}

/// Lists one's own sessions, the latest first.
///
/// # Errors
/// `Forbidden` if the actor is not signed in.
pub async fn mine(view: &mut View<'_>) -> Result<Vec<Session>> {
    let (membership, _) = own(view).await?;
    let organization = view.organization();
    let mut all = sql::of_member(view.connection(), organization, membership).await?;
    let Access::Member(signed_in) = &view.actor.access else { return Ok(Vec::new()) };
    let (lifetime, now) = (Lifetime::of(&signed_in.subject.roles), view.now);
    all.retain(|session| lifetime.judge(session.begun_at, session.seen_at, now).is_none());
    all.reverse();
    Ok(all)
}

/// Returns how many recovery codes one has left.
///
/// # Errors
/// As [`mine`].
pub async fn codes_left(view: &mut View<'_>) -> Result<u32> {
    let (membership, _) = own(view).await?;
    let organization = view.organization();
    match people::person_email(view.connection(), organization, membership).await? {
        Some((person, _)) => credential::codes_left(view.connection(), person).await,
        None => Ok(0),
    }
}

/// Ends the session that one is in.
///
/// # Errors
/// As [`mine`].
pub async fn sign_out(cx: &mut Cx<'_>) -> Result<()> {
    let (_, session) = own(cx).await?;
    let (organization, now) = (cx.organization(), cx.now);
    sql::end(cx.connection(), organization, session, "signed_out", now).await?;
    audit::record(cx, Event::done(Name::Logout, "session", session)).await
}

/// Ends one of one's own sessions.
///
/// # Errors
/// As [`mine`]; `NotFound` if it is not one's own, or over.
pub async fn revoke(cx: &mut Cx<'_>, id: SessionId) -> Result<()> {
    let all = mine(cx).await?;
    if !all.iter().any(|session| session.id == id) {
        return Err(Error::not_found("session", id));
    }
    end(cx, id, "revoked").await
}

/// Ends all of one's own sessions but the one that one is in.
///
/// # Errors
/// As [`mine`].
pub async fn revoke_others(cx: &mut Cx<'_>) -> Result<u32> {
    let (_, session) = own(cx).await?;
    let mut ended = 0;
    for other in mine(cx).await?.iter().filter(|other| other.id != session) {
        end(cx, other.id, "revoked").await?;
        ended += 1;
    }
    Ok(ended)
}

/// Ends every session of a membership.
pub(crate) async fn end_all(cx: &mut Cx<'_>, membership: MembershipId, reason: &'static str) -> Result<()> {
    let organization = cx.organization();
    for session in sql::of_member(cx.connection(), organization, membership).await? {
        end(cx, session.id, reason).await?;
    }
    Ok(())
}

/// Refuses whoever did not show within the last ten minutes that it is still them.
pub(crate) fn need_fresh_proof(view: &View<'_>) -> Result<()> {
    let Access::Member(signed_in) = &view.actor.access else {
        return Err(Error::Forbidden("nobody is signed in".to_owned()));
    };
    let age = view.now.micros() - signed_in.subject.assurance.proven_at.micros();
    // A proof from the future is no proof: the clock was set back.
    if (0..STEP_UP_US).contains(&age) { Ok(()) } else { Err(Error::StepUp) }
}

/// Gives the session that one is in another cookie, as when what one signs in with changes; the old one is dead at once.
pub(crate) async fn renew_cookie(cx: &mut Cx<'_>) -> Result<[u8; 32]> {
    let (_, session) = own(cx).await?;
    let token: [u8; 32] = cx.app.random();
    let organization = cx.organization();
    sql::renew(cx.connection(), organization, session, Digest::of(&token)).await?;
    Ok(token)
}

/// Returns the session that one is in.
pub(crate) async fn own_session(view: &mut View<'_>) -> Result<SessionId> {
    Ok(own(view).await?.1)
}

/// Returns the membership that one is signed in with.
pub(crate) async fn own_membership(view: &mut View<'_>) -> Result<MembershipId> {
    Ok(own(view).await?.0)
}

/// Counts the sessions of a member that are not over.
pub(crate) async fn count(view: &mut View<'_>, member: &people::Member) -> Result<usize> {
    let (organization, now) = (view.organization(), view.now);
    let lifetime = Lifetime::of(&member.roles);
    let all = sql::of_member(view.connection(), organization, member.id).await?;
    Ok(all.iter().filter(|one| lifetime.judge(one.begun_at, one.seen_at, now).is_none()).count())
}

/// Ends every session of a person but the one that they are in, in whatever organization.
pub(crate) async fn end_others_of_person(
    cx: &mut Cx<'_>,
    person: PersonId,
    reason: &'static str,
) -> Result<()> {
    let (_, kept) = own(cx).await?;
    for home in homes(cx, person).await? {
        if home.organization == cx.organization() {
            for other in sql::of_member(cx.connection(), home.organization, home.membership).await? {
                if other.id != kept {
                    end(cx, other.id, reason).await?;
                }
            }
        } else {
            end_elsewhere(cx, &home, reason).await?;
        }
    }
    Ok(())
}

/// Ends every session of a person, in whatever organization.
pub(crate) async fn end_all_of_person(cx: &mut Cx<'_>, person: PersonId, reason: &'static str) -> Result<()> {
    for home in homes(cx, person).await? {
        if home.organization == cx.organization() {
            end_all(cx, home.membership, reason).await?;
        } else {
            end_elsewhere(cx, &home, reason).await?;
        }
    }
    Ok(())
}

async fn homes(cx: &mut Cx<'_>, person: PersonId) -> Result<Vec<Home>> {
    cx.reach_all().await?;
    let homes = people::homes(cx.connection(), person).await?;
    cx.confine().await?;
    Ok(homes)
}

/// Ends the sessions of a member of another organization; the event stands in the one where it was done.
async fn end_elsewhere(cx: &mut Cx<'_>, home: &Home, reason: &'static str) -> Result<()> {
    let now = cx.now;
    cx.reach_all().await?;
    sql::end_of_member(cx.connection(), home.organization, home.membership, reason, now).await?;
    cx.confine().await
}

async fn end(cx: &mut Cx<'_>, id: SessionId, reason: &'static str) -> Result<()> {
    let (organization, now) = (cx.organization(), cx.now);
    sql::end(cx.connection(), organization, id, reason, now).await?;
    let event = Event {
        after: Some(serde_json::json!({"ended": reason})),
        ..Event::done(Name::SessionRevoked, "session", id)
    };
    audit::record(cx, event).await
}

async fn own(view: &mut View<'_>) -> Result<(MembershipId, SessionId)> {
    let Access::Member(signed_in) = &view.actor.access else {
        return Err(Error::Forbidden("nobody is signed in".to_owned()));
    };
    let organization = view.organization();
    let found = sql::find(view.connection(), organization, signed_in.session).await?;
    let session = found.ok_or_else(|| Error::not_found("session", signed_in.session))?;
    Ok((session.membership, session.id))
}

pub(crate) fn factor_word(factor: Factor) -> &'static str {
    match factor {
        Factor::Password => "password",
        Factor::Code => "code",
        Factor::Passkey => "passkey",
        Factor::Attested => "attested_passkey",
    }
}

/// A membership that counts, where it is, and what is asked of it.
pub(super) struct Acting {
    pub(super) organization: Organization,
    pub(super) member: Member,
    pub(super) rule: SignInRule,
    /// Engagements that let them in at this moment.
    pub(super) engagements: BTreeSet<EngagementKey>,
    /// Identity providers by one of which they have to come; empty where anything does that is asked for.
    pub(super) providers: BTreeSet<ProviderId>,
}

impl Acting {
    /// Tells whether the organization has them come by an identity provider, and they did not.
    pub(super) fn comes_wrong(&self, through: Option<&Through>) -> bool {
        let is_through = through.is_some_and(|through| self.providers.contains(&through.provider));
        !self.providers.is_empty() && !is_through
    }
}

/// A membership as it is recorded, whether or not it counts at some moment.
struct Belonging {
    organization: Organization,
    member: Member,
    rule: SignInRule,
    providers: BTreeSet<ProviderId>,
}

impl Belonging {
    async fn read(
        c: &mut AnyConnection,
        key: OrganizationKey,
        membership: MembershipId,
    ) -> Result<Option<Self>> {
        let member = people::membership(c, key, membership).await?;
        let organization = actors::organizations(c).await?.into_iter().find(|one| one.key == key);
        let Some((organization, member)) = organization.zip(member) else { return Ok(None) };
        let providers = provider::required_of(c, key, &member).await?;
        Ok(Some(Self { organization, member, rule: sql::rule(c, key).await?, providers }))
    }

    /// Returns what counts at a moment.
    fn at(&self, now: Timestamp) -> Option<Acting> {
        let member = &self.member;
        (member.standing == Standing::Active && member.valid.contains(now)).then(|| Acting {
            organization: self.organization.clone(),
            member: member.clone(),
            rule: self.rule,
            engagements: member.engagements_at(now),
            providers: self.providers.clone(),
        })
    }
}

/// A session with whose it is, as they are recorded.
struct Known {
    organization: OrganizationKey,
    session: Session,
    belonging: Belonging,
    factor: Factor,
}

impl Known {
    async fn read(c: &mut AnyConnection, digest: Digest) -> Result<Option<Self>> {
        let Some((organization, session)) = sql::by_digest(c, digest).await? else { return Ok(None) };
        let Some(belonging) = Belonging::read(c, organization, session.membership).await? else {
            return Ok(None);
        };
        let factor = factor_here(c, organization, belonging.rule, &session).await?;
        Ok(Some(Self { organization, session, belonging, factor }))
    }
}

/// Returns a membership that counts at this moment, with its organization; none if it does not count.
pub(super) async fn acting(
    c: &mut AnyConnection,
    key: OrganizationKey,
    membership: MembershipId,
    now: Timestamp,
) -> Result<Option<Acting>> {
    Ok(Belonging::read(c, key, membership).await?.and_then(|belonging| belonging.at(now)))
}

/// Returns how strong an organization takes what was shown in a session to be: a passkey is an attested one where its maker and
/// its model are accepted at this moment.
async fn factor_here(
    c: &mut AnyConnection,
    organization: OrganizationKey,
    rule: SignInRule,
    session: &Session,
) -> Result<Factor> {
    let shown = session.passkey.filter(|_| session.factor == Factor::Passkey && rule.asks_attestation());
    let Some(passkey) = shown else { return Ok(session.factor) };
    let is_attested = attestation::is_trusted(c, organization, passkey).await?;
    Ok(if is_attested { Factor::Attested } else { session.factor })
}

/// Returns a member as they would act now, to find out what they would see. Nobody acts by it: it has no session.
pub(crate) fn acting_as(organization: &Organization, member: &Member, now: Timestamp) -> Actor {
    // However they will sign in, it is with what is asked of them.
    let assurance = Assurance { factor: Factor::Passkey, proven_at: now };
    let acting = Acting {
        organization: organization.clone(),
        member: member.clone(),
        rule: SignInRule::default(),
        engagements: member.engagements_at(now),
        providers: BTreeSet::new(),
    };
    let nobody = SessionId(uuid::Uuid::nil());
    actor_of(acting, ActorKind::Person, assurance, None, |subject| SignedIn {
        subject,
        session: nobody,
        request: String::new(),
        network: String::new(),
    })
}

/// Returns a member as they act: themselves, or a program with a token of theirs.
pub(super) fn actor_of(
    Acting { organization, member, rule, engagements, .. }: Acting,
    kind: ActorKind,
    assurance: Assurance,
    token: Option<Given>,
    signed_in: impl FnOnce(Subject) -> SignedIn,
) -> Actor {
    let (token, only) = token.map_or((None, None), |given| (Some(given.atoms), given.systems));
    let is_within_systems = only.is_some();
    let subject = Subject {
        id: member.actor,
        organization: organization.key,
        required: rule.required(&member.roles),
        roles: member.roles,
        systems: match &only {
            Some(only) => member.systems.within(only),
            None => member.systems,
        },
        engagements,
        standing: member.standing,
        valid: member.valid,
        assurance,
        token,
        is_within_systems,
    };
    let access = Access::Member(Box::new(signed_in(subject)));
    Actor { id: member.actor, organization, kind, label: member.name, access }
}

impl App {
    /// Returns who was in the session of this cookie, over or not, if it was used within the last days and they are still a
    /// member: whose the files of a form are that came after its end. Nobody acts by it.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn was_in(&self, token: &[u8; 32]) -> Result<Option<Actor>> {
        let now = self.now();
        let mut tx = self.database.read().await?;
        let Some((key, session)) = sql::ever_by_digest(&mut tx, Digest::of(token)).await? else {
            return Ok(None);
        };
        if now.micros() - session.seen_at.micros() > REMEMBERED_US {
            return Ok(None);
        }
        let found = acting(&mut tx, key, session.membership, now).await?;
        Ok(found.map(|acting| acting_as(&acting.organization, &acting.member, now)))
    }

    /// Returns who is in the session of this cookie, as they are at this moment: with the roles that they have now, or not
    /// at all when the session is over or the membership does not count.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn resume(&self, token: &[u8; 32], request: &str) -> Result<Option<Actor>> {
        self.resume_from(token, request, None).await
    }

    /// The same for a request that comes from a network, which need not be the one where the session was begun.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn resume_from(
        &self,
        token: &[u8; 32],
        request: &str,
        network: Option<Network>,
    ) -> Result<Option<Actor>> {
        let now = self.now();
        let Some(known) = self.known_session(Digest::of(token)).await? else { return Ok(None) };
        let Known { organization: key, session, belonging, factor } = &*known;
        let Some(acting) = belonging.at(now) else { return Ok(None) };
        let is_over =
            Lifetime::of(&acting.member.roles).judge(session.begun_at, session.seen_at, now).is_some();
        let through = session.through.as_ref();
        if is_over || through.is_some_and(|through| through.is_over(now)) || acting.comes_wrong(through) {
            return Ok(None);
        }
        if self.may_write() && now.micros() - session.seen_at.micros() >= TOUCH_US {
            let mut tx = self.database.write().await?;
            sql::touch(&mut tx, *key, session.id, now).await?;
            tx.commit().await?;
        }
        let assurance = Assurance { factor: *factor, proven_at: session.proven_at };
        let network = network.map_or_else(|| session.network.clone(), |network| network.to_string());
        let (id, request) = (session.id, request.to_owned());
        let signed_in = |subject| SignedIn { subject, session: id, request, network };
        Ok(Some(actor_of(acting, ActorKind::Person, assurance, None, signed_in)))
    }

    /// Returns the session of a cookie, whether or not it is over.
    async fn known_session(&self, digest: Digest) -> Result<Option<Arc<Known>>> {
        let (moment, key) = (self.database.moment(), ("session", None, digest.to_string()));
        if let Some(known) = self.kept.get(moment, &key) {
            return Ok(Some(known));
        }
        let mut tx = self.database.read().await?;
        let Some(known) = Known::read(&mut tx, digest).await? else { return Ok(None) };
        let known = Arc::new(known);
        self.kept.keep(moment, key, &known);
        Ok(Some(known))
    }
}
