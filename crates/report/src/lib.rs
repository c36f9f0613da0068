//! Frozen models in, documents out. The only code that knows Typst and XLSX.

pub mod sample;
