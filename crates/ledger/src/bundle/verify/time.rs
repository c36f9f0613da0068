//! L3: between which moments the entries came to be, as third parties say.
//!
//! A token of a time-stamping authority lies in `tsa/NAME.tsr`, the checkpoint it is over in `tsa/NAME.checkpoint`, and the
//! proof that the bundle's log begins with that checkpoint in `tsa/NAME.consistency`. It bounds the entries under it from
//! above. The entry that recorded the token bounds those behind it from below. Roots are the verifier's own, never those
//! of the bundle.

use std::io::{Read, Seek};

use super::{Expectations, Files, Signed};
use crate::Hash;
use crate::bundle::answer::{Findings, Level};
use crate::bundle::name::{FileKind, TIMESTAMPS, classify};
use crate::leaf::{Leaf, LeafKind};
use crate::note::{Checkpoint, SignedCheckpoint};
use crate::timestamp::{Revocation, Timestamped, Token};
use crate::tree::verify_consistency;

/// Timestamps that are looked at.
const MAX_TIMESTAMPS: usize = 10_000;

/// A token that verified.
struct Dated {
    size: u64,
    good: Timestamped,
    /// Of the answer, as the entry that recorded it names it.
    digest: String,
}

/// The entry that recorded a token.
struct Recorded {
    index: u64,
    /// It was written after this moment.
    earliest_us: i64,
    authority: String,
    digest: String,
}

pub(super) fn examine<R: Read + Seek>(
    files: &mut Files<R>,
    signed: &Signed,
    expectations: &Expectations,
    period: Option<(u64, u64)>,
) -> Level {
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
    for name in names.iter().filter(|_| !expectations.timestamp_roots.is_empty()) {
        match date(files, signed, &latest, &format!("{TIMESTAMPS}/{name}"), expectations) {
            Ok(found) => dated.push(found),
            Err(problem) => findings.add(format!("{TIMESTAMPS}/{name}.tsr"), problem),
        }
    }
    let recorded = recorded(files, &dated);
    let mut sentences = moments(&dated, &recorded, latest.size, period);
    if let Some((witness, seconds)) = accepted.witnesses.iter().min_by_key(|(_, seconds)| *seconds)
        && signed.is_pinned
    {
        let us = i64::try_from(*seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000);
        sentences.push(format!("the checkpoint existed at {}, says witness {witness}", moment(us)));
    }
    sentences.extend(certificates(&dated, &recorded));
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

/// Says between which moments the entries came to be, and the ends of the period.
fn moments(dated: &[Dated], recorded: &[Recorded], size: u64, period: Option<(u64, u64)>) -> Vec<String> {
    let mut sentences = Vec::new();
    if let Some(newest) = newest(dated) {
        let (at, by) = (moment(newest.good.latest_us), &newest.good.authority);
        sentences.push(format!("entries up to {} of {size} existed at {at}, says {by}", newest.size));
    }
    if let Some(last) = recorded.iter().max_by_key(|last| last.index) {
        let (index, at) = (last.index, moment(last.earliest_us));
        sentences.push(format!("entries from {index} on were written after {at}, says {}", last.authority));
    }
    let Some((opened, closed)) = period else { return sentences };
    let before =
        recorded.iter().filter(|before| before.index < opened).max_by_key(|before| before.earliest_us);
    if let Some(before) = before {
        let at = moment(before.earliest_us);
        sentences.push(format!("the period was opened after {at}, says {}", before.authority));
    }
    let over = dated.iter().filter(|over| over.size > closed).min_by_key(|over| over.good.latest_us);
    if let Some(over) = over {
        let (at, by) = (moment(over.good.latest_us), &over.good.authority);
        sentences.push(format!("everything up to the closing of the period existed at {at}, says {by}"));
    }
    sentences
}

fn newest(dated: &[Dated]) -> Option<&Dated> {
    dated.iter().max_by_key(|found| (found.size, -found.good.latest_us))
}

/// Says until when the certificates behind the tokens vouch for them, whether newer tokens came in time, and whether
/// anybody looked for revocations. What is true on the day of looking is for whoever looks: nothing here knows the day.
fn certificates(dated: &[Dated], recorded: &[Recorded]) -> Vec<String> {
    let Some(newest) = newest(dated) else { return Vec::new() };
    let mut sentences =
        vec![format!("the certificate behind the newest token ends on {}", moment(newest.good.expires_us))];
    let is_renewed = |old: &Dated| {
        let record = recorded.iter().find(|record| record.digest == old.digest);
        record.is_some_and(|record| {
            dated.iter().any(|new| new.size > record.index && new.good.latest_us <= old.good.expires_us)
        })
    };
    let has_ended = |old: &&Dated| old.good.expires_us <= newest.good.latest_us;
    let lapsed = dated.iter().filter(has_ended).filter(|old| !is_renewed(old)).count();
    if lapsed > 0 {
        sentences.push(format!(
            "{lapsed} tokens are behind certificates that ended before a newer token was over them"
        ));
    }
    let unchecked = dated.iter().filter(|one| one.good.revocation == Revocation::NotChecked).count();
    if unchecked > 0 {
        sentences.push(format!(
            "whether the certificates behind {unchecked} of {} tokens were revoked is not checked: --tsa-crl takes the \
             lists of their issuers",
            dated.len()
        ));
    } else {
        let later = |one: &&Dated| matches!(one.good.revocation, Revocation::Later(_));
        let later = match dated.iter().filter(later).count() {
            0 => String::new(),
            some => format!(", {some} of them since, for a reason that leaves them good"),
        };
        sentences
            .push(format!("by the lists that you gave no certificate was revoked before its tokens{later}"));
    }
    sentences
}

fn date<R: Read + Seek>(
    files: &mut Files<R>,
    signed: &Signed,
    latest: &Checkpoint,
    name: &str,
    expectations: &Expectations,
) -> Result<Dated, String> {
    let mut file = |ending: &str| {
        files.fetch(&format!("{name}.{ending}")).ok_or_else(|| format!("{name}.{ending} is missing"))
    };
    let (answer, note, proof) = (file("tsr")?, file("checkpoint")?, file("consistency")?);
    let checkpoint = SignedCheckpoint::parse(&note).map_err(|error| error.to_string())?;
    let policy = signed.policy.as_ref().ok_or("no policy says whose signature counts")?;
    // Without the quorum of witnesses: what was dated once need not have been cosigned. Of an earlier epoch, whose key
    // nobody need trust any more, the root alone dates the entries: it must be that of the first ones here.
    let Checkpoint { origin, size, .. } = &checkpoint.checkpoint;
    if *origin == latest.origin {
        policy.accept_note(origin, *size, &checkpoint.note).map_err(|error| error.to_string())?;
    }
    let proof = std::str::from_utf8(&proof).map_err(|_| "its consistency proof is not text".to_owned())?;
    let hashes = proof.lines().take(64).map(Hash::parse_base64).collect::<Result<Vec<_>, _>>();
    let hashes = hashes.map_err(|error| error.to_string())?;
    let Checkpoint { size, root, .. } = &checkpoint.checkpoint;
    verify_consistency(*size, root, latest.size, &latest.root, &hashes)
        .map_err(|error| format!("its checkpoint is not a beginning of this log: {error}"))?;
    let token = Token::of_response(&answer).map_err(|error| error.to_string())?;
    token.check_imprint(&Hash::of(&note)).map_err(|error| error.to_string())?;
    let Expectations { timestamp_roots, revocation_lists, .. } = expectations;
    let good =
        token.verify_unrevoked(timestamp_roots, revocation_lists).map_err(|error| error.to_string())?;
    Ok(Dated { size: *size, good, digest: Hash::of(&answer).digest() })
}

/// Finds the entries that recorded the tokens.
fn recorded<R: Read + Seek>(files: &mut Files<R>, dated: &[Dated]) -> Vec<Recorded> {
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
            let Dated { good, digest, .. } = dated;
            let (earliest_us, authority) = (good.earliest_us, good.authority.clone());
            found.push(Recorded { index, earliest_us, authority, digest: digest.clone() });
        }
    }
    found
}

fn moment(us: i64) -> String {
    jiff::Timestamp::from_microsecond(us).map_or_else(|_| us.to_string(), |moment| moment.to_string())
}
