//! The command line as text: what `--help`, the man page and shell completions are made from. What a command takes
//! stands beside what it does, in its file of [`crate::commands`].

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::commands::{
    access, access_review, accounts, assess, audit, backup, bundle, catalog, checks, collect, control,
    distribution, engagement, evidence, example, history, init, ledger, mail, objects, organization, people,
    perform, period, population, quickstart, replay, report, sample, search, segregation, serve, verify,
    waive,
};

const EXAMPLES: &str = "\
Examples:
  tickmark example --data example-data     a made-up company with a year behind it, to look around in
  tickmark quickstart                      look at this machine, write everything, open the pages
  tickmark quickstart --no-serve           the same without pages, for scripts
  tickmark collect && tickmark status      look again; what is failing, what could not be seen
  tickmark checks show ssh-root-login-disabled
  tickmark catalog show CC6.1
  tickmark assess set NET-01 implemented partly --by \"Ada Byron\" --reason \"IPv6 is open\"
  tickmark control start IAM-07 --owner \"Ada Byron\"
  tickmark sample size --risk 5% --tolerable 5% --expected 1%
  tickmark period                          controls over the last year: deviations, what is due
  tickmark bundle export && tickmark verify tickmark-data/out/bundle.zip
`tickmark COMMAND --help` has examples of each.

Exit status:
  0  done; for verify and tests: everything holds
  1  done, and the answer is no: something does not verify, a check's test fails
  2  the command line or the input cannot be read
  3  it could not be done: data folder in use, disk, database, permission";

/// Evidence, tests of controls and reports for SOC 1, SOC 2 and SOC 3.
#[derive(Debug, Parser)]
#[command(name = "tickmark", version, after_help = EXAMPLES, max_term_width = 110)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// What every command takes.
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Options of every command.
#[derive(Clone, Debug, Args)]
pub(crate) struct Common {
    /// Data folder: database, evidence, keys, your own checks, output.
    #[arg(long, global = true, value_name = "DIR", env = "TICKMARK_DATA", default_value = "tickmark-data")]
    pub(crate) data: PathBuf,
    /// Organization that it is about, where the data folder has several.
    #[arg(long, global = true, value_name = "NAME", env = "TICKMARK_ORGANIZATION")]
    pub(crate) organization: Option<String>,
    /// Answer as JSON on standard output.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Colour.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
    /// Say less: no progress, no advice.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On terminals, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Look at this machine, test it, write report, matrix and bundle, then serve the pages.
    #[command(after_help = quickstart::EXAMPLES)]
    Quickstart(quickstart::Quickstart),
    /// Create a fictional company with a year behind it, to look around in.
    #[command(after_help = example::EXAMPLES)]
    Example(example::Example),
    /// Create a data folder: database, signing key, organization, starter controls as drafts.
    #[command(after_help = init::EXAMPLES)]
    Init(init::Init),
    /// Look at this machine and test what was found.
    #[command(after_help = collect::EXAMPLES)]
    Collect(collect::Collect),
    /// List, show, test and write checks.
    #[command(subcommand, after_help = checks::EXAMPLES)]
    Checks(checks::Command),
    /// What is failing, what could not be seen, where the program stands.
    Status,
    /// Readiness: the four questions per control, decided by people.
    #[command(subcommand, after_help = assess::EXAMPLES)]
    Assess(assess::Command),
    /// Waivers: exceptions to checks that a person approves for a time. They stand beside verdicts and change none.
    #[command(after_help = waive::EXAMPLES)]
    Waive(waive::Waive),
    /// Failures with both bounds, what was not looked at, and the index over it.
    #[command(subcommand, after_help = history::EXAMPLES)]
    History(history::Command),
    /// Compute past verdicts again from the facts, check version and moment they rest on.
    #[command(after_help = replay::EXAMPLES)]
    Replay(replay::Replay),
    /// Controls: put one in force under a named owner, retire one.
    #[command(subcommand, after_help = control::EXAMPLES)]
    Control(control::Command),
    /// Record that a control was performed, with what shows it.
    #[command(after_help = perform::EXAMPLES)]
    Perform(perform::Perform),
    /// Populations: everything a trigger produced, imported as a list, frozen, with results per item.
    #[command(subcommand, after_help = population::EXAMPLES)]
    Population(population::Command),
    /// Lists of access: who holds which right in one system at one moment.
    #[command(subcommand, after_help = access::EXAMPLES)]
    Access(access::Command),
    /// Segregation of duties: who holds both sides of a conflict, and what could not be seen.
    #[command(subcommand, after_help = segregation::EXAMPLES)]
    Segregation(segregation::Command),
    /// Reviews of access: begun, opened, how far they have come, their record.
    #[command(subcommand, after_help = access_review::EXAMPLES)]
    AccessReview(access_review::Command),
    /// Samples: how many units, which ones, what they say. Exact, and repeatable by anybody.
    #[command(subcommand, after_help = sample::EXAMPLES)]
    Sample(sample::Command),
    /// Controls over a period: deviations, what could not be seen, what is due.
    #[command(after_help = period::EXAMPLES)]
    Period(period::Period),
    /// Examinations: scope, description, assertion, signatures, management's part of the report.
    #[command(subcommand, after_help = engagement::EXAMPLES)]
    Engagement(engagement::Command),
    /// Readers of issued reports: who they are, where each stands, and ending it.
    #[command(subcommand, after_help = distribution::EXAMPLES)]
    Distribution(distribution::Command),
    /// Write the readiness report and the control matrix.
    Report(report::Report),
    /// Evidence bundles for people who do not trust this program.
    #[command(subcommand, after_help = bundle::EXAMPLES)]
    Bundle(bundle::Command),
    /// Verify a bundle, offline.
    #[command(after_help = verify::EXAMPLES)]
    Verify(verify::Verify),
    /// The transparency log: show, prove, check, export.
    #[command(subcommand, after_help = ledger::EXAMPLES)]
    Ledger(ledger::Command),
    /// Stored evidence: show, erase, keep, prune, its keys.
    #[command(subcommand, after_help = evidence::EXAMPLES)]
    Evidence(evidence::Command),
    /// Copy the data folder, also while a server works with it.
    #[command(after_help = backup::EXAMPLES)]
    Backup(backup::Backup),
    /// Where the bytes of evidence are kept: the data folder, or a bucket of an S3-compatible store.
    #[command(subcommand, after_help = objects::EXAMPLES)]
    Objects(objects::Command),
    /// Criteria, points of focus, starter controls, mappings.
    #[command(subcommand, after_help = catalog::EXAMPLES)]
    Catalog(catalog::Command),
    /// Organizations: list them, add another one, give one another name.
    #[command(subcommand, after_help = organization::EXAMPLES)]
    Organization(organization::Command),
    /// Accounts: who is in the organization, as what.
    #[command(subcommand, after_help = people::EXAMPLES)]
    People(people::Command),
    /// The key that passwords, authenticators and secrets depend on: another one, and what still needs those before.
    #[command(subcommand, after_help = accounts::EXAMPLES)]
    Accounts(accounts::Command),
    /// Mail to people: try it, see what waits, send it now.
    #[command(subcommand, after_help = mail::EXAMPLES)]
    Mail(mail::Command),
    /// The audit trail of accounts and rights: search, take out, compare with the ledger.
    #[command(subcommand, after_help = audit::EXAMPLES)]
    Audit(audit::Command),
    /// What the lists and the search of the pages look at: make it again from the records.
    #[command(subcommand, after_help = search::EXAMPLES)]
    Search(search::Command),
    /// Serve the pages on loopback behind a one-time link, or with accounts.
    #[command(after_help = serve::EXAMPLES)]
    Serve(serve::ServeTo),
    /// Print shell completions.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Print the man page.
    Man,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_consistent() {
        super::Cli::command().debug_assert();
    }

    /// An example that does not parse teaches the wrong thing.
    #[test]
    fn every_example_of_the_help_parses() {
        let mut command = super::Cli::command();
        command.build();
        let mut examples = Vec::new();
        let mut waiting = vec![&command];
        while let Some(next) = waiting.pop() {
            let text = next.get_after_help().map(ToString::to_string).unwrap_or_default();
            let joined: String = text.split("\\\n").map(str::trim_start).collect();
            examples.extend(
                joined
                    .lines()
                    .filter(|line| line.starts_with("  tickmark "))
                    .flat_map(|line| line.split(" && "))
                    .map(|line| line.trim().to_owned()),
            );
            waiting.extend(next.get_subcommands());
        }
        assert!(examples.len() > 40, "{}", examples.len());
        for example in examples {
            let words = words(&example);
            if let Err(error) = super::Cli::command().try_get_matches_from(&words) {
                panic!("{example}: {error}");
            }
        }
    }

    /// Splits a line as a shell does, as far as examples go; two blanks begin what is said beside it.
    fn words(line: &str) -> Vec<String> {
        let (mut words, mut word, mut is_quoted) = (Vec::new(), String::new(), false);
        let mut blanks = 0;
        for letter in line.chars() {
            match letter {
                '"' => is_quoted = !is_quoted,
                // What a shell does with the answer.
                '>' if !is_quoted => break,
                ' ' if !is_quoted => {
                    blanks += 1;
                    if blanks == 2 {
                        break;
                    }
                    words.push(std::mem::take(&mut word));
                    continue;
                }
                letter => word.push(letter),
            }
            blanks = 0;
        }
        if !word.is_empty() {
            words.push(word);
        }
        words
    }
}
