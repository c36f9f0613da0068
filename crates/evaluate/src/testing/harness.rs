//! The two engines side by side.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value as RegoValue};
use serde_json::Value;
use tickmark_core::observation::Verdict;

use super::{Difference, Evaluation};
use crate::check::Check;
use crate::evaluator::Evaluator;
use crate::program::{entry_point, file_name, package_of, short_message, test_file_name};

/// Longest run of one test.
const TEST_TIME: Duration = Duration::from_secs(20);
/// Values a document of a test is taken to have when limits are computed.
const TEST_DOCUMENT_VALUES: usize = 10_000;
/// Name under which the stand-in of the check asks the machine.
const ASK: &str = "tickmark_ask_machine";

/// Engines that are loaded with one check and its tests.
pub(super) struct Harness {
    id: String,
    machine: Engine,
    interpreter: Engine,
    evaluations: Arc<Mutex<Vec<Evaluation>>>,
    names: Vec<String>,
}

impl Harness {
    pub(super) fn new(check: &Check) -> Result<Self, String> {
        let id = check.id().to_owned();
        let tests = check.source().tests.clone().unwrap_or_default();
        let stand_in = format!("package {}\n\nresult := {ASK}(input)\n", package_of(&id));
        let evaluations = Arc::new(Mutex::new(Vec::new()));
        let mut machine = engine_with(&id, stand_in, tests.clone())?;
        machine
            .add_extension(ASK.to_owned(), 1, {
                let (check, evaluations) = (check.clone(), evaluations.clone());
                Box::new(move |mut arguments: Vec<RegoValue>| {
                    Ok(ask(&check, &evaluations, arguments.pop().unwrap_or(RegoValue::Undefined)))
                })
            })
            .map_err(|error| short_message(&error.to_string()))?;
        let mut interpreter = engine_with(&id, check.rego().to_owned(), tests)?;
        let names = test_names(&mut interpreter, &id)?;
        Ok(Self { id, machine, interpreter, evaluations, names })
    }

    pub(super) fn test_names(&self) -> Vec<String> {
        self.names.clone()
    }

    /// Runs a test with the check as bytecode, and returns the evaluations that happened.
    pub(super) fn run_on_machine(&mut self, name: &str) -> (Result<bool, String>, Vec<Evaluation>) {
        let outcome = run(&mut self.machine, &self.id, name);
        let evaluations =
            std::mem::take(&mut *self.evaluations.lock().unwrap_or_else(PoisonError::into_inner));
        (outcome, evaluations)
    }

    pub(super) fn run_in_interpreter(&mut self, name: &str) -> Result<bool, String> {
        run(&mut self.interpreter, &self.id, name)
    }

    /// Compares the result of the bytecode with that of the interpreter for the same input. Where the interpreter
    /// stops with an error (it does when null is iterated), they agree if the bytecode concludes nothing either.
    pub(super) fn difference(&mut self, evaluation: &Evaluation) -> Option<Difference> {
        self.interpreter.set_input(evaluation.input.clone());
        let machine = evaluation.result.as_ref().and_then(to_json);
        let interpreter = match self.interpreter.eval_rule(entry_point(&self.id)) {
            Ok(RegoValue::Undefined) => None,
            Ok(value) => to_json(&value),
            Err(_) => {
                let verdict = machine.as_ref().and_then(|result| result.get("verdict"));
                if verdict.is_none_or(|verdict| verdict == Verdict::Unknown.word()) {
                    return None;
                }
                None
            }
        };
        (interpreter != machine).then(|| Difference {
            input: to_json(&evaluation.input).unwrap_or_default(),
            machine,
            interpreter,
        })
    }
}

/// What the stand-in calls: runs the bytecode and remembers what it was asked.
fn ask(check: &Check, evaluations: &Mutex<Vec<Evaluation>>, input: RegoValue) -> RegoValue {
    let result = Evaluator::default().run_raw(check, input.clone(), TEST_DOCUMENT_VALUES);
    let mut evaluations = evaluations.lock().unwrap_or_else(PoisonError::into_inner);
    evaluations.push(Evaluation { input, result: result.clone() });
    result.unwrap_or(RegoValue::Undefined)
}

fn engine_with(id: &str, rego: String, tests: String) -> Result<Engine, String> {
    let mut engine = Engine::new();
    engine.set_execution_timer_config(ExecutionTimerConfig {
        limit: TEST_TIME,
        check_interval: NonZeroU32::new(1_024).expect("not zero"),
    });
    for (name, text) in [(file_name(id), rego), (test_file_name(id), tests)] {
        engine.add_policy(name, text).map_err(|error| short_message(&error.to_string()))?;
    }
    Ok(engine)
}

/// Lists the rules of the test package whose names begin with `test_`, sorted.
fn test_names(engine: &mut Engine, id: &str) -> Result<Vec<String>, String> {
    let policy = engine
        .compile_with_entrypoint(&entry_point(id).as_str().into())
        .map_err(|error| format!("tests do not compile: {}", short_message(&error.to_string())))?;
    let package = test_package(id);
    let mut names: Vec<String> = policy
        .get_rules()
        .keys()
        .filter_map(|path| path.strip_prefix(&package)?.strip_prefix('.'))
        .filter(|name| name.starts_with("test_") && !name.contains('.'))
        .map(str::to_owned)
        .collect();
    names.sort();
    Ok(names)
}

fn run(engine: &mut Engine, id: &str, name: &str) -> Result<bool, String> {
    engine.set_input(RegoValue::new_object());
    engine
        .eval_rule(format!("{}.{name}", test_package(id)))
        .map(|value| value == RegoValue::Bool(true))
        .map_err(|error| short_message(&error.to_string()))
}

fn test_package(id: &str) -> String {
    format!("data.{}_test", package_of(id))
}

/// Converts a value of the engine to JSON; sets become lists.
pub(super) fn to_json(value: &RegoValue) -> Option<Value> {
    serde_json::to_value(value).ok()
}
