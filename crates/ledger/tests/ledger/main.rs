//! The ledger from outside: against another implementation, over whole bundles, through the program.

mod authority;
mod bundle;
mod differential;
mod fixture;
mod fuzz;
mod history;
mod independent;
mod malicious;
mod period;
mod program;
mod published;
mod readme;
mod records;
mod statements;
mod tamper;
mod timestamp;
mod vectors;
