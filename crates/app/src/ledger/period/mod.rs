//! Periods of examinations: an entry opens one, another closes it, and others say when that was.
//!
//! What an auditor gets of a period is whole if nothing between these two entries is missing, which the log itself shows;
//! see `tickmark_ledger::period`. Owns `log_period` and `log_period_end` of migration `0021_period_ends.sql`.

mod sql;

use serde::Serialize;
use tickmark_core::Timestamp;
use tickmark_ledger::leaf::LeafKind;
use tickmark_ledger::period::{Opening, PeriodClose, PeriodOpen};
use uuid::Uuid;

use super::Anchoring;
use crate::context::{Cx, View};
use crate::{Action, Actor, App, Error, Result};

/// A period of an examination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Period {
    /// Its number, from 1.
    pub key: i64,
    /// First moment.
    pub from: Timestamp,
    /// First moment after it.
    pub to: Timestamp,
    /// When it was opened in the log.
    pub opened_at: Timestamp,
    /// When it was closed; none while it is open.
    pub closed_at: Option<Timestamp>,
    /// Id of the entry that opened it.
    #[serde(skip)]
    opened_by: Uuid,
}

/// A period that was closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Closed {
    /// The period.
    pub period: Period,
    /// What came of asking each authority for a timestamp over the closing.
    pub anchored: Vec<Anchoring>,
}

impl App {
    /// Opens a period in the log. What was recorded before stays before its opening.
    ///
    /// # Errors
    /// `Invalid` for a period without time, or one that is over; `Conflict` if it was opened before.
    pub async fn open_period(&self, actor: &Actor, from: Timestamp, to: Timestamp) -> Result<Period> {
        let period = self.transact(actor, async |cx| open(cx, from, to).await).await?;
        self.sequence(actor).await?;
        Ok(period)
    }

    /// Closes a period in the log, and has every authority of the settings say that it is.
    ///
    /// An authority that does not answer stops nothing: ask again with [`App::anchor`].
    ///
    /// # Errors
    /// `Invalid` before the end of the period; `Conflict` if it is closed; `NotFound` if there is none.
    pub async fn close_period(&self, actor: &Actor, key: i64) -> Result<Closed> {
        // The opening has its position before the closing names it.
        self.sequence(actor).await?;
        let period = self.transact(actor, async |cx| close(cx, key).await).await?;
        self.sequence(actor).await?;
        let anchored = self.anchor(actor, true).await?;
        Ok(Closed { period, anchored })
    }
}

async fn open(cx: &mut Cx<'_>, from: Timestamp, to: Timestamp) -> Result<Period> {
    cx.authorize(Action::Administer)?;
    if from >= to {
        return Err(Error::invalid(format!("a period from {from} to {to} holds no time")));
    }
    if to <= cx.now {
        return Err(Error::invalid(format!(
            "the period was over on {to}: nothing that was recorded in it could lie behind its opening"
        )));
    }
    let (organization, now) = (cx.organization(), cx.now);
    let known = sql::all(cx.connection(), organization).await?;
    if let Some(same) = known.iter().find(|period| (period.from, period.to) == (from, to)) {
        return Err(Error::conflict(format!(
            "this period was opened on {} as number {}",
            same.opened_at, same.key
        )));
    }
    let key = known.iter().map(|period| period.key).max().unwrap_or(0) + 1;
    let body = PeriodOpen { period: number(key), from: from.to_string(), to: to.to_string() };
    let opened_by = cx.record(LeafKind::PeriodOpen, &body)?;
    let period = Period { key, from, to, opened_at: now, closed_at: None, opened_by };
    sql::add(cx.connection(), organization, &period).await?;
    Ok(period)
}

async fn close(cx: &mut Cx<'_>, key: i64) -> Result<Period> {
    cx.authorize(Action::Administer)?;
    let (organization, now) = (cx.organization(), cx.now);
    let period = sql::all(cx.connection(), organization).await?.into_iter().find(|period| period.key == key);
    let period = period.ok_or_else(|| Error::not_found("period", key))?;
    if let Some(closed_at) = period.closed_at {
        return Err(Error::conflict(format!("period {key} was closed on {closed_at}")));
    }
    if now < period.to {
        return Err(Error::invalid(format!(
            "period {key} ends on {}; it cannot be closed before",
            period.to
        )));
    }
    let opening = super::find(cx, period.opened_by).await?;
    let opening =
        opening.ok_or_else(|| Error::corrupt("the ledger", format!("nothing opened period {key}")))?;
    let body = PeriodClose {
        period: number(key),
        from: period.from.to_string(),
        to: period.to.to_string(),
        opened: Opening { id: opening.id, index: opening.index },
    };
    let leaf = cx.record(LeafKind::PeriodClose, &body)?;
    sql::end(cx.connection(), organization, key, now, leaf).await?;
    Ok(Period { closed_at: Some(now), ..period })
}

fn number(key: i64) -> u64 {
    u64::try_from(key).expect("keys count from 1")
}

/// Lists the periods that were opened in the log, oldest first.
///
/// # Errors
/// If the database fails.
pub async fn periods(view: &mut View<'_>) -> Result<Vec<Period>> {
    let organization = view.organization();
    sql::all(view.connection(), organization).await
}
