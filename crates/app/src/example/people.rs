//! The people of the example and what they decide. Reasons are what such people would write; nobody wrote them.

use std::collections::{BTreeMap, BTreeSet};

use tickmark_core::conclusion::readiness::{Answer, Question};
use tickmark_core::control::ControlId;
use tickmark_evaluate::Library;

use super::chance::Chance;
use super::company::{CHIEF, ENGINEER, PEOPLE, PLATFORM, Person, SECURITY};
use super::{Settings, Stage, duties, lists};
use crate::{Actor, ActorKind, Error, Result, conclusion, control, identity, report};

/// Program and version as frozen assessments name them.
const GENERATOR: &str = concat!("Tickmark ", env!("CARGO_PKG_VERSION"));

/// The people as actors, and what each of them answers when.
pub(super) struct People {
    actors: BTreeMap<&'static str, Actor>,
    /// By day and name of the person: a decision is made in that person's own name.
    agenda: BTreeMap<u32, BTreeMap<&'static str, Vec<Act>>>,
}

/// An answer that a person gives on a day.
struct Act {
    control: ControlId,
    question: Question,
    answer: Answer,
}

impl People {
    /// Makes them known, and draws what they will answer.
    pub(super) async fn hire(
        stage: &Stage<'_>,
        actor: &Actor,
        settings: &Settings,
        chance: Chance,
    ) -> Result<Self> {
        let all: [Person; 5] = [SECURITY, PLATFORM, ENGINEER, PEOPLE, CHIEF];
        let mut actors = BTreeMap::new();
        stage
            .app
            .transact(actor, async |cx| {
                for person in all {
                    let known = identity::ensure_actor(cx, ActorKind::Person, person.name).await?;
                    actors.insert(person.name, known);
                }
                Ok(())
            })
            .await?;
        let mut agenda: BTreeMap<u32, BTreeMap<&'static str, Vec<Act>>> = BTreeMap::new();
        for (index, starter) in stage.catalog.controls.iter().enumerate() {
            let index = u32::try_from(index).expect("a library of controls is small");
            let id: ControlId = starter.id.parse().map_err(Error::invalid)?;
            for (day, act) in answers(&id, index, settings.days, chance) {
                agenda.entry(day).or_default().entry(owner_of(id.as_str()).name).or_default().push(act);
            }
        }
        Ok(Self { actors, agenda })
    }

    /// Returns the leader of the security program.
    pub(super) fn lead(&self) -> &Actor {
        self.of(SECURITY)
    }

    /// Returns a person as an actor.
    pub(super) fn of(&self, person: Person) -> &Actor {
        &self.actors[person.name]
    }

    /// Who answers for a control.
    pub(super) fn owner(&self, control: &str) -> &Actor {
        self.of(owner_of(control))
    }

    /// Does the work of a day; returns the number of answers given.
    pub(super) async fn work(
        &self,
        stage: &Stage<'_>,
        settings: &Settings,
        library: &Library,
        day: u32,
        chance: Chance,
    ) -> Result<usize> {
        let days = settings.days;
        if day == days / 30 {
            self.activate(stage).await?;
        }
        let mut given = 0;
        for (name, acts) in self.agenda.get(&day).into_iter().flatten() {
            given += acts.len();
            stage
                .app
                .transact(&self.actors[name], async |cx| {
                    for Act { control, question, answer } in acts {
                        let reason = reason(control, *question, *answer, chance);
                        conclusion::decide(cx, control, *question, *answer, &reason).await?;
                    }
                    Ok(())
                })
                .await?;
        }
        if day == days / 2 || day == days - 1 {
            self.assess(stage, library).await?;
        }
        Ok(given)
    }

    /// Puts the controls that the company really runs in force, each with a named owner.
    async fn activate(&self, stage: &Stage<'_>) -> Result<()> {
        let tested: BTreeSet<String> =
            stage.library.checks().flat_map(|check| check.definition().controls.clone()).collect();
        for actor in self.actors.values() {
            let owned: Vec<ControlId> = stage
                .catalog
                .controls
                .iter()
                .filter(|starter| self.owner(&starter.id) == actor)
                .filter(|starter| !is_not_run(&starter.id) && !duties::is_too_frequent(starter))
                .filter(|starter| !lists::is_untested(starter, tested.contains(&starter.id)))
                .map(|starter| starter.id.parse().map_err(Error::invalid))
                .collect::<Result<_>>()?;
            stage
                .app
                .transact(actor, async |cx| {
                    for id in &owned {
                        control::put_in_force(cx, id, cx.actor.id).await?;
                    }
                    Ok(())
                })
                .await?;
        }
        Ok(())
    }

    /// Freezes an assessment.
    async fn assess(&self, stage: &Stage<'_>, library: &Library) -> Result<()> {
        let lead = self.lead();
        stage
            .app
            .transact(lead, async |cx| {
                let model = report::readiness(cx, stage.catalog, library, &lead.label, GENERATOR).await?;
                conclusion::snapshot(cx, &model).await
            })
            .await?;
        Ok(())
    }
}

/// Who answers for a control, by the first letters of its name.
fn owner_of(control: &str) -> Person {
    match control.split('-').next().unwrap_or_default() {
        "HRS" | "COM" => PEOPLE,
        "GOV" | "VEN" => CHIEF,
        "AVL" | "NET" | "CHG" | "CRY" => PLATFORM,
        "LOG" | "PIN" | "END" => ENGINEER,
        _ => SECURITY,
    }
}

/// Controls of the library that the company does not run: it keeps no personal data of its own and has no building.
pub(super) fn is_not_run(control: &str) -> bool {
    control.starts_with("PRV-") || control.starts_with("PHY-0")
}

/// The days on which the four questions about a control are answered, and how. First answers come over the first half;
/// what was only partly so is looked at again in the second.
fn answers(id: &ControlId, index: u32, days: u32, chance: Chance) -> Vec<(u32, Act)> {
    if is_not_run(id.as_str()) {
        return Vec::new();
    }
    let draw = |place: &str, bound: u64| chance.below(bound, &format!("{place}/{id}"), 0);
    let on = |permille: u64| u32::try_from(u64::from(days) * permille / 1000).expect("a day of the story");
    let spread = u64::from(index) * 2;
    let mut acts = Vec::new();
    let mut act = |when: u32, question, answer| {
        acts.push((when, Act { control: id.clone(), question, answer }));
    };
    let designed = [Answer::Yes, Answer::Yes, Answer::Yes, Answer::Partly]
        [usize::try_from(draw("designed", 4)).expect("small")];
    act(on(60 + spread), Question::Designed, designed);
    if designed == Answer::Partly && draw("mended", 3) > 0 {
        act(on(620 + spread), Question::Designed, Answer::Yes);
    }
    let implemented = [Answer::Yes, Answer::Yes, Answer::Partly, Answer::No]
        [usize::try_from(draw("implemented", 4)).expect("small")];
    act(on(200 + spread), Question::Implemented, implemented);
    if implemented != Answer::Yes && draw("mended", 4) > 0 {
        act(on(640 + spread), Question::Implemented, Answer::Yes);
    }
    // These are known not to have run as designed: the story says why, or their tests fail when they are looked at.
    let operating = match id.as_str() {
        "IAM-07" | "CHG-02" | "IAM-01" | "IAM-02" | "IAM-08" | "VUL-01" => Answer::Partly,
        _ if draw("operating", 10) < 7 => Answer::Yes,
        _ if draw("operating", 10) < 9 => Answer::Partly,
        _ => return acts,
    };
    act(on(560 + spread), Question::Operating, operating);
    if draw("evidenced", 10) < 8 {
        let answer = if draw("evidence", 5) == 0 { Answer::Partly } else { Answer::Yes };
        act(on(700 + spread), Question::Evidenced, answer);
    }
    acts
}

/// Why the answer is given. Answers without a reason are refused, and so would be these in an engagement.
fn reason(id: &ControlId, question: Question, answer: Answer, chance: Chance) -> String {
    let said: &[&str] = match (question, answer) {
        (Question::Designed, Answer::Yes) => &[
            "The procedure says who, when and how it is evidenced; read with the owner.",
            "Walked through with the team: it would meet the criterion when run.",
        ],
        (Question::Designed, _) => &["The procedure does not say who reviews it; to be written down."],
        (Question::Implemented, Answer::Yes) => {
            &["One instance was followed from trigger to record.", "Settings were seen on the system itself."]
        }
        (Question::Implemented, Answer::Partly) => &["In place for production; the second account follows."],
        (Question::Implemented, _) => &["Agreed, and nobody does it yet."],
        (Question::Operating, Answer::Yes) => {
            &["Instances over the months ran on time; the history shows no open deviation."]
        }
        (Question::Operating, _) => &["It ran, with deviations that are listed in its history."],
        (Question::Evidenced, Answer::Yes) => &["Evidence is dated, has an owner and was found in minutes."],
        (Question::Evidenced, _) => {
            &["Evidence exists and was gathered by hand; two months took a day to find."]
        }
    };
    format!("{} (fictional)", chance.pick(said, &format!("reason/{id}"), question as u64))
}
