//! Every file and database system call of one round of work is refused in turn: with an I/O error, as on a full disk, and as
//! on one that can only be read.
//!
//! `strace` counts the calls of a round that goes well and then makes the N-th call of each kind fail, for each N at which
//! a call touches the data folder or what is published from it. It counts in each thread, so a run can refuse the N-th call
//! of more than one thread.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::{ROUNDS_PER_FOLDER, Worker, check, setting};

/// Kinds of calls that work on files.
const CALLS: &str = "open,openat,read,pread64,write,pwrite64,pwritev,pwritev2,fsync,fdatasync,syncfs,ftruncate,fallocate,\
    rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,mkdirat,chmod,fchmod,fchmodat,stat,lstat,fstat,newfstatat,\
    statx,lseek,getdents64,flock,fcntl,mmap";
/// Kinds of calls that a full disk refuses, or one that can only be read.
const NEED_SPACE: [&str; 15] = [
    "open",
    "openat",
    "write",
    "pwrite64",
    "pwritev",
    "pwritev2",
    "fsync",
    "fdatasync",
    "syncfs",
    "ftruncate",
    "fallocate",
    "rename",
    "link",
    "linkat",
    "mkdir",
];
/// Faults in a sample.
const SAMPLE: usize = 20;

fn strace(log: &Path, options: &[String]) -> Vec<String> {
    let log = log.display().to_string();
    // The kernel stops only at the calls that are asked for.
    let mut all: Vec<String> =
        ["strace", "-f", "--seccomp-bpf", "-qq", "-y", "-s", "0", "-o", &log].map(str::to_owned).into();
    all.extend_from_slice(options);
    all
}

/// Tells whether a line of strace is about something below `root`, by path or by what a descriptor stands for.
fn is_of(root: &Path, line: &str) -> bool {
    line.contains(&*root.to_string_lossy())
}

/// Finds for each kind of call the numbers, counted in their threads, of those that touch something below `root`.
fn calls_below(root: &Path, log: &str) -> BTreeMap<String, BTreeSet<usize>> {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut found: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for line in log.lines() {
        let Some((thread, call)) = line.trim_start().split_once(' ') else { continue };
        let Some((name, rest)) = call.trim_start().split_once('(') else { continue };
        // `<... fsync resumed>` ends a call that was counted when it began.
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            continue;
        }
        let count = counts.entry((thread, name)).or_default();
        *count += 1;
        if is_of(root, rest) {
            found.entry(name.to_owned()).or_default().insert(*count);
        }
    }
    found
}

/// Does one round to its end.
fn works(root: &Path, wrapper: &[String]) {
    let (heard, _) = Worker::start(root, 1, wrapper).finish();
    assert!(heard.iter().any(|line| line == "done"), "{heard:#?}");
}

#[tokio::test]
async fn refused_calls_lose_nothing_that_was_acknowledged() {
    let scratch = tempfile::tempdir().expect("scratch");
    let root = scratch.path().join("counted");
    fs::create_dir(&root).expect("a folder");
    works(&root, &[]);
    let log = scratch.path().join("strace.log");
    works(&root, &strace(&log, &["-e".into(), format!("trace={CALLS}").replace(' ', "")]));
    let calls = calls_below(&root, &fs::read_to_string(&log).expect("the log of strace"));
    let mut faults = Vec::new();
    for (call, numbers) in &calls {
        for number in numbers {
            faults.push((call.as_str(), *number, "EIO"));
            if NEED_SPACE.contains(&call.as_str()) {
                faults.push((call.as_str(), *number, "ENOSPC"));
                faults.push((call.as_str(), *number, "EROFS"));
            }
        }
    }
    assert!(calls.contains_key("pwrite64") && faults.len() > 100, "strace saw too little: {calls:?}");
    #[expect(clippy::disallowed_methods, reason = "how much is tested is chosen by whoever runs the tests")]
    let is_all = std::env::var("TICKMARK_FAULTS").is_ok_and(|choice| choice == "all");
    let total = faults.len();
    let step = setting("TICKMARK_FAULT_STEP", if is_all { 1 } else { total.div_ceil(SAMPLE) });
    let first = setting("TICKMARK_FAULT_FIRST", 0);

    let mut tally = check::Tally::default();
    let (mut tried, mut refused, mut survived, mut unwoken) = (0, 0, 0, 0);
    let (mut hung, mut lost) = (Vec::new(), Vec::new());
    let mut folder = root;
    let mut rounds_left = 0;
    for (number, (call, nth, error)) in faults.into_iter().enumerate().skip(first).step_by(step) {
        if rounds_left == 0 {
            rounds_left = ROUNDS_PER_FOLDER;
            folder = scratch.path().join(format!("folder-{tried}"));
            fs::create_dir(&folder).expect("a folder");
            works(&folder, &[]);
        }
        let inject = format!("inject={call}:error={error}:when={nth}");
        let options = ["-e".to_owned(), format!("trace={call}"), "-e".to_owned(), inject];
        let (heard, ended) = Worker::start(&folder, 1, &strace(&log, &options)).finish();
        tally.add(&heard);
        tried += 1;
        rounds_left -= 1;
        let log = fs::read_to_string(&log).unwrap_or_default();
        let met = log.lines().any(|line| line.contains("(INJECTED)") && is_of(&folder, line));
        refused += usize::from(met);
        // The runtime of the program wakes its threads by writing to an event descriptor. When the N-th call of a thread
        // is one of these, which no disk refuses, the runtime can wait for ever.
        if !ended && met {
            hung.push(format!("{call} number {nth} with {error}, in {:?}", heard.last()));
        }
        unwoken += usize::from(!ended && !met);
        survived += usize::from(heard.iter().any(|line| line == "done"));
        if let Err(why) = check::check(&folder, &heard).await {
            lost.push(format!("fault {number}, {call} number {nth} with {error}: {why}\n{heard:#?}"));
            rounds_left = 0;
        }
    }
    println!(
        "{tried} of {total} faults tried, {refused} met a call on a file, {survived} rounds went on to their end nevertheless, \
         {unwoken} met a wake-up of the runtime and were killed: {tally}"
    );
    assert!(lost.is_empty(), "{} of {tried} faults did harm:\n{}", lost.len(), lost.join("\n"));
    assert!(hung.is_empty(), "a refused call makes it hang instead of fail: {hung:#?}");
    assert!(refused * 2 > tried, "most faults met no call on a file: {refused} of {tried}");
}

/// Kinds of calls that change a disk and nothing else.
const CHANGE: &str = "pwrite64,pwritev,pwritev2,fsync,fdatasync,ftruncate,fallocate,rename,renameat,renameat2,link,linkat,\
    unlink,unlinkat,mkdir,mkdirat";

#[tokio::test]
async fn a_disk_that_can_only_be_read_from_some_moment_on_keeps_what_was_acknowledged() {
    let scratch = tempfile::tempdir().expect("scratch");
    let calls = CHANGE.replace([' ', '\n'], "");
    for from in [1, 4, 16, 64] {
        let folder = scratch.path().join(format!("from-{from}"));
        fs::create_dir(&folder).expect("a folder");
        works(&folder, &[]);
        let log = scratch.path().join("strace.log");
        let inject = format!("inject={calls}:error=EROFS:when={from}+");
        let options = ["-e".to_owned(), format!("trace={calls}"), "-e".to_owned(), inject];
        let (heard, ended) = Worker::start(&folder, 3, &strace(&log, &options)).finish();
        assert!(ended, "it hangs: {heard:#?}");
        assert!(!heard.iter().any(|line| line == "done"), "nobody noticed: {heard:#?}");
        check::check(&folder, &heard).await.unwrap_or_else(|why| panic!("from {from}: {why}\n{heard:#?}"));
    }
}
