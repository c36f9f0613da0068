//! The stacked bar: shares of a whole, each named in words beside it.

use maud::{Markup, html};

/// Width of the drawing in its own units; it stretches to the space it is given.
const WIDTH: usize = 1000;

/// How a part of a bar is filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// As it should be, or seen.
    Pass,
    /// Partly so.
    Partly,
    /// Not so.
    Fail,
    /// Could not be seen; hatched.
    Unknown,
    /// The rest.
    Rest,
}

/// Draws parts of a whole in the given order. `label` says the same in words for those who cannot see it.
#[must_use]
pub fn bar(parts: &[(Fill, usize)], label: &str) -> Markup {
    let total: usize = parts.iter().map(|(_, count)| count).sum();
    let mut x = 0;
    let mut drawn = Vec::new();
    for (fill, count) in parts.iter().filter(|(_, count)| *count > 0) {
        let width = (count * WIDTH).div_ceil(total).min(WIDTH - x);
        drawn.push((fill, x, width));
        x += width;
    }
    html! {
        svg.bar viewBox={ "0 0 " (WIDTH) " 10" } preserveAspectRatio="none" role="img" aria-label=(label) {
            @if drawn.is_empty() { rect.rest width=(WIDTH) height="10" {} }
            @for (fill, x, width) in drawn {
                @match fill {
                    Fill::Pass => rect.pass x=(x) width=(width) height="10" {},
                    Fill::Partly => rect.partly x=(x) width=(width) height="10" {},
                    Fill::Fail => rect.fail x=(x) width=(width) height="10" {},
                    Fill::Unknown => rect.unknown x=(x) width=(width) height="10" fill="url(#hatch)" {},
                    Fill::Rest => rect.rest x=(x) width=(width) height="10" {},
                }
            }
        }
    }
}
