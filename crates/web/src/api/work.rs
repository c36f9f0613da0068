//! My work: what somebody has to do, as the page of the same name lists it. Each row says where in the pages it is done.

use schemars::JsonSchema;
use serde::Serialize;
use tickmark_app::comment::Comment;
use tickmark_app::engagement::fieldwork::waiting::{Unanswered, WaitingRequest};
use tickmark_app::program::access_review::WaitingReview;
use tickmark_app::program::performance::Due;
use tickmark_app::work::{self, Aging, Decision, OwnFinding, Work};
use tickmark_core::Timestamp;
use tickmark_core::conclusion::scope::Day;
use tickmark_core::control::TestRecord;
use tickmark_core::engagement::fieldwork::RequestState;
use tickmark_core::evidence::freshness::Freshness;
use tickmark_core::evidence::item::Item;
use tickmark_core::identity::Resource::Notification;
use tickmark_core::observation::CheckDraft;
use tickmark_core::observation::waiver::Waiver;
use tickmark_core::program::segregation::ConflictException;
use tickmark_core::time::DAY_US;

use super::answer::Answered;
use super::looking::Looking;
use super::operation::Operation;
use crate::error::Refusal;
use crate::route::get;
use crate::work::path;

/// In the order of the page. What people of an audit firm have to do is not among them: they have no API.
const KINDS: [&str; 16] = [
    "missed",
    "due",
    "returned",
    "waiting",
    "approval",
    "finding",
    "request",
    "exception",
    "test",
    "check",
    "access_review",
    "conflict",
    "mention",
    "aging",
    "waiver",
    "draft",
];

pub(super) static LOOKS: &[Operation] = &[Operation::list::<Task>(
    "listWork",
    ("/work", "/work"),
    "What one has to do: what is due of one's controls, came back, waits for one's decision, or is not good much longer",
    Notification,
    || get(list),
)
.filtered(&[("kind", "Only of this kind")])
.for_members()
.for_people()];

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
struct Task {
    /// `missed`, `due`: a window of a control. `returned`, `waiting`, `draft`: an item of evidence that came back, waits for
    /// one's decision, or is not handed in. `approval`: what others wrote, asked for or fixed. `finding`: one that one
    /// corrects. `request`, `exception`: of an examination. `test`, `check`: proposed by somebody else. `access_review`: items to
    /// decide about. `conflict`: an exception to a conflict of duties. `mention`: a comment. `aging`: evidence of a control that
    /// needs renewal. `waiver`: one that ends.
    #[schemars(extend("enum" = KINDS))]
    kind: String,
    /// What names it among those of its kind.
    id: String,
    title: String,
    /// What is to be done, or more about it; may be empty.
    note: String,
    /// Where it is done in the pages.
    path: String,
    /// The control that it is about.
    control: Option<String>,
    /// The engagement that it is about.
    engagement: Option<i64>,
    /// Since when it is there.
    since: Option<String>,
    /// First moment at which it is too late.
    due_at: Option<String>,
    is_late: bool,
}

impl Task {
    fn new(kind: &str, id: impl ToString, title: impl ToString, path: String) -> Self {
        Self {
            kind: kind.to_owned(),
            id: id.to_string(),
            title: title.to_string(),
            note: String::new(),
            path,
            control: None,
            engagement: None,
            since: None,
            due_at: None,
            is_late: false,
        }
    }

    fn since(mut self, at: Option<Timestamp>) -> Self {
        self.since = at.map(|at| at.to_string());
        self
    }

    fn due(mut self, at: Option<Timestamp>, now: Timestamp) -> Self {
        self.is_late = at.is_some_and(|at| at <= now);
        self.due_at = at.map(|at| at.to_string());
        self
    }

    fn noted(mut self, note: impl ToString) -> Self {
        self.note = note.to_string();
        self
    }

    fn of_control(mut self, control: impl ToString) -> Self {
        self.control = Some(control.to_string());
        self
    }

    fn window(kind: &str, one: &Due, now: Timestamp) -> Self {
        let id = format!("{} {}", one.control, one.window.id);
        Self::new(kind, id, &one.title, path::window(one))
            .of_control(&one.control)
            .since(Some(one.window.from))
            .due(Some(one.window.due), now)
            .noted(format!("Window {}", one.window.id))
    }

    fn item(kind: &str, one: &Item, since: Option<Timestamp>) -> Self {
        Self::new(kind, one.key, &one.version.description.title, path::item(one)).since(since)
    }

    fn approval(one: &Decision) -> Self {
        Self::new("approval", &one.about, &one.title, one.path.clone()).since(Some(one.since)).noted(one.note)
    }

    fn finding(one: &OwnFinding, now: Timestamp) -> Self {
        // The last day is still in time.
        let late = one.record.due.map(|day: Day| day.starts().plus_micros(DAY_US));
        Self::new("finding", &one.reference, &one.record.found.title, path::finding(one))
            .due(late, now)
            .noted(&one.record.plan)
    }

    fn request(one: &WaitingRequest, now: Timestamp) -> Self {
        let note = match (one.state, one.owner) {
            (RequestState::Returned, _) => "The auditor sent it back and says what is missing",
            (_, None) => "Nobody sees to it yet",
            (_, Some(_)) => "You see to it",
        };
        let id = format!("{} {}", one.engagement.0, one.number);
        let made = Self::new("request", id, &one.title, path::request(one));
        let made = made.since(Some(one.since)).due(one.late_from(), now).noted(note);
        Self { engagement: Some(one.engagement.0), ..made }
    }

    fn exception(one: &Unanswered) -> Self {
        let id = format!("{} {} {}", one.engagement.0, one.workpaper, one.exception);
        let made = Self::new("exception", id, &one.nature, path::exception(one)).since(Some(one.since));
        let made = made.of_control(&one.control).noted("Say what caused it, what followed, and what is done");
        Self { engagement: Some(one.engagement.0), ..made }
    }

    fn test(one: &TestRecord) -> Self {
        let proposal = one.proposed.as_ref();
        Self::new("test", format!("{} {}", one.control, one.id), &one.id, path::test(one))
            .of_control(&one.control)
            .since(proposal.map(|proposal| proposal.at))
            .noted(proposal.map(|proposal| proposal.reason.as_str()).unwrap_or_default())
    }

    fn check(one: &CheckDraft) -> Self {
        Self::new("check", one.key, &one.check, path::check(one)).since(Some(one.at)).noted(&one.reason)
    }

    fn review(one: &WaitingReview, now: Timestamp) -> Self {
        Self::new("access_review", one.key.0, &one.title, path::review(one))
            .due(Some(one.due_at), now)
            .noted(format!("{} items wait, {} % of the time is over", one.items, one.time_over))
    }

    fn conflict(one: &ConflictException) -> Self {
        Self::new("conflict", one.key.0, &one.conflict, path::CONFLICTS.to_owned())
            .since(Some(one.asked_at))
            .of_control(&one.control)
            .noted(&one.reason)
    }

    fn mention(one: &Comment) -> Self {
        let path = format!("{}#comment-{}", one.about.path(), one.key);
        Self::new("mention", one.key, one.about.title(), path)
            .since(Some(one.at))
            .noted(one.now().map(|text| text.body.as_str()).unwrap_or_default())
    }

    fn aging(one: &Aging, now: Timestamp) -> Self {
        let stale = match one.freshness {
            Freshness::Stale { since } => Some(since),
            Freshness::Expiring { until } => Some(until),
            Freshness::Fresh { .. } | Freshness::ByOccurrence | Freshness::Undated => None,
        };
        Self::new("aging", format!("{} {}", one.control, one.item), &one.item_title, path::aging(one))
            .of_control(&one.control)
            .due(stale, now)
    }

    fn waiver(one: &Waiver, now: Timestamp) -> Self {
        let made =
            Self::new("waiver", one.id, format!("Waiver {} of {}", one.id, one.check), path::waiver(one));
        made.due(Some(one.expires_at), now).noted("Mend what it excuses, or ask for another one")
    }
}

/// Rows in the order of the page.
fn tasks(work: &Work, now: Timestamp) -> Vec<Task> {
    let mut tasks: Vec<Task> = Vec::with_capacity(work.count());
    tasks.extend(work.missed.iter().map(|one| Task::window("missed", one, now)));
    tasks.extend(work.due.iter().map(|one| Task::window("due", one, now)));
    tasks.extend(work.returned.iter().map(|one| Task::item("returned", one, one.decided.map(|(_, at)| at))));
    tasks.extend(work.waiting.iter().map(|one| Task::item("waiting", one, one.submitted.map(|(_, at)| at))));
    tasks.extend(work.approvals.iter().map(Task::approval));
    tasks.extend(work.findings.iter().map(|one| Task::finding(one, now)));
    tasks.extend(work.fieldwork.requests.iter().map(|one| Task::request(one, now)));
    tasks.extend(work.fieldwork.exceptions.iter().map(Task::exception));
    tasks.extend(work.decisions.tests.iter().map(Task::test));
    tasks.extend(work.decisions.checks.iter().map(Task::check));
    tasks.extend(work.access_reviews.iter().map(|one| Task::review(one, now)));
    tasks.extend(work.conflict_exceptions.iter().map(Task::conflict));
    tasks.extend(work.mentions.iter().map(Task::mention));
    tasks.extend(work.aging.iter().map(|one| Task::aging(one, now)));
    tasks.extend(work.waivers.iter().map(|one| Task::waiver(one, now)));
    tasks.extend(work.drafts.iter().map(|one| Task::item("draft", one, Some(one.version.at))));
    tasks
}

async fn list(look: Looking) -> Answered {
    let asked = look.asking()?;
    let kind = asked.filter("kind");
    if kind.is_some_and(|kind| !KINDS.contains(&kind)) {
        return Err(Refusal::Unfit(format!("kind is one of {}", KINDS.join(", "))));
    }
    look.list(
        async |view, _| {
            let now = view.now;
            let mut all = tasks(&work::of(view).await?, now);
            all.retain(|task| kind.is_none_or(|kind| task.kind == kind));
            Ok(all)
        },
        |item: &Task| format!("{} {}", item.kind, item.id),
    )
    .await
}
