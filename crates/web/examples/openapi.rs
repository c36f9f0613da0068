//! Prints the OpenAPI document: `cargo run -p tickmark-web --example openapi > docs/schema/openapi.json`.

fn main() {
    println!("{:#}", tickmark_web::api::document());
}
