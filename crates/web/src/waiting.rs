//! How much waits for whom: every page says so. Counting it reads all that somebody may have to do, so it is kept for a moment;
//! what somebody else did is counted behind the page, which shows what was known before.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tickmark_app::{Actor, App, work};
use tickmark_core::Timestamp;
use tickmark_core::id::ActorId;
use tickmark_core::time::SECOND_US;

use crate::error::Refusal;

/// For how long a count is as good as new where nobody did anything.
const WHILE_US: i64 = 60 * SECOND_US;
/// For how long it is shown once more while it is counted again.
const MEANWHILE_US: i64 = 10 * WHILE_US;
/// Most people of whom it is kept.
const LIMIT: usize = 10_000;

#[derive(Clone, Copy, Debug)]
struct Counted {
    count: usize,
    at: Timestamp,
    /// Whether somebody did something since.
    is_old: bool,
}

/// Counts of what waits, by person.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    known: Mutex<BTreeMap<ActorId, Counted>>,
    /// Held by whoever counts behind a page: one at a time, so that others are not kept waiting by it.
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl Waiting {
    /// Returns how much waits for somebody.
    pub(crate) async fn of(self: &Arc<Self>, app: &Arc<App>, actor: &Actor) -> Result<usize, Refusal> {
        let known = self.known().get(&actor.id).copied();
        let age = |one: &Counted| app.now().micros() - one.at.micros();
        let Some(counted) = known.filter(|one| (0..MEANWHILE_US).contains(&age(one))) else {
            return self.count(app, actor).await;
        };
        let is_new = !counted.is_old && age(&counted) < WHILE_US;
        if !is_new && let Ok(turn) = Arc::clone(&self.turn).try_lock_owned() {
            let (waiting, app, actor) = (Arc::clone(self), Arc::clone(app), actor.clone());
            tokio::spawn(async move {
                let _turn = turn;
                if let Err(error) = waiting.count(&app, &actor).await {
                    tracing::warn!(%error, "what waits is not counted");
                }
            });
        }
        Ok(counted.count)
    }

    async fn count(&self, app: &App, actor: &Actor) -> Result<usize, Refusal> {
        let at = app.now();
        // Whatever is done from here on may not be in the count.
        self.known().entry(actor.id).and_modify(|one| one.is_old = false);
        let count = app.read(actor, async |view| work::count(view).await).await?;
        let mut known = self.known();
        let is_old = known.get(&actor.id).is_some_and(|one| one.is_old);
        put(&mut known, actor.id, Counted { count, at, is_old });
        Ok(count)
    }

    /// Keeps what was counted for a page that shows all of it.
    pub(crate) fn keep(&self, actor: ActorId, count: usize, at: Timestamp) {
        put(&mut self.known(), actor, Counted { count, at, is_old: false });
    }

    /// Says that somebody did something, for which others may have waited; nobody stands for whoever did not sign in. Their
    /// own next page shows what is left.
    pub(crate) fn was_done(&self, by: Option<ActorId>) {
        let mut known = self.known();
        if let Some(by) = by {
            known.remove(&by);
        }
        for one in known.values_mut() {
            one.is_old = true;
        }
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<ActorId, Counted>> {
        // The map is whole after any single change.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn put(known: &mut BTreeMap<ActorId, Counted>, actor: ActorId, counted: Counted) {
    if known.len() >= LIMIT {
        known.clear();
    }
    known.insert(actor, counted);
}
