//! Use cases on real databases, both kinds.

mod bundle;
mod conclusion;
mod crash;
mod damage;
mod evidence;
mod example;
mod history;
mod identity;
mod killed;
mod ledger;
mod observation;
mod program;
mod retention;

mod rollback;
mod schema;
mod waiver;
