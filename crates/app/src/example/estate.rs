//! The daily run over the machines of the company.
//!
//! A host that is as it was is only said to be so, as a collector does that keeps its last answer; what it would bring
//! back would be the same bytes.

use std::collections::HashMap;

use tickmark_core::observation::host::HostFacts;
use tickmark_core::observation::{Collected, TargetRef};
use tickmark_core::time::SECOND_US;
use tickmark_core::{Digest, canonical};
use tickmark_evaluate::Library;

use super::chance::Chance;
use super::company::Host;
use super::facts::Look;
use super::story::Story;
use super::{Stage, look};
use crate::observation::{self, RunInput, Unchanged};
use crate::{Actor, Error, Result};

/// How long a run takes.
const RUN_US: i64 = 60 * SECOND_US;

/// The machines, and what was last brought back from each.
pub(super) struct Estate<'a> {
    hosts: Vec<Host>,
    story: &'a Story,
    chance: Chance,
    last: HashMap<u64, Last>,
}

/// What was last brought back from a host.
struct Last {
    facts: HostFacts,
    /// Of the document; computed when it is first asked for.
    digest: Option<Digest>,
}

/// What a look at a host brings back.
enum Found {
    Collected(Collected),
    Unchanged(Unchanged),
}

impl<'a> Estate<'a> {
    /// Begins without a look at any.
    pub(super) fn of(hosts: Vec<Host>, story: &'a Story, chance: Chance) -> Self {
        Self { hosts, story, chance, last: HashMap::new() }
    }

    /// Makes the run of a day.
    pub(super) async fn look_at_all(
        &mut self,
        stage: &Stage<'_>,
        actor: &Actor,
        library: &Library,
        day: u32,
    ) -> Result<()> {
        let app = stage.app;
        let run = app
            .transact(actor, async |cx| {
                observation::miss_open_runs(cx).await?;
                observation::open_run(cx, look::SOURCE, look::COLLECTOR).await
            })
            .await?;
        if self.story.missed_runs.contains(&day) {
            return Ok(());
        }
        let (at, story, chance) = (app.now(), self.story, self.chance);
        let mut expected: Vec<TargetRef> = Vec::new();
        let (mut collected, mut unchanged) = (Vec::new(), Vec::new());
        for host in self.hosts.iter().filter(|host| host.is_in_service(day)) {
            expected.push(host.target());
            let at_host = Look { host, day, at, chance };
            if !story.is_reached(&at_host) {
                continue;
            }
            match found(&mut self.last, &at_host, story)? {
                Found::Collected(one) => collected.push(one),
                Found::Unchanged(one) => unchanged.push(one),
            }
        }
        (stage.move_clock)(at.plus_micros(RUN_US));
        let input = RunInput { expected, enumeration: "inventory of the example company".into(), collected };
        app.transact(actor, async |cx| {
            observation::record_changes(cx, library, run, input, &unchanged).await
        })
        .await?;
        Ok(())
    }
}

/// Looks at a host.
fn found(last: &mut HashMap<u64, Last>, at_host: &Look<'_>, story: &Story) -> Result<Found> {
    let facts = look::facts(at_host, story);
    let number = at_host.host.number;
    // Gaps are counted by the run that meets them, so a host that has some is always brought back.
    if let Some(known) = last.get_mut(&number).filter(|known| known.facts == facts && facts.gaps.is_empty()) {
        let digest = match known.digest {
            Some(digest) => digest,
            None => canonical::digest(&known.facts)
                .map_err(|error| Error::internal("digesting facts of the example", error))?,
        };
        known.digest = Some(digest);
        return Ok(Found::Unchanged(Unchanged { target: at_host.host.target(), facts: digest }));
    }
    let collected = look::collected(at_host, &facts)?;
    last.insert(number, Last { facts, digest: None });
    Ok(Found::Collected(collected))
}
