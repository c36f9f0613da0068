//! Understanding the rows of a list. Every bad row is named with line and column; one bad row refuses the list.

use std::collections::BTreeMap;

use tickmark_core::program::population::{
    Amount, AttributeState, DateOrder, Definition, Item, ListProblem, Mapping, NoAmount, PopulationError,
    normal_key, read_moment,
};
use tickmark_core::zone::Zone;

use super::keys::problem;
use super::table::List;

/// Largest list in bytes.
pub const MAX_LIST_BYTES: usize = 64 << 20;
/// Most problems named; a list that has more is of another kind.
pub const MAX_PROBLEMS: usize = 1_000;
/// Problems that one error message names.
const SHOWN: usize = 10;
/// Characters of foreign text that a problem shows.
const SHOWN_CHARS: usize = 40;
/// Columns beside the attributes.
const KEY: &str = "key";
const OCCURRED_AT: &str = "occurred_at";
const NOTE: &str = "note";
const STRATUM: &str = "stratum";
const AMOUNT: &str = "amount";

/// Says in one message what is wrong.
#[must_use]
pub fn summary(name: &str, problems: &[ListProblem]) -> String {
    let shown: Vec<String> = problems.iter().take(SHOWN).map(ToString::to_string).collect();
    let more = problems.len().saturating_sub(SHOWN);
    let rest = if more > 0 { format!("; and {more} more") } else { String::new() };
    format!("{name:?} was not imported, nothing was applied: {}{rest}", shown.join("; "))
}

/// One row of a list, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The item.
    pub item: Item,
    /// The part of the population it belongs to.
    pub stratum: Option<String>,
    /// Its amount.
    pub amount: Option<Amount>,
}

/// Understands the rows of a list. Without a mapping its columns are `key`, `occurred_at`, one for each attribute (`met`,
/// `not met`, `not tested` or nothing) and, if wanted, `note`, `stratum` and `amount`, and no others. An attribute without
/// a column is not tested. What has no offset is read in `zone`.
///
/// # Errors
/// Every problem up to [`MAX_PROBLEMS`], with line and column.
pub fn read(
    definition: &Definition,
    list: &List,
    mapping: Option<&Mapping>,
    zone: &Zone,
) -> Result<Vec<Listed>, Vec<ListProblem>> {
    let columns = match mapping {
        Some(mapping) => mapped(definition, list, mapping)?,
        None => columns(definition, list)?,
    };
    let reader = Reader { definition, columns, zone, dates: mapping.map_or(DateOrder::Iso, |one| one.dates) };
    let mut problems = Vec::new();
    let mut items = Vec::with_capacity(list.rows.len());
    let mut lines: BTreeMap<String, u64> = BTreeMap::new();
    for (line, record) in &list.rows {
        let line = *line;
        let before = problems.len();
        if record.len() != list.heading.len() {
            let what = format!("{} columns where the heading has {}", record.len(), list.heading.len());
            problems.push(problem(line, "", what));
        } else {
            let item = reader.item(record, |place, what| {
                let column = place.map_or("", |place| list.heading[place].as_str());
                problems.push(problem(line, column, what));
            });
            if let Some(item) = item
                && problems.len() == before
            {
                let key = &item.item.key;
                if let Some(first) = lines.insert(key.clone(), line) {
                    let column = &list.heading[reader.columns.key];
                    problems.push(problem(line, column, format!("{key:?} is on line {first} already")));
                }
                items.push(item);
            }
        }
        if problems.len() >= MAX_PROBLEMS {
            break;
        }
    }
    if problems.is_empty() { Ok(items) } else { Err(problems) }
}

/// Where each thing stands in a row.
struct Columns {
    key: usize,
    occurred_at: usize,
    note: Option<usize>,
    stratum: Option<usize>,
    amount: Option<usize>,
    attributes: Vec<Option<usize>>,
}

/// Finds the columns that a mapping names; others are left alone.
fn mapped(definition: &Definition, list: &List, mapping: &Mapping) -> Result<Columns, Vec<ListProblem>> {
    let line = list.heading_line;
    let mut problems = Vec::new();
    if let Err(error) = mapping.check() {
        problems.push(problem(line, "", error));
    }
    let there = || list.heading.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
    let mut find = |wanted: &str| {
        let same = |name: &str| name.trim() == wanted.trim();
        let mut places = (0..list.heading.len()).filter(|place| same(&list.heading[*place]));
        match (places.next(), places.next()) {
            (Some(only), None) => Some(only),
            (None, _) => {
                let what = format!("is not in the heading, which has {}", there());
                problems.push(problem(line, wanted, what));
                None
            }
            (Some(_), Some(_)) => {
                problems.push(problem(line, wanted, "stands twice in the heading"));
                None
            }
        }
    };
    let (key, occurred_at) = (find(&mapping.key), find(&mapping.occurred_at));
    let [note, stratum, amount] =
        [&mapping.note, &mapping.stratum, &mapping.amount].map(|name| name.as_deref().and_then(&mut find));
    let attributes = definition
        .attributes
        .iter()
        .map(|attribute| mapping.attributes.get(&attribute.id).and_then(|name| find(name)))
        .collect();
    match (key, occurred_at) {
        (Some(key), Some(occurred_at)) if problems.is_empty() => {
            Ok(Columns { key, occurred_at, note, stratum, amount, attributes })
        }
        _ => Err(problems),
    }
}

/// Finds the columns of a list that is read by their names.
fn columns(definition: &Definition, list: &List) -> Result<Columns, Vec<ListProblem>> {
    let (names, line) = (&list.heading, list.heading_line);
    let place = |wanted: &str| names.iter().position(|name| name.eq_ignore_ascii_case(wanted));
    let mut problems = Vec::new();
    for (number, name) in names.iter().enumerate() {
        let is_known = [KEY, OCCURRED_AT, NOTE, STRATUM, AMOUNT]
            .into_iter()
            .chain(definition.attributes.iter().map(|attribute| attribute.id.as_str()))
            .any(|known| known.eq_ignore_ascii_case(name));
        if !is_known {
            let known: Vec<&str> =
                definition.attributes.iter().map(|attribute| attribute.id.as_str()).collect();
            let what = format!(
                "is not key, occurred_at, note, stratum, amount or one of the attributes {}; a mapping says which \
                 column is what",
                known.join(", ")
            );
            problems.push(problem(line, name, what));
        } else if names[..number].iter().any(|earlier| earlier.eq_ignore_ascii_case(name)) {
            problems.push(problem(line, name, "stands twice in the heading"));
        }
    }
    let (key, occurred_at) = (place(KEY), place(OCCURRED_AT));
    for (name, found) in [(KEY, key), (OCCURRED_AT, occurred_at)] {
        if found.is_none() {
            problems.push(problem(line, name, "is missing in the heading"));
        }
    }
    match (key, occurred_at) {
        (Some(key), Some(occurred_at)) if problems.is_empty() => Ok(Columns {
            key,
            occurred_at,
            note: place(NOTE),
            stratum: place(STRATUM),
            amount: place(AMOUNT),
            attributes: definition.attributes.iter().map(|attribute| place(&attribute.id)).collect(),
        }),
        _ => Err(problems),
    }
}

/// What rows are understood by.
struct Reader<'a> {
    definition: &'a Definition,
    columns: Columns,
    zone: &'a Zone,
    dates: DateOrder,
}

impl Reader<'_> {
    /// Understands a row. What is wrong is reported with the place of its column.
    fn item(
        &self,
        record: &csv::StringRecord,
        mut report: impl FnMut(Option<usize>, String),
    ) -> Option<Listed> {
        let columns = &self.columns;
        let used =
            [Some(columns.key), Some(columns.occurred_at), columns.note, columns.stratum, columns.amount];
        let mut is_value = true;
        for place in used.into_iter().chain(columns.attributes.iter().copied()).flatten() {
            if record[place].trim_start().starts_with('=') {
                let shown: String = record[place].chars().take(SHOWN_CHARS).collect();
                report(
                    Some(place),
                    format!("{shown:?} is a formula and not a value; put its value in its place"),
                );
                is_value = false;
            }
        }
        if !is_value {
            return None;
        }
        let text = |place: Option<usize>| place.map_or("", |place| record[place].trim());
        let key = normal_key(&record[columns.key]);
        let key = key.map_err(|error| report(Some(columns.key), error.to_string())).ok();
        let moment = read_moment(&record[columns.occurred_at], self.zone, self.dates);
        let moment = moment.map_err(|error| report(Some(columns.occurred_at), error.to_string())).ok();
        let stratum = match text(columns.stratum) {
            "" if columns.stratum.is_some() => {
                report(columns.stratum, "is empty; each item belongs to one part".to_owned());
                None
            }
            "" => None,
            name => {
                normal_key(name).map_err(|_| report(columns.stratum, format!("{name:?} names no part"))).ok()
            }
        };
        let amount = match text(columns.amount) {
            "" => None,
            text => text.parse().map_err(|error: NoAmount| report(columns.amount, error.to_string())).ok(),
        };
        let mut states = Vec::with_capacity(columns.attributes.len());
        for place in &columns.attributes {
            let word = text(*place);
            match AttributeState::read(word) {
                Some(state) => states.push(state),
                None => {
                    let shown: String = word.chars().take(SHOWN_CHARS).collect();
                    report(*place, format!("{shown:?} is none of met, not met, not tested"));
                }
            }
        }
        let note = text(columns.note).to_owned();
        let item = Item { key: key?, occurred_at: moment?, states, note };
        if item.states.len() == self.definition.attributes.len()
            && let Err(error) = self.definition.check_item(&item)
        {
            self.misfit(&error, &mut report);
        }
        Some(Listed { item, stratum, amount })
    }

    /// Says at which column an item does not fit, and for a moment outside the time how it was read.
    fn misfit(&self, error: &PopulationError, report: &mut impl FnMut(Option<usize>, String)) {
        match error {
            PopulationError::Outside { .. } if self.zone.name() != "UTC" => {
                let definition = self.definition;
                let what = format!(
                    "{error}: it goes from {} to {}, and the list is in {}",
                    self.zone.day(definition.from),
                    self.zone.day(definition.to.plus_micros(-1)),
                    self.zone
                );
                report(Some(self.columns.occurred_at), what);
            }
            PopulationError::Outside { .. } => report(Some(self.columns.occurred_at), error.to_string()),
            PopulationError::Unreadable(_) => report(self.columns.note, error.to_string()),
            _ => report(Some(self.columns.key), error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use tickmark_core::control::TestAttribute;

    use super::*;

    fn definition() -> Definition {
        let attribute = |id: &str| TestAttribute {
            id: id.into(),
            asserts: format!("{id} before deployment"),
            deviation: format!("not {id}"),
        };
        Definition {
            control: "CHG-02".parse().expect("an id"),
            title: "Deployments".into(),
            trigger: "a deployment".into(),
            attributes: vec![attribute("approved"), attribute("tested")],
            from: "2026-01-01T00:00:00Z".parse().expect("a moment"),
            to: "2026-07-01T00:00:00Z".parse().expect("a moment"),
        }
    }

    fn understood(
        text: &[u8],
        mapping: Option<&Mapping>,
        zone: &str,
    ) -> Result<Vec<Listed>, Vec<ListProblem>> {
        let list = List::of_csv("list.csv", text.to_vec().into())?;
        read(&definition(), &list, mapping, &zone.parse().expect("a zone"))
    }

    fn problems(text: &[u8]) -> Vec<String> {
        let refused = understood(text, None, "UTC").expect_err("refused");
        refused.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_good_list_is_read_with_quotes_and_byte_order_mark() {
        let text = "\u{feff}Key,approved,occurred_at,note\nDEP-1,met,2026-01-02,\"a, b\"\nDEP-2,not met,2026-01-03T10:00:00+01:00,\n";
        let items = understood(text.as_bytes(), None, "UTC").expect("good");
        let items: Vec<Item> = items.into_iter().map(|listed| listed.item).collect();
        use AttributeState::{Met, NotMet, NotTested};
        assert_eq!(items[0].states, [Met, NotTested]);
        assert_eq!((items[0].note.as_str(), items[1].states[0]), ("a, b", NotMet));
        assert_eq!(items[1].occurred_at.to_string(), "2026-01-03T09:00:00.000000Z");
        assert_eq!(understood(b"key,occurred_at\n", None, "UTC"), Ok(Vec::new()), "zero items are a list");
    }

    #[test]
    fn every_bad_row_is_named_with_line_and_column() {
        let text = b"key,occurred_at,approved,tested\n,2026-01-02,met,met\nDEP-1,yesterday,maybe,met\nDEP-2,2027-01-02,met,met\nDEP-3,2026-01-02,met\nDEP-4,2026-01-02,met,met\nDEP-4,2026-01-02,met,met\nDEP-5,\"=TODAY()\",met,met\n";
        assert_eq!(
            problems(text),
            [
                "line 2, column key: \"\" is not the key of an item: it needs 1 to 200 bytes without control characters",
                "line 3, column occurred_at: \"yesterday\" is neither a date like 2026-11-24 nor a moment like 2026-11-24T14:45:00Z",
                "line 3, column approved: \"maybe\" is none of met, not met, not tested",
                "line 4, column occurred_at: DEP-2 occurred at 2027-01-02T00:00:00.000000Z, which this population does not cover",
                "line 5: 3 columns where the heading has 4",
                "line 7, column key: \"DEP-4\" is on line 6 already",
                "line 8, column occurred_at: \"=TODAY()\" is a formula and not a value; put its value in its place",
            ]
        );
        assert_eq!(
            problems(b"id,occurred_at,occurred_at\n"),
            [
                "line 1, column id: is not key, occurred_at, note, stratum, amount or one of the attributes approved, tested; a mapping says which column is what",
                "line 1, column occurred_at: stands twice in the heading",
                "line 1, column key: is missing in the heading"
            ]
        );
        let many = format!("key,occurred_at\n{}", ",x\n".repeat(3000));
        assert!(problems(many.as_bytes()).len() <= MAX_PROBLEMS + 1);
        let many = understood(many.as_bytes(), None, "UTC").expect_err("bad");
        assert!(summary("a.csv", &many).contains("and 9"));
    }

    #[test]
    fn days_of_the_first_and_last_day_fall_where_the_clocks_of_the_list_say() {
        let text = b"key,occurred_at\nA,2026-01-01\nB,2026-06-30 23:30\nC,2026-06-30\n";
        assert_eq!(understood(text, None, "UTC").expect("inside").len(), 3);
        let says = |zone: &str| -> Vec<String> {
            let refused = understood(text, None, zone).expect_err("outside");
            refused.iter().map(ToString::to_string).collect()
        };
        // An hour before the year began in UTC.
        let berlin = says("Europe/Berlin");
        assert_eq!(berlin.len(), 1, "{berlin:?}");
        assert!(
            berlin[0].starts_with("line 2, column occurred_at: A occurred at 2025-12-31T23:00:00"),
            "{berlin:?}"
        );
        assert!(berlin[0].ends_with("and the list is in Europe/Berlin"), "{berlin:?}");
        // Summer time: four hours behind.
        let york = says("America/New_York");
        assert_eq!(york.len(), 1, "{york:?}");
        assert!(
            york[0].starts_with("line 3, column occurred_at: B occurred at 2026-07-01T03:30:00"),
            "{york:?}"
        );
    }

    #[test]
    fn a_mapping_says_which_column_is_what() {
        let mapping = Mapping {
            key: "Change".into(),
            occurred_at: "Deployed".into(),
            stratum: Some("Service".into()),
            amount: Some("Cost".into()),
            attributes: [("approved".to_owned(), "Reviewed?".to_owned())].into(),
            dates: DateOrder::DayFirst,
            ..Mapping::default()
        };
        let text = "Change;Deployed;Service;Cost;Reviewed?;Who\nC-1;03/04/2026 10:00;api;12.5;yes;=x\n";
        let items = understood(text.as_bytes(), Some(&mapping), "Europe/Berlin").expect("good");
        let [one] = items.as_slice() else { panic!("one item") };
        assert_eq!(one.item.occurred_at.to_string(), "2026-04-03T08:00:00.000000Z");
        assert_eq!((one.stratum.as_deref(), one.amount.map(Amount::parts)), (Some("api"), Some(125_000)));
        use AttributeState::{Met, NotTested};
        assert_eq!(one.item.states, [Met, NotTested]);
        let bad = "Change;Deployed;Service;Cost;Reviewed?\nC-1;31/12/2026;;1,5;maybe\n";
        let refused = understood(bad.as_bytes(), Some(&mapping), "UTC").expect_err("bad");
        assert_eq!(
            refused.iter().map(|one| one.column.as_str()).collect::<Vec<_>>(),
            ["Service", "Cost", "Reviewed?"]
        );
        let missing = understood(b"Change;When;Service;Cost\n", Some(&mapping), "UTC").expect_err("bad");
        assert_eq!(
            missing.iter().map(ToString::to_string).collect::<Vec<_>>(),
            [
                "line 1, column Deployed: is not in the heading, which has \"Change\", \"When\", \"Service\", \"Cost\"",
                "line 1, column Reviewed?: is not in the heading, which has \"Change\", \"When\", \"Service\", \"Cost\"",
            ]
        );
    }
}
