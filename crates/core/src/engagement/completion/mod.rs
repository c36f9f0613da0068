//! What happens between the end of an examination's time and its report, and afterwards: subsequent events, the letter of
//! representation, the report as it was received, bridge letters.
//!
//! The representation letter goes to the auditor only and is dated as of the report; nobody signs it before the register
//! of events is confirmed up to that day. A bridge letter is management's alone: it needs a report, stays within
//! [`BRIDGE_MONTHS_MAX`] months, names what the registers hold, and claims no assurance.
//!
//! Source: `docs/domain/soc-reports.md` sections 2, 3, 10, 11 and 14.

mod bridge;
mod event;
mod fact;
mod representation;

use serde::{Deserialize, Serialize};

use super::document::{Document, DocumentError, Signed, Step};
use super::{EngagementError, EngagementKey, Time, title};
use crate::conclusion::scope::Day;
use crate::id::{ActorId, EvidenceKey};
use crate::{Digest, Timestamp, canonical};

pub use bridge::{BRIDGE_MONTHS_MAX, BRIDGE_NOTICE_DAYS, Bridge, BridgeGround, BridgeItem, BridgeLetter};
pub use event::{Decided, EventKind, SubsequentEvent, Told};
pub use fact::{Fact, Follows, Learned};
pub use representation::{Letter, happened, represented};

/// Most events or bridge letters of one engagement.
const LIST_MAX: usize = 500;

/// Why something cannot be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompletionError {
    /// A text is missing or unreadable.
    #[error(transparent)]
    Text(#[from] EngagementError),
    /// A document cannot be written or signed.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// A day that lies in the time of the examination.
    #[error("{day} is not after the time of the examination, which ends on {end}")]
    NotAfter {
        /// The day.
        day: Day,
        /// Last day of the time.
        end: Day,
    },
    /// A day that nobody can know about.
    #[error("{0} lies ahead; nobody knows yet what happens until then")]
    Ahead(Day),
    /// There is no such event or letter.
    #[error("there is no {what} {number}")]
    NotThere {
        /// What.
        what: &'static str,
        /// Its number.
        number: u32,
    },
    /// A decision is missing.
    #[error("nobody has decided about event {0} yet")]
    Undecided(u32),
    /// A decision without a reason.
    #[error("it needs the reason for what is decided")]
    NoReason,
    /// Too many.
    #[error("an engagement has at most {LIST_MAX} of them")]
    TooMany,
    /// The report is of another day than the letter.
    #[error("the report is dated {report}, and the representation letter {letter}; both have one date")]
    OtherDate {
        /// Date of the report.
        report: Day,
        /// Date of the letter.
        letter: Day,
    },
    /// What is recorded as the revised report is the one that is revised.
    #[error("this file is the report that is recorded already; the revised one is another")]
    SameReport,
    /// A revised report is dated before the one that it revises.
    #[error("the revised report is dated {report}, and the one that it revises {before}")]
    RevisedBefore {
        /// Date of the revised report.
        report: Day,
        /// Date of the one before.
        before: Day,
    },
    /// An event that the report was to tell of.
    #[error(
        "the report is dated {report}, and {day} is no later: what becomes known now is a fact discovered after the report"
    )]
    Reported {
        /// Day of the event.
        day: Day,
        /// Date of the report.
        report: Day,
    },
    /// There is no report after whose date something could become known.
    #[error("no report of this engagement is recorded; what is known before it is a subsequent event")]
    NoReport,
    /// It was known in time.
    #[error("it became known on {day}, before the report of {report}: it is a subsequent event")]
    KnownBefore {
        /// When.
        day: Day,
        /// Date of the report.
        report: Day,
    },
    /// Nobody is told of what nobody knows.
    #[error("the auditor cannot have been told before it became known")]
    ToldBefore,
    /// The auditor decides, once told.
    #[error("the auditor decides what follows: say when they were told")]
    Untold,
    /// A bridge letter that breaks a rule.
    #[error("the bridge letter cannot stand as it is: {0}")]
    Blocked(String),
}

/// Somebody's statement that the register is whole up to a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmed {
    /// Up to which day, inside.
    pub until: Day,
    /// Who stated it, when, over which events.
    pub signed: Signed,
}

/// The signed file itself, where it is kept here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldFile {
    /// Its bytes.
    pub artifact: EvidenceKey,
    /// How many there are.
    pub size: u64,
}

/// The auditor's report as management received it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Received {
    /// Firm that wrote it.
    pub firm: String,
    /// Its date.
    pub day: Day,
    /// Name of the file.
    pub file: String,
    /// Digest of the file, byte for byte.
    pub digest: Digest,
    /// The file, where more than its digest is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<HeldFile>,
    /// Who recorded it.
    pub by: ActorId,
    /// When.
    pub at: Timestamp,
}

/// What completes an engagement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completion {
    /// Of which engagement.
    pub engagement: EngagementKey,
    report_date: Option<Day>,
    events: Vec<SubsequentEvent>,
    confirmed: Option<Confirmed>,
    /// The representation letter.
    pub representation: Option<Document<Letter>>,
    received: Option<Received>,
    bridges: Vec<Bridge>,
    /// What became known after the date of the report.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    facts: Vec<Fact>,
}

#[derive(Serialize)]
struct LetterGround<'a> {
    scope: Digest,
    report_date: Option<Day>,
    events: Vec<&'a SubsequentEvent>,
}

#[derive(Serialize)]
struct ReportGround<'a> {
    scope: Digest,
    report: Option<&'a Digest>,
}

impl Completion {
    /// Begins with nothing.
    #[must_use]
    pub fn begin(engagement: EngagementKey) -> Self {
        Self {
            engagement,
            report_date: None,
            events: Vec::new(),
            confirmed: None,
            representation: None,
            received: None,
            bridges: Vec::new(),
            facts: Vec::new(),
        }
    }

    /// Returns the date that the auditor's report will have, or has.
    #[must_use]
    pub fn report_date(&self) -> Option<Day> {
        self.report_date
    }

    /// Returns the events, by number.
    #[must_use]
    pub fn events(&self) -> &[SubsequentEvent] {
        &self.events
    }

    /// Returns the report as it was received.
    #[must_use]
    pub fn received(&self) -> Option<&Received> {
        self.received.as_ref()
    }

    /// Returns the bridge letters, by number.
    #[must_use]
    pub fn bridges(&self) -> &[Bridge] {
        &self.bridges
    }

    /// Returns the facts that became known after the date of the report, by number.
    #[must_use]
    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }

    /// Tells whether the auditor decided to revise the report since it was there: the one that is there is not given to
    /// readers any more.
    #[must_use]
    pub fn is_revised(&self) -> bool {
        let Some(received) = &self.received else { return false };
        self.facts.iter().filter_map(Fact::revises_since).any(|since| since >= received.at)
    }

    /// Enters a fact that became known after the date of the report, or writes one anew. Returns its number.
    ///
    /// # Errors
    /// If there is no report, a text is missing, a day cannot be, or a decision does not stand as the auditor's.
    pub fn learn(
        &mut self,
        number: Option<u32>,
        learned: Learned,
        by: ActorId,
        at: Timestamp,
    ) -> Result<u32, CompletionError> {
        let report = self.received.as_ref().ok_or(CompletionError::NoReport)?.day;
        let before = number.and_then(|number| self.facts.iter().find(|fact| fact.number == number));
        // What led to a revised report was known before its date, and may still be told in better words.
        let report = before.map_or(report, |before| report.min(before.learned.day));
        let learned = learned.checked(report, Day::of(at))?;
        let since = before.and_then(Fact::revises_since).unwrap_or(at);
        let revised_at = (learned.follows == Follows::Revised).then_some(since);
        let Some(number) = number else {
            if self.facts.len() >= LIST_MAX {
                return Err(CompletionError::TooMany);
            }
            let number = self.facts.last().map_or(1, |last| last.number + 1);
            self.facts.push(Fact { number, learned, by, at, revised_at });
            return Ok(number);
        };
        let fact = self.facts.iter_mut().find(|fact| fact.number == number);
        let fact = fact.ok_or(CompletionError::NotThere { what: "fact", number })?;
        if fact.learned == learned {
            return Err(DocumentError::NothingChanged.into());
        }
        *fact = Fact { number, learned, by, at, revised_at };
        Ok(number)
    }

    /// Says which date the report will have, as agreed with the auditor.
    ///
    /// # Errors
    /// If it is not after the time of the examination, or nothing is changed.
    pub fn date(&mut self, day: Day, time: Time) -> Result<(), CompletionError> {
        after(day, time)?;
        if self.report_date == Some(day) {
            return Err(DocumentError::NothingChanged.into());
        }
        self.report_date = Some(day);
        Ok(())
    }

    /// Enters an event, or writes one anew. What was confirmed before does not cover it. Returns its number.
    ///
    /// # Errors
    /// If a text is missing, the day cannot be, a decision has no reason, or the report is there and is not dated before it.
    pub fn tell(
        &mut self,
        number: Option<u32>,
        told: Told,
        time: Time,
        by: ActorId,
        at: Timestamp,
    ) -> Result<u32, CompletionError> {
        let told = told.checked(time, Day::of(at))?;
        if let Some(received) = self.received.as_ref().filter(|received| told.day <= received.day) {
            return Err(CompletionError::Reported { day: told.day, report: received.day });
        }
        let Some(number) = number else {
            if self.events.len() >= LIST_MAX {
                return Err(CompletionError::TooMany);
            }
            let number = self.events.last().map_or(1, |last| last.number + 1);
            self.events.push(SubsequentEvent { number, told, by, at });
            return Ok(number);
        };
        let event = self.events.iter_mut().find(|event| event.number == number);
        let event = event.ok_or(CompletionError::NotThere { what: "event", number })?;
        if event.told == told {
            return Err(DocumentError::NothingChanged.into());
        }
        (event.told, event.by, event.at) = (told, by, at);
        Ok(number)
    }

    /// States that the register is whole up to a day: there is no event that it does not hold, none where it is empty.
    ///
    /// # Errors
    /// If the day lies ahead or in the time of the examination, or an event waits for a decision.
    pub fn confirm(
        &mut self,
        until: Day,
        time: Time,
        by: ActorId,
        at: Timestamp,
    ) -> Result<(), CompletionError> {
        after(until, time)?;
        if until > Day::of(at) {
            return Err(CompletionError::Ahead(until));
        }
        if let Some(event) = self.events.iter().find(|event| event.told.decided == Decided::Undecided) {
            return Err(CompletionError::Undecided(event.number));
        }
        let digest = self.events_digest();
        self.confirmed = Some(Confirmed { until, signed: Signed { by, at, digest } });
        Ok(())
    }

    /// Returns who stated that the register is whole as it stands.
    #[must_use]
    pub fn confirmed(&self) -> Option<&Confirmed> {
        self.confirmed.as_ref().filter(|confirmed| confirmed.signed.digest == self.events_digest())
    }

    /// Events up to the date of the report: what happens after it is no matter of the report and its letter.
    fn told_to_auditor(&self) -> Vec<&SubsequentEvent> {
        let is_before = |event: &&SubsequentEvent| self.report_date.is_none_or(|date| event.told.day <= date);
        self.events.iter().filter(is_before).collect()
    }

    fn events_digest(&self) -> Digest {
        canonical::digest(&self.told_to_auditor()).expect("events have texts and whole numbers only")
    }

    /// Returns the digest of what the representation letter rests on: scope, date of the report, events up to it. A
    /// signature is bound to it.
    ///
    /// # Panics
    /// Never: it has texts and whole numbers only.
    #[must_use]
    pub fn letter_ground(&self, scope: Digest) -> Digest {
        let events = self.told_to_auditor();
        let ground = LetterGround { scope, report_date: self.report_date, events };
        canonical::digest(&ground).expect("it has texts and whole numbers only")
    }

    /// Returns the digest of what a bridge letter rests on: scope and report.
    ///
    /// # Panics
    /// Never: it has texts only.
    #[must_use]
    pub fn bridge_ground(&self, scope: Digest) -> Digest {
        let ground = ReportGround { scope, report: self.received.as_ref().map(|report| &report.digest) };
        canonical::digest(&ground).expect("it has texts only")
    }

    /// Writes the representation letter.
    ///
    /// # Errors
    /// If a text is missing or unreadable, or nothing is changed.
    pub fn represent(&mut self, letter: Letter, by: ActorId, at: Timestamp) -> Result<(), CompletionError> {
        Document::write(&mut self.representation, letter.checked()?, by, at)?;
        Ok(())
    }

    /// Returns what the representation letter says against the register of events; none where there is no letter.
    #[must_use]
    pub fn letter_contradiction(&self) -> Option<String> {
        representation::contradiction(&self.representation.as_ref()?.content, self)
    }

    /// Returns the first thing that keeps the representation letter from a step on a day.
    #[must_use]
    pub fn letter_fault(&self, step: Step, today: Day) -> Option<String> {
        let letter = &self.representation.as_ref()?.content;
        if let Some(fault) = letter.faults().into_iter().next() {
            return Some(fault);
        }
        if let Some(fault) = self.letter_contradiction() {
            return Some(fault);
        }
        let Some(date) = self.report_date else {
            return Some(
                "the date of the report is not known yet, and the letter is dated as of it".to_owned(),
            );
        };
        if step == Step::Review {
            return None;
        }
        if today < date {
            return Some(format!("it is dated {date}, as of the report, and is signed then or later"));
        }
        match self.confirmed() {
            Some(confirmed) if confirmed.until >= date => None,
            Some(confirmed) => Some(format!(
                "the register of subsequent events is confirmed up to {} and not up to {date}",
                confirmed.until
            )),
            None => Some(format!(
                "nobody has confirmed that the register of subsequent events is whole up to {date}"
            )),
        }
    }

    /// Signs the representation letter on behalf of management.
    ///
    /// # Errors
    /// If it is not there or not ready, or whoever signs did an earlier step.
    pub fn sign_letter(
        &mut self,
        step: Step,
        scope: Digest,
        by: ActorId,
        at: Timestamp,
    ) -> Result<(), CompletionError> {
        let (ground, fault) = (self.letter_ground(scope), self.letter_fault(step, Day::of(at)));
        let letter = self.representation.as_mut().ok_or(DocumentError::None)?;
        letter.separated(step, by, ground)?;
        match fault {
            Some(fault) => Err(DocumentError::NotReady(fault).into()),
            None => Ok(letter.sign(step, by, at, ground)?),
        }
    }

    /// Takes the report that its auditor issued here as received, unless another one was recorded.
    pub fn take_issued(&mut self, issued: Received) {
        self.received.get_or_insert(issued);
    }

    /// Records the report that the auditor gave to management.
    ///
    /// # Errors
    /// If the day is not after the time of the examination, lies ahead, or is not that of the representation letter; if a
    /// revised report is the one that is there, or earlier; if firm or file have no name.
    pub fn receive(&mut self, received: Received, time: Time) -> Result<(), CompletionError> {
        let Received { firm, day, file, digest, kept, by, at } = received;
        after(day, time)?;
        if day > Day::of(at) {
            return Err(CompletionError::Ahead(day));
        }
        match (&self.received, self.report_date) {
            // A revised report is another file, and has its own date.
            (Some(before), _) if self.is_revised() => {
                if before.digest == digest {
                    return Err(CompletionError::SameReport);
                }
                if day < before.day {
                    return Err(CompletionError::RevisedBefore { report: day, before: before.day });
                }
            }
            (_, Some(letter)) if letter != day => {
                return Err(CompletionError::OtherDate { report: day, letter });
            }
            _ => {}
        }
        let firm = title("name of the audit firm", &firm)?;
        let file = title("name of the file", &file)?;
        self.received = Some(Received { firm, day, file, digest, kept, by, at });
        Ok(())
    }

    /// Writes a bridge letter, or one anew. Returns its number.
    ///
    /// # Errors
    /// If a text is missing or unreadable, or nothing is changed.
    pub fn bridge(
        &mut self,
        number: Option<u32>,
        letter: BridgeLetter,
        by: ActorId,
        at: Timestamp,
    ) -> Result<u32, CompletionError> {
        let letter = letter.checked()?;
        let Some(number) = number else {
            if self.bridges.len() >= LIST_MAX {
                return Err(CompletionError::TooMany);
            }
            let number = self.bridges.last().map_or(1, |last| last.number + 1);
            self.bridges.push(Bridge::write(number, letter, by, at)?);
            return Ok(number);
        };
        self.bridge_mut(number)?.rewrite(letter, by, at)?;
        Ok(number)
    }

    /// Returns a bridge letter.
    ///
    /// # Errors
    /// If there is none of this number.
    pub fn bridge_of(&self, number: u32) -> Result<&Bridge, CompletionError> {
        let found = self.bridges.iter().find(|bridge| bridge.number == number);
        found.ok_or(CompletionError::NotThere { what: "bridge letter", number })
    }

    fn bridge_mut(&mut self, number: u32) -> Result<&mut Bridge, CompletionError> {
        let found = self.bridges.iter_mut().find(|bridge| bridge.number == number);
        found.ok_or(CompletionError::NotThere { what: "bridge letter", number })
    }

    /// Signs a bridge letter on behalf of management. `ground` is what the registers hold now.
    ///
    /// # Errors
    /// If it breaks a rule, or whoever signs did an earlier step.
    pub fn sign_bridge(
        &mut self,
        number: u32,
        step: Step,
        scope: Digest,
        ground: &BridgeGround<'_>,
        by: ActorId,
        at: Timestamp,
    ) -> Result<(), CompletionError> {
        let digest = self.bridge_ground(scope);
        let bridge = self.bridge_mut(number)?;
        bridge.document.separated(step, by, digest)?;
        let problems = bridge.document.content.problems(ground);
        if let Some(problem) = problems.into_iter().find(|problem| problem.blocks) {
            return Err(CompletionError::Blocked(problem.says));
        }
        Ok(bridge.document.sign(step, by, at, digest)?)
    }
}

/// Refuses a day that is not after the time of the examination.
fn after(day: Day, time: Time) -> Result<(), CompletionError> {
    let (_, end) = time.days();
    if day > end { Ok(()) } else { Err(CompletionError::NotAfter { day, end }) }
}

#[cfg(test)]
mod tests;
