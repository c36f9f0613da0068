//! Prints the table of roles: `cargo run -p tickmark-core --example roles > docs/roles.md`.

fn main() {
    print!("{}", tickmark_core::identity::document());
}
