//! Keys and epochs: replace, revoke, recover, go on.

use std::path::Path;

use serde_json::json;
use tickmark_app::ledger::{EpochCause, NewEpoch, Rotated};
use tickmark_ledger::epoch::RevocationReason;

use super::RevocationCause;
use crate::cli::Common;
use crate::failure::Outcome;
use crate::output::Output;
use crate::wiring;

pub(super) async fn rotate(finish: bool, common: &Common, output: &Output) -> Outcome {
    let app = wiring::open(common).await?;
    let actor = wiring::reader(&app).await?;
    let Rotated { old, new, from, until } =
        if finish { app.finish_rotation(&actor).await? } else { app.rotate_key(&actor).await? };
    app.close().await;
    output.answer(&json!({"old": old, "new": new, "from": from, "until": until}), |output| {
        output.line(format!("from size {from} on: {new}"));
        match until {
            Some(until) => output.line(format!("up to size {until}: {old}; its private half is destroyed")),
            None => output.line(format!("both keys sign; the old one is {old}")),
        }
    })?;
    if until.is_none() {
        output.note("give the new key to whoever verifies; then: tickmark ledger rotate-key --finish");
    }
    Ok(())
}

pub(super) async fn revoke(
    cause: RevocationCause,
    reason: &str,
    common: &Common,
    output: &Output,
) -> Outcome {
    let cause = match cause {
        RevocationCause::Compromised => RevocationReason::Compromised,
        RevocationCause::Lost => RevocationReason::Lost,
    };
    begin(EpochCause::Revoked(cause), reason, common, output).await
}

pub(super) async fn new_epoch(reason: &str, common: &Common, output: &Output) -> Outcome {
    begin(EpochCause::Restored, reason, common, output).await
}

async fn begin(cause: EpochCause, reason: &str, common: &Common, output: &Output) -> Outcome {
    let app = wiring::repair(common).await?;
    let actor = wiring::reader(&app).await?;
    let NewEpoch { epoch, origin, verifier_key, continues, is_confirmed, began_at } =
        app.begin_epoch(&actor, cause, reason).await?;
    app.close().await;
    let answer = json!({
        "epoch": epoch, "origin": origin, "verifier_key": verifier_key, "began_at": began_at,
        "continues": {"origin": continues.origin, "size": continues.size, "root": continues.root.base64()},
        "confirmed": is_confirmed,
    });
    output.answer(&answer, |output| {
        output.line(format!("epoch {epoch} began with {began_at} entries: {origin}"));
        output.line(format!("it is signed by {verifier_key}"));
        output.line(format!(
            "it builds on the checkpoint of {} entries of {}; what that epoch signed beyond is not claimed",
            continues.size, continues.origin
        ));
        if !is_confirmed {
            output.line("nobody outside is known to hold that checkpoint");
        }
    })?;
    output.note("give the new key to whoever verifies, in the way they got the first one");
    Ok(())
}

pub(super) async fn recover(from: &Path, common: &Common, output: &Output) -> Outcome {
    let app = wiring::repair(common).await?;
    let actor = wiring::reader(&app).await?;
    let recovered = app.recover_forward(&actor, from).await?;
    app.close().await;
    output.answer(&json!({"from": recovered.from, "to": recovered.to}), |output| {
        output.line(format!(
            "the ledger had {} entries and has the {} that were signed again; rows that belong to the entries between \
             are not in them: collect again",
            recovered.from, recovered.to
        ));
    })?;
    Ok(())
}
