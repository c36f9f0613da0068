//! `tickmark replay`: past verdicts computed again from what they rest on.

use tickmark_app::observation::{self, Replay, Replayed};
use tickmark_core::Timestamp;
use tickmark_evaluate::Library;

use super::{checks, waive};
use crate::cli::{self, Common};
use crate::failure::{Failure, Outcome};
use crate::output::{Output, Tone};
use crate::wiring;

/// Runs `tickmark replay`.
pub(crate) async fn run(options: &cli::Replay, common: &Common, output: &Output) -> Outcome {
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
            observation::replay(view, library, check, target, at).await
        })
        .await;
    app.close().await;
    let replay = replayed?;
    output.answer(&replay, |output| print(&replay, output))?;
    if matches!(replay.result, Replayed::Same | Replayed::NotReached) { Ok(()) } else { Err(Failure::No) }
}

fn print(replay: &Replay, output: &Output) {
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
    let counted = app.read(&actor, async |view| observation::replay_all(view, library, since).await).await;
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
