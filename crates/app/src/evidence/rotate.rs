//! The organization's wrapping key: its beginning, and its change.

use serde::Serialize;
use serde_json::json;
use tickmark_ledger::leaf::LeafKind;

use super::{ArtifactKey, sql, wrapping};
use crate::context::Cx;
use crate::{Action, Actor, App, Error, Result};

/// Keys wrapped anew at a time.
const PAGE: u32 = 500;

/// What a change of the wrapping key did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rotated {
    /// The key that was in force; none if artifacts were stored plain so far.
    pub from: Option<String>,
    /// The key that is in force now.
    pub to: String,
    /// Keys of artifacts that it wraps now in place of another.
    pub rewrapped: u64,
    /// Keys of artifacts whose wrapping key is not here any more; their content stays unreadable.
    pub lost: u64,
    /// Whether the file of the key before is destroyed.
    pub destroyed: bool,
}

/// Begins to encrypt: for a new organization, before its first artifact.
pub(crate) async fn begin_encryption(cx: &mut Cx<'_>) -> Result<()> {
    let wrapping = wrapping::fresh(cx.app)?;
    let (organization, now) = (cx.organization(), cx.now);
    sql::change_wrapping_key(cx.connection(), organization, wrapping.id(), now).await
}

/// Puts a new wrapping key in force and wraps every key of an artifact with it. Stored bytes and digests stay as they
/// are. An organization that stored its artifacts plain encrypts new ones from here on.
///
/// # Errors
/// `Forbidden` for programs; `Conflict` if the operator's file does not begin with a new key.
async fn change(cx: &mut Cx<'_>) -> Result<Rotated> {
    cx.authorize(Action::Decide)?;
    cx.authorize(Action::Operate)?;
    let (organization, now) = (cx.organization(), cx.now);
    let from = sql::current_wrapping_key(cx.connection(), organization).await?;
    let wrapping = wrapping::fresh(cx.app)?;
    if from.as_deref() == Some(wrapping.id()) {
        return Err(Error::conflict(format!(
            "the wrapping key {} is in force already; put the new key on the first line of the file of keys",
            wrapping.id()
        )));
    }
    sql::change_wrapping_key(cx.connection(), organization, wrapping.id(), now).await?;
    let (mut rewrapped, mut lost, mut after) = (0, 0, ArtifactKey(0));
    loop {
        let page = sql::keys_of_others(cx.connection(), organization, wrapping.id(), after, PAGE).await?;
        let Some(&(last, ..)) = page.last() else { break };
        after = last;
        let mut anew = Vec::with_capacity(page.len());
        for (artifact, wrapped, content, stored) in page {
            let opened = wrapping::find(cx.app, &wrapped.wrapped_by)
                .ok()
                .and_then(|old| old.unwrap(&wrapped, stored).ok());
            match opened {
                Some(data) => {
                    let key = wrapping.wrap(&wrapped.id, &data, stored, cx.app.random());
                    anew.push((artifact, key, content));
                }
                None => lost += 1,
            }
        }
        rewrapped += anew.len() as u64;
        sql::replace_keys(cx.connection(), organization, anew).await?;
    }
    let to = wrapping.id().to_owned();
    cx.record(
        LeafKind::AuditEvent,
        &json!({"event": "wrapping_key.changed", "from": from, "to": to, "rewrapped": rewrapped, "lost": lost}),
    )?;
    Ok(Rotated { from, to, rewrapped, lost, destroyed: false })
}

/// Changes the wrapping key ([`Rotated`]) and then destroys the file of the one before, unless `keep_old` or something is
/// still wrapped by it.
///
/// A copy of the database from before the change can be read only with the key from before the change.
///
/// # Errors
/// `Forbidden` for programs; `Conflict` if the operator's file does not begin with a new key.
pub async fn rotate_wrapping_key(app: &App, actor: &Actor, keep_old: bool) -> Result<Rotated> {
    let mut rotated = app.transact(actor, async |cx| change(cx).await).await?;
    if let (Some(from), false) = (&rotated.from, keep_old) {
        let wrapped = app
            .read(actor, async |view| {
                view.reach_all().await?;
                sql::count_wrapped(view.connection(), from).await
            })
            .await?;
        rotated.destroyed = wrapped == 0 && wrapping::destroy(app, from)?;
    }
    Ok(rotated)
}
