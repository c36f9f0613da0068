//! Which report a company needs, and which categories: from questions that anybody can answer. It proposes with reasons, and
//! people decide.
//!
//! Source: `docs/domain/soc-reports.md` section 1 and `docs/domain/processes.md` section 1.

use std::collections::BTreeMap;

use super::ReportKind;
use crate::words::words_of;

/// A question of which the answer is yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Question {
    /// Financial reporting of customers.
    Financial,
    /// Customers who know the system ask.
    Asked,
    /// A statement for anyone.
    Public,
    /// A promise of uptime.
    Uptime,
    /// Secrets that are kept under a promise.
    Confidential,
    /// Results that customers rely on.
    Results,
    /// Promises to people about their data.
    Personal,
}

words_of!(Question {
    Financial = "financial", "Could the service affect customers' financial statements, as payroll, billing or claims do?";
    Asked = "asked", "Do customers, or people who want to be, ask how their data and the service are protected?";
    Public = "public", "Is a public statement wanted, without details?";
    Uptime = "uptime", "Is it promised how much of the time the service can be used?";
    Confidential = "confidential", "Are trade secrets or other data of customers held under a promise to keep them confidential?";
    Results = "results", "Does the service compute or pass on results that customers rely on?";
    Personal = "personal", "Is personal data collected or handled, with promises to the people it is about?";
});

impl Question {
    /// Returns what helps to answer it.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::Financial => "Then customers' auditors will ask for a SOC 1.",
            Self::Asked => "The usual reason for a SOC 2: its readers know the service, or are about to.",
            Self::Public => "A SOC 3 is for anyone. It comes from the same work as a SOC 2 Type 2.",
            Self::Uptime => "In a contract, terms of service or a page about service levels.",
            Self::Confidential => "As contracts and agreements not to disclose say it.",
            Self::Results => "And is it promised that they are complete, right and in time?",
            Self::Personal => {
                "To the people themselves, as in a notice. Where customers make the promises, confidentiality is often the \
                 better answer."
            }
        }
    }
}

/// The answers: those to which somebody said yes.
pub type Answers = std::collections::BTreeSet<Question>;

/// A report that is proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Which.
    pub kind: ReportKind,
    /// Why.
    pub why: &'static str,
}

/// Returns the reports that the answers call for, each an examination of its own.
#[must_use]
pub fn reports(answers: &Answers) -> Vec<Proposal> {
    let has = |question| answers.contains(&question);
    let is_asked = has(Question::Asked)
        || [Question::Uptime, Question::Confidential, Question::Results, Question::Personal]
            .iter()
            .any(|question| has(*question));
    let mut reports = Vec::new();
    if has(Question::Financial) {
        reports.push(Proposal {
            kind: ReportKind::Soc1,
            why: "The service matters to customers' financial reporting: their auditors read about controls against objectives \
                  that you write.",
        });
    }
    if is_asked {
        reports.push(Proposal {
            kind: ReportKind::Soc2,
            why: "Customers want to know how the service and their data are protected: controls are measured against the trust \
                  services criteria, for readers who know the system.",
        });
    }
    if has(Question::Public) {
        reports.push(Proposal {
            kind: ReportKind::Soc3,
            why: "Anyone may read it. It has the same criteria as a SOC 2 Type 2, an auditor's report of its own, and no \
                  details.",
        });
    }
    reports
}

/// What is proposed about a category.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Whether it is in.
    pub is_in: bool,
    /// Why, or why not.
    pub why: &'static str,
}

/// Returns what the answers propose about each category, with the reason.
#[must_use]
pub fn categories(answers: &Answers) -> BTreeMap<&'static str, Choice> {
    let of = |question, yes, no| {
        let is_in = answers.contains(&question);
        Choice { is_in, why: if is_in { yes } else { no } }
    };
    BTreeMap::from([
        (
            "security",
            Choice { is_in: true, why: "Readers expect it, and customers ask how their data is protected." },
        ),
        (
            "availability",
            of(
                Question::Uptime,
                "It is promised how much of the time the service can be used.",
                "Nothing is promised about how much of the time the service can be used.",
            ),
        ),
        (
            "confidentiality",
            of(
                Question::Confidential,
                "Data of customers is held under a promise to keep it confidential.",
                "No data is held under a promise to keep it confidential.",
            ),
        ),
        (
            "processing-integrity",
            of(
                Question::Results,
                "Customers rely on results of the service.",
                "The service computes no results that customers rely on.",
            ),
        ),
        (
            "privacy",
            of(
                Question::Personal,
                "Personal data is handled, with promises to the people it is about.",
                "Nothing is promised to people about their data by the company itself.",
            ),
        ),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    fn kinds(questions: &[Question]) -> Vec<ReportKind> {
        reports(&questions.iter().copied().collect()).into_iter().map(|one| one.kind).collect()
    }

    #[test]
    fn reports_follow_from_who_reads_and_what_is_promised() {
        use Question as Q;
        use ReportKind as R;
        assert_eq!(kinds(&[]), []);
        assert_eq!(kinds(&[Q::Financial]), [R::Soc1]);
        assert_eq!(kinds(&[Q::Asked]), [R::Soc2]);
        assert_eq!(kinds(&[Q::Uptime]), [R::Soc2], "a promise is a reason too");
        assert_eq!(kinds(&[Q::Financial, Q::Asked]), [R::Soc1, R::Soc2], "two reports, never one opinion");
        assert_eq!(kinds(&[Q::Public]), [R::Soc3]);
    }

    #[test]
    fn every_category_of_the_catalog_is_in_or_left_out_for_a_reason() {
        let catalog = Catalog::builtin();
        let proposed = categories(&Answers::from([Question::Uptime]));
        let known: Vec<&str> = catalog.frameworks[0].categories.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(proposed.len(), known.len());
        for id in known {
            assert!(!proposed[id].why.is_empty(), "{id}");
        }
        let is_in: Vec<&str> = proposed.iter().filter(|(_, one)| one.is_in).map(|(id, _)| *id).collect();
        assert_eq!(is_in, ["availability", "security"]);
    }
}
