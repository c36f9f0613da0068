//! Proving that a check keeps its promises: its own tests, a second opinion, and automatic damage to its documents.
//!
//! A test evaluates `data.<package>.result with input as {…}`. The bytecode compiler does not know `with`, so the
//! assertions run in the engine's interpreter while the check itself runs as the bytecode that goes live: the check's
//! package is replaced by one rule that asks the machine. The same tests then run once more with the real source in
//! the interpreter, which is independent code for the same language and so a differential oracle.

mod damage;
mod harness;

use regorus::Value as RegoValue;
use serde_json::Value;
use tickmark_core::observation::Verdict;

use crate::check::Check;
use crate::evaluator::Evaluator;
use crate::path::FactPath;

/// Checks facts against their closed schema and says what is wrong with them.
pub type FactsValidator<'a> = &'a dyn Fn(&Value) -> Result<(), String>;

/// What a test shows, told by the beginning of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TestKind {
    /// `test_pass_…`: a document that is as asserted.
    Pass,
    /// `test_fail_…`: one that is not.
    Fail,
    /// `test_not_applicable_…`: the assertion has no subject.
    NotApplicable,
    /// `test_unknown_…`: data are missing, null, empty, of the wrong type, or partial.
    Unknown,
    /// `test_canary_…`: a known-bad document that every version must fail.
    Canary,
}

impl TestKind {
    /// All kinds, the longer names first.
    const ALL: [Self; 5] = [Self::NotApplicable, Self::Unknown, Self::Canary, Self::Pass, Self::Fail];

    /// Returns the beginning of the names of such tests.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Pass => "test_pass_",
            Self::Fail => "test_fail_",
            Self::NotApplicable => "test_not_applicable_",
            Self::Unknown => "test_unknown_",
            Self::Canary => "test_canary_",
        }
    }

    /// Returns the verdict that every evaluation inside such a test must have.
    #[must_use]
    pub fn verdict(self) -> Verdict {
        match self {
            Self::Pass => Verdict::Pass,
            Self::Fail | Self::Canary => Verdict::Fail,
            Self::NotApplicable => Verdict::NotApplicable,
            Self::Unknown => Verdict::Unknown,
        }
    }

    fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| name.starts_with(kind.prefix()))
    }
}

/// One test of `check_test.rego`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestCase {
    /// Name of the rule.
    pub name: String,
    /// What it shows.
    pub kind: TestKind,
    /// Whether it holds for the bytecode and for the interpreter.
    pub passed: bool,
    /// What was found instead, one entry for each problem.
    pub problems: Vec<String>,
    /// How many documents it asked about.
    pub evaluations: usize,
}

/// A document on which bytecode and interpreter disagree.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The input as JSON.
    pub input: Value,
    /// Result of the bytecode, or none.
    pub machine: Option<Value>,
    /// Result of the interpreter, or none.
    pub interpreter: Option<Value>,
}

/// What the tests of a check found.
#[derive(Clone, Debug, PartialEq)]
pub struct TestReport {
    /// Id of the check.
    pub check: String,
    /// The tests in the order of their names.
    pub cases: Vec<TestCase>,
    /// Problems that belong to no single test: kinds that are missing, damage that went unnoticed.
    pub problems: Vec<String>,
    /// Documents on which the two engines disagree.
    pub differences: Vec<Difference>,
    /// How many damaged documents were tried.
    pub damaged_documents: usize,
}

impl TestReport {
    /// Tells whether everything holds.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.problems.is_empty() && self.differences.is_empty() && self.cases.iter().all(|case| case.passed)
    }

    /// Lists everything that does not hold, for people.
    #[must_use]
    pub fn failures(&self) -> Vec<String> {
        let cases = self.cases.iter().flat_map(|case| {
            case.problems.iter().map(|problem| format!("{}: {}: {problem}", self.check, case.name))
        });
        let problems = self.problems.iter().map(|problem| format!("{}: {problem}", self.check));
        let differences = self.differences.iter().map(|difference| {
            let show = |value: &Option<Value>| value.as_ref().map_or("nothing".into(), Value::to_string);
            let Difference { input, machine, interpreter } = difference;
            let (machine, interpreter) = (show(machine), show(interpreter));
            format!("{}: bytecode gives {machine}, interpreter {interpreter}, for {input}", self.check)
        });
        cases.chain(problems).chain(differences).collect()
    }
}

/// One evaluation that happened inside a test.
#[derive(Clone, Debug)]
pub(crate) struct Evaluation {
    pub(crate) input: RegoValue,
    /// Result of the bytecode; none if undefined or stopped.
    pub(crate) result: Option<RegoValue>,
}

/// Runs the tests of a check, compares the engines on all their documents, and damages the documents that pass.
///
/// With `validate` the facts in pass, not-applicable and canary tests must conform to the closed schema, so that a
/// check cannot be tested against fields that no collector writes. Fail tests are free to show that an incomplete
/// document is enough for a failure; the canary is the failure on a document that conforms.
#[must_use]
pub fn run_tests(check: &Check, validate: Option<FactsValidator<'_>>) -> TestReport {
    let mut report = TestReport {
        check: check.id().to_owned(),
        cases: Vec::new(),
        problems: Vec::new(),
        differences: Vec::new(),
        damaged_documents: 0,
    };
    let mut harness = match harness::Harness::new(check) {
        Ok(harness) => harness,
        Err(problem) => {
            report.problems.push(problem);
            return report;
        }
    };
    let mut evaluator = Evaluator::default();
    let (mut passing, mut failing) = (Vec::new(), Vec::new());
    for name in harness.test_names() {
        let Some(kind) = TestKind::of(&name) else {
            let known: Vec<&str> = TestKind::ALL.iter().map(|kind| kind.prefix()).collect();
            report.problems.push(format!("{name} begins with none of {}", known.join(", ")));
            continue;
        };
        let (case, evaluations) = run_case(check, &mut harness, &evaluator, name, kind, validate);
        for evaluation in evaluations {
            report.differences.extend(harness.difference(&evaluation));
            match kind.verdict() {
                Verdict::Pass => passing.push(evaluation.input),
                Verdict::Fail => failing.push(evaluation.input),
                Verdict::Unknown | Verdict::NotApplicable => {}
            }
        }
        report.cases.push(case);
    }
    for kind in [TestKind::Pass, TestKind::Fail, TestKind::Unknown, TestKind::Canary] {
        if !report.cases.iter().any(|case| case.kind == kind) {
            report.problems.push(format!("there is no test named {}…", kind.prefix()));
        }
    }
    if report.cases.iter().all(|case| case.passed) {
        let found = damage::try_all(check, &mut evaluator, &passing, &failing);
        report.damaged_documents = found.documents;
        report.problems.extend(found.problems);
    }
    report
}

fn run_case(
    check: &Check,
    harness: &mut harness::Harness,
    evaluator: &Evaluator,
    name: String,
    kind: TestKind,
    validate: Option<FactsValidator<'_>>,
) -> (TestCase, Vec<Evaluation>) {
    let mut problems = Vec::new();
    let evaluations = match harness.run_on_machine(&name) {
        (Ok(true), evaluations) => evaluations,
        (Ok(false), evaluations) => {
            problems.push("is not true for the bytecode".to_owned());
            evaluations
        }
        (Err(error), evaluations) => {
            problems.push(format!("stopped: {error}"));
            evaluations
        }
    };
    match harness.run_in_interpreter(&name) {
        Ok(true) => {}
        Ok(false) => problems.push("is not true for the interpreter".into()),
        // The interpreter stops where the bytecode says nothing, e.g. when null is iterated: neither concludes
        // anything, which is all such a test asks for.
        Err(_) if kind == TestKind::Unknown => {}
        Err(error) => problems.push(format!("stopped in the interpreter: {error}")),
    }
    if evaluations.is_empty() {
        problems.push("never evaluates the result of the check".into());
    }
    for evaluation in &evaluations {
        let result = evaluation.result.as_ref().unwrap_or(&RegoValue::Undefined);
        match evaluator.read_raw(check, result) {
            Err(broken) => problems.push(format!("the check {broken}")),
            Ok(answer) if answer.verdict != kind.verdict() => {
                problems.push(format!("evaluates to {} in a test of {}", answer.verdict, kind.verdict()));
            }
            Ok(_) => {}
        }
    }
    problems.extend(schema_problem(kind, &evaluations, validate));
    problems.dedup();
    let case = TestCase { name, kind, passed: problems.is_empty(), problems, evaluations: evaluations.len() };
    (case, evaluations)
}

/// Checks the facts of a test against the schema. Unknown tests are about facts that do not conform, and fail tests
/// may be.
fn schema_problem(
    kind: TestKind,
    evaluations: &[Evaluation],
    validate: Option<FactsValidator<'_>>,
) -> Option<String> {
    let validate = validate.filter(|_| !matches!(kind, TestKind::Unknown | TestKind::Fail))?;
    evaluations.iter().find_map(|evaluation| {
        let facts = harness::to_json(&evaluation.input)
            .and_then(|input| FactPath::parse("facts").lookup(&input))
            .unwrap_or(Value::Null);
        validate(&facts).err().map(|problem| format!("its facts do not conform to the schema: {problem}"))
    })
}
