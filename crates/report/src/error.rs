//! Why a document could not be made.

/// Why a document could not be made. None of these depends on what a model says; each means that the templates or
/// the limits of a format are broken.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The model cannot be written as JSON.
    #[error("readiness report cannot be written as JSON")]
    Model(#[from] serde_json::Error),
    /// The template is broken or does not fit the model.
    #[error("readiness report cannot be typeset: {0}")]
    Typeset(String),
    /// The moment of the model is outside what a document can carry (years 0 to 9999).
    #[error("moment {0} cannot be the date of a document")]
    Moment(tickmark_core::Timestamp),
    /// The workbook exceeds a limit of its format.
    #[error("matrix cannot be written as a workbook")]
    Workbook(#[from] rust_xlsxwriter::XlsxError),
    /// The table cannot be written.
    #[error("matrix cannot be written as CSV")]
    Csv(#[from] csv::Error),
    /// The archive cannot be written.
    #[error("archive cannot be written")]
    Archive(#[from] zip::result::ZipError),
}
