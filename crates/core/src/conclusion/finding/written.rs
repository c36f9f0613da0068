//! Findings that people write down: what no rule finds, but a tester, a customer, a reviewer or an auditor.

use serde::{Deserialize, Serialize};

use super::super::scope::Day;
use super::{FindingError, ProposedFinding, readable};
use crate::control::ControlId;
use crate::observation::Severity;

/// Most characters of a title.
pub const TITLE_MAX: usize = 200;
/// Most criteria that one finding concerns.
pub const CRITERIA_MAX: usize = 100;
/// What the reference of a finding that somebody wrote begins with.
const WRITTEN: &str = "own.";

macro_rules! sources {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $title:literal;)+) => {
        /// Where a finding that somebody wrote comes from.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Source { $($(#[$doc])* $name),+ }

        impl Source {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Returns the word used in storage and addresses.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word),+ }
            }

            /// Returns the words for people.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title),+ }
            }

            /// Reads the word.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|source| source.word() == word)
            }
        }
    };
}

sources! {
    /// Testers who attacked it, with leave.
    PenetrationTest = "penetration_test", "Penetration test";
    /// A customer or somebody else who is affected.
    Complaint = "complaint", "Complaint";
    /// Own people who looked.
    InternalReview = "internal_review", "Internal review";
    /// An audit, of whatever kind, by somebody from outside or inside.
    Audit = "audit", "Audit";
    /// Something that happened.
    Incident = "incident", "Incident";
}

/// Where a finding that somebody wrote comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Its number in the organization, from 1.
    pub number: i64,
    /// What kind of source.
    pub source: Source,
    /// Where it is written: the report, the ticket, the letter.
    #[serde(default)]
    pub said: String,
    /// When it was found.
    pub found_on: Day,
}

/// What somebody writes down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Short title.
    pub title: String,
    /// What kind of source.
    pub source: Source,
    /// Where it is written.
    pub said: String,
    /// When it was found.
    pub found_on: Day,
    /// How much it matters.
    pub severity: Severity,
    /// Control concerned, if one is.
    pub control: Option<ControlId>,
    /// Criteria concerned.
    pub criteria: Vec<String>,
    /// What was found.
    pub condition: String,
    /// Why it matters.
    pub effect: String,
    /// What to do.
    pub recommendation: String,
}

impl Written {
    /// Returns it as a finding with a number.
    ///
    /// # Errors
    /// If title or condition are missing, a text is too long, or it was found after `today`.
    pub fn numbered(self, number: i64, today: Day) -> Result<ProposedFinding, FindingError> {
        let title = readable("title", &self.title)?;
        if title.is_empty() {
            return Err(FindingError::Missing("title"));
        }
        if title.chars().count() > TITLE_MAX {
            return Err(FindingError::LongTitle);
        }
        let condition = readable("condition", &self.condition)?;
        if condition.is_empty() {
            return Err(FindingError::Missing("condition"));
        }
        if self.found_on > today {
            return Err(FindingError::FoundLater(self.found_on));
        }
        if self.criteria.len() > CRITERIA_MAX {
            return Err(FindingError::ManyCriteria);
        }
        let said = readable("place where it is written", &self.said)?;
        Ok(ProposedFinding {
            title,
            criteria: self.criteria,
            control: self.control,
            check: None,
            condition,
            cause: String::new(),
            effect: readable("effect", &self.effect)?,
            recommendation: readable("recommendation", &self.recommendation)?,
            severity: self.severity,
            origin: Some(Origin { number, source: self.source, said, found_on: self.found_on }),
        })
    }
}

/// Returns the reference of the finding that somebody wrote with this number.
pub(super) fn reference(origin: &Origin) -> String {
    format!("{WRITTEN}{}", origin.number)
}

/// Returns the number of the finding that somebody wrote under a reference; none for one of the rules.
#[must_use]
pub fn number_of(reference: &str) -> Option<i64> {
    reference.strip_prefix(WRITTEN)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().expect("a day")
    }

    fn written() -> Written {
        Written {
            title: " Reset links do not expire ".into(),
            source: Source::PenetrationTest,
            said: "Report of 2026, finding 4".into(),
            found_on: day("2026-11-20"),
            severity: Severity::High,
            control: Some("IAM-05".parse().expect("an id")),
            criteria: vec!["CC6.1".into()],
            condition: "A link worked after nine days.".into(),
            effect: String::new(),
            recommendation: "Let them end after an hour.".into(),
        }
    }

    #[test]
    fn what_somebody_writes_is_named_by_its_number() {
        let found = written().numbered(4, day("2026-11-24")).expect("whole");
        assert_eq!(
            (found.reference().as_str(), found.title.as_str()),
            ("own.4", "Reset links do not expire")
        );
        assert_eq!((number_of("own.4"), number_of("test.a.b"), number_of("own.x")), (Some(4), None, None));
        let json = serde_json::to_string(&found).expect("writes");
        assert_eq!(serde_json::from_str::<ProposedFinding>(&json).expect("reads back"), found);
        for source in Source::ALL {
            assert_eq!(Source::from_word(source.word()), Some(*source));
        }
    }

    #[test]
    fn what_lacks_something_is_no_finding() {
        let today = day("2026-11-24");
        let no = |change: fn(&mut Written)| {
            let mut one = written();
            change(&mut one);
            one.numbered(1, today).expect_err("it lacks something")
        };
        assert_eq!(no(|one| one.title = " ".into()), FindingError::Missing("title"));
        assert_eq!(no(|one| one.title = "x".repeat(201)), FindingError::LongTitle);
        assert_eq!(no(|one| one.condition.clear()), FindingError::Missing("condition"));
        let later = day("2026-11-25");
        assert_eq!(
            no(|one| one.found_on = "2026-11-25".parse().expect("a day")),
            FindingError::FoundLater(later)
        );
        assert_eq!(no(|one| one.criteria = vec!["CC1.1".into(); 101]), FindingError::ManyCriteria);
        assert_eq!(no(|one| one.effect = "\u{7}".into()), FindingError::Unreadable("effect"));
    }
}
