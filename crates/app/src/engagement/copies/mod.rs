//! Copies of management's documents that are made for somebody, with the log of who took them. Owns the table
//! `document_copy` of migration `0049_completion.sql`.

mod sql;

use serde_json::json;
use tickmark_core::Digest;
use tickmark_core::catalog::Catalog;
use tickmark_core::engagement::EngagementKey;
use tickmark_core::id::ActorId;
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::report::{CopyFor, SocPackage};

use super::{find, package};
use crate::context::{Cx, View};
use crate::identity::audit::{self, Event, Name};
use crate::{Error, Result};

/// Most copies in one list.
const LIST_LIMIT: u32 = 500;
/// Most characters of a name.
pub(super) const NAME_MAX: usize = 200;
/// Name of management's part in the log.
pub(super) const PACKAGE: &str = "package";

/// A copy that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// For whom.
    pub copy: CopyFor,
    /// Of which document.
    pub document: String,
    /// Digest of its model.
    pub model: Digest,
    /// Who had it made.
    pub by: ActorId,
}

/// The permission to hand something out.
#[must_use]
pub fn handing_out() -> Atom {
    Atom::new(Resource::RestrictedReport, Verb::Export)
}

/// Makes a copy of management's part for somebody, and keeps for whom.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Invalid` without a name or a company.
pub async fn copy_package(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    recipient: &str,
    company: &str,
    catalog: &Catalog,
    generator: &str,
) -> Result<(SocPackage, CopyFor)> {
    cx.permit_whole(handing_out())?;
    let (recipient, company) =
        (named("who gets it", recipient)?, named("the company of whoever gets it", company)?);
    let model = package::package(cx, key, catalog, generator).await?;
    let digest = model.digest().map_err(|error| Error::internal("digesting management's part", error))?;
    let copy = copied(cx, key, PACKAGE, digest, (recipient, company)).await?;
    Ok((model, copy))
}

/// Keeps for whom, and of which company, a copy of a document is made, whoever asks.
pub(crate) async fn copied(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    document: &str,
    model: Digest,
    (recipient, company): (String, String),
) -> Result<CopyFor> {
    let (organization, now, by) = (cx.organization(), cx.now, cx.actor.id);
    let number = sql::next_key(cx.connection(), organization).await?;
    let copy = CopyFor { number, recipient, company, made: now };
    let made = Made { copy: copy.clone(), document: document.to_owned(), model, by };
    sql::add(cx.connection(), organization, key, &made).await?;
    let after = Some(json!({ "document": document, "model": model, "copy": number }));
    audit::record(cx, Event { after, ..Event::done(Name::CopyMade, "engagement", key) }).await?;
    Ok(copy)
}

/// Lists the copies that were made of an engagement's documents, newest first.
///
/// # Errors
/// `Forbidden`; `NotFound`.
pub async fn copies(view: &mut View<'_>, key: EngagementKey) -> Result<Vec<Made>> {
    view.permit_whole(Atom::new(Resource::RestrictedReport, Verb::Read))?;
    find(view, key).await?;
    made(view, key).await
}

/// Lists them, whoever asks.
pub(super) async fn made(view: &mut View<'_>, key: EngagementKey) -> Result<Vec<Made>> {
    let organization = view.organization();
    sql::list(view.connection(), organization, key, LIST_LIMIT).await
}

fn named(what: &str, text: &str) -> Result<String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Error::invalid(format!("say {what}")));
    }
    if text.chars().count() > NAME_MAX || text.chars().any(char::is_control) {
        return Err(Error::invalid(format!("{what} has at most {NAME_MAX} characters, on one line")));
    }
    Ok(text.to_owned())
}
