//! `tickmark replay`: past verdicts computed again from what they rest on.

use clap::Args;
use tickmark_app::observation::{self, Replayed, workshop};
use tickmark_core::Timestamp;
use tickmark_evaluate::Library;

use super::{checks, waive};
use crate::cli::Common;
use crate::failure::{Failure, Outcome};
use crate::output::{Output, Tone};
use crate::wiring;

/// What the help teaches by.
pub(crate) const EXAMPLES: &str = "\
Examples:
  tickmark replay ssh-root-login-disabled web-03.example --at 2026-11-24T14:45:00Z
  tickmark replay ssh-root-login-disabled 3        now, of the target with number 3
  tickmark replay --all                            everything that was ever recorded
  tickmark replay --all --since 2026-11-01";

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

/// Runs `tickmark replay`.
pub(crate) async fn run(options: &Replay, common: &Common, output: &Output) -> Outcome {
    let library = checks::load(&common.data, output)?;
    match (&options.check, &options.target) {
        (Some(check), Some(target)) => {
            one(check, target, options.at.as_deref(), &library, common, output).await
        }
        _ => all(options.since.as_deref(), &library, common, output).await,
    }
}

async fn one(
    check: &str,
    target: &str,
    at: Option<&str>,
    library: &Library,
    common: &Common,
    output: &Output,
) -> Outcome {
    let at: Option<Timestamp> = at.map(str::parse).transpose().map_err(Failure::input)?;
    let app = wiring::inspect(common).await?;
    let actor = wiring::reader(&app).await?;
    let targets = app.read(&actor, async |view| observation::targets(view).await).await?;
    let target = waive::target(&targets, target)?;
    let replayed = app
        .read(&actor, async |view| {
            let at = at.unwrap_or(view.now);
            let library = workshop::checks_of(view, library)?.0;
            observation::replay(view, &library, check, target, at).await
        })
        .await;
    app.close().await;
    let replay = replayed?;
    output.answer(&replay, |output| print(&replay, output))?;
    if matches!(replay.result, Replayed::Same | Replayed::NotReached) { Ok(()) } else { Err(Failure::No) }
}

fn print(replay: &observation::Replay, output: &Output) {
    let result = match &replay.result {
        Replayed::Same => output.tone(Tone::Good, "the same"),
        Replayed::Different => output.tone(Tone::Bad, "different"),
        Replayed::NotReached => "the target was not reached: nothing to compute".to_owned(),
        Replayed::Impossible(why) => output.tone(Tone::Unknown, format!("cannot be computed: {why}")),
    };
    output.line(format!(
        "{} at {}: recorded {}, {result}",
        replay.check_id,
        replay.at.minute(),
        output.verdict(replay.recorded)
    ));
    if let Some(answer) = &replay.answer {
        output.line(format!("  computed {}  {}", output.verdict(answer.verdict), answer.message));
    }
    let facts = replay.facts.map_or("none".to_owned(), |facts| facts.to_string());
    output.line(format!("  version {}\n  facts   {facts}", replay.version));
    if replay.engine == replay.engine_now {
        output.line(format!("  engine  {}", replay.engine));
    } else {
        output.line(format!("  engine  {} then, {} now", replay.engine, replay.engine_now));
    }
}

async fn all(since: Option<&str>, library: &Library, common: &Common, output: &Output) -> Outcome {
    let since: Timestamp = match since {
        Some(day) => format!("{day}T00:00:00Z").parse().map_err(Failure::input)?,
        None => Timestamp::from_micros(i64::MIN),
    };
    let app = wiring::inspect(common).await?;
    let actor = wiring::reader(&app).await?;
    let progress = output.progress("computing verdicts again");
    let counted = app
        .read(&actor, async |view| {
            let library = workshop::checks_of(view, library)?.0;
            observation::replay_all(view, &library, since).await
        })
        .await;
    drop(progress);
    app.close().await;
    let count = counted?;
    output.answer(&count, |output| {
        count.listed.iter().for_each(|replay| print(replay, output));
        output.line(format!(
            "{} verdicts: {} the same, {} different, {} of targets that were not reached, {} that cannot be computed; \
             {} were computed by another engine",
            count.verdicts, count.same, count.different, count.not_reached, count.impossible, count.other_engine
        ));
    })?;
    if count.different + count.impossible == 0 { Ok(()) } else { Err(Failure::No) }
}
