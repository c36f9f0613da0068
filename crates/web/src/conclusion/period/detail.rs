//! What belongs to the conclusions about one control: limits, samples, fixes, and how far the tests reach.

use maud::{Markup, html};
use tickmark_core::Timestamp;

use super::control::{StretchRow, listed};
use crate::design::icon::Mark;
use crate::design::table::plain;
use crate::design::{badge::badge, block, board, moment, plural};

/// What belongs to the conclusions about a control.
#[derive(Clone, Debug, Default)]
pub struct PeriodDetails {
    /// How long checks may fail, with the history of each limit.
    pub limits: Vec<LimitRow>,
    /// Failing stretches that are no deviation, as they lie within the limit.
    pub tolerated: Vec<StretchRow>,
    /// What samples say.
    pub samples: Vec<SampleRow>,
    /// Fixes of findings within the period.
    pub fixes: Vec<FixRow>,
    /// Tests before and after them.
    pub parts: Vec<PartRow>,
    /// Up to when each test reaches.
    pub reach: Vec<ReachRow>,
}

/// How long a check might fail from a moment on.
#[derive(Clone, Debug)]
pub struct LimitRow {
    /// The check, by its title.
    pub test: String,
    /// The limit in words; empty when every failing stretch is a deviation.
    pub limit: String,
    /// From when.
    pub since: Timestamp,
    /// Why.
    pub reason: String,
}

/// What a sample says about its population.
#[derive(Clone, Debug)]
pub struct SampleRow {
    /// The population.
    pub population: String,
    /// How it was selected.
    pub method: String,
    /// Units, and items of the population.
    pub size: (u64, u64),
    /// Units that were tested.
    pub tested: u64,
    /// Units that deviate.
    pub deviations: u64,
    /// Upper limit, risk and tolerable rate in words; empty where the size is judgement.
    pub limit: String,
    /// What follows.
    pub mark: Mark,
    /// The same in words.
    pub says: &'static str,
}

/// A fix that was verified.
#[derive(Clone, Debug)]
pub struct FixRow {
    /// The finding.
    pub finding: String,
    /// When it was fixed.
    pub at: Timestamp,
    /// When somebody else saw that it is.
    pub verified_at: Timestamp,
}

/// One test between two fixes, or between a fix and an end of the period.
#[derive(Clone, Debug)]
pub struct PartRow {
    /// The test.
    pub test: String,
    /// First moment.
    pub from: Timestamp,
    /// First moment after it.
    pub to: Timestamp,
    /// What is known; none when nothing was in force.
    pub mark: Option<Mark>,
    /// Subjects, and those that deviate.
    pub counts: (usize, usize),
    /// Instances that were looked at, and how many are needed after a fix.
    pub instances: (usize, Option<usize>),
}

/// Up to when a test reaches in the period.
#[derive(Clone, Debug)]
pub struct ReachRow {
    /// The test.
    pub test: String,
    /// First moment that was not tested any more.
    pub until: Option<Timestamp>,
    /// What is left to roll forward over.
    pub left: Option<(Timestamp, Timestamp)>,
    /// Of the last fourth: from when, tested, needed.
    pub fourth: Option<(Timestamp, usize, usize)>,
    /// Of the last month.
    pub month: Option<(Timestamp, usize, usize)>,
}

/// Draws all of it.
pub(super) fn blocks(details: &PeriodDetails) -> Markup {
    html! { (samples(details)) (fixes(details)) (reach(details)) (limits(details)) }
}

fn samples(details: &PeriodDetails) -> Markup {
    let rows = details.samples.iter().map(|row| {
        let (size, items) = row.size;
        vec![
            html! { strong { (row.population) } span.sub { (row.method) } },
            html! { span.num { (size) " of " (items) } @if row.tested < size { span.sub { (size - row.tested) " left to test" } } },
            html! { span.num { (row.deviations) } },
            html! { @if row.limit.is_empty() { span.muted { "judgement, without a confidence" } } @else { (row.limit) } },
            html! { (badge(row.mark, board::word(row.mark))) span.sub { (row.says) } },
        ]
    });
    html! {
        @if !details.samples.is_empty() {
            (block("samples", "Samples", &html! { "what was not selected is spoken for by what was" }, &plain("Samples", &["Population", "Selected", "Deviate", "Upper limit", "What follows"], rows.collect())))
        }
    }
}

fn fixes(details: &PeriodDetails) -> Markup {
    let rows = details.parts.iter().map(|row| {
        let (subjects, deviating) = row.counts;
        vec![
            html! { (row.test) },
            html! { (moment::date(row.from)) " to " (moment::date(row.to.plus_micros(-1))) },
            html! { @if let Some(mark) = row.mark { (badge(mark, board::word(mark))) } @else { span.muted { "not in force" } } },
            html! { span.num { (subjects) } span.sub { (deviating) " " (plural(deviating, "deviates", "deviate")) } },
            match row.instances {
                (looked, None) => html! { span.num { (looked) } span.sub { "before the fix" } },
                (looked, Some(needed)) if looked >= needed => html! { span.num { (looked) } span.sub { "of " (needed) " needed after a fix" } },
                (looked, Some(needed)) => html! { span.num { (looked) } span.sub { strong { (needed - looked) " more needed" } " to say that the fix holds" } },
            },
        ]
    });
    html! {
        @if !details.fixes.is_empty() {
            (block("fixes", "Before and after a fix", &html! { "a control that was mended is another one" }, &html! {
                ul.lines {
                    @for fix in &details.fixes {
                        li { (fix.finding) ": fixed " (moment::exact(fix.at)) ", verified by somebody else " (moment::exact(fix.verified_at)) }
                    }
                }
                (plain("Before and after a fix", &["Test", "Part of the period", "State", "Subjects", "Looked at"], rows.collect()))
            }))
        }
    }
}

/// How much of what is needed lies in a stretch.
fn share((from, tested, needed): (Timestamp, usize, usize)) -> Markup {
    html! {
        span.num { (tested) " of " (needed) }
        span.sub {
            "from " (moment::date(from))
            @if tested < needed { ": " strong { (needed - tested) " missing" } }
        }
    }
}

fn reach(details: &PeriodDetails) -> Markup {
    let rows = details.reach.iter().map(|row| {
        vec![
            html! { (row.test) },
            html! { @match row.until { Some(until) => (moment::exact(until)), None => span.muted { "nothing was tested" } } },
            html! {
                @match row.left {
                    Some((from, to)) => { (moment::duration(to.micros() - from.micros())) span.sub { "ask what changed, and test some of it" } },
                    None => span.muted { "nothing" },
                }
            },
            html! { @if let Some(fourth) = row.fourth { (share(fourth)) } },
            html! { @if let Some(month) = row.month { (share(month)) } },
        ]
    });
    html! {
        @if !details.reach.is_empty() {
            (block("reach", "How far the tests reach", &html! { "what was done before the end is carried to it" }, &plain("How far the tests reach", &["Test", "Tested until", "Left", "In the last quarter", "In the last month"], rows.collect())))
        }
    }
}

fn limits(details: &PeriodDetails) -> Markup {
    let rows = details.limits.iter().map(|row| {
        vec![
            html! { (row.test) },
            html! { @if row.limit.is_empty() { "none: every failure is a deviation" } @else { (row.limit) } },
            moment::exact(row.since),
            html! { span.muted { (row.reason) } },
        ]
    });
    html! {
        @if !details.limits.is_empty() {
            (block("limits", "How long it may fail", &html! { "what held when a failure began judges it" }, &html! {
                (plain("How long it may fail", &["Test", "Limit", "From", "Why"], rows.collect()))
                @if !details.tolerated.is_empty() {
                    h3 { "Failed and within the limit" }
                    (listed("Failed and within the limit", &details.tolerated))
                }
            }))
        }
    }
}
