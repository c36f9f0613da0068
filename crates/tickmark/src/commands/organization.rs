//! `tickmark organization`: the tenants of one installation, each with its own people, keys, log and records.

use clap::Subcommand;
use serde_json::json;
use tickmark_app::identity::{self, people};
use tickmark_core::identity::Standing;

use super::people::At;
use super::{Content, init};
use crate::cli::Common;
use crate::failure::{Failure, Outcome};
use crate::output::{Output, Tone};
use crate::wiring;

/// What the help teaches by.
pub(crate) const EXAMPLES: &str = "\
Examples:
  tickmark organization list
  tickmark organization add \"Beta GmbH\" --system \"Payroll\"
  tickmark organization rename \"Beta AG\" --organization \"Beta GmbH\"
  tickmark people list --organization \"Beta GmbH\"";

/// `tickmark organization`
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the organizations of this data folder.
    List,
    /// Add an organization: its own key and log, starter controls as drafts, and a link by which its first owner comes in.
    Add {
        /// Its name.
        name: String,
        /// Name of the system that a report of it would describe.
        #[arg(long, value_name = "NAME", default_value = init::SYSTEM)]
        system: String,
        #[command(flatten)]
        at: At,
    },
    /// Give an organization another name. With several, `--organization` says which.
    Rename {
        /// The new name.
        name: String,
    },
}

/// Runs `tickmark organization …`.
pub(crate) async fn run(command: &Command, common: &Common, output: &Output) -> Outcome {
    match command {
        Command::List => list(common, output).await,
        Command::Add { name, system, at } => add((name, system), at, common, output).await,
        Command::Rename { name } => rename(name, common, output).await,
    }
}

async fn list(common: &Common, output: &Output) -> Outcome {
    let app = wiring::inspect(common).await?;
    let mut rows = Vec::new();
    for organization in app.organizations().await? {
        let program = app.program(&organization).await?;
        let (members, systems) = app
            .read(&program, async |view| Ok((people::members(view).await?, identity::systems(view).await?)))
            .await?;
        let active = members.iter().filter(|member| member.standing == Standing::Active).count();
        rows.push((organization, active, systems));
    }
    app.close().await;
    let value: Vec<_> = rows
        .iter()
        .map(|(one, members, systems)| {
            let systems: Vec<_> = systems.iter().map(|system| &system.name).collect();
            json!({"name": one.name, "id": one.id, "members": members, "systems": systems})
        })
        .collect();
    Ok(output.answer(&value, |output| {
        let rows = rows.iter().map(|(one, members, systems)| {
            let systems: Vec<_> = systems.iter().map(|system| system.name.as_str()).collect();
            [one.name.clone(), members.to_string(), systems.join(", "), one.created_at.date()]
        });
        output.table(["Organization", "Members", "Systems", "Since"], rows);
    })?)
}

async fn add((name, system): (&str, &str), at: &At, common: &Common, output: &Output) -> Outcome {
    // Opening for writing makes a data folder, and that is what `init` is for.
    wiring::inspect(common).await?.close().await;
    let content = Content::load(common, output)?;
    let app = wiring::open(common).await?;
    let there = app.organizations().await?;
    if there.iter().any(|one| one.name == name) {
        app.close().await;
        return Err(Failure::input(format!("there is an organization {name:?} already")));
    }
    let made = async {
        let actor = app.ensure_organization(name, system).await?;
        init::adopt(&app, &actor, &content).await?;
        let link = app.transact(&actor, async |cx| people::offer_set_up(cx).await).await?;
        app.sequence(&actor).await?;
        Outcome::Ok(link)
    };
    let made = made.await;
    app.close().await;
    let link = made?.ok_or_else(|| Failure::input(format!("{name:?} has an owner already")))?;
    let address = format!("{}/join/{}", at.url.trim_end_matches('/'), link.text());
    let value = json!({"organization": name, "link": address, "expires_at": link.expires_at});
    output.answer(&value, |output| {
        output.line(format!("{name} is added."));
        output.line(output.tone(Tone::Strong, &address));
    })?;
    output.note(
        "Whoever opens it while `tickmark serve --accounts` runs becomes its owner. It works once, for 30 minutes; the \
         server prints a new one when it starts.",
    );
    Ok(())
}

async fn rename(name: &str, common: &Common, output: &Output) -> Outcome {
    wiring::inspect(common).await?.close().await;
    let app = wiring::open(common).await?;
    let renamed = async {
        let actor = wiring::reader(&app).await?;
        app.transact(&actor, async |cx| identity::rename_organization(cx, name).await).await?;
        app.sequence(&actor).await?;
        Outcome::Ok(actor.organization.name)
    };
    let renamed = renamed.await;
    app.close().await;
    let before = renamed?;
    output.answer(&json!({"before": before, "organization": name}), |output| {
        output.line(format!("{before} is called {name} now."));
    })?;
    Ok(())
}
