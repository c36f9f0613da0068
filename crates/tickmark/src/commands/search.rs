//! `tickmark search`: what the lists and the search of the pages look at.

use clap::Subcommand;
use serde_json::json;
use tickmark_app::register;

use crate::cli::Common;
use crate::failure::Outcome;
use crate::output::Output;
use crate::wiring;

/// What the help teaches by.
pub(crate) const EXAMPLES: &str = "\
Examples:
  tickmark search rebuild";

/// `tickmark search`
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make it again from the records of every organization.
    Rebuild,
}

/// Runs `tickmark search`.
pub(crate) async fn run(command: &Command, common: &Common, output: &Output) -> Outcome {
    match command {
        Command::Rebuild => {
            let app = wiring::open(common).await?;
            let mut count = 0;
            for organization in app.organizations().await? {
                let program = app.program(&organization).await?;
                count += app.transact(&program, async |cx| register::rebuild(cx).await).await?;
            }
            app.close().await;
            output.answer(&json!({ "records": count }), |output| {
                output.line(format!("{count} records are listed and found"));
            })?;
        }
    }
    Ok(())
}
