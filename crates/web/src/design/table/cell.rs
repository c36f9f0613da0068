//! Columns, and the rows that stand under them.

use maud::{Markup, html};

/// Where a column goes when the row becomes a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phone {
    /// The first line, left.
    Title,
    /// The first line, right.
    Status,
    /// The second line, in full, without its label.
    Subtitle,
    /// A line of its own with its label.
    Line,
    /// Not shown.
    Hidden,
    /// Not shown, nor on a tablet.
    Wide,
}

impl Phone {
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Title => "p-title",
            Self::Status => "p-status",
            Self::Subtitle | Self::Line => "p-line",
            Self::Hidden => "p-hide",
            Self::Wide => "p-wide",
        }
    }
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name in the address.
    pub key: &'static str,
    /// Its head.
    pub label: &'static str,
    /// Whether figures stand at its right edge.
    pub end: bool,
    /// Whether rows can be ordered by it.
    pub sorts: bool,
    /// What becomes of it on a phone.
    pub phone: Phone,
}

impl Column {
    /// A sortable text column.
    #[must_use]
    pub const fn text(key: &'static str, label: &'static str, phone: Phone) -> Self {
        Self { key, label, end: false, sorts: true, phone }
    }

    /// A sortable column of figures.
    #[must_use]
    pub const fn number(key: &'static str, label: &'static str, phone: Phone) -> Self {
        Self { key, label, end: true, sorts: true, phone }
    }

    /// A column that is only looked at.
    #[must_use]
    pub const fn shown(key: &'static str, label: &'static str, phone: Phone) -> Self {
        Self { key, label, end: false, sorts: false, phone }
    }
}

/// What a cell is ordered by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    /// By number.
    Number(i64),
    /// By text, with figures inside read as numbers (`CC2` before `CC10`).
    Text(Vec<Piece>),
}

/// A piece of text to order by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Piece {
    /// A run of digits.
    Figure(u64),
    /// Anything else, in lower case.
    Word(String),
}

impl Sort {
    /// Orders by text.
    #[must_use]
    pub fn text(text: &str) -> Self {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let is_digit = first.is_ascii_digit();
            let end = rest.find(|c: char| c.is_ascii_digit() != is_digit).unwrap_or(rest.len());
            let (run, after) = rest.split_at(end);
            pieces.push(match run.parse() {
                Ok(figure) if is_digit => Piece::Figure(figure),
                _ => Piece::Word(run.to_lowercase()),
            });
            rest = after;
        }
        Self::Text(pieces)
    }
}

/// A cell: what is shown and what it is ordered by.
#[derive(Clone, Debug)]
pub struct Cell {
    /// What is shown.
    pub show: Markup,
    /// What it is ordered by.
    pub sort: Sort,
    /// What stands for it in a file.
    pub plain: Plain,
}

/// What stands for a cell in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plain {
    /// Text.
    Text(String),
    /// A figure.
    Number(i64),
}

impl Cell {
    /// A cell of text.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self { show: html! { (text) }, sort: Sort::text(text), plain: Plain::Text(text.to_owned()) }
    }

    /// The same cell with other words in a file.
    #[must_use]
    pub fn said(self, text: impl Into<String>) -> Self {
        Self { plain: Plain::Text(text.into()), ..self }
    }

    /// The same cell with something else shown.
    #[must_use]
    pub fn showing(self, show: Markup) -> Self {
        Self { show, ..self }
    }

    /// A cell ordered by text.
    #[must_use]
    pub fn by_text(show: Markup, text: &str) -> Self {
        Self { show, sort: Sort::text(text), plain: Plain::Text(text.to_owned()) }
    }

    /// A cell ordered by a number.
    #[must_use]
    pub fn by_number(show: Markup, number: i64) -> Self {
        Self { show, sort: Sort::Number(number), plain: Plain::Number(number) }
    }
}

/// A row.
#[derive(Clone, Debug)]
pub struct Row {
    /// One cell for each column.
    pub cells: Vec<Cell>,
    /// Text that a search looks at.
    pub find: String,
    /// Values that filters look at, as (filter, value); a row may have several of one filter.
    pub facets: Vec<(&'static str, String)>,
}
