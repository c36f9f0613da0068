//! Documents that people go on with outside: letters, and the parts that management writes, as headings, paragraphs and
//! tables. A renderer turns the same writing into PDF and into DOCX.

use serde::{Deserialize, Serialize};

use super::SocPackage;
use super::package::{
    DescriptionPart, Expected, FigurePart, PACKAGE_LINE, PassagePart, ProcessPart, SignedBy, StepPart,
};
use super::readiness::DocumentStatus;
use crate::conclusion::scope::Day;
use crate::engagement::completion::{BridgeLetter, Letter, Received};
use crate::{Digest, Timestamp, canonical};

/// For whom one copy of a document is made. It stands on each page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CopyFor {
    /// Number of the copy in the log of copies.
    pub number: i64,
    /// Who gets it.
    pub recipient: String,
    /// Of which company.
    pub company: String,
    /// When it was made.
    pub made: Timestamp,
}

impl CopyFor {
    /// Returns what stands on each page.
    #[must_use]
    pub fn words(&self) -> String {
        format!("Copy {} for {}, {}, {}", self.number, self.recipient, self.company, self.made.date())
    }
}

/// What makes a writing a letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Letterhead {
    /// To whom, line by line.
    pub to: Vec<String>,
    /// Its date, `2027-01-31`; empty while it has none.
    pub dated: String,
}

/// A piece of a writing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Block {
    /// A heading.
    Heading {
        /// 1 to 3.
        level: u8,
        /// What it says.
        text: String,
    },
    /// A paragraph.
    Paragraph {
        /// What it says.
        text: String,
    },
    /// Points of one list.
    Points {
        /// What each says.
        texts: Vec<String>,
    },
    /// A table with a head.
    Table {
        /// Heads of the columns.
        head: Vec<String>,
        /// Rows, each with a text for every column.
        rows: Vec<Vec<String>>,
    },
    /// Steps of a process, drawn one after another. A table of the same steps follows it: what is drawn is for the eye.
    Flow {
        /// In order.
        steps: Vec<StepPart>,
    },
    /// A picture with its caption.
    Figure {
        /// Which.
        figure: FigurePart,
    },
    /// The line on which somebody signs.
    Signature {
        /// Name.
        name: String,
        /// As what.
        title: String,
        /// Whether it was adopted in the record: who did each step, and when.
        signed: Vec<SignedBy>,
    },
}

impl Block {
    fn heading(level: u8, text: &str) -> Self {
        Self::Heading { level, text: text.to_owned() }
    }

    fn paragraph(text: &str) -> Self {
        Self::Paragraph { text: text.to_owned() }
    }
}

/// A document of management.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Writing {
    /// What it is, e.g. `Assertion of management`.
    pub title: String,
    /// Number of the engagement.
    pub engagement: String,
    /// Report it belongs to, e.g. `SOC 2 Type 2`.
    pub report: String,
    /// The time in words.
    pub time: String,
    /// Whose it is.
    pub organization: String,
    /// About which system.
    pub system: String,
    /// How far it has come.
    pub status: DocumentStatus,
    /// The line that stands on every page.
    pub status_line: String,
    /// Version of the record.
    pub version: String,
    /// Who had it made.
    pub author: String,
    /// When it was frozen.
    pub generated: Timestamp,
    /// Nothing recorded after this moment is in it.
    pub cut_off: Timestamp,
    /// Program and version that froze it.
    pub generator: String,
    /// Whether the organization is the made-up one of the example.
    pub is_example: bool,
    /// Date and address of a letter.
    pub letter: Option<Letterhead>,
    /// What it says.
    pub blocks: Vec<Block>,
}

impl Writing {
    /// Returns the digest of the canonical JSON of the writing; it stands on each page.
    ///
    /// # Errors
    /// If it cannot be written, which its types rule out.
    pub fn digest(&self) -> Result<Digest, serde_json::Error> {
        canonical::digest(self)
    }

    /// Begins a writing that belongs to a package.
    fn of(package: &SocPackage, title: &str, status: DocumentStatus) -> Self {
        Self {
            title: title.to_owned(),
            engagement: package.engagement.clone(),
            report: package.report.clone(),
            time: package.time.clone(),
            organization: package.organization.clone(),
            system: package.system.clone(),
            status,
            status_line: PACKAGE_LINE.to_owned(),
            version: package.version.clone(),
            author: package.author.clone(),
            generated: package.generated,
            cut_off: package.cut_off,
            generator: package.generator.clone(),
            is_example: package.is_example,
            letter: None,
            blocks: Vec::new(),
        }
    }

    /// Returns the pictures in it, in order.
    pub fn figures(&self) -> impl Iterator<Item = &FigurePart> {
        self.blocks.iter().filter_map(|block| match block {
            Block::Figure { figure } => Some(figure),
            _ => None,
        })
    }

    fn paragraphs(&mut self, texts: &[String]) {
        self.blocks.extend(texts.iter().map(|text| Block::paragraph(text)));
    }

    fn table(&mut self, head: &[&str], rows: Vec<Vec<String>>, none: &str) {
        self.blocks.push(if rows.is_empty() {
            Block::paragraph(none)
        } else {
            Block::Table { head: head.iter().map(|&text| text.to_owned()).collect(), rows }
        });
    }
}

/// Returns management's assertion as a writing; none while nobody wrote it.
#[must_use]
pub fn assertion(package: &SocPackage) -> Option<Writing> {
    let part = package.assertion.as_ref()?;
    let mut writing = Writing::of(package, "Assertion of management", part.status);
    writing.paragraphs(&part.paragraphs);
    writing.blocks.push(Block::Signature {
        name: part.signatory.clone(),
        title: part.title.clone(),
        signed: part.signed.clone(),
    });
    Some(writing)
}

/// Returns the description of the system as a writing, with the lists that records hold in their places; none for a SOC 3,
/// or while nobody wrote it.
#[must_use]
pub fn description(package: &SocPackage) -> Option<Writing> {
    let part = package.description.as_ref()?;
    let mut writing = Writing::of(package, "Description of the system", part.status);
    writing.blocks.push(Block::heading(1, "Services and boundary"));
    writing.blocks.push(Block::Points { texts: package.services.clone() });
    writing.blocks.push(Block::paragraph(&package.boundary));
    if !package.outside.is_empty() {
        writing.blocks.push(Block::paragraph("Outside of it:"));
        writing.blocks.push(Block::Points { texts: package.outside.clone() });
    }
    if !part.figures.is_empty() {
        writing.blocks.push(Block::heading(1, "Diagrams of the system"));
        writing.blocks.extend(part.figures.iter().map(|figure| Block::Figure { figure: figure.clone() }));
    }
    for passage in part.parts.iter().filter(|passage| !says_nothing(passage)) {
        let heading = match passage.criterion.as_str() {
            "" => passage.title.clone(),
            criterion => format!("{} ({criterion})", passage.title),
        };
        writing.blocks.push(Block::heading(1, &heading));
        if passage.none {
            writing.blocks.push(Block::paragraph("Management states that there was nothing to report."));
        } else if passage.paragraphs.is_empty() && passage.needed && !is_told(part, passage) {
            writing.blocks.push(Block::paragraph("Not written yet."));
        }
        writing.paragraphs(&passage.paragraphs);
        match passage.part.as_str() {
            "transactions" => processes(&mut writing, &part.processes),
            "commitments" => commitments(&mut writing, package),
            "user_entities" => user_entities(&mut writing, package),
            "subservices" => subservices(&mut writing, package),
            "changes" => changes(&mut writing, package),
            _ => {}
        }
    }
    let is_soc1 = package.report.starts_with("SOC 1");
    let heading =
        if is_soc1 { "Control objectives and controls" } else { "Applicable criteria and controls (DC 5)" };
    writing.blocks.push(Block::heading(1, heading));
    writing.blocks.push(Block::paragraph(&elsewhere(package)));
    confirmed(&mut writing, package);
    if !is_soc1 {
        writing.blocks.push(Block::heading(1, "Criteria not relevant (DC 8)"));
        let rows =
            package.excluded.iter().map(|one| vec![one.id.clone(), one.title.clone(), one.reason.clone()]);
        let head = ["Criterion", "What it asks for, in our words", "Why it is not relevant"];
        writing.table(&head, rows.collect(), "Every criterion of the chosen categories is relevant.");
    }
    Some(writing)
}

/// Tells whether a part that may stay empty did, and no records stand under it.
fn says_nothing(passage: &PassagePart) -> bool {
    let has_records = ["transactions", "commitments", "user_entities", "subservices", "changes"];
    passage.paragraphs.is_empty()
        && !passage.none
        && !passage.needed
        && !has_records.contains(&passage.part.as_str())
}

/// Where criteria or objectives and their controls are listed.
fn elsewhere(package: &SocPackage) -> String {
    let what = if package.report.starts_with("SOC 1") { "control objectives" } else { "applicable criteria" };
    format!(
        "The {} {what} and the {} controls that management put in place for them are listed in Section IV, which is part of this \
         description as far as management wrote it.",
        package.criteria.len(),
        package.controls.len()
    )
}

/// Tells whether processes tell what a part would.
fn is_told(part: &DescriptionPart, passage: &PassagePart) -> bool {
    passage.part == "transactions" && !part.processes.is_empty()
}

fn processes(writing: &mut Writing, processes: &[ProcessPart]) {
    for process in processes {
        writing.blocks.push(Block::heading(2, &process.name));
        writing.paragraphs(&process.paragraphs);
        if process.steps.is_empty() {
            continue;
        }
        writing.blocks.push(Block::Flow { steps: process.steps.clone() });
        let row = |step: &StepPart| {
            let place = [&step.who, &step.system].into_iter().filter(|text| !text.is_empty());
            let place: Vec<&str> = place.map(String::as_str).collect();
            vec![
                step.number.to_string(),
                format!("{}: {}", step.act, step.what),
                place.join("\n"),
                passing(step),
                [step.controls.join(", "), step.objectives.join(", ")]
                    .into_iter()
                    .filter(|text| !text.is_empty())
                    .collect::<Vec<_>>()
                    .join("\n"),
            ]
        };
        let head = ["No.", "Step", "Who, where", "In and out", "Controls, objectives"];
        writing.table(&head, process.steps.iter().map(row).collect(), "");
    }
}

/// What goes into a step and what comes out.
fn passing(step: &StepPart) -> String {
    let says = [("In", &step.input), ("Out", &step.output)];
    let said = says.into_iter().filter(|(_, text)| !text.is_empty());
    said.map(|(way, text)| format!("{way}: {text}")).collect::<Vec<_>>().join("\n")
}

fn measure(package: &SocPackage) -> &'static str {
    if package.report.starts_with("SOC 1") { "Objectives" } else { "Criteria" }
}

fn commitments(writing: &mut Writing, package: &SocPackage) {
    let row = |one: &super::package::Promised| {
        vec![
            one.id.clone(),
            format!("{}: {}", one.kind, one.statement),
            one.source.clone(),
            one.criteria.join(", "),
        ]
    };
    let rows = package.commitments.iter().map(row).collect();
    let head = ["No.", "Commitment or requirement", "Source", measure(package)];
    writing.table(&head, rows, "No principal commitment or requirement is named.");
}

fn expected(rows: &[Expected]) -> Vec<Vec<String>> {
    rows.iter().map(|one| vec![capital(&one.text), one.criteria.join(", ")]).collect()
}

fn user_entities(writing: &mut Writing, package: &SocPackage) {
    writing.blocks.push(Block::heading(2, "Complementary user entity controls"));
    let none = if package.report.starts_with("SOC 1") {
        "No control of user entities is assumed: the control objectives are achieved whatever they do."
    } else {
        "No control of user entities is assumed: the commitments are kept whatever they do."
    };
    let head = ["Control that user entities perform", measure(package)];
    writing.table(&head, expected(&package.user_controls), none);
    writing.blocks.push(Block::heading(2, "Responsibilities of user entities"));
    let head = ["What user entities do to benefit from the service", measure(package)];
    writing.table(&head, expected(&package.responsibilities), "No responsibility is named.");
}

fn subservices(writing: &mut Writing, package: &SocPackage) {
    if package.subservices.is_empty() {
        writing.blocks.push(Block::paragraph("There is no subservice organization."));
    }
    for one in &package.subservices {
        writing.blocks.push(Block::heading(2, &one.name));
        let service = one.service.trim_end_matches('.');
        writing.blocks.push(Block::paragraph(&format!("{service}. {} method.", one.method)));
        if !one.parts.is_empty() {
            writing.blocks.push(Block::paragraph(&format!("Its parts of the system: {}", one.parts)));
        }
        if !one.assumed.is_empty() {
            let what =
                if one.is_inclusive { "Control that runs there" } else { "Type of control assumed there" };
            writing.table(&[what, measure(package)], expected(&one.assumed), "");
        }
        if !one.monitoring.is_empty() {
            writing.blocks.push(Block::paragraph(&format!(
                "Monitored by own controls: {}.",
                one.monitoring.join(", ")
            )));
        }
        if !one.expects.is_empty() {
            let row = |met: &super::package::Met| vec![met.text.clone(), met.controls.join(", ")];
            let head = ["What it expects of its customers", "Own controls"];
            writing.table(&head, one.expects.iter().map(row).collect(), "");
        }
    }
}

/// Returns the text with a capital at its beginning.
#[must_use]
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn changes(writing: &mut Writing, package: &SocPackage) {
    if package.changes.is_empty() {
        return;
    }
    writing.blocks.push(Block::heading(2, "Changes of controls"));
    writing.blocks.push(Block::paragraph("What the register of controls shows for the period:"));
    let row =
        |one: &super::package::ControlChange| vec![one.at.date(), one.control.clone(), capital(&one.what)];
    writing.table(&["Date", "Control", "Change"], package.changes.iter().map(row).collect(), "");
}

/// Controls that are not what they were when management signed, and who confirmed that for it.
fn confirmed(writing: &mut Writing, package: &SocPackage) {
    let Some(confirmed) = &package.confirmed else { return };
    let controls = match confirmed.changes.len() {
        1 => "1 control".to_owned(),
        count => format!("{count} controls"),
    };
    let day = if package.is_period { "at the end of the period" } else { "on the date that is examined" };
    writing.blocks.push(Block::paragraph(&format!(
        "{controls} changed since management signed on {}. Section IV has the texts that held {day}. {} confirmed this for management on {}:",
        confirmed.signed.date(),
        confirmed.by,
        confirmed.at.date()
    )));
    let row = |one: &super::package::ConfirmedChange| vec![one.control.clone(), capital(&one.what)];
    writing.table(&["Control", "Change"], confirmed.changes.iter().map(row).collect(), "");
}

/// What stands on each page of a representation letter.
const REPRESENTATION_LINE: &str =
    "From management to the auditor. It is no part of the report and goes to nobody else.";
/// What stands on each page of a bridge letter.
const BRIDGE_LINE: &str = "Written by management alone. No auditor examined it, and it gives no assurance.";

/// Whose letter it is, and how far it has come.
#[derive(Clone, Debug)]
pub struct LetterFrame<'a> {
    /// What it belongs to.
    pub package: &'a SocPackage,
    /// How far it has come.
    pub status: DocumentStatus,
    /// Who did which step, as it stands.
    pub signed: Vec<SignedBy>,
}

/// Returns the representation letter as a writing, dated as of the report.
#[must_use]
pub fn representation(frame: LetterFrame<'_>, letter: &Letter, dated: Option<Day>) -> Writing {
    let mut writing = Writing::of(frame.package, "Representation letter", frame.status);
    writing.status_line = REPRESENTATION_LINE.to_owned();
    writing.letter = Some(Letterhead {
        to: vec![letter.to.clone()],
        dated: dated.map_or_else(String::new, |day| day.to_string()),
    });
    let paragraphs: Vec<String> =
        letter.text.split("\n\n").map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect();
    writing.paragraphs(&paragraphs);
    writing.blocks.push(Block::Signature {
        name: letter.signatory.clone(),
        title: letter.title.clone(),
        signed: frame.signed,
    });
    writing
}

/// Returns a bridge letter as a writing. `end` is the last day of the period, `signed_on` the day of the approval.
#[must_use]
pub fn bridge(
    frame: LetterFrame<'_>,
    letter: &BridgeLetter,
    report: Option<&Received>,
    end: Day,
    signed_on: Option<Day>,
) -> Writing {
    let package = frame.package;
    let mut writing = Writing::of(package, "Bridge letter", frame.status);
    writing.status_line = BRIDGE_LINE.to_owned();
    writing.letter = Some(Letterhead {
        to: vec!["To our customers and their auditors".to_owned()],
        dated: signed_on.map_or_else(String::new, |day| day.to_string()),
    });
    let from = end.next().unwrap_or(end);
    let mut categories: Vec<String> = package.categories.iter().map(|one| one.title.to_lowercase()).collect();
    let about = match (categories.pop(), categories.join(", ")) {
        (None, _) => String::new(),
        (Some(only), others) if others.is_empty() => format!(" on the {only}"),
        (Some(last), others) => format!(" on the {others} and {last}"),
    };
    let by = match report {
        Some(report) => format!("by {}, dated {}", report.firm, report.day),
        None => "that is not recorded yet".to_owned(),
    };
    writing.paragraphs(&[
        format!(
            "The report that this letter follows is the {} report{about} {} the system called {} {}, {by}.",
            package.report,
            if about.is_empty() { "on" } else { "of" },
            package.system,
            package.time
        ),
        format!(
            "This letter is about the time from {from} to {}. What it says is the statement of management of {} and of \
             nobody else.",
            letter.to, package.organization
        ),
    ]);
    for (heading, is_incident, more, none) in [
        (
            "Changes of the system and its controls",
            false,
            &letter.changes,
            "In this time we made no change of the system or its controls that we consider material to readers of the report.",
        ),
        (
            "Incidents and failures of controls",
            true,
            &letter.incidents,
            "In this time we know of no significant incident and of no significant failure of a control.",
        ),
    ] {
        writing.blocks.push(Block::heading(1, heading));
        let named: Vec<String> =
            letter.named(is_incident).map(|item| format!("{}: {}", item.day, item.says)).collect();
        if named.is_empty() && more.is_empty() {
            writing.blocks.push(Block::paragraph(none));
        }
        if !named.is_empty() {
            writing.blocks.push(Block::Points { texts: named });
        }
        if !more.is_empty() {
            writing.blocks.push(Block::paragraph(more));
        }
    }
    if !letter.next.is_empty() {
        writing.blocks.push(Block::heading(1, "What comes next"));
        writing.blocks.push(Block::paragraph(&letter.next));
    }
    writing.blocks.push(Block::heading(1, "What this letter is not"));
    let until =
        letter.expires().map_or_else(String::new, |day| format!(" It is not given out from {day} on."));
    writing.blocks.push(Block::paragraph(&format!(
        "This letter does not replace the report. Nobody examined what it says, and the auditor of the report has no part in \
         it. It speaks as of its date only.{until}"
    )));
    writing.blocks.push(Block::Signature {
        name: letter.signatory.clone(),
        title: letter.title.clone(),
        signed: frame.signed,
    });
    writing
}

#[cfg(test)]
mod tests;
