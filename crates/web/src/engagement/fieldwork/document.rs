//! Management's documents as the auditor takes them out.

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::engagement::fieldwork::document::{self, Handed, Offered, Taken};
use tickmark_app::engagement::{self, Single};
use tickmark_core::engagement::{Engagement, EngagementKey, Paper, Signatures};

use super::super::take_out::{PDF, generator, make, stem};
use super::{href, key};
use crate::WebState;
use crate::control::Names;
use crate::design::moment;
use crate::design::table::plain;
use crate::engagement::{catalog, progress};
use crate::error::Refusal;
use crate::evidence;
use crate::visit::Asked;

pub(super) async fn take(
    State(state): State<WebState>,
    Path((at, name)): Path<(String, String)>,
    asked: Asked,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let (key, catalog) = (key(&at)?, catalog(&state)?);
    let what = Handed::from_name(&name).ok_or(Refusal::NotFound)?;
    // Nothing is recorded as taken that cannot be set.
    state.documents().ok_or(Refusal::NotFound)?;
    let generator = generator(&state);
    let taken =
        app.transact(actor, async |cx| document::take(cx, key, what, catalog, generator).await).await?;
    let files = match &taken {
        Taken::Package(model, _) => engagement::files_of_package(app, actor, key, model).await?,
        Taken::Writing(writing, _) => engagement::files_of_writing(app, actor, key, writing).await?,
    };
    let pdf = make(&state, move |documents| match &taken {
        Taken::Package(model, copy) => documents.package_pdf(model, Some(copy), &files),
        Taken::Writing(writing, copy) => documents.writing_pdf(writing, Some(copy), &files),
    })
    .await?;
    let name = match what {
        Handed::Package => "management".to_owned(),
        Handed::Single(single) => single.name(),
    };
    Ok(evidence::taken(&format!("{}-{name}.pdf", stem(key)), PDF, pdf))
}

fn link(key: EngagementKey, what: Handed, title: &str) -> Markup {
    html! { a.button.quiet href={ (href(key)) "/management/" (what.name()) } { "PDF" span.visually-hidden { " of " (title) } } }
}

/// Who signed a document as it stands, and when.
fn signed(of: &Signatures, approved: &str, names: &Names) -> Markup {
    html! {
        @for (does, signed) in [("Reviewed", &of.reviewed), (approved, &of.approved)] {
            @if let Some(signed) = signed { span.sub { (does) " by " (names.of(signed.by)) ", " (moment::exact(signed.at)) } }
        }
    }
}

/// The documents with how far they are, and the way to take out those that management reviewed.
pub(super) fn list(
    record: &Engagement,
    (offered, is_open): (&Offered, bool),
    names: &Names,
    can_set: bool,
) -> Markup {
    let of = |what: Handed, title: &str| {
        html! { @if can_set && offered.all.contains(&what) { (link(record.key, what, title)) } }
    };
    let paper = |paper: Paper| {
        vec![
            html! { a.primary href={ (href(record.key)) "/" (paper.word()) } { (paper.title()) } },
            html! { (progress(record.progress(paper))) (signed(&record.signatures(paper), "Approved", names)) },
            of(Handed::Single(paper.into()), paper.title()),
        ]
    };
    let mut rows: Vec<Vec<Markup>> = record.papers().map(paper).collect();
    let is_signed = offered.letter.approved.is_some();
    let letter = html! {
        @if is_signed { "Signed for management" } @else { "Reviewed, not signed" }
        (signed(&offered.letter, "Signed", names))
    };
    let part = html! { @if is_open { "As it is recorded now" } @else { "As it was frozen" } };
    for (what, title, says) in [
        (Handed::Single(Single::Representation), "Representation letter", letter),
        (Handed::Package, "Management\u{2019}s part of the report", part),
    ] {
        if offered.all.contains(&what) {
            rows.push(vec![html! { (title) }, says, of(what, title)]);
        }
    }
    html! {
        (plain("Documents", &["Document", "Progress", ""], rows))
        @if can_set { p.muted.small.block-body { "What management has reviewed can be taken out. Your name, your firm and the day stand on each page, and each copy in the organization\u{2019}s audit trail." } }
    }
}
