//! Who may do what: roles, resources, verbs, one table, and the rules that deny whatever the table grants.
//!
//! [`matrix`] is the only place where a role is given anything. [`Subject::decide`] reads it for one [`Atom`] and returns
//! how far the permission reaches, which list pages turn into a predicate; [`Subject::decide_on`] does so for one
//! [`Object`]. Denials run after grants and always win. [`separation`] keeps one person from doing both halves of what
//! needs two. Beside them stand the rules of signing in: [`password`], [`totp`], [`attestation`],
//! [`throttle`], [`Lifetime`]. Pure: whoever calls
//! brings the moment and the facts.
//!
//! Source: `docs/domain/identity.md` sections 1.10 to 1.14; `docs/roles.md` is printed from the table.

mod alert;
pub mod attestation;
pub mod base32;
mod decision;
mod document;
mod email;
mod lifetime;
pub mod matrix;
pub mod password;
pub mod provider;
mod resource;
mod role;
mod rule;
pub mod separation;
#[cfg(test)]
mod tests;
pub mod throttle;
pub mod token;
pub mod totp;

pub use alert::Alert;
pub use decision::{
    Assurance, Decision, Denial, Factor, Object, Reach, STEP_UP_US, Standing, Subject, Systems, needs_step_up,
};
pub use document::document;
pub use email::{Email, NotAnAddress};
pub use lifetime::{Lifetime, MOST_SESSIONS, Over};
pub use matrix::{Condition, Scope};
pub use resource::{Atom, Resource, Verb};
pub use role::Role;
pub use rule::SignInRule;
