//! The register: what lists and the search look at. One row for each record with its values and words, rewritten by the
//! transaction that changes the record, and made again from the records by [`rebuild`].
//!
//! Use cases only say what they changed ([`Cx::touch`]; whatever the audit trail names is touched by itself); before the
//! commit the records are read again and written down here. Words stand in a table of our own, not in the full text search
//! of one of the databases: the organization is the first part of its key, both databases find the same, and the beginning
//! of a word finds it while somebody is still typing. Owns the tables `register*` of migrations `0039_register.sql` and
//! `0056_register_lists.sql`.

mod entries;
mod known;
mod sql;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use tickmark_core::identity::{Atom, Resource, Scope, Systems, Verb};

use crate::context::{Cx, View};
use crate::identity::{Access, audit};
use crate::{App, Error, Result};

use known::{Answer, Question};

pub(crate) use entries::{member as member_entry, until as until_name};
pub(crate) use known::Known;
pub(crate) use text::number as ordered;

/// Counts the forms that the rows had: with another one they are made again.
const FORM: i64 = 8;
/// Most rows of one page.
pub const PAGE_LIMIT: u32 = 500;
/// Records that are written down at once.
const BATCH: usize = 2_000;
/// Comments that one search looks at.
const COMMENTS: usize = 40;
/// The value that says that a member is there for all systems.
const EVERY_SYSTEM: &str = "all";

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)+) => {
        /// What kind of record a row stands for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $($(#[$doc])* $name),+ }

        impl Kind {
            /// All of them, in the order in which they are shown.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Returns the word used in storage and addresses.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word),+ }
            }
        }
    };
}

kinds! {
    /// A control.
    Control = "control";
    /// An item of evidence.
    Item = "item";
    /// A commitment.
    Commitment = "commitment";
    /// A finding that somebody took on.
    Finding = "finding";
    /// A waiver.
    Waiver = "waiver";
    /// A request for a waiver.
    Request = "request";
    /// A target.
    Target = "target";
    /// A performance of a control.
    Occurrence = "occurrence";
    /// A member.
    Member = "member";
    /// A system.
    System = "system";
    /// An engagement.
    Engagement = "engagement";
    /// What an auditor asks for.
    EvidenceRequest = "evidence_request";
    /// A look at targets.
    Run = "run";
    /// A review of access.
    AccessReview = "access_review";
    /// A comment: its number, and kind and id of what it is about.
    Comment = "comment";
}

impl Kind {
    /// Reads the word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.word() == word)
    }

    /// The kind of what an audit event is about.
    fn of_object(word: &str) -> Option<Self> {
        Some(match word {
            "control" => Self::Control,
            "evidence" => Self::Item,
            "commitment" => Self::Commitment,
            "finding" => Self::Finding,
            "waiver_request" => Self::Request,
            "member" => Self::Member,
            "system" => Self::System,
            "engagement" => Self::Engagement,
            "request" => Self::EvidenceRequest,
            "target" => Self::Target,
            "access_review" => Self::AccessReview,
            _ => return None,
        })
    }

    /// What whoever finds such a record needs, and whether it is decided for each of them.
    fn needs(self) -> (Atom, bool) {
        let read = |resource| Atom::new(resource, Verb::Read);
        match self {
            Self::Commitment => (read(Resource::Control), false),
            Self::Control | Self::Occurrence => (read(Resource::Control), true),
            Self::Item => (read(Resource::Evidence), true),
            Self::Finding | Self::Waiver | Self::Request => (read(Resource::Exception), false),
            Self::Target | Self::Run => (read(Resource::TestResult), false),
            Self::AccessReview => (read(Resource::AccessReview), false),
            Self::System => (read(Resource::System), true),
            Self::Engagement => (read(Resource::Description), false),
            Self::EvidenceRequest => (read(Resource::EvidenceRequest), true),
            // Whether they see what it is about is asked of each that is found.
            Self::Comment => (read(Resource::Control), false),
            Self::Member => (read(Resource::Member), true),
        }
    }
}

/// What is written down about a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    pub(crate) id: String,
    pub(crate) place: String,
    pub(crate) title: String,
    pub(crate) detail: String,
    pub(crate) values: Vec<(String, String)>,
    /// Texts with how much their words weigh.
    pub(crate) texts: Vec<(u8, String)>,
}

/// What a value has to be.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Want {
    /// Exactly this.
    Is(String),
    /// Anything but this, or nothing at all.
    Not(String),
    /// One of these values, each as (name, value), whatever the name of the filter.
    Of(Vec<(String, String)>),
    /// After the first and not after the second.
    Between(String, String),
    /// One of these values, each as (name, after, not after), whatever the name of the filter.
    Any(Vec<(String, String, String)>),
}

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Query {
    /// Filters by the name of the value; all have to fit.
    pub filters: Vec<(String, Want)>,
    /// Words, or their beginnings; all have to be there.
    pub words: String,
    /// The name of the value that orders, and whether the last comes first. Each record has exactly one of it.
    pub sort: Option<(String, bool)>,
    /// The page, from 1; beyond the last it is the last.
    pub page: u64,
    /// Rows of a page.
    pub rows: u32,
}

impl Query {
    /// Asks for what has one value.
    #[must_use]
    pub fn of(name: &str, value: &str) -> Self {
        Self { filters: vec![(name.to_owned(), Want::Is(value.to_owned()))], ..Self::default() }
    }

    /// The same with another value.
    #[must_use]
    pub fn and(mut self, name: &str, value: &str) -> Self {
        self.filters.push((name.to_owned(), Want::Is(value.to_owned())));
        self
    }
}

/// A page of what was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// What names the records, in order.
    pub ids: Vec<String>,
    /// How many fit.
    pub found: u64,
    /// How many there are that the actor may see.
    pub total: u64,
}

/// A record that has the words of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its kind.
    pub kind: Kind,
    /// What names it in addresses.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What is said under it.
    pub detail: String,
}

/// How far an actor sees.
enum Reach {
    Nothing,
    /// What has one of these values.
    Some(Vec<(String, String)>),
    Whole,
}

fn reach(view: &View<'_>, kind: Kind, one_system: Option<tickmark_core::id::SystemId>) -> Reach {
    let Access::Member(member) = &view.actor.access else { return Reach::Whole };
    let (atom, is_for_each) = kind.needs();
    let tickmark_core::identity::Decision::Allow { reach, .. } = member.subject.decide(atom, view.now) else {
        return Reach::Nothing;
    };
    if reach.is_whole(&member.subject) {
        return Reach::Whole;
    }
    if !is_for_each {
        return Reach::Nothing;
    }
    let nobodys = tickmark_core::identity::Object {
        organization: view.organization(),
        system: one_system,
        people: BTreeSet::new(),
        engagement: None,
        is_frozen: false,
        is_published: false,
    };
    if view.may_on(atom, &nobodys) {
        return Reach::Whole;
    }
    let mut some = Vec::new();
    // Everybody sees themselves among the members.
    if reach.has(Scope::Own) || kind == Kind::Member {
        some.push(("person".to_owned(), view.actor.id.to_string()));
    }
    if let (true, Systems::Only(systems)) = (reach.has(Scope::Systems), &member.subject.systems) {
        some.extend(systems.iter().map(|system| ("system".to_owned(), system.to_string())));
        if kind == Kind::Member {
            some.push(("system".to_owned(), EVERY_SYSTEM.to_owned()));
        }
    }
    if some.is_empty() { Reach::Nothing } else { Reach::Some(some) }
}

async fn one_system(view: &mut View<'_>) -> Result<Option<tickmark_core::id::SystemId>> {
    Ok(match crate::identity::system::all(view).await?.as_slice() {
        [only] => Some(only.id),
        _ => None,
    })
}

/// Adds what the actor's reach leaves; none if that is nothing.
async fn within_reach(view: &mut View<'_>, kind: Kind, query: &Query) -> Result<Option<(Query, Query)>> {
    let system = one_system(view).await?;
    let (mut narrowed, mut all) = (query.clone(), Query::default());
    match reach(view, kind, system) {
        Reach::Nothing => return Ok(None),
        Reach::Whole => {}
        Reach::Some(mut some) => {
            let own = match (some.pop(), some.is_empty()) {
                (Some((name, value)), true) => (name, Want::Is(value)),
                (last, _) => (String::new(), Want::Of(some.into_iter().chain(last).collect())),
            };
            narrowed.filters.insert(0, own.clone());
            all.filters.push(own);
        }
    }
    Ok(Some((narrowed, all)))
}

/// Returns a page of the records of a kind, as far as the actor may see them.
///
/// # Errors
/// If the database fails; so for the other functions here.
pub async fn page(view: &mut View<'_>, kind: Kind, query: &Query) -> Result<Page> {
    let Some((query, all)) = within_reach(view, kind, query).await? else { return Ok(Page::default()) };
    let query = Query { rows: query.rows.clamp(1, PAGE_LIMIT), ..query };
    let total = counted(view, kind, &all).await?;
    let is_narrowed = query.filters.len() > all.filters.len() || !query.words.trim().is_empty();
    let found = if is_narrowed { counted(view, kind, &query).await? } else { total };
    let rows = u64::from(query.rows);
    let last = found.div_ceil(rows).max(1);
    let offset = (query.page.clamp(1, last) - 1) * rows;
    let ids = match found {
        0 => Vec::new(),
        _ => found_ids(view, kind, Query { page: 0, ..query }, (found, total), offset).await?,
    };
    Ok(Page { ids, found, total })
}

/// Returns id and title of the records that fit, in the order of their list and as far as the actor may see them; none where
/// there are more than the query has rows.
///
/// # Errors
/// As [`page`].
pub async fn titled(view: &mut View<'_>, kind: Kind, query: &Query) -> Result<Option<Vec<(String, String)>>> {
    let Some((query, _)) = within_reach(view, kind, query).await? else { return Ok(Some(Vec::new())) };
    let most = query.rows.clamp(1, PAGE_LIMIT);
    let organization = view.organization();
    let one_more = Query { rows: most + 1, ..query };
    let found = sql::titled(view.connection(), organization, kind, &one_more).await?;
    Ok((found.len() <= most as usize).then_some(found))
}

/// Returns the ids of at most `limit` records that fit, in the order of the list, after the one that is named, as far as the
/// actor may see them; with the one after which the list goes on, if it does.
///
/// # Errors
/// As [`page`]; `Invalid` if there is no record after which to go on.
pub async fn after(
    view: &mut View<'_>,
    kind: Kind,
    query: &Query,
    last: Option<&str>,
    limit: usize,
) -> Result<(Vec<String>, Option<String>)> {
    let Some((query, _)) = within_reach(view, kind, query).await? else { return Ok(Default::default()) };
    let organization = view.organization();
    let from = match last {
        None => None,
        Some(id) => {
            let at = sql::place(view.connection(), organization, kind, id).await?;
            Some(at.ok_or_else(|| Error::invalid("the record after which the list goes on is gone"))?)
        }
    };
    let most = limit.saturating_add(1).min(PAGE_LIMIT as usize);
    let mut ids = sql::after(view.connection(), organization, kind, &query, from, most).await?;
    let is_more = ids.len() > limit;
    ids.truncate(limit);
    let next = ids.last().cloned().filter(|_| is_more);
    Ok((ids, next))
}

/// Counts the records that fit, as far as the actor may see them.
///
/// # Errors
/// As [`page`].
pub async fn count(view: &mut View<'_>, kind: Kind, query: &Query) -> Result<u64> {
    let Some((query, _)) = within_reach(view, kind, query).await? else { return Ok(0) };
    counted(view, kind, &query).await
}

/// Returns after which change of its kind the view looks, where what it finds may be kept.
pub(crate) async fn change(view: &mut View<'_>, kind: Kind) -> Result<Option<i64>> {
    if !view.is_snapshot() {
        // What a change has done and not committed is nobody else's.
        return Ok(None);
    }
    let organization = view.organization();
    if view.changes.is_none() {
        view.changes = Some(sql::changes(view.connection(), organization).await?);
    }
    let number = view.changes.as_ref().and_then(|changes| changes.get(kind.word()));
    Ok(Some(number.copied().unwrap_or(0)))
}

/// Answers a question, whoever asks: as it was answered since the last change of its kind, or from the rows.
async fn answered(view: &mut View<'_>, kind: Kind, question: Question) -> Result<Answer> {
    let (organization, change) = (view.organization(), change(view, kind).await?);
    let known = change.and_then(|change| view.app.register.get((organization, kind), change, &question));
    if let Some(answer) = known {
        return Ok(answer);
    }
    let connection = view.connection();
    let answer = match &question {
        Question::Count(query) => Answer::Count(sql::count(connection, organization, kind, query).await?),
        Question::Ids { query, of, offset } => {
            Answer::Ids(sql::page(connection, organization, kind, query, *of, *offset).await?)
        }
        Question::Values(name, limit) => {
            Answer::Values(sql::values(connection, organization, kind, name, *limit).await?)
        }
    };
    if let Some(change) = change {
        view.app.register.keep((organization, kind), change, question, answer.clone());
    }
    Ok(answer)
}

/// What is said of an answer that does not fit its question.
const STRANGE: &str = "each question has an answer of its own kind";

/// Counts what fits, whoever asks.
async fn counted(view: &mut View<'_>, kind: Kind, query: &Query) -> Result<u64> {
    match answered(view, kind, Question::count(query)).await? {
        Answer::Count(count) => Ok(count),
        Answer::Ids(_) | Answer::Values(_) => unreachable!("{STRANGE}"),
    }
}

/// Returns the ids of what fits after so many others, whoever asks; there are `found` among `total`.
async fn found_ids(
    view: &mut View<'_>,
    kind: Kind,
    query: Query,
    of: (u64, u64),
    offset: u64,
) -> Result<Vec<String>> {
    match answered(view, kind, Question::Ids { query, of, offset }).await? {
        Answer::Ids(ids) => Ok(ids),
        Answer::Count(_) | Answer::Values(_) => unreachable!("{STRANGE}"),
    }
}

/// Returns the ids of at most so many records that fit as the query has rows, in its order, whoever asks.
pub(crate) async fn ids(view: &mut View<'_>, kind: Kind, query: &Query) -> Result<Vec<String>> {
    found_ids(view, kind, Query { page: 0, ..query.clone() }, (0, 1), 0).await
}

/// Returns for each of these values of a name the record with the greatest value of `order`, among those where `also` is as
/// it should: as (value, id of the record, value of `order`), whoever asks.
pub(crate) async fn last_of_each(
    view: &mut View<'_>,
    kind: Kind,
    (name, values): (&str, &[String]),
    (also, is): (&str, &str),
    order: &str,
) -> Result<Vec<(String, String, String)>> {
    let organization = view.organization();
    sql::last_of_each(view.connection(), organization, kind, (name, values), (also, is), order).await
}

/// Returns the values that records have under a name, in order, for whoever may see all records of the kind.
///
/// # Errors
/// As [`page`].
pub async fn values(view: &mut View<'_>, kind: Kind, name: &str, limit: u32) -> Result<Vec<(String, u64)>> {
    let system = one_system(view).await?;
    if !matches!(reach(view, kind, system), Reach::Whole) {
        return Ok(Vec::new());
    }
    match answered(view, kind, Question::Values(name.to_owned(), limit)).await? {
        Answer::Values(values) => Ok(values),
        Answer::Count(_) | Answer::Ids(_) => unreachable!("{STRANGE}"),
    }
}

/// Returns what has all words of `text`, or words that begin with them, the best first, as far as the actor may see it.
///
/// # Errors
/// As [`page`].
pub async fn search(view: &mut View<'_>, text: &str, kinds: &[Kind], limit: u32) -> Result<Vec<Found>> {
    let words = text::asked(text);
    let system = one_system(view).await?;
    let seen: Vec<(Kind, Vec<(String, String)>)> = kinds
        .iter()
        .filter_map(|kind| match reach(view, *kind, system) {
            Reach::Nothing => None,
            Reach::Whole => Some((*kind, Vec::new())),
            // The page of a member is for those who see all of them.
            Reach::Some(_) if *kind == Kind::Member => None,
            Reach::Some(some) => Some((*kind, some)),
        })
        .collect();
    if words.is_empty() || seen.is_empty() {
        return Ok(Vec::new());
    }
    let organization = view.organization();
    let found = sql::search(view.connection(), organization, &words, &seen, limit.min(PAGE_LIMIT)).await?;
    let (mut kept, mut looked) = (Vec::with_capacity(found.len()), 0);
    for one in found {
        if one.kind == Kind::Comment {
            looked += 1;
            if looked > COMMENTS || !crate::comment::is_seen(view, &one.id).await? {
                continue;
            }
        }
        kept.push(one);
    }
    Ok(kept)
}

/// Records that a list is taken out as a file, before its first line leaves. What was searched for may name somebody, so
/// only that it was is said.
///
/// # Errors
/// If the database refuses.
pub async fn begin_export(cx: &mut Cx<'_>, list: &str, format: &str, is_narrowed: bool) -> Result<()> {
    let after = serde_json::json!({"format": format, "narrowed": is_narrowed});
    let event =
        audit::Event { after: Some(after), ..audit::Event::done(audit::Name::ListExported, "list", list) };
    audit::record(cx, event).await
}

/// What a transaction has changed.
pub(crate) type Touched = BTreeSet<(Kind, String)>;

/// What an audit event is about, if it stands in the register.
pub(crate) fn of_object(kind: &str, id: &str) -> Option<(Kind, String)> {
    Kind::of_object(kind).map(|kind| (kind, id.to_owned()))
}

/// Writes down anew what was changed.
pub(crate) async fn refresh(cx: &mut Cx<'_>, touched: Touched) -> Result<()> {
    let mut by_kind: BTreeMap<Kind, BTreeSet<String>> = BTreeMap::new();
    for (kind, id) in touched {
        by_kind.entry(kind).or_default().insert(id);
    }
    let organization = cx.organization();
    // Who answers for a control, and how often it is performed, says whose its evidence is and how long it is fresh.
    if let Some(controls) = by_kind.get(&Kind::Control) {
        let entries = entries::of(cx, Kind::Control, controls).await?;
        for entry in &entries {
            let before = sql::values_of(cx.connection(), organization, Kind::Control, &entry.id).await?;
            let bears = |(name, _): &&(String, String)| matches!(name.as_str(), "person" | "frequency");
            let after: BTreeSet<(String, String)> = entry.values.iter().cloned().collect();
            if !before.is_empty() && !before.iter().filter(bears).eq(after.iter().filter(bears)) {
                let items = entries::of_control(cx, &entry.id).await?;
                by_kind.entry(Kind::Item).or_default().extend(items.0);
                by_kind.entry(Kind::Occurrence).or_default().extend(items.1);
            }
        }
    }
    for (kind, ids) in by_kind {
        if ids.is_empty() {
            continue;
        }
        let entries = entries::of(cx, kind, &ids).await?;
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        sql::remove(cx.connection(), organization, kind, &ids).await?;
        put(cx, &entries).await?;
        sql::count_change(cx.connection(), organization, kind).await?;
    }
    Ok(())
}

/// Returns how often records were changed, by kind: equal counts stand for equal records.
///
/// # Errors
/// As [`page`].
pub async fn changes(view: &mut View<'_>) -> Result<BTreeMap<String, i64>> {
    let organization = view.organization();
    sql::changes(view.connection(), organization).await
}

/// Says that something changed which is kept for records of a kind and is none of them.
pub(crate) async fn count_change(cx: &mut Cx<'_>, kind: Kind) -> Result<()> {
    let organization = cx.organization();
    sql::count_change(cx.connection(), organization, kind).await
}

async fn put(cx: &mut Cx<'_>, entries: &[Entry]) -> Result<()> {
    let organization = cx.organization();
    for batch in entries.chunks(BATCH) {
        sql::add(cx.connection(), organization, batch).await?;
    }
    Ok(())
}

/// Writes down a member of another organization anew: their name is the same in all of them.
pub(crate) async fn put_member(
    cx: &mut Cx<'_>,
    organization: tickmark_core::id::OrganizationKey,
    entry: Entry,
) -> Result<()> {
    let kind = entry.kind;
    sql::remove(cx.connection(), organization, kind, &[&entry.id]).await?;
    sql::add(cx.connection(), organization, &[entry]).await?;
    sql::count_change(cx.connection(), organization, kind).await
}

/// Makes the register of the organization again from its records. Returns how many there are.
///
/// # Errors
/// `Forbidden` for members; or if the database refuses.
pub async fn rebuild(cx: &mut Cx<'_>) -> Result<usize> {
    cx.authorize(crate::Action::Operate)?;
    let organization = cx.organization();
    sql::clear(cx.connection(), organization).await?;
    let mut count = 0;
    for kind in Kind::ALL {
        let entries = entries::all(cx, *kind).await?;
        count += entries.len();
        put(cx, &entries).await?;
        sql::count_change(cx.connection(), organization, *kind).await?;
    }
    // What features keep beside their own records for the sake of what waits.
    crate::program::access_review::rebuild_waits(cx).await?;
    crate::engagement::fieldwork::standing::rebuild(cx).await?;
    crate::engagement::fieldwork::request::rebuild_answers(cx).await?;
    sql::set_form(cx.connection(), organization, FORM).await?;
    Ok(count)
}

impl App {
    /// Makes the register of each organization again whose rows have another form than this program's.
    pub(crate) async fn bring_registers_up_to_date(&self) -> Result<()> {
        if !self.may_write() {
            return Ok(());
        }
        for organization in self.organizations().await? {
            let program = self.program(&organization).await?;
            let key = organization.key;
            let form = self.read(&program, async |view| sql::form(view.connection(), key).await).await?;
            if form != FORM {
                let count = self.transact(&program, async |cx| rebuild(cx).await).await?;
                tracing::info!(organization = %organization.id, count, "made the register again");
            }
        }
        Ok(())
    }
}

/// Says that the register of a new organization has this program's form.
pub(crate) async fn begin(cx: &mut Cx<'_>) -> Result<()> {
    let organization = cx.organization();
    sql::set_form(cx.connection(), organization, FORM).await
}

/// Returns how SQLite would count what a query asks for, for tests.
///
/// # Errors
/// If the database fails.
#[cfg(feature = "testing")]
pub async fn plan_of(view: &mut View<'_>, kind: Kind, query: &Query) -> Result<Vec<String>> {
    let organization = view.organization();
    sql::plan(view.connection(), organization, kind, query).await
}
