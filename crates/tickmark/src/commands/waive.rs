//! `tickmark waive`: exceptions to checks. A named person approves; a verdict stays what it is.

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use tickmark_app::observation::{self, Target, waiver};
use tickmark_app::{Actor, App};
use tickmark_core::Timestamp;
use tickmark_core::id::{TargetKey, WaiverKey};
use tickmark_core::observation::Waiver;
use tickmark_core::observation::waiver::{Request, Scope, State};

use super::assess::person;
use super::end_of;
use crate::cli::Common;
use crate::failure::{Failure, Outcome};
use crate::output::{Output, Tone};
use crate::wiring;

/// What the help teaches by.
pub(crate) const EXAMPLES: &str = "\
Examples:
  tickmark waive ssh-root-login-disabled --target web-03.example --until 2027-03-31 \\
      --reason \"console is broken\" \\
      --risk \"root can log in\" --compensation \"source addresses are restricted\" \\
      --approved-by \"Ada Byron\" --requested-by \"Tim Lee\"
  tickmark waive list
  tickmark waive revoke 1 --by \"Ada Byron\" --reason \"repaired\"";

/// `tickmark waive`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Waive {
    #[command(subcommand)]
    pub(crate) other: Option<WaiveOther>,
    #[command(flatten)]
    pub(crate) grant: Option<WaiveGrant>,
}

/// `tickmark waive CHECK`
#[derive(Debug, Args)]
pub(crate) struct WaiveGrant {
    /// Check id, e.g. `ssh-root-login-disabled`.
    pub(crate) check: String,
    /// Only this target, by name or number; may be given again. All targets of the check when left out.
    #[arg(long, value_name = "TARGET")]
    pub(crate) target: Vec<String>,
    /// Why the check cannot be met.
    #[arg(long)]
    pub(crate) reason: String,
    /// What can happen meanwhile.
    #[arg(long)]
    pub(crate) risk: String,
    /// What is done instead.
    #[arg(long)]
    pub(crate) compensation: String,
    /// Who approves: a person's name.
    #[arg(long, value_name = "NAME")]
    pub(crate) approved_by: String,
    /// Who asks, when that is somebody else.
    #[arg(long, value_name = "NAME")]
    pub(crate) requested_by: Option<String>,
    /// Why who asks may approve as well.
    #[arg(long, default_value = "")]
    pub(crate) note: String,
    /// Last day on which it holds (UTC), e.g. 2027-03-31; at most a year ahead.
    #[arg(long, value_name = "DATE")]
    pub(crate) until: String,
}

/// The other commands of `tickmark waive`.
#[derive(Debug, Subcommand)]
pub(crate) enum WaiveOther {
    /// List waivers, those that expired or were revoked included.
    List,
    /// Take a waiver back from now on.
    Revoke {
        /// Number of the waiver.
        id: i64,
        /// Who decides: a person's name.
        #[arg(long)]
        by: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

/// Runs `tickmark waive`.
pub(crate) async fn run(command: &Waive, common: &Common, output: &Output) -> Outcome {
    match (&command.other, &command.grant) {
        (Some(WaiveOther::List), _) => list(common, output).await,
        (Some(WaiveOther::Revoke { id, by, reason }), _) => {
            revoke(WaiverKey(*id), by, reason, common, output).await
        }
        (None, Some(options)) => grant(options, common, output).await,
        (None, None) => Err(Failure::input("name a check to waive, or say `list` or `revoke`")),
    }
}

/// Returns a waiver with the word for where it stands.
pub(super) fn with_state(waiver: &Waiver, at: Timestamp) -> Value {
    let mut value = json!(waiver);
    value["state"] = json!(waiver.state(at));
    value
}

/// Returns the last day on which something that ends at a moment still holds.
pub(super) fn last_day(end: Timestamp) -> String {
    end.plus_micros(-1).date()
}

/// Writes waivers as a table.
pub(super) fn table(waivers: &[Waiver], at: Timestamp, output: &Output) {
    output.table(
        ["Waiver", "Check", "Targets", "State", "Until", "Reason"],
        waivers.iter().map(|waiver| {
            let state = waiver.state(at);
            let tone = if state == State::InForce { Tone::Strong } else { Tone::Muted };
            let covers = match &waiver.scope {
                Scope::All => "all".to_owned(),
                Scope::Targets(targets) => targets.len().to_string(),
            };
            [
                waiver.id.to_string(),
                waiver.check.clone(),
                covers,
                output.tone(tone, state),
                last_day(waiver.expires_at),
                waiver.reason.clone(),
            ]
        }),
    );
}

async fn grant(options: &WaiveGrant, common: &Common, output: &Output) -> Outcome {
    let expires_at = end_of(&options.until)?;
    let app = wiring::open(common).await?;
    let granted = granted(&app, options, expires_at).await;
    app.close().await;
    let waiver = granted?;
    output.answer(&with_state(&waiver, waiver.granted_at), |output| {
        output.line(format!(
            "waiver {} of {} until {}: {}",
            waiver.id, waiver.check, options.until, waiver.reason
        ));
    })?;
    output.note("the verdict stays what it is; the waiver stands beside it until that day ends");
    Ok(())
}

async fn granted(app: &App, options: &WaiveGrant, expires_at: Timestamp) -> Outcome<Waiver> {
    let program = wiring::reader(app).await?;
    let targets = app.read(&program, async |view| observation::targets(view).await).await?;
    let scope = if options.target.is_empty() {
        Scope::All
    } else {
        Scope::Targets(options.target.iter().map(|name| target(&targets, name)).collect::<Outcome<_>>()?)
    };
    let approver: Actor = person(app, &options.approved_by).await?;
    let requester = match &options.requested_by {
        Some(name) => person(app, name).await?,
        None => approver.clone(),
    };
    let request = Request {
        check: options.check.clone(),
        scope,
        reason: options.reason.clone(),
        risk: options.risk.clone(),
        compensation: options.compensation.clone(),
        note: options.note.clone(),
        requested_by: requester.id,
        expires_at,
    };
    let waiver = app.transact(&approver, async |cx| waiver::grant(cx, request).await).await?;
    app.sequence(&approver).await?;
    Ok(waiver)
}

/// Finds a target by name or number.
pub(super) fn target(targets: &[Target], name: &str) -> Outcome<TargetKey> {
    let named: Vec<&Target> = targets.iter().filter(|target| target.target.name == name).collect();
    match named.as_slice() {
        [only] => Ok(only.key),
        [] => name
            .parse()
            .ok()
            .and_then(|key| targets.iter().find(|target| target.key == TargetKey(key)))
            .map(|target| target.key)
            .ok_or_else(|| Failure::input(format!("there is no target {name:?}"))),
        several => Err(Failure::input(format!(
            "several targets are called {name:?}; use a number: {}",
            several.iter().map(|target| target.key.to_string()).collect::<Vec<_>>().join(", ")
        ))),
    }
}

async fn revoke(id: WaiverKey, by: &str, reason: &str, common: &Common, output: &Output) -> Outcome {
    let app = wiring::open(common).await?;
    let person = person(&app, by).await?;
    let revoked = app.transact(&person, async |cx| waiver::revoke(cx, id, reason).await).await;
    app.sequence(&person).await?;
    app.close().await;
    let waiver = revoked?;
    output.answer(&with_state(&waiver, app.now()), |output| {
        output.line(format!("waiver {id} of {} is revoked", waiver.check));
    })?;
    Ok(())
}

async fn list(common: &Common, output: &Output) -> Outcome {
    let app = wiring::inspect(common).await?;
    let actor = wiring::reader(&app).await?;
    let (waivers, now) = app.read(&actor, async |view| Ok((waiver::list(view).await?, view.now))).await?;
    app.close().await;
    let answer: Vec<Value> = waivers.iter().map(|waiver| with_state(waiver, now)).collect();
    output.answer(&answer, |output| {
        if waivers.is_empty() {
            output.line("no check is waived");
        } else {
            table(&waivers, now, output);
        }
    })?;
    Ok(())
}
