//! What use cases need from outside the process. The binary plugs these in; tests bring their own.

use std::fmt::Debug;

use tickmark_core::Timestamp;
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
