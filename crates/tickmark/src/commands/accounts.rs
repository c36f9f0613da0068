//! `tickmark accounts`: the key that passwords, authenticators and secrets depend on.

use clap::Subcommand;
use serde_json::json;
use tickmark_app::App;

use crate::cli::Common;
use crate::failure::Outcome;
use crate::output::{Output, Tone};
use crate::wiring;

/// What the help teaches by.
pub(crate) const EXAMPLES: &str = "\
Examples:
  tickmark accounts key              which keys there are, and what needs the older ones
  tickmark accounts rotate           make another key, and move to it what can be moved
  tickmark accounts move             go on with that, e.g. after an interruption
  tickmark accounts drop             drop the older keys, once nothing needs them";

/// `tickmark accounts`
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say which older keys there are, and what needs them.
    Key,
    /// Make another key, and move to it what can be moved without its owner.
    Rotate,
    /// Move to the present key what can be moved. Doing it again moves nothing twice.
    Move,
    /// Drop the older keys. Refused while something needs one.
    Drop,
}

/// Runs `tickmark accounts …`.
pub(crate) async fn run(command: &Command, common: &Common, output: &Output) -> Outcome {
    if let Command::Key = command {
        let app = wiring::inspect(common).await?;
        return uses(&app, output).await;
    }
    // Opening for writing makes a data folder, and nobody means that here.
    wiring::inspect(common).await?.close().await;
    let mut app = wiring::open(common).await?;
    let outcome = change(&mut app, command, output).await;
    for program in app.everywhere().await? {
        app.sequence(&program).await?;
    }
    app.close().await;
    outcome
}

async fn change(app: &mut App, command: &Command, output: &Output) -> Outcome {
    match command {
        Command::Key => {}
        Command::Rotate => {
            let id = app.make_accounts_key().await?;
            output.note(format!("The key {id} is the present one. Back up keys/accounts.key now."));
            moved(app, output).await?;
        }
        Command::Move => moved(app, output).await?,
        Command::Drop => {
            let count = app.drop_older_accounts_keys().await?;
            output.answer(&json!({"dropped": count}), |output| {
                output.line(output.tone(Tone::Good, format!("✓ {count} older keys are dropped")));
            })?;
            output.note(
                "Back up keys/accounts.key now. Backups of the database from before need the older file.",
            );
        }
    }
    Ok(())
}

async fn moved(app: &App, output: &Output) -> Outcome {
    let progress = output.progress("sealing anew");
    let moved = app.move_to_accounts_key().await;
    drop(progress);
    let moved = moved?;
    let value = json!({
        "authenticators": moved.seeds, "letters": moved.letters, "providers": moved.providers, "accounts": moved.accounts,
    });
    output.answer(&value, |output| {
        output.line(format!(
            "Sealed anew: {} authenticators, {} letters and mail secrets, {} client secrets; {} accounts are counted anew.",
            moved.seeds, moved.letters, moved.providers, moved.accounts
        ));
    })?;
    output.note("Passwords follow when their owners sign in, recovery codes when they make new ones: `tickmark accounts key`.");
    Ok(())
}

async fn uses(app: &App, output: &Output) -> Outcome {
    let uses = app.use_of_accounts_keys().await;
    app.close().await;
    let uses = uses?;
    let value = json!(
        uses.iter()
            .map(|one| json!({"key": one.key, "passwords": one.passwords, "people_with_codes": one.codes}))
            .collect::<Vec<_>>()
    );
    output.answer(&value, |output| {
        if uses.is_empty() {
            output.line("There is one key of accounts, and everything is made with it.");
        } else {
            let rows =
                uses.iter().map(|one| [one.key.clone(), one.passwords.to_string(), one.codes.to_string()]);
            output.table(["Older key", "Passwords", "People with recovery codes"], rows);
        }
    })?;
    Ok(())
}
