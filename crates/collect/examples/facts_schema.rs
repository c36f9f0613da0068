//! Prints the JSON Schema of `host/1`: `cargo run -p tickmark-collect --example facts_schema > docs/schema/host-1.json`.

fn main() {
    println!("{:#}", tickmark_core::observation::host::json_schema());
}
