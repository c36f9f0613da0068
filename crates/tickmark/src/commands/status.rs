//! `tickmark status`: where the program stands now.

use serde_json::json;
use tickmark_app::conclusion;
use tickmark_app::observation::{self, waiver};
use tickmark_core::Span;
use tickmark_core::id::TargetKey;
use tickmark_core::observation::Verdict;
use tickmark_core::time::DAY_US;
use tickmark_store::Access;

use super::{catalog, waive};
use crate::cli::Common;
use crate::failure::Outcome;
use crate::output::{Output, Tone};
use crate::wiring;

/// For how many days a waiver that ended is still named.
const ENDED_DAYS: i64 = 30;

/// Runs `tickmark status`.
pub(crate) async fn run(common: &Common, output: &Output) -> Outcome {
    let catalog = catalog::load(&common.data)?;
    let app = wiring::inspect(common).await?;
    let actor = wiring::reader(&app).await?;
    let (standing, runs, waivers, targets) = app
        .read(&actor, async |view| {
            let month = Span { from: view.now.plus_micros(-ENDED_DAYS * DAY_US), to: None };
            Ok((
                conclusion::standing(view, &catalog).await?,
                observation::runs(view, 1).await?,
                waiver::in_force_over(view, month).await?,
                observation::targets(view).await?,
            ))
        })
        .await?;
    let server = app.server().await?;
    app.close().await;
    // A single machine needs no name beside each of its results.
    let name = |key: TargetKey| {
        let named = targets.iter().filter(|_| targets.len() > 1).find(|target| target.key == key);
        named.map_or(String::new(), |target| format!("{}: ", target.target.name))
    };
    let counts = standing.assessment.figure.criteria();
    let of = |wanted: Verdict| standing.verdicts.iter().filter(move |verdict| verdict.verdict == wanted);
    let answer = json!({
        "at": standing.at, "organization": actor.organization.name,
        "readiness": standing.assessment.figure.percent(), "criteria": counts,
        "results": {
            "pass": of(Verdict::Pass).count(), "fail": of(Verdict::Fail).count(),
            "unknown": of(Verdict::Unknown).count(), "not_applicable": of(Verdict::NotApplicable).count(),
        },
        "failing": of(Verdict::Fail).collect::<Vec<_>>(), "unknown": of(Verdict::Unknown).collect::<Vec<_>>(),
        "waivers": waivers.iter().map(|waiver| waive::with_state(waiver, standing.at)).collect::<Vec<_>>(),
        "last_run": runs.first(), "targets": targets,
        "database": server.as_ref().map(|server| json!({
            "version": server.version, "refusal": server.refusal(Access::Write), "remarks": server.remarks(),
        })),
    });
    output.answer(&answer, |output| {
        output.line(
            output.tone(Tone::Strong, format!("{} at {}", actor.organization.name, standing.at.minute())),
        );
        output.line(format!(
            "readiness {}; of {} criteria {} met, {} partly met, {} not met, {} not assessed",
            standing.assessment.figure.percent(),
            counts.total(),
            counts.met,
            counts.partly_met,
            counts.not_met,
            counts.not_assessed
        ));
        match runs.first() {
            Some(run) => output.line(format!(
                "last run {} ({}) at {}",
                run.key,
                run.state.word(),
                run.finished_at.unwrap_or(run.started_at).minute()
            )),
            None => output.line("no run yet: tickmark collect"),
        }
        if let Some(server) = &server {
            for said in server.refusal(Access::Write).into_iter().chain(server.remarks()) {
                output.line(format!("database: {said}"));
            }
        }
        for (verdict, title) in [(Verdict::Fail, "Not as asserted"), (Verdict::Unknown, "Could not be seen")]
        {
            let rows: Vec<_> = of(verdict).collect();
            if rows.is_empty() {
                continue;
            }
            output.line(output.tone(Tone::Strong, format!("\n{title} ({})", rows.len())));
            output.table(
                ["Check", "Since", "What"],
                rows.iter().map(|row| {
                    let waived = row.waiver.as_ref().map_or(String::new(), |waiver| {
                        format!(
                            "\n[waiver {} until {}] {}",
                            waiver.id,
                            waive::last_day(waiver.expires_at),
                            waiver.reason
                        )
                    });
                    [
                        row.check_id.clone(),
                        row.since.date(),
                        format!("{}{}{waived}", name(row.target), row.outcome.message),
                    ]
                }),
            );
        }
        if !waivers.is_empty() {
            output.line(output.tone(
                Tone::Strong,
                format!("\nWaivers in force, or ended within {ENDED_DAYS} days ({})", waivers.len()),
            ));
            waive::table(&waivers, standing.at, output);
        }
    })?;
    output.note("next: tickmark checks show CHECK, tickmark assess show, tickmark report");
    Ok(())
}
