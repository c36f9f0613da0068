//! Notices: what people are told about what waits for them, in the pages and by mail.
//!
//! What there is to tell is worked out from the records again each time, as each person sees them
//! ([`tickmark_core::program::reminder`]); a notice is kept once for each thing and step, so nobody is told twice. Owns
//! the tables `notice` and `notice_slot` of migrations `0042_notice.sql`, `0051_notice_matter.sql`,
//! `0073_ledger_watch.sql` and `0081_notice_share.sql`.

mod fact;
mod letter;
mod sql;
mod week;

use std::collections::BTreeSet;

use tickmark_core::Timestamp;
use tickmark_core::id::ActorId;
use tickmark_core::identity::{Role, Standing};
use tickmark_core::program::reminder::{self, Fact, Matter, Notice, Preference, Step};
use tickmark_core::time::DAY_US;
use tickmark_core::zone::{Reading, Zone};

use crate::context::{Cx, View};
use crate::identity::people::{self, Member};
use crate::identity::setting::{self, PersonSettings};
use crate::{Actor, App, Result, ledger, mail};

/// Notices in one list.
pub const LISTED: u32 = 200;
/// How long a notice that no letter told of may still go into one, in days: mail that is switched on later tells nothing
/// old.
const MAILED_DAYS: i64 = 8;

/// A notice as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its number, from 1.
    pub key: i64,
    /// The step at which it was told.
    pub step: Step,
    /// What kind of thing it is about.
    pub matter: Matter,
    /// What people call the thing.
    pub title: String,
    /// Where it is in the pages.
    pub path: String,
    /// More lines, where there are.
    pub detail: String,
    /// First moment at which it is too late.
    pub due: Option<Timestamp>,
    /// When it was told.
    pub made_at: Timestamp,
    /// When they read it.
    pub read_at: Option<Timestamp>,
}

/// What one pass brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reminded {
    /// New notices.
    pub notices: usize,
    /// Letters that were put into the outbox.
    pub letters: usize,
}

/// Lists the newest notices of whoever asks, newest first, at most [`LISTED`].
///
/// # Errors
/// If the database refuses, or holds what we never wrote.
pub async fn list(view: &mut View<'_>) -> Result<Vec<Kept>> {
    let (organization, actor) = (view.organization(), view.actor.id);
    sql::list(view.connection(), organization, actor, LISTED).await
}

/// Returns how many notices whoever asks has not read.
///
/// # Errors
/// As [`list`].
pub async fn unread(view: &mut View<'_>) -> Result<usize> {
    let (organization, actor) = (view.organization(), view.actor.id);
    let unread = view
        .once("unread", actor.to_string(), |view| {
            Box::pin(sql::unread(view.connection(), organization, actor))
        })
        .await?;
    Ok(*unread)
}

/// Marks one's own notice, or all of them, as read.
///
/// # Errors
/// As [`list`]. Others' notices are not touched.
pub async fn mark_read(cx: &mut Cx<'_>, key: Option<i64>) -> Result<()> {
    let (organization, actor, now) = (cx.organization(), cx.actor.id, cx.now);
    sql::mark_read(cx.connection(), organization, actor, key, now).await
}

/// Somebody who is reminded.
struct Reminding {
    member: Member,
    settings: PersonSettings,
    zone: Zone,
}

impl App {
    /// Tells everybody what there is to tell, and writes the letters whose time it is. Doing it again changes nothing.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn remind(&self, program: &Actor) -> Result<Reminded> {
        let now = self.now();
        let (everybody, organization, escalations, unseen) = self
            .read(program, async |view| {
                let organization = setting::organization(view).await?;
                let set = setting::of_people(view).await?;
                let members = people::members(view).await?;
                let everybody: Vec<Reminding> = members
                    .into_iter()
                    .filter(|member| member.standing == Standing::Active && member.valid.contains(now))
                    .map(|member| {
                        let settings = set.get(&member.person).cloned().unwrap_or_default();
                        let zone = settings.zone.clone().unwrap_or_else(|| organization.zone.clone());
                        Reminding { member, settings, zone }
                    })
                    .collect();
                let escalations = fact::escalations(view, organization.escalate_days).await?;
                let unseen = ledger::watched(view).await?.facts();
                Ok((everybody, organization, escalations, unseen))
            })
            .await?;
        self.clear_ledger(program, &unseen).await?;
        let mut reminded = Reminded::default();
        for one in &everybody {
            let acting = crate::identity::session::acting_as(&program.organization, &one.member, now);
            let is_manager = one.member.roles.contains(&Role::ComplianceManager);
            let (mut facts, known) = self
                .read(&acting, async |view| {
                    let (organization, actor) = (view.organization(), view.actor.id);
                    let known = sql::known(view.connection(), organization, actor).await?;
                    Ok((fact::own(view).await?, known))
                })
                .await?;
            facts.extend(
                escalations
                    .iter()
                    .filter(|late| late.is_told(one.member.actor, is_manager))
                    .map(|late| late.fact.clone()),
            );
            if is_manager || one.member.roles.contains(&Role::Owner) {
                facts.extend(unseen.iter().cloned());
            }
            let mut new: Vec<(Notice, String)> = reminder::notices(&facts, now, &one.zone)
                .into_iter()
                .filter(|notice| !known.contains(&(notice.fact.about.clone(), notice.step)))
                .map(|notice| (notice, String::new()))
                .collect();
            if is_manager {
                let reading = Reading { zone: one.zone.clone(), style: organization.style };
                new.extend(self.week_of(program, &reading, &known).await?);
            }
            if !new.is_empty() {
                let actor = one.member.actor;
                reminded.notices +=
                    self.transact(program, async |cx| sql::add(cx, actor, &new).await).await?;
            }
            if mail::is_on(self) && one.settings.reminders != Preference::InApp {
                let reading = Reading { zone: one.zone.clone(), style: organization.style };
                reminded.letters += self.write_to(program, one, &reading).await?;
            }
        }
        Ok(reminded)
    }

    /// What was told of the ledger and is well again is read, and goes into no letter. If it comes up once more, it is told
    /// once more.
    async fn clear_ledger(&self, program: &Actor, facts: &[Fact]) -> Result<()> {
        let over = self
            .read(program, async |view| {
                let organization = view.organization();
                let mut told = sql::standing(view.connection(), organization, Matter::Ledger).await?;
                told.retain(|about| !facts.iter().any(|fact| fact.about == *about));
                Ok(told)
            })
            .await?;
        if over.is_empty() {
            return Ok(());
        }
        self.transact(program, async |cx| {
            for about in &over {
                sql::end(cx, Matter::Ledger, about).await?;
            }
            Ok(())
        })
        .await
    }

    /// The notice of a week that is over, if nobody has it yet.
    async fn week_of(
        &self,
        program: &Actor,
        reading: &Reading,
        known: &BTreeSet<(String, Step)>,
    ) -> Result<Option<(Notice, String)>> {
        let week = reminder::week(self.now(), &reading.zone);
        let about = format!("week {week}");
        if known.contains(&(about.clone(), Step::New)) {
            return Ok(None);
        }
        let lines = self.read(program, async |view| week::lines(view, reading).await).await?;
        let title = format!("The last seven days, week {week}");
        let fact = Fact::undated(about, Matter::Week, title, "/notices".to_owned());
        Ok(Some((Notice { fact, step: Step::New }, lines.join("\n"))))
    }

    /// Writes to somebody what they have not read, if it is their time. Returns the number of letters.
    async fn write_to(&self, program: &Actor, to: &Reminding, reading: &Reading) -> Result<usize> {
        let now = self.now();
        let Some(slot) = to.settings.reminders.slot(now, &to.zone) else { return Ok(0) };
        let actor = to.member.actor;
        let is_once = to.settings.reminders != Preference::Each;
        let is_time = self
            .read(program, async |view| {
                let organization = view.organization();
                if is_once && sql::is_written(view.connection(), organization, actor, &slot).await? {
                    return Ok(false);
                }
                Ok(is_once || !sql::unmailed(view.connection(), organization, actor).await?.is_empty())
            })
            .await?;
        if !is_time {
            return Ok(0);
        }
        self.transact(program, async |cx| {
            let organization = cx.organization();
            if is_once && !sql::take_slot(cx.connection(), organization, actor, &slot, now).await? {
                return Ok(0);
            }
            let mut unmailed = sql::unmailed(cx.connection(), organization, actor).await?;
            sql::mark_mailed(cx.connection(), organization, actor, now).await?;
            unmailed
                .retain(|one| one.read_at.is_none() && one.made_at >= now.plus_micros(-MAILED_DAYS * DAY_US));
            let letters = letter::letters(cx, &unmailed, is_once, reading);
            for (kind, writing) in &letters {
                let about = format!("notices {actor} {}", now.micros());
                let mail = mail::Mail {
                    kind: *kind,
                    about,
                    to: to.member.email.clone(),
                    writing: writing.clone(),
                    good_until: None,
                };
                mail::post(cx, &mail).await?;
            }
            Ok(letters.len())
        })
        .await
    }
}

/// Something that is told to others because nobody did it.
struct Late {
    fact: Fact,
    /// Who looks after it, besides compliance managers.
    reviewers: BTreeSet<ActorId>,
    /// Whose it is; they know already.
    owners: BTreeSet<ActorId>,
}

impl Late {
    fn is_told(&self, actor: ActorId, is_manager: bool) -> bool {
        (is_manager || self.reviewers.contains(&actor)) && !self.owners.contains(&actor)
    }
}
