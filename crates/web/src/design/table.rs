//! The one table: sorting, filtering and paging by the address, so that every view of it can be linked to and works
//! without script; on a phone its rows become cards.

use maud::{Markup, html};

use super::icon::icon;

/// Rows on one page.
pub const PAGE_ROWS: usize = 100;
/// The facet by which a row is chosen, and the name of its box.
pub const PICK: &str = "pick";
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
            out.push_str(&super::segment(key));
            out.push('=');
            out.push_str(&super::segment(value));
            separator = '&';
        }
        out
    }
}

/// Where a column goes when the row becomes a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phone {
    /// The first line, left.
    Title,
    /// The first line, right.
    Status,
    /// The second line, in full, without its label.
    Subtitle,
    /// A line of its own with its label.
    Line,
    /// Not shown.
    Hidden,
    /// Not shown, nor on a tablet.
    Wide,
}

impl Phone {
    fn class(self) -> &'static str {
        match self {
            Self::Title => "p-title",
            Self::Status => "p-status",
            Self::Subtitle | Self::Line => "p-line",
            Self::Hidden => "p-hide",
            Self::Wide => "p-wide",
        }
    }
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name in the address.
    pub key: &'static str,
    /// Its head.
    pub label: &'static str,
    /// Whether figures stand at its right edge.
    pub end: bool,
    /// Whether rows can be ordered by it.
    pub sorts: bool,
    /// What becomes of it on a phone.
    pub phone: Phone,
}

impl Column {
    /// A sortable text column.
    #[must_use]
    pub const fn text(key: &'static str, label: &'static str, phone: Phone) -> Self {
        Self { key, label, end: false, sorts: true, phone }
    }

    /// A sortable column of figures.
    #[must_use]
    pub const fn number(key: &'static str, label: &'static str, phone: Phone) -> Self {
        Self { key, label, end: true, sorts: true, phone }
    }

    /// A column that is only looked at.
    #[must_use]
    pub const fn shown(key: &'static str, label: &'static str, phone: Phone) -> Self {
        Self { key, label, end: false, sorts: false, phone }
    }
}

/// What a cell is ordered by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    /// By number.
    Number(i64),
    /// By text, with figures inside read as numbers (`CC2` before `CC10`).
    Text(Vec<Piece>),
}

/// A piece of text to order by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Piece {
    /// A run of digits.
    Figure(u64),
    /// Anything else, in lower case.
    Word(String),
}

impl Sort {
    /// Orders by text.
    #[must_use]
    pub fn text(text: &str) -> Self {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let is_digit = first.is_ascii_digit();
            let end = rest.find(|c: char| c.is_ascii_digit() != is_digit).unwrap_or(rest.len());
            let (run, after) = rest.split_at(end);
            pieces.push(match run.parse() {
                Ok(figure) if is_digit => Piece::Figure(figure),
                _ => Piece::Word(run.to_lowercase()),
            });
            rest = after;
        }
        Self::Text(pieces)
    }
}

/// A cell: what is shown and what it is ordered by.
#[derive(Clone, Debug)]
pub struct Cell {
    /// What is shown.
    pub show: Markup,
    /// What it is ordered by.
    pub sort: Sort,
}

impl Cell {
    /// A cell of text.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self { show: html! { (text) }, sort: Sort::text(text) }
    }

    /// The same cell with something else shown.
    #[must_use]
    pub fn showing(self, show: Markup) -> Self {
        Self { show, ..self }
    }

    /// A cell ordered by text.
    #[must_use]
    pub fn by_text(show: Markup, text: &str) -> Self {
        Self { show, sort: Sort::text(text) }
    }

    /// A cell ordered by a number.
    #[must_use]
    pub fn by_number(show: Markup, number: i64) -> Self {
        Self { show, sort: Sort::Number(number) }
    }
}

/// A row.
#[derive(Clone, Debug)]
pub struct Row {
    /// One cell for each column.
    pub cells: Vec<Cell>,
    /// Text that a search looks at.
    pub find: String,
    /// Values that filters look at, as (filter, value); a row may have several of one filter.
    pub facets: Vec<(&'static str, String)>,
}

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
    /// A choice between yes and no.
    #[must_use]
    pub fn yes_or_no(key: &'static str, label: &'static str) -> Self {
        let options = ["yes", "no"].map(|word| (word.to_owned(), word.to_owned()));
        Self { key, label, options: options.to_vec(), shown: true }
    }
}

/// A table with everything it may show.
#[derive(Clone, Debug)]
pub struct Table {
    /// Identifier in the page.
    pub id: &'static str,
    /// Address of the page.
    pub path: &'static str,
    /// The word for one row and for several.
    pub noun: (&'static str, &'static str),
    /// Columns.
    pub columns: Vec<Column>,
    /// Filters.
    pub filters: Vec<Filter>,
    /// All rows, in the order shown when nothing else is asked for.
    pub rows: Vec<Row>,
    /// Shown when there is no row at all.
    pub empty: Markup,
}

impl Table {
    /// Draws the part of the table that `query` asks for.
    #[must_use]
    pub fn render(&self, query: &TableQuery) -> Markup {
        self.draw(query, None)
    }

    /// The same, with a box before each row that has something to [`PICK`] it by. The boxes belong to the form with the
    /// id `picks_in`, wherever on the page it stands.
    #[must_use]
    pub fn render_with_picks(&self, query: &TableQuery, picks_in: &str) -> Markup {
        self.draw(query, Some(picks_in))
    }

    fn draw(&self, query: &TableQuery, picks_in: Option<&str>) -> Markup {
        if self.rows.is_empty() {
            return self.empty.clone();
        }
        let search: String = query.get("q").unwrap_or("").chars().take(SEARCH_LIMIT).collect();
        let rows = self.select(query, &search);
        let pages = rows.len().div_ceil(PAGE_ROWS).max(1);
        let page = query.get("page").and_then(|p| p.parse::<usize>().ok()).unwrap_or(1).clamp(1, pages);
        let shown = &rows[(page - 1) * PAGE_ROWS..(page * PAGE_ROWS).min(rows.len())];
        html! {
            (self.filter_row(query, &search, rows.len(), pages == 1))
            @if rows.is_empty() {
                div.empty {
                    h3 { "No " (self.noun.0) " matches" }
                    p { "Take away a filter, or " a href=(self.path) { "show all " (self.rows.len()) " " (self.noun.1) } "." }
                }
            } @else {
                div.table-wrap {
                    table.cards id=(self.id) role="table" {
                        caption.visually-hidden { (self.noun.1) }
                        thead.sticky role="rowgroup" {
                            tr role="row" {
                                @if let Some(form) = picks_in {
                                    th.pick scope="col" role="columnheader" { span.visually-hidden { "Chosen" } input type="checkbox" hidden data-pick-all=(form) aria-label={ "All " (self.noun.1) " on this page" }; }
                                }
                                @for column in &self.columns { (self.head(column, query)) }
                            }
                        }
                        tbody role="rowgroup" {
                            @for row in shown {
                                tr role="row" {
                                    @if let Some(form) = picks_in { (pick_cell(row, form)) }
                                    @for (column, cell) in self.columns.iter().zip(&row.cells) { (body_cell(column, cell)) }
                                }
                            }
                        }
                    }
                }
                @if pages > 1 { (self.pager(query, page, pages)) }
            }
        }
    }

    /// Filters and orders.
    fn select(&self, query: &TableQuery, search: &str) -> Vec<&Row> {
        let words: Vec<String> = search.to_lowercase().split_whitespace().map(str::to_owned).collect();
        let wanted: Vec<(&str, &str)> =
            self.filters.iter().filter_map(|filter| Some((filter.key, query.get(filter.key)?))).collect();
        let mut rows: Vec<&Row> = self
            .rows
            .iter()
            .filter(|row| {
                let find = row.find.to_lowercase();
                words.iter().all(|word| find.contains(word.as_str()))
                    && wanted
                        .iter()
                        .all(|(key, value)| row.facets.iter().any(|(k, v)| k == key && v == value))
            })
            .collect();
        if let Some(at) =
            query.get("sort").and_then(|key| self.columns.iter().position(|c| c.sorts && c.key == key))
        {
            rows.sort_by(|a, b| a.cells[at].sort.cmp(&b.cells[at].sort));
            if query.get("dir") == Some("desc") {
                rows.reverse();
            }
        }
        rows
    }

    fn head(&self, column: &Column, query: &TableQuery) -> Markup {
        let is_sorted = column.sorts && query.get("sort") == Some(column.key);
        let is_descending = is_sorted && query.get("dir") == Some("desc");
        let direction = match (is_sorted, is_descending) {
            (false, _) => None,
            (true, false) => Some("ascending"),
            (true, true) => Some("descending"),
        };
        let next = if is_sorted && !is_descending { "desc" } else { "" };
        let class = match (column.phone, column.end) {
            (Phone::Wide, _) => Some("p-wide"),
            (_, true) => Some("end"),
            (_, false) => None,
        };
        html! {
            th scope="col" role="columnheader" class=[class] aria-sort=[direction] {
                @if column.sorts {
                    a href=(query.with(self.path, &[("sort", column.key), ("dir", next)])) {
                        (column.label)
                        @if is_sorted { (icon(if is_descending { "i-down" } else { "i-up" })) }
                    }
                } @else { (column.label) }
            }
        }
    }

    fn filter_row(&self, query: &TableQuery, search: &str, found: usize, whole: bool) -> Markup {
        let narrowed = !search.is_empty() || self.filters.iter().any(|f| query.get(f.key).is_some());
        html! {
            form.filters method="get" action=(self.path) role="search" data-filter=(self.id) data-whole=(if whole { "yes" } else { "no" }) {
                label.visually-hidden for={ (self.id) "-q" } { "Find among " (self.noun.1) }
                input type="search" name="q" id={ (self.id) "-q" } value=(search) placeholder={ "Find " (self.noun.1) "  ( / )" } autocomplete="off";
                @for filter in &self.filters {
                    @let chosen = query.get(filter.key);
                    @if filter.shown || chosen.is_some() {
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
                @for key in ["sort", "dir"] {
                    @if let Some(value) = query.get(key) { input type="hidden" name=(key) value=(value); }
                }
                button.button type="submit" { "Apply" }
                @if narrowed { a.button.quiet href=(self.path) { "Clear" } }
                span.count { span data-shown { (found) } " of " (self.rows.len()) " " (super::plural(self.rows.len(), self.noun.0, self.noun.1)) }
            }
        }
    }

    fn pager(&self, query: &TableQuery, page: usize, pages: usize) -> Markup {
        let to = |page: usize| query.with(self.path, &[("page", &page.to_string())]);
        html! {
            nav.pager aria-label="Pages" {
                @if page > 1 { a.button href=(to(page - 1)) rel="prev" { "Previous" } }
                span.num { "Page " (page) " of " (pages) }
                @if page < pages { a.button href=(to(page + 1)) rel="next" { "Next" } }
            }
        }
    }
}

fn pick_cell(row: &Row, form: &str) -> Markup {
    let pick = row.facets.iter().find(|(key, _)| *key == PICK);
    html! {
        td.pick role="cell" {
            @if let Some((_, value)) = pick { label.choice { input type="checkbox" name=(PICK) value=(value) form=(form) aria-label={ "Choose " (value) }; } }
        }
    }
}

fn body_cell(column: &Column, cell: &Cell) -> Markup {
    let mut class = column.phone.class().to_owned();
    if column.end {
        class.push_str(" end");
    }
    let label = (column.phone == Phone::Line).then_some(column.label);
    html! { td role="cell" class=(class) data-label=[label] { (cell.show) } }
}

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

fn drawn(caption: &str, heads: &[&str], rows: &[Vec<Markup>], class: &str) -> Markup {
    html! {
        div.table-wrap tabindex="0" role="group" aria-label=(caption) {
            table class=(class) role="table" {
                caption.visually-hidden { (caption) }
                thead role="rowgroup" { tr role="row" { @for head in heads { th scope="col" role="columnheader" { (head) } } } }
                tbody role="rowgroup" {
                    @for row in rows { tr role="row" { @for cell in row { td role="cell" { (cell) } } } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let row = |id: &str, state: &str| Row {
            cells: vec![Cell::text(id), Cell::text(state)],
            find: format!("{id} {state}"),
            facets: vec![("state", state.to_owned())],
        };
        Table {
            id: "things",
            path: "/things",
            noun: ("thing", "things"),
            columns: vec![
                Column::text("id", "Id", Phone::Title),
                Column::text("state", "State", Phone::Status),
            ],
            filters: vec![Filter {
                key: "state",
                label: "State",
                options: vec![("ready".into(), "Ready".into())],
                shown: true,
            }],
            rows: vec![row("CC10", "ready"), row("CC2", "gap"), row("CC9", "ready")],
            empty: html! { "none" },
        }
    }

    fn query(text: &str) -> TableQuery {
        let pairs =
            text.split('&').filter_map(|p| p.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned()));
        TableQuery::new(pairs.collect())
    }

    fn ids(q: &str) -> Vec<String> {
        let query = query(q);
        table()
            .select(&query, query.get("q").unwrap_or(""))
            .iter()
            .map(|r| r.cells[0].show.0.clone())
            .collect()
    }

    #[test]
    fn the_address_decides_what_is_shown() {
        for (q, expected) in [
            ("", vec!["CC10", "CC2", "CC9"]),
            ("sort=id", vec!["CC2", "CC9", "CC10"]),
            ("sort=id&dir=desc", vec!["CC10", "CC9", "CC2"]),
            ("state=ready&sort=id", vec!["CC9", "CC10"]),
            ("q=GAP", vec!["CC2"]),
            ("state=unheard", vec![]),
            ("sort=unheard", vec!["CC10", "CC2", "CC9"]),
        ] {
            assert_eq!(ids(q), expected, "{q}");
        }
    }

    #[test]
    fn order_is_told_to_everyone_and_links_keep_the_filter() {
        let html = table().render(&query("sort=id&state=ready")).0;
        assert!(html.contains(r#"aria-sort="ascending""#), "{html}");
        assert!(html.contains("/things?state=ready&amp;sort=id&amp;dir=desc"), "{html}");
        assert!(html.contains(r#"<th scope="col""#));
    }

    #[test]
    fn hostile_addresses_are_escaped_and_clamped() {
        let html = table().render(&query("q=\"><script>&page=999999999999999999999&state=<img onerror=1>")).0;
        assert!(!html.contains("<script>") && !html.contains("<img"), "{html}");
        assert!(html.contains("No thing matches"));
    }
}
