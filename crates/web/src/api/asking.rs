//! What a list is asked for, and one page of it.

use axum::extract::Query;
use axum::http::Uri;
use tickmark_core::Timestamp;

use super::{MOST_ITEMS, PAGE_ITEMS, model, operations};
use crate::error::Refusal;

/// Pairs of a query that are looked at.
const PAIR_LIMIT: usize = 20;

/// Reads what the list at a path is asked for.
pub(super) fn asking(uri: &Uri, path: &str) -> Result<Asking, Refusal> {
    let operation = operations().find(|one| one.path == path);
    Asking::read(uri, operation.map_or(&[], |one| one.filters))
}

/// Parameters are refused where there are none.
pub(super) fn plain(uri: &Uri) -> Result<(), Refusal> {
    match uri.query() {
        None | Some("") => Ok(()),
        Some(_) => Err(Refusal::Unfit("this address takes no parameters".to_owned())),
    }
}

/// The number in an address.
pub(super) fn number(text: &str) -> Result<i64, Refusal> {
    text.parse().map_err(|_| Refusal::NotFound)
}

/// The id of a control in an address.
pub(super) fn control_id(text: &str) -> Result<tickmark_core::control::ControlId, Refusal> {
    text.parse().map_err(|_| Refusal::NotFound)
}

/// What a list is asked for.
#[derive(Clone, Debug)]
pub(super) struct Asking {
    pub(super) limit: usize,
    pub(super) after: Option<String>,
    filters: Vec<(String, String)>,
}

impl Asking {
    /// Reads the query of a list. What is not known is refused: a filter that does nothing would show too much.
    pub(super) fn read(uri: &Uri, filters: &[(&str, &str)]) -> Result<Self, Refusal> {
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri)
            .map_err(|_| Refusal::Unfit("the query cannot be read".to_owned()))?;
        if pairs.len() > PAIR_LIMIT {
            return Err(Refusal::Unfit("the query has too many parameters".to_owned()));
        }
        let mut asking = Self { limit: PAGE_ITEMS, after: None, filters: Vec::new() };
        let mut seen = std::collections::BTreeSet::new();
        for (name, value) in pairs {
            if !seen.insert(name.clone()) {
                return Err(Refusal::Unfit(format!("the parameter {name:?} is there twice")));
            }
            match name.as_str() {
                "limit" => {
                    let limit = value.parse().ok().filter(|limit| (1..=MOST_ITEMS).contains(limit));
                    asking.limit = limit
                        .ok_or_else(|| Refusal::Unfit(format!("limit is a number from 1 to {MOST_ITEMS}")))?;
                }
                "cursor" => asking.after = Some(uncover(&value)?),
                known if filters.iter().any(|(name, _)| *name == known) => asking.filters.push((name, value)),
                unknown => {
                    return Err(Refusal::Unfit(format!("there is no parameter {unknown:?} here")));
                }
            }
        }
        Ok(asking)
    }

    /// What a filter is.
    pub(super) fn filter(&self, name: &str) -> Option<&str> {
        self.filters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The number after which the list goes on, where its cursor is one.
    pub(super) fn number(&self) -> Result<Option<i64>, Refusal> {
        let number = self.after.as_deref().map(str::parse).transpose();
        number.map_err(|_| Refusal::Unfit("the cursor is of another list".to_owned()))
    }

    /// The moment that a filter names; none if it is not there.
    pub(super) fn moment(&self, name: &str) -> Result<Option<Timestamp>, Refusal> {
        self.filter(name)
            .map(|text| text.parse().map_err(|_| Refusal::Unfit(format!("{name} cannot be read"))))
            .transpose()
    }

    /// How many to read so that it is known whether there are more.
    pub(super) fn one_more(&self) -> u32 {
        u32::try_from(self.limit).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// Makes a page of what was read from after the cursor on: [`Self::one_more`] of them at most.
    pub(super) fn cut<T>(&self, mut items: Vec<T>, key: impl Fn(&T) -> String) -> model::Page<T> {
        let is_more = items.len() > self.limit;
        items.truncate(self.limit);
        let next = items.last().filter(|_| is_more).map(|item| cover(&key(item)));
        model::Page { items, next }
    }

    /// Cuts one page out of all items, whose keys are unique.
    pub(super) fn page<T>(
        &self,
        items: Vec<T>,
        key: impl Fn(&T) -> String,
    ) -> Result<model::Page<T>, Refusal> {
        let mut items = items;
        let from = match &self.after {
            None => 0,
            Some(after) => {
                let at = items.iter().position(|item| key(item) == *after);
                at.ok_or_else(|| Refusal::Unfit("the cursor is of another list, or too old".to_owned()))? + 1
            }
        };
        items.drain(..from);
        let more = items.len() > self.limit;
        items.truncate(self.limit);
        let next = items.last().filter(|_| more).map(|item| cover(&key(item)));
        Ok(model::Page { items, next })
    }
}

/// A cursor says nothing to whoever has it, and is no address.
pub(super) fn cover(key: &str) -> String {
    hex::encode(key)
}

fn uncover(cursor: &str) -> Result<String, Refusal> {
    let bytes = hex::decode(cursor).ok().filter(|bytes| bytes.len() <= 400);
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| Refusal::Unfit("the cursor is none that was handed out".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_to_the_end() {
        let ask = |query: &str| {
            let uri: Uri = format!("/x?{query}").parse().expect("an address");
            Asking::read(&uri, &[("status", "")])
        };
        let items = || (1..=5).collect::<Vec<i32>>();
        let mut seen = Vec::new();
        let mut query = "limit=2&status=x".to_owned();
        loop {
            let page = ask(&query).expect("fits").page(items(), ToString::to_string).expect("a page");
            seen.extend(page.items);
            match page.next {
                Some(next) => query = format!("limit=2&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen, items());
        for wrong in [
            "limit=0",
            "limit=201",
            "limit=x",
            "cursor=zz",
            "cursor=ff",
            "other=1",
            "limit=1&limit=2",
            "status=a&status=b",
        ] {
            assert!(matches!(ask(wrong), Err(Refusal::Unfit(_))), "{wrong}");
        }
        assert!(
            ask(&format!("cursor={}", cover("9"))).expect("fits").page(items(), ToString::to_string).is_err()
        );
    }
}
