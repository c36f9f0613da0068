//! The guided start: questions about company and scope, the program that follows from the answers, and adopting what was
//! chosen of it. A program may answer and choose; only people adopt, as that says what the report is about.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::conclusion::scope;
use tickmark_app::control::start::{self, Kept};
use tickmark_app::{Cx, Error, control};
use tickmark_core::Timestamp;
use tickmark_core::catalog::Catalog;
use tickmark_core::control::start::{Answers, Draft, Verdict, left_out, propose, unanswered};
use tickmark_core::identity::Resource::Control;
use tickmark_core::identity::Verb::Create;

use super::BASE;
use super::answer::Answered;
use super::call::{Call, Done, Taken, done, write};
use super::looking::Looking;
use super::meanwhile::stale;
use super::operation::{Operation, Writing};
use super::words::{read, word};
use crate::WebState;
use crate::error::Refusal;
use crate::route::{get, post, put};
use crate::visit::Asked;

const COMPANIES: [&str; 4] = ["software", "processing", "managed", "other"];
const SIZES: [&str; 4] = ["tiny", "small", "medium", "large"];
const PREMISES: [&str; 2] = ["remote", "offices"];
const HOSTING: [&str; 3] = ["provider", "own", "both"];

pub(super) static LOOKS: &[Operation] = &[
    Operation::one::<ProgramStart>(
        "getProgramStart",
        ("/program-start", "/program-start"),
        "What was answered in the guided start and what is chosen; its tag is the version, 0 while nothing is kept",
        Control,
        || get(kept),
    )
    .to(Create),
    Operation::list::<ProposedControl>(
        "listProposedControls",
        ("/program-start/controls", "/program-start/controls"),
        "Each control of the starter library with whether the answers propose it, and why; nothing while nothing is answered",
        Control,
        || get(proposed),
    )
    .to(Create),
];

pub(super) static WRITES: &[Writing] = &[
    Writing::put::<StartAnswers, ProgramStart>(
        "answerProgramStart",
        ("/program-start", "/program-start"),
        "Keeps answers about company and scope; other answers propose another program, and what was chosen is chosen anew",
        (Control, Create),
        || put(answer),
    )
    .versioned(),
    Writing::put::<Choice, ProgramStart>(
        "chooseProgram",
        ("/program-start/choice", "/program-start/choice"),
        "Keeps which controls of the starter library are chosen; nothing is adopted yet",
        (Control, Create),
        || put(choose),
    )
    .versioned(),
    Writing::post::<Adoption, ProgramAdopted>(
        "adoptProgram",
        ("/program-start/adoption", "/program-start/adoption"),
        "Copies the chosen controls as drafts, and sets the scope of readiness to what was answered",
        (Control, Create),
        || post(adopt),
    )
    .versioned()
    .for_people(),
];

/// Answers about company and scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct StartAnswers {
    /// The services that the report describes, one a line.
    #[schemars(length(min = 1, max = 4_000))]
    services: String,
    /// What the company does for customers.
    #[schemars(extend("enum" = COMPANIES))]
    company: String,
    /// How many people work there: up to 9, 49, 249, or more.
    #[schemars(extend("enum" = SIZES))]
    size: String,
    /// Where they work.
    #[schemars(extend("enum" = PREMISES))]
    premises: String,
    /// Where the systems run.
    #[schemars(extend("enum" = HOSTING))]
    hosting: String,
    /// Whether it writes the software of these services itself.
    builds_software: bool,
    /// Whether several customers share a system.
    shares_systems: bool,
    /// Categories beside security that something is promised about, by their id: `availability`, `confidentiality`,
    /// `processing-integrity`, `privacy`.
    #[schemars(length(max = 20), inner(length(min = 1, max = 60)))]
    categories: BTreeSet<String>,
}

/// Controls of the starter library.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Choice {
    /// Their ids.
    #[schemars(length(max = 1_000), inner(length(min = 1, max = 40)))]
    controls: BTreeSet<String>,
}

/// What is adopted.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Adoption {
    /// Ids of controls of the starter library.
    #[schemars(length(min = 1, max = 1_000), inner(length(min = 1, max = 40)))]
    controls: BTreeSet<String>,
    /// Whether drafts of the starter library that are here, that nobody has changed and that are not among them are retired
    /// with why they are left out.
    #[serde(default)]
    sets_others_aside: bool,
}

/// How far the guided start has come.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct ProgramStart {
    /// Null while nothing is answered.
    answers: Option<StartAnswers>,
    /// Ids of the controls that were chosen by hand; null while the proposal stands as it is.
    chosen: Option<Vec<String>>,
    kept_by: Option<String>,
    kept_at: Option<String>,
    /// Ids of the criteria in scope.
    criteria: Vec<String>,
    /// Ids of criteria in scope that no chosen control answers.
    unanswered: Vec<String>,
}

/// A control of the starter library.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct ProposedControl {
    id: String,
    area: String,
    title: String,
    statement: String,
    /// Ids of the criteria that it answers.
    criteria: Vec<String>,
    is_proposed: bool,
    /// Whether it is chosen: by hand, or as it is proposed.
    is_chosen: bool,
    /// Why it is proposed or left out.
    why: String,
    /// The state of the control of this id that is here already; null where there is none.
    here: Option<String>,
}

/// What adopting came to.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct ProgramAdopted {
    /// Controls that are new here.
    copied: usize,
    /// Drafts that were retired.
    set_aside: usize,
}

impl Taken for StartAnswers {}
impl Taken for Choice {}
impl Taken for Adoption {}

impl From<&Answers> for StartAnswers {
    fn from(answers: &Answers) -> Self {
        Self {
            services: answers.services.clone(),
            company: word(answers.company),
            size: word(answers.size),
            premises: word(answers.premises),
            hosting: word(answers.hosting),
            builds_software: answers.builds_software,
            shares_systems: answers.shares_systems,
            categories: answers.categories.clone(),
        }
    }
}

impl StartAnswers {
    fn read(&self) -> Result<Answers, Error> {
        let services = self.services.trim().to_owned();
        if services.is_empty() {
            return Err(Error::invalid("services: name at least one service"));
        }
        Ok(Answers {
            services,
            company: read("company", &self.company)?,
            size: read("size", &self.size)?,
            premises: read("premises", &self.premises)?,
            hosting: read("hosting", &self.hosting)?,
            builds_software: self.builds_software,
            shares_systems: self.shares_systems,
            categories: self.categories.clone(),
        })
    }
}

impl ProgramStart {
    fn of(kept: Option<&Kept>, catalog: &Catalog) -> Self {
        let mut start = Self {
            answers: None,
            chosen: None,
            kept_by: None,
            kept_at: None,
            criteria: Vec::new(),
            unanswered: Vec::new(),
        };
        let (Some(kept), Some(framework)) = (kept, catalog.frameworks.first()) else { return start };
        let Draft { answers, chosen } = &kept.draft;
        let scope = answers.criteria(framework);
        let picked: Vec<Verdict<'_>> = propose(answers, catalog, framework)
            .into_iter()
            .map(|one| Verdict { is_proposed: is_chosen(&one, chosen.as_ref()), ..one })
            .collect();
        start.unanswered = unanswered(&picked, &scope);
        start.criteria = scope.into_iter().map(str::to_owned).collect();
        start.answers = Some(answers.into());
        start.chosen = chosen.as_ref().map(|ids| ids.iter().cloned().collect());
        start.kept_by = Some(kept.by.to_string());
        start.kept_at = Some(kept.at.to_string());
        start
    }
}

fn is_chosen(verdict: &Verdict<'_>, chosen: Option<&BTreeSet<String>>) -> bool {
    chosen.map_or(verdict.is_proposed, |chosen| chosen.contains(&verdict.starter.id))
}

fn tag(kept: Option<&Kept>) -> String {
    kept.map_or(0, |kept| kept.at.micros()).to_string()
}

fn catalog(state: &WebState) -> Result<&Catalog, Refusal> {
    state.source().catalog().ok_or(Refusal::NotFound)
}

async fn kept(look: Looking) -> Answered {
    let catalog = catalog(&look.state)?;
    look.tagged(async |view| {
        let kept = start::kept(view).await?;
        Ok((ProgramStart::of(kept.as_ref(), catalog), tag(kept.as_ref())))
    })
    .await
}

async fn proposed(look: Looking) -> Answered {
    let catalog = catalog(&look.state)?;
    look.list(
        async |view, _| {
            let kept = start::kept(view).await?;
            let (Some(kept), Some(framework)) = (kept, catalog.frameworks.first()) else {
                return Ok(Vec::new());
            };
            let here: BTreeMap<String, String> = control::controls(view)
                .await?
                .iter()
                .map(|one| (one.id.to_string(), one.state().word().to_owned()))
                .collect();
            let chosen = kept.draft.chosen.as_ref();
            let line = |one: &Verdict<'_>| ProposedControl {
                id: one.starter.id.clone(),
                area: one.starter.area.clone(),
                title: one.starter.title.clone(),
                statement: one.starter.statement.clone(),
                criteria: one.starter.criteria.clone(),
                is_proposed: one.is_proposed,
                is_chosen: is_chosen(one, chosen),
                why: one.why.clone(),
                here: here.get(&one.starter.id).cloned(),
            };
            Ok(propose(&kept.draft.answers, catalog, framework).iter().map(line).collect())
        },
        |item: &ProposedControl| item.id.clone(),
    )
    .await
}

/// What is gone on with, where it is the version that was looked at; what to answer where it is not.
async fn from(cx: &mut Cx<'_>, seen: i64, catalog: &Catalog) -> Result<Result<Option<Kept>, Done>, Error> {
    let kept = start::kept(cx).await?;
    if kept.as_ref().map_or(0, |kept| kept.at.micros()) == seen {
        return Ok(Ok(kept));
    }
    stale(&ProgramStart::of(kept.as_ref(), catalog), &tag(kept.as_ref()), None).map(Err)
}

/// The version that a change is made from.
fn since(kept: Option<&Kept>) -> Option<Timestamp> {
    kept.map(|kept| kept.at)
}

/// The draft that is gone on with.
fn draft(kept: Option<Kept>) -> Result<Kept, Error> {
    kept.ok_or_else(|| Error::conflict("nothing is answered yet: answer first"))
}

async fn started(cx: &mut Cx<'_>, catalog: &Catalog) -> Result<Done, Error> {
    let kept = start::kept(cx).await?;
    let location = format!("{BASE}/program-start");
    done(StatusCode::OK, &ProgramStart::of(kept.as_ref(), catalog), &tag(kept.as_ref()), &location)
}

async fn answer(State(state): State<WebState>, asked: Asked, call: Call<StartAnswers>) -> Answered {
    let (seen, catalog) = (call.number()?, catalog(&state)?);
    write(&state, &asked, &call, async |cx| {
        let before = match from(cx, seen, catalog).await? {
            Ok(before) => before,
            Err(stale) => return Ok(stale),
        };
        let answers = call.body.read()?;
        // Other answers propose another program, so what was chosen by hand is chosen anew.
        let same = before.as_ref().filter(|kept| kept.draft.answers == answers);
        let draft = Draft { chosen: same.and_then(|kept| kept.draft.chosen.clone()), answers };
        start::keep(cx, since(before.as_ref()), &draft, catalog).await?;
        started(cx, catalog).await
    })
    .await
}

async fn choose(State(state): State<WebState>, asked: Asked, call: Call<Choice>) -> Answered {
    let (seen, catalog) = (call.number()?, catalog(&state)?);
    write(&state, &asked, &call, async |cx| {
        let before = match from(cx, seen, catalog).await? {
            Ok(before) => draft(before)?,
            Err(stale) => return Ok(stale),
        };
        let chosen = Some(call.body.controls.clone());
        let after = Draft { answers: before.draft.answers, chosen };
        start::keep(cx, Some(before.at), &after, catalog).await?;
        started(cx, catalog).await
    })
    .await
}

async fn adopt(State(state): State<WebState>, asked: Asked, call: Call<Adoption>) -> Answered {
    let (seen, catalog) = (call.number()?, catalog(&state)?);
    let framework = catalog.frameworks.first().ok_or(Refusal::NotFound)?;
    write(&state, &asked, &call, async |cx| {
        let before = match from(cx, seen, catalog).await? {
            Ok(before) => draft(before)?,
            Err(stale) => return Ok(stale),
        };
        let chosen = &call.body.controls;
        let after = Draft { answers: before.draft.answers, chosen: Some(chosen.clone()) };
        let left = if call.body.sets_others_aside {
            left_out(&propose(&after.answers, catalog, framework), chosen)
        } else {
            Vec::new()
        };
        start::keep(cx, Some(before.at), &after, catalog).await?;
        let adopted = start::put_together(cx, catalog, chosen, &left).await?;
        // What was answered is what readiness is computed for, until somebody changes its scope.
        scope::take_over(cx, catalog, &after.answers).await?;
        let tag = tag(start::kept(cx).await?.as_ref());
        let adopted = ProgramAdopted { copied: adopted.copied, set_aside: adopted.aside };
        done(StatusCode::OK, &adopted, &tag, &format!("{BASE}/controls"))
    })
    .await
}

#[cfg(test)]
mod tests {
    use tickmark_core::control::start::{Company, Hosting, Premises, Size};

    use super::*;

    #[test]
    fn the_words_of_the_schema_are_those_of_the_subject() {
        assert_eq!(COMPANIES.to_vec(), Company::ALL.iter().map(|one| one.word()).collect::<Vec<_>>());
        assert_eq!(SIZES.to_vec(), Size::ALL.iter().map(|one| one.word()).collect::<Vec<_>>());
        assert_eq!(PREMISES.to_vec(), Premises::ALL.iter().map(|one| one.word()).collect::<Vec<_>>());
        assert_eq!(HOSTING.to_vec(), Hosting::ALL.iter().map(|one| one.word()).collect::<Vec<_>>());
    }
}
