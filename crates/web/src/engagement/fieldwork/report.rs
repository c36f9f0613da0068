//! The report: the opinion as its auditor records it, the signed Section I, issue and freeze; the firm's file.

mod changed;

use std::collections::BTreeSet;
use std::pin::Pin;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use maud::{Markup, html};
use tickmark_app::engagement::fieldwork::report::{self, Known, SECTION_BYTES};
use tickmark_app::engagement::fieldwork::{asking, file, paper, request, signed, workpaper};
use tickmark_app::engagement::{self, Signers, SinceSigned};
use tickmark_app::evidence::item::Upload;
use tickmark_app::{Actor, App, Error, View};
use tickmark_core::catalog::Catalog;
use tickmark_core::control::TEXT_MAX;
use tickmark_core::engagement::completion::Received;
use tickmark_core::engagement::fieldwork::{
    Gate, Opinion, OpinionKind, Part, PartResult, Party, Report, SignedPaper as _, Workpaper, before_report,
    check_pdf, elements,
};
use tickmark_core::engagement::{Engagement, EngagementKey, ReportKind};
use tickmark_core::identity::Verb;

pub(super) use self::changed::confirm;
use self::changed::since_signed;
use super::workpaper::has_results;
use super::{Tabbed, atom, head, href, key, page as framed, refused, wrong};
use crate::WebState;
use crate::control::Names;
use crate::design::form::{
    Faults, Field, FilesField, Kind, fault_id, fault_of, field, files, form, form_with_files, hidden,
};
use crate::design::frame::Page;
use crate::design::{block, digest, moment, plural, size};
use crate::engagement::catalog;
use crate::engagement::take_out::generator;
use crate::error::Refusal;
use crate::evidence::taken;
use crate::form::Sent;
use crate::identity::{go, prove_first};
use crate::upload::{KEPT, KeptFiles, SentFiles, drop_kept, kept_files};
use crate::visit::Asked;

struct Shown {
    record: Engagement,
    known: Known,
    /// Controls in scope whose test no shared paper holds, of how many; for the firm, while it can still share one.
    untested: Option<(usize, usize)>,
    /// Requests that were neither accepted nor set aside; for the firm, while it can still settle one.
    unsettled: usize,
    /// The SOC 2 from the same work whose opinion is modified, where this one is not.
    forgotten: Option<(EngagementKey, OpinionKind)>,
    /// Controls in scope that are not what they were when management signed; while there is no report.
    since: Option<SinceSigned>,
    /// Who may confirm that for management, while it is not confirmed and management looks.
    signers: Signers,
    /// Whoever looks wrote all of it.
    is_own: bool,
    names: Names,
    /// A file that was sent with a form which was refused.
    held: KeptFiles,
}

async fn load(state: &WebState, asked: &Asked, key: EngagementKey) -> Result<Shown, Refusal> {
    let ((app, actor), catalog) = (asked.member(state)?, catalog(state)?);
    let sees_requests = asked.may(asking(Verb::Read));
    let shown = app
        .read(actor, async |view| {
            let (record, _) = head(view, key).await?;
            let known = report::find(view, key, catalog).await?;
            let names = Names::for_looking(view).await?;
            let has_tests = has_results(&record);
            let is_open = known.report.frozen().is_none() && record.closed().is_none();
            let untested = if known.party == Party::Auditor && has_tests && is_open {
                let papers = signed::list::<Workpaper>(view, key).await?;
                let shared = papers.iter().filter(|row| row.record.shared().is_some());
                let tested: BTreeSet<_> = shared.map(|row| row.record.plan.control.clone()).collect();
                let controls = workpaper::controls(view, key, catalog).await?;
                let without = controls.iter().filter(|one| !tested.contains(&one.id)).count();
                Some((without, controls.len()))
            } else {
                None
            };
            let settles = known.party == Party::Auditor && is_open && sees_requests;
            let unsettled = match settles {
                true => request::unsettled(&request::list(view, key).await?),
                false => 0,
            };
            let forgotten = forgotten(view, &record, &known, catalog).await?;
            // What is frozen without a report waits for the one from outside.
            let is_awaited = known.party == Party::Management
                && known.report.issued().is_none()
                && known.recorded.is_none();
            let since = match is_open || is_awaited {
                true => engagement::since_signed(view, key, catalog).await?,
                false => None,
            };
            let open = since.as_ref().filter(|one| one.unconfirmed().is_some());
            let (signers, is_own) = match open.filter(|_| known.party == Party::Management) {
                Some(open) => {
                    (engagement::signers(view).await?, engagement::wrote_all(view, open, actor.id).await?)
                }
                None => (Signers::default(), false),
            };
            let held = KeptFiles::default();
            Ok(Shown { record, known, untested, unsettled, forgotten, since, signers, is_own, names, held })
        })
        .await?;
    Ok(shown)
}

/// Returns the SOC 2 from the same work whose opinion is modified where that of this SOC 3 is not, as far as whoever looks may
/// know of both.
async fn forgotten(
    view: &mut View<'_>,
    record: &Engagement,
    known: &Known,
    catalog: &Catalog,
) -> Result<Option<(EngagementKey, OpinionKind)>, Error> {
    let Some(opinion) = known.report.opinion().filter(|_| record.holds().kind == ReportKind::Soc3) else {
        return Ok(None);
    };
    for other in engagement::list(view).await? {
        let (key, of) = (other.record.key, other.record.holds());
        if key == record.key || of.kind != ReportKind::Soc2 {
            continue;
        }
        let beside = report::find(view, key, catalog).await?.report;
        if let Some(label) = beside.opinion().filter(|one| opinion.forgets(record.holds(), one, of)) {
            return Ok(Some((key, label.label)));
        }
    }
    Ok(None)
}

pub(super) async fn page(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let shown = load(&state, &asked, key(&at)?).await?;
    asked
        .frame(
            &state,
            &draw(&shown, &asked, &Sent::default(), &Faults::default(), state.documents().is_some()),
        )
        .await
}

fn draw(shown: &Shown, asked: &Asked, sent: &Sent, faults: &Faults, has_documents: bool) -> Page {
    let Shown { record, known, names, .. } = shown;
    let path = format!("{}/report", href(record.key));
    let is_auditor = known.party == Party::Auditor;
    let is_open = known.report.frozen().is_none() && record.closed().is_none();
    let body = html! {
        (faults.summary())
        @if let Some((other, label)) = shown.forgotten {
            p.problem { "The opinion of " a href=(href(other)) { (other) } ", from the same work over the same time, is recorded as " (label.title().to_lowercase()) ". An opinion on a SOC 3 is then modified too." }
        }
        @if let Some(issue) = known.report.issued() {
            div.card role="status" {
                p { strong { "Issued" } " by " (issue.firm) ", marked by " (names.of(issue.by)) " on " (moment::exact(issue.at)) ". The engagement is frozen: nothing in it changes any more." @if issue.alone { " Whoever set the opinion issued the report: nobody else of the firm was in the engagement." } }
                (dates(record, &known.report))
                p.muted { "An issue is not taken back. What turns out to be wrong is a fact that became known after the report: the auditor decides whether a revised report takes its place, or whether its readers are told. " @if !is_auditor { a href={ (href(record.key)) "/completion" } { "Facts known after the report" } } }
            }
        } @else if let Some((by, at, why)) = known.report.frozen() {
            div.card role="status" { p { strong { "Frozen" } " by " (names.of(by)) " on " (moment::exact(at)) ": " (why) } }
        }
        @if known.is_revised {
            p.problem { "The auditor revises the report: nobody is given it until the revised one is recorded." }
            @if asked.may(atom(Verb::Update)) { p { a.button.primary href={ (href(record.key)) "/received/file" } { "Record the revised report" } } }
        }
        div.columns.flush {
            div {
                (block("opinion", "Opinion", &html! {}, &html! {
                    @match known.report.opinion() {
                        Some(opinion) => (recorded(opinion)),
                        None if is_auditor => { @if !is_open { p.muted { "None was recorded." } } }
                        None => p.muted { "The opinion is the auditor\u{2019}s, and stands here once the report is issued." }
                    }
                    @if is_auditor && is_open { (opinion_form(shown, &path, &asked.token, sent, faults)) }
                }))
            }
            div {
                (block("section", "Signed auditor\u{2019}s report", &html! {}, &section(shown, &path, asked, is_auditor && is_open, faults)))
                @if is_open { (block("end", if is_auditor { "Issue" } else { "Before it is issued" }, &html! {}, &ending(shown, &path, asked, (sent, faults)))) }
                @else if let Some(since) = shown.since.as_ref().filter(|since| !since.changes.is_empty()) {
                    (block("end", "Before a report is recorded", &html! {}, &since_signed(shown, since, &path, asked, (sent, faults))))
                }
                @if has_documents { (block("file", "File", &html! {}, &html! {
                    p.muted { @if is_auditor { "Workpapers, notes, requests with answers, responses and what is recorded about the report, as JSON and workbooks with digests. It leaves with your firm." } @else { "Requests with answers, results that were shared, and your responses, as JSON and workbooks with digests." } }
                    p { a.button href={ (href(record.key)) "/file" } download { @if is_auditor { "Take the firm\u{2019}s file" } @else { "Take the file" } } }
                })) }
            }
        }
    };
    let mut page = framed(record, asked, Tabbed::Report, "Report", &body);
    page.lead = html! { "What the auditor records and uploads. Nothing here is computed or filled in." };
    page
}

/// The four dates of a report, and the digest of management's part as it was frozen with it.
fn dates(record: &Engagement, report: &Report) -> Markup {
    let (from, to) = record.holds().time.days();
    html! {
        dl.facts {
            @if record.holds().time.is_period() { dt { "Period" } dd { (moment::on(from)) " to " (moment::on(to)) } } @else { dt { "As of" } dd { (moment::on(to)) } }
            @if let Some(opinion) = report.opinion() { dt { "Date of the report" } dd { (moment::on(opinion.dated)) } }
            @if let Some(issue) = report.issued() { dt { "Released" } dd { (issue.released()) } }
            @if let Some(kept) = report.kept() { dt { "Management\u{2019}s part" } dd { (digest::whole(&kept.package.digest)) } }
        }
    }
}

fn recorded(opinion: &Opinion) -> Markup {
    html! {
        dl.facts {
            dt { "Opinion" } dd { strong { (opinion.label.title()) } }
            dt { "Dated" } dd { (moment::on(opinion.dated)) }
            @for one in &opinion.parts {
                dt { (one.part.title()) } dd {
                    (one.result.title())
                    @if !one.concerns.is_empty() { span.sub { "Concerns " (one.concerns.iter().map(String::as_str).collect::<Vec<_>>().join(", ")) } }
                    @if !one.basis.is_empty() { span.sub.lines { (one.basis) } }
                }
            }
        }
    }
}

fn choices() -> Vec<(String, String)> {
    // Nothing is chosen beforehand.
    std::iter::once((String::new(), "Choose".to_owned()))
        .chain(OpinionKind::ALL.iter().map(|one| (one.word().to_owned(), one.title().to_owned())))
        .collect()
}

fn opinion_form(shown: &Shown, path: &str, token: &str, sent: &Sent, faults: &Faults) -> Markup {
    let held = shown.known.report.opinion();
    let is_typed = !sent.text("version").is_empty();
    let options = choices();
    let text =
        |name: &str, held: Option<String>| if is_typed { sent.text(name) } else { held.unwrap_or_default() };
    let label = text("label", held.map(|held| held.label.word().to_owned()));
    let dated = text("dated", held.map(|held| held.dated.to_string()));
    let scope = shown.record.holds();
    let (many, elements) = (super::measures(scope)[1], elements(scope));
    let part = |part: Part| {
        let one = held.and_then(|held| held.of(part));
        let (result, concerns, basis) = (
            format!("{}-result", part.word()),
            format!("{}-concerns", part.word()),
            format!("{}-basis", part.word()),
        );
        let fault = faults.of(part.word());
        let chosen = text(&result, one.map(|one| one.result.word().to_owned()));
        let joined = one.map(|one| one.concerns.iter().cloned().collect::<Vec<_>>().join(", "));
        let (concerned, based) = (text(&concerns, joined), text(&basis, one.map(|one| one.basis.clone())));
        let hint = match part {
            Part::Description => format!("{many}, or elements of the description: {}.", elements.join(", ")),
            Part::Design | Part::Operation | Part::Assertion => format!("{many}, with commas between."),
        };
        html! {
            fieldset aria-describedby=[fault.map(|_| fault_id(part.word()))] {
                legend { (part.title()) }
                (fault_of(part.word(), fault))
                (field(&Field { name: &result, label: "Result", kind: Kind::Select(&options), value: &chosen, ..Field::default() }))
                (field(&Field { name: &concerns, label: "A modification concerns", value: &concerned, optional: true, max: 2_000, hint: &hint, ..Field::default() }))
                (field(&Field { name: &basis, label: "Basis of a modification", kind: Kind::Area(2), value: &based, max: TEXT_MAX, optional: true, ..Field::default() }))
            }
        }
    };
    html! {
        details.act open[held.is_none() || is_typed] {
            summary { @if held.is_some() { "Record it anew" } @else { "Record the opinion" } }
            (form(&format!("{path}/opinion"), token, &html! {
                (hidden("version", &shown.known.version.to_string()))
                @for one in Part::of(shown.record.holds()) { (part(one)) }
                div.fields {
                    (field(&Field { name: "label", label: "The opinion as a whole", kind: Kind::Select(&options), value: &label, fault: faults.of("label"), ..Field::default() }))
                    (field(&Field { name: "dated", label: "Date of the report", kind: Kind::Input("date"), value: &dated, fault: faults.of("dated"), ..Field::default() }))
                }
                p.row { button.button.primary type="submit" { "Record the opinion" } }
            }))
        }
    }
}

fn section(shown: &Shown, path: &str, asked: &Asked, may_attach: bool, faults: &Faults) -> Markup {
    let held = shown.known.report.section();
    let is_auditor = shown.known.party == Party::Auditor;
    let received = shown.known.recorded.as_ref();
    html! {
        @if let Some(received) = received { (recorded_file(shown, path, received)) }
        @match held {
            Some(held) => {
                @if received.is_some() { h3 { "As it was issued here" } }
                dl.facts {
                    dt { "File" } dd { (held.name) span.sub { (size(held.size)) } }
                    dt { "SHA-256" } dd { (digest::whole(&held.digest)) }
                    dt { "Uploaded" } dd { (shown.names.of(held.by)) ", " (moment::exact(held.at)) }
                }
                @if received.is_none_or(|received| received.kept.is_none()) { (download_link(path)) }
            }
            None if received.is_some() => {},
            None if is_auditor => p.muted { "Not uploaded yet." },
            None => p.muted { "The file that the auditor signs stands here once the report is issued." }
        }
        @if may_attach {
            (form_with_files(&format!("{path}/section"), &asked.token, &html! {
                (hidden("version", &shown.known.version.to_string()))
                (shown.held.draw_one())
                (files(&FilesField { name: "files", label: if held.is_some() { "Replace it" } else { "Signed file" }, hint: "PDF, whole and without a password.", fault: faults.of("files"), accept: ".pdf", most_bytes: SECTION_BYTES, most_files: 1, is_optional: !shown.held.is_empty() }))
                p.row { button.button type="submit" { "Upload" } }
            }))
        }
    }
}

/// The report that management recorded as received: it came from outside, or takes the place of the one that was issued here.
fn recorded_file(shown: &Shown, path: &str, received: &Received) -> Markup {
    html! {
        @if shown.known.report.issued().is_some() { p { strong { "Revised" } ": this report takes the place of the one that was issued here." } }
        dl.facts {
            dt { "Date of the report" } dd { (moment::on(received.day)) }
            dt { "File" } dd { (received.file) @if let Some(kept) = received.kept { span.sub { (size(kept.size)) } } }
            dt { "SHA-256" } dd { (digest::whole(&received.digest)) }
            dt { "Recorded" } dd { (shown.names.of(received.by)) ", " (moment::exact(received.at)) }
        }
        @if received.kept.is_some() { (download_link(path)) } @else { p.muted { "Only its digest is recorded; its file is not here." } }
    }
}

fn download_link(path: &str) -> Markup {
    html! { p.row { a.button href={ (path) "/section.pdf" } { "Download" } span.muted.small { "Byte for byte as it was uploaded. Each download stands in the audit trail." } } }
}

/// Returns a message as a sentence of its own.
fn sentence(says: &str) -> String {
    let mut letters = says.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", letters.as_str())
}

/// Where management sees to what is missing: the end of an address, and what stands there.
fn place_of(gate: &Gate) -> Option<(String, &'static str)> {
    match gate {
        Gate::NoDate
        | Gate::OtherDate { .. }
        | Gate::NoLetter
        | Gate::LetterVoid
        | Gate::LetterUnsigned(_)
        | Gate::Unconfirmed { .. } => Some(("/completion".to_owned(), "Go to completion")),
        Gate::Unwritten(paper) | Gate::Void(paper) | Gate::Unsigned(paper, _) => {
            Some((format!("/{}", paper.word()), "Go to the document"))
        }
        Gate::Changed(_) => Some(("/report#changed".to_owned(), "See what changed")),
        Gate::Unmodified(_) | Gate::Amend => Some(("/assertion".to_owned(), "Go to the assertion")),
        Gate::Scope | Gate::Firm => Some((String::new(), "Go to the scope")),
        Gate::Opinion | Gate::Section | Gate::Ahead(_) | Gate::Unreviewed(_) | Gate::OwnOpinion => None,
    }
}

/// Lists what is missing, with whose turn it is, or for management the way there.
fn waiting(key: EngagementKey, missing: &[Gate], is_auditor: bool) -> Markup {
    html! {
        p { @if is_auditor { "Before the report is issued:" } @else { "Management still has to see to this:" } }
        ul.lines {
            @for gate in missing {
                li { (sentence(&gate.to_string()))
                    @if is_auditor { " " span.muted { (gate.party().title()) } }
                    @else if let Some((end, words)) = place_of(gate) { " " a href={ (href(key)) (end) } { (words) } }
                }
            }
        }
    }
}

fn ending(shown: &Shown, path: &str, asked: &Asked, (sent, faults): (&Sent, &Faults)) -> Markup {
    let missing = &shown.known.missing;
    let is_auditor = shown.known.party == Party::Auditor;
    let unconfirmed = shown.since.as_ref().and_then(SinceSigned::unconfirmed);
    let comes_first = before_report(&shown.record, unconfirmed);
    let may_freeze = asked.may(if is_auditor { paper(Verb::Update) } else { atom(Verb::Update) });
    html! {
        @if let Some((without, all)) = shown.untested.filter(|(without, _)| *without > 0) {
            p { "Of " (all) " controls in scope, " (without) " " (plural(without, "has", "have")) " no workpaper that is shared: in Section IV of management\u{2019}s part their tests and results are left to you. " a href={ (href(shown.record.key)) "/workpapers" } { "See the workpapers" } }
        }
        @if shown.unsettled > 0 {
            p { (shown.unsettled) " " (plural(shown.unsettled, "request is", "requests are")) " neither accepted nor set aside, and would stay so. " a href={ (href(shown.record.key)) "/requests" } { "See the requests" } }
        }
        @if let Some(since) = &shown.since { (since_signed(shown, since, path, asked, (sent, faults))) }
        @if !missing.is_empty() { (waiting(shown.record.key, missing, is_auditor)) }
        @else if is_auditor {
            p { "From then on nothing in the engagement changes, for anybody; management\u{2019}s part stays as it is now, and management reads the opinion and the signed file." }
            @if shown.known.is_alone {
                p.muted { "Nobody else of your firm is in the engagement, so whoever set the opinion issues the report too. The record and the audit trail say so." }
            } @else {
                p.muted { "Two people of the firm: somebody else set the opinion." }
            }
            (form(&format!("{path}/issue"), &asked.token, &html! { (hidden("version", &shown.known.version.to_string())) p.row { button.button.primary type="submit" { "Mark the report as issued" } } }))
        }
        @if !is_auditor && missing.is_empty() { p { "Nothing waits for management now." } }
        @if !is_auditor { p.muted { "Somebody of the audit firm marks the report as issued; that freezes the engagement." } }
        @if may_freeze {
            details.act open[faults.of("reason").is_some() || !sent.text("reason").is_empty()] {
                summary { "Freeze without issuing" }
                @if let Some(gate @ Gate::Changed(_)) = &comes_first {
                    p.muted { (sentence(&gate.to_string())) " Management\u{2019}s part stays as it is then: management confirms what changed or signs anew first, or closes the engagement if the examination is given up." }
                } @else if let Some(gate) = &comes_first {
                    p.muted { (sentence(&gate.to_string())) " Every report holds the assertion, and nothing is signed in an engagement that is frozen: management signs it first, or closes the engagement if the examination is given up." }
                } @else {
                    form method="post" action={ (path) "/freeze" } {
                        (hidden("form", &asked.token))
                        (field(&Field { name: "reason", label: "Why", kind: Kind::Area(2), value: &sent.text("reason"), max: TEXT_MAX, fault: faults.of("reason"), hint: "Nothing in the engagement changes afterwards. It is kept with your name and the time.", ..Field::default() }))
                        p.row { button.button type="submit" { "Freeze the engagement" } }
                    }
                }
            }
        }
    }
}

/// The field that a word of a refusal of the opinion stands for, beside those of its parts.
const ABOUT: [(&str, &str); 3] =
    [("(c) concerns it too", "operation"), ("the opinion as a whole", "label"), ("a report dated", "dated")];

fn typed(sent: &Sent, record: &Engagement) -> Result<Opinion, Faults> {
    let mut faults = Faults::default();
    let mut parts = Vec::new();
    for part in Part::of(record.holds()) {
        let text = |name: &str| sent.text(&format!("{}-{name}", part.word()));
        let Some(result) = OpinionKind::from_word(&text("result")) else {
            faults.add(part.word(), "choose its result");
            continue;
        };
        let concerns = text("concerns");
        let concerns: BTreeSet<String> =
            concerns.split([',', ' ', ';']).filter(|one| !one.is_empty()).map(str::to_uppercase).collect();
        parts.push(PartResult { part, result, concerns, basis: text("basis") });
    }
    let label = OpinionKind::from_word(&sent.text("label"));
    if label.is_none() {
        faults.add("label", "choose what the opinion as a whole is called");
    }
    let dated = sent.text("dated").parse();
    if let Err(error) = &dated {
        faults.add("dated", error);
    }
    match (label, dated) {
        (Some(label), Ok(dated)) if faults.is_empty() => Ok(Opinion { parts, label, dated }),
        _ => Err(faults),
    }
}

pub(super) async fn record(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let key = key(&at)?;
    let ((app, actor), catalog) = (asked.member(&state)?, catalog(&state)?);
    let from: i64 = sent.text("version").parse().map_err(|_| Refusal::Malformed)?;
    let shown = load(&state, &asked, key).await?;
    let (status, faults) = match typed(&sent, &shown.record) {
        Err(faults) => (StatusCode::UNPROCESSABLE_ENTITY, faults),
        Ok(opinion) => {
            let done =
                app.transact(actor, async |cx| report::record(cx, key, from, opinion, catalog).await).await;
            match done {
                Ok(()) => return Ok(go(&format!("{}/report", href(key)))),
                Err(error) => {
                    let parts = Part::of(shown.record.holds()).into_iter();
                    let about: Vec<(&str, &'static str)> =
                        parts.map(|part| (part.title(), part.word())).chain(ABOUT).collect();
                    wrong(error, &about)?
                }
            }
        }
    };
    refused(&state, &asked, status, &draw(&shown, &asked, &sent, &faults, state.documents().is_some())).await
}

type Later<'a, T> = Pin<Box<dyn Future<Output = tickmark_app::Result<T>> + Send + 'a>>;

fn attaching<'a>(
    app: &'a App,
    actor: &'a Actor,
    (key, from): (EngagementKey, i64),
    name: String,
    bytes: Bytes,
) -> Later<'a, ()> {
    Box::pin(
        app.transact(actor, async move |cx| report::attach(cx, key, from, &name, bytes).await.map(|_| ())),
    )
}

pub(super) async fn attach(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    form: SentFiles,
) -> Result<Response, Refusal> {
    let key = key(&at)?;
    let (app, actor) = asked.member(&state)?;
    let SentFiles { sent, files, refused, turn: _turn } = form.with_kept(app, actor).await?;
    sent.only(&["version", KEPT[0], KEPT[1]])?;
    take(&state, &asked, key, (&sent, files, refused)).await
}

/// The same without a file, once somebody has shown again who they are: it was kept meanwhile.
pub(super) async fn attach_kept(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let key = key(&at)?;
    sent.only(&["version", "file", KEPT[0], KEPT[1]])?;
    let (app, actor) = asked.member(&state)?;
    let files = kept_files(app, actor, &sent).await?;
    take(&state, &asked, key, (&sent, files, None)).await
}

async fn take(
    state: &WebState,
    asked: &Asked,
    key: EngagementKey,
    (sent, files, too_large): (&Sent, Vec<Upload>, Option<String>),
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(state)?;
    let from: i64 = sent.text("version").parse().map_err(|_| Refusal::Malformed)?;
    let page = format!("{}/report", href(key));
    let mut faults = Faults::default();
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    let mut held = KeptFiles::default();
    // What is chosen now takes the place of what was kept.
    match (too_large, files.into_iter().next_back()) {
        (Some(says), _) => faults.add("files", says),
        (None, None) => faults.add("files", "choose the signed file"),
        (None, Some(file)) => {
            let (name, bytes) = (file.name.clone(), file.bytes.clone());
            match attaching(app, actor, (key, from), name, bytes).await {
                Ok(()) => {
                    drop_kept(app, actor, sent).await?;
                    return Ok(go(&page));
                }
                Err(Error::StepUp) => {
                    let mut pairs = vec![
                        ("version".to_owned(), from.to_string()),
                        ("file".to_owned(), file.name.clone()),
                    ];
                    pairs.extend(KeptFiles::keep(app, actor, sent, &[file]).await?.pairs());
                    let then = format!("{page}/section/kept");
                    return prove_first(state, asked, &then, &page, &Sent::of(pairs)).await;
                }
                Err(error) => {
                    // A file that is no signed section is chosen anew.
                    if check_pdf(&file.bytes).is_ok() {
                        held = KeptFiles::keep(app, actor, sent, &[file]).await?;
                    }
                    match error {
                        Error::Invalid(says) => faults.add("files", says),
                        error => (status, faults) = wrong(error, &[])?,
                    }
                }
            }
        }
    }
    let shown = Shown { held, ..load(state, asked, key).await? };
    let page = draw(&shown, asked, &Sent::default(), &faults, state.documents().is_some());
    refused(state, asked, status, &page).await
}

pub(super) async fn issue(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let key = key(&at)?;
    sent.only(&["version"])?;
    let from: i64 = sent.text("version").parse().map_err(|_| Refusal::Malformed)?;
    let ((app, actor), catalog, generator) = (asked.member(&state)?, catalog(&state)?, generator(&state));
    let done = app.transact(actor, async |cx| report::issue(cx, key, from, catalog, generator).await).await;
    ended(&state, &asked, key, &sent, done).await
}

pub(super) async fn freeze(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let key = key(&at)?;
    sent.only(&["reason"])?;
    let ((app, actor), catalog, generator) = (asked.member(&state)?, catalog(&state)?, generator(&state));
    let reason = sent.text("reason");
    let done =
        app.transact(actor, async |cx| report::freeze(cx, key, &reason, catalog, generator).await).await;
    ended(&state, &asked, key, &sent, done).await
}

async fn ended(
    state: &WebState,
    asked: &Asked,
    key: EngagementKey,
    sent: &Sent,
    done: tickmark_app::Result<()>,
) -> Result<Response, Refusal> {
    match done {
        Ok(()) => Ok(go(&format!("{}/report", href(key)))),
        Err(Error::StepUp) => {
            prove_first(state, asked, asked.path(), &format!("{}/report", href(key)), sent).await
        }
        Err(error) => {
            let (status, faults) = wrong(error, &[("say why", "reason"), ("the reason", "reason")])?;
            let shown = load(state, asked, key).await?;
            // The form that issues holds nothing that was typed.
            let typed = if sent.text("version").is_empty() { sent.clone() } else { Sent::default() };
            let page = draw(&shown, asked, &typed, &faults, state.documents().is_some());
            refused(state, asked, status, &page).await
        }
    }
}

pub(super) async fn take_section(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let (section, bytes) = report::read_section(app, actor, key(&at)?).await?;
    Ok(taken(&section.name, "application/pdf", bytes))
}

pub(super) async fn take_file(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Response, Refusal> {
    let key = key(&at)?;
    let (app, actor) = asked.member(&state)?;
    let documents = state.documents().ok_or(Refusal::NotFound)?;
    let bytes = file::take(app, actor, key, documents.as_ref()).await?;
    Ok(taken(&format!("{}-file.zip", key.to_string().to_lowercase()), "application/zip", bytes))
}
