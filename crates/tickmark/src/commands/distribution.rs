//! `tickmark distribution`: who outside reads an issued report, and ending it. Letting somebody in needs a fresh proof of who
//! does it, so it is done in the pages.

use clap::{Args, Subcommand};
use serde_json::json;
use tickmark_app::distribution::{self, Basis, Changed, Version};
use tickmark_app::engagement;
use tickmark_core::Timestamp;
use tickmark_core::distribution::{GrantKey, Standing};
use tickmark_core::engagement::EngagementKey;

use super::assess::person;
use super::engagement::key;
use crate::cli::Common;
use crate::failure::{Failure, Outcome};
use crate::output::{Output, Tone};
use crate::wiring;

/// What the help teaches by.
pub(crate) const EXAMPLES: &str = "\
Examples:
  tickmark distribution list                            readers of all reports
  tickmark distribution list E-1
  tickmark distribution show E-1 G-2                    one reader: steps, agreement, copies that were taken
  tickmark distribution check E-1 G-2 --how \"the contract names them\" --by \"Ada Byron\"
  tickmark distribution refuse E-1 G-2 --reason \"no customer of that time\" --by \"Ada Byron\"
  tickmark distribution revoke E-1 G-2 --reason \"the contract ended\" --by \"Ada Byron\"";

/// `tickmark distribution`
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List recipients with where each stands.
    List {
        /// Only those of this engagement, as E-1.
        engagement: Option<String>,
    },
    /// Show one recipient with every step, and what they took.
    Show {
        #[command(flatten)]
        which: Which,
    },
    /// Record how the relationship of a recipient was checked.
    Check {
        #[command(flatten)]
        which: Which,
        /// How.
        #[arg(long, value_name = "TEXT")]
        how: String,
        /// Who checked: a person's name.
        #[arg(long, value_name = "NAME")]
        by: String,
    },
    /// Refuse a recipient.
    Refuse {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        ending: Ending,
    },
    /// Take a grant back: link, codes and what they opened stop working at once.
    Revoke {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        ending: Ending,
    },
}

/// A grant of an engagement.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// The engagement, as E-1.
    engagement: String,
    /// The grant, as G-2.
    grant: String,
}

/// Why and by whom it ends.
#[derive(Debug, Args)]
pub(crate) struct Ending {
    /// Why.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who ends it: a person's name.
    #[arg(long, value_name = "NAME")]
    by: String,
}

impl Which {
    fn read(&self) -> Outcome<(EngagementKey, GrantKey)> {
        let number = self.grant.strip_prefix("G-").unwrap_or(&self.grant).parse().ok();
        let number = number.filter(|number: &i64| *number > 0);
        let grant =
            number.ok_or_else(|| Failure::input(format!("{:?} is no grant, as G-1 is", self.grant)))?;
        Ok((key(&self.engagement)?, GrantKey(grant)))
    }
}

/// What is done to a grant.
enum Act<'a> {
    Check(&'a str),
    Refuse(&'a str),
    Revoke(&'a str),
}

/// Runs `tickmark distribution`.
pub(crate) async fn run(command: &Command, common: &Common, output: &Output) -> Outcome {
    match command {
        Command::List { engagement } => list(engagement.as_deref(), common, output).await,
        Command::Show { which } => show(which.read()?, common, output).await,
        Command::Check { which, how, by } => {
            change(which.read()?, &Act::Check(how), by, common, output).await
        }
        Command::Refuse { which, ending } => {
            change(which.read()?, &Act::Refuse(&ending.reason), &ending.by, common, output).await
        }
        Command::Revoke { which, ending } => {
            change(which.read()?, &Act::Revoke(&ending.reason), &ending.by, common, output).await
        }
    }
}

fn standing(of: Standing, output: &Output) -> String {
    match of {
        Standing::Open => output.tone(Tone::Good, of.title()),
        of if of.is_over() => output.tone(Tone::Muted, of.title()),
        of => output.tone(Tone::Unknown, of.title()),
    }
}

fn value(one: &Version, basis: &Basis, now: Timestamp) -> serde_json::Value {
    let standing = one.record.standing(basis.version(), now);
    json!({"version": one.number, "since": one.since, "standing": standing.word(), "grant": one.record})
}

async fn list(engagement: Option<&str>, common: &Common, output: &Output) -> Outcome {
    let only = engagement.map(key).transpose()?;
    let app = wiring::inspect(common).await?;
    let actor = wiring::reader(&app).await?;
    let read = app
        .read(&actor, async |view| {
            let keys = match only {
                Some(key) => vec![key],
                None => engagement::list(view).await?.iter().map(|one| one.record.key).collect(),
            };
            let mut all = Vec::new();
            for key in keys {
                let basis = distribution::basis(view, key).await?;
                let grants = distribution::list(view, key).await?;
                all.push((basis, grants));
            }
            Ok((all, view.now))
        })
        .await;
    app.close().await;
    let (all, now) = read?;
    let rows: Vec<(&Basis, &Version)> =
        all.iter().flat_map(|(basis, grants)| grants.iter().map(move |grant| (basis, grant))).collect();
    let answer: Vec<_> = rows.iter().map(|(basis, one)| value(one, basis, now)).collect();
    output.answer(&answer, |output| {
        if rows.is_empty() {
            output.line("nobody outside has a report from here");
            return;
        }
        output.table(
            ["Grant", "Engagement", "Company", "Name", "Is", "Until", "Stands"],
            rows.iter().map(|(basis, one)| {
                let recipient = &one.record.asked.recipient;
                [
                    one.record.key.to_string(),
                    one.record.engagement.to_string(),
                    recipient.company.clone(),
                    recipient.name.clone(),
                    recipient.relation.title().to_owned(),
                    one.record.asked.until.to_string(),
                    standing(one.record.standing(basis.version(), now), output),
                ]
            }),
        );
    })?;
    Ok(())
}

async fn show((engagement, grant): (EngagementKey, GrantKey), common: &Common, output: &Output) -> Outcome {
    let app = wiring::inspect(common).await?;
    let actor = wiring::reader(&app).await?;
    let read = app
        .read(&actor, async |view| {
            Ok((
                distribution::basis(view, engagement).await?,
                distribution::find(view, engagement, grant).await?,
                distribution::downloads(view, engagement, grant).await?,
                view.now,
            ))
        })
        .await;
    app.close().await;
    let (basis, one, taken, now) = read?;
    let copies: Vec<_> = taken
        .iter()
        .map(|one| json!({"document": one.item, "copy": one.copy, "at": one.at, "network": one.network}))
        .collect();
    let mut answer = value(&one, &basis, now);
    answer["taken"] = json!(copies);
    output.answer(&answer, |output| {
        let record = &one.record;
        let (asked, recipient) = (&record.asked, &record.asked.recipient);
        let stands = standing(record.standing(basis.version(), now), output);
        output.line(format!("{grant} of {engagement}: {stands}"));
        output.line(format!("{}, {} ({})", recipient.name, recipient.company, recipient.relation.title()));
        output.line(format!("for {}; until {}", asked.purpose, asked.until));
        if let Some(checked) = record.checked() {
            output.line(format!("checked {}: {}", checked.at, checked.says));
        }
        for accepted in record.accepted() {
            output.line(format!(
                "accepted {} as {}: version {} of the agreement, {}",
                accepted.at, accepted.name, accepted.version, accepted.digest
            ));
        }
        if let Some(approved) = record.approved() {
            output.line(format!("approved {}", approved.at));
        }
        if let Some(ended) = record.ended() {
            output.line(format!("ended {}: {}", ended.at, ended.says));
        }
        for one in &taken {
            output.line(format!("copy {} of {} taken {} from {}", one.copy, one.item, one.at, one.network));
        }
    })?;
    Ok(())
}

async fn change(
    (engagement, grant): (EngagementKey, GrantKey),
    act: &Act<'_>,
    by: &str,
    common: &Common,
    output: &Output,
) -> Outcome {
    let app = wiring::open(common).await?;
    let by = person(&app, by).await?;
    let changed = app
        .transact(&by, async |cx| {
            let from = distribution::find(cx, engagement, grant).await?.number;
            let changed = match act {
                Act::Check(how) => distribution::check(cx, engagement, grant, from, how).await?,
                Act::Refuse(why) => distribution::refuse(cx, engagement, grant, from, why).await?,
                Act::Revoke(why) => distribution::revoke(cx, engagement, grant, from, why).await?,
            };
            let (Changed::Done(version) | Changed::Stale(version)) = changed;
            let basis = distribution::basis(cx, engagement).await?;
            Ok((version, basis, cx.now))
        })
        .await;
    app.sequence(&by).await?;
    app.close().await;
    let (one, basis, now) = changed?;
    output.answer(&value(&one, &basis, now), |output| {
        let stands = standing(one.record.standing(basis.version(), now), output);
        output.line(format!("{grant} of {engagement}: {stands}"));
    })?;
    Ok(())
}
