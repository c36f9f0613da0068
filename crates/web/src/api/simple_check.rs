//! Simple checks: the fields of facts that one can ask about, and the files made of a field, a comparison and a value.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::observation::workshop::{self, Operator, SimpleCheck};
use tickmark_core::identity::Resource::Test;
use tickmark_core::identity::Verb::Create;
use tickmark_core::observation::host::field::{FactField, FieldKind, fields};

use super::answer::{Answered, answer};
use super::asking::asking;
use super::call::{Call, Taken, done, write};
use super::operation::{Operation, Writing};
use super::words::read;
use crate::WebState;
use crate::route::{get, post};
use crate::visit::Asked;

const OPERATORS: [&str; 6] = ["is", "is_not", "one_of", "none_of", "at_least", "at_most"];
const SEVERITIES: [&str; 4] = ["low", "medium", "high", "critical"];

pub(super) static LOOKS: &[Operation] = &[Operation::list::<FieldOfFacts>(
    "listFactFields",
    ("/fact-fields", "/fact-fields"),
    "The fields of the facts of a host that a simple check can ask about, by path",
    Test,
    || get(list),
)];

pub(super) static WRITES: &[Writing] = &[Writing::post::<NewSimple, SimpleFiles>(
    "makeSimpleCheck",
    ("/simple-checks", "/simple-checks"),
    "Makes the files of a simple check, with tests that pass; nothing is kept",
    (Test, Create),
    || post(make),
)];

/// A field of facts.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct FieldOfFacts {
    /// Where it stands, e.g. `sshd.permit_root_login`, or `accounts.users[].shell` of each element of a list.
    path: String,
    /// What it says.
    about: String,
    /// `flag`, `text` or `number`.
    kind: String,
    /// Texts that can stand in it; empty where any can.
    words: Vec<String>,
}

impl From<&FactField> for FieldOfFacts {
    fn from(field: &FactField) -> Self {
        let kind = match field.kind {
            FieldKind::Flag => "flag",
            FieldKind::Text => "text",
            FieldKind::Number => "number",
        };
        Self {
            path: field.path.clone(),
            about: field.about.clone(),
            kind: kind.to_owned(),
            words: field.words.clone(),
        }
    }
}

/// A simple check as it is asked for.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewSimple {
    /// Kebab case, beginning with its group, e.g. `own-root-login-off`.
    #[schemars(length(min = 1, max = 80))]
    id: String,
    /// Worded as the passing state.
    #[schemars(length(min = 1, max = 200))]
    title: String,
    /// Why it matters.
    #[schemars(length(min = 1, max = 500))]
    rationale: String,
    /// What to do when it fails.
    #[schemars(length(min = 1, max = 500))]
    remediation: String,
    #[schemars(extend("enum" = SEVERITIES))]
    severity: String,
    /// Path of the field.
    #[schemars(length(min = 1, max = 200))]
    field: String,
    /// How it is compared.
    #[schemars(extend("enum" = OPERATORS))]
    operator: String,
    /// With what; for `one_of` and `none_of` one value a line.
    #[schemars(length(min = 1, max = 4_000))]
    value: String,
}

/// The files of a check that nobody has kept.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct SimpleFiles {
    id: String,
    manifest: String,
    rego: String,
    tests: String,
}

impl Taken for NewSimple {}

async fn list(uri: Uri, headers: HeaderMap) -> Answered {
    let asking = asking(&uri, "/fact-fields")?;
    let items: Vec<FieldOfFacts> = fields().iter().map(Into::into).collect();
    Ok(answer(&headers, &asking.page(items, |item| item.path.clone())?))
}

async fn make(State(state): State<WebState>, asked: Asked, call: Call<NewSimple>) -> Answered {
    write(&state, &asked, &call, async |cx| {
        let body = call.body.clone();
        let unknown = || tickmark_app::Error::invalid(format!("there is no operator {:?}", body.operator));
        let operator = Operator::ALL.into_iter().find(|one| one.word() == body.operator);
        let of = SimpleCheck {
            operator: operator.ok_or_else(unknown)?,
            severity: read("severity", &body.severity)?,
            id: body.id,
            title: body.title,
            rationale: body.rationale,
            remediation: body.remediation,
            field: body.field,
            value: body.value,
        };
        let draft = workshop::make_simple(cx, &of)?;
        let workshop::Draft { id, manifest, rego, tests } = draft;
        done(StatusCode::OK, &SimpleFiles { id, manifest, rego, tests }, "", "")
    })
    .await
}
