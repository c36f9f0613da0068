//! Items that are part of an answer to somebody outside, such as to what an auditor asked for: the answer hands them in, and
//! where it is sent back they are as well. Whether the organization accepts them is its own decision beside that.

use tickmark_core::evidence::item::{State, Step, TEXT_CHARS};
use tickmark_core::id::ItemKey;

use super::{change_atom, find, load, moved, object_of, save, step_error, submit};
use crate::context::Cx;
use crate::identity::audit::Name;
use crate::{Error, Result};

/// Hands an item in with an answer to somebody outside: a draft, and what was sent back, goes the way of [`submit`]. What
/// was handed in or accepted before stays where it is: to be shown to somebody is no decision about it.
///
/// # Errors
/// As [`find`]; `Conflict` for what was taken back, and for what somebody else has to hand in; `Invalid`, naming the item, if
/// something is missing.
pub(crate) async fn hand_in_with(cx: &mut Cx<'_>, key: ItemKey) -> Result<()> {
    let item = find(cx, key).await?;
    match item.state {
        State::Submitted | State::Accepted => return Ok(()),
        State::Withdrawn => {
            return Err(Error::conflict(format!("item {key} was withdrawn; choose another one")));
        }
        State::Draft | State::Returned => {}
    }
    let object = object_of(cx, &item).await?;
    if !cx.may_on(change_atom(cx.actor.id, &item), &object) {
        return Err(Error::conflict(format!("item {key} is not handed in, and whoever made it does that")));
    }
    match submit(cx, key, item.revision).await {
        Err(Error::Invalid(says)) => Err(Error::invalid(format!("item {key}: {says}"))),
        done => done.map(|_| ()),
    }
}

/// Sends an item back that waits, in the words of whoever outside did not take the answer that it was handed in with. What
/// the organization accepted itself stays accepted: that is its own decision, and nobody else undoes it.
pub(crate) async fn give_back_with(cx: &mut Cx<'_>, key: ItemKey, reason: &str) -> Result<()> {
    let mut item = load(cx, key).await?;
    let before = item.state;
    if before != State::Submitted {
        return Ok(());
    }
    // The whole of it stands where it was said.
    let reason: String = reason.chars().take(TEXT_CHARS).collect();
    item.state = item.step(Step::Return, &reason).map_err(step_error)?;
    item.decided = Some((cx.actor.id, cx.now));
    save(cx, &mut item).await?;
    moved(cx, &item, before, Step::Return, Name::EvidenceRejected, &reason).await
}
