//! What goes to the terminal: plain lines, tables and colour for people, JSON for machines.
//!
//! Answers go to standard output, everything about getting them (progress, advice, errors) to standard error.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};

use comfy_table::{Cell, ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use tickmark_core::observation::Verdict;

use crate::cli;

/// Widest line of output that is not a terminal.
const PLAIN_WIDTH: u16 = 160;

/// How to talk.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    /// Answers are JSON.
    pub(crate) json: bool,
    /// No progress, no advice.
    pub(crate) quiet: bool,
    is_colored: bool,
    /// Who else hears what is being done.
    listener: Option<Listener>,
}

/// Hears what is being done: the newest words are kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct Listener(Arc<Mutex<String>>);

impl Listener {
    /// Returns the newest words.
    pub(crate) fn heard(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn hear(&self, words: String) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = words;
    }
}

/// What a piece of text means; colour follows from it, never the other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As asserted.
    Good,
    /// Not as asserted.
    Bad,
    /// Could not be seen.
    Unknown,
    /// Less important.
    Muted,
    /// A heading.
    Strong,
}

impl Tone {
    fn code(self) -> &'static str {
        match self {
            Self::Good => "32",
            Self::Bad => "31",
            Self::Unknown => "33",
            Self::Muted => "2",
            Self::Strong => "1",
        }
    }
}

impl Output {
    /// Decides from the options, and whether standard output is a terminal that wants colour.
    pub(crate) fn new(common: &cli::Common, no_color: bool) -> Self {
        let is_colored = match common.color {
            cli::Color::Always => true,
            cli::Color::Never => false,
            cli::Color::Auto => !no_color && io::stdout().is_terminal(),
        };
        Self { json: common.json, quiet: common.quiet, is_colored, listener: None }
    }

    /// The same, silent, with somebody who hears what is being done.
    pub(crate) fn heard_by(&self, listener: &Listener) -> Self {
        Self { quiet: true, listener: Some(listener.clone()), ..self.clone() }
    }

    /// Writes an answer: JSON for machines, or what `people` prints. A closed pipe ends the program quietly.
    pub(crate) fn answer<T: Serialize>(&self, value: &T, people: impl FnOnce(&Self)) -> anyhow::Result<()> {
        if self.json {
            self.line(serde_json::to_string_pretty(value)?);
        } else {
            people(self);
        }
        Ok(())
    }

    /// Writes one line of an answer.
    pub(crate) fn line(&self, text: impl Display) {
        if writeln!(io::stdout(), "{text}").is_err() {
            // Whoever read us has gone; there is nobody left to tell.
            std::process::exit(0);
        }
    }

    /// Writes bytes as they are.
    pub(crate) fn bytes(&self, bytes: &[u8]) {
        if io::stdout().write_all(bytes).and_then(|()| io::stdout().flush()).is_err() {
            std::process::exit(0);
        }
    }

    /// Writes a note beside the answer, unless asked to be quiet.
    pub(crate) fn note(&self, text: impl Display) {
        if !self.quiet {
            let _ = writeln!(io::stderr(), "{text}");
        }
    }

    /// Colours a text by what it means.
    pub(crate) fn tone(&self, tone: Tone, text: impl Display) -> String {
        if self.is_colored { format!("\u{1b}[{}m{text}\u{1b}[0m", tone.code()) } else { text.to_string() }
    }

    /// Returns the sign and word of a verdict.
    pub(crate) fn verdict(&self, verdict: Verdict) -> String {
        let (tone, text) = match verdict {
            Verdict::Pass => (Tone::Good, "✓ pass"),
            Verdict::Fail => (Tone::Bad, "✗ fail"),
            Verdict::Unknown => (Tone::Unknown, "? unknown"),
            Verdict::NotApplicable => (Tone::Muted, "– n/a"),
        };
        self.tone(tone, text)
    }

    /// Writes a table that fits the terminal.
    pub(crate) fn table<const N: usize>(
        &self,
        header: [&str; N],
        rows: impl IntoIterator<Item = [String; N]>,
    ) {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        if !io::stdout().is_terminal() {
            table.set_width(PLAIN_WIDTH);
        }
        table.set_header(header.map(|name| Cell::new(self.tone(Tone::Muted, name))));
        for row in rows {
            table.add_row(row);
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        self.line(table.trim_fmt());
    }

    /// Begins work that takes a moment: a moving line on a terminal, one plain line elsewhere.
    pub(crate) fn progress(&self, doing: &str) -> Progress {
        let silent = |listener| Progress { bar: None, doing: doing.to_owned(), listener };
        if let Some(listener) = &self.listener {
            listener.hear(doing.to_owned());
        }
        if self.quiet {
            return silent(self.listener.clone());
        }
        if !io::stderr().is_terminal() {
            let _ = writeln!(io::stderr(), "{doing} …");
            return silent(None);
        }
        let bar = ProgressBar::new_spinner();
        bar.set_style(
            ProgressStyle::with_template("{spinner:.green} {prefix} {msg:.dim}")
                .expect("a constant template"),
        );
        bar.set_prefix(doing.to_owned());
        bar.enable_steady_tick(std::time::Duration::from_millis(100));
        Progress { bar: Some(bar), doing: doing.to_owned(), listener: None }
    }
}

/// Work under way. The line goes away when this does.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    doing: String,
    listener: Option<Listener>,
}

impl Progress {
    /// Says what is being done now.
    pub(crate) fn step(&self, what: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(what.to_owned());
        }
        if let Some(listener) = &self.listener {
            listener.hear(format!("{}: {what}", self.doing));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
