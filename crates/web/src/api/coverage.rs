//! Coverage: what of the estate was looked at over a period, and what was not. Unseen is unknown, whatever was seen before
//! and after.

use schemars::JsonSchema;
use serde::Serialize;
use tickmark_core::Timestamp;
use tickmark_core::identity::Resource::TestResult;
use tickmark_core::time::SECOND_US;

use super::answer::{Answered, answer};
use super::looking::Looking;
use super::model::Page;
use super::operation::Operation;
use crate::conclusion::period::{Chosen, clip};
use crate::design::board::{Stretch, held};
use crate::design::icon::Mark;
use crate::error::Refusal;
use crate::observation::coverage::CoverageRow;
use crate::route::get;

const STATES: [&str; 4] = ["seen", "seen_in_part", "not_seen", "not_yet_due"];
const KINDS: [&str; 2] = ["target", "check"];

pub(super) static LOOKS: &[Operation] = &[Operation::list::<Coverage>(
    "listCoverage",
    ("/coverage", "/coverage"),
    "What was seen of each target, or by each check, over a period",
    TestResult,
    || get(list),
)
.filtered(&[
    ("by", "`target`, as when it is left out, or `check`"),
    ("from", "First moment of the period (RFC 3339); a year before its end when left out"),
    ("to", "First moment after it (RFC 3339); the end of the day of looking when left out"),
])];

/// What was seen of one target, or by one check.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Coverage {
    #[schemars(extend("enum" = KINDS))]
    kind: String,
    /// Number of the target, or id of the check.
    id: String,
    /// Name of the target, or title of the check.
    name: String,
    /// For how long everything that was due was seen.
    seen_seconds: i64,
    /// For how long some of it was.
    seen_in_part_seconds: i64,
    /// For how long nothing was.
    not_seen_seconds: i64,
    /// The period, one after the other. Before a target was known and after it left nobody had to look.
    stretches: Vec<Seen>,
}

/// A stretch of time.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Seen {
    from: String,
    /// First moment after it.
    to: String,
    #[schemars(extend("enum" = STATES))]
    state: String,
    /// What was not seen; may be empty.
    note: String,
}

impl Coverage {
    fn of(kind: &str, row: &CoverageRow, chosen: &Chosen) -> Self {
        let stretches = clip(&row.stretches, chosen);
        let seconds = |mark: Mark| held(&stretches, mark).micros / SECOND_US;
        Self {
            kind: kind.to_owned(),
            id: row.id.clone(),
            name: row.name.clone(),
            seen_seconds: seconds(Mark::Pass),
            seen_in_part_seconds: seconds(Mark::Partly),
            not_seen_seconds: seconds(Mark::Unknown),
            stretches: stretches.iter().map(Seen::from).collect(),
        }
    }
}

impl From<&Stretch> for Seen {
    fn from(stretch: &Stretch) -> Self {
        let state = match stretch.mark {
            Mark::Pass => STATES[0],
            Mark::Partly => STATES[1],
            Mark::NotYetDue => STATES[3],
            _ => STATES[2],
        };
        let written = |at: Timestamp| at.to_string();
        Self {
            from: written(stretch.from),
            to: written(stretch.to),
            state: state.to_owned(),
            note: stretch.note.clone(),
        }
    }
}

async fn list(look: Looking) -> Answered {
    let asking = look.asking()?;
    let kind = asking.filter("by").unwrap_or(KINDS[0]);
    if !KINDS.contains(&kind) {
        return Err(Refusal::Unfit(format!("by is one of {}", KINDS.join(", "))));
    }
    let (from, to) = (asking.moment("from")?, asking.moment("to")?);
    let chosen = Chosen::between(from, to, look.asked.visit.now);
    let chosen = chosen.ok_or_else(|| {
        Refusal::Unfit(
            "a period begins before it ends, not after today, and has at most ten years".to_owned(),
        )
    })?;
    let view = look.state.source().coverage(&chosen).await?;
    let rows = if kind == KINDS[0] { &view.targets } else { &view.checks };
    // Only what is on the page is written out.
    let page = asking.page(rows.iter().collect(), |row| row.id.clone())?;
    let items: Vec<Coverage> = page.items.iter().map(|row| Coverage::of(kind, row, &chosen)).collect();
    Ok(answer(&look.headers, &Page { items, next: page.next }))
}
