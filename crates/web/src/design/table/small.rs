//! Tables of one record, which are read as they are: no filter, no order, no page.

use maud::{Markup, html};

use crate::design::moment;

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
                    @for row in rows { tr role="row" { @for (at, cell) in row.iter().enumerate() { td role="cell" data-label=[heads.get(at).filter(|_| class == "items" || needs_head(cell))] { (cell) } } } }
                }
            }
        }
    }
}

/// Tells whether a cell holds a figure, a span of time or a moment alone, perhaps as a link, which says nothing where its head
/// is not seen. What names the row needs no head.
fn needs_head(cell: &Markup) -> bool {
    let (mut text, mut has_moment) = (String::new(), false);
    let mut rest = cell.0.as_str();
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        let end = if tag.starts_with("time ") { "</time>" } else { ">" };
        has_moment |= tag.starts_with("time ");
        rest = tag.split_once(end).map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    let is_number =
        |word: &str| word.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '%' | '-'));
    let is_figure = |word: &str| {
        matches!(word, "of" | "to") || UNITS.contains(&word) || moment::is_month(word) || is_number(word)
    };
    let has_figure = has_moment || text.contains(|c: char| c.is_ascii_digit());
    has_figure && text.split_whitespace().all(is_figure) && !names_row(cell)
}

/// Words of spans of time.
const UNITS: [&str; 9] = ["second", "seconds", "min", "minute", "minutes", "hour", "hours", "day", "days"];

fn names_row(cell: &Markup) -> bool {
    let classes = cell.0.split("class=\"").skip(1).filter_map(|rest| rest.split('"').next());
    classes.flat_map(|names| names.split(' ')).any(|name| name == "primary")
}

#[cfg(test)]
mod tests {
    use tickmark_core::Timestamp;

    use super::*;

    #[test]
    fn figures_and_moments_say_what_they_count_where_heads_are_not_seen() {
        let cells = vec![
            html! { a.primary href="/7" { "7" } },
            html! { "Cloud 9" },
            html! { "12" },
            html! { a.num href="/of/7" { (3) " of " (7) } },
            html! { a href="/12" { "12 rights" } },
            html! { input value="7"; },
            html! { span.nowrap { (moment::exact(Timestamp::from_seconds(1_795_531_500))) } },
            html! { "28 Feb 2027" },
            html! { "12 days" },
            html! { "until 8 Mar 2027" },
        ];
        let heads =
            ["List", "System", "Rights", "Left", "All", "New", "Taken", "Last day", "For", "Freshness"];
        let html = plain("Lists", &heads, vec![cells]).0;
        assert!(html.contains(r#"data-label="Rights">12<"#), "{html}");
        assert!(html.contains(r#"data-label="Left"><a class="num" href="/of/7">3 of 7<"#), "{html}");
        assert!(html.contains(r#"data-label="Taken"><span class="nowrap"><time"#), "{html}");
        assert!(html.contains(r#"data-label="Last day">28 Feb 2027<"#), "{html}");
        assert!(html.contains(r#"data-label="For">12 days<"#), "{html}");
        assert_eq!(html.matches("data-label").count(), 5, "{html}");
    }
}
