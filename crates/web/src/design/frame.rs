//! The frame around every page: rail, context, title, and what print and phones show instead.

use maud::{DOCTYPE, Markup, html};
use tickmark_app::Actor;
use tickmark_core::Timestamp;

use super::icon::{icon, sprite};
use super::moment;
use crate::{assets, permission};

/// Where in the product a page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// What needs attention.
    Overview,
    /// The period board.
    Period,
    /// Frozen assessments and what changed between them.
    Readiness,
    /// The controls.
    Controls,
    /// What is promised.
    Commitments,
    /// The criteria map.
    Criteria,
    /// The checks.
    Checks,
    /// What is looked at.
    Targets,
    /// Looks taken.
    Runs,
    /// What was not looked at.
    Coverage,
    /// Exceptions to checks.
    Waivers,
    /// What falls short.
    Findings,
    /// Raw answers.
    Evidence,
    /// The log.
    Ledger,
    /// Examinations.
    Engagements,
    /// Documents.
    Reports,
    /// Work beside the pages.
    Jobs,
    /// What somebody has to do.
    Work,
    /// Evidence as people hand it in.
    Items,
    /// What is due when.
    Calendar,
    /// What triggers produced, to be tested.
    Populations,
    /// Who holds which right where.
    AccessLists,
    /// Duties that one person should not hold together.
    Segregation,
    /// Rights that are decided about.
    AccessReviews,
    /// Members and invitations.
    People,
    /// What somebody was told.
    Notices,
    /// The boundaries that reports describe.
    Systems,
    /// Time zone, dates and escalation of an organization.
    Time,
    /// One's own account.
    Account,
    /// What happened in accounts and rights.
    AuditTrail,
    /// The search over everything.
    Search,
}

struct Entry {
    place: Place,
    label: &'static str,
    href: &'static str,
    icon: &'static str,
    /// Whether only members have it.
    needs_account: bool,
}

const fn entry(place: Place, label: &'static str, href: &'static str, icon: &'static str) -> Entry {
    Entry { place, label, href, icon, needs_account: false }
}

const fn desk(place: Place, label: &'static str, href: &'static str, icon: &'static str) -> Entry {
    Entry { place, label, href, icon, needs_account: true }
}

const OVERVIEW: Entry = entry(Place::Overview, "Overview", "/", "i-overview");
const PERIOD: Entry = entry(Place::Period, "Period board", "/period", "i-period");
const READINESS: Entry = entry(Place::Readiness, "Readiness over time", "/readiness", "i-readiness");
const CONTROLS: Entry = entry(Place::Controls, "Controls", "/controls", "i-controls");
const CRITERIA: Entry = entry(Place::Criteria, "Criteria", "/criteria", "i-criteria");
const CHECKS: Entry = entry(Place::Checks, "Checks", "/checks", "i-checks");
const TARGETS: Entry = entry(Place::Targets, "Targets", "/targets", "i-targets");
const RUNS: Entry = entry(Place::Runs, "Runs", "/runs", "i-runs");
const COVERAGE: Entry = entry(Place::Coverage, "Coverage", "/coverage", "i-coverage");
const FINDINGS: Entry = entry(Place::Findings, "Findings", "/findings", "i-findings");
const EVIDENCE: Entry = entry(Place::Evidence, "Raw evidence", "/evidence", "i-evidence");
const LEDGER: Entry = entry(Place::Ledger, "Ledger", "/ledger", "i-ledger");
const REPORTS: Entry = entry(Place::Reports, "Reports", "/reports", "i-reports");

const JOBS: Entry = desk(Place::Jobs, "Jobs", "/jobs", "i-settings");
const COMMITMENTS: Entry = desk(Place::Commitments, "Commitments", "/commitments", "i-commitment");
const ENGAGEMENTS: Entry = desk(Place::Engagements, "Engagements", "/engagements", "i-engagement");
const WAIVERS: Entry = desk(Place::Waivers, "Waivers", "/waivers", "i-waiver");
const WORK: Entry = desk(Place::Work, "My work", "/work", "i-work");
const ITEMS: Entry = desk(Place::Items, "Evidence", "/evidence/items", "i-evidence");
const CALENDAR: Entry = desk(Place::Calendar, "Calendar", "/calendar", "i-calendar");
const POPULATIONS: Entry = desk(Place::Populations, "Populations", "/populations", "i-runs");
const ACCESS_REVIEWS: Entry = desk(Place::AccessReviews, "Access reviews", "/access-reviews", "i-people");
const ACCESS_LISTS: Entry = desk(Place::AccessLists, "Lists of access", "/access", "i-targets");
const SEGREGATION: Entry = desk(Place::Segregation, "Segregation of duties", "/segregation", "i-criteria");
const TIME: Entry = desk(Place::Time, "Time and reminders", "/settings/time", "i-calendar");
const SYSTEMS: Entry = desk(Place::Systems, "Systems", "/systems", "i-targets");
const TRAIL: Entry = desk(Place::AuditTrail, "Audit trail", "/audit-trail", "i-trail");
const PEOPLE: Entry = desk(Place::People, "People", "/people", "i-people");

const GROUPS: [(&str, &[Entry]); 5] = [
    ("", &[OVERVIEW, WORK, PERIOD, READINESS]),
    (
        "Program",
        &[
            CRITERIA,
            CONTROLS,
            COMMITMENTS,
            ITEMS,
            CALENDAR,
            POPULATIONS,
            ACCESS_REVIEWS,
            ACCESS_LISTS,
            SEGREGATION,
        ],
    ),
    ("Monitoring", &[CHECKS, TARGETS, RUNS, COVERAGE, FINDINGS, WAIVERS]),
    ("Proof", &[ENGAGEMENTS, REPORTS, EVIDENCE, LEDGER]),
    ("Settings", &[JOBS, PEOPLE, SYSTEMS, TIME, TRAIL]),
];

/// What a phone shows at once, as far as it is offered: the first four.
/// Whoever examines has the last one.
const PHONE: [Entry; 8] = [OVERVIEW, WORK, CONTROLS, ITEMS, PERIOD, LEDGER, CALENDAR, ENGAGEMENTS];

/// Colors the reader chose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system prefers.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// The value of the `data-theme` attribute, if any.
    #[must_use]
    pub fn attribute(self) -> Option<&'static str> {
        match self {
            Self::System => None,
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
        }
    }
}

/// What every page is shown in the context of.
#[derive(Clone, Debug)]
pub struct Context {
    /// The organization.
    pub organization: String,
    /// The system the report describes; empty where there are several and the page is about none of them.
    pub system: String,
    /// All systems in use, as id and name.
    pub systems: Vec<(String, String)>,
    /// What is aimed at, e.g. `SOC 2 Type 2`.
    pub aim: String,
    /// First moment of the period.
    pub from: Timestamp,
    /// First moment after the period.
    pub to: Timestamp,
    /// What every page says first, e.g. that the data is made up; may be empty.
    pub notice: String,
}

/// What the request adds to the context.
#[derive(Clone, Debug)]
pub struct Visit {
    /// Path and query of the page, to come back to.
    pub here: String,
    /// Colors the reader chose.
    pub theme: Theme,
    /// The moment of the answer.
    pub now: Timestamp,
    /// Whoever is signed in; none where pages are only for whoever started the server.
    pub actor: Option<Box<Actor>>,
    /// How much waits for them.
    pub waiting: usize,
    /// How much they were told and have not read.
    pub unread: usize,
    /// Organizations that they can go to, as id and name; empty for whoever is in one.
    pub places: Vec<(String, String)>,
    /// The token of forms in the frame.
    pub token: String,
    /// The system whose records they look at, by its id; empty for all.
    pub system: String,
}

impl Visit {
    /// Tells whether whoever asks is of an audit firm.
    #[must_use]
    pub fn is_auditor(&self) -> bool {
        self.actor.as_deref().is_some_and(permission::is_auditor)
    }
}

/// Whose words a page prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Papers {
    /// Management's: its own assessment.
    Management,
    /// The audit firm's: a working paper.
    Auditor,
    /// Of neither alone, or of nothing that is assessed.
    Neither,
}

impl Papers {
    fn of(place: Place) -> Self {
        match place {
            Place::Overview
            | Place::Period
            | Place::Readiness
            | Place::Controls
            | Place::Commitments
            | Place::Criteria
            | Place::Checks
            | Place::Targets
            | Place::Runs
            | Place::Coverage
            | Place::Waivers
            | Place::Findings
            | Place::Engagements
            | Place::Populations
            | Place::AccessLists
            | Place::Segregation
            | Place::AccessReviews
            | Place::Reports => Self::Management,
            Place::Evidence
            | Place::Ledger
            | Place::Jobs
            | Place::Work
            | Place::Items
            | Place::Calendar
            | Place::People
            | Place::Notices
            | Place::Systems
            | Place::Time
            | Place::Account
            | Place::AuditTrail
            | Place::Search => Self::Neither,
        }
    }

    /// The class by which the foot of a printed page says so.
    fn class(self) -> Option<&'static str> {
        match self {
            Self::Management => Some("of-management"),
            Self::Auditor => Some("of-auditor"),
            Self::Neither => None,
        }
    }
}

/// A page to be framed.
#[derive(Clone, Debug)]
pub struct Page {
    /// Where it belongs.
    pub place: Place,
    /// Title of the document and the page.
    pub title: String,
    /// Identifier set before the title; may be empty.
    pub id: String,
    /// One line under the title.
    pub lead: Markup,
    /// What it lies under, as (word, address).
    pub crumbs: Vec<(String, String)>,
    /// Buttons at the right of the title.
    pub actions: Markup,
    /// The period that the page is about, when it is not that of the context.
    pub period: Option<(Timestamp, Timestamp)>,
    /// Whose words it prints.
    pub papers: Papers,
    /// The rest.
    pub body: Markup,
}

impl Page {
    /// A page with a title and a body.
    #[must_use]
    pub fn new(place: Place, title: &str, body: Markup) -> Self {
        let none = || html! {};
        Self {
            place,
            title: title.to_owned(),
            id: String::new(),
            lead: none(),
            crumbs: Vec::new(),
            actions: none(),
            period: None,
            papers: Papers::of(place),
            body,
        }
    }
}

/// Draws the whole document.
#[must_use]
pub fn frame(context: &Context, visit: &Visit, page: &Page) -> Markup {
    let title = if page.id.is_empty() { page.title.clone() } else { format!("{} {}", page.id, page.title) };
    let (from, to) = page.period.unwrap_or((context.from, context.to));
    let period = format!("{} to {}", moment::date(from), moment::date(to.plus_micros(-1)));
    let is_auditor = visit.is_auditor();
    let body = html! {
        a.skip href="#main" { "Skip to the content" }
        (sprite())
        div.frame {
            header.rail {
                (brand())
                nav.nav aria-label="Main" { (groups(page.place, visit)) }
                @if visit.actor.is_none() { p.rail-foot { "Read-only on this machine" } }
            }
            div {
                @if !context.notice.is_empty() { p.notice role="note" { (context.notice) } }
                @if is_auditor { p.auditor-band role="note" { "Auditor" span { "You work in the papers of your firm, in one engagement of " (context.organization) "." } } }
                div.topbar {
                    @if is_auditor { span { strong { (context.organization) } } } @else {
                        span { strong { (context.organization) } @if !has_switcher(context, visit) && !context.system.is_empty() { " / " (context.system) } }
                        @if has_switcher(context, visit) { (switcher(context, visit)) }
                        span.nowrap { (context.aim) ", " (period) }
                    }
                    (places(visit))
                    div.end {
                        @if visit.actor.is_some() && !is_auditor { a.button.quiet.find href="/search" data-palette title="Search and go (Ctrl K)" { (icon("i-search")) span.label { "Search" } kbd { "Ctrl K" } } }
                        @if visit.actor.is_some() {
                            a.bell href="/notices" title="Notices" aria-current=[(page.place == Place::Notices).then_some("page")] {
                                (icon("i-bell")) span.visually-hidden { "Notices" }
                                @if visit.unread > 0 { span.waiting { (visit.unread.min(99)) @if visit.unread > 99 { "+" } span.visually-hidden { " unread" } } }
                            }
                        }
                        @if let Some(actor) = &visit.actor { a.who href="/account" title="Your account" { (actor.label) } }
                        form method="post" action="/theme" data-theme-form {
                            input type="hidden" name="back" value=(visit.here);
                            button.button.quiet type="submit" name="theme" value=(if visit.theme == Theme::Dark { "light" } else { "dark" }) aria-label="Switch between light and dark" title="Switch between light and dark" { (icon("i-theme")) }
                        }
                    }
                }
                main id="main" tabindex="-1" class=[page.papers.class()] {
                    div.print-head aria-hidden="true" {
                        span { (context.organization) @if !is_auditor { @if !context.system.is_empty() { " / " (context.system) } ", " (context.aim) ", " (period) } }
                        span { "As of " (moment::written(visit.now)) }
                    }
                    @if !page.crumbs.is_empty() {
                        nav aria-label="Breadcrumb" {
                            ol.crumbs { @for (word, href) in &page.crumbs { li { a href=(href) { (word) } } } }
                        }
                    }
                    div.page-head {
                        div.title {
                            h1 { @if !page.id.is_empty() { span.id { (page.id) } } (page.title) }
                            @if !page.lead.0.is_empty() { div.lead { (page.lead) } }
                        }
                        @if !page.actions.0.is_empty() { div.row.actions { (page.actions) } }
                    }
                    (page.body)
                    p.visually-hidden id="status" role="status" {}
                }
            }
        }
        (phone_bar(page.place, visit))
    };
    // Where the palette is, its keys are set in the other font on every page.
    let has_keys = visit.actor.is_some() && !is_auditor;
    document(&title, visit.theme, has_keys, looks_are(visit), &body)
}

/// How a look is taken by whoever reads the page: on the page of jobs, with a command, or not by them.
fn looks_are(visit: &Visit) -> Option<&'static str> {
    match &visit.actor {
        None => Some("takes-commands"),
        Some(actor) if permission::offers(actor, JOBS.href) => Some("takes-jobs"),
        Some(_) => None,
    }
}

/// A form by which whoever is in several organizations goes to another one.
fn places(visit: &Visit) -> Markup {
    html! {
        @if !visit.places.is_empty() {
            form.inline.places method="post" action="/account/organization" {
                input type="hidden" name="form" value=(visit.token);
                label.visually-hidden for="place" { "Another organization" }
                select #place name="organization" {
                    @for (id, name) in &visit.places { option value=(id) { (name) } }
                }
                button.button.quiet type="submit" { "Go there" }
            }
        }
    }
}

/// Draws a page without the frame: refusals and errors.
#[must_use]
pub fn bare(title: &str, theme: Theme, body: &Markup) -> Markup {
    let body = html! {
        (sprite())
        main.plain-page { (brand()) h1 { (title) } (body) }
    };
    document(title, theme, false, None, &body)
}

/// Of several systems, whoever is in chooses which to look at.
fn has_switcher(context: &Context, visit: &Visit) -> bool {
    visit.actor.is_some() && !visit.is_auditor() && context.systems.len() > 1
}

/// Chooses the system whose controls, evidence and targets are looked at.
fn switcher(context: &Context, visit: &Visit) -> Markup {
    html! {
        form.switch method="post" action="/looking-at" data-auto {
            input type="hidden" name="back" value=(visit.here);
            label.visually-hidden for="looking-at" { "System to look at" }
            select id="looking-at" name="system" {
                option value="" { "All systems" }
                @for (id, name) in &context.systems { option value=(id) selected[*id == visit.system] { (name) } }
            }
            button.button.quiet type="submit" { "Look" }
        }
    }
}

/// Fonts that are needed are asked for before the style sheet says so: then text is set once, and nothing shifts.
fn document(title: &str, theme: Theme, has_mono: bool, class: Option<&str>, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" data-theme=[theme.attribute()] {
            head {
                meta charset="utf-8";
                title { (title) " · Tickmark" }
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                link rel="icon" type="image/svg+xml" href=(assets::href("icon.svg"));
                link rel="preload" as="font" type="font/woff2" crossorigin href=(assets::href("inter.woff2"));
                @if has_mono { link rel="preload" as="font" type="font/woff2" crossorigin href=(assets::href("jetbrains-mono.woff2")); }
                link rel="stylesheet" href=(assets::href("tickmark.css"));
                script type="module" src=(assets::href("enhance.js")) {}
                script type="module" src=(assets::href("drawer.js")) {}
                script type="module" src=(assets::href("keys.js")) {}
            }
            body class=[class] { (body) }
        }
    }
}

fn brand() -> Markup {
    html! { a.brand href="/" { (icon("i-tick")) span.label { "Tickmark" } } }
}

fn link(entry: &Entry, place: Place, visit: &Visit) -> Markup {
    let waiting = if entry.place == Place::Work { visit.waiting } else { 0 };
    html! {
        a href=(entry.href) aria-current=[(entry.place == place).then_some("page")] {
            (icon(entry.icon)) span.label { (entry.label) }
            @if waiting > 0 { span.waiting { (waiting) span.visually-hidden { " waiting" } } }
        }
    }
}

/// Tells whether the page of an entry is for whoever asks.
fn is_offered(entry: &Entry, visit: &Visit) -> bool {
    match &visit.actor {
        Some(actor) => permission::offers(actor, entry.href),
        None => !entry.needs_account,
    }
}

fn groups(place: Place, visit: &Visit) -> Markup {
    let groups = GROUPS.iter().map(|(name, entries)| {
        (name, entries.iter().filter(|entry| is_offered(entry, visit)).collect::<Vec<_>>())
    });
    html! {
        @for (name, entries) in groups.filter(|(_, entries)| !entries.is_empty()) {
            @if !name.is_empty() { h2 { (name) } }
            ul { @for entry in entries { li { (link(entry, place, visit)) } } }
        }
    }
}

/// Pages that are offered to whoever asks, with their names, in the order of the navigation.
pub(crate) fn destinations(visit: &Visit) -> Vec<(&'static str, &'static str)> {
    let entries = GROUPS.iter().flat_map(|(_, entries)| entries.iter());
    entries.filter(|entry| is_offered(entry, visit)).map(|entry| (entry.label, entry.href)).collect()
}

fn phone_bar(place: Place, visit: &Visit) -> Markup {
    const SHOWN: usize = 4;
    let entries = PHONE.iter().filter(|entry| is_offered(entry, visit)).take(SHOWN);
    html! {
        nav.tabbar aria-label="Main, short" {
            @for entry in entries { (link(entry, place, visit)) }
            button type="button" popovertarget="sheet" { (icon("i-more")) "More" }
        }
        div.sheet id="sheet" popover { nav.nav aria-label="All pages" { (groups(place, visit)) } }
    }
}
