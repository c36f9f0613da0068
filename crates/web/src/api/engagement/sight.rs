//! What the auditors of an examination see of evidence without asking for it: for management to know, before and while they
//! are in. It follows from the scope, from what was accepted and frozen, and from what was handed in for requests.

use axum::extract::Path;
use schemars::JsonSchema;
use serde::Serialize;
use tickmark_app::engagement::fieldwork::evidence;
use tickmark_core::engagement::EngagementKey;
use tickmark_core::evidence::item::Item;
use tickmark_core::identity::Resource::Evidence;
use tickmark_core::program::population::Population;

use crate::api::answer::Answered;
use crate::api::asking::number;
use crate::api::looking::Looking;
use crate::api::operation::Operation;
use crate::error::Refusal;
use crate::route::get;

pub(in crate::api) static LOOKS: &[Operation] = &[
    Operation::list::<ItemInSight>(
        "listEvidenceInSight",
        ("/engagements/{key}/evidence-in-sight", "/engagements/1/evidence-in-sight"),
        "Items of evidence that the auditors of an examination see, newest first",
        Evidence,
        || get(items),
    )
    .for_people(),
    Operation::list::<PopulationInSight>(
        "listPopulationsInSight",
        ("/engagements/{key}/populations-in-sight", "/engagements/1/populations-in-sight"),
        "Frozen populations that the auditors of an examination see, by number",
        Evidence,
        || get(populations),
    )
    .for_people(),
];

/// An item of evidence that auditors see.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct ItemInSight {
    key: i64,
    title: String,
    state: String,
    /// Ids of the controls that it serves.
    controls: Vec<String>,
    /// First day that it is about; null where nobody said.
    covers_from: Option<String>,
    /// Last day that it is about.
    covers_to: Option<String>,
    files: usize,
}

/// A population that auditors see.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct PopulationInSight {
    key: i64,
    title: String,
    control: String,
    from: String,
    /// First moment that it does not cover.
    to: String,
    items: u64,
    frozen_at: Option<String>,
}

impl From<&Item> for ItemInSight {
    fn from(item: &Item) -> Self {
        let covers = item.version.description.covers;
        Self {
            key: item.key.0,
            title: item.version.description.title.clone(),
            state: item.state.word().to_owned(),
            controls: item.controls.iter().map(ToString::to_string).collect(),
            covers_from: covers.map(|covers| covers.from.date()),
            covers_to: covers.map(|covers| covers.last_day().date()),
            files: item.version.files.len(),
        }
    }
}

impl From<&Population> for PopulationInSight {
    fn from(one: &Population) -> Self {
        let definition = &one.definition;
        Self {
            key: one.key.0,
            title: definition.title.clone(),
            control: definition.control.to_string(),
            from: definition.from.to_string(),
            to: definition.to.to_string(),
            items: one.frozen.as_ref().map_or(one.items, |frozen| frozen.items),
            frozen_at: one.frozen.as_ref().map(|frozen| frozen.at.to_string()),
        }
    }
}

async fn items(Path(key): Path<String>, look: Looking) -> Answered {
    let key = EngagementKey(number(&key)?);
    let catalog = look.state.source().catalog().ok_or(Refusal::NotFound)?;
    look.list(
        async |view, _| {
            Ok(evidence::items(view, key, catalog).await?.iter().map(ItemInSight::from).collect())
        },
        |item: &ItemInSight| item.key.to_string(),
    )
    .await
}

async fn populations(Path(key): Path<String>, look: Looking) -> Answered {
    let key = EngagementKey(number(&key)?);
    let catalog = look.state.source().catalog().ok_or(Refusal::NotFound)?;
    look.list(
        async |view, _| {
            let all = evidence::populations(view, key, catalog).await?;
            Ok(all.iter().map(PopulationInSight::from).collect())
        },
        |item: &PopulationInSight| item.key.to_string(),
    )
    .await
}
