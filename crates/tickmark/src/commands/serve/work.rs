//! Work beside the pages: the running server does what people and schedules ask for, one job at a time.

use std::convert::Infallible;
use std::time::Duration;

use tickmark_app::job::{self, Job};
use tickmark_app::{Actor, App};
use tickmark_core::job::JobKind;

use crate::cli::Common;
use crate::commands::{Content, collect, report};
use crate::failure::Outcome;
use crate::output::{Listener, Output};
use crate::wiring;

/// How often somebody looks for work.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often is looked for what there is to tell.
const REMIND_EVERY: Duration = Duration::from_secs(300);
/// How often a worker says what it does; well within its lease.
const SAY_EVERY: Duration = Duration::from_secs(2);

/// Returns the program as it acts in each organization there is at this moment: one that was added is served without a new
/// start.
pub(super) async fn everywhere(app: &App) -> Vec<Actor> {
    app.everywhere().await.unwrap_or_else(|error| {
        tracing::error!(%error, "looking for organizations");
        Vec::new()
    })
}

/// Does what there is to do, until the server stops. What is cut off then is taken over by the next one.
pub(super) async fn work(app: &App, common: &Common, output: &Output) -> Infallible {
    loop {
        // One job of each in a round: nobody waits for all the work of another organization.
        for actor in &everywhere(app).await {
            match next(app, actor).await {
                Ok(Some(taken)) => {
                    if let Err(failure) = see_through(app, actor, &taken, common, output).await {
                        tracing::error!(job = taken.key, why = failure.words(), "a job is left to its lease");
                    }
                }
                Ok(None) => {}
                Err(failure) => tracing::error!(why = failure.words(), "looking for work"),
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Tells people what waits for them, and takes files of refused forms away that nobody came for, until the server stops.
pub(super) async fn remind(app: &App) -> Infallible {
    loop {
        for actor in &everywhere(app).await {
            if let Err(error) = app.remind(actor).await {
                tracing::error!(%error, "telling people what waits for them");
            }
            if let Err(error) = app.expire_memberships(actor).await {
                tracing::error!(%error, "noting whose membership is over");
            }
        }
        if let Err(error) = app.sweep_staged().await {
            tracing::error!(%error, "taking files away that nobody came for");
        }
        tokio::time::sleep(REMIND_EVERY).await;
    }
}

/// Sends mail that is to go out, until the server stops. A mail server that does not answer holds up nothing else.
pub(super) async fn mail(app: &App) -> Infallible {
    loop {
        for actor in &everywhere(app).await {
            let passed = async {
                if app.has_mail(actor).await? {
                    app.send_mail(actor).await?;
                }
                Ok::<(), tickmark_app::Error>(())
            };
            if let Err(error) = passed.await {
                tracing::error!(%error, "sending mail");
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn next(app: &App, actor: &Actor) -> Outcome<Option<Job>> {
    if !app.read(actor, async |view| job::is_due(view).await).await? {
        return Ok(None);
    }
    Ok(app.transact(actor, async |cx| job::take(cx).await).await?)
}

/// Does a job, saying what is done meanwhile, and says what came of it.
async fn see_through(app: &App, actor: &Actor, taken: &Job, common: &Common, output: &Output) -> Outcome {
    let listener = Listener::default();
    let silent = output.heard_by(&listener);
    // Both go on at once: what is done may be in the one transaction that writes, for which what is said has to wait.
    let saying = async {
        loop {
            tokio::time::sleep(SAY_EVERY).await;
            let heard = listener.heard();
            if !app.transact(actor, async |cx| job::go_on(cx, taken, &heard).await).await? {
                return Outcome::Ok(());
            }
        }
    };
    let outcome = tokio::select! {
        outcome = execute(app, actor, taken.kind, common, &silent) => outcome.map_err(|failure| failure.words()),
        said = saying => return said,
    };
    Ok(app.transact(actor, async |cx| job::finish(cx, taken, outcome.clone()).await).await?)
}

/// Does it, and says in one line what it brought.
async fn execute(
    app: &App,
    actor: &Actor,
    kind: JobKind,
    common: &Common,
    output: &Output,
) -> Outcome<String> {
    let content = Content::load(common, output)?;
    match kind {
        JobKind::Collect => {
            let options = collect::Collect { no_updates: false, no_walk: false };
            let looked = collect::look(app, actor, &options, &content, output).await?;
            let counts = looked.summary.counts;
            Ok(format!(
                "Run {}: {} pass, {} fail, {} unknown, {} not applicable; {} verdicts changed",
                looked.summary.run.key,
                counts.pass,
                counts.fail,
                counts.unknown,
                counts.not_applicable,
                looked.summary.run.changed
            ))
        }
        JobKind::Report => {
            let out = wiring::out_folder(app, actor, common).await?;
            let written = report::write(app, actor, &out, &content, output).await?;
            let names = written.files.iter().filter_map(|file| file.file_name()?.to_str());
            Ok(names.collect::<Vec<_>>().join(", "))
        }
    }
}
