//! Tickmark: evidence, tests of controls and reports for SOC 1, SOC 2 and SOC 3.
//!
//! Owns configuration, wiring and the command line; the work is done by the crates below. Clock, entropy and
//! environment enter here and nowhere else.

mod cli;
mod clock;
mod commands;
mod failure;
mod outbound;
mod output;
mod settings;
mod wiring;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::failure::{Failure, Outcome};
use crate::output::Output;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = Output::new(&cli.common, clock::environment("NO_COLOR").is_some());
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_new(
                clock::environment("TICKMARK_LOG").unwrap_or("warn".into()),
            )
            .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn")),
        )
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(run(&cli, &output)),
        Err(error) => Err(Failure::from(error)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

async fn run(cli: &Cli, output: &Output) -> Outcome {
    let common = &cli.common;
    match &cli.command {
        Command::Quickstart(options) => commands::quickstart::run(options, common, output).await,
        Command::Example(options) => commands::example::run(options, common, output).await,
        Command::Init(options) => commands::init::run(options, common, output).await,
        Command::Collect(options) => commands::collect::run(options, common, output).await,
        Command::Checks(command) => commands::checks::run(command, common, output).await,
        Command::Status => commands::status::run(common, output).await,
        Command::Assess(command) => commands::assess::run(command, common, output).await,
        Command::Waive(command) => commands::waive::run(command, common, output).await,
        Command::History(command) => commands::history::run(command, common, output).await,
        Command::Replay(options) => commands::replay::run(options, common, output).await,
        Command::Control(command) => commands::control::run(command, common, output).await,
        Command::Search(command) => commands::search::run(command, common, output).await,
        Command::Perform(options) => commands::perform::run(options, common, output).await,
        Command::Population(command) => commands::population::run(command, common, output).await,
        Command::Access(command) => commands::access::run(command, common, output).await,
        Command::Segregation(command) => commands::segregation::run(command, common, output).await,
        Command::AccessReview(command) => commands::access_review::run(command, common, output).await,
        Command::Distribution(command) => commands::distribution::run(command, common, output).await,
        Command::Sample(command) => commands::sample::run(command, common, output),
        Command::Period(options) => commands::period::run(options, common, output).await,
        Command::Engagement(command) => commands::engagement::run(command, common, output).await,
        Command::Report(options) => commands::report::run(options, common, output).await,
        Command::Bundle(command) => commands::bundle::run(command, common, output).await,
        Command::Verify(options) => commands::verify::run(options, output),
        Command::Ledger(command) => commands::ledger::run(command, common, output).await,
        Command::Evidence(command) => commands::evidence::run(command, common, output).await,
        Command::Backup(options) => commands::backup::run(options, common, output).await,
        Command::Objects(command) => commands::objects::run(command, common, output).await,
        Command::Catalog(command) => commands::catalog::run(command, common, output),
        Command::Mail(command) => commands::mail::run(command, common, output).await,
        Command::Organization(command) => commands::organization::run(command, common, output).await,
        Command::People(command) => commands::people::run(command, common, output).await,
        Command::Accounts(command) => commands::accounts::run(command, common, output).await,
        Command::Audit(command) => commands::audit::run(command, common, output).await,
        Command::Serve(options) => commands::serve::run(options, common, output).await,
        Command::Completions { shell } => commands::help::completions(*shell, output),
        Command::Man => commands::help::man(output),
    }
}
