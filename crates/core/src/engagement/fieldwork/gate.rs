//! What has to be there before a report is issued, each in its own words, and whose turn it is.
//!
//! Source: `docs/domain/soc-reports.md` section 3 (Section II), sections 10, 13 (steps 6 to 8) and 14;
//! `docs/domain/identity.md` section 1.12, rule 2.

use std::fmt;

use super::super::Engagement;
use super::super::completion::Completion;
use super::super::document::{Paper, Progress, Step};
use super::super::since::Unconfirmed;
use super::{OpinionKind, Party, Report};
use crate::conclusion::scope::Day;
use crate::id::ActorId;

/// Something that is still missing before the report is issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gate {
    /// The scope that holds is not approved.
    Scope,
    /// The scope names nobody who signs.
    Firm,
    /// The opinion is not recorded.
    Opinion,
    /// The file is not there.
    Section,
    /// The report is dated after today.
    Ahead(Day),
    /// A document of management is not written.
    Unwritten(Paper),
    /// A document was signed and changed afterwards, or its ground did.
    Void(Paper),
    /// A document waits for a step.
    Unsigned(Paper, Step),
    /// The opinion is modified, and management has not said so in its assertion.
    Unmodified(OpinionKind),
    /// The assertion was written before management was told of the modification.
    Amend,
    /// Controls in scope changed since management signed, and it has not confirmed that.
    Changed(Unconfirmed),
    /// Management has not recorded the date of the report.
    NoDate,
    /// Report and representation letter have two dates.
    OtherDate {
        /// Date of the report, by its opinion.
        report: Day,
        /// Date of the letter.
        letter: Day,
    },
    /// There is no representation letter.
    NoLetter,
    /// The letter was signed and changed afterwards, or the register of events or the date did.
    LetterVoid,
    /// The letter waits for a step.
    LetterUnsigned(Step),
    /// Nobody confirmed the register of subsequent events up to the date of the report.
    Unconfirmed {
        /// Up to which day it is needed; none while the report has no date.
        needed: Option<Day>,
        /// Up to which day it is confirmed.
        until: Option<Day>,
    },
    /// Workpapers that are shared and not reviewed as they were shared.
    Unreviewed(Vec<i64>),
    /// Whoever set the opinion does not issue the report while the firm has somebody else here.
    OwnOpinion,
}

/// What issuing rests on beside what the auditor recorded.
#[derive(Clone, Copy, Debug)]
pub struct IssueGround<'a> {
    /// Scope and management's documents.
    pub engagement: &'a Engagement,
    /// Events, letter and date.
    pub completion: &'a Completion,
    /// What changed of the controls in scope since management signed, and is not confirmed.
    pub unconfirmed: Option<Unconfirmed>,
    /// Numbers of workpapers that are shared and not reviewed as they were shared.
    pub unreviewed: &'a [i64],
    /// Other people of the firm who are in the engagement now.
    pub others: usize,
}

impl Gate {
    /// Returns whose turn it is.
    #[must_use]
    pub fn party(&self) -> Party {
        match self {
            Self::Opinion | Self::Section | Self::Ahead(_) | Self::Unreviewed(_) | Self::OwnOpinion => {
                Party::Auditor
            }
            _ => Party::Management,
        }
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |paper: &Paper| match paper {
            Paper::Description => "the description of the system",
            Paper::Assertion => "management's assertion",
        };
        match self {
            Self::Scope => f.write_str("its scope is not approved"),
            Self::Firm => f.write_str("the scope names no audit firm"),
            Self::Opinion => f.write_str("the opinion is not recorded"),
            Self::Section => f.write_str("the signed auditor's report is not uploaded"),
            Self::Ahead(day) => write!(f, "the report is dated {day}, which lies ahead"),
            Self::Unwritten(paper) => write!(f, "{} is not written", name(paper)),
            Self::Void(paper) => write!(
                f,
                "{} was signed, and it or what it rests on changed since: management signs it again",
                name(paper)
            ),
            Self::Unsigned(paper, Step::Review) => {
                write!(f, "nobody of management has reviewed {}", name(paper))
            }
            Self::Unsigned(paper, Step::Approve) => {
                write!(f, "nobody of management has approved {}", name(paper))
            }
            Self::Unmodified(kind) => write!(
                f,
                "the opinion is {}, and management's assertion is not: management records the modification, writes the \
                 assertion anew with it, and signs it again",
                match kind {
                    OpinionKind::Unmodified => "unmodified",
                    OpinionKind::Qualified => "qualified",
                    OpinionKind::Adverse => "adverse",
                    OpinionKind::Disclaimer => "disclaimed",
                }
            ),
            Self::Amend => f.write_str(
                "management's assertion was written before management was told that the opinion is modified: it is \
                 written anew with the same modification",
            ),
            Self::Changed(unconfirmed) => fmt::Display::fmt(unconfirmed, f),
            Self::NoDate => f.write_str("management has not recorded the date of the report"),
            Self::OtherDate { report, letter } => write!(
                f,
                "the report is dated {report}, and the representation letter {letter}; both have one date"
            ),
            Self::NoLetter => f.write_str("management has not written its representation letter"),
            Self::LetterVoid => f.write_str(
                "the representation letter was signed, and it, its date, the scope or the register of subsequent events \
                 changed since: management signs it again",
            ),
            Self::LetterUnsigned(Step::Review) => {
                f.write_str("nobody of management has reviewed the representation letter")
            }
            Self::LetterUnsigned(Step::Approve) => {
                f.write_str("nobody of management has signed the representation letter")
            }
            Self::Unconfirmed { needed, until } => {
                let needed =
                    needed.map_or_else(|| "the date of the report".to_owned(), |day| day.to_string());
                match until {
                    None => write!(
                        f,
                        "management has not confirmed that the register of subsequent events is whole up to {needed}"
                    ),
                    Some(until) => write!(
                        f,
                        "the register of subsequent events is confirmed up to {until} and not up to {needed}"
                    ),
                }
            }
            Self::Unreviewed(numbers) => {
                let names: Vec<String> = numbers.iter().map(|number| format!("WP-{number}")).collect();
                let (is, it) = if numbers.len() == 1 { ("is", "it was") } else { ("are", "they were") };
                write!(
                    f,
                    "{} {is} shared with management and not reviewed as {it} shared",
                    names.join(", ")
                )
            }
            Self::OwnOpinion => f.write_str(
                "whoever set the opinion does not issue the report; somebody else of the firm who is in the engagement \
                 does",
            ),
        }
    }
}

impl Report {
    /// Returns what is missing before `by` issues the report on a day, in the order of the work.
    #[must_use]
    pub fn gates(&self, ground: &IssueGround<'_>, by: ActorId, today: Day) -> Vec<Gate> {
        let mut gates = managements(ground, self.opinion().map(|opinion| opinion.dated));
        if let Some(opinion) = self.opinion()
            && opinion.label != OpinionKind::Unmodified
            && ground.engagement.modified().is_none()
        {
            gates.push(Gate::Unmodified(opinion.label));
        }
        match self.opinion() {
            None => gates.push(Gate::Opinion),
            Some(opinion) if today < opinion.dated => gates.push(Gate::Ahead(opinion.dated)),
            Some(_) => {}
        }
        if self.section().is_none() {
            gates.push(Gate::Section);
        }
        if !ground.unreviewed.is_empty() {
            gates.push(Gate::Unreviewed(ground.unreviewed.to_vec()));
        }
        if ground.others > 0 && self.set_by() == Some(by) {
            gates.push(Gate::OwnOpinion);
        }
        gates
    }
}

/// Returns what management still has to do, as far as management may know: the opinion is not its to read before it is
/// issued, but for the date of the report, which both agree on.
#[must_use]
pub fn managements(ground: &IssueGround<'_>, dated: Option<Day>) -> Vec<Gate> {
    let IssueGround { engagement, completion, unconfirmed, .. } = *ground;
    let mut gates = Vec::new();
    if engagement.approved().is_none() {
        gates.push(Gate::Scope);
    }
    if engagement.holds().firm.is_empty() {
        gates.push(Gate::Firm);
    }
    gates.extend(engagement.papers().filter_map(|paper| of_paper(engagement, paper)));
    if engagement.assertion_fault().is_some() {
        gates.push(Gate::Amend);
    }
    gates.extend(unconfirmed.map(Gate::Changed));
    match (completion.report_date(), dated) {
        (None, _) => gates.push(Gate::NoDate),
        (Some(letter), Some(report)) if letter != report => gates.push(Gate::OtherDate { report, letter }),
        _ => {}
    }
    let needed = dated.or(completion.report_date());
    let until = completion.confirmed().map(|confirmed| confirmed.until);
    if needed.zip(until).is_none_or(|(needed, until)| until < needed) {
        gates.push(Gate::Unconfirmed { needed, until });
    }
    let letter_ground = completion.letter_ground(engagement.scope_digest());
    let letter = completion.representation.as_ref().map(|letter| letter.progress(letter_ground));
    gates.extend(lacks(letter, || Gate::NoLetter, || Gate::LetterVoid, Gate::LetterUnsigned));
    gates
}

/// Returns what keeps a report that came from outside from being recorded: every report holds management's assertion, and
/// nobody adopted it as it stands, or controls changed since and nobody confirmed that. Whatever else is done before an issue
/// may have been done outside as well.
#[must_use]
pub fn before_report(engagement: &Engagement, unconfirmed: Option<Unconfirmed>) -> Option<Gate> {
    of_paper(engagement, Paper::Assertion).or_else(|| unconfirmed.map(Gate::Changed))
}

fn of_paper(engagement: &Engagement, paper: Paper) -> Option<Gate> {
    lacks(
        engagement.progress(paper),
        || Gate::Unwritten(paper),
        || Gate::Void(paper),
        |step| Gate::Unsigned(paper, step),
    )
}

fn lacks(
    progress: Option<Progress>,
    unwritten: impl FnOnce() -> Gate,
    void: impl FnOnce() -> Gate,
    unsigned: impl FnOnce(Step) -> Gate,
) -> Option<Gate> {
    match progress {
        None => Some(unwritten()),
        Some(Progress { is_void: true, .. }) => Some(void()),
        Some(progress) => progress.next_step().map(unsigned),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use uuid::Uuid;

    use super::super::{Opinion, Part, PartResult, SectionFile};
    use super::*;
    use crate::engagement::completion::{Decided, EventKind, Letter, Told};
    use crate::engagement::{
        Assertion, Description, EngagementKey, Part as Passages, Passage, ReportKind, Scope, Time,
    };
    use crate::id::EvidenceKey;
    use crate::{Digest, Timestamp};

    const DATE: &str = "2027-02-10";

    fn person(number: u128) -> ActorId {
        ActorId(Uuid::from_u128(number))
    }

    fn day(text: &str) -> Day {
        text.parse().expect("a day")
    }

    fn noon(text: &str) -> Timestamp {
        format!("{text}T12:00:00Z").parse().expect("a moment")
    }

    fn scope(firm: &str) -> Scope {
        let time = Time::Period { from: day("2026-01-01"), to: day("2026-12-31") };
        Scope {
            services: vec!["Payroll".into()],
            firm: firm.into(),
            ..Scope::of(ReportKind::Soc2, time, "Payroll")
        }
    }

    fn assertion(text: &str) -> Assertion {
        Assertion { text: text.into(), signatory: "Eva".into(), title: "Director".into() }
    }

    fn sign(one: &mut Engagement, paper: Paper, at: &str) {
        let ground = one.ground(paper);
        for (who, step) in [(2, Step::Review), (3, Step::Approve)] {
            let signed = match paper {
                Paper::Description => {
                    one.description.as_mut().expect("there").sign(step, person(who), noon(at), ground)
                }
                Paper::Assertion => {
                    one.assertion.as_mut().expect("there").sign(step, person(who), noon(at), ground)
                }
            };
            signed.expect("signed");
        }
    }

    /// An engagement whose documents are signed.
    fn signed() -> Engagement {
        let mut one =
            Engagement::plan(EngagementKey(1), scope("Firm"), person(1), noon("2026-02-01"), "first")
                .expect("planned");
        one.approve(&[], person(2), noon("2026-02-02")).expect("approved");
        let passage = |(part, _): (Passages, bool)| (part, Passage { text: "So.".into(), none: false });
        let parts = Passages::of(ReportKind::Soc2, one.holds().time).into_iter().map(passage).collect();
        let description = Description { parts, ..Description::default() };
        one.describe(description, person(1), noon("2027-01-02")).expect("described");
        one.assert(assertion("We assert."), person(1), noon("2027-01-02")).expect("asserted");
        sign(&mut one, Paper::Description, "2027-01-03");
        sign(&mut one, Paper::Assertion, "2027-01-03");
        one
    }

    /// What completes it: date, register and letter.
    fn complete(one: &Engagement) -> Completion {
        let mut completion = Completion::begin(EngagementKey(1));
        completion.date(day(DATE), one.holds().time).expect("dated");
        completion.confirm(day(DATE), one.holds().time, person(3), noon(DATE)).expect("confirmed");
        let letter = Letter {
            to: "Firm".into(),
            text: "We confirm.".into(),
            signatory: "Eva".into(),
            title: "Director".into(),
        };
        completion.represent(letter, person(1), noon("2027-01-20")).expect("written");
        for (who, step) in [(2, Step::Review), (3, Step::Approve)] {
            completion.sign_letter(step, one.scope_digest(), person(who), noon(DATE)).expect("signed");
        }
        completion
    }

    fn opinion(label: OpinionKind) -> Opinion {
        let part = |part, result: OpinionKind| PartResult {
            part,
            result,
            concerns: if result == OpinionKind::Unmodified {
                BTreeSet::new()
            } else {
                BTreeSet::from(["CC6.1".into()])
            },
            basis: if result == OpinionKind::Unmodified { String::new() } else { "Because.".into() },
        };
        let parts = vec![
            part(Part::Description, OpinionKind::Unmodified),
            part(Part::Design, OpinionKind::Unmodified),
            part(Part::Operation, label),
        ];
        Opinion { parts, label, dated: day(DATE) }
    }

    fn report(label: OpinionKind) -> Report {
        let mut report = Report::default();
        let criteria = BTreeSet::from(["CC6.1".into()]);
        report.record(opinion(label), &scope("Firm"), &criteria, person(10)).expect("recorded");
        let (by, at) = (person(10), noon(DATE));
        let (name, artifact) = ("section-1.pdf".into(), EvidenceKey(1));
        report
            .attach(SectionFile { name, artifact, digest: Digest([1; 32]), size: 9, by, at })
            .expect("attached");
        report
    }

    fn ground<'a>(engagement: &'a Engagement, completion: &'a Completion) -> IssueGround<'a> {
        IssueGround { engagement, completion, unconfirmed: None, unreviewed: &[], others: 1 }
    }

    fn gates(report: &Report, engagement: &Engagement, completion: &Completion) -> Vec<Gate> {
        report.gates(&ground(engagement, completion), person(11), day(DATE))
    }

    #[test]
    fn a_whole_report_is_issued_by_a_second_person_and_nothing_changes_afterwards() {
        let (one, mut report) = (signed(), report(OpinionKind::Unmodified));
        let completion = complete(&one);
        assert_eq!(gates(&report, &one, &completion), []);
        let ground = ground(&one, &completion);
        assert_eq!(report.gates(&ground, person(10), day(DATE)), [Gate::OwnOpinion]);
        let own = report.issue(&ground, person(10), noon(DATE)).expect_err("refused").to_string();
        assert!(own.contains("whoever set the opinion does not issue"), "{own}");
        let mut alone = report.clone();
        let ground_alone = IssueGround { others: 0, ..ground };
        alone.issue(&ground_alone, person(10), noon(DATE)).expect("nobody else is there");
        assert!(alone.issued().is_some_and(|issue| issue.alone));
        report.issue(&ground, person(11), noon("2027-02-12")).expect("issued");
        let issue = report.issued().expect("issued");
        assert!(!issue.alone && issue.released() == day("2027-02-12") && issue.firm == "Firm");
        let again = report.issue(&ground, person(11), noon("2027-02-12")).expect_err("frozen").to_string();
        assert!(again.contains("frozen since"), "{again}");
    }

    #[test]
    fn nothing_that_is_missing_is_passed_over() {
        let (one, whole) = (signed(), report(OpinionKind::Unmodified));
        let none = Completion::begin(EngagementKey(1));
        let unconfirmed = Gate::Unconfirmed { needed: Some(day(DATE)), until: None };
        assert_eq!(gates(&whole, &one, &none), [Gate::NoDate, unconfirmed, Gate::NoLetter]);
        let (none, both) = (Report::default(), [Gate::Opinion, Gate::Section]);
        assert_eq!(gates(&none, &one, &complete(&one)), both);
        let completion = complete(&one);
        let ahead = IssueGround { unreviewed: &[3, 5], ..ground(&one, &completion) };
        let found = whole.gates(&ahead, person(11), day("2027-02-09"));
        assert_eq!(found, [Gate::Ahead(day(DATE)), Gate::Unreviewed(vec![3, 5])]);
        assert_eq!(
            found[1].to_string(),
            "WP-3, WP-5 are shared with management and not reviewed as they were shared"
        );

        let planned = Engagement::plan(EngagementKey(1), scope(""), person(1), noon("2026-02-01"), "first");
        let bare = gates(&whole, &planned.expect("planned"), &complete(&one));
        assert_eq!(
            bare[..4],
            [Gate::Scope, Gate::Firm, Gate::Unwritten(Paper::Description), Gate::Unwritten(Paper::Assertion)]
        );
    }

    #[test]
    fn controls_that_changed_since_management_signed_wait_for_its_confirmation() {
        let (one, mut report) = (signed(), report(OpinionKind::Unmodified));
        let completion = complete(&one);
        let unconfirmed = Unconfirmed { changed: 2, since_confirmed: Some(1) };
        let open = IssueGround { unconfirmed: Some(unconfirmed), ..ground(&one, &completion) };
        assert_eq!(managements(&open, None), [Gate::Changed(unconfirmed)]);
        assert_eq!(Gate::Changed(unconfirmed).party(), Party::Management);
        let refused = report.issue(&open, person(11), noon(DATE)).expect_err("refused").to_string();
        assert!(
            refused.ends_with("one more control changed since the confirmation: management confirms again")
        );
        report.issue(&ground(&one, &completion), person(11), noon(DATE)).expect("issued");
    }

    #[test]
    fn date_register_and_letter_fit_the_date_of_the_opinion() {
        let (one, report) = (signed(), report(OpinionKind::Unmodified));
        let mut other = complete(&one);
        other.date(day("2027-02-09"), one.holds().time).expect("dated");
        let letter = day("2027-02-09");
        assert_eq!(
            gates(&report, &one, &other),
            [Gate::OtherDate { report: day(DATE), letter }, Gate::LetterVoid]
        );
        // An event up to the date of the report opens the register and the letter again; a later one does not.
        let told = |on: &str| Told {
            day: day(on),
            kind: EventKind::Incident,
            what: "Mail was down".into(),
            effect: "No data was touched.".into(),
            decided: Decided::NoEffect,
            reason: "looked into".into(),
        };
        let mut told_late = complete(&one);
        told_late.tell(None, told("2027-02-01"), one.holds().time, person(1), noon(DATE)).expect("told");
        let unconfirmed = Gate::Unconfirmed { needed: Some(day(DATE)), until: None };
        assert_eq!(gates(&report, &one, &told_late), [unconfirmed, Gate::LetterVoid]);
        let mut afterwards = complete(&one);
        afterwards
            .tell(None, told("2027-02-20"), one.holds().time, person(1), noon("2027-02-21"))
            .expect("told");
        assert_eq!(gates(&report, &one, &afterwards), []);
    }

    #[test]
    fn a_modified_opinion_is_carried_by_the_assertion() {
        let (mut one, qualified) = (signed(), report(OpinionKind::Qualified));
        let completion = complete(&one);
        let found = gates(&qualified, &one, &completion);
        assert_eq!(found, [Gate::Unmodified(OpinionKind::Qualified)]);
        assert!(
            found[0].to_string().starts_with("the opinion is qualified, and management's assertion is not")
        );
        // Nothing of it is said to management before the issue.
        assert_eq!(managements(&ground(&one, &completion), None), []);

        one.modify("CC6.1 was not met.", person(1), noon("2027-02-05")).expect("told");
        assert_eq!(gates(&qualified, &one, &completion), [Gate::Void(Paper::Assertion), Gate::Amend]);
        one.assert(assertion("We assert, but for CC6.1."), person(1), noon("2027-02-06")).expect("amended");
        assert_eq!(gates(&qualified, &one, &completion), [Gate::Void(Paper::Assertion)]);
        sign(&mut one, Paper::Assertion, "2027-02-07");
        assert_eq!(gates(&qualified, &one, &completion), []);
    }
}
