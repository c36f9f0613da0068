//! The choice of a day as of which a record is looked at, and what held at its end.

use maud::{Markup, html};
use tickmark_core::Timestamp;
use tickmark_core::evidence::item::day;
use tickmark_core::time::DAY_US;

use super::table::TableQuery;
use super::{block, moment};

/// The day that an address asks about, as it was typed; nothing where it asks about none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AsOf(Option<String>);

impl AsOf {
    /// Reads the day from an address.
    #[must_use]
    pub fn of(query: &TableQuery) -> Self {
        Self(query.get("at").map(|typed| typed.chars().take(40).collect()))
    }

    /// The last moment of the day, UTC; none where none is asked about, or what was typed is no day.
    #[must_use]
    pub fn end(&self) -> Option<Timestamp> {
        Some(day(self.0.as_deref()?).ok()?.plus_micros(DAY_US - 1))
    }

    /// The form that chooses a day, on the page at `path`.
    #[must_use]
    pub fn choice(&self, path: &str) -> Markup {
        html! {
            form.periods method="get" action={ (path) "#then" } {
                label { "As it was on" input type="date" name="at" value=[self.0.as_deref()] required; }
                button.button type="submit" { "Show" }
            }
        }
    }

    /// What held at the end of the day, where one is asked about.
    #[must_use]
    pub fn then(&self, held: impl FnOnce(Timestamp) -> Markup) -> Markup {
        let Some(day) = &self.0 else { return html! {} };
        let (day, body) = match self.end() {
            Some(end) => (moment::date(end), held(end)),
            None => (day.clone(), html! { p.muted.block-body { "That is not a date." } }),
        };
        block("then", &format!("On {day}"), &html! {}, &body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_looked_at_as_of_its_end_and_what_is_none_is_said_to_be_none() {
        let asked = |at: &str| {
            let as_of = AsOf::of(&TableQuery::new(vec![("at".to_owned(), at.to_owned())]));
            as_of.then(|end| html! { (end) }).0
        };
        assert!(asked("2026-03-10").contains("2026-03-10T23:59:59.999999Z"), "{}", asked("2026-03-10"));
        assert!(asked("2026-03-10").contains("On 10 Mar 2026"), "{}", asked("2026-03-10"));
        assert!(asked("<b>").contains("That is not a date.") && asked("<b>").contains("On &lt;b&gt;"));
        assert_eq!(asked(""), "");
    }
}
