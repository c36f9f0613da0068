//! `tickmark example`: a company that does not exist with a year behind it, to look around in.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::json;
use tickmark_app::example::{self, Created, Examination, Settings, Stage, StoryClock, StoryEntropy};
use tickmark_app::identity::people::Link;
use tickmark_app::{Actor, App, conclusion, identity, ledger};

use super::{Content, bundle, checks, report, serve};
use crate::cli::Common;
use crate::clock;
use crate::failure::{Failure, Outcome};
use crate::output::{Output, Tone};
use crate::wiring;

/// First line of the parameters in the folder.
const PARAMETERS_ABOUT: &str = "Demands of the example company, fictional like everything of it.";
/// What the help teaches by.
pub(crate) const EXAMPLES: &str = "\
Examples:
  tickmark example --data example-data             a year of 24 hosts; then the pages
  tickmark example --data small --days 60 --targets 6 --no-serve
  tickmark example --data example-data --seed 2 --replace
  tickmark period --data example-data              its controls over the year
  tickmark history failures --data example-data    what failed where
  tickmark engagement list --data example-data     its examinations";

/// `tickmark example`
#[derive(Debug, Args)]
pub(crate) struct Example {
    /// Number that everything is drawn from; the same number gives the same company.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Hosts on the first day; two more join.
    #[arg(long, value_name = "N", default_value_t = 24)]
    pub(crate) targets: u32,
    /// Length of its history in days.
    #[arg(long, value_name = "N", default_value_t = tickmark_app::example::YEAR_DAYS)]
    pub(crate) days: u32,
    /// Move what is in the data folder aside, and make the example in its place. Nothing is deleted.
    #[arg(long)]
    pub(crate) replace: bool,
    /// Stop before serving the pages.
    #[arg(long)]
    pub(crate) no_serve: bool,
    #[command(flatten)]
    pub(crate) serve: serve::Serve,
}

/// Runs `tickmark example`.
pub(crate) async fn run(options: &Example, common: &Common, output: &Output) -> Outcome {
    let settings =
        Settings { hosts: options.targets, days: options.days, ..Settings::year(options.seed, clock::now()) };
    settings.check().map_err(Failure::input)?;
    let aside = make_room(options, common).await?;
    let content = Content::load(common, output)?;
    let created = play(&settings, common, &content, output).await?;
    // Whoever looks at the folder afterwards is shown the demands of the company, not those of the checks.
    checks::keep_parameters(&common.data, &created.library, PARAMETERS_ABOUT)?;

    // From here on the clock is the real one and what is written is written now, as it would be by hand.
    let app = wiring::open(common).await?;
    let actor = wiring::reader(&app).await?;
    let content = Content { library: created.library.clone(), ..content };
    let place = auditors_place(&app, &actor, &created).await?;
    let out = common.data.join("out");
    let written = report::write(&app, &actor, &out, &content, output).await?;
    let file = out.join("bundle.zip");
    let exported = bundle::write(&app, &actor, &file, Some(settings.period()), output).await?;
    let (standing, head) = app
        .read(&actor, async |view| {
            Ok((conclusion::standing(view, &content.catalog).await?, ledger::head(view).await?))
        })
        .await?;
    app.close().await;
    drop(app);

    let verification = bundle::verify_own(&exported, &head.verifier_key)?;
    let counts = standing.assessment.figure.criteria();
    let examination = place.as_ref().map(|(made, link)| {
        json!({
            "soc2": made.soc2.to_string(), "soc1": made.soc1.to_string(),
            "auditor": {"email": made.auditor, "link": address(link), "expires_at": link.expires_at},
        })
    });
    let answer = json!({
        "notice": identity::EXAMPLE_NOTICE, "data": common.data, "organization": actor.organization.name,
        "seed": settings.seed, "days": settings.days, "hosts": created.hosts, "runs": created.runs,
        "decisions": created.decisions, "performances": created.performances, "criteria": counts, "examination": examination, "files": written.files, "bundle": file,
        "ledger": {"size": head.size, "root": head.root.base64(), "verifier_key": head.verifier_key},
        "verified": !verification.has_failed(), "moved_aside": aside,
    });
    output.answer(&answer, |output| {
        output.line(output.tone(Tone::Strong, identity::EXAMPLE_NOTICE));
        output.line(format!(
            "  {}: {} days, {} hosts, {} runs, {} answers of people, {} controls performed, {} ledger entries",
            actor.organization.name,
            settings.days,
            created.hosts,
            created.runs,
            created.decisions,
            created.performances,
            head.size
        ));
        output.line(format!(
            "  {} criteria: {} met, {} partly met, {} not met, {} not assessed",
            counts.total(),
            counts.met,
            counts.partly_met,
            counts.not_met,
            counts.not_assessed
        ));
        output.line(match &place {
            Some((made, _)) => format!(
                "  {}: SOC 2 Type 2 under way, the firm tests; {}: SOC 1 Type 2 planned",
                made.soc2, made.soc1
            ),
            None => format!(
                "  no examination: its period and the fieldwork need {} days or more",
                example::EXAMINED_DAYS
            ),
        });
        if let Some(aside) = &aside {
            output.line(format!("  what was in the folder is kept at {}", aside.display()));
        }
        bundle::print_written(
            &exported,
            &verification,
            written.files.iter().chain([&file]),
            head.size,
            output,
        );
    })?;
    if verification.has_failed() {
        return Err(Failure::No);
    }
    advise(common, place.as_ref(), &head.verifier_key, output);
    if options.no_serve {
        return Ok(());
    }
    let app = wiring::inspect(common).await?;
    serve::serve(app, &options.serve, common, output).await
}

/// Refuses a folder that holds an organization, or moves it aside when told to. Nothing is deleted.
async fn make_room(options: &Example, common: &Common) -> Outcome<Option<PathBuf>> {
    let data = &common.data;
    if !data.exists() {
        return Ok(None);
    }
    let app = wiring::open(common).await?;
    let found = app.organizations().await?.into_iter().next();
    let is_example = match &found {
        None => false,
        Some(_) => {
            let actor: Actor = app.only_organization().await?;
            app.read(&actor, identity::example).await?.is_some()
        }
    };
    app.close().await;
    drop(app);
    let Some(found) = found else { return Ok(None) };
    let what = if is_example { "another example" } else { "a real organization" };
    if !options.replace {
        return Err(Failure::input(format!(
            "{} holds {what}, {}; choose another folder with --data, or move it aside with --replace",
            data.display(),
            found.name
        )));
    }
    if wiring::has_server(common)? {
        return Err(Failure::input(format!(
            "the database server holds {what}, {}; --replace moves folders only, so name an empty database",
            found.name
        )));
    }
    let aside = free_name(data)?;
    std::fs::rename(data, &aside)?;
    Ok(Some(aside))
}

/// Returns a name beside the folder that nothing has.
fn free_name(data: &Path) -> Outcome<PathBuf> {
    let name = data.file_name().ok_or_else(|| Failure::input("--data names no folder"))?.to_string_lossy();
    let date = clock::now().date();
    (1..1000)
        .map(|number| data.with_file_name(format!("{name}.before-{date}-{number}")))
        .find(|path| !path.exists())
        .ok_or_else(|| Failure::input(format!("there is no free name beside {}", data.display())))
}

/// Plays the story with its own clock and entropy.
async fn play(settings: &Settings, common: &Common, content: &Content, output: &Output) -> Outcome<Created> {
    let progress = output.progress(&format!("playing {} days of the example company", settings.days));
    let story_clock = Arc::new(StoryClock::at(settings.opening()));
    let entropy = Arc::new(StoryEntropy::of(settings.seed));
    let app: App = wiring::open_with(common, story_clock.clone(), entropy).await?;
    let stage = Stage {
        app: &app,
        move_clock: &|at| story_clock.forward(at),
        catalog: &content.catalog,
        library: &content.library,
        tell: &|step| progress.step(step),
    };
    let created = example::create(&stage, settings).await?;
    app.close().await;
    Ok(created)
}

/// Lets whoever looks around take the place of the auditor, by a link that nobody can compute from the seed.
async fn auditors_place(app: &App, actor: &Actor, created: &Created) -> Outcome<Option<(Examination, Link)>> {
    let Some(made) = created.examination else { return Ok(None) };
    let link = app.transact(actor, async |cx| example::hand_over(cx).await).await?;
    app.sequence(actor).await?;
    Ok(Some((made, link)))
}

/// Where the link works once accounts are served at the usual port.
fn address(link: &Link) -> String {
    format!("http://127.0.0.1:{}/join/{}", serve::PORT, link.text())
}

fn advise(common: &Common, place: Option<&(Examination, Link)>, key: &str, output: &Output) {
    let data = common.data.display();
    output.note(format!(
        "\nNothing in it is real. What there is to find stands in docs/operate/example.md.\n  look around  tickmark serve \
         --data {data}\n  read         {data}/out/readiness.pdf\n  verify       tickmark verify {data}/out/bundle.zip --key \
         '{key}'"
    ));
    let Some((made, link)) = place else { return };
    let (number, auditor, link) = (made.soc2.0, made.auditor, address(link));
    output.note(format!(
        "The examination stands at /engagements/{number}, for both sides with tickmark serve --accounts --data {data}:\n  \
         the company  the link that it prints, which makes you the owner\n  the auditor  {link}\n               in another \
         browser, once, within 24 hours; later tickmark people reset {auditor} --data {data} --reason \"to look around\""
    ));
}
