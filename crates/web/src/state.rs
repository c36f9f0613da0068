//! What all handlers share.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use axum::Router;
use tickmark_app::identity::{session, setting};
use tickmark_app::port::Renderer;
use tickmark_app::report::Library;
use tickmark_app::turns::Turns;
use tickmark_app::{Actor, App};
use tickmark_core::id::{ActorId, OrganizationKey};
use tickmark_core::time::SECOND_US;
use tickmark_core::zone::Reading;
use tickmark_core::{Digest, Timestamp};

use crate::api::call::UnderWay;
use crate::api::limit::{Limits, REQUESTS};
use crate::error::Refusal;
use crate::session::Sessions;
use crate::source::Source;
use crate::waiting::Waiting;

/// For how long it is known where else somebody is, in microseconds.
const PLACES_US: i64 = 60 * SECOND_US;
/// People of whom it is known.
const PLACES_LIMIT: usize = 10_000;

/// Documents that are set at one time.
const SET_AT_ONCE: usize = 2;
/// Documents that are set or wait for it.
const SETTING: usize = 12;
const SETTING_BUSY: &str = "too many documents are made at this moment; try again in a few seconds";

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
    /// How many requests of one token or session the API takes in a minute.
    pub requests_a_minute: u32,
}

impl Settings {
    /// Settings for loopback: the names that mean this machine, with the given port.
    #[must_use]
    pub fn loopback(port: u16) -> Self {
        let hosts = ["127.0.0.1", "localhost", "[::1]"].map(|name| format!("{name}:{port}"));
        Self { hosts: hosts.to_vec(), is_secure: false, port, requests_a_minute: REQUESTS }
    }
}

/// Where else somebody is, as id and name, and when that was looked up.
type Elsewhere = (Timestamp, Vec<(String, String)>);
/// A clock, as given by the caller.
type Clock = dyn Fn() -> Timestamp + Send + Sync;
/// A source of 32 unguessable bytes, as given by the caller.
type Random = dyn Fn() -> [u8; 32] + Send + Sync;

/// Shared by all handlers; cheap to clone.
#[derive(Clone)]
pub struct WebState {
    inner: Arc<Inner>,
    source: Source,
}

struct Inner {
    settings: Settings,
    sessions: Sessions,
    /// The program in which people sign in; none where pages are only for whoever started the server.
    accounts: Option<Arc<App>>,
    /// The checks, and what names this program in documents; needed to freeze an assessment.
    assessing: OnceLock<(Arc<Library>, String)>,
    /// What sets documents.
    documents: OnceLock<Arc<dyn Renderer>>,
    /// Turns for setting them.
    setting: Turns,
    clock: Box<Clock>,
    random: Box<Random>,
    /// Makes request ids of one process unlike those of another.
    instance: [u8; 32],
    requests: AtomicU64,
    waiting: Arc<Waiting>,
    /// Where else people are, and when that was looked up.
    places: Mutex<BTreeMap<ActorId, Elsewhere>>,
    limits: Limits,
    under_way: UnderWay,
    /// What answers in organizations other than the one whose source this is.
    others: Mutex<BTreeMap<OrganizationKey, Router>>,
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
        let inner = Inner {
            limits: Limits::new(settings.requests_a_minute),
            settings,
            accounts,
            sessions: Sessions::default(),
            assessing: OnceLock::new(),
            documents: OnceLock::new(),
            setting: Turns::new(SET_AT_ONCE, SETTING, SETTING_BUSY),
            clock: Box::new(clock),
            random: Box::new(random),
            instance,
            requests: AtomicU64::new(0),
            waiting: Arc::default(),
            places: Mutex::default(),
            under_way: UnderWay::default(),
            others: Mutex::default(),
        };
        Self { inner: Arc::new(inner), source }
    }

    /// Lets members freeze assessments over these checks; `generator` names program and version in them.
    pub fn assess_with(&self, library: Arc<Library>, generator: &str) {
        // Said once, before anybody is served; a second word changes nothing.
        let _ = self.inner.assessing.set((library, generator.to_owned()));
    }

    pub(crate) fn assessing(&self) -> Option<(&Library, &str)> {
        self.inner.assessing.get().map(|(library, generator)| (library.as_ref(), generator.as_str()))
    }

    /// Lets members take documents out, set by this.
    pub fn set_with(&self, documents: Arc<dyn Renderer>) {
        // As above.
        let _ = self.inner.documents.set(documents);
    }

    pub(crate) fn documents(&self) -> Option<Arc<dyn Renderer>> {
        self.inner.documents.get().cloned()
    }

    /// Lets `token`, 32 random bytes, open one session, and returns the path of its link: `/enter?token=…`.
    #[must_use]
    pub fn one_time_link(&self, token: &[u8; 32]) -> String {
        self.inner.sessions.offer(token);
        format!("/enter?token={}", hex::encode(token))
    }

    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    /// Turns for making documents, which keep a core for a while.
    pub(crate) fn setting(&self) -> &Turns {
        &self.inner.setting
    }

    /// Returns what answers in the organization of a member: none where that is the one of this state.
    ///
    /// Pages read as the program does in one organization, so a member of another one must never come to them.
    pub(crate) async fn elsewhere(&self, actor: &Actor) -> Result<Option<Router>, Refusal> {
        let Some(app) = self.accounts() else { return Ok(None) };
        let key = actor.organization.key;
        if self.source.organization() == Some(key) {
            return Ok(None);
        }
        if let Some(known) = self.others().get(&key) {
            return Ok(Some(known.clone()));
        }
        let program = app.program(&actor.organization).await?;
        let source = self.source.of(program).ok_or(Refusal::NotFound)?;
        let router = crate::serving(Self { inner: Arc::clone(&self.inner), source });
        self.others().insert(key, router.clone());
        Ok(Some(router))
    }

    fn others(&self) -> MutexGuard<'_, BTreeMap<OrganizationKey, Router>> {
        // The map is whole after any single insertion.
        self.inner.others.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many requests the API takes.
    pub(crate) fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// What programs are having done right now.
    pub(crate) fn under_way(&self) -> &UnderWay {
        &self.inner.under_way
    }

    pub(crate) fn sessions(&self) -> &Sessions {
        &self.inner.sessions
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.inner.clock)()
    }

    pub(crate) fn random(&self) -> [u8; 32] {
        (self.inner.random)()
    }

    pub(crate) fn is_secure(&self) -> bool {
        self.inner.settings.is_secure
    }

    pub(crate) fn cookie_name(&self) -> String {
        let prefix = if self.is_secure() { "__Host-" } else { "" };
        format!("{prefix}tickmark-{}", self.inner.settings.port)
    }

    pub(crate) fn accounts(&self) -> Option<&Arc<App>> {
        self.inner.accounts.as_ref()
    }

    /// The cookie of a member's session.
    pub(crate) fn account_cookie(&self) -> String {
        if self.is_secure() {
            "__Host-tickmark".to_owned()
        } else {
            format!("tickmark-account-{}", self.inner.settings.port)
        }
    }

    /// The cookie of forms of somebody who is not in yet.
    pub(crate) fn form_cookie(&self) -> String {
        let prefix = if self.is_secure() { "__Host-" } else { "" };
        format!("{prefix}tickmark-form-{}", self.inner.settings.port)
    }

    /// The address of this server as others write it.
    pub(crate) fn address(&self) -> String {
        let scheme = if self.is_secure() { "https" } else { "http" };
        let host = self.inner.settings.hosts.first().map_or("localhost", String::as_str);
        format!("{scheme}://{host}")
    }

    /// Returns scheme and host of the one address at which browsers have passkeys for this server: by HTTPS under a name, or
    /// on this machine itself.
    pub(crate) fn passkey_host(&self) -> Option<(&'static str, String)> {
        let hosts = &self.inner.settings.hosts;
        if self.is_secure() {
            let host = hosts.first().filter(|host| crate::identity::passkey::is_name(host))?;
            return Some(("https", host.to_lowercase()));
        }
        let host = hosts.iter().find(|host| *host == "localhost" || host.starts_with("localhost:"))?;
        Some(("http", host.clone()))
    }

    pub(crate) fn answers_for(&self, host: &str) -> bool {
        self.inner.settings.hosts.iter().any(|known| known.eq_ignore_ascii_case(host))
    }

    /// How much waits for whom.
    pub(crate) fn waiting(&self) -> &Arc<Waiting> {
        &self.inner.waiting
    }

    /// Returns where and how somebody reads times. A page is not kept back because that is not known.
    pub(crate) async fn reading(&self, actor: &Actor) -> Reading {
        let Some(app) = self.accounts() else { return Reading::default() };
        let found = app.read(actor, async |view| setting::reading(view).await).await;
        found.unwrap_or_else(|error| {
            tracing::warn!(%error, "times are shown in UTC");
            Reading::default()
        })
    }

    /// Returns to which other organizations somebody can go, as id and name.
    pub(crate) async fn places(&self, app: &App, actor: &Actor) -> Result<Vec<(String, String)>, Refusal> {
        let now = self.now();
        let known = self.known_places().get(&actor.id).cloned();
        if let Some((at, places)) = known
            && (0..PLACES_US).contains(&(now.micros() - at.micros()))
        {
            return Ok(places);
        }
        let all = app.read(actor, async |view| session::places(view).await).await?;
        let others = all.into_iter().filter(|place| !place.is_here);
        let places: Vec<(String, String)> = others.map(|place| (place.id.to_string(), place.name)).collect();
        let mut known = self.known_places();
        if known.len() >= PLACES_LIMIT {
            known.clear();
        }
        known.insert(actor.id, (now, places.clone()));
        Ok(places)
    }

    fn known_places(&self) -> MutexGuard<'_, BTreeMap<ActorId, Elsewhere>> {
        self.inner.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that somebody did something: what one does is what others wait for.
    pub(crate) fn was_done(&self, by: Option<ActorId>) {
        self.inner.waiting.was_done(by);
        self.known_places().clear();
    }

    pub(crate) fn next_request_id(&self) -> String {
        let count = self.inner.requests.fetch_add(1, Ordering::Relaxed);
        let mut seed = self.inner.instance.to_vec();
        seed.extend_from_slice(&count.to_be_bytes());
        Digest::of(&seed).short()
    }
}

impl fmt::Debug for WebState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebState").field("settings", &self.inner.settings).finish_non_exhaustive()
    }
}
