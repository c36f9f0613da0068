//! What management handed in, as the file of an engagement holds it: populations with where they came from and every item of
//! their lists, and the digests of files of evidence.

use std::collections::BTreeSet;

use serde::Serialize;
use tickmark_core::engagement::fieldwork::{EvidenceRequest, Workpaper};
use tickmark_core::evidence::item::{ItemFile, State};
use tickmark_core::id::{EvidenceKey, ItemKey, PopulationKey};
use tickmark_core::program::population::Population;
use tickmark_core::report::sheet::SheetCell;
use tickmark_core::{Digest, Timestamp};

use super::Row;
use crate::Result;
use crate::context::View;
use crate::evidence::item::{self, digests};
use crate::program::population;

/// A population with its list.
#[derive(Serialize)]
pub(super) struct HeldPopulation {
    #[serde(flatten)]
    population: Population,
    /// SHA-256 of the list as it was handed in; none where it was erased.
    list: Option<Digest>,
    /// Its items in order. What management found about them is management's.
    list_items: Vec<HeldUnit>,
}

#[derive(Serialize)]
struct HeldUnit {
    key: String,
    occurred_at: Timestamp,
}

/// An item of evidence with its files.
#[derive(Serialize)]
pub(super) struct HeldEvidence {
    item: ItemKey,
    version: i64,
    title: String,
    state: State,
    controls: Vec<String>,
    /// Requests that were answered with it.
    requests: Vec<i64>,
    files: Vec<HeldFile>,
}

#[derive(Serialize)]
struct HeldFile {
    seq: i64,
    name: String,
    size: u64,
    /// SHA-256 of its content; none where it was erased.
    digest: Option<Digest>,
}

/// Collects the populations that requests were answered with, and those that papers drew from, whoever asks.
pub(super) async fn populations(
    view: &mut View<'_>,
    requests: &[Row<EvidenceRequest>],
    papers: &[Row<Workpaper>],
) -> Result<Vec<HeldPopulation>> {
    let drawn = papers.iter().filter_map(|row| row.record.selected.as_ref());
    let drawn = drawn.flat_map(|one| one.earlier.iter().chain([one])).map(|one| one.population);
    let answered = requests.iter().flat_map(|row| row.record.answer.populations.iter().copied());
    let keys: BTreeSet<PopulationKey> = answered.chain(drawn).collect();
    let all = if keys.is_empty() { Vec::new() } else { population::all(view).await? };
    let mut held = Vec::new();
    for population in all.into_iter().filter(|one| keys.contains(&one.key)) {
        let list = match population.file {
            Some(file) => content(view, file).await?,
            None => None,
        };
        let items = population::items(view, population.key).await?;
        let unit = |one: tickmark_core::program::population::Item| HeldUnit {
            key: one.key,
            occurred_at: one.occurred_at,
        };
        let list_items = items.into_iter().map(unit).collect();
        held.push(HeldPopulation { population, list, list_items });
    }
    Ok(held)
}

/// Collects the evidence that requests were answered with, whoever asks.
pub(super) async fn evidence(
    view: &mut View<'_>,
    requests: &[Row<EvidenceRequest>],
) -> Result<Vec<HeldEvidence>> {
    let keys: BTreeSet<ItemKey> =
        requests.iter().flat_map(|row| row.record.answer.items.iter().copied()).collect();
    let keys: Vec<ItemKey> = keys.into_iter().collect();
    let mut items = item::several(view, &keys).await?;
    items.sort_by_key(|one| one.key);
    let mut held = Vec::new();
    for one in items.into_iter().filter(|one| one.state != State::Withdrawn) {
        let known = digests(view, &one.version.files).await?;
        let file = |file: &ItemFile| HeldFile {
            seq: file.seq,
            name: file.name.clone(),
            size: file.size,
            digest: known.get(&file.artifact).copied(),
        };
        let answered = requests.iter().filter(|row| row.record.answer.items.contains(&one.key));
        held.push(HeldEvidence {
            item: one.key,
            version: one.version.number,
            title: one.version.description.title.clone(),
            state: one.state,
            controls: one.controls.iter().map(ToString::to_string).collect(),
            requests: answered.map(|row| row.record.number).collect(),
            files: one.version.files.iter().map(file).collect(),
        });
    }
    Ok(held)
}

async fn content(view: &mut View<'_>, artifact: EvidenceKey) -> Result<Option<Digest>> {
    let file = ItemFile { seq: 1, artifact, name: String::new(), media_type: String::new(), size: 0 };
    Ok(digests(view, &[file]).await?.remove(&artifact))
}

pub(super) const POPULATION_COLUMNS: [&str; 17] = [
    "population",
    "control",
    "title",
    "trigger",
    "from",
    "to",
    "items",
    "source",
    "query",
    "parameters",
    "run by",
    "run at",
    "rows at the source",
    "control total",
    "completeness",
    "accuracy",
    "list",
];

pub(super) fn population_rows(held: &[HeldPopulation]) -> Vec<Vec<SheetCell>> {
    let of = |one: &HeldPopulation| {
        let (population, definition) = (&one.population, &one.population.definition);
        let ipe = population.ipe.as_ref();
        let said = |of: fn(&tickmark_core::program::population::Ipe) -> &str| {
            ipe.map_or_else(String::new, |ipe| of(ipe).to_owned())
        };
        [
            population.key.to_string(),
            definition.control.to_string(),
            definition.title.clone(),
            definition.trigger.clone(),
            definition.from.to_string(),
            definition.to.to_string(),
            population.items.to_string(),
            said(|ipe| &ipe.source),
            said(|ipe| &ipe.query),
            said(|ipe| &ipe.parameters),
            said(|ipe| &ipe.run_by),
            ipe.map_or_else(String::new, |ipe| ipe.run_at.to_string()),
            ipe.map_or_else(String::new, |ipe| ipe.row_count.to_string()),
            said(|ipe| &ipe.control_total),
            said(|ipe| &ipe.completeness),
            said(|ipe| &ipe.accuracy),
            one.list.map_or_else(String::new, |digest| digest.to_string()),
        ]
        .map(SheetCell::Text)
        .to_vec()
    };
    held.iter().map(of).collect()
}

pub(super) const EVIDENCE_COLUMNS: [&str; 8] =
    ["evidence", "version", "title", "state", "controls", "requests", "file", "SHA-256"];

pub(super) fn evidence_rows(held: &[HeldEvidence]) -> Vec<Vec<SheetCell>> {
    let of = |one: &HeldEvidence| {
        let requests: Vec<String> = one.requests.iter().map(|number| format!("R-{number}")).collect();
        let cells = |file: &HeldFile| {
            [
                one.item.to_string(),
                one.version.to_string(),
                one.title.clone(),
                one.state.word().to_owned(),
                one.controls.join(", "),
                requests.join(", "),
                file.name.clone(),
                file.digest.map_or_else(String::new, |digest| digest.to_string()),
            ]
            .map(SheetCell::Text)
            .to_vec()
        };
        one.files.iter().map(cells).collect::<Vec<_>>()
    };
    held.iter().flat_map(of).collect()
}
