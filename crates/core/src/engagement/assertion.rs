//! Management's assertion: a document of its own, attached to the description, adopted by a responsible member of
//! management.

use serde::{Deserialize, Serialize};

use super::{EngagementError, ReportKind, Scope, UserEntityKind, needed, title};
use crate::report::lint;

/// Most characters of the text.
const ASSERTION_MAX: usize = 40_000;

/// What management asserts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assertion {
    /// Paragraphs, apart by an empty line.
    pub text: String,
    /// Who signs for management.
    pub signatory: String,
    /// As what.
    pub title: String,
}

impl Assertion {
    /// Brings texts to one form.
    ///
    /// # Errors
    /// If one is missing or unreadable.
    pub fn checked(self) -> Result<Self, EngagementError> {
        Ok(Self {
            text: needed("text of the assertion", &self.text.replace("\r\n", "\n"), ASSERTION_MAX)?,
            signatory: title("name of the signatory", &self.signatory)?,
            title: title("title of the signatory", &self.title)?,
        })
    }

    /// Returns what must not stand in it.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        lint::faults(&self.text)
    }
}

/// Returns a draft in our words, from the scope. Management changes it as it sees fit, so long as all matters stay covered.
#[must_use]
pub fn drafted(scope: &Scope, organization: &str) -> String {
    let system = &scope.system;
    let time = scope.time.words();
    let is_soc1 = scope.kind == ReportKind::Soc1;
    let yardstick = match scope.kind {
        ReportKind::Soc1 => "the control objectives stated in the description".to_owned(),
        _ => format!("the trust services criteria for {}", listed(categories(scope))),
    };
    let mut text = vec![format!(
        "We, the management of {organization}, are responsible for the system called {system}, for {}, and for controls that \
         give reasonable assurance that these are met.",
        match scope.kind {
            ReportKind::Soc1 =>
                "the control objectives stated in its description, for identifying the risks that threaten them",
            _ => "its commitments to customers and the requirements that follow from them",
        }
    )];
    if scope.kind == ReportKind::Soc3 {
        text.push(format!(
            "The boundary of the system and the principal service commitments and system requirements are stated in the \
             attachment to this assertion. We evaluated the controls within that boundary {time} against {yardstick}."
        ));
        text.push(format!(
            "We assert that these controls were effective {time}, so that there was reasonable assurance that the \
             principal service commitments and system requirements were achieved on {yardstick}{}.",
            complementary(scope, "provided that", "operated as we assumed"),
        ));
    } else {
        text.push(match scope.kind {
            ReportKind::Soc1 => format!(
                "We prepared the description of the system {time} for entities that used it {} and for their auditors. They \
                 know enough to read it together with other information, that on controls of the user entities themselves \
                 included, when they judge the risk of material misstatement of the financial statements of user entities. On \
                 our evaluation, we assert that:",
                if scope.time.is_period() { "at any time of this period" } else { "on this date" }
            ),
            _ => format!(
                "We prepared the description of the system {time} so that its readers can understand it together with other \
                 information they have. On our evaluation, we assert that:"
            ),
        });
        text.push(format!(
            "(a) the description shows the system as it was designed and put in place {time}, measured against {};",
            match scope.kind {
                ReportKind::Soc1 => described_by(scope),
                _ => "the description criteria of DC section 200".to_owned(),
            }
        ));
        let operate = if scope.time.is_period() { ";" } else { "." };
        text.push(format!(
            "(b) {}the controls stated in it were suitably designed {time} to give reasonable assurance that {}, if they \
             operated effectively{}{operate}",
            if is_soc1 { "we identified the risks that threaten the control objectives, and " } else { "" },
            match scope.kind {
                ReportKind::Soc1 => format!("{yardstick} would be achieved"),
                _ => format!(
                    "the service commitments and system requirements would be achieved on {yardstick}"
                ),
            },
            complementary(scope, "and if", "operated as we assumed"),
        ));
        if scope.time.is_period() {
            text.push(format!(
                "(c) those controls operated effectively {time} to that end{}{}.",
                if is_soc1 {
                    ", applied as designed, and manual ones by people with the competence and authority for them"
                } else {
                    ""
                },
                complementary(scope, "provided that", "operated as we assumed"),
            ));
        }
    }
    for subservice in &scope.subservices {
        let said = match subservice.method {
            super::Method::CarveOut => {
                "The description leaves its controls out, and tells which types of controls we assume there"
            }
            super::Method::Inclusive => {
                "The description has its controls, and its management asserts for them"
            }
        };
        if scope.kind != ReportKind::Soc3 {
            text.push(format!(
                "{} is a subservice organization. Its service: {}. {said}.",
                subservice.name,
                subservice.service.trim_end_matches('.')
            ));
        }
    }
    text.push(
        format!(
            "Our assertion rests on our own work: assessing risks, monitoring controls, testing them{} and reviewing those of \
             others that we depend on. The tests of the auditor are no part of it.",
            if scope.time.is_period() { " over time" } else { "" }
        ),
    );
    text.join("\n\n")
}

/// What the description of a SOC 1 is measured against, in our words.
///
/// Source: AT-C section 320; `docs/domain/soc-reports.md` section 4.
fn described_by(scope: &Scope) -> String {
    let changes = if scope.time.is_period() { "; of what changed in the period" } else { "" };
    format!(
        "the criteria for descriptions of AT-C section 320: it tells of the services and the classes of transactions; of the \
         procedures by which transactions are initiated, authorized, recorded, processed, corrected and reported, with the \
         records and accounts that belong to them; how significant events other than transactions are captured; how reports \
         are prepared; of the control objectives and the controls for them, those assumed of others included; of the control \
         environment, risk assessment, communication and monitoring as far as they matter{changes}; and it leaves out and \
         distorts nothing that matters to a broad range of user entities and their auditors"
    )
}

/// The categories as readers expect them: security first.
fn categories(scope: &Scope) -> Vec<String> {
    let (first, rest): (Vec<_>, Vec<_>) = scope.categories.keys().partition(|id| *id == "security");
    first.into_iter().chain(rest).map(|id| id.replace('-', " ")).collect()
}

fn complementary(scope: &Scope, joined: &str, operated: &str) -> String {
    let mut who = Vec::new();
    if scope.subservices.iter().any(|subservice| subservice.method == super::Method::CarveOut) {
        who.push("subservice organizations".to_owned());
    }
    if scope.user_entities.iter().any(|expected| expected.kind == UserEntityKind::Control) {
        who.push("user entities".to_owned());
    }
    if who.is_empty() {
        return String::new();
    }
    format!(", {joined} the complementary controls of {} {operated}", listed(who))
}

fn listed(mut names: Vec<String>) -> String {
    match names.pop() {
        None => String::new(),
        Some(last) if names.is_empty() => last,
        Some(last) => format!("{} and {last}", names.join(", ")),
    }
}
