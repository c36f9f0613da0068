//! `tickmark ledger`: show, prove, check, export; keys and epochs; what leaves the building; a witness.

mod keys;
pub(crate) mod outside;
mod witness;

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};
use tickmark_app::ledger::{self, LogEntry};
use tickmark_ledger::Hash;

use crate::cli::Common;
use crate::failure::{Failure, Outcome};
use crate::output::{Output, Tone};
use crate::wiring;

/// What the help teaches by.
pub(crate) const EXAMPLES: &str = "\
Examples:
  tickmark ledger show --last 20
  tickmark ledger key                              give it to those who verify, by another way than the bundle
  tickmark ledger prove 0
  tickmark ledger consistency 100
  tickmark ledger fsck                             read and hash everything again
  tickmark ledger export --out log-copy";

/// `tickmark ledger`
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
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

/// What happened to a signing key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RevocationCause {
    /// Others may hold it.
    Compromised,
    /// Nobody holds it any more.
    Lost,
}

/// Runs `tickmark ledger`.
pub(crate) async fn run(command: &Command, common: &Common, output: &Output) -> Outcome {
    match command {
        Command::Show { last } => show(*last, common, output).await,
        Command::Key => key(common, output).await,
        Command::Prove { index } => prove(*index, common, output).await,
        Command::Consistency { old, root } => consistency(*old, root.as_deref(), common, output).await,
        Command::Fsck => fsck(common, output).await,
        Command::Export { out } => {
            let out = out.clone().unwrap_or_else(|| common.data.join("out/log"));
            export(&out, common, output).await
        }
        Command::Publish => outside::publish(common, output).await,
        Command::Anchor => outside::anchor(common, output).await,
        Command::Outside => outside::show(common, output).await,
        Command::RotateKey { finish } => keys::rotate(*finish, common, output).await,
        Command::RevokeKey { cause, reason } => keys::revoke(*cause, reason, common, output).await,
        Command::Recover { from } => keys::recover(from, common, output).await,
        Command::NewEpoch { reason } => keys::new_epoch(reason, common, output).await,
        Command::Witness { state, name, log, listen } => {
            witness::run(state, name.as_deref(), log, listen, output).await
        }
    }
}

fn leaf(entry: &LogEntry) -> Value {
    serde_json::from_slice(&entry.content).unwrap_or(Value::Null)
}

async fn show(last: u64, common: &Common, output: &Output) -> Outcome {
    let app = wiring::inspect(common).await?;
    let actor = wiring::reader(&app).await?;
    let limit = u32::try_from(last).unwrap_or(u32::MAX);
    let (head, pending, entries, scrub, watched) = app
        .read(&actor, async |view| {
            Ok((
                ledger::head(view).await?,
                ledger::pending(view).await?,
                ledger::latest(view, limit).await?,
                ledger::last_scrub(view).await?,
                ledger::watched(view).await?,
            ))
        })
        .await?;
    app.close().await;
    let rows: Vec<Value> = entries
        .iter()
        .map(|entry| json!({"index": entry.index, "hash": entry.hash.hex(), "leaf": leaf(entry)}))
        .collect();
    let answer = json!({
        "origin": head.origin, "size": head.size, "root": head.root.base64(), "epoch": head.epoch,
        "checkpoint": head.checkpoint, "verifier_key": head.verifier_key, "pending": pending,
        "last_scrub": scrub, "watched": watched, "latest": rows,
    });
    output.answer(&answer, |output| {
        output.line(head.checkpoint.trim_end());
        let scrubbed =
            scrub.as_ref().map_or("never; tickmark ledger fsck".into(), |s| s.finished_at.minute());
        output.line(output.tone(
            Tone::Muted,
            format!("signed {}, {pending} pending, last full scrub {scrubbed}", head.updated_at.minute()),
        ));
        outside::print_watched(&watched, output);
        output.table(
            ["Index", "When", "What", "Body"],
            entries.iter().map(|entry| {
                let leaf = leaf(entry);
                let text = |name: &str| leaf.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
                let body: String =
                    leaf.get("b").map(Value::to_string).unwrap_or_default().chars().take(90).collect();
                [entry.index.to_string(), text("ts"), text("t"), body]
            }),
        );
    })?;
    Ok(())
}

async fn key(common: &Common, output: &Output) -> Outcome {
    let app = wiring::inspect(common).await?;
    let actor = wiring::reader(&app).await?;
    let head = app.read(&actor, async |view| ledger::head(view).await).await?;
    app.close().await;
    output.answer(&json!({"origin": head.origin, "verifier_key": head.verifier_key}), |output| {
        output.line(&head.verifier_key);
    })?;
    Ok(())
}

async fn prove(index: u64, common: &Common, output: &Output) -> Outcome {
    let app = wiring::inspect(common).await?;
    let actor = wiring::reader(&app).await?;
    let (entries, proof) = app
        .read(&actor, async |view| {
            Ok((ledger::entries(view, index, 1).await?, ledger::prove_inclusion(view, index).await?))
        })
        .await?;
    app.close().await;
    let entry = entries.first().ok_or_else(|| Failure::input(format!("the log has no leaf {index}")))?;
    let answer =
        json!({"index": index, "leaf": leaf(entry), "hash": entry.hash.hex(), "proof": proof.to_text()});
    output.answer(&answer, |output| {
        output.line(String::from_utf8_lossy(&entry.content));
        output.line(output.tone(Tone::Muted, format!("leaf hash {}", entry.hash.hex())));
        output.line(proof.to_text().trim_end());
    })?;
    Ok(())
}

async fn consistency(old: u64, root: Option<&str>, common: &Common, output: &Output) -> Outcome {
    let app = wiring::inspect(common).await?;
    let actor = wiring::reader(&app).await?;
    let claimed = root
        .map(Hash::parse_base64)
        .transpose()
        .map_err(|error| Failure::input(format!("--root: {error}")))?;
    let proof = app
        .read(&actor, async |view| {
            let size = ledger::head(view).await?.size;
            ledger::prove_consistency(view, old, size).await
        })
        .await?;
    app.close().await;
    let agrees = claimed.is_none_or(|claimed| claimed == proof.old_root);
    let answer = json!({
        "old_size": proof.old_size, "old_root": proof.old_root.base64(), "new_size": proof.new_size,
        "new_root": proof.new_root.base64(), "root_agrees": claimed.map(|_| agrees),
        "proof": proof.hashes.iter().map(Hash::base64).collect::<Vec<_>>(),
    });
    output.answer(&answer, |output| {
        output.line(format!("size {} root {}", proof.old_size, proof.old_root.base64()));
        output.line(format!("size {} root {}", proof.new_size, proof.new_root.base64()));
        output.line(if agrees {
            output.tone(
                Tone::Good,
                format!("✓ the log at {} is a prefix of the log at {}", proof.old_size, proof.new_size),
            )
        } else {
            output.tone(
                Tone::Bad,
                format!("✗ the root given is not the root this log had at size {}", proof.old_size),
            )
        });
    })?;
    if agrees { Ok(()) } else { Err(Failure::No) }
}

async fn fsck(common: &Common, output: &Output) -> Outcome {
    let app = wiring::open(common).await?;
    let actor = wiring::reader(&app).await?;
    let progress = output.progress("reading everything again");
    let scrub = app.fsck(&actor, &|_, _| ()).await?;
    drop(progress);
    app.close().await;
    output.answer(&scrub, |output| {
        for difference in &scrub.differences {
            output.line(output.tone(Tone::Bad, format!("✗ {}: {}", difference.what, difference.detail)));
        }
        output.line(format!(
            "{} leaves, {} tiles, {} artifacts, {} facts, blocks of {} runs read and hashed again: {} differences",
            scrub.leaves, scrub.tiles, scrub.objects, scrub.facts, scrub.runs, scrub.count
        ));
        if scrub.removed > 0 {
            output.line(format!("{} artifacts were erased lawfully or pruned, as entries say", scrub.removed));
        }
    })?;
    if scrub.count == 0 { Ok(()) } else { Err(Failure::No) }
}

async fn export(out: &std::path::Path, common: &Common, output: &Output) -> Outcome {
    let app = wiring::inspect(common).await?;
    let actor = wiring::reader(&app).await?;
    let exported = app.export_log(&actor, out, &|_, _| ()).await?;
    app.close().await;
    let answer =
        json!({"folder": out, "size": exported.size, "written": exported.written, "kept": exported.kept});
    output.answer(&answer, |output| {
        output.line(format!(
            "{}: {} entries, {} files written, {} there already",
            out.display(),
            exported.size,
            exported.written,
            exported.kept
        ));
    })?;
    Ok(())
}
