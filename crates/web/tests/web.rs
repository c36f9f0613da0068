//! The pages through HTTP, without a socket.

#[path = "support/answer.rs"]
mod answer;
#[path = "support/authenticator.rs"]
mod authenticator;
#[path = "support/caller.rs"]
mod caller;
#[path = "support/examination.rs"]
mod examination;
#[path = "support/host.rs"]
mod host;
#[path = "support/hostile.rs"]
mod hostile;
#[path = "support/maker.rs"]
mod maker;
#[path = "support/members.rs"]
mod members;
#[path = "support/provider.rs"]
mod provider;
#[path = "support/sample/mod.rs"]
mod sample;
#[path = "support/schema.rs"]
mod schema;
#[path = "support/visitor.rs"]
mod visitor;

#[path = "web/access.rs"]
mod access;
#[path = "web/accounts.rs"]
mod accounts;
#[path = "web/api.rs"]
mod api;
#[path = "web/api_examination.rs"]
mod api_examination;
#[path = "web/api_own.rs"]
mod api_own;
#[path = "web/api_people.rs"]
mod api_people;
#[path = "web/api_records.rs"]
mod api_records;
#[path = "web/api_samples.rs"]
mod api_samples;
#[path = "web/api_seen.rs"]
mod api_seen;
#[path = "web/api_start.rs"]
mod api_start;
#[path = "web/api_write.rs"]
mod api_write;
#[path = "web/attestation.rs"]
mod attestation;
#[path = "web/changed.rs"]
mod changed;
#[path = "web/comments.rs"]
mod comments;
#[path = "web/commitments.rs"]
mod commitments;
#[path = "web/controls.rs"]
mod controls;
#[path = "web/daily.rs"]
mod daily;
#[path = "web/distribution.rs"]
mod distribution;
#[path = "web/downloads.rs"]
mod downloads;
#[path = "web/engagements.rs"]
mod engagements;
#[path = "web/fieldwork.rs"]
mod fieldwork;
#[path = "web/findings.rs"]
mod findings;
#[path = "web/items.rs"]
mod items;
#[path = "web/jobs.rs"]
mod jobs;
#[path = "web/letters.rs"]
mod letters;
#[path = "web/lists.rs"]
mod lists;
#[path = "web/live.rs"]
mod live;
#[path = "web/markup.rs"]
mod markup;
#[path = "web/notices.rs"]
mod notices;
#[path = "web/own.rs"]
mod own;
#[path = "web/passkeys.rs"]
mod passkeys;
#[path = "web/past.rs"]
mod past;
#[path = "web/people.rs"]
mod people;
#[path = "web/period.rs"]
mod period;
#[path = "web/populations.rs"]
mod populations;
#[path = "web/providers.rs"]
mod providers;
#[path = "web/readiness.rs"]
mod readiness;
#[path = "web/rights.rs"]
mod rights;
#[path = "web/schemathesis.rs"]
mod schemathesis;
#[path = "web/search.rs"]
mod search;
#[path = "web/start.rs"]
mod start;
#[path = "web/systems.rs"]
mod systems;
#[path = "web/tenants.rs"]
mod tenants;
#[path = "web/tokens.rs"]
mod tokens;
#[path = "web/trail.rs"]
mod trail;
#[path = "web/waivers.rs"]
mod waivers;
#[path = "web/walkthrough.rs"]
mod walkthrough;
#[path = "web/workshop.rs"]
mod workshop;
#[path = "web/workspace.rs"]
mod workspace;
