//! Writing a check and trying it over the facts that hold now, before anything is said by it.
//!
//! A check of the organization's own is a folder below the data folder, as one that was written with an editor. It goes
//! live with the next run that loads the checks; a changed one is a new version from then on.

use std::path::PathBuf;

use serde_json::{Value, json};
use tickmark_core::Digest;
use tickmark_core::id::TargetKey;
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::observation::{Outcome, host};
use tickmark_evaluate::{
    Check, CheckSource, Evaluator, FILE_MANIFEST, FILE_REGO, FILE_TESTS, Library, Origin, PreparedFacts,
    read_folder, run_tests, scaffold,
};
use tickmark_store::folder::write_durably;

use super::record::nameless;
use super::{pack, sql};
use crate::context::{Cx, View};
use crate::identity::audit::{self, Event, Name};
use crate::identity::{self, Access};
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
}

/// Begins a new check: files that load and whose tests pass, to be changed step by step. Nothing is kept.
///
/// # Errors
/// `Invalid` for an id or title that cannot be one; `Conflict` if there is such a check.
pub fn begin(view: &mut View<'_>, id: &str, title: &str) -> Result<Draft> {
    view.permit_whole(Atom::new(Resource::Test, Verb::Create))?;
    let group = id.split('-').next().unwrap_or_default();
    let files = scaffold(id, title, group).map_err(Error::invalid)?;
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

/// Returns the files of a check, and whether they are the organization's own or those inside the program, to begin an own
/// one from.
///
/// # Errors
/// `NotFound` if there is none.
pub fn open(view: &mut View<'_>, id: &str) -> Result<(Draft, bool)> {
    view.permit_whole(Atom::new(Resource::Test, Verb::Update))?;
    let source = written(view, id)?.ok_or_else(|| Error::not_found("check", id))?;
    let draft = Draft {
        id: id.to_owned(),
        manifest: source.toml.unwrap_or_default(),
        rego: source.rego.unwrap_or_default(),
        tests: source.tests.unwrap_or_default(),
    };
    Ok((draft, source.origin == Origin::Own))
}

/// The folder of a check, own ones before those inside the program.
fn written(view: &View<'_>, id: &str) -> Result<Option<CheckSource>> {
    let root = view.app.folder().checks();
    let own = if root.is_dir() { read_folder(&root) } else { Ok(Vec::new()) };
    let own = own.map_err(|error| Error::Unavailable {
        what: format!("{} cannot be read", root.display()),
        source: Some(Box::new(error)),
    })?;
    let all = own.into_iter().chain(Library::builtin_sources());
    Ok(all.into_iter().find(|source| source.folder == id))
}

/// Tries a check: reads its files, runs its tests, and asks it about the facts of the first [`TRIED_TARGETS`] targets.
///
/// # Errors
/// `Invalid` if a file is too long; or if the database fails. What is wrong with the check is in the answer.
pub async fn try_out(view: &mut View<'_>, draft: &Draft) -> Result<Trial> {
    view.permit_whole(Atom::new(Resource::Test, Verb::Update))?;
    for (name, text) in
        [(FILE_MANIFEST, &draft.manifest), (FILE_REGO, &draft.rego), (FILE_TESTS, &draft.tests)]
    {
        if text.chars().count() > MAX_FILE_CHARS {
            return Err(Error::invalid(format!("{name} has more than {MAX_FILE_CHARS} characters")));
        }
    }
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
    let source = draft.source();
    // A fifth of a second of work, of somebody else's program: not where requests are answered.
    let trying = view.app.trials.run(move || {
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
        let said = documents.into_iter().map(|(target, document)| {
            let about = nameless(&target.target.kind);
            let outcome = evaluator.evaluate(&check, &about, &PreparedFacts::new(&document), now);
            Said { target: target.key, name: target.target.name, outcome }
        });
        Trial {
            refused: Vec::new(),
            tests: report.cases.len(),
            damaged: report.damaged_documents,
            said: said.collect(),
            failures: report.failures(),
        }
    });
    trying.await
}

/// Keeps a check that was tried and passed, as the organization's own. It takes the place of one with its id, also of one
/// inside the program, from the next run on; what was said before stays with the version that said it.
///
/// # Errors
/// `Invalid` with what is wrong if it does not pass; or as the disk answers.
pub async fn keep(cx: &mut Cx<'_>, draft: &Draft) -> Result<Trial> {
    let before = written(cx, &draft.id)?;
    let verb = if before.is_some() { Verb::Update } else { Verb::Create };
    cx.permit_whole(Atom::new(Resource::Test, verb))?;
    need_own_folder(cx).await?;
    let trial = try_out(cx, draft).await?;
    if !trial.passed() {
        return Ok(trial);
    }
    let folder = folder_of(cx, &draft.id);
    std::fs::create_dir_all(&folder).map_err(|error| Error::Unavailable {
        what: format!("{} cannot be made", folder.display()),
        source: Some(Box::new(error)),
    })?;
    for (name, text) in
        [(FILE_MANIFEST, &draft.manifest), (FILE_REGO, &draft.rego), (FILE_TESTS, &draft.tests)]
    {
        write_durably(&folder.join(name), text.as_bytes())?;
    }
    let digest = |source: &CheckSource| {
        let texts = [&source.toml, &source.rego, &source.tests].map(|text| text.clone().unwrap_or_default());
        Digest::of(texts.join("\u{0}").as_bytes())
    };
    let event = Event {
        before: before
            .as_ref()
            .map(|before| json!({"files": digest(before), "origin": before.origin.word()})),
        after: Some(json!({"files": digest(&draft.source())})),
        ..Event::done(Name::CheckWritten, "check", &draft.id)
    };
    audit::record(cx, event).await?;
    Ok(trial)
}

/// Takes an own check out: its folder is put aside, not deleted. One inside the program that it had replaced is there again
/// from the next run on.
///
/// # Errors
/// `NotFound` if there is no own check with this id; or as the disk answers.
pub async fn put_aside(cx: &mut Cx<'_>, id: &str) -> Result<()> {
    cx.permit_whole(Atom::new(Resource::Test, Verb::Delete))?;
    need_own_folder(cx).await?;
    let is_own = written(cx, id)?.is_some_and(|source| source.origin == Origin::Own);
    if !is_own {
        return Err(Error::not_found("check of your own", id));
    }
    let folder = folder_of(cx, id);
    // Names that begin with a dot are not read.
    let aside = folder.with_file_name(format!(".{id}.{}", cx.now.micros()));
    std::fs::rename(&folder, &aside).map_err(|error| Error::Unavailable {
        what: format!("{} cannot be put aside", folder.display()),
        source: Some(Box::new(error)),
    })?;
    audit::record(cx, Event::done(Name::CheckPutAside, "check", id)).await
}

/// Refuses members where several organizations share the folder of checks: what one of them writes would judge the others.
async fn need_own_folder(view: &mut View<'_>) -> Result<()> {
    if view.actor.access == Access::Local || identity::is_alone(view).await? {
        return Ok(());
    }
    Err(Error::conflict(
        "checks of one's own belong to the whole installation, and it has several organizations; whoever operates it \
         writes them, on the machine: tickmark checks new",
    ))
}

fn folder_of(view: &View<'_>, id: &str) -> PathBuf {
    // An id is kebab case once it was loaded, so it names no other place.
    let group = id.split('-').next().unwrap_or_default();
    view.app.folder().checks().join(group).join(id)
}
