//! The command line as text: what `--help`, the man page and shell completions are made from.

pub(crate) mod people;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

const EXAMPLES: &str = "\
Examples:
  tickmark quickstart                      look at this machine, write everything, open the pages
  tickmark quickstart --no-serve           the same without pages, for scripts
  tickmark collect && tickmark status      look again; what is failing, what could not be seen
  tickmark checks show ssh-root-login-disabled
  tickmark catalog show CC6.1
  tickmark assess set NET-01 implemented partly --by \"Ada Byron\" --reason \"IPv6 is open\"
  tickmark bundle export && tickmark verify tickmark-data/out/bundle.zip

Exit status:
  0  done; for verify and tests: everything holds
  1  done, and the answer is no: something does not verify, a check's test fails
  2  the command line or the input cannot be read
  3  it could not be done: data folder in use, disk, database, permission";

/// Evidence, tests of controls and reports for SOC 1, SOC 2 and SOC 3.
#[derive(Debug, Parser)]
#[command(name = "tickmark", version, after_help = EXAMPLES, max_term_width = 110)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// What every command takes.
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Options of every command.
#[derive(Clone, Debug, Args)]
pub(crate) struct Common {
    /// Data folder: database, evidence, keys, your own checks, output.
    #[arg(long, global = true, value_name = "DIR", env = "TICKMARK_DATA", default_value = "tickmark-data")]
    pub(crate) data: PathBuf,
    /// Answer as JSON on standard output.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Colour.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
    /// Say less: no progress, no advice.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On terminals, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Look at this machine, test it, write report, matrix and bundle, then serve the pages.
    Quickstart(Quickstart),
    /// Create a fictional company with a year behind it, to look around in.
    Example(Example),
    /// Create a data folder: database, signing key, organization, starter controls as drafts.
    Init(Init),
    /// Look at this machine and test what was found.
    Collect(Collect),
    /// List, show, test and write checks.
    #[command(subcommand)]
    Checks(Checks),
    /// What is failing, what could not be seen, where the program stands.
    Status,
    /// Readiness: the four questions per control, decided by people.
    #[command(subcommand)]
    Assess(Assess),
    /// Waivers: exceptions to checks that a person approves for a time. They stand beside verdicts and change none.
    Waive(Waive),
    /// Failures with both bounds, what was not looked at, and the index over it.
    #[command(subcommand)]
    History(History),
    /// Compute past verdicts again from the facts, check version and moment they rest on.
    Replay(Replay),
    /// Controls: put one in force under a named owner, retire one.
    #[command(subcommand)]
    Control(Control),
    /// Record that a control was performed, with what shows it.
    Perform(Perform),
    /// Populations: everything a trigger produced, imported as a list, frozen, with results per item.
    #[command(subcommand)]
    Population(Population),
    /// Controls over a period: deviations, what could not be seen, what is due.
    Period(Period),
    /// Write the readiness report and the control matrix.
    Report(Report),
    /// Evidence bundles for people who do not trust this program.
    #[command(subcommand)]
    Bundle(Bundle),
    /// Verify a bundle, offline.
    Verify(Verify),
    /// The transparency log: show, prove, check, export.
    #[command(subcommand)]
    Ledger(Ledger),
    /// Stored evidence: show, erase, keep, prune, its keys.
    #[command(subcommand)]
    Evidence(Evidence),
    /// Criteria, points of focus, starter controls, mappings.
    #[command(subcommand)]
    Catalog(Catalog),
    /// Accounts: who is in the organization, as what.
    #[command(subcommand)]
    People(people::People),
    /// Serve the pages on loopback behind a one-time link, or with accounts.
    Serve(ServeTo),
    /// Print shell completions.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Print the man page.
    Man,
}

/// `tickmark quickstart`
#[derive(Debug, Args)]
pub(crate) struct Quickstart {
    /// Stop before serving the pages.
    #[arg(long)]
    pub(crate) no_serve: bool,
    #[command(flatten)]
    pub(crate) init: Init,
    #[command(flatten)]
    pub(crate) collect: Collect,
    #[command(flatten)]
    pub(crate) serve: Serve,
}

/// `tickmark example`
#[derive(Debug, Args)]
pub(crate) struct Example {
    /// Number that everything is drawn from; the same number gives the same company.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Hosts on the first day; two more join and one leaves.
    #[arg(long, value_name = "N", default_value_t = 24)]
    pub(crate) targets: u32,
    /// Length of its history in days.
    #[arg(long, value_name = "N", default_value_t = tickmark_app::example::YEAR_DAYS)]
    pub(crate) days: u32,
    /// Move what is in the data folder aside, and make the example in its place. Nothing is deleted.
    #[arg(long)]
    pub(crate) replace: bool,
    /// Stop before serving the pages.
    #[arg(long)]
    pub(crate) no_serve: bool,
    #[command(flatten)]
    pub(crate) serve: Serve,
}

/// `tickmark init`
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Name of the organization.
    #[arg(long, value_name = "NAME", default_value = "My organization")]
    pub(crate) organization: String,
    /// Name of the system that a report would describe.
    #[arg(long, value_name = "NAME", default_value = "My system")]
    pub(crate) system: String,
}

/// `tickmark collect`
#[derive(Debug, Args)]
pub(crate) struct Collect {
    /// Leave out the simulated upgrade (pending updates).
    #[arg(long)]
    pub(crate) no_updates: bool,
    /// Leave out the bounded file walk (set-id and world-writable files).
    #[arg(long)]
    pub(crate) no_walk: bool,
}

/// Where the pages are served.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Port on 127.0.0.1; 0 takes a free one.
    #[arg(long, value_name = "PORT", default_value_t = 7474)]
    pub(crate) port: u16,
}

/// `tickmark serve`
#[derive(Debug, Args)]
pub(crate) struct ServeTo {
    /// Where.
    #[command(flatten)]
    pub(crate) serve: Serve,
    /// Let people sign in with accounts of their own. The data folder is then opened for writing: nothing else writes
    /// to it while the server runs.
    #[arg(long)]
    pub(crate) accounts: bool,
    /// With accounts: the address that people use, where a proxy on this machine does HTTPS, e.g.
    /// `https://tickmark.example.com`.
    #[arg(long, value_name = "URL", requires = "accounts")]
    pub(crate) url: Option<String>,
}

/// `tickmark checks`
#[derive(Debug, Subcommand)]
pub(crate) enum Checks {
    /// List all checks with what they say now.
    List {
        /// Only this group, e.g. `ssh`.
        #[arg(long)]
        group: Option<String>,
    },
    /// Show one check: what it asserts, its logic, its parameters, what it says now and why.
    Show {
        /// Check id, e.g. `ssh-root-login-disabled`.
        id: String,
    },
    /// Run the tests of checks, on the bytecode machine and again in the interpreter.
    Test {
        /// Only these checks.
        ids: Vec<String>,
    },
    /// Write a new check folder with tests that pass, to start from.
    New {
        /// Check id in kebab case, worded as the passing state, e.g. `app-debug-off`.
        id: String,
        /// Title, worded as the passing state.
        #[arg(long)]
        title: Option<String>,
        /// Folder that will hold it; `DATA/checks` when left out.
        #[arg(long, value_name = "DIR")]
        folder: Option<PathBuf>,
    },
    /// Print the JSON Schema of facts that checks read.
    Schema,
}

/// `tickmark assess`
#[derive(Debug, Subcommand)]
pub(crate) enum Assess {
    /// Show answers and suggestions, per control or per criterion.
    Show {
        /// Control or criterion id; all when left out.
        id: Option<String>,
    },
    /// Record a person's answer to one question about one control.
    Set {
        /// Control id, e.g. `NET-01`.
        control: String,
        /// Which of the four questions.
        question: Question,
        /// The answer.
        answer: AnswerWord,
        /// Who decides: a person's name.
        #[arg(long)]
        by: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Freeze the present state as a snapshot.
    Snapshot {
        /// Who takes it.
        #[arg(long)]
        by: String,
    },
    /// List the snapshots, newest first.
    List,
    /// Compare two snapshots: what changed, and why.
    Compare {
        /// Number of the earlier one.
        before: i64,
        /// Number of the later one.
        after: i64,
    },
}

/// `tickmark control`
#[derive(Debug, Subcommand)]
pub(crate) enum Control {
    /// Put a draft in force: from now on it is promised, and due.
    Start {
        /// Control id, e.g. `NET-01`.
        control: String,
        /// The person who answers for it.
        #[arg(long, value_name = "NAME")]
        owner: String,
    },
    /// Take a control out of force.
    Retire {
        /// Control id.
        control: String,
        /// Who decides: a person's name.
        #[arg(long)]
        by: String,
    },
    /// Say when a control is due, where that is not what its frequency usually means.
    Schedule {
        /// Control id.
        control: String,
        /// How often, e.g. `monthly`.
        #[arg(long)]
        every: String,
        /// Days after the window within which it is still on time.
        #[arg(long, value_name = "DAYS")]
        grace: Option<u32>,
        /// Due on weekends as well; for daily controls.
        #[arg(long)]
        all_days: bool,
    },
}

/// `tickmark perform`
#[derive(Debug, Args)]
pub(crate) struct Perform {
    /// Control id, e.g. `IAM-07`.
    pub(crate) control: String,
    /// Window it is for, e.g. `2026-Q4`; that in which it was done when left out.
    #[arg(long, value_name = "WINDOW")]
    pub(crate) window: Option<String>,
    /// File that shows it; may be given again.
    #[arg(long, value_name = "FILE", required = true)]
    pub(crate) evidence: Vec<PathBuf>,
    /// Who did it: a person's name.
    #[arg(long)]
    pub(crate) by: String,
    /// When it was done: a day or a moment; now when left out.
    #[arg(long, value_name = "WHEN")]
    pub(crate) at: Option<String>,
    /// What there is to say.
    #[arg(long, default_value = "")]
    pub(crate) note: String,
}

/// `tickmark population`
#[derive(Debug, Subcommand)]
pub(crate) enum Population {
    /// Say what a list will be about and what is asked of each item, before there is one.
    Define {
        /// Control id, e.g. `CHG-02`.
        control: String,
        /// Title.
        #[arg(long)]
        title: String,
        /// What produces an item; as the control says when left out.
        #[arg(long)]
        trigger: Option<String>,
        /// First day covered.
        #[arg(long, value_name = "DAY")]
        from: String,
        /// Last day covered.
        #[arg(long, value_name = "DAY")]
        to: String,
        /// What is asked, as `name: what must hold: what counts as a deviation`; may be given again.
        #[arg(long, value_name = "TEXT", required = true)]
        attribute: Vec<String>,
    },
    /// Import the list as CSV: key, occurred_at, one column per attribute, note. All rows or none.
    Import(PopulationImport),
    /// Freeze the list: from here on its items do not change.
    Freeze {
        /// Control id.
        control: String,
        /// Number of the population, if the control has several that are open.
        #[arg(long, value_name = "NUMBER")]
        population: Option<i64>,
        /// File that shows that nothing happened, for a list without items.
        #[arg(long, value_name = "FILE", requires = "by")]
        zero: Option<PathBuf>,
        /// Who confirms that nothing happened: a person's name.
        #[arg(long)]
        by: Option<String>,
    },
    /// List populations with their deviations.
    List {
        /// Only those of this control.
        control: Option<String>,
    },
}

/// `tickmark population import`
#[derive(Debug, Args)]
pub(crate) struct PopulationImport {
    /// Control id.
    pub(crate) control: String,
    /// The list.
    pub(crate) file: PathBuf,
    /// Number of the population, if the control has several that are open.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) population: Option<i64>,
    /// System of record the list comes from.
    #[arg(long)]
    pub(crate) source: String,
    /// Report name, or the exact query.
    #[arg(long)]
    pub(crate) query: String,
    /// Parameters and filters.
    #[arg(long, default_value = "")]
    pub(crate) parameters: String,
    /// Time zone of the list's moments.
    #[arg(long, default_value = "UTC")]
    pub(crate) time_zone: String,
    /// Who ran it.
    #[arg(long, value_name = "NAME")]
    pub(crate) run_by: String,
    /// When it was run: a day or a moment; now when left out.
    #[arg(long, value_name = "WHEN")]
    pub(crate) run_at: Option<String>,
    /// Rows as the source counts them.
    #[arg(long, value_name = "COUNT")]
    pub(crate) rows: u64,
    /// A total that can be compared with the source.
    #[arg(long, default_value = "", value_name = "TOTAL")]
    pub(crate) control_total: String,
    /// How completeness was checked.
    #[arg(long, default_value = "")]
    pub(crate) completeness: String,
    /// How accuracy was checked.
    #[arg(long, default_value = "")]
    pub(crate) accuracy: String,
}

/// `tickmark period`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Period {
    #[command(subcommand)]
    pub(crate) ends: Option<PeriodEnds>,
    /// Only this control, down to its deviations.
    pub(crate) control: Option<String>,
    /// First day; a year before the last when left out.
    #[arg(long, value_name = "DAY")]
    pub(crate) from: Option<String>,
    /// Last day; today when left out.
    #[arg(long, value_name = "DAY")]
    pub(crate) to: Option<String>,
}

/// Where a period begins and ends in the ledger.
#[derive(Debug, Subcommand)]
pub(crate) enum PeriodEnds {
    /// Open a period in the ledger: what is recorded from now on cannot be left out of its bundle.
    Open {
        /// First day.
        #[arg(long, value_name = "DAY")]
        from: String,
        /// Last day.
        #[arg(long, value_name = "DAY")]
        to: String,
    },
    /// Close a period that is over, and have it timestamped.
    Close {
        /// Number of the period; the only open one when left out.
        number: Option<i64>,
    },
    /// List the periods that were opened.
    Ends,
}

/// The four questions of a readiness assessment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Question {
    /// Written down; would meet the criterion if run.
    Designed,
    /// In place: at least one real instance seen.
    Implemented,
    /// Ran as designed over the period.
    Operating,
    /// Evidence complete, dated, attributable, retrievable.
    Evidenced,
}

/// The answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AnswerWord {
    /// Yes.
    Yes,
    /// Partly.
    Partly,
    /// No.
    No,
    /// Take the answer back.
    NotAssessed,
}

/// `tickmark history`
#[derive(Debug, Subcommand)]
pub(crate) enum History {
    /// List what failed where, and between which looks it began and ended.
    Failures {
        /// Days to look back.
        #[arg(long, default_value_t = 365)]
        days: u32,
    },
    /// List who was not looked at, and when.
    Gaps {
        /// Days to look back.
        #[arg(long, default_value_t = 365)]
        days: u32,
    },
    /// Make the index of intervals again from the blocks that the ledger commits to.
    Rebuild,
}

/// `tickmark replay`
#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// Check id, e.g. `ssh-root-login-disabled`.
    #[arg(required_unless_present = "all")]
    pub(crate) check: Option<String>,
    /// Target, by name or number.
    #[arg(required_unless_present = "all")]
    pub(crate) target: Option<String>,
    /// The moment, e.g. 2026-11-24T14:45:00Z; now when left out.
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    /// Every recorded verdict, with a count.
    #[arg(long, conflicts_with_all = ["check", "target", "at"])]
    pub(crate) all: bool,
    /// With `--all`: only verdicts that began on this day (UTC) or later.
    #[arg(long, value_name = "DATE", requires = "all")]
    pub(crate) since: Option<String>,
}

/// `tickmark waive`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Waive {
    #[command(subcommand)]
    pub(crate) other: Option<WaiveOther>,
    #[command(flatten)]
    pub(crate) grant: Option<WaiveGrant>,
}

/// `tickmark waive CHECK`
#[derive(Debug, Args)]
pub(crate) struct WaiveGrant {
    /// Check id, e.g. `ssh-root-login-disabled`.
    pub(crate) check: String,
    /// Only this target, by name or number; may be given again. All targets of the check when left out.
    #[arg(long, value_name = "TARGET")]
    pub(crate) target: Vec<String>,
    /// Why the check cannot be met.
    #[arg(long)]
    pub(crate) reason: String,
    /// What can happen meanwhile.
    #[arg(long)]
    pub(crate) risk: String,
    /// What is done instead.
    #[arg(long)]
    pub(crate) compensation: String,
    /// Who approves: a person's name.
    #[arg(long, value_name = "NAME")]
    pub(crate) approved_by: String,
    /// Who asks, when that is somebody else.
    #[arg(long, value_name = "NAME")]
    pub(crate) requested_by: Option<String>,
    /// Why who asks may approve as well.
    #[arg(long, default_value = "")]
    pub(crate) note: String,
    /// Last day on which it holds (UTC), e.g. 2027-03-31; at most a year ahead.
    #[arg(long, value_name = "DATE")]
    pub(crate) until: String,
}

/// The other commands of `tickmark waive`.
#[derive(Debug, Subcommand)]
pub(crate) enum WaiveOther {
    /// List waivers, those that expired or were revoked included.
    List,
    /// Take a waiver back from now on.
    Revoke {
        /// Number of the waiver.
        id: i64,
        /// Who decides: a person's name.
        #[arg(long)]
        by: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

/// `tickmark report`
#[derive(Debug, Args)]
pub(crate) struct Report {
    /// Folder to write into; `DATA/out` when left out.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// `tickmark bundle`
#[derive(Debug, Subcommand)]
pub(crate) enum Bundle {
    /// Write everything that proves the present state into one ZIP.
    Export {
        /// File to write; `DATA/out/bundle.zip` when left out.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// First day of the period that the bundle is about; needs --to.
        #[arg(long, value_name = "DATE", requires = "to")]
        from: Option<String>,
        /// Last day of the period, UTC.
        #[arg(long, value_name = "DATE", requires = "from")]
        to: Option<String>,
    },
}

/// `tickmark verify`
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The bundle.
    pub(crate) bundle: PathBuf,
    /// Key that must have signed, in the form printed by `tickmark ledger key`.
    #[arg(long, value_name = "VKEY")]
    pub(crate) key: Option<String>,
    /// A tlog-policy file instead: several keys, witnesses, a quorum.
    #[arg(long, value_name = "FILE", conflicts_with = "key")]
    pub(crate) policy: Option<PathBuf>,
    /// A checkpoint of this log that you kept from an earlier bundle; shows a rewritten or shortened log. Repeatable.
    #[arg(long, value_name = "FILE")]
    pub(crate) held: Vec<PathBuf>,
    /// Root certificates (PEM) of time-stamping authorities that count. Repeatable.
    #[arg(long, value_name = "FILE")]
    pub(crate) tsa_root: Vec<PathBuf>,
    /// Revocation lists (PEM or DER) of those who issued the authorities' certificates. Repeatable.
    #[arg(long, value_name = "FILE")]
    pub(crate) tsa_crl: Vec<PathBuf>,
}

/// `tickmark ledger`
#[derive(Debug, Subcommand)]
pub(crate) enum Ledger {
    /// Show size, root, checkpoint and the newest leaves.
    Show {
        /// How many leaves.
        #[arg(long, default_value_t = 10)]
        last: u64,
    },
    /// Print the public key that signs checkpoints.
    Key,
    /// Print one leaf and the proof that it is included.
    Prove {
        /// Index, counted from 0.
        index: u64,
    },
    /// Prove that the log at an older size is a prefix of the log now.
    Consistency {
        /// The older size.
        old: u64,
        /// The root at that size as base64, to be checked against.
        #[arg(long)]
        root: Option<String>,
    },
    /// Rehash every stored leaf, tile and artifact and compare.
    Fsck,
    /// Bring the newest checkpoint to the folders, addresses, mailboxes and witnesses of the settings.
    Publish,
    /// Ask the time-stamping authorities of the settings for a timestamp over the newest checkpoint.
    Anchor,
    /// Show what of the log left the building: deliveries, timestamps, cosignatures, keys.
    Outside,
    /// Replace the signing key: both keys sign until `--finish`.
    RotateKey {
        /// End the overlap and destroy the old private key.
        #[arg(long)]
        finish: bool,
    },
    /// End the trust in the signing key: the log goes on in a new epoch with a new key.
    RevokeKey {
        /// What happened to it.
        #[arg(long)]
        cause: RevocationCause,
        /// Why, for people; the log holds a commitment to it.
        #[arg(long)]
        reason: String,
    },
    /// Take entries that a restored database lacks from an exported log.
    Recover {
        /// Folder of the exported log.
        #[arg(long, value_name = "DIR")]
        from: PathBuf,
    },
    /// Go on in a new epoch after a database was restored that is older than what was signed.
    NewEpoch {
        /// Why, for people; the log holds a commitment to it.
        #[arg(long)]
        reason: String,
    },
    /// Cosign somebody else's log: answers `add-checkpoint` requests until stopped.
    Witness {
        /// Folder with the witness' key and what it remembers; made if it is not there. Never restore it from a copy.
        #[arg(long, value_name = "DIR")]
        state: PathBuf,
        /// Name of the witness' key, e.g. `auditor.example/witness`; needed the first time.
        #[arg(long)]
        name: Option<String>,
        /// Key of a log to watch, in the form printed by `tickmark ledger key`; may be given several times.
        #[arg(long, value_name = "VKEY", required = true)]
        log: Vec<String>,
        /// Where to listen.
        #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8081")]
        listen: String,
    },
    /// Write the log as C2SP tiles.
    Export {
        /// Folder; `DATA/out/log` when left out.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

/// `tickmark evidence`
#[derive(Debug, Subcommand)]
pub(crate) enum Evidence {
    /// List artifacts with how they are kept.
    List {
        /// Only those with a larger number.
        #[arg(long, default_value_t = 0, value_name = "NUMBER")]
        after: i64,
        /// How many.
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// Print the content of an artifact.
    Show {
        /// Its number.
        artifact: i64,
    },
    /// Erase content for which somebody has a right to erasure. The ledger keeps that it existed, and says it is gone.
    Erase {
        /// Number of one artifact, or digest of stored bytes for every artifact with this content.
        artifact: String,
        /// On which legal basis, in words. Kept beside the ledger, which has a commitment to it.
        #[arg(long)]
        basis: String,
        /// Who approves: a person's name.
        #[arg(long)]
        by: String,
    },
    /// Show what is kept longer than its retention class says; delete it with `--apply`.
    Prune {
        /// Delete it.
        #[arg(long)]
        apply: bool,
    },
    /// List retention classes, or set how long one is kept after another artifact took its place.
    Retention {
        /// The class.
        #[arg(requires = "days")]
        class: Option<String>,
        /// Days.
        #[arg(requires = "by")]
        days: Option<u32>,
        /// Who decides: a person's name.
        #[arg(long)]
        by: Option<String>,
    },
    /// Place a legal hold: what it covers is neither erased nor pruned.
    Hold {
        /// Number of an artifact.
        #[arg(required_unless_present_any = ["target", "all"], conflicts_with_all = ["target", "all"])]
        artifact: Option<i64>,
        /// Everything of one target, by its number.
        #[arg(long, value_name = "NUMBER", conflicts_with = "all")]
        target: Option<i64>,
        /// Everything.
        #[arg(long)]
        all: bool,
        /// Why.
        #[arg(long)]
        reason: String,
        /// Who decides: a person's name.
        #[arg(long)]
        by: String,
    },
    /// Release a legal hold.
    Release {
        /// Its number.
        hold: i64,
        /// Who decides: a person's name.
        #[arg(long)]
        by: String,
    },
    /// List legal holds.
    Holds,
    /// Put a new wrapping key in force and destroy the one before. Stored bytes stay as they are.
    RotateKey {
        /// Keep the file of the key before, to read copies of the database made until now.
        #[arg(long)]
        keep_old: bool,
        /// Who decides: a person's name.
        #[arg(long)]
        by: String,
    },
}

/// What happened to a signing key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RevocationCause {
    /// Others may hold it.
    Compromised,
    /// Nobody holds it any more.
    Lost,
}

/// `tickmark catalog`
#[derive(Debug, Subcommand)]
pub(crate) enum Catalog {
    /// Totals, reconciled.
    Stats,
    /// One criterion with points of focus, controls, mappings, requests.
    Show {
        /// Requirement id, e.g. `CC6.1`.
        id: String,
    },
    /// List the criteria, or starter controls with `--controls`.
    List {
        /// List starter controls instead.
        #[arg(long)]
        controls: bool,
    },
    /// Load and validate the catalog with the changes in `DATA/catalog`.
    Check,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
