//! One look at one host: reads files and runs programs, keeps what was read as redacted artifacts, and notes gaps.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use tickmark_core::Timestamp;
use tickmark_core::evidence::{Method, Provenance, RawArtifact};
use tickmark_core::observation::host::{HostFacts, Moment};
use tickmark_core::observation::{Gap, ReasonClass};

use super::HostSettings;
use super::process::Process;
use crate::command::{self, CommandError, Ending, Request};
use crate::redact::{Layout, redact};

/// Files taken from one folder at most.
const FOLDER_LIMIT: usize = 2_000;

/// Why something was not seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Miss {
    pub(crate) reason: ReasonClass,
    pub(crate) detail: String,
}

impl Miss {
    pub(crate) fn new(reason: ReasonClass, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }

    pub(crate) fn is_not_present(&self) -> bool {
        self.reason == ReasonClass::NotPresent
    }

    fn of_io(path: &str, error: &io::Error) -> Self {
        match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => {
                Self::new(ReasonClass::NotPresent, format!("{path} does not exist"))
            }
            ErrorKind::PermissionDenied => {
                Self::new(ReasonClass::NotPermitted, format!("{path} may not be read"))
            }
            // EIO, EINVAL and the like: the kernel has the name and no answer behind it.
            _ => Self::new(ReasonClass::Unsupported, format!("{path} could not be read: {error}")),
        }
    }
}

/// What a file looks like from outside.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stat {
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) modified_at: Moment,
    pub(crate) is_file: bool,
    pub(crate) is_dir: bool,
}

impl Stat {
    /// Permission bits in octal with four digits.
    pub(crate) fn octal(self) -> String {
        octal(self.mode)
    }

    pub(crate) fn group_or_others_write(self) -> bool {
        self.mode & 0o022 != 0
    }

    pub(crate) fn is_private(self) -> bool {
        self.mode & 0o077 == 0
    }
}

/// Writes permission bits in octal with four digits.
pub(crate) fn octal(mode: u32) -> String {
    format!("{:04o}", mode & 0o7777)
}

/// Whether a program may delay others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// Ends within moments.
    Light,
    /// Takes seconds: runs at low priority, with ten times the time limit.
    Heavy,
}

/// How a program is run, beyond its arguments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner<'a> {
    pub(crate) layout: Layout,
    pub(crate) weight: Weight,
    pub(crate) input: &'a str,
}

impl Default for Manner<'_> {
    fn default() -> Self {
        Self { layout: Layout::Text, weight: Weight::Light, input: "" }
    }
}

/// State of one look.
pub(crate) struct Look<'a> {
    pub(crate) settings: &'a HostSettings,
    clock: &'a dyn Fn() -> Timestamp,
    pub(crate) started: Timestamp,
    pub(crate) uid: u32,
    pub(crate) previous: Option<HostFacts>,
    /// Versions of installed packages by name; none when no supported package manager is there or readable.
    pub(crate) packages: Option<BTreeMap<String, String>>,
    /// Running processes; none when they could not be listed.
    pub(crate) processes: Option<Vec<Process>>,
    gaps: BTreeSet<Gap>,
    artifacts: Vec<RawArtifact>,
    names: BTreeMap<String, u32>,
}

impl<'a> Look<'a> {
    pub(crate) fn new(
        settings: &'a HostSettings,
        clock: &'a dyn Fn() -> Timestamp,
        previous: Option<HostFacts>,
    ) -> Self {
        Self {
            settings,
            clock,
            started: clock(),
            uid: rustix::process::geteuid().as_raw(),
            previous,
            packages: None,
            processes: None,
            gaps: BTreeSet::new(),
            artifacts: Vec::new(),
            names: BTreeMap::new(),
        }
    }

    /// The moment of this look.
    pub(crate) fn now(&self) -> Moment {
        self.started.into()
    }

    /// Whether the look is at the running system rather than at a folder that holds a copy of one.
    pub(crate) fn is_live(&self) -> bool {
        self.settings.root == Path::new("/")
    }

    /// Returns where `path` lies under the root of this look.
    pub(crate) fn under_root(&self, path: &str) -> PathBuf {
        self.settings.root.join(path.trim_start_matches('/'))
    }

    pub(crate) fn gap(&mut self, path: &str, miss: &Miss) {
        let detail = redact(miss.detail.as_bytes(), Layout::Text).text;
        self.gaps.insert(Gap { path: path.to_owned(), reason: miss.reason, detail });
    }

    pub(crate) fn gaps_for(&mut self, section: &str, fields: &[&str], miss: &Miss) {
        for field in fields {
            let path = if section.is_empty() { (*field).to_owned() } else { format!("{section}.{field}") };
            self.gap(&path, miss);
        }
    }

    /// Takes the value, or notes the gap.
    pub(crate) fn seen<T>(&mut self, path: &str, result: Result<T, Miss>) -> Option<T> {
        result.map_err(|miss| self.gap(path, &miss)).ok()
    }

    /// Takes the value, or nothing when it does not exist, or notes the gap.
    pub(crate) fn seen_if_present<T>(&mut self, path: &str, result: Result<T, Miss>) -> Option<T> {
        match result {
            Err(miss) if miss.is_not_present() => None,
            other => self.seen(path, other),
        }
    }

    /// Reads a file, keeps it as an artifact, and returns its redacted text.
    pub(crate) fn read(&mut self, path: &str) -> Result<String, Miss> {
        self.read_as(path, Layout::Text)
    }

    /// Reads a file of a special layout.
    pub(crate) fn read_as(&mut self, path: &str, layout: Layout) -> Result<String, Miss> {
        let begun = (self.clock)();
        let bytes = self.bytes(path)?;
        let name = path.trim_start_matches('/').replace('/', "-");
        Ok(self.keep(&name, Method::File { path: path.to_owned() }, begun, &bytes, layout))
    }

    /// Reads several files into one artifact and returns path and redacted text of those that exist. The first that
    /// exists and cannot be read ends it.
    pub(crate) fn read_set(&mut self, name: &str, paths: &[String]) -> Result<Vec<(String, String)>, Miss> {
        let begun = (self.clock)();
        let mut all = Vec::new();
        let mut texts = Vec::new();
        for path in paths {
            match self.bytes(path) {
                Ok(bytes) => {
                    all.extend_from_slice(format!("==> {path} <==\n").as_bytes());
                    all.extend_from_slice(&bytes);
                    all.push(b'\n');
                    texts.push((path.clone(), redact(&bytes, Layout::Text).text));
                }
                Err(miss) if miss.is_not_present() => {}
                Err(miss) => return Err(miss),
            }
        }
        if !texts.is_empty() {
            let paths = texts.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>().join(" ");
            self.keep(name, Method::File { path: paths }, begun, &all, Layout::Text);
        }
        Ok(texts)
    }

    /// Reads a file without keeping it. For what is recorded in a reduced form by [`Look::keep_extract`].
    pub(crate) fn bytes(&self, path: &str) -> Result<Vec<u8>, Miss> {
        self.bytes_up_to(path, self.settings.output_limit_bytes)
    }

    /// Reads a file of up to `limit` bytes without keeping it.
    pub(crate) fn bytes_up_to(&self, path: &str, limit: usize) -> Result<Vec<u8>, Miss> {
        let place = self.under_root(path);
        let metadata = fs::metadata(&place).map_err(|error| Miss::of_io(path, &error))?;
        if !metadata.is_file() {
            // A pipe or device would hang or never end.
            return Err(Miss::new(ReasonClass::Unsupported, format!("{path} is not a file")));
        }
        let file = File::open(&place).map_err(|error| Miss::of_io(path, &error))?;
        let mut bytes = Vec::new();
        file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(|error| Miss::of_io(path, &error))?;
        if bytes.len() > limit {
            return Err(Miss::new(ReasonClass::Limit, format!("{path} is larger than {limit} bytes")));
        }
        Ok(bytes)
    }

    /// Keeps what was taken from a larger or binary source as an artifact of its own.
    pub(crate) fn keep_extract(&mut self, name: &str, method: Method, text: &str) {
        let begun = (self.clock)();
        self.keep(name, method, begun, text.as_bytes(), Layout::Text);
    }

    /// Lists the names in a folder, sorted.
    pub(crate) fn names_in(&self, folder: &str) -> Result<Vec<String>, Miss> {
        let entries = fs::read_dir(self.under_root(folder)).map_err(|error| Miss::of_io(folder, &error))?;
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| Miss::of_io(folder, &error))?;
            if names.len() == FOLDER_LIMIT {
                return Err(Miss::new(
                    ReasonClass::Limit,
                    format!("{folder} has more than {FOLDER_LIMIT} entries"),
                ));
            }
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Lists paths of the files in a folder whose names are accepted, sorted; empty when there is no folder.
    pub(crate) fn paths_in(&self, folder: &str, accept: impl Fn(&str) -> bool) -> Result<Vec<String>, Miss> {
        let names = match self.names_in(folder) {
            Err(miss) if miss.is_not_present() => Vec::new(),
            other => other?,
        };
        let folder = folder.trim_end_matches('/');
        Ok(names.into_iter().filter(|name| accept(name)).map(|name| format!("{folder}/{name}")).collect())
    }

    /// Looks at a file from outside, links followed.
    pub(crate) fn stat(&self, path: &str) -> Result<Stat, Miss> {
        let metadata = fs::metadata(self.under_root(path)).map_err(|error| Miss::of_io(path, &error))?;
        Ok(Stat {
            mode: metadata.mode(),
            uid: metadata.uid(),
            modified_at: Moment(metadata.mtime()),
            is_file: metadata.is_file(),
            is_dir: metadata.is_dir(),
        })
    }

    pub(crate) fn exists(&self, path: &str) -> bool {
        self.under_root(path).exists()
    }

    /// Tells whether a program is installed, by its file on the search path.
    pub(crate) fn has_program(&self, name: &str) -> bool {
        self.settings.search_path.iter().any(|folder| self.exists(&format!("{}/{name}", folder.display())))
    }

    pub(crate) fn has_package(&self, name: &str) -> bool {
        self.packages.as_ref().is_some_and(|packages| packages.contains_key(name))
    }

    /// Tells whether a process of this name runs; none when processes could not be listed.
    pub(crate) fn runs(&self, name: &str) -> Option<bool> {
        self.runs_any(&[name])
    }

    /// Tells whether a process of one of these names runs. The kernel keeps 15 characters of a name.
    pub(crate) fn runs_any(&self, names: &[&str]) -> Option<bool> {
        let short = |name: &str| name.get(..15).unwrap_or(name).to_owned();
        let processes = self.processes.as_ref()?;
        Some(processes.iter().any(|process| names.iter().any(|name| process.name == short(name))))
    }

    /// Runs a program, keeps its answer as an artifact, and returns the redacted output when it ended well.
    pub(crate) fn run(&mut self, name: &str, program: &str, arguments: &[&str]) -> Result<String, Miss> {
        self.run_as(name, program, arguments, Manner::default())
    }

    /// Runs a program whose output has a special layout, that takes long, or that reads input.
    pub(crate) fn run_as(
        &mut self,
        name: &str,
        program: &str,
        arguments: &[&str],
        manner: Manner<'_>,
    ) -> Result<String, Miss> {
        let Manner { layout, weight, input } = manner;
        if !self.is_live() {
            return Err(Miss::new(
                ReasonClass::NotCollected,
                format!("{program}: a copy of a system runs no programs"),
            ));
        }
        let begun = (self.clock)();
        let factor = if weight == Weight::Heavy { 10 } else { 1 };
        let answer = command::run(&Request {
            program,
            arguments,
            input,
            search_path: &self.settings.search_path,
            timeout: self.settings.command_timeout * factor,
            output_limit_bytes: self.settings.output_limit_bytes,
            low_priority: weight == Weight::Heavy,
        })
        .map_err(|error| match &error {
            CommandError::Missing(_) => Miss::new(ReasonClass::NotPresent, error.to_string()),
            CommandError::NotPermitted(_) => Miss::new(ReasonClass::NotPermitted, error.to_string()),
            CommandError::Failed(..) => Miss::new(ReasonClass::Unsupported, error.to_string()),
        })?;
        let stderr = redact(answer.stderr.as_bytes(), layout).text;
        let exit_status = match answer.ending {
            Ending::Exited(code) => Some(code),
            _ => None,
        };
        let method = Method::Command {
            program: answer.program.display().to_string(),
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            exit_status,
            stderr: stderr.clone(),
        };
        let text = self.keep(name, method, begun, &answer.stdout, layout);
        if answer.ending == Ending::OutputLimit
            && let Some(artifact) = self.artifacts.last_mut()
        {
            artifact.provenance.truncated = true;
        }
        match answer.ending {
            Ending::Exited(0) => Ok(text),
            ending => Err(self.refusal(program, arguments, ending, &stderr)),
        }
    }

    /// Puts the way a program failed into a reason class.
    fn refusal(&self, program: &str, arguments: &[&str], ending: Ending, stderr: &str) -> Miss {
        const REFUSALS: [&str; 8] = [
            "permission denied",
            "operation not permitted",
            "must be root",
            "you need to be root",
            "are you root",
            "must be superuser",
            "requires root",
            "no hostkeys available",
        ];
        let said = stderr.lines().next().unwrap_or_default().trim();
        let command = format!("{program} {}", arguments.join(" "));
        let lower = stderr.to_ascii_lowercase();
        match ending {
            Ending::TimedOut => Miss::new(ReasonClass::Limit, format!("{command}: killed at its time limit")),
            Ending::OutputLimit => {
                Miss::new(ReasonClass::Limit, format!("{command}: output cut at its size limit"))
            }
            _ if self.uid != 0 && REFUSALS.iter().any(|words| lower.contains(words)) => {
                Miss::new(ReasonClass::NotPermitted, format!("{command}: {said}"))
            }
            // Root is refused when a container or a sandbox holds the right back.
            _ if lower.contains("operation not permitted") || lower.contains("permission denied") => {
                Miss::new(ReasonClass::NotPermitted, format!("{command}: {said}"))
            }
            Ending::Exited(code) => {
                Miss::new(ReasonClass::Unsupported, format!("{command}: ended with status {code}: {said}"))
            }
            Ending::Signaled(signal) => {
                Miss::new(ReasonClass::Unsupported, format!("{command}: ended by signal {signal}"))
            }
        }
    }

    /// Redacts, stores and returns the text.
    fn keep(&mut self, name: &str, method: Method, begun: Timestamp, bytes: &[u8], layout: Layout) -> String {
        let redacted = redact(bytes, layout);
        let seen = self.names.entry(name.to_owned()).or_default();
        *seen += 1;
        let name = if *seen == 1 { name.to_owned() } else { format!("{name}-{seen}") };
        self.artifacts.push(RawArtifact {
            name,
            media_type: "text/plain; charset=utf-8".to_owned(),
            bytes: redacted.text.clone().into_bytes(),
            provenance: Provenance {
                method,
                started: begun,
                finished: (self.clock)(),
                user: if self.uid == 0 { "root (uid 0)".to_owned() } else { format!("uid {}", self.uid) },
                truncated: false,
                original_bytes: bytes.len() as u64,
                redactions: redacted.redactions,
            },
        });
        redacted.text
    }

    /// Ends the look.
    pub(crate) fn finish(self) -> (Vec<Gap>, Vec<RawArtifact>) {
        (self.gaps.into_iter().collect(), self.artifacts)
    }
}
