//! The table: which role may do what with which resource, and how far.
//!
//! It is written as it is read, one row a line, and taken apart by the compiler: a cell with an unknown letter does not
//! build. Everything that is not in it is denied.

use super::resource::{Atom, Resource, Verb};
use super::role::Role;

/// How far a permission reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// The whole organization.
    Organization,
    /// The systems somebody is assigned to.
    Systems,
    /// What is their own, or assigned to them.
    Own,
    /// Inside the engagement: its systems, categories, period and dates.
    Engagement,
    /// What is published.
    Published,
}

impl Scope {
    /// All scopes, widest first.
    pub const ALL: [Self; 5] =
        [Self::Organization, Self::Systems, Self::Own, Self::Engagement, Self::Published];

    /// Returns its sign in the table.
    #[must_use]
    pub const fn sign(self) -> char {
        match self {
            Self::Organization => '*',
            Self::Systems => 's',
            Self::Own => 'o',
            Self::Engagement => 'e',
            Self::Published => 'p',
        }
    }
}

/// What a cell asks for beyond the role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Condition {
    /// Changes need another person who holds the permission too.
    SecondPerson,
    /// Fields from the roster of employees are left out.
    MaskedRoster,
    /// As the manager of whose access it is.
    AsManager,
    /// Own notes may be added; they are working papers.
    OwnNotes,
    /// Comments may be added; they are working papers.
    Comments,
    /// After accepting the agreement on use.
    Agreement,
    /// Hidden from the organization until the auditor releases it.
    PrivateUntilReleased,
}

impl Condition {
    const fn of(sign: u8) -> Self {
        match sign {
            b'2' => Self::SecondPerson,
            b'm' => Self::MaskedRoster,
            b'r' => Self::AsManager,
            b'n' => Self::OwnNotes,
            b'c' => Self::Comments,
            b'a' => Self::Agreement,
            b'h' => Self::PrivateUntilReleased,
            _ => panic!("a cell ends in + and the sign of a condition"),
        }
    }

    /// Returns what the printed table says.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::SecondPerson => "with a second person",
            Self::MaskedRoster => "roster fields masked",
            Self::AsManager => "as manager",
            Self::OwnNotes => "and own notes",
            Self::Comments => "and comments",
            Self::Agreement => "with agreement",
            Self::PrivateUntilReleased => "private until released",
        }
    }
}

/// What one role may do with one resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    scopes: [Option<Scope>; Verb::ALL.len()],
    /// What it asks for beyond the role.
    pub condition: Option<Condition>,
}

struct Row {
    resource: Resource,
    cells: [Cell; Role::ALL.len()],
}

impl Cell {
    /// Returns how far the permission reaches; none if it is not given.
    #[must_use]
    pub const fn scope(&self, verb: Verb) -> Option<Scope> {
        self.scopes[verb as usize]
    }

    /// Reads `CRU*Xs+2`: letters of verbs before the sign of their scope, then perhaps a condition.
    const fn parse(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut cell = Self { scopes: [None; Verb::ALL.len()], condition: None };
        let (mut at, mut group) = (0, 0);
        while at < bytes.len() {
            let scope = match bytes[at] {
                b'*' => Scope::Organization,
                b's' => Scope::Systems,
                b'o' => Scope::Own,
                b'e' => Scope::Engagement,
                b'p' => Scope::Published,
                b'+' => {
                    assert!(group == at && at + 2 == bytes.len(), "a condition ends its cell");
                    cell.condition = Some(Condition::of(bytes[at + 1]));
                    return cell;
                }
                _ => {
                    at += 1;
                    continue;
                }
            };
            assert!(group < at, "a scope stands behind the letters of verbs");
            while group < at {
                let mut verb = 0;
                while Verb::ALL[verb].letter() as u32 != bytes[group] as u32 {
                    verb += 1; // Beyond the last verb the build ends here.
                }
                assert!(cell.scopes[verb].is_none(), "a verb stands in its cell twice");
                cell.scopes[verb] = Some(scope);
                group += 1;
            }
            at += 1;
            group = at;
        }
        assert!(group == at, "letters of verbs without a scope");
        cell
    }
}

const fn row(resource: Resource, texts: [&str; Role::ALL.len()]) -> Row {
    let mut cells = [Cell { scopes: [None; Verb::ALL.len()], condition: None }; Role::ALL.len()];
    let mut at = 0;
    while at < texts.len() {
        cells[at] = Cell::parse(texts[at]);
        at += 1;
    }
    Row { resource, cells }
}

/// C create, R read, U update, D delete, A approve, X export; * organization, s systems, o own, e engagement,
/// p published. Conditions behind +: see [`Condition::of`].
#[rustfmt::skip]
static ROWS: [Row; Resource::ALL.len()] = {
    use Resource::*;
    [
    //                       OW          AD       CM         CO        EM      EX      AU         TC      SV
    row(Organization,      ["RU*",      "RU*",   "R*",      "R*",     "",     "R*",   "",        "",     ""]),
    row(System,            ["CRUD*",    "CRUD*", "CRU*",    "Rs",     "",     "R*",   "Re",      "",     "Rs"]),
    row(Member,            ["CRUD*",    "CRUD*", "R*",      "Rs",     "Ro",   "R*",   "",        "",     ""]),
    row(Grant,             ["CRD*",     "CRD*",  "R*",      "",       "Ro",   "R*",   "",        "",     ""]),
    row(HighestGrant,      ["CRD*+2",   "R*",    "",        "",       "",     "",     "",        "",     ""]),
    row(IdentityProvider,  ["CRUD*",    "CRUD*", "R*",      "",       "",     "",     "",        "",     ""]),
    row(Token,             ["CRUD*",    "CRUD*", "CRDo",    "CRDo",   "",     "",     "",        "",     ""]),
    row(Connector,         ["CRUD*",    "CRUD*", "CRU*",    "Rs",     "",     "",     "Re",      "",     "Rs"]),
    row(ConnectorSecret,   ["U*",       "U*",    "",        "",       "",     "",     "",        "",     ""]),
    row(Catalog,           ["R*",       "R*",    "CRUD*",   "R*",     "R*",   "R*",   "Re",      "",     "R*"]),
    row(Control,           ["R*",       "R*",    "CRUDA*",  "RUs",    "Ro",   "R*",   "Re",      "",     "Rs"]),
    row(Test,              ["R*",       "CRU*",  "CRUDA*",  "Rs",     "",     "R*",   "Re",      "",     "Rs"]),
    row(TestResult,        ["R*",       "R*",    "R*A*",    "Rs",     "",     "R*",   "RXe",     "",     "Cs"]),
    row(Evidence,          ["R*",       "",      "CRUA*X*", "CRUsXs", "CRo",  "R*",   "RXe",     "",     "Cs"]),
    row(EvidenceRequest,   ["R*",       "",      "CRUD*",   "RUs",    "RUo",  "R*",   "CRUe",    "",     "Rs"]),
    row(Policy,            ["R*",       "R*",    "CRUD*",   "RUo",    "Rp",   "RA*",  "Re",      "",     ""]),
    row(Acknowledgment,    ["R*",       "R*",    "CRU*X*",  "Rs",     "CRo",  "R*",   "RXe",     "",     "Cs"]),
    row(Risk,              ["R*",       "R*",    "CRUD*",   "CRUs",   "",     "RA*",  "Re",      "",     ""]),
    row(Vendor,            ["R*",       "R*",    "CRUD*",   "RUs",    "",     "RA*",  "Re",      "",     "Cs"]),
    row(Incident,          ["R*",       "R*",    "CRU*A*",  "CRUs",   "Co",   "RA*",  "Re",      "",     "C*"]),
    row(Asset,             ["R*",       "R*",    "CRU*",    "CRUs",   "",     "R*",   "Re",      "",     "Cs"]),
    row(IdentityWarehouse, ["R*",       "R*",    "RX*",     "Rs",     "Ro",   "",     "Re+m",    "",     "C*"]),
    row(AccessReview,      ["R*",       "R*",    "CRU*A*",  "Rs",     "",     "R*",   "RXe",     "",     ""]),
    row(AccessDecision,    ["",         "",      "R*",      "Ao",     "Ao+r", "Ao",   "Re",      "",     ""]),
    row(Exception,         ["R*",       "R*",    "CRUA*",   "CRUs",   "RUo",  "RA*",  "Re+n",    "",     "Cs"]),
    row(Description,       ["R*",       "",      "CRU*",    "Rs",     "",     "RA*",  "Re+c",    "",     ""]),
    row(RestrictedReport,  ["RX*",      "",      "RX*",     "",       "",     "RXA*", "CRXe",    "RXp+a", ""]),
    row(PublicReport,      ["R*",       "RU*",   "CRUD*",   "",       "Rp",   "A*",   "",        "Rp",   ""]),
    row(TrustRequest,      ["R*",       "",      "CRUDA*",  "",       "",     "RA*",  "",        "CRo",  ""]),
    row(WorkingPaper,      ["",         "",      "",        "",       "",     "",     "CRUDXe+h", "",    ""]),
    row(AuditTrail,        ["RX*",      "R*",    "RX*",     "Ro",     "Ro",   "R*",   "RXe",     "",     ""]),
    row(Notification,      ["CRUD*",    "CRUD*", "CRU*",    "",       "Ro",   "",     "",        "",     ""]),
    row(WholeOrganization, ["X*+2",     "",      "",        "",       "",     "",     "",        "",     ""]),
    ]
};

/// Returns what a role may do with a resource.
#[must_use]
pub fn cell(role: Role, resource: Resource) -> &'static Cell {
    let row = &ROWS[resource as usize];
    debug_assert_eq!(row.resource, resource, "rows stand in the order of resources");
    &row.cells[role as usize]
}

/// Returns how far a role's permission reaches; none if it has none.
#[must_use]
pub fn scope(role: Role, atom: Atom) -> Option<Scope> {
    cell(role, atom.resource).scope(atom.verb)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_columns_stand_in_the_order_of_their_enums() {
        for (row, resource) in ROWS.iter().zip(Resource::ALL) {
            assert_eq!(row.resource, *resource);
        }
        for (column, role) in Role::ALL.into_iter().enumerate() {
            assert_eq!(role as usize, column);
        }
        for (at, verb) in Verb::ALL.into_iter().enumerate() {
            assert_eq!(verb as usize, at);
        }
    }

    #[test]
    fn a_cell_is_read_as_it_is_written() {
        let cell = Cell::parse("CRU*Xs+2");
        for (verb, scope) in [
            (Verb::Create, Some(Scope::Organization)),
            (Verb::Read, Some(Scope::Organization)),
            (Verb::Update, Some(Scope::Organization)),
            (Verb::Delete, None),
            (Verb::Approve, None),
            (Verb::Export, Some(Scope::Systems)),
        ] {
            assert_eq!(cell.scope(verb), scope, "{verb:?}");
        }
        assert_eq!(cell.condition, Some(Condition::SecondPerson));
        for wrong in ["R", "*", "RR*", "Q*", "R*+", "R*+q", "R*+2*", "R+2"] {
            assert!(std::panic::catch_unwind(|| Cell::parse(wrong)).is_err(), "{wrong}");
        }
    }
}
