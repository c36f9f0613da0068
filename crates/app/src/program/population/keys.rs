//! Reading the keys of a population from any CSV, to select from it. Every bad row is named with line and column; one bad
//! row refuses the list. The shape is checked strictly first: a quote that is never closed would swallow the rows after
//! it without a word.

use std::collections::BTreeMap;

use tickmark_core::program::population::{ListProblem, MAX_ITEMS, normal_key};
use tickmark_core::program::sampling::Unit;

use super::list::{MAX_LIST_BYTES, MAX_PROBLEMS};

/// Characters of foreign text that a problem shows.
const SHOWN_CHARS: usize = 60;

/// Where the keys stand.
#[derive(Clone, Copy, Debug)]
pub struct KeyColumns<'a> {
    /// Name of the column with the keys.
    pub key: &'a str,
    /// Name of the column that says to which part of the population an item belongs.
    pub stratum: Option<&'a str>,
    /// What stands between columns.
    pub delimiter: u8,
}

/// The units of a list, with the line of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyList {
    /// Units in the order of the list.
    pub units: Vec<Unit>,
    /// Line of each, counted from 1 with the heading.
    pub lines: Vec<u64>,
}

/// Reads the units of a list.
///
/// # Errors
/// Every problem up to [`MAX_PROBLEMS`], with line and column.
pub fn read_keys(columns: &KeyColumns<'_>, bytes: &[u8]) -> Result<KeyList, Vec<ListProblem>> {
    if bytes.len() > MAX_LIST_BYTES {
        return Err(vec![problem(1, "", format!("the list is larger than {MAX_LIST_BYTES} bytes"))]);
    }
    let bytes = without_mark(bytes)?;
    let starts = record_lines(bytes, columns.delimiter)?;
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .has_headers(false)
        .delimiter(columns.delimiter)
        .from_reader(bytes);
    let mut records = reader.byte_records().zip(starts);
    let Some((heading, line)) = records.next() else {
        return Err(vec![problem(1, "", "the list is empty; it needs a heading")]);
    };
    let heading = heading.map_err(|error| vec![problem(line, "", error)])?;
    let names = names(&heading, line)?;
    let place = |wanted: &str| find(&names, wanted, line, columns.delimiter);
    let key_place = place(columns.key)?;
    let stratum_place = columns.stratum.map(place).transpose()?;

    let mut problems = Vec::new();
    let mut list = KeyList { units: Vec::new(), lines: Vec::new() };
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    for (record, line) in records {
        let record = record.map_err(|error| vec![problem(line, "", error)])?;
        if record.len() != names.len() {
            let what = format!("{} columns where the heading has {}", record.len(), names.len());
            problems.push(problem(line, "", what));
        } else if let Some(unit) = unit(&record, line, &names, key_place, stratum_place, &mut problems) {
            match seen.get(&unit.key) {
                Some(first) => {
                    let what = format!("{:?} is on line {first} already", unit.key);
                    problems.push(problem(line, &names[key_place], what));
                }
                None => {
                    seen.insert(unit.key.clone(), line);
                    list.units.push(unit);
                    list.lines.push(line);
                }
            }
        }
        if list.units.len() > MAX_ITEMS {
            problems.push(problem(line, "", format!("a list has at most {MAX_ITEMS} items")));
            break;
        }
        if problems.len() >= MAX_PROBLEMS {
            break;
        }
    }
    if problems.is_empty() && list.units.is_empty() {
        problems.push(problem(line, "", "the list has a heading and no items, so nothing can be selected"));
    }
    if problems.is_empty() { Ok(list) } else { Err(problems) }
}

/// Takes away a mark of byte order, as spreadsheets write it.
///
/// # Errors
/// If it says that the text is UTF-16.
pub(super) fn without_mark(bytes: &[u8]) -> Result<&[u8], Vec<ListProblem>> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(vec![problem(1, "", "the list is UTF-16; save it as UTF-8")]);
    }
    Ok(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes))
}

pub(super) fn problem(line: u64, column: &str, what: impl ToString) -> ListProblem {
    ListProblem { line, column: shown(column), what: what.to_string() }
}

pub(super) fn shown(text: &str) -> String {
    text.chars().take(SHOWN_CHARS).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn names(heading: &csv::ByteRecord, line: u64) -> Result<Vec<String>, Vec<ListProblem>> {
    let mut names = Vec::with_capacity(heading.len());
    for (number, cell) in heading.iter().enumerate() {
        let name = std::str::from_utf8(cell)
            .map_err(|error| vec![problem(line, &(number + 1).to_string(), not_utf8(cell, error))])?;
        names.push(name.trim().to_owned());
    }
    Ok(names)
}

/// Finds a column by its exact name, or by the only name that differs in case.
fn find(names: &[String], wanted: &str, line: u64, delimiter: u8) -> Result<usize, Vec<ListProblem>> {
    let places = |is_it: &dyn Fn(&str) -> bool| -> Vec<usize> {
        (0..names.len()).filter(|&place| is_it(&names[place])).collect()
    };
    let exact = places(&|name| name == wanted);
    let found = if exact.is_empty() { places(&|name| name.eq_ignore_ascii_case(wanted)) } else { exact };
    match found.as_slice() {
        [only] => Ok(*only),
        [] => {
            let there: Vec<String> = names.iter().map(|name| format!("{:?}", shown(name))).collect();
            let mut what = format!("is not in the heading, which has {}", there.join(", "));
            let other = [';', '\t', ',', '|'].into_iter().find(|c| names.len() == 1 && names[0].contains(*c));
            if let Some(other) = other.filter(|other| *other != char::from(delimiter)) {
                what.push_str(&format!("; the columns seem to be separated by {other:?}, see --delimiter"));
            }
            Err(vec![problem(line, wanted, what)])
        }
        _ => Err(vec![problem(line, wanted, "stands twice in the heading")]),
    }
}

fn unit(
    record: &csv::ByteRecord,
    line: u64,
    names: &[String],
    key_place: usize,
    stratum_place: Option<usize>,
    problems: &mut Vec<ListProblem>,
) -> Option<Unit> {
    let before = problems.len();
    let mut texts = Vec::with_capacity(record.len());
    // Every column, used or not: a list in two encodings was put together from two, and nobody knows what else is off.
    for (cell, name) in record.iter().zip(names) {
        match std::str::from_utf8(cell) {
            Ok(text) => texts.push(text),
            Err(error) => problems.push(problem(line, name, not_utf8(cell, error))),
        }
    }
    if problems.len() > before {
        return None;
    }
    let mut normal = |place: usize, what: &str| {
        normal_key(texts[place])
            .map_err(|error| {
                let why = match texts[place].trim() {
                    "" => format!("the {what} is empty"),
                    _ => error.to_string(),
                };
                problems.push(problem(line, &names[place], why));
            })
            .ok()
    };
    let key = normal(key_place, "key");
    let stratum = stratum_place.map(|place| normal(place, "stratum"));
    match stratum {
        Some(stratum) => Some(Unit { key: key?, stratum: Some(stratum?) }),
        None => Some(Unit { key: key?, stratum: None }),
    }
}

pub(super) fn not_utf8(cell: &[u8], error: std::str::Utf8Error) -> String {
    let place = error.valid_up_to();
    format!(
        "is not UTF-8: byte 0x{:02x} at {} of the cell; save the whole list as UTF-8",
        cell[place],
        place + 1
    )
}

/// Returns the line on which each record begins.
///
/// # Errors
/// For a zero byte, a quote that is never closed, and text after a closed one.
pub(super) fn record_lines(bytes: &[u8], delimiter: u8) -> Result<Vec<u64>, Vec<ListProblem>> {
    /// Where in a cell a byte stands.
    #[derive(Clone, Copy)]
    enum State {
        RecordStart,
        CellStart,
        Plain,
        /// With the line of the quote that opened it.
        Quoted(u64),
        /// After a quote inside quotes: the end, or half of a doubled one.
        QuoteInQuotes(u64),
    }
    let mut lines = Vec::new();
    let (mut line, mut state) = (1, State::RecordStart);
    for (place, &byte) in bytes.iter().enumerate() {
        if byte == 0 {
            return Err(vec![problem(line, "", "has a zero byte, so it is not a list in UTF-8")]);
        }
        let is_end = byte == b'\n' || byte == b'\r';
        if !is_end && matches!(state, State::RecordStart) {
            lines.push(line);
            state = State::CellStart;
        }
        state = match (state, byte) {
            (State::Quoted(opened), b'"') => State::QuoteInQuotes(opened),
            (State::Quoted(opened), _) => State::Quoted(opened),
            (State::QuoteInQuotes(opened), b'"') => State::Quoted(opened),
            (_, _) if is_end => State::RecordStart,
            (_, byte) if byte == delimiter => State::CellStart,
            (State::QuoteInQuotes(_), _) => {
                return Err(vec![problem(
                    line,
                    "",
                    "has text after a closing quote; quotes inside a cell are doubled",
                )]);
            }
            (State::CellStart, b'"') => State::Quoted(line),
            _ => State::Plain,
        };
        // A carriage return with its line feed is one end.
        if byte == b'\n' || (byte == b'\r' && bytes.get(place + 1) != Some(&b'\n')) {
            line += 1;
        }
    }
    match state {
        State::Quoted(opened) => Err(vec![problem(opened, "", "opens a quote that is never closed")]),
        _ => Ok(lines),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: KeyColumns<'_> = KeyColumns { key: "id", stratum: None, delimiter: b',' };

    fn problems(bytes: &[u8]) -> Vec<String> {
        read_keys(&COLUMNS, bytes).expect_err("refused").iter().map(ToString::to_string).collect()
    }

    fn keys(columns: &KeyColumns<'_>, bytes: &[u8]) -> Vec<(String, u64)> {
        let list = read_keys(columns, bytes).expect("read");
        list.units.into_iter().map(|unit| unit.key).zip(list.lines).collect()
    }

    #[test]
    fn keys_come_with_their_lines() {
        let text = "\u{feff}what,ID\r\n\r\n\"a\nb\", D1 \r\nx,\"D\"\"2\"\r\n\n,e\u{301}";
        let expected = [("D1", 3), ("D\"2", 5), ("\u{e9}", 7)].map(|(key, line)| (key.to_owned(), line));
        assert_eq!(keys(&COLUMNS, text.as_bytes()), expected);
        assert_eq!(keys(&COLUMNS, b"id\rD1\rD2"), [("D1".to_owned(), 2), ("D2".to_owned(), 3)]);
        let columns = KeyColumns { key: "id", stratum: Some("site"), delimiter: b';' };
        let list = read_keys(&columns, b"site;id\nBerlin;D,1\n").expect("read");
        assert_eq!(list.units, [Unit { key: "D,1".into(), stratum: Some("Berlin".into()) }]);
        let exact = b"ID,id\n1,2\n";
        assert_eq!(keys(&COLUMNS, exact), [("2".to_owned(), 2)], "the exact name is meant");
    }

    #[test]
    fn every_bad_row_is_named_with_line_and_column() {
        let text = b"id,note\nD1,a\n,b\nD2\nD1 ,c\nD3,caf\xe9\n\"D\n4\",d\n";
        assert_eq!(
            problems(text),
            [
                "line 3, column id: the key is empty",
                "line 4: 1 columns where the heading has 2",
                "line 5, column id: \"D1\" is on line 2 already",
                "line 6, column note: is not UTF-8: byte 0xe9 at 4 of the cell; save the whole list as UTF-8",
                "line 7, column id: \"D\\n4\" is not the key of an item: it needs 1 to 200 bytes without control characters",
            ]
        );
    }

    #[test]
    fn a_list_of_another_shape_is_refused_whole() {
        let one = |bytes: &[u8]| {
            let mut problems = problems(bytes);
            assert_eq!(problems.len(), 1, "{problems:?}");
            problems.remove(0)
        };
        assert_eq!(
            one(b"key,note\n1,2\n"),
            "line 1, column id: is not in the heading, which has \"key\", \"note\""
        );
        assert!(one(b"id;note\n1;2\n").ends_with("the columns seem to be separated by ';', see --delimiter"));
        assert_eq!(one(b"id,id\n1,2\n"), "line 1, column id: stands twice in the heading");
        assert_eq!(one(b"id,note\n1,a\n2,\"b\n3,c\n"), "line 3: opens a quote that is never closed");
        assert!(one(b"id,note\n1,\"a\"b\n").starts_with("line 2: has text after a closing quote"));
        assert_eq!(one(b""), "line 1: the list is empty; it needs a heading");
        assert_eq!(
            one(b"id,note\n"),
            "line 1: the list has a heading and no items, so nothing can be selected"
        );
        assert_eq!(one(b"\xff\xfei\0d\0"), "line 1: the list is UTF-16; save it as UTF-8");
        assert_eq!(one(b"id\n1\n2\0\n"), "line 3: has a zero byte, so it is not a list in UTF-8");
        assert!(one(b"i\xe9,id\n1,2\n").starts_with("line 1, column 1: is not UTF-8"));
    }
}
