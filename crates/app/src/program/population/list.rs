//! Reading a list of items from CSV. Every bad row is named with line and column; one bad row refuses the list.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use tickmark_core::Timestamp;
use tickmark_core::program::population::{AttributeState, Definition, Item, MAX_ITEMS, normal_key};

/// Largest list in bytes.
pub const MAX_LIST_BYTES: usize = 64 << 20;
/// Most problems named; a list that has more is of another kind.
pub const MAX_PROBLEMS: usize = 1_000;
/// Problems that one error message names.
const SHOWN: usize = 10;
/// Columns beside the attributes.
const KEY: &str = "key";
const OCCURRED_AT: &str = "occurred_at";
const NOTE: &str = "note";

/// What is wrong in a list, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListProblem {
    /// Line, counted from 1 with the heading.
    pub line: u64,
    /// Name of the column; empty for what concerns the whole line.
    pub column: String,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for ListProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.column.as_str() {
            "" => write!(f, "line {}: {}", self.line, self.what),
            column => write!(f, "line {}, column {column}: {}", self.line, self.what),
        }
    }
}

/// Says in one message what is wrong.
pub(super) fn summary(name: &str, problems: &[ListProblem]) -> String {
    let shown: Vec<String> = problems.iter().take(SHOWN).map(ToString::to_string).collect();
    let more = problems.len().saturating_sub(SHOWN);
    let rest = if more > 0 { format!("; and {more} more") } else { String::new() };
    format!("{name:?} was not imported, nothing was applied: {}{rest}", shown.join("; "))
}

/// Reads items from CSV with a heading: `key`, `occurred_at`, one column for each attribute (`met`, `not met`,
/// `not tested` or nothing) and, if wanted, `note`. An attribute without a column is not tested.
///
/// # Errors
/// Every problem up to [`MAX_PROBLEMS`], with line and column.
pub fn read(definition: &Definition, bytes: &[u8]) -> Result<Vec<Item>, Vec<ListProblem>> {
    let problem = |line, column: &str, what: String| ListProblem { line, column: column.to_owned(), what };
    if bytes.len() > MAX_LIST_BYTES {
        return Err(vec![problem(1, "", format!("the list is larger than {MAX_LIST_BYTES} bytes"))]);
    }
    // A mark of byte order, as spreadsheets write it.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let heading = match reader.byte_headers() {
        Ok(heading) => heading.clone(),
        Err(error) => return Err(vec![problem(1, "", error.to_string())]),
    };
    let columns = columns(definition, &heading)?;
    let mut problems = Vec::new();
    let mut items = Vec::new();
    let mut lines: BTreeMap<String, u64> = BTreeMap::new();
    for record in reader.byte_records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                problems.push(problem(0, "", error.to_string()));
                break;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        let before = problems.len();
        if record.len() != heading.len() {
            let what = format!("{} columns where the heading has {}", record.len(), heading.len());
            problems.push(problem(line, "", what));
        } else {
            let item = item(definition, &columns, &record, |column, what| {
                problems.push(problem(line, column, what));
            });
            if let Some(item) = item
                && problems.len() == before
            {
                if let Some(first) = lines.insert(item.key.clone(), line) {
                    problems.push(problem(line, KEY, format!("{:?} is on line {first} already", item.key)));
                }
                items.push(item);
            }
        }
        if items.len() > MAX_ITEMS {
            problems.push(problem(line, "", format!("a list has at most {MAX_ITEMS} items")));
        }
        if items.len() > MAX_ITEMS || problems.len() >= MAX_PROBLEMS {
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
    attributes: Vec<Option<usize>>,
}

fn columns(definition: &Definition, heading: &csv::ByteRecord) -> Result<Columns, Vec<ListProblem>> {
    let names: Vec<String> =
        heading.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
    let place = |wanted: &str| names.iter().position(|name| name.eq_ignore_ascii_case(wanted));
    let problem =
        |column: &str, what: &str| ListProblem { line: 1, column: column.to_owned(), what: what.to_owned() };
    let mut problems = Vec::new();
    for (number, name) in names.iter().enumerate() {
        let is_known = [KEY, OCCURRED_AT, NOTE]
            .into_iter()
            .chain(definition.attributes.iter().map(|attribute| attribute.id.as_str()))
            .any(|known| known.eq_ignore_ascii_case(name));
        let shown: String = name.chars().take(60).collect();
        if !is_known {
            let known: Vec<&str> =
                definition.attributes.iter().map(|attribute| attribute.id.as_str()).collect();
            let what = format!("is not key, occurred_at, note or one of the attributes {}", known.join(", "));
            problems.push(problem(&shown, &what));
        } else if names[..number].iter().any(|earlier| earlier.eq_ignore_ascii_case(name)) {
            problems.push(problem(&shown, "stands twice in the heading"));
        }
    }
    let (key, occurred_at) = (place(KEY), place(OCCURRED_AT));
    for (name, found) in [(KEY, key), (OCCURRED_AT, occurred_at)] {
        if found.is_none() {
            problems.push(problem(name, "is missing in the heading"));
        }
    }
    match (key, occurred_at) {
        (Some(key), Some(occurred_at)) if problems.is_empty() => Ok(Columns {
            key,
            occurred_at,
            note: place(NOTE),
            attributes: definition.attributes.iter().map(|attribute| place(&attribute.id)).collect(),
        }),
        _ => Err(problems),
    }
}

fn item(
    definition: &Definition,
    columns: &Columns,
    record: &csv::ByteRecord,
    mut report: impl FnMut(&str, String),
) -> Option<Item> {
    let mut text = |place: usize, column: &str| match std::str::from_utf8(&record[place]) {
        Ok(text) => Some(text),
        Err(_) => {
            report(column, "is not UTF-8".to_owned());
            None
        }
    };
    let key = text(columns.key, KEY)?;
    let occurred_at = text(columns.occurred_at, OCCURRED_AT)?;
    let note = columns.note.map_or(Some(""), |place| text(place, NOTE))?;
    let mut words = Vec::with_capacity(columns.attributes.len());
    for (attribute, place) in definition.attributes.iter().zip(&columns.attributes) {
        words.push(place.map_or(Some(""), |place| text(place, &attribute.id))?);
    }
    let key = normal_key(key).map_err(|error| report(KEY, error.to_string())).ok();
    let moment = moment(occurred_at);
    if moment.is_none() {
        let shown: String = occurred_at.chars().take(40).collect();
        report(
            OCCURRED_AT,
            format!("{shown:?} is neither a date like 2026-11-24 nor a moment like 2026-11-24T14:45:00Z"),
        );
    }
    let mut states = Vec::with_capacity(words.len());
    for (attribute, word) in definition.attributes.iter().zip(words) {
        match AttributeState::read(word) {
            Some(state) => states.push(state),
            None => {
                let shown: String = word.chars().take(40).collect();
                report(&attribute.id, format!("{shown:?} is none of met, not met, not tested"));
            }
        }
    }
    let item = Item { key: key?, occurred_at: moment?, states, note: note.trim().to_owned() };
    if item.states.len() == definition.attributes.len()
        && let Err(error) = definition.check_item(&item)
    {
        use tickmark_core::program::population::PopulationError::{Outside, Unreadable};
        let column = match error {
            Outside { .. } => OCCURRED_AT,
            Unreadable(_) => NOTE,
            _ => KEY,
        };
        report(column, error.to_string());
    }
    Some(item)
}

/// Reads a moment with its zone, or a date as its first moment in UTC.
fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    text.parse().ok().or_else(|| format!("{text}T00:00:00Z").parse().ok().filter(|_| text.len() == 10))
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

    fn problems(text: &[u8]) -> Vec<String> {
        read(&definition(), text).expect_err("refused").iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_good_list_is_read_with_quotes_and_byte_order_mark() {
        let text = "\u{feff}Key,approved,occurred_at,note\nDEP-1,met,2026-01-02,\"a, b\"\nDEP-2,not met,2026-01-03T10:00:00+01:00,\n";
        let items = read(&definition(), text.as_bytes()).expect("good");
        use AttributeState::{Met, NotMet, NotTested};
        assert_eq!(items[0].states, [Met, NotTested]);
        assert_eq!((items[0].note.as_str(), items[1].states[0]), ("a, b", NotMet));
        assert_eq!(items[1].occurred_at.to_string(), "2026-01-03T09:00:00.000000Z");
        assert_eq!(read(&definition(), b"key,occurred_at\n"), Ok(Vec::new()), "zero items are a list");
    }

    #[test]
    fn every_bad_row_is_named_with_line_and_column() {
        let text = b"key,occurred_at,approved,tested\n,2026-01-02,met,met\nDEP-1,yesterday,maybe,met\nDEP-2,2027-01-02,met,met\nDEP-3,2026-01-02,met\nDEP-4,2026-01-02,met,met\nDEP-4,2026-01-02,met,met\n\xff,2026-01-02,met,met\n";
        assert_eq!(
            problems(text),
            [
                "line 2, column key: \"\" is not the key of an item: it needs 1 to 200 bytes without control characters",
                "line 3, column occurred_at: \"yesterday\" is neither a date like 2026-11-24 nor a moment like 2026-11-24T14:45:00Z",
                "line 3, column approved: \"maybe\" is none of met, not met, not tested",
                "line 4, column occurred_at: DEP-2 occurred at 2027-01-02T00:00:00.000000Z, which this population does not cover",
                "line 5: 3 columns where the heading has 4",
                "line 7, column key: \"DEP-4\" is on line 6 already",
                "line 8, column key: is not UTF-8",
            ]
        );
        assert_eq!(
            problems(b"id,occurred_at,occurred_at\n"),
            [
                "line 1, column id: is not key, occurred_at, note or one of the attributes approved, tested",
                "line 1, column occurred_at: stands twice in the heading",
                "line 1, column key: is missing in the heading"
            ]
        );
        let many = format!("key,occurred_at\n{}", ",x\n".repeat(3000));
        assert!(problems(many.as_bytes()).len() <= MAX_PROBLEMS + 1);
        assert!(summary("a.csv", &read(&definition(), many.as_bytes()).expect_err("bad")).contains("and 9"));
    }
}
