//! The published schema is the one the types give, and the page about facts names every section.

use tickmark_core::observation::host::json_schema;

#[test]
fn the_published_schema_is_current() {
    let published = include_str!("../../../../docs/schema/host-1.json");
    let generated = format!("{:#}\n", json_schema());
    let how = "cargo run -p tickmark-collect --example facts_schema > docs/schema/host-1.json";
    assert!(published == generated, "docs/schema/host-1.json is out of date: {how}");
}

#[test]
fn the_page_names_every_section() {
    let page = include_str!("../../../../docs/facts.md");
    let schema = json_schema();
    let sections = schema["properties"].as_object().expect("an object");
    for section in sections.keys().filter(|name| !["schema", "gaps"].contains(&name.as_str())) {
        assert!(page.contains(&format!("| `{section}` |")), "docs/facts.md does not describe {section}");
    }
}
