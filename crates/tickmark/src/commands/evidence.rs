//! `tickmark evidence`: stored evidence, its keys, how long it is kept, how it goes.

mod item;

use clap::Subcommand;
use serde_json::json;
use tickmark_app::evidence::{self, Artifact, ArtifactKey, Content, Erasure, Hold, HoldScope};
use tickmark_app::{Actor, ActorKind, App, identity};
use tickmark_core::Digest;
use tickmark_core::id::{ItemKey, TargetKey};

use crate::cli::Common;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::wiring;

/// What the help teaches by.
pub(crate) const EXAMPLES: &str = "\
Examples:
  tickmark evidence list --limit 20
  tickmark evidence show 7
  tickmark evidence item add groups.csv --title \"Groups of payroll\" --source \"Directory, groups\" \\
      --from 2026-10-01 --to 2026-12-31 --control IAM-07 --by \"Ada Byron\"
  tickmark evidence item accept 1 --by \"Grace Hopper\"
  tickmark evidence hold --all --reason \"audit of 2026\" --by \"Ada Byron\"
  tickmark evidence release 1 --by \"Ada Byron\"
  tickmark evidence prune                          what is over; --apply deletes it
  tickmark evidence erase 7 --basis \"request of a person\" --by \"Ada Byron\"";

/// `tickmark evidence`
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
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
    /// Hand evidence in as an item, list, show and accept items.
    #[command(subcommand)]
    Item(item::Command),
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
        #[arg(
            required_unless_present_any = ["target", "item", "all"],
            conflicts_with_all = ["target", "item", "all"]
        )]
        artifact: Option<i64>,
        /// The files of all versions of one item, by its number.
        #[arg(long, value_name = "NUMBER", conflicts_with_all = ["target", "all"])]
        item: Option<i64>,
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

/// Most artifacts to be pruned that are listed one by one.
const MAX_LISTED: usize = 50;

/// Runs `tickmark evidence`.
pub(crate) async fn run(command: &Command, common: &Common, output: &Output) -> Outcome {
    match command {
        Command::List { after, limit } => list(*after, *limit, common, output).await,
        Command::Show { artifact } => show(*artifact, common, output).await,
        Command::Item(command) => item::run(command, common, output).await,
        Command::Erase { artifact, basis, by } => erase(artifact, basis, by, common, output).await,
        Command::Prune { apply } => prune(*apply, common, output).await,
        Command::Retention { class, days, by } => match (class, days, by) {
            (Some(class), Some(days), Some(by)) => set_retention(class, *days, by, common, output).await,
            _ => retention(common, output).await,
        },
        Command::Hold { artifact, item, target, all: _, reason, by } => {
            let scope = match (artifact, item, target) {
                (Some(key), ..) => HoldScope::Artifact(ArtifactKey(*key)),
                (None, Some(key), _) => HoldScope::Item(ItemKey(*key)),
                (None, None, Some(key)) => HoldScope::Target(TargetKey(*key)),
                (None, None, None) => HoldScope::All,
            };
            hold(scope, reason, by, common, output).await
        }
        Command::Release { hold, by } => release(*hold, by, common, output).await,
        Command::Holds => holds(common, output).await,
        Command::RotateKey { keep_old, by } => rotate(*keep_old, by, common, output).await,
    }
}

/// Opens the data folder as a person.
async fn open_as(by: &str, common: &Common) -> Outcome<(App, Actor)> {
    let app = wiring::open(common).await?;
    let program = wiring::reader(&app).await?;
    let person =
        app.transact(&program, async |cx| identity::ensure_actor(cx, ActorKind::Person, by).await).await?;
    Ok((app, person))
}

/// Gives what was recorded its position, and closes.
async fn finish(app: App, actor: &Actor) -> Outcome {
    app.sequence(actor).await?;
    app.close().await;
    Ok(())
}

fn state(artifact: &Artifact) -> String {
    match &artifact.content {
        Content::Plain => "plain".to_owned(),
        Content::Sealed(key) => format!("encrypted ({})", key.wrapped_by),
        Content::Gone(removal) => format!("{} {}", removal.cause.word(), removal.at.minute()),
    }
}

async fn list(after: i64, limit: u32, common: &Common, output: &Output) -> Outcome {
    let app = wiring::inspect(common).await?;
    let actor = wiring::reader(&app).await?;
    let artifacts =
        app.read(&actor, async |view| evidence::list(view, ArtifactKey(after), limit).await).await?;
    app.close().await;
    let rows: Vec<_> = artifacts
        .iter()
        .map(|artifact| {
            json!({
                "artifact": artifact.key.0, "name": artifact.name, "run": artifact.run, "target": artifact.target,
                "size": artifact.size, "stored": artifact.stored, "retention": artifact.retention,
                "added_at": artifact.added_at, "kept": state(artifact),
            })
        })
        .collect();
    output.answer(&rows, |output| {
        output.table(
            ["Artifact", "Added", "Size", "Class", "Kept", "Name"],
            artifacts.iter().map(|artifact| {
                [
                    artifact.key.0.to_string(),
                    artifact.added_at.minute(),
                    artifact.size.to_string(),
                    artifact.retention.clone(),
                    state(artifact),
                    artifact.name.clone(),
                ]
            }),
        );
    })?;
    Ok(())
}

async fn show(artifact: i64, common: &Common, output: &Output) -> Outcome {
    let app = wiring::inspect(common).await?;
    let actor = wiring::reader(&app).await?;
    let artifact = app.read(&actor, async |view| evidence::find(view, ArtifactKey(artifact)).await).await?;
    let content = evidence::read(&app, &artifact).await?;
    app.close().await;
    output.bytes(&content);
    Ok(())
}

fn erasure(text: &str) -> Outcome<Erasure> {
    if let Ok(key) = text.parse() {
        return Ok(Erasure::Artifact(ArtifactKey(key)));
    }
    let digest = if text.starts_with("sha256:") { text.to_owned() } else { format!("sha256:{text}") };
    digest.parse::<Digest>().map(Erasure::Stored).map_err(|_| {
        Failure::input(format!("{text:?} is neither the number of an artifact nor a digest of stored bytes"))
    })
}

async fn erase(artifact: &str, basis: &str, by: &str, common: &Common, output: &Output) -> Outcome {
    let what = erasure(artifact)?;
    let (app, person) = open_as(by, common).await?;
    let erased = app.transact(&person, async |cx| evidence::erase(cx, what, basis).await).await?;
    let objects = app.remove_objects(&person).await?;
    finish(app, &person).await?;
    let numbers = |keys: &[ArtifactKey]| keys.iter().map(|key| key.0).collect::<Vec<_>>();
    let (gone, still) = (numbers(&erased.artifacts), numbers(&erased.still_held));
    output.answer(&json!({"erased": gone, "still_held": still, "objects_deleted": objects}), |output| {
        output.line(format!("erased the content of artifacts {gone:?}; {objects} stored objects deleted"));
        if !still.is_empty() {
            output.line(format!("the same content is still held by artifacts {still:?}"));
        }
    })?;
    output.note(
        "copies of the data folder made before keep the content until they are deleted, or their keys are",
    );
    Ok(())
}

async fn prune(apply: bool, common: &Common, output: &Output) -> Outcome {
    if apply {
        let app = wiring::open(common).await?;
        let actor = wiring::reader(&app).await?;
        let pruned = app.transact(&actor, async |cx| evidence::prune(cx).await).await?;
        app.remove_objects(&actor).await?;
        finish(app, &actor).await?;
        output.answer(&pruned, |output| {
            let (artifacts, bytes, held) = (pruned.artifacts, pruned.bytes, pruned.held);
            output
                .line(format!("pruned {artifacts} artifacts of {bytes} bytes; {held} are under legal hold"));
        })?;
        return Ok(());
    }
    let app = wiring::inspect(common).await?;
    let actor = wiring::reader(&app).await?;
    let found = app.read(&actor, async |view| evidence::prunable(view).await).await?;
    app.close().await;
    let rows: Vec<_> = found
        .iter()
        .map(|artifact| {
            json!({
                "artifact": artifact.key.0, "name": artifact.name, "class": artifact.class, "size": artifact.size,
                "superseded_at": artifact.superseded_at, "keep_until": artifact.keep_until, "hold": artifact.hold,
            })
        })
        .collect();
    output.answer(&rows, |output| {
        output.table(
            ["Artifact", "Class", "Kept until", "Size", "Legal hold", "Name"],
            found.iter().take(MAX_LISTED).map(|artifact| {
                [
                    artifact.key.0.to_string(),
                    artifact.class.clone(),
                    artifact.keep_until.minute(),
                    artifact.size.to_string(),
                    artifact.hold.map(|hold| hold.to_string()).unwrap_or_default(),
                    artifact.name.clone(),
                ]
            }),
        );
        let held = found.iter().filter(|artifact| artifact.hold.is_some()).count();
        output.line(format!(
            "{} artifacts can be pruned; {held} more are under legal hold",
            found.len() - held
        ));
    })?;
    output.note("nothing was deleted; `tickmark evidence prune --apply` deletes");
    Ok(())
}

async fn retention(common: &Common, output: &Output) -> Outcome {
    let app = wiring::inspect(common).await?;
    let actor = wiring::reader(&app).await?;
    let classes = app.read(&actor, async |view| evidence::retention_classes(view).await).await?;
    app.close().await;
    output.answer(&classes, |output| {
        output.table(
            ["Class", "Days kept after another took its place"],
            classes.iter().map(|class| [class.name.clone(), class.keep_days.to_string()]),
        );
    })?;
    Ok(())
}

async fn set_retention(class: &str, days: u32, by: &str, common: &Common, output: &Output) -> Outcome {
    let (app, person) = open_as(by, common).await?;
    app.transact(&person, async |cx| evidence::set_retention(cx, class, days).await).await?;
    finish(app, &person).await?;
    output.answer(&json!({"class": class, "keep_days": days}), |output| {
        output.line(format!("{class} is kept {days} days"));
    })?;
    Ok(())
}

fn scope(hold: &Hold) -> String {
    match hold.scope {
        HoldScope::All => "everything".to_owned(),
        HoldScope::Target(target) => format!("target {target}"),
        HoldScope::Artifact(artifact) => format!("artifact {}", artifact.0),
        HoldScope::Item(item) => format!("item {item}"),
    }
}

async fn hold(scope: HoldScope, reason: &str, by: &str, common: &Common, output: &Output) -> Outcome {
    let (app, person) = open_as(by, common).await?;
    let hold = app.transact(&person, async |cx| evidence::place_hold(cx, scope, reason).await).await?;
    finish(app, &person).await?;
    output.answer(&json!({"hold": hold.key, "covers": self::scope(&hold)}), |output| {
        output.line(format!("legal hold {} on {}", hold.key, self::scope(&hold)));
    })?;
    Ok(())
}

async fn release(hold: i64, by: &str, common: &Common, output: &Output) -> Outcome {
    let (app, person) = open_as(by, common).await?;
    app.transact(&person, async |cx| evidence::release_hold(cx, hold).await).await?;
    finish(app, &person).await?;
    output
        .answer(&json!({"released": hold}), |output| output.line(format!("legal hold {hold} is released")))?;
    Ok(())
}

async fn holds(common: &Common, output: &Output) -> Outcome {
    let app = wiring::inspect(common).await?;
    let actor = wiring::reader(&app).await?;
    let holds = app.read(&actor, async |view| evidence::holds(view).await).await?;
    app.close().await;
    let rows: Vec<_> = holds
        .iter()
        .map(|hold| {
            json!({
                "hold": hold.key, "covers": scope(hold), "reason": hold.reason, "placed_at": hold.placed_at,
                "placed_by": hold.placed_by, "released_at": hold.released_at, "released_by": hold.released_by,
            })
        })
        .collect();
    output.answer(&rows, |output| {
        output.table(
            ["Hold", "Covers", "Since", "Released", "Reason"],
            holds.iter().map(|hold| {
                [
                    hold.key.to_string(),
                    scope(hold),
                    hold.placed_at.minute(),
                    hold.released_at.map(|at| at.minute()).unwrap_or_default(),
                    hold.reason.clone(),
                ]
            }),
        );
    })?;
    Ok(())
}

async fn rotate(keep_old: bool, by: &str, common: &Common, output: &Output) -> Outcome {
    let (app, person) = open_as(by, common).await?;
    let rotated = evidence::rotate_wrapping_key(&app, &person, keep_old).await?;
    finish(app, &person).await?;
    output.answer(&rotated, |output| {
        output.line(format!(
            "wrapping key {} is in force; it wraps {} keys of artifacts",
            rotated.to, rotated.rewrapped
        ));
        if rotated.lost > 0 {
            output.line(format!(
                "{} artifacts stay unreadable: the key that wraps theirs is not here",
                rotated.lost
            ));
        }
        if let (Some(from), true) = (&rotated.from, rotated.destroyed) {
            output.line(format!(
                "the file of wrapping key {from} is destroyed; copies of the database made until now need it"
            ));
        }
    })?;
    Ok(())
}
