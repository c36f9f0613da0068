//! The workbook is read back part by part.

use std::io::{Cursor, Read};

use super::{matrix_csv, matrix_xlsx};
use crate::sample;

fn parts(workbook: &[u8]) -> Vec<(String, String)> {
    let mut archive = zip::ZipArchive::new(Cursor::new(workbook)).expect("a ZIP file");
    (0..archive.len())
        .map(|index| {
            let mut file = archive.by_index(index).expect("a part");
            let mut text = String::new();
            file.read_to_string(&mut text).expect("XML");
            (file.name().expect("a name").into_owned(), text)
        })
        .collect()
}

fn part(parts: &[(String, String)], name: &str) -> String {
    parts.iter().find(|(part, _)| part == name).expect("the part").1.clone()
}

#[test]
fn a_workbook_is_the_same_every_time_and_has_the_time_of_its_model() {
    let report = sample::readiness();
    let once = matrix_xlsx(&report).expect("a workbook");
    assert_eq!(once, matrix_xlsx(&report).expect("a workbook"));
    assert!(part(&parts(&once), "docProps/core.xml").contains("2026-11-24T14:45:00Z"));
}

#[test]
fn sheets_have_names_filters_and_frozen_headers() {
    let parts = parts(&matrix_xlsx(&sample::readiness()).expect("a workbook"));
    let workbook = part(&parts, "xl/workbook.xml");
    for name in ["Criteria", "Controls", "Test results", "Sources"] {
        assert!(workbook.contains(&format!("name=\"{name}\"")), "{name}");
    }
    for sheet in 1..=4 {
        let sheet = part(&parts, &format!("xl/worksheets/sheet{sheet}.xml"));
        assert!(sheet.contains("state=\"frozen\"") && sheet.contains("<autoFilter"));
        assert!(sheet.contains("Not a SOC report"));
    }
    let strings = part(&parts, "xl/sharedStrings.xml");
    for id in sample::readiness().criteria.iter().map(|row| row.id.clone()) {
        assert!(strings.contains(&id), "{id}");
    }
}

#[test]
fn foreign_text_never_becomes_a_formula() {
    let mut report = sample::readiness();
    for (index, text) in
        ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "=HYPERLINK(\"http://x\")"].iter().enumerate()
    {
        report.criteria[index].title = (*text).into();
        report.controls[index].title = (*text).into();
    }
    report.controls[6].statement = "long ".repeat(10_000);
    report.organization.name = "A & B &P".into();
    let parts = parts(&matrix_xlsx(&report).expect("a workbook"));
    assert!(parts.iter().all(|(_, text)| !text.contains("<f>") && !text.contains("<hyperlink")));
    assert!(part(&parts, "xl/sharedStrings.xml").contains("[cut]"));

    let bytes = matrix_csv(&report).expect("CSV");
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let titles: Vec<String> =
        reader.records().map(|record| record.expect("a record")[1].to_owned()).collect();
    assert_eq!(titles[..6], ["'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\t=1", "'=HYPERLINK(\"http://x\")"]);
}

#[test]
fn a_row_of_the_table_marks_key_controls() {
    let report = sample::readiness();
    let bytes = matrix_csv(&report).expect("CSV");
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let header = reader.headers().expect("a header").clone();
    assert_eq!(header.len(), 6 + report.controls.len() + 1);
    for (record, criterion) in reader.records().map(|record| record.expect("a record")).zip(&report.criteria)
    {
        assert_eq!((&record[0], &record[record.len() - 1]), (&*criterion.id, &*report.organization.name));
        let marks = |wanted: &str| record.iter().skip(6).filter(|mark| *mark == wanted).count();
        let key = criterion.controls.iter().filter(|control| control.is_key).count();
        assert_eq!((marks("key"), marks("x")), (key, criterion.controls.len() - key));
    }
}

#[test]
fn an_empty_model_gives_headers_only() {
    let report = sample::empty();
    assert!(!matrix_xlsx(&report).expect("a workbook").is_empty());
    let text = String::from_utf8(matrix_csv(&report).expect("CSV")).expect("UTF-8");
    assert!(
        text.starts_with("Criterion,Subject,Status,Decided by,Key controls,Controls,Organization\r\nCC1.1,")
    );
}
