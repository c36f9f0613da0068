//! What all handlers share.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tickmark_app::App;
use tickmark_app::report::Library;
use tickmark_core::id::ActorId;
use tickmark_core::time::SECOND_US;
use tickmark_core::{Digest, Timestamp};

use crate::session::Sessions;
use crate::source::Source;

/// How long a count of what waits is good, in microseconds.
const WAITING_US: i64 = 60 * SECOND_US;
/// People whose count is kept.
const WAITING_LIMIT: usize = 10_000;

/// How the pages are served.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Values of the `Host` header that are answered, with port, e.g. `127.0.0.1:8143`.
    pub hosts: Vec<String>,
    /// Whether the server is reached by HTTPS only: cookies become `Secure` and carry the `__Host-` prefix.
    pub is_secure: bool,
    /// The port, part of the cookie's name: cookies do not know ports, and two servers on one machine must not
    /// overwrite each other's.
    pub port: u16,
}

impl Settings {
    /// Settings for loopback: the names that mean this machine, with the given port.
    #[must_use]
    pub fn loopback(port: u16) -> Self {
        let hosts = ["127.0.0.1", "localhost", "[::1]"].map(|name| format!("{name}:{port}"));
        Self { hosts: hosts.to_vec(), is_secure: false, port }
    }
}

/// A clock, as given by the caller.
type Clock = dyn Fn() -> Timestamp + Send + Sync;
/// A source of 32 unguessable bytes, as given by the caller.
type Random = dyn Fn() -> [u8; 32] + Send + Sync;

/// Shared by all handlers; cheap to clone.
#[derive(Clone)]
pub struct WebState(Arc<Inner>);

struct Inner {
    source: Source,
    settings: Settings,
    sessions: Sessions,
    /// The program in which people sign in; none where pages are only for whoever started the server.
    accounts: Option<Arc<App>>,
    /// The checks, and what names this program in documents; needed to freeze an assessment.
    assessing: OnceLock<(Arc<Library>, String)>,
    clock: Box<Clock>,
    random: Box<Random>,
    /// Makes request ids of one process unlike those of another.
    instance: [u8; 32],
    requests: AtomicU64,
    /// How much waits for whom, and when that was counted: every page says so.
    waiting: Mutex<BTreeMap<ActorId, (Timestamp, usize)>>,
}

impl WebState {
    /// Makes the state. `clock` tells the time, `random` gives unguessable bytes for sessions.
    #[must_use]
    pub fn new(
        source: Source,
        settings: Settings,
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
        random: impl Fn() -> [u8; 32] + Send + Sync + 'static,
    ) -> Self {
        Self::make(source, settings, None, clock, random)
    }

    /// As [`Self::new`], for people who sign in with accounts of `app`, which must be open for writing.
    #[must_use]
    pub fn with_accounts(
        source: Source,
        settings: Settings,
        app: Arc<App>,
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
        random: impl Fn() -> [u8; 32] + Send + Sync + 'static,
    ) -> Self {
        Self::make(source, settings, Some(app), clock, random)
    }

    fn make(
        source: Source,
        settings: Settings,
        accounts: Option<Arc<App>>,
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
        random: impl Fn() -> [u8; 32] + Send + Sync + 'static,
    ) -> Self {
        let instance = random();
        Self(Arc::new(Inner {
            source,
            settings,
            accounts,
            sessions: Sessions::default(),
            assessing: OnceLock::new(),
            clock: Box::new(clock),
            random: Box::new(random),
            instance,
            requests: AtomicU64::new(0),
            waiting: Mutex::default(),
        }))
    }

    /// Lets members freeze assessments over these checks; `generator` names program and version in them.
    pub fn assess_with(&self, library: Arc<Library>, generator: &str) {
        // Said once, before anybody is served; a second word changes nothing.
        let _ = self.0.assessing.set((library, generator.to_owned()));
    }

    pub(crate) fn assessing(&self) -> Option<(&Library, &str)> {
        self.0.assessing.get().map(|(library, generator)| (library.as_ref(), generator.as_str()))
    }

    /// Lets `token`, 32 random bytes, open one session, and returns the path of its link: `/enter?token=…`.
    #[must_use]
    pub fn one_time_link(&self, token: &[u8; 32]) -> String {
        self.0.sessions.offer(token);
        format!("/enter?token={}", hex::encode(token))
    }

    pub(crate) fn source(&self) -> &Source {
        &self.0.source
    }

    pub(crate) fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.0.clock)()
    }

    pub(crate) fn random(&self) -> [u8; 32] {
        (self.0.random)()
    }

    pub(crate) fn is_secure(&self) -> bool {
        self.0.settings.is_secure
    }

    pub(crate) fn cookie_name(&self) -> String {
        let prefix = if self.is_secure() { "__Host-" } else { "" };
        format!("{prefix}tickmark-{}", self.0.settings.port)
    }

    pub(crate) fn accounts(&self) -> Option<&Arc<App>> {
        self.0.accounts.as_ref()
    }

    /// The cookie of a member's session.
    pub(crate) fn account_cookie(&self) -> String {
        if self.is_secure() {
            "__Host-tickmark".to_owned()
        } else {
            format!("tickmark-account-{}", self.0.settings.port)
        }
    }

    /// The cookie of forms of somebody who is not in yet.
    pub(crate) fn form_cookie(&self) -> String {
        let prefix = if self.is_secure() { "__Host-" } else { "" };
        format!("{prefix}tickmark-form-{}", self.0.settings.port)
    }

    /// The address of this server as others write it.
    pub(crate) fn address(&self) -> String {
        let scheme = if self.is_secure() { "https" } else { "http" };
        let host = self.0.settings.hosts.first().map_or("localhost", String::as_str);
        format!("{scheme}://{host}")
    }

    pub(crate) fn answers_for(&self, host: &str) -> bool {
        self.0.settings.hosts.iter().any(|known| known.eq_ignore_ascii_case(host))
    }

    /// Returns how much waits for somebody, if that was counted a moment ago.
    pub(crate) fn waiting(&self, actor: ActorId) -> Option<usize> {
        let waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, count) = waiting.get(&actor)?;
        let age = self.now().micros() - at.micros();
        (0..WAITING_US).contains(&age).then_some(*count)
    }

    /// Keeps how much waits for somebody.
    pub(crate) fn keep_waiting(&self, actor: ActorId, count: usize) {
        let now = self.now();
        let mut waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= WAITING_LIMIT {
            waiting.clear();
        }
        waiting.insert(actor, (now, count));
    }

    /// Forgets it for everybody: what one does is what others wait for.
    pub(crate) fn forget_waiting(&self) {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(crate) fn next_request_id(&self) -> String {
        let count = self.0.requests.fetch_add(1, Ordering::Relaxed);
        let mut seed = self.0.instance.to_vec();
        seed.extend_from_slice(&count.to_be_bytes());
        Digest::of(&seed).short()
    }
}

impl fmt::Debug for WebState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebState").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}
