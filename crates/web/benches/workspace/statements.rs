//! How often the database is asked, as its drivers say.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};

static LISTENS: AtomicBool = AtomicBool::new(false);
static COUNT: AtomicU64 = AtomicU64::new(0);

/// Hears what the drivers say, from [`begin`] to [`end`]: saying it takes time.
pub(crate) fn listen() {
    tracing::subscriber::set_global_default(Listener).expect("nobody else listens");
}

/// Begins to count.
pub(crate) fn begin() {
    COUNT.store(0, Ordering::Relaxed);
    LISTENS.store(true, Ordering::Relaxed);
}

/// Returns how many statements were run since.
pub(crate) fn end() -> u64 {
    LISTENS.store(false, Ordering::Relaxed);
    COUNT.load(Ordering::Relaxed)
}

struct Listener;

impl Subscriber for Listener {
    fn register_callsite(&self, about: &'static Metadata<'static>) -> Interest {
        // Whoever reads SQLite, and whoever writes it.
        let is_asked = ["tickmark_store::query", "sqlx::query"].contains(&about.target());
        if is_asked { Interest::sometimes() } else { Interest::never() }
    }

    fn enabled(&self, _: &Metadata<'_>) -> bool {
        LISTENS.load(Ordering::Relaxed)
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {
        COUNT.fetch_add(1, Ordering::Relaxed);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
