//! Request lists: the usual one, scoped, and a firm's own as rows of cells.
//!
//! A list is taken whole or not at all: every row that cannot be read is named with its line and column.

use std::collections::BTreeSet;

use super::super::{Objective, Time};
use super::request::{Request, kind_words, timing_words};
use crate::catalog::{RequestKind, RequestTemplate, RequestTiming};
use crate::control::{Control, ControlId};
use crate::program::population::ListProblem;

/// Most requests of one engagement.
pub const MAX_REQUESTS: usize = 2_000;
/// Most problems named.
const MAX_PROBLEMS: usize = 100;

/// What columns may be called; the first name is the one that is written.
const NUMBER: [&str; 6] = ["number", "no", "no.", "#", "ref", "reference"];
const REQUEST: [&str; 5] = ["request", "title", "description", "item", "evidence requested"];
const KIND: [&str; 2] = ["kind", "type"];
const TIMING: [&str; 2] = ["period", "timing"];
const CRITERIA: [&str; 3] = ["criteria", "criterion", "objectives"];
const CONTROLS: [&str; 2] = ["controls", "control"];
const DUE: [&str; 2] = ["due", "due date"];

/// A row of a list as it stands in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListRow {
    /// Line, counted from 1.
    pub line: u64,
    /// Its cells.
    pub cells: Vec<String>,
}

/// Returns the usual requests as far as they concern the criteria in scope and the time. As of one date nobody tests how
/// controls operated: what is there to select from over a period, and what was selected, is not asked for, and the rest is
/// asked for as of the date.
#[must_use]
pub fn defaults(templates: &[RequestTemplate], in_scope: &BTreeSet<String>, time: Time) -> Vec<Request> {
    let is_of_period = |template: &RequestTemplate| {
        template.timing == RequestTiming::Period
            && matches!(template.kind, RequestKind::Population | RequestKind::Sample)
    };
    let concerns = |template: &&RequestTemplate| {
        (template.all_criteria || template.criteria.iter().any(|id| in_scope.contains(id)))
            && (time.is_period() || !is_of_period(template))
    };
    let ask = |template: &RequestTemplate| Request {
        title: template.title.clone(),
        kind: template.kind,
        timing: if time.is_period() { template.timing } else { RequestTiming::AsOf },
        criteria: template.criteria.iter().filter(|id| in_scope.contains(*id)).cloned().collect(),
        controls: BTreeSet::new(),
        due: None,
        reference: template.number.to_string(),
    };
    templates.iter().filter(concerns).map(ask).collect()
}

/// Returns the usual requests of a SOC 1: what the controls of each objective did, and of the list for the trust services
/// criteria what concerns controls in scope, by the criteria that they serve as well. `controls` are those in scope. As of
/// one date nobody tests how controls operated, so nothing is asked of a period.
#[must_use]
pub fn defaults_for_objectives(
    templates: &[RequestTemplate],
    objectives: &[Objective],
    controls: &[Control],
    time: Time,
) -> Vec<Request> {
    let (kind, timing) = match time.is_period() {
        true => (RequestKind::Population, RequestTiming::Period),
        false => (RequestKind::Document, RequestTiming::AsOf),
    };
    let of_objective = |objective: &Objective| {
        let ids: BTreeSet<ControlId> = controls
            .iter()
            .map(|control| &control.id)
            .filter(|id| objective.controls.contains(*id))
            .cloned()
            .collect();
        let named = ids.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(", ");
        let ask = Request {
            title: match time.is_period() {
                true => format!(
                    "{}: each occurrence of {named} in the time, with the query that the list comes from; where a system does \
                     it, its settings and their changes",
                    objective.id
                ),
                false => format!(
                    "{}: one instance of each of {named}, or its settings where a system does it",
                    objective.id
                ),
            },
            kind,
            timing,
            criteria: [objective.id.clone()].into(),
            controls: ids,
            due: None,
            reference: objective.id.clone(),
        };
        (!ask.controls.is_empty()).then_some(ask)
    };
    let of_template = |template: &RequestTemplate| {
        let serves = |control: &&Control| {
            control.criteria.iter().any(|mapping| {
                mapping.framework == template.framework && template.criteria.contains(&mapping.criterion)
            })
        };
        let ids: BTreeSet<&ControlId> = controls.iter().filter(serves).map(|control| &control.id).collect();
        let touched = objectives.iter().filter(|one| one.controls.iter().any(|id| ids.contains(id)));
        let criteria: BTreeSet<String> = touched.map(|one| one.id.clone()).collect();
        let is_of_period = template.timing == RequestTiming::Period
            && matches!(template.kind, RequestKind::Population | RequestKind::Sample);
        let is_asked = time.is_period() || !is_of_period;
        (is_asked && (template.all_criteria || !criteria.is_empty())).then(|| Request {
            title: template.title.clone(),
            kind: template.kind,
            timing: if time.is_period() { template.timing } else { timing },
            criteria,
            controls: BTreeSet::new(),
            due: None,
            reference: template.number.to_string(),
        })
    };
    objectives.iter().filter_map(of_objective).chain(templates.iter().filter_map(of_template)).collect()
}

/// Where each thing stands in a row.
struct Columns {
    number: Option<usize>,
    request: usize,
    kind: Option<usize>,
    timing: Option<usize>,
    criteria: Option<usize>,
    controls: Option<usize>,
    due: Option<usize>,
}

/// Reads a list: the first row that is not empty is the heading. Columns that are not known are left alone.
///
/// # Errors
/// Every problem up to a limit, with line and column.
pub fn read_list(
    rows: &[ListRow],
    criteria: &BTreeSet<String>,
    controls: &BTreeSet<ControlId>,
) -> Result<Vec<Request>, Vec<ListProblem>> {
    let is_empty = |row: &&ListRow| row.cells.iter().all(|cell| cell.trim().is_empty());
    let mut rows = rows.iter().filter(|row| !is_empty(row));
    let problem = |line, column: &str, what: String| ListProblem { line, column: column.to_owned(), what };
    let Some(heading) = rows.next() else {
        return Err(vec![problem(1, "", "the list is empty; its first line names the columns".into())]);
    };
    let columns = columns(heading)?;
    let (mut requests, mut problems) = (Vec::new(), Vec::new());
    for row in rows {
        let before = problems.len();
        let mut wrong = |column: &str, what: String| problems.push(problem(row.line, column, what));
        let request = one(row, &columns, criteria, controls, &mut wrong);
        if problems.len() == before {
            requests.push(request);
        }
        if requests.len() > MAX_REQUESTS {
            problems.push(problem(row.line, "", format!("a list has at most {MAX_REQUESTS} requests")));
        }
        if problems.len() >= MAX_PROBLEMS || requests.len() > MAX_REQUESTS {
            break;
        }
    }
    if problems.is_empty() && requests.is_empty() {
        problems.push(problem(heading.line, "", "below the names of the columns there is no request".into()));
    }
    if problems.is_empty() { Ok(requests) } else { Err(problems) }
}

fn columns(heading: &ListRow) -> Result<Columns, Vec<ListProblem>> {
    let names: Vec<String> = heading.cells.iter().map(|name| name.trim().to_lowercase()).collect();
    let mut problems = Vec::new();
    let mut find = |known: &[&str]| {
        let mut places = names.iter().enumerate().filter(|(_, name)| known.contains(&name.as_str()));
        let first = places.next();
        if let (Some((_, a)), Some((_, b))) = (first, places.next()) {
            problems.push(ListProblem {
                line: heading.line,
                column: b.clone(),
                what: format!("it is the second column for the same thing as {a:?}; leave one of them"),
            });
        }
        first.map(|(at, _)| at)
    };
    let (number, request) = (find(&NUMBER), find(&REQUEST));
    let (kind, timing, criteria) = (find(&KIND), find(&TIMING), find(&CRITERIA));
    let (controls, due) = (find(&CONTROLS), find(&DUE));
    if request.is_none() {
        let there: Vec<&str> = names.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
        problems.push(ListProblem {
            line: heading.line,
            column: REQUEST[0].to_owned(),
            what: format!(
                "there is no such column; one of {} says what is asked for, and the first line has {}",
                REQUEST.join(", "),
                if there.is_empty() { "no names".to_owned() } else { there.join(", ") }
            ),
        });
    }
    match request {
        Some(request) if problems.is_empty() => {
            Ok(Columns { number, request, kind, timing, criteria, controls, due })
        }
        _ => Err(problems),
    }
}

fn one(
    row: &ListRow,
    columns: &Columns,
    criteria: &BTreeSet<String>,
    controls: &BTreeSet<ControlId>,
    wrong: &mut dyn FnMut(&str, String),
) -> Request {
    let cell = |at: Option<usize>| at.and_then(|at| row.cells.get(at)).map_or("", |text| text.trim());
    let title = cell(Some(columns.request));
    if title.is_empty() {
        wrong(REQUEST[0], "it is empty".into());
    }
    let kind = kind(cell(columns.kind)).unwrap_or_else(|| {
        let all = RequestKind::ALL.map(|kind| kind_words(kind).to_lowercase()).join(", ");
        wrong(KIND[0], format!("{:?} is none of {all}", shown(cell(columns.kind))));
        RequestKind::Document
    });
    let timing = timing(cell(columns.timing)).unwrap_or_else(|| {
        let all = RequestTiming::ALL.map(|timing| timing_words(timing).to_lowercase()).join(", ");
        wrong(TIMING[0], format!("{:?} is none of {all}", shown(cell(columns.timing))));
        RequestTiming::Period
    });
    let parts = |at| cell(at).split([',', ';', '\n', ' ']).map(str::trim).filter(|part| !part.is_empty());
    let mut of_criteria = BTreeSet::new();
    for id in parts(columns.criteria).filter(|id| !id.eq_ignore_ascii_case("all")) {
        match criteria.iter().find(|known| known.eq_ignore_ascii_case(id)) {
            Some(known) => {
                of_criteria.insert(known.clone());
            }
            None => wrong(CRITERIA[0], format!("{:?} is not in the scope of this engagement", shown(id))),
        }
    }
    let mut of_controls = BTreeSet::new();
    for id in parts(columns.controls) {
        match controls.iter().find(|known| known.as_str().eq_ignore_ascii_case(id)) {
            Some(known) => {
                of_controls.insert(known.clone());
            }
            None => wrong(CONTROLS[0], format!("there is no control {:?}", shown(id))),
        }
    }
    let due = match cell(columns.due) {
        "" => None,
        text => match text.parse() {
            Ok(day) => Some(day),
            Err(_) => {
                wrong(DUE[0], format!("{:?} is not a day as 2026-11-24", shown(text)));
                None
            }
        },
    };
    let reference = cell(columns.number).to_owned();
    let request = Request {
        title: title.to_owned(),
        kind,
        timing,
        criteria: of_criteria,
        controls: of_controls,
        due,
        reference,
    };
    match request.clone().checked() {
        Ok(request) => request,
        Err(_) if title.is_empty() => request,
        Err(error) => {
            wrong(REQUEST[0], error.to_string());
            request
        }
    }
}

fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}

fn kind(text: &str) -> Option<RequestKind> {
    Some(match text.to_lowercase().as_str() {
        "" | "d" | "document" => RequestKind::Document,
        "p" | "population" => RequestKind::Population,
        "s" | "sample" | "sample evidence" => RequestKind::Sample,
        "c" | "configuration" => RequestKind::Configuration,
        "o" | "observation" | "walkthrough" => RequestKind::Observation,
        _ => return None,
    })
}

fn timing(text: &str) -> Option<RequestTiming> {
    Some(match text.to_lowercase().as_str() {
        "" | "pd" | "period" | "whole period" => RequestTiming::Period,
        "pt" | "as of" | "as_of" | "as of a date" => RequestTiming::AsOf,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    fn rows(lines: &[&[&str]]) -> Vec<ListRow> {
        let row = |(at, cells): (usize, &&[&str])| ListRow {
            line: at as u64 + 1,
            cells: cells.iter().map(ToString::to_string).collect(),
        };
        lines.iter().enumerate().map(row).collect()
    }

    fn known() -> (BTreeSet<String>, BTreeSet<ControlId>) {
        let criteria = ["CC6.1", "CC6.2"].map(str::to_owned).into();
        (criteria, ["IAM-02"].map(|id| id.parse().expect("an id")).into())
    }

    fn read(lines: &[&[&str]]) -> Result<Vec<Request>, Vec<String>> {
        let (criteria, controls) = known();
        read_list(&rows(lines), &criteria, &controls)
            .map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn the_usual_list_is_scoped_by_criteria() {
        let catalog = Catalog::builtin();
        let day = |text: &str| text.parse().expect("a day");
        let year = Time::Period { from: day("2026-01-01"), to: day("2026-12-31") };
        let all: BTreeSet<String> =
            catalog.frameworks[0].requirements().map(|requirement| requirement.id.clone()).collect();
        assert_eq!(defaults(&catalog.requests, &all, year).len(), 96);
        let security: BTreeSet<String> = all.into_iter().filter(|id| id.starts_with("CC")).collect();
        let scoped = defaults(&catalog.requests, &security, year);
        assert!(scoped.len() > 70 && scoped.len() < 96, "{}", scoped.len());
        assert!(scoped.iter().all(|one| one.criteria.iter().all(|id| id.starts_with("CC"))));
        assert!(!scoped.iter().any(|one| one.title.starts_with("Capacity monitoring")));
        assert!(
            scoped.iter().any(|one| one.title.starts_with("Management assertion draft")),
            "for all criteria"
        );
        // Nothing is selected from a period that is not examined.
        let of_date = defaults(&catalog.requests, &security, Time::AsOf { date: day("2026-12-31") });
        assert!(of_date.len() > 30 && of_date.len() < scoped.len(), "{}", of_date.len());
        assert!(of_date.iter().all(|one| one.timing == RequestTiming::AsOf));
        assert!(!of_date.iter().any(|one| one.title.starts_with("Leavers in the period")));
        assert!(scoped.iter().any(|one| one.title.starts_with("Leavers in the period")));
    }

    #[test]
    fn a_soc_1_asks_for_what_its_objectives_and_their_controls_need() {
        use crate::control::Control;

        let catalog = Catalog::builtin();
        let starters: Vec<Control> = ["CHG-02", "IAM-05", "AVL-03"]
            .iter()
            .map(|id| {
                let starter = catalog.controls.iter().find(|one| one.id == *id).expect("a starter");
                let (by, at) =
                    (crate::id::ActorId(uuid::Uuid::from_u128(1)), crate::Timestamp::from_seconds(0));
                Control::adopt(starter, by, at).expect("adopted")
            })
            .collect();
        let objective = |id: &str, control: &str| Objective {
            id: id.into(),
            statement: "Controls provide reasonable assurance.".into(),
            controls: [control.parse().expect("an id")].into(),
            ..Objective::default()
        };
        let objectives =
            [objective("CO-13", "IAM-05"), objective("CO-15", "CHG-02"), objective("CO-99", "ZZZ-01")];
        let day = |text: &str| text.parse().expect("a day");
        let year = Time::Period { from: day("2026-01-01"), to: day("2026-12-31") };
        let asked = defaults_for_objectives(&catalog.requests, &objectives, &starters, year);
        let of = |begins: &str| asked.iter().find(|one| one.title.starts_with(begins));
        let leavers = of("Leavers in the period").expect("asked");
        assert_eq!(leavers.criteria, BTreeSet::from(["CO-13".to_owned()]), "in words of the SOC 1");
        assert!(of("Production deployments in the period").is_some());
        assert!(of("Privacy notices").is_none(), "no control in scope serves it");
        assert!(of("Backup settings").is_none(), "a control that no objective names");
        let own = of("CO-13: each occurrence of IAM-05").expect("asked");
        assert_eq!((own.kind, own.controls.len()), (RequestKind::Population, 1));
        assert!(!asked.iter().any(|one| one.criteria.contains("CO-99")), "nothing of it is in scope");
        assert!(of("Management assertion draft").is_some());
        assert!(asked.len() > 5 && asked.len() < 60, "{}", asked.len());
        let date = Time::AsOf { date: day("2026-12-31") };
        let of_date = defaults_for_objectives(&catalog.requests, &objectives, &starters, date);
        assert!(of_date.iter().all(|one| one.timing == RequestTiming::AsOf), "{of_date:?}");
        assert!(of_date.iter().any(|one| one.title.starts_with("CO-13: one instance of each of IAM-05")));
        assert!(!of_date.iter().any(|one| one.title.starts_with("Leavers in the period")));
    }

    #[test]
    fn a_firms_own_list_is_read_by_the_names_of_its_columns() {
        let list: [&[&str]; 4] = [
            &["", "", ""],
            &["Ref", "Evidence requested", "Type", "Period", "Criterion", "Controls", "Due date", "Status"],
            &["A.1", "User lists", "P", "PT", "cc6.1, CC6.2", "iam-02", "2027-01-31", "new"],
            &["", "Minutes"],
        ];
        let read = read(&list).expect("read");
        assert_eq!(read.len(), 2);
        assert_eq!((read[0].kind, read[0].timing), (RequestKind::Population, RequestTiming::AsOf));
        assert_eq!(read[0].criteria.len(), 2);
        assert_eq!((read[0].reference.as_str(), read[0].controls.len()), ("A.1", 1));
        assert_eq!(read[0].due.map(|day| day.to_string()).as_deref(), Some("2027-01-31"));
        assert_eq!((read[1].kind, read[1].timing), (RequestKind::Document, RequestTiming::Period));
    }

    #[test]
    fn what_cannot_be_read_is_named_with_line_and_column_and_nothing_is_read() {
        let lists: [(&[&[&str]], &[&str]); 5] = [
            (&[], &["line 1: the list is empty; its first line names the columns"]),
            (&[&["request"]], &["line 1: below the names of the columns there is no request"]),
            (
                &[&["No", "Criteria"], &["1", "CC6.1"]],
                &[
                    "line 1, column request: there is no such column; one of request, title, description, item, evidence \
                   requested says what is asked for, and the first line has no, criteria",
                ],
            ),
            (
                &[&["request", "title"], &["a", "b"]],
                &[
                    "line 1, column title: it is the second column for the same thing as \"request\"; leave one of them",
                ],
            ),
            (
                &[
                    &["request", "kind", "criteria", "control", "due", "period"],
                    &["Good"],
                    &["", "x", "CC6.4", "ZZZ-1", "tomorrow", "later"],
                ],
                &[
                    "line 3, column request: it is empty",
                    "line 3, column kind: \"x\" is none of document, population, sample evidence, configuration, observation",
                    "line 3, column period: \"later\" is none of as of a date, whole period",
                    "line 3, column criteria: \"CC6.4\" is not in the scope of this engagement",
                    "line 3, column controls: there is no control \"ZZZ-1\"",
                    "line 3, column due: \"tomorrow\" is not a day as 2026-11-24",
                ],
            ),
        ];
        for (list, says) in lists {
            assert_eq!(read(list), Err(says.iter().map(ToString::to_string).collect()));
        }
    }
}
