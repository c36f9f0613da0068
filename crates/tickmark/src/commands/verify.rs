//! `tickmark verify`: a bundle, offline, with the same library as the stand-alone `tickmark-verify`.

use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::{Path, PathBuf};

use clap::Args;
use tickmark_ledger::bundle::{self, Expectations};
use tickmark_ledger::note::{MAX_NOTE_BYTES, SignedCheckpoint, VerifierKey};
use tickmark_ledger::policy::{MAX_POLICY_BYTES, Policy};
use tickmark_ledger::timestamp::{RevocationLists, Roots};

use crate::failure::{Failure, Outcome};
use crate::output::Output;

/// What the help teaches by.
pub(crate) const EXAMPLES: &str = "\
Examples:
  tickmark verify bundle.zip                       is it whole, and what does it say of itself
  tickmark verify bundle.zip --key \"$(tickmark ledger key)\"
  tickmark verify bundle.zip --policy policy.txt --held checkpoint.latest";

/// `tickmark verify`
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The bundle.
    pub(crate) bundle: PathBuf,
    /// Key that must have signed, in the form printed by `tickmark ledger key`.
    #[arg(long, value_name = "VKEY")]
    pub(crate) key: Option<String>,
    /// A tlog-policy file instead: several keys, witnesses, a quorum.
    #[arg(long, value_name = "FILE", conflicts_with = "key")]
    pub(crate) policy: Option<PathBuf>,
    /// A checkpoint of this log that you kept from an earlier bundle; shows a rewritten or shortened log. Repeatable.
    #[arg(long, value_name = "FILE")]
    pub(crate) held: Vec<PathBuf>,
    /// Root certificates (PEM) of time-stamping authorities that count. Repeatable.
    #[arg(long, value_name = "FILE")]
    pub(crate) tsa_root: Vec<PathBuf>,
    /// Revocation lists (PEM or DER) of those who issued the authorities' certificates. Repeatable.
    #[arg(long, value_name = "FILE")]
    pub(crate) tsa_crl: Vec<PathBuf>,
}

/// Bytes from which a file of revocation lists is refused; large issuers have some megabytes.
const MAX_LISTS_BYTES: usize = 64 * 1024 * 1024;

/// Runs `tickmark verify`.
pub(crate) fn run(options: &Verify, output: &Output) -> Outcome {
    let mut expectations = Expectations::default();
    if let Some(text) = &options.key {
        let key: VerifierKey = text.parse().map_err(|error| Failure::input(format!("--key: {error}")))?;
        expectations.policy = Some(Policy::of_log(key).map_err(Failure::input)?);
    }
    if let Some(path) = &options.policy {
        let text = String::from_utf8(read_small(path, MAX_POLICY_BYTES)?);
        let text = text.map_err(|_| Failure::input(format!("{}: not text", path.display())))?;
        let policy: Policy =
            text.parse().map_err(|error| Failure::input(format!("{}: {error}", path.display())))?;
        expectations.policy = Some(policy);
    }
    for path in &options.held {
        let kept = SignedCheckpoint::parse(&read_small(path, MAX_NOTE_BYTES)?);
        expectations.held.push(kept.map_err(|error| Failure::input(format!("{}: {error}", path.display())))?);
    }
    for path in &options.tsa_root {
        let roots = Roots::from_pem(&read_small(path, MAX_POLICY_BYTES)?);
        let roots = roots.map_err(|error| Failure::input(format!("{}: {error}", path.display())))?;
        expectations.timestamp_roots.extend(roots);
    }
    for path in &options.tsa_crl {
        let lists = RevocationLists::from_bytes(&read_small(path, MAX_LISTS_BYTES)?);
        let lists = lists.map_err(|error| Failure::input(format!("{}: {error}", path.display())))?;
        expectations.revocation_lists.extend(lists);
    }
    let name = options.bundle.display();
    let file = File::open(&options.bundle).map_err(|error| Failure::input(format!("{name}: {error}")))?;
    let verification = bundle::verify(BufReader::new(file), &expectations)
        .map_err(|error| Failure::input(format!("{name}: {error}")))?;
    output.answer(&verification.to_json(), |output| output.line(verification.to_string().trim_end()))?;
    if verification.has_failed() { Err(Failure::No) } else { Ok(()) }
}

/// Reads a file that cannot be genuine beyond `max_bytes`.
fn read_small(path: &Path, max_bytes: usize) -> Outcome<Vec<u8>> {
    let name = |error: std::io::Error| Failure::input(format!("{}: {error}", path.display()));
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(name)?;
    file.take(max_bytes as u64 + 1).read_to_end(&mut bytes).map_err(name)?;
    if bytes.len() > max_bytes {
        return Err(Failure::input(format!("{}: longer than {max_bytes} bytes", path.display())));
    }
    Ok(bytes)
}
