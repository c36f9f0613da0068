//! How far back the pages of what was observed look, by their address.

use maud::{Markup, html};
use tickmark_core::conclusion::chosen::{LOOK_BACK_DAYS, looks_back};
use tickmark_core::conclusion::scope::Target;
use tickmark_core::time::DAY_US;
use tickmark_core::{Span, Timestamp};

use crate::design::table::{Filter, TableQuery};

/// The name in the address.
pub(super) const KEY: &str = "span";
/// Days of twelve months.
const YEAR_DAYS: i64 = 365;

/// How far back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum LookBack {
    /// Ninety days.
    #[default]
    Days,
    /// As much as is past of the period that is aimed at; ninety days while none has begun.
    Period,
    /// Twelve months.
    Year,
}

impl LookBack {
    const ALL: [Self; 3] = [Self::Days, Self::Period, Self::Year];

    /// Reads it from an address; what is not one of them is ninety days.
    pub(super) fn of(query: &TableQuery) -> Self {
        let asked = query.get(KEY);
        Self::ALL.into_iter().find(|one| asked == Some(one.word())).unwrap_or_default()
    }

    /// The word in the address.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Days => "90d",
            Self::Period => "period",
            Self::Year => "12m",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Days => "90 days",
            Self::Period => "The period",
            Self::Year => "12 months",
        }
    }

    /// The time that is looked back over at a moment, where an examination is aimed at.
    pub(crate) fn over(self, target: Option<Target>, now: Timestamp) -> Span {
        let days = |days: i64| Span { from: now.plus_micros(-days * DAY_US), to: Some(now) };
        match (self, target) {
            (Self::Period, Some(target)) => looks_back(target, now),
            (Self::Days | Self::Period, _) => days(LOOK_BACK_DAYS),
            (Self::Year, _) => days(YEAR_DAYS),
        }
    }

    /// The choice above a list.
    pub(super) fn filter() -> Filter {
        let options = Self::ALL.map(|one| (one.word().to_owned(), one.title().to_owned()));
        Filter { key: KEY, label: "Looking back", options: options.to_vec(), shown: true }
    }

    /// The choice on a page of one thing; what else its address says stays.
    pub(super) fn choice(self, path: &str, query: &TableQuery) -> Markup {
        html! {
            nav.views aria-label="How far back" {
                span.muted.small { "Looking back: " }
                @for one in Self::ALL {
                    a href=(query.with(path, &[(KEY, if one == Self::default() { "" } else { one.word() })])) aria-current=[(one == self).then_some("true")] { (one.title()) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_says_how_far_back() {
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().expect("a moment");
        let read = |text: &str| LookBack::of(&TableQuery::new(vec![(KEY.to_owned(), text.to_owned())]));
        for (text, is) in [
            ("", LookBack::Days),
            ("90d", LookBack::Days),
            ("period", LookBack::Period),
            ("12m", LookBack::Year),
            ("9", LookBack::Days),
        ] {
            assert_eq!(read(text), is, "{text}");
        }
        let target = Target::Type2 { from: Some("2026-01-01".parse().expect("a day")), to: None };
        let from = |one: LookBack, target| one.over(target, now).from.date();
        assert_eq!(from(LookBack::Period, Some(target)), "2026-01-01");
        assert_eq!(from(LookBack::Period, None), "2026-08-26");
        assert_eq!(from(LookBack::Days, Some(target)), "2026-08-26");
        assert_eq!(from(LookBack::Year, Some(target)), "2025-11-24");
    }
}
