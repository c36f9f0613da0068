//! A list as a file: rows of text and figures, and how a line of comma-separated values is written.

use std::borrow::Cow;

use crate::Timestamp;

/// A value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SheetCell {
    /// Text; never a formula.
    Text(String),
    /// A whole number.
    Number(i64),
}

/// A list to be written as a workbook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// What it is called.
    pub title: String,
    /// Whose it is.
    pub organization: String,
    /// When it was taken out.
    pub at: Timestamp,
    /// Heads of the columns.
    pub columns: Vec<String>,
    /// Rows, each with a value for every column.
    pub rows: Vec<Vec<SheetCell>>,
}

/// Returns `text` as a field that no spreadsheet program reads as a formula: a field that begins with `=`, `+`, `-`, `@`, a
/// tab, a line end or their full-width forms gets an apostrophe in front.
///
/// Source: OWASP, CSV Injection. `=1+1` gives `'=1+1`.
#[must_use]
pub fn no_formula(text: &str) -> Cow<'_, str> {
    let is_risky = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    if is_risky { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// Writes one field of comma-separated values (RFC 4180); see [`no_formula`].
#[must_use]
pub fn csv_field(text: &str) -> String {
    let text = no_formula(text);
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.into_owned()
    }
}

/// Writes one line of comma-separated values, with its end.
#[must_use]
pub fn csv_line(cells: &[SheetCell]) -> String {
    let fields: Vec<String> = cells
        .iter()
        .map(|cell| match cell {
            SheetCell::Text(text) => csv_field(text),
            SheetCell::Number(number) => number.to_string(),
        })
        .collect();
    fields.join(",") + "\r\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_field_is_a_formula() {
        for (text, written) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-2", "'-2"),
            ("\tx", "'\tx"),
            ("\r=1", "\"'\r=1\""),
            ("\n=1", "\"'\n=1\""),
            ("＝1", "'＝1"),
            ("a,b", "\"a,b\""),
            ("=a\"b", "\"'=a\"\"b\""),
            ("a=1", "a=1"),
            ("1-2", "1-2"),
            ("plain", "plain"),
            ("", ""),
        ] {
            assert_eq!(csv_field(text), written, "{text:?}");
        }
        let line = [SheetCell::Text("-a, b".to_owned()), SheetCell::Number(-2)];
        assert_eq!(csv_line(&line), "\"'-a, b\",-2\r\n");
    }
}
