//! Frozen models in, documents out. The only code that knows Typst, XLSX, DOCX and OSCAL.
//!
//! Every function here is pure: the same model gives the same bytes on every machine. No clock, no file, no network,
//! no system font is looked at; the moment in a document is the one in its model. Text of others is data: it is laid
//! out, never evaluated, and never a formula.

mod docx;
mod error;
mod matrix;
mod oscal;
mod pdf;
pub mod sample;
mod typeset;
mod view;
mod workbook;

pub use docx::writing_docx;
pub use error::ReportError;
pub use matrix::{list_xlsx, matrix_csv, matrix_xlsx};
pub use oscal::{OscalFile, oscal, oscal_zip};
pub use pdf::{package_pdf, readiness_pdf, writing_pdf};
pub use workbook::{WorkbookError, read_sheet, read_workbook};
