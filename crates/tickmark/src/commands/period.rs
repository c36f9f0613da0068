//! `tickmark period`: the board in text, and one control with its deviations; the ends of a period in the ledger.

mod ends;

use clap::Args;
use tickmark_app::conclusion::period::{self, Board, ControlPeriod, Question, TestPeriod};
use tickmark_core::conclusion::period::{Cell, State, Subject};
use tickmark_core::control::ControlId;
use tickmark_core::time::DAY_US;
use tickmark_core::{Span, Timestamp};

use super::{end_of, moment};
use crate::cli::Common;
use crate::failure::{Failure, Outcome};
use crate::output::{Output, Tone};
use crate::wiring;

/// What the help teaches by.
pub(crate) const EXAMPLES: &str = "\
Examples:
  tickmark period                                  all controls over the last year
  tickmark period --from 2026-01-01 --to 2026-12-31
  tickmark period IAM-07                           one control, down to its deviations
  tickmark period IAM-07 --to 2026-06-30 --known 2026-07-15    as it was known on that day
  tickmark period open --from 2026-01-01 --to 2026-12-31
  tickmark period close                            the open one, once it is over
  tickmark period ends";

/// `tickmark period`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Period {
    #[command(subcommand)]
    pub(crate) ends: Option<ends::Command>,
    /// Only this control, down to its deviations.
    pub(crate) control: Option<String>,
    /// First day; a year before the last when left out.
    #[arg(long, value_name = "DAY")]
    pub(crate) from: Option<String>,
    /// Last day; today when left out.
    #[arg(long, value_name = "DAY")]
    pub(crate) to: Option<String>,
    /// As it was known at the end of this day: nothing that was recorded later counts.
    #[arg(long, value_name = "DAY")]
    pub(crate) known: Option<String>,
}

/// Days looked back when no first day is named.
const YEAR_DAYS: i64 = 365;
/// Most deviations printed of one test.
const SHOWN: usize = 50;

/// Runs `tickmark period`.
pub(crate) async fn run(options: &Period, common: &Common, output: &Output) -> Outcome {
    if let Some(command) = &options.ends {
        return ends::run(command, common, output).await;
    }
    let to = options.to.as_deref().map(end_of).transpose()?;
    let from = options.from.as_deref().map(moment).transpose()?;
    let app = wiring::inspect(common).await?;
    let actor = wiring::reader(&app).await?;
    // The day of today ends when it is asked about.
    let known_at = options.known.as_deref().map(end_of).transpose()?.filter(|at| *at < app.now());
    let end = to.unwrap_or_else(|| known_at.unwrap_or_else(|| app.now()));
    let span = Span { from: from.unwrap_or_else(|| end.plus_micros(-YEAR_DAYS * DAY_US)), to: Some(end) };
    let asked = Question { span, known_at };
    match &options.control {
        Some(control) => {
            let id: ControlId = control.parse().map_err(Failure::input)?;
            let read = app.read(&actor, async |view| {
                Ok((period::control_period(view, &id, asked).await?, known_at.unwrap_or(view.now)))
            });
            let (found, now) = read.await?;
            app.close().await;
            output.answer(&found, |output| show(&found, now, output))?;
        }
        None => {
            let board = app.read(&actor, async |view| period::board(view, asked).await).await?;
            app.close().await;
            output.answer(&board, |output| show_board(&board, output))?;
        }
    }
    Ok(())
}

fn sign(state: State) -> char {
    match state {
        State::NotInForce => ' ',
        State::NotApplicable => '-',
        State::NotYetDue => '.',
        State::Operating => '+',
        State::Waived => 'w',
        State::Unknown => '?',
        State::Late => 'l',
        State::Missed => 'm',
        State::Deviation => 'x',
    }
}

fn tone(state: State) -> Tone {
    match state {
        State::NotInForce | State::NotApplicable | State::NotYetDue | State::Waived => Tone::Muted,
        State::Operating => Tone::Good,
        State::Unknown => Tone::Unknown,
        State::Late | State::Missed | State::Deviation => Tone::Bad,
    }
}

fn strip(cells: &[Cell]) -> String {
    cells.iter().map(|cell| sign(cell.state)).collect()
}

fn show_board(board: &Board, output: &Output) {
    let last = board.to.plus_micros(-1).date();
    output.line(output.tone(Tone::Strong, format!("{} to {last}", board.from.date())));
    for row in board.rows.iter().filter(|row| !row.tests.is_empty()) {
        let state = output.tone(tone(row.state), format!("{:<11}", row.state.plain()));
        output.line(format!("{:<8} {state} {}  {}", row.control, strip(&row.cells), row.title));
    }
    let untested = board.rows.iter().filter(|row| row.tests.is_empty()).count();
    output.note(format!(
        "+ operating, x deviation, m missed, l late, ? unknown, w waived, - no subject, . not yet due; {untested} controls have no test"
    ));
}

fn show(found: &ControlPeriod, now: Timestamp, output: &Output) {
    let row = &found.row;
    output.line(output.tone(Tone::Strong, format!("{} {}: {}", row.control, row.title, row.state)));
    output.line(strip(&row.cells));
    for test in &found.tests {
        let conclusion = &test.conclusion;
        let state = conclusion.state(now);
        output.line(format!(
            "\n{} ({}): {}; {} subjects, {} deviating, {} not tested, {} not selected, {} stretches unseen",
            conclusion.test,
            conclusion.kind.word(),
            output.tone(tone(state), state),
            conclusion.subject_count(),
            conclusion.deviating(),
            conclusion.untested_items(),
            conclusion.unsampled_items(),
            conclusion.unseen.len()
        ));
        show_detail(test, output);
        for deviation in conclusion.deviations.iter().take(SHOWN) {
            let subject = match &deviation.subject {
                Subject::Target(key) => {
                    let target = test.targets.iter().find(|target| target.target == *key);
                    target.map_or_else(|| key.to_string(), |target| target.name.clone())
                }
                Subject::Window(window) => window.clone(),
                Subject::Item { key, .. } => key.clone(),
            };
            let good = deviation
                .last_seen_good
                .map_or("never seen good".to_owned(), |at| format!("good {}", at.minute()));
            let again = deviation
                .good_again
                .map_or("not good since".to_owned(), |at| format!("good again {}", at.minute()));
            let waived = if deviation.waivers.is_empty() { "" } else { ", waiver beside it" };
            output.line(format!(
                "  {} {subject}: {good}, bad {}, {again}{waived}",
                deviation.kind.word(),
                deviation.first_seen_bad.minute()
            ));
        }
        if conclusion.deviations.len() > SHOWN {
            output.line(format!("  and {} more", conclusion.deviations.len() - SHOWN));
        }
    }
}

/// The limit, samples, parts beside fixes, and how far the test reaches.
fn show_detail(test: &TestPeriod, output: &Output) {
    let (conclusion, detail) = (&test.conclusion, &test.detail);
    if let Some(tolerance) = detail.tolerance {
        let within = conclusion.tolerated.len();
        output.line(format!("  may fail for {tolerance}; {within} failing stretches lie within the limit"));
    }
    for sample in conclusion.samples.values() {
        let limit = match (sample.upper_limit_bp, sample.risk, sample.tolerable) {
            (Some(bp), Some(risk), Some(tolerable)) => {
                format!(", upper limit {}.{}% at {risk} risk against {tolerable}", bp / 100, bp % 100 / 10)
            }
            _ => String::new(),
        };
        output.line(format!(
            "  sample {} of {}: {} of {} units tested, {} deviate{limit}: {}",
            sample.number,
            sample.items,
            sample.tested,
            sample.size,
            sample.deviations,
            sample.says.plain()
        ));
    }
    for part in &detail.parts {
        let needed = match part.needed {
            Some(needed) if !part.is_enough() => {
                format!(" of {needed} needed after the fix: too few to say that it holds")
            }
            Some(needed) => format!(" of {needed} needed after the fix"),
            None => String::new(),
        };
        output.line(format!(
            "  {} to {}: {}; {} subjects, {} deviating, {} looked at{needed}",
            part.from.date(),
            part.to.plus_micros(-1).date(),
            part.state,
            part.subjects,
            part.deviating,
            part.instances
        ));
    }
    let coverage = &detail.coverage;
    match coverage.until {
        Some(until) if until < coverage.to => {
            output.line(format!("  tested until {}; the rest is left to roll forward over", until.minute()));
        }
        Some(_) => {}
        None => output.line("  nothing was tested"),
    }
    if coverage.missing() > 0 {
        output.line(format!("  {} more from the end of the period needed", coverage.missing()));
    }
}
