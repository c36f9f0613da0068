//! Tabs: the parts of one record as addresses, so that each can be linked to and works without script.

use maud::{Markup, html};

/// One tab.
#[derive(Clone, Debug)]
pub struct Tab<'a> {
    /// Where it leads.
    pub href: String,
    /// Its word.
    pub label: &'a str,
    /// How many rows are behind it.
    pub count: Option<usize>,
    /// Whether it is the one shown.
    pub current: bool,
}

/// Draws tabs.
#[must_use]
pub fn tabs(label: &str, tabs: &[Tab<'_>]) -> Markup {
    html! {
        nav.tabs aria-label=(label) {
            @for tab in tabs {
                a href=(tab.href) aria-current=[tab.current.then_some("page")] {
                    (tab.label)
                    @if let Some(count) = tab.count { span.num { (count) } }
                }
            }
        }
    }
}
