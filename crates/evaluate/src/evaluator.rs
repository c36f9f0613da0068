//! Asking checks about facts. An answer always comes: whatever goes wrong is an `unknown` with its reason.

use std::collections::{BTreeMap, HashMap};
use std::num::{NonZeroU32, NonZeroU64};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use regorus::rvm::RegoVM;
use regorus::rvm::vm::VmError;
use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{MemoryBudgetConfig, Value as RegoValue};
use serde_json::{Value, json};
use tickmark_core::observation::{Gap, Outcome, ReasonClass, TargetRef, Verdict};
use tickmark_core::{Digest, Timestamp};

use crate::answer::{self, Answer, Keys, tidy};
use crate::check::Check;
use crate::error::{CheckFile, Problem};
use crate::facts::{PreparedFacts, Unusable};
use crate::manifest::{Leniency, Manifest};
use crate::program::short_message;

/// Machines kept with a program loaded; loading one costs more than running it.
const MAX_MACHINES: usize = 2_000;

/// How much one evaluation may cost.
///
/// The instruction limit is the one that counts: it depends on the document alone, so the same facts give the same
/// answer on every machine. The time limit is a backstop far above what the instructions allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Instructions for any document, however small.
    pub base_instructions: usize,
    /// Instructions for each value of the document: enough to compare a list of 1,000 entries with itself.
    pub instructions_per_value: usize,
    /// Instructions for any document, however large.
    pub max_instructions: usize,
    /// Wall-clock backstop.
    pub time: Duration,
    /// Bytes for any document, however small.
    pub base_memory_bytes: u64,
    /// Bytes for each value of the document.
    pub memory_bytes_per_value: u64,
    /// Bytes for any document, however large. Looked at between instructions, so one call of a built-in function may
    /// go beyond it.
    pub max_memory_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            base_instructions: 50_000,
            instructions_per_value: 2_000,
            max_instructions: 50_000_000,
            time: Duration::from_secs(20),
            base_memory_bytes: 8 << 20,
            memory_bytes_per_value: 4 << 10,
            max_memory_bytes: 512 << 20,
        }
    }
}

impl Limits {
    fn instructions(&self, values: usize) -> usize {
        values
            .saturating_mul(self.instructions_per_value)
            .saturating_add(self.base_instructions)
            .min(self.max_instructions)
    }

    fn memory(&self, values: usize) -> MemoryBudgetConfig {
        let bytes = (values as u64)
            .saturating_mul(self.memory_bytes_per_value)
            .saturating_add(self.base_memory_bytes)
            .min(self.max_memory_bytes);
        MemoryBudgetConfig { limit: NonZeroU64::new(bytes).unwrap_or(NonZeroU64::MIN) }
    }
}

/// Evaluates checks. One per worker: it keeps machines, each with a program loaded.
pub struct Evaluator {
    limits: Limits,
    machines: HashMap<Digest, RegoVM>,
    names: Names,
    keys: Keys,
    target: Option<(TargetRef, RegoValue)>,
}

/// Names of the input as values of the machine, made once.
struct Names {
    target: RegoValue,
    facts: RegoValue,
    params: RegoValue,
    now: RegoValue,
}

/// Why a machine gave no result.
#[derive(Debug)]
struct Stopped {
    reason: ReasonClass,
    message: String,
}

impl Default for Evaluator {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

impl Evaluator {
    /// Makes an evaluator with its own limits; [`Evaluator::default`] has the usual ones.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            machines: HashMap::new(),
            names: Names {
                target: RegoValue::from("target"),
                facts: RegoValue::from("facts"),
                params: RegoValue::from("params"),
                now: RegoValue::from("now"),
            },
            keys: Keys::new(),
            target: None,
        }
    }

    /// Asks a check about a target. Never fails and never panics on foreign data.
    ///
    /// A pass or `not_applicable` with a gap at, above or below one of the check's `needs` becomes `unknown` with the
    /// reason of the gap, unless an allowance names the place. A failure stands: what was seen is enough for it.
    pub fn evaluate(
        &mut self,
        check: &Check,
        target: &TargetRef,
        facts: &PreparedFacts,
        now: Timestamp,
    ) -> Outcome {
        let definition = check.definition();
        if target.kind != definition.target_kind {
            let message = format!("{} reads targets of kind {:?}", check.id(), definition.target_kind);
            return Outcome::unknown(ReasonClass::Unsupported, message);
        }
        let document = match &facts.document {
            Ok(document) => document,
            Err(Unusable { reason, message }) => return Outcome::unknown(*reason, message.clone()),
        };
        match &facts.schema {
            Some(schema) if *schema == definition.facts_schema => {}
            Some(schema) => {
                let (schema, expected) = (tidy(schema, 60), &definition.facts_schema);
                let message = format!("the facts have schema {schema:?}, {} reads {expected:?}", check.id());
                return Outcome::unknown(ReasonClass::Unsupported, message);
            }
            None => return Outcome::unknown(ReasonClass::ParseError, "the facts do not name their schema"),
        }
        let input = self.input(check, target, document, now);
        match self.run(check, input, facts.values) {
            Err(stopped) => Outcome::unknown(stopped.reason, stopped.message),
            Ok(result) => match answer::read(&result, &self.keys, definition, now) {
                Ok(answer) => conclude(answer, check, facts),
                Err(broken) => {
                    Outcome::unknown(ReasonClass::ParseError, format!("check {} {broken}", check.id()))
                }
            },
        }
    }

    fn input(&mut self, check: &Check, target: &TargetRef, facts: &RegoValue, now: Timestamp) -> RegoValue {
        let target = match &self.target {
            Some((known, value)) if known == target => value.clone(),
            _ => {
                let value = crate::facts::to_rego(&json!({
                    "kind": target.kind, "external_id": target.external_id, "name": target.name,
                }));
                self.target = Some((target.clone(), value.clone()));
                value
            }
        };
        let mut input = BTreeMap::from([
            (self.names.target.clone(), target),
            (self.names.facts.clone(), sections(check, facts)),
            (self.names.params.clone(), check.parameters.clone()),
        ]);
        if check.definition().depends_on_time {
            input.insert(self.names.now.clone(), RegoValue::from(now.seconds()));
        }
        RegoValue::from(input)
    }

    /// Runs the bytecode of a check on a raw input, as tests do. `None` means undefined or stopped.
    pub(crate) fn run_raw(&mut self, check: &Check, input: RegoValue, values: usize) -> Option<RegoValue> {
        self.run(check, input, values).ok().filter(|value| *value != RegoValue::Undefined)
    }

    /// Reads a raw result, as [`Evaluator::evaluate`] does.
    pub(crate) fn read_raw(&self, check: &Check, result: &RegoValue) -> Result<Answer, String> {
        answer::read(result, &self.keys, check.definition(), Timestamp::from_seconds(i64::MIN))
    }

    fn run(&mut self, check: &Check, input: RegoValue, values: usize) -> Result<RegoValue, Stopped> {
        let compiled = &check.compiled;
        let limits = self.limits;
        if self.machines.len() >= MAX_MACHINES && !self.machines.contains_key(&compiled.key) {
            self.machines.clear();
        }
        let machine = self.machines.entry(compiled.key).or_insert_with(|| {
            let mut machine = RegoVM::new();
            machine.set_execution_timer_config(Some(ExecutionTimerConfig {
                limit: limits.time,
                check_interval: NonZeroU32::new(4_096).expect("not zero"),
            }));
            machine.load_program(compiled.program().clone());
            machine
        });
        machine.set_max_instructions(limits.instructions(values));
        machine.set_memory_budget_config(Some(limits.memory(values)));
        machine.set_input(input);
        // The engine is foreign code fed with foreign data. A panic of it costs one machine and one verdict.
        match catch_unwind(AssertUnwindSafe(|| machine.execute())) {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(error)) => Err(stopped(check.id(), &error)),
            Err(_) => {
                self.machines.remove(&compiled.key);
                Err(Stopped {
                    reason: ReasonClass::ParseError,
                    message: format!("check {} made the engine stop unexpectedly", check.id()),
                })
            }
        }
    }
}

impl std::fmt::Debug for Evaluator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Evaluator")
            .field("limits", &self.limits)
            .field("machines", &self.machines.len())
            .finish()
    }
}

/// Returns the sections of facts that a check reads, so that its answer cannot depend on others.
fn sections(check: &Check, facts: &RegoValue) -> RegoValue {
    let (RegoValue::Object(fields), Some(sections)) = (facts, &check.compiled.sections) else {
        return facts.clone();
    };
    let kept = sections.iter().filter_map(|name| Some((name.clone(), fields.get(name)?.clone())));
    RegoValue::from(BTreeMap::from_iter(kept))
}

fn stopped(id: &str, error: &VmError) -> Stopped {
    let limit = matches!(
        error,
        VmError::InstructionLimitExceeded { .. }
            | VmError::TimeLimitExceeded { .. }
            | VmError::MemoryLimitExceeded { .. }
            | VmError::MemoryBudgetExceeded { .. }
            | VmError::RegexSizeLimitExceeded { .. }
    );
    let message = tidy(&short_message(&error.to_string()), 300);
    if limit {
        Stopped { reason: ReasonClass::Limit, message: format!("check {id} reached a limit: {message}") }
    } else {
        Stopped { reason: ReasonClass::ParseError, message: format!("check {id} stopped: {message}") }
    }
}

/// Turns a well-formed answer into an outcome, in the light of what could not be seen.
fn conclude(answer: Answer, check: &Check, facts: &PreparedFacts) -> Outcome {
    let Answer { verdict, reason, mut message, subjects, observed, expected, valid_until } = answer;
    let outcome = |verdict, reason, message| Outcome {
        verdict,
        reason,
        message,
        subjects,
        observed,
        expected,
        valid_until,
    };
    match verdict {
        Verdict::Fail => {
            if message.is_empty() {
                message = format!("not as asserted: {}", check.definition().asserts);
            }
            outcome(verdict, None, message)
        }
        Verdict::Pass | Verdict::NotApplicable => match untolerated_gap(check, facts) {
            Some(gap) => Outcome::unknown(gap.reason, gap_message(gap)),
            None => {
                if message.is_empty() {
                    message = match verdict {
                        Verdict::Pass => check.definition().asserts.clone(),
                        _ => "does not apply to this target".into(),
                    };
                }
                outcome(verdict, reason, message)
            }
        },
        Verdict::Unknown => {
            let gap = check.compiled.needs.iter().find_map(|need| facts.gaps_at(need).next());
            if message.is_empty() {
                message = gap.map_or_else(|| missing_message(check, facts), gap_message);
            }
            let reason = reason.or(gap.map(|gap| gap.reason)).unwrap_or(ReasonClass::NotCollected);
            outcome(verdict, Some(reason), message)
        }
    }
}

/// Finds a gap in what the check reads that no allowance excuses.
fn untolerated_gap<'a>(check: &Check, facts: &'a PreparedFacts) -> Option<&'a Gap> {
    let compiled = &check.compiled;
    facts
        .gaps
        .iter()
        .filter(|(path, _)| compiled.needs.iter().any(|need| need.overlaps(path)))
        .find(|(path, _)| !Manifest::allows(&compiled.allowances, Leniency::Gap, path))
        .map(|(_, gap)| gap)
}

fn gap_message(gap: &Gap) -> String {
    let path = tidy(&gap.path, 200);
    match gap.detail.trim() {
        "" => format!("{path}: {}", gap.reason.plain()),
        detail => format!("{path}: {} ({})", gap.reason.plain(), tidy(detail, 500)),
    }
}

fn missing_message(check: &Check, facts: &PreparedFacts) -> String {
    let compiled = &check.compiled;
    let missing: Vec<String> =
        compiled.needs.iter().filter(|need| !facts.has(need)).map(ToString::to_string).collect();
    if missing.is_empty() {
        "the facts it reads are incomplete".into()
    } else {
        format!("the facts lack {}", missing.join(", "))
    }
}

/// Documents that say nothing. A check that concludes anything from one of them is refused.
fn empty_documents(schema: &str) -> [Value; 6] {
    [json!({}), Value::Null, json!([]), json!("facts"), json!(7), json!({"schema": schema, "gaps": []})]
}

/// Asks a check about documents without content, with and without moment, and refuses it unless it says `unknown`
/// each time in a well-formed result.
pub(crate) fn prove_unknown_without_facts(check: &Check) -> Result<(), Problem> {
    let mut evaluator = Evaluator::default();
    let now = Timestamp::from_seconds(1_800_000_000);
    let target = TargetRef {
        kind: check.definition().target_kind.clone(),
        external_id: "nothing".into(),
        name: "nothing".into(),
    };
    for facts in empty_documents(&check.definition().facts_schema) {
        let document = crate::facts::to_rego(&facts);
        let input = evaluator.input(check, &target, &document, now);
        let shown = tidy(&facts.to_string(), 60);
        let refuse = |answered: &str| {
            let message = format!("given {shown} as facts, it {answered}, and must answer unknown");
            Err(Problem::new(CheckFile::Rego, None, message))
        };
        match evaluator.run(check, input, 10) {
            Err(stopped) => return refuse(&format!("fails ({})", stopped.message)),
            Ok(result) => match answer::read(&result, &evaluator.keys, check.definition(), now) {
                Ok(answer) if answer.verdict == Verdict::Unknown => {}
                Ok(answer) => return refuse(&format!("answers {}", answer.verdict)),
                Err(broken) => return refuse(&broken),
            },
        }
    }
    Ok(())
}
