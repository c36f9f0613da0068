//! `tickmark control`: putting controls in force, retiring them, saying when they are due.

use clap::Subcommand;
use serde_json::json;
use tickmark_app::control;
use tickmark_app::program::performance;
use tickmark_core::control::{ControlId, Frequency};
use tickmark_core::program::performance::{Days, Schedule, default_grace_days};

use super::assess::person;
use crate::cli::Common;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::wiring;

/// What the help teaches by.
pub(crate) const EXAMPLES: &str = "\
Examples:
  tickmark control start IAM-07 --owner \"Ada Byron\"
  tickmark control schedule IAM-07 --every quarterly --grace 20
  tickmark control retire PHY-01 --by \"Ada Byron\"";

/// `tickmark control`
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Put a draft in force: from now on it is promised, and due.
    Start {
        /// Control id, e.g. `NET-01`.
        control: String,
        /// The person who answers for it.
        #[arg(long, value_name = "NAME")]
        owner: String,
    },
    /// Take a control out of force.
    Retire {
        /// Control id.
        control: String,
        /// Who decides: a person's name.
        #[arg(long)]
        by: String,
        /// Why.
        #[arg(long, default_value = "decided on the command line")]
        reason: String,
    },
    /// Say when a control is due, where that is not what its frequency usually means.
    Schedule {
        /// Control id.
        control: String,
        /// How often, e.g. `monthly`.
        #[arg(long)]
        every: String,
        /// Days after the window within which it is still on time.
        #[arg(long, value_name = "DAYS")]
        grace: Option<u32>,
        /// Due on weekends as well; for daily controls.
        #[arg(long)]
        all_days: bool,
    },
}

/// Runs `tickmark control`.
pub(crate) async fn run(command: &Command, common: &Common, output: &Output) -> Outcome {
    let app = wiring::open(common).await?;
    let done = match command {
        Command::Start { control, owner } => {
            let id: ControlId = control.parse().map_err(Failure::input)?;
            let owner = person(&app, owner).await?;
            let started =
                app.transact(&owner, async |cx| control::put_in_force(cx, &id, owner.id).await).await;
            started.map(|control| format!("{} is in force, {}", control.id, control.frequency.plain()))
        }
        Command::Retire { control, by, reason } => {
            let id: ControlId = control.parse().map_err(Failure::input)?;
            let by = person(&app, by).await?;
            let retired = app.transact(&by, async |cx| control::retire(cx, &id, reason).await).await;
            retired.map(|control| format!("{} is retired", control.id))
        }
        Command::Schedule { control, every, grace, all_days } => {
            let id: ControlId = control.parse().map_err(Failure::input)?;
            let frequency: Frequency = every.parse().map_err(Failure::input)?;
            let grace = grace.or(default_grace_days(frequency)).unwrap_or_default();
            let days = if *all_days { Days::All } else { Days::Weekdays };
            let schedule = Schedule::new(frequency, grace, days).map_err(Failure::input)?;
            let program = wiring::reader(&app).await?;
            let set = app.transact(&program, async |cx| performance::schedule(cx, &id, schedule).await).await;
            set.map(|()| format!("{id} is due {}", schedule.plain()))
        }
    };
    let program = wiring::reader(&app).await?;
    app.sequence(&program).await?;
    app.close().await;
    let said = done?;
    output.answer(&json!({ "done": said }), |output| output.line(&said))?;
    Ok(())
}
