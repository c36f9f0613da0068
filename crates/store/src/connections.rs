//! Connections of one kind to one database: how many there are, how long anybody waits for one, and why there is none.
//!
//! Two waits are kept apart. Whoever wants to work waits for a *seat* until those before are done, which may take long.
//! Whoever has a seat and must open a connection waits for the database alone: what it refuses is said at once, where a
//! pool by itself would try again until its time is up and then say only that time is up.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AnyPool, Transaction};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::{Result, StoreError};

/// Longest wait for a seat before the database is called busy.
const SEAT_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest that opening a connection may take. A file is opened or refused within milliseconds and waits 5 s for a lock; a
/// server that is being started again answers within a few seconds.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The right to one connection, until it is dropped.
pub(crate) type Seat = OwnedSemaphorePermit;

/// A pool and its seats.
#[derive(Clone, Debug)]
pub(crate) struct Connections {
    pool: AnyPool,
    seats: Arc<Semaphore>,
    refused: Arc<Refused>,
}

/// Why the last connection could not be set up.
#[derive(Debug, Default)]
struct Refused {
    noted: Notify,
    last: Mutex<Option<sqlx::Error>>,
}

impl Connections {
    /// Makes `count` seats. Connections are opened when they are needed, and set up by `set_up`.
    pub(crate) fn new<F>(options: AnyConnectOptions, count: u32, set_up: F) -> Self
    where
        F: for<'c> Fn(&'c mut AnyConnection) -> BoxFuture<'c, sqlx::Result<()>> + Send + Sync + 'static,
    {
        let refused = Arc::new(Refused::default());
        let noting = Arc::clone(&refused);
        let pool = AnyPoolOptions::new()
            .max_connections(count)
            .acquire_timeout(CONNECT_TIMEOUT)
            .idle_timeout(None)
            .max_lifetime(None)
            .after_connect(move |connection, _| {
                let (done, noting) = (set_up(connection), Arc::clone(&noting));
                Box::pin(async move { done.await.map_err(|error| noting.note(error)) })
            })
            .connect_lazy_with(options);
        let seats = Arc::new(Semaphore::new(count as usize));
        Self { pool, seats, refused }
    }

    /// Returns a connection with the right to use it. Drop the connection first.
    ///
    /// # Errors
    /// `Busy` if no seat becomes free; else why no connection can be opened.
    pub(crate) async fn acquire(&self) -> Result<(PoolConnection<Any>, Seat)> {
        let seat = self.seat().await?;
        Ok((self.unless_refused(self.pool.acquire()).await?, seat))
    }

    /// As [`Self::acquire`], and begins a transaction with a statement.
    ///
    /// # Errors
    /// As [`Self::acquire`]; also if it cannot be begun.
    pub(crate) async fn begin(&self, statement: &'static str) -> Result<(Transaction<'static, Any>, Seat)> {
        let seat = self.seat().await?;
        Ok((self.unless_refused(self.pool.begin_with(statement)).await?, seat))
    }

    /// Returns how many connections are open.
    pub(crate) fn open(&self) -> u32 {
        self.pool.size()
    }

    /// Closes every connection; further use fails.
    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }

    async fn seat(&self) -> Result<Seat> {
        match tokio::time::timeout(SEAT_TIMEOUT, Arc::clone(&self.seats).acquire_owned()).await {
            Ok(Ok(seat)) => Ok(seat),
            Ok(Err(_)) => Err(sqlx::Error::PoolClosed.into()),
            Err(_) => Err(StoreError::Busy(sqlx::Error::PoolTimedOut)),
        }
    }

    /// Does work that may open a connection, but no longer than until one could not be set up.
    async fn unless_refused<T>(&self, work: impl Future<Output = sqlx::Result<T>>) -> Result<T> {
        let mut noted = Box::pin(self.refused.noted.notified());
        noted.as_mut().enable();
        tokio::select! {
            biased;
            done = work => match done {
                Err(sqlx::Error::PoolTimedOut) => Err(unanswered()),
                done => Ok(done?),
            },
            () = noted => Err(self.refused.last().map_or_else(unanswered, StoreError::from)),
        }
    }
}

impl Refused {
    /// Keeps the error for whoever waits, and leaves its words for the pool to log.
    fn note(&self, error: sqlx::Error) -> sqlx::Error {
        let words = sqlx::Error::Protocol(error.to_string());
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        self.noted.notify_waiters();
        words
    }

    fn last(&self) -> Option<sqlx::Error> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

fn unanswered() -> StoreError {
    let words = format!("no connection within {} s", CONNECT_TIMEOUT.as_secs());
    StoreError::io("connecting to the database", io::Error::new(io::ErrorKind::TimedOut, words))
}
