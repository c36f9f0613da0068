//! Counting the figures of a part again from its records.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Record;

#[derive(Deserialize)]
struct Package {
    report: String,
    criteria: Vec<Criterion>,
    controls: Vec<Control>,
    #[serde(default)]
    commitments: Vec<Value>,
    responses: Vec<Response>,
    #[serde(default)]
    events: Vec<Value>,
}

#[derive(Deserialize)]
struct Criterion {
    id: String,
    controls: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Control {
    id: String,
    title: String,
    statement: String,
    version: u64,
    #[serde(default)]
    earlier: Vec<Text>,
    #[serde(default)]
    tests: Vec<Test>,
}

/// A version of a text, in the part or in the record of a control.
#[derive(Deserialize)]
struct Text {
    version: u64,
    title: String,
    statement: String,
}

#[derive(Deserialize)]
struct Test {
    workpaper: String,
    procedure: String,
    result: String,
    #[serde(default)]
    counts: Option<Counts>,
}

#[derive(Deserialize, PartialEq, Eq)]
struct Counts {
    tested: u64,
    deviations: u64,
    population: Option<u64>,
}

#[derive(Deserialize)]
struct Response {
    finding: String,
    response: String,
}

#[derive(Deserialize)]
struct ControlRecord {
    text: Vec<Text>,
    criteria: Vec<Mapping>,
}

#[derive(Deserialize)]
struct Mapping {
    criterion: String,
}

#[derive(Deserialize)]
struct Scope {
    #[serde(default)]
    objectives: Vec<Objective>,
}

#[derive(Deserialize)]
struct Objective {
    id: String,
    #[serde(default)]
    controls: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Paper {
    plan: Plan,
    selected: Option<Selected>,
    items: Vec<Item>,
    exceptions: Vec<Exception>,
    conclusion: Option<Conclusion>,
}

#[derive(Deserialize)]
struct Plan {
    control: String,
    procedure: String,
}

#[derive(Deserialize)]
struct Selected {
    population: Value,
    draw: Draw,
}

#[derive(Deserialize)]
struct Draw {
    items: u64,
}

#[derive(Deserialize)]
struct Item {
    key: String,
    states: Vec<String>,
}

#[derive(Deserialize)]
struct Exception {
    items: BTreeSet<String>,
    nature: String,
}

#[derive(Deserialize)]
struct Conclusion {
    outcome: String,
}

#[derive(Deserialize)]
struct ResponseRecord {
    response: String,
}

/// What was counted again.
#[derive(Default)]
pub(super) struct Counted {
    controls: usize,
    texts: usize,
    tests: usize,
    items: usize,
    deviations: usize,
    populations: usize,
    /// What the records do not give, in words.
    not: Vec<String>,
    /// Populations of which no entry here says how many items they have.
    pub(super) unsized_populations: Vec<String>,
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { controls, texts, tests, items, deviations, populations, .. } = self;
        write!(
            f,
            "{} in {}, {} of {} with {}, the {}",
            some(*controls, "control"),
            some(*texts, "text"),
            some(*tests, "test"),
            some(*items, "item"),
            some(*deviations, "deviation"),
            match populations {
                1 => "size of 1 population".to_owned(),
                many => format!("sizes of {many} populations"),
            },
        )?;
        if !self.not.is_empty() {
            write!(f, " (not counted again: {})", self.not.join(", "))?;
        }
        Ok(())
    }
}

/// So many of something that takes an `s`.
pub(super) fn some(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

fn all<T: DeserializeOwned>(records: &[Record], kind: &str) -> Result<BTreeMap<String, T>, Vec<String>> {
    let of_kind = records.iter().filter(|record| record.kind == kind);
    of_kind
        .map(|record| {
            let read = T::deserialize(&record.record);
            let read = read.map_err(|error| vec![format!("{kind} {} cannot be read: {error}", record.id)])?;
            Ok((record.id.clone(), read))
        })
        .collect()
}

impl Counted {
    /// Counts. What differs from the part is named.
    pub(super) fn of(
        package: &[u8],
        records: &[Record],
        populations: &BTreeMap<String, u64>,
    ) -> Result<Self, Vec<String>> {
        let package: Package =
            serde_json::from_slice(package).map_err(|error| vec![format!("cannot be read: {error}")])?;
        let (mut counted, mut problems) = (Self::default(), Vec::new());
        // Entries name a list with the one control.
        let controls = all::<[ControlRecord; 1]>(records, "control")?;
        let controls = controls.into_iter().map(|(id, [control])| (id, control)).collect();
        let scopes = all::<Scope>(records, "scope")?;
        counted.controls(&package, &controls, &mut problems);
        counted.criteria(&package, &controls, scopes.values().next(), &mut problems);
        let papers = all::<Paper>(records, "workpaper")?;
        counted.tests(&package, &papers, populations, &mut problems);
        counted.responses(&package, &all::<ResponseRecord>(records, "response")?, &mut problems);
        let promised = all::<Value>(records, "commitment")?.len();
        if promised != package.commitments.len() {
            problems.push(format!(
                "tells of {} commitments, and {promised} records are here",
                package.commitments.len()
            ));
        }
        if !package.events.is_empty() {
            counted.not.push(some(package.events.len(), "subsequent event"));
        }
        if problems.is_empty() { Ok(counted) } else { Err(problems) }
    }

    fn controls(
        &mut self,
        package: &Package,
        records: &BTreeMap<String, ControlRecord>,
        problems: &mut Vec<String>,
    ) {
        if package.controls.len() != records.len() {
            problems.push(format!(
                "has {} controls, and {} records are here",
                package.controls.len(),
                records.len()
            ));
        }
        for control in &package.controls {
            let Some(record) = records.get(&control.id) else {
                problems.push(format!("no record of control {} is here", control.id));
                continue;
            };
            self.controls += 1;
            let own = (control.version, &control.title, &control.statement);
            let earlier = control.earlier.iter().map(|one| (one.version, &one.title, &one.statement));
            for text in earlier.chain([own]) {
                let is_it = |one: &Text| (one.version, &one.title, &one.statement) == text;
                if record.text.iter().any(is_it) {
                    self.texts += 1;
                } else {
                    problems
                        .push(format!("version {} of control {} says something else", text.0, control.id));
                }
            }
        }
    }

    /// Which controls answer a criterion or an objective. Which criteria apply follows from a catalog that is not here.
    fn criteria(
        &mut self,
        package: &Package,
        records: &BTreeMap<String, ControlRecord>,
        scope: Option<&Scope>,
        problems: &mut Vec<String>,
    ) {
        if package.report == "SOC 3" {
            return;
        }
        let objectives = scope.map_or(&[][..], |scope| scope.objectives.as_slice());
        if objectives.is_empty() {
            self.not.push(match package.criteria.len() {
                1 => "which 1 criterion applies".to_owned(),
                many => format!("which {many} criteria apply"),
            });
        } else if objectives.len() != package.criteria.len() {
            problems.push(format!(
                "has {} objectives, and its scope {}",
                package.criteria.len(),
                objectives.len()
            ));
        }
        for criterion in &package.criteria {
            let objective = objectives.iter().find(|one| one.id == criterion.id);
            let answers = |id: &String, control: &ControlRecord| match objective {
                Some(objective) => objective.controls.contains(id),
                None => control.criteria.iter().any(|one| one.criterion == criterion.id),
            };
            let expected: BTreeSet<&String> =
                records.iter().filter(|(id, record)| answers(id, record)).map(|(id, _)| id).collect();
            if expected != criterion.controls.iter().collect() {
                problems.push(format!("{} is answered by other controls", criterion.id));
            }
        }
    }

    fn tests(
        &mut self,
        package: &Package,
        papers: &BTreeMap<String, Paper>,
        populations: &BTreeMap<String, u64>,
        problems: &mut Vec<String>,
    ) {
        let mut told = BTreeSet::new();
        for control in &package.controls {
            for test in &control.tests {
                let Some(paper) =
                    papers.get(&test.workpaper).filter(|paper| paper.plan.control == control.id)
                else {
                    problems.push(format!("no record of {} about {} is here", test.workpaper, control.id));
                    continue;
                };
                told.insert(test.workpaper.as_str());
                self.tests += 1;
                self.items += paper.items.len();
                self.deviations += paper.deviations();
                if paper.plan.procedure != test.procedure || paper.result().as_ref() != Some(&test.result) {
                    problems.push(format!(
                        "the result of {} does not follow from what was tested",
                        test.workpaper
                    ));
                }
                if test.counts != paper.counts() {
                    problems.push(format!(
                        "the figures of {} do not follow from what was tested",
                        test.workpaper
                    ));
                }
                let Some(selected) = &paper.selected else { continue };
                match populations.get(&selected.population.to_string()) {
                    Some(items) if *items == selected.draw.items => self.populations += 1,
                    Some(items) => problems.push(format!(
                        "{} was selected from {} items, and its population has {items}",
                        test.workpaper, selected.draw.items
                    )),
                    None => self.unsized_populations.push(format!(
                        "no entry here freezes the population that {} was selected from",
                        test.workpaper
                    )),
                }
            }
        }
        for paper in papers.keys().filter(|id| !told.contains(id.as_str())) {
            problems.push(format!("{paper} is among the records, and not told"));
        }
    }

    fn responses(
        &mut self,
        package: &Package,
        records: &BTreeMap<String, ResponseRecord>,
        problems: &mut Vec<String>,
    ) {
        let mut own = 0;
        for response in &package.responses {
            match records.get(&response.finding) {
                Some(record) if record.response == response.response => {}
                Some(_) => problems.push(format!("the response to {} is another one", response.finding)),
                None if response.finding.starts_with("WP-") => {
                    problems.push(format!("no record of the response to {} is here", response.finding));
                }
                None => own += 1,
            }
        }
        if own > 0 {
            self.not.push(format!("{} to management's own findings", some(own, "response")));
        }
    }
}

impl Item {
    fn deviates(&self) -> bool {
        self.states.iter().any(|state| state == "not_met")
    }
}

impl Paper {
    fn deviations(&self) -> usize {
        self.items.iter().filter(|item| item.deviates()).count()
    }

    fn counts(&self) -> Option<Counts> {
        (self.deviations() > 0).then(|| Counts {
            tested: self.items.len() as u64,
            deviations: self.deviations() as u64,
            population: self.selected.as_ref().map(|selected| selected.draw.items),
        })
    }

    /// Returns the words of the result; none where there is no conclusion, or an exception names an item that does not
    /// deviate.
    fn result(&self) -> Option<String> {
        match self.conclusion.as_ref()?.outcome.as_str() {
            "no_exceptions" => Some("No exceptions noted.".to_owned()),
            "no_occurrences" => {
                Some("Not tested: there were no occurrences of the control during the period.".to_owned())
            }
            "exceptions" => {
                let deviating: BTreeSet<&str> =
                    self.items.iter().filter(|item| item.deviates()).map(|item| item.key.as_str()).collect();
                let is_so = |one: &Exception| one.items.iter().all(|key| deviating.contains(key.as_str()));
                let words = |one: &Exception| {
                    format!(
                        "Exception noted: for {} of {} items tested, {}",
                        one.items.len(),
                        self.items.len(),
                        sentence(&one.nature)
                    )
                };
                let are_so = self.exceptions.iter().all(is_so);
                are_so.then(|| self.exceptions.iter().map(words).collect::<Vec<_>>().join("\n\n"))
            }
            _ => None,
        }
    }
}

/// A text that follows a comma and ends with a full stop.
fn sentence(text: &str) -> String {
    let text = text.trim();
    let mut letters = text.chars();
    let first = letters.next().map(|first| match letters.clone().next() {
        // An abbreviation keeps its capitals.
        Some(second) if second.is_uppercase() => first.to_string(),
        _ => first.to_lowercase().to_string(),
    });
    let rest: String = letters.collect();
    let ends = text.ends_with(['.', '!', '?']);
    format!("{}{rest}{}", first.unwrap_or_default(), if ends { "" } else { "." })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn package() -> Value {
        json!({
            "report": "SOC 2 Type 2",
            "criteria": [{"id": "CC8.1", "controls": ["CHG-02"]}],
            "controls": [{
                "id": "CHG-02", "title": "Approval", "statement": "Two approve.", "version": 2,
                "earlier": [{"version": 1, "title": "Approval", "statement": "One approves.", "until": "2026-07-01"}],
                "tests": [{
                    "workpaper": "WP-1", "nature": "Inspection", "procedure": "Inspected approvals.",
                    "result": "Exception noted: for 1 of 2 items tested, the author approved.",
                    "counts": {"tested": 2, "deviations": 1, "population": 10},
                }],
            }],
            "commitments": [],
            "responses": [
                {"finding": "WP-1.1", "response": "We looked back."},
                {"finding": "0199", "response": "In work."},
            ],
        })
    }

    fn record(kind: &str, id: &str, record: Value) -> Record {
        Record { kind: kind.into(), id: id.into(), record }
    }

    fn records() -> Vec<Record> {
        let paper = json!({
            "plan": {"control": "CHG-02", "procedure": "Inspected approvals."},
            "selected": {"population": 4, "draw": {"items": 10}},
            "items": [{"key": "1", "states": ["met", "not_met"]}, {"key": "2", "states": ["met", "met"]}],
            "exceptions": [{"items": ["1"], "nature": "The author approved"}],
            "conclusion": {"outcome": "exceptions"},
        });
        let text =
            |version: u32, says: &str| json!({"version": version, "title": "Approval", "statement": says});
        let texts = [text(1, "One approves."), text(2, "Two approve."), text(3, "Three approve.")];
        vec![
            record("scope", "E-1", json!({"objectives": []})),
            record("control", "CHG-02", json!([{"text": texts, "criteria": [{"criterion": "CC8.1"}]}])),
            record("workpaper", "WP-1", paper),
            record("response", "WP-1.1", json!({"response": "We looked back."})),
        ]
    }

    fn count(package: &Value, records: &[Record], population: u64) -> Result<String, Vec<String>> {
        let populations = BTreeMap::from([("4".to_owned(), population)]);
        let counted = Counted::of(package.to_string().as_bytes(), records, &populations)?;
        assert_eq!(counted.unsized_populations, [""; 0]);
        Ok(counted.to_string())
    }

    #[test]
    fn figures_are_counted_again_and_what_is_not_is_said() {
        assert_eq!(
            count(&package(), &records(), 10).expect("it follows"),
            "1 control in 2 texts, 1 test of 2 items with 1 deviation, the size of 1 population (not counted again: which 1 \
             criterion applies, 1 response to management's own findings)"
        );
        let nowhere = Counted::of(package().to_string().as_bytes(), &records(), &BTreeMap::new());
        let missing = nowhere.expect("nothing contradicts it").unsized_populations;
        assert_eq!(missing, ["no entry here freezes the population that WP-1 was selected from"]);
    }

    #[test]
    fn a_figure_that_does_not_follow_is_named() {
        let with = |place: &str, value: Value| {
            let mut package = package();
            *package.pointer_mut(place).expect(place) = value;
            package
        };
        for (place, value, says) in [
            (
                "/controls/0/statement",
                json!("Nobody approves."),
                "version 2 of control CHG-02 says something else",
            ),
            (
                "/controls/0/earlier/0/statement",
                json!("So."),
                "version 1 of control CHG-02 says something else",
            ),
            ("/controls/0/tests", json!([]), "WP-1 is among the records, and not told"),
            (
                "/controls/0/tests/0/result",
                json!("No exceptions noted."),
                "the result of WP-1 does not follow from what was tested",
            ),
            (
                "/controls/0/tests/0/counts/deviations",
                json!(0),
                "the figures of WP-1 do not follow from what was tested",
            ),
            ("/criteria/0/controls", json!([]), "CC8.1 is answered by other controls"),
            ("/responses/0/response", json!("Nothing."), "the response to WP-1.1 is another one"),
            ("/commitments", json!([{}]), "tells of 1 commitments, and 0 records are here"),
        ] {
            assert_eq!(count(&with(place, value), &records(), 10), Err(vec![says.to_owned()]), "{place}");
        }
        let of_another = count(&package(), &records(), 12).expect_err("another size");
        assert_eq!(of_another, ["WP-1 was selected from 10 items, and its population has 12"]);
        let without: Vec<Record> = records().into_iter().filter(|one| one.kind != "control").collect();
        let lost = count(&package(), &without, 10).expect_err("no record");
        assert!(lost.contains(&"no record of control CHG-02 is here".to_owned()), "{lost:?}");
    }
}
