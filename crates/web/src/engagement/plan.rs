//! Planning an engagement and changing its scope: report, time, system, categories, commitments.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::control::commitment;
use tickmark_app::engagement;
use tickmark_core::catalog::Framework;
use tickmark_core::conclusion::scope::Day;
use tickmark_core::control::TEXT_MAX;
use tickmark_core::control::commitment::CommitmentKey;
use tickmark_core::engagement::{Engagement, ReportKind, Scope, Time};

use super::{catalog, framework, href, key, known, outcome, page_of, reason_field, refused, save};
use crate::WebState;
use crate::design::form::{Faults, Field, Kind, field, form, hidden, send};
use crate::design::frame::{Page, Place};
use crate::design::table::plain;
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::visit::Asked;

const NAMES: [&str; 14] = [
    "kind",
    "type",
    "from",
    "to",
    "system",
    "services",
    "boundary",
    "outside",
    "firm",
    "exclusions",
    "commitment",
    "omission",
    "reason",
    "version",
];

/// Name of the field for the reason of a category.
fn category_field(id: &str) -> String {
    format!("category-{id}")
}

#[derive(Clone, Debug, Default)]
struct Typed {
    kind: String,
    type_: String,
    from: String,
    to: String,
    system: String,
    services: String,
    boundary: String,
    outside: String,
    firm: String,
    categories: BTreeMap<String, String>,
    omission: String,
    exclusions: String,
    commitments: Vec<String>,
    reason: String,
}

impl Typed {
    fn of(scope: &Scope) -> Self {
        let (from, to) = scope.time.days();
        let exclusions = scope.exclusions.iter().map(|(id, reason)| format!("{id}: {reason}"));
        Self {
            kind: scope.kind.word().to_owned(),
            type_: if scope.time.is_period() { "2" } else { "1" }.to_owned(),
            from: if scope.time.is_period() { from.to_string() } else { String::new() },
            to: to.to_string(),
            system: scope.system.clone(),
            services: scope.services.join("\n"),
            boundary: scope.boundary.clone(),
            outside: scope.outside.join("\n"),
            firm: scope.firm.clone(),
            categories: scope.categories.clone(),
            omission: scope.omissions.values().next().cloned().unwrap_or_default(),
            exclusions: exclusions.collect::<Vec<_>>().join("\n"),
            commitments: scope.commitments.iter().map(|key| key.0.to_string()).collect(),
            reason: String::new(),
        }
    }

    fn of_sent(sent: &Sent, framework: &Framework) -> Self {
        let reason = |id: &str| sent.text(&category_field(id));
        let categories = framework.categories.iter().map(|one| (one.id.clone(), reason(&one.id)));
        Self {
            kind: sent.text("kind"),
            type_: sent.text("type"),
            from: sent.text("from"),
            to: sent.text("to"),
            system: sent.text("system"),
            services: sent.text("services"),
            boundary: sent.text("boundary"),
            outside: sent.text("outside"),
            firm: sent.text("firm"),
            categories: categories.filter(|(_, reason)| !reason.is_empty()).collect(),
            omission: sent.text("omission"),
            exclusions: sent.text("exclusions"),
            commitments: sent.all("commitment"),
            reason: sent.text("reason"),
        }
    }

    /// Returns the scope, with what other pages write taken from `before`.
    fn scope(&self, before: Option<&Scope>, framework: &Framework) -> Result<Scope, Faults> {
        let mut faults = Faults::default();
        let kind = ReportKind::from_word(&self.kind);
        if kind.is_none() {
            faults.add("kind", "choose one");
        }
        let day = |name: &'static str, text: &str, faults: &mut Faults| -> Option<Day> {
            let day = text.parse().ok();
            if day.is_none() {
                faults.add(name, "it is a day like 2027-03-31");
            }
            day
        };
        let time = match self.type_.as_str() {
            "1" => day("to", &self.to, &mut faults).map(|date| Time::AsOf { date }),
            "2" => {
                let (from, to) = (day("from", &self.from, &mut faults), day("to", &self.to, &mut faults));
                from.zip(to).map(|(from, to)| Time::Period { from, to })
            }
            _ => {
                faults.add("type", "choose one");
                None
            }
        };
        if let Some(Time::Period { from, to }) = time
            && from > to
        {
            faults.add("to", "the period ends before it begins");
        }
        if kind == Some(ReportKind::Soc3) && matches!(time, Some(Time::AsOf { .. })) {
            faults.add("type", "a SOC 3 covers a period");
        }
        if self.system.is_empty() {
            faults.add("system", "it needs a name");
        }
        if self.reason.is_empty() {
            faults.add("reason", "say why, so that others can follow it");
        }
        let mut exclusions = BTreeMap::new();
        for line in lines(&self.exclusions) {
            match line.split_once(':').map(|(id, reason)| (id.trim(), reason.trim())) {
                Some((id, reason)) if !id.is_empty() && !reason.is_empty() => {
                    exclusions.insert(id.to_owned(), reason.to_owned());
                }
                _ => faults.add(
                    "exclusions",
                    format!("\u{201c}{line}\u{201d} is not like \u{201c}CC6.4: why\u{201d}"),
                ),
            }
        }
        let commitments: Result<BTreeSet<CommitmentKey>, _> =
            self.commitments.iter().map(|text| text.parse().map(CommitmentKey)).collect();
        if commitments.is_err() {
            faults.add("commitment", "choose commitments that are here");
        }
        let (true, Some(kind), Some(time), Ok(commitments)) = (faults.is_empty(), kind, time, commitments)
        else {
            return Err(faults);
        };
        // A reason for leaving out is for the category that readers expect.
        let expected = framework.categories.iter().find(|category| category.is_expected);
        let omissions = expected
            .filter(|category| !self.omission.is_empty() && !self.categories.contains_key(&category.id))
            .map(|category| (category.id.clone(), self.omission.clone()));
        Ok(Scope {
            kind,
            time,
            system: self.system.clone(),
            services: lines(&self.services),
            boundary: self.boundary.clone(),
            outside: lines(&self.outside),
            firm: self.firm.clone(),
            categories: self.categories.clone(),
            omissions: omissions.into_iter().collect(),
            exclusions,
            commitments,
            ..before.cloned().unwrap_or_else(|| Scope::of(kind, time, &self.system))
        })
    }

    fn draw(&self, faults: &Faults, framework: &Framework, commitments: &[commitment::Version]) -> Markup {
        let kinds: Vec<(String, String)> =
            ReportKind::ALL.iter().map(|kind| (kind.word().to_owned(), kind.title().to_owned())).collect();
        let types = [
            ("2".to_owned(), "Type 2: over a period".to_owned()),
            ("1".to_owned(), "Type 1: as of one date".to_owned()),
        ];
        let promises: Vec<(String, String)> = commitments
            .iter()
            .filter(|version| {
                version.record.retired().is_none()
                    || self.commitments.contains(&version.record.key.0.to_string())
            })
            .map(|version| {
                let record = &version.record;
                (record.key.0.to_string(), format!("{} {}", record.key, record.promise.title))
            })
            .collect();
        let chosen = self.commitments.join(" ");
        let line = |name: &'static str, label, value: &str, hint, optional| {
            field(&Field { name, label, value, hint, optional, fault: faults.of(name), ..Field::default() })
        };
        let area = |name: &'static str, label, value: &str, rows, hint, optional| {
            field(&Field {
                name,
                label,
                value,
                hint,
                optional,
                kind: Kind::Area(rows),
                max: TEXT_MAX,
                fault: faults.of(name),
                ..Field::default()
            })
        };
        let date = |name: &'static str, label, value: &str, hint, optional| {
            let kind = Kind::Input("date");
            field(&Field {
                name,
                label,
                value,
                kind,
                hint,
                optional,
                fault: faults.of(name),
                ..Field::default()
            })
        };
        html! {
            div.fields {
                (field(&Field { name: "kind", label: "Report", value: &self.kind, kind: Kind::Select(&kinds), fault: faults.of("kind"), ..Field::default() }))
                (field(&Field { name: "type", label: "Type", value: &self.type_, kind: Kind::Select(&types), fault: faults.of("type"), hint: "A SOC 3 always covers a period.", ..Field::default() }))
                (date("from", "First day", &self.from, "For a period.", true))
                (date("to", "Last day, or the date", &self.to, "The last day is inside the period.", false))
            }
            (line("system", "System", &self.system, "As readers know it.", false))
            (area("services", "Services", &self.services, 3, "One on each line: what customers get. Needed before the scope is approved.", true))
            (area("boundary", "Boundary", &self.boundary, 3, "Where the system ends. Needed before the scope is approved.", true))
            (area("outside", "Outside", &self.outside, 2, "One on each line: what could be thought to be part of it and is not.", true))
            (line("firm", "Audit firm", &self.firm, "Once it is chosen.", true))
            fieldset.field {
                legend { "Categories" }
                span.hint { "For a SOC 2 and a SOC 3. Say why a category is in; leave it empty where it is not." }
                @for category in &framework.categories {
                    @let name = category_field(&category.id);
                    (field(&Field { name: &name, label: &category.title, value: self.categories.get(&category.id).map_or("", String::as_str), optional: true, max: TEXT_MAX, ..Field::default() }))
                }
            }
            (line("omission", "Why security is left out", &self.omission, "Only if it is: readers expect it.", true))
            (area("exclusions", "Criteria that are not relevant", &self.exclusions, 2, "One on each line with the reason, as in: CC6.4: there are no premises of our own", true))
            @if promises.is_empty() {
                p.muted { "No commitment is written down yet. " a href="/commitments/new" { "Write down the first" } ": a scope names the principal ones." }
            } @else {
                (field(&Field { name: "commitment", label: "Principal commitments and requirements", value: &chosen, kind: Kind::Several(&promises), optional: true, fault: faults.of("commitment"), hint: "Those that matter to a broad range of readers.", ..Field::default() }))
            }
            (reason_field(&self.reason, faults))
        }
    }
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

fn names(framework: &Framework) -> Vec<String> {
    let categories = framework.categories.iter().map(|category| category_field(&category.id));
    NAMES.iter().map(|name| (*name).to_owned()).chain(["once".to_owned()]).chain(categories).collect()
}

fn only(sent: &Sent, framework: &Framework) -> Result<(), Refusal> {
    let names = names(framework);
    sent.only(&names.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Which report a company needs, as questions.
fn which() -> Markup {
    let row = |question: &str, kind: ReportKind, note: &str| {
        vec![
            html! { (question) span.sub { (note) } },
            html! { a href={ "/engagements/new?kind=" (kind.word()) } { "A " (kind.title()) } },
        ]
    };
    let rows = vec![
        row(
            "Could the service affect customers' financial statements, as payroll, billing or claims do?",
            ReportKind::Soc1,
            "For customers and their auditors; measured against objectives that you write.",
        ),
        row(
            "Do customers ask about protection, uptime, correctness, confidentiality or privacy?",
            ReportKind::Soc2,
            "For readers who know the system; measured against the trust services criteria.",
        ),
        row(
            "Is a public statement without details wanted?",
            ReportKind::Soc3,
            "From the same work as a SOC 2 Type 2, with an auditor's report of its own.",
        ),
    ];
    html! {
        section.card aria-labelledby="which" {
            h2 id="which" { "Which report?" }
            (plain("Which report?", &["If so", "Then"], rows))
            p.muted { "Where two are true, two reports are needed. They may share evidence, never one opinion." }
        }
    }
}

pub(super) async fn new_page(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let framework = framework(&state)?;
    let (commitments, systems) = app
        .read(actor, async |view| {
            Ok((commitment::list(view).await?, tickmark_app::identity::systems(view).await?))
        })
        .await?;
    let kind = asked.query.get("kind").and_then(ReportKind::from_word).unwrap_or(ReportKind::Soc2);
    let typed = Typed {
        kind: kind.word().to_owned(),
        type_: "2".to_owned(),
        system: systems.into_iter().next().map(|system| system.name).unwrap_or_default(),
        ..Typed::default()
    };
    let fields = typed.draw(&Faults::default(), framework, &commitments);
    let once = app.new_id(asked.visit.now).to_string();
    asked.frame(&state, &new_form(&fields, &once, &asked.token, &Faults::default())).await
}

fn new_form(fields: &Markup, once: &str, token: &str, faults: &Faults) -> Page {
    let body = html! { (faults.summary()) (hidden("once", once)) (fields) (send("Plan it", "/engagements")) };
    let body = html! { div.narrow.stack { (which()) (form("/engagements/new", token, &body)) } };
    let mut page = Page::new(Place::Engagements, "Plan an examination", body);
    page.crumbs = vec![("Engagements".into(), "/engagements".into())];
    page
}

pub(super) async fn write(
    State(state): State<WebState>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let framework = framework(&state)?;
    only(&sent, framework)?;
    let (typed, once) = (Typed::of_sent(&sent, framework), sent.text("once"));
    let faults = match typed.scope(None, framework) {
        Err(faults) => faults,
        Ok(scope) => {
            let planned = app
                .transact(actor, async |cx| engagement::plan(cx, &once, scope.clone(), &typed.reason).await)
                .await;
            match planned {
                Ok(record) => return Ok(go(&href(record.key))),
                Err(tickmark_app::Error::Invalid(says) | tickmark_app::Error::Conflict(says)) => {
                    Faults::whole(says)
                }
                Err(error) => return Err(error.into()),
            }
        }
    };
    let commitments = app.read(actor, async |view| commitment::list(view).await).await?;
    let fields = typed.draw(&faults, framework, &commitments);
    refused(
        &state,
        &asked,
        StatusCode::UNPROCESSABLE_ENTITY,
        &new_form(&fields, &once, &asked.token, &faults),
    )
    .await
}

pub(super) async fn edit_page(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let (key, framework, catalog) = (key(&at)?, framework(&state)?, catalog(&state)?);
    let known = app.read(actor, async |view| known(view, key, catalog).await).await?;
    let record = &known.version.record;
    if record.closed().is_some() {
        return Err(Refusal::NotFound);
    }
    let fields = Typed::of(&record.scope).draw(&Faults::default(), framework, &known.grounds.commitments);
    let page = edit_form(record, known.version.number, &fields, &asked.token, &Faults::default());
    asked.frame(&state, &page).await
}

fn edit_form(record: &Engagement, number: i64, fields: &Markup, token: &str, faults: &Faults) -> Page {
    let href = href(record.key);
    let body =
        html! { (faults.summary()) (hidden("version", &number.to_string())) (fields) (send("Save", &href)) };
    let mut page = page_of(
        record,
        "Edit the scope",
        html! { div.narrow { (form(&format!("{href}/edit"), token, &body)) } },
    );
    if record.approved().is_some() {
        page.lead = html! { "What was approved holds until somebody else approves the change. Documents that were signed have to be signed again then." };
    }
    page
}

pub(super) async fn change(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let (key, framework, catalog) = (key(&at)?, framework(&state)?, catalog(&state)?);
    only(&sent, framework)?;
    let typed = Typed::of_sent(&sent, framework);
    let from: i64 = sent.text("version").parse().map_err(|_| Refusal::Malformed)?;
    let known = app.read(actor, async |view| known(view, key, catalog).await).await?;
    let record = &known.version.record;
    let (status, faults) = match typed.scope(Some(&record.scope), framework) {
        Err(faults) => (StatusCode::UNPROCESSABLE_ENTITY, faults),
        Ok(scope) => {
            match outcome(save(&state, &asked, key, from, scope, &typed.reason).await?, &href(key)) {
                Ok(done) => return Ok(done),
                Err(wrong) => wrong?,
            }
        }
    };
    let fields = typed.draw(&faults, framework, &known.grounds.commitments);
    // After a conflict the form is of the version that is there now: sent again, it is meant.
    let page = edit_form(record, known.version.number, &fields, &asked.token, &faults);
    refused(&state, &asked, status, &page).await
}
