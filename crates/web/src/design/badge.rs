//! Verdicts and states in words, with their mark.

use maud::{Markup, html};
use tickmark_core::observation::{Severity, Verdict};

use super::icon::Mark;
use super::table::Filter;

/// All severities, the worst first.
pub const SEVERITIES: [Severity; 4] = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];

/// A mark with its word.
#[must_use]
pub fn badge(mark: Mark, word: &str) -> Markup {
    html! { span class={ "badge " (mark.class()) } { (mark.draw()) (word) } }
}

/// The badge of a check's verdict.
#[must_use]
pub fn verdict(verdict: Verdict) -> Markup {
    badge(mark_of(verdict), word_of(verdict))
}

/// The mark of a verdict.
#[must_use]
pub fn mark_of(verdict: Verdict) -> Mark {
    match verdict {
        Verdict::Pass => Mark::Pass,
        Verdict::Fail => Mark::Fail,
        Verdict::Unknown => Mark::Unknown,
        Verdict::NotApplicable => Mark::NotApplicable,
    }
}

/// The place of a verdict in a list: what needs work first.
#[must_use]
pub fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Fail => 0,
        Verdict::Unknown => 1,
        Verdict::Pass => 2,
        Verdict::NotApplicable => 3,
    }
}

/// The word of a verdict for people.
#[must_use]
pub fn word_of(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "Pass",
        Verdict::Fail => "Fail",
        Verdict::Unknown => "Unknown",
        Verdict::NotApplicable => "Not applicable",
    }
}

/// A severity in words. Weight, not color, carries it: color is kept for verdicts.
#[must_use]
pub fn severity(severity: Severity) -> Markup {
    html! {
        @match severity {
            Severity::Critical | Severity::High => strong { (severity_word(severity)) },
            Severity::Medium | Severity::Low => span.muted { (severity_word(severity)) },
        }
    }
}

/// The word of a severity for people.
#[must_use]
pub fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "Low",
        Severity::Medium => "Medium",
        Severity::High => "High",
        Severity::Critical => "Critical",
    }
}

/// The choice of a severity above a table.
#[must_use]
pub fn severity_filter() -> Filter {
    let options = SEVERITIES.map(|s| (s.word().to_owned(), severity_word(s).to_owned()));
    Filter { key: "severity", label: "Severity", options: options.to_vec(), shown: true }
}

/// How many of each verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VerdictCounts {
    /// Proven as asserted.
    pub pass: usize,
    /// Shown not to be as asserted.
    pub fail: usize,
    /// Could not be seen.
    pub unknown: usize,
    /// No subject here.
    pub not_applicable: usize,
}

impl VerdictCounts {
    /// The counts in words, for a file.
    #[must_use]
    pub fn words(&self) -> String {
        let Self { pass, fail, unknown, not_applicable } = self;
        format!("{pass} pass, {fail} fail, {unknown} unknown, {not_applicable} not applicable")
    }

    /// Counts one more.
    pub fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Pass => self.pass += 1,
            Verdict::Fail => self.fail += 1,
            Verdict::Unknown => self.unknown += 1,
            Verdict::NotApplicable => self.not_applicable += 1,
        }
    }

    /// Counts verdicts.
    #[must_use]
    pub fn of(verdicts: impl IntoIterator<Item = Verdict>) -> Self {
        let mut counts = Self::default();
        verdicts.into_iter().for_each(|verdict| counts.add(verdict));
        counts
    }

    /// All of them.
    #[must_use]
    pub fn total(&self) -> usize {
        self.pass + self.fail + self.unknown + self.not_applicable
    }

    /// The worst verdict present: fail, then unknown, then pass.
    #[must_use]
    pub fn worst(&self) -> Option<Verdict> {
        if self.fail > 0 {
            Some(Verdict::Fail)
        } else if self.unknown > 0 {
            Some(Verdict::Unknown)
        } else if self.pass > 0 {
            Some(Verdict::Pass)
        } else if self.not_applicable > 0 {
            Some(Verdict::NotApplicable)
        } else {
            None
        }
    }
}

/// Counts as marks with figures, each leading to its rows at `href` followed by the word of the verdict.
#[must_use]
pub fn counts(counts: &VerdictCounts, href: &str) -> Markup {
    let parts = [
        (Verdict::Fail, counts.fail),
        (Verdict::Unknown, counts.unknown),
        (Verdict::Pass, counts.pass),
        (Verdict::NotApplicable, counts.not_applicable),
    ];
    html! {
        span.marks {
            @for (verdict, count) in parts.into_iter().filter(|(_, count)| *count > 0) {
                a href={ (href) (verdict.word()) } title={ (count) " " (word_of(verdict).to_lowercase()) } {
                    (mark_of(verdict).draw())
                    span { (count) span.visually-hidden { " " (word_of(verdict).to_lowercase()) } }
                }
            }
        }
    }
}
