//! A check that is ready to be asked: compiled logic, metadata and parameters, with the digest of all that can change
//! its answer.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use regorus::Value as RegoValue;
use regorus::rvm::Program;
use serde_json::{Value, json};
use tickmark_core::observation::CheckDefinition;
use tickmark_core::{Digest, canonical};

use crate::error::{CheckFile, LibraryError, Problem};
use crate::facts::to_rego;
use crate::manifest::{Allowance, Leniency, Manifest};
use crate::path::FactPath;
use crate::source::{CheckSource, FILE_MANIFEST, FILE_REGO, FILE_TESTS, MAX_FILE_BYTES, Origin};
use crate::{evaluator, program};

/// Most entries of a parameter that is a list.
const MAX_PARAMETER_LIST: usize = 10_000;
/// Longest parameter that is a text, in bytes.
const MAX_PARAMETER_BYTES: usize = 4_096;

/// One version of one check. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Check {
    definition: CheckDefinition,
    pub(crate) parameters: RegoValue,
    pub(crate) compiled: Arc<Compiled>,
    pub(crate) overrides_builtin: bool,
}

/// Sections that every check is given: what the document says it is, and what could not be seen.
const ALWAYS_READ: [&str; 2] = ["schema", "gaps"];

/// Why what history keeps of a check version does not make that version again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("check {check} cannot be restored: {why}")]
pub struct NotRestored {
    /// Id of the check.
    pub check: String,
    /// What is wrong.
    pub why: String,
}

/// What stays the same when parameters change.
#[derive(Debug)]
pub(crate) struct Compiled {
    program: OnceLock<Arc<Program>>,
    /// Digest of id and source, the key of a machine that has the program loaded.
    pub(crate) key: Digest,
    pub(crate) needs: Vec<FactPath>,
    /// Names of the sections of facts that it reads; none: all of them.
    pub(crate) sections: Option<Vec<RegoValue>>,
    pub(crate) allowances: Vec<Allowance>,
    default_parameters: Value,
    source: CheckSource,
}

impl Compiled {
    fn new(
        id: &str,
        needs: &[String],
        allowances: Vec<Allowance>,
        parameters: &Value,
        program: OnceLock<Arc<Program>>,
        source: CheckSource,
    ) -> Self {
        let rego = source.rego.as_deref().unwrap_or_default();
        let needs: Vec<FactPath> = needs.iter().map(|need| FactPath::parse(need)).collect();
        let named: Option<BTreeSet<&str>> =
            needs.iter().map(|need| need.steps().first().map(String::as_str)).collect();
        let sections = named.map(|named| named.into_iter().chain(ALWAYS_READ).map(RegoValue::from).collect());
        Self {
            program,
            key: Digest::of(format!("{id}\n{rego}").as_bytes()),
            sections,
            needs,
            allowances,
            default_parameters: parameters.clone(),
            source,
        }
    }

    /// Returns the bytecode. Built-in checks are compiled when they are first asked, others were when they were loaded.
    pub(crate) fn program(&self) -> &Arc<Program> {
        self.program.get_or_init(|| {
            let rego = self.source.rego.as_deref().unwrap_or_default();
            program::compile(&self.source.folder, rego).expect("tests prove that built-in checks compile")
        })
    }
}

/// Why parameters are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("parameters of {check}: {message}")]
pub struct InvalidParameters {
    /// Id of the check.
    pub check: String,
    /// What is wrong, naming the parameter.
    pub message: String,
}

impl Check {
    /// Reads, compiles and proves one check folder.
    ///
    /// # Errors
    /// All problems of the folder: missing files, broken or unknown metadata, Rego that does not reach bytecode,
    /// impure functions, and a check that does not answer `unknown` when it is given nothing.
    pub fn load(source: CheckSource) -> Result<Self, Vec<LibraryError>> {
        let place = source.place();
        Self::build(source)
            .map_err(|problems| problems.into_iter().map(|problem| problem.in_folder(&place)).collect())
    }

    /// Reads the metadata of a check folder whose logic is known to be good: it is part of the program, and the tests
    /// of this crate load it the long way. Its bytecode is made when it is first asked.
    ///
    /// # Errors
    /// Problems of the metadata.
    pub(crate) fn load_trusted(source: CheckSource) -> Result<Self, Vec<LibraryError>> {
        let place = source.place();
        let (manifest, parameters) =
            Manifest::parse(source.toml.as_deref().unwrap_or_default(), &source.group, &source.folder)
                .map_err(|problems| {
                    problems.into_iter().map(|problem| problem.in_folder(&place)).collect::<Vec<_>>()
                })?;
        Ok(Self::assemble(manifest, parameters, OnceLock::new(), source))
    }

    /// Makes a version again from what history keeps of it: metadata with parameters, logic, tolerated gaps.
    ///
    /// # Errors
    /// If the logic does not reach bytecode on this engine, or the parts do not give the digest of the version.
    pub fn restore(
        definition: &CheckDefinition,
        rego: &str,
        tolerated_gaps: &[String],
    ) -> Result<Self, NotRestored> {
        let refuse = |why: String| NotRestored { check: definition.id.clone(), why };
        let program = program::compile(&definition.id, rego)
            .map_err(|problem| refuse(problem.in_folder(&definition.id).to_string()))?;
        let source = CheckSource {
            group: definition.id.split('-').next().unwrap_or_default().to_owned(),
            folder: definition.id.clone(),
            toml: None,
            rego: Some(rego.to_owned()),
            tests: None,
            origin: Origin::Own,
        };
        let allowances = tolerated_gaps.iter().map(|path| Allowance {
            path: path.clone(),
            allow: vec![Leniency::Gap],
            reason: String::new(),
        });
        let compiled = Compiled::new(
            &definition.id,
            &definition.needs,
            allowances.collect(),
            &definition.parameters,
            OnceLock::from(program),
            source,
        );
        let check = Self {
            definition: definition.clone(),
            parameters: to_rego(&definition.parameters),
            compiled: Arc::new(compiled),
            overrides_builtin: false,
        };
        match check.version() {
            version if version == definition.version => Ok(check),
            version => Err(refuse(format!("its parts give version {version}, not {}", definition.version))),
        }
    }

    fn build(source: CheckSource) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        for (name, text) in
            [(FILE_MANIFEST, &source.toml), (FILE_REGO, &source.rego), (FILE_TESTS, &source.tests)]
        {
            if text.as_ref().is_none_or(|text| text.len() as u64 > MAX_FILE_BYTES) {
                let message =
                    format!("{name} is missing, not UTF-8 text, or larger than {MAX_FILE_BYTES} bytes");
                problems.push(Problem::new(CheckFile::Folder, None, message));
            }
        }
        let manifest = source.toml.as_deref().and_then(|toml| {
            Manifest::parse(toml, &source.group, &source.folder)
                .map_err(|mut found| problems.append(&mut found))
                .ok()
        });
        // The folder names the package, so that the logic is inspected even when the metadata is broken.
        let program = source.rego.as_deref().and_then(|rego| {
            program::compile(&source.folder, rego).map_err(|problem| problems.push(problem)).ok()
        });
        if let Some(problem) =
            source.tests.as_deref().and_then(|tests| program::parse_tests(&source.folder, tests).err())
        {
            problems.push(problem);
        }
        let (Some((manifest, parameters)), Some(program)) = (manifest, program) else { return Err(problems) };
        if !problems.is_empty() {
            return Err(problems);
        }
        let check = Self::assemble(manifest, parameters, OnceLock::from(program), source);
        evaluator::prove_unknown_without_facts(&check).map_err(|problem| vec![problem])?;
        Ok(check)
    }

    fn assemble(
        manifest: Manifest,
        parameters: Value,
        program: OnceLock<Arc<Program>>,
        source: CheckSource,
    ) -> Self {
        let compiled =
            Compiled::new(&manifest.id, &manifest.needs, manifest.allowances, &parameters, program, source);
        let mut check = Self {
            definition: CheckDefinition {
                id: manifest.id,
                version: Digest([0; 32]),
                title: manifest.title,
                asserts: manifest.asserts,
                rationale: manifest.rationale,
                target_kind: manifest.target_kind,
                facts_schema: manifest.facts_schema,
                needs: manifest.needs,
                severity: manifest.severity,
                stale_after_hours: manifest.stale_after_hours,
                cadence_hours: manifest.cadence_hours,
                criteria: manifest.criteria,
                controls: manifest.controls,
                remediation: manifest.remediation,
                references: manifest.references,
                depends_on_time: manifest.depends_on_time,
                parameters: Value::Null,
            },
            parameters: RegoValue::Undefined,
            compiled: Arc::new(compiled),
            overrides_builtin: false,
        };
        check.set_parameters(parameters);
        check
    }

    fn set_parameters(&mut self, parameters: Value) {
        self.parameters = to_rego(&parameters);
        self.definition.parameters = parameters;
        self.definition.version = self.version();
    }

    /// Digests what can change the answer, and nothing else: a better title is not a new version.
    fn version(&self) -> Digest {
        let definition = &self.definition;
        let tolerated = self.tolerated_gaps();
        let rego = self.rego();
        canonical::digest(&json!({
            "id": definition.id,
            "rego": Digest::of(rego.as_bytes()),
            "needs": definition.needs,
            "tolerated_gaps": tolerated,
            "facts_schema": definition.facts_schema,
            "target_kind": definition.target_kind,
            "depends_on_time": definition.depends_on_time,
            "parameters": definition.parameters,
            "stale_after_hours": definition.stale_after_hours,
        }))
        .expect("text keys and finite numbers have a canonical form")
    }

    /// Returns id, version, metadata and parameters.
    #[must_use]
    pub fn definition(&self) -> &CheckDefinition {
        &self.definition
    }

    /// Returns the id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.definition.id
    }

    /// Returns the group, e.g. `acct`.
    #[must_use]
    pub fn group(&self) -> &str {
        &self.compiled.source.group
    }

    /// Returns where the check comes from.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.compiled.source.origin
    }

    /// Tells whether this is a user's check that stands in the place of a built-in one.
    #[must_use]
    pub fn overrides_builtin(&self) -> bool {
        self.overrides_builtin
    }

    /// Returns the source of the logic, the record an auditor reads beside the verdict.
    #[must_use]
    pub fn rego(&self) -> &str {
        self.compiled.source.rego.as_deref().unwrap_or_default()
    }

    /// Returns the three files it was made from.
    #[must_use]
    pub fn source(&self) -> &CheckSource {
        &self.compiled.source
    }

    /// Returns the paths at which a gap does not take a pass away, in the order of the manifest.
    #[must_use]
    pub fn tolerated_gaps(&self) -> Vec<&str> {
        self.compiled
            .allowances
            .iter()
            .filter(|allowance| allowance.allow.contains(&Leniency::Gap))
            .map(|allowance| allowance.path.as_str())
            .collect()
    }

    /// Tells whether the answer may depend on a top-level section of facts. A check is given no other section, so
    /// facts that differ elsewhere have the same answer.
    #[must_use]
    pub fn reads(&self, section: &str) -> bool {
        match &self.compiled.sections {
            Some(sections) => {
                sections.iter().any(|name| name.as_string().is_ok_and(|name| name.as_ref() == section))
            }
            None => true,
        }
    }

    /// Returns the documented exceptions from "missing data never passes".
    #[must_use]
    pub fn allowances(&self) -> &[Allowance] {
        &self.compiled.allowances
    }

    /// Returns the check with other parameters. Those that are not named keep the value of `check.toml`, so the
    /// version depends on the settings and not on the order in which they were made.
    ///
    /// # Errors
    /// If `changes` is not an object, names a parameter that does not exist, or has a value of another type.
    pub fn with_parameters(&self, changes: &Value) -> Result<Self, InvalidParameters> {
        let refuse = |message: String| InvalidParameters { check: self.id().to_owned(), message };
        let changes = changes.as_object().ok_or_else(|| refuse("they are not an object".into()))?;
        let mut parameters = self.compiled.default_parameters.clone();
        for (name, value) in changes {
            let default = parameters
                .get_mut(name)
                .ok_or_else(|| refuse(format!("there is no parameter named {name:?}")))?;
            same_type(default, value).map_err(|problem| refuse(format!("{name:?} {problem}")))?;
            *default = value.clone();
        }
        let mut check = self.clone();
        check.set_parameters(parameters);
        Ok(check)
    }
}

/// Tells whether `value` can stand where `default` stood.
fn same_type(default: &Value, value: &Value) -> Result<(), String> {
    match (default, value) {
        (Value::Bool(_), Value::Bool(_)) => Ok(()),
        (Value::Number(default), Value::Number(value)) => {
            if default.is_f64() || value.is_i64() || value.is_u64() {
                Ok(())
            } else {
                Err("must be a whole number".into())
            }
        }
        (Value::String(_), Value::String(text)) if text.len() > MAX_PARAMETER_BYTES => {
            Err(format!("is longer than {MAX_PARAMETER_BYTES} bytes"))
        }
        (Value::String(_), Value::String(_)) => Ok(()),
        (Value::Array(_), Value::Array(values)) if values.len() > MAX_PARAMETER_LIST => {
            Err(format!("has more than {MAX_PARAMETER_LIST} entries"))
        }
        (Value::Array(defaults), Value::Array(values)) => {
            // An empty default does not say what it is a list of: names are by far the commonest.
            let text = Value::String(String::new());
            let element = defaults.first().unwrap_or(&text);
            values.iter().try_for_each(|value| same_type(element, value))
        }
        (Value::Object(defaults), Value::Object(values)) => {
            if defaults.len() != values.len() {
                return Err("must have the same fields as in check.toml".into());
            }
            defaults.iter().try_for_each(|(name, default)| {
                let value = values.get(name).ok_or_else(|| format!("lacks the field {name:?}"))?;
                same_type(default, value)
            })
        }
        _ => Err(format!("must be {}", kind_of(default))),
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
    }
}
