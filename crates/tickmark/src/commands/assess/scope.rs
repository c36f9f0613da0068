//! `tickmark assess scope`: what readiness is computed for.

use std::collections::BTreeMap;

use clap::Args;
use serde_json::json;
use tickmark_app::conclusion::scope::{self, Changed};
use tickmark_app::identity;
use tickmark_core::conclusion::chosen::Choice;
use tickmark_core::conclusion::scope::{Day, Target};
use tickmark_core::control::ControlId;

use super::person;
use crate::cli::Common;
use crate::commands::catalog;
use crate::failure::{Failure, Outcome};
use crate::output::{Output, Tone};
use crate::wiring;

/// `tickmark assess scope`. A list that is given takes the place of the one before; what is not given stays.
#[derive(Debug, Args)]
pub(crate) struct Scope {
    /// A category that is in, with the reason; may be given again.
    #[arg(long = "category", value_name = "ID=REASON", requires = "by")]
    categories: Vec<String>,
    /// A category that is left out on purpose, with the reason; may be given again.
    #[arg(long = "leave-out", value_name = "ID=REASON", requires = "by")]
    omissions: Vec<String>,
    /// A criterion that is not relevant to the system, with the reason; may be given again.
    #[arg(long = "exclude", value_name = "ID=REASON", requires = "by")]
    exclusions: Vec<String>,
    /// A control without an occurrence in the period, with what shows that; may be given again.
    #[arg(long = "no-occurrence", value_name = "CONTROL=SHOWN-BY", requires = "by")]
    idle: Vec<String>,
    /// A service that is in; may be given again.
    #[arg(long = "service", value_name = "TEXT", requires = "by")]
    services: Vec<String>,
    /// What lies outside, and could be thought to be in; may be given again.
    #[arg(long, value_name = "TEXT", requires = "by")]
    outside: Vec<String>,
    /// Whether the system makes or distributes goods.
    #[arg(long, value_name = "YES", requires = "by")]
    products: Option<bool>,
    /// The examination aimed at: of type 1 or 2.
    #[arg(long = "type", value_name = "1|2", value_parser = clap::value_parser!(u8).range(1..=2), requires = "by")]
    kind: Option<u8>,
    /// Type 1: its date.
    #[arg(long, value_name = "DATE", requires = "kind")]
    as_of: Option<Day>,
    /// Type 2: its first day.
    #[arg(long, value_name = "DATE", requires = "kind")]
    from: Option<Day>,
    /// Type 2: its last day.
    #[arg(long, value_name = "DATE", requires = "kind")]
    to: Option<Day>,
    /// Who decides: a person's name.
    #[arg(long, requires = "reason")]
    by: Option<String>,
    /// Why.
    #[arg(long, requires = "by")]
    reason: Option<String>,
}

pub(super) async fn run(options: &Scope, common: &Common, output: &Output) -> Outcome {
    match (&options.by, &options.reason) {
        (Some(by), Some(reason)) => set(options, by, reason, common, output).await,
        _ => show(common, output).await,
    }
}

fn pairs(given: &[String]) -> Outcome<BTreeMap<String, String>> {
    let mut pairs = BTreeMap::new();
    for text in given {
        let pair = text.split_once('=').filter(|(id, _)| !id.trim().is_empty());
        let (id, why) = pair.ok_or_else(|| Failure::input(format!("write {text:?} as ID=REASON")))?;
        pairs.insert(id.trim().to_owned(), why.trim().to_owned());
    }
    Ok(pairs)
}

/// Puts what is given in the place of what was.
fn changed(mut choice: Choice, options: &Scope) -> Outcome<Choice> {
    for (given, held) in [
        (&options.categories, &mut choice.categories),
        (&options.omissions, &mut choice.omissions),
        (&options.exclusions, &mut choice.exclusions),
    ] {
        if !given.is_empty() {
            *held = pairs(given)?;
        }
    }
    let categories = &choice.categories;
    choice.omissions.retain(|id, _| !categories.contains_key(id));
    if !options.idle.is_empty() {
        choice.idle = pairs(&options.idle)?
            .into_iter()
            .map(|(id, why)| Ok((id.parse::<ControlId>().map_err(Failure::input)?, why)))
            .collect::<Outcome<_>>()?;
    }
    for (given, held) in [(&options.services, &mut choice.services), (&options.outside, &mut choice.outside)]
    {
        if !given.is_empty() {
            held.clone_from(given);
        }
    }
    choice.products = options.products.unwrap_or(choice.products);
    choice.target = match (options.kind, options.as_of, options.from, options.to) {
        (None, ..) => choice.target,
        (Some(1), as_of, None, None) => Target::Type1 { as_of },
        (Some(2), None, from, to) => Target::Type2 { from, to },
        _ => return Err(Failure::input("a type 1 has --as-of, a type 2 has --from and --to")),
    };
    if matches!(choice.target, Target::Type1 { .. }) {
        choice.idle.clear();
    }
    Ok(choice)
}

async fn set(options: &Scope, by: &str, reason: &str, common: &Common, output: &Output) -> Outcome {
    let catalog = catalog::load(&common.data)?;
    let framework =
        catalog.frameworks.first().ok_or_else(|| Failure::input("the catalog has no framework"))?;
    let app = wiring::open(common).await?;
    let person = person(&app, by).await?;
    let before = app.read(&person, async |view| scope::current(view).await).await?;
    let from = before.as_ref().map_or(0, |chosen| chosen.written.version);
    let choice = changed(before.map_or_else(|| Choice::whole(framework), |chosen| chosen.choice), options)?;
    let done = app
        .transact(&person, async |cx| scope::write(cx, &catalog, from, choice.clone(), reason).await)
        .await?;
    app.sequence(&person).await?;
    app.close().await;
    let Changed::Done(chosen) = done else {
        return Err(Failure::input("somebody else changed the scope at the same time; look at it again"));
    };
    let criteria = chosen.scope(framework).map_err(Failure::input)?.criteria().count();
    output.answer(&json!({"criteria": criteria, "scope": chosen}), |output| {
        output.line(format!("version {}: {criteria} criteria are assessed ({by})", chosen.written.version));
    })?;
    Ok(())
}

async fn show(common: &Common, output: &Output) -> Outcome {
    let catalog = catalog::load(&common.data)?;
    let framework =
        catalog.frameworks.first().ok_or_else(|| Failure::input("the catalog has no framework"))?;
    let app = wiring::inspect(common).await?;
    let actor = wiring::reader(&app).await?;
    let read = app
        .read(&actor, async |view| Ok((scope::holds(view, framework).await?, identity::labels(view).await?)))
        .await;
    app.close().await;
    let (holds, labels) = read?;
    let criteria: Vec<&str> = holds.scope.criteria().collect();
    let answer = json!({
        "criteria": criteria, "choice": holds.choice, "written": holds.chosen.as_ref().map(|one| &one.written),
        "fault": holds.fault,
    });
    output.answer(&answer, |output| {
        let choice = &holds.choice;
        output.line(format!(
            "{} of {} criteria are assessed",
            criteria.len(),
            framework.requirements().count()
        ));
        for (what, all) in [
            ("in", &choice.categories),
            ("left out", &choice.omissions),
            ("not relevant", &choice.exclusions),
        ] {
            for (id, why) in all {
                output.line(format!("  {what}: {id}  {why}"));
            }
        }
        for (id, why) in &choice.idle {
            output.line(format!("  no occurrence: {id}  {why}"));
        }
        let day = |day: Option<Day>| day.map_or_else(|| "undecided".to_owned(), |day| day.to_string());
        output.line(match choice.target {
            Target::Type1 { as_of } => format!("aimed at: type 1 as of {}", day(as_of)),
            Target::Type2 { from, to } => format!("aimed at: type 2, {} to {}", day(from), day(to)),
        });
        let line = match &holds.chosen {
            None => "nobody has chosen a scope: tickmark assess scope --help".to_owned(),
            Some(_) if !holds.fault.is_empty() => {
                format!("what was chosen makes no scope in this catalog: {}", holds.fault)
            }
            Some(chosen) => {
                let written = &chosen.written;
                let who = labels.get(&written.by).filter(|label| !label.is_empty());
                let who = who.map_or_else(|| written.by.to_string(), Clone::clone);
                format!("version {} by {who}, {}: {}", written.version, written.at.minute(), written.reason)
            }
        };
        output.line(output.tone(Tone::Muted, line));
    })?;
    Ok(())
}
