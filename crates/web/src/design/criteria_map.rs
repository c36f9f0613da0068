//! The criteria map: one row per series, one cell per criterion.

use maud::{Markup, html};

use super::icon::Mark;
use super::segment;

/// One criterion in the map.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Identifier, e.g. `CC6.1`.
    pub id: String,
    /// What is asked, in our words.
    pub text: String,
    /// Its state as a mark.
    pub mark: Mark,
    /// Its state in words.
    pub word: String,
}

/// One series of criteria.
#[derive(Clone, Debug)]
pub struct Series {
    /// Identifier, e.g. `CC6`.
    pub id: String,
    /// Title in our words.
    pub title: String,
    /// Its criteria in order.
    pub cells: Vec<Cell>,
}

/// Draws the map. Every cell leads to its criterion.
#[must_use]
pub fn criteria_map(series: &[Series]) -> Markup {
    html! {
        div.cmap {
            @for row in series {
                div.series-row {
                div.series { b { (row.id) } span { (row.title) } }
                ul aria-label={ (row.id) " " (row.title) } {
                    @for cell in &row.cells {
                        li {
                            a class=(cell.mark.class()) href={ "/criteria/" (segment(&cell.id)) }
                                title={ (cell.word) ": " (cell.text) } {
                                (cell.mark.draw())
                                span { (cell.id) }
                                span.visually-hidden { (cell.word) }
                            }
                        }
                    }
                }
                }
            }
        }
    }
}

/// Draws the marks with their words.
#[must_use]
pub fn legend(entries: &[(Mark, &str)]) -> Markup {
    html! {
        div.legend {
            @for (mark, word) in entries { span { (mark.draw()) (word) } }
        }
    }
}
