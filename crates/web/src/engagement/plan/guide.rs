//! Planning step by step: from questions to the report that is needed, then its scope, and at the end all of it to look
//! through. Nothing is written before the last step: what was answered goes with the form. Works without script.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use tickmark_app::control::commitment;
use tickmark_app::engagement::{self, Grounds};
use tickmark_app::{Error, identity};
use tickmark_core::catalog::{Catalog, Framework, ObjectiveSet};
use tickmark_core::conclusion::scope::Day;
use tickmark_core::control::TEXT_MAX;
use tickmark_core::engagement::guide::{Answers, Question, categories, reports};
use tickmark_core::engagement::{Decision, EngagementKey, Method, ReportKind, Scope, Subservice, Vendor};
use tickmark_core::identity::{Atom, Resource, Verb};

use super::super::{catalog, framework, href, reason_field};
use super::fields::{Offered, Typed, category_field, element_fields, lines, names, omission_field};
use crate::WebState;
use crate::design::form::{Faults, Field, Kind, capital, field, form, hidden};
use crate::design::frame::{Page, Place};
use crate::design::table::plain;
use crate::design::{moment, plural};
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::visit::Asked;

/// Where it is.
const HREF: &str = "/engagements/guide";
/// Fields that only the steps have.
const OWN: [&str; 8] = ["step", "go", "answer", "set", "objective", "subservices", "vendors", "approver"];
/// Parts of a line about a vendor.
const PARTS: usize = 3;

/// A step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Questions,
    Report,
    Yardstick,
    Boundary,
    Vendors,
    Time,
    Review,
}

impl Step {
    const ALL: [Self; 7] = [
        Self::Questions,
        Self::Report,
        Self::Yardstick,
        Self::Boundary,
        Self::Vendors,
        Self::Time,
        Self::Review,
    ];

    fn word(self) -> &'static str {
        match self {
            Self::Questions => "questions",
            Self::Report => "report",
            Self::Yardstick => "yardstick",
            Self::Boundary => "boundary",
            Self::Vendors => "vendors",
            Self::Time => "time",
            Self::Review => "review",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Questions => "Who reads it",
            Self::Report => "Which report",
            Self::Yardstick => "Measured against",
            Self::Boundary => "Boundary",
            Self::Vendors => "Vendors",
            Self::Time => "Time",
            Self::Review => "Review",
        }
    }

    fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.word() == word)
    }

    fn place(self) -> usize {
        Self::ALL.iter().position(|step| *step == self).unwrap_or(0)
    }

    fn beside(self, by: isize) -> Self {
        let at = self.place().saturating_add_signed(by).min(Self::ALL.len() - 1);
        Self::ALL[at]
    }

    /// Names of the fields that it draws, so that they are not sent twice.
    fn draws(self, framework: &Framework) -> Vec<String> {
        let named = |all: &[&str]| all.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        match self {
            Self::Questions => named(&["answer"]),
            Self::Report => named(&["kind"]),
            Self::Yardstick => {
                let ids = || framework.categories.iter().map(|one| one.id.as_str());
                let reasons = ids().map(category_field).chain(ids().map(omission_field));
                named(&["exclusions", "commitment", "objective"]).into_iter().chain(reasons).collect()
            }
            Self::Boundary => {
                let pieces =
                    tickmark_core::engagement::ElementKind::ALL.iter().flat_map(|one| element_fields(*one));
                named(&["system", "systems", "services", "boundary", "outside", "firm"])
                    .into_iter()
                    .chain(pieces)
                    .collect()
            }
            Self::Vendors => named(&["subservices", "vendors", "approver", "decided"]),
            Self::Time => named(&["type", "from", "to"]),
            Self::Review => named(&["reason"]),
        }
    }

    /// The fields of which what is wrong is said here.
    fn faulty(self) -> &'static [&'static str] {
        match self {
            Self::Questions => &[],
            Self::Report => &["kind"],
            Self::Yardstick => &["exclusions", "commitment"],
            Self::Boundary => &["system", "systems", "environment-out", "site-out", "team-out", "data-out"],
            Self::Vendors => &["subservices", "vendors", "approver", "decided"],
            Self::Time => &["type", "from", "to"],
            Self::Review => &["reason"],
        }
    }
}

/// What was answered so far, as it goes from step to step.
struct Known {
    pairs: Vec<(String, String)>,
}

impl Known {
    fn sent(&self) -> Sent {
        Sent::of(self.pairs.clone())
    }

    fn has(&self, name: &str) -> bool {
        self.pairs.iter().any(|(held, _)| held == name)
    }

    /// Says something that nobody said yet.
    fn suppose(&mut self, name: &str, value: &str) {
        if !self.has(name) {
            self.pairs.push((name.to_owned(), value.to_owned()));
        }
    }

    fn answers(&self) -> Answers {
        self.sent().all("answer").iter().filter_map(|word| Question::from_word(word)).collect()
    }

    fn kind(&self) -> Option<ReportKind> {
        ReportKind::from_word(&self.sent().text("kind"))
    }

    fn objectives(&self) -> BTreeSet<String> {
        self.sent().all("objective").into_iter().collect()
    }

    /// Supposes what the answers before a step propose for it.
    fn prepare(&mut self, step: Step, of: &Ground<'_>) {
        let answers = self.answers();
        match step {
            Step::Questions | Step::Vendors | Step::Review => {}
            Step::Report => {
                let first = reports(&answers).first().map_or(ReportKind::Soc2, |one| one.kind);
                self.suppose("kind", first.word());
            }
            Step::Yardstick if self.kind() == Some(ReportKind::Soc1) => {
                if let Some(set) = of.sets.first().filter(|_| !self.has("set")) {
                    self.suppose("set", &set.id);
                    self.pairs
                        .extend(set.objectives.iter().map(|one| ("objective".to_owned(), one.id.clone())));
                }
            }
            Step::Yardstick => {
                for (id, choice) in categories(&answers) {
                    let (reason, without) = (category_field(id), omission_field(id));
                    if !self.has(&reason) && !self.has(&without) {
                        self.suppose(if choice.is_in { &reason } else { &without }, choice.why);
                    }
                }
            }
            Step::Boundary => {
                if let Some(system) = of.offered.systems.first() {
                    self.suppose("system", &system.name);
                    self.suppose("boundary", &system.boundary);
                    if of.offered.systems.len() == 1 {
                        self.suppose("systems", &system.id.to_string());
                    }
                }
            }
            Step::Time => self.suppose("type", "2"),
        }
    }

    /// Answers that others were proposed from are new: what was proposed goes.
    fn forget_proposals(&mut self, framework: &Framework) {
        let ids = || framework.categories.iter().map(|one| one.id.as_str());
        let gone: BTreeSet<String> =
            ids().map(category_field).chain(ids().map(omission_field)).chain(["kind".to_owned()]).collect();
        self.pairs.retain(|(name, _)| !gone.contains(name));
    }
}

/// What is chosen from and held against.
struct Ground<'a> {
    offered: Offered<'a>,
    sets: &'a [ObjectiveSet],
    engagements: &'a [engagement::Version],
}

/// A line like `Name: what it does: why`.
fn vendor_lines(text: &str) -> Result<Vec<[String; PARTS]>, String> {
    let one = |line: String| {
        let parts: Vec<String> = line.splitn(PARTS, ':').map(|part| part.trim().to_owned()).collect();
        <[String; PARTS]>::try_from(parts)
            .ok()
            .filter(|parts| parts.iter().all(|part| !part.is_empty()))
            .ok_or_else(|| {
                format!("\u{201c}{line}\u{201d} is not like \u{201c}Name: what it does: why\u{201d}")
            })
    };
    lines(text).into_iter().map(one).collect()
}

/// What is wrong with the answers of a step.
fn look(step: Step, known: &Known, framework: &Framework) -> Faults {
    let sent = known.sent();
    let mut faults = Faults::default();
    let whole = Typed::of_sent(&sent, framework).scope(None).err().unwrap_or_default();
    for &name in step.faulty() {
        if let Some(says) = whole.of(name) {
            faults.add(name, says);
        }
    }
    match step {
        Step::Questions if known.answers().is_empty() => {
            return Faults::whole("say yes to at least one question, or plan a report without this guide");
        }
        Step::Yardstick if known.kind() != Some(ReportKind::Soc1) => {
            let is_silent = |id: &str| {
                sent.text(&category_field(id)).is_empty() && sent.text(&omission_field(id)).is_empty()
            };
            let silent = framework.categories.iter().filter(|one| is_silent(&one.id));
            let silent: Vec<&str> = silent.map(|one| one.title.as_str()).collect();
            if !silent.is_empty() {
                return Faults::whole(format!("say why these are in, or left out: {}", silent.join(", ")));
            }
        }
        Step::Vendors => {
            let both = [("subservices", sent.text("subservices")), ("vendors", sent.text("vendors"))];
            let has_any = both.iter().any(|(_, text)| !text.is_empty());
            for (name, text) in both {
                if let Err(says) = vendor_lines(&text) {
                    faults.add(name, says);
                }
            }
            if has_any && sent.text("approver").is_empty() {
                faults.add("approver", "say who decided");
            }
            if has_any && sent.text("decided").parse::<Day>().is_err() {
                faults.add("decided", "it is a day like 2027-03-31");
            }
        }
        _ => {}
    }
    faults
}

/// Returns the scope that was put together. Objectives of the set are added when it is planned.
fn scope(known: &Known, framework: &Framework) -> Result<Scope, Faults> {
    let sent = known.sent();
    let mut typed = Typed::of_sent(&sent, framework);
    if known.kind() == Some(ReportKind::Soc1) {
        typed.categories.clear();
        typed.omissions.clear();
        typed.exclusions.clear();
    }
    let mut scope = typed.scope(None)?;
    let decision = Decision {
        approver: sent.text("approver"),
        decided: sent.text("decided").parse().ok(),
        categories: scope.categories.keys().cloned().collect(),
    };
    for [name, service, why] in vendor_lines(&sent.text("subservices")).map_err(Faults::whole)? {
        let one = Subservice::of(&name, &service, Method::CarveOut, &why);
        scope.subservices.push(Subservice { decision: decision.clone(), ..one });
    }
    for [name, service, why] in vendor_lines(&sent.text("vendors")).map_err(Faults::whole)? {
        scope.vendors.push(Vendor { name, service, why, decision: decision.clone() });
    }
    Ok(scope)
}

pub(in crate::engagement) async fn page(
    State(state): State<WebState>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (app, _) = asked.member(&state)?;
    let once = app.new_id(asked.visit.now).to_string();
    let known = Known { pairs: vec![("once".to_owned(), once)] };
    let page = load(&state, &asked, known, Step::Questions, &Faults::default()).await?;
    asked.frame(&state, &page).await
}

pub(in crate::engagement) async fn answer(
    State(state): State<WebState>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let framework = framework(&state)?;
    let all: Vec<String> =
        names(framework).into_iter().chain(OWN.map(str::to_owned)).chain(["decided".to_owned()]).collect();
    sent.only(&all.iter().map(String::as_str).collect::<Vec<_>>())?;
    let step = Step::of_word(&sent.text("step")).ok_or(Refusal::Malformed)?;
    let is_back = sent.text("go") == "back";
    let pairs = all
        .iter()
        .filter(|name| !["step", "go", "version"].contains(&name.as_str()))
        .flat_map(|name| sent.all(name).into_iter().map(|value| (name.clone(), value)))
        .collect();
    let mut known = Known { pairs };
    let faults = if is_back { Faults::default() } else { look(step, &known, framework) };
    if !faults.is_empty() {
        let page = load(&state, &asked, known, step, &faults).await?;
        return refused(&state, &asked, &page).await;
    }
    if step == Step::Questions {
        known.forget_proposals(framework);
    }
    if step == Step::Review && !is_back {
        return plan(&state, &asked, known).await;
    }
    let next = step.beside(if is_back { -1 } else { 1 });
    let page = load(&state, &asked, known, next, &Faults::default()).await?;
    asked.frame(&state, &page).await.map(IntoResponse::into_response)
}

async fn refused(state: &WebState, asked: &Asked, page: &Page) -> Result<Response, Refusal> {
    super::super::refused(state, asked, StatusCode::UNPROCESSABLE_ENTITY, page).await
}

async fn plan(state: &WebState, asked: &Asked, known: Known) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(state)?;
    let (framework, catalog) = (framework(state)?, catalog(state)?);
    let sent = known.sent();
    let (once, reason) = (sent.text("once"), sent.text("reason"));
    let faults = match scope(&known, framework) {
        Err(faults) => faults,
        Ok(scope) => {
            let (chosen, set) = (known.objectives(), set_of(&known, catalog));
            let planned = app
                .transact(actor, async |cx| match set {
                    Some(set) => {
                        engagement::plan_from_set(cx, &once, scope.clone(), (set, &chosen), &reason).await
                    }
                    None => engagement::plan(cx, &once, scope.clone(), &reason).await,
                })
                .await;
            match planned {
                Ok(record) => return Ok(go(&href(record.key))),
                Err(Error::Invalid(says) | Error::Conflict(says)) => Faults::whole(says),
                Err(error) => return Err(error.into()),
            }
        }
    };
    let page = load(state, asked, known, Step::Review, &faults).await?;
    refused(state, asked, &page).await
}

/// The set that a SOC 1 begins from.
fn set_of<'a>(known: &Known, catalog: &'a Catalog) -> Option<&'a ObjectiveSet> {
    let id = known.sent().text("set");
    let is_soc1 = known.kind() == Some(ReportKind::Soc1);
    catalog.objective_sets.iter().find(|set| is_soc1 && set.id == id && !known.objectives().is_empty())
}

async fn load(
    state: &WebState,
    asked: &Asked,
    mut known: Known,
    step: Step,
    faults: &Faults,
) -> Result<Page, Refusal> {
    let (app, actor) = asked.member(state)?;
    let (framework, catalog) = (framework(state)?, catalog(state)?);
    let (grounds, commitments, systems) = app
        .read(actor, async |view| {
            view.permit_whole(Atom::new(Resource::Description, Verb::Create))?;
            let commitments = commitment::list(view).await?;
            Ok((Grounds::read(view).await?, commitments, identity::systems(view).await?))
        })
        .await?;
    // Controls are copied for the objectives of a set: whoever may not write controls writes objectives by hand.
    let may_copy = asked.may(Atom::new(Resource::Control, Verb::Create));
    let ground = Ground {
        offered: Offered { framework, commitments: &commitments, systems: &systems },
        sets: if may_copy { &catalog.objective_sets } else { &[] },
        engagements: &grounds.engagements,
    };
    known.prepare(step, &ground);
    let body = match step {
        Step::Review => review(&known, &grounds, catalog, framework)?,
        _ => draw(step, &known, &ground, faults),
    };
    Ok(frame(step, &known, &body, (framework, &asked.token), faults))
}

fn frame(
    step: Step,
    known: &Known,
    body: &Markup,
    (framework, token): (&Framework, &str),
    faults: &Faults,
) -> Page {
    let drawn = step.draws(framework);
    let sent = known.sent();
    let body = html! {
        (faults.summary())
        (hidden("step", step.word()))
        @for (name, value) in known.pairs.iter().filter(|(name, value)| !drawn.contains(name) && !value.is_empty()) {
            (hidden(name, value))
        }
        (body)
        @if step == Step::Review { (reason_field(&sent.text("reason"), faults)) }
        p.row {
            button.button.primary type="submit" name="go" value="on" { @if step == Step::Review { "Plan it" } @else { "Continue" } }
            @if step != Step::Questions { button.button type="submit" name="go" value="back" formnovalidate { "Back" } }
            a.button.quiet href="/engagements" { "Cancel" }
        }
    };
    let steps = html! {
        ol.stepper aria-label="Steps" {
            @for (number, one) in Step::ALL.iter().enumerate() {
                li aria-current=[(*one == step).then_some("step")] { span { (number + 1) ". " (one.title()) } }
            }
        }
    };
    let body = html! { div.narrow.stack { (steps) (form(HREF, token, &body)) } };
    let mut page = Page::new(Place::Engagements, "Plan an examination", body);
    page.lead = html! { (step.title()) ". Nothing is written before the last step." };
    page.crumbs = vec![("Engagements".into(), "/engagements".into())];
    page
}

fn draw(step: Step, known: &Known, ground: &Ground<'_>, faults: &Faults) -> Markup {
    let sent = known.sent();
    let typed = Typed::of_sent(&sent, ground.offered.framework);
    match step {
        Step::Questions => questions(&sent),
        Step::Report => report(known, faults),
        Step::Yardstick if known.kind() == Some(ReportKind::Soc1) => objectives(known, ground),
        Step::Yardstick => html! {
            p.muted { "What the answers propose stands in the fields. Say of each category why it is in, or why it is left out: leave the other field empty." }
            (typed.draw_categories(ground.offered.framework))
            (typed.draw_criteria(faults, ground.offered.commitments))
        },
        Step::Boundary => html! {
            (typed.draw_boundary(faults, ground.offered.systems))
            (field(&Field { name: "firm", label: "Audit firm", value: &typed.firm, hint: "Once it is chosen.", optional: true, ..Field::default() }))
        },
        Step::Vendors => vendors(&sent, faults),
        Step::Time => time(known, &typed, ground, faults),
        Step::Review => html! {},
    }
}

fn questions(sent: &Sent) -> Markup {
    let chosen = sent.all("answer");
    html! {
        fieldset.field {
            legend { "Which of these is so?" }
            div.choices.whole {
                @for question in Question::ALL {
                    label.choice {
                        input type="checkbox" name="answer" value=(question.word()) checked[chosen.iter().any(|word| word == question.word())];
                        span { (question.title()) span.sub { (question.hint()) } }
                    }
                }
            }
        }
    }
}

fn report(known: &Known, faults: &Faults) -> Markup {
    let proposed = reports(&known.answers());
    let kinds: Vec<(String, String)> =
        ReportKind::ALL.iter().map(|kind| (kind.word().to_owned(), kind.title().to_owned())).collect();
    let rows = proposed.iter().map(|one| vec![html! { strong { (one.kind.title()) } }, html! { (one.why) }]);
    let value = known.sent().text("kind");
    html! {
        (plain("What the answers call for", &["Report", "Why"], rows.collect()))
        @if proposed.len() > 1 {
            p { strong { "Each is an examination of its own." } " They may share evidence, never one opinion. Plan one now and the others after it." }
        }
        (field(&Field { name: "kind", label: "Plan now", value: &value, kind: Kind::Select(&kinds), fault: faults.of("kind"), ..Field::default() }))
    }
}

fn objectives(known: &Known, ground: &Ground<'_>) -> Markup {
    let chosen = known.objectives();
    let group = |set: &ObjectiveSet, is_general: bool, title: &str| {
        html! {
            fieldset.field {
                legend { (title) }
                div.choices.whole {
                    @for one in set.objectives.iter().filter(|one| one.is_general_control == is_general) {
                        label.choice {
                            input type="checkbox" name="objective" value=(one.id) checked[chosen.contains(&one.id)];
                            span { b.mono { (one.id) } " " (one.area)
                                span.sub { (set.lead_in) " " (one.statement) }
                                span.sub { (set.controls.iter().filter(|control| control.objective == one.id).map(|control| format!("{} {}", control.id, control.title)).collect::<Vec<_>>().join(", ")) }
                            }
                        }
                    }
                }
            }
        }
    };
    html! {
        p { "A SOC 1 is measured against control objectives that management writes. Begin from an example and make it your own: the objectives come into the scope, their controls are copied as drafts that still need an owner, and what customers have to do is listed." }
        @if ground.sets.is_empty() { p.muted { "No example is offered to you. Write the objectives once the examination is planned." } }
        @for set in ground.sets.iter().take(1) {
            h2 { (set.title) }
            (group(set, false, "Business process objectives"))
            (group(set, true, "IT general control objectives"))
            p.muted { "IT general controls matter only for systems that support the business process objectives." }
        }
    }
}

fn vendors(sent: &Sent, faults: &Faults) -> Markup {
    let area = |name: &'static str, label, hint| {
        let value = sent.text(name);
        field(&Field {
            name,
            label,
            value: &value,
            kind: Kind::Area(4),
            max: TEXT_MAX,
            optional: true,
            hint,
            fault: faults.of(name),
            ..Field::default()
        })
    };
    html! {
        p { "A vendor is a subservice organization only if its services matter to readers, and its controls are needed, together with yours, to keep the commitments or, in a SOC 1, to achieve the control objectives. If your own controls suffice, it is just a vendor. Either way the decision is recorded, and taken anew for each period." }
        (area("subservices", "Subservice organizations", "One on each line, as in: A cloud: hosting: it guards the buildings, own controls cannot. They begin as carve-out; what is assumed there and who watches it is written afterwards."))
        (area("vendors", "Other vendors", "Those that are no subservice organization, with the reason. One on each line, as in: A mail service: sends notices: what it sends is compared with what was to be sent."))
        div.fields {
            (field(&Field { name: "approver", label: "Decided by", value: &sent.text("approver"), optional: true, fault: faults.of("approver"), hint: "The name of a person.", ..Field::default() }))
            (field(&Field { name: "decided", label: "Decided on", value: &sent.text("decided"), kind: Kind::Input("date"), optional: true, fault: faults.of("decided"), ..Field::default() }))
        }
    }
}

fn time(known: &Known, typed: &Typed, ground: &Ground<'_>, faults: &Faults) -> Markup {
    let kind = known.kind();
    // A SOC 3 comes from the work of a SOC 2, mostly over the same time.
    let is_shared = |scope: &Scope| {
        kind == Some(ReportKind::Soc3) && scope.kind == ReportKind::Soc2 && scope.time.is_period()
    };
    let rows: Vec<Vec<Markup>> = ground
        .engagements
        .iter()
        .filter(|one| one.record.closed().is_none())
        .filter(|one| Some(one.record.holds().kind) == kind || is_shared(one.record.holds()))
        .map(|one| {
            let scope = one.record.holds();
            let next = match is_shared(scope) {
                true => "the same time, for one from the same work".to_owned(),
                false => scope.time.following().map(moment::examined).unwrap_or_default(),
            };
            vec![
                html! { a href=(href(one.record.key)) { (one.record.key) " " (scope.report()) } span.sub { (scope.system) } },
                html! { (moment::examined(scope.time)) },
                html! { (next) },
            ]
        })
        .collect();
    html! {
        (typed.draw_time(faults))
        p.muted { "How long a period is, is management's decision: three months are common for a first report, then six or twelve. Periods follow each other without gap and without overlap." }
        @if !rows.is_empty() {
            (plain("Examinations beside it", &["Examination", "Time", "Back to back, the next is"], rows))
        }
    }
}

/// All of it, with what is wrong as it stands.
fn review(
    known: &Known,
    grounds: &Grounds,
    catalog: &Catalog,
    framework: &Framework,
) -> Result<Markup, Refusal> {
    let with_reason = {
        let mut pairs = known.pairs.clone();
        pairs.retain(|(name, _)| name != "reason");
        pairs.push(("reason".to_owned(), "to look at it".to_owned()));
        Known { pairs }
    };
    let mut scope = match scope(&with_reason, framework) {
        Ok(scope) => scope,
        Err(faults) => {
            return Ok(
                html! { (faults.summary()) p.problem { "An earlier step is not complete: go back to it." } },
            );
        }
    };
    let set = set_of(known, catalog);
    if let Some(set) = set {
        scope.begin_from(set, &known.objectives());
    }
    // Controls of the set are copied only when it is planned.
    let problems = grounds.problems(EngagementKey(0), &scope, catalog)?;
    let problems: Vec<_> =
        problems.into_iter().filter(|one| set.is_none() || one.rule != "controls").collect();
    let rows = problems.iter().map(|problem| {
        vec![
            html! { (capital(&problem.says)) "." },
            html! { @if problem.blocks { strong.nowrap { "To mend" } } @else { span.muted.nowrap { "To know" } } },
        ]
    });
    let reasons = |all: &std::collections::BTreeMap<String, String>| {
        html! { @for (id, reason) in all { (capital(&id.replace('-', " "))) span.sub { (reason) } } }
    };
    let body = html! {
        dl.facts {
            dt { "Report" } dd { (scope.report()) }
            dt { "Time" } dd { (moment::examined(scope.time)) }
            dt { "System" } dd { (scope.system) }
            dt { "Services" } dd { (scope.services.join("; ")) }
            dt { "Boundary" } dd { (scope.boundary) }
            @if !scope.all_outside().is_empty() { dt { "Outside" } dd { @for one in scope.all_outside() { (one) br; } } }
            @if scope.kind.has_criteria() {
                dt { "Categories" } dd { (reasons(&scope.categories)) }
                dt { "Left out" } dd { (reasons(&scope.omissions)) }
                @if !scope.exclusions.is_empty() { dt { "Criteria taken out" } dd { (reasons(&scope.exclusions)) } }
            } @else {
                dt { "Objectives" } dd {
                    (scope.objectives.iter().filter(|one| !one.is_general_control).count()) " of business processes, "
                    (scope.objectives.iter().filter(|one| one.is_general_control).count()) " of IT general controls"
                }
            }
            dt { "Vendors" } dd { (scope.subservices.len()) " " (plural(scope.subservices.len(), "subservice organization", "subservice organizations")) ", " (scope.vendors.len()) " that " (plural(scope.vendors.len(), "is", "are")) " none" }
        }
        @if !problems.is_empty() {
            h2 { "What the scope lacks" }
            p.muted { "It can be planned as it is; what is to mend keeps it from being approved." }
            (plain("What the scope lacks", &["What", "Weight"], rows.collect()))
        }
    };
    Ok(body)
}
