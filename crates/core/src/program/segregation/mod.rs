//! Segregation of duties: which duties one person should not hold together, which rights grant them, and who holds both.
//!
//! A matrix is an organization's own, in versions: duties, conflicts between two of them, and which rights of which system
//! grant which duty. Looking for conflicts has three answers: somebody holds both, nobody was found who does, or it could
//! not be seen. What could not be seen is never "no conflict".
//!
//! Source: `docs/domain/audit-methods.md` section 9.

mod exception;
mod look;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::access::fold;
use crate::catalog::{Duty, DutyConflict, duty_problems};
use crate::words::readable;
use crate::written::Written;

pub use exception::{
    ConflictException, ExceptionError, ExceptionKey, ExceptionState, MAX_EXCEPTION_DAYS, Withdrawn,
};
pub use look::{Both, Looked, MAX_LIST_DAYS, Preventive, Seen, Sight, Through, Unseen, Verdict, look, would};

/// Most duties, and most conflicts, of one matrix.
pub const MAX_DUTIES: usize = 500;
/// Most rules that say what a right grants.
pub const MAX_GRANTS: usize = 5_000;
/// Most characters of a text of a matrix.
pub const MAX_TEXT_CHARS: usize = 2_000;

/// Which rights grant a duty: those whose system and name fit the patterns.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The system, or a pattern with `*` for any characters. Capitals do not matter.
    pub system: String,
    /// The right, or a pattern.
    pub entitlement: String,
    /// The duty. None says that such rights grant no duty of the matrix.
    #[serde(default)]
    pub duty: Option<String>,
}

/// The matrix of an organization, in one version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matrix {
    /// The duties.
    pub duties: Vec<Duty>,
    /// Which two of them one person should not hold.
    pub conflicts: Vec<DutyConflict>,
    /// What grants them.
    #[serde(default)]
    pub grants: Vec<Grant>,
}

/// A matrix with who decided about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatrixVersion {
    /// Who, when, why.
    pub written: Written,
    /// The matrix.
    pub matrix: Matrix,
}

/// Why something is no matrix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MatrixError {
    /// A matrix without a conflict finds none.
    #[error("a matrix has at least one conflict")]
    Empty,
    /// More than is kept.
    #[error("a matrix has at most {MAX_DUTIES} duties, {MAX_DUTIES} conflicts and {MAX_GRANTS} rules")]
    TooMany,
    /// A duty or a conflict.
    #[error("{id}: {what}")]
    Item {
        /// Which.
        id: String,
        /// What is wrong with it.
        what: String,
    },
    /// A rule.
    #[error("rule {number}: {what}")]
    Grant {
        /// Number of the rule, from 1.
        number: usize,
        /// What is wrong with it.
        what: String,
    },
    /// Versions say why they are.
    #[error("say why, in at most {MAX_TEXT_CHARS} characters")]
    NoReason,
}

impl Grant {
    /// Tells whether a right fits.
    #[must_use]
    pub fn fits(&self, system: &str, entitlement: &str) -> bool {
        fits(&self.system, system) && fits(&self.entitlement, entitlement)
    }
}

impl Matrix {
    /// Makes a matrix of what the catalog has, without rules.
    #[must_use]
    pub fn of_catalog(duties: &[Duty], conflicts: &[DutyConflict]) -> Self {
        Self { duties: duties.to_vec(), conflicts: conflicts.to_vec(), grants: Vec::new() }
    }

    /// Checks a matrix.
    ///
    /// # Errors
    /// With the first thing that is wrong with it.
    pub fn check(&self) -> Result<(), MatrixError> {
        if self.conflicts.is_empty() {
            return Err(MatrixError::Empty);
        }
        if self.duties.len().max(self.conflicts.len()) > MAX_DUTIES || self.grants.len() > MAX_GRANTS {
            return Err(MatrixError::TooMany);
        }
        if let Some((id, what)) = duty_problems(&self.duties, &self.conflicts).into_iter().next() {
            return Err(MatrixError::Item { id, what });
        }
        let duties = self.duties.iter().map(|duty| (&duty.id, [&duty.title, &duty.plain]));
        let conflicts = self.conflicts.iter().map(|one| (&one.id, [&one.risk, &one.compensation]));
        for (id, texts) in duties.chain(conflicts) {
            if texts.into_iter().any(|text| readable(text, MAX_TEXT_CHARS).is_none()) {
                let what = format!("a text has at most {MAX_TEXT_CHARS} characters, none of them control");
                return Err(MatrixError::Item { id: id.clone(), what });
            }
        }
        let mut seen = BTreeSet::new();
        for (number, grant) in (1..).zip(&self.grants) {
            let wrong = |what: &str| MatrixError::Grant { number, what: what.to_owned() };
            for pattern in [&grant.system, &grant.entitlement] {
                if super::access::name("pattern", pattern).is_err() {
                    return Err(wrong("a pattern has 1 to 200 characters, none of them control"));
                }
            }
            if let Some(duty) = &grant.duty
                && self.duty(duty).is_none()
            {
                return Err(wrong(&format!("there is no duty {duty:?}")));
            }
            if !seen.insert((fold(&grant.system), fold(&grant.entitlement), grant.duty.as_deref())) {
                return Err(wrong("it is there twice"));
            }
        }
        Ok(())
    }

    /// Returns the matrix with only those rules that speak of a system that is looked at, and the duties that others grant.
    #[must_use]
    pub fn within(&self, systems: &[&str]) -> (Self, BTreeSet<String>) {
        let is_within = |grant: &&Grant| systems.iter().any(|system| fits(&grant.system, system));
        let (grants, others): (Vec<&Grant>, Vec<&Grant>) = self.grants.iter().partition(is_within);
        let hidden = others.into_iter().filter_map(|grant| grant.duty.clone()).collect();
        (Self { grants: grants.into_iter().cloned().collect(), ..self.clone() }, hidden)
    }

    /// Finds a duty.
    #[must_use]
    pub fn duty(&self, id: &str) -> Option<&Duty> {
        self.duties.iter().find(|duty| duty.id == id)
    }

    /// Finds a conflict.
    #[must_use]
    pub fn conflict(&self, id: &str) -> Option<&DutyConflict> {
        self.conflicts.iter().find(|conflict| conflict.id == id)
    }

    /// Returns what people call a duty.
    #[must_use]
    pub fn title<'a>(&'a self, id: &'a str) -> &'a str {
        self.duty(id).map_or(id, |duty| duty.title.as_str())
    }

    /// Returns the duties that a right grants; none where no rule speaks of it.
    #[must_use]
    pub fn granted(&self, system: &str, entitlement: &str) -> Option<BTreeSet<&str>> {
        let mut fitting = self.grants.iter().filter(|grant| grant.fits(system, entitlement)).peekable();
        fitting.peek()?;
        Some(fitting.filter_map(|grant| grant.duty.as_deref()).collect())
    }
}

impl MatrixVersion {
    /// Makes the next version.
    ///
    /// # Errors
    /// If the matrix is none, or no reason is given.
    pub fn next(matrix: Matrix, mut written: Written) -> Result<Self, MatrixError> {
        matrix.check()?;
        let reason = readable(&written.reason, MAX_TEXT_CHARS).filter(|reason| !reason.is_empty());
        written.reason = reason.ok_or(MatrixError::NoReason)?;
        Ok(Self { written, matrix })
    }
}

/// Tells whether a text fits a pattern in which `*` stands for any characters, also none. Capitals do not matter.
#[must_use]
pub fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (fold(pattern), fold(text));
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    // The first place where a part fits leaves most to the parts behind it.
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::catalog::Catalog;

    pub(crate) fn matrix() -> Matrix {
        let duty = |id: &str| Duty { id: id.to_owned(), title: id.to_owned(), plain: String::new() };
        let grant = |system: &str, entitlement: &str, duty: Option<&str>| Grant {
            system: system.to_owned(),
            entitlement: entitlement.to_owned(),
            duty: duty.map(str::to_owned),
        };
        Matrix {
            duties: vec![duty("write-code"), duty("deploy"), duty("log")],
            conflicts: vec![DutyConflict {
                id: "code-deploy".into(),
                first: "write-code".into(),
                second: "deploy".into(),
                risk: "unreviewed code".into(),
                compensation: String::new(),
            }],
            grants: vec![
                grant("github", "write*", Some("write-code")),
                grant("aws", "*deploy*", Some("deploy")),
                grant("*", "read", None),
            ],
        }
    }

    #[test]
    fn the_catalog_makes_a_matrix() {
        let catalog = Catalog::builtin();
        let matrix = Matrix::of_catalog(&catalog.duties, &catalog.duty_conflicts);
        assert_eq!((matrix.duties.len(), matrix.conflicts.len()), (23, 12));
        assert_eq!(matrix.check(), Ok(()));
        assert_eq!(matrix.conflict("change-deployment").map(|one| one.second.as_str()), Some("deploy"));
    }

    #[test]
    fn a_matrix_that_names_what_is_not_there_is_refused() {
        let good = matrix();
        assert_eq!(good.check(), Ok(()));
        let mut bad = good.clone();
        bad.conflicts[0].second = "fly".into();
        assert!(matches!(bad.check(), Err(MatrixError::Item { id, .. }) if id == "code-deploy"));
        let mut bad = good.clone();
        bad.grants[1].duty = Some("fly".into());
        assert!(matches!(bad.check(), Err(MatrixError::Grant { number: 2, .. })));
        let mut bad = good.clone();
        let mirrored = DutyConflict {
            id: "again".into(),
            first: "deploy".into(),
            second: "write-code".into(),
            ..bad.conflicts[0].clone()
        };
        bad.conflicts.push(mirrored);
        assert!(matches!(bad.check(), Err(MatrixError::Item { id, .. }) if id == "again"));
        assert_eq!(Matrix::default().check(), Err(MatrixError::Empty));
    }

    #[test]
    fn what_a_right_grants_is_known_or_it_is_not() {
        let matrix = matrix();
        assert_eq!(matrix.granted("GitHub", "Write: api"), Some(["write-code"].into()));
        assert_eq!(
            matrix.granted("github", "read"),
            Some(BTreeSet::new()),
            "it grants no duty, as a rule says"
        );
        assert_eq!(matrix.granted("github", "admin"), None, "nobody has said what it grants");
    }

    #[test]
    fn who_sees_one_system_sees_no_rule_of_another_and_knows_what_that_hides() {
        let (matrix, hidden) = matrix().within(&["GitHub"]);
        let systems: Vec<&str> = matrix.grants.iter().map(|grant| grant.system.as_str()).collect();
        assert_eq!((systems, hidden), (vec!["github", "*"], ["deploy".to_owned()].into()));
    }

    #[test]
    fn stars_stand_for_any_characters() {
        for (pattern, text, is_fit) in [
            ("admin", "Admin", true),
            ("admin", "admins", false),
            ("admin*", "admins", true),
            ("*admin", "superadmin", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "acb", false),
            ("*", "", true),
            ("ab*b", "ab", false),
        ] {
            assert_eq!(fits(pattern, text), is_fit, "{pattern} {text}");
        }
    }

    proptest! {
        #[test]
        fn a_text_fits_itself_and_itself_with_a_hole(text in "[a-z ]{1,12}", cut in 0_usize..12, more in "[a-z]{0,5}") {
            prop_assert!(fits(&text, &text));
            let text = text.trim().to_owned();
            let cut = cut.min(text.len());
            let (head, tail) = text.split_at(cut);
            let full = format!("{}{}{}", head, more, tail);
            let pattern = format!("{}*{}", head, tail);
            prop_assert!(fits(&pattern, &full), "{pattern} {full}");
        }
    }
}
