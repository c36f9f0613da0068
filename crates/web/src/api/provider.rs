//! Identity providers of the organization, who waits for being known, and who is linked. Secrets go in and never come out.
//! People change them, no token does.

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::identity::Version;
use tickmark_app::identity::provider::{self, Content, Linked, Provider as Record, ProviderSaid, Waiting};
use tickmark_app::{Cx, Error, View};
use tickmark_core::Digest;
use tickmark_core::id::{MembershipId, ProviderId};
use tickmark_core::identity::Resource::IdentityProvider as Providers;
use tickmark_core::identity::Verb::{Create, Update};
use tickmark_core::identity::provider::Algorithm;
use zeroize::Zeroizing;

use super::BASE;
use super::answer::Answered;
use super::call::{Call, Done, Taken, done, write};
use super::looking::Looking;
use super::meanwhile::stale;
use super::operation::{Operation, Writing};
use super::words::{AS_OF, parsed};
use crate::WebState;
use crate::error::Refusal;
use crate::route::{get, post, put};
use crate::visit::Asked;

const SOME: &str = "/identity-providers/00000000-0000-7000-8000-000000000000";

pub(super) static LOOKS: &[Operation] = &[
    Operation::list::<Listed>(
        "listIdentityProviders",
        ("/identity-providers", "/identity-providers"),
        "Connections to identity providers, by name",
        Providers,
        || get(list),
    ),
    Operation::one::<Provider>(
        "getIdentityProvider",
        ("/identity-providers/{provider}", SOME),
        "One connection, with who waits for being known and who is linked; its tag is the version of the connection",
        Providers,
        || get(one),
    ),
    Operation::list::<ProviderVersion>(
        "listIdentityProviderVersions",
        (
            "/identity-providers/{provider}/versions",
            "/identity-providers/00000000-0000-7000-8000-000000000000/versions",
        ),
        "What was said of a connection, oldest first; never its secret",
        Providers,
        || get(versions),
    )
    .filtered(AS_OF),
];

pub(super) static WRITES: &[Writing] = &[
    Writing::post::<NewProvider, Provider>(
        "writeIdentityProvider",
        ("/identity-providers", "/identity-providers"),
        "Writes a connection to an identity provider",
        (Providers, Create),
        || post(new),
    )
    .created()
    .for_people(),
    Writing::put::<ChangedProvider, Provider>(
        "changeIdentityProvider",
        ("/identity-providers/{provider}", SOME),
        "Says anew what a connection is; with another issuer or client, or off, everybody who is in by it is signed out",
        (Providers, Update),
        || put(change),
    )
    .versioned()
    .for_people(),
    Writing::post::<Known, Provider>(
        "decideIdentityRequest",
        (
            "/identity-providers/{provider}/decisions",
            "/identity-providers/00000000-0000-7000-8000-000000000000/decisions",
        ),
        "Says which member somebody is who waits for being known, or that they are nobody here",
        (Providers, Update),
        || post(decide),
    )
    .for_people(),
];

/// A connection to an identity provider, as far as lists show it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Listed {
    id: String,
    content: ProviderContent,
}

/// A connection to an identity provider.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Provider {
    id: String,
    content: ProviderContent,
    /// Who waits for being known.
    waiting: Vec<Request>,
    /// Who comes in by it.
    links: Vec<Link>,
}

/// What a connection is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ProviderContent {
    /// It stands on the button that people press.
    #[schemars(length(min = 1, max = 200))]
    name: String,
    /// Exactly as the provider says it.
    #[schemars(length(min = 1, max = 500))]
    issuer: String,
    /// What the provider calls this program.
    #[schemars(length(min = 1, max = 500))]
    client: String,
    /// How tokens may be signed: RS256, PS256, ES256, EdDSA.
    #[schemars(length(min = 1, max = 4), inner(length(min = 5, max = 5)))]
    algorithms: Vec<String>,
    /// Domains of addresses that are taken; all if there are none.
    #[schemars(length(max = 50), inner(length(min = 1, max = 100)))]
    domains: Vec<String>,
    /// Words of `amr` or `acr` that stand for a second factor.
    #[schemars(length(max = 50), inner(length(min = 1, max = 100)))]
    second: Vec<String>,
    /// Words of `amr` or `acr` that stand for a factor that no false page can ask for.
    #[schemars(length(max = 50), inner(length(min = 1, max = 100)))]
    strong: Vec<String>,
    /// Whether those who are linked sign in by nothing else. Owners always can.
    is_required: bool,
    /// Whether it lets people in.
    is_on: bool,
}

/// What was said of a connection at a time.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct ProviderVersion {
    version: i64,
    since: String,
    /// Who said it; null where that was not kept yet.
    by: Option<String>,
    /// Why; empty where nobody was asked.
    reason: String,
    /// Whether it got another secret with this.
    has_new_secret: bool,
    content: ProviderContent,
}

impl From<&Version<ProviderSaid>> for ProviderVersion {
    fn from(version: &Version<ProviderSaid>) -> Self {
        Self {
            version: version.number,
            since: version.since.to_string(),
            by: version.by.map(|by| by.to_string()),
            reason: version.reason.clone(),
            has_new_secret: version.record.has_new_secret,
            content: ProviderContent::from(&version.record.provider),
        }
    }
}

/// Somebody whom the provider knows and nobody here does yet. Name and address are what the provider says.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Request {
    id: String,
    subject: String,
    name: String,
    email: String,
    asked_at: String,
}

/// Somebody at the provider, and which member they are.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Link {
    id: String,
    subject: String,
    membership: String,
    /// `invitation` or `approval`.
    how: String,
    made_at: String,
}

/// A new connection.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewProvider {
    content: ProviderContent,
    /// The client secret; it is sealed and never shown again.
    #[schemars(length(min = 1, max = 500))]
    secret: String,
}

/// What a connection shall be.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ChangedProvider {
    content: ProviderContent,
    /// Another client secret; the one there is stays where it is left out.
    #[serde(default)]
    #[schemars(length(min = 1, max = 500))]
    secret: Option<String>,
    /// Why.
    #[schemars(length(min = 1, max = 2_000))]
    reason: String,
}

/// Who somebody is who waits.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Known {
    /// Whose request.
    #[schemars(length(min = 36, max = 36))]
    request: String,
    /// The member that they are; nobody here where it is left out.
    #[serde(default)]
    #[schemars(length(min = 36, max = 36))]
    membership: Option<String>,
}

impl Taken for NewProvider {}
impl Taken for ChangedProvider {}
impl Taken for Known {}

impl From<&Record> for ProviderContent {
    fn from(record: &Record) -> Self {
        let words = |set: &BTreeSet<String>| set.iter().cloned().collect();
        Self {
            name: record.name.clone(),
            issuer: record.issuer.clone(),
            client: record.client.clone(),
            algorithms: record.algorithms.iter().map(|one| one.word().to_owned()).collect(),
            domains: words(&record.domains),
            second: words(&record.second),
            strong: words(&record.strong),
            is_required: record.is_required,
            is_on: record.is_on,
        }
    }
}

impl ProviderContent {
    fn read(&self, secret: Option<&String>) -> Result<Content, Error> {
        let algorithm = |word: &String| {
            Algorithm::of_word(word).ok_or_else(|| Error::invalid(format!("there is no algorithm {word:?}")))
        };
        Ok(Content {
            name: self.name.clone(),
            issuer: self.issuer.clone(),
            client: self.client.clone(),
            secret: secret.map(|secret| Zeroizing::new(secret.clone())),
            algorithms: self.algorithms.iter().map(algorithm).collect::<Result<_, _>>()?,
            domains: self.domains.join(" "),
            second: self.second.join(" "),
            strong: self.strong.join(" "),
            is_required: self.is_required,
            is_on: self.is_on,
        })
    }
}

fn whole(record: &Record, waiting: &[Waiting], links: &[Linked]) -> Provider {
    let request = |one: &Waiting| Request {
        id: one.id.to_string(),
        subject: one.subject.clone(),
        name: one.name.clone(),
        email: one.email.clone(),
        asked_at: one.asked_at.to_string(),
    };
    let link = |one: &Linked| Link {
        id: one.id.to_string(),
        subject: one.subject.clone(),
        membership: one.membership.to_string(),
        how: one.how.clone(),
        made_at: one.made_at.to_string(),
    };
    Provider {
        id: record.id.to_string(),
        content: record.into(),
        waiting: waiting.iter().map(request).collect(),
        links: links.iter().map(link).collect(),
    }
}

fn tag(record: &Record) -> String {
    Digest::of(format!("{record:?}").as_bytes()).hex()[..16].to_owned()
}

fn read(id: &str) -> Result<ProviderId, Refusal> {
    id.parse().map_err(|_| Refusal::NotFound)
}

async fn found(view: &mut View<'_>, id: ProviderId) -> Result<(Record, Provider), Error> {
    let record = provider::find(view, id).await?;
    let (waiting, links) = (provider::waiting(view, id).await?, provider::links(view, id).await?);
    let whole = whole(&record, &waiting, &links);
    Ok((record, whole))
}

async fn list(look: Looking) -> Answered {
    let listed = |one: &Record| Listed { id: one.id.to_string(), content: one.into() };
    look.list(
        async |view, _| Ok(provider::list(view).await?.iter().map(listed).collect()),
        |item: &Listed| item.id.clone(),
    )
    .await
}

async fn one(Path(id): Path<String>, look: Looking) -> Answered {
    let id = read(&id)?;
    look.tagged(async |view| {
        let (record, whole) = found(view, id).await?;
        Ok((whole, tag(&record)))
    })
    .await
}

async fn versions(Path(id): Path<String>, look: Looking) -> Answered {
    let id = read(&id)?;
    look.versions(
        async |view| provider::versions(view, id).await,
        |version| version.since,
        |item: &ProviderVersion| item.version.to_string(),
    )
    .await
}

async fn new(State(state): State<WebState>, asked: Asked, call: Call<NewProvider>) -> Answered {
    write(&state, &asked, &call, async |cx| {
        let content = call.body.content.read(Some(&call.body.secret))?;
        let made = provider::write(cx, &content).await?;
        said(cx, StatusCode::CREATED, made.id).await
    })
    .await
}

async fn change(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    call: Call<ChangedProvider>,
) -> Answered {
    let (id, from) = (read(&id)?, call.version()?.to_owned());
    write(&state, &asked, &call, async |cx| {
        let (before, whole) = found(cx, id).await?;
        if tag(&before) != from {
            return stale(&whole, &tag(&before), None);
        }
        let content = call.body.content.read(call.body.secret.as_ref())?;
        provider::change(cx, id, &content, &call.body.reason).await?;
        said(cx, StatusCode::OK, id).await
    })
    .await
}

async fn decide(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    call: Call<Known>,
) -> Answered {
    let id = read(&id)?;
    write(&state, &asked, &call, async |cx| {
        let request = parsed("request", &call.body.request)?;
        match &call.body.membership {
            Some(membership) => {
                let membership = parsed::<MembershipId>("membership", membership)?;
                provider::approve(cx, id, request, membership).await?;
            }
            None => provider::decline(cx, id, request).await?,
        }
        said(cx, StatusCode::OK, id).await
    })
    .await
}

async fn said(cx: &mut Cx<'_>, status: StatusCode, id: ProviderId) -> Result<Done, Error> {
    let (record, whole) = found(cx, id).await?;
    done(status, &whole, &tag(&record), &format!("{BASE}/identity-providers/{id}"))
}
