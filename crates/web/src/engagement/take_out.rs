//! What is taken out of an engagement: management's part, single documents, OSCAL, lists, and copies for somebody.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use tickmark_app::Error;
use tickmark_app::engagement::{self, Made, Single, Summary};
use tickmark_app::port::{RenderError, Renderer};
use tickmark_core::engagement::{Engagement, EngagementKey};

use super::{catalog, href, key, page_of, refused};
use crate::WebState;
use crate::control::Names;
use crate::design::form::{Faults, Field, field, form, send};
use crate::design::frame::Page;
use crate::design::table::plain;
use crate::design::{block, moment};
use crate::error::Refusal;
use crate::evidence;
use crate::form::Sent;
use crate::identity::go;
use crate::visit::Asked;

pub(crate) const PDF: &str = "application/pdf";
const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Makes a document apart from the threads that answer, few at one time.
pub(crate) async fn make(
    state: &WebState,
    with: impl FnOnce(&dyn Renderer) -> Result<Vec<u8>, RenderError> + Send + 'static,
) -> Result<Vec<u8>, Refusal> {
    let documents = state.documents().ok_or(Refusal::NotFound)?;
    let made = state.setting().run(move || with(documents.as_ref())).await?;
    made.map_err(|error| Refusal::Internal(error.to_string()))
}

pub(crate) fn generator(state: &WebState) -> &str {
    state.assessing().map_or("Tickmark", |(_, generator)| generator)
}

/// Begins the names of an engagement's files.
pub(super) fn stem(key: EngagementKey) -> String {
    key.to_string().to_lowercase()
}

/// A document that was taken out.
pub(crate) struct Out {
    pub(crate) name: String,
    media_type: &'static str,
    pub(crate) bytes: Vec<u8>,
}

impl IntoResponse for Out {
    fn into_response(self) -> Response {
        evidence::taken(&self.name, self.media_type, self.bytes)
    }
}

pub(super) async fn package(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let key = key(&at)?;
    // The auditor's signed file goes with it, and comes back here once whoever takes it has shown who they are.
    match engagement::prove_for_package(app, actor, key).await {
        Err(Error::StepUp) => return Ok(go(&format!("/step-up?back={}", asked.path()))),
        other => other?,
    }
    Ok(package_of(&state, &asked, key).await?.into_response())
}

/// Sets management's part as PDF, as it is recorded now.
pub(crate) async fn package_of(state: &WebState, asked: &Asked, key: EngagementKey) -> Result<Out, Refusal> {
    let (app, actor) = asked.member(state)?;
    let (catalog, generator) = (catalog(state)?, generator(state));
    let model =
        app.transact(actor, async |cx| engagement::take_out(cx, key, catalog, generator).await).await?;
    let files = engagement::files_of_package(app, actor, key, &model).await?;
    let bytes = make(state, move |documents| documents.package_pdf(&model, None, &files)).await?;
    Ok(Out { name: format!("{}-management.pdf", stem(key)), media_type: PDF, bytes })
}

pub(super) async fn oscal(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Out, Refusal> {
    oscal_of(&state, &asked, key(&at)?).await
}

/// Writes the examination as OSCAL, as it is recorded now.
pub(crate) async fn oscal_of(state: &WebState, asked: &Asked, key: EngagementKey) -> Result<Out, Refusal> {
    let (app, actor) = asked.member(state)?;
    let (catalog, generator) = (catalog(state)?, generator(state));
    let taken =
        app.transact(actor, async |cx| engagement::take_out_oscal(cx, key, catalog, generator).await).await;
    let model = match taken {
        // A scope without a criterion has nothing to exchange; nobody is offered it.
        Err(Error::Invalid(_)) => return Err(Refusal::NotFound),
        other => other?,
    };
    let bytes = make(state, move |documents| documents.oscal_zip(&model)).await?;
    Ok(Out { name: format!("{}-oscal.zip", stem(key)), media_type: "application/zip", bytes })
}

pub(super) async fn sheet(
    State(state): State<WebState>,
    Path((at, word)): Path<(String, String)>,
    asked: Asked,
) -> Result<Out, Refusal> {
    sheet_of(&state, &asked, key(&at)?, &word).await
}

/// Writes a list as XLSX.
pub(crate) async fn sheet_of(
    state: &WebState,
    asked: &Asked,
    key: EngagementKey,
    word: &str,
) -> Result<Out, Refusal> {
    let (app, actor) = asked.member(state)?;
    let (catalog, generator) = (catalog(state)?, generator(state));
    let summary = Summary::ALL.into_iter().find(|one| one.word() == word).ok_or(Refusal::NotFound)?;
    let sheet = app
        .transact(actor, async |cx| engagement::take_out_summary(cx, key, summary, catalog, generator).await)
        .await?;
    let bytes = make(state, move |documents| documents.list_xlsx(&sheet)).await?;
    Ok(Out { name: format!("{}-{}.xlsx", stem(key), summary.word()), media_type: XLSX, bytes })
}

pub(super) async fn single(
    State(state): State<WebState>,
    Path((at, name, format)): Path<(String, String, String)>,
    asked: Asked,
) -> Result<Out, Refusal> {
    single_of(&state, &asked, key(&at)?, (&name, &format)).await
}

/// Writes one document of management as PDF or DOCX.
pub(crate) async fn single_of(
    state: &WebState,
    asked: &Asked,
    key: EngagementKey,
    (name, format): (&str, &str),
) -> Result<Out, Refusal> {
    let (app, actor) = asked.member(state)?;
    let (catalog, generator) = (catalog(state)?, generator(state));
    let what = Single::from_name(name).ok_or(Refusal::NotFound)?;
    let is_pdf = match format {
        "pdf" => true,
        "docx" => false,
        _ => return Err(Refusal::NotFound),
    };
    let taken = app
        .transact(actor, async |cx| engagement::take_out_single(cx, key, what, catalog, generator).await)
        .await;
    let writing = match taken {
        // A bridge letter whose time is over is given to nobody any more.
        Err(Error::Conflict(_)) => return Err(Refusal::NotFound),
        other => other?,
    };
    let name = format!("{}-{}.{format}", stem(key), what.name());
    let files = engagement::files_of_writing(app, actor, key, &writing).await?;
    let made = make(state, move |documents| {
        if is_pdf {
            documents.writing_pdf(&writing, None, &files)
        } else {
            documents.writing_docx(&writing, &files)
        }
    });
    Ok(Out { name, media_type: if is_pdf { PDF } else { DOCX }, bytes: made.await? })
}

/// The ways to take a document out.
pub(super) fn links(key: EngagementKey, what: Single) -> Markup {
    let of = format!("{}/documents/{}", href(key), what.name());
    html! {
        span.nowrap {
            a href={ (of) "/pdf" } { "PDF" } " " a href={ (of) "/docx" } { "DOCX" }
        }
    }
}

pub(super) async fn copies_page(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let page = copies_form(&state, &at, &asked, ("", ""), &Faults::default()).await?;
    asked.frame(&state, &page).await
}

async fn copies_form(
    state: &WebState,
    at: &str,
    asked: &Asked,
    (recipient, company): (&str, &str),
    faults: &Faults,
) -> Result<Page, Refusal> {
    let (app, actor) = asked.member(state)?;
    let key = key(at)?;
    let (record, made, names) = app
        .read(actor, async |view| {
            let version = engagement::find(view, key).await?;
            let made = engagement::copies(view, key).await?;
            Ok((version.record, made, Names::for_looking(view).await?))
        })
        .await?;
    let may_make = state.documents().is_some() && asked.may(engagement::handing_out());
    Ok(copies_of(&record, &made, &names, asked, may_make, (recipient, company), faults))
}

fn copies_of(
    record: &Engagement,
    made: &[Made],
    names: &Names,
    asked: &Asked,
    may_make: bool,
    (recipient, company): (&str, &str),
    faults: &Faults,
) -> Page {
    let href = href(record.key);
    let rows = made.iter().map(|one| {
        vec![
            html! { span.num { (one.copy.number) } },
            html! { span.primary { (one.copy.recipient) } span.sub { (one.copy.company) } },
            html! { span.nowrap { (moment::written(one.copy.made)) } span.sub { (names.of(one.by)) } },
            html! { code { (one.model.short()) } },
        ]
    });
    let body = html! {
        @if may_make {
            div.narrow {
                (form(&format!("{href}/copies"), &asked.token, &html! {
                    (faults.summary())
                    div.fields {
                        (field(&Field { name: "recipient", label: "Who gets it", value: recipient, max: 200, fault: faults.of("recipient"), ..Field::default() }))
                        (field(&Field { name: "company", label: "Of which company", value: company, max: 200, fault: faults.of("company"), ..Field::default() }))
                    }
                    (send("Make the copy", &href))
                }))
            }
        }
        @if made.is_empty() { p.muted { "No copy was made for anybody." } } @else {
            (block("copies", "Copies", &html! { (made.len()) }, &plain("Copies", &["No.", "For", "Made", "Model"], rows.collect())))
        }
    };
    let mut page = page_of(record, "Copies for somebody", body);
    page.lead = html! { "Name, company and day stand on each page of a copy, and here who took it." };
    page
}

pub(super) async fn make_copy(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let (key, catalog) = (key(&at)?, catalog(&state)?);
    sent.only(&["recipient", "company"])?;
    let (recipient, company) = (sent.text("recipient"), sent.text("company"));
    let mut faults = Faults::default();
    for (name, text, says) in
        [("recipient", &recipient, "say who gets it"), ("company", &company, "say of which company")]
    {
        if text.is_empty() {
            faults.add(name, says);
        }
    }
    if faults.is_empty() {
        let generator = generator(&state);
        let copied = app
            .transact(actor, async |cx| {
                engagement::copy_package(cx, key, &recipient, &company, catalog, generator).await
            })
            .await;
        match copied {
            Ok((model, copy)) => {
                let name = format!("{}-management-copy-{}.pdf", stem(key), copy.number);
                let files = engagement::files_of_package(app, actor, key, &model).await?;
                let pdf =
                    make(&state, move |documents| documents.package_pdf(&model, Some(&copy), &files)).await?;
                return Ok(evidence::taken(&name, PDF, pdf));
            }
            Err(Error::Invalid(says)) => {
                faults = Faults::about(says, &[("the company", "company"), ("who gets it", "recipient")]);
            }
            Err(error) => return Err(error.into()),
        }
    }
    let page = copies_form(&state, &at, &asked, (&recipient, &company), &faults).await?;
    refused(&state, &asked, StatusCode::UNPROCESSABLE_ENTITY, &page).await
}
