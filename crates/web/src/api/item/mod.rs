//! Items of evidence: kept, written anew, handed in, accepted, returned, withdrawn, said to serve controls.

mod shape;

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use axum::http::header::ETAG;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::IntoResponse;
use tickmark_app::evidence::item::{self, Purpose, Upload};
use tickmark_app::{Cx, Error};
use tickmark_core::Digest;
use tickmark_core::evidence::item::Item;
use tickmark_core::id::ItemKey;
use tickmark_core::identity::Resource::Evidence;
use tickmark_core::identity::Verb::{Approve, Create, Read};

use crate::WebState;
use crate::api::answer::{Answered, answer, quoted};
use crate::api::asking::{asking, cover, number, plain};
use crate::api::call::{Call, Done, bytes_of, done, write};
use crate::api::looking::Looking;
use crate::api::meanwhile::stale;
use crate::api::operation::{Operation, Writing};
use crate::api::words::{AS_OF, Note, Nothing, Reason, parsed};
use crate::api::{BASE, model};
use crate::error::Refusal;
use crate::evidence::{BYTES, taken};
use crate::route::{get, post, put};
use crate::visit::Asked;

use shape::*;

pub(in crate::api) static LOOKS: &[Operation] = &[
    Operation::list::<EvidenceItem>(
        "listEvidenceItems",
        ("/evidence-items", "/evidence-items"),
        "Items of evidence, newest first",
        Evidence,
        || get(list),
    )
    .narrowed(),
    Operation::one::<EvidenceItem>(
        "getEvidenceItem",
        ("/evidence-items/{key}", "/evidence-items/1"),
        "One item; its tag is the revision, by which it is changed",
        Evidence,
        || get(one),
    )
    .narrowed(),
    Operation::list::<ItemVersion>(
        "listEvidenceItemVersions",
        ("/evidence-items/{key}/versions", "/evidence-items/1/versions"),
        "Every version of an item, oldest first",
        Evidence,
        || get(versions),
    )
    .filtered(AS_OF)
    .narrowed(),
    Operation::file(
        "getEvidenceFile",
        ("/evidence-items/{key}/versions/{version}/files/{number}", "/evidence-items/1/versions/1/files/1"),
        "The bytes of a file; that it was taken out is recorded",
        Evidence,
        || get(file),
    ),
    Operation::list::<ItemEvent>(
        "listEvidenceItemEvents",
        ("/evidence-items/{key}/events", "/evidence-items/1/events"),
        "What happened to an item, oldest first",
        Evidence,
        || get(events),
    )
    .narrowed(),
];

pub(in crate::api) static WRITES: &[Writing] = &[
    Writing::post::<NewItem, EvidenceItem>(
        "addEvidenceItem",
        ("/evidence-items", "/evidence-items"),
        "Keeps files as a draft of an item of evidence",
        (Evidence, Create),
        || post(new),
    )
    .created(),
    Writing::put::<NewVersion, EvidenceItem>(
        "reviseEvidenceItem",
        ("/evidence-items/{key}", "/evidence-items/1"),
        "Makes a new version; what was handed in or accepted has to be handed in again",
        (Evidence, Read),
        || put(revise),
    )
    .versioned(),
    Writing::put::<Served, EvidenceItem>(
        "linkEvidenceItem",
        ("/evidence-items/{key}/controls", "/evidence-items/1/controls"),
        "Says which controls an item serves",
        (Evidence, Read),
        || put(link),
    )
    .versioned(),
    Writing::post::<Nothing, EvidenceItem>(
        "submitEvidenceItem",
        ("/evidence-items/{key}/submission", "/evidence-items/1/submission"),
        "Hands an item in; somebody else accepts or returns it",
        (Evidence, Read),
        || post(submit),
    )
    .versioned(),
    Writing::post::<Note, EvidenceItem>(
        "acceptEvidenceItem",
        ("/evidence-items/{key}/acceptance", "/evidence-items/1/acceptance"),
        "Accepts what was handed in, as it is; not for whoever worked on it",
        (Evidence, Approve),
        || post(accept),
    )
    .versioned()
    .for_people(),
    Writing::post::<Reason, EvidenceItem>(
        "returnEvidenceItem",
        ("/evidence-items/{key}/return", "/evidence-items/1/return"),
        "Sends an item back to whoever handed it in, with what to do",
        (Evidence, Approve),
        || post(give_back),
    )
    .versioned()
    .for_people(),
    Writing::post::<Reason, EvidenceItem>(
        "withdrawEvidenceItem",
        ("/evidence-items/{key}/withdrawal", "/evidence-items/1/withdrawal"),
        "Takes an item back; it stays readable and counts for nothing",
        (Evidence, Read),
        || post(withdraw),
    )
    .versioned(),
];

async fn list(State(state): State<WebState>, asked: Asked, uri: Uri, headers: HeaderMap) -> Answered {
    let (app, actor) = asked.member(&state)?;
    let asking = asking(&uri, "/evidence-items")?;
    let before = asking.number()?.map(ItemKey);
    let limit = asking.limit;
    let (found, next) = app.read(actor, async |view| item::before(view, before, limit).await).await?;
    let items = found.iter().map(EvidenceItem::from).collect();
    let next = next.map(|key| cover(&key.0.to_string()));
    Ok(answer(&headers, &model::Page { items, next }))
}

async fn one(Path(key): Path<String>, look: Looking) -> Answered {
    let key = ItemKey(number(&key)?);
    look.tagged(async |view| {
        let found = item::find(view, key).await?;
        Ok((EvidenceItem::from(&found), found.revision.to_string()))
    })
    .await
}

async fn versions(Path(key): Path<String>, look: Looking) -> Answered {
    let key = ItemKey(number(&key)?);
    look.versions(
        async |view| Ok(item::whole(view, key).await?.versions),
        |version| version.at,
        |item: &ItemVersion| item.version.to_string(),
    )
    .await
}

async fn file(
    State(state): State<WebState>,
    Path((key, version, seq)): Path<(String, String, String)>,
    asked: Asked,
    uri: Uri,
) -> Answered {
    plain(&uri)?;
    let (app, actor) = asked.member(&state)?;
    let (key, version, seq) = (ItemKey(number(&key)?), number(&version)?, number(&seq)?);
    let (file, bytes) = item::read_file(app, actor, key, version, seq, Purpose::TakeAway).await?;
    let tag = quoted(&Digest::of(&bytes).hex());
    Ok(([(ETAG, tag)], taken(&file.name, BYTES, bytes)).into_response())
}

async fn events(Path(key): Path<String>, look: Looking) -> Answered {
    let key = ItemKey(number(&key)?);
    look.list(
        async |view, _| {
            let whole = item::whole(view, key).await?;
            Ok(whole.history.iter().enumerate().map(ItemEvent::of).collect())
        },
        |item: &ItemEvent| item.number.to_string(),
    )
    .await
}

async fn new(State(state): State<WebState>, asked: Asked, call: Call<NewItem>) -> Answered {
    let (once, files) = (call.once(&state, &asked), uploads(&call.body.files)?);
    write(&state, &asked, &call, async |cx| {
        let body = &call.body;
        let new = item::NewItem {
            once,
            description: body.content.read()?,
            retention: body.retention.clone(),
            controls: body.controls.iter().map(|id| parsed("control", id)).collect::<Result<_, _>>()?,
            files,
        };
        item_done(StatusCode::CREATED, &item::open(cx, new).await?)
    })
    .await
}

async fn revise(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<NewVersion>,
) -> Answered {
    let (key, from) = (ItemKey(number(&key)?), call.number()?);
    let files = uploads(&call.body.files)?;
    write(&state, &asked, &call, async |cx| {
        if let Some(stale) = changed_since(cx, key, from).await? {
            return Ok(stale);
        }
        let body = &call.body;
        let new = item::NewVersion {
            description: body.content.read()?,
            keep: body.keep.iter().copied().collect(),
            files,
            reason: body.reason.clone(),
        };
        item_done(StatusCode::OK, &item::revise(cx, key, from, new).await?)
    })
    .await
}

async fn link(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<Served>,
) -> Answered {
    let (key, from) = (ItemKey(number(&key)?), call.number()?);
    write(&state, &asked, &call, async |cx| {
        if let Some(stale) = changed_since(cx, key, from).await? {
            return Ok(stale);
        }
        let wanted: BTreeSet<_> =
            call.body.controls.iter().map(|id| parsed("control", id)).collect::<Result<_, _>>()?;
        let mut item = item::find(cx, key).await?;
        let before = item.controls.clone();
        for gone in before.difference(&wanted) {
            item = item::unlink(cx, key, item.revision, gone).await?;
        }
        for new in wanted.difference(&before) {
            item = item::link(cx, key, item.revision, new).await?;
        }
        item_done(StatusCode::OK, &item)
    })
    .await
}

async fn submit(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<Nothing>,
) -> Answered {
    step(&state, &asked, &key, &call, async |cx, key, from| item::submit(cx, key, from).await).await
}

async fn accept(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<Note>,
) -> Answered {
    let note = &call.body.note;
    step(&state, &asked, &key, &call, async |cx, key, from| item::accept(cx, key, from, note).await).await
}

async fn give_back(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<Reason>,
) -> Answered {
    let why = &call.body.reason;
    step(&state, &asked, &key, &call, async |cx, key, from| item::give_back(cx, key, from, why).await).await
}

async fn withdraw(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<Reason>,
) -> Answered {
    let why = &call.body.reason;
    step(&state, &asked, &key, &call, async |cx, key, from| item::withdraw(cx, key, from, why).await).await
}

/// Takes one step with an item, from the revision that was looked at.
async fn step<B, F>(state: &WebState, asked: &Asked, key: &str, call: &Call<B>, take: F) -> Answered
where
    F: AsyncFnOnce(&mut Cx<'_>, ItemKey, i64) -> Result<Item, Error>,
{
    let (key, from) = (ItemKey(number(key)?), call.number()?);
    write(state, asked, call, async |cx| {
        if let Some(stale) = changed_since(cx, key, from).await? {
            return Ok(stale);
        }
        item_done(StatusCode::OK, &take(cx, key, from).await?)
    })
    .await
}

fn item_done(status: StatusCode, item: &Item) -> Result<Done, Error> {
    let location = format!("{BASE}/evidence-items/{}", item.key.0);
    done(status, &EvidenceItem::from(item), &item.revision.to_string(), &location)
}

/// What is answered where an item is not as it was in a revision, for whoever may see it.
async fn changed_since(cx: &mut Cx<'_>, key: ItemKey, from: i64) -> Result<Option<Done>, Error> {
    if item::find(cx, key).await?.revision == from {
        return Ok(None);
    }
    let whole = item::whole(cx, key).await?;
    let seen = whole.at_revision(from).as_ref().map(EvidenceItem::from);
    let now = &whole.item;
    stale(&EvidenceItem::from(now), &now.revision.to_string(), seen.as_ref()).map(Some)
}

fn uploads(files: &[NewFile]) -> Result<Vec<Upload>, Refusal> {
    let one = |(at, file): (usize, &NewFile)| {
        let bytes = bytes_of(&format!("#/files/{at}/content"), &file.content)?;
        Ok(Upload { name: file.name.clone(), bytes: bytes.into() })
    };
    files.iter().enumerate().map(one).collect()
}
