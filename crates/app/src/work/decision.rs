//! What waits for somebody's decision, besides evidence: what others wrote, asked for, proposed or fixed.

use tickmark_core::Timestamp;
use tickmark_core::conclusion::finding::Finding;
use tickmark_core::control::commitment::CommitmentState;
use tickmark_core::control::{ControlId, ControlState};
use tickmark_core::engagement::{Paper, Step};
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::words::segment;

use crate::Result;
use crate::conclusion::remediation;
use crate::context::View;
use crate::control::{self, commitment};
use crate::distribution::{self, ToDo};
use crate::engagement::unsigned::{What, unsigned};
use crate::identity::Access;
use crate::identity::people;
use crate::observation::waiver::request;
use crate::register::{self, Kind, Query};

/// Most of one kind that are looked at.
const MOST: u32 = 200;

/// Something to decide about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What it is, the same as long as it is the same.
    pub about: String,
    /// What is said of it.
    pub title: String,
    /// Where it is decided.
    pub path: String,
    /// What is to be done.
    pub note: &'static str,
    /// Since when it waits.
    pub since: Timestamp,
}

/// A finding that somebody answers for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnFinding {
    /// What names it.
    pub reference: String,
    /// The record.
    pub record: Finding,
}

/// Returns what waits for the actor's decision, the longest first.
pub(super) async fn decisions(view: &mut View<'_>) -> Result<Vec<Decision>> {
    let mut found = Vec::new();
    if !matches!(view.actor.access, Access::Member(_)) {
        return Ok(found);
    }
    if view.sees_whole(Atom::new(Resource::Control, Verb::Approve)) {
        controls(view, &mut found).await?;
        commitments(view, &mut found).await?;
    }
    if view.sees_whole(Atom::new(Resource::Exception, Verb::Approve)) {
        waivers(view, &mut found).await?;
        fixes(view, &mut found).await?;
    }
    engagements(view, &mut found).await?;
    grants(view, &mut found).await?;
    roles(view, &mut found).await?;
    found.sort_by(|a, b| (a.since, &a.about).cmp(&(b.since, &b.about)));
    Ok(found)
}

/// Returns the open findings that the actor corrects, by when they are due.
pub(super) async fn own_findings(view: &mut View<'_>) -> Result<Vec<OwnFinding>> {
    let query = Query::of("owner", &view.actor.id.to_string()).and("state", "open");
    let mut found = findings(view, query).await?;
    found.sort_by(|a, b| (a.record.due, &a.reference).cmp(&(b.record.due, &b.reference)));
    Ok(found)
}

/// Changes of controls, and drafts that somebody wrote. Drafts of the starter library wait for nobody.
async fn controls(view: &mut View<'_>, found: &mut Vec<Decision>) -> Result<()> {
    let actor = view.actor.id;
    let query = Query { rows: MOST, ..Query::of("decide", "yes") };
    let ids = register::ids(view, Kind::Control, &query).await?;
    let ids: Vec<ControlId> = ids.iter().filter_map(|id| id.parse().ok()).collect();
    for control in control::several(view, &ids).await? {
        if control.is_author(actor) {
            continue;
        }
        let path = format!("/controls/{}/approve", segment(control.id.as_str()));
        if let Some(proposed) = control.proposed() {
            found.push(Decision {
                about: format!("control {} {}", control.id, proposed.at.micros()),
                title: format!("A change of {} waits for your approval", control.id),
                path,
                note: "Somebody proposed it; until you approve, the text in force stands",
                since: proposed.at,
            });
        } else if control.state() == ControlState::Draft {
            let written = control.text.current().held.from;
            found.push(Decision {
                about: format!("draft {} {}", control.id, written.micros()),
                title: format!("The draft {} waits for your approval", control.id),
                path,
                note: "Somebody wrote it; approved, it is in force",
                since: written,
            });
        }
    }
    Ok(())
}

async fn commitments(view: &mut View<'_>, found: &mut Vec<Decision>) -> Result<()> {
    let actor = view.actor.id;
    for state in [CommitmentState::Draft, CommitmentState::Waits] {
        let query = Query { rows: MOST, ..Query::of("state", state.word()) };
        let (versions, _) = commitment::page(view, &query).await?;
        for version in versions {
            let one = &version.record;
            if one.owner.is_some() && !one.is_author(actor) {
                found.push(Decision {
                    about: format!("commitment {} {}", one.key, one.written.version),
                    title: format!("Commitment {} waits for your approval", one.key),
                    path: format!("/commitments/{}/approve", one.key.0),
                    note: "Somebody wrote it; approved, it is what is promised",
                    since: version.since,
                });
            }
        }
    }
    Ok(())
}

async fn waivers(view: &mut View<'_>, found: &mut Vec<Decision>) -> Result<()> {
    let actor = view.actor.id;
    for asked in request::waiting(view, MOST).await?.0 {
        if asked.request.requested_by != actor {
            found.push(Decision {
                about: format!("waiver_request {}", asked.key),
                title: format!("A waiver of {} waits for your decision", asked.request.check),
                path: format!("/waivers/requests/{}", asked.key),
                note: "Approve it for its time, or refuse it with a reason",
                since: asked.at,
            });
        }
    }
    Ok(())
}

/// Fixes that somebody else made.
async fn fixes(view: &mut View<'_>, found: &mut Vec<Decision>) -> Result<()> {
    let actor = view.actor.id;
    for OwnFinding { reference, record } in findings(view, Query::of("state", "fixed")).await? {
        let Some(fix) = record.fix().filter(|fix| fix.by != actor) else { continue };
        found.push(Decision {
            about: format!("fix {} {}", record.id, fix.at.micros()),
            title: format!("A fix waits to be verified: {}", record.found.title),
            path: format!("/findings/{}", segment(&reference)),
            note: "Look whether it holds, then close it or open it again",
            since: fix.at,
        });
    }
    Ok(())
}

async fn findings(view: &mut View<'_>, query: Query) -> Result<Vec<OwnFinding>> {
    let query = Query { rows: MOST, ..query };
    let mut found = Vec::new();
    for reference in register::page(view, Kind::Finding, &query).await?.ids {
        if let Some(record) = remediation::taken(view, &reference).await? {
            found.push(OwnFinding { reference, record });
        }
    }
    Ok(found)
}

/// Scopes, documents and letters.
async fn engagements(view: &mut View<'_>, found: &mut Vec<Decision>) -> Result<()> {
    for one in unsigned(view).await? {
        let (what, at) = match one.what {
            What::Scope => ("scope".to_owned(), "approve".to_owned()),
            What::Paper(Paper::Description) => ("description".to_owned(), "description".to_owned()),
            What::Paper(Paper::Assertion) => ("assertion".to_owned(), "assertion".to_owned()),
            What::Representation => ("representation letter".to_owned(), "completion".to_owned()),
            What::Bridge(number) => (format!("bridge letter {number}"), "completion".to_owned()),
        };
        let (waits, note) = match (one.what, one.step) {
            (What::Scope, _) => ("approval", "Approved, it says what is examined"),
            (_, Step::Review) => ("review", "Read it, and say that you reviewed it"),
            (What::Paper(Paper::Description), Step::Approve) => {
                ("approval", "It was reviewed by somebody else")
            }
            (_, Step::Approve) => ("signature", "It was reviewed by somebody else"),
        };
        found.push(Decision {
            about: format!("{} {what} {waits} {}", one.engagement, one.since.micros()),
            title: format!("The {what} of {} waits for your {waits}", one.engagement),
            path: format!("/engagements/{}/{at}", one.engagement.0),
            note,
            since: one.since,
        });
    }
    Ok(())
}

/// Recipients of a report: to be checked, to be approved, waiting for a code, and whose time is nearly over.
async fn grants(view: &mut View<'_>, found: &mut Vec<Decision>) -> Result<()> {
    for one in distribution::waiting(view).await? {
        let (engagement, grant, company) = (one.engagement, one.grant, &one.company);
        let (what, title, note) = match one.what {
            ToDo::Code { number } => (
                format!("code {number}"),
                format!("{company} waits for a code to read the report of {engagement}"),
                "Make it, and tell it to the recipient by a way that reaches only them",
            ),
            ToDo::Check => (
                "check".to_owned(),
                format!("What {company} is to you is to be checked, for the report of {engagement}"),
                "Say how the relationship was checked, or refuse",
            ),
            ToDo::Approve => (
                "approval".to_owned(),
                format!("{company} waits for the report of {engagement}"),
                "The agreement is accepted and the relationship checked; approve or refuse",
            ),
            ToDo::Ends => (
                "end".to_owned(),
                format!("{company} reads the report of {engagement} for a few days more"),
                "It ends by itself; whoever needs it longer is entered again",
            ),
        };
        found.push(Decision {
            about: format!("report_grant {grant} {what}"),
            title,
            path: format!("/engagements/{}/grants/{}", engagement.0, grant.0),
            note,
            since: one.since,
        });
    }
    Ok(())
}

/// The highest roles, which a second person agrees to.
async fn roles(view: &mut View<'_>, found: &mut Vec<Decision>) -> Result<()> {
    if !view.may(Atom::new(Resource::HighestGrant, Verb::Create)) {
        return Ok(());
    }
    let actor = view.actor.id;
    for one in people::proposals(view).await? {
        let ids = [one.member];
        let of = people::several(view, &ids).await?.pop();
        if one.asked_by == actor || of.as_ref().is_none_or(|member| member.actor == actor) {
            continue;
        }
        found.push(Decision {
            about: format!("role_proposal {}", one.id),
            title: format!("Somebody is proposed as {}, and waits for a second owner", one.role),
            path: "/people".to_owned(),
            note: "Agree or decline; who proposed it cannot",
            since: one.asked_at,
        });
    }
    Ok(())
}
