//! Tables of one record, which are read as they are: no filter, no order, no page.

use maud::{Markup, html};

/// A small table without controls: rows of a record. On a phone each row becomes a paragraph that begins with the
/// cell that names it.
#[must_use]
pub fn plain(caption: &str, heads: &[&str], rows: Vec<Vec<Markup>>) -> Markup {
    drawn(caption, heads, &rows, "rows")
}

/// A small table that keeps its columns on a phone and is scrolled sideways there.
#[must_use]
pub fn wide(caption: &str, heads: &[&str], rows: Vec<Vec<Markup>>) -> Markup {
    drawn(caption, heads, &rows, "wide")
}

/// A small table of what was found about each item, or in which it is recorded. On a phone each row becomes a block that begins
/// with the item, and each other cell stands under its own name.
#[must_use]
pub fn items(caption: &str, heads: &[&str], rows: Vec<Vec<Markup>>) -> Markup {
    drawn(caption, heads, &rows, "items")
}

fn drawn(caption: &str, heads: &[&str], rows: &[Vec<Markup>], class: &str) -> Markup {
    html! {
        div.table-wrap tabindex="0" role="group" aria-label=(caption) {
            table class=(class) role="table" {
                caption.visually-hidden { (caption) }
                thead role="rowgroup" { tr role="row" { @for head in heads { th scope="col" role="columnheader" { (head) } } } }
                tbody role="rowgroup" {
                    @for row in rows { tr role="row" { @for (at, cell) in row.iter().enumerate() { td role="cell" data-label=[heads.get(at).filter(|_| class == "items")] { (cell) } } } }
                }
            }
        }
    }
}
