//! Plumbing: the data folder and its lock, the database on SQLite or PostgreSQL, migrations, bulk inserts, and
//! content-addressed blobs.
//!
//! Owns *how* things are kept, never *what*: no table of a feature is named here. The rules every caller relies on:
//!
//! - One SQL text runs on both databases. Parameters are `$1`; text is `TEXT`, numbers `BIGINT`, truth values
//!   `SMALLINT` 0/1, moments `BIGINT` microseconds since 1970 (UTC), digests and other bytes `{{BYTES}}` (32 raw
//!   bytes for SHA-256, never hexadecimal: half the size in every index).
//! - `sum()` over `BIGINT` is `NUMERIC` on PostgreSQL, which the common driver refuses: write
//!   `CAST(sum(x) AS BIGINT)`.
//! - Writers begin with `BEGIN IMMEDIATE` on the one writing connection of SQLite.
//! - A blob is durable when [`Blobs::put`] returns, and is verified each time it is read.

pub mod blob;
pub mod bucket;
mod connections;
pub mod database;
pub mod dialect;
mod direct;
pub mod error;
pub mod folder;
pub mod migrate;
pub mod rows;
pub mod server;
pub mod tenant;
#[cfg(feature = "testing")]
pub mod testing;

pub use blob::{BlobEntry, Blobs};
pub use bucket::Bucket;
pub use database::{Access, Database, ReadTx, WriteTx};
pub use dialect::Dialect;
pub use error::StoreError;
pub use folder::DataFolder;
pub use migrate::{Migration, Migrations};
pub use rows::{Cell, insert_missing_rows, insert_rows};
pub use server::Server;
pub use tenant::{confine, prove as prove_tenants};

/// What every function here returns.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;
