//! `tickmark perform`: a control was performed, and this shows it.

use std::path::PathBuf;

use clap::Args;
use tickmark_app::program::performance::{self, EvidenceFile, NewPerformance};
use tickmark_core::control::ControlId;

use super::assess::person;
use super::{evidence_file, moment};
use crate::cli::Common;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::wiring;

/// What the help teaches by.
pub(crate) const EXAMPLES: &str = "\
Examples:
  tickmark perform IAM-07 --by \"Ada Byron\" --evidence review.pdf
  tickmark perform IAM-07 --window 2026-Q4 --by \"Ada Byron\" --at 2026-12-03 \\
      --evidence review.pdf --evidence list.csv --note \"two accounts removed\"";

/// `tickmark perform`
#[derive(Debug, Args)]
pub(crate) struct Perform {
    /// Control id, e.g. `IAM-07`.
    pub(crate) control: String,
    /// Window it is for, e.g. `2026-Q4`; that in which it was done when left out.
    #[arg(long, value_name = "WINDOW")]
    pub(crate) window: Option<String>,
    /// File that shows it; may be given again.
    #[arg(long, value_name = "FILE", required = true)]
    pub(crate) evidence: Vec<PathBuf>,
    /// Who did it: a person's name.
    #[arg(long)]
    pub(crate) by: String,
    /// When it was done: a day or a moment; now when left out.
    #[arg(long, value_name = "WHEN")]
    pub(crate) at: Option<String>,
    /// What there is to say.
    #[arg(long, default_value = "")]
    pub(crate) note: String,
}

/// Runs `tickmark perform`.
pub(crate) async fn run(options: &Perform, common: &Common, output: &Output) -> Outcome {
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
