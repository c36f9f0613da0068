//! What a recipient does, who has no account: opens their link, asks for a code, shows it, accepts the agreement, and takes
//! what was granted.
//!
//! A link that is unknown, was replaced, or whose grant is over, refused or revoked, is the same `NotFound`. A code is bound to
//! the browser that asked for it, works for [`CODE_US`] and [`CODE_TRIES`] times; what it opens stays open in that browser for
//! [`OPEN_US`]. The program itself acts for them; each event says from which network.

use serde_json::json;
use tickmark_core::catalog::Catalog;
use tickmark_core::distribution::{
    Agreement, CODE_TRIES, CODE_US, CODE_WINDOW_US, CODES_MAX, Grant, Item, OPEN_US, Standing, code,
};
use tickmark_core::report::{CopyFor, Files, SocPackage, Writing};
use tickmark_core::{Digest, Timestamp};

use super::{Basis, By, CodeAsked, Download, Version, about, basis_of, digest_of_code, refusal, save, sql};
use crate::context::{Cx, View};
use crate::engagement::{self, Single};
use crate::identity::audit::{self, Event, Name, Outcome};
use crate::identity::session::Origin;
use crate::mail;
use crate::{Actor, App, Error, Result};

/// What the page behind a link shows.
#[derive(Clone, Debug)]
pub struct Shared {
    /// Name of the company that shares.
    pub company: String,
    /// Where whoever looks stands.
    pub door: Door,
}

/// Where whoever opens a link stands.
#[derive(Clone, Debug)]
pub enum Door {
    /// They have to show a code.
    Closed {
        /// The code that this browser asked for and that still works.
        asked: Option<Given>,
        /// Whether codes go by mail.
        by_mail: bool,
    },
    /// They have to accept the agreement.
    Agreement(Box<Agreement>),
    /// Somebody of the company has to approve, or to check the relationship.
    Waits,
    /// They read.
    Open {
        /// What.
        items: Vec<Item>,
        /// Until which moment the grant lasts.
        until: Timestamp,
        /// For whom copies are made.
        name: String,
        /// Of which company.
        company: String,
    },
}

/// A code that is on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// What both sides see.
    pub reference: String,
    /// Until when it works.
    pub until: Timestamp,
}

/// What came of a code that was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// It fits.
    Open,
    /// It does not fit, or does not work any more.
    No,
}

/// What a recipient takes, to be set.
#[derive(Debug)]
pub enum Taken {
    /// The report.
    Report(Box<SocPackage>, CopyFor, Files),
    /// A bridge letter.
    Letter(Box<Writing>, CopyFor, Files),
}

/// Whose link it is.
struct Visitor {
    program: Actor,
    key: tickmark_core::distribution::GrantKey,
}

fn over() -> Error {
    Error::not_found("link", "")
}

/// A grant with what it rests on.
async fn going(view: &mut View<'_>, visitor: &Visitor) -> Result<(Version, Basis)> {
    let organization = view.organization();
    let version = sql::newest(view.connection(), organization, visitor.key).await?.ok_or_else(over)?;
    let basis = basis_of(view, version.record.engagement).await?;
    if version.record.standing(basis.version(), view.now).is_over() {
        return Err(over());
    }
    Ok((version, basis))
}

async fn codes(view: &mut View<'_>, visitor: &Visitor, within_us: i64) -> Result<Vec<CodeAsked>> {
    let (organization, from) = (view.organization(), view.now.plus_micros(-within_us));
    sql::codes(view.connection(), organization, visitor.key, from).await
}

/// Tells whether a browser showed a code a short while ago.
async fn is_open(view: &mut View<'_>, visitor: &Visitor, browser: Option<Digest>) -> Result<bool> {
    let now = view.now;
    let all = codes(view, visitor, 2 * CODE_US + OPEN_US).await?;
    Ok(browser.is_some_and(|browser| {
        all.iter().any(|one| one.browser == browser && one.open_until.is_some_and(|until| now < until))
    }))
}

async fn need_open(view: &mut View<'_>, visitor: &Visitor, browser: Digest) -> Result<()> {
    if is_open(view, visitor, Some(browser)).await? {
        return Ok(());
    }
    Err(Error::Forbidden("a code has to be shown first".to_owned()))
}

fn door(version: &Version, basis: &Basis, now: Timestamp) -> Door {
    let record = &version.record;
    let recipient = &record.asked.recipient;
    match (record.standing(basis.version(), now), &basis.agreement) {
        // A report that is revised is read by nobody until the revised one is here.
        (Standing::Open, _) if basis.is_revised => Door::Waits,
        (Standing::Open, _) => Door::Open {
            items: record.asked.documents.iter().copied().collect(),
            until: record.ends(),
            name: recipient.name.clone(),
            company: recipient.company.clone(),
        },
        (_, Some(agreement)) if !record.has_accepted(agreement.version) => {
            Door::Agreement(Box::new(agreement.clone()))
        }
        _ => Door::Waits,
    }
}

async fn record(
    cx: &mut Cx<'_>,
    name: Name,
    visitor: &Visitor,
    origin: &Origin,
    after: serde_json::Value,
) -> Result<()> {
    let event = Event {
        after: Some(after),
        outcome: name.outcome(),
        reason: if name.outcome() == Outcome::Failed { "code" } else { "" },
        request: Some(&origin.request),
        network: Some(origin.network.to_string()),
        ..Event::done(name, "report_grant", visitor.key)
    };
    audit::record(cx, event).await
}

impl App {
    async fn visitor(&self, secret: &[u8; 32]) -> Result<Visitor> {
        let mut tx = self.database.read().await?;
        let found = sql::by_link(&mut tx, Digest::of(secret)).await?;
        drop(tx);
        let (organization, key) = found.ok_or_else(over)?;
        let organizations = self.organizations().await?;
        let organization = organizations.into_iter().find(|one| one.key == organization).ok_or_else(over)?;
        Ok(Visitor { program: self.program_of(organization).await?, key })
    }

    /// Returns what the page behind a link shows to a browser. Changes nothing.
    ///
    /// # Errors
    /// `NotFound` if the link does not work.
    pub async fn shared(&self, secret: &[u8; 32], browser: Option<Digest>) -> Result<Shared> {
        let visitor = self.visitor(secret).await?;
        let company = visitor.program.organization.name.clone();
        let door = self
            .read(&visitor.program, async |view| {
                let (version, basis) = going(view, &visitor).await?;
                if is_open(view, &visitor, browser).await? {
                    return Ok(door(&version, &basis, view.now));
                }
                let now = view.now;
                let works = |one: &&CodeAsked| {
                    Some(one.browser) == browser && now < one.expires_at && one.tries < CODE_TRIES
                };
                let all = codes(view, &visitor, 2 * CODE_US).await?;
                let asked = all.iter().find(works);
                let asked =
                    asked.map(|one| Given { reference: one.reference.clone(), until: one.expires_at });
                Ok(Door::Closed { asked, by_mail: mail::is_on(self) })
            })
            .await?;
        Ok(Shared { company, door })
    }

    /// Asks for a code, bound to a browser; an earlier one of that browser stops working. It goes to the recipient's address,
    /// or is made by somebody of the company where no mail goes out.
    ///
    /// # Errors
    /// `NotFound` if the link does not work; `Unavailable` when too many were asked for.
    pub async fn ask_for_code(&self, secret: &[u8; 32], browser: Digest, origin: &Origin) -> Result<()> {
        let visitor = self.visitor(secret).await?;
        self.transact(&visitor.program, async |cx| {
            let (version, _) = going(cx, &visitor).await?;
            if codes(cx, &visitor, CODE_WINDOW_US).await?.len() >= CODES_MAX {
                return Err(Error::unavailable("too many codes were asked for; try again in an hour"));
            }
            let (organization, now, until) = (cx.organization(), cx.now, cx.now.plus_micros(CODE_US));
            sql::end_codes(cx.connection(), organization, visitor.key, Some(browser), now).await?;
            let text = mail::is_on(cx.app).then(|| code(cx.app.random()));
            let digest = text.as_ref().map(|text| digest_of_code(visitor.key, browser, text));
            let reference = code(cx.app.random())[..5].to_owned();
            let what = (browser, reference.as_str(), digest);
            let number =
                sql::add_code(cx.connection(), organization, visitor.key, what, (now, until)).await?;
            if let Some(text) = text {
                let email = &version.record.asked.recipient.email;
                mail::report_code(cx, about(visitor.key), email, (&text, &reference), until).await?;
            }
            record(cx, Name::GrantCodeAsked, &visitor, origin, json!({"code": number})).await
        })
        .await
    }

    /// Takes a code that was typed.
    ///
    /// # Errors
    /// `NotFound` if the link does not work.
    pub async fn open_shared(
        &self,
        secret: &[u8; 32],
        browser: Digest,
        typed: &str,
        origin: &Origin,
    ) -> Result<Opening> {
        let visitor = self.visitor(secret).await?;
        // A code that does not fit has to be counted, so it is no error here.
        self.transact(&visitor.program, async |cx| {
            going(cx, &visitor).await?;
            let (organization, now) = (cx.organization(), cx.now);
            let all = codes(cx, &visitor, 2 * CODE_US).await?;
            let works = |one: &&CodeAsked| {
                one.browser == browser
                    && now < one.expires_at
                    && one.tries < CODE_TRIES
                    && one.digest.is_some()
            };
            let Some(asked) = all.iter().find(works) else {
                record(cx, Name::GrantCodeFailed, &visitor, origin, json!({"code": null})).await?;
                return Ok(Opening::No);
            };
            let which = (visitor.key, asked.number);
            sql::count_try(cx.connection(), organization, which).await?;
            let said = json!({"code": asked.number});
            if asked.digest != Some(digest_of_code(visitor.key, browser, typed)) {
                record(cx, Name::GrantCodeFailed, &visitor, origin, said).await?;
                return Ok(Opening::No);
            }
            let times = (now, now.plus_micros(OPEN_US));
            sql::open(cx.connection(), organization, which, times).await?;
            record(cx, Name::GrantOpened, &visitor, origin, said).await?;
            Ok(Opening::Open)
        })
        .await
    }

    /// Accepts the agreement for the recipient, in the version that they saw, under the name that they give.
    ///
    /// # Errors
    /// `NotFound` if the link does not work; `Forbidden` before a code was shown; `Invalid` without a name; `Conflict` if the
    /// agreement is another one by now.
    pub async fn accept_agreement(
        &self,
        secret: &[u8; 32],
        browser: Digest,
        (seen, name): (u32, &str),
        origin: &Origin,
    ) -> Result<()> {
        let visitor = self.visitor(secret).await?;
        self.transact(&visitor.program, async |cx| {
            let (version, basis) = going(cx, &visitor).await?;
            need_open(cx, &visitor, browser).await?;
            let agreement = basis.agreement.as_ref().ok_or_else(over)?;
            let mut after: Grant = version.record;
            let network = origin.network.to_string();
            let accepted = after.accept(agreement, seen, name, &network, cx.now);
            accepted.map_err(|error| refusal(&error))?;
            save(cx, Name::GrantAccepted, version.number, after, By::Recipient(origin)).await?;
            Ok(())
        })
        .await
    }

    /// Freezes a document for the recipient and logs that they take it, before the first byte leaves.
    ///
    /// `generator` names program and version.
    ///
    /// # Errors
    /// `NotFound` if the link does not work, or the document is not granted; `Forbidden` before a code was shown.
    pub async fn take_shared(
        &self,
        secret: &[u8; 32],
        browser: Digest,
        item: Item,
        origin: &Origin,
        (catalog, generator): (&Catalog, &str),
    ) -> Result<Taken> {
        let visitor = self.visitor(secret).await?;
        let key = self
            .read(&visitor.program, async |view| {
                let (version, basis) = going(view, &visitor).await?;
                need_open(view, &visitor, browser).await?;
                let record = version.record;
                let gives = !basis.is_revised && record.gives(item, basis.version(), view.now);
                if gives { Ok(record.engagement) } else { Err(over()) }
            })
            .await?;
        match item {
            Item::Report => {
                let model = self
                    .read(&visitor.program, async |view| {
                        engagement::package(view, key, catalog, generator).await
                    })
                    .await?;
                let digest =
                    model.digest().map_err(|error| Error::internal("digesting management's part", error))?;
                let files = engagement::files_of_package(self, &visitor.program, key, &model).await?;
                // What is not whole is given to nobody.
                if !model.section.as_ref().is_some_and(|section| files.contains_key(&section.digest)) {
                    return Err(Error::conflict("the auditor's signed file is not kept here"));
                }
                let copy = self.log_taken(&visitor, browser, (item, digest), origin).await?;
                Ok(Taken::Report(Box::new(model), copy, files))
            }
            Item::Bridge(number) => {
                let what = Single::Bridge(number);
                let writing = self
                    .read(&visitor.program, async |view| {
                        engagement::single(view, key, what, catalog, generator).await
                    })
                    .await;
                // A letter whose time is over is given to nobody any more.
                let writing = writing.map_err(|error| match error {
                    Error::Conflict(_) => over(),
                    error => error,
                })?;
                let digest =
                    writing.digest().map_err(|error| Error::internal("digesting a letter", error))?;
                let files = engagement::files_of_writing(self, &visitor.program, key, &writing).await?;
                let copy = self.log_taken(&visitor, browser, (item, digest), origin).await?;
                Ok(Taken::Letter(Box::new(writing), copy, files))
            }
        }
    }

    /// Keeps that a recipient takes a document. Whether they may is asked once more, in the same transaction.
    async fn log_taken(
        &self,
        visitor: &Visitor,
        browser: Digest,
        (item, model): (Item, Digest),
        origin: &Origin,
    ) -> Result<CopyFor> {
        self.transact(&visitor.program, async |cx| {
            let (version, basis) = going(cx, visitor).await?;
            need_open(cx, visitor, browser).await?;
            let grant = version.record;
            if basis.is_revised || !grant.gives(item, basis.version(), cx.now) {
                return Err(over());
            }
            let recipient = grant.asked.recipient;
            let document = match item {
                Item::Report => "package".to_owned(),
                Item::Bridge(_) => item.to_string(),
            };
            let whom = (recipient.name, recipient.company);
            let copy = engagement::copy_for(cx, grant.engagement, &document, model, whom).await?;
            let (organization, network, at) = (cx.organization(), origin.network.to_string(), cx.now);
            let download = Download { item, model, copy: copy.number, network, at };
            sql::add_download(cx.connection(), organization, visitor.key, &download).await?;
            let said = json!({"document": item.to_string(), "model": model, "copy": copy.number});
            record(cx, Name::GrantTaken, visitor, origin, said).await?;
            Ok(copy)
        })
        .await
    }
}
