//! `tickmark collect`: look at this machine, record what was found, test it.

use clap::Args;
use serde_json::{Value, json};
use tickmark_app::observation::{self, RunInput, RunSummary, TargetVerdict, workshop};
use tickmark_app::{Actor, App, control, identity};
use tickmark_collect::host::{self, HostSettings};
use tickmark_core::observation::{Collected, Gap, Verdict};

use super::Content;
use crate::cli::Common;
use crate::clock;
use crate::failure::{Failure, Outcome};
use crate::output::{Output, Tone};
use crate::wiring;

/// What the help teaches by.
pub(crate) const EXAMPLES: &str = "\
Examples:
  tickmark collect                                 daily, from a timer, as root
  tickmark collect --no-walk --quiet";

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

/// Name of the source, and kind of its targets.
const SOURCE: &str = "host";
/// Most failing results that are listed one by one.
const MAX_LISTED: usize = 12;
/// Longest message of one line, in characters.
const MAX_CHARS: usize = 140;

/// What a collection brought.
pub(crate) struct Looked {
    /// The run in figures.
    pub(crate) summary: RunSummary,
    /// What every check says now.
    pub(crate) verdicts: Vec<TargetVerdict>,
    /// What could not be seen.
    pub(crate) gaps: Vec<Gap>,
}

/// Looks at this machine and records what was found.
pub(crate) async fn look(
    app: &App,
    actor: &Actor,
    options: &Collect,
    content: &Content,
    output: &Output,
) -> Outcome<Looked> {
    if app.read(actor, identity::example).await?.is_some() {
        return Err(Failure::input(format!(
            "this folder holds {}, which never sees a real machine; `tickmark quickstart --data DIR` looks at this one",
            actor.organization.name
        )));
    }
    let settings = HostSettings {
        simulate_upgrades: !options.no_updates,
        walk_files: !options.no_walk,
        ..HostSettings::default()
    };
    let run = app
        .transact(actor, async |cx| {
            observation::miss_open_runs(cx).await?;
            observation::open_run(cx, SOURCE, SOURCE).await
        })
        .await?;
    let previous = app.read(actor, async |view| observation::newest_facts(view, SOURCE).await).await?;
    let (known, previous) = previous.unzip();
    let mut collected = read_host(settings.clone(), previous, output).await?;
    if known.is_some_and(|known| known != collected.target) {
        // The folder came from another machine, whose first sights are not ours.
        collected = read_host(settings, None, output).await?;
    }
    let gaps = collected.gaps.clone();
    let progress = output.progress("testing what was found");
    let input = RunInput {
        expected: vec![collected.target.clone()],
        enumeration: "this machine".into(),
        collected: vec![collected],
    };
    let (library, left_out) =
        app.read(actor, async |view| workshop::checks_of(view, &content.library)).await?;
    for error in &left_out {
        output.note(output.tone(Tone::Bad, format!("left out: {error}")));
    }
    let summary = app
        .transact(actor, async |cx| {
            control::adopt_starters(cx, &content.catalog).await?;
            control::sync_tests(cx, &library).await?;
            observation::record(cx, &library, run, input).await
        })
        .await?;
    app.sequence(actor).await?;
    drop(progress);
    let verdicts = app.read(actor, async |view| observation::verdicts_now(view).await).await?;
    Ok(Looked { summary, verdicts, gaps })
}

async fn read_host(settings: HostSettings, previous: Option<Value>, output: &Output) -> Outcome<Collected> {
    let progress = output.progress("looking at this machine");
    let looking = tokio::task::spawn_blocking(move || {
        host::collect(&settings, &clock::now, previous.as_ref(), &mut |step| progress.step(step))
    });
    looking.await.map_err(|error| Failure::Could(anyhow::anyhow!("the collector stopped: {error}")))
}

/// Runs `tickmark collect`.
pub(crate) async fn run(options: &Collect, common: &Common, output: &Output) -> Outcome {
    let app = wiring::open(common).await?;
    let actor = wiring::reader(&app).await?;
    let looked = look(&app, &actor, options, &Content::load(common, output)?, output).await?;
    super::ledger::outside::after_work(&app, &actor, output).await?;
    app.close().await;
    let answer = json!({"run": looked.summary, "results": looked.verdicts, "gaps": looked.gaps});
    output.answer(&answer, |output| print(&looked, output))?;
    output.note("next: tickmark status, tickmark report, tickmark serve");
    Ok(())
}

/// Writes what was found for people.
pub(crate) fn print(looked: &Looked, output: &Output) {
    let Looked { summary, verdicts, gaps } = looked;
    let counts = summary.counts;
    output.line(format!(
        "{} checks over {} {}: {}, {}, {}, {}",
        summary.checks,
        summary.targets,
        if summary.targets == 1 { "target" } else { "targets" },
        output.tone(Tone::Good, format!("{} pass", counts.pass)),
        output.tone(Tone::Bad, format!("{} fail", counts.fail)),
        output.tone(Tone::Unknown, format!("{} unknown", counts.unknown)),
        output.tone(Tone::Muted, format!("{} not applicable", counts.not_applicable)),
    ));
    output.line(output.tone(
        Tone::Muted,
        format!(
            "run {}: {} evaluated, {} unchanged, {} changed, {} artifacts kept, {} gaps",
            summary.run.key,
            summary.run.evaluated,
            summary.run.reused,
            summary.run.changed,
            summary.artifacts,
            summary.run.gaps
        ),
    ));
    let failing: Vec<&TargetVerdict> = verdicts.iter().filter(|v| v.verdict == Verdict::Fail).collect();
    if !failing.is_empty() {
        output.line(output.tone(Tone::Strong, "\nNot as asserted"));
        for verdict in failing.iter().take(MAX_LISTED) {
            let id = output.tone(Tone::Bad, format!("✗ {}", verdict.check_id));
            output.line(format!("  {id}  {}", shorten(&verdict.outcome.message)));
        }
        more(failing.len(), output);
    }
    if !gaps.is_empty() {
        output.line(output.tone(Tone::Strong, "\nCould not be seen"));
        let groups = grouped(gaps);
        for (path, gap) in groups.iter().take(MAX_LISTED) {
            let path = output.tone(Tone::Unknown, format!("? {path}"));
            output.line(format!("  {path}  {}: {}", gap.reason.plain(), shorten(&gap.detail)));
        }
        more(groups.len(), output);
    }
}

/// Puts gaps of one section with one cause into one line.
fn grouped(gaps: &[Gap]) -> Vec<(String, &Gap)> {
    let section = |gap: &Gap| gap.path.split('.').next().unwrap_or_default().to_owned();
    gaps.chunk_by(|a, b| section(a) == section(b) && a.reason == b.reason && a.detail == b.detail)
        .map(|group| match group {
            [only] => (only.path.clone(), only),
            [first, rest @ ..] => {
                (format!("{} and {} more of {}", first.path, rest.len(), section(first)), first)
            }
            [] => unreachable!("chunks are not empty"),
        })
        .collect()
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= MAX_CHARS {
        text.to_owned()
    } else {
        text.chars().take(MAX_CHARS).chain(['…']).collect()
    }
}

fn more(count: usize, output: &Output) {
    if count > MAX_LISTED {
        let rest = format!("  and {} more: tickmark status", count - MAX_LISTED);
        output.line(output.tone(Tone::Muted, rest));
    }
}
