//! Populations: defined before testing, their list handed in, frozen, and tested item by item.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::Error;
use tickmark_app::program::performance::EvidenceFile;
use tickmark_app::program::population::{self, ItemResult, List};
use tickmark_core::control::{ControlId, TestAttribute};
use tickmark_core::evidence::media;
use tickmark_core::id::PopulationKey;
use tickmark_core::identity::Resource::{Control, Evidence};
use tickmark_core::identity::Verb::Create;
use tickmark_core::program::population::{
    AttributeState, Definition, Frozen as CoreFrozen, Ipe, Item as CoreItem, Population as Record,
};

use super::answer::{Answered, answer};
use super::asking::{asking, cover, number};
use super::call::{Call, FILES_BYTES, Taken, done, unfit, write};
use super::fit::Misfit;
use super::looking::Looking;
use super::operation::{Operation, Writing};
use super::population_list::Columns;
use super::words::{parsed, read, word};
use super::{BASE, model};
use crate::WebState;
use crate::error::Refusal;
use crate::route::{get, post};
use crate::visit::Asked;

pub(super) static LOOKS: &[Operation] = &[
    Operation::list::<Population>(
        "listPopulations",
        ("/populations", "/populations"),
        "Populations, oldest first",
        Control,
        || get(list),
    )
    .filtered(&[("control", "Only of this control")]),
    Operation::one::<Population>(
        "getPopulation",
        ("/populations/{key}", "/populations/1"),
        "One population with how far it has come",
        Control,
        || get(one),
    ),
    Operation::list::<Item>(
        "listPopulationItems",
        ("/populations/{key}/items", "/populations/1/items"),
        "The items of a population with what was last found about each, in the order of its list",
        Control,
        || get(items),
    ),
];

pub(super) static WRITES: &[Writing] = &[
    Writing::post::<NewPopulation, Population>(
        "definePopulation",
        ("/populations", "/populations"),
        "Says what a list will be about and what is asked of each item, before there is one",
        (Control, Create),
        || post(define),
    )
    .created(),
    Writing::post::<NewList, Population>(
        "importPopulation",
        ("/populations/{key}/list", "/populations/1/list"),
        "Hands the list in, with where it came from: whole, or nothing of it",
        (Evidence, Create),
        || post(import),
    ),
    Writing::post::<Freeze, Population>(
        "freezePopulation",
        ("/populations/{key}/freeze", "/populations/1/freeze"),
        "From here on the items do not change; a list without items needs what shows that nothing happened",
        (Control, Create),
        || post(freeze),
    )
    .for_people(),
    Writing::post::<Results, Recorded>(
        "recordResults",
        ("/populations/{key}/results", "/populations/1/results"),
        "Adds what testing found about items; not for whoever owns the control",
        (Evidence, Create),
        || post(results),
    ),
];

/// What is asked about each item.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Attribute {
    /// Short name, e.g. `approved`; the column of the list that holds it.
    #[schemars(length(min = 1, max = 60))]
    id: String,
    /// What must hold.
    #[schemars(length(min = 1, max = 4_000))]
    asserts: String,
    /// What counts as a deviation.
    #[schemars(length(min = 1, max = 4_000))]
    deviation: String,
}

/// A new population.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewPopulation {
    /// The control that every item should have met.
    #[schemars(length(min = 1, max = 40))]
    control: String,
    #[schemars(length(min = 1, max = 4_000))]
    title: String,
    /// What produces an item.
    #[schemars(length(min = 1, max = 4_000))]
    trigger: String,
    #[schemars(length(min = 1, max = 20))]
    attributes: Vec<Attribute>,
    /// First moment covered.
    #[schemars(extend("format" = "date-time"))]
    from: String,
    /// First moment not covered.
    #[schemars(extend("format" = "date-time"))]
    to: String,
}

/// Where a list came from.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Origin {
    /// System of record.
    #[schemars(length(min = 1, max = 4_000))]
    source: String,
    /// Name of the report, or the exact query.
    #[schemars(length(min = 1, max = 4_000))]
    query: String,
    /// Parameters and filters.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    parameters: String,
    /// Zone of the moments in the list, e.g. `UTC`.
    #[schemars(length(min = 1, max = 60))]
    time_zone: String,
    /// Who ran it.
    #[schemars(length(min = 1, max = 4_000))]
    run_by: String,
    #[schemars(extend("format" = "date-time"))]
    run_at: String,
    /// Rows as the source counts them.
    #[schemars(range(max = 1_000_000))]
    row_count: u64,
    /// A total that can be compared with the source.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    control_total: String,
    /// How completeness was checked.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    completeness: String,
    /// How accuracy was checked.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    accuracy: String,
}

impl From<&Ipe> for Origin {
    fn from(ipe: &Ipe) -> Self {
        Self {
            source: ipe.source.clone(),
            query: ipe.query.clone(),
            parameters: ipe.parameters.clone(),
            time_zone: ipe.time_zone.clone(),
            run_by: ipe.run_by.clone(),
            run_at: ipe.run_at.to_string(),
            row_count: ipe.row_count,
            control_total: ipe.control_total.clone(),
            completeness: ipe.completeness.clone(),
            accuracy: ipe.accuracy.clone(),
        }
    }
}

impl Origin {
    pub(super) fn read(&self) -> Result<Ipe, Error> {
        Ok(Ipe {
            source: self.source.clone(),
            query: self.query.clone(),
            parameters: self.parameters.clone(),
            time_zone: self.time_zone.clone(),
            run_by: self.run_by.clone(),
            run_at: parsed("run_at", &self.run_at)?,
            row_count: self.row_count,
            control_total: self.control_total.clone(),
            completeness: self.completeness.clone(),
            accuracy: self.accuracy.clone(),
        })
    }
}

/// The list of a population.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewList {
    /// Name of the file.
    #[schemars(length(min = 1, max = 255))]
    name: String,
    /// CSV with a heading: `key`, `occurred_at`, one column for each attribute and, if wanted, `note`, `stratum` and
    /// `amount`, or the columns of a mapping. Larger ones go through the command line.
    #[serde(default)]
    #[schemars(length(max = 12_000_000))]
    csv: String,
    /// In place of `csv`: the bytes of a file in Base64 (RFC 4648, section 4). What they are, CSV, XLSX or JSON, the ending
    /// of the name says.
    #[serde(default)]
    #[schemars(length(max = 12_000_000))]
    content: String,
    /// Name of a saved mapping of columns.
    #[serde(default)]
    #[schemars(length(min = 1, max = 200))]
    mapping: Option<String>,
    /// In place of `mapping`: which column is what.
    #[serde(default)]
    columns: Option<Columns>,
    origin: Origin,
}

impl NewList {
    /// Reads the cells of the list.
    fn read(&self, state: &WebState) -> Result<List, Error> {
        let bytes = match (self.csv.is_empty(), self.content.is_empty()) {
            (false, true) => {
                return List::of_csv(&self.name, self.csv.clone().into_bytes().into())
                    .map_err(self.misread());
            }
            (true, false) => {
                STANDARD.decode(&self.content).map_err(|_| Error::invalid("content is no Base64"))?
            }
            _ => return Err(Error::invalid("say one of csv and content")),
        };
        List::open(&self.name, bytes.into(), state.documents().as_deref()).map_err(self.misread())
    }

    fn misread(&self) -> impl Fn(Vec<population::ListProblem>) -> Error {
        move |problems| Error::invalid(population::summary(&self.name, &problems))
    }
}

/// The end of changes.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Freeze {
    /// What shows that nothing happened; for a list without items only.
    #[serde(default)]
    zero: Option<Zero>,
}

/// A file that shows that nothing happened.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Zero {
    #[schemars(length(min = 1, max = 255))]
    name: String,
    /// Its bytes in Base64 (RFC 4648, section 4).
    #[schemars(length(min = 1, max = 12_000_000))]
    content: String,
}

/// What testing found about one item.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewResult {
    /// Key of the item.
    #[schemars(length(min = 1, max = 200))]
    key: String,
    /// `met`, `not_met` or `not_tested` for each attribute, in their order.
    #[schemars(length(min = 1, max = 20), inner(length(min = 1, max = 20)))]
    states: Vec<String>,
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    note: String,
}

/// What testing found.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Results {
    #[schemars(length(min = 1, max = 10_000))]
    results: Vec<NewResult>,
}

/// How many results were added.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Recorded {
    population: i64,
    recorded: usize,
}

/// A list that does not change any more.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Frozen {
    at: String,
    /// SHA-256 of its keys sorted bytewise and joined with line feeds.
    keys: String,
    /// Key of the artifact that shows that nothing happened.
    zero: Option<i64>,
}

impl From<&CoreFrozen> for Frozen {
    fn from(frozen: &CoreFrozen) -> Self {
        Self {
            at: frozen.at.to_string(),
            keys: frozen.keys.to_string(),
            zero: frozen.zero.map(|artifact| artifact.0),
        }
    }
}

/// A population.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Population {
    key: i64,
    /// `defined`, `imported` or `frozen`.
    state: String,
    control: String,
    title: String,
    trigger: String,
    attributes: Vec<Attribute>,
    from: String,
    to: String,
    defined_at: String,
    /// How many items it has.
    items: u64,
    /// Where its list came from; null before there is one.
    origin: Option<Origin>,
    frozen: Option<Frozen>,
}

impl From<&Record> for Population {
    fn from(population: &Record) -> Self {
        let definition = &population.definition;
        let state = match (&population.file, &population.frozen) {
            (_, Some(_)) => "frozen",
            (Some(_), None) => "imported",
            (None, None) => "defined",
        };
        let attribute = |one: &TestAttribute| Attribute {
            id: one.id.clone(),
            asserts: one.asserts.clone(),
            deviation: one.deviation.clone(),
        };
        Self {
            key: population.key.0,
            state: state.to_owned(),
            control: definition.control.to_string(),
            title: definition.title.clone(),
            trigger: definition.trigger.clone(),
            attributes: definition.attributes.iter().map(attribute).collect(),
            from: definition.from.to_string(),
            to: definition.to.to_string(),
            defined_at: population.defined_at.to_string(),
            items: population.items,
            origin: population.ipe.as_ref().map(Into::into),
            frozen: population.frozen.as_ref().map(Into::into),
        }
    }
}

/// One item of a population.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Item {
    key: String,
    occurred_at: String,
    /// `met`, `not_met` or `not_tested` for each attribute, in their order.
    states: Vec<String>,
    /// `conforming`, `not_tested` or `deviating`.
    outcome: String,
    note: String,
}

impl From<&CoreItem> for Item {
    fn from(item: &CoreItem) -> Self {
        Self {
            key: item.key.clone(),
            occurred_at: item.occurred_at.to_string(),
            states: item.states.iter().map(word).collect(),
            outcome: word(item.outcome()),
            note: item.note.clone(),
        }
    }
}

impl Taken for NewPopulation {}
impl Taken for NewList {
    const BYTES: usize = FILES_BYTES;
}
impl Taken for Freeze {
    const BYTES: usize = FILES_BYTES;
}
impl Taken for Results {
    const BYTES: usize = FILES_BYTES;
}

pub(super) fn population(text: &str) -> Result<PopulationKey, Refusal> {
    number(text).map(PopulationKey)
}

async fn list(State(state): State<WebState>, asked: Asked, uri: Uri, headers: HeaderMap) -> Answered {
    let (app, actor) = asked.member(&state)?;
    let asking = asking(&uri, "/populations")?;
    let control: Option<ControlId> = asking
        .filter("control")
        .map(|id| id.parse().map_err(|_| Refusal::Unfit("control cannot be read".to_owned())))
        .transpose()?;
    let mut all = app.read(actor, async |view| population::all(view).await).await?;
    all.retain(|one| control.as_ref().is_none_or(|control| one.definition.control == *control));
    let items: Vec<Population> = all.iter().map(Into::into).collect();
    Ok(answer(&headers, &asking.page(items, |item| item.key.to_string())?))
}

async fn one(Path(key): Path<String>, look: Looking) -> Answered {
    let key = population(&key)?;
    look.one(async |view| Ok(Population::from(&population::find(view, key).await?))).await
}

async fn items(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    let (app, actor) = asked.member(&state)?;
    let key = population(&key)?;
    let asking = asking(&uri, "/populations/{key}/items")?;
    let place = asking.number()?.unwrap_or(0);
    let found = app
        .read(actor, async |view| {
            population::find(view, key).await?;
            population::items_after(view, key, place, asking.one_more()).await
        })
        .await?;
    let is_more = found.len() > asking.limit;
    let items: Vec<Item> = found.iter().take(asking.limit).map(Into::into).collect();
    let last = place.saturating_add(i64::try_from(items.len()).unwrap_or(i64::MAX));
    let next = is_more.then(|| cover(&last.to_string()));
    Ok(answer(&headers, &model::Page { items, next }))
}

async fn define(State(state): State<WebState>, asked: Asked, call: Call<NewPopulation>) -> Answered {
    write(&state, &asked, &call, async |cx| {
        let body = &call.body;
        let attribute = |one: &Attribute| TestAttribute {
            id: one.id.clone(),
            asserts: one.asserts.clone(),
            deviation: one.deviation.clone(),
        };
        let definition = Definition {
            control: parsed("control", &body.control)?,
            title: body.title.clone(),
            trigger: body.trigger.clone(),
            attributes: body.attributes.iter().map(attribute).collect(),
            from: parsed("from", &body.from)?,
            to: parsed("to", &body.to)?,
        };
        let made = population::define(cx, definition).await?;
        let location = format!("{BASE}/populations/{}", made.key.0);
        done(StatusCode::CREATED, &Population::from(&made), "", &location)
    })
    .await
}

async fn import(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<NewList>,
) -> Answered {
    let key = population(&key)?;
    write(&state, &asked, &call, async |cx| {
        let body = &call.body;
        let (list, origin) = (body.read(&state)?, body.origin.read()?);
        let mapping = match (&body.mapping, &body.columns) {
            (None, None) => None,
            (Some(name), None) => Some(population::mapping(cx, name).await?.mapping),
            (None, Some(columns)) => Some(columns.read()?),
            (Some(_), Some(_)) => return Err(Error::invalid("say one of mapping and columns")),
        };
        let after = population::import_list(cx, key, list, mapping, origin).await?;
        done(StatusCode::OK, &Population::from(&after), "", "")
    })
    .await
}

async fn freeze(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<Freeze>,
) -> Answered {
    let key = population(&key)?;
    let zero = call.body.zero.as_ref().map(file).transpose()?;
    write(&state, &asked, &call, async |cx| {
        population::freeze(cx, key, zero).await?;
        let after = population::find(cx, key).await?;
        done(StatusCode::OK, &Population::from(&after), "", "")
    })
    .await
}

/// What shows that nothing happened, as its bytes say what it is.
fn file(zero: &Zero) -> Result<EvidenceFile, Refusal> {
    let misfit = |says: String| unfit(vec![Misfit { pointer: "#/zero/content".to_owned(), says }]);
    let bytes = STANDARD.decode(&zero.content).map_err(|_| misfit("it is no Base64".to_owned()))?;
    let known = media::Format::of(&zero.name, &bytes).map_err(|error| misfit(error.to_string()))?;
    Ok(EvidenceFile { name: zero.name.clone(), media_type: known.media_type.to_owned(), bytes: bytes.into() })
}

async fn results(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<Results>,
) -> Answered {
    let key = population(&key)?;
    write(&state, &asked, &call, async |cx| {
        let mut found = Vec::with_capacity(call.body.results.len());
        for one in &call.body.results {
            let states: Vec<AttributeState> =
                one.states.iter().map(|word| read("state", word)).collect::<Result<_, _>>()?;
            found.push(ItemResult { key: one.key.clone(), states, note: one.note.clone() });
        }
        population::record_results(cx, key, &found).await?;
        let recorded = Recorded { population: key.0, recorded: found.len() };
        done(StatusCode::OK, &recorded, "", &format!("{BASE}/populations/{}/items", key.0))
    })
    .await
}
