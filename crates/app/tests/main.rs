//! Use cases on real databases.

mod conclusion;
mod observation;
