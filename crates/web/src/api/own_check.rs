//! Checks of the organization's own: read as files, tried over the facts that hold now, handed in as a draft, approved by
//! somebody else, put aside; and the versions that each check had.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::Error;
use tickmark_app::observation::workshop::{self, Draft, Looked, Trial as CoreTrial};
use tickmark_app::observation::{self, CheckVersion};
use tickmark_core::identity::Resource::Test;
use tickmark_core::identity::Verb::{Approve, Delete, Update};
use tickmark_core::observation::{CheckDraft, DraftChange};

use super::BASE;
use super::answer::{Answered, answer, answer_of};
use super::asking::{asking, plain};
use super::call::{Call, Done, Taken, done, no_tag, write};
use super::looking::Looking;
use super::operation::{Operation, Writing};
use super::words::{AS_OF, Reason, as_of, word};
use crate::WebState;
use crate::design::segment;
use crate::error::Refusal;
use crate::route::{get, post, put};
use crate::visit::Asked;

/// Most faults that are told at once.
const MOST_FAULTS: usize = 20;

pub(super) static LOOKS: &[Operation] = &[
    Operation::one::<CheckFiles>(
        "getCheckFiles",
        ("/checks/{id}/files", "/checks/ssh-root-login-disabled/files"),
        "The files of a check, to begin one of your own from; those of the draft that waits, if one does",
        Test,
        || get(files),
    )
    .to(Update),
    Operation::one::<WaitingDraft>(
        "getCheckDraft",
        ("/checks/{id}/draft", "/checks/ssh-root-login-disabled/draft"),
        "The draft of a check that waits, with the verdicts that would change; its tag is its exact content",
        Test,
        || get(draft),
    )
    .to(Update),
    Operation::list::<DraftRecord>(
        "listCheckDrafts",
        ("/checks/{id}/drafts", "/checks/ssh-root-login-disabled/drafts"),
        "Every draft of a check with what became of it, oldest first",
        Test,
        || get(drafts),
    ),
    Operation::list::<CheckVersionRecord>(
        "listCheckVersions",
        ("/checks/{id}/versions", "/checks/ssh-root-login-disabled/versions"),
        "Every version that a check had, with its text, oldest first",
        Test,
        || get(versions),
    )
    .filtered(AS_OF),
];

pub(super) static WRITES: &[Writing] = &[
    Writing::post::<Files, Trial>(
        "tryCheck",
        ("/checks/{id}/trial", "/checks/ssh-root-login-disabled/trial"),
        "Tries a check over the facts that hold now; nothing is kept",
        (Test, Update),
        || post(try_out),
    ),
    Writing::put::<NewDraft, Trial>(
        "proposeCheck",
        ("/checks/{id}/files", "/checks/ssh-root-login-disabled/files"),
        "Hands in a check that passes, as a draft; in force once somebody else has approved it",
        (Test, Update),
        || put(propose),
    ),
    Writing::post::<Reason, DraftRecord>(
        "putCheckAside",
        ("/checks/{id}/retirement", "/checks/ssh-root-login-disabled/retirement"),
        "Proposes to take a check of your own out; what it said stays",
        (Test, Delete),
        || post(put_aside),
    ),
    Writing::post::<DraftApproval, DraftRecord>(
        "approveCheck",
        ("/checks/{id}/approval", "/checks/ssh-root-login-disabled/approval"),
        "Approves the exact content of a draft; it is in force from the next run on",
        (Test, Approve),
        || post(approve),
    )
    .versioned()
    .for_people(),
    Writing::post::<Reason, DraftRecord>(
        "declineCheck",
        ("/checks/{id}/refusal", "/checks/ssh-root-login-disabled/refusal"),
        "Declines a draft, or takes back one that one wrote oneself; what is in force stays so",
        (Test, Update),
        || post(decline),
    )
    .versioned(),
];

/// A check as it is handed in.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewDraft {
    /// `check.toml`.
    #[schemars(length(min = 1, max = 100_000))]
    manifest: String,
    /// `check.rego`.
    #[schemars(length(min = 1, max = 100_000))]
    rego: String,
    /// `check_test.rego`.
    #[schemars(length(min = 1, max = 100_000))]
    tests: String,
    /// Why.
    #[schemars(length(min = 1, max = 1_000))]
    reason: String,
}

/// An approval.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct DraftApproval {
    /// Why the only member of an organization approves what they wrote themselves; empty otherwise.
    #[serde(default)]
    #[schemars(length(max = 1_000))]
    alone: String,
}

/// A draft with what became of it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct DraftRecord {
    key: i64,
    check: String,
    /// Its exact content, as `ETag` and `If-Match` have it.
    digest: String,
    /// Whether it takes the check out.
    is_aside: bool,
    /// `waiting`, `approved`, `declined` or `replaced`.
    state: String,
    by: String,
    at: String,
    reason: String,
    /// Who decided; null before.
    decided_by: Option<String>,
    decided_at: Option<String>,
    /// Why it was declined, or why its author approved it alone.
    note: String,
    /// Whether one of its authors approved it.
    is_alone: bool,
}

impl From<&CheckDraft> for DraftRecord {
    fn from(draft: &CheckDraft) -> Self {
        let decided = draft.decided.as_ref();
        Self {
            key: draft.key,
            check: draft.check.clone(),
            digest: draft.change.digest().to_string(),
            is_aside: draft.change == DraftChange::Aside,
            state: draft.state.word().to_owned(),
            by: draft.by.to_string(),
            at: draft.at.to_string(),
            reason: draft.reason.clone(),
            decided_by: decided.map(|one| one.by.to_string()),
            decided_at: decided.map(|one| one.at.to_string()),
            note: decided.map(|one| one.note.clone()).unwrap_or_default(),
            is_alone: draft.is_alone(),
        }
    }
}

/// A draft that waits, with what it would change.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct WaitingDraft {
    draft: DraftRecord,
    /// The files in force; null for a new check.
    in_force: Option<DraftFiles>,
    /// The files that would be; null where there would be no check of this id.
    would_be: Option<DraftFiles>,
    /// Verdicts that would change, of the first 200 targets.
    changes: Vec<ChangedVerdict>,
}

/// The files of a check.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct DraftFiles {
    manifest: String,
    rego: String,
    tests: String,
}

impl From<&Draft> for DraftFiles {
    fn from(draft: &Draft) -> Self {
        Self { manifest: draft.manifest.clone(), rego: draft.rego.clone(), tests: draft.tests.clone() }
    }
}

/// A verdict that would be another one.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct ChangedVerdict {
    /// Key of the target.
    target: i64,
    name: String,
    /// What the check in force says; null where there is none.
    before: Option<String>,
    /// What it would say; null where there would be none.
    after: Option<String>,
}

impl From<&Looked> for WaitingDraft {
    fn from(looked: &Looked) -> Self {
        let changes = looked.changes.iter().map(|change| ChangedVerdict {
            target: change.target.0,
            name: change.name.clone(),
            before: change.before.map(word),
            after: change.after.map(word),
        });
        Self {
            draft: (&looked.draft).into(),
            in_force: looked.in_force.as_ref().map(Into::into),
            would_be: looked.would_be.as_ref().map(Into::into),
            changes: changes.collect(),
        }
    }
}

/// A version that a check had.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct CheckVersionRecord {
    /// Digest of logic and parameters, which verdicts name.
    version: String,
    engine: String,
    /// `built-in` or `own`.
    origin: String,
    since: String,
    /// When another one took its place; null for the one in force.
    until: Option<String>,
    /// The Rego source.
    logic: String,
    /// The rest of the definition, as it was stored.
    definition: serde_json::Value,
}

impl CheckVersionRecord {
    fn of(version: &CheckVersion) -> Result<Self, Error> {
        let definition = serde_json::to_value(&version.definition)
            .map_err(|error| Error::internal("writing the definition of a check", error))?;
        Ok(Self {
            version: version.version.to_string(),
            engine: version.engine.clone(),
            origin: version.origin.clone(),
            since: version.introduced_at.to_string(),
            until: version.superseded_at.map(|until| until.to_string()),
            logic: version.logic.clone(),
            definition,
        })
    }
}

/// The files of a check.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Files {
    /// `check.toml`.
    #[schemars(length(min = 1, max = 100_000))]
    manifest: String,
    /// `check.rego`.
    #[schemars(length(min = 1, max = 100_000))]
    rego: String,
    /// `check_test.rego`.
    #[schemars(length(min = 1, max = 100_000))]
    tests: String,
}

impl Files {
    fn read(&self, id: &str) -> Draft {
        Draft {
            id: id.to_owned(),
            manifest: self.manifest.clone(),
            rego: self.rego.clone(),
            tests: self.tests.clone(),
        }
    }
}

/// The files of a check, with whose they are.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct CheckFiles {
    id: String,
    /// Whether it is the organization's own, or one inside the program.
    is_own: bool,
    manifest: String,
    rego: String,
    tests: String,
}

/// What trying a check showed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Trial {
    /// Whether it may be kept.
    is_passed: bool,
    /// Tests that ran.
    tests: usize,
    /// What is wrong with its files, or what its tests found wrong.
    faults: Vec<String>,
    /// What it says about the facts that hold now, of the first 200 targets.
    results: Vec<TrialResult>,
}

/// What a check that is tried says about a target.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct TrialResult {
    /// Key of the target.
    target: i64,
    name: String,
    /// `pass`, `fail`, `unknown` or `not_applicable`.
    verdict: String,
}

impl From<&CoreTrial> for Trial {
    fn from(trial: &CoreTrial) -> Self {
        let results = trial.said.iter().map(|said| TrialResult {
            target: said.target.0,
            name: said.name.clone(),
            verdict: word(said.outcome.verdict),
        });
        Self {
            is_passed: trial.passed(),
            tests: trial.tests,
            faults: trial.refused.iter().chain(&trial.failures).take(MOST_FAULTS).cloned().collect(),
            results: results.collect(),
        }
    }
}

impl Taken for NewDraft {}
impl Taken for DraftApproval {}
impl Taken for Files {}

async fn files(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    plain(&uri)?;
    let (app, actor) = asked.member(&state)?;
    let (draft, is_own) = app.read(actor, async |view| workshop::open(view, &id).await).await?;
    let Draft { id, manifest, rego, tests } = draft;
    Ok(answer(&headers, &CheckFiles { id, is_own, manifest, rego, tests }))
}

async fn try_out(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    call: Call<Files>,
) -> Answered {
    write(&state, &asked, &call, async |cx| {
        let trial = workshop::try_out(cx, &call.body.read(&id)).await?;
        done(StatusCode::OK, &Trial::from(&trial), "", "")
    })
    .await
}

async fn draft(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    plain(&uri)?;
    let (app, actor) = asked.member(&state)?;
    let looked = app.read(actor, async |view| workshop::look(view, &id).await).await?;
    let tag = looked.draft.change.digest().to_string();
    Ok(answer_of(&headers, &WaitingDraft::from(&looked), &tag))
}

async fn drafts(Path(id): Path<String>, look: Looking) -> Answered {
    look.list(
        async |view, _| Ok(workshop::drafts_of(view, &id).await?.iter().map(DraftRecord::from).collect()),
        |item: &DraftRecord| item.key.to_string(),
    )
    .await
}

async fn versions(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    let (app, actor) = asked.member(&state)?;
    let asking = asking(&uri, "/checks/{id}/versions")?;
    let at = asking.moment("as_of")?;
    let all = app.read(actor, async |view| observation::check_versions(view, &id).await).await?;
    if all.is_empty() {
        return Err(Refusal::NotFound);
    }
    let found = as_of(all, at, |version| version.introduced_at);
    let items = found.iter().map(CheckVersionRecord::of).collect::<Result<Vec<_>, _>>()?;
    Ok(answer(&headers, &asking.page(items, |item| item.since.clone())?))
}

async fn propose(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    call: Call<NewDraft>,
) -> Answered {
    write(&state, &asked, &call, async |cx| {
        let NewDraft { manifest, rego, tests, reason } = call.body.clone();
        let draft = Draft { id: id.clone(), manifest, rego, tests };
        let trial = Trial::from(&workshop::propose(cx, &draft, &reason).await?);
        if !trial.is_passed {
            return Err(Error::invalid(format!("it does not pass: {}", trial.faults.join("; "))));
        }
        done(StatusCode::OK, &trial, "", &format!("{BASE}/checks/{}/draft", segment(&id)))
    })
    .await
}

async fn put_aside(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    call: Call<Reason>,
) -> Answered {
    write(&state, &asked, &call, async |cx| {
        draft_done(&workshop::put_aside(cx, &id, &call.body.reason).await?)
    })
    .await
}

async fn approve(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    call: Call<DraftApproval>,
) -> Answered {
    let exact = call.version()?.parse().map_err(|_| no_tag())?;
    write(&state, &asked, &call, async |cx| {
        draft_done(&workshop::approve(cx, &id, exact, &call.body.alone).await?)
    })
    .await
}

async fn decline(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    call: Call<Reason>,
) -> Answered {
    let exact = call.version()?.parse().map_err(|_| no_tag())?;
    write(&state, &asked, &call, async |cx| {
        draft_done(&workshop::decline(cx, &id, exact, &call.body.reason).await?)
    })
    .await
}

fn draft_done(draft: &CheckDraft) -> Result<Done, Error> {
    let record = DraftRecord::from(draft);
    let location = format!("{BASE}/checks/{}/drafts", segment(&draft.check));
    done(StatusCode::OK, &record, &record.digest, &location)
}
