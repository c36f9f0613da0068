//! Rebuilds the crate when a built-in check changes: the macro that embeds them cannot tell cargo on stable Rust.

fn main() {
    println!("cargo:rerun-if-changed=../../checks");
    println!("cargo:rerun-if-changed=build.rs");
}
