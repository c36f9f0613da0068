//! The published schema is the one the types give.

#[test]
fn the_published_schema_is_current() {
    let published = include_str!("../../../../docs/schema/host-1.json");
    let generated = format!("{:#}\n", tickmark_core::observation::host::json_schema());
    assert!(
        published == generated,
        "docs/schema/host-1.json is out of date: cargo run -p tickmark-collect --example facts_schema > docs/schema/host-1.json"
    );
}
