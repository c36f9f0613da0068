//! `tickmark perform`: a control was performed, and this shows it.

use tickmark_app::program::performance::{self, EvidenceFile, NewPerformance};
use tickmark_core::control::ControlId;

use super::assess::person;
use super::{evidence_file, moment};
use crate::cli::{self, Common};
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::wiring;

/// Runs `tickmark perform`.
pub(crate) async fn run(options: &cli::Perform, common: &Common, output: &Output) -> Outcome {
    let control: ControlId = options.control.parse().map_err(Failure::input)?;
    let files: Vec<EvidenceFile> =
        options.evidence.iter().map(|path| evidence_file(path)).collect::<Outcome<_>>()?;
    let at = options.at.as_deref().map(moment).transpose()?;
    let app = wiring::open(common).await?;
    let program = wiring::reader(&app).await?;
    let by = person(&app, &options.by).await?;
    let recorded = app
        .transact(&program, async |cx| {
            let new = NewPerformance {
                control,
                window: options.window.clone(),
                performed_at: at.unwrap_or(cx.now),
                performed_by: by.id,
                evidence: Vec::new(),
                files,
                note: options.note.clone(),
            };
            performance::record(cx, new).await
        })
        .await;
    app.sequence(&program).await?;
    app.close().await;
    let recorded = recorded?;
    output.answer(&recorded, |output| {
        output.line(format!(
            "performance {} of {} for {}, done {}",
            recorded.key,
            recorded.control,
            recorded.window,
            recorded.performed_at.minute()
        ));
    })?;
    Ok(())
}
