//! The only code that talks to other systems. One folder per source.
//!
//! A source is fetched (raw bytes with their provenance, within limits) and turned into facts by pure functions over
//! the redacted bytes. A look never fails as a whole: what could not be seen is a gap.

pub mod command;
pub mod host;
pub mod redact;
