//! The tables `evidence_item`, `evidence_item_version`, `evidence_item_file`, `evidence_item_control`,
//! `evidence_item_event`.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row};
use tickmark_core::control::ControlId;
use tickmark_core::evidence::item::{Description, Item, ItemFile, Kind, Method, Sensitivity, State, Version};
use tickmark_core::id::{ActorId, EvidenceKey, ItemKey, OrganizationKey};
use tickmark_core::{Digest, Timestamp};
use tickmark_ledger::commitment::Salt;
use tickmark_store::{Cell, insert_rows};

use super::super::ArtifactKey;
use super::Happening;
use crate::{Error, Result, stored};

type Org = OrganizationKey;

const WHAT: &str = "the tables of evidence items";
/// Most items named in one statement.
const KEYS_PER_STATEMENT: usize = 500;

pub(super) async fn next_key(c: &mut AnyConnection, org: Org) -> Result<ItemKey> {
    Ok(ItemKey(stored::next_key(c, org, "evidence_item").await?))
}

pub(super) async fn by_once(c: &mut AnyConnection, org: Org, once: &str) -> Result<Option<ItemKey>> {
    let row: Option<(i64,)> =
        sqlx::query_as("SELECT key FROM evidence_item WHERE organization = $1 AND once = $2")
            .bind(org.0)
            .bind(once)
            .fetch_optional(c)
            .await?;
    Ok(row.map(|(key,)| ItemKey(key)))
}

pub(super) async fn insert(c: &mut AnyConnection, org: Org, item: &Item, once: &str) -> Result<()> {
    let row = [
        Cell::from(org.0),
        item.key.0.into(),
        once.into(),
        item.state.word().into(),
        item.revision.into(),
        item.version.number.into(),
        item.retention.as_str().into(),
        item.made_by.to_string().into(),
        item.made_at.micros().into(),
    ];
    let columns =
        ["organization", "key", "once", "state", "revision", "version", "retention", "made_by", "made_at"];
    insert_rows(c, "evidence_item", columns, [row]).await?;
    Ok(())
}

pub(super) async fn update(c: &mut AnyConnection, org: Org, item: &Item) -> Result<()> {
    let by = |one: Option<(ActorId, Timestamp)>| one.map(|(actor, _)| actor.to_string());
    let at = |one: Option<(ActorId, Timestamp)>| one.map(|(_, at)| at.micros());
    sqlx::query(
        "UPDATE evidence_item SET state = $1, revision = $2, version = $3, submitted_by = $4, submitted_at = $5, \
         decided_by = $6, decided_at = $7 WHERE organization = $8 AND key = $9",
    )
    .bind(item.state.word())
    .bind(item.revision)
    .bind(item.version.number)
    .bind(by(item.submitted))
    .bind(at(item.submitted))
    .bind(by(item.decided))
    .bind(at(item.decided))
    .bind(org.0)
    .bind(item.key.0)
    .execute(c)
    .await?;
    Ok(())
}

pub(super) async fn insert_version(
    c: &mut AnyConnection,
    org: Org,
    version: &Version,
    salt: Salt,
    commitment: Digest,
) -> Result<()> {
    let body = serde_json::to_string(&version.description).expect("a description has string keys only");
    let row = [
        Cell::from(org.0),
        version.item.0.into(),
        version.number.into(),
        body.into(),
        version.reason.as_str().into(),
        version.by.to_string().into(),
        version.at.micros().into(),
        salt.0.to_vec().into(),
        commitment.0.to_vec().into(),
    ];
    let columns =
        ["organization", "item", "number", "body", "reason", "made_by", "made_at", "salt", "commitment"];
    insert_rows(&mut *c, "evidence_item_version", columns, [row]).await?;
    let mut rows = Vec::with_capacity(version.files.len());
    for file in &version.files {
        rows.push([
            Cell::from(org.0),
            version.item.0.into(),
            version.number.into(),
            file.seq.into(),
            file.artifact.0.into(),
            file.name.as_str().into(),
        ]);
    }
    let columns = ["organization", "item", "version", "seq", "artifact", "name"];
    insert_rows(c, "evidence_item_file", columns, rows).await?;
    Ok(())
}

pub(super) async fn commitment(
    c: &mut AnyConnection,
    org: Org,
    item: ItemKey,
    number: i64,
) -> Result<Option<Digest>> {
    let row: Option<(Vec<u8>,)> = sqlx::query_as(
        "SELECT commitment FROM evidence_item_version WHERE organization = $1 AND item = $2 AND number = $3",
    )
    .bind(org.0)
    .bind(item.0)
    .bind(number)
    .fetch_optional(c)
    .await?;
    row.map(|(bytes,)| stored::digest(&bytes, WHAT)).transpose()
}

pub(super) async fn link(
    c: &mut AnyConnection,
    org: Org,
    item: ItemKey,
    control: &ControlId,
    by: ActorId,
    now: Timestamp,
) -> Result<()> {
    let row = [
        Cell::from(org.0),
        item.0.into(),
        control.as_str().into(),
        now.micros().into(),
        by.to_string().into(),
    ];
    let columns = ["organization", "item", "code", "linked_at", "linked_by"];
    insert_rows(c, "evidence_item_control", columns, [row]).await?;
    Ok(())
}

pub(super) async fn unlink(
    c: &mut AnyConnection,
    org: Org,
    item: ItemKey,
    control: &ControlId,
    by: ActorId,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "UPDATE evidence_item_control SET unlinked_at = $1, unlinked_by = $2 \
         WHERE organization = $3 AND item = $4 AND code = $5 AND unlinked_at IS NULL",
    )
    .bind(now.micros())
    .bind(by.to_string())
    .bind(org.0)
    .bind(item.0)
    .bind(control.as_str())
    .execute(c)
    .await?;
    Ok(())
}

pub(super) async fn add_event(
    c: &mut AnyConnection,
    org: Org,
    item: ItemKey,
    event: &Happening,
) -> Result<()> {
    let (number,): (i64,) = sqlx::query_as(
        "SELECT CAST(COALESCE(MAX(number), 0) + 1 AS BIGINT) FROM evidence_item_event \
         WHERE organization = $1 AND item = $2",
    )
    .bind(org.0)
    .bind(item.0)
    .fetch_one(&mut *c)
    .await?;
    let row = [
        Cell::from(org.0),
        item.0.into(),
        number.into(),
        event.at.micros().into(),
        event.by.to_string().into(),
        event.event.as_str().into(),
        event.version.into(),
        event.about.as_str().into(),
        event.note.as_str().into(),
    ];
    let columns = ["organization", "item", "number", "at", "by_actor", "event", "version", "about", "note"];
    insert_rows(c, "evidence_item_event", columns, [row]).await?;
    Ok(())
}

pub(super) async fn history(c: &mut AnyConnection, org: Org, item: ItemKey) -> Result<Vec<Happening>> {
    let rows = sqlx::query(
        "SELECT at, by_actor, event, version, about, note FROM evidence_item_event \
         WHERE organization = $1 AND item = $2 ORDER BY number",
    )
    .bind(org.0)
    .bind(item.0)
    .fetch_all(c)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Happening {
                at: Timestamp::from_micros(row.try_get(0)?),
                by: stored::parse(&row.try_get::<String, _>(1)?, WHAT)?,
                event: row.try_get(2)?,
                version: row.try_get(3)?,
                about: row.try_get(4)?,
                note: row.try_get(5)?,
            })
        })
        .collect()
}

/// Which items are read.
#[derive(Clone, Copy)]
enum Which<'a> {
    All,
    One(ItemKey),
    In(State),
    Several(&'a [ItemKey]),
}

impl Which<'_> {
    /// The rest of a condition on `table`'s `column` of items, which begins with the second parameter.
    fn sql(self, column: &str) -> String {
        match self {
            Self::All => format!("{column} > $2"),
            Self::One(_) => format!("{column} = $2"),
            Self::In(state) => format!(
                "{column} > $2 AND {column} IN (SELECT key FROM evidence_item WHERE organization = $1 AND state = '{}')",
                state.word()
            ),
            Self::Several(keys) => {
                let keys: Vec<String> = keys.iter().map(|key| key.0.to_string()).collect();
                format!("{column} > $2 AND {column} IN ({})", keys.join(", "))
            }
        }
    }

    fn key(self) -> i64 {
        match self {
            Self::One(key) => key.0,
            Self::All | Self::In(_) | Self::Several(_) => 0,
        }
    }
}

pub(super) async fn find(c: &mut AnyConnection, org: Org, key: ItemKey) -> Result<Option<Item>> {
    Ok(items(c, org, Which::One(key), 1).await?.pop())
}

pub(super) async fn all(c: &mut AnyConnection, org: Org, limit: u32) -> Result<Vec<Item>> {
    items(c, org, Which::All, limit).await
}

/// Lists the keys of items that are less than one, newest first.
pub(super) async fn keys_before(
    c: &mut AnyConnection,
    org: Org,
    key: ItemKey,
    limit: u32,
) -> Result<Vec<ItemKey>> {
    let rows: Vec<(i64,)> = sqlx::query_as(
        "SELECT key FROM evidence_item WHERE organization = $1 AND key < $2 ORDER BY key DESC LIMIT $3",
    )
    .bind(org.0)
    .bind(key.0)
    .bind(i64::from(limit))
    .fetch_all(c)
    .await?;
    Ok(rows.into_iter().map(|(key,)| ItemKey(key)).collect())
}

pub(super) async fn in_state(c: &mut AnyConnection, org: Org, state: State, limit: u32) -> Result<Vec<Item>> {
    items(c, org, Which::In(state), limit).await
}

pub(super) async fn several(c: &mut AnyConnection, org: Org, keys: &[ItemKey]) -> Result<Vec<Item>> {
    let mut found = Vec::new();
    for chunk in keys.chunks(KEYS_PER_STATEMENT) {
        found.extend(items(&mut *c, org, Which::Several(chunk), u32::MAX).await?);
    }
    Ok(found)
}

pub(super) async fn keys_of_control(
    c: &mut AnyConnection,
    org: Org,
    control: &ControlId,
    limit: u32,
) -> Result<Vec<ItemKey>> {
    let rows: Vec<(i64,)> = sqlx::query_as(
        "SELECT item FROM evidence_item_control WHERE organization = $1 AND code = $2 AND unlinked_at IS NULL \
         ORDER BY item DESC LIMIT $3",
    )
    .bind(org.0)
    .bind(control.as_str())
    .bind(i64::from(limit))
    .fetch_all(c)
    .await?;
    Ok(rows.into_iter().map(|(key,)| ItemKey(key)).collect())
}

/// Reads items newest first, in four statements whatever their number.
async fn items(c: &mut AnyConnection, org: Org, which: Which<'_>, limit: u32) -> Result<Vec<Item>> {
    let rows = sqlx::query(AssertSqlSafe(format!(
        "SELECT i.key, i.state, i.revision, i.version, i.retention, i.made_by, i.made_at, i.submitted_by, i.submitted_at, \
         i.decided_by, i.decided_at, v.body, v.reason, v.made_by, v.made_at FROM evidence_item i \
         LEFT JOIN evidence_item_version v ON v.organization = i.organization AND v.item = i.key AND v.number = i.version \
         WHERE i.organization = $1 AND {} ORDER BY i.key DESC LIMIT $3",
        which.sql("i.key")
    )))
    .bind(org.0)
    .bind(which.key())
    .bind(i64::from(limit))
    .fetch_all(&mut *c)
    .await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let mut files = files(
        c,
        org,
        which,
        "AND f.version = (SELECT i.version FROM evidence_item i \
         WHERE i.organization = f.organization AND i.key = f.item)",
    )
    .await?;
    let mut controls: BTreeMap<i64, BTreeSet<ControlId>> = BTreeMap::new();
    let links: Vec<(i64, String)> = sqlx::query_as(AssertSqlSafe(format!(
        "SELECT item, code FROM evidence_item_control WHERE organization = $1 AND {} AND unlinked_at IS NULL",
        which.sql("item")
    )))
    .bind(org.0)
    .bind(which.key())
    .fetch_all(&mut *c)
    .await?;
    for (item, code) in links {
        controls.entry(item).or_default().insert(stored::parse(&code, WHAT)?);
    }
    let mut handlers = handlers(c, org, which).await?;
    rows.iter()
        .map(|row| {
            let key: i64 = row.try_get(0)?;
            let number: i64 = row.try_get(3)?;
            let made_by = actor(row, 5)?;
            let pair = |by: usize, at: usize| -> Result<Option<(ActorId, Timestamp)>> {
                let who: Option<String> = row.try_get(by)?;
                let when: Option<i64> = row.try_get(at)?;
                who.zip(when)
                    .map(|(who, when)| Ok((stored::parse(&who, WHAT)?, Timestamp::from_micros(when))))
                    .transpose()
            };
            let version =
                version_of(row, ItemKey(key), number, 11, files.remove(&(key, number)).unwrap_or_default())?;
            let version = version.unwrap_or_else(|| erased(ItemKey(key), number, made_by));
            Ok(Item {
                key: ItemKey(key),
                state: state(&row.try_get::<String, _>(1)?)?,
                revision: row.try_get(2)?,
                version,
                controls: controls.remove(&key).unwrap_or_default(),
                retention: row.try_get(4)?,
                made_by,
                made_at: Timestamp::from_micros(row.try_get(6)?),
                submitted: pair(7, 8)?,
                decided: pair(9, 10)?,
                handlers: handlers.remove(&key).unwrap_or_default(),
            })
        })
        .collect()
}

fn state(word: &str) -> Result<State> {
    State::from_word(word).ok_or_else(|| Error::corrupt(WHAT, format!("{word:?} is no state")))
}

fn actor(row: &AnyRow, at: usize) -> Result<ActorId> {
    stored::parse(&row.try_get::<String, _>(at)?, WHAT)
}

/// Reads a version from four columns; none where its row was erased.
fn version_of(
    row: &AnyRow,
    item: ItemKey,
    number: i64,
    first: usize,
    files: Vec<ItemFile>,
) -> Result<Option<Version>> {
    let Some(body) = row.try_get::<Option<String>, _>(first)? else { return Ok(None) };
    let description: Description =
        serde_json::from_str(&body).map_err(|error| Error::corrupt(WHAT, error))?;
    Ok(Some(Version {
        item,
        number,
        description,
        files,
        reason: row.try_get(first + 1)?,
        by: actor(row, first + 2)?,
        at: Timestamp::from_micros(row.try_get(first + 3)?),
    }))
}

/// What stands for a version whose text was erased.
fn erased(item: ItemKey, number: i64, by: ActorId) -> Version {
    Version {
        item,
        number,
        description: Description {
            title: "Erased".to_owned(),
            kind: Kind::Document,
            source: String::new(),
            method: Method::Received,
            steps: String::new(),
            collected_by: String::new(),
            collected_at: None,
            covers: None,
            sensitivity: Sensitivity::Restricted,
            redaction: String::new(),
        },
        files: Vec::new(),
        reason: String::new(),
        by,
        at: Timestamp::from_micros(0),
    }
}

/// Returns the artifacts of all versions of an item.
pub(super) async fn artifacts(
    c: &mut AnyConnection,
    org: Org,
    item: ItemKey,
) -> Result<BTreeSet<ArtifactKey>> {
    let rows: Vec<(i64,)> = sqlx::query_as(
        "SELECT artifact FROM evidence_item_file WHERE organization = $1 AND item = $2 ORDER BY version, seq",
    )
    .bind(org.0)
    .bind(item.0)
    .fetch_all(c)
    .await?;
    Ok(rows.into_iter().map(|(key,)| ArtifactKey(key)).collect())
}

/// Reads files by item and version.
async fn files(
    c: &mut AnyConnection,
    org: Org,
    which: Which<'_>,
    and: &str,
) -> Result<BTreeMap<(i64, i64), Vec<ItemFile>>> {
    let rows = sqlx::query(AssertSqlSafe(format!(
        "SELECT f.item, f.version, f.seq, f.artifact, f.name FROM evidence_item_file f \
         WHERE f.organization = $1 AND {} {and} ORDER BY f.item, f.version, f.seq",
        which.sql("f.item")
    )))
    .bind(org.0)
    .bind(which.key())
    .fetch_all(&mut *c)
    .await?;
    let keys: Vec<i64> = rows.iter().map(|row| row.try_get(3)).collect::<Result<_, _>>()?;
    let facts = super::super::sql::sizes(c, org, &keys).await?;
    let mut files: BTreeMap<(i64, i64), Vec<ItemFile>> = BTreeMap::new();
    for row in &rows {
        let artifact: i64 = row.try_get(3)?;
        let (media_type, size) = facts.get(&artifact).cloned().unwrap_or_default();
        let file = ItemFile {
            seq: row.try_get(2)?,
            artifact: EvidenceKey(artifact),
            name: row.try_get(4)?,
            media_type,
            size,
        };
        files.entry((row.try_get(0)?, row.try_get(1)?)).or_default().push(file);
    }
    Ok(files)
}

async fn handlers(
    c: &mut AnyConnection,
    org: Org,
    which: Which<'_>,
) -> Result<BTreeMap<i64, BTreeSet<ActorId>>> {
    let rows: Vec<(i64, String)> = sqlx::query_as(AssertSqlSafe(format!(
        "SELECT DISTINCT item, by_actor FROM evidence_item_event WHERE organization = $1 AND {} \
         AND event IN ('opened', 'revise', 'submit')",
        which.sql("item")
    )))
    .bind(org.0)
    .bind(which.key())
    .fetch_all(c)
    .await?;
    let mut handlers: BTreeMap<i64, BTreeSet<ActorId>> = BTreeMap::new();
    for (item, actor) in rows {
        handlers.entry(item).or_default().insert(stored::parse(&actor, WHAT)?);
    }
    Ok(handlers)
}

pub(super) async fn versions(c: &mut AnyConnection, org: Org, item: ItemKey) -> Result<Vec<Version>> {
    let mut files = files(c, org, Which::One(item), "").await?;
    let rows = sqlx::query(
        "SELECT number, body, reason, made_by, made_at FROM evidence_item_version \
         WHERE organization = $1 AND item = $2 ORDER BY number",
    )
    .bind(org.0)
    .bind(item.0)
    .fetch_all(c)
    .await?;
    let mut versions = Vec::with_capacity(rows.len());
    for row in &rows {
        let number: i64 = row.try_get(0)?;
        let files = files.remove(&(item.0, number)).unwrap_or_default();
        versions.extend(version_of(row, item, number, 1, files)?);
    }
    Ok(versions)
}

pub(super) async fn salted_versions(c: &mut AnyConnection, org: Org) -> Result<Vec<(Version, Salt)>> {
    let mut files = files(c, org, Which::All, "").await?;
    let rows = sqlx::query(
        "SELECT item, number, body, reason, made_by, made_at, salt FROM evidence_item_version \
         WHERE organization = $1 ORDER BY item, number",
    )
    .bind(org.0)
    .fetch_all(c)
    .await?;
    let mut all = Vec::with_capacity(rows.len());
    for row in &rows {
        let (item, number): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        let files = files.remove(&(item, number)).unwrap_or_default();
        let salt = Salt(stored::array(&row.try_get::<Vec<u8>, _>(6)?, WHAT)?);
        all.extend(version_of(row, ItemKey(item), number, 2, files)?.map(|version| (version, salt)));
    }
    Ok(all)
}
