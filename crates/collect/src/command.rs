//! Runs a program without a shell, within limits, and returns what it wrote.
//!
//! The child gets no environment but a fixed `PATH`, `LC_ALL=C` and `TZ=UTC`, and a process group of its own,
//! which is killed when the time or size limit is reached, so no grandchild outlives the call.

use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process_group, setpriority_process};

/// Bytes of standard error that are kept.
pub const STDERR_LIMIT_BYTES: usize = 2_000;

/// Time given to grandchildren that hold the pipe after the program itself ended.
const GRACE: Duration = Duration::from_millis(250);

/// Longest wait between two looks at whether the program ended.
const TICK: Duration = Duration::from_millis(20);

/// What to run and how far it may go.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Program: a name looked up on `search_path`, or an absolute path.
    pub program: &'a str,
    /// Arguments.
    pub arguments: &'a [&'a str],
    /// What it reads from standard input, less than a pipe holds (64 KiB); empty for no input.
    pub input: &'a str,
    /// Folders searched for the program, and its `PATH`.
    pub search_path: &'a [PathBuf],
    /// Time limit.
    pub timeout: Duration,
    /// Limit of standard output in bytes.
    pub output_limit_bytes: usize,
    /// Whether it is heavy and shall yield to everything else.
    pub low_priority: bool,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with a status.
    Exited(i32),
    /// By a signal that was not ours.
    Signaled(i32),
    /// Killed at the time limit.
    TimedOut,
    /// Killed at the size limit; the output is its beginning.
    OutputLimit,
}

/// What a program answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The program as found.
    pub program: PathBuf,
    /// Standard output up to the limit.
    pub stdout: Vec<u8>,
    /// First part of standard error; bytes that are not UTF-8 are replaced.
    pub stderr: String,
    /// How it ended.
    pub ending: Ending,
}

/// Why a program was not started.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// No such program on the search path.
    #[error("{0} is not installed")]
    Missing(String),
    /// It exists and may not be run.
    #[error("{0} may not be run")]
    NotPermitted(String),
    /// The system refused for another reason.
    #[error("{0} could not be started: {1}")]
    Failed(String, String),
}

/// Finds `program` on `search_path`; an absolute path stands for itself.
#[must_use]
pub fn find(program: &str, search_path: &[PathBuf]) -> Option<PathBuf> {
    if program.starts_with('/') {
        return Some(PathBuf::from(program)).filter(|path| path.is_file());
    }
    search_path.iter().map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// Runs a program to its end or to a limit.
///
/// # Errors
/// If it does not exist, may not be run, or could not be started. A program that fails is an [`Answer`].
pub fn run(request: &Request<'_>) -> Result<Answer, CommandError> {
    let name = || request.program.to_owned();
    let program = find(request.program, request.search_path).ok_or_else(|| CommandError::Missing(name()))?;
    let mut child = Command::new(&program)
        .args(request.arguments)
        .env_clear()
        .env("PATH", joined(request.search_path))
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .current_dir("/")
        .stdin(if request.input.is_empty() { Stdio::null() } else { Stdio::piped() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(|error| match error.kind() {
            ErrorKind::PermissionDenied => CommandError::NotPermitted(name()),
            ErrorKind::NotFound => CommandError::Missing(name()),
            _ => CommandError::Failed(name(), error.to_string()),
        })?;
    let group = Pid::from_child(&child);
    if let Some(mut stdin) = child.stdin.take() {
        // A program that ended without reading is judged by its ending.
        let _ = stdin.write_all(request.input.as_bytes());
    }
    if request.low_priority {
        // The child may have ended already; then there is nothing to slow down.
        let _ = setpriority_process(Some(group), 19);
    }
    let (stdout, stderr, ending) = attend(&mut child, group, request);
    Ok(Answer { program, stdout, stderr: String::from_utf8_lossy(&stderr).into_owned(), ending })
}

/// Reads both pipes until they close, the program ends, or a limit is reached.
fn attend(child: &mut Child, group: Pid, request: &Request<'_>) -> (Vec<u8>, Vec<u8>, Ending) {
    let deadline = Instant::now() + request.timeout;
    let mut stdout = Pipe::new(child.stdout.take().expect("piped above"), request.output_limit_bytes);
    let mut stderr = Pipe::new(child.stderr.take().expect("piped above"), STDERR_LIMIT_BYTES);
    let mut exited: Option<(ExitStatus, Instant)> = None;
    let ending = loop {
        let now = Instant::now();
        if stdout.overflowed {
            break Ending::OutputLimit;
        }
        if exited.is_none()
            && let Ok(Some(status)) = child.try_wait()
        {
            exited = Some((status, now));
        }
        match exited {
            Some((status, at)) if (!stdout.open && !stderr.open) || now >= at + GRACE => {
                break ending_of(status);
            }
            None if now >= deadline => break Ending::TimedOut,
            _ => {}
        }
        read_ready(&mut stdout, &mut stderr, TICK);
    };
    // Also ends grandchildren; when the group is gone already there is nothing to end.
    let _ = kill_process_group(group, Signal::KILL);
    let _ = child.wait();
    (stdout.bytes, stderr.bytes, ending)
}

fn ending_of(status: ExitStatus) -> Ending {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ending::Exited(code),
        (None, signal) => Ending::Signaled(signal.unwrap_or_default()),
    }
}

/// Waits up to `wait` for either pipe and reads what is there.
fn read_ready<A: Read + AsFd, B: Read + AsFd>(one: &mut Pipe<A>, two: &mut Pipe<B>, wait: Duration) {
    let (one_ready, two_ready) = {
        let mut fds: Vec<PollFd<'_>> = Vec::with_capacity(2);
        for fd in [one.fd(), two.fd()].into_iter().flatten() {
            fds.push(PollFd::from_borrowed_fd(fd, PollFlags::IN));
        }
        let timeout = Timespec { tv_sec: 0, tv_nsec: i64::from(wait.subsec_nanos()) };
        // Interrupted or refused: the next round tries again until the deadline.
        if poll(&mut fds, Some(&timeout)).is_err() {
            return;
        }
        let mut ready = fds.iter().map(|fd| !fd.revents().is_empty());
        let one_ready = one.open && ready.next().unwrap_or(false);
        let two_ready = two.open && ready.next().unwrap_or(false);
        (one_ready, two_ready)
    };
    if one_ready {
        one.read();
    }
    if two_ready {
        two.read();
    }
}

struct Pipe<R> {
    reader: R,
    bytes: Vec<u8>,
    limit: usize,
    open: bool,
    overflowed: bool,
}

impl<R: Read + AsFd> Pipe<R> {
    fn new(reader: R, limit: usize) -> Self {
        Self { reader, bytes: Vec::new(), limit, open: true, overflowed: false }
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.open.then(|| self.reader.as_fd())
    }

    fn read(&mut self) {
        let mut buffer = [0; 64 * 1024];
        match self.reader.read(&mut buffer) {
            Ok(0) => self.open = false,
            Ok(count) => {
                let room = self.limit - self.bytes.len();
                self.overflowed |= count > room;
                self.bytes.extend_from_slice(&buffer[..count.min(room)]);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => self.open = false,
        }
    }
}

fn joined(folders: &[PathBuf]) -> String {
    folders.iter().map(|folder| Path::to_string_lossy(folder)).collect::<Vec<_>>().join(":")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn path() -> Vec<PathBuf> {
        ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].map(PathBuf::from).to_vec()
    }

    fn ask(program: &str, arguments: &[&str], timeout_ms: u64, limit: usize) -> Result<Answer, CommandError> {
        run(&Request {
            program,
            arguments,
            input: "",
            search_path: &path(),
            timeout: Duration::from_millis(timeout_ms),
            output_limit_bytes: limit,
            low_priority: true,
        })
    }

    #[test]
    fn answers_carry_output_status_and_short_errors() {
        let answer = ask("sh", &["-c", "echo out; echo err >&2; exit 3"], 5_000, 100).expect("started");
        assert_eq!(answer.stdout, b"out\n");
        assert_eq!(answer.stderr, "err\n");
        assert_eq!(answer.ending, Ending::Exited(3));

        let loud = ask("sh", &["-c", "yes oops | head -c 100000 >&2"], 5_000, 100).expect("started");
        assert_eq!(loud.stderr.len(), STDERR_LIMIT_BYTES);
        assert_eq!(loud.ending, Ending::Exited(0));
    }

    #[test]
    fn the_environment_is_cleared() {
        let answer = ask("env", &[], 5_000, 10_000).expect("started");
        let mut names: Vec<_> = std::str::from_utf8(&answer.stdout).expect("text").lines().collect();
        names.sort_unstable();
        assert_eq!(names, ["LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "TZ=UTC"]);
    }

    #[test]
    fn a_program_that_hangs_is_killed_with_its_children() {
        let begun = Instant::now();
        let answer = ask("sh", &["-c", "sleep 1000 & echo $!; wait"], 200, 100).expect("started");
        assert_eq!(answer.ending, Ending::TimedOut);
        assert!(begun.elapsed() < Duration::from_secs(20));
        let grandchild = String::from_utf8(answer.stdout).expect("text");
        // The signal is sent; on a busy machine the kernel may take a moment to act on it.
        let is_alive = || {
            let stat = format!("/proc/{}/stat", grandchild.trim());
            let state = std::fs::read_to_string(stat).unwrap_or_default();
            !(state.is_empty() || state.contains(") Z") || state.contains(") X"))
        };
        while is_alive() {
            assert!(begun.elapsed() < Duration::from_secs(60), "the grandchild lives on");
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_program_that_leaves_a_child_behind_still_ends() {
        let answer = ask("sh", &["-c", "sleep 1000 & echo done"], 60_000, 100).expect("started");
        assert_eq!(answer.stdout, b"done\n");
        assert_eq!(answer.ending, Ending::Exited(0));
    }

    #[test]
    fn endless_output_is_cut() {
        let answer = ask("yes", &[], 60_000, 100_001).expect("started");
        assert_eq!(answer.stdout.len(), 100_001);
        assert_eq!(answer.ending, Ending::OutputLimit);
    }

    #[test]
    fn output_need_not_be_text() {
        let answer = ask("printf", &["\\377\\000x"], 5_000, 100).expect("started");
        assert_eq!(answer.stdout, [0xff, 0, b'x']);
        let error = ask("sh", &["-c", "printf '\\377' >&2"], 5_000, 100).expect("started");
        assert_eq!(error.stderr, "\u{fffd}");
    }

    #[test]
    fn missing_and_forbidden_programs_are_told_apart() {
        let missing = ask("no-such-program", &[], 1_000, 100).expect_err("missing");
        assert_eq!(missing, CommandError::Missing("no-such-program".into()));

        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("tool");
        std::fs::write(&file, "#!/bin/sh\n").expect("file");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("mode");
        let name = file.to_str().expect("text");
        assert_eq!(ask(name, &[], 1_000, 100).expect_err("refused"), CommandError::NotPermitted(name.into()));

        std::fs::write(&file, [0x7f, 0x00, 0x01]).expect("file");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).expect("mode");
        assert!(matches!(ask(name, &[], 1_000, 100), Err(CommandError::Failed(..))));
    }
}
