//! Restricted distribution of issued reports: agreements, recipients, links, codes, and what was taken. Owns the tables of
//! migration `0078_distribution.sql`.
//!
//! Management enters a recipient, checks the relationship and approves, by two people; the recipient has no account and comes
//! in by a link and a code ([`reader`]). Of both only digests are kept. What a recipient gets is made for them: their name,
//! company and the day stand on each page, and the auditor's signed file lies in it byte for byte, as a mark on it would make
//! its signature and its digest worthless.

mod reader;
mod sql;
mod waiting;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tickmark_core::distribution::{
    Agreement, Asked, CODE_US, Class, DistributionError, Grant, GrantKey, Item, Standing, code, code_of,
};
use tickmark_core::engagement::{Engagement, EngagementKey};
use tickmark_core::id::ActorId;
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::{Digest, Timestamp, canonical};

use crate::context::{Cx, View};
use crate::engagement::{self, handing_out};
use crate::identity::audit::{self, Event, Name};
use crate::identity::session::Origin;
use crate::mail;
use crate::{Error, Result};

pub use reader::{Door, Given, Opening, Shared, Taken};
pub use waiting::{ENDS_DAYS, ToDo, WaitingGrant, waiting};

/// Most grants of one engagement in a list.
pub const LIST_LIMIT: u32 = 500;
/// Most downloads in a list.
const DOWNLOADS: u32 = 500;
/// Most characters of what names a page.
const ONCE_MAX: usize = 64;

/// A grant as it stood from a moment on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Number of the version, from 1.
    pub number: i64,
    /// From when.
    pub since: Timestamp,
    /// The grant.
    pub record: Grant,
}

/// What came of a change made from version `number`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It is done.
    Done(Box<Version>),
    /// Somebody else changed it meanwhile; nothing is done.
    Stale(Box<Version>),
}

/// A code that was asked for.
#[derive(Clone, PartialEq, Eq)]
pub struct CodeAsked {
    /// Its number with the grant.
    pub number: i64,
    browser: Digest,
    /// What both sides see.
    pub reference: String,
    digest: Option<Digest>,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// Until when it works, or can be made.
    pub expires_at: Timestamp,
    tries: i64,
    open_until: Option<Timestamp>,
}

impl std::fmt::Debug for CodeAsked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CodeAsked({}, ***)", self.number)
    }
}

/// A document that a recipient took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Download {
    /// Which.
    pub item: Item,
    /// Digest of its model.
    pub model: Digest,
    /// Number of the copy in the log of copies.
    pub copy: i64,
    /// From which network.
    pub network: String,
    /// When.
    pub at: Timestamp,
}

/// What distributing a report rests on.
#[derive(Clone, Debug)]
pub struct Basis {
    /// The examination.
    pub engagement: Engagement,
    /// How far its report may be distributed.
    pub class: Class,
    /// Whether there is a report.
    pub has_report: bool,
    /// Whether the auditor's signed file is kept here.
    pub has_file: bool,
    /// Whether the auditor decided to revise it since.
    pub is_revised: bool,
    /// The agreement as it stands; none while nobody wrote one.
    pub agreement: Option<Agreement>,
    /// Documents that can be granted.
    pub items: Vec<Item>,
}

impl Basis {
    /// Returns the version of the agreement that counts; 0 while there is none.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.agreement.as_ref().map_or(0, |agreement| agreement.version)
    }

    /// Returns the first thing that keeps recipients from being entered.
    #[must_use]
    pub fn missing(&self) -> Option<&'static str> {
        if !self.class.is_restricted() {
            return Some(
                "the report is for general use: it may be given to anybody, and nobody is entered for it",
            );
        }
        if !self.has_report {
            return Some("there is no report yet: it is issued here, or recorded as received");
        }
        if self.is_revised {
            return Some("the auditor revises the report; it goes on once the revised one is recorded");
        }
        if !self.has_file {
            return Some("the auditor's signed file is not kept here; record the report again with its file");
        }
        self.agreement.is_none().then_some("nobody has written the agreement that recipients accept")
    }
}

/// A link that was made for a recipient.
#[derive(Clone, PartialEq, Eq)]
pub struct Link {
    /// What the link holds; only its digest is kept.
    pub secret: [u8; 32],
    /// Whether it goes to them by mail; then nobody else gets to see it.
    pub is_mailed: bool,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Link(***)")
    }
}

impl Link {
    /// Returns the path of the link, for whoever hands it over; none if it goes by mail.
    #[must_use]
    pub fn path(&self) -> Option<String> {
        (!self.is_mailed).then(|| path_of(&self.secret))
    }
}

/// The permission to do something with recipients and their grants.
#[must_use]
pub const fn atom(verb: Verb) -> Atom {
    Atom::new(Resource::TrustRequest, verb)
}

fn path_of(secret: &[u8; 32]) -> String {
    format!("/shared/{}", hex::encode(secret))
}

fn refusal(error: &DistributionError) -> Error {
    match error {
        DistributionError::Over(_)
        | DistributionError::Already
        | DistributionError::Unchecked
        | DistributionError::NotAccepted
        | DistributionError::OtherVersion
        | DistributionError::OwnEntry => Error::conflict(error),
        _ => Error::invalid(error),
    }
}

/// Returns the agreement for a class as it stands.
///
/// # Errors
/// `Forbidden`.
pub async fn agreement(view: &mut View<'_>, class: Class) -> Result<Option<Agreement>> {
    view.permit_whole(atom(Verb::Read))?;
    let organization = view.organization();
    sql::agreement(view.connection(), organization, class, None).await
}

/// Returns every version of the agreement for a class, oldest first.
///
/// # Errors
/// `Forbidden`.
pub async fn agreements(view: &mut View<'_>, class: Class) -> Result<Vec<Agreement>> {
    view.permit_whole(atom(Verb::Read))?;
    let organization = view.organization();
    sql::agreements(view.connection(), organization, class).await
}

/// Writes the next version of the agreement for a class, from version `from`, 0 while there is none. Whoever accepted an
/// earlier one accepts this one before they read on.
///
/// # Errors
/// `Forbidden`; `Conflict` if somebody else wrote one meanwhile; `Invalid` with what cannot be right.
pub async fn write_agreement(
    cx: &mut Cx<'_>,
    class: Class,
    from: u32,
    text: (&str, &str),
) -> Result<Agreement> {
    cx.permit_whole(atom(Verb::Update))?;
    cx.need_person()?;
    let (organization, by, now) = (cx.organization(), cx.actor.id, cx.now);
    let before = sql::agreement(cx.connection(), organization, class, None).await?;
    if before.as_ref().map_or(0, |before| before.version) != from {
        return Err(Error::conflict(
            "somebody else wrote a version of the agreement meanwhile; look at it first",
        ));
    }
    let written = Agreement::write(before.as_ref(), class, text, by, now).map_err(|error| refusal(&error))?;
    sql::add_agreement(cx.connection(), organization, &written).await?;
    let after = json!({"class": class.word(), "version": written.version, "digest": written.digest()});
    let event =
        Event { after: Some(after), ..Event::done(Name::UseAgreementWritten, "use_agreement", class.word()) };
    audit::record(cx, event).await?;
    Ok(written)
}

/// Returns what distributing the report of an engagement rests on.
///
/// # Errors
/// `Forbidden`; `NotFound`.
pub async fn basis(view: &mut View<'_>, key: EngagementKey) -> Result<Basis> {
    view.permit_whole(atom(Verb::Read))?;
    basis_of(view, key).await
}

/// The same, whoever asks.
async fn basis_of(view: &mut View<'_>, key: EngagementKey) -> Result<Basis> {
    let record = engagement::find(view, key).await?.record;
    let completion = engagement::completion(view, key).await?.record;
    let class = Class::of(record.holds().kind);
    let organization = view.organization();
    let agreement = sql::agreement(view.connection(), organization, class, None).await?;
    let received = completion.received();
    let ground = completion.bridge_ground(record.scope_digest());
    let bridges = completion.bridges().iter().filter(|one| one.document.approved(ground).is_some());
    let mut items: Vec<Item> = received.map(|_| Item::Report).into_iter().collect();
    items.extend(bridges.map(|one| Item::Bridge(one.number)));
    Ok(Basis {
        class,
        has_report: received.is_some(),
        has_file: received.is_some_and(|received| received.kept.is_some()),
        is_revised: completion.is_revised(),
        agreement,
        items,
        engagement: record,
    })
}

/// Lists the grants of an engagement, newest first.
///
/// # Errors
/// `Forbidden`; `NotFound`.
pub async fn list(view: &mut View<'_>, key: EngagementKey) -> Result<Vec<Version>> {
    view.permit_whole(atom(Verb::Read))?;
    engagement::find(view, key).await?;
    let organization = view.organization();
    sql::list(view.connection(), organization, key, LIST_LIMIT).await
}

/// Returns one grant of an engagement.
///
/// # Errors
/// `Forbidden`; `NotFound`.
pub async fn find(view: &mut View<'_>, key: EngagementKey, grant: GrantKey) -> Result<Version> {
    view.permit_whole(atom(Verb::Read))?;
    engagement::find(view, key).await?;
    current(view, key, grant).await
}

/// Returns every version of a grant, oldest first.
///
/// # Errors
/// `Forbidden`; `NotFound`.
pub async fn versions(view: &mut View<'_>, key: EngagementKey, grant: GrantKey) -> Result<Vec<Version>> {
    find(view, key, grant).await?;
    let organization = view.organization();
    sql::versions(view.connection(), organization, grant).await
}

async fn current(view: &mut View<'_>, key: EngagementKey, grant: GrantKey) -> Result<Version> {
    let organization = view.organization();
    let found = sql::newest(view.connection(), organization, grant).await?;
    found.filter(|found| found.record.engagement == key).ok_or_else(|| Error::not_found("grant", grant))
}

/// Lists what a recipient took, newest first.
///
/// # Errors
/// `Forbidden`; `NotFound`.
pub async fn downloads(view: &mut View<'_>, key: EngagementKey, grant: GrantKey) -> Result<Vec<Download>> {
    find(view, key, grant).await?;
    let organization = view.organization();
    sql::downloads(view.connection(), organization, grant, DOWNLOADS).await
}

/// Lists codes that were asked for and that somebody has to make, as no mail goes out.
///
/// # Errors
/// `Forbidden`; `NotFound`.
pub async fn codes_to_make(
    view: &mut View<'_>,
    key: EngagementKey,
    grant: GrantKey,
) -> Result<Vec<CodeAsked>> {
    find(view, key, grant).await?;
    let (organization, now) = (view.organization(), view.now);
    let mut all = sql::codes(view.connection(), organization, grant, now.plus_micros(-CODE_US)).await?;
    all.retain(|one| one.digest.is_none() && now < one.expires_at);
    Ok(all)
}

/// Enters a recipient. Sent twice from one page, it is entered once; then there is no link, as its secret was given before.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Conflict` while there is no report, file or agreement; `Invalid` with what cannot be right.
pub async fn enter(
    cx: &mut Cx<'_>,
    once: &str,
    key: EngagementKey,
    asked: Asked,
) -> Result<(Version, Option<Link>)> {
    cx.permit_whole(atom(Verb::Create))?;
    cx.need_person()?;
    if once.is_empty() || once.len() > ONCE_MAX {
        return Err(Error::invalid("the page it was written on has no name"));
    }
    let (organization, by, now) = (cx.organization(), cx.actor.id, cx.now);
    if let Some(grant) = sql::by_page(cx.connection(), organization, once).await? {
        return Ok((current(cx, key, grant).await?, None));
    }
    let basis = basis_of(cx, key).await?;
    if let Some(missing) = basis.missing() {
        return Err(Error::conflict(missing));
    }
    if let Some(item) = asked.documents.iter().find(|item| !basis.items.contains(item)) {
        return Err(Error::invalid(format!("there is no document {item} of {key} to give")));
    }
    let grant = sql::next_key(cx.connection(), organization).await?;
    let which = (basis.class, basis.engagement.holds().time);
    let record = Grant::enter((grant, key), asked, which, by, now).map_err(|error| refusal(&error))?;
    sql::add(cx.connection(), organization, &record, once, now).await?;
    let version = save(cx, Name::GrantEntered, 0, record, By::Member("")).await?;
    let link = new_link(cx, &version.record, &basis).await?;
    Ok((version, Some(link)))
}

/// Records how the relationship of a recipient was checked, from version `from`.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Conflict` if it is over or was checked; `Invalid` without a word on how.
pub async fn check(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    grant: GrantKey,
    from: i64,
    how: &str,
) -> Result<Changed> {
    change(cx, (key, grant, from), Verb::Update, (Name::GrantChecked, ""), |record, _, by, now| {
        record.check(how, by, now)
    })
    .await
}

/// Lets a recipient read: by somebody who did not enter them, who shows afresh who they are. They are written to.
///
/// # Errors
/// `Forbidden`; `StepUp`; `NotFound`; `Conflict` while a step is missing, and for whoever entered the recipient.
pub async fn approve(cx: &mut Cx<'_>, key: EngagementKey, grant: GrantKey, from: i64) -> Result<Changed> {
    cx.permit_whole(atom(Verb::Approve))?;
    cx.permit_whole(handing_out())?;
    let changed =
        change(cx, (key, grant, from), Verb::Approve, (Name::GrantApproved, ""), |record, basis, by, now| {
            record.approve((basis.class, basis.engagement.holds().time), basis.version(), by, now)
        })
        .await?;
    if let Changed::Done(version) = &changed
        && mail::is_on(cx.app)
    {
        // Whoever approves hands no link over: where no mail goes out, the one that the recipient has goes on.
        let basis = basis_of(cx, key).await?;
        new_link(cx, &version.record, &basis).await?;
    }
    Ok(changed)
}

/// Refuses what was asked for.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Conflict` if it is over or approved; `Invalid` without a reason.
pub async fn refuse(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    grant: GrantKey,
    from: i64,
    why: &str,
) -> Result<Changed> {
    let what = (Name::GrantRefused, why);
    change(cx, (key, grant, from), Verb::Approve, what, |record, _, by, now| record.refuse(why, by, now))
        .await
}

/// Takes a grant back: its link, its codes and what they opened stop working with this.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Conflict` if it is over; `Invalid` without a reason.
pub async fn revoke(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    grant: GrantKey,
    from: i64,
    why: &str,
) -> Result<Changed> {
    let what = (Name::GrantRevoked, why);
    change(cx, (key, grant, from), Verb::Delete, what, |record, _, by, now| record.revoke(why, by, now)).await
}

/// Makes another link for a recipient; the one before stops working, and so does what it opened.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Conflict` if the grant is over.
pub async fn renew_link(cx: &mut Cx<'_>, key: EngagementKey, grant: GrantKey) -> Result<Link> {
    cx.permit_whole(atom(Verb::Update))?;
    cx.need_person()?;
    let record = current(cx, key, grant).await?.record;
    let basis = basis_of(cx, key).await?;
    need_going(&record, &basis, cx.now)?;
    new_link(cx, &record, &basis).await
}

/// Makes the code that a recipient asked for, where no mail goes out. Whoever makes it shows afresh who they are, and tells it
/// to the recipient by a way that reaches only them; it works in the browser that asked, and is shown this once.
///
/// # Errors
/// `Forbidden`; `StepUp`; `NotFound`; `Conflict` where codes go by mail, or the grant is over.
pub async fn make_code(cx: &mut Cx<'_>, key: EngagementKey, grant: GrantKey, number: i64) -> Result<String> {
    cx.permit_whole(atom(Verb::Update))?;
    cx.permit_whole(handing_out())?;
    cx.need_person()?;
    if mail::is_on(cx.app) {
        return Err(Error::conflict("codes go to the recipient by mail"));
    }
    let record = current(cx, key, grant).await?.record;
    let basis = basis_of(cx, key).await?;
    need_going(&record, &basis, cx.now)?;
    let waiting = codes_to_make(cx, key, grant).await?;
    let asked = waiting.iter().find(|one| one.number == number);
    let asked = asked.ok_or_else(|| Error::not_found("request for a code", number))?;
    let (organization, until) = (cx.organization(), cx.now.plus_micros(CODE_US));
    let text = code(cx.app.random());
    let digest = digest_of_code(grant, asked.browser, &text);
    if !sql::fill_code(cx.connection(), organization, (grant, number), digest, until).await? {
        return Err(Error::not_found("request for a code", number));
    }
    let event = Event {
        after: Some(json!({"code": number})),
        ..Event::done(Name::GrantCodeMade, "report_grant", grant)
    };
    audit::record(cx, event).await?;
    Ok(text)
}

/// What is kept of a code: it says nothing without the code, and fits one grant and one browser only.
fn digest_of_code(grant: GrantKey, browser: Digest, code: &str) -> Digest {
    let code = code_of(code);
    Digest::of(format!("tickmark/report-code/v1:{grant}:{browser}:{code}").as_bytes())
}

fn need_going(record: &Grant, basis: &Basis, now: Timestamp) -> Result<()> {
    let standing = record.standing(basis.version(), now);
    if standing.is_over() { Err(Error::conflict(DistributionError::Over(standing))) } else { Ok(()) }
}

/// Makes a link, and writes it to the recipient where mail goes out.
async fn new_link(cx: &mut Cx<'_>, record: &Grant, basis: &Basis) -> Result<Link> {
    let secret: [u8; 32] = cx.app.random();
    let (organization, grant, now) = (cx.organization(), record.key, cx.now);
    sql::link(cx.connection(), organization, grant, Digest::of(&secret), now).await?;
    sql::end_codes(cx.connection(), organization, grant, None, now).await?;
    mail::call_off(cx, &about(grant)).await?;
    let recipient = &record.asked.recipient;
    let is_open = record.standing(basis.version(), now) == Standing::Open;
    let is_mailed =
        mail::report_link(cx, about(grant), &recipient.email, &path_of(&secret), is_open, record.ends())
            .await?;
    let event = Event {
        after: Some(json!({"mailed": is_mailed})),
        ..Event::done(Name::GrantLinkMade, "report_grant", grant)
    };
    audit::record(cx, event).await?;
    Ok(Link { secret, is_mailed })
}

/// What letters to a recipient are about.
fn about(grant: GrantKey) -> String {
    format!("report_grant {grant}")
}

async fn change(
    cx: &mut Cx<'_>,
    (key, grant, from): (EngagementKey, GrantKey, i64),
    verb: Verb,
    (name, why): (Name, &str),
    make: impl FnOnce(&mut Grant, &Basis, ActorId, Timestamp) -> Result<(), DistributionError>,
) -> Result<Changed> {
    cx.permit_whole(atom(verb))?;
    cx.need_person()?;
    let before = current(cx, key, grant).await?;
    if before.number != from {
        return Ok(Changed::Stale(Box::new(before)));
    }
    let basis = basis_of(cx, key).await?;
    let (mut record, by, now) = (before.record.clone(), cx.actor.id, cx.now);
    if let Err(error) = make(&mut record, &basis, by, now) {
        if error == DistributionError::OwnEntry {
            cx.refuse_by_rule("report_grant", grant.to_string(), "second_person");
        }
        return Err(refusal(&error));
    }
    let version = save(cx, name, before.number, record, By::Member(why)).await?;
    if version.record.ended().is_some() {
        let organization = cx.organization();
        sql::end_codes(cx.connection(), organization, grant, None, now).await?;
        mail::call_off(cx, &about(grant)).await?;
    }
    Ok(Changed::Done(Box::new(version)))
}

/// By whose act a grant changes.
#[derive(Clone, Copy)]
enum By<'a> {
    /// Somebody of the company, with what they say about it.
    Member(&'a str),
    /// The recipient, from where they come.
    Recipient(&'a Origin),
}

/// Keeps the next version of a grant, with its event.
async fn save(cx: &mut Cx<'_>, name: Name, before: i64, record: Grant, by: By<'_>) -> Result<Version> {
    let (organization, now, number) = (cx.organization(), cx.now, before + 1);
    sql::add_version(cx.connection(), organization, number, now, &record).await?;
    let done = Event { after: Some(said(&record)?), ..Event::done(name, "report_grant", record.key) };
    let event = match by {
        By::Member(why) => Event { why: audit::kept_why(why), ..done },
        By::Recipient(origin) => {
            Event { request: Some(&origin.request), network: Some(origin.network.to_string()), ..done }
        }
    };
    audit::record(cx, event).await?;
    Ok(Version { number, since: now, record })
}

/// What the trail and the ledger hold of a grant: words and digests, nothing that names the recipient.
fn said(record: &Grant) -> Result<Value> {
    let digest = canonical::digest(record).map_err(|error| Error::internal("digesting a grant", error))?;
    let documents: BTreeSet<String> = record.asked.documents.iter().map(ToString::to_string).collect();
    Ok(json!({
        "engagement": record.engagement,
        "relation": record.asked.recipient.relation.word(),
        "documents": documents,
        "until": record.asked.until,
        "agreement": record.accepted().last().map(|accepted| accepted.version),
        "approved": record.approved().is_some(),
        "ended": record.ended().is_some(),
        "record": digest,
    }))
}
