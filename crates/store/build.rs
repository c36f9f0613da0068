//! Rebuilds the crate when a migration is added; changed ones are tracked by the embedding itself.

fn main() {
    println!("cargo::rerun-if-changed=../../migrations");
}
