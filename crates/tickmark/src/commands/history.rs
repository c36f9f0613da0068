//! `tickmark history`: what failed when and where, what was not looked at, and the index over both.

use std::collections::BTreeMap;

use clap::Subcommand;
use serde_json::json;
use tickmark_app::View;
use tickmark_app::observation::{self, CheckGap, TargetFailure, TargetGaps};
use tickmark_core::id::TargetKey;
use tickmark_core::time::DAY_US;
use tickmark_core::{Span, Timestamp};

use crate::cli::Common;
use crate::failure::Outcome;
use crate::output::Output;
use crate::wiring;

/// What the help teaches by.
pub(crate) const EXAMPLES: &str = "\
Examples:
  tickmark history failures                        what failed where in the last year
  tickmark history failures --days 30
  tickmark history gaps                            who was not looked at, and when
  tickmark history rebuild                         make the index again from what the ledger commits to";

/// `tickmark history`
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
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

/// Runs `tickmark history`.
pub(crate) async fn run(command: &Command, common: &Common, output: &Output) -> Outcome {
    match command {
        Command::Failures { days } => failures(*days, common, output).await,
        Command::Gaps { days } => gaps(*days, common, output).await,
        Command::Rebuild => rebuild(common, output).await,
    }
}

fn or_dash(at: Option<Timestamp>) -> String {
    at.map_or("-".to_owned(), Timestamp::minute)
}

/// The last `days`, and what targets are called.
async fn asked(days: u32, view: &mut View<'_>) -> tickmark_app::Result<(Span, BTreeMap<TargetKey, String>)> {
    let span = Span { from: view.now.plus_micros(-i64::from(days) * DAY_US), to: None };
    let names = observation::targets(view).await?.into_iter().map(|t| (t.key, t.target.name)).collect();
    Ok((span, names))
}

async fn failures(days: u32, common: &Common, output: &Output) -> Outcome {
    let app = wiring::inspect(common).await?;
    let actor = wiring::reader(&app).await?;
    let read = app.read(&actor, async |view| {
        let (span, names) = asked(days, view).await?;
        Ok((observation::failures(view, span, None).await?, names))
    });
    let (failures, names): (Vec<TargetFailure>, _) = read.await?;
    app.close().await;
    output.answer(&failures, |output| {
        if failures.is_empty() {
            output.line("nothing failed where it was looked at");
            return;
        }
        output.table(
            ["Check", "Target", "Last seen good", "First seen bad", "Last seen bad", "Good again"],
            failures.iter().map(|found| {
                [
                    found.check_id.clone(),
                    names.get(&found.target).cloned().unwrap_or_default(),
                    or_dash(found.failure.last_seen_good),
                    found.failure.first_seen_bad.minute(),
                    found.failure.last_seen_bad.minute(),
                    or_dash(found.failure.first_seen_good_again),
                ]
            }),
        );
    })?;
    output.note("each began after its last good look, and not after its first bad one");
    Ok(())
}

async fn gaps(days: u32, common: &Common, output: &Output) -> Outcome {
    let app = wiring::inspect(common).await?;
    let actor = wiring::reader(&app).await?;
    let read = app.read(&actor, async |view| {
        let (span, names) = asked(days, view).await?;
        Ok((observation::coverage_gaps(view, span, None).await?, names))
    });
    let (gaps, names): (Vec<TargetGaps>, _) = read.await?;
    app.close().await;
    output.answer(&gaps, |output| {
        for target in &gaps {
            output.line(names.get(&target.target).cloned().unwrap_or_default());
            for span in &target.unseen {
                output.line(format!("  nothing seen {} to {}", span.from.minute(), or_dash(span.to)));
            }
            // Stretches over which nothing was seen are said once, not for each check.
            let own = |gap: &&CheckGap| !target.unseen.iter().any(|span| gap_lies_in(gap, span));
            for (check, gaps) in &target.checks {
                for gap in gaps.iter().filter(own) {
                    output.line(format!(
                        "  {check} {} to {}: {}",
                        gap.span.from.minute(),
                        or_dash(gap.span.to),
                        gap.reason.plain()
                    ));
                }
            }
        }
        if gaps.is_empty() {
            output.line("every target was seen by every check all the time");
        }
    })?;
    Ok(())
}

fn gap_lies_in(gap: &CheckGap, span: &Span) -> bool {
    span.from <= gap.span.from && gap.span.to <= span.to
}

async fn rebuild(common: &Common, output: &Output) -> Outcome {
    let app = wiring::open(common).await?;
    let actor = wiring::reader(&app).await?;
    let rebuilt = app.transact(&actor, async |cx| observation::rebuild_intervals(cx).await).await;
    app.sequence(&actor).await?;
    app.close().await;
    let rebuilt = rebuilt?;
    output.answer(&json!(rebuilt), |output| {
        output.line(format!(
            "{} blocks of {} runs give {} intervals: {} were missing from the index, {} were in it without a block",
            rebuilt.blocks, rebuilt.runs, rebuilt.intervals, rebuilt.missing, rebuilt.extra
        ));
    })?;
    Ok(())
}
