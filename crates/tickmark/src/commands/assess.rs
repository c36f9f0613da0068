//! `tickmark assess`: the four questions. Tests suggest; a named person answers.

mod criterion;
mod scope;

use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};
use tickmark_app::conclusion::{self, ControlStanding, Standing};
use tickmark_app::{Actor, ActorKind, App, identity, report};
use tickmark_core::conclusion::readiness::{Answer, Question};
use tickmark_core::control::ControlId;

use super::{catalog, checks};
use crate::cli::Common;
use crate::failure::{Failure, Outcome};
use crate::output::{Output, Tone};
use crate::wiring;

/// What the help teaches by.
pub(crate) const EXAMPLES: &str = "\
Examples:
  tickmark assess show                             all controls, answers beside what tests suggest
  tickmark assess show CC6.1                       the controls of one criterion
  tickmark assess set NET-01 designed yes --by \"Ada Byron\" --reason \"read the rule set with the owner\"
  tickmark assess criterion CC6.1 --status partly-met --by \"Ada Byron\" \\
      --lacks \"contractors\" --reason \"the review leaves them out\"
  tickmark assess scope                            what is assessed: all criteria until somebody chooses
  tickmark assess scope --category security=\"customers ask\" --exclude CC6.4=\"no premises\" \\
      --type 2 --from 2027-01-01 --to 2027-12-31 --by \"Ada Byron\" --reason \"first plan\"
  tickmark assess snapshot --by \"Ada Byron\"        freeze the present state
  tickmark assess list
  tickmark assess compare 1 2                      what changed between two of them, and why";

/// `tickmark assess`
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show answers and suggestions, per control or per criterion.
    Show {
        /// Control or criterion id; all when left out.
        id: Option<String>,
    },
    /// Record a person's answer to one question about one control.
    Set {
        /// Control id, e.g. `NET-01`.
        control: String,
        /// Which of the four questions.
        question: QuestionWord,
        /// The answer.
        answer: AnswerWord,
        /// Who decides: a person's name.
        #[arg(long)]
        by: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Judge a criterion: what is left uncovered, what compensates, its status. Without `--by`, show what was said.
    Criterion(criterion::Criterion),
    /// Choose what is assessed: categories, criteria that are not relevant, the examination aimed at. Without `--by`, show it.
    Scope(Box<scope::Scope>),
    /// Freeze the present state as a snapshot.
    Snapshot {
        /// Who takes it.
        #[arg(long)]
        by: String,
    },
    /// List the snapshots, newest first.
    List,
    /// Compare two snapshots: what changed, and why.
    Compare {
        /// Number of the earlier one.
        before: i64,
        /// Number of the later one.
        after: i64,
    },
}

/// The four questions of a readiness assessment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum QuestionWord {
    /// Written down; would meet the criterion if run.
    Designed,
    /// In place: at least one real instance seen.
    Implemented,
    /// Ran as designed over the period.
    Operating,
    /// Evidence complete, dated, attributable, retrievable.
    Evidenced,
}

/// The answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AnswerWord {
    /// Yes.
    Yes,
    /// Partly.
    Partly,
    /// No.
    No,
    /// Take the answer back.
    NotAssessed,
}

/// Runs `tickmark assess`.
pub(crate) async fn run(command: &Command, common: &Common, output: &Output) -> Outcome {
    match command {
        Command::Show { id } => show(id.as_deref(), common, output).await,
        Command::Set { control, question, answer, by, reason } => {
            let id: ControlId = control.parse().map_err(Failure::input)?;
            set(&id, (*question).into(), (*answer).into(), by, reason, common, output).await
        }
        Command::Criterion(options) => criterion::run(options, common, output).await,
        Command::Scope(options) => scope::run(options, common, output).await,
        Command::Snapshot { by } => snapshot(by, common, output).await,
        Command::List => list(common, output).await,
        Command::Compare { before, after } => compare(*before, *after, common, output).await,
    }
}

/// Returns the person of that name as an actor, noting the name when it is new.
pub(super) async fn person(app: &App, name: &str) -> Outcome<Actor> {
    let program = wiring::reader(app).await?;
    Ok(app.transact(&program, async |cx| identity::ensure_actor(cx, ActorKind::Person, name).await).await?)
}

async fn set(
    id: &ControlId,
    question: Question,
    answer: Answer,
    by: &str,
    reason: &str,
    common: &Common,
    output: &Output,
) -> Outcome {
    let app = wiring::open(common).await?;
    let person = person(&app, by).await?;
    let decision =
        app.transact(&person, async |cx| conclusion::decide(cx, id, question, answer, reason).await).await?;
    app.sequence(&person).await?;
    app.close().await;
    output.answer(&json!({"control": id, "decision": decision}), |output| {
        output.line(format!("{id} {}: {} ({by})", question.word(), answer.word().replace('_', " ")));
    })?;
    Ok(())
}

async fn snapshot(by: &str, common: &Common, output: &Output) -> Outcome {
    let catalog = catalog::load(&common.data)?;
    let library = checks::load(&common.data, output)?;
    let app = wiring::open(common).await?;
    let person = person(&app, by).await?;
    let generator = super::report::GENERATOR;
    let taken = app
        .transact(&person, async |cx| {
            let model = report::readiness(cx, &catalog, &library, by, generator).await?;
            conclusion::snapshot(cx, &model).await
        })
        .await?;
    app.sequence(&person).await?;
    app.close().await;
    output.answer(&taken, |output| {
        output.line(format!(
            "assessment {} at {}, model {}",
            taken.key,
            taken.taken_at.minute(),
            taken.model
        ));
    })?;
    Ok(())
}

async fn list(common: &Common, output: &Output) -> Outcome {
    let app = wiring::inspect(common).await?;
    let actor = wiring::reader(&app).await?;
    let taken = app.read(&actor, async |view| conclusion::snapshots(view).await).await;
    app.close().await;
    let taken = taken?;
    output.answer(&taken, |output| {
        if taken.is_empty() {
            output.line("no assessment was frozen yet: tickmark assess snapshot --by NAME");
            return;
        }
        output.table(
            ["Assessment", "Taken", "Model"],
            taken.iter().map(|one| [one.key.to_string(), one.taken_at.minute(), one.model.short()]),
        );
    })?;
    Ok(())
}

async fn compare(before: i64, after: i64, common: &Common, output: &Output) -> Outcome {
    let app = wiring::inspect(common).await?;
    let actor = wiring::reader(&app).await?;
    let compared = app.read(&actor, async |view| report::compare(view, before, after).await).await;
    app.close().await;
    let comparison = compared?;
    output.answer(&comparison, |output| {
        let (from, to) = (comparison.before.minute(), comparison.after.minute());
        if comparison.changes.is_empty() {
            output.line(format!("nothing changed between {from} and {to}"));
            return;
        }
        output.line(output.tone(Tone::Strong, format!("from {from} to {to}")));
        let none = || "none".to_owned();
        for change in &comparison.changes {
            let (old, new) =
                (change.before.clone().unwrap_or_else(none), change.after.clone().unwrap_or_else(none));
            output.line(format!("{} {}: {old} to {new}", change.area.word(), change.subject));
            for reason in &change.reasons {
                output.line(output.tone(Tone::Muted, format!("  because {reason}")));
            }
            if change.more > 0 {
                output.line(output.tone(Tone::Muted, format!("  and {} more reasons", change.more)));
            }
        }
    })?;
    Ok(())
}

async fn show(id: Option<&str>, common: &Common, output: &Output) -> Outcome {
    let catalog = catalog::load(&common.data)?;
    let app = wiring::inspect(common).await?;
    let actor = wiring::reader(&app).await?;
    let standing = app.read(&actor, async |view| conclusion::standing(view, &catalog).await).await?;
    app.close().await;
    let chosen: Vec<&ControlStanding> = standing
        .controls
        .iter()
        .filter(|control| {
            id.is_none_or(|id| {
                control.control.id.as_str().eq_ignore_ascii_case(id)
                    || control
                        .control
                        .criteria
                        .iter()
                        .any(|mapping| mapping.criterion.eq_ignore_ascii_case(id))
            })
        })
        .collect();
    if chosen.is_empty() {
        return Err(Failure::input(format!("there is no control or criterion {:?}", id.unwrap_or_default())));
    }
    let answer: Vec<Value> = chosen.iter().map(|control| as_json(control)).collect();
    output.answer(&answer, |output| {
        let answers = |control: &ControlStanding, question| {
            let decided = control.rating.answer(question).word().replace("not_assessed", "·");
            let suggested = control.suggestions.iter().find(|suggestion| suggestion.question == question);
            match suggested {
                Some(s) if s.answer != Answer::NotAssessed && control.rating.decision(question).is_none() => {
                    output.tone(Tone::Muted, format!("({}?)", s.answer.word()))
                }
                _ => decided,
            }
        };
        output.table(
            ["Control", "Designed", "Implemented", "Operating", "Evidenced", "Status", "Title"],
            chosen.iter().map(|control| {
                let [designed, implemented, operating, evidenced] =
                    Question::ALL.map(|question| answers(control, question));
                [
                    control.control.id.to_string(),
                    designed,
                    implemented,
                    operating,
                    evidenced,
                    control.status.word().replace('_', " "),
                    control.control.text.current().title.clone(),
                ]
            }),
        );
        if let [only] = chosen.as_slice() {
            explain(only, &standing, output);
        }
    })?;
    output.note("(yes?) is what tests suggest; only `tickmark assess set … --by NAME --reason WHY` answers");
    Ok(())
}

fn explain(control: &ControlStanding, standing: &Standing, output: &Output) {
    output.line(format!("\n{}", control.control.text.current().statement));
    for suggestion in &control.suggestions {
        let words = format!("tests suggest {}: {}", suggestion.question.word(), suggestion.answer.word());
        output.line(format!("  {words}: {}", suggestion.reason));
    }
    for verdict in standing.verdicts_of(control) {
        output.line(format!(
            "  {} {}  {}",
            output.verdict(verdict.verdict),
            verdict.check_id,
            verdict.outcome.message
        ));
    }
}

fn as_json(standing: &ControlStanding) -> Value {
    json!({
        "control": standing.control.id, "title": standing.control.text.current().title,
        "state": standing.control.state(), "status": standing.status,
        "criteria": standing.control.criteria, "answers": standing.rating,
        "suggestions": standing.suggestions, "checks": standing.checks,
    })
}

impl From<QuestionWord> for Question {
    fn from(question: QuestionWord) -> Self {
        match question {
            QuestionWord::Designed => Self::Designed,
            QuestionWord::Implemented => Self::Implemented,
            QuestionWord::Operating => Self::Operating,
            QuestionWord::Evidenced => Self::Evidenced,
        }
    }
}

impl From<AnswerWord> for Answer {
    fn from(answer: AnswerWord) -> Self {
        match answer {
            AnswerWord::Yes => Self::Yes,
            AnswerWord::Partly => Self::Partly,
            AnswerWord::No => Self::No,
            AnswerWord::NotAssessed => Self::NotAssessed,
        }
    }
}
