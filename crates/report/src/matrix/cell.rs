//! One cell of the matrix. Foreign text stays text in every program that opens the file.

use std::borrow::Cow;

/// Most UTF-16 units that a workbook cell can hold.
const WORKBOOK_LIMIT: usize = 32_767;

/// Stands where text was cut at the limit of a workbook cell.
const CUT: &str = " [cut]";

/// A value of the matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    /// Text; never a formula.
    Text(String),
    /// A whole number.
    Number(i64),
}

impl Cell {
    /// Makes a cell of text.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

/// Returns `text` as a CSV field that no spreadsheet program reads as a formula: a field that begins with `=`, `+`,
/// `-`, `@`, a tab, a line end or their full-width forms gets an apostrophe in front.
///
/// Source: OWASP, CSV Injection. `=1+1` gives `'=1+1`.
pub(super) fn csv_field(text: &str) -> Cow<'_, str> {
    let risky = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    if risky { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// Returns `text` cut to what a workbook cell holds, with a note where it was cut.
pub(super) fn workbook_text(text: &str) -> Cow<'_, str> {
    if text.encode_utf16().count() <= WORKBOOK_LIMIT {
        return Cow::Borrowed(text);
    }
    let mut units = 0;
    let kept: String = text
        .chars()
        .take_while(|character| {
            units += character.len_utf16();
            units <= WORKBOOK_LIMIT - CUT.len()
        })
        .collect();
    Cow::Owned(kept + CUT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_could_be_formulas_get_an_apostrophe() {
        for risky in ["=1+1", "+1", "-2", "@sum", "\t=1", "\r=1", "\n=1", "＝1"] {
            assert_eq!(csv_field(risky), format!("'{risky}"));
        }
        for plain in ["", "a=1", "'=1", "1-2"] {
            assert_eq!(csv_field(plain), plain);
        }
    }

    #[test]
    fn long_text_is_cut_at_a_character() {
        let text = "😀".repeat(20_000);
        let cut = workbook_text(&text);
        assert!(cut.ends_with("😀 [cut]") && cut.encode_utf16().count() <= WORKBOOK_LIMIT);
        assert_eq!(workbook_text("short"), "short");
    }
}
