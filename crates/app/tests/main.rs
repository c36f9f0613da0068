//! Use cases on real databases, both kinds.

#[expect(dead_code, reason = "the tests of the ledger use more of it")]
#[path = "../../ledger/tests/ledger/authority.rs"]
mod authority;
mod keys;
mod outside;

mod access;
mod access_reviews;
mod access_seen;
mod accounts_key;
mod agent;
mod attestation;
#[path = "../../web/tests/support/authenticator.rs"]
mod authenticator;
mod bundle;
mod check_drafts;
mod completion;
mod conclusion;
mod conclusion_period;
mod control_tests;
mod crash;
mod damage;
mod distribution;
mod engagement;
mod evidence;
mod example;
mod fieldwork;
mod fieldwork_waiting;
mod hammer;
mod history;
mod identity;
mod issue;
mod items;
mod job;
mod killed;
mod ledger;
mod mail;
#[path = "../../web/tests/support/maker.rs"]
mod maker;
mod moment;
mod notice;
mod observation;
mod period;
mod period_ends;
mod policy;
mod population_list;
mod program;
mod readiness;
mod records;
mod register;
mod reported;
mod retention;

mod passkeys;
mod people;
mod rollback;
mod sampling;
mod schema;
mod scope;
mod sign_in;
mod since;
mod system;
mod tenant;
mod token;
mod trail;
mod unreviewed;
mod waiver;
mod walkthrough;
mod workpapers;
mod workspace;
