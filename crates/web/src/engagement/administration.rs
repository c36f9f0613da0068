//! Around an engagement: firms that were considered and the one that was chosen, the letter of engagement, walkthroughs.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::engagement::{self, Version};
use tickmark_core::conclusion::scope::Day;
use tickmark_core::control::TEXT_MAX;
use tickmark_core::engagement::{Administration, Firm, Meeting};

use super::paper::{load, may_write};
use super::{href, outcome, page_of, refused};
use crate::WebState;
use crate::design::block;
use crate::design::form::{Faults, Field, Kind, capital, field, form, hidden, send};
use crate::design::frame::Page;
use crate::design::table::wide;
use crate::error::Refusal;
use crate::form::Sent;
use crate::visit::Asked;

const NAMES: [&str; 10] = [
    "version",
    "firms",
    "chosen",
    "why",
    "approver",
    "decided",
    "letter",
    "letter-dated",
    "walkthroughs",
    "assertion-first",
];
/// What stands between the parts of a line.
const BETWEEN: char = '|';

/// What stands in the fields.
#[derive(Clone, Debug, Default)]
struct Typed {
    firms: String,
    chosen: String,
    why: String,
    approver: String,
    decided: String,
    letter: String,
    letter_dated: String,
    walkthroughs: String,
    /// `yes`, or nothing.
    assertion_first: String,
}

fn day(of: Option<Day>) -> String {
    of.map(|day| day.to_string()).unwrap_or_default()
}

/// The parts of a line, of which the last ones may be missing.
fn parts<const N: usize>(line: &str) -> [String; N] {
    let mut all = line.splitn(N, BETWEEN).map(|part| part.trim().to_owned());
    std::array::from_fn(|_| all.next().unwrap_or_default())
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

impl Typed {
    fn of(held: &Administration) -> Self {
        let firm = |one: &Firm| {
            let mut parts = vec![one.name.as_str()];
            parts.extend(one.checks().map(|(_, _, text)| text));
            while parts.len() > 4 && parts.last().is_some_and(|last| last.is_empty()) {
                parts.pop();
            }
            parts.join(" | ")
        };
        let meeting = |one: &Meeting| format!("{} | {} | {}", one.day, one.what, one.who);
        Self {
            firms: held.firms.iter().map(firm).collect::<Vec<_>>().join("\n"),
            chosen: held.chosen.clone(),
            why: held.why.clone(),
            approver: held.approver.clone(),
            decided: day(held.decided),
            letter: held.letter.clone(),
            letter_dated: day(held.letter_dated),
            walkthroughs: held.walkthroughs.iter().map(meeting).collect::<Vec<_>>().join("\n"),
            assertion_first: if held.assertion_first { "yes" } else { "" }.to_owned(),
        }
    }

    fn of_sent(sent: &Sent) -> Self {
        Self {
            firms: sent.text("firms"),
            chosen: sent.text("chosen"),
            why: sent.text("why"),
            approver: sent.text("approver"),
            decided: sent.text("decided"),
            letter: sent.text("letter"),
            letter_dated: sent.text("letter-dated"),
            walkthroughs: sent.text("walkthroughs"),
            assertion_first: sent.text("assertion-first"),
        }
    }

    fn read(&self) -> Result<Administration, Faults> {
        let mut faults = Faults::default();
        let mut read_day = |name: &'static str, text: &str| -> Option<Day> {
            let day = text.parse().ok();
            if day.is_none() && !text.is_empty() {
                faults.add(name, "it is a day like 2027-03-31");
            }
            day
        };
        let (decided, letter_dated) =
            (read_day("decided", &self.decided), read_day("letter-dated", &self.letter_dated));
        let firms = lines(&self.firms)
            .map(|line| {
                let [name, license, peer_review, independence, experience, approach, price, references] =
                    parts(line);
                Firm { name, license, peer_review, independence, experience, approach, price, references }
            })
            .collect();
        let mut walkthroughs = Vec::new();
        for line in lines(&self.walkthroughs) {
            let [on, what, who] = parts(line);
            match on.parse() {
                Ok(day) if !what.is_empty() => walkthroughs.push(Meeting { day, what, who }),
                _ => faults.add(
                    "walkthroughs",
                    format!("\u{201c}{line}\u{201d} is not like \u{201c}2027-03-31 | Access | Ada\u{201d}"),
                ),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Administration {
            firms,
            chosen: self.chosen.clone(),
            why: self.why.clone(),
            approver: self.approver.clone(),
            decided,
            letter: self.letter.clone(),
            letter_dated,
            walkthroughs,
            assertion_first: self.assertion_first == "yes",
        })
    }

    fn draw(&self, faults: &Faults) -> Markup {
        let line = |name: &'static str, label, value: &str, hint| {
            field(&Field {
                name,
                label,
                value,
                hint,
                optional: true,
                fault: faults.of(name),
                ..Field::default()
            })
        };
        let area = |name: &'static str, label, value: &str, hint| {
            let kind = Kind::Area(4);
            field(&Field {
                name,
                label,
                value,
                hint,
                kind,
                optional: true,
                max: TEXT_MAX,
                fault: faults.of(name),
                ..Field::default()
            })
        };
        let date = |name: &'static str, label, value: &str| {
            let kind = Kind::Input("date");
            field(&Field {
                name,
                label,
                value,
                kind,
                optional: true,
                fault: faults.of(name),
                ..Field::default()
            })
        };
        html! {
            (area("firms", "Firms that were considered", &self.firms, "One on each line: name | license | peer review | independence | experience | approach | price | references. Say what was checked and what came of it; arrangements about tools and referrals are disclosed."))
            (line("chosen", "Chosen firm", &self.chosen, "As it is called in its line."))
            (area("why", "Why", &self.why, ""))
            div.fields {
                (line("approver", "Decided by", &self.approver, "The name of a person."))
                (date("decided", "Decided on", &self.decided))
            }
            div.fields {
                (line("letter", "Letter of engagement", &self.letter, "Where the signed one is, as the number of an evidence item."))
                (date("letter-dated", "Its date", &self.letter_dated))
            }
            (area("walkthroughs", "Walkthroughs", &self.walkthroughs, "One on each line: day | what | who."))
            (field(&Field { name: "assertion-first", label: "Management's assertion stands before the auditor's report", kind: Kind::Check, value: &self.assertion_first, optional: true, hint: "As the chosen firm has it: the assertion is Section I then, and the auditor's report Section II. Usual is the other way round.", ..Field::default() }))
        }
    }
}

/// The field that a word of a refusal stands for.
const ABOUT: [(&str, &str); 8] = [
    ("day of the choice", "decided"),
    ("day of the letter", "letter-dated"),
    ("chosen firm", "chosen"),
    ("reason for the choice", "why"),
    ("who chose", "approver"),
    ("letter of engagement", "letter"),
    ("walkthrough", "walkthroughs"),
    ("firm", "firms"),
];

/// The firms beside each other, as they are recorded.
fn compared(held: &Administration) -> Markup {
    let row = |firm: &Firm| {
        let is_chosen = firm.name == held.chosen;
        let mut cells = vec![html! { span.primary { (firm.name) } @if is_chosen { span.sub { "Chosen" } } }];
        cells.extend(firm.checks().map(|(_, _, text)| {
            html! { @if text.is_empty() { span.muted { "Not recorded" } } @else { (text) } }
        }));
        cells
    };
    let mut heads = vec!["Firm"];
    heads.extend(Firm::default().checks().map(|(_, title, _)| title));
    let rows = held.firms.iter().map(row).collect();
    block(
        "compared",
        "Firms that were considered",
        &html! { (held.firms.len()) },
        &wide("Firms that were considered", &heads, rows),
    )
}

fn draw(version: &Version, typed: &Typed, asked: &Asked, faults: &Faults) -> Page {
    let record = &version.record;
    let to = href(record.key);
    let open = record.administration.open(record.holds());
    let fields = html! {
        (faults.summary())
        (hidden("version", &version.number.to_string()))
        (typed.draw(faults))
        (send("Save", &to))
    };
    let held = &record.administration;
    let body = html! {
        @if !held.firms.is_empty() { (compared(held)) }
        div.narrow.stack {
            @if !open.is_empty() {
                section.card aria-labelledby="open" {
                    h2 id="open" { "Still missing" }
                    ul { @for one in &open { li { (capital(one)) "." } } }
                }
            }
            (form(&format!("{to}/administration"), &asked.token, &fields))
        }
    };
    let mut page = page_of(record, "Firm, letter and walkthroughs", body);
    page.lead = html! { "Whom the company chose to examine it and why, the letter that both signed, when they meet, and in which order the report stands." };
    page
}

pub(super) async fn page(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (version, _) = load(&state, &asked, &at).await?;
    if !may_write(&version.record, &asked) {
        return Err(Refusal::NotFound);
    }
    let typed = Typed::of(&version.record.administration);
    asked.frame(&state, &draw(&version, &typed, &asked, &Faults::default())).await
}

pub(super) async fn write(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let (version, _) = load(&state, &asked, &at).await?;
    sent.only(&NAMES)?;
    let from: i64 = sent.text("version").parse().map_err(|_| Refusal::Malformed)?;
    let (typed, key) = (Typed::of_sent(&sent), version.record.key);
    let (status, faults) = match typed.read() {
        Err(faults) => (StatusCode::UNPROCESSABLE_ENTITY, faults),
        Ok(read) => {
            let written = app
                .transact(actor, async |cx| engagement::administer(cx, key, from, read.clone()).await)
                .await;
            match outcome(written, &format!("{}/administration", href(key)), &ABOUT) {
                Ok(done) => return Ok(done),
                Err(wrong) => wrong?,
            }
        }
    };
    refused(&state, &asked, status, &draw(&version, &typed, &asked, &faults)).await
}
