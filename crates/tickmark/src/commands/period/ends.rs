//! `tickmark period open`, `close` and `ends`: where a period begins and ends in the ledger.

use clap::Subcommand;
use tickmark_app::App;
use tickmark_app::ledger::{self, Closed, Period};

use crate::cli::Common;
use crate::commands::{end_of, moment};
use crate::failure::{Failure, Outcome};
use crate::output::{Output, Tone};
use crate::wiring;

/// Where a period begins and ends in the ledger.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
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

/// Runs the subcommand.
pub(super) async fn run(command: &Command, common: &Common, output: &Output) -> Outcome {
    match command {
        Command::Open { from, to } => {
            let (from, to) = (moment(from)?, end_of(to)?);
            let app = wiring::open(common).await?;
            let actor = wiring::reader(&app).await?;
            let period = app.open_period(&actor, from, to).await?;
            app.close().await;
            output.answer(&period, |output| output.line(described(&period)))?;
            output.note(format!("when it is over: tickmark period close {}", period.key));
            Ok(())
        }
        Command::Close { number } => close(*number, common, output).await,
        Command::Ends => {
            let app = wiring::inspect(common).await?;
            let actor = wiring::reader(&app).await?;
            let periods = app.read(&actor, async |view| ledger::periods(view).await).await?;
            app.close().await;
            output.answer(&periods, |output| {
                periods.iter().for_each(|period| output.line(described(period)));
            })?;
            if periods.is_empty() {
                output.note("no period was opened; tickmark period open --from DAY --to DAY");
            }
            Ok(())
        }
    }
}

async fn close(number: Option<i64>, common: &Common, output: &Output) -> Outcome {
    let app = wiring::open(common).await?;
    let actor = wiring::reader(&app).await?;
    let number = match number {
        Some(number) => number,
        None => the_open_one(&app.read(&actor, async |view| ledger::periods(view).await).await?)?,
    };
    let progress = output.progress("closing the period");
    let closed = app.close_period(&actor, number).await?;
    deliver(&app, &actor).await?;
    drop(progress);
    app.close().await;
    output.answer(&closed, |output| print_closed(&closed, output))?;
    let Period { from, to, .. } = closed.period;
    output.note(format!(
        "next: tickmark bundle export --from {} --to {}",
        from.date(),
        to.plus_micros(-1).date()
    ));
    Ok(())
}

fn the_open_one(periods: &[Period]) -> Outcome<i64> {
    let open: Vec<&Period> = periods.iter().filter(|period| period.closed_at.is_none()).collect();
    match open.as_slice() {
        [only] => Ok(only.key),
        [] => Err(Failure::input("no period is open")),
        several => {
            let numbers: Vec<String> = several.iter().map(|period| period.key.to_string()).collect();
            Err(Failure::input(format!("several periods are open; name one of {}", numbers.join(", "))))
        }
    }
}

/// The checkpoint over the closing leaves the building at once.
async fn deliver(app: &App, actor: &tickmark_app::Actor) -> Outcome {
    if !app.outside().settings.is_empty() {
        app.publish(actor, false).await?;
        app.request_cosignatures(actor).await?;
    }
    Ok(())
}

fn print_closed(closed: &Closed, output: &Output) {
    output.line(described(&closed.period));
    for one in &closed.anchored {
        match (&one.anchor, &one.problem) {
            (Some(anchor), _) => {
                let until = anchor.expires_at.date();
                output.line(output.tone(
                    Tone::Good,
                    format!(
                        "✓ {} says so since {}; its certificate ends on {until}",
                        one.authority, anchor.latest_at
                    ),
                ));
            }
            (None, problem) => output.line(output.tone(
                Tone::Bad,
                format!(
                    "✗ {}: {}; tickmark ledger anchor asks again",
                    one.authority,
                    problem.as_deref().unwrap_or("no timestamp")
                ),
            )),
        }
    }
    if closed.anchored.is_empty() {
        output.note("no time-stamping authority is configured: nobody else says when the period was closed");
    }
}

fn described(period: &Period) -> String {
    let (from, last) = (period.from.date(), period.to.plus_micros(-1).date());
    let closed = period.closed_at.map_or("open".to_owned(), |at| format!("closed {}", at.minute()));
    format!("period {}, {from} to {last}: opened {}, {closed}", period.key, period.opened_at.minute())
}
