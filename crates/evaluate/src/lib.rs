//! Checks: the only code that knows Rego.
//!
//! A check is a folder with `check.toml`, `check.rego` and `check_test.rego` ([`CheckSource`]). A [`Library`] compiles
//! checks to bytecode, an [`Evaluator`] asks them about facts, [`run_tests`] proves that one keeps its promises.
//!
//! The invariant: **missing data never becomes a pass**. Four walls hold it, each alone: a check that answers anything
//! but `unknown` to an empty document is refused when it is loaded; a gap in the facts a check reads takes a pass away;
//! an answer that breaks a rule of the format is `unknown`; and the tests of a check take its facts apart field by
//! field. What Rego cannot express well (overlap of networks, certificate chains, matching people) is computed in Rust
//! by collectors and reaches checks as facts.

mod answer;
mod check;
mod defect;
mod error;
mod evaluator;
mod explain;
mod facts;
mod library;
mod manifest;
mod path;
mod program;
mod scaffold;
mod simple;
mod source;
mod testing;

pub use check::{Check, InvalidParameters, NotRestored};
pub use error::{CheckFile, LibraryError};
pub use evaluator::{Evaluator, Limits};
pub use explain::{FactRead, explain};
pub use facts::{MAX_FACTS_DEPTH, MAX_FACTS_VALUES, PreparedFacts};
pub use library::Library;
pub use manifest::{Allowance, Leniency};
pub use program::{ALLOWED_BUILTINS, refused_builtin};
pub use scaffold::{InvalidScaffold, ScaffoldFile, scaffold};
pub use simple::{InvalidSimple, Operator, SimpleCheck, simple};
pub use source::{CheckSource, FILE_MANIFEST, FILE_REGO, FILE_TESTS, Origin, read_folder};
pub use testing::{Difference, FactsValidator, TestCase, TestKind, TestReport, run_tests};

/// Engine and version that is stored with every verdict. A change of it asks for a comparison of verdicts over kept
/// facts before it goes live.
pub const ENGINE_VERSION: &str = "regorus 0.14.1 rvm";
