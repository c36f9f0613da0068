//! What is waived: one exception that has run out by the end, and one in force.

use std::collections::BTreeSet;

use tickmark_core::observation::waiver::{Request, Scope};
use tickmark_core::time::DAY_US;
use tickmark_evaluate::Library;

use super::company::{PLATFORM, SECURITY};
use super::people::People;
use super::{Settings, Stage};
use crate::Result;
use crate::observation::{self, waiver};

/// Grants the waivers of a day: one that has run out by the end, and one in force.
pub(super) async fn grant(
    stage: &Stage<'_>,
    settings: &Settings,
    people: &People,
    library: &Library,
    day: u32,
) -> Result<()> {
    let days = settings.days;
    let at = |permille: u32| days * permille / 1000;
    let (check, is_for_newest, until, reason) = if day == at(100) {
        let until = settings.midnight(at(450));
        (
            "log-audit-rules-immutable",
            false,
            until,
            "Rules are still being written; they are locked when they are done.",
        )
    } else if day == at(900) {
        let until = settings.end.plus_micros(45 * DAY_US);
        (
            "host-core-dumps-off",
            true,
            until,
            "The vendor needs memory images of a crash that it is looking for.",
        )
    } else {
        return Ok(());
    };
    if library.get(check).is_none() {
        return Ok(());
    }
    let newest = stage
        .app
        .read(people.lead(), async |view| {
            Ok(observation::targets(view).await?.last().map(|target| target.key))
        })
        .await?;
    let scope = match newest {
        Some(key) if is_for_newest => Scope::Targets(BTreeSet::from([key])),
        _ => Scope::All,
    };
    let request = Request {
        check: check.into(),
        scope,
        reason: format!("{reason} (fictional)"),
        risk: "Somebody with root could hide traces until then (fictional)".into(),
        compensation: "Logs leave the host at once (fictional)".into(),
        note: String::new(),
        requested_by: people.of(PLATFORM).id,
        expires_at: until,
    };
    stage.app.transact(people.of(SECURITY), async |cx| waiver::grant(cx, request).await).await?;
    Ok(())
}
