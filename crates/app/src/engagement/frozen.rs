//! Management's part as it stood when its engagement was frozen: kept byte for byte as documents that entries of the ledger
//! commit to, and read again for whatever is made of it later.

use std::collections::BTreeSet;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tickmark_core::catalog::Catalog;
use tickmark_core::control::Control;
use tickmark_core::engagement::fieldwork::{FrozenPart, KeptFile, Report, SignedPaper as _, Workpaper};
use tickmark_core::engagement::{Engagement, EngagementKey, Paper};
use tickmark_core::id::EvidenceKey;
use tickmark_core::report::package::SectionPart;
use tickmark_core::report::package_records::{CitedRecord, PACKAGE_RECORDS_SCHEMA, PackageRecords};
use tickmark_core::report::{OscalModel, SocPackage};
use tickmark_core::{Digest, canonical};
use tickmark_ledger::Hash;
use tickmark_ledger::dsse::{self, Statement};

use super::fieldwork;
use super::own_work::own_work;
use super::package::live;
use crate::conclusion::remediation;
use crate::context::{Cx, View};
use crate::control::commitment;
use crate::evidence::{self, ArtifactKey};
use crate::{Error, Result, control, ledger};

const JSON: &str = "application/json";
/// Between an engagement and the name of what is kept with its part and is not for readers.
const WHOLE_MARK: &str = " with own work: ";
/// How documents of the part end, after the engagement.
const PACKAGE_END: &str = "-package.json";
const RECORDS_END: &str = "-records.json";
const STATEMENT_END: &str = "-statement.dsse.json";
/// What the statement says: that these bytes were frozen, by which event, when, and by whom.
const STATEMENT_TYPE: &str = "urn:tickmark:frozen-part:1";

/// Keeps management's part as it is recorded now, with `section` as its Section I.
pub(super) async fn keep(
    cx: &mut Cx<'_>,
    engagement: &Engagement,
    (section, report): (Option<SectionPart>, &Report),
    catalog: &Catalog,
    generator: &str,
) -> Result<FrozenPart> {
    let key = engagement.key;
    let mut package = live(cx, key, catalog, generator).await?;
    let signed = section.as_ref().map(|section| section.digest);
    package.section = section;
    let open = remediation::all_open(cx).await?;
    let work = own_work(cx, key, &package, open).await?;
    let whole = OscalModel { package, work };
    let package = whole.package.clone().for_readers();
    let whole = store(cx, &format!("{key}{WHOLE_MARK}part.json"), &whole).await?;
    let kept = store(cx, &format!("{key}{PACKAGE_END}"), &package).await?;
    let records = PackageRecords {
        schema: PACKAGE_RECORDS_SCHEMA.to_owned(),
        engagement: key.to_string(),
        package: kept.digest,
        records: cited(cx, engagement, report, &package).await?,
    };
    let records = store(cx, &format!("{key}{RECORDS_END}"), &records).await?;
    let statement = state(cx, key, (&kept, &records, signed), report).await?;
    Ok(FrozenPart { package: kept, whole, records, statement: Some(statement) })
}

/// Has the log's key state what was frozen, so that tools which know nothing of this format can tell whose report a file
/// is of. Files are named as they stand in a bundle.
async fn state(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    (package, records, section): (&KeptFile, &KeptFile, Option<Digest>),
    report: &Report,
) -> Result<KeptFile> {
    let hash = |digest: Digest| Hash(digest.0);
    let mut subjects = vec![
        (format!("report/{key}{PACKAGE_END}"), hash(package.digest)),
        (format!("report/{key}{RECORDS_END}"), hash(records.digest)),
    ];
    subjects.extend(section.map(|digest| (format!("{key} Section I"), hash(digest))));
    let event = if report.issued().is_some() { "report.issued" } else { "engagement.frozen" };
    let predicate = json!({
        "event": event, "engagement": key.to_string(), "at": cx.now.to_string(), "by": cx.actor.id.to_string(),
    });
    let statement = Statement { predicate_type: STATEMENT_TYPE.to_owned(), subjects };
    let bytes = ledger::state(cx, &statement, &predicate).await?;
    let digest = Digest::of(&bytes);
    let name = format!("{key}{STATEMENT_END}");
    let artifact = evidence::keep_document(cx, &name, dsse::MEDIA_TYPE, bytes.into()).await?;
    Ok(KeptFile { artifact: EvidenceKey(artifact.key.0), digest })
}

async fn store<T: Serialize>(cx: &mut Cx<'_>, name: &str, record: &T) -> Result<KeptFile> {
    let bytes = canonical::bytes(record).map_err(|error| Error::internal("writing a document", error))?;
    let digest = Digest::of(&bytes);
    let artifact = evidence::keep_document(cx, name, JSON, bytes.into()).await?;
    Ok(KeptFile { artifact: EvidenceKey(artifact.key.0), digest })
}

/// Tells whether a document of this name is kept for those who run the engagement, and goes with no bundle.
pub(super) fn is_held_back(name: &str) -> bool {
    let key = name.split_once(WHOLE_MARK).and_then(|(key, _)| key.strip_prefix("E-"));
    key.is_some_and(|number| number.parse::<i64>().is_ok())
}

/// Tells whether a document is called as a part or its records are.
pub(super) fn is_part(name: &str) -> bool {
    let key = [PACKAGE_END, RECORDS_END, STATEMENT_END].iter().find_map(|end| name.strip_suffix(end));
    key.and_then(|key| key.strip_prefix("E-")).is_some_and(|number| number.parse::<i64>().is_ok())
}

/// Returns the part as readers get it, if it was kept, whoever asks.
pub(super) async fn package(view: &mut View<'_>, key: EngagementKey) -> Result<Option<SocPackage>> {
    let report = fieldwork::newest_report(view, key).await?;
    match report.kept() {
        None => Ok(None),
        Some(kept) => read(view, key, &kept.package).await.map(Some),
    }
}

/// Returns the part with criteria, controls and management's own tests, if it was kept, whoever asks.
pub(super) async fn whole(view: &mut View<'_>, key: EngagementKey) -> Result<Option<OscalModel>> {
    let report = fieldwork::newest_report(view, key).await?;
    match report.kept() {
        None => Ok(None),
        Some(kept) => read(view, key, &kept.whole).await.map(Some),
    }
}

async fn read<T: DeserializeOwned>(view: &mut View<'_>, key: EngagementKey, kept: &KeptFile) -> Result<T> {
    let what = || format!("management's part of {key}");
    let artifact = evidence::find(view, ArtifactKey(kept.artifact.0)).await?;
    let bytes = evidence::read(view.app, &artifact).await?;
    if Digest::of(&bytes) != kept.digest {
        return Err(Error::corrupt(what(), "its bytes are not those that were frozen"));
    }
    serde_json::from_slice(&bytes).map_err(|error| Error::corrupt(what(), error))
}

/// Collects the records that a part was made from, each in the form whose digest an entry of the ledger names.
async fn cited(
    view: &mut View<'_>,
    engagement: &Engagement,
    report: &Report,
    package: &SocPackage,
) -> Result<Vec<CitedRecord>> {
    let key = engagement.key;
    let mut records = Records { engagement: key.to_string(), records: Vec::new() };
    records.add("scope", None, engagement.holds())?;
    if let Some(document) = &engagement.description {
        records.push("description", None, document.bound(engagement.ground(Paper::Description)));
    }
    if let Some(document) = &engagement.assertion {
        records.push("assertion", None, document.bound(engagement.ground(Paper::Assertion)));
    }
    if let Some(opinion) = report.opinion().filter(|_| report.issued().is_some()) {
        records.add("opinion", None, opinion)?;
    }
    for version in commitment::everything(view).await? {
        let id = version.record.key.to_string();
        if package.commitments.iter().any(|one| one.id == id) {
            records.add("commitment", Some(id), &version.record)?;
        }
    }
    let ids: BTreeSet<&str> = package.controls.iter().map(|one| one.id.as_str()).collect();
    for control in settled(view).await?.into_iter().filter(|one| ids.contains(one.id.as_str())) {
        // Entries name the digest of a list with the one control.
        records.add("control", Some(control.id.to_string()), &[&control])?;
    }
    let tests = package.controls.iter().flat_map(|one| &one.tests);
    let papers: BTreeSet<String> = tests.map(|test| test.workpaper.clone()).collect();
    for row in fieldwork::signed::shared::<Workpaper>(view, key).await? {
        let id = format!("WP-{}", row.record.number());
        if papers.contains(&id) {
            records.add("workpaper", Some(id), &row.record)?;
        }
    }
    for row in fieldwork::workpaper::held_responses(view, key).await? {
        let id = format!("WP-{}.{}", row.record.workpaper, row.record.exception);
        if package.responses.iter().any(|one| one.finding == id) {
            records.add("response", Some(id), &row.record)?;
        }
    }
    Ok(records.records)
}

/// Returns controls as they stand, without what is proposed and nobody has approved: the newest version that has nothing
/// waiting has the same texts.
async fn settled(view: &mut View<'_>) -> Result<Vec<Control>> {
    let mut controls = control::controls(view).await?;
    if controls.iter().any(Control::waits) {
        let versions = control::versions(view).await?;
        for one in controls.iter_mut().filter(|one| one.waits()) {
            let is_it =
                |version: &&Control| version.id == one.id && version.text == one.text && !version.waits();
            let settled = versions.iter().rev().map(|version| &version.control).find(is_it).cloned();
            if let Some(settled) = settled {
                *one = settled;
            }
        }
    }
    Ok(controls)
}

struct Records {
    engagement: String,
    records: Vec<CitedRecord>,
}

impl Records {
    fn add<T: Serialize>(&mut self, kind: &str, id: Option<String>, record: &T) -> Result<()> {
        let record =
            serde_json::to_value(record).map_err(|error| Error::internal("writing a record", error))?;
        self.push(kind, id, record);
        Ok(())
    }

    fn push(&mut self, kind: &str, id: Option<String>, record: Value) {
        let id = id.unwrap_or_else(|| self.engagement.clone());
        self.records.push(CitedRecord { kind: kind.to_owned(), id, record });
    }
}
