//! One file per command; each is a thin caller of use cases.

pub(crate) mod assess;
pub(crate) mod bundle;
pub(crate) mod catalog;
pub(crate) mod checks;
pub(crate) mod collect;
pub(crate) mod help;
pub(crate) mod init;
pub(crate) mod ledger;
pub(crate) mod quickstart;
pub(crate) mod report;
pub(crate) mod serve;
pub(crate) mod status;
pub(crate) mod verify;
