//! Checks of completeness and accuracy: one form for each kind, with what was found before.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::program::population;
use tickmark_core::id::PopulationKey;
use tickmark_core::program::population::{
    AskedCheck, Aspect, Checked, Item, MAX_TEXT_CHARS, Population, Reading, Traced, is_explained,
};

use super::{href, key, lines, wrong};
use crate::WebState;
use crate::control::Names;
use crate::design::block;
use crate::design::form::{Faults, Field, Kind, field, hidden};
use crate::design::frame::{Page, Place};
use crate::design::moment;
use crate::design::table::items as items_table;
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::visit::Asked;

/// Rows that are suggested to be looked up.
const SUGGESTED: u64 = 5;
/// Characters of a list of keys that is pasted.
const PASTED_CHARS: usize = 400_000;

struct Known {
    one: Population,
    reading: Option<Reading>,
    checks: Vec<Checked>,
    suggested: Vec<Item>,
    names: Names,
}

async fn known(state: &WebState, asked: &Asked, key: PopulationKey) -> Result<Known, Refusal> {
    let (app, actor) = asked.member(state)?;
    let known = app
        .read(actor, async |view| {
            Ok(Known {
                one: population::find(view, key).await?,
                reading: population::reading_of(view, key).await?,
                checks: population::checks(view, key).await?,
                suggested: population::suggested(view, key, SUGGESTED).await?,
                names: Names::for_looking(view).await?,
            })
        })
        .await?;
    Ok(known)
}

pub(super) async fn page(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let known = known(&state, &asked, key(&at)?).await?;
    asked.frame(&state, &draw(&known, &asked.token, &Sent::default(), &Faults::default())).await
}

/// A form of one kind of check, folded away unless it was sent and refused.
fn kind(path: &str, token: &str, sent: &Sent, word: &str, title: &str, says: &str, body: &Markup) -> Markup {
    html! {
        details.act open[sent.text("procedure") == word] {
            summary { (title) }
            form method="post" action={ (path) "/checks" } {
                (hidden("form", token)) (hidden("procedure", word))
                p.muted { (says) }
                (body)
                p.row { button.button type="submit" { "Record the check" } }
            }
        }
    }
}

/// The value of a field in the form of the kind that was sent.
struct Typed<'a> {
    sent: &'a Sent,
    faults: &'a Faults,
    word: &'a str,
}

impl Typed<'_> {
    /// The name of a field: fields of several forms on one page are told apart.
    fn name(&self, name: &str) -> String {
        format!("{}_{name}", self.word)
    }

    fn is_sent(&self) -> bool {
        self.sent.text("procedure") == self.word
    }

    fn text(&self, name: &str) -> String {
        if self.is_sent() { self.sent.text(&self.name(name)) } else { String::new() }
    }

    fn field(&self, of: Field<'_>) -> Markup {
        let fault = self.faults.of(of.name).filter(|_| self.is_sent());
        field(&Field { name: &self.name(of.name), value: &self.text(of.name), fault, ..of })
    }

    fn line(&self, name: &str, label: &str, hint: &str) -> Markup {
        self.field(Field { name, label, hint, max: MAX_TEXT_CHARS, ..Field::default() })
    }

    fn optional(&self, name: &str, label: &str) -> Markup {
        self.field(Field { name, label, optional: true, ..Field::default() })
    }

    fn number(&self, name: &str, label: &str) -> Markup {
        self.field(Field { name, label, kind: Kind::Input("number"), ..Field::default() })
    }

    fn area(&self, name: &str, label: &str, max: usize) -> Markup {
        self.field(Field { name, label, kind: Kind::Area(4), max, ..Field::default() })
    }
}

fn draw(known: &Known, token: &str, sent: &Sent, faults: &Faults) -> Page {
    let path = href(known.one.key);
    let of = |word: &'static str, title: &str, says: &str, body: &dyn Fn(&Typed<'_>) -> Markup| {
        kind(&path, token, sent, word, title, says, &body(&Typed { sent, faults, word }))
    };
    let body = html! {
        (faults.summary())
        (block("made", "What was found", &html! {}, &super::one::checked(&known.checks, &known.names)))
        @if known.one.file.is_none() {
            div.empty { h3 { "There is no list yet" } p { "What is not there cannot be checked." } p { a.button href=(path) { "The population" } } }
        } @else {
            (explaining(known, &path, token, (sent, faults)))
            div.stack {
                h2 { "Is it complete?" }
                (of("source_count", "Count the source again", "The rows of the source are compared with those of the list.", &|typed| html! {
                    (typed.line("source", "Where and how it was counted", "")) (typed.number("counted", "Rows there"))
                }))
                (of("sequence", "Look for holes in numbered keys", "Keys that end in a number are looked through for numbers that are missing.", &|typed| html! {
                    div.fields { (typed.optional("first", "First key of the time, if it is known")) (typed.optional("last", "Last key of the time, if it is known")) }
                }))
                (of("reconciliation", "Compare it with a list that somebody else keeps", "Such as leavers by human resources with disabled accounts. Both directions are told.", &|typed| html! {
                    (typed.line("source", "Where that list comes from", "")) (typed.area("keys", "Its keys, one a line", PASTED_CHARS))
                }))
                (of("roll_forward", "Roll it forward", "What there was, and came, and went, is what there is.", &|typed| html! {
                    (typed.line("source", "Where the figures come from", ""))
                    div.fields { (typed.number("opening", "At the beginning")) (typed.number("added", "Added")) (typed.number("removed", "Taken away")) }
                }))
                (of("trace_from_source", "Look for records of the source in the list", "Take some records from the source, by chance, and see whether the list has them.", &|typed| html! {
                    (typed.line("source", "Where they come from, and how they were chosen", "")) (typed.area("keys", "Their keys, one a line", MAX_TEXT_CHARS))
                }))
                @if known.reading.as_ref().is_some_and(|reading| reading.total.is_some()) {
                    (of("control_total", "Compare the sum of the amounts", "The sum is compared to the last figure.", &|typed| html! {
                        (typed.line("source", "Where the total is from", "")) (typed.line("stated", "The total there", "As 1250.50."))
                    }))
                }
                h2 { "Is it accurate?" }
                (of("trace_to_source", "Look rows up in the source", "These were chosen by chance.", &|typed| tracing(known, typed)))
                h2 { "Something else" }
                (of("described", "Describe what was done", "An observed run, a search for what the query leaves out.", &|typed| html! {
                    (typed.area("what", "What was done, and what was seen", MAX_TEXT_CHARS))
                    (typed.field(Field { name: "aspect", label: "It is about", kind: Kind::Select(&aspects()), ..Field::default() }))
                    (typed.field(Field { name: "agrees", label: "It was as it should be", kind: Kind::Check, optional: true, ..Field::default() }))
                }))
                (of("unchecked", "Say why completeness is not checked", "Whoever relies on the list will read it.", &|typed| typed.area("reason", "Why, and what that means", MAX_TEXT_CHARS)))
            }
        }
    };
    let mut page = Page::new(Place::Populations, "Completeness and accuracy", body);
    page.lead = html! { (known.one.definition.title) ". A good test of a bad list shows nothing." };
    page.crumbs =
        vec![("Populations".into(), "/populations".into()), (format!("Population {}", known.one.key), path)];
    page
}

fn aspects() -> Vec<(String, String)> {
    [("completeness", "Completeness"), ("accuracy", "Accuracy")]
        .map(|(value, word)| (value.to_owned(), word.to_owned()))
        .to_vec()
}

/// The rows that are looked up, each with its result.
fn tracing(known: &Known, typed: &Typed<'_>) -> Markup {
    let options = [("", "not looked up"), ("yes", "as in the source"), ("no", "something else")];
    // What was sent is shown again: the next suggestion is another one.
    let sent: Vec<(String, String)> = (0..)
        .map(|place| typed.text(&format!("row-{place}")))
        .take_while(|key| !key.is_empty())
        .map(|key| (key, String::new()))
        .collect();
    let drawn = known.suggested.iter().map(|item| (item.key.clone(), moment::written(item.occurred_at)));
    let rows: Vec<(String, String)> = if sent.is_empty() { drawn.collect() } else { sent };
    let cells = rows.iter().enumerate().map(|(place, (key, at))| {
        let (state, note) = (format!("agrees-{place}"), format!("note-{place}"));
        let held = typed.text(&state);
        vec![
            html! { (hidden(&typed.name(&format!("row-{place}")), key)) strong.mono { (key) } span.sub { (at) } },
            html! { select name=(typed.name(&state)) aria-label={ "Result of " (key) } { @for (value, word) in options { option value=(value) selected[held == value] { (word) } } } },
            html! { input name=(typed.name(&note)) type="text" value=(typed.text(&note)) maxlength="1000" aria-label={ "Note on " (key) }; },
        ]
    });
    html! {
        (typed.line("source", "Where they were looked up", ""))
        (items_table("Rows to look up", &["Row", "The source says", "Note"], cells.collect()))
        (typed.field(Field { name: "others", label: "Other rows that were looked up and are as in the source, one a line", kind: Kind::Area(2), max: MAX_TEXT_CHARS, optional: true, ..Field::default() }))
    }
}

/// The form that explains what differed.
fn explaining(known: &Known, path: &str, token: &str, (sent, faults): (&Sent, &Faults)) -> Markup {
    let checks = &known.checks;
    let open = checks.iter().filter(|one| !one.check.agrees() && !is_explained(checks, one.number));
    let choices: Vec<(String, String)> = open
        .map(|one| (one.number.to_string(), format!("{}. {}", one.number, one.check.done.title())))
        .collect();
    let typed = Typed { sent, faults, word: "explained" };
    html! {
        @if !choices.is_empty() {
            form.card method="post" action={ (path) "/checks" } {
                (hidden("form", token)) (hidden("procedure", "explained"))
                p { "Something differs. Say why that is in order, or define another population with the right list." }
                (typed.field(Field { name: "check", label: "Check", kind: Kind::Select(&choices), ..Field::default() }))
                (typed.area("text", "How it is explained", MAX_TEXT_CHARS))
                p.row { button.button.primary type="submit" { "Explain it" } }
            }
        }
    }
}

/// The field that a word of a refusal stands for, in the form of this procedure.
fn about(procedure: &str) -> &'static [(&'static str, &'static str)] {
    match procedure {
        "reconciliation" | "trace_from_source" => {
            &[("a check says", "source"), ("row", "keys"), ("key", "keys"), ("item", "keys")]
        }
        "roll_forward" => &[("a check says", "source"), ("removed", "removed")],
        "trace_to_source" => &[("a check says", "source"), ("row", "others"), ("item", "others")],
        "described" => &[("a check says", "what")],
        "unchecked" => &[("a check says", "reason")],
        "explained" => &[("a check says", "text"), ("nothing to explain", "check")],
        _ => &[("a check says", "source"), ("amounts", "stated")],
    }
}

/// Reads which check was asked for; none where something of it cannot be read, which is said beside its field.
fn read(sent: &Sent, faults: &mut Faults) -> Result<Option<AskedCheck>, Refusal> {
    let procedure = sent.text("procedure");
    let text = |name: &str| sent.text(&format!("{procedure}_{name}"));
    let some = |name: &str| Some(text(name)).filter(|value| !value.is_empty());
    let mut count = |name: &'static str| {
        text(name).parse::<u64>().unwrap_or_else(|_| {
            faults.add(name, "say a whole number");
            0
        })
    };
    let source = text("source");
    let wanted = match procedure.as_str() {
        "source_count" => AskedCheck::SourceCount { source, counted: count("counted") },
        "control_total" => {
            let Ok(stated) = text("stated").parse() else {
                faults.add("stated", "say a sum as 1250.50");
                return Ok(None);
            };
            AskedCheck::ControlTotal { source, stated }
        }
        "sequence" => AskedCheck::Sequence { first: some("first"), last: some("last") },
        "reconciliation" => AskedCheck::Reconciliation { source, keys: lines(&text("keys")) },
        "roll_forward" => AskedCheck::RollForward {
            source,
            opening: count("opening"),
            added: count("added"),
            removed: count("removed"),
        },
        "trace_from_source" => AskedCheck::TraceFromSource { source, keys: lines(&text("keys")) },
        "trace_to_source" => {
            let rows = (0..).map(|place| (place, text(&format!("row-{place}"))));
            let rows = rows.take_while(|(_, key)| !key.is_empty());
            let looked = rows.filter_map(|(place, key)| {
                let agrees = match text(&format!("agrees-{place}")).as_str() {
                    "yes" => true,
                    "no" => false,
                    _ => return None,
                };
                Some(Traced { key, agrees, note: text(&format!("note-{place}")) })
            });
            let others = lines(&text("others")).into_iter();
            let others = others.map(|key| Traced { key, agrees: true, note: String::new() });
            AskedCheck::TraceToSource { source, traced: looked.chain(others).collect() }
        }
        "described" => AskedCheck::Described {
            aspect: if text("aspect") == "accuracy" { Aspect::Accuracy } else { Aspect::Completeness },
            what: text("what"),
            agrees: text("agrees") == "yes",
        },
        "unchecked" => AskedCheck::Unchecked { reason: text("reason") },
        "explained" => AskedCheck::Explained {
            check: text("check").parse().map_err(|_| Refusal::Malformed)?,
            text: text("text"),
        },
        _ => return Err(Refusal::Malformed),
    };
    Ok(Some(wanted).filter(|_| faults.is_empty()))
}

pub(super) async fn make(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let key = key(&at)?;
    let (app, actor) = asked.member(&state)?;
    let (mut status, mut faults) = (StatusCode::UNPROCESSABLE_ENTITY, Faults::default());
    if let Some(wanted) = read(&sent, &mut faults)? {
        match app.transact(actor, async |cx| population::check(cx, key, wanted.clone()).await).await {
            Ok(_) => return Ok(go(&format!("{}/checks", href(key)))),
            Err(error) => (status, faults) = wrong(error, about(&sent.text("procedure")))?,
        }
    }
    let known = known(&state, &asked, key).await?;
    asked.frame_refused(&state, status, &draw(&known, &asked.token, &sent, &faults)).await
}
