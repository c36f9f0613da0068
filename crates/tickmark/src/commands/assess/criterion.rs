//! `tickmark assess criterion`: what a person says about a criterion beyond its controls.

use clap::{Args, ValueEnum};
use serde_json::json;
use tickmark_app::conclusion::judgement::{self, Judged, Said, Version};
use tickmark_app::{conclusion, identity};
use tickmark_core::conclusion::readiness::CriterionStatus;

use super::person;
use crate::cli::Common;
use crate::commands::catalog;
use crate::failure::{Failure, Outcome};
use crate::output::{Output, Tone};
use crate::wiring;

/// `tickmark assess criterion`
#[derive(Debug, Args)]
pub(crate) struct Criterion {
    /// Criterion id, e.g. `CC6.1`.
    id: String,
    /// The status that is decided; as it was when left out.
    #[arg(long, value_enum, requires = "by")]
    status: Option<StatusWord>,
    /// What the key controls leave uncovered together; empty takes it back.
    #[arg(long, requires = "by")]
    lacks: Option<String>,
    /// Which controls compensate for what is missing; empty takes it back.
    #[arg(long, requires = "by")]
    compensation: Option<String>,
    /// Who judges: a person's name.
    #[arg(long, requires = "reason")]
    by: Option<String>,
    /// Why.
    #[arg(long, requires = "by")]
    reason: Option<String>,
}

/// The status of a criterion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum StatusWord {
    /// The controls together cover it.
    Met,
    /// In part, or others compensate.
    PartlyMet,
    /// It is not covered.
    NotMet,
    /// It cannot be said yet.
    NotAssessed,
    /// As the rule suggests: take the decision back.
    Rule,
}

impl StatusWord {
    fn status(self) -> Option<CriterionStatus> {
        match self {
            Self::Met => Some(CriterionStatus::Met),
            Self::PartlyMet => Some(CriterionStatus::PartlyMet),
            Self::NotMet => Some(CriterionStatus::NotMet),
            Self::NotAssessed => Some(CriterionStatus::NotAssessed),
            Self::Rule => None,
        }
    }
}

pub(super) async fn run(options: &Criterion, common: &Common, output: &Output) -> Outcome {
    match (&options.by, &options.reason) {
        (Some(by), Some(reason)) => judge(options, by, reason, common, output).await,
        _ => show(&options.id, common, output).await,
    }
}

fn words(version: &Version) -> String {
    let decided = version.judgement.decision.as_ref();
    decided.map_or("as the rule suggests".to_owned(), |one| one.status.word().replace('_', " "))
}

async fn judge(options: &Criterion, by: &str, reason: &str, common: &Common, output: &Output) -> Outcome {
    let catalog = catalog::load(&common.data)?;
    let app = wiring::open(common).await?;
    let person = person(&app, by).await?;
    let id = options.id.as_str();
    let judged = app
        .transact(&person, async |cx| {
            let before = judgement::versions(cx, &catalog, id).await?.into_iter().next();
            let held = before.as_ref().map(|version| &version.judgement);
            let text = |given: &Option<String>, held: Option<&String>| {
                given.clone().or_else(|| held.cloned()).unwrap_or_default()
            };
            let said = Said {
                lacks: text(&options.lacks, held.and_then(|one| one.lacks.as_ref())),
                compensation: text(&options.compensation, held.and_then(|one| one.compensation.as_ref())),
                status: match options.status {
                    Some(word) => word.status(),
                    None => held.and_then(|one| one.decision.as_ref()).map(|decision| decision.status),
                },
                reason: reason.to_owned(),
            };
            let from = before.as_ref().map_or(0, |version| version.number);
            judgement::judge(cx, &catalog, id, from, &said).await
        })
        .await?;
    app.sequence(&person).await?;
    app.close().await;
    let Judged::Done(version) = judged else {
        return Err(Failure::input(format!("somebody else judged {id} at the same time; look at it again")));
    };
    output.answer(&json!({"criterion": id, "judgement": version}), |output| {
        output.line(format!("{id}: {} ({by})", words(&version)));
    })?;
    Ok(())
}

async fn show(id: &str, common: &Common, output: &Output) -> Outcome {
    let catalog = catalog::load(&common.data)?;
    let app = wiring::inspect(common).await?;
    let actor = wiring::reader(&app).await?;
    let read = app
        .read(&actor, async |view| {
            let standing = conclusion::standing(view, &catalog).await?;
            Ok((standing, judgement::versions(view, &catalog, id).await?, identity::labels(view).await?))
        })
        .await;
    app.close().await;
    let (standing, versions, labels) = read?;
    let assessed = standing.assessment.criteria.iter().find(|one| one.criterion == id);
    let answer = json!({"criterion": id, "in_scope": assessed.is_some(), "assessed": assessed, "judgements": versions});
    output.answer(&answer, |output| {
        match assessed {
            None => output.line(format!("{id} is not in the scope of the assessment")),
            Some(one) => {
                let word = |status: CriterionStatus| status.word().replace('_', " ");
                output.line(format!("{id}: {}", word(one.status())));
                let suggested = &one.suggested;
                output.line(format!("the rule suggests {}: {}", word(suggested.status), suggested.reason));
            }
        }
        for version in &versions {
            let who = labels.get(&version.by).filter(|label| !label.is_empty());
            let who = who.map_or_else(|| version.by.to_string(), Clone::clone);
            let line = format!("{}  {}, {who}: {}", version.at.minute(), words(version), version.reason);
            output.line(output.tone(Tone::Muted, line));
        }
    })?;
    Ok(())
}
