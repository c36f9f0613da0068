//! What a control says, and how that changes: written as a draft, approved by somebody else, changed by proposal.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    Approval, Control, ControlError, ControlId, ControlKind, ControlState, CriterionMapping, Frequency,
    Level, Nature, Proposed, Retirement, TextHistory,
};
use crate::id::{ActorId, SystemId};
use crate::{Timestamp, words};

/// Most characters of a title, an area or a role.
pub const TITLE_MAX: usize = 200;
/// Most characters of a statement, a population or a reason.
pub const TEXT_MAX: usize = 4_000;
/// Most pieces of evidence.
pub const EVIDENCE_MAX: usize = 50;
/// Most criteria.
pub const CRITERIA_MAX: usize = 200;

/// What a control says apart from who does it: the part that somebody else approves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Title.
    pub title: String,
    /// Who does what, how often or on what trigger, using what, so that what; with the evidence named.
    pub statement: String,
    /// Area it is grouped under.
    pub area: String,
    /// What it does about a risk.
    pub kind: ControlKind,
    /// Who or what performs it.
    pub nature: Nature,
    /// How often the activity is performed.
    pub frequency: Frequency,
    /// Where it sits.
    pub level: Option<Level>,
    /// The system it is for; none if it is for the organization as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<SystemId>,
    /// Role that answers for it, in words.
    pub owner_role: String,
    /// Evidence it leaves.
    pub evidence: Vec<String>,
    /// What would be sampled.
    pub population: String,
    /// Criteria it answers.
    pub criteria: Vec<CriterionMapping>,
}

/// The people of a control.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Assigned {
    /// Who answers for it.
    pub owner: Option<ActorId>,
    /// Who performs it, where that is not the owner.
    pub operator: Option<ActorId>,
    /// Who reviews it.
    pub reviewer: Option<ActorId>,
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It holds from now on.
    Holds,
    /// What it says waits for somebody else's approval; people that were assigned are assigned.
    Waits,
}

impl Level {
    /// All levels.
    pub const ALL: [Self; 4] = [Self::Entity, Self::Process, Self::Application, Self::Infrastructure];

    /// Returns the word used in documents and storage.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Entity => "entity",
            Self::Process => "process",
            Self::Application => "application",
            Self::Infrastructure => "infrastructure",
        }
    }
}

impl Content {
    /// Brings the texts to one form, without space at their ends, and criteria in order without repetition.
    ///
    /// # Errors
    /// If the title or the statement is empty, or something is too long or unreadable.
    pub fn checked(mut self, id: &ControlId) -> Result<Self, ControlError> {
        for (what, text, max) in [
            ("title", &mut self.title, TITLE_MAX),
            ("statement", &mut self.statement, TEXT_MAX),
            ("area", &mut self.area, TITLE_MAX),
            ("owner's role", &mut self.owner_role, TITLE_MAX),
            ("population", &mut self.population, TEXT_MAX),
        ] {
            *text = readable(what, text, max)?;
        }
        if self.title.is_empty() {
            return Err(ControlError::NoTitle(id.clone()));
        }
        if self.statement.is_empty() {
            return Err(ControlError::NoStatement(id.clone()));
        }
        let evidence: Result<Vec<String>, ControlError> =
            self.evidence.iter().map(|line| readable("evidence", line, TITLE_MAX)).collect();
        self.evidence = evidence?.into_iter().filter(|line| !line.is_empty()).collect();
        if self.evidence.len() > EVIDENCE_MAX {
            return Err(ControlError::TooMany { what: "pieces of evidence", max: EVIDENCE_MAX });
        }
        if self.criteria.len() > CRITERIA_MAX {
            return Err(ControlError::TooMany { what: "criteria", max: CRITERIA_MAX });
        }
        let mut seen = BTreeSet::new();
        self.criteria.retain(|one| seen.insert((one.framework.clone(), one.criterion.clone())));
        Ok(self)
    }
}

impl Control {
    /// Writes a control from nothing, as a draft.
    ///
    /// # Errors
    /// As [`Content::checked`], or if no reason is given.
    pub fn write(
        id: ControlId,
        content: Content,
        assigned: Assigned,
        by: ActorId,
        at: Timestamp,
        reason: &str,
    ) -> Result<Self, ControlError> {
        let content = content.checked(&id)?;
        let reason = readable("reason", reason, TEXT_MAX)?;
        Ok(Self {
            text: TextHistory::begin(&id, &content.title, &content.statement, by, at, &reason)?,
            id,
            starter: None,
            area: content.area,
            kind: content.kind,
            nature: content.nature,
            frequency: content.frequency,
            level: content.level,
            system: content.system,
            owner_role: content.owner_role,
            owner: assigned.owner,
            operator: assigned.operator,
            reviewer: assigned.reviewer,
            evidence: content.evidence,
            population: content.population,
            criteria: content.criteria,
            active: None,
            retired: None,
            authors: BTreeSet::new(),
            proposed: None,
            approval: None,
            retirement: None,
        })
    }

    /// Says which starter control it was copied from, whatever was changed on the way: by that its checks find it.
    #[must_use]
    pub fn copied_from(mut self, starter: &str) -> Self {
        self.starter = Some(starter.to_owned());
        self
    }

    /// Returns what it says now.
    #[must_use]
    pub fn content(&self) -> Content {
        let text = self.text.current();
        Content {
            title: text.title.clone(),
            statement: text.statement.clone(),
            area: self.area.clone(),
            kind: self.kind,
            nature: self.nature,
            frequency: self.frequency,
            level: self.level,
            system: self.system,
            owner_role: self.owner_role.clone(),
            evidence: self.evidence.clone(),
            population: self.population.clone(),
            criteria: self.criteria.clone(),
        }
    }

    /// Returns its people.
    #[must_use]
    pub fn assigned(&self) -> Assigned {
        Assigned { owner: self.owner, operator: self.operator, reviewer: self.reviewer }
    }

    /// Returns the change that waits for approval.
    #[must_use]
    pub fn proposed(&self) -> Option<&Proposed> {
        self.proposed.as_deref()
    }

    /// Returns who approved which text.
    #[must_use]
    pub fn approval(&self) -> Option<&Approval> {
        self.approval.as_ref()
    }

    /// Returns why it was retired, where somebody said so.
    #[must_use]
    pub fn retirement(&self) -> Option<&Retirement> {
        self.retirement.as_ref()
    }

    /// Tells whether something waits for approval: a draft as a whole, or a change of what is in force.
    #[must_use]
    pub fn waits(&self) -> bool {
        match self.state() {
            ControlState::Draft => true,
            ControlState::Active => self.proposed.is_some(),
            ControlState::Retired => false,
        }
    }

    /// Tells whether somebody wrote what waits for approval.
    #[must_use]
    pub fn is_author(&self, who: ActorId) -> bool {
        match (&self.proposed, self.state()) {
            (Some(proposed), _) => proposed.by == who,
            (None, ControlState::Draft) => self.text.current().by == who || self.authors.contains(&who),
            (None, ControlState::Active | ControlState::Retired) => false,
        }
    }

    /// Changes it. What a draft says changes at once; what a control in force says changes when somebody else approves,
    /// and until then stands as it is. People change at once.
    ///
    /// # Errors
    /// If it is retired, nothing is changed, no reason is given, or as [`Content::checked`].
    pub fn change(
        &mut self,
        content: Content,
        assigned: Assigned,
        by: ActorId,
        at: Timestamp,
        reason: &str,
    ) -> Result<Change, ControlError> {
        let content = content.checked(&self.id)?;
        let reason = readable("reason", reason, TEXT_MAX)?;
        if reason.is_empty() {
            return Err(ControlError::NoReason(self.id.clone()));
        }
        let (is_other, are_others) = (content != self.content(), assigned != self.assigned());
        if !is_other && !are_others {
            return Err(ControlError::NothingChanged(self.id.clone()));
        }
        let state = self.state();
        if state == ControlState::Retired {
            return Err(ControlError::Transition {
                control: self.id.clone(),
                from: state,
                to: ControlState::Draft,
            });
        }
        if state == ControlState::Active && assigned.owner.is_none() {
            return Err(ControlError::NoOwner(self.id.clone()));
        }
        let waits = is_other && state == ControlState::Active;
        if waits {
            self.proposed = Some(Box::new(Proposed { content, by, at, reason }));
        } else if is_other {
            self.apply(content, by, at, &reason)?;
            self.authors.insert(by);
        }
        let Assigned { owner, operator, reviewer } = assigned;
        (self.owner, self.operator, self.reviewer) = (owner, operator, reviewer);
        Ok(if waits { Change::Waits } else { Change::Holds })
    }

    /// Approves what waits: puts a draft in force, or lets a proposed change hold. Who may approve is said by
    /// [`Self::separated`].
    ///
    /// # Errors
    /// If nothing waits, or there is no named owner.
    pub fn approve(&mut self, by: ActorId, at: Timestamp) -> Result<(), ControlError> {
        match (self.state(), self.proposed.take()) {
            (ControlState::Draft, _) => self.activate(at)?,
            (ControlState::Active, Some(proposed)) => {
                self.apply(proposed.content, proposed.by, at, &proposed.reason)?;
            }
            _ => return Err(ControlError::NothingWaits(self.id.clone())),
        }
        self.authors.clear();
        self.approval = Some(Approval { by, at, version: self.text.current().version });
        Ok(())
    }

    /// Refuses a proposed change: what is in force stays so.
    ///
    /// # Errors
    /// If nothing is proposed.
    pub fn decline(&mut self) -> Result<Proposed, ControlError> {
        let proposed = self.proposed.take();
        proposed.map(|proposed| *proposed).ok_or_else(|| ControlError::NothingWaits(self.id.clone()))
    }

    /// Refuses an approval by whoever wrote what waits for it.
    ///
    /// Source: `docs/domain/audit-methods.md` section 9: approver is not author.
    ///
    /// # Errors
    /// If they did.
    pub fn separated(&self, approver: ActorId) -> Result<(), ControlError> {
        if self.is_author(approver) { Err(ControlError::OwnText(self.id.clone())) } else { Ok(()) }
    }

    /// Takes it out of force, and says who decided and why.
    ///
    /// # Errors
    /// If it is retired already, or no reason is given.
    pub fn retire_because(&mut self, by: ActorId, at: Timestamp, reason: &str) -> Result<(), ControlError> {
        let reason = readable("reason", reason, TEXT_MAX)?;
        if reason.is_empty() {
            return Err(ControlError::NoReason(self.id.clone()));
        }
        self.retire(at)?;
        self.retirement = Some(Retirement { by, reason });
        Ok(())
    }

    fn apply(
        &mut self,
        content: Content,
        by: ActorId,
        at: Timestamp,
        reason: &str,
    ) -> Result<(), ControlError> {
        let text = self.text.current();
        if (text.title.as_str(), text.statement.as_str()) != (&content.title, &content.statement) {
            self.text.revise(&self.id, &content.title, &content.statement, by, at, reason)?;
        }
        self.area = content.area;
        self.kind = content.kind;
        self.nature = content.nature;
        self.frequency = content.frequency;
        self.level = content.level;
        self.system = content.system;
        self.owner_role = content.owner_role;
        self.evidence = content.evidence;
        self.population = content.population;
        self.criteria = content.criteria;
        Ok(())
    }
}

fn readable(what: &'static str, text: &str, max: usize) -> Result<String, ControlError> {
    words::readable(text, max).ok_or(ControlError::Unreadable { what, max })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    fn person(number: u128) -> ActorId {
        ActorId(uuid::Uuid::from_u128(number))
    }

    fn day(number: i64) -> Timestamp {
        Timestamp::from_micros(number * crate::time::DAY_US)
    }

    fn adopted() -> Control {
        let catalog = Catalog::builtin();
        let starter = catalog.control("IAM-05").expect("built in");
        Control::adopt(starter, person(1), day(1)).expect("adopts")
    }

    fn owned(by: u128) -> Assigned {
        Assigned { owner: Some(person(by)), ..Assigned::default() }
    }

    #[test]
    fn whoever_wrote_any_of_a_draft_does_not_approve_it() {
        let mut control = adopted();
        let content = Content { population: "All leavers".into(), ..control.content() };
        let changed = control.change(content, owned(9), person(2), day(2), "our list").expect("a draft");
        assert_eq!(changed, Change::Holds);
        assert_eq!(control.population, "All leavers");
        for author in [1, 2] {
            assert_eq!(control.separated(person(author)), Err(ControlError::OwnText(control.id.clone())));
        }
        control.separated(person(3)).expect("somebody else");
        control.approve(person(3), day(3)).expect("has an owner");
        assert_eq!(control.state(), ControlState::Active);
        let approval = control.approval().expect("approved");
        assert_eq!((approval.by, approval.version), (person(3), 1));
        assert!(!control.waits());
        assert_eq!(control.approve(person(3), day(4)), Err(ControlError::NothingWaits(control.id.clone())));
    }

    #[test]
    fn what_is_in_force_stands_until_somebody_else_approves_the_change() {
        let mut control = adopted();
        control.owner = Some(person(9));
        control.approve(person(3), day(2)).expect("has an owner");
        let before = control.content();
        let content = Content { statement: "Access ends within one hour.".into(), ..before.clone() };
        let changed =
            control.change(content.clone(), owned(8), person(4), day(3), "promised").expect("changes");
        assert_eq!(changed, Change::Waits);
        assert_eq!((control.content(), control.owner), (before.clone(), Some(person(8))));
        assert!(control.separated(person(4)).is_err() && control.separated(person(3)).is_ok());
        let declined = control.decline().expect("waits");
        assert_eq!((declined.by, control.waits()), (person(4), false));
        control.change(content.clone(), owned(8), person(4), day(4), "promised").expect("again");
        control.approve(person(3), day(5)).expect("waits");
        assert_eq!(control.content(), content);
        let text = control.text.current();
        assert_eq!((text.version, text.by, text.held.from), (2, person(4), day(5)));
        assert_eq!(control.approval().map(|approval| approval.version), Some(2));
        let nobody = control.change(content, Assigned::default(), person(4), day(6), "left");
        assert_eq!(nobody, Err(ControlError::NoOwner(control.id.clone())));
    }

    #[test]
    fn what_cannot_be_right_is_refused_and_named() {
        let mut control = adopted();
        let content = control.content();
        let same = control.change(content.clone(), Assigned::default(), person(1), day(2), "why");
        assert_eq!(same, Err(ControlError::NothingChanged(control.id.clone())));
        let refuse = |change: fn(&mut Content)| {
            let mut content = content.clone();
            change(&mut content);
            content.checked(&control.id).expect_err("refused").to_string()
        };
        assert_eq!(refuse(|c| c.title = " ".into()), "control IAM-05 has no title");
        assert_eq!(refuse(|c| c.statement.clear()), "control IAM-05 has no statement");
        assert!(refuse(|c| c.title = "x".repeat(201)).contains("at most 200"));
        assert!(refuse(|c| c.statement = "a\u{7}".into()).contains("control characters"));
        assert!(refuse(|c| c.evidence = vec!["x".into(); 51]).contains("pieces of evidence"));
        let criteria = [content.criteria.clone(), content.criteria.clone()].concat();
        let twice = Content { criteria, ..content.clone() };
        assert_eq!(twice.checked(&control.id).expect("repetition is dropped").criteria, content.criteria);
        assert!(control.retire_because(person(1), day(3), " ").is_err());
        control.retire_because(person(1), day(3), "no leavers").expect("a draft");
        let late = Content { title: "x".into(), ..content };
        assert!(control.change(late, Assigned::default(), person(1), day(4), "why").is_err());
    }

    #[test]
    fn records_from_before_read_as_they_were() {
        let control = adopted();
        let json = serde_json::to_value(&control).expect("serializes");
        for new in ["authors", "proposed", "approval", "retirement"] {
            assert!(json.get(new).is_none(), "{new}");
        }
        assert_eq!(serde_json::from_value::<Control>(json).expect("reads back"), control);
    }
}
