//! What facts could not see.

use std::collections::BTreeMap;
use std::sync::Arc;

use tickmark_app::observation::{self, TargetVerdict};
use tickmark_app::{Result, View};
use tickmark_core::id::TargetKey;
use tickmark_core::observation::Gap;
use tickmark_core::{Digest, Timestamp};

use super::{Live, gaps_of};

impl Live {
    /// Gaps of the facts that hold for each target now, as the verdicts name them.
    pub(super) async fn gaps_now(
        &self,
        view: &mut View<'_>,
        verdicts: &[TargetVerdict],
    ) -> Result<BTreeMap<TargetKey, Arc<[Gap]>>> {
        let facts = verdicts.iter().filter_map(|verdict| Some((verdict.target, verdict.facts?))).collect();
        self.gaps_of_facts(view, facts).await
    }

    /// Gaps of facts that hold now, by their digests.
    pub(super) async fn gaps_of_facts(
        &self,
        view: &mut View<'_>,
        facts: BTreeMap<TargetKey, Digest>,
    ) -> Result<BTreeMap<TargetKey, Arc<[Gap]>>> {
        let (mut found, now) = (BTreeMap::new(), view.now);
        for (target, digest) in facts {
            let gaps = match self.known_gaps.get(digest) {
                Some(gaps) => gaps,
                None => self.read_gaps(view, target, now).await?.map(|(_, gaps)| gaps).unwrap_or_default(),
            };
            found.insert(target, gaps);
        }
        Ok(found)
    }

    /// Facts that held for a target at a moment, with their gaps.
    pub(super) async fn gaps_at(
        &self,
        view: &mut View<'_>,
        target: TargetKey,
        at: Timestamp,
    ) -> Result<Option<(Digest, Arc<[Gap]>)>> {
        let history = observation::facts_history(view, target).await?;
        let Some(state) = history.iter().rev().find(|state| state.span.from <= at) else { return Ok(None) };
        match self.known_gaps.get(state.digest) {
            Some(gaps) => Ok(Some((state.digest, gaps))),
            None => self.read_gaps(view, target, at).await,
        }
    }

    async fn read_gaps(
        &self,
        view: &mut View<'_>,
        target: TargetKey,
        at: Timestamp,
    ) -> Result<Option<(Digest, Arc<[Gap]>)>> {
        let Some(facts) = observation::facts_at(view, target, at).await? else { return Ok(None) };
        let digest = facts.state.digest;
        Ok(Some((digest, self.known_gaps.keep(digest, gaps_of(&facts.document).into()))))
    }
}
