//! What must be so after the process died, whatever it was doing.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::BufReader;
use std::path::Path;

use sqlx::AssertSqlSafe;
use tickmark_app::evidence::{self, ArtifactKey, Content};
use tickmark_app::observation::{self, RunState};
use tickmark_app::{Actor, App, Error, ledger};
use tickmark_core::id::RunKey;
use tickmark_ledger::Hash;
use tickmark_ledger::bundle::{Expectations, verify};
use tickmark_ledger::note::SignedCheckpoint;
use tickmark_ledger::policy::Policy;

use super::child::{BUNDLE, PUBLISHED, open};
use crate::ledger::quiet;

/// Rows that are half of something. Each statement counts them; `{{TEXT}}` is the content of an entry as text.
const ORPHANS: [(&str, &str); 10] = [
    ("entries that wait", "SELECT count(*) FROM log_pending"),
    (
        "artifacts without entry",
        "SELECT count(*) FROM artifact a LEFT JOIN leaf l ON l.organization = a.organization AND l.id = a.leaf \
         WHERE l.id IS NULL",
    ),
    (
        "removals without entry",
        "SELECT count(*) FROM artifact_removal g LEFT JOIN leaf l ON l.organization = g.organization AND l.id = g.leaf \
         WHERE l.id IS NULL",
    ),
    (
        "artifacts without salt",
        "SELECT count(*) FROM artifact a WHERE present = 1 \
         AND NOT EXISTS (SELECT 1 FROM artifact_salt s WHERE s.artifact = a.key) \
         AND NOT EXISTS (SELECT 1 FROM artifact_removal g WHERE g.artifact = a.key)",
    ),
    (
        "artifacts without key",
        "SELECT count(*) FROM artifact a WHERE present = 1 \
         AND NOT EXISTS (SELECT 1 FROM artifact_key k WHERE k.artifact = a.key) \
         AND NOT EXISTS (SELECT 1 FROM artifact_removal g WHERE g.artifact = a.key)",
    ),
    (
        "keys of what is gone",
        "SELECT count(*) FROM artifact_key k JOIN artifact_removal g ON g.artifact = k.artifact",
    ),
    (
        "coverage of runs that are not closed",
        "SELECT count(*) FROM coverage c LEFT JOIN run r ON r.organization = c.organization AND r.key = c.run \
         WHERE r.finished_at IS NULL",
    ),
    (
        "facts of runs that are not closed",
        "SELECT count(*) FROM facts_interval f LEFT JOIN run r ON r.organization = f.organization AND r.key = f.run \
         WHERE r.finished_at IS NULL",
    ),
    (
        "runs without their entry, or entries without their run",
        "SELECT abs((SELECT count(*) FROM run WHERE state IN ('complete', 'partial')) - \
         (SELECT count(*) FROM leaf WHERE {{TEXT}} LIKE '%\"t\":\"run.close\"%'))",
    ),
    (
        "openings without their entry, or entries without their opening",
        "SELECT abs((SELECT count(*) FROM run) - \
         (SELECT count(*) FROM leaf WHERE {{TEXT}} LIKE '%\"t\":\"run.open\"%'))",
    ),
];

/// A server refuses references that lead nowhere at once; the file is asked.
const NOWHERE: (&str, &str) =
    ("references that lead nowhere", "SELECT count(*) FROM pragma_foreign_key_check");

/// What happened over many deaths.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) acknowledged: usize,
    /// How often the process died in which part of its work.
    died_in: BTreeMap<String, usize>,
}

impl Tally {
    pub(super) fn add(&mut self, heard: &[String]) {
        self.acknowledged += heard.iter().filter(|line| line.starts_with("ack ")).count();
        let begun = heard.iter().rev().find_map(|line| line.strip_prefix("begin ")).unwrap_or("loading");
        *self.died_in.entry(begun.to_owned()).or_default() += 1;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} acknowledgements, all kept; it ended in", self.acknowledged)?;
        for (part, count) in &self.died_in {
            write!(f, " {part} {count}")?;
        }
        Ok(())
    }
}

/// Starts the program again and compares everything with what was acknowledged.
pub(super) async fn check(root: &Path, heard: &[String]) -> Result<(), String> {
    let app = open(root).await.map_err(|error| format!("it does not start again: {error}"))?;
    let acknowledged: Vec<Vec<&str>> =
        heard.iter().filter_map(|line| Some(line.strip_prefix("ack ")?.split(' ').collect())).collect();
    let answer = match app.only_organization().await {
        Ok(actor) => examine(&app, &actor, root, &acknowledged).await,
        Err(Error::NotFound { .. }) if acknowledged.is_empty() => Ok(()),
        Err(error) => Err(format!("the organization: {error}")),
    };
    app.close().await;
    answer
}

async fn examine(app: &App, actor: &Actor, root: &Path, acknowledged: &[Vec<&str>]) -> Result<(), String> {
    let told = |error: Error| error.to_string();
    let before = app.read(actor, async |view| ledger::head(view).await).await.map_err(told)?;
    let policy = Policy::of_log(before.verifier_key.parse().map_err(|error| format!("{error}"))?)
        .map_err(|error| error.to_string())?;

    // Whatever was signed and let out is backed by what is stored, before anything is done about it.
    let released = app.folder().state().join(format!("log-{}.checkpoint", actor.organization.id));
    for file in [released, root.join(PUBLISHED).join("checkpoint")] {
        let Ok(bytes) = fs::read(&file) else { continue };
        let signed =
            SignedCheckpoint::parse(&bytes).map_err(|error| format!("{}: {error}", file.display()))?;
        policy.accept(&signed).map_err(|error| format!("{}: {error}", file.display()))?;
        let Hash(root) = signed.checkpoint.root;
        had_root(app, actor, before.size, signed.checkpoint.size, &hex::encode(root))
            .await
            .map_err(|why| format!("{}: {why}", file.display()))?;
    }
    if let Ok(file) = fs::File::open(root.join(BUNDLE)) {
        let expected = Expectations { policy: Some(policy), ..Expectations::default() };
        let answer =
            verify(BufReader::new(file), &expected).map_err(|error| format!("the bundle: {error}"))?;
        if answer.has_failed() || answer.size > before.size {
            return Err(format!("the bundle: {answer}"));
        }
    }

    app.remove_objects(actor).await.map_err(told)?;
    let head = app.sequence(actor).await.map_err(told)?;
    for words in acknowledged {
        holds(app, actor, head.size, words).await.map_err(|why| format!("acknowledged {words:?}: {why}"))?;
    }
    let scrub = app.fsck(actor, &quiet).await.map_err(told)?;
    if scrub.count > 0 {
        return Err(format!("fsck: {:?}", scrub.differences));
    }
    app.export_log(actor, &root.join(PUBLISHED), &quiet).await.map_err(told)?;
    let is_file = app.server().await.map_err(told)?.is_none();
    let text = if is_file { "CAST(content AS TEXT)" } else { "convert_from(content, 'UTF8')" };
    for (what, statement) in ORPHANS.into_iter().chain(is_file.then_some(NOWHERE)) {
        let statement = statement.replace("{{TEXT}}", text);
        let count: (i64,) = app
            .read(actor, async |view| {
                Ok(sqlx::query_as(AssertSqlSafe(statement)).fetch_one(view.connection()).await?)
            })
            .await
            .map_err(|error| format!("{what}: {error:?}"))?;
        if count.0 != 0 {
            return Err(format!("{} {what}", count.0));
        }
    }
    Ok(())
}

/// Tells whether the log had this root at an earlier size.
async fn had_root(app: &App, actor: &Actor, now: u64, size: u64, root: &str) -> Result<(), String> {
    if size > now {
        return Err(format!("{size} entries were signed, {now} are there"));
    }
    if size == 0 {
        return Ok(());
    }
    let proof = app
        .read(actor, async |view| ledger::prove_consistency(view, size, now).await)
        .await
        .map_err(|error| error.to_string())?;
    let had = proof.old_root.hex();
    if had == root { Ok(()) } else { Err(format!("the root over {size} entries is {had}, not {root}")) }
}

async fn holds(app: &App, actor: &Actor, size: u64, words: &[&str]) -> Result<(), String> {
    let number = |word: &str| word.parse::<i64>().map_err(|error| error.to_string());
    match words {
        ["open", run] | ["run", run] => {
            let key = RunKey(number(run)?);
            let run = app
                .read(actor, async |view| observation::find_run(view, key).await)
                .await
                .map_err(|error| error.to_string())?;
            match (words[0], run.state) {
                ("run", RunState::Complete) | ("open", _) => Ok(()),
                (_, state) => Err(format!("it is {state:?}")),
            }
        }
        ["head", at, root] => {
            let at = u64::try_from(number(at)?).map_err(|error| error.to_string())?;
            had_root(app, actor, size, at, root).await
        }
        ["published", at] | ["bundle", at] => {
            let at = number(at)?;
            if u64::try_from(at).is_ok_and(|at| at <= size) {
                Ok(())
            } else {
                Err(format!("{size} entries are there"))
            }
        }
        ["erased", key] | ["removed", key] => {
            let key = ArtifactKey(number(key)?);
            let artifact = app
                .read(actor, async |view| evidence::find(view, key).await)
                .await
                .map_err(|error| error.to_string())?;
            let is_gone = matches!(artifact.content, Content::Gone(_))
                && app.blobs().contains(artifact.stored.0).await.is_ok_and(|there| !there);
            if is_gone { Ok(()) } else { Err("it is there".to_owned()) }
        }
        other => Err(format!("{other:?} is not known")),
    }
}
