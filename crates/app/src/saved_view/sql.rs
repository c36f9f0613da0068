//! The table `saved_view`.

use sqlx::AnyConnection;
use tickmark_core::Timestamp;
use tickmark_core::id::{ActorId, OrganizationKey};
use tickmark_store::{Cell, insert_rows};
use uuid::Uuid;

use super::SavedView;
use crate::{Result, stored};

type Org = OrganizationKey;
type Row = (String, String, String, String, i64, String, i64);

const WHAT: &str = "the table of saved views";
const COLUMNS: &str = "id, list, name, query, CAST(is_shared AS BIGINT), made_by, made_at";

fn view((id, list, name, query, is_shared, made_by, made_at): Row) -> Result<SavedView> {
    Ok(SavedView {
        id: stored::parse(&id, WHAT)?,
        list,
        name,
        query,
        is_shared: is_shared == 1,
        made_by: stored::parse(&made_by, WHAT)?,
        made_at: Timestamp::from_micros(made_at),
    })
}

pub(super) async fn of_list(
    c: &mut AnyConnection,
    org: Org,
    list: &str,
    actor: ActorId,
    limit: u32,
) -> Result<Vec<SavedView>> {
    let text = format!(
        "SELECT {COLUMNS} FROM saved_view WHERE organization = $1 AND list = $2 AND (is_shared = 1 OR made_by = $3) \
         ORDER BY name, id LIMIT $4"
    );
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(text))
        .bind(org.0)
        .bind(list)
        .bind(actor.to_string())
        .bind(i64::from(limit))
        .fetch_all(c)
        .await?;
    rows.into_iter().map(view).collect()
}

pub(super) async fn all(
    c: &mut AnyConnection,
    org: Org,
    actor: ActorId,
    limit: u32,
) -> Result<Vec<SavedView>> {
    let text = format!(
        "SELECT {COLUMNS} FROM saved_view WHERE organization = $1 AND (is_shared = 1 OR made_by = $2) \
         ORDER BY list, name, id LIMIT $3"
    );
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(text))
        .bind(org.0)
        .bind(actor.to_string())
        .bind(i64::from(limit))
        .fetch_all(c)
        .await?;
    rows.into_iter().map(view).collect()
}

pub(super) async fn find(c: &mut AnyConnection, org: Org, id: Uuid) -> Result<Option<SavedView>> {
    let text = format!("SELECT {COLUMNS} FROM saved_view WHERE organization = $1 AND id = $2");
    let row: Option<Row> =
        sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(org.0).bind(id.to_string()).fetch_optional(c).await?;
    row.map(view).transpose()
}

pub(super) async fn add(c: &mut AnyConnection, org: Org, view: &SavedView) -> Result<()> {
    let row = [
        Cell::from(org.0),
        view.id.to_string().into(),
        view.list.as_str().into(),
        view.name.as_str().into(),
        view.query.as_str().into(),
        view.is_shared.into(),
        view.made_by.to_string().into(),
        view.made_at.micros().into(),
    ];
    let columns = ["organization", "id", "list", "name", "query", "is_shared", "made_by", "made_at"];
    insert_rows(c, "saved_view", columns, [row]).await?;
    Ok(())
}

pub(super) async fn remove(c: &mut AnyConnection, org: Org, id: Uuid) -> Result<()> {
    sqlx::query("DELETE FROM saved_view WHERE organization = $1 AND id = $2")
        .bind(org.0)
        .bind(id.to_string())
        .execute(c)
        .await?;
    Ok(())
}

pub(super) async fn count_of(c: &mut AnyConnection, org: Org, actor: ActorId) -> Result<i64> {
    let (count,): (i64,) =
        sqlx::query_as("SELECT count(*) FROM saved_view WHERE organization = $1 AND made_by = $2")
            .bind(org.0)
            .bind(actor.to_string())
            .fetch_one(c)
            .await?;
    Ok(count)
}
