//! `tickmark init`: the data folder, its key, the organization, starter controls as drafts.

use clap::Args;
use serde_json::json;
use tickmark_app::{Actor, App, control, ledger};

use super::Content;
use crate::cli::Common;
use crate::failure::Outcome;
use crate::output::Output;
use crate::wiring;

/// What the help teaches by.
pub(crate) const EXAMPLES: &str = "\
Examples:
  tickmark init --organization \"Acme Ltd\" --system \"Payroll\"
  tickmark init --data /var/lib/tickmark";

/// `tickmark init`
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Name of the organization.
    #[arg(long, value_name = "NAME", default_value = "My organization")]
    pub(crate) organization: String,
    /// Name of the system that a report would describe.
    #[arg(long, value_name = "NAME", default_value = "My system")]
    pub(crate) system: String,
}

/// Makes or finds the organization, with starter controls as drafts and tests mapped to them.
pub(crate) async fn prepare(app: &App, options: &Init, content: &Content) -> Outcome<Actor> {
    let actor = if app.organizations().await?.is_empty() {
        app.ensure_organization(&options.organization, &options.system).await?
    } else {
        app.only_organization().await?
    };
    app.transact(&actor, async |cx| {
        control::adopt_starters(cx, &content.catalog).await?;
        control::sync_tests(cx, &content.library).await
    })
    .await?;
    app.sequence(&actor).await?;
    Ok(actor)
}

/// Runs `tickmark init`.
pub(crate) async fn run(options: &Init, common: &Common, output: &Output) -> Outcome {
    let app = wiring::open(common).await?;
    let actor = prepare(&app, options, &Content::load(common, output)?).await?;
    let head = app.read(&actor, async |view| ledger::head(view).await).await?;
    let controls = app.read(&actor, async |view| control::controls(view).await).await?.len();
    app.close().await;
    let answer = json!({
        "data": common.data, "organization": actor.organization.name, "draft_controls": controls,
        "ledger": {"origin": head.origin, "size": head.size, "verifier_key": head.verifier_key},
    });
    output.answer(&answer, |output| {
        output.line(format!("{} is ready for {}", common.data.display(), actor.organization.name));
        output.line(format!("  {controls} starter controls are adopted as drafts: keep what you really do"));
        output.line(format!("  checkpoints are signed by {}", head.verifier_key));
    })?;
    output.note("next: tickmark collect");
    Ok(())
}
