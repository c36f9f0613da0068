//! What waits of papers, kept beside them: everybody's pages ask for it, and an examination has hundreds of papers, each
//! with all that was tested.

use tickmark_core::conclusion::scope::Day;
use tickmark_core::engagement::EngagementKey;
use tickmark_core::engagement::fieldwork::{Walkthrough, Workpaper};

use super::super::sql as engagements;
use super::signed::{self, Paper};
use super::sql::{self, ToSign};
use super::{Row, waiting::Unanswered};
use crate::Result;
use crate::context::Cx;

/// A day after all others: what is whole by then and not now names a day that lies ahead.
const LAST_DAY: &str = "9999-12-31";

/// Writes down what waits of a paper as it is now.
pub(super) async fn follow<P: Paper>(cx: &mut Cx<'_>, key: EngagementKey, row: &Row<P>) -> Result<()> {
    let (organization, today, number) = (cx.organization(), Day::of(cx.now), row.record.number());
    let to_sign = to_sign(row, today);
    sql::keep_to_sign(cx.connection(), organization, key, P::KIND, number, to_sign.as_ref()).await?;
    // What was shared stays as it was then, whatever is written since.
    if row.record.shared().is_some() {
        let shared = exceptions(key, row);
        sql::keep_shared(cx.connection(), organization, key, number, &shared).await?;
    }
    Ok(())
}

fn exceptions<P: Paper>(key: EngagementKey, row: &Row<P>) -> Vec<Unanswered> {
    row.record.answerable(key, row.record.shared_at().unwrap_or(row.since))
}

/// Returns what waits of a paper for a signature.
fn to_sign<P: Paper>(row: &Row<P>, today: Day) -> Option<ToSign> {
    let one = &row.record;
    let is_prepared = one.prepared().is_some();
    if is_prepared && one.reviewed().is_some() {
        return None;
    }
    let is_whole = one.complete(today).is_ok();
    let last: Day = LAST_DAY.parse().expect("it is a day");
    if !is_prepared && !is_whole && one.complete(last).is_err() {
        return None;
    }
    Some(ToSign {
        number: one.number(),
        since: row.since,
        subject: one.subject(),
        authors: one.signatures().authors.clone(),
        is_prepared,
        is_whole,
    })
}

/// Writes it down anew for all papers of the organization, from the papers themselves.
pub(crate) async fn rebuild(cx: &mut Cx<'_>) -> Result<()> {
    let organization = cx.organization();
    sql::forget_standing(cx.connection(), organization).await?;
    for key in engagements::keys(cx.connection(), organization).await? {
        again::<Workpaper>(cx, key).await?;
        again::<Walkthrough>(cx, key).await?;
        for row in signed::shared::<Workpaper>(cx, key).await? {
            let shared = exceptions(key, &row);
            sql::keep_shared(cx.connection(), organization, key, row.record.number, &shared).await?;
        }
    }
    Ok(())
}

async fn again<P: Paper>(cx: &mut Cx<'_>, key: EngagementKey) -> Result<()> {
    let (organization, today) = (cx.organization(), Day::of(cx.now));
    for row in signed::held::<P>(cx, key).await? {
        let to_sign = to_sign(&row, today);
        let number = row.record.number();
        sql::keep_to_sign(cx.connection(), organization, key, P::KIND, number, to_sign.as_ref()).await?;
    }
    Ok(())
}
