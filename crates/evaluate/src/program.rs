//! Rego to bytecode. "Valid" means compiled to bytecode: parsing alone accepts functions that do not exist.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::{Instruction, Program};
use regorus::{CompiledPolicy, Engine};

use crate::defect;
use crate::error::{CheckFile, Problem};

/// Most rules in one check.
const MAX_RULES: usize = 200;
/// Deepest nesting of rules, functions, loops and comprehensions. The machine calls itself for each level: a thread
/// with 2 MiB overflowed at about 50 levels in a debug build and had not at 150 in a release build.
const MAX_NESTING: usize = 32;
/// Most bytecode instructions in one check.
const MAX_PROGRAM_INSTRUCTIONS: usize = 20_000;

/// Built-in functions a check may call: pure, and with results not much larger than their arguments. Sorted.
///
/// Everything else is refused. Impure: clock, random numbers, environment, network, output. Too large: ranges, shifts
/// and network expansion turn one small number into any amount of memory.
pub const ALLOWED_BUILTINS: &[&str] = &[
    "__builtin_sets.intersection",
    "__builtin_sets.union",
    "abs",
    "array.concat",
    "array.reverse",
    "array.slice",
    "base64.decode",
    "base64.encode",
    "base64.is_valid",
    "bits.and",
    "bits.negate",
    "bits.or",
    "bits.rsh",
    "bits.xor",
    "ceil",
    "concat",
    "contains",
    "count",
    "endswith",
    "floor",
    "format_int",
    "glob.match",
    "glob.quote_meta",
    "hex.decode",
    "hex.encode",
    "indexof",
    "indexof_n",
    "intersection",
    "is_array",
    "is_boolean",
    "is_null",
    "is_number",
    "is_object",
    "is_set",
    "is_string",
    "json.filter",
    "json.is_valid",
    "json.marshal",
    "json.remove",
    "json.unmarshal",
    "lower",
    "max",
    "min",
    "net.cidr_contains",
    "net.cidr_is_valid",
    "object.filter",
    "object.get",
    "object.keys",
    "object.remove",
    "object.subset",
    "object.union",
    "object.union_n",
    "product",
    "regex.find_n",
    "regex.is_valid",
    "regex.match",
    "regex.replace",
    "regex.split",
    "replace",
    "round",
    "semver.compare",
    "semver.is_valid",
    "sort",
    "split",
    "sprintf",
    "startswith",
    "strings.any_prefix_match",
    "strings.any_suffix_match",
    "strings.count",
    "strings.replace_n",
    "strings.reverse",
    "substring",
    "sum",
    "time.add_date",
    "time.clock",
    "time.date",
    "time.diff",
    "time.format",
    "time.parse_duration_ns",
    "time.parse_ns",
    "time.parse_rfc3339_ns",
    "time.weekday",
    "to_number",
    "trim",
    "trim_left",
    "trim_prefix",
    "trim_right",
    "trim_space",
    "trim_suffix",
    "type_name",
    "union",
    "units.parse",
    "units.parse_bytes",
    "upper",
    "walk",
];

/// Explains why a built-in function is refused, or returns none when it may be used.
#[must_use]
pub fn refused_builtin(name: &str) -> Option<&'static str> {
    if ALLOWED_BUILTINS.binary_search(&name).is_ok() {
        return None;
    }
    Some(match name {
        "time.now_ns" => "it reads the clock: set depends_on_time and use input.now",
        "rand.intn" => "random numbers make a verdict unrepeatable",
        "print" | "trace" => "a check answers in its result and nowhere else",
        "numbers.range" | "numbers.range_step" | "bits.lsh" | "net.cidr_expand" => {
            "one small number can ask it for any amount of memory"
        }
        _ => "it is not on the list of pure functions",
    })
}

/// Returns the Rego package a check must have: `checks.acct_root_only_uid0`.
pub(crate) fn package_of(id: &str) -> String {
    format!("checks.{}", id.replace('-', "_"))
}

/// Returns the path of the rule that answers.
pub(crate) fn entry_point(id: &str) -> String {
    format!("data.{}.result", package_of(id))
}

/// Compiles the logic of a check.
pub(crate) fn compile(id: &str, rego: &str) -> Result<Arc<Program>, Problem> {
    let refuse = |message: &str| problem(CheckFile::Rego, message);
    let mut engine = Engine::new();
    let package =
        engine.add_policy(file_name(id), rego.to_owned()).map_err(|error| refuse(&error.to_string()))?;
    let expected = format!("data.{}", package_of(id));
    if package != expected {
        return Err(Problem::new(
            CheckFile::Rego,
            line_with(rego, "package"),
            format!(
                "the package is {:?} and must be {:?}",
                package.trim_start_matches("data."),
                package_of(id)
            ),
        ));
    }
    if let Some((variable, line)) = defect::every_variable_as_index(&mut engine) {
        let message = format!(
            "the engine compiles [{variable}] wrongly inside the every that binds {variable}: write key := {variable} \
             first and use [key], or object.get"
        );
        return Err(Problem::new(CheckFile::Rego, Some(line), message));
    }
    let entry = entry_point(id);
    let policy: CompiledPolicy = engine.compile_with_entrypoint(&entry.as_str().into()).map_err(|error| {
        match error.to_string() {
            // The engine's words for an entry point that does not exist.
            message if message.ends_with("not a valid rule path") => {
                Problem::new(CheckFile::Rego, None, "there is no rule named \"result\"")
            }
            message => refuse(&message),
        }
    })?;
    let program =
        Compiler::compile_from_policy(&policy, &[&entry]).map_err(|error| refuse(&error.to_string()))?;
    inspect(&program, rego)?;
    Ok(program)
}

/// Refuses programs that are impure or could exhaust the machine whatever the facts are.
fn inspect(program: &Program, rego: &str) -> Result<(), Problem> {
    let refuse = |line, message: String| Err(Problem::new(CheckFile::Rego, line, message));
    if program.has_host_await {
        let line = line_with(rego, "__builtin_host_await");
        return refuse(line, "__builtin_host_await is refused: a check asks nobody".into());
    }
    for builtin in &program.builtin_info_table {
        if let Some(reason) = refused_builtin(&builtin.name) {
            let line = line_with(rego, &builtin.name);
            return refuse(line, format!("{} is refused: {reason}", builtin.name));
        }
    }
    if program.needs_runtime_recursion_check {
        return refuse(
            line_with(rego, "data."),
            "it looks rules up by computed names, which is refused".into(),
        );
    }
    if program.rule_infos.len() > MAX_RULES {
        return refuse(None, format!("it has {} rules, more than {MAX_RULES}", program.rule_infos.len()));
    }
    if program.instructions.len() > MAX_PROGRAM_INSTRUCTIONS {
        let count = program.instructions.len();
        return refuse(None, format!("it has {count} instructions, more than {MAX_PROGRAM_INSTRUCTIONS}"));
    }
    let nesting = nesting(program);
    if nesting > MAX_NESTING {
        return refuse(
            None,
            format!("rules, loops and comprehensions nest {nesting} deep, more than {MAX_NESTING}"),
        );
    }
    Ok(())
}

/// One rule of the program as far as nesting goes.
#[derive(Clone, Debug, Default)]
struct Nesting {
    /// Loops and comprehensions in its bodies, taken as if each lay inside the one before.
    own: usize,
    calls: BTreeSet<usize>,
    /// Levels at and below it, once known.
    depth: Option<usize>,
}

/// Returns an upper bound of how deep the machine nests. The compiler refuses recursion among rules, and rules looked
/// up by computed names are refused before, so the calls form a graph without cycles.
fn nesting(program: &Program) -> usize {
    // The bodies of all rules lie one after the other; each instruction belongs to the last body that began before.
    let mut begins = BTreeMap::new();
    for (rule, info) in program.rule_infos.iter().enumerate() {
        let bodies = info.definitions.iter().flatten().chain(info.destructuring_blocks.iter().flatten());
        begins.extend(bodies.map(|begin| (*begin as usize, rule)));
    }
    let mut rules = vec![Nesting::default(); program.rule_infos.len()];
    for (at, instruction) in program.instructions.iter().enumerate() {
        let Some((_, rule)) = begins.range(..=at).next_back() else { continue };
        let Some(rule) = rules.get_mut(*rule) else { continue };
        match instruction {
            Instruction::LoopStart { .. } | Instruction::ComprehensionBegin { .. } => rule.own += 1,
            Instruction::CallRule { rule_index, .. } => drop(rule.calls.insert(usize::from(*rule_index))),
            Instruction::FunctionCall { params_index } => {
                let parameters = program.instruction_data.get_function_call_params(*params_index);
                rule.calls.extend(parameters.map(|parameters| usize::from(parameters.func_rule_index)));
            }
            _ => {}
        }
    }
    (0..rules.len()).map(|rule| depth_of(rule, &mut rules, 0)).max().unwrap_or(0)
}

fn depth_of(rule: usize, rules: &mut [Nesting], above: usize) -> usize {
    let Some(node) = rules.get(rule) else { return 0 };
    if let Some(depth) = node.depth {
        return depth;
    }
    // A chain longer than this is refused anyway; not following it bounds the stack of this function too.
    if above > MAX_NESTING {
        return MAX_NESTING + 1;
    }
    let (own, calls) = (node.own, node.calls.clone());
    let below = calls.into_iter().map(|call| depth_of(call, rules, above + 1)).max().unwrap_or(0);
    let depth = 1 + own + below;
    rules[rule].depth = Some(depth);
    depth
}

/// Parses the tests of a check far enough to know that they are Rego of the right package.
pub(crate) fn parse_tests(id: &str, tests: &str) -> Result<(), Problem> {
    let mut engine = Engine::new();
    let package = engine
        .add_policy(test_file_name(id), tests.to_owned())
        .map_err(|error| problem(CheckFile::Tests, &error.to_string()))?;
    let expected = format!("{}_test", package_of(id));
    if package != format!("data.{expected}") {
        let found = package.trim_start_matches("data.");
        let message = format!("the package is {found:?} and must be {expected:?}");
        return Err(Problem::new(CheckFile::Tests, line_with(tests, "package"), message));
    }
    Ok(())
}

pub(crate) fn file_name(id: &str) -> String {
    format!("{id}/{}", crate::FILE_REGO)
}

pub(crate) fn test_file_name(id: &str) -> String {
    format!("{id}/{}", crate::FILE_TESTS)
}

/// Reads the engine's message: it begins with `--> file:line:column`, then shows the line, then names the error.
fn problem(file: CheckFile, message: &str) -> Problem {
    let line = message.lines().find_map(|line| {
        let mut parts = line.trim().strip_prefix("--> ")?.rsplit(':');
        parts.next()?;
        parts.next()?.parse().ok()
    });
    Problem::new(file, line, short_message(message))
}

/// Returns the last line of an engine's message without the word in front, bounded.
pub(crate) fn short_message(message: &str) -> String {
    let last = message.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it is not valid Rego");
    let last = last.trim().trim_start_matches("error: ");
    last.chars().take(300).collect()
}

fn line_with(text: &str, word: &str) -> Option<u32> {
    let found = text.lines().position(|line| !line.trim_start().starts_with('#') && line.contains(word))?;
    u32::try_from(found + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_so_that_it_can_be_searched() {
        assert!(ALLOWED_BUILTINS.is_sorted());
        assert_eq!(refused_builtin("count"), None);
        for name in ["time.now_ns", "rand.intn", "opa.runtime", "uuid.rfc4122", "http.send", "trace", "print"]
        {
            assert!(refused_builtin(name).is_some(), "{name}");
        }
    }
}
