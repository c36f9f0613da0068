//! What a review shows to whoever looks at it: its scope, its snapshot, its items, what has to go, and how it was done.

use std::collections::BTreeMap;

use maud::{Markup, html};
use tickmark_app::program::access_review::{Later, Whole};
use tickmark_core::id::ActorId;
use tickmark_core::program::access_review::{Flag, ItemStanding, RemovalState, Timeliness, kinds};

use super::super::access::{last_used, right, tie_badge};
use super::{beside, outcome_badge, state_badge};
use crate::design::badge::badge;
use crate::design::icon::Mark;
use crate::design::table::{Cell, Column, Filter, Phone, Row, Table, items as items_table, plain};
use crate::design::{block, digest, moment, segment};
use crate::visit::Asked;

/// A review as somebody sees it.
pub(crate) struct Shown<'a> {
    /// The review, as far as it is theirs to see.
    pub(crate) whole: &'a Whole,
    /// Names of people.
    pub(crate) labels: &'a BTreeMap<ActorId, String>,
    /// Where its page is.
    pub(crate) path: String,
    /// Where lists of access are.
    pub(crate) lists: String,
    /// Whether an auditor looks, to whom controls have no page.
    pub(crate) is_auditors: bool,
}

impl Shown<'_> {
    /// Everything about it but its items.
    pub(crate) fn about(&self) -> Markup {
        let review = &self.whole.review;
        html! {
            (block("about", "What it is about", &state_badge(review), &scope(self)))
            @if let Some(frozen) = &review.snapshot {
                (block("snapshot", "Snapshot", &html! { (digest::chip(&frozen.digest)) }, &html! { (snapshot(self)) (kinds_of(self.whole)) }))
                @if review.decided_at.is_some() { (block("removals", "What has to go", &html! { "a later list shows that it is gone; a ticket does not" }, &removals(self))) }
                (block("deviations", "What was not as it should be", &html! {}, &deviations(self.whole)))
                (block("quality", "How it was done", &html! { "for whoever relies on it" }, &quality(self)))
            }
        }
    }

    /// Its items.
    pub(crate) fn items(&self, asked: &Asked) -> Markup {
        items(self).render(&asked.query)
    }

    /// What stands beside one item, also what a `later` list says of it, and what was decided about it.
    pub(crate) fn decisions(&self, one: &ItemStanding<'_>, later: Option<&Later>) -> Markup {
        let name = |who: &ActorId| self.labels.get(who).cloned().unwrap_or_default();
        let rows = one.seats.iter().map(|seat| {
            vec![
                html! { (seat.seat.role.title()) },
                html! { (name(&seat.seat.reviewer)) },
                html! {
                    @match &seat.made {
                        Some(made) => { (made.decided.decision.title()) @if made.decided.is_bulk { " in bulk" } @if !made.decided.why.is_empty() { ": " (made.decided.why) } span.sub { (name(&made.by)) ", " (moment::exact(made.at)) } },
                        None => span.muted { "no answer" },
                    }
                },
            ]
        });
        html! {
            dl.facts { (beside::lines(&self.whole.review, one.item, later, !self.is_auditors)) }
            (plain("Decisions", &["Decides as", "Who", "Decided"], rows.collect()))
            @if let Some((used, note)) = &one.looked_back { p.muted { "Used while it should not have been there: " (used.title().to_lowercase()) ". " (note) } }
        }
    }
}

/// How many items of each kind of account: a review of people alone says so.
fn kinds_of(whole: &Whole) -> Markup {
    let rows = kinds(&whole.items).into_iter().map(|(system, kinds)| {
        let words = |is_there: bool| {
            let some = kinds.iter().filter(|(_, count)| (**count > 0) == is_there);
            let word = |(kind, count): (&tickmark_core::program::access::AccountKind, &u64)| {
                if is_there { format!("{} {count}", kind.title()) } else { kind.title().to_owned() }
            };
            some.map(word).collect::<Vec<_>>().join(", ")
        };
        let none = words(false);
        vec![
            html! { (system) },
            html! { (words(true)) },
            html! { @if none.is_empty() { span.muted { "all are there" } } @else { (badge(Mark::Unknown, &none)) } },
        ]
    });
    plain("Kinds of accounts", &["System", "In the list", "None in the list"], rows.collect())
}

fn scope(shown: &Shown<'_>) -> Markup {
    let review = &shown.whole.review;
    let name = |who: &ActorId| shown.labels.get(who).cloned().unwrap_or_default();
    let scope = &review.scope;
    let systems = scope.systems.iter().map(|system| {
        let provisioners: Vec<String> = system.provisioners.iter().map(name).collect();
        vec![html! { (system.name) }, html! { (name(&system.owner)) }, html! { (provisioners.join(", ")) }]
    });
    let tiers: Vec<&str> = scope.tiers.iter().map(|tier| tier.word()).collect();
    html! {
        dl.facts {
            dt { "Tiers" } dd { (tiers.join(", ")) }
            dt { "Decisions due" } dd { (moment::exact(scope.due_at)) }
            dt { "Without an answer" } dd { (scope.unanswered.title()) }
            dt { "Stand-ins" } dd { (name(&scope.stand_in)) ", then " (name(&scope.second_stand_in)) }
            @if let Some(control) = &scope.control { dt { "Control" } dd { @if shown.is_auditors { span.mono { (control) } } @else { a.mono href={ "/controls/" (segment(control.as_str())) } { (control) } } @if let Some(window) = &scope.window { ", window " (window) } } }
            @if let Some(signed) = &review.signed { dt { "Signed off" } dd { (name(&signed.by)) ", " (moment::exact(signed.at)) ": " (signed.statement) } }
        }
        (items_table("Systems", &["System", "Answers for it", "Hands rights out"], systems.collect()))
    }
}

fn snapshot(shown: &Shown<'_>) -> Markup {
    let Some(snapshot) = &shown.whole.review.snapshot else { return html! {} };
    let rows = snapshot.lists.iter().map(|list| {
        vec![
            html! { a.primary href={ (shown.lists) "/" (list.list.0) } { (list.system) } span.sub.mono { (list.list) } },
            html! { (moment::exact(list.run_at)) },
            html! { (list.tie_out.to_string()) },
            html! { (list.items) " items, " (list.left.len()) " accounts without one" },
            tie_badge(list.tie_out.agrees()),
        ]
    });
    plain("Lists of the snapshot", &["System", "Taken", "Tie-out", "Items", "Result"], rows.collect())
}

fn removals(shown: &Shown<'_>) -> Markup {
    let (whole, path) = (shown.whole, &shown.path);
    let standing = whole.standing();
    let rows = whole.removals.iter().filter_map(|removal| {
        let one = standing.item(removal.item)?;
        let mark = match removal.timeliness {
            Timeliness::NotYetDue => Mark::NotYetDue,
            Timeliness::OnTime => Mark::Pass,
            Timeliness::NotShown => Mark::Unknown,
            Timeliness::Late => Mark::Late,
        };
        let holding = &one.item.holding;
        Some(vec![
            html! { a.primary href={ (path) "?item=" (removal.item) } { (holding.account) } span.sub { (right(holding)) " in " (one.item.system) } },
            html! { (moment::exact(removal.due_at)) },
            html! { @match &one.ticket { Some(ticket) => (ticket), None => span.muted { "none" } } },
            html! {
                (removal.state.title())
                @if let RemovalState::Shown { list, at } | RemovalState::Reappeared { list, at } = &removal.state { span.sub { a.mono href={ (shown.lists) "/" (list.0) } { (list) } " of " (moment::exact(*at)) } }
            },
            badge(mark, removal.timeliness.title()),
        ])
    });
    html! {
        @if whole.removals.is_empty() { div.empty { h3 { "Nothing has to go" } } }
        @else { (plain("Removals", &["Right", "Late from", "Ticket", "Shown", "In time"], rows.collect())) }
    }
}

fn deviations(whole: &Whole) -> Markup {
    let found = whole.deviations();
    let unseen: Vec<String> = whole.not_looked_back().iter().take(30).map(ToString::to_string).collect();
    let rows = found.iter().map(|one| {
        let items: Vec<String> = one.items().iter().take(30).map(ToString::to_string).collect();
        vec![
            badge(Mark::Fail, one.title()),
            html! { span.num { (one.items().len()) } },
            html! { "items " (items.join(", ")) },
        ]
    });
    html! {
        @if found.is_empty() { p.muted { "Nothing so far." } }
        @else { (plain("Deviations", &["What", "Items", "Which"], rows.collect())) }
        @if !unseen.is_empty() { p { (badge(Mark::Unknown, "Not looked back")) " Nobody looked whether these were used while they should not have been there: items " (unseen.join(", ")) "." } }
    }
}

fn percent(bp: u64) -> String {
    format!("{}.{} %", bp / 100, bp % 100 / 10)
}

fn quality(shown: &Shown<'_>) -> Markup {
    let all = shown.whole.quality();
    let rows = all.iter().map(|(who, one)| {
        let marks: Vec<&str> = one.marks.iter().map(|mark| mark.title()).collect();
        vec![
            html! { (shown.labels.get(who).cloned().unwrap_or_default()) },
            html! { (one.decided) " of " (one.items) },
            html! { (percent(one.share_bp(one.kept))) },
            html! { (percent(one.share_bp(one.bulk))) },
            html! { (percent(one.share_bp(one.late))) },
            html! { span.num { (one.per_minute) } },
            html! { span.num { (one.spent_s / 60) " min" } },
            html! { @if marks.is_empty() { span.muted { "nothing" } } @else { (badge(Mark::Unknown, &marks.join(", "))) } },
        ]
    });
    items_table(
        "Reviewers",
        &[
            "Reviewer",
            "Answered",
            "Kept",
            "In bulk",
            "Late",
            "Most a minute",
            "Between decisions",
            "To look at",
        ],
        rows.collect(),
    )
}

fn items(shown: &Shown<'_>) -> Table {
    let review = &shown.whole.review;
    let (standing, path) = (shown.whole.standing(), &shown.path);
    let rows = standing.items.iter().map(|one| {
        let (item, holding) = (one.item, &one.item.holding);
        let outcome = one.outcome();
        let flags: Vec<&str> = item.flags.iter().map(|flag| flag.title()).collect();
        let reviewers: Vec<String> = one
            .seats
            .iter()
            .map(|seat| shown.labels.get(&seat.seat.reviewer).cloned().unwrap_or_default())
            .collect();
        let right_text = holding.entitlement.as_deref().unwrap_or("unknown");
        let facet = |flag: &Flag| ("flag", flag.word().to_owned());
        let mut facets = vec![("outcome", outcome.word().to_owned()), ("system", item.system.clone())];
        facets.extend(item.flags.iter().map(facet));
        Row {
            cells: vec![
                Cell::by_number(
                    html! { a.num href={ (path) "?item=" (item.number) } { (item.number) } },
                    i64::try_from(item.number).unwrap_or(i64::MAX),
                ),
                Cell::by_text(
                    html! { strong { (holding.account) } span.sub { (item.system) } },
                    &holding.account,
                ),
                Cell::by_text(
                    html! { (right(holding)) span.sub { "tier " (holding.tier.word()) } },
                    right_text,
                ),
                Cell::by_text(last_used(holding.last_used), &format!("{:?}", holding.last_used)),
                Cell::text(&flags.join(", ")),
                Cell::text(&reviewers.join(", ")),
                Cell::by_text(outcome_badge(outcome), outcome.title()),
            ],
            find: format!("{} {} {right_text} {}", holding.account, item.system, reviewers.join(" ")),
            facets,
        }
    });
    let outcomes = ["undecided", "keep", "exception", "reduce", "revoke"];
    let titles = ["No answer", "Keep", "Exception", "Reduce", "Revoke"];
    let options = outcomes.iter().zip(titles).map(|(word, title)| ((*word).to_owned(), title.to_owned()));
    Table {
        id: "items".into(),
        path: path.clone(),
        noun: ("item", "items"),
        counted: None,
        columns: vec![
            Column::number("number", "No.", Phone::Hidden),
            Column::text("account", "Account", Phone::Title),
            Column::text("right", "Right", Phone::Line),
            Column::text("used", "Last use", Phone::Wide),
            Column::text("flags", "Flags", Phone::Line),
            Column::text("reviewer", "Decides", Phone::Line),
            Column::text("outcome", "Decision", Phone::Status),
        ],
        filters: vec![
            Filter { key: "outcome", label: "Decision", options: options.collect(), shown: true },
            Filter {
                key: "flag",
                label: "Flag",
                options: Flag::ALL
                    .iter()
                    .map(|flag| (flag.word().to_owned(), flag.title().to_owned()))
                    .collect(),
                shown: true,
            },
        ],
        rows: rows.collect(),
        empty: html! { div.empty { p { "Review " (review.key) " has no item." } } },
    }
}
