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
                    @for row in rows { tr role="row" { @for (at, cell) in row.iter().enumerate() { td role="cell" data-label=[heads.get(at).filter(|_| class == "items" || is_figure(cell))] { (cell) } } } }
                }
            }
        }
    }
}

/// Tells whether a cell holds a figure alone, which says nothing where its head is not seen.
fn is_figure(cell: &Markup) -> bool {
    cell.0.contains(|c: char| c.is_ascii_digit())
        && cell.0.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '%' | ' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_say_what_they_count_where_heads_are_not_seen() {
        let cells = vec![html! { "Cloud" }, html! { "12" }, html! { b { "7" } }];
        let html = plain("Lists", &["System", "Rights", "Left"], vec![cells]).0;
        assert!(html.contains(r#"data-label="Rights">12<"#), "{html}");
        assert_eq!(html.matches("data-label").count(), 1, "{html}");
    }
}
