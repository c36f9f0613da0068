//! Occurrence: was it done in every window it was due?

use serde::{Deserialize, Serialize};

use super::cells::Counted;
use super::{Conclusion, Deviation, DeviationKind, Spans, State, Subject, Tally, TestKind};
use crate::control::ControlId;
use crate::program::performance::{Performance, Schedule, Window, WindowState};
use crate::{Span, Timestamp};

/// One window with what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowRow {
    /// The window.
    pub window: Window,
    /// What became of it.
    pub state: WindowState,
    /// The performance that decides it.
    pub performance: Option<Performance>,
    /// Said to be on time and written down when the time was over: look at the evidence.
    pub is_recorded_late: bool,
}

/// Returns the windows of a control that belong to a period, and the one under way at its end, oldest first.
///
/// `schedules` gives what was due when: the moments at which each schedule held and the control was in force. A window
/// counts when the schedule held at its end.
#[must_use]
pub fn windows(
    asked: Span,
    schedules: &[(Span, Schedule)],
    performances: &[Performance],
    now: Timestamp,
) -> Vec<WindowRow> {
    let end = asked.to.unwrap_or(now);
    let mut rows: Vec<WindowRow> = Vec::new();
    for (held, schedule) in schedules {
        let from = asked.from.max(held.from);
        let to = held.to.map_or(end, |to| to.min(end));
        let mut due = schedule.windows_ending_in(from, to);
        // The window under way when the period ends, or now, as long as the schedule holds: drawn, never counted.
        let edge = to.min(now).plus_micros(-1);
        let under_way = schedule
            .window_at(edge)
            .filter(|window| window.to > to && held.to.is_none_or(|to| window.to <= to));
        due.extend(under_way);
        for window in due {
            let (state, performance) = window.outcome(performances, now);
            rows.push(WindowRow {
                is_recorded_late: performance
                    .is_some_and(|performance| performance.is_recorded_late(&window)),
                performance: performance.cloned(),
                window,
                state,
            });
        }
    }
    rows.sort_by(|a, b| (a.window.from, &a.window.id).cmp(&(b.window.from, &b.window.id)));
    rows.dedup_by(|a, b| a.window.id == b.window.id);
    rows
}

/// Concludes on the windows of a control that belong to a period.
#[must_use]
pub fn conclude_occurrence(
    control: &ControlId,
    test: &str,
    asked: Span,
    schedules: &[(Span, Schedule)],
    performances: &[Performance],
    now: Timestamp,
) -> Conclusion {
    let end = asked.to.unwrap_or(now);
    let span = Spans::of_span(asked, now);
    let held = Spans::of(schedules.iter().map(|(held, _)| (held.from, held.to.unwrap_or(now))));
    let mut conclusion = Conclusion::empty(control.clone(), TestKind::Occurrence, test, span.clone());
    conclusion.tested = span.intersect(&held).intersect(&Spans::one(asked.from, now));
    for row in windows(asked, schedules, performances, now) {
        let belongs = row.window.to <= end && row.window.to > asked.from;
        if !belongs {
            continue;
        }
        let subject = Subject::Window(row.window.id.clone());
        let micros = row.window.to.micros() - row.window.from.micros();
        match row.state {
            WindowState::NotYetDue => {
                conclusion.pending.insert(subject);
                continue;
            }
            WindowState::Done => conclusion.shares.pass_us += micros,
            WindowState::Late | WindowState::Missed => conclusion.shares.fail_us += micros,
        }
        if let Some(deviation) = deviation(&row) {
            conclusion.deviations.insert(deviation);
        }
        conclusion.subjects.insert(subject);
    }
    conclusion
}

/// Counts the windows of a control in each cell of a board: each covers the time from its begin to its end.
pub fn tally_occurrence(tally: &mut Tally, rows: &[WindowRow]) {
    for row in rows {
        let state = match row.state {
            WindowState::Done => State::Operating,
            WindowState::NotYetDue => State::NotYetDue,
            WindowState::Late => State::Late,
            WindowState::Missed => State::Missed,
        };
        tally.add(&mut Counted::default(), state, row.window.from, row.window.to);
    }
}

fn deviation(row: &WindowRow) -> Option<Deviation> {
    let kind = match row.state {
        WindowState::Late => DeviationKind::Late,
        WindowState::Missed => DeviationKind::Missed,
        WindowState::Done | WindowState::NotYetDue => return None,
    };
    Some(Deviation {
        first_seen_bad: row.window.due,
        subject: Subject::Window(row.window.id.clone()),
        kind,
        // Up to the end of the window nothing was wrong yet.
        last_seen_good: Some(row.window.to),
        good_again: row.performance.as_ref().map(|performance| performance.performed_at),
        waivers: Vec::new(),
        note: row.performance.as_ref().map(|performance| performance.note.clone()).unwrap_or_default(),
    })
}
