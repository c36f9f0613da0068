//! What stands in the description beside its texts: processes with their steps, and diagrams. Both are part of what is
//! signed: whatever changes in them is reviewed and approved again.

use bytes::Bytes;
use tickmark_core::Digest;
use tickmark_core::engagement::{DIAGRAMS_MAX, Diagram, EngagementError, EngagementKey, Picture, Process};
use tickmark_core::evidence::media::clean_name;
use tickmark_core::id::EvidenceKey;
use tickmark_core::identity::Verb;

use super::{Changed, atom, current, fieldwork, find, write};
use crate::context::{Cx, View};
use crate::evidence::{self, ArtifactKey};
use crate::identity::audit::Name;
use crate::{Actor, App, Error, Result};

/// Writes a process of the description from version `from` of the record: the one that is called `held`, or a new one at the
/// end.
///
/// # Errors
/// As [`super::describe`]; `NotFound` if there is no process of that name.
pub async fn write_process(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    from: i64,
    held: Option<&str>,
    process: Process,
) -> Result<Changed> {
    if let Some(name) = held {
        let record = find(cx, key).await?.record;
        if !record.described().processes.iter().any(|one| one.name == name) {
            return Err(Error::not_found("process", name));
        }
    }
    write(cx, key, from, Name::DescriptionWritten, "", |record, by, now| {
        let mut description = record.described();
        match description.processes.iter_mut().find(|one| held == Some(one.name.as_str())) {
            Some(held) => *held = process,
            None => description.processes.push(process),
        }
        record.describe(description, by, now)
    })
    .await
}

/// Takes a process out of the description, from version `from` of the record.
///
/// # Errors
/// As [`super::describe`].
pub async fn remove_process(cx: &mut Cx<'_>, key: EngagementKey, from: i64, name: &str) -> Result<Changed> {
    write(cx, key, from, Name::DescriptionWritten, "", |record, by, now| {
        let mut description = record.described();
        description.processes.retain(|one| one.name != name);
        record.describe(description, by, now)
    })
    .await
}

/// What is put into the description as a diagram.
#[derive(Clone, Debug)]
pub struct NewDiagram {
    /// What stands under it.
    pub caption: String,
    /// What it shows, in words.
    pub alternative: String,
    /// The file; none to keep the one that is there.
    pub file: Option<(String, Bytes)>,
}

/// Puts a diagram into the description from version `from` of the record: in the place of the one with this digest, or as a
/// new one at the end. Its bytes are kept as they came.
///
/// # Errors
/// As [`super::describe`]; `Invalid` for a file that is no picture, too large, or without alternative text.
pub async fn put_diagram(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    from: i64,
    held: Option<Digest>,
    new: NewDiagram,
) -> Result<Changed> {
    cx.permit_whole(atom(Verb::Update))?;
    let before = current(cx, key).await?;
    if before.number != from {
        return Ok(Changed::Stale(Box::new(before)));
    }
    fieldwork::refuse_frozen(cx, key).await?;
    let described = before.record.described();
    let replaced = match held {
        Some(digest) => {
            let found = described.diagrams.iter().find(|one| one.digest == digest);
            Some(found.cloned().ok_or_else(|| Error::not_found("diagram", digest))?)
        }
        None if described.diagrams.len() >= DIAGRAMS_MAX => {
            return Err(Error::invalid(EngagementError::TooMany { what: "diagrams", max: DIAGRAMS_MAX }));
        }
        None => None,
    };
    let texts = (new.caption, new.alternative);
    let diagram = match (new.file, replaced) {
        (Some((name, bytes)), _) => kept(cx, key, texts, &name, bytes).await?,
        (None, Some(replaced)) => Diagram { caption: texts.0, alternative: texts.1, ..replaced },
        (None, None) => return Err(Error::invalid("choose the file of the diagram")),
    };
    let is_other = |one: &Diagram| one.digest == diagram.digest && Some(one.digest) != held;
    if described.diagrams.iter().any(is_other) {
        return Err(Error::invalid("this picture is in the description already"));
    }
    write(cx, key, from, Name::DescriptionWritten, "", |record, by, now| {
        let mut description = record.described();
        match description.diagrams.iter_mut().find(|one| Some(one.digest) == held) {
            Some(held) => *held = diagram,
            None => description.diagrams.push(diagram),
        }
        record.describe(description, by, now)
    })
    .await
}

/// Looks at a picture, and keeps it.
async fn kept(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    (caption, alternative): (String, String),
    name: &str,
    bytes: Bytes,
) -> Result<Diagram> {
    let name = clean_name(name);
    let picture = Picture::of(&name, &bytes)
        .map_err(|error| Error::invalid(format!("the diagram was not taken: {error}")))?;
    let (digest, size) = (Digest::of(&bytes), bytes.len() as u64);
    let unkept = Diagram {
        caption,
        alternative,
        name,
        media_type: picture.media_type.to_owned(),
        artifact: EvidenceKey(0),
        digest,
        size,
        width: picture.width,
        height: picture.height,
    };
    // Its texts are looked at before its bytes are kept.
    let unkept = unkept.checked().map_err(Error::invalid)?;
    let called = format!("{key} diagram: {}", unkept.name);
    let kept = evidence::keep_document(cx, &called, picture.media_type, bytes).await?;
    Ok(Diagram { artifact: EvidenceKey(kept.key.0), ..unkept })
}

/// Takes a diagram out of the description, from version `from` of the record. Earlier versions keep it.
///
/// # Errors
/// As [`super::describe`].
pub async fn remove_diagram(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    from: i64,
    digest: Digest,
) -> Result<Changed> {
    write(cx, key, from, Name::DescriptionWritten, "", |record, by, now| {
        let mut description = record.described();
        description.diagrams.retain(|one| one.digest != digest);
        record.describe(description, by, now)
    })
    .await
}

/// Reads a diagram of the description as it is written now: for whoever may read the description, of either party.
///
/// # Errors
/// `Forbidden`; `NotFound` if it is not in the description.
pub async fn read_diagram(
    app: &App,
    actor: &Actor,
    key: EngagementKey,
    digest: Digest,
) -> Result<(Diagram, Bytes)> {
    let (diagram, artifact) = app
        .read(actor, async |view| {
            let diagram = diagram(view, key, digest).await?;
            let artifact = evidence::find(view, ArtifactKey(diagram.artifact.0)).await?;
            Ok((diagram, artifact))
        })
        .await?;
    let bytes = evidence::read(app, &artifact).await?;
    if Digest::of(&bytes) != diagram.digest {
        return Err(Error::corrupt(format!("a diagram of {key}"), "its bytes are not those that came"));
    }
    Ok((diagram, bytes))
}

async fn diagram(view: &mut View<'_>, key: EngagementKey, digest: Digest) -> Result<Diagram> {
    let found = find(view, key).await?.record.described().diagrams;
    found.into_iter().find(|one| one.digest == digest).ok_or_else(|| Error::not_found("diagram", digest))
}
