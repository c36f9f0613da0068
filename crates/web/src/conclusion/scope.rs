//! What readiness is computed for: categories, criteria taken out, the examination aimed at. Each change is a version.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use tickmark_app::conclusion::scope::{self, Changed, Holds};
use tickmark_app::{Error, View};
use tickmark_core::catalog::{Catalog, Framework};
use tickmark_core::conclusion::chosen::{Choice, Chosen};
use tickmark_core::conclusion::scope::{Day, Target};
use tickmark_core::control::{ControlId, TEXT_MAX};
use tickmark_core::identity::{Atom, Resource, Verb};

use crate::control::Names;
use crate::design::form::{Faults, Field, Kind, field, form, hidden, send};
use crate::design::frame::{Page, Place};
use crate::design::table::plain;
use crate::design::{block, moment, plural, segment};
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::route::get;
use crate::visit::Asked;
use crate::{Desk, WebState};

/// Most characters of a list that is written a line each.
const LINES_MAX: usize = 20_000;

pub(super) fn desk_routes() -> Vec<Desk> {
    vec![Desk {
        path: "/readiness/scope",
        example: "/readiness/scope",
        looks: true,
        changes: true,
        handler: get(page).post(change),
    }]
}

fn judge() -> Atom {
    Atom::new(Resource::TestResult, Verb::Approve)
}

struct Known {
    holds: Holds,
    /// Newest first.
    versions: Vec<Chosen>,
    names: Names,
}

async fn known(state: &WebState, asked: &Asked, framework: &Framework) -> Result<Known, Refusal> {
    let (app, actor) = asked.member(state)?;
    let read = async |view: &mut View<'_>| {
        let holds = scope::holds(view, framework).await?;
        let (versions, names) = (scope::versions(view).await?, Names::for_looking(view).await?);
        Ok(Known { holds, versions, names })
    };
    Ok(app.read(actor, read).await?)
}

fn framework(catalog: &Catalog) -> Result<&Framework, Refusal> {
    catalog.frameworks.first().ok_or(Refusal::NotFound)
}

async fn page(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let framework = framework(state.source().catalog().ok_or(Refusal::NotFound)?)?;
    let known = known(&state, &asked, framework).await?;
    let typed = Typed::of(&known.holds.choice, framework);
    asked.frame(&state, &draw(&known, framework, &typed, &asked, &Faults::default())).await
}

async fn change(State(state): State<WebState>, asked: Asked, sent: Sent) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let catalog = state.source().catalog().ok_or(Refusal::NotFound)?;
    let framework = framework(catalog)?;
    let mut names: Vec<String> = FIELDS.iter().map(|name| (*name).to_owned()).collect();
    for category in &framework.categories {
        names.extend([format!("in-{}", category.id), format!("why-{}", category.id)]);
    }
    sent.only(&names.iter().map(String::as_str).collect::<Vec<_>>())?;
    let typed = Typed::sent(&sent, framework);
    let from: u32 = sent.text("version").parse().map_err(|_| Refusal::Malformed)?;
    let mut answer = StatusCode::UNPROCESSABLE_ENTITY;
    let mut faults = Faults::default();
    let choice = typed.choice(framework, &mut faults);
    if typed.reason.is_empty() {
        faults.add("reason", "say why, so that others can follow it");
    }
    if faults.is_empty() {
        let done = app
            .transact(actor, async |cx| scope::write(cx, catalog, from, choice.clone(), &typed.reason).await)
            .await;
        faults = match done {
            Ok(Changed::Done(_)) => return Ok(go("/readiness/scope")),
            Ok(Changed::Stale(_)) => {
                answer = StatusCode::CONFLICT;
                Faults::whole(
                    "somebody changed it meanwhile: the history below has what they did. Nothing was saved; what you typed is \
                     still in the fields",
                )
            }
            Err(Error::Conflict(says) | Error::Invalid(says)) => Faults::about(says, &ABOUT),
            Err(error) => return Err(error.into()),
        };
    }
    let known = known(&state, &asked, framework).await?;
    let page = draw(&known, framework, &typed, &asked, &faults);
    asked.frame_refused(&state, answer, &page).await.map(IntoResponse::into_response)
}

/// The field that a word of a refusal stands for.
const ABOUT: [(&str, &str); 14] = [
    ("reason for the change", "reason"),
    ("each category", "categories"),
    ("is expected", "categories"),
    ("leaving a category out", "categories"),
    ("taking a criterion out", "exclusions"),
    ("leaving out", "exclusions"),
    ("every criterion", "exclusions"),
    ("criterion", "exclusions"),
    ("occurrence", "idle"),
    ("there is no control", "idle"),
    ("the period begins", "to"),
    ("part outside", "outside"),
    ("service", "services"),
    ("category", "categories"),
];

const FIELDS: [&str; 11] = [
    "version",
    "services",
    "outside",
    "kind",
    "as_of",
    "from",
    "to",
    "exclusions",
    "idle",
    "products",
    "reason",
];

/// What stands in the fields.
#[derive(Clone, Debug, Default)]
struct Typed {
    /// By category: whether it is in, and why it is in or out.
    categories: BTreeMap<String, (bool, String)>,
    services: String,
    outside: String,
    kind: String,
    as_of: String,
    from: String,
    to: String,
    exclusions: String,
    idle: String,
    products: bool,
    reason: String,
}

impl Typed {
    fn of(choice: &Choice, framework: &Framework) -> Self {
        let pairs = |of: &mut dyn Iterator<Item = (String, &String)>| {
            of.map(|(id, why)| format!("{id}: {}", why.replace('\n', " "))).collect::<Vec<_>>().join("\n")
        };
        let day = |day: Option<Day>| day.map(|day| day.to_string()).unwrap_or_default();
        let (kind, as_of, from, to) = match choice.target {
            Target::Type1 { as_of } => ("type_1", day(as_of), String::new(), String::new()),
            Target::Type2 { from, to } => ("type_2", String::new(), day(from), day(to)),
        };
        let category = |id: &String| {
            let reason = choice.categories.get(id).or_else(|| choice.omissions.get(id));
            (choice.categories.contains_key(id), reason.cloned().unwrap_or_default())
        };
        Self {
            categories: framework.categories.iter().map(|one| (one.id.clone(), category(&one.id))).collect(),
            services: choice.services.join("\n"),
            outside: choice.outside.join("\n"),
            kind: kind.to_owned(),
            as_of,
            from,
            to,
            exclusions: pairs(&mut choice.exclusions.iter().map(|(id, why)| (id.clone(), why))),
            idle: pairs(&mut choice.idle.iter().map(|(id, why)| (id.to_string(), why))),
            products: choice.products,
            reason: String::new(),
        }
    }

    fn sent(sent: &Sent, framework: &Framework) -> Self {
        let category = |id: &str| (sent.text(&format!("in-{id}")) == "yes", sent.text(&format!("why-{id}")));
        Self {
            categories: framework.categories.iter().map(|one| (one.id.clone(), category(&one.id))).collect(),
            services: sent.text("services"),
            outside: sent.text("outside"),
            kind: sent.text("kind"),
            as_of: sent.text("as_of"),
            from: sent.text("from"),
            to: sent.text("to"),
            exclusions: sent.text("exclusions"),
            idle: sent.text("idle"),
            products: sent.text("products") == "yes",
            reason: sent.text("reason"),
        }
    }

    /// Makes a choice of it, and says which fields cannot be read.
    fn choice(&self, framework: &Framework, faults: &mut Faults) -> Choice {
        let mut choice = Choice { categories: BTreeMap::new(), ..Choice::whole(framework) };
        for (id, (is_in, why)) in &self.categories {
            if *is_in {
                choice.categories.insert(id.clone(), why.clone());
            } else if !why.is_empty() {
                choice.omissions.insert(id.clone(), why.clone());
            }
        }
        if choice.categories.is_empty() {
            faults.add("categories", "choose at least one category");
        }
        choice.products = self.products;
        (choice.services, choice.outside) = (lines(&self.services), lines(&self.outside));
        let mut day = |name: &'static str, text: &str| match text {
            "" => None,
            text => text.parse::<Day>().map_err(|error| faults.add(name, error)).ok(),
        };
        choice.target = match self.kind.as_str() {
            "type_1" => Target::Type1 { as_of: day("as_of", &self.as_of) },
            _ => Target::Type2 { from: day("from", &self.from), to: day("to", &self.to) },
        };
        for (id, why) in named("exclusions", &self.exclusions, faults) {
            if choice.exclusions.insert(id.clone(), why).is_some() {
                faults.add("exclusions", format!("{id} stands there twice"));
            }
        }
        for (id, why) in named("idle", &self.idle, faults) {
            match id.parse::<ControlId>() {
                Ok(id) => {
                    choice.idle.insert(id, why);
                }
                Err(error) => faults.add("idle", error),
            }
        }
        choice
    }
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// Lines that begin with what they are about.
fn named(field: &'static str, text: &str, faults: &mut Faults) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for line in lines(text) {
        match line.split_once(':').map(|(id, why)| (id.trim(), why.trim())) {
            Some((id, why)) if !id.is_empty() && !why.is_empty() => {
                found.push((id.to_owned(), why.to_owned()));
            }
            _ => faults.add(field, format!("write each line as \u{201c}id: reason\u{201d}, unlike {line:?}")),
        }
    }
    found
}

fn draw(known: &Known, framework: &Framework, typed: &Typed, asked: &Asked, faults: &Faults) -> Page {
    let may_change = asked.may(judge());
    let body = html! {
        @if !known.holds.fault.is_empty() {
            p.problem { "What was chosen makes no scope in this catalog: " (known.holds.fault) ". All categories are assessed until it is changed." }
        }
        @if may_change {
            div.narrow { (form("/readiness/scope", &asked.token, &fields(known, framework, typed, faults))) }
        } @else { (block("scope", "What is assessed", &html! {}, &facts(&known.holds.choice, framework))) }
        @if !known.versions.is_empty() { (block("history", "History", &html! {}, &history(known))) }
    };
    let mut page = Page::new(Place::Readiness, "Scope of the assessment", body);
    let criteria = known.holds.scope.criteria().count();
    let is_chosen = known.holds.chosen.is_some() && known.holds.fault.is_empty();
    page.lead = html! {
        a href="/criteria" { (criteria) " " (plural(criteria, "criterion", "criteria")) } " of " (framework.requirements().count()) " are assessed. "
        @if !is_chosen { "Nobody has chosen a scope, so it is all of them. " }
        "Percentages, the earliest period start, the matrix and the report follow what is chosen here. The scope of an examination is agreed in its engagement."
    };
    page.crumbs = vec![("Readiness over time".into(), "/readiness".into())];
    page
}

fn fields(known: &Known, framework: &Framework, typed: &Typed, faults: &Faults) -> Markup {
    let version = known.holds.chosen.as_ref().map_or(0, |chosen| chosen.written.version);
    let kinds =
        [("type_1", "Type 1: design on one date"), ("type_2", "Type 2: design and operation over a period")]
            .map(|(value, words)| (value.to_owned(), words.to_owned()));
    let area = |name: &'static str, label, value, hint| {
        field(&Field {
            name,
            label,
            value,
            hint,
            kind: Kind::Area(3),
            max: LINES_MAX,
            optional: true,
            fault: faults.of(name),
            ..Field::default()
        })
    };
    let date = |name: &'static str, label, value| {
        field(&Field {
            name,
            label,
            value,
            kind: Kind::Input("date"),
            max: 10,
            optional: true,
            fault: faults.of(name),
            ..Field::default()
        })
    };
    html! {
        (faults.summary())
        (hidden("version", &version.to_string()))
        (area("services", "Services in scope, a line each", &typed.services, "Those that customers ask about."))
        (area("outside", "What lies outside, a line each", &typed.outside, "Parts that a reader could think to be in."))
        fieldset {
            legend { "Categories" }
            @if let Some(says) = faults.of("categories") { p.fault { (crate::design::form::capital(says)) "." } }
            @for category in &framework.categories {
                @let (is_in, why) = typed.categories.get(&category.id).cloned().unwrap_or_default();
                @let (name, reason) = (format!("in-{}", category.id), format!("why-{}", category.id));
                (field(&Field { name: &name, label: &category.title, value: if is_in { "yes" } else { "" }, kind: Kind::Check, ..Field::default() }))
                (field(&Field {
                    name: &reason, label: &format!("Why {} is in, or is left out", category.title.to_lowercase()), value: &why, max: TEXT_MAX, optional: true,
                    hint: if category.is_expected { "Readers expect it: without it, the reason is disclosed." } else { "" }, ..Field::default()
                }))
            }
        }
        (area("exclusions", "Criteria that are not relevant, a line each", &typed.exclusions, "As “CC6.4: nothing stands in premises of ours”. Each is disclosed with its reason and your name. That a criterion has no control is no reason."))
        fieldset {
            legend { "The examination aimed at" }
            (field(&Field { name: "kind", label: "Type", value: &typed.kind, kind: Kind::Select(&kinds), ..Field::default() }))
            div.fields {
                (date("as_of", "Type 1: as of", &typed.as_of))
                (date("from", "Type 2: first day", &typed.from))
                (date("to", "Type 2: last day", &typed.to))
            }
        }
        (area("idle", "Controls without an occurrence in that period, a line each", &typed.idle, "As “INC-02: the list of incidents of the period has no row”. Whether they operated is then not asked."))
        (field(&Field { name: "products", label: "The system makes or distributes goods", value: if typed.products { "yes" } else { "" }, kind: Kind::Check, ..Field::default() }))
        (field(&Field {
            name: "reason", label: "Why it is changed", value: &typed.reason, kind: Kind::Area(2), max: TEXT_MAX, fault: faults.of("reason"), ..Field::default()
        }))
        (send("Save the scope", "/readiness"))
    }
}

fn target_words(target: Target) -> String {
    let day =
        |day: Option<Day>| day.map_or_else(|| "a day not decided yet".to_owned(), |day| day.to_string());
    match target {
        Target::Type1 { as_of } => format!("Type 1 as of {}", day(as_of)),
        Target::Type2 { from: None, to: None } => "Type 2, dates not decided yet".to_owned(),
        Target::Type2 { from, to } => format!("Type 2 from {} to {}", day(from), day(to)),
    }
}

fn facts(choice: &Choice, framework: &Framework) -> Markup {
    let title = |id: &str| {
        framework
            .categories
            .iter()
            .find(|one| one.id == id)
            .map_or_else(|| id.to_owned(), |one| one.title.clone())
    };
    html! {
        dl.facts {
            @if !choice.services.is_empty() { dt { "Services" } dd { @for service in &choice.services { div { (service) } } } }
            @if !choice.outside.is_empty() { dt { "Outside" } dd { @for part in &choice.outside { div { (part) } } } }
            dt { "Categories" } dd { @for (id, why) in &choice.categories { div { (title(id)) span.sub { (why) } } } }
            @if !choice.omissions.is_empty() { dt { "Left out" } dd { @for (id, why) in &choice.omissions { div { (title(id)) span.sub { (why) } } } } }
            @if !choice.exclusions.is_empty() { dt { "Not relevant" } dd { @for (id, why) in &choice.exclusions { div { a href={ "/criteria/" (segment(id)) } { (id) } span.sub { (why) } } } } }
            dt { "Aimed at" } dd { (target_words(choice.target)) }
            @if !choice.idle.is_empty() { dt { "No occurrence" } dd { @for (id, why) in &choice.idle { div { a href={ "/controls/" (segment(id.as_str())) } { (id) } span.sub { (why) } } } } }
        }
    }
}

fn history(known: &Known) -> Markup {
    let rows = known.versions.iter().map(|chosen| {
        let (written, choice) = (&chosen.written, &chosen.choice);
        vec![
            html! { span.num { (written.version) } },
            html! { (moment::written(written.at)) span.sub { (known.names.of(written.by)) } },
            html! {
                (choice.categories.keys().cloned().collect::<Vec<_>>().join(", "))
                @if !choice.exclusions.is_empty() { span.sub { "without " (choice.exclusions.keys().cloned().collect::<Vec<_>>().join(", ")) } }
                span.sub { (target_words(choice.target)) }
            },
            html! { (written.reason) },
        ]
    });
    plain("Versions, newest first", &["Version", "When", "What", "Why"], rows.collect())
}
