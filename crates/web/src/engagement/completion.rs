//! What completes an engagement: the date of the report, subsequent events, letters, the report as it was received.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::Error;
use tickmark_app::engagement::{self, Completed, CompletionVersion, Signers, Single, fieldwork};
use tickmark_core::conclusion::scope::Day;
use tickmark_core::control::TEXT_MAX;
use tickmark_core::engagement::completion::{
    BridgeItem, Completion, Decided, EventKind, SubsequentEvent, Told,
};
use tickmark_core::engagement::{DocumentError, Engagement, EngagementKey, Progress, Step, Unconfirmed};
use tickmark_core::id::ActorId;
use tickmark_core::identity::Verb;

use super::fieldwork::{Tabbed, page as framed};
use super::next::instead;
use super::received::{comes_first, place_of};
use super::take_out::links;
use super::{atom, catalog, href, key, page_of, progress, refused};
use crate::WebState;
use crate::control::Names;
use crate::design::form::{Faults, Field, Kind, capital, field, form, hidden, send};
use crate::design::frame::Page;
use crate::design::table::plain;
use crate::design::{block, moment, plural};
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::visit::Asked;

/// Most things of the registers that are suggested.
const SUGGESTED: usize = 50;

/// An engagement with what completes it.
pub(super) struct Complete {
    pub(super) engagement: Engagement,
    pub(super) version: CompletionVersion,
    /// Whether its report was issued here: date, register up to it and letter stay as they were.
    pub(super) is_issued: bool,
    /// What changed of controls since management signed, and it has not confirmed; while there is no report.
    pub(super) unconfirmed: Option<Unconfirmed>,
    pub(super) names: Names,
}

pub(super) async fn load(state: &WebState, asked: &Asked, at: &str) -> Result<Complete, Refusal> {
    let ((app, actor), catalog) = (asked.member(state)?, catalog(state)?);
    let key = key(at)?;
    let found = app
        .read(actor, async |view| {
            let is_issued = !fieldwork::is_open(view, key).await?
                && fieldwork::report::find(view, key, catalog).await?.report.issued().is_some();
            let version = engagement::completion(view, key).await?;
            let since = match version.record.received() {
                None => engagement::since_signed(view, key, catalog).await?,
                Some(_) => None,
            };
            Ok(Complete {
                is_issued,
                unconfirmed: since.and_then(|since| since.unconfirmed()),
                engagement: engagement::find(view, key).await?.record,
                version,
                names: Names::for_looking(view).await?,
            })
        })
        .await?;
    Ok(found)
}

pub(super) fn href_of(key: EngagementKey) -> String {
    format!("{}/completion", href(key))
}

/// Returns how far a letter has come.
pub(super) fn letter_progress(of: &Complete, what: Single) -> Option<Progress> {
    let (record, scope) = (&of.version.record, of.engagement.scope_digest());
    match what {
        Single::Representation => {
            record.representation.as_ref().map(|letter| letter.progress(record.letter_ground(scope)))
        }
        Single::Bridge(number) => {
            record.bridge_of(number).ok().map(|bridge| bridge.document.progress(record.bridge_ground(scope)))
        }
        Single::Description | Single::Assertion => None,
    }
}

/// Returns the step that a letter waits for; none while the scope is not approved.
pub(super) fn letter_step(of: &Complete, what: Single) -> Option<Step> {
    of.engagement.approved()?;
    letter_progress(of, what)?.next_step()
}

/// Returns whether somebody may take a step with a letter, having taken no earlier one of it; none while it is not there.
pub(super) fn separated(
    of: &Complete,
    what: Single,
    step: Step,
    who: ActorId,
) -> Option<Result<(), DocumentError>> {
    let (record, scope) = (&of.version.record, of.engagement.scope_digest());
    match what {
        Single::Representation => record
            .representation
            .as_ref()
            .map(|letter| letter.separated(step, who, record.letter_ground(scope))),
        Single::Bridge(number) => record
            .bridge_of(number)
            .ok()
            .map(|bridge| bridge.document.separated(step, who, record.bridge_ground(scope))),
        Single::Description | Single::Assertion => None,
    }
}

/// Tells whether whoever looks may take a step with a letter: by their role, and having taken no earlier one.
fn may_sign(of: &Complete, what: Single, step: Step, asked: &Asked) -> bool {
    let who = asked.visit.actor.as_deref().map(|actor| actor.id);
    let is_apart = |who| separated(of, what, step, who).is_some_and(|separated| separated.is_ok());
    asked.may(engagement::signing(step)) && who.is_some_and(is_apart)
}

/// The way to the step that a letter waits for, for whoever may take it; others read who may.
fn sign_link(of: &Complete, what: Single, signers: &Signers, asked: &Asked) -> Markup {
    let Some(step) = letter_step(of, what) else { return html! {} };
    if may_sign(of, what, step, asked) {
        return html! {
            a.button href={ (href(of.engagement.key)) "/letters/" (what.name()) "/" (step.word()) } {
                @if step == Step::Review { "Review" } @else { "Sign" }
                span.visually-hidden { " " (what.name()) }
            }
        };
    }
    let names = signers.of(step, |who| separated(of, what, step, who).is_some_and(|one| one.is_ok()));
    html! {
        span.muted { @if step == Step::Review { "Somebody else reviews it: " } @else { "Somebody else signs it: " } (instead(&names)) "." }
    }
}

/// Reads who may sign, where a letter waits for somebody else than whoever looks.
async fn signers_of(state: &WebState, asked: &Asked, of: &Complete) -> Result<Signers, Refusal> {
    let (app, actor) = asked.member(state)?;
    let bridges = of.version.record.bridges().iter().map(|bridge| Single::Bridge(bridge.number));
    let is_for_others =
        |what: Single| letter_step(of, what).is_some_and(|step| !may_sign(of, what, step, asked));
    if !std::iter::once(Single::Representation).chain(bridges).any(is_for_others) {
        return Ok(Signers::default());
    }
    Ok(app.read(actor, async |view| engagement::signers(view).await).await?)
}

pub(super) async fn page(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let of = load(&state, &asked, &at).await?;
    let may_write = asked.may(atom(Verb::Update));
    let may_confirm = asked.may(atom(Verb::Approve));
    let has_documents = state.documents().is_some();
    let suggested = suggested(&state, &asked, &of).await?;
    let signers = signers_of(&state, &asked, &of).await?;
    let signing = (&signers, &asked);
    let body = html! {
        div.columns {
            div {
                (block("events", "Subsequent events", &html! { (of.version.record.events().len()) }, &html! { (events(&of, may_write, may_confirm)) (suggestions(&suggested)) }))
                @if of.version.record.received().is_some() { (block("facts", "Facts known after the report", &html! { (of.version.record.facts().len()) }, &super::fact::register(&of, may_write))) }
                (block("bridges", "Bridge letters", &html! { (of.version.record.bridges().len()) }, &bridges(&of, signing, may_write, has_documents)))
            }
            div {
                (block("report", "The report", &html! {}, &report(&of, may_write)))
                (block("representation", "Representation letter", &html! {}, &representation(&of, signing, may_write, has_documents)))
            }
        }
    };
    let mut page = framed(&of.engagement, &asked, Tabbed::Completion, "Completion", &body);
    page.lead = html! { "From the end of the time examined to the report, and the letters that follow it." };
    asked.frame(&state, &page).await
}

/// What the registers hold from the end of the time to the date of the report, and no event tells of by itself.
async fn suggested(state: &WebState, asked: &Asked, of: &Complete) -> Result<Vec<BridgeItem>, Refusal> {
    let (app, actor) = asked.member(state)?;
    let record = &of.version.record;
    if record.received().is_some() || of.engagement.closed().is_some() {
        return Ok(Vec::new());
    }
    let (key, catalog) = (of.engagement.key, super::catalog(state)?);
    let basis = app.read(actor, async |view| engagement::bridge_basis(view, key, catalog).await).await?;
    let is_of_report = |item: &BridgeItem| record.report_date().is_none_or(|date| item.day <= date);
    let is_told = |item: &BridgeItem| item.reference.starts_with("event ");
    Ok(basis.items.into_iter().filter(|item| !is_told(item) && is_of_report(item)).take(SUGGESTED).collect())
}

fn suggestions(suggested: &[BridgeItem]) -> Markup {
    let rows = suggested.iter().map(|item| {
        let kind = if item.is_incident { "Incident or failure" } else { "Change" };
        vec![html! { span.nowrap { (moment::on(item.day)) } }, html! { (item.says) }, html! { (kind) }]
    });
    html! {
        @if !suggested.is_empty() {
            details.act {
                summary { "The registers hold " (suggested.len()) " " (plural(suggested.len(), "thing", "things")) " since the end of the time examined" }
                p.muted { "Enter those that could matter to the description or to controls." }
                (plain("What the registers hold", &["Day", "What", "Kind"], rows.collect()))
            }
        }
    }
}

fn events(of: &Complete, may_write: bool, may_confirm: bool) -> Markup {
    let (record, href) = (&of.version.record, href(of.engagement.key));
    let rows = record.events().iter().map(|event| {
        let told = &event.told;
        vec![
            html! { span.nowrap { (moment::on(told.day)) } },
            html! {
                @if may_write { a.primary href={ (href) "/events/" (event.number) } { (told.what) } } @else { span.primary { (told.what) } }
                span.sub { (told.kind.title()) ": " (told.effect) }
            },
            html! { (told.decided.title()) @if !told.reason.is_empty() { span.sub { (told.reason) } } },
        ]
    });
    let (_, end) = of.engagement.holds().time.days();
    html! {
        @if record.events().is_empty() {
            p.muted { "Nothing is entered. What happens after " (moment::on(end)) " and could matter to the description or to controls belongs here: incidents, acquisitions, loss of a vendor, fraud, changed controls." }
        } @else {
            (plain("Subsequent events", &["Day", "What happened", "Decision"], rows.collect()))
        }
        p { @match record.confirmed() {
            Some(confirmed) => { "Confirmed as whole up to " (moment::on(confirmed.until)) " by " (of.names.of(confirmed.signed.by)) ", " (moment::written(confirmed.signed.at)) "." }
            None => { span.muted { "Nobody has confirmed that the register is whole as it stands. The representation letter waits for it." } }
        } }
        p.row {
            @if may_write { a.button href={ (href) "/events/new" } { "Enter an event" } }
            @if may_confirm && !of.is_issued { a.button href={ (href) "/confirm-events" } { @if record.events().is_empty() { "Confirm that none is known" } @else { "Confirm the register" } } }
        }
    }
}

fn report(of: &Complete, may_write: bool) -> Markup {
    let (record, href) = (&of.version.record, href(of.engagement.key));
    html! {
        dl.facts {
            dt { "Date of the report" } dd { @match record.report_date() { Some(day) => (moment::on(day)), None => span.muted { "Not agreed with the auditor yet" } } }
            dt { "Received" } dd { @match record.received() {
                Some(received) => { (received.firm) ", dated " (moment::on(received.day)) span.sub { (received.file) ", recorded by " (of.names.of(received.by)) ", " (moment::written(received.at)) } span.sub { code { (received.digest) } } }
                None => { span.muted { "No report is recorded" } }
            } }
        }
        @if record.is_revised() { p.problem { "The auditor revises the report: nobody is given it until the revised one is recorded." } }
        @let first = comes_first(of);
        @if let (true, Some(gate)) = (may_write, &first) { @let (end, words) = place_of(gate); p.muted { "Before a report is recorded: " (gate) ". " a href={ (href) (end) } { (words) } } }
        @if may_write && (!of.is_issued || record.is_revised()) {
            p.row {
                @if !of.is_issued && of.engagement.closed().is_none() { a.button href={ (href) "/report-date" } { "Set the date" } }
                @if first.is_none() { a.button href={ (href) "/received/file" } { @if record.is_revised() { "Record the revised report" } @else { "Record the report" } } " " a.button.quiet href={ (href) "/received" } { "Only its digest" } }
            }
        }
    }
}

fn representation(
    of: &Complete,
    (signers, asked): (&Signers, &Asked),
    may_write: bool,
    has_documents: bool,
) -> Markup {
    let href = href(of.engagement.key);
    let there = letter_progress(of, Single::Representation);
    html! {
        p { (progress(there)) "." @if there.is_none() { " " span.muted { "It goes to the auditor only, dated as of the report." } } }
        @if let Some(says) = of.version.record.letter_contradiction() { p.problem { (capital(&says)) "." } }
        p.row {
            @if may_write && !of.is_issued && of.engagement.closed().is_none() { a.button href={ (href) "/representation" } { @if there.is_none() { "Write it" } @else { "Edit" } } }
            (sign_link(of, Single::Representation, signers, asked))
            @if there.is_some() && has_documents { (links(of.engagement.key, Single::Representation)) }
        }
    }
}

fn bridges(
    of: &Complete,
    (signers, asked): (&Signers, &Asked),
    may_write: bool,
    has_documents: bool,
) -> Markup {
    let (record, href) = (&of.version.record, href(of.engagement.key));
    let rows = record.bridges().iter().map(|bridge| {
        let what = Single::Bridge(bridge.number);
        let letter = &bridge.document.content;
        vec![
            html! {
                @if may_write { a.primary href={ (href) "/bridges/" (bridge.number) } { "To " (letter.to) } } @else { span.primary { "To " (letter.to) } }
                span.sub { (letter.named(false).count()) " " (plural(letter.named(false).count(), "change", "changes")) ", " (letter.named(true).count()) " " (plural(letter.named(true).count(), "incident", "incidents")) " named" }
            },
            html! { (progress(letter_progress(of, what))) @if let Some(day) = letter.expires() { span.sub { "Not given out from " (moment::on(day)) " on" } } },
            html! { (sign_link(of, what, signers, asked)) @if has_documents { " " (links(of.engagement.key, what)) } },
        ]
    });
    html! {
        @if record.bridges().is_empty() {
            p.muted { "Management's statement about the time from the end of the period to a day, at most three months. It follows a report and replaces none." }
        } @else {
            (plain("Bridge letters", &["Letter", "Progress", ""], rows.collect()))
        }
        @if may_write {
            @if record.received().is_some() && of.engagement.holds().time.is_period() { p { a.button href={ (href) "/bridges/new" } { "Write a bridge letter" } } }
            @else if of.engagement.holds().time.is_period() { p.muted { "One can be written once the report is recorded." } }
            @else { p.muted { "A report as of one date has no period from whose end a letter could bridge." } }
        }
    }
}

/// What a change came to: where to go, or what is wrong and with which status; `about` says which field a word of a refusal
/// stands for.
pub(super) fn completed(
    done: Result<Completed, Error>,
    to: &str,
    about: &[(&str, &'static str)],
) -> Result<Response, Result<(StatusCode, Faults), Refusal>> {
    match done {
        Ok(Completed::Done(_)) => Ok(go(to)),
        Ok(Completed::Stale(_)) => Err(Ok((
            StatusCode::CONFLICT,
            Faults::whole(
                "somebody changed this while you typed. Nothing was saved; what you typed is still in the fields. Look at \
                 it in another window, then send it again",
            ),
        ))),
        Err(Error::Invalid(says) | Error::Conflict(says)) => {
            Err(Ok((StatusCode::UNPROCESSABLE_ENTITY, Faults::about(says, about))))
        }
        Err(error) => Err(Err(error.into())),
    }
}

/// Reads a day of a form.
pub(super) fn day(name: &'static str, text: &str, faults: &mut Faults) -> Option<Day> {
    let day = text.parse().ok();
    if day.is_none() {
        faults.add(name, "it is a day like 2027-03-31");
    }
    day
}

pub(super) fn version(sent: &Sent) -> Result<i64, Refusal> {
    sent.text("version").parse().map_err(|_| Refusal::Malformed)
}

/// Words of refusals that are about the day of a form.
pub(super) const ABOUT_DAY: [(&str, &str); 4] = [
    ("the time of the examination", "day"),
    ("lies ahead", "day"),
    ("the report is dated", "day"),
    ("before the report", "day"),
];

/// A form of one day.
struct DayForm<'a> {
    title: &'a str,
    action: &'a str,
    label: &'a str,
    hint: &'a str,
    button: &'a str,
    above: Markup,
}

fn day_form(of: &Complete, asked: &Asked, what: &DayForm<'_>, value: &str, faults: &Faults) -> Page {
    let key = of.engagement.key;
    let body = html! {
        (faults.summary())
        (hidden("version", &of.version.number.to_string()))
        (what.above)
        (field(&Field { name: "day", label: what.label, value, kind: Kind::Input("date"), fault: faults.of("day"), hint: what.hint, ..Field::default() }))
        (send(what.button, &href_of(key)))
    };
    let inside = form(&format!("{}/{}", href(key), what.action), &asked.token, &body);
    page_of(&of.engagement, what.title, html! { div.narrow { (inside) } })
}

fn date_form(of: &Complete, asked: &Asked, value: &str, faults: &Faults) -> Page {
    let what = DayForm {
        title: "Date of the report",
        action: "report-date",
        label: "Date of the report",
        hint: "As agreed with the auditor. The representation letter is dated as of it; another date makes its signatures void.",
        button: "Save",
        above: html! {},
    };
    day_form(of, asked, &what, value, faults)
}

pub(super) async fn date_page(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let of = load(&state, &asked, &at).await?;
    let value = of.version.record.report_date().map_or_else(String::new, |day| day.to_string());
    asked.frame(&state, &date_form(&of, &asked, &value, &Faults::default())).await
}

pub(super) async fn date(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["version", "day"])?;
    let (key, from, typed) = (key(&at)?, version(&sent)?, sent.text("day"));
    let mut faults = Faults::default();
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if let Some(day) = day("day", &typed, &mut faults) {
        let done = app.transact(actor, async |cx| engagement::date_report(cx, key, from, day).await).await;
        match completed(done, &href_of(key), &ABOUT_DAY) {
            Ok(done) => return Ok(done),
            Err(wrong) => (status, faults) = wrong?,
        }
    }
    let of = load(&state, &asked, &at).await?;
    refused(&state, &asked, status, &date_form(&of, &asked, &typed, &faults)).await
}

fn confirm_form(of: &Complete, asked: &Asked, value: &str, faults: &Faults) -> Page {
    let known = of.version.record.events().len();
    let what = DayForm {
        title: "Confirm subsequent events",
        action: "confirm-events",
        label: "Up to and with",
        hint: "At the latest today. Up to the date of the report before the representation letter is signed.",
        button: "Confirm for management",
        above: html! {
            @if known == 0 { p { "No event is known that happened since and could matter to the description or to controls." } }
            @else { p { @if known == 1 { "The one event of the register is all that is" } @else { "The " (known) " events of the register are all that are" } " known to have happened since and could matter to the description or to controls." } }
        },
    };
    day_form(of, asked, &what, value, faults)
}

pub(super) async fn confirm_page(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let of = load(&state, &asked, &at).await?;
    let value = of.version.record.report_date().map_or_else(String::new, |day| day.to_string());
    asked.frame(&state, &confirm_form(&of, &asked, &value, &Faults::default())).await
}

pub(super) async fn confirm(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["version", "day"])?;
    let (key, from, typed) = (key(&at)?, version(&sent)?, sent.text("day"));
    let mut faults = Faults::default();
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if let Some(until) = day("day", &typed, &mut faults) {
        let done =
            app.transact(actor, async |cx| engagement::confirm_events(cx, key, from, until).await).await;
        match completed(done, &href_of(key), &ABOUT_DAY) {
            Ok(done) => return Ok(done),
            Err(wrong) => (status, faults) = wrong?,
        }
    }
    let of = load(&state, &asked, &at).await?;
    refused(&state, &asked, status, &confirm_form(&of, &asked, &typed, &faults)).await
}

fn event_form(
    of: &Complete,
    asked: &Asked,
    number: Option<u32>,
    typed: &[(&str, String)],
    faults: &Faults,
) -> Page {
    let href = href(of.engagement.key);
    let value = |name: &str| typed.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value);
    let kinds: Vec<(String, String)> =
        EventKind::ALL.iter().map(|kind| (kind.word().to_owned(), kind.title().to_owned())).collect();
    let decisions: Vec<(String, String)> =
        Decided::ALL.iter().map(|one| (one.word().to_owned(), one.title().to_owned())).collect();
    let body = html! {
        (faults.summary())
        (hidden("version", &of.version.number.to_string()))
        div.fields {
            (field(&Field { name: "day", label: "When it happened", value: value("day"), kind: Kind::Input("date"), fault: faults.of("day"), ..Field::default() }))
            (field(&Field { name: "kind", label: "What kind of event", value: value("kind"), kind: Kind::Select(&kinds), fault: faults.of("kind"), ..Field::default() }))
        }
        (field(&Field { name: "what", label: "What happened", value: value("what"), fault: faults.of("what"), hint: "In a few words.", ..Field::default() }))
        (field(&Field { name: "effect", label: "Effect on system and controls", value: value("effect"), kind: Kind::Area(4), max: TEXT_MAX, fault: faults.of("effect"), ..Field::default() }))
        (field(&Field { name: "decided", label: "What is decided", value: value("decided"), kind: Kind::Select(&decisions), fault: faults.of("decided"), ..Field::default() }))
        (field(&Field { name: "reason", label: "Why", value: value("reason"), kind: Kind::Area(2), max: TEXT_MAX, optional: true, fault: faults.of("reason"), hint: "Needed once something is decided.", ..Field::default() }))
        (send("Save", &href_of(of.engagement.key)))
    };
    let at = number.map_or_else(|| "new".to_owned(), |number| number.to_string());
    let title = if number.is_some() { "Subsequent event" } else { "Enter a subsequent event" };
    let inside = form(&format!("{href}/events/{at}"), &asked.token, &body);
    page_of(&of.engagement, title, html! { div.narrow { (inside) } })
}

const EVENT_FIELDS: [&str; 6] = ["day", "kind", "what", "effect", "decided", "reason"];

/// Reads the number in an address; none for a new thing.
pub(super) fn numbered(at: &str) -> Result<Option<u32>, Refusal> {
    if at == "new" { Ok(None) } else { at.parse().map(Some).map_err(|_| Refusal::NotFound) }
}

fn event_of(record: &Completion, number: u32) -> Result<&SubsequentEvent, Refusal> {
    record.events().iter().find(|event| event.number == number).ok_or(Refusal::NotFound)
}

pub(super) async fn event_page(
    State(state): State<WebState>,
    Path((at, number)): Path<(String, String)>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let of = load(&state, &asked, &at).await?;
    let number = numbered(&number)?;
    let typed = match number {
        None => Vec::new(),
        Some(number) => {
            let told = &event_of(&of.version.record, number)?.told;
            vec![
                ("day", told.day.to_string()),
                ("kind", told.kind.word().to_owned()),
                ("what", told.what.clone()),
                ("effect", told.effect.clone()),
                ("decided", told.decided.word().to_owned()),
                ("reason", told.reason.clone()),
            ]
        }
    };
    asked.frame(&state, &event_form(&of, &asked, number, &typed, &Faults::default())).await
}

pub(super) async fn event(
    State(state): State<WebState>,
    Path((at, number)): Path<(String, String)>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let mut names = EVENT_FIELDS.to_vec();
    names.push("version");
    sent.only(&names)?;
    let (key, from, number) = (key(&at)?, version(&sent)?, numbered(&number)?);
    let typed: Vec<(&str, String)> = EVENT_FIELDS.iter().map(|name| (*name, sent.text(name))).collect();
    let mut faults = Faults::default();
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    let on = day("day", &sent.text("day"), &mut faults);
    let (kind, decided) =
        (EventKind::from_word(&sent.text("kind")), Decided::from_word(&sent.text("decided")));
    if kind.is_none() {
        faults.add("kind", "choose one");
    }
    if decided.is_none() {
        faults.add("decided", "choose one");
    }
    for (name, says) in [("what", "say what happened"), ("effect", "say what it did, or that it did nothing")]
    {
        if sent.text(name).is_empty() {
            faults.add(name, says);
        }
    }
    if let (Some(day), Some(kind), Some(decided), true) = (on, kind, decided, faults.is_empty()) {
        let told = Told {
            day,
            kind,
            what: sent.text("what"),
            effect: sent.text("effect"),
            decided,
            reason: sent.text("reason"),
        };
        let about = [
            &[("title of what happened", "what"), ("the effect", "effect"), ("the reason", "reason")][..],
            &ABOUT_DAY,
        ]
        .concat();
        let done = app
            .transact(actor, async |cx| engagement::tell_event(cx, key, from, number, told.clone()).await)
            .await;
        match completed(done, &href_of(key), &about) {
            Ok(done) => return Ok(done),
            Err(wrong) => (status, faults) = wrong?,
        }
    }
    let of = load(&state, &asked, &at).await?;
    refused(&state, &asked, status, &event_form(&of, &asked, number, &typed, &faults)).await
}

fn roll_form(record: &Engagement, asked: &Asked, once: &str, reason: &str, faults: &Faults) -> Page {
    let href = href(record.key);
    let next = record.holds().time.following();
    let body = html! {
        (faults.summary())
        (hidden("once", once))
        p { "The scope that holds is copied for the time that follows" @if let Some(time) = next { " (" (moment::examined(time)) ")" } ", and so is the description without incidents and changes. Both are drafts: the scope is approved anew, and nothing counts as signed. The assertion is written anew." }
        (field(&Field { name: "reason", label: "Why", value: reason, kind: Kind::Area(2), max: TEXT_MAX, fault: faults.of("reason"), hint: "It stays with the first version of the scope.", ..Field::default() }))
        (send("Plan the next one", &href))
    };
    let inside = form(&format!("{href}/roll-forward"), &asked.token, &body);
    page_of(record, "Plan the next examination", html! { div.narrow { (inside) } })
}

pub(super) async fn roll_page(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let key = key(&at)?;
    let version = app.read(actor, async |view| engagement::find(view, key).await).await?;
    let once = app.new_id(asked.visit.now).to_string();
    asked.frame(&state, &roll_form(&version.record, &asked, &once, "", &Faults::default())).await
}

pub(super) async fn roll(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["once", "reason"])?;
    let (key, once, reason) = (key(&at)?, sent.text("once"), sent.text("reason"));
    let mut faults = Faults::default();
    if reason.is_empty() {
        faults.add("reason", "say why, so that others can follow it");
    } else {
        let planned =
            app.transact(actor, async |cx| engagement::roll_forward(cx, &once, key, &reason).await).await;
        match planned {
            Ok(record) => return Ok(go(&href(record.key))),
            Err(Error::Invalid(says)) => faults = Faults::about(says, &[("the reason", "reason")]),
            Err(error) => return Err(error.into()),
        }
    }
    let version = app.read(actor, async |view| engagement::find(view, key).await).await?;
    let page = roll_form(&version.record, &asked, &once, &reason, &faults);
    refused(&state, &asked, StatusCode::UNPROCESSABLE_ENTITY, &page).await
}
