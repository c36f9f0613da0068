//! Coverage over a period: who was not looked at, when.

use maud::{Markup, html};
use tickmark_core::Timestamp;

use crate::conclusion::period::{Chosen, clip};
use crate::design::bar::{Fill, bar};
use crate::design::board::{Board, BoardRow, Count, Group, Stretch, Zoom, held};
use crate::design::empty::empty;
use crate::design::frame::{Page, Place};
use crate::design::icon::Mark;
use crate::design::table::{TableQuery, plain};
use crate::design::{block, moment, plural, segment};

/// Gaps that are listed, longest first.
const GAP_LIMIT: usize = 200;
/// Rows that are drawn, least covered first.
const ROW_LIMIT: usize = 250;

/// One target, or one check, over the period.
#[derive(Clone, Debug)]
pub struct CoverageRow {
    /// Number of the target, or id of the check.
    pub id: String,
    /// Name of the target, or title of the check.
    pub name: String,
    /// Its page.
    pub href: String,
    /// Pass when everything due was seen, partly when some of it was, unknown when nothing was.
    pub stretches: Vec<Stretch>,
}

/// Coverage over the period.
#[derive(Clone, Debug)]
pub struct CoverageView {
    /// Targets in order.
    pub targets: Vec<CoverageRow>,
    /// Checks in order.
    pub checks: Vec<CoverageRow>,
}

fn word(mark: Mark) -> &'static str {
    match mark {
        Mark::Pass => "Seen",
        Mark::Partly => "Seen in part",
        Mark::NotYetDue => "Not yet due",
        _ => "Not seen",
    }
}

pub(super) fn page(view: &CoverageView, chosen: &Chosen, query: &TableQuery, now: Timestamp) -> Page {
    let by_check = query.get("by") == Some("check");
    let (rows, noun, other) = if by_check {
        (&view.checks, ("check", "checks"), "target")
    } else {
        (&view.targets, ("target", "targets"), "check")
    };
    let mut rows: Vec<CoverageRow> = rows
        .iter()
        .map(|row| CoverageRow { stretches: clip(&row.stretches, chosen), ..row.clone() })
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse(unseen(&row.stretches)));
    let gaps = gaps(&rows);
    let body = html! {
        (chosen.switcher("/coverage", query, now))
        @if rows.is_empty() {
            (empty("Nothing was looked at", "Coverage is known after the first run.", "tickmark collect"))
        } @else {
            p.block-body { "By " @if by_check { a href=(query.with("/coverage", &[("by", "")])) { "target" } " or check" } @else { "target or " a href=(query.with("/coverage", &[("by", "check")])) { "check" } } }
            (board(&rows, noun.0, chosen, query, now))
            (block("unknown", "Not seen", &html! { (gaps.len()) " " (plural(gaps.len(), "stretch", "stretches")) }, &listed(&gaps, noun.0, other)))
            (block("operating", "Share of time", &html! {}, &shares(&rows, noun.0, chosen, now)))
        }
    };
    let mut page = Page::new(Place::Coverage, "Coverage", body);
    let blind = rows.iter().filter(|row| held(&row.stretches, Mark::Unknown).times > 0).count();
    page.lead = html! {
        a href="#unknown" { (blind) " of " (rows.len()) " " (plural(rows.len(), noun.0, noun.1)) } " " (plural(blind, "was", "were")) " not looked at for some of the time. "
        "What was not seen is unknown, whatever was seen before and after."
    };
    page.period = Some((chosen.from, chosen.to));
    page
}

fn unseen(stretches: &[Stretch]) -> (i64, i64) {
    (held(stretches, Mark::Unknown).micros, held(stretches, Mark::Partly).micros)
}

fn board(rows: &[CoverageRow], noun: &str, chosen: &Chosen, query: &TableQuery, now: Timestamp) -> Markup {
    let drawn = rows.iter().take(ROW_LIMIT).map(|row| BoardRow {
        id: String::new(),
        title: row.name.clone(),
        about: String::new(),
        href: row.href.clone(),
        lists: String::new(),
        zoom: Zoom::Around(if noun == "check" { "/coverage?by=check" } else { "/coverage" }.to_owned()),
        stretches: row.stretches.clone(),
    });
    let board = Board {
        label: if noun == "check" { "Check" } else { "Target" }.to_owned(),
        from: chosen.from,
        to: chosen.to,
        now,
        groups: vec![Group {
            id: String::new(),
            title: String::new(),
            href: String::new(),
            rows: drawn.collect(),
        }],
        empty_row: "never looked at",
        word,
        count: Count::Time,
        zoom: query.with("/coverage", &[("span", ""), ("from", ""), ("to", "")]),
    };
    html! {
        (board.draw())
        @if rows.len() > ROW_LIMIT { p.muted.small { "The " (ROW_LIMIT) " least seen of " (rows.len()) "." } }
    }
}

/// Stretches in which nothing, or not everything, was seen; the longest first, wholly unseen before partly.
fn gaps(rows: &[CoverageRow]) -> Vec<(&CoverageRow, &Stretch)> {
    let mut gaps: Vec<(&CoverageRow, &Stretch)> = rows
        .iter()
        .flat_map(|row| row.stretches.iter().map(move |stretch| (row, stretch)))
        .filter(|(_, stretch)| matches!(stretch.mark, Mark::Unknown | Mark::Partly))
        .collect();
    gaps.sort_by_key(|(row, s)| {
        (s.mark == Mark::Partly, s.from.micros() - s.to.micros(), s.from, row.name.clone())
    });
    gaps
}

fn listed(gaps: &[(&CoverageRow, &Stretch)], noun: &str, other: &str) -> Markup {
    if gaps.is_empty() {
        return html! { div.empty { h3 { "Nothing was out of sight" } p { "Every " (other) " was seen for the whole period." } } };
    }
    let head = if noun == "check" { "Check" } else { "Target" };
    let rows = gaps.iter().take(GAP_LIMIT).map(|(row, stretch)| {
        vec![
            html! { a.primary href=(row.href) { (row.name) } },
            html! { span.badge.is-unknown { (Mark::Unknown.draw()) (word(stretch.mark)) } },
            moment::exact(stretch.from),
            moment::exact(stretch.to),
            html! { span.nowrap { (moment::duration(stretch.to.micros() - stretch.from.micros())) } },
            html! { span.muted { (stretch.note) } },
        ]
    });
    html! {
        span id="partly" {}
        (plain("Not seen", &[head, "State", "From", "Until", "For", "What"], rows.collect()))
        @if gaps.len() > GAP_LIMIT { p.muted.small { "The longest " (GAP_LIMIT) " of " (gaps.len()) "." } }
    }
}

fn shares(rows: &[CoverageRow], noun: &str, chosen: &Chosen, now: Timestamp) -> Markup {
    let elapsed = (chosen.to.min(now).micros() - chosen.from.micros()).max(1);
    let thousandths =
        |micros: i64| usize::try_from(i128::from(micros) * 1000 / i128::from(elapsed)).unwrap_or(0).min(1000);
    let body = rows.iter().take(ROW_LIMIT).map(|row| {
        let of = |mark: Mark| thousandths(held(&row.stretches, mark).micros);
        let (seen, partly) = (of(Mark::Pass), of(Mark::Partly));
        let rest = 1000_usize.saturating_sub(seen + partly);
        let label = format!("{}.{} % seen, {}.{} % in part, {}.{} % not", seen / 10, seen % 10, partly / 10, partly % 10, rest / 10, rest % 10);
        vec![
            html! { a.primary href=(row.href) { (row.name) } },
            html! { span.fixed-bar { (bar(&[(Fill::Pass, seen), (Fill::Partly, partly), (Fill::Unknown, rest)], &label)) } },
            html! { span.num.nowrap { (label) } },
        ]
    });
    plain(
        "Share of time",
        &[if noun == "check" { "Check" } else { "Target" }, "Share", "In words"],
        body.collect(),
    )
}

/// The address of a check.
pub(crate) fn check_href(id: &str) -> String {
    format!("/checks/{}", segment(id))
}
