//! The subject itself: types, rules and arithmetic of SOC examinations.
//!
//! Nothing here reads a clock, a file, the environment or randomness, and nothing is async; time and seeds are
//! parameters. The order of the modules is the order of the flow: observe, evaluate, conclude, report.

pub mod canonical;
pub mod catalog;
pub mod conclusion;
pub mod control;
pub mod digest;
pub mod distribution;
pub mod engagement;
pub mod evidence;
pub mod id;
pub mod identity;
pub mod job;
pub mod mail;
pub mod observation;
pub mod program;
pub mod report;
pub mod time;
pub mod words;
pub mod written;
pub mod zone;

pub use digest::Digest;
pub use time::{Span, Timestamp};
