//! The report: the opinion that the auditor records, the signed Section I as it came, and that it is issued, which freezes
//! the engagement.
//!
//! Nothing of it is computed or filled in. Until it is issued only the firm reads it.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use serde_json::json;
use tickmark_core::Digest;
use tickmark_core::catalog::Catalog;
use tickmark_core::conclusion::scope::Day;
use tickmark_core::engagement::completion::{Completion, HeldFile, Received};
use tickmark_core::engagement::fieldwork::{
    Gate, IssueGround, Opinion, OpinionError, Party, Report, SectionFile, SignedPaper as _, Workpaper,
    before_report, check_pdf, managements,
};
use tickmark_core::engagement::{Engagement, EngagementKey, Unconfirmed};
use tickmark_core::evidence::media::clean_name;
use tickmark_core::id::{ActorId, EvidenceKey};
use tickmark_core::identity::{Atom, Resource, Standing, Verb};
use tickmark_core::report::package::SectionPart;

use super::super::completion;
use super::super::frozen;
use super::super::package;
use super::super::since;
use super::sql::Kind;
use super::{Field, Row, criteria, digest, field, newest_report, open_field, paper, same, sql};
use crate::context::{Cx, View};
use crate::evidence::{self, ArtifactKey};
use crate::identity::Access;
use crate::identity::audit::{self, Event, Name};
use crate::identity::people;
use crate::{Actor, App, Error, Result, identity};

const CREATE: Atom = Atom::new(Resource::RestrictedReport, Verb::Create);
const READ: Atom = Atom::new(Resource::RestrictedReport, Verb::Read);
const EXPORT: Atom = Atom::new(Resource::RestrictedReport, Verb::Export);

/// Largest file of a signed section in bytes.
pub const SECTION_BYTES: usize = crate::evidence::item::UPLOAD.file_bytes;
const PDF: &str = "application/pdf";
/// Between an engagement and the name of the firm's file.
const SECTION_MARK: &str = " Section I: ";

/// What there is of a report for whoever asks.
#[derive(Clone, Debug)]
pub struct Known {
    /// Version of what is recorded; 0 while nothing is.
    pub version: i64,
    /// What is recorded, as far as the actor may know.
    pub report: Report,
    /// Of which party the actor is.
    pub party: Party,
    /// What is missing before it is issued, in the order of the work: for the firm all of it, for management what it has to
    /// do itself. Nothing once it is frozen.
    pub missing: Vec<Gate>,
    /// The report that management recorded as received, where it is another one than was issued here; for management.
    pub recorded: Option<Received>,
    /// Whether the auditor decided to revise the report, and the revised one is not recorded; for management.
    pub is_revised: bool,
    /// Whether whoever set the opinion is alone of the firm in the engagement, and so issues the report too; for the firm.
    pub is_alone: bool,
}

/// Returns what is recorded about the report: for the firm all of it, for management once it is issued.
///
/// # Errors
/// `Forbidden`; `NotFound`; or if the catalog has no framework.
pub async fn find(view: &mut View<'_>, key: EngagementKey, catalog: &Catalog) -> Result<Known> {
    let field = field(view, key).await?;
    view.permit_on(super::super::atom(Verb::Read), &field.object)?;
    let version = newest(view, key).await?.map_or(0, |row| row.version);
    let is_auditor = field.party == Party::Auditor;
    let issuing = Issuing::load(view, &field, catalog).await?;
    let (by, today) = (view.actor.id, Day::of(view.now));
    let missing = match (field.is_open(), is_auditor) {
        (false, _) => Vec::new(),
        (true, true) => field.report.gates(&issuing.ground(&field), by, today),
        (true, false) => managements(&issuing.ground(&field), None),
    };
    let is_alone = is_auditor && issuing.others == 0;
    let is_issued_one = |received: &Received| {
        let section = field.report.section().filter(|_| field.report.issued().is_some());
        section.is_some_and(|section| section.digest == received.digest)
    };
    let recorded = issuing.completion.received().filter(|received| !is_auditor && !is_issued_one(received));
    let recorded = recorded.cloned();
    let is_revised = !is_auditor && issuing.completion.is_revised();
    let report = known(&field);
    Ok(Known { version, report, party: field.party, missing, recorded, is_revised, is_alone })
}

/// Returns what is recorded about the report, as far as the party of whoever asks may know.
pub(super) fn known(field: &Field) -> Report {
    let is_known = field.party == Party::Auditor || field.report.issued().is_some();
    if is_known { field.report.clone() } else { field.report.without_opinion() }
}

/// Returns what keeps a report from outside from being recorded: management's assertion is not signed as it stands, or controls
/// changed since it signed and it has not confirmed that. Whoever asks.
pub(in crate::engagement) async fn comes_first(
    view: &mut View<'_>,
    engagement: &Engagement,
    catalog: &Catalog,
) -> Result<Option<Gate>> {
    let unconfirmed = unconfirmed(view, engagement, catalog).await?;
    Ok(before_report(engagement, unconfirmed))
}

async fn unconfirmed(
    view: &mut View<'_>,
    engagement: &Engagement,
    catalog: &Catalog,
) -> Result<Option<Unconfirmed>> {
    let since = since::changed(view, engagement, catalog).await?;
    Ok(since.and_then(|since| since.unconfirmed()))
}

/// Returns the report that was issued here, as management received it by that; none before.
pub(in crate::engagement) async fn received(
    view: &mut View<'_>,
    key: EngagementKey,
) -> Result<Option<Received>> {
    let report = newest_report(view, key).await?;
    let parts = report.issued().zip(report.opinion()).zip(report.section());
    Ok(parts.map(|((issue, opinion), section)| Received {
        firm: issue.firm.clone(),
        day: opinion.dated,
        file: section.name.clone(),
        digest: section.digest,
        kept: Some(HeldFile { artifact: section.artifact, size: section.size }),
        by: issue.by,
        at: issue.at,
    }))
}

/// Returns the signed file of Section I as documents name it, once the report is issued here; none before.
pub(in crate::engagement) async fn issued(
    view: &mut View<'_>,
    key: EngagementKey,
    names: &BTreeMap<ActorId, String>,
) -> Result<Option<SectionPart>> {
    let report = newest_report(view, key).await?;
    Ok(section_of(&report, names))
}

/// Returns the signed file as documents name it, once a report is issued; none before.
fn section_of(report: &Report, names: &BTreeMap<ActorId, String>) -> Option<SectionPart> {
    let parts = report.issued().zip(report.opinion()).zip(report.section());
    parts.map(|((issue, opinion), section)| SectionPart {
        name: section.name.clone(),
        digest: section.digest,
        size: Some(section.size),
        firm: issue.firm.clone(),
        dated: opinion.dated.to_string(),
        by: package::named(names, issue.by),
        at: issue.at,
    })
}

/// Tells whether the actor may hand out the signed file at all.
pub(in crate::engagement) async fn may_hand_out(view: &mut View<'_>, key: EngagementKey) -> Result<bool> {
    let field = field(view, key).await?;
    Ok(view.may_on(EXPORT, &field.object))
}

/// Asks whoever may hand out the signed file to show afresh who they are, once there is one to go with management's part.
///
/// # Errors
/// `StepUp`; `NotFound`.
pub(in crate::engagement) async fn need_fresh(view: &mut View<'_>, key: EngagementKey) -> Result<()> {
    let field = field(view, key).await?;
    let is_there =
        newest_report(view, key).await?.issued().is_some() || received_file(view, key).await?.is_some();
    if is_there && view.may_on(EXPORT, &field.object) {
        view.permit_on(EXPORT, &field.object)?;
    }
    Ok(())
}

async fn newest(view: &mut View<'_>, key: EngagementKey) -> Result<Option<Row<Report>>> {
    let organization = view.organization();
    let rows: Vec<Row<Report>> = sql::papers(view.connection(), organization, key, Kind::Report).await?;
    Ok(rows.into_iter().next_back())
}

/// What issuing rests on beside the record of the engagement and of the report.
struct Issuing {
    completion: Completion,
    /// What changed of controls since management signed, and it has not confirmed; while the report can be issued.
    unconfirmed: Option<Unconfirmed>,
    unreviewed: Vec<i64>,
    /// Other people of the firm who are in now.
    others: usize,
}

impl Issuing {
    async fn load(view: &mut View<'_>, field: &Field, catalog: &Catalog) -> Result<Self> {
        let (key, by, now) = (field.version.record.key, view.actor.id, view.now);
        let shared = super::signed::shared::<Workpaper>(view, key).await?;
        let unreviewed = shared.iter().filter(|row| row.record.reviewed().is_none());
        let unreviewed = unreviewed.map(|row| row.record.number).collect();
        let auditors = people::of_engagement(view, key).await?;
        let is_other = |one: &&people::Auditor| {
            one.member.actor != by
                && one.valid.contains(now)
                && one.member.standing == Standing::Active
                && one.member.valid.contains(now)
        };
        let others = auditors.iter().filter(is_other).count();
        let unconfirmed = match field.is_open() {
            true => unconfirmed(view, &field.version.record, catalog).await?,
            false => None,
        };
        Ok(Self { completion: completion::recorded(view, key).await?, unconfirmed, unreviewed, others })
    }

    fn ground<'a>(&'a self, field: &'a Field) -> IssueGround<'a> {
        IssueGround {
            engagement: &field.version.record,
            completion: &self.completion,
            unconfirmed: self.unconfirmed,
            unreviewed: &self.unreviewed,
            others: self.others,
        }
    }
}

fn need_auditor(field: &Field, cx: &mut Cx<'_>) -> Result<()> {
    if field.party != Party::Auditor || cx.actor.access == Access::Local {
        cx.refuse_by_rule("engagement", field.version.record.key.to_string(), "other_party");
        return Err(Error::Forbidden("the opinion, its file and its issue are the auditor's alone".into()));
    }
    Ok(())
}

/// Records the opinion, from version `from` of what is recorded.
///
/// # Errors
/// `Forbidden` for everybody but the firm; `StepUp`; `Invalid` for what cannot stand beside itself; `Conflict` if it was
/// changed meanwhile, or once the engagement is frozen.
pub async fn record(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    from: i64,
    opinion: Opinion,
    catalog: &Catalog,
) -> Result<()> {
    let field = open_field(cx, key).await?;
    need_auditor(&field, cx)?;
    cx.permit_on(CREATE, &field.object)?;
    let scope = field.version.record.holds();
    let in_scope = criteria(scope, catalog)?;
    let mut report = field.report.clone();
    let by = cx.actor.id;
    report.record(opinion, scope, &in_scope, by).map_err(Error::invalid)?;
    save(cx, key, from, report, Name::OpinionRecorded).await
}

/// Takes the signed Section I as it came, byte for byte.
///
/// # Errors
/// As [`record`]; `Invalid` for a file that is no whole PDF, or is encrypted.
pub async fn attach(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    from: i64,
    name: &str,
    bytes: Bytes,
) -> Result<Digest> {
    let field = open_field(cx, key).await?;
    need_auditor(&field, cx)?;
    cx.permit_on(CREATE, &field.object)?;
    let name = clean_name(name);
    let refuse =
        |why: &dyn std::fmt::Display| Err(Error::invalid(format!("the file {name} was not taken: {why}")));
    if bytes.len() > SECTION_BYTES {
        return refuse(&format!("it is larger than {} MB", SECTION_BYTES >> 20));
    }
    if let Err(error) = check_pdf(&bytes) {
        return refuse(&error);
    }
    let (digest, size) = (Digest::of(&bytes), bytes.len() as u64);
    let kept = evidence::keep_document(cx, &section_name(key, &name), PDF, bytes).await?;
    let mut report = field.report.clone();
    let (by, at) = (cx.actor.id, cx.now);
    report
        .attach(SectionFile { name, artifact: EvidenceKey(kept.key.0), digest, size, by, at })
        .map_err(Error::invalid)?;
    save(cx, key, from, report, Name::SectionUploaded).await?;
    Ok(digest)
}

/// Returns what the file of the firm is called among documents.
pub(in crate::engagement) fn section_name(key: EngagementKey, name: &str) -> String {
    format!("{key}{SECTION_MARK}{name}")
}

/// Tells whether a document of this name goes with no bundle: the file of a firm, and what is kept with management's part and
/// is not for readers.
pub(crate) fn is_held_back(name: &str) -> bool {
    is_section(name) || frozen::is_held_back(name)
}

/// Tells whether a document of this name says that it is management's part or its records. Those that are have their keys in
/// [`kept_parts`]; a file of somebody that is called so is another one.
pub(crate) fn is_part(name: &str) -> bool {
    frozen::is_part(name)
}

/// Returns the documents of management's parts that were kept, of all engagements, whoever asks.
pub(crate) async fn kept_parts(view: &mut View<'_>) -> Result<BTreeSet<ArtifactKey>> {
    let mut kept = BTreeSet::new();
    for key in super::super::keys(view).await? {
        let report = newest_report(view, key).await?;
        let files = report
            .kept()
            .into_iter()
            .flat_map(|part| [&part.package, &part.records].into_iter().chain(&part.statement));
        kept.extend(files.map(|file| ArtifactKey(file.artifact.0)));
    }
    Ok(kept)
}

fn is_section(name: &str) -> bool {
    let key = name.split_once(SECTION_MARK).and_then(|(key, _)| key.strip_prefix("E-"));
    key.is_some_and(|number| number.parse::<i64>().is_ok())
}

/// Marks the report as issued. From then on nothing in the engagement changes, and management's part stays as it is now.
///
/// `generator` names program and version.
///
/// # Errors
/// As [`record`]; `Conflict` while something is missing, and for whoever set the opinion while somebody else of the firm is
/// in the engagement.
pub async fn issue(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    from: i64,
    catalog: &Catalog,
    generator: &str,
) -> Result<()> {
    let field = open_field(cx, key).await?;
    need_auditor(&field, cx)?;
    cx.permit_on(CREATE, &field.object)?;
    same(newest(cx, key).await?.map_or(0, |row| row.version), from)?;
    let issuing = Issuing::load(cx, &field, catalog).await?;
    let (mut report, by, now) = (field.report.clone(), cx.actor.id, cx.now);
    if let Err(error) = report.issue(&issuing.ground(&field), by, now) {
        if error == OpinionError::NotReady(Gate::OwnOpinion) {
            cx.refuse_by_rule("engagement", key.to_string(), "own_opinion");
        }
        return Err(Error::conflict(error));
    }
    let names = identity::labels(cx).await?;
    let section = section_of(&report, &names);
    let kept = frozen::keep(cx, &field.version.record, (section, &report), catalog, generator).await?;
    report.keep(kept);
    save(cx, key, from, report, Name::ReportIssued).await
}

/// Freezes the engagement without issuing, with a reason: fieldwork is over. For whoever runs it on either side. Management's
/// part stays as it is then, so that what a report from outside holds of it is signed before.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Invalid` without a reason; `Conflict` if it is frozen already, management's assertion is not
/// signed as it stands, or it has not confirmed what changed of controls since it signed.
pub async fn freeze(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    why: &str,
    catalog: &Catalog,
    generator: &str,
) -> Result<()> {
    let field = open_field(cx, key).await?;
    match field.party {
        Party::Auditor => cx.permit_on(paper(Verb::Update), &field.object)?,
        Party::Management => cx.permit_on(super::super::atom(Verb::Update), &field.object)?,
    }
    let (mut report, by, now) = (field.report.clone(), cx.actor.id, cx.now);
    report.freeze(by, now, why).map_err(Error::invalid)?;
    if let Some(gate) = comes_first(cx, &field.version.record, catalog).await? {
        let first = match gate {
            Gate::Changed(_) => {
                "Management's part stays as it is then: management confirms what changed or signs anew first"
            }
            _ => {
                "Every report holds the assertion, and nothing is signed in an engagement that is frozen: management signs it \
                 first"
            }
        };
        return Err(Error::conflict(format!(
            "the engagement cannot be frozen yet: {gate}. {first}, or closes the engagement if the examination is given up"
        )));
    }
    let kept = frozen::keep(cx, &field.version.record, (None, &report), catalog, generator).await?;
    report.keep(kept);
    let from = newest(cx, key).await?.map_or(0, |row| row.version);
    save(cx, key, from, report, Name::EngagementFrozen).await
}

/// Freezes an engagement whose report was recorded as received, unless it is frozen already; whoever asks.
pub(in crate::engagement) async fn freeze_with_received(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    why: &str,
    catalog: &Catalog,
    generator: &str,
) -> Result<()> {
    let mut report = newest_report(cx, key).await?;
    if report.frozen().is_some() {
        return Ok(());
    }
    let (by, now) = (cx.actor.id, cx.now);
    report.freeze(by, now, why).map_err(Error::invalid)?;
    let engagement = super::super::current(cx, key).await?.record;
    let kept = frozen::keep(cx, &engagement, (None, &report), catalog, generator).await?;
    report.keep(kept);
    let from = newest(cx, key).await?.map_or(0, |row| row.version);
    save(cx, key, from, report, Name::EngagementFrozen).await
}

async fn save(cx: &mut Cx<'_>, key: EngagementKey, from: i64, report: Report, name: Name) -> Result<()> {
    let held = newest(cx, key).await?.map_or(0, |row| row.version);
    same(held, from)?;
    let row = Row { version: held + 1, since: cx.now, by: cx.actor.id, record: report };
    let organization = cx.organization();
    sql::add_paper(cx.connection(), organization, key, Kind::Report, 1, &row).await?;
    let report = &row.record;
    let after = json!({
        "version": row.version,
        "opinion": report.opinion().map(digest).transpose()?,
        "section": report.section().map(|section| section.digest),
        "frozen": report.frozen().is_some(),
        "issued": report.issued().is_some(),
        "alone": report.issued().is_some_and(|issue| issue.alone),
        "package": report.kept().map(|kept| kept.package.digest),
        "own_work": report.kept().map(|kept| kept.whole.digest),
        "records": report.kept().map(|kept| kept.records.digest),
    });
    let event = Event { after: Some(after), ..Event::done(name, "engagement", key) };
    audit::record(cx, event).await
}

/// Reads the signed Section I: the firm's people at any time, management once the report is issued. Each reading is an
/// event of the trail, before the first byte leaves.
///
/// # Errors
/// `Forbidden`; `StepUp`; `NotFound` while there is none for the actor.
pub async fn read_section(app: &App, actor: &Actor, key: EngagementKey) -> Result<(SectionFile, Bytes)> {
    let (section, artifact) = app
        .read(actor, async |view| {
            let field = field(view, key).await?;
            view.permit_on(EXPORT, &field.object)?;
            let report = newest_report(view, key).await?;
            let is_known = field.party == Party::Auditor || report.issued().is_some();
            let section = match (received_file(view, key).await?, field.party) {
                // What was recorded later takes its place.
                (Some(received), Party::Management) => Some(received),
                _ => report.section().filter(|_| is_known).cloned(),
            };
            let section = section.ok_or_else(|| Error::not_found("report", key))?;
            let artifact = evidence::find(view, ArtifactKey(section.artifact.0)).await?;
            Ok((section, artifact))
        })
        .await?;
    let bytes = evidence::read(app, &artifact).await?;
    if Digest::of(&bytes) != section.digest {
        return Err(Error::corrupt(format!("{key} Section I"), "its bytes are not those that were uploaded"));
    }
    app.transact(actor, async |cx| {
        let after = json!({"section": section.digest});
        let event = Event { after: Some(after), ..Event::done(Name::ReportDownloaded, "engagement", key) };
        audit::record(cx, event).await
    })
    .await?;
    Ok((section, bytes))
}

/// Returns the file of a report that was recorded as received, where it is kept.
async fn received_file(view: &mut View<'_>, key: EngagementKey) -> Result<Option<SectionFile>> {
    let record = completion::recorded(view, key).await?;
    let received = record.received().and_then(|received| received.kept.map(|kept| (received, kept)));
    Ok(received.map(|(received, kept)| SectionFile {
        name: received.file.clone(),
        artifact: kept.artifact,
        digest: received.digest,
        size: kept.size,
        by: received.by,
        at: received.at,
    }))
}

/// Tells whether the actor may read issued reports at all.
#[must_use]
pub fn may_read(view: &View<'_>) -> bool {
    view.may(READ)
}
