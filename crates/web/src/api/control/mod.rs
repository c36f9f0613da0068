//! Controls as people write them: read with their versions, written, changed, approved, retired, copied from the library;
//! and the four questions about each, answered by people.

mod shape;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use tickmark_app::control::{self, edit};
use tickmark_app::{Error, View, conclusion};
use tickmark_core::Digest;
use tickmark_core::conclusion::readiness::{Answer, Question};
use tickmark_core::control::{Control as Record, ControlId};
use tickmark_core::identity::Resource::{Catalog, Control, TestResult};
use tickmark_core::identity::Verb::{self, Approve, Create, Delete, Update};

use crate::WebState;
use crate::api::BASE;
use crate::api::answer::{Answered, answer, answer_of};
use crate::api::asking::{asking, control_id, plain};
use crate::api::call::{Call, Done, done, no_tag, write};
use crate::api::looking::Looking;
use crate::api::meanwhile::stale;
use crate::api::operation::{Operation, Writing};
use crate::api::words::{AS_OF, Reason, as_of, person, read};
use crate::design::segment;
use crate::error::Refusal;
use crate::route::{get, post, put};
use crate::visit::Asked;

use shape::*;

pub(in crate::api) static LOOKS: &[Operation] = &[
    Operation::one::<ControlRecord>(
        "getControlContent",
        ("/controls/{id}/content", "/controls/IAM-01/content"),
        "What people wrote about a control; its tag is the version",
        Control,
        || get(content),
    ),
    Operation::list::<ControlVersionRecord>(
        "listControlVersions",
        ("/controls/{id}/versions", "/controls/IAM-01/versions"),
        "Every version of a control, oldest first",
        Control,
        || get(versions),
    )
    .filtered(AS_OF),
    Operation::list::<QuestionAnswer>(
        "listAnswers",
        ("/controls/{id}/answers", "/controls/IAM-01/answers"),
        "Every answer to the four questions about a control, oldest first",
        Control,
        || get(answers),
    ),
    Operation::list::<Starter>(
        "listStarterControls",
        ("/starter-controls", "/starter-controls"),
        "The library of controls to start from",
        Catalog,
        || get(starters),
    ),
];

pub(in crate::api) static WRITES: &[Writing] = &[
    Writing::post::<NewControl, ControlRecord>(
        "writeControl",
        ("/controls", "/controls"),
        "Writes a control, as a draft",
        (Control, Create),
        || post(new),
    )
    .created(),
    Writing::post::<Chosen, Adopted>(
        "adoptControls",
        ("/starter-controls/adoption", "/starter-controls/adoption"),
        "Copies starter controls into the organization, as drafts; those that are here stay as they are",
        (Control, Create),
        || post(adopt),
    ),
    Writing::put::<ControlChange, ControlRecord>(
        "changeControl",
        ("/controls/{id}/content", "/controls/IAM-01/content"),
        "Changes a control; what is in force waits for somebody else's approval",
        (Control, Update),
        || put(change),
    )
    .versioned(),
    Writing::post::<ControlApproval, ControlRecord>(
        "approveControl",
        ("/controls/{id}/approval", "/controls/IAM-01/approval"),
        "Approves what waits: puts a draft in force under a named owner, or lets a change hold",
        (Control, Approve),
        || post(approve),
    )
    .versioned()
    .for_people(),
    Writing::post::<Reason, ControlRecord>(
        "declineControlChange",
        ("/controls/{id}/refusal", "/controls/IAM-01/refusal"),
        "Refuses a change that waits; what is in force stays so",
        (Control, Approve),
        || post(decline),
    )
    .versioned()
    .for_people(),
    Writing::post::<Reason, ControlRecord>(
        "retireControl",
        ("/controls/{id}/retirement", "/controls/IAM-01/retirement"),
        "Takes a control out of force, or sets a draft aside; it stays readable",
        (Control, Delete),
        || post(retire),
    )
    .versioned()
    .for_people(),
    Writing::post::<NewAnswer, QuestionAnswer>(
        "answerQuestion",
        ("/controls/{id}/answers", "/controls/IAM-01/answers"),
        "Answers one of the four questions about a control; the answer before is kept",
        (TestResult, Approve),
        || post(answer_question),
    )
    .created()
    .for_people(),
];

async fn content(
    State(state): State<WebState>,
    Path(code): Path<String>,
    asked: Asked,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    plain(&uri)?;
    let (app, actor) = asked.member(&state)?;
    let code = control_id(&code)?;
    let found = app.read(actor, async |view| control::find(view, &code).await).await?;
    let version = control::state_of(&found)?.to_string();
    Ok(answer_of(&headers, &ControlRecord::from(&found), &version))
}

async fn versions(
    State(state): State<WebState>,
    Path(code): Path<String>,
    asked: Asked,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    let (app, actor) = asked.member(&state)?;
    let code = control_id(&code)?;
    let asking = asking(&uri, "/controls/{id}/versions")?;
    let at = asking.moment("as_of")?;
    let all = app.read(actor, async |view| control::versions_of(view, &code).await).await?;
    let found = as_of(all, at, |version| version.held.from);
    let items = found.iter().map(ControlVersionRecord::of).collect::<Result<Vec<_>, _>>()?;
    Ok(answer(&headers, &asking.page(items, |item| item.since.clone())?))
}

async fn answers(Path(code): Path<String>, look: Looking) -> Answered {
    let code = control_id(&code)?;
    look.list(
        async |view, _| {
            control::find(view, &code).await?;
            Ok(conclusion::decisions(view, &code).await?.iter().map(QuestionAnswer::from).collect())
        },
        |item: &QuestionAnswer| format!("{} {}", item.at, item.question),
    )
    .await
}

async fn starters(State(state): State<WebState>, uri: Uri, headers: HeaderMap) -> Answered {
    let catalog = state.source().catalog().ok_or(Refusal::NotFound)?;
    let asking = asking(&uri, "/starter-controls")?;
    let items: Vec<Starter> = catalog.controls.iter().map(Into::into).collect();
    Ok(answer(&headers, &asking.page(items, |item| item.id.clone())?))
}

async fn new(State(state): State<WebState>, asked: Asked, call: Call<NewControl>) -> Answered {
    let catalog = state.source().catalog().ok_or(Refusal::NotFound)?;
    write(&state, &asked, &call, async |cx| {
        let body = &call.body;
        let id = body.id.parse().map_err(Error::invalid)?;
        let (content, assigned) = (body.content.read()?, body.people.read()?);
        let made = match &body.starter {
            Some(from) => edit::copy(cx, from, id, content, assigned, &body.reason, catalog).await?,
            None => edit::write(cx, id, content, assigned, &body.reason, catalog).await?,
        };
        control_done(StatusCode::CREATED, &made)
    })
    .await
}

async fn adopt(State(state): State<WebState>, asked: Asked, call: Call<Chosen>) -> Answered {
    let catalog = state.source().catalog().ok_or(Refusal::NotFound)?;
    write(&state, &asked, &call, async |cx| {
        let chosen = call.body.controls.iter().cloned().collect();
        let adopted = edit::adopt(cx, catalog, &chosen).await?;
        done(StatusCode::OK, &Adopted { adopted }, "", "")
    })
    .await
}

async fn change(
    State(state): State<WebState>,
    Path(code): Path<String>,
    asked: Asked,
    call: Call<ControlChange>,
) -> Answered {
    let (code, from) = (control_id(&code)?, version(&call)?);
    let catalog = state.source().catalog().ok_or(Refusal::NotFound)?;
    write(&state, &asked, &call, async |cx| {
        let body = &call.body;
        let (content, assigned) = (body.content.read()?, body.people.read()?);
        match edit::change(cx, &code, from, content, assigned, &body.reason, catalog).await? {
            edit::Changed::Done(after, _) => control_done(StatusCode::OK, &after),
            edit::Changed::Stale(current) => meanwhile(cx, &current, from).await,
        }
    })
    .await
}

async fn approve(
    State(state): State<WebState>,
    Path(code): Path<String>,
    asked: Asked,
    call: Call<ControlApproval>,
) -> Answered {
    let (code, from) = (control_id(&code)?, version(&call)?);
    write(&state, &asked, &call, async |cx| {
        let owner = person("owner", call.body.owner.as_deref())?;
        match edit::approve(cx, &code, from, owner).await? {
            edit::Changed::Done(after, _) => control_done(StatusCode::OK, &after),
            edit::Changed::Stale(current) => meanwhile(cx, &current, from).await,
        }
    })
    .await
}

async fn decline(
    State(state): State<WebState>,
    Path(code): Path<String>,
    asked: Asked,
    call: Call<Reason>,
) -> Answered {
    let (code, from) = (control_id(&code)?, version(&call)?);
    write(&state, &asked, &call, async |cx| {
        if let Some(stale) = changed_since(cx, &code, from, Approve).await? {
            return Ok(stale);
        }
        control_done(StatusCode::OK, &edit::decline(cx, &code, &call.body.reason).await?)
    })
    .await
}

async fn retire(
    State(state): State<WebState>,
    Path(code): Path<String>,
    asked: Asked,
    call: Call<Reason>,
) -> Answered {
    let (code, from) = (control_id(&code)?, version(&call)?);
    write(&state, &asked, &call, async |cx| {
        if let Some(stale) = changed_since(cx, &code, from, Delete).await? {
            return Ok(stale);
        }
        control_done(StatusCode::OK, &edit::retire(cx, &code, &call.body.reason).await?)
    })
    .await
}

async fn answer_question(
    State(state): State<WebState>,
    Path(code): Path<String>,
    asked: Asked,
    call: Call<NewAnswer>,
) -> Answered {
    let code = control_id(&code)?;
    write(&state, &asked, &call, async |cx| {
        let body = &call.body;
        let question: Question = read("question", &body.question)?;
        let answer: Answer = read("answer", &body.answer)?;
        let decision = conclusion::decide(cx, &code, question, answer, &body.reason).await?;
        let location = format!("{BASE}/controls/{}/answers", segment(code.as_str()));
        done(StatusCode::CREATED, &QuestionAnswer::from(&decision), "", &location)
    })
    .await
}

/// The version that was looked at.
fn version<B>(call: &Call<B>) -> Result<Digest, Refusal> {
    call.version()?.parse().map_err(|_| no_tag())
}

fn control_done(status: StatusCode, control: &Record) -> Result<Done, Error> {
    let location = format!("{BASE}/controls/{}/content", segment(control.id.as_str()));
    done(status, &ControlRecord::from(control), &control::state_of(control)?.to_string(), &location)
}

/// What is answered where a control is not as it was in a version, for whoever may do something with it.
async fn changed_since(
    view: &mut View<'_>,
    code: &ControlId,
    from: Digest,
    verb: Verb,
) -> Result<Option<Done>, Error> {
    let control = control::find(view, code).await?;
    let object = edit::object(view, &control).await?;
    view.permit_on(edit::atom(verb), &object)?;
    if control::state_of(&control)? == from {
        return Ok(None);
    }
    meanwhile(view, &control, from).await.map(Some)
}

async fn meanwhile(view: &mut View<'_>, current: &Record, from: Digest) -> Result<Done, Error> {
    let mut seen = None;
    for version in control::versions_of(view, &current.id).await? {
        if control::state_of(&version.control)? == from {
            seen = Some(ControlRecord::from(&version.control));
        }
    }
    stale(&ControlRecord::from(current), &control::state_of(current)?.to_string(), seen.as_ref())
}
