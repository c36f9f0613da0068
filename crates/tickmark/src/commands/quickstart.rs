//! `tickmark quickstart`: the main job, from this machine to a report that can be verified.

use clap::Args;
use serde_json::json;
use tickmark_app::{conclusion, ledger};

use super::{Content, bundle, collect, init, report, serve};
use crate::cli::Common;
use crate::failure::{Failure, Outcome};
use crate::output::{Output, Tone};
use crate::wiring;

/// What the help teaches by.
pub(crate) const EXAMPLES: &str = "\
Examples:
  tickmark quickstart                              look at this machine and open the pages
  tickmark quickstart --organization \"Acme Ltd\" --system \"Payroll\"
  tickmark quickstart --no-serve --json            for scripts
  tickmark quickstart --no-updates --no-walk       without the two slow parts of a look";

/// `tickmark quickstart`
#[derive(Debug, Args)]
pub(crate) struct Quickstart {
    /// Stop before serving the pages.
    #[arg(long)]
    pub(crate) no_serve: bool,
    #[command(flatten)]
    pub(crate) init: init::Init,
    #[command(flatten)]
    pub(crate) collect: collect::Collect,
    #[command(flatten)]
    pub(crate) serve: serve::Serve,
}

/// Runs `tickmark quickstart`.
pub(crate) async fn run(options: &Quickstart, common: &Common, output: &Output) -> Outcome {
    let app = wiring::open(common).await?;
    let content = Content::load(common, output)?;
    let actor = init::prepare(&app, &options.init, common, &content).await?;
    let looked = collect::look(&app, &actor, &options.collect, &content, output).await?;
    let out = wiring::out_folder(&app, &actor, common).await?;
    let written = report::write(&app, &actor, &out, &content, output).await?;
    let file = out.join("bundle.zip");
    let exported = bundle::write(&app, &actor, &file, None, output).await?;
    let (standing, head) = app
        .read(&actor, async |view| {
            Ok((conclusion::standing(view, &content.catalog).await?, ledger::head(view).await?))
        })
        .await?;
    app.close().await;
    drop(app);

    let verification = bundle::verify_own(&exported, &head.verifier_key)?;
    let counts = standing.assessment.figure.criteria();
    let answer = json!({
        "data": common.data, "organization": actor.organization.name, "run": looked.summary, "results": looked.verdicts,
        "gaps": looked.gaps, "readiness": standing.assessment.figure.percent(), "criteria": counts,
        "controls": standing.controls.len(), "files": written.files, "bundle": file, "model": written.model,
        "ledger": {"size": head.size, "root": head.root.base64(), "verifier_key": head.verifier_key},
        "verified": !verification.has_failed(),
    });
    output.answer(&answer, |output| {
        collect::print(&looked, output);
        output.line(output.tone(Tone::Strong, "\nReadiness"));
        output.line(format!(
            "  {} criteria: {} met, {} partly met, {} not met, {} not assessed; {} draft controls wait for people",
            counts.total(),
            counts.met,
            counts.partly_met,
            counts.not_met,
            counts.not_assessed,
            standing.controls.len()
        ));
        bundle::print_written(&exported, &verification, written.files.iter().chain([&file]), head.size, output);
    })?;
    if verification.has_failed() {
        return Err(Failure::No);
    }
    advise(common, &head.verifier_key, output);
    if options.no_serve {
        return Ok(());
    }
    let app = wiring::inspect(common).await?;
    serve::serve(app, &options.serve, common, output).await
}

fn advise(common: &Common, key: &str, output: &Output) {
    let data = common.data.display();
    output.note(format!(
        "\nNext\n  read         {data}/out/readiness.pdf\n  decide       tickmark assess show; tickmark assess set …\n  \
         verify       tickmark verify {data}/out/bundle.zip --key '{key}'\n  look again   tickmark collect (daily, so that \
         the history has no hole)"
    ));
}
