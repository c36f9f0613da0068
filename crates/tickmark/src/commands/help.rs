//! `tickmark completions` and `tickmark man`, made from the one definition of the command line.

use anyhow::Context;
use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::failure::Outcome;
use crate::output::Output;

/// Prints shell completions.
pub(crate) fn completions(shell: Shell, output: &Output) -> Outcome {
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "tickmark", &mut bytes);
    output.bytes(&bytes);
    Ok(())
}

/// Prints the man page, with every command's own part after the first.
pub(crate) fn man(output: &Output) -> Outcome {
    let mut bytes = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut bytes).context("writing the man page")?;
    output.bytes(&bytes);
    Ok(())
}
