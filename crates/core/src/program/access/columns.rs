//! From the cells of a list to what it says: which column is what, and how each is read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{AccountKind, Answer, Employment, Given, Holding, LastUse, MAX_NAME_CHARS, Tier};
use crate::program::population::{DateOrder, MAX_COLUMN_CHARS, read_moment};
use crate::zone::Zone;

/// What a list can say of a right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldColumn {
    /// Its name, which is the usual name of its column too.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// Whether a list without it says nothing.
    pub is_needed: bool,
}

const fn column(name: &'static str, title: &'static str, is_needed: bool) -> FieldColumn {
    FieldColumn { name, title, is_needed }
}

/// Everything a list can say, in order.
pub const FIELDS: [FieldColumn; 12] = [
    column("account", "Account", true),
    column("entitlement", "Right: role, group or permission", true),
    column("person", "Whose it is: address or number", false),
    column("kind", "Kind of account", false),
    column("tier", "Tier, from 0 to 3", false),
    column("last_used", "Last use", false),
    column("mfa", "Second factor enforced", false),
    column("manager", "Manager, by address", false),
    column("owner", "Owner, by address", false),
    column("status", "Status from the roster", false),
    column("given", "Given directly, or by which role", false),
    column("job", "Job, from the roster", false),
];

/// Which columns of a list are read, and how. A field that is not named has the column of its usual name, if there is one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Columns {
    /// Names of columns by the name of the field.
    pub named: BTreeMap<String, String>,
    /// Whether days or months come first in dates written with figures only.
    pub dates: DateOrder,
}

/// What is wrong with one cell, or with the heading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnProblem {
    /// The column.
    pub column: String,
    /// What is wrong.
    pub what: String,
}

/// Reads rows of one list.
#[derive(Clone, Debug)]
pub struct Reader {
    places: [Option<usize>; FIELDS.len()],
    names: Vec<String>,
    zone: Zone,
    dates: DateOrder,
}

impl Columns {
    /// Makes what reads the rows under a heading, in the clocks of `zone`.
    ///
    /// # Errors
    /// With every field that is not one and every column that is not there, or there twice.
    pub fn reader(&self, heading: &[String], zone: Zone) -> Result<Reader, Vec<ColumnProblem>> {
        let mut problems = Vec::new();
        let mut add = |column: &str, what: String| {
            problems.push(ColumnProblem { column: column.chars().take(MAX_COLUMN_CHARS).collect(), what });
        };
        for field in self.named.keys().filter(|name| FIELDS.iter().all(|field| field.name != name.as_str())) {
            add(field, "is nothing that a list of access says".to_owned());
        }
        let mut places = [None; FIELDS.len()];
        let mut names = Vec::new();
        for (place, field) in places.iter_mut().zip(FIELDS) {
            let asked = self.named.get(field.name).map(|name| name.trim()).filter(|name| !name.is_empty());
            let wanted = asked.unwrap_or(field.name);
            names.push(wanted.to_owned());
            let mut found =
                heading.iter().enumerate().filter(|(_, name)| name.trim().eq_ignore_ascii_case(wanted));
            *place = found.next().map(|(at, _)| at);
            if found.next().is_some() {
                add(wanted, "is in the heading twice".to_owned());
            }
            if place.is_none() && (field.is_needed || asked.is_some()) {
                let shown: Vec<String> = heading.iter().map(|name| format!("{name:?}")).collect();
                add(wanted, format!("is not in the heading, which has {}", shown.join(", ")));
            }
        }
        if problems.is_empty() {
            Ok(Reader { places, names, zone, dates: self.dates })
        } else {
            Err(problems)
        }
    }
}

impl Reader {
    /// Reads a row.
    ///
    /// # Errors
    /// With everything in it that cannot be read.
    pub fn read(&self, cells: &[&str]) -> Result<Holding, Vec<ColumnProblem>> {
        let mut problems = Vec::new();
        let cell = |field: usize| {
            let cell = self.places[field].and_then(|place| cells.get(place)).copied().unwrap_or_default();
            cell.trim()
        };
        let mut wrong = |field: usize, what: &str| {
            problems.push(ColumnProblem { column: self.names[field].clone(), what: what.to_owned() });
        };
        let text = |field: usize| Some(cell(field).to_owned()).filter(|text| !text.is_empty());
        for field in [0, 1, 2, 7, 8, 10, 11] {
            let text = cell(field);
            if text.chars().count() > MAX_NAME_CHARS || text.chars().any(char::is_control) {
                wrong(field, "is longer than a name, or has control characters");
            }
        }
        if cell(0).is_empty() {
            wrong(0, "is empty");
        }
        let kind = if cell(3).is_empty() { Some(AccountKind::Human) } else { kind(cell(3)) };
        if kind.is_none() {
            wrong(3, "is none of human, service, api, shared, vendor and role");
        }
        let tier = if cell(4).is_empty() { Some(Tier::Two) } else { tier(cell(4)) };
        if tier.is_none() {
            wrong(4, "is none of 0, 1, 2 and 3, nor critical, privileged, ordinary or low");
        }
        let last_used = match cell(5).to_lowercase().as_str() {
            "" | "unknown" | "n/a" | "no_information" => LastUse::Unknown,
            "never" => LastUse::Never,
            _ => match read_moment(cell(5), &self.zone, self.dates) {
                Ok(at) => LastUse::At(at),
                Err(error) => {
                    wrong(5, &error.to_string());
                    LastUse::Unknown
                }
            },
        };
        let mfa = answer(cell(6));
        if mfa.is_none() {
            wrong(6, "is none of yes, no, unknown and not applicable");
        }
        let kind = kind.unwrap_or_default();
        let employment = if cell(9).is_empty() && kind.is_program() {
            Some(Employment::NotApplicable)
        } else {
            employment(cell(9))
        };
        if employment.is_none() {
            wrong(9, "is none of active, mover, on leave, leaver, not listed and unknown");
        }
        let given = match cell(10).to_lowercase().as_str() {
            "" | "unknown" => Given::Unknown,
            "direct" | "directly" => Given::Direct,
            _ => Given::By(cell(10).to_owned()),
        };
        let holding = Holding {
            account: cell(0).to_owned(),
            person: text(2),
            kind,
            entitlement: text(1).filter(|text| !text.eq_ignore_ascii_case("unknown")),
            tier: tier.unwrap_or(Tier::Two),
            last_used,
            mfa: mfa.unwrap_or_default(),
            manager: text(7),
            owner: text(8),
            employment: employment.unwrap_or_default(),
            given,
            job: text(11),
        };
        if problems.is_empty() { Ok(holding) } else { Err(problems) }
    }
}

/// What people write, with hyphens and spaces as one.
fn plain(text: &str) -> String {
    text.to_lowercase().replace([' ', '-'], "_")
}

fn kind(text: &str) -> Option<AccountKind> {
    match plain(text).as_str() {
        "user" | "employee" | "person" | "contractor" => Some(AccountKind::Human),
        "machine" | "system" | "robot" => Some(AccountKind::Service),
        "key" | "token" => Some(AccountKind::Api),
        "generic" => Some(AccountKind::Shared),
        "external" | "guest" | "partner" => Some(AccountKind::Vendor),
        "group" | "rule" | "policy" => Some(AccountKind::Role),
        word => AccountKind::from_word(word),
    }
}

fn tier(text: &str) -> Option<Tier> {
    match plain(text).trim_start_matches("tier_") {
        "critical" => Some(Tier::Zero),
        "privileged" | "high" | "admin" => Some(Tier::One),
        "ordinary" | "medium" | "standard" => Some(Tier::Two),
        "low" | "basic" => Some(Tier::Three),
        word => Tier::from_word(word),
    }
}

fn answer(text: &str) -> Option<Answer> {
    match plain(text).as_str() {
        "" => Some(Answer::Unknown),
        "y" | "true" | "1" | "enforced" => Some(Answer::Yes),
        "n" | "false" | "0" | "none" => Some(Answer::No),
        "n/a" => Some(Answer::NotApplicable),
        word => Answer::from_word(word),
    }
}

fn employment(text: &str) -> Option<Employment> {
    match plain(text).as_str() {
        "" => Some(Employment::Unknown),
        "employed" | "current" => Some(Employment::Active),
        "moved" | "transferred" | "changed_job" => Some(Employment::Mover),
        "left" | "terminated" | "inactive" => Some(Employment::Leaver),
        "leave" | "away" => Some(Employment::OnLeave),
        "none" | "missing" | "not_in_roster" => Some(Employment::NotListed),
        "n/a" => Some(Employment::NotApplicable),
        word => Employment::from_word(word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heading(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn usual() -> Reader {
        let names: Vec<&str> = FIELDS.iter().map(|field| field.name).collect();
        Columns::default().reader(&heading(&names), Zone::utc()).expect("usual names")
    }

    #[test]
    fn what_a_list_does_not_say_is_unknown() {
        let reader =
            Columns::default().reader(&heading(&["account", "entitlement"]), Zone::utc()).expect("both");
        let row = reader.read(&["ada", ""]).expect("a row");
        assert_eq!((row.entitlement, row.person, row.last_used), (None, None, LastUse::Unknown));
        assert_eq!(
            (row.mfa, row.employment, row.given),
            (Answer::Unknown, Employment::Unknown, Given::Unknown)
        );
        let row = usual().read(&["bot", "deploy", "", "service"]).expect("a short row");
        assert_eq!(row.employment, Employment::NotApplicable);
    }

    #[test]
    fn cells_are_read_as_people_write_them() {
        let cells = [
            "ada",
            "Owner",
            "ada@acme.example",
            "Contractor",
            "Tier 0",
            "2026-06-30",
            "Enforced",
            "lin@acme.example",
            "",
            "Terminated",
            "Direct",
        ];
        let row = usual().read(&cells).expect("a row");
        assert_eq!((row.kind, row.tier, row.mfa), (AccountKind::Human, Tier::Zero, Answer::Yes));
        assert_eq!((row.employment, row.given), (Employment::Leaver, Given::Direct));
        assert_eq!(row.last_used, LastUse::At("2026-06-30T00:00:00Z".parse().expect("a moment")));
        let never = usual().read(&["ada", "x", "", "", "", "Never"]).expect("a row");
        assert_eq!((never.last_used, never.tier), (LastUse::Never, Tier::Two));
    }

    #[test]
    fn every_problem_of_a_row_is_named_with_its_column() {
        let bad = usual().read(&["", "x", "", "martian", "9", "someday", "maybe", "", "", "perhaps"]);
        let columns: Vec<String> = bad.expect_err("bad").into_iter().map(|problem| problem.column).collect();
        assert_eq!(columns, ["account", "kind", "tier", "last_used", "mfa", "status"]);
    }

    #[test]
    fn columns_that_are_not_there_are_named() {
        let named = [("account".to_owned(), "Login".to_owned()), ("shoe".to_owned(), "Size".to_owned())];
        let columns = Columns { named: named.into(), ..Columns::default() };
        let wrong = columns.reader(&heading(&["login", "Login", "Role"]), Zone::utc()).expect_err("wrong");
        let what: Vec<&str> = wrong.iter().map(|problem| problem.column.as_str()).collect();
        assert_eq!(what, ["shoe", "Login", "entitlement"]);
        let named =
            [("account".to_owned(), "Login".to_owned()), ("entitlement".to_owned(), "Role".to_owned())];
        let columns = Columns { named: named.into(), ..Columns::default() };
        let reader = columns.reader(&heading(&["Role", "Login"]), Zone::utc()).expect("both are there");
        assert_eq!(reader.read(&["admin", "ada"]).expect("a row").account, "ada");
    }
}
