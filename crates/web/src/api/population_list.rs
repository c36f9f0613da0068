//! Lists of populations: mappings of columns, registers of this program, and checks of completeness and accuracy.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::Error;
use tickmark_app::program::population::{self, Register, Saved};
use tickmark_core::identity::Resource::{Control, Evidence};
use tickmark_core::identity::Verb::{Create, Export};
use tickmark_core::program::population::{AskedCheck, Aspect, Checked, DateOrder, Mapping, Traced};

use super::BASE;
use super::answer::Answered;
use super::asking::plain;
use super::call::{Call, FILES_BYTES, Taken, done, write};
use super::looking::Looking;
use super::operation::{Operation, Writing};
use super::population::population as population_key;
use super::words::{parsed, read, word};
use crate::WebState;
use crate::program::population_file;
use crate::route::{get, post};
use crate::visit::Asked;

const REGISTERS: [&str; 5] = ["performances", "joiners", "leavers", "role-changes", "control-texts"];
const DATES: [&str; 3] = ["iso", "day_first", "month_first"];
const PROCEDURES: [&str; 10] = [
    "source_count",
    "control_total",
    "sequence",
    "reconciliation",
    "roll_forward",
    "trace_to_source",
    "trace_from_source",
    "described",
    "unchecked",
    "explained",
];

pub(super) static LOOKS: &[Operation] = &[
    Operation::list::<NamedMapping>(
        "listPopulationMappings",
        ("/population-mappings", "/population-mappings"),
        "Saved mappings of the columns of lists, by name",
        Control,
        || get(mappings),
    ),
    Operation::list::<Check>(
        "listPopulationChecks",
        ("/populations/{key}/checks", "/populations/1/checks"),
        "Checks of completeness and accuracy of a population, in order",
        Control,
        || get(checks),
    ),
    Operation::file(
        "getPopulationFile",
        ("/populations/{key}/file", "/populations/1/file"),
        "The list of a population as it came; that it was taken out is recorded",
        Evidence,
        || get(file),
    )
    .wholly(Export),
];

pub(super) static WRITES: &[Writing] = &[
    Writing::post::<NewMapping, NamedMapping>(
        "savePopulationMapping",
        ("/population-mappings", "/population-mappings"),
        "Saves which column of a list is what, to be named where the next list of the source is handed in",
        (Evidence, Create),
        || post(save),
    ),
    Writing::post::<Named, NamedMapping>(
        "removePopulationMapping",
        ("/population-mappings/removal", "/population-mappings/removal"),
        "Takes a saved mapping away; lists that were read by it keep what they were read by",
        (Evidence, Create),
        || post(remove),
    ),
    Writing::post::<NewReading, Built>(
        "readRegister",
        ("/populations/{key}/register", "/populations/1/register"),
        "Builds the list of a population from a register of this program, with the record of what was read",
        (Evidence, Create),
        || post(build),
    ),
    Writing::post::<NewCheck, Check>(
        "checkPopulation",
        ("/populations/{key}/checks", "/populations/1/checks"),
        "Checks whether a list is complete or accurate, and keeps what was found",
        (Evidence, Create),
        || post(check),
    )
    .created(),
];

/// Which column is what.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Columns {
    /// Column of the key.
    #[schemars(length(min = 1, max = 200))]
    key: String,
    /// Column of the moment.
    #[schemars(length(min = 1, max = 200))]
    occurred_at: String,
    #[serde(default)]
    #[schemars(length(min = 1, max = 200))]
    note: Option<String>,
    /// Column of the part of the population.
    #[serde(default)]
    #[schemars(length(min = 1, max = 200))]
    stratum: Option<String>,
    #[serde(default)]
    #[schemars(length(min = 1, max = 200))]
    amount: Option<String>,
    /// Columns of results by attribute.
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    /// How dates with figures only are read; `iso` when left out.
    #[serde(default)]
    #[schemars(extend("enum" = DATES))]
    dates: Option<String>,
}

impl Columns {
    pub(super) fn read(&self) -> Result<Mapping, Error> {
        let order = |word: &str| {
            DateOrder::of_word(word).ok_or_else(|| Error::invalid(format!("there are no dates {word:?}")))
        };
        Ok(Mapping {
            key: self.key.clone(),
            occurred_at: self.occurred_at.clone(),
            note: self.note.clone(),
            stratum: self.stratum.clone(),
            amount: self.amount.clone(),
            attributes: self.attributes.clone(),
            dates: self.dates.as_deref().map(order).transpose()?.unwrap_or_default(),
        })
    }
}

impl From<&Mapping> for Columns {
    fn from(mapping: &Mapping) -> Self {
        Self {
            key: mapping.key.clone(),
            occurred_at: mapping.occurred_at.clone(),
            note: mapping.note.clone(),
            stratum: mapping.stratum.clone(),
            amount: mapping.amount.clone(),
            attributes: mapping.attributes.clone(),
            dates: Some(mapping.dates.word().to_owned()),
        }
    }
}

/// A mapping that is saved.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewMapping {
    #[schemars(length(min = 1, max = 200))]
    name: String,
    /// The version that it was made of; left out for a new one.
    #[serde(default)]
    #[schemars(range(min = 1))]
    version: Option<i64>,
    columns: Columns,
}

/// A mapping that is named.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Named {
    #[schemars(length(min = 1, max = 200))]
    name: String,
}

/// A saved mapping.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct NamedMapping {
    name: String,
    version: i64,
    saved_at: String,
    columns: Columns,
}

impl From<&Saved> for NamedMapping {
    fn from(saved: &Saved) -> Self {
        Self {
            name: saved.name.clone(),
            version: saved.version,
            saved_at: saved.saved_at.to_string(),
            columns: (&saved.mapping).into(),
        }
    }
}

/// A register that is read.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewReading {
    #[schemars(extend("enum" = REGISTERS))]
    register: String,
}

/// What was read.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Built {
    population: i64,
    items: u64,
    /// What exactly was read.
    query: String,
}

/// A row that was looked up in the source.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TracedRow {
    #[schemars(length(min = 1, max = 200))]
    key: String,
    agrees: bool,
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    note: String,
}

/// A check with what it needs; other fields are left out.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewCheck {
    #[schemars(extend("enum" = PROCEDURES))]
    procedure: String,
    /// Where what it is compared with comes from.
    #[schemars(length(max = 4_000))]
    #[serde(default)]
    source: String,
    /// For `source_count`: rows there.
    #[serde(default)]
    counted: Option<u64>,
    /// For `control_total`: the sum there, e.g. `1250.50`.
    #[schemars(length(max = 40))]
    #[serde(default)]
    stated: Option<String>,
    /// For `sequence`: the first key of the time, if it is known.
    #[schemars(length(min = 1, max = 200))]
    #[serde(default)]
    first: Option<String>,
    /// For `sequence`: the last one.
    #[schemars(length(min = 1, max = 200))]
    #[serde(default)]
    last: Option<String>,
    /// For `reconciliation` and `trace_from_source`: keys of the other list, or of records of the source.
    #[schemars(length(max = 1_000_000), inner(length(min = 1, max = 200)))]
    #[serde(default)]
    keys: Vec<String>,
    /// For `roll_forward`.
    #[serde(default)]
    opening: Option<u64>,
    /// For `roll_forward`.
    #[serde(default)]
    added: Option<u64>,
    /// For `roll_forward`.
    #[serde(default)]
    removed: Option<u64>,
    /// For `trace_to_source`.
    #[schemars(length(max = 1_000))]
    #[serde(default)]
    traced: Vec<TracedRow>,
    /// For `described`: `completeness` or `accuracy`.
    #[schemars(length(min = 1, max = 20))]
    #[serde(default)]
    aspect: Option<String>,
    /// For `described`: whether it was as it should be.
    #[serde(default)]
    agrees: Option<bool>,
    /// For `described`, `unchecked` and `explained`: in words.
    #[schemars(length(max = 4_000))]
    #[serde(default)]
    text: String,
    /// For `explained`: the check whose differences are explained.
    #[serde(default)]
    check: Option<i64>,
}

impl NewCheck {
    fn read(&self) -> Result<AskedCheck, Error> {
        fn needed<T>(name: &str, value: Option<T>) -> Result<T, Error> {
            value.ok_or_else(|| Error::invalid(format!("this check needs {name}")))
        }
        let (source, text) = (self.source.clone(), self.text.clone());
        Ok(match self.procedure.as_str() {
            "source_count" => AskedCheck::SourceCount { source, counted: needed("counted", self.counted)? },
            "control_total" => AskedCheck::ControlTotal {
                source,
                stated: parsed("stated", &needed("stated", self.stated.clone())?)?,
            },
            "sequence" => AskedCheck::Sequence { first: self.first.clone(), last: self.last.clone() },
            "reconciliation" => AskedCheck::Reconciliation { source, keys: self.keys.clone() },
            "roll_forward" => AskedCheck::RollForward {
                source,
                opening: needed("opening", self.opening)?,
                added: needed("added", self.added)?,
                removed: needed("removed", self.removed)?,
            },
            "trace_to_source" => AskedCheck::TraceToSource {
                source,
                traced: self
                    .traced
                    .iter()
                    .map(|row| Traced { key: row.key.clone(), agrees: row.agrees, note: row.note.clone() })
                    .collect(),
            },
            "trace_from_source" => AskedCheck::TraceFromSource { source, keys: self.keys.clone() },
            "described" => AskedCheck::Described {
                aspect: read::<Aspect>("aspect", &needed("aspect", self.aspect.clone())?)?,
                what: text,
                agrees: needed("agrees", self.agrees)?,
            },
            "unchecked" => AskedCheck::Unchecked { reason: text },
            "explained" => AskedCheck::Explained { check: needed("check", self.check)?, text },
            other => return Err(Error::invalid(format!("there is no check {other:?}"))),
        })
    }
}

/// A check that was made.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Check {
    population: i64,
    /// Counted from 1 in its population.
    number: i64,
    at: String,
    by: String,
    /// What people call it.
    title: String,
    /// `completeness` or `accuracy`; null for what is no check.
    aspect: Option<String>,
    /// What was compared, in words.
    done: String,
    agrees: bool,
    /// What does not agree, in words, up to 200.
    differences: Vec<String>,
    /// How many things do not agree.
    differing: u64,
}

impl From<&Checked> for Check {
    fn from(checked: &Checked) -> Self {
        let check = &checked.check;
        Self {
            population: checked.population.0,
            number: checked.number,
            at: checked.at.to_string(),
            by: checked.by.to_string(),
            title: check.done.title().to_owned(),
            aspect: check.done.aspect().map(word),
            done: check.done.to_string(),
            agrees: check.agrees(),
            differences: check.differences.iter().map(ToString::to_string).collect(),
            differing: check.differing,
        }
    }
}

impl Taken for NewMapping {}
impl Taken for Named {}
impl Taken for NewReading {}
impl Taken for NewCheck {
    const BYTES: usize = FILES_BYTES;
}

async fn mappings(look: Looking) -> Answered {
    look.list(
        async |view, _| Ok(population::mappings(view).await?.iter().map(NamedMapping::from).collect()),
        |item: &NamedMapping| item.name.clone(),
    )
    .await
}

async fn checks(Path(key): Path<String>, look: Looking) -> Answered {
    let key = population_key(&key)?;
    look.list(
        async |view, _| {
            population::find(view, key).await?;
            Ok(population::checks(view, key).await?.iter().map(Check::from).collect())
        },
        |item: &Check| item.number.to_string(),
    )
    .await
}

async fn file(Path(key): Path<String>, look: Looking) -> Answered {
    plain(&look.uri)?;
    population_file(&look.state, &look.asked, population_key(&key)?).await
}

async fn save(State(state): State<WebState>, asked: Asked, call: Call<NewMapping>) -> Answered {
    write(&state, &asked, &call, async |cx| {
        let body = &call.body;
        let saved = population::save_mapping(cx, &body.name, body.version, body.columns.read()?).await?;
        done(StatusCode::OK, &NamedMapping::from(&saved), "", "")
    })
    .await
}

async fn remove(State(state): State<WebState>, asked: Asked, call: Call<Named>) -> Answered {
    write(&state, &asked, &call, async |cx| {
        let name = &call.body.name;
        let saved = population::mapping(cx, name).await?;
        population::forget_mapping(cx, name).await?;
        done(StatusCode::OK, &NamedMapping::from(&saved), "", "")
    })
    .await
}

async fn build(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<NewReading>,
) -> Answered {
    let key = population_key(&key)?;
    write(&state, &asked, &call, async |cx| {
        let word = &call.body.register;
        let register = Register::of_word(word);
        let register = register.ok_or_else(|| Error::invalid(format!("there is no register {word:?}")))?;
        let after = population::build(cx, key, register).await?;
        let query = after.ipe.map(|ipe| ipe.query).unwrap_or_default();
        done(StatusCode::OK, &Built { population: key.0, items: after.items, query }, "", "")
    })
    .await
}

async fn check(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<NewCheck>,
) -> Answered {
    let key = population_key(&key)?;
    write(&state, &asked, &call, async |cx| {
        let checked = population::check(cx, key, call.body.read()?).await?;
        let location = format!("{BASE}/populations/{}/checks", key.0);
        done(StatusCode::CREATED, &Check::from(&checked), "", &location)
    })
    .await
}
