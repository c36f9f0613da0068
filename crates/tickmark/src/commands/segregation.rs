//! `tickmark segregation`: who holds both duties of a conflict, and whether a right would make one.

use clap::Subcommand;
use serde_json::json;
use tickmark_app::program::segregation::{self, Report};
use tickmark_core::program::segregation::{Looked, Preventive, Verdict};

use super::assess::person;
use super::{catalog, end_of};
use crate::cli::Common;
use crate::failure::{Failure, Outcome};
use crate::output::{Output, Tone};
use crate::wiring;

/// What the help teaches by.
pub(crate) const EXAMPLES: &str = "\
Examples:
  tickmark segregation adopt --by \"Ada Byron\" --reason \"the usual conflicts\"
  tickmark segregation show
  tickmark segregation show --at 2026-06-30
  tickmark segregation check                           exit status 1: somebody holds both, or it could not be seen
  tickmark segregation check ada@example.com \"AWS production\" production-deploy
  tickmark segregation show --json > conflicts.json

What could not be seen is never \"no conflict\": a duty without a rule, a system without a list or with one that is old or
does not tie out, a right of which nobody has said what it grants.";

/// `tickmark segregation`
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what was found about each conflict, with what mitigates it and what could not be seen.
    Show {
        /// As of the end of this day; now when left out.
        #[arg(long, value_name = "DAY")]
        at: Option<String>,
    },
    /// Ask whether anybody holds both duties without an exception; or whether a right would make a conflict.
    Check {
        /// Who would get it, as lists name them.
        #[arg(requires = "right")]
        person: Option<String>,
        /// The system.
        system: Option<String>,
        /// The right.
        right: Option<String>,
    },
    /// Take the usual duties and conflicts; what was said of rights stays.
    Adopt {
        /// Who decides: a person's name.
        #[arg(long, value_name = "NAME")]
        by: String,
        /// Why.
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

/// Runs `tickmark segregation`.
pub(crate) async fn run(command: &Command, common: &Common, output: &Output) -> Outcome {
    match command {
        Command::Show { at } => show(at.as_deref(), common, output).await,
        Command::Check { person: Some(person), system: Some(system), right: Some(right) } => {
            ask(person, system, right, common, output).await
        }
        Command::Check { .. } => check(common, output).await,
        Command::Adopt { by, reason } => adopt(by, reason, common, output).await,
    }
}

fn none() -> Failure {
    Failure::input(
        "nobody has decided which duties conflict; `tickmark segregation adopt` takes the usual ones",
    )
}

async fn looked(at: Option<&str>, common: &Common) -> Outcome<Report> {
    let at = at.map(end_of).transpose()?;
    let app = wiring::inspect(common).await?;
    let actor = wiring::reader(&app).await?;
    let found = app
        .read(&actor, async |view| {
            // The end of today is now.
            let at = at.map_or(view.now, |end| end.plus_micros(-1).min(view.now));
            segregation::report_at(view, at).await
        })
        .await;
    app.close().await;
    found?.ok_or_else(none)
}

fn verdict(of: Verdict, output: &Output) -> String {
    let tone = match of {
        Verdict::Held => Tone::Bad,
        Verdict::Unseen => Tone::Unknown,
        Verdict::None => Tone::Good,
    };
    output.tone(tone, of.title())
}

fn value(report: &Report) -> serde_json::Value {
    let conflicts: Vec<_> = report
        .looked
        .iter()
        .map(|one| {
            let held: Vec<_> = one
                .held
                .iter()
                .map(|both| {
                    let covered = report.covered.get(&(one.conflict.id.clone(), both.holder.clone()));
                    let covered = covered.map(|covered| {
                        json!({"exception": covered.exception, "until": covered.until, "control": covered.control})
                    });
                    json!({"holder": both.holder, "first": both.first, "second": both.second, "covered": covered})
                })
                .collect();
            let unseen: Vec<String> = one.unseen.iter().map(ToString::to_string).collect();
            json!({"conflict": one.conflict, "result": one.verdict().word(), "held": held, "unseen": unseen})
        })
        .collect();
    let lists: Vec<_> =
        report.lists.iter().map(|list| json!({"list": list.key, "system": list.system})).collect();
    json!({
        "as_of": report.at, "matrix": report.matrix.written.version, "uncovered": report.uncovered(),
        "lists": lists, "conflicts": conflicts,
    })
}

fn say(report: &Report, one: &Looked, output: &Output) {
    let matrix = &report.matrix.matrix;
    let (first, second) = (matrix.title(&one.conflict.first), matrix.title(&one.conflict.second));
    output.line(format!("{}: {first} and {second}", verdict(one.verdict(), output)));
    for both in &one.held {
        let covered = report.covered.get(&(one.conflict.id.clone(), both.holder.clone()));
        let covered = covered.map_or_else(
            || "no exception".to_owned(),
            |covered| {
                format!(
                    "{} until {}, compensated by {}",
                    covered.exception,
                    covered.until.date(),
                    covered.control
                )
            },
        );
        output.line(format!("  {} ({covered})", both.holder));
        for through in both.first.iter().chain(&both.second) {
            output.line(format!("    {through}"));
        }
    }
    for unseen in &one.unseen {
        output.line(output.tone(Tone::Muted, format!("  {unseen}")));
    }
}

async fn show(at: Option<&str>, common: &Common, output: &Output) -> Outcome {
    let report = looked(at, common).await?;
    output.answer(&value(&report), |output| {
        for one in &report.looked {
            say(&report, one, output);
        }
        output.line(format!("as of {}, {} without an exception", report.at, report.uncovered()));
    })?;
    Ok(())
}

async fn check(common: &Common, output: &Output) -> Outcome {
    let report = looked(None, common).await?;
    let unseen = report.looked.iter().filter(|one| !one.unseen.is_empty()).count();
    output.answer(&value(&report), |output| {
        for one in report.looked.iter().filter(|one| one.verdict() != Verdict::None) {
            say(&report, one, output);
        }
        output.line(format!(
            "{} without an exception; {unseen} of {} conflicts could not be looked for in full",
            report.uncovered(),
            report.looked.len()
        ));
    })?;
    if report.uncovered() == 0 && unseen == 0 { Ok(()) } else { Err(Failure::No) }
}

async fn ask(person: &str, system: &str, right: &str, common: &Common, output: &Output) -> Outcome {
    let app = wiring::inspect(common).await?;
    let actor = wiring::reader(&app).await?;
    let asked = app.read(&actor, async |view| segregation::ask(view, person, system, right).await).await;
    app.close().await;
    let answer: Preventive = asked?.ok_or_else(none)?;
    let unseen: Vec<String> = answer.unseen.iter().map(ToString::to_string).collect();
    let value = json!({
        "result": answer.verdict().word(), "duties": answer.duties, "conflicts": answer.conflicts, "unseen": unseen,
    });
    output.answer(&value, |output| {
        output.line(verdict(answer.verdict(), output));
        for (conflict, through) in &answer.conflicts {
            output.line(format!("  {} and {}: {}", conflict.first, conflict.second, conflict.risk));
            for one in through {
                output.line(format!("    already: {one}"));
            }
        }
        for unseen in &unseen {
            output.line(output.tone(Tone::Muted, format!("  {unseen}")));
        }
    })?;
    if answer.verdict() == Verdict::None { Ok(()) } else { Err(Failure::No) }
}

async fn adopt(by: &str, reason: &str, common: &Common, output: &Output) -> Outcome {
    let catalog = catalog::load(&common.data)?;
    let app = wiring::open(common).await?;
    let person = person(&app, by).await?;
    let adopted = app.transact(&person, async |cx| segregation::adopt(cx, &catalog, reason).await).await;
    app.sequence(&person).await?;
    app.close().await;
    let version = adopted?;
    let matrix = &version.matrix;
    output.answer(
        &json!({"version": version.written.version, "conflicts": matrix.conflicts.len()}),
        |output| {
            output.line(format!(
                "version {}: {} duties, {} conflicts, {} rules",
                version.written.version,
                matrix.duties.len(),
                matrix.conflicts.len(),
                matrix.grants.len()
            ));
        },
    )?;
    output.note("next: say on the page Segregation of duties which rights grant which duties");
    Ok(())
}
