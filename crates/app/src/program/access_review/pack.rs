//! The record of a review for whoever relies on it: every item with what was decided, by whom, when and why, and what shows
//! its removal.

use std::collections::BTreeMap;

use tickmark_core::id::ActorId;
use tickmark_core::program::access::{AccessList, LastUse};
use tickmark_core::program::access_review::{
    Decision, Entry, Quality, RemovalState, ReviewKey, State, kinds,
};
use tickmark_core::report::sheet::{Sheet, SheetCell, csv_line};

use super::{Whole, load};
use crate::context::{Cx, View};
use crate::identity::audit::{self, Event, Name};
use crate::program::access;
use crate::{Error, Result, identity, ledger};

/// Heads of the columns, in order.
pub const PACK_COLUMNS: [&str; 26] = [
    "Item",
    "System",
    "List",
    "Account",
    "Person",
    "Kind",
    "Right",
    "Tier",
    "Last use",
    "Status",
    "Flags",
    "Peers",
    "Before",
    "Decides as",
    "Reviewer",
    "Decision",
    "Detail",
    "Why",
    "Decided by",
    "Decided at",
    "In bulk",
    "Late",
    "Ticket",
    "Removal",
    "Shown by",
    "Timeliness",
];

/// Makes the record of a review as a list, and records that it was taken.
///
/// # Errors
/// `Forbidden`; `NotFound`.
pub async fn take_pack(cx: &mut Cx<'_>, key: ReviewKey) -> Result<Sheet> {
    // Who may see all of it may take it out: exporting alone is for whoever sees less.
    cx.permit_whole(super::READ)?;
    let whole = load(cx, key).await?;
    let sheet = sheet(cx, &whole).await?;
    audit::record(cx, Event::done(Name::ReviewTaken, "access_review", key)).await?;
    Ok(sheet)
}

/// Makes the record of a review with everything that it rests on, as an archive, and records that it was taken.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Conflict` before its items are frozen.
pub async fn take_archive(cx: &mut Cx<'_>, key: ReviewKey) -> Result<Vec<u8>> {
    cx.permit_whole(super::READ)?;
    let whole = load(cx, key).await?;
    let bytes = archive(cx, &whole, 0).await?;
    audit::record(cx, Event::done(Name::ReviewTaken, "access_review", key)).await?;
    Ok(bytes)
}

/// What the archive says about itself.
const README: &str = "The record of a review of access.\n\n\
    about.csv       scope, snapshot, deviations, sign-off\n\
    lists.csv       where each list came from: query, parameters, time, counts, what ties it to its source\n\
    left-out.csv    accounts without an item: left out by name in the list, or with no right in scope\n\
    items.csv       every right with who decided what, when and why, and what shows its removal\n\
    reviewers.csv   who decided, and how: shares, speed, time spent\n\
    changes.csv     who decided for whom or instead of whom, tickets, looks back, in order\n\
    kinds.csv       how many items of each kind of account\n\
    checkpoint.txt  the signed checkpoint of the ledger when this was taken out\n\
    SHA256SUMS      digests of all files: sha256sum -c SHA256SUMS\n";

/// The record with everything that it rests on. `hidden` counts items that are not for whoever takes it.
pub(crate) async fn archive(view: &mut View<'_>, whole: &Whole, hidden: u64) -> Result<Vec<u8>> {
    let Some(snapshot) = &whole.review.snapshot else {
        return Err(Error::conflict("the items of the review are not frozen yet; there is no record of it"));
    };
    let labels = identity::labels(view).await?;
    let mut lists = Vec::new();
    for list in &snapshot.lists {
        lists.push((list, access::look_up(view, list.list).await?));
    }
    let mut said = about(whole);
    if hidden > 0 {
        said.push(("Items of other systems, not shown here".to_owned(), hidden.to_string()));
    }
    let items = sheet(view, whole).await?;
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut add = |name: &str, heads: &[&str], rows: Vec<Vec<SheetCell>>| {
        let head: Vec<SheetCell> = heads.iter().map(|head| cell(head)).collect();
        let lines: String = std::iter::once(&head).chain(&rows).map(|row| csv_line(row)).collect();
        files.insert(name.to_owned(), lines.into_bytes());
    };
    let pairs = said.iter().map(|(name, value)| vec![cell(name), cell(value)]);
    add("about.csv", &["What", "Value"], pairs.collect());
    add("lists.csv", &LIST_COLUMNS, lists.iter().map(|(_, list)| list_row(list)).collect());
    let left = lists.iter().flat_map(|(held, list)| {
        let by_name = list.exclusions.iter().map(|one| (&list.system, &one.account, &one.reason));
        by_name.chain(held.left.iter().map(|one| (&held.system, &one.account, &one.reason)))
    });
    let left = left.map(|(system, account, reason)| vec![cell(system), cell(account), cell(reason)]);
    add("left-out.csv", &["System", "Account", "Why"], left.collect());
    add("items.csv", &PACK_COLUMNS, items.rows);
    add("reviewers.csv", &REVIEWER_COLUMNS, reviewer_rows(whole, &labels));
    add("changes.csv", &CHANGE_COLUMNS, change_rows(whole, &labels));
    let kinds = kinds(&whole.items).into_iter().flat_map(|(system, kinds)| {
        kinds.into_iter().map(|(kind, count)| vec![cell(system), cell(kind.title()), number(count)])
    });
    add("kinds.csv", &["System", "Kind of account", "Items"], kinds.collect());
    files.insert("checkpoint.txt".to_owned(), ledger::head(view).await?.checkpoint.into_bytes());
    files.insert("README.txt".to_owned(), README.as_bytes().to_vec());
    crate::archive::zip(&crate::archive::with_digests(files), view.now)
}

fn cell(text: &str) -> SheetCell {
    SheetCell::Text(text.to_owned())
}

fn number(number: u64) -> SheetCell {
    SheetCell::Number(i64::try_from(number).unwrap_or(i64::MAX))
}

const LIST_COLUMNS: [&str; 17] = [
    "List",
    "System",
    "Source",
    "Query",
    "Parameters",
    "Run by",
    "Run at",
    "Time zone",
    "Accounts in source",
    "Accounts in list",
    "Left out by name",
    "Rows in source",
    "Rows in list",
    "Ties out",
    "Completeness",
    "Accuracy",
    "Digest of rights",
];

fn list_row(list: &AccessList) -> Vec<SheetCell> {
    let (ipe, tie) = (&list.ipe, &list.tie_out);
    vec![
        cell(&list.key.to_string()),
        cell(&list.system),
        cell(&ipe.source),
        cell(&ipe.query),
        cell(&ipe.parameters),
        cell(&ipe.run_by),
        cell(&ipe.run_at.to_string()),
        cell(&ipe.time_zone),
        number(tie.in_source),
        number(tie.listed),
        number(tie.excluded),
        number(tie.rows_in_source),
        number(tie.rows),
        cell(if list.is_complete() { "yes" } else { "no" }),
        cell(&ipe.completeness),
        cell(&ipe.accuracy),
        cell(&list.keys.to_string()),
    ]
}

const REVIEWER_COLUMNS: [&str; 9] = [
    "Reviewer",
    "Items",
    "Answered",
    "Kept",
    "In bulk",
    "Late",
    "Most in a minute",
    "Seconds between decisions",
    "To look at",
];

fn reviewer_rows(whole: &Whole, labels: &BTreeMap<ActorId, String>) -> Vec<Vec<SheetCell>> {
    let row = |(who, one): (&ActorId, &Quality)| {
        let marks: Vec<&str> = one.marks.iter().map(|mark| mark.title()).collect();
        let counts = [one.items, one.decided, one.kept, one.bulk, one.late, one.per_minute, one.spent_s];
        let name = cell(labels.get(who).map_or("", String::as_str));
        std::iter::once(name).chain(counts.map(number)).chain([cell(&marks.join("; "))]).collect()
    };
    whole.quality().iter().map(row).collect()
}

const CHANGE_COLUMNS: [&str; 7] = ["When", "By", "What", "Item", "From", "To", "Why or what"];

/// What happened beside decisions, in order.
fn change_rows(whole: &Whole, labels: &BTreeMap<ActorId, String>) -> Vec<Vec<SheetCell>> {
    let name = |who: &ActorId| labels.get(who).cloned().unwrap_or_else(|| who.to_string());
    let mut rows = Vec::new();
    for one in &whole.entries {
        let (what, item, from, to, says) = match &one.entry {
            Entry::Decided(_) => continue,
            Entry::Reassigned { item, from, to, note, .. } => {
                ("reassigned".to_owned(), Some(item), name(from), name(to), note.clone())
            }
            Entry::Delegated(delegation) => (
                format!("delegated until {}", delegation.until),
                None,
                name(&delegation.from),
                name(&delegation.to),
                delegation.note.clone(),
            ),
            Entry::Ticketed { item, ticket } => {
                ("ticket".to_owned(), Some(item), String::new(), String::new(), ticket.clone())
            }
            Entry::LookedBack { item, used, note } => {
                let what = format!("looked back, used: {}", used.word());
                (what, Some(item), String::new(), String::new(), note.clone())
            }
        };
        let item = item.map(ToString::to_string).unwrap_or_default();
        let texts = [one.at.to_string(), name(&one.by), what, item, from, to, says];
        rows.push(texts.into_iter().map(SheetCell::Text).collect());
    }
    rows
}

/// The record as text, with what stands about the whole above it.
pub(super) async fn text(view: &mut View<'_>, whole: &Whole) -> Result<String> {
    let sheet = sheet(view, whole).await?;
    let mut text = String::new();
    for (name, value) in about(whole) {
        text.push_str(&csv_line(&[SheetCell::Text(name), SheetCell::Text(value)]));
    }
    text.push_str("\r\n");
    let heads: Vec<SheetCell> = sheet.columns.into_iter().map(SheetCell::Text).collect();
    text.push_str(&csv_line(&heads));
    for row in &sheet.rows {
        text.push_str(&csv_line(row));
    }
    Ok(text)
}

/// What stands about the whole: its lists with what ties them, and what was not as it should be.
fn about(whole: &Whole) -> Vec<(String, String)> {
    let review = &whole.review;
    let mut about = vec![
        ("Review".to_owned(), format!("{} {}", review.key, review.scope.title)),
        ("State".to_owned(), review.state.title().to_owned()),
        ("Decisions due".to_owned(), review.scope.due_at.to_string()),
    ];
    if let Some(snapshot) = &review.snapshot {
        about.push(("Snapshot frozen".to_owned(), snapshot.at.to_string()));
        about.push(("Digest of the items".to_owned(), snapshot.digest.to_string()));
        for list in &snapshot.lists {
            let value = format!(
                "{} of {}: {}; {} items, {} accounts without one; keys {}",
                list.list,
                list.run_at,
                list.tie_out,
                list.items,
                list.left.len(),
                list.keys
            );
            about.push((format!("List of {}", list.system), value));
        }
    }
    let tiers: Vec<&str> = review.scope.tiers.iter().map(|tier| tier.title()).collect();
    about.push(("Tiers".to_owned(), tiers.join("; ")));
    about.push(("Without an answer in time".to_owned(), review.scope.unanswered.title().to_owned()));
    if let Some(version) = review.snapshot.as_ref().and_then(|snapshot| snapshot.matrix) {
        about.push((
            "Conflicts of duties looked for by".to_owned(),
            format!("version {version} of the matrix"),
        ));
    }
    for deviation in whole.deviations() {
        let items: Vec<String> = deviation.items().iter().map(ToString::to_string).collect();
        about.push((deviation.title().to_owned(), format!("items {}", items.join(", "))));
    }
    let unseen = whole.not_looked_back();
    if !unseen.is_empty() {
        let items: Vec<String> = unseen.iter().map(ToString::to_string).collect();
        about
            .push(("Nobody looked whether they were used".to_owned(), format!("items {}", items.join(", "))));
    }
    if let Some((at, note)) = &review.verified {
        about.push(("Removals confirmed".to_owned(), format!("{at} {note}")));
    }
    if let Some(signed) = &review.signed {
        about.push(("Signed off".to_owned(), format!("{} {}", signed.at, signed.statement)));
    }
    about
}

/// The items as a list.
pub(crate) async fn sheet(view: &mut View<'_>, whole: &Whole) -> Result<Sheet> {
    let labels = identity::labels(view).await?;
    let organization = view.actor.organization.name.clone();
    Ok(Sheet {
        title: format!("{} {}", whole.review.key, whole.review.scope.title),
        organization,
        at: view.now,
        columns: PACK_COLUMNS.map(str::to_owned).to_vec(),
        rows: rows(whole, &labels),
    })
}

fn rows(whole: &Whole, labels: &BTreeMap<ActorId, String>) -> Vec<Vec<SheetCell>> {
    let name = |who: &ActorId| labels.get(who).cloned().unwrap_or_else(|| who.to_string());
    let text = |text: &str| SheetCell::Text(text.to_owned());
    let due = whole.review.scope.due_at;
    let mut rows = Vec::new();
    let is_closed = whole.review.state >= State::Decided;
    for one in &whole.standing().items {
        let (item, holding) = (one.item, &one.item.holding);
        let removal = whole.removal(item.number);
        let flags: Vec<&str> = item.flags.iter().map(|flag| flag.title()).collect();
        let last_used = match holding.last_used {
            LastUse::Unknown => "unknown".to_owned(),
            LastUse::Never => "never".to_owned(),
            LastUse::At(at) => at.to_string(),
        };
        let peers = item.peers.as_ref().map_or_else(String::new, |peers| {
            format!("{} of {} others of the {}", peers.with, peers.others, peers.by.title())
        });
        let before = item.earlier.map_or_else(String::new, |earlier| {
            format!("to go by item {} of {}", earlier.item, earlier.review)
        });
        for seat in &one.seats {
            let made = seat.made.as_ref();
            let decision = made.map(|made| &made.decided.decision);
            let detail = match decision {
                Some(Decision::Reduce { to }) => to.clone(),
                Some(Decision::Exception { until }) => until.to_string(),
                _ => String::new(),
            };
            let none = if is_closed { "no answer" } else { "" };
            let shown = removal.map(|removal| match &removal.state {
                RemovalState::Shown { list, at } | RemovalState::Reappeared { list, at } => {
                    format!("{list} of {at}")
                }
                _ => String::new(),
            });
            rows.push(vec![
                SheetCell::Number(i64::try_from(item.number).unwrap_or(i64::MAX)),
                text(&item.system),
                text(&item.list.to_string()),
                text(&holding.account),
                text(holding.person.as_deref().unwrap_or_default()),
                text(holding.kind.title()),
                text(holding.entitlement.as_deref().unwrap_or("unknown")),
                text(holding.tier.word()),
                text(&last_used),
                text(holding.employment.title()),
                text(&flags.join(", ")),
                text(&peers),
                text(&before),
                text(seat.seat.role.title()),
                text(&name(&seat.seat.reviewer)),
                text(decision.map_or(none, Decision::title)),
                text(&detail),
                text(made.map_or("", |made| made.decided.why.as_str())),
                text(&made.map(|made| name(&made.by)).unwrap_or_default()),
                text(&made.map(|made| made.at.to_string()).unwrap_or_default()),
                text(made.map_or("", |made| if made.decided.is_bulk { "yes" } else { "no" })),
                text(made.map_or("", |made| if made.at >= due { "yes" } else { "no" })),
                text(one.ticket.as_deref().unwrap_or_default()),
                text(removal.map_or("", |removal| removal.state.title())),
                text(&shown.unwrap_or_default()),
                text(removal.map_or("", |removal| removal.timeliness.title())),
            ]);
        }
    }
    rows
}
