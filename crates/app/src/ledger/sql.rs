//! The tables `log_pending`, `leaf`, `tile`, `log_head`, `log_checkpoint`, `log_scrub`, `log_key`, `log_epoch`,
//! `log_policy`.

use sqlx::AnyConnection;
use tickmark_core::Timestamp;
use tickmark_core::id::OrganizationKey;
use tickmark_ledger::Hash;
use tickmark_ledger::bundle::Record;
use tickmark_ledger::commitment::Salt;
use tickmark_ledger::leaf::LeafBytes;
use tickmark_ledger::note::Checkpoint;
use tickmark_ledger::tile::{FullTile, tile_bytes};
use tickmark_ledger::tree::Frontier;
use tickmark_store::insert_rows;
use uuid::Uuid;

use super::{Difference, Entry, Head, KeyOfLog, LogEntry, Scrub};
use crate::{Error, Result, stored};

type Org = OrganizationKey;

fn hash(bytes: &[u8], what: &str) -> Result<Hash> {
    stored::array(bytes, what).map(Hash)
}

/// Positions and sizes are counted in `BIGINT`.
pub(super) fn number(value: u64) -> Result<i64> {
    i64::try_from(value).map_err(|_| Error::invalid(format!("{value} is beyond what a log can hold")))
}

// ---- pending

pub(super) async fn insert_pending(
    c: &mut AnyConnection,
    org: Org,
    now: Timestamp,
    entries: Vec<Entry>,
) -> Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    // What was committed before this change stays before it, also when the clock stands or goes back: a run must not
    // close before it opens. The moment inside the entry is the clock's.
    let (last,): (Option<i64>,) =
        sqlx::query_as("SELECT CAST(MAX(recorded_at) AS BIGINT) FROM log_pending WHERE organization = $1")
            .bind(org.0)
            .fetch_one(&mut *c)
            .await?;
    let recorded_at = last.map_or(now.micros(), |last| now.micros().max(last.saturating_add(1)));
    let rows = entries.into_iter().zip(0_i64..).map(|(entry, position)| {
        [org.0.into(), entry.id.to_string().into(), recorded_at.into(), position.into(), entry.content.into()]
    });
    let columns = ["organization", "id", "recorded_at", "position", "content"];
    insert_rows(c, "log_pending", columns, rows).await?;
    Ok(())
}

/// Puts entries before everything that waits: an epoch says first what it is.
pub(super) async fn insert_pending_first(c: &mut AnyConnection, org: Org, entries: Vec<Entry>) -> Result<()> {
    let rows = entries.into_iter().zip(0_i64..).map(|(entry, position)| {
        [org.0.into(), entry.id.to_string().into(), 0_i64.into(), position.into(), entry.content.into()]
    });
    insert_rows(c, "log_pending", ["organization", "id", "recorded_at", "position", "content"], rows).await?;
    Ok(())
}

pub(super) async fn pending(c: &mut AnyConnection, org: Org, limit: i64) -> Result<Vec<(String, Vec<u8>)>> {
    Ok(sqlx::query_as(
        "SELECT id, content FROM log_pending WHERE organization = $1 ORDER BY recorded_at, position, id LIMIT $2",
    )
    .bind(org.0)
    .bind(limit)
    .fetch_all(c)
    .await?)
}

pub(super) async fn count_pending(c: &mut AnyConnection, org: Org) -> Result<u64> {
    let (count,): (i64,) = sqlx::query_as("SELECT count(*) FROM log_pending WHERE organization = $1")
        .bind(org.0)
        .fetch_one(c)
        .await?;
    stored::count(count, "the table of pending entries")
}

/// Returns pending entries that have their position already: (id, pending bytes, logged bytes).
pub(super) async fn pending_again(
    c: &mut AnyConnection,
    org: Org,
    limit: i64,
) -> Result<Vec<(String, Vec<u8>, Vec<u8>)>> {
    Ok(sqlx::query_as(
        "SELECT p.id, p.content, l.content FROM log_pending p \
         JOIN leaf l ON l.organization = p.organization AND l.id = p.id \
         WHERE p.organization = $1 ORDER BY p.id LIMIT $2",
    )
    .bind(org.0)
    .bind(limit)
    .fetch_all(c)
    .await?)
}

/// Deletes those pending entries that have their position.
pub(super) async fn delete_sequenced(c: &mut AnyConnection, org: Org) -> Result<u64> {
    let done = sqlx::query(
        "DELETE FROM log_pending WHERE organization = $1 AND EXISTS \
         (SELECT 1 FROM leaf l WHERE l.organization = log_pending.organization AND l.id = log_pending.id)",
    )
    .bind(org.0)
    .execute(c)
    .await?;
    Ok(done.rows_affected())
}

// ---- leaves

pub(super) async fn insert_leaves(
    c: &mut AnyConnection,
    org: Org,
    first: u64,
    leaves: &[LeafBytes],
) -> Result<()> {
    let mut rows = Vec::with_capacity(leaves.len());
    for (leaf, position) in leaves.iter().zip(number(first)?..) {
        let (id, hash) = (leaf.leaf().id.into(), leaf.hash().0.into());
        rows.push([org.0.into(), position.into(), id, hash, leaf.as_bytes().into()]);
    }
    insert_rows(c, "leaf", ["organization", "position", "id", "hash", "content"], rows).await?;
    Ok(())
}

type LeafRow = (i64, String, Vec<u8>, Vec<u8>);

fn entry((position, id, bytes, content): LeafRow) -> Result<LogEntry> {
    let index = stored::count(position, "the table of ledger entries")?;
    Ok(LogEntry { index, id, hash: hash(&bytes, &format!("the hash of ledger entry {index}"))?, content })
}

pub(super) async fn entries(c: &mut AnyConnection, org: Org, from: u64, limit: u32) -> Result<Vec<LogEntry>> {
    let rows: Vec<LeafRow> = sqlx::query_as(
        "SELECT position, id, hash, content FROM leaf WHERE organization = $1 AND position >= $2 \
         ORDER BY position LIMIT $3",
    )
    .bind(org.0)
    .bind(number(from)?)
    .bind(i64::from(limit))
    .fetch_all(c)
    .await?;
    rows.into_iter().map(entry).collect()
}

pub(super) async fn latest(c: &mut AnyConnection, org: Org, limit: u32) -> Result<Vec<LogEntry>> {
    let rows: Vec<LeafRow> = sqlx::query_as(
        "SELECT position, id, hash, content FROM leaf WHERE organization = $1 ORDER BY position DESC LIMIT $2",
    )
    .bind(org.0)
    .bind(i64::from(limit))
    .fetch_all(c)
    .await?;
    rows.into_iter().map(entry).collect()
}

pub(super) async fn entry_by_id(c: &mut AnyConnection, org: Org, id: &str) -> Result<Option<LogEntry>> {
    let row: Option<LeafRow> =
        sqlx::query_as("SELECT position, id, hash, content FROM leaf WHERE organization = $1 AND id = $2")
            .bind(org.0)
            .bind(id)
            .fetch_optional(c)
            .await?;
    row.map(entry).transpose()
}

pub(super) async fn leaf_hashes(c: &mut AnyConnection, org: Org, from: u64, count: u16) -> Result<Vec<Hash>> {
    let rows: Vec<(Vec<u8>,)> = sqlx::query_as(
        "SELECT hash FROM leaf WHERE organization = $1 AND position >= $2 AND position < $3 ORDER BY position",
    )
    .bind(org.0)
    .bind(number(from)?)
    .bind(number(from)? + i64::from(count))
    .fetch_all(c)
    .await?;
    rows.iter().map(|(bytes,)| hash(bytes, "the hash of a ledger entry")).collect()
}

/// Returns how many leaves there are, and the highest position.
pub(super) async fn leaf_extent(c: &mut AnyConnection, org: Org) -> Result<(u64, Option<u64>)> {
    let (count, last): (i64, Option<i64>) =
        sqlx::query_as("SELECT count(*), max(position) FROM leaf WHERE organization = $1")
            .bind(org.0)
            .fetch_one(c)
            .await?;
    let what = "the table of ledger entries";
    Ok((stored::count(count, what)?, last.map(|last| stored::count(last, what)).transpose()?))
}

// ---- tiles

pub(super) async fn insert_tiles(c: &mut AnyConnection, org: Org, tiles: &[FullTile]) -> Result<()> {
    let mut rows = Vec::with_capacity(tiles.len());
    for tile in tiles {
        rows.push([
            org.0.into(),
            tile.level.into(),
            number(tile.index)?.into(),
            tile_bytes(&tile.hashes).into(),
        ]);
    }
    insert_rows(c, "tile", ["organization", "level", "position", "hashes"], rows).await?;
    Ok(())
}

pub(super) async fn tile(c: &mut AnyConnection, org: Org, level: u8, index: u64) -> Result<Option<Vec<u8>>> {
    let row: Option<(Vec<u8>,)> =
        sqlx::query_as("SELECT hashes FROM tile WHERE organization = $1 AND level = $2 AND position = $3")
            .bind(org.0)
            .bind(i16::from(level))
            .bind(number(index)?)
            .fetch_optional(c)
            .await?;
    Ok(row.map(|(hashes,)| hashes))
}

pub(super) async fn count_tiles(c: &mut AnyConnection, org: Org) -> Result<u64> {
    let (count,): (i64,) =
        sqlx::query_as("SELECT count(*) FROM tile WHERE organization = $1").bind(org.0).fetch_one(c).await?;
    stored::count(count, "the table of tiles")
}

// ---- head and checkpoints

pub(super) async fn insert_head(
    c: &mut AnyConnection,
    org: Org,
    head: &Head,
    frontier: &Frontier,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO log_head (organization, origin, verifier_key, epoch, size, root, frontier, checkpoint, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(org.0)
    .bind(&head.origin)
    .bind(&head.verifier_key)
    .bind(head.epoch)
    .bind(number(head.size)?)
    .bind(head.root.0.to_vec())
    .bind(frontier.to_bytes())
    .bind(&head.checkpoint)
    .bind(head.updated_at.micros())
    .execute(c)
    .await?;
    Ok(())
}

type HeadRow = (String, String, i64, i64, Vec<u8>, Vec<u8>, String, i64);

/// Returns the head and the bytes of the frontier.
pub(super) async fn head(c: &mut AnyConnection, org: Org) -> Result<(Head, Vec<u8>)> {
    let row: Option<HeadRow> = sqlx::query_as(
        "SELECT origin, verifier_key, epoch, size, root, frontier, checkpoint, updated_at \
         FROM log_head WHERE organization = $1",
    )
    .bind(org.0)
    .fetch_optional(c)
    .await?;
    let what = "the head of the ledger";
    let Some((origin, verifier_key, epoch, size, root, frontier, checkpoint, updated_at)) = row else {
        return Err(Error::corrupt(what, "it is missing"));
    };
    let head = Head {
        origin,
        verifier_key,
        epoch,
        size: stored::count(size, what)?,
        root: hash(&root, what)?,
        checkpoint,
        updated_at: Timestamp::from_micros(updated_at),
    };
    Ok((head, frontier))
}

/// Moves the head on if it is still where it was found. Tells whether it was.
pub(super) async fn advance(
    c: &mut AnyConnection,
    org: Org,
    from: u64,
    to: &Head,
    frontier: &Frontier,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE log_head SET size = $1, root = $2, frontier = $3, checkpoint = $4, updated_at = $5 \
         WHERE organization = $6 AND size = $7 AND epoch = $8",
    )
    .bind(number(to.size)?)
    .bind(to.root.0.to_vec())
    .bind(frontier.to_bytes())
    .bind(&to.checkpoint)
    .bind(to.updated_at.micros())
    .bind(org.0)
    .bind(number(from)?)
    .bind(to.epoch)
    .execute(&mut *c)
    .await?;
    if done.rows_affected() != 1 {
        return Ok(false);
    }
    sqlx::query(
        "INSERT INTO log_checkpoint (organization, size, root, note, signed_at) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(org.0)
    .bind(number(to.size)?)
    .bind(to.root.0.to_vec())
    .bind(&to.checkpoint)
    .bind(to.updated_at.micros())
    .execute(c)
    .await?;
    Ok(true)
}

/// Returns checkpoints of sizes above `above` in order: (size, root, note).
pub(super) async fn checkpoints(
    c: &mut AnyConnection,
    org: Org,
    above: u64,
    limit: u32,
) -> Result<Vec<(u64, Hash, String)>> {
    let rows: Vec<(i64, Vec<u8>, String)> = sqlx::query_as(
        "SELECT size, root, note FROM log_checkpoint WHERE organization = $1 AND size > $2 ORDER BY size LIMIT $3",
    )
    .bind(org.0)
    .bind(number(above)?)
    .bind(i64::from(limit))
    .fetch_all(c)
    .await?;
    let what = "the table of checkpoints";
    rows.into_iter()
        .map(|(size, root, note)| Ok((stored::count(size, what)?, hash(&root, what)?, note)))
        .collect()
}

pub(super) async fn checkpoint(c: &mut AnyConnection, org: Org, size: u64) -> Result<Option<String>> {
    let row: Option<(String,)> =
        sqlx::query_as("SELECT note FROM log_checkpoint WHERE organization = $1 AND size = $2")
            .bind(org.0)
            .bind(number(size)?)
            .fetch_optional(c)
            .await?;
    Ok(row.map(|(note,)| note))
}

/// Returns the newest checkpoint of at most `size` entries.
pub(super) async fn checkpoint_until(c: &mut AnyConnection, org: Org, size: u64) -> Result<Option<String>> {
    let row: Option<(String,)> = sqlx::query_as(
        "SELECT note FROM log_checkpoint WHERE organization = $1 AND size <= $2 ORDER BY size DESC LIMIT 1",
    )
    .bind(org.0)
    .bind(number(size)?)
    .fetch_optional(c)
    .await?;
    Ok(row.map(|(note,)| note))
}

/// Returns the oldest checkpoint of at least `size` entries.
pub(super) async fn checkpoint_from(c: &mut AnyConnection, org: Org, size: u64) -> Result<Option<String>> {
    let row: Option<(String,)> = sqlx::query_as(
        "SELECT note FROM log_checkpoint WHERE organization = $1 AND size >= $2 ORDER BY size LIMIT 1",
    )
    .bind(org.0)
    .bind(number(size)?)
    .fetch_optional(c)
    .await?;
    Ok(row.map(|(note,)| note))
}

// ---- scrubs

pub(super) async fn insert_scrub(c: &mut AnyConnection, org: Org, scrub: &Scrub) -> Result<()> {
    let findings = serde_json::to_string(&scrub.differences)
        .map_err(|error| Error::internal("writing down what a scrub found", error))?;
    sqlx::query(
        "INSERT INTO log_scrub (organization, finished_at, size, leaves, tiles, objects, differences, findings) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (organization, finished_at) DO UPDATE SET \
         size = excluded.size, leaves = excluded.leaves, tiles = excluded.tiles, objects = excluded.objects, \
         differences = excluded.differences, findings = excluded.findings",
    )
    .bind(org.0)
    .bind(scrub.finished_at.micros())
    .bind(number(scrub.size)?)
    .bind(number(scrub.leaves)?)
    .bind(number(scrub.tiles)?)
    .bind(number(scrub.objects)?)
    .bind(number(scrub.count)?)
    .bind(findings)
    .execute(c)
    .await?;
    Ok(())
}

type ScrubRow = (i64, i64, i64, i64, i64, i64, String);

pub(super) async fn last_scrub(c: &mut AnyConnection, org: Org) -> Result<Option<Scrub>> {
    let row: Option<ScrubRow> = sqlx::query_as(
        "SELECT finished_at, size, leaves, tiles, objects, differences, findings FROM log_scrub \
         WHERE organization = $1 ORDER BY finished_at DESC LIMIT 1",
    )
    .bind(org.0)
    .fetch_optional(c)
    .await?;
    let what = "the table of scrubs";
    let Some((finished_at, size, leaves, tiles, objects, count, findings)) = row else { return Ok(None) };
    let differences: Vec<Difference> =
        serde_json::from_str(&findings).map_err(|error| Error::corrupt(what, error))?;
    Ok(Some(Scrub {
        size: stored::count(size, what)?,
        leaves: stored::count(leaves, what)?,
        tiles: stored::count(tiles, what)?,
        objects: stored::count(objects, what)?,
        count: stored::count(count, what)?,
        differences,
        ..Scrub::at(Timestamp::from_micros(finished_at))
    }))
}

// ---- keys and epochs

pub(super) async fn insert_key(c: &mut AnyConnection, org: Org, head: &Head, from: u64) -> Result<()> {
    sqlx::query(
        "INSERT INTO log_key (organization, verifier_key, origin, epoch, from_size, to_size) \
         VALUES ($1, $2, $3, $4, $5, NULL)",
    )
    .bind(org.0)
    .bind(&head.verifier_key)
    .bind(&head.origin)
    .bind(head.epoch)
    .bind(number(from)?)
    .execute(c)
    .await?;
    Ok(())
}

pub(super) async fn keys(c: &mut AnyConnection, org: Org) -> Result<Vec<KeyOfLog>> {
    let rows: Vec<(String, i64, i64, Option<i64>)> = sqlx::query_as(
        "SELECT verifier_key, epoch, from_size, to_size FROM log_key WHERE organization = $1 \
         ORDER BY epoch, from_size, verifier_key LIMIT 1000",
    )
    .bind(org.0)
    .fetch_all(c)
    .await?;
    let what = "the table of keys";
    rows.into_iter()
        .map(|(verifier_key, epoch, from, to)| {
            let to = to.map(|to| stored::count(to, what)).transpose()?;
            Ok(KeyOfLog { verifier_key, epoch, from: stored::count(from, what)?, to })
        })
        .collect()
}

/// Ends every key that signs: none counts beyond `last`.
pub(super) async fn end_keys(c: &mut AnyConnection, org: Org, last: u64) -> Result<()> {
    sqlx::query("UPDATE log_key SET to_size = $1 WHERE organization = $2 AND to_size IS NULL")
        .bind(number(last)?)
        .bind(org.0)
        .execute(c)
        .await?;
    Ok(())
}

pub(super) async fn end_key(c: &mut AnyConnection, org: Org, key: &str, last: u64) -> Result<()> {
    sqlx::query("UPDATE log_key SET to_size = $1 WHERE organization = $2 AND verifier_key = $3")
        .bind(number(last)?)
        .bind(org.0)
        .bind(key)
        .execute(c)
        .await?;
    Ok(())
}

/// Makes a key the one that the head names.
pub(super) async fn set_key(c: &mut AnyConnection, org: Org, key: &str) -> Result<()> {
    sqlx::query("UPDATE log_head SET verifier_key = $1 WHERE organization = $2")
        .bind(key)
        .bind(org.0)
        .execute(c)
        .await?;
    Ok(())
}

/// Puts the head under a new origin and key if it is still where it was found. Tells whether it was.
pub(super) async fn change_epoch(c: &mut AnyConnection, org: Org, from: &Head, to: &Head) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE log_head SET origin = $1, verifier_key = $2, epoch = $3, checkpoint = $4, updated_at = $5 \
         WHERE organization = $6 AND epoch = $7 AND size = $8",
    )
    .bind(&to.origin)
    .bind(&to.verifier_key)
    .bind(to.epoch)
    .bind(&to.checkpoint)
    .bind(to.updated_at.micros())
    .bind(org.0)
    .bind(from.epoch)
    .bind(number(from.size)?)
    .execute(c)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn insert_epoch(
    c: &mut AnyConnection,
    org: Org,
    head: &Head,
    continues: &Checkpoint,
    reason: &str,
    salt: &Salt,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO log_epoch (organization, epoch, began_at_size, continued_size, continued_root, reason, salt, \
         began_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(org.0)
    .bind(head.epoch)
    .bind(number(head.size)?)
    .bind(number(continues.size)?)
    .bind(continues.root.0.to_vec())
    .bind(reason)
    .bind(salt.0.to_vec())
    .bind(head.updated_at.micros())
    .execute(c)
    .await?;
    Ok(())
}

/// Returns how many entries there were when the present epoch began.
pub(super) async fn epoch_began(c: &mut AnyConnection, org: Org) -> Result<u64> {
    let (began,): (Option<i64>,) =
        sqlx::query_as("SELECT CAST(MAX(began_at_size) AS BIGINT) FROM log_epoch WHERE organization = $1")
            .bind(org.0)
            .fetch_one(c)
            .await?;
    stored::count(began.unwrap_or(0), "the table of epochs")
}

pub(super) async fn epoch_reasons(c: &mut AnyConnection, org: Org) -> Result<Vec<Record>> {
    let rows: Vec<(String, Vec<u8>)> =
        sqlx::query_as("SELECT reason, salt FROM log_epoch WHERE organization = $1 ORDER BY epoch")
            .bind(org.0)
            .fetch_all(c)
            .await?;
    let record = |(text, salt): (String, Vec<u8>)| {
        Ok(Record { text, salt: Salt(stored::array(&salt, "the table of epochs")?) })
    };
    rows.into_iter().map(record).collect()
}

// ---- policies

pub(super) async fn insert_policy(
    c: &mut AnyConnection,
    org: OrganizationKey,
    body: &str,
    now: Timestamp,
    leaf: Uuid,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO log_policy (organization, key, body, set_at, leaf) \
         SELECT $1, COALESCE(MAX(key), 0) + 1, $2, $3, $4 FROM log_policy WHERE organization = $1",
    )
    .bind(org.0)
    .bind(body)
    .bind(now.micros())
    .bind(leaf.to_string())
    .execute(c)
    .await?;
    Ok(())
}

/// Returns the policies that were recorded, newest first: body, moment, id of the entry.
pub(super) async fn policies(
    c: &mut AnyConnection,
    org: OrganizationKey,
    limit: u32,
) -> Result<Vec<(String, i64, String)>> {
    Ok(sqlx::query_as(
        "SELECT body, set_at, leaf FROM log_policy WHERE organization = $1 ORDER BY key DESC LIMIT $2",
    )
    .bind(org.0)
    .bind(i64::from(limit))
    .fetch_all(c)
    .await?)
}
