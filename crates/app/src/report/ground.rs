//! What the report takes from records of other features: names of people, the open engagement, systems, populations,
//! findings that somebody took on.

use std::collections::BTreeMap;
use std::sync::Arc;

use tickmark_core::conclusion::finding::Finding;
use tickmark_core::conclusion::scope::{Day, Target};
use tickmark_core::control::commitment::CommitmentKey;
use tickmark_core::engagement::{Engagement, ReportKind, Time};
use tickmark_core::id::ActorId;
use tickmark_core::program::population::Population;
use tickmark_core::report::readiness::{ExcludedCriterion, SystemSummary, TargetType};

use crate::conclusion::{Standing, remediation};
use crate::context::View;
use crate::control::{commitment, start};
use crate::identity::{self, System};
use crate::program::population;
use crate::{Result, engagement};

/// Most people named together.
const NAMED_MAX: usize = 3;

/// What was read at one moment.
pub(super) struct Ground {
    pub(super) people: People,
    /// The engagement against criteria that is not closed and comes next: one that has no report yet goes before others, and
    /// one with a description before a SOC 3.
    pub(super) engagement: Option<Engagement>,
    pub(super) commitments: Vec<commitment::Version>,
    pub(super) populations: Vec<Population>,
    /// Findings that somebody took on and that are not closed, by their reference.
    pub(super) taken: BTreeMap<String, Finding>,
    systems: Vec<System>,
    /// Services as answered in the guided start, a line each.
    answered: Vec<String>,
}

/// What people are called.
pub(super) struct People(Arc<identity::Labels>);

impl People {
    /// Returns a name, or the id once the name is erased.
    pub(super) fn of(&self, who: ActorId) -> String {
        let label = self.0.get(&who).filter(|label| !label.is_empty());
        label.map_or_else(|| who.to_string(), Clone::clone)
    }

    /// Returns some people in a phrase, each once; none for nobody.
    pub(super) fn together(&self, of: impl IntoIterator<Item = ActorId>) -> Option<String> {
        let mut names: Vec<String> = Vec::new();
        for who in of {
            let name = self.of(who);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let more = names.len().saturating_sub(NAMED_MAX);
        names.truncate(NAMED_MAX);
        match (names.is_empty(), more) {
            (true, _) => None,
            (false, 0) => Some(names.join(", ")),
            (false, more) => Some(format!("{} and {more} more", names.join(", "))),
        }
    }
}

impl Ground {
    pub(super) async fn read(view: &mut View<'_>) -> Result<Self> {
        let answered = start::answered(view).await?;
        let answered = answered.map(|answers| answers.services).unwrap_or_default();
        let mut systems = identity::systems(view).await?;
        systems.retain(|system| system.retired_at.is_none());
        let mut open = engagement::not_closed(view).await?;
        open.retain(|version| version.record.holds().kind.has_criteria());
        let reported = engagement::reports(view, &open).await?;
        // The newest of those that are alike, as the sort keeps their order.
        open.sort_by_key(|version| {
            let record = &version.record;
            (reported.contains_key(&record.key), record.holds().kind != ReportKind::Soc2)
        });
        let engagement = open.into_iter().next().map(|version| version.record);
        Ok(Self {
            people: People(identity::labels(view).await?),
            engagement,
            commitments: commitment::list(view).await?,
            populations: population::all(view).await?,
            taken: remediation::all_open(view).await?,
            systems,
            answered: lines(&answered),
        })
    }

    /// Tells whether a commitment holds.
    pub(super) fn is_in_force(&self, key: CommitmentKey) -> bool {
        self.commitments.iter().any(|one| one.record.key == key && one.record.in_force().is_some())
    }

    /// Name, description and boundary: as the engagement has them, else as the systems are recorded.
    pub(super) fn system(&self, services: &[String]) -> SystemSummary {
        let recorded = |of: fn(&System) -> String| -> Vec<String> {
            self.systems.iter().map(of).filter(|text| !text.is_empty()).collect()
        };
        let of_systems = || match self.systems.as_slice() {
            [only] => only.boundary.clone(),
            _ => recorded(|system| match system.boundary.as_str() {
                "" => String::new(),
                boundary => format!("{}: {boundary}", system.name),
            })
            .join("\n\n"),
        };
        let scope = self.engagement.as_ref().map(Engagement::holds);
        let described = self
            .engagement
            .as_ref()
            .map(|one| one.described().text(tickmark_core::engagement::Part::Services).to_owned());
        SystemSummary {
            name: scope.map_or_else(
                || recorded(|system| system.name.clone()).join(", "),
                |scope| scope.system.clone(),
            ),
            description: described.filter(|text| !text.is_empty()).unwrap_or_else(|| match services {
                [] => String::new(),
                some => format!("Services: {}.", some.join("; ")),
            }),
            boundary: scope
                .map(|scope| scope.boundary.clone())
                .filter(|boundary| !boundary.is_empty())
                .unwrap_or_else(of_systems),
        }
    }

    /// Services in scope: of the engagement, else of the readiness scope, else as answered in the guided start.
    pub(super) fn services(&self, standing: &Standing) -> Vec<String> {
        let of_engagement = self.engagement.iter().map(|one| one.holds().services.clone());
        let mut all = of_engagement.chain([standing.scope.choice.services.clone(), self.answered.clone()]);
        all.find(|services| !services.is_empty()).unwrap_or_default()
    }

    /// What lies outside: of the engagement, else of the readiness scope.
    pub(super) fn outside(&self, standing: &Standing) -> Vec<String> {
        let of_engagement = self.engagement.iter().map(|one| one.holds().outside.clone());
        let mut all = of_engagement.chain([standing.scope.choice.outside.clone()]);
        all.find(|outside| !outside.is_empty()).unwrap_or_default()
    }

    /// The examination aimed at: as it was chosen for readiness, else as the engagement has it.
    pub(super) fn target(&self, standing: &Standing) -> TargetType {
        let day = |day: Option<Day>| day.map(|day| day.to_string());
        match (standing.scope.choice.target, &self.engagement) {
            (Target::Type2 { from: None, to: None }, Some(one)) => match one.holds().time {
                Time::AsOf { date } => TargetType::Type1 { as_of: day(Some(date)) },
                Time::Period { from, to } => TargetType::Type2 { from: day(Some(from)), to: day(Some(to)) },
            },
            (Target::Type1 { as_of }, _) => TargetType::Type1 { as_of: day(as_of) },
            (Target::Type2 { from, to }, _) => TargetType::Type2 { from: day(from), to: day(to) },
        }
    }

    /// Criteria that were taken out, with who decided.
    pub(super) fn excluded(&self, standing: &Standing) -> Vec<ExcludedCriterion> {
        let excluded = standing.scope.scope.exclusions().iter();
        excluded
            .map(|one| ExcludedCriterion {
                id: one.criterion.clone(),
                reason: one.reason.clone(),
                approved_by: Some(self.people.of(one.approver)),
            })
            .collect()
    }
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}
