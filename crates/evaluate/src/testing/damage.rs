//! Damage: documents that pass are taken apart, and no piece that a check reads may be missing without notice.
//!
//! For each document of a `test_pass_…` test and each of the check's `needs`, what stands there is removed, set to
//! null, emptied, and replaced by values of other types: the result must not pass. Fields inside that the check is
//! seen to read (removing them everywhere takes a pass or a failure away, in any document of the tests) are damaged
//! everywhere, and in the first and in the last element of their list alone: one incomplete element is enough for
//! `unknown`. Last, everything outside of `needs` is removed
//! piece by piece: if that changes the answer, the check reads facts it does not declare, and a gap there would go
//! unnoticed.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tickmark_core::observation::Verdict;

use crate::check::Check;
use crate::evaluator::Evaluator;
use crate::facts::to_rego;
use crate::manifest::{Leniency, Manifest};
use crate::path::FactPath;
use crate::testing::harness::to_json;

/// Most documents of pass tests that are damaged.
const MAX_DOCUMENTS: usize = 16;
/// Most fields below one need that are damaged, and most pieces outside of the needs.
const MAX_FIELDS: usize = 200;
/// How deep below a need fields are looked for.
const FIELD_DEPTH: usize = 4;

/// What damage found.
pub(super) struct Found {
    pub(super) documents: usize,
    pub(super) problems: Vec<String>,
}

/// Where a path leads through lists, which elements are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Elements {
    All,
    First,
    Last,
}

/// What is done to the value at a path.
#[derive(Clone, Debug, PartialEq)]
enum Harm {
    Remove,
    Replace(Value),
}

struct Damage<'a> {
    check: &'a Check,
    evaluator: &'a mut Evaluator,
    input: Value,
    /// Fields below the needs that the check is seen to read.
    reads: &'a BTreeSet<FactPath>,
    found: &'a mut Found,
}

/// Damages the inputs of pass tests; those of fail tests help to see what the check reads.
pub(super) fn try_all(
    check: &Check,
    evaluator: &mut Evaluator,
    passing: &[regorus::Value],
    failing: &[regorus::Value],
) -> Found {
    let mut found = Found { documents: 0, problems: Vec::new() };
    let mut reads = BTreeSet::new();
    for (inputs, verdict) in [(passing, Verdict::Pass), (failing, Verdict::Fail)] {
        for input in distinct(inputs) {
            let nothing = BTreeSet::new();
            let mut damage = Damage { check, evaluator, input, reads: &nothing, found: &mut found };
            reads.extend(damage.fields_read(verdict));
        }
    }
    for input in distinct(passing) {
        let mut damage = Damage { check, evaluator, input, reads: &reads, found: &mut found };
        for need in &check.compiled.needs {
            damage.whole(need);
        }
        damage.fields();
        damage.undeclared();
    }
    found.problems.sort();
    found.problems.dedup();
    found
}

fn distinct(inputs: &[regorus::Value]) -> Vec<Value> {
    let distinct: BTreeSet<&regorus::Value> = inputs.iter().collect();
    distinct.into_iter().take(MAX_DOCUMENTS).filter_map(to_json).collect()
}

impl Damage<'_> {
    /// Damages what stands at a need as a whole.
    fn whole(&mut self, need: &FactPath) {
        let missing_is_fine = self.allows(Leniency::Missing, need);
        if !missing_is_fine {
            self.must_not_pass(need, Elements::All, &Harm::Remove);
            self.must_not_pass(need, Elements::All, &Harm::Replace(Value::Null));
        }
        if !self.allows(Leniency::Empty, need) {
            self.must_not_pass(need, Elements::All, &Harm::Replace(json!([])));
        }
        self.wrong_types(need, Elements::All);
    }

    /// Finds the fields below the needs without which the input no longer has its verdict.
    fn fields_read(&mut self, verdict: Verdict) -> Vec<FactPath> {
        let mut fields = BTreeSet::new();
        for need in &self.check.compiled.needs {
            if let Some(value) = self.value_at(need) {
                collect_fields(&value, need, FIELD_DEPTH, &mut fields);
            }
        }
        fields.into_iter().take(MAX_FIELDS).filter(|field| !self.keeps(verdict, field)).collect()
    }

    /// Damages the fields that the check is seen to read.
    fn fields(&mut self) {
        for field in self.reads {
            if self.allows(Leniency::Missing, field) {
                continue;
            }
            for elements in [Elements::All, Elements::First, Elements::Last] {
                self.must_not_pass(field, elements, &Harm::Remove);
                self.must_not_pass(field, elements, &Harm::Replace(Value::Null));
                self.wrong_types(field, elements);
            }
        }
    }

    fn wrong_types(&mut self, path: &FactPath, elements: Elements) {
        let Some(sample) = self.sample_at(path) else { return };
        let others = [json!(7), json!("wrong"), json!(true), json!({"wrong": 1}), json!(["wrong"])];
        for other in others.iter().filter(|other| kind(other) != kind(&sample)) {
            self.must_not_pass(path, elements, &Harm::Replace(other.clone()));
        }
    }

    /// Removes what lies outside of the needs, piece by piece; nothing may change.
    fn undeclared(&mut self) {
        let Some(before) = self.ask(&self.input.clone()) else { return };
        let mut pieces = BTreeSet::new();
        if let Some(facts) = self.input.get("facts") {
            collect_fields(facts, &FactPath::parse(""), 3, &mut pieces);
        }
        let needs = self.check.compiled.needs.clone();
        let outside = |piece: &FactPath| {
            !matches!(piece.steps()[0].as_str(), "schema" | "gaps")
                && !needs.iter().any(|need| need.overlaps(piece))
        };
        for piece in pieces.into_iter().filter(outside).take(MAX_FIELDS) {
            let Some(damaged) = self.damaged(&piece, Elements::All, &Harm::Remove) else { continue };
            if self.ask(&damaged).as_ref() != Some(&before) {
                self.found.problems.push(format!("it reads {piece}, which no need declares"));
            }
        }
    }

    fn must_not_pass(&mut self, path: &FactPath, elements: Elements, harm: &Harm) {
        let Some(damaged) = self.damaged(path, elements, harm) else { return };
        if self.passes(&damaged) {
            let harm = match harm {
                Harm::Remove => "missing".to_owned(),
                Harm::Replace(value) => format!("{value}"),
            };
            let place = match elements {
                Elements::All => "",
                Elements::First => " in the first element",
                Elements::Last => " in the last element",
            };
            self.found.problems.push(format!("it still passes when {path} is {harm}{place}"));
        }
    }

    /// Tells whether the input still has its verdict without what stands at the path.
    fn keeps(&mut self, verdict: Verdict, path: &FactPath) -> bool {
        let damaged = self.damaged(path, Elements::All, &Harm::Remove);
        damaged.is_none_or(|damaged| self.verdict_is(verdict, &damaged))
    }

    fn passes(&mut self, input: &Value) -> bool {
        self.verdict_is(Verdict::Pass, input)
    }

    fn verdict_is(&mut self, verdict: Verdict, input: &Value) -> bool {
        self.ask(input).is_some_and(|result| result.get("verdict") == Some(&json!(verdict.word())))
    }

    fn ask(&mut self, input: &Value) -> Option<Value> {
        self.found.documents += 1;
        to_json(&self.evaluator.run_raw(self.check, to_rego(input), 10_000)?)
    }

    fn allows(&self, leniency: Leniency, path: &FactPath) -> bool {
        Manifest::allows(self.check.allowances(), leniency, path)
    }

    fn value_at(&self, path: &FactPath) -> Option<Value> {
        path.lookup(self.input.get("facts")?)
    }

    /// Returns one value at the path, not the gathered list of a path through a list.
    fn sample_at(&self, path: &FactPath) -> Option<Value> {
        let mut value = self.input.get("facts")?;
        for step in path.steps() {
            while let Value::Array(elements) = value {
                value = elements.first()?;
            }
            value = value.get(step)?;
        }
        Some(value.clone())
    }

    /// Returns the input with the harm done, or none if there is nothing to harm.
    fn damaged(&self, path: &FactPath, elements: Elements, harm: &Harm) -> Option<Value> {
        let mut input = self.input.clone();
        let facts = input.get_mut("facts")?;
        apply(facts, path.steps(), elements, harm);
        (input != self.input).then_some(input)
    }
}

fn apply(value: &mut Value, steps: &[String], elements: Elements, harm: &Harm) {
    let Some((step, rest)) = steps.split_first() else { return };
    match value {
        Value::Array(list) => match elements {
            Elements::All => list.iter_mut().for_each(|element| apply(element, steps, elements, harm)),
            Elements::First => {
                list.iter_mut().take(1).for_each(|element| apply(element, steps, elements, harm))
            }
            Elements::Last => {
                list.iter_mut().rev().take(1).for_each(|element| apply(element, steps, elements, harm));
            }
        },
        Value::Object(fields) if rest.is_empty() => match harm {
            Harm::Remove => drop(fields.shift_remove(step)),
            Harm::Replace(new) => {
                if let Some(old) = fields.get_mut(step) {
                    *old = new.clone();
                }
            }
        },
        Value::Object(fields) => {
            if let Some(field) = fields.get_mut(step) {
                apply(field, rest, elements, harm);
            }
        }
        _ => {}
    }
}

/// Gathers the paths of all fields below `value`, through lists.
fn collect_fields(value: &Value, at: &FactPath, depth: usize, fields: &mut BTreeSet<FactPath>) {
    match value {
        Value::Array(elements) => {
            elements.iter().for_each(|element| collect_fields(element, at, depth, fields));
        }
        Value::Object(object) if depth > 0 => {
            for (name, field) in object {
                let path = at.child(name);
                collect_fields(field, &path, depth - 1, fields);
                fields.insert(path);
            }
        }
        _ => {}
    }
}

fn kind(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
    }
}
