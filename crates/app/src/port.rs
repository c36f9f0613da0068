//! What use cases need from outside the process. The binary plugs these in; tests bring their own.

use std::fmt::Debug;

use futures_util::future::BoxFuture;
use tickmark_core::Timestamp;
use tickmark_core::observation::Collected;
use tickmark_core::report::ReadinessReport;

/// The clock.
pub trait Clock: Debug + Send + Sync {
    /// Returns the present moment.
    fn now(&self) -> Timestamp;
}

/// The operating system's randomness, for ids, salts and keys.
pub trait Entropy: Debug + Send + Sync {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// Why a source gave nothing at all. Whatever it could not see beside facts is a gap, not an error.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// No source has this name.
    #[error("there is no source {0}")]
    Unknown(String),
    /// It cannot be asked now.
    #[error("source {name}: {why}")]
    Failed {
        /// The source.
        name: String,
        /// What happened.
        why: String,
    },
}

/// A source that can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceInfo {
    /// Name by which it is asked, e.g. `host`.
    pub name: String,
    /// Collector and version, e.g. `host 0.1.0`.
    pub collector: String,
    /// One line for people.
    pub summary: String,
}

/// Where a long collection has got to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress<'a> {
    /// Steps that are done.
    pub done: u32,
    /// Steps in all.
    pub total: u32,
    /// What is being done, for people.
    pub step: &'a str,
}

/// The systems that can be looked at.
pub trait Sources: Debug + Send + Sync {
    /// Lists them.
    fn list(&self) -> Vec<SourceInfo>;

    /// Looks at every target of `source`, telling `progress` what is being done.
    ///
    /// # Errors
    /// If there is no such source, or it cannot be asked at all.
    fn collect<'a>(
        &'a self,
        source: &'a str,
        progress: &'a (dyn Fn(Progress<'_>) + Send + Sync),
    ) -> BoxFuture<'a, Result<Vec<Collected>, SourceError>>;
}

/// Why a document could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the {document} could not be made: {why}")]
pub struct RenderError {
    /// Which document.
    pub document: &'static str,
    /// What happened.
    pub why: String,
}

/// Turns frozen models into documents. Same model, same bytes.
pub trait Renderer: Debug + Send + Sync {
    /// Makes the readiness report as PDF.
    ///
    /// # Errors
    /// If typesetting fails.
    fn readiness_pdf(&self, report: &ReadinessReport) -> Result<Vec<u8>, RenderError>;

    /// Makes the matrix of criteria and controls as XLSX.
    ///
    /// # Errors
    /// If the workbook cannot be written.
    fn matrix_xlsx(&self, report: &ReadinessReport) -> Result<Vec<u8>, RenderError>;

    /// Makes the same matrix as CSV.
    ///
    /// # Errors
    /// If a field cannot be written.
    fn matrix_csv(&self, report: &ReadinessReport) -> Result<Vec<u8>, RenderError>;
}
