//! What comes next in an engagement: for each party the first step that is not done. It orders what is recorded and judges
//! nothing.
//!
//! Source: `docs/domain/soc-reports.md` sections 13 and 14; `docs/domain/processes.md` section 24.

use super::document::{Paper, Step};
use super::fieldwork::Report;
use super::{Engagement, Standing};

/// What management's next step depends on beside the record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ManagementGround {
    /// Problems that keep the scope from being approved.
    pub problems: usize,
    /// People of the audit firm who are in now.
    pub auditors: usize,
    /// Requests that wait for management.
    pub requests: usize,
    /// Exceptions that were shared and have no answer.
    pub exceptions: usize,
    /// Controls in scope that changed since management signed, while it has not confirmed that; counted
    /// once the time of the examination is over.
    pub unconfirmed: usize,
    /// Things that management has to do itself before the report is issued; counted once the time of the examination is over.
    pub missing: usize,
    /// Whether the report was issued or received.
    pub has_report: bool,
    /// Whether the auditor revises it since.
    pub is_revised: bool,
    /// Whether the engagement was frozen.
    pub is_frozen: bool,
}

/// Management's next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManagementStep {
    /// Mend what keeps the scope from being approved: so many problems.
    MendScope(usize),
    /// Approve the scope that waits.
    ApproveScope,
    /// Let people of the audit firm in.
    LetIn,
    /// Answer so many requests.
    Answer(usize),
    /// Answer so many exceptions.
    Respond(usize),
    /// Write a document.
    Write(Paper),
    /// Take the step that a document waits for.
    Sign(Paper, Step),
    /// Confirm what changed of so many controls in scope since management signed.
    ConfirmChanges(usize),
    /// Do so many things that the report waits for: its date, the register of events, the representation letter.
    Finish(usize),
    /// Record the revised report.
    RecordRevised,
    /// Write what follows the report: letters, the next engagement.
    Complete,
    /// Nothing: the auditor works.
    Await,
}

/// What the auditor's next step depends on beside the record of the report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditorGround {
    /// Requests there are.
    pub requests: usize,
    /// Of them, those that management answered and nobody decided about.
    pub submitted: usize,
    /// Of them, those that wait for management.
    pub open: usize,
    /// Controls in scope without a workpaper.
    pub untested: usize,
    /// Papers that are not signed by who prepares them.
    pub unprepared: usize,
    /// Papers that are prepared and not reviewed.
    pub unreviewed: usize,
    /// What is missing before the report is issued, in words.
    pub missing: Option<String>,
}

/// The auditor's next step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditorStep {
    /// Ask for something.
    Ask,
    /// Decide about so many answers.
    Decide(usize),
    /// Review so many papers.
    Review(usize),
    /// Begin papers for so many controls.
    Begin(usize),
    /// Finish and sign so many papers.
    Prepare(usize),
    /// Nothing: so many requests wait for management.
    AwaitAnswers(usize),
    /// Record the opinion.
    RecordOpinion,
    /// Upload the signed report.
    UploadSection,
    /// Something is missing before the report can be issued.
    AwaitDocuments(String),
    /// Mark the report as issued.
    Issue,
    /// Take the firm's file out: nothing changes any more.
    TakeFile,
}

impl Engagement {
    /// Returns management's next step; none once the engagement is closed, or frozen without a report.
    #[must_use]
    pub fn next_for_management(&self, ground: &ManagementGround) -> Option<ManagementStep> {
        use ManagementStep as S;
        if ground.has_report {
            return Some(if ground.is_revised { S::RecordRevised } else { S::Complete });
        }
        if self.closed().is_some() || ground.is_frozen {
            return None;
        }
        if self.standing() != Standing::Scoped {
            return Some(match ground.problems {
                0 => S::ApproveScope,
                problems => S::MendScope(problems),
            });
        }
        let is_written = |paper: Paper| self.progress(paper).is_some();
        // The auditor reads the description first; the assertion is about the whole time, and comes last.
        if self.papers().any(|paper| paper == Paper::Description && !is_written(paper)) {
            return Some(S::Write(Paper::Description));
        }
        if ground.auditors == 0 {
            return Some(S::LetIn);
        }
        // An exception is about one control and is disclosed; the list of requests is long and may never be answered whole.
        if ground.exceptions > 0 {
            return Some(S::Respond(ground.exceptions));
        }
        if ground.requests > 0 {
            return Some(S::Answer(ground.requests));
        }
        let lacks =
            self.description.as_ref().is_some_and(|one| !one.content.missing(self.holds()).is_empty());
        let paper = self.papers().find_map(|paper| match self.next_step(paper) {
            // Nobody can sign what is not written to its end.
            Some(_) if paper == Paper::Description && lacks => Some(S::Write(paper)),
            Some(step) => Some(S::Sign(paper, step)),
            None if !is_written(paper) => Some(S::Write(paper)),
            None => None,
        });
        Some(paper.unwrap_or(match (ground.unconfirmed, ground.missing) {
            (0, 0) => S::Await,
            (0, missing) => S::Finish(missing),
            (changed, _) => S::ConfirmChanges(changed),
        }))
    }
}

impl Report {
    /// Returns the auditor's next step.
    #[must_use]
    pub fn next_for_auditor(&self, ground: &AuditorGround) -> AuditorStep {
        use AuditorStep as S;
        match ground {
            _ if self.frozen().is_some() => S::TakeFile,
            AuditorGround { requests: 0, .. } => S::Ask,
            AuditorGround { submitted: 1.., .. } => S::Decide(ground.submitted),
            AuditorGround { unreviewed: 1.., .. } => S::Review(ground.unreviewed),
            AuditorGround { untested: 1.., .. } => S::Begin(ground.untested),
            AuditorGround { unprepared: 1.., .. } => S::Prepare(ground.unprepared),
            AuditorGround { open: 1.., .. } => S::AwaitAnswers(ground.open),
            _ if self.opinion().is_none() => S::RecordOpinion,
            _ if self.section().is_none() => S::UploadSection,
            AuditorGround { missing: Some(missing), .. } => S::AwaitDocuments(missing.clone()),
            _ => S::Issue,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Assertion, Description, EngagementKey, Part, Passage, ReportKind, Scope, Time};
    use super::*;
    use crate::Timestamp;
    use crate::id::ActorId;

    fn person(number: u128) -> ActorId {
        ActorId(uuid::Uuid::from_u128(number))
    }

    fn moment(second: i64) -> Timestamp {
        Timestamp::from_seconds(second)
    }

    fn scope() -> Scope {
        let day = |text: &str| text.parse().expect("a day");
        let time = Time::Period { from: day("2026-01-01"), to: day("2026-12-31") };
        Scope { services: vec!["Payroll".into()], ..Scope::of(ReportKind::Soc2, time, "Payroll") }
    }

    #[test]
    fn management_goes_from_scope_to_what_follows_the_report() {
        use ManagementStep as S;
        let mut one =
            Engagement::plan(EngagementKey(1), scope(), person(1), moment(1), "first").expect("planned");
        let mut ground = ManagementGround { problems: 2, ..ManagementGround::default() };
        let next = |one: &Engagement, ground: &ManagementGround| one.next_for_management(ground);
        assert_eq!(next(&one, &ground), Some(S::MendScope(2)));
        ground.problems = 0;
        assert_eq!(next(&one, &ground), Some(S::ApproveScope));
        one.approve(&[], person(2), moment(2)).expect("approved");
        assert_eq!(next(&one, &ground), Some(S::Write(Paper::Description)));
        let passage = |(part, _): (Part, bool)| {
            let none = part.may_be_none();
            (part, Passage { text: if none { String::new() } else { "So it runs.".into() }, none })
        };
        let time = one.holds().time;
        let parts = Part::of(ReportKind::Soc2, time).into_iter().map(passage).collect();
        one.describe(Description { parts, ..Description::default() }, person(1), moment(3))
            .expect("described");
        assert_eq!(next(&one, &ground), Some(S::LetIn));
        ground = ManagementGround { auditors: 1, requests: 3, exceptions: 1, ..ground };
        assert_eq!(next(&one, &ground), Some(S::Respond(1)));
        ground.exceptions = 0;
        assert_eq!(next(&one, &ground), Some(S::Answer(3)));
        ground.requests = 0;
        assert_eq!(next(&one, &ground), Some(S::Sign(Paper::Description, Step::Review)));
        let mut begun = one.clone();
        begun.describe(Description::default(), person(1), moment(4)).expect("described anew");
        assert_eq!(next(&begun, &ground), Some(S::Write(Paper::Description)), "it is begun and not whole");
        let assertion = Assertion { text: "We assert.".into(), signatory: "Eva".into(), title: "CEO".into() };
        let mut written = one.clone();
        written.assert(assertion, person(1), moment(4)).expect("asserted");
        assert_eq!(next(&written, &ground), Some(S::Sign(Paper::Description, Step::Review)), "one by one");
        for paper in [Paper::Description, Paper::Assertion] {
            for (step, who) in [(Step::Review, 2), (Step::Approve, 3)] {
                let on = written.ground(paper);
                let signed = match paper {
                    Paper::Description => {
                        written.description.as_mut().expect("there").sign(step, person(who), moment(5), on)
                    }
                    Paper::Assertion => {
                        written.assertion.as_mut().expect("there").sign(step, person(who), moment(5), on)
                    }
                };
                signed.expect("signed");
            }
        }
        assert_eq!(next(&written, &ground), Some(S::Await));
        let finish = ManagementGround { missing: 3, ..ground };
        assert_eq!(next(&written, &finish), Some(S::Finish(3)), "date, register and letter");
        let changed = ManagementGround { unconfirmed: 2, ..finish };
        assert_eq!(next(&written, &changed), Some(S::ConfirmChanges(2)), "what was signed comes first");
        let frozen = ManagementGround { is_frozen: true, ..ground };
        assert_eq!(next(&one, &frozen), None);
        assert_eq!(
            next(&one, &ManagementGround { has_report: true, ..frozen }),
            Some(S::Complete),
            "letters follow the report"
        );
        assert_eq!(
            next(&one, &ManagementGround { has_report: true, is_revised: true, ..frozen }),
            Some(S::RecordRevised),
            "nobody is given the one that is there"
        );
        one.close(person(1), moment(5), "given up").expect("closed");
        assert_eq!(next(&one, &ground), None);
    }

    #[test]
    fn the_auditor_goes_from_requests_to_the_issue() {
        use AuditorStep as S;
        let mut report = Report::default();
        let mut ground = AuditorGround::default();
        assert_eq!(report.next_for_auditor(&ground), S::Ask);
        ground = AuditorGround {
            requests: 9,
            submitted: 2,
            open: 4,
            untested: 5,
            unprepared: 3,
            unreviewed: 1,
            missing: Some("its scope is not approved".into()),
        };
        assert_eq!(report.next_for_auditor(&ground), S::Decide(2));
        ground.submitted = 0;
        assert_eq!(report.next_for_auditor(&ground), S::Review(1));
        ground.unreviewed = 0;
        assert_eq!(report.next_for_auditor(&ground), S::Begin(5));
        ground.untested = 0;
        assert_eq!(report.next_for_auditor(&ground), S::Prepare(3));
        ground.unprepared = 0;
        assert_eq!(report.next_for_auditor(&ground), S::AwaitAnswers(4));
        ground.open = 0;
        assert_eq!(report.next_for_auditor(&ground), S::RecordOpinion);
        report.freeze(person(1), moment(1), "given up").expect("frozen");
        assert_eq!(report.next_for_auditor(&ground), S::TakeFile);
    }
}
