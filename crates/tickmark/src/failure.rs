//! How a command ends when it does not end well: the exit status says whose turn it is.

use std::fmt::Display;
use std::process::ExitCode;

use tickmark_app::Error;

/// Why a command did not end well.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It was done, and the answer is no. Everything was said already.
    No,
    /// The command line or the input cannot be read.
    Input(anyhow::Error),
    /// It could not be done.
    Could(anyhow::Error),
}

/// What a command returns.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// Says that the input cannot be read.
    pub(crate) fn input(why: impl Display) -> Self {
        Self::Input(anyhow::anyhow!("{why}"))
    }

    /// Returns what happened in one line.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::No => "the answer is no".to_owned(),
            Self::Input(error) | Self::Could(error) => chain(error),
        }
    }

    /// Writes what happened, and returns the status.
    pub(crate) fn report(self) -> ExitCode {
        let (status, error) = match self {
            Self::No => return ExitCode::from(1),
            Self::Input(error) => (2, error),
            Self::Could(error) => (3, error),
        };
        eprintln!("tickmark: {}", chain(&error));
        ExitCode::from(status)
    }
}

/// Joins an error and what lies under it, leaving out what the line above has said already.
fn chain(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Could(error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Could(error.into())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound { .. } | Error::Invalid(_) => Self::Input(error.into()),
            _ => Self::Could(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn a_chain_says_nothing_twice() {
        let error = std::io::Error::other("disk full");
        let error = anyhow::Error::from(error).context("writing x: disk full").context("cannot collect");
        assert_eq!(chain(&error), "cannot collect: writing x: disk full");
        let nothing: Option<()> = None;
        assert_eq!(chain(&nothing.context("only").expect_err("none")), "only");
    }
}
