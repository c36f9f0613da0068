//! An item of evidence: what somebody hands in for controls, with what has to be said about it and the way it goes.
//!
//! An item goes from draft to submitted, and from there it is accepted or returned with a reason; returned, it is handed in
//! again. Whoever worked on it does not accept it. What is said and the files are a version: a new one takes the place of
//! the one before, which stays, and what was accepted of the old one does not count for the new one.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::control::ControlId;
use crate::id::{ActorId, EvidenceKey, ItemKey};
use crate::time::DAY_US;
use crate::words::words_of;
use crate::{Span, Timestamp};

/// Most characters of a title.
pub const TITLE_CHARS: usize = 200;
/// Most characters of the source, and of the name of who collected it.
pub const LINE_CHARS: usize = 300;
/// Most characters of longer texts.
pub const TEXT_CHARS: usize = 4_000;
/// Most files of an item.
pub const MAX_FILES: usize = 50;
/// Most controls that an item is linked to.
pub const MAX_CONTROLS: usize = 100;
/// Most days that an item may cover.
const MAX_COVERED_DAYS: i64 = 10 * 366;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal, $title:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        words_of!($name { $($variant = $word, $title;)+ });
    };
}

words! {
    /// What it is.
    Kind {
        /// A picture of a screen.
        Screenshot = "screenshot", "Screenshot";
        /// A list or report that a system gives out.
        Export = "export", "Export or report";
        /// Settings as a system has them.
        Configuration = "configuration", "Configuration";
        /// A text that somebody wrote.
        Document = "document", "Document";
        /// Minutes, a ticket, a signature: what is left when somebody did something.
        Record = "record", "Record of work";
        /// A message.
        Message = "message", "Message";
        /// A photograph.
        Photo = "photo", "Photograph";
    }
}

words! {
    /// How it was obtained.
    Method {
        /// The system gave it out.
        Exported = "exported", "Exported from the system";
        /// The screen was captured.
        Captured = "captured", "Captured from the screen";
        /// Asked with a query, which is noted.
        Queried = "queried", "Asked with a query";
        /// Somebody wrote it while or after doing the work.
        Written = "written", "Written by whoever did it";
        /// Somebody else sent it.
        Received = "received", "Received from somebody";
    }
}

words! {
    /// Who it would hurt if it became known.
    Sensitivity {
        /// Nobody.
        Public = "public", "Public";
        /// It is for the organization.
        Internal = "internal", "Internal";
        /// It is for those who need it.
        Confidential = "confidential", "Confidential";
        /// It holds personal data or names weak points: each look at it is recorded.
        Restricted = "restricted", "Restricted";
    }
}

words! {
    /// How far an item has come.
    State {
        /// Somebody works on it.
        Draft = "draft", "Draft";
        /// It waits to be accepted.
        Submitted = "submitted", "Waiting";
        /// It is accepted as it is.
        Accepted = "accepted", "Accepted";
        /// It was sent back, with a reason.
        Returned = "returned", "Returned";
        /// Its author took it back; it stays readable.
        Withdrawn = "withdrawn", "Withdrawn";
    }
}

words! {
    /// What moves an item from state to state.
    Step {
        /// A new version.
        Revise = "revise", "New version";
        /// It is handed in.
        Submit = "submit", "Submit";
        /// It is good.
        Accept = "accept", "Accept";
        /// It is not.
        Return = "return", "Return";
        /// It is taken back.
        Withdraw = "withdraw", "Withdraw";
    }
}

impl State {
    /// Returns the state after a step; none if the step cannot be taken here.
    ///
    /// A new version of what is submitted or accepted has to be submitted again: an approval is of one version.
    #[must_use]
    pub fn after(self, step: Step) -> Option<Self> {
        match (self, step) {
            (Self::Draft | Self::Submitted | Self::Accepted, Step::Revise) => Some(Self::Draft),
            (Self::Returned, Step::Revise) => Some(Self::Returned),
            (Self::Draft | Self::Returned, Step::Submit) => Some(Self::Submitted),
            (Self::Submitted, Step::Accept) => Some(Self::Accepted),
            // What turns out to be wrong later is returned as well.
            (Self::Submitted | Self::Accepted, Step::Return) => Some(Self::Returned),
            (Self::Draft | Self::Submitted | Self::Accepted | Self::Returned, Step::Withdraw) => {
                Some(Self::Withdrawn)
            }
            _ => None,
        }
    }

    /// Tells whether a step can be taken.
    #[must_use]
    pub fn may(self, step: Step) -> bool {
        self.after(step).is_some()
    }
}

impl Step {
    /// Tells whether somebody has to say why, given where the item stands: until it was ever handed in, nobody asks why
    /// its author changes it.
    #[must_use]
    pub fn needs_reason(self, state: State) -> bool {
        match self {
            Self::Revise => state != State::Draft,
            Self::Return | Self::Withdraw => true,
            Self::Submit | Self::Accept => false,
        }
    }
}

/// The days that an item is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Covers {
    /// First moment of the first day, UTC.
    pub from: Timestamp,
    /// First moment after the last day, UTC.
    pub to: Timestamp,
}

impl Covers {
    /// Reads two dates as `2026-11-24`, both inside.
    ///
    /// # Errors
    /// If one is no date, they are in the wrong order, or lie too far apart.
    pub fn days(from: &str, to: &str) -> Result<Self, ItemError> {
        let (from, to) = (day(from)?, day(to)?.plus_micros(DAY_US));
        let days = (to.micros() - from.micros()) / DAY_US;
        if from >= to {
            Err(ItemError::CoversOrder)
        } else if days > MAX_COVERED_DAYS {
            Err(ItemError::CoversLength)
        } else {
            Ok(Self { from, to })
        }
    }

    /// Returns the last day that is covered, by its first moment.
    #[must_use]
    pub fn last_day(self) -> Timestamp {
        self.to.plus_micros(-DAY_US)
    }

    /// Tells whether any of it lies in a span.
    #[must_use]
    pub fn touches(self, span: Span) -> bool {
        self.to > span.from && span.to.is_none_or(|end| self.from < end)
    }
}

/// Reads a date as `2026-11-24`: its first moment, UTC.
///
/// # Errors
/// If it is no date of the years 1990 to 2199.
pub fn day(text: &str) -> Result<Timestamp, ItemError> {
    let wrong = || ItemError::NoDate(text.chars().take(40).collect());
    let date: jiff::civil::Date = text.parse().map_err(|_| wrong())?;
    if text.len() != 10 || !(1990..2200).contains(&date.year()) {
        return Err(wrong());
    }
    let midnight = jiff::tz::Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).map_err(|_| wrong())?;
    Ok(midnight.into())
}

/// What is said about an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// What it shows, in one line.
    pub title: String,
    /// What it is.
    pub kind: Kind,
    /// Where it comes from: the system and the place in it. May be empty in a draft.
    pub source: String,
    /// How it was obtained.
    pub method: Method,
    /// The query, or the steps by which another could obtain it again; may be empty.
    pub steps: String,
    /// Who collected it, in words; may be empty, as after erasure.
    pub collected_by: String,
    /// On which day, by its first moment.
    pub collected_at: Option<Timestamp>,
    /// What it is about.
    pub covers: Option<Covers>,
    /// Who it would hurt if it became known.
    pub sensitivity: Sensitivity,
    /// What was taken out before it was handed in; may be empty.
    pub redaction: String,
}

/// A file of an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemFile {
    /// Its number in the version, from 1.
    pub seq: i64,
    /// The artifact that holds its bytes.
    pub artifact: EvidenceKey,
    /// Its name, cleaned.
    pub name: String,
    /// Its media type, as its bytes say.
    pub media_type: String,
    /// Its size in bytes.
    pub size: u64,
}

/// One version of an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// The item.
    pub item: ItemKey,
    /// Its number, from 1.
    pub number: i64,
    /// What is said.
    pub description: Description,
    /// The files.
    pub files: Vec<ItemFile>,
    /// Why it took the place of the one before; may be empty.
    pub reason: String,
    /// Who made it.
    pub by: ActorId,
    /// When.
    pub at: Timestamp,
}

/// An item as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its number.
    pub key: ItemKey,
    /// How far it has come.
    pub state: State,
    /// Counts every change, so that two people do not overwrite each other.
    pub revision: i64,
    /// The newest version.
    pub version: Version,
    /// The controls that it serves, by id.
    pub controls: BTreeSet<ControlId>,
    /// How long its files are kept: the name of a class.
    pub retention: String,
    /// Who made it.
    pub made_by: ActorId,
    /// When.
    pub made_at: Timestamp,
    /// Who handed in the newest version, and when.
    pub submitted: Option<(ActorId, Timestamp)>,
    /// Who accepted or returned it last, and when.
    pub decided: Option<(ActorId, Timestamp)>,
    /// Everybody who made a version of it or handed one in: none of them accepts it.
    pub handlers: BTreeSet<ActorId>,
}

/// What is looked at before an item is handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quality {
    /// There are files.
    Files,
    /// Each file is what its name says.
    Types,
    /// Each file can be read.
    Readable,
    /// The time it is about is said.
    Covers,
    /// That time lies in a period that is looked at.
    Period,
    /// Where it comes from is said.
    Source,
    /// When it was collected is said, and not before what it is about was over.
    Collected,
    /// It serves a control.
    Linked,
    /// What was taken out is said where something had to be.
    Redaction,
}

impl Quality {
    /// Returns what is looked at, in words.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Files => "There is a file",
            Self::Types => "Files are what their names say",
            Self::Readable => "Files can be read",
            Self::Covers => "The time it is about is stated",
            Self::Period => "That time lies in the period",
            Self::Source => "Its source is stated",
            Self::Collected => "When it was collected is stated",
            Self::Linked => "It serves a control",
            Self::Redaction => "What was taken out is noted",
        }
    }
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Found {
    /// It is so.
    Good,
    /// Somebody should look; it can be handed in all the same. Why, in words.
    Look(&'static str),
    /// It has to be mended before. What to do, in words.
    Missing(&'static str),
}

/// What is known about a file when its quality is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileFacts {
    /// Whether its name and its bytes agree.
    pub is_what_it_says: bool,
    /// Whether its bytes are here.
    pub is_here: bool,
}

/// Looks at an item before it is handed in. `periods` are those that are looked at.
#[must_use]
pub fn quality(
    item: &Description,
    files: &[FileFacts],
    controls: usize,
    periods: &[Span],
    now: Timestamp,
) -> Vec<(Quality, Found)> {
    let look = |is_good: bool, says| if is_good { Found::Good } else { Found::Look(says) };
    let need = |is_good: bool, says| if is_good { Found::Good } else { Found::Missing(says) };
    let covers = match item.covers {
        None => Found::Missing("say from when to when"),
        Some(covers) if covers.from > now => Found::Missing("it cannot be about days that are still ahead"),
        Some(_) => Found::Good,
    };
    let mut found = vec![
        (Quality::Files, need(!files.is_empty(), "add a file")),
        (
            Quality::Types,
            need(files.iter().all(|file| file.is_what_it_says), "a file is not what its name says"),
        ),
        (Quality::Readable, need(files.iter().all(|file| file.is_here), "the content of a file is gone")),
        (Quality::Covers, covers),
    ];
    if let Some(covers) = item.covers {
        let is_inside = periods.iter().any(|period| covers.touches(*period));
        found.push((
            Quality::Period,
            look(is_inside, "it is about days outside of every period that is looked at"),
        ));
    }
    let collected = match (item.collected_at, item.covers) {
        (None, _) => Found::Missing("say on which day it was collected"),
        (Some(at), _) if at > now => Found::Missing("it cannot be collected on a day that is still ahead"),
        (Some(at), Some(covers)) if at < covers.last_day() => {
            Found::Look("it was collected before the time that it is about was over")
        }
        (Some(_), _) => Found::Good,
    };
    found.extend([
        (Quality::Source, need(!item.source.is_empty(), "say which system, and where in it")),
        (Quality::Collected, collected),
        (Quality::Linked, look(controls > 0, "it is not linked to a control, so it counts for none")),
    ]);
    if item.sensitivity == Sensitivity::Restricted {
        found.push((
            Quality::Redaction,
            look(!item.redaction.is_empty(), "say what was taken out, or that nothing had to be"),
        ));
    }
    found
}

/// Tells whether an item can be handed in.
#[must_use]
pub fn is_complete(found: &[(Quality, Found)]) -> bool {
    !found.iter().any(|(_, found)| matches!(found, Found::Missing(_)))
}

/// Why something cannot be said about an item or done with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ItemError {
    /// It has no title.
    #[error("say in one line what it shows")]
    NoTitle,
    /// A text is too long.
    #[error("{field} has more than {most} characters")]
    TooLong {
        /// Which.
        field: &'static str,
        /// How many it may have.
        most: usize,
    },
    /// A text has characters that are not seen.
    #[error("{0} has control characters")]
    Control(&'static str),
    /// Not a date.
    #[error("{0:?} is no date, as 2026-11-24 is")]
    NoDate(String),
    /// The end comes before the beginning.
    #[error("the last day lies before the first")]
    CoversOrder,
    /// Too long to be about one thing.
    #[error("an item covers ten years at most")]
    CoversLength,
    /// Too many files.
    #[error("an item has at most {MAX_FILES} files")]
    TooManyFiles,
    /// Too many controls.
    #[error("an item is linked to at most {MAX_CONTROLS} controls")]
    TooManyControls,
    /// Nothing is in it.
    #[error("choose at least one file")]
    NoFiles,
    /// The step is not one from here.
    #[error("what is {} cannot be {}", from.title().to_lowercase(), past(*step))]
    Transition {
        /// Where it stands.
        from: State,
        /// What was asked for.
        step: Step,
    },
    /// Somebody has to say why.
    #[error("say why, so that others can follow it")]
    NoReason,
    /// It is not complete.
    #[error("it cannot be handed in yet: {0}")]
    Incomplete(&'static str),
}

fn past(step: Step) -> &'static str {
    match step {
        Step::Revise => "changed",
        Step::Submit => "submitted",
        Step::Accept => "accepted",
        Step::Return => "returned",
        Step::Withdraw => "withdrawn",
    }
}

impl Description {
    /// Checks that everything said can be kept. Whether enough is said is for [`quality`].
    ///
    /// # Errors
    /// Names the first field that cannot be kept.
    pub fn check(&self) -> Result<(), ItemError> {
        if self.title.is_empty() {
            return Err(ItemError::NoTitle);
        }
        for (field, text, most) in [
            ("the title", &self.title, TITLE_CHARS),
            ("the source", &self.source, LINE_CHARS),
            ("the name of who collected it", &self.collected_by, LINE_CHARS),
        ] {
            kept(field, text, most)?;
            if text.contains('\n') {
                return Err(ItemError::Control(field));
            }
        }
        kept("the query", &self.steps, TEXT_CHARS)?;
        kept("what was taken out", &self.redaction, TEXT_CHARS)
    }
}

/// Checks that a text can be kept.
///
/// # Errors
/// If it is too long or has control characters other than line feeds and tabs.
pub fn kept(field: &'static str, text: &str, most: usize) -> Result<(), ItemError> {
    if text.chars().count() > most {
        return Err(ItemError::TooLong { field, most });
    }
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err(ItemError::Control(field));
    }
    Ok(())
}

impl Item {
    /// Returns the state after a step.
    ///
    /// # Errors
    /// If the step cannot be taken from here, or needs a reason.
    pub fn step(&self, step: Step, reason: &str) -> Result<State, ItemError> {
        let next = self.state.after(step).ok_or(ItemError::Transition { from: self.state, step })?;
        if step.needs_reason(self.state) && reason.is_empty() {
            return Err(ItemError::NoReason);
        }
        kept("the reason", reason, TEXT_CHARS)?;
        Ok(next)
    }

    /// Returns the end of the time it covers.
    #[must_use]
    pub fn covered_to(&self) -> Option<Timestamp> {
        self.version.description.covers.map(|covers| covers.to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn description() -> Description {
        Description {
            title: "Access review Q3".into(),
            kind: Kind::Export,
            source: "Directory, list of groups".into(),
            method: Method::Exported,
            steps: String::new(),
            collected_by: "Ada".into(),
            collected_at: Some(day("2026-10-02").expect("a day")),
            covers: Some(Covers::days("2026-07-01", "2026-09-30").expect("days")),
            sensitivity: Sensitivity::Internal,
            redaction: String::new(),
        }
    }

    #[test]
    fn states_follow_each_other_as_drawn() {
        let mut drawn = String::new();
        for state in State::ALL {
            for step in Step::ALL {
                if let Some(next) = state.after(*step) {
                    drawn.push_str(&format!("{} -{}-> {}\n", state.word(), step.word(), next.word()));
                }
            }
        }
        let expected = "draft -revise-> draft\n\
            draft -submit-> submitted\n\
            draft -withdraw-> withdrawn\n\
            submitted -revise-> draft\n\
            submitted -accept-> accepted\n\
            submitted -return-> returned\n\
            submitted -withdraw-> withdrawn\n\
            accepted -revise-> draft\n\
            accepted -return-> returned\n\
            accepted -withdraw-> withdrawn\n\
            returned -revise-> returned\n\
            returned -submit-> submitted\n\
            returned -withdraw-> withdrawn\n";
        assert_eq!(drawn, expected);
    }

    #[test]
    fn days_are_whole_and_in_order() {
        let covers = Covers::days("2026-07-01", "2026-09-30").expect("days");
        assert_eq!(
            (covers.from.date(), covers.to.date(), covers.last_day().date()),
            ("2026-07-01".to_owned(), "2026-10-01".to_owned(), "2026-09-30".to_owned())
        );
        assert_eq!(
            Covers::days("2026-07-01", "2026-07-01").map(|c| c.to.micros() - c.from.micros()),
            Ok(DAY_US)
        );
        assert_eq!(Covers::days("2026-07-02", "2026-07-01"), Err(ItemError::CoversOrder));
        assert_eq!(Covers::days("2000-07-02", "2026-07-01"), Err(ItemError::CoversLength));
        for odd in
            ["", "2026-13-01", "26-01-01", "2026-1-1", "1026-01-01", "2026-01-01T00:00:00", "+002026-01-01"]
        {
            assert!(day(odd).is_err(), "{odd}");
        }
        let q4 = Span { from: covers.to, to: None };
        assert!(!covers.touches(q4) && covers.touches(Span { from: covers.last_day(), to: None }));
    }

    #[test]
    fn what_is_missing_is_told_apart_from_what_to_look_at() {
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().expect("a moment");
        let year = Span { from: day("2026-01-01").expect("a day"), to: None };
        let file = FileFacts { is_what_it_says: true, is_here: true };
        let good = quality(&description(), &[file], 1, &[year], now);
        assert!(good.iter().all(|(_, found)| *found == Found::Good), "{good:?}");
        let check = |change: &dyn Fn(&mut Description), which: Quality| {
            let mut changed = description();
            change(&mut changed);
            let found = quality(&changed, &[file], 1, &[year], now);
            let (_, one) = *found.iter().find(|(quality, _)| *quality == which).expect("looked at");
            (one, is_complete(&found))
        };
        assert!(matches!(check(&|d| d.covers = None, Quality::Covers), (Found::Missing(_), false)));
        let ahead = |d: &mut Description| d.covers = Covers::days("2027-01-01", "2027-01-31").ok();
        assert!(matches!(check(&ahead, Quality::Covers), (Found::Missing(_), false)));
        let before = |d: &mut Description| d.covers = Covers::days("2024-01-01", "2024-03-31").ok();
        assert!(matches!(check(&before, Quality::Period), (Found::Look(_), true)));
        assert!(matches!(check(&|d| d.source.clear(), Quality::Source), (Found::Missing(_), false)));
        assert!(matches!(check(&|d| d.collected_at = None, Quality::Collected), (Found::Missing(_), false)));
        let early = |d: &mut Description| d.collected_at = day("2026-08-01").ok();
        assert!(matches!(check(&early, Quality::Collected), (Found::Look(_), true)));
        let restricted = |d: &mut Description| d.sensitivity = Sensitivity::Restricted;
        assert!(matches!(check(&restricted, Quality::Redaction), (Found::Look(_), true)));
        let bare = quality(&description(), &[], 0, &[year], now);
        assert!(!is_complete(&bare));
        assert!(bare.contains(&(
            Quality::Linked,
            Found::Look("it is not linked to a control, so it counts for none")
        )));
    }

    #[test]
    fn texts_are_kept_or_refused_whole() {
        let refused = |change: &dyn Fn(&mut Description)| {
            let mut changed = description();
            change(&mut changed);
            changed.check().expect_err("refused").to_string()
        };
        assert_eq!(description().check(), Ok(()));
        assert!(refused(&|d| d.title.clear()).contains("in one line"));
        assert!(refused(&|d| d.title = "x".repeat(201)).contains("more than 200"));
        assert!(refused(&|d| d.source = "a\nb".into()).contains("control characters"));
        assert!(refused(&|d| d.steps = "\u{7}".into()).contains("control characters"));
        assert_eq!(
            ItemError::Transition { from: State::Withdrawn, step: Step::Accept }.to_string(),
            "what is withdrawn cannot be accepted"
        );
    }
}
