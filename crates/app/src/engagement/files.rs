//! The bytes that documents of an engagement name by their digest, and that go with them.

use tickmark_core::Digest;
use tickmark_core::engagement::EngagementKey;
use tickmark_core::report::{Files, SocPackage, Writing};

use super::describing::read_diagram;
use super::fieldwork::report;
use crate::{Actor, App, Error, Result};

/// Returns the files that go with management's part. The auditor's signed file goes with it for those who may hand out the
/// report; that they took it is an event of the trail, before the first byte leaves.
///
/// # Errors
/// `Forbidden`; `StepUp`; `NotFound`; `Conflict` if a file was replaced since the model was frozen.
pub async fn files_of_package(
    app: &App,
    actor: &Actor,
    key: EngagementKey,
    package: &SocPackage,
) -> Result<Files> {
    let figures = package.description.iter().flat_map(|part| &part.figures);
    let mut files = diagrams(app, actor, key, figures.map(|figure| figure.digest).collect()).await?;
    if let Some(section) = package.section.as_ref().filter(|section| section.size.is_some())
        && app.read(actor, async |view| report::may_hand_out(view, key).await).await?
    {
        let (held, bytes) = report::read_section(app, actor, key).await?;
        if held.digest != section.digest {
            return Err(changed());
        }
        files.insert(held.digest, bytes.to_vec());
    }
    Ok(files)
}

/// Asks for what [`files_of_package`] asks, before anything is recorded as taken out.
///
/// # Errors
/// `StepUp`; `NotFound`.
pub async fn prove_for_package(app: &App, actor: &Actor, key: EngagementKey) -> Result<()> {
    app.read(actor, async |view| report::need_fresh(view, key).await).await
}

/// Returns the files that go with a document: the pictures in it.
///
/// # Errors
/// `Forbidden`; `Conflict` if one was replaced since the document was frozen.
pub async fn files_of_writing(
    app: &App,
    actor: &Actor,
    key: EngagementKey,
    writing: &Writing,
) -> Result<Files> {
    diagrams(app, actor, key, writing.figures().map(|figure| figure.digest).collect()).await
}

async fn diagrams(app: &App, actor: &Actor, key: EngagementKey, digests: Vec<Digest>) -> Result<Files> {
    let mut files = Files::new();
    for digest in digests {
        let (_, bytes) = read_diagram(app, actor, key, digest).await.map_err(|error| match error {
            Error::NotFound { .. } => changed(),
            error => error,
        })?;
        files.insert(digest, bytes.to_vec());
    }
    Ok(files)
}

fn changed() -> Error {
    Error::conflict("a file of the document was replaced meanwhile; take the document out again")
}
