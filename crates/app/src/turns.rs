//! Work that keeps a core for a while: little of it at one time, and few wait for it.
//!
//! Whoever finds no place is told to come back, so that what one person asks for again and again does not take the machine
//! from everybody else. Work goes on threads of its own, apart from those that answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;

use crate::{Error, Result};

/// Turns for one kind of work.
#[derive(Clone, Debug)]
pub struct Turns {
    pub(crate) at_once: Arc<Semaphore>,
    pub(crate) queued: Arc<AtomicUsize>,
    most: usize,
    busy: &'static str,
}

impl Turns {
    /// Does `at_once` pieces of work at one time, and has at most `most` that wait or are done. `busy` is what whoever finds
    /// no place is told.
    #[must_use]
    pub fn new(at_once: usize, most: usize, busy: &'static str) -> Self {
        Self { at_once: Arc::new(Semaphore::new(at_once)), queued: Arc::default(), most, busy }
    }

    /// Does a piece of work when its turn has come.
    ///
    /// # Errors
    /// `Unavailable` if there is no place; `Internal` if the work panics.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let place = self.place()?;
        let turn = Arc::clone(&self.at_once).acquire_owned().await;
        let turn = turn.map_err(|error| Error::internal("waiting for a turn", error))?;
        tokio::task::spawn_blocking(move || {
            // Held until it is done, also when whoever asked for it has gone away.
            let _held = (place, turn);
            work()
        })
        .await
        .map_err(|error| Error::internal("doing work apart", error))
    }

    fn place(&self) -> Result<Place> {
        let place = Place(Arc::clone(&self.queued));
        if self.queued.fetch_add(1, Ordering::SeqCst) >= self.most {
            return Err(Error::unavailable(self.busy));
        }
        Ok(place)
    }
}

/// A place in the queue, given back when dropped.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_finds_no_place_is_told_and_the_others_come_to_their_turn() {
        let turns = Turns::new(1, 3, "come back");
        let held = Arc::clone(&turns.at_once).acquire_owned().await.expect("a turn");
        let all: Vec<_> = (0..5)
            .map(|n| {
                let turns = turns.clone();
                tokio::spawn(async move { turns.run(move || n).await })
            })
            .collect();
        while all.iter().filter(|one| one.is_finished()).count() < 2 {
            tokio::task::yield_now().await;
        }
        drop(held);
        let (mut done, mut refused) = (0, 0);
        for one in all {
            match one.await.expect("no panic") {
                Ok(_) => done += 1,
                Err(Error::Unavailable { what, .. }) if what == "come back" => refused += 1,
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!((done, refused), (3, 2));
        assert_eq!(turns.queued.load(Ordering::SeqCst), 0);
    }

    #[tokio::test]
    async fn work_that_panics_gives_its_place_back() {
        let turns = Turns::new(1, 1, "come back");
        let panicked = turns.run(|| panic!("on purpose")).await;
        assert!(matches!(panicked, Err(Error::Internal { .. })));
        assert_eq!(turns.run(|| 7).await.expect("its turn"), 7);
    }
}
