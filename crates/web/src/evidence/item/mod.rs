//! Items of evidence as people hand them in: the list, one item, the forms that make and move it, its files.

mod act;
mod files;
mod form;
mod list;
mod one;

use axum::extract::DefaultBodyLimit;
use tickmark_core::evidence::freshness::Freshness;
use tickmark_core::evidence::item::State as ItemState;
use tickmark_core::id::ItemKey;

use crate::Desk;
use crate::design::badge::badge;
use crate::design::icon::Mark;
use crate::error::Refusal;
use crate::route::{get, post};

pub(crate) use list::{listed, table as item_table};

pub(crate) fn desk_routes() -> Vec<Desk> {
    // Files are measured while they are read, against limits of their own.
    let unlimited = || DefaultBodyLimit::disable();
    vec![
        Desk {
            path: "/evidence/items",
            example: "/evidence/items",
            looks: true,
            changes: false,
            handler: get(list::page),
        },
        Desk {
            path: "/evidence/items/new",
            example: "/evidence/items/new",
            looks: true,
            changes: true,
            handler: get(form::page).post(form::open).layer(unlimited()),
        },
        Desk {
            path: "/evidence/items/{key}",
            example: "/evidence/items/1",
            looks: true,
            changes: false,
            handler: get(one::page),
        },
        Desk {
            path: "/evidence/items/{key}/version",
            example: "/evidence/items/1/version",
            looks: true,
            changes: true,
            handler: get(form::version_page).post(form::revise).layer(unlimited()),
        },
        Desk {
            path: "/evidence/items/{key}/{act}",
            example: "/evidence/items/1/submit",
            looks: false,
            changes: true,
            handler: post(act::act),
        },
        Desk {
            path: "/evidence/items/{key}/files/{version}/{seq}",
            example: "/evidence/items/1/files/1/1",
            looks: true,
            changes: false,
            handler: get(files::look),
        },
        Desk {
            path: "/evidence/items/{key}/files/{version}/{seq}/pages",
            example: "/evidence/items/1/files/1/1/pages",
            looks: true,
            changes: false,
            handler: get(files::pages),
        },
        Desk {
            path: "/evidence/items/{key}/files/{version}/{seq}/download",
            example: "/evidence/items/1/files/1/1/download",
            looks: true,
            changes: false,
            handler: get(files::take),
        },
    ]
}

fn key(text: &str) -> Result<ItemKey, Refusal> {
    text.parse().ok().filter(|key| *key > 0).map(ItemKey).ok_or(Refusal::NotFound)
}

/// The mark of a state.
pub(crate) fn mark_of(state: ItemState) -> Mark {
    match state {
        ItemState::Draft => Mark::NotYetDue,
        ItemState::Submitted => Mark::Unknown,
        ItemState::Accepted => Mark::Pass,
        ItemState::Returned => Mark::Fail,
        ItemState::Withdrawn => Mark::NotApplicable,
    }
}

/// The badge of a state.
pub(crate) fn state_badge(state: ItemState) -> maud::Markup {
    badge(mark_of(state), state.title())
}

/// The mark of freshness.
pub(crate) fn fresh_mark(freshness: Freshness) -> Mark {
    match freshness {
        Freshness::Fresh { .. } => Mark::Pass,
        Freshness::Expiring { .. } => Mark::Late,
        Freshness::Stale { .. } => Mark::Missed,
        Freshness::ByOccurrence => Mark::NotApplicable,
        Freshness::Undated => Mark::Unknown,
    }
}

/// Freshness in a word for people.
pub(crate) fn fresh_word(word: &str) -> &'static str {
    match word {
        "stale" => "Stale",
        "expiring" => "Expiring",
        "fresh" => "Fresh",
        "by_occurrence" => "By occurrence",
        _ => "Undated",
    }
}
