//! The running program: what is open, and the one place where transactions begin and end.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tickmark_core::Timestamp;
use tickmark_store::{Access, Blobs, DataFolder, Database, Migrations, Server};
use uuid::Uuid;

use crate::context::{Cx, Refused, Told, View};
use crate::identity::KnownLabels;
use crate::identity::audit::{self, Event};
use crate::identity::credential::{Accounts, BrokenPasswords, Cost};
use crate::identity::provider::Known;
use crate::kept::Kept;
use crate::ledger::{Logs, Outside};
use crate::mail::MailSettings;
use crate::observation::Memories;
use crate::port::{Clock, Entropy};
use crate::turns::Turns;
use crate::{Actor, Result, register};

/// Bytes of evidence that an organization may have where nobody says so: 500 GB.
const QUOTA_BYTES: u64 = 500_000_000_000;
/// Checks that are tried at one time.
const TRIALS_AT_ONCE: usize = 1;
/// Checks that are tried or wait for it.
const TRIALS: usize = 4;
const TRIALS_BUSY: &str = "too many checks are tried at this moment; try again in a few seconds";

/// An open data folder with everything a use case needs.
#[derive(Debug)]
pub struct App {
    pub(crate) folder: DataFolder,
    pub(crate) database: Database,
    pub(crate) blobs: Blobs,
    pub(crate) logs: Logs,
    pub(crate) memories: Memories,
    pub(crate) register: register::Known,
    pub(crate) labels: KnownLabels,
    pub(crate) kept: Kept,
    outside: Arc<Outside>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    wrapping_keys: Option<PathBuf>,
    mail: Option<MailSettings>,
    chosen: Option<String>,
    quota_bytes: u64,
    pub(crate) accounts: Accounts,
    /// What identity providers said of themselves a moment ago.
    pub(crate) providers: Known,
    /// Trials of checks that people write: programs of somebody else.
    pub(crate) trials: Turns,
}

impl App {
    /// Opens the data folder: brings the schema up to date, checks the right edge of every log against its signed
    /// head and against what was released before, and sequences what a crash left pending.
    ///
    /// `server` is the address of a PostgreSQL; without one the database is a file in the folder.
    ///
    /// # Errors
    /// If anything cannot be opened, is damaged, or is behind what was released.
    pub async fn open(
        folder: DataFolder,
        server: Option<&str>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self> {
        Self::open_with(folder, server, clock, entropy, Outside::default()).await
    }

    /// As [`Self::open`], with places outside to which checkpoints go, and which are compared before anything is signed.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_with(
        folder: DataFolder,
        server: Option<&str>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        outside: Outside,
    ) -> Result<Self> {
        let app = Self::open_to_repair(folder, server, clock, entropy, outside).await?;
        app.recover().await?;
        app.bring_registers_up_to_date().await?;
        Ok(app)
    }

    /// Opens the data folder without looking at the logs, so that one that is behind what was released can be repaired.
    /// Nothing is signed before it is.
    ///
    /// # Errors
    /// If anything cannot be opened.
    pub async fn open_to_repair(
        folder: DataFolder,
        server: Option<&str>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        outside: Outside,
    ) -> Result<Self> {
        let access = folder.access();
        let database = match server {
            Some(url) => Database::open_postgres(url, access).await?,
            None => Database::open_sqlite(&folder.database(), access).await?,
        };
        let applied = Migrations::embedded().run(&database, &folder.backup(), clock.now().micros()).await?;
        tickmark_store::prove_tenants(&database).await?;
        if applied.is_empty() {
            database.check_integrity().await?;
        }
        let blobs = folder.objects().await?;
        Ok(Self::of(folder, database, blobs, clock, entropy, outside))
    }

    fn of(
        folder: DataFolder,
        database: Database,
        blobs: Blobs,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        outside: Outside,
    ) -> Self {
        Self {
            folder,
            database,
            blobs,
            logs: Logs::default(),
            memories: Memories::default(),
            register: register::Known::default(),
            labels: KnownLabels::default(),
            kept: Kept::default(),
            outside: Arc::new(outside),
            clock,
            entropy,
            wrapping_keys: None,
            mail: None,
            chosen: None,
            quota_bytes: QUOTA_BYTES,
            accounts: Accounts::default(),
            providers: Known::default(),
            trials: Turns::new(TRIALS_AT_ONCE, TRIALS, TRIALS_BUSY),
        }
    }

    /// Takes over opened parts, e.g. with objects kept elsewhere. The schema must be up to date.
    ///
    /// # Errors
    /// If a log is damaged, or behind what was released.
    pub async fn over(
        folder: DataFolder,
        database: Database,
        blobs: Blobs,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self> {
        let app = Self::of(folder, database, blobs, clock, entropy, Outside::default());
        app.recover().await?;
        Ok(app)
    }

    /// Takes the keys that wrap the keys of artifacts from a file of the operator instead of making them.
    pub fn take_wrapping_keys_from(&mut self, file: PathBuf) {
        self.wrapping_keys = Some(file);
    }

    /// Lets mail to people go out by a mail server.
    pub fn send_mail_by(&mut self, settings: MailSettings) {
        self.mail = Some(settings);
    }

    /// Says where people reach the pages; links in letters lead there.
    pub fn serve_at(&mut self, address: String) {
        if let Some(settings) = &mut self.mail {
            settings.address = Some(address);
        }
    }

    /// Says how many bytes of evidence an organization may have before files of people are refused.
    pub fn limit_evidence(&mut self, bytes: u64) {
        self.quota_bytes = bytes;
    }

    /// Returns how many bytes of evidence an organization may have.
    pub(crate) fn quota_bytes(&self) -> u64 {
        self.quota_bytes
    }

    /// Says which organization commands are about, by its name.
    pub fn work_in(&mut self, organization: String) {
        self.chosen = Some(organization);
    }

    /// Returns the name of the organization that commands are about, if one was said.
    pub(crate) fn chosen(&self) -> Option<&str> {
        self.chosen.as_deref()
    }

    /// Returns how mail to people goes out, if it does.
    pub(crate) fn mail(&self) -> Option<&MailSettings> {
        self.mail.as_ref()
    }

    /// Takes another cost for hashing passwords. Hashes of another cost are replaced when their owners sign in.
    pub fn set_password_cost(&mut self, cost: Cost) {
        self.accounts.set_cost(cost);
    }

    /// Refuses passwords that are known from accounts that were broken into.
    pub fn refuse_passwords_in(&mut self, broken: BrokenPasswords) {
        self.accounts.refuse(broken);
    }

    /// Returns the operator's file of wrapping keys, if there is one.
    pub(crate) fn wrapping_keys(&self) -> Option<&Path> {
        self.wrapping_keys.as_deref()
    }

    /// Runs a use case in one transaction. Rows and ledger entries are committed together, or not at all.
    ///
    /// Writers of one organization come one after another on both databases, so a use case may read, decide and
    /// write without anything changing in between.
    ///
    /// # Errors
    /// As `work`; then nothing was changed. If the commit itself fails it is not known whether it happened.
    pub async fn transact<T, F>(&self, actor: &Actor, work: F) -> Result<T>
    where
        F: AsyncFnOnce(&mut Cx<'_>) -> Result<T>,
    {
        let mut tx = self.database.write().await?;
        tx.take_turn(crate::identity::turn(actor.organization.key)?).await?;
        let mut cx = Cx::new(self, actor, tx);
        cx.confine().await?;
        match work(&mut cx).await {
            Ok(answer) => {
                let told = cx.take_told();
                cx.commit().await?;
                self.record_told(&told).await;
                Ok(answer)
            }
            Err(error) => {
                let refused = cx.take_refused();
                cx.rollback().await;
                self.record_refused(actor, &refused).await;
                Err(error)
            }
        }
    }

    /// Runs queries on one snapshot.
    ///
    /// # Errors
    /// As `work`.
    pub async fn read<T, F>(&self, actor: &Actor, work: F) -> Result<T>
    where
        F: AsyncFnOnce(&mut View<'_>) -> Result<T>,
    {
        let moment = self.database.moment();
        let tx = self.database.read().await?;
        let mut view = View::new(self, actor, tx, moment);
        view.confine().await?;
        let answer = work(&mut view).await;
        let refused = view.take_refused();
        view.end().await;
        self.record_refused(actor, &refused).await;
        answer
    }

    /// Records what somebody asked for and was not given. What they attempted was rolled back or only looked, so this
    /// is a transaction of its own. They stay refused when it fails; the log of the program has it then.
    async fn record_refused(&self, actor: &Actor, refused: &[Refused]) {
        if refused.is_empty() {
            return;
        }
        let recorded = async {
            let mut tx = self.database.write().await?;
            tx.take_turn(crate::identity::turn(actor.organization.key)?).await?;
            let mut cx = Cx::new(self, actor, tx);
            cx.confine().await?;
            for one in refused {
                crate::identity::audit::record_refused(&mut cx, one).await?;
            }
            cx.commit().await
        };
        if let Err(error) = recorded.await {
            tracing::error!(actor = %actor.id, ?refused, %error, "a refusal could not be recorded");
        }
    }

    /// Records in other organizations what happened to somebody who is there as well, by the hand of the program: who did
    /// it is no matter of theirs. Each is a transaction of its own, as writers of an organization come one after another.
    async fn record_told(&self, told: &[Told]) {
        for one in told {
            let recorded = async {
                let organizations = self.organizations().await?;
                let found = organizations.into_iter().find(|there| there.key == one.organization);
                let Some(organization) = found else { return Ok(()) };
                let program = self.program_of(organization).await?;
                let mut tx = self.database.write().await?;
                tx.take_turn(crate::identity::turn(one.organization)?).await?;
                let mut cx = Cx::new(self, &program, tx);
                cx.confine().await?;
                let after = Some(one.after.clone());
                let event = Event { after, ..Event::done(one.name, "member", one.membership) };
                audit::record(&mut cx, event).await?;
                cx.commit().await
            };
            if let Err(error) = recorded.await {
                tracing::error!(event = one.name.word(), member = %one.membership, %error, "another organization is not told");
            }
        }
    }

    /// Returns where checkpoints go.
    #[must_use]
    pub fn outside(&self) -> Arc<Outside> {
        Arc::clone(&self.outside)
    }

    /// Returns the data folder.
    #[must_use]
    pub fn folder(&self) -> &DataFolder {
        &self.folder
    }

    /// Returns the stored objects.
    #[must_use]
    pub fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// Returns the present moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Returns random bytes.
    #[must_use]
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes);
        bytes
    }

    /// Makes a time-ordered id (UUID version 7).
    #[must_use]
    pub fn new_id(&self, now: Timestamp) -> Uuid {
        let millis = u64::try_from(now.micros().div_euclid(1000)).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &self.random()).into_uuid()
    }

    /// Tells whether this program may write.
    #[must_use]
    pub fn may_write(&self) -> bool {
        self.database.access() == Access::Write
    }

    /// Asks the database server how it keeps what it acknowledged; none is asked where the database is a file.
    ///
    /// # Errors
    /// If it does not answer.
    pub async fn server(&self) -> Result<Option<Server>> {
        Ok(self.database.server().await?)
    }

    /// Closes the connections to the database.
    pub async fn close(&self) {
        self.database.close().await;
    }
}
