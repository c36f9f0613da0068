//! The way to a provider and back.
//!
//! What the answer must fit is kept here under a handle that only the browser that left has in a cookie, for ten minutes and
//! one answer. So an answer that was made in another browser, for another connection, or before, fits nothing.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tickmark_core::id::{ProviderId, SessionId};
use tickmark_core::identity::provider::{Claims, Expected, Fault, factor, read};
use tickmark_core::identity::{Factor, STEP_UP_US};
use tickmark_core::time::SECOND_US;
use tickmark_core::{Digest, Timestamp};
use zeroize::Zeroizing;

use super::super::people::{self, Comer};
use super::super::session::{self, Origin, Through};
use super::super::{Access, Organization, credential, sql as actors};
use super::discover::{self, encoded};
use super::link::{self, Linked, Waiting};
use super::{Provider, place, sql};
use crate::{Actor, ActorKind, App, Error, Result};

/// How long somebody may stay at the provider, in microseconds: 10 minutes.
pub(super) const VISIT_US: i64 = 10 * 60 * SECOND_US;
/// Browsers of one network that are at providers; the oldest make room.
const VISITS_PER_NETWORK: i64 = 100;
/// Most characters of a code.
const MAX_CODE_CHARS: usize = 4_000;

/// What for somebody goes to a provider.
#[derive(Clone, Copy)]
pub enum Purpose<'a> {
    /// To come in.
    SignIn,
    /// To come in by an invitation: the secret of its link.
    Join(&'a [u8; 32]),
    /// To show once more who they are.
    StepUp(&'a Actor),
}

impl Purpose<'_> {
    fn word(&self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::Join(_) => "join",
            Self::StepUp(_) => "step_up",
        }
    }
}

/// Somebody is sent to a provider.
#[derive(Clone)]
pub struct Leaving {
    /// Where to.
    pub location: String,
    /// What the browser brings back, in a cookie.
    pub handle: [u8; 32],
}

/// What a browser brings back.
#[derive(Clone, Copy)]
pub struct Returned<'a> {
    /// At whose address it arrived.
    pub provider: ProviderId,
    /// Its cookie.
    pub handle: &'a [u8; 32],
    /// What the answer says it is to.
    pub state: &'a str,
    /// The code; empty if there is none.
    pub code: &'a str,
    /// Whose answer it says it is.
    pub issuer: Option<&'a str>,
    /// The address at which it arrived.
    pub redirect: &'a str,
}

/// What came of it.
pub enum Arrival {
    /// They are in, or showed once more who they are: the cookie of the session, and where they wanted to go.
    In {
        /// The cookie.
        token: [u8; 32],
        /// An address of this server.
        back: String,
    },
    /// The provider knows them, and nobody here says who they are yet.
    Waiting {
        /// Through which connection.
        provider: String,
    },
    /// They are not in; what they are told.
    No(&'static str),
}

/// What is kept while somebody is at a provider.
pub(super) struct Visit {
    pub(super) provider: ProviderId,
    pub(super) purpose: String,
    pub(super) state: String,
    pub(super) nonce: String,
    pub(super) verifier: Zeroizing<String>,
    pub(super) session: Option<SessionId>,
    pub(super) invitation: Option<Digest>,
    pub(super) back: String,
    pub(super) begun_at: Timestamp,
    pub(super) expires_at: Timestamp,
}

/// What is said whatever of an answer does not fit: the trail has which.
const NOT_IN: &str = "the identity provider's answer does not fit what was asked; begin anew";
const TOO_LATE: &str =
    "it took longer than ten minutes, was begun in another browser, or was answered already; begin anew";
const NOBODY: &str =
    "your identity provider let you in, and your membership here does not count; ask an administrator";
const REFUSED: &str = "the identity provider did not let you in";
const OTHER: &str = "the identity provider let somebody else in than who is signed in here";

impl App {
    /// Returns a connection that lets people in, and whose it is.
    pub(super) async fn provider(&self, id: ProviderId) -> Result<Option<(Organization, Provider)>> {
        let mut tx = self.database.read().await?;
        let Some((key, provider)) = sql::by_id(&mut tx, id).await? else { return Ok(None) };
        let organization = actors::organizations(&mut tx).await?.into_iter().find(|one| one.key == key);
        Ok(organization.map(|organization| (organization, provider)).filter(|(_, provider)| provider.is_on))
    }

    /// Returns through which connection a session was begun, by id and name; none if by none.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn provider_of_session(&self, actor: &Actor) -> Result<Option<(ProviderId, String)>> {
        let Access::Member(signed_in) = &actor.access else { return Ok(None) };
        let mut tx = self.database.read().await?;
        let session = session::found(&mut tx, actor.organization.key, signed_in.session).await?;
        let Some(through) = session.and_then(|session| session.through) else { return Ok(None) };
        drop(tx);
        Ok(self.provider(through.provider).await?.map(|(_, provider)| (provider.id, provider.name)))
    }

    /// Sends somebody to a provider. `redirect` is the address to which it sends them back; `back` where they want to go.
    ///
    /// # Errors
    /// `NotFound` for a connection that lets nobody in, or an invitation that does not; `Conflict` for a session that another
    /// one vouches for; `Unavailable` if the provider is not reached.
    pub async fn leave_for_provider(
        &self,
        id: ProviderId,
        purpose: Purpose<'_>,
        (redirect, back): (&str, &str),
        origin: &Origin,
    ) -> Result<Leaving> {
        let unknown = || Error::not_found("identity provider", id);
        let (organization, provider) = self.provider(id).await?.ok_or_else(unknown)?;
        let (mut session, mut invitation) = (None, None);
        match purpose {
            Purpose::SignIn => {}
            Purpose::Join(secret) => {
                if self.invited(secret).await?.organization.key != organization.key {
                    return Err(unknown());
                }
                invitation = Some(Digest::of(secret));
            }
            Purpose::StepUp(actor) => {
                let Access::Member(signed_in) = &actor.access else { return Err(unknown()) };
                if self.provider_of_session(actor).await?.is_none_or(|(through, _)| through != id) {
                    return Err(Error::conflict("you did not come in through this identity provider"));
                }
                session = Some(signed_in.session);
            }
        }
        let found = discover::find(self, &provider.issuer, None).await?;
        let now = self.now();
        let visit = Visit {
            provider: id,
            purpose: purpose.word().to_owned(),
            state: self.unguessable(),
            nonce: self.unguessable(),
            verifier: Zeroizing::new(self.unguessable()),
            session,
            invitation,
            back: back.to_owned(),
            begun_at: now,
            expires_at: now.plus_micros(VISIT_US),
        };
        let handle: [u8; 32] = self.random();
        let network = origin.network.to_string();
        let mut tx = self.database.write().await?;
        sql::forget_visits(&mut tx, now).await?;
        sql::make_room(&mut tx, &network, VISITS_PER_NETWORK - 1).await?;
        sql::insert_visit(&mut tx, organization.key, Digest::of(&handle), &network, &visit).await?;
        tx.commit().await?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(visit.verifier.as_bytes()));
        let mut pairs = vec![
            ("response_type", "code"),
            ("client_id", provider.client.as_str()),
            ("redirect_uri", redirect),
            ("scope", "openid email profile"),
            ("state", &visit.state),
            ("nonce", &visit.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        if matches!(purpose, Purpose::StepUp(_)) {
            pairs.extend([("max_age", "0"), ("prompt", "login")]);
        }
        let pairs: Vec<String> =
            pairs.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let sign = if found.authorization.contains('?') { '&' } else { '?' };
        let location = format!("{}{sign}{}", found.authorization, pairs.join("&"));
        Ok(Leaving { location, handle })
    }

    fn unguessable(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.random::<32>())
    }

    /// Takes what a browser brings back from a provider. `who` is who is signed in in it.
    ///
    /// # Errors
    /// `Unavailable` if the provider is not reached; or if the database fails.
    pub async fn arrive_from_provider(
        &self,
        returned: Returned<'_>,
        who: Option<&Actor>,
        origin: &Origin,
    ) -> Result<Arrival> {
        let mut tx = self.database.write().await?;
        // Whatever comes, there is no second answer to the same question.
        let taken = sql::take_visit(&mut tx, Digest::of(returned.handle)).await?;
        tx.commit().await?;
        let Some((key, visit)) = taken else { return Ok(Arrival::No(TOO_LATE)) };
        let Some((organization, provider)) =
            self.provider(visit.provider).await?.filter(|(organization, _)| organization.key == key)
        else {
            return Ok(Arrival::No(TOO_LATE));
        };
        let away = async |reason: &'static str, says: &'static str| {
            self.record_failure(Some(organization.clone()), None, "", reason, None, origin).await?;
            Ok(Arrival::No(says))
        };
        let now = self.now();
        if now < visit.begun_at || now >= visit.expires_at {
            return away("provider_late", TOO_LATE).await;
        }
        let is_state: bool = visit.state.as_bytes().ct_eq(returned.state.as_bytes()).into();
        if !is_state || visit.provider != returned.provider {
            return away("provider_state", NOT_IN).await;
        }
        if returned.issuer.is_some_and(|issuer| issuer != provider.issuer) {
            return away(Fault::Issuer.word(), NOT_IN).await;
        }
        if returned.code.is_empty() || returned.code.chars().count() > MAX_CODE_CHARS {
            return away("provider_refused", REFUSED).await;
        }
        let claims = match self.claims(&organization, &provider, &visit, returned).await? {
            Ok(claims) => claims,
            Err(reason) => return away(reason, NOT_IN).await,
        };
        let through = Through {
            provider: provider.id,
            subject: claims.subject.clone(),
            sid: claims.sid.clone(),
            ends_at: claims.session_until.map(Timestamp::from_seconds),
            is_own: false,
        };
        let shown = (
            factor(&claims.how, &provider.second, &provider.strong),
            // Who does not say when has shown nothing lately.
            claims.shown_at.map_or(now.plus_micros(-STEP_UP_US), |at| Timestamp::from_seconds(at).min(now)),
        );
        let back = visit.back.clone();
        let done = match (visit.purpose.as_str(), visit.session, visit.invitation) {
            ("sign_in", None, None) => {
                self.let_in(&organization, &provider, &claims, shown, through, origin).await?
            }
            ("join", None, Some(invitation)) => {
                self.let_join(&organization, &provider, &claims, (invitation, shown), through, origin).await?
            }
            ("step_up", Some(session), None) => {
                let is_here = who.filter(
                    |actor| matches!(&actor.access, Access::Member(member) if member.session == session),
                );
                match is_here {
                    Some(actor) => self.show_again(actor, session, &through, shown).await?,
                    None => Came::No("provider_session", OTHER),
                }
            }
            _ => return Err(Error::corrupt("the table of visits at providers", "a purpose does not fit")),
        };
        match done {
            Came::In(token) => Ok(Arrival::In { token, back }),
            Came::Waits => Ok(Arrival::Waiting { provider: provider.name }),
            Came::No(reason, says) => away(reason, says).await,
        }
    }

    /// Exchanges the code, and reads what the provider says of whom it let in.
    async fn claims(
        &self,
        organization: &Organization,
        provider: &Provider,
        visit: &Visit,
        returned: Returned<'_>,
    ) -> Result<std::result::Result<Claims, &'static str>> {
        let found = discover::find(self, &provider.issuer, None).await?;
        if found.says_issuer && returned.issuer.is_none() {
            return Ok(Err(Fault::Issuer.word()));
        }
        let mut tx = self.database.read().await?;
        let (sealed, by) = sql::secret(&mut tx, organization.key, provider.id).await?;
        drop(tx);
        let vault = credential::vault(self).await?;
        let secret = vault.open_text(&place(organization.key, provider.id), &by, &sealed)?;
        let secret =
            std::str::from_utf8(&secret).map_err(|_| Error::corrupt("a client secret", "it is no text"))?;
        let client = (provider.client.as_str(), secret);
        let code = (returned.code, visit.verifier.as_str(), returned.redirect);
        let Some(token) = discover::exchange(self, &found, client, code).await? else {
            return Ok(Err("provider_code"));
        };
        let found = discover::find(self, &provider.issuer, Some(&token)).await?;
        let verified = match found.keys.verify(&token, &provider.algorithms) {
            Ok(verified) => verified,
            Err(fault) => return Ok(Err(fault.word())),
        };
        let expected = Expected {
            issuer: &provider.issuer,
            client: &provider.client,
            nonce: &visit.nonce,
            now: self.now().seconds(),
            shown_from: (visit.purpose == "step_up").then(|| visit.begun_at.seconds()),
            domains: &provider.domains,
        };
        Ok(read(&verified.body, &expected).map_err(Fault::word))
    }

    async fn let_in(
        &self,
        organization: &Organization,
        provider: &Provider,
        claims: &Claims,
        shown: (Factor, Timestamp),
        through: Through,
        origin: &Origin,
    ) -> Result<Came> {
        let mut tx = self.database.read().await?;
        let link =
            sql::link_of(&mut tx, organization.key, provider.id, (&claims.issuer, &claims.subject)).await?;
        let Some(link) = link else {
            drop(tx);
            let program = self.program_of(organization.clone()).await?;
            let asked = Waiting {
                id: self.new_id(self.now()),
                provider: provider.id,
                subject: claims.subject.clone(),
                name: claims.name.clone(),
                email: claims.email.clone(),
                asked_at: self.now(),
            };
            self.transact(&program, async |cx| link::ask(cx, &asked, &claims.issuer).await).await?;
            return Ok(Came::Waits);
        };
        let acting = session::acting(&mut tx, organization.key, link.membership, self.now()).await?;
        drop(tx);
        let Some(acting) = acting else { return Ok(Came::No("no_membership", NOBODY)) };
        let actor = Actor {
            id: acting.member.actor,
            organization: organization.clone(),
            kind: ActorKind::Person,
            label: String::new(),
            access: Access::Local,
        };
        let token: [u8; 32] = self.random();
        self.transact(&actor, async |cx| {
            session::begin_through(cx, link.membership, shown, &through, origin, &token).await
        })
        .await?;
        Ok(Came::In(token))
    }

    async fn let_join(
        &self,
        organization: &Organization,
        provider: &Provider,
        claims: &Claims,
        (invitation, shown): (Digest, (Factor, Timestamp)),
        through: Through,
        origin: &Origin,
    ) -> Result<Came> {
        let program = self.program_of(organization.clone()).await?;
        let token: [u8; 32] = self.random();
        let came = self
            .transact(&program, async |cx| {
                let key = cx.organization();
                let whose = (claims.issuer.as_str(), claims.subject.as_str());
                if sql::link_of(cx.connection(), key, provider.id, whose).await?.is_some() {
                    return Err(Error::conflict("somebody is linked to this account already"));
                }
                let comer = Comer { name: &claims.name };
                let (membership, made_by) = people::join_through(cx, invitation, &comer, origin).await?;
                let link = Linked {
                    id: cx.new_id(),
                    provider: provider.id,
                    subject: claims.subject.clone(),
                    membership,
                    how: "invitation".to_owned(),
                    made_at: cx.now,
                };
                sql::insert_link(cx.connection(), key, &link, &claims.issuer, made_by).await?;
                link::linked(cx, &link).await?;
                session::begin_through(cx, membership, shown, &through, origin, &token).await
            })
            .await;
        match came {
            Ok(()) => Ok(Came::In(token)),
            Err(Error::NotFound { .. }) => {
                Ok(Came::No("link_over", "the invitation was used, taken back, or its time is over"))
            }
            Err(Error::Conflict(_)) => Ok(Came::No(
                "provider_linked",
                "this account of the identity provider is linked to somebody here already; sign in with it",
            )),
            Err(error) => Err(error),
        }
    }

    /// A session that a provider vouches for is shown again by the same provider and for the same person.
    async fn show_again(
        &self,
        actor: &Actor,
        session: SessionId,
        through: &Through,
        (factor, at): (Factor, Timestamp),
    ) -> Result<Came> {
        let mut tx = self.database.read().await?;
        let found = session::found(&mut tx, actor.organization.key, session).await?;
        drop(tx);
        let before = found.and_then(|found| found.through);
        let is_same = before
            .is_some_and(|before| before.provider == through.provider && before.subject == through.subject);
        if !is_same {
            return Ok(Came::No("provider_session", OTHER));
        }
        let token: [u8; 32] = self.random();
        self.transact(actor, async |cx| {
            session::prove_through(cx, session, &token, (factor, at), through).await
        })
        .await?;
        Ok(Came::In(token))
    }
}

enum Came {
    In([u8; 32]),
    Waits,
    No(&'static str, &'static str),
}
