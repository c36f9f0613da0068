//! What the overview shows.

use maud::{Markup, html};
use tickmark_core::observation::ReasonClass;
use tickmark_core::{Digest, Timestamp};

use crate::catalog::{CriterionRow, CriterionStatus, map_legend, map_of};
use crate::control::{Answer, QUESTIONS};
use crate::design::bar::{Fill, bar};
use crate::design::criteria_map::criteria_map;
use crate::design::empty::empty;
use crate::design::frame::{Page, Place};
use crate::design::icon::Mark;
use crate::design::table::plain;
use crate::design::{block, digest, moment, plural};
use crate::observation::run::{RunRow, run_table};

/// Something to look at first.
#[derive(Clone, Debug)]
pub struct Attention {
    /// Its mark.
    pub mark: Mark,
    /// The mark in words, for those who cannot see it.
    pub word: String,
    /// What it is.
    pub title: String,
    /// Why, and what to do, in one line.
    pub detail: String,
    /// Where its rows are.
    pub href: String,
    /// Since when, if known.
    pub since: Option<Timestamp>,
}

/// How much of one section of facts was seen at the last look.
#[derive(Clone, Debug)]
pub struct SectionCoverage {
    /// What was looked at, e.g. `ada-01`.
    pub label: String,
    /// Verdicts that could be given.
    pub seen: usize,
    /// Verdicts that could not.
    pub unknown: usize,
    /// Where its rows are.
    pub href: String,
}

/// How many gaps have one reason.
#[derive(Clone, Copy, Debug)]
pub struct GapCount {
    /// The reason.
    pub reason: ReasonClass,
    /// How many.
    pub count: usize,
}

/// The overview.
#[derive(Clone, Debug)]
pub struct OverviewView {
    /// Controls in scope.
    pub controls: usize,
    /// Controls in force.
    pub in_force: usize,
    /// Key controls among them.
    pub key_controls: usize,
    /// Key controls that are ready.
    pub key_ready: usize,
    /// Checks that fail somewhere.
    pub failing_checks: usize,
    /// Targets that were looked at.
    pub targets: usize,
    /// Facts that could not be seen at the last looks.
    pub gaps: usize,
    /// Points earned of points possible, as `60.9 %`; shown only beside the count of criteria short of met.
    pub percent: String,
    /// For each of the four questions, how many controls have each answer, in the order of [`Answer::ALL`].
    pub questions: [[usize; 4]; 4],
    /// For each of the four questions, for how many controls tests suggest an answer that nobody has given.
    pub suggested: [usize; 4],
    /// What to look at first, most pressing first.
    pub attention: Vec<Attention>,
    /// Criteria in the order of the framework.
    pub criteria: Vec<CriterionRow>,
    /// What was seen, by target.
    pub coverage: Vec<SectionCoverage>,
    /// Gaps by reason.
    pub gap_reasons: Vec<GapCount>,
    /// Latest runs, newest first.
    pub runs: Vec<RunRow>,
    /// Leaves of the ledger, its root and the moment of its checkpoint; none while it is empty.
    pub ledger: Option<(u64, Digest, Timestamp)>,
}

/// `look` is the button that has this machine looked at; empty for whoever may not ask for it.
pub(super) fn overview(view: &OverviewView, now: Timestamp, may_start: bool, look: &Markup) -> Page {
    let body = html! {
        @if may_start && view.in_force == 0 { (begin(view)) }
        (statement(view, look))
        @if view.targets > 0 {
        div.columns {
            div { (block("attention", "Needs attention", &html! { (view.attention.len()) }, &attention(view, now))) }
            div {
                (block("runs", "Latest runs", &html! { a href="/runs" { "all" } }, &run_table(&view.runs, now)))
                (block("ledger", "Ledger", &html! { a href="/ledger" { "open" } }, &ledger(view, now)))
            }
        }
        }
        (block("readiness", "Readiness by the four questions", &points(view), &questions(view)))
        (block("criteria", "Criteria", &map_legend(), &criteria_map(&map_of(&view.criteria))))
        (block("coverage", "What could not be seen", &html! { "unknown is never counted as a pass" }, &coverage(view)))
    };
    Page::new(Place::Overview, "Overview", body)
}

/// Where a program begins, for whoever may begin one.
fn begin(view: &OverviewView) -> Markup {
    html! {
        div.empty {
            h3 { "No control is in force yet" }
            p {
                "Answer a few questions about company and scope, and a program is proposed from the starter library"
                @if view.controls > 0 { "; the " a href="/controls?state=draft" { (view.controls) " drafts" } " here are part of it" }
                "."
            }
            p.row {
                a.button.primary href="/start" { "Put a program together" }
                @if view.controls > 0 { a.button href="/start?step=next" { "Chosen already: what comes next" } }
            }
        }
    }
}

fn short_of_met(view: &OverviewView) -> usize {
    view.criteria.iter().filter(|row| row.status != CriterionStatus::Met).count()
}

const FIRST_LOOK: &str = "One run reads its configuration, keeps the raw answers as evidence and evaluates every check. As an ordinary user it \
    says what it may not read.";

fn statement(view: &OverviewView, look: &Markup) -> Markup {
    if view.targets == 0 {
        return html! {
            p.statement { "Nothing has been looked at yet. " a href="/controls" { (view.controls) " controls" } " and " a href="/criteria" { (view.criteria.len()) " criteria" } " are loaded and wait for evidence." }
            @if look.0.is_empty() {
                (empty("Start with this machine", FIRST_LOOK, "tickmark collect"))
            } @else {
                div.empty { h3 { "Look at this machine" } p { (FIRST_LOOK) } (look) }
            }
        };
    }
    let not_met = short_of_met(view);
    html! {
        p.statement {
            a href="/controls?key=yes&status=ready" { (view.key_ready) " of " (view.key_controls) } " key controls are ready. "
            a href="/criteria" { (not_met) " of " (view.criteria.len()) } " criteria are short of met. "
            a href="/checks?verdict=fail" { (view.failing_checks) " " (plural(view.failing_checks, "check", "checks")) } " "
            (plural(view.failing_checks, "fails", "fail")) " on "
            a href="/targets" { (view.targets) " " (plural(view.targets, "target", "targets")) } ", and "
            a href="#coverage" { (view.gaps) " " (plural(view.gaps, "fact", "facts")) } " could not be seen."
        }
    }
}

fn attention(view: &OverviewView, now: Timestamp) -> Markup {
    if view.attention.is_empty() {
        return html! {
            div.empty {
                h3 { "Nothing presses" }
                p { "No check fails and nothing is overdue. " a href="/controls?status=not_assessed" { "Controls not assessed" } " are next." }
            }
        };
    }
    html! {
        ul.todo {
            @for item in &view.attention {
                li {
                    (item.mark.draw())
                    a.what href=(item.href) { span.visually-hidden { (item.word) ": " } (item.title) }
                    span.when { @if let Some(since) = item.since { (moment::ago(since, now)) } }
                    span.why { (item.detail) }
                }
            }
        }
    }
}

fn ledger(view: &OverviewView, now: Timestamp) -> Markup {
    match &view.ledger {
        None => empty("The log is empty", "The first run writes the first leaves.", "tickmark collect"),
        Some((size, root, signed)) => html! {
            dl.facts {
                dt { "Leaves" } dd.num { a href="/ledger#leaves" { (size) } }
                dt { "Root" } dd { (digest::chip(root)) }
                dt { "Signed" } dd { (moment::ago(*signed, now)) }
            }
        },
    }
}

/// The figure, never without what is missing.
fn points(view: &OverviewView) -> Markup {
    html! {
        "points earned " strong.num { (view.percent) } ", with "
        a href="/criteria" { (short_of_met(view)) " criteria" } " short of met"
    }
}

fn questions(view: &OverviewView) -> Markup {
    html! {
        div.questions {
            @for ((question, counts), suggested) in QUESTIONS.iter().zip(&view.questions).zip(&view.suggested) {
                @let parts: Vec<(Answer, usize)> = Answer::ALL.into_iter().zip(counts.iter().copied()).collect();
                @let label = parts.iter().map(|(answer, count)| format!("{count} {}", answer.word().to_lowercase())).collect::<Vec<_>>().join(", ");
                div {
                    div.q {
                        b { (question.word) }
                        span { (question.meaning) }
                        @if *suggested > 0 {
                            span.hint { a href={ "/controls?suggested=" (question.key) } { (suggested) " suggested by tests" } ", to be decided" }
                        }
                    }
                    (bar(&parts.iter().map(|(answer, count)| (fill(*answer), *count)).collect::<Vec<_>>(), &label))
                    div.marks {
                        @for (answer, count) in parts {
                            a.figure href={ "/controls?" (question.key) "=" (answer.key()) } title={ (count) " " (answer.word().to_lowercase()) } {
                                (answer.mark().draw())
                                span { (count) span.visually-hidden { " " (answer.word().to_lowercase()) } }
                            }
                        }
                    }
                }
            }
        }
        (crate::design::criteria_map::legend(&Answer::ALL.map(|answer| (answer.mark(), answer.word()))))
    }
}

fn fill(answer: Answer) -> Fill {
    match answer {
        Answer::Yes => Fill::Pass,
        Answer::Partly => Fill::Partly,
        Answer::No => Fill::Fail,
        Answer::NotAssessed => Fill::Unknown,
    }
}

fn coverage(view: &OverviewView) -> Markup {
    if view.coverage.is_empty() {
        return empty("Nothing was looked at", "Coverage is known after the first run.", "tickmark collect");
    }
    let rows = view.coverage.iter().map(|row| {
        let label = format!("{} verdicts given, {} unknown", row.seen, row.unknown);
        vec![
            html! { a.primary href=(row.href) { (row.label) } },
            html! { span.fixed-bar title=(label) { (bar(&[(Fill::Pass, row.seen), (Fill::Unknown, row.unknown)], &label)) } },
            html! { a.num.nowrap href=(row.href) { (row.seen) " of " (row.seen + row.unknown) } },
        ]
    });
    html! {
        (plain("Coverage by target", &["Target", "Share with a verdict", "Checks with a verdict"], rows.collect()))
        @if !view.gap_reasons.is_empty() {
            p.note-line {
                "Out of sight: "
                @for (at, gap) in view.gap_reasons.iter().enumerate() {
                    @if at > 0 { ", " }
                    strong.num { (gap.count) } " " (gap.reason.plain())
                }
                ". " a href="/runs" { "See the last run" }
                span.by-hand-words { ", or take the next look as root: " code { "sudo tickmark collect" } }
                span.on-pages-words { ". A server that runs as root sees more." }
            }
        }
    }
}
