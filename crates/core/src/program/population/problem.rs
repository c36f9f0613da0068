//! What is wrong in a list that somebody hands in.

use std::fmt;

use serde::Serialize;

/// What is wrong in a list, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListProblem {
    /// Line, counted from 1 with the heading.
    pub line: u64,
    /// Name of the column; empty for what concerns the whole line.
    pub column: String,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for ListProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.column.as_str() {
            "" => write!(f, "line {}: {}", self.line, self.what),
            column => write!(f, "line {}, column {column}: {}", self.line, self.what),
        }
    }
}
