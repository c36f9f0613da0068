//! Use cases on real databases, both kinds.

mod crash;
mod damage;
mod evidence;
mod identity;
mod ledger;
mod rollback;
mod schema;
