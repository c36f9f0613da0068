//! How the operation of a control is looked at. Three kinds, one for each way in which controls operate.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Control, ControlId};
use crate::catalog::Frequency;

/// A test that gives evidence on one control.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TestOfControl {
    /// Control it is a test of.
    pub control: ControlId,
    /// What is asked, over what.
    pub kind: TestKind,
}

/// What a test asks over the period.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TestKind {
    /// Was it so at every moment? Looks at targets.
    Configuration {
        /// Check that answers it.
        check: String,
    },
    /// Was it done in every window it was due? Looks at performances. A missed window stays missed; late is late.
    Occurrence {
        /// How often it is due.
        window: Frequency,
        /// Days after the end of the window within which a performance still counts as on time.
        grace_days: u32,
        /// Whether a daily control is due on weekends as well.
        #[serde(default)]
        every_day: bool,
    },
    /// Were all attributes met for every item its trigger produced? Looks at population items.
    Population {
        /// What produces an item, never the evidence of the control: deployments, not tickets.
        trigger: String,
        /// What is asked about each item; written before testing.
        attributes: Vec<TestAttribute>,
    },
}

/// A question asked about each item of a population.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TestAttribute {
    /// Short name, e.g. `approved`.
    pub id: String,
    /// What must hold.
    pub asserts: String,
    /// What counts as a deviation.
    pub deviation: String,
}

/// Checks placed under the controls they test.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TestMapping {
    /// One configuration test for each pair of check and control, in order.
    pub tests: Vec<TestOfControl>,
    /// Checks that no control of the organization is tested by, in order. They are looked at but conclude nothing.
    pub unmapped: Vec<String>,
}

/// Maps checks to the controls they test. A check names starter controls; it tests those controls of the
/// organization that were adopted from one of them and are not retired.
///
/// `checks` gives each check with the starter controls it names.
pub fn map_checks<'a>(
    checks: impl IntoIterator<Item = (&'a str, &'a [String])>,
    controls: &[Control],
) -> TestMapping {
    let mut by_starter: BTreeMap<&str, Vec<&ControlId>> = BTreeMap::new();
    for control in controls.iter().filter(|control| control.state() != super::ControlState::Retired) {
        if let Some(starter) = control.starter.as_deref() {
            by_starter.entry(starter).or_default().push(&control.id);
        }
    }
    let mut mapping = TestMapping::default();
    for (check, starters) in checks {
        let tested = starters.iter().filter_map(|starter| by_starter.get(starter.as_str())).flatten();
        let before = mapping.tests.len();
        mapping.tests.extend(tested.map(|&control| TestOfControl {
            control: control.clone(),
            kind: TestKind::Configuration { check: check.to_owned() },
        }));
        if mapping.tests.len() == before {
            mapping.unmapped.push(check.to_owned());
        }
    }
    mapping.tests.sort();
    mapping.tests.dedup();
    mapping.unmapped.sort();
    mapping.unmapped.dedup();
    mapping
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;
    use crate::catalog::Catalog;
    use crate::id::ActorId;

    #[test]
    fn a_check_reaches_controls_through_what_they_were_adopted_from() {
        let catalog = Catalog::builtin();
        let adopt = |id: &str| {
            let starter = catalog.control(id).expect("built in");
            Control::adopt(starter, ActorId(uuid::Uuid::nil()), Timestamp::from_seconds(0)).expect("adopts")
        };
        let mut renamed = adopt("IAM-01");
        renamed.id = "ACC-7".parse().expect("id");
        let mut retired = adopt("IAM-08");
        retired.retire(Timestamp::from_seconds(1)).expect("draft");
        let controls = [adopt("IAM-02"), renamed, retired];
        let names = |ids: &[&str]| ids.iter().map(|&id| id.to_owned()).collect::<Vec<_>>();
        let (root, weak, other) =
            (names(&["IAM-01", "IAM-08", "IAM-01"]), names(&["IAM-08"]), names(&["LOG-01"]));
        let checks = [("ssh-root", root.as_slice()), ("sudo", weak.as_slice()), ("audit", other.as_slice())];
        let mapping = map_checks(checks, &controls);
        assert_eq!(
            mapping.tests,
            [TestOfControl {
                control: "ACC-7".parse().expect("id"),
                kind: TestKind::Configuration { check: "ssh-root".into() }
            }]
        );
        assert_eq!(mapping.unmapped, ["audit", "sudo"]);
    }
}
