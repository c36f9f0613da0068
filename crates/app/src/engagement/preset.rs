//! The version of the preset of sample sizes that an engagement uses: that of the first sample drawn by it for its period. What
//! the catalog says later is for later engagements.

use serde_json::json;
use tickmark_core::catalog::{Catalog, SamplingPreset};
use tickmark_core::engagement::EngagementKey;
use tickmark_core::time::DAY_US;
use tickmark_core::{Digest, Timestamp};
use tickmark_ledger::leaf::LeafKind;

use super::{LIST_LIMIT, sql};
use crate::context::{Cx, View};
use crate::{Action, Error, Result};

/// A version of the preset with where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptPreset {
    /// The engagement that keeps it; none where a list is for no engagement.
    pub engagement: Option<EngagementKey>,
    /// When it was first used.
    pub since: Timestamp,
    /// Digest of the catalog that it was in.
    pub catalog: Digest,
    /// The preset.
    pub preset: SamplingPreset,
}

/// Returns the preset by which samples of a list from one moment to another are sized: what the engagement over that time has
/// kept, or what the catalog says, which that engagement keeps from now on.
///
/// # Errors
/// `Forbidden` for whoever may not draw samples; `Invalid` if the catalog has no preset.
pub async fn preset_for(
    cx: &mut Cx<'_>,
    (from, to): (Timestamp, Timestamp),
    catalog: &Catalog,
) -> Result<KeptPreset> {
    cx.authorize(Action::Administer)?;
    let organization = cx.organization();
    let over = |time: (Timestamp, Timestamp)| time.0 < to && from < time.1;
    let engagements = sql::list(cx.connection(), organization, LIST_LIMIT).await?;
    let engagement = engagements
        .into_iter()
        .find(|version| {
            let (first, last) = version.record.holds().time.days();
            over((first.starts(), last.starts().plus_micros(DAY_US)))
        })
        .map(|version| version.record.key);
    if let Some(key) = engagement
        && let Some(kept) = sql::preset(cx.connection(), organization, key).await?
    {
        return Ok(kept);
    }
    let preset = catalog.sampling_presets.first();
    let preset = preset.ok_or_else(|| Error::invalid("the catalog has no preset of sample sizes"))?.clone();
    let kept = KeptPreset { engagement, since: cx.now, catalog: catalog.digest, preset };
    if let Some(key) = engagement {
        sql::keep_preset(cx.connection(), organization, key, &kept).await?;
        cx.record(
            LeafKind::AuditEvent,
            &json!({"event": "engagement.preset_kept", "engagement": key, "catalog": kept.catalog}),
        )?;
    }
    Ok(kept)
}

/// Returns the preset that an engagement keeps; none before a sample was drawn by one.
///
/// # Errors
/// `Forbidden`; `NotFound`.
pub async fn kept_preset(view: &mut View<'_>, key: EngagementKey) -> Result<Option<KeptPreset>> {
    super::find(view, key).await?;
    let organization = view.organization();
    sql::preset(view.connection(), organization, key).await
}
