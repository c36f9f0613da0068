//! Around an examination: which firms were considered and which one was chosen, the letter of engagement, when
//! walkthroughs take place, and in which order the chosen firm has the sections of its reports.
//!
//! The company chooses; nothing here recommends a firm or sets what it does.
//!
//! Source: `docs/domain/processes.md` section 24; `docs/domain/soc-reports.md` sections 13 and 14.

use serde::{Deserialize, Serialize};

use super::{EngagementError, Scope, readable, title};
use crate::conclusion::scope::Day;
use crate::control::{TEXT_MAX, TITLE_MAX};

/// Most firms, and most walkthroughs.
const LIST_MAX: usize = 100;

/// A firm that was considered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Firm {
    /// Its name.
    pub name: String,
    /// How its license was checked, and what came of it.
    #[serde(default)]
    pub license: String,
    /// The result of its last peer review.
    #[serde(default)]
    pub peer_review: String,
    /// Whether it is independent: no prohibited services; what it has to do with tools and referrals is disclosed.
    #[serde(default)]
    pub independence: String,
    /// What it has examined before, and who works on it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub experience: String,
    /// How it goes about the work, by when.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub approach: String,
    /// What it asks for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub price: String,
    /// Who told what of its work.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub references: String,
}

impl Firm {
    /// Returns what there is to record of a firm, in the order in which it is asked, each with what people call it.
    #[must_use]
    pub fn checks(&self) -> [(&'static str, &'static str, &str); 7] {
        [
            ("license", "License", &self.license),
            ("peer_review", "Peer review", &self.peer_review),
            ("independence", "Independence", &self.independence),
            ("experience", "Experience", &self.experience),
            ("approach", "Approach", &self.approach),
            ("price", "Price", &self.price),
            ("references", "References", &self.references),
        ]
    }
}

/// A walkthrough as it is agreed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Meeting {
    /// The day.
    pub day: Day,
    /// What is walked through.
    pub what: String,
    /// Who takes part.
    #[serde(default)]
    pub who: String,
}

/// What is recorded around an examination.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Administration {
    /// Firms that were considered.
    #[serde(default)]
    pub firms: Vec<Firm>,
    /// The one that was chosen.
    #[serde(default)]
    pub chosen: String,
    /// Why.
    #[serde(default)]
    pub why: String,
    /// Who decided.
    #[serde(default)]
    pub approver: String,
    /// When.
    #[serde(default)]
    pub decided: Option<Day>,
    /// Where the signed letter of engagement is.
    #[serde(default)]
    pub letter: String,
    /// Its date.
    #[serde(default)]
    pub letter_dated: Option<Day>,
    /// Walkthroughs in order of time.
    #[serde(default)]
    pub walkthroughs: Vec<Meeting>,
    /// Whether management's assertion stands before the auditor's report, as some firms have it. The standard fixes what a
    /// report holds and not the numbering.
    ///
    /// Source: `docs/domain/soc-reports.md` section 3.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub assertion_first: bool,
}

impl Administration {
    /// Tells whether nothing is recorded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Brings texts to one form, and walkthroughs in order.
    ///
    /// # Errors
    /// If a name is missing, a text unreadable, or a list too long.
    pub fn checked(mut self) -> Result<Self, EngagementError> {
        for (what, length) in [("firms", self.firms.len()), ("walkthroughs", self.walkthroughs.len())] {
            if length > LIST_MAX {
                return Err(EngagementError::TooMany { what, max: LIST_MAX });
            }
        }
        for firm in &mut self.firms {
            firm.name = title("name of a firm", &firm.name)?;
            for text in [
                &mut firm.license,
                &mut firm.peer_review,
                &mut firm.independence,
                &mut firm.experience,
                &mut firm.approach,
                &mut firm.price,
                &mut firm.references,
            ] {
                *text = readable("check of a firm", text, TEXT_MAX)?;
            }
        }
        for (what, text, max) in [
            ("name of the chosen firm", &mut self.chosen, TITLE_MAX),
            ("reason for the choice", &mut self.why, TEXT_MAX),
            ("name of who chose", &mut self.approver, TITLE_MAX),
            ("reference to the letter of engagement", &mut self.letter, TITLE_MAX),
        ] {
            *text = readable(what, text, max)?;
        }
        for meeting in &mut self.walkthroughs {
            meeting.what = title("subject of a walkthrough", &meeting.what)?;
            meeting.who = readable("people of a walkthrough", &meeting.who, TITLE_MAX)?;
        }
        self.walkthroughs.sort_by(|a, b| (a.day, &a.what).cmp(&(b.day, &b.what)));
        Ok(self)
    }

    /// Returns what is still missing, in the order in which it is done.
    #[must_use]
    pub fn open(&self, scope: &Scope) -> Vec<String> {
        let mut open = Vec::new();
        if self.chosen.is_empty() {
            open.push("no firm is chosen".to_owned());
            return open;
        }
        match self.firms.iter().find(|firm| firm.name == self.chosen) {
            None => open.push(format!("nothing is recorded about {}, the chosen firm", self.chosen)),
            Some(firm) => {
                for (what, text) in [
                    ("license", &firm.license),
                    ("peer review", &firm.peer_review),
                    ("independence", &firm.independence),
                    ("experience", &firm.experience),
                ] {
                    if text.is_empty() {
                        open.push(format!("nobody has recorded the check of the {what} of {}", firm.name));
                    }
                }
            }
        }
        if self.why.is_empty() || self.approver.is_empty() || self.decided.is_none() {
            open.push("the choice needs a reason, a name and a day".to_owned());
        }
        if scope.firm.is_empty() {
            open.push(format!(
                "the scope names no audit firm: write {} into it before the documents are signed, as a later change of the \
                 scope makes their signatures void",
                self.chosen
            ));
        } else if scope.firm != self.chosen {
            open.push(format!("the scope names {} as the audit firm", scope.firm));
        }
        if self.letter.is_empty() || self.letter_dated.is_none() {
            open.push("no signed letter of engagement is recorded".to_owned());
        }
        if self.walkthroughs.is_empty() {
            open.push("no walkthrough is agreed".to_owned());
        }
        open
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engagement::{ReportKind, Time};

    fn day(text: &str) -> Day {
        text.parse().expect("a day")
    }

    #[test]
    fn a_firm_is_chosen_after_its_checks_and_engaged_by_letter() {
        let unnamed = Scope::of(ReportKind::Soc2, Time::AsOf { date: day("2026-06-30") }, "Payroll");
        let scope = Scope { firm: "Example & Partners".into(), ..unnamed.clone() };
        let empty = Administration::default();
        assert!(empty.is_empty());
        assert_eq!(empty.open(&scope), ["no firm is chosen"]);
        let meeting = |on: &str, what: &str| Meeting { day: day(on), what: what.into(), who: "Ada".into() };
        let whole = Administration {
            firms: vec![Firm {
                name: " Example & Partners ".into(),
                license: "state board, looked up on 2026-02-01".into(),
                peer_review: "pass, 2025".into(),
                independence: "no other services; no referral".into(),
                experience: "nine payroll services".into(),
                ..Firm::default()
            }],
            chosen: "Example & Partners".into(),
            why: "knows payroll".into(),
            approver: "Grace".into(),
            decided: Some(day("2026-02-10")),
            letter: "EV-12".into(),
            letter_dated: Some(day("2026-02-20")),
            walkthroughs: vec![meeting("2026-05-02", "Changes"), meeting("2026-05-01", "Access")],
            assertion_first: false,
        };
        let whole = whole.checked().expect("readable");
        assert_eq!(whole.open(&scope), Vec::<String>::new());
        assert_eq!(whole.walkthroughs[0].what, "Access", "in order of time");
        assert!(
            whole.open(&unnamed)[0].starts_with("the scope names no audit firm: write Example & Partners")
        );
        let mut lacks = whole.clone();
        lacks.firms[0].independence.clear();
        assert!(lacks.open(&scope)[0].contains("independence"));
        lacks = whole.clone();
        lacks.firms[0].experience.clear();
        assert!(lacks.open(&scope)[0].contains("experience"));
        lacks = Administration { letter: String::new(), ..whole.clone() };
        assert!(lacks.open(&scope)[0].contains("letter of engagement"));
        let other = Scope { firm: "Another".into(), ..scope };
        assert!(whole.open(&other)[0].contains("Another"));
        let nameless = Administration { firms: vec![Firm::default()], ..whole };
        assert!(nameless.checked().is_err());
    }
}
