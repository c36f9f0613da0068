//! A list as it was handed in, as cells of text with the lines they stand in: CSV, a sheet of a workbook, or JSON.
//!
//! The shape is checked before anything is understood: a list in two encodings, with a quote that is never closed or with
//! objects inside objects is refused whole.

use bytes::Bytes;
use csv::StringRecord;
use serde_json::Value;
use tickmark_core::program::population::{ListFormat, ListProblem, MAX_COLUMN_CHARS, MAX_ITEMS};

use super::keys::{not_utf8, problem, record_lines, without_mark};
use super::list::{MAX_LIST_BYTES, MAX_PROBLEMS};
use crate::port::Renderer;

/// Most columns of a list.
const MAX_COLUMNS: usize = 200;
/// What stands between columns, the likely one first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// Rows that a preview shows.
const PREVIEW_ROWS: usize = 5;

/// A list as it was handed in.
#[derive(Clone, Debug)]
pub struct List {
    /// Name without folders.
    pub(super) name: String,
    /// Media type.
    pub(super) media_type: &'static str,
    /// The bytes.
    pub(super) bytes: Bytes,
    /// What it is written in.
    pub(super) format: ListFormat,
    /// Line of the heading.
    pub(super) heading_line: u64,
    /// Names of the columns.
    pub(super) heading: Vec<String>,
    /// Rows with their lines.
    pub(super) rows: Vec<(u64, StringRecord)>,
}

impl List {
    /// Reads the cells of a list by what its name says it is.
    ///
    /// `documents` reads workbooks; without it they are refused.
    ///
    /// # Errors
    /// Every problem of the shape up to [`MAX_PROBLEMS`], with line and column.
    pub fn open(
        name: &str,
        bytes: Bytes,
        documents: Option<&dyn Renderer>,
    ) -> Result<Self, Vec<ListProblem>> {
        let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
        match ending.as_deref() {
            Some("xlsx") => Self::of_workbook(name, bytes, documents),
            Some("json") => Self::of_json(name, bytes),
            Some("csv" | "tsv" | "txt") | None => Self::of_csv(name, bytes),
            Some(_) => {
                Err(vec![problem(1, "", "it is neither CSV, XLSX nor JSON; save the list as one of them")])
            }
        }
    }

    /// Reads CSV with whatever stands between its columns.
    ///
    /// # Errors
    /// As [`List::open`].
    pub fn of_csv(name: &str, bytes: Bytes) -> Result<Self, Vec<ListProblem>> {
        small(&bytes)?;
        let (heading_line, heading, rows) = rows_of(without_mark(&bytes)?)?;
        let media_type = "text/csv; charset=utf-8";
        let name = name.to_owned();
        Ok(Self { name, media_type, bytes, format: ListFormat::Csv, heading_line, heading, rows })
    }

    /// Reads the first sheet of a workbook.
    ///
    /// # Errors
    /// As [`List::open`]; and if workbooks are not read here.
    fn of_workbook(
        name: &str,
        bytes: Bytes,
        documents: Option<&dyn Renderer>,
    ) -> Result<Self, Vec<ListProblem>> {
        small(&bytes)?;
        let documents =
            documents.ok_or_else(|| vec![problem(1, "", "workbooks are not read here; save it as CSV")])?;
        let sheet = documents.read_sheet(&bytes).map_err(|error| vec![problem(1, "", error.why)])?;
        let mut rows = sheet.into_iter().filter(|(_, row)| row.iter().any(|cell| !cell.trim().is_empty()));
        let Some((heading_line, mut cells)) = rows.next() else {
            return Err(vec![problem(1, "", "the list is empty; it needs a heading")]);
        };
        while cells.last().is_some_and(|cell| cell.trim().is_empty()) {
            cells.pop();
        }
        let heading = named(&StringRecord::from(cells), heading_line)?;
        let rows: Vec<(u64, StringRecord)> = rows
            .map(|(line, mut cells)| {
                // A sheet does not write its last cells where they are empty.
                if cells.len() < heading.len() {
                    cells.resize(heading.len(), String::new());
                }
                while cells.len() > heading.len() && cells.last().is_some_and(String::is_empty) {
                    cells.pop();
                }
                (line, StringRecord::from(cells))
            })
            .collect();
        few(rows.len(), heading_line)?;
        let media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
        let name = name.to_owned();
        Ok(Self { name, media_type, bytes, format: ListFormat::Xlsx, heading_line, heading, rows })
    }

    /// Reads an array of objects, or an object with one array of objects. Lines are numbers of objects, from 1.
    ///
    /// # Errors
    /// As [`List::open`].
    fn of_json(name: &str, bytes: Bytes) -> Result<Self, Vec<ListProblem>> {
        small(&bytes)?;
        let text = without_mark(&bytes)?;
        let value: Value = serde_json::from_slice(text)
            .map_err(|error| vec![problem(error.line() as u64, "", format!("is no JSON: {error}"))])?;
        let shape = || vec![problem(1, "", "it is no array of objects")];
        let objects = match value {
            Value::Array(objects) => objects,
            Value::Object(mut whole) => {
                let arrays: Vec<String> =
                    whole.iter().filter(|(_, value)| value.is_array()).map(|(key, _)| key.clone()).collect();
                let [only] = arrays.as_slice() else { return Err(shape()) };
                match whole.remove(only) {
                    Some(Value::Array(objects)) => objects,
                    _ => return Err(shape()),
                }
            }
            _ => return Err(shape()),
        };
        few(objects.len(), objects.len() as u64)?;
        let mut heading: Vec<String> = Vec::new();
        for object in &objects {
            for key in object.as_object().into_iter().flat_map(|object| object.keys()) {
                if !heading.contains(key) {
                    heading.push(key.clone());
                }
                if heading.len() > MAX_COLUMNS {
                    return Err(vec![problem(
                        1,
                        "",
                        format!("it has more than {MAX_COLUMNS} different names"),
                    )]);
                }
            }
        }
        if heading.is_empty() {
            return Err(vec![problem(1, "", "the list is empty; without an object nobody knows its names")]);
        }
        let (mut rows, mut problems) = (Vec::with_capacity(objects.len()), Vec::new());
        for (line, object) in (1..).zip(objects) {
            let Value::Object(mut object) = object else {
                problems.push(problem(line, "", "is no object"));
                continue;
            };
            let mut cells = StringRecord::new();
            for name in &heading {
                match object.remove(name) {
                    None | Some(Value::Null) => cells.push_field(""),
                    Some(Value::String(text)) => cells.push_field(&text),
                    Some(Value::Bool(is)) => cells.push_field(if is { "yes" } else { "no" }),
                    Some(Value::Number(number)) => cells.push_field(&number.to_string()),
                    Some(Value::Array(_) | Value::Object(_)) => {
                        cells.push_field("");
                        problems.push(problem(line, name, "is a list or an object and not one value"));
                    }
                }
            }
            rows.push((line, cells));
            if problems.len() >= MAX_PROBLEMS {
                break;
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let (name, media_type) = (name.to_owned(), "application/json");
        Ok(Self { name, media_type, bytes, format: ListFormat::Json, heading_line: 1, heading, rows })
    }

    /// A list that is made here, of values that need no quotes.
    pub(super) fn of_register(
        name: &str,
        heading: &[&str],
        rows: &[Vec<String>],
    ) -> Result<Self, Vec<ListProblem>> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let broken = |error: &dyn std::fmt::Display| vec![problem(1, "", error.to_string())];
        writer.write_record(heading).map_err(|error| broken(&error))?;
        for row in rows {
            writer.write_record(row).map_err(|error| broken(&error))?;
        }
        let bytes = writer.into_inner().map_err(|error| broken(&error))?;
        let list = Self::of_csv(name, bytes.into())?;
        Ok(Self { format: ListFormat::Register, ..list })
    }

    /// Returns the name of the file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns its media type.
    #[must_use]
    pub fn media_type(&self) -> &'static str {
        self.media_type
    }

    /// Returns what it is written in.
    #[must_use]
    pub fn format(&self) -> ListFormat {
        self.format
    }

    /// Returns the bytes as they were handed in.
    #[must_use]
    pub fn bytes(&self) -> Bytes {
        self.bytes.clone()
    }

    /// Returns the line of the heading.
    #[must_use]
    pub fn heading_line(&self) -> u64 {
        self.heading_line
    }

    /// Returns the names of the columns.
    #[must_use]
    pub fn heading(&self) -> &[String] {
        &self.heading
    }

    /// Returns how many rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Returns the rows, each with its line.
    pub fn cells(&self) -> impl Iterator<Item = (u64, Vec<&str>)> {
        self.rows.iter().map(|(line, record)| (*line, record.iter().collect()))
    }

    /// Returns the first rows, each with its line.
    #[must_use]
    pub fn preview(&self) -> Vec<(u64, Vec<String>)> {
        let cells = |record: &StringRecord| record.iter().map(str::to_owned).collect();
        self.rows.iter().take(PREVIEW_ROWS).map(|(line, record)| (*line, cells(record))).collect()
    }
}

/// A heading with its line, and the rows with theirs.
type Cells = (u64, Vec<String>, Vec<(u64, StringRecord)>);

fn rows_of(text: &[u8]) -> Result<Cells, Vec<ListProblem>> {
    let delimiter = delimiter(text);
    let starts = record_lines(text, delimiter)?;
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).has_headers(false).delimiter(delimiter).from_reader(text);
    let mut records = reader.byte_records().zip(starts);
    let Some((first, heading_line)) = records.next() else {
        return Err(vec![problem(1, "", "the list is empty; it needs a heading")]);
    };
    let first = first.map_err(|error| vec![problem(heading_line, "", error)])?;
    let heading = StringRecord::from_byte_record(first)
        .map_err(|error| misspelt(&error.into_byte_record(), heading_line, &[]))?;
    let heading = named(&heading, heading_line)?;
    let (mut rows, mut problems) = (Vec::new(), Vec::new());
    for (record, line) in records {
        let record = record.map_err(|error| vec![problem(line, "", error)])?;
        match StringRecord::from_byte_record(record) {
            Ok(cells) => rows.push((line, cells)),
            Err(error) => problems.extend(misspelt(&error.into_byte_record(), line, &heading)),
        }
        if problems.len() >= MAX_PROBLEMS {
            break;
        }
        few(rows.len(), line)?;
    }
    if problems.is_empty() { Ok((heading_line, heading, rows)) } else { Err(problems) }
}

/// Names the cells of a row that are not UTF-8, by the heading or, in the heading itself, by their number.
fn misspelt(record: &csv::ByteRecord, line: u64, heading: &[String]) -> Vec<ListProblem> {
    let wrong = record.iter().enumerate().filter_map(|(place, cell)| {
        let error = std::str::from_utf8(cell).err()?;
        let column = heading.get(place).cloned().unwrap_or_else(|| (place + 1).to_string());
        Some(problem(line, &column, not_utf8(cell, error)))
    });
    wrong.collect()
}

fn small(bytes: &Bytes) -> Result<(), Vec<ListProblem>> {
    if bytes.len() > MAX_LIST_BYTES {
        return Err(vec![problem(1, "", format!("the list is larger than {MAX_LIST_BYTES} bytes"))]);
    }
    Ok(())
}

fn few(rows: usize, line: u64) -> Result<(), Vec<ListProblem>> {
    if rows > MAX_ITEMS {
        let what =
            format!("a list has at most {MAX_ITEMS} items; hand in one population for each part of the time");
        return Err(vec![problem(line, "", what)]);
    }
    Ok(())
}

/// The delimiter that the heading has most of, outside quotes.
fn delimiter(text: &[u8]) -> u8 {
    let mut counts = [0_usize; DELIMITERS.len()];
    let mut is_quoted = false;
    for byte in text.iter().take_while(|byte| !matches!(byte, b'\n' | b'\r')) {
        if *byte == b'"' {
            is_quoted = !is_quoted;
        } else if let (false, Some(place)) = (is_quoted, DELIMITERS.iter().position(|one| one == byte)) {
            counts[place] += 1;
        }
    }
    let most = counts.iter().max().copied().unwrap_or(0);
    let place = counts.iter().position(|count| *count == most).unwrap_or(0);
    DELIMITERS[place]
}

fn named(cells: &StringRecord, line: u64) -> Result<Vec<String>, Vec<ListProblem>> {
    if cells.len() > MAX_COLUMNS {
        return Err(vec![problem(line, "", format!("the heading has more than {MAX_COLUMNS} columns"))]);
    }
    let names: Vec<String> = cells.iter().map(|name| name.trim().to_owned()).collect();
    match names.iter().find(|name| name.chars().count() > MAX_COLUMN_CHARS) {
        Some(long) => {
            let what = format!("the name of a column has at most {MAX_COLUMN_CHARS} characters");
            Err(vec![problem(line, long, what)])
        }
        None => Ok(names),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(name: &str, bytes: &'static [u8]) -> Result<List, Vec<String>> {
        List::open(name, Bytes::from_static(bytes), None)
            .map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }

    fn cells(list: &List) -> Vec<(u64, Vec<String>)> {
        list.preview()
    }

    #[test]
    fn delimiters_and_marks_are_seen() {
        for (text, format) in [
            (&b"\xef\xbb\xbfid;when;\"a,b,c\"\r\n1;2026-01-02;x\r\n"[..], "semicolon"),
            (b"id\twhen\tnote\n1\t2026-01-02\tx\n", "tab"),
            (b"id,when,note\n1,2026-01-02,x\n", "comma"),
        ] {
            let list = open("list.csv", text).expect("read");
            assert_eq!((list.heading.len(), cells(&list).len()), (3, 1), "{format}");
            assert_eq!(cells(&list)[0], (2, ["1", "2026-01-02", "x"].map(str::to_owned).to_vec()));
        }
    }

    #[test]
    fn lists_of_another_shape_are_refused_whole() {
        let one = |name: &str, bytes: &'static [u8]| open(name, bytes).expect_err("refused").join("\n");
        assert_eq!(one("a.csv", b"\xff\xfei\0d\0"), "line 1: the list is UTF-16; save it as UTF-8");
        assert_eq!(one("a.csv", b"id,when\n1,\"2\n3,4\n"), "line 2: opens a quote that is never closed");
        assert_eq!(
            one("a.csv", b"id,note\n1,caf\xe9\n2,ok\n\xff,x\n"),
            "line 2, column note: is not UTF-8: byte 0xe9 at 4 of the cell; save the whole list as UTF-8\n\
             line 4, column id: is not UTF-8: byte 0xff at 1 of the cell; save the whole list as UTF-8"
        );
        assert_eq!(one("a.csv", b""), "line 1: the list is empty; it needs a heading");
        assert_eq!(
            one("a.ods", b"x"),
            "line 1: it is neither CSV, XLSX nor JSON; save the list as one of them"
        );
        assert_eq!(one("a.xlsx", b"x"), "line 1: workbooks are not read here; save it as CSV");
        let broken = one("a.json", b"[{\"id\": 1},\n {\"id\": }]");
        assert!(broken.starts_with("line 2: is no JSON"), "{broken}");
        assert_eq!(
            one("a.json", b"[{\"id\": {\"a\": 1}}, 7]"),
            "line 1, column id: is a list or an object and not one value\nline 2: is no object"
        );
        assert_eq!(one("a.json", b"{\"a\": [], \"b\": []}"), "line 1: it is no array of objects");
    }

    #[test]
    fn objects_become_rows_whatever_their_order() {
        let text = b"{\"total\": 2, \"items\": [{\"id\": 1, \"when\": \"2026-01-02\"}, {\"ok\": true, \"id\": \"b\"}]}";
        let list = open("a.json", text).expect("read");
        let mut heading = list.heading().to_vec();
        heading.sort();
        assert_eq!((heading, list.rows()), (["id", "ok", "when"].map(str::to_owned).to_vec(), 2));
        let id = list.heading().iter().position(|name| name == "id").expect("a column");
        let ids: Vec<String> = cells(&list).into_iter().map(|(_, cells)| cells[id].clone()).collect();
        assert_eq!(ids, ["1", "b"]);
    }

    #[test]
    fn more_than_a_million_rows_are_refused_with_the_limit() {
        let says = few(MAX_ITEMS + 1, 1_000_002).expect_err("refused");
        assert_eq!(
            says[0].to_string(),
            "line 1000002: a list has at most 1000000 items; hand in one population for each part of the time"
        );
        let mut text = String::from("id\n");
        text.push_str(&"x\n".repeat(MAX_ITEMS + 1));
        let says = List::of_csv("a.csv", text.into()).expect_err("refused");
        assert!(says[0].what.contains("at most 1000000 items"), "{says:?}");
    }
}
