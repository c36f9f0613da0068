//! The period board: what is known of every control over a period, and the way from there to one control.

mod chosen;
mod control;
mod detail;
mod program;

use axum::extract::{Path, State};
use maud::Markup;
use tickmark_core::Timestamp;

pub use chosen::Chosen;
pub(crate) use chosen::{Moment, day_of};
pub use control::{
    CheckPeriod, ControlPeriodView, DeviationRow, PopulationPeriod, StretchRow, TargetPeriod, WindowLine,
};
pub use detail::{FixRow, LimitRow, PartRow, PeriodDetails, ReachRow, SampleRow};
pub use program::{ControlPeriod, PeriodView, SeriesOf};

use crate::design::board::Stretch;
use crate::error::Refusal;
use crate::route::get;
use crate::visit::Asked;
use crate::{Route, WebState};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route { path: "/period", example: "/period", handler: get(board) },
        Route { path: "/period/{control}", example: "/period/IAM-01", handler: get(one) },
    ]
}

async fn board(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let chosen = Chosen::of(&asked.query, asked.visit.now);
    let view = state.source().period(&chosen).await?;
    asked.frame(&state, &program::page(&view, &chosen, &asked.query, chosen.looked_at(asked.visit.now))).await
}

async fn one(
    State(state): State<WebState>,
    Path(control): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let chosen = Chosen::of(&asked.query, asked.visit.now);
    let view = state.source().control_period(&control, &chosen).await?;
    asked.frame(&state, &control::page(&view, &chosen, &asked.query, chosen.looked_at(asked.visit.now))).await
}

/// The part of `stretches` that lies in the period.
pub(crate) fn clip(stretches: &[Stretch], chosen: &Chosen) -> Vec<Stretch> {
    stretches
        .iter()
        .filter(|stretch| stretch.to > chosen.from && stretch.from < chosen.to)
        .map(|stretch| Stretch {
            from: stretch.from.max(chosen.from),
            to: stretch.to.min(chosen.to),
            ..stretch.clone()
        })
        .collect()
}

/// The address of one check at one target at a moment.
pub(crate) fn moment_href(target: i64, check: &str, at: Timestamp) -> String {
    format!("/targets/{target}/checks/{}?at={at}", crate::design::segment(check))
}
