//! What the pages of controls show, and one control.

use maud::{Markup, html};
use tickmark_core::Timestamp;
use tickmark_core::control::ControlState;
use tickmark_core::observation::{ReasonClass, Verdict};

use crate::design::badge::{self, VerdictCounts, badge};
use crate::design::empty::{command, empty};
use crate::design::frame::{Page, Place};
use crate::design::icon::Mark;
use crate::design::strip::{self, Strip};
use crate::design::table::plain;
use crate::design::{block, moment, plural, segment};
use crate::evidence::{ArtifactRow, artifact_table};

use super::May;

/// One of the four questions about a control. They are never merged into one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// The word in addresses.
    pub key: &'static str,
    /// The word for people.
    pub word: &'static str,
    /// What "yes" means.
    pub meaning: &'static str,
}

/// The four questions, in their order.
pub const QUESTIONS: [Question; 4] = [
    Question { key: "designed", word: "Designed", meaning: "Written down; would meet the criterion if run" },
    Question {
        key: "implemented",
        word: "Implemented",
        meaning: "In place; at least one real instance seen",
    },
    Question { key: "operating", word: "Operating", meaning: "Ran as designed over the period, on time" },
    Question {
        key: "evidenced",
        word: "Evidenced",
        meaning: "Evidence is complete, dated and can be found again",
    },
];

/// The answer to one of the four questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Yes.
    Yes,
    /// Partly.
    Partly,
    /// No.
    No,
    /// Nobody has said, and nothing suggests.
    NotAssessed,
}

impl Answer {
    /// All answers, best first.
    pub const ALL: [Self; 4] = [Self::Yes, Self::Partly, Self::No, Self::NotAssessed];

    /// The word in addresses.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Partly => "partly",
            Self::No => "no",
            Self::NotAssessed => "not_assessed",
        }
    }

    /// The word for people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Yes => "Yes",
            Self::Partly => "Partly",
            Self::No => "No",
            Self::NotAssessed => "Not assessed",
        }
    }

    /// The mark.
    #[must_use]
    pub fn mark(self) -> Mark {
        match self {
            Self::Yes => Mark::Pass,
            Self::Partly => Mark::Partly,
            Self::No => Mark::Fail,
            Self::NotAssessed => Mark::Unknown,
        }
    }
}

/// What follows from the four answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ControlStatus {
    /// Not designed or not implemented.
    Gap,
    /// Partly designed.
    DesignWeakness,
    /// Did not operate as designed all the time.
    OperatingWeakness,
    /// Evidence is lacking.
    EvidenceWeakness,
    /// A question is open.
    NotAssessed,
    /// All counted questions are answered yes.
    Ready,
}

impl ControlStatus {
    /// All, worst first.
    pub const ALL: [Self; 6] = [
        Self::Gap,
        Self::DesignWeakness,
        Self::OperatingWeakness,
        Self::EvidenceWeakness,
        Self::NotAssessed,
        Self::Ready,
    ];

    /// The word in addresses.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Gap => "gap",
            Self::DesignWeakness => "design_weakness",
            Self::OperatingWeakness => "operating_weakness",
            Self::EvidenceWeakness => "evidence_weakness",
            Self::NotAssessed => "not_assessed",
            Self::Ready => "ready",
        }
    }

    /// The word for people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Gap => "Gap",
            Self::DesignWeakness => "Design weakness",
            Self::OperatingWeakness => "Operating weakness",
            Self::EvidenceWeakness => "Evidence weakness",
            Self::NotAssessed => "Not assessed",
            Self::Ready => "Ready",
        }
    }

    /// The mark.
    #[must_use]
    pub fn mark(self) -> Mark {
        match self {
            Self::Gap => Mark::Missed,
            Self::DesignWeakness | Self::OperatingWeakness => Mark::Fail,
            Self::EvidenceWeakness => Mark::Partly,
            Self::NotAssessed => Mark::Unknown,
            Self::Ready => Mark::Pass,
        }
    }
}

/// A control in a list.
#[derive(Clone, Debug)]
pub struct ControlRow {
    /// Identifier, e.g. `IAM-07`.
    pub id: String,
    /// Title.
    pub title: String,
    /// Area, e.g. `Identity and access`.
    pub area: String,
    /// How far it has come.
    pub state: ControlState,
    /// Whether a change of it waits for approval.
    pub waits: bool,
    /// Who answers for it: the person, or the role while nobody is named.
    pub owner: String,
    /// The role of the person who is named; empty while nobody is.
    pub owner_role: String,
    /// How often, e.g. `quarterly`.
    pub frequency: String,
    /// Criteria it maps to.
    pub criteria: Vec<String>,
    /// Criteria it is a key control for.
    pub key_for: Vec<String>,
    /// What follows from its answers.
    pub status: ControlStatus,
    /// The four answers that people gave, in the order of [`QUESTIONS`].
    pub answers: [Answer; 4],
    /// What tests suggest where nobody has answered, in the same order.
    pub suggestions: [Option<Answer>; 4],
    /// Verdicts of its tests now.
    pub verdicts: VerdictCounts,
    /// Its history over the period, if any of its tests is automated.
    pub strip: Option<Strip>,
}

/// One of the four answers with where it comes from.
#[derive(Clone, Debug)]
pub struct AnswerView {
    /// The answer that a person gave.
    pub answer: Answer,
    /// What tests suggest. Never an answer by itself.
    pub suggestion: Option<Answer>,
    /// Who answered and when, in words; empty while nobody has.
    pub decided: String,
    /// What it rests on.
    pub basis: String,
}

/// A test of a control at one target.
#[derive(Clone, Debug)]
pub struct TestRow {
    /// The check.
    pub check_id: String,
    /// Its title.
    pub check_title: String,
    /// The target's key.
    pub target_key: i64,
    /// The target's name.
    pub target_name: String,
    /// What it says now.
    pub verdict: Verdict,
    /// Why, for unknown and not applicable.
    pub reason: Option<ReasonClass>,
    /// One sentence.
    pub message: String,
    /// Since when it says so.
    pub since: Timestamp,
    /// History of this test at this target.
    pub strip: Option<Strip>,
}

/// One control.
#[derive(Clone, Debug)]
pub struct ControlView {
    /// What its row shows.
    pub row: ControlRow,
    /// What is done, who, how often.
    pub statement: String,
    /// Preventive, detective or corrective.
    pub kind: String,
    /// Automated, manual or both.
    pub nature: String,
    /// What an auditor would inspect.
    pub evidence_expected: Vec<String>,
    /// Where its occurrences come from.
    pub population: String,
    /// Where it sits; empty while nobody has said so.
    pub level: String,
    /// Who performs it, where that is not the owner.
    pub operator: String,
    /// Who reviews it.
    pub reviewer: String,
    /// The version of its text, who wrote it and since when it holds, in words.
    pub text: String,
    /// Who approved it, or why it was retired, in words; may be empty.
    pub decided: String,
    /// The four answers, in the order of [`QUESTIONS`].
    pub answers: [AnswerView; 4],
    /// Commitments it keeps: number, title and state in words; only known where members look.
    pub commitments: Vec<(i64, String, String)>,
    /// Control objectives that it serves: number of the examination, identifier and statement; only known where members look.
    pub objectives: Vec<(i64, String, String)>,
    /// Its automated tests.
    pub tests: Vec<TestRow>,
    /// Evidence behind them.
    pub evidence: Vec<ArtifactRow>,
}

/// The word for people.
pub(super) fn state_word(state: ControlState) -> &'static str {
    match state {
        ControlState::Draft => "Draft",
        ControlState::Active => "In force",
        ControlState::Retired => "Retired",
    }
}

/// What is worth saying beside a title: being in force is as it should be.
pub(super) fn state_tag(row: &ControlRow) -> Option<&'static str> {
    match row.state {
        ControlState::Draft => Some("draft"),
        ControlState::Active if row.waits => Some("change waits"),
        ControlState::Active => None,
        ControlState::Retired => Some("retired"),
    }
}

pub(super) fn one(view: &ControlView, now: Timestamp, may: May) -> Page {
    let row = &view.row;
    let body = html! {
        (block("answers", "Four questions", &badge(row.status.mark(), row.status.word()), &answers(view, may.answer && row.state != ControlState::Retired)))
        @if let Some(strip) = &row.strip {
            (block("history", "Over the period", &html! { (row.frequency) }, &html! { div.block-body { (strip::full(strip)) } }))
        }
        (block("tests", "Tests of this control", &badge::counts(&row.verdicts, "/checks?verdict="), &tests(view, now)))
        @if may.history && !view.commitments.is_empty() { (block("commitments", "Commitments it keeps", &html! { a href="/commitments" { "all" } }, &commitments(view))) }
        div.columns {
            div { (block("evidence", "Evidence", &html! {}, &evidence(view, now))) }
            div { (block("about", "As written", &html! {}, &about(view))) }
        }
    };
    let mut page = Page::new(Place::Controls, &row.title, body);
    page.id.clone_from(&row.id);
    page.lead = html! { @if let Some(tag) = state_tag(row) { span.tag { (tag) } " " } (view.statement) };
    page.actions = actions(row, may);
    page.crumbs = vec![
        ("Controls".into(), "/controls".into()),
        (row.area.clone(), format!("/controls?area={}", segment(&row.area))),
    ];
    page
}

fn commitments(view: &ControlView) -> Markup {
    let rows = view.commitments.iter().map(|(key, title, state)| {
        vec![
            html! { span.mono { "SC-" (key) } },
            html! { a.primary href={ "/commitments/" (key) } { (title) } },
            html! { (state) },
        ]
    });
    plain("Commitments it keeps", &["No.", "Commitment", "State"], rows.collect())
}

fn actions(row: &ControlRow, may: May) -> Markup {
    let href = format!("/controls/{}", segment(&row.id));
    let is_there = row.state != ControlState::Retired;
    html! {
        @if may.approve && row.waits {
            a.button.primary href={ (href) "/approve" } { @if row.state == ControlState::Draft { "Put in force" } @else { "Look at the change" } }
        }
        @if may.edit && is_there { a.button href={ (href) "/edit" } { "Edit" } }
        @if may.history { a.button href={ (href) "/history" } { "History" } }
        @if may.retire && is_there { a.button.quiet href={ (href) "/retire" } { "Retire" } }
    }
}

fn answers(view: &ControlView, may_answer: bool) -> Markup {
    let open = QUESTIONS.iter().zip(&view.answers).find(|(_, answer)| answer.decided.is_empty());
    html! {
        div.answers {
            @for (question, view) in QUESTIONS.iter().zip(&view.answers) {
                div {
                    h3 { (question.word) }
                    div class={ "answer " (view.answer.mark().class()) } { (view.answer.mark().draw()) (view.answer.word()) }
                    @if !view.decided.is_empty() { p { (view.decided) } }
                    @if let Some(suggested) = view.suggestion {
                        p { span.suggestion { (suggested.mark().draw()) " tests suggest: " (suggested.word().to_lowercase()) } }
                    }
                    p { (view.basis) }
                }
            }
        }
        @if may_answer {
            div.block-body { a.button href={ "/controls/" (segment(&view.row.id)) "/answer" } { "Answer" } }
        } @else if let Some((question, answer)) = open {
            div.block-body {
                p.muted.small { "A person answers, with a reason; the answer goes into the ledger:" }
                (command(&format!(
                    "tickmark assess set {} {} {} --by \"Your name\" --reason \"...\"",
                    view.row.id,
                    question.key,
                    answer.suggestion.unwrap_or(Answer::Yes).key().replace('_', "-"),
                )))
            }
        }
    }
}

fn tests(view: &ControlView, now: Timestamp) -> Markup {
    if view.tests.is_empty() {
        return empty(
            "No automated test",
            "This control is tested by looking at its evidence. A check of your own can be added as a folder beside the built-in ones.",
            "tickmark checks new my-check",
        );
    }
    let mut tests: Vec<&TestRow> = view.tests.iter().collect();
    tests.sort_by_key(|test| badge::rank(test.verdict));
    let rows = tests.into_iter().map(|test| {
        vec![
            badge::verdict(test.verdict),
            html! {
                a.primary href={ "/checks/" (segment(&test.check_id)) } { (test.check_title) }
                span.sub { (test.message) @if let Some(reason) = test.reason { " (" (reason.plain()) ")" } }
            },
            html! { a href={ "/targets/" (test.target_key) } { (test.target_name) } },
            html! { @if let Some(strip) = &test.strip { (strip::row(strip)) } },
            html! { span.muted.nowrap { (moment::ago(test.since, now)) } },
        ]
    });
    plain("Tests of this control", &["Verdict", "Check", "Target", "Period", "Since"], rows.collect())
}

fn evidence(view: &ControlView, now: Timestamp) -> Markup {
    if view.evidence.is_empty() {
        return empty(
            "No evidence collected for it yet",
            "Automated evidence comes with a run.",
            "tickmark collect",
        );
    }
    artifact_table(&view.evidence, now)
}

fn about(view: &ControlView) -> Markup {
    let row = &view.row;
    html! {
        dl.facts {
            dt { "State" } dd { (state_word(row.state)) @if !view.decided.is_empty() { span.sub { (view.decided) } } }
            @if !view.text.is_empty() { dt { "Text" } dd { (view.text) } }
            dt { "Owner" } dd { (row.owner) @if !row.owner_role.is_empty() { span.sub { (row.owner_role) } } }
            @if !view.operator.is_empty() { dt { "Operator" } dd { (view.operator) } }
            @if !view.reviewer.is_empty() { dt { "Reviewer" } dd { (view.reviewer) } }
            dt { "Type" } dd { (view.kind) ", " (view.nature) @if !view.level.is_empty() { ", " (view.level) } }
            dt { "Frequency" } dd { (row.frequency) }
            @if !row.criteria.is_empty() || view.objectives.is_empty() {
                dt { (plural(row.criteria.len(), "Criterion", "Criteria")) }
                dd {
                    span.refs {
                        @for id in &row.criteria {
                            span { a href={ "/criteria/" (segment(id)) } { (id) } @if row.key_for.contains(id) { " " span.tag.key { "key" } } }
                        }
                    }
                }
            }
            @if !view.objectives.is_empty() {
                dt { (plural(view.objectives.len(), "Control objective", "Control objectives")) }
                dd {
                    span.refs {
                        @for (engagement, id, statement) in &view.objectives {
                            span { a href={ "/engagements/" (engagement) "#objectives" } title=(statement) { (id) } " " span.muted { "E-" (engagement) } }
                        }
                    }
                }
            }
            dt { "Population" } dd { (view.population) }
            dt { "Evidence expected" } dd { (view.evidence_expected.join("; ")) }
        }
    }
}
