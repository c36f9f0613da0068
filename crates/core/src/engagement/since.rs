//! What changed of the controls that serve a scope since management signed. A signature is of a text and of the scope; which
//! controls there are, what they say and which criteria they answer is printed from the register, as it is when the engagement
//! is frozen.
//!
//! Source: `docs/domain/soc-reports.md` section 14, the text of controls in Section IV.

use std::collections::{BTreeMap, BTreeSet};

use super::Scope;
use crate::catalog::Framework;
use crate::control::{Control, ControlId};

/// A control that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlChange {
    /// The control.
    pub control: ControlId,
    /// What is different, in words.
    pub says: String,
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
            .filter_map(|id| Some(ControlChange { control: id.clone(), says: says(id)? }))
            .collect()
    }
}

/// Returns what readers of Section IV would find different; none where that is nothing.
fn differences(before: &Control, now: &Control) -> Option<String> {
    let mut said = Vec::new();
    if before.text.current().statement != now.text.current().statement {
        said.push("its text is another one".to_owned());
    }
    if before.frequency != now.frequency {
        said.push(format!("it is {}, and was {}", now.frequency.plain(), before.frequency.plain()));
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
    use crate::Timestamp;
    use crate::catalog::Catalog;
    use crate::control::CriterionMapping;
    use crate::id::ActorId;

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
    }
}
