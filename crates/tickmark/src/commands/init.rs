//! `tickmark init`: the data folder, its key, the organization, starter controls as drafts.

use clap::Args;
use serde_json::json;
use tickmark_app::{Actor, App, control, ledger};

use super::Content;
use crate::cli::Common;
use crate::failure::{Failure, Outcome};
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
    /// Name of the system that a report would describe.
    #[arg(long, value_name = "NAME", default_value = SYSTEM)]
    pub(crate) system: String,
}

/// What the organization is called that nobody named.
const ORGANIZATION: &str = "My organization";
/// What the system is called that nobody named.
pub(crate) const SYSTEM: &str = "My system";

/// Makes or finds the organization, with starter controls as drafts and tests mapped to them.
///
/// A folder that is there already keeps what it has: another organization is added on purpose.
pub(crate) async fn prepare(app: &App, options: &Init, common: &Common, content: &Content) -> Outcome<Actor> {
    let there = app.organizations().await?;
    let actor = match &common.organization {
        _ if there.is_empty() => {
            let name = common.organization.as_deref().unwrap_or(ORGANIZATION);
            app.ensure_organization(name, &options.system).await?
        }
        Some(name) if !there.iter().any(|one| one.name == *name) => {
            let names: Vec<_> = there.iter().map(|one| format!("{:?}", one.name)).collect();
            return Err(Failure::input(format!(
                "{} is there already, for {}; `tickmark organization add {name:?}` adds another organization, \
                 `tickmark organization rename` gives one another name",
                common.data.display(),
                names.join(", ")
            )));
        }
        _ => app.only_organization().await?,
    };
    adopt(app, &actor, content).await?;
    Ok(actor)
}

/// Adopts starter controls as drafts, with tests mapped to them.
pub(crate) async fn adopt(app: &App, actor: &Actor, content: &Content) -> Outcome {
    app.transact(actor, async |cx| {
        control::adopt_starters(cx, &content.catalog).await?;
        control::sync_tests(cx, &content.library).await
    })
    .await?;
    app.sequence(actor).await?;
    Ok(())
}

/// Runs `tickmark init`.
pub(crate) async fn run(options: &Init, common: &Common, output: &Output) -> Outcome {
    let app = wiring::open(common).await?;
    let prepared = prepare(&app, options, common, &Content::load(common, output)?).await;
    let actor = match prepared {
        Ok(actor) => actor,
        Err(failure) => {
            app.close().await;
            return Err(failure);
        }
    };
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
    output
        .note("next: tickmark collect looks at this machine, tickmark serve --accounts goes on in a browser");
    Ok(())
}
