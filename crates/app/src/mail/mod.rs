//! Mail to people: what is to be told stands in an outbox, written in the transaction of what causes it, and goes out later.
//!
//! Without a mail server in the settings nothing is written and nobody waits: whoever makes a link hands it over. A letter
//! says what to do and where; it holds no evidence, and no secret but the link that works once. While it waits it is sealed
//! with the key of accounts; when it was sent, or is of no use any more, its content is gone. It arrives at least once: the
//! same letter has the same `Message-ID`. Owns the table of migration `0041_outbox.sql`.

mod password;
mod settings;
mod sql;
mod writing;

use std::collections::BTreeSet;

use tickmark_core::Timestamp;
use tickmark_core::id::{InvitationId, PersonId};
use tickmark_core::identity::{Alert, Atom, Email, Resource, Role, Verb};
use tickmark_core::job::ATTEMPTS;
use tickmark_core::mail::{LEASE_US, MailKind, MailState, retry_at};
use tickmark_core::time::DAY_US;

use crate::context::{Cx, View};
use crate::identity::Access;
use crate::identity::audit::{self, Event, Name};
use crate::identity::credential::{self, Vault};
use crate::ledger::{described, read_secret};
use crate::port::{Letter, NotSent};
use crate::{Actor, App, Error, Result};

pub use password::keep_password;
pub use settings::MailSettings;
pub use writing::{Part, Writing};

/// Letters in one list.
pub const LISTED: u32 = 100;
/// Letters that one pass sends.
const PASS_LETTERS: u32 = 50;
/// How long is kept to whom something was sent, in days.
const KEPT_DAYS: i64 = 30;

/// A letter that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mail {
    /// What it is about.
    pub(crate) kind: MailKind,
    /// The thing itself, as kind and id.
    pub(crate) about: String,
    /// To whom.
    pub(crate) to: String,
    /// What it says.
    pub(crate) writing: Writing,
    /// After that it is of no use.
    pub(crate) good_until: Option<Timestamp>,
}

/// A letter as it stands in the outbox, without what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sending {
    /// Its number, from 1.
    pub key: i64,
    /// What it is about.
    pub kind: MailKind,
    /// To whom.
    pub recipient: String,
    /// How far it has come.
    pub state: MailState,
    /// When it was written.
    pub made_at: Timestamp,
    /// After that it is of no use.
    pub good_until: Option<Timestamp>,
    /// Not before then.
    pub due_at: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was sent, or given up.
    pub ended_at: Option<Timestamp>,
    /// Why it failed last time.
    pub problem: String,
    /// Whether its content is still there, so that it can be sent.
    pub has_content: bool,
}

impl Sending {
    /// Tells whether it can be sent again.
    #[must_use]
    pub fn can_go_again(&self, now: Timestamp) -> bool {
        self.state == MailState::Failed && self.has_content && self.good_until.is_none_or(|until| now < until)
    }
}

/// What one pass brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// Letters that the mail server took.
    pub sent: usize,
    /// Letters that it did not take, or that were over.
    pub failed: usize,
}

impl View<'_> {
    /// Returns where the links of letters lead; none if no mail goes out.
    fn mail_address(&self) -> Option<&str> {
        self.app.mail()?.address.as_deref()
    }
}

/// Tells whether letters go out.
#[must_use]
pub fn is_on(app: &App) -> bool {
    app.mail().is_some_and(|settings| settings.address.is_some())
}

/// Returns an address of a page as it stands in letters; none if no mail goes out.
pub(crate) fn link_to(view: &View<'_>, path: &str) -> Option<String> {
    view.mail_address().map(|address| format!("{address}{path}"))
}

/// Puts a letter into the outbox, in the transaction of what causes it. The settings must say where letters go.
pub(crate) async fn post(cx: &mut Cx<'_>, mail: &Mail) -> Result<()> {
    let (organization, now) = (cx.organization(), cx.now);
    let key = sql::next_key(cx.connection(), organization).await?;
    let content =
        serde_json::to_vec(&mail.writing).map_err(|error| Error::internal("writing a letter", error))?;
    let vault = credential::vault(cx.app).await?;
    let sealed = vault.seal_text(&place(organization, key), &content, cx.app.random());
    sql::insert(cx.connection(), organization, key, mail, &sealed, vault.id(), now).await
}

/// Takes back what was written about something and has not gone yet.
pub(crate) async fn call_off(cx: &mut Cx<'_>, about: &str) -> Result<()> {
    let (organization, now) = (cx.organization(), cx.now);
    sql::call_off(cx.connection(), organization, about, now).await
}

/// Writes to somebody who is invited. Tells whether a letter goes out.
pub(crate) async fn invitation(
    cx: &mut Cx<'_>,
    id: InvitationId,
    to: &Email,
    secret: &str,
    roles: &BTreeSet<Role>,
    expires_at: Timestamp,
) -> Result<bool> {
    let Some(address) = link_to(cx, &format!("/join/{secret}")) else { return Ok(false) };
    let organization = &cx.actor.organization.name;
    let names: Vec<String> = roles.iter().map(|role| role.name().to_lowercase()).collect();
    let what = match &cx.actor.access {
        // What somebody signs in with was reset.
        _ if roles.is_empty() => format!("You come back in to {organization} in Tickmark, with a new start."),
        Access::Member(_) => {
            format!(
                "{} invites you to {organization} in Tickmark, as {}.",
                cx.actor.label,
                names.join(" and ")
            )
        }
        Access::Local => {
            format!("You are invited to {organization} in Tickmark, as {}.", names.join(" and "))
        }
    };
    let writing = Writing {
        subject: format!("Your invitation to {organization}"),
        parts: vec![
            Part::Text(what),
            Part::Link { words: "Come in here".to_owned(), address },
            Part::Text(format!(
                "The link works once, until {}. You choose a password and add an authenticator app to your phone.",
                expires_at.minute()
            )),
            Part::Text("If you did not expect this, do nothing, and do not pass the link on.".to_owned()),
        ],
    };
    let (kind, about) = (MailKind::Invitation, format!("invitation {id}"));
    post(cx, &Mail { kind, about, to: to.to_string(), writing, good_until: Some(expires_at) }).await?;
    Ok(true)
}

/// Writes to somebody who lost password or authenticator. Tells whether a letter goes out.
pub(crate) async fn reset(
    cx: &mut Cx<'_>,
    about: String,
    to: &str,
    secret: &str,
    lost: &str,
    expires_at: Timestamp,
) -> Result<bool> {
    let Some(address) = link_to(cx, &format!("/reset/{secret}")) else { return Ok(false) };
    let organization = &cx.actor.organization.name;
    let kept = if lost == "password" { "a code of your authenticator" } else { "your password" };
    let writing = Writing {
        subject: format!("Another {lost} for {organization}"),
        parts: vec![
            Part::Text(format!(
                "You get another {lost} for {organization} in Tickmark. The link alone is not enough: you show {kept}."
            )),
            Part::Link { words: format!("Get another {lost}"), address },
            Part::Text(format!("The link works once, until {}.", expires_at.minute())),
            Part::Text(
                "If you did not ask for this, do nothing, and tell whoever looks after Tickmark where you work."
                    .to_owned(),
            ),
        ],
    };
    post(
        cx,
        &Mail { kind: MailKind::Reset, about, to: to.to_owned(), writing, good_until: Some(expires_at) },
    )
    .await?;
    Ok(true)
}

/// Sends the link by which somebody shows that a new address is theirs.
pub(crate) async fn confirm_address(
    cx: &mut Cx<'_>,
    about: String,
    to: &Email,
    secret: &str,
    expires_at: Timestamp,
) -> Result<bool> {
    let Some(address) = link_to(cx, &format!("/address/{secret}")) else { return Ok(false) };
    let organization = &cx.actor.organization.name;
    let writing = Writing {
        subject: format!("Your address for {organization}"),
        parts: vec![
            Part::Text(format!(
                "Somebody who signs in to {organization} in Tickmark wants to do so with this address."
            )),
            Part::Link { words: "Confirm that it is yours".to_owned(), address },
            Part::Text(format!("The link works once, until {}.", expires_at.minute())),
            Part::Text("If that was not you, do nothing: nothing changes.".to_owned()),
        ],
    };
    let (kind, to) = (MailKind::Address, to.to_string());
    post(cx, &Mail { kind, about, to, writing, good_until: Some(expires_at) }).await?;
    Ok(true)
}

/// Writes to somebody outside with whom a report is shared: by this link they come in, at `path`, to accept the agreement or,
/// once it is open to them, to read. Tells whether a letter goes out.
pub(crate) async fn report_link(
    cx: &mut Cx<'_>,
    about: String,
    to: &str,
    path: &str,
    is_open: bool,
    until: Timestamp,
) -> Result<bool> {
    let Some(address) = link_to(cx, path) else { return Ok(false) };
    let organization = &cx.actor.organization.name;
    let what = if is_open {
        format!("The report of {organization} that is shared with you can be read now.")
    } else {
        format!(
            "{organization} shares a report with you. First read the agreement on its use; once you accepted it, somebody \
             there opens the report to you."
        )
    };
    let writing = Writing {
        subject: format!("A report of {organization}"),
        parts: vec![
            Part::Text(what),
            Part::Link { words: "Go there".to_owned(), address },
            Part::Text(format!(
                "The link alone opens nothing: a code comes to this address when you ask for it. It works until {}.",
                until.minute()
            )),
            Part::Text("It is for you alone. If you did not expect this, do nothing.".to_owned()),
        ],
    };
    let kind = MailKind::Report;
    post(cx, &Mail { kind, about, to: to.to_owned(), writing, good_until: Some(until) }).await?;
    Ok(true)
}

/// Sends the code that opens what is behind such a link.
pub(crate) async fn report_code(
    cx: &mut Cx<'_>,
    about: String,
    to: &str,
    (code, reference): (&str, &str),
    until: Timestamp,
) -> Result<()> {
    let organization = &cx.actor.organization.name;
    let writing = Writing {
        subject: format!("Your code for the report of {organization}"),
        parts: vec![
            Part::Text(format!("The code is {code}. It belongs to the page that shows {reference}.")),
            Part::Text(format!(
                "It works until {}, in the browser that asked for it. Nobody will ask you for it in another way.",
                until.minute()
            )),
        ],
    };
    let kind = MailKind::Report;
    post(cx, &Mail { kind, about, to: to.to_owned(), writing, good_until: Some(until) }).await
}

/// Tells somebody what happened to their account. Tells whether a letter goes out.
pub(crate) async fn security(cx: &mut Cx<'_>, person: PersonId, to: &str, alert: Alert) -> Result<bool> {
    let Some(address) = link_to(cx, "/account") else { return Ok(false) };
    let organization = &cx.actor.organization.name;
    let writing = Writing {
        subject: format!("Your account in Tickmark of {organization}"),
        parts: vec![
            Part::Text(format!("{} It happened at {} (UTC).", alert.sentence(), cx.now.minute())),
            Part::Text(
                "If it was you, or you asked for it, there is nothing to do. If not, look at your sessions and at what \
                 you sign in with, and tell whoever looks after Tickmark where you work."
                    .to_owned(),
            ),
            Part::Link { words: "Look at your account".to_owned(), address },
        ],
    };
    let (kind, about) = (MailKind::Security, format!("person {person}"));
    post(cx, &Mail { kind, about, to: to.to_owned(), writing, good_until: None }).await?;
    Ok(true)
}

/// Lists the newest letters, newest first, at most [`LISTED`].
///
/// # Errors
/// `Forbidden` if the actor may not see them.
pub async fn list(view: &mut View<'_>) -> Result<Vec<Sending>> {
    view.permit_whole(Atom::new(Resource::Notification, Verb::Read))?;
    let organization = view.organization();
    sql::list(view.connection(), organization, LISTED).await
}

/// Returns a letter, without what it says.
///
/// # Errors
/// `Forbidden` if the actor may not see letters; `NotFound`.
pub async fn find(view: &mut View<'_>, key: i64) -> Result<Sending> {
    view.permit_whole(Atom::new(Resource::Notification, Verb::Read))?;
    let organization = view.organization();
    let found = sql::find(view.connection(), organization, key).await?;
    found.ok_or_else(|| Error::not_found("mail", key))
}

/// Lets a letter go out again that was tried in vain.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Conflict` if it did not fail, or is of no use any more.
pub async fn send_again(cx: &mut Cx<'_>, key: i64) -> Result<()> {
    cx.permit_whole(Atom::new(Resource::Notification, Verb::Update))?;
    let (organization, now) = (cx.organization(), cx.now);
    let found = sql::find(cx.connection(), organization, key).await?;
    let mail = found.ok_or_else(|| Error::not_found("mail", key))?;
    if !mail.can_go_again(now) {
        return Err(Error::conflict(format!("mail {key} cannot be sent again")));
    }
    sql::send_again(cx.connection(), organization, key, now).await?;
    audit::record(cx, Event::done(Name::MailSentAgain, "mail", key)).await
}

impl App {
    /// Tells whether a letter is to go out now.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn has_mail(&self, program: &Actor) -> Result<bool> {
        if self.mail().is_none() {
            return Ok(false);
        }
        let due = self.read(program, async |view| {
            let (organization, now) = (view.organization(), view.now);
            sql::due(view.connection(), organization, now, 1).await
        });
        Ok(!due.await?.is_empty())
    }

    /// Sends what is to go out now. What the mail server does not take is tried again later, a few times, and then stays
    /// as failed until somebody sends it again.
    ///
    /// # Errors
    /// If the database fails. What did not arrive is counted.
    pub async fn send_mail(&self, program: &Actor) -> Result<Passed> {
        let mut passed = Passed::default();
        if self.mail().is_none() {
            return Ok(passed);
        }
        let due = self
            .transact(program, async |cx| {
                cx.authorize(crate::Action::Operate)?;
                let (organization, now) = (cx.organization(), cx.now);
                let old = now.plus_micros(-KEPT_DAYS * DAY_US);
                sql::forget(cx.connection(), organization, old).await?;
                sql::due(cx.connection(), organization, now, PASS_LETTERS).await
            })
            .await?;
        for key in due {
            let claimed = self
                .transact(program, async |cx| {
                    let (organization, now) = (cx.organization(), cx.now);
                    sql::claim(cx.connection(), organization, key, now, now.plus_micros(LEASE_US)).await
                })
                .await?;
            let Some(claimed) = claimed else { continue };
            let outcome = self.send_claimed(program, &claimed).await;
            let is_sent = outcome.is_ok();
            let problem = outcome.err().map(|error| described(&error)).unwrap_or_default();
            self.transact(program, async |cx| {
                let (organization, now) = (cx.organization(), cx.now);
                let again = if is_sent { None } else { retry_at(claimed.attempts, now, claimed.good_until) };
                let ended = sql::Ended { is_sent, again, problem: &problem };
                sql::end(cx.connection(), organization, &claimed, &ended, now).await
            })
            .await?;
            if is_sent {
                passed.sent += 1;
            } else {
                tracing::warn!(mail = key, kind = claimed.kind.word(), problem, "a letter did not arrive");
                passed.failed += 1;
            }
        }
        Ok(passed)
    }

    async fn send_claimed(&self, program: &Actor, claimed: &sql::Claimed) -> Result<()> {
        let settings =
            self.mail().ok_or_else(|| Error::unavailable("there is no mail server in the settings"))?;
        if claimed.attempts > ATTEMPTS {
            return Err(Error::unavailable("sending it was cut off each time"));
        }
        if claimed.good_until.is_some_and(|until| self.now() >= until) {
            return Err(Error::unavailable("its link was over before it went"));
        }
        let organization = &program.organization;
        let vault = credential::vault(self).await?;
        let what = place(organization.key, claimed.key);
        let content = vault.open_text(&what, &claimed.sealed_by, &claimed.content)?;
        let writing: Writing = serde_json::from_slice(&content)
            .map_err(|error| Error::corrupt(format!("mail {}", claimed.key), error))?;
        let id = format!(
            "<{}.{}.{}@{}>",
            organization.id,
            claimed.key,
            claimed.made_at.micros(),
            settings.domain()
        );
        let letter = Letter {
            subject: writing.subject.clone(),
            text: writing.text(),
            html: Some(writing.html()),
            id: Some(id),
        };
        self.deliver_mail(settings, &claimed.recipient, letter).await
    }

    /// Sends a letter that says only that mail arrives, now, without the outbox.
    ///
    /// # Errors
    /// `Invalid` for what is no address; `Unavailable` with what the mail server said.
    pub async fn test_mail(&self, to: &str) -> Result<()> {
        let settings = self.mail().ok_or_else(|| {
            Error::invalid("there is no section [mail] in the settings; docs/operate/mail.md has an example")
        })?;
        let to: Email = to.parse().map_err(Error::invalid)?;
        let writing = Writing {
            subject: "A test of Tickmark's mail".to_owned(),
            parts: vec![Part::Text(
                "Mail of Tickmark arrives here: invitations, links for lost passwords, and reminders."
                    .to_owned(),
            )],
        };
        let letter = Letter {
            subject: writing.subject.clone(),
            text: writing.text(),
            html: Some(writing.html()),
            id: None,
        };
        self.deliver_mail(settings, to.as_str(), letter).await
    }

    async fn deliver_mail(&self, settings: &MailSettings, to: &str, letter: Letter) -> Result<()> {
        let (target, outside) = (settings.to(to), self.outside());
        let kept = match (&target.user, &target.password_file) {
            (Some(_), None) => Some(self.kept_mail_password().await?.ok_or_else(|| {
                Error::unavailable(
                    "the mail server asks for a password; `tickmark mail password` keeps it, or password_file names it",
                )
            })?),
            _ => None,
        };
        tokio::task::spawn_blocking(move || {
            let password = match target.password_file.as_deref() {
                Some(file) => Some(read_secret(file)?),
                None => kept,
            };
            let not_sent = |error: NotSent| Error::unavailable(error);
            outside.outbound.mail(&target, password.as_ref(), &letter).map_err(not_sent)
        })
        .await
        .map_err(|error| Error::internal("sending a letter", error))?
    }
}

/// Seals anew what another key than the present one seals: letters that wait, and the password of the mail server.
pub(crate) async fn reseal(app: &App, vault: &Vault) -> Result<usize> {
    let mut count = usize::from(password::reseal(app, vault).await?);
    loop {
        let mut tx = app.database.write().await?;
        let letters = sql::sealed_by_others(&mut tx, vault.id()).await?;
        if letters.is_empty() {
            tx.rollback().await?;
            return Ok(count);
        }
        for (organization, key, sealed, by) in &letters {
            let place = place(*organization, *key);
            let opened = vault.open_text(&place, by, sealed)?;
            let sealed = vault.seal_text(&place, &opened, app.random());
            sql::reseal(&mut tx, *organization, *key, &sealed, vault.id()).await?;
        }
        tx.commit().await?;
        count += letters.len();
    }
}

/// Where a letter is at home: sealed bytes open there only.
fn place(organization: tickmark_core::id::OrganizationKey, key: i64) -> String {
    format!("outbox|content|{}|{key}", organization.0)
}
