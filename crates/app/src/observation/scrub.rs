//! Holding facts documents and blocks against what was committed to.

use std::collections::{BTreeMap, BTreeSet};

use tickmark_core::Digest;
use tickmark_core::id::{RunKey, TargetKey};

use super::sql::{self, KeptDocument};
use super::{RunState, pack, targets, verify_run};
use crate::context::View;
use crate::{App, Error, Result};

/// Runs read at a time.
const PAGE: u32 = 1000;

/// Tells whether a facts document is kept in this object.
pub(crate) async fn names_object(view: &mut View<'_>, object: Digest) -> Result<bool> {
    sql::names_object(view.connection(), object).await
}

/// What a run's entry commits to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Closed {
    pub(crate) blocks: Option<Digest>,
    pub(crate) facts: Option<Digest>,
}

/// What came out.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    /// Runs whose blocks were hashed again.
    pub(crate) runs: u64,
    /// Documents of facts that were hashed again.
    pub(crate) facts: u64,
    /// Things that are not as committed to, with what differs.
    pub(crate) differences: Vec<(String, String)>,
}

/// Hashes every block again and holds it against its run, and every run against its entry.
pub(crate) async fn check_runs(
    view: &mut View<'_>,
    closed: &BTreeMap<RunKey, Closed>,
    checked: &mut Checked,
) -> Result<()> {
    let mut rest = closed.clone();
    // Newest first, as `runs` gives them; a run is small, its blocks are read one run at a time.
    let total = super::runs(view, PAGE).await?.first().map_or(0, |run| run.key.0);
    for key in 1..=total {
        let key = RunKey(key);
        let run = match super::find_run(view, key).await {
            Ok(run) => run,
            Err(Error::NotFound { .. }) => continue,
            Err(error) => return Err(error),
        };
        let entry = rest.remove(&key);
        if !matches!(run.state, RunState::Complete | RunState::Partial) {
            continue;
        }
        checked.runs += 1;
        match entry {
            // Recorded and not sequenced: nothing to be held against.
            None => {}
            Some(entry) if (entry.blocks, entry.facts) == (run.blocks, run.facts) => {}
            Some(_) => checked.differences.push((
                format!("run {key}"),
                "its row names other blocks or facts than its ledger entry".to_owned(),
            )),
        }
        match verify_run(view, key).await {
            Ok(()) => {}
            Err(Error::Damaged { what, detail }) => checked.differences.push((what, detail)),
            Err(error) => return Err(error),
        }
    }
    for key in rest.keys() {
        checked
            .differences
            .push((format!("run {key}"), "a ledger entry closes it, its row is missing".to_owned()));
    }
    Ok(())
}

/// An object that holds facts documents.
pub(crate) struct FactsObject {
    object: Digest,
    is_pack: bool,
    /// Its documents with words for whose they are.
    documents: Vec<(Digest, String)>,
}

/// Returns every object that holds facts.
pub(crate) async fn facts_objects(view: &mut View<'_>) -> Result<Vec<FactsObject>> {
    let organization = view.organization();
    let names: BTreeMap<TargetKey, String> =
        targets(view).await?.into_iter().map(|target| (target.key, target.target.name)).collect();
    let kept = sql::kept_documents(view.connection(), organization).await?;
    let whose = |KeptDocument { digest, target, run, .. }: &KeptDocument| {
        let name = names.get(target).map_or("", String::as_str);
        (*digest, format!("the facts of target {target} ({name}) as run {run} found them"))
    };
    let object_of = |document: &KeptDocument| document.pack.unwrap_or(document.digest);
    let objects = kept.chunk_by(|a, b| object_of(a) == object_of(b)).map(|documents| FactsObject {
        object: object_of(&documents[0]),
        is_pack: documents[0].pack.is_some(),
        documents: documents.iter().map(whose).collect(),
    });
    Ok(objects.collect())
}

/// Reads documents of facts again.
pub(crate) async fn check_facts(app: &App, object: FactsObject, checked: &mut Checked) -> Result<()> {
    let FactsObject { object, is_pack, documents } = object;
    let defect = match app.blobs().get(object.0).await.map_err(Error::from) {
        Ok(bytes) => {
            let there: BTreeSet<Digest> =
                if is_pack { pack::digests(&bytes).collect() } else { BTreeSet::from([object]) };
            for (document, whose) in documents {
                if there.contains(&document) {
                    checked.facts += 1;
                } else {
                    checked.differences.push((whose, format!("the pack {object} lacks facts {document}")));
                }
            }
            return Ok(());
        }
        Err(Error::Damaged { what, detail }) => format!("{what}: {detail}"),
        Err(Error::NotFound { name, .. }) => format!("{name}: it is missing"),
        Err(error) => return Err(error),
    };
    checked.differences.extend(documents.into_iter().map(|(_, whose)| (whose, defect.clone())));
    Ok(())
}
