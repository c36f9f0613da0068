//! `tickmark access-review`: reviews of access, begun, opened, looked at and taken out. Deciding about items is for the
//! reviewers, in the pages.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use tickmark_app::identity::{self, people};
use tickmark_app::port::Renderer;
use tickmark_app::program::access_review::{self, Whole};
use tickmark_app::{Actor, App};
use tickmark_core::control::ControlId;
use tickmark_core::id::ActorId;
use tickmark_core::program::access::{Tier, fold};
use tickmark_core::program::access_review::{ReviewKey, Scope, ScopedSystem, State, Step, Unanswered};
use tickmark_core::report::sheet::{SheetCell, csv_line};
use tickmark_store::folder::write_durably;

use super::assess::person;
use super::end_of;
use crate::cli::Common;
use crate::failure::{Failure, Outcome};
use crate::output::{Output, Tone};
use crate::wiring::{self, Documents};

/// What the help teaches by.
pub(crate) const EXAMPLES: &str = "\
Examples:
  tickmark access-review draft --title \"Production, fourth quarter\" --system \"AWS production=Tom Quill\" \\
      --provisioner \"AWS production=Noor Lee\" --stand-in \"Pia Ash\" --second-stand-in \"Jo Mer\" \\
      --due 2026-12-14 --control IAM-07 --window 2026-Q4 --by \"Ada Byron\"
  tickmark access-review open AR-1 --by \"Ada Byron\"        confirms its scope, freezes its items, opens it
  tickmark access-review status                             all of them, and when each system is reviewed again
  tickmark access-review status AR-1
  tickmark access-review step AR-1 close --by \"Ada Byron\"
  tickmark access-review step AR-1 verify --note \"the rest is OPS-12\" --by \"Ada Byron\"
  tickmark access-review sign AR-1 --statement \"every account was reviewed\" --by \"Ada Byron\"
  tickmark access-review export AR-1 --out AR-1.zip         the whole record; .csv and .xlsx hold its items";

/// `tickmark access-review`
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say what a review is about.
    Draft(Box<Draft>),
    /// Open a review for decisions: its scope is confirmed and its items are frozen on the way, all or nothing.
    Open {
        /// The review, as AR-1.
        review: String,
        /// Who opens it: a person's name.
        #[arg(long, value_name = "NAME")]
        by: String,
    },
    /// How far reviews have come; of one with its reviewers, removals and deviations.
    Status {
        /// The review, as AR-1.
        review: Option<String>,
    },
    /// Take a step: confirm, freeze, open, close, remediate, verify, reopen or archive.
    Step {
        /// The review, as AR-1.
        review: String,
        /// The step.
        #[arg(value_parser = step_word)]
        step: Step,
        /// What becomes of removals that are not shown, for `verify`.
        #[arg(long, default_value = "", value_name = "TEXT")]
        note: String,
        /// Who takes it: a person's name.
        #[arg(long, value_name = "NAME")]
        by: String,
    },
    /// Sign a review off.
    Sign {
        /// The review, as AR-1.
        review: String,
        /// What is said about its completeness.
        #[arg(long, value_name = "TEXT")]
        statement: String,
        /// Who signs: a person's name.
        #[arg(long, value_name = "NAME")]
        by: String,
    },
    /// Write the record of a review into a file: .zip whole, .csv or .xlsx its items.
    Export {
        /// The review, as AR-1.
        review: String,
        /// The file.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

/// `tickmark access-review draft`
#[derive(Debug, Args)]
pub(crate) struct Draft {
    /// Title.
    #[arg(long, value_name = "TEXT")]
    title: String,
    /// A system and who answers for it, as `system=person`; may be given again.
    #[arg(long, value_name = "PAIR", required = true)]
    system: Vec<String>,
    /// Who hands rights out in a system, as `system=person`; may be given again.
    #[arg(long, value_name = "PAIR")]
    provisioner: Vec<String>,
    /// A tier, 0 to 3; may be given again. All of them when left out.
    #[arg(long, value_name = "TIER", value_parser = tier_word)]
    tier: Vec<Tier>,
    /// Who decides where the manager or the owner may not.
    #[arg(long, value_name = "NAME")]
    stand_in: String,
    /// Who decides where the stand-in may not.
    #[arg(long, value_name = "NAME")]
    second_stand_in: String,
    /// Last day for decisions.
    #[arg(long, value_name = "DAY")]
    due: String,
    /// What happens without an answer: revoke or fail.
    #[arg(long, value_name = "WORD", default_value = "revoke", value_parser = unanswered_word)]
    unanswered: Unanswered,
    /// The control that it performs.
    #[arg(long, value_name = "ID")]
    control: Option<ControlId>,
    /// The window of the control.
    #[arg(long, value_name = "WINDOW", requires = "control")]
    window: Option<String>,
    /// Who begins it: a person's name.
    #[arg(long, value_name = "NAME")]
    by: String,
}

fn step_word(word: &str) -> Result<Step, String> {
    let steps = || Step::ALL.iter().filter(|step| **step != Step::Sign);
    let found = steps().find(|step| step.word() == word).copied();
    found.ok_or_else(|| {
        format!("there are {}", steps().map(|step| step.word()).collect::<Vec<_>>().join(", "))
    })
}

fn tier_word(word: &str) -> Result<Tier, String> {
    Tier::from_word(word).ok_or_else(|| "a tier is 0, 1, 2 or 3".to_owned())
}

fn unanswered_word(word: &str) -> Result<Unanswered, String> {
    Unanswered::from_word(word).ok_or_else(|| "it is revoke or fail".to_owned())
}

/// Runs `tickmark access-review`.
pub(crate) async fn run(command: &Command, common: &Common, output: &Output) -> Outcome {
    match command {
        Command::Draft(options) => draft(options, common, output).await,
        Command::Open { review, by } => open(key(review)?, by, common, output).await,
        Command::Status { review: None } => all(common, output).await,
        Command::Status { review: Some(review) } => status(key(review)?, common, output).await,
        Command::Step { review, step, note, by } => {
            take_step(key(review)?, *step, note, by, common, output).await
        }
        Command::Sign { review, statement, by } => sign(key(review)?, statement, by, common, output).await,
        Command::Export { review, out } => export(key(review)?, out, common, output).await,
    }
}

fn key(text: &str) -> Outcome<ReviewKey> {
    access_review::parse(text)
        .ok_or_else(|| Failure::input(format!("{text:?} is no review of access, as AR-1 is")))
}

/// Finds somebody by name or address: here nobody is made by being misspelled.
async fn known(app: &App, program: &Actor) -> Outcome<BTreeMap<String, ActorId>> {
    let found = app
        .read(program, async |view| {
            let labels = identity::labels(view).await?;
            Ok((labels, people::members(view).await?))
        })
        .await?;
    let (labels, members) = found;
    let mut names: BTreeMap<String, ActorId> =
        labels.iter().map(|(&who, label)| (fold(label), who)).collect();
    for member in members {
        names.insert(fold(&member.email), member.actor);
    }
    Ok(names)
}

fn find(names: &BTreeMap<String, ActorId>, name: &str) -> Outcome<ActorId> {
    names.get(&fold(name)).copied().ok_or_else(|| Failure::input(format!("nobody here is called {name:?}")))
}

/// Reads `system=person`.
fn pair<'a>(names: &BTreeMap<String, ActorId>, text: &'a str) -> Outcome<(&'a str, ActorId)> {
    let (system, who) = text
        .rsplit_once('=')
        .ok_or_else(|| Failure::input(format!("{text:?} is not of the form system=person")))?;
    Ok((system.trim(), find(names, who)?))
}

async fn draft(options: &Draft, common: &Common, output: &Output) -> Outcome {
    let due_at = end_of(&options.due)?;
    let app = wiring::open(common).await?;
    let by = person(&app, &options.by).await?;
    let names = known(&app, &by).await?;
    let mut systems: Vec<ScopedSystem> = Vec::new();
    for text in &options.system {
        let (name, owner) = pair(&names, text)?;
        systems.push(ScopedSystem { name: name.to_owned(), owner, provisioners: BTreeSet::new() });
    }
    for text in &options.provisioner {
        let (name, who) = pair(&names, text)?;
        let system = systems.iter_mut().find(|system| fold(&system.name) == fold(name));
        let system = system.ok_or_else(|| Failure::input(format!("{name:?} is not among the systems")))?;
        system.provisioners.insert(who);
    }
    let tiers = if options.tier.is_empty() { Tier::ALL.to_vec() } else { options.tier.clone() };
    let scope = Scope {
        title: options.title.clone(),
        systems,
        tiers: tiers.into_iter().collect(),
        stand_in: find(&names, &options.stand_in)?,
        second_stand_in: find(&names, &options.second_stand_in)?,
        due_at,
        unanswered: options.unanswered,
        control: options.control.clone(),
        window: options.window.clone(),
    };
    let drafted = app.transact(&by, async |cx| access_review::draft(cx, scope).await).await;
    app.sequence(&by).await?;
    app.close().await;
    let review = drafted?;
    output.answer(&review, |output| {
        output.line(format!("{} {}: a draft", review.key, review.scope.title));
    })?;
    output.note(format!("next: tickmark access-review open {} --by \"{}\"", review.key, options.by));
    Ok(())
}

async fn open(key: ReviewKey, by: &str, common: &Common, output: &Output) -> Outcome {
    let app = wiring::open(common).await?;
    let by = person(&app, by).await?;
    let opened = app
        .transact(&by, async |cx| {
            let state = access_review::whole(cx, key).await?.review.state;
            if state == State::Draft {
                access_review::confirm(cx, key).await?;
            }
            if state <= State::Scoped {
                access_review::freeze(cx, key).await?;
            }
            access_review::open(cx, key).await?;
            access_review::whole(cx, key).await
        })
        .await;
    app.sequence(&by).await?;
    app.close().await;
    let whole = opened?;
    output.answer(&value(&whole, &BTreeMap::new()), |output| {
        output.line(format!(
            "{key} is open: {} items, decisions due by {}",
            whole.items.len(),
            whole.review.scope.due_at.plus_micros(-1).date()
        ));
    })?;
    Ok(())
}

async fn take_step(
    key: ReviewKey,
    step: Step,
    note: &str,
    by: &str,
    common: &Common,
    output: &Output,
) -> Outcome {
    let app = wiring::open(common).await?;
    let by = person(&app, by).await?;
    let taken = app
        .transact(&by, async |cx| match step {
            Step::Freeze => access_review::freeze(cx, key).await,
            step => access_review::step(cx, key, step, note).await,
        })
        .await;
    app.sequence(&by).await?;
    app.close().await;
    let review = taken?;
    output.answer(&review, |output| output.line(format!("{key}: {}", review.state.title())))?;
    Ok(())
}

async fn sign(key: ReviewKey, statement: &str, by: &str, common: &Common, output: &Output) -> Outcome {
    let app = wiring::open(common).await?;
    let by = person(&app, by).await?;
    let signed = app.transact(&by, async |cx| access_review::sign(cx, key, statement).await).await;
    app.sequence(&by).await?;
    app.close().await;
    let review = signed?;
    let deviations = review.signed.iter().flat_map(|signed| &signed.deviations);
    output.answer(&review, |output| {
        output.line(format!("{key} is signed off"));
        for one in deviations {
            output.line(output.tone(Tone::Bad, format!("  {one}")));
        }
    })?;
    Ok(())
}

async fn all(common: &Common, output: &Output) -> Outcome {
    let app = wiring::inspect(common).await?;
    let actor = wiring::reader(&app).await?;
    let read = app
        .read(&actor, async |view| {
            let mut all = Vec::new();
            for review in access_review::list(view).await? {
                all.push(access_review::whole(view, review.key).await?);
            }
            Ok((all, access_review::reviewed(view).await?, view.now))
        })
        .await;
    app.close().await;
    let (all, reviewed, now) = read?;
    let again: Vec<Value> = reviewed
        .iter()
        .map(|one| {
            use tickmark_core::program::access_review::Due;
            let (state, at) = match one.due {
                Due::Never => ("never", None),
                Due::Late { since } => ("late", Some(since)),
                Due::InTime { until } => ("in_time", Some(until)),
            };
            json!({"system": one.system, "rights": one.rights.title().to_lowercase(), "state": state, "at": at})
        })
        .collect();
    let reviews: Vec<Value> = all.iter().map(|whole| value(whole, &BTreeMap::new())).collect();
    output.answer(&json!({"reviews": reviews, "systems": again}), |output| {
        if all.is_empty() {
            output.line("no access was reviewed here yet; `tickmark access-review draft` begins a review");
        } else {
            output.table(
                ["Review", "State", "Due", "Answered", "To go", "Shown", "Deviations", "Title"],
                all.iter().map(|whole| row(whole, now, output)),
            );
        }
        for one in &again {
            let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
            output.line(format!(
                "{}, {} rights: {} {}",
                text("system"),
                text("rights"),
                text("state").replace('_', " "),
                text("at")
            ));
        }
    })?;
    Ok(())
}

fn row(whole: &Whole, now: tickmark_core::Timestamp, output: &Output) -> [String; 8] {
    let review = &whole.review;
    let open = whole.standing().undecided().count();
    let due = review.scope.due_at.plus_micros(-1).date();
    let is_late = review.state == State::Open && review.scope.due_at <= now;
    [
        review.key.to_string(),
        review.state.title().to_owned(),
        if is_late { output.tone(Tone::Bad, due) } else { due },
        format!("{} of {}", whole.items.len() - open, whole.items.len()),
        whole.removals.len().to_string(),
        whole.removals.iter().filter(|one| one.state.is_shown()).count().to_string(),
        whole.deviations().len().to_string(),
        review.scope.title.clone(),
    ]
}

fn value(whole: &Whole, labels: &BTreeMap<ActorId, String>) -> Value {
    let counts: BTreeMap<&str, usize> =
        whole.counts().into_iter().map(|(outcome, count)| (outcome.word(), count)).collect();
    let removals: Vec<Value> = whole
        .removals
        .iter()
        .map(|one| {
            json!({
                "item": one.item, "due_at": one.due_at, "state": one.state, "timeliness": one.timeliness,
            })
        })
        .collect();
    let reviewers: Vec<Value> = whole
        .quality()
        .iter()
        .map(|(who, quality)| json!({"actor": who, "name": labels.get(who), "quality": quality}))
        .collect();
    json!({
        "review": whole.review, "items": whole.items.len(), "outcomes": counts, "removals": removals,
        "deviations": whole.deviations(), "not_looked_back": whole.not_looked_back(), "reviewers": reviewers,
    })
}

async fn status(key: ReviewKey, common: &Common, output: &Output) -> Outcome {
    let app = wiring::inspect(common).await?;
    let actor = wiring::reader(&app).await?;
    let read = app
        .read(&actor, async |view| {
            Ok((access_review::whole(view, key).await?, identity::labels(view).await?))
        })
        .await;
    app.close().await;
    let (whole, labels) = read?;
    output.answer(&value(&whole, &labels), |output| {
        let review = &whole.review;
        output.line(format!("{key} {}: {}", review.scope.title, review.state.title()));
        output.line(format!("decisions due by {}", review.scope.due_at.plus_micros(-1).date()));
        for (outcome, count) in whole.counts() {
            output.line(format!("  {}: {count}", outcome.title()));
        }
        let name = |who: &ActorId| labels.get(who).cloned().unwrap_or_else(|| who.to_string());
        output.table(
            ["Reviewer", "Answered", "Kept", "In bulk", "Late", "Most a minute", "To look at"],
            whole.quality().iter().map(|(who, one)| {
                let marks: Vec<&str> = one.marks.iter().map(|mark| mark.title()).collect();
                [
                    name(who),
                    format!("{} of {}", one.decided, one.items),
                    one.kept.to_string(),
                    one.bulk.to_string(),
                    one.late.to_string(),
                    one.per_minute.to_string(),
                    marks.join(", "),
                ]
            }),
        );
        for one in &whole.removals {
            output.line(format!(
                "item {} has to go by {}: {}, {}",
                one.item,
                one.due_at,
                one.state.title().to_lowercase(),
                one.timeliness.title().to_lowercase()
            ));
        }
        for one in whole.deviations() {
            output.line(output.tone(Tone::Bad, one));
        }
    })?;
    Ok(())
}

async fn export(key: ReviewKey, out: &Path, common: &Common, output: &Output) -> Outcome {
    let ending = out.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    if !matches!(ending, "zip" | "csv" | "xlsx") {
        return Err(Failure::input("the file ends in .zip, .csv or .xlsx"));
    }
    let app = wiring::open(common).await?;
    let actor = wiring::reader(&app).await?;
    let bytes = if ending == "zip" {
        app.transact(&actor, async |cx| access_review::take_archive(cx, key).await).await?
    } else {
        let sheet = app.transact(&actor, async |cx| access_review::take_pack(cx, key).await).await?;
        if ending == "xlsx" {
            Documents.list_xlsx(&sheet).map_err(|error| Failure::Could(error.into()))?
        } else {
            let head: Vec<SheetCell> = sheet.columns.iter().cloned().map(SheetCell::Text).collect();
            let lines: String = std::iter::once(&head).chain(&sheet.rows).map(|row| csv_line(row)).collect();
            lines.into_bytes()
        }
    };
    app.sequence(&actor).await?;
    app.close().await;
    write_durably(out, &bytes).map_err(tickmark_app::Error::from)?;
    output.answer(&json!({"file": out, "bytes": bytes.len()}), |output| output.line(out.display()))?;
    Ok(())
}
