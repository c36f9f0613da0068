//! What is written down about each kind of record.

use std::collections::{BTreeMap, BTreeSet};

use tickmark_core::conclusion::chosen::Chosen;
use tickmark_core::conclusion::finding::Finding;
use tickmark_core::conclusion::readiness::{Question, Rating, TargetType};
use tickmark_core::control::commitment::CommitmentKey;
use tickmark_core::control::{Control, ControlId, ControlState, Frequency, common_system};
use tickmark_core::engagement::fieldwork::{EvidenceRequest, RequestState};
use tickmark_core::engagement::{Engagement, EngagementKey};
use tickmark_core::evidence::freshness::fresh_until;
use tickmark_core::evidence::item::Item;
use tickmark_core::id::{ActorId, ItemKey, MembershipId, PerformanceKey, RunKey, TargetKey, WaiverKey};
use tickmark_core::identity::{Role, Systems};
use tickmark_core::observation::Waiver;
use tickmark_core::observation::estate::{Criticality, TargetRecord};
use tickmark_core::program::access_review::Review;
use tickmark_core::program::performance::Performance;
use tickmark_core::time::DAY_US;
use tickmark_core::words::shortened;

use super::text::{natural, number};
use super::{EVERY_SYSTEM, Entry, Kind};
use crate::comment::{self, Comment};
use crate::context::View;
use crate::control::commitment;
use crate::engagement::fieldwork::request as asked;
use crate::evidence::item;
use crate::identity::people::{self, Member};
use crate::identity::{self, System, system};
use crate::observation::waiver::{self, request};
use crate::observation::{self, Run, Target, estate};
use crate::program::{access_review, performance};
use crate::{Result, conclusion, control, engagement};

/// How much the words of a name, of a title and of anything else weigh.
const NAME: u8 = 12;
const TITLE: u8 = 8;
const BODY: u8 = 2;
/// Characters of what is said under a title.
const DETAIL_CHARS: usize = 160;
/// Beyond so many records all of the kind are read at once.
const FEW: usize = 50;

/// The name of the values that say until when an item is fresh for controls of a frequency.
pub(crate) fn until(frequency: Frequency) -> String {
    format!("until:{}", frequency.word())
}

fn value(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_owned(), value.into())
}

fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

/// Returns what is written down about some records. Those that are gone have no entry.
pub(super) async fn of(view: &mut View<'_>, kind: Kind, ids: &BTreeSet<String>) -> Result<Vec<Entry>> {
    let keys = || ids.iter().filter_map(|id| id.parse::<i64>().ok());
    let few = ids.len() <= FEW;
    Ok(match kind {
        Kind::Item => {
            let keys: Vec<ItemKey> = keys().map(ItemKey).collect();
            let items = item::several(view, &keys).await?;
            of_items(view, &items).await?
        }
        Kind::Commitment => {
            let wanted: BTreeSet<CommitmentKey> = ids
                .iter()
                .filter_map(|id| id.trim_start_matches("SC-").parse().ok())
                .map(CommitmentKey)
                .collect();
            let wanted: Vec<CommitmentKey> = wanted.into_iter().collect();
            let labels = identity::labels(view).await?;
            let found = commitment::several(view, &wanted).await?;
            found.iter().map(|version| of_commitment(version, &labels)).collect()
        }
        Kind::Request => {
            let keys: Vec<i64> = keys().collect();
            request::several(view, &keys).await?.iter().map(of_request).collect()
        }
        Kind::Member if few => {
            let ids: Vec<MembershipId> = ids.iter().filter_map(|id| id.parse().ok()).collect();
            people::several(view, &ids).await?.iter().map(member).collect()
        }
        Kind::Finding | Kind::Waiver | Kind::Run | Kind::Comment | Kind::AccessReview => {
            each(view, kind, ids).await?
        }
        Kind::Control | Kind::Target | Kind::Occurrence | Kind::EvidenceRequest if few => {
            each(view, kind, ids).await?
        }
        Kind::Control
        | Kind::Target
        | Kind::Occurrence
        | Kind::Member
        | Kind::System
        | Kind::Engagement
        | Kind::EvidenceRequest => {
            let mut entries = all(view, kind).await?;
            entries.retain(|entry| ids.contains(&entry.id));
            entries
        }
    })
}

/// Returns what is written down about records that are read one by one.
async fn each(view: &mut View<'_>, kind: Kind, ids: &BTreeSet<String>) -> Result<Vec<Entry>> {
    let mut entries = Vec::with_capacity(ids.len());
    for id in ids {
        entries.extend(one(view, kind, id).await?);
    }
    Ok(entries)
}

async fn one(view: &mut View<'_>, kind: Kind, id: &str) -> Result<Option<Entry>> {
    let number = || id.parse::<i64>().ok();
    Ok(match kind {
        Kind::Control => {
            let Ok(id) = id.parse::<ControlId>() else { return Ok(None) };
            let Some(found) = control::look_up(view, &id).await? else { return Ok(None) };
            let rating = conclusion::rating(view, &id).await?;
            let chosen = conclusion::scope::current(view).await?;
            Some(of_one_control(&found, &rating, rated_for(chosen.as_ref(), &id)))
        }
        Kind::Finding => {
            let found = conclusion::remediation::taken(view, id).await?;
            found.map(|record| finding(id, &record))
        }
        Kind::Waiver => {
            let Some(key) = number() else { return Ok(None) };
            let found = waiver::find(view, WaiverKey(key)).await?;
            let labels = identity::labels(view).await?;
            Some(of_waiver(&found, &labels))
        }
        Kind::Target => {
            let Some(key) = number().map(TargetKey) else { return Ok(None) };
            let Some(found) = observation::targets_of(view, &[key]).await?.pop() else { return Ok(None) };
            Some(target(&found, &estate::record_of(view, key).await?))
        }
        Kind::Occurrence => {
            let Some(key) = id.rsplit('/').next().and_then(|key| key.parse().ok()) else { return Ok(None) };
            let Some(one) = performance::look_up(view, PerformanceKey(key)).await? else { return Ok(None) };
            let control = control::look_up(view, &one.control).await?;
            control.map(|control| occurrence(&one, &control))
        }
        Kind::EvidenceRequest => {
            let Some((key, number)) = asked::parse(id) else { return Ok(None) };
            asked::look_up(view, key, number).await?.map(|record| of_asked(key, &record))
        }
        Kind::Run => {
            let Some(key) = number() else { return Ok(None) };
            Some(run(&observation::find_run(view, RunKey(key)).await?))
        }
        Kind::Comment => {
            let Some(key) = id.split(' ').next().and_then(|key| key.parse().ok()) else { return Ok(None) };
            comment::look_up(view, key).await?.as_ref().and_then(of_comment)
        }
        Kind::AccessReview => {
            let Some(key) = access_review::parse(id) else { return Ok(None) };
            access_review::look_up(view, key).await?.as_ref().map(of_review)
        }
        Kind::Item | Kind::Commitment | Kind::Request | Kind::Member | Kind::System | Kind::Engagement => {
            None
        }
    })
}

/// Returns what is written down about all records of a kind.
pub(super) async fn all(view: &mut View<'_>, kind: Kind) -> Result<Vec<Entry>> {
    Ok(match kind {
        Kind::Control => {
            let chosen = conclusion::scope::current(view).await?;
            let mut ratings = conclusion::ratings(view).await?;
            let controls = control::controls(view).await?;
            controls
                .iter()
                .map(|control| {
                    let rating = ratings.remove(&control.id).unwrap_or_default();
                    of_one_control(control, &rating, rated_for(chosen.as_ref(), &control.id))
                })
                .collect()
        }
        Kind::Item => {
            let items = item::everything(view).await?;
            of_items(view, &items).await?
        }
        Kind::Commitment => {
            let labels = identity::labels(view).await?;
            let all = commitment::everything(view).await?;
            all.iter().map(|version| of_commitment(version, &labels)).collect()
        }
        Kind::Finding => {
            let open = conclusion::remediation::all_open(view).await?;
            open.iter().map(|(reference, record)| finding(reference, record)).collect()
        }
        Kind::Waiver => {
            let labels = identity::labels(view).await?;
            waiver::list(view).await?.iter().map(|one| of_waiver(one, &labels)).collect()
        }
        Kind::Request => request::all(view).await?.iter().map(of_request).collect(),
        Kind::Target => {
            let records = estate::records(view).await?;
            let none = TargetRecord::default();
            let said = |one: &Target| target(one, records.get(&one.key).unwrap_or(&none));
            observation::targets(view).await?.iter().map(said).collect()
        }
        Kind::Occurrence => {
            let controls = by_id(control::controls(view).await?);
            let all = performance::all(view).await?;
            all.values()
                .flatten()
                .filter_map(|one| Some(occurrence(one, controls.get(&one.control)?)))
                .collect()
        }
        Kind::Member => people::everybody(view).await?.iter().map(member).collect(),
        Kind::System => system::all(view).await?.iter().map(of_system).collect(),
        Kind::Engagement => {
            engagement::everything(view).await?.iter().map(|version| of_engagement(&version.record)).collect()
        }
        Kind::EvidenceRequest => {
            let all = asked::everything(view).await?;
            all.iter().map(|(key, record)| of_asked(*key, record)).collect()
        }
        Kind::Run => observation::runs(view, u32::MAX).await?.iter().map(run).collect(),
        Kind::AccessReview => access_review::everything(view).await?.iter().map(of_review).collect(),
        Kind::Comment => comment::everything(view).await?.iter().filter_map(of_comment).collect(),
    })
}

/// Returns the items and the performances of a control.
pub(super) async fn of_control(view: &mut View<'_>, id: &str) -> Result<(Vec<String>, Vec<String>)> {
    let Ok(id) = id.parse::<ControlId>() else { return Ok((Vec::new(), Vec::new())) };
    let items = item::keys_of_control(view, &id).await?;
    let performances = performance::list(view, &id).await?;
    Ok((
        items.into_iter().map(|key| key.to_string()).collect(),
        performances.into_iter().map(|one| format!("{}/{}", one.control, one.key)).collect(),
    ))
}

fn of_review(review: &Review) -> Entry {
    let systems: Vec<&str> = review.scope.systems.iter().map(|system| system.name.as_str()).collect();
    Entry {
        kind: Kind::AccessReview,
        id: review.key.to_string(),
        place: number(review.key.0),
        title: review.scope.title.clone(),
        detail: shortened(&systems.join(", "), DETAIL_CHARS),
        values: vec![value("state", review.state.word()), value("by:key", number(review.key.0))],
        texts: vec![
            (NAME, review.key.to_string()),
            (TITLE, review.scope.title.clone()),
            (BODY, systems.join(" ")),
        ],
    }
}

fn by_id(controls: Vec<Control>) -> BTreeMap<ControlId, Control> {
    controls.into_iter().map(|control| (control.id.clone(), control)).collect()
}

/// For what a control is rated: operation over a period, unless people chose otherwise.
fn rated_for(chosen: Option<&Chosen>, control: &ControlId) -> TargetType {
    chosen.map_or(TargetType::Type2 { occurrences: 1 }, |chosen| chosen.choice.rates(control))
}

fn of_one_control(control: &Control, rating: &Rating, target: TargetType) -> Entry {
    let text = control.text.current();
    let assigned = control.assigned();
    let people: BTreeSet<ActorId> =
        [assigned.owner, assigned.operator, assigned.reviewer].into_iter().flatten().collect();
    let status = rating.status(target);
    let is_key = control.criteria.iter().any(|mapping| mapping.is_key);
    let mut values = vec![
        value("status", status.word()),
        value("state", control.state().word()),
        value("waits", yes(control.waits())),
        value("decide", yes(decides(control))),
        value("area", control.area.as_str()),
        value("key", yes(is_key)),
        value("frequency", control.frequency.word()),
        value("owner", assigned.owner.map_or_else(|| "none".to_owned(), |owner| owner.to_string())),
        value("by:id", natural(control.id.as_str())),
        value("by:title", natural(&text.title)),
        value("by:status", number(status as i64)),
    ];
    values.extend(people.iter().map(|person| value("person", person.to_string())));
    values.extend(control.system.map(|system| value("system", system.to_string())));
    values.extend(control.criteria.iter().map(|mapping| value("criterion", mapping.criterion.as_str())));
    values.extend(Question::ALL.map(|question| value(question.word(), rating.answer(question).word())));
    Entry {
        kind: Kind::Control,
        id: control.id.to_string(),
        place: natural(control.id.as_str()),
        title: text.title.clone(),
        detail: shortened(&text.statement, DETAIL_CHARS),
        values,
        texts: vec![
            (NAME, control.id.to_string()),
            (TITLE, text.title.clone()),
            (BODY, format!("{} {} {}", text.statement, control.area, control.owner_role)),
            (
                BODY,
                control
                    .criteria
                    .iter()
                    .map(|mapping| mapping.criterion.as_str())
                    .collect::<Vec<_>>()
                    .join(" "),
            ),
        ],
    }
}

/// Tells whether somebody has to decide about a control: a change of it, or a draft that a person wrote.
fn decides(control: &Control) -> bool {
    control.proposed().is_some() || (control.state() == ControlState::Draft && control.starter.is_none())
}

async fn of_items(view: &mut View<'_>, items: &[Item]) -> Result<Vec<Entry>> {
    let wanted: BTreeSet<&ControlId> = items.iter().flat_map(|item| &item.controls).collect();
    let controls = if wanted.len() > FEW {
        by_id(control::controls(view).await?)
    } else {
        let mut found = BTreeMap::new();
        for id in wanted {
            found.extend(control::look_up(view, id).await?.map(|control| (id.clone(), control)));
        }
        found
    };
    Ok(items.iter().map(|item| of_item(item, &controls)).collect())
}

fn of_item(item: &Item, controls: &BTreeMap<ControlId, Control>) -> Entry {
    let said = &item.version.description;
    let covered = item.covered_to();
    let state = tickmark_core::evidence::item::State::ALL.iter().position(|one| *one == item.state);
    let mut values = vec![
        value("state", item.state.word()),
        value("sensitivity", said.sensitivity.word()),
        value("kind", said.kind.word()),
        value("by", item.made_by.to_string()),
        value("by:number", number(item.key.0)),
        value("by:title", natural(&said.title)),
        value("by:covers", number(covered.map_or(0, tickmark_core::Timestamp::micros))),
        value("by:submitted", number(item.submitted.map_or(0, |(_, at)| at.micros()))),
        value("by:sensitivity", natural(said.sensitivity.title())),
        value("by:state", number(i64::try_from(state.unwrap_or_default()).unwrap_or(0))),
    ];
    values.extend(item::people(item, controls).iter().map(|person| value("person", person.to_string())));
    let system = common_system(item.controls.iter().filter_map(|id| controls.get(id)));
    values.extend(system.map(|system| value("system", system.to_string())));
    values.extend(item.handlers.iter().map(|person| value("handler", person.to_string())));
    for control in item.controls.iter().filter_map(|id| controls.get(id)) {
        match covered.map(|to| fresh_until(to, control.frequency)) {
            None => values.push(value("freshness", "undated")),
            Some(None) => values.push(value("freshness", "by_occurrence")),
            Some(Some(end)) => values.push(value(&until(control.frequency), number(end.micros()))),
        }
    }
    values.extend(item.controls.iter().map(|id| value("control", id.to_string())));
    let files: Vec<&str> = item.version.files.iter().map(|file| file.name.as_str()).collect();
    let ids: Vec<String> = item.controls.iter().map(ToString::to_string).collect();
    Entry {
        kind: Kind::Item,
        id: item.key.to_string(),
        // The newest first.
        place: number(-item.key.0),
        title: said.title.clone(),
        detail: shortened(
            &format!("{}, {}. {}", said.kind.title(), item.state.title().to_lowercase(), said.source),
            DETAIL_CHARS,
        ),
        values,
        texts: vec![
            (NAME, item.key.to_string()),
            (TITLE, said.title.clone()),
            (BODY, format!("{} {} {} {}", said.source, said.collected_by, said.kind.title(), said.steps)),
            (BODY, format!("{} {}", files.join(" "), ids.join(" "))),
        ],
    }
}

/// People as they are called.
type Labels = BTreeMap<ActorId, String>;

fn called(labels: &Labels, who: ActorId) -> &str {
    labels.get(&who).map_or("", String::as_str)
}

fn of_commitment(version: &commitment::Version, labels: &Labels) -> Entry {
    let record = &version.record;
    let promise = &record.promise;
    let controls = i64::try_from(promise.controls.len()).unwrap_or(i64::MAX);
    let mut values = vec![
        value("state", record.state().word()),
        value("kind", promise.kind.word()),
        value("kept", yes(controls > 0)),
        value("open", yes(controls == 0 && record.retired().is_none())),
        value("owner", record.owner.map_or_else(|| "none".to_owned(), |owner| owner.to_string())),
        value("by:key", number(record.key.0)),
        value("by:title", natural(&promise.title)),
        value("by:source", natural(&promise.source)),
        value("by:owner", natural(record.owner.map_or("", |owner| called(labels, owner)))),
        value("by:controls", number(controls)),
        value("by:state", natural(record.state().plain())),
    ];
    values.extend(promise.controls.iter().map(|id| value("control", id.to_string())));
    if record.retired().is_none() {
        let promises = [Some(promise), record.in_force()].into_iter().flatten();
        let kept_by: BTreeSet<&ControlId> = promises.flat_map(|promise| &promise.controls).collect();
        values.extend(kept_by.iter().map(|id| value("kept_by", id.to_string())));
    }
    Entry {
        kind: Kind::Commitment,
        // The trail and addresses have it in two ways; addresses are what rows lead to.
        id: record.key.to_string(),
        place: number(record.key.0),
        title: promise.title.clone(),
        detail: shortened(&promise.statement, DETAIL_CHARS),
        values,
        texts: vec![
            (NAME, record.key.to_string()),
            (TITLE, promise.title.clone()),
            (BODY, format!("{} {}", promise.statement, promise.source)),
        ],
    }
}

fn finding(reference: &str, record: &Finding) -> Entry {
    let found = &record.found;
    let control = found.control.as_ref().map(ToString::to_string).unwrap_or_default();
    Entry {
        kind: Kind::Finding,
        id: reference.to_owned(),
        place: natural(reference),
        title: found.title.clone(),
        detail: shortened(&found.condition, DETAIL_CHARS),
        values: findings_values(record),
        texts: vec![
            (NAME, format!("{reference} {control}")),
            (TITLE, found.title.clone()),
            (BODY, format!("{} {} {}", found.condition, found.effect, record.plan)),
        ],
    }
}

fn findings_values(record: &Finding) -> Vec<(String, String)> {
    let mut values = vec![
        value("severity", record.found.severity.word()),
        value("state", record.state().word()),
        value("owner", record.owner.map_or_else(|| "none".to_owned(), |owner| owner.to_string())),
    ];
    values.extend(record.fix().map(|fix| value("fixer", fix.by.to_string())));
    values
}

fn of_waiver(waiver: &Waiver, labels: &Labels) -> Entry {
    Entry {
        kind: Kind::Waiver,
        id: waiver.id.to_string(),
        place: number(-waiver.id.0),
        title: format!("Waiver of {}", waiver.check),
        detail: shortened(&waiver.reason, DETAIL_CHARS),
        values: vec![
            value("check", waiver.check.as_str()),
            value("revoked", yes(waiver.revoked_at.is_some())),
            value("granted", number(waiver.granted_at.micros())),
            value("until", number(waiver.expires_at.micros())),
            value("approver", waiver.approved_by.to_string()),
            value("by:approved", natural(called(labels, waiver.approved_by))),
            value("by:check", natural(&waiver.check)),
            value("by:until", number(waiver.expires_at.micros())),
            // In force, then those that ended, then those that were taken back: at whatever moment it is looked at.
            value(
                "by:state",
                format!("{}{}", yes(waiver.revoked_at.is_some()), number(-waiver.expires_at.micros())),
            ),
        ],
        texts: vec![
            (TITLE, format!("waiver {}", waiver.check)),
            (BODY, format!("{} {} {}", waiver.reason, waiver.risk, waiver.compensation)),
        ],
    }
}

fn of_request(asked: &request::Asked) -> Entry {
    let request = &asked.request;
    Entry {
        kind: Kind::Request,
        id: asked.key.to_string(),
        place: number(-asked.key),
        title: format!("Request to waive {}", request.check),
        detail: shortened(&request.reason, DETAIL_CHARS),
        values: vec![
            value("state", asked.state.word()),
            value("check", request.check.as_str()),
            value("by", request.requested_by.to_string()),
            value("by:check", natural(&request.check)),
            value("by:asked", number(asked.at.micros())),
            value("by:until", number(request.expires_at.micros())),
            value("by:state", natural(asked.state.word())),
        ],
        texts: vec![
            (TITLE, format!("waiver request {}", request.check)),
            (BODY, format!("{} {} {}", request.reason, request.risk, request.compensation)),
        ],
    }
}

fn target(target: &Target, said: &TargetRecord) -> Entry {
    let about = &target.target;
    Entry {
        kind: Kind::Target,
        id: target.key.to_string(),
        place: natural(&about.name),
        title: about.name.clone(),
        detail: format!("{}, {}", about.kind, about.external_id),
        values: vec![
            value("kind", about.kind.as_str()),
            value("gone", yes(target.retired_at.is_some())),
            value("owner", said.owner.map_or_else(|| "none".to_owned(), |owner| owner.to_string())),
            value("criticality", said.criticality.map_or("none", Criticality::word)),
            value("system", said.system.map_or_else(|| "none".to_owned(), |system| system.to_string())),
            value("by:name", natural(&about.name)),
            value("by:kind", natural(&about.kind)),
        ],
        texts: vec![
            (NAME, about.name.clone()),
            (BODY, format!("{} {} {}", about.kind, about.external_id, said.note)),
        ],
    }
}

fn of_system(system: &System) -> Entry {
    Entry {
        kind: Kind::System,
        id: system.id.to_string(),
        place: natural(&system.name),
        title: system.name.clone(),
        detail: shortened(&system.boundary, DETAIL_CHARS),
        values: vec![
            value("system", system.id.to_string()),
            value("retired", yes(system.retired_at.is_some())),
            value("by:name", natural(&system.name)),
            value("by:standing", yes(system.retired_at.is_some())),
        ],
        texts: vec![(NAME, system.name.clone()), (BODY, system.boundary.clone())],
    }
}

fn of_engagement(record: &Engagement) -> Entry {
    let scope = &record.scope;
    let title = format!("{} of {}", scope.report(), scope.system);
    let serving: BTreeSet<&ControlId> =
        record.holds().objectives.iter().flat_map(|one| &one.controls).collect();
    let mut values = vec![value("closed", yes(record.closed().is_some()))];
    values.extend(serving.into_iter().map(|control| value("serves", control.to_string())));
    Entry {
        kind: Kind::Engagement,
        id: record.key.to_string(),
        // The newest first.
        place: number(-record.key.0),
        detail: shortened(&format!("{}. {}", scope.time.words(), scope.firm), DETAIL_CHARS),
        values,
        texts: vec![
            (NAME, record.key.to_string()),
            (TITLE, title.clone()),
            (BODY, format!("{} {} {}", scope.firm, scope.services.join(" "), scope.boundary)),
        ],
        title,
    }
}

fn of_asked(key: EngagementKey, record: &EvidenceRequest) -> Entry {
    let request = &record.request;
    let id = asked::id(key, record.number);
    let mut values = vec![
        value("engagement", key.to_string()),
        value("state", record.state.word()),
        value("waits", yes(record.state.waits_for_management())),
    ];
    values.extend(record.owner.map(|owner| value("person", owner.to_string())));
    // Whose it is to answer: of whoever sees to it, or of whoever answered what came back; else nobody's yet.
    if record.state.waits_for_management() {
        let returned_to = record.submitted.filter(|_| record.state == RequestState::Returned);
        let mine = record.owner.or(returned_to.map(|(by, _)| by));
        values.extend(mine.map(|who| value("mine", who.to_string())));
        if record.owner.is_none() {
            values.push(value("nobodys", record.state.word()));
        }
        let late = request.due.map(|day| day.starts().plus_micros(DAY_US));
        values.extend(late.map(|late| value("late", number(late.micros()))));
    }
    Entry {
        kind: Kind::EvidenceRequest,
        place: format!("{}{}", number(-key.0), number(record.number)),
        title: request.title.clone(),
        detail: format!("{id}, {}", record.state.title().to_lowercase()),
        values,
        texts: vec![
            (NAME, format!("{id} {}", request.reference)),
            (TITLE, request.title.clone()),
            (BODY, record.answer.text.clone()),
        ],
        id,
    }
}

fn run(run: &Run) -> Entry {
    Entry {
        kind: Kind::Run,
        id: run.key.to_string(),
        place: number(-run.key.0),
        title: format!("Run {}", run.key),
        detail: format!("{}, {}, {}", run.source, run.started_at.date(), run.state.word()),
        values: vec![value("state", run.state.word()), value("source", run.source.as_str())],
        texts: vec![
            (TITLE, format!("run {}", run.key)),
            (BODY, format!("{} {} {}", run.source, run.collector, run.started_at.date())),
        ],
    }
}

/// A comment that says something: one that was removed or erased is found by nobody.
fn of_comment(one: &Comment) -> Option<Entry> {
    let text = one.now()?;
    Some(Entry {
        kind: Kind::Comment,
        id: comment::register_id(one),
        place: number(-one.key),
        title: one.about.title(),
        detail: shortened(&text.body, DETAIL_CHARS),
        values: vec![value("person", one.by.to_string())],
        texts: vec![(BODY, text.body.clone())],
    })
}

fn occurrence(performance: &Performance, control: &Control) -> Entry {
    let assigned = control.assigned();
    let people = [assigned.owner, assigned.operator, Some(performance.performed_by)].into_iter().flatten();
    let title = &control.text.current().title;
    let mut values = vec![value("control", performance.control.to_string())];
    values.extend(people.map(|person| value("person", person.to_string())));
    values.extend(control.system.map(|system| value("system", system.to_string())));
    Entry {
        kind: Kind::Occurrence,
        id: format!("{}/{}", performance.control, performance.key),
        place: number(-performance.key.0),
        title: format!("{}, {}", performance.control, performance.window),
        detail: shortened(
            &if performance.note.is_empty() { title.clone() } else { performance.note.clone() },
            DETAIL_CHARS,
        ),
        values,
        texts: vec![
            (TITLE, format!("{} {}", performance.control, performance.window)),
            (BODY, format!("{title} {}", performance.note)),
        ],
    }
}

/// What is written down about a member.
pub(crate) fn member(member: &Member) -> Entry {
    let mut values = vec![
        value("standing", people::standing_word(member.standing)),
        value("person", member.actor.to_string()),
        value("by:name", natural(&member.name)),
        value("by:email", natural(&member.email)),
        value("by:changed", number(member.changed_at.micros())),
        value("by:roles", natural(&member.roles.iter().map(Role::to_string).collect::<Vec<_>>().join(", "))),
        value("by:standing", people::standing_word(member.standing)),
    ];
    values.extend(member.roles.iter().map(|role| value("role", role.word())));
    match &member.systems {
        Systems::All => values.push(value("system", EVERY_SYSTEM)),
        Systems::Only(some) => values.extend(some.iter().map(|id| value("system", id.to_string()))),
    }
    Entry {
        kind: Kind::Member,
        id: member.id.to_string(),
        place: natural(&member.name),
        title: member.name.clone(),
        detail: member.email.clone(),
        values,
        texts: vec![(NAME, member.name.clone()), (TITLE, member.email.clone())],
    }
}
