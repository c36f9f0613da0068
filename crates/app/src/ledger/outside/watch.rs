//! Does somebody outside still see the log? A log that nobody sees can be rewritten by whoever holds its key, so silence of
//! those who are named in the settings, and that nobody is named, is told to owners and compliance managers.
//!
//! The log itself never waits for them. Owns `log_party` of migration `0073_ledger_watch.sql`.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use tickmark_core::Timestamp;
use tickmark_core::id::OrganizationKey;
use tickmark_core::program::reminder::{Fact, Matter};
use tickmark_core::time::HOUR_US;

use super::sql;
use crate::context::View;
use crate::ledger::{LedgerSettings, periods};
use crate::{App, Result};

/// Characters of a name that a notice repeats.
const NAME_CHARS: usize = 100;
/// Where the pages show it.
const PATH: &str = "/ledger#signers";

/// What somebody outside does for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PartyKind {
    /// Keeps checkpoints.
    Place,
    /// Says when checkpoints existed.
    Authority,
    /// Confirms that it saw one history.
    Witness,
}

impl PartyKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Place, Self::Authority, Self::Witness];

    /// Returns the word in storage.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Place => "place",
            Self::Authority => "authority",
            Self::Witness => "witness",
        }
    }
}

impl fmt::Display for PartyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Nobody outside is of this kind.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("nobody outside is a {0:?}")]
pub struct UnknownPartyKind(String);

impl FromStr for PartyKind {
    type Err = UnknownPartyKind;

    fn from_str(text: &str) -> std::result::Result<Self, UnknownPartyKind> {
        let found = Self::ALL.into_iter().find(|kind| kind.word() == text);
        found.ok_or_else(|| UnknownPartyKind(text.chars().take(60).collect()))
    }
}

/// Somebody outside who is named in the settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Party {
    /// What they do.
    pub kind: PartyKind,
    /// Their name: in the settings, of a witness that of its key.
    pub name: String,
    /// When they last answered; none if they never did.
    pub answered_at: Option<Timestamp>,
    /// When they were first asked without an answer; none while they answer, or were never asked.
    pub failing_since: Option<Timestamp>,
    /// What went wrong last time.
    pub problem: Option<String>,
    /// Whether that is longer than the settings bear.
    pub is_silent: bool,
}

/// Whether somebody outside sees the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Watched {
    /// Those of the settings.
    pub parties: Vec<Party>,
    /// Hours without an answer after which people are told.
    pub alert_after_hours: u32,
    /// Numbers of the periods that are open in the log.
    pub open_periods: Vec<i64>,
}

impl Watched {
    /// Whether the settings name nobody at all.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.parties.is_empty()
    }

    /// Returns what kinds of parties the settings name none of.
    #[must_use]
    pub fn lacking(&self) -> Vec<PartyKind> {
        let names = |kind: &PartyKind| self.parties.iter().any(|party| party.kind == *kind);
        PartyKind::ALL.into_iter().filter(|kind| !names(kind)).collect()
    }

    /// Returns those that have been silent for too long.
    pub fn silent(&self) -> impl Iterator<Item = &Party> {
        self.parties.iter().filter(|party| party.is_silent)
    }

    /// Returns what there is to tell: each silence once, and each open period of which nobody outside holds a checkpoint.
    #[must_use]
    pub fn facts(&self) -> Vec<Fact> {
        let fact =
            |about: String, title: String| Fact::undated(about, Matter::Ledger, title, PATH.to_owned());
        let silences = self.silent().map(|party| {
            let name: String = party.name.chars().take(NAME_CHARS).collect();
            let since = party.failing_since.map_or(0, Timestamp::micros);
            let title = match party.kind {
                PartyKind::Place => format!("Checkpoints of the ledger do not arrive at {name}"),
                PartyKind::Authority => format!("The ledger gets no timestamps from {name}"),
                PartyKind::Witness => format!("The ledger is not cosigned by {name}"),
            };
            fact(format!("ledger {} {name} silent {since}", party.kind), title)
        });
        let alone = self.open_periods.iter().filter(|_| self.is_alone()).map(|period| {
            let title = format!("Period {period} is open, and nobody outside sees the ledger");
            fact(format!("ledger alone period {period}"), title)
        });
        silences.chain(alone).collect()
    }
}

/// What is known of how somebody answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answered {
    pub(super) answered_at: Option<Timestamp>,
    pub(super) failing_since: Option<Timestamp>,
    pub(super) problem: Option<String>,
}

impl Answered {
    /// Whether nothing has come for `hours`.
    fn is_silent(&self, now: Timestamp, hours: u32) -> bool {
        self.failing_since.is_some_and(|since| since.plus_micros(i64::from(hours) * HOUR_US) <= now)
    }
}

impl App {
    /// Writes down that somebody answered, or did not.
    pub(super) async fn note_party(
        &self,
        org: OrganizationKey,
        kind: PartyKind,
        name: &str,
        problem: Option<&str>,
    ) -> Result<()> {
        let mut tx = self.database.write().await?;
        sql::note_party(&mut tx, org, kind, name, self.now(), problem).await?;
        Ok(tx.commit().await?)
    }
}

/// Says whether somebody outside sees the log.
///
/// # Errors
/// If the database fails, or the settings name something that is no witness.
pub async fn watched(view: &mut View<'_>) -> Result<Watched> {
    let outside = view.app.outside();
    let (organization, now) = (view.organization(), view.now);
    let known = sql::parties(view.connection(), organization).await?;
    let hours = outside.settings.alert_after_hours;
    let parties = named(&outside.settings)?.into_iter().map(|(kind, name)| {
        let found = known.iter().find(|(other, known, _)| *other == kind && *known == name);
        let answered = found.map(|(_, _, answered)| answered.clone()).unwrap_or_default();
        let is_silent = answered.is_silent(now, hours);
        let Answered { answered_at, failing_since, problem } = answered;
        Party { kind, name, answered_at, failing_since, problem, is_silent }
    });
    let parties = parties.collect();
    let open =
        periods(view).await?.into_iter().filter(|period| period.closed_at.is_none() && period.from <= now);
    Ok(Watched { parties, alert_after_hours: hours, open_periods: open.map(|period| period.key).collect() })
}

/// Those whom the settings name.
fn named(settings: &LedgerSettings) -> Result<Vec<(PartyKind, String)>> {
    let places = super::publish::names(settings).into_iter().map(|name| (PartyKind::Place, name));
    let authorities = settings.authority.iter().map(|one| (PartyKind::Authority, one.name.clone()));
    let witnesses = settings.witness_keys()?;
    let witnesses = witnesses.iter().map(|key| (PartyKind::Witness, key.name().to_owned()));
    Ok(places.chain(authorities).chain(witnesses).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_micros(hours * HOUR_US)
    }

    fn party(kind: PartyKind, name: &str, is_silent: bool) -> Party {
        let failing_since = is_silent.then(|| at(1));
        let problem = is_silent.then(|| "connection refused".to_owned());
        Party { kind, name: name.into(), answered_at: None, failing_since, problem, is_silent }
    }

    #[test]
    fn silence_begins_with_the_first_failure_and_lasts_its_hours() {
        let failing = Answered { failing_since: Some(at(10)), ..Answered::default() };
        assert!(!failing.is_silent(at(33), 24));
        assert!(failing.is_silent(at(34), 24));
        // However long ago: whoever was not asked since did not fail.
        let well = Answered { answered_at: Some(at(0)), ..Answered::default() };
        assert!(!well.is_silent(at(10_000), 24));
    }

    #[test]
    fn each_silence_is_a_fact_and_being_alone_counts_while_a_period_is_open() {
        let mut watched = Watched {
            parties: vec![
                party(PartyKind::Witness, "w.example/1", true),
                party(PartyKind::Place, "disk", false),
            ],
            alert_after_hours: 24,
            open_periods: vec![1, 2],
        };
        let abouts = |watched: &Watched| -> Vec<String> {
            watched.facts().into_iter().map(|fact| fact.about).collect()
        };
        assert_eq!(abouts(&watched), ["ledger witness w.example/1 silent 3600000000"]);
        assert_eq!(watched.lacking(), [PartyKind::Authority]);
        watched.parties.clear();
        assert_eq!(abouts(&watched), ["ledger alone period 1", "ledger alone period 2"]);
        watched.open_periods.clear();
        assert!(watched.facts().is_empty() && watched.is_alone());
    }

    #[test]
    fn words_lead_back() {
        for kind in PartyKind::ALL {
            assert_eq!(kind.word().parse(), Ok(kind));
        }
        assert!("notary".parse::<PartyKind>().is_err());
    }
}
