//! What changed of the controls that serve a scope since management signed, and that management confirmed it. A signature is
//! of a text and of the scope; which controls there are, what they say and which criteria they answer is printed from the
//! register, as it is when the engagement is frozen.
//!
//! Source: `docs/domain/soc-reports.md` section 14, the text of controls in Section IV and the sign-off;
//! `docs/domain/processes.md`, approvals bind to a version.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{EngagementError, Scope, needed};
use crate::catalog::Framework;
use crate::control::{Control, ControlId, Frequency, Nature, TEXT_MAX};
use crate::id::ActorId;
use crate::{Digest, Timestamp, canonical};

/// A control that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControlChange {
    /// The control.
    pub control: ControlId,
    /// What is different, in words.
    pub says: String,
    /// Digest of what readers of Section IV find of it now: two changes of one kind are told apart.
    pub becomes: Digest,
}

/// That somebody of management confirmed what changed of the controls in scope since it signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    /// Exactly what it confirms.
    pub changes: Vec<ControlChange>,
    /// Digest of these changes.
    pub digest: Digest,
    /// Who.
    pub by: ActorId,
    /// When.
    pub at: Timestamp,
    /// Why what was signed holds with them.
    pub reason: String,
}

/// Changes since management signed that no confirmation covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unconfirmed {
    /// Controls that changed since management signed.
    pub changed: usize,
    /// Of them, those that are not as the last confirmation has them; none where there is no confirmation.
    pub since_confirmed: Option<usize>,
}

/// Returns the digest by which a confirmation names a list of changes: of its canonical JSON.
///
/// # Panics
/// Never: changes have texts and digests only.
#[must_use]
pub fn digest_of_changes(changes: &[ControlChange]) -> Digest {
    canonical::digest(&changes).expect("changes have texts only")
}

impl Confirmation {
    /// Confirms a list of changes.
    ///
    /// # Errors
    /// If no reason is given, or it is unreadable.
    pub fn of(
        changes: Vec<ControlChange>,
        by: ActorId,
        at: Timestamp,
        reason: &str,
    ) -> Result<Self, EngagementError> {
        let (digest, reason) = (digest_of_changes(&changes), needed("reason", reason, TEXT_MAX)?);
        Ok(Self { changes, digest, by, at, reason })
    }

    /// Tells whether it confirms exactly these changes.
    #[must_use]
    pub fn covers(&self, changes: &[ControlChange]) -> bool {
        self.digest == digest_of_changes(changes)
    }
}

impl Unconfirmed {
    /// Returns what the last confirmation leaves open of these changes; none where there are none, or it covers them.
    #[must_use]
    pub fn of(changes: &[ControlChange], last: Option<&Confirmation>) -> Option<Self> {
        if changes.is_empty() || last.is_some_and(|last| last.covers(changes)) {
            return None;
        }
        let since_confirmed =
            last.map(|last| changes.iter().filter(|one| !last.changes.contains(one)).count());
        Some(Self { changed: changes.len(), since_confirmed })
    }
}

impl fmt::Display for Unconfirmed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self { changed: 1, since_confirmed: None } => {
                f.write_str("1 control in scope changed since management signed, and management has not confirmed it")
            }
            Self { changed, since_confirmed: None } => write!(
                f,
                "{changed} controls in scope changed since management signed, and management has not confirmed them"
            ),
            Self { since_confirmed: Some(0), .. } => f.write_str(
                "what changed of the controls in scope since management signed is not what was confirmed any more: \
                 management confirms it again",
            ),
            Self { since_confirmed: Some(1), .. } => {
                f.write_str("one more control changed since the confirmation: management confirms again")
            }
            Self { since_confirmed: Some(more), .. } => {
                write!(f, "{more} more controls changed since the confirmation: management confirms again")
            }
        }
    }
}

impl Scope {
    /// Compares the controls that served it with those that serve it now, by id. Both are all controls that there were, and
    /// are.
    #[must_use]
    pub fn control_changes(
        &self,
        framework: &Framework,
        before: &[Control],
        now: &[Control],
    ) -> Vec<ControlChange> {
        let (served, serves) = (self.serving(framework, before), self.serving(framework, now));
        let by_id = |all: &'_ [Control]| -> BTreeMap<ControlId, Control> {
            all.iter().map(|one| (one.id.clone(), one.clone())).collect()
        };
        let (before, now) = (by_id(before), by_id(now));
        let both: BTreeSet<&ControlId> = served.union(&serves).collect();
        let says = |id: &ControlId| match (served.contains(id), serves.contains(id)) {
            (false, _) => Some("it serves the scope now, and did not then".to_owned()),
            (true, false) => Some("it served the scope then, and does not now".to_owned()),
            (true, true) => differences(before.get(id)?, now.get(id)?),
        };
        both.into_iter()
            .filter_map(|id| {
                let says = says(id)?;
                let becomes = printed(now.get(id).filter(|_| serves.contains(id)));
                Some(ControlChange { control: id.clone(), says, becomes })
            })
            .collect()
    }
}

/// What readers of Section IV find of a control.
#[derive(Serialize)]
struct Printed<'a> {
    title: &'a str,
    statement: &'a str,
    frequency: Frequency,
    nature: Nature,
    criteria: BTreeSet<&'a str>,
}

/// Returns the digest of it; of nothing for one that does not serve the scope.
fn printed(control: Option<&Control>) -> Digest {
    let printed = control.map(|one| Printed {
        title: &one.text.current().title,
        statement: &one.text.current().statement,
        frequency: one.frequency,
        nature: one.nature,
        criteria: one.criteria.iter().map(|mapping| mapping.criterion.as_str()).collect(),
    });
    canonical::digest(&printed).expect("it has texts only")
}

/// Returns what readers of Section IV would find different; none where that is nothing.
fn differences(before: &Control, now: &Control) -> Option<String> {
    let mut said = Vec::new();
    let (had, has) = (before.text.current(), now.text.current());
    if (&had.title, &had.statement) != (&has.title, &has.statement) {
        said.push("its text is another one".to_owned());
    }
    if before.frequency != now.frequency {
        said.push(format!("it is {}, and was {}", now.frequency, before.frequency));
    }
    if before.nature != now.nature {
        said.push(format!("it is {}, and was {}", now.nature, before.nature));
    }
    let answers = |one: &Control| -> BTreeSet<String> {
        one.criteria.iter().map(|mapping| mapping.criterion.clone()).collect()
    };
    let (did, does) = (answers(before), answers(now));
    let list = |ids: BTreeSet<&String>| ids.into_iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let (more, less) = (list(does.difference(&did).collect()), list(did.difference(&does).collect()));
    if !more.is_empty() {
        said.push(format!("it answers {more} as well"));
    }
    if !less.is_empty() {
        said.push(format!("it does not answer {less} any more"));
    }
    (!said.is_empty()).then(|| said.join("; "))
}

#[cfg(test)]
mod tests {
    use super::super::{ReportKind, Time};
    use super::*;
    use crate::catalog::Catalog;
    use crate::control::CriterionMapping;

    #[test]
    fn what_readers_would_find_different_is_named() {
        let catalog = Catalog::builtin();
        let framework = &catalog.frameworks[0];
        let at: Timestamp = "2025-12-01T12:00:00Z".parse().expect("a moment");
        let control = |id: &str| {
            let who = ActorId(uuid::Uuid::from_u128(1));
            let mut one = Control::adopt(catalog.control(id).expect("there"), who, at).expect("adopted");
            one.owner = Some(who);
            one.activate(at).expect("active");
            one
        };
        let day = |text: &str| text.parse().expect("a day");
        let time = Time::Period { from: day("2026-01-01"), to: day("2026-12-31") };
        let mut scope = Scope::of(ReportKind::Soc2, time, "Payroll");
        scope.categories = [("security".to_owned(), "customers ask".to_owned())].into();
        let before = ["IAM-05", "IAM-06", "CHG-02"].map(control);
        assert_eq!(scope.control_changes(framework, &before, &before), []);

        let mut now = before.clone();
        let gone = now[0].criteria.remove(0);
        let new = CriterionMapping { criterion: "CC9.1".into(), ..gone.clone() };
        now[0].criteria.push(new);
        now[1].criteria.clear();
        let now = [now[0].clone(), now[1].clone(), now[2].clone(), control("IAM-07")];
        let found = scope.control_changes(framework, &before, &now);
        let found: Vec<(&str, &str)> =
            found.iter().map(|one| (one.control.as_str(), one.says.as_str())).collect();
        let other = format!("it answers CC9.1 as well; it does not answer {} any more", gone.criterion);
        assert_eq!(
            found,
            [
                ("IAM-05", other.as_str()),
                ("IAM-06", "it served the scope then, and does not now"),
                ("IAM-07", "it serves the scope now, and did not then"),
            ]
        );

        // So is what stands beside the text: how it is performed.
        let mut now = before.clone();
        let was = now[2].nature;
        now[2].nature = if was == Nature::Manual { Nature::Automated } else { Nature::Manual };
        let found = scope.control_changes(framework, &before, &now);
        let says = format!("it is {}, and was {was}", now[2].nature);
        assert_eq!(found.iter().map(|one| one.says.as_str()).collect::<Vec<_>>(), [says.as_str()]);

        // A control whose text changes once more is told of in the same words, and is another change.
        let reworded = |all: &[Control], statement: &str, at: &str| {
            let (mut all, at) = (all.to_vec(), at.parse().expect("a moment"));
            let (id, who) = (all[2].id.clone(), ActorId(uuid::Uuid::from_u128(1)));
            all[2].text.revise(&id, "Changes", statement, who, at, "clearer").expect("revised");
            all
        };
        let once = reworded(&before, "Another developer approves.", "2026-02-01T12:00:00Z");
        let twice = reworded(&once, "Nobody approves.", "2026-03-01T12:00:00Z");
        let [one, two] = [once, twice].map(|now| scope.control_changes(framework, &before, &now));
        assert_eq!((one.len(), two.len()), (1, 1));
        assert_eq!((&one[0].control, &one[0].says), (&two[0].control, &two[0].says));
        assert_ne!(digest_of_changes(&one), digest_of_changes(&two));
    }

    #[test]
    fn a_confirmation_covers_exactly_the_changes_that_it_confirms() {
        let change = |id: &str, says: &str| ControlChange {
            control: id.parse().expect("an id"),
            says: says.to_owned(),
            becomes: Digest::of(says.as_bytes()),
        };
        let (first, second) = (change("IAM-05", "its text is another one"), change("CHG-02", "it is weekly"));
        let one = [first.clone()];
        let left = |changes: &[ControlChange], last: Option<&Confirmation>| {
            Unconfirmed::of(changes, last).map(|open| open.to_string())
        };
        assert_eq!(left(&[], None), None);
        let says = "1 control in scope changed since management signed, and management has not confirmed it";
        assert_eq!(left(&one, None).as_deref(), Some(says));
        let (who, at) = (ActorId(uuid::Uuid::from_u128(3)), Timestamp::from_seconds(9));
        assert_eq!(
            Confirmation::of(one.to_vec(), who, at, " "),
            Err(EngagementError::Missing("reason")),
            "it is given with a reason"
        );
        let given = Confirmation::of(one.to_vec(), who, at, "It does the same.").expect("given");
        assert_eq!(left(&one, Some(&given)), None);
        let both = [first.clone(), second];
        let says = "one more control changed since the confirmation: management confirms again";
        assert_eq!(left(&both, Some(&given)).as_deref(), Some(says));
        // The same control once more, and nothing but what was confirmed and is so no longer.
        let again = ControlChange { becomes: Digest::of(b"again"), ..first };
        assert_eq!(left(&[again], Some(&given)).as_deref(), Some(says));
        let whole = Confirmation::of(both.to_vec(), who, at, "Fine.").expect("given");
        assert!(
            left(&one, Some(&whole)).is_some_and(|says| says.contains("not what was confirmed any more"))
        );
    }
}
