//! `tickmark completions` and `tickmark man`, made from the one definition of the command line.

use std::collections::VecDeque;
use std::io::Write as _;

use anyhow::Context;
use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

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
    let page = page().context("writing the man page")?;
    output.bytes(&page);
    Ok(())
}

/// Makes one page of all commands: clap's pages of the parts become sections of the whole.
fn page() -> std::io::Result<Vec<u8>> {
    let mut command = Cli::command();
    command.build();
    let mut page = Vec::new();
    Man::new(command.clone()).render(&mut page)?;
    let mut waiting: VecDeque<(String, &Command)> =
        command.get_subcommands().map(|part| (format!("tickmark {}", part.get_name()), part)).collect();
    while let Some((name, part)) = waiting.pop_front() {
        if part.get_name() == "help" {
            continue;
        }
        let own = part.clone().bin_name(&name).mut_args(|argument| {
            // Said once, for all commands.
            let is_common = argument.is_global_set() || argument.get_id() == "help";
            argument.hide(is_common)
        });
        let man = Man::new(own);
        let mut sections = Vec::new();
        man.render_description_section(&mut sections)?;
        man.render_synopsis_section(&mut sections)?;
        man.render_options_section(&mut sections)?;
        man.render_extra_section(&mut sections)?;
        let sections = String::from_utf8_lossy(&sections).replace("\n.SH ", "\n.SS ");
        let sections = sections.strip_prefix(".SH ").map_or(sections.clone(), |rest| format!(".SS {rest}"));
        writeln!(page, ".SH \"{}\"", name.to_uppercase())?;
        page.extend_from_slice(sections.as_bytes());
        // The parts of a command follow it.
        let parts: Vec<_> =
            part.get_subcommands().map(|inner| (format!("{name} {}", inner.get_name()), inner)).collect();
        parts.into_iter().rev().for_each(|inner| waiting.push_front(inner));
    }
    Ok(page)
}
