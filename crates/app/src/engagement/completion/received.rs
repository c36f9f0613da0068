//! A report that came from outside: its date and digest, its file where it is given, and that it freezes the engagement as one
//! that is issued here does.

use std::collections::BTreeMap;

use bytes::Bytes;
use tickmark_core::Digest;
use tickmark_core::catalog::Catalog;
use tickmark_core::conclusion::scope::Day;
use tickmark_core::engagement::EngagementKey;
use tickmark_core::engagement::completion::{HeldFile, Received};
use tickmark_core::engagement::fieldwork::{Gate, check_pdf};
use tickmark_core::evidence::media::clean_name;
use tickmark_core::id::EvidenceKey;
use tickmark_core::identity::Verb;

use super::super::{Version, atom, fieldwork};
use super::{Changed, change, current};
use crate::context::{Cx, View};
use crate::engagement::fieldwork::report::{SECTION_BYTES, section_name};
use crate::evidence;
use crate::identity::audit::Name;
use crate::{Error, Result};

const PDF: &str = "application/pdf";

/// What is recorded of a report that came from outside.
#[derive(Clone, Debug)]
pub struct Receiving {
    /// Firm that signed it.
    pub firm: String,
    /// Its date.
    pub day: Day,
    /// Name of its file.
    pub file: String,
    /// SHA-256 of the file.
    pub digest: Digest,
    /// The file itself, to be kept byte for byte; none if only its digest is told.
    pub bytes: Option<Bytes>,
}

/// Records the report that the auditor gave to management. What it says is the auditor's; here are its date and digest, and
/// its file where it is given. From then on the engagement is frozen, and management's part stays as it is now.
///
/// `generator` names program and version.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Invalid` if its day cannot be, or its file is no whole PDF or another one than the digest says;
/// `Conflict` while management's assertion is not signed as it stands, or it has not confirmed what changed of controls since it
/// signed, or if the report was issued here and is not revised.
pub async fn receive_report(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    from: i64,
    receiving: Receiving,
    (catalog, generator): (&Catalog, &str),
) -> Result<Changed> {
    cx.permit_whole(atom(Verb::Update))?;
    cx.need_person()?;
    let report = fieldwork::newest_report(cx, key).await?;
    let before = current(cx, key).await?.record;
    if report.issued().is_some() && !before.is_revised() {
        return Err(Error::conflict(
            "the report was issued here; another one is recorded only once the auditor decided to revise it",
        ));
    }
    let engagement = super::super::current(cx, key).await?.record;
    // One that is recorded again or revised has its assertion from the first time.
    if before.received().is_none()
        && let Some(gate) = fieldwork::report::comes_first(cx, &engagement, catalog).await?
    {
        let is_over = report.frozen().is_some() || engagement.closed().is_some();
        let stays = match gate {
            // What changed is confirmed until the report is there.
            Gate::Changed(_) => "",
            _ if is_over => "; the engagement is over, and nothing is signed in it any more",
            _ => "",
        };
        return Err(Error::conflict(format!("the report cannot be recorded yet: {gate}{stays}")));
    }
    let Receiving { firm, day, file, digest, bytes } = receiving;
    let kept = match bytes {
        None => None,
        Some(bytes) => Some(keep(cx, key, &file, digest, bytes).await?),
    };
    let why = format!("The report of {}, dated {day}, was received.", firm.trim());
    let changed = change(cx, key, from, Name::ReportReceived, Verb::Update, |record, engagement, by, at| {
        // A file that is kept stays when the same report is recorded again without it.
        let before =
            record.received().filter(|before| before.digest == digest).and_then(|before| before.kept);
        let kept = kept.or(before);
        record.receive(Received { firm, day, file, digest, kept, by, at }, engagement.holds().time)
    })
    .await?;
    if matches!(changed, Changed::Done(_)) {
        fieldwork::report::freeze_with_received(cx, key, &why, catalog, generator).await?;
    }
    Ok(changed)
}

async fn keep(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    name: &str,
    digest: Digest,
    bytes: Bytes,
) -> Result<HeldFile> {
    let refuse = |why: &dyn std::fmt::Display| Err(Error::invalid(format!("the file was not taken: {why}")));
    if bytes.len() > SECTION_BYTES {
        return refuse(&format!("it is larger than {} MB", SECTION_BYTES >> 20));
    }
    if let Err(error) = check_pdf(&bytes) {
        return refuse(&error);
    }
    if Digest::of(&bytes) != digest {
        return refuse(&"its SHA-256 is another one than the one that is told");
    }
    let size = bytes.len() as u64;
    let artifact = evidence::keep_document(cx, &section_name(key, &clean_name(name)), PDF, bytes).await?;
    Ok(HeldFile { artifact: EvidenceKey(artifact.key.0), size })
}

/// Returns the dates of the reports that were issued or received, of those of `all` that are not closed and whose time is
/// over; whoever asks.
///
/// # Errors
/// If the database fails.
pub async fn reports(view: &mut View<'_>, all: &[Version]) -> Result<BTreeMap<EngagementKey, Day>> {
    let today = Day::of(view.now);
    let mut dates = BTreeMap::new();
    for record in all.iter().map(|version| &version.record) {
        if record.closed().is_some() || record.holds().time.days().1 >= today {
            continue;
        }
        if let Some(received) = current(view, record.key).await?.record.received() {
            dates.insert(record.key, received.day);
        }
    }
    Ok(dates)
}
