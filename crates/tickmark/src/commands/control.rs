//! `tickmark control`: putting controls in force, retiring them, saying when they are due.

use serde_json::json;
use tickmark_app::control;
use tickmark_app::program::performance;
use tickmark_core::control::{ControlId, Frequency};
use tickmark_core::program::performance::{Days, Schedule, default_grace_days};

use super::assess::person;
use crate::cli::{self, Common};
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::wiring;

/// Runs `tickmark control`.
pub(crate) async fn run(command: &cli::Control, common: &Common, output: &Output) -> Outcome {
    let app = wiring::open(common).await?;
    let done = match command {
        cli::Control::Start { control, owner } => {
            let id: ControlId = control.parse().map_err(Failure::input)?;
            let owner = person(&app, owner).await?;
            let started =
                app.transact(&owner, async |cx| control::put_in_force(cx, &id, owner.id).await).await;
            started.map(|control| format!("{} is in force, {}", control.id, control.frequency.plain()))
        }
        cli::Control::Retire { control, by } => {
            let id: ControlId = control.parse().map_err(Failure::input)?;
            let by = person(&app, by).await?;
            let retired = app.transact(&by, async |cx| control::retire(cx, &id).await).await;
            retired.map(|control| format!("{} is retired", control.id))
        }
        cli::Control::Schedule { control, every, grace, all_days } => {
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
