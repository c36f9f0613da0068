//! Storage on both databases: what is kept, what is refused, and what a failure leaves behind.

mod blobs;
mod bucket;
mod folders;
mod migrations;
mod servers;
mod transactions;
