//! `tickmark-verify`: checks an evidence bundle, or an exported log, offline.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tickmark_ledger::bundle::{self, Expectations};
use tickmark_ledger::directory::{self, Folder};
use tickmark_ledger::dsse;
use tickmark_ledger::note::{MAX_NOTE_BYTES, SignedCheckpoint, VerifierKey};
use tickmark_ledger::policy::{MAX_POLICY_BYTES, Policy};
use tickmark_ledger::timestamp::{RevocationLists, Roots};

const HELP: &str = "\
Checks an evidence bundle, or a log exported as a tlog-tiles directory. Works offline; changes nothing.

Usage: tickmark-verify BUNDLE.zip [--key KEY | --policy FILE] [--held FILE]...
                       [--tsa-root FILE]... [--tsa-crl FILE]... [--statement-key KEY]... [--json]
       tickmark-verify DIRECTORY  (--key KEY | --policy FILE) [--json]

  --key KEY      the log's public key, name+id+base64, obtained through another channel than the bundle
  --policy FILE  a tlog-policy file instead: several keys, witnesses, a quorum
  --held FILE    a checkpoint of this log that you kept from an earlier bundle; shows a rewritten or shortened log
  --tsa-root FILE  root certificates (PEM) of time-stamping authorities that count
  --tsa-crl FILE   revocation lists (PEM or DER) of those who issued the authorities' certificates
  --statement-key KEY  whose signed statements count, beside the log's: name+id+base64, or a file of a public key
                 (PEM, Ed25519)
  --json         answer as JSON
  --help         this text
  --version      the version

Answers: L1 the bytes are whole; L2 entries and artifacts are in the log; L3 since when; L4 nothing is left out;
L5 the figures of issued reports follow from the records that they cite.
Exit code: 0 nothing is contradicted, 1 something failed and is named, 2 unreadable input or wrong usage.

Examples:
  tickmark-verify bundle.zip
  tickmark-verify bundle.zip --key 'example.org/log+1a2b3c4d+AbCd...'
";

const UNREADABLE: u8 = 2;

struct Arguments {
    path: PathBuf,
    policy: Option<Policy>,
    held: Vec<SignedCheckpoint>,
    roots: Roots,
    lists: RevocationLists,
    statement_keys: Vec<VerifierKey>,
    json: bool,
}

enum Request {
    Verify(Box<Arguments>),
    Print(String),
}

fn main() -> ExitCode {
    let outcome = parse(std::env::args_os().skip(1)).and_then(|request| match request {
        Request::Print(text) => Ok((text, 0)),
        Request::Verify(arguments) => run(&arguments),
    });
    match outcome {
        Ok((text, code)) => match io::stdout().lock().write_all(text.as_bytes()) {
            Ok(()) => ExitCode::from(code),
            Err(_) => ExitCode::from(UNREADABLE),
        },
        Err(message) => {
            eprintln!("tickmark-verify: {message}");
            ExitCode::from(UNREADABLE)
        }
    }
}

fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Request, String> {
    let (mut path, mut policy, mut held, mut json) = (None, None, Vec::new(), false);
    let (mut roots, mut lists, mut statement_keys) =
        (Roots::default(), RevocationLists::default(), Vec::new());
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{} needs a value", argument.display()));
        let chosen = match argument.to_str() {
            Some("--help" | "-h") => return Ok(Request::Print(HELP.to_owned())),
            Some("--version" | "-V") => {
                return Ok(Request::Print(format!("tickmark-verify {}\n", env!("CARGO_PKG_VERSION"))));
            }
            Some("--json") => {
                json = true;
                continue;
            }
            Some("--tsa-root") => {
                roots.extend(read_roots(Path::new(&value()?))?);
                continue;
            }
            Some("--tsa-crl") => {
                lists.extend(read_lists(Path::new(&value()?))?);
                continue;
            }
            Some("--statement-key") => {
                statement_keys.push(read_statement_key(&value()?)?);
                continue;
            }
            Some("--key") => {
                let key = value()?.into_string().map_err(|_| "the key is not text".to_owned())?;
                let key = key.parse().map_err(|error| format!("{error}"))?;
                Policy::of_log(key).map_err(|error| error.to_string())?
            }
            Some("--held") => {
                held.push(read_checkpoint(Path::new(&value()?))?);
                continue;
            }
            Some("--policy") => read_policy(Path::new(&value()?))?,
            Some(option) if option.starts_with('-') => {
                return Err(format!("unknown option {option}; see --help"));
            }
            _ if path.is_none() => {
                path = Some(PathBuf::from(argument));
                continue;
            }
            _ => return Err(format!("unexpected argument {}; see --help", argument.display())),
        };
        if policy.replace(chosen).is_some() {
            return Err("--key and --policy may be given once, and not together".to_owned());
        }
    }
    let path = path.ok_or("no bundle given; see --help")?;
    Ok(Request::Verify(Box::new(Arguments { path, policy, held, roots, lists, statement_keys, json })))
}

fn read_statement_key(text: &OsStr) -> Result<VerifierKey, String> {
    if let Some(key) = text.to_str().and_then(|text| text.parse().ok()) {
        return Ok(key);
    }
    let path = Path::new(text);
    let name = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let mut pem = String::new();
    let file = File::open(path).map_err(|error| name(&error))?;
    file.take(MAX_NOTE_BYTES as u64).read_to_string(&mut pem).map_err(|error| name(&error))?;
    let stem: String = path.file_stem().unwrap_or_default().to_string_lossy().split_whitespace().collect();
    dsse::key_of_pem(&stem.replace('+', "-"), &pem).ok_or_else(|| name(&"no public key of Ed25519 in PEM"))
}

fn read_checkpoint(path: &Path) -> Result<SignedCheckpoint, String> {
    let name = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| name(&error))?;
    file.take(MAX_NOTE_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|error| name(&error))?;
    SignedCheckpoint::parse(&bytes).map_err(|error| name(&error))
}

fn read_roots(path: &Path) -> Result<Roots, String> {
    let name = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let mut pem = Vec::new();
    let file = File::open(path).map_err(|error| name(&error))?;
    file.take(MAX_POLICY_BYTES as u64 + 1).read_to_end(&mut pem).map_err(|error| name(&error))?;
    Roots::from_pem(&pem).map_err(|error| name(&error))
}

/// Bytes from which a file of revocation lists is refused; large issuers have some megabytes.
const MAX_LISTS_BYTES: u64 = 64 * 1024 * 1024;

fn read_lists(path: &Path) -> Result<RevocationLists, String> {
    let name = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| name(&error))?;
    file.take(MAX_LISTS_BYTES + 1).read_to_end(&mut bytes).map_err(|error| name(&error))?;
    RevocationLists::from_bytes(&bytes).map_err(|error| name(&error))
}

fn read_policy(path: &Path) -> Result<Policy, String> {
    let name = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let mut text = String::new();
    let file = File::open(path).map_err(|error| name(&error))?;
    file.take(MAX_POLICY_BYTES as u64 + 1).read_to_string(&mut text).map_err(|error| name(&error))?;
    text.parse().map_err(|error: tickmark_ledger::policy::InvalidPolicy| name(&error))
}

fn run(arguments: &Arguments) -> Result<(String, u8), String> {
    if arguments.path.is_dir() { check_directory(arguments) } else { verify_bundle(arguments) }
}

fn verify_bundle(arguments: &Arguments) -> Result<(String, u8), String> {
    let name = |error: &dyn std::fmt::Display| format!("{}: {error}", arguments.path.display());
    let file = File::open(&arguments.path).map_err(|error| name(&error))?;
    let expectations = Expectations {
        policy: arguments.policy.clone(),
        held: arguments.held.clone(),
        timestamp_roots: arguments.roots.clone(),
        revocation_lists: arguments.lists.clone(),
        statement_keys: arguments.statement_keys.clone(),
        ..Expectations::default()
    };
    let answer = bundle::verify(BufReader::new(file), &expectations).map_err(|error| name(&error))?;
    let text = if arguments.json { format!("{:#}\n", answer.to_json()) } else { answer.to_string() };
    Ok((text, answer.exit_code()))
}

fn check_directory(arguments: &Arguments) -> Result<(String, u8), String> {
    let policy = arguments.policy.as_ref().ok_or("a directory holds no key: give --key or --policy")?;
    let mut files = Folder(arguments.path.clone());
    let report = directory::check(&mut files, policy, |_, _| ());
    let report = report.map_err(|error| format!("{}: {error}", arguments.path.display()))?;
    let checkpoint = &report.checkpoint.checkpoint;
    let is_whole = report.problems.is_empty();
    let text = if arguments.json {
        let problems: Vec<_> = report
            .problems
            .iter()
            .map(|problem| serde_json::json!({"subject": problem.subject, "problem": problem.problem}))
            .collect();
        let answer = serde_json::json!({
            "ok": is_whole, "origin": checkpoint.origin, "size": checkpoint.size, "root": checkpoint.root.hex(),
            "signer": report.accepted.log.to_string(), "rotations": report.rotations, "problems": problems,
        });
        format!("{answer:#}\n")
    } else {
        let mut text = format!("log         {}\n", checkpoint.origin);
        text += &format!("checkpoint  {} entries, root {}\n", checkpoint.size, checkpoint.root);
        text += &format!("signed by   {}\n", report.accepted.log);
        text += match report.rotations {
            0 => "\n",
            _ => {
                "            to which rotations lead that the entries record, each signed by the key before it\n\n"
            }
        };
        for problem in &report.problems {
            text += &format!("  {}: {}\n", problem.subject, problem.problem);
        }
        text += if is_whole {
            "All entries rehash to the signed root.\n"
        } else {
            "This is NOT the log of the checkpoint.\n"
        };
        text
    };
    Ok((text, u8::from(!is_whole)))
}
