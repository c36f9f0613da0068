//! One control over the period: its tests, where they ran, each deviation with both bounds, each stretch unseen.

use maud::{Markup, html};
use tickmark_core::{Digest, Timestamp};

use super::{Chosen, ControlPeriod, clip, moment_href};
use crate::design::bar::{Fill, bar};
use crate::design::board::{self, Board, BoardRow, Group, Stretch};
use crate::design::empty::empty;
use crate::design::frame::{Page, Place};
use crate::design::icon::Mark;
use crate::design::table::{TableQuery, plain};
use crate::design::{badge::badge, block, digest, moment, plural, segment};

/// Targets that get a row under each check; those with something to tell come first.
const TARGET_LIMIT: usize = 40;
/// Rows of a list of stretches.
const LIST_LIMIT: usize = 200;

/// A check at one target over the period.
#[derive(Clone, Debug)]
pub struct TargetPeriod {
    /// The target's key.
    pub key: i64,
    /// Its name.
    pub name: String,
    /// What was known.
    pub stretches: Vec<Stretch>,
}

/// A check over the period.
#[derive(Clone, Debug)]
pub struct CheckPeriod {
    /// Identifier.
    pub id: String,
    /// Title.
    pub title: String,
    /// The worst over its targets.
    pub stretches: Vec<Stretch>,
    /// Each target.
    pub targets: Vec<TargetPeriod>,
}

/// A population that a trigger produced.
#[derive(Clone, Debug)]
pub struct PopulationPeriod {
    /// Title.
    pub title: String,
    /// What produces an item.
    pub trigger: String,
    /// The system that the list came from.
    pub source: String,
    /// Items listed.
    pub items: usize,
    /// Items with an attribute that is not met.
    pub deviating: usize,
    /// Items not tested in full.
    pub untested: usize,
    /// When the list was frozen, with the digest of its keys.
    pub frozen: Option<(Timestamp, Digest)>,
    /// What was known over its span.
    pub stretches: Vec<Stretch>,
}

/// One deviation.
#[derive(Clone, Debug)]
pub struct DeviationRow {
    /// What kind: failing, missed, late, or an attribute not met.
    pub mark: Mark,
    /// What it was found at, e.g. a target, a window or an item.
    pub subject: String,
    /// Which test found it.
    pub test: String,
    /// Where its record is.
    pub href: String,
    /// The last look that did not find it, if there was one.
    pub seen_good: Option<Timestamp>,
    /// The first look that found it.
    pub seen_bad: Timestamp,
    /// The first look that no longer found it.
    pub good_again: Option<Timestamp>,
    /// The waiver that stands beside it, in words; may be empty.
    pub waiver: String,
    /// Why, in a few words; may be empty.
    pub note: String,
}

/// One control over the period.
#[derive(Clone, Debug)]
pub struct ControlPeriodView {
    /// What its row on the board shows.
    pub row: ControlPeriod,
    /// What is done, who, how often.
    pub statement: String,
    /// Its checks.
    pub checks: Vec<CheckPeriod>,
    /// Windows in which it was due, when it is done from time to time.
    pub windows: Vec<Stretch>,
    /// Populations of what triggers it.
    pub populations: Vec<PopulationPeriod>,
    /// Every deviation, oldest first.
    pub deviations: Vec<DeviationRow>,
}

pub(super) fn page(view: &ControlPeriodView, chosen: &Chosen, query: &TableQuery, now: Timestamp) -> Page {
    let row = &view.row;
    let path = format!("/period/{}", segment(&row.id));
    let body = html! {
        (chosen.switcher(&path, query, now))
        @if row.stretches.is_empty() && view.checks.is_empty() && view.populations.is_empty() {
            (empty("Nothing tests this control yet", "A check, a performance of each window it is due in, or a population of what triggers it says how it operated.", &format!("tickmark perform {} --help", row.id)))
        } @else {
            (tests(view, chosen, now))
            (populations(view))
            (deviations(view, now))
            (unseen(view, chosen))
            (waived(view, chosen))
        }
    };
    let mut page = Page::new(Place::Period, &row.title, body);
    page.id.clone_from(&row.id);
    page.lead = html! { (view.statement) };
    page.period = Some((chosen.from, chosen.to));
    page.crumbs = vec![("Period board".into(), format!("/period{}", chosen.tail()))];
    if let Some(criterion) = row.criteria.first() {
        page.crumbs
            .push((criterion.clone(), format!("/period{}&criterion={}", chosen.tail(), segment(criterion))));
    }
    page.actions = html! { a.button href={ "/controls/" (segment(&row.id)) } { "Answers and evidence" } };
    page
}

fn board_of(groups: Vec<Group>, label: &str, chosen: &Chosen, now: Timestamp) -> Markup {
    let board = Board {
        label: label.to_owned(),
        from: chosen.from,
        to: chosen.to,
        now,
        groups,
        empty_row: "never looked at",
        word: crate::design::board::word,
    };
    board.draw()
}

fn tests(view: &ControlPeriodView, chosen: &Chosen, now: Timestamp) -> Markup {
    let row = |id: &str, title: &str, about: String, href: String, stretches: &[Stretch]| BoardRow {
        id: id.to_owned(),
        title: title.to_owned(),
        about,
        href,
        lists: String::new(),
        stretches: clip(stretches, chosen),
    };
    let whole = Group {
        id: String::new(),
        title: String::new(),
        href: String::new(),
        rows: vec![row(
            "",
            "All tests together",
            view.row.tested_by.clone(),
            "#deviation".to_owned(),
            &view.row.stretches,
        )],
    };
    let checks = view.checks.iter().map(|check| {
        let mut targets: Vec<&TargetPeriod> = check.targets.iter().collect();
        targets.sort_by_key(|target| worst(&clip(&target.stretches, chosen)));
        let hidden = targets.len().saturating_sub(TARGET_LIMIT);
        let mut rows = vec![row(
            "",
            "Over all targets",
            match hidden {
                0 => String::new(),
                hidden => format!("{hidden} {} below the fold", plural(hidden, "target is", "targets are")),
            },
            format!("/checks/{}", segment(&check.id)),
            &check.stretches,
        )];
        rows.extend(targets.iter().take(TARGET_LIMIT).map(|target| {
            // To the day that matters: the first deviation, else the latest moment that was looked at.
            let stretches = clip(&target.stretches, chosen);
            let first = stretches.iter().find(|s| s.mark == Mark::Fail).map(|s| s.from);
            let at = first.unwrap_or_else(|| chosen.to.min(now).plus_micros(-1));
            row("", &target.name, String::new(), moment_href(target.key, &check.id, at), &target.stretches)
        }));
        Group {
            id: String::new(),
            title: check.title.clone(),
            href: format!("/checks/{}", segment(&check.id)),
            rows,
        }
    });
    let windows = (!view.windows.is_empty()).then(|| Group {
        id: String::new(),
        title: "Each window in which it was due".to_owned(),
        href: String::new(),
        rows: vec![row("", &view.row.tested_by, String::new(), "#missed".to_owned(), &view.windows)],
    });
    let populations = (!view.populations.is_empty()).then(|| Group {
        id: String::new(),
        title: "What its trigger produced".to_owned(),
        href: String::new(),
        rows: view
            .populations
            .iter()
            .map(|population| {
                let about = format!("{} {}", population.items, plural(population.items, "item", "items"));
                row("", &population.title, about, "#populations".to_owned(), &population.stretches)
            })
            .collect(),
    });
    let groups: Vec<Group> = [whole].into_iter().chain(windows).chain(populations).chain(checks).collect();
    block(
        "operating",
        "What was known",
        &html! { (chosen.words()) },
        &html! { div.block-body { (board_of(groups, "Test", chosen, now)) } },
    )
}

/// The order of targets: deviations first, then what could not be seen.
fn worst(stretches: &[Stretch]) -> u8 {
    let has = |mark: Mark| stretches.iter().any(|stretch| stretch.mark == mark);
    if has(Mark::Fail) {
        0
    } else if has(Mark::Waived) {
        1
    } else if has(Mark::Unknown) {
        2
    } else {
        3
    }
}

/// The funnel of each population: all, tested, deviating.
fn populations(view: &ControlPeriodView) -> Markup {
    let rows = view.populations.iter().map(|population| {
        let tested = population.items - population.untested;
        let fine = tested - population.deviating;
        let label = format!("{fine} met every attribute, {} did not, {} not tested", population.deviating, population.untested);
        vec![
            html! { strong { (population.title) } span.sub { "from " (population.source) "; each " (population.trigger) } },
            html! { span.num { (population.items) } },
            html! { span.fixed-bar title=(label) { (bar(&[(Fill::Pass, fine), (Fill::Fail, population.deviating), (Fill::Unknown, population.untested)], &label)) } span.sub { (label) } },
            html! {
                @match &population.frozen {
                    Some((at, keys)) => { (moment::exact(*at)) span.sub { (digest::chip(keys)) } },
                    None => span.badge.is-unknown { (Mark::Unknown.draw()) "not frozen" },
                }
            },
        ]
    });
    html! {
        @if !view.populations.is_empty() {
            (block("populations", "Populations", &html! { "what triggers it, tested item by item" }, &plain("Populations", &["Population", "Items", "Found", "Frozen"], rows.collect())))
        }
    }
}

fn deviations(view: &ControlPeriodView, now: Timestamp) -> Markup {
    let count = view.deviations.len();
    let rows = view.deviations.iter().take(LIST_LIMIT).map(|row| html_row(row, now));
    block(
        "deviation",
        "Deviations",
        &html! { (count) },
        &html! {
            span id="missed" {} span id="late" {}
            @if count == 0 {
                div.empty { h3 { "None was seen" } p { "Of the time that was looked at. What was not seen is below." } }
            } @else {
                (plain("Deviations", &["State", "Where", "Test", "Last seen good", "First seen bad", "Good again", "Why"], rows.collect()))
                @if count > LIST_LIMIT { p.muted.small { "The first " (LIST_LIMIT) " of " (count) "." } }
            }
        },
    )
}

fn html_row(row: &DeviationRow, now: Timestamp) -> Vec<Markup> {
    // A window or an item has one moment; it was not good before and is not good again.
    let is_moment = row.good_again == Some(row.seen_bad) || matches!(row.mark, Mark::Missed | Mark::Late);
    vec![
        badge(row.mark, board::word(row.mark)),
        html! { a.primary href=(row.href) { (row.subject) } },
        html! { (row.test) },
        html! { @match row.seen_good { _ if is_moment => {}, Some(at) => (moment::exact(at)), None => span.muted { "never before" } } },
        moment::exact(row.seen_bad),
        html! {
            @match row.good_again {
                Some(at) if at == row.seen_bad => {},
                None if row.mark == Mark::Missed => "never",
                Some(at) if row.mark == Mark::Late => { (moment::exact(at)) span.sub { (moment::duration(at.micros() - row.seen_bad.micros())) " late" } },
                Some(at) => { (moment::exact(at)) span.sub { "after " (moment::duration(at.micros() - row.seen_bad.micros())) } },
                None => strong { "still so, " (moment::duration(now.micros() - row.seen_bad.micros())) },
            }
        },
        html! {
            (row.note)
            @if !row.waiver.is_empty() { span.sub { (Mark::Waived.draw()) " waived: " (row.waiver) } }
        },
    ]
}

/// One list over all checks and targets of the stretches in one state.
fn listed(view: &ControlPeriodView, chosen: &Chosen, mark: Mark) -> (usize, Markup) {
    let mut found = Vec::new();
    for check in &view.checks {
        for target in &check.targets {
            let stretches = clip(&target.stretches, chosen);
            found.extend(
                stretches.into_iter().filter(|s| s.mark == mark).map(|stretch| (check, target, stretch)),
            );
        }
    }
    found.sort_by_key(|(check, target, stretch)| (stretch.from, target.key, check.id.clone()));
    let rows = found.iter().take(LIST_LIMIT).map(|(check, target, stretch)| {
        vec![
            html! { a.primary href=(moment_href(target.key, &check.id, stretch.from)) { (target.name) } },
            html! { a href={ "/checks/" (segment(&check.id)) } { (check.title) } },
            moment::exact(stretch.from),
            moment::exact(stretch.to),
            html! { (moment::duration(stretch.to.micros() - stretch.from.micros())) },
            html! { span.muted { (stretch.note) } },
        ]
    });
    let list = html! {
        (plain(board::word(mark), &["Target", "Check", "From", "Until", "For", "Why"], rows.collect()))
        @if found.len() > LIST_LIMIT { p.muted.small { "The first " (LIST_LIMIT) " of " (found.len()) "." } }
    };
    (found.len(), list)
}

fn unseen(view: &ControlPeriodView, chosen: &Chosen) -> Markup {
    let (count, list) = listed(view, chosen, Mark::Unknown);
    block(
        "unknown",
        "What could not be seen",
        &html! { "never counted as operating" },
        &html! {
            @if count == 0 { div.empty { p { "Every target was looked at for the whole period." } } } @else { (list) }
        },
    )
}

fn waived(view: &ControlPeriodView, chosen: &Chosen) -> Markup {
    let (count, list) = listed(view, chosen, Mark::Waived);
    html! { @if count > 0 { (block("waived", "Waived", &html! { "an approved exception stands beside the verdict" }, &list)) } }
}
