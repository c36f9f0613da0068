//! What there is to tell: worked out from the records.

use std::collections::BTreeSet;

use tickmark_core::Timestamp;
use tickmark_core::conclusion::finding::{Finding, FindingState};
use tickmark_core::engagement::EngagementKey;
use tickmark_core::engagement::fieldwork::{RequestState, Workpaper};
use tickmark_core::evidence::freshness::Freshness;
use tickmark_core::evidence::item::{Item, State};
use tickmark_core::id::ActorId;
use tickmark_core::program::access_review::ReviewKey;
use tickmark_core::program::performance::WindowState;
use tickmark_core::program::reminder::{Fact, Matter, escalated_from};
use tickmark_core::time::DAY_US;
use tickmark_core::words::segment;

use super::Late;
use crate::Result;
use crate::comment;
use crate::conclusion::remediation;
use crate::context::View;
use crate::control;
use crate::engagement::fieldwork::request::id as request_id;
use crate::engagement::fieldwork::signed::{Signing, id as paper_id};
use crate::engagement::fieldwork::waiting::{self, Waiting, WaitingRequest};
use crate::evidence::item;
use crate::program::access_review::{self, Running, WaitingReview};
use crate::program::performance::{self, Due};
use crate::program::segregation;
use crate::work::{self, Decision};

/// Days back that what is too late is told of at all; it stays on its own page.
const BACK_DAYS: i64 = 31;
/// Characters of what an auditor asks for that a notice repeats.
const ASKED_CHARS: usize = 120;

/// What whoever looks is told of.
pub(super) async fn own(view: &mut View<'_>) -> Result<Vec<Fact>> {
    let (now, actor) = (view.now, view.actor.id);
    let work = work::of(view).await?;
    let mut facts: Vec<Fact> = Vec::new();
    facts
        .extend(work.missed.iter().chain(&work.due).filter(|due| is_recent(due.window.due, now)).map(window));
    for one in &work.returned {
        facts.push(turn(one, Matter::Returned, "Came back to you", one.decided.map(|(_, at)| at)));
    }
    for one in &work.waiting {
        facts.push(turn(one, Matter::Decision, "Waits for your decision", one.submitted.map(|(_, at)| at)));
    }
    for one in &work.aging {
        let due = match one.freshness {
            Freshness::Stale { since } => since,
            Freshness::Expiring { until } | Freshness::Fresh { until } => until,
            Freshness::ByOccurrence | Freshness::Undated => continue,
        };
        if is_recent(due, now) {
            facts.push(Fact::due(
                format!("evidence {} {} {}", one.control, one.item, due.micros()),
                Matter::Evidence,
                format!("Evidence for {} {} is renewed", one.control, one.title),
                format!("/evidence/items/{}", one.item),
                due,
            ));
        }
    }
    for one in &work.waivers {
        facts.push(Fact::due(
            format!("waiver {}", one.id),
            Matter::Waiver,
            format!("Waiver {} of {} ends", one.id, one.check),
            format!("/waivers/{}", one.id),
            one.expires_at,
        ));
    }
    for one in segregation::ending(view).await? {
        facts.push(Fact::due(
            format!("conflict exception {}", one.key),
            Matter::Waiver,
            format!("Exception {} to a conflict of duties ends", one.key),
            "/segregation".to_owned(),
            one.expires_at,
        ));
    }
    for one in &work.findings {
        facts.extend(
            corrective(&one.reference, &one.record)
                .filter(|fact| fact.due.is_some_and(|due| is_recent(due, now))),
        );
    }
    for one in comment::mentions(view).await? {
        facts.push(Fact::undated(
            format!("mention {}", one.key),
            Matter::Mention,
            format!("A comment names you: {}", one.about.title()),
            format!("{}#comment-{}", one.about.path(), one.key),
        ));
    }
    facts.extend(work.access_reviews.iter().map(answers));
    facts.extend(access_review::running(view, Some(actor)).await?.iter().map(run));
    facts.extend(fieldwork(&work.fieldwork, actor, now));
    facts.extend(work.approvals.iter().map(decision));
    Ok(facts)
}

/// What of examinations there is to tell. A notice lies in the organization's own records and may go out by mail, so it says
/// of what is the auditor's no more than that it is there.
fn fieldwork(waiting: &Waiting, actor: ActorId, now: Timestamp) -> Vec<Fact> {
    let mut facts = Vec::new();
    for one in &waiting.requests {
        if one.state == RequestState::Returned {
            facts.push(Fact {
                about: format!("request {} returned {}", name_of(one), one.since.micros()),
                matter: Matter::Returned,
                title: format!("The auditor returned {}", asked(one)),
                due: None,
                ..by_day(one)
            });
        } else if one.owner == Some(actor) {
            facts.push(Fact {
                about: format!("request {} assigned", name_of(one)),
                title: format!("You see to {}", asked(one)),
                due: None,
                ..by_day(one)
            });
        }
        facts.extend(one.late_from().filter(|late| is_recent(*late, now)).map(|_| by_day(one)));
    }
    for one in &waiting.exceptions {
        let name = format!("{}.{}", paper_id::<Workpaper>(one.engagement, one.workpaper), one.exception);
        facts.push(Fact::undated(
            format!("exception {name}"),
            Matter::Response,
            format!("Exception {name} waits for management\u{2019}s answer"),
            paper_path(one.engagement, one.workpaper),
        ));
    }
    for one in &waiting.answers {
        facts.push(Fact::undated(
            format!("request {} submitted {}", name_of(one), one.since.micros()),
            Matter::Decision,
            format!("Answered, and waits for you: {}", asked(one)),
            by_day(one).path,
        ));
    }
    // What they wrote themselves they know.
    for one in waiting.papers.iter().filter(|one| one.signing == Signing::Review) {
        let name = one.name();
        facts.push(Fact::undated(
            format!("{} {name} review {}", one.noun, one.since.micros()),
            Matter::Decision,
            format!("{name} waits for your review"),
            one.path(),
        ));
    }
    facts
}

fn name_of(one: &WaitingRequest) -> String {
    request_id(one.engagement, one.number)
}

fn asked(one: &WaitingRequest) -> String {
    let words: String = one.title.chars().take(ASKED_CHARS).collect();
    format!("{}: {words}", name_of(one))
}

fn paper_path(engagement: EngagementKey, number: i64) -> String {
    format!("/engagements/{}/workpapers/{number}", engagement.0)
}

/// A request by its day. Another day is another matter.
fn by_day(one: &WaitingRequest) -> Fact {
    let due = one.late_from();
    let about = format!("request {} {}", name_of(one), due.map_or(0, Timestamp::micros));
    let path = format!("/engagements/{}/requests/{}", one.engagement.0, one.number);
    Fact { due, ..Fact::undated(about, Matter::Request, asked(one), path) }
}

/// A review of access, for whoever answers.
fn answers(one: &WaitingReview) -> Fact {
    let waits = if one.items == 1 { "item waits" } else { "items wait" };
    let title = format!("{} {}: {} {waits} for your answer", one.key, one.title, one.items);
    review(one.key, "answers", title, "/decide", one.due_at, one.time_over)
}

/// The same for whoever began it, and for those who are told when its time is long over.
fn run(one: &Running) -> Fact {
    let has = if one.unanswered == 1 { "item has" } else { "items have" };
    let title = format!("{} {}: {} {has} no answer", one.key, one.title, one.unanswered);
    review(one.key, "run", title, "", one.due_at, one.time_over)
}

/// A review of access as it stands in its time: `told` is as what somebody is told of it, `page` which page of it they see.
fn review(key: ReviewKey, told: &str, title: String, page: &str, due: Timestamp, over: u8) -> Fact {
    let about = format!("access review {key} {told}");
    let path = format!("/access-reviews/{}{page}", key.0);
    Fact { time_over: Some(over), ..Fact::due(about, Matter::Review, title, path, due) }
}

fn is_recent(due: Timestamp, now: Timestamp) -> bool {
    due >= now.plus_micros(-BACK_DAYS * DAY_US)
}

fn window(due: &Due) -> Fact {
    Fact::due(
        format!("window {} {}", due.control, due.window.id),
        Matter::Occurrence,
        format!("{} {}, window {}", due.control, due.title, due.window.id),
        format!("/controls/{}/occurrences", due.control),
        due.window.due,
    )
}

/// An item at one turn of its way: the next time that it comes back is another matter.
fn turn(item: &Item, matter: Matter, what: &str, since: Option<Timestamp>) -> Fact {
    let since = since.map_or(0, Timestamp::micros);
    Fact::undated(
        format!("item {} {} {since}", item.key, matter.word()),
        matter,
        format!("{what}: {}", item.version.description.title),
        format!("/evidence/items/{}", item.key),
    )
}

fn corrective(reference: &str, finding: &Finding) -> impl Iterator<Item = Fact> {
    let due = finding.due.filter(|_| finding.state() == FindingState::Open);
    // Too late is the first moment after the day.
    due.map(|day| day.starts().plus_micros(DAY_US)).into_iter().map(move |due| {
        Fact::due(
            format!("finding {} {}", finding.id, due.micros()),
            Matter::Finding,
            format!("Finding: {}", finding.found.title),
            format!("/findings/{}", segment(reference)),
            due,
        )
    })
}

/// What waits for the decision of whoever looks, besides evidence.
fn decision(one: &Decision) -> Fact {
    Fact::undated(one.about.clone(), Matter::Decision, one.title.clone(), one.path.clone())
}

/// What nobody did for so many days, with who is told; nothing for 0 days.
pub(super) async fn escalations(view: &mut View<'_>, days: u32) -> Result<Vec<Late>> {
    if days == 0 {
        return Ok(Vec::new());
    }
    let now = view.now;
    let back = now.plus_micros(-(BACK_DAYS + i64::from(days)) * DAY_US);
    let mut late = Vec::new();
    let controls = control::controls(view).await?;
    for due in performance::due_of_all(view, back, now).await? {
        if due.state != WindowState::Missed {
            continue;
        }
        let reviewer =
            controls.iter().find(|control| control.id == due.control).and_then(|control| control.reviewer);
        let fact = window(&due);
        late.push(Late {
            fact: Fact { escalated_from: Some(escalated_from(due.window.due, days)), ..fact },
            reviewers: reviewer.into_iter().collect(),
            owners: due.owner.into_iter().chain(due.operator).collect(),
        });
    }
    for state in [State::Submitted, State::Returned] {
        for one in item::in_state(view, state).await? {
            let moved = if state == State::Submitted { one.submitted } else { one.decided };
            let Some((_, since)) = moved.filter(|(_, at)| *at >= back) else { continue };
            let (matter, what) = match state {
                State::Submitted => (Matter::Decision, "Nobody decided about"),
                _ => (Matter::Returned, "Came back and was not mended"),
            };
            let fact = turn(&one, matter, what, Some(since));
            late.push(Late {
                fact: Fact { escalated_from: Some(escalated_from(since, days)), ..fact },
                reviewers: BTreeSet::new(),
                owners: BTreeSet::new(),
            });
        }
    }
    for (reference, finding) in remediation::open(view).await? {
        for fact in corrective(&reference, &finding) {
            let Some(due) = fact.due.filter(|due| *due >= back) else { continue };
            late.push(Late {
                fact: Fact { escalated_from: Some(escalated_from(due, days)), ..fact },
                reviewers: BTreeSet::new(),
                owners: finding.owner.into_iter().collect::<BTreeSet<ActorId>>(),
            });
        }
    }
    for one in access_review::running(view, None).await? {
        if one.due_at < back {
            continue;
        }
        // Whoever began it or has to answer is told at its end; the others are those who answer for the systems.
        let knowing: BTreeSet<ActorId> = one.waits_for.iter().copied().chain([one.by]).collect();
        late.push(Late {
            fact: Fact { escalated_from: Some(escalated_from(one.due_at, days)), ..run(&one) },
            reviewers: one.owners,
            owners: knowing,
        });
    }
    for one in waiting::late(view, back).await? {
        let Some(due) = one.late_from() else { continue };
        late.push(Late {
            fact: Fact { escalated_from: Some(escalated_from(due, days)), ..by_day(&one) },
            reviewers: BTreeSet::new(),
            owners: one.owner.into_iter().collect(),
        });
    }
    Ok(late)
}
