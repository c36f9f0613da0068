//! The design system: tokens, one component of each kind, used by every page.
//!
//! Components are functions that return [`maud::Markup`]; everything they are given is escaped. Styles live in the
//! style sheets beside them (no `style` attributes: the content security policy refuses them), pictures are SVG drawn
//! here with a text table behind them.

pub mod as_of;
pub mod badge;
pub mod bar;
pub mod board;
pub mod criteria_map;
pub mod diff;
pub mod digest;
pub mod empty;
pub mod facts;
pub mod form;
pub mod frame;
pub mod icon;
pub mod moment;
pub mod prose;
pub mod strip;
pub mod table;
pub mod tabs;

use maud::{Markup, html};
pub use tickmark_core::words::segment;

/// A section of a page: a heading on a rule, a note at its right, and what belongs to it.
#[must_use]
pub fn block(id: &str, title: &str, note: &Markup, body: &Markup) -> Markup {
    html! {
        section.block id=(id) aria-labelledby={ (id) "-title" } {
            div.block-head {
                h2 id={ (id) "-title" } { (title) }
                @if !note.0.is_empty() { div.note { (note) } }
            }
            (body)
        }
    }
}

/// A figure that leads to the rows it counts.
#[must_use]
pub fn figure(count: usize, href: &str) -> Markup {
    html! { a.num href=(href) { (count) } }
}

/// The word for `count` things: `1 check`, `3 checks`.
#[must_use]
pub fn plural(count: usize, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}

/// The beginning of a text, cut between two words with an ellipsis where it is longer than `most` characters.
#[must_use]
pub fn shortened(text: &str, most: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(most) else { return text.to_owned() };
    let cut = text[..end].rfind(char::is_whitespace).unwrap_or(end);
    format!(
        "{}\u{2026}",
        text[..cut].trim_end_matches(|one: char| one.is_whitespace() || ",;:.".contains(one))
    )
}

/// A size for people: `812 B`, `14.2 KB`.
#[must_use]
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    // Integers only: tenths of the unit, rounded down.
    let mut tenths = bytes / 100;
    let mut unit = 0;
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1000;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        assert_eq!(size(812), "812 B");
        assert_eq!(size(14_251), "14.2 KB");
        assert_eq!(size(3_000_000_000), "3.0 GB");
    }
}
