//! L3: between which moments the entries came to be, as third parties say.
//!
//! A token of a time-stamping authority lies in `tsa/NAME.tsr`, the checkpoint it is over in `tsa/NAME.checkpoint`, and the
//! proof that the bundle's log begins with that checkpoint in `tsa/NAME.consistency`. It bounds the entries under it from
//! above. The entry that recorded the token bounds those behind it from below. Roots are the verifier's own, never those
//! of the bundle.

use std::io::{Read, Seek};

use super::{Files, Signed};
use crate::Hash;
use crate::bundle::answer::{Findings, Level};
use crate::bundle::name::{FileKind, TIMESTAMPS, classify};
use crate::leaf::{Leaf, LeafKind};
use crate::note::{Checkpoint, SignedCheckpoint};
use crate::timestamp::{Roots, Timestamped, Token};
use crate::tree::verify_consistency;

/// Timestamps that are looked at.
const MAX_TIMESTAMPS: usize = 10_000;

/// A token that verified.
struct Dated {
    size: u64,
    good: Timestamped,
    digest: String,
}

pub(super) fn examine<R: Read + Seek>(files: &mut Files<R>, signed: &Signed, roots: &Roots) -> Level {
    let not_claimed = |reason: &str| Level::NotClaimed { reason: reason.to_owned() };
    let (Some(accepted), Some(latest)) = (&signed.accepted, &signed.checkpoint) else {
        return not_claimed("no accepted checkpoint to date");
    };
    let latest = latest.checkpoint.clone();
    let prefix = format!("{TIMESTAMPS}/");
    let name = |file: &String| file.strip_prefix(&prefix)?.strip_suffix(".tsr").map(str::to_owned);
    let names: Vec<String> = files.names.iter().filter_map(name).take(MAX_TIMESTAMPS).collect();
    let mut findings = Findings::default();
    let mut dated = Vec::new();
    for name in names.iter().filter(|_| !roots.is_empty()) {
        match date(files, signed, &latest, &format!("{TIMESTAMPS}/{name}"), roots) {
            Ok(found) => dated.push(found),
            Err(problem) => findings.add(format!("{TIMESTAMPS}/{name}.tsr"), problem),
        }
    }
    let mut sentences = Vec::new();
    if let Some(newest) = dated.iter().max_by_key(|found| (found.size, -found.good.latest_us)) {
        let (at, by) = (moment(newest.good.latest_us), &newest.good.authority);
        sentences
            .push(format!("entries up to {} of {} existed at {at}, says {by}", newest.size, latest.size));
    }
    if let Some((index, us, by)) = recorded(files, &dated).into_iter().max_by_key(|(index, ..)| *index) {
        sentences.push(format!("entries from {index} on were written after {}, says {by}", moment(us)));
    }
    if let Some((witness, seconds)) = accepted.witnesses.iter().min_by_key(|(_, seconds)| *seconds)
        && signed.is_pinned
    {
        let us = i64::try_from(*seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000);
        sentences.push(format!("the checkpoint existed at {}, says witness {witness}", moment(us)));
    }
    findings.into_level(|| {
        if !sentences.is_empty() {
            return Level::Proven { detail: sentences.join("; ") };
        }
        if !names.is_empty() {
            let count = names.len();
            return Level::NotClaimed {
                reason: format!(
                    "{count} timestamps are here; give the roots of their authorities with --tsa-root to have them count"
                ),
            };
        }
        if accepted.witnesses.is_empty() {
            not_claimed("no timestamp token and no witness cosignature")
        } else {
            not_claimed("cosigned, but by witnesses you have not pinned")
        }
    })
}

fn date<R: Read + Seek>(
    files: &mut Files<R>,
    signed: &Signed,
    latest: &Checkpoint,
    name: &str,
    roots: &Roots,
) -> Result<Dated, String> {
    let mut file = |ending: &str| {
        files.fetch(&format!("{name}.{ending}")).ok_or_else(|| format!("{name}.{ending} is missing"))
    };
    let (answer, note, proof) = (file("tsr")?, file("checkpoint")?, file("consistency")?);
    let checkpoint = SignedCheckpoint::parse(&note).map_err(|error| error.to_string())?;
    let policy = signed.policy.as_ref().ok_or("no policy says whose signature counts")?;
    // Without the quorum of witnesses: what was dated once need not have been cosigned.
    let Checkpoint { origin, size, .. } = &checkpoint.checkpoint;
    policy.accept_note(origin, *size, &checkpoint.note).map_err(|error| error.to_string())?;
    let proof = std::str::from_utf8(&proof).map_err(|_| "its consistency proof is not text".to_owned())?;
    let hashes = proof.lines().take(64).map(Hash::parse_base64).collect::<Result<Vec<_>, _>>();
    let hashes = hashes.map_err(|error| error.to_string())?;
    let Checkpoint { size, root, .. } = &checkpoint.checkpoint;
    verify_consistency(*size, root, latest.size, &latest.root, &hashes)
        .map_err(|error| format!("its checkpoint is not a beginning of this log: {error}"))?;
    let token = Token::of_response(&answer).map_err(|error| error.to_string())?;
    token.check_imprint(&Hash::of(&note)).map_err(|error| error.to_string())?;
    let good = token.verify(roots).map_err(|error| error.to_string())?;
    Ok(Dated { size: *size, good, digest: Hash::of(&answer).digest() })
}

/// Finds the entries that recorded the tokens: (index, moment after which they were written, authority).
fn recorded<R: Read + Seek>(files: &mut Files<R>, dated: &[Dated]) -> Vec<(u64, i64, String)> {
    let mut found = Vec::new();
    for name in files.names.clone() {
        let FileKind::Leaf(index) = classify(&name) else { continue };
        if dated.is_empty() {
            break;
        }
        let Some(bytes) = files.fetch(&name) else { continue };
        let Ok(leaf) = Leaf::parse_strict(&bytes) else { continue };
        if leaf.kind != LeafKind::TimeAnchor {
            continue;
        }
        let body = leaf.body_value();
        let token = body.get("token").and_then(|token| token.as_str()).unwrap_or_default();
        if let Some(dated) = dated.iter().find(|dated| dated.digest == token) {
            found.push((index, dated.good.earliest_us, dated.good.authority.clone()));
        }
    }
    found
}

fn moment(us: i64) -> String {
    jiff::Timestamp::from_microsecond(us).map_or_else(|_| us.to_string(), |moment| moment.to_string())
}
