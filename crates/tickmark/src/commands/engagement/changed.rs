//! What changed of the controls in scope since management signed, and that it confirms it.

use serde_json::json;
use tickmark_app::App;
use tickmark_app::engagement::{self, Confirming, SinceSigned};
use tickmark_core::engagement::EngagementKey;

use crate::cli::Common;
use crate::commands::assess::person;
use crate::commands::catalog;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::wiring;

async fn since(app: &App, key: EngagementKey, common: &Common) -> Outcome<Option<SinceSigned>> {
    let (catalog, reader) = (catalog::load(&common.data)?, wiring::reader(app).await?);
    Ok(app.read(&reader, async |view| engagement::since_signed(view, key, &catalog).await).await?)
}

/// Prints what changed, and who confirmed it.
pub(super) async fn list(app: &App, key: EngagementKey, common: &Common, output: &Output) -> Outcome {
    let since = since(app, key, common).await?;
    let changes = since.as_ref().map(|since| since.changes.as_slice()).unwrap_or_default();
    let confirmed = since.as_ref().and_then(SinceSigned::covered);
    let missing = since.as_ref().and_then(SinceSigned::unconfirmed).map(|open| open.to_string());
    let answer = json!({
        "engagement": key,
        "signed": since.as_ref().map(|since| since.at),
        "changes": changes,
        "confirmed": confirmed.map(|one| json!({ "by": one.by, "at": one.at, "reason": one.reason })),
        "missing": missing,
    });
    output.answer(&answer, |output| {
        let Some(since) = &since else {
            output.line(format!("{key}: management has signed nothing yet as it stands"));
            return;
        };
        output.line(format!(
            "{key}: {} changed since management signed on {}",
            match since.changes.len() {
                0 => "no control in scope".to_owned(),
                1 => "1 control in scope".to_owned(),
                count => format!("{count} controls in scope"),
            },
            since.at.date()
        ));
        for one in &since.changes {
            output.line(format!("  {:<10} {}", one.control.as_str(), one.says));
        }
        if let Some(one) = confirmed {
            output.line(format!("Confirmed for management on {}: {}", one.at.date(), one.reason));
        }
        if let Some(missing) = &missing {
            output.line(format!("Before a report is recorded: {missing}."));
        }
    })?;
    Ok(())
}

/// Confirms for management what changed, as it is now.
pub(super) async fn confirm(
    app: &App,
    key: EngagementKey,
    (by, reason): (&str, &str),
    common: &Common,
    output: &Output,
) -> Outcome {
    let (catalog, by) = (catalog::load(&common.data)?, person(app, by).await?);
    let seen = since(app, key, common).await?;
    let seen =
        seen.ok_or_else(|| Failure::input(format!("{key}: management has signed nothing yet as it stands")))?;
    let digest = seen.digest();
    let done = app
        .transact(&by, async |cx| engagement::confirm_changes(cx, key, digest, reason, &catalog).await)
        .await?;
    let Confirming::Done(since) = done else {
        return Err(Failure::input("controls changed meanwhile; look again"));
    };
    let controls = since.changes.len();
    let noun = if controls == 1 { "control" } else { "controls" };
    output.answer(&json!({ "engagement": key, "changes": digest, "controls": controls }), |output| {
        output.line(format!("{key}: what changed of {controls} {noun} since management signed is confirmed"));
    })?;
    Ok(())
}
