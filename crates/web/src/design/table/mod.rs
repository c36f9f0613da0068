//! The one table: sorting, filtering, choice of columns and paging by the address, so that every view of it can be linked to
//! and works without script; on a phone its rows become cards. Either it has all rows and shows some of them, or the
//! database found those of one page ([`Counted`]).

mod cell;
mod filter;
mod query;
mod small;

use maud::{Markup, PreEscaped, html};

use super::icon::icon;

pub use cell::{Cell, Column, Phone, Piece, Plain, Row, Sort};
pub use filter::{Filter, folded};
pub use query::TableQuery;
pub use small::{items, plain, wide};

/// Rows on one page.
pub const PAGE_ROWS: usize = 50;
/// The facet by which a row is chosen, and the name of its box.
pub const PICK: &str = "pick";
/// The name in the address of a column that is shown; without one all are.
pub const COLUMN: &str = "col";
/// How a link begins.
const LINK: &str = "<a ";

/// How many rows there are where the database found those of one page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// How many fit.
    pub found: usize,
    /// How many there are.
    pub total: usize,
}

/// What stands around the rows.
#[derive(Clone, Debug, Default)]
pub struct Around {
    /// The id of the form that boxes before the rows belong to, wherever on the page it stands.
    pub picks_in: Option<&'static str>,
    /// Views that people named.
    pub views: Markup,
    /// Whether the list can be taken out as a file.
    pub exports: bool,
}

/// A table with everything it may show.
#[derive(Clone, Debug)]
pub struct Table {
    /// Identifier in the page.
    pub id: String,
    /// Address of the page.
    pub path: String,
    /// The word for one row and for several.
    pub noun: (&'static str, &'static str),
    /// Columns.
    pub columns: Vec<Column>,
    /// Filters.
    pub filters: Vec<Filter>,
    /// All rows, in the order shown when nothing else is asked for; or those of one page.
    pub rows: Vec<Row>,
    /// Says how many there are where `rows` are those of one page.
    pub counted: Option<Counted>,
    /// Shown when there is no row at all.
    pub empty: Markup,
}

impl Table {
    /// Draws the part of the table that `query` asks for.
    #[must_use]
    pub fn render(&self, query: &TableQuery) -> Markup {
        self.draw(query, &Around::default())
    }

    /// The same, with what stands around the rows.
    #[must_use]
    pub fn draw(&self, query: &TableQuery, around: &Around) -> Markup {
        let total = self.counted.map_or(self.rows.len(), |counted| counted.total);
        if total == 0 {
            return self.empty.clone();
        }
        let search = query.search();
        let selected = self.selected(query);
        let found = self.counted.map_or(selected.len(), |counted| counted.found);
        let pages = found.div_ceil(PAGE_ROWS).max(1);
        let page = usize::try_from(query.page()).unwrap_or(usize::MAX).clamp(1, pages);
        let shown: Vec<&Row> = match self.counted {
            Some(_) => selected,
            None => selected.into_iter().skip((page - 1) * PAGE_ROWS).take(PAGE_ROWS).collect(),
        };
        let columns = self.shown_columns(query);
        html! {
            (around.views)
            (self.filter_row(query, &search, (found, total), pages == 1))
            @if shown.is_empty() {
                div.empty {
                    h3 { "No " (self.noun.0) " matches" }
                    p { "Take away a filter, or " a href=(self.path) { "show all " (total) " " (self.noun.1) } "." }
                }
            } @else {
                div.table-wrap {
                    table.cards id=(self.id) role="table" {
                        caption.visually-hidden { (self.noun.1) }
                        thead.sticky role="rowgroup" {
                            tr role="row" {
                                @if let Some(form) = around.picks_in {
                                    th.pick scope="col" role="columnheader" { span.visually-hidden { "Chosen" } input type="checkbox" hidden data-pick-all=(form) aria-label={ "All " (self.noun.1) " on this page" }; }
                                }
                                @for (_, column) in &columns { (self.head(column, query)) }
                            }
                        }
                        tbody role="rowgroup" {
                            @for row in shown {
                                tr role="row" {
                                    @if let Some(form) = around.picks_in { (pick_cell(row, form)) }
                                    (body_cells(row, &columns))
                                }
                            }
                        }
                    }
                }
            }
            div.table-foot {
                @if pages > 1 { (self.pager(query, page, pages)) }
                (self.column_choice(query))
                @if around.exports && found > 0 { (self.exports(query)) }
            }
        }
    }

    /// The columns that are shown, with their places. The one that names the row always is.
    #[must_use]
    pub fn shown_columns(&self, query: &TableQuery) -> Vec<(usize, &Column)> {
        let chosen: Vec<&str> = query.all(COLUMN).collect();
        let is_known = self.columns.iter().any(|column| chosen.contains(&column.key));
        let is_shown =
            |column: &Column| !is_known || column.phone == Phone::Title || chosen.contains(&column.key);
        self.columns.iter().enumerate().filter(|(_, column)| is_shown(column)).collect()
    }

    /// The rows that `query` asks for, on whatever page, in its order.
    #[must_use]
    pub fn selected(&self, query: &TableQuery) -> Vec<&Row> {
        match self.counted {
            Some(_) => self.rows.iter().collect(),
            None => self.select(query, &query.search()),
        }
    }

    fn column_choice(&self, query: &TableQuery) -> Markup {
        let shown: Vec<usize> = self.shown_columns(query).into_iter().map(|(at, _)| at).collect();
        html! {
            details.choose {
                summary { "Columns" }
                form method="get" action=(self.path) {
                    @for (key, value) in query.pairs().filter(|(key, value)| !value.is_empty() && *key != COLUMN && *key != "page") {
                        input type="hidden" name=(key) value=(value);
                    }
                    @for (at, column) in self.columns.iter().enumerate() {
                        @let is_fixed = column.phone == Phone::Title;
                        label.choice { input type="checkbox" name=(COLUMN) value=(column.key) checked[shown.contains(&at)] disabled[is_fixed]; (column.label) }
                    }
                    button.button type="submit" { "Show these" }
                    @if query.get(COLUMN).is_some() { a.button.quiet href=(query.with(&self.path, &[(COLUMN, "")])) { "Show all" } }
                }
            }
        }
    }

    fn exports(&self, query: &TableQuery) -> Markup {
        let to = |ending: &str| query.with(&format!("/export/{}.{ending}", self.id), &[]);
        html! {
            p.exports { "Take out: " a href=(to("csv")) download { "CSV" } " " a href=(to("xlsx")) download { "Excel" } }
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
            (Phone::Wide, true) => Some("p-wide end"),
            (Phone::Wide, false) => Some("p-wide"),
            (_, true) => Some("end"),
            (_, false) => None,
        };
        html! {
            th scope="col" role="columnheader" class=[class] aria-sort=[direction] {
                @if column.sorts {
                    a href=(query.with(&self.path, &[("sort", column.key), ("dir", next)])) {
                        (column.label)
                        @if is_sorted { (icon(if is_descending { "i-down" } else { "i-up" })) }
                    }
                } @else { (column.label) }
            }
        }
    }

    fn filter_row(
        &self,
        query: &TableQuery,
        search: &str,
        (found, total): (usize, usize),
        whole: bool,
    ) -> Markup {
        let (made, choices) = filter::choices(&self.filters, query);
        let narrowed = !search.is_empty() || made > 0;
        html! {
            form.filters method="get" action=(self.path) role="search" data-filter=(self.id) data-whole=(if whole { "yes" } else { "no" }) {
                label.visually-hidden for={ (self.id) "-q" } { "Find among " (self.noun.1) }
                input type="search" name="q" id={ (self.id) "-q" } value=(search) placeholder={ "Find " (self.noun.1) "  ( / )" } autocomplete="off";
                (choices)
                @for key in ["sort", "dir", COLUMN] {
                    @for value in query.all(key) { input type="hidden" name=(key) value=(value); }
                }
                button.button type="submit" { "Apply" }
                @if narrowed { a.button.quiet href=(self.path) { "Clear" } }
                span.count { span data-shown { (found) } " of " (total) " " (super::plural(total, self.noun.0, self.noun.1)) }
            }
        }
    }

    fn pager(&self, query: &TableQuery, page: usize, pages: usize) -> Markup {
        let to = |page: usize| query.with(&self.path, &[("page", &page.to_string())]);
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

/// The cells of a row that are shown, with a mark for scripts at the link that names the row: the first in the column that
/// names it, or of all where that has none.
fn body_cells(row: &Row, columns: &[(usize, &Column)]) -> Markup {
    let has_link = |at: usize| row.cells[at].show.0.contains(LINK);
    let linked = || columns.iter().filter(|(at, _)| has_link(*at));
    let named = linked().find(|(_, column)| column.phone == Phone::Title).or_else(|| linked().next());
    let named = named.map(|(at, _)| *at);
    html! { @for (at, column) in columns { (body_cell(column, &row.cells[*at], named == Some(*at))) } }
}

fn body_cell(column: &Column, cell: &Cell, names_row: bool) -> Markup {
    let mut class = column.phone.class().to_owned();
    if column.end {
        class.push_str(" end");
    }
    let is_empty = cell.show.0.is_empty()
        || (cell.plain == Plain::Text(String::new()) && words(&cell.show).trim().is_empty());
    let label = (column.phone == Phone::Line && !is_empty).then_some(column.label);
    let show = if names_row { marked(&cell.show) } else { cell.show.clone() };
    html! { td role="cell" class=(class) data-label=[label] { (show) } }
}

/// What is read of markup: the text outside of its tags.
fn words(markup: &Markup) -> String {
    let pieces = markup.0.split('<').enumerate();
    pieces
        .map(|(at, piece)| if at == 0 { piece } else { piece.split_once('>').map_or("", |(_, text)| text) })
        .collect()
}

/// The same with its first link marked. Text is escaped, so that what reads as a tag is one.
fn marked(show: &Markup) -> Markup {
    PreEscaped(show.0.replacen(LINK, &format!("{LINK}data-row "), 1))
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
            id: "things".into(),
            path: "/things".into(),
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
            counted: None,
            rows: vec![row("CC10", "ready"), row("CC2", "gap"), row("CC9", "ready")],
            empty: html! { "none" },
        }
    }

    #[test]
    fn on_a_phone_words_that_stand_for_nothing_say_what_there_is_none_of() {
        let column = Column::text("controls", "Controls", Phone::Line);
        let drawn = |show: Markup| body_cell(&column, &Cell::by_text(show, ""), false).0;
        let none = drawn(html! { span.refs { span.muted { "none" } } });
        assert!(none.contains(r#"data-label="Controls""#), "{none}");
        assert!(!drawn(html! { span.nowrap {} }).contains("data-label"));
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
    fn columns_are_chosen_and_a_page_of_the_database_is_shown_as_it_came() {
        let some = Table {
            columns: vec![
                Column::text("id", "Id", Phone::Title),
                Column::text("state", "State", Phone::Status),
                Column::text("more", "More", Phone::Line),
            ],
            rows: Vec::new(),
            ..table()
        };
        let keys = |q: &str| -> Vec<&'static str> {
            some.shown_columns(&query(q)).into_iter().map(|(_, column)| column.key).collect()
        };
        assert_eq!(keys("col=more"), ["id", "more"]);
        assert_eq!(keys("col=unheard"), ["id", "state", "more"]);
        let paged = Table { counted: Some(Counted { found: 250, total: 9000 }), ..table() };
        let html = paged.render(&query("state=ready&page=2&q=x&col=state")).0;
        assert!(html.contains("CC2") && html.contains("250") && html.contains("of 9000 things"), "{html}");
        assert!(
            html.contains("Page 2 of 5")
                && html.contains("/things?state=ready&amp;q=x&amp;col=state&amp;page=3")
        );
    }

    #[test]
    fn the_link_that_names_a_row_is_marked() {
        let drawn = |first: Markup, title: Markup| {
            let cells = vec![Cell::by_text(first, "1"), Cell::by_text(title, "x")];
            let columns =
                vec![Column::number("no", "No.", Phone::Line), Column::text("id", "Id", Phone::Title)];
            let row = Row { cells, find: String::new(), facets: Vec::new() };
            Table { columns, rows: vec![row], ..table() }.render(&query("")).0
        };
        let link = |href: &str| html! { a href=(href) { "x" } };
        let html = drawn(link("/first"), html! { (link("/named")) (link("/other")) });
        assert!(html.contains(r#"<a data-row href="/named">"#), "{html}");
        assert!(html.contains(r#"<a href="/first">"#) && html.contains(r#"<a href="/other">"#), "{html}");
        assert!(drawn(link("/first"), html! { "x" }).contains(r#"<a data-row href="/first">"#));
        assert!(!drawn(html! { "1" }, html! { "<a " }).contains("data-row"));
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
