//! What a description claims, held against records: controls that it names, how often they are performed, numbers that stand
//! beside them, and commitments.
//!
//! It finds words that no record supports. That it finds none does not make a text true.
//!
//! Source: `docs/domain/soc-reports.md` sections 3 and 14: management states nothing as fact that no approved record supports.

use std::collections::BTreeSet;

use super::{Description, Part, Scope};
use crate::catalog::Framework;
use crate::control::commitment::CommitmentKey;
use crate::control::{Control, ControlId, Frequency};

/// What supports a description.
#[derive(Clone, Copy, Debug)]
pub struct Backing<'a> {
    /// The scope that holds.
    pub scope: &'a Scope,
    /// The trust services criteria; without them nothing is said about what a control serves.
    pub framework: Option<&'a Framework>,
    /// The controls of the organization, or those of them that the description names.
    pub controls: &'a [Control],
    /// Ids of the others, by which it is seen that a word is built like one.
    pub others: &'a [ControlId],
}

/// A claim that no record supports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsupported {
    /// Where it stands.
    pub part: Part,
    /// The words.
    pub words: String,
    /// What is wrong with them.
    pub says: String,
}

/// Words that say how often, each with what it says.
const OFTEN: [(&str, Frequency); 16] = [
    ("continuously", Frequency::Continuous),
    ("daily", Frequency::Daily),
    ("every day", Frequency::Daily),
    ("each day", Frequency::Daily),
    ("weekly", Frequency::Weekly),
    ("every week", Frequency::Weekly),
    ("each week", Frequency::Weekly),
    ("monthly", Frequency::Monthly),
    ("every month", Frequency::Monthly),
    ("each month", Frequency::Monthly),
    ("quarterly", Frequency::Quarterly),
    ("every quarter", Frequency::Quarterly),
    ("each quarter", Frequency::Quarterly),
    ("annually", Frequency::Annual),
    ("yearly", Frequency::Annual),
    ("each year", Frequency::Annual),
];

/// Words behind a number that make it a claim.
const UNITS: [&str; 12] = [
    "minute",
    "minutes",
    "hour",
    "hours",
    "day",
    "days",
    "week",
    "weeks",
    "month",
    "months",
    "characters",
    "%",
];

impl Description {
    /// Returns what it claims and no record supports, in order of the parts.
    #[must_use]
    pub fn unsupported(&self, of: &Backing<'_>) -> Vec<Unsupported> {
        let serving = of.framework.map(|framework| of.scope.serving(framework, of.controls));
        let ids = of.controls.iter().map(|one| &one.id).chain(of.others);
        let prefixes: BTreeSet<&str> =
            ids.filter_map(|id| id.as_str().split_once('-')).map(|(front, _)| front).collect();
        let mut found = Vec::new();
        for (part, text) in self.texts() {
            for sentence in sentences(text) {
                let claims = claims(sentence, of, serving.as_ref(), &prefixes);
                found.extend(claims.into_iter().map(|(words, says)| Unsupported { part, words, says }));
            }
        }
        found.sort_by_key(|one| one.part);
        found.dedup();
        found
    }

    /// Parts controls in those that it names and the others.
    #[must_use]
    pub fn named(&self, ids: Vec<ControlId>) -> (Vec<ControlId>, Vec<ControlId>) {
        let words: BTreeSet<&str> = self.texts().flat_map(|(_, text)| tokens(text)).collect();
        ids.into_iter().partition(|id| words.contains(id.as_str()))
    }

    /// What it says, with the part that says it.
    fn texts(&self) -> impl Iterator<Item = (Part, &String)> {
        let told = self
            .processes
            .iter()
            .flat_map(|one| std::iter::once(&one.narrative).chain(one.steps.iter().map(|step| &step.what)));
        let texts = self.parts.iter().map(|(part, passage)| (*part, &passage.text));
        texts.chain(told.map(|text| (Part::Transactions, text)))
    }
}

impl Scope {
    /// Returns the controls that serve it: for a criterion or an objective, watching a subservice organization, or meeting what a
    /// vendor expects.
    #[must_use]
    pub fn serving(&self, framework: &Framework, controls: &[Control]) -> BTreeSet<ControlId> {
        let mut serving: BTreeSet<ControlId> = self
            .criteria(framework)
            .iter()
            .flat_map(|id| self.controls_for(framework, controls, id).map(|one| one.id.clone()))
            .collect();
        let named = self.subservices.iter().flat_map(|one| &one.monitoring);
        let named: BTreeSet<&ControlId> =
            named.chain(self.vendor_controls.iter().flat_map(|one| &one.controls)).collect();
        let there = controls.iter().filter(|one| self.has(one) && named.contains(&one.id));
        serving.extend(there.map(|one| one.id.clone()));
        serving
    }
}

/// Returns the sentences of a text; a line of a list is one too.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').flat_map(|line| line.split_inclusive(". ")).map(str::trim).filter(|one| !one.is_empty())
}

/// Returns what stands alone between other signs and could be an identifier.
fn tokens(sentence: &str) -> impl Iterator<Item = &str> {
    let is_inside = |sign: char| sign.is_alphanumeric() || matches!(sign, '-' | '.' | '_');
    sentence
        .split(move |sign| !is_inside(sign))
        .map(|token| token.trim_matches(['.', '-']))
        .filter(|one| !one.is_empty())
}

/// Returns what one sentence claims wrongly: the words, and what is wrong.
fn claims(
    sentence: &str,
    of: &Backing<'_>,
    serving: Option<&BTreeSet<ControlId>>,
    prefixes: &BTreeSet<&str>,
) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut named: Vec<&Control> = Vec::new();
    for token in tokens(sentence) {
        let mut wrong = |says: String| found.push((token.to_owned(), says));
        if let Some(key) = commitment(token) {
            if !of.scope.commitments.contains(&key) {
                wrong(format!("{key} is no commitment of the scope"));
            }
            continue;
        }
        match of.controls.iter().find(|one| one.id.as_str() == token) {
            Some(control) if !of.scope.covers(control) => {
                wrong(format!("{token} is a control of another system"));
            }
            Some(control) if !of.scope.has_in_force(control) => {
                wrong(format!("{token} is not in force in the time of the examination"));
            }
            Some(control) if serving.is_some_and(|serving| !serving.contains(&control.id)) => {
                wrong(format!("{token} serves nothing in the scope"));
            }
            Some(control) => named.push(control),
            None if looks_like_control(token, prefixes) => wrong(format!("there is no control {token}")),
            None => {}
        }
    }
    // Beside several controls it is not clear which of them a word is about.
    if let [control] = named.as_slice() {
        found.extend(beside(sentence, control));
    }
    found
}

fn commitment(token: &str) -> Option<CommitmentKey> {
    let number = token.strip_prefix("SC-")?;
    number.parse().ok().map(CommitmentKey)
}

/// Tells whether a word is built like the identifiers of controls that there are: `IAM-99` beside `IAM-05`.
fn looks_like_control(token: &str, prefixes: &BTreeSet<&str>) -> bool {
    token.split_once('-').is_some_and(|(front, rest)| {
        prefixes.contains(front) && !rest.is_empty() && rest.chars().all(|sign| sign.is_ascii_digit())
    })
}

/// Returns what stands beside one control and its record does not say: how often, and numbers with a unit.
fn beside(sentence: &str, control: &Control) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let plain = sentence.to_lowercase();
    let id = &control.id;
    let is_said = |text: &str, words: &str| crate::report::lint::words_in(text, &[words]).len() == 1;
    let statement = &control.text.current().statement;
    let said: Vec<&(&str, Frequency)> = OFTEN.iter().filter(|(words, _)| is_said(&plain, words)).collect();
    if !said.is_empty() && !said.iter().any(|(_, frequency)| agrees(*frequency, control.frequency)) {
        for (words, _) in said.iter().filter(|(words, _)| !is_said(statement, words)) {
            let says =
                format!("\u{201c}{words}\u{201d} stands beside {id}, which is {}", control.frequency.plain());
            found.push(((*words).to_owned(), says));
        }
    }
    let words: Vec<&str> = plain.split_whitespace().collect();
    let record = statement.to_lowercase();
    for (number, unit) in numbers(&words) {
        if !numbers(&record.split_whitespace().collect::<Vec<_>>())
            .any(|(held, of)| held == number && of.trim_end_matches('s') == unit.trim_end_matches('s'))
        {
            let claim = if unit == "%" { format!("{number} %") } else { format!("{number} {unit}") };
            let says = format!("\u{201c}{claim}\u{201d} stands beside {id}, whose text does not say so");
            found.push((claim, says));
        }
    }
    found
}

/// Tells whether a word of how often fits the frequency of a control. What runs all the time runs each day too.
fn agrees(said: Frequency, held: Frequency) -> bool {
    said == held
        || (matches!(said, Frequency::Daily | Frequency::Continuous)
            && matches!(held, Frequency::Continuous | Frequency::ManyTimesADay))
}

/// Returns numbers with the unit behind them, as in `24 hours`, `99.5 %` and `30%`.
fn numbers<'a>(words: &'a [&'a str]) -> impl Iterator<Item = (&'a str, &'a str)> {
    let bare = |word: &'a str| word.trim_matches(|sign: char| !sign.is_alphanumeric() && sign != '%');
    let is_number = |word: &str| {
        word.starts_with(|sign: char| sign.is_ascii_digit())
            && word.chars().all(|sign| sign.is_ascii_digit() || matches!(sign, '.' | ','))
    };
    words.iter().enumerate().filter_map(move |(at, word)| {
        let word = bare(word);
        if let Some(number) = word.strip_suffix('%').filter(|number| is_number(number)) {
            return Some((number, "%"));
        }
        let unit = bare(words.get(at + 1)?);
        (is_number(word) && UNITS.contains(&unit)).then_some((word, unit))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::Timestamp;
    use crate::catalog::Catalog;
    use crate::engagement::{Passage, ReportKind, Time};
    use crate::id::{ActorId, SystemId};

    fn moment(second: i64) -> Timestamp {
        Timestamp::from_seconds(second)
    }

    /// What a text about procedures claims wrongly beside the starter controls, all in force but two.
    fn wrong(text: &str) -> Vec<(String, String)> {
        let catalog = Catalog::builtin();
        let somebody = ActorId(uuid::Uuid::from_u128(1));
        let mut controls: Vec<Control> = catalog
            .controls
            .iter()
            .map(|starter| {
                let mut control = Control::adopt(starter, somebody, moment(1)).expect("a starter");
                control.owner = Some(somebody);
                control.activate(moment(1)).expect("in force");
                control
            })
            .collect();
        let mut of = |id: &str, change: &dyn Fn(&mut Control)| {
            change(controls.iter_mut().find(|one| one.id.as_str() == id).expect("there"));
        };
        of("IAM-06", &|one| one.retire(moment(2)).expect("retired"));
        of("IAM-08", &|one| one.system = Some(SystemId(uuid::Uuid::from_u128(2))));
        of("IAM-07", &|one| one.frequency = Frequency::Quarterly);
        let time = Time::Period {
            from: "2026-01-01".parse().expect("a day"),
            to: "2026-12-31".parse().expect("a day"),
        };
        let scope = Scope {
            categories: BTreeMap::from([("security".to_owned(), "asked".to_owned())]),
            commitments: BTreeSet::from([CommitmentKey(1)]),
            systems: BTreeSet::from([SystemId(uuid::Uuid::from_u128(1))]),
            ..Scope::of(ReportKind::Soc2, time, "Payroll")
        };
        let passage = Passage { text: text.to_owned(), none: false };
        let description =
            Description { parts: BTreeMap::from([(Part::Procedures, passage)]), ..Description::default() };
        let backing = Backing {
            scope: &scope,
            framework: Some(&catalog.frameworks[0]),
            controls: &controls,
            others: &[],
        };
        let found = description.unsupported(&backing);
        assert!(found.iter().all(|one| one.part == Part::Procedures));
        found.into_iter().map(|one| (one.words, one.says)).collect()
    }

    #[test]
    fn controls_that_are_named_exist_are_in_force_and_in_scope() {
        for (text, says) in [
            ("Access is reviewed (IAM-99).", "there is no control IAM-99"),
            ("Leavers lose access: IAM-06.", "not in force"),
            ("Keys are kept as IAM-08 says.", "another system"),
            ("Uptime is watched (AVL-02).", "serves nothing in the scope"),
            ("We promise it in SC-2.", "SC-2 is no commitment of the scope"),
        ] {
            let found = wrong(text);
            assert!(found.len() == 1 && found[0].1.contains(says), "{text}: {found:?}");
        }
        for text in [
            "Disks are encrypted with AES-256, digests are SHA-256.",
            "CC6.1 and SC-1 are met; see ISO-27001, CVE-2024-3094, E-1.",
            "Access is asked for (IAM-03), approved (IAM-05).",
        ] {
            assert_eq!(wrong(text), [], "{text}");
        }
    }

    #[test]
    fn how_often_and_how_much_is_what_the_record_of_the_control_says() {
        assert_eq!(wrong("Access is reviewed quarterly (IAM-07)."), []);
        let monthly = wrong("Access is reviewed monthly (IAM-07). Lunch is served weekly.");
        assert_eq!(
            monthly,
            [(
                "monthly".to_owned(),
                "\u{201c}monthly\u{201d} stands beside IAM-07, which is quarterly".to_owned()
            )]
        );
        let hours = wrong("Reviews end within 999 hours, see IAM-07.");
        assert!(hours.len() == 1 && hours[0].0 == "999 hours", "{hours:?}");
        assert_eq!(wrong("Reviews end within 999 hours."), [], "no control stands beside it");
        assert_eq!(wrong("See IAM-07 and IAM-03, each month."), [], "it is not clear whose frequency it is");
        assert_eq!(wrong("IAM-07 covers 100% of users.").len(), 1);
    }
}
