//! Readers of issued reports: recipients with their grants, and the agreement that they accept. Only people do this, with the
//! session of a browser; recipients come by their link and not here.

mod agreement;

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::distribution::{self, Basis, Changed, Download, Version};
use tickmark_app::{Cx, Error, View};
use tickmark_core::Timestamp;
use tickmark_core::distribution::{
    Asked as Wanted, GrantKey, Item, Origin, Recipient as CoreRecipient, Relation,
};
use tickmark_core::engagement::EngagementKey;
use tickmark_core::identity::Resource::TrustRequest as Requests;
use tickmark_core::identity::Verb::{Approve, Create, Delete, Update};

use super::BASE;
use super::answer::{Answered, answer};
use super::asking::{number, plain};
use super::call::{Call, Done, Taken, done, write, write_telling};
use super::looking::Looking;
use super::meanwhile::stale;
use super::operation::{Operation, Writing};
use super::words::{AS_OF, Nothing, parsed};
use crate::WebState;
use crate::route::{get, post, put};
use crate::visit::Asked;
use agreement::{NewAgreement, UseAgreement, agreement, agreements, write_agreement};

const ORIGINS: [&str; 2] = ["requested", "invited"];
const RELATIONS: [&str; 6] = ["customer", "user_auditor", "prospect", "partner", "practitioner", "regulator"];

pub(super) static LOOKS: &[Operation] = &[
    Operation::one::<Readers>(
        "getReaders",
        ("/engagements/{key}/grants", "/engagements/1/grants"),
        "Who may read the report of an examination: its class, what is missing, and the grants, newest first, at most 500",
        Requests,
        || get(readers),
    ),
    Operation::list::<GrantVersion>(
        "listGrantVersions",
        ("/engagements/{key}/grants/{grant}/versions", "/engagements/1/grants/1/versions"),
        "Every version of a grant, oldest first",
        Requests,
        || get(versions),
    )
    .filtered(AS_OF),
    Operation::one::<UseAgreement>(
        "getUseAgreement",
        ("/agreements/{class}", "/agreements/specified_parties"),
        "The agreement that recipients accept; version 0 with a text to begin from while nobody wrote one",
        Requests,
        || get(agreement),
    ),
    Operation::list::<UseAgreement>(
        "listUseAgreementVersions",
        ("/agreements/{class}/versions", "/agreements/specified_parties/versions"),
        "Every version of the agreement, oldest first",
        Requests,
        || get(agreements),
    )
    .filtered(AS_OF),
];

pub(super) static WRITES: &[Writing] = &[
    Writing::post::<NewGrant, Grant>(
        "enterRecipient",
        ("/engagements/{key}/grants", "/engagements/1/grants"),
        "Enters a recipient, who is written to; where no mail goes out, their link is made on the page. Sent twice with one key it is entered once",
        (Requests, Create),
        || post(enter),
    )
    .created()
    .for_people(),
    Writing::post::<Check, Grant>(
        "checkRecipient",
        ("/engagements/{key}/grants/{grant}/check", "/engagements/1/grants/1/check"),
        "Records how the relationship of a recipient was checked",
        (Requests, Update),
        || post(check),
    )
    .for_people(),
    Writing::post::<Step, Grant>(
        "approveGrant",
        ("/engagements/{key}/grants/{grant}/approval", "/engagements/1/grants/1/approval"),
        "Lets a recipient read; by somebody who did not enter them, with a fresh proof of who they are",
        (Requests, Approve),
        || post(approve),
    )
    .for_people(),
    Writing::post::<Ending, Grant>(
        "refuseGrant",
        ("/engagements/{key}/grants/{grant}/refusal", "/engagements/1/grants/1/refusal"),
        "Refuses what was asked for",
        (Requests, Approve),
        || post(refuse),
    )
    .for_people(),
    Writing::post::<Ending, Grant>(
        "revokeGrant",
        ("/engagements/{key}/grants/{grant}/revocation", "/engagements/1/grants/1/revocation"),
        "Takes a grant back; its link, its codes and what they opened stop working",
        (Requests, Delete),
        || post(revoke),
    )
    .for_people(),
    Writing::post::<Nothing, Handed>(
        "renewGrantLink",
        ("/engagements/{key}/grants/{grant}/links", "/engagements/1/grants/1/links"),
        "Makes another link for a recipient, told this once; the one before stops working, and so does what it opened",
        (Requests, Update),
        || post(renew_link),
    )
    .created()
    .for_people(),
    Writing::post::<CodeFor, Handed>(
        "makeGrantCode",
        ("/engagements/{key}/grants/{grant}/codes", "/engagements/1/grants/1/codes"),
        "Makes the code that a recipient asked for where no mail goes out, told this once, with a fresh proof of who makes it",
        (Requests, Update),
        || post(make_code),
    )
    .created()
    .for_people(),
    Writing::put::<NewAgreement, UseAgreement>(
        "writeUseAgreement",
        ("/agreements/{class}", "/agreements/specified_parties"),
        "Writes the next version of the agreement; whoever accepted an earlier one accepts this one before they read on",
        (Requests, Update),
        || put(write_agreement),
    )
    .versioned()
    .for_people(),
];

/// Who may read a report.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Readers {
    engagement: i64,
    /// `user_entities`, `specified_parties` or `general`.
    class: String,
    /// What keeps recipients from being entered; null if nothing does.
    missing: Option<String>,
    /// Version of the agreement that counts; 0 while there is none.
    agreement: u32,
    /// Documents that can be granted.
    documents: Vec<String>,
    grants: Vec<Grant>,
}

/// One recipient with their grant.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Grant {
    id: i64,
    /// Number of the version, which the next step names.
    version: i64,
    /// Where it stands: `entered`, `checked`, `accepted`, `open`, `agreement_changed`, `expired`, `refused`, `revoked`.
    standing: String,
    origin: String,
    recipient: Recipient,
    purpose: String,
    documents: Vec<String>,
    /// Last day on which they read.
    until: String,
    entered_by: String,
    entered_at: String,
    checked_by: Option<String>,
    /// How the relationship was checked.
    check: Option<String>,
    accepted: Vec<Accepted>,
    approved_by: Option<String>,
    approved_at: Option<String>,
    /// Why it was refused or revoked.
    ended: Option<String>,
    /// Numbers of the codes that were asked for and that somebody has to make, as no mail goes out.
    codes_asked: Vec<i64>,
    downloads: Vec<Taking>,
}

/// Who gets it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Recipient {
    #[schemars(length(min = 1, max = 200))]
    name: String,
    #[schemars(length(min = 1, max = 200))]
    company: String,
    #[schemars(length(min = 3, max = 254))]
    email: String,
    #[schemars(extend("enum" = RELATIONS))]
    relation: String,
    /// Of auditors and practitioners: whom they serve.
    #[serde(default)]
    #[schemars(length(max = 200))]
    serves: String,
    /// Of customers, and of those whom auditors audit: since when the service is used.
    #[serde(default)]
    #[schemars(extend("format" = "date"))]
    used_from: Option<String>,
    #[serde(default)]
    #[schemars(extend("format" = "date"))]
    used_to: Option<String>,
    /// What shows the relationship.
    #[schemars(length(min = 1, max = 4_000))]
    basis: String,
}

/// That the agreement was accepted.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Accepted {
    version: u32,
    digest: String,
    name: String,
    email: String,
    network: String,
    at: String,
}

/// A document that was taken.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Taking {
    document: String,
    model: String,
    copy: i64,
    network: String,
    at: String,
}

/// A recipient to be entered.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewGrant {
    #[schemars(extend("enum" = ORIGINS))]
    origin: String,
    recipient: Recipient,
    #[schemars(length(min = 1, max = 4_000))]
    purpose: String,
    /// `report`, `bridge-1`.
    #[schemars(length(min = 1, max = 20))]
    documents: Vec<String>,
    #[schemars(extend("format" = "date"))]
    until: String,
}

/// From which version a step is taken.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Step {
    version: i64,
}

/// How a relationship was checked.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Check {
    version: i64,
    #[schemars(length(min = 1, max = 4_000))]
    how: String,
}

/// Why it ends.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Ending {
    version: i64,
    #[schemars(length(min = 1, max = 4_000))]
    reason: String,
}

/// Which request for a code is answered.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CodeFor {
    /// Its number, as `codes_asked` of the grant has it.
    #[schemars(range(min = 1))]
    number: i64,
}

/// What is handed to a recipient.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Handed {
    grant: i64,
    /// The link, or the code; null for a link that goes by mail. Told once, by the answer that made it, and not again for the same key.
    secret: Option<String>,
}

impl Taken for NewGrant {}
impl Taken for Step {}
impl Taken for Check {}
impl Taken for Ending {}
impl Taken for CodeFor {}

impl Recipient {
    fn of(one: &CoreRecipient) -> Self {
        Self {
            name: one.name.clone(),
            company: one.company.clone(),
            email: one.email.clone(),
            relation: one.relation.word().to_owned(),
            serves: one.serves.clone(),
            used_from: one.used_from.map(|day| day.to_string()),
            used_to: one.used_to.map(|day| day.to_string()),
            basis: one.basis.clone(),
        }
    }

    fn read(self) -> Result<CoreRecipient, Error> {
        let day = |name: &str, text: Option<String>| text.map(|text| parsed(name, &text)).transpose();
        let relation = Relation::from_word(&self.relation);
        Ok(CoreRecipient {
            relation: relation
                .ok_or_else(|| Error::invalid(format!("there is no relation {:?}", self.relation)))?,
            used_from: day("used_from", self.used_from)?,
            used_to: day("used_to", self.used_to)?,
            name: self.name,
            company: self.company,
            email: self.email,
            serves: self.serves,
            basis: self.basis,
        })
    }
}

impl NewGrant {
    fn read(self) -> Result<Wanted, Error> {
        let origin = Origin::from_word(&self.origin);
        let documents: Result<BTreeSet<Item>, Error> =
            self.documents.iter().map(|word| parsed("document", word)).collect();
        Ok(Wanted {
            origin: origin.ok_or_else(|| Error::invalid(format!("there is no origin {:?}", self.origin)))?,
            recipient: self.recipient.read()?,
            purpose: self.purpose,
            documents: documents?,
            until: parsed("until", &self.until)?,
        })
    }
}

/// A grant as it stood from a moment on.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct GrantVersion {
    /// Its number, from 1.
    version: i64,
    since: String,
    grant: Grant,
}

impl From<&(Timestamp, Self)> for GrantVersion {
    fn from((_, version): &(Timestamp, Self)) -> Self {
        version.clone()
    }
}

impl Grant {
    /// A grant as it stands, with what it took and what waits for it.
    async fn now(view: &mut View<'_>, version: &Version, basis: &Basis) -> Result<Self, Error> {
        let (key, grant) = (version.record.engagement, version.record.key);
        let downloads = distribution::downloads(view, key, grant).await?;
        let codes = distribution::codes_to_make(view, key, grant).await?;
        let codes_asked = codes.iter().map(|code| code.number).collect();
        Ok(Self { codes_asked, ..Self::of(version, basis, &downloads, view.now) })
    }

    fn of(version: &Version, basis: &Basis, downloads: &[Download], now: Timestamp) -> Self {
        let record = &version.record;
        let (checked, approved) = (record.checked(), record.approved());
        Self {
            id: record.key.0,
            version: version.number,
            standing: record.standing(basis.version(), now).word().to_owned(),
            origin: record.asked.origin.word().to_owned(),
            recipient: Recipient::of(&record.asked.recipient),
            purpose: record.asked.purpose.clone(),
            documents: record.asked.documents.iter().map(ToString::to_string).collect(),
            until: record.asked.until.to_string(),
            entered_by: record.entered.by.to_string(),
            entered_at: record.entered.at.to_string(),
            checked_by: checked.map(|mark| mark.by.to_string()),
            check: checked.map(|mark| mark.says.clone()),
            accepted: record
                .accepted()
                .iter()
                .map(|one| Accepted {
                    version: one.version,
                    digest: one.digest.hex(),
                    name: one.name.clone(),
                    email: one.email.clone(),
                    network: one.network.clone(),
                    at: one.at.to_string(),
                })
                .collect(),
            approved_by: approved.map(|mark| mark.by.to_string()),
            approved_at: approved.map(|mark| mark.at.to_string()),
            ended: record.ended().map(|mark| mark.says.clone()),
            codes_asked: Vec::new(),
            downloads: downloads
                .iter()
                .map(|one| Taking {
                    document: one.item.to_string(),
                    model: one.model.hex(),
                    copy: one.copy,
                    network: one.network.clone(),
                    at: one.at.to_string(),
                })
                .collect(),
        }
    }
}

async fn readers(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    plain(&uri)?;
    let (app, actor) = asked.member(&state)?;
    let key = EngagementKey(number(&key)?);
    let found = app.read(actor, async |view| {
        let basis = distribution::basis(view, key).await?;
        let mut grants = Vec::new();
        for version in distribution::list(view, key).await? {
            grants.push(Grant::now(view, &version, &basis).await?);
        }
        Ok(Readers {
            engagement: key.0,
            class: basis.class.word().to_owned(),
            missing: basis.missing().map(str::to_owned),
            agreement: basis.version(),
            documents: basis.items.iter().map(ToString::to_string).collect(),
            grants,
        })
    });
    Ok(answer(&headers, &found.await?))
}

async fn versions(Path((key, grant)): Path<(String, String)>, look: Looking) -> Answered {
    let (key, grant) = (EngagementKey(number(&key)?), GrantKey(number(&grant)?));
    look.versions(
        async |view| {
            let basis = distribution::basis(view, key).await?;
            let shown = |version: &Version| {
                let (since, now) = (version.since.to_string(), version.since);
                let grant = Grant::of(version, &basis, &[], now);
                (now, GrantVersion { version: version.number, since, grant })
            };
            Ok(distribution::versions(view, key, grant).await?.iter().map(shown).collect())
        },
        |version| version.0,
        |item: &GrantVersion| item.version.to_string(),
    )
    .await
}

async fn enter(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<NewGrant>,
) -> Answered {
    let key = EngagementKey(number(&key)?);
    // 64 hexadecimal digits name the request, as they do a page.
    let once = call.once(&state, &asked);
    write(&state, &asked, &call, async |cx| {
        let wanted = call.body.clone().read()?;
        // Answers are kept for a day, and a link is a secret: where none goes by mail, a person makes one on the page.
        let (version, _) = distribution::enter(cx, &once, key, wanted).await?;
        now(cx, StatusCode::CREATED, key, &version).await
    })
    .await
}

async fn check(
    State(state): State<WebState>,
    Path(at): Path<(String, String)>,
    asked: Asked,
    call: Call<Check>,
) -> Answered {
    let body = call.body.clone();
    step(&state, &asked, at, &call, async |cx, key, grant| {
        distribution::check(cx, key, grant, body.version, &body.how).await
    })
    .await
}

async fn approve(
    State(state): State<WebState>,
    Path(at): Path<(String, String)>,
    asked: Asked,
    call: Call<Step>,
) -> Answered {
    let from = call.body.version;
    step(&state, &asked, at, &call, async |cx, key, grant| distribution::approve(cx, key, grant, from).await)
        .await
}

async fn refuse(
    State(state): State<WebState>,
    Path(at): Path<(String, String)>,
    asked: Asked,
    call: Call<Ending>,
) -> Answered {
    let body = call.body.clone();
    step(&state, &asked, at, &call, async |cx, key, grant| {
        distribution::refuse(cx, key, grant, body.version, &body.reason).await
    })
    .await
}

async fn revoke(
    State(state): State<WebState>,
    Path(at): Path<(String, String)>,
    asked: Asked,
    call: Call<Ending>,
) -> Answered {
    let body = call.body.clone();
    step(&state, &asked, at, &call, async |cx, key, grant| {
        distribution::revoke(cx, key, grant, body.version, &body.reason).await
    })
    .await
}

async fn renew_link(
    State(state): State<WebState>,
    Path(at): Path<(String, String)>,
    asked: Asked,
    call: Call<Nothing>,
) -> Answered {
    hand(&state, &asked, at, &call, async |cx, key, grant| {
        let link = distribution::renew_link(cx, key, grant).await?;
        // Where it goes by mail, nobody else gets to see it.
        Ok(link.path().map(|path| format!("{}{path}", state.address())))
    })
    .await
}

async fn make_code(
    State(state): State<WebState>,
    Path(at): Path<(String, String)>,
    asked: Asked,
    call: Call<CodeFor>,
) -> Answered {
    let number = call.body.number;
    hand(&state, &asked, at, &call, async |cx, key, grant| {
        distribution::make_code(cx, key, grant, number).await.map(Some)
    })
    .await
}

/// Makes what is told this once.
async fn hand<B, F>(
    state: &WebState,
    asked: &Asked,
    (key, grant): (String, String),
    call: &Call<B>,
    make: F,
) -> Answered
where
    F: AsyncFnOnce(&mut Cx<'_>, EngagementKey, GrantKey) -> Result<Option<String>, Error>,
{
    let (key, grant) = (EngagementKey(number(&key)?), GrantKey(number(&grant)?));
    write_telling(state, asked, call, StatusCode::CREATED, async |cx| {
        let secret = make(cx, key, grant).await?;
        let told = Handed { grant: grant.0, secret: None };
        let kept = done(StatusCode::CREATED, &told, "", &format!("{BASE}/engagements/{}/grants", key.0))?;
        Ok((kept, Handed { secret, ..told }))
    })
    .await
}

/// Takes one step with a grant.
async fn step<B, F>(
    state: &WebState,
    asked: &Asked,
    (key, grant): (String, String),
    call: &Call<B>,
    take: F,
) -> Answered
where
    F: AsyncFnOnce(&mut Cx<'_>, EngagementKey, GrantKey) -> Result<Changed, Error>,
{
    let (key, grant) = (EngagementKey(number(&key)?), GrantKey(number(&grant)?));
    write(state, asked, call, async |cx| match take(cx, key, grant).await? {
        Changed::Done(version) => now(cx, StatusCode::OK, key, &version).await,
        Changed::Stale(version) => {
            let basis = distribution::basis(cx, key).await?;
            let current = Grant::of(&version, &basis, &[], cx.now);
            stale(&current, &version.number.to_string(), None)
        }
    })
    .await
}

/// What is answered when it is done: the grant as it is now.
async fn now(
    view: &mut View<'_>,
    status: StatusCode,
    key: EngagementKey,
    version: &Version,
) -> Result<Done, Error> {
    let basis = distribution::basis(view, key).await?;
    let shown = Grant::now(view, version, &basis).await?;
    done(status, &shown, &version.number.to_string(), &format!("{BASE}/engagements/{}/grants", key.0))
}
