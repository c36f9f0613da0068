//! `tickmark control`: putting controls in force, retiring them, saying when they are due.

use clap::Subcommand;
use serde_json::json;
use tickmark_app::control::test;
use tickmark_app::program::{performance, sampling};
use tickmark_app::{Cx, Error, control, observation};
use tickmark_core::control::{
    ControlId, Frequency, TestChange, TestContent, TestKind, TestRecord, Tolerance,
};
use tickmark_core::program::performance::{Days, Schedule, default_grace_days};
use tickmark_core::program::sampling::OwnSizes;

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
  tickmark control test IAM-07 --check idp-access-review-done --covers \"who has access\" --by \"Ada Byron\" --reason \"seen\"
  tickmark control tolerance VUL-03 patch-reboot-not-pending --limit 14d --by \"Ada Byron\" --reason \"14 days by policy\"
  tickmark control sample-size IAM-03 --sizes 5,12,30 --by \"Ada Byron\" --reason \"a new team runs it\"
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
    /// Say how long a test of a control may fail before that is a deviation. What began to fail before is judged by what held
    /// then.
    Tolerance {
        /// Control id.
        control: String,
        /// Check, which is a test of it.
        check: String,
        /// How long, e.g. `30d` or `12h`; left out, every failure is a deviation.
        #[arg(long, value_name = "TIME")]
        limit: Option<Tolerance>,
        /// Who decides: a person's name.
        #[arg(long)]
        by: String,
        /// Why: what the commitment or the policy gives.
        #[arg(long)]
        reason: String,
    },
    /// Give a control sample sizes of its own instead of those of the preset, or those of the preset again.
    SampleSize {
        /// Control id.
        control: String,
        /// Units at low, usual and high risk, e.g. `5,12,30`; left out, those of the preset hold again.
        #[arg(long, value_name = "LOW,USUAL,HIGH", value_delimiter = ',')]
        sizes: Vec<u64>,
        /// Who decides: a person's name.
        #[arg(long)]
        by: String,
        /// Why they differ from the preset.
        #[arg(long)]
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
    /// List the tests of a control, with who decided what about them.
    Tests {
        /// Control id.
        control: String,
    },
    /// Make a check a test of a control, from now on. With the data folder in hand, nobody else has to approve.
    Test {
        /// Control id.
        control: String,
        /// The check, e.g. `ssh-root-login-disabled`.
        #[arg(long)]
        check: String,
        /// The attribute of the control that it covers.
        #[arg(long)]
        covers: String,
        /// Who decides: a person's name.
        #[arg(long)]
        by: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// End a test of a control, from now on. The library does not bring it back.
    EndTest {
        /// Control id.
        control: String,
        /// The test: a check, `occurrence`, or `population.1`.
        #[arg(long)]
        test: String,
        /// Who decides: a person's name.
        #[arg(long)]
        by: String,
        /// Why.
        #[arg(long)]
        reason: String,
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
        Command::Tolerance { control, check, limit, by, reason } => {
            let id: ControlId = control.parse().map_err(Failure::input)?;
            let by = person(&app, by).await?;
            let set = app.transact(&by, async |cx| {
                let known = control::tolerance::of_control(cx, &id).await?;
                let from =
                    known.get(check).and_then(|versions| versions.last()).map_or(0, |last| last.number);
                control::set_tolerance(cx, &id, check, from, *limit, reason).await
            });
            set.await.map(|set| match set.tolerance {
                Some(tolerance) => {
                    format!("{check} may fail for {tolerance} before that is a deviation of {id}")
                }
                None => format!("every failure of {check} is a deviation of {id}"),
            })
        }
        Command::SampleSize { control, sizes, by, reason } => {
            let id: ControlId = control.parse().map_err(Failure::input)?;
            let by = person(&app, by).await?;
            let sizes = match sizes.as_slice() {
                [] => None,
                [low, usual, high] => Some(OwnSizes::new(*low, *usual, *high).map_err(Failure::input)?),
                _ => return Err(Failure::input("give three sizes: at low, usual and high risk")),
            };
            let set = app.transact(&by, async |cx| {
                let from = sampling::sizes_of(cx, &id).await?.last().map_or(0, |last| last.number);
                sampling::set_sizes(cx, &id, from, sizes, reason).await
            });
            set.await.map(|set| match set.sizes {
                Some(_) => format!("{id} has sample sizes of its own"),
                None => format!("{id} has the sample sizes of the preset"),
            })
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
        Command::Tests { control } => {
            let id: ControlId = control.parse().map_err(Failure::input)?;
            let program = wiring::reader(&app).await?;
            let tests = app.read(&program, async |view| test::list(view, &id).await).await;
            tests.map(|tests| listed(&tests))
        }
        Command::Test { control, check, covers, by, reason } => {
            let id: ControlId = control.parse().map_err(Failure::input)?;
            let by = person(&app, by).await?;
            let kind = TestKind::Configuration { check: check.clone() };
            let content = TestContent { kind, attribute: covers.clone() };
            let added = app.transact(&by, async |cx| add(cx, &id, content.clone(), reason).await).await;
            added.map(|()| format!("{check} is a test of {id}"))
        }
        Command::EndTest { control, test, by, reason } => {
            let id: ControlId = control.parse().map_err(Failure::input)?;
            let by = person(&app, by).await?;
            let ended = app.transact(&by, async |cx| end(cx, &id, test, reason).await).await;
            ended.map(|()| format!("{test} is no test of {id} any more"))
        }
    };
    let program = wiring::reader(&app).await?;
    app.sequence(&program).await?;
    app.close().await;
    let said = done?;
    output.answer(&json!({ "done": said }), |output| output.line(&said))?;
    Ok(())
}

/// Proposes a test and approves it: who has the data folder in hand stands for both.
async fn add(cx: &mut Cx<'_>, id: &ControlId, content: TestContent, reason: &str) -> Result<(), Error> {
    let known = observation::known_checks(cx).await?;
    let test = test::propose(cx, id, content, reason, &known).await?;
    let from = test::state_of(&test)?;
    test::approve(cx, id, &test.id, from, "").await.map(|_| ())
}

/// Proposes that a test ends and approves it.
async fn end(cx: &mut Cx<'_>, id: &ControlId, name: &str, reason: &str) -> Result<(), Error> {
    let from = test::state_of(&test::find_reached(cx, id, name).await?)?;
    let proposed = test::change(cx, id, name, from, TestChange::End, reason).await?;
    let test::Decided::Done(proposed) = proposed else {
        return Err(Error::conflict("the test was changed meanwhile"));
    };
    let from = test::state_of(&proposed)?;
    test::approve(cx, id, name, from, "").await.map(|_| ())
}

fn listed(tests: &[TestRecord]) -> String {
    if tests.is_empty() {
        return "no tests".to_owned();
    }
    let line = |test: &TestRecord| {
        let covers = test.content().map(|content| content.attribute.as_str()).unwrap_or_default();
        format!(
            "{}: {}{}{covers}",
            test.id,
            test.state().word(),
            if covers.is_empty() { "" } else { ", covers " }
        )
    };
    tests.iter().map(line).collect::<Vec<_>>().join("\n")
}
