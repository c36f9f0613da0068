//! What readiness is computed for, and what people say about criteria.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::Error;
use tickmark_app::conclusion::judgement::{self, Judged, Said};
use tickmark_app::conclusion::scope::{self, Changed};
use tickmark_core::catalog::{Catalog, Framework};
use tickmark_core::conclusion::chosen::{Choice, Chosen};
use tickmark_core::conclusion::readiness::CriterionStatus;
use tickmark_core::conclusion::scope::{Day, Target};
use tickmark_core::control::ControlId;
use tickmark_core::identity::Resource::{Control, TestResult};
use tickmark_core::identity::Verb::Approve;

use super::BASE;
use super::answer::Answered;
use super::call::{Call, Taken, done, write};
use super::looking::Looking;
use super::meanwhile::stale;
use super::operation::{Operation, Writing};
use super::words::{AS_OF, parsed};
use crate::WebState;
use crate::design::segment;
use crate::error::Refusal;
use crate::route::{get, put};
use crate::visit::Asked;

const SCOPE: (&str, &str) = ("/readiness/scope", "/readiness/scope");
const JUDGEMENT: (&str, &str) = ("/criteria/{id}/judgement", "/criteria/CC6.1/judgement");

pub(super) static LOOKS: &[Operation] = &[
    Operation::one::<Scope>(
        "getReadinessScope",
        SCOPE,
        "What readiness is computed for; its tag is the version, 0 while nobody chose anything",
        Control,
        || get(one),
    ),
    Operation::list::<ScopeVersion>(
        "listReadinessScopeVersions",
        ("/readiness/scope/versions", "/readiness/scope/versions"),
        "Every version of what readiness is computed for, oldest first",
        Control,
        || get(versions),
    )
    .filtered(AS_OF),
    Operation::one::<Judgement>(
        "getCriterionJudgement",
        JUDGEMENT,
        "What people say about a criterion beyond its controls; its tag is the version, 0 while nobody said anything",
        Control,
        || get(judged),
    ),
    Operation::list::<JudgementVersion>(
        "listCriterionJudgements",
        ("/criteria/{id}/judgement/versions", "/criteria/CC6.1/judgement/versions"),
        "Every judgement of a criterion, oldest first",
        Control,
        || get(judgements),
    )
    .filtered(AS_OF),
];

pub(super) static WRITES: &[Writing] = &[
    Writing::put::<ScopeChange, Scope>(
        "setReadinessScope",
        SCOPE,
        "Changes what readiness is computed for",
        (TestResult, Approve),
        || put(change),
    )
    .versioned()
    .for_people(),
    Writing::put::<JudgementChange, Judgement>(
        "judgeCriterion",
        JUDGEMENT,
        "Judges a criterion: what is left uncovered, what compensates, and its status",
        (TestResult, Approve),
        || put(judge),
    )
    .versioned()
    .for_people(),
];

/// Something that is in, or out, with the reason.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Because {
    /// A category, a criterion or a control.
    #[schemars(length(min = 1, max = 60))]
    id: String,
    #[schemars(length(max = 4_000))]
    reason: String,
}

/// What readiness is computed for.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Scope {
    /// Categories that are in.
    #[schemars(length(max = 60))]
    categories: Vec<Because>,
    /// Categories that are left out on purpose.
    #[serde(default)]
    #[schemars(length(max = 60))]
    omissions: Vec<Because>,
    /// Criteria judged not relevant to the system.
    #[serde(default)]
    #[schemars(length(max = 500))]
    exclusions: Vec<Because>,
    /// Controls that had no occurrence in the period, with what shows that.
    #[serde(default)]
    #[schemars(length(max = 500))]
    without_occurrence: Vec<Because>,
    /// Whether the system makes or distributes goods.
    #[serde(default)]
    products: bool,
    /// The examination aimed at: of type 1 or 2.
    #[schemars(range(min = 1, max = 2))]
    report_type: u8,
    /// Type 1: the date.
    #[serde(default)]
    #[schemars(extend("format" = "date"))]
    as_of: Option<String>,
    /// Type 2: the first day.
    #[serde(default)]
    #[schemars(extend("format" = "date"))]
    from: Option<String>,
    /// Type 2: the last day.
    #[serde(default)]
    #[schemars(extend("format" = "date"))]
    to: Option<String>,
    /// Services to customers that are in.
    #[serde(default)]
    #[schemars(length(max = 200), inner(length(min = 1, max = 200)))]
    services: Vec<String>,
    /// What lies outside, and could be thought to be in.
    #[serde(default)]
    #[schemars(length(max = 200), inner(length(min = 1, max = 200)))]
    outside: Vec<String>,
}

/// A scope with why it is changed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ScopeChange {
    scope: Scope,
    /// Why, so that others can follow it.
    #[schemars(length(min = 1, max = 4_000))]
    reason: String,
}

/// A scope as it was chosen.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct ScopeVersion {
    /// Its number, from 1, as `ETag` and `If-Match` have it.
    version: u32,
    since: String,
    by: String,
    reason: String,
    scope: Scope,
}

/// What people say about a criterion.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
struct Judgement {
    /// `met`, `partly_met`, `not_met` or `not_assessed` as a person decided; none while the rule's suggestion stands.
    status: Option<String>,
    /// What its key controls leave uncovered together.
    lacks: String,
    /// Which controls compensate for what is missing.
    compensation: String,
    /// Why.
    reason: String,
}

/// A judgement with why.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct JudgementChange {
    /// None leaves it to the rule.
    #[serde(default)]
    #[schemars(extend("enum" = ["met", "partly_met", "not_met", "not_assessed", null]))]
    status: Option<String>,
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    lacks: String,
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    compensation: String,
    /// Why, so that others can follow it.
    #[schemars(length(min = 1, max = 4_000))]
    reason: String,
}

/// A judgement as it was said.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct JudgementVersion {
    /// Its number, from 1, as `ETag` and `If-Match` have it.
    version: i64,
    since: String,
    by: String,
    judgement: Judgement,
}

impl From<&Chosen> for ScopeVersion {
    fn from(chosen: &Chosen) -> Self {
        Self {
            version: chosen.written.version,
            since: chosen.written.at.to_string(),
            by: chosen.written.by.to_string(),
            reason: chosen.written.reason.clone(),
            scope: Scope::from(&chosen.choice),
        }
    }
}

impl From<&judgement::Version> for JudgementVersion {
    fn from(version: &judgement::Version) -> Self {
        Self {
            version: version.number,
            since: version.at.to_string(),
            by: version.by.to_string(),
            judgement: version.into(),
        }
    }
}

impl Taken for ScopeChange {}
impl Taken for JudgementChange {}

impl From<&Choice> for Scope {
    fn from(choice: &Choice) -> Self {
        let because = |all: &BTreeMap<String, String>| {
            all.iter().map(|(id, why)| Because { id: id.clone(), reason: why.clone() }).collect()
        };
        let day = |day: Option<Day>| day.map(|day| day.to_string());
        let (report_type, as_of, from, to) = match choice.target {
            Target::Type1 { as_of } => (1, day(as_of), None, None),
            Target::Type2 { from, to } => (2, None, day(from), day(to)),
        };
        Self {
            categories: because(&choice.categories),
            omissions: because(&choice.omissions),
            exclusions: because(&choice.exclusions),
            without_occurrence: choice
                .idle
                .iter()
                .map(|(id, why)| Because { id: id.to_string(), reason: why.clone() })
                .collect(),
            products: choice.products,
            report_type,
            as_of,
            from,
            to,
            services: choice.services.clone(),
            outside: choice.outside.clone(),
        }
    }
}

impl Scope {
    fn read(&self, framework: &Framework) -> Result<Choice, Error> {
        let because = |all: &[Because]| all.iter().map(|one| (one.id.clone(), one.reason.clone())).collect();
        let day = |field: &str, text: &Option<String>| -> Result<Option<Day>, Error> {
            text.as_deref().map(|text| parsed(field, text)).transpose()
        };
        let (as_of, from, to) = (day("as_of", &self.as_of)?, day("from", &self.from)?, day("to", &self.to)?);
        let target = match (self.report_type, as_of, from, to) {
            (1, as_of, None, None) => Target::Type1 { as_of },
            (2, None, from, to) => Target::Type2 { from, to },
            _ => return Err(Error::invalid("a type 1 has as_of, a type 2 has from and to")),
        };
        let mut choice = Choice { target, products: self.products, ..Choice::whole(framework) };
        choice.categories = because(&self.categories);
        choice.omissions = because(&self.omissions);
        choice.exclusions = because(&self.exclusions);
        for one in &self.without_occurrence {
            choice.idle.insert(parsed::<ControlId>("control", &one.id)?, one.reason.clone());
        }
        choice.services.clone_from(&self.services);
        choice.outside.clone_from(&self.outside);
        Ok(choice)
    }
}

impl From<&judgement::Version> for Judgement {
    fn from(version: &judgement::Version) -> Self {
        let said = &version.judgement;
        Self {
            status: said.decision.as_ref().map(|decision| decision.status.word().to_owned()),
            lacks: said.lacks.clone().unwrap_or_default(),
            compensation: said.compensation.clone().unwrap_or_default(),
            reason: version.reason.clone(),
        }
    }
}

fn catalog(state: &WebState) -> Result<&Catalog, Refusal> {
    state.source().catalog().ok_or(Refusal::NotFound)
}

fn framework(catalog: &Catalog) -> Result<&Framework, Refusal> {
    catalog.frameworks.first().ok_or(Refusal::NotFound)
}

async fn one(look: Looking) -> Answered {
    let framework = framework(catalog(&look.state)?)?;
    look.tagged(async |view| {
        let chosen = scope::current(view).await?;
        let version = chosen.as_ref().map_or(0, |chosen| chosen.written.version);
        let choice = chosen.map_or_else(|| Choice::whole(framework), |chosen| chosen.choice);
        Ok((Scope::from(&choice), version.to_string()))
    })
    .await
}

async fn versions(look: Looking) -> Answered {
    look.versions(
        async |view| {
            let mut all = scope::versions(view).await?;
            all.reverse();
            Ok(all)
        },
        |chosen| chosen.written.at,
        |item: &ScopeVersion| item.version.to_string(),
    )
    .await
}

async fn change(State(state): State<WebState>, asked: Asked, call: Call<ScopeChange>) -> Answered {
    let catalog = catalog(&state)?;
    let framework = framework(catalog)?;
    let from = u32::try_from(call.number()?).map_err(|_| Refusal::NotFound)?;
    write(&state, &asked, &call, async |cx| {
        let choice = call.body.scope.read(framework)?;
        match scope::write(cx, catalog, from, choice, &call.body.reason).await? {
            Changed::Done(chosen) => {
                let (scope, tag) = (Scope::from(&chosen.choice), chosen.written.version.to_string());
                done(StatusCode::OK, &scope, &tag, &format!("{BASE}{}", SCOPE.0))
            }
            Changed::Stale(now) => {
                let seen = scope::versions(cx).await?;
                let seen = seen.iter().find(|chosen| chosen.written.version == from);
                let seen = seen.map(|chosen| Scope::from(&chosen.choice));
                stale(&Scope::from(&now.choice), &now.written.version.to_string(), seen.as_ref())
            }
        }
    })
    .await
}

async fn judged(Path(id): Path<String>, look: Looking) -> Answered {
    let catalog = catalog(&look.state)?;
    look.tagged(async |view| {
        let all = judgement::versions(view, catalog, &id).await?;
        let (judgement, number) =
            all.first().map_or((Judgement::default(), 0), |newest| (newest.into(), newest.number));
        Ok((judgement, number.to_string()))
    })
    .await
}

async fn judgements(Path(id): Path<String>, look: Looking) -> Answered {
    let catalog = catalog(&look.state)?;
    look.versions(
        async |view| {
            let mut all = judgement::versions(view, catalog, &id).await?;
            all.reverse();
            Ok(all)
        },
        |version| version.at,
        |item: &JudgementVersion| item.version.to_string(),
    )
    .await
}

async fn judge(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    call: Call<JudgementChange>,
) -> Answered {
    let catalog = catalog(&state)?;
    let from = call.number()?;
    let body = &call.body;
    write(&state, &asked, &call, async |cx| {
        let status = body.status.as_deref().map(|word| {
            let known = CriterionStatus::from_word(word);
            known.ok_or_else(|| Error::invalid(format!("there is no status {word:?}")))
        });
        let what = Said {
            lacks: body.lacks.clone(),
            compensation: body.compensation.clone(),
            status: status.transpose()?,
            reason: body.reason.clone(),
        };
        match judgement::judge(cx, catalog, &id, from, &what).await? {
            Judged::Done(version) => {
                let place = format!("{BASE}/criteria/{}/judgement", segment(&id));
                done(StatusCode::OK, &Judgement::from(&*version), &version.number.to_string(), &place)
            }
            Judged::Stale(now) => {
                let all = judgement::versions(cx, catalog, &id).await?;
                let seen = all.iter().find(|version| version.number == from).map(Judgement::from);
                stale(&Judgement::from(&*now), &now.number.to_string(), seen.as_ref())
            }
        }
    })
    .await
}
