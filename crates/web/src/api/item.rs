//! Items of evidence: kept, written anew, handed in, accepted, returned, withdrawn, said to serve controls.

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG};
use axum::http::{HeaderMap, HeaderName, StatusCode, Uri};
use axum::response::IntoResponse;
use axum::routing::{get, post, put};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::evidence::item::{self, Happening, Purpose, RETENTION, Upload};
use tickmark_app::{Cx, Error};
use tickmark_core::Digest;
use tickmark_core::evidence::item::{Covers, Description, Item, ItemFile, Version, day};
use tickmark_core::id::ItemKey;
use tickmark_core::identity::Resource::Evidence;
use tickmark_core::identity::Verb::{Approve, Create, Read};

use super::answer::{Answered, answer, answer_of, quoted};
use super::asking::{asking, cover, number, plain};
use super::call::{Call, Done, FILES_BYTES, Taken, done, unfit, write};
use super::fit::Misfit;
use super::meanwhile::stale;
use super::operation::{Operation, Writing};
use super::words::{AS_OF, Note, Nothing, Reason, as_of, parsed, read};
use super::{BASE, model};
use crate::WebState;
use crate::error::Refusal;
use crate::evidence::attachment;
use crate::guard::SANDBOX;
use crate::visit::Asked;

const KINDS: [&str; 7] = ["screenshot", "export", "configuration", "document", "record", "message", "photo"];
const METHODS: [&str; 5] = ["exported", "captured", "queried", "written", "received"];
const SENSITIVITIES: [&str; 4] = ["public", "internal", "confidential", "restricted"];

pub(super) static LOOKS: &[Operation] = &[
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

pub(super) static WRITES: &[Writing] = &[
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

/// What is said about an item.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ItemContent {
    /// What it shows, in one line.
    #[schemars(length(min = 1, max = 200))]
    title: String,
    #[schemars(extend("enum" = KINDS))]
    kind: String,
    /// How it was obtained.
    #[schemars(extend("enum" = METHODS))]
    method: String,
    /// Where it comes from: the system and the place in it.
    #[serde(default)]
    #[schemars(length(max = 300))]
    source: String,
    /// The query, or the steps by which another could obtain it again.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    steps: String,
    /// Who collected it, in words.
    #[serde(default)]
    #[schemars(length(max = 300))]
    collected_by: String,
    /// On which day, in UTC.
    #[serde(default)]
    #[schemars(extend("format" = "date"))]
    collected_on: Option<String>,
    /// First day that it is about, in UTC.
    #[serde(default)]
    #[schemars(extend("format" = "date"))]
    covers_from: Option<String>,
    /// Last day that it is about.
    #[serde(default)]
    #[schemars(extend("format" = "date"))]
    covers_to: Option<String>,
    /// Who it would hurt if it became known.
    #[schemars(extend("enum" = SENSITIVITIES))]
    sensitivity: String,
    /// What was taken out before it was handed in.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    redaction: String,
}

impl From<&Description> for ItemContent {
    fn from(said: &Description) -> Self {
        Self {
            title: said.title.clone(),
            kind: said.kind.word().to_owned(),
            method: said.method.word().to_owned(),
            source: said.source.clone(),
            steps: said.steps.clone(),
            collected_by: said.collected_by.clone(),
            collected_on: said.collected_at.map(|at| at.date()),
            covers_from: said.covers.map(|covers| covers.from.date()),
            covers_to: said.covers.map(|covers| covers.last_day().date()),
            sensitivity: said.sensitivity.word().to_owned(),
            redaction: said.redaction.clone(),
        }
    }
}

impl ItemContent {
    fn read(&self) -> Result<Description, Error> {
        let covers = match (&self.covers_from, &self.covers_to) {
            (Some(from), Some(to)) => Some(Covers::days(from, to).map_err(Error::invalid)?),
            (None, None) => None,
            _ => return Err(Error::invalid("covers_from and covers_to go together")),
        };
        let collected_at = self.collected_on.as_deref().map(day).transpose().map_err(Error::invalid)?;
        Ok(Description {
            title: self.title.clone(),
            kind: read("kind", &self.kind)?,
            source: self.source.clone(),
            method: read("method", &self.method)?,
            steps: self.steps.clone(),
            collected_by: self.collected_by.clone(),
            collected_at,
            covers,
            sensitivity: read("sensitivity", &self.sensitivity)?,
            redaction: self.redaction.clone(),
        })
    }
}

/// A file that is handed in.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewFile {
    /// Its name with its ending, which must be what its bytes are.
    #[schemars(length(min = 1, max = 255))]
    name: String,
    /// Its bytes in Base64 (RFC 4648, section 4).
    #[schemars(length(min = 1, max = 12_000_000))]
    content: String,
}

/// A new item of evidence: a draft until it is handed in.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewItem {
    content: ItemContent,
    /// How long it is kept.
    #[serde(default = "usual_retention")]
    #[schemars(extend("enum" = RETENTION))]
    retention: String,
    /// Controls that it serves.
    #[serde(default)]
    #[schemars(length(max = 100), inner(length(min = 1, max = 40)))]
    controls: Vec<String>,
    /// Its files; 16 MiB in all, as they are written here. Larger ones go through the pages.
    #[schemars(length(min = 1, max = 20))]
    files: Vec<NewFile>,
}

fn usual_retention() -> String {
    RETENTION[0].to_owned()
}

/// A new version of an item.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewVersion {
    content: ItemContent,
    /// Files of the version before that stay, by their number there.
    #[serde(default)]
    #[schemars(length(max = 50), inner(range(min = 1)))]
    keep: Vec<i64>,
    /// Files that are new.
    #[serde(default)]
    #[schemars(length(max = 20))]
    files: Vec<NewFile>,
    /// Why; may be left out while the item is a draft.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    reason: String,
}

/// Which controls an item serves.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Served {
    #[schemars(length(max = 100), inner(length(min = 1, max = 40)))]
    controls: Vec<String>,
}

/// A file of an item.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct File {
    /// Its number in the version, from 1.
    number: i64,
    name: String,
    /// As its bytes say.
    media_type: String,
    /// In bytes.
    size: u64,
}

impl From<&ItemFile> for File {
    fn from(file: &ItemFile) -> Self {
        Self {
            number: file.seq,
            name: file.name.clone(),
            media_type: file.media_type.clone(),
            size: file.size,
        }
    }
}

/// An item of evidence, as it is now.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct EvidenceItem {
    key: i64,
    /// `draft`, `submitted`, `accepted`, `returned` or `withdrawn`.
    state: String,
    /// Number of the newest version.
    version: i64,
    content: ItemContent,
    retention: String,
    controls: Vec<String>,
    files: Vec<File>,
    made_by: String,
    made_at: String,
    /// Who handed in the newest version; null if nobody has.
    submitted_by: Option<String>,
    /// Who accepted or returned it last.
    decided_by: Option<String>,
}

impl From<&Item> for EvidenceItem {
    fn from(item: &Item) -> Self {
        Self {
            key: item.key.0,
            state: item.state.word().to_owned(),
            version: item.version.number,
            content: ItemContent::from(&item.version.description),
            retention: item.retention.clone(),
            controls: item.controls.iter().map(ToString::to_string).collect(),
            files: item.version.files.iter().map(Into::into).collect(),
            made_by: item.made_by.to_string(),
            made_at: item.made_at.to_string(),
            submitted_by: item.submitted.map(|(who, _)| who.to_string()),
            decided_by: item.decided.map(|(who, _)| who.to_string()),
        }
    }
}

/// One version of an item.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct ItemVersion {
    /// Its number, from 1.
    version: i64,
    /// From when.
    since: String,
    by: String,
    /// Why it took the place of the one before; may be empty.
    reason: String,
    content: ItemContent,
    files: Vec<File>,
}

impl From<&Version> for ItemVersion {
    fn from(version: &Version) -> Self {
        Self {
            version: version.number,
            since: version.at.to_string(),
            by: version.by.to_string(),
            reason: version.reason.clone(),
            content: ItemContent::from(&version.description),
            files: version.files.iter().map(Into::into).collect(),
        }
    }
}

/// Something that happened to an item.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct ItemEvent {
    /// Its number, from 1.
    number: usize,
    at: String,
    by: String,
    /// `opened`, `revise`, `submit`, `accept`, `return`, `withdraw`, `linked` or `unlinked`.
    event: String,
    /// The version that it was about.
    version: i64,
    /// The control, for links; empty else.
    control: String,
    /// What a person wrote; may be empty.
    note: String,
}

impl ItemEvent {
    fn of((at, happening): (usize, &Happening)) -> Self {
        Self {
            number: at + 1,
            at: happening.at.to_string(),
            by: happening.by.to_string(),
            event: happening.event.clone(),
            version: happening.version,
            control: happening.about.clone(),
            note: happening.note.clone(),
        }
    }
}

impl Taken for Served {}
impl Taken for NewItem {
    const BYTES: usize = FILES_BYTES;
}
impl Taken for NewVersion {
    const BYTES: usize = FILES_BYTES;
}

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

async fn one(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    plain(&uri)?;
    let (app, actor) = asked.member(&state)?;
    let key = ItemKey(number(&key)?);
    let found = app.read(actor, async |view| item::find(view, key).await).await?;
    Ok(answer_of(&headers, &EvidenceItem::from(&found), &found.revision.to_string()))
}

async fn versions(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    let (app, actor) = asked.member(&state)?;
    let key = ItemKey(number(&key)?);
    let asking = asking(&uri, "/evidence-items/{key}/versions")?;
    let at = asking.moment("as_of")?;
    let whole = app.read(actor, async |view| item::whole(view, key).await).await?;
    let items: Vec<ItemVersion> =
        as_of(whole.versions, at, |version| version.at).iter().map(Into::into).collect();
    Ok(answer(&headers, &asking.page(items, |item| item.version.to_string())?))
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
    let fields: [(HeaderName, String); 4] = [
        (CONTENT_TYPE, "application/octet-stream".to_owned()),
        (CONTENT_DISPOSITION, attachment(&file.name)),
        (CONTENT_SECURITY_POLICY, SANDBOX.to_owned()),
        (ETAG, quoted(&Digest::of(&bytes).hex())),
    ];
    Ok((fields, bytes).into_response())
}

async fn events(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    let (app, actor) = asked.member(&state)?;
    let key = ItemKey(number(&key)?);
    let asking = asking(&uri, "/evidence-items/{key}/events")?;
    let whole = app.read(actor, async |view| item::whole(view, key).await).await?;
    let items: Vec<ItemEvent> = whole.history.iter().enumerate().map(ItemEvent::of).collect();
    Ok(answer(&headers, &asking.page(items, |item| item.number.to_string())?))
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

/// What is answered where an item is not as it was in a revision, for whoever may see it. Revisions are not kept, so what
/// there is now is said alone.
async fn changed_since(cx: &mut Cx<'_>, key: ItemKey, from: i64) -> Result<Option<Done>, Error> {
    let item = item::find(cx, key).await?;
    if item.revision == from {
        return Ok(None);
    }
    stale(&EvidenceItem::from(&item), &item.revision.to_string(), None).map(Some)
}

fn uploads(files: &[NewFile]) -> Result<Vec<Upload>, Refusal> {
    let one = |(at, file): (usize, &NewFile)| {
        let bytes = STANDARD.decode(&file.content).map_err(|_| {
            let pointer = format!("#/files/{at}/content");
            unfit(vec![Misfit { pointer, says: "it is no Base64".to_owned() }])
        })?;
        Ok(Upload { name: file.name.clone(), bytes: bytes.into() })
    };
    files.iter().enumerate().map(one).collect()
}
