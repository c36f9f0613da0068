use std::collections::BTreeSet;

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;
use tickmark_core::report::OscalModel;
use tickmark_core::report::lint;
use tickmark_core::report::package::{CriterionPart, Expected};

use super::{OscalFile, oscal, oscal_zip};
use crate::sample;

/// NIST's schema, compiled.
struct Schema {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Schema {
    fn nist() -> Self {
        const PLACE: &str = "https://schema.example/oscal.json";
        let text = include_str!("../../schema/oscal_complete_schema.json");
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource(PLACE, serde_json::from_str(text).expect("JSON")).expect("a schema");
        let index = compiler.compile(PLACE, &mut schemas).unwrap_or_else(|error| panic!("{error:#}"));
        Self { schemas, index }
    }

    /// Says what is wrong with a document; empty if nothing is.
    fn fault(&self, document: &Value) -> String {
        self.schemas.validate(document, self.index).err().map_or_else(String::new, |error| error.to_string())
    }
}

fn read(file: &OscalFile) -> Value {
    serde_json::from_slice(&file.bytes).expect("JSON")
}

fn check(model: &OscalModel) {
    let schema = Schema::nist();
    for file in oscal(model).expect("written") {
        let fault = schema.fault(&read(&file));
        assert!(fault.is_empty(), "{}: {fault}\n{}", file.name, String::from_utf8_lossy(&file.bytes));
    }
}

/// Calls `with` for every member of every object.
fn walk(value: &Value, with: &mut impl FnMut(&str, &Value)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, with)),
        Value::Object(map) => map.iter().for_each(|(key, value)| {
            with(key, value);
            walk(value, with);
        }),
        _ => {}
    }
}

#[test]
fn every_document_is_valid_by_the_schema_of_nist() {
    let model = sample::oscal();
    assert_eq!(oscal(&model).expect("written").len(), 7);
    check(&model);
    // The schema is not one that lets everything pass.
    let mut broken = read(&oscal(&model).expect("written")[0]);
    broken["catalog"]["metadata"].as_object_mut().expect("an object").remove("title");
    assert_ne!(Schema::nist().fault(&broken), "");
}

#[test]
fn whatever_people_wrote_the_documents_stay_valid() {
    let mut model = sample::oscal();
    model.work.findings.clear();
    model.work.tests.clear();
    let package = &mut model.package;
    package.report = "SOC 1 Type 1".into();
    package.boundary = String::new();
    package.services = Vec::new();
    package.description = None;
    package.commitments.clear();
    package.subservices[0].name = "  two\nlines  ".into();
    package.controls[0].title = String::new();
    package.controls[0].statement = "\n".into();
    package.user_controls =
        vec![Expected { text: "Customers review the register.".into(), criteria: vec!["CO 1".into()] }];
    package.criteria = ["CO 1", "CO-1", "3.2 \u{bd}"]
        .map(|id| CriterionPart {
            id: id.into(),
            text: String::new(),
            group: String::new(),
            controls: Vec::new(),
            others: Vec::new(),
            assertions: Vec::new(),
            transactions: Vec::new(),
        })
        .to_vec();
    assert_eq!(oscal(&model).expect("written").len(), 6, "there is no empty plan of action");
    check(&model);
}

#[test]
fn what_is_referred_to_is_there() {
    let files = oscal(&sample::oscal()).expect("written");
    let names: BTreeSet<&str> = files.iter().map(|file| file.name).collect();
    let (mut there, mut named, mut controls, mut used) =
        (BTreeSet::new(), BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for file in &files {
        walk(&read(file), &mut |key, value| match (key, value) {
            ("uuid", Value::String(uuid)) => {
                there.insert(uuid.clone());
            }
            ("id", Value::String(id)) => {
                controls.insert(id.clone());
            }
            ("control-id" | "target-id", Value::String(id)) => {
                used.insert(id.clone());
            }
            ("with-ids", Value::Array(ids)) => {
                used.extend(ids.iter().filter_map(Value::as_str).map(str::to_owned));
            }
            ("href" | "source", Value::String(href)) => assert!(names.contains(href.as_str()), "{href}"),
            ("party-uuids", Value::Array(ids)) => {
                named.extend(ids.iter().filter_map(Value::as_str).map(str::to_owned));
            }
            (key, Value::String(uuid)) if key.ends_with("-uuid") => {
                named.insert(uuid.clone());
            }
            _ => {}
        });
    }
    assert!(named.len() > 10 && used.len() > 10, "{named:?} {used:?}");
    assert_eq!(named.difference(&there).collect::<Vec<_>>(), Vec::<&String>::new());
    assert_eq!(used.difference(&controls).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn the_same_model_gives_the_same_bytes_and_another_one_another_document() {
    let model = sample::oscal();
    assert_eq!(oscal_zip(&model).expect("written"), oscal_zip(&model).expect("written"));
    let mut later = model.clone();
    later.package.version = "8".into();
    let (before, after) =
        (read(&oscal(&model).expect("written")[2]), read(&oscal(&later).expect("written")[2]));
    let (before, after) = (&before["component-definition"], &after["component-definition"]);
    assert_ne!(before["uuid"], after["uuid"]);
    assert_eq!(before["components"][0]["uuid"], after["components"][0]["uuid"]);
}

#[test]
fn no_document_states_what_only_an_auditor_does() {
    for file in oscal(&sample::oscal()).expect("written") {
        let text = String::from_utf8(file.bytes.clone()).expect("text");
        assert!(!text.contains("\"satisfied\""), "{}", file.name);
        assert!(text.contains("No auditor wrote or examined any of it"), "{}", file.name);
        assert_eq!(lint::lint(&text), [], "{}", file.name);
    }
}
