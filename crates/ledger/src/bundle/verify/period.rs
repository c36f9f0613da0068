//! L4: is everything here between the entry that opens the period of the bundle and the one that closes it?
//!
//! The entries in between are those of the log, so they are whole if the log is. What is left to say is where the period
//! begins and ends in it, and that nothing dated inside was added after its end.

use crate::bundle::answer::{Findings, Level};
use crate::leaf::{Leaf, LeafKind, format_moment, parse_moment};
use crate::period::{PeriodClose, PeriodOpen};

/// Entries dated inside a period and recorded after its closing that are kept.
const MAX_AFTER: usize = 1000;

/// The ends of a period, found while walking through the entries.
#[derive(Default)]
pub(super) struct Periods {
    /// The period that the manifest names.
    wanted: Option<(i64, i64)>,
    opened: Option<End>,
    closed: Option<End>,
    problems: Vec<(String, String)>,
    /// Entries dated inside that were recorded before the opening.
    before: u64,
    after: Vec<u64>,
    more_after: usize,
}

/// An entry at an end of a period.
struct End {
    index: u64,
    id: String,
    at: i64,
}

/// What was found.
pub(super) struct PeriodAnswer {
    pub(super) level: Level,
    /// Positions of the entries that open and close the period.
    pub(super) ends: Option<(u64, u64)>,
}

impl Periods {
    pub(super) fn of(wanted: Option<(i64, i64)>) -> Self {
        Self { wanted, ..Self::default() }
    }

    /// Takes the next entry.
    pub(super) fn entry(&mut self, index: u64, leaf: &Leaf<'_>) {
        let Some((from, to)) = self.wanted else { return };
        let at = leaf.ts_us();
        let taken = match leaf.kind {
            LeafKind::PeriodOpen => self.open(index, leaf),
            LeafKind::PeriodClose => self.close(index, leaf),
            _ => Ok(()),
        };
        if let Err(problem) = taken {
            self.problems.push((format!("entry {index}"), problem));
        }
        if !(from..to).contains(&at) || matches!(leaf.kind, LeafKind::PeriodOpen | LeafKind::PeriodClose) {
            return;
        }
        if self.opened.is_none() {
            self.before += 1;
        } else if self.closed.is_some() && self.after.len() < MAX_AFTER {
            self.after.push(index);
        } else if self.closed.is_some() {
            self.more_after += 1;
        }
    }

    fn open(&mut self, index: u64, leaf: &Leaf<'_>) -> Result<(), String> {
        let body: PeriodOpen = body(leaf)?;
        if bounds(&body.from, &body.to)? != self.wanted {
            return Ok(());
        }
        if let Some(opened) = &self.opened {
            return Err(format!("opens the period that entry {} opened", opened.index));
        }
        self.opened = Some(End { index, id: leaf.id.to_owned(), at: leaf.ts_us() });
        Ok(())
    }

    fn close(&mut self, index: u64, leaf: &Leaf<'_>) -> Result<(), String> {
        let body: PeriodClose = body(leaf)?;
        if bounds(&body.from, &body.to)? != self.wanted {
            return Ok(());
        }
        let Some(opened) = &self.opened else {
            return Err("closes the period, which no earlier entry opened".to_owned());
        };
        if (body.opened.index, &body.opened.id) != (opened.index, &opened.id) {
            return Err(format!("closes what another entry than {} opened", opened.index));
        }
        if let Some(closed) = &self.closed {
            return Err(format!("closes the period that entry {} closed", closed.index));
        }
        self.closed = Some(End { index, id: leaf.id.to_owned(), at: leaf.ts_us() });
        Ok(())
    }

    /// Ends after the last entry. `first` and `last` are the sizes of the checkpoints at the ends of the period.
    pub(super) fn finish(mut self, first: Option<u64>, last: Option<u64>) -> PeriodAnswer {
        let not_claimed = |reason: String| Level::NotClaimed { reason };
        let ends = self.opened.as_ref().zip(self.closed.as_ref()).map(|(a, b)| (a.index, b.index));
        let mut failed = Findings::default();
        self.problems.drain(..).for_each(|(subject, problem)| failed.add(subject, problem));
        if let (Some((opened, _)), Some(first)) = (ends, first)
            && first > opened
        {
            let problem = format!("has {first} entries, the period begins with entry {opened}");
            failed.add(crate::bundle::name::CHECKPOINT_A, problem);
        }
        if let Some((_, closed)) = ends
            && last.is_none_or(|last| last <= closed)
        {
            let problem = format!("is not over entry {closed}, which closes the period");
            failed.add(crate::bundle::name::CHECKPOINT_B, problem);
        }
        let level = failed.into_level(|| {
            let Some((from, to)) = self.wanted else {
                return not_claimed("the bundle is about no period".to_owned());
            };
            let Some(opened) = &self.opened else {
                return not_claimed("no entry of the log opens the period".to_owned());
            };
            let Some(closed) = &self.closed else {
                return not_claimed(format!(
                    "entry {} opened the period on {} and none closed it: what is dated inside it may still be added",
                    opened.index,
                    moment(opened.at)
                ));
            };
            let mut detail = format!(
                "entry {} opened the period on {}, entry {} closed it on {}: the {} entries from one to the other are here",
                opened.index,
                moment(opened.at),
                closed.index,
                moment(closed.at),
                closed.index - opened.index + 1
            );
            if opened.at > from {
                detail += &format!(
                    "; it was opened after it had begun, {} earlier entries are dated inside it",
                    self.before
                );
            }
            let mut missing = Findings::default();
            if closed.at < to {
                let problem = format!("closes the period before its end, {}", moment(to));
                missing.add(format!("entry {}", closed.index), problem);
            }
            for index in &self.after {
                missing.add(format!("entry {index}"), "is dated inside the period and was recorded after its closing");
            }
            missing.add_more(self.more_after);
            if missing.is_empty() { Level::Proven { detail } } else { missing.into_incomplete(detail) }
        });
        PeriodAnswer { level, ends }
    }
}

fn body<'l, T: serde::Deserialize<'l>>(leaf: &Leaf<'l>) -> Result<T, String> {
    serde_json::from_slice(leaf.body).map_err(|error| format!("is not a {} entry: {error}", leaf.kind))
}

fn bounds(from: &str, to: &str) -> Result<Option<(i64, i64)>, String> {
    let moment = |text: &str| parse_moment(text).ok_or_else(|| format!("{text:?} is not a moment"));
    Ok(Some((moment(from)?, moment(to)?)))
}

fn moment(micros: i64) -> String {
    format_moment(micros).unwrap_or_else(|| micros.to_string())
}
