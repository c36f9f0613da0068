//! What an address says about a table.

/// Characters of a search that are looked at.
const SEARCH_LIMIT: usize = 200;

/// What the address says about a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableQuery {
    pairs: Vec<(String, String)>,
}

impl TableQuery {
    /// Reads the pairs of a query string.
    #[must_use]
    pub fn new(pairs: Vec<(String, String)>) -> Self {
        Self { pairs }
    }

    /// Returns the value of a key, if it is there and not empty.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.pairs.iter().find(|(k, v)| k == key && !v.is_empty()).map(|(_, v)| v.as_str())
    }

    /// Returns all values of a key that are not empty.
    pub(crate) fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs().filter(move |(k, v)| *k == key && !v.is_empty()).map(|(_, value)| value)
    }

    /// Words that are searched for.
    pub(crate) fn search(&self) -> String {
        self.get("q").unwrap_or("").chars().take(SEARCH_LIMIT).collect()
    }

    /// The page that is asked for, from 1.
    pub(crate) fn page(&self) -> u64 {
        self.get("page").and_then(|page| page.parse().ok()).unwrap_or(1).max(1)
    }

    /// All pairs but the page, as the query of an address.
    pub(crate) fn kept(&self) -> String {
        self.with("", &[]).trim_start_matches('?').to_owned()
    }

    /// All pairs in order.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The address of `path` with one key changed (removed when `value` is empty) and the page reset.
    pub(crate) fn with(&self, path: &str, changes: &[(&str, &str)]) -> String {
        let mut out = String::from(path);
        let mut separator = '?';
        let kept = self
            .pairs
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .filter(|(k, v)| *k != "page" && !v.is_empty() && !changes.iter().any(|(c, _)| c == k));
        for (key, value) in kept.chain(changes.iter().copied()).filter(|(_, value)| !value.is_empty()) {
            out.push(separator);
            out.push_str(&crate::design::segment(key));
            out.push('=');
            out.push_str(&crate::design::segment(value));
            separator = '&';
        }
        out
    }
}
