//! The week, for those who run the program: what was missed, what is due, findings, and what became of the four questions.

use std::collections::BTreeMap;

use tickmark_core::Timestamp;
use tickmark_core::conclusion::readiness::{Answer, Decision, Question};
use tickmark_core::control::ControlId;
use tickmark_core::program::performance::WindowState;
use tickmark_core::time::DAY_US;
use tickmark_core::zone::Reading;

use crate::Result;
use crate::conclusion::{self, remediation};
use crate::context::View;
use crate::program::performance::{self, Due};

/// Windows of one kind that are named; the others are counted.
const NAMED: usize = 10;

/// Returns the lines.
pub(super) async fn lines(view: &mut View<'_>, reading: &Reading) -> Result<Vec<String>> {
    let now = view.now;
    let (before, after) = (now.plus_micros(-7 * DAY_US), now.plus_micros(7 * DAY_US));
    let mut lines = Vec::new();
    let (mut missed, mut due) = (Vec::new(), Vec::new());
    for one in performance::due_of_all(view, before, after).await? {
        match one.state {
            WindowState::Missed => missed.push(one),
            WindowState::NotYetDue => due.push(one),
            WindowState::Done | WindowState::Late => {}
        }
    }
    named(&mut lines, "Missed", &missed, reading);
    named(&mut lines, "Due in the next seven days", &due, reading);
    let steps = remediation::steps_since(view, before).await?;
    lines.push(format!(
        "Findings: {} taken on, {} closed, {} opened again",
        steps.get(&remediation::Step::Opened).copied().unwrap_or_default(),
        steps.get(&remediation::Step::Closed).copied().unwrap_or_default(),
        steps.get(&remediation::Step::Reopened).copied().unwrap_or_default(),
    ));
    let decisions = conclusion::all_decisions(view).await?;
    for question in Question::ALL {
        let (was, is) = (answered(&decisions, question, before), answered(&decisions, question, now));
        let change = match i64::try_from(is).unwrap_or(0) - i64::try_from(was).unwrap_or(0) {
            0 => "no change".to_owned(),
            more => format!("{more:+}"),
        };
        let controls = if is == 1 { "control" } else { "controls" };
        lines.push(format!("{}: yes for {is} {controls} ({change})", question.word().replace('_', " ")));
    }
    Ok(lines)
}

fn named(lines: &mut Vec<String>, what: &str, windows: &[Due], reading: &Reading) {
    if windows.is_empty() {
        lines.push(format!("{what}: nothing"));
        return;
    }
    for one in windows.iter().take(NAMED) {
        let day = reading.day(reading.zone.day(one.window.due.plus_micros(-1)));
        lines.push(format!("{what}: {} {}, window {}, by {day}", one.control, one.title, one.window.id));
    }
    if windows.len() > NAMED {
        lines.push(format!("{what}: and {} more", windows.len() - NAMED));
    }
}

/// Returns for how many controls people had answered a question with yes at a moment.
fn answered(decisions: &BTreeMap<ControlId, Vec<Decision>>, question: Question, at: Timestamp) -> usize {
    let is_yes = |decisions: &&Vec<Decision>| {
        let last = decisions.iter().rfind(|one| one.question == question && one.at <= at);
        last.is_some_and(|one| one.answer == Answer::Yes)
    };
    decisions.values().filter(is_yes).count()
}
