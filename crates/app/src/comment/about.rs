//! What comments are about, and who may see that.

use std::collections::BTreeSet;

use tickmark_core::control::ControlId;
use tickmark_core::control::commitment::CommitmentKey;
use tickmark_core::engagement::EngagementKey;
use tickmark_core::id::{ItemKey, RunKey, SystemId, TargetKey, WaiverKey};
use tickmark_core::identity::{Atom, Object, Resource, Role, Verb};
use tickmark_core::words::segment;

use crate::context::View;
use crate::control::{self, commitment as promises, edit};
use crate::engagement;
use crate::engagement::fieldwork::request as asked;
use crate::evidence::item;
use crate::identity::{self, Access};
use crate::observation::{self, waiver};
use crate::program::performance;
use crate::{Error, Result};

/// What a comment is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// A control.
    Control(ControlId),
    /// A commitment.
    Commitment(CommitmentKey),
    /// An item of evidence.
    Item(ItemKey),
    /// A finding, by its reference.
    Finding(String),
    /// How a control is performed.
    Occurrence(ControlId),
    /// A request for a waiver.
    Request(i64),
    /// A waiver that was granted.
    Waiver(WaiverKey),
    /// A check, over all its versions.
    Check(String),
    /// A target.
    Target(TargetKey),
    /// A look at targets.
    Run(RunKey),
    /// A system.
    System(SystemId),
    /// An engagement: what management says about it among themselves. Auditors have their own notes.
    Engagement(EngagementKey),
    /// What an auditor asks for: both parties read what is said about it.
    EvidenceRequest(EngagementKey, i64),
}

impl About {
    /// The kind as the audit trail has it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Control(_) => "control",
            Self::Commitment(_) => "commitment",
            Self::Item(_) => "evidence",
            Self::Finding(_) => "finding",
            Self::Occurrence(_) => "occurrence",
            Self::Request(_) => "waiver_request",
            Self::Waiver(_) => "waiver",
            Self::Check(_) => "check",
            Self::Target(_) => "target",
            Self::Run(_) => "run",
            Self::System(_) => "system",
            Self::Engagement(_) => "engagement",
            Self::EvidenceRequest(..) => "request",
        }
    }

    /// The id as the audit trail has it.
    #[must_use]
    pub fn id(&self) -> String {
        match self {
            Self::Control(id) | Self::Occurrence(id) => id.to_string(),
            Self::Commitment(key) => key.to_string(),
            Self::Item(key) => key.to_string(),
            Self::Finding(text) | Self::Check(text) => text.clone(),
            Self::Request(key) => key.to_string(),
            Self::Waiver(key) => key.to_string(),
            Self::Target(key) => key.to_string(),
            Self::Run(key) => key.to_string(),
            Self::System(id) => id.to_string(),
            Self::Engagement(key) => key.to_string(),
            Self::EvidenceRequest(key, number) => asked::id(*key, *number),
        }
    }

    /// Returns where the record is in the pages.
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::Control(id) => format!("/controls/{}", segment(id.as_str())),
            Self::Occurrence(id) => format!("/controls/{}/occurrences", segment(id.as_str())),
            Self::Commitment(key) => format!("/commitments/{}", key.0),
            Self::Item(key) => format!("/evidence/items/{key}"),
            Self::Finding(reference) => format!("/findings/{}", segment(reference)),
            Self::Request(key) => format!("/waivers/requests/{key}"),
            Self::Waiver(key) => format!("/waivers/{key}"),
            Self::Check(id) => format!("/checks/{}", segment(id)),
            Self::Target(key) => format!("/targets/{key}"),
            Self::Run(key) => format!("/runs/{key}"),
            Self::System(id) => format!("/systems/{id}"),
            Self::Engagement(key) => format!("/engagements/{}", key.0),
            Self::EvidenceRequest(key, number) => format!("/engagements/{}/requests/{number}", key.0),
        }
    }

    /// Returns what people call the record.
    #[must_use]
    pub fn title(&self) -> String {
        match self {
            Self::Control(id) => format!("Control {id}"),
            Self::Occurrence(id) => format!("Occurrences of {id}"),
            Self::Commitment(key) => format!("Commitment {key}"),
            Self::Item(key) => format!("Evidence {key}"),
            Self::Finding(reference) => format!("Finding {reference}"),
            Self::Request(key) => format!("Waiver request {key}"),
            Self::Waiver(key) => format!("Waiver {key}"),
            Self::Check(id) => format!("Check {id}"),
            Self::Target(key) => format!("Target {key}"),
            Self::Run(key) => format!("Run {key}"),
            Self::System(_) => "System".to_owned(),
            Self::Engagement(key) => format!("Engagement {key}"),
            Self::EvidenceRequest(key, number) => format!("Request {}", asked::id(*key, *number)),
        }
    }

    /// Reads kind and id.
    #[must_use]
    pub fn of(kind: &str, id: &str) -> Option<Self> {
        Some(match kind {
            "control" => Self::Control(id.parse().ok()?),
            "commitment" => Self::Commitment(CommitmentKey(id.trim_start_matches("SC-").parse().ok()?)),
            "evidence" => Self::Item(ItemKey(id.parse().ok()?)),
            "finding" => Self::Finding(Some(id).filter(|id| !id.is_empty() && id.len() <= 200)?.to_owned()),
            "occurrence" => Self::Occurrence(id.parse().ok()?),
            "waiver_request" => Self::Request(id.parse().ok()?),
            "waiver" => Self::Waiver(WaiverKey(id.parse().ok()?)),
            "check" => Self::Check(Some(id).filter(|id| !id.is_empty() && id.len() <= 200)?.to_owned()),
            "target" => Self::Target(TargetKey(id.parse().ok()?)),
            "run" => Self::Run(RunKey(id.parse().ok()?)),
            "system" => Self::System(id.parse().ok()?),
            "engagement" => Self::Engagement(engagement_key(id)?),
            "request" => {
                let (key, number) = asked::parse(id)?;
                Self::EvidenceRequest(key, number)
            }
            _ => return None,
        })
    }

    /// Tells whether people of an audit firm speak about such records too.
    fn is_shared(&self) -> bool {
        matches!(self, Self::EvidenceRequest(..))
    }
}

fn engagement_key(text: &str) -> Option<EngagementKey> {
    text.strip_prefix("E-")?.parse().ok().map(EngagementKey)
}

/// Refuses whoever may not see a record. What may not be known of is not found.
pub(super) async fn see(view: &mut View<'_>, about: &About) -> Result<()> {
    let exceptions = Atom::new(Resource::Exception, Verb::Read);
    if is_auditor(view) && !about.is_shared() {
        return Err(Error::not_found("record", about.id()));
    }
    match about {
        About::Control(id) => edit::see(view, id).await.map(|_| ()),
        About::Occurrence(id) => performance::control_of(view, id).await.map(|_| ()),
        About::Commitment(key) => promises::versions(view, *key).await.map(|_| ()),
        About::Item(key) => item::find(view, *key).await.map(|_| ()),
        // Findings are computed; whether there is one with this reference is known to the page only.
        About::Finding(_) => view.permit_whole(exceptions),
        About::Request(key) => waiver::request::request(view, *key).await.map(|_| ()),
        About::Waiver(key) => {
            view.permit_whole(exceptions)?;
            waiver::find(view, *key).await.map(|_| ())
        }
        About::Check(id) => {
            view.permit_whole(Atom::new(Resource::Test, Verb::Read))?;
            let known = observation::checks_in_force(view).await?.contains_key(id);
            if known || !observation::check_versions(view, id).await?.is_empty() {
                return Ok(());
            }
            Err(Error::not_found("check", id))
        }
        About::Target(key) => {
            view.permit_whole(Atom::new(Resource::TestResult, Verb::Read))?;
            observation::find_target(view, *key).await.map(|_| ())
        }
        About::Run(key) => {
            view.permit_whole(Atom::new(Resource::TestResult, Verb::Read))?;
            observation::find_run(view, *key).await.map(|_| ())
        }
        About::System(id) => identity::system::find(view, *id).await.map(|_| ()),
        About::Engagement(key) => engagement::find(view, *key).await.map(|_| ()),
        About::EvidenceRequest(key, number) => asked::find(view, *key, *number).await.map(|_| ()),
    }
}

fn is_auditor(view: &View<'_>) -> bool {
    matches!(&view.actor.access, Access::Member(member) if member.subject.roles.contains(&Role::Auditor))
}

/// Tells whether the actor may see a record, without anybody being refused.
pub(super) async fn sees(view: &mut View<'_>, about: &About) -> Result<bool> {
    let object = identity::object_of(view, BTreeSet::new()).await?;
    if is_auditor(view) && !about.is_shared() {
        return Ok(false);
    }
    Ok(match about {
        About::Control(id) => match control::look_up(view, id).await? {
            Some(control) => {
                let object = edit::object(view, &control).await?;
                view.may_on(edit::atom(Verb::Read), &object)
            }
            None => false,
        },
        About::Commitment(_) => view.may_on(edit::atom(Verb::Read), &object),
        About::Finding(_) | About::Request(_) | About::Waiver(_) => {
            view.may_on(Atom::new(Resource::Exception, Verb::Read), &object)
        }
        About::Check(_) => view.sees_whole(Atom::new(Resource::Test, Verb::Read)),
        About::Target(_) | About::Run(_) => view.sees_whole(Atom::new(Resource::TestResult, Verb::Read)),
        About::System(id) => {
            let object = Object { system: Some(*id), ..object };
            view.may_on(Atom::new(Resource::System, Verb::Read), &object)
        }
        About::Engagement(key) => {
            let object = Object { engagement: Some(*key), ..object };
            view.may_on(Atom::new(Resource::Description, Verb::Read), &object)
        }
        About::EvidenceRequest(key, number) => asked::is_seen(view, *key, *number).await?,
        About::Item(key) => item::is_seen(view, *key).await?,
        About::Occurrence(id) => match control::look_up(view, id).await? {
            Some(control) => {
                let people = item::of_control_people(&control);
                let object = control::object_serving(view, people, [&control]).await?;
                view.may_on(edit::atom(Verb::Read), &object)
            }
            None => false,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_comment_is_about_is_read_as_it_is_written() {
        for (kind, id) in [
            ("control", "IAM-01"),
            ("commitment", "SC-3"),
            ("evidence", "7"),
            ("finding", "test.a.b"),
            ("occurrence", "IAM-01"),
            ("waiver_request", "2"),
            ("waiver", "3"),
            ("check", "ssh-root-login-disabled"),
            ("target", "4"),
            ("run", "5"),
            ("system", "00000000-0000-7000-8000-000000000001"),
            ("engagement", "E-1"),
            ("request", "E-1/R-2"),
        ] {
            let about = About::of(kind, id).expect("known");
            assert_eq!((about.kind(), about.id().as_str()), (kind, id));
        }
        assert_eq!(About::of("member", "x"), None);
        assert_eq!(About::of("evidence", "x"), None);
    }
}
