//! Makes a new or removed catalog file rebuild the crate; the embedding macro alone notices changed ones only.

fn main() {
    println!("cargo::rerun-if-changed=../../catalog");
}
