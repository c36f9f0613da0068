//! The firm's file: what its people wrote, what was asked and answered, and what is recorded about the report, as one
//! archive with digests that `sha256sum -c` reads.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;
use tickmark_core::engagement::EngagementKey;
use tickmark_core::engagement::fieldwork::{
    Note, Party, Selected, SignedPaper as _, TestedItem, Walkthrough, Workpaper,
};
use tickmark_core::id::ActorId;
use tickmark_core::identity::Verb;
use tickmark_core::program::sampling::SampleEvent;
use tickmark_core::report::sheet::{Sheet, SheetCell};
use tickmark_core::{Digest, Timestamp};

use super::handed_in::{EVIDENCE_COLUMNS, POPULATION_COLUMNS, evidence_rows, population_rows};
use super::sql::Kind;
use super::{Row, field, handed_in, paper, request, signed, sql, workpaper};
use crate::context::Cx;
use crate::evidence::{self, ArtifactKey};
use crate::identity::audit::{self, Event, Name};
use crate::port::Renderer;
use crate::{Actor, App, Error, Result, identity};

/// What the archive says about itself.
const README: &str = "The file of an examination.\n\n\
    *.json   records whole, each with its version, its author and its time\n\
    *.xlsx   the same as lists\n\
    populations.json   lists that requests were answered with or papers drew from, with where they came from\n\
    evidence.json   items that requests were answered with, with the SHA-256 of each file\n\
    section-1.pdf   the signed report as it was uploaded, byte for byte, where there is one\n\
    SHA256SUMS   digests of all files: sha256sum -c SHA256SUMS\n\n\
    Each version of a record is an entry of the organization's ledger by its digest.\n";

/// What is in the archive.
struct Contents {
    files: BTreeMap<String, Vec<u8>>,
    section: Option<ArtifactKey>,
    at: Timestamp,
}

/// Takes the file out as a ZIP: for people of the firm with everything that is the firm's; for management, and whoever has
/// the data folder in hand, with what was shared. That it is taken out is an event of the trail.
///
/// # Errors
/// `Forbidden`; `NotFound`; or if a workbook cannot be made.
pub async fn take(app: &App, actor: &Actor, key: EngagementKey, documents: &dyn Renderer) -> Result<Vec<u8>> {
    let Contents { mut files, section, at } =
        app.transact(actor, async |cx| contents(cx, key, documents).await).await?;
    if let Some(section) = section {
        let artifact = app.read(actor, async |view| evidence::find(view, section).await).await?;
        files.insert("section-1.pdf".to_owned(), evidence::read(app, &artifact).await?.to_vec());
    }
    files.insert("README.txt".to_owned(), README.as_bytes().to_vec());
    crate::archive::zip(&crate::archive::with_digests(files), at)
}

async fn contents(cx: &mut Cx<'_>, key: EngagementKey, documents: &dyn Renderer) -> Result<Contents> {
    let field = field(cx, key).await?;
    let is_auditor = field.party == Party::Auditor;
    if is_auditor {
        cx.permit_on(paper(Verb::Export), &field.object)?;
    } else {
        cx.permit_on(super::super::atom(Verb::Read), &field.object)?;
    }
    let organization = cx.organization();
    let papers = signed::list::<Workpaper>(cx, key).await?;
    let walkthroughs = signed::list::<Walkthrough>(cx, key).await?;
    let requests = request::list(cx, key).await?;
    let responses = workpaper::responses(cx, key).await?;
    let populations = handed_in::populations(cx, &requests, &papers).await?;
    let evidence = handed_in::evidence(cx, &requests).await?;
    let names = identity::labels(cx).await?;
    let report = super::report::known(&field);
    let mut files = BTreeMap::new();
    let mut add = |name: &str, value: &dyn erased::Json| -> Result<()> {
        files.insert(name.to_owned(), value.bytes()?);
        Ok(())
    };
    add("engagement.json", &super::super::read_by(cx, field.version.record))?;
    add("requests.json", &requests)?;
    add("workpapers.json", &papers)?;
    add("walkthroughs.json", &walkthroughs)?;
    add("responses.json", &responses)?;
    add("report.json", &report)?;
    add("populations.json", &populations)?;
    add("evidence.json", &evidence)?;
    if is_auditor {
        let notes: Vec<Row<Note>> = sql::papers(cx.connection(), organization, key, Kind::Note).await?;
        add("notes.json", &notes)?;
    }
    let about = Sheet {
        title: String::new(),
        organization: cx.actor.organization.name.clone(),
        at: cx.now,
        columns: Vec::new(),
        rows: Vec::new(),
    };
    for (name, columns, rows) in [
        (
            "requests",
            &[
                "number", "request", "kind", "period", "criteria", "controls", "due", "state", "owner",
                "answer", "evidence", "decision",
            ][..],
            requests.iter().map(|row| request::cells(&row.record, &names)).collect(),
        ),
        ("workpapers", &PAPER_COLUMNS[..], papers.iter().map(|row| paper_cells(row, &names)).collect()),
        ("items", &ITEM_COLUMNS[..], item_rows(&papers)),
        ("samples", &SAMPLE_COLUMNS[..], sample_rows(&papers, &names)),
        ("walkthroughs", &STEP_COLUMNS[..], step_rows(&walkthroughs)),
        ("populations", &POPULATION_COLUMNS[..], population_rows(&populations)),
        ("evidence", &EVIDENCE_COLUMNS[..], evidence_rows(&evidence)),
    ] {
        let sheet = Sheet {
            title: format!("{key} {name}"),
            columns: columns.iter().map(ToString::to_string).collect(),
            rows,
            ..about.clone()
        };
        let bytes = documents
            .list_xlsx(&sheet)
            .map_err(|error| Error::internal("writing a list of the file", error))?;
        files.insert(format!("{name}.xlsx"), bytes);
    }
    let digests: BTreeMap<&String, Digest> =
        files.iter().map(|(name, bytes)| (name, Digest::of(bytes))).collect();
    let after = json!({"files": super::digest(&digests)?, "n": files.len(), "whole": is_auditor});
    let event = Event { after: Some(after), ..Event::done(Name::FileTaken, "engagement", key) };
    audit::record(cx, event).await?;
    let section = report.section().map(|section| ArtifactKey(section.artifact.0));
    Ok(Contents { files, section, at: cx.now })
}

mod erased {
    use super::{Error, Result, Serialize};

    /// What can be written as JSON.
    pub(super) trait Json {
        /// Writes it for people and machines.
        fn bytes(&self) -> Result<Vec<u8>>;
    }

    impl<T: Serialize> Json for T {
        fn bytes(&self) -> Result<Vec<u8>> {
            serde_json::to_vec_pretty(self)
                .map_err(|error| Error::internal("writing a record of the file", error))
        }
    }
}

const PAPER_COLUMNS: [&str; 12] = [
    "workpaper",
    "control",
    "procedures",
    "procedure",
    "items",
    "deviations",
    "result",
    "conclusion",
    "exceptions",
    "prepared",
    "reviewed",
    "shared",
];

fn paper_cells(row: &Row<Workpaper>, names: &BTreeMap<ActorId, String>) -> Vec<SheetCell> {
    let one = &row.record;
    let text = |text: String| SheetCell::Text(text);
    let count = |count: usize| SheetCell::Number(i64::try_from(count).unwrap_or(i64::MAX));
    let signed = |signature: Option<&tickmark_core::engagement::fieldwork::Signature>| {
        let words = signature
            .map(|signed| format!("{} {}", names.get(&signed.by).map_or("", String::as_str), signed.at));
        SheetCell::Text(words.unwrap_or_default())
    };
    let exceptions =
        one.exceptions.iter().map(|exception| format!("{}: {}", exception.number, exception.nature));
    vec![
        text(format!("WP-{}", one.number)),
        text(one.plan.control.to_string()),
        text(one.plan.procedures.iter().map(|one| one.title()).collect::<Vec<_>>().join(", ")),
        text(one.plan.procedure.clone()),
        count(one.items.len()),
        count(one.deviations()),
        text(one.result().unwrap_or_default()),
        text(one.conclusion.as_ref().map_or_else(String::new, |held| held.text.clone())),
        text(exceptions.collect::<Vec<_>>().join("\n")),
        signed(one.prepared()),
        signed(one.reviewed()),
        signed(one.shared()),
    ]
}

const ITEM_COLUMNS: [&str; 7] = ["workpaper", "control", "item", "occurred", "results", "note", "came in by"];

fn item_rows(papers: &[Row<Workpaper>]) -> Vec<Vec<SheetCell>> {
    let mut rows = Vec::new();
    for row in papers {
        let one = &row.record;
        let cells = |item: &TestedItem, came: String| {
            let found = one.plan.attributes.iter().zip(&item.states);
            let results: Vec<String> =
                found.map(|(attribute, state)| format!("{}: {}", attribute.id, words(*state))).collect();
            [
                format!("WP-{}", one.number),
                one.plan.control.to_string(),
                item.key.clone(),
                item.occurred_at.map_or_else(String::new, |at| at.to_string()),
                results.join("; "),
                item.note.clone(),
                came,
            ]
            .map(SheetCell::Text)
            .to_vec()
        };
        let selected = one.selected.as_ref();
        let came = |item: &TestedItem| match selected.map(|held| held.came_by(&item.key)) {
            None => "named".to_owned(),
            Some(None) => "draw".to_owned(),
            Some(Some(SampleEvent::Extended { .. })) => "extension".to_owned(),
            Some(Some(SampleEvent::Replaced(by))) => format!("replaces {}", by.key),
        };
        rows.extend(one.items.iter().map(|item| cells(item, came(item))));
        let replaced = selected.into_iter().flat_map(Selected::replaced);
        rows.extend(replaced.map(|(item, change)| {
            let by = match &change.event {
                SampleEvent::Replaced(by) => format!("replaced by {}: {}", by.by, by.absence.word()),
                SampleEvent::Extended { .. } => String::new(),
            };
            cells(item, by)
        }));
    }
    rows
}

const SAMPLE_COLUMNS: [&str; 9] =
    ["workpaper", "population", "what", "items", "of", "method", "seed", "reason", "by"];

/// Each draw, those before it first, with what happened to it since.
fn sample_rows(papers: &[Row<Workpaper>], names: &BTreeMap<ActorId, String>) -> Vec<Vec<SheetCell>> {
    let mut rows = Vec::new();
    for row in papers {
        let Some(last) = &row.record.selected else { continue };
        for held in last.earlier.iter().chain([last]) {
            let name = |who: ActorId| names.get(&who).cloned().unwrap_or_default();
            let cells = |what: String, items: Vec<&str>, reason: &str, by: String| {
                [
                    format!("WP-{}", row.record.number),
                    held.population.to_string(),
                    what,
                    items.join(", "),
                    held.draw.items.to_string(),
                    held.draw.method.word().to_owned(),
                    held.draw.seed.as_ref().map_or_else(String::new, ToString::to_string),
                    reason.to_owned(),
                    by,
                ]
                .map(SheetCell::Text)
                .to_vec()
            };
            let drawn = held.draw.picks.iter().map(|pick| pick.key.as_str()).collect();
            let what = match (held.again.is_empty(), held.planned_extension) {
                (true, None) => "drawn".to_owned(),
                (true, Some(to)) => format!("drawn, extension to {to} planned"),
                (false, None) => "drawn again".to_owned(),
                (false, Some(to)) => format!("drawn again, extension to {to} planned"),
            };
            let reason = if held.again.is_empty() { held.draw.reason.as_deref() } else { Some(&*held.again) };
            let by = held.by.map(name).unwrap_or_default();
            rows.push(cells(what, drawn, reason.unwrap_or_default(), by));
            for change in &held.changes {
                let by = format!("{} {}", name(change.actor), change.at);
                rows.push(match &change.event {
                    SampleEvent::Extended { reason, added } => {
                        cells("extended".to_owned(), added.iter().map(String::as_str).collect(), reason, by)
                    }
                    SampleEvent::Replaced(one) => {
                        let what = format!("replaced {}: {}", one.key, one.absence.word());
                        cells(what, vec![&one.by], &one.reason, by)
                    }
                });
            }
        }
    }
    rows
}

const STEP_COLUMNS: [&str; 16] = [
    "walkthrough",
    "process",
    "transaction",
    "step",
    "act",
    "what",
    "who",
    "controls",
    "procedures",
    "day",
    "asked",
    "seen",
    "as described",
    "in place",
    "found",
    "conclusion",
];

fn step_rows(rows: &[Row<Walkthrough>]) -> Vec<Vec<SheetCell>> {
    let of = |one: &Walkthrough| {
        let (number, process) = (format!("WT-{}", one.number), one.process.clone());
        let cells = one.steps.iter().enumerate().map(|(place, held)| {
            let (step, walked) = (&held.step, &held.walked);
            let controls: Vec<String> = step.controls.iter().map(ToString::to_string).collect();
            let procedures: Vec<&str> = walked.procedures.iter().map(|one| one.title()).collect();
            [
                number.clone(),
                process.clone(),
                one.transaction.clone(),
                (place + 1).to_string(),
                step.act.title().to_owned(),
                step.what.clone(),
                step.who.clone(),
                controls.join(", "),
                procedures.join(", "),
                walked.on.map_or_else(String::new, |day| day.to_string()),
                walked.asked.clone(),
                walked.seen.clone(),
                walked.as_described.title().to_owned(),
                walked.in_place.title().to_owned(),
                walked.found.clone(),
                one.conclusion.clone(),
            ]
            .map(SheetCell::Text)
            .to_vec()
        });
        cells.collect::<Vec<_>>()
    };
    rows.iter().flat_map(|row| of(&row.record)).collect()
}

fn words(state: tickmark_core::program::population::AttributeState) -> &'static str {
    use tickmark_core::program::population::AttributeState;
    match state {
        AttributeState::Met => "met",
        AttributeState::NotMet => "not met",
        AttributeState::NotTested => "not tested",
    }
}
