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
    fn long_text_is_cut_at_a_character() {
        let text = "😀".repeat(20_000);
        let cut = workbook_text(&text);
        assert!(cut.ends_with("😀 [cut]") && cut.encode_utf16().count() <= WORKBOOK_LIMIT);
        assert_eq!(workbook_text("short"), "short");
    }
}
