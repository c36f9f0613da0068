//! Data folders that the binary makes once for all tests of a process, and the binary run over them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;

/// A data folder as a command made it, with what the command answered.
pub(crate) struct Folder {
    pub(crate) scratch: TempDir,
    pub(crate) answer: Value,
}

impl Folder {
    /// Copies the one that `arguments` made the first time: making it takes its time.
    pub(crate) fn copy_of(first: &'static OnceLock<Self>, arguments: &[&str]) -> Self {
        let first = first.get_or_init(|| {
            let scratch = tempfile::tempdir().expect("scratch");
            let output = tickmark(&scratch.path().join("data"), &[arguments, &["--json"]].concat());
            assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
            let answer = serde_json::from_slice(&output.stdout).expect("JSON");
            Self { scratch, answer }
        });
        let scratch = tempfile::tempdir().expect("scratch");
        copy(&first.data(), &scratch.path().join("data"));
        Self { scratch, answer: first.answer.clone() }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.scratch.path().join("data")
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        tickmark(&self.data(), arguments)
    }

    /// Runs a command that must go well and returns what it answers to machines.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--json"]].concat());
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", errors(&output));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).expect("made");
    for entry in std::fs::read_dir(from).expect("folder") {
        let entry = entry.expect("entry");
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).expect("copied");
        }
    }
}

pub(crate) fn command(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tickmark"));
    command.arg("--data").arg(data).arg("--quiet").args(arguments).env_remove("TICKMARK_DATABASE_URL");
    command
}

pub(crate) fn tickmark(data: &Path, arguments: &[&str]) -> Output {
    command(data, arguments).output().expect("the binary runs")
}

pub(crate) fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
