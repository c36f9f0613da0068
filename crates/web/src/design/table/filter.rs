//! What is chosen from above a list.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::TableQuery;

/// From how many choices on they are folded on a phone.
const FOLDED: usize = 3;

/// A choice above the table.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Its name in the address.
    pub key: &'static str,
    /// Its label.
    pub label: &'static str,
    /// Values with their words, in order.
    pub options: Vec<(String, String)>,
    /// Whether it is shown as a choice; others only work from links.
    pub shown: bool,
}

impl Filter {
    /// A choice of the values that rows have, in order; only shown where there are several.
    #[must_use]
    pub fn of_values(
        key: &'static str,
        label: &'static str,
        values: impl IntoIterator<Item = String>,
    ) -> Self {
        let values: BTreeSet<String> = values.into_iter().filter(|value| !value.is_empty()).collect();
        let shown = values.len() > 1;
        Self { key, label, options: values.into_iter().map(|value| (value.clone(), value)).collect(), shown }
    }

    /// A choice between yes and no.
    #[must_use]
    pub fn yes_or_no(key: &'static str, label: &'static str) -> Self {
        let options = ["yes", "no"].map(|word| (word.to_owned(), word.to_owned()));
        Self { key, label, options: options.to_vec(), shown: true }
    }
}

/// The choices, where there are several: folded on a phone while none is made, always in sight elsewhere.
#[must_use]
pub fn folded(made: usize, choices: &Markup) -> Markup {
    html! {
        details.fold open[made > 0] {
            summary { "Filters" @if made > 0 { " (" (made) ")" } }
            div { (choices) }
        }
    }
}

/// The choices of a table, with how many are made.
pub(super) fn choices(filters: &[Filter], query: &TableQuery) -> (usize, Markup) {
    let chosen = filters.iter().map(|filter| (filter, query.get(filter.key)));
    let shown: Vec<(&Filter, Option<&str>)> =
        chosen.filter(|(filter, value)| filter.shown || value.is_some()).collect();
    let made = shown.iter().filter(|(_, value)| value.is_some()).count();
    let choices = html! { @for (filter, value) in &shown { (choice(filter, *value)) } };
    (made, if shown.len() < FOLDED { choices } else { folded(made, &choices) })
}

fn choice(filter: &Filter, chosen: Option<&str>) -> Markup {
    html! {
        label {
            (filter.label)
            select name=(filter.key) {
                option value="" { "any" }
                @for (value, word) in &filter.options {
                    option value=(value) selected[chosen == Some(value)] { (word) }
                }
                @if let Some(other) = chosen.filter(|c| !filter.options.iter().any(|(v, _)| v == c)) {
                    option value=(other) selected { (other) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(count: usize, query: &[(&str, &str)]) -> (usize, String) {
        let filters: Vec<Filter> =
            ["a", "b", "c", "d"].into_iter().take(count).map(|key| Filter::yes_or_no(key, "Some")).collect();
        let pairs = query.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let (made, markup) = choices(&filters, &TableQuery::new(pairs.collect()));
        (made, markup.0)
    }

    #[test]
    fn many_choices_are_folded_until_one_is_made() {
        let (made, few) = drawn(2, &[]);
        assert!(made == 0 && !few.contains("<details"), "{few}");
        let (made, many) = drawn(3, &[("other", "x"), ("b", "")]);
        assert!(made == 0 && many.contains("<details class=\"fold\"><summary>Filters</summary>"), "{many}");
        assert_eq!(many.matches("<select").count(), 3, "{many}");
        let (made, chosen) = drawn(4, &[("b", "yes"), ("d", "no")]);
        assert!(
            made == 2 && chosen.contains("<details class=\"fold\" open><summary>Filters (2)<"),
            "{chosen}"
        );
    }
}
