//! Use cases, one folder per feature.
//!
//! A use case is a function over [`Cx`] and reads as five verbs: authorize, load, decide, save, record. It never
//! begins or commits: [`App::transact`] does, with one `now`, and the ledger entries it recorded are committed with
//! its rows or not at all. A query is a function over [`View`]; a `Cx` is one too. Only `<feature>/sql.rs` names
//! tables. What comes from outside the process (clock, randomness, sources, renderer) is stated in [`port`].

pub mod app;
mod archive;
pub mod backup;
pub mod bulk;
pub mod bundle;
pub mod comment;
pub mod conclusion;
pub mod context;
pub mod control;
pub mod distribution;
pub mod engagement;
pub mod error;
pub mod evidence;
pub mod example;
pub mod identity;
pub mod job;
mod kept;
pub mod ledger;
pub mod mail;
pub mod notice;
pub mod observation;
pub mod port;
pub mod program;
pub mod register;
pub mod report;
pub mod saved_view;
mod stored;
#[cfg(feature = "testing")]
pub mod testing;
pub mod turns;
pub mod work;

pub use app::App;
pub use context::{Action, Cx, View};
pub use error::{Error, Result};
pub use identity::{Actor, ActorKind, Organization};
