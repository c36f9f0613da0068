//! Where checks of one's own lie. A single organization has the folder of the installation, `checks`; of several each has one
//! below `organizations`, so that what one of them writes judges nobody else. What lies in the folder of the installation
//! holds for all of them and is changed by whoever operates it.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use tickmark_evaluate::{CheckSource, Library, read_folder};

use crate::context::View;
use crate::identity;
use crate::{Error, Result};

/// Returns the checks of the organization: those of the installation, with its own in their place, and what is wrong with
/// own ones that are left out.
///
/// # Errors
/// If the folder cannot be read.
pub fn checks_of<'a>(view: &View<'_>, shared: &'a Library) -> Result<(Cow<'a, Library>, Vec<String>)> {
    let own = read(&of_organization(view))?;
    if own.is_empty() {
        return Ok((Cow::Borrowed(shared), Vec::new()));
    }
    let (library, errors) = shared.clone().with_own(own);
    Ok((Cow::Owned(library), errors.iter().map(ToString::to_string).collect()))
}

/// The folders of all own checks that hold for the organization, its own before those of the installation.
pub(super) fn own_sources(view: &View<'_>) -> Result<Vec<CheckSource>> {
    let mut all = read(&of_organization(view))?;
    all.extend(read(&view.app.folder().checks())?);
    Ok(all)
}

/// The folder of a check in which whoever asks writes it.
///
/// # Errors
/// If the database fails.
pub(super) async fn folder_of(view: &mut View<'_>, id: &str) -> Result<PathBuf> {
    Ok(below(&own_folder(view).await?, id))
}

/// Refuses to take out a check that lies in the folder of the installation while several organizations share it.
///
/// # Errors
/// `Conflict` if it does.
pub(super) async fn need_own(view: &mut View<'_>, id: &str) -> Result<()> {
    if folder_of(view, id).await?.is_dir() {
        return Ok(());
    }
    Err(Error::conflict(
        "this check belongs to the whole installation, which has several organizations; whoever operates it takes it \
         out. Write one of your own with the same id to have another one here",
    ))
}

/// The folder in which own checks are written. Where an organization once had one of its own, it keeps it.
///
/// # Errors
/// If the database fails.
pub async fn own_folder(view: &mut View<'_>) -> Result<PathBuf> {
    let own = of_organization(view);
    let has_all = !own.is_dir() && identity::is_alone(view).await?;
    Ok(if has_all { view.app.folder().checks() } else { own })
}

fn of_organization(view: &View<'_>) -> PathBuf {
    view.app.folder().checks_of(&view.actor.organization.id.to_string())
}

fn below(root: &Path, id: &str) -> PathBuf {
    // An id is kebab case once it was loaded, so it names no other place.
    let group = id.split('-').next().unwrap_or_default();
    root.join(group).join(id)
}

fn read(root: &Path) -> Result<Vec<CheckSource>> {
    let found = if root.is_dir() { read_folder(root) } else { Ok(Vec::new()) };
    found.map_err(|error| Error::Unavailable {
        what: format!("{} cannot be read", root.display()),
        source: Some(Box::new(error)),
    })
}
