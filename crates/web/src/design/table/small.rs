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

/// Tells whether a cell holds a figure alone, perhaps as a link, which says nothing where its head is not seen. What names
/// the row needs no head.
fn is_figure(cell: &Markup) -> bool {
    let mut text = String::new();
    let mut is_tag = false;
    for c in cell.0.chars() {
        match c {
            '<' => is_tag = true,
            '>' => is_tag = false,
            _ if !is_tag => text.push(c),
            _ => {}
        }
    }
    let is_number = |word: &str| word.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '%'));
    text.contains(|c: char| c.is_ascii_digit())
        && text.split_whitespace().all(|word| word == "of" || is_number(word))
        && !names_row(cell)
}

fn names_row(cell: &Markup) -> bool {
    let classes = cell.0.split("class=\"").skip(1).filter_map(|rest| rest.split('"').next());
    classes.flat_map(|names| names.split(' ')).any(|name| name == "primary")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_say_what_they_count_where_heads_are_not_seen() {
        let cells = vec![
            html! { a.primary href="/7" { "7" } },
            html! { "Cloud 9" },
            html! { "12" },
            html! { a.num href="/of/7" { (3) " of " (7) } },
            html! { a href="/12" { "12 rights" } },
            html! { input value="7"; },
        ];
        let html = plain("Lists", &["List", "System", "Rights", "Left", "All", "New"], vec![cells]).0;
        assert!(html.contains(r#"data-label="Rights">12<"#), "{html}");
        assert!(html.contains(r#"data-label="Left"><a class="num" href="/of/7">3 of 7<"#), "{html}");
        assert_eq!(html.matches("data-label").count(), 2, "{html}");
    }
}
