//! The record of a review for whoever relies on it: every item with what was decided, by whom, when and why, and what shows
//! its removal.

use std::collections::BTreeMap;

use tickmark_core::id::ActorId;
use tickmark_core::program::access::LastUse;
use tickmark_core::program::access_review::{Decision, RemovalState, ReviewKey, State};
use tickmark_core::report::sheet::{Sheet, SheetCell, csv_line};

use super::{Whole, load};
use crate::context::{Cx, View};
use crate::identity::audit::{self, Event, Name};
use crate::{Result, identity};

/// Heads of the columns, in order.
pub const PACK_COLUMNS: [&str; 24] = [
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
    for deviation in whole.deviations() {
        let items: Vec<String> = deviation.items().iter().map(ToString::to_string).collect();
        about.push((deviation.title().to_owned(), format!("items {}", items.join(", "))));
    }
    if let Some((at, note)) = &review.verified {
        about.push(("Removals confirmed".to_owned(), format!("{at} {note}")));
    }
    if let Some(signed) = &review.signed {
        about.push(("Signed off".to_owned(), format!("{} {}", signed.at, signed.statement)));
    }
    about
}

async fn sheet(view: &mut View<'_>, whole: &Whole) -> Result<Sheet> {
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
