//! What a change takes out of a scope that was approved. The firm agreed to examine it, so the terms change with it; keeping
//! what was found out of the report is no reason for that.
//!
//! Source: `docs/domain/soc-reports.md` sections 6 and 13.

use super::{Method, Problem, Scope};

impl Scope {
    /// Returns what of an approved scope is not examined any more, each as something to know.
    #[must_use]
    pub fn taken_out_of(&self, approved: &Self) -> Vec<Problem> {
        let mut gone = Vec::new();
        if self.time != approved.time {
            gone.push(format!(
                "the time was {} when the scope was approved, and is {}",
                approved.time, self.time
            ));
        }
        for id in approved.categories.keys().filter(|id| !self.categories.contains_key(*id)) {
            gone.push(format!("{} was in the approved scope and is not in this one", id.replace('-', " ")));
        }
        for id in self.exclusions.keys().filter(|id| !approved.exclusions.contains_key(*id)) {
            gone.push(format!("{id} was in the approved scope and is taken out"));
        }
        let is_of = |scope: &Self, name: &str, method| {
            scope.subservices.iter().any(|one| one.name.eq_ignore_ascii_case(name) && one.method == method)
        };
        for one in approved.subservices.iter().filter(|one| one.method == Method::Inclusive) {
            if is_of(self, &one.name, Method::CarveOut) {
                gone.push(format!("{} was examined with the system, and is carved out now", one.name));
            }
        }
        let says = |what: String| {
            format!(
                "{what}: the audit firm has to agree, and it needs a better reason than what was found in the examination"
            )
        };
        gone.into_iter().map(|what| Problem { rule: "terms", says: says(what), blocks: false }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ReportKind, Subservice, Time};
    use super::*;

    fn scope() -> Scope {
        let day = |text: &str| text.parse().expect("a day");
        let time = Time::Period { from: day("2026-01-01"), to: day("2026-12-31") };
        let mut scope = Scope::of(ReportKind::Soc2, time, "Payroll");
        for id in ["security", "processing-integrity"] {
            scope.categories.insert(id.into(), "customers ask".into());
        }
        scope.subservices.push(Subservice::of("Hosting", "hosts it", Method::Inclusive, "why"));
        scope
    }

    fn says(change: impl FnOnce(&mut Scope)) -> Vec<String> {
        let mut changed = scope();
        change(&mut changed);
        changed.taken_out_of(&scope()).into_iter().map(|one| one.says).collect()
    }

    #[test]
    fn what_a_change_takes_out_of_the_examination_is_said() {
        assert!(says(|_| {}).is_empty());
        assert!(says(|scope| scope.boundary = "elsewhere".into()).is_empty(), "nothing is taken out");
        let is_one = |found: Vec<String>, part: &str| {
            assert!(found.len() == 1 && found[0].contains(part), "{part}: {found:?}");
        };
        is_one(
            says(|scope| scope.subservices[0].method = Method::CarveOut),
            "Hosting was examined with the system",
        );
        is_one(
            says(|scope| drop(scope.categories.remove("processing-integrity"))),
            "processing integrity was in the approved scope",
        );
        is_one(
            says(|scope| drop(scope.exclusions.insert("CC6.4".into(), "no premises".into()))),
            "CC6.4 was in the approved scope and is taken out",
        );
        is_one(
            says(|scope| scope.time = Time::AsOf { date: "2026-12-31".parse().expect("a day") }),
            "the time was 2026-01-01 to 2026-12-31",
        );
    }
}
