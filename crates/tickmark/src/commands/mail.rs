//! `tickmark mail`: mail to people, from the machine.

use std::io::{BufRead as _, Read as _};

use clap::Subcommand;
use serde_json::json;
use tickmark_app::mail::{self, Sending};
use tickmark_core::mail::MailState;

use crate::cli::Common;
use crate::failure::{Failure, Outcome};
use crate::output::{Output, Tone};
use crate::wiring;

/// Most bytes that are read as a password.
const MAX_LINE: u64 = 4_096;

/// What the help teaches by.
pub(crate) const EXAMPLES: &str = "\
Examples:
  tickmark mail test ada@example.com       whether mail arrives, with the settings as they are
  tickmark mail password                   keep the password of the mail server, sealed
  tickmark mail list                       what was sent, what waits, what went wrong
  tickmark mail again 12                   send a letter again that was given up";

/// `tickmark mail`
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Send a letter that says only that mail arrives. Works beside a server that runs.
    Test {
        /// To whom.
        address: String,
    },
    /// List the newest letters: to whom, how far they came, what went wrong.
    List,
    /// Send what is to go out now. A server that runs with accounts does so by itself.
    Send,
    /// Keep the password of the mail server, sealed; it is read from standard input, one line.
    Password,
    /// Let a letter go out again that was tried in vain.
    Again {
        /// Its number.
        key: i64,
    },
}

/// Runs `tickmark mail …`.
pub(crate) async fn run(command: &Command, common: &Common, output: &Output) -> Outcome {
    match command {
        Command::Test { address } => {
            let app = wiring::inspect(common).await?;
            let progress = output.progress("asking the mail server");
            let sent = app.test_mail(address).await;
            drop(progress);
            app.close().await;
            sent?;
            output.answer(&json!({"sent_to": address}), |output| {
                output.line(output.tone(Tone::Good, format!("✓ the mail server took a letter to {address}")));
            })?;
            output.note("Look whether it arrived, and not among what is unwanted.");
            Ok(())
        }
        Command::List => {
            let app = wiring::inspect(common).await?;
            let actor = wiring::reader(&app).await?;
            let all = app.read(&actor, async |view| mail::list(view).await).await?;
            app.close().await;
            list(&all, output)
        }
        Command::Send => {
            let app = wiring::open(common).await?;
            let actor = wiring::reader(&app).await?;
            let passed = app.send_mail(&actor).await;
            app.close().await;
            let passed = passed?;
            output.answer(&json!({"sent": passed.sent, "failed": passed.failed}), |output| {
                output.line(format!("{} sent, {} not taken", passed.sent, passed.failed));
            })?;
            if passed.failed > 0 {
                return Err(Failure::No);
            }
            Ok(())
        }
        Command::Password => password(common, output).await,
        Command::Again { key } => {
            let app = wiring::open(common).await?;
            let actor = wiring::reader(&app).await?;
            let done = app.transact(&actor, async |cx| mail::send_again(cx, *key).await).await;
            app.sequence(&actor).await?;
            app.close().await;
            done?;
            output.answer(&json!({"waiting": key}), |output| {
                output.line(format!("Letter {key} goes out with the next pass."));
            })?;
            Ok(())
        }
    }
}

async fn password(common: &Common, output: &Output) -> Outcome {
    let mut line = String::new();
    output.note("The password of the mail server, then Enter:");
    std::io::stdin().lock().take(MAX_LINE).read_line(&mut line)?;
    wiring::inspect(common).await?.close().await;
    let app = wiring::open(common).await?;
    let kept = async {
        // It is the installation's; the event stands with the organization that was there first.
        let everywhere = app.everywhere().await?;
        let first = everywhere.first().ok_or_else(|| {
            Failure::input("there is no organization here; `tickmark init` makes one".to_owned())
        })?;
        app.transact(first, async |cx| mail::keep_password(cx, line.trim_end_matches(['\r', '\n'])).await)
            .await?;
        app.sequence(first).await?;
        Outcome::Ok(())
    };
    let kept = kept.await;
    app.close().await;
    kept?;
    output.answer(&json!({"kept": true}), |output| {
        output.line("The password is kept, sealed with the key of accounts.");
    })?;
    output.note(
        "It counts where the settings name a user and no password_file. Try it: tickmark mail test ADDRESS",
    );
    Ok(())
}

fn list(all: &[Sending], output: &Output) -> Outcome {
    let value: Vec<_> = all
        .iter()
        .map(|one| {
            json!({
                "key": one.key, "kind": one.kind.word(), "to": one.recipient, "state": one.state.word(),
                "made_at": one.made_at, "due_at": one.due_at, "attempts": one.attempts, "problem": one.problem,
            })
        })
        .collect();
    output.answer(&value, |output| {
        if all.is_empty() {
            output.line("No letter was written yet.");
            return;
        }
        let rows = all.iter().map(|one| {
            let state = match one.state {
                MailState::Waiting if one.attempts > 0 => format!("again from {}", one.due_at.minute()),
                state => state.word().replace('_', " "),
            };
            let number = one.key.to_string();
            [number, one.kind.title().to_owned(), one.recipient.clone(), state, one.problem.clone()]
        });
        output.table(["Letter", "About", "To", "State", "Problem"], rows);
    })?;
    Ok(())
}
