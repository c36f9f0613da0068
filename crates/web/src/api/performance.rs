//! That controls were performed.

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::Error;
use tickmark_app::evidence::item;
use tickmark_app::program::performance;
use tickmark_core::Span;
use tickmark_core::conclusion::period::WindowRow;
use tickmark_core::evidence::item::State as ItemState;
use tickmark_core::id::ItemKey;
use tickmark_core::identity::Resource::{Control, Evidence};
use tickmark_core::identity::Verb::Create;
use tickmark_core::program::performance::Performance as Record;
use tickmark_core::time::DAY_US;

use super::BASE;
use super::answer::{Answered, answer};
use super::asking::{asking, control_id};
use super::call::{Call, Taken, done, write};
use super::looking::Looking;
use super::operation::{Operation, Writing};
use super::words::{parsed, person, word};
use crate::WebState;
use crate::design::segment;
use crate::error::Refusal;
use crate::route::{get, post};
use crate::visit::Asked;

/// Days back that windows are shown of when nothing else is asked for.
const BACK_DAYS: i64 = 400;
/// Days back and ahead of which it is shown what is due when nothing else is asked for.
const BEHIND_DAYS: i64 = 31;
const AHEAD_DAYS: i64 = 92;
/// Most days of windows that are shown at once.
const MOST_DAYS: i64 = 3_660;

pub(super) static LOOKS: &[Operation] = &[
    Operation::list::<Performance>(
        "listPerformances",
        ("/controls/{id}/performances", "/controls/IAM-01/performances"),
        "When a control was performed, oldest first",
        Control,
        || get(list),
    )
    .narrowed(),
    Operation::list::<DueWindow>(
        "listWindows",
        ("/controls/{id}/windows", "/controls/IAM-01/windows"),
        "When a control was due and what became of it, oldest first; of the last 400 days unless said otherwise",
        Control,
        || get(windows),
    )
    .filtered(&[("from", "From this moment on (RFC 3339)"), ("to", "Before this moment (RFC 3339)")])
    .narrowed(),
    Operation::list::<DueOfControl>(
        "listDueWindows",
        ("/due-windows", "/due-windows"),
        "When controls are due, by when; from a month ago to three months ahead unless said otherwise",
        Control,
        || get(due),
    )
    .filtered(&[("from", "Due after this moment (RFC 3339)"), ("to", "Due up to this moment (RFC 3339)")])
    .narrowed(),
];

pub(super) static WRITES: &[Writing] = &[Writing::post::<NewPerformance, Performance>(
    "recordPerformance",
    ("/controls/{id}/performances", "/controls/IAM-01/performances"),
    "Records that a control was performed, with items of evidence that show it",
    (Evidence, Create),
    || post(new),
)
.created()];

/// That a control was performed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewPerformance {
    /// When it was done.
    #[schemars(extend("format" = "date-time"))]
    performed_at: String,
    /// By whom; by whoever sends it when left out.
    #[serde(default)]
    #[schemars(extend("format" = "uuid"))]
    performed_by: Option<String>,
    /// The window, e.g. `2026-Q4`; that which holds `performed_at` when left out.
    #[serde(default)]
    #[schemars(length(min = 4, max = 20))]
    window: Option<String>,
    /// Items of evidence that show it.
    #[schemars(length(min = 1, max = 20), inner(range(min = 1)))]
    items: Vec<i64>,
    /// What there is to say.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    note: String,
}

/// One time that a control was performed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Performance {
    key: i64,
    control: String,
    window: String,
    performed_at: String,
    performed_by: String,
    recorded_at: String,
    note: String,
}

impl From<&Record> for Performance {
    fn from(one: &Record) -> Self {
        Self {
            key: one.key.0,
            control: one.control.to_string(),
            window: one.window.clone(),
            performed_at: one.performed_at.to_string(),
            performed_by: one.performed_by.to_string(),
            recorded_at: one.recorded_at.to_string(),
            note: one.note.clone(),
        }
    }
}

/// A window in which a control was due.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct DueWindow {
    /// Its name, e.g. `2026-Q4`.
    window: String,
    from: String,
    to: String,
    /// First moment at which a performance is late.
    due: String,
    /// `done`, `not_yet_due`, `late` or `missed`.
    state: String,
    /// Key of the performance that decides it; null for none.
    performance: Option<i64>,
}

impl From<&WindowRow> for DueWindow {
    fn from(row: &WindowRow) -> Self {
        Self {
            window: row.window.id.clone(),
            from: row.window.from.to_string(),
            to: row.window.to.to_string(),
            due: row.window.due.to_string(),
            state: word(row.state),
            performance: row.performance.as_ref().map(|performance| performance.key.0),
        }
    }
}

impl Taken for NewPerformance {}

async fn list(Path(code): Path<String>, look: Looking) -> Answered {
    let code = control_id(&code)?;
    look.list(
        async |view, _| {
            performance::control_of(view, &code).await?;
            Ok(performance::list(view, &code).await?.iter().map(Performance::from).collect())
        },
        |item: &Performance| item.key.to_string(),
    )
    .await
}

/// A window in which a control is due.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct DueOfControl {
    control: String,
    title: String,
    owner: Option<String>,
    /// Who performs it, where that is somebody else.
    operator: Option<String>,
    /// Id of the system that the control is for.
    system: Option<String>,
    /// The name of the window, e.g. `2026-Q4`.
    window: String,
    /// First moment at which a performance is late.
    due: String,
    /// `done`, `not_yet_due`, `late` or `missed`.
    state: String,
    performance: Option<i64>,
}

impl From<&performance::Due> for DueOfControl {
    fn from(one: &performance::Due) -> Self {
        Self {
            control: one.control.to_string(),
            title: one.title.clone(),
            owner: one.owner.map(|who| who.to_string()),
            operator: one.operator.map(|who| who.to_string()),
            system: one.system.map(|id| id.to_string()),
            window: one.window.id.clone(),
            due: one.window.due.to_string(),
            state: word(one.state),
            performance: one.performance.map(|key| key.0),
        }
    }
}

async fn due(look: Looking) -> Answered {
    let (asking, now) = (look.asking()?, look.asked.visit.now);
    let from = asking.moment("from")?.unwrap_or(now.plus_micros(-BEHIND_DAYS * DAY_US));
    let to = asking.moment("to")?.unwrap_or(now.plus_micros(AHEAD_DAYS * DAY_US));
    if from > to || to.micros() - from.micros() > MOST_DAYS * DAY_US {
        return Err(Refusal::Unfit(format!("from lies before to, at most {MOST_DAYS} days")));
    }
    look.list(
        async |view, _| {
            let all = performance::due_between(view, from, to).await?;
            Ok(all.iter().map(DueOfControl::from).collect())
        },
        |item: &DueOfControl| format!("{} {}", item.control, item.window),
    )
    .await
}

async fn windows(
    State(state): State<WebState>,
    Path(code): Path<String>,
    asked: Asked,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    let (app, actor) = asked.member(&state)?;
    let code = control_id(&code)?;
    let asking = asking(&uri, "/controls/{id}/windows")?;
    let (from, to) = (asking.moment("from")?, asking.moment("to")?.unwrap_or(asked.visit.now));
    let from = from.unwrap_or(to.plus_micros(-BACK_DAYS * DAY_US));
    if from > to || to.micros() - from.micros() > MOST_DAYS * DAY_US {
        return Err(Refusal::Unfit(format!("from lies before to, at most {MOST_DAYS} days")));
    }
    let asked_for = Span { from, to: Some(to) };
    let all = app
        .read(actor, async |view| {
            performance::control_of(view, &code).await?;
            performance::windows_of(view, &code, asked_for).await
        })
        .await?;
    let items: Vec<DueWindow> = all.iter().map(Into::into).collect();
    Ok(answer(&headers, &asking.page(items, |item| item.window.clone())?))
}

async fn new(
    State(state): State<WebState>,
    Path(code): Path<String>,
    asked: Asked,
    call: Call<NewPerformance>,
) -> Answered {
    let code = control_id(&code)?;
    write(&state, &asked, &call, async |cx| {
        let body = &call.body;
        let mut evidence = BTreeSet::new();
        for key in &body.items {
            let found = item::find(cx, ItemKey(*key)).await?;
            if found.state == ItemState::Withdrawn {
                return Err(Error::invalid("what was withdrawn shows nothing"));
            }
            evidence.extend(found.version.files.iter().map(|file| file.artifact));
        }
        let new = performance::NewPerformance {
            control: code.clone(),
            window: body.window.clone(),
            performed_at: parsed("performed_at", &body.performed_at)?,
            performed_by: person("performed_by", body.performed_by.as_deref())?.unwrap_or(cx.actor.id),
            evidence: evidence.into_iter().collect(),
            files: Vec::new(),
            note: body.note.clone(),
        };
        let made = performance::record(cx, new).await?;
        let location = format!("{BASE}/controls/{}/performances", segment(code.as_str()));
        done(StatusCode::CREATED, &Performance::from(&made), "", &location)
    })
    .await
}
