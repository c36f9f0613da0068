//! Reading a workbook that somebody else made: the cells of its first sheet as text, and nothing that it can make us do.
//!
//! Only four parts of the file are looked at, each up to a limit; formulas are not computed, links are not followed, and
//! document types are refused by the parser. Merged cells are refused: it cannot be known for which of them a value stands.
//!
//! Source: ECMA-376 part 1, sections 18.2 (workbook), 18.3 (sheets), 18.4 (shared strings).

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};

use jiff::civil::date;
use roxmltree::{Document, Node};
use tickmark_core::engagement::fieldwork::ListRow;
use tickmark_core::program::population::serial_day;
use zip::ZipArchive;

/// Largest part of a workbook that is read, unpacked, in bytes.
const PART_BYTES: u64 = 32 << 20;
/// Most rows of a sheet that is a list of requests.
const ROWS: usize = 10_000;
/// Most rows of a sheet that is a population. What is longer is handed in as CSV, which is read piece by piece.
const ITEMS: usize = 100_000;
/// Formats of numbers that are days or times wherever they are not defined anew.
///
/// Source: ECMA-376 part 1, section 18.8.30.
const DAYS: [std::ops::RangeInclusive<u32>; 4] = [14..=22, 27..=36, 45..=47, 50..=58];
/// Most columns of a sheet.
const COLUMNS: usize = 200;
/// Merged ranges that a message names.
const NAMED: usize = 5;

/// Why a workbook cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum WorkbookError {
    /// Something else.
    #[error("it is no XLSX workbook; save the list as XLSX or CSV")]
    NoWorkbook,
    /// It needs a password.
    #[error("it is protected by a password; save it without one")]
    Protected,
    /// A part is missing, too large or not XML.
    #[error("its part {name} is missing, damaged or larger than {} MB", PART_BYTES >> 20)]
    Part {
        /// Which.
        name: String,
    },
    /// There is nothing in it.
    #[error("it has no sheet")]
    NoSheet,
    /// It cannot be known what they mean.
    #[error(
        "sheet {sheet:?}: {ranges} are merged cells, and it cannot be known for which rows they stand; unmerge them, and write each value into its own cell"
    )]
    Merged {
        /// The sheet.
        sheet: String,
        /// The first of them.
        ranges: String,
    },
    /// Beyond a limit.
    #[error("sheet {sheet:?} has more than {rows} rows or {COLUMNS} columns; save a longer list as CSV")]
    TooLarge {
        /// The sheet.
        sheet: String,
        /// The limit.
        rows: usize,
    },
}

/// Reads the cells of the first sheet that is shown, row by row.
///
/// # Errors
/// If it is no workbook, has merged cells, or exceeds a limit.
pub fn read_workbook(bytes: &[u8]) -> Result<Vec<ListRow>, WorkbookError> {
    let sheet = open(bytes)?;
    let parsed = parse(&sheet.text, &sheet.part)?;
    rows(parsed.root_element(), &sheet)
}

/// Reads the rows of the first sheet that is shown, with their lines: days and times as they are shown, formulas as `=`
/// and what stands behind it, since nobody knows what they were computed from.
///
/// # Errors
/// As [`read_workbook`].
pub fn read_sheet(bytes: &[u8]) -> Result<Vec<(u64, Vec<String>)>, WorkbookError> {
    let sheet = open(bytes)?;
    let parsed = parse(&sheet.text, &sheet.part)?;
    let too_large = || WorkbookError::TooLarge { sheet: sheet.name.clone(), rows: ITEMS };
    let (mut rows, mut last) = (Vec::new(), 0);
    for row in named(parsed.root_element(), "row") {
        let line = row.attribute("r").and_then(|text| text.parse().ok()).unwrap_or(last + 1);
        last = line;
        let mut cells: Vec<String> = Vec::new();
        for (place, cell) in named(row, "c").enumerate() {
            let at = cell.attribute("r").and_then(column).unwrap_or(place);
            if at >= COLUMNS {
                return Err(too_large());
            }
            if cells.len() <= at {
                cells.resize(at + 1, String::new());
            }
            cells[at] = shown(cell, &sheet);
        }
        rows.push((line, cells));
        if rows.len() > ITEMS {
            return Err(too_large());
        }
    }
    Ok(rows)
}

/// The first sheet that is shown, with what its cells refer to.
struct Opened {
    name: String,
    /// Name of the part.
    part: String,
    /// The part.
    text: String,
    strings: Vec<String>,
    /// Whether cells of each style show days.
    styles: Vec<bool>,
    is_1904: bool,
}

fn open(bytes: &[u8]) -> Result<Opened, WorkbookError> {
    // An Office document with a password is a compound file and no ZIP.
    if bytes.starts_with(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1") {
        return Err(WorkbookError::Protected);
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| WorkbookError::NoWorkbook)?;
    if archive.index_for_name("xl/workbook.xml").is_none() {
        return Err(WorkbookError::NoWorkbook);
    }
    let workbook = part(&mut archive, "xl/workbook.xml")?;
    let workbook = parse(&workbook, "xl/workbook.xml")?;
    let is_shown = |node: &Node<'_, '_>| node.attribute("state").is_none_or(|state| state == "visible");
    let sheet = named(workbook.root_element(), "sheet").find(is_shown).ok_or(WorkbookError::NoSheet)?;
    let name = sheet.attribute("name").unwrap_or_default().to_owned();
    let relation = sheet.attributes().find(|one| one.name() == "id" && one.namespace().is_some());
    let relation = relation.map(|one| one.value().to_owned()).ok_or(WorkbookError::NoSheet)?;
    let is_1904 = named(workbook.root_element(), "workbookPr")
        .any(|node| matches!(node.attribute("date1904"), Some("1" | "true")));
    let relations = part(&mut archive, "xl/_rels/workbook.xml.rels")?;
    let relations = parse(&relations, "xl/_rels/workbook.xml.rels")?;
    let target = named(relations.root_element(), "Relationship")
        .find(|node| node.attribute("Id") == Some(relation.as_str()))
        .and_then(|node| node.attribute("Target"))
        .ok_or(WorkbookError::NoSheet)?;
    let target = match target.strip_prefix('/') {
        Some(whole) => whole.to_owned(),
        None => format!("xl/{target}"),
    };
    let strings = if archive.index_for_name("xl/sharedStrings.xml").is_some() {
        let text = part(&mut archive, "xl/sharedStrings.xml")?;
        let strings = parse(&text, "xl/sharedStrings.xml")?;
        named(strings.root_element(), "si").map(|node| text_of(node)).collect()
    } else {
        Vec::new()
    };
    let styles = if archive.index_for_name("xl/styles.xml").is_some() {
        let text = part(&mut archive, "xl/styles.xml")?;
        styles(parse(&text, "xl/styles.xml")?.root_element())
    } else {
        Vec::new()
    };
    let text = part(&mut archive, &target)?;
    if let Some(ranges) = merged(parse(&text, &target)?.root_element()) {
        return Err(WorkbookError::Merged { sheet: name, ranges });
    }
    Ok(Opened { name, part: target, text, strings, styles, is_1904 })
}

/// Names the first merged cells, if there are any.
fn merged(sheet: Node<'_, '_>) -> Option<String> {
    let merged: Vec<&str> = named(sheet, "mergeCell").filter_map(|node| node.attribute("ref")).collect();
    let more = merged.len().saturating_sub(NAMED);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!merged.is_empty()).then(|| format!("{}{rest}", merged[..merged.len().min(NAMED)].join(", ")))
}

/// Says of each style of cells whether its numbers are days or times.
fn styles(root: Node<'_, '_>) -> Vec<bool> {
    let own: BTreeMap<&str, bool> = named(root, "numFmt")
        .filter_map(|node| Some((node.attribute("numFmtId")?, is_day_code(node.attribute("formatCode")?))))
        .collect();
    let Some(cells) = named(root, "cellXfs").next() else { return Vec::new() };
    let is_day = |node: Node<'_, '_>| {
        let id = node.attribute("numFmtId").unwrap_or("0");
        let known = || id.parse().is_ok_and(|id: u32| DAYS.iter().any(|days| days.contains(&id)));
        own.get(id).copied().unwrap_or_else(known)
    };
    cells.children().filter(|node| node.is_element() && node.tag_name().name() == "xf").map(is_day).collect()
}

/// Tells whether a format shows days or times: it has their letters outside quotes and brackets.
fn is_day_code(code: &str) -> bool {
    let (mut is_quoted, mut is_escaped, mut depth) = (false, false, 0_usize);
    for letter in code.chars() {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' | '_' | '*' => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ if is_quoted => {}
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            'y' | 'Y' | 'm' | 'M' | 'd' | 'D' | 'h' | 'H' | 's' | 'S' if depth == 0 => return true,
            _ => {}
        }
    }
    false
}

/// What a cell of a population says.
fn shown(cell: Node<'_, '_>, sheet: &Opened) -> String {
    if let Some(formula) = named(cell, "f").next() {
        return format!("={}", formula.text().unwrap_or_default());
    }
    let style = cell.attribute("s").and_then(|text| text.parse::<usize>().ok()).unwrap_or(0);
    let text = match cell.attribute("t") {
        Some("d") => {
            return named(cell, "v").next().and_then(|node| node.text()).unwrap_or_default().to_owned();
        }
        _ => value(cell, &sheet.strings, false, sheet.is_1904),
    };
    let is_number = matches!(cell.attribute("t"), None | Some("n"));
    if is_number && sheet.styles.get(style).copied().unwrap_or(false) {
        return serial_day(&text, sheet.is_1904).unwrap_or(text);
    }
    text
}

fn part(archive: &mut ZipArchive<Cursor<&[u8]>>, name: &str) -> Result<String, WorkbookError> {
    let wrong = || WorkbookError::Part { name: name.to_owned() };
    let file = archive.by_name(name).map_err(|_| wrong())?;
    let mut text = String::new();
    // What a file says about its own size is not believed.
    let read = file.take(PART_BYTES + 1).read_to_string(&mut text).map_err(|_| wrong())?;
    if read as u64 > PART_BYTES { Err(wrong()) } else { Ok(text) }
}

fn parse<'a>(text: &'a str, name: &str) -> Result<Document<'a>, WorkbookError> {
    Document::parse(text).map_err(|_| WorkbookError::Part { name: name.to_owned() })
}

fn named<'a, 'b: 'a>(root: Node<'a, 'b>, name: &'static str) -> impl Iterator<Item = Node<'a, 'b>> {
    root.descendants().filter(move |node| node.is_element() && node.tag_name().name() == name)
}

/// The text of a string, without what is only said how to pronounce it.
fn text_of(node: Node<'_, '_>) -> String {
    let is_phonetic = |node: &Node<'_, '_>| node.ancestors().any(|above| above.tag_name().name() == "rPh");
    named(node, "t").filter(|one| !is_phonetic(one)).filter_map(|one| one.text()).collect()
}

fn rows(sheet: Node<'_, '_>, of: &Opened) -> Result<Vec<ListRow>, WorkbookError> {
    let too_large = || WorkbookError::TooLarge { sheet: of.name.clone(), rows: ROWS };
    let (mut rows, mut last) = (Vec::new(), 0);
    let mut heads: BTreeMap<usize, String> = BTreeMap::new();
    for row in named(sheet, "row") {
        let line = row.attribute("r").and_then(|text| text.parse().ok()).unwrap_or(last + 1);
        last = line;
        let mut cells: Vec<String> = Vec::new();
        for (place, cell) in named(row, "c").enumerate() {
            let at = cell.attribute("r").and_then(column).unwrap_or(place);
            if at >= COLUMNS {
                return Err(too_large());
            }
            if cells.len() <= at {
                cells.resize(at + 1, String::new());
            }
            let is_day = heads.get(&at).is_some_and(|head| head.contains("due"));
            cells[at] = value(cell, &of.strings, is_day, of.is_1904);
        }
        if heads.is_empty() && cells.iter().any(|cell| !cell.trim().is_empty()) {
            heads = cells.iter().map(|head| head.trim().to_lowercase()).enumerate().collect();
        }
        rows.push(ListRow { line, cells });
        if rows.len() > ROWS {
            return Err(too_large());
        }
    }
    Ok(rows)
}

/// The column of a place as `AB12`, from 0.
fn column(place: &str) -> Option<usize> {
    let letters = place.bytes().take_while(u8::is_ascii_alphabetic);
    let number = letters.fold(0_usize, |number, letter| {
        number.saturating_mul(26).saturating_add(usize::from(letter.to_ascii_uppercase() - b'A') + 1)
    });
    number.checked_sub(1)
}

fn value(cell: Node<'_, '_>, strings: &[String], is_day: bool, is_1904: bool) -> String {
    let held = || named(cell, "v").next().and_then(|node| node.text()).unwrap_or_default().trim().to_owned();
    match cell.attribute("t") {
        Some("s") => held().parse::<usize>().ok().and_then(|at| strings.get(at).cloned()).unwrap_or_default(),
        Some("inlineStr") => text_of(cell),
        Some("b") => if held() == "1" { "yes" } else { "no" }.to_owned(),
        Some("d") => held().chars().take(10).collect(),
        Some(_) => held(),
        None if is_day => day(&held(), is_1904),
        None => held(),
    }
}

/// A day as spreadsheets count them; what is no such number stays as it is.
///
/// Source: ECMA-376 part 1, section 18.17.4.1. 46350 is 2026-11-24, counted from 1899-12-30.
fn day(text: &str, is_1904: bool) -> String {
    let Ok(serial) = text.split('.').next().unwrap_or_default().parse::<i64>() else {
        return text.to_owned();
    };
    let begins = if is_1904 { date(1904, 1, 1) } else { date(1899, 12, 30) };
    let found = jiff::Span::new().try_days(serial).ok().and_then(|span| begins.checked_add(span).ok());
    found.map_or_else(|| text.to_owned(), |day| day.to_string())
}

#[cfg(test)]
mod tests {
    use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};

    use super::*;

    fn list(change: impl FnOnce(&mut Workbook)) -> Result<Vec<ListRow>, WorkbookError> {
        let mut book = Workbook::new();
        change(&mut book);
        read_workbook(&book.save_to_buffer().expect("written"))
    }

    #[test]
    fn cells_are_read_as_text_with_the_line_they_stand_in() {
        let rows = list(|book| {
            let sheet = book.add_worksheet();
            for (column, head) in ["Ref", "Request", "Due date"].iter().enumerate() {
                sheet.write_string(1, column as u16, *head).expect("written");
            }
            sheet.write_number(2, 0, 7.0).expect("written");
            sheet.write_string(2, 1, "User lists <all>").expect("written");
            let day = ExcelDateTime::parse_from_str("2026-11-24").expect("a day");
            sheet
                .write_datetime_with_format(2, 2, &day, &Format::new().set_num_format("yyyy-mm-dd"))
                .expect("written");
            sheet.write_string(4, 1, "Minutes").expect("written");
        })
        .expect("read");
        let cells = |at: usize| rows[at].cells.iter().map(String::as_str).collect::<Vec<_>>();
        assert_eq!(rows.iter().map(|row| row.line).collect::<Vec<_>>(), [2, 3, 5]);
        assert_eq!(cells(0), ["Ref", "Request", "Due date"]);
        assert_eq!(cells(1), ["7", "User lists <all>", "2026-11-24"]);
        assert_eq!(cells(2), ["", "Minutes"]);
    }

    #[test]
    fn days_and_times_of_a_population_are_read_as_shown_and_formulas_as_written() {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        for (column, head) in ["id", "when", "amount", "sum"].iter().enumerate() {
            sheet.write_string(0, column as u16, *head).expect("written");
        }
        let day = ExcelDateTime::parse_from_str("2026-11-24").expect("a day");
        let moment = ExcelDateTime::parse_from_str("2026-11-24 14:45:30").expect("a moment");
        let format = |code: &str| Format::new().set_num_format(code);
        sheet.write_number(1, 0, 46350.0).expect("written");
        sheet.write_datetime_with_format(1, 1, &day, &format("dd/mm/yyyy")).expect("written");
        sheet.write_number_with_format(1, 2, 46350.5, &format("#,##0.00 \"days\"")).expect("written");
        sheet.write_formula(1, 3, "A2+C2").expect("written");
        sheet.write_datetime_with_format(2, 1, &moment, &format("yyyy-mm-dd hh:mm:ss")).expect("written");
        let rows = read_sheet(&book.save_to_buffer().expect("written")).expect("read");
        assert_eq!(rows.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(rows[1].1, ["46350", "2026-11-24", "46350.5", "=A2+C2"]);
        assert_eq!(rows[2].1, ["", "2026-11-24T14:45:30"]);
        for (code, expected) in [("General", false), ("0.00\\d", false), ("[Red]0", false), ("m/d/yy", true)]
        {
            assert_eq!(is_day_code(code), expected, "{code}");
        }
    }

    #[test]
    fn merged_cells_are_refused_by_their_place() {
        let merged = list(|book| {
            let sheet = book.add_worksheet();
            sheet.set_name("PBC").expect("named");
            sheet.write_string(0, 0, "Request").expect("written");
            sheet.merge_range(1, 0, 3, 0, "Access", &Format::new()).expect("merged");
        });
        let says = merged.expect_err("refused").to_string();
        assert!(says.starts_with("sheet \"PBC\": A2:A4 are merged cells"), "{says}");
    }

    #[test]
    fn what_is_no_workbook_is_said_to_be_none() {
        for (bytes, says) in [
            (&b"number,request\n1,x\n"[..], "it is no XLSX workbook; save the list as XLSX or CSV"),
            (&b"PK\x03\x04"[..], "it is no XLSX workbook; save the list as XLSX or CSV"),
            (
                &b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 rest"[..],
                "it is protected by a password; save it without one",
            ),
        ] {
            assert_eq!(read_workbook(bytes).expect_err("refused").to_string(), says);
        }
        let mut whole = Workbook::new();
        whole.add_worksheet().write_string(0, 0, "request").expect("written");
        let bytes = whole.save_to_buffer().expect("written");
        assert!(read_workbook(&bytes[..bytes.len() / 2]).is_err(), "cut off");
        assert_eq!(column("A1"), Some(0));
        assert_eq!(column("AB12"), Some(27));
        assert_eq!(column("12"), None);
        assert_eq!(day("46350", false), "2026-11-24");
        assert_eq!(day("soon", false), "soon");
    }
}
