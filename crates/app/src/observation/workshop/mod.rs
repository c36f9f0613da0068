//! Writing a check and trying it over the facts that hold now, before anything is said by it.
//!
//! What is written here is a draft until somebody else has approved its exact files ([`decide`]). Then they are a folder
//! below the data folder ([`place`]), as those that were written with an editor, and go live with the next run that loads the checks;
//! a changed check is a new version from then on. With the data folder in hand files can still be put there; the run that
//! first uses such files leaves an event that says so.

mod decide;
mod place;

use serde_json::{Value, json};
use tickmark_core::id::TargetKey;
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::observation::draft::files_digest;
use tickmark_core::observation::host::field::fields;
use tickmark_core::observation::{CheckDraft, DraftChange, DraftState, Outcome, host};
use tickmark_core::{Digest, Timestamp};
use tickmark_evaluate::{
    Check, CheckSource, Evaluator, FILE_MANIFEST, FILE_REGO, FILE_TESTS, Library, Origin, PreparedFacts,
    ScaffoldFile, run_tests, scaffold, simple,
};

pub(in crate::observation) use decide::note_files;
pub use decide::{Looked, VerdictChange, all_waiting, approve, decline, drafts_of, look, waiting};
pub use place::{checks_of, own_folder};
pub use tickmark_evaluate::{Operator, SimpleCheck};

use super::record::nameless;
use super::{Target, pack, sql};
use crate::context::{Cx, View};
use crate::identity::audit::{self, Event, Name};
use crate::{Error, Result};

/// Targets over which a check is tried.
pub const TRIED_TARGETS: usize = 200;
/// Most characters of one file.
pub const MAX_FILE_CHARS: usize = 100_000;

/// The files of a check as they are being written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// Id, which is the name of the folder.
    pub id: String,
    /// Text of `check.toml`.
    pub manifest: String,
    /// Text of `check.rego`.
    pub rego: String,
    /// Text of `check_test.rego`.
    pub tests: String,
}

/// What trying a check showed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trial {
    /// What is wrong with its files, each with file and line. Then nothing was tried.
    pub refused: Vec<String>,
    /// Tests that ran.
    pub tests: usize,
    /// Damaged documents that it was asked about.
    pub damaged: usize,
    /// What its tests found wrong.
    pub failures: Vec<String>,
    /// What it says about the facts that hold now, by target.
    pub said: Vec<Said>,
}

/// What a check says about one target.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// The target.
    pub target: TargetKey,
    /// Its name.
    pub name: String,
    /// What the draft says.
    pub outcome: Outcome,
}

impl Trial {
    /// Tells whether the check may go live.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.refused.is_empty() && self.failures.is_empty()
    }
}

impl Draft {
    fn group(&self) -> &str {
        self.id.split('-').next().unwrap_or_default()
    }

    fn source(&self) -> CheckSource {
        CheckSource {
            group: self.group().to_owned(),
            folder: self.id.clone(),
            toml: Some(self.manifest.clone()),
            rego: Some(self.rego.clone()),
            tests: Some(self.tests.clone()),
            origin: Origin::Own,
        }
    }

    fn change(&self) -> DraftChange {
        DraftChange::Files {
            manifest: self.manifest.clone(),
            rego: self.rego.clone(),
            tests: self.tests.clone(),
        }
    }

    fn of_source(source: CheckSource) -> Self {
        Self {
            id: source.folder,
            manifest: source.toml.unwrap_or_default(),
            rego: source.rego.unwrap_or_default(),
            tests: source.tests.unwrap_or_default(),
        }
    }

    /// The files of a draft; none of one that takes a check out.
    #[must_use]
    pub fn of(draft: &CheckDraft) -> Option<Self> {
        match &draft.change {
            DraftChange::Aside => None,
            DraftChange::Files { manifest, rego, tests } => Some(Self {
                id: draft.check.clone(),
                manifest: manifest.clone(),
                rego: rego.clone(),
                tests: tests.clone(),
            }),
        }
    }
}

/// Returns what names the files of a folder.
fn digest_of(source: &CheckSource) -> Digest {
    let [manifest, rego, tests] =
        [&source.toml, &source.rego, &source.tests].map(|text| text.as_deref().unwrap_or_default());
    files_digest([manifest, rego, tests])
}

/// Begins a new check: files that load and whose tests pass, to be changed step by step. Nothing is kept.
///
/// # Errors
/// `Invalid` for an id or title that cannot be one; `Conflict` if there is such a check.
pub fn begin(view: &mut View<'_>, id: &str, title: &str) -> Result<Draft> {
    view.permit_whole(atom(Verb::Create))?;
    let group = id.split('-').next().unwrap_or_default();
    let files = scaffold(id, title, group).map_err(Error::invalid)?;
    begun(view, id, &files)
}

/// Makes the files of a simple check from a field, an operator and a value. Nothing is kept.
///
/// # Errors
/// `Invalid` for what cannot be asked, or what could never fail; `Conflict` if there is such a check.
pub fn make_simple(view: &mut View<'_>, of: &SimpleCheck) -> Result<Draft> {
    view.permit_whole(atom(Verb::Create))?;
    let files = simple(of, &fields()).map_err(Error::invalid)?;
    begun(view, &of.id, &files)
}

fn begun(view: &View<'_>, id: &str, files: &[ScaffoldFile]) -> Result<Draft> {
    if written(view, id)?.is_some() {
        return Err(Error::conflict(format!("there is a check {id} already")));
    }
    let text = |name: &str| {
        files.iter().find(|file| file.path.ends_with(name)).map(|file| file.text.clone()).unwrap_or_default()
    };
    Ok(Draft {
        id: id.to_owned(),
        manifest: text(FILE_MANIFEST),
        rego: text(FILE_REGO),
        tests: text(FILE_TESTS),
    })
}

/// Returns the files of a check, and whether there are own ones: those of the draft that waits, those in force, or those
/// inside the program, to begin an own one from.
///
/// # Errors
/// `NotFound` if there is none.
pub async fn open(view: &mut View<'_>, id: &str) -> Result<(Draft, bool)> {
    view.permit_whole(atom(Verb::Update))?;
    let source = written(view, id)?;
    let is_own = source.as_ref().is_some_and(|source| source.origin == Origin::Own);
    let waits = waiting_of(view, id).await?;
    if let Some(draft) = waits.as_ref().and_then(Draft::of) {
        return Ok((draft, is_own));
    }
    let source = source.ok_or_else(|| Error::not_found("check", id))?;
    Ok((Draft::of_source(source), is_own))
}

/// Returns the draft of a check that waits for a decision.
async fn waiting_of(view: &mut View<'_>, id: &str) -> Result<Option<CheckDraft>> {
    let organization = view.organization();
    let all = sql::drafts_of(view.connection(), organization, id).await?;
    Ok(all.into_iter().find(|draft| draft.state == DraftState::Waiting))
}

/// The folder of a check: the organization's own, then one of the installation, then one inside the program.
fn written(view: &View<'_>, id: &str) -> Result<Option<CheckSource>> {
    let all = place::own_sources(view)?.into_iter().chain(Library::builtin_sources());
    Ok(all.into_iter().find(|source| source.folder == id))
}

/// Tries a check: reads its files, runs its tests, and asks it about the facts of the first [`TRIED_TARGETS`] targets.
///
/// # Errors
/// `Invalid` if a file is too long; or if the database fails. What is wrong with the check is in the answer.
pub async fn try_out(view: &mut View<'_>, draft: &Draft) -> Result<Trial> {
    view.permit_whole(atom(Verb::Update))?;
    for (name, text) in
        [(FILE_MANIFEST, &draft.manifest), (FILE_REGO, &draft.rego), (FILE_TESTS, &draft.tests)]
    {
        if text.chars().count() > MAX_FILE_CHARS {
            return Err(Error::invalid(format!("{name} has more than {MAX_FILE_CHARS} characters")));
        }
    }
    let trials = tried(view, vec![draft.source()]).await?;
    Ok(trials.into_iter().next().expect("one check is tried once"))
}

/// Tries checks, each over the same facts.
async fn tried(view: &mut View<'_>, sources: Vec<CheckSource>) -> Result<Vec<Trial>> {
    let (organization, now) = (view.organization(), view.now);
    let targets = sql::targets(view.connection(), organization).await?;
    let facts = sql::current_facts(view.connection(), organization).await?;
    let mut documents = Vec::new();
    for target in targets.into_iter().filter(|target| target.retired_at.is_none()) {
        if documents.len() == TRIED_TARGETS {
            break;
        }
        if let Some(state) = facts.get(&target.key) {
            documents.push((target, pack::read(view, state).await?));
        }
    }
    // A fifth of a second of work, of somebody else's program: not where requests are answered.
    view.app
        .trials
        .run(move || sources.into_iter().map(|source| trial(source, &documents, now)).collect())
        .await
}

fn trial(source: CheckSource, documents: &[(Target, Value)], now: Timestamp) -> Trial {
    let check = match Check::load(source) {
        Ok(check) => check,
        Err(errors) => {
            let refused = errors.iter().map(ToString::to_string).collect();
            return Trial { refused, ..Trial::default() };
        }
    };
    let validate = |facts: &Value| host::validate(facts).map_err(|error| error.to_string());
    let report = run_tests(&check, Some(&validate));
    let mut evaluator = Evaluator::default();
    let said = documents.iter().map(|(target, document)| {
        let about = nameless(&target.target.kind);
        let outcome = evaluator.evaluate(&check, &about, &PreparedFacts::new(document), now);
        Said { target: target.key, name: target.target.name.clone(), outcome }
    });
    Trial {
        refused: Vec::new(),
        tests: report.cases.len(),
        damaged: report.damaged_documents,
        said: said.collect(),
        failures: report.failures(),
    }
}

/// Hands a check in that was tried and passed: a draft, in force once somebody else has approved it.
///
/// # Errors
/// `Invalid` without a reason; `Conflict` if these are the files in force already.
pub async fn propose(cx: &mut Cx<'_>, draft: &Draft, reason: &str) -> Result<Trial> {
    let before = written(cx, &draft.id)?;
    let verb = if before.is_some() { Verb::Update } else { Verb::Create };
    cx.permit_whole(atom(verb))?;
    let trial = try_out(cx, draft).await?;
    if !trial.passed() {
        return Ok(trial);
    }
    let change = draft.change();
    let is_same =
        before.is_some_and(|source| source.origin == Origin::Own && digest_of(&source) == change.digest());
    if is_same {
        return Err(Error::conflict("these are its files already"));
    }
    hand_in(cx, &draft.id, change, reason, Name::CheckWritten).await?;
    Ok(trial)
}

/// Proposes to take an own check out: its folder is put aside, not deleted, once somebody else has approved. One inside
/// the program that it had replaced is there again from the next run on.
///
/// # Errors
/// `NotFound` if there is no own check with this id; `Invalid` without a reason.
pub async fn put_aside(cx: &mut Cx<'_>, id: &str, reason: &str) -> Result<CheckDraft> {
    cx.permit_whole(atom(Verb::Delete))?;
    let is_own = written(cx, id)?.is_some_and(|source| source.origin == Origin::Own);
    if !is_own {
        return Err(Error::not_found("check of your own", id));
    }
    place::need_own(cx, id).await?;
    hand_in(cx, id, DraftChange::Aside, reason, Name::CheckPutAside).await
}

async fn hand_in(
    cx: &mut Cx<'_>,
    id: &str,
    change: DraftChange,
    reason: &str,
    name: Name,
) -> Result<CheckDraft> {
    let before = waiting_of(cx, id).await?;
    let (organization, by, now) = (cx.organization(), cx.actor.id, cx.now);
    let key = sql::next_draft(cx.connection(), organization).await?;
    let draft =
        CheckDraft::write(key, id, change, before.as_ref(), (by, now), reason).map_err(Error::invalid)?;
    if let Some(before) = before {
        let replaced = CheckDraft { state: DraftState::Replaced, ..before };
        sql::decide_draft(cx.connection(), organization, &replaced).await?;
    }
    sql::add_draft(cx.connection(), organization, &draft).await?;
    let in_force = written(cx, id)?.map(|source| digest_of(&source));
    let event = Event {
        before: Some(json!({"files": in_force})),
        after: Some(json!({"draft": key, "files": draft.change.digest(), "state": draft.state.word()})),
        why: Some(&draft.reason),
        ..Event::done(name, "check", id)
    };
    audit::record(cx, event).await?;
    Ok(draft)
}

/// The permission to do something with checks.
fn atom(verb: Verb) -> Atom {
    Atom::new(Resource::Test, verb)
}
