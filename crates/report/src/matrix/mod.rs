//! The matrix of controls and criteria, as a workbook and as CSV.

mod cell;
mod list;
mod sheet;
mod table;
mod xlsx;

pub use list::list_xlsx;
pub use table::matrix_csv;
pub use xlsx::matrix_xlsx;

#[cfg(test)]
mod tests;
