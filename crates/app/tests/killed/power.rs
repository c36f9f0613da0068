//! The power goes: what had been flushed is there, of the rest some is and some is not.
//!
//! `strace` writes down what one round of work asks the disk to do, in order. From that are made the disks on which a machine
//! could find itself after power was cut just before, or just after, each flush: with everything that had been asked for;
//! with nothing that was not flushed; with all names but none of the content that was not flushed; with every other piece of
//! it. On each of them the program starts, and everything that had been acknowledged by then must be there.
//!
//! Names are taken to survive in their order, as file systems with a journal have it: flushing anything brings along all
//! names before it. Content of one file survives without that of another.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::{Worker, check, setting};

/// Calls that change what is on a disk, and those that flush.
const CALLS: &str = "openat,write,pwrite64,ftruncate,fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir";
/// Calls that would change it in a way that is not read here.
const UNKNOWN: &str = "writev,pwritev,pwritev2,fallocate,copy_file_range,sendfile,sync_file_range,syncfs";
/// Disks that are tried, unless set otherwise.
const DISKS: usize = 12;
/// Longest piece of content in the record.
const PIECE: &str = "67108864";

/// Files by name. Folders follow from them.
type Disk = BTreeMap<PathBuf, Vec<u8>>;

/// One thing that was asked of the disk, or told to whoever listens.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Asked {
    /// A file is there; emptied if it was.
    Create(PathBuf, bool),
    /// Content at a place, or at the end.
    Write(PathBuf, Option<usize>, Vec<u8>),
    /// Another size.
    Resize(PathBuf, usize),
    Rename(PathBuf, PathBuf),
    Link(PathBuf, PathBuf),
    Remove(PathBuf),
    /// What was asked before the number is on the disk: content of this file, and names.
    Flush(PathBuf, usize),
    Said(String),
}

impl Asked {
    fn is_name(&self) -> bool {
        matches!(self, Self::Create(..) | Self::Rename(..) | Self::Link(..) | Self::Remove(_))
    }

    /// The file whose content it changes.
    fn content_of(&self) -> Option<&Path> {
        match self {
            Self::Write(file, ..) | Self::Resize(file, _) => Some(file),
            _ => None,
        }
    }

    fn apply(&self, disk: &mut Disk) {
        match self {
            Self::Create(file, empties) => {
                let content = disk.entry(file.clone()).or_default();
                if *empties {
                    content.clear();
                }
            }
            Self::Write(file, at, piece) => {
                let Some(content) = disk.get_mut(file) else { return };
                let at = at.unwrap_or(content.len());
                content.resize(content.len().max(at + piece.len()), 0);
                content[at..at + piece.len()].copy_from_slice(piece);
            }
            Self::Resize(file, size) => {
                if let Some(content) = disk.get_mut(file) {
                    content.resize(*size, 0);
                }
            }
            Self::Rename(from, to) => {
                if let Some(content) = disk.remove(from) {
                    disk.insert(to.clone(), content);
                }
            }
            Self::Link(from, to) => {
                if let Some(content) = disk.get(from).cloned() {
                    disk.entry(to.clone()).or_insert(content);
                }
            }
            Self::Remove(file) => {
                disk.remove(file);
            }
            Self::Flush(..) | Self::Said(_) => {}
        }
    }
}

/// Reads a text as `strace -x` quotes it, up to its closing mark. Returns the rest, too.
fn unquoted(text: &str) -> Option<(Vec<u8>, &str)> {
    let text = text.strip_prefix('"')?;
    let (bytes, mut out, mut at) = (text.as_bytes(), Vec::new(), 0);
    loop {
        match *bytes.get(at)? {
            b'"' => return Some((out, &text[at + 1..])),
            b'\\' => {
                let byte = match *bytes.get(at + 1)? {
                    b'x' => {
                        out.push(u8::from_str_radix(text.get(at + 2..at + 4)?, 16).ok()?);
                        at += 4;
                        continue;
                    }
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'r' => b'\r',
                    b'v' => 0x0b,
                    b'f' => 0x0c,
                    other => other,
                };
                out.push(byte);
                at += 2;
            }
            byte => {
                out.push(byte);
                at += 1;
            }
        }
    }
}

fn path(bytes: Vec<u8>) -> PathBuf {
    PathBuf::from(String::from_utf8(bytes).expect("names here are text"))
}

/// What a descriptor stands for.
fn of_descriptor(arguments: &str) -> Option<PathBuf> {
    let (_, rest) = arguments.split_once('<')?;
    Some(PathBuf::from(rest.split_once('>')?.0))
}

/// All texts among the arguments of a call.
fn texts(mut arguments: &str) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    while let Some(at) = arguments.find('"') {
        let Some((text, rest)) = unquoted(&arguments[at..]) else { break };
        found.push(text);
        arguments = rest;
    }
    found
}

fn asked(name: &str, arguments: &str, number: usize) -> Option<Asked> {
    let two = || {
        let mut names = texts(arguments).into_iter().map(path);
        Some((names.next()?, names.next()?))
    };
    let one = || texts(arguments).into_iter().next().map(path);
    Some(match name {
        "openat" => {
            let flags = arguments.rsplit_once('"')?.1;
            if !flags.contains("O_CREAT") && !flags.contains("O_TRUNC") {
                return None;
            }
            Asked::Create(one()?, flags.contains("O_TRUNC"))
        }
        "write" if arguments.starts_with("1<") => {
            Asked::Said(String::from_utf8(texts(arguments).pop()?).ok()?)
        }
        "write" => Asked::Write(of_descriptor(arguments)?, None, texts(arguments).pop()?),
        "pwrite64" => {
            let (piece, rest) = unquoted(&arguments[arguments.find('"')?..])?;
            let digits: String = rest.rsplit(", ").next()?.chars().take_while(char::is_ascii_digit).collect();
            Asked::Write(of_descriptor(arguments)?, Some(digits.parse().ok()?), piece)
        }
        "ftruncate" => {
            let digits: String =
                arguments.rsplit(", ").next()?.chars().take_while(char::is_ascii_digit).collect();
            Asked::Resize(of_descriptor(arguments)?, digits.parse().ok()?)
        }
        "fsync" | "fdatasync" => Asked::Flush(of_descriptor(arguments)?, number),
        "rename" | "renameat" | "renameat2" => two().map(|(from, to)| Asked::Rename(from, to))?,
        "link" | "linkat" => two().map(|(from, to)| Asked::Link(from, to))?,
        "unlink" | "unlinkat" => Asked::Remove(one()?),
        _ => return None,
    })
}

/// Reads the record: what was asked, in the order in which it began; a flush stands where it ended.
fn read(root: &Path, log: &str) -> Vec<Asked> {
    let mut all = Vec::new();
    // A flush that goes on, by thread.
    let mut flushing: BTreeMap<&str, Asked> = BTreeMap::new();
    for line in log.lines() {
        let Some((thread, call)) = line.trim_start().split_once(' ') else { continue };
        let call = call.trim_start();
        if let Some(resumed) = call.strip_prefix("<... ") {
            if resumed.starts_with("fsync") || resumed.starts_with("fdatasync") {
                all.extend(flushing.remove(thread));
            }
            continue;
        }
        let Some((name, arguments)) = call.split_once('(') else { continue };
        let is_unfinished = call.ends_with("<unfinished ...>");
        if !is_unfinished && call.contains("= -1 E") {
            continue;
        }
        let is_below = arguments.contains(&*root.to_string_lossy());
        assert!(
            !is_below || !UNKNOWN.split(',').any(|unknown| unknown == name),
            "not read here: {line:.200}"
        );
        let is_said = name == "write" && arguments.starts_with("1<");
        // Memory that processes share is made anew.
        if (!is_below && !is_said) || arguments.contains("-shm") || arguments.contains("(deleted)>") {
            continue;
        }
        match asked(name, arguments, all.len()) {
            Some(flush @ Asked::Flush(..)) if is_unfinished => {
                flushing.insert(thread, flush);
            }
            other => all.extend(other),
        }
    }
    all
}

/// Everything below a folder, by its name in it.
fn disk_of(root: &Path) -> Disk {
    let (mut disk, mut folders) = (Disk::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder").flatten() {
            let kind = entry.file_type().expect("a kind");
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() && !entry.path().to_string_lossy().ends_with("-shm") {
                disk.insert(entry.path(), fs::read(entry.path()).expect("a file"));
            }
        }
    }
    disk
}

/// What of what was not flushed is there all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    All,
    Nothing,
    Names,
    EveryOther,
}

/// Makes the disk on which a machine finds itself after it had asked for `done`.
fn after(before: &Disk, done: &[Asked], rest: Rest) -> Disk {
    let mut flushed: BTreeSet<usize> = BTreeSet::new();
    for one in done {
        let Asked::Flush(file, until) = one else { continue };
        for (number, other) in done[..*until].iter().enumerate() {
            if other.is_name() || other.content_of() == Some(file.as_path()) {
                flushed.insert(number);
            }
        }
    }
    let mut disk = before.clone();
    for (number, one) in done.iter().enumerate() {
        let survives = match rest {
            Rest::All => true,
            Rest::Nothing => false,
            Rest::Names => one.is_name(),
            Rest::EveryOther => one.is_name() || number % 2 == 0,
        };
        if survives || flushed.contains(&number) {
            one.apply(&mut disk);
        }
    }
    disk
}

fn write_out(disk: &Disk, from: &Path, to: &Path) {
    for (file, content) in disk {
        let file = to.join(file.strip_prefix(from).expect("below it"));
        fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        fs::write(file, content).expect("written");
    }
}

#[test]
fn the_model_loses_what_was_not_flushed_and_nothing_else() {
    let root = Path::new("/r");
    let log = "1 openat(AT_FDCWD</>, \"/r/new\", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 3</r/new>\n\
        1 write(3</r/new>, \"\\x00\\xff\", 2) = 2\n\
        2 write(1<pipe:[5]>, \"ack one\\n\", 8) = 8\n\
        1 fsync(3</r/new> <unfinished ...>\n\
        2 pwrite64(4</r/old>, \"b\", 1, 1) = 1\n\
        1 <... fsync resumed>) = 0\n\
        1 rename(\"/r/new\", \"/r/name\") = 0\n\
        1 unlink(\"/r/none\") = -1 ENOENT (No such file or directory)\n\
        1 pwrite64(4</r/old>, \"c\", 1, 2) = 1\n";
    let all = read(root, log);
    assert_eq!(all.len(), 7, "{all:?}");
    assert_eq!(all[2], Asked::Said("ack one\n".into()));
    assert_eq!(all[4], Asked::Flush("/r/new".into(), 3));
    let before = Disk::from([("/r/old".into(), b"a".to_vec())]);
    let with = |files: &[(&str, &[u8])]| -> Disk {
        files.iter().map(|(name, content)| (PathBuf::from(name), content.to_vec())).collect()
    };
    let new: &[u8] = &[0, 0xff];
    assert_eq!(after(&before, &all, Rest::All), with(&[("/r/old", b"abc"), ("/r/name", new)]));
    assert_eq!(after(&before, &all, Rest::Nothing), with(&[("/r/old", b"a"), ("/r/new", new)]));
    assert_eq!(after(&before, &all, Rest::Names), with(&[("/r/old", b"a"), ("/r/name", new)]));
    // A piece that comes behind one that is lost: nothing stands between.
    assert_eq!(after(&before, &all, Rest::EveryOther), with(&[("/r/old", b"a\0c"), ("/r/name", new)]));
    // Before the flush has ended nothing of it is sure.
    assert_eq!(after(&before, &all[..4], Rest::Nothing), before);
}

#[tokio::test]
async fn after_a_power_cut_everything_acknowledged_is_there() {
    let scratch = tempfile::tempdir().expect("scratch");
    let root = scratch.path().join("recorded");
    fs::create_dir(&root).expect("a folder");
    let (heard, _) = Worker::start(&root, 1, &[]).finish();
    assert!(heard.iter().any(|line| line == "done"), "{heard:#?}");
    let before = disk_of(&root);
    let log = scratch.path().join("strace.log");
    let words = ["strace", "-f", "--seccomp-bpf", "-qq", "-y", "-x", "-s", PIECE, "-e"];
    let mut wrapper: Vec<String> = words.map(str::to_owned).into();
    wrapper.extend([format!("trace={CALLS},{UNKNOWN}"), "-o".into(), log.display().to_string()]);
    let (heard, _) = Worker::start(&root, 1, &wrapper).finish();
    assert!(heard.iter().any(|line| line == "done"), "{heard:#?}");
    let all = read(&root, &fs::read_to_string(&log).expect("the log of strace"));
    // The model must end where the machine did.
    let (modelled, found) = (after(&before, &all, Rest::All), disk_of(&root));
    let differs: Vec<_> =
        found.iter().filter(|(file, content)| modelled.get(*file) != Some(content)).collect();
    assert!(
        differs.is_empty() && modelled.len() == found.len(),
        "{:?} of {} and {} files",
        differs.iter().map(|(file, _)| file).collect::<Vec<_>>(),
        modelled.len(),
        found.len()
    );

    let is_flush = |number: &usize| matches!(all[*number], Asked::Flush(..));
    let flushes: Vec<usize> = (0..all.len()).filter(is_flush).collect();
    assert!(flushes.len() > 10, "{} flushes", flushes.len());
    // Just before each and just after it, in each way.
    let moments = flushes.iter().flat_map(|number| [*number, number + 1]);
    let disks: Vec<(usize, Rest)> = moments
        .flat_map(|end| [Rest::All, Rest::Nothing, Rest::Names, Rest::EveryOther].map(|rest| (end, rest)))
        .collect();
    let wanted = setting("TICKMARK_POWER_CUTS", DISKS).clamp(1, disks.len());
    // A step that has no divisor in common with the four ways meets all of them.
    let step = (disks.len() / wanted).max(1) | 1;
    let mut tried = 0;
    for (number, (end, rest)) in disks.iter().enumerate().step_by(step) {
        let done = &all[..*end];
        let said = done.iter().filter_map(|one| match one {
            Asked::Said(text) => Some(text.lines().map(str::to_owned)),
            _ => None,
        });
        let heard: Vec<String> = said.flatten().collect();
        let folder = scratch.path().join(format!("disk-{number}"));
        write_out(&after(&before, done, *rest), &root, &folder);
        check::check(&folder, &heard).await.unwrap_or_else(|why| {
            panic!("after {end} of {} requests, {rest:?} of the rest: {why}\n{heard:#?}", all.len())
        });
        fs::remove_dir_all(&folder).expect("removed");
        tried += 1;
    }
    println!(
        "{tried} of {} disks tried, {} flushes among {} requests",
        disks.len(),
        flushes.len(),
        all.len()
    );
}
