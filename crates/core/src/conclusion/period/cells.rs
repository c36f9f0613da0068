//! Cells of a board: a period cut into days, weeks or months, with the worst that is known of each.

use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{Span as Calendar, ToSpan as _};
use serde::{Deserialize, Serialize};

use super::State;
use crate::Timestamp;
use crate::time::DAY_US;

/// Most cells of a row: fifty years of months.
pub const MAX_CELLS: usize = 600;
/// Longest period drawn by the day, in days: a quarter.
const BY_DAY: i64 = 92;
/// Longest period drawn by the week, in days: two years.
const BY_WEEK: i64 = 732;

/// How a period is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grain {
    /// A cell for each day, in UTC.
    Day,
    /// A cell for each week from Monday.
    Week,
    /// A cell for each month.
    Month,
}

/// One cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// First moment.
    pub from: Timestamp,
    /// First moment after it.
    pub to: Timestamp,
    /// The worst that is known of any subject at any moment of it.
    pub state: State,
    /// Subjects that deviated at some moment of it, waived ones included.
    pub deviating: u32,
    /// Subjects that could not be seen at some moment of it.
    pub unseen: u32,
}

impl Grain {
    /// Chooses how to cut a period so that its cells can be told apart.
    #[must_use]
    pub fn for_period(from: Timestamp, to: Timestamp) -> Self {
        let days = (to.micros() - from.micros()) / DAY_US;
        if days <= BY_DAY {
            Self::Day
        } else if days <= BY_WEEK {
            Self::Week
        } else {
            Self::Month
        }
    }

    /// Cuts a period, the first and last cell being as short as the period makes them; at most [`MAX_CELLS`].
    #[must_use]
    pub fn cells(self, from: Timestamp, to: Timestamp) -> Vec<(Timestamp, Timestamp)> {
        let mut cells = Vec::new();
        let mut start = from;
        while start < to && cells.len() < MAX_CELLS {
            let end = self.next_edge(start).map_or(to, |edge| edge.min(to));
            cells.push((start, end));
            start = end;
        }
        cells
    }

    fn next_edge(self, at: Timestamp) -> Option<Timestamp> {
        let day = Offset::UTC.to_datetime(at.to_jiff()).date();
        let (first, length): (Date, Calendar) = match self {
            Self::Day => (day, 1.day()),
            Self::Week => {
                (day.checked_sub(i64::from(day.weekday().to_monday_zero_offset()).days()).ok()?, 7.days())
            }
            Self::Month => (day.first_of_month(), 1.month()),
        };
        let end = first.checked_add(length).ok()?;
        Offset::UTC.to_timestamp(end.at(0, 0, 0, 0)).ok().map(Timestamp::from)
    }
}

/// Counts what is known of many subjects in each cell. A subject is counted once in a cell, however often it changes.
#[derive(Clone, Debug)]
pub struct Tally {
    edges: Vec<(Timestamp, Timestamp)>,
    /// For each state, what is added at a cell and holds up to the next change.
    steps: Vec<[i32; State::ALL.len()]>,
}

/// The cells a subject was counted in, so that it is counted once; or several subjects of which the same is said.
#[derive(Clone, Copy, Debug)]
pub struct Counted {
    cells: [usize; State::ALL.len()],
    subjects: i32,
}

impl Default for Counted {
    fn default() -> Self {
        Self::of(1)
    }
}

impl Counted {
    /// Begins to count this many subjects at once; what does not fit in 31 bits counts as the most that does.
    #[must_use]
    pub fn of(subjects: usize) -> Self {
        let subjects = i32::try_from(subjects).unwrap_or(i32::MAX);
        Self { cells: [0; State::ALL.len()], subjects }
    }
}

impl Tally {
    /// Begins with cells in which nothing is known.
    #[must_use]
    pub fn over(cells: Vec<(Timestamp, Timestamp)>) -> Self {
        let steps = vec![[0; State::ALL.len()]; cells.len() + 1];
        Self { edges: cells, steps }
    }

    /// Adds that one subject was in a state over a stretch of time. Stretches of one subject come in order of time with
    /// the same `counted`.
    pub fn add(&mut self, counted: &mut Counted, state: State, from: Timestamp, to: Timestamp) {
        if from >= to {
            return;
        }
        let place = state as usize;
        let first = self.edges.partition_point(|(_, end)| *end <= from).max(counted.cells[place]);
        let after = self.edges.partition_point(|(begin, _)| *begin < to);
        if first < after {
            self.steps[first][place] += counted.subjects;
            self.steps[after][place] -= counted.subjects;
            counted.cells[place] = after;
        }
    }

    /// Adds that a subject was in a state at one moment.
    pub fn add_moment(&mut self, state: State, at: Timestamp) {
        self.add(&mut Counted::default(), state, at, at.plus_micros(1));
    }

    /// Returns the cells.
    #[must_use]
    pub fn cells(&self) -> Vec<Cell> {
        let mut running = [0_i32; State::ALL.len()];
        self.edges
            .iter()
            .zip(&self.steps)
            .map(|(&(from, to), step)| {
                for (total, change) in running.iter_mut().zip(step) {
                    *total += change;
                }
                let count = |state: State| u32::try_from(running[state as usize]).unwrap_or(0);
                let worst = State::ALL.into_iter().rev().find(|state| count(*state) > 0);
                let bad = [State::Deviation, State::Missed, State::Late, State::Waived];
                Cell {
                    from,
                    to,
                    state: worst.unwrap_or(State::NotInForce),
                    deviating: bad.into_iter().map(count).sum(),
                    unseen: count(State::Unknown),
                }
            })
            .collect()
    }

    /// Adds everything that another tally of the same cells holds.
    pub fn absorb(&mut self, other: &Self) {
        for (step, more) in self.steps.iter_mut().zip(&other.steps) {
            for (total, change) in step.iter_mut().zip(more) {
                *total += change;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a moment")
    }

    #[test]
    fn the_cut_follows_the_length_and_the_calendar() {
        let (from, to) = (at("2026-01-01T12:00:00Z"), at("2027-01-01T00:00:00Z"));
        assert_eq!(Grain::for_period(from, to), Grain::Week);
        assert_eq!(Grain::for_period(from, at("2026-03-31T00:00:00Z")), Grain::Day);
        assert_eq!(Grain::for_period(from, at("2031-01-01T00:00:00Z")), Grain::Month);
        let weeks = Grain::Week.cells(from, to);
        assert_eq!(weeks[0], (from, at("2026-01-05T00:00:00Z")), "the first week ends on a Sunday");
        assert_eq!((weeks.len(), weeks[52].1), (53, to));
        assert!(weeks.windows(2).all(|pair| pair[0].1 == pair[1].0));
        assert_eq!(Grain::Month.cells(from, to).len(), 12);
        assert_eq!(Grain::Day.cells(from, to).len(), 365);
        assert!(Grain::Day.cells(to, from).is_empty());
    }

    #[test]
    fn a_subject_counts_once_in_a_cell_and_the_worst_names_it() {
        let hour = |hour: i64| Timestamp::from_micros(hour * crate::time::HOUR_US);
        let mut tally = Tally::over(Grain::Day.cells(hour(0), hour(96)));
        let mut one = Counted::default();
        tally.add(&mut one, State::Operating, hour(0), hour(30));
        tally.add(&mut one, State::Deviation, hour(30), hour(32));
        tally.add(&mut one, State::Operating, hour(32), hour(40));
        tally.add(&mut one, State::Deviation, hour(40), hour(50));
        tally.add(&mut Counted::default(), State::Unknown, hour(20), hour(60));
        tally.add_moment(State::Deviation, hour(30));
        let cells = tally.cells();
        let seen: Vec<_> = cells.iter().map(|cell| (cell.state, cell.deviating, cell.unseen)).collect();
        assert_eq!(
            seen,
            [
                (State::Unknown, 0, 1),
                (State::Deviation, 2, 1),
                (State::Deviation, 1, 1),
                (State::NotInForce, 0, 0)
            ]
        );
        let mut twice = tally.clone();
        twice.absorb(&tally);
        assert_eq!(twice.cells()[1].deviating, 4);
    }
}
